//! Making an object, and adding versions to one that is there.
//!
//! New files are first laid down beside the object, in `<object>.partial`; only a finished version appears in it. What an
//! earlier version brought is never touched: a file whose SHA-512 is already known is listed again and not stored again.
//! The same files and the same words give the same bytes.

use super::inventory::{self, Inventory, version_number};
use super::root::{LAID_OUT, LAYOUT, path_of};
use super::{Algorithm, Finding, Findings, INVENTORY, MAX_INVENTORY, OBJECT_1_1, OcflError, ROOT_1_1, check};
use crate::digest::{BUFFER, Digests, Hasher};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use zapys_domain::{Fault, FaultKind, Instant};
use zapys_ledger::Hash;

/// Marks a folder that is being written, so that what an interrupted run left may be cleared away.
const MARK: &str = ".zapys-partial";

/// What is said of a version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionInfo {
    /// When it is made.
    pub created: Instant,
    /// Why, in a sentence.
    pub message: String,
    /// Name of who makes it; a pseudonym will do.
    pub user: String,
    /// Where he can be found, as a URI; without it validators warn (W008).
    pub address: Option<String>,
}

/// One file to be put in.
pub struct Logical<'a> {
    /// Its path in the version, with `/` between folders.
    pub path: String,
    /// Its bytes.
    pub from: Box<dyn Read + 'a>,
}

/// A version that was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedVersion {
    /// Name, e.g. `v2`.
    pub version: String,
    /// SHA-512 of the inventory, as its sidecar states it.
    pub inventory_sha512: String,
    /// SHA-256 of the same, to be noted at hand-over.
    pub inventory_sha256: Hash,
    /// Files in the version, and how many of them were stored by an earlier one.
    pub files: usize,
    #[allow(missing_docs)]
    pub already_there: usize,
}

/// Why a version was not written.
#[derive(Debug, thiserror::Error)]
pub enum DepositError {
    /// The object cannot be written.
    #[error("the deposit cannot be written")]
    Io(#[from] io::Error),
    /// Its `.partial` twin is there and is not ours.
    #[error("the path for the deposit, or its .partial twin, is taken")]
    Exists,
    /// What is there does not hold, so nothing is added to it.
    #[error("the object that is already there does not hold: {} fault{}, the first is {}", .0.len(), if .0.len() == 1 { "" } else { "s" }, .0.first().map_or("unknown", |f| f.code))]
    Broken(Vec<Finding>),
    /// What is there is another object.
    #[error("the object that is already there has another id")]
    OtherId,
    /// A path that no version may have.
    #[error("a path cannot be used in a deposit: it leads elsewhere, occurs twice, or is also a folder")]
    Path,
    /// What is there cannot be read.
    #[error(transparent)]
    Unreadable(#[from] OcflError),
}
impl Fault for DepositError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Io(_) => FaultKind::Environment,
            Self::Exists | Self::OtherId => FaultKind::Usage,
            Self::Broken(_) => FaultKind::Integrity,
            Self::Path => FaultKind::Input,
            Self::Unreadable(e) => e.kind(),
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Io(_) => "check that the folder exists, may be written and has space".into(),
            Self::Exists => "choose a path that does not exist yet, or that of an OCFL object of the same case".into(),
            Self::Broken(_) => "check the object with `zapys-verify`, and deposit to a new path".into(),
            Self::OtherId => "choose the object of the same case, or a new path".into(),
            Self::Path => "give each file a relative path of its own".into(),
            Self::Unreadable(e) => e.hint(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "deposit-unwritable",
            Self::Exists => "deposit-exists",
            Self::Broken(_) => "deposit-broken",
            Self::OtherId => "deposit-other-id",
            Self::Path => "deposit-path",
            Self::Unreadable(e) => e.code(),
        }
    }
}

/// Where a file is stored, and its second digest.
#[derive(Clone)]
struct Stored {
    paths: Vec<String>,
    sha256: Option<String>,
}

/// Takes the files of one version one after another; [`ObjectWriter::finish`] makes it appear.
pub struct ObjectWriter {
    root: PathBuf,
    stage: PathBuf,
    id: String,
    /// Name of the version that is being made.
    version: String,
    content: String,
    /// Version blocks of the object that is there, as they stand.
    before: Option<Map<String, Value>>,
    fixity: Map<String, Value>,
    /// By SHA-512 in lower case.
    manifest: BTreeMap<String, Stored>,
    state: BTreeMap<String, String>,
    open: Option<(String, BufWriter<File>, Hasher)>,
    already_there: usize,
    done: bool,
}

impl ObjectWriter {
    /// Begins an object at `root`, or, where an object with this id is, its next version. `id`: a URI.
    /// Errors: [`DepositError`]; an object that does not hold, or has another id, is not added to.
    pub fn open(root: &Path, id: &str) -> Result<Self, DepositError> {
        let mut name = root.file_name().ok_or(DepositError::Exists)?.to_owned();
        name.push(".partial");
        let stage = root.with_file_name(name);
        let mut writer = Self {
            root: root.into(),
            stage,
            id: id.into(),
            version: "v1".into(),
            content: "content".into(),
            before: None,
            fixity: Map::new(),
            manifest: BTreeMap::new(),
            state: BTreeMap::new(),
            open: None,
            already_there: 0,
            // Until the stage is ours, nothing may be cleared away.
            done: true,
        };
        if root.symlink_metadata().is_ok() {
            writer.continue_from(id)?;
        }
        // The mark goes just before the folder gets its name; killed between, an object that was finished is there.
        if [MARK, &format!("0={OBJECT_1_1}")].into_iter().any(|name| writer.stage.join(name).is_file()) {
            fs::remove_dir_all(&writer.stage)?;
        }
        // Cut off before the mark was set, it is empty.
        let _ = fs::remove_dir(&writer.stage);
        fs::create_dir(&writer.stage).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => DepositError::Exists,
            _ => e.into(),
        })?;
        writer.done = false;
        File::create_new(writer.stage.join(MARK))?;
        File::open(&writer.stage)?.sync_all()?;
        fs::create_dir(writer.stage.join("new"))?;
        Ok(writer)
    }

    fn continue_from(&mut self, id: &str) -> Result<(), DepositError> {
        let meta = self.root.symlink_metadata()?;
        if !meta.is_dir() || !self.root.join(INVENTORY).is_file() {
            return Err(DepositError::Exists);
        }
        let faults: Vec<Finding> = check(&self.root)?.into_iter().filter(|f| f.weight == super::Weight::Error).collect();
        if !faults.is_empty() {
            return Err(DepositError::Broken(faults));
        }
        let bytes = super::tree::read(&self.root.join(INVENTORY), MAX_INVENTORY)?;
        let unreadable = || DepositError::Unreadable(OcflError::NotOcfl);
        let own = inventory::read(&bytes, INVENTORY, &mut Findings::default()).ok_or_else(unreadable)?;
        if own.id != id {
            return Err(DepositError::OtherId);
        }
        // Only objects as we write them are continued: one algorithm, unpadded names, OCFL 1.1.
        let ours = own.algorithm == Algorithm::Sha512 && self.root.join(format!("0={OBJECT_1_1}")).is_file();
        let (n, width) = version_number(&own.head).ok_or_else(unreadable)?;
        if !ours || width != 0 {
            return Err(DepositError::Exists);
        }
        let doc: Map<String, Value> = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        self.before = doc.get("versions").and_then(Value::as_object).cloned();
        self.fixity = doc.get("fixity").and_then(Value::as_object).cloned().unwrap_or_default();
        self.version = format!("v{}", n + 1);
        self.content.clone_from(&own.content);
        self.manifest = stored(&own);
        Ok(())
    }

    /// Name of the version that is being made, e.g. `v2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Opens a file; what is written until [`ObjectWriter::end`] belongs to it. Errors: [`DepositError::Path`], I/O.
    pub fn begin(&mut self, logical: &str) -> Result<(), DepositError> {
        let parts: Vec<&str> = logical.split('/').collect();
        let odd = |p: &&str| matches!(*p, "" | "." | "..") || p.contains(['\\', '\0']);
        let above = logical.match_indices('/').any(|(i, _)| self.state.contains_key(&logical[..i]));
        let inside = format!("{logical}/");
        let within = self.state.range(inside.clone()..).next().is_some_and(|(p, _)| p.starts_with(&inside));
        if parts.iter().any(odd) || above || within || self.state.contains_key(logical) {
            return Err(DepositError::Path);
        }
        let path = self.stage.join("new").join(&self.content).join(logical);
        fs::create_dir_all(path.parent().ok_or(DepositError::Path)?)?;
        let file = BufWriter::with_capacity(BUFFER, File::create_new(path)?);
        self.open = Some((logical.into(), file, Hasher::default()));
        Ok(())
    }

    /// Ends the file and gives its digests. Errors: I/O.
    pub fn end(&mut self) -> Result<Digests, DepositError> {
        let (logical, file, hasher) = self.open.take().expect("a file is open");
        file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let digests = hasher.finish();
        let sha512 = digests.sha512_hex();
        let path = self.stage.join("new").join(&self.content).join(&logical);
        if let Some(known) = self.manifest.get_mut(&sha512) {
            known.sha256.get_or_insert_with(|| digests.sha256.hex());
            self.already_there += 1;
            fs::remove_file(&path)?;
            self.prune(path.parent())?;
        } else {
            let stored = format!("{}/{}/{logical}", self.version, self.content);
            self.manifest.insert(sha512.clone(), Stored { paths: vec![stored], sha256: Some(digests.sha256.hex()) });
        }
        self.state.insert(logical, sha512);
        Ok(digests)
    }

    /// Removes folders that held only a file that is stored elsewhere: a version has no empty folders.
    fn prune(&self, from: Option<&Path>) -> io::Result<()> {
        let top = self.stage.join("new");
        let mut at = from;
        while let Some(dir) = at.filter(|d| *d != top && d.starts_with(&top)) {
            if fs::read_dir(dir)?.next().is_some() {
                break;
            }
            fs::remove_dir(dir)?;
            at = dir.parent();
        }
        Ok(())
    }

    /// Puts in a whole file. Errors: those of reading, [`DepositError::Path`].
    pub fn put(&mut self, logical: &str, from: &mut dyn Read) -> Result<Digests, DepositError> {
        self.begin(logical)?;
        io::copy(from, self)?;
        self.end()
    }

    fn inventory(&self, info: &VersionInfo) -> Value {
        let mut state: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (logical, digest) in &self.state {
            state.entry(digest).or_default().push(logical);
        }
        let mut user = json!({"name": info.user});
        if let Some(address) = &info.address {
            user["address"] = json!(address);
        }
        let mut versions = self.before.clone().unwrap_or_default();
        let block = json!({"created": info.created, "message": info.message, "user": user, "state": state});
        versions.insert(self.version.clone(), block);
        let manifest: BTreeMap<&str, &[String]> = self.manifest.iter().map(|(d, s)| (d.as_str(), s.paths.as_slice())).collect();
        let mut sha256: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for s in self.manifest.values() {
            if let Some(digest) = &s.sha256 {
                sha256.entry(digest).or_default().extend(&s.paths);
            }
        }
        let mut fixity = self.fixity.clone();
        fixity.insert("sha256".into(), json!(sha256));
        let mut doc = json!({
            "id": self.id,
            "type": "https://ocfl.io/1.1/spec/#inventory",
            "digestAlgorithm": "sha512",
            "head": self.version,
        });
        if self.content != "content" {
            doc["contentDirectory"] = json!(self.content);
        }
        doc["manifest"] = json!(manifest);
        doc["versions"] = json!(versions);
        doc["fixity"] = Value::Object(fixity);
        doc
    }

    /// Writes the inventory and makes the version appear. Errors: I/O; then the object is as it was before, unless the
    /// machine stopped between two renames, which [`check`] shows as E046 or E060.
    pub fn finish(mut self, info: &VersionInfo) -> Result<SealedVersion, DepositError> {
        let mut bytes = serde_json::to_vec_pretty(&self.inventory(info)).map_err(io::Error::other)?;
        bytes.push(b'\n');
        let digest = Algorithm::Sha512.of(&bytes);
        let sidecar = format!("{digest} {INVENTORY}\n");
        let new = self.stage.join("new");
        // Thousands of small files: one flush of the file system costs less than one of each.
        rustix::fs::syncfs(File::open(&new)?).map_err(io::Error::from)?;
        for dir in [&new, &self.stage] {
            durable(&dir.join(INVENTORY), &bytes)?;
            durable(&dir.join(format!("{INVENTORY}.sha512")), sidecar.as_bytes())?;
        }
        if self.before.is_some() {
            fs::rename(&new, self.root.join(&self.version))?;
            for name in [INVENTORY, "inventory.json.sha512"] {
                fs::rename(self.stage.join(name), self.root.join(name))?;
            }
            File::open(&self.root)?.sync_all()?;
            fs::remove_dir_all(&self.stage)?;
        } else {
            durable(&self.stage.join(format!("0={OBJECT_1_1}")), format!("{OBJECT_1_1}\n").as_bytes())?;
            fs::rename(&new, self.stage.join(&self.version))?;
            fs::remove_file(self.stage.join(MARK))?;
            File::open(&self.stage)?.sync_all()?;
            if self.root.symlink_metadata().is_ok() {
                return Err(DepositError::Exists);
            }
            fs::rename(&self.stage, &self.root)?;
        }
        self.done = true;
        Ok(SealedVersion {
            version: self.version.clone(),
            inventory_sha512: digest,
            inventory_sha256: Hash::of(&bytes),
            files: self.state.len(),
            already_there: self.already_there,
        })
    }
}
impl Write for ObjectWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (_, file, hasher) = self.open.as_mut().expect("a file is open");
        file.write_all(bytes)?;
        hasher.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl Drop for ObjectWriter {
    /// Nothing half-done stays behind.
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.stage);
        }
    }
}

fn durable(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The manifest of an object that is there, with what its fixity block says in SHA-256.
fn stored(own: &Inventory) -> BTreeMap<String, Stored> {
    let sha256: BTreeMap<&str, &str> = own
        .fixity
        .iter()
        .filter(|(a, _)| *a == Algorithm::Sha256)
        .flat_map(|(_, block)| block.iter().flat_map(|(d, paths)| paths.iter().map(move |p| (p.as_str(), d.as_str()))))
        .collect();
    own.manifest
        .iter()
        .map(|(digest, paths)| {
            let second = paths.iter().find_map(|p| sha256.get(p.as_str())).map(|d| (*d).to_owned());
            (digest.to_ascii_lowercase(), Stored { paths: paths.clone(), sha256: second })
        })
        .collect()
}

/// Writes an object at `root`, or its next version, from `files`. Errors: [`DepositError`], those of `files`.
pub fn write_object(
    root: &Path,
    id: &str,
    files: &mut dyn Iterator<Item = io::Result<Logical<'_>>>,
    info: &VersionInfo,
) -> Result<SealedVersion, DepositError> {
    let mut writer = ObjectWriter::open(root, id)?;
    for file in files {
        let mut file = file?;
        writer.put(&file.path, &mut file.from)?;
    }
    writer.finish(info)
}

/// Makes `root` a storage root where it is none yet (layout 0003), and gives the path for an object with this id in it.
/// Errors: [`DepositError::Exists`] where `root` is something else.
pub fn add_to_root(root: &Path, id: &str) -> Result<PathBuf, DepositError> {
    let declaration = root.join(format!("0={ROOT_1_1}"));
    if !declaration.is_file() {
        if root.symlink_metadata().is_ok() && fs::read_dir(root)?.next().is_some() {
            return Err(DepositError::Exists);
        }
        let home = root.join("extensions").join(LAID_OUT);
        fs::create_dir_all(&home)?;
        let config = json!({"extensionName": LAID_OUT, "digestAlgorithm": "sha256", "tupleSize": 3, "numberOfTuples": 3});
        let layout = json!({"extension": LAID_OUT, "description": "Three folders of three characters from the SHA-256 of the id, then the id, percent-encoded"});
        for (path, value) in [(home.join("config.json"), config), (root.join(LAYOUT), layout)] {
            let mut bytes = serde_json::to_vec_pretty(&value).map_err(io::Error::other)?;
            bytes.push(b'\n');
            durable(&path, &bytes)?;
        }
        durable(&declaration, format!("{ROOT_1_1}\n").as_bytes())?;
    }
    let path = root.join(path_of(id));
    fs::create_dir_all(path.parent().ok_or(DepositError::Exists)?)?;
    Ok(path)
}
