//! Everything in which the two databases differ, each with its reason. Whatever is not here is one text for both.
//!
//! 1. Claiming a job: PostgreSQL needs `FOR UPDATE SKIP LOCKED`, or claimers queue up behind one row. SQLite has one writer.
//! 2. Beginning to write: SQLite wants `BEGIN IMMEDIATE`, or two readers that turn into writers deadlock; PostgreSQL wants a
//!    row lock, or two writers take the same ledger sequence.
//! 3. Triggers that keep history: the two have no common notation (`schema/*-history-*.sql`).
//! 4. Walking over all objects: an SQLite table lies in the order in which its rows came, and reading it in the order of its
//!    digests touches pages all over it, each deciphered again; PostgreSQL has no such order that one could go on from.
//! 5. Titles that a server may not read: what was found here is handed over as a list, for which the two have no common notation.
//! 6. Recognising a record that is there, whether it is whole and its rules are as they were set, and emptying its log: each database has its own ways.

use crate::run::Sql;

/// One of two: a pool, a connection, a row. The only two-arm match over it is [`on_db!`].
#[derive(Debug)]
pub(crate) enum Db<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// Runs one body for whichever database it is.
macro_rules! on_db {
    ($db:expr, $it:ident => $body:expr) => {
        match $db {
            $crate::dialect::Db::Sqlite($it) => $body,
            $crate::dialect::Db::Postgres($it) => $body,
        }
    };
}
pub(crate) use on_db;

impl<S, P> Db<S, P> {
    /// Chooses between two statements that differ for a reason given above.
    pub(crate) fn choose<T>(&self, sqlite: T, postgres: T) -> T {
        match self {
            Db::Sqlite(_) => sqlite,
            Db::Postgres(_) => postgres,
        }
    }
}

macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE jobs SET state = 'leased', attempts = attempts + 1, lease_owner = $1, lease_until = $2, updated = $3 ",
            "WHERE id = (SELECT id FROM jobs WHERE state = 'ready' AND not_before <= $3 ",
            "AND ($4 = '' OR $4 LIKE '%,' || kind || ',%') ORDER BY priority DESC, not_before, id LIMIT 1",
            $lock,
            ") AND state = 'ready' RETURNING id, item, kind, priority, state, attempts, not_before, lease_owner, lease_until, ",
            "error_code, error_message, error_hint, created, updated"
        )
    };
}
macro_rules! objects {
    ($keys:literal, $join:literal, $place:literal, $after:literal) => {
        Sql(concat!(
            "SELECT CAST(",
            $place,
            " AS TEXT) AS place, o.id, o.bytes, o.media_type, o.first_seen",
            $keys,
            " FROM objects o",
            $join,
            " WHERE ",
            $place,
            " > ",
            $after,
            " ORDER BY ",
            $place,
            " LIMIT $2"
        ))
    };
    ($place:literal, $after:literal) => {
        [
            objects!("", "", $place, $after),
            objects!(", k.object, k.name, k.epoch, k.wrapped", " LEFT JOIN object_keys k ON k.object = o.id", $place, $after),
        ]
    };
}
/// Objects in an order in which they are quickly read, from a place on: alone, and with their keys.
pub(crate) const OBJECTS_SQLITE: [Sql; 2] =
    objects!("o.rowid", "CASE $1 WHEN '' THEN -9223372036854775808 ELSE CAST($1 AS BIGINT) END");
pub(crate) const OBJECTS_POSTGRES: [Sql; 2] = objects!("o.id", "$1");

/// Items among those of a list, identifiers with commas between them; the argument stands between the two pieces.
pub(crate) const AMONG_POSTGRES: [&str; 2] = [" AND i.id = ANY(string_to_array(", ", ','))"];

pub(crate) const CLAIM_SQLITE: Sql = Sql(claim!(""));
pub(crate) const CLAIM_POSTGRES: Sql = Sql(claim!(" FOR UPDATE SKIP LOCKED"));

pub(crate) const TABLES_SQLITE: Sql =
    Sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
pub(crate) const TABLES_POSTGRES: Sql =
    Sql("SELECT CAST(tablename AS TEXT) AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY name");

/// Lets one writer in at a time, as SQLite does by itself: ledger sequences are taken inside the transaction.
pub(crate) const LOCK_POSTGRES: Sql = Sql("SELECT value FROM meta WHERE key = 'writer' FOR UPDATE");
/// Lets one process make or renew the schema at a time.
pub(crate) const LOCK_SCHEMA_POSTGRES: Sql = Sql("SELECT CAST(pg_advisory_xact_lock(8818201) AS TEXT)");
/// Looks through the database file for damage; answers `ok`. PostgreSQL checks its pages itself.
pub(crate) const CHECK_SQLITE: Sql = Sql("PRAGMA quick_check(1)");
/// Whether looking through the file also evaluates the conditions of every row again. What a row says is held against the
/// ledger anyway, and that takes longer than all the rest.
pub(crate) const CONDITIONS_SQLITE: [Sql; 2] =
    [Sql("PRAGMA ignore_check_constraints = ON"), Sql("PRAGMA ignore_check_constraints = OFF")];
/// Empties the write-ahead log. PostgreSQL recycles its own.
pub(crate) const COMPACT_SQLITE: Sql = Sql("PRAGMA wal_checkpoint(TRUNCATE)");
/// Rules of the two databases are listed in different places.
pub(crate) const RULES_SQLITE: Sql = Sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
pub(crate) const RULES_POSTGRES: Sql =
    Sql("SELECT CAST(t.tgname AS TEXT) AS name, CAST(t.tgenabled AS TEXT) AS sql FROM pg_catalog.pg_trigger t \
     JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = current_schema() AND NOT t.tgisinternal ORDER BY t.tgname");
/// Rows whose other end is missing; PostgreSQL never lets that come to be.
pub(crate) const DANGLING_SQLITE: Sql = Sql("SELECT DISTINCT \"table\" AS name FROM pragma_foreign_key_check ORDER BY 1");
/// Begins a look at the whole record as of one moment. SQLite's write-ahead log gives that to every reading transaction.
pub(crate) const SNAPSHOT_SQLITE: &str = "BEGIN";
pub(crate) const SNAPSHOT_POSTGRES: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The statements of this file that the given database runs.
pub(crate) fn all(postgres: bool) -> &'static [(&'static str, &'static str)] {
    match postgres {
        false => &[
            ("CLAIM", CLAIM_SQLITE.0),
            ("TABLES", TABLES_SQLITE.0),
            ("OBJECTS", OBJECTS_SQLITE[0].0),
            ("OBJECTS_WITH_KEYS", OBJECTS_SQLITE[1].0),
            ("CHECK", CHECK_SQLITE.0),
            ("CONDITIONS_OFF", CONDITIONS_SQLITE[0].0),
            ("CONDITIONS_ON", CONDITIONS_SQLITE[1].0),
            ("COMPACT", COMPACT_SQLITE.0),
            ("RULES", RULES_SQLITE.0),
            ("DANGLING", DANGLING_SQLITE.0),
        ],
        true => &[
            ("CLAIM", CLAIM_POSTGRES.0),
            ("OBJECTS", OBJECTS_POSTGRES[0].0),
            ("OBJECTS_WITH_KEYS", OBJECTS_POSTGRES[1].0),
            ("TABLES", TABLES_POSTGRES.0),
            ("RULES", RULES_POSTGRES.0),
            ("LOCK", LOCK_POSTGRES.0),
            ("LOCK_SCHEMA", LOCK_SCHEMA_POSTGRES.0),
        ],
    }
}
