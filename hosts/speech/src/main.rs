//! `zapys-engine-speech`: hears speech and translates words for zapys, in a sandbox, over pipes.
//!
//! `zapys-engine-speech --threads N [--whisper FOLDER] [--gate MODEL --onnxruntime LIBRARY [--voices FOLDER]]
//! [--renderer FOLDER --pieces MODEL] [--speller FOLDER --spelling JSON --languages CODE,…]`. Everything it is told and everything it answers goes through standard input and output as `zapys-host-protocol` says; it opens nothing
//! but its models, and needs neither network nor disk.

mod energies;
mod fbank;
mod gate;
mod mel;
mod render;
mod serve;
mod speller;
mod vocabulary;
mod voices;
mod whisper;
mod words;
mod workers;

use std::process::ExitCode;

/// What can go wrong. Texts never hold words that were heard.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A model or library cannot be used.
    #[error("{0}")]
    Model(&'static str),
    /// The question makes no sense; the next one may.
    #[error("{0}")]
    Request(&'static str),
    /// The computation failed.
    #[error("{0}")]
    Inference(&'static str),
    /// The other side is gone or speaks another language.
    #[error("the pipe failed: {0}")]
    Pipe(#[from] std::io::Error),
}
impl Fault {
    /// Stable code for [`zapys_host_protocol::Reply::Error`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::Model(_) => "model",
            Self::Request(_) => "bad-request",
            Self::Inference(_) => "inference",
            Self::Pipe(_) => "pipe",
        }
    }
}

fn main() -> ExitCode {
    let run = || -> Result<(), Fault> {
        let settings = serve::Settings::parse(std::env::args().skip(1))?;
        let mut host = serve::Host::start(&settings)?;
        host.answer_all(&mut std::io::stdin().lock(), &mut std::io::stdout())
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("zapys-engine-speech: {e}");
            ExitCode::FAILURE
        }
    }
}
