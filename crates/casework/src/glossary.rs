//! The glossary of a case: what people say its slang, call-signs and ciphers mean (R1.40).
//!
//! A term is a record like any other. Where one of its words stands in a transcript, a gloss says so beside the words; it is found by
//! rule, in any grammatical form, and does not claim that the word is meant so there. The words themselves are never touched.

use crate::Result;
use crate::error::CaseError;
use crate::find::lexicon;
use crate::handover::{RecordError, current};
use crate::open::Casework;
use crate::view::{GlossView, TermView, TranscriptView};
use std::collections::BTreeSet;
use zapys_domain::handover::{RecordBody, RecordKind, Term};
use zapys_domain::media::Document;
use zapys_domain::transcript::Transcript;
use zapys_domain::{DerivativeKind, ItemId, ObjectId, Private, RecordId};
use zapys_dossier::records::TermEntry;
use zapys_engines::translate::TermRendering;
use zapys_search::{Lexicon, Phrases};
use zapys_store::RecordRow;

/// Terms that hold, ready to be looked for in texts.
pub(crate) struct Glossary {
    terms: Vec<(RecordRow, Term)>,
    phrases: Phrases,
}

impl Casework {
    /// The terms that hold, in order of their words.
    pub async fn terms(&self) -> Result<Vec<TermView>> {
        let mut terms: Vec<TermView> = self.terms_on_record().await?.iter().map(|(row, term)| term_view(row, term)).collect();
        terms.sort_by_cached_key(|t| t.term.to_lowercase());
        Ok(terms)
    }

    /// The term that a word, an id or the beginning of one names. Errors: `Record` where none or several do.
    pub async fn term(&self, text: &str) -> Result<TermView> {
        let (text, mut terms) = (text.trim().to_lowercase(), self.terms().await?);
        if text.is_empty() {
            return Err(RecordError::NoSuchRecord.into());
        }
        let said = |t: &TermView| std::iter::once(&t.term).chain(&t.also).any(|w| w.to_lowercase() == text);
        let by_id = |t: &TermView| t.record.to_lowercase().starts_with(&text);
        let is_meant = |t: &TermView| said(t) || by_id(t);
        match terms.iter().filter(|t| is_meant(t)).count() {
            0 => Err(RecordError::NoSuchRecord.into()),
            1 => Ok(terms.swap_remove(terms.iter().position(is_meant).unwrap_or_default())),
            _ => Err(RecordError::AmbiguousRecord.into()),
        }
    }

    async fn terms_on_record(&self) -> Result<Vec<(RecordRow, Term)>> {
        Ok(in_force(self.store.records_of_kind(RecordKind::Term).await?))
    }

    /// The glossary; `None` where nobody has put a term on record.
    pub(crate) async fn glossary(&self) -> Result<Option<Glossary>> {
        let terms = self.terms_on_record().await?;
        Ok(if terms.is_empty() { None } else { Some(Glossary::new(&self.lexicon()?, terms)) })
    }

    /// What a production of these items before entry `upto` tells of the glossary: terms that stand in their transcripts, of the
    /// machine or as people mended them; of the others nothing.
    pub(crate) async fn terms_in(&self, items: &BTreeSet<ItemId>, upto: u64) -> Result<Vec<TermEntry>> {
        let mut rows = self.store.records_of_kind(RecordKind::Term).await?;
        rows.retain(|r| r.entry.0 < upto);
        let terms = in_force(rows);
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let glossary = Glossary::new(&self.lexicon()?, terms);
        let mut met = BTreeSet::new();
        for item in items {
            let machine = match self.typed::<Document<Transcript>>(*item, DerivativeKind::Transcript).await {
                Ok((machine, _)) => machine.value,
                Err(CaseError::NothingRead { .. } | CaseError::Disposed) => continue,
                Err(e) => return Err(e),
            };
            let mended = self.mended(*item).await?.map(|m| m.words);
            let segments = std::iter::once(machine).chain(mended).flat_map(|t| t.segments);
            met.extend(segments.flat_map(|s| glossary.phrases.find(&s.text)).map(|f| f.group));
        }
        let entry = |(row, term): &(RecordRow, Term)| TermEntry {
            term: term.term.clone(),
            sort: term.sort.word().into(),
            meaning: term.meaning.clone(),
            also: term.also.clone(),
            rendering: term.rendering.clone(),
            basis: term.basis.clone(),
            by: row.actor.clone(),
            at: row.at,
        };
        Ok(met.into_iter().map(|i| entry(&glossary.terms[i])).collect())
    }

    /// Terms that are to be rendered in some way, or once were; `None` where there is none.
    pub(crate) async fn renderings(&self) -> Result<Option<Renderings>> {
        let chains = chains(self.store.records_of_kind(RecordKind::Term).await?);
        if chains.is_empty() {
            return Ok(None);
        }
        let phrases = Phrases::new(&self.lexicon()?, chains.iter().map(|c| c.words.clone()));
        Ok(Some(Renderings { chains, phrases }))
    }

    /// Those of them that stand in a transcript.
    pub(crate) async fn rendered(&self, all: Option<&Renderings>, words: Option<ObjectId>) -> Result<Vec<TermRendering>> {
        let (Some(all), Some(words)) = (all, words) else { return Ok(Vec::new()) };
        let bytes = self.read_object(words).await?;
        let transcript: Document<Transcript> =
            serde_json::from_slice(&bytes).map_err(|_| CaseError::Inconsistent { what: "a derivative" })?;
        Ok(all.in_transcript(&transcript.value))
    }

    /// The dictionaries, read once.
    pub(crate) fn lexicon(&self) -> Result<Lexicon> {
        if let Some(known) = self.finder.lexicon.get() {
            return Ok(known.clone());
        }
        let read = lexicon()?;
        Ok(self.finder.lexicon.get_or_init(|| read).clone())
    }

    /// Puts glosses beside the words of a transcript.
    pub(crate) async fn gloss(&self, view: &mut TranscriptView) -> Result<()> {
        let Some(glossary) = self.glossary().await? else { return Ok(()) };
        let mut met = BTreeSet::new();
        for s in &mut view.segments {
            s.glosses = glossary.in_text(&s.segment.text);
            met.extend(s.glosses.iter().map(|g| g.term.clone()));
        }
        let found = glossary.terms.iter().map(|(row, term)| term_view(row, term)).filter(|t| met.contains(&t.record));
        view.glossary = found.collect();
        Ok(())
    }
}

impl Glossary {
    fn new(lexicon: &Lexicon, terms: Vec<(RecordRow, Term)>) -> Self {
        let phrases = Phrases::new(lexicon, terms.iter().map(|(_, t)| t.words().map(str::to_owned).collect()));
        Self { terms, phrases }
    }

    /// Where its terms stand in a text.
    pub fn in_text(&self, text: &str) -> Vec<GlossView> {
        let found = self.phrases.find(text).into_iter();
        found.map(|f| GlossView { term: self.terms[f.group].0.id.to_string(), start: f.start, end: f.end }).collect()
    }
}

/// Terms that nobody corrected or took back.
fn in_force(rows: Vec<RecordRow>) -> Vec<(RecordRow, Term)> {
    let of = |row: RecordRow| match row.body.clone() {
        Some(RecordBody::Term(term)) => Some((row, term)),
        _ => None,
    };
    current(rows).into_iter().filter_map(of).collect()
}

/// Terms with a rendering, each with its corrections.
pub(crate) struct Renderings {
    chains: Vec<Chain>,
    phrases: Phrases,
}
/// A term and what became of it.
struct Chain {
    /// The newest record about it.
    newest: RecordId,
    /// Its words, the earlier ones too.
    words: Vec<String>,
    /// Base form and rendering, where they hold.
    now: Option<(String, String)>,
}
impl Renderings {
    /// In order of their records. What was taken back stands there too, by its record alone, so that a translation made with it is
    /// made anew.
    fn in_transcript(&self, transcript: &Transcript) -> Vec<TermRendering> {
        let found = transcript.segments.iter().flat_map(|s| self.phrases.find(&s.text)).map(|f| f.group);
        let met: BTreeSet<usize> = found.collect();
        let rendering = |c: &Chain| TermRendering {
            record: c.newest.to_string(),
            term: c.now.as_ref().map(|(term, _)| term.clone()),
            rendering: c.now.as_ref().map(|(_, rendering)| rendering.clone()),
        };
        met.into_iter().map(|i| rendering(&self.chains[i])).collect()
    }
}

/// Records of terms, oldest first, as chains of corrections; those that never had a rendering are left out.
fn chains(rows: Vec<RecordRow>) -> Vec<Chain> {
    let mut all: Vec<(Chain, bool)> = Vec::new();
    for row in rows {
        let body = match &row.body {
            Some(RecordBody::Term(term)) => Some(term),
            _ => None,
        };
        let rendering = body.and_then(|t| t.rendering.as_ref()).map(|r| r.reveal().clone());
        let known = all.iter().position(|(c, _)| row.corrects == Some(c.newest));
        let place = known.unwrap_or_else(|| {
            all.push((Chain { newest: row.id, words: Vec::new(), now: None }, false));
            all.len() - 1
        });
        let (chain, was_rendered) = &mut all[place];
        *was_rendered |= rendering.is_some();
        chain.newest = row.id;
        chain.words.extend(body.iter().flat_map(|t| t.words()).map(str::to_owned));
        chain.now = body.zip(rendering).map(|(t, r)| (t.term.reveal().clone(), r));
    }
    all.into_iter().filter(|(_, was_rendered)| *was_rendered).map(|(chain, _)| chain).collect()
}

fn term_view(row: &RecordRow, term: &Term) -> TermView {
    let text = |t: &Private<String>| t.reveal().clone();
    TermView {
        record: row.id.to_string(),
        term: text(&term.term),
        sort: term.sort.word().into(),
        meaning: text(&term.meaning),
        also: term.also.iter().map(text).collect(),
        rendering: term.rendering.as_ref().map(text),
        basis: term.basis.as_ref().map(text),
        by: row.actor.id.clone(),
        time: row.at.to_string(),
    }
}
