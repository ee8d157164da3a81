//! Files made to do harm: none crashes the program, leads it out of the case, or costs more memory and time than is given;
//! each is taken in with what is wrong with it, or refused by name.

use crate::rough;
use crate::stage::{Said, Stage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use zapys_tests::faults::Faults;

/// Address space for the whole program, in bytes. A bomb that is held in memory does not fit.
const MEMORY: u64 = 3_000_000_000;
/// The most memory that is really used, in kilobytes.
const USED: u64 = 1_000_000;

/// Runs a command with a limit on memory, and tells how much it used at most, in kilobytes.
fn bounded(s: &Stage, args: &[&str]) -> (Said, u64) {
    let script = "import os, resource, subprocess, sys\n\
                  env = dict(os.environ, LD_PRELOAD=os.environ.pop('BETWEEN'))\n\
                  p = subprocess.run(sys.argv[1:], env=env, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)))\n\
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, p.returncode, file=open('used', 'w'))"
        .replace("MEMORY", &MEMORY.to_string());
    // Flushes are left out: here it is not about what lasts.
    let inner = {
        let mut c = s.command(args);
        Faults { root: s.path("world"), ..Faults::default() }.apply(&mut c, Path::new(rough::TARGET));
        // A model needs more room than is given here, and hears only what decoders made.
        c.env("ZAPYS_HOSTS", s.path("none")).env("ZAPYS_PACKS", s.path("none"));
        c
    };
    let mut python = Command::new("python3");
    python.args(["-c", &script]).arg(inner.get_program()).args(inner.get_args()).current_dir(s.path("")).env_clear();
    for (name, value) in inner.get_envs() {
        // Only the program itself is stood between, not what starts it.
        if let Some(value) = value {
            python.env(if name == "LD_PRELOAD" { "BETWEEN".as_ref() } else { name }, value);
        }
    }
    let began = Instant::now();
    let out = python.output().expect("python3");
    assert!(began.elapsed() < Duration::from_secs(240), "{args:?} took {:?}", began.elapsed());
    let used = std::fs::read_to_string(s.path("used")).expect("what was used");
    let numbers: Vec<i64> = used.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    let said = Said { code: i32::try_from(numbers[1]).ok(), ..Said::from(out) };
    assert!(matches!(said.code, Some(0 | 2)), "{args:?} ended with {:?}: {}", said.code, said.err);
    assert!(!said.err.contains("panicked"), "{}", said.err);
    let used = u64::try_from(numbers[0]).expect("memory");
    assert!(used < USED, "{args:?} used {used} kB");
    (said, used)
}

/// Everything that is not the case, by path and length.
fn outside(s: &Stage) -> BTreeMap<PathBuf, u64> {
    fn walk(dir: &Path, into: &mut BTreeMap<PathBuf, u64>) {
        for entry in std::fs::read_dir(dir).expect("a folder").map(|e| e.expect("an entry")) {
            let meta = entry.metadata().expect("what it is");
            if meta.is_dir() {
                walk(&entry.path(), into);
            } else {
                into.insert(entry.path(), meta.len());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(&s.path("in"), &mut all);
    for dir in [s.path(""), s.path("world")] {
        for name in rough::names(&dir) {
            if !matches!(name.as_str(), "case" | "used" | "home") {
                all.insert(dir.join(name), 0);
            }
        }
    }
    all
}

fn nothing_escaped() {
    for dir in ["/tmp", "/", "/etc", "/var/tmp"] {
        let found = rough::names(Path::new(dir)).into_iter().find(|n| n.starts_with("zapys-evil"));
        assert_eq!(found, None, "written to {dir}");
    }
}

#[test]
fn hostile_files_cost_little_and_lead_nowhere() {
    let s = Stage::new();
    std::fs::create_dir(s.path("world")).expect("the world");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/hostile.py");
    let made = Command::new("python3").args(["-W", "ignore"]).arg(script).arg(s.path("in")).output().expect("python3");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let files: u64 = String::from_utf8_lossy(&made.stdout).trim().parse().expect("a count");
    assert!(files >= 55, "{files} files");
    rough::calm(&s, rough::INIT).ends(0);
    let before = outside(&s);

    let (added, added_kb) = bounded(&s, rough::ADD);
    let outcomes = added.json();
    for o in &outcomes {
        let path = o["path"].as_str().expect("a path");
        assert!(o["status"] != "failed" || o["error"]["hint"].as_str().is_some_and(|h| !h.is_empty()), "{o}");
        // Names inside archives lead nowhere and hide nothing.
        for name in path.split('!').skip(1) {
            assert!(!name.starts_with('/') && name.split(['/', '\\']).all(|p| p != ".."), "{path:?}");
            assert!(
                !name.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')),
                "{path:?}"
            );
        }
    }
    let loose = outcomes.iter().filter(|o| !o["path"].as_str().expect("a path").contains('!'));
    assert_eq!(loose.filter(|o| o["status"] != "failed").count() as u64, files, "every file is evidence, whatever it holds");

    let (processed, processed_kb) = bounded(&s, &["-C", "world/case", "process", "--json"]);
    let failures: BTreeMap<(String, String), String> = processed
        .json()
        .iter()
        .filter(|e| e["event"] == "failed")
        .map(|e| {
            assert!(e["error"]["hint"].as_str().is_some_and(|h| !h.is_empty()), "{e}");
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            ((text(&e["item"]), text(&e["derivation"])), text(&e["error"]["code"]))
        })
        .collect();
    println!("{} outcomes with {added_kb} kB, {} failures with {processed_kb} kB", outcomes.len(), failures.len());
    // A limit of memory or a crash of a decoder is that decoder's end, and is told as one of these.
    for ((item, derivation), code) in &failures {
        let known =
            ["unreadable", "limit", "missing", "not-applicable", "engine-failed", "needs", "no-sandbox"].contains(&code.as_str());
        assert!(known, "{item} {derivation}: {code}");
    }

    // What is wrong with each is said of it.
    let findings = |title: &str| -> Vec<String> {
        let item = outcomes.iter().find(|o| o["path"] == format!("in/{title}").as_str()).unwrap_or_else(|| panic!("no {title}"));
        let id = item["item"].as_str().expect("an id");
        let shown = rough::calm(&s, &["-C", "world/case", "show", id, "--json"]).ends(0).json();
        let noticed = shown[0]["derivatives"].as_array().expect("derivatives").iter();
        let noticed = noticed.flat_map(|d| d["findings"].as_array().cloned().unwrap_or_default());
        let mut codes: Vec<String> = noticed.map(|f| f["code"].as_str().unwrap_or_default().to_owned()).collect();
        // That nobody named a legal basis is no wonder.
        codes.retain(|c| c != "no-legal-basis");
        codes.extend(failures.iter().filter(|((i, _), _)| i == id).map(|(_, code)| code.clone()));
        codes
    };
    for title in [
        "slip.zip",
        "absolute.zip",
        "backslash.zip",
        "drive.zip",
        "nul.zip",
        "rtl.zip",
        "controls.zip",
        "symlink.zip",
        "links.tar",
        "size-lie.tar",
        "bomb.zip",
        "bomb.gz",
        "overlap.zip",
        "zip64-lie.zip",
        "zip64-huge.zip",
        "count-lie.zip",
        "truncated.zip",
        "truncated.tar.gz",
        "enormous.png",
        "wide.png",
        "four-gigabytes.wav",
        "no-rate.wav",
        "table.mp4",
        "cut.amr",
        "channels.opus",
        "wav-png.wav",
    ] {
        assert!(!findings(title).is_empty(), "nothing is said of {title}");
    }
    // Text stays text: nothing in it is obeyed, resolved or blown up.
    for (query, found) in [("root:x:0:0", false), ("слово", true)] {
        let said = rough::calm(&s, &["-C", "world/case", "search", query, "--json"]);
        let longest = said.out.lines().map(str::len).max().unwrap_or(0);
        assert!(said.code == Some(i32::from(!found)) || !found, "{query}: {:?} {}", said.code, said.out);
        assert!(found || said.out.is_empty(), "{query}: {}", said.out);
        assert!(longest < 1_000_000, "a hit of {longest} bytes");
    }
    assert_eq!(outside(&s), before, "nothing but the case was written");
    nothing_escaped();
    rough::calm(&s, &["-C", "world/case", "verify"]).ends(0);
    let listed = rough::calm(&s, &["-C", "world/case", "items"]).ends(0).out;
    assert!(!listed.contains('\u{1b}') && !listed.contains('\u{202e}'), "a terminal is not written over");
}

/// Damaged files of many formats, as other projects keep them for their own tests.
#[test]
fn damaged_files_of_others_are_survived() {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/malformed");
    if !from.is_dir() {
        return println!("skipped: ../shared is not here");
    }
    let s = Stage::new();
    std::fs::create_dir(s.path("world")).expect("the world");
    rough::copy_tree(&from, &s.path("in"));
    rough::calm(&s, rough::INIT).ends(0);
    let before = outside(&s);
    let (added, added_kb) = bounded(&s, rough::ADD);
    // Decoding everything there is takes minutes; what is looked at first is what would fall over.
    let only = ["-C", "world/case", "process", "--only", "probe,text,messages,calls,picture", "--json"];
    let (processed, processed_kb) = bounded(&s, &only);
    let (added, processed) = (added.json(), processed.json());
    assert!(added.len() > 250, "{} outcomes", added.len());
    for e in processed.iter().filter(|e| e["event"] == "failed") {
        assert!(e["error"]["code"].is_string() && e["error"]["hint"].as_str().is_some_and(|h| !h.is_empty()), "{e}");
    }
    let failed = processed.iter().filter(|e| e["event"] == "failed").count();
    println!("{} files with {added_kb} kB, {failed} failures with {processed_kb} kB", added.len());
    assert_eq!(outside(&s), before, "nothing but the case was written");
    rough::calm(&s, &["-C", "world/case", "verify"]).ends(0);
}

/// A settings file may be anything: it is read or refused in a sentence.
#[test]
fn settings_of_any_kind_are_read_or_refused() {
    let s = Stage::new();
    let good = "workers = 2\nlisten = \"127.0.0.1:0\"\ntranslate = \"\"\n";
    s.run(&["--config", s.write("s.toml", good.as_bytes()).to_str().expect("a path"), "config", "show"]).ends(0);
    let mut dice = zapys_tests::faults::Dice::new(crate::crash::seed());
    for _ in 0..60 {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len() as u64) as usize;
            match dice.below(3) {
                0 => bytes[at] ^= 1 << dice.below(8),
                1 => drop(bytes.drain(at..)),
                _ => bytes.insert(at, *dice.pick(b"[{\"'=\n\0\xff#9-")),
            }
            if bytes.is_empty() {
                bytes.push(b'[');
            }
        }
        let path = s.write("s.toml", &bytes);
        let said = s.run(&["--config", path.to_str().expect("a path"), "config", "show"]);
        assert!(
            matches!(said.code, Some(0 | 2 | 3)) && !said.err.contains("panicked"),
            "{bytes:?}: {:?} {}",
            said.code,
            said.err
        );
    }
}
