//! A PostgreSQL server of our own on a private socket, started once per test process.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

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

/// A server that runs until the test process goes.
pub struct Postgres {
    /// When its standard input closes, the server is stopped and its folder removed.
    _watch: Child,
    socket: PathBuf,
    next: AtomicU32,
}

/// The server of this test process; `None`, with a word about it, where PostgreSQL is not installed and may be absent.
pub fn postgres() -> Option<&'static Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if Path::new(PROGRAMS).join("initdb").exists() {
            return Some(Postgres::start());
        }
        assert!(!crate::servers_are_required(), "PostgreSQL 15 must be installed (package postgresql)");
        None
    });
    if server.is_none() {
        eprintln!("skipped: PostgreSQL 15 is not installed; run make test");
    }
    server.as_ref()
}

impl Postgres {
    fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::Builder::new().prefix("zapys-pg-").tempdir().expect("a folder").keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
        let watch = Command::new("sh")
            .args(["-c", UNTIL_WE_GO])
            .env("DIR", &folder)
            .env("BIN", PROGRAMS)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let server = Self { _watch: watch, socket: folder, next: AtomicU32::new(0) };
        let patience = Instant::now() + Duration::from_secs(120);
        // The socket is there a moment before the server lets anyone in.
        while !server.psql("SELECT 1") {
            let log = || std::fs::read_to_string(server.socket.join("log")).unwrap_or_default();
            assert!(Instant::now() < patience, "PostgreSQL does not come up:\n{}", log());
            std::thread::park_timeout(Duration::from_millis(100));
        }
        server
    }
    fn psql(&self, sql: &str) -> bool {
        let mut psql = Command::new(Path::new(PROGRAMS).join("psql"));
        psql.arg("-h").arg(&self.socket).args(["-U", "tester", "-d", "postgres", "-qc", sql]);
        psql.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    }
    /// Runs statements in a schema, as whoever runs the server can.
    pub fn meddle(&self, address: &str, sql: &str) {
        let schema = address.rsplit('=').next().unwrap_or_default();
        assert!(self.psql(&format!("SET search_path = {schema}; {sql}")), "{sql}");
    }
    /// Everything in a schema as SQL, as whoever runs the server can write it out, and the folder in which the server keeps its
    /// files, those of all schemas, written out.
    pub fn told(&self, address: &str) -> (String, PathBuf) {
        assert!(self.psql("CHECKPOINT"), "the server writes its files out");
        let schema = address.rsplit('=').next().unwrap_or_default();
        let mut dump = Command::new(Path::new(PROGRAMS).join("pg_dump"));
        let out = dump
            .arg("-h")
            .arg(&self.socket)
            .args(["-U", "tester", "-d", "postgres", "-n", schema])
            .output()
            .expect("pg_dump starts");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        (String::from_utf8_lossy(&out.stdout).into_owned(), self.socket.join("data"))
    }
    /// Address of a new, empty schema.
    pub fn schema(&self) -> String {
        let name = format!("t{}", self.next.fetch_add(1, Ordering::Relaxed));
        assert!(self.psql(&format!("CREATE SCHEMA {name}")), "no schema can be made");
        let socket = self.socket.display().to_string().replace('/', "%2F");
        format!("postgres://tester@{socket}/postgres?options[search_path]={name}")
    }
}
