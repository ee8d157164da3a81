//! `make run`: from a clean checkout to the workbench with the sample case in it.
//!
//! Every step finds out by itself what is done already, so a run that was cut off is simply started again.

use crate::setup::{Purpose, setup};
use crate::steps::{Steps, call, cargo, listen, output, program, root, target};
use crate::summary::Summary;
use crate::{npm, packs, sample};
use serde_json::Value;
use std::fs::{File, TryLockError};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Folders of the sample, as a person would type them: a path is part of what makes an acquisition the same one.
const CASE: &str = "case";
const SAMPLE: &str = "sample";
/// Where the workbench listens unless told otherwise.
const ADDRESS: &str = "http://127.0.0.1:7878";

/// Does everything, then becomes the server unless `SERVE=0`. Errors: a sentence; what was done stays.
pub fn run() -> Result<(), String> {
    let mut steps = Steps::new();
    free(&root().join(CASE))?;
    setup(Purpose::Run, &mut steps)?;
    steps.step("Workbench for the browser", npm::build_ui)?;
    let build = ["build", "--release", "--locked"];
    steps.step("zapys", || call(cargo().args(build).args(["-p", "zapys-cli", "--features", "zapys-cli/embed-ui"])))?;
    // Alone, so that nothing the workbench needs slips into what strangers are asked to trust.
    steps.step("zapys-verify", || call(cargo().args(build).args(["-p", "zapys-verify"])))?;
    steps.step("Speech host", build_hosts)?;
    steps.step("Sample evidence", || sample::make(&root().join(SAMPLE)))?;
    if !root().join(CASE).join("case.toml").is_file() {
        let words = ["init", CASE, "--name", "Museum holdings, Synopillia", "--no-encryption"];
        steps.step("Case", || call(program(&zapys()).args(words)))?;
    }
    let mut undone = Vec::new();
    let added = steps.step("Intake", intake);
    undone.extend(added.err());
    let processed = steps.step("Everything computed", || call(in_case().arg("process")));
    undone.extend(processed.err());
    let summary = steps.step("Summary", || {
        Summary::gather(&|words| output(in_case().args(["--json", "--quiet"]).args(words)).or_else(answered_no))
    })?;
    undone.extend(summary.undone());

    print!("\n{summary}\n{}", places());
    print!("\nTime\n{}", steps.table());
    undone.iter().for_each(|what| println!("\nNOT DONE: {what}"));
    if std::env::var("SERVE").is_ok_and(|v| v == "0") {
        return if undone.is_empty() { Ok(()) } else { Err("Not everything was done; the lines above say what.".into()) };
    }
    println!();
    let error = in_case().arg("serve").exec();
    Err(format!("The workbench cannot be started: {error}."))
}

/// Builds the programs of `hosts/`, which hold the native inference libraries.
pub fn build_hosts() -> Result<(), String> {
    call(cargo().args(["build", "--release", "--locked", "-p", "zapys-engine-speech"]).envs(packs::host_build_env()))
}

/// Errors: another process writes to the case. Told before anything is built.
fn free(case: &Path) -> Result<(), String> {
    let Ok(lock) = File::open(case.join("lock")) else { return Ok(()) };
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(format!(
            "The folder {CASE}/ is in use by a running zapys, probably an earlier `make run` that serves {ADDRESS}. Use that \
             one, or stop it with Ctrl-C in its window and run the same command again."
        )),
        _ => Ok(()),
    }
}

fn zapys() -> String {
    target().join("release/zapys").to_string_lossy().into_owned()
}

fn in_case() -> Command {
    let mut command = program(&zapys());
    command.args(["-C", CASE]);
    command
}

/// What is said of each folder of the sample, as a person would at intake. Where nothing is said, it stays unknown.
const ORIGINS: &[(&str, &[&str])] = &[
    ("calls", &["--source", "Sample generator", "--legal-basis", "Made for demonstration, order 31/22", "--recorded", "2022-03"]),
    ("clips", &["--source", "Channel «Синьопілля сьогодні»", "--source-grade", "F", "--published", "2022-03-18"]),
    ("telegram", &["--source", "Channel «Синьопілля сьогодні»", "--source-grade", "F"]),
    ("screens", &["--source", "Sent in by a reader", "--sensitivity", "protected"]),
    ("articles", &["--source", "Pages saved for demonstration", "--published", "2022-03"]),
    (
        "records",
        &["--source", "Sample generator", "--legal-basis", "Made for demonstration, order 31/22", "--sensitivity", "protected"],
    ),
    ("photos", &["--source", "Sent in by a reader"]),
];

/// Takes the sample in. What is there already is nothing new.
fn intake() -> Result<(), String> {
    let mut counts = [0u64; 3];
    let mut well = true;
    for (folder, said) in ORIGINS {
        let mut text = String::new();
        let path = format!("{SAMPLE}/evidence/{folder}");
        well &= hushed(in_case().args(["--json", "--quiet", "add", &path]).args(*said), &mut text)?;
        for line in text.lines() {
            let status = serde_json::from_str::<Value>(line).ok().and_then(|v| v["status"].as_str().map(str::to_owned));
            match status.as_deref() {
                Some("added") => counts[0] += 1,
                Some("duplicate") => counts[1] += 1,
                Some("failed") => counts[2] += 1,
                _ => {}
            }
        }
    }
    eprintln!("      {} taken in, {} there already, {} failed", counts[0], counts[1], counts[2]);
    if well && counts[2] == 0 { Ok(()) } else { Err(format!("{} of the sample's files were not taken in.", counts[2])) }
}

/// Runs to the end and keeps standard output, also that of a command that failed in part.
fn hushed(command: &mut Command, text: &mut String) -> Result<bool, String> {
    let out = command.stderr(std::process::Stdio::inherit()).output().map_err(|e| format!("zapys cannot be started: {e}."))?;
    text.push_str(&String::from_utf8_lossy(&out.stdout));
    Ok(out.status.success())
}

/// A search that finds nothing and a check that finds a fault end with 1: an answer, not a failure.
fn answered_no(error: String) -> Result<String, String> {
    let asks = [" search ", " verify`"].iter().any(|w| error.contains(w));
    if asks && error.ends_with("exit status: 1.") { Ok(String::new()) } else { Err(error) }
}

fn places() -> String {
    let mut text = String::from("Where things are\n");
    for (what, place) in [
        ("the case", "case/"),
        ("its evidence, made here", "sample/evidence/"),
        ("what it is known to say", "sample/truth.json"),
        ("the programs", "target/release/zapys, target/release/zapys-verify"),
        ("the workbench", ADDRESS),
    ] {
        text += &format!("  {what:<26}{place}\n");
    }
    text += "\nTry next\n";
    for line in ["items", "search ящик", "verify", "produce --out production"] {
        text += &format!("  target/release/zapys -C case {line}\n");
    }
    text
}

/// Runs the hosts' own tests; each line of their output goes to `hear`. Answers whether all went well.
pub fn test_hosts(hear: &mut dyn FnMut(&str)) -> Result<bool, String> {
    let mut command = cargo();
    command
        .args(["test", "--release", "--locked", "--no-fail-fast", "-p", "zapys-engine-speech"])
        .env("RUST_TEST_THREADS", "2")
        .env("ZAPYS_REQUIRE_HOSTS", "1");
    listen(command.envs(packs::host_build_env()), hear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_in_use_is_told_before_anything_is_done() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(free(dir.path()), Ok(()), "no case yet");
        let held = File::create(dir.path().join("lock")).unwrap();
        assert_eq!(free(dir.path()), Ok(()), "a lock that nobody holds");
        held.lock().unwrap();
        assert!(free(dir.path()).unwrap_err().contains("is in use by a running zapys"));
        drop(held);
        assert_eq!(free(dir.path()), Ok(()));
    }

    #[test]
    fn a_command_that_asks_may_answer_no() {
        let ended = |words: &str, status: u8| {
            answered_no(format!("`target/release/zapys -C case --json {words}` ended with exit status: {status}."))
        };
        assert_eq!((ended("search x", 1), ended("verify", 1)), (Ok(String::new()), Ok(String::new())));
        assert!(ended("search x", 2).is_err() && ended("show 1", 1).is_err());
    }
}
