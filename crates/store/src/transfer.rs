//! The whole record, row by row: out of one database and into another.
//!
//! A row travels as it stands in the table, so that what is carried over is what was there, digests and all. Tables go in an
//! order in which every row finds what it refers to.

use crate::Store;
use crate::dialect::{Db, SNAPSHOT_POSTGRES, SNAPSHOT_SQLITE};
use crate::error::{Doing, StoreError};
use crate::filter::Insert;
use crate::rows::Row;
use crate::run::{Arg, Sql};
use crate::sealing::{compared, hidden};
use crate::tx::Tx;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Rows that go into the database together.
const TOGETHER: usize = 500;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// Null, of either type.
    Nothing,
    #[allow(missing_docs)]
    Int(i64),
    #[allow(missing_docs)]
    Text(String),
}

/// One row on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowOut(
    /// Name of the table.
    pub String,
    /// Values in the order of its columns.
    pub Vec<Cell>,
);

struct Table {
    name: &'static str,
    select: Sql,
    insert: Insert,
    columns: &'static [(&'static str, Holds)],
    /// Column that may name another row of the same table, which then goes first.
    after: Option<&'static str>,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Int,
    /// Readable for the server as well: it finds, sorts or counts by it, or it says nothing about the case.
    Text,
    /// Sealed on a server.
    Hidden,
    /// Sealed there so that equal values stay equal.
    Compared,
}
macro_rules! holds {
    (int) => {
        Holds::Int
    };
    (text) => {
        Holds::Text
    };
    (hidden) => {
        Holds::Hidden
    };
    (compared) => {
        Holds::Compared
    };
}
macro_rules! tables {
    ($($name:ident by $order:literal $(after $after:ident)?: $kind0:ident $column0:ident $(, $kind:ident $column:ident)*;)+) => {
        const TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            select: Sql(concat!(
                "SELECT ", stringify!($column0) $(, ", ", stringify!($column))*, " FROM ", stringify!($name), " ORDER BY ", $order
            )),
            insert: Insert {
                head: concat!("INSERT INTO ", stringify!($name), " (", stringify!($column0) $(, ", ", stringify!($column))*, ")"),
                columns: [stringify!($column0) $(, stringify!($column))*].len(),
                tail: " ON CONFLICT DO NOTHING",
            },
            columns: &[(stringify!($column0), holds!($kind0)) $(, (stringify!($column), holds!($kind)))*],
            after: [$(Some(stringify!($after)),)? None][0],
        }),+];
        pub(crate) const ALL: &[(&str, &str)] = &[$((
            concat!("transfer::", stringify!($name)),
            concat!("SELECT ", stringify!($column0) $(, ", ", stringify!($column))*, " FROM ", stringify!($name), " ORDER BY ", $order),
        )),+];
    };
}
tables! {
    meta by "key": text key, hidden value;
    settings by "key": text key, hidden value;
    item_kinds by "word": text word;
    derivative_kinds by "word": text word;
    actions by "word": text word;
    entries by "seq": int seq, text item, int item_seq, int at, compared actor, text action, hidden canonical, text leaf, text digest;
    openings by "seq, field": int seq, text field, hidden salt, hidden value;
    checkpoints by "size": int size, text root, text note, int at;
    objects by "id": text id, int bytes, text media_type, int first_seen;
    items by "id" after parent: text id, text kind, text media_type, text format, text object, int bytes, text parent, compared member_path, hidden title, hidden title_key, hidden title_order, text status, text lang, text recorded, int recorded_earliest, int recorded_latest, text recorded_basis, text published, int published_earliest, int published_latest, text sensitivity, int created, int entry_seq;
    acquisitions by "id": text id, text item, text object, compared actor, int at, text method, hidden path, hidden source, text source_grade, hidden origin, hidden collected_by, hidden legal_basis, text recorded, text published, text lang, text sensitivity, hidden labels, int entry_seq;
    relations by "parent, child, relation": text parent, text child, text relation, hidden detail, int entry_seq;
    derivations by "key, item": text key, text item, text kind, text engine_name, text engine_version, hidden model, text model_sha256, text binary_sha256, hidden params, text inputs, text state, text output, text output_media_type, int started, int finished, int elapsed_ms, text error_code, hidden error_message, hidden error_hint, int entry_seq;
    findings by "item, found_by, idx": text item, text found_by, int idx, text code, text severity, hidden locator, hidden message;
    item_facts by "item": text item, int duration_ms, int channels, text languages, text flags, hidden preview, hidden thumb_peaks, int n_segments, int n_messages, int n_calls, int n_words;
    item_languages by "item, lang": text item, text lang;
    item_flags by "item, flag": text item, text flag, int n;
    jobs by "id": text id, text item, text kind, int priority, text state, int attempts, int not_before, text lease_owner, int lease_until, text error_code, hidden error_message, hidden error_hint, int created, int updated;
    object_keys by "object": text object, text name, int epoch, text wrapped;
    disposals by "item": text item, int at, compared actor, int entry_seq;
    disposed_objects by "object": text object, text item;
    record_kinds by "word": text word;
    records by "id" after corrects: text id, text item, text kind, compared actor, int at, hidden body, text corrects, hidden because, int entry_seq;
    item_dates by "item, which": text item, text which, text value, text basis;
    item_excerpts by "item": text item, text parent, int start_ms, int end_ms;
    family_members by "item": text item, text family;
    tree_nodes by "level, idx": int level, int idx, text hash;
    cosignatures by "size, name, key_id, signature": int size, text name, int key_id, text signature, text vkey, int at;
    stamp_requests by "id": text id, int size, text checkpoint, text request, int at;
    stamps by "id": text id, text kind, int size, text checkpoint, text request, text reply, text chain, text crls, text header, int at;
    ledger_keys by "entry_seq": int entry_seq, text vkey, text reason, int at;
}

/// Names of the tables that travel; a test compares them with what the databases have.
#[doc(hidden)]
pub fn transferred() -> Vec<(String, Vec<String>)> {
    TABLES.iter().map(|t| (t.name.into(), t.columns.iter().map(|c| c.0.into()).collect())).collect()
}

/// Columns that are sealed on a server, as `table.column`; a test looks whether they are.
#[doc(hidden)]
pub fn hidden_columns() -> Vec<(String, String)> {
    let of = |t: &Table| {
        let hides = |c: &&(&str, Holds)| matches!(c.1, Holds::Hidden | Holds::Compared);
        t.columns.iter().filter(hides).map(|c| (t.name.to_owned(), c.0.to_owned())).collect::<Vec<_>>()
    };
    TABLES.iter().flat_map(of).collect()
}

impl Table {
    fn read(&self, row: &Row) -> Result<Vec<Cell>, StoreError> {
        let row = row.of(self.name, self.columns[0].0);
        let cell = |(name, holds): &(&'static str, Holds)| {
            Ok(match holds {
                Holds::Int => row.opt_int(name)?.map_or(Cell::Nothing, Cell::Int),
                Holds::Text | Holds::Hidden | Holds::Compared => row.opt_text(name)?.map_or(Cell::Nothing, Cell::Text),
            })
        };
        self.columns.iter().map(cell).collect()
    }
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.0 == name)
    }
    /// The arguments of a row. Errors: `Transfer` where a value has another type than its column.
    fn args(&self, cells: &[Cell]) -> Result<Vec<Arg<'static>>, StoreError> {
        if cells.len() != self.columns.len() {
            return Err(StoreError::Transfer { table: self.name });
        }
        let arg = |(cell, (_, holds)): (&Cell, &(&str, Holds))| match (cell, holds) {
            (Cell::Nothing, Holds::Int) => Ok(Arg::Int(None)),
            (Cell::Nothing, _) => Ok(Arg::Text(None)),
            (Cell::Int(n), Holds::Int) => Ok(Arg::Int(Some(*n))),
            (Cell::Text(t), Holds::Text) => Ok(Arg::from(t.clone())),
            (Cell::Text(t), Holds::Hidden) => Ok(hidden(t.clone())),
            (Cell::Text(t), Holds::Compared) => Ok(compared(t.clone())),
            _ => Err(StoreError::Transfer { table: self.name }),
        };
        cells.iter().zip(self.columns).map(arg).collect()
    }
}

impl Store {
    /// Gives out every row of the record as of one moment, whatever is written meanwhile. Answers how many. Errors: those of
    /// the database, and whatever `take` says.
    pub async fn snapshot<E: From<StoreError>>(&self, mut take: impl FnMut(RowOut) -> Result<(), E>) -> Result<u64, E> {
        let mut tx = self.read_transaction().await?;
        let mut n = 0;
        for table in TABLES {
            let mut failed = None;
            let mut each =
                |row: Row| match table.read(&row).map_err(E::from).and_then(|cells| take(RowOut(table.name.into(), cells))) {
                    Ok(()) => {
                        n += 1;
                        true
                    }
                    Err(e) => {
                        failed = Some(e);
                        false
                    }
                };
            tx.run().each(table.select, &mut each).await?;
            if let Some(e) = failed {
                return Err(e);
            }
        }
        tx.rollback().await?;
        Ok(n)
    }

    async fn read_transaction(&self) -> Result<Tx, StoreError> {
        let begun = match self.databases() {
            Db::Sqlite(read) => Db::Sqlite(read.begin_with(SNAPSHOT_SQLITE).await.doing()?),
            Db::Postgres(pool) => Db::Postgres(pool.begin_with(SNAPSHOT_POSTGRES).await.doing()?),
        };
        Ok(Tx::new(begun, self.sealer()))
    }

    /// Fills an empty record with rows from another one, all or nothing. Errors: `Transfer` for a row of no table or of another
    /// shape, and for one that refers to nothing; `Refused` where the record is not empty.
    pub async fn load(&self) -> Result<Load, StoreError> {
        if self.head().await?.size > 0 {
            return Err(StoreError::AlreadyThere);
        }
        Ok(Load { tx: self.begin().await?, held: Vec::new(), table: None, waiting: HashMap::new(), there: HashSet::new(), n: 0 })
    }
}

/// A record being filled.
#[must_use = "rows that are not committed are gone"]
pub struct Load {
    tx: Tx,
    held: Vec<Arg<'static>>,
    table: Option<&'static Table>,
    /// Rows that wait for another row of their table, by its name.
    waiting: HashMap<String, Vec<Vec<Cell>>>,
    there: HashSet<String>,
    n: u64,
}
impl Load {
    /// Takes one row. Rows must come table by table, in the order of [`Store::snapshot`].
    pub async fn row(&mut self, RowOut(name, cells): RowOut) -> Result<(), StoreError> {
        let table = TABLES.iter().find(|t| t.name == name).ok_or(StoreError::Transfer { table: "unknown" })?;
        if self.table.is_none_or(|t| t.name != table.name) {
            self.end_table().await?;
            self.table = Some(table);
        }
        let mut ready = vec![cells];
        while let Some(cells) = ready.pop() {
            if let Some(column) = table.after.and_then(|a| table.column(a)) {
                if let Some(Cell::Text(other)) = cells.get(column)
                    && !self.there.contains(other)
                {
                    self.waiting.entry(other.clone()).or_default().push(cells);
                    continue;
                }
                if let Some(Cell::Text(own)) = cells.first() {
                    self.there.insert(own.clone());
                    ready.extend(self.waiting.remove(own).unwrap_or_default());
                }
            }
            self.held.extend(table.args(&cells)?);
            self.n += 1;
            if self.held.len() >= TOGETHER * table.insert.columns {
                self.flush().await?;
            }
        }
        Ok(())
    }
    async fn end_table(&mut self) -> Result<(), StoreError> {
        self.flush().await?;
        self.there.clear();
        match (self.waiting.is_empty(), self.table) {
            (false, Some(table)) => Err(StoreError::Transfer { table: table.name }),
            _ => Ok(()),
        }
    }
    async fn flush(&mut self) -> Result<(), StoreError> {
        let held = std::mem::take(&mut self.held);
        match self.table {
            Some(table) if !held.is_empty() => self.tx.run().insert(&table.insert, &held).await.map(drop),
            _ => Ok(()),
        }
    }
    /// Makes all rows durable and answers how many they were.
    pub async fn commit(mut self) -> Result<u64, StoreError> {
        self.end_table().await?;
        self.tx.commit_schema().await?;
        Ok(self.n)
    }
}
