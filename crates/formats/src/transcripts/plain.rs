//! Plain text as zapys writes it, and its JSON.

use super::{clock_ms, damaged, is_translation, not};
use crate::error::FormatError;
use serde_json::Value;
use std::collections::BTreeMap;
use zapys_domain::Lang;
use zapys_domain::revision::Said;
use zapys_domain::transcript::{Flag, TranscriptForm};

/// A line for each segment: when it begins, who, the words; what belongs to it is further in.
pub fn txt(text: &str) -> Result<Vec<Said>, FormatError> {
    let mut all: Vec<Said> = Vec::new();
    for line in text.lines() {
        let begun = line.split_once(' ').and_then(|(at, rest)| Some((clock_ms(at)?, rest)));
        match begun {
            Some((start_ms, rest)) => {
                let (who, said) = rest.split_once("  ").or_else(|| Some((rest.strip_suffix(' ')?, ""))).unwrap_or((rest, ""));
                let speaker = (who != "?" && !who.is_empty()).then(|| who.to_owned());
                let text = without_doubts(said).to_owned();
                all.push(Said { start_ms, speaker, text, ..Said::default() });
            }
            None if line.starts_with(' ') && !is_translation(without_doubts(line)) => {
                if let Some(last) = all.last_mut() {
                    last.text = format!("{}\n{}", last.text, without_doubts(line).trim()).trim().to_owned();
                }
            }
            None => {}
        }
    }
    if all.is_empty() { Err(not(TranscriptForm::Txt)) } else { Ok(all) }
}

/// Without `  [low-confidence, overlap]` at the end.
fn without_doubts(said: &str) -> &str {
    let inner = said.trim_end().strip_suffix(']').and_then(|t| t.rsplit_once("  ["));
    inner.filter(|(_, doubts)| doubts.split(", ").all(|d| Flag::parse(d).is_some())).map_or(said, |(words, _)| words)
}

/// The translations of a segment that stand first, by language.
fn translations(s: &Value) -> BTreeMap<String, String> {
    let all = s.get("translations").and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(lang, t)| Some((Lang::parse(lang)?.to_string(), t.get("text")?.as_str()?.to_owned()))).collect()
}

/// What `zapys transcript --format json` writes.
pub fn json(text: &str) -> Result<Vec<Said>, FormatError> {
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let offset = text.split('\n').take(e.line().saturating_sub(1)).map(|l| l.len() + 1).sum::<usize>() + e.column();
        damaged(TranscriptForm::Json, "it is no JSON", offset)
    })?;
    let segments = value.get("segments").and_then(Value::as_array).ok_or_else(|| not(TranscriptForm::Json))?;
    let said = |s: &Value| {
        let word = |name: &str| s.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Said {
            id: word("id"),
            start_ms: s.get("start_ms")?.as_u64()?,
            end_ms: Some(s.get("end_ms")?.as_u64()?),
            speaker: word("speaker"),
            language: word("language").and_then(|l| Lang::parse(&l)),
            text: word("text")?,
            translations: translations(s),
        })
    };
    let missing = || damaged(TranscriptForm::Json, "a segment has no start_ms, end_ms or text", 0);
    segments.iter().map(|s| said(s).ok_or_else(missing)).collect()
}
