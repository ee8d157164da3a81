//! What surrounds the ledger, as rows.

use crate::database::{db_test, raw};
use crate::samples::*;
use zapys_domain::*;
use zapys_store::*;

fn checkpoint_row(size: u64) -> CheckpointRow {
    CheckpointRow { size, root: [1; 32], note: format!("origin\n{size}\nroot\n\n— key sig\n"), at: at(5) }
}
fn stamp(id: u8, size: u64, request: Option<[u8; 32]>) -> StampRow {
    let kind = if request.is_some() { StampKind::Rfc3161 } else { StampKind::OpenTimestamps };
    let header = request.is_none().then(|| "00".repeat(80));
    let (checkpoint, reply) = (format!("note {size}"), "cmVwbHk=".into());
    StampRow { id: [id; 32], kind, size, checkpoint, request, reply, chain: "PEM".into(), crls: String::new(), header, at: at(9) }
}

db_test! {
    async fn nodes_stay_as_they_are_and_come_in_order(at_) {
        let store = Store::open(&at_).await.unwrap();
        let node = |index: u64, n: u8| NodeRow { level: NODE_STRIDE, index, hash: [n; 32] };
        let mut tx = store.begin().await.unwrap();
        tx.add_nodes(&(0..1200).map(|i| node(i, 7)).collect::<Vec<_>>()).await.unwrap();
        tx.add_nodes(&[node(3, 9), node(1200, 8)]).await.unwrap();
        assert_eq!(tx.nodes(NODE_STRIDE, 1199..1201).await.unwrap(), [[7; 32], [8; 32]]);
        tx.commit().await.unwrap();
        assert_eq!(store.nodes(NODE_STRIDE, 3..4).await.unwrap(), [[7; 32]], "the first one stays");
        assert_eq!((store.nodes_kept().await.unwrap(), store.nodes(8, 0..0).await.unwrap().len()), (1201, 0));
        assert!(matches!(store.nodes(NODE_STRIDE, 1200..1202).await, Err(StoreError::Inconsistent { table: "tree_nodes", .. })));
        let mut tx = store.begin().await.unwrap();
        tx.forget_nodes().await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.nodes_kept().await.unwrap(), 0);
    }
}

db_test! {
    async fn stamps_and_cosignatures_are_kept_with_their_checkpoint(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        let request = StampRequestRow { id: [5; 32], size: 2, checkpoint: "note 2".into(), request: "cmVx".into(), at: at(6) };
        let cosignature = CosignatureRow {
            size: 2, name: "witness.example.test".into(), key_id: u32::MAX, signature: "c2ln".into(), vkey: Some("v".into()), at: at(7),
        };
        let mut tx = store.begin().await.unwrap();
        tx.add_checkpoint(&checkpoint_row(1)).await.unwrap();
        tx.add_checkpoint(&checkpoint_row(2)).await.unwrap();
        tx.add_stamp_request(&request).await.unwrap();
        tx.add_stamp(&stamp(1, 2, Some([5; 32]))).await.unwrap();
        tx.add_stamp(&stamp(2, 1, None)).await.unwrap();
        tx.add_cosignature(&cosignature).await.unwrap();
        // They say nothing about evidence that the ledger does not say: no entry is asked for.
        tx.commit().await.unwrap();
        assert_eq!(store.stamp_requests().await.unwrap(), [request]);
        assert_eq!(store.stamps(u64::MAX).await.unwrap(), [stamp(2, 1, None), stamp(1, 2, Some([5; 32]))]);
        assert_eq!(store.stamps(2).await.unwrap(), [stamp(2, 1, None)]);
        assert_eq!(store.cosignatures(2..3).await.unwrap(), [cosignature]);
        assert!(store.cosignatures(0..2).await.unwrap().is_empty());

        macro_rules! refused {
            ($tx:ident => $change:expr) => {{
                let mut $tx = store.begin().await.unwrap();
                let done = $change.await;
                let done = match done { Ok(()) => $tx.commit().await, Err(e) => Err(e) };
                assert!(matches!(done, Err(StoreError::Refused { .. })), "{}: {done:?}", stringify!($change));
            }};
        }
        refused!(tx => tx.add_stamp(&stamp(1, 2, Some([5; 32]))));
        refused!(tx => tx.add_stamp(&stamp(3, 77, None)));
        refused!(tx => tx.add_stamp(&stamp(4, 2, Some([6; 32]))));
        refused!(tx => tx.add_stamp(&StampRow { header: None, ..stamp(5, 2, None) }));
    }
}

db_test! {
    async fn a_later_key_needs_its_entry(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 1).await;
        let key = LedgerKeyRow { entry: EntrySeq(1), vkey: "name+id+key".into(), reason: "rotated".into(), at: at(3) };
        let mut tx = store.begin().await.unwrap();
        tx.add_ledger_key(&key).await.unwrap();
        assert!(matches!(tx.commit().await, Err(StoreError::NoCustodyEvent)));
        let mut tx = store.begin().await.unwrap();
        tx.add_ledger_key(&key).await.unwrap();
        tx.append(&EntryRow { action: Action::KeyRotated, ..entry(1, None) }, &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.ledger_keys().await.unwrap(), [key]);
    }
}

db_test! {
    async fn what_others_signed_is_history(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        let mut tx = store.begin().await.unwrap();
        tx.add_checkpoint(&checkpoint_row(2)).await.unwrap();
        let request = StampRequestRow { id: [5; 32], size: 2, checkpoint: "note 2".into(), request: "cmVx".into(), at: at(6) };
        tx.add_stamp_request(&request).await.unwrap();
        tx.add_stamp(&stamp(1, 2, Some([5; 32]))).await.unwrap();
        let name = "w".to_owned();
        tx.add_cosignature(&CosignatureRow { size: 2, name, key_id: 1, signature: "c2ln".into(), vkey: None, at: at(7) }).await.unwrap();
        let key = LedgerKeyRow { entry: EntrySeq(2), vkey: "v".into(), reason: "lost".into(), at: at(3) };
        tx.add_ledger_key(&key).await.unwrap();
        tx.append(&EntryRow { action: Action::KeyReplaced, ..entry(2, None) }, &[]).await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;
        for table in ["stamps", "stamp_requests", "cosignatures", "ledger_keys"] {
            for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET at = 0")] {
                let error = raw(&at_, sql.leak()).await.expect_err(table);
                assert!(error.to_string().contains("zapys:"), "{table}: {error}");
            }
        }
    }
}
