//! Tokens and their places in the sound become words with times.

use crate::vocabulary::Vocabulary;
use zapys_host_protocol::HeardWord;

/// Milliseconds of one encoder frame.
const FRAME_MS: u32 = 20;
/// Marks that belong to the word after them, and to the word before them.
const OPENING: &str = "\"'“¿([{-«„";
const CLOSING: &str = "\"'.。,，!！?？:：”)]}、»…";

/// What the decoder wrote for one window, taken apart.
#[derive(Debug, Default, PartialEq)]
pub struct Passages {
    /// Text tokens, time tokens left out.
    pub text: Vec<usize>,
    /// Counts of text tokens after which a passage ends, ascending.
    pub ends: Vec<usize>,
}
impl Passages {
    /// Takes the decoder's tokens apart.
    pub fn of(tokens: &[usize], vocabulary: &Vocabulary) -> Self {
        let mut passages = Self::default();
        for &t in tokens {
            if t < vocabulary.end {
                passages.text.push(t);
            } else if vocabulary.is_time(t) && !passages.text.is_empty() && passages.ends.last() != Some(&passages.text.len()) {
                passages.ends.push(passages.text.len());
            }
        }
        passages
    }
}

/// Joins tokens to words and gives each its time.
///
/// `alignment`: pairs of text token index (the end token is one past the last) and encoder frame along the best path.
/// `probabilities`: one per text token. `end_ms`: end of the sound in the window; no word goes beyond.
/// Tokens that make no printable word are left out. No errors: missing pairs give times of 0 or `end_ms`.
pub fn join(
    passages: &Passages,
    vocabulary: &Vocabulary,
    alignment: &[(i64, i64)],
    probabilities: &[f32],
    end_ms: u32,
) -> Vec<HeardWord> {
    let n = passages.text.len();
    // Frame at which the path reaches each token; the end token is number n.
    let mut reached = vec![None; n + 1];
    for &(token, frame) in alignment {
        if let (Ok(token), Ok(frame)) = (usize::try_from(token), u32::try_from(frame))
            && let Some(slot @ None) = reached.get_mut(token)
        {
            *slot = Some(frame.saturating_mul(FRAME_MS).min(end_ms));
        }
    }
    let mut last = 0;
    let times: Vec<u32> = reached
        .iter()
        .enumerate()
        .map(|(i, t)| {
            let fallback = if i == n { end_ms } else { last };
            last = t.unwrap_or(fallback).max(last);
            last
        })
        .collect();

    let mut words = Vec::new();
    for (from, to) in spans(&passages.text, vocabulary) {
        let text = vocabulary.text(&passages.text[from..to]);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let log: f32 = (from..to).map(|i| probabilities.get(i).copied().unwrap_or(0.0).clamp(1e-6, 1.0).ln()).sum();
        words.push(HeardWord {
            text: text.to_owned(),
            start_ms: times[from],
            end_ms: times[to],
            probability: (log / (to - from) as f32).exp(),
            tokens: u16::try_from(to - from).unwrap_or(u16::MAX),
            ends_passage: passages.ends.iter().any(|&e| from < e && e <= to),
        });
    }
    words
}

/// Ranges of tokens that make one word each, its punctuation included.
fn spans(text: &[usize], vocabulary: &Vocabulary) -> Vec<(usize, usize)> {
    // First: runs of tokens that are whole characters.
    let mut pieces: Vec<(usize, usize, String)> = Vec::new();
    let mut from = 0;
    for to in 1..=text.len() {
        let bytes: Vec<u8> = text[from..to].iter().flat_map(|&t| vocabulary.bytes(t)).copied().collect();
        // Four tokens without a whole character are broken text, and then nothing is gained by waiting on.
        if let Ok(s) = String::from_utf8(bytes) {
            pieces.push((from, to, s));
            from = to;
        } else if to - from >= 4 || to == text.len() {
            pieces.push((from, to, "\u{fffd}".into()));
            from = to;
        }
    }
    // Then: a space or a mark that opens begins a word; everything else goes on with it.
    let mut words: Vec<(usize, usize, String)> = Vec::new();
    for (from, to, s) in pieces {
        let core = s.trim();
        let joins = match words.last() {
            None => false,
            Some((_, _, before)) => {
                let opens =
                    !before.trim().is_empty() && before.trim().chars().all(|c| OPENING.contains(c)) && !before.ends_with(' ');
                let closes = !core.is_empty() && core.chars().all(|c| CLOSING.contains(c)) && !s.starts_with(' ');
                closes || (opens && before.starts_with(' ') && !s.starts_with(' ')) || !s.starts_with(char::is_whitespace)
            }
        };
        match words.last_mut() {
            Some(word) if joins => {
                word.1 = to;
                word.2.push_str(&s);
            }
            _ => words.push((from, to, s)),
        }
    }
    words.into_iter().map(|(from, to, _)| (from, to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::tests::small;

    #[test]
    fn tokens_join_to_words_with_times_and_confidence() {
        let v = small(&[" Де", "сь", " о", ".", " десятій", "!"]);
        let t = |ms: usize| v.no_times + 1 + ms / 20;
        let tokens = [t(0), 0, 1, 2, 3, t(500), t(700), 4, 5, t(1200)];
        let passages = Passages::of(&tokens, &v);
        assert_eq!(passages, Passages { text: vec![0, 1, 2, 3, 4, 5], ends: vec![4, 6] });
        let path = [(0, 0), (0, 5), (1, 6), (2, 12), (3, 20), (4, 35), (4, 36), (5, 55), (6, 60)];
        let words = join(&passages, &v, &path, &[0.5, 0.5, 0.9, 0.9, 1.0, 0.25], 1100);
        let seen: Vec<_> = words.iter().map(|w| (w.text.as_str(), w.start_ms, w.end_ms, w.tokens, w.ends_passage)).collect();
        assert_eq!(seen, [("Десь", 0, 240, 2, false), ("о.", 240, 700, 2, true), ("десятій!", 700, 1100, 2, true)]);
        assert!((words[2].probability - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_character_split_over_tokens_is_one_word() {
        let v = small(&[" ", "а"]);
        // The two bytes of one letter as two tokens.
        let mut tokens: Vec<String> = "жук".bytes().map(Vocabulary::spelled).collect();
        tokens.extend(
            ["<|endoftext|>", "<|startoftranscript|>", "<|ru|>", "<|translate|>", "<|transcribe|>", "<|notimestamps|>"]
                .map(String::from),
        );
        let split = Vocabulary::of(&tokens).expect("complete");
        let passages = Passages { text: (0..6).collect(), ends: vec![] };
        let words = join(&passages, &split, &[], &[0.5; 6], 900);
        assert_eq!(words.len(), 1);
        assert_eq!((words[0].text.as_str(), words[0].start_ms, words[0].end_ms), ("жук", 0, 900));
        assert!(join(&Passages { text: vec![0], ends: vec![] }, &v, &[], &[1.0], 10).is_empty(), "a space is no word");
    }

    #[test]
    fn times_never_run_backwards_or_beyond_the_sound() {
        let v = small(&[" раз", " два", " три"]);
        let passages = Passages { text: vec![0, 1, 2], ends: vec![] };
        for path in [&[(0, 90), (1, 10), (2, 400), (3, 2)][..], &[], &[(-1, -5), (9, 3)]] {
            let words = join(&passages, &v, path, &[], 1000);
            assert!(words.iter().all(|w| w.start_ms <= w.end_ms && w.end_ms <= 1000));
            assert!(words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms));
        }
    }
}
