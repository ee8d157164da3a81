//! ICC-style load file (R1.21): a table of documents, and the files that it names, as court systems take them in.
//!
//! ```text
//! LOADFILE.csv      one row a document: page numbers, dates, people, source, custody, relations, files, hashes
//! GAPS.csv          what is not here, or has no number, and why
//! LIMITATIONS.txt   what the reader must know
//! NATIVE/ID.ext     originals, byte for byte      IMAGES/ID.ext  light copies of pictures
//! TEXT/ID.txt       words: extracted text of a document; transcripts and translations, which are documents of their own
//! SHA256SUMS        digest of every file above    checkpoint, ledger-vkey, seal
//! ```
//!
//! [`check`] judges such a folder alone. [`table`] has the columns, [`csv`] the form of the tables, [`page`] the page
//! numbers. The writer is `Format::LoadFile` of [`crate::write()`]; it calls [`write::fill`].
//!
//! The field list follows what is publicly known of the e-court protocol and has not been compared with its text, so the
//! format is called "ICC-style" and nothing more.

mod check;
pub mod csv;
pub mod page;
pub mod table;
#[cfg(feature = "write")]
pub(crate) mod write;

pub use check::{check, is_load_file};

/// The table of documents.
pub const TABLE: &str = "LOADFILE.csv";
/// The table of what is missing.
pub const GAPS: &str = "GAPS.csv";
/// What the reader must know.
pub const LIMITATIONS: &str = "LIMITATIONS.txt";
/// Folder of originals.
pub const NATIVE: &str = "NATIVE";
/// Folder of pictures.
pub const IMAGES: &str = "IMAGES";
/// Folder of words.
pub const TEXT: &str = "TEXT";
/// First line of the seal.
pub const SEAL_HEAD: &str = "zapys-load-file-seal/1";
/// Lines on a page of a text document, its number not counted.
pub const LINES: usize = 56;
