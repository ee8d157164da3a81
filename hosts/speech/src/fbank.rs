//! Log mel energies as Kaldi computes them and networks for voices were trained on: 25 ms Povey windows every 10 ms, no
//! dither, 80 triangles on the mel scale from 20 Hz up, natural logarithm. Each band's mean over the sound is taken away,
//! which takes away what the line does to all of it.

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Mel bands.
pub const BANDS: usize = 80;
/// Samples of a window, and between two.
const WINDOW: usize = 400;
const HOP: usize = 160;
const FFT: usize = 512;
const RATE: f32 = 16_000.0;
const PREEMPHASIS: f32 = 0.97;
/// Lowest frequency of a band in hertz.
const LOWEST: f32 = 20.0;

/// Computes features; shared by threads.
pub struct Fbank {
    fft: Arc<dyn Fft<f32>>,
    povey: Vec<f32>,
    /// Per band: first frequency bin, weights.
    bands: Vec<(usize, Vec<f32>)>,
}
impl Fbank {
    /// For sound at 16 kHz.
    pub fn new() -> Self {
        let turn = 2.0 * std::f32::consts::PI / (WINDOW - 1) as f32;
        let povey = (0..WINDOW).map(|i| (0.5 - 0.5 * (turn * i as f32).cos()).powf(0.85)).collect();
        Self { fft: FftPlanner::new().plan_fft_forward(FFT), povey, bands: bands() }
    }

    /// Rows of [`BANDS`] values, one every 10 ms while a whole window fits; none for less than 25 ms. No errors.
    pub fn features(&self, pcm: &[i16]) -> Vec<f32> {
        let mut rows = self.energies(pcm);
        let n = rows.len() / BANDS;
        for band in 0..BANDS {
            let mean = rows.iter().skip(band).step_by(BANDS).sum::<f32>() / n.max(1) as f32;
            rows.iter_mut().skip(band).step_by(BANDS).for_each(|v| *v -= mean);
        }
        rows
    }

    fn energies(&self, pcm: &[i16]) -> Vec<f32> {
        let mut rows = Vec::new();
        let mut work = vec![Complex::default(); FFT];
        let mut scratch = vec![Complex::default(); self.fft.get_inplace_scratch_len()];
        for window in pcm.windows(WINDOW).step_by(HOP) {
            let mean = window.iter().map(|s| f32::from(*s)).sum::<f32>() / WINDOW as f32;
            let at = |i: usize| (f32::from(window[i]) - mean) / 32768.0;
            for (i, w) in work.iter_mut().enumerate() {
                let value = if i < WINDOW { (at(i) - PREEMPHASIS * at(i.saturating_sub(1))) * self.povey[i] } else { 0.0 };
                *w = Complex::new(value, 0.0);
            }
            self.fft.process_with_scratch(&mut work, &mut scratch);
            for (first, weights) in &self.bands {
                let energy: f32 = weights.iter().zip(&work[*first..]).map(|(w, c)| w * c.norm_sqr()).sum();
                rows.push(energy.max(f32::EPSILON).ln());
            }
        }
        rows
    }
}

/// Triangles that overlap by half, equally wide on the mel scale, on which they are also drawn.
fn bands() -> Vec<(usize, Vec<f32>)> {
    let mel = |hz: f32| 1127.0 * (1.0 + hz / 700.0).ln();
    let (low, high) = (mel(LOWEST), mel(RATE / 2.0));
    let step = (high - low) / (BANDS + 1) as f32;
    (0..BANDS)
        .map(|band| {
            let left = low + band as f32 * step;
            let weight = |bin: usize| {
                let at = mel(bin as f32 * RATE / FFT as f32);
                ((at - left) / step).min((left + 2.0 * step - at) / step).max(0.0)
            };
            let first = (0..FFT / 2).find(|bin| weight(*bin) > 0.0).unwrap_or(0);
            (first, (first..FFT / 2).map(weight).take_while(|w| *w > 0.0).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_kaldi_computes() {
        // Half a second of two tones and a click.
        let pcm: Vec<i16> = (0..8000)
            .map(|i| {
                let t = f64::from(i) / 16_000.0;
                let turn = 2.0 * std::f64::consts::PI * t;
                if i == 4000 { 20_000 } else { (6000.0 * (turn * 440.0).sin() + 2000.0 * (turn * 2500.0).sin()) as i16 }
            })
            .collect();
        let rows = Fbank::new().energies(&pcm);
        assert_eq!(rows.len(), 48 * BANDS);
        for (band, frame, value) in REFERENCE {
            let ours = rows[frame * BANDS + band];
            // Within two hundredths, and near silence within what single precision can tell.
            let off = (ours.exp() - value.exp()).abs();
            assert!(off < 0.02 * value.exp() + 3e-7, "band {band} frame {frame}: {ours} is not {value}");
        }
        let features = Fbank::new().features(&pcm);
        assert!((0..BANDS).all(|b| features.iter().skip(b).step_by(BANDS).sum::<f32>().abs() < 1e-2));
        assert!(Fbank::new().features(&pcm[..399]).is_empty());
    }
    /// Band, frame, value: from kaldi-native-fbank 1.23.0 on the same samples.
    const REFERENCE: [(usize, usize, f32); 21] = [
        (0, 0, -14.2325),
        (0, 24, -8.9183),
        (0, 47, -12.4418),
        (7, 0, -9.7283),
        (7, 24, -6.1857),
        (7, 47, -9.5285),
        (20, 0, -9.3383),
        (20, 24, -3.6187),
        (20, 47, -9.3922),
        (33, 0, -15.2850),
        (33, 24, -1.7640),
        (33, 47, -15.9424),
        (45, 0, -7.6766),
        (45, 24, -0.4112),
        (45, 47, -7.6807),
        (60, 0, -15.6433),
        (60, 24, 1.0531),
        (60, 47, -15.5258),
        (79, 0, -13.7041),
        (79, 24, 2.3177),
        (79, 47, -13.7636),
    ];
}
