//! What a person types, taken apart: words, "phrases", -exclusions, prefix*. Any text is a query; there are no errors.

use crate::lexicon::{Lexicon, Word};

/// Longest query read, in characters, and most words in it; the rest is left out, and the answer says so.
const MAX_CHARS: usize = 4096;
const MAX_WORDS: usize = 48;

/// One condition.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub words: Vec<Word>,
    pub shape: Shape,
    pub is_excluded: bool,
    /// Little words that need not be found when there are others.
    pub is_optional: bool,
    /// Keys that these words have together: groups of the alias table, a telephone number.
    pub aliases: Vec<String>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One word in any form.
    Word,
    /// Words side by side, in any form.
    Phrase,
    /// One word in quotation marks: as it stands.
    Exact,
    /// The beginning of a word.
    Prefix,
    /// Several words anywhere, or the group that they name.
    Together,
}

/// Parts, and whether the query was longer than is read.
pub(crate) fn parse(lexicon: &Lexicon, text: &str) -> (Vec<Part>, bool) {
    let mut is_cut = text.chars().nth(MAX_CHARS).is_some();
    let chars: Vec<char> = text.chars().take(MAX_CHARS).collect();
    let mut parts: Vec<Part> = Vec::new();
    let mut n_words = 0;
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let is_excluded = matches!(chars[at], '-' | '−') && chars.get(at + 1).is_some_and(|c| !c.is_whitespace());
        at += usize::from(is_excluded);
        let is_quoted = matches!(chars[at], '"' | '«' | '“' | '„');
        at += usize::from(is_quoted);
        let ends = |c: &char| match is_quoted {
            true => matches!(c, '"' | '»' | '”' | '“'),
            false => c.is_whitespace() || matches!(c, '"' | '«' | '“' | '„'),
        };
        let end = chars[at..].iter().position(ends).map_or(chars.len(), |len| at + len);
        let chunk: String = chars[at..end].iter().collect();
        let mut words = lexicon.words(&chunk);
        for word in &mut words {
            word.token.start += at;
            word.token.end += at;
        }
        at = end + usize::from(is_quoted);

        if n_words + words.len() > MAX_WORDS {
            is_cut = true;
            words.truncate(MAX_WORDS - n_words);
        }
        n_words += words.len();
        let is_prefix = !is_quoted && chunk.ends_with('*') && words.last().is_some_and(|w| w.token.key.chars().nth(1).is_some());
        let prefix = if is_prefix { words.pop() } else { None };
        let shape = match (words.len(), is_quoted) {
            (1, true) => Shape::Exact,
            (1, false) => Shape::Word,
            _ => Shape::Phrase,
        };
        let part = |words: Vec<Word>, shape| Part { words, shape, is_excluded, is_optional: false, aliases: Vec::new() };
        if !words.is_empty() {
            parts.push(part(words, shape));
        }
        parts.extend(prefix.map(|word| part(vec![word], Shape::Prefix)));
    }
    let mut parts = group(lexicon, parts);
    let is_little = |p: &Part| p.shape == Shape::Word && !p.is_excluded && LITTLE_WORDS.contains(&p.words[0].token.key.as_str());
    if parts.iter().any(|p| !p.is_excluded && !is_little(p)) {
        parts.iter_mut().for_each(|p| p.is_optional = is_little(p));
    }
    (parts, is_cut)
}

/// Notes aliases; plain words that have one only together become one part.
fn group(lexicon: &Lexicon, parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    let mut rest = parts.into_iter().peekable();
    while let Some(mut part) = rest.next() {
        if part.is_excluded || part.shape == Shape::Prefix || part.shape == Shape::Exact {
            out.push(part);
            continue;
        }
        if part.shape == Shape::Phrase {
            let len = part.words.len();
            let found = lexicon.aliases(&part.words).into_iter();
            part.aliases = found.filter(|(_, from, to)| (*from, *to) == (0, len)).map(|(key, _, _)| key).collect();
            out.push(part);
            continue;
        }
        // A run of plain words.
        let mut run = vec![part];
        while let Some(next) = rest.next_if(|p| p.shape == Shape::Word && !p.is_excluded) {
            run.push(next);
        }
        let words: Vec<Word> = run.iter().flat_map(|p| p.words.clone()).collect();
        let found = lexicon.aliases(&words);
        let mut at = 0;
        while at < run.len() {
            let longest = found.iter().filter(|(_, from, _)| *from == at).map(|(_, _, to)| *to).max().unwrap_or(at + 1);
            let aliases =
                found.iter().filter(|(_, from, to)| (*from, *to) == (at, longest)).map(|(key, _, _)| key.clone()).collect();
            let shape = if longest - at == 1 { Shape::Word } else { Shape::Together };
            out.push(Part { words: words[at..longest].to_vec(), shape, is_excluded: false, is_optional: false, aliases });
            at = longest;
        }
    }
    out
}

/// Prepositions, conjunctions and particles of both languages and of English, in folded spelling.
const LITTLE_WORDS: &[&str] = &[
    "а", "але", "або", "без", "би", "бы", "в", "від", "во", "вот", "да", "де", "для", "до", "же", "з", "за", "зі", "и", "из",
    "или", "і", "із", "й", "к", "ко", "ли", "на", "над", "не", "ні", "ни", "но", "о", "об", "от", "по", "под", "при", "про", "с",
    "се", "со", "та", "те", "то", "ту", "у", "це", "чи", "что", "що", "як", "як", "the", "an", "of", "to", "in", "on", "at",
    "and", "or", "is", "for",
];
