//! Taking in: files, folders and archives become originals with their acquisitions.
//!
//! Bytes are copied and hashed once, never changed. The same bytes from another place are one object with one more
//! acquisition; the very same acquisition again is nothing new, so that an intake that was cut off can simply be repeated.

use crate::Result;
use crate::bytes::InBatch;
use crate::custody::{Act, Ledger};
use crate::error::CaseError;
use crate::open::Casework;
use crate::view::{AddOutcome, ErrorView};
use crate::witness;
use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tokio::task::JoinHandle;
use zapys_domain::kind::Recognised;
use zapys_domain::provenance::{Provenance, Sensitivity};
use zapys_domain::{AcquisitionId, Action, Actor, EntrySeq, Fault, Finding, Instant, ItemId, Lang, ObjectId, Private};
use zapys_formats::RandomRead;
use zapys_keys::Secret;
use zapys_keys::stream::{Opener, Sealer, Window};
use zapys_store::{AcquisitionRow, Admission, DateBasis, ItemDetails, Method, NewItem, ObjectRow, Tx};
use zapys_vault::{Batch, Stored};

/// Files that are made durable and recorded together.
const BATCH_FILES: usize = 512;
/// Bytes that are made durable and recorded together.
const BATCH_BYTES: u64 = 256 << 20;

/// A file on its way in.
pub(crate) struct Arrived {
    /// As shown to the person; also what makes an acquisition the same one.
    pub path: String,
    /// Name of the file itself.
    pub name: String,
    pub method: Method,
    pub stored: Stored,
    pub recognised: Recognised,
    pub findings: Vec<Finding>,
}

/// What became of it in the record.
pub(crate) struct Admitted {
    pub item: ItemId,
    pub fresh: bool,
}

/// A file that is being uploaded. It waits on the disk of the case; in an encrypted case sealed under a key that dies with it.
pub struct Upload {
    dir: tempfile::TempDir,
    key: Option<Secret>,
}
impl Upload {
    fn path(&self) -> PathBuf {
        self.dir.path().join("upload")
    }
    /// Where to write to. It must be ended by [`UploadWriter::finish`].
    pub fn writer(&self) -> std::io::Result<UploadWriter> {
        let file = std::io::BufWriter::with_capacity(256 << 10, File::create(self.path())?);
        Ok(match &self.key {
            Some(key) => UploadWriter::Sealed(Box::new(Sealer::new(file, key)?)),
            None => UploadWriter::Plain(file),
        })
    }
    /// The bytes again.
    fn reader(&self) -> std::io::Result<Box<dyn Read + Send>> {
        let file = File::open(self.path())?;
        let Some(key) = &self.key else { return Ok(Box::new(file)) };
        let window = Window::new(file.metadata()?.len(), 0..u64::MAX).ok_or(std::io::ErrorKind::UnexpectedEof)?;
        Ok(Box::new(Opener::new(file, key, window)))
    }
}
/// Takes the bytes of an upload.
pub enum UploadWriter {
    #[allow(missing_docs)]
    Plain(std::io::BufWriter<File>),
    #[allow(missing_docs)]
    Sealed(Box<Sealer<std::io::BufWriter<File>>>),
}
impl UploadWriter {
    /// Takes a part.
    pub fn take(&mut self, part: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(part),
            Self::Sealed(sealer) => sealer.write_all(part),
        }
    }
    /// Ends the upload.
    pub fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Sealed(sealer) => sealer.finish()?.flush(),
        }
    }
}

/// What was noticed in the file, and what intake asks about it.
fn findings(a: &Arrived, provenance: &Provenance) -> Vec<Finding> {
    let asked = crate::handover::intake_findings(a.recognised.kind, provenance);
    a.findings.iter().cloned().chain(asked).collect()
}

/// Files read into a batch, and what became of each by its shown path.
type Staged = (Batch, Vec<(String, Result<Arrived>)>);

/// A path that is a plain file, or why it cannot be taken in.
type Found = (PathBuf, Method, Result<u64, CaseError>);

impl Casework {
    /// Takes in everything below `paths`. Each file's outcome goes to `sink` once it is durable; a file that cannot be
    /// read is an outcome, not an error.
    pub async fn acquire(
        &self,
        actor: &Actor,
        paths: &[PathBuf],
        provenance: &Provenance,
        sink: &mut (dyn FnMut(AddOutcome) + Send),
    ) -> Result<()> {
        let mut queue: VecDeque<Found> = walk(paths).into();
        // Three things at once: files are read, those read before are made durable, and those before them are recorded.
        let mut reading = self.stage(&mut queue, sink);
        let mut durable: Option<Vec<Arrived>> = None;
        loop {
            let staged = match reading.take() {
                Some(reading) => Some(reading.await.map_err(|_| CaseError::Lost)?),
                None => None,
            };
            if staged.is_none() && durable.is_none() {
                return Ok(());
            }
            reading = self.stage(&mut queue, sink);
            let ended = self.next_two(actor, &mut durable, staged, provenance, sink).await;
            if let Err(e) = ended {
                if let Some(reading) = reading {
                    // What it holds goes with it.
                    let _ = reading.await;
                }
                return Err(e);
            }
        }
    }
    /// Records what is `durable`, and makes durable what is `staged`, which then takes its place.
    async fn next_two(
        &self,
        actor: &Actor,
        durable: &mut Option<Vec<Arrived>>,
        staged: Option<Staged>,
        provenance: &Provenance,
        sink: &mut (dyn FnMut(AddOutcome) + Send),
    ) -> Result<()> {
        let before = durable.take().unwrap_or_default();
        let mut troubled = Vec::new();
        let ours = before.iter().map(|a| a.stored.object).collect();
        let archives = before.iter().any(|a| crate::unpack::is_archive(&a.recognised));
        let made;
        if archives {
            // Their members may be what comes next, and must be known by then.
            self.admit_all(actor, before, provenance, None, sink).await?;
            made = self.make_durable(staged, BTreeSet::new(), &mut troubled).await;
        } else {
            let recorded = self.admit_all(actor, before, provenance, None, sink);
            let ended = futures_util::join!(recorded, self.make_durable(staged, ours, &mut troubled));
            ended.0?;
            made = ended.1;
        }
        // Told also where one of them stops everything.
        troubled.into_iter().for_each(sink);
        *durable = made?;
        Ok(())
    }
    /// Makes files durable that were read. `pending`: objects that are being recorded meanwhile. Those that could not be read
    /// are told in `troubled`.
    async fn make_durable(
        &self,
        staged: Option<Staged>,
        pending: BTreeSet<ObjectId>,
        troubled: &mut Vec<AddOutcome>,
    ) -> Result<Option<Vec<Arrived>>> {
        let Some((batch, results)) = staged else { return Ok(None) };
        self.seal_beside(batch, pending).await?;
        let mut arrived = Vec::new();
        for (path, result) in results {
            match result {
                Ok(a) => arrived.push(a),
                Err(e) if stops_everything(&e) => return Err(e),
                Err(e) => troubled.push(failed(path, &e)),
            }
        }
        Ok(Some(arrived))
    }

    /// Begins to read the next files of the queue. Those that were not found are told; `None` at the end.
    fn stage(&self, queue: &mut VecDeque<Found>, sink: &mut (dyn FnMut(AddOutcome) + Send)) -> Option<JoinHandle<Staged>> {
        let mut files = Vec::new();
        let mut bytes = 0;
        while files.len() < BATCH_FILES && bytes < BATCH_BYTES {
            match queue.pop_front() {
                None => break,
                Some((path, _, Err(e))) => sink(failed(path.display().to_string(), &e)),
                Some((path, method, Ok(len))) => {
                    bytes += len;
                    files.push((path, method));
                }
            }
        }
        if files.is_empty() {
            return None;
        }
        let batch = self.vault.batch();
        Some(tokio::task::spawn_blocking(move || {
            let results = keep_all(&batch, files);
            (batch, results)
        }))
    }

    /// Makes a batch durable, without what the record has already.
    pub(crate) async fn seal(&self, batch: Batch) -> Result<()> {
        self.seal_beside(batch, BTreeSet::new()).await
    }
    /// The same, also without what is recorded meanwhile.
    async fn seal_beside(&self, batch: Batch, pending: BTreeSet<ObjectId>) -> Result<()> {
        let mut known = self.known(batch.objects()).await?;
        known.extend(pending);
        let sealed = tokio::task::spawn_blocking(move || batch.seal(&|o| known.contains(o)));
        Ok(sealed.await.map_err(|_| CaseError::Lost)??)
    }

    /// Records a batch in one transaction, tells the outcomes, and opens the archives among them.
    pub(crate) async fn admit_all(
        &self,
        actor: &Actor,
        arrived: Vec<Arrived>,
        provenance: &Provenance,
        parent: Option<ItemId>,
        sink: &mut (dyn FnMut(AddOutcome) + Send),
    ) -> Result<()> {
        if arrived.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let mut outcomes = Vec::new();
        let mut archives = Vec::new();
        let objects: Vec<ObjectId> = arrived.iter().map(|a| a.stored.object).collect();
        let mut known = tx.objects_known(&objects).await?;
        let mut new = Vec::new();
        for a in &arrived {
            let admitted = if known.insert(a.stored.object) {
                let admission = self.admission(&mut tx, &mut ledger, actor, a, provenance, parent).await?;
                let item = admission.item.id;
                new.push(admission);
                Admitted { item, fresh: true }
            } else {
                // It may be one of those that wait.
                self.write_new(&mut tx, &mut ledger, &mut new).await?;
                self.admit(&mut tx, &mut ledger, actor, a, provenance, parent).await?
            };
            if crate::unpack::is_archive(&a.recognised) {
                archives.push((admitted.item, a.stored.object, a.recognised.clone(), a.path.clone()));
            }
            outcomes.push(AddOutcome {
                status: if admitted.fresh { "added" } else { "duplicate" },
                item: Some(admitted.item),
                object: Some(a.stored.object.to_string()),
                bytes: Some(a.stored.bytes),
                media_type: Some(a.recognised.media_type.clone()),
                kind: Some(a.recognised.kind),
                path: a.path.clone(),
                duplicate_of: (!admitted.fresh).then_some(admitted.item),
                error: None,
                findings: findings(a, provenance),
            });
        }
        self.write_new(&mut tx, &mut ledger, &mut new).await?;
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        tracing::info!(n_files = arrived.len(), "taken in");
        outcomes.into_iter().for_each(&mut *sink);
        for (item, object, recognised, path) in archives {
            Box::pin(self.unpack(actor, item, object, &recognised, &path, provenance, sink)).await?;
        }
        Ok(())
    }

    async fn write_new(&self, tx: &mut Tx, ledger: &mut Ledger, new: &mut Vec<Admission>) -> Result<()> {
        ledger.write(tx).await?;
        tx.admit(&std::mem::take(new), self.clock.now()).await?;
        Ok(())
    }

    /// The rows of an object that the record does not know. Its entry is sealed; neither is written yet.
    async fn admission(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        actor: &Actor,
        a: &Arrived,
        provenance: &Provenance,
        parent: Option<ItemId>,
    ) -> Result<Admission> {
        let now = self.clock.now();
        let item = ItemId::new(self.ids.ulid(now));
        let mut acquisition = self.acquisition(item, actor, a, provenance, now);
        let mut new = new_item(item, a, provenance, parent, now);
        let findings = findings(a, provenance);
        let act = intake(actor, Action::Imported, &acquisition, a, Some(&new), &findings)?;
        let entry = ledger.seal_first(self, tx, act).await?;
        (acquisition.entry, new.entry) = (entry, entry);
        Ok(Admission {
            object: object_row(a, now),
            key: self.key_row(&a.stored)?,
            item: new,
            acquisition,
            findings,
            jobs: self.first_jobs(item, &a.recognised, now),
        })
    }

    fn acquisition(&self, item: ItemId, actor: &Actor, a: &Arrived, provenance: &Provenance, now: Instant) -> AcquisitionRow {
        AcquisitionRow {
            id: AcquisitionId::new(self.ids.ulid(now)),
            item,
            object: a.stored.object,
            actor: actor.clone(),
            at: now,
            method: a.method,
            path: Some(Private::new(a.path.clone())),
            provenance: provenance.clone(),
            // Known once it is sealed.
            entry: EntrySeq(0),
        }
    }

    async fn admit(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        actor: &Actor,
        a: &Arrived,
        provenance: &Provenance,
        parent: Option<ItemId>,
    ) -> Result<Admitted> {
        // Members of different archives are different things even where their bytes agree; so are they and loose files.
        let known = tx.item_as(a.stored.object, parent.map(|p| (p, a.name.as_str()))).await?;
        if let Some(item) = known {
            let same =
                |row: &AcquisitionRow| row.path.as_ref().is_some_and(|p| *p.reveal() == a.path) && row.provenance == *provenance;
            if tx.acquisitions(item).await?.iter().any(same) {
                return Ok(Admitted { item, fresh: false });
            }
        }
        let now = self.clock.now();
        let item = known.unwrap_or_else(|| ItemId::new(self.ids.ulid(now)));
        let action = if known.is_some() { Action::Received } else { Action::Imported };
        let mut row = self.acquisition(item, actor, a, provenance, now);
        let mut new = known.is_none().then(|| new_item(item, a, provenance, parent, now));
        let findings = if new.is_some() { findings(a, provenance) } else { Vec::new() };
        let act = intake(actor, action, &row, a, new.as_ref(), &findings)?;
        let entry = ledger.seal(self, tx, act).await?;
        row.entry = entry;
        if let Some(mut new) = new.take() {
            new.entry = entry;
            let fresh = tx.add_object(&object_row(a, now)).await?;
            self.keep_key(tx, &a.stored, fresh).await?;
            tx.add_item(&new).await?;
            if !findings.is_empty() {
                tx.add_intake_findings(item, row.id, &findings).await?;
            }
            tx.enqueue_all(&self.first_jobs(item, &a.recognised, now), now).await?;
        }
        tx.add_acquisition(&row).await?;
        if let (Some(item), Some(level)) = (known, provenance.sensitivity) {
            // Whoever says that it needs more protection is heard, however late.
            self.protect(tx, ledger, actor, item, level, false).await?;
        }
        Ok(Admitted { item, fresh: known.is_none() })
    }

    /// Begins an upload: a place to write the bytes to, removed again unless [`Casework::receive`] takes it.
    pub fn begin_upload(&self) -> Result<Upload> {
        let parent = self.spool();
        let dir = tempfile::TempDir::with_prefix_in("u-", &parent).map_err(CaseError::path(parent))?;
        Ok(Upload { dir, key: self.keys.is_some().then(Secret::random) })
    }

    /// Takes in a finished upload under the name that the browser gave.
    pub async fn receive(&self, actor: &Actor, name: &str, upload: Upload, provenance: &Provenance) -> Result<Vec<AddOutcome>> {
        let (batch, shown) = (self.vault.batch(), name.to_owned());
        let (batch, arrived) = tokio::task::spawn_blocking(move || -> Result<(Batch, Arrived)> {
            let stored = batch.put(&mut *upload.reader().map_err(CaseError::from_upload)?)?;
            let (recognised, findings) = recognise(&InBatch::new(&batch, &stored), &shown);
            let arrived = Arrived { path: shown.clone(), name: shown, method: Method::Upload, stored, recognised, findings };
            Ok((batch, arrived))
        })
        .await
        .map_err(|_| CaseError::Lost)??;
        self.seal(batch).await?;
        let mut outcomes = Vec::new();
        self.admit_all(actor, vec![arrived], provenance, None, &mut |o| outcomes.push(o)).await?;
        Ok(outcomes)
    }
}

/// The event of an acquisition.
fn intake(
    actor: &Actor,
    action: Action,
    row: &AcquisitionRow,
    a: &Arrived,
    new: Option<&NewItem>,
    findings: &[Finding],
) -> Result<Act> {
    let provenance = &row.provenance;
    let act = Act::item(actor, action, row.item)
        .purpose("evidence-intake")
        .authority(provenance.legal_basis.as_ref().map(|b| b.reveal().as_str()))?
        .commit("object", row.object.to_string().into())?
        .commit("path", a.path.clone().into())?
        .count("bytes", a.stored.bytes)
        .code("media_type", &a.recognised.media_type)
        .code("method", a.method.word());
    let act = match &provenance.source {
        Some(source) => act.commit("source", source.reveal().clone().into())?,
        None => act,
    };
    let witness = witness::acquisition(row, new.map(witness::new_item).as_ref(), findings);
    act.count("findings", findings.len() as u64).commit(witness::FIELD, witness.into())
}

fn object_row(a: &Arrived, now: Instant) -> ObjectRow {
    ObjectRow { id: a.stored.object, bytes: a.stored.bytes, media_type: a.recognised.media_type.clone(), first_seen: now }
}

/// The item that an arrival begins; its entry is not known yet.
fn new_item(item: ItemId, a: &Arrived, provenance: &Provenance, parent: Option<ItemId>, now: Instant) -> NewItem {
    NewItem {
        id: item,
        kind: a.recognised.kind,
        media_type: a.recognised.media_type.clone(),
        format: a.recognised.format.clone(),
        object: a.stored.object,
        bytes: a.stored.bytes,
        parent,
        member_path: parent.map(|_| Private::new(a.name.clone())),
        details: ItemDetails {
            title: Some(Private::new(a.name.rsplit('/').next().unwrap_or(&a.name).to_owned())),
            lang: provenance.lang.clone().unwrap_or_else(Lang::und),
            recorded: provenance.recorded.clone(),
            recorded_basis: provenance.recorded.as_ref().map(|_| DateBasis::Stated),
            published: provenance.published.clone(),
            sensitivity: provenance.sensitivity.unwrap_or(Sensitivity::Internal),
            ..Default::default()
        },
        created: now,
        entry: EntrySeq(0),
    }
}

pub(crate) fn failed(path: String, e: &CaseError) -> AddOutcome {
    AddOutcome {
        status: "failed",
        item: None,
        object: None,
        bytes: None,
        media_type: None,
        kind: None,
        path,
        duplicate_of: None,
        error: Some(ErrorView::of(e, None)),
        findings: Vec::new(),
    }
}

/// A full disk or a broken vault is no fault of one file: go no further.
pub(crate) fn stops_everything(e: &CaseError) -> bool {
    matches!(e.code(), "disk-full" | "vault-denied" | "read-only")
}

/// Keeps files with several threads: one hashes while another waits for the disk. Results come in the order of the files.
fn keep_all(batch: &Batch, files: Vec<(PathBuf, Method)>) -> Vec<(String, Result<Arrived>)> {
    let n = files.len();
    let queue = Mutex::new(files.into_iter().enumerate());
    let mut none_yet: Vec<Option<(String, Result<Arrived>)>> = Vec::new();
    none_yet.resize_with(n, || None);
    let done = Mutex::new(none_yet);
    // Each waits for the disk half of its time.
    let threads = 2 * std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 8);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(n) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|p| p.into_inner()).next();
                    let Some((i, (path, method))) = next else { break };
                    let shown = path.display().to_string();
                    let result = keep(batch, &path, method, shown.clone());
                    done.lock().unwrap_or_else(|p| p.into_inner())[i] = Some((shown, result));
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(|p| p.into_inner()).into_iter().flatten().collect()
}

fn keep(batch: &Batch, path: &Path, method: Method, shown: String) -> Result<Arrived> {
    let stored = batch.put_file(path)?;
    let name = Path::new(&shown).file_name().map_or_else(|| shown.clone(), |n| n.to_string_lossy().into_owned());
    let file = File::open(path).map_err(CaseError::path(path))?;
    let (recognised, findings) = recognise(&file, &name);
    Ok(Arrived { path: shown, name, method, stored, recognised, findings })
}

/// What the bytes are, and what was noticed while looking.
pub(crate) fn recognise(file: &dyn RandomRead, name: &str) -> (Recognised, Vec<Finding>) {
    match zapys_formats::examine(file, Some(name)) {
        Ok(sighting) => (sighting.recognised, sighting.findings),
        Err(_) => (zapys_formats::recognise(file, Some(name)), Vec::new()),
    }
}

/// Every plain file below the paths, in a stable order. Paths stay as the person typed them: where their folders lie on this
/// machine is nobody's business. Links inside folders are not followed: they may lead out of what was handed over, or in circles.
fn walk(paths: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        let path: PathBuf = path.components().collect();
        // A link that the person names is what they mean.
        match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => found.push((path, Method::File, Ok(meta.len()))),
            Ok(meta) if meta.is_dir() => list(path, &mut found),
            _ => visit(path, Method::File, &mut found),
        }
    }
    found
}

fn visit(path: PathBuf, method: Method, found: &mut Vec<Found>) {
    let meta = match fs::symlink_metadata(&path) {
        Ok(meta) => meta,
        Err(e) => return found.push((path.clone(), method, Err(CaseError::path(path)(e)))),
    };
    if meta.is_file() {
        return found.push((path, method, Ok(meta.len())));
    }
    if !meta.is_dir() {
        let e = std::io::Error::new(std::io::ErrorKind::Unsupported, "it is a link or a device, not a file");
        return found.push((path.clone(), method, Err(CaseError::path(path)(e))));
    }
    list(path, found);
}

/// What a folder holds, in order of name.
fn list(path: PathBuf, found: &mut Vec<Found>) {
    let entries = fs::read_dir(&path).and_then(|all| all.map(|e| e.map(|e| e.path())).collect::<std::io::Result<Vec<_>>>());
    match entries {
        Ok(mut entries) => {
            entries.sort();
            entries.into_iter().for_each(|e| visit(e, Method::Folder, found));
        }
        Err(e) => found.push((path.clone(), Method::Folder, Err(CaseError::path(path)(e)))),
    }
}
