//! Productions: sealed, numbered packages handed to someone, and their verification. No store, no database, no network.
//!
//! [`check`] reads a production alone and says what holds. [`write`] (feature `write`) makes one from plain values. The
//! two share the names of files ([`layout`]) and the shape of `data/manifest.json` ([`manifest`]), and nothing else, so
//! that a mistake in one is seen by the other.

pub mod layout;
pub mod manifest;
pub mod records;
pub mod safe;

mod digest;
mod zip;

#[cfg(feature = "write")]
pub mod extract;
#[cfg(feature = "write")]
mod gates;
#[cfg(feature = "write")]
pub mod naming;
#[cfg(feature = "write")]
pub mod papers;
#[cfg(feature = "write")]
pub mod print;
#[cfg(feature = "write")]
mod report;
#[cfg(feature = "write")]
mod sink;
#[cfg(feature = "write")]
mod words;
#[cfg(feature = "write")]
pub mod write;

pub mod check;

pub mod load_file;
pub mod ocfl;
pub mod wacz;

#[cfg(feature = "write")]
pub use extract::{Extract, Objects, Refusal};
#[cfg(feature = "write")]
pub use write::{Format, Prepared, WriteError, Written, prepare, write};
#[cfg(feature = "write")]
pub use zip::write::packed;

pub use check::{Check, CheckError, CheckStatus, Options, Sort, Verdict, verify, verify_production};
