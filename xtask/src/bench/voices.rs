//! Who speaks when, on one channel: how much of the time is given to the wrong voice, to nobody, or to somebody where nobody
//! speaks.
//!
//! The sample call with both parties mixed into one channel, and, where the test data lies beside the repository, its recordings
//! that state who speaks. No other program that could be installed without further ado brings its networks with it, so
//! there is no peer.

use super::Bench;
use super::files::{fresh, text};
use super::measured::{median, read};
use super::peers::computed;
use super::report::{Row, Unit};
use crate::sample::sound;
use crate::steps::root;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From when to when, in seconds, and who.
type Turns = Vec<(f64, f64, String)>;

/// Measures every recording once; what is computed is the same each time. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let place = bench.dir.join("voices");
    fresh(&place)?;
    let mut sounds = vec![mixed(&place)?];
    if !bench.quick {
        sounds.extend(stated()?);
    }
    let (mut truth, mut heard, mut cpu) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for (file, spoken) in sounds {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        eprintln!("      {name}");
        let (turns, seconds, cost) = speakers(bench, &file, &place)?;
        cpu.push(cost / seconds);
        truth.insert(name.clone(), spoken);
        heard.insert(name, json!({"seconds": seconds, "turns": turns}));
    }
    let errors: Value = computed("score_speakers.py", &json!({"truth": truth, "heard": heard}), &place)?;
    let rate = |name: &str| errors[name]["error"].as_f64().unwrap_or(f64::NAN);
    let mut rows: Vec<Row> =
        truth.keys().map(|name| Row::alone(&format!("{name}: speaker errors"), Unit::Share, rate(name), None)).collect();
    let each = median(cpu.into_iter());
    rows.push(Row::alone("telling voices apart: processor for a second of sound", Unit::CpuSeconds, each, None));
    fs::remove_dir_all(&place).map_err(|e| format!("{} cannot be removed: {e}.", place.display()))?;
    Ok((rows, json!({"errors": errors, "truth": truth, "heard": heard})))
}

/// The sample call on one channel.
fn mixed(place: &Path) -> Result<(PathBuf, Turns), String> {
    let call = sound::call_01()?;
    let file = place.join("sample-call-mixed.wav");
    let one = call.channels[0].iter().zip(&call.channels[1]).map(|(a, b)| a.saturating_add(*b)).collect();
    sound::write_wav(&file, &[one])?;
    let seconds = |ms: usize| ms as f64 / 1000.0;
    let turns = call.turns.iter().map(|t| (seconds(t.start_ms), seconds(t.end_ms), t.channel.to_string()));
    Ok((file, turns.collect()))
}

/// Recordings of the test data beside which a file in RTTM says who speaks; none where it is not there.
fn stated() -> Result<Vec<(PathBuf, Turns)>, String> {
    let Ok(entries) = fs::read_dir(root().join("../shared/data/speech/two_speaker")) else {
        eprintln!("      skipped: the test data does not lie beside the repository");
        return Ok(Vec::new());
    };
    let mut files: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension() == Some("rttm".as_ref())).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let told = fs::read_to_string(&path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
            let turn = |line: &str| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let (start, length): (f64, f64) = (words.get(3)?.parse().ok()?, words.get(4)?.parse().ok()?);
                Some((start, start + length, (*words.get(7)?).to_owned()))
            };
            Ok((path.with_extension("wav"), told.lines().filter_map(turn).collect()))
        })
        .collect()
}

/// What the product finds in one file: turns, seconds of sound, seconds of processor time that telling voices apart took.
fn speakers(bench: &Bench, file: &Path, place: &Path) -> Result<(Turns, f64, f64), String> {
    let (case, out) = (text(&place.join("case")), place.join("production"));
    bench.init(&case)?;
    bench.call(&["-C", &case, "--quiet", "add", &text(file)])?;
    bench.call(&["-C", &case, "--quiet", "process", "--only", "probe,decode,speech"])?;
    let cost = bench.measure(&["-C", &case, "--quiet", "process", "--only", "speakers"], place)?;
    bench.call(&["-C", &case, "--quiet", "produce", "--out", &text(&out)])?;
    let found = files_below(&out.join("data"));
    let found = found.iter().find(|p| p.file_name().is_some_and(|n| n.to_string_lossy().contains("speakers")));
    let document: Value = read(found.ok_or("The production holds no document on who speaks.")?)?;
    for dir in [place.join("case"), out] {
        fs::remove_dir_all(&dir).map_err(|e| format!("{} cannot be removed: {e}.", dir.display()))?;
    }
    let seconds = |ms: &Value| ms.as_f64().unwrap_or(f64::NAN) / 1000.0;
    let turn = |t: &Value| (seconds(&t["start_ms"]), seconds(&t["end_ms"]), t["speaker"].as_str().unwrap_or_default().to_owned());
    let turns = document["turns"].as_array().ok_or("The document on who speaks holds no turns.")?;
    Ok((turns.iter().map(turn).collect(), seconds(&document["duration_ms"]), cost.cpu_s))
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(|e| Some(e.ok()?.path()));
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
