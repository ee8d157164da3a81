//! What can go wrong with keys. No text tells more of a secret than that it did not fit.

use zapys_domain::{Fault, FaultKind};

/// An error of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No slot of its kind opens with what was given.
    #[error("this {0} does not open the case")]
    Refused(&'static str),
    /// The case has no such way in.
    #[error("the case cannot be opened by {0}: it has no such way in")]
    NoSuchWay(&'static str),
    /// The key file is not one, or was changed.
    #[error("the key file of the case is damaged: {0}")]
    Damaged(&'static str),
    /// Made by a later zapys.
    #[error("the key file of the case has format {found}, and this zapys knows format 1")]
    Newer {
        #[allow(missing_docs)]
        found: u32,
    },
    /// The last way in cannot be taken away.
    #[error("this is the last way into the case")]
    LastSlot,
    /// No slot has this name.
    #[error("the case has no way in by this name")]
    NoSuchSlot,
    /// A passphrase or key file that protects nothing.
    #[error("{0}")]
    TooWeak(&'static str),
    /// A recovery key with a slip of the pen in it.
    #[error("this is no recovery key, or it has a typing mistake")]
    BadRecovery,
    /// The memory that stretching a passphrase takes is not there.
    #[error("there is not enough memory to check a passphrase")]
    NoMemory,
    /// An object's key is missing, or the wrapping key it needs is gone.
    #[error("the key of an object is gone")]
    Destroyed,
}

impl Fault for KeyError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Damaged(_) | Self::Destroyed => FaultKind::Integrity,
            Self::NoMemory => FaultKind::Environment,
            Self::Newer { .. } | Self::Refused(_) | Self::BadRecovery => FaultKind::Input,
            Self::NoSuchWay(_) | Self::LastSlot | Self::NoSuchSlot | Self::TooWeak(_) => FaultKind::Usage,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Refused(_) => "Check it and try again; the recovery key printed by `zapys init` opens the case as well.",
            Self::NoSuchWay(_) => "`zapys key list` shows the ways into a case that is open; use one of them.",
            Self::Damaged(_) => "Restore keys.json from a backup of the case; without it nothing in the case can be read.",
            Self::Newer { .. } => "Use a newer zapys.",
            Self::LastSlot => "Add another way in first: `zapys key add`.",
            Self::NoSuchSlot => "`zapys key list` shows their names.",
            Self::TooWeak(_) => "Use a passphrase of eight characters or more; five random words are good.",
            Self::BadRecovery => "Compare it letter by letter with what was written down.",
            Self::NoMemory => "Close other programs: a passphrase takes 256 MiB for a moment.",
            Self::Destroyed => "If it was not disposed of, restore the record from a backup of the case.",
        }
        .into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "wrong-key",
            Self::NoSuchWay(_) => "no-such-way-in",
            Self::Damaged(_) => "key-file-damaged",
            Self::Newer { .. } => "key-file-newer",
            Self::LastSlot => "last-way-in",
            Self::NoSuchSlot => "no-such-slot",
            Self::TooWeak(_) => "weak-key",
            Self::BadRecovery => "bad-recovery-key",
            Self::NoMemory => "no-memory",
            Self::Destroyed => "key-destroyed",
        }
    }
}
