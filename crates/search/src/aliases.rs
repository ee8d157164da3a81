//! The table of names for one thing: slang, places. Found by lemma, one word or several side by side.

use crate::lexicon::{Group, Word};
use std::collections::{BTreeMap, HashMap};

/// One way to say it: for every word the lemmas that count as that word.
struct Member {
    group: usize,
    words: Vec<Vec<String>>,
}

/// The table, ready for lookup.
#[derive(Default)]
pub(crate) struct Aliases {
    members: Vec<Member>,
    /// Lemma of the first word -> members.
    by_first: HashMap<String, Vec<usize>>,
    kin: BTreeMap<String, String>,
}

impl Aliases {
    /// `analyse` must be the analysis that texts get.
    pub fn new(groups: &[Group], kin: &BTreeMap<String, String>, analyse: impl Fn(&str) -> Vec<Word>) -> Self {
        let mut aliases = Self { kin: kin.clone(), ..Self::default() };
        for (group, written) in groups.iter().enumerate().flat_map(|(i, g)| g.words.iter().map(move |w| (i, w))) {
            let words: Vec<Vec<String>> = analyse(written).iter().map(own_lemmas).collect();
            let Some(first) = words.first() else { continue };
            for lemma in first {
                aliases.by_first.entry(lemma.clone()).or_default().push(aliases.members.len());
            }
            aliases.members.push(Member { group, words });
        }
        aliases
    }

    /// The verb that a noun of the table names.
    pub fn kin(&self, lemma: &str) -> Option<&str> {
        self.kin.get(lemma).map(String::as_str)
    }

    /// Every entry in these words: group, first word, one past the last.
    pub fn find(&self, words: &[Word]) -> Vec<(usize, usize, usize)> {
        let mut found = Vec::new();
        for (at, word) in words.iter().enumerate() {
            for member in word.keys.lemmas.iter().filter_map(|l| self.by_first.get(l)).flatten().map(|m| &self.members[*m]) {
                let here = words[at..].iter().zip(&member.words);
                let hit = (member.group, at, at + member.words.len());
                let all = here.filter(|(w, lemmas)| w.keys.lemmas.iter().any(|l| lemmas.contains(l))).count();
                if all == member.words.len() && !found.contains(&hit) {
                    found.push(hit);
                }
            }
        }
        found
    }
}

/// Entries stand in their base form: where that is among the lemmas, the other readings are not meant.
fn own_lemmas(word: &Word) -> Vec<String> {
    match word.keys.lemmas.contains(&word.token.key) {
        true => vec![word.token.key.clone()],
        false => word.keys.lemmas.clone(),
    }
}
