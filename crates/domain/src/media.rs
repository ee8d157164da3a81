//! What engines say about sound and pictures.

use crate::Finding;
use serde::{Deserialize, Serialize};

/// Container, streams and tags as a probe found them. Derivative kind `probe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ProbeFacts {
    /// Container name as ffprobe gives it.
    pub container: String,
    /// Length the container states, in milliseconds; absent where it states none.
    pub duration_ms: Option<u64>,
    /// Sound streams.
    pub audio: Vec<AudioStream>,
    /// Picture streams.
    pub video: Vec<VideoStream>,
    /// Tags as written in the file: key, value.
    pub tags: Vec<(String, String)>,
}
/// One sound stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioStream {
    /// Codec name as ffprobe gives it, e.g. `amr_nb`, `pcm_s16le`, `opus`.
    pub codec: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u16,
    /// Bits per second, where stated.
    pub bit_rate: Option<u64>,
    /// Length of this stream in milliseconds, where stated.
    pub duration_ms: Option<u64>,
}
/// One picture stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoStream {
    /// Codec name.
    pub codec: String,
    #[allow(missing_docs)]
    pub width: u32,
    #[allow(missing_docs)]
    pub height: u32,
}

/// What a full decode gave. Derivative kind `decode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodeFacts {
    /// Samples per second of the decoded sound.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u16,
    /// Samples per channel.
    pub samples: u64,
    /// Decoded length in milliseconds.
    pub duration_ms: u64,
    /// SHA-256 (hex) of the interleaved little-endian 16-bit samples.
    pub pcm_sha256: String,
    /// Decoder and its arguments.
    pub decoder: String,
    /// Per channel: the largest absolute sample (0 to 32768) and how many samples sit at the limit.
    pub levels: Vec<Level>,
    /// What traces of editing were looked for in the samples, and how many there were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Looked>,
}
/// One look for traces of editing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Stable name: `lost-samples`, `repeated-samples`, `background-steps`, `jumps`, `hum-breaks`, `coarse-values`.
    pub method: String,
    /// How many traces there are; each is a finding as well, up to some number.
    pub found: u64,
    /// What the look cannot see, and what it takes for a trace that is none.
    pub limits: String,
}
/// Loudness facts of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Largest absolute sample, 0 to 32768.
    pub peak: u16,
    /// Root mean square, 0 to 32768.
    pub rms: u16,
    /// Samples at the limit.
    pub clipped: u64,
}

/// Waveform overview. Derivative kind `peaks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peaks {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Width of one bucket in milliseconds.
    pub bucket_ms: u32,
    /// Per channel, in time order: smallest and largest sample of each bucket, scaled to -127..127, interleaved min, max.
    pub channels: Vec<Vec<i8>>,
}

/// Where somebody speaks. Derivative kind `speech`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Per channel, in time order and without overlap: start and end in milliseconds.
    pub channels: Vec<Vec<(u64, u64)>>,
    /// True where all channels hold the same sound and only the first was kept.
    pub joined: bool,
}

/// What a picture file says of itself. Derivative kind `picture`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct PictureFacts {
    #[allow(missing_docs)]
    pub width: u32,
    #[allow(missing_docs)]
    pub height: u32,
    /// EXIF and similar tags as written: key, value.
    pub tags: Vec<(String, String)>,
    /// Date and time as written in the file, without zone unless the file states one.
    pub taken_local: Option<String>,
    /// Offset the file states, e.g. `+02:00`.
    pub taken_offset: Option<String>,
    /// Latitude and longitude in millionths of a degree, where embedded.
    pub position_micro: Option<(i64, i64)>,
}

/// A derivative document as stored: the value and what was noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document<T> {
    /// The result.
    #[serde(flatten)]
    pub value: T,
    /// What was noticed.
    #[serde(default)]
    pub findings: Vec<Finding>,
}
