//! Whoever turns windows of sound into words: the host on this machine, or a server that the operator named.
//!
//! What surrounds the listening is the same for all: where somebody speaks, how that is packed, what is held against what was
//! heard, how words become segments.

use super::{Speech, patience, unexpected};
use crate::EngineError;
use crate::host::Next;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::EngineIdentity;
use zapys_domain::derivation::Repeatability;
use zapys_host_protocol::{Ask, Heard, Reply, WindowsAsk};

/// What was heard in one window.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hearing {
    /// Text, words, measures.
    pub heard: Heard,
    /// False where the times are those of whole passages: each stands as one word until segments are cut.
    pub timed: bool,
    /// False where nothing was said of how sure the words are.
    pub rated: bool,
}
impl From<Heard> for Hearing {
    fn from(heard: Heard) -> Self {
        Self { heard, timed: true, rated: true }
    }
}

/// A way to have windows heard.
pub trait Listener: Send + Sync {
    /// Which engine and model.
    fn identity(&self) -> EngineIdentity;
    /// Whether hearing again gives the same words.
    fn repeats(&self) -> Repeatability;
    /// What is to be kept beside the parameters, of who listens; asked before and after each recording. `None` where the
    /// identity says all. Errors: nobody listens.
    fn presence(&self, cancel: &AtomicBool) -> Result<Option<serde_json::Value>, EngineError>;
    /// Has `pcm` heard, the windows that `ask` announces (16 kHz, mono), and hands each over, in any order, once; those
    /// that `ask` says are known may be left out.
    /// Returns the language of all together, where it was not given.
    fn hear(
        &self,
        ask: WindowsAsk,
        pcm: &[Vec<i16>],
        cancel: &Arc<AtomicBool>,
        each: &mut dyn FnMut(Hearing),
    ) -> Result<Option<String>, EngineError>;
}

impl Listener for Speech {
    fn identity(&self) -> EngineIdentity {
        self.transcribe_identity()
    }
    fn repeats(&self) -> Repeatability {
        // Processors with other instructions round otherwise.
        Repeatability::SameMachine
    }
    fn presence(&self, _: &AtomicBool) -> Result<Option<serde_json::Value>, EngineError> {
        Ok(None)
    }
    fn hear(
        &self,
        ask: WindowsAsk,
        pcm: &[Vec<i16>],
        cancel: &Arc<AtomicBool>,
        each: &mut dyn FnMut(Hearing),
    ) -> Result<Option<String>, EngineError> {
        let wall = patience(ask.samples());
        let sound: Vec<&[i16]> = pcm.iter().map(Vec::as_slice).collect();
        let mut language = None;
        self.host()?.ask(&Ask::Transcribe(ask), &sound, wall, cancel, |reply| match reply {
            Reply::Heard(h) => {
                each(h.into());
                Ok(Next::More)
            }
            Reply::Done { language: found, .. } => {
                language = found;
                Ok(Next::Enough)
            }
            _ => Err(unexpected()),
        })?;
        Ok(language)
    }
}
