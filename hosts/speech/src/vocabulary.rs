//! The model's tokens: byte-level BPE pieces, and the special ones after them.

use crate::Fault;
use std::collections::HashMap;
use std::path::Path;

/// Tokens by number, and the numbers of those with a meaning of their own.
pub struct Vocabulary {
    bytes: Vec<Vec<u8>>,
    languages: HashMap<String, usize>,
    /// First number that is no text: the end of a text.
    pub end: usize,
    /// Start of a transcript.
    pub start: usize,
    /// Task tokens.
    pub transcribe: usize,
    #[allow(missing_docs)]
    pub translate: usize,
    /// "No time tokens follow."
    pub no_times: usize,
}

impl Vocabulary {
    /// Reads `vocabulary.json` of a CTranslate2 model folder. Errors: [`Fault::Model`].
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let text = std::fs::read(folder.join("vocabulary.json")).map_err(|_| Fault::Model("its vocabulary cannot be read"))?;
        let tokens: Vec<String> =
            serde_json::from_slice(&text).map_err(|_| Fault::Model("its vocabulary is not a list of tokens"))?;
        Self::of(&tokens)
    }

    /// From the tokens in order of their numbers. Errors: [`Fault::Model`] where a special token is missing.
    pub fn of(tokens: &[String]) -> Result<Self, Fault> {
        let find = |t: &str| tokens.iter().rposition(|x| x == t).ok_or(Fault::Model("its vocabulary lacks special tokens"));
        let (end, start) = (find("<|endoftext|>")?, find("<|startoftranscript|>")?);
        let (transcribe, translate, no_times) = (find("<|transcribe|>")?, find("<|translate|>")?, find("<|notimestamps|>")?);
        let byte_of: HashMap<char, u8> = (0..=255u8).map(|b| (printable(b), b)).collect();
        let bytes = tokens[..end].iter().map(|t| t.chars().filter_map(|c| byte_of.get(&c).copied()).collect()).collect();
        let languages = (start + 1..translate.min(transcribe))
            .filter_map(|i| Some((tokens[i].strip_prefix("<|")?.strip_suffix("|>")?.to_owned(), i)))
            .collect();
        Ok(Self { bytes, languages, end, start, transcribe, translate, no_times })
    }

    /// Number of a language's token, by the name the model has for it (`ru`).
    pub fn language(&self, name: &str) -> Option<usize> {
        self.languages.get(name).copied()
    }

    /// How byte-level BPE spells one byte.
    #[cfg(test)]
    pub(crate) fn spelled(byte: u8) -> String {
        printable(byte).to_string()
    }

    /// Bytes of a text token; nothing for special ones.
    pub fn bytes(&self, token: usize) -> &[u8] {
        self.bytes.get(token).map_or(&[], Vec::as_slice)
    }

    /// Text of tokens; what is no text is left out, broken characters become U+FFFD.
    pub fn text(&self, tokens: &[usize]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|&t| self.bytes(t)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// True for `<|0.00|>` and all after it.
    pub fn is_time(&self, token: usize) -> bool {
        token > self.no_times
    }
}

/// The printable character that byte-level BPE writes for a byte: itself, or the next free one from U+0100.
fn printable(byte: u8) -> char {
    let shown = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if shown(byte) {
        return char::from(byte);
    }
    let hidden_before = (0..byte).filter(|&b| !shown(b)).count() as u32;
    char::from_u32(0x100 + hidden_before).expect("below U+0200 all are characters")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small vocabulary of whole words and pieces, with byte-level spelling.
    pub(crate) fn small(words: &[&str]) -> Vocabulary {
        let spell = |w: &&str| w.bytes().map(printable).collect::<String>();
        let mut tokens: Vec<String> = words.iter().map(spell).collect();
        for special in ["endoftext", "startoftranscript", "en", "ru", "uk", "translate", "transcribe", "notimestamps"] {
            tokens.push(format!("<|{special}|>"));
        }
        tokens.extend((0..=1500).map(|i| format!("<|{}.{:02}|>", i / 50, i % 50 * 2)));
        Vocabulary::of(&tokens).expect("all special tokens are there")
    }

    #[test]
    fn bytes_are_spelled_as_gpt2_does() {
        assert_eq!((printable(b' '), printable(b'\n'), printable(b'A'), printable(0xad)), ('Ġ', 'Ċ', 'A', 'Ń'));
        let mut all: Vec<char> = (0..=255).map(printable).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 256);
    }

    #[test]
    fn tokens_become_text_and_times() {
        let v = small(&[" во", "да", "\u{432}"]);
        assert_eq!(v.text(&[0, 1, v.end, v.no_times + 1]), " вода");
        assert_eq!(v.language("uk"), Some(v.start + 3));
        assert_eq!(v.language("xx"), None);
        assert!(v.is_time(v.no_times + 1) && !v.is_time(v.no_times));
        assert!(Vocabulary::of(&["a".into()]).is_err());
    }
}
