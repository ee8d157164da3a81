//! Who speaks when within a window, and what each voice sounds like: two networks through ONNX Runtime.
//!
//! The first tells for each frame of 270 samples which of three voices of this window speak; the second turns each stretch
//! that one of them speaks into a vector. Which voices of different windows are the same is for the asker to find out.

use crate::Fault;
use crate::fbank::{BANDS, Fbank};
use crate::workers::in_parallel;
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;
use std::collections::BTreeMap;
use std::path::Path;
use zapys_host_protocol::{VOICE_CELL, VOICE_FRAME, VoiceSpan, VoicesHeard};

/// Voices that are told apart in one window.
const VOICES: usize = 3;
/// Which voices speak, for each class that the first network knows.
const CLASSES: [&[usize]; 7] = [&[], &[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2]];
/// Samples that the first network needs at least; less is followed by silence.
const SHORTEST: usize = 16_000;
/// Frames that a voice speaks alone, from which on only those say what it sounds like: 0.4 s.
const ENOUGH: usize = 24;
/// Rows of features from which a vector can be made at all: a quarter of a second.
const LEAST: usize = 23;
/// Windows of which the voices are found out together.
const TOGETHER: usize = 24;
/// Samples by which stretches of overlapping windows may differ at either end, and in what they are heard in, and sound the same: 0.07 s.
const SLACK: u64 = 4 * FRAME;
const FRAME: u64 = VOICE_FRAME as u64;

/// What is said where a network gives up.
const FAILED: &str = "telling voices apart failed";

/// The loaded networks, once for each worker.
pub struct Voices {
    workers: Vec<Worker>,
    fbank: Fbank,
}
struct Worker {
    segmentation: Session,
    embedding: Session,
}

impl Voices {
    /// Loads both networks from a folder. Errors: [`Fault::Model`].
    pub fn open(environment: &Environment, folder: &Path, threads: usize) -> Result<Self, Fault> {
        let session = |name: &str| -> Result<Session, ort::Error> {
            let mut builder = Session::builder(environment)?.with_intra_threads(1)?.with_inter_threads(1)?;
            builder.commit_from_file(folder.join(name))
        };
        let worker = || -> Result<Worker, ort::Error> {
            Ok(Worker { segmentation: session("segmentation.onnx")?, embedding: session("embedding.onnx")? })
        };
        let workers = (0..threads).map(|_| worker()).collect::<Result<_, _>>();
        Ok(Self { workers: workers.map_err(|_| Fault::Model("the networks for voices cannot be loaded"))?, fbank: Fbank::new() })
    }

    /// Who speaks in each window; every answer goes to `each`, in the order of the windows. `places`: the channel that each comes from
    /// and the sample it begins at. Windows overlap, and what two of them hear alike is turned into a vector once.
    /// Errors: [`Fault::Inference`], those of `each`.
    pub fn hear(
        &mut self,
        windows: &[&[i16]],
        places: &[(u16, u64)],
        mut each: impl FnMut(VoicesHeard) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let fbank = &self.fbank;
        let mut known = Known::default();
        for (n, (windows, places)) in windows.chunks(TOGETHER).zip(places.chunks(TOGETHER)).enumerate() {
            let frames = in_parallel(&mut self.workers, windows.len(), FAILED, |worker, i| worker.frames(windows[i]))?;
            let mut new: Vec<Vec<i16>> = Vec::new();
            let mut all: Vec<Vec<Vec<Stretch>>> = Vec::new();
            for ((pcm, frames), place) in windows.iter().zip(&frames).zip(places) {
                all.push(voices(frames, pcm.len(), *place, &mut known, |used| new.push(sound_of(pcm, used))));
            }
            known.vectors.extend(in_parallel(&mut self.workers, new.len(), FAILED, |w, i| w.embed(&fbank.features(&new[i])))?);
            for (i, voices) in all.into_iter().enumerate() {
                let span = |s: &Stretch| VoiceSpan {
                    start: s.start,
                    end: s.end,
                    heard_in: s.heard_in,
                    embedding: s.vector(&known.vectors),
                };
                let voices = voices.iter().map(|v| v.iter().map(span).collect()).collect();
                let window = u32::try_from(n * TOGETHER + i).map_err(|_| Fault::Request("more windows than can be counted"))?;
                each(VoicesHeard { window, voices })?;
            }
        }
        Ok(())
    }
}

/// A stretch that one voice of a window speaks.
struct Stretch {
    /// Frames of the window.
    start: u32,
    end: u32,
    /// Frames that say what it sounds like.
    heard_in: u32,
    /// Vectors of its parts, each with the frames that it was heard in.
    parts: Vec<(usize, u32)>,
}
impl Stretch {
    /// The mean of its parts, as long as each was heard, of length 1; empty where none could be made.
    fn vector(&self, vectors: &[Vec<f32>]) -> Vec<f32> {
        let mut sum: Vec<f32> = Vec::new();
        for (part, heard_in) in &self.parts {
            sum.resize(sum.len().max(vectors[*part].len()), 0.0);
            sum.iter_mut().zip(&vectors[*part]).for_each(|(s, v)| *s += v * *heard_in as f32);
        }
        unit(sum)
    }
}

/// Parts of stretches that have a vector, or will: channel, first and last sample, frames that say what it sounds like.
#[derive(Default)]
struct Known {
    parts: BTreeMap<(u16, u64, u64, u32), usize>,
    vectors: Vec<Vec<f32>>,
}
impl Known {
    /// The vector of as good as the same sound, and whether it is still to be made: then there was none, and it gets the next number.
    fn find(&mut self, channel: u16, start: u64, end: u64, heard_in: u32) -> (usize, bool) {
        let from = (channel, start.saturating_sub(SLACK), 0, 0);
        let to = (channel, start.saturating_add(SLACK), u64::MAX, u32::MAX);
        let alike = |s: &(u16, u64, u64, u32)| s.2.abs_diff(end) <= SLACK && u64::from(s.3.abs_diff(heard_in)) * FRAME <= SLACK;
        if let Some((_, vector)) = self.parts.range(from..=to).find(|(s, _)| alike(s)) {
            return (*vector, false);
        }
        let next = self.parts.len();
        self.parts.insert((channel, start, end, heard_in), next);
        (next, true)
    }
}

/// What each voice of a window speaks. `new` is told the frames of every part whose like was not heard before.
fn voices(
    frames: &[&'static [usize]],
    samples: usize,
    (channel, begins): (u16, u64),
    known: &mut Known,
    mut new: impl FnMut(&[usize]),
) -> Vec<Vec<Stretch>> {
    // What stands in the silence after a short window is not there.
    let frames = &frames[..frames.len().min(samples.div_ceil(VOICE_FRAME as usize))];
    let at = |frame: usize| begins.saturating_add(frame as u64 * FRAME);
    let mut voices = Vec::new();
    for voice in 0..VOICES {
        let speaks: Vec<bool> = frames.iter().map(|who| who.contains(&voice)).collect();
        let mut said = Vec::new();
        for (start, end) in spans(&speaks) {
            let all = start as usize..end as usize;
            let alone: Vec<usize> = all.clone().filter(|f| frames[*f] == [voice]).collect();
            let used = if alone.len() >= ENOUGH { alone } else { all.collect() };
            let parts = parts(&used, |f| at(f) / u64::from(VOICE_CELL)).into_iter().map(|part| {
                let (first, last) = (part[0], part[part.len() - 1]);
                let (vector, is_new) = known.find(channel, at(first), at(last + 1), part.len() as u32);
                if is_new {
                    new(part);
                }
                (vector, part.len() as u32)
            });
            said.push(Stretch { parts: parts.collect(), start, end, heard_in: used.len() as u32 });
        }
        if !said.is_empty() {
            voices.push(said);
        }
    }
    voices
}

/// The frames of a stretch in parts that lie in one cell each; parts that are too short go with the one before, or the one behind.
fn parts(used: &[usize], cell: impl Fn(usize) -> u64) -> Vec<&[usize]> {
    let mut cuts = vec![0];
    for i in 1..used.len() {
        let begins = cuts[cuts.len() - 1];
        if cell(used[i]) != cell(used[i - 1]) && i - begins >= ENOUGH && used.len() - i >= ENOUGH {
            cuts.push(i);
        }
    }
    cuts.push(used.len());
    cuts.windows(2).map(|c| &used[c[0]..c[1]]).collect()
}

/// A vector of length 1; of nothing, nothing.
fn unit(vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    vector.into_iter().map(|v| v / length).collect()
}

/// The samples of these frames.
fn sound_of(pcm: &[i16], frames: &[usize]) -> Vec<i16> {
    let frame = |f: &usize| &pcm[f * VOICE_FRAME as usize..pcm.len().min((f + 1) * VOICE_FRAME as usize)];
    frames.iter().flat_map(frame).copied().collect()
}

impl Worker {
    /// Per frame, who speaks.
    fn frames(&mut self, pcm: &[i16]) -> Result<Vec<&'static [usize]>, ort::Error> {
        let mut samples: Vec<f32> = pcm.iter().map(|s| f32::from(*s) / 32768.0).collect();
        samples.resize(samples.len().max(SHORTEST), 0.0);
        let input = TensorRef::from_array_view(([1usize, 1, samples.len()], samples.as_slice()))?;
        let outputs = self.segmentation.run(ort::inputs!["samples" => input])?;
        let classes = outputs["classes"].try_extract_tensor::<f32>()?.1;
        let likeliest = |row: &[f32]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0);
        Ok(classes.chunks_exact(CLASSES.len()).map(|row| CLASSES[likeliest(row)]).collect())
    }

    /// A vector of length 1; empty for sound too short for one.
    fn embed(&mut self, features: &[f32]) -> Result<Vec<f32>, ort::Error> {
        let n = features.len() / BANDS;
        if n < LEAST {
            return Ok(Vec::new());
        }
        let input = TensorRef::from_array_view(([1usize, n, BANDS], features))?;
        let outputs = self.embedding.run(ort::inputs!["features" => input])?;
        let vector = outputs["embedding"].try_extract_tensor::<f32>()?.1;
        Ok(unit(vector.to_vec()))
    }
}

/// Runs of true: first and one past the last.
fn spans(speaks: &[bool]) -> Vec<(u32, u32)> {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for (f, _) in (0u32..).zip(speaks).filter(|(_, s)| **s) {
        match spans.last_mut() {
            Some(last) if last.1 == f => last.1 = f + 1,
            _ => spans.push((f, f + 1)),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_become_spans() {
        let frames: Vec<bool> = "..###.#".chars().map(|c| c == '#').collect();
        assert_eq!(spans(&frames), [(2, 5), (6, 7)]);
        assert!(spans(&[]).is_empty());
    }

    #[test]
    fn what_two_windows_hear_alike_is_turned_into_a_vector_once() {
        const A: &[usize] = &[0];
        let frames = |said: &[(usize, usize)]| -> Vec<&'static [usize]> {
            (0..500).map(|f| if said.iter().any(|(a, b)| (*a..*b).contains(&f)) { A } else { &[] }).collect()
        };
        let mut known = Known::default();
        let mut hear = |said: &[(usize, usize)], place| {
            let mut new = Vec::new();
            let voices = voices(&frames(said), 500 * VOICE_FRAME as usize, place, &mut known, |used| new.push(used.len()));
            let parts: Vec<Vec<usize>> = voices[0].iter().map(|s| s.parts.iter().map(|p| p.0).collect()).collect();
            (parts, new)
        };
        let frame = |n: u64| n * FRAME;
        // A short stretch is one part; a long one is cut where cells end, and not into pieces that are too short.
        assert_eq!(hear(&[(10, 40), (130, 460)], (0, 0)), (vec![vec![0], vec![1, 2]], vec![30, 166, 164]));
        // The next window begins a cell later: a stretch that it hears two frames longer again, and what is new.
        assert_eq!(hear(&[(0, 314), (330, 360)], (0, frame(148))), (vec![vec![3, 2], vec![4]], vec![148, 30]));
        // On another channel nothing was heard before; nor is half a stretch the whole.
        assert_eq!(hear(&[(10, 40)], (1, 0)), (vec![vec![5]], vec![30]));
        assert_eq!(hear(&[(10, 25)], (0, 0)), (vec![vec![6]], vec![15]));
    }

    #[test]
    fn a_stretch_sounds_like_the_mean_of_its_parts() {
        let vectors = [vec![1.0, 0.0], vec![0.0, 1.0], Vec::new()];
        let of = |parts: &[(usize, u32)]| Stretch { start: 0, end: 1, heard_in: 1, parts: parts.to_vec() }.vector(&vectors);
        assert_eq!(of(&[(0, 7)]), [1.0, 0.0]);
        assert_eq!(of(&[(0, 30), (2, 5), (1, 40)]), [0.6, 0.8]);
        assert!(of(&[(2, 5)]).is_empty());
    }
}
