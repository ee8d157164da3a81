//! Engines on real files: made here with the system's tools, damaged here, or from the shared corpus of damaged files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

mod corpus;
mod damaged;
mod dictionary;
#[allow(dead_code, reason = "what the graphs here do not need")]
#[path = "../../../../xtask/src/models/onnx.rs"]
mod onnx;
mod pictures;
mod second;
mod server;
mod sound;
mod speech;
mod spelled;
mod translate;
mod voices;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::{Checked, DerivativeKind, Finding, ItemKind, Progress};
use zapys_engines::parts::NoParts;
use zapys_engines::{Emitted, Engine, EngineError, Engines, EnginesConfig, Input, Work};

fn engines() -> &'static Engines {
    static ENGINES: std::sync::OnceLock<Engines> = std::sync::OnceLock::new();
    ENGINES.get_or_init(|| Engines::detect(EnginesConfig::plain(2)))
}

/// A folder for one test.
struct Bench(tempfile::TempDir);
impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
    /// Makes a file with the system's ffmpeg.
    fn ffmpeg(&self, name: &str, args: &[&str]) -> PathBuf {
        let path = self.path(name);
        let done = Command::new("ffmpeg").args(["-nostdin", "-loglevel", "error", "-y"]).args(args).arg(&path).status().unwrap();
        assert!(done.success(), "ffmpeg {args:?}");
        path
    }
    /// Runs one engine. Gives the output file with what was noticed.
    fn run(&self, engine: &dyn Engine, inputs: &[(&Path, &str)]) -> Result<(PathBuf, Checked<Emitted>), EngineError> {
        let number = std::fs::read_dir(self.0.path()).unwrap().count();
        let (output, scratch) = (self.path(&format!("out-{number}")), self.path(&format!("scratch-{number}")));
        std::fs::create_dir(&scratch).unwrap();
        let inputs = inputs.iter().map(|(p, m)| Input { path: p.to_path_buf(), media_type: (*m).into() }).collect();
        let mut work = Work {
            inputs,
            params: &serde_json::json!({}),
            output: output.clone(),
            scratch: &scratch,
            parts: &NoParts,
            progress: Progress::hidden(),
            cancel: Arc::new(AtomicBool::new(false)),
        };
        engine.run(&mut work).map(|emitted| (output, emitted))
    }
    /// Runs the engine for `kind` with the probe before it where it needs one.
    fn derive(
        &self,
        kind: DerivativeKind,
        item: ItemKind,
        path: &Path,
        media: &str,
    ) -> Result<(PathBuf, Checked<Emitted>), EngineError> {
        let engine = engines().find(kind, item, &zapys_domain::Lang::und())?;
        if engine.contract().needs.is_empty() {
            return self.run(&*engine, &[(path, media)]);
        }
        let probe = engines().find(DerivativeKind::Probe, item, &zapys_domain::Lang::und())?;
        let (facts, _) = self.run(&*probe, &[(path, media)])?;
        self.run(&*engine, &[(path, media), (&facts, "application/json")])
    }
    /// As [`Bench::derive`], reading the document.
    fn document(
        &self,
        kind: DerivativeKind,
        item: ItemKind,
        path: &Path,
        media: &str,
    ) -> Result<(serde_json::Value, Vec<Finding>), EngineError> {
        let (output, emitted) = self.derive(kind, item, path, media)?;
        let document: serde_json::Value = serde_json::from_slice(&std::fs::read(output).unwrap()).unwrap();
        let mut findings = Vec::new();
        assert_eq!(emitted.merge_into(&mut findings).media_type, "application/json");
        assert_eq!(document["findings"].as_array().unwrap().len(), findings.len(), "the document keeps what was noticed");
        Ok((document, findings))
    }
}

fn has(findings: &[Finding], code: &str) -> bool {
    findings.iter().any(|f| f.code == code)
}

/// 16-bit samples as a WAV file, channels interleaved.
fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend(1u16.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(channels) * 2).to_le_bytes());
    file.extend((channels * 2).to_le_bytes());
    file.extend(16u16.to_le_bytes());
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}
