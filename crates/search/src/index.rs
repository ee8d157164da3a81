//! The folder of the index: made, opened, recognised as outdated or damaged, thrown away.
//!
//! Any number of processes may read while one writes. A folder is only ever emptied when it is known to be an index.

use crate::error::IndexError;
use crate::feed::Feed;
use crate::fields::{Fields, VERSION};
use crate::lexicon::Lexicon;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use tantivy::{IndexReader, ReloadPolicy};

/// Up to this size the checksums of all files are compared when the index is opened.
const CHECKED_WHEN_OPENED: u64 = 256 << 20;
/// Tells the version of the analysis that fed the folder.
const VERSION_FILE: &str = "zapys-index";
const META_FILE: &str = "meta.json";

/// Passages, ready to be asked. Share it between threads by reference.
pub struct Index {
    pub(crate) lexicon: Lexicon,
    pub(crate) fields: Fields,
    engine: tantivy::Index,
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
    /// True for a new folder and for one that an older zapys had fed: it is empty now.
    pub rebuild_needed: bool,
}

impl Index {
    /// Opens the index in `dir`, or makes one. An index of another version is thrown away and made anew.
    /// Errors: `Damaged`, `Foreign`, `Disk`.
    pub fn open_or_create(dir: &Path, lexicon: Lexicon) -> Result<Opened, IndexError> {
        let version = match std::fs::read(dir.join(VERSION_FILE)) {
            Ok(version) => Some(version),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        if version.as_deref() != Some(VERSION.as_bytes()) {
            return Ok(Opened { index: Self::create_anew(dir, lexicon)?, rebuild_needed: true });
        }
        let fields = Fields::new();
        let engine = tantivy::Index::open_in_dir(dir)?;
        if engine.schema() != fields.schema {
            return Err(IndexError::Damaged(None));
        }
        let index = Self::with(engine, fields, lexicon, Some(dir))?;
        if index.size_bytes() <= CHECKED_WHEN_OPENED {
            index.check()?;
        }
        let rebuild_needed = index.watermark()?.is_none();
        Ok(Opened { index, rebuild_needed })
    }

    /// Empties `dir`, which must be an index or empty or absent, and makes an index there.
    /// Errors: `Foreign` where the folder holds anything else; `Disk`.
    pub fn create_anew(dir: &Path, lexicon: Lexicon) -> Result<Self, IndexError> {
        if dir.exists() {
            let is_empty = std::fs::read_dir(dir)?.next().is_none();
            let is_ours = dir.join(VERSION_FILE).is_file() || dir.join(META_FILE).is_file();
            if !is_empty && !is_ours {
                return Err(IndexError::Foreign(dir.to_owned()));
            }
            for entry in std::fs::read_dir(dir)? {
                let entry = entry?;
                match entry.file_type()?.is_dir() {
                    true => std::fs::remove_dir_all(entry.path())?,
                    false => std::fs::remove_file(entry.path())?,
                }
            }
        }
        std::fs::create_dir_all(dir)?;
        let fields = Fields::new();
        let engine = tantivy::Index::create_in_dir(dir, fields.schema.clone())?;
        // Last: a folder without it is made again.
        std::fs::write(dir.join(VERSION_FILE), VERSION)?;
        Self::with(engine, fields, lexicon, Some(dir))
    }

    /// An index that is gone with the value.
    pub fn in_memory(lexicon: Lexicon) -> Result<Self, IndexError> {
        let fields = Fields::new();
        let engine = tantivy::Index::create_in_ram(fields.schema.clone());
        Self::with(engine, fields, lexicon, None)
    }

    fn with(engine: tantivy::Index, fields: Fields, lexicon: Lexicon, dir: Option<&Path>) -> Result<Self, IndexError> {
        let seen = dir.and_then(seen);
        let reader = engine.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let folder = dir.map(|dir| (dir.to_owned(), Mutex::new(seen)));
        Ok(Self { lexicon, fields, engine, reader, folder })
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

    /// Compares the checksum of every file. Reads the whole index. Errors: `Damaged`.
    pub fn check(&self) -> Result<(), IndexError> {
        // A writer may take away merged files between listing and reading; then the list is taken again.
        for _ in 0..3 {
            match self.engine.validate_checksum() {
                Ok(damaged) if damaged.is_empty() => return Ok(()),
                Ok(_) => return Err(IndexError::Damaged(None)),
                Err(tantivy::TantivyError::OpenReadError(tantivy::directory::error::OpenReadError::FileDoesNotExist(_))) => {}
                Err(e) => return Err(IndexError::Damaged(Some(e))),
            }
        }
        Err(IndexError::Damaged(None))
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

/// What changes in the head file with every commit.
fn seen(dir: &Path) -> Option<Seen> {
    let metadata = std::fs::metadata(dir.join(META_FILE)).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}
