//! The index as its users see it.

mod finding;
mod folder;
mod hostile;
mod order;
mod treebanks;

use zapys_domain::passage::{Layer, Passage};
use zapys_domain::{ItemId, ItemKind, Lang};
use zapys_search::{Answer, Index, Lexicon, Query};

pub(crate) fn lexicon() -> Lexicon {
    static LEXICON: std::sync::OnceLock<Lexicon> = std::sync::OnceLock::new();
    LEXICON.get_or_init(|| Lexicon::bundled().expect("the dictionaries are whole")).clone()
}

pub(crate) fn item(n: u64) -> ItemId {
    ItemId::new(ulid::Ulid::from_parts(1_700_000_000_000 + n, u128::from(n)))
}

pub(crate) fn passage(n: u64, segment: usize, text: &str) -> Passage {
    Passage {
        item: item(n),
        kind: ItemKind::Recording,
        layer: Layer::Said,
        segment: format!("s{segment}"),
        start_ms: Some(segment as u64 * 1000),
        language: Lang::und(),
        text: text.into(),
        translation: None,
    }
}

/// One item per text, numbered from 0.
pub(crate) fn index_of(texts: &[&str]) -> Index {
    let index = Index::in_memory(lexicon()).expect("memory");
    let mut feed = index.feed().expect("the only feed");
    for (n, text) in texts.iter().enumerate() {
        feed.replace(item(n as u64), Layer::Said, &[passage(n as u64, 0, text)]).expect("fed");
    }
    feed.commit(1).expect("committed");
    drop(feed);
    index
}

pub(crate) fn ask(index: &Index, query: &str) -> Answer {
    index.search(&Query { limit: 100, ..Query::new(query) }).expect("answered")
}
