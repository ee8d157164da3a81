//! Reads what others wrote: chat exports, call records, web pages, pictures' headers, containers.
//!
//! Pure and synchronous: bytes come in through [`RandomRead`], documents of `zapys-domain` go out, and nothing is
//! written, fetched, run or remembered. Every byte is hostile: sizes, counts and depth are bounded, a bad part becomes a
//! finding, and an error means that nothing of use came out. Nothing is guessed silently: what is inferred (an encoding,
//! an offset, whether a picture shows a screen) says so in a finding or a basis.
//!
//! What each reader keeps, derives and leaves unknown stands in `docs/formats`.

pub mod error;
pub mod random;

mod encoding;

pub mod recognise;

pub mod archive;
pub mod calls;
pub mod html;
pub mod picture;
pub mod quotes;
pub mod telegram;
pub mod text_file;
pub mod transcripts;

pub mod reader;

pub use archive::{Limits, MemberInfo, members};
pub use error::FormatError;
pub use random::RandomRead;
pub use reader::{Reader, Reading, readers, readers_for};
pub use recognise::{Sighting, examine, recognise};

#[cfg(test)]
mod conformance;
