//! Salted commitments: the ledger says that something was stated without saying what.
//!
//! `SHA-256("zapys/commit/v1" ‖ 0x00 ‖ salt ‖ JCS(value))`. The salt is 32 fresh bytes each time, so that nobody finds a
//! telephone number by trying all of them. Salt and value are kept under the item's key; destroying that key leaves the
//! log whole and the value gone.

use crate::hash::{Hash, hex32};
use crate::strict::{self, StrictError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;
use zapys_domain::Private;

const TAG: &[u8] = b"zapys/commit/v1\0";

/// What an event holds instead of a value. Text: `commit:` and 64 lower-case hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(Hash);

impl Commitment {
    /// Commits to `value`. Errors: [`StrictError`] where the value holds a number that is not a safe integer.
    pub fn of(salt: &Salt, value: &Value) -> Result<Self, StrictError> {
        let body = strict::canonical(value)?;
        Ok(Self(Hash::from_bytes(Sha256::new().chain_update(TAG).chain_update(salt.0).chain_update(&body).finalize().into())))
    }
    /// The digest.
    pub fn hash(&self) -> &Hash {
        &self.0
    }
    /// Reads `commit:<hex>`. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        text.strip_prefix("commit:").and_then(Hash::parse_hex).map(Self)
    }
}
impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "commit:{}", self.0)
    }
}
impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({:?})", self.0)
    }
}

/// 32 secret random bytes, drawn by the caller for one commitment and used for no other.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);
impl Salt {
    /// Takes 32 bytes from a cryptographic source.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The bytes, for keeping them under the item's key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}
impl Serialize for Salt {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        Hash::from_bytes(self.0).serialize(s)
    }
}
impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        hex32(&text).map(Self).ok_or_else(|| serde::de::Error::custom("64 lower-case hexadecimal characters expected"))
    }
}

/// Salt and value of one commitment: whoever holds them can show what was committed to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The salt.
    pub salt: Salt,
    /// What was committed to.
    pub value: Private<Value>,
}
impl Opening {
    /// Pairs a fresh salt with a value and gives the commitment that goes into the event.
    /// Errors: [`StrictError`] where the value holds a number that is not a safe integer.
    pub fn commit(salt: Salt, value: Value) -> Result<(Commitment, Self), StrictError> {
        let commitment = Commitment::of(&salt, &value)?;
        Ok((commitment, Self { salt, value: Private::new(value) }))
    }
    /// The commitment that this opens. Errors: [`StrictError`] where the value could not have been committed to.
    pub fn commitment(&self) -> Result<Commitment, StrictError> {
        Commitment::of(&self.salt, self.value.reveal())
    }
    /// True where `commitment` was made from exactly this salt and value.
    pub fn opens(&self, commitment: &Commitment) -> bool {
        self.commitment().is_ok_and(|c| c == *commitment)
    }
}
impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn r2_2_a_commitment_is_salted_and_opens_only_with_its_own_salt_and_value() {
        let (c, o) = Opening::commit(Salt::from_bytes([7; 32]), json!({"number": "+380000000000"})).expect("no floats");
        assert!(o.opens(&c));
        assert_eq!(Commitment::parse(&c.to_string()), Some(c));
        let other = Opening { salt: Salt::from_bytes([8; 32]), value: o.value.clone() };
        assert!(!other.opens(&c));
        let changed = Opening { salt: o.salt.clone(), value: Private::new(json!({"number": "+380000000001"})) };
        assert!(!changed.opens(&c));
        // Computed by hand: printf 'zapys/commit/v1\0' ‖ 32 × 0x07 ‖ {"number":"+380000000000"}.
        let by_hand = [b"zapys/commit/v1\0".as_slice(), &[7; 32], br#"{"number":"+380000000000"}"#].concat();
        assert_eq!(*c.hash(), Hash::of(&by_hand));
    }

    #[test]
    fn r2_2_trying_every_number_without_the_salt_finds_nothing() {
        let secret = "5550100077";
        let (c, _) = Opening::commit(Salt::from_bytes([0x5a; 32]), json!(secret)).expect("text");
        // A thousand guesses around the true number with the salts a guesser has (none, zero): no hit.
        for guess in 5550099577u64..5550100577 {
            let value = json!(guess.to_string());
            let jcs = strict::canonical(&value).expect("text");
            assert_ne!(*c.hash(), Hash::of(&[TAG, &jcs].concat()));
            assert_ne!(*c.hash(), Hash::of(&jcs));
            assert_ne!(c, Commitment::of(&Salt::from_bytes([0; 32]), &value).expect("text"));
        }
    }

    #[test]
    fn an_opening_never_shows_itself_in_debug() {
        let (_, o) = Opening::commit(Salt::from_bytes([7; 32]), json!("a protected name")).expect("text");
        assert_eq!(format!("{o:?} {:?}", o.salt), "Opening(..) Salt(..)");
    }
}
