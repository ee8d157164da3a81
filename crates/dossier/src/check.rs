//! Verification of a production, from the production alone: no case, no network, no trust in whoever made it.
//!
//! Everything read is hostile: bytes are streamed, texts have a limit, links are not followed, and a fault is a line in
//! the verdict, never a panic. [`verify_production`] errs only where nothing can be looked at.

mod bag;
mod inert;
mod package;
mod production;
mod trail;

use crate::digest::{Digests, copy};
use package::Package;
pub use package::PackageError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use zapys_domain::{Fault, FaultKind};
use zapys_ledger::VerifierKey;

zapys_domain::words! {
    /// What a check found.
    CheckStatus {
        /// It holds.
        Ok = "ok",
        /// It does not hold.
        Fault = "fault",
        /// It could not be looked at; nothing is said either way.
        NotChecked = "not-checked",
    }
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Check {
    /// Stable kebab-case name of the check, e.g. `payload`, `custody`, `checkpoint`.
    pub name: &'static str,
    #[allow(missing_docs)]
    pub status: CheckStatus,
    /// The file or exhibit it is about, where it is about one.
    pub subject: Option<String>,
    /// What was found, in a sentence.
    pub detail: String,
}

/// Whose key the checkpoint was checked with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUsed {
    /// The one the caller brought: the production was made by whoever holds that ledger.
    Given,
    /// The production's own copy: this shows only that the production agrees with itself.
    Own,
    /// None could be read.
    None,
}

/// Everything that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// True where no check found a fault.
    pub holds: bool,
    /// Id of the production, where its manifest could be read.
    pub production: Option<String>,
    /// Name of the ledger, likewise.
    pub origin: Option<String>,
    /// Number of exhibits, likewise.
    pub exhibits: usize,
    /// Files looked at.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// SHA-256 of `manifest-sha256.txt`, to be compared with what was noted at hand-over.
    pub manifest_sha256: Option<String>,
    /// Whose key was used.
    pub key: KeyUsed,
    /// In the order of looking.
    pub checks: Vec<Check>,
}
impl Verdict {
    /// The faults.
    pub fn faults(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.status == CheckStatus::Fault)
    }
}

/// Why nothing could be looked at.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The folder or file cannot be opened or listed.
    #[error(transparent)]
    Package(#[from] PackageError),
}
impl Fault for CheckError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Package(PackageError::Io(_)) => FaultKind::Environment,
            Self::Package(_) => FaultKind::Input,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Package(PackageError::Io(_)) => "check that the path is right and may be read",
            Self::Package(PackageError::Zip(_)) => "ask for the production again, or unpack it and check the folder",
            Self::Package(_) => "give the folder or the zip file of a production",
        }
        .into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Package(PackageError::Io(_)) => "production-unreadable",
            Self::Package(PackageError::Zip(_)) => "production-zip",
            Self::Package(_) => "no-production",
        }
    }
}

/// Collects what is found.
#[derive(Default)]
pub(crate) struct Findings(Vec<Check>);
impl Findings {
    fn put(&mut self, name: &'static str, status: CheckStatus, subject: Option<&str>, detail: impl Into<String>) {
        self.0.push(Check { name, status, subject: subject.map(crate::safe::line), detail: detail.into() });
    }
    pub(crate) fn ok(&mut self, name: &'static str, subject: Option<&str>, detail: impl Into<String>) {
        self.put(name, CheckStatus::Ok, subject, detail);
    }
    pub(crate) fn fault(&mut self, name: &'static str, subject: &str, detail: impl Into<String>) {
        self.put(name, CheckStatus::Fault, Some(subject), detail);
    }
    pub(crate) fn not_checked(&mut self, name: &'static str, subject: Option<&str>, detail: impl Into<String>) {
        self.put(name, CheckStatus::NotChecked, subject, detail);
    }
    /// Whether a fault about this file is already told.
    pub(crate) fn told(&self, subject: &str) -> bool {
        self.0.iter().any(|c| c.status == CheckStatus::Fault && c.subject.as_deref() == Some(subject))
    }
    pub(crate) fn faults(&self) -> usize {
        self.0.iter().filter(|c| c.status == CheckStatus::Fault).count()
    }
}

/// Digests of every file that could be read.
pub(crate) type AllDigests = BTreeMap<String, Digests>;

fn read_all(package: &Package, out: &mut Findings) -> (AllDigests, u64) {
    let (mut all, mut bytes) = (AllDigests::new(), 0);
    for path in package.files.keys() {
        let read = package.open_file(path).and_then(|mut f| copy(&mut f, &mut io::sink(), &mut |_| {}));
        match read {
            Ok(d) => {
                bytes += d.bytes;
                all.insert(path.clone(), d);
            }
            Err(e) => out.fault("readable", path, format!("This file cannot be read to its end ({}).", e.kind())),
        }
    }
    for (path, why) in &package.odd {
        out.fault("names", path, format!("This entry {why}, so it is not followed."));
    }
    (all, bytes)
}

/// Checks a production at `path` (folder or zip). `vkey`: the ledger's public key, had from somewhere other than this
/// production. Errors: [`CheckError`] where there is nothing to look at.
pub fn verify_production(path: &Path, vkey: Option<&VerifierKey>) -> Result<Verdict, CheckError> {
    let package = Package::open(path)?;
    let mut out = Findings::default();
    let (digests, bytes) = read_all(&package, &mut out);
    let seal = production::seal(&package, vkey, &mut out);
    bag::check(&package, &digests, bag::Profile::Production { seal: seal.digests }, &mut out);
    let facts = production::check(&package, &digests, &seal, &mut out);
    let faults = out.faults();
    Ok(Verdict {
        holds: faults == 0,
        production: facts.production,
        origin: facts.origin,
        exhibits: facts.exhibits,
        files: package.files.len() + package.odd.len(),
        bytes,
        manifest_sha256: digests.get(crate::layout::MANIFESTS[0]).map(|d| d.sha256.hex()),
        key: seal.key_used,
        checks: out.0,
    })
}

/// Checks any BagIt 1.0 bag with SHA-256 or SHA-512 manifests against RFC 8493, and nothing else.
/// Errors: [`CheckError`] where there is nothing to look at.
pub fn verify_bag(path: &Path) -> Result<Vec<Check>, CheckError> {
    let package = Package::open(path)?;
    let mut out = Findings::default();
    let (digests, _) = read_all(&package, &mut out);
    bag::check(&package, &digests, bag::Profile::Plain, &mut out);
    Ok(out.0)
}
