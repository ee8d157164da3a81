//! Words where nobody speaks, and words beside those spoken, beside faster-whisper and, where it is asked for, WhisperX.
//!
//! Silence, noises of a line, tones of an exchange, keys, music made here and music played by people (Debian's
//! `asterisk-moh-opsound-wav`), half a minute each; and prompts in the middle of half a minute of a quiet or noisy line.

use super::call::{self, Numbers, RATE};
use super::files::gone;
use super::heard::{Hearings, Sounds, Words, folder, named, peer, zapys};
use super::measured::median;
use super::score::scored;
use super::{Bench, Row, Unit};
use crate::steps::root;
use serde_json::{Value, json};
use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

/// Samples of each sound.
const LENGTH: usize = 30 * RATE;
/// Where Debian's package puts the music.
const MUSIC: &str = "/usr/share/asterisk/moh";

/// Measures both sets. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let place = folder(&bench.dir, "invented")?;
    let n_runs = bench.runs.unwrap_or(if bench.quick { 1 } else { 3 });
    let mut modes = super::quality::peers(bench);
    modes.insert(1, "vad");
    let (mut rows, mut behind) = (Vec::new(), serde_json::Map::new());
    for set in [wordless(&place)?, padded(&place)?] {
        eprintln!("      {}", set.what);
        let mut heard = Hearings::default();
        heard.add("zapys", 0, zapys(bench, &set, &place)?.1.texts);
        for (mode, i) in modes.iter().flat_map(|mode| (0..n_runs).map(move |i| (mode, i))) {
            heard.add(mode, i, peer(&set, mode, false, &place)?.1.texts);
        }
        let errors = scored(&set, &heard, &place)?;
        let count = |who: &str, i| errors[&Hearings::name(who, i)].insertions as f64;
        let (ours, name) = (count("zapys", 0), format!("{}: words that nobody said", set.what));
        rows.push(Row::alone(&name, Unit::Count, ours, Some(0.0)));
        for mode in modes.iter().copied() {
            let theirs = median((0..n_runs).map(|i| count(mode, i)));
            rows.push(Row::apart(&name, Unit::Count, ours, &named(mode), theirs, 0.0));
        }
        behind.insert(set.what.clone(), json!({"errors": errors, "truth": set.truth, "heard": heard.0}));
    }
    gone(&place)?;
    Ok((rows, behind.into()))
}

/// Sounds in which nobody speaks.
fn wordless(place: &Path) -> Result<Sounds, String> {
    let dir = folder(place, "wordless")?;
    let mut truth = Words::new();
    for (name, sound) in made() {
        let samples: Vec<i16> = sound.iter().map(|s| (s * 32_767.0).clamp(-32_768.0, 32_767.0) as i16).collect();
        call::write_wav(&dir.join(name), &samples)?;
        truth.insert(name.to_owned(), String::new());
    }
    let missing =
        |e: std::io::Error| format!("{MUSIC} cannot be read: {e}. Install the Debian package asterisk-moh-opsound-wav.");
    let mut pieces: Vec<_> = fs::read_dir(MUSIC).map_err(missing)?.filter_map(|e| Some(e.ok()?.path())).collect();
    pieces.retain(|p| p.extension().is_some_and(|e| e == "wav"));
    pieces.sort();
    for (i, piece) in pieces.iter().enumerate() {
        // Not from the very beginning, where most of them are nearly silent.
        let samples = call::read_wav(piece)?;
        let from = samples.len().saturating_sub(LENGTH).min(20 * RATE);
        let name = format!("music-{i}.wav");
        call::write_wav(&dir.join(&name), &samples[from..samples.len().min(from + LENGTH)])?;
        truth.insert(name, String::new());
    }
    let silence = root().join("../shared/data/speech/noise/pisets_test_silence.wav");
    if silence.is_file() {
        fs::copy(&silence, dir.join("room.wav")).map_err(|e| format!("{} cannot be copied: {e}.", silence.display()))?;
        truth.insert("room.wav".into(), String::new());
    }
    Ok(Sounds { what: format!("{} sounds without speech", truth.len()), dir, truth, language: Some("ru") })
}

/// Sounds as numbers between -1 and 1.
fn made() -> Vec<(&'static str, Vec<f64>)> {
    let mut numbers = Numbers::new(21);
    let mut white = move || numbers.below(2001) as f64 / 1000.0 - 1.0;
    let mut noise = |level: f64| -> Vec<f64> { (0..LENGTH).map(|_| level * white()).collect() };
    let (quiet, hiss, loud, rough) = (noise(0.0005), noise(0.05), noise(0.4), noise(0.05));
    let mut low = 0.0;
    let rumble = rough.iter().map(|n| {
        low = 0.995 * low + n;
        0.3 * low
    });
    let rumble: Vec<f64> = rumble.collect();
    let tone = |f: f64, t: f64| (f * t * TAU).sin();
    let over = |wave: &dyn Fn(f64) -> f64| -> Vec<f64> {
        (0..LENGTH).zip(&quiet).map(|(i, n)| wave(i as f64 / RATE as f64) + n).collect()
    };
    let on = |t: f64, every: f64, long: f64| f64::from(u8::from(t % every < long));
    // Pairs of tones of the keys 0 to 9.
    let rows = [941.0, 697.0, 697.0, 697.0, 770.0, 770.0, 770.0, 852.0, 852.0, 852.0];
    let columns = [1336.0, 1209.0, 1336.0, 1477.0, 1209.0, 1336.0, 1477.0, 1209.0, 1336.0, 1477.0];
    let key = |t: f64| (t / 0.4) as usize * 7 % 10;
    let scale = [523.25, 587.33, 659.26, 698.46, 783.99, 880.0];
    let note = |t: f64| scale[(t / 0.35) as usize * 5 % scale.len()];
    vec![
        ("silence.wav", vec![0.0; LENGTH]),
        ("line-hiss.wav", hiss),
        ("line-loud.wav", loud),
        ("line-rumble.wav", rumble),
        ("hum.wav", over(&|t| 0.1 * tone(50.0, t) + 0.05 * tone(150.0, t) + 0.03 * tone(250.0, t))),
        ("ringing.wav", over(&|t| 0.3 * tone(425.0, t) * on(t, 5.0, 1.0))),
        ("busy.wav", over(&|t| 0.3 * tone(425.0, t) * on(t, 0.7, 0.35))),
        ("keys.wav", over(&|t| 0.2 * (tone(rows[key(t)], t) + tone(columns[key(t)], t)) * on(t, 0.4, 0.12))),
        ("clicks.wav", over(&|t| 0.8 * on(t, 0.9, 0.001))),
        ("melody.wav", over(&|t| 0.2 * (tone(note(t), t) + 0.4 * tone(2.0 * note(t), t)) * (-(t % 0.35) * 3.0).exp())),
        ("chords.wav", over(&|t| 0.1 * (tone(261.63, t) + tone(329.63, t) + tone(392.0, t)) * (1.0 + 0.5 * tone(5.0, t)))),
        ("line-quiet.wav", quiet),
    ]
}

/// Prompts in the middle of half a minute of a line, once quiet and once noisy.
fn padded(place: &Path) -> Result<Sounds, String> {
    let (dir, clips) = (folder(place, "padded")?, folder(place, "prompts")?);
    let mut truth = Words::new();
    let mut numbers = Numbers::new(22);
    for (i, (file, words)) in call::clips(&clips, 12)?.into_iter().enumerate() {
        let spoken = call::read_wav(&clips.join(&file))?;
        let level = if i % 2 == 0 { 29 } else { 1501 };
        let mut samples: Vec<i16> =
            (0..LENGTH.max(spoken.len())).map(|_| (numbers.below(level) as i16) - (level / 2) as i16).collect();
        let from = (samples.len() - spoken.len()) / 2;
        samples[from..].iter_mut().zip(&spoken).for_each(|(s, w)| *s = s.saturating_add(*w));
        call::write_wav(&dir.join(&file), &samples)?;
        truth.insert(file, words);
    }
    Ok(Sounds { what: format!("{} prompts in half a minute of line", truth.len()), dir, truth, language: Some("ru") })
}
