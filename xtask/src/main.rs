//! The project's own chores, as programs instead of shell scripts: what `make run` and `make test` do, and the rules that
//! the repository keeps. Flags are read by hand so that this builds in seconds.

mod lexicon;
mod packs;
mod run;
mod sample;
mod setup;
mod steps;
mod test;
#[cfg(test)]
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  run [--case DIR] [--yes]       install, build, make the sample case, process it, serve the workbench (SERVE=0: do not serve)
  test [--yes]                   install what tests need, then build, lint and run all of them
  setup [--for run|test] [--yes] only the installing
  packs [NAME...]                fetch model packs and native libraries by pinned digest
  sample [--out DIR]             make the fictional sample case's evidence and truth.json
  tidy                           the rules that the repository keeps
  lint                           formatting, clippy, tidy
  lexicon DIR                    make the Ukrainian lexicon again from its dictionary in DIR

--yes installs without asking (CI=true does too).";

/// Where the repository lies.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_owned()
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let root = root();
    // Commands name files as seen from the repository, wherever they were started.
    if let Err(e) = std::env::set_current_dir(&root) {
        eprintln!("xtask: the repository cannot be entered: {e}.");
        return ExitCode::from(2);
    }
    match chore(words) {
        Ok(code) => code,
        Err(Stop::Usage(what)) => {
            eprintln!("xtask: {what}\n\n{USAGE}");
            ExitCode::from(3)
        }
        Err(Stop::Failed(what)) => {
            eprintln!("\nxtask: {what}");
            ExitCode::from(2)
        }
    }
}

/// Why a chore ended early.
enum Stop {
    Usage(String),
    Failed(String),
}
impl From<String> for Stop {
    fn from(what: String) -> Self {
        Self::Failed(what)
    }
}

fn chore(words: Vec<String>) -> Result<ExitCode, Stop> {
    let mut flags = Flags::read(words)?;
    let command = flags.take_word().unwrap_or_else(|| "help".to_owned());
    let done = Ok(ExitCode::SUCCESS);
    match command.as_str() {
        "run" => {
            let case = flags.take("--case").map_or_else(|| PathBuf::from("case"), PathBuf::from);
            let yes = flags.take_yes();
            flags.done()?;
            run::run(&case, yes).map_err(Stop::Failed)
        }
        "test" => {
            let yes = flags.take_yes();
            flags.done()?;
            test::test(yes).map_err(Stop::Failed)
        }
        "setup" => {
            let purpose = match flags.take("--for").as_deref() {
                None | Some("run") => setup::Purpose::Run,
                Some("test") => setup::Purpose::Test,
                Some(other) => return Err(Stop::Usage(format!("--for wants run or test, not {other}."))),
            };
            let yes = flags.take_yes();
            flags.done()?;
            setup::setup(purpose, yes)?;
            done
        }
        "packs" => {
            let mut names = flags.take_rest();
            flags.done()?;
            if names.is_empty() {
                names = packs::names()?;
            }
            packs::ensure(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
            done
        }
        "sample" => {
            let out = flags.take("--out").map_or_else(|| PathBuf::from("sample"), PathBuf::from);
            flags.done()?;
            sample::make(&out)?;
            println!("The sample is in {}: evidence/ and truth.json.", out.display());
            done
        }
        "tidy" => {
            flags.done()?;
            test::tidy().map_err(Stop::Failed)
        }
        "lint" => {
            flags.done()?;
            test::lint().map_err(Stop::Failed)
        }
        "lexicon" => {
            let dir = flags.take_word().ok_or_else(|| Stop::Usage("lexicon wants the folder with the dictionary.".into()))?;
            flags.done()?;
            lexicon::build(Path::new(&dir))?;
            println!("Made {} (sha256 {}).", lexicon::MADE, lexicon::MADE_SHA256);
            done
        }
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            done
        }
        other => Err(Stop::Usage(format!("there is no command {other}."))),
    }
}

/// Words and `--flag VALUE` pairs; what nobody takes is an error.
#[derive(Debug)]
struct Flags {
    words: Vec<String>,
    flags: Vec<(String, Option<String>)>,
}

impl Flags {
    fn read(words: Vec<String>) -> Result<Self, Stop> {
        let mut read = Self { words: Vec::new(), flags: Vec::new() };
        let mut rest = words.into_iter();
        while let Some(word) = rest.next() {
            if !word.starts_with("--") || word == "--help" {
                read.words.push(word);
            } else if word == "--yes" {
                read.flags.push((word, None));
            } else if let Some((name, value)) = word.split_once('=') {
                read.flags.push((name.to_owned(), Some(value.to_owned())));
            } else {
                let value = rest.next().ok_or_else(|| Stop::Usage(format!("{word} wants a value.")))?;
                read.flags.push((word, Some(value)));
            }
        }
        read.words.reverse();
        Ok(read)
    }
    /// The next word that is no flag.
    fn take_word(&mut self) -> Option<String> {
        self.words.pop()
    }
    fn take_rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.words.pop()).collect()
    }
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.flags.iter().position(|(n, _)| n == name)?;
        self.flags.remove(at).1
    }
    /// True where nobody wants to be asked.
    fn take_yes(&mut self) -> bool {
        let said = self.flags.iter().position(|(n, _)| n == "--yes").map(|at| self.flags.remove(at)).is_some();
        said || std::env::var_os("CI").is_some_and(|v| !v.is_empty() && v != "0" && v != "false")
    }
    fn done(&self) -> Result<(), Stop> {
        match (self.words.last(), self.flags.first()) {
            (None, None) => Ok(()),
            (Some(word), _) => Err(Stop::Usage(format!("{word} is one word too many."))),
            (_, Some((flag, _))) => Err(Stop::Usage(format!("{flag} means nothing here."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Flags {
        match Flags::read(line.split_whitespace().map(str::to_owned).collect()) {
            Ok(flags) => flags,
            Err(_) => panic!("{line} is right"),
        }
    }

    #[test]
    fn flags_are_taken_once_and_nothing_is_left_unsaid() {
        let mut f = read("run --case a --yes");
        assert_eq!(f.take_word().as_deref(), Some("run"));
        assert_eq!(f.take("--case").as_deref(), Some("a"));
        assert!(f.done().is_err(), "--yes was not taken");
        assert!(f.take_yes());
        assert!(f.done().is_ok());
        assert_eq!(read("packs b a").take_rest(), ["packs", "b", "a"]);
        assert_eq!(read("sample --out=x").take("--out").as_deref(), Some("x"));
        assert!(matches!(Flags::read(vec!["--out".into()]), Err(Stop::Usage(_))));
        assert!(matches!(chore(vec!["no-such-chore".into()]), Err(Stop::Usage(_))));
        assert!(matches!(chore(vec!["sample".into(), "--cas".into(), "x".into()]), Err(Stop::Usage(_))));
    }
}
