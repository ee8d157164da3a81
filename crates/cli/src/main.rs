//! `zapys`: the evidence workbench on the command line.
//!
//! Flags, settings, progress and exit codes live here; every rule lives in `zapys-casework`.

mod commands;
mod flags;
mod later;
mod out;
mod secret;
mod telemetry;

use clap::Parser;
use std::io::Write;

/// How a command ended. Numbers are the public exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// 0: done.
    Done,
    /// 1: looked, and the answer is no.
    No,
    /// 2: something failed; what succeeded is kept and reported.
    Failed,
    /// 3: wrong usage, or a command that is not there yet.
    Usage,
}
impl Ended {
    fn code(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Failed => 2,
            Self::Usage => 3,
        }
    }
}

fn main() -> ! {
    let ended = run();
    // A closed pipe is no failure any more.
    let _ = std::io::stdout().flush();
    // The native libraries' own clean-up is left out: it takes apart what a thread that is just ending may still take apart
    // itself, and then the allocator gives up a program that had done all its work. Nothing that counts waits for it: files
    // are closed, keys were wiped, and memory goes back to the system.
    signal_hook::low_level::exit(ended.code())
}

fn run() -> Ended {
    keep_memory_private();
    // What a panic says may quote evidence; where it happened does not.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        eprintln!(
            "zapys: a mistake in the program at {place}; this piece of work is given up, the rest goes on. Please report it."
        );
    }));
    let flags = match flags::Flags::try_parse() {
        Ok(flags) => flags,
        Err(e) => return wrong_usage(&e),
    };
    telemetry::start(flags.verbose, flags.quiet);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(r) => r,
        Err(e) => {
            eprintln!("zapys: the operating system gives no threads: {e}. Close other programs and try again.");
            return Ended::Failed;
        }
    };
    let mut out = out::Out::new(flags.json, flags.quiet);
    let ended = runtime.block_on(commands::run(flags, &mut out));
    // Connections of a record end before the program does: see `closed`. One that a stuck step holds is not waited for.
    let _ = runtime.block_on(async { tokio::time::timeout(std::time::Duration::from_secs(10), zapys_casework::closed()).await });
    // A worker thread may still wait for a decoder; nothing that counts is lost by not waiting for it.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match ended {
        Ok(ended) => ended,
        Err(e) => out.fault(&e),
    }
}

/// Keys and evidence pass through memory: no core dump of it reaches a disk, and no other process may look in.
fn keep_memory_private() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    // Where the system refuses, nothing else depends on it.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Help and version are answers, not errors; everything else the flag parser refuses is exit status 3.
fn wrong_usage(e: &clap::Error) -> Ended {
    use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
    let asked = matches!(e.kind(), DisplayHelp | DisplayVersion);
    if std::env::args_os().any(|a| a == "--json") && !asked {
        let message = e.to_string().lines().next().unwrap_or("wrong usage").trim_start_matches("error: ").to_owned();
        out::json_error("usage", "usage", &message, None, "Run `zapys --help` to see the commands.");
    }
    // A closed pipe is no failure: whoever reads help through `head` has read enough.
    let _ = e.print();
    match e.kind() {
        DisplayHelp | DisplayVersion => Ended::Done,
        _ => Ended::Usage,
    }
}
