//! Running statements: the one place that talks to sqlx. Arguments are text or integers, nothing else.

use crate::dialect::{Db, on_db};
use crate::error::{Doing, StoreError};
use crate::rows::Row;
use crate::sealing::Sealer;
use futures_util::StreamExt;
use sqlx::{PgConnection, SqliteConnection};
use std::borrow::Cow;
use std::sync::Arc;
use zapys_domain::Instant;

/// A statement known when the program was built.
#[derive(Clone, Copy)]
pub(crate) struct Sql(pub(crate) &'static str);

/// Names statements and lists them in `ALL`, so that a test can prepare each one on both databases.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(pub(crate) const $name: $crate::run::Sql = $crate::run::Sql($sql);)+
        pub(crate) const ALL: &[(&str, &str)] = &[$((concat!(module_path!(), "::", stringify!($name)), $sql)),+];
    };
}
pub(crate) use statements;

/// One argument.
#[derive(Clone, Debug)]
pub(crate) enum Arg<'a> {
    Text(Option<Cow<'a, str>>),
    /// Sealed on its way to a server, see `sealing.rs`.
    Hidden(Option<Cow<'a, str>>),
    /// Sealed so that equal values stay equal.
    Compared(Option<Cow<'a, str>>),
    Int(Option<i64>),
}
impl<'a> From<&'a str> for Arg<'a> {
    fn from(v: &'a str) -> Self {
        Arg::Text(Some(escape(v)))
    }
}
impl From<String> for Arg<'_> {
    fn from(v: String) -> Self {
        Arg::Text(Some(match escape(&v) {
            Cow::Owned(escaped) => Cow::Owned(escaped),
            Cow::Borrowed(_) => Cow::Owned(v),
        }))
    }
}
impl<'a> From<Option<&'a str>> for Arg<'a> {
    fn from(v: Option<&'a str>) -> Self {
        Arg::Text(v.map(escape))
    }
}
impl From<Option<String>> for Arg<'_> {
    fn from(v: Option<String>) -> Self {
        v.map_or(Arg::Text(None), Arg::from)
    }
}
impl<'a> From<&'a Option<zapys_domain::Private<String>>> for Arg<'a> {
    fn from(v: &'a Option<zapys_domain::Private<String>>) -> Self {
        Arg::from(v.as_ref().map(|p| p.reveal().as_str()))
    }
}
impl From<i64> for Arg<'_> {
    fn from(v: i64) -> Self {
        Arg::Int(Some(v))
    }
}
impl From<u64> for Arg<'_> {
    /// Counts beyond 2^63 do not occur; they saturate rather than wrap.
    fn from(v: u64) -> Self {
        Arg::Int(Some(i64::try_from(v).unwrap_or(i64::MAX)))
    }
}
impl From<Option<u64>> for Arg<'_> {
    fn from(v: Option<u64>) -> Self {
        Arg::Int(v.map(|n| i64::try_from(n).unwrap_or(i64::MAX)))
    }
}
impl From<Option<i64>> for Arg<'_> {
    fn from(v: Option<i64>) -> Self {
        Arg::Int(v)
    }
}
impl From<Instant> for Arg<'_> {
    fn from(v: Instant) -> Self {
        Arg::Int(Some(v.micros()))
    }
}
impl From<zapys_domain::EntrySeq> for Arg<'_> {
    fn from(v: zapys_domain::EntrySeq) -> Self {
        Arg::from(v.0)
    }
}
macro_rules! shown {
    ($($t:ty),+) => { $(impl From<$t> for Arg<'_> { fn from(v: $t) -> Self { Arg::Text(Some(Cow::Owned(v.to_string()))) } })+ };
}
shown!(zapys_domain::ItemId, zapys_domain::AcquisitionId, zapys_domain::JobId, zapys_domain::DerivationKey);
impl From<zapys_domain::ObjectId> for Arg<'_> {
    fn from(v: zapys_domain::ObjectId) -> Self {
        Arg::Text(Some(Cow::Owned(v.hex())))
    }
}

/// Makes an argument list: anything that has a `From`.
macro_rules! args {
    ($($v:expr),* $(,)?) => { [$($crate::run::Arg::from($v)),*] };
}
pub(crate) use args;

const MARK: char = '\u{241b}';

/// Takes U+0000 out of a text, which PostgreSQL cannot hold: it becomes `␛␀`, and `␛` itself is doubled.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', MARK]) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => out.push_str("\u{241b}\u{2400}"),
            MARK => out.push_str("\u{241b}\u{241b}"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Reads back what [`escape`] wrote.
pub(crate) fn unescape(text: String) -> String {
    if !text.contains(MARK) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            MARK => match chars.next() {
                Some('\u{2400}') => out.push('\0'),
                Some(other) => out.push(other),
                None => out.push(MARK),
            },
            c => out.push(c),
        }
    }
    out
}

/// A connection, borrowed for one or more statements, and what seals values on their way to a server.
pub(crate) struct Run<'c>(pub(crate) Db<&'c mut SqliteConnection, &'c mut PgConnection>, pub(crate) Option<Arc<Sealer>>);

macro_rules! bound {
    ($sql:expr, $args:expr) => {{
        let mut query = sqlx::query($sql);
        for arg in $args.iter() {
            query = match arg {
                Arg::Text(v) | Arg::Hidden(v) | Arg::Compared(v) => query.bind(v.as_deref()),
                Arg::Int(v) => query.bind(*v),
            };
        }
        query
    }};
}

impl Run<'_> {
    /// Every row.
    pub(crate) async fn all(&mut self, sql: Sql, args: &[Arg<'_>]) -> Result<Vec<Row>, StoreError> {
        let args = self.sealed(args);
        match &mut self.0 {
            Db::Sqlite(c) => Ok(wrap(bound!(sql.0, args).fetch_all(&mut **c).await.doing()?, Row::of_file)),
            Db::Postgres(c) => {
                Ok(wrap(bound!(sql.0, args).fetch_all(&mut **c).await.doing()?, |r| Row(Db::Postgres(r), self.1.clone())))
            }
        }
    }
    /// Every row of a statement that `filter.rs` put together from fixed pieces. It is not kept prepared.
    pub(crate) async fn all_built(&mut self, sql: String, args: &[Arg<'_>]) -> Result<Vec<Row>, StoreError> {
        let (sql, args) = (sqlx::AssertSqlSafe(sql), self.sealed(args));
        match &mut self.0 {
            Db::Sqlite(c) => Ok(wrap(bound!(sql, args).persistent(false).fetch_all(&mut **c).await.doing()?, Row::of_file)),
            Db::Postgres(c) => {
                let rows = bound!(sql, args).persistent(false).fetch_all(&mut **c).await.doing()?;
                Ok(wrap(rows, |r| Row(Db::Postgres(r), self.1.clone())))
            }
        }
    }
    /// True where values are sealed on their way to the server: there nothing hidden can be searched or sorted by.
    pub(crate) fn seals(&self) -> bool {
        self.1.is_some()
    }
    /// The arguments as this database gets them.
    fn sealed<'a>(&self, args: &'a [Arg<'a>]) -> Cow<'a, [Arg<'a>]> {
        self.1.as_ref().map_or(Cow::Borrowed(args), |sealer| Cow::Owned(sealer.seal(args)))
    }
    /// Hands each row on as it comes, until `take` says no.
    pub(crate) async fn each(&mut self, sql: Sql, take: &mut impl FnMut(Row) -> bool) -> Result<(), StoreError> {
        self.each_of(sql.0, &[], take).await
    }
    /// The same for a statement that `filter.rs` put together.
    pub(crate) async fn each_built(
        &mut self,
        sql: String,
        args: &[Arg<'_>],
        take: &mut impl FnMut(Row) -> bool,
    ) -> Result<(), StoreError> {
        self.each_of(sqlx::AssertSqlSafe(sql), args, take).await
    }
    async fn each_of(
        &mut self,
        sql: impl sqlx::SqlSafeStr,
        args: &[Arg<'_>],
        take: &mut impl FnMut(Row) -> bool,
    ) -> Result<(), StoreError> {
        let args = self.sealed(args);
        match &mut self.0 {
            Db::Sqlite(c) => {
                let mut rows = bound!(sql, args).fetch(&mut **c);
                while let Some(row) = rows.next().await {
                    if !take(Row::of_file(row.doing()?)) {
                        break;
                    }
                }
            }
            Db::Postgres(c) => {
                let mut rows = bound!(sql, args).fetch(&mut **c);
                while let Some(row) = rows.next().await {
                    if !take(Row(Db::Postgres(row.doing()?), self.1.clone())) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
    /// The first row, if there is one.
    pub(crate) async fn opt(&mut self, sql: Sql, args: &[Arg<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }
    /// The first row of a statement that always has one, such as a count.
    pub(crate) async fn one(&mut self, sql: Sql, args: &[Arg<'_>]) -> Result<Row, StoreError> {
        self.opt(sql, args).await?.ok_or(StoreError::Database { code: "no-row".into(), constraint: None })
    }
    /// Number of rows changed.
    pub(crate) async fn exec(&mut self, sql: Sql, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let args = self.sealed(args);
        on_db!(&mut self.0, c => Ok(bound!(sql.0, args).execute(&mut **c).await.doing()?.rows_affected()))
    }
    /// Runs a statement that `filter.rs` put together; it is kept prepared, since few forms of it occur.
    pub(crate) async fn exec_built(&mut self, sql: String, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let (sql, args) = (sqlx::AssertSqlSafe(sql), self.sealed(args));
        on_db!(&mut self.0, c => Ok(bound!(sql, args).execute(&mut **c).await.doing()?.rows_affected()))
    }
    /// A script of several statements, without arguments.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        on_db!(&mut self.0, c => { sqlx::raw_sql(sql).execute(&mut **c).await.doing()?; });
        Ok(())
    }
}

fn wrap<R>(rows: Vec<R>, with: impl Fn(R) -> Row) -> Vec<Row> {
    rows.into_iter().map(with).collect()
}

/// Declares reads once; they can be called on `Store` (any reading connection) and on `Tx` (inside the transaction).
macro_rules! reads {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)+) => {
        impl $crate::Store {
            $($(#[$meta])*
            pub async fn $name(&self, $($arg: $ty),*) -> Result<$out, $crate::StoreError> {
                let mut held = self.reader().await?;
                held.run().$name($($arg),*).await
            })+
        }
        impl $crate::Tx {
            $($(#[$meta])*
            pub async fn $name(&mut self, $($arg: $ty),*) -> Result<$out, $crate::StoreError> {
                self.run().$name($($arg),*).await
            })+
        }
    };
}
pub(crate) use reads;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_survives_and_no_zero_is_stored(text in "[\\x00\u{241b}\u{2400}a-zі]{0,40}") {
            let stored = escape(&text).into_owned();
            prop_assert!(!stored.contains('\0'));
            prop_assert_eq!(unescape(stored), text);
        }
    }
}
