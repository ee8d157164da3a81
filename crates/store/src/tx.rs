//! One change of the record: rows, the ledger entries that witness them, and the jobs that follow, all or nothing.

use crate::dialect::{Db, LOCK_POSTGRES, on_db};
use crate::error::{Doing, StoreError};
use crate::run::Run;
use crate::sealing::Sealer;
use sqlx::{Postgres, Sqlite, Transaction};
use std::sync::Arc;

/// A change under way. Dropping it undoes everything.
#[must_use = "a change that is not committed is undone"]
pub struct Tx {
    inner: Db<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>,
    sealer: Option<Arc<Sealer>>,
    /// Rows that need a witness were written.
    changed: bool,
    /// Sequence after the last appended entry; `None` until one was appended.
    pub(crate) next: Option<u64>,
}

impl Tx {
    pub(crate) fn new(
        inner: Db<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>,
        sealer: Option<Arc<Sealer>>,
    ) -> Self {
        Self { inner, sealer, changed: false, next: None }
    }
    pub(crate) fn run(&mut self) -> Run<'_> {
        let sealer = self.sealer.clone();
        match &mut self.inner {
            Db::Sqlite(tx) => Run(Db::Sqlite(tx), sealer),
            Db::Postgres(tx) => Run(Db::Postgres(tx), sealer),
        }
    }
    /// For methods that write the record proper. Queue, settings, facts and checkpoints do not call it: they say nothing
    /// about evidence that the ledger does not say already.
    pub(crate) fn record(&mut self) -> Run<'_> {
        self.changed = true;
        self.run()
    }
    /// For the one method that appends entries.
    pub(crate) fn witness(&mut self, next: u64) {
        self.next = Some(next);
    }
    pub(crate) async fn lock(&mut self) -> Result<(), StoreError> {
        let mut run = self.run();
        if let Db::Postgres(_) = &run.0 {
            run.one(LOCK_POSTGRES, &[]).await?;
        }
        Ok(())
    }

    /// Makes the change durable. Errors: `NoCustodyEvent` where the record proper was changed and no entry appended; then,
    /// as after every other error, nothing has changed.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.changed && self.next.is_none() {
            self.rollback().await?;
            return Err(StoreError::NoCustodyEvent);
        }
        self.commit_schema().await
    }
    /// Commits without asking for a witness: the empty tables themselves.
    pub(crate) async fn commit_schema(self) -> Result<(), StoreError> {
        on_db!(self.inner, tx => tx.commit().await.doing())
    }
    /// Undoes the change now instead of on dropping.
    pub async fn rollback(self) -> Result<(), StoreError> {
        on_db!(self.inner, tx => tx.rollback().await.doing())
    }
}
