//! Many objects that become durable together.

use crate::backend::{BackendError, SealedName};
use crate::copy::Source;
use crate::error::VaultError;
use crate::vault::{Rest, Stored, Vault, name};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tempfile::TempPath;
use zapys_domain::ObjectId;

/// Objects under way. They can be read through the vault at once; after [`seal`](Self::seal) they are durable and have their
/// names. Dropping an unsealed batch leaves nothing of it. Several threads may put into one batch.
#[must_use = "an unsealed batch keeps nothing"]
pub struct Batch<'v> {
    vault: &'v Vault,
    staged: Mutex<HashMap<ObjectId, TempPath>>,
}

impl<'v> Batch<'v> {
    pub(crate) fn new(vault: &'v Vault) -> Self {
        Self { vault, staged: Mutex::default() }
    }
    /// Takes everything `from` gives. Errors: `Source` for the reading side; nothing of it stays then.
    pub fn put(&self, from: &mut dyn Read) -> Result<Stored, VaultError> {
        self.take(from, None)
    }
    /// Takes a file. Errors: `Source`, `NotAFile`, `SourceChanged`; nothing of it stays then.
    pub fn put_file(&self, path: &Path) -> Result<Stored, VaultError> {
        let source = Source::open(path)?;
        self.take(&mut &source.file, Some(&source))
    }
    fn take(&self, from: &mut dyn Read, source: Option<&Source>) -> Result<Stored, VaultError> {
        let (stored, staged) = self.vault.stage(from, source)?;
        if let Some(path) = staged {
            // The same bytes twice in one batch: the first copy is enough.
            if let Entry::Vacant(place) = self.staged().entry(stored.object) {
                self.vault.pending().entry(stored.object).or_default().push(path.to_path_buf());
                place.insert(path);
            }
        }
        Ok(stored)
    }
    fn staged(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectId, TempPath>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Makes everything durable with one flush of the file system. Only then may the record name these objects.
    /// Errors: the first one met; objects that have their names by then keep them, the others are gone.
    pub fn seal(self) -> Result<(), VaultError> {
        self.finish(true)
    }
    /// The same, flushing file by file: cheaper for a few objects.
    pub(crate) fn seal_each(self) -> Result<(), VaultError> {
        self.finish(false)
    }
    fn finish(self, together: bool) -> Result<(), VaultError> {
        let Rest::Disk(disk) = &self.vault.rest else { return Ok(()) };
        let staged = std::mem::take(&mut *self.staged());
        let forget = Forget { vault: self.vault, objects: staged.iter().map(|(o, p)| (*o, p.to_path_buf())).collect() };
        if staged.is_empty() {
            return Ok(());
        }
        // A file system that cannot flush as a whole is flushed file by file.
        if !together || disk.flush_all().is_err() {
            for path in staged.values() {
                disk.flush(path)?;
            }
        }
        let names: Vec<SealedName> = staged.keys().map(name).collect();
        for (object, path) in staged {
            disk.place(path, &name(&object))?;
        }
        disk.flush_folders(names.iter().map(|n| n.halves().0))?;
        drop(forget);
        Ok(())
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let staged = std::mem::take(&mut *self.staged());
        drop(Forget { vault: self.vault, objects: staged.iter().map(|(o, p)| (*o, p.to_path_buf())).collect() });
    }
}

/// Takes objects out of the vault's list of pending ones, however the batch ends.
struct Forget<'v> {
    vault: &'v Vault,
    objects: Vec<(ObjectId, std::path::PathBuf)>,
}
impl Drop for Forget<'_> {
    fn drop(&mut self) {
        let mut pending = self.vault.pending();
        for (object, path) in &self.objects {
            if let Some(paths) = pending.get_mut(object) {
                paths.retain(|p| p != path);
                if paths.is_empty() {
                    pending.remove(object);
                }
            }
        }
    }
}

const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Batch<'_>>();
    shared::<Vault>();
    shared::<BackendError>();
};
