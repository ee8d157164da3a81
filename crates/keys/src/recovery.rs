//! The recovery key: 256 random bits as something that can be written on paper and typed again.

use crate::error::KeyError;
use crate::secret::Secret;
use ring::digest::{SHA256, digest};
use std::fmt;
use zeroize::Zeroizing;

/// Letters and digits that are not mistaken for one another (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "ZAPYS-RECOVERY";
/// 256 bits and 24 of a check sum, five at a time.
const LENGTH: usize = 56;

/// A recovery key. `Display` writes it out; nothing else shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryKey(Secret);

impl RecoveryKey {
    /// A fresh one.
    pub fn random() -> Self {
        Self(Secret::random())
    }
    pub(crate) fn secret(&self) -> &Secret {
        &self.0
    }
    /// True where a text is meant to be a recovery key, right or wrong.
    pub fn looks_like(text: &str) -> bool {
        text.trim_start().to_ascii_uppercase().starts_with(PREFIX)
    }
    /// Reads what `Display` wrote, forgiving case, spaces, and O for 0, I or L for 1. Errors: `BadRecovery`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = Zeroizing::new(text.trim().to_ascii_uppercase());
        let body = text.strip_prefix(PREFIX).ok_or(KeyError::BadRecovery)?;
        let mut bits = 0u64;
        let mut n_bits = 0;
        let mut bytes = Zeroizing::new(Vec::with_capacity(35));
        for c in body.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'-') {
            let c = match c {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                c => c,
            };
            let value = LETTERS.iter().position(|l| *l == c).ok_or(KeyError::BadRecovery)?;
            bits = (bits << 5 | value as u64) & 0xfff;
            n_bits += 5;
            if n_bits >= 8 {
                n_bits -= 8;
                bytes.push((bits >> n_bits) as u8);
            }
            if bytes.len() > 35 {
                return Err(KeyError::BadRecovery);
            }
        }
        let (key, sum) = bytes.split_at_checked(32).ok_or(KeyError::BadRecovery)?;
        if sum != &digest(&SHA256, key).as_ref()[..3] {
            return Err(KeyError::BadRecovery);
        }
        Secret::from_slice(key).map(Self).ok_or(KeyError::BadRecovery)
    }
}
impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey")
    }
}
impl fmt::Display for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0.expose();
        let mut bytes = Zeroizing::new([0u8; 35]);
        bytes[..32].copy_from_slice(key);
        bytes[32..].copy_from_slice(&digest(&SHA256, key).as_ref()[..3]);
        f.write_str(PREFIX)?;
        for i in 0..LENGTH {
            if i % 4 == 0 {
                f.write_str("-")?;
            }
            let at = i * 5;
            let pair = u16::from(bytes[at / 8]) << 8 | u16::from(*bytes.get(at / 8 + 1).unwrap_or(&0));
            let value = pair >> (11 - at % 8) & 31;
            write!(f, "{}", LETTERS[usize::from(value)] as char)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_key_survives_handwriting() {
        for _ in 0..50 {
            let key = RecoveryKey::random();
            let text = key.to_string();
            assert_eq!(text.len(), PREFIX.len() + LENGTH / 4 * 5);
            assert!(RecoveryKey::looks_like(&text));
            assert_eq!(RecoveryKey::parse(&text), Ok(key.clone()));
            let sloppy = text.to_lowercase().replace('0', "o").replace("zapys-rec", " zapys-rec").replace('1', "l");
            let sloppy = sloppy.replacen("rec0very", "recovery", 1);
            assert_eq!(RecoveryKey::parse(&sloppy), Ok(key));
            let mut wrong: Vec<char> = text.chars().collect();
            wrong[20] = if wrong[20] == 'A' { 'B' } else { 'A' };
            let wrong: String = wrong.into_iter().collect();
            assert_eq!(RecoveryKey::parse(&wrong), Err(KeyError::BadRecovery));
        }
        for bad in ["", "ZAPYS-RECOVERY", "ZAPYS-RECOVERY-0000", "correct horse battery"] {
            assert_eq!(RecoveryKey::parse(bad), Err(KeyError::BadRecovery));
        }
    }
}
