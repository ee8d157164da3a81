//! The same path on servers: the record on PostgreSQL, the objects on S3.

use crate::custody::verifier;
use crate::stage::{Said, Stage};
use std::process::Command;
use zapys_tests::objects::{ACCESS, SECRET, object_server};
use zapys_tests::postgres;

#[test]
fn a_case_on_postgresql_and_s3_is_a_case_like_any_other() {
    let (Some(database), Some(objects)) = (postgres(), object_server()) else { return };
    let s = Stage::new();
    s.write("in/a.txt", "Опис складали двоє.".as_bytes());
    s.write("in/b.txt", "Ящики стояли в коридорі.".as_bytes());
    let run = |args: &[&str]| {
        let mut c = s.command(args);
        c.env("AWS_ENDPOINT_URL", objects.endpoint()).env("AWS_ACCESS_KEY_ID", ACCESS).env("AWS_SECRET_ACCESS_KEY", SECRET);
        Said::from(c.output().expect("starts"))
    };
    run(&["init", "case", "--no-encryption", "--database", &database.schema(), "--objects", "s3://case/one"]).ends(0);
    assert!(!s.path("case/record.sqlite").exists() && !s.path("case/vault").exists());
    run(&["-C", "case", "add", "in", "-q"]).ends(0);
    run(&["-C", "case", "process", "-q"]).ends(0);
    let hits = run(&["-C", "case", "search", "ящиків", "--json"]).ends(0).json();
    assert_eq!(hits.len(), 1);
    run(&["-C", "case", "verify", "--deep"]).ends(0);
    run(&["-C", "case", "produce", "--out", "bag"]).ends(0);
    assert!(Command::new(verifier()).arg("bag").current_dir(s.path("")).output().expect("starts").status.success());
}
