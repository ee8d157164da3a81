//! Progress as libraries report it; only binaries draw.

use std::sync::Arc;

/// What is being done. An enum, so that no evidence text slips into a progress line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Step {
    Hashing,
    Copying,
    Decoding,
    Listening,
    Transcribing,
    Translating,
    Reading,
    Indexing,
    Verifying,
    Packing,
}

/// Receives progress. `n` counts whatever the step counts: bytes, milliseconds, pages.
pub trait Meter: Send + Sync {
    /// The total, once known.
    fn total(&self, n: Option<u64>);
    /// `n` more are done.
    fn advance(&self, n: u64);
    /// A new step begins.
    fn step(&self, step: Step);
}

/// A shared handle on a meter.
#[derive(Clone)]
pub struct Progress(Arc<dyn Meter>);
impl Progress {
    /// Reports to `meter`.
    pub fn to(meter: Arc<dyn Meter>) -> Self {
        Self(meter)
    }
    /// Reports to nobody.
    pub fn hidden() -> Self {
        Self(Arc::new(Hidden))
    }
}
impl std::ops::Deref for Progress {
    type Target = dyn Meter;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
struct Hidden;
impl Meter for Hidden {
    fn total(&self, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn step(&self, _: Step) {}
}
