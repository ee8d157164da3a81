//! The whole case out, in again, and onto other stores, with the ledger unbroken.

use crate::stage::{Said, Stage};
use serde_json::Value;
use zapys_tests::objects::{ACCESS, SECRET, object_server};
use zapys_tests::postgres;

fn stage(encrypted: bool) -> (Stage, Vec<&'static str>) {
    let s = Stage::new();
    s.write("key", &(0..64u8).map(|i| i.wrapping_mul(29) ^ 0x33).collect::<Vec<u8>>());
    let opens = if encrypted { vec!["--key-file", "key"] } else { Vec::new() };
    let protect = if encrypted { &["--key-file", "key", "--no-recovery-key"][..] } else { &["--no-encryption"] };
    s.run(&[&["init", "case", "--name", "Архів"], protect].concat()).ends(0);
    s.write("in/a.txt", "Опис складали двоє.".as_bytes());
    s.write("in/b.txt", "Ящики стояли в коридорі.".as_bytes());
    s.write("in/c/b2.txt", "Ящики стояли в коридорі.".as_bytes());
    s.write("in/calls.csv", "A;B;Start;Duration\n380001;380002;2022-03-01 10:00:00;61\n".as_bytes());
    let run = |args: &[&str]| s.run(&[&["-C", "case"][..], &opens, args].concat());
    run(&["add", "in", "--source", "скринька"]).ends(0);
    run(&["process", "-q"]).ends(0);
    run(&["ledger", "checkpoint"]).ends(0);
    (s, opens)
}
fn at(s: &Stage, case: &str, opens: &[&str], args: &[&str]) -> Said {
    s.run(&[&["-C", case][..], opens, args].concat())
}
/// Everything that a person can see of a case, apart from what looking and moving itself adds.
fn seen(say: &dyn Fn(&[&str]) -> Said) -> (Vec<Value>, Vec<Value>) {
    let items = say(&["items", "--json"]).ends(0).json();
    let events = say(&["custody", "--json"]).ends(0).json();
    (items, events)
}

#[test]
fn a_backup_comes_back_as_the_same_case() {
    for encrypted in [true, false] {
        let (s, opens) = stage(encrypted);
        let said = at(&s, "case", &opens, &["backup", "out", "--json"]).ends(0).json();
        let summary = said.last().expect("a summary");
        assert_eq!((summary["event"].as_str(), summary["done"] == summary["total"]), (Some("summary"), true), "{summary}");
        let (items, events) = seen(&|args| at(&s, "case", &opens, args));
        let mut sums = std::process::Command::new("sha256sum");
        sums.args(["-c", "--strict", "--quiet", "SHA256SUMS"]).current_dir(s.path("out"));
        assert!(sums.status().expect("sha256sum").success());
        at(&s, "again", &opens, &["restore", "out", "--json"]).ends(0);
        let (items2, events2) = seen(&|args| at(&s, "again", &opens, args));
        assert_eq!(items, items2);
        assert_eq!(events2[..events.len()], events[..], "every entry is the one it was");
        assert_eq!(events2.len(), events.len() + 1, "and one tells of the restoring");
        at(&s, "again", &opens, &["verify", "--deep"]).ends(0);
        assert_eq!(at(&s, "again", &opens, &["search", "ящиків", "--json"]).ends(0).json().len(), 1);
        at(&s, "again", &opens, &["add", "in/a.txt", "--source", "інша скринька"]).ends(0);
        at(&s, "again", &opens, &["verify"]).ends(0);
        // The old checkpoint is one that the restored ledger extends.
        at(&s, "again", &opens, &["ledger", "checkpoint"]).ends(0);
    }
}

#[test]
fn a_backup_that_is_not_whole_is_refused_by_name_and_leaves_nothing() {
    let (s, opens) = stage(true);
    at(&s, "case", &opens, &["backup", "out"]).ends(0);
    at(&s, "case", &opens, &["backup", "out"]).ends(3).says("not empty");
    at(&s, "case", &opens, &["restore", "out"]).ends(3).says("not empty");
    let mut files = vec![s.path("out")];
    let mut at_ = 0;
    while at_ < files.len() {
        let path = files[at_].clone();
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("folder").map(|e| e.expect("entry").path()));
            files.remove(at_);
        } else {
            at_ += 1;
        }
    }
    assert!(files.len() > 8, "{files:?}");
    for file in &files {
        let good = std::fs::read(file).expect("file");
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("chmod");
        std::fs::write(file, &bad).expect("write");
        let said = at(&s, "again", &opens, &["restore", "out"]).ends(2);
        assert!(said.err.contains("backup cannot be used"), "{}: {}", file.display(), said.err);
        std::fs::write(file, &good).expect("write");
        std::fs::rename(file, s.path("aside")).expect("rename");
        at(&s, "again", &opens, &["restore", "out"]).ends(2).says("backup cannot be used");
        std::fs::rename(s.path("aside"), file).expect("rename");
        assert!(!s.path("again").exists(), "nothing is left of the attempt");
    }
    s.write("wrong", &[7; 63].iter().chain(&[9]).copied().collect::<Vec<u8>>());
    at(&s, "again", &["--key-file", "wrong"], &["restore", "out"]).ends(2).says("does not open the case");
    assert!(!s.path("again").exists());
    let head = std::fs::read_to_string(s.path("out/zapys-backup.json")).expect("head");
    std::fs::write(s.path("out/zapys-backup.json"), head.replace("\"version\": 1", "\"version\": 2")).expect("write");
    at(&s, "again", &opens, &["restore", "out"]).ends(2).says("newer zapys");
}

#[test]
fn a_damaged_object_stops_a_backup_and_is_named() {
    let (s, opens) = stage(false);
    let objects = s.path("case/vault/objects");
    let folder = std::fs::read_dir(&objects).expect("objects").next().expect("one").expect("entry").path();
    let file = std::fs::read_dir(folder).expect("folder").next().expect("one").expect("entry").path();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("chmod");
    std::fs::write(&file, b"other bytes").expect("write");
    at(&s, "case", &opens, &["backup", "out"]).ends(2).says("has changed");
    assert!(!s.path("out").exists() && !s.path("out.partial").exists());
}

#[test]
fn a_case_moves_to_servers_and_back_with_its_ledger_unbroken() {
    let (Some(database), Some(objects)) = (postgres(), object_server()) else { return };
    for encrypted in [true, false] {
        let (s, opens) = stage(encrypted);
        let run = |case: &str, args: &[&str]| {
            let mut c = s.command(&[&["-C", case][..], &opens, args].concat());
            c.env("AWS_ENDPOINT_URL", objects.endpoint()).env("AWS_ACCESS_KEY_ID", ACCESS).env("AWS_SECRET_ACCESS_KEY", SECRET);
            Said::from(c.output().expect("starts"))
        };
        let (items, events) = seen(&|args| run("case", args));
        let (schema, bucket) = (database.schema(), format!("s3://case/moved-{encrypted}"));
        run("case", &["move"]).ends(3).says("another place");
        let said = run("case", &["move", "--database", &schema, "--objects", &bucket, "--json"]).ends(0).json();
        assert_eq!(said.last().expect("a summary")["event"], "summary");
        assert!(!s.path("case/record.sqlite").exists() && !s.path("case/vault").exists());
        assert!(s.path("case/record.sqlite.moved").exists() && s.path("case/vault.moved").exists());
        let (items2, events2) = seen(&|args| run("case", args));
        assert_eq!(items, items2);
        assert_eq!(events2[..events.len()], events[..]);
        run("case", &["verify", "--deep"]).ends(0);
        run("case", &["add", "in/a.txt", "--source", "третя"]).ends(0);
        // A place that is taken is refused, and nothing changes.
        run("case", &["backup", "out"]).ends(0);
        run("second", &["restore", "out", "--database", &schema]).ends(3).says("a record already");
        assert!(!s.path("second").exists());
        run("case", &["verify"]).ends(0);
        std::fs::remove_dir_all(s.path("case/vault.moved")).expect("the person removes the old ones");
        std::fs::remove_file(s.path("case/record.sqlite.moved")).expect("and the record");
        run("case", &["move", "--database", "local", "--objects", "local"]).ends(0);
        assert!(s.path("case/record.sqlite").exists() && s.path("case/vault").exists());
        run("case", &["verify", "--deep"]).ends(0);
        let (_, events3) = seen(&|args| run("case", args));
        assert_eq!(events3[..events.len()], events[..]);
    }
}
