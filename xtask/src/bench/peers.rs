//! What the bench needs beyond zapys: Python environments with the peers, by version, in `target/venv`.

use super::measured::{read, script};
use crate::setup::venvs;
use crate::steps::{output, patiently, program};
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A peer with an environment of its own.
#[derive(Clone, Copy)]
pub struct Peer {
    /// Of the environment below `target/venv`.
    name: &'static str,
    /// The file in `bench/` that lists what is in it.
    list: &'static str,
}
/// faster-whisper, and what rates are computed with.
pub const FASTER_WHISPER: Peer = Peer { name: "faster-whisper", list: "requirements.txt" };
/// WhisperX. It brings 8 GB of others' libraries.
pub const WHISPERX: Peer = Peer { name: "whisperx", list: "requirements-whisperx.txt" };
impl Peer {
    fn dir(self) -> PathBuf {
        venvs().join(self.name)
    }
    /// The Python of the environment.
    pub fn python(self) -> PathBuf {
        self.dir().join("bin/python3")
    }
}

/// Has a script of the bench compute something of `asked`, with the Python of the environment. Errors: a sentence.
pub fn computed<T: for<'d> Deserialize<'d>>(name: &str, asked: &Value, place: &Path) -> Result<T, String> {
    let out = place.join("score.json");
    let failed = |e: String| format!("{name} could not compute its rates: {e}.");
    let mut command = program(&FASTER_WHISPER.python().to_string_lossy());
    command.arg(script(name)).arg(&out).stdin(Stdio::piped());
    let mut child = command.spawn().map_err(|e| failed(e.to_string()))?;
    let told = child.stdin.take().expect("standard input is a pipe").write_all(asked.to_string().as_bytes());
    let status = child.wait().map_err(|e| failed(e.to_string()))?;
    if !status.success() || told.is_err() {
        return Err(failed(format!("it ended with {status}")));
    }
    read(&out)
}

/// The program that makes bags, as the tests use it.
pub fn bagit() -> PathBuf {
    venvs().join("v-bagit/bin/bagit.py")
}

/// Errors: a peer of intake or its yardstick is not installed.
pub fn ready() -> Result<(), String> {
    let missing = |words: &[&str]| !runs(words);
    for (words, package) in [
        (["openssl", "version"], "openssl"),
        (["restic", "version"], "restic"),
        (["borg", "--version"], "borgbackup"),
        ([bagit().to_string_lossy().as_ref(), "--version"], "bagit (`cargo xtask setup --for bench` makes its environment)"),
    ] {
        if missing(&words) {
            return Err(format!("{} is not installed. Install {package}, then run the same command again.", words[0]));
        }
    }
    Ok(())
}

fn runs(words: &[&str]) -> bool {
    let mut command = program(words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|s| s.success())
}

/// Makes the environment unless it is there whole. Errors: what could not be installed, with a remedy.
pub fn ensure(peer: Peer) -> Result<(), String> {
    let (list, dir, python) = (script(peer.list), peer.dir(), peer.python());
    let wanted = fs::read_to_string(&list).map_err(|e| format!("{} cannot be read: {e}.", list.display()))?;
    let stamp = dir.join("made.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    eprintln!("      installing {}", dir.display());
    output(program("python3").args(["-m", "venv", "--clear"]).arg(&dir))
        .map_err(|e| format!("{e} Where venv is missing, install the Debian package python3-venv."))?;
    patiently("pip", || {
        let mut command = program(&python.to_string_lossy());
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
        command.args(["--only-binary=:all:", "--retries", "5", "--timeout", "60", "--requirement"]).arg(&list);
        output(&mut command)
    })?;
    fs::write(&stamp, wanted).map_err(|e| format!("{} cannot be written: {e}.", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_is_pinned() {
        for (peer, names) in
            [(FASTER_WHISPER, &["faster-whisper==", "ctranslate2==", "jiwer=="][..]), (WHISPERX, &["whisperx==", "torch=="])]
        {
            let text = fs::read_to_string(script(peer.list)).unwrap();
            let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
            assert!(lines.iter().all(|l| l.split("==").count() == 2 && !l.contains(['*', ' '])), "{text}");
            assert!(names.iter().all(|name| lines.iter().any(|l| l.starts_with(name))), "{text}");
        }
    }
}
