//! A listener elsewhere: any server that speaks the OpenAI-compatible transcription API (`POST …/audio/transcriptions`,
//! `verbose_json`), such as the servers of whisper.cpp, faster-whisper or vLLM.
//!
//! Only windows of speech go there, as WAV, to the one address that the operator's settings name; nothing is followed
//! elsewhere. What comes back is as hostile as any file: its length is bounded, times are held to the window, text to the
//! guards. A server says which model it is before and after each recording; where that changes, the transcript says so.

use super::listener::{Hearing, Listener};
use super::packing::Window;
use super::{RATE, patience, segments};
use crate::EngineError;
use futures_util::{Stream, StreamExt, stream};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, multipart};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zapys_domain::EngineIdentity;
use zapys_domain::derivation::Repeatability;
use zapys_domain::transcript::Segment;
use zapys_host_protocol::{Heard, HeardWord, WindowsAsk, guards};

/// Counts up whenever the code here changes what comes out.
const REVISION: u32 = 1;
/// Name of the server in errors.
const TOOL: &str = "the speech server";
/// An answer longer than this is none: a window has less than a minute of speech.
const MAX_ANSWER: usize = 8 << 20;
/// Windows under way at once, for each recording.
const AT_ONCE: usize = 4;
/// How often one window is tried.
const TRIES: u32 = 5;
/// The longest pause that a server may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// A window has at most so many words; nobody says more.
const MAX_WORDS: usize = 2000;

/// Where a server is and what it shall hear with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerConfig {
    /// The address that `/audio/transcriptions` is appended to, such as `http://127.0.0.1:8000/v1`.
    pub address: String,
    /// The model it is asked for.
    pub model: String,
    /// File whose first line is sent as a bearer token; `None` for no token.
    pub key_file: Option<std::path::PathBuf>,
}
impl ServerConfig {
    /// The address, where it can be used: HTTPS, or plain HTTP to this machine. Errors: what is wrong.
    pub fn url(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.address).map_err(|_| "an address such as https://speech.example.org/v1")?;
        let own = url.host_str().is_some_and(|h| {
            let ip = h.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            h == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        });
        match url.scheme() {
            _ if !url.username().is_empty() || url.password().is_some() => {
                Err("an address without name and password; a key goes into a file")
            }
            "https" if url.host_str().is_some() => Ok(url),
            "http" if own => Ok(url),
            "http" => Err("an address with https: plain http is for this machine only"),
            _ => Err("an address with https, or with http on this machine"),
        }
    }
}

/// A server that hears windows.
pub struct Server {
    client: Client,
    base: String,
    place: String,
    model: String,
    key: Option<String>,
    /// Nobody asks before that: the server is busy.
    not_before: Mutex<Option<Instant>>,
}

impl Server {
    /// Makes a client; the server is not asked anything yet. Errors: `Missing` where the settings cannot be used.
    pub fn new(config: &ServerConfig) -> Result<Self, EngineError> {
        let unusable = |what: &str| EngineError::Missing {
            what: format!("a usable speech server ({what})"),
            hint: "Correct `speech_server` and what belongs to it in the settings; `zapys config show` lists them.".into(),
        };
        let url = config.url().map_err(unusable)?;
        if config.model.trim().is_empty() {
            return Err(unusable("`speech_server_model` is empty"));
        }
        let key = match &config.key_file {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|_| unusable("its key file cannot be read"))?;
                Some(text.lines().next().unwrap_or_default().trim().to_owned()).filter(|k| !k.is_empty())
            }
            None => None,
        };
        let client = Client::builder()
            .user_agent(concat!("zapys/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            // Each call has its own runtime, and a connection does not outlive it.
            .pool_max_idle_per_host(0)
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|_| unusable("no connection can be set up"))?;
        let port = url.port_or_known_default().unwrap_or_default();
        Ok(Self {
            client,
            place: format!("{}:{port}", url.host_str().unwrap_or_default()),
            base: url.as_str().trim_end_matches('/').to_owned(),
            model: config.model.trim().to_owned(),
            key,
            not_before: Mutex::default(),
        })
    }

    fn keyed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends what `make` makes until there is an answer. Busy servers are waited for, lost connections tried again.
    async fn send(&self, make: impl Fn() -> RequestBuilder) -> Result<Response, EngineError> {
        let mut pause = Duration::from_secs(1);
        let mut tries = 0;
        loop {
            self.wait().await;
            tries += 1;
            let (why, asked) = match self.keyed(make()).send().await {
                Ok(r) if r.status().is_success() => return Ok(r),
                Ok(r) if r.status() == StatusCode::TOO_MANY_REQUESTS || r.status().is_server_error() => {
                    let asked = r.headers().get("retry-after").and_then(|v| v.to_str().ok()?.trim().parse().ok());
                    (format!("it answers {}", r.status().as_u16()), asked.map(Duration::from_secs))
                }
                Ok(r) => {
                    let code = r.status().as_u16();
                    return Err(EngineError::Failed { tool: TOOL, reason: format!("it refuses what it is asked ({code})") });
                }
                Err(e) if e.is_connect() => ("nobody answers there".into(), None),
                Err(e) if e.is_timeout() => ("it does not answer in time".into(), None),
                Err(_) => ("the connection is lost".into(), None),
            };
            if tries == TRIES {
                return Err(EngineError::Unreachable { what: format!("the speech server {}", self.place), reason: why });
            }
            let until = Instant::now() + asked.unwrap_or(pause).min(MAX_PAUSE);
            pause *= 2;
            let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            *not_before = Some(not_before.map_or(until, |t| t.max(until)));
        }
    }

    /// Waits as long as the server asked for, whichever window it said so of.
    async fn wait(&self) {
        loop {
            let until = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            match until.and_then(|t| t.checked_duration_since(Instant::now())) {
                Some(left) => tokio::time::sleep(left).await,
                None => return,
            }
        }
    }

    async fn window(&self, pcm: &[i16], language: Option<&str>) -> Result<Answer, EngineError> {
        let wav = wav(pcm);
        let url = format!("{}/audio/transcriptions", self.base);
        let answer = self.send(|| {
            // Of bytes in memory and a fixed media type; it cannot fail.
            let file = multipart::Part::bytes(wav.clone()).file_name("window.wav").mime_str("audio/wav").expect("a media type");
            let form = multipart::Form::new()
                .part("file", file)
                .text("model", self.model.clone())
                .text("response_format", "verbose_json")
                .text("timestamp_granularities[]", "word")
                .text("timestamp_granularities[]", "segment")
                .text("temperature", "0");
            let form = match language {
                Some(l) => form.text("language", l.to_owned()),
                None => form,
            };
            self.client.post(&url).timeout(patience(pcm.len() as u64)).multipart(form)
        });
        read(answer.await?).await
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

    /// What the server lists of its model; nothing where it lists none.
    async fn listed(&self) -> Result<serde_json::Value, EngineError> {
        let url = format!("{}/models", self.base);
        let listed: Option<Models> = match self.send(|| self.client.get(&url).timeout(Duration::from_secs(30))).await {
            Ok(r) => read(r).await.ok(),
            // A server need not list its models.
            Err(EngineError::Failed { .. }) => None,
            Err(e) => return Err(e),
        };
        let own = listed.and_then(|l| l.data.into_iter().find(|m| m.get("id").and_then(|i| i.as_str()) == Some(&self.model)));
        let told = |k: &str, v: &serde_json::Value| ["id", "created", "owned_by"].contains(&k) && short(v);
        let said: serde_json::Map<_, _> = own.into_iter().flatten().filter(|(k, v)| told(k, v)).collect();
        Ok(serde_json::json!({"at": self.place, "model": self.model, "listed": said}))
    }
}

/// Runs what waits for a server, until it is done or no longer wanted; what is under way then is given up.
fn until_cancelled<T>(cancel: &AtomicBool, work: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(EngineError::Io)?;
    runtime.block_on(async {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(Duration::from_millis(100)) => {
                    if cancel.load(Ordering::Relaxed) {
                        return Err(EngineError::Cancelled);
                    }
                }
            }
        }
    })
}

impl Listener for Server {
    fn identity(&self) -> EngineIdentity {
        EngineIdentity {
            name: "openai-transcription".into(),
            version: format!("{}/{REVISION}+{}", env!("CARGO_PKG_VERSION"), self.place),
            model: Some(self.model.clone()),
            // Nobody outside the server can know.
            model_sha256: None,
            binary_sha256: None,
        }
    }
    fn repeats(&self) -> Repeatability {
        Repeatability::None
    }
    fn presence(&self, cancel: &AtomicBool) -> Result<Option<serde_json::Value>, EngineError> {
        until_cancelled(cancel, self.listed()).map(Some)
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

fn short(v: &serde_json::Value) -> bool {
    v.as_str().is_some_and(|s| s.len() <= 200) || v.as_i64().is_some()
}

/// Reads an answer, bounded. Errors: `Failed` where it is too long or makes no sense.
async fn read<T: serde::de::DeserializeOwned>(mut answer: Response) -> Result<T, EngineError> {
    let failed = |reason: &str| EngineError::Failed { tool: TOOL, reason: reason.into() };
    let mut bytes = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|_| failed("its answer breaks off"))? {
        bytes.extend_from_slice(&part);
        if bytes.len() > MAX_ANSWER {
            return Err(failed("its answer is longer than any can be"));
        }
    }
    serde_json::from_slice(&bytes).map_err(|_| failed("its answer makes no sense"))
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

#[derive(Deserialize)]
struct Models {
    data: Vec<serde_json::Map<String, serde_json::Value>>,
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
        let text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
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
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
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
