//! Transcription beside faster-whisper: same sounds, same weights, int8, two threads, beam 5.
//!
//! Ours is the product as people run it: the case, the sandbox, the checks of every segment. Both are told that the language
//! is Russian, and both are charged for starting and for loading the model.

use super::files::{fresh, gone};
use super::heard::{Hearings, Sounds, Words, folder, named, peer, zapys};
use super::measured::{Runs, median};
use super::score::{HALF_A_POINT, scored};
use super::{Bench, Row, Unit, call};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Resident memory while transcribing stays below this, in bytes.
const MEMORY: f64 = 1.2 * (1u64 << 30) as f64;
/// Processor time of a long call and of short ones, as shares of what the peer takes in each of its ways.
const LONG: [(&str, f64); 3] = [("default", 1.0 / 3.0), ("vad", 1.0), ("batched", 2.0 / 3.0)];
const SHORT: [(&str, f64); 1] = [("default", 0.25)];
/// Ways of the peer to compare with, each with the share of its processor time that is the goal.
type Modes = [(&'static str, f64)];

/// Measures the call and the clips. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let (seconds, n_clips, n_runs) = if bench.quick { (45, 3, 1) } else { (600, call::PROMPTS.len(), 3) };
    let n_runs = bench.runs.unwrap_or(n_runs);
    let place = folder(&bench.dir, "speech")?;
    let (long, short) = (folder(&place, "call")?, folder(&place, "clips")?);
    let words = call::join(&long.join("call.wav"), seconds)?;
    let truth = [("call.wav".to_owned(), words)].into();
    let long = Sounds { what: format!("call of {seconds} s"), dir: long, truth, language: Some("ru") };
    let (mut rows, call) = compare(bench, &long, &LONG, n_runs)?;
    let truth: Words = call::clips(&short, n_clips)?.into_iter().collect();
    let short = Sounds { what: format!("{n_clips} clips"), dir: short, truth, language: Some("ru") };
    let (more, clips) = compare(bench, &short, &SHORT, n_runs)?;
    rows.extend(more);
    Ok((rows, json!({"call": call, "clips": clips})))
}

/// Takes turns between us and the peer in each of its ways.
fn compare(bench: &Bench, sounds: &Sounds, modes: &Modes, n_runs: usize) -> Result<(Vec<Row>, Value), String> {
    let place = bench.dir.join("transcribe");
    let mut ours = Runs::default();
    let mut peers: BTreeMap<&str, (Runs, Vec<Value>)> = BTreeMap::new();
    let mut heard = Hearings::default();
    for i in 0..n_runs {
        eprintln!("      {}, run {} of {n_runs}", sounds.what, i + 1);
        fresh(&place)?;
        let (cost, answer) = zapys(bench, sounds, &place)?;
        ours.0.push(cost);
        heard.add("zapys", i, answer.texts);
        for &(mode, _) in modes {
            let (cost, answer) = peer(sounds, mode, false, &place)?;
            let entry = peers.entry(mode).or_default();
            entry.0.0.push(cost);
            entry.1.push(json!({"load_s": answer.load_s, "work_s": answer.work_s}));
            heard.add(mode, i, answer.texts);
        }
    }
    let errors = scored(sounds, &heard, &place)?;
    let rate = |who: &str| median((0..n_runs).map(|i| errors[&Hearings::name(who, i)].wer()));
    let what = &sounds.what;
    let mut rows = Vec::new();
    for &(mode, share) in modes {
        let (theirs, name) = (&peers[mode].0, named(mode));
        rows.push(Row::ratio(&format!("{what}: time"), Unit::Seconds, ours.wall_s(), &name, theirs.wall_s(), Some(1.0)));
        rows.push(Row::ratio(&format!("{what}: processor"), Unit::CpuSeconds, ours.cpu_s(), &name, theirs.cpu_s(), Some(share)));
        rows.push(Row::apart(&format!("{what}: word errors"), Unit::Share, rate("zapys"), &name, rate(mode), HALF_A_POINT));
        let bytes = |runs: &Runs| runs.rss_bytes() as f64;
        rows.push(Row::ratio(&format!("{what}: memory"), Unit::Bytes, bytes(&ours), &name, bytes(theirs), None));
    }
    rows.push(Row::alone(&format!("{what}: memory"), Unit::Bytes, ours.rss_bytes() as f64, Some(MEMORY)));
    let theirs: serde_json::Map<String, Value> =
        peers.iter().map(|(mode, (runs, inside))| ((*mode).to_owned(), json!({"runs": runs, "inside": inside}))).collect();
    gone(&place)?;
    Ok((rows, json!({"zapys": ours, "faster_whisper": theirs, "errors": errors, "truth": sounds.truth, "heard": heard.0})))
}
