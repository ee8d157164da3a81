//! The key file of a case: ways in, and behind them what they open.

use crate::error::KeyError;
use crate::recovery::RecoveryKey;
use crate::seal::{open, seal};
use crate::secret::{Secret, expand};
use crate::stretch::Stretch;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zapys_domain::Instant;
use zeroize::Zeroizing;

const FORMAT: &str = "zapys-keys";
const VERSION: u32 = 1;
const CONTENTS: &[u8] = b"zapys/contents/v1";
/// Longest key file that is read, in bytes.
const MAX_FILE: usize = 1 << 20;
const MAX_SLOTS: usize = 64;

zapys_domain::words! {
    /// What opens a slot.
    SlotKind {
        /// Words that somebody remembers.
        Passphrase = "passphrase",
        /// A file with random bytes, on a medium of its own.
        KeyFile = "key-file",
        /// What `init` printed for the safe.
        Recovery = "recovery",
    }
}
impl SlotKind {
    fn said(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key file",
            Self::Recovery => "recovery key",
        }
    }
}

/// What a person gives to get in, or wants to get in with from now on.
pub enum Unlock<'a> {
    /// A passphrase.
    Passphrase(&'a str),
    /// The bytes of a key file: at least 32, random.
    KeyFile(&'a [u8]),
    /// A recovery key.
    Recovery(&'a RecoveryKey),
}
impl Unlock<'_> {
    /// Which slots it may open.
    pub fn kind(&self) -> SlotKind {
        match self {
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::KeyFile(_) => SlotKind::KeyFile,
            Self::Recovery(_) => SlotKind::Recovery,
        }
    }
    fn key(&self, stretch: Option<&Stretch>, salt: &[u8]) -> Result<Secret, KeyError> {
        match self {
            Self::Passphrase(text) => stretch.ok_or(KeyError::Damaged("a passphrase has no cost"))?.key(text, salt),
            // Random already: nothing to be made slow.
            Self::KeyFile(bytes) => Ok(expand(bytes, salt, "zapys/key-file/v1")),
            Self::Recovery(key) => Ok(key.secret().derive(salt, "zapys/recovery/v1")),
        }
    }
    fn strong_enough(&self) -> Result<(), KeyError> {
        match self {
            Self::Passphrase(text) if text.chars().count() < 8 => {
                Err(KeyError::TooWeak("the passphrase has fewer than eight characters"))
            }
            Self::KeyFile(bytes) if bytes.len() < 32 => Err(KeyError::TooWeak("the key file has fewer than 32 bytes")),
            Self::KeyFile(bytes) if bytes.windows(2).all(|w| w[0] == w[1]) => {
                Err(KeyError::TooWeak("the key file is not random"))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    id: String,
    kind: SlotKind,
    created: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stretch: Option<Stretch>,
    salt: String,
    /// The master key, sealed under the slot's key.
    wrapped: String,
}

/// One way in, as shown.
#[derive(Clone, Debug, Serialize)]
pub struct SlotView {
    /// Name for `key remove`.
    pub id: String,
    /// What opens it.
    pub kind: SlotKind,
    /// Since when.
    pub created: Instant,
}

/// The key file. It lies in the case folder as it is: without a way in it tells nothing but how many there are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    format: String,
    version: u32,
    slots: Vec<Slot>,
    /// What the master key opens.
    contents: String,
}

/// What lies behind the master key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    record: Held,
    index: Held,
    ledger: Held,
    /// Keys that objects' keys are wrapped under. More than one only while a change is under way; the last one is in use.
    wrapping: Vec<Wrapping>,
    /// Digest of the slots, so that nobody adds, removes or exchanges one unnoticed.
    slots: String,
    /// What the case itself keeps here: its name, and where its servers are.
    card: Value,
}
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapping {
    epoch: u32,
    key: Held,
}

/// A secret inside the sealed contents.
#[derive(Clone)]
struct Held(Secret);
impl Serialize for Held {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        Zeroizing::new(STANDARD.encode(self.0.expose())).serialize(s)
    }
}
impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(d)?);
        let bytes = Zeroizing::new(STANDARD.decode(&*text).map_err(serde::de::Error::custom)?);
        Secret::from_slice(&bytes).map(Self).ok_or_else(|| serde::de::Error::custom("a key of another length"))
    }
}

/// The keys of an open case, wiped when dropped.
pub struct CaseKeys {
    master: Secret,
    contents: Contents,
}

/// An object's key, as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// Which wrapping key it needs.
    pub epoch: u32,
    /// The sealed key.
    pub bytes: Vec<u8>,
}

impl CaseKeys {
    /// Fresh keys for a new case. `card`: what is kept with them.
    pub fn generate(card: Value) -> Self {
        let held = || Held(Secret::random());
        let contents = Contents {
            record: held(),
            index: held(),
            ledger: held(),
            wrapping: vec![Wrapping { epoch: 1, key: held() }],
            slots: String::new(),
            card,
        };
        Self { master: Secret::random(), contents }
    }
    /// The key of the record's database.
    pub fn record(&self) -> &Secret {
        &self.contents.record.0
    }
    /// The key that files of the index are sealed under, each with one of its own derived from it.
    pub fn index(&self) -> &Secret {
        &self.contents.index.0
    }
    /// The key that the ledger's signing key is sealed under.
    pub fn ledger(&self) -> &Secret {
        &self.contents.ledger.0
    }
    /// What the case keeps with its keys.
    pub fn card(&self) -> &Value {
        &self.contents.card
    }
    /// Replaces what the case keeps with its keys; write the key file afterwards.
    pub fn set_card(&mut self, card: Value) {
        self.contents.card = card;
    }
    /// Which wrapping key is in use.
    pub fn epoch(&self) -> u32 {
        self.contents.wrapping.last().map_or(0, |w| w.epoch)
    }
    /// Every wrapping key there is, oldest first; more than one while a change is under way.
    pub fn epochs(&self) -> Vec<u32> {
        self.contents.wrapping.iter().map(|w| w.epoch).collect()
    }
    /// Wraps an object's key for the record. `object`: the digest of its plain bytes, which the key is bound to.
    pub fn wrap(&self, object: &[u8; 32], key: &Secret) -> Wrapped {
        let last = self.contents.wrapping.last().expect("a key file without wrapping key is refused when opened");
        Wrapped { epoch: last.epoch, bytes: seal(&last.key.0, &context(last.epoch, object), key.expose()) }
    }
    /// An object's key. Errors: `Destroyed` if it does not open, or if its wrapping key is gone.
    pub fn unwrap(&self, object: &[u8; 32], wrapped: &Wrapped) -> Result<Secret, KeyError> {
        let of = |w: &&Wrapping| w.epoch == wrapped.epoch;
        let wrapping = self.contents.wrapping.iter().find(of).ok_or(KeyError::Destroyed)?;
        let bytes = open(&wrapping.key.0, &context(wrapped.epoch, object), &wrapped.bytes).ok_or(KeyError::Destroyed)?;
        Secret::from_slice(&bytes).ok_or(KeyError::Destroyed)
    }
    /// Adds a wrapping key, which is in use from now on. Wrap every object's key again, then [`forget`](Self::forget) the rest.
    pub fn renew_wrapping(&mut self) -> u32 {
        let epoch = self.epoch() + 1;
        self.contents.wrapping.push(Wrapping { epoch, key: Held(Secret::random()) });
        epoch
    }
    /// Forgets every wrapping key but this one. What is wrapped under the others is gone for good once the key file is written.
    pub fn forget_all_but(&mut self, epoch: u32) {
        if self.contents.wrapping.iter().any(|w| w.epoch == epoch) {
            self.contents.wrapping.retain(|w| w.epoch == epoch);
        }
    }
}

fn context(epoch: u32, object: &[u8; 32]) -> Vec<u8> {
    [b"zapys/object/v1".as_slice(), &epoch.to_be_bytes(), object].concat()
}

impl KeyFile {
    /// A key file with one way in. Errors: `TooWeak`, `NoMemory`.
    pub fn new(keys: &mut CaseKeys, way: &Unlock<'_>, stretch: Stretch, now: Instant) -> Result<Self, KeyError> {
        let mut file = Self { format: FORMAT.into(), version: VERSION, slots: Vec::new(), contents: String::new() };
        file.add(keys, way, stretch, now)?;
        Ok(file)
    }
    /// Reads a key file. Errors: `Damaged`, `Newer`.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() > MAX_FILE {
            return Err(KeyError::Damaged("it is far too long"));
        }
        #[derive(Deserialize)]
        struct Mark {
            format: String,
            version: u32,
        }
        let mark: Mark = serde_json::from_slice(bytes).map_err(|_| KeyError::Damaged("it cannot be read"))?;
        if mark.format != FORMAT {
            return Err(KeyError::Damaged("it is another kind of file"));
        }
        if mark.version != VERSION {
            return Err(KeyError::Newer { found: mark.version });
        }
        let file: Self = serde_json::from_slice(bytes).map_err(|_| KeyError::Damaged("it cannot be read"))?;
        if file.slots.is_empty() || file.slots.len() > MAX_SLOTS {
            return Err(KeyError::Damaged("it has no way in"));
        }
        Ok(file)
    }
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("plain texts and numbers");
        bytes.push(b'\n');
        bytes
    }
    /// Every way in.
    pub fn slots(&self) -> Vec<SlotView> {
        self.slots.iter().map(|s| SlotView { id: s.id.clone(), kind: s.kind, created: s.created }).collect()
    }
    /// Opens the case's keys. Errors: `Refused`, `NoSuchWay`, `Damaged` where slots or contents were changed, `NoMemory`.
    pub fn unlock(&self, way: &Unlock<'_>) -> Result<CaseKeys, KeyError> {
        let kind = way.kind();
        let mut any = false;
        for slot in self.slots.iter().filter(|s| s.kind == kind) {
            any = true;
            let master = slot.open(way)?;
            if let Some(master) = master {
                return self.contents(master);
            }
        }
        Err(if any { KeyError::Refused(kind.said()) } else { KeyError::NoSuchWay(kind.said()) })
    }
    fn contents(&self, master: Secret) -> Result<CaseKeys, KeyError> {
        let sealed = STANDARD.decode(&self.contents).map_err(|_| KeyError::Damaged("what it protects cannot be read"))?;
        let plain = open(&master, CONTENTS, &sealed).ok_or(KeyError::Damaged("what it protects was changed"))?;
        let contents: Contents =
            serde_json::from_slice(&plain).map_err(|_| KeyError::Damaged("what it protects cannot be read"))?;
        if contents.wrapping.is_empty() {
            return Err(KeyError::Damaged("the key of the objects' keys is missing"));
        }
        if contents.slots != self.digest() {
            return Err(KeyError::Damaged("its ways in are not those that were written last"));
        }
        Ok(CaseKeys { master, contents })
    }
    /// Adds a way in and returns its name. Errors: `TooWeak`, `NoMemory`.
    pub fn add(&mut self, keys: &mut CaseKeys, way: &Unlock<'_>, stretch: Stretch, now: Instant) -> Result<String, KeyError> {
        way.strong_enough()?;
        let mut salt = [0u8; 32];
        getrandom::fill(&mut salt).expect("the operating system gives random bytes; without them nothing can be sealed");
        let stretch = (way.kind() == SlotKind::Passphrase).then_some(stretch);
        let key = way.key(stretch.as_ref(), &salt)?;
        let n = self.slots.iter().filter_map(|s| s.id.strip_prefix('w')?.parse::<u32>().ok()).max().unwrap_or(0) + 1;
        let (id, kind) = (format!("w{n}"), way.kind());
        let wrapped = STANDARD.encode(seal(&key, slot_context(&id, kind).as_bytes(), keys.master.expose()));
        self.slots.push(Slot { id: id.clone(), kind, created: now, stretch, salt: STANDARD.encode(salt), wrapped });
        self.reseal(keys);
        Ok(id)
    }
    /// Takes a way in away. Errors: `NoSuchSlot`, `LastSlot`.
    pub fn remove(&mut self, keys: &mut CaseKeys, id: &str) -> Result<(), KeyError> {
        let at = self.slots.iter().position(|s| s.id == id).ok_or(KeyError::NoSuchSlot)?;
        if self.slots.len() == 1 {
            return Err(KeyError::LastSlot);
        }
        self.slots.remove(at);
        self.reseal(keys);
        Ok(())
    }
    /// Which slot this way opens, if any. Errors: `NoMemory`, `Damaged`.
    pub fn slot_of(&self, way: &Unlock<'_>) -> Result<Option<String>, KeyError> {
        for slot in self.slots.iter().filter(|s| s.kind == way.kind()) {
            if slot.open(way)?.is_some() {
                return Ok(Some(slot.id.clone()));
            }
        }
        Ok(None)
    }
    /// Seals the contents anew, after anything in `keys` or the slots changed.
    pub fn reseal(&mut self, keys: &mut CaseKeys) {
        keys.contents.slots = self.digest();
        let plain = Zeroizing::new(serde_json::to_vec(&keys.contents).expect("plain texts and numbers"));
        self.contents = STANDARD.encode(seal(&keys.master, CONTENTS, &plain));
    }
    fn digest(&self) -> String {
        STANDARD.encode(digest(&SHA256, &serde_json::to_vec(&self.slots).expect("plain texts and numbers")))
    }
}

impl Slot {
    fn open(&self, way: &Unlock<'_>) -> Result<Option<Secret>, KeyError> {
        let unreadable = |_| KeyError::Damaged("a way in cannot be read");
        let salt = STANDARD.decode(&self.salt).map_err(unreadable)?;
        let wrapped = STANDARD.decode(&self.wrapped).map_err(unreadable)?;
        let key = way.key(self.stretch.as_ref(), &salt)?;
        Ok(open(&key, slot_context(&self.id, self.kind).as_bytes(), &wrapped).and_then(|m| Secret::from_slice(&m)))
    }
}
fn slot_context(id: &str, kind: SlotKind) -> String {
    format!("zapys/slot/v1/{id}/{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Stretch = Stretch { memory_kib: 64, passes: 1, lanes: 1 };
    fn now() -> Instant {
        Instant::from_micros(1_700_000_000_000_000)
    }
    fn made() -> (CaseKeys, KeyFile, RecoveryKey) {
        let mut keys = CaseKeys::generate(Value::from("Кит"));
        let mut file = KeyFile::new(&mut keys, &Unlock::Passphrase("five random words here"), QUICK, now()).expect("made");
        let recovery = RecoveryKey::random();
        file.add(&mut keys, &Unlock::Recovery(&recovery), QUICK, now()).expect("added");
        (keys, file, recovery)
    }

    #[test]
    fn every_way_in_opens_the_same_keys_and_no_other_does() {
        let (mut keys, mut file, recovery) = made();
        let medium: Vec<u8> = (0..64).collect();
        file.add(&mut keys, &Unlock::KeyFile(&medium), QUICK, now()).expect("added");
        let file = KeyFile::parse(&file.to_bytes()).expect("reads");
        for way in [Unlock::Passphrase("five random words here"), Unlock::Recovery(&recovery), Unlock::KeyFile(&medium)] {
            let opened = file.unlock(&way).expect("opens");
            assert_eq!((opened.record(), opened.card()), (keys.record(), keys.card()));
        }
        assert_eq!(file.unlock(&Unlock::Passphrase("five random words hare")).err(), Some(KeyError::Refused("passphrase")));
        let other = RecoveryKey::random();
        assert_eq!(file.unlock(&Unlock::Recovery(&other)).err(), Some(KeyError::Refused("recovery key")));
    }

    #[test]
    fn a_way_in_is_taken_away_but_never_the_last() {
        let (mut keys, mut file, recovery) = made();
        file.remove(&mut keys, "w1").expect("removed");
        assert_eq!(file.unlock(&Unlock::Passphrase("five random words here")).err(), Some(KeyError::NoSuchWay("passphrase")));
        assert!(file.unlock(&Unlock::Recovery(&recovery)).is_ok());
        assert_eq!(file.remove(&mut keys, "w2"), Err(KeyError::LastSlot));
        assert_eq!(file.remove(&mut keys, "w9"), Err(KeyError::NoSuchSlot));
        let id = file.add(&mut keys, &Unlock::Passphrase("other words entirely"), QUICK, now()).expect("added");
        assert_eq!(file.slot_of(&Unlock::Passphrase("other words entirely")).expect("looked"), Some(id));
    }

    #[test]
    fn weak_ways_in_are_refused() {
        let (mut keys, mut file, _) = made();
        for way in [Unlock::Passphrase("short"), Unlock::KeyFile(b"few"), Unlock::KeyFile(&[0; 64])] {
            assert!(matches!(file.add(&mut keys, &way, QUICK, now()), Err(KeyError::TooWeak(_))));
        }
    }

    #[test]
    fn a_changed_key_file_is_named() {
        let (mut keys, file, recovery) = made();
        let words = Unlock::Passphrase("five random words here");
        let mut without = file.clone();
        without.slots.pop();
        assert!(matches!(without.unlock(&words), Err(KeyError::Damaged(_))));
        let mut swapped = file.clone();
        swapped.slots.swap(0, 1);
        assert!(matches!(swapped.unlock(&Unlock::Recovery(&recovery)), Err(KeyError::Damaged(_))));
        let mut other = file.clone();
        other.contents = KeyFile::new(&mut keys, &words, QUICK, now()).expect("made").contents;
        assert!(matches!(other.unlock(&words), Err(KeyError::Damaged(_))));
        let newer = String::from_utf8(file.to_bytes()).expect("JSON").replace("\"version\": 1", "\"version\": 2");
        assert_eq!(KeyFile::parse(newer.as_bytes()).err(), Some(KeyError::Newer { found: 2 }));
        for bad in ["", "{}", "[]", "{\"format\":\"zapys-keys\",\"version\":1,\"slots\":[],\"contents\":\"\"}"] {
            assert!(matches!(KeyFile::parse(bad.as_bytes()), Err(KeyError::Damaged(_))), "{bad}");
        }
        let greedy = Stretch { memory_kib: u32::MAX, passes: 1, lanes: 1 };
        assert!(matches!(greedy.key("x", &[0; 32]), Err(KeyError::Damaged(_))));
    }

    #[test]
    fn an_object_key_dies_with_its_wrapping_key() {
        let (mut keys, mut file, recovery) = made();
        let (kept, gone) = (Secret::random(), Secret::random());
        let (a, b) = ([1; 32], [2; 32]);
        let (wrapped_a, wrapped_b) = (keys.wrap(&a, &kept), keys.wrap(&b, &gone));
        assert_eq!(keys.unwrap(&a, &wrapped_a), Ok(kept.clone()));
        assert_eq!(keys.unwrap(&b, &wrapped_a), Err(KeyError::Destroyed), "bound to its object");
        let epoch = keys.renew_wrapping();
        let again = keys.wrap(&a, &keys.unwrap(&a, &wrapped_a).expect("still there"));
        keys.forget_all_but(epoch);
        file.reseal(&mut keys);
        let keys = file.unlock(&Unlock::Recovery(&recovery)).expect("opens");
        assert_eq!(keys.unwrap(&a, &again), Ok(kept));
        assert_eq!(keys.unwrap(&b, &wrapped_b), Err(KeyError::Destroyed));
        assert_eq!((again.epoch, keys.epochs()), (2, vec![2]));
    }
}
