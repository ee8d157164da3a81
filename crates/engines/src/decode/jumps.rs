//! Jumps: places where one sample does not follow from those before it, far more so than anywhere around. Where two stretches were joined
//! within a sound, or samples went missing there, the wave is torn. What follows from what is learnt from the sound itself, by linear
//! prediction over some hundredths of a second.

use std::collections::VecDeque;
use zapys_domain::{Finding, Locator, Severity};

/// A sound is taken as one thing for so many milliseconds.
const BLOCK_MS: u64 = 32;
/// Samples from which the next one is predicted.
const ORDER: usize = 12;
/// Around a jump, no sample within so many milliseconds is as badly predicted ...
const AROUND_MS: u64 = 25;
/// ... by this factor: the beats of a voice are each other's likes.
const FACTOR: f32 = 6.0;
/// What is less badly predicted than this, of 32768, is no jump.
const LEAST: f32 = 600.0;
/// What is predicted this well on one side is exact silence.
const SOUND: f32 = 4.0;
/// A jump is torn in one place: samples after it that still follow badly, because it is among those they are predicted from.
const WAKE: usize = ORDER + 2;
/// More jumps than these are counted, not listed.
const MOST_LISTED: usize = 10;
/// More than so many in a minute are how the recording sounds, and none of them a trace.
const MANY_A_MINUTE: u64 = 6;

/// Looks for jumps in one channel while it is decoded.
pub(super) struct Jumps {
    rate: u64,
    block: Vec<f32>,
    /// The last samples of the block before.
    last: [f32; ORDER],
    /// How badly each sample was predicted, of the stretch around the one that is looked at.
    errors: VecDeque<f32>,
    /// Samples whose error left the stretch.
    gone: u64,
    /// Samples that were judged.
    judged: u64,
    places: Vec<u64>,
    n_places: u64,
}

impl Jumps {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            rate: u64::from(rate.max(1)),
            block: Vec::new(),
            last: [0.0; ORDER],
            errors: VecDeque::new(),
            gone: 0,
            judged: 0,
            places: Vec::new(),
            n_places: 0,
        }
    }
    fn samples(&self, ms: u64) -> usize {
        usize::try_from(self.rate * ms / 1000).unwrap_or(usize::MAX).max(4 * ORDER)
    }

    pub(super) fn take(&mut self, sample: i16) {
        self.block.push(f32::from(sample));
        if self.block.len() >= self.samples(BLOCK_MS) {
            self.predict();
            self.judge();
        }
    }

    /// Adds the errors of a block, predicted from what is alike in all of it.
    fn predict(&mut self) {
        let n = self.block.len();
        let windowed: Vec<f32> =
            self.block.iter().enumerate().map(|(i, x)| x * (std::f32::consts::PI * (i as f32 + 0.5) / n as f32).sin()).collect();
        let mut alike = [0f64; ORDER + 1];
        for (lag, sum) in alike.iter_mut().enumerate() {
            *sum = windowed[lag..].iter().zip(&windowed).map(|(a, b)| f64::from(a * b)).sum();
        }
        // A little noise keeps silence and pure tones from being predicted without end.
        alike[0] = alike[0] * 1.0001 + n as f64;
        let weights = levinson(&alike);
        let before: Vec<f32> = self.last.iter().chain(&self.block).copied().collect();
        for i in 0..n {
            let past = &before[i..i + ORDER];
            let expected: f32 = weights.iter().zip(past.iter().rev()).map(|(w, x)| w * x).sum();
            self.errors.push_back((self.block[i] - expected).abs());
        }
        self.last.copy_from_slice(&before[n..]);
        self.block.clear();
    }

    /// Looks at every sample that has enough on both sides.
    fn judge(&mut self) {
        let around = self.samples(AROUND_MS);
        let first = usize::try_from(self.judged - self.gone).unwrap_or(0).max(around);
        let until = self.errors.len().saturating_sub(around + WAKE);
        for at in first..until {
            let error = self.errors[at];
            if error < LEAST {
                continue;
            }
            let worst = |range: std::ops::Range<usize>| self.errors.range(range).copied().fold(0.0, f32::max);
            let (before, after) = (worst(at - around..at - 1), worst(at + WAKE..at + WAKE + around));
            // Sound that begins or ends dead is looked for with lost samples.
            if before.min(after) > SOUND && error > FACTOR * before.max(after) {
                self.n_places += 1;
                if self.places.len() < MOST_LISTED {
                    self.places.push(self.gone + at as u64);
                }
            }
        }
        self.judged = self.judged.max(self.gone + until as u64);
        while self.errors.len() > 2 * (around + WAKE) + 1 && self.gone + (around as u64) < self.judged {
            self.errors.pop_front();
            self.gone += 1;
        }
    }

    /// True where there are so many that each says nothing.
    fn is_usual(&self) -> bool {
        let seconds = (self.gone + self.errors.len() as u64) / self.rate;
        self.n_places > MOST_LISTED as u64 && self.n_places * 60 > MANY_A_MINUTE * seconds.max(1)
    }

    /// How many jumps there are.
    pub(super) fn found(&self) -> u64 {
        self.n_places
    }

    /// Findings: `jump`, `jumps-usual`.
    pub(super) fn findings(&self, channel: u16, whole_ms: u64) -> Vec<Finding> {
        let finding = |code: &str, span: (u64, u64), message: String| Finding {
            code: code.into(),
            severity: Severity::Note,
            locator: Locator::Span { start_ms: span.0, end_ms: span.1, channel: Some(channel) },
            message,
        };
        if self.is_usual() {
            let message = format!(
                "The wave of channel {} is torn at {} places: crackling, a bad line, or a codec that bridges lost packets. Joins among them cannot be told.",
                channel + 1,
                self.n_places
            );
            return vec![finding("jumps-usual", (0, whole_ms), message)];
        }
        let ms = |at: u64| at * 1000 / self.rate;
        let message = "One sample does not follow from those before it, far more so than anywhere near: a click, samples that went missing, or a join.";
        self.places.iter().map(|at| finding("jump", (ms(*at), ms(*at) + 1), message.into())).collect()
    }
}

/// Weights of the samples before, nearest first, that predict the next one best (Levinson and Durbin).
fn levinson(alike: &[f64; ORDER + 1]) -> [f32; ORDER] {
    let mut weights = [0f64; ORDER];
    let mut left = alike[0];
    for i in 0..ORDER {
        let sum: f64 = (0..i).map(|j| weights[j] * alike[i - j]).sum();
        let turn = (alike[i + 1] - sum) / left;
        let old = weights;
        for j in 0..i {
            weights[j] -= turn * old[i - 1 - j];
        }
        weights[i] = turn;
        left *= 1.0 - turn * turn;
        if left <= 0.0 {
            break;
        }
    }
    weights.map(|w| w as f32)
}

#[cfg(test)]
mod tests {
    use super::super::noise::noise;
    use super::*;

    /// A voice: beats of the vocal cords ringing in two formants, with pauses, and noise beneath.
    fn voice(seconds: usize) -> Vec<i16> {
        let mut seed = 11;
        let (mut y, mut z, mut beat) = ([0.0; 2], [0.0; 2], 0.0);
        (0..8000 * seconds)
            .map(|i| {
                let t = i as f64 / 8000.0;
                beat += (118.0 + 14.0 * (1.7 * t).sin()) / 8000.0;
                let strike = if beat >= 1.0 { 1.0 } else { 0.0 };
                beat %= 1.0;
                let speaks = if t % 1.9 < 1.3 { 1.0 } else { 0.0 };
                let drive = speaks * (strike * 1500.0 + 60.0 * noise(&mut seed));
                let ring = |state: &mut [f64; 2], hz: f64, r: f64, x: f64| {
                    let out = x + 2.0 * r * (std::f64::consts::TAU * hz / 8000.0).cos() * state[0] - r * r * state[1];
                    (state[1], state[0]) = (state[0], out);
                    out
                };
                let first = ring(&mut y, 600.0 + 150.0 * (2.1 * t).sin(), 0.97, drive);
                (0.6 * ring(&mut z, 1700.0, 0.95, first) + 12.0 * noise(&mut seed)).clamp(-32768.0, 32767.0) as i16
            })
            .collect()
    }
    fn look(samples: &[i16]) -> Jumps {
        let mut jumps = Jumps::new(8000);
        samples.iter().for_each(|s| jumps.take(*s));
        jumps
    }

    #[test]
    fn a_voice_tones_and_noise_do_not_jump() {
        assert_eq!(look(&voice(60)).found(), 0);
        assert_eq!(look(&vec![0; 8000 * 20]).found(), 0);
        let tone: Vec<i16> = (0..160_000).map(|i| (9000.0 * (f64::from(i) * 0.31).sin()) as i16).collect();
        assert_eq!(look(&tone).found(), 0);
        let mut seed = 5;
        let hiss: Vec<i16> = (0..160_000).map(|_| (12_000.0 * noise(&mut seed)) as i16).collect();
        assert_eq!(look(&hiss).found(), 0);
    }

    /// Two strings that sound on, with a little noise.
    fn music(seconds: usize) -> Vec<i16> {
        let mut seed = 2;
        let wave = |i: usize, hz: f64| (std::f64::consts::TAU * hz * i as f64 / 8000.0).sin();
        (0..8000 * seconds)
            .map(|i| (7000.0 * wave(i, 196.0) + 5000.0 * wave(i, 293.7) + 20.0 * noise(&mut seed)) as i16)
            .collect()
    }

    #[test]
    fn a_tear_is_found_where_it_is() {
        let mut sound = music(30);
        // Where the wave is high on one side and low on the other.
        let high = (80_000..90_000).max_by_key(|i| sound[*i]).expect("a place");
        let low = (120_000..130_000).min_by_key(|i| sound[*i]).expect("a place");
        sound.drain(high + 1..low);
        let found = look(&sound);
        assert_eq!(found.found(), 1, "{:?}", found.places);
        assert!(found.places[0].abs_diff(high as u64 + 1) <= 1, "{:?}, not {high}", found.places);
        assert_eq!(found.findings(0, 25_000)[0].code, "jump");
    }

    #[test]
    fn the_beats_of_a_voice_hide_a_tear() {
        // What the look cannot see is said beside it; here it is held to that.
        let mut sound = voice(30);
        sound.drain(80_000..91_234);
        assert_eq!(look(&sound).found(), 0);
    }

    #[test]
    fn a_crackling_line_is_said_to_be_one() {
        let mut sound = music(60);
        for i in (9000..sound.len()).step_by(12_000) {
            sound[i] = sound[i].saturating_add(20_000);
        }
        let found = look(&sound);
        assert!(found.found() > 20);
        assert_eq!(found.findings(0, 60_000).iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["jumps-usual"]);
    }
}
