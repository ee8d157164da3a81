//! Databases for tests: an SQLite file in a temporary folder, and a PostgreSQL server of our own on a private socket with one
//! schema per test.

use sqlx::postgres::PgPoolOptions;
use zapys_store::{Location, Store};

/// Declares a test whose body runs on both databases, and on a server that is told sealed values only. `$at` is the location of an empty record that exists already.
macro_rules! db_test {
    ($(#[$meta:meta])* async fn $name:ident($at:ident) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn body($at: zapys_store::Location) $body
            #[test]
            fn sqlite() {
                $crate::database::on_sqlite(body);
            }
            #[test]
            fn postgres() {
                $crate::database::on_postgres(body);
            }
            #[test]
            fn sealed_postgres() {
                $crate::database::on_sealed_postgres(body);
            }
        }
    };
}
pub(crate) use db_test;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn on_sqlite<F: Future<Output = ()>>(body: impl FnOnce(Location) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let at = Location::File(folder.path().join("record.db"));
    runtime().block_on(async {
        Store::create(&at).await.unwrap().close().await;
        body(at).await;
    });
}

pub fn on_postgres<F: Future<Output = ()>>(body: impl FnOnce(Location) -> F) {
    on_server(|at| at, body);
}

pub fn on_sealed_postgres<F: Future<Output = ()>>(body: impl FnOnce(Location) -> F) {
    on_server(|at| at.sealed([7; 32]), body);
}

fn on_server<F: Future<Output = ()>>(with: impl FnOnce(Location) -> Location, body: impl FnOnce(Location) -> F) {
    let Some(server) = zapys_tests::postgres() else { return };
    let at = with(Location::Server(server.schema()));
    runtime().block_on(async {
        Store::create(&at).await.unwrap().close().await;
        body(at).await;
    });
}

/// A location whose database exists and holds nothing; `None` where there is no PostgreSQL.
pub async fn empty_postgres() -> Option<Location> {
    Some(Location::Server(zapys_tests::postgres()?.schema()))
}

/// Speaks SQL to a record directly, as an auditor or an attacker would.
pub async fn raw(at: &Location, sql: &'static str) -> Result<Vec<String>, sqlx::Error> {
    use sqlx::Row;
    match at {
        Location::File(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
            let rows = sqlx::query(sql).fetch_all(&pool).await;
            pool.close().await;
            rows?.iter().map(|r| r.try_get::<String, _>(0)).collect()
        }
        Location::Sealed(..) => panic!("an encrypted record answers nobody who lacks its key"),
        Location::Server(url) | Location::SealedServer(url, _) => {
            let pool = PgPoolOptions::new().max_connections(1).connect_with(url.parse()?).await?;
            let rows = sqlx::query(sql).fetch_all(&pool).await;
            pool.close().await;
            rows?.iter().map(|r| r.try_get::<String, _>(0)).collect()
        }
    }
}
