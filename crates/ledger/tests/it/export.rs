//! A ledger as it leaves, checked by the reader that strangers use.

use std::collections::BTreeMap;
use zapys_domain::{Action, Actor, Instant};
use zapys_ledger::export::{Checked, KeysFile, ListedStamp, Unreadable, check};
use zapys_ledger::key::KeyType;
use zapys_ledger::stamp::{Certificate, Request, State};
use zapys_ledger::tiles::{bundle, bundles, hash_tiles};
use zapys_ledger::tree::root;
use zapys_ledger::{Checkpoint, Code, Detail, Draft, Entry, KeyHistory, Log, Signer, SigningKey, Subject, Tree, VerifierKey};
use zapys_tests::Authority;

const NAME: &str = "example.test/log";

struct Folder {
    files: BTreeMap<String, Vec<u8>>,
    keys: Vec<SigningKey>,
}
impl Folder {
    /// 600 entries; the key is rotated at entry 300, and replaced at entry 500 where `loss`.
    fn new(loss: bool) -> Self {
        let keys: Vec<SigningKey> = (1..=3).map(|n| SigningKey::from_seed(NAME, &[n; 32]).expect("a key")).collect();
        let case = Subject::Case("01J8ZQ4Y7N000000000000000C".parse().expect("ulid"));
        let (mut log, mut tree, mut entries) = (Log::new(), Tree::new(), Vec::<Entry>::new());
        let mut history = KeyHistory::new(keys[0].key().clone());
        for i in 0..600u64 {
            let (action, key) = match i {
                300 => (Action::KeyRotated, Some(&keys[1])),
                500 if loss => (Action::KeyReplaced, Some(&keys[2])),
                _ => (Action::Hashed, None),
            };
            let item = format!("01J8ZQ4Y7N000000000000000{}", i % 7).parse().expect("a ULID");
            let subject = if key.is_some() { case } else { Subject::Item(item) };
            let previous = entries.iter().rev().find(|e| e.event.subject == subject).map(Entry::previous);
            let mut draft = Draft::new(Actor::worker(), action, subject, Code::parse("zapys/0.1.0").expect("a code"));
            draft = match key {
                Some(key) => draft.with("public_key", KeyHistory::fact(key.key())),
                None => draft.with("bytes", Detail::count(i)),
            };
            let at = Instant::from_seconds(1_730_000_000 + i64::try_from(i).expect("small"));
            let entry = log.append(draft, previous, at).expect("appends");
            history.observe(&entry.event).expect("names its key");
            tree.push(entry.leaf);
            entries.push(entry);
        }
        let note = |size: u64| {
            let signer = keys.iter().find(|k| k.key() == history.at(size)).expect("one of ours");
            let root = root(&tree, size).expect("in range");
            Checkpoint { origin: NAME.into(), size, root }.sign(&[signer]).expect("signs").to_string().into_bytes()
        };
        let mut files: BTreeMap<String, Vec<u8>> = hash_tiles(&tree, 600).collect();
        for (first, width) in bundles(600) {
            let from = usize::try_from(first).expect("small");
            let to = usize::try_from(first + width).expect("small");
            let (path, bytes) = bundle(first, entries[from..to].iter().map(|e| e.canonical.as_slice())).expect("short entries");
            files.insert(path, bytes);
        }
        let sizes = vec![0, 100, 301, 302, 600];
        for size in &sizes {
            files.insert(format!("checkpoints/{size}"), note(*size));
        }
        files.insert("checkpoint".into(), note(600));
        files.insert("keys.json".into(), serde_json::to_vec(&KeysFile::of(&history, sizes)).expect("json"));
        Self { files, keys }
    }
    fn check(&self, vkeys: &[VerifierKey], roots: &[Certificate]) -> Option<Checked> {
        let read = |name: &str, most: usize| match self.files.get(name) {
            Some(bytes) if bytes.len() > most => Err(Unreadable),
            found => Ok(found.cloned()),
        };
        check(&read, vkeys, roots)
    }
    fn vkey(&self, n: usize) -> VerifierKey {
        self.keys[n].key().clone()
    }
}

#[test]
fn r2_3_r2_5_a_ledger_that_left_holds_under_any_key_it_had() {
    let folder = Folder::new(false);
    for n in [0, 1] {
        let found = folder.check(&[folder.vkey(n)], &[]).expect("an export");
        assert_eq!((found.findings.as_slice(), found.entries, found.under_given_key), (&[][..], 600, true));
        assert_eq!(found.checkpoint.map(|c| c.size), Some(600));
        assert_eq!(found.keys.current(), &folder.vkey(1));
    }
    let alone = folder.check(&[], &[]).expect("an export");
    assert!(alone.holds() && !alone.under_given_key);
    let stranger = SigningKey::from_seed(NAME, &[9; 32]).expect("a key").key().clone();
    let found = folder.check(&[stranger], &[]).expect("an export");
    assert!(!found.under_given_key && found.findings.iter().any(|f| f.code == "ledger-key"), "{:?}", found.findings);
}

#[test]
fn r2_5_a_key_that_nobody_vouched_for_must_be_handed_over_anew() {
    let folder = Folder::new(true);
    for (n, holds) in [(0, false), (1, false), (2, true)] {
        let found = folder.check(&[folder.vkey(n)], &[]).expect("an export");
        assert_eq!(found.holds(), holds, "{:?}", found.findings);
        if !holds {
            assert_eq!((found.findings[0].code, found.findings[0].subject.as_str()), ("ledger-key", "entry 500"));
        }
    }
}

#[test]
fn r2_2_every_changed_or_missing_file_is_named() {
    let good = Folder::new(false);
    let vkey = [good.vkey(0)];
    let names: Vec<String> = good.files.keys().cloned().collect();
    assert_eq!(names.iter().filter(|n| n.starts_with("tile/")).count(), 3 + 1 + 3);
    for name in &names {
        let mut f = Folder::new(false);
        let bytes = f.files.get_mut(name).expect("there");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let found = f.check(&vkey, &[]).expect("an export");
        assert!(!found.holds(), "{name}");
        if !name.starts_with("tile/entries") {
            assert!(found.findings.iter().any(|x| x.subject == *name), "{name}: {:?}", found.findings);
        }
        f.files.remove(name);
        match f.check(&vkey, &[]) {
            None => assert_eq!(name, "checkpoint"),
            // Without the list of keys, the one that was given is the first.
            Some(found) => assert_eq!(found.holds(), name == "keys.json", "{name}"),
        }
    }
}

#[test]
fn a_rewritten_ledger_does_not_hold_even_where_it_is_signed_anew() {
    // Everything recomputed and signed with the right key, but for one entry: its own chain gives it away.
    let mut f = Folder::new(false);
    let first = f.files["tile/entries/000"].clone();
    let entries = zapys_ledger::tiles::read_bundle(&first, 256).expect("a bundle");
    let mut changed: Vec<Vec<u8>> = entries.iter().map(|e| e.to_vec()).collect();
    changed[10] = String::from_utf8(changed[10].clone()).expect("text").replace("\"bytes\":10", "\"bytes\":11").into_bytes();
    f.files.insert("tile/entries/000".into(), bundle(0, changed.iter().map(Vec::as_slice)).expect("short").1);
    let found = f.check(&[f.vkey(0)], &[]).expect("an export");
    let codes: Vec<&str> = found.findings.iter().map(|f| f.code).collect();
    for code in ["ledger-entry", "ledger-tile", "ledger-root", "ledger-checkpoint"] {
        assert!(codes.contains(&code), "{code}: {:?}", found.findings);
    }
}

#[test]
fn hostile_lists_lead_nowhere() {
    let mut f = Folder::new(false);
    for folder in ["..", "../../etc", "", "a", "0000000001"] {
        let listed = vec![ListedStamp { folder: folder.into(), kind: "rfc3161".into(), size: 600, crls: u32::MAX }];
        f.files.insert("stamps.json".into(), serde_json::to_vec(&listed).expect("json"));
        let found = f.check(&[f.vkey(0)], &[]).expect("an export");
        assert_eq!(found.stamps[0].state, State::Failed);
        assert_eq!(found.findings.len(), 1, "{folder}: {:?}", found.findings);
    }
    f.files.insert("stamps.json".into(), b"[".to_vec());
    assert!(!f.check(&[f.vkey(0)], &[]).expect("an export").holds());
    let huge = Checkpoint { origin: NAME.into(), size: u64::MAX, root: zapys_ledger::Hash::of(b"x") };
    f.files.insert("checkpoint".into(), huge.sign(&[&f.keys[0]]).expect("signs").to_string().into_bytes());
    assert!(!f.check(&[f.vkey(0)], &[]).expect("an export").holds());
}

#[test]
fn r2_4_stamps_and_witnesses_in_the_folder_are_judged() {
    let Some(a) = Authority::new() else { return };
    a.key("tsa", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify("tsa", "middle", "tsa_ext", 30);
    let mut f = Folder::new(false);
    let checkpoint = f.files["checkpoints/301"].clone();
    let request = Request::new(&checkpoint, &[7; 16]);
    a.put("r.tsq", &request.der());
    a.reply("r.tsq", "tsa", None, "r.tsr");
    let listed = vec![ListedStamp { folder: "001".into(), kind: "rfc3161".into(), size: 301, crls: 0 }];
    f.files.insert("stamps.json".into(), serde_json::to_vec(&listed).expect("json"));
    for (name, bytes) in [
        ("checkpoint", checkpoint.clone()),
        ("request.tsq", request.der()),
        ("reply.tsr", a.get("r.tsr")),
        ("chain.pem", a.get("middle.pem")),
    ] {
        f.files.insert(format!("stamps/001/{name}"), bytes);
    }
    // A witness signs the newest checkpoint.
    let note = String::from_utf8(f.files["checkpoint"].clone()).expect("text");
    let (witness, line) = witness(&note, 1_730_000_700);
    f.files.insert("checkpoint".into(), format!("{note}{line}\n").into_bytes());
    let keys = [f.vkey(0), witness.clone()];
    let root = Certificate::read_file(&a.get("root.pem")).expect("a certificate");
    let other = Certificate::read_file(&a.get("other.pem")).expect("a certificate");
    let states = [(&[][..], State::Stamped), (&root[..], State::Verified), (&other[..], State::Failed)];
    for (roots, state) in states {
        let found = f.check(&keys, roots).expect("an export");
        assert_eq!((found.stamps[0].state, found.holds()), (state, state != State::Failed), "{:?}", found.findings);
        assert_eq!(found.cosigners, [witness.name()]);
    }
    // A stamp over something else, and a witness who did not sign this.
    let mut other = Folder::new(true);
    other.files.extend(f.files.iter().filter(|(n, _)| n.starts_with("stamps")).map(|(n, b)| (n.clone(), b.clone())));
    let found = other.check(&[other.vkey(2)], &root).expect("an export");
    assert!(found.holds(), "the first 301 entries are the same: {:?}", found.findings);
    f.files.insert("stamps/001/checkpoint".into(), f.files["checkpoints/302"].clone());
    assert_eq!(f.check(&keys, &root).expect("an export").stamps[0].state, State::Failed);
    let forged = line.replacen("A", "B", 1);
    f.files.insert("checkpoint".into(), format!("{note}{forged}\n").into_bytes());
    let found = f.check(&keys, &root).expect("an export");
    assert!(found.findings.iter().any(|x| x.code == "ledger-cosignature") || found.cosigners.is_empty());
}

/// A witness's key and its signature line under a checkpoint (C2SP tlog-cosignature), made without our signer.
pub fn witness(note: &str, seconds: u64) -> (VerifierKey, String) {
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[77; 32]);
    let vkey = VerifierKey::new("witness.example.test", KeyType::Cosignature, key.verifying_key().as_bytes()).expect("a key");
    let text = &note[..note.find("\n\n").expect("a note") + 1];
    let signature = key.sign(format!("cosignature/v1\ntime {seconds}\n{text}").as_bytes());
    let bytes = [&seconds.to_be_bytes()[..], &signature.to_bytes()].concat();
    let line = zapys_ledger::Signature { name: vkey.name().into(), id: vkey.id(), bytes }.to_string();
    (vkey, line)
}
