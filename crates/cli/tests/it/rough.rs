//! A stage where things go wrong on purpose: a case below `world/`, evidence beside it, and a command that is killed, cut off
//! or refused room at a chosen point.

use crate::stage::{Said, Stage};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use zapys_tests::faults::{Faults, points};

/// The folder of the library that stands between.
pub const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

pub const INIT: &[&str] = &["init", "world/case", "--no-encryption", "--json"];
pub const ADD: &[&str] = &["-C", "world/case", "add", "in", "--json"];
pub const PROCESS: &[&str] = &["-C", "world/case", "process", "--json"];
pub const PRODUCE: &[&str] = &["-C", "world/case", "produce", "--out", "world/out", "--json"];
pub const PRODUCE_ZIP: &[&str] = &["-C", "world/case", "produce", "--format", "zip", "--out", "world/out", "--json"];

/// How far a case has come before the command under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    Nothing,
    Init,
    Add,
    Process,
}

/// A stage with evidence of every sort that is read without decoders and models.
pub fn stage() -> Stage {
    let s = Stage::new();
    std::fs::create_dir(s.path("world")).expect("the world");
    let seed = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(name);
        std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    s.write("in/note.txt", "Запис перший. Двері зачинені.".as_bytes());
    s.write("in/again/note.txt", "Запис перший. Двері зачинені.".as_bytes());
    s.write("in/calls.csv", &seed("calls/good-uk.csv"));
    s.write("in/chat/result.json", &seed("telegram/good-group.json"));
    s.write("in/page.html", &seed("html/good-article.html"));
    s.write("in/few.zip", &seed("archive/good-few.zip"));
    s.write("in/large.bin", &(0..300_000u32).map(|i| (i * 7 / 3) as u8).collect::<Vec<_>>());
    s
}

/// Brings the case so far, without trouble.
pub fn prepare(s: &Stage, before: Before) {
    for (step, command) in [(Before::Init, INIT), (Before::Add, ADD), (Before::Process, PROCESS)] {
        if before as u8 >= step as u8 {
            calm(s, command).ends(0);
        }
    }
}

/// The command as it goes when nothing goes wrong, without decoders.
pub fn command(s: &Stage, args: &[&str], faults: Faults) -> Command {
    let mut command = s.command(args);
    let faults = Faults { root: s.path("world"), without_decoders: true, ..faults };
    faults.apply(&mut command, Path::new(TARGET));
    command
}
pub fn calm(s: &Stage, args: &[&str]) -> Said {
    command(s, args, Faults::default()).output().expect("the binary starts").into()
}
/// How many points a command comes to, on a copy of the world.
pub fn count(s: &Stage, args: &[&str]) -> u64 {
    let copy = copy_of(s);
    let file = copy.path("points");
    Said::from(command(&copy, args, Faults { points: Some(file.clone()), ..Faults::default() }).output().expect("starts"))
        .ends(0);
    points(&file)
}

/// A stage with the same evidence and the same world.
pub fn copy_of(s: &Stage) -> Stage {
    let copy = Stage::new();
    copy_tree(&s.path("in"), &copy.path("in"));
    copy_tree(&s.path("world"), &copy.path("world"));
    copy
}
pub fn copy_tree(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp");
    assert!(done.success());
}

/// What must be the same whatever happened on the way: everything but identifiers and times.
pub fn outcome(s: &Stage) -> Vec<Value> {
    let items = calm(s, &["-C", "world/case", "items", "--json"]).ends(0).json();
    let same =
        ["title", "kind", "object", "n_acquisitions", "processing", "preview", "n_messages", "n_calls", "flags", "findings"];
    let mut all: Vec<Value> = items.iter().map(|i| same.iter().map(|name| i[name].clone()).collect()).collect();
    all.sort_by_key(Value::to_string);
    all
}

/// The case is whole, to the last derivative, and nothing lies about. Answers what was counted on the way: objects and
/// derivatives, which again are the same whatever happened.
#[track_caller]
pub fn is_whole(s: &Stage) -> [Value; 2] {
    let verified = calm(s, &["-C", "world/case", "verify", "--deep", "--json"]).ends(0).json();
    nothing_left(s);
    [verified[0]["objects"]["checked"].clone(), verified[0]["derivatives"]["checked"].clone()]
}

/// Nothing half there: no temporary file in the case, nothing beside case and production.
#[track_caller]
pub fn nothing_left(s: &Stage) {
    for folder in ["world/case/scratch", "world/case/vault/tmp"] {
        assert_eq!(names(&s.path(folder)), [""; 0], "{folder} is empty");
    }
    let beside: Vec<String> = names(&s.path("world")).into_iter().filter(|n| n != "case" && n != "out").collect();
    assert_eq!(beside, [""; 0], "nothing beside case and production");
    let case = names(&s.path("world/case"));
    assert!(!case.iter().any(|n| n.ends_with(".new") || n.ends_with(".tmp") || n == "unfinished"), "{case:?}");
}
pub fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir(folder)
        .map(|all| all.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    all.sort();
    all
}

/// What was acknowledged by these lines, and must be there for ever after: items taken in, derivations done, productions made.
#[derive(Debug, Default)]
pub struct Acknowledged {
    pub case: Option<String>,
    /// Path and item.
    pub taken: Vec<(String, String)>,
    /// Item and derivation.
    pub done: Vec<(String, String)>,
    pub produced: bool,
}
impl Acknowledged {
    pub fn read<'l>(lines: impl IntoIterator<Item = &'l str>) -> Self {
        let mut all = Self::default();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        // A line that was cut off acknowledges nothing.
        for line in lines.into_iter().filter_map(|l| serde_json::from_str::<Value>(l).ok()) {
            if matches!(line["status"].as_str(), Some("added" | "duplicate")) {
                all.taken.push((text(&line["path"]), text(&line["item"])));
            }
            if line["event"] == "finished" {
                all.done.push((text(&line["item"]), text(&line["derivation"])));
            }
            if line["ledger_vkey"].is_string() {
                all.case = Some(text(&line["case"]));
            }
            all.produced |= line["production"].is_string();
        }
        all
    }
    /// After the same command was run again and said `again`, everything acknowledged is still the same thing.
    #[track_caller]
    pub fn holds(&self, s: &Stage, again: &Said) {
        let then = Self::read(again.out.lines());
        for (path, item) in &self.taken {
            let now = then.taken.iter().find(|t| t.0 == *path);
            assert!(now.is_none_or(|n| n.1 == *item), "{path} was {item} and is {now:?}");
        }
        if !self.taken.is_empty() {
            let items = calm(s, &["-C", "world/case", "items", "--json"]).ends(0).json();
            for (path, item) in &self.taken {
                assert!(items.iter().any(|i| i["item"] == item.as_str()), "{item} of {path} was acknowledged and is lost");
            }
        }
        for done in &self.done {
            assert!(!then.done.contains(done), "{done:?} was acknowledged and had to be done again");
        }
    }
}

/// Does `work` for each with two threads. One that fails does not hide the others: all are tried, then the test fails with
/// what the first ones said, for a long log may be cut in the middle.
pub fn each<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let queue = Mutex::new(all.iter());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no thread fails with the lock").next();
                    let Some(next) = next else { break };
                    if let Err(why) = attempt(|| work(next)) {
                        failed.lock().expect("no thread fails with the lock").push(why);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no thread fails with the lock");
    let first: Vec<&str> = failed.iter().take(3).map(String::as_str).collect();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), all.len(), first.join("\n"));
}

/// Runs checks whose failure is to be told with more words: answers what the failing one said.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).map_err(|why| {
        let text = why.downcast_ref::<String>().cloned().or_else(|| why.downcast_ref::<&str>().map(|t| (*t).to_owned()));
        text.unwrap_or_else(|| "something that is no text".into())
    })
}

/// The path of the production, where there is one.
pub fn production(s: &Stage) -> Option<PathBuf> {
    Some(s.path("world/out")).filter(|p| p.exists())
}
