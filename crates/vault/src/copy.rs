//! Copying and hashing in one pass.

use crate::error::VaultError;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use zapys_domain::ObjectId;

/// Bytes read at once: large enough to make system calls cheap.
const CHUNK: usize = 1 << 20;

/// Copies everything from `from` to `to` and hashes it on the way. `from` errors are the source's, `to` errors the vault's.
pub(crate) fn hashed(from: &mut dyn Read, to: &mut dyn Write) -> Result<(ObjectId, u64), VaultError> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(VaultError::Source(e)),
        };
        hash.update(&chunk[..n]);
        to.write_all(&chunk[..n]).map_err(|e| VaultError::Backend(e.into()))?;
        bytes += n as u64;
    }
    Ok((ObjectId::from_digest(hash.finalize().into()), bytes))
}

/// Hashes everything from `from`.
pub(crate) fn digest(from: &mut dyn Read) -> io::Result<(ObjectId, u64)> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok((ObjectId::from_digest(hash.finalize().into()), bytes)),
            Ok(n) => {
                hash.update(&chunk[..n]);
                bytes += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Somebody's file, opened for reading, with what it looked like at that moment.
pub(crate) struct Source {
    pub(crate) file: File,
    before: Look,
}

/// What must stay the same while a file is read. Times only ever prove a change, never that there was none.
#[derive(PartialEq, Eq)]
struct Look {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Source {
    /// Opens a regular file; folders, devices and pipes are refused without waiting for them. Symbolic links are followed.
    pub(crate) fn open(path: &Path) -> Result<Self, VaultError> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file: File = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| VaultError::Source(e.into()))?.into();
        let (before, regular) = look(&file)?;
        if !regular {
            return Err(VaultError::NotAFile);
        }
        // A hint only: the kernel reads further ahead.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
        Ok(Self { file, before })
    }
    /// Bytes the file had when it was opened.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.before.size).unwrap_or(0)
    }
    /// Errors: `SourceChanged` where the file is not what it was, or where `bytes` is not its length.
    pub(crate) fn unchanged(&self, bytes: u64) -> Result<(), VaultError> {
        let (after, _) = look(&self.file)?;
        if after == self.before && bytes == self.size() { Ok(()) } else { Err(VaultError::SourceChanged) }
    }
}

fn look(file: &File) -> Result<(Look, bool), VaultError> {
    let s = rustix::fs::fstat(file).map_err(|e| VaultError::Source(e.into()))?;
    let regular = rustix::fs::FileType::from_raw_mode(s.st_mode) == rustix::fs::FileType::RegularFile;
    let look = Look {
        device: s.st_dev,
        inode: s.st_ino,
        size: s.st_size,
        modified: (s.st_mtime, s.st_mtime_nsec as i64),
        changed: (s.st_ctime, s.st_ctime_nsec as i64),
    };
    Ok((look, regular))
}
