//! A transcript as files that other programs read: subtitles, ELAN, Praat, plain text.
//!
//! Each form holds what it can; `docs/formats/transcripts.md` says what that is. Every one says that a machine heard it and
//! nobody has reviewed it. Times are written as they are, and none is invented: where two stretches of one speaker overlap and the
//! form has no place for that, the later one goes to a further tier.

mod docx;
mod elan;
mod praat;
mod subtitles;
#[cfg(test)]
mod tests;

use crate::view::{SegmentTranslation, SegmentView, TranscriptView, clock};
use std::fmt::Write;

use zapys_domain::transcript::{BY_EAR, TRANSLATED_BY};
pub use zapys_domain::transcript::{REVIEWED, TranscriptForm, UNREVIEWED};

/// The transcript in this form; `lang`: the translation that stands beside the words, where the form has a place for one (ELAN and
/// JSON hold all of them).
pub fn write(t: &TranscriptView, form: TranscriptForm, lang: Option<&str>) -> Vec<u8> {
    match form {
        TranscriptForm::Json => serde_json::to_vec(t).expect("views serialise: their keys are texts"),
        TranscriptForm::Txt => plain(t, lang).into_bytes(),
        TranscriptForm::Srt => subtitles::srt(t, lang).into_bytes(),
        TranscriptForm::Vtt => subtitles::vtt(t, lang).into_bytes(),
        TranscriptForm::Eaf => elan::eaf(t).into_bytes(),
        TranscriptForm::TextGrid => praat::text_grid(t).into_bytes(),
        TranscriptForm::Docx => docx::docx(t, lang),
    }
}

/// `00:01:02` and the milliseconds after `point`.
fn stamp(ms: u64, point: char) -> String {
    format!("{:02}:{:02}:{:02}{point}{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

/// What every form says first.
fn label(t: &TranscriptView) -> &'static str {
    match (&t.blind, t.reviewed) {
        (Some(_), _) => BY_EAR,
        (None, true) => REVIEWED,
        (None, false) => UNREVIEWED,
    }
}

/// Who heard it, in one line.
fn heard_by(t: &TranscriptView) -> String {
    let machine = format!("{} {}", t.engine.name, t.engine.version);
    match &t.revision {
        _ if t.blind.is_some() => format!("{}: {machine}", label(t)),
        None => format!("{}: {machine}", label(t)),
        Some(r) if r.whole => format!("{}: {}, revision {} ({}), over {machine}", label(t), r.by, r.number, r.manner),
        Some(r) => format!("{}: {machine}, with changes by {}, revision {} ({})", label(t), r.by, r.number, r.manner),
    }
}

/// The translation of a segment that was asked for, on a line of its own; nothing where there is none.
fn below(s: &SegmentView, lang: Option<&str>) -> String {
    let other = lang.and_then(|l| s.translations.get(l));
    other.map(|other| format!("\n{} ({})", other.text, whose(other))).unwrap_or_default()
}
/// Whose a translation is.
fn whose(t: &SegmentTranslation) -> String {
    match &t.by {
        Some(by) => format!("{TRANSLATED_BY}{by}"),
        None if t.reviewed_by.is_empty() => UNREVIEWED.to_lowercase(),
        None => format!("{TRANSLATED_BY}{}, confirmed by {}", t.engine, t.reviewed_by.join(", ")),
    }
}
/// The words of a segment, and below them that translation.
fn words(s: &SegmentView, lang: Option<&str>) -> String {
    s.segment.text.clone() + &below(s, lang)
}

fn plain(t: &TranscriptView, lang: Option<&str>) -> String {
    let mut text = format!("{}, language {}\n", heard_by(t), t.language);
    for view in &t.segments {
        let s = &view.segment;
        let speaker = s.speaker.as_deref().unwrap_or("?");
        let flags: Vec<&str> = s.flags.iter().map(|f| f.word()).collect();
        let doubt = if flags.is_empty() { String::new() } else { format!("  [{}]", flags.join(", ")) };
        let _ = write!(text, "\n{} {speaker}  {}{doubt}", clock(s.start_ms), words(view, lang).replace('\n', "\n            "));
    }
    text
}

/// A stretch of time with a text, as tiers hold them. Milliseconds; the end is after the start.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    start_ms: u64,
    end_ms: u64,
    text: String,
    /// Which segment it is.
    segment: usize,
}
/// What one speaker said, in a tier that has no overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tier {
    name: String,
    speaker: String,
    said: Vec<Stretch>,
    words: Vec<Stretch>,
}

/// The tiers of a transcript: one for each speaker in order of appearance, and further ones (`A (2)`) where a speaker's own
/// stretches overlap. A time that a form cannot hold is moved as little as possible: nothing is shorter than a millisecond, a word
/// ends where the next begins and stays within its segment.
fn tiers(t: &TranscriptView) -> Vec<Tier> {
    let mut tiers: Vec<Tier> = Vec::new();
    for (i, s) in t.segments.iter().enumerate() {
        let s = &s.segment;
        let id = s.speaker.as_deref().unwrap_or("?");
        let (start_ms, end_ms) = (s.start_ms, s.end_ms.max(s.start_ms + 1));
        let free = |tier: &&mut Tier| tier.speaker == id && tier.said.last().is_none_or(|last| last.end_ms <= start_ms);
        let n = tiers.iter().filter(|tier| tier.speaker == id).count();
        let place = match tiers.iter_mut().find(free) {
            Some(tier) => tier,
            None => {
                let name = if n == 0 { id.to_owned() } else { format!("{id} ({})", n + 1) };
                tiers.push(Tier { name, speaker: id.to_owned(), said: Vec::new(), words: Vec::new() });
                let last = tiers.len() - 1;
                &mut tiers[last]
            }
        };
        place.said.push(Stretch { start_ms, end_ms, text: s.text.clone(), segment: i });
        let mut from = start_ms;
        for (k, w) in s.words.iter().enumerate() {
            let left = (s.words.len() - 1 - k) as u64;
            // Room stays for those behind it.
            let latest = end_ms.saturating_sub(left).max(from + 1);
            let start = w.start_ms.clamp(from, latest - 1);
            let next = s.words.get(k + 1).map_or(end_ms, |n| n.start_ms);
            let end = w.end_ms.min(next).clamp(start + 1, latest.max(start + 1));
            if end > end_ms {
                // More words than milliseconds: the form has no place for it.
                break;
            }
            place.words.push(Stretch { start_ms: start, end_ms: end, text: w.text.clone(), segment: i });
            from = end;
        }
    }
    tiers
}
