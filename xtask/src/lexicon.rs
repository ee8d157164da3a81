//! `cargo xtask lexicon DIR`: makes the Ukrainian lexicon of `crates/search` from the dictionary of the Lucene project.
//!
//! In: `ukrainian.dict` (Apache-2.0; a finite automaton in the CFSA2 form of the morfologik project), alone or still inside
//! the Python source package that carries it. Out: `ukrainian.lexicon`, the same words as stems with paradigms, a seventh of
//! the size. Both ends are pinned by digest, so the file kept in the repository can be made again and compared.
//! Format: `docs/formats/lexicon.md`. Why this way: `docs/decisions/0004-lemmas.md`.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Name of the file made.
pub const MADE: &str = "ukrainian.lexicon";
/// SHA-256 of the file made.
pub const MADE_SHA256: &str = "6a61f80d514b488f784fc8eb7bbb20af54cd53b4469558879fd1991b93fbc354";
/// The Python source package that carries the dictionary.
const PACKAGE: &str = "pyserini-1.6.0.tar.gz";
const JAR: &str = "anserini-1.7.1-fatjar.jar";
const ENTRY: &str = "ua/net/nlp/ukrainian.dict";
const DICTIONARY: &str = "ukrainian.dict";
const DICTIONARY_SHA256: &str = "2e9139cf018ec0ba9f6921131c3f1e1bd86715d146bf2b242e421db71e12a580";
const MAGIC: &[u8; 8] = b"ZLEXUK01";

/// Makes `ukrainian.lexicon` in `pack_dir` from `ukrainian.dict` or the package there.
/// Takes about half a minute (release) and 1.5 GB of memory. Errors: a plain sentence.
pub fn build(pack_dir: &Path) -> Result<(), String> {
    let dictionary = dictionary(pack_dir)?;
    pinned(DICTIONARY, &dictionary, DICTIONARY_SHA256)?;
    let lexicon = make(&dictionary)?;
    pinned(MADE, &lexicon, MADE_SHA256)?;
    std::fs::write(pack_dir.join(MADE), lexicon).map_err(|e| format!("{MADE} cannot be written: {e}"))
}

fn pinned(name: &str, bytes: &[u8], expected: &str) -> Result<(), String> {
    let found: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    if found == expected { Ok(()) } else { Err(format!("{name} has the digest {found}, expected {expected}")) }
}

/// The bytes of the dictionary, unpacked where needed.
fn dictionary(dir: &Path) -> Result<Vec<u8>, String> {
    let told = |what: &str, e: &dyn std::fmt::Display| format!("{what} cannot be read: {e}");
    if let Ok(bytes) = std::fs::read(dir.join(DICTIONARY)) {
        return Ok(bytes);
    }
    let package = File::open(dir.join(PACKAGE))
        .map_err(|_| format!("neither {DICTIONARY} nor {PACKAGE} is in {}; fetch the package first", dir.display()))?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(package));
    for entry in archive.entries().map_err(|e| told(PACKAGE, &e))? {
        let mut entry = entry.map_err(|e| told(PACKAGE, &e))?;
        if !entry.path().is_ok_and(|p| p.ends_with(JAR)) {
            continue;
        }
        let mut jar = tempfile::tempfile().map_err(|e| told("a temporary file", &e))?;
        std::io::copy(&mut entry, &mut jar).map_err(|e| told(JAR, &e))?;
        jar.flush().and_then(|()| jar.rewind()).map_err(|e| told(JAR, &e))?;
        let mut jar = zip::ZipArchive::new(jar).map_err(|e| told(JAR, &e))?;
        let mut bytes = Vec::new();
        let mut found = jar.by_name(ENTRY).map_err(|e| told(ENTRY, &e))?;
        found.read_to_end(&mut bytes).map_err(|e| told(ENTRY, &e))?;
        return Ok(bytes);
    }
    Err(format!("{PACKAGE} holds no {JAR}"))
}

/// A finite automaton in CFSA2 form: every path from the root spells one dictionary line.
///
/// Arc: one byte of flags and label index, the label itself where the index is 0, then the target as a variable-length
/// number unless the target is the next node. Source: the format notes of the morfologik project.
struct Automaton<'a> {
    labels: &'a [u8],
    arcs: &'a [u8],
}
struct Arc {
    label: u8,
    is_final: bool,
    target: usize,
}

impl<'a> Automaton<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let bad = || "not a dictionary in CFSA2 form".to_string();
        let rest = bytes.strip_prefix(b"\\fsa\xc6").ok_or_else(bad)?;
        let (&[high, low, n_labels], rest) = rest.split_first_chunk::<3>().ok_or_else(bad)?;
        // Bit 3 would put perfect-hash counts before each node; this dictionary has none.
        if u16::from_be_bytes([high, low]) & 8 != 0 || rest.len() <= usize::from(n_labels) {
            return Err(bad());
        }
        let (labels, arcs) = rest.split_at(usize::from(n_labels));
        Ok(Self { labels, arcs })
    }

    /// The arcs of the node at `at`.
    fn node(&self, mut at: usize) -> Result<Vec<Arc>, String> {
        let cut = || "the dictionary breaks off".to_string();
        let mut arcs = Vec::new();
        let mut next_is_target = Vec::new();
        loop {
            let mut byte = || -> Result<u8, String> {
                let b = *self.arcs.get(at).ok_or_else(cut)?;
                at += 1;
                Ok(b)
            };
            let flags = byte()?;
            let index = usize::from(flags & 0x1f);
            let label = if index == 0 { byte()? } else { *self.labels.get(index).ok_or_else(cut)? };
            let mut target = 0usize;
            if flags & 0x80 == 0 {
                for shift in (0..).step_by(7) {
                    let b = byte()?;
                    target |= usize::from(b & 0x7f).checked_shl(shift).ok_or_else(cut)?;
                    if b & 0x80 == 0 || shift > 28 {
                        break;
                    }
                }
            } else {
                next_is_target.push(arcs.len());
            }
            arcs.push(Arc { label, is_final: flags & 0x20 != 0, target });
            if flags & 0x40 != 0 {
                break;
            }
        }
        for i in next_is_target {
            arcs[i].target = at;
        }
        Ok(arcs)
    }

    /// Calls `line` with every line, in byte order.
    fn lines(&self, line: &mut dyn FnMut(&[u8]) -> Result<(), String>) -> Result<(), String> {
        let root = self.node(0)?.first().map(|a| a.target).ok_or("the dictionary is empty")?;
        let mut path = Vec::new();
        let mut stack = vec![(self.node(root)?, 0usize)];
        while let Some((arcs, next)) = stack.last_mut() {
            let Some(arc) = arcs.get(*next) else {
                stack.pop();
                path.pop();
                continue;
            };
            *next += 1;
            path.push(arc.label);
            if path.len() > 1000 {
                return Err("the dictionary has a line without end".into());
            }
            if arc.is_final {
                line(&path)?;
            }
            if arc.target == 0 {
                path.pop();
            } else {
                let arcs = self.node(arc.target)?;
                stack.push((arcs, 0));
            }
        }
        Ok(())
    }
}

/// What a paradigm inflects; the byte in the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
enum Class {
    Other = 0,
    Noun = 1,
    Adjective = 2,
    Participle = 3,
    Perfective = 4,
    Imperfective = 5,
    Converb = 6,
}

fn class(tag: &str) -> Class {
    let has = |part: &str| tag.split(['|', ':']).any(|p| p == part);
    match tag.split([':', '|']).next().unwrap_or_default() {
        "noun" => Class::Noun,
        "adj" if has("&adjp") => Class::Participle,
        "adj" => Class::Adjective,
        "verb" if has("perf") => Class::Perfective,
        "verb" => Class::Imperfective,
        "advp" => Class::Converb,
        _ => Class::Other,
    }
}

/// The spelling that texts are compared in: lower case, `ґ` as `г`, no apostrophes.
fn fold(word: &str) -> String {
    word.to_lowercase().chars().filter(|c| !matches!(c, '\'' | '’' | 'ʼ')).map(|c| if c == 'ґ' { 'г' } else { c }).collect()
}

/// Letters U+0430 to U+045F as bytes 1 to 48: one byte each makes the map of stems a third smaller. `None` for any other sign.
fn letters(word: &str) -> Option<Vec<u8>> {
    word.chars().map(|c| u8::try_from(u32::from(c).checked_sub(0x42f)?).ok().filter(|b| (1..=48).contains(b))).collect()
}

/// Lemma and class -> forms.
type Lexemes = BTreeMap<(String, Class), BTreeSet<String>>;

fn lexemes(dictionary: &[u8]) -> Result<Lexemes, String> {
    let mut lexemes = Lexemes::new();
    Automaton::new(dictionary)?.lines(&mut |line| {
        let bad = || "a dictionary line is not form, lemma and tag".to_string();
        // form '+' (how many bytes to cut, from 'A') (what to append) '+' tag
        let mut parts = line.splitn(3, |&b| b == b'+');
        let (Some(form), Some(code), Some(tag)) = (parts.next(), parts.next(), parts.next()) else { return Err(bad()) };
        let (&cut, tail) = code.split_first().ok_or_else(bad)?;
        let keep = form.len().checked_sub(usize::from(cut.wrapping_sub(b'A'))).ok_or_else(bad)?;
        let lemma = String::from_utf8([&form[..keep], tail].concat()).map_err(|_| bad())?;
        let form = std::str::from_utf8(form).map_err(|_| bad())?;
        let class = class(std::str::from_utf8(tag).map_err(|_| bad())?);
        // Words with hyphens are split before they are looked up.
        let (lemma, form) = (fold(&lemma), fold(form));
        if letters(&lemma).is_some() && letters(&form).is_some() {
            lexemes.entry((lemma, class)).or_default().insert(form);
        }
        Ok(())
    })?;
    Ok(lexemes)
}

/// The dictionary makes each converb a lemma of its own; here it becomes a form of its verb, where that is found.
fn attach_converbs(lexemes: &mut Lexemes) {
    let mut verb_of: HashMap<&str, &(String, Class)> = HashMap::new();
    for (key, forms) in lexemes.iter().filter(|(key, _)| matches!(key.1, Class::Perfective | Class::Imperfective)) {
        verb_of.extend(forms.iter().map(|form| (form.as_str(), key)));
    }
    // Ending of the converb -> ending of a finite form of the same stem: past masculine, or third person plural.
    const ENDINGS: &[(&str, &[&str])] = &[
        ("вшися", &["вся", "всь"]),
        ("вшись", &["вся", "всь"]),
        ("шися", &["ся", "сь"]),
        ("шись", &["ся", "сь"]),
        ("чися", &["ться"]),
        ("чись", &["ться"]),
        ("вши", &["в"]),
        ("ши", &[""]),
        ("чи", &["ть"]),
    ];
    let mut moves = Vec::new();
    for (key, forms) in lexemes.iter().filter(|(key, _)| key.1 == Class::Converb) {
        let found = ENDINGS
            .iter()
            .filter_map(|(ending, finite)| Some((key.0.strip_suffix(ending)?, finite)))
            .find_map(|(stem, finite)| finite.iter().find_map(|ending| verb_of.get(format!("{stem}{ending}").as_str()).copied()));
        if let Some(verb) = found {
            moves.push((key.clone(), verb.clone(), forms.clone()));
        }
    }
    for (converb, verb, forms) in moves {
        lexemes.remove(&converb);
        lexemes.entry(verb).or_default().extend(forms);
    }
}

/// Length in bytes of what all forms and the lemma begin with.
fn stem_len(lemma: &str, forms: &BTreeSet<String>) -> usize {
    forms.iter().fold(lemma.len(), |len, form| {
        let same = lemma.char_indices().zip(form.chars()).take_while(|((_, a), b)| a == b).last();
        len.min(same.map_or(0, |((at, c), _)| at + c.len_utf8()))
    })
}

fn number(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Writes ascending numbers as differences.
fn ascending(out: &mut Vec<u8>, numbers: &BTreeSet<usize>) {
    number(out, numbers.len());
    let mut before = 0;
    for &n in numbers {
        number(out, n - before);
        before = n;
    }
}

/// Dictionary bytes in, lexicon bytes out.
fn make(dictionary: &[u8]) -> Result<Vec<u8>, String> {
    let mut lexemes = lexemes(dictionary)?;
    attach_converbs(&mut lexemes);

    // Two rounds: endings first, so that they are numbered in a fixed order.
    let split: Vec<(&str, Class, &str, Vec<&str>)> = lexemes
        .iter()
        .map(|((lemma, class), forms)| {
            let stem = stem_len(lemma, forms);
            (&lemma[..stem], *class, &lemma[stem..], forms.iter().map(|f| &f[stem..]).collect())
        })
        .collect();
    let endings: BTreeSet<&str> = split.iter().flat_map(|(_, _, lemma, forms)| forms.iter().copied().chain([*lemma])).collect();
    let ending_idx: HashMap<&str, usize> = endings.iter().enumerate().map(|(i, e)| (*e, i)).collect();

    let mut paradigms: BTreeMap<(Class, usize, BTreeSet<usize>), usize> = BTreeMap::new();
    let mut at_stem: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (stem, class, lemma, forms) in &split {
        let n = paradigms.len();
        let key = (*class, ending_idx[lemma], forms.iter().map(|f| ending_idx[f]).collect());
        at_stem.entry(stem).or_default().insert(*paradigms.entry(key).or_insert(n));
    }
    let mut sets: BTreeMap<&BTreeSet<usize>, usize> = BTreeMap::new();
    for set in at_stem.values() {
        let n = sets.len();
        sets.entry(set).or_insert(n);
    }

    let (mut ending_bytes, mut paradigm_bytes, mut set_bytes) = (Vec::new(), Vec::new(), Vec::new());
    for ending in &endings {
        number(&mut ending_bytes, ending.len());
        ending_bytes.extend_from_slice(ending.as_bytes());
    }
    let mut by_number: Vec<_> = paradigms.iter().map(|(p, n)| (n, p)).collect();
    by_number.sort();
    for (_, (class, lemma, forms)) in by_number {
        paradigm_bytes.push(*class as u8);
        number(&mut paradigm_bytes, *lemma);
        ascending(&mut paradigm_bytes, forms);
    }
    let mut by_number: Vec<_> = sets.iter().map(|(s, n)| (n, s)).collect();
    by_number.sort();
    for (_, set) in by_number {
        ascending(&mut set_bytes, set);
    }
    let stems: BTreeMap<Vec<u8>, u64> = at_stem.iter().filter_map(|(s, set)| Some((letters(s)?, sets[set] as u64))).collect();
    let stems = fst::Map::from_iter(stems).map_err(|e| format!("the stems do not make a map: {e}"))?;

    let mut out = MAGIC.to_vec();
    for n in [endings.len(), paradigms.len(), sets.len(), ending_bytes.len(), paradigm_bytes.len(), set_bytes.len()] {
        let n = u32::try_from(n).map_err(|_| "the lexicon is too large for its format")?;
        out.extend_from_slice(&n.to_le_bytes());
    }
    for part in [&ending_bytes, &paradigm_bytes, &set_bytes] {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(stems.as_fst().as_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lines in CFSA2 form, written by hand: an entry node, a root with two arcs, two chains.
    fn automaton(first: &[u8], second: &[u8]) -> Vec<u8> {
        let chain = |line: &[u8]| {
            let (last, rest) = line[1..].split_last().expect("at least two signs");
            let mut arcs: Vec<u8> = rest.iter().flat_map(|b| [0xc0, *b]).collect();
            arcs.extend([0x60, *last, 0]);
            arcs
        };
        let second_chain = chain(second);
        // Entry arc, root arc with a target, root arc to the next node.
        let first_at = 2 + 3 + 2 + second_chain.len();
        let mut bytes = b"\\fsa\xc6\x00\x07\x01\x00".to_vec();
        bytes.extend([0xc0, b'^', 0x00, first[0], u8::try_from(first_at).expect("short"), 0xc0, second[0]]);
        bytes.extend(second_chain);
        bytes.extend(chain(first));
        bytes
    }

    #[test]
    fn a_dictionary_becomes_a_lexicon() {
        let bytes = automaton("єдність+A+noun".as_bytes(), "ящики+C+noun:inanim:p:v_naz".as_bytes());
        let found = lexemes(&bytes).expect("readable");
        let found: Vec<_> =
            found.iter().map(|((l, c), f)| (l.as_str(), *c as u8, f.iter().cloned().collect::<Vec<_>>())).collect();
        assert_eq!(found, [("ящик", 1, vec!["ящики".to_owned()]), ("єдність", 1, vec!["єдність".to_owned()])]);

        let made = make(&bytes).expect("made");
        assert!(made.starts_with(MAGIC));
        let head = |i: usize| u32::from_le_bytes(made[8 + 4 * i..12 + 4 * i].try_into().expect("four")) as usize;
        let stems = fst::Map::new(made[32 + head(3) + head(4) + head(5)..].to_vec()).expect("a map");
        assert!(stems.get(letters("ящик").expect("letters")).is_some());
        assert_eq!((head(0), stems.len()), (2, 2));
    }

    #[test]
    fn damaged_dictionaries_are_refused() {
        let whole = automaton("єдність+A+noun".as_bytes(), "ящики+C+noun".as_bytes());
        for cut in 0..whole.len() {
            assert!(lexemes(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(lexemes(&automaton(b"ab+zz+x", b"cd")).is_err());
    }

    #[test]
    fn the_lexicon_kept_is_the_one_made() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/search/data").join(MADE);
        pinned(MADE, &std::fs::read(kept).expect("kept in the repository"), MADE_SHA256).expect("unchanged");
    }
}
