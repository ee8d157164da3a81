//! V9: `signed_note` and `tlog_tiles`, written by others from the same texts.

use super::{checkpoint, log};
use signed_note::{StandardSigner, StandardVerifier, VerifierList};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use tlog_tiles::tile::{Tile, TileHashReader, TileReader};
use tlog_tiles::tlog::{self, Error, HashReader};
use zapys_ledger::tiles::export;
use zapys_ledger::tree::{consistency, inclusion, root};
use zapys_ledger::{Checkpoint, ConsistencyProof, Hash, Signer, VerifierKey, verify_consistency, verify_inclusion};

fn theirs(h: &Hash) -> tlog::Hash {
    tlog::Hash(*h.as_bytes())
}
fn ours(h: &tlog::Hash) -> Hash {
    Hash::from_bytes(h.0)
}

/// The hashes that the other crate stores while it grows its own tree.
#[derive(Default)]
struct Stored(RefCell<Vec<tlog::Hash>>);
impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, Error> {
        Ok(indexes.iter().map(|i| self.0.borrow()[usize::try_from(*i).expect("small")]).collect())
    }
}

#[test]
fn v9_roots_and_proofs_are_the_same_as_theirs() {
    let (entries, tree, _) = log(70);
    let stored = Stored::default();
    for (i, e) in entries.iter().enumerate() {
        let new = tlog::stored_hashes(i as u64, &e.canonical, &stored).expect("stores");
        stored.0.borrow_mut().extend(new);
        assert_eq!(theirs(&e.leaf), tlog::record_hash(&e.canonical));
    }
    for size in 1..=70u64 {
        let head = root(&tree, size).expect("in range");
        assert_eq!(theirs(&head), tlog::tree_hash(size, &stored).expect("hashes"));
        for index in [0, size / 3, size / 2, size - 1] {
            let mine = inclusion(&tree, index, size).expect("in range");
            let their = tlog::prove_record(size, index, &stored).expect("proves");
            assert_eq!(mine, their.iter().map(ours).collect::<Vec<_>>(), "{index}/{size}");
            let leaf = entries[usize::try_from(index).expect("small")].leaf;
            assert_eq!(verify_inclusion(&leaf, index, size, &mine, &head), Ok(()));
            assert!(tlog::check_record(&their, size, theirs(&head), index, theirs(&leaf)).is_ok());
        }
        for from in [1, size / 2 + 1, size - size / 4] {
            let mine = consistency(&tree, from, size).expect("in range");
            let their = tlog::prove_tree(size, from, &stored).expect("proves");
            assert_eq!(mine, their.iter().map(ours).collect::<Vec<_>>(), "{from} to {size}");
            let old = root(&tree, from).expect("in range");
            assert_eq!(verify_consistency(from, &old, size, &head, &mine), Ok(()));
            assert!(tlog::check_tree(&their, size, theirs(&head), from, theirs(&old)).is_ok());
        }
    }
}

#[test]
fn v9_a_consistency_proof_as_text_is_accepted_by_theirs() {
    let (_, tree, key) = log(300);
    for (from, to) in [(120, 300), (1, 2), (256, 257), (255, 300), (300, 300)] {
        let hashes = consistency(&tree, from, to).expect("in range");
        let (old, new) = (checkpoint(&tree, from, &key), checkpoint(&tree, to, &key));
        let text = ConsistencyProof { hashes, old, new }.to_string();
        // What a witness is sent: the size, the hashes, a blank line, the note.
        let (head, rest) = text.split_once("\n\n").expect("a blank line");
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some(format!("old {from}").as_str()));
        let proof: Vec<tlog::Hash> = lines.map(|l| theirs(&Hash::parse_base64(l).expect("base64"))).collect();
        let (new, old) = rest.split_at(rest.match_indices("\n\n").nth(1).expect("two notes").0 + 1);
        let read = |note: &str| {
            let note = signed_note::Note::from_bytes(note.trim_start().as_bytes()).expect("they read our note");
            let c = tlog_tiles::checkpoint::Checkpoint::from_bytes(note.text()).expect("they read our checkpoint");
            (c.size(), *c.hash())
        };
        let ((new_size, new_root), (old_size, old_root)) = (read(new), read(old));
        assert_eq!((old_size, new_size), (from, to));
        if from < to {
            assert!(tlog::check_tree(&proof, to, new_root, from, old_root).is_ok());
            assert!(tlog::check_tree(&proof, to, new_root, from, new_root).is_err());
        }
    }
}

#[test]
fn v9_notes_and_keys_are_read_both_ways() {
    let (_, tree, key) = log(5);
    let text = checkpoint(&tree, 5, &key);
    let verifier = StandardVerifier::new(&key.key().to_string()).expect("they read our vkey");
    let note = signed_note::Note::from_bytes(text.as_bytes()).expect("they read our note");
    let (good, rest) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).expect("they accept our signature");
    assert_eq!((good.len(), rest.len()), (1, 0));
    let read = tlog_tiles::checkpoint::Checkpoint::from_bytes(note.text()).expect("they read our checkpoint");
    assert_eq!((read.origin(), read.size()), ("example.test/log", 5));

    let signer = StandardSigner::new(&key.secret_text()).expect("they read our signing key");
    let mut theirs = signed_note::Note::new(note.text(), &[]).expect("a note");
    theirs.add_sigs(&[&signer]).expect("signs");
    assert_eq!(theirs.to_bytes(), text.as_bytes());
    assert!(Checkpoint::open(&theirs.to_bytes(), key.key()).is_ok());

    let damaged = text.replacen('5', "6", 1);
    let note = signed_note::Note::from_bytes(damaged.as_bytes()).expect("well-formed");
    let verifier = StandardVerifier::new(&key.key().to_string()).expect("reads");
    assert!(note.verify(&VerifierList::new(vec![Box::new(verifier)])).is_err());
    assert!(Checkpoint::open(damaged.as_bytes(), key.key()).is_err());
    assert!("example.test/log+00000000+AAAA".parse::<VerifierKey>().is_err());
}

struct Files(BTreeMap<String, Vec<u8>>);
impl TileReader for Files {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        // Their paths carry the height, which is fixed at 8 in the layout for files.
        let read = |t: &Tile| self.0.get(&t.path().replacen("tile/8/", "tile/", 1)).cloned();
        tiles.iter().map(|t| read(t).ok_or_else(|| Error::InvalidInput("no such tile".into()))).collect()
    }
    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[test]
fn v9_exported_tiles_are_read_and_proven_by_theirs() {
    let (entries, tree, key) = log(600);
    let text = checkpoint(&tree, 600, &key);
    let entry = |i: u64| Ok::<_, Infallible>(entries[usize::try_from(i).expect("small")].canonical.clone());
    let files: BTreeMap<String, Vec<u8>> = export(&tree, &text, entry).collect::<Result<_, _>>().expect("exports");
    let head = theirs(&root(&tree, 600).expect("in range"));
    let files = Files(files);
    let reader = TileHashReader::new(600, head, &files);
    for index in [0u64, 255, 256, 511, 599] {
        let proof = tlog::prove_record(600, index, &reader).expect("the tiles prove it");
        let leaf = theirs(&entries[usize::try_from(index).expect("small")].leaf);
        assert!(tlog::check_record(&proof, 600, head, index, leaf).is_ok());
    }
    assert!(tlog::prove_tree(600, 300, &reader).is_ok());
}
