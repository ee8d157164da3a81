//! Items, acquisitions, derivations and findings come back as they went in.

use crate::database::{db_test, raw};
use crate::samples::*;
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::edtf::Edtf;
use zapys_domain::provenance::Sensitivity;
use zapys_domain::*;
use zapys_store::*;

db_test! {
    async fn items_come_back_as_they_went_in(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        let row = store.item(item_id(2)).await.unwrap().unwrap();
        let new = new_item(2, EntrySeq(1));
        assert_eq!((row.id, row.kind, &row.media_type, &row.format), (new.id, new.kind, &new.media_type, &new.format));
        assert_eq!((row.object, row.bytes, &row.details, row.created, row.entry), (new.object, 102, &new.details, at(2), EntrySeq(1)));
        assert_eq!((row.n_acquisitions, row.facts, row.work), (1, ItemFacts::default(), WorkCounts::default()));
        assert_eq!(store.acquisitions(item_id(2)).await.unwrap(), [acquisition(2, item_id(2), EntrySeq(1))]);
        assert_eq!(store.item(item_id(9)).await.unwrap(), None);
        assert_eq!(store.items_of(object(2)).await.unwrap(), [item_id(2)]);

        // Everything that may be there, and a text that no database likes.
        let details = ItemDetails {
            title: Some(Private::new("zero \0, mark \u{241b}\u{2400}, Їжак 🦔".into())),
            status: ItemStatus::Checking,
            lang: Lang::parse("uk").unwrap(),
            recorded: Edtf::parse("2022-03-1X"),
            recorded_basis: Some(DateBasis::Embedded),
            published: Edtf::parse("2022"),
            sensitivity: Sensitivity::Protected,
        };
        let child = NewItem {
            parent: Some(item_id(1)),
            member_path: Some(Private::new("inside/\0.wav".into())),
            details: details.clone(),
            object: object(1),
            ..new_item(3, EntrySeq(2))
        };
        let mut tx = store.begin().await.unwrap();
        tx.add_item(&child).await.unwrap();
        let relation = RelationRow {
            parent: item_id(1), child: item_id(3), relation: Relation::Member, detail: child.member_path.clone(), entry: EntrySeq(2),
        };
        tx.add_relation(&relation).await.unwrap();
        tx.add_relation(&relation).await.unwrap();
        tx.append(&entry(2, Some((item_id(3), 0))), &[]).await.unwrap();
        tx.commit().await.unwrap();
        let row = store.item(item_id(3)).await.unwrap().unwrap();
        assert_eq!((&row.details, row.parent, &row.member_path), (&details, Some(item_id(1)), &child.member_path));
        let after: Vec<_> = store.items_after(Some(item_id(1)), 10).await.unwrap().into_iter().map(|i| i.id).collect();
        assert_eq!(after, store.item_ids(Some(item_id(1)), 10).await.unwrap());
        assert_eq!(store.items_after(None, 1).await.unwrap()[0].id, item_id(1));
        assert_eq!(store.children(item_id(1)).await.unwrap(), [row]);
        assert_eq!(store.relations(item_id(3)).await.unwrap(), [relation]);
        assert_eq!(store.items_of(object(1)).await.unwrap(), [item_id(1), item_id(3)]);

        let mut tx = store.begin().await.unwrap();
        tx.change_item(item_id(3), &ItemDetails::default(), EntrySeq(3)).await.unwrap();
        tx.append(&entry(3, Some((item_id(3), 1))), &[]).await.unwrap();
        tx.commit().await.unwrap();
        let row = store.item(item_id(3)).await.unwrap().unwrap();
        assert_eq!((row.details, row.entry), (ItemDetails::default(), EntrySeq(3)));
        let mut tx = store.begin().await.unwrap();
        assert!(matches!(tx.change_item(item_id(8), &ItemDetails::default(), EntrySeq(3)).await, Err(StoreError::NoItem(_))));
    }
}

db_test! {
    async fn items_are_found_by_beginning_and_digest(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 2).await;
        let full = item_id(2).to_string();
        for text in [full.as_str(), &full.to_lowercase(), &object(2).to_string(), &object(2).hex()] {
            assert_eq!(store.find_item(text).await.unwrap(), Some(item_id(2)), "{text}");
        }
        // The two identifiers share their first nine characters and differ in the tenth.
        assert_eq!(store.find_item(&full[..10]).await.unwrap(), Some(item_id(2)));
        assert!(matches!(store.find_item(&full[..9]).await, Err(StoreError::Ambiguous { n: 2 })));
        for text in ["", "ZZZ", "no such", "%", "sha256:00", &object(3).to_string(), &format!("{full}0")] {
            assert_eq!(store.find_item(text).await.unwrap(), None, "{text}");
        }
        assert_eq!(store.item_ids(None, 10).await.unwrap(), [item_id(1), item_id(2)]);
        assert_eq!(store.item_ids(Some(item_id(1)), 10).await.unwrap(), [item_id(2)]);
        assert_eq!(store.objects(None, 1).await.unwrap().len(), 1);
        let counts = store.counts().await.unwrap();
        assert_eq!((counts.items, counts.bytes, counts.objects, counts.acquisitions), (2, 203, 2, 2));
        assert_eq!(counts.by_kind, BTreeMap::from([(ItemKind::Recording, 2)]));
        assert_eq!(counts.by_status, BTreeMap::from([(ItemStatus::Unverified, 2)]));
    }
}

db_test! {
    async fn a_walk_over_all_objects_meets_each_once_with_its_key(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 5).await;
        let mut tx = store.begin().await.unwrap();
        let key = ObjectKeyRow { object: object(3), name: "ab".repeat(32), epoch: 1, wrapped: vec![7; 40] };
        tx.add_object_key(&key).await.unwrap();
        tx.append(&entry(5, Some((item_id(1), 1))), &[]).await.unwrap();
        tx.commit().await.unwrap();
        let (mut place, mut met, mut bare) = (Place::default(), Vec::new(), Vec::new());
        loop {
            let (rows, next) = store.keyed_objects_from(&place, 2).await.unwrap();
            let (without, _) = store.objects_from(&place, 2).await.unwrap();
            if rows.is_empty() {
                break;
            }
            (place, bare) = (next, [bare, without].concat());
            met.extend(rows);
        }
        assert_eq!(met.iter().map(|(row, _)| row.clone()).collect::<Vec<_>>(), bare);
        assert_eq!(met.iter().map(|(row, _)| row.id).collect::<BTreeSet<_>>(), (1..=5).map(object).collect());
        assert_eq!((met.len(), met.iter().find_map(|(_, key)| key.clone())), (5, Some(key)));
    }
}

db_test! {
    async fn the_first_output_of_a_derivation_stays(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 1).await;
        let found = vec![
            Finding::whole("quiet", Severity::Note, "Very quiet."),
            Finding { locator: Locator::Span { start_ms: 1, end_ms: 2, channel: Some(1) }, ..Finding::whole("clipped", Severity::Serious, "Clipped.") },
        ];

        // Failed, then failed again, then done: one row, the newest attempt.
        let mut tx = store.begin().await.unwrap();
        let failed = derivation(1, None, 1);
        assert_eq!(tx.record_derivation(&failed, &found).await.unwrap(), Recorded::New);
        tx.append(&entry(1, Some((item_id(1), 1))), &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.derivation(failed.key).await.unwrap(), Some(failed.clone()));
        assert_eq!(store.derivative(item_id(1), DerivativeKind::Transcript).await.unwrap(), None);

        let mut tx = store.begin().await.unwrap();
        tx.add_object(&object_row(50)).await.unwrap();
        tx.add_object(&object_row(51)).await.unwrap();
        let done = derivation(1, Some(50), 2);
        assert_eq!(done.key, failed.key);
        assert_eq!(tx.record_derivation(&done, &found[..1]).await.unwrap(), Recorded::New);
        assert_eq!(tx.record_derivation(&done, &[]).await.unwrap(), Recorded::Same);
        assert_eq!(tx.record_derivation(&derivation(1, Some(51), 2), &[]).await.unwrap(), Recorded::Differs { kept: object(50) });
        assert_eq!(tx.record_derivation(&failed, &[]).await.unwrap(), Recorded::Same, "a later failure takes nothing away");
        assert_eq!(tx.add_findings(item_id(1), done.key, &found[1..]).await.unwrap(), 2);
        tx.append(&entry(2, Some((item_id(1), 2))), &[]).await.unwrap();
        tx.commit().await.unwrap();

        assert_eq!(store.derivations(item_id(1)).await.unwrap(), std::slice::from_ref(&done));
        assert_eq!(store.derivation_of(done.key, item_id(1)).await.unwrap(), Some(done.clone()));
        assert_eq!(store.derivative(item_id(1), DerivativeKind::Transcript).await.unwrap(), Some(done.clone()));
        assert_eq!(store.derivative(item_id(1), DerivativeKind::Peaks).await.unwrap(), None);
        let kept = store.findings(item_id(1)).await.unwrap();
        assert!(kept.iter().all(|f| f.derivation == Some(done.key)));
        assert_eq!(kept.into_iter().map(|f| f.finding).collect::<Vec<_>>(), found);
        assert_eq!(store.item(item_id(1)).await.unwrap().unwrap().facts.n_findings, 2);

        let since = |from, kinds: &'static [DerivativeKind]| {
            let store = store.clone();
            async move { store.finished_since(EntrySeq(from), kinds, 10).await.unwrap().len() }
        };
        assert_eq!((since(0, &[]).await, since(2, &[]).await, since(3, &[]).await), (1, 1, 0));
        assert_eq!((since(0, &[DerivativeKind::Transcript]).await, since(0, &[DerivativeKind::Text, DerivativeKind::Peaks]).await), (1, 0));
        assert_eq!(store.derivations_after(None, 10).await.unwrap().len(), 1);
        assert_eq!(
            store.derivations_of_items(done.item, done.item).await.unwrap(),
            store.derivations(done.item).await.unwrap()
        );
        assert_eq!(store.derivations_of_items(item_id(900), item_id(999)).await.unwrap(), []);
        assert_eq!(store.derivations_after(Some((done.key, done.item)), 10).await.unwrap().len(), 0);
        assert_eq!(store.touched_since(EntrySeq(1), 10).await.unwrap(), [(item_id(1), EntrySeq(2))]);

        let mut tx = store.begin().await.unwrap();
        let contradictory = DerivationRow { output: None, ..done };
        assert!(matches!(tx.record_derivation(&contradictory, &[]).await, Err(StoreError::Contradiction(_))));
    }
}

db_test! {
    async fn facts_are_replaced_as_a_whole(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 1).await;
        let lang = |l| Lang::parse(l).unwrap();
        let facts = ItemFacts {
            duration_ms: Some(61_000),
            channels: Some(2),
            languages: vec![lang("uk"), lang("ru")],
            flags: BTreeMap::from([("no-speech".into(), 3), ("overlap".into(), 1)]),
            preview: Some(Private::new("перші слова".into())),
            thumb_peaks: Some(vec![-127, 127, 0]),
            n_segments: Some(12),
            n_messages: None,
            n_calls: Some(0),
            n_words: Some(90),
            n_findings: 0,
        };
        for expected in [facts.clone(), ItemFacts { languages: vec![lang("en")], flags: BTreeMap::new(), ..facts }] {
            let mut tx = store.begin().await.unwrap();
            tx.set_facts(item_id(1), &expected).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(store.item(item_id(1)).await.unwrap().unwrap().facts, expected);
            let facets = store.facets(&ItemFilter::default()).await.unwrap();
            assert!(facets.flags.keys().eq(expected.flags.keys()) && facets.flags.values().all(|n| *n == 1), "{facets:?}");
            assert_eq!(facets.languages.len(), expected.languages.len());
        }
        assert_eq!(store.counts().await.unwrap().segments, 12);
    }
}

db_test! {
    async fn nonsense_in_a_row_is_named_not_guessed(at_) {
        let store = Store::open(&at_).await.unwrap();
        with_items(&store, 1).await;
        let check = async |sql: &'static str, column: &'static str| {
            raw(&at_, sql).await.unwrap();
            match store.item(item_id(1)).await {
                Err(StoreError::Inconsistent { table: "items", column: c, id }) => assert_eq!((c, id), (column, item_id(1).to_string())),
                other => panic!("{sql}: {other:?}"),
            }
        };
        check("UPDATE items SET lang = '?'", "lang").await;
        check("UPDATE items SET lang = 'und', recorded = 'yesterday', recorded_basis = 'stated'", "recorded").await;
        check("UPDATE items SET recorded = '2022', entry_seq = 0, bytes = 0, parent = NULL, media_type = '', title = NULL, published = 'x'", "published").await;
        raw(&at_, "UPDATE items SET status = 'fine'").await.expect_err("the schema lists the words");
        raw(&at_, "UPDATE items SET kind = 'song'").await.expect_err("the schema lists the words");
        raw(&at_, "INSERT INTO objects (id, bytes, media_type, first_seen) VALUES ('ABC', 1, '', 0)").await.expect_err("no digest");
    }
}

db_test! {
    async fn settings_and_meta_are_kept_apart(at_) {
        let store = Store::open(&at_).await.unwrap();
        assert_eq!(store.setting("work.paused").await.unwrap(), None);
        for value in ["1", "0"] {
            let mut tx = store.begin().await.unwrap();
            tx.set_setting("work.paused", value).await.unwrap();
            tx.set_meta("name", "Справа").await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(store.setting("work.paused").await.unwrap().as_deref(), Some(value));
        }
        assert_eq!(store.meta("name").await.unwrap().as_deref(), Some("Справа"));
        assert_eq!(store.meta("work.paused").await.unwrap(), None);
    }
}
