//! Errors of the index as they are told to people. Rules: the engine's error stays as source, the sentence names the index,
//! never a word of a text or a query.

use std::path::PathBuf;
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenReadError, OpenWriteError};
use zapys_domain::{Fault, FaultKind};

/// Why the index cannot be opened, fed or asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Files of the index are missing, cut short or changed.
    #[error("the search index is damaged")]
    Damaged(#[source] Option<TantivyError>),
    /// The folder was not made by zapys; nothing in it is touched.
    #[error("the folder {} holds something other than a search index", .0.display())]
    Foreign(PathBuf),
    /// Another process feeds the index; only one may.
    #[error("another zapys is writing to the search index")]
    Busy,
    #[allow(missing_docs)]
    #[error("the search index cannot be {}", if .0.kind() == std::io::ErrorKind::StorageFull { "written: the disk is full" } else { "read or written" })]
    Disk(#[source] std::io::Error),
    /// The engine refused something that it should not.
    #[error("the search index failed")]
    Engine(#[source] TantivyError),
}

impl From<TantivyError> for IndexError {
    fn from(error: TantivyError) -> Self {
        use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
        let is_damage = match &error {
            TantivyError::DataCorruption(_)
            | TantivyError::IncompatibleIndex(_)
            | TantivyError::DeserializeError(_)
            | TantivyError::SchemaError(_)
            | TantivyError::FieldNotFound(_) => true,
            TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. }) | TantivyError::IoError(io_error) => {
                matches!(io_error.kind(), InvalidData | NotFound | UnexpectedEof)
            }
            TantivyError::OpenReadError(_) => true,
            _ => false,
        };
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Busy,
            _ if is_damage => Self::Damaged(Some(error)),
            TantivyError::IoError(e)
            | TantivyError::OpenReadError(OpenReadError::IoError { io_error: e, .. })
            | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: e, .. })
            | TantivyError::LockFailure(LockError::IoError(e), _) => Self::Disk(std::io::Error::new(e.kind(), e)),
            _ => Self::Engine(error),
        }
    }
}
impl From<std::io::Error> for IndexError {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Fault for IndexError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Damaged(_) => FaultKind::Integrity,
            Self::Foreign(_) => FaultKind::Usage,
            Self::Busy | Self::Disk(_) => FaultKind::Environment,
            Self::Engine(_) => FaultKind::Internal,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Damaged(_) => "run `zapys reindex`: the index is built again from the record, nothing is lost",
            Self::Foreign(_) => "name an empty folder, or move what is in it",
            Self::Busy => "wait until the other one has finished, or stop it",
            Self::Disk(e) if e.kind() == std::io::ErrorKind::StorageFull => {
                "make space on the disk of the case, then do it again; what was done before is kept"
            }
            Self::Disk(_) => "check free space and permissions of the case folder, then try again",
            Self::Engine(_) => "run `zapys reindex`; if it happens again, report it",
        }
        .into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "index-damaged",
            Self::Foreign(_) => "index-foreign",
            Self::Busy => "index-busy",
            Self::Disk(e) if e.kind() == std::io::ErrorKind::StorageFull => "disk-full",
            Self::Disk(_) => "index-disk",
            Self::Engine(_) => "index-failed",
        }
    }
}
