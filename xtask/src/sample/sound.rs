//! Calls composed from prompts, and what becomes of a piece of one on its way through other people's hands.

use super::prompts::{CALL_01, CALL_02, Prompt, Voice};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Samples per second of everything here.
pub const RATE: usize = 8000;
/// Length of the published excerpt.
const CLIP_MS: usize = 20_000;
/// Length of the jingle before it.
pub const JINGLE_MS: usize = 2_400;

/// One prompt in a call.
pub struct Turn {
    pub prompt: &'static Prompt,
    pub channel: usize,
    pub start_ms: usize,
    pub end_ms: usize,
}

/// A call: samples by channel, and who says what when.
pub struct Call {
    pub channels: Vec<Vec<i16>>,
    pub turns: Vec<Turn>,
}
impl Call {
    pub fn duration_ms(&self) -> usize {
        self.channels[0].len() * 1000 / RATE
    }
}

/// Numbers that are the same each time.
pub struct Noise(u64);
impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    /// Uniform in -1..1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1u64 << 53) as f64) * 2.0 - 1.0
    }
}

/// Two channels, one party each; once they speak at the same time.
pub fn call_01() -> Result<Call, String> {
    compose(CALL_01, 2, Some(10), 1)
}
/// One channel.
pub fn call_02() -> Result<Call, String> {
    compose(CALL_02, 1, None, 2)
}

fn compose(prompts: &'static [Prompt], n_channels: usize, early: Option<usize>, seed: u64) -> Result<Call, String> {
    let mut noise = Noise::new(seed);
    let mut at = RATE * 8 / 10;
    let mut placed = Vec::new();
    for (i, prompt) in prompts.iter().enumerate() {
        let samples = read_wav(&prompt.0.file(prompt.1))?;
        if early == Some(i) {
            at -= RATE * 12 / 10;
        }
        let channel = usize::from(n_channels == 2 && prompt.0 == Voice::English);
        let n = samples.len();
        placed.push((prompt, channel, at, samples));
        at += n + (RATE as f64 * (0.75 + 0.25 * noise.next())) as usize;
    }
    let total = at + RATE / 2;
    let mut channels = vec![vec![0i16; total]; n_channels];
    for c in &mut channels {
        // A quiet line is never silent.
        c.iter_mut().for_each(|s| *s = (noise.next() * 14.0) as i16);
    }
    let mut turns = Vec::new();
    for (prompt, channel, from, samples) in placed {
        let end = from + samples.len();
        for (slot, s) in channels[channel][from..end].iter_mut().zip(&samples) {
            *slot = slot.saturating_add((f64::from(*s) * 0.85) as i16);
        }
        turns.push(Turn { prompt, channel, start_ms: from * 1000 / RATE, end_ms: end * 1000 / RATE });
    }
    Ok(Call { channels, turns })
}

/// What is true of a call.
pub fn truth(call: &Call) -> Value {
    let turns: Vec<Value> = call
        .turns
        .iter()
        .map(|t| json!({"channel": t.channel, "start_ms": t.start_ms, "end_ms": t.end_ms, "language": t.prompt.0.lang(), "text": t.prompt.2, "speaker": format!("{:?}", t.prompt.0)}))
        .collect();
    json!({"channels": call.channels.len(), "duration_ms": call.duration_ms(), "turns": turns})
}

/// Where the excerpt was cut: from just before the third turn on, in milliseconds.
pub fn excerpt(call: &Call) -> (usize, usize) {
    let start = call.turns[2].start_ms - 300;
    (start, start + CLIP_MS)
}

/// Writes the published clip, the AMR copy and the voice note. Returns what is true of them.
pub fn publish(call: &Call, dir: &Path) -> Result<Value, String> {
    let (start, end) = excerpt(call);
    let mono: Vec<i16> = (start * RATE / 1000..end * RATE / 1000)
        .map(|i| call.channels.iter().map(|c| i32::from(c[i])).sum::<i32>().clamp(-32768, 32767) as i16)
        .collect();
    let plain = dir.join("excerpt.tmp.wav");
    write_wav(&plain, std::slice::from_ref(&mono))?;
    let with_jingle = dir.join("jingle.tmp.wav");
    write_wav(&with_jingle, &[jingle(&mono)])?;
    encode(&with_jingle, &dir.join("clip-published.mp3"), &["-c:a", "libmp3lame", "-b:a", "48k", "-ar", "22050"])?;
    encode(&plain, &dir.join("voice.amr"), &["-c:a", "libopencore_amrnb", "-b:a", "12.2k", "-ar", "8000"])?;
    encode(&plain, &dir.join("voice-note.ogg"), &["-c:a", "libopus", "-b:a", "24k", "-application", "voip"])?;
    for tmp in [plain, with_jingle] {
        std::fs::remove_file(&tmp).map_err(|e| format!("{}: {e}", tmp.display()))?;
    }
    Ok(json!({
        "clips/clip-published.mp3": {"source": "calls/call-01.wav", "source_start_ms": start, "source_end_ms": end, "query_start_ms": JINGLE_MS, "query_end_ms": JINGLE_MS + CLIP_MS, "jingle_ms": JINGLE_MS},
        "clips/voice.amr": {"source": "calls/call-01.wav", "source_start_ms": start, "source_end_ms": end, "query_start_ms": 0, "query_end_ms": CLIP_MS},
        "clips/voice-note.ogg": {"source": "calls/call-01.wav", "source_start_ms": start, "source_end_ms": end, "query_start_ms": 0, "query_end_ms": CLIP_MS},
    }))
}

/// A few falling tones before the words, dying away under their beginning.
fn jingle(words: &[i16]) -> Vec<i16> {
    let lead = JINGLE_MS * RATE / 1000;
    let tail = RATE * 3 / 2;
    let notes = [784.0, 659.26, 523.25, 587.33, 523.25];
    let mut out: Vec<i16> = vec![0; lead];
    out.extend_from_slice(words);
    for (i, slot) in out.iter_mut().enumerate().take(lead + tail) {
        let t = i as f64 / RATE as f64;
        let note = notes[((t / 0.48) as usize).min(notes.len() - 1)];
        let decay = (-(t % 0.48) * 3.0).exp();
        let fade = if i < lead { 1.0 } else { 1.0 - (i - lead) as f64 / tail as f64 };
        let tone = (t * note * std::f64::consts::TAU).sin() + 0.4 * (t * note * 2.0 * std::f64::consts::TAU).sin();
        *slot = slot.saturating_add((tone * decay * fade * 0.35 * 6000.0) as i16);
    }
    out
}

fn encode(from: &Path, to: &Path, options: &[&str]) -> Result<(), String> {
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y", "-i"])
        .arg(from)
        .args(["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-threads", "1"])
        .args(options)
        .arg(to)
        .status()
        .map_err(|e| format!("ffmpeg cannot be started: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("ffmpeg could not write {}", to.display())) }
}

/// Samples of a mono 16-bit PCM WAV file at 8 kHz.
pub fn read_wav(path: &Path) -> Result<Vec<i16>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}; `cargo xtask setup` installs the prompts", path.display()))?;
    let bad = || format!("{} is no 8 kHz mono WAV file", path.display());
    if bytes.len() < 44 || &bytes[..4] != b"RIFF" || &bytes[8..12] != b"WAVE" {
        return Err(bad());
    }
    let mut at = 12;
    while at + 8 <= bytes.len() {
        let len = u32::from_le_bytes([bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]]) as usize;
        let body = &bytes[at + 8..(at + 8 + len).min(bytes.len())];
        match &bytes[at..at + 4] {
            b"fmt " if body.len() < 16 || body[..8] != [1, 0, 1, 0, 0x40, 0x1f, 0, 0] => return Err(bad()),
            b"data" => return Ok(body.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()),
            _ => {}
        }
        at += 8 + len + len % 2;
    }
    Err(bad())
}

/// Writes 16-bit PCM at 8 kHz, channels interleaved.
pub fn write_wav(path: &Path, channels: &[Vec<i16>]) -> Result<(), String> {
    let n = channels.len();
    let frames = channels[0].len();
    let data = frames * n * 2;
    let mut out = Vec::with_capacity(44 + data);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + data as u32).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16u32.to_le_bytes());
    out.extend_from_slice(&1u16.to_le_bytes());
    out.extend_from_slice(&(n as u16).to_le_bytes());
    out.extend_from_slice(&(RATE as u32).to_le_bytes());
    out.extend_from_slice(&((RATE * n * 2) as u32).to_le_bytes());
    out.extend_from_slice(&((n * 2) as u16).to_le_bytes());
    out.extend_from_slice(&16u16.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&(data as u32).to_le_bytes());
    for i in 0..frames {
        channels.iter().for_each(|c| out.extend_from_slice(&c[i].to_le_bytes()));
    }
    std::fs::write(path, out).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_lie_inside_the_call_and_one_channel_never_speaks_twice_at_once() {
        let call = call_01().unwrap();
        let length = call.duration_ms();
        assert!((60_000..90_000).contains(&length), "{length}");
        for channel in 0..2 {
            let mut last = 0;
            for t in call.turns.iter().filter(|t| t.channel == channel) {
                assert!(t.start_ms >= last && t.end_ms > t.start_ms && t.end_ms <= length);
                last = t.end_ms;
            }
        }
        assert!(call_02().unwrap().turns.iter().all(|t| t.prompt.0 == Voice::Russian && t.channel == 0));
        let overlap = call.turns.windows(2).filter(|w| w[1].start_ms < w[0].end_ms).count();
        assert_eq!(overlap, 1);
        let (start, end) = excerpt(&call);
        assert!(end < length && end - start == CLIP_MS);
    }
}
