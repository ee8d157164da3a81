//! Translations by people: what segments mean in another language, as a named person says (R1.11).
//!
//! What somebody writes stands beside translations of machines and of other people and takes the place of none. It is of the words that
//! were there when it was written; where those changed since, that is said. Who writes what stands there already confirms it.

use super::{Layer, pick};
use crate::Result;
use crate::error::CaseError;
use crate::handover::{RecordError, current};
use crate::open::Casework;
use crate::view::{RemarkView, SegmentTranslation, SegmentView, TranscriptView, TranslationView};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::handover::{HumanTranslation, RecordBody, RecordKind, TranslatedLine};
use zapys_domain::revision::{ReadFrom, partners};
use zapys_domain::text::squeezed;
use zapys_domain::transcript::{Flag, Segment, TranscriptForm};
use zapys_domain::{Actor, DerivativeKind, ItemId, Lang, ObjectId, Private, RecordId};
use zapys_dossier::records::Rendered;
use zapys_engines::translate::lost;
use zapys_formats::transcripts;
use zapys_store::RecordRow;

/// What somebody says that segments mean.
#[derive(Clone, Debug)]
pub struct TranslationRequest {
    /// The newest revision as its author saw it; `None`: the machine's words.
    pub over: Option<u32>,
    /// Into.
    pub language: Lang,
    #[allow(missing_docs)]
    pub reason: Option<String>,
    #[allow(missing_docs)]
    pub lines: Vec<Translated>,
}
/// What one segment means. Where it has neither text nor note, its author takes back what they said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translated {
    /// Which.
    pub segment: String,
    #[allow(missing_docs)]
    #[serde(default)]
    pub text: Option<String>,
    /// What is disputed, or cannot be translated.
    #[serde(default)]
    pub note: Option<String>,
}
/// A translation that was written in another program.
#[derive(Clone, Debug)]
pub struct TranslationFile {
    #[allow(missing_docs)]
    pub form: TranscriptForm,
    #[allow(missing_docs)]
    pub bytes: Vec<u8>,
    /// Into.
    pub language: Lang,
    /// What it was made from.
    pub over: Layer,
    /// All of it was gone through: what was left as it is is meant so, too.
    pub whole: bool,
    #[allow(missing_docs)]
    pub reason: Option<String>,
}

/// What somebody says of a segment, and the record that it is in.
type Line<'a> = (&'a Rendered, &'a TranslatedLine);
/// What people say of the segments of a recording.
pub(crate) struct Translators(Vec<Rendered>);

impl Casework {
    /// Translations that people put on record, oldest first, what was taken back included.
    pub async fn translations(&self, item: ItemId) -> Result<Vec<TranslationView>> {
        let rows = self.of_people(item).await?;
        let now: BTreeSet<RecordId> = current(rows.clone()).iter().map(|r| r.id).collect();
        let layers = self.numbered(item).await?;
        let number = |over: RecordId| layers.iter().find(|n| n.row.id == over).map(|n| n.number);
        Ok(translations(&rows).map(|(row, t)| translation_view(row, t, t.over.and_then(number), now.contains(&row.id))).collect())
    }

    /// Puts translations of segments on record. Errors: `StaleRevision` where the words are no longer those that were translated;
    /// `Record` where a segment is none of the recording, or nothing is said.
    pub async fn translate(&self, actor: &Actor, item: ItemId, request: TranslationRequest) -> Result<TranslationView> {
        let all = self.numbered(item).await?;
        let newest = pick(&all, Layer::Latest)?.map(|n| n.number);
        if newest != request.over {
            return Err(CaseError::StaleRevision { newest });
        }
        self.put_translation(actor, item, Layer::Latest, request, None).await
    }

    /// Puts a translation that was written in another program on record: where the form has a place for translations (ELAN, tables,
    /// JSON) those of that language, else what stands in place of the words. Errors: `Format` where the file cannot be read; `Record`
    /// where it has stretches that are none of the recording's, or nothing new.
    pub async fn read_translation(&self, actor: &Actor, item: ItemId, file: TranslationFile) -> Result<TranslationView> {
        let TranslationFile { form, bytes, language, over, whole, reason } = file;
        let all = self.numbered(item).await?;
        let (_, _, words) = self.text_of(item, &all, over).await?;
        let speakers: Vec<String> = words.speakers.iter().map(|s| s.id.clone()).collect();
        let said = transcripts::read(form, &bytes, &speakers)?;
        let shown = self.transcript_at(item, over).await?;
        let there: BTreeMap<&str, &str> = shown
            .segments
            .iter()
            .filter_map(|s| Some((s.segment.id.as_str(), s.translations.get(language.as_str())?.text.as_str())))
            .collect();
        let apart = said.iter().any(|s| s.translations.contains_key(language.as_str()));
        let partners = partners(&words, &said, transcripts::within_ms(form));
        let mut lines = Vec::new();
        for (s, partner) in said.iter().zip(partners) {
            let text = if apart { s.translations.get(language.as_str()).map_or("", |t| t.trim()) } else { s.text.trim() };
            let Some(place) = partner else {
                if text.is_empty() {
                    continue;
                }
                return Err(RecordError::Translation("a stretch of the file is no segment of the recording").into());
            };
            let old = &words.segments[place];
            let as_spoken = !apart && squeezed(text) == squeezed(&old.text);
            let unchanged = !whole && there.get(old.id.as_str()).is_some_and(|t| squeezed(t) == squeezed(text));
            if !text.is_empty() && !as_spoken && !unchanged {
                lines.push(Translated { segment: old.id.clone(), text: Some(text.to_owned()), note: None });
            }
        }
        if lines.is_empty() {
            return Err(RecordError::Translation("the file says what is there already").into());
        }
        let read_from = ReadFrom { form: form.word().into(), digest: ObjectId::of(&bytes) };
        let request = TranslationRequest { over: None, language, reason, lines };
        self.put_translation(actor, item, over, request, Some(read_from)).await
    }

    async fn put_translation(
        &self,
        actor: &Actor,
        item: ItemId,
        over: Layer,
        request: TranslationRequest,
        read_from: Option<ReadFrom>,
    ) -> Result<TranslationView> {
        let all = self.numbered(item).await?;
        let (base, over, words) = self.text_of(item, &all, over).await?;
        let of: BTreeMap<&str, &str> = words.segments.iter().map(|s| (s.id.as_str(), s.text.as_str())).collect();
        let text = |t: Option<String>| t.as_deref().map(squeezed).filter(|t| !t.is_empty()).map(Private::new);
        let mut lines = Vec::new();
        for l in request.lines {
            let spoken = of.get(l.segment.as_str()).ok_or(RecordError::Translation("a segment is none of the recording"))?;
            let of = Private::new((*spoken).to_owned());
            lines.push(TranslatedLine { of, text: text(l.text), note: text(l.note), segment: l.segment });
        }
        if lines.is_empty() {
            return Err(RecordError::Translation("it says nothing").into());
        }
        let reason = request.reason.filter(|r| !r.trim().is_empty()).map(Private::new);
        let body = HumanTranslation { base, over, language: request.language, reason, read_from, lines };
        let record = self.put_about(actor, item, RecordBody::Translation(body)).await?;
        let mut all = self.translations(item).await?;
        let place = all.iter().position(|v| v.record == record).ok_or(CaseError::Inconsistent { what: "a record" })?;
        Ok(all.swap_remove(place))
    }

    /// A translation is of words of this recording, as they stand in a transcript or revision of it.
    pub(crate) async fn check_translation(&self, item: ItemId, body: &HumanTranslation) -> Result<()> {
        let refuse = |why| Err(CaseError::from(RecordError::Translation(why)));
        let all = self.numbered(item).await?;
        let words = match body.over {
            Some(over) => match all.iter().find(|n| n.row.id == over) {
                Some(n) if n.revision.base == body.base => self.below(item, &all, n).await?,
                _ => return refuse("the revision that was translated is none of this transcript"),
            },
            None => self.base(item, body.base).await?.0,
        };
        body.amiss(&words).map_or(Ok(()), refuse)
    }

    async fn of_people(&self, item: ItemId) -> Result<Vec<RecordRow>> {
        self.row(item).await?;
        Ok(self.store.records(item).await?.into_iter().filter(|r| r.kind == RecordKind::Translation).collect())
    }

    /// What people say that the segments mean; `None` where nobody says anything.
    pub(crate) async fn translators(&self, item: ItemId) -> Result<Option<Translators>> {
        let all = self.rendered_by_people(item, u64::MAX).await?;
        Ok(if all.is_empty() { None } else { Some(Translators(all)) })
    }

    /// Puts what people say that segments mean beside them.
    pub(super) async fn beside(&self, view: &mut TranscriptView, layer: Layer) -> Result<()> {
        let Some(said) = self.translators(view.item).await? else { return Ok(()) };
        let all = self.numbered(view.item).await?;
        let base = match pick(&all, layer)? {
            Some(top) => Some(top.revision.base),
            None => self.store.derivative(view.item, DerivativeKind::Transcript).await?.and_then(|d| d.output),
        };
        let said = said.by_segment();
        for s in &mut view.segments {
            if let Some(about) = said.get(s.segment.id.as_str()) {
                Translators::lay(about, base, s);
            }
        }
        Ok(())
    }

    /// The language into which people translated, or confirmed, every segment that has words, as the words stand now; `None` where there
    /// is none. What is spoken in that language needs none. Nothing is opened where nobody says anything.
    pub(crate) async fn translated_by_people(&self, item: ItemId) -> Result<Option<String>> {
        let Some(said) = self.translators(item).await? else { return Ok(None) };
        let all = self.numbered(item).await?;
        let (_, _, words) = self.text_of(item, &all, Layer::Latest).await?;
        let silent = |s: &&Segment| s.flags.contains(&Flag::NoSpeech) || s.text.trim().is_empty();
        let primary = |l: &Lang| l.as_str().split('-').next().unwrap_or_default().to_owned();
        let spoken: Vec<&Segment> = words.segments.iter().filter(|s| !silent(s)).collect();
        let lines = Rendered::lines(&said.0);
        let covers = |language: &&Lang| {
            let of = |s: &&Segment| {
                let fits = |(r, l): &(&Rendered, &TranslatedLine)| {
                    r.translation.language == **language && l.segment == s.id && l.text.is_some() && *l.of.reveal() == s.text
                };
                lines.iter().any(fits)
            };
            !spoken.is_empty() && spoken.iter().all(|s| primary(&s.language) == primary(language) || of(s))
        };
        let languages: BTreeSet<&Lang> = lines.iter().map(|(r, _)| &r.translation.language).collect();
        Ok(languages.into_iter().find(covers).map(Lang::to_string))
    }

    /// What a production of the case before entry `upto` tells of them: those that hold.
    pub(crate) async fn rendered_by_people(&self, item: ItemId, upto: u64) -> Result<Vec<Rendered>> {
        let rows = current(self.of_people(item).await?);
        let told = translations(&rows).filter(|(row, _)| row.entry.0 < upto);
        let told = told.map(|(row, t)| Rendered { record: row.id, by: row.actor.clone(), at: row.at, translation: t.clone() });
        Ok(told.collect())
    }
}

impl Translators {
    /// What each person says now, by segment, oldest first.
    pub fn by_segment(&self) -> BTreeMap<&str, Vec<Line<'_>>> {
        let mut by_segment: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
        for line in Rendered::lines(&self.0) {
            by_segment.entry(line.1.segment.as_str()).or_default().push(line);
        }
        by_segment
    }

    /// Puts what people say beside what machines say: the newest of theirs first, then what they confirmed, then the rest; what is of
    /// other words last, with those words.
    fn lay(about: &[Line<'_>], base: Option<ObjectId>, view: &mut SegmentView) {
        let languages: BTreeSet<&str> = about.iter().map(|(r, _)| r.translation.language.as_str()).collect();
        for language in languages {
            let mut all: Vec<SegmentTranslation> = Vec::new();
            if let Some(mut first) = view.translations.remove(language) {
                let beside = std::mem::take(&mut first.beside);
                all.extend(std::iter::once(first).chain(beside));
            }
            for (r, l) in about.iter().filter(|(r, _)| r.translation.language.as_str() == language) {
                let (of, by) = (l.of.reveal(), r.by.id.clone());
                let other_words = *of != view.segment.text;
                if other_words && Some(r.translation.base) != base {
                    continue;
                }
                if let Some(note) = &l.note {
                    let (time, text) = (r.at.to_string(), note.reveal().clone());
                    view.remarks.push(RemarkView { language: language.into(), by: by.clone(), time, text });
                }
                let Some(text) = l.text.as_ref().map(|t| t.reveal().clone()) else { continue };
                if let Some(same) = all.iter_mut().find(|t| !other_words && t.of.is_none() && squeezed(&t.text) == text) {
                    same.reviewed = true;
                    same.reviewed_by.push(by);
                    continue;
                }
                let lost = if other_words || language != "en" { Vec::new() } else { lost(of, &text) };
                let theirs = SegmentTranslation {
                    text,
                    engine: by.clone(),
                    by: Some(by),
                    time: Some(r.at.to_string()),
                    reviewed: true,
                    reviewed_by: Vec::new(),
                    of: other_words.then(|| of.clone()),
                    confidence: 0.0,
                    lost,
                    beside: Vec::new(),
                };
                all.insert(0, theirs);
            }
            all.sort_by_key(|t| (t.of.is_some(), !t.reviewed, t.by.is_none()));
            let mut all = all.into_iter();
            if let Some(mut first) = all.next() {
                first.beside = all.collect();
                view.translations.insert(language.into(), first);
            }
        }
    }
}

/// The newest of these that says what these words mean, and who says so.
pub(crate) fn newest<'a>(about: &[Line<'a>], words: &str) -> Option<(&'a str, &'a str)> {
    let fits = about.iter().rev().filter(|(_, l)| l.of.reveal() == words);
    fits.into_iter().find_map(|(r, l)| Some((r.by.id.as_str(), l.text.as_ref()?.reveal().as_str())))
}

/// Records with what they say.
fn translations(rows: &[RecordRow]) -> impl Iterator<Item = (&RecordRow, &HumanTranslation)> {
    rows.iter().filter_map(|row| match &row.body {
        Some(RecordBody::Translation(t)) => Some((row, t)),
        _ => None,
    })
}

fn translation_view(row: &RecordRow, t: &HumanTranslation, over: Option<u32>, current: bool) -> TranslationView {
    let count = |which: &dyn Fn(&TranslatedLine) -> bool| t.lines.iter().filter(|l| which(l)).count();
    TranslationView {
        record: row.id.to_string(),
        item: row.item,
        by: row.actor.id.clone(),
        time: row.at.to_string(),
        language: t.language.to_string(),
        over,
        translated: count(&|l| l.text.is_some()),
        remarked: count(&|l| l.note.is_some()),
        withdrawn: count(&|l| l.text.is_none() && l.note.is_none()),
        reason: t.reason.as_ref().map(|r| r.reveal().clone()),
        form: t.read_from.as_ref().map(|f| f.form.clone()),
        current,
    }
}
