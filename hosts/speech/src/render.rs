//! Text in, text in another language out: translation models through CTranslate2, their pieces of words through SentencePiece.
//!
//! What tells a model which languages are meant differs from model to model (OPUS-MT, NLLB, MADLAD), and is spelled out in the
//! question. Everything here repeats exactly on one machine: what is computed together does not depend on the number of threads.

use crate::Fault;
use ct2rs::sys::{BatchType, ComputeType, Config, Device, TranslationOptions, Translator};
use kitoken::Kitoken;
use sentencepiece_model::{SentencePieceModel, Type};
use std::path::Path;
use zapys_host_protocol::{Rendered, TextsAsk};

/// Texts computed together.
const BATCH: usize = 16;
/// Tokens of one text at most, and of its translation: these models were taught no longer ones, and many have no places for more.
const MAX_TOKENS: usize = 400;
const MAX_TRANSLATED: usize = 500;
/// Stands for a space in pieces.
const SPACE: char = '\u{2581}';

/// A loaded model.
pub struct Renderer {
    model: Translator,
    pieces: Pieces,
}

impl Renderer {
    /// Loads the model in a folder and the file with its pieces. Errors: [`Fault::Model`].
    pub fn open(folder: &Path, pieces: &Path, threads: usize) -> Result<Self, Fault> {
        let config = Config {
            device: Device::CPU,
            compute_type: ComputeType::INT8,
            // One replica per worker; they share the weights.
            device_indices: vec![0; threads],
            num_threads_per_replica: 1,
            ..Config::default()
        };
        let model = Translator::new(folder, &config).map_err(|_| Fault::Model("the translation model cannot be loaded"))?;
        let bytes = std::fs::read(pieces).map_err(|_| Fault::Model("the pieces of the translation model cannot be read"))?;
        Ok(Self { model, pieces: Pieces::read(&bytes)? })
    }

    /// All texts of a question, in its order. Errors: [`Fault::Inference`].
    pub fn render(&self, ask: &TextsAsk) -> Result<Vec<Rendered>, Fault> {
        let pieces: Vec<Vec<&str>> = ask.texts.iter().map(|t| self.pieces.cut(t)).collect::<Result<_, _>>()?;
        let fits = |p: &Vec<&str>| !p.is_empty() && p.len() <= MAX_TOKENS;
        let wanted: Vec<usize> = (0..pieces.len()).filter(|&n| fits(&pieces[n])).collect();
        let marked = |n: &usize| -> Vec<String> {
            let inner = pieces[*n].iter().map(|p| (*p).to_owned());
            ask.source_begin.iter().cloned().chain(inner).chain(ask.source_end.iter().cloned()).collect()
        };
        let source: Vec<Vec<String>> = wanted.iter().map(marked).collect();
        let longest = wanted.iter().map(|&n| pieces[n].len()).max().unwrap_or(0);
        let limit = (3 * longest + 16 + ask.target_begin.len()).min(MAX_TRANSLATED);
        let options = TranslationOptions::<String, String> {
            beam_size: usize::from(ask.beam),
            max_batch_size: BATCH,
            batch_type: BatchType::Examples,
            max_input_length: 0,
            max_decoding_length: limit,
            return_scores: true,
            // What is unknown stays a visible gap; nothing is put in its place.
            replace_unknowns: false,
            ..TranslationOptions::default()
        };
        let results = match source.is_empty() {
            true => Vec::new(),
            false if ask.target_begin.is_empty() => self.model.translate_batch(&source, &options, None).map_err(failed)?,
            false => {
                let begin = vec![ask.target_begin.clone(); source.len()];
                self.model.translate_batch_with_target_prefix(&source, &begin, &options, None).map_err(failed)?
            }
        };
        if results.len() != wanted.len() {
            return Err(Fault::Inference("the translation model left texts out"));
        }
        let mut all: Vec<Rendered> = pieces
            .iter()
            .enumerate()
            .map(|(n, p)| Rendered {
                text: u32::try_from(n).unwrap_or(u32::MAX),
                words: String::new(),
                mean_log_probability: 0.0,
                whole: p.is_empty(),
            })
            .collect();
        for (&n, result) in wanted.iter().zip(results) {
            let tokens = result.hypotheses.first().map_or(&[][..], Vec::as_slice);
            let begun = tokens.iter().zip(&ask.target_begin).take_while(|(t, b)| t == b).count();
            all[n].words = joined(&tokens[begun..]);
            // The score is a mean over the tokens: the penalty for length is 1 by default.
            all[n].mean_log_probability = result.scores.first().copied().unwrap_or(f32::MIN).min(0.0);
            all[n].whole = tokens.len() < limit;
        }
        Ok(all)
    }
}

fn failed<E>(_: E) -> Fault {
    // The library's message may quote tokens, which are words of evidence.
    Fault::Inference("the translation model failed")
}

/// What a model takes for pieces of words.
struct Pieces {
    cutter: Kitoken,
    spelled: Vec<String>,
}
impl Pieces {
    fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let model = SentencePieceModel::from_slice(bytes).map_err(|_| Fault::Model("the pieces make no sense"))?;
        // Control pieces are never a part of a text.
        let spelled = |p: &sentencepiece_model::SentencePiece| match p.r#type() {
            Type::Control | Type::Unknown | Type::Unused => "<unk>".to_owned(),
            _ => p.piece.clone().unwrap_or_default(),
        };
        let spelled = model.pieces.iter().map(spelled).collect();
        // The library takes it for granted that there is one.
        if model.pieces.iter().all(|p| p.r#type() != Type::Normal || p.piece.as_deref().is_none_or(str::is_empty)) {
            return Err(Fault::Model("the pieces make no sense"));
        }
        let cutter = Kitoken::from_sentencepiece_model(model).map_err(|_| Fault::Model("the pieces cannot be used"))?;
        Ok(Self { cutter, spelled })
    }

    /// A text as pieces. Errors: [`Fault::Inference`].
    fn cut(&self, text: &str) -> Result<Vec<&str>, Fault> {
        let ids = self.cutter.encode(text, false).map_err(|_| Fault::Inference("a text cannot be cut into pieces"))?;
        let mut pieces: Vec<&str> = ids.iter().map(|&id| self.spelled.get(id as usize).map_or("<unk>", String::as_str)).collect();
        pieces.chunk_by_mut(|a, b| byte(a).is_some() && byte(b).is_some()).for_each(in_order);
        Ok(pieces)
    }
}

/// The byte that a piece spells out (`<0xE2>`).
fn byte(piece: &str) -> Option<u8> {
    let hex = piece.strip_prefix("<0x")?.strip_suffix('>').filter(|h| h.len() == 2)?;
    u8::from_str_radix(hex, 16).ok()
}

/// Puts the bytes of each character in their order where they stand the other way round: the library cuts unknown characters so where a
/// model has unigrams.
fn in_order(pieces: &mut [&str]) {
    let bytes: Vec<u8> = pieces.iter().filter_map(|p| byte(p)).collect();
    if bytes.len() != pieces.len() || std::str::from_utf8(&bytes).is_ok() {
        return;
    }
    // The first byte of a character comes last.
    for character in pieces.chunk_by_mut(|a, _| byte(a).is_some_and(|b| b & 0xC0 == 0x80)) {
        character.reverse();
    }
}

/// Pieces as a text. Bytes that are spelled out (`<0xE2>`) are put together; unknown pieces are a visible gap.
fn joined(pieces: &[String]) -> String {
    let mut bytes = Vec::new();
    for piece in pieces {
        match byte(piece) {
            Some(byte) => bytes.push(byte),
            None if piece == "<unk>" => bytes.extend(" \u{2047} ".as_bytes()),
            None if piece == "</s>" || piece == "<s>" => {}
            None => bytes.extend(piece.replace(SPACE, " ").as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_a_text_again() {
        let joined = |p: &[&str]| joined(&p.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(joined(&["\u{2581}Press", "\u{2581}t", "wo", ".", "</s>"]), "Press two.");
        assert_eq!(joined(&["\u{2581}a", "<unk>", "b"]), "a \u{2047} b");
        assert_eq!(joined(&["<0xE2>", "<0x82>", "<0xAC>", "\u{2581}5"]), "€ 5");
        assert_eq!(joined(&[]), "");
    }

    #[test]
    fn bytes_of_unknown_characters_stand_in_their_order() {
        let order = |p: &[&'static str]| {
            let mut p = p.to_vec();
            in_order(&mut p);
            p
        };
        assert_eq!(
            order(&["<0xAC>", "<0x82>", "<0xE2>", "<0x97>", "<0xC3>"]),
            ["<0xE2>", "<0x82>", "<0xAC>", "<0xC3>", "<0x97>"]
        );
        assert_eq!(order(&["<0xE2>", "<0x82>", "<0xAC>"]), ["<0xE2>", "<0x82>", "<0xAC>"]);
        assert_eq!(order(&["\u{2581}a"]), ["\u{2581}a"]);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        assert!(matches!(Pieces::read(b"no model"), Err(Fault::Model(_))));
        assert!(matches!(Pieces::read(&[]), Err(Fault::Model(_))));
    }
}
