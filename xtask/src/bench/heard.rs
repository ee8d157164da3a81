//! A folder of sounds heard by zapys and by its peers, on the same weights and with two threads each.

use super::Bench;
use super::files::{fresh, text};
use super::measured::{Cost, measure, read, script};
use super::peers::{FASTER_WHISPER, WHISPERX};
use crate::packs::packs_dir;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Words by file name.
pub type Words = BTreeMap<String, String>;
/// From when to when, in seconds, and the word; by file name.
pub type Placed = BTreeMap<String, Vec<(f64, f64, String)>>;

/// What is transcribed.
pub struct Sounds {
    pub what: String,
    /// Holds the files and nothing else.
    pub dir: PathBuf,
    /// What is said in each file; nothing where nobody speaks.
    pub truth: Words,
    /// The language that both sides are told; none: each finds it.
    pub language: Option<&'static str>,
}

/// What somebody heard.
#[derive(Deserialize)]
pub struct Heard {
    pub texts: Words,
    pub words: Placed,
    /// Seconds until the model was loaded, and after that; only the peer tells them.
    #[serde(default)]
    pub load_s: f64,
    #[serde(default)]
    pub work_s: f64,
}

/// What each run heard, by who heard and which run, as `score.py` takes it.
#[derive(Default)]
pub struct Hearings(pub BTreeMap<String, Words>);
impl Hearings {
    pub fn add(&mut self, who: &str, run: usize, texts: Words) {
        self.0.insert(Self::name(who, run), texts);
    }
    /// What a run is called.
    pub fn name(who: &str, run: usize) -> String {
        format!("{who} {run}")
    }
}

/// One run of ours in a fresh case, decoded beforehand; the cost is that of hearing. Errors: a sentence.
pub fn zapys(bench: &Bench, sounds: &Sounds, place: &Path) -> Result<(Cost, Heard), String> {
    zapys_with(bench, &[], sounds, place)
}

/// The same with settings as variables of the environment.
pub fn zapys_with(bench: &Bench, settings: &[(&str, &str)], sounds: &Sounds, place: &Path) -> Result<(Cost, Heard), String> {
    let case = place.join("case");
    if case.exists() {
        super::files::gone(&case)?;
    }
    let case = text(&case);
    bench.init(&case)?;
    let dir = text(&sounds.dir);
    let mut add = vec!["-C", &case, "--quiet", "add", &dir, "--source", "bench"];
    add.extend(sounds.language.iter().flat_map(|l| ["--lang", *l]));
    bench.call(&add)?;
    bench.call(&["-C", &case, "--quiet", "process", "--only", "probe,decode"])?;
    let cost =
        bench.measure_with(settings, &["-C", &case, "--quiet", "process", "--only", "speech,speakers,transcript"], place)?;
    let mut heard = Heard { texts: Words::new(), words: Placed::new(), load_s: 0.0, work_s: 0.0 };
    for item in bench.lines(&["-C", &case, "--json", "items"])? {
        let (Some(id), Some(title)) = (item["item"].as_str(), item["title"].as_str()) else {
            return Err("`zapys items` did not answer items.".into());
        };
        let lines = bench.lines(&["-C", &case, "--json", "transcript", id])?;
        let segments = lines.first().and_then(|t| t["segments"].as_array()).ok_or("`zapys transcript` answered none.")?;
        let texts: Vec<&str> = segments.iter().filter_map(|s| s["text"].as_str()).collect();
        heard.texts.insert(title.to_owned(), texts.join(" "));
        let seconds = |ms: &Value| ms.as_f64().unwrap_or(f64::NAN) / 1000.0;
        let words = segments.iter().filter_map(|s| s["words"].as_array()).flatten();
        let placed =
            words.map(|w| (seconds(&w["start_ms"]), seconds(&w["end_ms"]), w["text"].as_str().unwrap_or_default().to_owned()));
        heard.words.insert(title.to_owned(), placed.collect());
    }
    if heard.texts.keys().ne(sounds.truth.keys()) {
        return Err(format!("Of {} recordings {} were transcribed.", sounds.truth.len(), heard.texts.len()));
    }
    Ok((cost, heard))
}

/// What a peer is called that hears in one of its ways.
pub fn named(mode: &str) -> String {
    if mode == "whisperx" { "WhisperX".into() } else { format!("faster-whisper, {mode}") }
}

/// One run of a peer over the same files, the model loaded once. `mode`: `default`, `vad` or `batched` of faster-whisper, or
/// `whisperx`; `timed`: with the times of words, by faster-whisper only. Errors: a sentence.
pub fn peer(sounds: &Sounds, mode: &str, timed: bool, place: &Path) -> Result<(Cost, Heard), String> {
    let out = place.join("heard.json");
    let model = packs_dir().join("whisper-base");
    let language = sounds.language.unwrap_or("auto").to_owned();
    let times = if timed { "timed" } else { "plain" };
    let (python, name, ways) = match mode {
        "whisperx" => (WHISPERX.python(), "peer_whisperx.py", vec![language]),
        _ => (FASTER_WHISPER.python(), "peer_speech.py", vec![mode.to_owned(), language, times.to_owned()]),
    };
    let mut words = vec![text(&python), text(&script(name)), text(&out), text(&model)];
    words.extend(ways);
    words.extend(sounds.truth.keys().map(|name| text(&sounds.dir.join(name))));
    let cost = measure(&words, place)?;
    Ok((cost, read(&out)?))
}

/// A folder for the sounds of a part, empty. Errors: it cannot be made.
pub fn folder(place: &Path, name: &str) -> Result<PathBuf, String> {
    let dir = place.join(name);
    fresh(&dir)?;
    Ok(dir)
}
