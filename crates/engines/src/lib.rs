//! Bytes in, derivative out. Every engine is a named, versioned function; decoders and models run in a sandbox.
//!
//! An engine sees read-only inputs, its parameters and a scratch folder, writes one output file, and touches nothing
//! else. It knows no database, no vault and no case.

pub mod decode;
mod detect;
pub mod host;
mod lexicon;
pub mod models;
pub mod ocr;
pub mod parts;
pub mod peaks;
mod picture;
pub mod probe;
pub mod proxy;
mod registry;
mod remote;
mod routes;
pub mod sandbox;
pub mod speech;
pub mod translate;

pub use detect::{Availability, Engines, EnginesConfig, Lack, Slot};
pub use registry::{Contract, Emitted, Engine, EngineError, Input, Work, WriteJson};
pub use remote::ServerConfig;
