//! The use-cases, in the order in which evidence passes them. The only crate that joins the others.
//!
//! Every use-case takes the actor, does one thing, and commits the change of the record, its custody event and the jobs
//! that follow from it together.

mod error;
pub mod settings;
pub mod view;

mod open;
mod custody;
mod acquire;
mod unpack;
mod engines;
mod facts;
mod derive;
mod jobs;
mod find;
mod show;
mod produce;
mod check;
pub mod doctor;
pub mod packs;

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
