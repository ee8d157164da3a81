//! Traces of editing in the samples: the same stretch at two places, and a background that changes from one moment to the next.
//!
//! None is proof of anything, and none found proves nothing either: what each look can see, and what it cannot, is said beside it. Lost
//! samples are looked for in [`super::survey`], with levels and clipping.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use std::collections::{HashMap, VecDeque};
use std::hash::Hasher;
use zapys_domain::{Finding, Locator, Severity};

/// Samples that decide where a stretch may be compared: the same sound has the same marks, wherever it stands.
const MARK: usize = 32;
/// Samples that must be the same, in milliseconds.
const SAME_MS: u64 = 128;
/// A mark comes about so often in a second.
const MARKS_PER_S: u64 = 4;
/// Marks that are remembered; a recording of three days has no more.
const MOST_MARKS: usize = 1 << 20;
/// Quieter stretches than this (root mean square) repeat by chance: there are few ways to be nearly silent.
const LEAST_RMS: f64 = 40.0;
/// A stretch that has this share of its energy at [`TONES`] pitches is a tone, and tones repeat.
const TONE_SHARE: f32 = 0.99;
const TONES: usize = 3;
/// More stretches than these are counted, not listed.
const MOST_LISTED: usize = 10;

/// Blocks of the background in milliseconds, of which the quietest part counts.
const BLOCK_MS: u64 = 500;
/// Parts of a block in milliseconds.
const PART_MS: u64 = 20;
/// So many blocks on each side must agree among themselves ...
const BLOCKS: usize = 6;
/// ... within so many decibels ...
const STEADY_DB: f64 = 3.0;
/// ... and differ from those on the other side by so many.
const STEP_DB: f64 = 12.0;

/// Looks at one channel while it is decoded, in memory that grows by some bytes for each second.
pub(super) struct Edits {
    rate: u64,
    at: u64,
    // The same samples twice.
    recent: VecDeque<i16>,
    rolling: u64,
    out_factor: u64,
    /// Places of marks whose stretch has not come yet.
    waiting: VecDeque<u64>,
    last: u64,
    seen: HashMap<u64, u64>,
    repeats: Vec<Repeat>,
    // The background.
    part: (u64, f64),
    quietest: Option<f64>,
    parts: u64,
    floors: Vec<f64>,
}

/// A stretch that stood somewhere before, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repeat {
    first: u64,
    again: u64,
    length: u64,
}

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

impl Edits {
    pub(super) fn new(rate: u32) -> Self {
        let out_factor = (0..MARK).fold(1u64, |f, _| f.wrapping_mul(FACTOR));
        Self {
            rate: u64::from(rate.max(1)),
            at: 0,
            recent: VecDeque::new(),
            rolling: 0,
            out_factor,
            waiting: VecDeque::new(),
            last: 0,
            seen: HashMap::new(),
            repeats: Vec::new(),
            part: (0, 0.0),
            quietest: None,
            parts: 0,
            floors: Vec::new(),
        }
    }

    /// Samples that must be the same.
    fn same(&self) -> usize {
        usize::try_from(self.rate * SAME_MS / 1000).unwrap_or(usize::MAX).max(MARK)
    }

    pub(super) fn take(&mut self, sample: i16) {
        let same = self.same();
        let value = |s: i16| u64::from(s.cast_unsigned()) + 1;
        self.rolling = self.rolling.wrapping_mul(FACTOR).wrapping_add(value(sample));
        if self.recent.len() >= MARK {
            let out = self.recent[self.recent.len() - MARK];
            self.rolling = self.rolling.wrapping_sub(value(out).wrapping_mul(self.out_factor));
        }
        self.recent.push_back(sample);
        if self.recent.len() > same + MARK {
            self.recent.pop_front();
        }
        self.at += 1;
        // The middle bits of the hash are as good as drawn by lot.
        let every = (self.rate / MARKS_PER_S).next_power_of_two();
        let is_mark = self.at >= MARK as u64 && (self.rolling >> 20) & (every - 1) == 0;
        // In silence and tones every sample may be a mark; one in a while is enough.
        if is_mark && self.at >= self.last + every / 8 && self.seen.len() < MOST_MARKS {
            self.last = self.at;
            self.waiting.push_back(self.at);
        }
        while self.waiting.front().is_some_and(|mark| self.at - mark >= same as u64) {
            let Some(mark) = self.waiting.pop_front() else { break };
            self.compare(mark, same);
        }
        self.listen(sample);
    }

    /// Holds the stretch after a mark against those that came before.
    fn compare(&mut self, mark: u64, same: usize) {
        let from = self.recent.len() - same;
        let stretch: Vec<i16> = self.recent.range(from..).copied().collect();
        let energy: f64 = stretch.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
        if energy / (same as f64) < LEAST_RMS * LEAST_RMS {
            return;
        }
        let mut hash = std::collections::hash_map::DefaultHasher::new();
        stretch.iter().for_each(|s| hash.write_i16(*s));
        let Some(&first) = self.seen.get(&hash.finish()) else {
            self.seen.insert(hash.finish(), mark);
            return;
        };
        if is_tone(&stretch) {
            return;
        }
        let (same, reach) = (same as u64, 2 * self.rate);
        // The next mark of the same copy: the copy is longer.
        match self.repeats.iter_mut().rev().find(|r| r.again - r.first == mark - first && mark <= r.again + r.length + reach) {
            Some(r) => r.length = mark + same - r.again,
            None => self.repeats.push(Repeat { first, again: mark, length: same }),
        }
    }

    fn listen(&mut self, sample: i16) {
        let (n, energy) = self.part;
        self.part = (n + 1, energy + f64::from(sample) * f64::from(sample));
        if self.part.0 * 1000 < self.rate * PART_MS {
            return;
        }
        let mean = self.part.1 / self.part.0 as f64;
        self.part = (0, 0.0);
        self.quietest = Some(self.quietest.map_or(mean, |q| q.min(mean)));
        self.parts += 1;
        if self.parts * PART_MS >= BLOCK_MS {
            // Below one step of the converter there is nothing to compare.
            self.floors.push(10.0 * self.quietest.unwrap_or(0.0).max(0.25).log10());
            (self.quietest, self.parts) = (None, 0);
        }
    }

    /// Places, in milliseconds, where a steady background becomes another steady one, with the step in decibels.
    fn steps(&self) -> Vec<(u64, f64)> {
        let middle = |v: &[f64]| {
            let mut v = v.to_vec();
            v.sort_by(f64::total_cmp);
            v[v.len() / 2]
        };
        let steady = |v: &[f64], m: f64| v.iter().all(|f| (f - m).abs() <= STEADY_DB);
        let mut steps: Vec<(u64, f64)> = Vec::new();
        let mut k = BLOCKS;
        while k + BLOCKS <= self.floors.len() {
            let (before, after) = (&self.floors[k - BLOCKS..k], &self.floors[k..k + BLOCKS]);
            let (a, b) = (middle(before), middle(after));
            if (a - b).abs() >= STEP_DB && steady(before, a) && steady(after, b) {
                steps.push((k as u64 * BLOCK_MS, b - a));
                k += BLOCKS;
            } else {
                k += 1;
            }
        }
        steps
    }

    /// How many repeated stretches and steps of the background there are.
    pub(super) fn found(&self) -> (u64, u64) {
        (self.repeats.len() as u64, self.steps().len() as u64)
    }

    /// Findings: `repeated-samples`, `repeats-more`, `background-step`.
    pub(super) fn findings(&self, channel: u16, whole_ms: u64) -> Vec<Finding> {
        let ms = |samples: u64| samples * 1000 / self.rate;
        let at = |start_ms, end_ms| Locator::Span { start_ms, end_ms, channel: Some(channel) };
        let mut findings: Vec<Finding> = self
            .repeats
            .iter()
            .take(MOST_LISTED)
            .map(|r| Finding {
                code: "repeated-samples".into(),
                severity: Severity::Warning,
                locator: at(ms(r.again), ms(r.again + r.length)),
                message: format!(
                    "The very same samples stand at {} already, for at least {} ms: copied within the recording, or played by a machine \
                     (tones, prompts, music on hold).",
                    clock(ms(r.first)),
                    ms(r.length)
                ),
            })
            .collect();
        if self.repeats.len() > MOST_LISTED {
            let message = format!("{} stretches stand there twice; the first {MOST_LISTED} are listed.", self.repeats.len());
            findings.push(Finding {
                code: "repeats-more".into(),
                severity: Severity::Warning,
                locator: at(0, whole_ms),
                message,
            });
        }
        findings.extend(self.steps().into_iter().take(MOST_LISTED).map(|(place, step)| Finding {
            code: "background-step".into(),
            severity: Severity::Note,
            locator: at(place.saturating_sub(BLOCK_MS), place + BLOCK_MS),
            message: format!(
                "The background is {:.0} dB {} from one moment to the next and stays so: another line, another room, a machine that \
                 suppresses noise, or a join.",
                step.abs(),
                if step > 0.0 { "louder" } else { "quieter" }
            ),
        }));
        findings
    }
}

/// True where a few pitches are nearly all there is: a ring, a key, a beep.
fn is_tone(stretch: &[i16]) -> bool {
    let n = stretch.len();
    let window = |i: usize| 0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / n as f32).cos();
    let mut bins: Vec<Complex<f32>> =
        stretch.iter().enumerate().map(|(i, s)| Complex::new(f32::from(*s) * window(i), 0.0)).collect();
    FftPlanner::new().plan_fft_forward(n).process(&mut bins);
    let mut power: Vec<f32> = bins[..n / 2].iter().map(Complex::norm_sqr).collect();
    let all: f32 = power.iter().sum();
    let mut held = 0.0;
    for _ in 0..TONES {
        let peak = (0..power.len()).max_by(|a, b| power[*a].total_cmp(&power[*b])).unwrap_or(0);
        // The window spreads a pitch over its neighbours.
        for p in &mut power[peak.saturating_sub(3)..(peak + 4).min(n / 2)] {
            held += std::mem::take(p);
        }
    }
    held >= TONE_SHARE * all
}

/// `12:34.5` on the media clock.
fn clock(ms: u64) -> String {
    format!("{:02}:{:02}.{}", ms / 60_000, ms / 1000 % 60, ms / 100 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of a level; the same for one seed.
    fn noise(n: usize, level: f64, mut seed: u64) -> Vec<i16> {
        (0..n).map(|_| (level * 2.0 * super::super::noise::noise(&mut seed)) as i16).collect()
    }
    fn look(samples: &[i16]) -> Edits {
        let mut edits = Edits::new(8000);
        samples.iter().for_each(|s| edits.take(*s));
        edits
    }

    #[test]
    fn a_copy_within_the_recording_is_found_where_it_stands() {
        let mut sound = noise(8000 * 60, 3000.0, 1);
        let copy = sound[8000 * 10..8000 * 14].to_vec();
        sound.splice(8000 * 40 + 123..8000 * 40 + 123, copy);
        let edits = look(&sound);
        assert_eq!(edits.repeats.len(), 1, "{:?}", edits.repeats);
        let r = edits.repeats[0];
        assert_eq!(r.again - r.first, 8000 * 30 + 123);
        assert!(r.again >= 8000 * 40 && r.again + r.length <= 8000 * 45 && r.length > 8000, "{r:?}");
        let found = &edits.findings(1, 64_000)[0];
        assert_eq!((found.code.as_str(), found.severity), ("repeated-samples", Severity::Warning));
    }

    #[test]
    fn noise_silence_and_tones_repeat_nothing() {
        assert_eq!(look(&noise(8000 * 120, 2000.0, 7)).found(), (0, 0));
        assert_eq!(look(&vec![0; 8000 * 30]).found(), (0, 0));
        // Barely a sound: few values, many repetitions.
        assert_eq!(look(&noise(8000 * 60, 2.0, 3)).found(), (0, 0));
        let tone: Vec<i16> =
            (0..8000 * 30).map(|i| (8000.0 * (std::f64::consts::TAU * 425.0 * f64::from(i) / 8000.0).sin()) as i16).collect();
        assert_eq!(look(&tone).found(), (0, 0));
    }

    #[test]
    fn a_background_that_jumps_is_found_and_one_that_fades_is_not() {
        let mut sound = noise(8000 * 8, 100.0, 1);
        sound.extend(noise(8000 * 8, 800.0, 2));
        let edits = look(&sound);
        let steps = edits.steps();
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!((7500..=8500).contains(&steps[0].0) && (16.0..20.0).contains(&steps[0].1), "{steps:?}");
        let fading: Vec<i16> = noise(8000 * 30, 1000.0, 3)
            .into_iter()
            .enumerate()
            .map(|(i, s)| (f64::from(s) * 10f64.powf(-(i as f64) / 8000.0 / 20.0)) as i16)
            .collect();
        assert_eq!(look(&fading).found().1, 0);
    }
}
