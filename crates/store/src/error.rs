//! What can go wrong with the record.
//!
//! Rules: context as fields; no statement, argument or database message in any text, because those may hold evidence;
//! each error says what to do about it.

use std::path::PathBuf;
use zapys_domain::{DerivationKey, Fault, FaultKind, ItemId, JobId};

/// An error of the record.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is neither a file nor `postgres://…`.
    #[error("this is no address of a record database")]
    BadAddress,
    /// A record is to be made where one is.
    #[error("there is a record already at this place")]
    AlreadyThere,
    /// No file.
    #[error("the record {path} is not there")]
    Missing {
        #[allow(missing_docs)]
        path: PathBuf,
    },
    /// A file or database that is not ours.
    #[error("what lies at this place is no zapys record")]
    NotARecord,
    /// SQLite finds the file broken.
    #[error("the record's database file is damaged")]
    Damaged,
    /// Written by a later zapys.
    #[error("the record was written by a newer zapys (schema {found}, this one knows up to {known})")]
    Newer {
        #[allow(missing_docs)]
        found: u64,
        #[allow(missing_docs)]
        known: u64,
    },
    /// A row from another record does not fit.
    #[error("a row of another record does not fit into this one (table {table})")]
    Transfer {
        #[allow(missing_docs)]
        table: &'static str,
    },
    /// A migration in the database is not the one this program carries.
    #[error("step {version} of the record's schema is not the one this zapys knows")]
    Drifted {
        #[allow(missing_docs)]
        version: u64,
    },
    /// No connection to the database.
    #[error("the record's database cannot be reached")]
    Unreachable(#[source] Box<sqlx::Error>),
    /// The database refused the credentials.
    #[error("the record's database refuses this user")]
    Denied,
    /// Another process writes and does not finish.
    #[error("the record is being written to by another process")]
    Busy,
    /// No space for the database.
    #[error("there is no space left for the record")]
    Full,
    /// The device that the database lies on does not do what it is asked.
    #[error("the disk of the record answers with an error (code {code})")]
    Device {
        /// SQLite result code.
        code: String,
    },
    /// The database file cannot be written.
    #[error("the record cannot be written: it or its folder is read-only")]
    ReadOnly,
    /// A row makes no sense.
    #[error("the record contradicts itself: {table}.{column} of {id}")]
    Inconsistent {
        #[allow(missing_docs)]
        table: &'static str,
        #[allow(missing_docs)]
        column: &'static str,
        /// Identifier of the row, never evidence text.
        id: String,
    },
    /// Invariant 6.
    #[error("a change of the record was not witnessed by a custody event, so nothing was changed")]
    NoCustodyEvent,
    /// Invariant 7: a trigger refused.
    #[error("history cannot be altered")]
    HistoryIsFixed,
    /// An entry that does not continue the ledger.
    #[error("an entry does not continue the ledger: expected {expected}, got {given}")]
    OutOfOrder {
        #[allow(missing_docs)]
        expected: u64,
        #[allow(missing_docs)]
        given: u64,
    },
    /// A row with this identifier exists, or a rule of the schema is broken.
    #[error("the record refuses a row (rule {constraint})")]
    Refused {
        /// Name of the rule as the database gives it: table and columns.
        constraint: String,
    },
    /// No such item.
    #[error("there is no item {0}")]
    NoItem(ItemId),
    /// A prefix that fits several items.
    #[error("{n} items fit this beginning of an identifier")]
    Ambiguous {
        /// How many, at least two.
        n: u64,
    },
    /// The job is no longer held by this worker.
    #[error("job {0} is no longer held by this worker")]
    LeaseLost(JobId),
    /// A derivation with contradicting fields.
    #[error("derivation {0:?} says both that it has and that it lacks an output")]
    Contradiction(DerivationKey),
    /// A cursor that no list gave out.
    #[error("this place in the list is not known")]
    BadCursor,
    /// Anything else the database answered.
    #[error("the record's database refused a statement (code {code})")]
    Database {
        /// SQLSTATE or SQLite result code.
        code: String,
        /// Name of the rule, where one is named.
        constraint: Option<String>,
    },
    /// sqlx itself failed.
    #[error("the record's database driver failed")]
    Driver(#[source] Box<sqlx::Error>),
}

impl Fault for StoreError {
    fn kind(&self) -> FaultKind {
        use StoreError::*;
        match self {
            BadAddress | AlreadyThere | Missing { .. } | NoItem(_) | Ambiguous { .. } | BadCursor => FaultKind::Usage,
            NotARecord => FaultKind::Input,
            Damaged | Drifted { .. } | Transfer { .. } | Inconsistent { .. } | HistoryIsFixed => FaultKind::Integrity,
            Newer { .. } | Unreachable(_) | Denied | Busy | Full | Device { .. } | ReadOnly => FaultKind::Environment,
            NoCustodyEvent
            | OutOfOrder { .. }
            | Refused { .. }
            | LeaseLost(_)
            | Contradiction(_)
            | Database { .. }
            | Driver(_) => FaultKind::Internal,
        }
    }
    fn hint(&self) -> String {
        use StoreError::*;
        match self {
            BadAddress => "Give a file, or postgres://user@host/database.",
            AlreadyThere => "Open it, or choose another place for the new case.",
            Missing { .. } => "Check the folder of the case, or make a new case with `zapys init`.",
            NotARecord => "Check the address; a record is made by `zapys init` and by nothing else.",
            Damaged => "Copy the whole case folder away first, then restore the newest backup with `zapys restore`.",
            Newer { .. } => "Install the newer zapys; this one leaves the record untouched.",
            Transfer { .. } => "The backup is damaged, or made by another zapys: use one of the same version.",
            Drifted { .. } => "Restore the record from a backup, or open it with the zapys that wrote it.",
            Unreachable(_) => "Check that the database server runs and that its address is right.",
            Denied => "Check user and password of the database address.",
            Busy => "Wait until the other command has finished, then try again.",
            Full => "Make space on the disk of the record; what was committed is safe.",
            Device { .. } => "Check the disk and its cable; run the command again, and `zapys verify` after it.",
            ReadOnly => "Give yourself write permission on the case folder, or copy the case to a writable disk.",
            Inconsistent { .. } => "Restore the record from a backup, and keep the damaged one for examination.",
            HistoryIsFixed => "Record a new event instead.",
            NoItem(_) => "List the items with `zapys items`.",
            Ambiguous { .. } => "Give more characters of the identifier.",
            BadCursor => "Begin the list again from its start.",
            LeaseLost(_) => "Nothing is lost: another worker has taken the job over.",
            NoCustodyEvent | OutOfOrder { .. } | Refused { .. } | Contradiction(_) | Database { .. } | Driver(_) => {
                "This is a fault of zapys; nothing was changed. Please report it with the code shown."
            }
        }
        .into()
    }
    fn code(&self) -> &'static str {
        use StoreError::*;
        match self {
            BadAddress => "record-address",
            AlreadyThere => "record-exists",
            Missing { .. } => "record-missing",
            NotARecord => "not-a-record",
            Damaged => "record-damaged",
            Newer { .. } => "record-newer",
            Transfer { .. } => "record-transfer",
            Drifted { .. } => "record-schema-drifted",
            Unreachable(_) => "database-unreachable",
            Denied => "database-denied",
            Busy => "record-busy",
            Full => "disk-full",
            Device { .. } => "disk-error",
            ReadOnly => "record-read-only",
            Inconsistent { .. } => "record-inconsistent",
            NoCustodyEvent => "no-custody-event",
            HistoryIsFixed => "history-is-fixed",
            OutOfOrder { .. } => "ledger-out-of-order",
            Refused { .. } => "record-rule",
            NoItem(_) => "no-item",
            Ambiguous { .. } => "ambiguous-id",
            LeaseLost(_) => "lease-lost",
            Contradiction(_) => "derivation-contradiction",
            BadCursor => "bad-cursor",
            Database { .. } => "database",
            Driver(_) => "database-driver",
        }
    }
}

/// Sorts what sqlx reports, and drops every text in it that may repeat a value.
pub(crate) trait Doing<T> {
    fn doing(self) -> Result<T, StoreError>;
}
impl<T> Doing<T> for Result<T, sqlx::Error> {
    fn doing(self) -> Result<T, StoreError> {
        self.map_err(sort)
    }
}

/// SQLITE_IOERR_SHMOPEN and SQLITE_IOERR_SHMSIZE.
const NO_LOG_INDEX: [u32; 2] = [10 | (18 << 8), 10 | (19 << 8)];

impl StoreError {
    /// What SQLite cannot open or make, it names no cause for: tries to write beside the file. Where that goes well, it is not a
    /// folder without permission, and what was missing was room, which has come back since.
    pub(crate) fn beside(self, path: &std::path::Path) -> Self {
        if !matches!(self, Self::ReadOnly) {
            return self;
        }
        let trial = path.with_extension("trial");
        let tried = std::fs::write(&trial, [0; 4096]);
        let _ = std::fs::remove_file(&trial);
        match tried {
            Err(e) if e.kind() != std::io::ErrorKind::StorageFull => self,
            _ if std::fs::OpenOptions::new().write(true).open(path).is_err() => self,
            _ => Self::Full,
        }
    }
}

fn sort(error: sqlx::Error) -> StoreError {
    let database = match error {
        sqlx::Error::Database(e) => e,
        e @ (sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => {
            return StoreError::Unreachable(Box::new(e));
        }
        e => return StoreError::Driver(Box::new(e)),
    };
    let code = database.code().map(|c| c.into_owned()).unwrap_or_default();
    if database.message().starts_with("zapys: ") {
        return StoreError::HistoryIsFixed;
    }
    // SQLite result codes carry the sort in their lowest eight bits.
    let sqlite = match database.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        Some(_) => code.parse::<u32>().ok(),
        None => None,
    };
    // The index of the write-ahead log could not be made or made longer: SQLite says "full" only of the files themselves.
    if sqlite.is_some_and(|code| NO_LOG_INDEX.contains(&code)) {
        return StoreError::Full;
    }
    match sqlite.map(|n| n & 0xff) {
        // A read, write or flush that the device refused.
        Some(10) => return StoreError::Device { code },
        Some(5 | 6) => return StoreError::Busy,
        Some(3 | 8 | 14) => return StoreError::ReadOnly,
        Some(11) => return StoreError::Damaged,
        Some(13) => return StoreError::Full,
        Some(26) => return StoreError::NotARecord,
        Some(19) => {
            // "UNIQUE constraint failed: items.id" names columns only.
            let rule = database.message().rsplit(": ").next().unwrap_or_default();
            let rule = rule.chars().filter(|c| c.is_ascii_alphanumeric() || "._, ".contains(*c)).take(120).collect();
            return StoreError::Refused { constraint: rule };
        }
        Some(_) => return StoreError::Database { code, constraint: None },
        None => {}
    }
    let constraint = database.constraint().map(str::to_owned);
    match (code.as_str(), constraint) {
        (c, constraint) if c.starts_with("23") => StoreError::Refused { constraint: constraint.unwrap_or(code) },
        ("53100", _) => StoreError::Full,
        ("25006", _) => StoreError::ReadOnly,
        ("28000" | "28P01" | "42501", _) => StoreError::Denied,
        ("40001" | "40P01" | "55P03", _) => StoreError::Busy,
        (c, _) if c.starts_with("08") || c.starts_with("57P") => {
            StoreError::Unreachable(Box::new(sqlx::Error::Database(database)))
        }
        (_, constraint) => StoreError::Database { code, constraint },
    }
}
