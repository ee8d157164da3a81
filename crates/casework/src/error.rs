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
    Keys(#[from] zapys_keys::KeyError),
    #[error(transparent)]
    Engine(#[from] zapys_engines::EngineError),
    #[error(transparent)]
    Index(#[from] zapys_search::IndexError),
    #[error(transparent)]
    Dossier(#[from] zapys_dossier::WriteError),
    #[error(transparent)]
    Record(#[from] crate::handover::RecordError),
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
    #[error("the case in {} is encrypted and locked", path.display())]
    Locked { path: PathBuf },
    #[error("the case is not encrypted, so it has no keys")]
    NotEncrypted,
    #[error("there is no folder on this machine whose contents never reach a disk")]
    NoForgetfulPlace,
    #[error("the case is open for reading only")]
    ReadOnly,
    #[error("the item was disposed of: its content is gone for good")]
    Disposed,
    #[error("a legal hold is set on the item, so nothing about it may be destroyed")]
    OnHold,
    #[error("objects on a server that are not encrypted cannot be destroyed from here")]
    NotDisposable,
    #[error(transparent)]
    Damage(zapys_vault::Damage),
    #[error("the backup cannot be used: {reason}")]
    BadBackup { reason: String },
    #[error("no item of this case matches that id, prefix or digest")]
    NoSuchItem,
    #[error("several items of this case begin with that id")]
    Ambiguous,
    #[error("there is no {what} of this item: {why}")]
    NothingRead { what: String, why: &'static str },
    #[error("there is no translation into `{lang}`")]
    NoTranslation { lang: String },
    #[error("there is no pair of voices of that name")]
    NoSuchSuggestion,
    #[error("there is no revision {number} of this transcript; {there} were put on record")]
    NoSuchRevision { number: u32, there: usize },
    #[error("somebody put another text of this recording on record meanwhile")]
    StaleRevision { newest: Option<u32> },
    #[error(transparent)]
    Format(#[from] zapys_formats::FormatError),
    #[error("the flag {flag} has a value it cannot have")]
    Flag { flag: &'static str, wants: &'static str },
    #[error("the ledger cannot take this event: {0}")]
    Ledger(String),
    #[error(transparent)]
    Proof(#[from] zapys_ledger::LedgerError),
    #[error("no checkpoint over {size} entries was signed")]
    NoSuchCheckpoint { size: u64 },
    #[error("this is not the checkpoint over {size} entries that this case signed")]
    ForeignCheckpoint { size: u64 },
    #[error("nobody else has signed this checkpoint")]
    NothingSigned,
    #[error("this is of no checkpoint or request of this case")]
    NoSuchRequest,
    #[error("the key of the ledger is there and works")]
    KeyThere,
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
            Self::Keys(e) => e.kind(),
            Self::Damage(e) => e.kind(),
            Self::BadBackup { .. } => FaultKind::Integrity,
            Self::Engine(e) => e.kind(),
            Self::Index(e) => e.kind(),
            Self::Dossier(e) => e.kind(),
            Self::Record(e) => e.kind(),
            Self::Proof(e) => e.kind(),
            Self::ForeignCheckpoint { .. } | Self::NothingSigned | Self::NoSuchRequest => FaultKind::Input,
            Self::NoSuchCheckpoint { .. } | Self::KeyThere => FaultKind::Usage,
            Self::NotACase { .. }
            | Self::NotEmpty { .. }
            | Self::Flag { .. }
            | Self::NoSuchItem
            | Self::Ambiguous
            | Self::Locked { .. }
            | Self::Disposed
            | Self::OnHold
            | Self::NotDisposable
            | Self::NotEncrypted
            | Self::NoSuchRevision { .. }
            | Self::StaleRevision { .. }
            | Self::NoSuchSuggestion
            | Self::NoTranslation { .. } => FaultKind::Usage,
            Self::Format(e) => e.kind(),
            Self::NothingRead { .. } => FaultKind::Input,
            Self::Busy { .. } | Self::Path { .. } | Self::Server { .. } | Self::NoForgetfulPlace | Self::ReadOnly => {
                FaultKind::Environment
            }
            Self::BadCard { .. } | Self::Key(_) | Self::Inconsistent { .. } => FaultKind::Integrity,
            Self::Ledger(_) | Self::Lost => FaultKind::Internal,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Settings(e) => e.hint(),
            Self::Store(e) => e.hint(),
            Self::Vault(e) => e.hint(),
            Self::Keys(e) => e.hint(),
            Self::Damage(e) => e.hint(),
            Self::BadBackup { .. } => "Use another backup; nothing was made of this one.".into(),
            Self::Locked { .. } => {
                "Give the passphrase: on the terminal, with --passphrase-file FILE, or in $ZAPYS_PASSPHRASE_FILE; or --key-file."
                    .into()
            }
            Self::NotEncrypted => "Only a case made without --no-encryption has keys.".into(),
            Self::NoForgetfulPlace => {
                "Decoders of an encrypted case work in memory: name a folder on a tmpfs or on an encrypted disk with the setting `scratch`."
                    .into()
            }
            Self::Disposed => "`zapys custody ITEM` tells when, by whom and on whose authority.".into(),
            Self::OnHold => "Whoever set it must release it first: `zapys record hold`.".into(),
            Self::NotDisposable => "Remove them with the server's own means; cases made without --no-encryption need no such step.".into(),
            Self::ReadOnly => "Close the other zapys that holds the case, then try again.".into(),
            Self::Engine(e) => e.hint(),
            Self::Index(e) => e.hint(),
            Self::Dossier(e) => e.hint(),
            Self::Record(e) => e.hint(),
            Self::Proof(e) => sentence(&e.hint()),
            Self::NoSuchCheckpoint { .. } => "`zapys ledger checkpoint` signs one over all entries; name one that was signed.".into(),
            Self::ForeignCheckpoint { .. } => {
                "Nothing was kept. Give the witness the checkpoint as `zapys ledger checkpoint` prints it; if others hold this one \
                 as ours, the ledger or the key was tampered with: run `zapys verify`."
                    .into()
            }
            Self::NothingSigned => "Nothing was kept. Give the note that the witness sent back.".into(),
            Self::NoSuchRequest => "Nothing was kept. Give what answers a file that this case wrote.".into(),
            Self::KeyThere => "`zapys ledger rotate` changes a key that is not lost; --compromised says that others know it.".into(),
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
            Self::NoSuchRevision { .. } => "`zapys review list ITEM` lists the revisions.".into(),
            Self::StaleRevision { newest: Some(n) } => format!("Look at revision {n}, then put yours over it."),
            Self::StaleRevision { newest: None } => "It was taken back: look at the machine's words again.".into(),
            Self::Format(e) => e.hint(),
            Self::NoTranslation { .. } => {
                "Leave --lang away for the words spoken; `zapys process` translates where an engine is installed.".into()
            }
            Self::NoSuchSuggestion => "`zapys voices` lists them; a pair that it does not list goes on record with `zapys record voice`.".into(),
            Self::Flag { wants, .. } => format!("Give it {wants}."),
            Self::Key(_) => {
                "Restore the ledger key from a backup of the case, or go on under a new one: `zapys ledger recover`.".into()
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
            Self::Keys(e) => e.code(),
            Self::Damage(e) => e.code(),
            Self::BadBackup { .. } => "bad-backup",
            Self::Locked { .. } => "locked",
            Self::NotEncrypted => "not-encrypted",
            Self::NoForgetfulPlace => "no-forgetful-place",
            Self::ReadOnly => "read-only",
            Self::Disposed => "disposed",
            Self::OnHold => "legal-hold",
            Self::NotDisposable => "not-disposable",
            Self::Engine(e) => e.code(),
            Self::Index(e) => e.code(),
            Self::Dossier(e) => e.code(),
            Self::Record(e) => e.code(),
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
            Self::NoSuchSuggestion => "no-such-suggestion",
            Self::NoSuchRevision { .. } => "no-such-revision",
            Self::StaleRevision { .. } => "stale-revision",
            Self::Format(e) => e.code(),
            Self::Flag { .. } => "bad-flag",
            Self::Ledger(_) => "ledger",
            Self::Proof(e) => e.code(),
            Self::NoSuchCheckpoint { .. } => "no-such-checkpoint",
            Self::ForeignCheckpoint { .. } => "foreign-checkpoint",
            Self::NothingSigned => "nothing-signed",
            Self::NoSuchRequest => "no-such-request",
            Self::KeyThere => "key-there",
            Self::Key(_) => "ledger-key",
            Self::Server { .. } => "server",
            Self::Inconsistent { .. } => "inconsistent",
            Self::Lost => "lost",
        }
    }
}

/// A hint of another crate as a sentence of its own.
fn sentence(hint: &str) -> String {
    let mut chars = hint.chars();
    chars.next().map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str())).unwrap_or_default()
}
