//! A storage root: many objects below one folder, each where its layout says.

use super::json::Json;
use super::object::{REGISTERED, check};
use super::tree::{MAX_DEPTH, below, list, read};
use super::{Algorithm, Finding, Findings, OcflError, head};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Name of the layout file of a storage root.
pub(super) const LAYOUT: &str = "ocfl_layout.json";
/// The layout that is written: three folders of three characters, then the id.
pub(super) const LAID_OUT: &str = "0003-hash-and-id-n-tuple-storage-layout";
const HASHED: &str = "0004-hashed-n-tuple-storage-layout";
const FLAT: &str = "0002-flat-direct-storage-layout";
/// Longest name of an object's folder before its digest takes over.
const MAX_NAME: usize = 100;

/// Where layout 0003 with its default parameters puts an object: three folders of three characters from the SHA-256 of
/// its id, then the id itself, percent-encoded.
pub fn path_of(id: &str) -> PathBuf {
    let digest = Algorithm::Sha256.of(id.as_bytes());
    let mut name = String::new();
    for b in id.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(b)),
            b => {
                let _ = write!(name, "%{b:02x}");
            }
        }
    }
    if name.len() > MAX_NAME {
        name.truncate(MAX_NAME);
        let _ = write!(name, "-{digest}");
    }
    tuples(&digest).join(name)
}
fn tuples(digest: &str) -> PathBuf {
    [&digest[..3], &digest[3..6], &digest[6..9]].iter().collect()
}
/// The same for layout 0004, where the whole digest ends the path.
fn hashed(id: &str) -> PathBuf {
    let digest = Algorithm::Sha256.of(id.as_bytes());
    tuples(&digest).join(&digest)
}

/// Checks a storage root of OCFL 1.0 or 1.1 and every object in it. Errors: [`OcflError`] where there is nothing to look at.
pub fn check_root(root: &Path) -> Result<Vec<Finding>, OcflError> {
    if !std::fs::metadata(root)?.is_dir() {
        return Err(OcflError::NotOcfl);
    }
    let mut out = Findings::default();
    let top = list(root, "", &mut out)?;
    let declared: Vec<&String> = top.files.iter().filter(|f| f.starts_with("0=")).collect();
    if declared.len() != 1 {
        out.error("E076", "", format!("There must be one declaration, and there are {}.", declared.len()));
    }
    let mut version = "1.1";
    for name in declared {
        match name.as_str() {
            "0=ocfl_1.0" => version = "1.0",
            "0=ocfl_1.1" => {}
            _ => {
                out.error("E077", name, "This is no declaration of a storage root of OCFL 1.0 or 1.1.");
                continue;
            }
        }
        if !read(&root.join(name), 1024).is_ok_and(|b| b == format!("ocfl_{version}\n").as_bytes()) {
            out.error("E080", name, "The declaration does not hold what its name says.");
        }
    }
    let layout = if top.files.contains(LAYOUT) { layout(root, &mut out) } else { None };
    let mut walk = Walk { root, version, layout, ids: BTreeMap::new(), objects: 0, out };
    for name in &top.folders {
        if name == "extensions" {
            walk.extensions()?;
        } else {
            walk.folder(name, 1)?;
        }
    }
    Ok(walk.out.0)
}

/// The name of the layout, where its parameters are the default ones and paths can be compared.
fn layout(root: &Path, out: &mut Findings) -> Option<String> {
    let doc = read(&root.join(LAYOUT), 1 << 20).ok().and_then(|b| Json::read(&b).ok());
    let Some(doc) = doc.filter(|d| d.object().is_some()) else {
        out.error("E070", LAYOUT, "This is not a JSON object.");
        return None;
    };
    let text = |name: &str| doc.get(name).and_then(Json::text);
    if text("description").is_none() || text("extension").is_none() {
        out.error("E070", LAYOUT, "`extension` and `description` must be texts.");
    }
    let name = text("extension")?;
    if !REGISTERED.contains(&name) {
        out.error("E071", LAYOUT, "The layout is not a registered extension.");
    }
    let config = read(&root.join("extensions").join(name).join("config.json"), 1 << 20).ok();
    let plain = config.is_none_or(|bytes| {
        let value: Option<serde_json::Value> = serde_json::from_slice(&bytes).ok();
        value.is_some_and(|v| {
            let defaults =
                serde_json::json!({"digestAlgorithm": "sha256", "tupleSize": 3, "numberOfTuples": 3, "shortObjectRoot": false});
            let defaults = defaults.as_object().expect("an object is written here");
            v.as_object().is_some_and(|o| o.iter().all(|(k, v)| k == "extensionName" || defaults.get(k) == Some(v)))
        })
    });
    (plain && [LAID_OUT, HASHED, FLAT].contains(&name)).then(|| name.to_owned())
}

struct Walk<'a> {
    root: &'a Path,
    version: &'static str,
    layout: Option<String>,
    ids: BTreeMap<String, String>,
    objects: usize,
    out: Findings,
}
impl Walk<'_> {
    fn folder(&mut self, shown: &str, depth: usize) -> Result<(), OcflError> {
        if depth > MAX_DEPTH {
            return Err(OcflError::TooMany);
        }
        let here = list(&self.root.join(shown), shown, &mut self.out)?;
        if here.files.iter().any(|f| f.starts_with("0=ocfl_object_")) {
            return self.object(shown, here.files.contains("0=ocfl_object_1.1"));
        }
        if here.files.is_empty() && here.folders.is_empty() {
            self.out.error("E073", shown, "This folder is empty.");
        }
        for file in &here.files {
            self.out.error("E072", &below(shown, file), "This file belongs to no object.");
        }
        for name in &here.folders {
            self.folder(&below(shown, name), depth + 1)?;
        }
        Ok(())
    }

    fn object(&mut self, shown: &str, newer: bool) -> Result<(), OcflError> {
        self.objects += 1;
        let path = self.root.join(shown);
        let found = check(&path)?;
        self.out.take_below(shown, found);
        if newer && self.version == "1.0" {
            self.out.error("E081", shown, "The object follows a newer OCFL than the storage root.");
        }
        let Ok(head) = head(&path) else { return Ok(()) };
        let due = match self.layout.as_deref() {
            Some(LAID_OUT) => path_of(&head.id) == Path::new(shown),
            Some(HASHED) => hashed(&head.id) == Path::new(shown),
            Some(FLAT) => head.id == shown,
            _ => true,
        };
        if !due {
            self.out.error("E083", shown, "The object is not where the layout of the storage root puts its id.");
        }
        if let Some(first) = self.ids.insert(head.id, shown.to_owned()) {
            self.out.error("E083", shown, format!("The object in {first} has the same id."));
        }
        Ok(())
    }

    fn extensions(&mut self) -> Result<(), OcflError> {
        let here = list(&self.root.join("extensions"), "extensions", &mut self.out)?;
        for file in &here.files {
            self.out.error("E086", &below("extensions", file), "The folder of extensions holds folders only.");
        }
        for name in here.folders.iter().filter(|n| !REGISTERED.contains(&n.as_str())) {
            self.out.warn("W016", &below("extensions", name), "This extension is not registered.");
        }
        Ok(())
    }
}
