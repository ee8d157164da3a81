//! 32 bytes of SHA-256, whether they name an event, a leaf, a node or a root.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A SHA-256 digest. `Display` and JSON: 64 lower-case hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Takes 32 bytes as they are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// Hashes `bytes` without any prefix, as `sha256sum` does.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
    /// Hash of a log entry: `SHA-256(0x00 ‖ bytes)` (RFC 6962, 2.1).
    pub fn leaf(bytes: &[u8]) -> Self {
        Self(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
    }
    /// Hash of two neighbours: `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962, 2.1).
    pub fn node(left: &Self, right: &Self) -> Self {
        Self(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }
    /// Root of a log without entries: SHA-256 of nothing.
    pub fn empty() -> Self {
        Self::of(&[])
    }
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// 64 lower-case hexadecimal characters.
    pub fn hex(&self) -> String {
        self.to_string()
    }
    /// Standard base64 with padding, 44 characters.
    pub fn base64(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(self.0)
    }
    /// Reads 64 lower-case hexadecimal characters. Errors: `None`.
    pub fn parse_hex(text: &str) -> Option<Self> {
        hex32(text).map(Self)
    }
    /// Reads standard base64 with padding. Errors: `None`.
    pub fn parse_base64(text: &str) -> Option<Self> {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }
}
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&zapys_domain::text::hex(&self.0))
    }
}
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({})", &self.to_string()[..8])
    }
}
impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        Self::parse_hex(&text).ok_or_else(|| serde::de::Error::custom("64 lower-case hexadecimal characters expected"))
    }
}

/// Reads 64 lower-case hexadecimal characters. Errors: `None`.
pub(crate) fn hex32(text: &str) -> Option<[u8; 32]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut out = [0u8; 32];
    for (slot, [hi, lo]) in out.iter_mut().zip(pairs) {
        *slot = digit(*hi)? << 4 | digit(*lo)?;
    }
    Some(out)
}
