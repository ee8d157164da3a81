//! What lies in a folder, without following anything that leads elsewhere.

use super::{Findings, OcflError};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Most entries of one object or storage root that are looked at.
pub(crate) const MAX_ENTRIES: usize = 1_000_000;
/// Deepest nesting of folders.
pub(crate) const MAX_DEPTH: usize = 64;

/// The direct contents of a folder, in order.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) files: BTreeSet<String>,
    pub(crate) folders: BTreeSet<String>,
}

/// Lists a folder. What is neither file nor folder, or has a name that is not UTF-8, becomes a finding (E090, E001).
pub(crate) fn list(dir: &Path, shown: &str, out: &mut Findings) -> Result<Listing, OcflError> {
    let mut all = Listing::default();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if all.files.len() + all.folders.len() >= MAX_ENTRIES {
            return Err(OcflError::TooMany);
        }
        let name = match entry.file_name().into_string() {
            Ok(name) => name,
            Err(odd) => {
                out.error("E001", &below(shown, &odd.to_string_lossy()), "A name here is not UTF-8, so it is not followed.");
                continue;
            }
        };
        let meta = fs::symlink_metadata(entry.path())?;
        if meta.is_symlink() {
            out.error("E090", &below(shown, &name), "This is a link. It is not followed.");
        } else if meta.is_dir() {
            all.folders.insert(name);
        } else if meta.is_file() {
            all.files.insert(name);
        } else {
            out.error("E090", &below(shown, &name), "This is neither file nor folder.");
        }
    }
    Ok(all)
}

/// Every file below a folder, with `/` between folders and `shown/` before it; folders without anything go to `empty`.
pub(crate) fn walk(
    dir: &Path,
    shown: &str,
    depth: usize,
    files: &mut BTreeSet<String>,
    empty: &mut Vec<String>,
    out: &mut Findings,
) -> Result<(), OcflError> {
    if depth > MAX_DEPTH || files.len() > MAX_ENTRIES {
        return Err(OcflError::TooMany);
    }
    let here = list(dir, shown, out)?;
    if here.files.is_empty() && here.folders.is_empty() {
        empty.push(shown.to_owned());
    }
    files.extend(here.files.iter().map(|n| below(shown, n)));
    for name in &here.folders {
        walk(&dir.join(name), &below(shown, name), depth + 1, files, empty, out)?;
    }
    Ok(())
}

/// `shown/name`, or `name` at the top.
pub(crate) fn below(shown: &str, name: &str) -> String {
    if shown.is_empty() { name.to_owned() } else { format!("{shown}/{name}") }
}

/// A file of at most `limit` bytes. Errors: `FileTooLarge` beyond it.
pub(crate) fn read(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut out = Vec::new();
    fs::File::open(path)?.take(limit + 1).read_to_end(&mut out)?;
    if out.len() as u64 > limit { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(out) }
}
