//! Steps with their times, and other programs run as steps: what a person watches while `make run` or `make test` works.

use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A row of steps under way.
pub struct Steps {
    begun: Instant,
    taken: Vec<(String, Duration, bool)>,
    bright: bool,
}

impl Steps {
    pub fn begin() -> Self {
        Self { begun: Instant::now(), taken: Vec::new(), bright: io::stderr().is_terminal() }
    }

    /// Runs one step and says how long it took. Its error is passed on untouched.
    pub fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let (on, off) = if self.bright { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        eprintln!("{on}[{}] {what}{off}", clock(self.begun.elapsed()));
        let from = Instant::now();
        let result = work();
        self.taken.push((what.to_owned(), from.elapsed(), result.is_ok()));
        result
    }

    /// Steps so far: name, time, whether it went well.
    pub fn taken(&self) -> &[(String, Duration, bool)] {
        &self.taken
    }

    /// Prints a line a step.
    pub fn table(&self) {
        let wide = self.taken.iter().map(|t| t.0.chars().count()).max().unwrap_or(0);
        eprintln!();
        for (what, time, well) in &self.taken {
            eprintln!("  {what:<wide$}  {:>7.1} s{}", time.as_secs_f64(), if *well { "" } else { "  FAILED" });
        }
        eprintln!("  {:<wide$}  {:>7.1} s", "all", self.begun.elapsed().as_secs_f64());
    }
}

/// Minutes and seconds.
fn clock(t: Duration) -> String {
    format!("{:>2}:{:02}", t.as_secs() / 60, t.as_secs() % 60)
}

/// A program with its words, as people would type it.
pub struct Program {
    command: Command,
    shown: String,
}

impl Program {
    pub fn new(name: impl AsRef<OsStr>) -> Self {
        let shown = Path::new(name.as_ref()).file_name().unwrap_or(name.as_ref()).to_string_lossy().into_owned();
        let mut command = Command::new(name);
        command.stdin(Stdio::null());
        Self { command, shown }
    }
    /// `cargo`, the same that built this.
    pub fn cargo() -> Self {
        let mut cargo = Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.shown = "cargo".into();
        cargo
    }
    pub fn words<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, words: I) -> Self {
        for word in words {
            self.shown.push(' ');
            self.shown.push_str(&word.as_ref().to_string_lossy());
            self.command.arg(word);
        }
        self
    }
    pub fn within(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }
    pub fn with(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.command.envs(variables);
        self
    }
    /// Lets a person answer.
    pub fn talking(mut self) -> Self {
        self.command.stdin(Stdio::inherit());
        self
    }

    /// Runs it with its output where ours goes. Errors: it cannot start, or ends otherwise than well.
    pub fn run(mut self) -> Result<(), String> {
        let status = self.command.status().map_err(|e| self.no_start(&e))?;
        if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}.", self.shown)) }
    }

    /// Exit status and standard output; its messages go where ours go.
    pub fn read(mut self) -> Result<(Option<i32>, String), String> {
        let out = self.command.stderr(Stdio::inherit()).output().map_err(|e| self.no_start(&e))?;
        Ok((out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned()))
    }

    /// Standard output where it ends well; its messages are kept back. Errors: it cannot start or fails.
    pub fn ask(mut self) -> Result<String, String> {
        let out = self.command.stderr(Stdio::null()).output().map_err(|e| self.no_start(&e))?;
        if out.status.success() {
            Ok(String::from_utf8_lossy(&out.stdout).into_owned())
        } else {
            Err(format!("`{}` ended with {}.", self.shown, out.status))
        }
    }

    /// Runs it, shows each line of its output and hands the line on. Errors: as [`Program::run`].
    pub fn lines(mut self, mut each: impl FnMut(&str)) -> Result<(), String> {
        let mut child = self.command.stdout(Stdio::piped()).spawn().map_err(|e| self.no_start(&e))?;
        let stdout = child.stdout.take().expect("it was piped");
        for line in BufReader::new(stdout).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            each(&line);
        }
        let _ = io::stdout().flush();
        let status = child.wait().map_err(|e| self.no_start(&e))?;
        if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}.", self.shown)) }
    }

    fn no_start(&self, e: &io::Error) -> String {
        let name = self.shown.split(' ').next().unwrap_or_default();
        format!("{name} cannot be started: {e}. Install it, or run `cargo xtask setup`.")
    }
}

/// Remembers below `target/stamps` of which inputs something was made, so that it is made again only when they change.
pub struct Stamp {
    path: PathBuf,
    digest: String,
}

impl Stamp {
    /// Digest over names and bytes of files and folders, in a fixed order, and over a note. What is absent counts as such.
    pub fn of(name: &str, inputs: &[&str], note: &str) -> Result<Self, String> {
        let mut hash = Sha256::new();
        hash.update(note.as_bytes());
        for input in inputs {
            digest_into(&mut hash, Path::new(input)).map_err(|e| format!("{input} cannot be read: {e}."))?;
        }
        let digest = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Ok(Self { path: Path::new("target/stamps").join(name), digest })
    }
    /// True where the thing was made of just these inputs.
    pub fn holds(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|d| d == self.digest)
    }
    /// Before making: whatever interrupts it leaves no stamp.
    pub fn lift(&self) {
        let _ = fs::remove_file(&self.path);
    }
    /// After making.
    pub fn set(&self) -> Result<(), String> {
        let folder = self.path.parent().expect("below target/stamps");
        fs::create_dir_all(folder).and_then(|()| fs::write(&self.path, &self.digest)).map_err(|e| format!("target/stamps cannot be written: {e}."))
    }
}

fn digest_into(hash: &mut Sha256, path: &Path) -> io::Result<()> {
    hash.update(path.to_string_lossy().as_bytes());
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => hash.update(b"\0absent\0"),
        Err(e) => return Err(e),
        Ok(m) if m.is_dir() => {
            let mut inside: Vec<PathBuf> = fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>()?;
            inside.sort();
            for p in inside {
                digest_into(hash, &p)?;
            }
        }
        Ok(_) => {
            let bytes = fs::read(path)?;
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(&bytes);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_changes_with_names_bytes_and_note_only() {
        let dir = tempfile::tempdir().unwrap();
        let at = |n: &str| dir.path().join(n);
        fs::create_dir(at("d")).unwrap();
        fs::write(at("d/a"), "1").unwrap();
        let of = |note: &str| Stamp::of("t", &[at("d").to_str().unwrap(), at("none").to_str().unwrap()], note).unwrap().digest;
        let first = of("x");
        assert_eq!(first, of("x"));
        assert_ne!(first, of("y"));
        fs::write(at("d/a"), "2").unwrap();
        let second = of("x");
        assert_ne!(first, second);
        fs::rename(at("d/a"), at("d/b")).unwrap();
        assert_ne!(second, of("x"));
    }

    #[test]
    fn programs_end_well_or_say_so() {
        assert!(Program::new("true").run().is_ok());
        assert!(Program::new("false").words(["a"]).run().unwrap_err().contains("`false a` ended with"));
        assert!(Program::new("no-such-program").run().unwrap_err().contains("cannot be started"));
        let mut seen = Vec::new();
        Program::new("printf").words(["a\\nb\\n"]).lines(|l| seen.push(l.to_owned())).unwrap();
        assert_eq!(seen, ["a", "b"]);
        let mut steps = Steps::begin();
        assert!(steps.step("bad", || Err::<(), _>("no".into())).is_err());
        assert_eq!((steps.taken().len(), steps.taken()[0].2), (1, false));
    }
}
