//! The Ukrainian lexicon: from a form to its lemmas.
//!
//! Stems in a finite map, endings in paradigms; a form is cut at every place where a stem ends and kept where the paradigm
//! has the rest. Made by `cargo xtask lexicon`, format in `docs/formats/lexicon.md`. Read from memory, checked when read.

use std::collections::HashMap;

/// What a lemma inflects as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Adverbs, particles, numerals and the rest.
    Other,
    #[allow(missing_docs)]
    Noun,
    #[allow(missing_docs)]
    Adjective,
    /// Adjective made from a verb.
    Participle,
    /// Verb, perfective.
    Perfective,
    /// Verb, imperfective.
    Imperfective,
    /// Converb whose verb the dictionary lacks.
    Converb,
}

/// Why bytes are no lexicon.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the Ukrainian lexicon is damaged ({0})")]
pub struct Damaged(pub &'static str);

struct Paradigm {
    class: Class,
    lemma: u32,
    /// Ascending indices of endings.
    forms: Box<[u32]>,
}

/// The lexicon, about 2 MB, of which the map is read where it lies.
pub struct Ukrainian {
    stems: fst::raw::Fst<&'static [u8]>,
    endings: Vec<&'static str>,
    ending_idx: HashMap<&'static str, u32>,
    paradigms: Vec<Paradigm>,
    sets: Vec<Box<[u32]>>,
}

const MAGIC: &[u8] = b"ZLEXUK01";

impl Ukrainian {
    /// The lexicon that every zapys carries.
    pub fn bundled() -> Result<Self, Damaged> {
        Self::read(include_bytes!("../data/ukrainian.lexicon"))
    }

    /// Reads a lexicon; every index in it is checked.
    pub fn read(bytes: &'static [u8]) -> Result<Self, Damaged> {
        let mut input = Input(bytes.strip_prefix(MAGIC).ok_or(Damaged("magic"))?);
        let mut heads = [0usize; 6];
        for head in &mut heads {
            *head = u32::from_le_bytes(*input.0.split_first_chunk::<4>().ok_or(Damaged("head"))?.0) as usize;
            input.0 = &input.0[4..];
        }
        let [n_endings, n_paradigms, n_sets, ending_bytes, paradigm_bytes, set_bytes] = heads;
        let (mut ending_part, mut paradigm_part, mut set_part) =
            (input.part(ending_bytes)?, input.part(paradigm_bytes)?, input.part(set_bytes)?);
        // Each takes at least a byte, which bounds what is reserved.
        if n_endings > ending_bytes || n_paradigms > paradigm_bytes || n_sets > set_bytes {
            return Err(Damaged("counts"));
        }
        let mut endings = Vec::with_capacity(n_endings);
        let mut ending_idx = HashMap::with_capacity(n_endings);
        for i in 0..n_endings {
            let len = ending_part.number()? as usize;
            let ending = std::str::from_utf8(ending_part.part(len)?.0).map_err(|_| Damaged("ending"))?;
            endings.push(ending);
            ending_idx.insert(ending, i as u32);
        }
        let mut paradigms = Vec::with_capacity(n_paradigms);
        for _ in 0..n_paradigms {
            let class = match paradigm_part.byte()? {
                0 => Class::Other,
                1 => Class::Noun,
                2 => Class::Adjective,
                3 => Class::Participle,
                4 => Class::Perfective,
                5 => Class::Imperfective,
                6 => Class::Converb,
                _ => return Err(Damaged("class")),
            };
            let lemma = paradigm_part.number()?;
            if lemma as usize >= n_endings {
                return Err(Damaged("lemma"));
            }
            paradigms.push(Paradigm { class, lemma, forms: paradigm_part.ascending(n_endings)? });
        }
        let sets = (0..n_sets).map(|_| set_part.ascending(n_paradigms)).collect::<Result<_, _>>()?;
        let stems = fst::raw::Fst::new(input.0).map_err(|_| Damaged("stems"))?;
        Ok(Self { stems, endings, ending_idx, paradigms, sets })
    }

    /// Every lemma with this form (folded spelling), each once, with its class.
    pub fn lemmas(&self, form: &str) -> Vec<(String, Class)> {
        let mut found: Vec<(String, Class)> = Vec::new();
        let mut node = self.stems.root();
        let mut output = fst::raw::Output::zero();
        for (at, c) in form.char_indices().map(|(at, c)| (at, Some(c))).chain([(form.len(), None)]) {
            if node.is_final() {
                self.at_stem(&form[..at], &form[at..], output.cat(node.final_output()).value(), &mut found);
            }
            let letter = c.and_then(|c| u8::try_from(u32::from(c).wrapping_sub(0x42f)).ok());
            let Some(arc) = letter.and_then(|b| node.find_input(b)).map(|i| node.transition(i)) else { break };
            output = output.cat(arc.out);
            node = self.stems.node(arc.addr);
        }
        found
    }

    fn at_stem(&self, stem: &str, rest: &str, set: u64, found: &mut Vec<(String, Class)>) {
        let Some(ending) = self.ending_idx.get(rest) else { return };
        let Some(set) = usize::try_from(set).ok().and_then(|i| self.sets.get(i)) else { return };
        for paradigm in set.iter().map(|p| &self.paradigms[*p as usize]) {
            if paradigm.forms.binary_search(ending).is_ok() {
                let lemma = (format!("{stem}{}", self.endings[paradigm.lemma as usize]), paradigm.class);
                if !found.contains(&lemma) {
                    found.push(lemma);
                }
            }
        }
    }

    /// The lemma of a verb that has this form.
    pub fn verb(&self, form: &str) -> Option<String> {
        let is_verb = |class| matches!(class, Class::Perfective | Class::Imperfective);
        self.lemmas(form).into_iter().find(|(_, class)| is_verb(*class)).map(|(lemma, _)| lemma)
    }

    /// Whether `word` is a lemma of one of `classes`.
    pub fn is_lemma(&self, word: &str, classes: &[Class]) -> bool {
        self.lemmas(word).iter().any(|(lemma, class)| lemma == word && classes.contains(class))
    }
}

struct Input(&'static [u8]);

impl Input {
    fn part(&mut self, len: usize) -> Result<Input, Damaged> {
        let (part, rest) = self.0.split_at_checked(len).ok_or(Damaged("length"))?;
        self.0 = rest;
        Ok(Input(part))
    }
    fn byte(&mut self) -> Result<u8, Damaged> {
        let (b, rest) = self.0.split_first().ok_or(Damaged("length"))?;
        self.0 = rest;
        Ok(*b)
    }
    fn number(&mut self) -> Result<u32, Damaged> {
        let mut n = 0u32;
        for shift in [0, 7, 14, 21] {
            let b = self.byte()?;
            n |= u32::from(b & 0x7f) << shift;
            if b < 0x80 {
                return Ok(n);
            }
        }
        Err(Damaged("number"))
    }
    fn ascending(&mut self, below: usize) -> Result<Box<[u32]>, Damaged> {
        let n = self.number()? as usize;
        if n > self.0.len() {
            return Err(Damaged("count"));
        }
        let mut last = 0;
        (0..n)
            .map(|_| {
                last = self.number()?.checked_add(last).filter(|n| (*n as usize) < below).ok_or(Damaged("index"))?;
                Ok(last)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lexicon: &Ukrainian, form: &str, lemmas: &[&str]) {
        let mut found: Vec<String> = lexicon.lemmas(form).into_iter().map(|(l, _)| l).collect();
        found.sort();
        found.dedup();
        assert_eq!(found, lemmas, "{form}");
    }

    #[test]
    fn forms_lead_to_lemmas() {
        let lexicon = Ukrainian::bundled().expect("the lexicon is whole");
        for form in ["ящик", "ящики", "ящиків", "ящиками", "ящику"] {
            check(&lexicon, form, &["ящик"]);
        }
        check(&lexicon, "музею", &["музей"]);
        check(&lexicon, "будівель", &["будівля"]);
        check(&lexicon, "мяти", &["мята", "мяти"]);
        check(&lexicon, "києва", &["київ"]);
        check(&lexicon, "розстрілявши", &["розстріляти"]);
        check(&lexicon, "", &[]);
        check(&lexicon, "zzz", &[]);
        check(&lexicon, "ящикиии", &[]);
        assert_eq!(lexicon.verb("розстріляно").as_deref(), Some("розстріляти"));
    }

    #[test]
    fn damaged_bytes_are_an_error_or_an_answer_never_a_crash() {
        let whole: &'static [u8] = include_bytes!("../data/ukrainian.lexicon");
        assert!(Ukrainian::read(b"").is_err());
        for cut in [4, 8, 20, 31, 32, 40, 1000, 100_000, 150_000] {
            let part: &'static [u8] = Box::leak(whole[..cut].to_vec().into_boxed_slice());
            assert!(Ukrainian::read(part).is_err(), "{cut}");
        }
        for at in (8..160_000).step_by(13_007) {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 0xff;
            if let Ok(lexicon) = Ukrainian::read(Box::leak(bytes.into_boxed_slice())) {
                lexicon.lemmas("ящиками");
            }
        }
    }
}
