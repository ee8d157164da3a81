//! Praat's TextGrid (`.TextGrid`, long text form): interval tiers by speaker, and below each one of its words.

use super::{Stretch, label, tiers};
use crate::view::TranscriptView;
use std::fmt::Write;

/// Tiers cover the whole recording; where nothing is said, the interval is empty. The first tier says who heard it.
pub fn text_grid(t: &TranscriptView) -> String {
    let tiers = tiers(t);
    let last = tiers.iter().flat_map(|tier| &tier.said).map(|s| s.end_ms).max().unwrap_or(0);
    let end = t.duration_ms.max(last).max(1);
    let note = Stretch { start_ms: 0, end_ms: end, text: super::heard_by(t), segment: 0 };
    let mut all = vec![(label(t).to_owned(), vec![note])];
    for tier in tiers {
        all.push((tier.name.clone(), tier.said));
        if !tier.words.is_empty() {
            all.push((format!("{} words", tier.name), tier.words));
        }
    }
    let mut text = format!(
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = {}\ntiers? <exists>\nsize = {}\nitem []:\n",
        seconds(end),
        all.len()
    );
    for (i, (name, said)) in all.into_iter().enumerate() {
        let intervals = covering(said, end);
        let _ = write!(
            text,
            "    item [{}]:\n        class = \"IntervalTier\"\n        name = \"{}\"\n        xmin = 0\n        xmax = {}\n        intervals: size = {}\n",
            i + 1,
            safe(&name),
            seconds(end),
            intervals.len()
        );
        for (n, s) in intervals.iter().enumerate() {
            let _ = write!(
                text,
                "        intervals [{}]:\n            xmin = {}\n            xmax = {}\n            text = \"{}\"\n",
                n + 1,
                seconds(s.start_ms),
                seconds(s.end_ms),
                safe(&s.text)
            );
        }
    }
    text
}

/// The stretches with empty ones between, from 0 to `end`.
fn covering(said: Vec<Stretch>, end: u64) -> Vec<Stretch> {
    let empty = |start_ms, end_ms| Stretch { start_ms, end_ms, text: String::new(), segment: 0 };
    let (mut all, mut at) = (Vec::new(), 0);
    for s in said {
        if s.start_ms > at {
            all.push(empty(at, s.start_ms));
        }
        at = s.end_ms;
        all.push(s);
    }
    if at < end {
        all.push(empty(at, end));
    }
    all
}

/// Exact: a millisecond has three places.
fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) {
        (ms / 1000).to_string()
    } else {
        format!("{}.{:03}", ms / 1000, ms % 1000).trim_end_matches('0').to_owned()
    }
}
fn safe(text: &str) -> String {
    text.replace('"', "\"\"").replace(['\n', '\r', '\0'], " ")
}
