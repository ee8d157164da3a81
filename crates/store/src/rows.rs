//! Rows into domain types. What makes no sense is [`StoreError::Inconsistent`], never a default.

use crate::dialect::{Db, on_db};
use crate::error::StoreError;
use crate::run::unescape;
use crate::sealing::Sealer;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use std::sync::Arc;
use zapys_domain::{Actor, DerivationKey, EntrySeq, Instant, ObjectId, Private};

/// A row of either database, and what opens the sealed values of a server's.
pub(crate) struct Row(pub(crate) Db<SqliteRow, PgRow>, pub(crate) Option<Arc<Sealer>>);

/// A row being read as one of a table, so that errors can name the place.
pub(crate) struct Reading<'r> {
    row: &'r Row,
    table: &'static str,
    id: &'static str,
}

impl Row {
    pub(crate) fn of_file(row: SqliteRow) -> Self {
        Self(Db::Sqlite(row), None)
    }
    /// Reads this row as one of `table`; `id` is the column that names it in errors.
    pub(crate) fn of(&self, table: &'static str, id: &'static str) -> Reading<'_> {
        Reading { row: self, table, id }
    }
    /// A count or sum named `n`.
    pub(crate) fn n(&self) -> Result<u64, StoreError> {
        self.of("counts", "n").count("n")
    }
}

impl Reading<'_> {
    pub(crate) fn wrong(&self, column: &'static str) -> StoreError {
        let id = self.id;
        let name =
            on_db!(&self.row.0, r => r.try_get::<String, _>(id).or_else(|_| r.try_get::<i64, _>(id).map(|n| n.to_string())));
        StoreError::Inconsistent { table: self.table, column, id: name.unwrap_or_default() }
    }
    pub(crate) fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        let value = on_db!(&self.row.0, r => r.try_get::<Option<String>, _>(column)).map_err(|_| self.wrong(column))?;
        match (value, &self.row.1) {
            (Some(value), Some(sealer)) => sealer.open(value).map(unescape).map(Some).ok_or_else(|| self.wrong(column)),
            (value, _) => Ok(value.map(unescape)),
        }
    }
    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or_else(|| self.wrong(column))
    }
    pub(crate) fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        on_db!(&self.row.0, r => r.try_get::<Option<i64>, _>(column)).map_err(|_| self.wrong(column))
    }
    pub(crate) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| self.wrong(column))
    }
    /// An integer that fits the wanted type.
    pub(crate) fn count<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.int(column)?).map_err(|_| self.wrong(column))
    }
    pub(crate) fn opt_count<T: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        self.opt_int(column)?.map(|n| T::try_from(n).map_err(|_| self.wrong(column))).transpose()
    }
    pub(crate) fn at(&self, column: &'static str) -> Result<Instant, StoreError> {
        self.int(column).map(Instant::from_micros)
    }
    pub(crate) fn opt_at(&self, column: &'static str) -> Result<Option<Instant>, StoreError> {
        Ok(self.opt_int(column)?.map(Instant::from_micros))
    }
    pub(crate) fn entry(&self, column: &'static str) -> Result<EntrySeq, StoreError> {
        self.count(column).map(EntrySeq)
    }
    pub(crate) fn private(&self, column: &'static str) -> Result<Option<Private<String>>, StoreError> {
        Ok(self.opt_text(column)?.map(Private::new))
    }
    /// Anything with a parser that answers `Option`.
    pub(crate) fn read<T>(&self, column: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        parse(&self.text(column)?).ok_or_else(|| self.wrong(column))
    }
    pub(crate) fn opt_read<T>(&self, column: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?.map(|t| parse(&t).ok_or_else(|| self.wrong(column))).transpose()
    }
    /// An identifier.
    pub(crate) fn id<T: std::str::FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        self.read(column, |t| t.parse().ok())
    }
    pub(crate) fn opt_id<T: std::str::FromStr>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        self.opt_read(column, |t| t.parse().ok())
    }
    pub(crate) fn actor(&self, column: &'static str) -> Result<Actor, StoreError> {
        self.read(column, Actor::parse)
    }
    pub(crate) fn key(&self, column: &'static str) -> Result<DerivationKey, StoreError> {
        self.read(column, DerivationKey::parse)
    }
    /// 32 bytes in hexadecimal.
    pub(crate) fn hash(&self, column: &'static str) -> Result<[u8; 32], StoreError> {
        self.id::<ObjectId>(column).map(|o| *o.digest())
    }
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        self.read(column, |t| serde_json::from_str(t).ok())
    }
    pub(crate) fn opt_json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        self.opt_read(column, |t| serde_json::from_str(t).ok())
    }
}

/// 32 bytes as stored: lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    ObjectId::from_digest(*bytes).hex()
}

/// A calendar day as stored: yyyymmdd.
pub(crate) fn day(day: Option<zapys_domain::edtf::Day>) -> Option<i64> {
    day.map(|(y, m, d)| i64::from(y) * 10_000 + i64::from(m) * 100 + i64::from(d))
}
