//! Steps with a name and a time, programs called with errors that say what to do, and where the folders are.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in the repository").to_owned()
}

/// Folder of everything built: `$CARGO_TARGET_DIR`, else `target`.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR").filter(|v| !v.is_empty()) {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Folder of our own notes: logs, digests of what was built.
pub fn notes() -> Result<PathBuf, String> {
    let dir = target().join("xtask");
    std::fs::create_dir_all(&dir).map_err(|e| format!("{} cannot be made: {e}.", dir.display()))?;
    Ok(dir)
}

/// A call of `name` that starts in the root of the repository.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// A call of the very cargo that started us.
pub fn cargo() -> Command {
    let mut command = program(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    // What cargo said to us about our own package is not meant for the next one.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs to the end with our output. Errors: a sentence with what was called.
pub fn call(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| not_started(command, &e))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}.", shown(command))) }
}

/// Runs to the end and answers standard output. Errors: as [`call`].
pub fn output(command: &mut Command) -> Result<String, String> {
    let out = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(|e| not_started(command, &e))?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    Err(format!("`{}` ended with {}.", shown(command), out.status))
}

/// Runs to the end, shows standard output as it comes, and gives each line of it to `hear`.
/// Answers whether it ended well. Errors: the program cannot be started.
pub fn listen(command: &mut Command, hear: &mut dyn FnMut(&str)) -> Result<bool, String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|e| not_started(command, &e))?;
    let mut from = child.stdout.take().expect("standard output is a pipe");
    let (mut chunk, mut line) = (vec![0; 1 << 14], Vec::new());
    let mut ours = io::stdout();
    loop {
        let n = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(format!("`{}` cannot be listened to: {e}.", shown(command))),
        };
        // Nobody may be reading what we say; the step goes on all the same.
        let _ = ours.write_all(&chunk[..n]).and_then(|()| ours.flush());
        for byte in &chunk[..n] {
            if *byte == b'\n' {
                hear(&String::from_utf8_lossy(&line));
                line.clear();
            } else {
                line.push(*byte);
            }
        }
    }
    hear(&String::from_utf8_lossy(&line));
    let status = child.wait().map_err(|e| format!("`{}` was lost: {e}.", shown(command)))?;
    Ok(status.success())
}

/// Tries again after 2, 4, 8 seconds.
pub fn patiently<T>(what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    for pause in [2, 4, 8] {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(e) => eprintln!("  {what}: {e} Trying again in {pause} s."),
        }
        std::thread::sleep(Duration::from_secs(pause));
    }
    attempt()
}

/// A command as a person would type it, without its environment.
pub fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into_owned()));
    let text = words.join(" ");
    if text.chars().count() > 160 { text.chars().take(157).chain("...".chars()).collect() } else { text }
}

fn not_started(command: &Command, e: &io::Error) -> String {
    let program = command.get_program().to_string_lossy();
    match e.kind() {
        io::ErrorKind::NotFound => format!("{program} is not installed. Install it, then run the same command again."),
        _ => format!("{program} cannot be started: {e}."),
    }
}

/// What was done so far, and how long it took.
pub struct Steps {
    begun: Instant,
    taken: Vec<(String, Duration, bool)>,
}

impl Steps {
    /// Starts the clock.
    pub fn new() -> Self {
        Self { begun: Instant::now(), taken: Vec::new() }
    }

    /// Does one step, saying its name before and its time after.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        eprintln!("\n[{}] {name}", clock(self.begun.elapsed()));
        let from = Instant::now();
        let result = work();
        let took = from.elapsed();
        eprintln!("      {} in {:.1} s", if result.is_ok() { "done" } else { "failed" }, took.as_secs_f64());
        self.taken.push((name.to_owned(), took, result.is_ok()));
        result
    }

    /// A line for each step with its time, and the whole.
    pub fn table(&self) -> String {
        let width = self.taken.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0).max(5);
        let mut text = String::new();
        for (name, took, well) in &self.taken {
            let mark = if *well { "" } else { "  FAILED" };
            text += &format!("  {name:<width$}  {:>8.1} s{mark}\n", took.as_secs_f64());
        }
        text + &format!("  {:<width$}  {:>8.1} s\n", "total", self.begun.elapsed().as_secs_f64())
    }
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    format!("{:02}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_heard_whole_and_the_end_is_told() {
        let mut heard = Vec::new();
        let well = listen(program("sh").args(["-c", "printf 'one\\ntwo'; exit 3"]), &mut |l| heard.push(l.to_owned()));
        assert_eq!((well, heard), (Ok(false), vec!["one".to_owned(), "two".to_owned()]));
    }

    #[test]
    fn a_program_that_is_not_there_is_named_with_the_remedy() {
        let said = call(&mut program("no-such-program-zapys")).unwrap_err();
        assert_eq!(said, "no-such-program-zapys is not installed. Install it, then run the same command again.");
        assert!(call(program("false").arg("x")).unwrap_err().starts_with("`false x` ended with exit status: 1"));
    }

    #[test]
    fn a_failed_step_is_marked_in_the_table() {
        let mut steps = Steps::new();
        assert_eq!(steps.step("well", || Ok(1)), Ok(1));
        assert!(steps.step("ill", || Err::<(), _>("no".into())).is_err());
        let table = steps.table();
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].contains("well") && !lines[0].contains("FAILED"));
        assert!(lines[1].ends_with("FAILED") && lines[2].trim_start().starts_with("total"));
    }
}
