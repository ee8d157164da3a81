//! Lists, filters, facets.

use crate::database::db_test;
use crate::samples::*;
use std::collections::BTreeMap;
use zapys_domain::edtf::Edtf;
use zapys_domain::*;
use zapys_store::*;

/// Twelve items that differ in everything a list can ask for.
async fn fill(store: &Store) {
    let kinds = [ItemKind::Recording, ItemKind::Screenshot, ItemKind::Article];
    let dates = [Some("2022-03-14"), Some("2022-03"), Some("2022"), None];
    let mut tx = store.begin().await.unwrap();
    for i in 1..=12u64 {
        let seq = EntrySeq(i - 1);
        let recorded = dates[i as usize % 4].and_then(Edtf::parse);
        let item = NewItem {
            kind: kinds[i as usize % 3],
            details: ItemDetails {
                title: Some(Private::new(format!("{} № {}", if i % 2 == 0 { "Дзвінок" } else { "call 100%_!" }, 13 - i))),
                status: if i == 5 { ItemStatus::Verified } else { ItemStatus::Unverified },
                lang: if i > 10 { Lang::parse("en").unwrap() } else { Lang::und() },
                recorded_basis: recorded.is_some().then_some(DateBasis::Stated),
                recorded,
                ..ItemDetails::default()
            },
            // Pairs share their moment, so that order needs the identifier too.
            created: at((i / 2) as i64),
            ..new_item(i, seq)
        };
        tx.add_object(&object_row(i)).await.unwrap();
        tx.add_item(&item).await.unwrap();
        tx.append(&entry(i - 1, Some((item_id(i), 0))), &[]).await.unwrap();
        let facts = ItemFacts {
            duration_ms: (i % 3 == 0).then_some(1000 * i),
            languages: if i % 2 == 0 { vec![Lang::parse("uk").unwrap(), Lang::parse("ru").unwrap()] } else { vec![] },
            flags: if i <= 3 { BTreeMap::from([("no-speech".to_owned(), i)]) } else { BTreeMap::new() },
            ..ItemFacts::default()
        };
        tx.set_facts(item.id, &facts).await.unwrap();
        if i == 7 {
            tx.enqueue(&new_job(1, 7, DerivativeKind::Probe), at(1)).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

db_test! {
    async fn pages_join_without_gap_or_repeat(at_) {
        let store = Store::open(&at_).await.unwrap();
        fill(&store).await;
        for sort in ItemSort::ALL {
            let whole = store.items(&ItemFilter::default(), *sort, None, 500).await.unwrap();
            assert_eq!((whole.items.len(), whole.next), (12, None), "{sort}");
            for size in [1, 5, 11, 12] {
                let (mut joined, mut cursor) = (Vec::new(), None);
                loop {
                    let page = store.items(&ItemFilter::default(), *sort, cursor.as_ref(), size).await.unwrap();
                    joined.extend(page.items);
                    // Through text, as a client hands it back.
                    match page.next {
                        Some(next) => cursor = Some(Cursor::new(next.as_str())),
                        None => break,
                    }
                }
                assert_eq!(joined, whole.items, "{sort} by {size}");
            }
        }
        let ids = async |sort| -> Vec<u64> {
            let page = store.items(&ItemFilter::default(), sort, None, 500).await.unwrap();
            page.items.iter().map(|i| i.bytes - 100).collect()
        };
        assert_eq!(ids(ItemSort::Newest).await, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(ids(ItemSort::Largest).await, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(ids(ItemSort::Longest).await[..5], [12, 9, 6, 3, 11]);
        assert_eq!(ids(ItemSort::Recorded).await, [2, 6, 10, 1, 5, 9, 4, 8, 12, 3, 7, 11]);
        assert_eq!(ids(ItemSort::Title).await[..2], [3, 1], "call … 10 stands before call … 12");
        for bad in ["", "x", "newest.1", "newest.x.00000000000000000000000000", "title.00.00000000000000000000000000", "newest.1.no"] {
            let error = store.items(&ItemFilter::default(), ItemSort::Newest, Some(&Cursor::new(bad)), 5).await.unwrap_err();
            assert!(matches!(error, StoreError::BadCursor), "{bad}: {error:?}");
        }
    }
}

db_test! {
    async fn filters_hold_together(at_) {
        let store = Store::open(&at_).await.unwrap();
        fill(&store).await;
        let check = async |filter: ItemFilter, expected: &[u64]| {
            let page = store.items(&filter, ItemSort::Oldest, None, 500).await.unwrap();
            assert_eq!(page.items.iter().map(|i| i.bytes - 100).collect::<Vec<_>>(), expected, "{filter:?}");
            assert_eq!(store.facets(&filter).await.unwrap().total, expected.len() as u64);
        };
        let lang = |l| Lang::parse(l).unwrap();
        let none = ItemFilter::default;
        check(ItemFilter { kinds: vec![ItemKind::Recording], ..none() }, &[3, 6, 9, 12]).await;
        check(ItemFilter { kinds: vec![ItemKind::Recording, ItemKind::Article], ..none() }, &[2, 3, 5, 6, 8, 9, 11, 12]).await;
        check(ItemFilter { statuses: vec![ItemStatus::Verified], ..none() }, &[5]).await;
        check(ItemFilter { languages: vec![lang("uk")], ..none() }, &[2, 4, 6, 8, 10, 12]).await;
        check(ItemFilter { languages: vec![lang("en"), lang("ru")], kinds: vec![ItemKind::Article], ..none() }, &[2, 8, 11]).await;
        check(ItemFilter { flags: vec!["no-speech".into()], ..none() }, &[1, 2, 3]).await;
        check(ItemFilter { title: Some("ДЗВІНОК".into()), kinds: vec![ItemKind::Recording], ..none() }, &[6, 12]).await;
        check(ItemFilter { title: Some("100%_!".into()), ..none() }, &[1, 3, 5, 7, 9, 11]).await;
        check(ItemFilter { title: Some("1_0".into()), ..none() }, &[]).await;
        check(ItemFilter { title: Some("'; DROP TABLE items; --".into()), ..none() }, &[]).await;
        check(ItemFilter { work: Some(JobState::Ready), ..none() }, &[7]).await;
        check(ItemFilter { parent: Some(item_id(1)), ..none() }, &[]).await;

        let facets = store.facets(&none()).await.unwrap();
        assert_eq!(facets.kinds, BTreeMap::from([(ItemKind::Recording, 4), (ItemKind::Screenshot, 4), (ItemKind::Article, 4)]));
        assert_eq!(facets.statuses, BTreeMap::from([(ItemStatus::Unverified, 11), (ItemStatus::Verified, 1)]));
        assert_eq!(facets.languages, BTreeMap::from([(lang("uk"), 6), (lang("ru"), 6), (lang("en"), 2)]));
        assert_eq!(facets.flags, BTreeMap::from([("no-speech".to_owned(), 3)]));
        assert_eq!((facets.months, facets.vague, facets.undated), (BTreeMap::from([("2022-03".to_owned(), 6)]), 3, 3));
        // A facet leaves out its own list and heeds the others.
        let facets = store.facets(&ItemFilter { kinds: vec![ItemKind::Recording], languages: vec![lang("uk")], ..none() }).await.unwrap();
        assert_eq!(facets.kinds, BTreeMap::from([(ItemKind::Recording, 2), (ItemKind::Screenshot, 2), (ItemKind::Article, 2)]));
        assert_eq!(facets.languages, BTreeMap::from([(lang("uk"), 2), (lang("ru"), 2), (lang("en"), 1)]));
    }
}
