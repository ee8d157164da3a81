//! The program as people run it.

#[path = "../../../dossier/tests/it/sample.rs"]
mod sample;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use zapys_domain::Progress;
use zapys_dossier::{Format, write};
use zapys_ledger::Signer;

struct Home {
    dir: tempfile::TempDir,
}
impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let s = sample::sample();
        for (name, format) in [("bag", Format::Bag), ("bag.zip", Format::Zip), ("report.html", Format::Html)] {
            write(&s.extract, &s.objects, &dir.path().join(name), format, Some(&s.key), &Progress::hidden()).expect("writes");
        }
        for (name, format) in [("object", Format::Ocfl), ("load-file", Format::LoadFile), ("report.pdf", Format::Pdf)] {
            write(&s.extract, &s.objects, &dir.path().join(name), format, Some(&s.key), &Progress::hidden()).expect("writes");
        }
        fs::write(dir.path().join("key"), format!("{}\n", s.key.key())).expect("writes");
        let other = zapys_ledger::SigningKey::from_seed("example.test/synopillia", &[7; 32]).expect("a key");
        fs::write(dir.path().join("other"), other.key().to_string()).expect("writes");
        Self { dir }
    }
    fn path(&self) -> &Path {
        self.dir.path()
    }
    /// Runs a line: exit status, standard output, standard error.
    fn run(&self, line: &str) -> (i32, String, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_zapys-verify"))
            .args(line.split_whitespace())
            .current_dir(self.path())
            .env_clear()
            .output()
            .expect("runs");
        let text = |b: Vec<u8>| String::from_utf8(b).expect("UTF-8");
        (status.code().expect("exits"), text(stdout), text(stderr))
    }
}

#[test]
fn a_whole_production_holds_as_folder_and_as_zip() {
    let home = Home::new();
    for name in ["bag", "bag.zip"] {
        let (code, out, err) = home.run(&format!("{name} --vkey key"));
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert!(out.starts_with("HOLDS  production 01JB0000000000000000009PRD\n6 exhibits, "), "{out}");
        assert!(out.contains("It shows that the originals are byte for byte"));
        assert!(out.contains("It does not show that what an original shows or says is true"));
    }
}

#[test]
fn without_a_key_it_says_that_only_self_consistency_is_shown() {
    let home = Home::new();
    let (code, out, _) = home.run("bag");
    assert_eq!(code, 0);
    assert!(out.contains("It does NOT show that it comes from the ledger example.test/synopillia"), "{out}");
    let (code, out, _) = home.run("bag --vkey other");
    assert_eq!(code, 1);
    assert!(out.contains("another key than the one given"), "{out}");
}

#[test]
fn after_one_byte_the_file_is_named() {
    let home = Home::new();
    let file = "data/exhibits/E-0002/E-0002.ogg";
    let full = home.path().join("bag").join(file);
    let mut bytes = fs::read(&full).expect("reads");
    bytes[500] ^= 1;
    fs::write(&full, bytes).expect("writes");
    let (code, out, _) = home.run("bag --vkey key");
    assert_eq!(code, 1);
    assert!(out.starts_with("FAULT  production 01JB0000000000000000009PRD: 1 fault\n"), "{out}");
    assert!(out.contains(&format!("  fault        {file}: This file is not the one that was listed")), "{out}");
    let (code, out, err) = home.run("--json bag --vkey=key");
    assert_eq!((code, err.as_str(), out.lines().count()), (1, "", 1));
    let v: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!((&v["holds"], &v["key"], &v["exhibits"]), (&false.into(), &"given".into(), &6.into()));
    let faults: Vec<&Value> = v["checks"].as_array().expect("a list").iter().filter(|c| c["status"] == "fault").collect();
    assert_eq!((faults.len(), &faults[0]["subject"]), (1, &file.into()));
}

#[test]
fn what_cannot_be_checked_exits_with_two_and_says_why() {
    let home = Home::new();
    fs::write(home.path().join("empty"), "").expect("writes");
    for (line, word) in [
        ("nowhere", "cannot be read"),
        ("report.html", "neither a folder nor a zip"),
        ("empty", "neither a folder nor a zip"),
        ("bag --vkey nowhere", "key file cannot be read"),
        ("bag --vkey bag/bagit.txt", "no ledger key"),
        ("bag --vkey bag/proofs/openings.json", "too long"),
    ] {
        let (code, out, err) = home.run(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        assert!(err.contains(word), "{line}: {err}");
        let (code, out, err) = home.run(&format!("--json {line}"));
        assert_eq!((code, err.as_str()), (2, ""), "{line}");
        let v: Value = serde_json::from_str(&out).expect("one object");
        assert!(v["error"]["message"].as_str().is_some_and(|m| m.contains(word)) && v["error"]["hint"].is_string(), "{out}");
    }
}

#[test]
fn wrong_usage_exits_with_three_and_help_with_zero() {
    let home = Home::new();
    for line in ["", "bag bag", "--deep bag", "bag --vkey"] {
        let (code, out, err) = home.run(line);
        assert_eq!((code, out.as_str()), (3, ""), "{line}");
        assert!(err.contains("usage: zapys-verify PATH"), "{line}");
    }
    let (code, out, _) = home.run("--help");
    assert!(code == 0 && out.contains("exit status: 0") && out.contains("--vkey FILE"));
    let (code, out, _) = home.run("--version");
    assert_eq!((code, out), (0, format!("zapys-verify {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn every_packing_is_recognised_and_said_by_its_name() {
    let home = Home::new();
    for (name, says) in [
        ("bag", "HOLDS  production 01JB0000000000000000009PRD\n"),
        ("bag.zip", "HOLDS  production 01JB0000000000000000009PRD\n"),
        ("object", "HOLDS  production 01JB0000000000000000009PRD, deposited as an OCFL object\n"),
        ("load-file", "HOLDS  load file of production 01JB0000000000000000009PRD\n"),
    ] {
        let (code, out, err) = home.run(&format!("{name} --vkey key"));
        assert_eq!((code, err.as_str()), (0, ""), "{name}: {out}");
        assert!(out.starts_with(says), "{out}");
        let (code, out, _) = home.run(&format!("{name} --vkey other"));
        assert_eq!(code, 1, "{name}: {out}");
    }
    assert_eq!(home.run("report.pdf").0, 2);
}

#[test]
fn a_bag_of_others_is_a_bag_and_no_production() {
    let home = Home::new();
    let bag = home.path().join("theirs");
    fs::create_dir_all(bag.join("data")).expect("makes");
    fs::write(bag.join("data/a"), "hello").expect("writes");
    fs::write(bag.join("bagit.txt"), "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n").expect("writes");
    fs::write(bag.join("manifest-md5.txt"), "5d41402abc4b2a76b9719d911017c592  data/a\n").expect("writes");
    let (code, out, _) = home.run("theirs");
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("HOLDS  a bag, which is no zapys production") && out.contains("who handled them"), "{out}");
    // Whoever has a key expects a production.
    assert_eq!(home.run("theirs --vkey key").0, 1);
    fs::write(bag.join("data/a"), "hallo").expect("writes");
    let (code, out, _) = home.run("theirs --json");
    let v: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!((code, &v["sort"], &v["holds"]), (1, &"bag".into(), &false.into()));
}

#[test]
fn keys_of_witnesses_and_roots_are_read_or_refused_by_name() {
    let home = Home::new();
    let witness = zapys_ledger::SigningKey::from_seed("witness.example.test", &[9; 32]).expect("a key");
    let (code, out, _) = home.run(&format!("bag --vkey key --witness {}", witness.key()));
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("The witness witness.example.test has not signed"), "{out}");
    let (code, out, _) = home.run("bag --witness other");
    assert_eq!(code, 1, "{out}");
    for (line, word) in [
        ("bag --ca nowhere", "certificate file cannot be read"),
        ("bag --ca key", "holds no certificate"),
        ("bag --witness nowhere", "key file cannot be read"),
    ] {
        let (code, _, err) = home.run(line);
        assert_eq!(code, 2, "{line}");
        assert!(err.contains(word), "{line}: {err}");
    }
}
