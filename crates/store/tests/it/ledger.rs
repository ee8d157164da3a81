//! The ledger as rows.

use crate::database::db_test;
use crate::samples::*;
use zapys_domain::*;
use zapys_store::*;

db_test! {
    async fn entries_continue_and_come_back(at_) {
        let store = Store::open(&at_).await.unwrap();
        assert_eq!(store.head().await.unwrap(), Head { size: 0, last: None });
        with_items(&store, 3).await;
        let opening = |field: &str, n: u8| Opening {
            seq: EntrySeq(3), field: field.into(), salt: [n; 32], value: serde_json::json!({"path": "a\u{0}b", "n": 1}),
        };
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.item_head(item_id(2)).await.unwrap().map(|h| h.item_seq), Some(0));
        let fourth = EntryRow { action: Action::Verified, ..entry(3, Some((item_id(2), 1))) };
        tx.append(&fourth, &[opening("change", 1), opening("purpose", 2)]).await.unwrap();
        tx.append(&entry(4, None), &[]).await.unwrap();
        assert_eq!(tx.head().await.unwrap().size, 5);
        tx.commit().await.unwrap();

        let head = store.head().await.unwrap();
        assert_eq!((head.size, head.last), (5, Some(entry(4, None))));
        assert_eq!(store.item_head(item_id(2)).await.unwrap(), Some(ItemHead { item_seq: 1, digest: fourth.digest }));
        assert_eq!(store.item_head(item_id(9)).await.unwrap(), None);
        assert_eq!(store.entry(EntrySeq(3)).await.unwrap(), Some(fourth.clone()));
        assert_eq!(store.entries_of(item_id(2)).await.unwrap(), [entry(1, Some((item_id(2), 0))), fourth.clone()]);
        assert_eq!(store.entry_last(item_id(2), Action::Verified).await.unwrap(), Some(fourth));
        assert_eq!(store.entry_last(item_id(1), Action::Verified).await.unwrap(), None);
        assert_eq!(store.entries(1..4, 2).await.unwrap().iter().map(|e| e.seq.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(store.entries_newest(None, 2).await.unwrap().iter().map(|e| e.seq.0).collect::<Vec<_>>(), [4, 3]);
        assert_eq!(store.entries_newest(Some(EntrySeq(3)), 9).await.unwrap().iter().map(|e| e.seq.0).collect::<Vec<_>>(), [2, 1, 0]);
        let leaves = store.leaves(1..5).await.unwrap();
        assert_eq!(leaves, (1..5).map(|n| entry(n, None).leaf).collect::<Vec<_>>());
        assert!(matches!(store.leaves(1..6).await, Err(StoreError::Inconsistent { table: "entries", .. })));

        // Openings can be destroyed; the entry stays.
        assert_eq!(store.openings(EntrySeq(3)).await.unwrap(), [opening("change", 1), opening("purpose", 2)]);
        assert_eq!(store.openings_of(item_id(2)).await.unwrap().len(), 2);
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.shred_openings(item_id(2)).await.unwrap(), 2);
        tx.append(&entry(5, Some((item_id(2), 2))), &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.openings_of(item_id(2)).await.unwrap().is_empty());
        assert_eq!(store.entries_of(item_id(2)).await.unwrap().len(), 3);
    }
}

db_test! {
    async fn an_entry_out_of_turn_is_refused(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        for (given, item) in [(0, None), (1, None), (3, None), (u64::from(u32::MAX), None)] {
            let mut tx = store.begin().await.unwrap();
            let error = tx.append(&entry(given, item), &[]).await.unwrap_err();
            assert!(matches!(error, StoreError::OutOfOrder { expected: 2, given: g } if g == given), "{error:?}");
        }
        let mut tx = store.begin().await.unwrap();
        let error = tx.append(&entry(2, Some((item_id(1), 0))), &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused { .. }), "an item's count is taken once: {error:?}");
    }
}

db_test! {
    async fn one_size_has_one_checkpoint(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        assert_eq!(store.checkpoint_latest().await.unwrap(), None);
        let first = CheckpointRow { size: 2, root: [1; 32], note: "origin\n2\nroot\n\n— key sig\n".into(), at: at(5) };
        let forged = CheckpointRow { root: [2; 32], note: "another".into(), ..first.clone() };
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.add_checkpoint(&first).await.unwrap(), first);
        assert_eq!(tx.add_checkpoint(&forged).await.unwrap(), first);
        tx.commit().await.unwrap();
        assert_eq!(store.checkpoint_latest().await.unwrap(), Some(first.clone()));
        assert_eq!(store.checkpoint(2).await.unwrap(), Some(first.clone()));
        assert_eq!(store.checkpoint(1).await.unwrap(), None);
        assert_eq!(store.checkpoints().await.unwrap(), [first]);
    }
}

db_test! {
    async fn writers_take_turns(at_) {
        let store = Store::open(&at_).await.unwrap();
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for _ in 0..10 {
                        let mut tx = store.begin().await.unwrap();
                        let head = tx.head().await.unwrap();
                        tx.append(&entry(head.size, None), &[]).await.unwrap();
                        tx.commit().await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(store.leaves(0..40).await.unwrap().len(), 40);
    }
}
