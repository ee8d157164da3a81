//! `make bench`: what zapys costs in time and memory beside its peers, on the same files in one run. See `docs/benchmarks.md`.
//!
//! Nothing here passes or fails by a number: a goal that is not met is said in the table. It fails where something could not
//! be measured.

mod call;
mod files;
mod growth;
mod heard;
mod intake;
mod invented;
mod measured;
mod peers;
mod quality;
mod report;
mod scaling;
mod score;
mod search;
mod speech;
mod timing;
mod verify;
mod voices;
mod volume;

use crate::setup::{Purpose, setup};
use crate::steps::{Steps, call as call_to_end, cargo, output, program, root, target};
use crate::{npm, run};
use measured::{Cost, measure};
use report::{Row, Unit};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How `bench` is called.
pub const USAGE: &str = "bench [--only intake,verify,growth,speech,quality,invented,timing,scaling,voices,search,volume] [--calls N --hours N] [--whisperx] [--out FILE] [--quick] [--runs N] [--date TEXT] [--zapys FILE]";

/// Measures one part. Answers its rows and every run behind them.
type Part = fn(&Bench) -> Result<(Vec<Row>, Value), String>;
const PARTS: &[(&str, Part)] = &[
    ("intake", intake::run),
    ("verify", verify::run),
    ("growth", growth::run),
    ("speech", speech::run),
    ("quality", quality::run),
    ("invented", invented::run),
    ("timing", timing::run),
    ("scaling", scaling::run),
    ("voices", voices::run),
    ("search", search::run),
    ("volume", volume::run),
];
/// Parts that take a night, and are measured where they are named.
const NAMED: &[&str] = &["volume"];

/// What to measure and where.
pub struct Bench {
    /// Folder for everything made here.
    dir: PathBuf,
    /// Small sizes and single runs, to see that it works; figures mean nothing.
    quick: bool,
    /// Runs of each side, where another number than usual was asked for.
    runs: Option<usize>,
    /// Calls and hours of sound of the case that is worked through, where others than usual were asked for.
    volume: Option<(usize, f64)>,
    /// Words are compared with WhisperX, too.
    whisperx: bool,
    /// The program that is measured.
    zapys: PathBuf,
}
impl Bench {
    /// The key file that opens the cases made here. They are encrypted, as cases are unless somebody says otherwise; a key
    /// file needs no stretching, so opening is not what is measured.
    fn key(&self) -> Result<PathBuf, String> {
        let path = self.dir.join("key");
        if !path.is_file() {
            let told = |e: std::io::Error| format!("{} cannot be written: {e}.", path.display());
            let mut bytes = [0u8; 64];
            let mut random = fs::File::open("/dev/urandom").map_err(told)?;
            std::io::Read::read_exact(&mut random, &mut bytes).map_err(told)?;
            fs::write(&path, bytes).map_err(told)?;
        }
        Ok(path)
    }
    /// Makes an encrypted case.
    fn init(&self, case: &str) -> Result<(), String> {
        self.key()?;
        self.call(&["init", case, "--name", "bench", "--no-recovery-key", "--quiet"])
    }
    /// Items of a case.
    fn count(&self, case: &str) -> Result<u64, String> {
        Ok(self.lines(&["-C", case, "--json", "items"])?.len() as u64)
    }
    fn zapys(&self, words: &[&str]) -> Command {
        let mut command = program(&self.zapys.to_string_lossy());
        command.arg("--key-file").arg(self.dir.join("key")).args(words);
        command
    }
    /// Runs zapys to the end.
    fn call(&self, words: &[&str]) -> Result<(), String> {
        output(&mut self.zapys(words)).map(drop)
    }
    /// Runs zapys to the end and answers the objects it wrote.
    fn lines(&self, words: &[&str]) -> Result<Vec<Value>, String> {
        let text = output(self.zapys(words).arg("--quiet"))?;
        let read = text.lines().map(|l| serde_json::from_str(l).map_err(|e| format!("zapys wrote what is no JSON: {e}.")));
        read.collect()
    }
    /// Runs zapys to the end and answers what it cost.
    fn measure(&self, words: &[&str], notes: &Path) -> Result<Cost, String> {
        self.measure_with(&[], words, notes)
    }
    /// The same with settings as variables of the environment.
    fn measure_with(&self, settings: &[(&str, &str)], words: &[&str], notes: &Path) -> Result<Cost, String> {
        let mut all = vec!["env".to_owned()];
        all.extend(settings.iter().map(|(name, value)| format!("{name}={value}")));
        all.extend([files::text(&self.zapys), "--key-file".into(), files::text(&self.dir.join("key"))]);
        all.extend(words.iter().map(|w| (*w).to_owned()));
        measure(&all, notes)
    }
}

/// What the command line asked for.
#[derive(Debug, PartialEq)]
struct Options {
    only: Vec<String>,
    out: PathBuf,
    quick: bool,
    /// Runs of each side, where another number than usual was asked for.
    runs: Option<usize>,
    calls: Option<usize>,
    hours: Option<f64>,
    whisperx: bool,
    date: Option<String>,
    zapys: Option<PathBuf>,
}
impl Options {
    fn parse(words: &[&str]) -> Result<Self, String> {
        let all = PARTS.iter().filter(|(name, _)| !NAMED.contains(name)).map(|(name, _)| (*name).to_owned()).collect();
        let out = target().join("bench.json");
        let mut options =
            Self { only: all, out, quick: false, runs: None, calls: None, hours: None, whisperx: false, date: None, zapys: None };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "--quick" => options.quick = true,
                "--whisperx" => options.whisperx = true,
                _ => {}
            }
            if ["--quick", "--whisperx"].contains(&word) {
                continue;
            }
            let wrong = || format!("`{word}` is not understood. Usage: cargo xtask {USAGE}");
            let value = words.next().ok_or_else(wrong)?;
            match word {
                "--only" => options.only = value.split(',').map(str::to_owned).collect(),
                "--out" => options.out = root().join(value),
                "--runs" => options.runs = Some(value.parse().ok().filter(|n| (1..=20).contains(n)).ok_or_else(wrong)?),
                "--calls" => options.calls = Some(value.parse().ok().filter(|n| (1..=100_000).contains(n)).ok_or_else(wrong)?),
                "--hours" => options.hours = Some(value.parse().ok().filter(|h| *h > 0.0 && *h < 10_000.0).ok_or_else(wrong)?),
                "--date" => options.date = Some(value.to_owned()),
                "--zapys" => options.zapys = Some(root().join(value)),
                _ => return Err(wrong()),
            }
        }
        match options.only.iter().find(|name| !PARTS.iter().any(|(part, _)| part == name)) {
            Some(name) => Err(format!("`{name}` is no part of the bench. Usage: cargo xtask {USAGE}")),
            None => Ok(options),
        }
    }
}

/// Measures, prints a table, writes JSON. Errors: something could not be measured; the rest is told and written.
pub fn bench(words: &[&str]) -> Result<(), String> {
    let options = Options::parse(words)?;
    let mut steps = Steps::new();
    let zapys = ready(&options, &mut steps)?;
    let volume = (options.calls.is_some() || options.hours.is_some())
        .then(|| (options.calls.unwrap_or(volume::WHOLE.0), options.hours.unwrap_or(volume::WHOLE.1)));
    let bench = Bench {
        dir: target().join("bench"),
        quick: options.quick,
        runs: options.runs,
        volume,
        whisperx: options.whisperx,
        zapys,
    };
    fs::create_dir_all(&bench.dir).map_err(|e| format!("{} cannot be made: {e}.", bench.dir.display()))?;
    let machine = report::machine();
    let (mut rows, mut runs, mut failed) = (Vec::new(), Map::new(), Vec::new());
    for (name, part) in PARTS.iter().filter(|(name, _)| options.only.iter().any(|o| o == name)) {
        match steps.step(name, || part(&bench)) {
            Ok((more, behind)) => {
                rows.extend(more);
                runs.insert((*name).to_owned(), behind);
            }
            Err(e) => {
                eprintln!("      {e}");
                failed.push(format!("{name}: {e}"));
            }
        }
    }
    let document = json!({
        "date": options.date.or_else(now), "source": report::commit(), "machine": machine, "quick": options.quick,
        "rows": rows, "runs": runs, "not_measured": failed,
    });
    let text = serde_json::to_string_pretty(&document).map_err(|e| format!("The figures cannot be written: {e}."))?;
    fs::write(&options.out, text + "\n").map_err(|e| format!("{} cannot be written: {e}.", options.out.display()))?;
    let say = |what: &str| machine[what].as_str().unwrap_or("unknown").to_owned();
    println!("\n{}, {} cores, Linux {}", say("cpu"), machine["cores"], say("kernel"));
    if options.quick {
        println!("Small sizes and single runs: these figures show that the bench works, and nothing else.");
    }
    print!("\n{}\nEverything behind it is in {}\n", report::table(&rows), options.out.display());
    if failed.is_empty() { Ok(()) } else { Err(format!("Not everything could be measured:\n  {}", failed.join("\n  "))) }
}

/// Installs and builds what is measured and what it is measured with. Answers the program.
fn ready(options: &Options, steps: &mut Steps) -> Result<PathBuf, String> {
    let wants = |name: &str| options.only.iter().any(|o| o == name);
    let zapys = match &options.zapys {
        Some(path) => path.clone(),
        None => {
            setup(Purpose::Bench, steps)?;
            // Built anew where sources changed: figures of an older program would be told as those of this one.
            steps.step("Workbench for the browser", npm::build_ui)?;
            let words = ["build", "--release", "--locked", "-p", "zapys-cli", "--features", "zapys-cli/embed-ui"];
            steps.step("zapys", || call_to_end(cargo().args(words)))?;
            steps.step("Speech host", run::build_hosts)?;
            target().join("release/zapys")
        }
    };
    if wants("intake") || wants("verify") {
        peers::ready()?;
    }
    if ["speech", "quality", "invented", "timing", "voices"].into_iter().any(wants) {
        steps.step("Peers, pinned", || peers::ensure(peers::FASTER_WHISPER))?;
    }
    if options.whisperx {
        steps.step("WhisperX, pinned", || peers::ensure(peers::WHISPERX))?;
    }
    Ok(zapys)
}

/// The time of the machine, in UTC.
fn now() -> Option<String> {
    let text = output(program("date").args(["--utc", "+%Y-%m-%dT%H:%M:%SZ"])).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_wrong_ones_told() {
        let all = Options::parse(&[]).unwrap();
        assert_eq!((all.only.len(), all.quick, all.out), (10, false, target().join("bench.json")));
        let some = Options::parse(&["--only", "search,intake", "--quick", "--date", "2022-03-18", "--out", "x.json"]).unwrap();
        assert_eq!(
            (some.only, some.quick, some.date.as_deref()),
            (vec!["search".into(), "intake".into()], true, Some("2022-03-18"))
        );
        assert_eq!(some.out, root().join("x.json"));
        for wrong in [&["--only"][..], &["--only", "speed"], &["--fast", "x"], &["intake"]] {
            assert!(Options::parse(wrong).unwrap_err().contains("Usage: cargo xtask bench"), "{wrong:?}");
        }
    }
}
