//! The ledger of a case in one process: what is recorded of clock and writers, and what proofs are made from.

use super::*;
use crate::open::{Access, CreateOptions};
use crate::proofs::CheckpointRef;
use crate::rotate::{KEY, KeyLoss};
use crate::settings::Settings;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use zapys_domain::{Clock, Instant};
use zapys_ledger::{ConsistencyProof, Signer};

fn settings() -> Settings {
    Settings::load(None, [], &[]).expect("the defaults hold")
}
async fn made(dir: &Path) -> Casework {
    let options = CreateOptions { name: "Test".into(), ..CreateOptions::default() };
    let mut case = Casework::create(dir, options, &settings(), &Actor::owner()).await.expect("makes a case");
    case.clock = Turned::new();
    case
}
async fn opened(dir: &Path) -> Casework {
    let mut case = Casework::open(dir, Access::Write, &settings()).await.expect("opens");
    case.clock = Turned::new();
    case
}
async fn acts(case: &Casework, n: u64) {
    let mut tx = case.store.begin().await.expect("begins");
    let mut ledger = case.ledger(&mut tx).await.expect("takes up the log");
    for i in 0..n {
        let act = Act::case(case, &Actor::owner(), Action::Accessed).count("n", i);
        ledger.seal(case, &mut tx, act).await.expect("seals");
    }
    ledger.close(&mut tx).await.expect("closes");
    tx.commit().await.expect("commits");
}
async fn actions(case: &Casework) -> Vec<String> {
    case.custody(None).await.expect("reads").into_iter().map(|e| e.action).collect()
}
async fn faults(case: &Casework) -> Vec<String> {
    case.verify(false).await.expect("verifies").ledger.faults
}

/// A clock that goes on by a second whenever somebody looks, and that somebody may turn back. It stands far beyond the one
/// of the machine, which may be turned during a test as well.
struct Turned(AtomicI64);
impl Turned {
    fn new() -> Arc<Self> {
        static NEXT: AtomicI64 = AtomicI64::new(4_000_000_000);
        Arc::new(Self(AtomicI64::new(NEXT.fetch_add(1_000_000, Ordering::Relaxed))))
    }
}
impl Clock for Turned {
    fn now(&self) -> Instant {
        Instant::from_seconds(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn r2_2_a_clock_that_goes_backwards_is_an_event_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut case = made(&folder.path().join("case")).await;
    let clock = Turned::new();
    case.clock = clock.clone();
    acts(&case, 1).await;
    clock.0.fetch_sub(1001, Ordering::Relaxed);
    acts(&case, 2).await;
    assert_eq!(actions(&case).await, ["opened", "accessed", "clock_anomaly", "accessed", "accessed"]);
    let behind = case.custody(None).await.expect("reads")[2].detail["behind_ms"].clone();
    assert_eq!(behind, 1_000_000);
    assert_eq!(faults(&case).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_second_writer_who_got_past_the_lock_is_an_event_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("case");
    let first = made(&dir).await;
    assert!(matches!(Casework::open(&dir, Access::Write, &settings()).await, Err(CaseError::Busy { .. })));
    // Somebody removes the lock, or the disk does not know locks.
    std::fs::remove_file(dir.join("lock")).expect("removes");
    let second = opened(&dir).await;
    acts(&second, 3).await;
    acts(&first, 1).await;
    acts(&first, 1).await;
    let expected = ["opened", "accessed", "accessed", "accessed", "clock_anomaly", "foreign_writer", "accessed", "accessed"];
    assert_eq!(actions(&first).await, expected, "the clocks of the two differ");
    assert_eq!(first.custody(None).await.expect("reads")[5].detail["entries"], 3);
    assert_eq!(faults(&first).await, Vec::<String>::new(), "nothing was lost");
}

#[tokio::test]
async fn a_writer_that_was_killed_is_an_event_and_one_that_closed_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("case");
    drop(made(&dir).await);
    let case = opened(&dir).await;
    assert_eq!(actions(&case).await, ["opened"]);
    drop(case);
    // What a killed process leaves: its number in the lock, and no lock.
    std::fs::write(dir.join("lock"), "4711").expect("writes");
    let noted = |actions: Vec<String>| actions.iter().filter(|a| *a == "unclean_shutdown").count();
    let case = opened(&dir).await;
    assert_eq!(noted(actions(&case).await), 1);
    drop(case);
    assert_eq!(noted(actions(&opened(&dir).await).await), 1);
}

#[tokio::test]
async fn r2_3_proofs_come_from_kept_nodes_and_the_nodes_from_the_entries() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = made(&folder.path().join("case")).await;
    acts(&case, 20).await;
    let early = case.checkpoint().await.expect("signs");
    acts(&case, 500).await;
    // The entry after a checkpoint is preceded by one that tells of it.
    let size = 1 + 20 + 1 + 500;
    assert_eq!(case.store.nodes_kept().await.expect("counts"), (size >> 4) + (size >> 8));
    let late = case.checkpoint().await.expect("signs");
    let root = case.root_at(size).await.expect("reads");
    assert_eq!(case.ledger_head().await.expect("reads"), (size, root));
    for seq in [0, 15, 16, 255, 256, 511, 512, size - 1] {
        case.inclusion(seq, size, &root).await.expect("proves");
    }
    let keys = case.key_history().await.expect("reads");
    for (old, new) in
        [(CheckpointRef::Size(21), None), (CheckpointRef::Note(early.into()), Some(CheckpointRef::Note(late.into())))]
    {
        let proof = case.consistency(&old, new.as_ref()).await.expect("proves");
        let read = ConsistencyProof::parse(proof.text.as_bytes()).expect("reads");
        assert_eq!(read.verify(&keys).map(|(o, n)| (o.size, n.size)), Ok((21, size)));
    }

    // Without the stored right edge it comes from the nodes.
    let mut tx = case.store.begin().await.expect("begins");
    tx.set_setting(FRONTIER, "{}").await.expect("sets");
    assert_eq!(case.ledger(&mut tx).await.expect("takes up the log").root(), root);
    tx.commit().await.expect("commits");
    assert_eq!(case.ledger_head().await.expect("reads"), (size, root));

    // A case from before the nodes were kept gets them with its next entry.
    let mut tx = case.store.begin().await.expect("begins");
    tx.forget_nodes().await.expect("forgets");
    tx.commit().await.expect("commits");
    assert!(case.inclusion(3, size, &root).await.is_err());
    acts(&case, 1).await;
    assert_eq!(case.store.nodes_kept().await.expect("counts"), (size >> 4) + (size >> 8));
    case.inclusion(3, size, &root).await.expect("proves");
    assert_eq!(faults(&case).await, Vec::<String>::new());

    // Nodes that are not those of the entries give no proof, and are found.
    let mut tx = case.store.begin().await.expect("begins");
    tx.forget_nodes().await.expect("forgets");
    let wrong = |level, n| (0..n).map(move |index| NodeRow { level, index, hash: [7; 32] });
    tx.add_nodes(&wrong(4, 32).chain(wrong(8, 2)).collect::<Vec<_>>()).await.expect("adds");
    tx.commit().await.expect("commits");
    assert!(matches!(case.inclusion(3, size, &root).await, Err(CaseError::Inconsistent { .. })));
    assert!(faults(&case).await.iter().any(|f| f.contains("kept nodes")));
}

#[tokio::test]
async fn r2_5_a_change_of_keys_that_was_cut_off_is_finished_or_never_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("case");
    let case = made(&dir).await;
    let old = case.read_key(KEY).expect("reads");
    // Cut off before the commit: the new key lies beside the old, and the record knows nothing of it.
    let stray = zapys_ledger::SigningKey::from_seed(old.key().name(), &[3; 32]).expect("a key");
    case.write_key("ledger.key.next", &stray).expect("writes");
    case.checkpoint().await.expect("signs");
    assert_eq!(case.vkey().await.expect("reads"), *old.key());
    // Cut off after it: the record names the new key, and the old one is still in its place.
    let view = case.rotate_key(&Actor::owner(), "yearly").await.expect("rotates");
    let new = case.read_key(KEY).expect("reads");
    assert_eq!(view.vkey, new.key().to_string());
    case.write_key("ledger.key.next", &new).expect("writes");
    case.write_key(KEY, &old).expect("writes");
    acts(&case, 1).await;
    let note = case.checkpoint().await.expect("signs");
    assert!(zapys_ledger::Checkpoint::open(note.as_bytes(), new.key()).is_ok());
    assert_eq!(case.read_key(KEY).expect("reads").key(), new.key());
    assert!(!dir.join("ledger.key.next").exists());
    assert_eq!(faults(&case).await, Vec::<String>::new());
    // A key that is there is not lost; one that is not there can be replaced, and what it signed still holds.
    assert!(matches!(case.recover_key(&Actor::owner(), "gone", KeyLoss::Lost).await, Err(CaseError::KeyThere)));
    std::fs::remove_file(dir.join(KEY)).expect("removes");
    assert!(matches!(case.checkpoint().await, Err(CaseError::Key(_))));
    let view = case.recover_key(&Actor::owner(), "gone", KeyLoss::Lost).await.expect("recovers");
    assert!(!view.vouched);
    case.checkpoint().await.expect("signs");
    case.recover_key(&Actor::owner(), "copied", KeyLoss::Compromised).await.expect("recovers");
    case.checkpoint().await.expect("signs");
    let keys = case.keys().await.expect("reads");
    let reasons: Vec<&str> = keys.iter().map(|k| k.reason.as_str()).collect();
    assert_eq!(reasons, ["first", "rotated", "lost", "compromised"]);
    assert_eq!(faults(&case).await, Vec::<String>::new());
    // The event of a lost key commits to the last checkpoint that it signed.
    let replaced = case.custody(None).await.expect("reads").into_iter().find(|e| e.action == "key_replaced").expect("an event");
    assert_eq!(replaced.detail["last_checkpoint"], Hash::of(note.as_bytes()).hex());
}
