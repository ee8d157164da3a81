//! Originals, acquisitions, ledger and production through the command line.

use crate::stage::{Said, Stage};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn case_with_two() -> Stage {
    let s = Stage::with_case();
    s.write("in/a.txt", "Опис складали двоє.".as_bytes());
    s.write("in/b.html", "<html lang=\"uk\"><head><title>Ящики</title></head><body><article><h1>Ящики</h1><p>Ящики стояли в коридорі музею до самого вечора, і ніхто їх не відчиняв.</p><p>Потім їх перенесли до іншої будівлі, де не протікає дах.</p></article></body></html>".as_bytes());
    s.run(&["-C", "case", "add", "in", "--source", "Archive", "--legal-basis", "order 1", "-q"]).ends(0);
    s.run(&["-C", "case", "process", "-q"]).ends(0);
    s
}

#[test]
fn the_same_bytes_from_two_sources_are_one_object_with_two_acquisitions() {
    let s = Stage::with_case();
    s.write("one/x.txt", b"same");
    s.write("two/y.txt", b"same");
    let first = s.run(&["-C", "case", "add", "one", "--source", "A", "--json"]).ends(0).json();
    let second = s.run(&["-C", "case", "add", "two", "--source", "B", "--json"]).ends(0).json();
    assert_eq!(first[0]["status"], "added");
    assert_eq!(second[0]["status"], "duplicate");
    assert_eq!(second[0]["duplicate_of"], first[0]["item"]);
    let item = s.item("x.txt");
    let shown = s.run(&["-C", "case", "show", &item, "--json"]).ends(0).json();
    let sources: Vec<_> = shown[0]["acquisitions"].as_array().expect("list").iter().map(|a| a["source"].clone()).collect();
    assert_eq!(sources, ["A", "B"]);
    // The very same acquisition again is nothing new.
    s.run(&["-C", "case", "add", "two", "--source", "B"]).ends(0);
    let again = s.run(&["-C", "case", "show", &item, "--json"]).ends(0).json();
    assert_eq!(again[0]["acquisitions"].as_array().map(Vec::len), Some(2));
}

#[test]
fn n1_originals_stay_as_they_were_and_are_found_by_digest() {
    let s = case_with_two();
    let item = s.item("a.txt");
    let shown = s.run(&["-C", "case", "show", &item, "--json"]).ends(0).json();
    let object = shown[0]["object"].as_str().expect("digest").to_owned();
    let by_digest = s.run(&["-C", "case", "show", &object, "--json"]).ends(0).json();
    assert_eq!(by_digest[0]["item"], shown[0]["item"]);
    assert_eq!(fs::read(s.path("in/a.txt")).expect("source"), "Опис складали двоє.".as_bytes());
    let kept = find(&s.path("case/vault"), &object["sha256:".len() + 2..]);
    assert_eq!(fs::read(&kept).expect("object"), "Опис складали двоє.".as_bytes());
    s.run(&["-C", "case", "verify", "--deep"]).ends(0);
}

#[test]
fn n12_a_changed_object_is_named_and_nothing_is_handed_over() {
    let s = case_with_two();
    let shown = s.run(&["-C", "case", "show", &s.item("a.txt"), "--json"]).ends(0).json();
    let object = shown[0]["object"].as_str().expect("digest").to_owned();
    let kept = find(&s.path("case/vault"), &object["sha256:".len() + 2..]);
    Command::new("chmod").args(["u+w"]).arg(&kept).status().expect("chmod");
    fs::write(&kept, "Опис складали троє.").expect("write");
    let said = s.run(&["-C", "case", "verify", "--json"]).ends(1).json();
    assert_eq!(said[0]["objects"]["bad"][0]["object"], object.as_str());
    let produced = s.run(&["-C", "case", "produce", "--out", "bag", "--json"]).ends(1).json();
    assert!(produced[0]["production"].is_null());
    assert!(!produced[0]["refused"].as_array().expect("list").is_empty());
    assert!(!s.path("bag").exists());
}

#[test]
fn a_production_is_accepted_by_strangers_and_a_changed_byte_is_named() {
    let s = case_with_two();
    s.run(&["-C", "case", "produce", "--out", "bag"]).ends(0);
    let vkey = s.run(&["-C", "case", "ledger", "vkey"]).ends(0).out;
    s.write("vkey", vkey.as_bytes());
    let verify = |path: &str| {
        Said::from(
            Command::new(verifier())
                .args([path, "--vkey", "vkey"])
                .current_dir(s.path(""))
                .output()
                .expect("zapys-verify starts"),
        )
    };
    verify("bag").ends(0);
    sums(&s.path("bag"));
    bagit(&s.path("bag"), true);
    let original = walk(&s.path("bag/data/exhibits"))
        .into_iter()
        .find(|p| p.extension().is_some_and(|e| e == "txt") && p.to_string_lossy().contains("original"))
        .or_else(|| walk(&s.path("bag/data/exhibits")).into_iter().next())
        .expect("a file");
    let mut bytes = fs::read(&original).expect("read");
    bytes[0] ^= 1;
    Command::new("chmod").args(["u+w"]).arg(&original).status().expect("chmod");
    fs::write(&original, &bytes).expect("write");
    let said = verify("bag").ends(1);
    let name = original.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(said.out.contains(&name) || said.err.contains(&name), "{} is not named: {}", name, said.out);
    bagit(&s.path("bag"), false);
    // The same selection as one file.
    s.run(&["-C", "case", "produce", "--out", "bag.zip", "--format", "zip"]).ends(0);
    verify("bag.zip").ends(0);
    s.run(&["-C", "case", "produce", "--out", "bag.zip"]).ends(3).says("exists");
}

#[test]
fn the_ledger_leaves_as_files_that_outsiders_read() {
    let s = case_with_two();
    let checkpoint = s.run(&["-C", "case", "ledger", "checkpoint"]).ends(0).out;
    assert_eq!(checkpoint, s.run(&["-C", "case", "ledger", "checkpoint"]).ends(0).out, "signing again says the same");
    s.run(&["-C", "case", "ledger", "export", "log"]).ends(0);
    assert!(s.path("log/checkpoint").is_file() && s.path("log/tile/entries").is_dir());
    let proof = s.run(&["-C", "case", "ledger", "proof", &s.item("a.txt")]).ends(0).out;
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{proof}");
    let events = s.run(&["-C", "case", "custody", &s.item("a.txt"), "--json"]).ends(0).json();
    assert_eq!(events[0]["action"], "imported");
    assert!(events[0]["prev"].is_null() && events.len() > 1 && events[1]["prev"].is_string());
    // Nothing personal in the entries: neither names of files nor who gave them.
    let entries: String =
        walk(&s.path("log")).iter().map(|p| String::from_utf8_lossy(&fs::read(p).expect("read")).into_owned()).collect();
    for secret in ["a.txt", "Archive", "order 1", "Опис"] {
        assert!(!entries.contains(secret), "{secret} is in the ledger");
    }
}

#[test]
fn archives_are_opened_once_and_nothing_is_written_outside() {
    let s = Stage::with_case();
    s.write("pack/one.txt", "Перший лист.".as_bytes());
    s.write("pack/two.txt", "Другий лист.".as_bytes());
    assert!(Command::new("tar").args(["czf", "pack.tar.gz", "pack"]).current_dir(s.path("")).status().expect("tar").success());
    let first = s.run(&["-C", "case", "add", "pack.tar.gz", "--json"]).ends(0).json();
    assert_eq!(first.len(), 3, "{first:?}");
    let again = s.run(&["-C", "case", "add", "pack.tar.gz", "--json"]).ends(0).json();
    assert!(again.iter().all(|o| o["status"] == "duplicate"));
    s.run(&["-C", "case", "process", "-q"]).ends(0);
    s.run(&["-C", "case", "search", "листи"]).ends(0);
    assert_eq!(s.run(&["-C", "case", "items", "--json"]).ends(0).json().len(), 3);
}

fn find(dir: &Path, end: &str) -> PathBuf {
    walk(dir).into_iter().find(|p| p.to_string_lossy().ends_with(end)).unwrap_or_else(|| panic!("no object ends with {end}"))
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder").map(|e| e.expect("an entry").path()) {
        if entry.is_dir() { all.extend(walk(&entry)) } else { all.push(entry) }
    }
    all.sort();
    all
}

/// The other binary of the same build.
pub fn verifier() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_zapys")).with_file_name("zapys-verify");
    assert!(path.is_file(), "zapys-verify is not built: cargo build -p zapys-verify");
    path
}

fn sums(bag: &Path) {
    let ok = Command::new("sha256sum")
        .args(["-c", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(bag)
        .status()
        .expect("sha256sum")
        .success();
    assert!(ok, "sha256sum does not accept the production");
}

/// Python's bagit, where the test run installed it.
pub fn bagit(bag: &Path, good: bool) {
    let Some(tool) = zapys_tests::validator("v-bagit/bin/bagit.py") else { return };
    let said = Command::new(tool).args(["--validate", "--quiet"]).arg(bag).output().expect("bagit");
    assert_eq!(said.status.success(), good, "{}", String::from_utf8_lossy(&said.stderr));
}
