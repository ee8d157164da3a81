//! Blind first listening: a person writes what they hear before any program's words are shown to them (R1.38). The server
//! withholds the words; a page that merely hid them would have sent them.

use super::{Layer, Numbered};
use crate::Result;
use crate::handover::RecordError;
use crate::open::Casework;
use crate::view::{BlindView, LayerView, SegmentView, TranscriptView};
use zapys_domain::revision::{Change, Manner, Mended, Revision};
use zapys_domain::text::squeezed;
use zapys_domain::transcript::{Segment, Transcript};
use zapys_domain::{Actor, ItemId, Lang, ObjectId, Private};

/// What a look at the words of a recording is called in the ledger.
pub(crate) const WORDS: &str = "transcript";

/// What somebody heard in one segment.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// Which.
    pub segment: String,
    /// The words; empty: nothing is said there.
    pub text: String,
}

impl Casework {
    /// The recording as whoever listens first sees it: times, voices and their own words; nobody else's.
    /// Errors: those of [`Casework::transcript`].
    pub async fn transcript_blind(&self, actor: &Actor, item: ItemId) -> Result<TranscriptView> {
        let all = self.numbered(item).await?;
        let own = own(&all, actor);
        let (_, machine, mended) = self.by_ear(item, &all, own).await?;
        let mut view = self.words_at(item, Layer::Machine).await?;
        // The segments are those that the person began with, also where the machine has listened again since.
        (view.duration_ms, view.speakers) = (machine.duration_ms, machine.speakers);
        view.segments = machine
            .segments
            .into_iter()
            .map(|s| {
                let revision = mended.by.get(&s.id).copied();
                let mine = mended.words.segments.iter().find(|m| revision.is_some() && m.id == s.id);
                let text = mine.map(|m| m.text.clone()).unwrap_or_default();
                let segment = Segment { text, language: Lang::und(), confidence: 0.0, flags: Vec::new(), words: Vec::new(), ..s };
                SegmentView { revision, ..SegmentView::of(segment) }
            })
            .collect();
        view.language = Lang::und().to_string();
        view.reviewed = false;
        view.revision = own.map(|n| super::layer_view(n, &all));
        let written = view.segments.iter().filter(|s| s.revision.is_some()).count();
        view.blind = Some(BlindView { seen: self.has_seen(actor, item).await?, written });
        Ok(view)
    }

    /// Puts what somebody heard on record, over the machine's segments or what they wrote before, never over words of others.
    /// Errors: `Record` where a segment is none of the recording.
    pub async fn listen(&self, actor: &Actor, item: ItemId, heard: Vec<Heard>) -> Result<LayerView> {
        let _alone = self.revising.lock().await;
        let all = self.numbered(item).await?;
        let own = own(&all, actor);
        let (base, machine, Mended { words: now, .. }) = self.by_ear(item, &all, own).await?;
        let mut changes = Vec::new();
        for h in heard {
            let text = squeezed(&h.text);
            let there = now.segments.iter().any(|s| s.id == h.segment);
            let of_machine = machine.segments.iter().find(|s| s.id == h.segment);
            changes.push(match (text.is_empty(), there, of_machine) {
                (true, true, _) => Change { segment: h.segment, removed: true, ..Change::default() },
                (true, false, _) => continue,
                (false, true, _) => Change { segment: h.segment, text: Some(Private::new(text)), ..Change::default() },
                // They had found nothing there, and heard something after all.
                (false, false, Some(s)) => Change {
                    start_ms: Some(s.start_ms),
                    end_ms: Some(s.end_ms),
                    speaker: s.speaker.clone(),
                    text: Some(Private::new(text)),
                    ..Change::heard(h.segment)
                },
                (false, false, None) => return Err(RecordError::Revision("a segment is none of this recording").into()),
            });
        }
        if changes.is_empty() {
            return Err(RecordError::Revision("it changes nothing").into());
        }
        let revision = Revision {
            base,
            over: own.map(|n| n.row.id),
            manner: Manner::Listening,
            whole: false,
            unseen: !self.has_seen(actor, item).await?,
            reason: None,
            read_from: None,
            changes,
        };
        self.put_revision(actor, item, revision).await
    }

    /// True where the ledger tells that this person was shown words of the recording. What a search found is not told there.
    pub(crate) async fn has_seen(&self, actor: &Actor, item: ItemId) -> Result<bool> {
        Ok(self.store.was_shown(item, actor, WORDS).await?)
    }

    /// The transcript that what this person heard lies on (that of their earlier words, else the newest), and their words over it.
    async fn by_ear(&self, item: ItemId, all: &[Numbered], own: Option<&Numbered>) -> Result<(ObjectId, Transcript, Mended)> {
        let Some(own) = own else {
            let (base, _, machine) = self.text_of(item, all, Layer::Machine).await?;
            return Ok((base, machine.clone(), Mended::of(machine, [])));
        };
        let (machine, _) = self.base(item, own.revision.base).await?;
        let mended = Mended::of(machine.clone(), super::numbers(&super::chain(all, own)?));
        Ok((own.revision.base, machine, mended))
    }
}

/// The newest words that this person wrote by ear and did not take back.
fn own<'a>(all: &'a [Numbered], actor: &Actor) -> Option<&'a Numbered> {
    let mine = |n: &&Numbered| n.current && n.row.actor == *actor && n.revision.manner == Manner::Listening;
    let newest = all.iter().rev().find(mine)?;
    // A file that was read back lies on the machine's words as well.
    super::chain(all, newest).is_ok_and(|c| c.iter().all(mine)).then_some(newest)
}
