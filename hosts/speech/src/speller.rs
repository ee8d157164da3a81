//! Windows of sound in, words out: networks that say for each instant which letter is spoken, or none (CTC), through ONNX Runtime.
//! GigaAM and FastConformer are such.
//!
//! What repeats is one letter, unless there was none in between. Nothing is searched and nothing is made up: where no letter is
//! likelier than none, nothing was said. A letter was said where it is likeliest; a word from its first letter to its last.

use crate::Fault;
use crate::energies::Energies;
use crate::workers::in_parallel;
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;
use std::path::Path;
use zapys_host_protocol::{Heard, HeardWord, Spelling, WindowsAsk, guards};

/// What begins a word in pieces that SentencePiece cut.
const WORD: char = '\u{2581}';
/// Most tokens of a network.
const MAX_TOKENS: usize = 100_000;
/// Windows that are heard before their words are handed over, for each worker.
const TOGETHER: usize = 4;

/// The loaded network, once for each worker.
pub struct Speller {
    workers: Vec<Session>,
    energies: Energies,
    tokens: Vec<String>,
    blank: usize,
    how: Spelling,
    languages: Vec<String>,
}
/// A letter, and the instants at which it is the likeliest.
#[derive(Clone, Debug, PartialEq)]
struct Letter {
    token: usize,
    first: usize,
    last: usize,
    log_probability: f32,
}

impl Speller {
    /// Loads the network of a folder. `languages`: those that it knows. Errors: [`Fault::Model`].
    pub fn open(
        environment: &Environment,
        folder: &Path,
        how: Spelling,
        languages: Vec<String>,
        threads: usize,
    ) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(folder.join(&how.tokens)).map_err(|_| Fault::Model("its tokens cannot be read"))?;
        let tokens = tokens(&text)?;
        let blank = tokens.iter().position(|t| *t == how.blank).ok_or(Fault::Model("its tokens lack the one for nothing"))?;
        let session = || -> Result<Session, ort::Error> {
            let mut builder = Session::builder(environment)?.with_intra_threads(1)?.with_inter_threads(1)?;
            builder.commit_from_file(folder.join(&how.model))
        };
        let workers: Result<Vec<_>, _> = (0..threads).map(|_| session()).collect();
        let workers = workers.map_err(|_| Fault::Model("the speech network cannot be loaded"))?;
        if workers.iter().any(|w| !(1..=2).contains(&w.inputs().len()) || w.outputs().is_empty()) {
            return Err(Fault::Model("the speech network takes other things than features and their number"));
        }
        Ok(Self { workers, energies: Energies::new(&how)?, tokens, blank, how, languages })
    }

    /// Hears all windows; each result is handed to `sink`, in order. Returns the language. Errors: [`Fault::Inference`], those of
    /// `sink`.
    pub fn hear(
        &mut self,
        windows: &[&[i16]],
        ask: &WindowsAsk,
        mut sink: impl FnMut(Heard) -> Result<(), Fault>,
    ) -> Result<Option<String>, Fault> {
        let language = self.language(ask.language.as_deref());
        let open: Vec<usize> = (0..windows.len()).filter(|i| !ask.heard.contains(&(*i as u32))).collect();
        let n_together = TOGETHER * self.workers.len();
        for some in open.chunks(n_together.max(1)) {
            let (energies, n_tokens) = (&self.energies, self.tokens.len());
            let rows = in_parallel(&mut self.workers, some.len(), "the speech network failed", |worker, i| {
                instants(worker, energies, windows[some[i]], n_tokens)
            })?;
            for (window, rows) in some.iter().zip(rows) {
                sink(self.heard(*window, windows[*window].len(), &rows, &language)?)?;
            }
        }
        Ok(Some(language))
    }

    /// The language that words are in: the one that is asked for where the network knows it, else the only one it knows.
    fn language(&self, asked: Option<&str>) -> String {
        let knows = |l: &&str| self.languages.iter().any(|k| k == l);
        match (asked.filter(knows), self.languages.as_slice()) {
            (Some(asked), _) => asked.to_owned(),
            (None, [only]) => only.clone(),
            (None, _) => "und".into(),
        }
    }

    /// `rows`: for each instant the logarithms of probabilities, token by token.
    fn heard(&self, window: usize, samples: usize, rows: &[f32], language: &str) -> Result<Heard, Fault> {
        let instants = rows.len() / self.tokens.len();
        let letters = letters(rows, self.tokens.len(), self.blank);
        // Networks hear every fourth or eighth frame.
        let per_instant =
            if instants == 0 { 1.0 } else { (self.energies.frames(samples) as f64 / instants as f64).round().max(1.0) };
        let end_ms = u32::try_from(samples / 16).unwrap_or(u32::MAX);
        let ms = |instant: usize| ((instant as f64 * per_instant * self.how.hop as f64 / 16.0) as u32).min(end_ms);
        let words = words(&letters, &self.tokens, ms);
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        let sum: f32 = letters.iter().map(|l| l.log_probability).sum();
        Ok(Heard {
            window: u32::try_from(window).map_err(|_| Fault::Request("more windows than can be counted"))?,
            language: language.to_owned(),
            own_language: (language.to_owned(), 0.0),
            compression: guards::compression(&text),
            repeats: guards::repeats(&text) || guards::too_much(&text, end_ms),
            text,
            words,
            mean_log_probability: if letters.is_empty() { 0.0 } else { sum / letters.len() as f32 },
            // Such a network does not say so apart: where nobody speaks it writes nothing.
            no_speech: 0.0,
            attempts: 1,
        })
    }
}

/// For each instant the logarithms of probabilities; nothing for sound too short to be heard.
fn instants(session: &mut Session, energies: &Energies, pcm: &[i16], n_tokens: usize) -> Result<Vec<f32>, ort::Error> {
    let frames = energies.frames(pcm.len());
    if frames == 0 {
        return Ok(Vec::new());
    }
    let features = energies.features(pcm);
    let length = [frames as i64];
    let bands = features.len() / frames;
    let values = TensorRef::from_array_view(([1usize, bands, frames], features.as_slice()))?;
    let outputs = match session.inputs().len() {
        1 => session.run(ort::inputs![values])?,
        _ => session.run(ort::inputs![values, TensorRef::from_array_view(([1usize], length.as_slice()))?])?,
    };
    let (shape, rows) = outputs[0].try_extract_tensor::<f32>()?;
    if shape.len() != 3 || shape[0] != 1 || usize::try_from(shape[2]) != Ok(n_tokens) {
        return Err(ort::Error::new("it answers other things than probabilities of its tokens"));
    }
    let mut rows = rows.to_vec();
    rows.chunks_exact_mut(n_tokens).for_each(settle);
    Ok(rows)
}

/// Logarithms of probabilities, whether they were that already or not.
fn settle(row: &mut [f32]) {
    row.iter_mut().for_each(|v| *v = if v.is_nan() { f32::MIN } else { *v });
    let max = row.iter().copied().fold(f32::MIN, f32::max);
    let sum = row.iter().map(|v| (v - max).exp()).sum::<f32>().ln() + max;
    row.iter_mut().for_each(|v| *v -= sum);
}

/// The likeliest token of each instant, without what repeats and without nothing.
fn letters(rows: &[f32], n_tokens: usize, blank: usize) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    let mut before = blank;
    for (instant, row) in rows.chunks_exact(n_tokens).enumerate() {
        let token = (0..n_tokens).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(blank);
        match letters.last_mut() {
            Some(last) if token == before && token != blank => {
                last.last = instant;
                last.log_probability = last.log_probability.max(row[token]);
            }
            _ if token != blank => {
                letters.push(Letter { token, first: instant, last: instant, log_probability: row[token] });
            }
            _ => {}
        }
        before = token;
    }
    letters
}

/// Words with their times, which lie in order and do not overlap.
fn words(letters: &[Letter], tokens: &[String], ms: impl Fn(usize) -> u32) -> Vec<HeardWord> {
    let mut words: Vec<(HeardWord, f32)> = Vec::new();
    let mut begins = true;
    for letter in letters {
        let piece = &tokens[letter.token];
        begins |= piece.starts_with([WORD, ' ']);
        let text = piece.trim_matches([WORD, ' ']);
        if text.is_empty() {
            continue;
        }
        let (start_ms, end_ms) = (ms(letter.first), ms(letter.last + 1));
        match words.last_mut().filter(|_| !begins) {
            Some((word, sum)) => {
                word.text.push_str(text);
                word.end_ms = end_ms;
                word.tokens = word.tokens.saturating_add(1);
                *sum += letter.log_probability;
            }
            None => {
                let word = HeardWord { text: text.into(), start_ms, end_ms, probability: 0.0, tokens: 1, ends_passage: false };
                words.push((word, letter.log_probability));
            }
        }
        // A piece may end with what parts words.
        begins = piece.ends_with(' ') && piece.trim() != "";
    }
    let rated = |(mut word, sum): (HeardWord, f32)| {
        word.probability = (sum / f32::from(word.tokens)).exp();
        word.ends_passage = word.text.ends_with(['.', '?', '!', '…']);
        word
    };
    words.into_iter().map(rated).collect()
}

/// Tokens in order of their numbers: each on a line, followed by a space and its number, or in order without numbers.
/// Errors: [`Fault::Model`].
fn tokens(text: &str) -> Result<Vec<String>, Fault> {
    let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty()).collect();
    let numbered: Option<Vec<(usize, &str)>> =
        lines.iter().map(|l| l.rsplit_once(' ').and_then(|(token, n)| Some((n.parse().ok()?, token)))).collect();
    let mut tokens = match numbered {
        Some(numbered) => {
            let mut tokens = vec![String::new(); numbered.len()];
            for (n, token) in numbered {
                let slot = tokens.get_mut(n).ok_or(Fault::Model("its tokens are not numbered without a gap"))?;
                token.clone_into(slot);
            }
            tokens
        }
        None => lines.iter().map(|l| (*l).to_owned()).collect(),
    };
    // A space has become nothing where somebody trimmed the file.
    if let Some(space) = tokens.iter_mut().find(|t| t.is_empty()) {
        *space = " ".into();
    }
    if (2..=MAX_TOKENS).contains(&tokens.len()) { Ok(tokens) } else { Err(Fault::Model("its tokens are none, or far too many")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(heard: &str, tokens: &[&str]) -> Vec<(String, u32, u32)> {
        let tokens: Vec<String> = tokens.iter().map(|t| (*t).to_owned()).collect();
        let n = tokens.len();
        let mut rows = Vec::new();
        for c in heard.chars() {
            let token = if c == '.' { 0 } else { c.to_digit(10).expect("a digit") as usize };
            let mut row = vec![-9.0; n];
            row[token] = 0.0;
            settle(&mut row);
            rows.extend(row);
        }
        let all = words(&letters(&rows, n, 0), &tokens, |i| i as u32 * 40);
        assert!(all.iter().all(|w| w.probability > 0.99 && w.end_ms >= w.start_ms));
        all.into_iter().map(|w| (w.text, w.start_ms, w.end_ms)).collect()
    }

    #[test]
    fn what_repeats_is_one_letter_unless_there_was_none_between() {
        let word = |t: &str, a, b| (t.to_owned(), a, b);
        let letters = ["<blk>", " ", "д", "а", "н"];
        assert_eq!(spelled(".22.33..1.2233", &letters), [word("да", 40, 240), word("да", 400, 560)]);
        assert_eq!(spelled("34.43", &letters), [word("анна", 0, 200)]);
        assert!(
            spelled("......", &letters).is_empty() && spelled("1.1", &letters).is_empty() && spelled("", &letters).is_empty()
        );
        let pieces = ["<blk>", "\u{2581}ні", "ч", "ого", "\u{2581}", "."];
        assert_eq!(spelled("1..2.3..4.1.5", &pieces).iter().map(|w| w.0.as_str()).collect::<Vec<_>>(), ["нічого", "ні."]);
    }

    #[test]
    fn tokens_are_numbered_or_in_order() {
        assert_eq!(tokens("а 1\n  0\n<blk> 2\n").expect("numbered"), [" ", "а", "<blk>"]);
        assert_eq!(tokens("<blk>\nа\nб\n").expect("in order"), ["<blk>", "а", "б"]);
        for bad in ["", "а 0\nб 7\n", "один\n"] {
            assert!(tokens(bad).is_err(), "{bad:?}");
        }
    }
}
