//! One derivation: engine chosen, key computed, output kept, event sealed, followers queued, all or nothing.

use crate::Result;
use crate::custody::Act;
use crate::engines::{Bench, params};
use crate::error::CaseError;
use crate::facts;
use crate::jobs::needs;
use crate::open::Casework;
use crate::view::ErrorView;
use crate::witness;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use zapys_domain::{
    Action, Actor, Checked, DerivationKey, DerivativeKind, EntrySeq, Fault, Finding, Instant, Meter, ObjectId, Progress,
    Severity, Step,
};
use zapys_engines::host::take_waited;
use zapys_engines::parts::{NoParts, Parts};
use zapys_engines::{Emitted, Engine, EngineError, Input, Work};
use zapys_store::{DerivationRow, DerivationState, Failure, ItemRow, JobRow, ObjectRow, Recorded};
use zapys_vault::{Kept, Stored, Vault};

/// Largest derivative document that is read back whole.
const MAX_DOCUMENT: u64 = 256 << 20;

/// How a job ended.
pub(crate) enum Ended {
    Done,
    Skipped,
    Failed(ErrorView),
    PutBack,
}

/// Everything known about one application before it runs.
struct Application {
    item: ItemRow,
    engine: Arc<dyn Engine>,
    inputs: Vec<ObjectId>,
    params: serde_json::Value,
    key: DerivationKey,
    started: Instant,
    /// Milliseconds that the engine waited for its turn at a host.
    waited_ms: AtomicU64,
}

impl Application {
    /// The record of a success; a failure changes it.
    fn row(&self, kind: DerivativeKind, entry: zapys_domain::EntrySeq, finished: Instant) -> DerivationRow {
        DerivationRow {
            key: self.key,
            item: self.item.id,
            kind,
            engine: self.engine.identity().clone(),
            params: self.params.clone(),
            inputs: self.inputs.clone(),
            state: DerivationState::Done,
            output: None,
            output_media_type: None,
            started: self.started,
            finished,
            elapsed_ms: u64::try_from((finished.micros() - self.started.micros()) / 1000)
                .unwrap_or(0)
                .saturating_sub(self.waited_ms.load(Ordering::Relaxed)),
            failure: None,
            entry,
        }
    }
}

impl Casework {
    /// Does the job. Errors are troubles of the case itself; a failed engine is an end, not an error.
    pub(crate) async fn derive(
        &self,
        bench: &Bench,
        job: &JobRow,
        owner: &str,
        cancel: Arc<AtomicBool>,
        told: Arc<dyn Fn(f64) + Send + Sync>,
    ) -> Result<Ended> {
        let item = self.store.item(job.item).await?.ok_or(CaseError::Inconsistent { what: "a job" })?;
        let engine = match bench.engine(&item, job.kind) {
            Ok(engine) => engine,
            Err(e) => {
                let failure = failure(&e);
                let mut tx = self.store.begin().await?;
                tx.fail_job(job.id, owner, &failure, self.clock.now()).await?;
                tx.commit().await?;
                return Ok(Ended::Failed(ErrorView::of(&e, Some(item.id.to_string()))));
            }
        };
        let mut inputs = vec![item.object];
        for need in needs(job.kind, item.kind) {
            match self.store.derivative(item.id, *need).await?.and_then(|d| d.output) {
                Some(output) => inputs.push(output),
                None => {
                    let failure = Failure {
                        code: "needs".into(),
                        message: format!("`{need}` has to come first and is not there"),
                        hint: "Run `zapys process`.".into(),
                    };
                    let mut tx = self.store.begin().await?;
                    tx.fail_job(job.id, owner, &failure, self.clock.now()).await?;
                    tx.commit().await?;
                    let view = ErrorView {
                        kind: "input".into(),
                        code: failure.code,
                        message: failure.message,
                        subject: Some(item.id.to_string()),
                        hint: failure.hint,
                    };
                    return Ok(Ended::Failed(view));
                }
            }
        }
        let mut said = self.said(Some(job.item)).await?;
        if engine.heeds_glossary() {
            let renderings = self.renderings().await?;
            let of_item = self.rendered(renderings.as_ref(), inputs.get(1).copied()).await?;
            said.renderings.insert(job.item, of_item);
        }
        let params = params(&item, &*engine, &said);
        let key = DerivationKey::of(&inputs, engine.identity(), &params);
        let started = self.clock.now();
        let a = Application { item, engine, inputs, params, key, started, waited_ms: AtomicU64::new(0) };
        if let Some(known) = self.store.derivation(key).await?.filter(|d| d.state == DerivationState::Done) {
            if known.item == a.item.id {
                let mut tx = self.store.begin().await?;
                tx.finish_job(job.id, owner, self.clock.now()).await?;
                tx.commit().await?;
                return Ok(Ended::Skipped);
            }
            // The same bytes under another item: the same function of the same input, so the same output.
            let output = known.output.ok_or(CaseError::Inconsistent { what: "a derivation" })?;
            let media_type = known.output_media_type.clone().unwrap_or_default();
            let findings = self
                .store
                .findings(known.item)
                .await?
                .into_iter()
                .filter(|f| f.derivation == Some(key))
                .map(|f| f.finding)
                .collect();
            let kept = self.kept(output).await?;
            return self.record_done(&a, job, owner, kept, None, Checked { value: Emitted { media_type }, findings }).await;
        }
        match self.run_engine(&a, cancel, told).await? {
            Ok((stored, emitted)) => {
                // What the record knows already is read from there: this copy was not kept.
                let kept = match self.known(vec![stored.object]).await?.is_empty() {
                    true => stored.kept.clone(),
                    false => self.kept(stored.object).await?,
                };
                self.record_done(&a, job, owner, kept, Some(stored), emitted).await
            }
            Err(EngineError::Cancelled) => {
                self.store.give_back(job.id, owner, self.clock.now()).await?;
                Ok(Ended::PutBack)
            }
            Err(EngineError::Io(e)) if e.kind() == std::io::ErrorKind::StorageFull => {
                self.store.give_back(job.id, owner, self.clock.now()).await?;
                Err(CaseError::Engine(EngineError::Io(e)))
            }
            Err(e) => self.record_failed(&a, job, owner, &e).await,
        }
    }

    /// Runs the engine and keeps what it wrote.
    async fn run_engine(
        &self,
        a: &Application,
        cancel: Arc<AtomicBool>,
        told: Arc<dyn Fn(f64) + Send + Sync>,
    ) -> Result<Result<(Stored, Checked<Emitted>), EngineError>> {
        let progress = Progress::to(Arc::new(Told::new(told)));
        let parts: Arc<dyn Parts> = match a.engine.contract().emits {
            DerivativeKind::Transcript
            | DerivativeKind::SecondTranscript
            | DerivativeKind::Translation
            | DerivativeKind::SecondTranslation => Arc::new(self.begun(a.item.id, a.key)?),
            _ => Arc::new(NoParts),
        };
        let run = Run { engine: a.engine.clone(), inputs: &a.inputs, params: &a.params, parts, progress, cancel };
        let ran = match self.apply(run, &a.item.media_type).await? {
            Ok(ran) => ran,
            Err(e) => return Ok(Err(e)),
        };
        a.waited_ms.store(u64::try_from(ran.waited.as_millis()).unwrap_or(0), Ordering::Relaxed);
        let batch = self.vault.batch();
        let json = ran.emitted.value.media_type == "application/json";
        let staged = tokio::task::spawn_blocking(move || -> Result<_> {
            if json && !std::fs::read(&ran.output).is_ok_and(|bytes| facts::is_document(&bytes)) {
                return Ok(Err(EngineError::Output("it is no document".into())));
            }
            let stored = batch.put_file(&ran.output)?;
            Ok(Ok((batch, stored, ran.emitted)))
        });
        let (batch, stored, emitted) = match staged.await.map_err(|_| CaseError::Lost)?? {
            Ok(staged) => staged,
            Err(e) => return Ok(Err(e)),
        };
        let known = self.known(vec![stored.object]).await?;
        let sealed = tokio::task::spawn_blocking(move || batch.seal_each(&|o| known.contains(o)));
        sealed.await.map_err(|_| CaseError::Lost)??;
        Ok(Ok((stored, emitted)))
    }

    /// Runs an engine on a thread of its own, over files with the inputs' plain bytes. `media_type`: that of the first input.
    pub(crate) async fn apply(&self, run: Run<'_>, media_type: &str) -> Result<Result<Ran, EngineError>> {
        let scratch = self.scratch()?;
        let inputs = self.kept_all(run.inputs.iter().copied()).await?;
        let (vault, params, media_type) = (self.vault.clone(), run.params.clone(), media_type.to_owned());
        let Run { engine, parts, progress, cancel, .. } = run;
        let ran = tokio::task::spawn_blocking(move || -> Result<Result<Ran, EngineError>> {
            let mut files = Vec::new();
            for (i, kept) in inputs.iter().enumerate() {
                if let Some(lack) = no_room(&vault, kept, scratch.path())? {
                    return Ok(Err(lack));
                }
                let path = vault.materialise(kept, scratch.path())?;
                files.push(Input { path, media_type: if i == 0 { media_type.clone() } else { "application/json".into() } });
            }
            let output = scratch.path().join("output");
            let inner = scratch.path().join("work");
            std::fs::create_dir(&inner).map_err(CaseError::path(&inner))?;
            let mut work = Work {
                inputs: files,
                params: &params,
                output: output.clone(),
                scratch: &inner,
                parts: &*parts,
                progress,
                cancel,
            };
            // A bug in one engine must cost one job, not the case.
            take_waited();
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.run(&mut work)));
            let waited = take_waited();
            Ok(match result {
                Ok(Ok(emitted)) => Ok(Ran { output, emitted, waited, _scratch: scratch }),
                Ok(Err(e)) => Err(e),
                Err(_) => Err(EngineError::Failed { tool: "the engine", reason: "it stopped in the middle".into() }),
            })
        });
        ran.await.map_err(|_| CaseError::Lost)?
    }

    async fn record_done(
        &self,
        a: &Application,
        job: &JobRow,
        owner: &str,
        kept: Kept,
        made: Option<Stored>,
        emitted: Checked<Emitted>,
    ) -> Result<Ended> {
        let output = kept.object;
        let bytes = self.kept_size(&kept).await?;
        let mut facts = None;
        if emitted.value.media_type == "application/json" {
            let document = self.read_kept(kept).await?;
            facts = Some(document);
        }
        let finished = self.clock.now();
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let object = ObjectRow { id: output, bytes, media_type: emitted.value.media_type.clone(), first_seen: finished };
        let fresh = tx.add_object(&object).await?;
        if let Some(stored) = &made {
            self.keep_key(&mut tx, stored, fresh).await?;
        }
        let mut row = a.row(job.kind, EntrySeq(0), finished);
        row.output = Some(output);
        row.output_media_type = Some(emitted.value.media_type.clone());
        let act = self
            .act(a, job.kind, "done")
            .commit("output", output.to_string().into())?
            .count("findings", emitted.findings.len() as u64)
            .commit(witness::FIELD, witness::derivation(&row, &emitted.findings).into())?;
        row.entry = ledger.seal(self, &mut tx, act).await?;
        if let Recorded::Differs { .. } = tx.record_derivation(&row, &emitted.findings).await? {
            let finding = Finding::whole(
                "does-not-repeat",
                Severity::Serious,
                "the same engine gave another result from the same input; the first is kept",
            );
            tx.add_findings(a.item.id, a.key, &[finding]).await?;
        }
        if let Some(document) = facts {
            // Read inside the transaction: another derivation of the item may have changed them meanwhile.
            let mut current = tx.item(a.item.id).await?.ok_or(CaseError::Inconsistent { what: "an item" })?.facts;
            facts::take_in(&mut current, job.kind, &document);
            tx.set_facts(a.item.id, &current).await?;
        }
        self.enqueue_next(&mut tx, &a.item, job).await?;
        tx.finish_job(job.id, owner, finished).await?;
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        self.forget_begun(a.item.id, a.key);
        Ok(Ended::Done)
    }

    async fn record_failed(&self, a: &Application, job: &JobRow, owner: &str, e: &EngineError) -> Result<Ended> {
        let skipped = e.code() == "not-applicable";
        let finished = self.clock.now();
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let mut row = a.row(job.kind, EntrySeq(0), finished);
        row.state = if skipped { DerivationState::Skipped } else { DerivationState::Failed };
        row.failure = Some(failure(e));
        let act = self
            .act(a, job.kind, if skipped { "skipped" } else { "failed" })
            .code("reason", e.code())
            .commit(witness::FIELD, witness::derivation(&row, &[]).into())?;
        row.entry = ledger.seal(self, &mut tx, act).await?;
        tx.record_derivation(&row, &[]).await?;
        if skipped {
            tx.finish_job(job.id, owner, finished).await?;
        } else {
            tx.fail_job(job.id, owner, &failure(e), finished).await?;
        }
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        Ok(if skipped { Ended::Skipped } else { Ended::Failed(ErrorView::of(e, Some(a.item.id.to_string()))) })
    }

    fn act(&self, a: &Application, kind: DerivativeKind, result: &str) -> Act {
        let identity = a.engine.identity();
        let act = Act::item(&Actor::worker(), Action::Transformed, a.item.id)
            .purpose("processing")
            .code("kind", kind.word())
            .code("engine", &format!("{}/{}", identity.name, identity.version))
            .code("result", result);
        let digest = |hex: &str| hex.parse::<ObjectId>().ok().map(|o| *o.digest());
        let act = match identity.model_sha256.as_deref().and_then(digest) {
            Some(model) => act.digest("model", model),
            None => act,
        };
        match digest(&a.key.hex()) {
            Some(key) => act.digest("derivation", key),
            None => act,
        }
    }

    async fn kept_size(&self, kept: &Kept) -> Result<u64> {
        let (vault, kept) = (self.vault.clone(), kept.clone());
        let size = tokio::task::spawn_blocking(move || vault.size(&kept)).await.map_err(|_| CaseError::Lost)??;
        size.ok_or(CaseError::Inconsistent { what: "an object" })
    }
    pub(crate) async fn object_size(&self, object: ObjectId) -> Result<u64> {
        self.kept_size(&self.kept(object).await?).await
    }

    /// The bytes of a derivative document, bounded.
    pub(crate) async fn read_object(&self, object: ObjectId) -> Result<Vec<u8>> {
        self.read_kept(self.kept(object).await?).await
    }
    async fn read_kept(&self, kept: Kept) -> Result<Vec<u8>> {
        let vault = self.vault.clone();
        let read = tokio::task::spawn_blocking(move || vault.read_all(&kept, MAX_DOCUMENT));
        Ok(read.await.map_err(|_| CaseError::Lost)??)
    }
}

/// One application of an engine.
pub(crate) struct Run<'a> {
    pub engine: Arc<dyn Engine>,
    pub inputs: &'a [ObjectId],
    pub params: &'a serde_json::Value,
    /// What an earlier run left.
    pub parts: Arc<dyn Parts>,
    pub progress: Progress,
    pub cancel: Arc<AtomicBool>,
}
/// What an engine wrote; gone with the value.
pub(crate) struct Ran {
    pub output: PathBuf,
    pub emitted: Checked<Emitted>,
    /// How long it waited for its turn at a host that other derivations were asking.
    pub waited: std::time::Duration,
    _scratch: tempfile::TempDir,
}

/// Plain copies of sealed objects lie in memory: one that would fill it is refused before it does.
fn no_room(vault: &Vault, kept: &Kept, scratch: &Path) -> Result<Option<EngineError>> {
    if vault.local_path(kept).is_some() {
        return Ok(None);
    }
    let bytes = vault.size(kept)?.unwrap_or(0);
    let free = rustix::fs::statvfs(scratch).map_or(u64::MAX, |s| s.f_bavail.saturating_mul(s.f_frsize));
    Ok((bytes > free / 2).then(|| EngineError::Limit {
        tool: "the copy for decoders",
        limit: format!(
            "{} MiB of scratch memory; name a larger place, on an encrypted disk, with the setting `scratch`",
            (free / 2) >> 20
        ),
    }))
}

fn failure(e: &EngineError) -> Failure {
    Failure { code: e.code().into(), message: e.to_string(), hint: e.hint() }
}

/// Turns counts into a fraction, told at most once a percent.
struct Told {
    total: AtomicU64,
    done: AtomicU64,
    last: AtomicU64,
    to: Arc<dyn Fn(f64) + Send + Sync>,
}
impl Told {
    fn new(to: Arc<dyn Fn(f64) + Send + Sync>) -> Self {
        Self { total: AtomicU64::new(0), done: AtomicU64::new(0), last: AtomicU64::new(0), to }
    }
}
impl Meter for Told {
    fn total(&self, n: Option<u64>) {
        self.total.store(n.unwrap_or(0), Ordering::Relaxed);
    }
    fn advance(&self, n: u64) {
        let (done, total) = (self.done.fetch_add(n, Ordering::Relaxed) + n, self.total.load(Ordering::Relaxed));
        if let Some(percent) = done.saturating_mul(100).checked_div(total)
            && self.last.swap(percent, Ordering::Relaxed) != percent
        {
            (self.to)((done as f64 / total as f64).min(1.0));
        }
    }
    fn step(&self, _: Step) {}
}
