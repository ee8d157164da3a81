//! SubRip (`.srt`) and Web Video Text Tracks (`.vtt`).

use super::{below, heard_by, label, stamp, words};
use crate::view::TranscriptView;
use std::fmt::Write;
use zapys_domain::transcript::Segment;

/// A cue ends at an empty line.
fn without_empty_lines(text: &str) -> String {
    text.lines().filter(|l| !l.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// Times, the speaker's name before the words, the label in the first cue: the form has no place for anything else.
pub fn srt(t: &TranscriptView, lang: Option<&str>) -> String {
    let mut text = String::new();
    for (i, view) in t.segments.iter().enumerate() {
        let s = &view.segment;
        let speaker = s.speaker.as_deref().map(|x| format!("{x}: ")).unwrap_or_default();
        // Nor may it hold the arrow that separates times.
        let words = without_empty_lines(&words(view, lang).replace("-->", "->"));
        let first = if i > 0 { String::new() } else { format!("[{}] ", label(t)) };
        let (from, to) = (stamp(s.start_ms, ','), stamp(s.end_ms.max(s.start_ms + 1), ','));
        let _ = write!(text, "{}\n{from} --> {to}\n{first}{speaker}{words}\n\n", i + 1);
    }
    text.trim_end().to_owned()
}

/// The same with the identifier of each segment, the speaker as a voice, the language of each segment that is not in the
/// transcript's, the time at which each word begins, and doubts as notes.
pub fn vtt(t: &TranscriptView, lang: Option<&str>) -> String {
    let mut text = format!("WEBVTT\n\nNOTE {}\n\n", safe(&heard_by(t)));
    for view in &t.segments {
        let s = &view.segment;
        let doubts: Vec<&str> = s.flags.iter().map(|f| f.word()).collect();
        if !doubts.is_empty() {
            let _ = write!(text, "NOTE {}: {}\n\n", s.id, doubts.join(", "));
        }
        let (from, to) = (stamp(s.start_ms, '.'), stamp(s.end_ms.max(s.start_ms + 1), '.'));
        let other = safe(&below(view, lang));
        let mut said = timed(s);
        if s.language.as_str() != t.language && !s.language.is_und() {
            said = format!("<lang {}>{said}</lang>", s.language.as_str());
        }
        if let Some(speaker) = &s.speaker {
            said = format!("<v {}>{said}</v>", safe(speaker));
        }
        let _ = write!(text, "{}\n{from} --> {to}\n{}\n\n", s.id, without_empty_lines(&format!("{said}{other}")));
    }
    text.trim_end().to_owned()
}

/// The words of a segment with a time before each, where the times rise within the segment and the words make up its text;
/// the bare text where they do not.
fn timed(s: &Segment) -> String {
    let rising = s.words.windows(2).all(|w| w[0].start_ms < w[1].start_ms);
    let within = s.words.iter().all(|w| (s.start_ms..s.end_ms).contains(&w.start_ms));
    let spoken: Vec<&str> = s.words.iter().map(|w| w.text.trim()).collect();
    let same = spoken.iter().flat_map(|w| w.split_whitespace()).eq(s.text.split_whitespace());
    if !(rising && within && same) {
        return safe(&s.text);
    }
    let mut text = String::new();
    for (w, spoken) in s.words.iter().zip(spoken) {
        let gap = if text.is_empty() { "" } else { " " };
        // A time must lie after the beginning of its cue.
        let time = if w.start_ms > s.start_ms { format!("<{}>", stamp(w.start_ms, '.')) } else { String::new() };
        let _ = write!(text, "{gap}{time}{}", safe(spoken));
    }
    text
}

fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
