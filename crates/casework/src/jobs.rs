//! The queue: what is due, workers that take it, and what they tell.

use crate::Result;
use crate::custody::Act;
use crate::derive::Ended;
use crate::engines::{Bench, Said, WORDED, Wanted, params, plan, recognised};
use crate::error::CaseError;
use crate::open::Casework;
use crate::queue::FIRST;
use crate::view::{ErrorView, ProcessEvent, ProcessSummary};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use zapys_domain::kind::Recognised;
use zapys_domain::{Action, Actor, DerivativeKind, Instant, ItemId, ItemKind, JobId};
use zapys_store::{DerivationRow, DerivationState, ItemRow, JobRow, NewJob, Tx};

/// A worker that says nothing for so long is taken for dead.
const LEASE: Duration = Duration::from_secs(15 * 60);
/// A file that killed its worker so often is not tried again by itself.
pub(crate) const MAX_ATTEMPTS: u32 = 3;
/// Failures that another attempt with the same bytes will not mend.
const LASTING: &[&str] = &["unreadable", "limit"];

/// So many items are planned at once.
const PART: u32 = 500;

/// Where events of the work go.
pub type EventSink = Arc<dyn Fn(ProcessEvent) + Send + Sync>;

/// What is to be computed.
#[derive(Clone, Debug, Default)]
pub struct ProcessRequest {
    /// Only these items; empty for all.
    pub items: Vec<ItemId>,
    /// Only these derivations; empty for all.
    pub only: Vec<DerivativeKind>,
    /// Derivations computed at once; 0 for one.
    pub workers: usize,
}

/// Work that several workers share.
struct Run {
    case: Arc<Shared>,
    wanted: HashSet<ItemId>,
    only: Vec<DerivativeKind>,
    cancel: Arc<AtomicBool>,
    sink: EventSink,
    running: AtomicU64,
    ended: Notify,
    /// Jobs of other items that were taken by mistake, given back at the end.
    aside: Mutex<Vec<JobId>>,
    counts: [AtomicU64; 3],
    trouble: Mutex<Option<CaseError>>,
}
/// What a worker needs of the case.
struct Shared {
    bench: Arc<Bench>,
    owner: String,
}

impl Casework {
    /// Queues what follows from a new item, in the transaction that records it.
    pub(crate) fn first_jobs(&self, item: ItemId, what: &Recognised, now: Instant) -> Vec<NewJob> {
        let due = plan(what, self.wanted()).into_iter().filter(|d| needs(*d, what.kind).is_empty());
        due.map(|kind| self.new_job(item, kind, now)).collect()
    }

    fn new_job(&self, item: ItemId, kind: DerivativeKind, now: Instant) -> NewJob {
        NewJob { id: JobId::new(self.ids.ulid(now)), item, kind, priority: priority(kind), not_before: now }
    }

    /// Queues what became possible through a derivation that just finished, in its transaction.
    /// What was put first stays first.
    pub(crate) async fn enqueue_next(&self, tx: &mut Tx, item: &ItemRow, done: &JobRow) -> Result<()> {
        let now = self.clock.now();
        // As it is now: it may have been raised while it ran.
        let first = tx.job(done.id).await?.is_some_and(|j| j.priority >= FIRST / 2);
        let next = plan(&recognised(item), self.wanted()).into_iter().filter(|k| needs(*k, item.kind).last() == Some(&done.kind));
        let raised = |job: NewJob| NewJob { priority: job.priority + if first { FIRST } else { 0 }, ..job };
        let jobs: Vec<NewJob> = next.map(|kind| raised(self.new_job(item.id, kind, now))).collect();
        tx.enqueue_all(&jobs, now).await?;
        Ok(())
    }

    /// Queues everything that is due: never done by the engine of today, or failed for a reason that may have gone.
    /// Items that are named are tried again whatever the reason was. Returns how many jobs are open now.
    pub async fn plan(&self, items: &[ItemId], only: &[DerivativeKind]) -> Result<u64> {
        self.plan_until(items, only, &AtomicBool::new(false)).await
    }
    /// The same, part by part, until `cancel` is set.
    async fn plan_until(&self, items: &[ItemId], only: &[DerivativeKind], cancel: &AtomicBool) -> Result<u64> {
        let bench = self.bench().await?;
        let mut said = self.said(None).await?;
        let renderings = self.renderings().await?;
        // Whoever names an item twice means it once.
        let mut named = items.iter().copied().collect::<BTreeSet<_>>().into_iter();
        let mut last = None;
        while !cancel.load(Ordering::Relaxed) {
            let part = if items.is_empty() { self.part_after(last).await? } else { self.part_of(&mut named).await? };
            if part.is_empty() {
                break;
            }
            last = part.last().map(|(item, _)| item.id);
            said.renderings.clear();
            let now = self.clock.now();
            let mut jobs = Vec::new();
            for (item, done) in &part {
                if renderings.is_some() && bench.heeds_glossary(item) {
                    let words = finished(done, DerivativeKind::Transcript).and_then(|d| d.output);
                    said.renderings.insert(item.id, self.rendered(renderings.as_ref(), words).await?);
                }
                let due = due(&bench, item, done, (&said, self.wanted()), !items.is_empty());
                let due = due.into_iter().filter(|k| only.is_empty() || only.contains(k));
                jobs.extend(due.map(|kind| self.new_job(item.id, kind, now)));
            }
            if !jobs.is_empty() {
                let mut tx = self.store.begin().await?;
                tx.enqueue_all(&jobs, now).await?;
                tx.commit().await?;
            }
        }
        Ok(self.store.jobs_open().await?)
    }
    /// The items that come after `last`, with all that was derived from each.
    async fn part_after(&self, last: Option<ItemId>) -> Result<Vec<(ItemRow, Vec<DerivationRow>)>> {
        let items = self.store.items_after(last, PART).await?;
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return Ok(Vec::new()) };
        let mut done = self.store.derivations_of_items(first.id, last.id).await?.into_iter().peekable();
        // Both are in order of item.
        let with = |item: ItemRow| {
            let of_it = std::iter::from_fn(|| done.next_if(|d| d.item == item.id)).collect();
            (item, of_it)
        };
        Ok(items.into_iter().map(with).collect())
    }
    /// The next of those that were named, likewise. Errors: one of them is not there.
    async fn part_of(&self, named: &mut impl Iterator<Item = ItemId>) -> Result<Vec<(ItemRow, Vec<DerivationRow>)>> {
        let mut all = Vec::new();
        for id in named.take(PART as usize) {
            let item = self.store.item(id).await?.ok_or(CaseError::NoSuchItem)?;
            all.push((item, self.store.derivations(id).await?));
        }
        Ok(all)
    }

    pub(crate) async fn all_items(&self) -> Result<Vec<ItemId>> {
        let mut all = Vec::new();
        loop {
            let part = self.store.item_ids(all.last().copied(), 1000).await?;
            if part.is_empty() {
                return Ok(all);
            }
            all.extend(part);
        }
    }

    /// Computes what is due until nothing is left or `cancel` is set. One failure stops nothing else. Events go to `sink`.
    pub async fn process(&self, request: ProcessRequest, cancel: Arc<AtomicBool>, sink: EventSink) -> Result<ProcessSummary> {
        let _one_at_a_time = self.processing.lock().await;
        let started = std::time::Instant::now();
        self.catch_up().await?;
        let bench = self.bench().await?;
        self.record_missing_sandbox(&bench).await?;
        self.plan_until(&request.items, &request.only, &cancel).await?;
        self.send_scout().await?;
        let owner = format!("process:{}", std::process::id());
        let run = Run {
            case: Arc::new(Shared { bench, owner }),
            wanted: request.items.iter().copied().collect(),
            only: request.only,
            cancel,
            sink,
            running: AtomicU64::new(0),
            ended: Notify::new(),
            aside: Mutex::default(),
            counts: Default::default(),
            trouble: Mutex::default(),
        };
        let workers: Vec<_> = (0..request.workers.max(1)).map(|_| self.work(&run)).collect();
        futures_util::future::join_all(workers).await;
        for job in run.aside.into_inner() {
            self.store.give_back(job, &run.case.owner, self.clock.now()).await?;
        }
        self.index_commit().await?;
        if self.store.jobs_open().await? == 0 {
            self.forget_all_begun()?;
        }
        if let Some(trouble) = run.trouble.into_inner() {
            return Err(trouble);
        }
        let [finished, failed, skipped] = run.counts.map(AtomicU64::into_inner);
        Ok(ProcessSummary { event: "summary", finished, failed, skipped, seconds: started.elapsed().as_secs_f64() })
    }

    /// One worker: takes jobs until there are none and nobody makes new ones.
    async fn work(&self, run: &Run) {
        loop {
            if run.cancel.load(Ordering::Relaxed) || run.trouble.lock().await.is_some() {
                return;
            }
            // Registered before looking, so that an end between looking and waiting is not missed.
            let ended = run.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            run.running.fetch_add(1, Ordering::SeqCst);
            let worked = self.one(run).await;
            let left = run.running.fetch_sub(1, Ordering::SeqCst) - 1;
            match worked {
                Ok(true) => run.ended.notify_waiters(),
                Ok(false) if left == 0 => {
                    run.ended.notify_waiters();
                    return;
                }
                // Somebody else is at work and may queue more.
                Ok(false) => ended.await,
                Err(e) => {
                    run.trouble.lock().await.get_or_insert(e);
                    run.ended.notify_waiters();
                    return;
                }
            }
        }
    }

    /// Takes and does one job. `false` if there is none.
    async fn one(&self, run: &Run) -> Result<bool> {
        let job = loop {
            if self.is_paused().await? {
                return Ok(false);
            }
            let Some(job) = self.store.claim(&run.case.owner, self.clock.now(), LEASE, &run.only).await? else {
                return Ok(false);
            };
            if run.wanted.is_empty() || run.wanted.contains(&job.item) {
                break job;
            }
            run.aside.lock().await.push(job.id);
        };
        let tell = |event: &'static str, fraction: Option<f64>, seconds: Option<f64>, error: Option<ErrorView>| {
            (run.sink)(ProcessEvent { event, item: job.item, derivation: job.kind.word().into(), fraction, seconds, error });
        };
        tell("started", None, None, None);
        let started = std::time::Instant::now();
        let progress = {
            let (sink, item, kind) = (run.sink.clone(), job.item, job.kind);
            move |f: f64| {
                sink(ProcessEvent {
                    event: "progress",
                    item,
                    derivation: kind.word().into(),
                    fraction: Some(f),
                    seconds: None,
                    error: None,
                })
            }
        };
        let work = self.derive(&run.case.bench, &job, &run.case.owner, run.cancel.clone(), Arc::new(progress));
        let ended = self.holding(&job, &run.case.owner, work).await?;
        let seconds = Some(started.elapsed().as_secs_f64());
        tracing::info!(item = %job.item, derivation = job.kind.word(), seconds, "derivation ended");
        match ended {
            Ended::Done => {
                run.counts[0].fetch_add(1, Ordering::Relaxed);
                tell("finished", None, seconds, None);
                if WORDED.contains(&job.kind) {
                    self.index_item(job.item).await?;
                }
            }
            Ended::Skipped => {
                run.counts[2].fetch_add(1, Ordering::Relaxed);
                tell("skipped", None, seconds, None);
            }
            Ended::Failed(error) => {
                run.counts[1].fetch_add(1, Ordering::Relaxed);
                tell("failed", None, seconds, Some(error));
            }
            Ended::PutBack => {}
        }
        Ok(true)
    }

    /// Keeps the lease while the work goes on.
    async fn holding<T>(&self, job: &JobRow, owner: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return result,
                () = tokio::time::sleep(LEASE / 5) => self.store.heartbeat(job.id, owner, self.clock.now(), LEASE).await?,
            }
        }
    }

    /// Decoders that run without a sandbox are an operator's decision, and the ledger says so.
    async fn record_missing_sandbox(&self, bench: &Bench) -> Result<()> {
        if bench.engines().is_walled() || self.settings.sandbox_required() || self.store.setting("sandbox.off").await?.is_some() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = Act::case(self, &Actor::owner(), Action::Transformed).purpose("processing").code("sandbox", "off-by-operator");
        ledger.seal(self, &mut tx, act).await?;
        tx.set_setting("sandbox.off", "1").await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

/// What must be there before a derivation of this kind of item can run, beside the original: what engines' contracts name, the last
/// of it at the end.
pub(crate) fn needs(kind: DerivativeKind, of: ItemKind) -> &'static [DerivativeKind] {
    use DerivativeKind::{
        Decode, Enhanced, Peaks, Probe, Proxy, SecondTranscript, SecondTranslation, Speakers, Speech, Transcript, Translation,
        VoicePrints,
    };
    match kind {
        Decode | Peaks | Enhanced => &[Probe],
        Proxy if matches!(of, ItemKind::Recording | ItemKind::Video) => &[Probe],
        Speakers => &[Speech],
        Transcript | VoicePrints => &[Speech, Speakers],
        Translation | SecondTranslation => &[Transcript],
        SecondTranscript => &[Speech, Transcript],
        _ => &[],
    }
}

/// Quick things first, so that a person sees something soon; long listening last.
fn priority(kind: DerivativeKind) -> i32 {
    match kind {
        DerivativeKind::Probe | DerivativeKind::Messages | DerivativeKind::Calls | DerivativeKind::Picture => 50,
        DerivativeKind::Peaks | DerivativeKind::Proxy | DerivativeKind::Decode => 40,
        DerivativeKind::Text => 30,
        DerivativeKind::Speech => 20,
        DerivativeKind::Speakers => 15,
        DerivativeKind::Transcript => 10,
        DerivativeKind::Translation => 0,
        DerivativeKind::SecondTranslation => -5,
        DerivativeKind::SecondTranscript => -10,
        DerivativeKind::Enhanced => -15,
        DerivativeKind::VoicePrints => -20,
    }
}

/// The newest derivation of a kind that gave something.
fn finished(done: &[DerivationRow], kind: DerivativeKind) -> Option<&DerivationRow> {
    done.iter().rev().find(|d| d.kind == kind && d.state == DerivationState::Done)
}

/// Derivations of an item that are due now, given what was recorded.
fn due(
    bench: &Bench,
    item: &ItemRow,
    done: &[DerivationRow],
    (said, wanted): (&Said, Wanted),
    again: bool,
) -> Vec<DerivativeKind> {
    let finished = |kind| finished(done, kind);
    let mut due = Vec::new();
    for kind in plan(&recognised(item), wanted) {
        if !needs(kind, item.kind).iter().all(|n| finished(*n).is_some()) {
            continue;
        }
        let Ok(engine) = bench.engine(item, kind) else {
            // Without its engine nothing can be done anew; if it was never done, trying says what is missing.
            if finished(kind).is_none() {
                due.push(kind);
            }
            continue;
        };
        let inputs: Vec<_> =
            std::iter::once(item.object).chain(needs(kind, item.kind).iter().filter_map(|n| finished(*n)?.output)).collect();
        let key = zapys_domain::DerivationKey::of(&inputs, engine.identity(), &params(item, &*engine, said));
        match done.iter().find(|d| d.key == key) {
            None => due.push(kind),
            Some(d) => match d.state {
                DerivationState::Done | DerivationState::Skipped => {}
                DerivationState::Failed => {
                    if again || d.failure.as_ref().is_none_or(|f| !LASTING.contains(&f.code.as_str())) {
                        due.push(kind);
                    }
                }
            },
        }
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_planned_is_what_the_engines_ask_for() {
        let settings = crate::Settings::load(None, [], &[]).expect("defaults");
        let engines = zapys_engines::Engines::detect(crate::engines::engines_config(&settings));
        for slot in engines.slots() {
            let Ok(engine) = &slot.engine else { continue };
            for kind in slot.takes {
                assert_eq!(needs(slot.emits, *kind), engine.contract().needs, "{} of {kind}", slot.emits);
            }
        }
    }
}
