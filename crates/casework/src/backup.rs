//! The whole case out into a folder, in again, and onto other stores; every object and entry checked on the way.
//!
//! A backup holds sealed bytes as they rest and the record row by row, sealed as well: it needs the same ways in as the case,
//! and tells as little. `SHA256SUMS` lets anyone see with common tools that it is whole.

use crate::Result;
use crate::custody::Act;
use crate::error::CaseError;
use crate::open::{Casework, Places, private_file};
use crate::settings::Settings;
use crate::unlock::KEY_FILE;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zapys_domain::text::{hex, unhex};
use zapys_domain::{Action, Actor, CaseId, Instant, ObjectId};
use zapys_keys::Secret;
use zapys_keys::stream::{Opener, Sealer, Window};
use zapys_ledger::Hash;
use zapys_store::{RowOut, Store};
use zapys_vault::{Kept, SealedName, Vault};

/// What a backup says of itself.
const HEAD: &str = "zapys-backup.json";
const SUMS: &str = "SHA256SUMS";
const RECORD: &str = "record.jsonl";
const OBJECTS: &str = "objects";
const FORMAT: &str = "zapys-backup";
const VERSION: u32 = 1;
/// Objects between two tellings.
const OFTEN: u64 = 50;
/// Longest row that is read back, in bytes.
const MAX_ROW: u64 = 64 << 20;

/// How far a backup, restore or move is.
#[derive(Clone, Debug, Serialize)]
pub struct Copied {
    /// `record`, `objects`, `check`; the last line is `summary`.
    pub event: &'static str,
    /// Rows or objects done.
    pub done: u64,
    /// Of how many, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// What a backup, restore or move came to.
#[derive(Clone, Debug, Serialize)]
pub struct CopySummary {
    /// Always `summary`.
    pub event: &'static str,
    /// Objects copied and checked.
    pub done: u64,
    /// The same: all of them.
    pub total: u64,
    /// Rows of the record.
    pub rows: u64,
    /// Entries of the ledger.
    pub ledger_size: u64,
    /// Root over them, base64.
    pub ledger_root: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    version: u32,
    case: CaseId,
    made: Instant,
    encrypted: bool,
    rows: u64,
    objects: u64,
    ledger_size: u64,
    ledger_root: String,
    /// Salt of the record's key; empty in a plain backup.
    salt: String,
}

/// Tells how far it is.
pub type Tell<'a> = &'a mut (dyn FnMut(Copied) + Send);

impl Casework {
    /// Writes the whole case into the new folder `path`. Errors: an object that is not what it was; then there is no backup.
    pub async fn backup(&self, actor: &Actor, path: &Path, tell: Tell<'_>) -> Result<CopySummary> {
        self.must_write()?;
        if path.exists() {
            return Err(CaseError::NotEmpty { path: path.into() });
        }
        // Known before it leaves: the copy itself holds this entry.
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = Act::case(self, actor, Action::Copied).purpose("backup");
        ledger.seal(self, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        tx.commit().await?;

        let partial = path.with_file_name(format!("{}.partial", path.file_name().unwrap_or_default().to_string_lossy()));
        let _ = fs::remove_dir_all(&partial);
        let made = self.fill_backup(&partial, tell).await;
        match made {
            Ok(summary) => {
                fs::rename(&partial, path).map_err(CaseError::path(path))?;
                sync_folder(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
                Ok(summary)
            }
            Err(e) => {
                let _ = fs::remove_dir_all(&partial);
                Err(e)
            }
        }
    }

    async fn fill_backup(&self, dir: &Path, tell: Tell<'_>) -> Result<CopySummary> {
        fs::create_dir_all(dir.join(OBJECTS)).map_err(CaseError::path(dir))?;
        let mut sums = Sums::default();
        for name in ["case.toml", "ledger.key", KEY_FILE] {
            let from = self.dir.join(name);
            if from.is_file() {
                let bytes = fs::read(&from).map_err(CaseError::path(&from))?;
                private_file(&dir.join(name), &bytes)?;
                sums.add(name, &bytes);
            }
        }
        let head = self.store.head().await?;
        let root = self.root_at(head.size).await?;
        let salt = self.ring().map(|_| Secret::random());
        let rows = self.write_record(dir, salt.as_ref(), &mut sums, tell).await?;
        let objects = self.copy_objects(&Out::Folder(dir.join(OBJECTS)), &mut sums, tell).await?;
        let head = Head {
            format: FORMAT.into(),
            version: VERSION,
            case: self.id(),
            made: self.clock.now(),
            encrypted: self.keys.is_some(),
            rows,
            objects,
            ledger_size: head.size,
            ledger_root: root.base64(),
            salt: salt.map(|s| s.hex().to_string()).unwrap_or_default(),
        };
        let mut text = serde_json::to_vec_pretty(&head).map_err(|_| CaseError::Inconsistent { what: "the backup" })?;
        text.push(b'\n');
        private_file(&dir.join(HEAD), &text)?;
        sums.add(HEAD, &text);
        private_file(&dir.join(SUMS), sums.text().as_bytes())?;
        flush_all(dir)?;
        Ok(summary(&head))
    }

    async fn write_record(&self, dir: &Path, salt: Option<&Secret>, sums: &mut Sums, tell: Tell<'_>) -> Result<u64> {
        let path = dir.join(RECORD);
        let file = File::create(&path).map_err(CaseError::path(&path))?;
        let key = self.record_file_key(salt);
        let mut out = Lines::new(Summed { out: BufWriter::new(file), hash: Sha256::new() }, key.as_ref())
            .map_err(CaseError::path(&path))?;
        let mut n = 0u64;
        let rows = self
            .store
            .snapshot(|row: RowOut| -> Result<()> {
                let line = serde_json::to_vec(&row).map_err(|_| CaseError::Inconsistent { what: "a row" })?;
                out.line(&line).map_err(CaseError::path(&path))?;
                n += 1;
                if n.is_multiple_of(20_000) {
                    tell(Copied { event: "record", done: n, total: None });
                }
                Ok(())
            })
            .await?;
        let summed = out.finish().map_err(CaseError::path(&path))?;
        sums.0.insert(RECORD.into(), hex(&summed.hash.finalize()));
        let file = summed.out.into_inner().map_err(|e| CaseError::path(&path)(e.into_error()))?;
        file.sync_all().map_err(CaseError::path(&path))?;
        tell(Copied { event: "record", done: rows, total: Some(rows) });
        Ok(rows)
    }

    /// Copies every object that the record names, as it rests, after checking it. Answers how many.
    async fn copy_objects(&self, to: &Out, sums: &mut Sums, tell: Tell<'_>) -> Result<u64> {
        let total = self.store.counts().await?.objects;
        let disposed: std::collections::BTreeSet<ObjectId> = self.store.disposed_objects().await?.into_iter().collect();
        let mut done = 0;
        let mut after = None;
        loop {
            let rows = self.store.objects(after, 500).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            let wanted = rows.iter().map(|r| r.id).filter(|o| !disposed.contains(o));
            for kept in self.kept_all(wanted).await? {
                let (vault, to, name) = (self.vault.clone(), to.clone(), kept.name());
                let copy = move || -> Result<String> {
                    vault.check(&kept).map_err(CaseError::Damage)?;
                    let (mut body, len) = vault.raw(&kept.name())?;
                    to.put(&kept.name(), &mut body, len)
                };
                let sum = tokio::task::spawn_blocking(copy).await.map_err(|_| CaseError::Lost)??;
                let (first, rest) = name.halves();
                sums.0.insert(format!("{OBJECTS}/{first}/{rest}"), sum);
                done += 1;
                if done % OFTEN == 0 {
                    tell(Copied { event: "objects", done, total: Some(total) });
                }
            }
        }
        tell(Copied { event: "objects", done, total: Some(total) });
        Ok(done)
    }

    /// Makes the case in the new folder `dir` that the backup at `path` was made of, and opens it. `places`: where record and
    /// objects go. Errors: a backup that is not whole, of another format, or that its key does not open; then there is no case.
    pub async fn restore(
        path: &Path,
        dir: &Path,
        places: &Places,
        settings: &Settings,
        actor: &Actor,
        tell: Tell<'_>,
    ) -> Result<(Self, CopySummary)> {
        let head = read_head(path)?;
        let sums = Sums::read(path)?;
        let (from, listed) = (path.to_owned(), sums.0.clone());
        let whole = tokio::task::spawn_blocking(move || check_sums(&from, &listed));
        let n_files = whole.await.map_err(|_| CaseError::Lost)??;
        tell(Copied { event: "check", done: n_files, total: Some(n_files) });
        let begun = Self::begin_restore(path, dir, places, settings).await;
        if begun.is_err() && dir.join(crate::open::UNFINISHED).exists() {
            let _ = fs::remove_dir_all(dir);
        }
        let case = begun?;
        let filled = case.fill_restored(path, &head, &sums, tell).await;
        match filled {
            Ok(()) => {}
            Err(e) => {
                drop(case);
                let _ = fs::remove_dir_all(dir);
                return Err(e);
            }
        }
        case.finish_restore()?;
        let mut tx = case.store.begin().await?;
        let mut ledger = case.ledger(&mut tx).await?;
        let act = Act::case(&case, actor, Action::Received).purpose("restore").count("objects", head.objects);
        ledger.seal(&case, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        case.reindex().await?;
        Ok((case, summary(&head)))
    }

    async fn fill_restored(&self, path: &Path, head: &Head, sums: &Sums, tell: Tell<'_>) -> Result<()> {
        let bad = |reason: &str| CaseError::BadBackup { reason: reason.into() };
        if head.case != self.id() {
            return Err(bad("its parts are of different cases"));
        }
        // Objects first: a record never names what is not there.
        let names: Vec<SealedName> =
            sums.0.keys().filter_map(|k| SealedName::parse(&k.strip_prefix(OBJECTS)?.replace('/', ""))).collect();
        if names.len() as u64 != head.objects {
            return Err(bad("it does not have the objects that it says"));
        }
        let total = names.len() as u64;
        for (i, name) in names.into_iter().enumerate() {
            let (vault, from) = (self.vault.clone(), path.join(OBJECTS).join(name.halves().0).join(name.halves().1));
            let put = move || -> Result<()> {
                let mut file = File::open(&from).map_err(CaseError::path(&from))?;
                let len = file.metadata().map_err(CaseError::path(&from))?.len();
                Ok(vault.put_raw(&name, &mut file, len)?)
            };
            tokio::task::spawn_blocking(put).await.map_err(|_| CaseError::Lost)??;
            if (i as u64 + 1).is_multiple_of(OFTEN) || i as u64 + 1 == total {
                tell(Copied { event: "objects", done: i as u64 + 1, total: Some(total) });
            }
        }
        let salt = unhex(&head.salt).and_then(|salt| Secret::from_slice(&salt));
        if salt.is_some() != self.keys.is_some() {
            return Err(bad("its record and its keys do not belong together"));
        }
        let key = self.record_file_key(salt.as_ref());
        load_record(&self.store, &path.join(RECORD), key, head.rows, tell).await?;
        self.same_ledger(head.ledger_size, &head.ledger_root).await
    }

    /// The key of a file of rows.
    fn record_file_key(&self, salt: Option<&Secret>) -> Option<Secret> {
        let (salt, ring) = (salt?, self.ring()?);
        Some(ring.keys.record().derive(salt.expose(), "zapys/backup-record/v1"))
    }

    async fn same_ledger(&self, size: u64, root: &str) -> Result<()> {
        let bad = |reason: &str| CaseError::BadBackup { reason: reason.into() };
        if self.store.head().await?.size != size {
            return Err(bad("its ledger is not as long as it says"));
        }
        let mut leaves = Vec::new();
        for row in self.all_entries(0..size).await? {
            leaves.push(Hash::leaf(row.canonical.as_bytes()));
        }
        let found = zapys_ledger::tree::root(&leaves, size).map_err(|e| CaseError::Ledger(e.to_string()))?;
        if found.base64() != root { Err(bad("its ledger is not the one it says")) } else { Ok(()) }
    }

    /// Puts record and objects onto other stores; `None` leaves a part where it is. What was there before stays under another
    /// name (`….moved`), or on its server, until somebody removes it. Errors: the new place is not empty; a copy that differs.
    pub async fn move_to(
        self,
        actor: &Actor,
        database: Option<&str>,
        objects: Option<&str>,
        tell: Tell<'_>,
    ) -> Result<CopySummary> {
        self.must_write()?;
        let mut places = self.places();
        let old = places.clone();
        if let Some(objects) = objects {
            places.objects = Some(objects.to_owned()).filter(|o| o != "local");
        }
        if let Some(database) = database {
            places.database = Some(database.to_owned()).filter(|d| d != "local");
        }
        if places == old {
            return Err(CaseError::Flag { flag: "--database or --objects", wants: "another place than the one it is in" });
        }
        let head = self.store.head().await?;
        let root = self.root_at(head.size).await?.base64();
        let mut done = self.store.counts().await?.objects;
        if places.objects != old.objects {
            let vault = Arc::new(self.other_vault(&places)?);
            done = self.copy_objects(&Out::Vault(vault.clone()), &mut Sums::default(), tell).await?;
            self.check_copies(vault, tell).await?;
        }
        let mut rows = 0;
        let mut store = self.store.clone();
        if places.database != old.database {
            store = self.other_store(&places).await?;
            let waiting = tempfile::TempDir::with_prefix_in("m-", self.spool()).map_err(CaseError::path(self.spool()))?;
            let salt = self.ring().map(|_| Secret::random());
            rows = self.write_record(waiting.path(), salt.as_ref(), &mut Sums::default(), tell).await?;
            let key = self.record_file_key(salt.as_ref());
            load_record(&store, &waiting.path().join(RECORD), key, rows, tell).await?;
        }
        let moved = self.moved_to(places.clone(), store)?;
        if old.database != places.database {
            moved.same_ledger(head.size, &root).await?;
        }
        let mut tx = moved.store.begin().await?;
        let mut ledger = moved.ledger(&mut tx).await?;
        let act = Act::case(&moved, actor, Action::Copied).purpose("move").count("objects", done);
        ledger.seal(&moved, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        moved.settle_move(&old)?;
        Ok(CopySummary { event: "summary", done, total: done, rows, ledger_size: head.size, ledger_root: root })
    }

    async fn check_copies(&self, vault: Arc<Vault>, tell: Tell<'_>) -> Result<()> {
        let mut after = None;
        let mut done = 0;
        let disposed: std::collections::BTreeSet<ObjectId> = self.store.disposed_objects().await?.into_iter().collect();
        loop {
            let rows = self.store.objects(after, 500).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            let kept: Vec<Kept> = self.kept_all(rows.iter().map(|r| r.id).filter(|o| !disposed.contains(o))).await?;
            done += kept.len() as u64;
            let vault = vault.clone();
            let check = move || kept.iter().try_for_each(|k| vault.check(k).map(drop)).map_err(CaseError::Damage);
            tokio::task::spawn_blocking(check).await.map_err(|_| CaseError::Lost)??;
            tell(Copied { event: "check", done, total: None });
        }
        Ok(())
    }
}

fn summary(head: &Head) -> CopySummary {
    CopySummary {
        event: "summary",
        done: head.objects,
        total: head.objects,
        rows: head.rows,
        ledger_size: head.ledger_size,
        ledger_root: head.ledger_root.clone(),
    }
}

/// Where objects are copied to.
#[derive(Clone)]
enum Out {
    Folder(PathBuf),
    Vault(Arc<Vault>),
}
impl Out {
    /// Copies one; answers the SHA-256 of what rests there.
    fn put(&self, name: &SealedName, body: &mut dyn Read, len: u64) -> Result<String> {
        match self {
            Self::Vault(vault) => vault.put_raw(name, body, len).map(|()| String::new()).map_err(CaseError::from),
            Self::Folder(folder) => {
                let (first, rest) = name.halves();
                let folder = folder.join(first);
                fs::create_dir_all(&folder).map_err(CaseError::path(&folder))?;
                let path = folder.join(rest);
                let file = File::create(&path).map_err(CaseError::path(&path))?;
                let mut out = Summed { out: BufWriter::with_capacity(256 << 10, file), hash: Sha256::new() };
                std::io::copy(body, &mut out).and_then(|_| out.flush()).map_err(CaseError::path(&path))?;
                Ok(hex(&out.hash.finalize()))
            }
        }
    }
}

/// Hashes what it writes.
struct Summed<W> {
    out: W,
    hash: Sha256,
}
impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// Lines, sealed where there is a key.
enum Lines<W: Write> {
    Plain(W),
    Sealed(Box<Sealer<W>>),
}
impl<W: Write> Lines<W> {
    fn new(out: W, key: Option<&Secret>) -> std::io::Result<Self> {
        Ok(match key {
            Some(key) => Self::Sealed(Box::new(Sealer::new(out, key)?)),
            None => Self::Plain(out),
        })
    }
    fn line(&mut self, line: &[u8]) -> std::io::Result<()> {
        let out: &mut dyn Write = match self {
            Self::Plain(out) => out,
            Self::Sealed(sealer) => sealer,
        };
        out.write_all(line)?;
        out.write_all(b"\n")
    }
    fn finish(self) -> std::io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Sealed(sealer) => sealer.finish(),
        }
    }
}

/// Fills an empty record from a file of rows.
async fn load_record(store: &Store, path: &Path, key: Option<Secret>, rows: u64, tell: Tell<'_>) -> Result<()> {
    let bad = |reason: &str| CaseError::BadBackup { reason: reason.into() };
    let file = File::open(path).map_err(CaseError::path(path))?;
    let len = file.metadata().map_err(CaseError::path(path))?.len();
    let mut lines: Box<dyn BufRead + Send> = match key {
        None => Box::new(BufReader::new(file)),
        Some(key) => {
            let window = Window::new(len, 0..u64::MAX).ok_or_else(|| bad("its record is cut off"))?;
            Box::new(BufReader::with_capacity(256 << 10, Opener::new(BufReader::new(file), &key, window)))
        }
    };
    let mut load = store.load().await?;
    let mut line = Vec::new();
    let mut n = 0u64;
    loop {
        line.clear();
        (&mut lines).take(MAX_ROW).read_until(b'\n', &mut line).map_err(|_| bad("its record does not open"))?;
        if line.is_empty() {
            break;
        }
        load.row(serde_json::from_slice(&line).map_err(|_| bad("its record has a row that is none"))?).await?;
        n += 1;
        if n.is_multiple_of(20_000) {
            tell(Copied { event: "record", done: n, total: Some(rows) });
        }
    }
    if n != rows {
        return Err(bad("its record does not have the rows that it says"));
    }
    load.commit().await?;
    tell(Copied { event: "record", done: n, total: Some(n) });
    Ok(())
}

/// SHA-256 of every file, by its path in the backup.
#[derive(Default)]
struct Sums(BTreeMap<String, String>);
impl Sums {
    fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.insert(name.into(), hex(&Sha256::digest(bytes)));
    }
    fn text(&self) -> String {
        self.0.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect()
    }
    fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(SUMS);
        let bad = || CaseError::BadBackup { reason: format!("its {SUMS} is missing or damaged") };
        let text = fs::read_to_string(&path).map_err(|_| bad())?;
        let mut sums = BTreeMap::new();
        for line in text.lines() {
            let (sum, name) = line.split_once("  ").ok_or_else(bad)?;
            let plain = !name.starts_with('/') && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
            if sum.len() != 64 || !plain || sums.insert(name.to_owned(), sum.to_owned()).is_some() {
                return Err(bad());
            }
        }
        Ok(Self(sums))
    }
}

fn read_head(path: &Path) -> Result<Head> {
    let bad = |reason: &str| CaseError::BadBackup { reason: reason.into() };
    let bytes = fs::read(path.join(HEAD)).map_err(|_| bad(&format!("there is no {HEAD} in it")))?;
    #[derive(Deserialize)]
    struct Mark {
        format: String,
        version: u32,
    }
    let mark: Mark = serde_json::from_slice(&bytes).map_err(|_| bad(&format!("its {HEAD} cannot be read")))?;
    if mark.format != FORMAT {
        return Err(bad("it is another kind of folder"));
    }
    if mark.version != VERSION {
        let version = mark.version;
        return Err(bad(&format!("it has format {version}, and this zapys knows format {VERSION}: use a newer zapys")));
    }
    serde_json::from_slice(&bytes).map_err(|_| bad(&format!("its {HEAD} cannot be read")))
}

/// Every listed file is there with the listed bytes, and no other. Answers how many.
fn check_sums(dir: &Path, sums: &BTreeMap<String, String>) -> Result<u64> {
    let bad = |reason: String| CaseError::BadBackup { reason };
    for (name, sum) in sums {
        let file = match fs::symlink_metadata(dir.join(name)) {
            Ok(meta) if meta.is_file() => {
                File::open(dir.join(name)).map_err(|_| bad(format!("its file {name} cannot be read")))?
            }
            _ => return Err(bad(format!("its file {name} is missing"))),
        };
        let found = zapys_vault::digest_of(file).map_err(|_| bad(format!("its file {name} cannot be read")))?;
        if found.hex() != *sum {
            return Err(bad(format!("its file {name} was changed")));
        }
    }
    for needed in ["case.toml", "ledger.key", RECORD, HEAD] {
        if !sums.contains_key(needed) {
            return Err(bad(format!("its file {needed} is missing")));
        }
    }
    Ok(sums.len() as u64)
}

fn flush_all(dir: &Path) -> Result<()> {
    let folder = File::open(dir).map_err(CaseError::path(dir))?;
    rustix::fs::syncfs(&folder).map_err(|e| CaseError::path(dir)(e.into()))
}
fn sync_folder(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(CaseError::path(dir))
}
