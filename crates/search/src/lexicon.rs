//! From a word to the keys it is found by. One [`Lexicon`] serves indexing and asking, so that both always agree.
//!
//! Speech mixes Ukrainian and Russian within a sentence, so every word is looked up in both dictionaries, whatever its text
//! is tagged as, and both lemmas stand at its place. A word that neither knows (names, slang) gets a stem by rule.
//! Nothing here decides what a hit is worth; that is `search`.

use crate::aliases::Aliases;
use crate::analysis::{self, Script, Token};
use crate::ukrainian::{Class, Damaged, Ukrainian};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use zapys_domain::{Fault, FaultKind, Lang};

/// Words kept analysed; then the memory is emptied and fills again.
const REMEMBERED: usize = 100_000;

/// Why the lexicon cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LexiconError {
    #[allow(missing_docs)]
    #[error(transparent)]
    Ukrainian(#[from] Damaged),
    #[allow(missing_docs)]
    #[error("the Russian dictionary is damaged")]
    Russian(#[source] rumorph::Error),
    #[allow(missing_docs)]
    #[error("the table of aliases is damaged")]
    Aliases(#[source] toml::de::Error),
}

impl Fault for LexiconError {
    fn kind(&self) -> FaultKind {
        FaultKind::Internal
    }
    fn hint(&self) -> String {
        "install zapys again: its dictionaries are part of the program".into()
    }
    fn code(&self) -> &'static str {
        "search-lexicon"
    }
}

/// Keys of one word. All lists hold each key once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Base forms in both languages, or a stem by rule (`~` before it); never empty.
    pub lemmas: Vec<String>,
    /// Base forms that these come from by word formation: participle and verbal noun from verb, imperfective from perfective.
    pub kin: Vec<String>,
    /// Keys by sound.
    pub sounds: Vec<String>,
    /// In a dictionary.
    pub is_known: bool,
}

/// A word of a text with its keys.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub token: Token,
    pub keys: Arc<Keys>,
}

/// Dictionaries and aliases. Cheap to clone; shared between threads.
#[derive(Clone)]
pub struct Lexicon(Arc<Inner>);

struct Inner {
    ukrainian: Option<Ukrainian>,
    russian: Option<rumorph::Dictionary>,
    aliases: Aliases,
    remembered: Mutex<HashMap<String, Arc<Keys>>>,
}

impl std::fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lexicon").field("missing", &self.missing()).finish_non_exhaustive()
    }
}

impl Lexicon {
    /// The dictionaries that the program carries; nothing is read from disk. Takes some 20 ms.
    pub fn bundled() -> Result<Self, LexiconError> {
        let russian = rumorph::Dictionary::bundled().map_err(LexiconError::Russian)?;
        Self::with(Some(Ukrainian::bundled()?), Some(russian))
    }

    /// No dictionaries: folding, stems by rule and aliases only. Finds less; never fails to search.
    pub fn without_dictionaries() -> Result<Self, LexiconError> {
        Self::with(None, None)
    }

    fn with(ukrainian: Option<Ukrainian>, russian: Option<rumorph::Dictionary>) -> Result<Self, LexiconError> {
        let table = aliases_table()?;
        let without = Inner { ukrainian, russian, aliases: Aliases::default(), remembered: Mutex::default() };
        let mut lexicon = Self(Arc::new(without));
        let aliases = Aliases::new(&table.group, &table.kin, |text| lexicon.words(text));
        if let Some(inner) = Arc::get_mut(&mut lexicon.0) {
            inner.aliases = aliases;
            // Analysed before the table of kin was there.
            inner.remembered = Mutex::default();
        }
        Ok(lexicon)
    }

    /// Languages whose words are found by folding and rules only, because their dictionary is absent.
    pub fn missing(&self) -> Vec<Lang> {
        let absent = [("uk", self.0.ukrainian.is_none()), ("ru", self.0.russian.is_none())];
        absent.into_iter().filter(|(_, is_absent)| *is_absent).filter_map(|(tag, _)| Lang::parse(tag)).collect()
    }

    /// The lemmas a word is found by; for tests, benchmarks and whoever wants to see why something was found.
    pub fn lemmas(&self, word: &str) -> Vec<String> {
        self.keys(&analysis::fold(word)).lemmas.clone()
    }

    /// The words of a text with their keys.
    pub(crate) fn words(&self, text: &str) -> Vec<Word> {
        let tokens = analysis::tokens(text).into_iter();
        tokens.map(|token| Word { keys: self.keys(&token.key), token }).collect()
    }

    /// Entries of the alias table and telephone numbers in these words: key, first word, one past the last.
    pub(crate) fn aliases(&self, words: &[Word]) -> Vec<(String, usize, usize)> {
        let entries = self.0.aliases.find(words).into_iter().map(|(group, from, to)| (format!("g:{group}"), from, to));
        entries.chain(telephone_numbers(words)).collect()
    }

    /// Keys of one folded word.
    pub(crate) fn keys(&self, key: &str) -> Arc<Keys> {
        let locked = || self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = locked().get(key) {
            return Arc::clone(keys);
        }
        let keys = Arc::new(self.analyse(key));
        let mut remembered = locked();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key.to_owned(), Arc::clone(&keys));
        keys
    }

    fn analyse(&self, key: &str) -> Keys {
        let mut keys = Keys::default();
        match analysis::script(key) {
            Script::Cyrillic => self.cyrillic(key, &mut keys),
            Script::Latin => add(&mut keys.lemmas, analysis::english(key)),
            Script::Other => {}
        }
        if keys.lemmas.is_empty() {
            add(&mut keys.lemmas, key.to_owned());
        }
        let sounds = match analysis::script(key) {
            Script::Latin => vec![analysis::sound(key)],
            _ => keys.lemmas.iter().map(|l| analysis::sound(l.trim_start_matches('~'))).collect(),
        };
        sounds.into_iter().flatten().for_each(|s| add(&mut keys.sounds, s));
        keys.kin.retain(|k| !keys.lemmas.contains(k));
        keys
    }

    fn cyrillic(&self, key: &str, keys: &mut Keys) {
        if let Some(ukrainian) = &self.0.ukrainian {
            for (lemma, class) in ukrainian.lemmas(key) {
                if let Some(kin) =
                    self.0.aliases.kin(&lemma).map(str::to_owned).or_else(|| ukrainian_kin(ukrainian, &lemma, class))
                {
                    add(&mut keys.kin, kin);
                }
                add(&mut keys.lemmas, lemma);
            }
        }
        if let Some(russian) = &self.0.russian
            && russian.is_known(key)
        {
            for analysis in russian.analyze(key).iter().filter(|a| a.source == rumorph::Source::Dictionary && a.prob > RARE) {
                let lemma = analysis::fold(&analysis.lemma);
                let tag = russian.ud_tag(analysis.ud);
                if let Some(kin) = self.0.aliases.kin(&lemma).map(str::to_owned).or_else(|| russian_kin(russian, &lemma, tag)) {
                    add(&mut keys.kin, kin);
                }
                add(&mut keys.lemmas, lemma);
            }
        }
        keys.is_known = !keys.lemmas.is_empty();
        if !keys.is_known {
            add(&mut keys.lemmas, stem_key(key));
        }
    }
}

/// Readings below this share only join words that have nothing to do with each other.
const RARE: f64 = 0.01;

/// Key of a word that no dictionary knows; the mark keeps stems apart from lemmas.
pub(crate) fn stem_key(key: &str) -> String {
    format!("~{}", analysis::stem(key))
}

/// Runs of digits that may be a telephone number, however it is grouped. The key is the last nine digits: what stands before
/// them depends on where the caller is.
fn telephone_numbers(words: &[Word]) -> Vec<(String, usize, usize)> {
    const DIGITS: std::ops::RangeInclusive<usize> = 9..=15;
    /// Most characters between two groups, as in `) ` or ` - `.
    const GAP: usize = 3;
    let is_digits = |w: &Word| w.token.key.bytes().all(|b| b.is_ascii_digit());
    let mut found = Vec::new();
    let mut note = |from: usize, to: usize| {
        let digits: String = words[from..to].iter().map(|w| w.token.key.as_str()).collect();
        if DIGITS.contains(&digits.len()) {
            found.push((format!("n:{}", &digits[digits.len() - DIGITS.start()..]), from, to));
        }
    };
    let mut from = 0;
    while from < words.len() {
        let mut to = from;
        while to < words.len() && is_digits(&words[to]) && (to == from || words[to].token.start <= words[to - 1].token.end + GAP)
        {
            to += 1;
        }
        if to > from + 1 {
            note(from, to);
        }
        (from..to).for_each(|at| note(at, at + 1));
        from = to.max(from + 1);
    }
    found
}

fn add(list: &mut Vec<String>, key: String) {
    if !key.is_empty() && !list.contains(&key) {
        list.push(key);
    }
}

/// Tries rules of the form: ending, what may stand in its place.
fn rewrite(lemma: &str, rules: &[(&str, &[&str])], mut is_right: impl FnMut(&str) -> bool) -> Option<String> {
    rules.iter().filter_map(|(ending, instead)| Some((lemma.strip_suffix(ending)?, instead))).find_map(|(stem, instead)| {
        let candidates = instead.iter().map(|ending| format!("{stem}{ending}"));
        candidates.filter(|c| c.chars().count() > 3).find(|c| is_right(c))
    })
}

/// The verb that a Ukrainian word comes from, perfective where the dictionary has the pair.
fn ukrainian_kin(lexicon: &Ukrainian, lemma: &str, class: Class) -> Option<String> {
    let verb = match class {
        // Participle, verbal noun and the impersonal form in -но, -то share one stem, alternations included. Some
        // participles are listed as adjectives only.
        Class::Participle | Class::Adjective => lexicon.verb(&format!("{}о", lemma.strip_suffix("ий")?)),
        Class::Noun => {
            let stem = lemma.strip_suffix("ня").or_else(|| lemma.strip_suffix("тя"))?;
            lexicon.verb(&format!("{stem}о")).or_else(|| {
                let rules: &[(&str, &[&str])] = &[
                    ("ування", &["увати"]),
                    ("ювання", &["ювати"]),
                    ("ання", &["ати"]),
                    ("яння", &["яти"]),
                    ("ення", &["ити", "іти"]),
                ];
                rewrite(lemma, rules, |c| lexicon.is_lemma(c, &[Class::Perfective, Class::Imperfective]))
            })
        }
        Class::Perfective | Class::Imperfective => Some(lemma.to_owned()),
        _ => None,
    }?;
    let plain = rewrite(&verb, &[("ся", &[""])], |c| lexicon.is_lemma(c, &[Class::Perfective, Class::Imperfective]));
    let verb = plain.unwrap_or(verb);
    let rules: &[(&str, &[&str])] = &[
        ("плювати", &["пити"]),
        ("блювати", &["бити"]),
        ("влювати", &["вити"]),
        ("млювати", &["мити"]),
        ("ювати", &["яти", "ити", "іти"]),
        ("увати", &["ати", "ити", "нути"]),
        ("яти", &["ити"]),
        ("ивати", &["ити"]),
        ("івати", &["іти"]),
    ];
    let perfective = match lexicon.is_lemma(&verb, &[Class::Perfective]) {
        true => None,
        false => rewrite(&verb, rules, |c| lexicon.is_lemma(c, &[Class::Perfective])),
    };
    Some(perfective.unwrap_or(verb)).filter(|kin| kin != lemma)
}

/// The verb that a Russian word comes from; participles and converbs have the verb as lemma already.
fn russian_kin(dictionary: &rumorph::Dictionary, lemma: &str, tag: Option<rumorph::UdTag<'_>>) -> Option<String> {
    let is_verb = |word: &str, aspect: Option<&str>| {
        dictionary.is_known(word)
            && dictionary.analyze(word).iter().any(|a| {
                let tag = dictionary.ud_tag(a.ud);
                analysis::fold(&a.lemma) == word
                    && tag.is_some_and(|t| t.pos() == "VERB" && aspect.is_none_or(|aspect| t.feat("Aspect") == Some(aspect)))
            })
    };
    let verb = match tag?.pos() {
        "NOUN" => {
            let rules: &[(&str, &[&str])] = &[
                ("ывание", &["ывать"]),
                ("ивание", &["ивать"]),
                ("ование", &["овать"]),
                ("ание", &["ать"]),
                ("яние", &["ять"]),
                ("ление", &["ить", "лить"]),
                ("ение", &["ить", "еть"]),
                ("тие", &["ть"]),
            ];
            rewrite(lemma, rules, |c| is_verb(c, None))
        }
        "VERB" => Some(lemma.to_owned()),
        _ => None,
    }?;
    let verb = rewrite(&verb, &[("ся", &[""]), ("сь", &[""])], |c| is_verb(c, None)).unwrap_or(verb);
    let rules: &[(&str, &[&str])] = &[
        ("пливать", &["пить"]),
        ("бливать", &["бить"]),
        ("вливать", &["вить"]),
        ("мливать", &["мить"]),
        ("ивать", &["ять", "ить", "еть", "ать"]),
        ("ывать", &["ать", "ыть"]),
        ("лять", &["ить"]),
        ("ять", &["ить"]),
    ];
    let perfective = match is_verb(&verb, Some("Perf")) {
        true => None,
        false => rewrite(&verb, rules, |c| is_verb(c, Some("Perf"))),
    };
    Some(perfective.unwrap_or(verb)).filter(|kin| kin != lemma)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kin: BTreeMap<String, String>,
    group: Vec<Group>,
}
/// Names for one thing.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub words: Vec<String>,
}

fn aliases_table() -> Result<Table, LexiconError> {
    toml::from_str(include_str!("aliases.toml")).map_err(LexiconError::Aliases)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        Lexicon::bundled().expect("the dictionaries are whole")
    }

    #[test]
    fn both_languages_stand_at_one_place() {
        let lexicon = lexicon();
        for (word, lemma) in [
            ("ящиків", "ящик"),
            ("ящиков", "ящик"),
            ("описью", "опись"),
            ("музею", "музей"),
            ("будівель", "будівля"),
            ("люди", "человек"),
            ("Киева", "киев"),
            ("Києва", "київ"),
            ("ґанку", "ганок"),
            ("щенка", "щенок"),
        ] {
            assert!(lexicon.lemmas(word).iter().any(|l| l == lemma), "{word} {:?}", lexicon.lemmas(word));
        }
    }

    #[test]
    fn word_families_end_in_one_verb() {
        let lexicon = lexicon();
        let head = |word: &str| {
            let keys = lexicon.keys(&analysis::fold(word));
            keys.kin.first().or(keys.lemmas.first()).cloned().unwrap_or_default()
        };
        for word in [
            "розстріл",
            "розстрілу",
            "розстріляти",
            "розстріляли",
            "розстріляний",
            "розстріляно",
            "розстрілювали",
            "розстрілявши",
        ] {
            assert_eq!(head(word), "розстріляти", "{word}");
        }
        for word in ["расстрел", "расстреляли", "расстрелянный", "расстреливать", "расстреливали"]
        {
            assert_eq!(head(word), "расстрелять", "{word}");
        }
        for word in ["захоплення", "захоплений", "захоплювали", "захопив"] {
            assert_eq!(head(word), "захопити", "{word}");
        }
        // Near in sound, far in meaning.
        assert_ne!(head("катували"), head("катати"));
        assert_ne!(head("народити"), head("народ"));
    }

    #[test]
    fn without_dictionaries_names_still_meet() {
        let lexicon = Lexicon::without_dictionaries().expect("the table is whole");
        assert_eq!(lexicon.missing().iter().map(Lang::as_str).collect::<Vec<_>>(), ["uk", "ru"]);
        assert_eq!(lexicon.lemmas("ящиків"), lexicon.lemmas("ящиками"));
        assert!(self::lexicon().missing().is_empty());
    }
}
