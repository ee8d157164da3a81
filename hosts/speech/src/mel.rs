//! Log-mel spectrogram as Whisper was trained on: 25 ms Hann windows every 10 ms, 80 (or 128) mel bands after Slaney,
//! base-10 logarithm, everything below 8 decades under the loudest value of the *whole window* cut off, scaled to about
//! -1..1.5.

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Samples between frames.
pub const HOP: usize = 160;
const FFT: usize = 400;
const BINS: usize = FFT / 2 + 1;
const RATE: f64 = 16_000.0;

/// Computes spectrograms; shared by threads.
pub struct Mel {
    fft: Arc<dyn Fft<f32>>,
    hann: Vec<f32>,
    /// Per band: first frequency bin, weights.
    bands: Vec<(usize, Vec<f32>)>,
}

impl Mel {
    /// `n_bands`: as the model wants, 80 or 128.
    pub fn new(n_bands: usize) -> Self {
        let hann = (0..FFT).map(|i| (0.5 - 0.5 * (2.0 * std::f64::consts::PI * i as f64 / FFT as f64).cos()) as f32).collect();
        Self { fft: FftPlanner::new().plan_fft_forward(FFT), hann, bands: bands(n_bands) }
    }

    /// Number of bands.
    pub fn n_bands(&self) -> usize {
        self.bands.len()
    }

    /// Spectrogram of `pcm` followed by silence up to `n_frames` frames of 160 samples; what is longer is cut off.
    /// Returns `n_bands` rows of `n_frames` values. No errors.
    pub fn spectrogram(&self, pcm: &[i16], n_frames: usize) -> Vec<f32> {
        let n_bands = self.bands.len();
        let mut out = vec![0.0f32; n_bands * n_frames];
        let mut work = vec![Complex::default(); FFT];
        let mut scratch = vec![Complex::default(); self.fft.get_inplace_scratch_len()];
        // Windows are centred on their frame; before the start the sound is mirrored. The end is silence.
        let at = |i: isize| pcm.get(i.unsigned_abs()).map_or(0.0, |&s| f32::from(s) / 32768.0);
        // Frames that lie wholly in the silence hold nothing: their power is 0 in every band.
        let n_sounding = n_frames.min((pcm.len() + FFT / 2).div_ceil(HOP));
        let mut max = f32::MIN;
        // Two real transforms fit into one complex one: one frame in the real part, the next in the imaginary part.
        for first in (0..n_sounding).step_by(2) {
            let start = (first * HOP) as isize - (FFT / 2) as isize;
            for (i, (w, h)) in work.iter_mut().zip(&self.hann).enumerate() {
                let i = start + i as isize;
                *w = Complex::new(at(i) * h, at(i + HOP as isize) * h);
            }
            self.fft.process_with_scratch(&mut work, &mut scratch);
            let mut power = [[0.0f32; BINS]; 2];
            for k in 0..BINS {
                let (a, b) = (work[k], work[(FFT - k) % FFT].conj());
                power[0][k] = (a + b).norm_sqr() / 4.0;
                power[1][k] = (a - b).norm_sqr() / 4.0;
            }
            for (frame, power) in (first..n_sounding).zip(&power) {
                for (band, (from, weights)) in self.bands.iter().enumerate() {
                    let sum: f32 = weights.iter().zip(&power[*from..]).map(|(w, p)| w * p).sum();
                    let log = sum.max(1e-10).log10();
                    max = max.max(log);
                    out[band * n_frames + frame] = log;
                }
            }
        }
        if n_sounding < n_frames {
            max = max.max(-10.0);
            for band in out.chunks_exact_mut(n_frames) {
                band[n_sounding..].fill(-10.0);
            }
        }
        let floor = max - 8.0;
        for v in &mut out {
            *v = (v.max(floor) + 4.0) / 4.0;
        }
        out
    }
}

/// Triangles on Slaney's mel scale (linear below 1000 Hz, logarithmic above), each of area 1.
fn bands(n: usize) -> Vec<(usize, Vec<f32>)> {
    let step = 6.4f64.ln() / 27.0;
    let to_mel = |hz: f64| if hz < 1000.0 { hz * 3.0 / 200.0 } else { 15.0 + (hz / 1000.0).ln() / step };
    let to_hz = |mel: f64| if mel < 15.0 { mel * 200.0 / 3.0 } else { 1000.0 * (step * (mel - 15.0)).exp() };
    let top = to_mel(RATE / 2.0);
    let edges: Vec<f64> = (0..n + 2).map(|i| to_hz(top * i as f64 / (n + 1) as f64)).collect();
    let bin = |k: usize| k as f64 * RATE / FFT as f64;
    edges
        .windows(3)
        .map(|e| {
            let weight = |k: usize| {
                let rise = (bin(k) - e[0]) / (e[1] - e[0]);
                let fall = (e[2] - bin(k)) / (e[2] - e[1]);
                rise.min(fall).max(0.0) * 2.0 / (e[2] - e[0])
            };
            let first = (0..BINS).find(|&k| weight(k) > 0.0).unwrap_or(0);
            let weights = (first..BINS).map(weight).take_while(|w| *w > 0.0).map(|w| w as f32).collect();
            (first, weights)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a second of two tones and a click, computed the same everywhere.
    fn sound() -> Vec<i16> {
        (0..8000)
            .map(|i| {
                let t = f64::from(i) / RATE;
                let tones = 6000.0 * (2.0 * std::f64::consts::PI * 440.0 * t).sin()
                    + 2000.0 * (2.0 * std::f64::consts::PI * 2500.0 * t).sin();
                if i == 4000 { 20000 } else { tones as i16 }
            })
            .collect()
    }

    #[test]
    fn it_is_what_whisper_was_trained_on() {
        // Band, frame, value: from faster-whisper 1.2.1's feature extractor on the same samples followed by silence.
        let mel = Mel::new(80).spectrogram(&sound(), 300);
        for (band, frame, value) in REFERENCE {
            let ours = mel[band * 300 + frame];
            assert!((ours - value).abs() < 2e-3, "band {band} frame {frame}: {ours} is not {value}");
        }
    }
    const REFERENCE: [(usize, usize, f32); 33] = [
        (0, 0, 0.7763),
        (0, 24, -0.0181),
        (0, 48, -0.7798),
        (0, 51, 0.1139),
        (0, 200, -0.7798),
        (5, 10, -0.7798),
        (5, 26, -0.0183),
        (5, 51, 0.1420),
        (5, 60, -0.7798),
        (12, 1, 1.0794),
        (12, 25, 1.0759),
        (12, 51, 0.1257),
        (20, 0, 0.5703),
        (20, 24, -0.0190),
        (20, 48, -0.7798),
        (20, 51, -0.0607),
        (20, 200, -0.7798),
        (33, 10, -0.7798),
        (33, 26, -0.0117),
        (33, 51, -0.5021),
        (33, 60, -0.7798),
        (45, 1, -0.1634),
        (45, 25, 0.4930),
        (45, 51, -0.3029),
        (60, 0, 0.1897),
        (60, 24, -0.0174),
        (60, 48, -0.7798),
        (60, 51, -0.4702),
        (60, 200, -0.7798),
        (79, 10, -0.7798),
        (79, 26, -0.0181),
        (79, 51, -0.7180),
        (79, 60, -0.7798),
    ];

    #[test]
    fn silence_is_flat_and_sound_is_not() {
        let mel = Mel::new(80);
        let flat = mel.spectrogram(&[], 10);
        assert_eq!(flat.len(), 800);
        assert!(flat.iter().all(|v| (v - flat[0]).abs() < f32::EPSILON));
        let loud = mel.spectrogram(&sound(), 50);
        assert!(loud.iter().all(|v| v.is_finite()));
        assert!(loud.iter().any(|v| *v > 1.0));
    }
}
