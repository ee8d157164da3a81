//! Where the files of a production go: a folder, a zip, or one file. Every byte is hashed on its way.

use crate::digest::{Digests, Hasher};
use crate::layout::ZIP_ROOT;
use crate::ocfl::write::{DepositError, ObjectWriter, VersionInfo};
use crate::zip::write::ZipWriter;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use zapys_domain::{Instant, ProductionId};

/// Marks a folder that is being written, so that what an interrupted run left may be cleared away.
const MARK: &str = ".zapys-partial";

enum Place {
    Folder {
        root: PathBuf,
        file: Option<BufWriter<File>>,
    },
    Zip {
        zip: ZipWriter<BufWriter<File>>,
        root: String,
    },
    Single {
        file: BufWriter<File>,
    },
    Deposit {
        object: Box<ObjectWriter>,
        info: VersionInfo,
    },
    /// Nothing more is taken.
    Closed,
}

/// Takes files one after another; becomes visible under its own name only when [`Sink::seal`] is called.
pub(crate) struct Sink {
    place: Place,
    partial: PathBuf,
    target: PathBuf,
    open: Option<(String, Hasher)>,
    /// Digests of every file written so far, by path.
    pub(crate) written: BTreeMap<String, Digests>,
    sealed: bool,
}

fn partial_of(target: &Path) -> io::Result<PathBuf> {
    let mut name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".partial");
    Ok(target.with_file_name(name))
}

/// The folder that a path lies in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Sink {
    fn new(target: &Path, place: impl FnOnce(&Path) -> io::Result<Place>) -> io::Result<Self> {
        if target.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let partial = partial_of(target)?;
        // The mark goes just before the folder gets its name; killed between, a sealed production of ours is there.
        let has = |name: &str| partial.join(name).is_file();
        if has(MARK) || [crate::layout::BAGIT, crate::layout::SEAL, crate::layout::VKEY].into_iter().all(has) {
            fs::remove_dir_all(&partial)?;
        }
        // Cut off before the mark was set, or unable to set it, it is empty.
        let _ = fs::remove_dir(&partial);
        let place = place(&partial).inspect_err(|_| drop(fs::remove_dir(&partial)))?;
        Ok(Self { place, partial, target: target.into(), open: None, written: BTreeMap::new(), sealed: false })
    }
    /// A folder. Errors: `AlreadyExists` where `target` is there.
    pub(crate) fn folder(target: &Path) -> io::Result<Self> {
        Self::new(target, |partial| {
            fs::create_dir(partial)?;
            File::create_new(partial.join(MARK))?;
            // Before anything else is in it: whatever a power cut leaves of the folder, the mark is there.
            File::open(partial)?.sync_all()?;
            Ok(Place::Folder { root: partial.into(), file: None })
        })
    }
    /// A zip with everything in one folder named after the production.
    pub(crate) fn zip(target: &Path, production: ProductionId, made: Instant) -> io::Result<Self> {
        Self::new(target, |partial| {
            let t = made.utc();
            let date = (t.year(), u8::from(t.month()), t.day());
            let zip = ZipWriter::new(BufWriter::new(File::create(partial)?), date, (t.hour(), t.minute(), t.second()));
            Ok(Place::Zip { zip, root: format!("{ZIP_ROOT}{production}/") })
        })
    }
    /// A zip with everything at its top, as web archives are.
    pub(crate) fn web_archive(target: &Path, made: Instant) -> io::Result<Self> {
        Self::new(target, |partial| {
            let t = made.utc();
            let date = (t.year(), u8::from(t.month()), t.day());
            let zip = ZipWriter::new(BufWriter::new(File::create(partial)?), date, (t.hour(), t.minute(), t.second()));
            Ok(Place::Zip { zip, root: String::new() })
        })
    }
    /// One file; the only path it takes is the empty one.
    pub(crate) fn single(target: &Path) -> io::Result<Self> {
        Self::new(target, |partial| Ok(Place::Single { file: BufWriter::new(File::create(partial)?) }))
    }

    /// The next version of an OCFL object, which becomes visible as a whole. Errors: `AlreadyExists` where another thing is
    /// at `target`.
    pub(crate) fn deposit(target: &Path, id: &str, info: VersionInfo) -> Result<Self, DepositError> {
        let object = Box::new(ObjectWriter::open(target, id)?);
        let place = Place::Deposit { object, info };
        // The object clears away after itself.
        let (partial, target) = (PathBuf::new(), target.into());
        Ok(Self { place, partial, target, open: None, written: BTreeMap::new(), sealed: true })
    }

    /// Opens a file. `bytes`: its expected length, as far as known.
    pub(crate) fn begin(&mut self, path: &str, bytes: u64) -> io::Result<()> {
        match &mut self.place {
            Place::Folder { root, file } => {
                let full = root.join(path);
                fs::create_dir_all(full.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
                *file = Some(BufWriter::with_capacity(crate::digest::BUFFER, File::create_new(full)?));
            }
            Place::Zip { zip, root } => zip.begin(&format!("{root}{path}"), bytes >= u64::from(u32::MAX))?,
            Place::Single { .. } => {}
            Place::Deposit { object, .. } => object.begin(path).map_err(plain)?,
            Place::Closed => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        self.open = Some((path.into(), Hasher::default()));
        Ok(())
    }
    /// Ends the file and gives its digests.
    pub(crate) fn end(&mut self) -> io::Result<Digests> {
        let (path, hasher) = self.open.take().expect("a file is open");
        match &mut self.place {
            Place::Folder { file, .. } => {
                file.take().expect("a file is open").into_inner().map_err(io::IntoInnerError::into_error)?;
            }
            Place::Zip { zip, .. } => zip.end()?,
            Place::Single { file } => file.flush()?,
            Place::Deposit { object, .. } => object.end().map(drop).map_err(plain)?,
            Place::Closed => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        let digests = hasher.finish();
        self.written.insert(path, digests.clone());
        Ok(digests)
    }
    /// Writes a whole file.
    pub(crate) fn put(&mut self, path: &str, bytes: &[u8]) -> io::Result<Digests> {
        self.begin(path, bytes.len() as u64)?;
        self.write_all(bytes)?;
        self.end()
    }
    /// Takes no more, and makes what was written last through a loss of power. It still has no name of its own.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        self.place = match std::mem::replace(&mut self.place, Place::Closed) {
            Place::Zip { zip, .. } => {
                zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
                Place::Closed
            }
            Place::Single { file } => {
                file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
                Place::Closed
            }
            // Thousands of small files: one flush of the file system costs less than one of each.
            other => {
                rustix::fs::syncfs(File::open(folder_of(&self.target))?)?;
                other
            }
        };
        Ok(())
    }
    /// Makes the production appear under its own name, which lasts.
    pub(crate) fn seal(mut self) -> Result<(), DepositError> {
        match std::mem::replace(&mut self.place, Place::Closed) {
            Place::Folder { root, .. } => {
                fs::remove_file(root.join(MARK))?;
                File::open(root)?.sync_all()?;
            }
            Place::Deposit { object, info } => {
                object.finish(&info)?;
                return Ok(File::open(folder_of(&self.target))?.sync_all()?);
            }
            Place::Closed => {}
            Place::Zip { .. } | Place::Single { .. } => return Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
        }
        if self.target.symlink_metadata().is_ok() {
            return Err(DepositError::Exists);
        }
        fs::rename(&self.partial, &self.target)?;
        self.sealed = true;
        Ok(File::open(folder_of(&self.target))?.sync_all()?)
    }
}
/// The failure of a deposit as one of writing.
fn plain(e: DepositError) -> io::Error {
    match e {
        DepositError::Io(e) => e,
        other => io::Error::other(other.to_string()),
    }
}
impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (_, hasher) = self.open.as_mut().expect("a file is open");
        match &mut self.place {
            Place::Folder { file, .. } => file.as_mut().expect("a file is open").write_all(bytes)?,
            Place::Zip { zip, .. } => zip.write(bytes)?,
            Place::Single { file } => file.write_all(bytes)?,
            Place::Deposit { object, .. } => object.write_all(bytes)?,
            Place::Closed => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        hasher.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl Drop for Sink {
    /// Nothing half-done stays behind.
    fn drop(&mut self) {
        if !self.sealed {
            let _ = if self.partial.is_dir() { fs::remove_dir_all(&self.partial) } else { fs::remove_file(&self.partial) };
        }
    }
}
