//! What lists show of an item, taken from its derivatives. Facts can be thrown away and computed again.

use serde_json::Value;
use std::collections::BTreeMap;
use zapys_domain::call::CallTable;
use zapys_domain::media::{DecodeFacts, Peaks, ProbeFacts};
use zapys_domain::message::ChatExport;
use zapys_domain::text::ReadText;
use zapys_domain::transcript::{Flag, SecondTranscript, Transcript};
use zapys_domain::{DerivativeKind, Lang, Private};
use zapys_store::ItemFacts;

/// Pairs in the small waveform of a list.
const THUMB_PAIRS: usize = 96;
/// Characters of the preview.
const PREVIEW: usize = 160;

/// Takes what a new derivative says into the facts. A document that is not what it should be changes nothing.
pub(crate) fn take_in(facts: &mut ItemFacts, kind: DerivativeKind, document: &[u8]) {
    match kind {
        DerivativeKind::Probe => {
            if let Ok(p) = serde_json::from_slice::<ProbeFacts>(document) {
                facts.duration_ms = facts.duration_ms.or(p.duration_ms);
                facts.channels = p.audio.first().map(|a| a.channels);
            }
        }
        DerivativeKind::Decode => {
            if let Ok(d) = serde_json::from_slice::<DecodeFacts>(document) {
                facts.duration_ms = Some(d.duration_ms);
                facts.channels = Some(d.channels);
            }
        }
        DerivativeKind::Peaks => {
            if let Ok(p) = serde_json::from_slice::<Peaks>(document) {
                facts.thumb_peaks = Some(thumb(&p));
                facts.duration_ms = facts.duration_ms.or(Some(p.duration_ms));
            }
        }
        DerivativeKind::Transcript => {
            if let Ok(t) = serde_json::from_slice::<Transcript>(document) {
                facts.n_segments = Some(t.segments.len() as u64);
                facts.n_words = Some(t.segments.iter().map(|s| s.text.split_whitespace().count() as u64).sum());
                facts.languages = by_weight(t.segments.iter().map(|s| (s.language.clone(), s.text.chars().count() as u64)));
                facts.flags = count(t.segments.iter().flat_map(|s| s.flags.iter().map(|f| f.word().to_owned())));
                facts.preview = preview(t.segments.iter().map(|s| s.text.as_str()));
            }
        }
        DerivativeKind::SecondTranscript => {
            if let Ok(second) = serde_json::from_slice::<SecondTranscript>(document) {
                // Doubts that only a second hearing raises: those of an earlier one go.
                let found = count(second.readings.iter().flat_map(|r| r.flags.iter().map(|f| f.word().to_owned())));
                for flag in [Flag::Disagreement, Flag::Negation] {
                    facts.flags.remove(flag.word());
                }
                facts.flags.extend(found);
            }
        }
        DerivativeKind::Text => {
            if let Ok(t) = serde_json::from_slice::<ReadText>(document) {
                facts.n_words = Some(t.blocks.iter().map(|b| b.text.split_whitespace().count() as u64).sum());
                facts.languages = if t.language.is_und() { Vec::new() } else { vec![t.language.clone()] };
                facts.preview = preview(t.title.iter().map(String::as_str).chain(t.blocks.iter().map(|b| b.text.as_str())));
            }
        }
        DerivativeKind::Messages => {
            if let Ok(c) = serde_json::from_slice::<ChatExport>(document) {
                facts.n_messages = Some(c.messages.len() as u64);
                facts.flags = count(c.messages.iter().flat_map(|m| m.flags.iter().cloned()));
                facts.preview = preview(c.messages.iter().map(|m| m.text.as_str()).filter(|t| !t.is_empty()));
            }
        }
        DerivativeKind::Calls => {
            if let Ok(t) = serde_json::from_slice::<CallTable>(document) {
                facts.n_calls = Some(t.rows.len() as u64);
                facts.flags = count(t.rows.iter().flat_map(|r| r.flags.iter().cloned()));
            }
        }
        DerivativeKind::Proxy
        | DerivativeKind::Enhanced
        | DerivativeKind::Speech
        | DerivativeKind::Speakers
        | DerivativeKind::VoicePrints
        | DerivativeKind::Translation
        | DerivativeKind::SecondTranslation
        | DerivativeKind::Picture => {}
    }
}

/// True where the document is one that a domain type reads; engines that write something else have a bug.
pub(crate) fn is_document(document: &[u8]) -> bool {
    serde_json::from_slice::<Value>(document).is_ok_and(|v| v.is_object())
}

fn thumb(p: &Peaks) -> Vec<i8> {
    let pairs = p.channels.iter().map(|c| c.len() / 2).max().unwrap_or(0);
    let buckets = pairs.min(THUMB_PAIRS);
    let mut out = Vec::with_capacity(buckets * 2);
    for i in 0..buckets {
        let (from, to) = (i * pairs / buckets, ((i + 1) * pairs / buckets).max(i * pairs / buckets + 1));
        let (mut low, mut high) = (0i8, 0i8);
        for c in &p.channels {
            for pair in c.chunks_exact(2).skip(from).take(to - from) {
                low = low.min(pair[0]);
                high = high.max(pair[1]);
            }
        }
        out.extend([low, high]);
    }
    out
}

fn by_weight(all: impl Iterator<Item = (Lang, u64)>) -> Vec<Lang> {
    let mut weights: BTreeMap<Lang, u64> = BTreeMap::new();
    for (lang, weight) in all.filter(|(l, _)| !l.is_und()) {
        *weights.entry(lang).or_default() += weight;
    }
    let mut langs: Vec<(Lang, u64)> = weights.into_iter().collect();
    langs.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    langs.into_iter().map(|(l, _)| l).collect()
}

fn count(all: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    all.for_each(|w| *counts.entry(w).or_default() += 1);
    counts
}

fn preview<'t>(parts: impl Iterator<Item = &'t str>) -> Option<Private<String>> {
    let mut text = String::new();
    for word in parts.flat_map(str::split_whitespace) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
        if text.chars().count() >= PREVIEW {
            text = text.chars().take(PREVIEW - 1).collect::<String>() + "…";
            break;
        }
    }
    (!text.is_empty()).then(|| Private::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumb_keeps_extremes_and_is_never_longer_than_the_wave() {
        let wave: Vec<i8> = (0..1000).flat_map(|i| if i == 500 { [-100, 120] } else { [-1, 1] }).collect();
        let t = thumb(&Peaks { duration_ms: 1, bucket_ms: 1, channels: vec![wave] });
        assert_eq!(t.len(), THUMB_PAIRS * 2);
        assert_eq!((t.iter().min(), t.iter().max()), (Some(&-100), Some(&120)));
        assert_eq!(thumb(&Peaks { duration_ms: 1, bucket_ms: 1, channels: vec![vec![-3, 4]] }), [-3, 4]);
        assert!(thumb(&Peaks { duration_ms: 0, bucket_ms: 1, channels: vec![] }).is_empty());
    }

    #[test]
    fn previews_are_short_and_whole_characters() {
        let long = "слово ".repeat(100);
        let p = preview([long.as_str()].into_iter()).expect("some text");
        assert_eq!(p.reveal().chars().count(), PREVIEW);
        assert!(preview([" ", ""].into_iter()).is_none());
    }
}
