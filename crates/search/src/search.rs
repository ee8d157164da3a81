//! Asking: from parts of a query to conditions for the engine, and from its answer to hits.
//!
//! Order of worth: the word itself, its forms, its relatives, its other names, its translation. Scores are BM25 over figures
//! that depend on nothing but the passages that are there, so an index fed bit by bit ranks exactly as one built anew.

use crate::error::IndexError;
use crate::fields::{Fields, ORDER_COLUMNS, both, sound_key};
use crate::hit::{Hit, by_sound, mark};
use crate::index::Index;
use crate::lexicon::{Word, stem_key};
use crate::query::{Part, Shape, parse};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{
    Bm25StatisticsProvider, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, PhraseQuery,
    Query as Condition, RegexQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{Searcher, SegmentReader, TantivyDocument, Term};
use zapys_domain::passage::Layer;
use zapys_domain::{ItemKind, Lang};

const EXACT: f32 = 4.0;
const LEMMA: f32 = 2.0;
const KIN: f32 = 1.2;
const ALIAS: f32 = 0.8;
const TRANSLATED: f32 = 0.5;
/// Typical words in a passage: the length that BM25 calls normal. A constant, so that it does not move with the feed.
const NORMAL_LENGTH: u64 = 16;
/// Most combinations of lemmas tried for three words of a phrase.
const MAX_COMBINATIONS: usize = 64;
const MAX_LIMIT: usize = 1000;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Query {
    /// Words, all of which must be found in some form; `"phrases"`, `-exclusions`, `prefix*`.
    pub text: String,
    /// Only passages in this language (`uk` also finds `uk-UA`).
    pub lang: Option<Lang>,
    /// Only passages of items of this kind.
    pub kind: Option<ItemKind>,
    /// No passages of this layer.
    pub without: Option<Layer>,
    /// Most hits returned, 1 to 1000.
    pub limit: usize,
}

impl Query {
    /// Twenty hits in any language and kind.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), lang: None, kind: None, without: None, limit: 20 }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Best first.
    pub hits: Vec<Hit>,
    /// How many passages match, returned or not.
    pub total: usize,
    /// No passage has all the words; these have some.
    pub is_partial: bool,
    /// The query was longer than is read; its end was left out.
    pub is_cut: bool,
    /// Time spent.
    pub took: Duration,
}

impl Index {
    /// Answers a query. Any text is a query; what holds no word finds nothing. Errors: `Damaged`, `Disk`.
    pub fn search(&self, query: &Query) -> Result<Answer, IndexError> {
        let begun = Instant::now();
        let (parts, is_cut) = parse(&self.lexicon, &query.text);
        let asked: Vec<&Part> = parts.iter().filter(|p| !p.is_excluded).collect();
        let mut answer = Answer { hits: Vec::new(), total: 0, is_partial: false, is_cut, took: Duration::ZERO };
        if !asked.is_empty() {
            let searcher = self.searcher()?;
            let mut found = self.run(&searcher, query, &parts, true)?;
            if found.0 == 0 && asked.iter().filter(|p| !p.is_optional).count() > 1 {
                found = self.run(&searcher, query, &parts, false)?;
                answer.is_partial = found.0 > 0;
            }
            answer.total = found.0;
            for (score, document) in found.1 {
                answer.hits.push(self.hit(score, &document, &asked)?);
            }
        }
        answer.took = begun.elapsed();
        Ok(answer)
    }

    fn run(
        &self,
        searcher: &Searcher,
        query: &Query,
        parts: &[Part],
        all: bool,
    ) -> Result<(usize, Vec<(f32, TantivyDocument)>), IndexError> {
        let condition = self.condition(query, parts, all);
        let unread = Arc::new(Mutex::new(None));
        let note = unread.clone();
        let top = TopDocs::with_limit(query.limit.clamp(1, MAX_LIMIT)).tweak_score(move |segment: &SegmentReader| {
            let column = |name| segment.fast_fields().u64(name).map(|c| c.first_or_default_col(0));
            let unreadable = |e| *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(e);
            let columns = ORDER_COLUMNS.map(|name| column(name).map_err(unreadable).ok());
            move |doc: u32, score: f32| {
                // Sums of floats differ in the last place with the order of adding; such differences must not order hits.
                let [high, low, order] = columns.each_ref().map(|c| !c.as_ref().map_or(0, |c| c.get_val(doc)));
                ((score * 1024.0).round() as u64, high, low, order)
            }
        });
        let statistics = Living(searcher);
        let (total, top) = searcher.search_with_statistics_provider(&*condition, &(Count, top), &statistics)?;
        if let Some(e) = unread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(e.into());
        }
        let documents = top.into_iter().map(|((score, ..), address)| Ok((score as f32 / 1024.0, searcher.doc(address)?)));
        Ok((total, documents.collect::<Result<_, tantivy::TantivyError>>()?))
    }

    fn condition(&self, query: &Query, parts: &[Part], all: bool) -> Box<dyn Condition> {
        let mut some = Vec::new();
        let mut clauses: Vec<(Occur, Box<dyn Condition>)> = Vec::new();
        for part in parts {
            if part.is_excluded {
                clauses.push((Occur::MustNot, excluded(&self.fields, part)));
            } else if part.is_optional {
                clauses.push((Occur::Should, wanted(&self.fields, part)));
            } else if all {
                clauses.push((Occur::Must, wanted(&self.fields, part)));
            } else {
                some.push((Occur::Should, wanted(&self.fields, part)));
            }
        }
        if !some.is_empty() {
            clauses.push((Occur::Must, Box::new(BooleanQuery::new(some))));
        }
        let filter = |field, word: &str| -> (Occur, Box<dyn Condition>) {
            (Occur::Must, Box::new(ConstScoreQuery::new(term(field, word, IndexRecordOption::Basic), 0.0)))
        };
        clauses.extend(query.lang.as_ref().map(|lang| filter(self.fields.lang, lang.as_str())));
        clauses.extend(query.kind.map(|kind| filter(self.fields.kind, kind.word())));
        let layer = |layer: Layer| term(self.fields.layer, layer.word(), IndexRecordOption::Basic);
        clauses.extend(query.without.map(|without| (Occur::MustNot, layer(without))));
        Box::new(BooleanQuery::new(clauses))
    }

    fn hit(&self, score: f32, document: &TantivyDocument, asked: &[&Part]) -> Result<Hit, IndexError> {
        let fields = &self.fields;
        let text = |field: Field| document.get_first(field).and_then(|v| v.as_str());
        let needed = |field: Field| text(field).ok_or(IndexError::Damaged(None));
        let (body, translation) = (needed(fields.text)?, text(fields.translation));
        let (matched, highlights) = mark(&self.lexicon, asked, body, translation);
        Ok(Hit {
            item: needed(fields.item)?.parse().map_err(|_| IndexError::Damaged(None))?,
            kind: ItemKind::parse(needed(fields.kind)?).ok_or(IndexError::Damaged(None))?,
            layer: Layer::parse(needed(fields.layer)?).ok_or(IndexError::Damaged(None))?,
            segment: needed(fields.segment)?.to_owned(),
            start_ms: document.get_first(fields.start_ms).and_then(|v| v.as_u64()),
            language: Lang::parse(needed(fields.language)?).ok_or(IndexError::Damaged(None))?,
            text: body.to_owned(),
            translation: translation.map(str::to_owned),
            revision: document.get_first(fields.revision).and_then(|v| v.as_u64()).and_then(|n| n.try_into().ok()),
            score,
            matched,
            highlights,
        })
    }
}

/// Figures for BM25 that count only what is there: deleted passages still lie in the files until parts are merged.
struct Living<'a>(&'a Searcher);

impl Bm25StatisticsProvider for Living<'_> {
    fn total_num_tokens(&self, _: Field) -> tantivy::Result<u64> {
        Ok(self.total_num_docs()? * NORMAL_LENGTH)
    }
    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.0.num_docs())
    }
    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let mut n = 0;
        for segment in self.0.segment_readers() {
            let inverted = segment.inverted_index(term.field())?;
            n += match segment.alive_bitset() {
                None => u64::from(inverted.doc_freq(term)?),
                Some(alive) => match inverted.read_postings(term, IndexRecordOption::Basic)? {
                    Some(mut postings) => {
                        use tantivy::DocSet;
                        let mut living = 0;
                        while postings.doc() != tantivy::TERMINATED {
                            living += u64::from(alive.is_alive(postings.doc()));
                            postings.advance();
                        }
                        living
                    }
                    None => 0,
                },
            };
        }
        Ok(n)
    }
}

fn term(field: Field, key: &str, record: IndexRecordOption) -> Box<dyn Condition> {
    Box::new(TermQuery::new(Term::from_field_text(field, key), record))
}

/// A list of conditions of which the best counts.
#[derive(Default)]
struct Best(Vec<Box<dyn Condition>>);

impl Best {
    fn push(&mut self, boost: f32, condition: Box<dyn Condition>) {
        self.0.push(Box::new(BoostQuery::new(condition, boost)));
    }
    fn term(&mut self, boost: f32, field: Field, key: &str) {
        self.push(boost, term(field, key, IndexRecordOption::WithFreqs));
    }
    fn done(mut self) -> Box<dyn Condition> {
        match self.0.len() {
            1 => self.0.remove(0),
            _ => Box::new(DisjunctionMaxQuery::new(self.0)),
        }
    }
}

fn wanted(fields: &Fields, part: &Part) -> Box<dyn Condition> {
    let mut best = Best::default();
    match part.shape {
        Shape::Word => part.words.iter().for_each(|w| any_form(fields, w, &mut best)),
        Shape::Exact => {
            for word in &part.words {
                best.term(EXACT, fields.exact, &word.token.key);
                best.term(TRANSLATED, fields.translated, &word.token.key);
            }
        }
        Shape::Prefix => {
            for word in &part.words {
                for (boost, field) in [(EXACT, fields.exact), (TRANSLATED, fields.translated)] {
                    // The key is letters and digits only, so it is no pattern itself.
                    if let Ok(beginning) = RegexQuery::from_pattern(&format!("{}.*", word.token.key), field) {
                        best.push(boost, Box::new(ConstScoreQuery::new(Box::new(beginning), 1.0)));
                    }
                }
            }
        }
        Shape::Phrase => {
            best.push(EXACT, phrase(fields.exact, &part.words, |w| vec![w.token.key.clone()]));
            best.push(LEMMA, phrase(fields.lemma, &part.words, lemma_keys));
            best.push(
                TRANSLATED,
                phrase(fields.translated, &part.words, |w| both(&w.token.key, &w.keys).map(str::to_owned).collect()),
            );
        }
        Shape::Together => {
            let all = part.words.iter().map(|w| {
                let mut each = Best::default();
                any_form(fields, w, &mut each);
                (Occur::Must, each.done())
            });
            best.push(1.0, Box::new(BooleanQuery::new(all.collect())));
        }
    }
    for key in &part.aliases {
        best.term(ALIAS, fields.alias, key);
    }
    best.done()
}

fn any_form(fields: &Fields, word: &Word, best: &mut Best) {
    best.term(EXACT, fields.exact, &word.token.key);
    for lemma in lemma_keys(word) {
        best.term(LEMMA, fields.lemma, &lemma);
    }
    for kin in &word.keys.kin {
        best.term(KIN, fields.lemma, kin);
    }
    for head in word.keys.kin.iter().chain(&word.keys.lemmas) {
        best.term(KIN, fields.kin, head);
    }
    if by_sound(word) {
        for sound in &word.keys.sounds {
            best.term(ALIAS, fields.alias, &sound_key(sound));
        }
    }
    for key in both(&word.token.key, &word.keys) {
        best.term(TRANSLATED, fields.translated, key);
    }
}

/// Lemmas of a word, and its stem: a form that no dictionary knows may still be one of it.
fn lemma_keys(word: &Word) -> Vec<String> {
    let mut keys = word.keys.lemmas.clone();
    let stem = stem_key(&word.token.key);
    if !keys.contains(&stem) {
        keys.push(stem);
    }
    keys
}

fn excluded(fields: &Fields, part: &Part) -> Box<dyn Condition> {
    let mut best = Best::default();
    match part.shape {
        Shape::Word | Shape::Together => {
            for word in &part.words {
                best.term(1.0, fields.exact, &word.token.key);
                lemma_keys(word).iter().for_each(|l| best.term(1.0, fields.lemma, l));
            }
        }
        _ => return wanted(fields, part),
    }
    best.done()
}

/// Words side by side, each by any of its keys. The engine knows no alternatives at one place, so combinations are listed:
/// for every three neighbours, all of which must be there.
fn phrase(field: Field, words: &[Word], keys_of: impl Fn(&Word) -> Vec<String>) -> Box<dyn Condition> {
    let keys: Vec<Vec<String>> = words.iter().map(keys_of).collect();
    let windows = keys.windows(keys.len().clamp(1, 3)).map(|window| {
        let mut combinations: Vec<Vec<Term>> = vec![Vec::new()];
        for alternatives in window {
            let longer = combinations.iter().flat_map(|begun| {
                let add = |key: &String| begun.iter().cloned().chain([Term::from_field_text(field, key)]).collect();
                alternatives.iter().map(add).collect::<Vec<Vec<Term>>>()
            });
            combinations = longer.take(MAX_COMBINATIONS).collect();
        }
        let listed = combinations
            .into_iter()
            .map(|terms| -> (Occur, Box<dyn Condition>) { (Occur::Should, Box::new(PhraseQuery::new(terms))) });
        (Occur::Must, Box::new(BooleanQuery::new(listed.collect())) as Box<dyn Condition>)
    });
    Box::new(BooleanQuery::new(windows.collect()))
}
