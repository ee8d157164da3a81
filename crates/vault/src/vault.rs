//! Objects by digest, over any backend.

use crate::backend::{Backend, BackendError, Page, Put, SealedName};
use crate::batch::Batch;
use crate::copy;
use crate::disk::Disk;
use crate::error::{Damage, VaultError};
use crate::kept::Kept;
use crate::memory::Memory;
use crate::s3::{S3, S3Config};
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zapys_domain::ObjectId;
use zapys_keys::stream::{Opener, Window};

/// What came of putting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the bytes.
    pub object: ObjectId,
    /// Their number.
    pub bytes: u64,
    /// Where they will rest once the batch is sealed.
    pub kept: Kept,
}

/// Immutable objects, named by the SHA-256 of their bytes. Shared by reference between threads.
pub struct Vault {
    pub(crate) rest: Rest,
    /// True where every object is sealed under a key of its own.
    pub(crate) sealing: bool,
}

/// Where objects rest. The disk has its own ways, because there a file can be hashed while it is copied into place.
pub(crate) enum Rest {
    Disk(Disk),
    /// `spool`: where bytes wait until they are put; `None` keeps them in memory.
    Other {
        backend: Box<dyn Backend>,
        spool: Option<PathBuf>,
    },
}

impl Vault {
    /// Objects in the folder `root`, which is made if it is missing.
    pub fn disk(root: &Path) -> Result<Self, VaultError> {
        Ok(Self { rest: Rest::Disk(Disk::open(root)?), sealing: false })
    }
    /// Objects in memory, gone with the value.
    pub fn memory() -> Self {
        Self::on(Box::new(Memory::default()), None)
    }
    /// Objects on an S3 server. Bytes wait in the folder of the settings until their batch is sealed.
    pub fn s3(config: &S3Config) -> Result<Self, VaultError> {
        fs::create_dir_all(&config.scratch).map_err(BackendError::from)?;
        Ok(Self::on(Box::new(S3::connect(config)?), Some(config.scratch.clone())))
    }
    /// Objects on a backend of the caller's own. `spool`: the folder in which bytes wait until their batch is sealed; `None`
    /// keeps them in memory.
    pub fn on(backend: Box<dyn Backend>, spool: Option<PathBuf>) -> Self {
        Self { rest: Rest::Other { backend, spool }, sealing: false }
    }
    /// The same vault, sealing whatever is put from now on.
    pub fn sealing(self) -> Self {
        Self { sealing: true, ..self }
    }
    /// True where objects are files of this machine, which can be removed.
    pub fn is_local(&self) -> bool {
        matches!(self.rest, Rest::Disk(_))
    }
    pub(crate) fn backend(&self) -> &dyn Backend {
        match &self.rest {
            Rest::Disk(disk) => disk,
            Rest::Other { backend, .. } => &**backend,
        }
    }

    /// Keeps everything `from` gives. On return it is durable. Errors: `Source` for the reading side; nothing is kept then.
    pub fn put(self: &Arc<Self>, from: &mut dyn Read) -> Result<Stored, VaultError> {
        let batch = self.batch();
        let stored = batch.put(from)?;
        batch.seal_each(&|_| false)?;
        Ok(stored)
    }
    /// Keeps a file. On return it is durable. Errors: `Source`, `NotAFile`, `SourceChanged`; nothing is kept then.
    pub fn put_file(self: &Arc<Self>, path: &Path) -> Result<Stored, VaultError> {
        let batch = self.batch();
        let stored = batch.put_file(path)?;
        batch.seal_each(&|_| false)?;
        Ok(stored)
    }
    /// Begins to keep many objects, which become durable together: one flush instead of thousands.
    pub fn batch(self: &Arc<Self>) -> Batch {
        Batch::new(self.clone())
    }

    /// Reads the bytes of `range` as far as they exist; `0..u64::MAX` for all. Sealed bytes that were changed give an error of
    /// kind `InvalidData` while reading. Errors: `Backend(NotThere)`, `Broken` where the length is that of nothing sealed.
    pub fn read(&self, kept: &Kept, range: Range<u64>) -> Result<Box<dyn Read + Send>, VaultError> {
        let name = kept.name();
        let Some(sealed) = &kept.sealed else { return Ok(self.backend().read(&name, range)?) };
        let rests = self.backend().size(&name)?.ok_or(BackendError::NotThere)?;
        let window = Window::new(rests, range).ok_or(VaultError::Broken { object: kept.object })?;
        let body = self.backend().read(&name, window.sealed.clone())?;
        Ok(Box::new(Opener::new(body, &sealed.key, window)))
    }
    /// The whole object in memory. Errors: `TooLarge` beyond `limit` bytes, before anything is read.
    pub fn read_all(&self, kept: &Kept, limit: u64) -> Result<Vec<u8>, VaultError> {
        let bytes = self.size(kept)?.ok_or(BackendError::NotThere)?;
        if bytes > limit {
            return Err(VaultError::TooLarge { object: kept.object, bytes, limit });
        }
        let mut out = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
        self.read(kept, 0..limit)?.read_to_end(&mut out).map_err(|e| self.unread(kept, e))?;
        Ok(out)
    }
    /// Length of the plain bytes, or `None` if there is no such object. Errors: `Broken` for a length that nothing sealed has.
    pub fn size(&self, kept: &Kept) -> Result<Option<u64>, VaultError> {
        match self.backend().size(&kept.name())? {
            None => Ok(None),
            Some(rests) => kept.plain_len(rests).map(Some).ok_or(VaultError::Broken { object: kept.object }),
        }
    }
    /// The object's own file, where there is one that holds its plain bytes. It is read-only and must stay as it is.
    pub fn local_path(&self, kept: &Kept) -> Option<PathBuf> {
        match &self.rest {
            Rest::Disk(disk) if kept.sealed.is_none() => Some(disk.path(&kept.name())).filter(|p| p.is_file()),
            _ => None,
        }
    }
    /// A file with the object's bytes for programs that need one: its own file, or else a checked copy in `scratch`, named at
    /// random, which the caller removes with the folder. For sealed objects `scratch` must be a place that forgets.
    pub fn materialise(&self, kept: &Kept, scratch: &Path) -> Result<PathBuf, VaultError> {
        if let Some(path) = self.local_path(kept) {
            return Ok(path);
        }
        let mut copy =
            tempfile::Builder::new().prefix("object-").rand_bytes(20).tempfile_in(scratch).map_err(BackendError::from)?;
        let mut body = self.read(kept, 0..u64::MAX)?;
        let (found, bytes) = copy::hashed(&mut *body, &mut copy).map_err(|e| match e {
            VaultError::Source(e) => self.unread(kept, e),
            e => e,
        })?;
        if found != kept.object {
            let expected = self.size(kept)?.unwrap_or(bytes);
            return Err(VaultError::Damaged { object: kept.object, expected, found: bytes });
        }
        copy.into_temp_path().keep().map_err(|e| VaultError::Backend(e.error.into()))
    }
    /// What an error while reading an object means.
    fn unread(&self, kept: &Kept, e: io::Error) -> VaultError {
        match e.kind() {
            io::ErrorKind::InvalidData if kept.sealed.is_some() => VaultError::Broken { object: kept.object },
            _ => VaultError::Backend(e.into()),
        }
    }
    /// Errors: `Source` where it cannot be read to the end, and those of [`read`](Self::read).
    fn digest(&self, kept: &Kept) -> Result<(ObjectId, u64), VaultError> {
        let Some(sealed) = &kept.sealed else {
            return copy::digest(&mut *self.read(kept, 0..u64::MAX)?).map_err(VaultError::Source);
        };
        let name = kept.name();
        let rests = self.backend().size(&name)?.ok_or(BackendError::NotThere)?;
        let window = Window::new(rests, 0..u64::MAX).ok_or(VaultError::Broken { object: kept.object })?;
        let body = self.backend().read(&name, window.sealed.clone())?;
        let mut opener = Opener::new(body, &sealed.key, window);
        let hashed = if rests >= copy::LARGE { copy::digest_apart(&mut opener) } else { copy::digest_opened(opener) };
        hashed.map_err(VaultError::Source)
    }
    /// Reads an object again and compares its digest. Answers how many plain bytes it has.
    pub fn check(&self, kept: &Kept) -> Result<u64, Damage> {
        let object = kept.object;
        let unreadable = |cause| Damage::Unreadable { object, cause };
        let hashed = self.digest(kept).map_err(|e| match e {
            VaultError::Source(e) => self.unread(kept, e),
            e => e,
        });
        let (found, bytes) = hashed.map_err(|e| match e {
            VaultError::Backend(BackendError::NotThere) => Damage::Missing { object },
            VaultError::Broken { .. } => Damage::Broken { object },
            VaultError::Backend(cause) => unreadable(cause),
            other => unreadable(BackendError::Io(io::Error::other(other))),
        })?;
        if found == object { Ok(bytes) } else { Err(Damage::Changed { object, found, bytes }) }
    }
    /// What rests under a name, as it rests, and its length. For copies of a whole vault. Errors: `Backend(NotThere)`.
    pub fn raw(&self, name: &SealedName) -> Result<(Box<dyn Read + Send>, u64), VaultError> {
        let len = self.backend().size(name)?.ok_or(BackendError::NotThere)?;
        Ok((self.backend().read(name, 0..len)?, len))
    }
    /// Keeps what rested in another vault under the same name, durably. What is there already stays.
    pub fn put_raw(&self, name: &SealedName, body: &mut dyn Read, len: u64) -> Result<(), VaultError> {
        Ok(self.backend().put_new(name, body, len).map(drop)?)
    }
    /// Names after `after` in order, in parts; without those of open batches.
    pub fn list(&self, after: Option<&SealedName>) -> Result<Page<SealedName>, VaultError> {
        Ok(self.backend().list(after)?)
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
    /// Removes what no record names: rests of a process that was killed between keeping bytes and recording them, and objects
    /// whose keys were destroyed. Only for a process that has the case to itself, and only on disk: on a server such bytes stay,
    /// unreadable. Answers how many.
    pub fn sweep_unnamed(&self, named: &dyn Fn(&SealedName) -> bool) -> Result<u64, VaultError> {
        let Rest::Disk(disk) = &self.rest else { return Ok(0) };
        let mut swept = 0;
        let mut after = None;
        loop {
            let page = self.backend().list(after.as_ref())?;
            for name in page.names.iter().filter(|n| !named(n)) {
                fs::remove_file(disk.path(name)).map_err(BackendError::from)?;
                swept += 1;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(swept),
            }
        }
    }

    pub(crate) fn same_length(&self, kept: &Kept, expected: u64, put: Put) -> Result<(), VaultError> {
        match (put, self.size(kept)?) {
            (Put::AlreadyThere, Some(found)) if found != expected => {
                Err(VaultError::Damaged { object: kept.object, expected, found })
            }
            (_, None) => Err(BackendError::NotThere.into()),
            _ => Ok(()),
        }
    }
}
