//! Errors of the ledger as they are told to people. Rules: one enum a module, context as numbers and codes, never the
//! bytes themselves.

use crate::checkpoint::CheckpointError;
use crate::event::EventError;
use crate::key::{KeyError, SignError};
use crate::log::AppendError;
use crate::note::NoteError;
use crate::proof::ProofTextError;
use crate::strict::StrictError;
use crate::tree::ProofError;
use zapys_domain::{Fault, FaultKind};

/// Whatever can go wrong here.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[allow(missing_docs)]
pub enum LedgerError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Strict(#[from] StrictError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error(transparent)]
    ProofText(#[from] ProofTextError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Fault for LedgerError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Key(_) => FaultKind::Input,
            Self::Sign(_) => FaultKind::Environment,
            Self::Append(AppendError::ClockBackwards { .. }) => FaultKind::Environment,
            Self::Append(AppendError::Event(EventError::TooLong { .. })) => FaultKind::Internal,
            _ => FaultKind::Integrity,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Key(_) => "give a key line as `ledger vkey` prints it",
            Self::Sign(_) => "unlock the ledger key and try again",
            Self::Append(AppendError::ClockBackwards { .. }) => "set the clock of this machine; the step backwards is recorded",
            Self::Append(AppendError::Event(EventError::TooLong { .. })) => {
                "report this: the event should have gone into an object"
            }
            _ => "keep a copy of the case as it is, and compare it with the last checkpoint that somebody else holds",
        }
        .into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Event(_) | Self::Strict(_) | Self::Append(AppendError::Event(_)) => "ledger-event",
            Self::Append(AppendError::ClockBackwards { .. }) => "clock-backwards",
            Self::Proof(_) | Self::ProofText(_) => "ledger-proof",
            Self::Note(_) => "ledger-note",
            Self::Checkpoint(_) => "ledger-checkpoint",
            Self::Key(_) => "ledger-key",
            Self::Sign(_) => "ledger-sign",
        }
    }
}
