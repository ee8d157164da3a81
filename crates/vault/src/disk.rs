//! Objects in a folder: `objects/ab/cdef…`, each a read-only file; `tmp/` holds what is being written.
//!
//! An object gets its name by a rename that never replaces, and only after its bytes have been flushed. A killed process leaves
//! nothing but files in `tmp/`.

use crate::backend::{Backend, BackendError, Page, Put, SealedName};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// Objects in a folder.
#[derive(Debug)]
pub struct Disk {
    objects: PathBuf,
    tmp: PathBuf,
}

impl Disk {
    /// Opens the folder `root`, making it and its parts where they are missing. Errors: `Denied`, `NoSpace`, `Io`.
    pub fn open(root: &Path) -> Result<Self, BackendError> {
        let disk = Self { objects: root.join("objects"), tmp: root.join("tmp") };
        for folder in [&disk.objects, &disk.tmp] {
            folder_with_parents(folder)?;
        }
        Ok(disk)
    }
    /// A new file in `tmp/`, named at random, gone when dropped. Only this handle may write to it.
    pub(crate) fn stage(&self) -> Result<NamedTempFile, BackendError> {
        let mut new = tempfile::Builder::new();
        Ok(new.prefix("put-").rand_bytes(20).permissions(Permissions::from_mode(0o444)).tempfile_in(&self.tmp)?)
    }
    /// Flushes bytes and metadata of one file.
    pub(crate) fn flush(&self, path: &Path) -> Result<(), BackendError> {
        Ok(File::open(path)?.sync_all()?)
    }
    /// Flushes everything written to the file system of this vault so far.
    pub(crate) fn flush_all(&self) -> Result<(), BackendError> {
        let folder = File::open(&self.tmp)?;
        rustix::fs::syncfs(&folder).map_err(|e| io::Error::from(e).into())
    }
    /// Gives a flushed file its name, unless it is taken. The folder still has to be flushed: [`flush_folders`](Self::flush_folders).
    pub(crate) fn place(&self, staged: TempPath, name: &SealedName) -> Result<Put, BackendError> {
        let path = self.path(name);
        let mut staged = staged;
        // The folder is missing once in 256 objects: try first.
        for attempt in 0..2 {
            match staged.persist_noclobber(&path) {
                Ok(()) => return Ok(Put::New),
                Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => return Ok(Put::AlreadyThere),
                Err(e) if e.error.kind() == io::ErrorKind::NotFound && attempt == 0 => {
                    staged = e.path;
                    let folder = self.objects.join(name.halves().0);
                    match DirBuilder::new().mode(0o700).create(&folder) {
                        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e.into()),
                        _ => {}
                    }
                }
                Err(e) => return Err(e.error.into()),
            }
        }
        Err(BackendError::Io(io::ErrorKind::NotFound.into()))
    }
    /// Makes the names in these folders (first two characters) durable.
    pub(crate) fn flush_folders<'a>(&self, firsts: impl Iterator<Item = &'a str>) -> Result<(), BackendError> {
        // Flushing one folder costs a turn of the disk: beyond a few, all at once is cheaper.
        const FEW: usize = 8;
        let firsts: BTreeSet<&str> = firsts.collect();
        if firsts.len() > FEW && self.flush_all().is_ok() {
            return Ok(());
        }
        for first in &firsts {
            File::open(self.objects.join(first))?.sync_all()?;
        }
        Ok(File::open(&self.objects)?.sync_all()?)
    }
    /// Where an object with this name lies or would lie.
    pub fn path(&self, name: &SealedName) -> PathBuf {
        let (first, rest) = name.halves();
        self.objects.join(first).join(rest)
    }
    /// Removes what killed processes left in `tmp/`. Only for a process that has the case to itself: it would also remove what
    /// another one is just writing. Answers how many files.
    pub fn sweep(&self) -> Result<u64, BackendError> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.tmp)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("put-")) {
                fs::remove_file(path)?;
                swept += 1;
            }
        }
        Ok(swept)
    }
    /// Folders below `objects/`, in order.
    fn firsts(&self) -> Result<Vec<String>, BackendError> {
        let mut firsts = Vec::new();
        for entry in fs::read_dir(&self.objects)? {
            let name = entry?.file_name();
            if let Some(name) = name.to_str().filter(|n| n.len() == 2) {
                firsts.push(name.to_owned());
            }
        }
        firsts.sort_unstable();
        Ok(firsts)
    }
}

impl Backend for Disk {
    fn put_new(&self, name: &SealedName, body: &mut dyn Read, len: u64) -> Result<Put, BackendError> {
        if self.size(name)?.is_some() {
            return Ok(Put::AlreadyThere);
        }
        let mut file = self.stage()?;
        let mut body = body.take(len.saturating_add(1));
        let mut found = 0;
        let mut chunk = vec![0; 1 << 20];
        loop {
            match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => {
                    file.write_all(&chunk[..n])?;
                    found += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(BackendError::Body(e)),
            }
        }
        if found != len {
            return Err(BackendError::WrongLength { expected: len, found });
        }
        file.as_file().sync_all()?;
        let put = self.place(file.into_temp_path(), name)?;
        self.flush_folders(std::iter::once(name.halves().0))?;
        Ok(put)
    }
    fn read(&self, name: &SealedName, range: Range<u64>) -> Result<Box<dyn Read + Send>, BackendError> {
        let mut file = File::open(self.path(name))?;
        if range.start > 0 {
            file.seek(SeekFrom::Start(range.start))?;
        }
        Ok(Box::new(file.take(range.end.saturating_sub(range.start))))
    }
    fn size(&self, name: &SealedName) -> Result<Option<u64>, BackendError> {
        match fs::symlink_metadata(self.path(name)) {
            Ok(m) => Ok(Some(m.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
    fn list(&self, after: Option<&SealedName>) -> Result<Page<SealedName>, BackendError> {
        const PART: usize = 1000;
        let mut names = Vec::new();
        for first in self.firsts()? {
            if after.is_some_and(|a| first.as_str() < a.halves().0) {
                continue;
            }
            let mut here = Vec::new();
            for entry in fs::read_dir(self.objects.join(&first))? {
                let rest = entry?.file_name();
                let name = rest.to_str().and_then(|rest| SealedName::parse(&format!("{first}{rest}")));
                here.extend(name.filter(|n| after.is_none_or(|a| n > a)));
            }
            here.sort_unstable();
            names.extend(here);
            if names.len() >= PART {
                let next = names.last().cloned();
                return Ok(Page { names, next });
            }
        }
        Ok(Page { names, next: None })
    }
}

/// Makes a folder for the owner only, with its parents, and makes its name durable.
fn folder_with_parents(folder: &Path) -> Result<(), BackendError> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if let Some(parent) = folder.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}
