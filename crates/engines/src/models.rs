//! Model packs and native libraries: folders with a `pack.toml` that names every file with its digest.
//!
//! Nothing is ever fetched at run time. A pack comes here by the build, or from any folder through [`import`], which
//! verifies while it copies. Before a model is used its digests are checked once: what a transcript says of its engine
//! is true.

use crate::EngineError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use zapys_host_protocol::Spelling;

/// Name of the manifest in a pack's folder.
pub const MANIFEST: &str = "pack.toml";
/// A manifest longer than this is none.
const MAX_MANIFEST: u64 = 1 << 20;
/// More files than any pack has.
const MAX_FILES: usize = 10_000;

/// What a pack is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackKind {
    /// Speech to text.
    Speech,
    /// Where somebody speaks.
    Gate,
    /// Who speaks when, and what a voice sounds like.
    Voices,
    /// Text to text in another language.
    Translation,
    /// Words and their forms.
    Lexicon,
    /// A native library that engine hosts load.
    Library,
}

/// A pack that is installed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pack {
    /// Unique name, also that of its folder.
    pub name: String,
    /// What it is for.
    pub kind: PackKind,
    /// Version of what it holds.
    #[serde(default)]
    pub version: String,
    /// BCP 47 tags; `mul` for many; empty where it does not matter.
    pub languages: Vec<String>,
    /// SPDX expression.
    pub licence: String,
    /// Where it came from.
    #[serde(default)]
    pub source: Vec<String>,
    /// Its files.
    #[serde(rename = "file")]
    pub files: Vec<PackFile>,
    /// How its model is asked, where it turns text into text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<Texts>,
    /// How its network is asked, where it spells what it hears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<Spelling>,
    /// Where it lies.
    #[serde(skip)]
    pub folder: PathBuf,
}
/// How a translation model is asked. `languages` of its pack are those that it translates from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Texts {
    /// BCP 47 tags that it translates into; `mul` for many.
    pub to: Vec<String>,
    /// The SentencePiece model that cuts texts into its pieces, a file of the pack.
    pub pieces: String,
    /// Tokens before each text; in these and the next, `{from}` and `{to}` stand for the languages as the model names them.
    pub source_begin: Vec<String>,
    /// Tokens after each text.
    pub source_end: Vec<String>,
    /// Tokens that each translation begins with.
    pub target_begin: Vec<String>,
    /// What the model calls languages, by primary tag, where that is not the tag itself: `ru = "rus_Cyrl"`.
    pub names: BTreeMap<String, String>,
}
impl Texts {
    /// Tokens with the languages put in.
    pub fn spelled(&self, tokens: &[String], from: &str, to: &str) -> Vec<String> {
        let name = |tag: &str| self.names.get(tag).map_or(tag, String::as_str).to_owned();
        tokens.iter().map(|t| t.replace("{from}", &name(from)).replace("{to}", &name(to))).collect()
    }
}
/// One file of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackFile {
    /// Name in the pack's folder.
    pub name: String,
    /// Length.
    pub bytes: u64,
    /// SHA-256 (hex).
    pub sha256: String,
}

impl Pack {
    /// Reads a pack's manifest and looks whether its files are there in full length; digests are not computed.
    /// Errors: `Missing` where the pack or a file of it is not there, `Failed` where the manifest makes no sense.
    pub fn open(folder: &Path) -> Result<Self, EngineError> {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let pack = Self::read(folder).map_err(|reason| match reason {
            Flaw::Absent => missing(&name),
            Flaw::Broken(reason) => EngineError::Failed { tool: "models", reason: format!("the pack {name} {reason}") },
        })?;
        let whole = |f: &PackFile| std::fs::metadata(pack.folder.join(&f.name)).is_ok_and(|m| m.is_file() && m.len() == f.bytes);
        if pack.files.iter().all(whole) { Ok(pack) } else { Err(missing(&name)) }
    }

    fn read(folder: &Path) -> Result<Self, Flaw> {
        let mut text = String::new();
        let file = File::open(folder.join(MANIFEST)).map_err(|_| Flaw::Absent)?;
        file.take(MAX_MANIFEST).read_to_string(&mut text).map_err(|_| Flaw::Broken("has an unreadable manifest"))?;
        let mut pack: Self = toml::from_str(&text).map_err(|_| Flaw::Broken("has a manifest that makes no sense"))?;
        let plain = |n: &str| Path::new(n).components().map(|c| matches!(c, Component::Normal(_))).eq([true]);
        let digest = |s: &str| s.len() == 64 && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let sound = plain(&pack.name)
            && !pack.name.starts_with('.')
            && pack.files.len() <= MAX_FILES
            && pack.files.iter().all(|f| plain(&f.name) && f.name != MANIFEST && digest(&f.sha256));
        if !sound {
            return Err(Flaw::Broken("has a manifest that names impossible files"));
        }
        pack.folder = folder.to_owned();
        Ok(pack)
    }

    /// Bytes of the model that writes speech down; 0 where it holds none.
    pub fn speech_weights(&self) -> u64 {
        let model = self.spelling.as_ref().map_or("model.bin", |s| s.model.as_str());
        self.file(model).map_or(0, |f| f.bytes)
    }

    /// Reads every file and compares digests. Returns the names of those that differ or are missing. Errors: `Io` never
    /// for a file that is not there.
    pub fn verify(&self) -> Result<Vec<String>, EngineError> {
        let mut bad = Vec::new();
        for f in &self.files {
            match digest(&self.folder.join(&f.name)) {
                Ok(found) if found == f.sha256 => {}
                Ok(_) => bad.push(f.name.clone()),
                Err(e) if e.kind() == io::ErrorKind::NotFound => bad.push(f.name.clone()),
                Err(e) => return Err(EngineError::Io(e)),
            }
        }
        Ok(bad)
    }

    /// [`Pack::verify`] as a condition. Errors: `Missing` with the remedy where a file is not what it should be.
    pub fn require_intact(&self) -> Result<(), EngineError> {
        if self.verify()?.is_empty() {
            return Ok(());
        }
        Err(EngineError::Missing {
            what: format!("an intact pack {}", self.name),
            hint: "A file of it has changed; remove its folder and install the pack again.".into(),
        })
    }

    /// A file of the pack. Errors: `Missing`.
    pub fn file(&self, name: &str) -> Result<&PackFile, EngineError> {
        self.files.iter().find(|f| f.name == name).ok_or_else(|| missing(&self.name))
    }

    /// SHA-256 (hex) over names and digests of all files, sorted by name.
    pub fn sha256(&self) -> String {
        let mut lines: Vec<String> = self.files.iter().map(|f| format!("{}  {}\n", f.sha256, f.name)).collect();
        lines.sort_by(|a, b| a[66..].cmp(&b[66..]));
        hex(&Sha256::digest(lines.concat()))
    }
}

enum Flaw {
    Absent,
    Broken(&'static str),
}

/// Folder of the packs: as configured, else `$ZAPYS_PACKS`, else the user's cache folder.
pub fn packs_dir(configured: Option<&Path>) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let cache = || {
        let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
        base.unwrap_or_else(|| PathBuf::from(".cache")).join("zapys/packs")
    };
    configured.map(Path::to_owned).or_else(|| set("ZAPYS_PACKS")).unwrap_or_else(cache)
}

/// All packs of a folder, by name; what is no whole pack is left out. Errors: `Io`; a missing folder holds no packs.
pub fn list(dir: &Path) -> Result<Vec<Pack>, EngineError> {
    let entries = match std::fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(EngineError::Io)?,
    };
    let mut packs = Vec::new();
    for entry in entries {
        let entry = entry.map_err(EngineError::Io)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            packs.extend(Pack::open(&entry.path()));
        }
    }
    packs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packs)
}

/// Copies a pack from a folder (a disk handed over, say) among the packs of `dir`, verifying every file. A pack of the
/// same name is replaced once the new one is whole. Links are not taken along.
/// Errors: `Missing` where `from` is no whole pack, `Failed` where bytes differ from their digest, `Io`.
pub fn import(from: &Path, dir: &Path) -> Result<Pack, EngineError> {
    let pack = Pack::open(from)?;
    std::fs::create_dir_all(dir).map_err(EngineError::Io)?;
    let new = tempfile::Builder::new().prefix(".import-").tempdir_in(dir).map_err(EngineError::Io)?;
    for f in &pack.files {
        if copy(&from.join(&f.name), &new.path().join(&f.name)).map_err(EngineError::Io)? != f.sha256 {
            let reason = format!("the file {} is not what the pack's manifest says", f.name);
            return Err(EngineError::Failed { tool: "models", reason });
        }
    }
    let text = toml::to_string(&pack).map_err(|e| EngineError::Output(e.to_string()))?;
    std::fs::write(new.path().join(MANIFEST), text).map_err(EngineError::Io)?;
    let target = dir.join(&pack.name);
    if target.exists() {
        std::fs::remove_dir_all(&target).map_err(EngineError::Io)?;
    }
    std::fs::rename(new.keep(), &target).map_err(EngineError::Io)?;
    Pack::open(&target)
}

fn missing(name: &str) -> EngineError {
    EngineError::Missing {
        what: format!("the pack {name}"),
        hint: "Run `make run` on a connected machine, or bring the pack's folder with `zapys models import PATH`.".into(),
    }
}

/// Copies and gives the SHA-256 (hex) of what was copied.
fn copy(from: &Path, to: &Path) -> io::Result<String> {
    let mut out = File::create_new(to)?;
    let digest = digest_into(from, |chunk| out.write_all(chunk))?;
    out.sync_all()?;
    Ok(digest)
}

/// SHA-256 (hex) of a file.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    digest_into(path, |_| Ok(()))
}

fn digest_into(path: &Path, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut chunk)?;
        if n == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&chunk[..n]);
        each(&chunk[..n])?;
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let folder = dir.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("model.bin"), bytes).unwrap();
        let digest = hex(&Sha256::digest(bytes));
        let text = format!(
            "name = \"{name}\"\nkind = \"speech\"\nlanguages = [\"uk\"]\nlicence = \"MIT\"\nplan = \"x\"\n\
             [[file]]\nname = \"model.bin\"\nbytes = {}\nsha256 = \"{digest}\"\n",
            bytes.len()
        );
        std::fs::write(folder.join(MANIFEST), text).unwrap();
        folder
    }

    #[test]
    fn packs_are_found_and_their_bytes_checked() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(list(&dir.path().join("nowhere")).unwrap(), []);
        pack(dir.path(), "b", b"weights");
        let a = pack(dir.path(), "a", b"more weights");
        let packs = list(dir.path()).unwrap();
        assert_eq!(packs.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        packs[0].require_intact().unwrap();
        assert_ne!(packs[0].sha256(), packs[1].sha256());

        std::fs::write(a.join("model.bin"), b"more weightz").unwrap();
        let flawed = Pack::open(&a).unwrap();
        assert_eq!(flawed.verify().unwrap(), ["model.bin"]);
        assert!(matches!(flawed.require_intact(), Err(EngineError::Missing { .. })));
        std::fs::write(a.join("model.bin"), b"more").unwrap();
        assert!(matches!(Pack::open(&a), Err(EngineError::Missing { .. })), "a cut file makes no pack");
    }

    #[test]
    fn a_translation_pack_says_how_its_model_is_asked() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = pack(from.path(), "nllb", b"weights");
        let text = std::fs::read_to_string(folder.join(MANIFEST)).unwrap().replacen("\"speech\"", "\"translation\"", 1);
        let table = "[texts]\nto = [\"en\"]\npieces = \"model.bin\"\nsource_begin = [\"{from}\"]\ntarget_begin = [\"{to}\"]\n\
                     [texts.names]\nru = \"rus_Cyrl\"\n";
        std::fs::write(folder.join(MANIFEST), text + table).unwrap();
        let texts = import(&folder, to.path()).unwrap().texts.expect("it says how");
        assert_eq!(texts.spelled(&texts.source_begin, "ru", "en"), ["rus_Cyrl"]);
        assert_eq!(texts.spelled(&texts.target_begin, "ru", "en"), ["en"]);
    }

    #[test]
    fn import_verifies_and_replaces() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let source = pack(from.path(), "p", b"weights");
        let packs = to.path().join("packs");
        for _ in 0..2 {
            let here = import(&source, &packs).unwrap();
            assert_eq!((here.folder.clone(), here.verify().unwrap()), (packs.join("p"), vec![]));
        }
        std::fs::write(source.join("model.bin"), b"weightz").unwrap();
        assert!(matches!(import(&source, &packs), Err(EngineError::Failed { .. })));
        assert_eq!(std::fs::read(packs.join("p/model.bin")).unwrap(), b"weights", "the good one stays");
        let left: Vec<_> = std::fs::read_dir(&packs).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["p"]);
        assert!(matches!(import(from.path(), &packs), Err(EngineError::Missing { .. })));
    }

    #[test]
    fn hostile_manifests_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = pack(dir.path(), "p", b"w");
        let text = std::fs::read_to_string(folder.join(MANIFEST)).unwrap();
        for (from, to) in [
            ("name = \"model.bin\"", "name = \"../../etc/passwd\""),
            ("name = \"model.bin\"", "name = \"/etc/passwd\""),
            ("name = \"p\"", "name = \"../p\""),
            ("name = \"p\"", "name = \".p\""),
            ("sha256 = \"", "sha256 = \"zz"),
            ("kind = \"speech\"", "kind = \"magic\""),
        ] {
            std::fs::write(folder.join(MANIFEST), text.replacen(from, to, 1)).unwrap();
            assert!(matches!(Pack::open(&folder), Err(EngineError::Failed { .. })), "{to}");
        }
    }
}
