//! Web archives for hand-over: WACZ 1.1.1, a zip with captured pages in WARC 1.1, an index, a list of pages, and digests.
//!
//! ```text
//! archive/data.warc.gz   one gzip member a record, block and payload digests in SHA-256
//! indexes/index.cdxj     address, time, and where the record lies
//! pages/pages.jsonl      pages as people saw them
//! datapackage.json       every file above with its digest; what is missing, under `zapys`
//! datapackage-digest.json
//! ```
//!
//! [`check`] judges any WACZ alone. The writer is `Format::Wacz` of [`crate::write()`]; [`write::Archive`] takes captured
//! pages from elsewhere. zapys captures no pages itself: a saved page whose address somebody stated is packed as a WARC
//! `resource`, without HTTP headers, because none were captured, and the package says so.
//!
//! What the Berkeley Protocol asks of a web item (address, page source, full-page capture: R1.3) is looked for page by page,
//! and named where it is missing.

pub mod cdxj;
mod check;
pub mod warc;
#[cfg(feature = "write")]
pub mod write;

pub use check::{check, is_wacz};

/// Version of WACZ that is written.
pub const VERSION: &str = "1.1.1";
/// Files with digests.
pub const PACKAGE: &str = "datapackage.json";
/// Digest of [`PACKAGE`].
pub const PACKAGE_DIGEST: &str = "datapackage-digest.json";
/// List of pages.
pub const PAGES: &str = "pages/pages.jsonl";
/// Where records lie.
pub const INDEX: &str = "indexes/index.cdxj";
/// Records.
pub const ARCHIVE: &str = "archive/data.warc.gz";
/// Before the address of a page: a picture of all of it.
pub const FULL_PAGE: &str = "urn:fullPage:";
