//! Languages as BCP 47 tags.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A language tag: `uk`, `ru`, `en`; `und` where nobody has said.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(try_from = "String", into = "String")]
pub struct Lang(String);

impl Lang {
    /// Not determined.
    pub fn und() -> Self {
        Self("und".into())
    }
    /// Reads a tag: 2 to 35 characters, ASCII letters, digits and hyphens. Errors: `None` otherwise.
    pub fn parse(tag: &str) -> Option<Self> {
        let ok = (2..=35).contains(&tag.len())
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && tag.as_bytes()[0].is_ascii_alphabetic();
        ok.then(|| Self(tag.to_ascii_lowercase()))
    }
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// True for `und`.
    pub fn is_und(&self) -> bool {
        self.0 == "und"
    }
}
impl Default for Lang {
    fn default() -> Self {
        Self::und()
    }
}
impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl TryFrom<String> for Lang {
    type Error = &'static str;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        Self::parse(&s).ok_or("BCP 47 language tag expected")
    }
}
impl From<Lang> for String {
    fn from(l: Lang) -> String {
        l.0
    }
}
