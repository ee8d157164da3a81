//! Objects by digest, over any backend.

use crate::backend::{Backend, BackendError, Page, Put, SealedName};
use crate::batch::Batch;
use crate::copy::{self, Source};
use crate::disk::Disk;
use crate::error::{Damage, VaultError};
use crate::memory::Memory;
use crate::s3::{S3, S3Config};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::{NamedTempFile, TempPath};
use zapys_domain::ObjectId;

/// What came of putting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the bytes.
    pub object: ObjectId,
    /// Their number.
    pub bytes: u64,
    /// False where the same bytes were kept before.
    pub fresh: bool,
}

/// Immutable objects, named by the SHA-256 of their bytes. Shared by reference between threads.
pub struct Vault {
    pub(crate) rest: Rest,
    /// Objects of open batches: readable already, not yet durable. Several batches may hold the same one.
    pending: Mutex<HashMap<ObjectId, Vec<PathBuf>>>,
}

/// Where objects rest. The disk has its own ways, because there a file can be hashed while it is copied into place.
pub(crate) enum Rest {
    Disk(Disk),
    /// `spool`: where bytes wait until their digest is known; `None` keeps them in memory.
    Other {
        backend: Box<dyn Backend>,
        spool: Option<PathBuf>,
    },
}

impl Vault {
    /// Objects in the folder `root`, which is made if it is missing.
    pub fn disk(root: &Path) -> Result<Self, VaultError> {
        Ok(Self::over(Rest::Disk(Disk::open(root)?)))
    }
    /// Objects in memory, gone with the value.
    pub fn memory() -> Self {
        Self::on(Box::new(Memory::default()), None)
    }
    /// Objects on an S3 server. Bytes wait in the folder of the settings until their digest is known.
    pub fn s3(config: &S3Config) -> Result<Self, VaultError> {
        fs::create_dir_all(&config.scratch).map_err(BackendError::from)?;
        Ok(Self::on(Box::new(S3::connect(config)?), Some(config.scratch.clone())))
    }
    /// Objects on a backend of the caller's own. `spool`: the folder in which bytes wait until their digest is known, which holds
    /// evidence meanwhile; `None` keeps them in memory.
    pub fn on(backend: Box<dyn Backend>, spool: Option<PathBuf>) -> Self {
        Self::over(Rest::Other { backend, spool })
    }
    fn over(rest: Rest) -> Self {
        Self { rest, pending: Mutex::default() }
    }
    pub(crate) fn pending(&self) -> MutexGuard<'_, HashMap<ObjectId, Vec<PathBuf>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(crate) fn backend(&self) -> &dyn Backend {
        match &self.rest {
            Rest::Disk(disk) => disk,
            Rest::Other { backend, .. } => &**backend,
        }
    }

    /// Keeps everything `from` gives. On return it is durable. Errors: `Source` for the reading side; nothing is kept then.
    pub fn put(&self, from: &mut dyn Read) -> Result<Stored, VaultError> {
        let batch = self.batch();
        let stored = batch.put(from)?;
        batch.seal_each()?;
        Ok(stored)
    }
    /// Keeps a file. On return it is durable. Errors: `Source`, `NotAFile`, `SourceChanged`; nothing is kept then.
    pub fn put_file(&self, path: &Path) -> Result<Stored, VaultError> {
        let batch = self.batch();
        let stored = batch.put_file(path)?;
        batch.seal_each()?;
        Ok(stored)
    }
    /// Begins to keep many objects, which become durable together: one flush instead of thousands.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(self)
    }

    /// Reads the bytes of `range` as far as they exist; `0..u64::MAX` for all. Errors: `Backend(NotThere)`.
    pub fn read(&self, object: &ObjectId, range: Range<u64>) -> Result<Box<dyn Read + Send>, VaultError> {
        if let Some(path) = self.pending_path(object) {
            let mut file = File::open(path).map_err(BackendError::from)?;
            file.seek(SeekFrom::Start(range.start)).map_err(BackendError::from)?;
            return Ok(Box::new(file.take(range.end.saturating_sub(range.start))));
        }
        Ok(self.backend().read(&name(object), range)?)
    }
    /// The whole object in memory. Errors: `TooLarge` beyond `limit` bytes, before anything is read.
    pub fn read_all(&self, object: &ObjectId, limit: u64) -> Result<Vec<u8>, VaultError> {
        let bytes = self.size(object)?.ok_or(BackendError::NotThere)?;
        if bytes > limit {
            return Err(VaultError::TooLarge { object: *object, bytes, limit });
        }
        let mut out = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
        self.read(object, 0..limit)?.read_to_end(&mut out).map_err(|e| VaultError::Backend(e.into()))?;
        Ok(out)
    }
    /// Length in bytes, or `None` if there is no such object.
    pub fn size(&self, object: &ObjectId) -> Result<Option<u64>, VaultError> {
        if let Some(path) = self.pending_path(object) {
            return Ok(Some(fs::metadata(path).map_err(BackendError::from)?.len()));
        }
        Ok(self.backend().size(&name(object))?)
    }
    /// The object's own file, where there is one. It is read-only and must stay as it is.
    pub fn local_path(&self, object: &ObjectId) -> Option<PathBuf> {
        if let Some(path) = self.pending_path(object) {
            return Some(path);
        }
        match &self.rest {
            Rest::Disk(disk) => Some(disk.path(&name(object))).filter(|p| p.is_file()),
            Rest::Other { .. } => None,
        }
    }
    /// A file with the object's bytes for programs that need one: its own file, or else a checked copy in `scratch`, named at
    /// random, which the caller removes with the folder. Errors: `Damaged`-like ones are told apart by [`check`](Self::check).
    pub fn materialise(&self, object: &ObjectId, scratch: &Path) -> Result<PathBuf, VaultError> {
        if let Some(path) = self.local_path(object) {
            return Ok(path);
        }
        let mut copy =
            tempfile::Builder::new().prefix("object-").rand_bytes(20).tempfile_in(scratch).map_err(BackendError::from)?;
        let (found, bytes) = copy::hashed(&mut *self.read(object, 0..u64::MAX)?, &mut copy)?;
        if found != *object {
            let expected = self.size(object)?.unwrap_or(bytes);
            return Err(VaultError::Damaged { object: *object, expected, found: bytes });
        }
        copy.into_temp_path().keep().map_err(|e| VaultError::Backend(e.error.into()))
    }
    /// Reads an object again and compares its digest.
    pub fn check(&self, object: &ObjectId) -> Result<(), Damage> {
        let unreadable = |cause| Damage::Unreadable { object: *object, cause };
        let mut body = match self.read(object, 0..u64::MAX) {
            Ok(body) => body,
            Err(VaultError::Backend(BackendError::NotThere)) => return Err(Damage::Missing { object: *object }),
            Err(VaultError::Backend(cause)) => return Err(unreadable(cause)),
            Err(other) => return Err(unreadable(BackendError::Io(io::Error::other(other)))),
        };
        let (found, bytes) = copy::digest(&mut *body).map_err(|e| unreadable(e.into()))?;
        if found == *object { Ok(()) } else { Err(Damage::Changed { object: *object, found, bytes }) }
    }
    /// Objects after `after` in order of digest, in parts; without those of open batches.
    pub fn list(&self, after: Option<&ObjectId>) -> Result<Page<ObjectId>, VaultError> {
        let page = self.backend().list(after.map(name).as_ref())?;
        let object = |n: SealedName| n.as_str().parse().expect("a sealed name is 64 hexadecimal characters");
        Ok(Page { names: page.names.into_iter().map(object).collect(), next: page.next.map(object) })
    }
    /// Removes what killed processes left half-written. Only for a process that has the case to itself. Answers how many files.
    pub fn sweep(&self) -> Result<u64, VaultError> {
        match &self.rest {
            Rest::Disk(disk) => Ok(disk.sweep()?),
            Rest::Other { spool: Some(spool), .. } => {
                let mut swept = 0;
                for entry in fs::read_dir(spool).map_err(BackendError::from)? {
                    let path = entry.map_err(BackendError::from)?.path();
                    if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("spool-")) {
                        fs::remove_file(path).map_err(BackendError::from)?;
                        swept += 1;
                    }
                }
                Ok(swept)
            }
            Rest::Other { spool: None, .. } => Ok(0),
        }
    }

    fn pending_path(&self, object: &ObjectId) -> Option<PathBuf> {
        self.pending().get(object).and_then(|paths| paths.last().cloned())
    }

    /// Reads everything to the place where it waits for its name. On disk that is a file in `tmp/`; elsewhere it is put at once.
    pub(crate) fn stage(&self, from: &mut dyn Read, source: Option<&Source>) -> Result<(Stored, Option<TempPath>), VaultError> {
        let unchanged = |bytes| source.map_or(Ok(()), |s| s.unchanged(bytes));
        match &self.rest {
            Rest::Disk(disk) => {
                let mut file = disk.stage()?;
                let (object, bytes) = copy::hashed(from, file.as_file_mut())?;
                unchanged(bytes)?;
                let fresh = match self.size(&object)? {
                    None => true,
                    Some(found) if found == bytes => false,
                    Some(found) => return Err(VaultError::Damaged { object, expected: bytes, found }),
                };
                // Kept even if another batch has the same bytes under way: that one may never be sealed.
                let staged = if disk.size(&name(&object))?.is_none() { Some(disk.written(file)?) } else { None };
                Ok((Stored { object, bytes, fresh }, staged))
            }
            Rest::Other { backend, spool: None } => {
                let mut held = Vec::new();
                let (object, bytes) = copy::hashed(from, &mut held)?;
                unchanged(bytes)?;
                let put = backend.put_new(&name(&object), &mut held.as_slice(), bytes)?;
                self.same_length(&object, bytes, put)?;
                Ok((Stored { object, bytes, fresh: put == Put::New }, None))
            }
            Rest::Other { backend, spool: Some(spool) } => {
                let mut held: NamedTempFile =
                    tempfile::Builder::new().prefix("spool-").rand_bytes(20).tempfile_in(spool).map_err(BackendError::from)?;
                let (object, bytes) = copy::hashed(from, &mut held)?;
                unchanged(bytes)?;
                held.flush().and_then(|()| held.rewind()).map_err(BackendError::from)?;
                let put = backend.put_new(&name(&object), held.as_file_mut(), bytes)?;
                self.same_length(&object, bytes, put)?;
                Ok((Stored { object, bytes, fresh: put == Put::New }, None))
            }
        }
    }
    fn same_length(&self, object: &ObjectId, expected: u64, put: Put) -> Result<(), VaultError> {
        match (put, self.size(object)?) {
            (Put::AlreadyThere, Some(found)) if found != expected => {
                Err(VaultError::Damaged { object: *object, expected, found })
            }
            (_, None) => Err(BackendError::NotThere.into()),
            _ => Ok(()),
        }
    }
}

/// The name under which an object rests: today its digest.
pub(crate) fn name(object: &ObjectId) -> SealedName {
    SealedName::parse(&object.hex()).expect("a digest is 64 hexadecimal characters")
}
