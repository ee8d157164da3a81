//! V8: `aics-tlog`, in a virtual environment `v-tlog` below `ZAPYS_TEST_VENVS` or `target/venv`.
//! Where it is not installed the test says so and passes, unless `ZAPYS_REQUIRE_SERVERS=1`.

use super::{checkpoint, log};
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use zapys_ledger::tiles::export;
use zapys_ledger::tree::inclusion;
use zapys_ledger::{Signer, TlogProof};

fn program() -> Option<PathBuf> {
    let root = std::env::var_os("ZAPYS_TEST_VENVS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv"), PathBuf::from);
    let path = root.join("v-tlog/bin/aics-tlog");
    if path.is_file() {
        return Some(path);
    }
    assert!(std::env::var("ZAPYS_REQUIRE_SERVERS").as_deref() != Ok("1"), "aics-tlog is required and not installed");
    println!("skipped: aics-tlog is not installed");
    None
}

fn run(program: &Path, folder: &Path, line: &str) -> bool {
    let out = Command::new(program).args(line.split_whitespace()).current_dir(folder).output().expect("runs");
    println!("{line}: {}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    out.status.success()
}

#[test]
fn v8_an_exported_log_stands_before_another_program() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    let (entries, tree, key) = log(300);
    let put = |path: &str, bytes: &[u8]| {
        let full = dir.join(path);
        fs::create_dir_all(full.parent().expect("below the folder")).expect("makes folders");
        fs::write(full, bytes).expect("writes");
    };
    let text = checkpoint(&tree, 300, &key);
    let entry = |i: u64| Ok::<_, Infallible>(entries[usize::try_from(i).expect("small")].canonical.clone());
    for file in export(&tree, &text, entry) {
        let (path, bytes) = file.expect("exports");
        put(&format!("log/{path}"), &bytes);
    }
    put("key", format!("{}\n", key.key()).as_bytes());
    put("old", checkpoint(&tree, 120, &key).as_bytes());
    put("leaf", &entries[77].canonical);
    put("other", &entries[78].canonical);
    let hashes = inclusion(&tree, 77, 300).expect("in range");
    let proof = TlogProof { extra: None, index: 77, hashes, checkpoint: text.clone() };
    let lines: Vec<String> = proof.hashes.iter().map(|h| h.base64()).collect();
    put("proof", format!("{}\n", lines.join("\n")).as_bytes());
    // The proof file as the handbook cuts it for this program.
    let file = proof.to_string();
    let cut: Vec<&str> = file.lines().skip_while(|l| !l.starts_with("index")).skip(1).take_while(|l| !l.is_empty()).collect();
    assert_eq!(cut, lines);

    assert!(run(&program, dir, "verify-checkpoint --note log/checkpoint --vkey-file key"));
    assert!(run(
        &program,
        dir,
        "verify-inclusion --leaf leaf --index 77 --vkey-file key --checkpoint log/checkpoint --proof proof"
    ));
    assert!(run(&program, dir, "verify-inclusion --leaf leaf --index 77 --vkey-file key --tiles log"));
    assert!(run(&program, dir, "verify-consistency --old-checkpoint old --tiles log --vkey-file key"));

    assert!(!run(
        &program,
        dir,
        "verify-inclusion --leaf other --index 77 --vkey-file key --checkpoint log/checkpoint --proof proof"
    ));
    assert!(!run(&program, dir, "verify-inclusion --leaf leaf --index 78 --vkey-file key --tiles log"));
    put("forged", text.replacen("300", "301", 1).as_bytes());
    assert!(!run(&program, dir, "verify-checkpoint --note forged --vkey-file key"));
}
