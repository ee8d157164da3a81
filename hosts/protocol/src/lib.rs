//! What zapys and an engine host say to each other over standard input and output.
//!
//! A host is one sandboxed process around a native inference library. It reads questions ([`Ask`]) and writes replies
//! ([`Reply`]), each in a [`frame`]: a JSON header, and sound as raw bytes beside it. A question that carries sound is
//! followed by frames of [`Ask::Pcm`] until the samples it announced have come. A host answers one question at a time,
//! in order; to stop it, end its process. Any language that reads and writes pipes can be a host.
//!
//! Both sides treat the other as hostile: every frame is bounded, every count is checked before memory is taken for it.

pub mod frame;
pub mod guards;

use serde::{Deserialize, Serialize};

/// Version of what is said here. A host of another version is refused at [`Ask::Hello`].
pub const PROTOCOL: u32 = 2;
/// Samples per second of all sound on the pipe; mono, 16-bit little-endian.
pub const SAMPLE_RATE: u32 = 16_000;
/// Windows of one question at most.
pub const MAX_WINDOWS: usize = 4096;
/// Samples of one window at most: Whisper hears 30 s at once.
pub const MAX_WINDOW_SAMPLES: u32 = 30 * SAMPLE_RATE;
/// Samples of one question at most: one hour.
pub const MAX_SAMPLES: u64 = 3600 * SAMPLE_RATE as u64;

/// Texts of one question at most.
pub const MAX_TEXTS: usize = 256;
/// Bytes of all texts of one question at most: they fit into one header, however they are escaped.
pub const MAX_TEXT_BYTES: usize = frame::MAX_HEADER / 8;

/// A question to a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Ask {
    /// Who are you? Always the first question. Answer: [`Reply::Hello`].
    Hello {
        /// [`PROTOCOL`] of the asker.
        protocol: u32,
    },
    /// Where does somebody speak in this one channel? Answer: [`Reply::Activity`].
    Gate(GateAsk),
    /// Which words are spoken in each window? Answer: one [`Reply::Heard`] per window in any order, then [`Reply::Done`].
    Transcribe(WindowsAsk),
    /// The same, written in English. Answer: as for [`Ask::Transcribe`], without words.
    Translate(WindowsAsk),
    /// Which language is spoken in each window? Answer: [`Reply::Languages`].
    Detect(WindowsAsk),
    /// Who speaks when in each window, and what does each voice sound like? Answer: one [`Reply::Voices`] per window in any
    /// order, then [`Reply::Done`].
    Voices(VoicesAsk),
    /// What do these texts say in another language? Answer: one [`Reply::Rendered`] per text in any order, then [`Reply::Done`].
    Render(TextsAsk),
    /// Sound for the question before: the frame's body.
    Pcm,
}

/// Looks for speech in one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateAsk {
    /// Samples that follow.
    pub samples: u64,
    /// Thresholds in thousandths: speech begins at the first and ends below the second.
    pub threshold: [u16; 2],
    /// Speech shorter than this is dropped, in milliseconds.
    pub min_speech_ms: u32,
    /// A pause shorter than this does not end speech, in milliseconds.
    pub min_silence_ms: u32,
}

/// Windows of sound, each at most [`MAX_WINDOW_SAMPLES`] long, that follow one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowsAsk {
    /// Length of each window in samples.
    pub windows: Vec<u32>,
    /// Language spoken, as the model names it (`ru`); absent to let the host find out once for all windows together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Hear a window in its own language where that clearly differs from the common one.
    #[serde(default)]
    pub follow_switches: bool,
    /// Beam width, 1 to 10.
    pub beam: u8,
    /// Windows, by index, whose results the asker has from an earlier question over the same windows. They count for whatever is
    /// found out together, and need not be answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<u32>,
}
impl WindowsAsk {
    /// Samples of all windows together.
    pub fn samples(&self) -> u64 {
        self.windows.iter().map(|&n| u64::from(n)).sum()
    }
}

/// How a network that spells (CTC) is asked: what it hears, and what its letters are. Stands in the pack, and is handed over when the
/// host is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spelling {
    /// The network, a file of the pack: features (1, bands, frames) and, where it takes that, their number in; (1, instants, tokens) out,
    /// as probabilities' logarithms or what becomes those.
    pub model: String,
    /// Its tokens, a file of the pack: one on each line, followed by a space and its number, or in order.
    pub tokens: String,
    /// The token that stands for nothing.
    #[serde(default = "blank")]
    pub blank: String,
    /// Mel bands.
    pub bands: usize,
    /// Samples of the transform, of the Hann window in its middle, and from one frame to the next.
    pub fft: usize,
    #[allow(missing_docs)]
    pub window: usize,
    #[allow(missing_docs)]
    pub hop: usize,
    #[allow(missing_docs)]
    pub mel: MelScale,
    /// What stands before and behind the sound.
    pub edges: Edges,
    /// False where the window ends on zero.
    #[serde(default = "yes")]
    pub periodic: bool,
    /// Share of the sample before that is taken away.
    #[serde(default)]
    pub preemphasis: f32,
    /// Lower energies are raised to this; then `guard` is added.
    #[serde(default)]
    pub floor: f32,
    #[allow(missing_docs)]
    #[serde(default)]
    pub guard: f32,
    /// Each band has mean 0 and deviation 1.
    #[serde(default)]
    pub normalise: bool,
}
fn blank() -> String {
    "<blk>".into()
}
fn yes() -> bool {
    true
}
/// How far apart mel bands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MelScale {
    /// Logarithmic throughout; triangles of height 1.
    Htk,
    /// Linear below 1000 Hz; triangles of area 1.
    Slaney,
}
/// What stands before and behind the sound, so that frames lie in the middle of their windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edges {
    /// Nothing: the first window begins with the sound.
    None,
    /// The sound, mirrored.
    Mirror,
    /// Silence.
    Silence,
}

/// Windows of sound in which voices are told apart, each at most [`MAX_WINDOW_SAMPLES`] long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoicesAsk {
    /// Length of each window in samples.
    pub windows: Vec<u32>,
    /// The channel that each comes from and the sample that it begins at: windows may overlap.
    pub places: Vec<(u16, u64)>,
}

/// Texts in one language, for a model that turns text into text. What tells the model which languages these are depends on the model,
/// so the asker spells it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextsAsk {
    /// At most [`MAX_TEXTS`], of [`MAX_TEXT_BYTES`] together.
    pub texts: Vec<String>,
    /// Tokens of the model before each text, such as `rus_Cyrl`.
    pub source_begin: Vec<String>,
    /// Tokens after it, such as `</s>`.
    pub source_end: Vec<String>,
    /// Tokens that each answer begins with; they are no part of it.
    pub target_begin: Vec<String>,
    /// Beam width, 1 to 10.
    pub beam: u8,
}
impl TextsAsk {
    /// Bytes of all texts together.
    pub fn bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }
}

/// An answer from a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// Who answers.
    Hello(Hello),
    /// So many more samples are done.
    Progress {
        #[allow(missing_docs)]
        samples: u64,
    },
    /// Where somebody speaks: start and end in samples, in time order, without overlap.
    Activity {
        #[allow(missing_docs)]
        spans: Vec<(u64, u64)>,
    },
    /// One window's words.
    Heard(Heard),
    /// Per window the likeliest languages with their probability, best first, and the language of all together.
    Languages {
        #[allow(missing_docs)]
        windows: Vec<Vec<(String, f32)>>,
        #[allow(missing_docs)]
        together: Option<String>,
    },
    /// Who speaks in one window.
    Voices(VoicesHeard),
    /// What one text says in another language.
    Rendered(Rendered),
    /// The question is answered.
    Done {
        /// Language of all windows together, as the model names it; absent where there were none.
        language: Option<String>,
        /// Memory that the host holds now, in bytes; 0 where it does not say.
        #[serde(default)]
        resident_bytes: u64,
    },
    /// The question cannot be answered; the next one may be asked.
    Error {
        /// Stable kebab-case code, e.g. `bad-request`, `inference`.
        code: String,
        /// A sentence without evidence text.
        message: String,
    },
}

/// Who a host is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the host.
    pub protocol: u32,
    /// Stable name, e.g. `speech`.
    pub host: String,
    /// Version of the host program.
    pub version: String,
    /// Questions it answers, as they are spelled in [`Ask`].
    pub answers: Vec<String>,
    /// Worker threads.
    pub threads: u32,
}

/// Samples of one frame of a [`VoiceSpan`].
pub const VOICE_FRAME: u32 = 270;
/// Samples of a cell, two and a half seconds: what a voice sounds like is found out cell by cell, so windows that begin where cells do share
/// most of that.
pub const VOICE_CELL: u32 = 148 * VOICE_FRAME;
/// Voices of one window at most.
pub const MAX_VOICES: usize = 8;

/// Who speaks in one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoicesHeard {
    /// Index of the window in the question.
    pub window: u32,
    /// Each voice that speaks in it; at most [`MAX_VOICES`].
    pub voices: Vec<Voice>,
}
/// One voice in one window: when it speaks, in time order, without overlap.
pub type Voice = Vec<VoiceSpan>;
/// One stretch in which a voice speaks without a pause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoiceSpan {
    /// First frame of [`VOICE_FRAME`] samples.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// Frames that the embedding was made of.
    pub heard_in: u32,
    /// What it sounds like: a vector of length 1; empty where there was too little to hear.
    pub embedding: Vec<f32>,
}

/// One text in another language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    /// Index of the text in the question.
    pub text: u32,
    /// What it says.
    pub words: String,
    /// Mean natural logarithm of the token probabilities; 0 at best.
    pub mean_log_probability: f32,
    /// False where the text is longer than the model takes, or the answer did not come to its end.
    pub whole: bool,
}

/// What was heard in one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Index of the window in the question.
    pub window: u32,
    /// Language it was heard in, as the model names it.
    pub language: String,
    /// Language the window alone sounds like, with its probability.
    pub own_language: (String, f32),
    /// The text, trimmed.
    pub text: String,
    /// Words in time order; empty for translations.
    pub words: Vec<HeardWord>,
    /// Mean natural logarithm of the token probabilities, as the decoder saw them; 0 at best.
    pub mean_log_probability: f32,
    /// Probability, 0 to 1, that nobody speaks.
    pub no_speech: f32,
    /// Length of the text over its compressed length; above 2.4 it repeats itself.
    pub compression: f32,
    /// A run of words stands there again and again.
    pub repeats: bool,
    /// How many ways of hearing were tried; 1 where the first was good.
    pub attempts: u8,
}

/// One word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeardWord {
    /// The word with its punctuation, without spaces around it.
    pub text: String,
    /// Milliseconds from the start of the window.
    pub start_ms: u32,
    /// Milliseconds from the start of the window, at least `start_ms`.
    pub end_ms: u32,
    /// Geometric mean of the token probabilities, 0 to 1.
    pub probability: f32,
    /// Number of tokens it is made of, at least 1.
    pub tokens: u16,
    /// The decoder ended a passage after this word.
    pub ends_passage: bool,
}
