//! How often a form and its lemma share a key, by people who annotated sentences. Only where ../shared exists.

use crate::lexicon;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// What the annotation says of the lexicon.
struct Quality {
    /// Share of words (letters only, names and misspellings included) whose form and lemma have a common key.
    met: f64,
    /// How many lemmas of other words, among all in the file, a form meets on average.
    strangers: f64,
    n_words: usize,
    missed: Vec<String>,
}

fn quality(file: &str) -> Option<Quality> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/text").join(file);
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is not here");
        return None;
    };
    let lexicon = lexicon();
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for line in text.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [id, form, lemma, pos, ..] = columns[..] else { continue };
        let is_word = id.bytes().all(|b| b.is_ascii_digit()) && !matches!(pos, "PUNCT" | "SYM" | "NUM" | "X");
        if is_word && form.chars().all(char::is_alphabetic) {
            pairs.push((form, lemma));
        }
    }
    let mut lemmas_of_key: HashMap<String, HashSet<&str>> = HashMap::new();
    let mut right: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (form, lemma) in &pairs {
        lexicon.lemmas(lemma).into_iter().for_each(|key| {
            lemmas_of_key.entry(key).or_default().insert(lemma);
        });
        right.entry(form).or_default().insert(lemma);
    }
    let (mut met, mut strangers, mut missed) = (0usize, 0usize, Vec::new());
    for (form, lemma) in &pairs {
        let keys = lexicon.lemmas(form);
        let found: HashSet<&str> = keys.iter().filter_map(|k| lemmas_of_key.get(k)).flatten().copied().collect();
        strangers += found.difference(&right[form]).count();
        match found.contains(lemma) {
            true => met += 1,
            false => missed.push(format!("{form}/{lemma}")),
        }
    }
    let share = |n: usize| n as f64 / pairs.len() as f64;
    Some(Quality { met: share(met), strangers: share(strangers), n_words: pairs.len(), missed })
}

#[track_caller]
fn check(file: &str, met: f64, strangers: f64) {
    if let Some(found) = quality(file) {
        let examples: Vec<_> = found.missed.iter().step_by(1 + found.missed.len() / 20).cloned().collect();
        println!(
            "{file}: {:.4} of {} words, {:.3} strangers each; missed: {}",
            found.met,
            found.n_words,
            found.strangers,
            examples.join(" ")
        );
        assert!(found.met >= met, "{}", found.met);
        assert!(found.strangers <= strangers, "{}", found.strangers);
    }
}

#[test]
fn ukrainian_treebank() {
    check("uk_parlamint-ud-test_shared.conllu", 0.995, 0.25);
}

#[test]
fn russian_treebank() {
    check("ru_gsd-ud-test_shared.conllu", 0.99, 0.35);
}
