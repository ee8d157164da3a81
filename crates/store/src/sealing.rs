//! Sealing of what a record on a server says, value by value, so that the server, its log, its backups and whoever runs it see
//! how a case is built and not what it holds. An SQLite file is sealed as a whole and needs none of this.
//!
//! A sealed value is text: a mark that no other value begins with, and base64. Which columns are sealed is written beside their
//! names in `transfer.rs`; identifiers, digests, kinds, sizes, dates, languages, flags and states stay readable, for the database
//! finds, sorts and counts by them. Titles are found and sorted here (`titles.rs`).
//!
//! A value that is swapped with another or put back is not noticed here: the ledger is what rows are held against.

use crate::run::Arg;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use std::borrow::Cow;
use zapys_keys::Secret;

/// How a sealed text begins. What escapes write has another character in second place.
const SEALED: &str = "\u{241b}=";
const CONTEXT: &[u8] = b"value of a record";

/// Seals values before they go to a server, and opens what comes back.
pub(crate) struct Sealer(Secret);

impl Sealer {
    /// Under a key of its own, made from that of the record.
    pub(crate) fn new(record: [u8; 32]) -> Self {
        Self(Secret::from_bytes(record).derive(b"zapys", "values of a record on a server"))
    }
    fn text(bytes: &[u8]) -> String {
        let mut text = String::from(SEALED);
        BASE64.encode_string(bytes, &mut text);
        text
    }
    /// Arguments as the server gets them.
    pub(crate) fn seal<'a>(&self, args: &'a [Arg<'a>]) -> Vec<Arg<'a>> {
        type Seal = fn(&Secret, &[u8], &[u8]) -> Vec<u8>;
        let text = |v: &str, seal: Seal| Cow::Owned(Self::text(&seal(&self.0, CONTEXT, v.as_bytes())));
        let sealed = |arg: &Arg<'a>| match arg {
            Arg::Hidden(v) => Arg::Text(v.as_deref().map(|v| text(v, zapys_keys::seal))),
            Arg::Compared(v) => Arg::Text(v.as_deref().map(|v| text(v, zapys_keys::seal_alike))),
            other => other.clone(),
        };
        args.iter().map(sealed).collect()
    }
    /// What a value says: itself where it is not sealed. `None` for one that was sealed under another key, or changed.
    pub(crate) fn open(&self, value: String) -> Option<String> {
        let Some(sealed) = value.strip_prefix(SEALED) else { return Some(value) };
        let plain = zapys_keys::open(&self.0, CONTEXT, &BASE64.decode(sealed).ok()?)?;
        String::from_utf8(plain.to_vec()).ok()
    }
}
impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

/// An argument that a record on a server seals.
pub(crate) fn hidden<'a>(value: impl Into<Arg<'a>>) -> Arg<'a> {
    match value.into() {
        Arg::Text(text) => Arg::Hidden(text),
        other => other,
    }
}
/// The same for a column that is compared: equal values are sealed alike.
pub(crate) fn compared<'a>(value: impl Into<Arg<'a>>) -> Arg<'a> {
    match value.into() {
        Arg::Text(text) => Arg::Compared(text),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(sealer: &Sealer, arg: Arg<'_>) -> Option<String> {
        match sealer.seal(&[arg]).remove(0) {
            Arg::Text(text) => text.map(Cow::into_owned),
            other => panic!("{other:?} goes to no server"),
        }
    }

    #[test]
    fn what_is_hidden_comes_back_and_is_seen_by_nobody_else() {
        let (sealer, other) = (Sealer::new([1; 32]), Sealer::new([2; 32]));
        for value in ["", "вода", "\u{241b}=not sealed", "a\0b"] {
            for hide in [hidden, compared] as [fn(&'static str) -> Arg<'static>; 2] {
                let text = sent(&sealer, hide(value)).expect("a text");
                assert!(text.starts_with(SEALED) && (value.is_empty() || !text.contains(value)), "{text}");
                assert_eq!(sealer.open(text.clone()).map(crate::run::unescape).as_deref(), Some(value));
                assert_eq!(other.open(text.clone()), None);
                let mut cut = text;
                cut.pop();
                assert_eq!(sealer.open(cut), None);
            }
        }
        assert_eq!(sent(&sealer, hidden(None::<&str>)), None);
        assert_eq!(sent(&sealer, Arg::from("open")).as_deref(), Some("open"));
        assert_eq!(sealer.open("open".into()).as_deref(), Some("open"));
        assert_eq!(sent(&sealer, compared("x")), sent(&sealer, compared("x")));
        assert_ne!(sent(&sealer, hidden("x")), sent(&sealer, hidden("x")));
    }
}
