//! How far the times of words lie from where the words are, beside faster-whisper.
//!
//! Single number words of Debian's Russian prompts, cut to where they sound and put one after the other on a quiet line, so that the
//! place of each is known to a hundredth of a second.

use super::call::{self, Numbers, RATE};
use super::files::gone;
use super::heard::{Placed, Sounds, Words, folder, named, peer, zapys};
use super::peers::computed;
use super::{Bench, Row, Unit};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const N_CLIPS: usize = 12;
const N_WORDS: usize = 8;
const MODES: [&str; 2] = ["default", "batched"];
/// Half of all beginnings and ends lie nearer than this, in milliseconds.
const GOAL_MS: f64 = 100.0;

/// What is said in `digits/NAME.wav`.
const NUMBERS: &[(&str, &str)] = &[
    ("1", "один"),
    ("2", "два"),
    ("3", "три"),
    ("4", "четыре"),
    ("5", "пять"),
    ("6", "шесть"),
    ("7", "семь"),
    ("8", "восемь"),
    ("9", "девять"),
    ("10", "десять"),
    ("11", "одиннадцать"),
    ("12", "двенадцать"),
    ("13", "тринадцать"),
    ("14", "четырнадцать"),
    ("15", "пятнадцать"),
    ("16", "шестнадцать"),
    ("17", "семнадцать"),
    ("18", "восемнадцать"),
    ("19", "девятнадцать"),
];

/// Measures once. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let place = folder(&bench.dir, "timing")?;
    let (sounds, truth) = made(&place, if bench.quick { 2 } else { N_CLIPS })?;
    let mut heard: BTreeMap<&str, Placed> = BTreeMap::new();
    heard.insert("zapys", zapys(bench, &sounds, &place)?.1.words);
    for mode in MODES {
        heard.insert(mode, peer(&sounds, mode, true, &place)?.1.words);
    }
    let found: Value = computed("score_times.py", &json!({"truth": truth, "heard": heard}), &place)?;
    let ms = |who: &str| found[who]["median_s"].as_f64().unwrap_or(f64::NAN) * 1000.0;
    let share = |who: &str| found[who]["paired"].as_f64().unwrap_or(f64::NAN) / found[who]["spoken"].as_f64().unwrap_or(f64::NAN);
    let name = "times of words: half are off by less than";
    let mut rows = vec![Row::alone(name, Unit::Milliseconds, ms("zapys"), Some(GOAL_MS))];
    for mode in MODES {
        let peer = named(mode);
        rows.push(Row::ratio(name, Unit::Milliseconds, ms("zapys"), &peer, ms(mode), None));
        rows.push(Row::ratio("times of words: words compared", Unit::Share, share("zapys"), &peer, share(mode), None));
    }
    gone(&place)?;
    Ok((rows, json!({"found": found, "truth": truth, "heard": heard})))
}

fn made(place: &Path, n_clips: usize) -> Result<(Sounds, Placed), String> {
    let dir = folder(place, "numbers")?;
    let sounds: Vec<Vec<i16>> = NUMBERS
        .iter()
        .map(|(name, _)| call::read_wav(&call::spoken(&format!("digits/{name}"))).map(trimmed))
        .collect::<Result<_, _>>()?;
    let mut numbers = Numbers::new(31);
    let (mut truth, mut texts) = (Placed::new(), Words::new());
    for clip in 0..n_clips {
        let mut samples = vec![0i16; RATE / 2];
        let mut words = Vec::new();
        for i in call::shuffled(NUMBERS.len(), &mut numbers).into_iter().take(N_WORDS) {
            let start = samples.len();
            samples.extend(&sounds[i]);
            let seconds = |n: usize| n as f64 / RATE as f64;
            words.push((seconds(start), seconds(samples.len()), NUMBERS[i].1.to_owned()));
            samples.extend(vec![0; RATE / 10 + numbers.below(RATE * 4 / 10)]);
        }
        samples.iter_mut().for_each(|s| *s = s.saturating_add(numbers.below(29) as i16 - 14));
        let name = format!("numbers-{clip:02}.wav");
        call::write_wav(&dir.join(&name), &samples)?;
        texts.insert(name.clone(), words.iter().map(|(_, _, w)| w.as_str()).collect::<Vec<_>>().join(" "));
        truth.insert(name, words);
    }
    Ok((Sounds { what: "numbers".into(), dir, truth: texts, language: Some("ru") }, truth))
}

/// From the first to the last hundredth of a second that is at most 35 dB weaker than the strongest.
fn trimmed(samples: Vec<i16>) -> Vec<i16> {
    let step = RATE / 100;
    let power = |piece: &[i16]| piece.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / piece.len() as f64;
    let powers: Vec<f64> = samples.chunks(step).map(power).collect();
    let least = powers.iter().copied().fold(0.0, f64::max) / 10f64.powf(3.5);
    let sounds = |p: &f64| *p >= least;
    let from = powers.iter().position(sounds).unwrap_or(0) * step;
    let to = powers.iter().rposition(sounds).map_or(samples.len(), |i| (i + 1) * step);
    samples[from..to.min(samples.len())].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_cut_to_where_it_sounds() {
        let mut samples = vec![3i16; 800];
        samples.extend([8000, -8000].repeat(400));
        samples.extend([3; 400]);
        assert_eq!(trimmed(samples).len(), 800);
        assert_eq!(trimmed(vec![]).len(), 0);
    }
}
