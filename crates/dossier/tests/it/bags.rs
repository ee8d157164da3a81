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

/// What the first fault of a bad bag must say.
const WHY: [(&str, &str); 16] = [
    ("baginfo-missing-encoding", "not the declaration of a bag"),
    ("bom-in-bagit.txt", "byte order mark"),
    ("corrupt-data-file", "not the one that was listed"),
    ("extra-file-in-bag", "it was added"),
    ("invalid-version-number", "a version that is none"),
    ("missing-baginfo", "is listed (tagmanifest-md5.txt) and not there"),
    ("missing-bagit.txt", "declaration of the bag is missing"),
    ("out-of-scope-file-paths-using-dot-notation-for-fetch", "outside the bag"),
    ("out-of-scope-file-paths-using-absolute-path-for-fetch", "outside the bag"),
    ("out-of-scope-file-paths-using-shortcut-for-fetch", "outside the bag"),
    ("out-of-scope-file-paths-using-shortcut-username-for-fetch", "outside the bag"),
    ("out-of-scope-file-paths-using-shortcut", "leads elsewhere"),
    ("out-of-scope-file-paths-using-unc", "leads elsewhere"),
    ("bagit-with-invalid-whitespace", "one space after the colon"),
    ("same-filename-listed-twice-with-different-hashes", "twice"),
    ("same-filename-listed-twice-with-the-same-hash", "twice"),
];

#[test]
fn the_conformance_suite_is_judged_as_it_should_be() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/standards/bagit");
    if !suite.is_dir() {
        println!("skipped: ../shared is not here");
        return;
    }
    let (mut good, mut bad) = (0, 0);
    for version in fs::read_dir(&suite).expect("lists").flatten() {
        for sort in fs::read_dir(version.path()).into_iter().flatten().flatten() {
            for bag in fs::read_dir(sort.path()).into_iter().flatten().flatten().filter(|b| b.path().is_dir()) {
                let found = faults(&bag.path());
                let name = bag.file_name().into_string().expect("UTF-8");
                let shown = bag.path().display().to_string();
                match sort.file_name().to_str().expect("UTF-8") {
                    // The copy of this bag came without its `.DS_Store`, which its lists name.
                    "warning" if name == "special-system-files" => {
                        assert!(
                            found.len() == 1 && found[0].contains("data/.DS_Store") && found[0].contains("not there"),
                            "{found:?}"
                        );
                        good += 1;
                    }
                    "valid" | "warning" => {
                        assert_eq!(found, Vec::<String>::new(), "{shown}");
                        let v = zapys_dossier::verify(&bag.path(), &Default::default()).expect("can be looked at");
                        assert!(v.holds && v.sort == zapys_dossier::Sort::Bag && v.production.is_none(), "{shown}");
                        good += 1;
                    }
                    "invalid" | "linux-only" | "windows-only" => {
                        let (_, why) = WHY.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{shown} is not known"));
                        assert!(found.iter().any(|f| f.contains(why)), "{shown}: {found:?}");
                        bad += 1;
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }
    assert!(good >= 11 && bad >= 18, "{good} good, {bad} bad");
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
