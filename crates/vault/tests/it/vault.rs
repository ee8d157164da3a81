//! What the vault promises beyond its backend.

use crate::sample;
use proptest::prelude::*;
use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zapys_domain::{Fault, ObjectId};
use zapys_vault::{BackendError, Damage, Kept, SealedName, Vault, VaultError};

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}
fn leftovers(root: &Path) -> usize {
    fs::read_dir(root.join("tmp")).unwrap().count()
}
fn disk(root: &Path) -> Arc<Vault> {
    Arc::new(Vault::disk(root).unwrap())
}
/// Every sort of vault, new: in memory and on disk, plain and sealing.
fn vaults(folder: &Path) -> Vec<Arc<Vault>> {
    let sealing = Arc::new(Vault::disk(&folder.join("sealing")).unwrap().sealing());
    vec![Arc::new(Vault::memory()), disk(&folder.join("vault")), Arc::new(Vault::memory().sealing()), sealing]
}
fn names(vault: &Vault) -> Vec<SealedName> {
    vault.list(None).unwrap().names
}
/// Makes the object's file writable and replaces its content, as a tamperer would.
fn tamper(vault: &Vault, object: &Kept, bytes: &[u8]) {
    let path = vault.local_path(object).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, bytes).unwrap();
}

#[test]
fn the_same_bytes_are_one_object() {
    let folder = tempfile::tempdir().unwrap();
    for vault in vaults(folder.path()) {
        let bytes = sample(300_000, 1);
        let first = vault.put(&mut bytes.as_slice()).unwrap();
        assert_eq!((first.object, first.bytes), (ObjectId::of(&bytes), 300_000));
        let batch = vault.batch();
        let second = batch.put_file(&file(folder.path(), "copy.bin", &bytes)).unwrap();
        assert_eq!((second.object, batch.objects()), (first.object, vec![first.object]));
        batch.seal(&|o| *o == first.object).unwrap();
        assert_eq!(names(&vault), [first.kept.name()]);
        assert_eq!(vault.read_all(&first.kept, 300_000).unwrap(), bytes);
        assert!(matches!(vault.read_all(&first.kept, 299_999), Err(VaultError::TooLarge { bytes: 300_000, .. })));
    }
}

#[test]
fn a_sealed_object_tells_nothing_and_opens_only_under_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(Vault::disk(folder.path()).unwrap().sealing());
    let bytes = "вода й хліб ".repeat(20_000).into_bytes();
    let kept = vault.put(&mut bytes.as_slice()).unwrap().kept;
    let [name] = &names(&vault)[..] else { panic!("one object") };
    let name = name.clone();
    assert_ne!(name.as_str(), ObjectId::of(&bytes).hex(), "not even the digest is told");
    let (first, rest) = name.halves();
    let rests = fs::read(folder.path().join("objects").join(first).join(rest)).unwrap();
    assert!(!rests.windows(8).any(|w| w == &bytes[..8]));
    assert_eq!(vault.local_path(&kept), None, "no plain file");
    let mut tail = Vec::new();
    vault.read(&kept, 100_000..u64::MAX).unwrap().read_to_end(&mut tail).unwrap();
    assert_eq!(tail, &bytes[100_000..]);
    let again = vault.put(&mut bytes.as_slice()).unwrap().kept;
    assert_ne!(again.sealed, kept.sealed, "a key and a name of its own each time");
    let mut other = kept.clone();
    other.sealed.as_mut().unwrap().key = again.sealed.as_ref().unwrap().key.clone();
    assert!(matches!(vault.check(&other), Err(Damage::Broken { .. })));
    assert!(matches!(vault.read_all(&other, 1 << 20), Err(VaultError::Broken { .. })));
    assert_eq!(vault.sweep_unnamed(&|n| *n == kept.name()).unwrap(), 1);
    assert_eq!(names(&vault), [kept.name()]);
    assert_eq!(vault.check(&kept).unwrap(), bytes.len() as u64);
}

#[test]
fn sealed_bytes_that_were_changed_are_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(Vault::disk(folder.path()).unwrap().sealing());
    let one = vault.put(&mut sample(200_000, 2).as_slice()).unwrap().kept;
    let two = vault.put(&mut sample(200_000, 3).as_slice()).unwrap().kept;
    let path = |kept: &Kept| folder.path().join("objects").join(kept.name().halves().0).join(kept.name().halves().1);
    let (a, b) = (fs::read(path(&one)).unwrap(), fs::read(path(&two)).unwrap());
    let lay = |kept: &Kept, bytes: &[u8]| {
        fs::set_permissions(path(kept), Permissions::from_mode(0o600)).unwrap();
        fs::write(path(kept), bytes).unwrap();
    };
    for at in [0, 7, 8, 65_000, 65_552 + 8, a.len() - 1] {
        let mut changed = a.clone();
        changed[at] ^= 1;
        lay(&one, &changed);
        assert!(matches!(vault.check(&one), Err(Damage::Broken { .. })), "byte {at}");
    }
    for cut in [0, 8, 100, 8 + 65_552, a.len() - 1] {
        lay(&one, &a[..cut]);
        assert!(matches!(vault.check(&one), Err(Damage::Broken { .. })), "cut at {cut}");
    }
    lay(&one, &b);
    lay(&two, &a);
    assert!(matches!(vault.check(&one), Err(Damage::Broken { .. })), "exchanged");
    assert!(matches!(vault.materialise(&two, folder.path()), Err(VaultError::Broken { .. })));
    lay(&one, &a);
    vault.check(&one).unwrap();
    fs::remove_file(path(&two)).unwrap();
    assert!(matches!(vault.check(&two), Err(Damage::Missing { .. })));
}

#[test]
fn a_large_file_goes_through_two_threads_and_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample((9 << 20) + 77, 4);
    let path = file(folder.path(), "large.bin", &bytes);
    for vault in vaults(folder.path()) {
        let stored = vault.put_file(&path).unwrap();
        assert_eq!((stored.object, stored.bytes), (ObjectId::of(&bytes), bytes.len() as u64));
        vault.check(&stored.kept).unwrap();
    }
}

#[test]
fn an_object_rests_read_only_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let vault = disk(folder.path());
    let object = vault.put(&mut b"kept".as_slice()).unwrap().object;
    let path = vault.local_path(&object.into()).unwrap();
    let hex = object.hex();
    assert_eq!(path, folder.path().join("objects").join(&hex[..2]).join(&hex[2..]));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
    assert_eq!(leftovers(folder.path()), 0);
}

#[test]
fn the_source_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let vault = disk(&folder.path().join("vault"));
    let path = file(folder.path(), "original.bin", &sample(70_000, 5));
    let before = fs::metadata(&path).unwrap();
    vault.put_file(&path).unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    assert_eq!(before.permissions(), after.permissions());
    assert_eq!(fs::read(&path).unwrap(), sample(70_000, 5));
}

#[test]
fn tampering_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let vault = disk(folder.path());
    let kept = vault.put(&mut sample(5000, 2).as_slice()).unwrap().kept;
    let object = kept.object;
    vault.check(&kept).unwrap();

    let mut changed = sample(5000, 2);
    changed[4321] ^= 1;
    tamper(&vault, &kept, &changed);
    match vault.check(&kept) {
        Err(Damage::Changed { object: o, found, bytes }) => {
            assert_eq!((o, found, bytes), (object, ObjectId::of(&changed), 5000));
        }
        other => panic!("{other:?}"),
    }
    tamper(&vault, &kept, b"");
    assert!(matches!(vault.check(&kept), Err(Damage::Changed { bytes: 0, .. })));
    // The same bytes once more do not silently pass for kept.
    let error = vault.put(&mut sample(5000, 2).as_slice()).unwrap_err();
    assert!(matches!(error, VaultError::Damaged { expected: 5000, found: 0, .. }), "{error:?}");
    assert_eq!(error.code(), "object-damaged");

    fs::remove_file(vault.local_path(&kept).unwrap()).unwrap();
    assert!(matches!(vault.check(&kept), Err(Damage::Missing { .. })));
    fs::create_dir(folder.path().join("objects").join(&object.hex()[..2]).join(&object.hex()[2..])).unwrap();
    assert!(matches!(vault.check(&kept), Err(Damage::Unreadable { .. })));
}

#[test]
fn a_batch_is_readable_at_once_and_kept_when_sealed() {
    let folder = tempfile::tempdir().unwrap();
    for vault in vaults(folder.path()) {
        let batch = vault.batch();
        let stored = batch.put(&mut b"in a batch".as_slice()).unwrap();
        assert_eq!(batch.put(&mut b"in a batch".as_slice()).unwrap().kept, stored.kept, "known within the batch");
        let mut bytes = Vec::new();
        batch.read(&stored.object, 3..u64::MAX).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"a batch");
        assert_eq!(vault.size(&stored.kept).unwrap(), None);
        assert!(names(&vault).is_empty(), "no name before it is durable");
        batch.seal(&|_| false).unwrap();
        assert_eq!(names(&vault), [stored.kept.name()]);
        assert_eq!(vault.size(&stored.kept).unwrap(), Some(10));
        assert_eq!(vault.read_all(&stored.kept, 100).unwrap(), b"in a batch");
    }
    for root in ["vault", "sealing"] {
        assert_eq!(leftovers(&folder.path().join(root)), 0);
    }
    let vault = disk(&folder.path().join("third"));
    let dropped = vault.batch();
    let gone = dropped.put(&mut b"never sealed".as_slice()).unwrap().kept;
    let other = vault.batch();
    other.put(&mut b"never sealed".as_slice()).unwrap();
    drop(dropped);
    other.seal(&|_| false).unwrap();
    assert_eq!(vault.read_all(&gone, 100).unwrap(), b"never sealed", "another batch kept the same bytes");
}

#[test]
fn an_unsealed_batch_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = disk(folder.path());
    let batch = vault.batch();
    let object = batch.put(&mut b"gone".as_slice()).unwrap().kept;
    drop(batch);
    assert_eq!(vault.size(&object).unwrap(), None);
    assert_eq!(leftovers(folder.path()), 0);
}

#[test]
fn what_a_killed_process_left_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let vault = disk(folder.path());
    let sealed = vault.put(&mut b"sealed".as_slice()).unwrap().kept;
    let batch = vault.batch();
    let lost = batch.put(&mut b"half-way".as_slice()).unwrap().kept;
    std::mem::forget(batch); // as SIGKILL would
    drop(vault);

    let vault = disk(folder.path());
    assert_eq!(leftovers(folder.path()), 1);
    assert_eq!(vault.size(&lost).unwrap(), None);
    assert_eq!(vault.sweep().unwrap(), 1);
    assert_eq!((leftovers(folder.path()), vault.sweep().unwrap()), (0, 0));
    vault.check(&sealed).unwrap();
}

#[test]
fn many_threads_put_into_one_batch() {
    let folder = tempfile::tempdir().unwrap();
    let vault = disk(folder.path());
    let batch = vault.batch();
    std::thread::scope(|threads| {
        for t in 0..4u64 {
            let batch = &batch;
            // Every second file is the same in all threads.
            threads.spawn(move || {
                for i in 0..50u64 {
                    let seed = if i % 2 == 0 { i } else { 1000 * (t + 1) + i };
                    batch.put(&mut sample(1000 + i as usize, seed).as_slice()).unwrap();
                }
            });
        }
    });
    batch.seal(&|_| false).unwrap();
    let objects = names(&vault);
    assert_eq!(objects.len(), 25 + 4 * 25);
    for o in objects {
        vault.check(&Kept::plain(o.as_str().parse().unwrap())).unwrap();
    }
    assert_eq!(leftovers(folder.path()), 0);
}

/// A file that somebody appends to while the vault reads it: the writer starts when the reader has begun.
#[test]
fn a_file_that_changes_while_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let vault = disk(&folder.path().join("vault"));
    let path = file(folder.path(), "growing.bin", &sample(8 << 20, 3));
    let stop = std::sync::atomic::AtomicBool::new(false);
    let refused = std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut writer = File::options().append(true).open(&path).unwrap();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                writer.write_all(b"more").unwrap();
            }
        });
        let refused = (0..1000).find_map(|_| match vault.put_file(&path) {
            Err(VaultError::SourceChanged) => Some(true),
            Err(other) => panic!("{other:?}"),
            Ok(_) => None,
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        refused
    });
    assert_eq!(refused, Some(true));
    assert_eq!(leftovers(&folder.path().join("vault")), 0);
    vault.put_file(&path).expect("quiet again");
}

#[test]
fn only_regular_files_are_taken_and_each_refusal_has_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let vault = disk(&folder.path().join("vault"));
    let check = |path: &Path, code: &str| {
        let error = vault.put_file(path).unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
        assert!(error.hint().ends_with('.') && !error.to_string().contains("secret"), "{error}");
    };
    check(folder.path(), "not-a-file");
    check(&folder.path().join("secret-name"), "source-vanished");
    check(Path::new("/dev/null"), "not-a-file");
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    check(&pipe, "not-a-file");
}

#[test]
fn a_reader_that_breaks_leaves_nothing() {
    struct Broken(u8);
    impl Read for Broken {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            if self.0 > 3 { Err(std::io::Error::other("broken")) } else { Ok(buf.len()) }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for vault in vaults(folder.path()) {
        assert!(matches!(vault.put(&mut Broken(0)), Err(VaultError::Source(_))));
        assert!(names(&vault).is_empty());
    }
    assert_eq!(leftovers(&folder.path().join("vault")) + leftovers(&folder.path().join("sealing")), 0);
}

#[test]
fn materialise_gives_a_file_from_any_backend() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(123_456, 9);
    for vault in vaults(folder.path()) {
        let kept = vault.put(&mut bytes.as_slice()).unwrap().kept;
        let path = vault.materialise(&kept, folder.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        let absent = Kept { object: ObjectId::of(b"absent"), sealed: kept.sealed.map(|_| zapys_vault::Sealed::random()) };
        assert!(matches!(vault.materialise(&absent, folder.path()), Err(VaultError::Backend(BackendError::NotThere))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Lengths gather around the edges of the copying buffer.
    #[test]
    fn every_length_comes_back_whole(edge in 0usize..4, off in -3i64..=3, seed: u64, split in 0u64..=1_100_000) {
        let len = ((edge as i64) * (256 << 10) + off).max(0) as usize;
        let bytes = sample(len, seed);
        let folder = tempfile::tempdir().unwrap();
        for vault in vaults(folder.path()) {
            let stored = vault.put_file(&file(folder.path(), "x", &bytes)).unwrap();
            prop_assert_eq!((stored.object, stored.bytes), (ObjectId::of(&bytes), len as u64));
            let mut joined = Vec::new();
            vault.read(&stored.kept, 0..split).unwrap().read_to_end(&mut joined).unwrap();
            vault.read(&stored.kept, split..u64::MAX).unwrap().read_to_end(&mut joined).unwrap();
            prop_assert!(joined == bytes);
            vault.check(&stored.kept).unwrap();
        }
    }
}
