//! Invariant: nothing lives only in the index. Fed bit by bit, in any order, with changes of mind, it answers as one built anew.

use crate::{ask, item, key, lexicon, passage};
use zapys_domain::passage::{Layer, Passage};
use zapys_search::{Answer, Index};

/// A repeatable sequence of numbers.
struct Numbers(u64);
impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

const WORDS: &[&str] = &[
    "ящик",
    "ящики",
    "ящиків",
    "музей",
    "музею",
    "будівля",
    "опись",
    "описью",
    "человек",
    "люди",
    "Київ",
    "Киева",
    "Ізюм",
    "Izium",
    "розстріл",
    "розстріляли",
    "дощ",
    "сніг",
    "дорога",
    "дороги",
    "box",
    "boxes",
    "груз",
    "200",
    "двохсотий",
];

fn passages(numbers: &mut Numbers, n: u64) -> Vec<Passage> {
    let text = |numbers: &mut Numbers| {
        let len = 1 + numbers.below(9);
        (0..len).map(|_| WORDS[numbers.below(WORDS.len())]).collect::<Vec<_>>().join(" ")
    };
    (0..1 + numbers.below(4))
        .map(|i| {
            let mut one = passage(n, i, &text(numbers));
            one.translation = (i == 0).then(|| text(numbers));
            one
        })
        .collect()
}

fn answers(index: &Index) -> Vec<Answer> {
    let queries = [
        "ящик",
        "люди",
        "Київ ящик",
        "розстріл",
        "Izium",
        "груз 200",
        "\"ящик музей\"",
        "доро*",
        "box",
        "ящик -дощ",
        "сніг дощ дорога опись",
    ];
    queries.iter().map(|q| ask(index, q)).collect()
}

#[test]
fn rebuild_equals_incremental() {
    let mut numbers = Numbers(7);
    let record: Vec<(u64, Vec<Passage>)> = (0..120).map(|n| (n, passages(&mut numbers, n))).collect();

    let rebuilt = Index::in_memory(lexicon()).expect("memory");
    let mut feed = rebuilt.feed().expect("the only feed");
    for (n, passages) in &record {
        feed.replace(item(*n), Layer::Said, passages).expect("fed");
    }
    feed.commit(1).expect("committed");
    drop(feed);

    // Sealed besides, which must not matter.
    let folder = tempfile::tempdir().expect("tempdir");
    let grown = Index::create_anew(folder.path(), lexicon(), Some(&key())).expect("made");
    let mut feed = grown.feed().expect("the only feed");
    let mut order: Vec<usize> = (0..record.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, numbers.below(i + 1));
    }
    for (step, i) in order.into_iter().enumerate() {
        let (n, passages) = &record[i];
        // First something else, then the same under other layers and items, all of it taken back later.
        let draft = self::passages(&mut numbers, *n);
        feed.replace(item(*n), Layer::Said, &draft).expect("fed");
        feed.replace(item(1000 + *n), Layer::Read, &draft).expect("fed");
        if step % 7 == 0 {
            feed.commit(step as u64).expect("committed");
        }
        feed.replace(item(*n), Layer::Said, passages).expect("fed");
        feed.remove(item(1000 + *n)).expect("removed");
        if step % 5 == 0 {
            feed.commit(step as u64).expect("committed");
        }
    }
    feed.commit(999).expect("committed");
    drop(feed);

    assert_eq!(grown.n_passages().expect("readable"), rebuilt.n_passages().expect("readable"));
    let (a, b) = (answers(&rebuilt), answers(&grown));
    assert!(a.iter().filter(|a| a.total > 5).count() > 7, "the queries must find something");
    for (a, b) in a.iter().zip(&b) {
        assert_eq!((a.total, a.is_partial), (b.total, b.is_partial));
        assert_eq!(a.hits, b.hits);
    }
}
