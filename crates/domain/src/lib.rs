//! The words of the field as types, and the pure rules between them.
//!
//! No I/O, no clock, no randomness, no database: whatever decides something here can be tested by calling it.
//! Modules stand in the order in which evidence meets them.

pub mod call;
pub mod custody;
pub mod derivation;
pub mod edtf;
pub mod fault;
pub mod finding;
pub mod handover;
pub mod id;
pub mod kind;
pub mod language;
pub mod locator;
pub mod media;
pub mod message;
pub mod passage;
pub mod private;
pub mod progress;
pub mod provenance;
pub mod revision;
pub mod text;
pub mod time;
pub mod transcript;

pub use custody::{Action, Actor};
pub use derivation::{DerivationKey, DerivativeKind, EngineIdentity};
pub use fault::{Fault, FaultKind};
pub use finding::{Checked, Finding, Severity};
pub use id::*;
pub use kind::ItemKind;
pub use language::Lang;
pub use locator::Locator;
pub use private::Private;
pub use progress::{Meter, Progress, Step};
pub use time::{Clock, IdSource, Instant};
