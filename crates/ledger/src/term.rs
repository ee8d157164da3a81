//! What an event may hold: short codes, counts, digests of non-personal things, and commitments. Never free text.

use crate::commit::Commitment;
use crate::hash::Hash;
use crate::strict::MAX_INTEGER;
use serde_json::Value;
use std::fmt;

/// A word of a program: an engine, a version, a kind, a reason. 1 to 64 characters of `a-z A-Z 0-9 - . _ : / +`, begins
/// with a letter or digit, and has no run of nine or more digits, so that no telephone number slips in as a code. The
/// 26 characters of an identifier are a code too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Code(String);

impl Code {
    /// Reads a code. Errors: `None` where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let chars = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/+".contains(&b));
        let digits = text.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() > 8);
        let id = text.len() == 26 && text.parse::<zapys_domain::ItemId>().is_ok();
        let ok = (1..=64).contains(&text.len())
            && chars
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && (!digits || id)
            && !text.starts_with("commit:");
        ok.then(|| Self(text.into()))
    }
    /// The nearest code to a program's own words (an engine's name, a version): what may not stand becomes `-`, the end
    /// is cut off. Not for words of the evidence.
    pub fn squeeze(text: &str) -> Self {
        let mut out = String::with_capacity(64);
        let mut run = 0;
        for c in text.chars() {
            run = if c.is_ascii_digit() { run + 1 } else { 0 };
            let kept = c.is_ascii_alphanumeric() || "-._:/+".contains(c);
            if run > 8 || out.len() == 64 {
                break;
            }
            if out.is_empty() && !c.is_ascii_alphanumeric() {
                continue;
            }
            out.push(if kept { c } else { '-' });
        }
        Self::parse(&out).unwrap_or_else(|| Self("unknown".into()))
    }
    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A code, or a commitment where the value is nobody's business.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Term {
    /// A short word.
    Code(Code),
    /// A commitment to anything.
    Commit(Commitment),
}
impl Term {
    /// A code. Errors: `None` where the text is none.
    pub fn code(text: &str) -> Option<Self> {
        Code::parse(text).map(Self::Code)
    }
    /// The code `unknown`.
    pub fn unknown() -> Self {
        Self::Code(Code("unknown".into()))
    }
    /// The code `none`.
    pub fn none() -> Self {
        Self::Code(Code("none".into()))
    }
    /// Reads a code or `commit:<hex>`. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        Commitment::parse(text).map(Self::Commit).or_else(|| Self::code(text))
    }
}
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(c) => c.fmt(f),
            Self::Commit(c) => c.fmt(f),
        }
    }
}
impl From<Commitment> for Term {
    fn from(c: Commitment) -> Self {
        Self::Commit(c)
    }
}

/// One value of an event's `detail`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Detail {
    /// A count, size or duration within ±(2^53 - 1).
    Int(i64),
    /// A short word.
    Code(Code),
    /// Digest of something that is not personal: a derivation key, an engine, a checkpoint root.
    Digest(Hash),
    /// A commitment to anything.
    Commit(Commitment),
}
impl Detail {
    /// A code. Errors: `None` where the text is none.
    pub fn code(text: &str) -> Option<Self> {
        Code::parse(text).map(Self::Code)
    }
    /// A count; beyond 2^53 - 1 it stays at 2^53 - 1.
    pub fn count(n: u64) -> Self {
        Self::Int(i64::try_from(n).unwrap_or(MAX_INTEGER).min(MAX_INTEGER))
    }
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Int(n) => (*n).into(),
            Self::Code(c) => c.as_str().into(),
            Self::Digest(h) => h.to_string().into(),
            Self::Commit(c) => c.to_string().into(),
        }
    }
    pub(crate) fn read(v: &Value) -> Option<Self> {
        match v {
            Value::Number(n) => n.as_i64().filter(|n| (-MAX_INTEGER..=MAX_INTEGER).contains(n)).map(Self::Int),
            Value::String(s) => {
                Commitment::parse(s).map(Self::Commit).or_else(|| Hash::parse_hex(s).map(Self::Digest)).or_else(|| Self::code(s))
            }
            _ => None,
        }
    }
}
impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Code(c) => c.fmt(f),
            Self::Digest(h) => h.fmt(f),
            Self::Commit(c) => c.fmt(f),
        }
    }
}
impl From<Commitment> for Detail {
    fn from(c: Commitment) -> Self {
        Self::Commit(c)
    }
}
impl From<Hash> for Detail {
    fn from(h: Hash) -> Self {
        Self::Digest(h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r8_free_text_and_numbers_of_people_are_no_codes() {
        for ok in ["whisper-ct2/1.2.3", "amr_nb", "5.1.7-0+deb12u1", "01J8ZQ4Y7N0000000000000000"[..8].into(), "n20240930"] {
            assert!(Code::parse(ok).is_some(), "{ok}");
        }
        assert!(Code::parse("01890123456789ABCDEFGHJKMN").is_some(), "an identifier");
        for (said, want) in [("5.1.7~bpo 12", "5.1.7-bpo-12"), ("(v)1", "v-1"), ("", "unknown"), ("n123456789012", "n12345678")] {
            assert_eq!(Code::squeeze(said).as_str(), want);
        }
        for bad in ["", "two words", "+380000000000", "tel:380000000000", "Іван", "a\n", "-x", &"a".repeat(65), "commit:x"] {
            assert!(Code::parse(bad).is_none(), "{bad}");
        }
    }
}
