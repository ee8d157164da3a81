//! Transcription beside faster-whisper: same sounds, same weights, int8, two threads, beam 5.
//!
//! Ours is the product as people run it: the case, the sandbox, the checks of every segment. Both are told that the language
//! is Russian, and both are charged for starting and for loading the model.

use super::files::{fresh, text};
use super::measured::{Cost, Runs, measure, median, read, script};
use super::peers::{computed, python};
use super::{Bench, Row, Unit, call};
use crate::packs::packs_dir;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Resident memory while transcribing stays below this, in bytes.
const MEMORY: f64 = 1.2 * (1u64 << 30) as f64;
/// Processor time of a long call and of short ones, as shares of what the peer takes in each of its ways.
const LONG: [(&str, f64); 3] = [("default", 1.0 / 3.0), ("vad", 1.0), ("batched", 2.0 / 3.0)];
const SHORT: [(&str, f64); 1] = [("default", 0.25)];
/// An error rate may be worse than the peer's by half a point.
const HALF_A_POINT: f64 = 0.005;

/// Words by file name.
type Words = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Heard {
    texts: Words,
    load_s: f64,
    work_s: f64,
}

/// Words heard wrongly, as `score.py` counts them.
#[derive(Deserialize, Serialize)]
struct Errors {
    /// All of them by words spoken.
    wer: f64,
    words: u64,
    substitutions: u64,
    deletions: u64,
    insertions: u64,
}

/// Measures the call and the clips. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let (seconds, n_clips, n_runs) = if bench.quick { (45, 3, 1) } else { (600, call::PROMPTS.len(), 3) };
    let n_runs = bench.runs.unwrap_or(n_runs);
    let place = bench.dir.join("speech");
    let (long, short) = (place.join("call"), place.join("clips"));
    for dir in [&place, &long, &short] {
        fresh(dir)?;
    }
    let words = call::join(&long.join("call.wav"), seconds)?;
    let (mut rows, call) = compare(
        bench,
        &Sounds { what: format!("call of {seconds} s"), dir: long, truth: [("call.wav".to_owned(), words)].into(), modes: &LONG },
        n_runs,
    )?;
    let truth: Words = call::clips(&short, n_clips)?.into_iter().collect();
    let (more, clips) =
        compare(bench, &Sounds { what: format!("{} clips", truth.len()), dir: short, truth, modes: &SHORT }, n_runs)?;
    rows.extend(more);
    Ok((rows, json!({"call": call, "clips": clips})))
}

/// What is transcribed.
struct Sounds {
    what: String,
    /// Holds the files and nothing else.
    dir: PathBuf,
    truth: Words,
    /// Ways of the peer to compare with, each with the share of its processor time that is the goal.
    modes: &'static [(&'static str, f64)],
}
impl Sounds {
    fn files(&self) -> impl Iterator<Item = String> {
        self.truth.keys().map(|name| text(&self.dir.join(name)))
    }
}

/// Takes turns between us and the peer in each of its ways.
fn compare(bench: &Bench, sounds: &Sounds, n_runs: usize) -> Result<(Vec<Row>, Value), String> {
    let place = bench.dir.join("transcribe");
    let mut ours = Runs::default();
    let mut peers: BTreeMap<&str, (Runs, Vec<Value>)> = BTreeMap::new();
    // By who heard and which run: where a model falls back to chance, no two runs are alike.
    let mut heard: BTreeMap<String, Words> = BTreeMap::new();
    for i in 0..n_runs {
        eprintln!("      {}, run {} of {n_runs}", sounds.what, i + 1);
        fresh(&place)?;
        let (cost, texts) = zapys(bench, sounds, &place)?;
        ours.0.push(cost);
        heard.insert(format!("zapys {i}"), texts);
        for &(mode, _) in sounds.modes {
            let (cost, answer) = peer(sounds, mode, &place)?;
            let entry = peers.entry(mode).or_default();
            entry.0.0.push(cost);
            entry.1.push(json!({"load_s": answer.load_s, "work_s": answer.work_s}));
            heard.insert(format!("{mode} {i}"), answer.texts);
        }
    }
    let errors: BTreeMap<String, Errors> = computed("score.py", &json!({"truth": sounds.truth, "heard": heard}), &place)?;
    let rate = |who: &str| median((0..n_runs).map(|i| errors[&format!("{who} {i}")].wer));
    let what = &sounds.what;
    let mut rows = Vec::new();
    for &(mode, share) in sounds.modes {
        let (theirs, name) = (&peers[mode].0, format!("faster-whisper, {mode}"));
        rows.push(Row::ratio(&format!("{what}: time"), Unit::Seconds, ours.wall_s(), &name, theirs.wall_s(), Some(1.0)));
        rows.push(Row::ratio(&format!("{what}: processor"), Unit::CpuSeconds, ours.cpu_s(), &name, theirs.cpu_s(), Some(share)));
        rows.push(Row::apart(&format!("{what}: word errors"), Unit::Share, rate("zapys"), &name, rate(mode), HALF_A_POINT));
        let bytes = |runs: &Runs| runs.rss_bytes() as f64;
        rows.push(Row::ratio(&format!("{what}: memory"), Unit::Bytes, bytes(&ours), &name, bytes(theirs), None));
    }
    rows.push(Row::alone(&format!("{what}: memory"), Unit::Bytes, ours.rss_bytes() as f64, Some(MEMORY)));
    let theirs: serde_json::Map<String, Value> =
        peers.iter().map(|(mode, (runs, inside))| ((*mode).to_owned(), json!({"runs": runs, "inside": inside}))).collect();
    fs::remove_dir_all(&place).map_err(|e| format!("{} cannot be removed: {e}.", place.display()))?;
    Ok((rows, json!({"zapys": ours, "faster_whisper": theirs, "errors": errors, "truth": sounds.truth, "heard": heard})))
}

/// One run of ours in a fresh case, decoded beforehand. Answers its cost and the words of each file.
fn zapys(bench: &Bench, sounds: &Sounds, place: &Path) -> Result<(Cost, Words), String> {
    let case = text(&place.join("case"));
    bench.init(&case)?;
    bench.call(&["-C", &case, "--quiet", "add", &text(&sounds.dir), "--source", "bench", "--lang", "ru"])?;
    bench.call(&["-C", &case, "--quiet", "process", "--only", "probe,decode"])?;
    let cost = bench.measure(&["-C", &case, "--quiet", "process", "--only", "speech,speakers,transcript"], place)?;
    let mut texts = Words::new();
    for item in bench.lines(&["-C", &case, "--json", "items"])? {
        let (Some(id), Some(title)) = (item["item"].as_str(), item["title"].as_str()) else {
            return Err("`zapys items` did not answer items.".into());
        };
        let lines = bench.lines(&["-C", &case, "--json", "transcript", id])?;
        let segments = lines.first().and_then(|t| t["segments"].as_array()).ok_or("`zapys transcript` answered none.")?;
        let words: Vec<&str> = segments.iter().filter_map(|s| s["text"].as_str()).collect();
        texts.insert(title.to_owned(), words.join(" "));
    }
    if texts.keys().ne(sounds.truth.keys()) {
        return Err(format!("Of {} recordings {} were transcribed.", sounds.truth.len(), texts.len()));
    }
    Ok((cost, texts))
}

/// One run of the peer over the same files, the model loaded once.
fn peer(sounds: &Sounds, mode: &str, place: &Path) -> Result<(Cost, Heard), String> {
    let out = place.join("heard.json");
    let model = packs_dir().join("whisper-base");
    let mut words = vec![text(&python()), text(&script("peer_speech.py")), text(&out), text(&model), mode.into(), "ru".into()];
    words.extend(sounds.files());
    let cost = measure(&words, place)?;
    Ok((cost, read(&out)?))
}
