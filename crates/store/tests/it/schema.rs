//! One SQL text, two databases: every statement is prepared on both, and both have the same tables.

use crate::database::{empty_postgres, on_postgres, on_sqlite, raw};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use zapys_domain::{Action, DerivativeKind, ItemKind};
use zapys_store::{Location, statements};

#[test]
fn every_statement_is_prepared_on_sqlite() {
    on_sqlite(async |at| {
        let Location::File(path) = at else { unreachable!() };
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = <SqliteConnection as Connection>::connect_with(&options).await.unwrap();
        for (name, sql) in statements(false) {
            let prepared = connection.prepare(sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(sql))).await;
            assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
        }
    });
}

#[test]
fn every_statement_is_prepared_on_postgres() {
    on_postgres(async |at| {
        let Location::Server(url) = at else { unreachable!() };
        let mut connection = <PgConnection as Connection>::connect(&url).await.unwrap();
        for (name, sql) in statements(true) {
            let prepared = connection.prepare(sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(sql))).await;
            assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
        }
    });
}

const COLUMNS_SQLITE: &str = "SELECT m.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" = 1 THEN ' NOT NULL' ELSE '' END \
    FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1";
const COLUMNS_POSTGRES: &str = "SELECT CAST(table_name || '.' || column_name || ' ' || upper(data_type) || \
    CASE WHEN is_nullable = 'NO' THEN ' NOT NULL' ELSE '' END AS TEXT) FROM information_schema.columns \
    WHERE table_schema = current_schema() ORDER BY 1";
const INDEXES_SQLITE: &str = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1";
const INDEXES_POSTGRES: &str = "SELECT CAST(indexname AS TEXT) FROM pg_indexes WHERE schemaname = current_schema() \
    AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key' ORDER BY 1";

#[test]
fn both_databases_have_the_same_schema() {
    let sorted = |mut v: Vec<String>| {
        v.sort();
        v
    };
    let mut columns = Vec::new();
    let mut indexes = Vec::new();
    on_sqlite(async |at| {
        columns = sorted(raw(&at, COLUMNS_SQLITE).await.unwrap());
        indexes = sorted(raw(&at, INDEXES_SQLITE).await.unwrap());
    });
    assert!(columns.len() > 100 && columns.contains(&"jobs.id TEXT NOT NULL".to_owned()), "{columns:?}");
    assert!(columns.iter().all(|c| c.contains(" TEXT") || c.contains(" BIGINT")), "{columns:?}");
    on_postgres(async |at| {
        assert_eq!(sorted(raw(&at, COLUMNS_POSTGRES).await.unwrap()), columns);
        assert_eq!(sorted(raw(&at, INDEXES_POSTGRES).await.unwrap()), indexes);
    });
}

#[test]
fn the_vocabularies_are_those_of_the_program() {
    let check = async |at: Location| {
        let n = |v: Vec<String>| v.len();
        assert_eq!(n(raw(&at, "SELECT word FROM item_kinds").await.unwrap()), ItemKind::ALL.len());
        assert_eq!(n(raw(&at, "SELECT word FROM derivative_kinds").await.unwrap()), DerivativeKind::ALL.len());
        assert_eq!(n(raw(&at, "SELECT word FROM actions").await.unwrap()), Action::ALL.len());
        let mut kinds = raw(&at, "SELECT word FROM record_kinds").await.unwrap();
        kinds.sort();
        let mut known: Vec<&str> = zapys_domain::handover::RecordKind::ALL.iter().map(|k| k.word()).collect();
        known.sort();
        assert_eq!(kinds, known);
    };
    on_sqlite(check);
    on_postgres(check);
}

#[test]
fn a_foreign_schema_is_left_alone() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let Some(at) = empty_postgres().await else { return };
        assert!(matches!(zapys_store::Store::open(&at).await, Err(zapys_store::StoreError::NotARecord)));
        raw(&at, "CREATE TABLE other (id BIGINT)").await.unwrap();
        assert!(matches!(zapys_store::Store::create(&at).await, Err(zapys_store::StoreError::NotARecord)));
    });
}
