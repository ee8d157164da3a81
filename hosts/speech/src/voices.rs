//! Who speaks when within a window, and what each voice sounds like: two networks through ONNX Runtime.
//!
//! The first tells for each frame of 270 samples which of three voices of this window speak; the second turns each stretch
//! that one of them speaks into a vector. Which voices of different windows are the same is for the asker to find out.

use crate::Fault;
use crate::fbank::{BANDS, Fbank};
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use zapys_host_protocol::{VOICE_FRAME, VoiceSpan, VoicesHeard};

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

    /// Who speaks in each window; every answer goes to `each` as it comes. Errors: [`Fault::Inference`], those of `each`.
    pub fn hear(&mut self, windows: &[&[i16]], each: impl FnMut(VoicesHeard) -> Result<(), Fault> + Send) -> Result<(), Fault> {
        let fbank = &self.fbank;
        share(&mut self.workers, windows, each, |worker, n, pcm| worker.hear(fbank, n, pcm))
    }
}

/// Has the workers take one window after the other.
fn share<T: Send>(
    workers: &mut [Worker],
    windows: &[&[i16]],
    each: impl FnMut(T) -> Result<(), Fault> + Send,
    work: impl Fn(&mut Worker, u32, &[i16]) -> Result<T, ort::Error> + Sync,
) -> Result<(), Fault> {
    let next = AtomicUsize::new(0);
    let each = Mutex::new(each);
    let run = |worker: &mut Worker| loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let (Some(pcm), Ok(index)) = (windows.get(n), u32::try_from(n)) else { return Ok(()) };
        let told = work(worker, index, pcm).map_err(|_| Fault::Inference("telling voices apart failed"));
        let told = told.and_then(|answer| (each.lock().unwrap_or_else(PoisonError::into_inner))(answer));
        if told.is_err() {
            // Nobody starts another.
            next.store(windows.len(), Ordering::Relaxed);
            return told;
        }
    };
    std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = workers.iter_mut().map(|worker| scope.spawn(move || run(worker))).collect();
        threads.into_iter().try_for_each(|t| t.join().unwrap_or(Err(Fault::Inference("a worker stopped in the middle"))))
    })
}

impl Worker {
    fn hear(&mut self, fbank: &Fbank, window: u32, pcm: &[i16]) -> Result<VoicesHeard, ort::Error> {
        let frames = self.frames(pcm)?;
        // What stands in the silence after a short window is not there.
        let n_frames = frames.len().min(pcm.len().div_ceil(VOICE_FRAME as usize));
        let mut voices = Vec::new();
        for voice in 0..VOICES {
            let speaks: Vec<bool> = frames[..n_frames].iter().map(|who| who.contains(&voice)).collect();
            let mut said = Vec::new();
            for (start, end) in spans(&speaks) {
                let all = start as usize..end as usize;
                let alone: Vec<usize> = all.clone().filter(|f| frames[*f] == [voice]).collect();
                let used = if alone.len() >= ENOUGH { alone } else { all.collect() };
                let frame = |f: &usize| &pcm[f * VOICE_FRAME as usize..pcm.len().min((f + 1) * VOICE_FRAME as usize)];
                let heard: Vec<i16> = used.iter().flat_map(frame).copied().collect();
                let embedding = self.embed(&fbank.features(&heard))?;
                said.push(VoiceSpan { start, end, heard_in: used.len() as u32, embedding });
            }
            if !said.is_empty() {
                voices.push(said);
            }
        }
        Ok(VoicesHeard { window, voices })
    }

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
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        Ok(vector.iter().map(|v| v / length).collect())
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
}
