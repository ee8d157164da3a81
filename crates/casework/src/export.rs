//! The whole ledger into a folder that strangers read with their own programs; `zapys-verify` checks all of it.

use crate::Result;
use crate::custody::checkpoint_size;
use crate::error::CaseError;
use crate::open::Casework;
use crate::proofs::CheckpointRef;
use crate::stamp::{folder_name, put, stamp_folder};
use std::path::Path;
use zapys_ledger::export::{CHECKPOINT, KEYS, KeysFile, ListedStamp, STAMPS};
use zapys_ledger::tiles::{bundle, bundles, hash_tiles};

impl Casework {
    /// Writes checkpoint, tiles, entry bundles, keys, earlier checkpoints and time stamps into the new folder `dir`. Returns
    /// the number of files.
    pub async fn export_ledger(&self, dir: &Path) -> Result<u64> {
        let size = checkpoint_size(&self.checkpoint().await?)?;
        std::fs::create_dir(dir).map_err(CaseError::path(dir))?;
        let mut files = 0;
        let mut write = |name: &str, bytes: &[u8]| {
            files += 1;
            put(dir, name, bytes)
        };
        let tree = self.tree_at(size).await?;
        for (path, bytes) in hash_tiles(&tree, size) {
            write(&path, &bytes)?;
        }
        for (first, width) in bundles(size) {
            let entries = self.all_entries(first..first + width).await?;
            let (path, bytes) = bundle(first, entries.iter().map(|e| e.canonical.as_bytes()))
                .map_err(|_| CaseError::Inconsistent { what: "an entry" })?;
            write(&path, &bytes)?;
        }
        let mut sizes = Vec::new();
        for row in self.store.checkpoints().await?.into_iter().filter(|c| c.size <= size) {
            let note = self.cosigned_note(&CheckpointRef::Size(row.size)).await?;
            write(&format!("checkpoints/{}", row.size), note.as_bytes())?;
            sizes.push(row.size);
        }
        write(KEYS, &json(&KeysFile::of(&self.key_history().await?, sizes))?)?;
        let mut listed = Vec::new();
        for (n, stamp) in self.stamps(size).await?.iter().enumerate() {
            let folder = folder_name(n);
            for (name, bytes) in stamp_folder(stamp)? {
                write(&format!("stamps/{folder}/{name}"), &bytes)?;
            }
            let crls = u32::try_from(stamp.crls.len()).unwrap_or(u32::MAX);
            listed.push(ListedStamp { folder, kind: stamp.kind.word().into(), size: stamp.size, crls });
        }
        write(STAMPS, &json(&listed)?)?;
        // Last: a folder without it is no export.
        write(CHECKPOINT, self.cosigned_note(&CheckpointRef::Size(size)).await?.as_bytes())?;
        Ok(files)
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|_| CaseError::Inconsistent { what: "the ledger" })?;
    bytes.push(b'\n');
    Ok(bytes)
}
