//! Making and opening a case: one folder that holds vault, record, ledger key and index, or points to servers for them.

use crate::Result;
use crate::error::CaseError;
use crate::settings::Settings;
use crate::unlock::{Credential, Ring};
use crate::view::CaseCard;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use zapys_domain::{Action, Actor, CaseId, Clock, IdSource, Instant, Private};
use zapys_keys::RecoveryKey;
use zapys_ledger::{Signer, SigningKey};
use zapys_store::{Location, Store};
use zapys_vault::{S3Config, Vault};
use zeroize::Zeroizing;

/// The file that makes a folder a case. Written last, so that a half-made case is none.
pub const CARD: &str = "case.toml";
pub(crate) const UNFINISHED: &str = "unfinished";
/// The card before it gets its name.
const CARD_NEW: &str = "case.toml.new";
const PARTS: &[&str] = &[
    "record.sqlite",
    "record.sqlite-journal",
    "record.sqlite-wal",
    "record.sqlite-shm",
    "vault",
    "index",
    "scratch",
    crate::begun::FOLDER,
    "ledger.key",
    "ledger.key.new",
    "keys.json",
    "keys.json.new",
    "lock",
    CARD_NEW,
    UNFINISHED,
];
/// Format of a case folder whose contents are encrypted; that of a plain one is 1.
const ENCRYPTED: u32 = 2;

/// What the case file says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    /// Format of the folder: 1 plain, 2 encrypted.
    version: u32,
    case: CaseId,
    created: Instant,
    ledger_vkey: String,
    /// What may tell something: an encrypted case keeps it with its keys instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objects: Option<String>,
}

/// Where record and objects of a case are; `None` for its own folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Database server, `postgres://…`.
    pub database: Option<String>,
    /// Object store, `s3://…`.
    pub objects: Option<String>,
}

/// The part of the case file that may tell something.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inner {
    name: String,
    /// Address of the database; absent for the file in the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    /// Address of the object store; absent for the folder `vault`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objects: Option<String>,
}

/// What the sealed signing key is bound to.
const LEDGER_KEY: &[u8] = b"zapys/ledger-key/v1";

/// What is wanted of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Looking; any number at once, also beside a writer.
    Read,
    /// Changing; one process at a time.
    Write,
}

/// How a new case is protected at rest.
#[derive(Clone, Debug, Default)]
pub enum Protection {
    /// Not at all: for an encrypted disk, or for nothing secret.
    #[default]
    None,
    /// Everything is encrypted.
    Encrypted {
        /// The first way in.
        way: Credential,
        /// One more for the safe.
        recovery: Option<RecoveryKey>,
    },
}

/// What a new case is to be.
#[derive(Clone, Debug, Default)]
pub struct CreateOptions {
    /// How it is protected.
    pub protection: Protection,
    /// Name people see.
    pub name: String,
    /// Database server, `postgres://…`.
    pub database: Option<String>,
    /// Object store, `s3://…`.
    pub objects: Option<String>,
}

/// A case that is open. Cheap to share behind an `Arc`.
pub struct Casework {
    pub(crate) dir: PathBuf,
    card: Card,
    inner: Inner,
    /// The open keys of an encrypted case.
    pub(crate) keys: Option<Arc<RwLock<Ring>>>,
    /// Where plain copies and half-made outputs lie for a moment.
    scratch: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) engines: tokio::sync::OnceCell<Arc<crate::engines::Bench>>,
    pub(crate) finder: Arc<crate::find::Finder>,
    /// Process runs one at a time: two would wait for the same model host.
    pub(crate) processing: tokio::sync::Mutex<()>,
    /// Words are changed one after another: each change is over the text as its author saw it.
    pub(crate) revising: tokio::sync::Mutex<()>,
    /// What may still come out of the archives that are being taken in, by the path of the outermost.
    pub(crate) nests: std::sync::Mutex<std::collections::HashMap<String, crate::unpack::Left>>,
    held: Option<File>,
    /// Entries of the ledger this process knows of.
    pub(crate) known_size: Arc<std::sync::atomic::AtomicU64>,
}

/// The clock of the operating system.
pub(crate) struct SystemClock;
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place where time enters the program")]
    fn now(&self) -> Instant {
        let micros = |d: std::time::Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => Instant::from_micros(micros(after)),
            Err(before) => Instant::from_micros(-micros(before.duration())),
        }
    }
}
/// Identifiers from the operating system's random bytes.
pub(crate) struct RandomIds;
impl IdSource for RandomIds {
    fn ulid(&self, at: Instant) -> ulid::Ulid {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes; without them no identifier is unique");
        ulid::Ulid::from_parts(at.millis(), u128::from_be_bytes(bytes) >> 48)
    }
}

impl Casework {
    /// Errors: `NotEmpty` where no case can be made in `dir`. Answers what a cut-off attempt left there.
    pub fn may_create(dir: &Path) -> Result<Vec<String>> {
        let entries = match fs::read_dir(dir) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(CaseError::path(dir))?,
        };
        let names: Vec<String> = entries
            .map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<_>>()
            .map_err(CaseError::path(dir))?;
        let left_over = names.iter().any(|n| n == UNFINISHED) && names.iter().all(|n| PARTS.contains(&n.as_str()));
        if names.is_empty() || left_over { Ok(names) } else { Err(CaseError::NotEmpty { path: dir.into() }) }
    }

    /// Makes a case in `dir`, which must be empty, absent, or the rest of an attempt that was cut off, and opens it for writing.
    pub async fn create(dir: &Path, options: CreateOptions, settings: &Settings, actor: &Actor) -> Result<Self> {
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) = (Arc::new(SystemClock), Arc::new(RandomIds));
        let above = first_there(dir);
        let names = Self::may_create(dir)?;
        fs::create_dir_all(dir).map_err(CaseError::path(dir))?;
        private_file(&dir.join(UNFINISHED), b"")?;
        for name in names.iter().filter(|n| *n != UNFINISHED) {
            let path = dir.join(name);
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.map_err(CaseError::path(&path))?;
        }
        let created = clock.now();
        let case = CaseId::new(ids.ulid(created));
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).expect("the operating system gives random bytes; without them no key is safe");
        let key = SigningKey::from_seed(&format!("zapys/{case}"), &seed).map_err(|e| CaseError::Key(e.to_string()))?;
        fs::create_dir_all(dir.join("scratch")).map_err(CaseError::path(dir))?;
        let inner = Inner { name: options.name, database: options.database, objects: options.objects };
        let mut card =
            Card { version: 1, case, created, ledger_vkey: key.key().to_string(), name: None, database: None, objects: None };
        let mut ring = None;
        match options.protection {
            Protection::None => {
                let Inner { name, database, objects } = inner.clone();
                card = Card { name: Some(name), database, objects, ..card };
            }
            Protection::Encrypted { way, recovery } => {
                card.version = ENCRYPTED;
                let kept = serde_json::to_value(&inner).map_err(|_| CaseError::Inconsistent { what: "the case file" })?;
                let made = tokio::task::spawn_blocking(move || Ring::new(kept, &way, recovery.as_ref(), created));
                let mut new = made.await.map_err(|_| CaseError::Lost)??;
                new.write(dir)?;
                ring = Some(new);
            }
        }
        let folder = scratch_folder(dir, &card, settings)?;
        let vault = vault(dir, &inner, Access::Write, ring.is_some())?;
        let store = Store::create(&location(dir, &inner, ring.as_ref())?).await?;
        let (lock, _) = lock(dir)?;
        let parts = (card, inner, ring, folder);
        let this = Self::assemble(dir, parts, settings, store, vault, clock, ids, Some(lock));
        this.sweep_scratch()?;
        this.write_key(crate::rotate::KEY, &key)?;
        this.open_ledger(actor).await?;
        let text = toml::to_string(&this.card).map_err(|_| CaseError::Inconsistent { what: "the case file" })?;
        let new = dir.join(CARD_NEW);
        private_file(&new, text.as_bytes())?;
        fs::rename(&new, dir.join(CARD)).map_err(CaseError::path(dir))?;
        fs::remove_file(dir.join(UNFINISHED)).map_err(CaseError::path(dir))?;
        durable_up_to(dir, &above)?;
        Ok(this)
    }

    /// Opens the case in `dir`. Errors: `NotACase`, `Busy` where another process writes, and those of record and vault.
    pub async fn open(dir: &Path, access: Access, settings: &Settings) -> Result<Self> {
        let path = dir.join(CARD);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Err(CaseError::NotACase { path: dir.into() });
            }
            Err(e) => return Err(CaseError::path(path)(e)),
        };
        let bad = |reason: String| CaseError::BadCard { path: path.clone(), reason };
        #[derive(Deserialize)]
        struct Mark {
            version: u32,
        }
        let mark: Mark = toml::from_str(&text).map_err(|e| bad(e.message().to_owned()))?;
        if !(1..=ENCRYPTED).contains(&mark.version) {
            return Err(bad(format!(
                "it has format {}, and this zapys knows formats 1 to {ENCRYPTED}: use a newer zapys",
                mark.version
            )));
        }
        let card: Card = toml::from_str(&text).map_err(|e| bad(e.message().to_owned()))?;
        let (inner, ring) = match card.version {
            ENCRYPTED => {
                let credential = settings.credential()?.ok_or_else(|| CaseError::Locked { path: dir.into() })?;
                let folder = dir.to_owned();
                let opened = tokio::task::spawn_blocking(move || Ring::open(&folder, &credential));
                let ring = opened.await.map_err(|_| CaseError::Lost)??;
                let inner = serde_json::from_value(ring.keys.card().clone())
                    .map_err(|_| bad("what it keeps with its keys is not what it must be".into()))?;
                (inner, Some(ring))
            }
            _ => {
                let name = card.name.clone().ok_or_else(|| bad("the case has no name".into()))?;
                (Inner { name, database: card.database.clone(), objects: card.objects.clone() }, None)
            }
        };
        let (lock, left_open) = match access {
            Access::Write => lock(dir).map(|(file, left_open)| (Some(file), left_open))?,
            Access::Read => (None, false),
        };
        let folder = scratch_folder(dir, &card, settings)?;
        let vault = vault(dir, &inner, access, ring.is_some())?;
        let store = Store::open(&location(dir, &inner, ring.as_ref())?).await?;
        let parts = (card, inner, ring, folder);
        let this = Self::assemble(dir, parts, settings, store, vault, Arc::new(SystemClock), Arc::new(RandomIds), lock);
        if access == Access::Write {
            this.sweep_scratch()?;
            // Killed between the card and the end of making the case, it left this; the card is what counts.
            let _ = fs::remove_file(dir.join(UNFINISHED));
            this.finish_key_change().await?;
            if left_open {
                this.note_unclean_shutdown().await?;
                if !this.store.is_shared() {
                    this.sweep_objects().await?;
                }
            }
            if !this.store.is_shared() {
                // Whoever held these leases is dead: the lock on the folder proves it.
                this.store.release_all(this.clock.now(), crate::jobs::MAX_ATTEMPTS).await?;
            }
        }
        Ok(this)
    }

    /// Where record and objects are.
    pub fn places(&self) -> Places {
        Places { database: self.inner.database.clone(), objects: self.inner.objects.clone() }
    }
    fn inner_at(&self, places: &Places) -> Inner {
        let Places { database, objects } = places.clone();
        Inner { name: self.inner.name.clone(), database, objects }
    }
    /// The vault of this case at other places, made if it is not there.
    pub(crate) fn other_vault(&self, places: &Places) -> Result<Vault> {
        vault(&self.dir, &self.inner_at(places), Access::Read, self.keys.is_some())
    }
    /// A new record of this case at other places. Errors: there is one already.
    pub(crate) async fn other_store(&self, places: &Places) -> Result<Store> {
        let at = location(&self.dir, &self.inner_at(places), self.ring().as_deref())?;
        Ok(Store::create(&at).await?)
    }
    /// The same case over other stores. The case file still names the old ones.
    pub(crate) fn moved_to(mut self, places: Places, store: Store) -> Result<Self> {
        self.vault = Arc::new(self.other_vault(&places)?);
        self.inner = self.inner_at(&places);
        self.store = store;
        Ok(self)
    }
    /// Writes the case file with the places as they are now, and puts what lay in the folder before under another name.
    pub(crate) fn settle_move(&self, old: &Places) -> Result<()> {
        self.write_card()?;
        let mut aside = Vec::new();
        if old.objects.is_none() && self.inner.objects.is_some() {
            aside.push("vault");
        }
        if old.database.is_none() && self.inner.database.is_some() {
            aside.extend(["record.sqlite", "record.sqlite-wal", "record.sqlite-shm"]);
        }
        for name in aside {
            let (from, to) = (self.dir.join(name), self.dir.join(format!("{name}.moved")));
            if from.exists() {
                fs::rename(&from, &to).map_err(CaseError::path(&from))?;
            }
        }
        Ok(())
    }
    /// Writes the case file: a new one beside the old, then in its place.
    fn write_card(&self) -> Result<()> {
        let mut card = self.card.clone();
        match &self.keys {
            None => {
                let Inner { name, database, objects } = self.inner.clone();
                card = Card { name: Some(name), database, objects, ..card };
            }
            Some(keys) => {
                let kept = serde_json::to_value(&self.inner).map_err(|_| CaseError::Inconsistent { what: "the case file" })?;
                let mut ring = keys.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                ring.keys.set_card(kept);
                ring.write(&self.dir)?;
            }
        }
        let text = toml::to_string(&card).map_err(|_| CaseError::Inconsistent { what: "the case file" })?;
        let new = self.dir.join("case.toml.new");
        private_file(&new, text.as_bytes())?;
        fs::rename(&new, self.dir.join(CARD)).map_err(CaseError::path(&self.dir))?;
        File::open(&self.dir).and_then(|d| d.sync_all()).map_err(CaseError::path(&self.dir))
    }

    /// An empty case in the new folder `dir`, with the identity and keys of the backup at `from`.
    pub(crate) async fn begin_restore(from: &Path, dir: &Path, places: &Places, settings: &Settings) -> Result<Self> {
        if dir.exists() && fs::read_dir(dir).map_err(CaseError::path(dir))?.next().is_some() {
            return Err(CaseError::NotEmpty { path: dir.into() });
        }
        let bad = |reason: &str| CaseError::BadBackup { reason: reason.into() };
        let text = fs::read_to_string(from.join(CARD)).map_err(|_| bad("its case file cannot be read"))?;
        let card: Card = toml::from_str(&text).map_err(|_| bad("its case file cannot be read"))?;
        let ring = match card.version {
            ENCRYPTED => {
                let credential = settings.credential()?.ok_or_else(|| CaseError::Locked { path: from.into() })?;
                let folder = from.to_owned();
                let opened = tokio::task::spawn_blocking(move || Ring::open(&folder, &credential));
                Some(opened.await.map_err(|_| CaseError::Lost)??)
            }
            _ => None,
        };
        let name = match &ring {
            Some(ring) => serde_json::from_value::<Inner>(ring.keys.card().clone()).map(|i| i.name).ok(),
            None => card.name.clone(),
        };
        let Places { database, objects } = places.clone();
        let inner = Inner { name: name.ok_or_else(|| bad("the case has no name"))?, database, objects };
        make_private_folder(dir)?;
        private_file(&dir.join(UNFINISHED), b"")?;
        make_private_folder(&dir.join("scratch"))?;
        for name in ["ledger.key", crate::unlock::KEY_FILE] {
            if let Ok(bytes) = fs::read(from.join(name)) {
                private_file(&dir.join(name), &bytes)?;
            }
        }
        let folder = scratch_folder(dir, &card, settings)?;
        let vault = vault(dir, &inner, Access::Write, ring.is_some())?;
        let store = Store::create(&location(dir, &inner, ring.as_ref())?).await?;
        let (lock, _) = lock(dir)?;
        let parts = (card, inner, ring, folder);
        let this = Self::assemble(dir, parts, settings, store, vault, Arc::new(SystemClock), Arc::new(RandomIds), Some(lock));
        this.sweep_scratch()?;
        Ok(this)
    }
    /// The restored case is one from here on.
    pub(crate) fn finish_restore(&self) -> Result<()> {
        self.write_card()?;
        fs::remove_file(self.dir.join(UNFINISHED)).map_err(CaseError::path(&self.dir))
    }

    #[allow(clippy::too_many_arguments, reason = "private constructor: each part is named at both call sites")]
    fn assemble(
        dir: &Path,
        (card, inner, ring, scratch): (Card, Inner, Option<Ring>, PathBuf),
        settings: &Settings,
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        lock: Option<File>,
    ) -> Self {
        Self {
            dir: dir.into(),
            card,
            inner,
            keys: ring.map(|r| Arc::new(RwLock::new(r))),
            scratch,
            settings: settings.clone(),
            store,
            vault: Arc::new(vault),
            clock,
            ids,
            engines: tokio::sync::OnceCell::new(),
            revising: tokio::sync::Mutex::default(),
            finder: Arc::default(),
            processing: tokio::sync::Mutex::new(()),
            nests: std::sync::Mutex::default(),
            held: lock,
            known_size: crate::custody::not_looked_yet(),
        }
    }

    /// The writer before this one did not close the case: it was killed, or the machine lost power.
    async fn note_unclean_shutdown(&self) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = crate::custody::Act::case(self, &Actor::worker(), Action::UncleanShutdown);
        ledger.seal(self, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    async fn open_ledger(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = crate::custody::Act::case(self, actor, Action::Opened)
            .purpose("evidence-intake")
            .commit("name", self.inner.name.clone().into())?;
        ledger.seal(self, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Scratch holds nothing that is not elsewhere: whatever a killed process left is removed.
    fn sweep_scratch(&self) -> Result<()> {
        let _ = fs::remove_dir_all(&self.scratch);
        make_private_folder(&self.scratch)
    }
    /// A change of keys that was cut off is finished before anything else happens.
    async fn finish_key_change(&self) -> Result<()> {
        let under_way = self.ring().is_some_and(|r| r.keys.epochs().len() > 1);
        if under_way { self.rewrap().await.map(drop) } else { Ok(()) }
    }

    /// The case in one line.
    pub fn card(&self) -> CaseCard {
        let c = &self.card;
        let origin = c.ledger_vkey.split('+').next().unwrap_or_default().to_owned();
        CaseCard {
            case: c.case.to_string(),
            name: self.inner.name.clone(),
            ledger_origin: origin,
            ledger_vkey: c.ledger_vkey.clone(),
            encrypted: self.keys.is_some(),
            created: c.created.to_string(),
        }
    }
    /// True where this process holds the case for writing.
    pub(crate) fn writes(&self) -> bool {
        self.held.is_some()
    }
    /// When the case was made.
    pub(crate) fn created(&self) -> Instant {
        self.card.created
    }
    pub(crate) fn id(&self) -> CaseId {
        self.card.case
    }
    /// Errors: `ReadOnly` where another process may hold the case for writing.
    pub(crate) fn must_write(&self) -> Result<()> {
        if self.writes() { Ok(()) } else { Err(CaseError::ReadOnly) }
    }
    /// A signing key of the ledger, read when it is needed and not kept. Whether it is the one that signs now, `signer` says.
    pub(crate) fn read_key(&self, name: &str) -> Result<SigningKey> {
        let path = self.dir.join(name);
        let text = fs::read_to_string(&path).map(Zeroizing::new).map_err(|e| CaseError::Key(e.kind().to_string()))?;
        let plain = match self.ring() {
            None => text,
            Some(ring) => {
                let sealed = STANDARD.decode(text.trim()).map_err(|_| CaseError::Key("it cannot be read".into()))?;
                let plain = zapys_keys::open(ring.keys.ledger(), LEDGER_KEY, &sealed)
                    .ok_or_else(|| CaseError::Key("its sealed bytes were changed".into()))?;
                Zeroizing::new(String::from_utf8_lossy(&plain).into_owned())
            }
        };
        SigningKey::parse(plain.trim()).map_err(|e| CaseError::Key(e.to_string()))
    }
    /// Puts a signing key of the ledger in its place, durably; in an encrypted case sealed.
    pub(crate) fn write_key(&self, name: &str, key: &SigningKey) -> Result<()> {
        let text = key.secret_text();
        let text = match self.ring() {
            None => text,
            Some(ring) => Zeroizing::new(STANDARD.encode(zapys_keys::seal(ring.keys.ledger(), LEDGER_KEY, text.as_bytes()))),
        };
        let new = self.dir.join("ledger.key.new");
        private_file(&new, text.as_bytes())?;
        let path = self.dir.join(name);
        fs::rename(&new, &path).map_err(CaseError::path(&path))?;
        File::open(&self.dir).and_then(|d| d.sync_all()).map_err(CaseError::path(&self.dir))
    }
    /// A folder for temporary files, named by nothing that evidence says; in an encrypted case in a place that forgets.
    pub(crate) fn scratch(&self) -> Result<tempfile::TempDir> {
        if !self.scratch.is_dir() {
            make_private_folder(&self.scratch)?;
        }
        tempfile::TempDir::with_prefix_in("w-", &self.scratch).map_err(CaseError::path(&self.scratch))
    }
    /// Where sealed bytes may wait on the disk of the case.
    pub(crate) fn spool(&self) -> PathBuf {
        self.dir.join("scratch")
    }
}

impl Drop for Casework {
    /// The writer says that it is through, and takes the forgetful place away with it.
    fn drop(&mut self) {
        if let Some(lock) = &self.held {
            // Where this fails the next writer finds a case that was not closed, which is then the truth.
            let _ = lock.set_len(0);
        }
        if self.writes() && self.keys.is_some() {
            let _ = fs::remove_dir_all(&self.scratch);
        }
    }
}

/// Plain copies may lie in the folder of a plain case only.
fn scratch_folder(dir: &Path, card: &Card, settings: &Settings) -> Result<PathBuf> {
    match card.version {
        ENCRYPTED => crate::unlock::forgetful_folder(settings.text("scratch"), &card.case.to_string()),
        _ => Ok(dir.join("scratch")),
    }
}

fn make_private_folder(folder: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(CaseError::path(folder))
}

fn location(dir: &Path, inner: &Inner, ring: Option<&Ring>) -> Result<Location> {
    let at = match &inner.database {
        Some(url) => Location::parse(url)?,
        None => Location::File(dir.join("record.sqlite")),
    };
    Ok(match ring {
        Some(ring) => at.sealed(*ring.keys.record().expose()),
        None => at,
    })
}

fn vault(dir: &Path, inner: &Inner, access: Access, sealing: bool) -> Result<Vault> {
    let vault = match &inner.objects {
        // Connecting waits for the server, so not on a thread of the runtime.
        Some(url) => {
            let config = s3(url, dir)?;
            std::thread::spawn(move || Vault::s3(&config)).join().map_err(|_| CaseError::Lost)??
        }
        None => {
            let vault = Vault::disk(&dir.join("vault"))?;
            if access == Access::Write {
                vault.sweep()?;
            }
            vault
        }
    };
    Ok(if sealing { vault.sealing() } else { vault })
}

/// Reads `s3://BUCKET/PREFIX`; server, region and keys come from the variables that every S3 program reads.
fn s3(url: &str, dir: &Path) -> Result<S3Config> {
    let bad = CaseError::Flag { flag: "--objects", wants: "an address such as s3://BUCKET or s3://BUCKET/PREFIX" };
    let rest = url.strip_prefix("s3://").filter(|r| !r.is_empty() && !r.starts_with('/')).ok_or(bad)?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    Ok(S3Config {
        bucket: bucket.into(),
        prefix: prefix.trim_matches('/').into(),
        endpoint: variable("AWS_ENDPOINT_URL"),
        region: variable("AWS_REGION").unwrap_or_else(|| "us-east-1".into()),
        access_key: variable("AWS_ACCESS_KEY_ID").map(Private::new),
        secret_key: variable("AWS_SECRET_ACCESS_KEY").map(Private::new),
        scratch: dir.join("scratch"),
    })
}

/// Takes the case for this process. The lock goes away with the process, however it ends.
/// True beside it: the writer before did not close the case.
fn lock(dir: &Path) -> Result<(File, bool)> {
    let path = dir.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(CaseError::path(&path))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut pid = String::new();
        // The number is only for the message; the lock itself is what counts.
        let _ = file.read_to_string(&mut pid);
        return Err(CaseError::Busy {
            path: dir.into(),
            pid: if pid.trim().is_empty() { "unknown".into() } else { pid.trim().into() },
        });
    }
    // A writer that ends as it should leaves the file empty.
    let left_open = file.metadata().is_ok_and(|m| m.len() > 0);
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(CaseError::path(path))?;
    Ok((file, left_open))
}

/// The nearest folder above `dir` that is there; its own name lasts already.
fn first_there(dir: &Path) -> PathBuf {
    let above = |d: &Path| d.parent().map(|p| if p.as_os_str().is_empty() { PathBuf::from(".") } else { p.into() });
    let mut at = above(dir).unwrap_or_else(|| dir.into());
    while !at.is_dir() {
        let Some(next) = above(&at) else { break };
        at = next;
    }
    at
}

/// Makes the names in `dir`, and of every folder between it and `above`, last through a loss of power.
fn durable_up_to(dir: &Path, above: &Path) -> Result<()> {
    let mut at = dir.to_owned();
    loop {
        File::open(&at).and_then(|d| d.sync_all()).map_err(CaseError::path(&at))?;
        if at == above || !at.pop() {
            return Ok(());
        }
        if at.as_os_str().is_empty() {
            at = ".".into();
        }
    }
}

/// Writes a file that only its owner may read, durably.
pub(crate) fn private_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(CaseError::path(path))
}
