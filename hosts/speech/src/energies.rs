//! Log mel energies as a pack says that its network was trained on: scale, window, edges, what is done to silence.

use crate::Fault;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;
use zapys_host_protocol::{Edges, MelScale, Spelling};

const RATE: f64 = 16_000.0;
/// Longest transform, in samples, and most bands: more than any network for speech has.
const MAX_FFT: usize = 4096;
const MAX_BANDS: usize = 512;

/// Computes features; shared by threads.
pub struct Energies {
    how: Spelling,
    fft: Arc<dyn Fft<f32>>,
    /// As long as the transform, the window in its middle.
    hann: Vec<f32>,
    /// Per band: first frequency bin, weights.
    bands: Vec<(usize, Vec<f32>)>,
}
impl Energies {
    /// Errors: [`Fault::Model`] where the numbers make no sense.
    pub fn new(how: &Spelling) -> Result<Self, Fault> {
        let numbers = (1..=MAX_BANDS).contains(&how.bands)
            && (16..=MAX_FFT).contains(&how.fft)
            && (1..=how.fft).contains(&how.window)
            && (1..=how.fft).contains(&how.hop)
            && (0.0..1.0).contains(&how.preemphasis)
            && how.floor >= 0.0
            && how.guard >= 0.0
            && how.floor + how.guard > 0.0;
        if !numbers {
            return Err(Fault::Model("the pack's numbers about what its network hears make no sense"));
        }
        let turn = 2.0 * std::f64::consts::PI / (how.window - usize::from(!how.periodic && how.window > 1)) as f64;
        let before = (how.fft - how.window) / 2;
        let mut hann = vec![0.0; how.fft];
        for (i, w) in hann[before..before + how.window].iter_mut().enumerate() {
            *w = (0.5 - 0.5 * (turn * i as f64).cos()) as f32;
        }
        Ok(Self { fft: FftPlanner::new().plan_fft_forward(how.fft), hann, bands: bands(how), how: how.clone() })
    }

    /// Frames of so many samples.
    pub fn frames(&self, samples: usize) -> usize {
        match self.how.edges {
            Edges::None => samples.checked_sub(self.how.fft).map_or(0, |rest| rest / self.how.hop + 1),
            Edges::Mirror | Edges::Silence if samples == 0 => 0,
            Edges::Mirror | Edges::Silence => samples / self.how.hop + 1,
        }
    }

    /// Rows of bands, each as long as there are frames. No errors.
    pub fn features(&self, pcm: &[i16]) -> Vec<f32> {
        let (n, n_bands) = (self.frames(pcm.len()), self.bands.len());
        let mut rows = vec![0.0f32; n * n_bands];
        let half = if self.how.edges == Edges::None { 0 } else { (self.how.fft / 2) as isize };
        let mut work = vec![Complex::default(); self.how.fft];
        let mut scratch = vec![Complex::default(); self.fft.get_inplace_scratch_len()];
        for frame in 0..n {
            let start = (frame * self.how.hop) as isize - half;
            for (i, (w, h)) in work.iter_mut().zip(&self.hann).enumerate() {
                *w = Complex::new(self.at(pcm, start + i as isize) * h, 0.0);
            }
            self.fft.process_with_scratch(&mut work, &mut scratch);
            for (band, (first, weights)) in self.bands.iter().enumerate() {
                let energy: f32 = weights.iter().zip(&work[*first..]).map(|(w, c)| w * c.norm_sqr()).sum();
                rows[band * n + frame] = (energy.max(self.how.floor) + self.how.guard).ln();
            }
        }
        if self.how.normalise && n > 0 {
            rows.chunks_exact_mut(n).for_each(level);
        }
        rows
    }

    /// A sample, with what stands before and behind the sound.
    fn at(&self, pcm: &[i16], i: isize) -> f32 {
        let plain = |i: isize| usize::try_from(i).ok().and_then(|i| pcm.get(i)).map_or(0.0, |s| f32::from(*s) / 32768.0);
        let mirrored = |i: isize| {
            let last = pcm.len() as isize - 1;
            // Sound shorter than half a window is mirrored once only.
            plain(if i < 0 {
                -i
            } else if i > last {
                2 * last - i
            } else {
                i
            })
        };
        let sample = |i: isize| if self.how.edges == Edges::Mirror { mirrored(i) } else { plain(i) };
        match self.how.preemphasis {
            0.0 => sample(i),
            p if i > 0 => sample(i) - p * sample(i - 1),
            _ => sample(i),
        }
    }
}

/// Mean 0 and deviation 1.
fn level(row: &mut [f32]) {
    let n = row.len() as f64;
    let mean = row.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let spread = (row.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt() + 1e-5;
    row.iter_mut().for_each(|v| *v = ((f64::from(*v) - mean) / spread) as f32);
}

/// Triangles between points that are equally far apart on the scale; on Slaney's each has area 1.
fn bands(how: &Spelling) -> Vec<(usize, Vec<f32>)> {
    let step = 6.4f64.ln() / 27.0;
    let slaney = how.mel == MelScale::Slaney;
    let to_mel = |hz: f64| match slaney {
        true if hz < 1000.0 => hz * 3.0 / 200.0,
        true => 15.0 + (hz / 1000.0).ln() / step,
        false => 2595.0 * (1.0 + hz / 700.0).log10(),
    };
    let to_hz = |mel: f64| match slaney {
        true if mel < 15.0 => mel * 200.0 / 3.0,
        true => 1000.0 * (step * (mel - 15.0)).exp(),
        false => 700.0 * (10f64.powf(mel / 2595.0) - 1.0),
    };
    let top = to_mel(RATE / 2.0);
    let edges: Vec<f64> = (0..how.bands + 2).map(|i| to_hz(top * i as f64 / (how.bands + 1) as f64)).collect();
    let bins = how.fft / 2 + 1;
    let bin = |k: usize| k as f64 * RATE / how.fft as f64;
    edges
        .windows(3)
        .map(|e| {
            let area = if slaney { 2.0 / (e[2] - e[0]) } else { 1.0 };
            let weight = |k: usize| {
                let (rise, fall) = ((bin(k) - e[0]) / (e[1] - e[0]), (e[2] - bin(k)) / (e[2] - e[1]));
                rise.min(fall).max(0.0) * area
            };
            let first = (0..bins).find(|&k| weight(k) > 0.0).unwrap_or(0);
            (first, (first..bins).map(weight).take_while(|w| *w > 0.0).map(|w| w as f32).collect())
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn how(mel: MelScale, edges: Edges) -> Spelling {
        Spelling {
            model: "m.onnx".into(),
            tokens: "t".into(),
            blank: "<blk>".into(),
            bands: 64,
            fft: 400,
            window: 400,
            hop: 160,
            mel,
            edges,
            periodic: true,
            preemphasis: 0.0,
            floor: 1e-9,
            guard: 0.0,
            normalise: false,
        }
    }
    fn tone(hz: f64, n: usize) -> Vec<i16> {
        (0..n).map(|i| (8000.0 * (2.0 * std::f64::consts::PI * hz * i as f64 / RATE).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_is_loudest_in_its_band() {
        for mel in [MelScale::Htk, MelScale::Slaney] {
            for hz in [300.0, 1000.0, 3000.0] {
                let e = Energies::new(&how(mel, Edges::Mirror)).expect("sound");
                let n = e.frames(8000);
                let rows = e.features(&tone(hz, 8000));
                assert_eq!((n, rows.len()), (51, 51 * 64));
                let loudest = (0..64).max_by(|a, b| rows[a * n + 25].total_cmp(&rows[b * n + 25])).expect("bands");
                let (first, weights) = &e.bands[loudest];
                let (low, high) = (*first as f64 * 40.0 - 40.0, (first + weights.len()) as f64 * 40.0);
                assert!((low..high).contains(&hz), "{hz} Hz is not in {low} to {high}");
            }
        }
    }

    #[test]
    fn silence_is_the_floor_and_bands_are_levelled_where_that_is_wanted() {
        let plain = Energies::new(&how(MelScale::Htk, Edges::Silence)).expect("sound");
        assert!(plain.features(&[0; 1600]).iter().all(|v| (v - 1e-9f32.ln()).abs() < 1e-3));
        let levelled = Energies::new(&Spelling { normalise: true, preemphasis: 0.97, ..how(MelScale::Slaney, Edges::None) });
        let levelled = levelled.expect("sound");
        let n = levelled.frames(8000);
        assert_eq!((n, levelled.frames(399)), (48, 0));
        let rows = levelled.features(&tone(700.0, 8000));
        for row in rows.chunks_exact(n) {
            assert!(row.iter().sum::<f32>().abs() < 1e-2 * n as f32 && row.iter().all(|v| v.is_finite()));
        }
        assert!(plain.features(&[]).is_empty() && levelled.features(&[1; 10]).is_empty());
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let good = how(MelScale::Htk, Edges::None);
        for bad in [
            Spelling { bands: 0, ..good.clone() },
            Spelling { fft: 1 << 20, ..good.clone() },
            Spelling { window: 401, ..good.clone() },
            Spelling { hop: 0, ..good.clone() },
            Spelling { preemphasis: f32::NAN, ..good.clone() },
            Spelling { floor: 0.0, ..good.clone() },
        ] {
            assert!(Energies::new(&bad).is_err(), "{bad:?}");
        }
    }
}
