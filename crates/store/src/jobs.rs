//! The queue. It lives in the record so that a job and the change that caused it commit together, and so that any number of
//! workers share one queue. Taking and returning jobs needs no ledger entry: what a job makes is witnessed when it finishes.

use crate::Store;
use crate::derivations::listed;
use crate::dialect::{CLAIM_POSTGRES, CLAIM_SQLITE};
use crate::error::StoreError;
use crate::filter::Insert;
use crate::model::*;
use crate::rows::Row;
use crate::run::{Arg, Run, args, reads, statements};
use crate::sealing::hidden;
use crate::tx::Tx;
use std::time::Duration;
use zapys_domain::{DerivativeKind, Instant, ItemId, JobId};

macro_rules! job_columns {
    () => {
        "id, item, kind, priority, state, attempts, not_before, lease_owner, lease_until, error_code, error_message, error_hint, \
         created, updated"
    };
}

statements! {
    HEARTBEAT = "UPDATE jobs SET lease_until = $3, updated = $4 WHERE id = $1 AND lease_owner = $2 AND state = 'leased'";
    FINISH = "UPDATE jobs SET state = 'done', lease_owner = NULL, lease_until = NULL, error_code = NULL, error_message = NULL, \
        error_hint = NULL, updated = $3 WHERE id = $1 AND lease_owner = $2 AND state = 'leased'";
    FAIL = "UPDATE jobs SET state = 'failed', lease_owner = NULL, lease_until = NULL, error_code = $3, error_message = $4, \
        error_hint = $5, updated = $6 WHERE id = $1 AND lease_owner = $2 AND state = 'leased'";
    RETRY = "UPDATE jobs SET state = 'ready', lease_owner = NULL, lease_until = NULL, error_code = $3, error_message = $4, \
        error_hint = $5, not_before = $6, updated = $7 WHERE id = $1 AND lease_owner = $2 AND state = 'leased'";
    RETURN = "UPDATE jobs SET state = 'ready', lease_owner = NULL, lease_until = NULL, attempts = attempts - 1, updated = $3 \
        WHERE id = $1 AND lease_owner = $2 AND state = 'leased'";
    CANCEL_ITEM = "UPDATE jobs SET state = 'cancelled', updated = $2 WHERE item = $1 AND state || '' = 'ready'";
    GIVE_UP_EXPIRED = "UPDATE jobs SET state = 'failed', lease_owner = NULL, lease_until = NULL, error_code = 'worker-lost', \
        error_message = 'The worker stopped while it ran this step, more than once.', \
        error_hint = 'Look at the item, then run the step again.', updated = $1 \
        WHERE state = 'leased' AND lease_until < $1 AND attempts >= $2";
    RELEASE_EXPIRED = "UPDATE jobs SET state = 'ready', lease_owner = NULL, lease_until = NULL, updated = $1 \
        WHERE state = 'leased' AND lease_until < $1";
    GIVE_UP_ALL = "UPDATE jobs SET state = 'failed', lease_owner = NULL, lease_until = NULL, error_code = 'worker-lost', \
        error_message = 'The worker stopped while it ran this step, more than once.', \
        error_hint = 'Look at the item, then run the step again.', updated = $1 WHERE state = 'leased' AND attempts >= $2";
    RELEASE_ALL = "UPDATE jobs SET state = 'ready', lease_owner = NULL, lease_until = NULL, updated = $1 WHERE state = 'leased'";
    REOPEN_FAILED = "UPDATE jobs SET state = 'ready', attempts = 0, not_before = $1, error_code = NULL, error_message = NULL, \
        error_hint = NULL, updated = $1 WHERE state IN ('failed', 'cancelled') AND ($2 = '' OR item = $2) \
        AND ($3 = '' OR $3 LIKE '%,' || kind || ',%')";
    JOB = concat!("SELECT ", job_columns!(), " FROM jobs WHERE id = $1");
    OF_ITEM = concat!("SELECT ", job_columns!(), " FROM jobs WHERE item = $1 ORDER BY kind");
    BY_STATE = concat!("SELECT ", job_columns!(), " FROM jobs WHERE state = $1 ORDER BY updated DESC, id LIMIT $2");
    WAITING = "SELECT item FROM jobs WHERE state = 'ready' AND kind = $1 ORDER BY priority DESC, created, id LIMIT 1";
    OPEN = "SELECT COUNT(*) AS n FROM jobs WHERE state IN ('ready', 'leased')";
    NEXT_START = "SELECT MIN(not_before) AS at FROM jobs WHERE state = 'ready'";
    STAGES = "SELECT kind, state, COUNT(*) AS n FROM jobs GROUP BY kind, state ORDER BY kind, state";
    RAISE = "UPDATE jobs SET priority = priority + $2, updated = $3 WHERE item = $1 AND state IN ('ready', 'leased') AND priority < $4";
    SOUND_OPEN = "SELECT j.kind, COUNT(*) AS n, CAST(COALESCE(SUM(f.duration_ms), 0) AS BIGINT) AS ms, \
        CAST(SUM(CASE WHEN f.duration_ms IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unknown \
        FROM jobs j JOIN items i ON i.id = j.item LEFT JOIN item_facts f ON f.item = j.item \
        WHERE j.state IN ('ready', 'leased') AND i.kind IN ('recording', 'video') GROUP BY j.kind";
    SOUND_DONE = "SELECT d.kind, COUNT(*) AS n, CAST(SUM(d.elapsed_ms) AS BIGINT) AS took, CAST(SUM(f.duration_ms) AS BIGINT) AS ms \
        FROM derivations d JOIN items i ON i.id = d.item JOIN item_facts f ON f.item = d.item \
        WHERE d.state = 'done' AND i.kind IN ('recording', 'video') AND f.duration_ms IS NOT NULL GROUP BY d.kind";
    MEANS = "SELECT kind, CAST(SUM(elapsed_ms) / COUNT(*) AS BIGINT) AS mean FROM derivations WHERE state = 'done' GROUP BY kind";
}

/// A job that is open stays as it is; a closed one is opened anew.
pub(crate) const ENQUEUE: Insert = Insert {
    head: "INSERT INTO jobs (id, item, kind, priority, state, attempts, not_before, created, updated)",
    columns: 9,
    tail: " ON CONFLICT (item, kind) DO UPDATE SET id = excluded.id, priority = excluded.priority, state = 'ready', attempts = 0, \
        not_before = excluded.not_before, created = excluded.created, updated = excluded.updated, error_code = NULL, \
        error_message = NULL, error_hint = NULL WHERE jobs.state IN ('done', 'failed', 'cancelled')",
};

reads! {
    /// A job, or `None`.
    fn job(id: JobId) -> Option<JobRow>;
    /// The jobs of an item, one per kind at most.
    fn jobs_of(item: ItemId) -> Vec<JobRow>;
    /// Jobs in one state, newest change first; at most `limit`.
    fn jobs(state: JobState, limit: u32) -> Vec<JobRow>;
    /// The item whose job of this kind waits for its turn at the front; `None` if none waits.
    fn job_waiting(kind: DerivativeKind) -> Option<ItemId>;
    /// Number of jobs that wait or run.
    fn jobs_open() -> u64;
    /// The earliest moment at which a waiting job may start; `None` if none waits.
    fn jobs_next_start() -> Option<Instant>;
    /// Jobs by kind and state, and how long each kind takes; kinds without jobs are left out.
    fn stage_counts() -> Vec<StageCount>;
    /// How much sound each kind of derivation has done and waits for; kinds that never met sound are left out.
    fn sound_counts() -> Vec<SoundCount>;
}

impl Run<'_> {
    async fn job(&mut self, id: JobId) -> Result<Option<JobRow>, StoreError> {
        self.opt(JOB, &args![id]).await?.map(|r| job(&r)).transpose()
    }
    async fn jobs_of(&mut self, item: ItemId) -> Result<Vec<JobRow>, StoreError> {
        self.all(OF_ITEM, &args![item]).await?.iter().map(job).collect()
    }
    async fn jobs(&mut self, state: JobState, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        self.all(BY_STATE, &args![state.word(), u64::from(limit)]).await?.iter().map(job).collect()
    }
    async fn job_waiting(&mut self, kind: DerivativeKind) -> Result<Option<ItemId>, StoreError> {
        self.opt(WAITING, &args![kind.word()]).await?.map(|r| r.of("jobs", "item").id("item")).transpose()
    }
    async fn jobs_open(&mut self) -> Result<u64, StoreError> {
        self.one(OPEN, &[]).await?.n()
    }
    async fn jobs_next_start(&mut self) -> Result<Option<Instant>, StoreError> {
        self.one(NEXT_START, &[]).await?.of("jobs", "at").opt_at("at")
    }
    async fn stage_counts(&mut self) -> Result<Vec<StageCount>, StoreError> {
        let mut stages: Vec<StageCount> = Vec::new();
        for row in self.all(STAGES, &[]).await? {
            let row = row.of("jobs", "kind");
            let kind = row.read("kind", DerivativeKind::parse)?;
            if stages.last().is_none_or(|s| s.kind != kind) {
                stages.push(StageCount { kind, work: WorkCounts::default(), mean_ms: None });
            }
            let work = &mut stages.last_mut().expect("pushed above").work;
            let n = row.count("n")?;
            match row.read("state", JobState::parse)? {
                JobState::Ready => work.ready = n,
                JobState::Leased => work.leased = n,
                JobState::Done => work.done = n,
                JobState::Failed => work.failed = n,
                JobState::Cancelled => work.cancelled = n,
            }
        }
        for row in self.all(MEANS, &[]).await? {
            let row = row.of("derivations", "kind");
            let kind = row.read("kind", DerivativeKind::parse)?;
            let mean = row.count("mean")?;
            stages.iter_mut().filter(|s| s.kind == kind).for_each(|s| s.mean_ms = Some(mean));
        }
        stages.sort_by_key(|s| s.kind);
        Ok(stages)
    }
    async fn sound_counts(&mut self) -> Result<Vec<SoundCount>, StoreError> {
        let mut counts: Vec<SoundCount> = Vec::new();
        for (sql, done) in [(SOUND_OPEN, false), (SOUND_DONE, true)] {
            for row in self.all(sql, &[]).await? {
                let row = row.of("jobs", "kind");
                let kind = row.read("kind", DerivativeKind::parse)?;
                if counts.iter().all(|c| c.kind != kind) {
                    counts.push(SoundCount { kind, ..SoundCount::default() });
                }
                let Some(count) = counts.iter_mut().find(|c| c.kind == kind) else { continue };
                if done {
                    (count.done, count.done_ms, count.took_ms) = (row.count("n")?, row.count("ms")?, row.count("took")?);
                } else {
                    (count.open, count.open_ms, count.unknown) = (row.count("n")?, row.count("ms")?, row.count("unknown")?);
                }
            }
        }
        Ok(counts)
    }
    async fn held(&mut self, sql: crate::run::Sql, args: &[crate::run::Arg<'_>], id: JobId) -> Result<(), StoreError> {
        match self.exec(sql, args).await? {
            0 => Err(StoreError::LeaseLost(id)),
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Takes the next job: highest priority, then longest waiting. `kinds` empty for any. The worker `owner` holds it until
    /// `now + lease`; two workers never get one job. `None` if nothing is due.
    pub async fn claim(
        &self,
        owner: &str,
        now: Instant,
        lease: Duration,
        kinds: &[DerivativeKind],
    ) -> Result<Option<JobRow>, StoreError> {
        let args = args![owner, after(now, lease), now, listed(kinds)];
        let mut held = self.writer().await?;
        let claim = self.choose(CLAIM_SQLITE, CLAIM_POSTGRES);
        held.run().opt(claim, &args).await?.map(|r| job(&r)).transpose()
    }
    /// Holds a job for longer. Errors: `LeaseLost`: stop working on it.
    pub async fn heartbeat(&self, id: JobId, owner: &str, now: Instant, lease: Duration) -> Result<(), StoreError> {
        self.writer().await?.run().held(HEARTBEAT, &args![id, owner, after(now, lease), now], id).await
    }
    /// Gives a job back untried, e.g. because the worker is asked to stop. Errors: `LeaseLost`.
    pub async fn give_back(&self, id: JobId, owner: &str, now: Instant) -> Result<(), StoreError> {
        self.writer().await?.run().held(RETURN, &args![id, owner, now], id).await
    }
    /// Makes jobs whose lease has ended ready again; those that were tried `max_attempts` times fail as `worker-lost`, so that a
    /// file that kills its worker does not do so for ever. Answers how many were made ready and how many failed.
    pub async fn release_expired(&self, now: Instant, max_attempts: u32) -> Result<(u64, u64), StoreError> {
        let mut tx = self.begin().await?;
        let mut run = tx.run();
        let lost = run.exec(GIVE_UP_EXPIRED, &args![now, u64::from(max_attempts)]).await?;
        let ready = run.exec(RELEASE_EXPIRED, &args![now]).await?;
        tx.commit().await?;
        Ok((ready, lost))
    }
    /// The same for every held job, whatever its lease: for a process that knows it is alone on this record.
    pub async fn release_all(&self, now: Instant, max_attempts: u32) -> Result<(u64, u64), StoreError> {
        let mut tx = self.begin().await?;
        let mut run = tx.run();
        let lost = run.exec(GIVE_UP_ALL, &args![now, u64::from(max_attempts)]).await?;
        let ready = run.exec(RELEASE_ALL, &args![now]).await?;
        tx.commit().await?;
        Ok((ready, lost))
    }
    /// Raises the open jobs of an item by `by`, once: those at half of it or above stay. Answers how many were raised.
    pub async fn raise_jobs(&self, item: ItemId, by: i32, now: Instant) -> Result<u64, StoreError> {
        self.writer().await?.run().exec(RAISE, &args![item, i64::from(by), now, i64::from(by / 2)]).await
    }
    /// Queues failed and cancelled jobs again: of one item or of all, of some kinds or (empty) of all. Answers how many.
    pub async fn retry_failed(&self, item: Option<ItemId>, kinds: &[DerivativeKind], now: Instant) -> Result<u64, StoreError> {
        let item = item.map(|i| i.to_string()).unwrap_or_default();
        self.writer().await?.run().exec(REOPEN_FAILED, &args![now, item, listed(kinds)]).await
    }
}

impl Tx {
    /// Queues a job. One per item and kind: an open one stays as it is, a closed one is opened anew.
    pub async fn enqueue(&mut self, job: &NewJob, now: Instant) -> Result<Enqueued, StoreError> {
        Ok(match self.enqueue_all(std::slice::from_ref(job), now).await? {
            0 => Enqueued::AlreadyOpen,
            _ => Enqueued::Ready,
        })
    }
    /// Queues jobs in one go: quicker than one by one. No two of them may be of one item and kind. Answers how many were made
    /// ready; the others were open already.
    pub async fn enqueue_all(&mut self, jobs: &[NewJob], now: Instant) -> Result<u64, StoreError> {
        let row = |j: &NewJob| {
            args![j.id, j.item, j.kind.word(), i64::from(j.priority), JobState::Ready.word(), 0u64, j.not_before, now, now]
        };
        let rows: Vec<Arg<'_>> = jobs.iter().flat_map(row).collect();
        self.run().insert(&ENQUEUE, &rows).await
    }
    /// Closes a job that this worker holds as done. Errors: `LeaseLost`: do not commit then.
    pub async fn finish_job(&mut self, id: JobId, owner: &str, now: Instant) -> Result<(), StoreError> {
        self.run().held(FINISH, &args![id, owner, now], id).await
    }
    /// Closes a job as failed for good. Errors: `LeaseLost`.
    pub async fn fail_job(&mut self, id: JobId, owner: &str, failure: &Failure, now: Instant) -> Result<(), StoreError> {
        let args = args![id, owner, failure.code.as_str(), hidden(failure.message.as_str()), hidden(failure.hint.as_str()), now];
        self.run().held(FAIL, &args, id).await
    }
    /// Puts a failed job back to be tried again at `not_before`. Errors: `LeaseLost`.
    pub async fn retry_job(
        &mut self,
        id: JobId,
        owner: &str,
        failure: &Failure,
        not_before: Instant,
        now: Instant,
    ) -> Result<(), StoreError> {
        let args = args![
            id,
            owner,
            failure.code.as_str(),
            hidden(failure.message.as_str()),
            hidden(failure.hint.as_str()),
            not_before,
            now
        ];
        self.run().held(RETRY, &args, id).await
    }
    /// Withdraws an item's waiting jobs. Answers how many; running ones finish.
    pub async fn cancel_jobs(&mut self, item: ItemId, now: Instant) -> Result<u64, StoreError> {
        self.run().exec(CANCEL_ITEM, &args![item, now]).await
    }
}

fn after(now: Instant, lease: Duration) -> Instant {
    Instant::from_micros(now.micros().saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX)))
}

fn job(row: &Row) -> Result<JobRow, StoreError> {
    let r = row.of("jobs", "id");
    let failure = match r.opt_text("error_code")? {
        Some(code) => Some(Failure { code, message: r.text("error_message")?, hint: r.text("error_hint")? }),
        None => None,
    };
    Ok(JobRow {
        id: r.id("id")?,
        item: r.id("item")?,
        kind: r.read("kind", DerivativeKind::parse)?,
        priority: r.count("priority")?,
        state: r.read("state", JobState::parse)?,
        attempts: r.count("attempts")?,
        not_before: r.at("not_before")?,
        lease_owner: r.opt_text("lease_owner")?,
        lease_until: r.opt_at("lease_until")?,
        failure,
        created: r.at("created")?,
        updated: r.at("updated")?,
    })
}
