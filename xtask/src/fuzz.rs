//! `make fuzz`: every target of `tests/fuzz` under libFuzzer, for some minutes each, with limits on memory and time.
//!
//! libFuzzer wants programs that tell where they have been. The compiler's stable flags make them so; what only a nightly
//! compiler gives (the sanitizers) finds misuse of memory, and our own code has no way to misuse it. So the compiler that
//! builds zapys builds this too, and nothing else has to be installed.

use crate::steps::{Steps, cargo, output, program, root, target};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Minutes for each target, unless told otherwise.
const MINUTES: f64 = 2.0;
/// Megabytes that one target may use, and seconds that one input may take.
const MEMORY: u32 = 2048;
const SECONDS: u32 = 20;
/// Longest input, in bytes.
const LONGEST: u32 = 65536;

const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// What was asked for.
#[derive(Debug, PartialEq)]
struct Wanted {
    minutes: f64,
    targets: Vec<String>,
}

fn wanted(options: &[&str]) -> Result<Wanted, String> {
    let mut wanted = Wanted { minutes: MINUTES, targets: Vec::new() };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match *option {
            "--minutes" => {
                let n = options.next().and_then(|n| n.parse::<f64>().ok()).filter(|n| *n > 0.0);
                wanted.minutes = n.ok_or("`--minutes` wants a number.")?;
            }
            name if name.starts_with('-') => return Err(format!("`{name}` is not known.")),
            name => wanted.targets.push(name.to_owned()),
        }
    }
    Ok(wanted)
}

/// The names in `tests/fuzz/src/targets.rs`.
fn targets() -> Result<Vec<String>, String> {
    let path = root().join("tests/fuzz/src/targets.rs");
    let text = fs::read_to_string(&path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
    let names: Vec<String> = text
        .lines()
        .filter_map(|l| l.trim().strip_prefix("(\"")?.split_once("\", "))
        .filter(|(name, rest)| rest.trim_end_matches("),") == *name)
        .map(|(name, _)| name.to_owned())
        .collect();
    if names.is_empty() { Err(format!("{} lists no targets.", path.display())) } else { Ok(names) }
}

/// Fuzzes. `options`: `--minutes N` for each, then names; none for all. Errors: what could not be built, what fell over.
pub fn fuzz(options: &[&str]) -> Result<(), String> {
    let wanted = wanted(options)?;
    let known = targets()?;
    if let Some(name) = wanted.targets.iter().find(|t| !known.contains(t)) {
        return Err(format!("There is no target `{name}`. There are: {}.", known.join(", ")));
    }
    let chosen = if wanted.targets.is_empty() { known } else { wanted.targets };
    let mut steps = Steps::new();
    let built = steps.step("Fuzzing: build", build)?;
    let seconds = (wanted.minutes * 60.0).ceil() as u64;
    let at_once = std::thread::available_parallelism().map_or(1, usize::from).min(chosen.len());
    println!("{} targets, {seconds} s each, {at_once} at once", chosen.len());
    let (queue, fell) = (Mutex::new(chosen.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("nobody fails with the lock").next();
                    let Some(name) = next else { break };
                    if let Err(e) = run(&built, name, seconds) {
                        eprintln!("{name}: {e}");
                        fell.lock().expect("nobody fails with the lock").push(name.clone());
                    }
                }
            });
        }
    });
    let fell = fell.into_inner().expect("nobody fails with the lock");
    if fell.is_empty() {
        Ok(())
    } else {
        Err(format!("These fell over: {}. Inputs and logs are in {}.", fell.join(", "), place("").display()))
    }
}

fn place(name: &str) -> PathBuf {
    target().join("fuzz/found").join(name)
}

fn build() -> Result<PathBuf, String> {
    let version = output(program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).ok_or("rustc does not say what it builds for.")?;
    let folder = target().join("fuzz/build");
    let mut command = cargo();
    command.args(["build", "--release", "--target", host, "--manifest-path", "tests/fuzz/Cargo.toml"]);
    // Not for build scripts and macros: that is what naming the target is for.
    command.env("CARGO_TARGET_DIR", &folder).env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    crate::steps::call(&mut command)?;
    Ok(folder.join(host).join("release/zapys-fuzz"))
}

fn run(built: &PathBuf, name: &str, seconds: u64) -> Result<(), String> {
    let told = |e: std::io::Error| format!("its folder cannot be made: {e}.");
    let (grown, found) = (target().join("fuzz/corpus").join(name), place(name));
    fs::create_dir_all(&grown).map_err(told)?;
    fs::create_dir_all(&found).map_err(told)?;
    let log = fs::File::create(found.join("log")).map_err(told)?;
    let mut command = Command::new(built);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-rss_limit_mb={MEMORY}")).arg(format!("-timeout={SECONDS}"));
    command.arg(format!("-max_len={LONGEST}")).arg(format!("-artifact_prefix={}/", found.display())).arg("-print_final_stats=1");
    // What was found is added to the first folder; the seeds stay as they are.
    command.arg(&grown);
    let seeds = root().join("tests/fuzz/corpus").join(name);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    command.env("ZAPYS_FUZZ_TARGET", name).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let status = command.status().map_err(|e| format!("it cannot be started: {e}."))?;
    let text = String::from_utf8_lossy(&fs::read(found.join("log")).map_err(told)?).into_owned();
    let stat = |name: &str| text.lines().rev().find_map(|l| l.strip_prefix(name)).unwrap_or("?").trim().to_owned();
    let seen = text.lines().rev().find_map(|l| l.split_once("cov: ")?.1.split(' ').next().map(str::to_owned));
    println!(
        "{name:<12} {:>10} inputs, {:>6} places seen, {:>5} MB at most, {}",
        stat("stat::number_of_executed_units:"),
        seen.unwrap_or_else(|| "?".into()),
        stat("stat::peak_rss_mb:"),
        if status.success() { "nothing fell over" } else { "FELL OVER" }
    );
    if status.success() {
        return Ok(());
    }
    let why = text.lines().find(|l| l.contains("panicked at") || l.contains("ERROR: libFuzzer")).unwrap_or("its log tells why");
    Err(format!("{}: {}", status, why.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_listed_and_has_seeds() {
        let all = targets().unwrap();
        assert!(all.len() >= 10, "{all:?}");
        let text = fs::read_to_string(root().join("tests/fuzz/src/targets.rs")).unwrap();
        for name in &all {
            assert!(text.contains(&format!("fn {name}(bytes: &[u8])")), "{name} has a function");
            let seeds = root().join("tests/fuzz/corpus").join(name);
            assert!(fs::read_dir(&seeds).is_ok_and(|mut all| all.next().is_some()), "{} has seeds", seeds.display());
        }
    }

    #[test]
    fn options_are_read() {
        let is = |options: &[&str], minutes, targets: &[&str]| {
            let targets = targets.iter().map(|t| (*t).to_owned()).collect();
            assert_eq!(wanted(options), Ok(Wanted { minutes, targets }), "{options:?}");
        };
        is(&[], MINUTES, &[]);
        is(&["--minutes", "0.5", "html", "note"], 0.5, &["html", "note"]);
        assert!(wanted(&["--minutes"]).is_err() && wanted(&["--minutes", "x"]).is_err() && wanted(&["--slowly"]).is_err());
    }
}
