//! SubRip (`.srt`) and Web Video Text Tracks (`.vtt`).

use super::{LABELS, clock_ms, damaged, is_translation, not};
use crate::error::FormatError;
use zapys_domain::Lang;
use zapys_domain::revision::Said;
use zapys_domain::transcript::TranscriptForm;

/// Longer cues are read as they are, in bytes.
const MAX_CUE: usize = 20_000;

/// Blocks between empty lines, with where they begin.
fn blocks(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let mut at = 0;
    let mut lines = text.split('\n').map(move |line| {
        let from = at;
        at += line.len() + 1;
        (from, line.trim_end_matches('\r'))
    });
    std::iter::from_fn(move || {
        let (from, first) = lines.find(|(_, line)| !line.trim().is_empty())?;
        let mut block = vec![first];
        block.extend(lines.by_ref().map(|(_, line)| line).take_while(|line| !line.trim().is_empty()));
        Some((from, block))
    })
}

/// The times of `00:00:01,000 --> 00:00:02,000 …`.
fn times(line: &str) -> Option<(u64, u64)> {
    let (from, to) = line.split_once("-->")?;
    Some((clock_ms(from.trim())?, clock_ms(to.split_whitespace().next()?)?))
}

/// Cues with a number, times, and words with or without a speaker before them.
pub fn srt(text: &str, speakers: &[String]) -> Result<Vec<Said>, FormatError> {
    let mut all = Vec::new();
    for (at, block) in blocks(text) {
        let (line, said) = match block.as_slice() {
            [number, line, said @ ..] if number.trim().bytes().all(|b| b.is_ascii_digit()) => (line, said),
            [line, said @ ..] => (line, said),
            [] => continue,
        };
        let Some((start_ms, end_ms)) = times(line) else {
            let none = all.is_empty();
            return Err(if none { not(TranscriptForm::Srt) } else { damaged(TranscriptForm::Srt, "a cue has no times", at) });
        };
        let mut words = without_translations(said);
        if let Some(rest) = LABELS.iter().find_map(|l| words.strip_prefix(&format!("[{l}]"))) {
            words = rest.trim_start().to_owned();
        }
        let (speaker, words) = match words.split_once(": ") {
            Some((who, rest)) if speakers.iter().any(|s| s == who) || is_letter(who) => (Some(who.to_owned()), rest.to_owned()),
            _ => match words.strip_suffix(':') {
                Some(who) if speakers.iter().any(|s| s == who) => (Some(who.to_owned()), String::new()),
                _ => (None, words),
            },
        };
        let text = without_tags(&words);
        all.push(Said { start_ms, end_ms: Some(end_ms), speaker, text, ..Said::default() });
    }
    Ok(all)
}

/// `A`, `B2`: how speakers are named here. Anything else before a colon may be part of what was said.
fn is_letter(who: &str) -> bool {
    let mut chars = who.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase()) && who.len() <= 3 && chars.all(|c| c.is_ascii_digit())
}

fn without_translations(lines: &[&str]) -> String {
    lines.iter().filter(|l| !is_translation(l)).copied().collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Bold, italics, colours are not words; what only looks like a tag, and is never closed, may be.
fn without_tags(text: &str) -> String {
    let mut text = text.to_owned();
    if text.len() > MAX_CUE {
        return text;
    }
    for name in ["b", "i", "u", "s", "font"] {
        let mut from = 0;
        // Names are ASCII, so places in the lower-case text are places in the text.
        while let Some(open) = text[from..].to_ascii_lowercase().find(&format!("<{name}")).map(|at| from + at) {
            from = open + 1;
            let rest = &text[open + 1 + name.len()..];
            let Some(end) = rest.find('>').filter(|_| rest.starts_with(['>', ' '])).map(|at| open + 1 + name.len() + at + 1)
            else {
                continue;
            };
            let closing = format!("</{name}>");
            if let Some(close) = text[end..].to_ascii_lowercase().find(&closing).map(|at| end + at) {
                text.replace_range(close..close + closing.len(), "");
                text.replace_range(open..end, "");
                from = open;
            }
        }
    }
    text
}

/// Cues with identifiers, voices, languages and times of words; notes, styles and regions are passed over.
pub fn vtt(text: &str) -> Result<Vec<Said>, FormatError> {
    let mut blocks = blocks(text);
    match blocks.next() {
        Some((_, head)) if head[0] == "WEBVTT" || head[0].starts_with("WEBVTT ") || head[0].starts_with("WEBVTT\t") => {}
        _ => return Err(not(TranscriptForm::Vtt)),
    }
    let mut all = Vec::new();
    for (at, block) in blocks {
        let (id, line, said) = match block.as_slice() {
            [first, ..] if ["NOTE", "STYLE", "REGION"].iter().any(|w| first.split_whitespace().next() == Some(w)) => continue,
            [line, said @ ..] if line.contains("-->") => (None, line, said),
            [id, line, said @ ..] => (Some((*id).to_owned()), line, said),
            _ => return Err(damaged(TranscriptForm::Vtt, "a cue has no times", at)),
        };
        let (start_ms, end_ms) = times(line).ok_or_else(|| damaged(TranscriptForm::Vtt, "a cue has no times", at))?;
        let (text, speaker, language) = spoken(&without_translations(said));
        all.push(Said { id, start_ms, end_ms: Some(end_ms), speaker, language, text, ..Said::default() });
    }
    Ok(all)
}

/// Text without tags, the first voice, the language that the whole of it is in.
fn spoken(payload: &str) -> (String, Option<String>, Option<Lang>) {
    let (mut out, mut speaker, mut language) = (String::with_capacity(payload.len()), None, None);
    let mut rest = payload;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let Some(end) = rest[open..].find('>') else {
            // A tag that never ends is text.
            break;
        };
        let tag = &rest[open + 1..open + end];
        let (name, value) = tag.split_once([' ', '\t']).unwrap_or((tag, ""));
        match name.split('.').next() {
            Some("v") if speaker.is_none() => speaker = Some(plain(value.trim())).filter(|s| !s.is_empty()),
            // Only where nothing stands before it.
            Some("lang") if out.trim().is_empty() => language = Lang::parse(value.trim()),
            _ => {}
        }
        rest = &rest[open + end + 1..];
    }
    out.push_str(rest);
    (plain(out.trim()), speaker, language)
}

/// The few entities that the form has.
fn plain(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u{a0}"), ("&lrm;", "\u{200e}"), ("&rlm;", "\u{200f}")];
    entities.iter().fold(text.to_owned(), |t, (name, c)| t.replace(name, c)).replace("&amp;", "&")
}
