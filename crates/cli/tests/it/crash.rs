//! Killed at any moment and started again, the work ends in the same case.

use crate::rough::{self, Acknowledged, Before};
use crate::stage::{Said, Stage, tone};
use serde_json::{Value, json};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use zapys_tests::faults::{Dice, Faults, Kill, spread};

/// What must be the same whatever happened on the way: everything but identifiers and times.
fn outcome(s: &Stage) -> Vec<Value> {
    let mut all: Vec<Value> = s
        .run(&["-C", "case", "items", "--json"])
        .ends(0)
        .json()
        .into_iter()
        .map(|i| {
            let shown = s.run(&["-C", "case", "show", i["item"].as_str().expect("id"), "--json"]).ends(0).json();
            let made: Vec<Value> = shown[0]["derivatives"]
                .as_array()
                .expect("list")
                .iter()
                .map(|d| json!([d["derivation"], d["status"], d["object"]]))
                .collect();
            json!([i["title"], i["kind"], i["object"], i["n_acquisitions"], made])
        })
        .collect();
    all.sort_by_key(Value::to_string);
    all
}

fn evidence(s: &Stage) {
    for n in 0..6 {
        s.write(&format!("in/t{n}.wav"), &tone(1 + n));
        s.write(&format!("in/note{n}.txt"), format!("Запис номер {n}. Двері зачинені.").as_bytes());
    }
    s.write("in/big.bin", &(0..6_000_000u32).map(|i| (i * 7 / 3) as u8).collect::<Vec<_>>());
}

const ONLY: &str = "probe,decode,peaks,proxy,text";

#[test]
fn kill_at_any_moment_ends_in_the_same_case() {
    let calm = Stage::new();
    evidence(&calm);
    calm.run(&["init", "case", "--no-encryption", "-q"]).ends(0);
    calm.run(&["-C", "case", "add", "in", "-q"]).ends(0);
    calm.run(&["-C", "case", "process", "--only", ONLY, "-q"]).ends(0);
    let expected = outcome(&calm);

    let rough = Stage::new();
    evidence(&rough);
    let commands: [&[&str]; 3] = [
        &["init", "case", "--no-encryption", "-q"],
        &["-C", "case", "add", "in", "-q"],
        &["-C", "case", "process", "--only", ONLY, "-q"],
    ];
    for command in commands {
        // Later and later, so that every stage is hit, until the command is through.
        for millis in [2u64, 5, 9, 15, 25, 40, 70, 110, 180, 300, 500, 800, 1300, 2100] {
            let mut child = rough.command(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
            std::thread::sleep(Duration::from_millis(millis));
            let through = child.try_wait().expect("asks").is_some();
            child.kill().expect("kill -9");
            child.wait().expect("ends");
            if through {
                break;
            }
        }
        let last = Said::from(rough.command(command).output().expect("starts"));
        let made_before = command[0] == "init" && last.code == Some(3);
        assert!(last.code == Some(0) || made_before, "{command:?}: {}", last.err);
        if command[0] == "-C" {
            rough.run(&["-C", "case", "verify"]).ends(0);
        }
    }
    assert_eq!(outcome(&rough), expected);
    rough.run(&["-C", "case", "verify", "--deep"]).ends(0);
    rough.run(&["-C", "case", "search", "двері"]).ends(0);
    let left = std::fs::read_dir(rough.path("case/scratch")).expect("scratch").count();
    assert_eq!(left, 0, "nothing is left in scratch");
}

/// Kills `command` at `n` points of a case that has come as far as `before`, each time on a fresh copy, and goes on from there.
fn killed_at_points(name: &str, before: Before, command: &[&str], n: u64) {
    let (seed, n) = (seed(), n * thorough());
    let s = rough::stage();
    rough::prepare(&s, before);
    let calm = rough::copy_of(&s);
    rough::calm(&calm, command).ends(0);
    let expected = (rough::outcome(&calm), rough::is_whole(&calm));
    let points = rough::count(&s, command);
    println!("{name}: {n} of {points} points, seed {seed}");
    let mut dice = Dice::new(seed);
    let chosen: Vec<(u64, Kill)> = spread(&mut dice, n, points).into_iter().map(|p| (p, *dice.pick(&Kill::ALL))).collect();
    let killed = AtomicU64::new(0);
    rough::each(&chosen, |&(point, how)| {
        let s = rough::copy_of(&s);
        let at = format!("{name}: killed {how:?} point {point} (seed {seed})");
        let faults = Faults { kill: Some((point, how)), ..Faults::default() };
        let first = rough::command(&s, command, faults).output().expect("starts");
        if first.status.signal() == Some(9) {
            killed.fetch_add(1, Ordering::Relaxed);
        } else {
            // Threads take turns differently each time: this run was through before it came to the point.
            assert_eq!(first.status.code(), Some(0), "{at}: {}", String::from_utf8_lossy(&first.stderr));
        }
        let said = String::from_utf8_lossy(&first.stdout);
        let acknowledged = Acknowledged::read(said.lines());
        let again = rough::calm(&s, command);
        // What was whole before the kill is not made again.
        let through = acknowledged.produced || (command[0] == "-C" && command[2] == "produce" && again.code == Some(3));
        assert!(again.code == Some(0) || through, "{at}: then {:?} {}", again.code, again.err);
        let looked = rough::attempt(|| {
            acknowledged.holds(&s, &again);
            assert_eq!((rough::outcome(&s), rough::is_whole(&s)), expected);
            if let Some(out) = rough::production(&s) {
                verifies(&s, &out);
            }
        });
        if let Err(why) = looked {
            panic!("{at}: {why}");
        }
    });
    let killed = killed.into_inner();
    println!("{name}: {killed} of {n} runs were killed");
    assert!(killed * 10 >= n * 8, "{name}: only {killed} of {n} runs were killed");
}

/// A production that is there is whole, and the ledger knows it.
pub fn verifies(s: &Stage, out: &std::path::Path) {
    let verify = std::path::Path::new(env!("CARGO_BIN_EXE_zapys")).with_file_name("zapys-verify");
    let said = Said::from(std::process::Command::new(verify).arg(out).output().expect("zapys-verify starts"));
    assert_eq!(said.code, Some(0), "{} {}", said.out, said.err);
    let bytes = std::fs::read(out.join("bag-info.txt")).or_else(|_| std::fs::read(out)).expect("the production");
    let custody = rough::calm(s, &["-C", "world/case", "custody", "--json"]).ends(0).json();
    let known = custody.iter().filter(|e| e["action"] == "exported").filter_map(|e| e["detail"]["production"].as_str());
    let known: Vec<&str> = known.collect();
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        known.iter().any(|p| text.contains(&p.to_uppercase())),
        "the ledger knows {known:?}, not the production that is there"
    );
}

/// Printed, so that a failure can be repeated; `ZAPYS_TEST_SEED` chooses another.
pub fn seed() -> u64 {
    std::env::var("ZAPYS_TEST_SEED").ok().and_then(|t| t.parse().ok()).unwrap_or(20_240_224)
}
/// How many times as many points: `ZAPYS_TEST_THOROUGH`.
pub fn thorough() -> u64 {
    std::env::var("ZAPYS_TEST_THOROUGH").ok().and_then(|t| t.parse().ok()).unwrap_or(1)
}

#[test]
fn intake_killed_at_a_hundred_points() {
    killed_at_points("add", Before::Init, rough::ADD, 100);
}

#[test]
fn processing_killed_at_a_hundred_points() {
    killed_at_points("process", Before::Add, rough::PROCESS, 100);
}

#[test]
fn production_killed_at_a_hundred_points() {
    killed_at_points("produce", Before::Process, rough::PRODUCE, 70);
    killed_at_points("produce zip", Before::Process, rough::PRODUCE_ZIP, 30);
}

#[test]
fn making_a_case_killed_at_points() {
    let s = rough::stage();
    let points = rough::count(&s, rough::INIT);
    let mut dice = Dice::new(seed());
    let chosen: Vec<(u64, Kill)> = spread(&mut dice, 40, points).into_iter().map(|p| (p, *dice.pick(&Kill::ALL))).collect();
    rough::each(&chosen, |&(point, how)| {
        let s = rough::copy_of(&s);
        let faults = Faults { kill: Some((point, how)), ..Faults::default() };
        let first = rough::command(&s, rough::INIT, faults).output().expect("starts");
        let again = rough::calm(&s, rough::INIT);
        // Either it is made now, or it was made before it could be said.
        let made = first.status.code() == Some(0) || (again.code == Some(3) && s.path("world/case/case.toml").is_file());
        assert!(again.code == Some(0) || made, "killed {how:?} point {point}: {:?} {}", again.code, again.err);
        rough::calm(&s, rough::ADD).ends(0);
        rough::is_whole(&s);
    });
}
