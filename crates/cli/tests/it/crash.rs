//! Killed at any moment and started again, the work ends in the same case.

use crate::stage::{Said, Stage, tone};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;

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
