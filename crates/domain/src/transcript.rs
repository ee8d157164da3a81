//! Words spoken. Everything here is machine output until `review` says otherwise.

use crate::{EngineIdentity, Lang};
use serde::{Deserialize, Serialize};

crate::words! {
    /// Doubt about a segment.
    Flag {
        /// Text over silence, noise or music.
        NoSpeech = "no-speech",
        /// The engine repeats itself.
        Repetition = "repetition",
        /// Two engines heard different words.
        Disagreement = "disagreement",
        /// A negation heard by one only.
        Negation = "negation",
        /// Another language than the rest.
        LanguageSwitch = "language-switch",
        /// The engine itself is unsure.
        LowConfidence = "low-confidence",
        /// Two voices at once.
        Overlap = "overlap",
    }
}

crate::words! {
    /// A form that a transcript can be written in.
    TranscriptForm {
        /// All that is known, as `interface.md` has it.
        Json = "json",
        /// For reading.
        Txt = "txt",
        /// SubRip subtitles.
        Srt = "srt",
        /// Web Video Text Tracks, with speakers and the times of words.
        Vtt = "vtt",
        /// ELAN Annotation Format 3.0.
        Eaf = "eaf",
        /// Praat's intervals.
        TextGrid = "textgrid",
        /// A table in a word processor.
        Docx = "docx",
    }
}

/// Heads of the columns of a transcript as a table: which segment, its times, its speaker, its words.
pub const DOCX_COLUMNS: [&str; 5] = ["Segment", "From", "To", "Speaker", "Words"];

/// What is said of every transcript that no person has reviewed.
pub const UNREVIEWED: &str = "Machine, unreviewed";
/// What is said of a transcript that a person has gone through as a whole.
pub const REVIEWED: &str = "Reviewed by a person";

/// What is said of the times and voices of a transcript whose words are withheld from whoever listens first.
pub const BY_EAR: &str = "Times by machine, words by ear";

/// What stands before the name of whoever translated, behind a translation.
pub const TRANSLATED_BY: &str = "translated by ";

/// Ordered segments of one recording. Derivative kind `transcript`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// Language most words are in.
    pub language: Lang,
    /// Length of the recording in milliseconds.
    pub duration_ms: u64,
    /// Which engine heard this.
    pub engine: EngineIdentity,
    /// Settings it ran with.
    pub parameters: serde_json::Value,
    /// Speakers, by channel where the recording has several.
    pub speakers: Vec<Speaker>,
    /// Segments ordered by start, then channel.
    pub segments: Vec<Segment>,
}
/// A voice in one recording; says nothing about who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// Stable within the recording, e.g. `A`.
    pub id: String,
    /// Shown label, e.g. `Speaker A`.
    pub label: String,
    /// Channel counted from 0, where one party is on one channel.
    pub channel: Option<u16>,
}
crate::words! {
    /// How the parties of a recording were told apart.
    ToldApart {
        /// One party, or one side of the call, is on each channel.
        Channels = "channels",
        /// By what the voices sound like.
        Voices = "voices",
        /// Not at all: all parties are on one channel, and nobody was there to tell voices apart.
        NotAtAll = "not-at-all",
    }
}

/// Who speaks when. Derivative kind `speakers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turns {
    /// Length of the recording in milliseconds.
    pub duration_ms: u64,
    /// How the parties were told apart.
    pub by: ToldApart,
    /// The record in which a person said how many there are, or took that back; absent where nobody ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// The voices found, in the order in which they first speak; by channel where that tells them apart.
    pub speakers: Vec<Speaker>,
    /// Turns ordered by start, then speaker. Those of different speakers overlap where both speak at once.
    pub turns: Vec<Turn>,
}
/// One stretch in which one voice speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Milliseconds on the media clock.
    pub start_ms: u64,
    /// Milliseconds on the media clock, after `start_ms`.
    pub end_ms: u64,
    /// Speaker id.
    pub speaker: String,
}
/// What each speaker of a recording sounds like, to a network. Derivative kind `voice-prints`. It is made of a person's body, so it
/// stays in the case: no production holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoicePrints {
    /// One for each speaker of whom enough was heard alone.
    pub voices: Vec<VoicePrint>,
}
/// What one speaker sounds like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoicePrint {
    /// Speaker id.
    pub speaker: String,
    /// Milliseconds of speech that it was made of.
    pub heard_ms: u64,
    /// A vector of length 1, in ten-thousandths.
    pub vector: Vec<i16>,
}
impl VoicePrint {
    /// Cosine with another; 0 where they are not of one network.
    pub fn likeness(&self, other: &Self) -> f64 {
        if self.vector.len() != other.vector.len() {
            return 0.0;
        }
        let of = |a: &[i16], b: &[i16]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let norm = (of(&self.vector, &self.vector) * of(&other.vector, &other.vector)).sqrt();
        if norm > 0.0 { of(&self.vector, &other.vector) / norm } else { 0.0 }
    }
}

/// Id of the speaker of that number: `A`, `B`…; after `Z` come `S27` and so on.
pub fn speaker_id(n: usize) -> String {
    match u8::try_from(n) {
        Ok(n @ 0..26) => char::from(b'A' + n).to_string(),
        _ => format!("S{}", n + 1),
    }
}

/// The smallest cited unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Stable within the transcript, e.g. `s0001`.
    pub id: String,
    /// Milliseconds on the media clock.
    pub start_ms: u64,
    /// Milliseconds on the media clock, at least `start_ms`.
    pub end_ms: u64,
    /// Speaker id.
    pub speaker: Option<String>,
    /// Channel counted from 0.
    pub channel: Option<u16>,
    /// Language of this segment.
    pub language: Lang,
    /// Words as heard.
    pub text: String,
    /// 0 to 1: geometric mean of the engine's token probabilities.
    pub confidence: f32,
    /// Doubts.
    pub flags: Vec<Flag>,
    /// Words with times.
    pub words: Vec<Word>,
}
/// One word with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Milliseconds on the media clock.
    pub start_ms: u64,
    /// Milliseconds on the media clock.
    pub end_ms: u64,
    /// The word with its punctuation, without surrounding spaces.
    pub text: String,
    /// 0 to 1.
    pub confidence: f32,
}

/// The same recording heard again, by another engine or by the same in another way, held against the first transcript.
/// Derivative kind `second-transcript`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondTranscript {
    /// What was heard, with segments of its own.
    #[serde(flatten)]
    pub heard: Transcript,
    /// Where it differs from the first, in the order of the first's segments.
    pub readings: Vec<Reading>,
}
/// What the second hearing has in place of a segment of the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Segment id in the first transcript.
    pub id: String,
    /// The words; empty where it heard none.
    pub text: String,
    /// [`Flag::Disagreement`], and [`Flag::Negation`] where a negation is heard by one only.
    pub flags: Vec<Flag>,
}
impl Segment {
    /// Takes in the doubts that a second hearing raises, each once, in order.
    pub fn doubt(&mut self, reading: &Reading) {
        self.flags.extend_from_slice(&reading.flags);
        self.flags.sort();
        self.flags.dedup();
    }
}

/// A translation aligned segment by segment. Derivative kinds `translation` and `second-translation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Translation {
    /// Language translated into.
    pub language: Lang,
    /// Which engine wrote this.
    pub engine: EngineIdentity,
    /// Settings it ran with.
    pub parameters: serde_json::Value,
    /// One per translated segment.
    pub segments: Vec<TranslatedSegment>,
}
/// The translation of one segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TranslatedSegment {
    /// Segment id in the transcript.
    pub id: String,
    /// The words in the other language.
    pub text: String,
    /// 0 to 1.
    pub confidence: f32,
    /// What does not seem to have survived, or was put in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
}

crate::words! {
    /// What a translation seems to have lost or put in, beside its words.
    Lost {
        /// A number.
        Number = "number",
        /// A name.
        Name = "name",
        /// A negation.
        Negation = "negation",
    }
}
