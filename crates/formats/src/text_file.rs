//! Plain text and Markdown: paragraphs.
//!
//! Kept as written: every character of every line, Markdown's marks included. Derived: where paragraphs end. Unknown: title,
//! author, date; a plain file states none. See `docs/formats/text.md`.

use crate::error::FormatError;
use crate::random::{RandomRead, piece};
use crate::{encoding, html, quotes};
use zapys_domain::text::ReadText;
use zapys_domain::{Checked, EngineIdentity, Finding, Severity};

/// Name of the format.
pub const FORMAT: &str = "text";
/// Greatest length in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// A longer paragraph is cut at a space, so that one block stays a thing to look at; in characters.
const MAX_BLOCK: usize = 20_000;

/// Paragraphs, in order. Errors: `Empty`, `Read`, `TooLarge`, `NotThisFormat` for bytes that are no text.
pub fn read(bytes: &dyn RandomRead) -> Result<Checked<ReadText>, FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(FormatError::TooLarge { format: FORMAT, bytes: bytes.len(), limit: MAX_BYTES });
    }
    let raw = piece(bytes, 0, MAX_BYTES as usize)?;
    if !encoding::is_text(&raw, false) {
        return Err(FormatError::NotThisFormat { format: FORMAT });
    }
    let decoded = encoding::decode(&raw, None, false);
    let mut findings = Vec::new();
    if decoded.basis == "guessed" {
        let message = format!("The file states no encoding; it was read as {}.", decoded.name());
        findings.push(Finding::whole("encoding-guessed", Severity::Warning, message));
    }
    if decoded.lossy {
        let message = format!("Some bytes mean nothing in {}; they stand as U+FFFD.", decoded.name());
        findings.push(Finding::whole("bytes-without-meaning", Severity::Warning, message));
    }
    let texts = paragraphs(&decoded.text);
    let quotes = quotes::find(&texts);
    let value = ReadText {
        language: html::determine(&decoded.text).unwrap_or_default(),
        title: None,
        byline: None,
        publisher: None,
        published: None,
        modified: None,
        canonical: None,
        engine: engine(),
        pages: Vec::new(),
        blocks: texts.into_iter().map(html::block).collect(),
        quotes,
    };
    Ok(Checked { value, findings })
}

/// Identity of this reader. Changes whenever its output may change.
pub fn engine() -> EngineIdentity {
    crate::reader::identity(FORMAT, "1")
}

/// Each line is a paragraph, unless the file is wrapped: blank lines between paragraphs and no long lines.
fn paragraphs(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let filled: Vec<&&str> = lines.iter().filter(|l| !l.trim().is_empty()).collect();
    let blank = lines.len() - filled.len();
    let longest = filled.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    let full = filled.iter().filter(|l| l.chars().count() * 10 >= longest * 7).count();
    let wrapped = blank > 0 && (40..=100).contains(&longest) && full * 2 >= filled.len() && filled.len() > 2 * (blank + 1);
    let mut out: Vec<String> = Vec::new();
    let mut going = false;
    for line in lines {
        let line = line.trim();
        if line.is_empty() {
            going = false;
            continue;
        }
        match out.last_mut() {
            Some(last) if wrapped && going => {
                last.push(' ');
                last.push_str(line);
            }
            _ => out.push(line.to_owned()),
        }
        going = true;
    }
    out.into_iter().flat_map(cut).collect()
}

fn cut(text: String) -> Vec<String> {
    if text.len() <= MAX_BLOCK {
        return vec![text];
    }
    let mut out = Vec::new();
    let mut rest = text.as_str();
    while let Some((end, _)) = rest.char_indices().nth(MAX_BLOCK) {
        let at = rest[..end].rfind(' ').filter(|i| *i > 0).unwrap_or(end);
        out.push(rest[..at].to_owned());
        rest = rest[at..].trim_start();
    }
    if !rest.is_empty() {
        out.push(rest.to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_follow_the_lines() {
        let check = |text: &str, expected: &[&str]| {
            let bytes = text.as_bytes();
            let got = read(&bytes).unwrap().value;
            assert_eq!(got.blocks.iter().map(|b| b.text.as_str()).collect::<Vec<_>>(), expected);
        };
        check("one\ntwo\n\nthree\r\n", &["one", "two", "three"]);
        let line = "These words fill a line that a program has wrapped at";
        check(
            &format!("{line}\n{line}\n{line}\n\n{line}\n{line}\n{line}\n"),
            &[&format!("{line} {line} {line}"), &format!("{line} {line} {line}")],
        );
        check("# Заголовок\n\nТекст про погоду.", &["# Заголовок", "Текст про погоду."]);
    }

    #[test]
    fn old_encodings_are_read_and_reported() {
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode("Вечером было тихо, и мы вышли во двор.");
        let got = read(&&bytes[..]).unwrap();
        assert_eq!(got.value.blocks[0].text, "Вечером было тихо, и мы вышли во двор.");
        assert_eq!(got.findings[0].code, "encoding-guessed");
    }

    #[test]
    fn long_lines_are_cut_at_spaces() {
        let text = "слово ".repeat(10_000);
        let got = read(&text.as_bytes()).unwrap().value;
        assert!(got.blocks.len() >= 3 && got.blocks.iter().all(|b| b.text.chars().count() <= MAX_BLOCK));
        assert!(read(&b"\0\x01\x02binary".as_slice()).is_err());
    }
}
