//! What a container says of itself: streams, lengths, tags, as ffprobe reads them in the sandbox.
//!
//! Statements, not measurements: a container may lie. [`crate::decode`] compares them with what comes out.

mod amr;
mod ends;

use crate::sandbox::{Limits, Sandbox};
use crate::{Contract, Emitted, Engine, EngineError, Input, Work, WriteJson};
use ends::End;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::derivation::Repeatability;
use zapys_domain::media::{AudioStream, ProbeFacts, VideoStream};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, Severity};

/// Name of the tool in errors.
pub(crate) const FFPROBE: &str = "ffprobe";
/// ffprobe may describe a file in at most so many bytes of JSON.
const MAX_JSON: u64 = 4 << 20;
/// More streams, tags and longer values than these are left out, with a finding.
const MAX_STREAMS: usize = 64;
const MAX_TAGS: usize = 256;
const MAX_TAG_CHARS: usize = 4096;

/// Engine: container facts of a recording or video.
pub struct Probe {
    sandbox: Sandbox,
    identity: EngineIdentity,
    contract: Contract,
}
impl Probe {
    /// `identity`: of the ffprobe that is installed.
    pub fn new(sandbox: Sandbox, identity: EngineIdentity) -> Self {
        let contract = Contract { emits: DerivativeKind::Probe, needs: &[], repeats: Repeatability::SameMachine };
        Self { sandbox, identity, contract }
    }
}
impl Engine for Probe {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        work.check_cancel()?;
        let input = work.inputs.first().ok_or_else(no_input)?;
        let Checked { value: facts, findings } = probe(&self.sandbox, input, &work.cancel)?;
        let emitted = work.write_json(&facts, &findings)?;
        Ok(Checked { value: emitted, findings })
    }
}

/// Asks ffprobe about one file.
/// Findings: `no-audio-stream`, `several-audio-streams`, `unknown-duration`, `file-cut`, `end-not-marked`,
/// `facts-left-out`.
/// Errors: `Unreadable` where ffprobe finds no container it knows; those of the sandbox.
pub fn probe(sandbox: &Sandbox, input: &Input, cancel: &Arc<AtomicBool>) -> Result<Checked<ProbeFacts>, EngineError> {
    let size = std::fs::metadata(&input.path).map_err(EngineError::Io)?.len();
    if size == 0 {
        return Err(EngineError::Unreadable { tool: FFPROBE, reason: "the file is empty".into() });
    }
    let json = sandbox
        .command(FFPROBE, "ffprobe")
        .bind_ro(&input.path, "/in")
        .args(["-hide_banner", "-loglevel", "error", "-max_alloc", "1000000000", "-protocol_whitelist", "file,pipe"])
        .args(headerless(&input.media_type))
        .args(["-show_format", "-show_streams", "-of", "json=compact=1", "-i", "/in"])
        .limits(Limits { cpu_seconds: 60, wall: std::time::Duration::from_secs(120), file_bytes: 0, ..Limits::default() })
        .cancel(Arc::clone(cancel))
        .run_to_end(None, MAX_JSON)?
        .require()?;
    let bad = |_| EngineError::Failed { tool: FFPROBE, reason: "its answer is not the JSON it promises".into() };
    let mut checked = facts_of(&serde_json::from_slice(&json).map_err(bad)?);
    // ffprobe guesses the length of these from the bit rate, which silence frames and variable rates belie.
    match checked.value.container.as_str() {
        "amr" | "amrnb" | "amrwb" => checked.value.duration_ms = amr::duration_ms(&input.path).map_err(EngineError::Io)?,
        "aac" => checked.value.duration_ms = None,
        _ => {}
    }
    let end = ends::end_of(&input.path).map_err(EngineError::Io)?;
    match end {
        End::Stated(ms) => checked.value.duration_ms = Some(ms),
        End::Open => checked.value.duration_ms = None,
        End::Cut | End::Unmarked | End::Silent => {}
    }
    let own = matches!(checked.value.container.as_str(), "amr" | "amrnb" | "amrwb" | "aac");
    if own || matches!(end, End::Stated(_) | End::Open) {
        let stated = checked.value.duration_ms;
        checked.value.audio.iter_mut().for_each(|a| a.duration_ms = stated);
    }
    notice(&checked.value, &end, &mut checked.findings);
    Ok(checked)
}

/// What our own readers make of a file and of an answer of ffprobe. Only for fuzzing, which has no sandbox.
#[doc(hidden)]
pub fn read_without_sandbox(file: &std::path::Path, answer: &[u8]) {
    let _ = (amr::duration_ms(file), ends::end_of(file));
    if let Ok(answer) = serde_json::from_slice(answer) {
        let Checked { value, mut findings } = facts_of(&answer);
        notice(&value, &End::Silent, &mut findings);
    }
}

fn notice(facts: &ProbeFacts, end: &End, findings: &mut Vec<Finding>) {
    match end {
        End::Stated(_) | End::Cut => {
            let text = "The file ends before its own header says: the end is missing.";
            findings.push(Finding::whole("file-cut", Severity::Serious, text));
        }
        End::Unmarked => {
            let text = "The end of the file is not marked as such; more may have followed.";
            findings.push(Finding::whole("end-not-marked", Severity::Note, text));
        }
        End::Open | End::Silent => {}
    }
    match facts.audio.len() {
        0 => findings.push(Finding::whole("no-audio-stream", Severity::Warning, "There is no sound in this file.")),
        1 => {}
        n => findings.push(Finding::whole(
            "several-audio-streams",
            Severity::Warning,
            format!("The file holds {n} sound streams; the first is played and transcribed, the others are not."),
        )),
    }
    if facts.duration_ms.is_none() && !facts.audio.is_empty() {
        let text = "The container states no length, so nothing tells whether its end is missing.";
        findings.push(Finding::whole("unknown-duration", Severity::Note, text));
    }
}

/// Arguments that name the format where the bytes cannot: bare codec frames without any header.
pub(crate) fn headerless(media_type: &str) -> &'static [&'static str] {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "audio/x-gsm" | "audio/gsm" => &["-f", "gsm"],
        "audio/g722" => &["-f", "g722"],
        "audio/pcma" => &["-f", "alaw", "-ar", "8000"],
        "audio/pcmu" => &["-f", "mulaw", "-ar", "8000"],
        _ => &[],
    }
}

fn facts_of(json: &Value) -> Checked<ProbeFacts> {
    let mut facts = ProbeFacts::default();
    let mut left_out = 0;
    let format = &json["format"];
    facts.container = format["format_name"].as_str().unwrap_or_default().chars().take(200).collect();
    facts.duration_ms = milliseconds(&format["duration"]);
    let streams = json["streams"].as_array().map(Vec::as_slice).unwrap_or_default();
    left_out += streams.len().saturating_sub(MAX_STREAMS);
    for stream in streams.iter().take(MAX_STREAMS) {
        let codec = stream["codec_name"].as_str().unwrap_or("unknown").chars().take(64).collect();
        match stream["codec_type"].as_str() {
            Some("audio") => facts.audio.push(AudioStream {
                codec,
                sample_rate: number(&stream["sample_rate"]).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
                channels: number(&stream["channels"]).and_then(|n| u16::try_from(n).ok()).unwrap_or(0),
                bit_rate: number(&stream["bit_rate"]),
                duration_ms: milliseconds(&stream["duration"]),
            }),
            Some("video") => facts.video.push(VideoStream {
                codec,
                width: number(&stream["width"]).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
                height: number(&stream["height"]).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            }),
            _ => {}
        }
    }
    let all_tags = std::iter::once(format).chain(streams).filter_map(|holder| holder["tags"].as_object()).flatten();
    for (key, value) in all_tags {
        let value = value.as_str().unwrap_or_default();
        let pair = (key.chars().take(200).collect(), value.chars().take(MAX_TAG_CHARS).collect());
        if facts.tags.contains(&pair) {
            continue;
        }
        if facts.tags.len() == MAX_TAGS {
            left_out += 1;
            continue;
        }
        left_out += usize::from(value.chars().nth(MAX_TAG_CHARS).is_some());
        facts.tags.push(pair);
    }
    let mut checked = Checked::clean(facts);
    if left_out > 0 {
        checked.findings.push(Finding::whole(
            "facts-left-out",
            Severity::Note,
            format!("{left_out} streams, tags or overlong tag values were left out of this overview; the original holds them."),
        ));
    }
    checked
}

/// ffprobe writes numbers as text in some fields and as numbers in others.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Seconds as text with a fraction. Lengths below zero or beyond 100 years say nothing.
fn milliseconds(value: &Value) -> Option<u64> {
    let seconds: f64 = value.as_str()?.parse().ok()?;
    (seconds.is_finite() && (0.0..3.2e9).contains(&seconds)).then(|| (seconds * 1000.0).round() as u64)
}

pub(crate) fn no_input() -> EngineError {
    EngineError::Failed { tool: "engine", reason: "it was started without an input".into() }
}
