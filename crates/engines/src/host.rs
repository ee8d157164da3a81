//! Engine hosts: one sandboxed process around a native inference library, asked over pipes, kept alive over many jobs.
//!
//! A crash, a leak or a hostile file costs the job at hand: the process is thrown away and the next question starts a
//! new one. Cancelling and running out of time end the process too; nothing in it can refuse.

use crate::EngineError;
use crate::models::digest;
use crate::sandbox::{Limits, Sandbox, SandboxChild};
use std::cell::Cell;
use std::ffi::OsString;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zapys_host_protocol::{Ask, Hello, PROTOCOL, Reply, frame};

thread_local! {
    /// How long this thread waited for its turn at hosts that others were asking.
    static WAITED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}
/// How long this thread waited for its turn at hosts since it was last asked: an engine that waits does not work.
pub fn take_waited() -> Duration {
    WAITED.with(Cell::take)
}

/// A host must have loaded its models and said hello in this time.
const START: Duration = Duration::from_secs(120);
/// How soon a cancelled question ends.
const GLANCE: Duration = Duration::from_millis(50);
/// Samples in one frame.
const SAMPLES_PER_FRAME: usize = frame::MAX_BODY / 4;

/// A program that hosts an engine, and what it is shown.
#[derive(Clone, Debug)]
pub struct HostPlan {
    /// Name in errors.
    pub tool: &'static str,
    /// The program on this machine.
    pub program: PathBuf,
    /// Folders and files it sees: place here, place inside.
    pub shown: Vec<(PathBuf, PathBuf)>,
    /// Its arguments, with places inside.
    pub args: Vec<OsString>,
    /// Its environment, with places inside.
    pub env: Vec<(String, OsString)>,
    /// Address space in bytes.
    pub memory_bytes: u64,
    /// A host that holds more than so many bytes after a question is ended, and the next question begins another: inference libraries
    /// keep what they freed, and it grows from question to question.
    pub retire_above_bytes: u64,
}

/// A host that is started when first asked.
pub struct Host {
    sandbox: Sandbox,
    plan: HostPlan,
    running: Mutex<Option<Running>>,
}
struct Running {
    child: SandboxChild,
    /// Memory that it held after the last question, as it said.
    resident_bytes: u64,
    to: BufWriter<ChildStdin>,
    from: BufReader<ChildStdout>,
    hello: Hello,
}

impl Host {
    /// Prepares a host; nothing is started yet.
    pub fn new(sandbox: Sandbox, plan: HostPlan) -> Self {
        Self { sandbox, plan, running: Mutex::new(None) }
    }

    /// Who the host is; starts it where it does not run.
    /// Errors: `Missing` where program or model is not there, `NoSandbox`, `Failed` for another protocol.
    pub fn hello(&self) -> Result<Hello, EngineError> {
        let mut slot = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.running(&mut slot)?.hello.clone())
    }

    /// Asks one question with its sound and hands every reply to `each`, until it says that it has heard enough.
    /// Questions of several threads wait for each other: one answer already uses all cores it was given.
    ///
    /// `sound`: mono, 16 kHz, in the order the question announces. `wall`: time for the whole answer.
    /// Errors: `Cancelled`, `Limit` for time or memory, `Failed` where the host dies or answers with an error, those of
    /// `each`. After any error but one that the host itself reported, the process is gone and the next question starts
    /// a new one.
    pub fn ask(
        &self,
        ask: &Ask,
        sound: &[&[i16]],
        wall: Duration,
        cancel: &Arc<AtomicBool>,
        mut each: impl FnMut(Reply) -> Result<Next, EngineError>,
    ) -> Result<(), EngineError> {
        let mut slot = self.lock(cancel)?;
        let running = self.running(&mut slot)?;
        running.child.set_wall(wall);
        let outcome = converse(running, ask, sound, cancel, &mut each);
        match outcome {
            Ok(()) => {
                running.child.set_wall(Duration::MAX);
                if running.resident_bytes > self.plan.retire_above_bytes {
                    *slot = None;
                }
                Ok(())
            }
            Err(Broken::Refused(e)) => {
                running.child.set_wall(Duration::MAX);
                Err(e)
            }
            Err(Broken::Told(e)) => {
                *slot = None;
                Err(e)
            }
            Err(Broken::Pipe) => Err(self.why(slot.take(), cancel)),
        }
    }

    /// Waits for its turn, but not once the work is no longer wanted.
    fn lock(&self, cancel: &AtomicBool) -> Result<std::sync::MutexGuard<'_, Option<Running>>, EngineError> {
        let began = Instant::now();
        let turn = self.turn(cancel);
        WAITED.with(|w| w.set(w.get() + began.elapsed()));
        turn
    }
    fn turn(&self, cancel: &AtomicBool) -> Result<std::sync::MutexGuard<'_, Option<Running>>, EngineError> {
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Err(EngineError::Cancelled);
            }
            match self.running.try_lock() {
                Ok(guard) => return Ok(guard),
                Err(std::sync::TryLockError::Poisoned(p)) => return Ok(p.into_inner()),
                Err(std::sync::TryLockError::WouldBlock) => std::thread::sleep(GLANCE),
            }
        }
    }

    fn running<'s>(&self, slot: &'s mut Option<Running>) -> Result<&'s mut Running, EngineError> {
        if slot.as_ref().is_some_and(|r| !r.child.is_running()) {
            *slot = None;
        }
        if slot.is_none() {
            *slot = Some(self.start()?);
        }
        Ok(slot.as_mut().expect("started just now"))
    }

    fn start(&self) -> Result<Running, EngineError> {
        let inside = PathBuf::from("/host").join(self.plan.program.file_name().unwrap_or_default());
        let mut command = self.sandbox.command(self.plan.tool, &inside).bind_ro(&self.plan.program, &inside);
        for (here, inside) in &self.plan.shown {
            command = command.bind_ro(here, inside);
        }
        for (name, value) in &self.plan.env {
            command = command.env(name, value);
        }
        let mut child = command
            .args(&self.plan.args)
            .limits(Limits {
                memory_bytes: self.plan.memory_bytes,
                cpu_seconds: u64::MAX,
                // Native libraries may map small files of their own in the scratch of the sandbox.
                file_bytes: 64 << 20,
                wall: START,
                ..Limits::default()
            })
            .spawn()?;
        let to = BufWriter::new(child.stdin.take().expect("stdin was piped"));
        let from = BufReader::new(child.stdout.take().expect("stdout was piped"));
        let mut running = Running {
            child,
            resident_bytes: 0,
            to,
            from,
            hello: Hello { protocol: 0, host: String::new(), version: String::new(), answers: Vec::new(), threads: 0 },
        };
        let never = AtomicBool::new(false);
        let asked = frame::write(&mut running.to, &Ask::Hello { protocol: PROTOCOL }, &[]);
        let answer = asked.and_then(|()| frame::read::<Reply>(&mut running.from));
        match answer {
            Ok(Some((Reply::Hello(hello), _))) if hello.protocol == PROTOCOL => running.hello = hello,
            Ok(Some(_)) => {
                return Err(EngineError::Failed { tool: self.plan.tool, reason: "it speaks another protocol".into() });
            }
            Ok(None) | Err(_) => return Err(self.why(Some(running), &never)),
        }
        running.child.set_wall(Duration::MAX);
        Ok(running)
    }

    /// Why the pipe broke.
    fn why(&self, running: Option<Running>, cancel: &AtomicBool) -> EngineError {
        let tool = self.plan.tool;
        let Some(running) = running else { return EngineError::Failed { tool, reason: "it is gone".into() } };
        if cancel.load(Ordering::Relaxed) {
            return EngineError::Cancelled;
        }
        let Running { child, to, from, .. } = running;
        drop((to, from));
        match child.wait() {
            Err(e) => e,
            Ok(output) if output.success() => EngineError::Failed { tool, reason: "it ended before its answer".into() },
            Ok(output) => match output.fault() {
                // A host reads no foreign files: what ends it is never the recording's fault.
                EngineError::Unreadable { .. } => {
                    EngineError::Failed { tool, reason: format!("it ended with status {}", output.code) }
                }
                e => e,
            },
        }
    }
}
impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Host({})", self.plan.tool)
    }
}

/// Whether more replies are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The answer goes on.
    More,
    /// The answer is complete.
    Enough,
}

enum Broken {
    /// The host said no and goes on.
    Refused(EngineError),
    /// The asker gave up in the middle of an answer.
    Told(EngineError),
    /// The pipe is broken.
    Pipe,
}

/// The reply, with what it says of memory noted.
fn noted(reply: Reply, resident: &mut u64) -> Reply {
    if let Reply::Done { resident_bytes, .. } = &reply {
        *resident = *resident_bytes;
    }
    reply
}

fn converse(
    running: &mut Running,
    ask: &Ask,
    sound: &[&[i16]],
    cancel: &AtomicBool,
    each: &mut dyn FnMut(Reply) -> Result<Next, EngineError>,
) -> Result<(), Broken> {
    let Running { child, to, from, resident_bytes, .. } = running;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Sound goes out while replies come in, or both sides would wait for each other with full pipes.
        scope.spawn(|| {
            let mut write = || -> std::io::Result<()> {
                frame::write(to, ask, &[])?;
                for chunk in sound.iter().flat_map(|s| s.chunks(SAMPLES_PER_FRAME)) {
                    frame::write(to, &Ask::Pcm, &frame::pcm_to_bytes(chunk))?;
                }
                Ok(())
            };
            // A host that stopped reading shows on the other pipe.
            let _ = write();
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if cancel.load(Ordering::Relaxed) {
                    child.kill();
                    return;
                }
                std::thread::sleep(GLANCE);
            }
        });
        let outcome = loop {
            match frame::read::<Reply>(from) {
                Ok(Some((Reply::Error { code, message }, _))) => {
                    let reason = if code == "bad-request" { format!("it refused the question: {message}") } else { message };
                    // What is left of the question would be taken for the next one where sound is still on its way.
                    let e = EngineError::Failed { tool: "speech host", reason };
                    break Err(if sound.is_empty() || code != "bad-request" { Broken::Refused(e) } else { Broken::Told(e) });
                }
                Ok(Some((reply, _))) => match each(noted(reply, resident_bytes)) {
                    Ok(Next::More) => {}
                    Ok(Next::Enough) => break Ok(()),
                    Err(e) => break Err(Broken::Told(e)),
                },
                Ok(None) | Err(_) => break Err(Broken::Pipe),
            }
        };
        done.store(true, Ordering::Relaxed);
        match outcome {
            Err(Broken::Told(_)) => child.kill(),
            // Its own end says more than ours would: it gets a moment to come to it.
            Err(Broken::Pipe) => {
                for _ in 0..20 {
                    if !child.is_running() {
                        break;
                    }
                    std::thread::sleep(GLANCE);
                }
                child.kill();
            }
            Ok(()) | Err(Broken::Refused(_)) => {}
        }
        outcome
    })
}

/// Finds a host program: in the configured folder, else `$ZAPYS_HOSTS`, else beside the running program, else in
/// `../lib/zapys` from there. Errors: `Missing`.
pub fn locate(name: &str, configured: Option<&Path>) -> Result<PathBuf, EngineError> {
    let beside = std::env::current_exe().ok().and_then(|p| Some(p.parent()?.to_owned()));
    let set = std::env::var_os("ZAPYS_HOSTS").filter(|v| !v.is_empty()).map(PathBuf::from);
    let places = match configured.map(Path::to_owned).or(set) {
        Some(folder) => vec![folder],
        None => beside.iter().flat_map(|b| [b.clone(), b.join("../lib/zapys")]).collect(),
    };
    let found = places.into_iter().map(|p| p.join(name)).find(|p| p.is_file());
    found.ok_or_else(|| EngineError::Missing {
        what: name.to_owned(),
        hint: "Install it beside zapys, or name its folder in ZAPYS_HOSTS; `make run` builds it.".into(),
    })
}

/// SHA-256 (hex) of a host program. Errors: `Io`.
pub fn binary_sha256(program: &Path) -> Result<String, EngineError> {
    digest(program).map_err(EngineError::Io)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zapys_host_protocol::GateAsk;

    /// A host that is a shell script.
    fn host(dir: &Path, script: &str) -> Host {
        use std::os::unix::fs::PermissionsExt;
        let program = dir.join("host");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let plan = HostPlan {
            tool: "test host",
            program,
            shown: vec![],
            args: vec![],
            env: vec![],
            memory_bytes: 1_000_000_000,
            retire_above_bytes: 1_000_000,
        };
        Host::new(Sandbox::detect().expect("bubblewrap"), plan)
    }
    /// A `printf` that writes this reply as a frame.
    fn says(reply: &Reply) -> String {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, reply, &[]).unwrap();
        format!("printf '{}'", bytes.iter().map(|b| format!("\\{b:03o}")).collect::<String>())
    }
    fn hello(protocol: u32) -> Reply {
        Reply::Hello(Hello { protocol, host: "t".into(), version: "1".into(), answers: vec![], threads: 1 })
    }
    fn ask(host: &Host, samples: &[i16], wall: Duration) -> Result<Vec<(u64, u64)>, EngineError> {
        let ask =
            Ask::Gate(GateAsk { samples: samples.len() as u64, threshold: [500, 300], min_speech_ms: 0, min_silence_ms: 0 });
        let mut spans = Vec::new();
        host.ask(&ask, &[samples], wall, &Arc::new(AtomicBool::new(false)), |reply| match reply {
            Reply::Activity { spans: found } => {
                spans = found;
                Ok(Next::Enough)
            }
            _ => Ok(Next::More),
        })?;
        Ok(spans)
    }
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_host_that_is_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for (script, expected) in [
            ("exit 3".to_owned(), "status 3"),
            ("printf 'this is no frame at all'".to_owned(), "before its answer"),
            (says(&hello(PROTOCOL + 1)), "another protocol"),
            (says(&Reply::Progress { samples: 1 }), "another protocol"),
            ("kill -SEGV $$".to_owned(), "signal 11"),
        ] {
            let error = host(dir.path(), &script).hello().unwrap_err().to_string();
            assert!(error.contains(expected), "{script}: {error}");
        }
    }

    #[test]
    fn a_crash_costs_one_question_and_a_refusal_none() {
        let dir = tempfile::tempdir().unwrap();
        // Dies of the first question, in every process anew.
        let dies = host(dir.path(), &format!("{}; head -c 20 >/dev/null; exit 9", says(&hello(PROTOCOL))));
        for _ in 0..2 {
            assert_eq!(dies.hello().unwrap().host, "t");
            let error = ask(&dies, &[1; 100_000], MINUTE).unwrap_err();
            assert!(error.to_string().contains("status 9"), "{error}");
        }
        // Refuses one question and answers the next in the same process: it could not say hello twice.
        let refusal = Reply::Error { code: "inference".into(), message: "not today".into() };
        let answer = Reply::Activity { spans: vec![(1, 2)] };
        let script = format!("{}; {}; {}; sleep 100", says(&hello(PROTOCOL)), says(&refusal), says(&answer));
        let dir = tempfile::tempdir().unwrap();
        let refuses = host(dir.path(), &script);
        assert!(ask(&refuses, &[], MINUTE).unwrap_err().to_string().contains("not today"));
        assert_eq!(ask(&refuses, &[], MINUTE).unwrap(), [(1, 2)]);
    }

    #[test]
    fn a_host_that_grew_is_replaced_between_questions() {
        let done = |resident_bytes| Reply::Done { language: None, resident_bytes };
        let enough = |reply| Ok(if matches!(reply, Reply::Done { .. }) { Next::Enough } else { Next::More });
        let never = Arc::new(AtomicBool::new(false));
        // Each process answers one question: the second gets an answer from another process only.
        let dir = tempfile::tempdir().unwrap();
        let grows = host(dir.path(), &format!("{}; {}; sleep 100", says(&hello(PROTOCOL)), says(&done(2_000_000))));
        for _ in 0..3 {
            grows.ask(&Ask::Pcm, &[], MINUTE, &never, enough).unwrap();
        }
        // One that stays small stays, and answers twice.
        let dir = tempfile::tempdir().unwrap();
        let script = format!("{}; {}; {}; exit 7", says(&hello(PROTOCOL)), says(&done(900_000)), says(&done(0)));
        let stays = host(dir.path(), &script);
        stays.ask(&Ask::Pcm, &[], MINUTE, &never, enough).unwrap();
        stays.ask(&Ask::Pcm, &[], MINUTE, &never, enough).unwrap();
    }

    #[test]
    fn a_host_that_hangs_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let hangs = host(dir.path(), &format!("{}; sleep 100", says(&hello(PROTOCOL))));
        let error = ask(&hangs, &[0; 1_000_000], Duration::from_millis(300)).unwrap_err();
        assert!(matches!(error, EngineError::Limit { .. }), "{error}");
        let cancel = Arc::new(AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(300));
                cancel.store(true, Ordering::Relaxed);
            });
            let end = hangs.ask(&Ask::Pcm, &[], MINUTE, &cancel, |_| Ok(Next::More));
            assert!(matches!(end, Err(EngineError::Cancelled)), "{end:?}");
        });
    }

    #[test]
    fn a_missing_host_has_a_remedy() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(locate("zapys-engine-none", Some(dir.path())), Err(EngineError::Missing { .. })));
        std::fs::write(dir.path().join("zapys-engine-none"), "").unwrap();
        assert!(locate("zapys-engine-none", Some(dir.path())).is_ok());
    }
}
