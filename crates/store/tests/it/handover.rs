//! What people put on record comes back as it went in, only grows, and asks for a witness.

use crate::database::{db_test, raw};
use crate::samples::*;
use serde_json::json;
use ulid::Ulid;
use zapys_domain::edtf::Edtf;
use zapys_domain::handover::{DateBasis, DateValue, RecordBody, RecordKind, WhichDate};
use zapys_domain::*;
use zapys_store::*;

fn record_id(n: u64) -> RecordId {
    RecordId::new(Ulid::from_parts(n, u128::from(n)))
}
fn record(n: u64, item: Option<u64>, kind: RecordKind, body: Option<serde_json::Value>, corrects: Option<u64>) -> RecordRow {
    RecordRow {
        id: record_id(n),
        item: item.map(item_id),
        kind,
        actor: Actor::owner(),
        at: at(n as i64),
        body: body.map(|b| RecordBody::read(kind, b).unwrap()),
        corrects: corrects.map(record_id),
        because: corrects.map(|_| Private::new("misheard: \0 «так»".into())),
        entry: EntrySeq(1),
    }
}

db_test! {
    async fn r1_1_records_come_back_and_a_correction_leaves_the_old_one(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 1).await;
        let phase = record(10, Some(1), RecordKind::Phase, Some(json!({"phase": "collection"})), None);
        let corrected = record(11, Some(1), RecordKind::Phase, Some(json!({"phase": "verification"})), Some(10));
        let taken_back = record(12, Some(1), RecordKind::Phase, None, Some(11));
        let of_case = record(13, None, RecordKind::Effort, Some(json!({"sought": "Запис повністю 🦔"})), None);
        let mut tx = store.begin().await.unwrap();
        for row in [&phase, &corrected, &taken_back, &of_case] {
            tx.add_record(row).await.unwrap();
        }
        tx.append(&entry(1, Some((item_id(1), 1))), &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.records(item_id(1)).await.unwrap(), [phase.clone(), corrected.clone(), taken_back.clone()]);
        assert_eq!(store.records_of_case().await.unwrap(), std::slice::from_ref(&of_case));
        assert_eq!(store.records_of_kind(RecordKind::Effort).await.unwrap(), [of_case]);
        assert_eq!(store.record_at(record_id(10)).await.unwrap(), Some(phase.clone()));
        assert_eq!(store.corrected_by(record_id(10)).await.unwrap(), Some(record_id(11)));
        assert_eq!(store.corrected_by(record_id(12)).await.unwrap(), None);
        let full = record_id(12).to_string();
        assert_eq!(store.find_record(&full.to_lowercase()).await.unwrap().map(|r| r.id), Some(record_id(12)));
        assert!(matches!(store.find_record(&full[..5]).await, Err(StoreError::Ambiguous { .. })));
        assert_eq!(store.find_record("no such").await.unwrap(), None);

        // What was corrected once is not corrected again, and nothing is changed or deleted.
        let mut tx = store.begin().await.unwrap();
        let again = record(14, Some(1), RecordKind::Phase, None, Some(10));
        let error = tx.add_record(&again).await.unwrap_err();
        assert!(matches!(error, StoreError::HistoryIsFixed | StoreError::Refused { .. }), "{error:?}");
        tx.rollback().await.unwrap();
        store.close().await;
        for sql in [
            "UPDATE records SET body = '{}'",
            "DELETE FROM records",
            "UPDATE records SET because = NULL, corrects = NULL WHERE corrects IS NOT NULL",
        ] {
            let error = raw(&at_, sql).await.expect_err(sql);
            assert!(error.to_string().contains("zapys:"), "{sql}: {error}");
        }
        let bad = match at_ {
            Location::Server(_) => "TRUNCATE records",
            _ => "INSERT OR REPLACE INTO records SELECT * FROM records",
        };
        raw(&at_, bad).await.expect_err(bad);
    }
}

db_test! {
    async fn every_way_of_recording_asks_for_a_witness(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        let date = ItemDateRow { which: WhichDate::Collected, value: DateValue::Unknown, basis: None };
        let cut = ExcerptRow { item: item_id(2), parent: item_id(1), span_ms: (0, 1) };
        let row = record(10, Some(1), RecordKind::Phase, Some(json!({"phase": "collection"})), None);
        macro_rules! refused {
            ($tx:ident => $change:expr) => {{
                let mut $tx = store.begin().await.unwrap();
                $change.await.unwrap();
                assert!(matches!($tx.commit().await, Err(StoreError::NoCustodyEvent)), "{}", stringify!($change));
            }};
        }
        refused!(tx => tx.add_record(&row));
        refused!(tx => tx.set_item_dates(item_id(1), std::slice::from_ref(&date)));
        refused!(tx => tx.set_excerpt(item_id(2), Some(&cut)));
        refused!(tx => tx.set_families(&[(item_id(1), record_id(10))]));
        assert!(store.records(item_id(1)).await.unwrap().is_empty() && store.excerpt(item_id(2)).await.unwrap().is_none());
    }
}

db_test! {
    async fn r1_9_r1_10_r1_12_what_follows_is_replaced_as_a_whole(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 3).await;
        let known = |which| ItemDateRow { which, value: DateValue::Known(Edtf::parse("2022-03-1X").unwrap()), basis: Some(DateBasis::Written) };
        let unknown = ItemDateRow { which: WhichDate::Published, value: DateValue::Unknown, basis: None };
        let cut = ExcerptRow { item: item_id(2), parent: item_id(1), span_ms: (1000, 2000) };
        let mut tx = store.begin().await.unwrap();
        tx.set_item_dates(item_id(1), &[known(WhichDate::Collected), unknown.clone()]).await.unwrap();
        tx.set_excerpt(item_id(2), Some(&cut)).await.unwrap();
        tx.set_families(&[(item_id(1), record_id(10)), (item_id(3), record_id(10))]).await.unwrap();
        tx.append(&entry(3, Some((item_id(1), 1))), &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.item_dates(item_id(1)).await.unwrap(), [known(WhichDate::Collected), unknown]);
        let collected = Some((Edtf::parse("2022-03-1X").unwrap(), DateBasis::Written));
        assert_eq!(store.item(item_id(1)).await.unwrap().unwrap().collected, collected, "lists show it");
        assert_eq!(store.item(item_id(2)).await.unwrap().unwrap().collected, None);
        assert_eq!(store.excerpt(item_id(2)).await.unwrap(), Some(cut));
        assert_eq!(store.excerpts_from(item_id(1)).await.unwrap(), [cut]);
        assert_eq!(store.family_of(item_id(3)).await.unwrap(), Some(record_id(10)));
        assert_eq!(store.family(record_id(10)).await.unwrap(), [item_id(1), item_id(3)]);

        let mut tx = store.begin().await.unwrap();
        tx.set_item_dates(item_id(1), &[]).await.unwrap();
        tx.set_excerpt(item_id(2), None).await.unwrap();
        tx.set_families(&[]).await.unwrap();
        tx.append(&entry(4, Some((item_id(1), 2))), &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.item_dates(item_id(1)).await.unwrap().is_empty());
        assert_eq!((store.excerpt(item_id(2)).await.unwrap(), store.family_of(item_id(1)).await.unwrap()), (None, None));

        // N11: not even the database takes an excerpt without a span or of itself.
        for span_ms in [(5, 5), (6, 5)] {
            let mut tx = store.begin().await.unwrap();
            assert!(tx.set_excerpt(item_id(2), Some(&ExcerptRow { span_ms, ..cut })).await.is_err());
        }
        let mut tx = store.begin().await.unwrap();
        assert!(tx.set_excerpt(item_id(2), Some(&ExcerptRow { parent: item_id(2), ..cut })).await.is_err());
    }
}

db_test! {
    async fn the_last_look_is_each_persons_own(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 1).await;
        let other = Actor::parse("person:b").unwrap();
        let mut tx = store.begin().await.unwrap();
        for (n, actor) in [(1, Actor::owner()), (2, other.clone()), (3, Actor::owner())] {
            let look = EntryRow { action: Action::Accessed, actor, ..entry(n, Some((item_id(1), n))) };
            tx.append(&look, &[]).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(store.last_access(item_id(1), &Actor::owner()).await.unwrap(), Some(at(3)));
        assert_eq!(store.last_access(item_id(1), &other).await.unwrap(), Some(at(2)));
        assert_eq!(store.last_access(item_id(1), &Actor::worker()).await.unwrap(), None);
    }
}
