//! Review: what people make of machine transcripts. Every change is a layer with author, time and reason; the machine's words
//! stay, and any layer can be read back by its number.
//!
//! A layer comes in as a file from a program that people write transcripts in. What the file changes is found by comparing it
//! with the layer it was made from, so that what its form cannot hold (times of words, doubts, languages) is not lost.

mod listen;
mod translations;

pub use listen::Heard;
pub(crate) use listen::WORDS;
pub use translations::{Translated, TranslationFile, TranslationRequest};
pub(crate) use translations::{Translators, newest as newest_translation};

use crate::Result;
use crate::error::CaseError;
use crate::handover::{RecordError, RecordRequest, current};
use crate::open::Casework;
use crate::show::engine_view;
use crate::view::{LayerView, SegmentView, TranscriptView};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::handover::{RecordBody, RecordKind};
use zapys_domain::media::Document;
use zapys_domain::revision::{Change, Manner, Mended, ReadFrom, Revision, Said, changes, newest};
use zapys_domain::transcript::{Segment, Transcript, TranscriptForm, speaker_id};
use zapys_domain::{Actor, DerivativeKind, ItemId, ObjectId, Private, RecordId};
use zapys_dossier::records::Version;
use zapys_formats::transcripts;
use zapys_store::{DerivationRow, RecordRow};

/// Which text of a recording is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The machine's own words.
    Machine,
    /// The revision that is shown ([`newest`]); the machine's words where there is none.
    Latest,
    /// The revision of that number, counted from 1 in the order in which they were put on record.
    Number(u32),
}
impl Layer {
    /// `machine`, `latest` or a number from 1 on.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "machine" => Some(Self::Machine),
            "latest" => Some(Self::Latest),
            _ => text.parse().ok().filter(|n| *n > 0).map(Self::Number),
        }
    }
}

/// A text that somebody wrote or mended.
#[derive(Clone, Debug)]
pub struct ReviewRequest {
    #[allow(missing_docs)]
    pub form: TranscriptForm,
    /// The file.
    pub bytes: Vec<u8>,
    #[allow(missing_docs)]
    pub manner: Manner,
    /// What it was made from.
    pub over: Layer,
    /// The whole recording was gone through.
    pub whole: bool,
    #[allow(missing_docs)]
    pub reason: Option<String>,
}

/// Changes to the text that is shown, segment by segment.
#[derive(Clone, Debug)]
pub struct RevisionRequest {
    /// The newest revision as its author saw it; `None`: the machine's words.
    pub over: Option<u32>,
    #[allow(missing_docs)]
    pub manner: Manner,
    /// The whole recording was gone through.
    pub whole: bool,
    #[allow(missing_docs)]
    pub reason: Option<String>,
    /// A change that changes nothing says that the segment was heard and is so.
    pub changes: Vec<Change>,
}

/// Whose voice segments are said to be.
#[derive(Clone, Debug)]
pub struct VoiceChange {
    /// Speaker whose segments are meant.
    pub from: String,
    /// Speaker they are given to; `None` for one more than is known.
    pub to: Option<String>,
    /// Only segments that begin between these, in milliseconds.
    pub between_ms: Option<(u64, u64)>,
    #[allow(missing_docs)]
    pub reason: Option<String>,
}

/// One segment that two texts have differently.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct DifferenceView {
    pub segment: String,
    pub start_ms: u64,
    pub end_ms: u64,
    /// `null`: nothing is said there.
    pub a: Option<String>,
    pub b: Option<String>,
    pub speaker_a: Option<String>,
    pub speaker_b: Option<String>,
}

/// A revision with its number.
struct Numbered {
    number: u32,
    row: RecordRow,
    revision: Revision,
    current: bool,
}

impl Casework {
    /// What people made of the transcript of a recording, oldest first, what was taken back included.
    pub async fn revisions(&self, item: ItemId) -> Result<Vec<LayerView>> {
        let all = self.numbered(item).await?;
        Ok(all.iter().map(|n| layer_view(n, &all)).collect())
    }

    async fn numbered(&self, item: ItemId) -> Result<Vec<Numbered>> {
        self.row(item).await?;
        let rows: Vec<RecordRow> =
            self.store.records(item).await?.into_iter().filter(|r| r.kind == RecordKind::Revision).collect();
        let now: BTreeSet<RecordId> = current(rows.clone()).iter().map(|r| r.id).collect();
        let mut all = Vec::new();
        for row in rows {
            let Some(RecordBody::Revision(revision)) = row.body.clone() else { continue };
            let number = u32::try_from(all.len()).unwrap_or(u32::MAX).saturating_add(1);
            all.push(Numbered { number, current: now.contains(&row.id), row, revision });
        }
        Ok(all)
    }

    /// The words of a recording as that layer has them, with translations beside what the machine heard, and what the case's glossary
    /// says of them.
    /// Errors: `NoSuchRevision`, and those of [`Casework::transcript`].
    pub async fn transcript_at(&self, item: ItemId, layer: Layer) -> Result<TranscriptView> {
        let mut view = self.words_at(item, layer).await?;
        self.beside(&mut view, layer).await?;
        self.gloss(&mut view).await?;
        Ok(view)
    }

    /// The same without the glossary.
    async fn words_at(&self, item: ItemId, layer: Layer) -> Result<TranscriptView> {
        let all = self.numbered(item).await?;
        let Some(top) = pick(&all, layer)? else { return self.transcript(item).await };
        let (machine, derivation) = self.base(item, top.revision.base).await?;
        let parameters = machine.parameters.clone();
        let Mended { words: now, by } = Mended::of(machine, numbers(&chain(&all, top)?));
        // A translation is of the words that the machine heard; where those changed, it is of other words.
        let newest = if self.is_newest(item, &derivation).await { Some(self.transcript(item).await?) } else { None };
        let mut beside: BTreeMap<String, SegmentView> =
            newest.into_iter().flat_map(|t| t.segments).map(|s| (s.segment.id.clone(), s)).collect();
        let segments = now.segments.into_iter().map(|segment| {
            let beside = beside.remove(&segment.id).filter(|b| b.segment.text == segment.text);
            let revision = by.get(&segment.id).copied();
            // Whoever mended or confirmed the words decided between the two hearings; the doubts about the machine's go with them.
            let flags = beside.as_ref().filter(|_| revision.is_none()).map(|b| b.segment.flags.clone());
            let segment = Segment { flags: flags.unwrap_or_else(|| segment.flags.clone()), ..segment };
            let (translations, second) = beside.map(|b| (b.translations, b.second)).unwrap_or_default();
            SegmentView { translations, second: second.filter(|_| revision.is_none()), revision, ..SegmentView::of(segment) }
        });
        let mut engine = engine_view(&derivation);
        engine.parameters = parameters;
        Ok(TranscriptView {
            item,
            language: now.language.to_string(),
            duration_ms: now.duration_ms,
            reviewed: top.revision.whole,
            engine,
            speakers: now.speakers,
            segments: segments.collect(),
            revision: Some(layer_view(top, &all)),
            blind: None,
            glossary: Vec::new(),
        })
    }

    /// Puts a text that somebody wrote or mended on record, as a layer. Errors: `Format` where the file cannot be read,
    /// `Record` where it changes nothing or does not hold.
    pub async fn review(&self, actor: &Actor, item: ItemId, request: ReviewRequest) -> Result<LayerView> {
        let all = self.numbered(item).await?;
        let (base, over, below) = self.text_of(item, &all, request.over).await?;
        let speakers: Vec<String> = below.speakers.iter().map(|s| s.id.clone()).collect();
        let said = transcripts::read(request.form, &request.bytes, &speakers)?;
        let found = changes(&below, &said, transcripts::within_ms(request.form));
        if found.is_empty() && !request.whole {
            return Err(RecordError::Revision("the file says what is there already").into());
        }
        let revision = Revision {
            base,
            over,
            manner: request.manner,
            whole: request.whole,
            unseen: request.manner == Manner::Listening && !self.has_seen(actor, item).await?,
            reason: request.reason.filter(|r| !r.trim().is_empty()).map(Private::new),
            read_from: Some(ReadFrom { form: request.form.word().into(), digest: ObjectId::of(&request.bytes) }),
            changes: found,
        };
        self.put_revision(actor, item, revision).await
    }

    /// Puts changes to the newest text on record. Errors: `StaleRevision` where that is no longer the one they were made to;
    /// `Record` where they do not hold.
    pub async fn revise(&self, actor: &Actor, item: ItemId, request: RevisionRequest) -> Result<LayerView> {
        let _alone = self.revising.lock().await;
        let all = self.numbered(item).await?;
        let newest = pick(&all, Layer::Latest)?.map(|n| n.number);
        if newest != request.over {
            return Err(CaseError::StaleRevision { newest });
        }
        if request.changes.is_empty() && !request.whole {
            return Err(RecordError::Revision("it changes nothing").into());
        }
        let (base, over, _) = self.text_of(item, &all, Layer::Latest).await?;
        let revision = Revision {
            base,
            over,
            manner: request.manner,
            whole: request.whole,
            unseen: false,
            reason: request.reason.filter(|r| !r.trim().is_empty()).map(Private::new),
            read_from: None,
            changes: request.changes,
        };
        self.put_revision(actor, item, revision).await
    }

    /// Gives the segments of one voice, all or those of a stretch, to another: two voices become one, or one becomes two. The words stay
    /// whose they were. Errors: `Record` where there is no such voice or stretch, or the other is no name of a voice.
    pub async fn give_voice(&self, actor: &Actor, item: ItemId, change: VoiceChange) -> Result<LayerView> {
        let now = self.words_at(item, Layer::Latest).await?;
        let known: BTreeSet<&str> = now.speakers.iter().map(|s| s.id.as_str()).collect();
        let VoiceChange { from, to, between_ms, reason } = change;
        let refuse = |why| Err(CaseError::from(RecordError::Revision(why)));
        let to = match to {
            Some(to) if to == from => return refuse("both are one voice already"),
            Some(to) if is_voice(&to) => to,
            Some(_) => return refuse("a voice is named by a letter, or by S and a number"),
            None => (0..).map(speaker_id).find(|id| !known.contains(id.as_str())).unwrap_or_default(),
        };
        let within = |ms: u64| between_ms.is_none_or(|(a, b)| (a..b).contains(&ms));
        let meant = now.segments.iter().map(|s| &s.segment).filter(|s| s.speaker.as_deref() == Some(&from) && within(s.start_ms));
        let changes: Vec<Change> = meant.map(|s| Change::voice(s.id.clone(), to.clone())).collect();
        if changes.is_empty() {
            return refuse("nothing there is of that voice");
        }
        let over = now.revision.map(|r| r.number);
        self.revise(actor, item, RevisionRequest { over, manner: Manner::Correction, whole: false, reason, changes }).await
    }

    async fn put_revision(&self, actor: &Actor, item: ItemId, revision: Revision) -> Result<LayerView> {
        let record = self.put_about(actor, item, RecordBody::Revision(revision)).await?;
        let mut all = self.revisions(item).await?;
        let place = all.iter().position(|v| v.record == record).ok_or(CaseError::Inconsistent { what: "a record" })?;
        Ok(all.swap_remove(place))
    }

    /// Puts what somebody says of one recording on record. Returns the record.
    async fn put_about(&self, actor: &Actor, item: ItemId, body: RecordBody) -> Result<String> {
        let put = RecordRequest { kind: body.kind(), items: vec![item], body: Some(body), corrects: None, because: None };
        Ok(self.put_on_record(actor, put).await?.remove(0).record)
    }

    /// A layer rests on a transcript of this recording and on layers of it, and holds over them.
    pub(crate) async fn check_revision(&self, item: ItemId, revision: &Revision) -> Result<()> {
        let refuse = |why| Err(CaseError::from(RecordError::Revision(why)));
        let all = self.numbered(item).await?;
        let below = match revision.over {
            Some(over) => match all.iter().find(|n| n.row.id == over) {
                Some(n) if n.revision.base == revision.base => self.below(item, &all, n).await?,
                Some(_) => return refuse("it lies on another transcript than the revision below it"),
                None => return refuse("the revision below it is none of this recording"),
            },
            None => self.base(item, revision.base).await?.0,
        };
        match revision.amiss(&below) {
            Some(why) => refuse(why),
            None => Ok(()),
        }
    }

    /// Where two texts of a recording differ, in order of time.
    pub async fn compare(&self, item: ItemId, a: Layer, b: Layer) -> Result<Vec<DifferenceView>> {
        let all = self.numbered(item).await?;
        let (_, _, a) = self.text_of(item, &all, a).await?;
        let (_, _, b) = self.text_of(item, &all, b).await?;
        let said = |s: &zapys_domain::transcript::Segment| Said {
            // Two independent texts number their own segments alike by chance; the machine's are the same in both.
            id: (!s.id.starts_with('h')).then(|| s.id.clone()),
            start_ms: s.start_ms,
            end_ms: Some(s.end_ms),
            speaker: s.speaker.clone(),
            language: Some(s.language.clone()),
            text: s.text.clone(),
            ..Said::default()
        };
        let found = changes(&a, &b.segments.iter().map(said).collect::<Vec<_>>(), 1);
        let differ = found.into_iter().map(|c| {
            let old = a.segments.iter().find(|s| s.id == c.segment);
            let text = old.map(|s| s.text.clone());
            let speaker = old.and_then(|s| s.speaker.clone());
            DifferenceView {
                start_ms: old.map(|s| s.start_ms).or(c.start_ms).unwrap_or_default(),
                end_ms: old.map(|s| s.end_ms).or(c.end_ms).unwrap_or_default(),
                b: if c.removed { None } else { c.text.map(Private::into_inner).or_else(|| text.clone()) },
                speaker_b: if c.removed { None } else { c.speaker.or_else(|| speaker.clone()) },
                a: text,
                speaker_a: speaker,
                segment: c.segment,
            }
        });
        let mut all: Vec<DifferenceView> = differ.collect();
        all.sort_by_key(|d| d.start_ms);
        Ok(all)
    }

    /// What a production of the case before entry `upto` tells of revisions: those that were not taken back or that were translated, and
    /// what lies below them.
    pub(crate) async fn versions(&self, item: ItemId, upto: u64, translated: &[RecordId]) -> Result<Vec<Version>> {
        let all = self.numbered(item).await?;
        let mut told = BTreeSet::new();
        let holds = |n: &&Numbered| (n.current || translated.contains(&n.row.id)) && n.row.entry.0 < upto;
        for top in all.iter().filter(holds) {
            told.extend(chain(&all, top)?.iter().map(|n| n.number));
        }
        let told = all.iter().filter(|n| told.contains(&n.number));
        Ok(told
            .map(|n| Version {
                number: n.number,
                record: n.row.id,
                by: n.row.actor.clone(),
                at: n.row.at,
                withdrawn: !n.current,
                revision: n.revision.clone(),
            })
            .collect())
    }

    /// The newest text of a recording, where anybody mended what the machine wrote.
    pub(crate) async fn mended(&self, item: ItemId) -> Result<Option<Mended>> {
        let all = self.numbered(item).await?;
        let Some(top) = pick(&all, Layer::Latest)? else { return Ok(None) };
        let (machine, _) = self.base(item, top.revision.base).await?;
        Ok(Some(Mended::of(machine, numbers(&chain(&all, top)?))))
    }

    /// Segments of the newest machine transcripts of the case that people answer for: they wrote, confirmed or took them away, or went
    /// through the whole. Told from the records alone; no transcript is opened.
    pub(crate) async fn segments_answered_for(&self) -> Result<u64> {
        let revised = self.store.records_of_kind(RecordKind::Revision).await?;
        let items: BTreeSet<ItemId> = revised.iter().filter_map(|r| r.item).collect();
        drop(revised);
        let mut sum = 0;
        for item in items {
            let all = self.numbered(item).await?;
            let Some(top) = pick(&all, Layer::Latest)? else { continue };
            let newest = self.store.derivative(item, DerivativeKind::Transcript).await?;
            if newest.and_then(|d| d.output) != Some(top.revision.base) {
                continue;
            }
            let there = self.row(item).await?.facts.n_segments.unwrap_or(0);
            let layers = chain(&all, top)?;
            let changes = layers.iter().flat_map(|n| &n.revision.changes).filter(|c| !c.only_voice());
            // Those that people added are none of the machine's.
            let answered: BTreeSet<&str> = changes.map(|c| c.segment.as_str()).filter(|id| !id.starts_with('h')).collect();
            sum += if top.revision.whole { there } else { there.min(answered.len() as u64) };
        }
        Ok(sum)
    }

    /// The machine's transcript of that digest, and how it was made.
    async fn base(&self, item: ItemId, base: ObjectId) -> Result<(Transcript, DerivationRow)> {
        self.not_disposed(item).await?;
        let made = self.store.derivations(item).await?.into_iter();
        let mut made = made.filter(|d| d.kind == DerivativeKind::Transcript && d.output == Some(base));
        let derivation = made.next().ok_or(RecordError::Revision("what it lies on is no transcript of this recording"))?;
        let bytes = self.read_object(base).await?;
        let document: Document<Transcript> =
            serde_json::from_slice(&bytes).map_err(|_| CaseError::Inconsistent { what: "a derivative" })?;
        Ok((document.value, derivation))
    }

    async fn is_newest(&self, item: ItemId, derivation: &DerivationRow) -> bool {
        let newest = self.store.derivative(item, DerivativeKind::Transcript).await;
        newest.is_ok_and(|d| d.is_some_and(|d| d.output == derivation.output))
    }

    /// The text that a layer stands for, with what a revision of it would lie on: the machine's transcript, and the layer.
    async fn text_of(&self, item: ItemId, all: &[Numbered], layer: Layer) -> Result<(ObjectId, Option<RecordId>, Transcript)> {
        if let Some(top) = pick(all, layer)? {
            return Ok((top.revision.base, Some(top.row.id), self.below(item, all, top).await?));
        }
        let (document, derivation): (Document<Transcript>, _) = self.typed(item, DerivativeKind::Transcript).await?;
        let base = derivation.output.ok_or(CaseError::Inconsistent { what: "a derivation" })?;
        Ok((base, None, document.value))
    }

    /// The text of a revision.
    async fn below(&self, item: ItemId, all: &[Numbered], top: &Numbered) -> Result<Transcript> {
        let (machine, _) = self.base(item, top.revision.base).await?;
        Ok(Mended::of(machine, numbers(&chain(all, top)?)).words)
    }
}

fn pick(all: &[Numbered], layer: Layer) -> Result<Option<&Numbered>> {
    match layer {
        Layer::Machine => Ok(None),
        Layer::Latest => Ok(newest(all, |n| n.current.then_some(n.revision.manner))),
        Layer::Number(number) => match all.iter().find(|n| n.number == number) {
            Some(n) => Ok(Some(n)),
            None => Err(CaseError::NoSuchRevision { number, there: all.len() }),
        },
    }
}

/// The layers up to that one, the lowest first.
fn chain<'a>(all: &'a [Numbered], top: &'a Numbered) -> Result<Vec<&'a Numbered>> {
    let mut chain = vec![top];
    while let Some(over) = chain[chain.len() - 1].revision.over {
        let below = all.iter().find(|n| n.row.id == over);
        match below {
            // Each was there before the one above it, so this ends.
            Some(n) if n.number < chain[chain.len() - 1].number => chain.push(n),
            _ => return Err(CaseError::Inconsistent { what: "a revision" }),
        }
    }
    chain.reverse();
    Ok(chain)
}

/// Layers with their numbers.
fn numbers<'a>(chain: &'a [&'a Numbered]) -> impl Iterator<Item = (u32, &'a Revision)> {
    chain.iter().map(|n| (n.number, &n.revision))
}

fn layer_view(n: &Numbered, all: &[Numbered]) -> LayerView {
    let over = n.revision.over.and_then(|over| all.iter().find(|o| o.row.id == over)).map(|o| o.number);
    let count = |which: &dyn Fn(&zapys_domain::revision::Change) -> bool| n.revision.changes.iter().filter(|c| which(c)).count();
    let added =
        count(&|c| !c.removed && c.segment.starts_with('h') && c.start_ms.is_some() && c.end_ms.is_some() && c.text.is_some());
    let removed = count(&|c| c.removed);
    let heard = count(&|c| c.is_heard());
    LayerView {
        number: n.number,
        record: n.row.id.to_string(),
        item: n.row.item,
        by: n.row.actor.id.clone(),
        time: n.row.at.to_string(),
        manner: n.revision.manner.word().into(),
        over,
        whole: n.revision.whole,
        unseen: n.revision.unseen,
        changed: n.revision.changes.len() - added - removed - heard,
        heard,
        added,
        removed,
        reason: n.revision.reason.as_ref().map(|r| r.reveal().clone()),
        form: n.revision.read_from.as_ref().map(|f| f.form.clone()),
        current: n.current,
    }
}

/// A name as machines give voices: a capital letter, or S and a number.
fn is_voice(id: &str) -> bool {
    match id.as_bytes() {
        [b'A'..=b'Z'] => true,
        [b'S', rest @ ..] => (1..=3).contains(&rest.len()) && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
