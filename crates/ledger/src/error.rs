//! Errors of the ledger as they are told to people. Rules: one enum a module, context as numbers and codes, never the
//! bytes themselves.

use crate::checkpoint::CheckpointError;
use crate::event::EventError;
use crate::history::HistoryError;
use crate::key::{KeyError, SignError};
use crate::log::AppendError;
use crate::note::NoteError;
use crate::ots::OtsError;
use crate::proof::ProofTextError;
use crate::stamp::StampError;
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
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Stamp(#[from] StampError),
    #[error(transparent)]
    Ots(#[from] OtsError),
}

impl Fault for LedgerError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Key(_) | Self::Stamp(_) | Self::Ots(_) => FaultKind::Input,
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
            Self::Stamp(e) => stamp_hint(e),
            Self::Ots(OtsError::Pending) => "complete it with `ots upgrade`, on a machine that may use the network",
            Self::Ots(OtsError::OtherBlock) => "give the header of the block that the proof names; `ots info` tells its height",
            Self::Ots(_) => "give the .ots file that belongs to a checkpoint of this case",
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
            Self::History(_) => "ledger-key-history",
            Self::Stamp(e) => e.word(),
            Self::Ots(e) => e.word(),
        }
    }
}

fn stamp_hint(e: &StampError) -> &'static str {
    match e {
        StampError::Malformed { .. } | StampError::TooLong { .. } | StampError::TooMany { .. } => {
            "give the file as the authority sent it"
        }
        StampError::Refused { .. } => "ask another authority, or ask this one why",
        StampError::Imprint | StampError::Nonce | StampError::Policy => "give the reply to a request that this case wrote",
        StampError::NoSigner | StampError::NoRoot => "give the certificates of the authority that lie between it and its root",
        StampError::Expired { .. } => "check at the time in the token, or get a newer time stamp over it",
        _ => "keep the file, and get a time stamp from another authority",
    }
}
