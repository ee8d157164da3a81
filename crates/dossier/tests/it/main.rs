//! Productions made from a hand-made extract: whole, damaged, forged, hostile, and before other people's programs.

mod bags;
mod damage;
mod forged;
mod gates;
mod hostile;
mod load_file;
mod ocfl;
mod papers;
mod print;
mod revised;
mod sample;
mod stamped;
mod tamper;
mod validators;
mod wacz;
mod whole;

use sample::Sample;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use zapys_domain::Progress;
use zapys_dossier::{CheckStatus, Format, Verdict, WriteError, Written, verify_production, write};
use zapys_ledger::Signer;

/// A production on disk, in a folder that goes away with it.
struct Made {
    sample: Sample,
    path: PathBuf,
    _home: tempfile::TempDir,
}

fn make(sample: Sample, format: Format, sealed: bool) -> Made {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("production");
    put(&sample, &path, format, sealed).expect("writes");
    Made { sample, path, _home: home }
}
fn put(s: &Sample, path: &Path, format: Format, sealed: bool) -> Result<Written, WriteError> {
    let signer: Option<&dyn Signer> = if sealed { Some(&s.key) } else { None };
    write(&s.extract, &s.objects, path, format, signer, &Progress::hidden())
}
impl Made {
    fn verdict(&self) -> Verdict {
        verify_production(&self.path, Some(self.sample.key.key())).expect("can be looked at")
    }
    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path.join(file)).expect("reads")
    }
    fn text(&self, file: &str) -> String {
        String::from_utf8(self.read(file)).expect("is text")
    }
    fn put(&self, file: &str, bytes: impl AsRef<[u8]>) {
        let full = self.path.join(file);
        fs::create_dir_all(full.parent().expect("has a parent")).expect("makes folders");
        fs::write(full, bytes).expect("writes");
    }
    fn files(&self) -> Vec<String> {
        all(&self.path).into_keys().collect()
    }
}

/// Every file below `root`, by path.
fn all(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &Path, prefix: &str, out: &mut BTreeMap<String, Vec<u8>>) {
        for e in fs::read_dir(dir).expect("lists") {
            let e = e.expect("lists");
            let name = format!("{prefix}{}", e.file_name().to_str().expect("UTF-8"));
            if e.path().is_dir() {
                walk(&e.path(), &format!("{name}/"), out);
            } else {
                out.insert(name, fs::read(e.path()).expect("reads"));
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(root, "", &mut out);
    out
}

/// Subjects of all faults.
fn named(v: &Verdict) -> Vec<&str> {
    assert_eq!(v.holds, v.faults().next().is_none());
    v.faults().filter_map(|c| c.subject.as_deref()).collect()
}

fn status_of(v: &Verdict, name: &str) -> Vec<CheckStatus> {
    v.checks.iter().filter(|c| c.name == name).map(|c| c.status).collect()
}
