//! The use-cases, in the order in which evidence passes them. The only crate that joins the others.
//!
//! Every use-case takes the actor, does one thing, and commits the change of the record, its custody event and the jobs
//! that follow from it together.

mod error;
mod export;
pub mod settings;
pub mod view;

mod acquire;
mod backup;
mod begun;
mod bytes;
mod check;
mod conform;
mod custody;
mod derive;
mod dispose;
pub mod doctor;
mod engines;
mod facts;
mod find;
mod glossary;
mod handover;
pub mod interchange;
mod jobs;
mod open;
pub mod packs;
mod produce;
mod proofs;
mod queue;
mod recall;
mod review;
mod rotate;
mod show;
mod stamp;
mod unlock;
mod unpack;
mod voices;
mod witness;

pub use acquire::{Upload, UploadWriter};
pub use backup::{Copied, CopySummary};
pub use conform::{ConformanceRow, ConformanceStatus, Standard};
pub use dispose::DisposalView;
pub use error::CaseError;
pub use find::SearchRequest;
pub use handover::{DateView, ExcerptView, OnRecord, RecordError, RecordRequest, RecordView};
pub use jobs::ProcessRequest;
pub use open::{Access, Casework, CreateOptions, Places, Protection};
pub use produce::{ProduceRequest, ProductionFormat};
pub use proofs::{CheckpointRef, ConsistencyView, CosignatureView, ProofView};
pub use review::{
    DifferenceView, Heard, Layer, ReviewRequest, RevisionRequest, Translated, TranslationFile, TranslationRequest, VoiceChange,
};
pub use rotate::{KeyLoss, KeyView};
pub use settings::Settings;
pub use show::{ItemsRequest, ItemsSort, ProxyFile};
pub use stamp::{StampFiles, StampRequestView, StampView, block_header};
pub use unlock::Credential;
pub use voices::VoiceDecision;
pub use zapys_keys::{RecoveryKey, SlotKind, SlotView};
pub use zapys_store::closed;

/// Result of every use-case.
pub type Result<T, E = CaseError> = std::result::Result<T, E>;
