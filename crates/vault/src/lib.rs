//! Originals and derivatives as immutable objects, named by the SHA-256 of their bytes: put once, read, list, check.
//!
//! There is no way to overwrite an object. On disk an object gets its name only after its bytes have reached the medium, so a
//! name never stands for less than the whole; at rest it is read-only. Several threads may put at the same time.
//!
//! What it does not do: it knows no items, no kinds, no events, and never looks into the bytes. It is synchronous; the S3
//! backend owns a small runtime and blocks inside.
//!
//! In a [`sealing`](Vault::sealing) vault every object is encrypted under a random key of its own and rests under a random
//! name; the caller keeps both ([`Kept`]). A [`Backend`] sees names and bytes and no meaning.

mod backend;
mod batch;
mod copy;
mod direct;
mod disk;
mod error;
mod kept;
mod memory;
mod s3;
mod vault;

pub use backend::{Backend, BackendError, Page, Put, SealedName};
pub use batch::Batch;
pub use copy::digest_of;
pub use disk::Disk;
pub use error::{Damage, VaultError};
pub use kept::{Kept, Sealed};
pub use memory::Memory;
pub use s3::{S3, S3Config};
pub use vault::{Stored, Vault};
