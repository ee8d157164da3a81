//! What people make of a machine's transcript: layers over it, each naming what it lies on. The machine's words stay.
//!
//! A layer says which segments it changes, adds and takes away. The current text is the machine's with the layers applied in
//! order. A word keeps its time where the word is still there; nobody's word gets a time that no one measured.

use crate::handover::Text;
use crate::text::squeezed;
use crate::transcript::{Flag, Segment, Speaker, Transcript, Word};
use crate::{Lang, ObjectId, RecordId, words};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// How a layer came about.
    Manner {
        /// Somebody went through the text below and mended it.
        Correction = "correction",
        /// Somebody listened and wrote before seeing any other text.
        Listening = "listening",
        /// Two texts were compared, and somebody decided.
        Adjudication = "adjudication",
    }
}

/// One layer over a transcript. Body of a `revision` record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// The machine's transcript at the bottom, by its digest.
    pub base: ObjectId,
    /// The layer below; `None` where this one lies on the machine's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<RecordId>,
    #[allow(missing_docs)]
    pub manner: Manner,
    /// True where whoever made it went through the whole recording.
    pub whole: bool,
    /// True where the ledger knew of no look of this person at words of the recording before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unseen: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// The form that it was read from, such as `eaf`, and the digest of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_from: Option<ReadFrom>,
    #[allow(missing_docs)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}
/// A file that a layer was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadFrom {
    /// Name of the form.
    pub form: String,
    /// Digest of its bytes.
    pub digest: ObjectId,
}

/// What a layer does to one segment. A field that is absent stays as it is below; where all are, somebody heard what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Segment; one that is not below is added, and then has times and text.
    pub segment: String,
    /// The segment is taken away: nothing was said there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removed: bool,
    /// Milliseconds on the media clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// Milliseconds on the media clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<u64>,
    /// Speaker id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    #[allow(missing_docs)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Lang>,
    /// The words as heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
}
fn is_false(b: &bool) -> bool {
    !b
}
impl Change {
    /// Somebody heard a segment and left it as it is.
    pub fn heard(segment: String) -> Self {
        Self { segment, ..Self::default() }
    }
    /// Whose voice it is, and nothing about the words.
    pub fn voice(segment: String, speaker: String) -> Self {
        Self { segment, speaker: Some(speaker), ..Self::default() }
    }
    /// True where nothing but the voice is changed: whoever says whose voice it is need not have heard what it says.
    pub fn only_voice(&self) -> bool {
        self.speaker.is_some()
            && *self == Self { segment: self.segment.clone(), speaker: self.speaker.clone(), ..Self::default() }
    }
    /// True where nothing is changed: it was heard, and is so.
    pub fn is_heard(&self) -> bool {
        *self == Self::heard(self.segment.clone())
    }
}

/// What another program wrote of one segment. What its form does not hold is `None`, and stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The identifier, where the form holds one.
    pub id: Option<String>,
    /// Milliseconds on the media clock; `None` where the form has no end.
    pub start_ms: u64,
    #[allow(missing_docs)]
    pub end_ms: Option<u64>,
    #[allow(missing_docs)]
    pub speaker: Option<String>,
    #[allow(missing_docs)]
    pub language: Option<Lang>,
    #[allow(missing_docs)]
    pub text: String,
    /// What stands there as its translation, by language, where the form has a place for that.
    pub translations: BTreeMap<String, String>,
}

/// The revision that is shown: the newest that was not taken back. What somebody wrote by ear does not stand in for a text that people
/// mended or decided on; it is there to be compared with. `all`: oldest first; `of`: how it came about, `None` where it was taken back.
pub fn newest<T>(all: &[T], of: impl Fn(&T) -> Option<Manner>) -> Option<&T> {
    let settled = all.iter().rev().find(|r| of(r).is_some_and(|m| m != Manner::Listening));
    settled.or_else(|| all.iter().rev().find(|r| of(r).is_some()))
}

/// A transcript as people left it.
#[derive(Clone, Debug)]
pub struct Mended {
    /// The text with every layer applied.
    pub words: Transcript,
    /// Number of the layer whose words a segment holds, by segment: it wrote, confirmed, moved or took them away. The words of what is
    /// not in it are the machine's, though somebody may have given the segment another voice.
    pub by: BTreeMap<String, u32>,
}
impl Mended {
    /// The machine's transcript with these layers, each with its number, the lowest first.
    pub fn of<'r>(machine: Transcript, layers: impl IntoIterator<Item = (u32, &'r Revision)>) -> Self {
        let mut mended = Self { words: machine, by: BTreeMap::new() };
        for (number, revision) in layers {
            let answered = revision.changes.iter().filter(|c| !c.only_voice());
            mended.by.extend(answered.map(|c| (c.segment.clone(), number)));
            mended.words = revision.apply(&mended.words);
        }
        mended
    }
}

impl Revision {
    /// Why the layer does not hold over that transcript, which has the layers below applied; `None` where it does.
    pub fn amiss(&self, below: &Transcript) -> Option<&'static str> {
        let mut seen = BTreeSet::new();
        let there: BTreeMap<&str, &Segment> = below.segments.iter().map(|s| (s.id.as_str(), s)).collect();
        for c in &self.changes {
            if !seen.insert(c.segment.as_str()) {
                return Some("a segment is changed twice in one revision");
            }
            if c.text.as_ref().is_some_and(|t| t.reveal().trim().is_empty()) {
                return Some("a segment is left without words; where nothing is said it is taken away");
            }
            let old = there.get(c.segment.as_str()).copied();
            let (start, end) = match (old, c.removed) {
                (None, true) => return Some("a segment is taken away that is not there"),
                (None, false) if c.start_ms.is_none() || c.end_ms.is_none() || c.text.is_none() => {
                    return Some("a segment is added without its times or its words");
                }
                (_, true) if *c != (Change { segment: c.segment.clone(), removed: true, ..Change::default() }) => {
                    return Some("a segment is taken away and changed at once");
                }
                (Some(s), _) => (c.start_ms.unwrap_or(s.start_ms), c.end_ms.unwrap_or(s.end_ms)),
                (None, _) => (c.start_ms.unwrap_or(0), c.end_ms.unwrap_or(0)),
            };
            if end < start {
                return Some("a segment ends before it begins");
            }
            // Containers and decoders disagree about the last instants of a file.
            if end > below.duration_ms + 1000 && old.is_none_or(|s| s.end_ms < end) {
                return Some("a segment ends after the recording does");
            }
        }
        None
    }

    /// The transcript with this layer. What does not hold is left out; [`Revision::amiss`] tells before.
    pub fn apply(&self, below: &Transcript) -> Transcript {
        let mut t = below.clone();
        let mut places: BTreeMap<String, usize> = t.segments.iter().enumerate().map(|(i, s)| (s.id.clone(), i)).collect();
        let mut gone = vec![false; t.segments.len()];
        for c in &self.changes {
            let place = places.get(&c.segment).copied();
            if c.removed {
                place.into_iter().for_each(|i| gone[i] = true);
                continue;
            }
            if let Some(id) = &c.speaker
                && t.speakers.iter().all(|s| s.id != *id)
            {
                t.speakers.push(Speaker { id: id.clone(), label: format!("Speaker {id}"), channel: None });
            }
            if let Some(i) = place {
                change(&mut t.segments[i], c);
            } else if let (Some(start_ms), Some(end_ms), Some(text)) = (c.start_ms, c.end_ms, &c.text) {
                places.insert(c.segment.clone(), t.segments.len());
                gone.push(false);
                let channel = t.speakers.iter().find(|s| Some(&s.id) == c.speaker.as_ref()).and_then(|s| s.channel);
                t.segments.push(Segment {
                    id: c.segment.clone(),
                    start_ms,
                    end_ms,
                    speaker: c.speaker.clone(),
                    channel,
                    language: c.language.clone().unwrap_or_else(|| t.language.clone()),
                    text: text.reveal().clone(),
                    confidence: 0.0,
                    flags: Vec::new(),
                    words: Vec::new(),
                });
            }
        }
        let mut gone = gone.into_iter();
        t.segments.retain(|_| !gone.next().unwrap_or(false));
        t.segments.sort_by(|a, b| (a.start_ms, a.channel, &a.id).cmp(&(b.start_ms, b.channel, &b.id)));
        t
    }
}

fn change(s: &mut Segment, c: &Change) {
    s.start_ms = c.start_ms.unwrap_or(s.start_ms);
    s.end_ms = c.end_ms.unwrap_or(s.end_ms);
    if let Some(speaker) = &c.speaker {
        s.speaker = Some(speaker.clone());
    }
    if let Some(language) = &c.language {
        s.language = language.clone();
    }
    if let Some(text) = &c.text {
        s.text = text.reveal().clone();
        s.words = kept(std::mem::take(&mut s.words), &s.text);
    }
    if c.text.is_some() || c.is_heard() {
        // Doubts about words that a person replaced or confirmed are no longer doubts; what was on the line still was.
        s.flags.retain(|f| matches!(f, Flag::Overlap | Flag::LanguageSwitch));
    }
    // A word outside its segment belongs to none.
    s.words.retain(|w| w.start_ms >= s.start_ms && w.start_ms <= s.end_ms);
}

/// The words that are still there, in order, with the times that were measured: a longest common run of both texts. Texts
/// beyond a few thousand words are compared from both ends only.
fn kept(old: Vec<Word>, text: &str) -> Vec<Word> {
    let new: Vec<String> = text.split_whitespace().map(bare).collect();
    let was: Vec<String> = old.iter().map(|w| bare(&w.text)).collect();
    let ahead = was.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let behind = was[ahead..].iter().rev().zip(new[ahead..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&was[ahead..was.len() - behind], &new[ahead..new.len() - behind]);
    let mut keep: Vec<bool> = (0..old.len()).map(|i| i < ahead || i >= old.len() - behind).collect();
    let spoken: Vec<&str> = text.split_whitespace().collect();
    let mut as_written: BTreeMap<usize, usize> = (0..ahead).map(|i| (i, i)).collect();
    as_written.extend((0..behind).map(|i| (old.len() - 1 - i, new.len() - 1 - i)));
    if a.len().saturating_mul(b.len()) <= 4_000_000 {
        let width = b.len() + 1;
        let mut best = vec![0u32; (a.len() + 1) * width];
        for i in (0..a.len()).rev() {
            for j in (0..b.len()).rev() {
                best[i * width + j] = match a[i] == b[j] {
                    true => best[(i + 1) * width + j + 1] + 1,
                    false => best[(i + 1) * width + j].max(best[i * width + j + 1]),
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < a.len() && j < b.len() {
            if a[i] == b[j] {
                keep[ahead + i] = true;
                as_written.insert(ahead + i, ahead + j);
                (i, j) = (i + 1, j + 1);
            } else if best[(i + 1) * width + j] >= best[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
    }
    let word = |(i, mut w): (usize, Word)| {
        // The person's punctuation; the machine's time.
        if let Some(written) = as_written.get(&i).and_then(|j| spoken.get(*j)) {
            (*written).clone_into(&mut w.text);
        }
        w
    };
    old.into_iter().enumerate().filter(|(i, _)| keep[*i]).map(word).collect()
}

/// A word without what surrounds it, for comparing.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// The segment that each of `said` is, by its place in `below`: segments are the same where their identifiers are, else where their times
/// are. `within_ms`: how far times may differ and still be the same (a form that rounds).
pub fn partners(below: &Transcript, said: &[Said], within_ms: u64) -> Vec<Option<usize>> {
    let by_id: BTreeMap<&str, usize> = below.segments.iter().enumerate().map(|(i, s)| (s.id.as_str(), i)).collect();
    let mut taken = vec![false; below.segments.len()];
    let mut partner: Vec<Option<usize>> = vec![None; said.len()];
    for (n, s) in said.iter().enumerate() {
        if let Some(i) = s.id.as_deref().and_then(|id| by_id.get(id)).copied().filter(|i| !taken[*i]) {
            (partner[n], taken[i]) = (Some(i), true);
        }
    }
    let mut order: Vec<usize> = (0..below.segments.len()).collect();
    order.sort_by_key(|i| below.segments[*i].start_ms);
    // First those that agree in everything, then those of the same speaker, then the rest.
    for strictness in [2, 1, 0] {
        for (n, s) in said.iter().enumerate() {
            let fits = |i: &usize| {
                let old = &below.segments[*i];
                !taken[*i]
                    && s.end_ms.is_none_or(|e| ends_alike(old, e, within_ms))
                    && (strictness < 1 || s.speaker.is_none() || s.speaker == old.speaker)
                    && (strictness < 2 || as_subtitled(&old.text) == as_subtitled(&s.text))
            };
            let near = |at: &usize| below.segments[order[*at]].start_ms <= s.start_ms.saturating_add(within_ms);
            let from = order.partition_point(|i| below.segments[*i].start_ms.saturating_add(within_ms) < s.start_ms);
            if partner[n].is_none()
                && let Some(i) = (from..order.len()).take_while(near).map(|at| order[at]).find(fits)
            {
                (partner[n], taken[i]) = (Some(i), true);
            }
        }
    }
    partner
}

/// The changes that make `below` into what another program wrote. What is the same is told by [`partners`]; else a segment was added or
/// taken away. Times that differ by what a form rounds stay as they were, and so does what `said` leaves open.
pub fn changes(below: &Transcript, said: &[Said], within_ms: u64) -> Vec<Change> {
    let partner = partners(below, said, within_ms);
    let there: BTreeSet<&str> = below.segments.iter().map(|s| s.id.as_str()).collect();
    let taken: BTreeSet<usize> = partner.iter().copied().flatten().collect();
    let mut begins: Vec<u64> = said.iter().map(|s| s.start_ms).collect();
    begins.sort_unstable();
    let mut all = Vec::new();
    let mut fresh = 0;
    let mut new_id = || loop {
        fresh += 1;
        let id = format!("h{fresh:04}");
        if !there.contains(id.as_str()) {
            return id;
        }
    };
    for (s, partner) in said.iter().zip(&partner) {
        let text = s.text.trim();
        let Some(old) = partner.map(|i| &below.segments[i]) else {
            if !text.is_empty() {
                let later = begins.partition_point(|at| *at <= s.start_ms);
                let next = begins.get(later).copied().unwrap_or(below.duration_ms);
                all.push(Change {
                    segment: new_id(),
                    start_ms: Some(s.start_ms),
                    end_ms: Some(s.end_ms.unwrap_or(next).max(s.start_ms)),
                    speaker: s.speaker.clone(),
                    language: s.language.clone(),
                    text: Some(Text::new(text.to_owned())),
                    ..Change::default()
                });
            }
            continue;
        };
        if text.is_empty() && !old.text.trim().is_empty() {
            all.push(Change { segment: old.id.clone(), removed: true, ..Change::default() });
            continue;
        }
        let c = Change {
            segment: old.id.clone(),
            removed: false,
            start_ms: (old.start_ms.abs_diff(s.start_ms) > within_ms).then_some(s.start_ms),
            end_ms: s.end_ms.filter(|e| !ends_alike(old, *e, within_ms)),
            speaker: s.speaker.clone().filter(|id| Some(id) != old.speaker.as_ref()),
            language: s.language.clone().filter(|l| *l != old.language),
            text: (as_subtitled(&old.text) != as_subtitled(text)).then(|| Text::new(text.to_owned())),
        };
        if c != (Change { segment: old.id.clone(), ..Change::default() }) {
            all.push(c);
        }
    }
    let gone = below.segments.iter().enumerate().filter(|(i, _)| !taken.contains(i));
    all.extend(gone.map(|(_, s)| Change { segment: s.id.clone(), removed: true, ..Change::default() }));
    all
}

/// A segment that takes no time gets a millisecond in forms that need one.
fn ends_alike(old: &Segment, end_ms: u64, within_ms: u64) -> bool {
    [old.end_ms, old.end_ms.max(old.start_ms + 1)].iter().any(|end| end.abs_diff(end_ms) <= within_ms)
}

/// Line breaks and double spaces say nothing about words; nor does the arrow that subtitles cannot hold.
fn as_subtitled(text: &str) -> String {
    squeezed(text).replace("-->", "->")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineIdentity;

    fn word(start_ms: u64, text: &str) -> Word {
        Word { start_ms, end_ms: start_ms + 100, text: text.into(), confidence: 0.5 }
    }
    fn machine(segments: &[(&str, u64, u64, &str, &str)]) -> Transcript {
        let segment = |(id, start_ms, end_ms, speaker, text): &(&str, u64, u64, &str, &str)| Segment {
            id: (*id).into(),
            start_ms: *start_ms,
            end_ms: *end_ms,
            speaker: Some((*speaker).into()),
            channel: None,
            language: Lang::parse("uk").expect("a tag"),
            text: (*text).into(),
            confidence: 0.5,
            flags: vec![Flag::LowConfidence, Flag::Overlap],
            words: text.split(' ').enumerate().map(|(i, w)| word(start_ms + 200 * i as u64, w)).collect(),
        };
        Transcript {
            language: Lang::parse("uk").expect("a tag"),
            duration_ms: 60_000,
            engine: EngineIdentity {
                name: "e".into(),
                version: "1".into(),
                model: None,
                model_sha256: None,
                binary_sha256: None,
            },
            parameters: serde_json::Value::Null,
            speakers: vec![Speaker { id: "A".into(), label: "Speaker A".into(), channel: None }],
            segments: segments.iter().map(segment).collect(),
        }
    }
    fn layer(changes: Vec<Change>) -> Revision {
        let base = ObjectId::from_digest([7; 32]);
        Revision {
            base,
            over: None,
            manner: Manner::Correction,
            whole: false,
            unseen: false,
            reason: None,
            read_from: None,
            changes,
        }
    }
    fn said(start_ms: u64, end_ms: u64, speaker: &str, text: &str) -> Said {
        let (speaker, text) = (Some(speaker.into()), text.into());
        Said { start_ms, end_ms: Some(end_ms), speaker, text, ..Said::default() }
    }

    #[test]
    fn a_word_keeps_its_time_and_a_new_one_gets_none() {
        let below = machine(&[("s1", 1000, 3000, "A", "ми не робили опис")]);
        let text = Some(Text::new("Ми, робили повний опис.".into()));
        let now = layer(vec![Change { segment: "s1".into(), text, ..Change::default() }]).apply(&below);
        let words: Vec<(u64, &str)> = now.segments[0].words.iter().map(|w| (w.start_ms, w.text.as_str())).collect();
        assert_eq!(words, [(1000, "Ми,"), (1400, "робили"), (1600, "опис.")]);
        assert_eq!(now.segments[0].flags, [Flag::Overlap]);
        let heard = layer(vec![Change::heard("s1".into())]);
        assert_eq!(heard.amiss(&below), None);
        assert_eq!(
            (heard.apply(&below).segments[0].text.as_str(), heard.apply(&below).segments[0].flags.len()),
            ("ми не робили опис", 1)
        );
        assert_eq!(below.segments[0].words.len(), 4);
    }

    #[test]
    fn what_was_written_by_ear_stands_in_for_no_text_that_was_mended() {
        use Manner::*;
        let shown = |all: &[Option<Manner>]| newest(all, |m| *m).map(|m| m.expect("not taken back"));
        assert_eq!(shown(&[]), None);
        assert_eq!(shown(&[None]), None);
        assert_eq!(shown(&[Some(Listening)]), Some(Listening));
        assert_eq!(shown(&[Some(Correction), Some(Listening)]), Some(Correction));
        assert_eq!(shown(&[Some(Listening), Some(Adjudication), Some(Listening), None]), Some(Adjudication));
    }

    #[test]
    fn segments_are_changed_added_and_taken_away() {
        let below = machine(&[("s1", 0, 1000, "A", "раз"), ("s2", 2000, 3000, "A", "два")]);
        let written = [said(0, 1000, "B", "раз"), said(1200, 1500, "B", "так"), said(2000, 3000, "A", "")];
        let found = changes(&below, &written, 1);
        let of = |id: &str| found.iter().find(|c| c.segment == id).expect("a change");
        assert_eq!((of("s1").speaker.as_deref(), of("s1").text.is_none()), (Some("B"), true));
        assert!(of("s2").removed && found.len() == 3);
        let now = layer(found).apply(&below);
        let shown: Vec<(&str, &str)> = now.segments.iter().map(|s| (s.id.as_str(), s.text.as_str())).collect();
        assert_eq!(shown, [("s1", "раз"), ("h0001", "так")]);
        assert_eq!(now.speakers.len(), 2);
        assert_eq!(changes(&now, &[said(0, 1000, "B", "раз"), said(1200, 1500, "B", "так")], 1), []);
    }

    #[test]
    fn what_does_not_hold_is_told() {
        let below = machine(&[("s1", 0, 1000, "A", "раз")]);
        let of = |c: Change| layer(vec![c]).amiss(&below).is_some();
        let change = |segment: &str| Change { segment: segment.into(), ..Change::default() };
        assert!(!of(Change { start_ms: Some(10), ..change("s1") }));
        assert!(of(Change { start_ms: Some(2000), ..change("s1") }), "ends before it begins");
        assert!(of(Change { end_ms: Some(99_000), ..change("s1") }), "after the end");
        assert!(of(Change { start_ms: Some(10), ..change("s9") }), "added without words");
        assert!(of(Change { removed: true, ..change("s9") }), "taken away and not there");
        assert!(layer(vec![change("s1"), change("s1")]).amiss(&below).is_some(), "twice");
        assert!(of(Change { text: Some(Text::new(" ".into())), ..change("s1") }), "no words");
    }
}
