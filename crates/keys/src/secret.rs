//! Thirty-two secret bytes that are wiped when dropped and shown by nothing.

use ring::hkdf;
use std::fmt;
use zeroize::Zeroizing;

/// A key of 256 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// A fresh one from the operating system's random bytes.
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        getrandom::fill(&mut *bytes).expect("the operating system gives random bytes; without them no key is secret");
        Self(bytes)
    }
    /// These bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
    /// These bytes, if there are thirty-two.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }
    /// The bytes, for code that has a reason to see them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
    /// Another key for another purpose: HKDF-SHA-256 with this salt and label.
    pub fn derive(&self, salt: &[u8], label: &str) -> Self {
        expand(&self.0[..], salt, label)
    }
    /// As lower-case hexadecimal, wiped when dropped.
    pub fn hex(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in self.0.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).expect("half a byte is a digit"));
            }
        }
        text
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// HKDF-SHA-256 over any input.
pub(crate) fn expand(input: &[u8], salt: &[u8], label: &str) -> Secret {
    let mut out = Zeroizing::new([0u8; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(input)
        .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *out))
        .expect("32 bytes are within what HKDF gives");
    Secret(out)
}
