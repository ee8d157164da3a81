//! The use-cases, in the order in which evidence passes them. The only crate that joins the others.
//!
//! Every use-case takes the actor, does one thing, and commits the change of the record, its custody event and the jobs
//! that follow from it together.

mod error;
pub mod settings;
pub mod view;

mod acquire;
mod check;
mod custody;
mod derive;
pub mod doctor;
mod engines;
mod facts;
mod find;
mod jobs;
mod open;
pub mod packs;
mod produce;
mod show;
mod unpack;

pub use acquire::Upload;
pub use error::CaseError;
pub use find::SearchRequest;
pub use jobs::ProcessRequest;
pub use open::{Access, Casework, CreateOptions};
pub use produce::{ProduceRequest, ProductionFormat};
pub use settings::Settings;
pub use show::{ItemsRequest, ItemsSort, ProxyFile};

/// Result of every use-case.
pub type Result<T, E = CaseError> = std::result::Result<T, E>;
