//! What an intake brings, many rows at once: one by one, sending the statements would cost more than the rows.

use crate::acquisitions::{ADD_ACQUISITIONS, acquisition_args};
use crate::error::StoreError;
use crate::filter::{Insert, OBJECTS_TOGETHER, keyed, known};
use crate::items::{ADD_ITEMS, item_args, put_findings_args};
use crate::keys::{ADD_KEYS, key_args};
use crate::model::*;
use crate::run::{Arg, Run, args, reads};
use crate::tx::Tx;
use crate::{ObjectKeyRow, items};
use std::collections::BTreeSet;
use zapys_domain::{Finding, Instant, ObjectId};

/// A new item with all that comes with it. Its entry is appended by itself.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Its original, which the record must not know yet.
    pub object: ObjectRow,
    /// Where that rests, if sealed.
    pub key: Option<ObjectKeyRow>,
    #[allow(missing_docs)]
    pub item: NewItem,
    /// How it came.
    pub acquisition: AcquisitionRow,
    /// What was noticed then.
    pub findings: Vec<Finding>,
    /// What is to be done with it.
    pub jobs: Vec<NewJob>,
}

pub(crate) const ADD_OBJECTS: Insert =
    Insert { head: "INSERT INTO objects (id, bytes, media_type, first_seen)", columns: 4, tail: "" };
reads! {
    /// Which of these objects the record names already.
    fn objects_known(objects: &[ObjectId]) -> BTreeSet<ObjectId>;
    /// Which of these objects have a key.
    fn objects_keyed(objects: &[ObjectId]) -> BTreeSet<ObjectId>;
}
impl Run<'_> {
    async fn objects_known(&mut self, objects: &[ObjectId]) -> Result<BTreeSet<ObjectId>, StoreError> {
        self.objects_in(known, objects).await
    }
    async fn objects_keyed(&mut self, objects: &[ObjectId]) -> Result<BTreeSet<ObjectId>, StoreError> {
        self.objects_in(keyed, objects).await
    }
    async fn objects_in(&mut self, sql: fn(usize) -> String, objects: &[ObjectId]) -> Result<BTreeSet<ObjectId>, StoreError> {
        let mut found = BTreeSet::new();
        for part in objects.chunks(OBJECTS_TOGETHER) {
            let args: Vec<Arg<'_>> = part.iter().map(|o| Arg::from(*o)).collect();
            for row in self.all_built(sql(part.len()), &args).await? {
                found.insert(row.of("objects", "id").id("id")?);
            }
        }
        Ok(found)
    }
}

impl Tx {
    /// Records new items with their objects, keys, acquisitions, findings and jobs. Their entries must be appended in the same
    /// change. Errors: `Refused` where an object or identifier is taken.
    pub async fn admit(&mut self, new: &[Admission], now: Instant) -> Result<(), StoreError> {
        if new.is_empty() {
            return Ok(());
        }
        let o = |o: &ObjectRow| args![o.id, o.bytes, o.media_type.clone(), o.first_seen];
        let objects: Vec<Arg<'_>> = new.iter().flat_map(|a| o(&a.object)).collect();
        self.record().insert(&ADD_OBJECTS, &objects).await?;
        let keys: Vec<Arg<'_>> = new.iter().filter_map(|a| a.key.as_ref()).flat_map(key_args).collect();
        self.record().insert(&ADD_KEYS, &keys).await?;
        let rows: Vec<Arg<'_>> = new.iter().flat_map(|a| item_args(&a.item)).collect();
        self.record().insert(&ADD_ITEMS, &rows).await?;
        let mut acquisitions = Vec::new();
        let mut findings = Vec::new();
        for a in new {
            acquisitions.extend(acquisition_args(&a.acquisition)?);
            findings.extend(put_findings_args(a.item.id, a.acquisition.id.to_string(), &a.findings)?);
        }
        self.record().insert(&ADD_ACQUISITIONS, &acquisitions).await?;
        self.record().insert(&items::ADD_FINDINGS, &findings).await?;
        let jobs: Vec<NewJob> = new.iter().flat_map(|a| a.jobs.iter().cloned()).collect();
        self.enqueue_all(&jobs, now).await?;
        Ok(())
    }
}
