//! A running program: watched, bounded in time, killed when dropped.

use super::{Diagnosis, Limits, Sandbox};
use crate::EngineError;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How much of a tool's complaints is looked at; the rest is read and thrown away.
const STDERR_BYTES: usize = 64 << 10;

type Request = (Command, mpsc::Sender<std::io::Result<Child>>);

/// One thread that starts all children of a sandbox.
///
/// "Die with the parent" follows the *thread* that started the child: a program started from a pool's thread would be
/// killed when that thread retires. This thread lives as long as the sandbox.
pub(super) struct Spawner(mpsc::Sender<Request>);
impl Spawner {
    pub(super) fn start() -> Self {
        let (send, receive) = mpsc::channel::<Request>();
        std::thread::spawn(move || {
            for (mut command, answer) in receive {
                // An unheard answer drops the child's handle only; bubblewrap's pipes then end it.
                if let Err(mpsc::SendError(Ok(mut orphan))) = answer.send(command.spawn()) {
                    let _ = orphan.kill();
                    let _ = orphan.wait();
                }
            }
        });
        Self(send)
    }
    pub(super) fn spawn(&self, command: Command) -> std::io::Result<Child> {
        let (answer, wait) = mpsc::channel();
        let gone = || std::io::Error::other("the thread that starts programs is gone");
        self.0.send((command, answer)).map_err(|_| gone())?;
        wait.recv().map_err(|_| gone())?
    }
}

/// Why the watcher ended a program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Cancelled,
    Wall,
}

struct Running {
    child: Child,
    ended: Option<(ExitStatus, Duration)>,
    deadline: Option<(Instant, Duration)>,
    stop: Option<Stop>,
}
impl Running {
    /// Looks whether it has ended; notes its processor time just before it is reaped.
    fn poll(&mut self) -> Option<ExitStatus> {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        if let Some((status, _)) = self.ended {
            return Some(status);
        }
        let pid = Pid::from_child(&self.child);
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(pid), options) {
            Ok(None) => None,
            Ok(Some(_)) | Err(_) => {
                let cpu = cpu_time(self.child.id());
                let status = self.child.wait().ok()?;
                self.ended = Some((status, cpu));
                Some(status)
            }
        }
    }
    fn kill(&mut self) {
        if self.ended.is_some() {
            return;
        }
        // Behind walls everything ends with bubblewrap's own first child, the namespace's first process. It asks to die
        // with bubblewrap, but only some moments after its birth and after leaving the group, and killed in between,
        // bubblewrap would leave it behind for ever. So it is killed by its number, which cannot be another's while
        // bubblewrap is stopped and does not reap it. One that was born this instant is still in the group.
        use rustix::process::{Pid, Signal, kill_process, kill_process_group};
        let pid = Pid::from_child(&self.child);
        let _ = kill_process(pid, Signal::STOP);
        for child in children(self.child.id()) {
            let _ = kill_process(child, Signal::KILL);
        }
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.kill();
    }
}

/// Processes that a process has started itself.
fn children(pid: u32) -> Vec<rustix::process::Pid> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|n| rustix::process::Pid::from_raw(n.parse().ok()?)).collect()
}

/// Processor time of an ended, not yet reaped process and all it waited for.
fn cpu_time(pid: u32) -> Duration {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return Duration::ZERO };
    // Fields after the parenthesised name; utime, stime, cutime, cstime are the 12th to 15th of these, in 1/100 s.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = rest.split_whitespace().skip(11).take(4).filter_map(|t| t.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// A program running in the sandbox. Dropping it kills it and everything it started.
pub struct SandboxChild {
    running: Arc<Mutex<Running>>,
    /// Its standard input; take and drop it to signal the end.
    pub stdin: Option<ChildStdin>,
    /// Its standard output.
    pub stdout: Option<ChildStdout>,
    tool: &'static str,
    limits: Limits,
    complaints: Option<JoinHandle<Vec<u8>>>,
    watcher: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
    _sandbox: Sandbox,
    _scratch: Option<tempfile::TempDir>,
}

impl SandboxChild {
    pub(super) fn watch(
        mut child: Child,
        tool: &'static str,
        limits: Limits,
        cancel: Option<Arc<AtomicBool>>,
        sandbox: Sandbox,
        scratch: Option<tempfile::TempDir>,
    ) -> Result<Self, EngineError> {
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let mut stderr = child.stderr.take().expect("stderr was piped");
        let complaints = std::thread::spawn(move || {
            let mut kept = Vec::new();
            let mut chunk = [0; 4096];
            while let Ok(n @ 1..) = stderr.read(&mut chunk) {
                let room = STDERR_BYTES.saturating_sub(kept.len());
                kept.extend_from_slice(&chunk[..n.min(room)]);
            }
            kept
        });
        let running = Running { child, ended: None, deadline: deadline(limits.wall), stop: None };
        let running = Arc::new(Mutex::new(running));
        let watched = Arc::clone(&running);
        let (done, until) = mpsc::channel::<()>();
        let watcher = std::thread::spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = until.recv_timeout(Duration::from_millis(20)) {
                let mut r = lock(&watched);
                let stop = if cancel.as_ref().is_some_and(|c| c.load(Ordering::Relaxed)) {
                    Some(Stop::Cancelled)
                } else {
                    r.deadline.filter(|(at, _)| Instant::now() >= *at).map(|_| Stop::Wall)
                };
                if stop.is_some() && r.poll().is_none() {
                    r.stop = stop;
                    r.kill();
                    return;
                }
            }
        });
        Ok(Self {
            running,
            stdin,
            stdout,
            tool,
            limits,
            complaints: Some(complaints),
            watcher: Some((done, watcher)),
            _sandbox: sandbox,
            _scratch: scratch,
        })
    }

    /// Sets the clock anew: it is killed `wall` from now; `Duration::MAX` takes the limit away. For processes that
    /// serve many requests.
    pub fn set_wall(&self, wall: Duration) {
        lock(&self.running).deadline = deadline(wall);
    }

    /// Ends it now.
    pub fn kill(&self) {
        lock(&self.running).kill();
    }

    /// True while it runs.
    pub fn is_running(&self) -> bool {
        lock(&self.running).poll().is_none()
    }

    /// Waits for its end and says how it ended. Standard input is closed; take [`SandboxChild::stdout`] before and
    /// read it to the end, or it may wait for ever to be read.
    /// Errors: `Limit`, `Cancelled`, `Missing`, `NoSandbox`.
    pub fn wait(mut self) -> Result<Output, EngineError> {
        drop(self.stdin.take());
        drop(self.stdout.take());
        self.ended(Vec::new())
    }

    /// Writes `stdin`, reads at most `max_stdout` bytes, waits.
    pub(super) fn finish(mut self, stdin: Option<&[u8]>, max_stdout: u64) -> Result<Output, EngineError> {
        let mut pipe = self.stdin.take();
        let mut stdout = self.stdout.take().expect("stdout was piped");
        let mut bytes = Vec::new();
        let read = std::thread::scope(|scope| {
            scope.spawn(move || {
                // A program that stops reading is no fault of ours: its exit status says what it thought.
                if let (Some(pipe), Some(stdin)) = (pipe.as_mut(), stdin) {
                    let _ = pipe.write_all(stdin);
                }
            });
            let read = (&mut stdout).take(max_stdout.saturating_add(1)).read_to_end(&mut bytes);
            if bytes.len() as u64 > max_stdout {
                self.kill();
            }
            read
        });
        read.map_err(EngineError::Io)?;
        if bytes.len() as u64 > max_stdout {
            return Err(EngineError::Limit { tool: self.tool, limit: format!("{} of output", size(max_stdout)) });
        }
        drop(stdout);
        self.ended(bytes)
    }

    fn ended(&mut self, stdout: Vec<u8>) -> Result<Output, EngineError> {
        let mut pause = Duration::from_micros(200);
        while lock(&self.running).poll().is_none() {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
        self.stop_watching();
        let complaints = self.complaints.take().and_then(|t| t.join().ok()).unwrap_or_default();
        let (diagnosis, n_complaints) = Diagnosis::of(&complaints);
        let r = lock(&self.running);
        let (status, cpu) = r.ended.expect("poll said that it has ended");
        let output = Output { tool: self.tool, code: exit_code(status), stdout, diagnosis, n_complaints, cpu };
        match r.stop {
            Some(Stop::Cancelled) => return Err(EngineError::Cancelled),
            Some(Stop::Wall) => {
                let wall = r.deadline.map_or(self.limits.wall, |(_, wall)| wall);
                return Err(self.limit(format!("{} s of time", wall.as_secs_f32())));
            }
            None => {}
        }
        drop(r);
        self.judge(output)
    }

    /// Turns an end that a limit brought about into the error that names the limit.
    fn judge(&self, output: Output) -> Result<Output, EngineError> {
        const SIGKILL: i32 = 128 + 9;
        const SIGXCPU: i32 = 128 + 24;
        const SIGXFSZ: i32 = 128 + 25;
        let cpu_spent = output.cpu.as_secs_f64() + 1.0 >= self.limits.cpu_seconds as f64;
        match (output.code, output.diagnosis) {
            (0, _) => Ok(output),
            (SIGXCPU, _) => Err(self.limit(format!("{} s of processor time", self.limits.cpu_seconds))),
            (SIGKILL, _) if cpu_spent => Err(self.limit(format!("{} s of processor time", self.limits.cpu_seconds))),
            (SIGXFSZ, _) | (_, Some(Diagnosis::FileTooLarge)) => {
                Err(self.limit(format!("{} of file size", size(self.limits.file_bytes))))
            }
            (_, Some(Diagnosis::OutOfMemory)) => Err(self.limit(format!("{} of memory", size(self.limits.memory_bytes)))),
            (_, Some(Diagnosis::NotInstalled)) => {
                Err(EngineError::Missing { what: self.tool.into(), hint: "Install it, then look at `zapys doctor`.".into() })
            }
            (_, Some(Diagnosis::Walls)) => Err(EngineError::NoSandbox { reason: "bubblewrap refused to start".into() }),
            _ => Ok(output),
        }
    }

    fn limit(&self, limit: String) -> EngineError {
        EngineError::Limit { tool: self.tool, limit }
    }

    fn stop_watching(&mut self) {
        if let Some((done, watcher)) = self.watcher.take() {
            drop(done);
            let _ = watcher.join();
        }
    }
}
impl Drop for SandboxChild {
    fn drop(&mut self) {
        self.stop_watching();
        let mut r = lock(&self.running);
        if r.ended.is_none() {
            r.kill();
            // Reaped here, so that nothing is left behind.
            let _ = r.child.wait();
        }
    }
}

/// How a program ended.
#[derive(Debug, Clone)]
pub struct Output {
    tool: &'static str,
    /// Exit status; 128 + n for an end by signal n.
    pub code: i32,
    /// What it wrote (empty after [`SandboxChild::wait`]).
    pub stdout: Vec<u8>,
    /// What its complaints come down to; absent where it did not complain.
    pub diagnosis: Option<Diagnosis>,
    /// Lines of complaint, of which only the first 64 KiB are counted.
    pub n_complaints: usize,
    /// Processor time it took.
    pub cpu: Duration,
}
impl Output {
    /// True for exit status 0.
    pub fn success(&self) -> bool {
        self.code == 0
    }
    /// The bytes it wrote, or why it failed.
    /// Errors: `Unreadable` where the input is to blame, `Missing` for absent trained data, `Failed` otherwise.
    pub fn require(self) -> Result<Vec<u8>, EngineError> {
        if self.success() { Ok(self.stdout) } else { Err(self.fault()) }
    }
    /// The error that a failed run stands for.
    pub fn fault(&self) -> EngineError {
        let tool = self.tool;
        match self.diagnosis {
            Some(Diagnosis::NoSpace) => EngineError::Io(std::io::ErrorKind::StorageFull.into()),
            Some(Diagnosis::NoModel) => EngineError::Missing {
                what: format!("trained data for {tool}"),
                hint: "Install it, then look at `zapys doctor`.".into(),
            },
            _ if self.code > 128 && self.code != 255 => {
                EngineError::Failed { tool, reason: format!("it was ended by signal {}", self.code - 128) }
            }
            Some(d) => EngineError::Unreadable { tool, reason: d.clause().into() },
            None => EngineError::Unreadable { tool, reason: "it gave up without saying why".into() },
        }
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

fn deadline(wall: Duration) -> Option<(Instant, Duration)> {
    Instant::now().checked_add(wall).map(|at| (at, wall))
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    // A poisoned lock only means that a thread died while holding it; the state is still true.
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A byte count for people: `2.0 GB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        u64::MAX => "unlimited".into(),
        b if b >= 1_000_000_000 => format!("{:.1} GB", b as f64 / 1e9),
        b if b >= 1_000_000 => format!("{:.1} MB", b as f64 / 1e6),
        b => format!("{b} bytes"),
    }
}
