//! Real lack of space and real lack of permission: the test starts itself again in a narrow place.

use crate::sample;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use zapys_domain::Fault;
use zapys_vault::{BackendError, Vault, VaultError};

const INSIDE: &str = "ZAPYS_TEST_NARROW_PLACE";

/// Runs the named test again under `shell`, with `"$@"` being the command and `$ZAPYS_TEST_NARROW_PLACE` a folder.
fn again(shell: &str, test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-ec", shell, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn fills_up(root: &Path) {
    let vault = Arc::new(Vault::disk(root).unwrap().sealing());
    let kept = vault.put(&mut sample(100_000, 1).as_slice()).unwrap().kept;
    let error = vault.put(&mut sample(8 << 20, 2).as_slice()).unwrap_err();
    assert!(matches!(error, VaultError::Backend(BackendError::NoSpace)), "{error:?}");
    assert_eq!(error.code(), "disk-full");
    assert_eq!(std::fs::read_dir(root.join("tmp")).unwrap().count(), 0, "the half-written file is gone");
    assert_eq!(vault.list(None).unwrap().names, [kept.name()]);
    vault.check(&kept).unwrap();
    vault.put(&mut b"room for a little".as_slice()).expect("what fits is still taken");
}

#[test]
fn a_file_size_limit_is_told_as_lack_of_space() {
    match std::env::var_os(INSIDE) {
        Some(root) => fills_up(&PathBuf::from(root)),
        // 2,048 blocks of 512 bytes or of 1 KiB, as the shell counts.
        None => again("trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "full_disk::a_file_size_limit_is_told_as_lack_of_space"),
    }
}

#[test]
fn a_full_disk_loses_nothing_and_a_read_only_one_says_so() {
    if let Some(root) = std::env::var_os(INSIDE) {
        let root = PathBuf::from(root);
        fills_up(&root);
        let vault = Arc::new(Vault::disk(&root).unwrap());
        let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&root).status().unwrap();
        assert!(remounted.success());
        let error = vault.put(&mut b"late".as_slice()).unwrap_err();
        assert!(matches!(error, VaultError::Backend(BackendError::Denied)), "{error:?}");
        return;
    }
    let script = "mount -t tmpfs -o size=4m none \"$ZAPYS_TEST_NARROW_PLACE\"; exec \"$@\"";
    let possible = Command::new("unshare")
        .args(["-rm", "sh", "-c", "mount -t tmpfs none /mnt"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success());
    if !possible {
        eprintln!("skipped: this system gives no mount namespace; the file size limit is tested instead");
        return;
    }
    let script = format!("exec unshare -rm sh -ec '{}' sh \"$@\"", script.replace('\'', "'\\''"));
    again(&script, "full_disk::a_full_disk_loses_nothing_and_a_read_only_one_says_so");
}
