//! `make test`: every test there is, in one order, on one set of features so that nothing is compiled twice.
//! A step that fails does not stop the others. `make lint` is here as well: the checks that find no wrong behaviour.

use crate::failures::Failures;
use crate::setup::{Purpose, setup, venvs, weed};
use crate::steps::{Steps, call, cargo, listen, program, root, target};
use crate::{npm, run, sample};
use std::process::Command;

/// What everything but the hosts is built and tested with. The hosts hold native libraries and are built apart.
const SELECTION: &[&str] = &["--locked", "--workspace", "--exclude", "zapys-engine-speech"];
/// The tests of the browser need the workbench inside the binary.
const FEATURES: &[&str] = &["--features", "zapys-cli/embed-ui"];

/// How many passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}
/// What came of all steps.
#[derive(Debug, Default)]
struct Outcome {
    tally: Tally,
    failures: Failures,
}

/// Runs everything. Errors: how many failed.
pub fn test() -> Result<(), String> {
    let mut steps = Steps::new();
    setup(Purpose::Test, &mut steps)?;
    let mut all = Outcome::default();
    one(&mut steps, &mut all, "Sample evidence", || sample::make(&root().join("sample")));
    one(&mut steps, &mut all, "Workbench: build", npm::build_ui);
    one(&mut steps, &mut all, "Speech host: build", run::build_hosts);
    // Binaries and tests at once: asked for apart, they would be built with different features of their dependencies.
    let build = ["build", "--lib", "--bins", "--tests", "--examples"];
    one(&mut steps, &mut all, "Programs and tests: build", || call(cargo().args(build).args(SELECTION).args(features())));
    many(&mut steps, &mut all, "Rust: tests", |hear| {
        let mut command = cargo();
        command.args(["test", "--no-fail-fast"]).args(SELECTION).args(features());
        listen(surrounded(&mut command), hear)
    });
    many(&mut steps, &mut all, "Speech host: tests", |hear| run::test_hosts(hear));
    one(&mut steps, &mut all, "Workbench: types", || call(&mut npm_run("ui", &["run", "check"])));
    many(&mut steps, &mut all, "Workbench: tests", |hear| listen(&mut npm_run("ui", &["test"]), hear));
    if root().join("tests/browser/package.json").is_file() {
        many(&mut steps, &mut all, "Browser: tests", |hear| {
            let mut command = npm_run("tests/browser", &["test"]);
            listen(surrounded(&mut command), hear)
        });
    }
    println!("\nTime\n{}", steps.table());
    let Tally { passed, failed } = all.tally;
    if failed == 0 {
        println!("{passed} passed, 0 failed");
        return Ok(());
    }
    println!("Failed, as said above\n{}\n{passed} passed, {failed} failed", all.failures.text());
    Err("Some tests failed; they are named above.".into())
}

/// `make lint`. Errors: what was found, or that a tool is missing.
pub fn lint() -> Result<(), String> {
    let mut steps = Steps::new();
    let mut all = Outcome::default();
    one(&mut steps, &mut all, "Workbench: packages", || npm::install("ui"));
    one(&mut steps, &mut all, "Workbench: build", npm::build_ui);
    one(&mut steps, &mut all, "Rust: clippy", || {
        let all = ["clippy", "--all-targets"];
        call(cargo().args(all).args(SELECTION).args(features()).args(["--", "-D", "warnings"]))
    });
    one(&mut steps, &mut all, "Workbench: types", || call(&mut npm_run("ui", &["run", "check"])));
    let deny = cargo().args(["deny", "--version"]).output().is_ok_and(|o| o.status.success());
    if deny {
        one(&mut steps, &mut all, "Licences and sources", || {
            call(cargo().args(["deny", "--all-features", "check", "bans", "licenses", "sources"]))
        });
    } else {
        eprintln!("\nLicences and sources were NOT checked: `cargo install --locked cargo-deny` brings what that needs.");
    }
    println!("\nTime\n{}", steps.table());
    if all.tally.failed == 0 { Ok(()) } else { Err(format!("{} of the checks failed.", all.tally.failed)) }
}

/// The features of [`FEATURES`], where the workbench was built.
fn features() -> &'static [&'static str] {
    if root().join("ui/dist/index.html").is_file() { FEATURES } else { &[] }
}

/// Tells the tests where the servers, validators and hosts are, and that none of them may be missing.
fn surrounded(command: &mut Command) -> &mut Command {
    command.env("ZAPYS_REQUIRE_SERVERS", "1").env("ZAPYS_REQUIRE_HOSTS", "1").env("RUST_TEST_THREADS", "2");
    command.env("ZAPYS_TEST_VENVS", venvs()).env("ZAPYS_TEST_WEED", weed()).env("ZAPYS_HOSTS", target().join("release"));
    // A case that the person works on is none of the tests' business.
    command.env_remove("ZAPYS_CASE").env_remove("ZAPYS_LISTEN").env_remove("ZAPYS_LOG");
    command.env("ZAPYS_BIN", target().join("debug/zapys")).env("ZAPYS_VERIFY_BIN", target().join("debug/zapys-verify"))
}

fn npm_run(folder: &str, words: &[&str]) -> Command {
    let mut command = program("npm");
    command.current_dir(root().join(folder)).arg("--silent").args(words).env("NO_COLOR", "1").env("CI", "1");
    command
}

/// A step that is one check.
fn one(steps: &mut Steps, all: &mut Outcome, name: &str, work: impl FnOnce() -> Result<(), String>) {
    match steps.step(name, work) {
        Ok(()) => all.tally.passed += 1,
        Err(e) => {
            eprintln!("{name}: {e}");
            all.failures.step(name, &e);
            all.tally.failed += 1;
        }
    }
}

/// A step that counts its tests itself.
fn many(steps: &mut Steps, all: &mut Outcome, name: &str, work: impl FnOnce(&mut dyn FnMut(&str)) -> Result<bool, String>) {
    let mut tally = Tally::default();
    let failures = &mut all.failures;
    let result = steps.step(name, || {
        let well = work(&mut |line| {
            count(line, &mut tally);
            failures.hear(line);
        })?;
        if well && tally.failed == 0 { Ok(()) } else { Err(format!("{} failed.", tally.failed)) }
    });
    if let Err(e) = result {
        eprintln!("{name}: {e}");
        all.failures.step(name, &e);
        // Whatever kept the tests from being run or counted is a failure too.
        tally.failed = tally.failed.max(1);
    } else if tally.passed == 0 {
        eprintln!("{name}: no test was run.");
        all.failures.step(name, "no test was run");
        tally.failed = 1;
    }
    all.tally.passed += tally.passed;
    all.tally.failed += tally.failed;
}

/// Adds what a summary line tells: those of cargo, vitest, Node's own runner and Playwright. Other lines tell nothing.
fn count(line: &str, tally: &mut Tally) {
    let line = line.trim();
    let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || c == ';' || c == '|').filter(|w| !w.is_empty()).collect();
    let mut add = |word: &str, n: u64| match word {
        "passed" | "pass" => tally.passed += n,
        "failed" | "fail" => tally.failed += n,
        _ => {}
    };
    match words[..] {
        // test result: ok. 3 passed; 0 failed; …   and   Tests  1 failed | 11 passed (12)
        ["test", "result:", ..] | ["Tests", ..] => {
            for pair in words.windows(2) {
                if let Ok(n) = pair[0].parse() {
                    add(pair[1], n);
                }
            }
        }
        // # pass 12   or   ℹ fail 0
        ["#" | "ℹ", word @ ("pass" | "fail"), n] => add(word, n.parse().unwrap_or(0)),
        // 12 passed (3.4s)
        [n, word @ ("passed" | "failed")] => add(word, n.parse().unwrap_or(0)),
        [n, "passed", time] if time.starts_with('(') => add("passed", n.parse().unwrap_or(0)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(text: &str) -> (u64, u64) {
        let mut tally = Tally::default();
        text.lines().for_each(|l| count(l, &mut tally));
        (tally.passed, tally.failed)
    }

    #[test]
    fn summaries_of_every_runner_are_read() {
        let cargo = "running 3 tests\ntest a ... ok\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out\n\
                     test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(counted(cargo), (7, 2));
        assert_eq!(counted(" Test Files  2 passed (2)\n      Tests  1 failed | 11 passed (12)\n"), (11, 1));
        assert_eq!(counted("# tests 5\n# pass 4\n# fail 1\n"), (4, 1));
        assert_eq!(counted("ℹ tests 5\nℹ pass 5\nℹ fail 0\n"), (5, 0));
        assert_eq!(counted("  1 failed\n  12 passed (3.4s)\n"), (12, 1));
        assert_eq!(counted("3 items passed by the gate\nall tests passed\n12 passed away in vain\n"), (0, 0));
    }

    #[test]
    fn a_step_that_ran_no_test_has_failed() {
        let mut steps = Steps::new();
        let mut all = Outcome::default();
        many(&mut steps, &mut all, "silent", |_| Ok(true));
        assert_eq!(all.tally, Tally { passed: 0, failed: 1 });
        many(&mut steps, &mut all, "not built", |_| Ok(false));
        many(&mut steps, &mut all, "absent", |_| Err("x is not installed.".into()));
        assert_eq!(all.tally.failed, 3);
        many(&mut steps, &mut all, "well", |hear| {
            hear("test result: ok. 2 passed; 0 failed");
            Ok(true)
        });
        assert_eq!(all.tally, Tally { passed: 2, failed: 3 });
        one(&mut steps, &mut all, "check", || Ok(()));
        assert_eq!(all.tally, Tally { passed: 3, failed: 3 });
    }
}
