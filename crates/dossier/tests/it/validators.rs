//! V1, V8, V17: programs of others over our productions. Virtual environments `v-bagit` and `v-tlog` lie below
//! `ZAPYS_TEST_VENVS` or `target/venv`; without them the tests say so and pass, unless `ZAPYS_REQUIRE_SERVERS=1`.

use super::*;
use sample::sample;
use std::process::Command;
use zapys_dossier::manifest::Manifest;

fn venv(program: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ZAPYS_TEST_VENVS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv"), PathBuf::from);
    let path = root.join(program);
    if path.is_file() {
        return Some(path);
    }
    assert!(std::env::var("ZAPYS_REQUIRE_SERVERS").as_deref() != Ok("1"), "{program} is required and not installed");
    println!("skipped: {program} is not installed");
    None
}
fn run(program: &Path, folder: &Path, line: &str) -> bool {
    let out = Command::new(program).args(line.split_whitespace()).current_dir(folder).output().expect("runs");
    println!("{line}: {}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    out.status.success()
}

#[test]
fn v1_bagit_accepts_the_bag_and_not_a_changed_one() {
    let Some(bagit) = venv("v-bagit/bin/bagit.py") else { return };
    let made = make(sample(), Format::Bag, true);
    assert!(run(&bagit, &made.path, "--validate --quiet ."));
    let file = "data/exhibits/E-0003/E-0003.png";
    let mut bytes = made.read(file);
    bytes[40] ^= 1;
    made.put(file, bytes);
    assert!(!run(&bagit, &made.path, "--validate --quiet ."));
}

#[test]
fn v8_aics_tlog_accepts_every_proof_and_not_another_event() {
    let Some(aics) = venv("v-tlog/bin/aics-tlog") else { return };
    let made = make(sample(), Format::Bag, true);
    assert!(run(&aics, &made.path, "verify-checkpoint --note checkpoint --vkey-file ledger-vkey"));
    let m: Manifest = serde_json::from_slice(&made.read("data/manifest.json")).expect("reads");
    for event in m.exhibits.iter().filter_map(|e| e.events.first()) {
        // As the report says: the hashes between the index and the blank line.
        let proof = made.text(&event.proof);
        let lines: Vec<&str> =
            proof.lines().skip_while(|l| !l.starts_with("index")).skip(1).take_while(|l| !l.is_empty()).collect();
        let p = made.path.with_file_name("P");
        fs::write(&p, format!("{}\n", lines.join("\n"))).expect("writes");
        let line = |index: u64| {
            format!(
                "verify-inclusion --leaf {} --index {index} --proof {} --checkpoint checkpoint --vkey-file ledger-vkey",
                event.event,
                p.display()
            )
        };
        assert!(run(&aics, &made.path, &line(event.seq)));
        assert!(!run(&aics, &made.path, &line(event.seq ^ 1)));
    }
}

#[test]
fn v17_sha256sum_covers_every_file_but_the_last_lists() {
    let made = make(sample(), Format::Bag, true);
    let sums = Path::new("/usr/bin/sha256sum");
    if !sums.is_file() {
        println!("skipped: sha256sum is not here");
        return;
    }
    assert!(run(sums, &made.path, "--check --strict --quiet SHA256SUMS"));
    let listed = made.text("SHA256SUMS").lines().count();
    assert_eq!(listed, made.files().len() - 4, "all but itself, the two tag lists and the seal");
    made.put("data/exhibits/E-0001/transcript.txt", "other");
    assert!(!run(sums, &made.path, "--check --strict --quiet SHA256SUMS"));
}
