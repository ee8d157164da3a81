//! The keys of an encrypted case: getting in, ways in added and taken away, keys changed.

use crate::Result;
use crate::custody::Act;
use crate::error::CaseError;
use crate::open::{Casework, private_file};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};
use zapys_domain::{Action, Actor, Instant, ObjectId};
use zapys_keys::{CaseKeys, KeyFile, RecoveryKey, Secret, SlotKind, SlotView, Stretch, Unlock, Wrapped};
use zapys_store::{ObjectKeyRow, Tx};
use zapys_vault::{Kept, Sealed, SealedName, Stored};
use zeroize::Zeroizing;

/// Name of the key file in the case folder.
pub(crate) const KEY_FILE: &str = "keys.json";
/// A passphrase must take at least this long to check, in milliseconds, on the machine that set it.
const SLOW_ENOUGH_MS: u128 = 700;
/// Keys that are wrapped again in one transaction.
const TOGETHER: u32 = 2000;

/// What a person opens an encrypted case with. Wiped when dropped, shown by nothing.
#[derive(Clone)]
pub enum Credential {
    #[allow(missing_docs)]
    Passphrase(Zeroizing<String>),
    /// The bytes of a key file.
    KeyFile(Zeroizing<Vec<u8>>),
    #[allow(missing_docs)]
    Recovery(RecoveryKey),
}
impl Credential {
    /// What somebody typed: a recovery key where it looks like one, else a passphrase. Errors: a recovery key with a mistake.
    pub fn typed(text: &str) -> Result<Self> {
        let text = text.trim_end_matches(['\r', '\n']);
        if RecoveryKey::looks_like(text) {
            return Ok(Self::Recovery(RecoveryKey::parse(text)?));
        }
        Ok(Self::Passphrase(Zeroizing::new(text.to_owned())))
    }
    /// Reads a passphrase or recovery key from a file: its first line. Errors: unreadable, empty, or far too long.
    pub fn from_passphrase_file(path: &Path) -> Result<Self> {
        let bytes = Zeroizing::new(bounded(path, 64 << 10)?);
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        match text.lines().next().filter(|l| !l.is_empty()) {
            Some(line) => Self::typed(line),
            None => Err(CaseError::Flag { flag: "--passphrase-file", wants: "a file whose first line is the passphrase" }),
        }
    }
    /// Reads a key file. Errors: unreadable, or far too long.
    pub fn from_key_file(path: &Path) -> Result<Self> {
        Ok(Self::KeyFile(Zeroizing::new(bounded(path, 1 << 20)?)))
    }
    fn way(&self) -> Unlock<'_> {
        match self {
            Self::Passphrase(text) => Unlock::Passphrase(text),
            Self::KeyFile(bytes) => Unlock::KeyFile(bytes),
            Self::Recovery(key) => Unlock::Recovery(key),
        }
    }
}
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({})", self.way().kind())
    }
}

fn bounded(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let len = fs::metadata(path).map_err(CaseError::path(path))?.len();
    if len > limit {
        let e = std::io::Error::new(std::io::ErrorKind::InvalidData, "it is far too long for what it should be");
        return Err(CaseError::path(path)(e));
    }
    fs::read(path).map_err(CaseError::path(path))
}

/// The key file and what it opened.
pub(crate) struct Ring {
    pub file: KeyFile,
    pub keys: CaseKeys,
}
impl Ring {
    /// Fresh keys with one way in, and one more for the safe.
    pub fn new(card: serde_json::Value, way: &Credential, recovery: Option<&RecoveryKey>, now: Instant) -> Result<Self> {
        let mut keys = CaseKeys::generate(card);
        let mut file = KeyFile::new(&mut keys, &way.way(), slow_enough(way), now)?;
        if let Some(recovery) = recovery {
            file.add(&mut keys, &Unlock::Recovery(recovery), Stretch::default(), now)?;
        }
        Ok(Self { file, keys })
    }
    /// Opens the key file in `dir`. Errors: those of keys.
    pub fn open(dir: &Path, way: &Credential) -> Result<Self> {
        let path = dir.join(KEY_FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(zapys_keys::KeyError::Damaged("it is missing").into());
            }
            Err(e) => return Err(CaseError::path(path)(e)),
        };
        let file = KeyFile::parse(&bytes)?;
        let keys = file.unlock(&way.way())?;
        Ok(Self { file, keys })
    }
    /// Writes the key file: a new one beside the old, then in its place.
    pub fn write(&mut self, dir: &Path) -> Result<()> {
        self.file.reseal(&mut self.keys);
        let new = dir.join("keys.json.new");
        private_file(&new, &self.file.to_bytes())?;
        let path = dir.join(KEY_FILE);
        fs::rename(&new, &path).map_err(CaseError::path(&path))?;
        fs::File::open(dir).and_then(|d| d.sync_all()).map_err(CaseError::path(dir))
    }
}

/// How hard guessing is made: never less than the default, more on a fast machine.
#[allow(clippy::disallowed_methods, reason = "how long a passphrase takes is measured, and nothing else depends on it")]
fn slow_enough(way: &Credential) -> Stretch {
    let mut stretch = Stretch::default();
    if way.way().kind() == SlotKind::Passphrase {
        let started = std::time::Instant::now();
        if stretch.key("how long does it take", &[0; 32]).is_ok() {
            let took = started.elapsed().as_millis().max(1);
            let passes = (u128::from(stretch.passes) * SLOW_ENOUGH_MS).div_ceil(took);
            stretch.passes = u32::try_from(passes).unwrap_or(stretch.passes).clamp(stretch.passes, 32);
        }
    }
    stretch
}

impl Casework {
    /// The open keys, or `None` for a case that is not encrypted.
    pub(crate) fn ring(&self) -> Option<RwLockReadGuard<'_, Ring>> {
        self.keys.as_ref().map(|k| k.read().unwrap_or_else(PoisonError::into_inner))
    }
    fn ring_mut(&self) -> Result<RwLockWriteGuard<'_, Ring>> {
        let keys = self.keys.as_ref().ok_or(CaseError::NotEncrypted)?;
        Ok(keys.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where an object rests and under which key. Errors: a sealed object whose key is gone.
    pub(crate) async fn kept(&self, object: ObjectId) -> Result<Kept> {
        let Some(wrapped) = (if self.keys.is_some() { Some(self.store.object_key(object).await?) } else { None }) else {
            return Ok(Kept::plain(object));
        };
        self.unwrap(object, &wrapped.ok_or(zapys_keys::KeyError::Destroyed)?)
    }
    /// The same for many.
    pub(crate) async fn kept_all(&self, objects: impl IntoIterator<Item = ObjectId>) -> Result<Vec<Kept>> {
        let mut all = Vec::new();
        for object in objects {
            all.push(self.kept(object).await?);
        }
        Ok(all)
    }
    pub(crate) fn unwrap(&self, object: ObjectId, row: &ObjectKeyRow) -> Result<Kept> {
        let ring = self.ring().ok_or(CaseError::NotEncrypted)?;
        let wrapped = Wrapped { epoch: row.epoch, bytes: row.wrapped.clone() };
        let key = ring.keys.unwrap(object.digest(), &wrapped)?;
        let name = SealedName::parse(&row.name).ok_or(CaseError::Inconsistent { what: "the name of an object" })?;
        Ok(Kept { object, sealed: Some(Sealed { name, key }) })
    }
    /// Records the key of an object that this transaction added; nothing for one that rests as it came. If the record knew
    /// the object already, its key stays and the new copy is nobody's.
    pub(crate) async fn keep_key(&self, tx: &mut Tx, stored: &Stored, fresh: bool) -> Result<()> {
        let Some(row) = self.key_row(stored)? else { return Ok(()) };
        if !fresh && tx.object_key(stored.object).await?.is_some() {
            return Ok(());
        }
        Ok(tx.add_object_key(&row).await?)
    }
    /// Where a sealed object rests, and its key as the record keeps it; nothing for one that rests as it came.
    pub(crate) fn key_row(&self, stored: &Stored) -> Result<Option<ObjectKeyRow>> {
        let Some(sealed) = stored.kept.sealed.as_ref() else { return Ok(None) };
        let wrapped = self.ring().ok_or(CaseError::NotEncrypted)?.keys.wrap(stored.object.digest(), &sealed.key);
        let name = sealed.name.as_str().into();
        Ok(Some(ObjectKeyRow { object: stored.object, name, epoch: wrapped.epoch, wrapped: wrapped.bytes }))
    }
    /// Which of these objects the record has, with a key where they need one.
    pub(crate) async fn known(&self, objects: Vec<ObjectId>) -> Result<std::collections::BTreeSet<ObjectId>> {
        Ok(match self.keys {
            Some(_) => self.store.objects_keyed(&objects).await?,
            None => self.store.objects_known(&objects).await?,
        })
    }

    /// The ways into the case.
    pub fn ways_in(&self) -> Result<Vec<SlotView>> {
        Ok(self.ring().ok_or(CaseError::NotEncrypted)?.file.slots())
    }
    /// Adds a way in and returns its name.
    pub async fn add_way_in(&self, actor: &Actor, way: &Credential) -> Result<String> {
        self.must_write()?;
        let now = self.clock.now();
        let (way, dir, keys) = (way.clone(), self.dir.clone(), self.keys.clone().ok_or(CaseError::NotEncrypted)?);
        let id = tokio::task::spawn_blocking(move || -> Result<String> {
            let mut ring = keys.write().unwrap_or_else(PoisonError::into_inner);
            let Ring { file, keys } = &mut *ring;
            let id = file.add(keys, &way.way(), slow_enough(&way), now)?;
            ring.write(&dir)?;
            Ok(id)
        })
        .await
        .map_err(|_| CaseError::Lost)??;
        self.note_keys(actor, "way-in-added").await?;
        Ok(id)
    }
    /// Takes a way in away. Errors: no such one, or the last.
    pub async fn remove_way_in(&self, actor: &Actor, id: &str) -> Result<()> {
        self.must_write()?;
        {
            let mut ring = self.ring_mut()?;
            let Ring { file, keys } = &mut *ring;
            file.remove(keys, id)?;
            ring.write(&self.dir)?;
        }
        self.note_keys(actor, "way-in-removed").await
    }
    /// Puts a new way in where the one that opened the case was. Nothing is encrypted again.
    pub async fn change_way_in(&self, actor: &Actor, old: &Credential, new: &Credential) -> Result<()> {
        let file = self.ring().ok_or(CaseError::NotEncrypted)?.file.clone();
        let old = old.clone();
        let slot = tokio::task::spawn_blocking(move || file.slot_of(&old.way())).await.map_err(|_| CaseError::Lost)??;
        let slot = slot.ok_or(zapys_keys::KeyError::NoSuchSlot)?;
        self.add_way_in(actor, new).await?;
        self.remove_way_in(actor, &slot).await
    }
    /// A fresh recovery key. Those that were printed before open nothing any more.
    pub async fn renew_recovery(&self, actor: &Actor) -> Result<RecoveryKey> {
        let key = RecoveryKey::random();
        let old: Vec<String> = self.ways_in()?.into_iter().filter(|s| s.kind == SlotKind::Recovery).map(|s| s.id).collect();
        self.add_way_in(actor, &Credential::Recovery(key.clone())).await?;
        for id in old {
            self.remove_way_in(actor, &id).await?;
        }
        Ok(key)
    }
    /// Changes the wrapping key: every object's key is wrapped anew, and whatever copies of old ones lie about open nothing.
    /// Cut off in the middle, the next call finishes it. Answers how many keys.
    pub async fn renew_keys(&self, actor: &Actor) -> Result<u64> {
        self.must_write()?;
        {
            let mut ring = self.ring_mut()?;
            if ring.keys.epochs().len() == 1 {
                ring.keys.renew_wrapping();
                ring.write(&self.dir)?;
            }
        }
        let n = self.rewrap().await?;
        self.note_keys(actor, "keys-renewed").await?;
        Ok(n)
    }
    /// Wraps whatever is not under the newest wrapping key, and forgets the older ones.
    pub(crate) async fn rewrap(&self) -> Result<u64> {
        let epoch = self.ring().ok_or(CaseError::NotEncrypted)?.keys.epoch();
        let mut n = 0;
        let mut after = None;
        loop {
            let rows = self.store.object_keys(after, TOGETHER).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.object);
            let mut old = Vec::new();
            for row in rows.iter().filter(|r| r.epoch != epoch) {
                let kept = self.unwrap(row.object, row)?;
                let sealed = kept.sealed.ok_or(CaseError::NotEncrypted)?;
                let ring = self.ring().ok_or(CaseError::NotEncrypted)?;
                old.push((row.object, ring.keys.wrap(row.object.digest(), &sealed.key)));
            }
            if old.is_empty() {
                continue;
            }
            let mut tx = self.store.begin().await?;
            let mut ledger = self.ledger(&mut tx).await?;
            for (object, wrapped) in &old {
                tx.rewrap_object_key(*object, wrapped.epoch, &wrapped.bytes).await?;
            }
            let act = Act::case(self, &Actor::worker(), Action::Sealed)
                .purpose("protection")
                .code("change", "keys-wrapped")
                .count("objects", old.len() as u64);
            ledger.seal(self, &mut tx, act).await?;
            ledger.close(&mut tx).await?;
            tx.commit().await?;
            n += old.len() as u64;
        }
        let mut ring = self.ring_mut()?;
        ring.keys.forget_all_but(epoch);
        ring.write(&self.dir)?;
        Ok(n)
    }
    async fn note_keys(&self, actor: &Actor, change: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = Act::case(self, actor, Action::Sealed).purpose("protection").code("change", change);
        ledger.seal(self, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }
    /// The key that a part of the case is sealed under.
    pub(crate) fn index_key(&self) -> Option<Secret> {
        self.ring().map(|r| r.keys.index().clone())
    }
}

/// A folder that forgets: kept in memory by the operating system, for plain copies that decoders need for a moment.
/// `chosen`: what the settings say; `id`: what tells cases apart. Errors: no such place on this machine.
pub(crate) fn forgetful_folder(chosen: &str, id: &str) -> Result<PathBuf> {
    let base = match chosen {
        "" => ["XDG_RUNTIME_DIR"]
            .iter()
            .filter_map(|v| std::env::var_os(v).map(PathBuf::from))
            .chain([PathBuf::from("/dev/shm")])
            .find(|p| forgets(p))
            .ok_or(CaseError::NoForgetfulPlace)?,
        chosen => PathBuf::from(chosen),
    };
    Ok(base.join(format!("zapys-{id}")))
}

/// True for a folder whose bytes never reach a disk (swap apart).
fn forgets(path: &Path) -> bool {
    const TMPFS: i64 = 0x0102_1994;
    const RAMFS: i64 = 0x8584_58f6;
    // Small ones (a session's runtime folder on a slim machine) hold no recording.
    const ROOM: u64 = 1 << 30;
    rustix::fs::statfs(path).is_ok_and(|s| {
        #[allow(clippy::unnecessary_cast, reason = "the type differs between machines")]
        let kind = s.f_type as i64;
        (kind == TMPFS || kind == RAMFS) && s.f_bavail.saturating_mul(s.f_bsize as u64) >= ROOM
    })
}
