//! Media to samples, by ffmpeg in the sandbox.
//!
//! Sound streams through in constant memory. Channels are never mixed. A decoder that gives up or skips is run so that
//! as much as possible is kept, and every shortfall is a finding: ffmpeg's own AMR decoder loses silence frames without
//! a word, so AMR goes through OpenCORE's, and lengths are compared.

mod edits;
mod engine;
mod hum;
mod jumps;
#[cfg(test)]
mod noise;
mod spectrum;
mod survey;
mod values;

pub use engine::Decode;
pub(crate) use engine::probe_facts;

use crate::probe::{self, headerless};
use crate::sandbox::{Limits, Output, Sandbox, SandboxChild};
use crate::{EngineError, Input};
use std::io::{BufReader, Read};
use std::process::ChildStdout;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use zapys_domain::media::ProbeFacts;
use zapys_domain::{Checked, Finding, Severity};

/// Name of the tool in errors.
pub(crate) const FFMPEG: &str = "ffmpeg";
/// More channels than any recorder makes.
const MAX_CHANNELS: u16 = 64;
/// Two days: nobody records longer in one file, and a forged file can claim for ever.
const MAX_HOURS: u64 = 48;
/// [`pcm_16k`] holds everything in memory: at most so many hours, channels added up (0.9 GB).
const MAX_HOURS_IN_MEMORY: u64 = 8;
/// A decoder that gives nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// Opens the first sound stream of a file as 16-bit samples. `rate`: samples per second to convert to; `None` keeps
/// the file's own.
/// Errors: `Unreadable`, `NotApplicable` for a video without sound, `Missing` where the decoder is not installed, those
/// of the sandbox.
pub fn pcm(sandbox: &Sandbox, input: &Input, rate: Option<u32>, cancel: &Arc<AtomicBool>) -> Result<PcmReader, EngineError> {
    let facts = probe::probe(sandbox, input, cancel)?.value;
    PcmReader::open(sandbox, input, facts, rate, cancel)
}

/// Decodes a whole file to 16,000 samples per second: one list of samples per channel, in the file's order.
/// Findings: those of [`PcmReader::finish`].
/// Errors: those of [`pcm`]; `Limit` beyond eight hours, channels added up (use [`pcm`] and work as it streams).
pub fn pcm_16k(sandbox: &Sandbox, input: &Input, cancel: &Arc<AtomicBool>) -> Result<Checked<Vec<Vec<i16>>>, EngineError> {
    let mut reader = pcm(sandbox, input, Some(16_000), cancel)?;
    let n_channels = usize::from(reader.channels());
    let mut channels = vec![Vec::new(); n_channels];
    let mut chunk = vec![0; 4096 * n_channels];
    let most = MAX_HOURS_IN_MEMORY * 3600 * 16_000 / n_channels as u64;
    loop {
        let n = reader.read(&mut chunk)?;
        if n == 0 {
            break;
        }
        for frame in chunk[..n].chunks_exact(n_channels) {
            for (channel, sample) in channels.iter_mut().zip(frame) {
                channel.push(*sample);
            }
        }
        if channels[0].len() as u64 > most {
            let limit = format!("{MAX_HOURS_IN_MEMORY} hours of sound in memory");
            return Err(EngineError::Limit { tool: FFMPEG, limit });
        }
    }
    Ok(Checked { value: channels, findings: reader.finish() })
}

/// A stream of interleaved 16-bit samples.
pub struct PcmReader {
    sandbox: Sandbox,
    input: Input,
    facts: ProbeFacts,
    rate: Option<u32>,
    cancel: Arc<AtomicBool>,
    run: Option<Run>,
    format: Format,
    decoder: String,
    /// Frames (one sample of each channel) handed out.
    frames: u64,
    strict: bool,
    ended: bool,
    n_complaints: usize,
}
struct Run {
    child: SandboxChild,
    samples: BufReader<ChildStdout>,
}
#[derive(Clone, Copy, PartialEq, Eq)]
struct Format {
    rate: u32,
    channels: u16,
}

impl PcmReader {
    /// As [`pcm`], with container facts that are already known.
    pub fn open(
        sandbox: &Sandbox,
        input: &Input,
        facts: ProbeFacts,
        rate: Option<u32>,
        cancel: &Arc<AtomicBool>,
    ) -> Result<Self, EngineError> {
        let Some(stream) = facts.audio.first() else {
            return Err(no_sound(input));
        };
        let decoder = forced_decoder(&stream.codec).unwrap_or(&stream.codec).to_owned();
        let mut reader = Self {
            sandbox: sandbox.clone(),
            input: input.clone(),
            facts,
            rate,
            cancel: Arc::clone(cancel),
            run: None,
            format: Format { rate: 0, channels: 0 },
            decoder,
            frames: 0,
            strict: true,
            ended: false,
            n_complaints: 0,
        };
        match reader.start() {
            Ok(format) => reader.format = format,
            Err(EngineError::Unreadable { .. }) => {
                reader.strict = false;
                reader.format = reader.start()?;
            }
            Err(e) => return Err(e),
        }
        Ok(reader)
    }

    /// Samples per second of each channel.
    pub fn sample_rate(&self) -> u32 {
        self.format.rate
    }
    /// Number of channels, at least 1.
    pub fn channels(&self) -> u16 {
        self.format.channels
    }
    /// What the container says.
    pub fn facts(&self) -> &ProbeFacts {
        &self.facts
    }
    /// Frames (one sample of each channel) read so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }
    /// Milliseconds read so far.
    pub fn position_ms(&self) -> u64 {
        self.frames * 1000 / u64::from(self.format.rate)
    }
    /// Decoder and the arguments that matter to its result.
    pub fn decoder(&self) -> String {
        let mode = if self.strict { " -xerror" } else { "" };
        format!("ffmpeg{mode} -map 0:a:0 -c:a {} -> pcm_s16le", self.decoder)
    }

    /// Fills `out` with whole frames, interleaved; `out` must hold at least one. Gives the number of samples, 0 at the end.
    /// Errors: those of [`pcm`].
    pub fn read(&mut self, out: &mut [i16]) -> Result<usize, EngineError> {
        let width = usize::from(self.format.channels);
        let whole = out.len() / width * width;
        debug_assert!(whole > 0, "room for a frame");
        while !self.ended {
            let n = self.read_frames(&mut out[..whole])?;
            if n > 0 {
                self.frames += (n / width) as u64;
                if self.frames > MAX_HOURS * 3600 * u64::from(self.format.rate) {
                    return Err(EngineError::Limit { tool: FFMPEG, limit: format!("{MAX_HOURS} hours of sound") });
                }
                return Ok(n);
            }
            self.end_of_run()?;
        }
        Ok(0)
    }

    /// What was noticed; call it after the end was reached.
    /// Findings: `decoder-errors`, `decoded-shorter-than-container`, `decoded-longer-than-container`.
    pub fn finish(self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.strict || self.n_complaints > 0 {
            findings.push(Finding::whole(
                "decoder-errors",
                Severity::Warning,
                format!(
                    "The decoder met damaged places ({} complaints) and went on; what they held is missing.",
                    self.n_complaints
                ),
            ));
        }
        let stream_ms = self.facts.audio.first().and_then(|a| a.duration_ms);
        let only_sound = self.facts.video.is_empty();
        // A film's container is as long as its longest stream, so there only the sound stream's own length counts.
        let stated_ms = stream_ms.or(self.facts.duration_ms.filter(|_| only_sound));
        if let Some(stated_ms) = stated_ms {
            let decoded_ms = self.position_ms();
            if differs(stated_ms, decoded_ms, self.padding_ms()) {
                let (code, severity, word) = if decoded_ms < stated_ms {
                    ("decoded-shorter-than-container", Severity::Serious, "only ")
                } else {
                    ("decoded-longer-than-container", Severity::Note, "")
                };
                let text = format!("The file states {}, {word}{} could be decoded.", seconds(stated_ms), seconds(decoded_ms));
                findings.push(Finding::whole(code, severity, text));
            }
        }
        findings
    }

    /// What encoders put before and after the sound to fill their frames: containers count it, decoders take it off.
    fn padding_ms(&self) -> u64 {
        match self.facts.audio.first().map(|a| a.codec.as_str()) {
            // Delay of the encoder, delay of the decoder, and up to a frame at the end.
            Some("mp3" | "aac") => 3200 * 1000 / u64::from(self.format.rate),
            _ => 0,
        }
    }

    fn start(&mut self) -> Result<Format, EngineError> {
        let size = std::fs::metadata(&self.input.path).map_err(EngineError::Io)?.len();
        let codec = self.facts.audio.first().map(|a| a.codec.as_str()).unwrap_or_default();
        let mut command = self
            .sandbox
            .command(FFMPEG, "ffmpeg")
            .bind_ro(&self.input.path, "/in")
            .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
            .args(["-max_alloc", "1000000000", "-protocol_whitelist", "file,pipe"]);
        if self.strict {
            command = command.arg("-xerror");
        }
        command = command.args(headerless(&self.input.media_type));
        if let Some(decoder) = forced_decoder(codec) {
            command = command.args(["-c:a", decoder]);
        }
        command = command.args(["-i", "/in", "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1"]);
        if let Some(rate) = self.rate {
            command = command.args(["-ar", &rate.to_string()]);
        }
        let mut child = command
            .args(["-c:a", "pcm_s16le", "-bitexact", "-f", "wav", "pipe:1"])
            .limits(Limits { cpu_seconds: 60 + size / 25_000, wall: PATIENCE, file_bytes: 0, ..Limits::default() })
            .cancel(Arc::clone(&self.cancel))
            .spawn()?;
        drop(child.stdin.take());
        let stdout = child.stdout.take().expect("stdout was piped");
        let mut samples = BufReader::with_capacity(64 << 10, stdout);
        match wav_header(&mut samples) {
            Ok(format) => {
                child.set_wall(Duration::MAX);
                self.run = Some(Run { child, samples });
                Ok(format)
            }
            Err(reason) => {
                drop(samples);
                let output = child.wait()?;
                if missing_decoder(&output, codec) {
                    return Err(EngineError::Missing {
                        what: "a decoder for AMR".into(),
                        hint: "Install the Debian package libavcodec-extra (ffmpeg's own AMR decoder loses silences).".into(),
                    });
                }
                if output.success() { Err(unreadable(reason)) } else { Err(output.fault()) }
            }
        }
    }

    /// Reads until `out` is full or the run has ended.
    fn read_frames(&mut self, out: &mut [i16]) -> Result<usize, EngineError> {
        let Some(run) = self.run.as_mut() else { return Ok(0) };
        let width = usize::from(self.format.channels);
        let mut bytes = [0; 16 << 10];
        let mut n_samples = 0;
        let room = (out.len() - n_samples).min(bytes.len() / 2 / width * width);
        let wanted = &mut bytes[..room * 2];
        let mut filled = 0;
        run.child.set_wall(PATIENCE);
        while filled < wanted.len() {
            match run.samples.read(&mut wanted[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(EngineError::Io(e)),
            }
        }
        run.child.set_wall(Duration::MAX);
        for pair in wanted[..filled / 2 / width * width * 2].chunks_exact(2) {
            out[n_samples] = i16::from_le_bytes([pair[0], pair[1]]);
            n_samples += 1;
        }
        Ok(n_samples)
    }

    /// Looks how the decoder ended. If it stopped at the first damaged place, decodes again in the tolerant way and skips
    /// what was handed out already: up to that place both give the same samples.
    fn end_of_run(&mut self) -> Result<(), EngineError> {
        let Some(run) = self.run.take() else {
            self.ended = true;
            return Ok(());
        };
        drop(run.samples);
        let output = run.child.wait()?;
        if output.code > 128 && output.code != 255 {
            return Err(output.fault());
        }
        self.n_complaints = self.n_complaints.max(output.n_complaints);
        if output.success() || !self.strict {
            if self.frames == 0 && !output.success() {
                return Err(output.fault());
            }
            self.ended = true;
            return Ok(());
        }
        self.strict = false;
        let format = self.start()?;
        if format != self.format {
            return Err(unreadable("its format changes on the way"));
        }
        let mut skipped = 0;
        let mut bin = vec![0; 4096 * usize::from(format.channels)];
        let width = usize::from(format.channels);
        while skipped < self.frames {
            let most = (self.frames - skipped).min(4096) as usize * width;
            let n = self.read_frames(&mut bin[..most])?;
            if n == 0 {
                break;
            }
            skipped += (n / width) as u64;
        }
        Ok(())
    }
}

/// The decoder to insist on. ffmpeg's own for AMR give nothing for silence frames and end as if all were well.
fn forced_decoder(codec: &str) -> Option<&'static str> {
    match codec {
        "amr_nb" => Some("libopencore_amrnb"),
        "amr_wb" => Some("libopencore_amrwb"),
        _ => None,
    }
}

fn missing_decoder(output: &Output, codec: &str) -> bool {
    forced_decoder(codec).is_some() && output.diagnosis == Some(crate::sandbox::Diagnosis::UnknownCodec)
}

fn no_sound(input: &Input) -> EngineError {
    if input.media_type.starts_with("video/") {
        EngineError::NotApplicable { what: "There is no sound in this video.".into() }
    } else {
        unreadable("there is no sound in it")
    }
}

fn unreadable(reason: &'static str) -> EngineError {
    EngineError::Unreadable { tool: FFMPEG, reason: reason.into() }
}

/// More than 200 ms apart, or more than 2 % where that is at least 100 ms; `padding_ms` may be missing without a word.
fn differs(stated_ms: u64, decoded_ms: u64, padding_ms: u64) -> bool {
    let gap = if decoded_ms < stated_ms { (stated_ms - decoded_ms).saturating_sub(padding_ms) } else { decoded_ms - stated_ms };
    gap > 200 || (gap >= 100 && gap * 50 > stated_ms)
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}

/// Reads ffmpeg's WAV header up to the first sample. The errors are clauses for people.
fn wav_header(bytes: &mut impl Read) -> Result<Format, &'static str> {
    const NOTHING: &str = "it holds no sound that can be decoded";
    let mut head = [0; 12];
    bytes.read_exact(&mut head).map_err(|_| NOTHING)?;
    let mut format = None;
    loop {
        let mut chunk = [0; 8];
        bytes.read_exact(&mut chunk).map_err(|_| NOTHING)?;
        let size = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
        match &chunk[..4] {
            b"data" => break,
            b"fmt " if (16..=64).contains(&size) => {
                let mut f = vec![0; size as usize];
                bytes.read_exact(&mut f).map_err(|_| NOTHING)?;
                let channels = u16::from_le_bytes([f[2], f[3]]);
                let rate = u32::from_le_bytes([f[4], f[5], f[6], f[7]]);
                format = Some(Format { rate, channels });
            }
            _ if size < 1 << 20 => {
                std::io::copy(&mut bytes.take(u64::from(size)), &mut std::io::sink()).map_err(|_| NOTHING)?;
            }
            _ => return Err(NOTHING),
        }
    }
    match format {
        Some(f) if f.channels == 0 || f.channels > MAX_CHANNELS => Err("it claims more channels than can be handled"),
        Some(f) if f.rate == 0 || f.rate > 768_000 => Err("it claims a sampling rate that cannot be handled"),
        Some(f) => Ok(f),
        None => Err(NOTHING),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_differ() {
        assert!(!differs(60_000, 60_000, 0) && !differs(60_000, 59_850, 0) && !differs(2_000, 1_950, 0));
        assert!(differs(60_000, 59_700, 0) && differs(2_000, 1_880, 0) && differs(2_000, 2_120, 0));
        // A short MP3 at 16 kHz, of whose frames a tenth of a second is padding.
        assert!(!differs(2_016, 1_910, 200) && differs(2_016, 1_500, 200));
    }

    #[test]
    fn wav_headers() {
        let header = |chunks: &[u8]| [b"RIFF\xff\xff\xff\xffWAVE", chunks].concat();
        let format = |channels: u8, rate: u16| {
            let mut f = b"fmt \x10\0\0\0\x01\0".to_vec();
            f.extend([channels, 0]);
            f.extend(u32::from(rate).to_le_bytes());
            f.extend([0; 8]);
            f
        };
        let read = |bytes: &[u8]| wav_header(&mut &*bytes).map(|f| (f.rate, f.channels));
        let good = header(&[&b"LIST\x02\0\0\0ab"[..], &format(2, 8000), b"data\0\0\0\0"].concat());
        assert_eq!(read(&good), Ok((8000, 2)));
        for cut in 0..good.len() {
            assert!(read(&good[..cut]).is_err());
        }
        assert!(read(&header(&[&format(255, 8000)[..], b"data\0\0\0\0"].concat())).is_err(), "255 channels");
        assert!(read(&header(&[&format(1, 0)[..], b"data\0\0\0\0"].concat())).is_err(), "no rate");
        assert!(read(&header(b"data\0\0\0\0")).is_err(), "no format");
        assert!(read(&header(b"junk\xff\xff\xff\xff")).is_err());
    }
}
