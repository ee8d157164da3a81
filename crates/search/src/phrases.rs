//! Where given phrases stand in a text, in any of their grammatical forms.

use crate::aliases::Aliases;
use crate::lexicon::{Group, Lexicon};
use std::collections::BTreeMap;

/// Phrases in groups that mean the same each, ready to be looked for.
pub struct Phrases {
    lexicon: Lexicon,
    aliases: Aliases,
}
impl std::fmt::Debug for Phrases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phrases").finish_non_exhaustive()
    }
}

/// One place where a phrase stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which group, counted from 0.
    pub group: usize,
    /// First character in the text, counted in characters.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

impl Phrases {
    /// Groups of phrases, each in its base form.
    pub fn new(lexicon: &Lexicon, groups: impl IntoIterator<Item = Vec<String>>) -> Self {
        let groups: Vec<Group> = groups.into_iter().map(|words| Group { words }).collect();
        let aliases = Aliases::new(&groups, &BTreeMap::new(), |text| lexicon.words(text));
        Self { lexicon: lexicon.clone(), aliases }
    }

    /// Every place in order; where two of one group overlap, the longer.
    pub fn find(&self, text: &str) -> Vec<Found> {
        let words = self.lexicon.words(text);
        let found = self.aliases.find(&words).into_iter();
        let mut all: Vec<Found> = found
            .map(|(group, from, to)| Found { group, start: words[from].token.start, end: words[to - 1].token.end })
            .collect();
        let within = |a: &Found, b: &Found| a.group == b.group && a.start < b.end && b.start < a.end;
        all.sort_by_key(|f| (std::cmp::Reverse(f.end - f.start), f.start));
        let mut kept: Vec<Found> = Vec::new();
        for one in all {
            if !kept.iter().any(|k| within(k, &one)) {
                kept.push(one);
            }
        }
        kept.sort_by_key(|f| (f.start, f.end, f.group));
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(groups: &[&[&str]], text: &str) -> Vec<(usize, String)> {
        let lexicon = Lexicon::bundled().expect("dictionaries");
        let groups = groups.iter().map(|g| g.iter().map(|w| (*w).to_owned()).collect());
        let cut = |f: Found| (f.group, text.chars().skip(f.start).take(f.end - f.start).collect());
        Phrases::new(&lexicon, groups).find(text).into_iter().map(cut).collect()
    }
    fn told(all: &[(usize, &str)]) -> Vec<(usize, String)> {
        all.iter().map(|(g, t)| (*g, (*t).to_owned())).collect()
    }

    #[test]
    fn r1_40_a_word_is_found_in_its_forms_and_no_other_word_is() {
        let terms: &[&[&str]] = &[&["двухсотый", "груз двести"], &["карандаш"], &["Шмель"]];
        assert_eq!(
            found(terms, "Везли грузом двести, двух двухсотых. Карандашей нет, шмели летят."),
            told(&[(0, "грузом двести"), (0, "двухсотых"), (1, "Карандашей"), (2, "шмели")])
        );
        assert!(found(terms, "Двести рублей за груз; карандашница, сто").is_empty());
    }

    #[test]
    fn the_longer_of_two_places_counts() {
        assert_eq!(found(&[&["груз", "груз 200"], &["200"]], "Груз 200 прийшов"), told(&[(0, "Груз 200"), (1, "200")]));
        assert!(found(&[], "слово").is_empty());
        assert!(found(&[&["слово"]], "").is_empty());
    }
}
