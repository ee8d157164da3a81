//! Where somebody speaks: Silero VAD through ONNX Runtime, one probability every 32 ms, then a rule with two thresholds.

use crate::Fault;
use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;
use std::path::Path;
use zapys_host_protocol::GateAsk;

/// Samples that one probability is about.
const CHUNK: usize = 512;
/// Samples of the chunk before that the model wants to see again.
const CONTEXT: usize = 64;
/// Size of the model's memory: two layers of 128.
const STATE: usize = 2 * 128;

/// The loaded model.
pub struct Gate {
    session: Session,
}

impl Gate {
    /// Loads the model. Errors: [`Fault::Model`].
    pub fn open(environment: &Environment, model: &Path) -> Result<Self, Fault> {
        let session = || -> Result<Session, ort::Error> {
            let mut builder = Session::builder(environment)?.with_intra_threads(1)?.with_inter_threads(1)?;
            builder.commit_from_file(model)
        };
        Ok(Self { session: session().map_err(|_| Fault::Model("the speech gate's model cannot be loaded"))? })
    }

    /// Begins a channel.
    pub fn listen(&mut self, ask: &GateAsk) -> Listening<'_> {
        Listening { gate: self, rule: Rule::new(ask), state: vec![0.0; STATE], input: vec![0.0; CONTEXT], left: ask.samples }
    }

    /// One step: probability of speech for context and chunk; replaces `state`.
    fn step(&mut self, input: &[f32], state: &mut [f32]) -> Result<f32, ort::Error> {
        let rate = [16_000i64];
        let outputs = self.session.run(ort::inputs![
            "input" => TensorRef::from_array_view(([1usize, CONTEXT + CHUNK], input))?,
            "state" => TensorRef::from_array_view(([2usize, 1, STATE / 2], &*state))?,
            "sr" => TensorRef::from_array_view(([0usize; 0], &rate[..]))?,
        ])?;
        let probability = outputs["output"].try_extract_tensor::<f32>()?.1.first().copied().unwrap_or(0.0);
        let next = outputs["stateN"].try_extract_tensor::<f32>()?.1;
        if next.len() == state.len() {
            state.copy_from_slice(next);
        }
        Ok(probability)
    }
}

/// One channel being listened to.
pub struct Listening<'g> {
    gate: &'g mut Gate,
    rule: Rule,
    state: Vec<f32>,
    /// Context, then what has come of the next chunk.
    input: Vec<f32>,
    left: u64,
}

impl Listening<'_> {
    /// Takes the next samples; what goes beyond the number announced is not looked at. Errors: [`Fault::Inference`].
    pub fn hear(&mut self, samples: impl Iterator<Item = i16>) -> Result<(), Fault> {
        for s in samples.take(usize::try_from(self.left).unwrap_or(usize::MAX)) {
            self.left -= 1;
            self.input.push(f32::from(s) / 32768.0);
            if self.input.len() == CONTEXT + CHUNK {
                self.step()?;
            }
        }
        Ok(())
    }

    /// Ends the channel: spans of speech in samples. Errors: [`Fault::Inference`].
    pub fn end(mut self) -> Result<Vec<(u64, u64)>, Fault> {
        if self.input.len() > CONTEXT {
            self.input.resize(CONTEXT + CHUNK, 0.0);
            self.step()?;
        }
        Ok(self.rule.end())
    }

    fn step(&mut self) -> Result<(), Fault> {
        let p = self.gate.step(&self.input, &mut self.state).map_err(|_| Fault::Inference("the speech gate failed"))?;
        self.rule.next(p);
        self.input.drain(..CHUNK);
        Ok(())
    }
}

/// Speech begins above one threshold and ends where it stays below another, lower one for a while.
struct Rule {
    begin: f32,
    end: f32,
    min_speech: u64,
    min_silence: u64,
    total: u64,
    at: u64,
    started: Option<u64>,
    /// Where the probability fell below the lower threshold.
    quiet_since: Option<u64>,
    spans: Vec<(u64, u64)>,
}
impl Rule {
    fn new(ask: &GateAsk) -> Self {
        let samples = |ms: u32| u64::from(ms) * 16;
        Self {
            begin: f32::from(ask.threshold[0]) / 1000.0,
            end: f32::from(ask.threshold[1]) / 1000.0,
            min_speech: samples(ask.min_speech_ms),
            min_silence: samples(ask.min_silence_ms),
            total: ask.samples,
            at: 0,
            started: None,
            quiet_since: None,
            spans: Vec::new(),
        }
    }

    fn next(&mut self, probability: f32) {
        if probability >= self.begin {
            self.started.get_or_insert(self.at);
            self.quiet_since = None;
        } else if probability < self.end && self.started.is_some() {
            let since = *self.quiet_since.get_or_insert(self.at);
            if self.at + CHUNK as u64 - since >= self.min_silence {
                self.close(since);
            }
        }
        self.at += CHUNK as u64;
    }

    fn close(&mut self, end: u64) {
        if let Some(start) = self.started.take()
            && end - start >= self.min_speech
        {
            self.spans.push((start, end.min(self.total)));
        }
        self.quiet_since = None;
    }

    fn end(mut self) -> Vec<(u64, u64)> {
        self.close(self.quiet_since.unwrap_or(self.at));
        self.spans.retain(|(a, b)| a < b);
        self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(probabilities: &[f32], min_speech_ms: u32, min_silence_ms: u32) -> Vec<(u64, u64)> {
        let samples = (probabilities.len() * CHUNK) as u64 - 100;
        let mut rule = Rule::new(&GateAsk { samples, threshold: [500, 300], min_speech_ms, min_silence_ms });
        probabilities.iter().for_each(|&p| rule.next(p));
        // In units of chunks, rounded up.
        rule.end().into_iter().map(|(a, b)| (a.div_ceil(CHUNK as u64), b.div_ceil(CHUNK as u64))).collect()
    }

    #[test]
    fn speech_begins_high_and_ends_low() {
        assert_eq!(spans(&[0.1, 0.4, 0.6, 0.4, 0.35, 0.2, 0.1, 0.1, 0.9], 0, 64), [(2, 5), (8, 9)]);
        assert_eq!(spans(&[0.6, 0.2, 0.6, 0.2, 0.2], 0, 64), [(0, 3)], "one quiet chunk is no pause");
        assert_eq!(spans(&[0.6, 0.1, 0.1, 0.1, 0.6, 0.6, 0.6, 0.1, 0.1], 64, 64), [(4, 7)], "too short to be speech");
        assert_eq!(spans(&[0.1; 9], 0, 64), []);
        assert_eq!(spans(&[0.9; 3], 0, 64), [(0, 3)]);
    }
}
