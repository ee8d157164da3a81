//! Other listeners than the one of this machine, and second opinions: through a real server's interface, with the real model
//! behind it.

use crate::server::{LocalServer, Manner};
use crate::speech::{channel, inputs, places, read, ready};
use crate::{Bench, engines, has, wav};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use zapys_domain::ItemKind::Recording;
use zapys_domain::transcript::{Flag, SecondTranscript, Transcript};
use zapys_domain::{DerivativeKind, Fault, Finding, Lang, Locator, Progress};
use zapys_engines::parts::NoParts;
use zapys_engines::speech::choice::{Choice, Choices, Second};
use zapys_engines::speech::{Sounds, Speech};
use zapys_engines::{Engine, EngineError, Engines, EnginesConfig, Input, ServerConfig, Work};

/// One call with two parties, and where they speak.
struct Call {
    bench: Bench,
    path: PathBuf,
    places: [PathBuf; 2],
}
impl Call {
    fn new() -> Self {
        let bench = Bench::new();
        let (a, _) = channel(26_000, &[("vm-dialout", 1000), ("queue-youarenext", 14_000)]);
        let (b, _) = channel(26_000, &[("vm-tocallback", 6000)]);
        let both: Vec<i16> = a.iter().zip(&b).flat_map(|(a, b)| [*a, *b]).collect();
        let path = bench.write("call", &wav(8000, 2, &both));
        let places = places(&bench, &path);
        Self { bench, path, places }
    }
    fn heard(&self, by: &dyn Engine) -> Result<(PathBuf, Transcript, Vec<Finding>), EngineError> {
        let (out, _) = self.bench.run(by, &inputs(&self.path, &self.places))?;
        let (transcript, findings) = read(&out);
        Ok((out, transcript, findings))
    }
    fn twice(&self, by: &dyn Engine, first: &Path) -> (SecondTranscript, Vec<Finding>) {
        let json = "application/json";
        let (out, _) = self.bench.run(by, &[(&self.path, "audio/x-wav"), (&self.places[0], json), (first, json)]).unwrap();
        read(&out)
    }
}

fn ear() -> Arc<Speech> {
    let sandbox = engines().sandbox().unwrap();
    Speech::find(sandbox.clone(), Sounds::new(sandbox.clone()), &EnginesConfig::plain(2), None).unwrap()
}

/// Engines that have recordings heard by that server.
fn by_server(address: &str) -> Engines {
    let server = ServerConfig { address: address.into(), model: "base".into(), key_file: None };
    let speech = Choices { languages: vec![], usual: Choice::Server };
    Engines::detect(EnginesConfig { speech, server, ..EnginesConfig::plain(2) })
}
fn transcribe(engines: &Engines) -> Arc<dyn Engine> {
    engines.find(DerivativeKind::Transcript, Recording, &Lang::und()).unwrap()
}

fn words(t: &Transcript) -> Vec<String> {
    t.segments.iter().flat_map(|s| s.text.split_whitespace()).map(str::to_lowercase).collect()
}

#[test]
fn a_server_hears_what_the_host_behind_it_hears() {
    if !ready() {
        return;
    }
    let call = Call::new();
    let ear = ear();
    let (_, own, _) = call.heard(&*transcribe(engines())).unwrap();

    let server = LocalServer::hears(Manner::Verbose, ear.clone());
    let engine = transcribe(&by_server(&server.address));
    let (_, t, findings) = call.heard(&*engine).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((t.language.as_str(), words(&t)), ("ru", words(&own)));
    let place = |t: &Transcript| t.segments.iter().map(|s| (s.channel, s.start_ms, s.end_ms, s.words.len())).collect::<Vec<_>>();
    assert_eq!(place(&t), place(&own), "times go back to the media clock");
    let sure = |t: &Transcript| t.segments.iter().flat_map(|s| &s.words).map(|w| w.confidence).collect::<Vec<_>>();
    assert!(sure(&t).iter().zip(sure(&own)).all(|(a, b)| (a - b).abs() < 0.001));
    assert_eq!((t.engine.name.as_str(), t.engine.model.as_deref()), ("openai-transcription", Some("base")));
    assert_eq!(t.engine, *engine.identity());
    let told = &t.parameters["server"];
    assert_eq!(told["listed"], serde_json::json!({"id": "base", "created": 7, "owned_by": "nobody"}));
    assert!(server.address.contains(told["at"].as_str().unwrap()));

    let sorted = |t: &Transcript| {
        let mut words = words(t);
        words.sort();
        words
    };
    let server = LocalServer::hears(Manner::Passages, ear.clone());
    let (_, t, findings) = call.heard(&*transcribe(&by_server(&server.address))).unwrap();
    assert!(has(&findings, "no-word-times") && !has(&findings, "no-confidence"));
    assert_eq!(sorted(&t), sorted(&own));
    assert!(t.segments.iter().all(|s| s.words.is_empty() && s.confidence > 0.4), "no word has a time that nobody measured");

    let server = LocalServer::hears(Manner::Text, ear);
    let (_, t, findings) = call.heard(&*transcribe(&by_server(&server.address))).unwrap();
    assert!(has(&findings, "no-word-times") && has(&findings, "no-confidence"));
    assert_eq!(sorted(&t), sorted(&own));
    // A window is a passage then: from its first sound to its last.
    for channel in [0, 1] {
        let of = |t: &Transcript| {
            t.segments.iter().filter(|s| s.channel == Some(channel)).map(|s| (s.start_ms, s.end_ms)).collect::<Vec<_>>()
        };
        let (theirs, ours) = (of(&t), of(&own));
        assert!(theirs[0].0 <= ours[0].0 && theirs.last().unwrap().1 + 300 >= ours.last().unwrap().1, "{theirs:?} {ours:?}");
    }
    let told: Vec<_> = t.segments.iter().map(|s| (s.confidence, s.flags.clone(), s.language.to_string())).collect();
    assert!(told.iter().all(|s| *s == (0.0, vec![], "und".into())), "{told:?}");
}

#[test]
fn a_server_that_goes_wrong_costs_one_job_and_says_so() {
    if !ready() {
        return;
    }
    let call = Call::new();
    let ear = ear();
    let fails = |manner| {
        let server = LocalServer::hears(manner, ear.clone());
        call.heard(&*transcribe(&by_server(&server.address))).map(|_| ()).unwrap_err()
    };
    for manner in [Manner::Nonsense, Manner::Endless, Manner::Locked] {
        let e = fails(manner);
        assert!(matches!(e, EngineError::Failed { .. }), "{manner:?}: {e}");
    }
    assert!(fails(Manner::Locked).to_string().contains("401"));

    // Too busy at first: waited for, every window heard once.
    let server = LocalServer::hears(Manner::Busy, ear.clone());
    let (_, t, _) = call.heard(&*transcribe(&by_server(&server.address))).unwrap();
    assert!(!t.segments.is_empty() && server.asked.load(Ordering::Relaxed) >= 4);

    // Gone: said so, as a fault of the surroundings, to be tried again.
    let gone = { LocalServer::hears(Manner::Verbose, ear.clone()).address.clone() };
    let e = call.heard(&*transcribe(&by_server(&gone))).map(|_| ()).unwrap_err();
    assert!(
        matches!(e, EngineError::Unreachable { .. }) && e.code() == "unreachable" && e.hint().contains("zapys process"),
        "{e}"
    );

    // Another model than before: nobody knows which heard what.
    let server = LocalServer::hears(Manner::Changing, ear.clone());
    let (_, _, findings) = call.heard(&*transcribe(&by_server(&server.address))).unwrap();
    assert!(has(&findings, "model-changed"));

    // Numbers that make no sense are held to the window.
    let server = LocalServer::hears(Manner::Wild, ear.clone());
    let (_, t, _) = call.heard(&*transcribe(&by_server(&server.address))).unwrap();
    assert!(!t.segments.is_empty());
    for s in &t.segments {
        assert!(
            s.start_ms <= s.end_ms && s.end_ms <= t.duration_ms && (0.0..=1.0).contains(&s.confidence) && s.language.is_und()
        );
        assert!(s.words.iter().all(|w| w.start_ms <= w.end_ms && (0.0..=1.0).contains(&w.confidence)));
    }

    // One that is sent everything and says nothing is left as soon as the work is no longer wanted.
    let server = LocalServer::hears(Manner::Silent, ear);
    let engine = transcribe(&by_server(&server.address));
    let cancel = Arc::new(AtomicBool::new(false));
    let stop = cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
    });
    let (scratch, began) = (call.bench.path("cancelled"), Instant::now());
    std::fs::create_dir(&scratch).unwrap();
    let input = |path: &Path, media: &str| Input { path: path.to_owned(), media_type: media.into() };
    let mut work = Work {
        inputs: inputs(&call.path, &call.places).map(|(path, media)| input(path, media)).to_vec(),
        params: &serde_json::json!({}),
        output: call.bench.path("never"),
        scratch: &scratch,
        parts: &NoParts,
        progress: Progress::hidden(),
        cancel,
    };
    assert!(matches!(engine.run(&mut work), Err(EngineError::Cancelled)));
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn an_address_is_for_this_machine_or_encrypted() {
    let url = |address: &str| ServerConfig { address: address.into(), ..Default::default() }.url();
    for good in ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:80/v1", "https://speech.example.org/v1"] {
        assert!(url(good).is_ok(), "{good}");
    }
    for bad in [
        "http://10.0.0.7/v1",
        "http://example.org/v1",
        "https://me:secret@example.org",
        "ftp://127.0.0.1/",
        "file:///etc",
        "x",
        "",
    ] {
        assert!(url(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_second_opinion_finds_what_was_left_out_and_put_in() {
    if !ready() {
        return;
    }
    let call = Call::new();
    let (first, own, _) = call.heard(&*transcribe(engines())).unwrap();
    let again = Engines::detect(EnginesConfig { second: Second::Again, ..EnginesConfig::plain(2) });
    let second = again.find(DerivativeKind::SecondTranscript, Recording, &Lang::und()).unwrap();
    assert!(second.identity() != &own.engine && second.identity().name.ends_with("-second"));
    assert!(engines().find(DerivativeKind::SecondTranscript, Recording, &Lang::und()).is_err(), "only where it is wanted");
    let (plain, _) = call.twice(&*second, &first);
    assert_eq!(plain.heard.engine, own.engine, "the same engine, in other windows");
    let told = |s: &SecondTranscript| s.readings.iter().map(|r| r.id.clone()).collect::<Vec<_>>();
    let of_first: Vec<&str> = own.segments.iter().map(|s| s.id.as_str()).collect();
    assert!(told(&plain).iter().all(|id| of_first.contains(&id.as_str())));
    assert!(plain.readings.iter().all(|r| r.flags.contains(&Flag::Disagreement)));

    // A first hearing that put a negation in, and one that dropped what somebody said.
    let changed = |name: &str, how: &dyn Fn(&mut Transcript)| {
        let mut t = own.clone();
        how(&mut t);
        let document = serde_json::json!({"findings": []});
        let mut value = serde_json::to_value(&t).unwrap();
        value.as_object_mut().unwrap().extend(document.as_object().unwrap().clone());
        call.bench.write(name, value.to_string().as_bytes())
    };
    let same = own.segments.iter().position(|s| !told(&plain).contains(&s.id) && s.words.len() > 2);
    let same = same.expect("a segment that both hearings have alike");
    let id = own.segments[same].id.clone();
    let (found, findings) = call.twice(
        &*second,
        &changed("negated", &|t| {
            let s = &mut t.segments[same];
            s.text = format!("не {}", s.text);
            let mut word = s.words[0].clone();
            word.text = "не".into();
            s.words.insert(0, word);
        }),
    );
    let reading = found.readings.iter().find(|r| r.id == id).unwrap();
    assert_eq!(reading.flags, [Flag::Disagreement, Flag::Negation]);
    assert_eq!(reading.text.to_lowercase(), own.segments[same].text.to_lowercase());
    assert!(has(&findings, "negation"));

    let gone = own.segments.iter().find(|s| s.channel == Some(1)).unwrap();
    let (_, findings) = call.twice(&*second, &changed("dropped", &|t| t.segments.retain(|s| s.channel != Some(1))));
    let alone: Vec<_> = findings.iter().filter(|f| f.code == "heard-by-one").collect();
    assert!(!alone.is_empty());
    let holds = |f: &Finding| matches!(f.locator, Locator::Span { start_ms, end_ms, channel: Some(1) } if start_ms <= gone.end_ms && end_ms >= gone.start_ms);
    assert!(alone.iter().any(|f| holds(f)), "{alone:?}");
}

#[test]
fn who_listens_goes_by_language_with_the_usual_one_behind() {
    if !ready() {
        return;
    }
    let lang = |l: &str| Lang::parse(l).unwrap();
    let server = ServerConfig { address: "http://127.0.0.1:9/v1".into(), model: "m".into(), key_file: None };
    let languages = vec![("uk".into(), Choice::Server), ("ru".into(), Choice::Pack(Some("not-there".into())))];
    let speech = Choices { languages, usual: Choice::Pack(None) };
    let engines = Engines::detect(EnginesConfig { speech, server, ..EnginesConfig::plain(2) });
    let who = |l: &str| engines.find(DerivativeKind::Transcript, Recording, &lang(l)).unwrap().identity().name.clone();
    assert_eq!((who("uk"), who("uk-UA")), ("openai-transcription".into(), "openai-transcription".into()));
    assert_eq!((who("ru"), who("en"), who("und")), ("whisper-ct2".into(), "whisper-ct2".into(), "whisper-ct2".into()));
    let line = |name: &str| engines.availability().iter().find(|a| a.name == name).unwrap().state.clone();
    assert!(line("speech in uk").is_ok() && line("speech in ru").is_err(), "doctor says what is missing");
}
