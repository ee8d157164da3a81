//! Making and opening the record.

use crate::dialect::{CHECK_SQLITE, COMPACT_SQLITE, CONDITIONS_SQLITE, Db, LOCK_SCHEMA_POSTGRES, TABLES_POSTGRES, TABLES_SQLITE};
use crate::ending::Open;
use crate::error::{Doing, StoreError};
use crate::migrate;
use crate::run::Run;
use crate::sealing::Sealer;
use crate::tx::Tx;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, Postgres, Sqlite, SqlitePool};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where a record lies.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file.
    File(PathBuf),
    /// An SQLite file that is encrypted under this key (SQLCipher), its write-ahead log included.
    Sealed(PathBuf, [u8; 32]),
    /// Address of a PostgreSQL database, `postgres://user@host/database`; it may hold a password, so it is never shown.
    Server(String),
    /// The same, with what the record says sealed under this key before it goes there (`sealing.rs`).
    SealedServer(String, [u8; 32]),
}
impl Location {
    /// Reads `postgres://…`, `postgresql://…`, `sqlite:PATH`, or a plain path. Errors: `BadAddress` for another scheme.
    pub fn parse(address: &str) -> Result<Self, StoreError> {
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            return Ok(Self::Server(address.into()));
        }
        if let Some(path) = address.strip_prefix("sqlite:") {
            return Ok(Self::File(path.strip_prefix("//").unwrap_or(path).into()));
        }
        if address.is_empty() || address.contains("://") {
            return Err(StoreError::BadAddress);
        }
        Ok(Self::File(address.into()))
    }
    /// The same place, sealed under this key.
    pub fn sealed(self, key: [u8; 32]) -> Self {
        match self {
            Self::File(path) | Self::Sealed(path, _) => Self::Sealed(path, key),
            Self::Server(url) | Self::SealedServer(url, _) => Self::SealedServer(url, key),
        }
    }
    /// An error of this record with its cause, where SQLite named none.
    fn cause(&self, error: StoreError) -> StoreError {
        match self {
            Self::File(path) | Self::Sealed(path, _) => error.beside(path),
            Self::Server(_) | Self::SealedServer(..) => error,
        }
    }
}
impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.into())
    }
}
impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "Location::File",
            Self::Sealed(..) => "Location::Sealed",
            Self::Server(_) => "Location::Server",
            Self::SealedServer(..) => "Location::SealedServer",
        })
    }
}

/// SQLite: one connection writes, several read.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    write: SqlitePool,
    read: SqlitePool,
    _open: Arc<Open>,
}

/// The record of one case. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db<Files, PgPool>,
    sealer: Option<Arc<Sealer>>,
}

impl Clone for Db<Files, PgPool> {
    fn clone(&self) -> Self {
        match self {
            Db::Sqlite(files) => Db::Sqlite(files.clone()),
            Db::Postgres(pool) => Db::Postgres(pool.clone()),
        }
    }
}

/// A connection taken from a pool.
pub(crate) struct Held(Db<PoolConnection<Sqlite>, PoolConnection<Postgres>>, Option<Arc<Sealer>>);
impl Held {
    pub(crate) fn run(&mut self) -> Run<'_> {
        let sealer = self.1.clone();
        match &mut self.0 {
            Db::Sqlite(c) => Run(Db::Sqlite(c), sealer),
            Db::Postgres(c) => Run(Db::Postgres(c), sealer),
        }
    }
}

impl Store {
    /// Makes a new, empty record. Errors: `AlreadyThere`; `NotARecord` where a database holds other tables.
    pub async fn create(at: &Location) -> Result<Self, StoreError> {
        if let Location::File(path) | Location::Sealed(path, _) = at {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(path).map_err(|e| match e.kind() {
                std::io::ErrorKind::AlreadyExists => StoreError::AlreadyThere,
                std::io::ErrorKind::NotFound => StoreError::Missing { path: path.clone() },
                std::io::ErrorKind::StorageFull => StoreError::Full,
                _ => StoreError::ReadOnly,
            })?;
        }
        let store = Self::connect(at).await?;
        store.build(true).await.map_err(|e| at.cause(e))?;
        Ok(store)
    }

    /// Opens a record and brings its schema up to date. Errors: `Missing`, `NotARecord`, `Damaged`, `Newer`, `Drifted`,
    /// `Unreachable`, `Denied`.
    pub async fn open(at: &Location) -> Result<Self, StoreError> {
        if let Location::File(path) | Location::Sealed(path, _) = at
            && !path.is_file()
        {
            return Err(StoreError::Missing { path: path.clone() });
        }
        let store = Self::connect(at).await?;
        store.build(false).await.map_err(|e| at.cause(e))?;
        Ok(store)
    }

    async fn connect(at: &Location) -> Result<Self, StoreError> {
        match at {
            Location::File(path) | Location::Sealed(path, _) => {
                let mut options = SqliteConnectOptions::new();
                if let Location::Sealed(_, key) = at {
                    // Always the first pragma. A raw key: it is random already, so nothing is stretched.
                    let digits = zapys_domain::text::hex(key);
                    options = options.pragma("key", format!("\"x'{digits}'\""));
                    // Every page that is read is checked: processors have instructions for this digest, not for the larger one.
                    options = options.pragma("cipher_hmac_algorithm", "HMAC_SHA256");
                }
                let options = options
                    .filename(path)
                    .create_if_missing(false)
                    .journal_mode(SqliteJournalMode::Wal)
                    // A commit that was answered survives the loss of power.
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(10))
                    .statement_cache_capacity(200)
                    // Rows that wait to be taken: with few of them the thread that reads stops at each page of a long list.
                    .row_buffer_size(1000)
                    // Evidence text never goes into temporary files; what is deleted is overwritten.
                    .pragma("temp_store", "MEMORY")
                    .pragma("secure_delete", "ON")
                    .pragma("trusted_schema", "OFF")
                    // In kibibytes. A large intake that outgrows the cache is written to the log and read back again and again.
                    .pragma("cache_size", "-131072")
                    // In pages. Whatever many changes touch again and again goes from the log into the file once.
                    .pragma("wal_autocheckpoint", "8192")
                    .disable_statement_logging();
                let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await;
                let write = write.doing().map_err(|e| at.cause(e))?;
                let read = SqlitePoolOptions::new()
                    .max_connections(4)
                    .connect_lazy_with(options.pragma("query_only", "ON").pragma("cache_size", "-16384"));
                let open = Arc::new(Open::new([write.clone(), read.clone()]));
                Ok(Self { db: Db::Sqlite(Files { write, read, _open: open }), sealer: None })
            }
            Location::Server(url) | Location::SealedServer(url, _) => {
                let options: PgConnectOptions = url.parse().map_err(|_| StoreError::BadAddress)?;
                let options = options.application_name("zapys").statement_cache_capacity(200).disable_statement_logging();
                // A pool tries again for half a minute; a person who mistyped the address is told at once.
                options.connect().await.doing()?.close().await.doing()?;
                let pool = PgPoolOptions::new()
                    .max_connections(8)
                    .acquire_timeout(Duration::from_secs(30))
                    .connect_with(options)
                    .await
                    .doing()?;
                let sealer = match at {
                    Location::SealedServer(_, key) => Some(Arc::new(Sealer::new(*key))),
                    _ => None,
                };
                Ok(Self { db: Db::Postgres(pool), sealer })
            }
        }
    }

    async fn build(&self, new: bool) -> Result<(), StoreError> {
        let mut tx = self.transaction().await?;
        let run = &mut tx.run();
        if let Db::Postgres(_) = &run.0 {
            run.exec(LOCK_SCHEMA_POSTGRES, &[]).await?;
        }
        let tables = run.all(self.db.choose(TABLES_SQLITE, TABLES_POSTGRES), &[]).await?;
        let mut ours = false;
        for table in &tables {
            ours |= table.of("tables", "name").text("name")? == "schema_steps";
        }
        match (new, ours, tables.is_empty()) {
            (true, true, _) => return Err(StoreError::AlreadyThere),
            (true, false, true) => migrate::prepare(run).await?,
            (true, false, false) | (false, false, _) => return Err(StoreError::NotARecord),
            (false, true, _) => {}
        }
        migrate::renew(run).await?;
        tx.commit_schema().await
    }

    /// Begins a change. One writer at a time: others wait here, so keep it short and do no other work inside.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let mut tx = self.transaction().await?;
        tx.lock().await?;
        Ok(tx)
    }

    async fn transaction(&self) -> Result<Tx, StoreError> {
        let begun = match &self.db {
            Db::Sqlite(files) => Db::Sqlite(files.write.begin_with("BEGIN IMMEDIATE").await.doing()?),
            Db::Postgres(pool) => Db::Postgres(pool.begin().await.doing()?),
        };
        Ok(Tx::new(begun, self.sealer.clone()))
    }

    pub(crate) fn sealer(&self) -> Option<Arc<Sealer>> {
        self.sealer.clone()
    }

    /// The pools that reading transactions are taken from.
    pub(crate) fn databases(&self) -> Db<&SqlitePool, &PgPool> {
        match &self.db {
            Db::Sqlite(files) => Db::Sqlite(&files.read),
            Db::Postgres(pool) => Db::Postgres(pool),
        }
    }

    pub(crate) async fn reader(&self) -> Result<Held, StoreError> {
        let taken = match &self.db {
            Db::Sqlite(files) => Db::Sqlite(files.read.acquire().await.doing()?),
            Db::Postgres(pool) => Db::Postgres(pool.acquire().await.doing()?),
        };
        Ok(Held(taken, self.sealer.clone()))
    }

    /// A connection for single statements outside a transaction: the queue and settings.
    pub(crate) async fn writer(&self) -> Result<Held, StoreError> {
        let taken = match &self.db {
            Db::Sqlite(files) => Db::Sqlite(files.write.acquire().await.doing()?),
            Db::Postgres(pool) => Db::Postgres(pool.acquire().await.doing()?),
        };
        Ok(Held(taken, self.sealer.clone()))
    }

    /// Looks through the whole database file for damage. Time grows with its size: about a second per gigabyte.
    /// Errors: `Damaged`. PostgreSQL checks its own pages, so there it only asks whether the server answers.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut held = self.reader().await?;
        let mut run = held.run();
        if let Db::Postgres(_) = &run.0 {
            return run.all(TABLES_POSTGRES, &[]).await.map(drop);
        }
        // Nothing is ever written over this connection.
        let [off, on] = CONDITIONS_SQLITE;
        run.exec(off, &[]).await?;
        let found = run.one(CHECK_SQLITE, &[]).await;
        run.exec(on, &[]).await?;
        let row = found?;
        match row.of("quick_check", "quick_check").text("quick_check")?.as_str() {
            "ok" => Ok(()),
            _ => Err(StoreError::Damaged),
        }
    }

    /// Folds the write-ahead log into the file and empties it, so that nothing deleted lingers there. PostgreSQL does it itself.
    pub async fn compact(&self) -> Result<(), StoreError> {
        if self.is_shared() {
            return Ok(());
        }
        let mut held = self.writer().await?;
        held.run().all(COMPACT_SQLITE, &[]).await.map(drop)
    }

    /// True for PostgreSQL, where other processes may work on the same record.
    pub fn is_shared(&self) -> bool {
        matches!(self.db, Db::Postgres(_))
    }

    /// Which of two statements this database takes.
    pub(crate) fn choose<T>(&self, sqlite: T, postgres: T) -> T {
        self.db.choose(sqlite, postgres)
    }

    /// Ends all connections; unfinished transactions are rolled back. SQLite folds its write-ahead log into the file.
    pub async fn close(self) {
        match self.db {
            Db::Sqlite(files) => {
                files.read.close().await;
                files.write.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}
