//! Copies to look at and listen to: light, and free of whatever the original carries besides sound or picture.

use crate::decode::{FFMPEG, PcmReader, probe_facts};
use crate::picture::{self, Target};
use crate::probe::no_input;
use crate::sandbox::{Limits, Sandbox};
use crate::{Contract, Emitted, Engine, EngineError, Work};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use zapys_domain::derivation::Repeatability;
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, Severity, Step};

/// Bits per second of each channel: telephone speech is transparent, music good.
const OPUS_BITS: u32 = 32_000;
/// Ogg Opus orders at most eight channels.
const OPUS_CHANNELS: u16 = 8;
/// Longest side of a picture's copy in pixels: sharp on a large screen.
const LONGEST_SIDE: u32 = 2400;

/// What makes sound easier to listen to: rumble goes, steady noise is lowered by 12 dB, and quiet voices are raised, each channel by itself.
/// The filter against noise is 25 ms late and says nothing of it; what is put in at the end is taken off at the beginning.
const ENHANCING: &str = "highpass=f=100,apad=pad_dur=0.025,afftdn=nr=12:tn=1,atrim=start=0.025,asetpts=PTS-STARTPTS,\
                         dynaudnorm=f=300:g=11:m=12:n=0";

/// Engine: Ogg Opus of the first sound stream, all channels kept, on exactly the clock of the decoded samples.
pub struct SoundProxy {
    sandbox: Sandbox,
    identity: EngineIdentity,
    contract: Contract,
    filters: Option<&'static str>,
}
impl SoundProxy {
    /// The sound as it is. `identity`: of the ffmpeg that is installed.
    pub fn new(sandbox: Sandbox, identity: EngineIdentity) -> Self {
        Self::of(sandbox, identity, DerivativeKind::Proxy, None)
    }
    /// The sound made easier to listen to.
    pub fn enhanced(sandbox: Sandbox, identity: EngineIdentity) -> Self {
        Self::of(sandbox, identity, DerivativeKind::Enhanced, Some(ENHANCING))
    }
    fn of(sandbox: Sandbox, identity: EngineIdentity, emits: DerivativeKind, filters: Option<&'static str>) -> Self {
        let contract = Contract { emits, needs: &[DerivativeKind::Probe], repeats: Repeatability::SameMachine };
        Self { sandbox, identity, contract, filters }
    }
}
impl Engine for SoundProxy {
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
        // Decoding and encoding are two processes: the copy then follows the very samples that were transcribed, damaged
        // places included, and the encoder meets no foreign bytes.
        let mut reader = PcmReader::open(&self.sandbox, input, facts, None, &work.cancel)?;
        let (rate, channels) = (reader.sample_rate(), reader.channels());
        if channels > OPUS_CHANNELS {
            return Err(EngineError::Limit { tool: FFMPEG, limit: format!("{OPUS_CHANNELS} channels in a playable copy") });
        }
        let mut encoder = self
            .sandbox
            .command(FFMPEG, "ffmpeg")
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-f", "s16le"])
            .args(["-ar", &rate.to_string(), "-ac", &channels.to_string(), "-i", "pipe:0"])
            .args(self.filters.iter().flat_map(|f| ["-af", *f]))
            .args(["-map_metadata", "-1", "-c:a", "libopus", "-b:a", &(OPUS_BITS * u32::from(channels)).to_string()])
            .args(["-compression_level", "5", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "ogg", "pipe:1"])
            .limits(Limits { cpu_seconds: u64::MAX, wall: Duration::MAX, file_bytes: 0, ..Limits::default() })
            .cancel(Arc::clone(&work.cancel))
            .spawn()?;
        let mut samples = encoder.stdin.take().expect("stdin was piped");
        let mut ogg = encoder.stdout.take().expect("stdout was piped");
        let mut output = std::fs::File::create_new(&work.output).map_err(EngineError::Io)?;
        let fed = std::thread::scope(|scope| {
            let written = scope.spawn(move || std::io::copy(&mut ogg, &mut output));
            let fed = feed(&mut reader, &mut samples, work);
            drop(samples);
            let written = written.join().map_err(|_| EngineError::Io(std::io::Error::other("the writing thread failed")))?;
            written.map_err(EngineError::Io)?;
            fed
        });
        // Where the encoder died, its own end says more than the broken pipe.
        let ended = encoder.wait()?;
        if !ended.success() {
            return Err(ended.fault());
        }
        fed?;
        drop(reader.finish());
        let findings = self.filters.map(|filters| {
            let text = format!("Changed by machine to be easier to listen to ({filters}). It is not the evidence, and nothing is computed from it.");
            Finding::whole("enhanced", Severity::Note, text)
        });
        Ok(Checked { value: Emitted { media_type: "audio/ogg".into() }, findings: findings.into_iter().collect() })
    }
}

fn feed(reader: &mut PcmReader, samples: &mut impl Write, work: &Work<'_>) -> Result<(), EngineError> {
    let mut chunk = vec![0; 4096 * usize::from(reader.channels())];
    let mut bytes = Vec::with_capacity(chunk.len() * 2);
    let mut told_ms = 0;
    loop {
        let n = reader.read(&mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        bytes.clear();
        bytes.extend(chunk[..n].iter().flat_map(|s| s.to_le_bytes()));
        samples.write_all(&bytes).map_err(EngineError::Io)?;
        let now_ms = reader.position_ms();
        work.progress.advance(now_ms - told_ms);
        told_ms = now_ms;
    }
}

/// Engine: a picture turned upright, at most 2400 pixels long, without metadata: JPEG of a JPEG, PNG of anything else.
pub struct PictureProxy {
    sandbox: Sandbox,
    identity: EngineIdentity,
    contract: Contract,
}
impl PictureProxy {
    /// `identity`: of the ffmpeg that is installed.
    pub fn new(sandbox: Sandbox, identity: EngineIdentity) -> Self {
        let contract = Contract { emits: DerivativeKind::Proxy, needs: &[], repeats: Repeatability::SameMachine };
        Self { sandbox, identity, contract }
    }
}
impl Engine for PictureProxy {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        work.check_cancel()?;
        let input = work.inputs.first().ok_or_else(no_input)?;
        let seen = picture::look(&self.sandbox, input, &work.cancel)?;
        let (target, media_type) = match seen.codec.as_str() {
            "mjpeg" => (Target::Jpeg, "image/jpeg"),
            _ => (Target::Png, "image/png"),
        };
        let bytes = picture::render(&self.sandbox, input, &seen, target, Some(LONGEST_SIDE), &work.cancel)?;
        let mut output = std::fs::File::create_new(&work.output).map_err(EngineError::Io)?;
        output.write_all(&bytes).map_err(EngineError::Io)?;
        Ok(Checked::clean(Emitted { media_type: media_type.into() }))
    }
}
