//! Where sealed bytes rest. A backend knows no keys, no plain digests and no meaning.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

/// Name of sealed bytes: 64 lower-case hexadecimal characters, random; of bytes that rest as they came, their digest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealedName(String);
impl SealedName {
    /// Reads a name. Errors: `None` unless it is 64 lower-case hexadecimal characters, so it is always safe inside a path.
    pub fn parse(text: &str) -> Option<Self> {
        let ok = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        ok.then(|| Self(text.into()))
    }
    /// The 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Folder and file below it: the first two characters, and the rest.
    pub fn halves(&self) -> (&str, &str) {
        self.0.split_at(2)
    }
}
impl fmt::Debug for SealedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedName({})", &self.0[..8])
    }
}

/// What came of putting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The bytes are kept under the name now.
    New,
    /// The name was taken; what was there stays.
    AlreadyThere,
}

/// A part of a listing, in order of name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Names of this part; may be empty even where `more` is true.
    pub names: Vec<T>,
    /// Where to go on: the last name looked at. `None` at the end.
    pub next: Option<T>,
}

/// Why a backend could not do it.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// Disk, quota or file size limit reached.
    #[error("there is no space left for objects")]
    NoSpace,
    /// Permission.
    #[error("the vault does not allow it")]
    Denied,
    /// No object has this name.
    #[error("the object is not there")]
    NotThere,
    /// The caller announced another length than it delivered; nothing was kept.
    #[error("{expected} bytes were announced, {found} came")]
    WrongLength {
        #[allow(missing_docs)]
        expected: u64,
        #[allow(missing_docs)]
        found: u64,
    },
    /// The body could not be read; nothing was kept.
    #[error("the bytes to be kept could not be read")]
    Body(#[source] io::Error),
    /// The server does not answer, or answers nonsense.
    #[error("the object server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else the system reports.
    #[error("the vault could not be read or written")]
    Io(#[source] io::Error),
}
impl From<io::Error> for BackendError {
    /// Sorts an error of the vault's own files.
    fn from(e: io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::NoSpace,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied,
            io::ErrorKind::NotFound => Self::NotThere,
            _ => Self::Io(e),
        }
    }
}

/// Where sealed bytes rest: disk, S3, memory.
///
/// One object is written by one call and never changes afterwards. Implementations may be called from many threads at once.
pub trait Backend: Send + Sync {
    /// Keeps exactly `len` bytes of `body` under `name`, durably, unless the name is taken. Never replaces anything; if it
    /// fails, nothing is kept. Errors: `WrongLength`, `Body`, `NoSpace`, `Denied`, `Unreachable`, `Io`.
    fn put_new(&self, name: &SealedName, body: &mut dyn Read, len: u64) -> Result<Put, BackendError>;
    /// Reads the bytes of `range`, as far as they exist: a range that ends beyond the object stops at its end, one that begins
    /// there is empty. Errors: `NotThere` and the above.
    fn read(&self, name: &SealedName, range: Range<u64>) -> Result<Box<dyn Read + Send>, BackendError>;
    /// Length in bytes, or `None` if there is no such object.
    fn size(&self, name: &SealedName) -> Result<Option<u64>, BackendError>;
    /// Names after `after` in order, in parts. Objects put meanwhile may or may not appear.
    fn list(&self, after: Option<&SealedName>) -> Result<Page<SealedName>, BackendError>;
}
