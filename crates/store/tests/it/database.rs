//! Databases for tests: an SQLite file in a temporary folder, and a PostgreSQL server of our own on a private socket with one
//! schema per test.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use zapys_store::{Location, Store};

/// Declares a test whose body runs on both databases. `$at` is the location of an empty record that exists already.
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
    let Some(server) = server() else { return };
    runtime().block_on(async {
        let at = server.schema().await;
        Store::create(&at).await.unwrap().close().await;
        body(at).await;
    });
}

/// A location whose database exists and holds nothing; `None` where there is no PostgreSQL.
pub async fn empty_postgres() -> Option<Location> {
    Some(server()?.schema().await)
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
        Location::Server(url) => {
            let pool = PgPoolOptions::new().max_connections(1).connect_with(url.parse()?).await?;
            let rows = sqlx::query(sql).fetch_all(&pool).await;
            pool.close().await;
            rows?.iter().map(|r| r.try_get::<String, _>(0)).collect()
        }
    }
}

struct Server {
    /// Held for the life of the test process: when its standard input closes, the server is stopped and its folder removed.
    _watch: Child,
    socket: PathBuf,
    next: AtomicU32,
}

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// Makes a database folder, runs a server on it until standard input ends (which it does when the test process goes, however it
/// goes), and removes the folder. PostgreSQL refuses to run as root, so root lends it the user `postgres`.
const UNTIL_WE_GO: &str = r#"
trap '' HUP INT TERM
as=''
if [ "$(id -u)" = 0 ]; then chown postgres "$DIR"; as='setpriv --reuid=postgres --regid=postgres --clear-groups'; fi
cd "$DIR"
$as "$BIN/initdb" -D "$DIR/data" -U tester -A trust -E UTF8 --locale=C --no-sync >log 2>&1 &&
$as "$BIN/postgres" -D "$DIR/data" -k "$DIR" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=60 \
    -c shared_buffers=32MB -c log_min_messages=fatal >>log 2>&1 </dev/null &
server=$!
cat >/dev/null
# An immediate stop: nothing in it is worth keeping.
$as "$BIN/pg_ctl" -D "$DIR/data" stop -m immediate >>log 2>&1
wait $server
cd /
rm -rf "$DIR"
"#;

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if Path::new(PROGRAMS).join("initdb").exists() {
            return Some(Server::start());
        }
        assert_ne!(
            std::env::var("ZAPYS_REQUIRE_SERVERS").as_deref(),
            Ok("1"),
            "PostgreSQL 15 must be installed (package postgresql)"
        );
        None
    });
    if server.is_none() {
        eprintln!("skipped: PostgreSQL 15 is not installed; run make test");
    }
    server.as_ref()
}

impl Server {
    fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::Builder::new().prefix("zapys-pg-").tempdir().unwrap().keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let watch = Command::new("sh")
            .args(["-c", UNTIL_WE_GO])
            .env("DIR", &folder)
            .env("BIN", PROGRAMS)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_secs(120);
        while std::os::unix::net::UnixStream::connect(folder.join(".s.PGSQL.5432")).is_err() {
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < patience, "PostgreSQL does not come up:\n{}", log());
            std::thread::park_timeout(Duration::from_millis(100));
        }
        Self { _watch: watch, socket: folder, next: AtomicU32::new(0) }
    }
    async fn schema(&self) -> Location {
        let name = format!("t{}", self.next.fetch_add(1, Ordering::Relaxed));
        let options = PgConnectOptions::new_without_pgpass().socket(&self.socket).username("tester").database("postgres");
        let patience = Instant::now() + Duration::from_secs(60);
        // The socket is there a moment before the server lets anyone in.
        let pool = loop {
            match PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await {
                Ok(pool) => break pool,
                Err(e) => assert!(Instant::now() < patience, "{e}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"))).execute(&pool).await.unwrap();
        pool.close().await;
        let socket = self.socket.display().to_string().replace('/', "%2F");
        Location::Server(format!("postgres://tester@{socket}/postgres?options[search_path]={name}"))
    }
}
