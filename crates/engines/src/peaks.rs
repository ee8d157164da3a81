//! Waveform overview: for each short stretch of each channel the smallest and the largest sample.

use crate::decode::{PcmReader, probe_facts};
use crate::probe::no_input;
use crate::sandbox::Sandbox;
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use std::num::NonZeroU32;
use zapys_domain::derivation::Repeatability;
use zapys_domain::media::Peaks;
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Step};

/// Finest bucket: a minute of sound then fills a wide screen with room to zoom.
const FINEST_MS: u32 = 10;
/// An overview never holds more buckets; longer sound gets wider ones.
const MAX_BUCKETS: usize = 200_000;

/// Min/max pairs for drawing a waveform.
/// `pcm`: mono i16, n >= 1 samples. `per_bucket`: samples per bucket.
/// Returns ceil(n / per_bucket) pairs in time order; the last bucket may be short. No errors.
pub fn peaks(pcm: &[i16], per_bucket: NonZeroU32) -> Vec<(i16, i16)> {
    let pair = |bucket: &[i16]| bucket.iter().fold((i16::MAX, i16::MIN), |(low, high), &s| (low.min(s), high.max(s)));
    pcm.chunks(per_bucket.get() as usize).map(pair).collect()
}

/// Engine: waveform overview of a recording or of a video's sound.
pub struct WavePeaks {
    sandbox: Sandbox,
    identity: EngineIdentity,
    contract: Contract,
}
impl WavePeaks {
    /// `identity`: of the ffmpeg that is installed.
    pub fn new(sandbox: Sandbox, identity: EngineIdentity) -> Self {
        let contract =
            Contract { emits: DerivativeKind::Peaks, needs: &[DerivativeKind::Probe], repeats: Repeatability::SameMachine };
        Self { sandbox, identity, contract }
    }
}
impl Engine for WavePeaks {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        let facts = probe_facts(work)?;
        let input = work.inputs.first().ok_or_else(no_input)?;
        work.progress.step(Step::Decoding);
        work.progress.total(facts.duration_ms);
        let open = |rate| PcmReader::open(&self.sandbox, input, facts.clone(), rate, &work.cancel);
        let mut reader = open(None)?;
        // Buckets are whole numbers of samples, or they would drift away from the clock: 11,025 a second does not divide.
        if reader.sample_rate() % (1000 / FINEST_MS) != 0 {
            reader = open(Some(16_000))?;
        }
        let n_channels = usize::from(reader.channels());
        let per_bucket = NonZeroU32::new(reader.sample_rate() / (1000 / FINEST_MS))
            .ok_or(EngineError::Unreadable { tool: "peaks", reason: "its sampling rate is below 100 a second".into() })?;
        let mut overview = Overview::new(n_channels, MAX_BUCKETS);
        let mut chunk = vec![0; per_bucket.get() as usize * n_channels];
        let mut mono = Vec::with_capacity(per_bucket.get() as usize);
        let mut told_ms = 0;
        loop {
            // A read may give less than asked; only the very last bucket may be short.
            let mut filled = 0;
            while filled < chunk.len() {
                match reader.read(&mut chunk[filled..])? {
                    0 => break,
                    n => filled += n,
                }
            }
            if filled == 0 {
                break;
            }
            let mut pairs = Vec::with_capacity(n_channels);
            for channel in 0..n_channels {
                mono.clear();
                mono.extend(chunk[..filled].iter().skip(channel).step_by(n_channels));
                pairs.extend(peaks(&mono, per_bucket));
            }
            overview.push(&pairs);
            let now_ms = reader.position_ms();
            work.progress.advance(now_ms - told_ms);
            told_ms = now_ms;
        }
        let duration_ms = reader.position_ms();
        // Damage is the decode engine's to report; saying it twice would count it twice.
        drop(reader.finish());
        let emitted = work.write_json(&overview.into_peaks(duration_ms), &[])?;
        Ok(Checked::clean(emitted))
    }
}

/// Buckets gathered so far; when there are too many, neighbours are joined and each stands for twice the time.
struct Overview {
    channels: Vec<Vec<(i16, i16)>>,
    most: usize,
    /// Finest buckets that make one bucket now: a power of two.
    joined: u32,
    /// Finest buckets already in the last one.
    in_last: u32,
}
impl Overview {
    fn new(n_channels: usize, most: usize) -> Self {
        Self { channels: vec![Vec::new(); n_channels], most, joined: 1, in_last: 1 }
    }
    /// Takes the next finest bucket, a pair for each channel.
    fn push(&mut self, pairs: &[(i16, i16)]) {
        let fresh = self.in_last == self.joined;
        for (channel, &(low, high)) in self.channels.iter_mut().zip(pairs) {
            match channel.last_mut() {
                Some(last) if !fresh => *last = (last.0.min(low), last.1.max(high)),
                _ => channel.push((low, high)),
            }
        }
        self.in_last = if fresh { 1 } else { self.in_last + 1 };
        let len = self.channels.first().map_or(0, Vec::len);
        if len == self.most && self.in_last == self.joined {
            for channel in &mut self.channels {
                let join = |two: &[(i16, i16)]| two.iter().fold((i16::MAX, i16::MIN), |a, b| (a.0.min(b.0), a.1.max(b.1)));
                *channel = channel.chunks(2).map(join).collect();
            }
            // With an odd number the last bucket is half full.
            self.in_last = if len.is_multiple_of(2) { self.joined * 2 } else { self.joined };
            self.joined *= 2;
        }
    }
    fn into_peaks(self, duration_ms: u64) -> Peaks {
        let flat = |pairs: Vec<(i16, i16)>| pairs.into_iter().flat_map(|(low, high)| [scaled(low), scaled(high)]).collect();
        Peaks { duration_ms, bucket_ms: FINEST_MS * self.joined, channels: self.channels.into_iter().map(flat).collect() }
    }
}

/// -32768..32767 to -127..127, rounded to nearest.
fn scaled(sample: i16) -> i8 {
    (f32::from(sample) * 127.0 / 32768.0).round() as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pcm: &[i16], per_bucket: u32, expected: &[(i16, i16)]) {
        assert_eq!(peaks(pcm, NonZeroU32::new(per_bucket).unwrap()), expected);
    }

    #[test]
    fn pairs_in_time_order_and_a_short_last_bucket() {
        check(&[1], 10, &[(1, 1)]);
        check(&[3, -2, 5, 0], 2, &[(-2, 3), (0, 5)]);
        check(&[3, -2, 5, 0, -9], 2, &[(-2, 3), (0, 5), (-9, -9)]);
        check(&[i16::MIN, i16::MAX], 1, &[(i16::MIN, i16::MIN), (i16::MAX, i16::MAX)]);
    }

    #[test]
    fn long_sound_gets_wider_buckets_and_loses_no_peak() {
        for most in [7, 8] {
            let mut overview = Overview::new(1, most);
            let n = 100i16;
            for i in 0..n {
                overview.push(&[(-i, i)]);
            }
            let joined = overview.joined;
            let buckets = overview.channels[0].clone();
            assert!(buckets.len() <= most && buckets.len() * 2 >= most, "{} of {most}", buckets.len());
            for (i, (low, high)) in buckets.iter().enumerate() {
                let last = ((i + 1) * joined as usize).min(n as usize) as i16 - 1;
                assert_eq!((*low, *high), (-last, last), "bucket {i} of width {joined}");
            }
        }
    }

    #[test]
    fn scaling_keeps_the_ends() {
        assert_eq!((scaled(i16::MIN), scaled(i16::MAX), scaled(0), scaled(-200)), (-127, 127, 0, -1));
    }
}
