//! How many words are heard wrongly, by language and kind, beside faster-whisper and, where it is asked for, WhisperX.
//!
//! The sample calls, and, where the test data lies beside the repository, every recording of it that has a transcript. Both sides are
//! told the language, but not that of the sample calls, in which one party speaks Russian and the other English.

use super::files::gone;
use super::heard::{Hearings, Sounds, Words, folder, named, peer, zapys};
use super::measured::median;
use super::score::{HALF_A_POINT, scored};
use super::{Bench, Row, Unit};
use crate::sample::sound;
use crate::steps::root;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::Path;

/// Measures every set. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let place = folder(&bench.dir, "quality")?;
    let mut sets = vec![sample(&place)?];
    if !bench.quick {
        sets.extend(transcribed(&place)?);
    }
    let modes = peers(bench);
    let n_runs = bench.runs.unwrap_or(if bench.quick { 1 } else { 3 });
    let (mut rows, mut behind) = (Vec::new(), Map::new());
    for set in &sets {
        eprintln!("      {}", set.what);
        let mut heard = Hearings::default();
        // The peer falls back to chance where it doubts, so it is heard several times; ours is the same each time.
        heard.add("zapys", 0, zapys(bench, set, &place)?.1.texts);
        for (mode, i) in modes.iter().flat_map(|mode| (0..n_runs).map(move |i| (mode, i))) {
            heard.add(mode, i, peer(set, mode, false, &place)?.1.texts);
        }
        let errors = scored(set, &heard, &place)?;
        let ours = &errors[&Hearings::name("zapys", 0)];
        for mode in modes.iter().copied() {
            let runs = || (0..n_runs).map(|i| &errors[&Hearings::name(mode, i)]);
            let name = named(mode);
            let words = median(runs().map(|e| e.wer()));
            let characters = median(runs().map(|e| e.cer()));
            let row = |what: &str, ours, theirs| {
                Row::apart(&format!("{}: {what} errors", set.what), Unit::Share, ours, &name, theirs, HALF_A_POINT)
            };
            rows.extend([row("word", ours.wer(), words), row("character", ours.cer(), characters)]);
        }
        behind.insert(set.what.clone(), serde_json::json!({"errors": errors, "truth": set.truth, "heard": heard.0}));
    }
    gone(&place)?;
    Ok((rows, behind.into()))
}

/// Ways of hearing to compare with.
pub fn peers(bench: &Bench) -> Vec<&'static str> {
    let mut modes = vec!["default", "batched"];
    modes.extend(bench.whisperx.then_some("whisperx"));
    modes
}

/// Both sample calls.
fn sample(place: &Path) -> Result<Sounds, String> {
    let dir = folder(place, "sample")?;
    let mut truth = Words::new();
    for (name, call) in [("call-01.wav", sound::call_01()?), ("call-02.wav", sound::call_02()?)] {
        sound::write_wav(&dir.join(name), &call.channels)?;
        let words: Vec<&str> = call.turns.iter().map(|t| t.prompt.2).collect();
        truth.insert(name.to_owned(), words.join(" "));
    }
    Ok(Sounds { what: "sample calls".into(), dir, truth, language: None })
}

/// What the test data holds, by language, sentences apart from letters and syllables; nothing where it is not there.
fn transcribed(place: &Path) -> Result<Vec<Sounds>, String> {
    let data = root().join("../shared/data");
    let Ok(table) = fs::read_to_string(data.join("AUDIO.tsv")) else {
        eprintln!("      skipped: the test data does not lie beside the repository");
        return Ok(Vec::new());
    };
    let mut sets: BTreeMap<(&str, bool), Sounds> = BTreeMap::new();
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let &[file, .., words] = cells.as_slice() else { continue };
        let Some((folder_name, name)) = file.strip_prefix("speech/").and_then(|f| f.split_once('/')) else { continue };
        let Some(language) = ["ru", "uk", "en"].into_iter().find(|l| folder_name.starts_with(&format!("{l}_"))) else { continue };
        // What stands in brackets at the end says something about the recording.
        let words = words.split(" (").next().unwrap_or_default().trim();
        if words.is_empty() {
            continue;
        }
        let letters = folder_name.contains("klettres");
        let set = match sets.entry((language, letters)) {
            Entry::Occupied(set) => set.into_mut(),
            Entry::Vacant(new) => {
                let what = format!("{}, {}", called(language), if letters { "letters and syllables" } else { "sentences" });
                let dir = folder(place, &format!("{language}-{letters}"))?;
                new.insert(Sounds { what, dir, truth: Words::new(), language: Some(language) })
            }
        };
        let title = format!("{folder_name}-{name}");
        fs::copy(data.join(file), set.dir.join(&title)).map_err(|e| format!("{file} cannot be copied: {e}."))?;
        set.truth.insert(title, words.to_owned());
    }
    Ok(sets.into_values().collect())
}

fn called(language: &str) -> &'static str {
    match language {
        "ru" => "Russian",
        "uk" => "Ukrainian",
        _ => "English",
    }
}
