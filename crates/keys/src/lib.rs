//! Keys of an encrypted case, and the sealing of bytes under them.
//!
//! ```text
//! passphrase --argon2id--+
//! key file   --hkdf------+--> slot key --> master key --> the key file's contents:
//! recovery   --hkdf------+                                record key, index key, ledger key,
//!                                                         wrapping keys --> one random key per object
//! ```
//!
//! Each way in is a slot that holds the master key once more, so that a passphrase changes without anything being encrypted
//! again. Every object has a random key of its own, kept in the record under a wrapping key: destroying it, and then changing
//! the wrapping key, puts the object beyond reach wherever copies of its sealed bytes may lie.
//!
//! Bytes are sealed with AES-256-GCM: small values under a random nonce, objects and index files as a stream of chunks whose
//! nonces count ([`stream`]).
//!
//! What it does not do: it opens no files, asks nobody for a passphrase and knows neither items nor records.

mod error;
mod keyfile;
mod recovery;
mod seal;
mod secret;
pub mod stream;
mod stretch;

pub use error::KeyError;
pub use keyfile::{CaseKeys, KeyFile, SlotKind, SlotView, Unlock, Wrapped};
pub use recovery::RecoveryKey;
pub use seal::{open, seal, seal_alike};
pub use secret::Secret;
pub use stretch::Stretch;
