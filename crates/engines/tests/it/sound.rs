//! Recordings: lengths, channels, digests, copies.

use crate::{Bench, engines, has, wav};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::DerivativeKind::{Decode, Enhanced, Peaks, Probe, Proxy};
use zapys_domain::ItemKind::{Recording, Video};
use zapys_engines::{EngineError, Input, decode};

fn tone(n: usize, per_second: f64, rate: f64, amplitude: f64) -> Vec<i16> {
    (0..n).map(|i| (amplitude * (std::f64::consts::TAU * per_second * i as f64 / rate).sin()) as i16).collect()
}
/// Two parties who take turns, 8 kHz, interleaved.
fn call(seconds: usize) -> Vec<i16> {
    let n = seconds * 8000;
    let (a, b) = (tone(n, 300.0, 8000.0, 9000.0), tone(n, 500.0, 8000.0, 5000.0));
    let fade = |i: usize, half: usize| {
        (((i % 8000) as f64 / 8000.0 * std::f64::consts::PI).sin()) * f64::from((i / 8000 % 2 == half) as u8)
    };
    (0..n).flat_map(|i| [(f64::from(a[i]) * fade(i, 0)) as i16, (f64::from(b[i]) * fade(i, 1)) as i16]).collect()
}
fn pcm_16k(path: &std::path::Path, media: &str) -> Result<zapys_domain::Checked<Vec<Vec<i16>>>, EngineError> {
    let input = Input { path: path.to_owned(), media_type: media.into() };
    let cancel = Arc::new(AtomicBool::new(false));
    decode::pcm_16k(engines().sandbox().expect("bubblewrap"), &input, &cancel)
}

#[test]
fn a_call_keeps_every_sample_of_both_channels() {
    let bench = Bench::new();
    let samples = call(4);
    let path = bench.write("call", &wav(8000, 2, &samples));
    let (facts, _) = bench.document(Probe, Recording, &path, "audio/x-wav").unwrap();
    assert_eq!((&facts["duration_ms"], &facts["audio"][0]["channels"]), (&4000.into(), &2.into()));
    let (facts, findings) = bench.document(Decode, Recording, &path, "audio/x-wav").unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(facts["pcm_sha256"], digest);
    assert_eq!((&facts["samples"], &facts["duration_ms"], &facts["sample_rate"]), (&32_000.into(), &4000.into(), &8000.into()));
    assert!(facts["levels"][0]["peak"].as_u64().unwrap() > facts["levels"][1]["peak"].as_u64().unwrap());

    let (peaks, _) = bench.document(Peaks, Recording, &path, "audio/x-wav").unwrap();
    assert_eq!((&peaks["bucket_ms"], &peaks["duration_ms"]), (&10.into(), &4000.into()));
    let channel = |c: usize| peaks["channels"][c].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!((channel(0).len(), channel(1).len()), (800, 800));
    // The first speaks in the first second only, the other in the second.
    assert!(channel(0)[100] < -20 && channel(0)[101] > 20 && channel(0)[300] == 0 && channel(1)[300] < -10);

    let separate = pcm_16k(&path, "audio/x-wav").unwrap();
    assert_eq!(separate.value.iter().map(Vec::len).collect::<Vec<_>>(), [64_000, 64_000]);
    assert!(separate.value[0][16_000..32_000].iter().all(|s| s.abs() < 60), "nothing of the other party");
}

#[test]
fn the_playable_copy_keeps_channels_and_clock_and_repeats() {
    let bench = Bench::new();
    let path = bench.ffmpeg(
        "call.flac",
        &[
            "-f",
            "lavfi",
            "-i",
            "sine=300:r=16000:d=5",
            "-f",
            "lavfi",
            "-i",
            "sine=700:r=16000:d=5",
            "-filter_complex",
            "amerge",
            "-metadata",
            "title=MARKED-TITLE",
            "-metadata",
            "artist=MARKED-ARTIST",
        ],
    );
    let (first, emitted) = bench.derive(Proxy, Recording, &path, "audio/flac").unwrap();
    assert_eq!(emitted.value.media_type, "audio/ogg");
    let bytes = std::fs::read(&first).unwrap();
    assert!(bytes.starts_with(b"OggS") && bytes.len() < 60_000, "{} bytes", bytes.len());
    assert!(!bytes.windows(6).any(|w| w == b"MARKED"));
    let (again, _) = bench.derive(Proxy, Recording, &path, "audio/flac").unwrap();
    assert!(bytes == std::fs::read(again).unwrap(), "the copy repeats byte for byte");
    let copy = pcm_16k(&first, "audio/ogg").unwrap().value;
    assert_eq!(copy.len(), 2);
    assert!(copy[0].len().abs_diff(80_000) < 320, "{} samples", copy[0].len());
}

#[test]
fn a_copy_that_is_easier_to_listen_to_keeps_channels_and_clock_and_says_what_it_is() {
    let bench = Bench::new();
    // One party loud, one far away in the hiss of the line; short sounds at known places.
    let (n, mut seed) = (8000 * 12, 1u64);
    let samples: Vec<i16> = (0..n)
        .flat_map(|i| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let hiss = 60.0 * ((seed >> 33) as f64 / f64::from(1u32 << 31) - 0.5);
            let burst = |at: usize| if i % 16_000 >= at && i % 16_000 < at + 3200 { 1.0 } else { 0.0 };
            let t = i as f64 / 8000.0;
            let voice =
                |hz: f64| (1..6).map(|k| (std::f64::consts::TAU * hz * f64::from(k) * t).sin() / f64::from(k)).sum::<f64>();
            [(9000.0 * burst(2000) * voice(170.0) + hiss) as i16, (400.0 * burst(10_000) * voice(230.0) + hiss) as i16]
        })
        .collect();
    let path = bench.write("call", &wav(8000, 2, &samples));
    let (plain, _) = bench.derive(Proxy, Recording, &path, "audio/x-wav").unwrap();
    let (copy, emitted) = bench.derive(Enhanced, Recording, &path, "audio/x-wav").unwrap();
    assert_eq!(emitted.value.media_type, "audio/ogg");
    assert!(has(&emitted.findings, "enhanced"), "{:?}", emitted.findings);
    let (plain, copy) = (pcm_16k(&plain, "audio/ogg").unwrap().value, pcm_16k(&copy, "audio/ogg").unwrap().value);
    assert_eq!((copy.len(), plain.len()), (2, 2));
    assert!(copy[0].len().abs_diff(plain[0].len()) < 320, "{} and {}", copy[0].len(), plain[0].len());
    let rms = |s: &[i16]| (s.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / s.len() as f64).sqrt();
    // In samples at 16 kHz: the third sound of each party, and the line between them.
    let (loud, far, line) = (68_500..74_000, 84_500..90_000, 77_000..82_000);
    assert!(rms(&copy[1][far.clone()]) > 3.0 * rms(&plain[1][far.clone()]), "who is far away is heard better");
    assert!(rms(&copy[1][far.clone()]) > 10.0 * rms(&copy[0][far]), "and on no other channel");
    let over_hiss = |s: &[Vec<i16>]| rms(&s[0][loud.clone()]) / rms(&s[0][line.clone()]).max(1.0);
    assert!(over_hiss(&copy) > over_hiss(&plain), "{} and {}", over_hiss(&copy), over_hiss(&plain));
    // The same clock: where the third sound begins, to two milliseconds.
    let begins = |s: &[i16], c: usize| {
        let around = &s[64_000..92_000];
        let most = around.iter().map(|x| x.unsigned_abs()).max().unwrap();
        (c, around.iter().position(|x| x.unsigned_abs() > most / 3).unwrap())
    };
    for c in 0..2 {
        let (a, b) = (begins(&plain[c], c).1, begins(&copy[c], c).1);
        assert!(a.abs_diff(b) <= 32, "channel {c}: {a} and {b}");
    }
}

#[test]
fn silence_frames_of_amr_are_not_lost() {
    let bench = Bench::new();
    // Speech-like tone, five seconds of silence, tone: with DTX the silence is one small frame now and then.
    let sound = ["-f", "lavfi", "-i", "aevalsrc='if(between(t,2,7),0,0.3*sin(2*PI*220*t)*(1+sin(2*PI*3*t)))':s=8000:d=9"];
    let made = |name: &str, dtx: &str| {
        bench.ffmpeg(name, &[&sound[..], &["-c:a", "libopencore_amrnb", "-dtx", dtx, "-b:a", "12.2k"]].concat())
    };
    let with = made("dtx.amr", "1");
    assert!(
        std::fs::metadata(&with).unwrap().len() * 10 < std::fs::metadata(made("full.amr", "0")).unwrap().len() * 8,
        "DTX is on"
    );
    let (facts, _) = bench.document(Probe, Recording, &with, "audio/amr").unwrap();
    let stated = facts["duration_ms"].as_u64().unwrap();
    assert!((9000..=9060).contains(&stated), "{stated} ms are in the frames");
    let (facts, findings) = bench.document(Decode, Recording, &with, "audio/amr").unwrap();
    assert_eq!(facts["duration_ms"].as_u64().unwrap(), stated);
    assert!(facts["decoder"].as_str().unwrap().contains("libopencore_amrnb"));
    assert!(!has(&findings, "decoded-shorter-than-container") && !has(&findings, "decoder-errors"), "{findings:?}");
    // The tone after the silence is where it belongs.
    let sound = pcm_16k(&with, "audio/amr").unwrap().value;
    let loudest = |from: usize, to: usize| sound[0][from * 16..to * 16].iter().map(|s| s.unsigned_abs()).max().unwrap();
    assert!(loudest(1000, 1900) > 3000 && loudest(3000, 6800) < 1000 && loudest(7200, 8900) > 3000);
}

#[test]
fn bare_codec_frames_are_read_by_their_media_type() {
    let bench = Bench::new();
    let sine = ["-f", "lavfi", "-i", "sine=400:r=8000:d=3"];
    let gsm = bench.ffmpeg("x.gsm", &[&sine[..], &["-ar", "8000", "-c:a", "libgsm"]].concat());
    assert_eq!(pcm_16k(&gsm, "audio/x-gsm").unwrap().value[0].len() / 1600, 30);
    let g722 = bench.ffmpeg("x.g722", &[&sine[..], &["-ar", "16000", "-c:a", "g722"]].concat());
    assert_eq!(pcm_16k(&g722, "audio/G722").unwrap().value[0].len(), 48_000);
    let alaw = bench.ffmpeg("x.al", &[&sine[..], &["-f", "alaw"]].concat());
    assert_eq!(pcm_16k(&alaw, "audio/PCMA; rate=8000").unwrap().value[0].len(), 48_000);
}

#[test]
fn every_ordinary_codec_keeps_its_length() {
    let bench = Bench::new();
    let sine = ["-f", "lavfi", "-i", "sine=400:r=48000:d=4"];
    for (name, args) in [
        ("a.mp3", &["-c:a", "libmp3lame", "-ar", "44100"][..]),
        ("a.m4a", &["-c:a", "aac"]),
        ("a.aac", &["-c:a", "aac"]),
        ("a.flac", &[]),
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.opus", &["-c:a", "libopus"]),
        ("al.wav", &["-c:a", "pcm_alaw", "-ar", "8000"]),
        ("ul.wav", &["-c:a", "pcm_mulaw", "-ar", "11025"]),
        ("gsm.wav", &["-c:a", "libgsm_ms", "-ar", "8000"]),
        ("a.3gp", &["-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "12.2k"]),
        ("wb.amr", &["-c:a", "libvo_amrwbenc", "-ar", "16000", "-b:a", "23.85k", "-f", "amr"]),
    ] {
        let path = bench.ffmpeg(name, &[&sine[..], args].concat());
        let (facts, findings) =
            bench.document(Decode, Recording, &path, "application/octet-stream").unwrap_or_else(|e| panic!("{name}: {e}"));
        let ms = facts["duration_ms"].as_u64().unwrap();
        assert!((3900..=4200).contains(&ms), "{name}: {ms} ms");
        assert!(!has(&findings, "decoder-errors") && !has(&findings, "decoded-shorter-than-container"), "{name}: {findings:?}");
        let (peaks, _) = bench.document(Peaks, Recording, &path, "application/octet-stream").unwrap();
        let n = peaks["channels"][0].as_array().unwrap().len() as u64 / 2;
        assert!(n.abs_diff(ms / 10) <= 1, "{name}: {n} buckets of 10 ms for {ms} ms");
    }
}

#[test]
fn a_video_without_sound_is_nothing_to_do() {
    let bench = Bench::new();
    let path = bench.ffmpeg("v.mp4", &["-f", "lavfi", "-i", "testsrc=s=64x48:d=1", "-pix_fmt", "yuv420p"]);
    let (facts, findings) = bench.document(Probe, Video, &path, "video/mp4").unwrap();
    assert_eq!((&facts["video"][0]["width"], has(&findings, "no-audio-stream")), (&64.into(), true));
    for kind in [Decode, Peaks, Proxy] {
        let error = bench.derive(kind, Video, &path, "video/mp4").err().unwrap();
        assert!(matches!(error, EngineError::NotApplicable { .. }), "{error:?}");
    }
    let error = bench.derive(Decode, Recording, &path, "audio/mp4").err().unwrap();
    assert!(matches!(error, EngineError::Unreadable { .. }), "{error:?}");
}

#[test]
fn a_second_sound_stream_is_told() {
    let bench = Bench::new();
    let path = bench
        .ffmpeg("two.mka", &["-f", "lavfi", "-i", "sine=300:d=1", "-f", "lavfi", "-i", "sine=600:d=1", "-map", "0", "-map", "1"]);
    let (_, findings) = bench.document(Probe, Recording, &path, "audio/x-matroska").unwrap();
    assert!(has(&findings, "several-audio-streams"));
}

#[test]
fn work_that_is_no_longer_wanted_stops() {
    let bench = Bench::new();
    let path = bench.write("long", &wav(8000, 1, &vec![1; 8000 * 600]));
    let input = Input { path, media_type: "audio/x-wav".into() };
    let cancel = Arc::new(AtomicBool::new(false));
    let mut reader = decode::pcm(engines().sandbox().expect("bubblewrap"), &input, None, &cancel).unwrap();
    let mut chunk = vec![0; 1000];
    assert_eq!(reader.read(&mut chunk).unwrap(), 1000);
    cancel.store(true, std::sync::atomic::Ordering::Relaxed);
    let ended = loop {
        match reader.read(&mut chunk) {
            Ok(0) => break None,
            Ok(_) => std::thread::yield_now(),
            Err(e) => break Some(e),
        }
    };
    // What lies in the pipe may still be read; then it says so, unless all ten minutes fitted through before.
    assert!(matches!(ended, Some(EngineError::Cancelled) | None), "{ended:?}");
    assert!(matches!(decode::pcm(engines().sandbox().expect("bubblewrap"), &input, None, &cancel), Err(EngineError::Cancelled)));
}
