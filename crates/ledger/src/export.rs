//! A whole ledger in a folder, as strangers get it, and what they check of it.
//!
//! ```text
//! checkpoint            the newest signed checkpoint, with the signatures of others
//! tile/…                hash tiles and entry bundles (C2SP tlog-tiles)
//! keys.json             the first key and those that events name after it
//! checkpoints/SIZE      every checkpoint that was signed, with the signatures of others
//! stamps.json           what lies in stamps/: folder, kind, size
//! stamps/001/…          a time stamp, file by file as it came
//! ```
//!
//! Only `checkpoint` and `tile/` must be there; what is there must hold.

use crate::checkpoint::Checkpoint;
use crate::follow::Follow;
use crate::hash::Hash;
use crate::history::KeyHistory;
use crate::key::VerifierKey;
use crate::note::Note;
use crate::ots;
use crate::stamp::{Certificate, Crl, Reply, Request, State, Trust, judge};
use crate::tiles::{WIDTH, path, read_bundle};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// File of the keys.
pub const KEYS: &str = "keys.json";
/// File that lists the time stamps.
pub const STAMPS: &str = "stamps.json";
/// File of the newest checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// Most time stamps and checkpoints that are looked at.
pub const MAX_LISTED: usize = 100_000;

const MAX_NOTE: usize = crate::note::MAX_BYTES;
const MAX_LIST: usize = 32 << 20;
const MAX_BUNDLE: usize = (WIDTH as usize) * (crate::event::MAX_BYTES + 2);

/// What `keys.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysFile {
    /// The key the log began with.
    pub first: String,
    /// Those after it.
    pub later: Vec<LaterKey>,
    /// Sizes of the files in `checkpoints/`.
    pub checkpoints: Vec<u64>,
}
/// One key that an event names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaterKey {
    /// The entry that names it.
    pub seq: u64,
    /// The key.
    pub vkey: String,
    /// True where the key before it signed for it.
    pub vouched: bool,
}
impl KeysFile {
    /// The file of this history.
    pub fn of(history: &KeyHistory, checkpoints: Vec<u64>) -> Self {
        let later = history.later().iter();
        let later = later.map(|s| LaterKey { seq: s.seq, vkey: s.key.to_string(), vouched: s.vouched }).collect();
        Self { first: history.first().to_string(), later, checkpoints }
    }
}

/// One line of `stamps.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedStamp {
    /// Folder below `stamps/`.
    pub folder: String,
    /// `rfc3161` or `opentimestamps`.
    pub kind: String,
    /// Entries the stamped checkpoint covers.
    pub size: u64,
    /// Lists of revoked certificates: `crl-1`, `crl-2` …
    pub crls: u32,
}

/// A file could not be read; which and why, whoever reads says.
#[derive(Debug, thiserror::Error)]
#[error("a file could not be read")]
pub struct Unreadable;

/// Reads a file by its path below the folder, `None` where there is none. The number is the most bytes that may be given:
/// a longer file is unreadable.
pub type Read<'r> = dyn Fn(&str, usize) -> Result<Option<Vec<u8>>, Unreadable> + 'r;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable kebab-case word.
    pub code: &'static str,
    /// The file, or `entry N`.
    pub subject: String,
    /// What is wrong, as a sentence without a full stop.
    pub detail: String,
}

/// What is known of one time stamp in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedStamp {
    /// Its line.
    pub listed: ListedStamp,
    /// What it is worth.
    pub state: State,
    /// Time and authority, or why it failed.
    pub told: String,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The newest checkpoint, where its signature holds.
    pub checkpoint: Option<Checkpoint>,
    /// Entries that were read and re-hashed.
    pub entries: u64,
    /// The keys, by the events.
    pub keys: KeyHistory,
    /// True where a key was given that the checkpoint is held against, as opposed to the one in the folder itself.
    pub under_given_key: bool,
    /// Signatures by other keys that were given, by name.
    pub cosigners: Vec<String>,
    /// The time stamps.
    pub stamps: Vec<CheckedStamp>,
    /// Everything that does not hold; empty where all is in order.
    pub findings: Vec<Finding>,
}
impl Checked {
    /// True where nothing was found.
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Checks a folder: every entry re-hashed and followed, every tile computed anew, every checkpoint opened under the key of
/// its size, every time stamp judged under `roots`. `vkeys`: the log's own key as it was handed over (its first, or any later
/// one), and keys of witnesses. Without the log's key the one in the folder is taken, which proves only that the folder does
/// not contradict itself ([`Checked::under_given_key`]). `None`: the folder has no checkpoint, so it is no export.
pub fn check(read: &Read<'_>, vkeys: &[VerifierKey], roots: &[Certificate]) -> Option<Checked> {
    let mut findings = Findings(Vec::new());
    let note = match read(CHECKPOINT, MAX_NOTE) {
        Ok(None) => return None,
        Ok(Some(bytes)) => bytes,
        Err(Unreadable) => Vec::new(),
    };
    let stated = Note::parse(&note).map_err(|e| e.to_string());
    let stated = stated.and_then(|n| Checkpoint::parse(n.text()).map(|c| (n, c)).map_err(|e| e.to_string()));
    let keys_file = findings.json::<KeysFile>(read, KEYS);
    let in_folder = keys_file.as_ref().and_then(|k| k.first.parse::<VerifierKey>().ok());
    let (note, stated) = match stated {
        Ok(both) => both,
        Err(e) => {
            findings.add("ledger-checkpoint", CHECKPOINT, e);
            let first = in_folder.or_else(|| vkeys.first().cloned())?;
            let keys = KeyHistory::new(first);
            let (stamps, cosigners) = (Vec::new(), Vec::new());
            return Some(Checked {
                checkpoint: None,
                entries: 0,
                keys,
                under_given_key: false,
                cosigners,
                stamps,
                findings: findings.0,
            });
        }
    };
    let own = |k: &&VerifierKey| k.name() == stated.origin && k.kind() == crate::key::KeyType::Ed25519;
    let given: Vec<&VerifierKey> = vkeys.iter().filter(own).collect();
    let Some(first) = in_folder.or_else(|| given.first().map(|k| (*k).clone())) else {
        findings.add("ledger-key", KEYS, "no key of this ledger was given, and none lies in the folder".into());
        let key = vkeys.first().cloned()?;
        let (stamps, cosigners) = (Vec::new(), Vec::new());
        let keys = KeyHistory::new(key);
        return Some(Checked {
            checkpoint: None,
            entries: 0,
            keys,
            under_given_key: false,
            cosigners,
            stamps,
            findings: findings.0,
        });
    };

    let wanted = keys_file.iter().flat_map(|k| k.checkpoints.iter().copied()).take(MAX_LISTED).collect();
    let (walk, roots_at) = findings.entries(read, Follow::new(first), stated.size, wanted);
    let keys = walk.keys().clone();
    if walk.size() < stated.size {
        let detail = format!("{} of {} entries are missing", stated.size - walk.size(), stated.size);
        findings.add("ledger-entries", CHECKPOINT, detail);
    } else if walk.root() != stated.root {
        findings.add("ledger-root", CHECKPOINT, "the entries do not lead to its root".into());
    }
    // A given key counts where the folder's own history contains it; the checkpoint is then opened by that history.
    let of_history = |k: &&VerifierKey| keys.first() == *k || keys.later().iter().any(|s| s.key == **k);
    let known: Vec<&VerifierKey> = given.iter().copied().filter(|k| of_history(k)).collect();
    if known.is_empty() && !given.is_empty() {
        findings.add("ledger-key", KEYS, "the key that was given never signed this ledger".into());
    }
    // From the newest key that was given, each later one must be vouched for.
    let newest = known.iter().map(|k| keys.later().iter().position(|s| s.key == **k).map_or(0, |i| i + 1)).max();
    if let Some(newest) = newest {
        for s in keys.later().iter().skip(newest).filter(|s| !s.vouched) {
            let detail = "it names a key that the one before it did not sign for: get the new key apart from this folder";
            findings.add("ledger-key", &format!("entry {}", s.seq), detail.into());
        }
    }
    let opened = keys.open(note.to_string().as_bytes()).map_err(|e| findings.add("ledger-checkpoint", CHECKPOINT, e.to_string()));
    if let Some(file) = &keys_file
        && KeysFile::of(&keys, file.checkpoints.clone()) != *file
    {
        findings.add("ledger-key", KEYS, "it names other keys than the entries".into());
    }
    let others: Vec<VerifierKey> = vkeys.iter().filter(|k| !own(k)).cloned().collect();
    let mut cosigners = findings.witnesses(CHECKPOINT, &note, &others);
    for (size, root) in &roots_at {
        let name = format!("checkpoints/{size}");
        let Some(bytes) = findings.file(read, &name, MAX_NOTE) else { continue };
        match keys.open(&bytes) {
            Ok(c) if c.size == *size && c.root == *root => {
                if let Ok(note) = Note::parse(&bytes) {
                    cosigners.extend(findings.witnesses(&name, &note, &others));
                }
            }
            Ok(_) => findings.add("ledger-checkpoint", &name, "it is of another ledger".into()),
            Err(e) => findings.add("ledger-checkpoint", &name, e.to_string()),
        }
    }
    cosigners.sort();
    cosigners.dedup();
    let listed = findings.json::<Vec<ListedStamp>>(read, STAMPS).unwrap_or_default();
    let at_size = |size: u64| roots_at.get(&size).copied().or((size == stated.size).then_some(stated.root));
    let stamps = listed.into_iter().take(MAX_LISTED).map(|l| findings.stamp(read, l, &keys, &at_size, roots)).collect();
    Some(Checked {
        checkpoint: opened.ok(),
        entries: walk.size(),
        under_given_key: !known.is_empty(),
        keys,
        cosigners,
        stamps,
        findings: findings.0,
    })
}

struct Findings(Vec<Finding>);
impl Findings {
    fn add(&mut self, code: &'static str, subject: &str, detail: String) {
        // A ledger in ruins is told by its first thousand faults.
        if self.0.len() < 1000 {
            self.0.push(Finding { code, subject: subject.into(), detail });
        }
    }
    /// A file that must be there.
    fn file(&mut self, read: &Read<'_>, name: &str, most: usize) -> Option<Vec<u8>> {
        match read(name, most) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => self.add("ledger-file", name, "it is missing".into()),
            Err(Unreadable) => self.add("ledger-file", name, "it cannot be read".into()),
        }
        None
    }
    /// A JSON file that may be there.
    fn json<T: for<'d> Deserialize<'d>>(&mut self, read: &Read<'_>, name: &str) -> Option<T> {
        match read(name, MAX_LIST) {
            Ok(None) => None,
            Ok(Some(bytes)) => match serde_json::from_slice(&bytes) {
                Ok(value) => Some(value),
                Err(_) => {
                    self.add("ledger-file", name, "it is not written as it must be".into());
                    None
                }
            },
            Err(Unreadable) => {
                self.add("ledger-file", name, "it cannot be read".into());
                None
            }
        }
    }
    /// Reads every bundle, follows the entries, compares the tiles. Gives the walk, and the roots at the wanted sizes.
    fn entries(
        &mut self,
        read: &Read<'_>,
        mut walk: Follow,
        size: u64,
        wanted: std::collections::BTreeSet<u64>,
    ) -> (Follow, BTreeMap<u64, Hash>) {
        let mut rows: Vec<Vec<u8>> = vec![Vec::new(); 8];
        let mut roots = BTreeMap::new();
        if wanted.contains(&0) {
            roots.insert(0, Hash::empty());
        }
        for (first, width) in crate::tiles::bundles(size) {
            let name = path("entries", first / WIDTH, width);
            let Some(bytes) = self.file(read, &name, MAX_BUNDLE) else { break };
            let Some(entries) = read_bundle(&bytes, width) else {
                self.add("ledger-entries", &name, format!("it does not hold {width} entries"));
                break;
            };
            for entry in entries {
                let seq = walk.size();
                rows[0].extend(Hash::leaf(entry).as_bytes());
                let mut full = Vec::new();
                let (_, wrong) = walk.entry(entry, |level, index, hash| {
                    if level % 8 == 0 {
                        full.push((level / 8, index, hash));
                    }
                });
                for w in wrong {
                    self.add("ledger-entry", &format!("entry {seq}"), w.to_string());
                }
                for (row, index, hash) in full {
                    self.tile(read, row - 1, index, &mut rows);
                    if let Some(next) = rows.get_mut(row as usize) {
                        next.extend(hash.as_bytes());
                    }
                }
                if wanted.contains(&walk.size()) {
                    roots.insert(walk.size(), walk.root());
                }
            }
        }
        // Of a log that is cut short, the last tiles have other names.
        for row in (0..8u32).filter(|_| walk.size() == size) {
            if !rows[row as usize].is_empty() {
                let index = (walk.size() >> (8 * row)) / WIDTH;
                self.tile(read, row, index, &mut rows);
            }
        }
        (walk, roots)
    }
    /// Compares one tile with what was computed, and empties the row.
    fn tile(&mut self, read: &Read<'_>, row: u32, index: u64, rows: &mut [Vec<u8>]) {
        let computed = std::mem::take(&mut rows[row as usize]);
        let name = path(&row.to_string(), index, computed.len() as u64 / 32);
        if let Some(bytes) = self.file(read, &name, 32 * WIDTH as usize)
            && bytes != computed
        {
            self.add("ledger-tile", &name, "it is not what the entries give".into());
        }
    }
    /// Names of those of `others` whose signatures are under a checkpoint; none may be false.
    fn witnesses(&mut self, name: &str, note: &Note, others: &[VerifierKey]) -> Vec<String> {
        match note.verify(others) {
            Ok(by) => by.into_iter().map(|k| k.name().to_owned()).collect(),
            Err(crate::NoteError::NoKnownKey) => Vec::new(),
            Err(e) => {
                self.add("ledger-cosignature", name, e.to_string());
                Vec::new()
            }
        }
    }
    fn stamp(
        &mut self,
        read: &Read<'_>,
        listed: ListedStamp,
        keys: &KeyHistory,
        root_at: &dyn Fn(u64) -> Option<Hash>,
        roots: &[Certificate],
    ) -> CheckedStamp {
        let found = self.judged(read, &listed, keys, root_at, roots);
        let (state, told) = match found {
            Ok(both) => both,
            Err(reason) => {
                self.add("ledger-stamp", &format!("stamps/{}", listed.folder), reason.clone());
                (State::Failed, reason)
            }
        };
        CheckedStamp { listed, state, told }
    }
    fn judged(
        &mut self,
        read: &Read<'_>,
        listed: &ListedStamp,
        keys: &KeyHistory,
        root_at: &dyn Fn(u64) -> Option<Hash>,
        roots: &[Certificate],
    ) -> Result<(State, String), String> {
        // A folder's name comes from a file, and leads nowhere else.
        if listed.folder.is_empty() || listed.folder.len() > 9 || !listed.folder.bytes().all(|b| b.is_ascii_digit()) {
            return Err("its folder has a name that it cannot have".into());
        }
        let mut file = |name: &str, most: usize| {
            let name = format!("stamps/{}/{name}", listed.folder);
            self.file(read, &name, most).ok_or_else(|| "a file of it is missing".to_owned())
        };
        let checkpoint = file("checkpoint", MAX_NOTE)?;
        let stamped = keys.open(&checkpoint).map_err(|e| format!("what it stamps does not hold: {e}"))?;
        if stamped.size != listed.size || root_at(stamped.size) != Some(stamped.root) {
            return Err("what it stamps is no checkpoint of this ledger".into());
        }
        if listed.kind == "opentimestamps" {
            let proof = ots::Proof::parse(&file("checkpoint.ots", ots::MAX_BYTES)?).map_err(|e| e.to_string())?;
            let header = String::from_utf8(file("block-header", 1024)?).map_err(|_| ots::OtsError::Header.to_string())?;
            let header = ots::header_from_hex(&header).map_err(|e| e.to_string())?;
            let block = proof.verify(&checkpoint, &header).map_err(|e| e.to_string())?;
            return Ok((State::Stamped, format!("{} in Bitcoin block {} ({})", block.time, block.height, block.hash)));
        }
        let text = |e: crate::stamp::StampError| e.to_string();
        let reply = Reply::parse(&file("reply.tsr", 1 << 20)?).map_err(text)?;
        let request = Request::parse(&file("request.tsq", 4096)?).map_err(text)?;
        let chain = file("chain.pem", 1 << 22)?;
        let extra = if chain.is_empty() { Vec::new() } else { Certificate::read_file(&chain).map_err(text)? };
        let mut crls = Vec::new();
        for n in 1..=listed.crls.min(16) {
            crls.push(Crl::read_file(&file(&format!("crl-{n}"), Crl::MAX_BYTES)?).map_err(text)?);
        }
        let trust = Trust { roots, extra: &extra, crls: &crls, at: None };
        let (state, told) = judge(reply.token(), &checkpoint, Some(&request), &trust);
        told.map(|s| (state, format!("{} by {}", s.time, s.authority))).map_err(text)
    }
}
