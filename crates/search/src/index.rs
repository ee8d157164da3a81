//! The folder of the index: made, opened, recognised as outdated or damaged, thrown away.
//!
//! With a key its files rest [sealed](crate::sealed). Any number of processes may read while one writes. A folder is only ever
//! emptied when it is known to be an index.

use crate::error::IndexError;
use crate::feed::Feed;
use crate::fields::{Fields, VERSION};
use crate::lexicon::Lexicon;
use crate::sealed::Sealed;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use tantivy::directory::error::OpenReadError;
use tantivy::directory::{Directory, MmapDirectory};
use tantivy::index::SegmentId;
use tantivy::{IndexReader, IndexSettings, ReloadPolicy, TantivyError};
use zapys_keys::Secret;

/// Up to this size the checksums of all files are compared when the index is opened.
const CHECKED_WHEN_OPENED: u64 = 256 << 20;
/// Tells the version of the analysis that fed the folder, and the key that it is sealed under.
const VERSION_FILE: &str = "zapys-index";
const META_FILE: &str = "meta.json";
/// The engine's list of its files, without which it does not know what to check.
const LIST_FILE: &str = ".managed.json";

/// Passages, ready to be asked. Share it between threads by reference.
pub struct Index {
    pub(crate) lexicon: Lexicon,
    pub(crate) fields: Fields,
    engine: tantivy::Index,
    sealed: Option<Sealed>,
    reader: IndexReader,
    /// Folder, and the state of its head file that the reader has seen.
    folder: Option<(PathBuf, Mutex<Option<Seen>>)>,
}
type Seen = (u64, Option<SystemTime>);

/// An index, and whether it has yet to be fed from the beginning.
#[must_use]
pub struct Opened {
    #[allow(missing_docs)]
    pub index: Index,
    /// True for a new folder and for one that an older zapys or under another key had been fed: it is empty now.
    pub rebuild_needed: bool,
}

impl Index {
    /// Opens the index in `dir`, or makes one. With `key` everything in it rests encrypted. An index of another version, under
    /// another key, plain though there is a key or sealed though there is none is thrown away and made anew.
    /// Errors: `Damaged`, `Foreign`, `Disk`.
    pub fn open_or_create(dir: &Path, lexicon: Lexicon, key: Option<&Secret>) -> Result<Opened, IndexError> {
        let version = match std::fs::read(dir.join(VERSION_FILE)) {
            Ok(version) => Some(version),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        if version.as_deref() != Some(written_version(key).as_bytes()) {
            return Ok(Opened { index: Self::create_anew(dir, lexicon, key)?, rebuild_needed: true });
        }
        let fields = Fields::new();
        let (folder, sealed) = folder(dir, key)?;
        let engine = tantivy::Index::open(folder)?;
        if engine.schema() != fields.schema {
            return Err(IndexError::Damaged(None));
        }
        let index = Self::with(engine, fields, lexicon, Some(dir), sealed)?;
        if index.size_bytes() <= CHECKED_WHEN_OPENED {
            index.check()?;
        }
        let rebuild_needed = index.watermark()?.is_none();
        Ok(Opened { index, rebuild_needed })
    }

    /// Empties `dir`, which must be an index or empty or absent, and makes an index there, sealed if there is a key.
    /// Errors: `Foreign` where the folder holds anything else; `Disk`.
    pub fn create_anew(dir: &Path, lexicon: Lexicon, key: Option<&Secret>) -> Result<Self, IndexError> {
        let version = dir.join(VERSION_FILE);
        if dir.exists() {
            let is_empty = std::fs::read_dir(dir)?.next().is_none();
            let is_ours = version.is_file() || dir.join(META_FILE).is_file();
            if !is_empty && !is_ours {
                return Err(IndexError::Foreign(dir.to_owned()));
            }
        }
        std::fs::create_dir_all(dir)?;
        // First: whatever cuts this off, the folder is known to be ours, and to be unfinished.
        std::fs::write(&version, "")?;
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            if entry.path() != version {
                match entry.file_type()?.is_dir() {
                    true => std::fs::remove_dir_all(entry.path())?,
                    false => std::fs::remove_file(entry.path())?,
                }
            }
        }
        std::fs::create_dir_all(dir)?;
        let fields = Fields::new();
        let (folder, sealed) = folder(dir, key)?;
        let engine = tantivy::Index::create(folder, fields.schema.clone(), IndexSettings::default());
        let engine = engine.map_err(|e| cause(dir, e))?;
        // Last: a folder without it is made again.
        std::fs::write(&version, written_version(key))?;
        Self::with(engine, fields, lexicon, Some(dir), sealed)
    }

    /// An index that is gone with the value.
    pub fn in_memory(lexicon: Lexicon) -> Result<Self, IndexError> {
        let fields = Fields::new();
        let engine = tantivy::Index::create_in_ram(fields.schema.clone());
        Self::with(engine, fields, lexicon, None, None)
    }

    fn with(
        engine: tantivy::Index,
        fields: Fields,
        lexicon: Lexicon,
        dir: Option<&Path>,
        sealed: Option<Sealed>,
    ) -> Result<Self, IndexError> {
        let seen = dir.and_then(seen);
        let reader = engine.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let folder = dir.map(|dir| (dir.to_owned(), Mutex::new(seen)));
        Ok(Self { lexicon, fields, engine, sealed, reader, folder })
    }

    /// Starts feeding. One feed at a time, over all processes. Errors: `Busy`, `Disk`.
    pub fn feed(&self) -> Result<Feed<'_>, IndexError> {
        Feed::new(self, &self.engine)
    }

    /// The number given to the last commit; `None` before the first.
    pub fn watermark(&self) -> Result<Option<u64>, IndexError> {
        match self.engine.load_metas()?.payload {
            None => Ok(None),
            Some(payload) => payload.parse().map(Some).map_err(|_| IndexError::Damaged(None)),
        }
    }

    /// How many passages can be found.
    pub fn n_passages(&self) -> Result<u64, IndexError> {
        Ok(self.searcher()?.num_docs())
    }

    /// Dictionaries and aliases in use.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// Compares the checksum of every file, or proves that no sealed one was changed. Reads the whole index.
    /// Errors: `Damaged`.
    pub fn check(&self) -> Result<(), IndexError> {
        if let Some((dir, _)) = &self.folder
            && !dir.join(LIST_FILE).is_file()
        {
            return Err(IndexError::Damaged(None));
        }
        // A writer may take away merged files between listing and reading; then the list is taken again.
        for _ in 0..3 {
            match self.check_files() {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(IndexError::Damaged(None)),
                Err(TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(_))) => {}
                Err(e) => return Err(IndexError::Damaged(Some(e))),
            }
        }
        Err(IndexError::Damaged(None))
    }

    fn check_files(&self) -> tantivy::Result<bool> {
        let Some(sealed) = &self.sealed else { return Ok(self.engine.validate_checksum()?.is_empty()) };
        sealed.prove(Path::new(LIST_FILE))?;
        let listed = self.engine.directory().list_managed_files();
        for path in self.engine.load_metas()?.list_segment_files() {
            // Not every part has every kind of file; the engine's list is as old as this reader.
            if listed.contains(&path) || sealed.exists(&path)? {
                sealed.prove(&path)?;
            }
        }
        Ok(true)
    }

    /// Parts of the index where something was removed that still rests there.
    pub(crate) fn parts_with_removed(&self) -> Result<Vec<SegmentId>, IndexError> {
        let parts = self.engine.searchable_segment_metas()?;
        Ok(parts.iter().filter(|part| part.has_deletes()).map(|part| part.id()).collect())
    }

    pub(crate) fn cause(&self, error: tantivy::TantivyError) -> IndexError {
        match &self.folder {
            Some((dir, _)) => cause(dir, error),
            None => error.into(),
        }
    }

    /// Makes what was committed visible. Commits of this process are visible at once.
    pub(crate) fn reload(&self) -> Result<(), IndexError> {
        Ok(self.reader.reload()?)
    }

    /// A view that stays as it is while it is used; sees what other processes have committed.
    pub(crate) fn searcher(&self) -> Result<tantivy::Searcher, IndexError> {
        if let Some((dir, last)) = &self.folder {
            let now = seen(dir);
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if *last != now {
                self.reload()?;
                *last = now;
            }
        }
        Ok(self.reader.searcher())
    }

    fn size_bytes(&self) -> u64 {
        let Some((dir, _)) = &self.folder else { return 0 };
        let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
        entries.flatten().filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
    }
}

/// The folder as the engine sees it.
fn folder(dir: &Path, key: Option<&Secret>) -> Result<(Box<dyn Directory>, Option<Sealed>), IndexError> {
    let plain = MmapDirectory::open(dir).map_err(TantivyError::from)?;
    Ok(match key {
        None => (Box::new(plain), None),
        Some(key) => {
            let sealed = Sealed::over(plain, key);
            (Box::new(sealed.clone()), Some(sealed))
        }
    })
}

/// What the version file says of an index under this key.
fn written_version(key: Option<&Secret>) -> String {
    match key {
        None => VERSION.to_owned(),
        Some(key) => format!("{VERSION}sealed 1 {}\n", Sealed::mark(key)),
    }
}

/// The engine does not always pass on why something failed, above all where its threads gave up; a full disk is by far the
/// likeliest cause, and can be asked.
fn cause(dir: &Path, error: tantivy::TantivyError) -> IndexError {
    let error = IndexError::from(error);
    let vague = match &error {
        IndexError::Engine(_) => true,
        IndexError::Disk(e) => e.kind() == std::io::ErrorKind::Other,
        _ => false,
    };
    if vague {
        let trial = dir.join(".trial");
        let tried = std::fs::write(&trial, [0; 1 << 16]);
        let _ = std::fs::remove_file(trial);
        if let Err(e) = tried {
            return IndexError::Disk(e);
        }
    }
    error
}

/// What changes in the head file with every commit.
fn seen(dir: &Path) -> Option<Seen> {
    let metadata = std::fs::metadata(dir.join(META_FILE)).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}
