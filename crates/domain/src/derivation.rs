//! Everything computed is a derivation: a pure function of its inputs, memoised by its key.

use crate::ObjectId;
use serde::{Deserialize, Serialize};
use std::fmt;

crate::words! {
    /// What a derivative is. The word is also the name that `process --only` takes.
    DerivativeKind {
        /// Container, streams, tags, durations: [`crate::media::ProbeFacts`].
        Probe = "probe",
        /// A full decode: sample counts, PCM digest, clipping: [`crate::media::DecodeFacts`].
        Decode = "decode",
        /// Waveform overview: [`crate::media::Peaks`].
        Peaks = "peaks",
        /// Light playable copy of sound (Ogg Opus) or viewable copy of a picture (WebP/PNG), free of metadata.
        Proxy = "proxy",
        /// Playable copy of sound that filters made easier to listen to (Ogg Opus). Nothing is computed from it.
        Enhanced = "enhanced",
        /// Where somebody speaks: [`crate::media::Activity`].
        Speech = "speech",
        /// Who speaks when: [`crate::transcript::Turns`].
        Speakers = "speakers",
        /// What each speaker sounds like: [`crate::transcript::VoicePrints`]. Never handed over.
        VoicePrints = "voice-prints",
        /// Words spoken: [`crate::transcript::Transcript`].
        Transcript = "transcript",
        /// The words heard again, and where that differs: [`crate::transcript::SecondTranscript`].
        SecondTranscript = "second-transcript",
        /// English beside the words: [`crate::transcript::Translation`].
        Translation = "translation",
        /// Another translation beside the first, by another engine: [`crate::transcript::Translation`].
        SecondTranslation = "second-translation",
        /// Words read from pictures, articles, documents: [`crate::text::ReadText`].
        Text = "text",
        /// Messages of a chat export: [`crate::message::ChatExport`].
        Messages = "messages",
        /// Rows of a call-record table: [`crate::call::CallTable`].
        Calls = "calls",
        /// Metadata a picture carries: [`crate::media::PictureFacts`].
        Picture = "picture",
    }
}

/// Which engine, exactly. Changes whenever the output may change.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EngineIdentity {
    /// Stable name, e.g. `whisper-ct2`, `ffprobe`, `tesseract`, `telegram-json`.
    pub name: String,
    /// Version of the program that computes.
    pub version: String,
    /// Name of the model, where one is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// SHA-256 (hex) of the model's weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// SHA-256 (hex) of the executable that computes, where it is a separate program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_sha256: Option<String>,
}

impl EngineIdentity {
    /// True of a server elsewhere: it names its model, and nobody outside can know the weights or the program.
    pub fn is_elsewhere(&self) -> bool {
        self.model.is_some() && self.model_sha256.is_none() && self.binary_sha256.is_none()
    }
}

/// Whether running again gives the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeatability {
    /// Everywhere.
    Exact,
    /// On the same machine with the same libraries.
    SameMachine,
    /// Not at all.
    None,
}

/// Name of one application of an engine: SHA-256 over the canonical JSON of inputs, engine and parameters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DerivationKey([u8; 32]);

impl DerivationKey {
    /// Computes the key. `inputs` in the order the engine takes them; `params` canonical JSON (RFC 8785: keys sorted, integers only).
    pub fn of(inputs: &[ObjectId], engine: &EngineIdentity, params: &serde_json::Value) -> Self {
        use sha2::Digest;
        let mut h = sha2::Sha256::new();
        h.update(b"zapys/derivation/v1\0");
        h.update((inputs.len() as u64).to_be_bytes());
        for i in inputs {
            h.update(i.digest());
        }
        let mut field = |s: Option<&str>| {
            let s = s.unwrap_or("");
            h.update((s.len() as u64).to_be_bytes());
            h.update(s.as_bytes());
        };
        field(Some(&engine.name));
        field(Some(&engine.version));
        field(engine.model.as_deref());
        field(engine.model_sha256.as_deref());
        field(engine.binary_sha256.as_deref());
        field(Some(&sorted(params)));
        Self(h.finalize().into())
    }
    /// 64 lower-case hexadecimal characters.
    pub fn hex(&self) -> String {
        crate::text::hex(&self.0)
    }
    /// Reads 64 hexadecimal characters. Errors: `None`.
    pub fn parse(hex: &str) -> Option<Self> {
        hex.parse::<ObjectId>().ok().map(|o| Self(*o.digest()))
    }
}
impl fmt::Display for DerivationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}
impl fmt::Debug for DerivationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DerivationKey({})", &self.hex()[..8])
    }
}
impl Serialize for DerivationKey {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// JSON text with object keys sorted; parameters hold integers, texts, booleans and lists only.
fn sorted(v: &serde_json::Value) -> String {
    use serde_json::Value::{Array, Object};
    match v {
        Object(m) => {
            let mut keys: Vec<_> = m.iter().collect();
            keys.sort_by(|a, b| a.0.cmp(b.0));
            let parts: Vec<String> =
                keys.into_iter().map(|(k, v)| format!("{}:{}", serde_json::Value::String(k.clone()), sorted(v))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Array(a) => format!("[{}]", a.iter().map(sorted).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_key_depends_on_everything_and_on_nothing_else() {
        let engine =
            EngineIdentity { name: "e".into(), version: "1".into(), model: None, model_sha256: None, binary_sha256: None };
        let (a, b) = (ObjectId::of(b"a"), ObjectId::of(b"b"));
        let key = DerivationKey::of(&[a, b], &engine, &json!({"x": 1, "y": [true, "z"]}));
        assert_eq!(key, DerivationKey::of(&[a, b], &engine, &json!({"y": [true, "z"], "x": 1})));
        assert_ne!(key, DerivationKey::of(&[b, a], &engine, &json!({"x": 1, "y": [true, "z"]})));
        assert_ne!(key, DerivationKey::of(&[a, b], &engine, &json!({"x": 2, "y": [true, "z"]})));
        let other = EngineIdentity { version: "2".into(), ..engine };
        assert_ne!(key, DerivationKey::of(&[a, b], &other, &json!({"x": 1, "y": [true, "z"]})));
    }
}
