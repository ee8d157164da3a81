//! One object on disk: declaration, inventories, sidecars, version folders, and every byte of its content.

use super::algorithm::digests;
use super::inventory::{self, ByDigest, Inventory, Spec, version_number};
use super::tree::{below, list, read, walk};
use super::{Algorithm, Finding, Findings, INVENTORY, MAX_INVENTORY, OcflError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Extensions that are registered (<https://ocfl.github.io/extensions/>).
pub(super) const REGISTERED: [&str; 12] = [
    "initial",
    "0001-digest-algorithms",
    "0002-flat-direct-storage-layout",
    "0003-hash-and-id-n-tuple-storage-layout",
    "0004-hashed-n-tuple-storage-layout",
    "0005-mutable-head",
    "0006-flat-omit-prefix-storage-layout",
    "0007-n-tuple-omit-prefix-storage-layout",
    "0008-schema-registry",
    "0009-digest-algorithms",
    "0010-differential-n-tuple-omit-prefix-storage-layout",
    "0011-direct-clean-path-layout",
];

/// Checks an object of OCFL 1.0 or 1.1: structure, inventories, history, and the digest of every file.
/// No finding of weight error: it holds. Errors: [`OcflError`] where there is nothing to look at.
pub fn check(root: &Path) -> Result<Vec<Finding>, OcflError> {
    if !std::fs::metadata(root)?.is_dir() {
        return Err(OcflError::NotOcfl);
    }
    let mut object = Object { root, out: Findings::default(), expected: BTreeMap::new(), older: Vec::new(), spec: None };
    object.check()?;
    Ok(object.out.0)
}

/// The files of the newest version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// Identifier of the object.
    pub id: String,
    /// Name of the version, e.g. `v2`.
    pub version: String,
    /// Logical path, and where the file lies below the object's folder.
    pub files: BTreeMap<String, PathBuf>,
}

/// Lists the newest version. What the inventory says is believed here: [`check`] first. Paths that lead elsewhere are
/// left out. Errors: [`OcflError::NotOcfl`] where the inventory cannot be read.
pub fn head(root: &Path) -> Result<Head, OcflError> {
    let bytes = read(&root.join(INVENTORY), MAX_INVENTORY)?;
    let inventory = inventory::read(&bytes, INVENTORY, &mut Findings::default()).ok_or(OcflError::NotOcfl)?;
    let (_, newest) = inventory.versions.last_key_value().ok_or(OcflError::NotOcfl)?;
    let content = inventory.paths();
    let mut files = BTreeMap::new();
    for (digest, logical) in &newest.state {
        let path = content.get(&digest.to_ascii_lowercase()).and_then(|p| p.first());
        let Some(path) = path.filter(|p| p.split('/').all(|e| !matches!(e, "" | "." | ".."))) else { continue };
        files.extend(logical.iter().map(|l| (l.clone(), PathBuf::from(path))));
    }
    Ok(Head { id: inventory.id, version: inventory.head, files })
}

/// What a file is expected to be: algorithm, digest in lower case, the code where it is not, and who says so.
type Expected = Vec<(Algorithm, String, &'static str, String)>;

struct Object<'a> {
    root: &'a Path,
    out: Findings,
    /// By content path, from all inventories.
    expected: BTreeMap<String, Expected>,
    /// Number and inventory of each older version, and the files it lists.
    older: Vec<(u32, String, BTreeSet<String>)>,
    spec: Option<Spec>,
}

impl Object<'_> {
    fn check(&mut self) -> Result<(), OcflError> {
        let top = list(self.root, "", &mut self.out)?;
        self.declaration(&top.files);
        if !top.files.contains(INVENTORY) {
            self.out.error("E063", "", "The object has no inventory.");
            return Ok(());
        }
        let Some((bytes, inventory)) = self.inventory("") else { return Ok(()) };
        if let (Some(declared), Some(said)) = (self.spec, inventory.spec)
            && declared != said
        {
            self.out.error("E038", INVENTORY, "The inventory follows another version of OCFL than the object declares.");
        }
        let sidecar = format!("{INVENTORY}.{}", inventory.algorithm);
        for name in &top.files {
            if name != INVENTORY && *name != sidecar && !name.starts_with("0=") {
                self.out.error("E001", name, "This file does not belong in an object.");
            }
        }
        let named: BTreeSet<&str> = inventory.versions.values().map(|v| v.name.as_str()).collect();
        for name in &top.folders {
            match name.as_str() {
                "extensions" => self.extensions()?,
                "logs" => self.free("logs")?,
                n if named.contains(n) => {}
                n if version_number(n).is_some() => {
                    self.out.error("E046", n, "The inventory does not name this version.");
                }
                n => self.out.error("E001", n, "This folder does not belong in an object."),
            }
        }
        let mut files = BTreeSet::new();
        let mut newer: Option<Inventory> = None;
        self.expect(&inventory, INVENTORY);
        // Newest first: each older inventory is held against the one after it.
        for (n, version) in inventory.versions.iter().rev() {
            if !top.folders.contains(&version.name) {
                self.out.error("E046", &version.name, "The inventory names a version that has no folder.");
                continue;
            }
            let newest = Some(n) == inventory.versions.last_key_value().map(|(n, _)| n);
            let own = self.version(&version.name, &inventory, newest.then_some(bytes.as_slice()), &mut files)?;
            if let Some(own) = own.filter(|_| !newest) {
                self.history(&own, &inventory, newer.as_ref().unwrap_or(&inventory), *n);
                newer = Some(own);
            }
        }
        self.coverage(&inventory, &files);
        self.content(&files);
        Ok(())
    }

    fn declaration(&mut self, files: &BTreeSet<String>) {
        let all: Vec<&String> = files.iter().filter(|f| f.starts_with("0=")).collect();
        if all.len() != 1 {
            self.out.error("E003", "", format!("There must be one declaration, and there are {}.", all.len()));
        }
        for name in all {
            let Some(spec) = Spec::ALL.into_iter().find(|s| *name == format!("0=ocfl_object_{}", s.number())) else {
                self.out.error("E004", name, "This is no declaration of an object of OCFL 1.0 or 1.1.");
                continue;
            };
            self.spec = Some(spec);
            let want = format!("ocfl_object_{}\n", spec.number());
            if !read(&self.root.join(name), 1024).is_ok_and(|b| b == want.as_bytes()) {
                self.out.error("E007", name, "The declaration does not hold what its name says.");
            }
        }
    }

    /// Reads the inventory in a folder and its sidecar.
    fn inventory(&mut self, folder: &str) -> Option<(Vec<u8>, Inventory)> {
        let subject = below(folder, INVENTORY);
        let path = self.root.join(&subject);
        let bytes = match read(&path, MAX_INVENTORY) {
            Ok(bytes) => bytes,
            Err(e) => {
                self.out.error("E033", &subject, format!("The inventory cannot be read ({}).", e.kind()));
                return None;
            }
        };
        let inventory = inventory::read(&bytes, &subject, &mut self.out);
        let Some(inventory) = inventory else {
            let any = Algorithm::ALL.iter().any(|a| path.with_file_name(format!("{INVENTORY}.{a}")).is_file());
            if !any {
                self.out.error("E058", &subject, "The inventory has no sidecar.");
            }
            return None;
        };
        let name = format!("{subject}.{}", inventory.algorithm);
        match read(&self.root.join(&name), 4096) {
            Err(_) => self.out.error("E058", &name, "The inventory has no sidecar of its own algorithm."),
            Ok(text) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                let mut parts = text.trim_end_matches(['\n', '\r']).split([' ', '\t']).filter(|p| !p.is_empty());
                match (parts.next(), parts.next(), parts.next()) {
                    (Some(digest), Some(INVENTORY), None) if digest.bytes().all(|b| b.is_ascii_hexdigit()) => {
                        if !digest.eq_ignore_ascii_case(&inventory.algorithm.of(&bytes)) {
                            self.out.error("E060", &name, "The inventory is not the one whose digest the sidecar states.");
                        }
                    }
                    _ => self.out.error("E061", &name, "A sidecar holds a digest, a blank and the name inventory.json."),
                }
            }
        }
        Some((bytes, inventory))
    }

    /// One version's folder. `root`: bytes of the object's inventory, where this is the newest version.
    fn version(
        &mut self,
        name: &str,
        root: &Inventory,
        root_bytes: Option<&[u8]>,
        files: &mut BTreeSet<String>,
    ) -> Result<Option<Inventory>, OcflError> {
        let here = list(&self.root.join(name), name, &mut self.out)?;
        let mut own = None;
        if here.files.contains(INVENTORY) {
            match root_bytes {
                Some(root_bytes) => {
                    let path = self.root.join(name).join(INVENTORY);
                    let sidecar = format!("{INVENTORY}.{}", root.algorithm);
                    let pair = |n: &str| read(&self.root.join(n), 4096).ok();
                    if !read(&path, MAX_INVENTORY).is_ok_and(|b| b == root_bytes) {
                        self.out.error(
                            "E064",
                            &below(name, INVENTORY),
                            "The newest version has another inventory than the object.",
                        );
                        own = self.inventory(name).map(|(_, i)| i);
                        if own.as_ref().is_some_and(|o| o.head != name) {
                            self.out.error("E040", &below(name, INVENTORY), "`head` is not the version it lies in.");
                        }
                    } else if pair(&below(name, &sidecar)).is_none() {
                        self.out.error("E058", &below(name, &sidecar), "The inventory has no sidecar of its own algorithm.");
                    } else if pair(&below(name, &sidecar)) != pair(&sidecar) {
                        self.out.error("E060", &below(name, &sidecar), "The sidecar is not that of the object.");
                    }
                }
                None => own = self.inventory(name).map(|(_, i)| i),
            }
        } else {
            self.out.warn("W010", name, "The version should hold its inventory.");
        }
        let algorithm = own.as_ref().map_or(root.algorithm, |o| o.algorithm);
        let sidecar = format!("{INVENTORY}.{algorithm}");
        for file in here.files.iter().filter(|f| *f != INVENTORY && **f != sidecar) {
            self.out.error("E015", &below(name, file), "This file does not belong in a version's folder.");
        }
        for folder in &here.folders {
            let shown = below(name, folder);
            let path = self.root.join(name).join(folder);
            if *folder == root.content {
                let (mut found, mut empty) = (BTreeSet::new(), Vec::new());
                walk(&path, &shown, 0, &mut found, &mut empty, &mut self.out)?;
                for e in empty {
                    match e == shown {
                        true => self.out.warn("W003", &e, "A version without files should have no content folder."),
                        false => self.out.error("E024", &e, "A content folder has an empty folder."),
                    }
                }
                files.extend(found);
            } else {
                self.out.warn("W002", &shown, "A version should have no folder beside its content.");
                self.free(&shown)?;
            }
        }
        Ok(own)
    }

    /// An older inventory, held against the object's and against the next one.
    fn history(&mut self, own: &Inventory, root: &Inventory, later: &Inventory, n: u32) {
        let name = root.versions[&n].name.clone();
        let subject = below(&name, INVENTORY);
        if own.head != name {
            self.out.error("E040", &subject, "`head` is not the version it lies in.");
        }
        if own.id != root.id {
            let code = if self.spec == Some(Spec::V1_0) { "E037" } else { "E110" };
            self.out.error(code, &subject, "The id is not that of the object.");
        }
        if own.content != root.content || own.content_given != root.content_given {
            self.out.error("E019", &subject, "`contentDirectory` is not the same in all versions.");
        }
        if own.spec > later.spec {
            self.out.error("E103", &subject, "An older version follows a newer OCFL than the version after it.");
        }
        for (k, version) in &own.versions {
            let Some(now) = root.versions.get(k) else {
                self.out.error("E066", &subject, format!("It has version {k}, which the object does not have."));
                continue;
            };
            if now.name != version.name {
                self.out.error("E013", &subject, "Versions are named in another way than in the object's inventory.");
            }
            if !same_state((own, &version.state), (root, &now.state)) {
                self.out.error("E066", &subject, format!("Version {k} holds other files here than in the object's inventory."));
            }
            if now.about != version.about {
                self.out.warn(
                    "W011",
                    &subject,
                    format!("Version {k} has another time, message or user than in the object's inventory."),
                );
            }
        }
        self.expect(own, &subject);
        self.older.push((n, subject, listed(own)));
    }

    /// Takes down what an inventory says of each file.
    fn expect(&mut self, inventory: &Inventory, subject: &str) {
        let blocks = [(inventory.algorithm, "E092", &inventory.manifest)];
        let fixity = inventory.fixity.iter().map(|(a, block)| (*a, "E093", block));
        for (algorithm, code, block) in blocks.into_iter().chain(fixity) {
            for (digest, paths) in block {
                for path in paths {
                    let all = self.expected.entry(path.clone()).or_default();
                    let digest = digest.to_ascii_lowercase();
                    // Every version repeats what the one before it said: once is enough.
                    if !all.iter().any(|(a, d, c, _)| (*a, d.as_str(), *c) == (algorithm, digest.as_str(), code)) {
                        all.push((algorithm, digest, code, subject.to_owned()));
                    }
                }
            }
        }
    }

    /// Every file is listed, in the object's inventory and in that of each version that already had it.
    fn coverage(&mut self, root: &Inventory, files: &BTreeSet<String>) {
        let all = listed(root);
        for file in files.difference(&all) {
            self.out.error("E023", file, "This file is not in the manifest.");
        }
        for (n, subject, had) in &self.older {
            for file in files.intersection(&all).filter(|f| !had.contains(*f)) {
                let of = file.split('/').next().and_then(version_number).map_or(u32::MAX, |v| v.0);
                if of <= *n {
                    let file = crate::safe::line(file);
                    self.out.error("E023", subject, format!("{file} is not in the manifest of this version."));
                }
            }
        }
    }

    /// Reads every file once and compares it with all that is said of it.
    fn content(&mut self, files: &BTreeSet<String>) {
        for (path, expected) in &self.expected {
            if !files.contains(path) {
                for (_, _, code, subject) in expected {
                    self.out.error(code, path, format!("{subject} lists this file, and it is not there."));
                }
                continue;
            }
            let algorithms: Vec<Algorithm> = expected.iter().map(|e| e.0).collect::<BTreeSet<_>>().into_iter().collect();
            let read = File::open(self.root.join(path)).and_then(|mut f| digests(&mut f, &algorithms));
            match read {
                Err(e) => self.out.error("E092", path, format!("This file cannot be read to its end ({}).", e.kind())),
                Ok(found) => {
                    for (algorithm, digest, code, subject) in expected {
                        let at = algorithms.binary_search(algorithm).expect("collected from the same list");
                        if found[at] != *digest {
                            let words = format!("This file does not have the {algorithm} digest that {subject} states.");
                            self.out.error(code, path, words);
                        }
                    }
                }
            }
        }
    }

    fn extensions(&mut self) -> Result<(), OcflError> {
        let here = list(&self.root.join("extensions"), "extensions", &mut self.out)?;
        for file in &here.files {
            self.out.error("E067", &below("extensions", file), "The folder of extensions holds folders only.");
        }
        for name in &here.folders {
            let shown = below("extensions", name);
            if !REGISTERED.contains(&name.as_str()) {
                self.out.warn("W013", &shown, "This extension is not registered.");
            }
            self.free(&shown)?;
        }
        Ok(())
    }

    /// A folder whose contents are free, except that nothing in it may lead elsewhere.
    fn free(&mut self, folder: &str) -> Result<(), OcflError> {
        walk(&self.root.join(folder), folder, 0, &mut BTreeSet::new(), &mut Vec::new(), &mut self.out)
    }
}

fn listed(inventory: &Inventory) -> BTreeSet<String> {
    inventory.manifest.iter().flat_map(|(_, p)| p.iter().cloned()).collect()
}

/// Whether two inventories give a version the same files, perhaps by digests of different algorithms.
fn same_state((a, a_state): (&Inventory, &ByDigest), (b, b_state): (&Inventory, &ByDigest)) -> bool {
    fn by_path(state: &ByDigest) -> BTreeMap<&str, String> {
        state.iter().flat_map(|(d, p)| p.iter().map(move |p| (p.as_str(), d.to_ascii_lowercase()))).collect()
    }
    let (x, y) = (by_path(a_state), by_path(b_state));
    if a.algorithm == b.algorithm {
        return x == y;
    }
    let (in_a, in_b) = (a.paths(), b.paths());
    x.len() == y.len()
        && x.iter().all(|(path, d)| {
            let (Some(p), Some(e)) = (in_a.get(d), y.get(path)) else { return false };
            in_b.get(e).is_some_and(|q| p.iter().any(|one| q.contains(one)))
        })
}
