//! Custody events become a Merkle log, its signed checkpoints and its proofs. Pure: no I/O, no clock, no randomness.
//!
//! What is written here is meant for strangers: events are RFC 8785 JSON, the log is RFC 6962, checkpoints, proofs and
//! tiles follow the C2SP texts (`signed-note`, `tlog-checkpoint`, `tlog-proof`, `tlog-tiles`), so that other people's
//! programs check it without ours. Nothing personal enters an event: only codes, counts and salted commitments, whose
//! openings live elsewhere and can be destroyed without breaking the log.
//!
//! Modules stand in the order in which an act becomes a proof.

pub mod hash;
pub mod strict;

pub mod commit;
pub mod term;

pub mod event;

pub mod follow;
pub mod log;
pub mod tree;

pub mod checkpoint;
pub mod history;
pub mod key;
pub mod note;

pub mod proof;
pub mod tiles;

pub mod ots;
pub mod stamp;

pub mod export;

mod error;

pub use checkpoint::Checkpoint;
pub use commit::{Commitment, Opening, Salt};
pub use error::LedgerError;
pub use event::{Event, EventError, Subject};
pub use follow::{Follow, Irregularity};
pub use hash::Hash;
pub use history::{HistoryError, KeyHistory, Succession};
pub use key::{KeyError, SignError, Signer, SigningKey, VerifierKey};
pub use log::{AppendError, Draft, Entry, Log, Previous, clock_anomaly};
pub use note::{Note, NoteError, Signature, sign_note};
pub use proof::{ConsistencyProof, TlogProof};
pub use term::{Code, Detail, Term};
pub use tree::{Frontier, Leaves, ProofError, Sparse, Tree, verify_consistency, verify_inclusion};
