//! What the spectrum of a recording shows of the way it came: mains hum, and a band that ends far below what the file could hold.
//!
//! Both are signs, not proofs: hum is on the line, in the room or in the recorder; a band that ends
//! early is a telephone, a codec or a filter. What was looked at and what that cannot show is said in each finding.

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;
use zapys_domain::{Finding, Locator, Severity};

/// Blocks whose powers are averaged before the quietest average is kept: some seconds.
const TOGETHER: u32 = 4;
/// A line of hum stands out of what is beside it by so much.
const HUM_DB: f64 = 12.0;
/// So many harmonics of the mains stand out.
const HARMONICS: usize = 3;
/// Harmonics that are looked at.
const MOST_HARMONICS: u32 = 10;
/// Weaker than this (full scale is 0) is no hum but rounding.
const FAINT_DB: f64 = -84.0;
/// A band ends where all above it is this far below its loudest part ...
const BAND_DB: f64 = 70.0;
/// ... and the power falls by so much within [`EDGE_HZ`]: a filter's edge, not a voice that fades.
const EDGE_DB: f64 = 20.0;
const EDGE_HZ: f64 = 500.0;
/// From this rate on, a file could hold more than a telephone gives, in samples per second.
const WIDE: u32 = 16_000;
/// A band that ends above this share of what the file can hold is the file's own limit.
const FULL: f64 = 0.85;
/// Seconds of sound that it takes to say anything.
const LEAST_S: f64 = 8.0;

/// Gathers the spectrum of one channel in constant memory.
pub(super) struct Spectrum {
    rate: u32,
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    block: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Sum of the powers of all blocks, by bin.
    sum: Vec<f64>,
    blocks: u64,
    /// Powers of the blocks since the last average.
    recent: Vec<f64>,
    n_recent: u32,
    /// The quietest average of each bin: what is always there.
    floor: Vec<f64>,
}

impl Spectrum {
    pub(super) fn new(rate: u32) -> Self {
        // Bins of about one hertz to one and a half.
        let n = (rate as usize * 2 / 3).next_power_of_two().clamp(1024, 1 << 17);
        let fft = FftPlanner::new().plan_fft_forward(n);
        let angle = |i: usize| 2.0 * std::f32::consts::PI * i as f32 / n as f32;
        Self {
            rate,
            window: (0..n).map(|i| 0.5 - 0.5 * angle(i).cos()).collect(),
            block: Vec::with_capacity(n),
            scratch: vec![Complex::default(); fft.get_inplace_scratch_len()],
            fft,
            sum: vec![0.0; n / 2],
            blocks: 0,
            recent: vec![0.0; n / 2],
            n_recent: 0,
            floor: vec![f64::INFINITY; n / 2],
        }
    }

    /// Takes one sample.
    pub(super) fn take(&mut self, sample: i16) {
        self.block.push(Complex { re: f32::from(sample) / 32768.0, im: 0.0 });
        if self.block.len() == self.window.len() {
            self.finish_block();
        }
    }

    fn finish_block(&mut self) {
        for (x, w) in self.block.iter_mut().zip(&self.window) {
            x.re *= w;
        }
        self.fft.process_with_scratch(&mut self.block, &mut self.scratch);
        // A sine at full scale has the power 1: a Hann window passes half of the amplitude.
        let scale = 4.0 / self.window.len() as f64;
        for ((x, sum), recent) in self.block.iter().zip(&mut self.sum).zip(&mut self.recent) {
            let power = f64::from(x.norm_sqr()) * scale * scale;
            *sum += power;
            *recent += power;
        }
        self.block.clear();
        self.blocks += 1;
        self.n_recent += 1;
        if self.n_recent == TOGETHER {
            for (floor, recent) in self.floor.iter_mut().zip(&mut self.recent) {
                *floor = floor.min(*recent / f64::from(TOGETHER));
                *recent = 0.0;
            }
            self.n_recent = 0;
        }
    }

    fn heard_s(&self) -> f64 {
        self.blocks as f64 * self.window.len() as f64 / f64::from(self.rate)
    }

    /// Hertz of one bin.
    fn bin(&self) -> f64 {
        f64::from(self.rate) / self.window.len() as f64
    }

    /// Findings: `mains-hum`, `band-limit`. `whole_ms`: length of the recording.
    pub(super) fn findings(&self, channel: u16, whole_ms: u64) -> Vec<Finding> {
        if self.heard_s() < LEAST_S {
            return Vec::new();
        }
        let say = |code: &str, message: String| Finding {
            code: code.into(),
            severity: Severity::Note,
            locator: Locator::Span { start_ms: 0, end_ms: whole_ms, channel: Some(channel) },
            message,
        };
        let mut all = Vec::new();
        if let Some((base, lines)) = self.hum() {
            all.push(say(
                "mains-hum",
                format!(
                    "Channel {} hums at {base} Hz and multiples of it ({} of them stand out all through): mains current near the line or \
                     a recorder.",
                    channel + 1,
                    lines.len()
                ),
            ));
        }
        if let Some(hz) = self.band_end() {
            all.push(say(
                "band-limit",
                format!(
                    "Channel {} holds nothing above {:.1} kHz, though this file could hold sound up to {:.1} kHz: it came through a \
                     telephone, a codec or a filter before. Which one, this does not show.",
                    channel + 1,
                    hz / 1000.0,
                    f64::from(self.rate) / 2000.0
                ),
            ));
        }
        all
    }

    /// The mains frequency whose multiples stand out of the floor, and which do.
    pub(super) fn hum(&self) -> Option<(u32, Vec<u32>)> {
        let mut best: Option<(u32, Vec<u32>)> = None;
        if self.heard_s() < LEAST_S {
            return None;
        }
        for base in [50, 60] {
            let lines: Vec<u32> = (1..=MOST_HARMONICS).filter(|k| self.stands_out(f64::from(k * base))).collect();
            // Even multiples alone may be something else's odd ones; 300 Hz belongs to both.
            let own = lines.iter().filter(|k| *k % 2 == 1 && *k * base != 300).count();
            if lines.len() >= HARMONICS && own > 0 && best.as_ref().is_none_or(|(_, b)| b.len() < lines.len()) {
                best = Some((base, lines));
            }
        }
        best
    }

    fn stands_out(&self, hz: f64) -> bool {
        let at = (hz / self.bin()).round() as usize;
        // The line itself, which the window spreads, and what is beside it.
        let (near, far) = (2, (18.0 / self.bin()).ceil() as usize);
        if at < far + 1 || at + far >= self.floor.len() {
            return false;
        }
        let peak = self.floor[at - near..=at + near].iter().copied().fold(0.0, f64::max);
        let mut beside: Vec<f64> =
            self.floor[at - far..at - near - 1].iter().chain(&self.floor[at + near + 2..=at + far]).copied().collect();
        beside.sort_by(f64::total_cmp);
        let median = beside.get(beside.len() / 2).copied().unwrap_or_default();
        peak.is_finite() && decibels(peak) > FAINT_DB && decibels(peak) - decibels(median) > HUM_DB
    }

    /// Where the band ends in hertz, if it ends in an edge far below what the file can hold.
    fn band_end(&self) -> Option<f64> {
        if self.rate < WIDE {
            return None;
        }
        // In steps of 100 Hz, so that no single line decides.
        let step = (100.0 / self.bin()).round().max(1.0) as usize;
        let bands: Vec<f64> = self.sum.chunks(step).map(|c| c.iter().sum::<f64>() / self.blocks as f64).collect();
        let hz = |band: usize| (band * step) as f64 * self.bin();
        let loudest = bands.iter().copied().fold(0.0, f64::max);
        if decibels(loudest) < -60.0 {
            return None;
        }
        let last = bands.iter().rposition(|p| decibels(*p) > decibels(loudest) - BAND_DB)?;
        let end = hz(last + 1);
        if end > f64::from(self.rate) / 2.0 * FULL {
            return None;
        }
        // Just inside the edge it is far louder than just outside.
        let width = (EDGE_HZ / 100.0) as usize;
        let inside = bands[last.saturating_sub(width)..last].iter().copied().fold(0.0, f64::max);
        let outside = bands.get(last + width.div_ceil(2)).copied().unwrap_or_default();
        (decibels(inside) - decibels(outside) >= EDGE_DB).then_some(end)
    }
}

/// Of full scale; nothing at all is very little.
fn decibels(power: f64) -> f64 {
    10.0 * power.max(1e-20).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Repeatable noise between -1 and 1.
    fn noise(n: usize) -> impl Iterator<Item = f64> {
        let mut state = 0x2545_f491_4f6c_dd1du64;
        (0..n).map(move |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
    }
    fn codes(rate: u32, samples: impl Iterator<Item = f64>) -> Vec<String> {
        let mut s = Spectrum::new(rate);
        samples.for_each(|x| s.take((x * 32767.0).clamp(-32768.0, 32767.0) as i16));
        s.findings(0, 20_000).into_iter().map(|f| f.code).collect()
    }
    fn sine(rate: u32, hz: f64, amplitude: f64) -> impl Fn(usize) -> f64 {
        move |i| amplitude * (2.0 * std::f64::consts::PI * hz * i as f64 / f64::from(rate)).sin()
    }
    /// A voice of 120 Hz that wavers and pauses, in noise.
    fn voice(rate: u32, seconds: usize) -> impl Iterator<Item = f64> {
        let n = rate as usize * seconds;
        noise(n).enumerate().map(move |(i, noise)| {
            let t = i as f64 / f64::from(rate);
            let speaks = if t % 2.0 < 1.3 { 1.0 } else { 0.0 };
            let phase = 2.0 * std::f64::consts::PI * (120.0 * t + 4.0 * (0.9 * t).sin());
            let tones: f64 = (1..20).map(|k| (phase * f64::from(k)).sin() / f64::from(k)).sum();
            0.15 * speaks * tones + 0.002 * noise
        })
    }

    #[test]
    fn a_voice_is_neither_hum_nor_a_narrow_band() {
        assert_eq!(codes(8000, voice(8000, 20)), [] as [&str; 0]);
        assert_eq!(codes(44_100, voice(44_100, 20)), [] as [&str; 0]);
        assert_eq!(codes(8000, noise(160_000)), [] as [&str; 0]);
        assert_eq!(codes(8000, std::iter::repeat_n(0.0, 160_000)), [] as [&str; 0]);
    }

    #[test]
    fn mains_under_a_voice_is_hum_and_ring_tones_are_none() {
        for (base, rate) in [(50.0, 8000), (60.0, 8000), (50.0, 44_100)] {
            let lines: Vec<_> = (1..8).map(|k| sine(rate, base * f64::from(k), 0.01 / f64::from(k))).collect();
            let with = voice(rate, 20).enumerate().map(|(i, v)| v + lines.iter().map(|l| l(i)).sum::<f64>());
            assert_eq!(codes(rate, with), ["mains-hum"], "{base} at {rate}");
        }
        for tone in [&[425.0][..], &[350.0, 440.0], &[400.0, 450.0], &[697.0, 1209.0], &[1000.0]] {
            let lines: Vec<_> = tone.iter().map(|hz| sine(8000, *hz, 0.2)).collect();
            let with = noise(160_000).enumerate().map(|(i, n)| 0.001 * n + lines.iter().map(|l| l(i)).sum::<f64>());
            assert_eq!(codes(8000, with), [] as [&str; 0], "{tone:?}");
        }
    }

    #[test]
    fn telephone_sound_in_a_wide_file_is_seen() {
        // Every sixth sample of 8 kHz noise, drawn through its spectrum: nothing above 3.4 kHz in a file of 48 kHz.
        let lines: Vec<_> = (0..60).map(|k| sine(48_000, 320.0 + 51.3 * f64::from(k), 0.01)).collect();
        let narrow = (0..48_000 * 12).map(|i| lines.iter().map(|l| l(i)).sum::<f64>());
        assert_eq!(codes(48_000, narrow), ["band-limit"]);
        let short = noise(48_000 * 4);
        assert_eq!(codes(48_000, short), [] as [&str; 0], "too short to say anything");
    }
}
