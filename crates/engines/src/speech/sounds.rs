//! Sound for those who listen: a recording that several of them hear one after the other is decoded once.
//!
//! Looking into a short call and decoding it takes longer than finding out where somebody speaks, and who speaks, where, and what
//! all ask for the same samples. So the last few short recordings are kept in memory, by the digest of their bytes; they go
//! with the engines, when the case is closed or locked.

use super::RATE;
use crate::decode::{self, PcmReader};
use crate::sandbox::Sandbox;
use crate::{EngineError, Input};
use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use zapys_domain::{Finding, ObjectId};

/// Samples of a recording that is kept, at most, channels added up: eight minutes of one (15 MB).
const MOST: usize = 8 * 60 * RATE as usize;
/// Samples of all that are kept.
const MOST_OF_ALL: usize = 2 * MOST;
/// Larger files are not even looked at, in bytes: reading them to recognise them would take longer than is won.
const LARGEST_FILE: u64 = 32 << 20;

/// Bytes and media type: what decides which samples come out.
type Key = (ObjectId, String);
/// Recordings that are kept, the oldest first.
type Shelf = VecDeque<(Key, Arc<Kept>)>;

/// Where sound comes from. Clones share what is kept.
#[derive(Clone)]
pub struct Sounds {
    sandbox: Sandbox,
    kept: Arc<Mutex<Shelf>>,
}

/// A recording, decoded.
struct Kept {
    duration_ms: Option<u64>,
    channels: u16,
    /// Interleaved, 16,000 a second.
    samples: Vec<i16>,
    findings: Vec<Finding>,
}

impl Sounds {
    /// Decoded in this sandbox.
    pub fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, kept: Arc::default() }
    }

    /// The samples of a recording, 16,000 a second. Errors: those of [`decode::pcm`].
    pub(crate) fn open(&self, input: &Input, cancel: &Arc<AtomicBool>) -> Result<SoundReader, EngineError> {
        let key = key(input);
        if let Some(kept) = key.as_ref().and_then(|k| self.find(k)) {
            return Ok(SoundReader { frames: 0, channels: kept.channels, source: Source::Kept(kept) });
        }
        let reader = decode::pcm(&self.sandbox, input, Some(RATE as u32), cancel)?;
        let copy = key.map(|key| Copy { key, samples: Vec::new(), whole: false, to: self.clone() });
        Ok(SoundReader { frames: 0, channels: reader.channels(), source: Source::Decoder { reader: Box::new(reader), copy } })
    }

    fn find(&self, key: &Key) -> Option<Arc<Kept>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(k, _)| k == key).map(|(_, sound)| Arc::clone(sound))
    }

    fn keep(&self, key: Key, sound: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(k, _)| *k != key);
        kept.push_back((key, Arc::new(sound)));
        let samples = |kept: &Shelf| kept.iter().map(|(_, s)| s.samples.len()).sum::<usize>();
        while samples(&kept) > MOST_OF_ALL {
            kept.pop_front();
        }
    }
}

/// None for a file that is too large or cannot be read; decoding it will tell.
fn key(input: &Input) -> Option<Key> {
    if std::fs::metadata(&input.path).ok()?.len() > LARGEST_FILE {
        return None;
    }
    Some((ObjectId::of(&std::fs::read(&input.path).ok()?), input.media_type.clone()))
}

/// A stream of interleaved samples, 16,000 a second.
pub(crate) struct SoundReader {
    source: Source,
    channels: u16,
    /// Frames (one sample of each channel) read so far.
    frames: u64,
}
enum Source {
    Decoder { reader: Box<PcmReader>, copy: Option<Copy> },
    Kept(Arc<Kept>),
}
/// What is being read for the first time, as long as it is short enough to be kept.
struct Copy {
    key: Key,
    samples: Vec<i16>,
    /// The end was read.
    whole: bool,
    to: Sounds,
}

impl SoundReader {
    /// Number of channels, at least 1.
    pub fn channels(&self) -> u16 {
        self.channels
    }
    /// Length that the container states, in milliseconds.
    pub fn stated_ms(&self) -> Option<u64> {
        match &self.source {
            Source::Decoder { reader, .. } => reader.facts().duration_ms,
            Source::Kept(kept) => kept.duration_ms,
        }
    }
    /// Frames (one sample of each channel) read so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }
    /// Milliseconds read so far.
    pub fn position_ms(&self) -> u64 {
        self.frames * 1000 / RATE
    }

    /// Fills `out` with whole frames; `out` must hold at least one. Gives the number of samples, 0 at the end.
    /// Errors: those of [`PcmReader::read`].
    pub fn read(&mut self, out: &mut [i16]) -> Result<usize, EngineError> {
        let width = usize::from(self.channels);
        let n = match &mut self.source {
            Source::Decoder { reader, copy } => {
                let n = reader.read(out)?;
                match copy {
                    Some(c) if c.samples.len() + n <= MOST => {
                        c.samples.extend(&out[..n]);
                        c.whole |= n == 0;
                    }
                    _ => *copy = None,
                }
                n
            }
            Source::Kept(kept) => {
                let from = self.frames as usize * width;
                let n = (out.len() / width * width).min(kept.samples.len() - from);
                out[..n].copy_from_slice(&kept.samples[from..from + n]);
                n
            }
        };
        self.frames += (n / width) as u64;
        Ok(n)
    }

    /// What the decoder noticed; call it after the end was reached, also where nobody wants to know: a short recording is kept
    /// from then on.
    pub fn finish(self) -> Vec<Finding> {
        match self.source {
            Source::Kept(kept) => kept.findings.clone(),
            Source::Decoder { reader, copy } => {
                let (duration_ms, channels) = (reader.facts().duration_ms, self.channels);
                let findings = reader.finish();
                if let Some(Copy { key, samples, whole: true, to }) = copy {
                    to.keep(key, Kept { duration_ms, channels, samples, findings: findings.clone() });
                }
                findings
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn input(path: &Path) -> Input {
        Input { path: path.to_owned(), media_type: "audio/x-wav".into() }
    }
    /// A WAV file of one channel, 8000 Hz; `states` samples by its header.
    fn wav(samples: &[i16], states: usize) -> Vec<u8> {
        let (bytes, rate) = (states as u32 * 2, 8000u32);
        let head = [&b"RIFF"[..], &(36 + bytes).to_le_bytes(), b"WAVEfmt ", &16u32.to_le_bytes(), &[1, 0, 1, 0]];
        let rest = [&rate.to_le_bytes()[..], &(rate * 2).to_le_bytes(), &[2, 0, 16, 0], b"data", &bytes.to_le_bytes()];
        let data = samples.iter().flat_map(|s| s.to_le_bytes());
        head.concat().into_iter().chain(rest.concat()).chain(data).collect()
    }
    fn read(sounds: &Sounds, path: &Path) -> (bool, Vec<i16>, Vec<Finding>) {
        let mut reader = sounds.open(&input(path), &Arc::new(AtomicBool::new(false))).unwrap();
        let (kept, mut samples, mut chunk) = (matches!(reader.source, Source::Kept(_)), Vec::new(), vec![0; 777]);
        loop {
            match reader.read(&mut chunk).unwrap() {
                0 => break,
                n => samples.extend(&chunk[..n]),
            }
        }
        assert_eq!((reader.frames(), reader.position_ms()), (samples.len() as u64, samples.len() as u64 / 16));
        assert!(reader.stated_ms().is_some() && reader.channels() == 1);
        (kept, samples, reader.finish())
    }

    #[test]
    fn a_recording_is_decoded_once_and_its_findings_stay() {
        let sounds = Sounds::new(Sandbox::detect().expect("these tests need bubblewrap"));
        let dir = tempfile::tempdir().unwrap();
        let tone: Vec<i16> = (0..16_000).map(|i| ((f64::from(i) * 0.3).sin() * 9000.0) as i16).collect();
        // It states twice what it holds.
        let (short, again) = (dir.path().join("a.wav"), dir.path().join("b.wav"));
        std::fs::write(&short, wav(&tone, 32_000)).unwrap();
        std::fs::copy(&short, &again).unwrap();
        let (kept, samples, findings) = read(&sounds, &short);
        assert!(!kept && samples.len() == 32_000 && !findings.is_empty(), "{} {findings:?}", samples.len());
        assert_eq!(read(&sounds.clone(), &again), (true, samples, findings));
        // Other bytes are another recording; and who stops half way leaves nothing.
        std::fs::write(&short, wav(&tone[1..], 15_999)).unwrap();
        let mut reader = sounds.open(&input(&short), &Arc::default()).unwrap();
        assert!(reader.read(&mut [0; 64]).unwrap() > 0);
        drop(reader.finish());
        assert!(!read(&sounds, &short).0);
        assert!(read(&sounds, &short).0);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let sounds = Sounds::new(Sandbox::detect().expect("these tests need bubblewrap"));
        let sound = |n| Kept { duration_ms: None, channels: 1, samples: vec![0; n], findings: Vec::new() };
        let key = |n: u8| (ObjectId::of(&[n]), String::new());
        for n in 0..4 {
            sounds.keep(key(n), sound(MOST));
        }
        let there = || (0..4).filter(|n| sounds.find(&key(*n)).is_some()).collect::<Vec<_>>();
        assert_eq!(there(), [2, 3]);
        sounds.keep(key(2), sound(1));
        assert_eq!(there(), [2, 3]);
        sounds.keep(key(0), sound(MOST - 1));
        assert_eq!(there(), [0, 2, 3]);
    }
}
