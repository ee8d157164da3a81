//! The engine that decodes a recording once from end to end and writes down what came out.

use super::PcmReader;
use super::survey::Survey;
use crate::probe::no_input;
use crate::sandbox::Sandbox;
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use zapys_domain::derivation::Repeatability;
use zapys_domain::media::{DecodeFacts, Document, ProbeFacts};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Step};

/// Engine: a full decode at the file's own rate: lengths, digest of the samples, levels, damage.
pub struct Decode {
    sandbox: Sandbox,
    identity: EngineIdentity,
    contract: Contract,
}
impl Decode {
    /// `identity`: of the ffmpeg that is installed.
    pub fn new(sandbox: Sandbox, identity: EngineIdentity) -> Self {
        let contract = Contract {
            emits: DerivativeKind::Decode,
            needs: &[DerivativeKind::Probe],
            // Float decoders round as the processor does.
            repeats: Repeatability::SameMachine,
        };
        Self { sandbox, identity, contract }
    }
}
impl Engine for Decode {
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
        let mut reader = PcmReader::open(&self.sandbox, input, facts, None, &work.cancel)?;
        let (sample_rate, channels) = (reader.sample_rate(), reader.channels());
        let codec = reader.facts().audio.first().map(|a| a.codec.clone()).unwrap_or_default();
        let mut survey = Survey::new(sample_rate, channels, &codec);
        let mut chunk = vec![0; 4096 * usize::from(channels)];
        let mut told_ms = 0;
        loop {
            let n = reader.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            survey.take(&chunk[..n]);
            let now_ms = reader.position_ms();
            work.progress.advance(now_ms - told_ms);
            told_ms = now_ms;
        }
        let (pcm_sha256, levels) = survey.facts();
        let facts = DecodeFacts {
            sample_rate,
            channels,
            samples: reader.frames(),
            duration_ms: reader.position_ms(),
            pcm_sha256,
            decoder: reader.decoder(),
            levels,
            edits: survey.looked(),
        };
        let mut findings = reader.finish();
        findings.extend(survey.findings());
        let emitted = work.write_json(&facts, &findings)?;
        Ok(Checked { value: emitted, findings })
    }
}

/// The probe's document, which stands second among the inputs.
pub(crate) fn probe_facts(work: &Work<'_>) -> Result<ProbeFacts, EngineError> {
    work.check_cancel()?;
    let document = work.inputs.get(1).ok_or_else(no_input)?;
    let bytes = std::fs::read(&document.path).map_err(EngineError::Io)?;
    let read: Document<ProbeFacts> = serde_json::from_slice(&bytes)
        .map_err(|_| EngineError::Failed { tool: "decode", reason: "the probe's document cannot be read".into() })?;
    Ok(read.value)
}
