//! Objects in memory, for tests and for cases that must leave nothing behind.

use crate::backend::{Backend, BackendError, Page, Put, SealedName};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Objects in memory. They vanish with the value.
#[derive(Default)]
pub struct Memory {
    objects: Mutex<BTreeMap<SealedName, Arc<[u8]>>>,
}
impl Memory {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<SealedName, Arc<[u8]>>> {
        // A map of finished objects is whole whatever a panicking thread was doing.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
/// Bytes shared with the map, for a cursor.
struct Shared(Arc<[u8]>);
impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Backend for Memory {
    fn put_new(&self, name: &SealedName, body: &mut dyn Read, len: u64) -> Result<Put, BackendError> {
        if self.objects().contains_key(name) {
            return Ok(Put::AlreadyThere);
        }
        let mut bytes = Vec::new();
        let found = body.take(len.saturating_add(1)).read_to_end(&mut bytes).map_err(BackendError::Body)? as u64;
        if found != len {
            return Err(BackendError::WrongLength { expected: len, found });
        }
        let mut objects = self.objects();
        if objects.contains_key(name) {
            return Ok(Put::AlreadyThere);
        }
        objects.insert(name.clone(), bytes.into());
        Ok(Put::New)
    }
    fn read(&self, name: &SealedName, range: Range<u64>) -> Result<Box<dyn Read + Send>, BackendError> {
        let bytes = self.objects().get(name).cloned().ok_or(BackendError::NotThere)?;
        let mut cursor = Cursor::new(Shared(bytes));
        cursor.set_position(range.start);
        Ok(Box::new(cursor.take(range.end.saturating_sub(range.start))))
    }
    fn size(&self, name: &SealedName) -> Result<Option<u64>, BackendError> {
        Ok(self.objects().get(name).map(|b| b.len() as u64))
    }
    fn list(&self, after: Option<&SealedName>) -> Result<Page<SealedName>, BackendError> {
        const PART: usize = 1000;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names: Vec<_> = self.objects().range((from, Bound::Unbounded)).take(PART).map(|(n, _)| n.clone()).collect();
        let next = if names.len() == PART { names.last().cloned() } else { None };
        Ok(Page { names, next })
    }
}
