//! Identifiers: one newtype each, so that no two kinds of thing can be mistaken for one another.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is not the identifier it was taken for.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[error("{what} expected, found a text of {len} characters that is none")]
pub struct BadId {
    /// Name of the identifier type.
    pub what: &'static str,
    /// Length of the text; the text itself may be private.
    pub len: usize,
}

macro_rules! id {
    ($(#[doc = $doc:literal])+ $name:ident, ulid) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(ulid::Ulid);

        impl $name {
            /// Wraps a ULID that an [`IdSource`](crate::IdSource) made.
            pub fn new(ulid: ulid::Ulid) -> Self { Self(ulid) }
            /// The first eight characters, as shown on screens; a prefix, so it may not be unique.
            pub fn short(&self) -> String { self.to_string()[..8].to_owned() }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}", self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(s: &str) -> Result<Self, BadId> {
                ulid::Ulid::from_string(s).map(Self).map_err(|_| BadId { what: stringify!($name), len: s.chars().count() })
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str>>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/** One body of work: vault, record, ledger, index. */ CaseId, ulid);
id!(/** One thing received as evidence. */ ItemId, ulid);
id!(/** One act of taking in: who, when, where from, on what legal basis. */ AcquisitionId, ulid);
id!(/** One queued application of an engine. */ JobId, ulid);
id!(/** One sealed, numbered package handed to someone. */ ProductionId, ulid);
id!(/** One thing that somebody put on record about an item or the case. */ RecordId, ulid);

/// Immutable bytes, named by the SHA-256 of exactly those bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 32]);

impl ObjectId {
    /// Names bytes by their digest.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }
    /// Hashes `bytes` (held in memory) and names them.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }
    /// The 32 digest bytes.
    pub fn digest(&self) -> &[u8; 32] {
        &self.0
    }
    /// 64 lower-case hexadecimal characters, without prefix.
    pub fn hex(&self) -> String {
        crate::text::hex(&self.0)
    }
    /// First eight hexadecimal characters.
    pub fn short(&self) -> String {
        self.hex()[..8].to_owned()
    }
}
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}
impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({})", self.short())
    }
}
impl FromStr for ObjectId {
    type Err = BadId;
    /// Reads `sha256:<hex>` or bare lower-case hexadecimal.
    fn from_str(s: &str) -> Result<Self, BadId> {
        let hex = s.strip_prefix("sha256:").unwrap_or(s);
        let bad = || BadId { what: "ObjectId", len: s.chars().count() };
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(bad());
        }
        let mut digest = [0u8; 32];
        for (i, slot) in digest.iter_mut().enumerate() {
            *slot = u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(digest))
    }
}
impl Serialize for ObjectId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Place of an entry in the ledger, counted from zero without gaps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntrySeq(pub u64);
impl fmt::Display for EntrySeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_id_reads_what_it_writes() {
        let id = ObjectId::of(b"abc");
        assert_eq!(id.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.hex().parse(), Ok(id));
        for bad in ["", "sha256:", "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "md5:00"] {
            assert!(bad.parse::<ObjectId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bad_id_never_repeats_the_text() {
        let e = "a protected name".parse::<ItemId>().expect_err("no ULID");
        assert!(!e.to_string().contains("protected"));
    }
}
