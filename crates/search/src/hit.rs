//! A hit, and where in it the words stand that were asked for.
//!
//! The index says which passages; marks are found by analysing the passage again with the same lexicon, so every inflected
//! form is marked, also where it stands only in the translation.

use crate::analysis;
use crate::lexicon::{Lexicon, Word, stem_key};
use crate::query::{Part, Shape};
use zapys_domain::passage::Layer;
use zapys_domain::{ItemId, ItemKind, Lang};

zapys_domain::words! {
    /// By what a passage was found: the furthest step that any word of the query needed.
    Matched {
        /// The words as they were typed.
        Exact = "exact",
        /// Other forms or relatives of them.
        Lemma = "lemma",
        /// Another name or spelling for the same.
        Alias = "alias",
        /// Words of the translation.
        Translation = "translation",
    }
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Hit {
    pub item: ItemId,
    pub kind: ItemKind,
    pub layer: Layer,
    pub segment: String,
    pub start_ms: Option<u64>,
    pub language: Lang,
    pub text: String,
    pub translation: Option<String>,
    /// Number of the revision whose words these are.
    pub revision: Option<u32>,
    /// Comparable within one answer only; higher is better.
    pub score: f32,
    pub matched: Matched,
    /// Start and end (exclusive) in characters, ascending, apart from each other: in `translation` when `matched` says so,
    /// else in `text`.
    pub highlights: Vec<(usize, usize)>,
}

/// Most marks in one passage.
const MAX_MARKS: usize = 500;

/// How a text answers the parts: the furthest step over those it answers, their number, and the marks.
struct Answered {
    furthest: Option<Matched>,
    n_parts: usize,
    marks: Vec<(usize, usize)>,
}

/// By what the passage was found, and the marks. `parts`: the conditions that are not exclusions.
pub(crate) fn mark(lexicon: &Lexicon, parts: &[&Part], text: &str, translation: Option<&str>) -> (Matched, Vec<(usize, usize)>) {
    let in_text = answer(lexicon, parts, text);
    let n_required = parts.iter().filter(|p| !p.is_optional).count();
    if in_text.n_parts < n_required
        && let Some(in_translation) = translation.map(|t| answer(lexicon, parts, t))
        && in_translation.n_parts > in_text.n_parts
    {
        return (Matched::Translation, in_translation.marks);
    }
    (in_text.furthest.unwrap_or(Matched::Lemma), in_text.marks)
}

fn answer(lexicon: &Lexicon, parts: &[&Part], text: &str) -> Answered {
    let words = lexicon.words(text);
    let aliases = lexicon.aliases(&words);
    let mut answered = Answered { furthest: None, n_parts: 0, marks: Vec::new() };
    for part in parts {
        let mut nearest: Option<Matched> = None;
        let mut note = |matched: Matched, from: usize, to: usize| {
            nearest = Some(nearest.map_or(matched, |n| n.min(matched)));
            answered.marks.extend(words[from..to].iter().map(|w| (w.token.start, w.token.end)));
        };
        match part.shape {
            Shape::Word | Shape::Exact | Shape::Prefix => {
                for (at, word) in words.iter().enumerate() {
                    if let Some(matched) = part.words.first().and_then(|asked| compare(asked, word, part.shape)) {
                        note(matched, at, at + 1);
                    }
                }
            }
            Shape::Phrase => {
                for (at, window) in words.windows(part.words.len()).enumerate() {
                    let steps = part.words.iter().zip(window).map(|(asked, word)| {
                        compare(asked, word, Shape::Word).filter(|m| *m < Matched::Alias && !is_kin_only(asked, word))
                    });
                    if let Some(furthest) = steps.collect::<Option<Vec<_>>>().and_then(|steps| steps.into_iter().max()) {
                        note(furthest, at, at + window.len());
                    }
                }
            }
            Shape::Together => {
                // Only where all of them stand somewhere.
                let at = |asked: &Word| {
                    words.iter().enumerate().filter_map(|(i, w)| Some((i, compare(asked, w, Shape::Word)?))).collect()
                };
                let all: Vec<Vec<(usize, Matched)>> = part.words.iter().map(at).collect();
                if all.iter().all(|found| !found.is_empty()) {
                    let furthest = all.iter().filter_map(|found| found.iter().map(|(_, m)| *m).min()).max();
                    all.iter().flatten().for_each(|(i, _)| note(furthest.unwrap_or(Matched::Lemma), *i, *i + 1));
                }
            }
        }
        for (_, from, to) in aliases.iter().filter(|(key, _, _)| part.aliases.contains(key)) {
            note(Matched::Alias, *from, *to);
        }
        if let Some(nearest) = nearest {
            if !part.is_optional {
                answered.n_parts += 1;
                answered.furthest = answered.furthest.max(Some(nearest));
            } else if answered.furthest.is_none() {
                answered.furthest = Some(nearest);
            }
        }
    }
    answered.marks.sort_unstable();
    answered.marks.dedup();
    answered.marks.truncate(MAX_MARKS);
    answered
}

/// The nearest step that leads from the word asked for to a word of the text.
fn compare(asked: &Word, word: &Word, shape: Shape) -> Option<Matched> {
    let meets = |a: &[String], b: &[String]| a.iter().any(|key| b.contains(key));
    match shape {
        Shape::Prefix => word.token.key.starts_with(&asked.token.key).then_some(Matched::Exact),
        _ if word.token.key == asked.token.key => Some(Matched::Exact),
        Shape::Exact => None,
        _ if meets(&asked.keys.lemmas, &word.keys.lemmas)
            || !word.keys.is_known && word.keys.lemmas.contains(&stem_key(&asked.token.key))
            || !is_apart(asked, word) =>
        {
            Some(Matched::Lemma)
        }
        _ if by_sound(asked) && meets(&asked.keys.sounds, &word.keys.sounds) => Some(Matched::Alias),
        _ => None,
    }
}

/// No relation by word formation.
fn is_apart(asked: &Word, word: &Word) -> bool {
    let (a, w) = (&asked.keys, &word.keys);
    !(a.kin.iter().any(|k| w.kin.contains(k) || w.lemmas.contains(k)) || w.kin.iter().any(|k| a.lemmas.contains(k)))
}

/// Related by word formation, not two forms of one word: enough for a word, too loose within a phrase.
fn is_kin_only(asked: &Word, word: &Word) -> bool {
    asked.token.key != word.token.key
        && !asked.keys.lemmas.iter().any(|l| word.keys.lemmas.contains(l))
        && !word.keys.lemmas.contains(&stem_key(&asked.token.key))
}

/// Whether a word may be found by its sound: names, that is words in Latin letters, with a capital or in no dictionary.
/// Sounds of ordinary words would join what has nothing in common.
pub(crate) fn by_sound(word: &Word) -> bool {
    word.token.capital || !word.keys.is_known || analysis::script(&word.token.key) == analysis::Script::Latin
}
