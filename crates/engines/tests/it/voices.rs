//! Who speaks when: two real voices on one channel, told apart by the real networks.

use crate::speech::{channel, engine, inputs, places, read, ready};
use crate::{Bench, has, wav};
use zapys_domain::ItemKind::Recording;
use zapys_domain::transcript::{Flag, ToldApart, Transcript, Turns};
use zapys_domain::{DerivativeKind, Lang};
use zapys_engines::{EngineError, Engines, EnginesConfig, Input, Work};

/// A conversation of a Russian and an English woman, on one channel: the sound, and where each of them speaks.
fn conversation() -> (Vec<i16>, [Vec<(u64, u64)>; 2]) {
    let prompts = [
        ("vm-dialout", 500),
        ("en/vm-dialout", 5_500),
        ("queue-youarenext", 11_000),
        ("en/vm-tocallback", 18_000),
        ("vm-tocallback", 22_500),
        ("en/queue-youarenext", 29_000),
    ];
    let (samples, spans) = channel(38_000, &prompts);
    let of = |english: bool| {
        let both = prompts.iter().zip(&spans);
        both.filter(|((name, _), _)| name.starts_with("en/") == english).map(|(_, span)| *span).collect()
    };
    (samples, [of(false), of(true)])
}

/// Milliseconds of a list of spans that lie in another.
fn within(spans: &[(u64, u64)], others: &[(u64, u64)]) -> u64 {
    let each = |(a, b): &(u64, u64)| others.iter().map(|(c, d)| b.min(d).saturating_sub(*a.max(c))).sum::<u64>();
    spans.iter().map(each).sum()
}

#[test]
fn two_voices_on_one_channel_are_told_apart_and_so_are_their_words() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let (samples, truth) = conversation();
    let path = bench.write("call", &wav(8000, 1, &samples));
    let places = places(&bench, &path);
    let (turns, findings) = read::<Turns>(&places[1]);
    assert_eq!((turns.by, turns.duration_ms), (ToldApart::Voices, 38_000));
    assert!(findings.is_empty());
    assert_eq!(turns.speakers.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    for (id, truth) in ["A", "B"].into_iter().zip(&truth) {
        let found: Vec<_> = turns.turns.iter().filter(|t| t.speaker == id).map(|t| (t.start_ms, t.end_ms)).collect();
        let length = |spans: &[(u64, u64)]| spans.iter().map(|(a, b)| b - a).sum::<u64>();
        let right = within(&found, truth);
        // The prompts hold pauses of their own.
        assert!(right * 10 >= length(&found) * 9, "{id}: {found:?} is not {truth:?}");
        assert!(right * 10 >= length(truth) * 7, "{id}: {found:?} is not {truth:?}");
    }

    let transcribe = engine(DerivativeKind::Transcript);
    let (heard, _) = bench.run(&*transcribe, &inputs(&path, &places)).unwrap();
    let (transcript, _) = read::<Transcript>(&heard);
    assert_eq!(transcript.speakers, turns.speakers);
    for s in &transcript.segments {
        let id = if within(&[(s.start_ms, s.end_ms)], &truth[0]) > 0 { "A" } else { "B" };
        assert_eq!(s.speaker.as_deref(), Some(id), "{}..{} {}", s.start_ms, s.end_ms, s.text);
        assert!(s.channel == Some(0) && !s.flags.contains(&Flag::Overlap));
    }
    assert!(["A", "B"].iter().all(|id| transcript.segments.iter().any(|s| s.speaker.as_deref() == Some(id))));
    let (again, _) = bench.run(&*engine(DerivativeKind::Speakers), &inputs(&path, &places)[..2]).unwrap();
    assert!(std::fs::read(again).unwrap() == std::fs::read(&places[1]).unwrap(), "the same sound gives the same bytes");
}

#[test]
fn a_person_may_say_how_many_speak() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let path = bench.write("call", &wav(8000, 1, &conversation().0));
    let places = places(&bench, &path);
    let run = |params: serde_json::Value, output: &str| {
        let scratch = bench.path(&format!("{output}-scratch"));
        std::fs::create_dir(&scratch).unwrap();
        let given = inputs(&path, &places).map(|(p, media)| Input { path: p.to_owned(), media_type: media.into() });
        let mut work = Work {
            inputs: given[..2].to_vec(),
            params: &params,
            output: bench.path(output),
            scratch: &scratch,
            parts: &zapys_engines::parts::NoParts,
            progress: zapys_domain::Progress::hidden(),
            cancel: Default::default(),
        };
        engine(DerivativeKind::Speakers).run(&mut work).map(drop)?;
        Ok::<_, EngineError>(read::<Turns>(&bench.path(output)).0)
    };
    assert_eq!(run(serde_json::json!({"speakers": 1}), "one").unwrap().speakers.len(), 1);
    for bad in [serde_json::json!({"speakers": 0}), serde_json::json!({"speaker": 2}), serde_json::json!(2)] {
        assert!(matches!(run(bad.clone(), &format!("bad-{bad}")), Err(EngineError::Failed { .. })), "{bad}");
    }
}

#[test]
fn two_at_once_are_both_heard_and_the_words_are_marked() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let (a, told) = channel(20_000, &[("vm-dialout", 500), ("vm-tocallback", 8_000)]);
    let (b, over) = channel(20_000, &[("en/vm-tocallback", 8_500), ("en/vm-dialout", 14_000)]);
    let mixed: Vec<i16> = a.iter().zip(&b).map(|(a, b)| a.saturating_add(*b)).collect();
    let path = bench.write("call", &wav(8000, 1, &mixed));
    let (turns, findings) = read::<Turns>(&places(&bench, &path)[1]);
    assert!(!has(&findings, "voices-not-told-apart"));
    let of = |id: &str| turns.turns.iter().filter(|t| t.speaker == id).map(|t| (t.start_ms, t.end_ms)).collect::<Vec<_>>();
    let both = within(&of("A"), &of("B"));
    let truth = within(&told, &over);
    assert!(both * 3 > truth && both < truth * 2, "{both} of {truth} ms: {turns:?}");
    assert_eq!(turns.speakers.len(), 2);
}

#[test]
fn networks_that_cannot_be_loaded_cost_no_words() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let packs = bench.path("packs");
    std::fs::create_dir_all(packs.join("voices")).unwrap();
    let installed = zapys_engines::models::packs_dir(None);
    for name in ["ctranslate2", "onnxruntime", "silero-vad", "whisper-base"] {
        std::os::unix::fs::symlink(installed.join(name), packs.join(name)).unwrap();
    }
    let mut manifest = String::from("name = \"voices\"\nkind = \"voices\"\nversion = \"1\"\nlanguages = []\nlicence = \"MIT\"\n");
    for name in ["segmentation.onnx", "embedding.onnx"] {
        std::fs::write(packs.join("voices").join(name), "no network").unwrap();
        let sha256 = "0".repeat(64);
        manifest += &format!("[[file]]\nname = \"{name}\"\nbytes = 10\nsha256 = \"{sha256}\"\n");
    }
    std::fs::write(packs.join("voices/pack.toml"), manifest).unwrap();
    let path = bench.write("call", &wav(8000, 1, &channel(5_000, &[("vm-dialout", 500)]).0));
    let run = || {
        let engines = Engines::detect(EnginesConfig { packs: Some(packs.clone()), ..EnginesConfig::plain(2) });
        let of = |kind| engines.find(kind, Recording, &Lang::und()).unwrap();
        let (activity, _) = bench.run(&*of(DerivativeKind::Speech), &inputs(&path, &Default::default())[..1])?;
        let given = [activity, Default::default()];
        let (turns, emitted) = bench.run(&*of(DerivativeKind::Speakers), &inputs(&path, &given)[..2])?;
        let given = [given[0].clone(), turns];
        let (heard, _) = bench.run(&*of(DerivativeKind::Transcript), &inputs(&path, &given))?;
        Ok::<_, EngineError>((read::<Turns>(&given[1]).0, emitted.findings, read::<Transcript>(&heard).0))
    };
    // Bytes that are not what the manifest says are not used at all.
    assert!(matches!(run(), Err(EngineError::Missing { .. })));
    let digest = zapys_engines::host::binary_sha256(&packs.join("voices/embedding.onnx")).unwrap();
    let right = std::fs::read_to_string(packs.join("voices/pack.toml")).unwrap();
    let right = right.lines().map(|l| if l.starts_with("sha256") { format!("sha256 = \"{digest}\"") } else { l.into() });
    std::fs::write(packs.join("voices/pack.toml"), right.collect::<Vec<String>>().join("\n")).unwrap();
    let (turns, findings, transcript) = run().unwrap();
    assert!(turns.by == ToldApart::NotAtAll && has(&findings, "voices-failed"));
    assert!(transcript.speakers.is_empty() && !transcript.segments.is_empty());
}
