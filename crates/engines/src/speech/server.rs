//! A listener elsewhere: any server that speaks the OpenAI-compatible transcription API (`POST …/audio/transcriptions`,
//! `verbose_json`), such as the servers of whisper.cpp, faster-whisper or vLLM.
//!
//! Only windows of speech go there, as WAV. What comes back is held to the window in its times, and to the guards in its text.
//! Where the server says that it is another model after a recording than before, the transcript says so.

use super::listener::{Hearing, Listener};
use super::packing::Window;
use super::{RATE, patience, segments};
use crate::EngineError;
use crate::remote::{Remote, Role, ServerConfig, until_cancelled};
use futures_util::{Stream, StreamExt, stream};
use reqwest::multipart;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::EngineIdentity;
use zapys_domain::derivation::Repeatability;
use zapys_domain::text::squeezed;
use zapys_domain::transcript::Segment;
use zapys_host_protocol::{Heard, HeardWord, WindowsAsk, guards};

/// Counts up whenever the code here changes what comes out.
const REVISION: u32 = 1;
/// Windows under way at once, for each recording.
const AT_ONCE: usize = 4;
/// A window has at most so many words; nobody says more.
const MAX_WORDS: usize = 2000;

const ROLE: Role = Role { tool: "the speech server", setting: "speech_server" };

/// A server that hears windows.
pub struct Server(Remote);

impl Server {
    /// Makes a client; the server is not asked anything yet. Errors: `Missing` where the settings cannot be used.
    pub fn new(config: &ServerConfig) -> Result<Self, EngineError> {
        Remote::new(config, ROLE).map(Self)
    }

    async fn window(&self, pcm: &[i16], language: Option<&str>) -> Result<Answer, EngineError> {
        let wav = wav(pcm);
        let url = self.0.at("/audio/transcriptions");
        let make = || {
            // Of bytes in memory and a fixed media type; it cannot fail.
            let file = multipart::Part::bytes(wav.clone()).file_name("window.wav").mime_str("audio/wav").expect("a media type");
            let form = multipart::Form::new()
                .part("file", file)
                .text("model", self.0.model.clone())
                .text("response_format", "verbose_json")
                .text("timestamp_granularities[]", "word")
                .text("timestamp_granularities[]", "segment")
                .text("temperature", "0");
            let form = match language {
                Some(l) => form.text("language", l.to_owned()),
                None => form,
            };
            self.0.client.post(&url).timeout(patience(pcm.len() as u64)).multipart(form)
        };
        self.0.ask(make).await
    }

    /// All windows, a few under way at once, as they come.
    fn windows<'a>(&'a self, pcm: &'a [Vec<i16>], ask: &'a WindowsAsk) -> impl Stream<Item = Result<Hearing, EngineError>> + 'a {
        let language = ask.language.as_deref();
        let one = move |(n, window): (usize, &'a Vec<i16>)| async move {
            self.window(window, language).await.map(|a| a.hearing(n, window.len() as u64, language))
        };
        let wanted = pcm.iter().enumerate().filter(|(n, _)| !ask.heard.iter().any(|h| *h as usize == *n));
        stream::iter(wanted).map(one).buffer_unordered(AT_ONCE)
    }
}

impl Listener for Server {
    fn identity(&self) -> EngineIdentity {
        self.0.identity("openai-transcription", REVISION)
    }
    fn repeats(&self) -> Repeatability {
        Repeatability::None
    }
    fn presence(&self, cancel: &AtomicBool) -> Result<Option<serde_json::Value>, EngineError> {
        self.0.presence(cancel).map(Some)
    }
    fn hear(
        &self,
        ask: WindowsAsk,
        pcm: &[Vec<i16>],
        cancel: &Arc<AtomicBool>,
        each: &mut dyn FnMut(Hearing),
    ) -> Result<Option<String>, EngineError> {
        let mut languages: BTreeMap<String, usize> = BTreeMap::new();
        until_cancelled(cancel, async {
            let mut windows = std::pin::pin!(self.windows(pcm, &ask));
            while let Some(heard) = windows.next().await {
                let h = heard?;
                *languages.entry(h.heard.language.clone()).or_default() += h.heard.text.chars().count();
                each(h);
            }
            Ok(())
        })?;
        Ok(languages.into_iter().filter(|(l, _)| l != "und").max_by_key(|(_, n)| *n).map(|(l, _)| l))
    }
}

/// What a server's answer about one window of so many samples comes to, for whoever looks at answers alone. `None` where it makes no sense.
pub fn segments_of_answer(answer: &[u8], samples: u64) -> Option<Vec<Segment>> {
    let read: Answer = serde_json::from_slice(answer).ok()?;
    let hearing = read.hearing(0, samples, None);
    Some(segments::of_window(&hearing, &Window::plain(0, samples), 0, &super::speaking::Speaking::default()))
}

/// One channel as a WAV file: a header of 44 bytes, then the samples.
fn wav(pcm: &[i16]) -> Vec<u8> {
    let bytes = pcm.len() as u32 * 2;
    let mut out = Vec::with_capacity(44 + pcm.len() * 2);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    // Length of what follows, PCM, one channel.
    out.extend([16u32.to_le_bytes().as_slice(), &1u16.to_le_bytes(), &1u16.to_le_bytes()].concat());
    let rate = RATE as u32;
    out.extend([rate.to_le_bytes().as_slice(), &(rate * 2).to_le_bytes(), &2u16.to_le_bytes(), &16u16.to_le_bytes()].concat());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&bytes.to_le_bytes());
    out.extend(pcm.iter().flat_map(|s| s.to_le_bytes()));
    out
}

/// What a server answers. What a server leaves out is absent.
#[derive(Debug, Deserialize)]
struct Answer {
    text: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    segments: Option<Vec<Passage>>,
    #[serde(default)]
    words: Option<Vec<Placed>>,
}
#[derive(Debug, Deserialize)]
struct Passage {
    start: f64,
    end: f64,
    text: String,
    #[serde(default)]
    avg_logprob: Option<f64>,
    #[serde(default)]
    no_speech_prob: Option<f64>,
    #[serde(default)]
    words: Option<Vec<Placed>>,
}
#[derive(Clone, Debug, Deserialize)]
struct Placed {
    #[serde(alias = "text")]
    word: String,
    start: f64,
    end: f64,
    #[serde(default)]
    probability: Option<f64>,
}

impl Answer {
    /// What was heard in a window of so many samples.
    fn hearing(self, window: usize, samples: u64, asked: Option<&str>) -> Hearing {
        let length_ms = (samples * 1000 / RATE) as f64;
        let ms = |seconds: f64| (seconds * 1000.0).clamp(0.0, length_ms).round() as u32;
        let share = |p: f64| p.clamp(0.0, 1.0) as f32;
        let text = squeezed(&self.text);
        let passages = self.segments.unwrap_or_default();
        // Weighted by how much each says.
        let mean = |of: &dyn Fn(&Passage) -> Option<f64>| {
            let (mut sum, mut weight) = (0.0, 0.0);
            for p in &passages {
                let w = p.text.chars().count().max(1) as f64;
                (sum, weight) = (sum + of(p).filter(|x| x.is_finite())? * w, weight + w);
            }
            (weight > 0.0).then(|| (sum / weight) as f32)
        };
        let (log_probability, no_speech) = (mean(&|p| p.avg_logprob), mean(&|p| p.no_speech_prob));
        let inner: Option<Vec<Placed>> =
            passages.iter().map(|p| p.words.clone()).collect::<Option<Vec<_>>>().map(|w| w.into_iter().flatten().collect());
        let placed = self.words.filter(|w| !w.is_empty()).or(inner.filter(|w| !w.is_empty()));
        let timed = placed.is_some();
        let rated = log_probability.is_some() || placed.as_ref().is_some_and(|w| w.iter().all(|w| w.probability.is_some()));
        let sure = log_probability.map_or(0.0, f32::exp);
        let word = |text: &str, start: f64, end: f64, probability: f32, tokens: usize, ends_passage: bool| HeardWord {
            text: squeezed(text),
            start_ms: ms(start),
            end_ms: ms(end).max(ms(start)),
            probability,
            tokens: u16::try_from(tokens).unwrap_or(u16::MAX).max(1),
            ends_passage,
        };
        let mut words: Vec<HeardWord> = match placed {
            Some(placed) => {
                placed.iter().map(|w| word(&w.word, w.start, w.end, w.probability.map_or(sure, share), 1, false)).collect()
            }
            None if passages.is_empty() => vec![word(&text, 0.0, length_ms / 1000.0, sure, text.split(' ').count(), true)],
            None => passages
                .iter()
                .map(|p| {
                    let sure = p.avg_logprob.filter(|x| x.is_finite()).map_or(sure, |l| share(l.exp()));
                    word(&p.text, p.start, p.end, sure, p.text.split_whitespace().count(), true)
                })
                .collect(),
        };
        words.retain(|w| !w.text.is_empty());
        words.truncate(MAX_WORDS);
        words.sort_by_key(|w| w.start_ms);
        let text: String = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        let language = asked.map_or_else(|| language(self.language.as_deref().unwrap_or_default()), str::to_owned);
        let heard = Heard {
            window: u32::try_from(window).unwrap_or(u32::MAX),
            own_language: (language.clone(), 0.0),
            language,
            mean_log_probability: log_probability.unwrap_or(0.0),
            no_speech: no_speech.unwrap_or(0.0).clamp(0.0, 1.0),
            compression: guards::compression(&text),
            repeats: guards::repeats(&text) || guards::too_much(&text, length_ms as u32),
            attempts: 1,
            words,
            text,
        };
        Hearing { heard, timed, rated }
    }
}

/// The code of a language that servers name in English or by its code; `und` where it is neither.
fn language(said: &str) -> String {
    const NAMES: [(&str, &str); 16] = [
        ("ukrainian", "uk"),
        ("russian", "ru"),
        ("english", "en"),
        ("belarusian", "be"),
        ("polish", "pl"),
        ("german", "de"),
        ("french", "fr"),
        ("spanish", "es"),
        ("italian", "it"),
        ("romanian", "ro"),
        ("bulgarian", "bg"),
        ("czech", "cs"),
        ("georgian", "ka"),
        ("armenian", "hy"),
        ("kazakh", "kk"),
        ("arabic", "ar"),
    ];
    let said = said.trim().to_lowercase();
    match NAMES.iter().find(|(name, _)| *name == said) {
        Some((_, code)) => (*code).to_owned(),
        None if (2..=3).contains(&said.len()) && said.bytes().all(|b| b.is_ascii_lowercase()) => said,
        None => "und".into(),
    }
}
