//! Many objects that become durable together.

use crate::backend::{BackendError, SealedName};
use crate::copy::{self, Source};
use crate::direct::Direct;
use crate::error::VaultError;
use crate::kept::{Kept, Sealed};
use crate::vault::{Rest, Stored, Vault};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempPath;
use zapys_domain::ObjectId;
use zapys_keys::Secret;
use zapys_keys::stream::{Opener, Sealer, Window};

/// How many objects go to a server at once.
const UPLOADS: usize = 4;

/// Objects under way. They can be read through the batch; after [`seal`](Self::seal) they are durable and have their names.
/// Dropping an unsealed batch leaves nothing of it. Several threads may put into one batch.
#[must_use = "an unsealed batch keeps nothing"]
pub struct Batch {
    vault: Arc<Vault>,
    staged: Mutex<HashMap<ObjectId, Staged>>,
}

/// Bytes that wait for their name, sealed already where the vault seals.
struct Staged {
    kept: Kept,
    bytes: u64,
    rests: Resting,
}
enum Resting {
    File(TempPath),
    Memory(Vec<u8>),
    /// The vault has these very bytes under their digest.
    Already,
}

impl Batch {
    pub(crate) fn new(vault: Arc<Vault>) -> Self {
        Self { vault, staged: Mutex::default() }
    }
    /// Takes everything `from` gives. Errors: `Source` for the reading side; nothing of it stays then.
    pub fn put(&self, from: &mut dyn Read) -> Result<Stored, VaultError> {
        self.take(from, None)
    }
    /// Takes a file. Errors: `Source`, `NotAFile`, `SourceChanged`; nothing of it stays then.
    pub fn put_file(&self, path: &Path) -> Result<Stored, VaultError> {
        let source = Source::open(path)?;
        self.take(&mut &source.file, Some(&source))
    }
    fn take(&self, from: &mut dyn Read, source: Option<&Source>) -> Result<Stored, VaultError> {
        let staged = self.stage(from, source)?;
        let (object, bytes) = (staged.kept.object, staged.bytes);
        // The same bytes twice in one batch: the first copy is enough.
        let kept = match self.staged().entry(object) {
            Entry::Vacant(place) => place.insert(staged).kept.clone(),
            Entry::Occupied(there) => there.get().kept.clone(),
        };
        Ok(Stored { object, bytes, kept })
    }
    /// Reads everything to the place where it waits for its name: a file in `tmp/`, the spool, or memory.
    fn stage(&self, from: &mut dyn Read, source: Option<&Source>) -> Result<Staged, VaultError> {
        let sealed = self.vault.sealing.then(Sealed::random);
        let key = sealed.as_ref().map(|s| &s.key);
        let large = source.is_some_and(|s| s.size() >= copy::LARGE);
        let unchanged = |bytes| source.map_or(Ok(()), |s| s.unchanged(bytes));
        let (object, bytes, rests) = match &self.vault.rest {
            Rest::Disk(disk) => {
                let file = disk.stage()?;
                let mut to = Direct::new(file.as_file(), large).map_err(BackendError::from)?;
                let (object, bytes) = write(from, &mut to, key, large)?;
                to.finish().map_err(BackendError::from)?;
                unchanged(bytes)?;
                let plain = Kept::plain(object);
                match if sealed.is_some() { None } else { self.vault.size(&plain)? } {
                    Some(found) if found != bytes => return Err(VaultError::Damaged { object, expected: bytes, found }),
                    Some(_) => (object, bytes, Resting::Already),
                    None => (object, bytes, Resting::File(file.into_temp_path())),
                }
            }
            Rest::Other { spool: None, .. } => {
                let mut held = Vec::new();
                let (object, bytes) = write(from, &mut held, key, false)?;
                unchanged(bytes)?;
                (object, bytes, Resting::Memory(held))
            }
            Rest::Other { spool: Some(spool), .. } => {
                let mut held =
                    tempfile::Builder::new().prefix("spool-").rand_bytes(20).tempfile_in(spool).map_err(BackendError::from)?;
                let (object, bytes) = write(from, held.as_file_mut(), key, large)?;
                unchanged(bytes)?;
                (object, bytes, Resting::File(held.into_temp_path()))
            }
        };
        Ok(Staged { kept: Kept { object, sealed }, bytes, rests })
    }
    fn staged(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectId, Staged>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// What is under way.
    pub fn objects(&self) -> Vec<ObjectId> {
        self.staged().keys().copied().collect()
    }
    /// Reads the bytes of `range` of an object of this batch, as far as they exist. Errors: `Backend(NotThere)` if it is not in it.
    pub fn read(&self, object: &ObjectId, range: Range<u64>) -> Result<Box<dyn Read + Send>, VaultError> {
        let staged = self.staged();
        let one = staged.get(object).ok_or(BackendError::NotThere)?;
        let rests = match &one.rests {
            Resting::File(path) => std::fs::metadata(path).map_err(BackendError::from)?.len(),
            Resting::Memory(bytes) => bytes.len() as u64,
            Resting::Already => return self.vault.read(&one.kept, range),
        };
        let key = one.kept.sealed.as_ref().map(|s| &s.key);
        let window = match key {
            Some(_) => Some(Window::new(rests, range.clone()).ok_or(VaultError::Broken { object: *object })?),
            None => None,
        };
        let raw = window.as_ref().map_or(range, |w| w.sealed.clone());
        let (start, n) = (raw.start.min(rests), raw.end.min(rests).saturating_sub(raw.start.min(rests)));
        let body: Box<dyn Read + Send> = match &one.rests {
            Resting::File(path) => {
                let mut file = File::open(path).map_err(BackendError::from)?;
                file.seek(SeekFrom::Start(start)).map_err(BackendError::from)?;
                Box::new(file.take(n))
            }
            Resting::Memory(bytes) => {
                let all = bytes.get(start as usize..(start + n) as usize).unwrap_or_default();
                Box::new(Cursor::new(all.to_vec()))
            }
            Resting::Already => return Err(BackendError::NotThere.into()),
        };
        Ok(match (key, window) {
            (Some(key), Some(window)) => Box::new(Opener::new(body, key, window)),
            _ => body,
        })
    }
    /// Makes everything durable with one flush of the file system, except what is `known` to the record already: that is
    /// dropped. Only then may the record name these objects. Errors: the first one met; objects that have their names by then
    /// keep them, the others are gone.
    pub fn seal(self, known: &dyn Fn(&ObjectId) -> bool) -> Result<(), VaultError> {
        self.finish(true, known)
    }
    /// The same, flushing file by file: cheaper for a few objects.
    pub fn seal_each(self, known: &dyn Fn(&ObjectId) -> bool) -> Result<(), VaultError> {
        self.finish(false, known)
    }
    fn finish(self, together: bool, known: &dyn Fn(&ObjectId) -> bool) -> Result<(), VaultError> {
        let staged: Vec<Staged> = std::mem::take(&mut *self.staged()).into_values().collect();
        // Bytes that rest under their digest are the same whoever puts them; sealed ones would only lie there twice.
        let wanted = |s: &Staged| !(matches!(s.rests, Resting::Already) || s.kept.sealed.is_some() && known(&s.kept.object));
        let (staged, dropped): (Vec<Staged>, Vec<Staged>) = staged.into_iter().partition(wanted);
        drop(dropped);
        if staged.is_empty() {
            return Ok(());
        }
        let Rest::Disk(disk) = &self.vault.rest else { return self.upload(staged) };
        let files = || staged.iter().filter_map(|s| if let Resting::File(path) = &s.rests { Some(path) } else { None });
        // A file system that cannot flush as a whole is flushed file by file.
        if !together || disk.flush_all().is_err() {
            for path in files() {
                disk.flush(path)?;
            }
        }
        let names: Vec<SealedName> = staged.iter().map(|s| s.kept.name()).collect();
        for (staged, name) in staged.into_iter().zip(&names) {
            if let Resting::File(path) = staged.rests {
                disk.place(path, name)?;
            }
        }
        Ok(disk.flush_folders(names.iter().map(|n| n.halves().0))?)
    }
    fn upload(&self, staged: Vec<Staged>) -> Result<(), VaultError> {
        let n = staged.len();
        let queue = Mutex::new(staged.into_iter());
        let failed = Mutex::new(None);
        std::thread::scope(|threads| {
            for _ in 0..UPLOADS.min(n) {
                threads.spawn(|| {
                    loop {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(one) = next else { break };
                        if let Err(e) = self.upload_one(one) {
                            failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
                            break;
                        }
                    }
                });
            }
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
    fn upload_one(&self, one: Staged) -> Result<(), VaultError> {
        let (name, backend) = (one.kept.name(), self.vault.backend());
        let put = match &one.rests {
            Resting::Memory(bytes) => backend.put_new(&name, &mut bytes.as_slice(), bytes.len() as u64)?,
            Resting::File(path) => {
                let mut file = File::open(path).map_err(BackendError::from)?;
                let len = file.metadata().map_err(BackendError::from)?.len();
                backend.put_new(&name, &mut file, len)?
            }
            Resting::Already => return Ok(()),
        };
        self.vault.same_length(&one.kept, one.bytes, put)
    }
}

/// Copies, hashes and, with a key, seals.
fn write(
    from: &mut dyn Read,
    to: &mut (dyn Write + Send),
    key: Option<&Secret>,
    large: bool,
) -> Result<(ObjectId, u64), VaultError> {
    let ours = |e: std::io::Error| VaultError::Backend(e.into());
    let copy = |from: &mut dyn Read, to: &mut (dyn Write + Send)| {
        if large { copy::hashed_apart(from, to) } else { copy::hashed(from, to) }
    };
    let Some(key) = key else { return copy(from, to) };
    let mut sealer = Sealer::new(to, key).map_err(ours)?;
    let copied = copy(from, &mut sealer)?;
    sealer.finish().map_err(ours)?;
    Ok(copied)
}

const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Batch>();
    shared::<Vault>();
    shared::<BackendError>();
};
