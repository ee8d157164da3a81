//! Finding: the index is fed from the record and can be thrown away; nothing is known only to it.

use crate::Result;
use crate::error::CaseError;
use crate::open::Casework;
use crate::recall::Recall;
use crate::review::{Translators, newest_translation};
use crate::show;
use crate::view::{HitView, SearchView, Unsearchable};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};
use zapys_domain::call::CallTable;
use zapys_domain::media::Document;
use zapys_domain::message::ChatExport;
use zapys_domain::passage::{Layer, Passage};
use zapys_domain::revision::Mended;
use zapys_domain::text::ReadText;
use zapys_domain::transcript::{Transcript, Translation};
use zapys_domain::{DerivativeKind, EntrySeq, ItemId, ItemKind, Lang};
use zapys_search::{Index, Lexicon, Query};
use zapys_store::{CaseCounts, Facets, ItemFilter, ItemRow, SoundCount, StageCount};

/// Items whose words wait to be fed together: each commit of the index costs some milliseconds.
const TOGETHER: usize = 16;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct SearchRequest {
    /// Words; `"a phrase"`; `-without`; `begin*`.
    pub query: String,
    /// Only this language.
    pub lang: Option<String>,
    /// Only this kind of item.
    pub kind: Option<ItemKind>,
    /// Whoever asks listens first (R1.38): words of recordings are left out.
    pub blind: bool,
    /// At most so many hits.
    pub limit: usize,
}

/// The index of an open case, and the items whose words are not in it yet.
#[derive(Default)]
pub(crate) struct Finder {
    index: Mutex<Option<Arc<Index>>>,
    /// The dictionaries.
    pub(crate) lexicon: OnceLock<Lexicon>,
    waiting: Mutex<BTreeSet<ItemId>>,
    /// One feed at a time: the index takes one writer.
    feeding: tokio::sync::Mutex<()>,
    /// What cannot be found.
    unsearchable: Recall<(), Unsearchable>,
    /// How many items each filter leaves.
    pub(crate) facets: Recall<ItemFilter, Facets>,
    /// The numbers of the case. Work moves on without a mark, so these are made anew unless that is dear.
    pub(crate) numbers: Recall<(), (CaseCounts, Vec<StageCount>, Vec<SoundCount>)>,
    pub(crate) looks: AtomicU64,
}

/// All that is fed of one item.
type Fed = (ItemId, Vec<(Layer, Vec<Passage>)>);

/// Items that are fed to the index with one commit.
const FED_TOGETHER: usize = 5000;

impl Casework {
    async fn index(&self) -> Result<Arc<Index>> {
        let (finder, dir, key) = (self.finder.clone(), self.dir.join("index"), self.index_key());
        let words = self.lexicon()?;
        tokio::task::spawn_blocking(move || {
            let mut index = finder.index.lock().unwrap_or_else(|p| p.into_inner());
            if let Some(index) = &*index {
                return Ok(index.clone());
            }
            let opened = Index::open_or_create(&dir, words, key.as_ref())?;
            Ok(index.insert(Arc::new(opened.index)).clone())
        })
        .await
        .map_err(|_| CaseError::Lost)?
    }

    /// Searches words said, read, written and translated.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchView> {
        let index = self.index().await?;
        if index.watermark()?.is_none() {
            // New, or made anew: fed before it answers. Another process may be doing that already.
            match self.catch_up().await {
                Ok(()) | Err(CaseError::Index(zapys_search::IndexError::Busy)) => {}
                Err(e) => return Err(e),
            }
        }
        let lang = match &request.lang {
            Some(tag) => {
                Some(Lang::parse(tag).ok_or(CaseError::Flag { flag: "--lang", wants: "a language code such as uk, ru or en" })?)
            }
            None => None,
        };
        let without = request.blind.then_some(Layer::Said);
        let query = Query { lang, kind: request.kind, without, limit: request.limit.max(1), text: request.query.clone() };
        let answer = tokio::task::spawn_blocking(move || index.search(&query)).await.map_err(|_| CaseError::Lost)??;
        let mut hits = Vec::with_capacity(answer.hits.len());
        let mut people: BTreeMap<ItemId, Option<Translators>> = BTreeMap::new();
        for h in answer.hits {
            let row = self.row(h.item).await?;
            let mut translated_by = None;
            if let Some(translation) = &h.translation {
                if let std::collections::btree_map::Entry::Vacant(none) = people.entry(h.item) {
                    none.insert(self.translators(h.item).await?);
                }
                let said = people.get(&h.item).and_then(Option::as_ref).map(Translators::by_segment).unwrap_or_default();
                let theirs = said.get(h.segment.as_str()).and_then(|about| newest_translation(about, &h.text));
                translated_by = theirs.filter(|(_, text)| text == translation).map(|(by, _)| by.to_owned());
            }
            hits.push(HitView {
                item: h.item,
                title: show::title(&row),
                kind: h.kind,
                layer: h.layer.word().into(),
                segment: h.segment,
                start_ms: h.start_ms,
                language: h.language.to_string(),
                text: h.text,
                translation: h.translation,
                translated_by,
                revision: h.revision,
                score: h.score,
                matched: h.matched.word().into(),
                highlights: h.highlights,
            });
        }
        Ok(SearchView {
            hits,
            total: answer.total as u64,
            took_ms: answer.took.as_secs_f64() * 1000.0,
            unsearchable: self.unsearchable().await?.count,
        })
    }

    /// Items that a search cannot find, by reason. Looked through once for each state of the record.
    pub(crate) async fn unsearchable(&self) -> Result<Unsearchable> {
        self.finder.unsearchable.get((), self.state(), self.look_for_unsearchable()).await
    }

    /// Entries of the ledger and open jobs: while both stay, so does what can be found.
    async fn state(&self) -> Result<(u64, u64)> {
        Ok((self.store.head().await?.size, self.store.jobs_open().await?))
    }

    /// Notes that an item has new words, and feeds what waits once it is worth a commit.
    pub(crate) async fn index_item(&self, item: ItemId) -> Result<()> {
        let n = {
            let mut waiting = self.finder.waiting.lock().unwrap_or_else(|p| p.into_inner());
            waiting.insert(item);
            waiting.len()
        };
        if n >= TOGETHER { self.feed(None).await } else { Ok(()) }
    }

    /// Feeds the words of items that people mended. What is on record stays so where this fails: the next work feeds it again.
    pub(crate) async fn index_revised(&self, items: &[ItemId]) {
        let fed = async {
            // An index that was never fed is fed as a whole by the first search.
            if self.index().await?.watermark()?.is_none() {
                return Ok(());
            }
            self.finder.waiting.lock().unwrap_or_else(|p| p.into_inner()).extend(items);
            self.feed(None).await
        };
        if let Err(e) = fed.await {
            tracing::warn!(code = zapys_domain::Fault::code(&e), "words that people mended are not in the index yet");
        }
    }

    /// Feeds what waits and notes that the index is level with the record. Only when nobody derives any more.
    pub(crate) async fn index_commit(&self) -> Result<()> {
        let head = self.store.head().await?.size;
        self.feed(Some(head)).await
    }

    /// Feeds whatever was recorded after the index was last level with the record, e.g. before a crash.
    pub(crate) async fn catch_up(&self) -> Result<()> {
        let level = self.index().await?.watermark()?.unwrap_or(0);
        let head = self.store.head().await?.size;
        if level == head {
            return Ok(());
        }
        let from = EntrySeq(level.min(head));
        if level > head {
            // A record restored from a backup: the index knows more than there is.
            return self.reindex().await.map(|_| ());
        }
        self.feed_since(from, head).await
    }

    /// Feeds the items that entries from `from` on name; then the index is level with `head`.
    async fn feed_since(&self, mut from: EntrySeq, head: u64) -> Result<()> {
        loop {
            let touched = self.store.touched_since(from, 500).await?;
            let Some((_, last)) = touched.last() else { break };
            from = EntrySeq(last.0 + 1);
            self.finder.waiting.lock().unwrap_or_else(|p| p.into_inner()).extend(touched.iter().map(|t| t.0));
        }
        self.feed(Some(head)).await
    }

    /// Rebuilds the index from the record. Returns the number of passages.
    pub async fn reindex(&self) -> Result<u64> {
        let head = self.store.head().await?.size;
        let (finder, dir, key) = (self.finder.clone(), self.dir.join("index"), self.index_key());
        tokio::task::spawn_blocking(move || -> Result<()> {
            let mut index = finder.index.lock().unwrap_or_else(|p| p.into_inner());
            *index = None;
            *index = Some(Arc::new(Index::create_anew(&dir, lexicon()?, key.as_ref())?));
            Ok(())
        })
        .await
        .map_err(|_| CaseError::Lost)??;
        self.feed_since(EntrySeq(0), head).await?;
        Ok(self.index().await?.n_passages()?)
    }

    async fn feed(&self, level: Option<u64>) -> Result<()> {
        let _alone = self.finder.feeding.lock().await;
        let waiting: Vec<ItemId> =
            std::mem::take(&mut *self.finder.waiting.lock().unwrap_or_else(|p| p.into_inner())).into_iter().collect();
        let fed = self.feed_these(&waiting, level).await;
        if fed.is_err() {
            self.finder.waiting.lock().unwrap_or_else(|p| p.into_inner()).extend(waiting);
        }
        fed
    }

    async fn feed_these(&self, waiting: &[ItemId], level: Option<u64>) -> Result<()> {
        let index = self.index().await?;
        let before = index.watermark()?;
        if waiting.is_empty() && (level.is_none() || level == before) {
            return Ok(());
        }
        // Part by part: the words of a large case do not fit into memory.
        let n_parts = waiting.len().div_ceil(FED_TOGETHER).max(1);
        for part in 0..n_parts {
            let begin = part * FED_TOGETHER;
            let mut fed = Vec::new();
            for item in &waiting[begin..waiting.len().min(begin + FED_TOGETHER)] {
                fed.push(self.passages(*item).await?);
            }
            let index = index.clone();
            // Not level before the last part: after a crash everything since the last level state is fed again.
            let level = if part + 1 == n_parts { level.or(before) } else { before };
            let done = tokio::task::spawn_blocking(move || -> Result<()> {
                let feed_once = || {
                    let mut feed = index.feed()?;
                    for (item, layers) in &fed {
                        for (layer, passages) in layers {
                            feed.replace(*item, *layer, passages)?;
                        }
                    }
                    feed.commit(level.unwrap_or(0))
                };
                match feed_once() {
                    // A thread of the index gave up and did not say why: a disk that was full for a moment, most likely. What was not
                    // committed is forgotten, so it may be fed again.
                    Err(zapys_search::IndexError::Engine(_)) => Ok(feed_once()?),
                    fed => Ok(fed?),
                }
            });
            done.await.map_err(|_| CaseError::Lost)??;
        }
        Ok(())
    }

    /// Every passage of an item, by layer; layers without words are empty, which takes old words away.
    async fn passages(&self, id: ItemId) -> Result<Fed> {
        let row = self.row(id).await?;
        let (mut said, mut read, mut written) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(t) = self.derived::<Document<Transcript>>(id, DerivativeKind::Transcript).await? {
            let translation = self.derived::<Document<Translation>>(id, DerivativeKind::Translation).await?;
            said = spoken(&row, &t.value, translation.as_ref().map(|t| &t.value));
            if let Some(mended) = self.mended(id).await? {
                said = mended_words(&row, &mended, said);
            }
            if let Some(people) = self.translators(id).await? {
                let people = people.by_segment();
                for p in &mut said {
                    let theirs = people.get(p.segment.as_str()).and_then(|about| newest_translation(about, &p.text));
                    p.translation = theirs.map(|(_, text)| text.to_owned()).or(p.translation.take());
                }
            }
        }
        if let Some(t) = self.derived::<Document<ReadText>>(id, DerivativeKind::Text).await? {
            let picture = matches!(row.kind, ItemKind::Screenshot | ItemKind::Photo);
            let (layer, into) = if picture { (Layer::Read, &mut read) } else { (Layer::Written, &mut written) };
            into.extend(readable(&row, layer, &t.value));
        }
        if let Some(c) = self.derived::<Document<ChatExport>>(id, DerivativeKind::Messages).await? {
            written.extend(messages(&row, &c.value));
        }
        if let Some(t) = self.derived::<Document<CallTable>>(id, DerivativeKind::Calls).await? {
            written.extend(calls(&row, &t.value));
        }
        Ok((id, vec![(Layer::Said, said), (Layer::Read, read), (Layer::Written, written)]))
    }

    /// Takes every word of an item out of the index.
    pub(crate) async fn forget_words(&self, item: ItemId) -> Result<()> {
        let _alone = self.finder.feeding.lock().await;
        self.finder.waiting.lock().unwrap_or_else(|p| p.into_inner()).remove(&item);
        let index = self.index().await?;
        let head = self.store.head().await?.size;
        tokio::task::spawn_blocking(move || {
            let level = index.watermark()?.unwrap_or(0);
            let mut feed = index.feed()?;
            feed.remove(item)?;
            feed.commit(level.min(head))?;
            // What was removed rests in the files until they are written anew.
            feed.purge()?;
            Ok(())
        })
        .await
        .map_err(|_| CaseError::Lost)?
    }

    async fn derived<T: serde::de::DeserializeOwned>(&self, id: ItemId, kind: DerivativeKind) -> Result<Option<T>> {
        match self.typed::<T>(id, kind).await {
            Ok((value, _)) => Ok(Some(value)),
            Err(CaseError::NothingRead { .. } | CaseError::Disposed) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// The dictionaries of the program, or rules alone where they are damaged.
pub(crate) fn lexicon() -> Result<Lexicon> {
    match Lexicon::bundled() {
        Ok(lexicon) => Ok(lexicon),
        Err(e) => {
            tracing::warn!(code = zapys_domain::Fault::code(&e), "searching without dictionaries");
            Lexicon::without_dictionaries().map_err(|_| CaseError::Inconsistent { what: "the lexicon" })
        }
    }
}

fn passage(row: &ItemRow, layer: Layer, segment: String, language: Lang, text: String) -> Passage {
    Passage { item: row.id, kind: row.kind, layer, segment, start_ms: None, language, text, translation: None, revision: None }
}

fn spoken(row: &ItemRow, t: &Transcript, translation: Option<&Translation>) -> Vec<Passage> {
    let other = |id: &str| translation.and_then(|t| t.segments.iter().find(|s| s.id == id)).map(|s| s.text.clone());
    t.segments
        .iter()
        // Text over silence is kept in the transcript, struck through; it is nothing that anybody said.
        .filter(|s| !s.flags.contains(&zapys_domain::transcript::Flag::NoSpeech))
        .map(|s| Passage {
            start_ms: Some(s.start_ms),
            translation: other(&s.id),
            ..passage(row, Layer::Said, s.id.clone(), s.language.clone(), s.text.clone())
        })
        .collect()
}

/// The words as people mended them. A translation stays beside words that are still those that were translated.
fn mended_words(row: &ItemRow, mended: &Mended, heard: Vec<Passage>) -> Vec<Passage> {
    let mut translated: BTreeMap<String, (String, Option<String>)> =
        heard.into_iter().map(|p| (p.segment, (p.text, p.translation))).collect();
    let said = spoken(row, &mended.words, None).into_iter();
    said.map(|mut p| {
        p.revision = mended.by.get(&p.segment).copied();
        p.translation = translated.remove(&p.segment).filter(|(text, _)| *text == p.text).and_then(|(_, other)| other);
        p
    })
    .collect()
}

fn readable(row: &ItemRow, layer: Layer, t: &ReadText) -> Vec<Passage> {
    let title = t.title.iter().map(|title| passage(row, layer, "title".into(), t.language.clone(), title.clone()));
    let blocks =
        t.blocks.iter().enumerate().map(|(i, b)| passage(row, layer, format!("b{i}"), t.language.clone(), b.text.clone()));
    title.chain(blocks).collect()
}

fn messages(row: &ItemRow, c: &ChatExport) -> Vec<Passage> {
    let several = c.threads.len() > 1;
    c.messages
        .iter()
        .filter(|m| !m.text.trim().is_empty())
        .map(|m| {
            let segment = if several { format!("{}/{}", m.thread, m.message_id) } else { m.message_id.clone() };
            passage(row, Layer::Written, segment, row.details.lang.clone(), m.text.clone())
        })
        .collect()
}

fn calls(row: &ItemRow, t: &CallTable) -> Vec<Passage> {
    let text = |r: &zapys_domain::call::CallRow| {
        [&r.a_number, &r.b_number, &r.start_local, &r.imei, &r.imsi].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
    };
    t.rows.iter().map(|r| passage(row, Layer::Written, format!("row{}", r.row), Lang::und(), text(r))).collect()
}
