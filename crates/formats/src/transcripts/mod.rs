//! Transcripts that people wrote or mended in other programs: subtitles, ELAN, Praat, plain text, our own JSON.
//!
//! What comes out says only what the form holds; `zapys_domain::revision` finds out what was changed. Times are taken as they
//! are written, and a stretch without times is refused rather than placed somewhere.

mod docx;
mod elan;
mod plain;
mod praat;
mod subtitles;
#[cfg(test)]
mod tests;

use crate::encoding;
use crate::error::FormatError;
use zapys_domain::revision::Said;
use zapys_domain::transcript::{BY_EAR, REVIEWED, TRANSLATED_BY, TranscriptForm, UNREVIEWED};

/// What zapys writes of a transcript as a whole.
const LABELS: [&str; 3] = [UNREVIEWED, REVIEWED, BY_EAR];

/// A transcript is small; whatever is larger is something else.
pub const MAX_BYTES: usize = 64 << 20;
/// Segments of one transcript: a day of calls has half of it.
const MAX_SEGMENTS: usize = 50_000;

/// Reads what a file says. `speakers`: those that are known, for forms that write a speaker before the words.
/// Errors: [`FormatError`], where it is not that form, is broken, or has a stretch without times.
pub fn read(form: TranscriptForm, bytes: &[u8], speakers: &[String]) -> Result<Vec<Said>, FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(FormatError::TooLarge { format: form.word(), bytes: bytes.len() as u64, limit: MAX_BYTES as u64 });
    }
    let text = if form == TranscriptForm::Docx { String::new() } else { encoding::decode(bytes, None, false).text };
    let said = match form {
        TranscriptForm::Docx => docx::docx(bytes)?,
        TranscriptForm::Json => plain::json(&text)?,
        TranscriptForm::Txt => plain::txt(&text)?,
        TranscriptForm::Srt => subtitles::srt(&text, speakers)?,
        TranscriptForm::Vtt => subtitles::vtt(&text)?,
        TranscriptForm::Eaf => elan::eaf(&text)?,
        TranscriptForm::TextGrid => praat::text_grid(&text)?,
    };
    if said.len() > MAX_SEGMENTS {
        return Err(damaged(form, "it has more segments than any recording", 0));
    }
    if said.iter().any(|s| s.end_ms.is_some_and(|end| end < s.start_ms)) {
        return Err(damaged(form, "a segment ends before it begins", 0));
    }
    Ok(said)
}

/// How far a form rounds the times of segments, in milliseconds.
pub fn within_ms(form: TranscriptForm) -> u64 {
    match form {
        TranscriptForm::Json => 0,
        TranscriptForm::Txt => 99,
        _ => 1,
    }
}

fn damaged(form: TranscriptForm, what: &'static str, offset: usize) -> FormatError {
    FormatError::Damaged { format: form.word(), what, offset: offset as u64 }
}
fn not(form: TranscriptForm) -> FormatError {
    FormatError::NotThisFormat { format: form.word() }
}

/// The character that a reference stands for: the five of XML, and numbers.
fn reference(r: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Ok(Some(c)) = r.resolve_char_ref() {
        return Some(c);
    }
    match r.decode().as_deref() {
        Ok("lt") => Some('<'),
        Ok("gt") => Some('>'),
        Ok("amp") => Some('&'),
        Ok("quot") => Some('"'),
        Ok("apos") => Some('\''),
        _ => None,
    }
}

/// True for a line that holds a translation: no words of the recording.
fn is_translation(line: &str) -> bool {
    let whose = line.trim_end().strip_suffix(')').and_then(|l| l.rsplit_once('('));
    whose.is_some_and(|(_, by)| by == UNREVIEWED.to_lowercase() || by.starts_with(TRANSLATED_BY))
}

/// `00:01:02,345`, `00:01:02.345`, `01:02.345`: milliseconds. `None` for anything else.
fn clock_ms(text: &str) -> Option<u64> {
    let (rest, fraction) = text.split_once([',', '.'])?;
    let parts: Vec<&str> = rest.split(':').collect();
    if !(2..=3).contains(&parts.len()) || fraction.is_empty() || fraction.len() > 3 {
        return None;
    }
    let number =
        |t: &str| (!t.is_empty() && t.len() <= 6 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u64>().ok());
    let mut seconds = 0u64;
    for part in parts {
        seconds = seconds.checked_mul(60)?.checked_add(number(part)??)?;
    }
    let scale = 10u64.pow(3 - fraction.len() as u32);
    Some(seconds * 1000 + number(fraction)?? * scale)
}

/// Speakers that our tiers are numbered by where they overlap: `A (2)` is `A`.
fn without_number(tier: &str) -> &str {
    let numbered = tier.strip_suffix(')').and_then(|t| t.rsplit_once(" ("));
    numbered.filter(|(_, n)| n.parse::<u32>().is_ok()).map_or(tier, |(name, _)| name)
}
