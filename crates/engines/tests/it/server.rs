//! Servers on this machine: one that hears speech, as the API wants it, with the real host and the real model behind it; and its ways
//! to go wrong.

use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use zapys_engines::speech::Listener;
use zapys_host_protocol::WindowsAsk;

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// All that `verbose_json` has.
    Verbose,
    /// Passages, their times and how sure it is; no words.
    Passages,
    /// The text and nothing else.
    Text,
    /// Too busy for the first two questions about sound.
    Busy,
    /// A page instead of an answer.
    Nonsense,
    /// Numbers that no time can be, and words that nobody said.
    Wild,
    /// Bytes without end.
    Endless,
    /// Takes what it is sent and says nothing.
    Silent,
    /// Another model whenever it is asked.
    Changing,
    /// Wants a key.
    Locked,
}

/// What was asked.
pub struct Request {
    /// Method and path.
    pub first: String,
    /// What it came with as its key.
    pub key: String,
    pub body: Vec<u8>,
}
impl Request {
    fn read(stream: &TcpStream) -> std::io::Result<Self> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut first, mut length, mut key) = (String::new(), 0, String::new());
        reader.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "authorization" => value.trim().clone_into(&mut key),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        Ok(Self { first, key, body })
    }
}

/// Answers with a status line, more lines of a head, and a body.
pub fn say(stream: &mut TcpStream, status: &str, more: &str, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n", body.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()))
}

/// A server on a free port of this machine, until it is dropped.
pub struct LocalServer {
    pub address: String,
    /// Questions that came, beside those about its models.
    pub asked: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl LocalServer {
    /// One that hears speech.
    pub fn hears(manner: Manner, ear: Arc<dyn Listener>) -> Self {
        Self::with(move |request, stream, asked| answer(request, stream, manner, &*ear, asked))
    }
    /// One that answers by this.
    pub fn with(answer: impl Fn(Request, &mut TcpStream, &AtomicUsize) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/v1", listener.local_addr().unwrap());
        let (asked, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, done, answer) = (asked.clone(), stop.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let (count, answer) = (count.clone(), answer.clone());
                // Whoever goes away in the middle is no fault of the server's.
                std::thread::spawn(move || stream.and_then(|mut s| answer(Request::read(&s)?, &mut s, &count)));
            }
        });
        Self { address, asked, stop }
    }
}
impl Drop for LocalServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let place = self.address.trim_start_matches("http://").trim_end_matches("/v1");
        drop(TcpStream::connect(place));
    }
}

fn answer(
    request: Request,
    stream: &mut TcpStream,
    manner: Manner,
    ear: &dyn Listener,
    asked: &AtomicUsize,
) -> std::io::Result<()> {
    let Request { first, key, body } = request;
    if manner == Manner::Locked && key != "Bearer open-sesame" {
        return say(stream, "401 Unauthorized", "", "{}");
    }
    if first.starts_with("GET /v1/models") {
        static MODELS: AtomicUsize = AtomicUsize::new(0);
        let created = if manner == Manner::Changing { MODELS.fetch_add(1, Ordering::Relaxed) } else { 7 };
        let list = json!({"object": "list", "data": [
            {"id": "another", "created": 1},
            {"id": "base", "object": "model", "created": created, "owned_by": "nobody", "secret": "x".repeat(1000)},
        ]});
        return say(stream, "200 OK", "", &list.to_string());
    }
    assert!(first.starts_with("POST /v1/audio/transcriptions"), "{first}");
    let n = asked.fetch_add(1, Ordering::Relaxed);
    match manner {
        Manner::Busy if n < 2 => return say(stream, "429 Too Many Requests", "retry-after: 0\r\n", ""),
        Manner::Nonsense => return say(stream, "200 OK", "", "<html>Sorry</html>"),
        Manner::Silent => {
            std::thread::sleep(Duration::from_secs(120));
            return Ok(());
        }
        Manner::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
            let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
            loop {
                stream.write_all(chunk.as_bytes())?;
            }
        }
        Manner::Wild => {
            let word = |start: f64, end: f64, p: f64| json!({"word": " а ", "start": start, "end": end, "probability": p});
            let told = json!({
                "text": "а а а", "language": "klingon", "duration": -1,
                "segments": [{"start": -5.0, "end": 1e300, "text": "а", "avg_logprob": 4.0, "no_speech_prob": -7.0}],
                "words": [word(1e9, -1e9, 55.0), word(-1.0, 0.1, -3.0), word(0.2, 0.1, 0.5)],
            });
            return say(stream, "200 OK", "", &told.to_string());
        }
        _ => {}
    }
    let (pcm, language) = sound(&body);
    assert!(part(&body, "model") == Some("base") && part(&body, "response_format") == Some("verbose_json"));
    let ask = WindowsAsk { windows: vec![pcm.len() as u32], language, follow_switches: true, beam: 5, heard: vec![] };
    let mut told = None;
    let language = ear.hear(ask, &[pcm], &Arc::new(AtomicBool::new(false)), &mut |h| told = Some(h.heard)).unwrap();
    let h = told.unwrap();
    let name = if language.as_deref() == Some("ru") || h.language == "ru" { "russian" } else { "other" };
    let at = |ms: u32| f64::from(ms) / 1000.0;
    let words = h.words.iter().map(
        |w| json!({"word": format!(" {}", w.text), "start": at(w.start_ms), "end": at(w.end_ms), "probability": w.probability}),
    );
    let end = h.words.last().map_or(0, |w| w.end_ms);
    let passage = json!({
        "id": 0, "start": 0.0, "end": at(end), "text": h.text,
        "avg_logprob": h.mean_log_probability, "no_speech_prob": h.no_speech, "compression_ratio": h.compression,
    });
    let said = match manner {
        Manner::Text => json!({"text": h.text}),
        Manner::Passages => json!({"text": h.text, "language": name, "segments": [passage]}),
        _ => {
            json!({"task": "transcribe", "text": h.text, "language": name, "duration": 1.0, "segments": [passage], "words": words.collect::<Vec<_>>()})
        }
    };
    say(stream, "200 OK", "content-type: application/json\r\n", &said.to_string())
}

/// A part of a form, where it is text.
fn part<'b>(body: &'b [u8], name: &str) -> Option<&'b str> {
    let mark = format!("name=\"{name}\"\r\n\r\n");
    let from = body.windows(mark.len()).position(|w| w == mark.as_bytes())? + mark.len();
    let end = body[from..].windows(2).position(|w| w == b"\r\n")?;
    std::str::from_utf8(&body[from..from + end]).ok()
}

/// The samples that were sent, 16 kHz mono as every window, and the language asked for.
fn sound(body: &[u8]) -> (Vec<i16>, Option<String>) {
    let at = body.windows(4).position(|w| w == b"RIFF").unwrap();
    let header = &body[at..at + 44];
    assert_eq!((&header[8..16], &header[36..40]), (b"WAVEfmt ".as_slice(), b"data".as_slice()));
    assert_eq!(u32::from_le_bytes(header[24..28].try_into().unwrap()), 16_000);
    let n = u32::from_le_bytes(header[40..44].try_into().unwrap()) as usize;
    let data = &body[at + 44..at + 44 + n];
    (data.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect(), part(body, "language").map(str::to_owned))
}
