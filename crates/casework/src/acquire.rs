//! Taking in: files, folders and archives become originals with their acquisitions.
//!
//! Bytes are copied and hashed once, never changed. The same bytes from another place are one object with one more
//! acquisition; the very same acquisition again is nothing new, so that an intake that was cut off can simply be repeated.

use crate::Result;
use crate::custody::{Act, Ledger};
use crate::error::CaseError;
use crate::open::Casework;
use crate::view::{AddOutcome, ErrorView};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use zapys_domain::kind::Recognised;
use zapys_domain::provenance::{Provenance, Sensitivity};
use zapys_domain::{AcquisitionId, Action, Actor, Fault, Finding, ItemId, Lang, Private};
use zapys_store::{AcquisitionRow, DateBasis, ItemDetails, Method, NewItem, ObjectRow, Tx};
use zapys_vault::{Batch, Stored};

/// Files that are made durable and recorded together.
const BATCH_FILES: usize = 256;
/// Bytes that are made durable and recorded together.
const BATCH_BYTES: u64 = 512 << 20;

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

/// A file that is being uploaded, below the case's scratch folder.
pub struct Upload {
    dir: tempfile::TempDir,
}
impl Upload {
    fn path(&self) -> PathBuf {
        self.dir.path().join("upload")
    }
    /// The empty file to write to.
    pub fn file(&self) -> std::io::Result<File> {
        File::create(self.path())
    }
}

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
        while !queue.is_empty() {
            let mut batch = Vec::new();
            let mut bytes = 0;
            while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
                match queue.pop_front() {
                    None => break,
                    Some((path, _, Err(e))) => sink(failed(path.display().to_string(), &e)),
                    Some((path, method, Ok(len))) => {
                        bytes += len;
                        batch.push((path, method));
                    }
                }
            }
            self.acquire_batch(actor, batch, provenance, sink).await?;
        }
        Ok(())
    }

    async fn acquire_batch(
        &self,
        actor: &Actor,
        files: Vec<(PathBuf, Method)>,
        provenance: &Provenance,
        sink: &mut (dyn FnMut(AddOutcome) + Send),
    ) -> Result<()> {
        let vault = self.vault.clone();
        let results = tokio::task::spawn_blocking(move || {
            let batch = vault.batch();
            let results = keep_all(&batch, files);
            batch.seal().map(|()| results)
        })
        .await
        .map_err(|_| CaseError::Lost)??;
        let mut arrived = Vec::new();
        for (path, result) in results {
            match result {
                Ok(a) => arrived.push(a),
                Err(e) if stops_everything(&e) => return Err(e),
                Err(e) => sink(failed(path, &e)),
            }
        }
        self.admit_all(actor, arrived, provenance, None, sink).await
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
        for a in &arrived {
            let admitted = self.admit(&mut tx, &mut ledger, actor, a, provenance, parent).await?;
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
                findings: a.findings.clone(),
            });
        }
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        tracing::info!(n_files = arrived.len(), "taken in");
        outcomes.into_iter().for_each(&mut *sink);
        for (item, object, recognised, path) in archives {
            Box::pin(self.unpack(actor, item, object, &recognised, &path, provenance, sink)).await?;
        }
        Ok(())
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
        let object = a.stored.object;
        // Members of different archives are different things even where their bytes agree; so are they and loose files.
        let mut known = None;
        for id in tx.items_of(object).await? {
            let row = tx.item(id).await?.ok_or(CaseError::Inconsistent { what: "an item" })?;
            if row.parent == parent && (parent.is_none() || row.member_path.as_ref().is_some_and(|p| *p.reveal() == a.name)) {
                known = Some(id);
                break;
            }
        }
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
        let act = Act::item(actor, action, item)
            .purpose("evidence-intake")
            .authority(provenance.legal_basis.as_ref().map(|b| b.reveal().as_str()))?
            .commit("object", object.to_string().into())?
            .commit("path", a.path.clone().into())?
            .count("bytes", a.stored.bytes)
            .code("media_type", &a.recognised.media_type)
            .code("method", a.method.word());
        let act = match &provenance.source {
            Some(source) => act.commit("source", source.reveal().clone().into())?,
            None => act,
        };
        let entry = ledger.seal(self, tx, act).await?;
        let acquisition = AcquisitionId::new(self.ids.ulid(now));
        if known.is_none() {
            tx.add_object(&ObjectRow {
                id: object,
                bytes: a.stored.bytes,
                media_type: a.recognised.media_type.clone(),
                first_seen: now,
            })
            .await?;
            let details = ItemDetails {
                title: Some(Private::new(a.name.rsplit('/').next().unwrap_or(&a.name).to_owned())),
                lang: provenance.lang.clone().unwrap_or_else(Lang::und),
                recorded: provenance.recorded.clone(),
                recorded_basis: provenance.recorded.as_ref().map(|_| DateBasis::Stated),
                published: provenance.published.clone(),
                sensitivity: provenance.sensitivity.unwrap_or(Sensitivity::Internal),
                ..Default::default()
            };
            let new = NewItem {
                id: item,
                kind: a.recognised.kind,
                media_type: a.recognised.media_type.clone(),
                format: a.recognised.format.clone(),
                object,
                bytes: a.stored.bytes,
                parent,
                member_path: parent.map(|_| Private::new(a.name.clone())),
                details,
                created: now,
                entry,
            };
            tx.add_item(&new).await?;
            if !a.findings.is_empty() {
                tx.add_intake_findings(item, acquisition, &a.findings).await?;
            }
            self.enqueue_first(tx, item, &a.recognised).await?;
        }
        let row = AcquisitionRow {
            id: acquisition,
            item,
            object,
            actor: actor.clone(),
            at: now,
            method: a.method,
            path: Some(Private::new(a.path.clone())),
            provenance: provenance.clone(),
            entry,
        };
        tx.add_acquisition(&row).await?;
        Ok(Admitted { item, fresh: known.is_none() })
    }

    /// Begins an upload: a place to write the bytes to, removed again unless [`Casework::receive`] takes it.
    pub fn begin_upload(&self) -> Result<Upload> {
        Ok(Upload { dir: self.scratch()? })
    }

    /// Takes in a finished upload under the name that the browser gave.
    pub async fn receive(&self, actor: &Actor, name: &str, upload: Upload, provenance: &Provenance) -> Result<Vec<AddOutcome>> {
        let (vault, path, shown) = (self.vault.clone(), upload.path(), name.to_owned());
        let arrived = tokio::task::spawn_blocking(move || -> Result<Arrived> {
            let batch = vault.batch();
            let mut arrived = keep(&batch, &path, Method::Upload, shown)?;
            batch.seal()?;
            arrived.name = arrived.path.clone();
            Ok(arrived)
        })
        .await
        .map_err(|_| CaseError::Lost)??;
        drop(upload);
        let mut outcomes = Vec::new();
        self.admit_all(actor, vec![arrived], provenance, None, &mut |o| outcomes.push(o)).await?;
        Ok(outcomes)
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

/// Keeps files with two threads: one hashes while the other waits for the disk. Results come in the order of the files.
fn keep_all(batch: &Batch<'_>, files: Vec<(PathBuf, Method)>) -> Vec<(String, Result<Arrived>)> {
    let n = files.len();
    let queue = Mutex::new(files.into_iter().enumerate());
    let done: Mutex<Vec<Option<(String, Result<Arrived>)>>> = Mutex::new((0..n).map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..2.min(n) {
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

fn keep(batch: &Batch<'_>, path: &Path, method: Method, shown: String) -> Result<Arrived> {
    let stored = batch.put_file(path)?;
    let name = Path::new(&shown).file_name().map_or_else(|| shown.clone(), |n| n.to_string_lossy().into_owned());
    let file = File::open(path).map_err(CaseError::path(path))?;
    let (recognised, findings) = recognise(&file, &name);
    Ok(Arrived { path: shown, name, method, stored, recognised, findings })
}

/// What the bytes are, and what was noticed while looking.
pub(crate) fn recognise(file: &File, name: &str) -> (Recognised, Vec<Finding>) {
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
