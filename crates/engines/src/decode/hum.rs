//! Breaks in mains hum. The grid turns steadily, so a hum that is followed through a recording goes on where it was: where its phase
//! jumps, samples are missing or were put in. That needs hum that is loud and steady enough to be followed.

use rustfft::num_complex::Complex;
use std::f64::consts::TAU;
use zapys_domain::{Finding, Locator, Severity};

/// Hum is measured over so many milliseconds at a time.
const BLOCK_MS: u64 = 500;
/// Rate at which it is measured: far above the highest line.
const RATE: u32 = 4000;
/// Multiples of the mains frequency that are followed.
const LINES: u32 = 6;
const BASES: [u32; 2] = [50, 60];
/// Blocks on either side of a break over which the hum must be steady.
const STEADY: usize = 6;
/// How far a steady phase strays from a straight line (root mean square, radians) ...
const STRAYS: f64 = 0.2;
/// ... and how much faster it may turn on one side than on the other, in radians a block for each multiple.
const TURNS: f64 = 0.15;
/// A phase that is off by less than this (radians) goes on.
const GOES_ON: f64 = 0.8;
/// All lines jump by one length of time, within this (radians).
const AGREE: f64 = 0.45;
/// More breaks than these are counted, not listed.
const MOST_LISTED: usize = 10;

/// Follows the hum of one channel, in some hundred bytes for each second.
pub(super) struct Hum {
    /// Samples of the file that make one here, as their mean.
    every: u32,
    rate: f64,
    mean: (u32, f64),
    block: Vec<f64>,
    /// Amplitude and phase of each line in each block: fifty's multiples, then sixty's.
    blocks: Vec<[Complex<f32>; 2 * LINES as usize]>,
}

/// A place where the hum does not go on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Break {
    /// Block in which it lies.
    block: usize,
    /// By how much the hum is off, in milliseconds, but for whole periods.
    off_ms: f64,
    /// Lines that show it.
    lines: usize,
}

impl Hum {
    pub(super) fn new(rate: u32) -> Self {
        let every = (rate / RATE).max(1);
        Self { every, rate: f64::from(rate) / f64::from(every), mean: (0, 0.0), block: Vec::new(), blocks: Vec::new() }
    }

    pub(super) fn take(&mut self, sample: i16) {
        self.mean = (self.mean.0 + 1, self.mean.1 + f64::from(sample));
        if self.mean.0 < self.every {
            return;
        }
        self.block.push(self.mean.1 / f64::from(self.every));
        self.mean = (0, 0.0);
        if self.block.len() as u64 * 1000 >= (self.rate * BLOCK_MS as f64) as u64 {
            self.measure();
        }
    }

    fn measure(&mut self) {
        let n = self.block.len();
        let begin = (self.blocks.len() * n) as f64;
        let mut lines = [Complex::default(); 2 * LINES as usize];
        let pairs = BASES.iter().flat_map(|base| (1..=LINES).map(move |k| f64::from(base * k)));
        for (line, hz) in lines.iter_mut().zip(pairs) {
            let turn = Complex::from_polar(1.0, -TAU * hz / self.rate);
            // Where the oscillator stands after all that came before, to a fraction of a turn.
            let mut at = Complex::from_polar(1.0, -TAU * (begin * hz / self.rate).fract());
            let mut sum = Complex::new(0.0, 0.0);
            for (i, x) in self.block.iter().enumerate() {
                let window = 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / n as f64).cos();
                sum += at * (x * window);
                at *= turn;
            }
            *line = Complex::new(sum.re as f32, sum.im as f32);
        }
        self.blocks.push(lines);
        self.block.clear();
    }

    /// Where the hum of `base` hertz breaks, followed at those multiples of it that stand out.
    fn breaks(&self, base: u32, multiples: &[u32]) -> Vec<Break> {
        let Some(first) = BASES.iter().position(|b| *b == base) else { return Vec::new() };
        let followed: Vec<u32> = multiples.iter().copied().filter(|k| (1..=LINES).contains(k)).collect();
        let mut found: Vec<(Break, f64)> = Vec::new();
        for block in STEADY..self.blocks.len().saturating_sub(STEADY) {
            let jumps: Vec<(f64, f64)> = followed
                .iter()
                .filter_map(|k| {
                    let column = first * LINES as usize + *k as usize - 1;
                    let phases = |blocks: &[[Complex<f32>; 2 * LINES as usize]]| -> Vec<f64> {
                        blocks.iter().map(|b| f64::from(b[column].arg())).collect()
                    };
                    let before = Course::of(&phases(&self.blocks[block - STEADY..block]))?;
                    let after = Course::of(&phases(&self.blocks[block + 1..=block + STEADY]))?;
                    if (before.turns - after.turns).abs() > TURNS * f64::from(*k) {
                        return None;
                    }
                    // Both lines as they would stand in the middle of the block between them.
                    Some((f64::from(*k), around(after.at(-1.0) - before.at(STEADY as f64))))
                })
                .collect();
            if jumps.len() < 2 || jumps.iter().filter(|(_, jump)| jump.abs() > GOES_ON).count() < 2 {
                continue;
            }
            let (off, apart) = shift(&jumps);
            if apart > AGREE {
                continue;
            }
            let here = Break { block, off_ms: off * 1000.0 / f64::from(base), lines: jumps.len() };
            // Neighbouring blocks see the same break; the one that it disturbs most lies between the best courses.
            match found.last_mut() {
                Some((last, best)) if block - last.block < STEADY => {
                    if apart < *best {
                        (*last, *best) = (here, apart);
                    }
                }
                _ => found.push((here, apart)),
            }
        }
        found.into_iter().map(|(b, _)| b).collect()
    }

    /// How many breaks there are in the hum that was found, if any was.
    pub(super) fn found(&self, hum: Option<&(u32, Vec<u32>)>) -> u64 {
        hum.map_or(0, |(base, multiples)| self.breaks(*base, multiples).len() as u64)
    }

    /// Findings: `hum-break`.
    pub(super) fn findings(&self, channel: u16, hum: Option<&(u32, Vec<u32>)>) -> Vec<Finding> {
        let Some((base, multiples)) = hum else { return Vec::new() };
        let finding = |b: Break| {
            // The courses on both sides tell the block, or the one beside it.
            let start_ms = (b.block as u64).saturating_sub(1) * BLOCK_MS;
            Finding {
                code: "hum-break".into(),
                severity: Severity::Warning,
                locator: Locator::Span { start_ms, end_ms: start_ms + 3 * BLOCK_MS, channel: Some(channel) },
                message: format!(
                    "The hum at {base} Hz does not go on where it was: on {} of its lines it is off by {:.1} ms, whole periods aside. Samples are \
                     missing here or were put in, by a cut or by a recorder that lost some.",
                    b.lines, b.off_ms
                ),
            }
        };
        self.breaks(*base, multiples).into_iter().take(MOST_LISTED).map(finding).collect()
    }
}

/// A phase that moves along a straight line.
struct Course {
    start: f64,
    /// Radians a block.
    turns: f64,
}
impl Course {
    /// `None` where the phases do not lie on a line: something louder is there, or nothing.
    fn of(phases: &[f64]) -> Option<Self> {
        let n = phases.len() as f64;
        let mut whole = Vec::with_capacity(phases.len());
        for phase in phases {
            let last = whole.last().copied().unwrap_or(*phase);
            whole.push(last + around(phase - last));
        }
        let (mean_x, mean_y) = ((n - 1.0) / 2.0, whole.iter().sum::<f64>() / n);
        let (mut xy, mut xx) = (0.0, 0.0);
        for (i, y) in whole.iter().enumerate() {
            let x = i as f64 - mean_x;
            xy += x * (y - mean_y);
            xx += x * x;
        }
        let turns = xy / xx;
        let course = Self { start: mean_y - turns * mean_x, turns };
        let strays = whole.iter().enumerate().map(|(i, y)| (y - course.at(i as f64)).powi(2)).sum::<f64>() / n;
        (strays.sqrt() <= STRAYS).then_some(course)
    }
    fn at(&self, block: f64) -> f64 {
        self.start + self.turns * block
    }
}

/// An angle between half a turn back and half a turn on.
fn around(angle: f64) -> f64 {
    angle - TAU * (angle / TAU).round()
}

/// The share of a period by which all lines are off together, and by how much the worst one disagrees (radians).
fn shift(jumps: &[(f64, f64)]) -> (f64, f64) {
    const STEPS: u32 = 400;
    let apart = |share: f64| jumps.iter().map(|(k, jump)| around(jump - TAU * k * share).abs()).fold(0.0, f64::max);
    let shares = (0..STEPS).map(|i| f64::from(i) / f64::from(STEPS));
    shares.map(|s| (s, apart(s))).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0.0, f64::INFINITY))
}

#[cfg(test)]
mod tests {
    use super::super::noise::noise;
    use super::*;

    const RATE: usize = 8000;

    /// Hum whose frequency wanders as a grid's does, under noise and a voice that comes and goes.
    fn hummed(seconds: usize) -> Vec<i16> {
        let mut seed = 7u64;
        let mut phase = 0.0;
        (0..RATE * seconds)
            .map(|i| {
                let noise = noise(&mut seed);
                let t = i as f64 / RATE as f64;
                phase += (50.0 + 0.02 * (0.05 * t).sin()) / RATE as f64;
                let hum: f64 = (1..5).map(|k| (TAU * phase * f64::from(k)).sin() / f64::from(k)).sum();
                let speaks = if t % 14.0 < 3.0 { 3000.0 } else { 0.0 };
                let voice: f64 = (1..12).map(|k| (TAU * (131.0 * t + (0.7 * t).sin()) * f64::from(k)).sin() / f64::from(k)).sum();
                (300.0 * hum + 200.0 * noise + speaks * voice) as i16
            })
            .collect()
    }
    fn follow(samples: &[i16]) -> Vec<Break> {
        let mut hum = Hum::new(RATE as u32);
        samples.iter().for_each(|s| hum.take(*s));
        hum.breaks(50, &[1, 2, 3, 4])
    }

    #[test]
    fn a_hum_that_wanders_goes_on() {
        assert_eq!(follow(&hummed(60)), []);
    }

    #[test]
    fn a_cut_shows_where_it_is_and_by_how_much() {
        for (from, gone) in [(9 * RATE, 3 * RATE + 52), (23 * RATE, 777), (36 * RATE, 5 * RATE + 100)] {
            let mut sound = hummed(60);
            sound.drain(from..from + gone);
            let found = follow(&sound);
            assert_eq!(found.len(), 1, "{from} {gone}: {found:?}");
            let at = found[0].block as f64 * 0.5;
            assert!((at - from as f64 / RATE as f64).abs() <= 1.0, "{from}: {found:?}");
            let period = RATE / 50;
            let off = (gone % period) as f64 * 1000.0 / RATE as f64;
            let apart = (found[0].off_ms - off).rem_euclid(20.0);
            assert!(apart.min(20.0 - apart) < 2.0, "{off}: {found:?}");
        }
    }

    #[test]
    fn a_cut_by_whole_periods_leaves_nothing() {
        let mut sound = hummed(60);
        sound.drain(9 * RATE..10 * RATE);
        assert_eq!(follow(&sound), []);
    }

    #[test]
    fn noise_and_other_frequencies_have_no_hum_to_break() {
        let sound: Vec<i16> = (0..RATE * 30).map(|i| (4000.0 * (i as f64 * 0.7).sin()) as i16).collect();
        assert_eq!(follow(&sound), []);
        assert_eq!(follow(&vec![0; RATE * 30]), []);
    }
}
