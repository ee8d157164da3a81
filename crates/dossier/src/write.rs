//! Making a production. The same extract gives the same bytes.
//!
//! Objects are read twice: once copied into place, hashed on the way and compared with their names, once more for the
//! report, one exhibit at a time, so that memory does not grow with the case. Anything that does not hold removes what
//! was written and says why.

mod bag;
mod record;

use crate::extract::{Extract, Objects, Refusal};
use crate::gates::{self, Gates};
use crate::ocfl::write::{DepositError, VersionInfo};
use crate::print::PrintError;
use crate::sink::Sink;
pub(crate) use bag::Job;
use std::io;
use std::path::{Path, PathBuf};
use zapys_domain::{Fault, FaultKind, Progress, Step};
use zapys_ledger::{Hash, Signer};

/// Longest derivative document that is shown in the report, in bytes. Longer ones are in the production all the same.
pub const MAX_SHOWN: u64 = 64 * 1024 * 1024;

/// What a production is packed as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// A BagIt folder.
    Bag,
    /// The same in a zip.
    Zip,
    /// The report alone, as one file; it can be read but not checked.
    Html,
    /// The bag's files as the first version of an OCFL 1.1 object.
    Ocfl,
    /// The report alone, to print; it can be read but not checked.
    Pdf,
    /// An ICC-style load file: a table of documents and their files.
    LoadFile,
    /// A web archive with the saved pages among the exhibits.
    Wacz,
}
impl Format {
    /// Reads `bag`, `zip`, `html`, `ocfl`, `pdf`, `load-file`, `wacz`. Errors: `None` for every other format.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "bag" => Some(Self::Bag),
            "zip" => Some(Self::Zip),
            "html" => Some(Self::Html),
            "ocfl" => Some(Self::Ocfl),
            "load-file" => Some(Self::LoadFile),
            "wacz" => Some(Self::Wacz),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }
}

/// What was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Number of exhibits.
    pub exhibits: usize,
    /// SHA-256 of `manifest-sha256.txt`; for a report alone, of the report.
    pub manifest_sha256: Hash,
    /// Number of files.
    pub files: usize,
    /// Length of all files together.
    pub bytes: u64,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Gates did not open.
    #[error("the production was refused at {} gate{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    Refused(Vec<Refusal>),
    /// The path is taken.
    #[error("the path for the production, or its .partial twin, already exists")]
    Exists,
    /// An object cannot be read.
    #[error("the object {object} cannot be read")]
    Object {
        /// Which, shortened.
        object: String,
        /// Why.
        source: io::Error,
    },
    /// The production cannot be written.
    #[error("the production cannot be written")]
    Io(#[source] io::Error),
    /// The deposit cannot be written, or what is there is not to be added to.
    #[error(transparent)]
    Deposit(DepositError),
    /// A page cannot be set.
    #[error(transparent)]
    Print(#[from] PrintError),
    /// The key did not sign.
    #[error("the production cannot be sealed")]
    Sign(#[from] zapys_ledger::SignError),
}
impl From<io::Error> for WriteError {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::AlreadyExists { Self::Exists } else { Self::Io(e) }
    }
}
impl From<DepositError> for WriteError {
    fn from(e: DepositError) -> Self {
        match e {
            DepositError::Io(e) => e.into(),
            DepositError::Exists => Self::Exists,
            other => Self::Deposit(other),
        }
    }
}
impl Fault for WriteError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Refused(all) if all.iter().any(|r| r.gate == "original-unchanged") => FaultKind::Integrity,
            Self::Refused(_) => FaultKind::Input,
            Self::Exists => FaultKind::Usage,
            Self::Deposit(e) => e.kind(),
            Self::Print(e) => e.kind(),
            Self::Object { .. } | Self::Io(_) | Self::Sign(_) => FaultKind::Environment,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Refused(_) => "mend what each refusal names, or leave the item out, and produce again".into(),
            Self::Exists => "choose a path that does not exist yet".into(),
            Self::Deposit(e) => e.hint(),
            Self::Print(e) => e.hint(),
            Self::Object { .. } => "run `zapys verify` to see which objects are whole".into(),
            Self::Io(e) if e.kind() == io::ErrorKind::StorageFull => "free space on the disk, or choose another one".into(),
            Self::Io(_) => "check that the folder exists and may be written".into(),
            Self::Sign(_) => "unlock the ledger key and try again".into(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "production-refused",
            Self::Exists => "production-exists",
            Self::Deposit(e) => e.code(),
            Self::Print(e) => e.code(),
            Self::Object { .. } => "object-unreadable",
            Self::Io(e) if e.kind() == io::ErrorKind::StorageFull => "disk-full",
            Self::Io(_) => "production-unwritable",
            Self::Sign(_) => "ledger-sign",
        }
    }
}

/// A production that is written and lasts, but has no name of its own yet. Dropping it removes it.
#[must_use = "without `place` nothing appears"]
pub struct Prepared {
    sink: Sink,
    written: Written,
}
impl Prepared {
    /// What was made.
    pub fn written(&self) -> &Written {
        &self.written
    }
    /// Lets it appear at its path. Errors: [`WriteError`]; then nothing is left at the path.
    pub fn place(self) -> Result<Written, WriteError> {
        self.sink.seal()?;
        Ok(self.written)
    }
}

/// Makes a production at `path`, which must not exist. `signer`: the ledger's key; with it the production is sealed.
/// Errors: [`WriteError`]; then nothing is left at `path`.
pub fn write(
    extract: &Extract,
    objects: &dyn Objects,
    path: &Path,
    format: Format,
    signer: Option<&dyn Signer>,
    progress: &Progress,
) -> Result<Written, WriteError> {
    prepare(extract, objects, path, format, signer, progress)?.place()
}

/// The same up to the moment before it appears: whoever keeps a record of what was handed over notes it first, so that there is
/// never a production that the record does not know.
pub fn prepare(
    extract: &Extract,
    objects: &dyn Objects,
    path: &Path,
    format: Format,
    signer: Option<&dyn Signer>,
    progress: &Progress,
) -> Result<Prepared, WriteError> {
    let mut gates = Gates::default();
    let (trails, head) = gates::check(extract, &mut gates);
    let Some(head) = head.filter(|_| gates.0.is_empty()) else { return Err(WriteError::Refused(gates.0)) };
    let mut job = Job { extract, objects, gates, trails, head, progress };
    progress.step(Step::Packing);
    progress.total(Some(job.total()));
    match format {
        Format::Html => settled(Sink::single(path)?, |sink| job.report_alone(sink, path, false)),
        Format::Pdf => settled(Sink::single(path)?, |sink| job.report_alone(sink, path, true)),
        Format::Bag => settled(Sink::folder(path)?, |sink| job.bag(sink, path, signer)),
        Format::Wacz => settled(Sink::web_archive(path, extract.made)?, |sink| crate::wacz::write::fill(&mut job, sink, path)),
        Format::LoadFile => settled(Sink::folder(path)?, |sink| crate::load_file::write::fill(&mut job, sink, path, signer)),
        Format::Ocfl => {
            let info = VersionInfo {
                created: extract.made,
                message: format!("Production {}", extract.production),
                user: extract.made_by.id.clone(),
                address: Some(format!("urn:zapys:actor:{}", extract.made_by.id)),
            };
            settled(Sink::deposit(path, &format!("urn:zapys:case:{}", extract.case), info)?, |sink| job.bag(sink, path, signer))
        }
        Format::Zip => settled(Sink::zip(path, extract.production, extract.made)?, |sink| job.bag(sink, path, signer)),
    }
}

/// Fills a sink and makes it last.
fn settled(mut sink: Sink, fill: impl FnOnce(&mut Sink) -> Result<Written, WriteError>) -> Result<Prepared, WriteError> {
    let written = fill(&mut sink)?;
    sink.settle()?;
    Ok(Prepared { sink, written })
}
