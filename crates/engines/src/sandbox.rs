//! Foreign bytes meet foreign code only in here: a process without network, without the host's files, without
//! privileges, in a bounded share of memory, time and disk.
//!
//! Linux only, through bubblewrap: fresh namespaces of every kind, an empty root with the system's programs read-only,
//! a small scratch in memory, and resource limits set by `prlimit` from inside. It holds back a decoder that was taken
//! over; it is no defence against a flaw in the kernel. Where no sandbox can be made, work is refused, unless the
//! operator said otherwise in the settings ([`Sandbox::none_by_operator`]): then limits and a cleared environment are
//! all that is left.

mod child;
mod diagnosis;
#[cfg(test)]
mod tests;

pub use child::{Output, SandboxChild};
pub use diagnosis::Diagnosis;

use crate::EngineError;
use child::Spawner;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What one process may use. A limit that is reached ends it, and the error names the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Address space of each process in bytes; `u64::MAX` for none.
    pub memory_bytes: u64,
    /// Processor time of each process in seconds, all its threads together; `u64::MAX` for none.
    pub cpu_seconds: u64,
    /// Size of each file written, in bytes.
    pub file_bytes: u64,
    /// Processes and threads.
    pub processes: u32,
    /// Open files of each process.
    pub open_files: u32,
    /// Time on the clock; `Duration::MAX` for none.
    pub wall: Duration,
}
impl Default for Limits {
    /// Enough for an ordinary file, far from enough to hurt the machine: 2 GB, a minute of processor time, 256 MB files.
    fn default() -> Self {
        Self {
            memory_bytes: 2_000_000_000,
            cpu_seconds: 60,
            file_bytes: 256_000_000,
            processes: 64,
            open_files: 256,
            wall: Duration::from_secs(180),
        }
    }
}

/// A way to run programs apart from everything. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}
struct Inner {
    walls: Walls,
    spawner: Spawner,
}
/// What stands between the program and the machine.
enum Walls {
    Bubblewrap {
        program: PathBuf,
        /// Containers often forbid a fresh `/proc`; decoders do without.
        proc: bool,
        /// Kernels before 5.14 count the user's processes everywhere, so the limit would hit at once.
        limit_processes: bool,
    },
    None,
}

/// Size of the scratch in memory, which counts for no other limit.
const SCRATCH_BYTES: u64 = 256 << 20;

impl Sandbox {
    /// Finds out, once per process, whether a sandbox can be made, by running `true` in one.
    /// Errors: [`EngineError::NoSandbox`] with the cause.
    pub fn detect() -> Result<Self, EngineError> {
        // One cached fact about the machine; it cannot change under a running program in a way worth noticing.
        static FOUND: OnceLock<Result<Sandbox, String>> = OnceLock::new();
        FOUND.get_or_init(Self::try_out).clone().map_err(|reason| EngineError::NoSandbox { reason })
    }

    /// No walls: only limits and a cleared environment. For machines where the operator decided so in the settings.
    pub fn none_by_operator() -> Self {
        Self { inner: Arc::new(Inner { walls: Walls::None, spawner: Spawner::start() }) }
    }

    /// True where programs run behind walls, false for [`Sandbox::none_by_operator`].
    pub fn is_walled(&self) -> bool {
        matches!(self.inner.walls, Walls::Bubblewrap { .. })
    }

    /// Prepares a program. `tool` names it in errors; `program` is a name to be found in the system's folders, or a
    /// path as it is inside.
    pub fn command(&self, tool: &'static str, program: impl AsRef<OsStr>) -> SandboxCommand {
        SandboxCommand {
            sandbox: self.clone(),
            tool,
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            binds: Vec::new(),
            limits: Limits::default(),
            cancel: None,
        }
    }

    fn try_out() -> Result<Self, String> {
        let Some(program) = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].iter().map(Path::new).find(|p| p.exists()) else {
            return Err("bubblewrap is not installed".into());
        };
        let mut said = String::new();
        for (proc, limit_processes) in [(true, true), (false, true), (true, false), (false, false)] {
            let walls = Walls::Bubblewrap { program: program.to_owned(), proc, limit_processes };
            let sandbox = Self { inner: Arc::new(Inner { walls, spawner: Spawner::start() }) };
            // A shell that starts a second process: this tells whether the limit on processes leaves room for any.
            let mut trial = sandbox.command("sandbox", "sh").args(["-c", "true & wait $! && true"]).build(&[]);
            let out = trial.stdin(Stdio::null()).output().map_err(|e| format!("bubblewrap does not start: {}", e.kind()))?;
            if out.status.success() {
                return Ok(sandbox);
            }
            // Nothing but our own trial ran, so its words hold no evidence.
            if said.is_empty() {
                let line = String::from_utf8_lossy(&out.stderr).lines().next().unwrap_or_default().to_owned();
                said = line.chars().take(160).collect();
            }
        }
        Err(format!("bubblewrap cannot make one here ({said})"))
    }
}
impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_walled() { "Sandbox(bubblewrap)" } else { "Sandbox(none)" })
    }
}

struct Bind {
    host: PathBuf,
    inside: PathBuf,
    writable: bool,
}

/// A program about to run in a sandbox: what it sees, what it may use.
pub struct SandboxCommand {
    sandbox: Sandbox,
    tool: &'static str,
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    binds: Vec<Bind>,
    limits: Limits,
    cancel: Option<Arc<AtomicBool>>,
}
impl SandboxCommand {
    /// Shows a file or folder of the host, read-only.
    pub fn bind_ro(mut self, host: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        self.binds.push(Bind { host: host.into(), inside: inside.into(), writable: false });
        self
    }
    /// Shows a file or folder of the host that may be written. A file must exist already.
    pub fn bind_rw(mut self, host: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        self.binds.push(Bind { host: host.into(), inside: inside.into(), writable: true });
        self
    }
    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }
    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }
    /// Sets a variable; nothing is inherited.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }
    /// Replaces the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
    /// Kills the program soon after `flag` is set.
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Starts it with standard input and output piped.
    /// Errors: `Io` where an input is not there or no process can be made.
    pub fn spawn(self) -> Result<SandboxChild, EngineError> {
        for bind in &self.binds {
            std::fs::metadata(&bind.host).map_err(EngineError::Io)?;
        }
        // Without walls the scratch is a folder of the host, gone with the child.
        let scratch = match self.sandbox.inner.walls {
            Walls::Bubblewrap { .. } => None,
            Walls::None => Some(tempfile::tempdir().map_err(EngineError::Io)?),
        };
        let mut home = Vec::new();
        if let Some(dir) = &scratch {
            home.push((PathBuf::from("/tmp"), dir.path().to_owned()));
        }
        let mut command = self.build(&home);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(dir) = &scratch {
            command.current_dir(dir.path());
        }
        let child = self.sandbox.inner.spawner.spawn(command).map_err(EngineError::Io)?;
        SandboxChild::watch(child, self.tool, self.limits, self.cancel, self.sandbox, scratch)
    }

    /// Runs it to its end: writes `stdin`, gathers at most `max_stdout` bytes of output.
    /// An exit status other than 0 is no `Err`: see [`Output::success`] and [`Output::require`].
    /// Errors: `Limit`, `Cancelled`, `Missing` where the program is not installed, `Io`.
    pub fn run_to_end(self, stdin: Option<&[u8]>, max_stdout: u64) -> Result<Output, EngineError> {
        self.spawn()?.finish(stdin, max_stdout)
    }

    /// The command line. `moved`: places inside that are elsewhere on the host (only without walls).
    fn build(&self, moved: &[(PathBuf, PathBuf)]) -> Command {
        let base_env = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8"), ("HOME", "/tmp"), ("TMPDIR", "/tmp")];
        let mut command;
        match &self.sandbox.inner.walls {
            Walls::Bubblewrap { program, proc, limit_processes } => {
                command = Command::new(program);
                command.args(["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]);
                command.args(["--hostname", "sandbox", "--ro-bind", "/usr", "/usr"]);
                for place in ["/lib", "/lib64", "/etc/alternatives", "/etc/ld.so.cache"] {
                    command.args(["--ro-bind-try", place, place]);
                }
                command.args(["--symlink", "usr/bin", "/bin", "--dev", "/dev"]);
                if *proc {
                    command.args(["--proc", "/proc"]);
                }
                command.args(["--size", &SCRATCH_BYTES.to_string(), "--tmpfs", "/tmp"]);
                for bind in &self.binds {
                    command.arg(if bind.writable { "--bind" } else { "--ro-bind" }).arg(&bind.host).arg(&bind.inside);
                }
                for (name, value) in base_env {
                    command.args(["--setenv", name, value]);
                }
                for (name, value) in &self.env {
                    command.arg("--setenv").arg(name).arg(value);
                }
                command.args(["--chdir", "/tmp", "--", "prlimit"]).args(self.prlimit(*limit_processes)).arg("--");
                command.arg(&self.program).args(&self.args);
                command.env_clear();
            }
            Walls::None => {
                let place = |text: &OsStr| self.on_host(text, moved);
                command = Command::new("prlimit");
                command.env_clear().args(self.prlimit(false)).arg("--");
                command.arg(place(&self.program)).args(self.args.iter().map(|a| place(a)));
                command.envs(base_env.iter().map(|(n, v)| (OsString::from(n), place(OsStr::new(v)))));
                command.envs(self.env.iter().map(|(n, v)| (n.clone(), place(v))));
            }
        }
        // A group of its own, so that it can be killed with whatever it has started.
        command.process_group(0);
        command
    }

    /// Without walls nothing is mounted: an argument that is a place inside becomes the place on the host.
    fn on_host(&self, text: &OsStr, moved: &[(PathBuf, PathBuf)]) -> OsString {
        let path = Path::new(text);
        let binds = self.binds.iter().map(|b| (&b.inside, &b.host)).chain(moved.iter().map(|(i, h)| (i, h)));
        let longest = binds.filter(|(inside, _)| path.starts_with(inside)).max_by_key(|(inside, _)| inside.as_os_str().len());
        match longest.and_then(|(inside, host)| Some((path.strip_prefix(inside).ok()?, host))) {
            Some((rest, host)) if rest.as_os_str().is_empty() => host.clone().into_os_string(),
            Some((rest, host)) => host.join(rest).into_os_string(),
            None => text.to_owned(),
        }
    }

    fn prlimit(&self, processes: bool) -> Vec<String> {
        let l = &self.limits;
        let mut args = vec!["--core=0".to_owned(), format!("--fsize={}", l.file_bytes), format!("--nofile={}", l.open_files)];
        if l.memory_bytes != u64::MAX {
            args.push(format!("--as={}", l.memory_bytes));
        }
        if l.cpu_seconds != u64::MAX {
            // One value for the soft and the hard limit: decoders catch the soft one's signal and end as if all were well.
            args.push(format!("--cpu={}", l.cpu_seconds));
        }
        if processes {
            args.push(format!("--nproc={}", l.processes));
        }
        args
    }
}
