//! Deposit: OCFL 1.1 objects (Oxford Common File Layout), for archives that keep every version for good.
//!
//! An object is a folder: `0=ocfl_object_1.1`, an inventory with its digest in a sidecar, and a folder for each version
//! with the files that came in with it. Nothing once written is changed: a later version only adds what is new and lists
//! the rest again by digest.
//!
//! [`check`] judges any object of OCFL 1.0 or 1.1 by the validation codes of the specification; [`check_root`] does so for
//! a storage root and all objects in it; [`head`] gives the files of the newest version. With feature `write`,
//! [`write::ObjectWriter`] makes an object or adds a version, and [`write::add_to_root`] places objects in a storage root.
//!
//! ```text
//! let mut w = ocfl::write::ObjectWriter::open(path, "urn:uuid:...")?;      // new, or a further version
//! for file in files { w.put(&file.logical, &mut file.open()?)?; }
//! let sealed = w.finish(&VersionInfo { created, message, user })?;        // SealedVersion { version, inventory_sha512, .. }
//! ```

mod algorithm;
mod inventory;
mod json;
mod object;
mod root;
mod tree;
#[cfg(feature = "write")]
pub mod write;

pub use algorithm::Algorithm;
pub use inventory::{Inventory, read_inventory};
pub use object::{Head, check, head};
pub use root::{check_root, path_of};

use std::io;
use zapys_domain::{Fault, FaultKind};

/// Content of the declaration of an object, and the end of its name.
pub const OBJECT_1_1: &str = "ocfl_object_1.1";
/// The same for a storage root.
pub const ROOT_1_1: &str = "ocfl_1.1";
/// Name of every inventory.
pub const INVENTORY: &str = "inventory.json";
/// Longest inventory that is read, in bytes.
pub const MAX_INVENTORY: u64 = 256 * 1024 * 1024;
/// Most findings that are kept of one object; an attacker can make more than anybody reads.
const MAX_FINDINGS: usize = 1000;

zapys_domain::words! {
    /// How much a finding weighs.
    Weight {
        /// The object does not follow the specification.
        Error = "error",
        /// It follows it, but not as well as it should.
        Warning = "warning",
    }
}

/// One thing that is not as the specification says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
pub struct Finding {
    #[allow(missing_docs)]
    pub weight: Weight,
    /// Code of the OCFL validation table, e.g. `E092`, `W004`.
    pub code: &'static str,
    /// File or folder it is about, relative to what was checked; empty for the whole. Hidden characters are shown.
    pub subject: String,
    /// What is wrong, in a sentence.
    pub words: String,
}

/// Why nothing could be checked or read.
#[derive(Debug, thiserror::Error)]
pub enum OcflError {
    /// Nothing is there, or it cannot be read.
    #[error("the deposit cannot be read")]
    Io(#[from] io::Error),
    /// No folder with a declaration.
    #[error("this is no OCFL object or storage root")]
    NotOcfl,
    /// More than is looked at.
    #[error("there are too many files, or folders nested too deeply")]
    TooMany,
}
impl Fault for OcflError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Io(_) => FaultKind::Environment,
            Self::NotOcfl | Self::TooMany => FaultKind::Input,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Io(_) => "check that the path is right and may be read",
            Self::NotOcfl => "give the folder that holds the file 0=ocfl_object_1.1 or 0=ocfl_1.1",
            Self::TooMany => "ask whoever made the deposit to split it",
        }
        .into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "ocfl-unreadable",
            Self::NotOcfl => "no-ocfl",
            Self::TooMany => "ocfl-too-many",
        }
    }
}

/// Collects findings, up to a limit.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);
impl Findings {
    fn put(&mut self, weight: Weight, code: &'static str, subject: &str, words: impl Into<String>) {
        if self.0.len() < MAX_FINDINGS {
            let subject = crate::safe::line(subject).chars().take(500).collect();
            self.0.push(Finding { weight, code, subject, words: words.into() });
        }
    }
    pub(crate) fn error(&mut self, code: &'static str, subject: &str, words: impl Into<String>) {
        self.put(Weight::Error, code, subject, words);
    }
    pub(crate) fn warn(&mut self, code: &'static str, subject: &str, words: impl Into<String>) {
        self.put(Weight::Warning, code, subject, words);
    }
    /// Puts a folder's name before every subject.
    fn take_below(&mut self, prefix: &str, inner: Vec<Finding>) {
        for f in inner {
            let subject = if f.subject.is_empty() { prefix.to_owned() } else { format!("{prefix}/{}", f.subject) };
            self.put(f.weight, f.code, &subject, f.words);
        }
    }
}
