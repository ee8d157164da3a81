//! Making and opening a case: one folder that holds vault, record, ledger key and index, or points to servers for them.

use crate::Result;
use crate::error::CaseError;
use crate::settings::Settings;
use crate::view::CaseCard;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zapys_domain::{Action, Actor, CaseId, Clock, IdSource, Instant, Private};
use zapys_ledger::{Signer, SigningKey};
use zapys_store::{Location, Store};
use zapys_vault::{S3Config, Vault};

/// The file that makes a folder a case. Written last, so that a half-made case is none.
pub const CARD: &str = "case.toml";
const UNFINISHED: &str = "unfinished";
const PARTS: &[&str] =
    &["record.sqlite", "record.sqlite-wal", "record.sqlite-shm", "vault", "index", "scratch", "ledger.key", "lock", UNFINISHED];

/// What the case file says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    /// Format of the folder.
    version: u32,
    case: CaseId,
    name: String,
    created: Instant,
    ledger_vkey: String,
    /// Address of the database; absent for the file in the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    /// Address of the object store; absent for the folder `vault`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    objects: Option<String>,
}

/// What is wanted of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Looking; any number at once, also beside a writer.
    Read,
    /// Changing; one process at a time.
    Write,
}

/// What a new case is to be.
#[derive(Clone, Debug, Default)]
pub struct CreateOptions {
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
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) engines: tokio::sync::OnceCell<Arc<crate::engines::Bench>>,
    pub(crate) finder: Arc<crate::find::Finder>,
    /// Process runs one at a time: two would wait for the same model host.
    pub(crate) processing: tokio::sync::Mutex<()>,
    held: Option<File>,
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
    /// Makes a case in `dir`, which must be empty, absent, or the rest of an attempt that was cut off, and opens it for writing.
    pub async fn create(dir: &Path, options: CreateOptions, settings: &Settings, actor: &Actor) -> Result<Self> {
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) = (Arc::new(SystemClock), Arc::new(RandomIds));
        fs::create_dir_all(dir).map_err(CaseError::path(dir))?;
        let names: Vec<String> = fs::read_dir(dir)
            .and_then(|all| all.map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned())).collect())
            .map_err(CaseError::path(dir))?;
        let left_over = names.iter().any(|n| n == UNFINISHED) && names.iter().all(|n| PARTS.contains(&n.as_str()));
        if !names.is_empty() && !left_over {
            return Err(CaseError::NotEmpty { path: dir.into() });
        }
        private(&dir.join(UNFINISHED), b"")?;
        for name in names.iter().filter(|n| *n != UNFINISHED) {
            let path = dir.join(name);
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }.map_err(CaseError::path(&path))?;
        }
        let created = clock.now();
        let case = CaseId::new(ids.ulid(created));
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).expect("the operating system gives random bytes; without them no key is safe");
        let key = SigningKey::from_seed(&format!("zapys/{case}"), &seed).map_err(|e| CaseError::Key(e.to_string()))?;
        private(&dir.join("ledger.key"), key.secret_text().as_bytes())?;
        fs::create_dir_all(dir.join("scratch")).map_err(CaseError::path(dir))?;
        let card = Card {
            version: 1,
            case,
            name: options.name,
            created,
            ledger_vkey: key.key().to_string(),
            database: options.database,
            objects: options.objects,
        };
        let vault = vault(dir, &card, Access::Write)?;
        let store = Store::create(&location(dir, &card)?).await?;
        let lock = lock(dir)?;
        let this = Self::assemble(dir, card, settings, store, vault, clock, ids, Some(lock));
        this.open_ledger(actor).await?;
        let text = toml::to_string(&this.card).map_err(|_| CaseError::Inconsistent { what: "the case file" })?;
        let new = dir.join("case.toml.new");
        private(&new, text.as_bytes())?;
        fs::rename(&new, dir.join(CARD)).map_err(CaseError::path(dir))?;
        fs::remove_file(dir.join(UNFINISHED)).map_err(CaseError::path(dir))?;
        File::open(dir).and_then(|d| d.sync_all()).map_err(CaseError::path(dir))?;
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
        let card: Card = toml::from_str(&text).map_err(|e| bad(e.message().to_owned()))?;
        if card.version != 1 {
            return Err(bad(format!("it has format {}, and this zapys knows format 1: use a newer zapys", card.version)));
        }
        let lock = match access {
            Access::Write => Some(lock(dir)?),
            Access::Read => None,
        };
        let vault = vault(dir, &card, access)?;
        let store = Store::open(&location(dir, &card)?).await?;
        let this = Self::assemble(dir, card, settings, store, vault, Arc::new(SystemClock), Arc::new(RandomIds), lock);
        if access == Access::Write {
            this.sweep_scratch()?;
            if !this.store.is_shared() {
                // Whoever held these leases is dead: the lock on the folder proves it.
                this.store.release_all(this.clock.now(), crate::jobs::MAX_ATTEMPTS).await?;
            }
        }
        Ok(this)
    }

    #[allow(clippy::too_many_arguments, reason = "private constructor: each part is named at both call sites")]
    fn assemble(
        dir: &Path,
        card: Card,
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
            settings: settings.clone(),
            store,
            vault: Arc::new(vault),
            clock,
            ids,
            engines: tokio::sync::OnceCell::new(),
            finder: Arc::default(),
            processing: tokio::sync::Mutex::new(()),
            held: lock,
        }
    }

    async fn open_ledger(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = crate::custody::Act::case(self, actor, Action::Opened)
            .purpose("evidence-intake")
            .commit("name", self.card.name.clone().into())?;
        ledger.seal(self, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Scratch holds nothing that is not elsewhere: whatever a killed process left is removed.
    fn sweep_scratch(&self) -> Result<()> {
        let scratch = self.dir.join("scratch");
        let _ = fs::remove_dir_all(&scratch);
        fs::create_dir_all(&scratch).map_err(CaseError::path(scratch))
    }

    /// The case in one line.
    pub fn card(&self) -> CaseCard {
        let c = &self.card;
        let origin = c.ledger_vkey.split('+').next().unwrap_or_default().to_owned();
        CaseCard {
            case: c.case.to_string(),
            name: c.name.clone(),
            ledger_origin: origin,
            ledger_vkey: c.ledger_vkey.clone(),
            encrypted: false,
            created: c.created.to_string(),
        }
    }
    /// True where this process holds the case for writing.
    pub(crate) fn writes(&self) -> bool {
        self.held.is_some()
    }
    pub(crate) fn id(&self) -> CaseId {
        self.card.case
    }
    /// The ledger's signing key, read when it is needed and not kept.
    pub(crate) fn signing_key(&self) -> Result<SigningKey> {
        let path = self.dir.join("ledger.key");
        let mut text = String::new();
        File::open(&path).and_then(|mut f| f.read_to_string(&mut text)).map_err(|e| CaseError::Key(e.kind().to_string()))?;
        let key = SigningKey::parse(text.trim()).map_err(|e| CaseError::Key(e.to_string()))?;
        if key.key().to_string() != self.card.ledger_vkey {
            return Err(CaseError::Key("it is another key than the one this case began with".into()));
        }
        Ok(key)
    }
    /// A folder for temporary files, named by nothing that evidence says.
    pub(crate) fn scratch(&self) -> Result<tempfile::TempDir> {
        let parent = self.dir.join("scratch");
        tempfile::TempDir::with_prefix_in("w-", &parent).map_err(CaseError::path(parent))
    }
}

fn location(dir: &Path, card: &Card) -> Result<Location> {
    match &card.database {
        Some(url) => Ok(Location::parse(url)?),
        None => Ok(Location::File(dir.join("record.sqlite"))),
    }
}

fn vault(dir: &Path, card: &Card, access: Access) -> Result<Vault> {
    Ok(match &card.objects {
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
    })
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
fn lock(dir: &Path) -> Result<File> {
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
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(CaseError::path(path))?;
    Ok(file)
}

/// Writes a file that only its owner may read, durably.
fn private(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(CaseError::path(path))
}
