//! Quoted speech in Ukrainian, Russian and English texts: the words, whom the text names as speaker, the verb.
//!
//! Kept as written: the words between the marks (so no negation is lost), speaker and verb with its negation. Decided by
//! rule: a passage in quotation marks counts as speech if a verb of saying stands with it, or if it is as long as a
//! sentence; names of things in quotation marks are neither. Not attempted: who "he" is; speech without marks.
//! Offsets count characters (not bytes) in the blocks joined by `\n`.

mod attribution;

use attribution::Attribution;
use zapys_domain::text::Quote;

/// Quotation longer than this (in characters) is a lost mark, not a quotation.
const MAX_QUOTE: usize = 4000;
/// Most quotations inside a quotation.
const MAX_INNER: u32 = 8;
/// Without a verb of saying, this many words make speech.
const MIN_WORDS: usize = 5;
/// Most quotations of one text.
const MAX_QUOTES: usize = 10_000;

/// All quotations in the order of the text.
pub fn find(blocks: &[String]) -> Vec<Quote> {
    let mut quotes: Vec<Quote> = Vec::new();
    let mut offset = 0;
    // Opened by “ and not closed: by custom the next paragraph opens again, and the speaker stands with one of them.
    let mut running: Option<usize> = None;
    for block in blocks {
        let chars: Vec<char> = block.chars().collect();
        let spans = spans(&chars);
        for (i, span) in spans.iter().enumerate() {
            if quotes.len() >= MAX_QUOTES {
                return quotes;
            }
            let inner: String = chars[span.start..span.end].iter().collect();
            let left = i.checked_sub(1).map_or(0, |p| spans[p].after());
            let right = spans.get(i + 1).map_or(chars.len(), |n| n.start - 1);
            let mut who = attribution::around(&chars, left, span, right);
            if who.verb.is_none() {
                who = attribution::inside(&inner);
            }
            let words = inner.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).count();
            if who.verb.is_none()
                && let Some(Quote { end, speaker, verb, .. }) = quotes.last()
                && let Some(gap) = (offset + span.start).checked_sub(*end)
                && gap <= 160
                && words > 0
                && (running.is_some() || same_breath(&chars, span, gap, offset))
            {
                who = Attribution { speaker: speaker.clone(), verb: verb.clone() };
            }
            if words == 0 || who.verb.is_none() && (words < MIN_WORDS || !sentence_like(&inner)) {
                continue;
            }
            running = span.open_ended.then_some(quotes.len());
            quotes.push(Quote {
                text: inner,
                speaker: who.speaker,
                verb: who.verb,
                start: offset + span.start,
                end: offset + span.end,
            });
        }
        if spans.is_empty() {
            running = None;
        }
        offset += chars.len() + 1;
    }
    quotes
}

/// True if the quotation goes on with the one before it: `“…,” she said. “…”` in one paragraph.
fn same_breath(chars: &[char], span: &Span, gap: usize, _offset: usize) -> bool {
    let Some(from) = (span.start - 1).checked_sub(gap.saturating_sub(1)) else { return false };
    let between: String = chars[from..span.start - 1].iter().collect();
    // The words between say who speaks; nothing else may stand there.
    between.split(['.', '!', '?']).filter(|s| s.chars().any(char::is_alphabetic)).count() <= 1 && attribution::has_verb(&between)
}

/// A long quotation is speech if it reads as a sentence, not as a list of names.
fn sentence_like(inner: &str) -> bool {
    let words: Vec<&str> = inner.split_whitespace().collect();
    let lower = words.iter().filter(|w| w.chars().find(|c| c.is_alphabetic()).is_some_and(char::is_lowercase)).count();
    lower * 2 >= words.len()
}

/// What stands between two marks, in characters of its block; the marks are outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
    /// Its closing mark is missing: it runs to the end of the block.
    open_ended: bool,
}
impl Span {
    fn after(&self) -> usize {
        if self.open_ended { self.end } else { self.end + 1 }
    }
}

/// Outermost quotations of one block.
fn spans(chars: &[char]) -> Vec<Span> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let Some(closers) = opens(chars, at) else {
            at += 1;
            continue;
        };
        let start = at + 1;
        match close(chars, start, chars[at], closers) {
            Some(end) if end - start <= MAX_QUOTE => {
                out.push(Span { start, end, open_ended: false });
                at = end + 1;
            }
            // Only “ is left open by custom, at the start of a paragraph.
            _ if chars[at] == '“' && chars[..at].iter().all(|c| c.is_whitespace()) && chars.len() - start <= MAX_QUOTE => {
                out.push(Span { start, end: chars.len(), open_ended: true });
                return out;
            }
            _ => at += 1,
        }
    }
    out
}

/// The marks that may close what opens here; `None` where nothing opens.
fn opens(chars: &[char], at: usize) -> Option<&'static [char]> {
    match chars[at] {
        '«' => Some(&['»']),
        '„' => Some(&['“', '”', '"']),
        '“' => Some(&['”']),
        '"' => {
            let before = at.checked_sub(1).map(|i| chars[i]);
            let free = before.is_none_or(|c| c.is_whitespace() || "([{—–-:/«“„".contains(c));
            (free && chars.get(at + 1).is_some_and(|c| !c.is_whitespace())).then_some(&['"'])
        }
        _ => None,
    }
}

/// Where the quotation that opened before `start` ends; inner quotations are stepped over.
fn close(chars: &[char], start: usize, opener: char, closers: &[char]) -> Option<usize> {
    let mut depth = 0_u32;
    let mut inner_low = false;
    let mut skipped = 0_u32;
    for i in start..chars.len().min(start + MAX_QUOTE + 1) {
        let c = chars[i];
        if opener == '"' {
            // A straight mark closes if a word or a stop stands before it and none behind it.
            let behind = chars.get(i + 1).is_none_or(|n| !n.is_alphanumeric());
            if c == '"' && i > start && !chars[i - 1].is_whitespace() && behind {
                return Some(i);
            }
            skipped += u32::from(c == '"');
            if skipped > MAX_INNER {
                return None;
            }
            continue;
        }
        // An inner „…“ ends with the same mark that opens “…”.
        if c == '„' && opener != '„' {
            inner_low = true;
        } else if inner_low && matches!(c, '“' | '”') {
            inner_low = false;
        } else if c == opener {
            depth += 1;
            // So many marks without an end are no quotation, and looking on would cost more than linear time.
            if depth > MAX_INNER {
                return None;
            }
        } else if closers.contains(&c) {
            if depth == 0 {
                return Some(i);
            }
            depth -= 1;
        }
    }
    None
}

#[cfg(test)]
mod tests;
