//! Handing over: the same selection is the same bytes however often, every packing is checked by the other binary, and what
//! was not asked for is told by number alone.

use crate::custody::verifier;
use crate::stage::{Said, Stage};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn case() -> Stage {
    let s = Stage::with_case();
    s.write("in/a.txt", "Опис складали двоє.".as_bytes());
    s.write("in/b.txt", "Ящики стояли в коридорі музею до самого вечора.".as_bytes());
    s.run(&["-C", "case", "add", "in", "--source", "Archive", "--legal-basis", "order 1", "-q"]).ends(0);
    s.run(&["-C", "case", "process", "-q"]).ends(0);
    let vkey = s.run(&["-C", "case", "ledger", "vkey"]).ends(0).out;
    s.write("vkey", vkey.as_bytes());
    s
}

/// Every file below a path, or the file itself.
fn all(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(root: &Path, at: &Path, out: &mut BTreeMap<PathBuf, Vec<u8>>) {
        if at.is_file() {
            out.insert(at.strip_prefix(root).expect("below").into(), fs::read(at).expect("reads"));
            return;
        }
        for entry in fs::read_dir(at).expect("lists") {
            walk(root, &entry.expect("lists").path(), out);
        }
    }
    let mut out = BTreeMap::new();
    walk(path, path, &mut out);
    out
}

/// Fails the test unless both hold the same files.
#[track_caller]
fn same(a: &Path, b: &Path) {
    let (a, b) = (all(a), all(b));
    let differ: Vec<&PathBuf> = a.keys().chain(b.keys()).filter(|p| a.get(*p) != b.get(*p)).collect();
    assert!(differ.is_empty(), "{differ:?}");
}

fn verify(s: &Stage, line: &str) -> Said {
    let out = Command::new(verifier()).args(line.split_whitespace()).current_dir(s.path("")).output();
    Said::from(out.expect("zapys-verify starts"))
}

fn produce(s: &Stage, line: &str) -> serde_json::Value {
    let mut words = vec!["-C", "case", "produce", "--json"];
    words.extend(line.split_whitespace());
    s.run(&words).ends(0).json().remove(0)
}

#[test]
fn the_same_selection_is_the_same_bytes_in_every_packing() {
    let s = case();
    let mut ids = Vec::new();
    for format in ["bag", "zip", "ocfl", "load-file", "html", "pdf"] {
        for n in 1..=2 {
            let made = produce(&s, &format!("--out {format}-{n} --format {format}"));
            ids.push(made["production"].as_str().expect("an id").to_owned());
            // Looking at an item in between is on record, and no part of it.
            s.run(&["-C", "case", "text", &s.item("a.txt")]).ends(0);
        }
        same(&s.path(&format!("{format}-1")), &s.path(&format!("{format}-2")));
        if !["html", "pdf"].contains(&format) {
            verify(&s, &format!("{format}-2 --vkey vkey")).ends(0);
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one production, however packed");
    // The ledger knows of every single one.
    let events = s.run(&["-C", "case", "custody", "--json"]).ends(0).json();
    let exported = events.iter().filter(|e| e["action"] == "exported" && e["subject"].is_null()).count();
    assert_eq!(exported, 12);
    // New evidence is another production.
    s.write("more/c.txt", b"more");
    s.run(&["-C", "case", "add", "more", "--source", "Archive", "-q"]).ends(0);
    let made = produce(&s, "--out later");
    assert_ne!(made["production"].as_str(), Some(ids[0].as_str()));
    verify(&s, "later --vkey vkey").ends(0);
}

#[test]
fn a_signed_head_can_be_chosen_and_one_that_is_too_old_is_refused() {
    let s = case();
    let head = s.run(&["-C", "case", "ledger", "checkpoint"]).ends(0).out;
    let size = head.lines().nth(1).expect("a size").to_owned();
    produce(&s, "--out one");
    produce(&s, &format!("--out two --at {size}"));
    same(&s.path("one"), &s.path("two"));
    s.write("more/c.txt", b"more");
    s.run(&["-C", "case", "add", "more", "--source", "Archive", "-q"]).ends(0);
    let said = s.run(&["-C", "case", "produce", "--json", "--out", "three", "--at", &size]).ends(1).json();
    assert_eq!(said[0]["refused"][0]["gate"], "checkpoint");
    assert!(!s.path("three").exists());
    s.run(&["-C", "case", "produce", "--out", "three", "--at", "3"]).ends(3);
}

#[test]
fn what_was_not_asked_for_is_told_by_number_alone() {
    let s = case();
    let (a, b) = (s.item("a.txt"), s.item("b.txt"));
    produce(&s, &format!("--out part --items {a}"));
    verify(&s, "part --vkey vkey").ends(0);
    let c: serde_json::Value =
        serde_json::from_slice(&fs::read(s.path("part/data/completeness.json")).expect("reads")).expect("is JSON");
    let n = &c["counts"];
    assert_eq!(
        (&n["case_items"], &n["selected"], &n["not_selected"], &n["included"]),
        (&2.into(), &1.into(), &1.into(), &1.into())
    );
    let full = s.run(&["-C", "case", "show", &b, "--json"]).ends(0).json();
    let (id, digest) = (full[0]["item"].as_str().expect("an id"), full[0]["object"].as_str().expect("a digest"));
    let bare = digest.trim_start_matches("sha256:");
    for (path, bytes) in all(&s.path("part")) {
        for told in [id, bare, "b.txt", "коридорі"] {
            assert!(!bytes.windows(told.len()).any(|w| w == told.as_bytes()), "{} tells of {told}", path.display());
        }
    }
}

#[test]
fn the_first_key_leads_to_a_later_one() {
    let s = case();
    s.run(&["-C", "case", "ledger", "rotate", "--reason", "a new custodian"]).ends(0);
    produce(&s, "--out bag");
    let said = verify(&s, "bag --vkey vkey").ends(0);
    assert!(said.out.contains("leads to the present one"), "{}", said.out);
    s.run(&["-C", "case", "ledger", "recover", "--compromised", "--reason", "the machine was taken"]).ends(0);
    produce(&s, "--out after");
    let said = verify(&s, "after --vkey vkey").ends(1);
    assert!(said.out.contains("does not vouch for"), "{}", said.out);
    let present = s.run(&["-C", "case", "ledger", "vkey"]).ends(0).out;
    s.write("present", present.as_bytes());
    verify(&s, "after --vkey present").ends(0);
}

#[test]
fn dates_that_nobody_stated_can_be_chosen_to_be_unknown() {
    let s = case();
    produce(&s, "--out before");
    let limits = |bag: &str| fs::read_to_string(s.path(bag).join("data/limitations.json")).expect("reads");
    assert!(limits("before").contains("Nobody stated every date"));
    produce(&s, "--out after --unknown-dates");
    assert!(!limits("after").contains("Nobody stated every date"));
    verify(&s, "after --vkey vkey").ends(0);
}

#[test]
fn the_ledger_alone_is_checked_by_the_other_binary() {
    let s = case();
    s.run(&["-C", "case", "ledger", "export", "log"]).ends(0);
    let said = verify(&s, "log --vkey vkey").ends(0);
    assert!(said.out.starts_with("HOLDS  ledger ") && said.out.contains("every entry of the ledger"), "{}", said.out);
    let bundle = all(&s.path("log/tile/entries")).into_keys().next().expect("a bundle");
    let file = s.path("log/tile/entries").join(bundle);
    let mut bytes = fs::read(&file).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).expect("writes");
    assert!(verify(&s, "log --vkey vkey").ends(1).out.starts_with("FAULT  ledger "));
    fs::remove_file(s.path("log/checkpoint")).expect("removes");
    verify(&s, "log --vkey vkey").ends(1);
}
