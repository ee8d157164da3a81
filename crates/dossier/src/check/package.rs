//! A production as a set of named files, whether it lies in a folder or in a zip.
//!
//! Links, devices and names that lead elsewhere are never followed; they are listed as oddities, each of them a fault.

use crate::zip::{Zip, ZipError};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Most files that are looked at.
const MAX_FILES: usize = 1_000_000;
/// Deepest nesting of folders.
const MAX_DEPTH: usize = 64;

/// Why a production cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Nothing is there, or it cannot be read.
    #[error("the production cannot be read")]
    Io(#[from] io::Error),
    /// A zip that is not as it should be.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// A file that is no zip.
    #[error("this file is neither a folder nor a zip that holds a production")]
    NotAProduction,
    /// More than is looked at.
    #[error("there are more than {MAX_FILES} files, or folders nested deeper than {MAX_DEPTH}")]
    TooMany,
}

enum Place {
    Folder(PathBuf),
    /// The newest version of an OCFL object: where each file lies below the folder.
    Deposit {
        root: PathBuf,
        at: BTreeMap<String, PathBuf>,
    },
    Zip {
        zip: Zip,
        root: String,
    },
}

/// Files by their path with `/` between folders.
pub(crate) struct Package {
    place: Place,
    /// Path and length of every plain file.
    pub(crate) files: BTreeMap<String, u64>,
    /// What is no plain file, or has a name that no file here may have: name as it can be shown, and why.
    pub(crate) odd: Vec<(String, &'static str)>,
}

impl Package {
    /// Lists a folder or a zip. Errors: [`PackageError`].
    pub(crate) fn open(path: &Path) -> Result<Self, PackageError> {
        let meta = fs::metadata(path)?;
        if meta.is_dir() {
            let mut p = Self { place: Place::Folder(path.into()), files: BTreeMap::new(), odd: Vec::new() };
            p.walk(path, String::new(), 0)?;
            return Ok(p);
        }
        let mut head = Vec::new();
        File::open(path)?.take(4).read_to_end(&mut head)?;
        if !head.starts_with(b"PK") {
            return Err(PackageError::NotAProduction);
        }
        let zip = Zip::open(path)?;
        let mut files = BTreeMap::new();
        let mut odd = Vec::new();
        // All entries lie in one folder, as RFC 8493 (4) asks of a packed bag.
        let root = zip.entries().next().and_then(|(n, _)| n.split_once('/')).map(|(r, _)| format!("{r}/")).unwrap_or_default();
        for (name, len) in zip.entries() {
            let inner = name.strip_prefix(&root).filter(|_| !root.is_empty());
            match inner.map(|i| (i, name_fault(i))) {
                Some((inner, None)) => {
                    files.insert(inner.to_owned(), len);
                }
                Some((inner, Some(why))) => odd.push((inner.to_owned(), why)),
                None => odd.push((name.to_owned(), "lies beside the production's own folder")),
            }
        }
        Ok(Self { place: Place::Zip { zip, root }, files, odd })
    }

    /// The newest version of an OCFL object, which was checked already.
    pub(crate) fn newest(root: &Path, head: crate::ocfl::Head) -> Self {
        let (mut files, mut odd) = (BTreeMap::new(), Vec::new());
        for (logical, at) in &head.files {
            let plain = fs::symlink_metadata(root.join(at)).ok().filter(fs::Metadata::is_file);
            match (name_fault(logical), plain) {
                (None, Some(meta)) => {
                    files.insert(logical.clone(), meta.len());
                }
                (Some(why), _) => odd.push((logical.clone(), why)),
                (None, None) => odd.push((logical.clone(), "is neither file nor folder")),
            }
        }
        Self { place: Place::Deposit { root: root.into(), at: head.files }, files, odd }
    }

    /// Whether anything here bears a trace of zapys.
    pub(crate) fn is_ours(&self) -> bool {
        use crate::layout::{BAG_INFO, CHECKPOINT, MANIFEST_JSON, PROOFS, SEAL, VKEY};
        let has = |p: &str| self.files.contains_key(p);
        let manifest = || {
            let text = self.read(MANIFEST_JSON, 128 * 1024 * 1024).unwrap_or_default();
            text.windows(crate::manifest::FAMILY.len()).take(4096).any(|w| w == crate::manifest::FAMILY.as_bytes())
        };
        let info = || String::from_utf8_lossy(&self.read(BAG_INFO, 1 << 20).unwrap_or_default()).contains("production:");
        [SEAL, VKEY, CHECKPOINT].iter().any(|p| has(p))
            || self.files.keys().any(|p| p.starts_with(PROOFS) && p.ends_with(".tlog-proof"))
            || manifest()
            || info()
    }

    fn walk(&mut self, dir: &Path, prefix: String, depth: usize) -> Result<(), PackageError> {
        if depth > MAX_DEPTH {
            return Err(PackageError::TooMany);
        }
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if self.files.len() + self.odd.len() >= MAX_FILES {
                return Err(PackageError::TooMany);
            }
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                self.odd.push((format!("{prefix}{}", entry.file_name().to_string_lossy()), "has a name that is not UTF-8"));
                continue;
            };
            let path = format!("{prefix}{name}");
            let meta = fs::symlink_metadata(entry.path())?;
            if let Some(why) = name_fault(&path) {
                self.odd.push((path, why));
            } else if meta.is_symlink() {
                self.odd.push((path, "is a link"));
            } else if meta.is_dir() {
                self.walk(&entry.path(), format!("{path}/"), depth + 1)?;
            } else if meta.is_file() {
                self.files.insert(path, meta.len());
            } else {
                self.odd.push((path, "is neither file nor folder"));
            }
        }
        Ok(())
    }

    /// Opens a listed file.
    pub(crate) fn open_file(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        if !self.files.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        match &self.place {
            Place::Folder(root) => {
                let full = root.join(path);
                if !fs::symlink_metadata(&full)?.is_file() {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                Ok(Box::new(File::open(full)?))
            }
            Place::Deposit { root, at } => {
                let full = root.join(at.get(path).ok_or(io::ErrorKind::NotFound)?);
                if !fs::symlink_metadata(&full)?.is_file() {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                Ok(Box::new(File::open(full)?))
            }
            Place::Zip { zip, root } => Ok(Box::new(zip.read(&format!("{root}{path}"))?)),
        }
    }

    /// Reads a listed file of at most `limit` bytes. Errors: `FileTooLarge` beyond it.
    pub(crate) fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.open_file(path)?.take(limit + 1).read_to_end(&mut out)?;
        if out.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(out) }
    }
}

/// Why a relative path may not occur in a package. `None` where it may.
pub(crate) fn name_fault(path: &str) -> Option<&'static str> {
    const DEVICES: [&str; 22] = [
        "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "LPT1", "LPT2",
        "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
    ];
    if path.len() > 4096 {
        return Some("has a name that is too long");
    }
    if path.starts_with('/') || path.starts_with('~') || path.as_bytes().get(1) == Some(&b':') {
        return Some("has an absolute name");
    }
    if path.chars().any(|c| c == '\\' || c.is_control() || crate::safe::is_hidden(c)) {
        return Some("has a backslash or a hidden character in its name");
    }
    for part in path.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return Some("has a name that leads elsewhere");
        }
        let stem = part.split('.').next().unwrap_or(part).to_ascii_uppercase();
        if DEVICES.contains(&stem.as_str()) {
            return Some("has the name of a device");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_faults() {
        for ok in ["data/a.txt", "proofs/01J/1.json", "a b", "ї"] {
            assert_eq!(name_fault(ok), None, "{ok}");
        }
        for bad in [
            "/etc/x",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            "",
            "C:x",
            "~/x",
            "a\\b",
            "a\nb",
            "x\u{202e}gpj.exe",
            "data/NUL.txt",
            "com1",
        ] {
            assert!(name_fault(bad).is_some(), "{bad}");
        }
    }
}
