//! Work that was begun: what an engine keeps of a long derivation, so that after a crash it goes on where it was.
//!
//! One file for each derivation under way, in the folder `begun` of the case; gone with the end of the derivation, with the item,
//! and with the last open job. A record is its length, a name, the part, and a digest over both; in an encrypted case each record is
//! sealed, bound to the derivation. Whatever cannot be read is cut off and done again.

use crate::Result;
use crate::error::CaseError;
use crate::open::Casework;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zapys_domain::{DerivationKey, ItemId};
use zapys_engines::parts::Parts;
use zapys_keys::Secret;

/// Folder inside the case.
pub(crate) const FOLDER: &str = "begun";
/// A file longer than this is not read: no recording has so many words.
const MAX_FILE: u64 = 256 << 20;
/// Bytes of the digest that follows a plain record.
const DIGEST: usize = 16;

/// What was kept of one derivation.
pub(crate) struct Begun {
    kept: BTreeMap<String, Vec<u8>>,
    /// `None` where nothing can be kept: then nothing is, and the work goes on.
    file: Mutex<Option<File>>,
    seal: Option<(Secret, Vec<u8>)>,
}

impl Begun {
    /// Reads what is there. `seal`: the key of an encrypted case, and what records are bound to.
    fn open(path: &Path, seal: Option<(Secret, Vec<u8>)>) -> Self {
        let mut begun = Self { kept: BTreeMap::new(), file: Mutex::default(), seal };
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
        let Ok(mut file) = file else { return begun };
        let mut bytes = Vec::new();
        if file.metadata().is_ok_and(|m| m.len() > MAX_FILE) || file.read_to_end(&mut bytes).is_err() {
            bytes.clear();
        }
        let mut good = 0;
        while let Some((name, part, length)) = begun.record(&bytes[good..]) {
            begun.kept.insert(name, part);
            good += length;
        }
        // A record that was cut short must not make those that follow it unreadable.
        if file.set_len(good as u64).is_ok() {
            begun.file = Mutex::new(Some(file));
        }
        begun
    }

    /// The first record with the bytes it takes; `None` where it is cut short or not what was written.
    fn record(&self, bytes: &[u8]) -> Option<(String, Vec<u8>, usize)> {
        let (length, rest) = bytes.split_at_checked(4)?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let body = rest.get(..length)?;
        let plain = match &self.seal {
            Some((key, context)) => zapys_keys::open(key, context, body)?.to_vec(),
            None => {
                let (plain, digest) = body.split_at_checked(body.len().checked_sub(DIGEST)?)?;
                (Sha256::digest(plain)[..DIGEST] == *digest).then(|| plain.to_vec())?
            }
        };
        let (n, rest) = plain.split_first()?;
        let (name, part) = rest.split_at_checked(usize::from(*n))?;
        Some((String::from_utf8(name.to_vec()).ok()?, part.to_vec(), 4 + length))
    }

    fn bytes(&self, name: &str, part: &[u8]) -> Option<Vec<u8>> {
        let mut plain = vec![u8::try_from(name.len()).ok()?];
        plain.extend_from_slice(name.as_bytes());
        plain.extend_from_slice(part);
        let body = match &self.seal {
            Some((key, context)) => zapys_keys::seal(key, context, &plain),
            None => {
                let digest = Sha256::digest(&plain);
                plain.extend_from_slice(&digest[..DIGEST]);
                plain
            }
        };
        let mut out = u32::try_from(body.len()).ok()?.to_le_bytes().to_vec();
        out.extend(body);
        Some(out)
    }
}
impl Parts for Begun {
    fn kept(&self, name: &str) -> Option<Vec<u8>> {
        self.kept.get(name).cloned()
    }
    fn keep(&self, name: &str, part: &[u8]) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(open), Some(bytes)) = (file.as_mut(), self.bytes(name, part)) else { return };
        // In one write, so that a crash of this program leaves whole records. A full disk is met by whatever is written for good.
        if open.write_all(&bytes).is_err() {
            *file = None;
        }
    }
}

impl Casework {
    /// What an earlier run left of a derivation, and where this one leaves its parts.
    pub(crate) fn begun(&self, item: ItemId, key: DerivationKey) -> Result<Begun> {
        let folder = self.folder_of_begun();
        fs::create_dir_all(&folder).map_err(CaseError::path(&folder))?;
        let seal = match &self.keys {
            Some(ring) => {
                let ring = ring.read().unwrap_or_else(PoisonError::into_inner);
                let context = format!("zapys/begun/v1/{key}").into_bytes();
                Some((ring.keys.record().derive(&context, "zapys/begun/v1"), context))
            }
            None => None,
        };
        Ok(Begun::open(&folder.join(format!("{item}-{key}")), seal))
    }
    /// The derivation is recorded; its parts are of no use any more.
    pub(crate) fn forget_begun(&self, item: ItemId, key: DerivationKey) {
        // What stays behind goes with the last open job.
        let _ = fs::remove_file(self.folder_of_begun().join(format!("{item}-{key}")));
    }
    /// Nothing of an item stays.
    pub(crate) fn forget_begun_of(&self, item: ItemId) -> Result<()> {
        self.remove_begun(|name| name.starts_with(&format!("{item}-")))
    }
    /// Nothing is under way: what is left is of engines and items that are no more.
    pub(crate) fn forget_all_begun(&self) -> Result<()> {
        self.remove_begun(|_| true)
    }
    fn remove_begun(&self, which: impl Fn(&str) -> bool) -> Result<()> {
        let folder = self.folder_of_begun();
        let Ok(files) = fs::read_dir(&folder) else { return Ok(()) };
        for file in files.flatten().filter(|f| f.file_name().to_str().is_some_and(&which)) {
            fs::remove_file(file.path()).map_err(CaseError::path(&file.path()))?;
        }
        Ok(())
    }
    fn folder_of_begun(&self) -> PathBuf {
        self.dir.join(FOLDER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_survive_and_what_was_cut_short_is_cut_off() {
        let dir = tempfile::tempdir().expect("a folder");
        let sealing = |context: &[u8]| Some((Secret::from_bytes([7; 32]), context.to_vec()));
        for n in 0..2 {
            let seal = || if n == 0 { None } else { sealing(b"one") };
            let path = dir.path().join(n.to_string());
            let begun = Begun::open(&path, seal());
            assert_eq!(begun.kept("1/0"), None);
            begun.keep("1/0", b"so many words");
            begun.keep("1/1", b"");
            drop(begun);
            // A crash in the middle of a record.
            let mut torn = OpenOptions::new().append(true).open(&path).expect("the file");
            torn.write_all(&[200, 0, 0, 0, 1, 2, 3]).expect("written");
            drop(torn);
            let begun = Begun::open(&path, seal());
            assert_eq!((begun.kept("1/0"), begun.kept("1/1")), (Some(b"so many words".to_vec()), Some(Vec::new())));
            begun.keep("2/0", b"more");
            drop(begun);
            assert_eq!(Begun::open(&path, seal()).kept("2/0"), Some(b"more".to_vec()));
            // One changed byte: that record and what follows it is done again.
            let mut bytes = fs::read(&path).expect("the file");
            bytes[20] ^= 1;
            fs::write(&path, &bytes).expect("written");
            let begun = Begun::open(&path, seal());
            assert_eq!((begun.kept("1/0"), begun.kept("2/0")), (None, None));
        }
        let sealed = fs::read(dir.path().join("1")).expect("the file");
        assert!(!sealed.windows(4).any(|w| w == b"many"));
        // Bound to its derivation.
        let path = dir.path().join("bound");
        Begun::open(&path, sealing(b"one")).keep("1/0", b"x");
        assert_eq!(Begun::open(&path, sealing(b"two")).kept("1/0"), None);
    }

    #[test]
    fn where_nothing_can_be_kept_the_work_goes_on() {
        let begun = Begun::open(Path::new("/proc/nowhere/x"), None);
        begun.keep("1", b"part");
        assert_eq!(begun.kept("1"), None);
    }
}
