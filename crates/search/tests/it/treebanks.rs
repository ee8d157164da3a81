//! How often a form and its lemma share a key, by people who annotated sentences. Only where ../shared exists.

use crate::lexicon;
use std::path::Path;

/// Share of words (letters only) whose form and lemma have a common key; proper nouns and all.
fn recall(file: &str) -> Option<(f64, usize, Vec<String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/text").join(file);
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared is not here");
        return None;
    };
    let lexicon = lexicon();
    let (mut met, mut all, mut missed) = (0usize, 0usize, Vec::new());
    for line in text.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [id, form, lemma, pos, ..] = columns[..] else { continue };
        let is_word = id.bytes().all(|b| b.is_ascii_digit()) && !matches!(pos, "PUNCT" | "SYM" | "NUM" | "X");
        if !is_word || !form.chars().all(char::is_alphabetic) {
            continue;
        }
        all += 1;
        let (a, b) = (lexicon.lemmas(form), lexicon.lemmas(lemma));
        match a.iter().any(|k| b.contains(k)) {
            true => met += 1,
            false => missed.push(format!("{form}/{lemma}")),
        }
    }
    Some((met as f64 / all as f64, all, missed))
}

#[track_caller]
fn check(file: &str, floor: f64) {
    if let Some((share, n, missed)) = recall(file) {
        println!("{file}: {share:.4} of {n} words; missed e.g. {}", missed.iter().step_by(1 + missed.len() / 40).cloned().collect::<Vec<_>>().join(" "));
        assert!(share >= floor, "{share}");
    }
}

#[test]
fn ukrainian_treebank() {
    check("uk_parlamint-ud-test_shared.conllu", 0.9);
}

#[test]
fn russian_treebank() {
    check("ru_gsd-ud-test_shared.conllu", 0.9);
}
