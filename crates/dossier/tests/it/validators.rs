//! V1, V3, V4, V8, V15, V17: programs of others over our productions.

use super::*;
use sample::sample;
use std::process::Command;
use zapys_dossier::manifest::Manifest;
use zapys_tests::validator;

fn run(program: &Path, folder: &Path, line: &str) -> bool {
    let out = Command::new(program).args(line.split_whitespace()).current_dir(folder).output().expect("runs");
    println!("{line}: {}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    out.status.success()
}

#[test]
fn v1_bagit_accepts_the_bag_and_not_a_changed_one() {
    let Some(bagit) = validator("v-bagit/bin/bagit.py") else { return };
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
    let Some(aics) = validator("v-tlog/bin/aics-tlog") else { return };
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

/// The check of a crate; where this machine allows it, also without any network.
fn crate_check(python: &Path, made: &Made) -> i32 {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ro_crate_check.py");
    let context = python.parent().and_then(Path::parent).and_then(Path::parent).expect("lies deep").join("ro-crate-context.json");
    let apart = Command::new("unshare").args(["-rn", "true"]).status().is_ok_and(|s| s.success());
    let mut command = if apart { Command::new("unshare") } else { Command::new(python) };
    if apart {
        command.arg("-rn").arg(python);
    }
    let out = command.arg(script).arg(&made.path).arg(context).output().expect("runs");
    println!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    out.status.code().expect("exits")
}

#[test]
fn v3_the_ro_crate_profile_is_met_and_a_damaged_crate_is_not() {
    let Some(python) = validator("v-roc/bin/python3") else { return };
    let made = make(stamped::sample_with_everything(), Format::Bag, true);
    assert_eq!(crate_check(&python, &made), 0);
    let file = "data/ro-crate-metadata.json";
    let good = made.text(file);
    for (from, to) in [
        ("\"datePublished\"", "\"dateOfPublication\""),
        ("exhibits/E-0003/E-0003.png\"", "exhibits/E-0003/E-0004.png\""),
        ("\"license\"", "\"licens\""),
    ] {
        made.put(file, good.replace(from, to));
        assert_eq!(crate_check(&python, &made), 1, "{from}");
    }
}

#[test]
fn v4_case_utils_accepts_the_custody_and_not_a_damaged_one() {
    let Some(case) = validator("v-case/bin/case_validate") else { return };
    let made = make(stamped::sample_with_everything(), Format::Bag, true);
    let look = || {
        let out = Command::new(&case)
            .args(["--built-version", "case-1.5.0", "--allow-info", "data/custody/case.jsonld"])
            .current_dir(&made.path)
            .output()
            .expect("runs");
        (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (held, said) = look();
    assert!(held && !said.contains("Severity"), "{said}");
    let good = made.text("data/custody/case.jsonld");
    // Another word for the algorithm is only remarked upon, so it is looked for.
    for (from, to, refused) in [
        ("\"SHA256\"", "\"SHA-256\"", false),
        ("xsd:dateTime", "xsd:string", true),
        ("case-investigation:exhibitNumber", "case-investigation:exhibitNumbr", true),
        ("\"xsd:hexBinary\"", "\"xsd:string\"", true),
    ] {
        made.put("data/custody/case.jsonld", good.replace(from, to));
        let (held, said) = look();
        assert!(held != refused && (refused || said.contains("Severity")), "{from}: {said}");
    }
}

#[test]
fn v15_qpdf_finds_nothing_in_what_is_to_be_printed() {
    let qpdf = Path::new("/usr/bin/qpdf");
    if !qpdf.is_file() {
        assert!(std::env::var("ZAPYS_REQUIRE_SERVERS").as_deref() != Ok("1"), "qpdf is required and not installed");
        println!("skipped: qpdf is not installed");
        return;
    }
    let made = make(sample(), Format::Bag, true);
    for file in made.files().iter().filter(|f| f.ends_with(".pdf")) {
        assert!(run(qpdf, &made.path, &format!("--check {file}")), "{file}");
        let bytes = made.read(file);
        made.put(file, &bytes[..bytes.len() / 2]);
        assert!(!run(qpdf, &made.path, &format!("--check {file}")), "{file} cut in half");
    }
}
