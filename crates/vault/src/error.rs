//! What can go wrong with objects.
//!
//! Rules: errors tell the source's side (somebody's file) from the vault's side; no path of a source appears in a text, because
//! names of evidence files may speak; each error says what to do about it.

use crate::backend::BackendError;
use std::io;
use zapys_domain::{Fault, FaultKind, ObjectId};

/// An error of the vault.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file to be taken in could not be read.
    #[error("the file could not be read")]
    Source(#[source] io::Error),
    /// The file to be taken in is a folder, a device or a pipe.
    #[error("this is no regular file")]
    NotAFile,
    /// The file to be taken in changed while it was read; nothing was kept.
    #[error("the file changed while it was being read, so nothing was kept")]
    SourceChanged,
    /// An object under this name has another length than its bytes must have.
    #[error("object {object} in the vault is damaged: it has {found} bytes instead of {expected}")]
    Damaged {
        #[allow(missing_docs)]
        object: ObjectId,
        #[allow(missing_docs)]
        expected: u64,
        #[allow(missing_docs)]
        found: u64,
    },
    /// Sealed bytes do not open: they were changed, cut off or exchanged.
    #[error("object {object} in the vault is damaged: its sealed bytes were changed")]
    Broken {
        #[allow(missing_docs)]
        object: ObjectId,
    },
    /// More bytes than the caller is ready to hold in memory.
    #[error("object {object} has {bytes} bytes, more than the {limit} that are read at once")]
    TooLarge {
        #[allow(missing_docs)]
        object: ObjectId,
        #[allow(missing_docs)]
        bytes: u64,
        #[allow(missing_docs)]
        limit: u64,
    },
    /// The vault's own side.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl Fault for VaultError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Source(_) | Self::NotAFile | Self::SourceChanged => FaultKind::Input,
            Self::Damaged { .. } | Self::Broken { .. } => FaultKind::Integrity,
            Self::TooLarge { .. } => FaultKind::Input,
            Self::Backend(e) => e.kind(),
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Source(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                "Give yourself read permission on it, then add it again.".into()
            }
            Self::Source(e) if e.kind() == io::ErrorKind::NotFound => {
                "It has vanished: check the path or the medium, then add it again.".into()
            }
            Self::Source(_) => "Check the medium it lies on; copy it elsewhere if that works, then add it again.".into(),
            Self::NotAFile => "Name a file, or a folder whose files should be added.".into(),
            Self::SourceChanged => "Wait until nothing writes to it any more, then add it again.".into(),
            Self::Damaged { .. } | Self::Broken { .. } => "Run `zapys verify`, and restore the object from a backup.".into(),
            Self::TooLarge { .. } => "Split it into smaller parts.".into(),
            Self::Backend(e) => e.hint(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Source(e) if e.kind() == io::ErrorKind::NotFound => "source-vanished",
            Self::Source(e) if e.kind() == io::ErrorKind::PermissionDenied => "source-denied",
            Self::Source(_) => "source-unreadable",
            Self::NotAFile => "not-a-file",
            Self::SourceChanged => "source-changed",
            Self::Damaged { .. } | Self::Broken { .. } => "object-damaged",
            Self::TooLarge { .. } => "object-too-large",
            Self::Backend(e) => e.code(),
        }
    }
}

impl Fault for BackendError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::NoSpace | Self::Denied | Self::Unreachable(_) | Self::Io(_) => FaultKind::Environment,
            Self::NotThere => FaultKind::Integrity,
            Self::WrongLength { .. } => FaultKind::Internal,
            Self::Body(_) => FaultKind::Input,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::NoSpace => "Make space on the disk of the case, then run the command again; what was kept before is safe.",
            Self::Denied => "Give yourself write permission on the case folder, or check the access key of the object server.",
            Self::NotThere => "Run `zapys verify`, and restore the object from a backup.",
            Self::WrongLength { .. } => "This is a fault of zapys; nothing was kept. Please report it.",
            Self::Body(_) => "Check the medium the bytes come from, then try again.",
            Self::Unreachable(_) => "Check that the object server runs and that its address is right.",
            Self::Io(_) => "Check the disk of the case; nothing half-written was kept.",
        }
        .into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::NoSpace => "disk-full",
            Self::Denied => "vault-denied",
            Self::NotThere => "object-missing",
            Self::WrongLength { .. } => "wrong-length",
            Self::Body(_) => "body-unreadable",
            Self::Unreachable(_) => "objects-unreachable",
            Self::Io(_) => "vault-io",
        }
    }
}

/// What is wrong with an object, found by reading it again.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It is gone.
    #[error("object {object} is missing")]
    Missing {
        #[allow(missing_docs)]
        object: ObjectId,
    },
    /// Its bytes are others than they were.
    #[error("object {object} has changed: its {bytes} bytes now hash to {found}")]
    Changed {
        #[allow(missing_docs)]
        object: ObjectId,
        /// Digest of what is there now.
        found: ObjectId,
        /// Length of what is there now.
        bytes: u64,
    },
    /// Its sealed bytes do not open any more.
    #[error("object {object} has changed: its sealed bytes do not open")]
    Broken {
        #[allow(missing_docs)]
        object: ObjectId,
    },
    /// It cannot be read.
    #[error("object {object} cannot be read")]
    Unreadable {
        #[allow(missing_docs)]
        object: ObjectId,
        #[allow(missing_docs)]
        #[source]
        cause: BackendError,
    },
}
impl Damage {
    /// Which object.
    pub fn object(&self) -> ObjectId {
        match self {
            Self::Missing { object }
            | Self::Broken { object }
            | Self::Changed { object, .. }
            | Self::Unreadable { object, .. } => *object,
        }
    }
}
impl Fault for Damage {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Unreadable { cause, .. } => cause.kind(),
            _ => FaultKind::Integrity,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Unreadable { cause, .. } => cause.hint(),
            _ => "Keep the case as it is for examination, and restore the object from a backup.".into(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "object-missing",
            Self::Changed { .. } | Self::Broken { .. } => "object-changed",
            Self::Unreadable { .. } => "object-unreadable",
        }
    }
}
