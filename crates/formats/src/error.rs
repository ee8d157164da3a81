//! Why something could not be read.
//!
//! Rules: a reader answers with an error only where nothing of use came out; whatever could be read is returned with
//! findings instead. Errors hold sizes, offsets and format words, never text, names or numbers from the evidence.

use zapys_domain::{Fault, FaultKind};

/// Nothing of use could be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// There are no bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The bytes could not be fetched.
    #[error("the bytes could not be read")]
    Read(#[from] std::io::Error),
    /// The bytes are something else.
    #[error("these bytes are not {format}")]
    NotThisFormat {
        /// Format that was expected.
        format: &'static str,
    },
    /// More bytes than this reader takes.
    #[error("the file holds {bytes} bytes; {format} is read up to {limit} bytes")]
    TooLarge {
        /// Format that was read.
        format: &'static str,
        /// Length of the input in bytes.
        bytes: u64,
        /// Greatest length in bytes.
        limit: u64,
    },
    /// The structure is broken so early that nothing came out.
    #[error("{format} is damaged at byte {offset}: {what}")]
    Damaged {
        /// Format that was read.
        format: &'static str,
        /// What is wrong, in words of the format.
        what: &'static str,
        /// Where, in bytes from the start.
        offset: u64,
    },
    /// Recognised, but there is no reader for it.
    #[error("{format} is recognised but not read by this version")]
    Unsupported {
        /// Format that was asked for.
        format: String,
    },
}

impl Fault for FormatError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Read(_) => FaultKind::Environment,
            _ => FaultKind::Input,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Empty => "Ask whoever handed it over for a complete copy.",
            Self::Read(_) => "Check that the disk or store is reachable, then run it again.",
            Self::NotThisFormat { .. } => "Look at the recognised kind of the item; the original is kept as it is.",
            Self::TooLarge { .. } => "Split the file with the program that made it, and add the parts beside the original.",
            Self::Damaged { .. } => "Ask for another copy or another form of the same data; the damaged original is kept.",
            Self::Unsupported { .. } => "Convert it with a program you trust, and add the result beside the original.",
        }
        .into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty-file",
            Self::Read(_) => "read-failed",
            Self::NotThisFormat { .. } => "not-this-format",
            Self::TooLarge { .. } => "file-too-large",
            Self::Damaged { .. } => "damaged-file",
            Self::Unsupported { .. } => "format-not-read",
        }
    }
}
