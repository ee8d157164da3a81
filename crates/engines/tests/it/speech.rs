//! Speech, heard by the real host with the real model: Debian's Russian telephone prompts, composed to a call.

use crate::{Bench, engines, has, wav};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use zapys_domain::ItemKind::Recording;
use zapys_domain::media::{Activity, Document};
use zapys_domain::transcript::{Transcript, Translation, Turns};
use zapys_domain::{DerivativeKind, Finding, Progress};
use zapys_engines::parts::NoParts;
use zapys_engines::{Engine, EngineError, Input, Work, speech};

const PROMPTS: &str = "/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU";
const ENGLISH: &str = "/usr/share/asterisk/sounds/en_US_f_Allison";

/// True where everything needed is installed. Where `ZAPYS_REQUIRE_HOSTS=1` says that it must be, its absence fails.
pub fn ready() -> bool {
    let there = speech::is_installed(None, None) && Path::new(PROMPTS).is_dir();
    let required = std::env::var("ZAPYS_REQUIRE_HOSTS").is_ok_and(|v| v == "1");
    assert!(there || !required, "the speech host, its packs or {PROMPTS} are not installed");
    if !there {
        eprintln!("skipped: the speech host, its packs or the prompts are not installed");
    }
    there
}

/// Samples of a prompt in Russian, or of `en/NAME` in English: two women, at telephone quality.
fn prompt(name: &str) -> Vec<i16> {
    let file = match name.strip_prefix("en/") {
        Some(name) => format!("{ENGLISH}/{name}.wav"),
        None => format!("{PROMPTS}/{name}.wav"),
    };
    let bytes = std::fs::read(file).unwrap();
    let data = bytes.windows(4).position(|w| w == b"data").unwrap() + 8;
    bytes[data..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

/// Prompts on a channel at these milliseconds, 8 kHz; gives the channel and where each prompt stands.
pub fn channel(n_ms: usize, prompts: &[(&str, usize)]) -> (Vec<i16>, Vec<(u64, u64)>) {
    let mut samples = vec![0; n_ms * 8];
    let mut spans = Vec::new();
    for (name, at_ms) in prompts {
        let sound = prompt(name);
        samples[at_ms * 8..at_ms * 8 + sound.len()].copy_from_slice(&sound);
        spans.push((*at_ms as u64, (at_ms + sound.len() / 8) as u64));
    }
    (samples, spans)
}

const JSON: &str = "application/json";

/// Documents on where somebody speaks in a recording, and on who.
pub fn places(bench: &Bench, path: &Path) -> [PathBuf; 2] {
    let (activity, _) = bench.run(&*engine(DerivativeKind::Speech), &[(path, "audio/x-wav")]).unwrap();
    let (turns, _) = bench.run(&*engine(DerivativeKind::Speakers), &[(path, "audio/x-wav"), (&activity, JSON)]).unwrap();
    [activity, turns]
}
/// What a transcript is made from.
pub fn inputs<'p>(path: &'p Path, places: &'p [PathBuf; 2]) -> [(&'p Path, &'static str); 3] {
    [(path, "audio/x-wav"), (&places[0], JSON), (&places[1], JSON)]
}

pub fn engine(kind: DerivativeKind) -> Arc<dyn Engine> {
    engines().find(kind, Recording, &zapys_domain::Lang::und()).unwrap()
}

pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> (T, Vec<Finding>) {
    let document: Document<T> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    (document.value, document.findings)
}

#[test]
fn a_call_is_heard_channel_by_channel_at_the_right_times() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let (a, told) = channel(26_000, &[("vm-dialout", 1000), ("queue-youarenext", 14_000)]);
    let (b, answered) = channel(26_000, &[("vm-tocallback", 6000)]);
    let both: Vec<i16> = a.iter().zip(&b).flat_map(|(a, b)| [*a, *b]).collect();
    let path = bench.write("call", &wav(8000, 2, &both));
    let original = (path.as_path(), "audio/x-wav");

    let places = places(&bench, &path);
    let (spoken, findings) = read::<Activity>(&places[0]);
    assert!(!spoken.joined && findings.is_empty() && spoken.duration_ms == 26_000);
    for (channel, truth) in spoken.channels.iter().zip([&told, &answered]) {
        assert!(!channel.is_empty());
        for (start, end) in channel {
            assert!(truth.iter().any(|(a, b)| a <= &(start + 200) && end <= &(b + 200)), "{start}..{end} is silence");
        }
    }

    let transcribe = engine(DerivativeKind::Transcript);
    let (heard, _) = bench.run(&*transcribe, &inputs(&path, &places)).unwrap();
    let (transcript, _) = read::<Transcript>(&heard);
    assert_eq!(transcript.language.as_str(), "ru");
    assert_eq!(transcript.speakers.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    let text = |speaker: &str| {
        let of = transcript.segments.iter().filter(|s| s.speaker.as_deref() == Some(speaker));
        of.map(|s| s.text.to_lowercase()).collect::<Vec<_>>().join(" ")
    };
    for (speaker, words) in
        [("A", ["подождите", "соединение", "очереди", "оператор"]), ("B", ["нажмите", "позвонить", "оставил", "сообщение"])]
    {
        for word in words {
            assert!(text(speaker).contains(word), "{speaker}: {}", text(speaker));
        }
    }
    for s in &transcript.segments {
        let truth = if s.channel == Some(0) { &told } else { &answered };
        let within = |from: u64, to: u64| truth.iter().any(|(a, b)| *a <= from + 150 && to <= b + 350);
        assert!(within(s.start_ms, s.end_ms), "{}..{} is not where it was said", s.start_ms, s.end_ms);
        assert!(s.words.iter().all(|w| within(w.start_ms, w.end_ms) && w.start_ms <= w.end_ms));
        assert!(s.words.iter().all(|w| (0.0..=1.0).contains(&w.confidence)) && s.confidence > 0.4);
        assert_eq!(s.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" "), s.text);
    }
    assert!(transcript.segments.windows(2).all(|s| s[0].start_ms <= s[1].start_ms));

    let (again, _) = bench.run(&*transcribe, &inputs(&path, &places)).unwrap();
    assert!(std::fs::read(again).unwrap() == std::fs::read(&heard).unwrap(), "the same sound gives the same bytes");

    let translate = engine(DerivativeKind::Translation);
    let (english, _) = bench.run(&*translate, &[original, (&heard, "application/json")]).unwrap();
    let (translation, _) = read::<Translation>(&english);
    assert_eq!(translation.language.as_str(), "en");
    assert!(!translation.segments.is_empty());
    for s in &translation.segments {
        assert!(transcript.segments.iter().any(|t| t.id == s.id));
        let latin = s.text.chars().filter(|c| c.is_alphabetic()).all(|c| c.is_ascii());
        assert!(latin && !s.text.is_empty(), "English expected");
    }
    let names: Vec<_> =
        [DerivativeKind::Speech, DerivativeKind::Transcript, DerivativeKind::Translation, DerivativeKind::Speakers]
            .map(|k| engine(k).identity().clone())
            .to_vec();
    assert!(names.iter().all(|i| i.model_sha256.is_some() && i.binary_sha256.is_some()));
    assert_ne!(names[1], names[2]);
}

#[test]
fn silence_and_noise_give_no_words() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let mut state = 7u32;
    let mut noise = |loud: i32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as i32 % (2 * loud + 1) - loud) as i16
    };
    let hum = |i: usize| (4000.0 * (std::f64::consts::TAU * 50.0 * i as f64 / 8000.0).sin()) as i16;
    let n = 20 * 8000;
    let sounds: [(&str, Vec<i16>); 4] = [
        ("silence", vec![0; n]),
        ("noise", (0..n).map(|_| noise(300)).collect()),
        ("loud noise", (0..n).map(|_| noise(8000)).collect()),
        ("hum", (0..n).map(hum).collect()),
    ];
    for (name, samples) in sounds {
        let path = bench.write(name, &wav(8000, 1, &samples));
        let original = (path.as_path(), "audio/x-wav");
        let (_, emitted) = bench.run(&*engine(DerivativeKind::Speech), &[original]).unwrap();
        let places = places(&bench, &path);
        let (turns, _) = read::<Turns>(&places[1]);
        assert!(turns.turns.is_empty() && turns.speakers.is_empty(), "{name}");
        let (heard, _) = bench.run(&*engine(DerivativeKind::Transcript), &inputs(&path, &places)).unwrap();
        let (transcript, _) = read::<Transcript>(&heard);
        assert_eq!(transcript.segments, [], "{name}");
        assert_eq!(transcript.duration_ms, 20_000);
        if name == "silence" {
            assert!(transcript.language.is_und() && has(&emitted.findings, "no-speech"));
        }
    }
}

#[test]
fn the_same_sound_on_both_channels_is_heard_once() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let (a, _) = channel(5000, &[("vm-dialout", 500)]);
    let both: Vec<i16> = a.iter().flat_map(|s| [*s, *s]).collect();
    let path = bench.write("call", &wav(8000, 2, &both));
    let original = (path.as_path(), "audio/x-wav");
    let (_, emitted) = bench.run(&*engine(DerivativeKind::Speech), &[original]).unwrap();
    assert!(has(&emitted.findings, "channels-identical"));
    let (heard, _) = bench.run(&*engine(DerivativeKind::Transcript), &inputs(&path, &places(&bench, &path))).unwrap();
    let (transcript, _) = read::<Transcript>(&heard);
    let speakers: Vec<_> = transcript.speakers.iter().map(|s| (s.id.as_str(), s.channel)).collect();
    assert_eq!(speakers, [("A", None)], "one voice, wherever it is");
    assert!(!transcript.segments.is_empty());
    let said = transcript.segments.iter().map(|s| s.text.to_lowercase()).collect::<Vec<_>>().join(" ");
    assert_eq!(said.matches("подождите").count(), 1);
}

#[test]
fn a_cancelled_job_ends_soon_and_costs_nobody_else_anything() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let one: Vec<(&str, usize)> = (0..40).map(|i| ("queue-youarenext", i * 7000)).collect();
    let (samples, _) = channel(285_000, &one);
    let path = bench.write("call", &wav(8000, 1, &samples));
    let places = places(&bench, &path);
    let cancel = Arc::new(AtomicBool::new(false));
    let input = |p: &Path, media: &str| Input { path: p.to_owned(), media_type: media.into() };
    let mut work = Work {
        inputs: inputs(&path, &places).map(|(path, media)| input(path, media)).to_vec(),
        params: &serde_json::json!({}),
        output: bench.path("cancelled"),
        scratch: bench.0.path(),
        parts: &NoParts,
        progress: Progress::hidden(),
        cancel: Arc::clone(&cancel),
    };
    let transcribe = engine(DerivativeKind::Transcript);
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(1500));
            cancel.store(true, Ordering::Relaxed);
        });
        let end = transcribe.run(&mut work).map(|_| ());
        assert!(matches!(end, Err(EngineError::Cancelled)), "{end:?}");
    });
    assert!(started.elapsed() < Duration::from_secs(30) && !work.output.exists());

    let (short, _) = channel(4000, &[("vm-dialout", 500)]);
    let path = bench.write("short", &wav(8000, 1, &short));
    let (heard, _) = bench.run(&*transcribe, &inputs(&path, &self::places(&bench, &path))).unwrap();
    assert!(!read::<Transcript>(&heard).0.segments.is_empty(), "a new host was started");
}

/// Keeps parts in memory, and asks for the work to end after so many.
struct Memory {
    parts: std::sync::Mutex<std::collections::BTreeMap<String, Vec<u8>>>,
    kept: std::sync::atomic::AtomicUsize,
    most: usize,
    cancel: Arc<AtomicBool>,
}
impl zapys_engines::parts::Parts for Memory {
    fn kept(&self, name: &str) -> Option<Vec<u8>> {
        self.parts.lock().unwrap().get(name).cloned()
    }
    fn keep(&self, name: &str, part: &[u8]) {
        self.parts.lock().unwrap().insert(name.into(), part.to_vec());
        if self.kept.fetch_add(1, Ordering::Relaxed) + 1 == self.most {
            self.cancel.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn what_was_heard_before_an_interruption_is_not_heard_again() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    // Sixty prompts: some windows, in more batches than one.
    let names = ["vm-dialout", "queue-youarenext", "vm-tocallback"];
    let told: Vec<(&str, usize)> = (0..60).map(|i| (names[i % 3], 1000 + i * 9000)).collect();
    let (samples, _) = channel(545_000, &told);
    let path = bench.write("long", &wav(8000, 1, &samples));
    let places = places(&bench, &path);
    let transcribe = engine(DerivativeKind::Transcript);
    let inputs = inputs(&path, &places);
    let (whole, _) = bench.run(&*transcribe, &inputs).unwrap();

    let cancel = Arc::new(AtomicBool::new(false));
    let kept = Default::default();
    let memory = Memory { parts: Default::default(), kept, most: 3, cancel: cancel.clone() };
    let run = |output: &str, cancel: Arc<AtomicBool>| {
        let scratch = bench.path(&format!("{output}-scratch"));
        std::fs::create_dir(&scratch).unwrap();
        let inputs = inputs.iter().map(|(p, m)| Input { path: p.to_path_buf(), media_type: (*m).into() }).collect();
        let mut work = Work {
            inputs,
            params: &serde_json::json!({}),
            output: bench.path(output),
            scratch: &scratch,
            parts: &memory,
            progress: Progress::hidden(),
            cancel,
        };
        transcribe.run(&mut work).map(drop)
    };
    let cut = run("first", cancel);
    assert!(matches!(cut, Err(EngineError::Cancelled)), "{} parts", memory.parts.lock().unwrap().len());
    let before = memory.kept.load(Ordering::Relaxed);
    run("second", Arc::new(AtomicBool::new(false))).unwrap();
    let after = memory.kept.load(Ordering::Relaxed);
    // Every window once, and the round.
    let windows = memory.parts.lock().unwrap().len() - 1;
    assert!(before >= 3 && before < windows && after == windows + 1, "{before} of {windows}, then {after}");
    assert!(std::fs::read(bench.path("second")).unwrap() == std::fs::read(&whole).unwrap(), "as if nothing had happened");

    // All is known: nobody is asked.
    let began = Instant::now();
    run("third", Arc::new(AtomicBool::new(false))).unwrap();
    assert_eq!(memory.kept.load(Ordering::Relaxed), after);
    assert!(std::fs::read(bench.path("third")).unwrap() == std::fs::read(&whole).unwrap());
    println!("known already: {:.1} s", began.elapsed().as_secs_f64());
}
