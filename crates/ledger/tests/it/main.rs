//! The ledger held against programs of others: two Rust crates, and a Python verifier where it is installed.

mod crates;
mod export;
mod python;
mod stamps;

use zapys_domain::{Action, Actor, Instant};
use zapys_ledger::tree::root;
use zapys_ledger::{Checkpoint, Code, Detail, Draft, Entry, Leaves, Log, Signer, SigningKey, Subject, Tree};

/// A log of `n` real events about three items, its tree and its key.
fn log(n: u64) -> (Vec<Entry>, Tree, SigningKey) {
    let (mut log, mut tree, mut entries) = (Log::new(), Tree::new(), Vec::<Entry>::new());
    for i in 0..n {
        let item = format!("01J8ZQ4Y7N000000000000000{}", i % 3).parse().expect("a ULID");
        let subject = Subject::Item(item);
        let previous = entries.iter().rev().find(|e| e.event.subject == subject).map(Entry::previous);
        let draft = Draft::new(Actor::worker(), Action::Hashed, subject, Code::parse("zapys/0.1.0").expect("a code"))
            .with("bytes", Detail::count(i * 1000));
        let at = Instant::from_seconds(1_730_000_000 + i64::try_from(i).expect("small"));
        let entry = log.append(draft, previous, at).expect("appends");
        tree.push(entry.leaf);
        entries.push(entry);
    }
    assert_eq!(root(&tree, n), Ok(log.root()));
    (entries, tree, SigningKey::from_seed("example.test/log", &[42; 32]).expect("a key"))
}

fn checkpoint(tree: &Tree, size: u64, key: &SigningKey) -> String {
    assert!(size <= tree.size());
    let c = Checkpoint { origin: key.key().name().into(), size, root: root(tree, size).expect("in range") };
    c.sign(&[key]).expect("signs").to_string()
}
