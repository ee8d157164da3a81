//! Pictures to pixels, by ffmpeg in the sandbox. What a picture's metadata says is read elsewhere; here only its size is
//! asked, before anything is decoded.

use crate::decode::FFMPEG;
use crate::probe;
use crate::sandbox::{Limits, Sandbox};
use crate::{EngineError, Input};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Pictures that claim more pixels are refused before decoding.
pub(crate) const MAX_PIXELS: u64 = 100_000_000;
/// Neither side may be longer.
const MAX_SIDE: u32 = 60_000;

/// What a picture's header says.
pub(crate) struct Seen {
    pub(crate) codec: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Form to render to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Raw red, green, blue behind a one-line header.
    Ppm,
    Png,
    Jpeg,
}

/// Pixels of a picture, turned upright: rows of red, green, blue.
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<u8>,
}

/// Reads the size. Errors: `Limit` for absurd sizes, `Unreadable`.
pub(crate) fn look(sandbox: &Sandbox, input: &Input, cancel: &Arc<AtomicBool>) -> Result<Seen, EngineError> {
    let facts = probe::probe(sandbox, input, cancel)?.value;
    let unreadable = |reason: &str| EngineError::Unreadable { tool: FFMPEG, reason: reason.into() };
    let video = facts.video.into_iter().next().ok_or_else(|| unreadable("there is no picture in it"))?;
    let (width, height) = (video.width, video.height);
    if width == 0 || height == 0 {
        return Err(unreadable("its size cannot be read"));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS || width > MAX_SIDE || height > MAX_SIDE {
        let limit = format!("{} megapixels ({width} by {height} are claimed)", MAX_PIXELS / 1_000_000);
        return Err(EngineError::Limit { tool: FFMPEG, limit });
    }
    Ok(Seen { codec: video.codec, width, height })
}

/// Renders the first frame, upright and without metadata, scaled down so that no side is longer than `longest`.
/// Errors: `Unreadable`, those of the sandbox.
pub(crate) fn render(
    sandbox: &Sandbox,
    input: &Input,
    seen: &Seen,
    target: Target,
    longest: Option<u32>,
    cancel: &Arc<AtomicBool>,
) -> Result<Vec<u8>, EngineError> {
    let mut command = sandbox
        .command(FFMPEG, "ffmpeg")
        .bind_ro(&input.path, "/in")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-max_alloc", "1500000000"])
        .args(["-protocol_whitelist", "file,pipe", "-max_pixels", &MAX_PIXELS.to_string()])
        .args(["-threads", "1", "-i", "/in", "-map", "0:v:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-frames:v", "1"]);
    if let Some(longest) = longest.filter(|l| seen.width.max(seen.height) > *l) {
        let scale = format!("scale={longest}:{longest}:force_original_aspect_ratio=decrease:flags=area");
        command = command.args(["-vf", &scale]);
    }
    command = match target {
        Target::Ppm => command.args(["-pix_fmt", "rgb24", "-c:v", "ppm"]),
        Target::Png => command.args(["-c:v", "png"]),
        Target::Jpeg => command.args(["-pix_fmt", "yuvj444p", "-c:v", "mjpeg", "-q:v", "3"]),
    };
    let bytes = command
        .args(["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "image2pipe", "pipe:1"])
        .limits(Limits {
            memory_bytes: 3_000_000_000,
            cpu_seconds: 120,
            wall: Duration::from_secs(300),
            file_bytes: 0,
            ..Limits::default()
        })
        .cancel(Arc::clone(cancel))
        .run_to_end(None, MAX_PIXELS * 4)?
        .require()?;
    if bytes.is_empty() {
        return Err(EngineError::Unreadable { tool: FFMPEG, reason: "no picture could be decoded".into() });
    }
    Ok(bytes)
}

/// Decodes to pixels, no side longer than `longest`.
pub(crate) fn pixels(
    sandbox: &Sandbox,
    input: &Input,
    seen: &Seen,
    longest: Option<u32>,
    cancel: &Arc<AtomicBool>,
) -> Result<Pixels, EngineError> {
    let ppm = render(sandbox, input, seen, Target::Ppm, longest, cancel)?;
    let bad = || EngineError::Failed { tool: FFMPEG, reason: "its pixels are not in the form it promises".into() };
    let (width, height, start) = ppm_header(&ppm).ok_or_else(bad)?;
    let n_bytes = u64::from(width) * u64::from(height) * 3;
    let mut rgb = ppm;
    rgb.drain(..start);
    if rgb.len() as u64 != n_bytes {
        return Err(bad());
    }
    Ok(Pixels { width, height, rgb })
}

/// `P6`, width, height, 255, each ended by white space, then the bytes.
fn ppm_header(bytes: &[u8]) -> Option<(u32, u32, usize)> {
    let mut at = 0;
    let mut words = [0u32; 3];
    if bytes.get(..2)? != b"P6" {
        return None;
    }
    at += 2;
    for word in &mut words {
        while bytes.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        let start = at;
        while bytes.get(at)?.is_ascii_digit() {
            at += 1;
        }
        *word = std::str::from_utf8(&bytes[start..at]).ok()?.parse().ok()?;
    }
    (words[2] == 255 && words[0] > 0 && words[1] > 0).then_some((words[0], words[1], at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ppm_headers() {
        assert_eq!(ppm_header(b"P6\n2 1\n255\n......"), Some((2, 1, 11)));
        for bad in [&b""[..], b"P6", b"P5\n2 1\n255\n", b"P6\n2 1\n65535\n", b"P6\n0 1\n255\n", b"P6\n99999999999 1\n255\n"] {
            assert_eq!(ppm_header(bad), None);
        }
    }
}
