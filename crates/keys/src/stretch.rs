//! Passphrases into keys: Argon2id, slow on purpose.

use crate::error::KeyError;
use crate::secret::Secret;
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How hard guessing is made. Kept beside each slot, so that it can be raised later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}
impl Default for Stretch {
    /// 256 MiB, three passes, one lane: the least that the project allows itself.
    fn default() -> Self {
        Self { memory_kib: 256 << 10, passes: 3, lanes: 1 }
    }
}
impl Stretch {
    /// The key of a passphrase. Errors: `NoMemory`; `Damaged` for costs that no key file of ours has.
    pub fn key(&self, passphrase: &str, salt: &[u8]) -> Result<Secret, KeyError> {
        // A changed file must not make us take all memory or run for days.
        if self.memory_kib > 4 << 20 || self.passes > 1000 || self.lanes > 64 {
            return Err(KeyError::Damaged("a passphrase would cost more than any zapys asks for"));
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| KeyError::Damaged("the cost of a passphrase makes no sense"))?;
        let mut out = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, &mut *out)
            .map_err(|_| KeyError::NoMemory)?;
        Ok(Secret::from_bytes(*out))
    }
}
