//! The reader of bags against the Library of Congress conformance suite, and against bags of the plain standard.

use super::*;
use zapys_dossier::check::verify_bag;

fn faults(path: &Path) -> Vec<String> {
    let checks = verify_bag(path).expect("can be looked at");
    checks.into_iter().filter(|c| c.status == CheckStatus::Fault).map(|c| format!("{:?}: {}", c.subject, c.detail)).collect()
}

fn plain_bag(dir: &Path) {
    let put = |p: &str, b: &str| {
        fs::create_dir_all(dir.join(p).parent().expect("has a parent")).expect("makes");
        fs::write(dir.join(p), b).expect("writes");
    };
    put("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    put("data/100% sure.txt", "hello");
    let d = zapys_ledger::Hash::of(b"hello");
    put("manifest-sha256.txt", &format!("{} data/100%25 sure.txt\n", d.hex().to_uppercase()));
    put("notes.txt", "tag files need not be listed");
}

#[test]
fn a_plain_bag_of_the_standard_is_accepted() {
    let home = tempfile::tempdir().expect("a folder");
    plain_bag(home.path());
    assert_eq!(faults(home.path()), Vec::<String>::new());
    fs::write(home.path().join("data/100% sure.txt"), "hallo").expect("writes");
    assert_eq!(faults(home.path()).len(), 1);
}

#[test]
fn the_conformance_suite_is_judged_as_it_should_be() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/standards/bagit");
    if !suite.is_dir() {
        println!("skipped: ../shared is not here");
        return;
    }
    let mut seen = 0;
    for version in fs::read_dir(&suite).expect("lists").flatten() {
        for sort in fs::read_dir(version.path()).into_iter().flatten().flatten() {
            for bag in fs::read_dir(sort.path()).into_iter().flatten().flatten().filter(|b| b.path().is_dir()) {
                let found = faults(&bag.path());
                let ours = version.file_name() == "v1.0";
                // Older versions are refused as such: only 1.0 is read.
                assert!(!found.is_empty(), "{}", bag.path().display());
                if ours {
                    assert_eq!(sort.file_name(), "invalid");
                    let name = bag.file_name().into_string().expect("UTF-8");
                    let why = found.join(" ");
                    let expected = if name.starts_with("same-filename") { "twice" } else { "declaration" };
                    assert!(why.contains(expected), "{name}: {why}");
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn hostile_archives_are_errors_or_faults() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/malformed/zip");
    if !data.is_dir() {
        println!("skipped: ../shared is not here");
        return;
    }
    let mut seen = 0;
    for file in fs::read_dir(data).expect("lists").flatten().filter(|f| f.path().is_file()) {
        let holds = verify_production(&file.path(), None).is_ok_and(|v| v.holds);
        assert!(!holds, "{}", file.path().display());
        seen += 1;
    }
    assert!(seen > 0);
}
