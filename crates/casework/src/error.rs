//! Why a use-case did not do what was asked.
//!
//! Rules: errors of the parts stay whole inside ours (`#[source]`); each says its sort, its cause and its remedy through
//! [`Fault`]; no text of evidence, no name, no number. Paths that the person typed may be named.

use std::path::PathBuf;
use zapys_domain::{Fault, FaultKind};

/// Why a use-case did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CaseError {
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    #[error(transparent)]
    Store(#[from] zapys_store::StoreError),
    #[error(transparent)]
    Vault(#[from] zapys_vault::VaultError),
    #[error(transparent)]
    Engine(#[from] zapys_engines::EngineError),
    #[error(transparent)]
    Index(#[from] zapys_search::IndexError),
    #[error(transparent)]
    Dossier(#[from] zapys_dossier::WriteError),
    #[error("{} is no case: there is no {} in it", path.display(), crate::open::CARD)]
    NotACase { path: PathBuf },
    #[error("{} is not empty, so no case can be made there", path.display())]
    NotEmpty { path: PathBuf },
    #[error("the case in {} is in use by another zapys (process {pid})", path.display())]
    Busy { path: PathBuf, pid: String },
    #[error("the file {} of the case cannot be read as what it is: {reason}", path.display())]
    BadCard { path: PathBuf, reason: String },
    #[error("{} cannot be read or written: {source}", path.display())]
    Path { path: PathBuf, source: std::io::Error },
    #[error("no item of this case matches that id, prefix or digest")]
    NoSuchItem,
    #[error("several items of this case begin with that id")]
    Ambiguous,
    #[error("there is no {what} of this item: {why}")]
    NothingRead { what: String, why: &'static str },
    #[error("there is no translation into `{lang}`")]
    NoTranslation { lang: String },
    #[error("the flag {flag} has a value it cannot have")]
    Flag { flag: &'static str, wants: &'static str },
    #[error("the ledger cannot take this event: {0}")]
    Ledger(String),
    #[error("the ledger key of the case cannot be used: {0}")]
    Key(String),
    #[error("{reason}")]
    Server { reason: String, hint: String },
    #[error("{what} of the record is not what it must be")]
    Inconsistent { what: &'static str },
    #[error("the work ended in an unexpected way")]
    Lost,
}

impl CaseError {
    /// Reading or writing `path` failed.
    pub(crate) fn path(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Path { path, source }
    }
    /// Writing an upload to disk failed.
    pub fn from_upload(source: std::io::Error) -> Self {
        Self::Path { path: "the upload".into(), source }
    }
}

impl Fault for CaseError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Settings(e) => e.kind(),
            Self::Store(e) => e.kind(),
            Self::Vault(e) => e.kind(),
            Self::Engine(e) => e.kind(),
            Self::Index(e) => e.kind(),
            Self::Dossier(e) => e.kind(),
            Self::NotACase { .. }
            | Self::NotEmpty { .. }
            | Self::Flag { .. }
            | Self::NoSuchItem
            | Self::Ambiguous
            | Self::NoTranslation { .. } => FaultKind::Usage,
            Self::NothingRead { .. } => FaultKind::Input,
            Self::Busy { .. } | Self::Path { .. } | Self::Server { .. } => FaultKind::Environment,
            Self::BadCard { .. } | Self::Key(_) | Self::Inconsistent { .. } => FaultKind::Integrity,
            Self::Ledger(_) | Self::Lost => FaultKind::Internal,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Settings(e) => e.hint(),
            Self::Store(e) => e.hint(),
            Self::Vault(e) => e.hint(),
            Self::Engine(e) => e.hint(),
            Self::Index(e) => e.hint(),
            Self::Dossier(e) => e.hint(),
            Self::NotACase { .. } => "Name the case with -C DIR, or make one with `zapys init DIR`.".into(),
            Self::NotEmpty { .. } => "Choose a folder that is empty or does not exist yet.".into(),
            Self::Busy { .. } => {
                "Wait until it is done or stop it; if it is `zapys serve`, add and process through the workbench.".into()
            }
            Self::BadCard { .. } => "Restore the file from a backup of the case.".into(),
            Self::Path { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => "Check the path.".into(),
                std::io::ErrorKind::PermissionDenied => "Ask for permission to read it, or copy it to where you may.".into(),
                std::io::ErrorKind::StorageFull => "Free some space and do it again; what was done before is kept.".into(),
                std::io::ErrorKind::AlreadyExists => "Choose a path where nothing is yet.".into(),
                _ => "Check the disk and the permissions, then do it again; what was done before is kept.".into(),
            },
            Self::NoSuchItem => "`zapys items` lists what there is.".into(),
            Self::Ambiguous => "Give more characters of the id.".into(),
            Self::NothingRead { .. } => "`zapys show ITEM` tells what was computed; `zapys process` computes what is due.".into(),
            Self::NoTranslation { .. } => {
                "Leave --lang away for the words spoken; `zapys process` translates where an engine is installed.".into()
            }
            Self::Flag { wants, .. } => format!("Give it {wants}."),
            Self::Key(_) => {
                "Restore the ledger key from a backup of the case; without it no new checkpoint can be signed.".into()
            }
            Self::Server { hint, .. } => hint.clone(),
            Self::Inconsistent { .. } => "Run `zapys verify`, and restore the case from a backup if it finds a fault.".into(),
            Self::Ledger(_) | Self::Lost => {
                "Run the command again; if it fails again, report it with the output of `zapys doctor`.".into()
            }
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Settings(e) => e.code(),
            Self::Store(e) => e.code(),
            Self::Vault(e) => e.code(),
            Self::Engine(e) => e.code(),
            Self::Index(e) => e.code(),
            Self::Dossier(e) => e.code(),
            Self::NotACase { .. } => "not-a-case",
            Self::NotEmpty { .. } => "not-empty",
            Self::Busy { .. } => "busy",
            Self::BadCard { .. } => "bad-card",
            Self::Path { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => "disk-full",
            Self::Path { .. } => "path",
            Self::NoSuchItem => "no-such-item",
            Self::Ambiguous => "ambiguous",
            Self::NothingRead { .. } => "nothing-read",
            Self::NoTranslation { .. } => "no-translation",
            Self::Flag { .. } => "bad-flag",
            Self::Ledger(_) => "ledger",
            Self::Key(_) => "ledger-key",
            Self::Server { .. } => "server",
            Self::Inconsistent { .. } => "inconsistent",
            Self::Lost => "lost",
        }
    }
}
