//! `make run`: from a fresh machine to a workbench full of a sample case. Each step finds out by itself whether there is
//! anything to do, so it may be interrupted anywhere and started again; a second run repeats nothing.

use crate::setup::{self, Purpose};
use crate::steps::{Program, Stamp, Steps};
use crate::{packs, sample};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

const CASE_NAME: &str = "Музейні фонди, Синьопілля";
const ZAPYS: &str = "target/release/zapys";
/// What the interface is built of.
pub const INTERFACE: [&str; 8] = [
    "ui/src", "ui/public", "ui/index.html", "ui/package.json", "ui/package-lock.json", "ui/vite.config.ts", "ui/svelte.config.js", "ui/tsconfig.json",
];
/// Where each part of the sample is said to come from: folder, and flags of `add`.
const ORIGINS: [(&str, &[&str]); 7] = [
    ("calls", &["--source", "District prosecutor, order 31/22", "--source-grade", "B", "--recorded", "2022-03", "--legal-basis", "court order (invented)"]),
    ("clips", &["--source", "Channel Синьопілля сьогодні", "--source-grade", "D", "--origin", "https://channel.example/101", "--published", "2022-03-18"]),
    ("telegram", &["--source", "Channel Синьопілля сьогодні", "--source-grade", "D", "--collected-by", "O. Koval"]),
    ("screens", &["--source", "A witness's telephone", "--source-grade", "C", "--collected-by", "M. Rudenko", "--sensitivity", "protected"]),
    ("articles", &["--source", "Public web pages", "--source-grade", "C", "--collected-by", "O. Koval"]),
    ("records", &["--source", "Telephone company, answer to order 31/22", "--source-grade", "B", "--legal-basis", "court order (invented)"]),
    ("photos", &["--source", "A reader of the channel", "--source-grade", "D", "--collected-by", "O. Koval"]),
];

/// Does everything and then serves, unless `SERVE=0`. Returns the status to end with. Errors: what stopped it.
pub fn run(case: &Path, yes: bool) -> Result<ExitCode, String> {
    let mut steps = Steps::begin();
    steps.step("What the system needs", || setup::setup(Purpose::Run, yes))?;
    steps.step("The workbench's pages", interface)?;
    steps.step("The programs (the first time takes some ten minutes)", build)?;
    steps.step("The sample: invented evidence with known truth", || sample::make(Path::new("sample")))?;
    steps.step("The case", || open_case(case))?;
    let added = steps.step("Taking the evidence in", || add(case))?;
    let processed = steps.step("Listening, reading, indexing", || Ok(zapys(case, &["process"]).read()?.0))?;
    let summary = steps.step("Checking every byte", || Summary::of(case))?;
    steps.table();
    summary.print(case);
    if added != Some(0) || processed != Some(0) || !summary.sound {
        return Err("Not everything was done; what was done is kept. The lines above say what failed; run it again to go on.".into());
    }
    if std::env::var("SERVE").is_ok_and(|v| v == "0") {
        return Ok(ExitCode::SUCCESS);
    }
    println!();
    // From here on this process is the server: Ctrl-C reaches it directly.
    let failed = Command::new(ZAPYS).arg("-C").arg(case).arg("serve").exec();
    Err(format!("The server cannot be started: {failed}."))
}

/// Builds the pages unless they are of just these sources.
pub fn interface() -> Result<(), String> {
    let stamp = Stamp::of("ui-dist", &INTERFACE, "")?;
    let page = Path::new("ui/dist/index.html");
    if stamp.holds() && page.is_file() {
        return Ok(());
    }
    stamp.lift();
    Program::new("npm").words(["run", "--silent", "build"]).within("ui").run()?;
    // The pages go into the binary: the crate that embeds them is built again, whatever the compiler thinks it depends on.
    let embeds = "crates/server/src/ui.rs";
    let made = fs::metadata(page).and_then(|m| m.modified()).map_err(|e| format!("The pages were not built: {e}."))?;
    fs::File::options().append(true).open(embeds).and_then(|f| f.set_modified(made)).map_err(|e| format!("{embeds}: {e}."))?;
    stamp.set()
}

fn build() -> Result<(), String> {
    let release = |words: &[&str]| Program::cargo().words(["build", "--release", "--locked", "--quiet"]).words(words);
    release(&["-p", "zapys-cli", "--features", "zapys-server/embed-ui"]).run()?;
    // By itself, so that nothing the others switch on gets into it.
    release(&["-p", "zapys-verify"]).run()?;
    release(&["-p", "zapys-engine-speech"]).with(packs::host_build_env()).run()
}

fn zapys(case: &Path, words: &[&str]) -> Program {
    Program::new(ZAPYS).words([Path::new("-C"), case]).words(words)
}

/// Makes the case where there is none. It is made under another name first, so that half a case is never taken for one.
fn open_case(case: &Path) -> Result<(), String> {
    if case.join("case.toml").is_file() {
        return Ok(());
    }
    if fs::read_dir(case).is_ok_and(|mut d| d.next().is_some()) {
        return Err(format!("{} holds something that is no case. Move it away, or choose another folder: make run CASE=DIR", case.display()));
    }
    let mut new = case.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    let told = |e: std::io::Error| format!("{}: {e}.", new.display());
    if new.exists() {
        fs::remove_dir_all(new).map_err(told)?;
    }
    if let Some(parent) = case.parent() {
        fs::create_dir_all(parent).map_err(told)?;
    }
    Program::new(ZAPYS).words(["init"]).words([new]).words(["--name", CASE_NAME]).run()?;
    fs::rename(new, case).map_err(told)
}

/// Takes in each part with its provenance; what is there already is only reported. Returns the worst exit status.
fn add(case: &Path) -> Result<Option<i32>, String> {
    let mut worst = Some(0);
    for (folder, origin) in ORIGINS {
        let path = format!("sample/evidence/{folder}");
        let (status, _) = zapys(case, &["--json", "add", &path]).words(origin).read()?;
        worst = if status.is_none() { None } else { worst.max(status) };
    }
    Ok(worst)
}

/// What a person wants to know at the end.
#[derive(Default)]
struct Summary {
    kinds: BTreeMap<String, u64>,
    languages: BTreeSet<String>,
    words: u64,
    spoken_ms: u64,
    twice: u64,
    findings: u64,
    unfinished: Vec<String>,
    objects: u64,
    entries: u64,
    sound: bool,
}

impl Summary {
    fn of(case: &Path) -> Result<Self, String> {
        let (status, items) = zapys(case, &["--json", "items"]).read()?;
        if status != Some(0) {
            return Err("The items cannot be listed.".into());
        }
        let mut s = Self::default();
        for item in objects(&items) {
            s.count(&item);
            if item["n_segments"].as_u64().unwrap_or(0) > 0
                && let Some(id) = item["item"].as_str()
            {
                let (_, transcript) = zapys(case, &["--json", "transcript", id]).read()?;
                objects(&transcript).iter().for_each(|t| s.hear(t));
            }
        }
        let (status, verified) = zapys(case, &["--json", "verify"]).read()?;
        s.sound = status == Some(0);
        for v in objects(&verified) {
            s.objects += v["objects"]["checked"].as_u64().unwrap_or(0);
            s.entries += v["ledger"]["size"].as_u64().unwrap_or(0);
        }
        Ok(s)
    }

    fn count(&mut self, item: &Value) {
        let text = |name: &str| item[name].as_str().unwrap_or_default();
        *self.kinds.entry(text("kind").replace('-', " ")).or_default() += 1;
        let several = item["languages"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.languages.extend(several.chain([text("language")]).filter(|l| !l.is_empty() && *l != "und").map(str::to_owned));
        self.findings += item["findings"].as_u64().unwrap_or(0);
        self.twice += u64::from(item["n_acquisitions"].as_u64().unwrap_or(0) > 1);
        if matches!(text("processing"), "failed" | "partly" | "queued" | "running") {
            self.unfinished.push(format!("{} ({})", text("title"), text("processing")));
        }
    }

    fn hear(&mut self, transcript: &Value) {
        self.spoken_ms += transcript["duration_ms"].as_u64().unwrap_or(0);
        for segment in transcript["segments"].as_array().into_iter().flatten() {
            self.words += segment["text"].as_str().unwrap_or_default().split_whitespace().count() as u64;
            self.languages.extend(segment["language"].as_str().filter(|l| *l != "und").map(str::to_owned));
        }
    }

    fn print(&self, case: &Path) {
        let kinds: Vec<String> = self.kinds.iter().map(|(k, n)| format!("{n} {}", plural(k, *n))).collect();
        let languages: Vec<&str> = self.languages.iter().map(String::as_str).collect();
        println!("\nThe case “{CASE_NAME}” in {}", case.display());
        println!("  received   {} items: {}", self.kinds.values().sum::<u64>(), kinds.join(", "));
        println!("  heard      {} words in {}:{:02} of sound, all of it machine text that nobody has reviewed", self.words, self.spoken_ms / 60_000, self.spoken_ms / 1000 % 60);
        println!("  languages  {}", if languages.is_empty() { "none recognised".into() } else { languages.join(", ") });
        println!("  twice      {} received more than once, kept as one object each", plural_n(self.twice, "item"));
        println!("  noticed    {}", plural_n(self.findings, "finding"));
        println!(
            "  custody    {} objects re-read, {}, {} ledger entries",
            self.objects,
            if self.sound { "all unchanged" } else { "A FAULT WAS FOUND: run `zapys verify`" },
            self.entries
        );
        if !self.unfinished.is_empty() {
            println!("  unfinished {}", self.unfinished.join(", "));
        }
        let c = case.display();
        println!("\nTo go on:");
        for (words, does) in [
            ("search ящик", "finds every form of a word, said, read or written"),
            ("items", "lists what is there"),
            ("produce --out production", "a sealed package for others"),
            ("serve", "the workbench in the browser"),
        ] {
            println!("  {:<54} {does}", format!("{ZAPYS} -C {c} {words}"));
        }
        println!("  {:<54} checks that package without this program", "target/release/zapys-verify production");
    }
}

/// Newline-delimited JSON; what is none is passed over.
fn objects(lines: &str) -> Vec<Value> {
    lines.lines().filter_map(|l| serde_json::from_str(l).ok()).collect()
}

fn plural(noun: &str, n: u64) -> String {
    if n == 1 || noun.ends_with('s') { noun.to_owned() } else { format!("{noun}s") }
}
fn plural_n(n: u64, noun: &str) -> String {
    format!("{n} {}", plural(noun, n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_summary_counts_what_the_items_say() {
        let mut s = Summary::default();
        s.count(&json!({"kind": "recording", "language": "ru", "languages": ["ru", "en"], "findings": 2, "n_acquisitions": 2, "processing": "done", "title": "a"}));
        s.count(&json!({"kind": "call-records", "language": "und", "languages": [], "findings": 0, "n_acquisitions": 1, "processing": "partly", "title": "b"}));
        s.hear(&json!({"duration_ms": 61_000, "segments": [{"text": "Алло, слышно?", "language": "uk"}, {"text": "Yes."}]}));
        assert_eq!(s.kinds.iter().map(|(k, n)| format!("{n} {}", plural(k, *n))).collect::<Vec<_>>(), ["1 call records", "1 recording"]);
        assert_eq!((s.words, s.spoken_ms, s.twice, s.findings), (3, 61_000, 1, 2));
        assert_eq!(s.languages.into_iter().collect::<Vec<_>>(), ["en", "ru", "uk"]);
        assert_eq!(s.unfinished, ["b (partly)"]);
    }

    #[test]
    fn every_folder_of_the_sample_has_an_origin() {
        let made: BTreeSet<&str> = sample::FOLDERS.into_iter().collect();
        assert_eq!(ORIGINS.iter().map(|o| o.0).collect::<BTreeSet<_>>(), made);
    }

    #[test]
    fn a_folder_that_is_no_case_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("mine.txt"), "keep").unwrap();
        assert!(open_case(dir.path()).unwrap_err().contains("holds something that is no case"));
        assert!(dir.path().join("mine.txt").is_file());
    }
}
