//! Verification of a production, from the production alone: no case, no network, no trust in whoever made it.
//!
//! Everything read is hostile: bytes are streamed, texts have a limit, links are not followed, and a fault is a line in
//! the verdict, never a panic. [`verify_production`] errs only where nothing can be looked at.

mod bag;
mod inert;
mod keys;
mod ledger;
mod package;
mod papers;
mod production;
mod revisions;
mod time;
mod trail;

use crate::digest::{Digests, copy};
pub use package::PackageError;
pub(crate) use package::{Package, name_fault};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use zapys_domain::{Fault, FaultKind};
use zapys_ledger::VerifierKey;
use zapys_ledger::stamp::Certificate;

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

zapys_domain::words! {
    /// What was looked at.
    Sort {
        /// A production of ours, as folder or zip.
        Production = "production",
        /// A bag of others.
        Bag = "bag",
        /// An OCFL object, with or without a production in it.
        Deposit = "deposit",
        /// An OCFL storage root.
        DepositRoot = "deposit-root",
        /// A load file.
        LoadFile = "load-file",
        /// Checkpoint and tiles of a ledger.
        Ledger = "ledger",
        /// A web archive.
        Wacz = "wacz",
    }
}

/// Everything that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// True where no check found a fault.
    pub holds: bool,
    /// What was looked at.
    pub sort: Sort,
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
    /// The deposit cannot be read.
    #[error(transparent)]
    Deposit(#[from] crate::ocfl::OcflError),
}
impl Fault for CheckError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Package(PackageError::Io(_)) => FaultKind::Environment,
            Self::Package(_) => FaultKind::Input,
            Self::Deposit(e) => e.kind(),
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Package(PackageError::Io(_)) => "check that the path is right and may be read",
            Self::Package(PackageError::Zip(_)) => "ask for the production again, or unpack it and check the folder",
            Self::Package(_) => "give the folder or the zip file of a production",
            Self::Deposit(e) => return e.hint(),
        }
        .into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Package(PackageError::Io(_)) => "production-unreadable",
            Self::Package(PackageError::Zip(_)) => "production-zip",
            Self::Package(_) => "no-production",
            Self::Deposit(e) => e.code(),
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
    pub(crate) fn into_checks(self) -> Vec<Check> {
        self.0
    }
    pub(crate) fn faults(&self) -> usize {
        self.0.iter().filter(|c| c.status == CheckStatus::Fault).count()
    }
}

/// Digests of every file that could be read.
pub(crate) type AllDigests = BTreeMap<String, Digests>;

pub(crate) fn read_all(package: &Package, out: &mut Findings) -> (AllDigests, u64) {
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

/// What the caller brings along, had from somewhere other than the production.
#[derive(Clone, Default)]
pub struct Options {
    /// The ledger's public key.
    pub vkey: Option<VerifierKey>,
    /// Keys of witnesses who must have signed the head of the ledger too.
    pub witnesses: Vec<VerifierKey>,
    /// Root certificates of time-stamping authorities that the caller trusts.
    pub roots: Vec<Certificate>,
}

/// Checks a production at `path` (folder or zip). `vkey`: the ledger's public key, had from somewhere other than this
/// production. Errors: [`CheckError`] where there is nothing to look at.
pub fn verify_production(path: &Path, vkey: Option<&VerifierKey>) -> Result<Verdict, CheckError> {
    let options = Options { vkey: vkey.cloned(), ..Options::default() };
    Ok(whole(&Package::open(path)?, &options, Sort::Production, Findings::default()))
}

/// Checks whatever lies at `path`: a production in any packing, a bag of others, a deposit, a load file, a ledger's export.
/// Errors: [`CheckError`] where there is nothing to look at.
pub fn verify(path: &Path, options: &Options) -> Result<Verdict, CheckError> {
    if !std::fs::metadata(path).map_err(PackageError::from)?.is_dir() {
        if crate::wacz::is_wacz(path) {
            return crate::wacz::check(path);
        }
        return Ok(package(Package::open(path)?, options));
    }
    let has = |name: &str| path.join(name).is_file();
    let declares = |what: &str| ["1.0", "1.1"].iter().any(|v| has(&format!("0={what}{v}")));
    if declares("ocfl_object_") {
        deposit(path, options)
    } else if declares("ocfl_") {
        Ok(verdict_of(Sort::DepositRoot, deposited(crate::ocfl::check_root(path)?, "storage root"), 0))
    } else if crate::load_file::is_load_file(path) {
        crate::load_file::check(path, options.vkey.as_ref())
    } else {
        Ok(package(Package::open(path)?, options))
    }
}

/// A production, a bag that is none, or a ledger.
fn package(package: Package, options: &Options) -> Verdict {
    let bagged = package.files.contains_key(crate::layout::BAGIT) || package.files.contains_key(crate::layout::MANIFEST_JSON);
    if !bagged && ledger::is_export(&package) {
        return ledger::check(&package, options);
    }
    // Whatever bears a trace of us is held to what we promise: a production does not become a plain bag by losing parts.
    if package.is_ours() || !package.files.contains_key(crate::layout::BAGIT) {
        return whole(&package, options, Sort::Production, Findings::default());
    }
    let mut out = Findings::default();
    let (digests, bytes) = read_all(&package, &mut out);
    bag::check(&package, &digests, bag::Profile::Plain, &mut out);
    if options.vkey.is_some() {
        out.fault(
            "key",
            crate::layout::BAGIT,
            "A key was given, and nothing in this bag was signed with it: it is no zapys production.",
        );
    }
    let mut v = verdict_of(Sort::Bag, out, bytes);
    v.files = package.files.len() + package.odd.len();
    v.manifest_sha256 = digests.get(crate::layout::MANIFESTS[0]).map(|d| d.sha256.hex());
    v
}

/// What an OCFL validator would say, as checks.
fn deposited(found: Vec<crate::ocfl::Finding>, what: &str) -> Findings {
    let mut out = Findings::default();
    let mut whole = true;
    for f in found {
        let subject = if f.subject.is_empty() { crate::ocfl::INVENTORY } else { f.subject.as_str() };
        let detail = format!("{} ({})", f.words, f.code);
        if f.weight == crate::ocfl::Weight::Error {
            whole = false;
            out.fault("ocfl", subject, detail);
        } else {
            out.not_checked("ocfl", Some(subject), detail);
        }
    }
    if whole {
        out.ok("ocfl", None, format!("This is a whole OCFL {what}: every file of every version is as its inventory says."));
    }
    out
}

fn deposit(path: &Path, options: &Options) -> Result<Verdict, CheckError> {
    let out = deposited(crate::ocfl::check(path)?, "object");
    if out.faults() > 0 {
        return Ok(verdict_of(Sort::Deposit, out, 0));
    }
    let newest = Package::newest(path, crate::ocfl::head(path)?);
    if newest.is_ours() {
        return Ok(whole(&newest, options, Sort::Deposit, out));
    }
    let mut out = out;
    if options.vkey.is_some() {
        out.fault(
            "key",
            crate::ocfl::INVENTORY,
            "A key was given, and nothing in this object was signed with it: it holds no zapys production.",
        );
    }
    let mut v = verdict_of(Sort::Deposit, out, 0);
    v.files = newest.files.len();
    Ok(v)
}

fn verdict_of(sort: Sort, out: Findings, bytes: u64) -> Verdict {
    Verdict {
        holds: out.faults() == 0,
        sort,
        production: None,
        origin: None,
        exhibits: 0,
        files: 0,
        bytes,
        manifest_sha256: None,
        key: KeyUsed::None,
        checks: out.into_checks(),
    }
}

fn whole(package: &Package, options: &Options, sort: Sort, mut out: Findings) -> Verdict {
    let (digests, bytes) = read_all(package, &mut out);
    let seal = production::seal(package, options.vkey.as_ref(), &mut out);
    bag::check(package, &digests, bag::Profile::Production { seal: seal.digests }, &mut out);
    let facts = production::check(package, &digests, &seal, options, &mut out);
    Verdict {
        production: facts.production,
        origin: facts.origin,
        exhibits: facts.exhibits,
        files: package.files.len() + package.odd.len(),
        manifest_sha256: digests.get(crate::layout::MANIFESTS[0]).map(|d| d.sha256.hex()),
        key: seal.keys.used,
        ..verdict_of(sort, out, bytes)
    }
}

/// Checks any BagIt bag of version 0.93 to 1.0 with MD5, SHA-1, SHA-256 or SHA-512 lists, and nothing else.
/// Errors: [`CheckError`] where there is nothing to look at.
pub fn verify_bag(path: &Path) -> Result<Vec<Check>, CheckError> {
    let package = Package::open(path)?;
    let mut out = Findings::default();
    let (digests, _) = read_all(&package, &mut out);
    bag::check(&package, &digests, bag::Profile::Plain, &mut out);
    Ok(out.0)
}
