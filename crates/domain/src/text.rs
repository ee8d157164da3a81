//! Words read: from pictures, articles, documents. Derivative kind `text`.

use crate::{EngineIdentity, Lang};
use serde::{Deserialize, Serialize};

/// Lower-case hexadecimal digits, two for each byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

/// The bytes that hexadecimal digits of either case stand for; `None` for anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    digits?.chunks(2).map(|pair| u8::try_from(pair.first()? << 4 | pair.get(1)?).ok()).collect()
}

/// The words of a text with one space between them, as they are compared and kept.
pub fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Readable text of an item. Fields of `interface.md`, `text`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadText {
    /// Language as stated by the item, or determined by the engine.
    pub language: Lang,
    #[allow(missing_docs)]
    pub title: Option<String>,
    #[allow(missing_docs)]
    pub byline: Option<String>,
    #[allow(missing_docs)]
    pub publisher: Option<String>,
    /// As written in the item.
    pub published: Option<String>,
    /// As written in the item.
    pub modified: Option<String>,
    /// Address the item names as its own.
    pub canonical: Option<String>,
    /// Which engine read this.
    pub engine: EngineIdentity,
    /// Size of each page in pixels (pictures), in page order.
    #[serde(default)]
    pub pages: Vec<(u32, u32)>,
    /// Paragraphs, lines or bubbles in reading order.
    pub blocks: Vec<Block>,
    /// Quoted speech found in the text.
    #[serde(default)]
    pub quotes: Vec<Quote>,
}
/// A paragraph, line or bubble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    #[allow(missing_docs)]
    pub text: String,
    /// Page counted from 1; absent for texts without pages.
    pub page: Option<u32>,
    /// Left, top, width, height in pixels of the original.
    #[serde(rename = "box")]
    pub region: Option<[u32; 4]>,
    /// 0 to 1; absent where nothing was guessed.
    pub confidence: Option<f32>,
    /// Words with places, where the engine gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<ReadWord>,
    /// `left` or `right` for a chat bubble.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
}
/// One word as read from a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadWord {
    #[allow(missing_docs)]
    pub text: String,
    /// Left, top, width, height in pixels of the original.
    #[serde(rename = "box")]
    pub region: [u32; 4],
    /// 0 to 1.
    pub confidence: f32,
}
/// Quoted speech.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The words between the quotation marks.
    pub text: String,
    /// Whom the text names as speaker.
    pub speaker: Option<String>,
    /// The verb of saying, as written.
    pub verb: Option<String>,
    /// Character offset in the blocks joined by `\n`: start.
    pub start: usize,
    /// End, exclusive.
    pub end: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_for_bytes_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&all)), Some(all));
        assert_eq!((hex(&[]), unhex("")), (String::new(), Some(Vec::new())));
        assert_eq!(unhex("0aF0"), Some(vec![0x0a, 0xf0]));
        for bad in ["0", "0g", " 00", "абвг", "00 00"] {
            assert_eq!(unhex(bad), None, "{bad}");
        }
    }
}
