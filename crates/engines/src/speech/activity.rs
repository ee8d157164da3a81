//! Engine: where somebody speaks, channel by channel.

use super::sounds::SoundReader;
use super::{RATE, Speech, TOOL, patience, unexpected};
use crate::host::Next;
use crate::probe::no_input;
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use std::sync::Arc;
use zapys_domain::derivation::Repeatability;
use zapys_domain::media::Activity;
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, Severity, Step};
use zapys_host_protocol::{Ask, GateAsk, Reply};

/// Sound listened to at once: ten minutes of each channel.
const BLOCK: usize = 600 * RATE as usize;
/// Channels are one and the same where what differs has less than this share of the energy (30 dB below).
const SAME: f64 = 1e-3;

/// Engine: where somebody speaks. Needs nothing but the original.
pub struct SpeechActivity {
    speech: Arc<Speech>,
    identity: EngineIdentity,
    contract: Contract,
}
impl SpeechActivity {
    /// With this host and its speech gate.
    pub fn new(speech: Arc<Speech>) -> Self {
        let contract = Contract { emits: DerivativeKind::Speech, needs: &[], repeats: Repeatability::SameMachine };
        Self { identity: speech.gate_identity(), speech, contract }
    }

    /// Spans of one block in samples from its start.
    fn listen(&self, work: &Work<'_>, samples: &[i16]) -> Result<Vec<(u64, u64)>, EngineError> {
        let ask =
            Ask::Gate(GateAsk { samples: samples.len() as u64, threshold: [500, 350], min_speech_ms: 100, min_silence_ms: 100 });
        let mut spans = None;
        let wall = patience(samples.len() as u64);
        self.speech.host()?.ask(&ask, &[samples], wall, &work.cancel, |reply| match reply {
            Reply::Progress { .. } => Ok(Next::More),
            Reply::Activity { spans: found } => {
                spans = Some(found);
                Ok(Next::Enough)
            }
            _ => Err(unexpected()),
        })?;
        let spans = spans.ok_or_else(unexpected)?;
        let ordered = spans.windows(2).all(|w| w[0].1 <= w[1].0);
        let within = spans.iter().all(|(a, b)| a < b && *b <= samples.len() as u64);
        if ordered && within { Ok(spans) } else { Err(unexpected()) }
    }
}
impl Engine for SpeechActivity {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        work.check_cancel()?;
        let input = work.inputs.first().ok_or_else(no_input)?.clone();
        work.progress.step(Step::Listening);
        let mut reader = self.speech.sounds.open(&input, &work.cancel)?;
        work.progress.total(reader.stated_ms());
        let width = usize::from(reader.channels());
        let mut channels: Vec<Vec<(u64, u64)>> = vec![Vec::new(); width];
        let mut all_same = width > 1;
        let mut told_ms = 0;
        loop {
            let base = reader.frames();
            let block = read_block(&mut reader, width)?;
            if block[0].is_empty() {
                break;
            }
            let same = width > 1 && block[1..].iter().all(|c| is_same(&block[0], c));
            all_same &= same;
            let mut first = None;
            for (channel, samples) in channels.iter_mut().zip(&block) {
                let spans = match &first {
                    Some(spans) if same => Vec::clone(spans),
                    _ => self.listen(work, samples)?,
                };
                for &(start, end) in &spans {
                    match channel.last_mut() {
                        // Speech that goes on over the edge of a block.
                        Some(last) if start == 0 && last.1 == base => last.1 = base + end,
                        _ => channel.push((base + start, base + end)),
                    }
                }
                first.get_or_insert(spans);
            }
            let now_ms = reader.position_ms();
            work.progress.advance(now_ms - told_ms);
            told_ms = now_ms;
        }
        let duration_ms = reader.position_ms();
        if all_same {
            channels.truncate(1);
        }
        let ms = |t: u64| t * 1000 / RATE;
        let channels: Vec<Vec<(u64, u64)>> =
            channels.into_iter().map(|c| c.into_iter().map(|(a, b)| (ms(a), ms(b))).filter(|(a, b)| a < b).collect()).collect();
        let mut findings = reader.finish();
        if all_same {
            let text = "All channels hold the same sound; only the first is listened to.";
            findings.push(Finding::whole("channels-identical", Severity::Note, text));
        }
        if channels.iter().all(Vec::is_empty) {
            findings.push(Finding::whole("no-speech", Severity::Note, "No speech was found in this recording."));
        }
        let activity = Activity { duration_ms, channels, joined: all_same };
        let emitted = work.write_json(&activity, &findings)?;
        Ok(Checked { value: emitted, findings })
    }
}

/// The next ten minutes, one list of samples per channel; empty lists at the end.
fn read_block(reader: &mut SoundReader, width: usize) -> Result<Vec<Vec<i16>>, EngineError> {
    let mut block = vec![Vec::new(); width];
    let mut chunk = vec![0; RATE as usize * width];
    while block[0].len() < BLOCK {
        let n = reader.read(&mut chunk)?;
        if n == 0 {
            break;
        }
        for (i, channel) in block.iter_mut().enumerate() {
            channel.extend(chunk[..n].iter().skip(i).step_by(width));
        }
    }
    if block.iter().any(|c| c.len() != block[0].len()) {
        return Err(EngineError::Failed { tool: TOOL, reason: "the channels differ in length".into() });
    }
    Ok(block)
}

/// Whether two channels hold the same sound. Two silent ones do.
fn is_same(a: &[i16], b: &[i16]) -> bool {
    let (mut energy, mut rest) = (0.0f64, 0.0f64);
    for (&a, &b) in a.iter().zip(b) {
        let (a, d) = (f64::from(a), f64::from(a) - f64::from(b));
        energy += a * a;
        rest += d * d;
    }
    rest <= SAME * energy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_the_same_only_where_they_sound_the_same() {
        let tone: Vec<i16> = (0..1000).map(|i| ((f64::from(i) * 0.3).sin() * 8000.0) as i16).collect();
        let near: Vec<i16> = tone.iter().enumerate().map(|(i, s)| s + (i % 3) as i16).collect();
        let quiet: Vec<i16> = tone.iter().map(|s| s / 2).collect();
        let silent = vec![0; 1000];
        assert!(is_same(&tone, &tone) && is_same(&tone, &near) && is_same(&silent, &silent));
        assert!(!is_same(&tone, &quiet) && !is_same(&tone, &silent) && !is_same(&silent, &tone));
    }
}
