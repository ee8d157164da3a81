//! The trait that every engine implements, and what it works on.

use crate::parts::Parts;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use zapys_domain::derivation::Repeatability;
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Fault, FaultKind, Progress};

/// Bytes in, derivative out.
pub trait Engine: Send + Sync {
    /// Name, version, model digest: changes whenever the output may change.
    fn identity(&self) -> &EngineIdentity;
    /// What it takes and gives.
    fn contract(&self) -> &Contract;
    /// True where it is told how terms of the case's glossary are rendered, as part of its parameters.
    fn heeds_glossary(&self) -> bool {
        false
    }
    /// Reads inputs, writes the output file, touches nothing else. A bad page is a finding, not an `Err`.
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError>;
}

/// What an engine takes and gives.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Kind of derivative it emits.
    pub emits: DerivativeKind,
    /// Derivatives of the same item that must come first, in the order of [`Work::inputs`] after the original.
    pub needs: &'static [DerivativeKind],
    /// Whether running again gives the same bytes.
    pub repeats: Repeatability,
}

/// One read-only input.
#[derive(Debug, Clone)]
pub struct Input {
    /// A plain file that holds exactly the object's bytes; never to be written.
    pub path: PathBuf,
    /// Media type as recognised at intake, or `application/json` for derivatives.
    pub media_type: String,
}

/// One application of an engine.
pub struct Work<'a> {
    /// The original first, then what the contract needs, in that order.
    pub inputs: Vec<Input>,
    /// Parameters, as they went into the derivation key.
    pub params: &'a serde_json::Value,
    /// Where the output goes: a new file, created by the engine.
    pub output: PathBuf,
    /// A folder of its own, removed afterwards.
    pub scratch: &'a Path,
    /// Parts of this very derivation that an interrupted run left.
    pub parts: &'a dyn Parts,
    /// Progress: total and advance count milliseconds of sound, pages or bytes.
    pub progress: Progress,
    /// Set when the work is no longer wanted.
    pub cancel: Arc<AtomicBool>,
}
impl Work<'_> {
    /// Stops with [`EngineError::Cancelled`] once the work is no longer wanted.
    pub fn check_cancel(&self) -> Result<(), EngineError> {
        if self.cancel.load(Ordering::Relaxed) { Err(EngineError::Cancelled) } else { Ok(()) }
    }
}

/// What an engine wrote to [`Work::output`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// Media type of the output, `application/json` for documents.
    pub media_type: String,
}

/// Writes a derivative document.
pub trait WriteJson {
    /// Writes `value` with its findings as one JSON document to the output. Errors: [`EngineError::Io`].
    fn write_json<T: serde::Serialize>(&self, value: &T, findings: &[zapys_domain::Finding]) -> Result<Emitted, EngineError>;
}
impl WriteJson for Work<'_> {
    fn write_json<T: serde::Serialize>(&self, value: &T, findings: &[zapys_domain::Finding]) -> Result<Emitted, EngineError> {
        #[derive(serde::Serialize)]
        struct Out<'v, T> {
            #[serde(flatten)]
            value: &'v T,
            findings: &'v [zapys_domain::Finding],
        }
        let bytes = serde_json::to_vec(&Out { value, findings }).map_err(|e| EngineError::Output(e.to_string()))?;
        std::fs::write(&self.output, bytes).map_err(EngineError::Io)?;
        Ok(Emitted { media_type: "application/json".into() })
    }
}

/// Why an engine gave nothing. Texts name tools and causes, never evidence.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The work was stopped on request.
    #[error("stopped on request")]
    Cancelled,
    /// The input is not what the engine can read: empty, truncated, damaged, mislabelled.
    #[error("{tool} cannot read these bytes: {reason}")]
    Unreadable {
        /** Tool. */
        tool: &'static str,
        /** Cause, free of evidence text. */
        reason: String,
    },
    /// There is nothing in the item for this engine, and that is no fault: a video without sound.
    #[error("nothing to do: {what}")]
    NotApplicable {
        /** A sentence, free of evidence text. */
        what: String,
    },
    /// A limit of the sandbox was reached.
    #[error("{tool} was stopped at the limit of {limit}")]
    Limit {
        /** Tool. */
        tool: &'static str,
        /** Which limit, e.g. `60 s of processor time`. */
        limit: String,
    },
    /// A needed tool, library or model is not there.
    #[error("{what} is not installed")]
    Missing {
        /** What. */
        what: String,
        /** What to do. */
        hint: String,
    },
    /// A server that the settings name cannot be reached.
    #[error("{what} cannot be asked: {reason}")]
    Unreachable {
        /** What. */
        what: String,
        /** Cause. */
        reason: String,
    },
    /// No sandbox can be made on this machine.
    #[error("no sandbox is available: {reason}")]
    NoSandbox {
        /** Cause. */
        reason: String,
    },
    /// A tool or host process ended in an unexpected way.
    #[error("{tool} failed: {reason}")]
    Failed {
        /** Tool. */
        tool: &'static str,
        /** Cause, free of evidence text. */
        reason: String,
    },
    /// The engine produced something that cannot be stored.
    #[error("the result cannot be written: {0}")]
    Output(String),
    /// Reading or writing a file failed.
    #[error("reading or writing failed: {0}")]
    Io(#[source] std::io::Error),
}

impl Fault for EngineError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Unreadable { .. } | Self::Limit { .. } | Self::NotApplicable { .. } => FaultKind::Input,
            Self::Missing { .. } | Self::Unreachable { .. } | Self::NoSandbox { .. } | Self::Io(_) => FaultKind::Environment,
            Self::Cancelled => FaultKind::Usage,
            Self::Failed { .. } | Self::Output(_) => FaultKind::Internal,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Cancelled => "Run `zapys process` to go on.".into(),
            Self::Unreadable { .. } => "The original is kept as it is; ask the source for another copy.".into(),
            Self::NotApplicable { .. } => "Nothing needs to be done.".into(),
            Self::Limit { .. } => "The original is kept as it is; look at it on a separate machine.".into(),
            Self::Missing { hint, .. } => hint.clone(),
            Self::Unreachable { .. } => {
                "See that it runs and that the settings name the right address, then run `zapys process`; what is done stays done."
                    .into()
            }
            Self::NoSandbox { .. } => {
                "Install bubblewrap and allow unprivileged user namespaces, then run `zapys doctor`.".into()
            }
            Self::Failed { .. } | Self::Output(_) => {
                "Run `zapys process` to try again; if it fails again, report it with the output of `zapys doctor`.".into()
            }
            Self::Io(e) if e.kind() == std::io::ErrorKind::StorageFull => {
                "Free some space and run `zapys process` again; nothing is lost.".into()
            }
            Self::Io(_) => "Check the disk and permissions of the case folder, then run `zapys process` again.".into(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Unreadable { .. } => "unreadable",
            Self::NotApplicable { .. } => "not-applicable",
            Self::Limit { .. } => "limit",
            Self::Missing { .. } => "missing",
            Self::Unreachable { .. } => "unreachable",
            Self::NoSandbox { .. } => "no-sandbox",
            Self::Failed { .. } => "engine-failed",
            Self::Output(_) => "bad-output",
            Self::Io(e) if e.kind() == std::io::ErrorKind::StorageFull => "disk-full",
            Self::Io(_) => "io",
        }
    }
}
