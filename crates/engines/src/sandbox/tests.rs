//! The sandbox holds: what is not allowed fails, what is limited ends, nothing stays behind.

use super::*;
use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::time::Instant;

fn sandbox() -> Sandbox {
    Sandbox::detect().expect("these tests need bubblewrap and user namespaces")
}
fn script(sandbox: &Sandbox, text: &str) -> SandboxCommand {
    sandbox.command("script", "sh").args(["-c", text])
}
fn limit_of(result: Result<Output, EngineError>) -> String {
    match result {
        Err(EngineError::Limit { tool: "script", limit }) => limit,
        other => panic!("a limit was expected, not {other:?}"),
    }
}

#[test]
fn sandbox_denies_network() {
    let out =
        script(&sandbox(), "ls /sys 2>/dev/null; cat /proc/net/dev; cat /proc/net/route").run_to_end(None, 1 << 20).unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let interfaces: Vec<_> = text.lines().filter_map(|l| Some(l.split_once(':')?.0.trim())).collect();
    assert_eq!(interfaces, ["lo"]);
    // A listener of the host that answers outside must not answer inside.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    assert!(std::process::Command::new("bash").args(["-c", &connect]).status().unwrap().success());
    let inside = sandbox().command("script", "bash").args(["-c", &connect]).run_to_end(None, 100).unwrap();
    assert!(!inside.success());
}

#[test]
fn sandbox_denies_write_outside() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("in"), b"original").unwrap();
    std::fs::write(dir.path().join("out"), b"").unwrap();
    let out = script(
        &sandbox(),
        "echo x > /in; echo x > /usr/x; echo x > /etc/x; echo x > /lib/x; echo done > /out; echo t > /tmp/t && cat /tmp/t",
    )
    .bind_ro(dir.path().join("in"), "/in")
    .bind_rw(dir.path().join("out"), "/out")
    .run_to_end(None, 1000)
    .unwrap();
    assert_eq!(out.stdout, b"t\n");
    assert_eq!(std::fs::read(dir.path().join("in")).unwrap(), b"original");
    assert_eq!(std::fs::read(dir.path().join("out")).unwrap(), b"done\n");
    assert!(!Path::new("/usr/x").exists() && !Path::new("/etc/x").exists());
    assert!(!std::env::temp_dir().join("t").exists());
}

#[test]
fn sandbox_denies_host_files() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secret"), b"secret").unwrap();
    let path = dir.path().join("secret");
    let text = format!("cat '{}'; ls /home /root /etc/passwd /var /run; env; ls /", path.display());
    let out = script(&sandbox(), &text).run_to_end(None, 10_000).unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(!said.contains("secret") && !said.contains("passwd"), "{said}");
    for line in said.lines() {
        let known = ["PATH=", "LANG=", "HOME=/tmp", "TMPDIR=/tmp", "PWD=", "OLDPWD=", "SHLVL=", "_="];
        let root = ["bin", "dev", "etc", "lib", "lib64", "proc", "tmp", "usr"];
        assert!(known.iter().any(|k| line.starts_with(k)) || root.contains(&line), "{line}");
    }
    // Processes of the host are not to be seen either.
    let out = script(&sandbox(), "echo /proc/[0-9]*").run_to_end(None, 10_000).unwrap();
    assert!(String::from_utf8(out.stdout).unwrap().split_whitespace().count() < 5);
}

#[test]
fn each_limit_ends_the_program_and_is_named() {
    let sandbox = sandbox();
    let spin = "while :; do :; done";
    let cpu = script(&sandbox, spin).limits(Limits { cpu_seconds: 1, ..Limits::default() }).run_to_end(None, 10);
    assert_eq!(limit_of(cpu), "1 s of processor time");

    let started = Instant::now();
    let limits = Limits { wall: Duration::from_millis(300), ..Limits::default() };
    let wall = script(&sandbox, "sleep 60").limits(limits).run_to_end(None, 10);
    assert_eq!(limit_of(wall), "0.3 s of time");
    assert!(started.elapsed() < Duration::from_secs(10));

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("out"), b"").unwrap();
    let file = script(&sandbox, "exec head -c 3000000 /dev/zero > /out")
        .bind_rw(dir.path().join("out"), "/out")
        .limits(Limits { file_bytes: 1_000_000, ..Limits::default() })
        .run_to_end(None, 10);
    assert_eq!(limit_of(file), "1.0 MB of file size");

    // One line of 400 MB, which `tail` must hold whole.
    let memory = script(&sandbox, "head -c 400000000 /dev/zero | tail -n 1 > /dev/null")
        .limits(Limits { memory_bytes: 100_000_000, ..Limits::default() })
        .run_to_end(None, 10);
    assert_eq!(limit_of(memory), "100.0 MB of memory");

    let output = script(&sandbox, "yes").run_to_end(None, 100_000);
    assert_eq!(limit_of(output), "100000 bytes of output");
}

#[test]
fn limits_hold_without_walls_too() {
    let bare = Sandbox::none_by_operator();
    assert!(!bare.is_walled());
    let cpu = script(&bare, "while :; do :; done").limits(Limits { cpu_seconds: 1, ..Limits::default() }).run_to_end(None, 10);
    assert_eq!(limit_of(cpu), "1 s of processor time");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a file"), b"seen").unwrap();
    let out = bare.command("script", "cat").bind_ro(dir.path(), "/data").arg("/data/a file").run_to_end(None, 100).unwrap();
    assert_eq!(out.stdout, b"seen");
    let out = script(&bare, "env | cut -d= -f1 | sort | tr '\\n' ' '").run_to_end(None, 10_000).unwrap();
    let names = String::from_utf8(out.stdout).unwrap();
    for name in names.split_whitespace() {
        assert!(["HOME", "LANG", "PATH", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name), "{name} was inherited");
    }
}

#[test]
fn cancel_ends_it_soon() {
    let flag = Arc::new(AtomicBool::new(false));
    let setter = Arc::clone(&flag);
    let child = script(&sandbox(), "sleep 60").cancel(flag).spawn().unwrap();
    setter.store(true, Ordering::Relaxed);
    let started = Instant::now();
    assert!(matches!(child.wait(), Err(EngineError::Cancelled)));
    assert!(started.elapsed() < Duration::from_secs(10));
}

/// True while any process carries this mark in its arguments.
fn any_left(mark: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|p| {
        let arguments = std::fs::read(p.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&arguments).split('\0').any(|a| a == mark)
    })
}
fn gone_soon(mark: &str) -> bool {
    let started = Instant::now();
    while any_left(mark) {
        if started.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn nothing_stays_behind() {
    for (sandbox, mark) in [(sandbox(), "walled-mark-7301"), (Sandbox::none_by_operator(), "bare-mark-7302")] {
        // A program that starts others and goes into the background must not outlive its sandbox.
        let text = format!("sh -c 'sleep 987 & echo ready; sleep 986; :' {mark} & wait; :");
        let mut child = script(&sandbox, &text).spawn().unwrap();
        let mut ready = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        assert!(any_left(mark));
        drop(child);
        assert!(gone_soon(mark), "{sandbox:?}");
    }
}

/// Killed at any moment of its start, bubblewrap leaves nothing that holds the pipes open.
#[test]
fn killing_at_once_leaves_nothing_either() {
    let sandbox = sandbox();
    for pause in 0..100 {
        let mut child = script(&sandbox, "sleep 984").spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        std::thread::sleep(Duration::from_micros(pause * 60));
        child.kill();
        let (ended, wait) = std::sync::mpsc::channel();
        std::thread::spawn(move || ended.send(stdout.read_to_end(&mut Vec::new())));
        assert!(wait.recv_timeout(Duration::from_secs(20)).is_ok(), "killed after {} us", pause * 60);
    }
}

#[test]
fn children_outlive_the_thread_that_asked_for_them() {
    let sandbox = sandbox();
    let mut child = std::thread::spawn(move || script(&sandbox, "cat").spawn().unwrap()).join().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    stdin.write_all(b"still here").unwrap();
    drop(stdin);
    let mut said = String::new();
    stdout.read_to_string(&mut said).unwrap();
    assert_eq!(said, "still here");
    assert!(child.wait().unwrap().success());
}

#[test]
fn input_and_output_larger_than_pipes() {
    let input = vec![b'x'; 3_000_000];
    let out = sandbox().command("script", "cat").run_to_end(Some(&input), 4_000_000).unwrap();
    assert_eq!(out.stdout.len(), input.len());
    // A program that never reads what it is sent.
    assert!(sandbox().command("script", "true").run_to_end(Some(&input), 10).unwrap().success());
}

#[test]
fn errors_say_what_and_never_quote_the_program() {
    let missing = sandbox().command("nothing", "no-such-program-here").run_to_end(None, 10);
    assert!(matches!(missing, Err(EngineError::Missing { .. })), "{missing:?}");
    let absent = sandbox().command("script", "true").bind_ro("/no/such/file", "/in").run_to_end(None, 10);
    assert!(matches!(absent, Err(EngineError::Io(_))));
    let out = script(&sandbox(), "echo 'CANARY: Invalid data' >&2; exit 3").run_to_end(None, 10).unwrap();
    assert_eq!((out.code, out.diagnosis, out.n_complaints), (3, Some(Diagnosis::InvalidData), 1));
    let error = out.require().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("CANARY"));
    let crashed = script(&sandbox(), "kill -SEGV $$").run_to_end(None, 10).unwrap().require();
    assert!(matches!(crashed, Err(EngineError::Failed { .. })), "{crashed:?}");
}
