//! Invariants 6 and 7: no change without a witness, no change of history.

use crate::database::{db_test, raw};
use crate::samples::*;
use zapys_domain::*;
use zapys_store::*;

db_test! {
    async fn commit_without_event_is_refused(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 1).await;

        // Each way of writing the record proper, alone in a transaction.
        macro_rules! refused {
            ($tx:ident => $change:expr) => {{
                let mut $tx = store.begin().await.unwrap();
                $change.await.unwrap();
                let error = $tx.commit().await.unwrap_err();
                assert!(matches!(error, StoreError::NoCustodyEvent), "{}: {error:?}", stringify!($change));
            }};
        }
        refused!(tx => tx.add_object(&object_row(2)));
        refused!(tx => tx.change_item(item_id(1), &ItemDetails::default(), EntrySeq(0)));
        refused!(tx => tx.add_acquisition(&AcquisitionRow { object: object(1), ..acquisition(2, item_id(1), EntrySeq(0)) }));
        refused!(tx => tx.record_derivation(&derivation(1, None, 0), &[]));
        refused!(tx => tx.shred_openings(item_id(1)));
        refused!(tx => tx.add_intake_findings(item_id(1), acquisition(1, item_id(1), EntrySeq(0)).id, &[]));
        let relation = RelationRow { parent: item_id(1), child: item_id(1), relation: Relation::Member, detail: None, entry: EntrySeq(0) };
        refused!(tx => tx.add_relation(&relation));
        let other = kind::Recognised { kind: ItemKind::Video, media_type: "video/mp4".into(), format: "mp4".into() };
        refused!(tx => tx.reclassify(item_id(1), &other, EntrySeq(0)));
        assert_eq!(store.object(object(2)).await.unwrap(), None, "nothing of it stayed");
        assert_eq!(store.item(item_id(1)).await.unwrap().unwrap().details, new_item(1, EntrySeq(0)).details);

        // An entry that fails is no witness.
        let mut tx = store.begin().await.unwrap();
        tx.add_object(&object_row(2)).await.unwrap();
        let error = tx.append(&entry(7, None), &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::OutOfOrder { expected: 1, given: 7 }), "{error:?}");
        assert!(matches!(tx.commit().await, Err(StoreError::NoCustodyEvent)));

        // The queue, settings, facts and checkpoints say nothing about evidence that the ledger does not say.
        let mut tx = store.begin().await.unwrap();
        tx.enqueue(&new_job(1, 1, DerivativeKind::Probe), at(1)).await.unwrap();
        tx.set_setting("work.paused", "1").await.unwrap();
        tx.set_meta("name", "a case").await.unwrap();
        tx.set_facts(item_id(1), &ItemFacts::default()).await.unwrap();
        tx.add_checkpoint(&CheckpointRow { size: 1, root: [1; 32], note: "note".into(), at: at(1) }).await.unwrap();
        tx.commit().await.unwrap();

        // With a witness it goes through; a row that names an entry which is not there does not.
        let mut tx = store.begin().await.unwrap();
        tx.add_object(&object_row(2)).await.unwrap();
        tx.add_item(&new_item(2, EntrySeq(9))).await.unwrap();
        tx.append(&entry(1, None), &[]).await.unwrap();
        assert!(matches!(tx.commit().await, Err(StoreError::Refused { .. })));
        let mut tx = store.begin().await.unwrap();
        tx.add_object(&object_row(2)).await.unwrap();
        tx.append(&entry(1, None), &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.object(object(2)).await.unwrap(), Some(object_row(2)));
    }
}

db_test! {
    async fn history_only_grows(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        let mut tx = store.begin().await.unwrap();
        tx.add_object(&object_row(50)).await.unwrap();
        tx.record_derivation(&derivation(1, Some(50), 2), &[]).await.unwrap();
        tx.record_derivation(&derivation(2, None, 2), &[]).await.unwrap();
        tx.append(&entry(2, None), &[]).await.unwrap();
        tx.add_checkpoint(&CheckpointRow { size: 3, root: [1; 32], note: "note".into(), at: at(1) }).await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;

        for sql in [
            "UPDATE entries SET canonical = '{}' WHERE seq = 1",
            "UPDATE entries SET at = at",
            "DELETE FROM entries WHERE seq = 2",
            "INSERT INTO entries (seq, at, actor, action, canonical, leaf, digest) SELECT 9, at, actor, action, canonical, leaf, digest FROM entries WHERE seq = 1",
            "UPDATE acquisitions SET path = NULL",
            "DELETE FROM acquisitions",
            "UPDATE checkpoints SET note = 'x'",
            "DELETE FROM checkpoints",
            "UPDATE derivations SET elapsed_ms = 0 WHERE state = 'done'",
            "DELETE FROM derivations WHERE state = 'done'",
            "DELETE FROM items",
            "UPDATE items SET object = (SELECT MAX(id) FROM objects)",
        ] {
            let error = raw(&at_, sql).await.expect_err(sql);
            assert!(error.to_string().contains("zapys:"), "{sql}: {error}");
        }
        if let Location::Server(_) = at_ {
            for sql in ["TRUNCATE entries CASCADE", "TRUNCATE acquisitions", "TRUNCATE checkpoints", "TRUNCATE derivations"] {
                raw(&at_, sql).await.expect_err(sql);
            }
        } else {
            for sql in [
                "INSERT OR REPLACE INTO entries (seq, at, actor, action, canonical, leaf, digest) SELECT seq, 1, actor, action, canonical, leaf, digest FROM entries WHERE seq = 1",
                "INSERT OR REPLACE INTO acquisitions SELECT * FROM acquisitions",
            ] {
                raw(&at_, sql).await.expect_err(sql);
            }
        }
        // What may still change: a failed derivation may be replaced by a better attempt.
        raw(&at_, "UPDATE derivations SET elapsed_ms = 0 WHERE state = 'failed'").await.unwrap();

        let store = Store::open(&at_).await.unwrap();
        assert_eq!(store.head().await.unwrap().size, 3);
        assert_eq!(store.entries(0..3, 10).await.unwrap()[1], entry(1, Some((item_id(2), 0))));
        // Through the store, history answers in our words.
        let mut tx = store.begin().await.unwrap();
        let error = tx.add_acquisition(&acquisition(1, item_id(1), EntrySeq(0))).await.unwrap_err();
        assert!(matches!(error, StoreError::HistoryIsFixed | StoreError::Refused { .. }), "{error:?}");
    }
}

db_test! {
    async fn committed_rows_survive_a_kill(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 3).await;
        let mut tx = store.begin().await.unwrap();
        tx.add_object(&object_row(4)).await.unwrap();
        tx.append(&entry(3, None), &[]).await.unwrap();
        std::mem::forget(tx); // neither committed nor rolled back, as after SIGKILL
        if let Location::File(path) = &at_ {
            // What a killed process leaves: the file and its write-ahead log as they are now, and no process.
            let folder = tempfile::tempdir().unwrap();
            let copy = folder.path().join("record.db");
            std::fs::copy(path, &copy).unwrap();
            std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
            let store = Store::open(&Location::File(copy)).await.unwrap();
            store.check().await.unwrap();
            assert_eq!((store.counts().await.unwrap().items, store.head().await.unwrap().size), (3, 3));
            assert_eq!(store.object(object(4)).await.unwrap(), None);
        } else {
            let other = Store::open(&at_).await;
            // The forgotten transaction still holds the schema lock's tables for writing, not for reading.
            let other = other.unwrap();
            assert_eq!((other.counts().await.unwrap().items, other.head().await.unwrap().size), (3, 3));
            assert_eq!(other.object(object(4)).await.unwrap(), None);
        }
    }
}

db_test! {
    async fn a_dropped_change_is_undone(at_) {
        let store = Store::open(&at_).await.unwrap();
        {
            let mut tx = store.begin().await.unwrap();
            tx.add_object(&object_row(1)).await.unwrap();
            tx.append(&entry(0, None), &[]).await.unwrap();
            assert!(tx.object(object(1)).await.unwrap().is_some(), "seen inside");
        }
        with_items(&store, 1).await;
        assert_eq!(store.head().await.unwrap().size, 1);
    }
}
