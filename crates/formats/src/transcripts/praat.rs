//! Praat's TextGrid, long and short text form. Only quoted texts, free numbers and flags mean anything; the words between are
//! for people.

use super::{LABELS, damaged, not, without_number};
use crate::error::FormatError;
use std::collections::BTreeSet;
use zapys_domain::revision::Said;
use zapys_domain::transcript::TranscriptForm;

enum Token {
    Text(String),
    Number(f64),
    Flag(bool),
}

/// Interval tiers are speakers; a tier of somebody's words and tiers of points are passed over.
pub fn text_grid(text: &str) -> Result<Vec<Said>, FormatError> {
    let tokens = tokens(text)?;
    let mut grid = Grid { tokens: tokens.into_iter() };
    if grid.text().ok().as_deref() != Some("ooTextFile") || grid.text().ok().as_deref() != Some("TextGrid") {
        return Err(not(TranscriptForm::TextGrid));
    }
    let _whole = (grid.number()?, grid.number()?);
    if !grid.flag()? {
        return Ok(Vec::new());
    }
    let mut tiers: Vec<(String, Vec<Said>)> = Vec::new();
    for _ in 0..grid.count()? {
        let (class, name) = (grid.text()?, grid.text()?);
        let _whole = (grid.number()?, grid.number()?);
        let mut said = Vec::new();
        for _ in 0..grid.count()? {
            let start_ms = grid.ms()?;
            if class == "TextTier" {
                grid.text()?;
                continue;
            }
            let (end_ms, text) = (grid.ms()?, grid.text()?);
            if !text.trim().is_empty() {
                let speaker = Some(without_number(&name).to_owned());
                said.push(Said { start_ms, end_ms: Some(end_ms), speaker, text, ..Said::default() });
            }
        }
        tiers.push((name, said));
    }
    let names: BTreeSet<String> = tiers.iter().map(|(name, _)| name.clone()).collect();
    let of_words = |name: &str| name.strip_suffix(" words").is_some_and(|of| names.contains(of));
    tiers.retain(|(name, _)| !LABELS.contains(&name.as_str()) && !of_words(name));
    let mut all: Vec<Said> = tiers.into_iter().flat_map(|(_, said)| said).collect();
    all.sort_by_key(|s| s.start_ms);
    Ok(all)
}

struct Grid {
    tokens: std::vec::IntoIter<Token>,
}
impl Grid {
    fn broken() -> FormatError {
        damaged(TranscriptForm::TextGrid, "it ends early, or something stands where a number or a text should", 0)
    }
    fn text(&mut self) -> Result<String, FormatError> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err(Self::broken()),
        }
    }
    fn number(&mut self) -> Result<f64, FormatError> {
        match self.tokens.next() {
            Some(Token::Number(n)) => Ok(n),
            _ => Err(Self::broken()),
        }
    }
    fn flag(&mut self) -> Result<bool, FormatError> {
        match self.tokens.next() {
            Some(Token::Flag(there)) => Ok(there),
            _ => Err(Self::broken()),
        }
    }
    /// How many follow; never more than there are tokens.
    fn count(&mut self) -> Result<usize, FormatError> {
        let n = self.number()?;
        let most = self.tokens.len() as f64;
        if n.fract() == 0.0 && (0.0..=most).contains(&n) { Ok(n as usize) } else { Err(Self::broken()) }
    }
    fn ms(&mut self) -> Result<u64, FormatError> {
        let ms = (self.number()? * 1000.0).round();
        // A thousand hours.
        if (0.0..=3.6e9).contains(&ms) { Ok(ms as u64) } else { Err(Self::broken()) }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, FormatError> {
    let mut all = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(all) };
        if first == '!' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if first == '"' {
            let mut said = String::new();
            let mut inner = &rest[1..];
            loop {
                let offset = text.len() - rest.len();
                let end = inner.find('"').ok_or_else(|| damaged(TranscriptForm::TextGrid, "a text never ends", offset))?;
                said.push_str(&inner[..end]);
                inner = &inner[end + 1..];
                match inner.strip_prefix('"') {
                    Some(after) => {
                        said.push('"');
                        inner = after;
                    }
                    None => break,
                }
            }
            all.push(Token::Text(said));
            rest = inner;
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let word = &rest[..end];
            match word {
                "<exists>" => all.push(Token::Flag(true)),
                "<absent>" => all.push(Token::Flag(false)),
                _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') => {
                    all.extend(word.parse().ok().map(Token::Number));
                }
                _ => {}
            }
            rest = &rest[end..];
        }
    }
}
