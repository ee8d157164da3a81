//! `make test`: everything that must hold, in one row of steps. A step that fails does not hide the ones after it; the last
//! line counts them all.

use crate::setup::{self, Purpose};
use crate::steps::{Program, Steps};
use crate::{packs, run, sample};
use std::path::Path;
use std::process::ExitCode;

/// The workbench goes into the binary in tests too: one set of features for all builds.
const ALL: [&str; 4] = ["--locked", "--workspace", "--features", "zapys-server/embed-ui"];

/// Counts of one run.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
struct Counts {
    passed: u64,
    failed: u64,
}

impl Counts {
    /// Reads the closing lines of cargo's, vitest's and node's runners.
    fn read(&mut self, line: &str) {
        let plain = without_colour(line);
        let line = plain.trim();
        let before = |word: &str| -> u64 {
            let words: Vec<&str> = line.split([' ', ';', ',', '|']).filter(|w| !w.is_empty()).collect();
            let at = words.iter().position(|w| *w == word);
            at.and_then(|i| words.get(i.checked_sub(1)?)).and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        if line.starts_with("test result:") || line.starts_with("Tests ") {
            self.passed += before("passed");
            self.failed += before("failed");
        } else if let Some(n) = line.strip_prefix("# pass ").or(line.strip_prefix("ℹ pass ")) {
            self.passed += n.parse::<u64>().unwrap_or(0);
        } else if let Some(n) = line.strip_prefix("# fail ").or(line.strip_prefix("ℹ fail ")) {
            self.failed += n.parse::<u64>().unwrap_or(0);
        }
    }
}

fn without_colour(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\x1b' {
            // A colour ends with the first letter.
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

/// Steps with counts: a step without tests of its own counts as one.
struct Row {
    steps: Steps,
    counts: Counts,
}

impl Row {
    fn begin() -> Self {
        Self { steps: Steps::begin(), counts: Counts::default() }
    }
    /// A step that holds or does not. Returns whether it held.
    fn check(&mut self, what: &str, work: impl FnOnce() -> Result<(), String>) -> bool {
        let held = self.told(what, work);
        if held {
            self.counts.passed += 1;
        } else {
            self.counts.failed += 1;
        }
        held
    }
    /// A step that counts by itself.
    fn tests(&mut self, what: &str, program: Program) {
        let mut counts = Counts::default();
        let ended_well = self.told(what, || program.lines(|l| counts.read(l)));
        // A runner that fell over before it counted has failed all the same.
        if !ended_well && counts.failed == 0 {
            counts.failed = 1;
        }
        self.counts.passed += counts.passed;
        self.counts.failed += counts.failed;
    }
    fn told(&mut self, what: &str, work: impl FnOnce() -> Result<(), String>) -> bool {
        let result = self.steps.step(what, work);
        if let Err(e) = &result {
            eprintln!("  {e}");
        }
        result.is_ok()
    }
    fn end(self) -> ExitCode {
        self.steps.table();
        let failed: Vec<&str> = self.steps.taken().iter().filter(|t| !t.2).map(|t| t.0.as_str()).collect();
        if !failed.is_empty() {
            eprintln!("\nFailed: {}.", failed.join(", "));
        }
        println!("\n{} passed, {} failed", self.counts.passed, self.counts.failed);
        if self.counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn cargo(words: &[&str]) -> Program {
    Program::cargo().words(words).with(packs::host_build_env())
}

fn npm(words: &[&str], folder: &str) -> Program {
    Program::new("npm").words(["run", "--silent"]).words(words).within(folder)
}

/// Everything. Errors: what tests need could not be installed.
pub fn test(yes: bool) -> Result<ExitCode, String> {
    let mut row = Row::begin();
    row.steps.step("what tests need", || setup::setup(Purpose::Test, yes))?;
    row.check("pages", run::interface);
    row.check("formatting", || cargo(&["fmt", "--all", "--check"]).run());
    row.tests("tidy", cargo(&["test", "--locked", "--quiet", "-p", "xtask"]));
    row.check("clippy", || cargo(&["clippy", "--quiet"]).words(ALL).words(["--all-targets", "--", "-D", "warnings"]).run());
    row.check("programs", || cargo(&["build", "--quiet", "--bins"]).words(ALL).run());
    row.check("sample", || sample::make(Path::new("sample")));
    row.tests("tests", cargo(&["test", "--no-fail-fast"]).words(ALL).words(["--exclude", "xtask"]).with(surroundings()));
    row.check("types of the pages", || npm(&["check"], "ui").run());
    row.tests("tests of the pages", npm(&["test"], "ui"));
    Ok(row.end())
}

/// What tests of several programs look for. With it, a missing server is a failure and no silent skip.
fn surroundings() -> Vec<(String, String)> {
    let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    [
        ("ZAPYS_REQUIRE_SERVERS", "1".to_owned()),
        ("ZAPYS_TEST_VENVS", text(setup::venvs_folder())),
        ("ZAPYS_TEST_WEED", text(setup::venv_program(&setup::SEAWEED))),
        // Two cores: more threads only compete.
        ("RUST_TEST_THREADS", "2".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The rules that the repository keeps.
pub fn tidy() -> Result<ExitCode, String> {
    let mut row = Row::begin();
    row.tests("tidy", cargo(&["test", "--locked", "--quiet", "-p", "xtask", "tidy", "--", "--nocapture"]));
    Ok(row.end())
}

/// Formatting, clippy, tidy.
pub fn lint() -> Result<ExitCode, String> {
    let mut row = Row::begin();
    row.check("pages", run::interface);
    row.check("formatting", || cargo(&["fmt", "--all", "--check"]).run());
    row.check("clippy", || cargo(&["clippy", "--quiet"]).words(ALL).words(["--all-targets", "--", "-D", "warnings"]).run());
    row.tests("tidy", cargo(&["test", "--locked", "--quiet", "-p", "xtask", "tidy"]));
    Ok(row.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_closing_lines_are_read() {
        let mut c = Counts::default();
        for line in [
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.01s",
            "\x1b[2m      Tests \x1b[22m \x1b[1m\x1b[31m1 failed\x1b[39m\x1b[22m | \x1b[32m7 passed\x1b[39m (8)",
            "# pass 2",
            "ℹ fail 1",
            "test a::b ... ok",
            "12 passed along the way",
        ] {
            c.read(line);
        }
        assert_eq!(c, Counts { passed: 21, failed: 5 });
    }

    #[test]
    fn a_runner_that_falls_over_has_failed() {
        let mut row = Row::begin();
        row.tests("gone", Program::new("false"));
        row.tests("counts", Program::new("printf").words(["test result: ok. 2 passed; 0 failed"]));
        assert!(!row.check("no", || Err("no".into())));
        assert_eq!(row.counts, Counts { passed: 2, failed: 2 });
    }
}
