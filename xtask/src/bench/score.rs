//! Error rates of transcriptions, by the standard scorer that `score.py` calls.

use super::heard::{Hearings, Sounds};
use super::peers::computed;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// An error rate may be worse than the peer's by half a point.
pub const HALF_A_POINT: f64 = 0.005;

/// Words heard wrongly.
#[derive(Deserialize, Serialize)]
pub struct Errors {
    /// All of them by words spoken; absent where nothing was said.
    wer: Option<f64>,
    /// The same by characters.
    cer: Option<f64>,
    pub words: u64,
    pub substitutions: u64,
    pub deletions: u64,
    pub insertions: u64,
}
impl Errors {
    pub fn wer(&self) -> f64 {
        self.wer.unwrap_or(f64::NAN)
    }
    pub fn cer(&self) -> f64 {
        self.cer.unwrap_or(f64::NAN)
    }
}

/// Errors of every run. Errors: the scorer failed.
pub fn scored(sounds: &Sounds, heard: &Hearings, place: &Path) -> Result<BTreeMap<String, Errors>, String> {
    computed("score.py", &json!({"truth": sounds.truth, "heard": heard.0}), place)
}
