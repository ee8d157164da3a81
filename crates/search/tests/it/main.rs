//! The index as its users see it.

mod finding;
mod folder;
mod hostile;
mod order;
mod sealed;
mod treebanks;

use zapys_domain::passage::{Layer, Passage};
use zapys_domain::{ItemId, ItemKind, Lang};
use zapys_keys::Secret;
use zapys_search::{Answer, Feed, Index, Lexicon, Query};

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
        revision: None,
    }
}

pub(crate) fn key() -> Secret {
    Secret::from_bytes([7; 32])
}

/// The same passages in memory and in a sealed folder.
pub(crate) struct Both {
    plain: Index,
    sealed: Index,
    _folder: tempfile::TempDir,
}

pub(crate) fn both(fill: impl Fn(&mut Feed<'_>)) -> Both {
    let folder = tempfile::tempdir().expect("tempdir");
    let plain = Index::in_memory(lexicon()).expect("memory");
    let sealed = Index::create_anew(folder.path(), lexicon(), Some(&key())).expect("made");
    for index in [&plain, &sealed] {
        let mut feed = index.feed().expect("the only feed");
        fill(&mut feed);
        feed.commit(1).expect("committed");
    }
    Both { plain, sealed, _folder: folder }
}

/// One item per text, numbered from 0.
pub(crate) fn index_of(texts: &[&str]) -> Both {
    both(|feed| {
        for (n, text) in texts.iter().enumerate() {
            feed.replace(item(n as u64), Layer::Said, &[passage(n as u64, 0, text)]).expect("fed");
        }
    })
}

pub(crate) trait Asked {
    fn answer(&self, query: &Query) -> Answer;
}
impl Asked for Index {
    fn answer(&self, query: &Query) -> Answer {
        self.search(query).expect("answered")
    }
}
impl Asked for Both {
    fn answer(&self, query: &Query) -> Answer {
        let (plain, sealed) = (self.plain.answer(query), self.sealed.answer(query));
        assert_eq!(plain.hits, sealed.hits, "{query:?}");
        assert_eq!((plain.total, plain.is_partial, plain.is_cut), (sealed.total, sealed.is_partial, sealed.is_cut), "{query:?}");
        sealed
    }
}

pub(crate) fn ask(index: &impl Asked, query: &str) -> Answer {
    index.answer(&Query { limit: 100, ..Query::new(query) })
}
