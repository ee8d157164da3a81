//! Empty, cut, mislabelled, forged: a typed error or a finding, never silence.

use crate::{Bench, has, wav};
use zapys_domain::DerivativeKind::{Decode, Peaks, Probe, Proxy, Text};
use zapys_domain::ItemKind::{Photo, Recording, Screenshot};
use zapys_domain::{Fault, FaultKind};
use zapys_engines::EngineError;

#[test]
fn what_is_no_recording_is_unreadable() {
    let bench = Bench::new();
    let html = bench.write("html", b"<html><body>Not a recording at all</body></html>\n");
    let empty = bench.write("empty", b"");
    let noise = bench.write("noise", &(0..40_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>());
    for path in [html, empty, noise] {
        for kind in [Probe, Decode, Peaks, Proxy] {
            let error = bench.derive(kind, Recording, &path, "audio/mpeg").err().unwrap();
            assert_eq!(error.kind(), FaultKind::Input, "{error:?}");
            assert!(!error.hint().is_empty());
        }
    }
}

#[test]
fn a_cut_wav_is_told() {
    let bench = Bench::new();
    let mut file = wav(8000, 1, &(0..80_000).map(|i| ((i % 80) * 200 - 8000) as i16).collect::<Vec<_>>());
    file.truncate(file.len() / 2);
    let path = bench.write("cut", &file);
    let (facts, findings) = bench.document(Decode, Recording, &path, "audio/x-wav").unwrap();
    assert!((4900..=5000).contains(&facts["duration_ms"].as_u64().unwrap()));
    assert!(has(&findings, "decoded-shorter-than-container"), "{findings:?}");
    let (facts, findings) = bench.document(Probe, Recording, &path, "audio/x-wav").unwrap();
    assert_eq!((&facts["duration_ms"], has(&findings, "file-cut")), (&10_000.into(), true));
}

#[test]
fn a_cut_voice_note_is_told() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.ffmpeg("a.opus", &["-f", "lavfi", "-i", "sine=440:d=6", "-c:a", "libopus"])).unwrap();
    let path = bench.write("cut", &whole[..whole.len() / 2]);
    let (_, findings) = bench.document(Probe, Recording, &path, "audio/ogg").unwrap();
    assert!(has(&findings, "file-cut"), "{findings:?}");
    let whole = bench.write("whole", &whole);
    let (_, findings) = bench.document(Probe, Recording, &whole, "audio/ogg").unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_header_that_promises_four_gigabytes_gives_what_is_there() {
    let bench = Bench::new();
    let mut file = wav(8000, 1, &[500; 8000]);
    let at = file.windows(4).position(|w| w == b"data").unwrap() + 4;
    file[at..at + 4].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    let path = bench.write("forged", &file);
    let (facts, findings) = bench.document(Decode, Recording, &path, "audio/x-wav").unwrap();
    assert_eq!(facts["duration_ms"], 1000, "{findings:?}");
    let (facts, findings) = bench.document(Probe, Recording, &path, "audio/x-wav").unwrap();
    assert!(facts["duration_ms"].is_null() && has(&findings, "unknown-duration"), "{findings:?}");
}

#[test]
fn a_cut_flac_is_shorter_than_it_says() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.ffmpeg("a.flac", &["-f", "lavfi", "-i", "anoisesrc=d=10:c=pink:r=16000:a=0.2"])).unwrap();
    let path = bench.write("cut", &whole[..whole.len() / 2]);
    let (facts, findings) = bench.document(Decode, Recording, &path, "audio/flac").unwrap();
    assert!(facts["duration_ms"].as_u64().unwrap() < 6000);
    assert!(has(&findings, "decoded-shorter-than-container"), "{findings:?}");
}

#[test]
fn damage_in_the_middle_keeps_what_comes_after() {
    let bench = Bench::new();
    let mut bytes = std::fs::read(bench.ffmpeg("a.mp3", &["-f", "lavfi", "-i", "sine=440:d=10", "-b:a", "64k"])).unwrap();
    let third = bytes.len() / 3;
    for (i, b) in bytes[third..third + 3000].iter_mut().enumerate() {
        *b = (i * 37 % 251) as u8;
    }
    let path = bench.write("hurt", &bytes);
    let (facts, findings) = bench.document(Decode, Recording, &path, "audio/mpeg").unwrap();
    assert!(facts["duration_ms"].as_u64().unwrap() > 9000, "the rest is kept: {facts}");
    assert!(has(&findings, "decoder-errors"), "{findings:?}");
    assert!(!facts["decoder"].as_str().unwrap().contains("-xerror"));
    // Copy and overview follow the same clock.
    let (peaks, _) = bench.document(Peaks, Recording, &path, "audio/mpeg").unwrap();
    assert_eq!(peaks["duration_ms"], facts["duration_ms"]);
    let (copy, _) = bench.derive(Proxy, Recording, &path, "audio/mpeg").unwrap();
    assert!(std::fs::metadata(copy).unwrap().len() > 10_000);
}

#[test]
fn a_cut_amr_keeps_its_frames() {
    let bench = Bench::new();
    let whole = std::fs::read(bench.ffmpeg("a.amr", &["-f", "lavfi", "-i", "sine=300:r=8000:d=4", "-b:a", "12.2k"])).unwrap();
    let path = bench.write("cut", &whole[..6 + 32 * 100 + 10]);
    let (facts, _) = bench.document(Decode, Recording, &path, "audio/amr").unwrap();
    let ms = facts["duration_ms"].as_u64().unwrap();
    assert!((2000..=2020).contains(&ms), "{ms}");
}

#[test]
fn a_picture_of_absurd_size_is_refused_before_decoding() {
    let bench = Bench::new();
    // A PNG header that claims 60,000 by 60,000 pixels.
    let mut header = b"IHDR".to_vec();
    header.extend(60_000u32.to_be_bytes());
    header.extend(60_000u32.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(&header);
    png.extend(crc(&header).to_be_bytes());
    png.extend(b"\0\0\0\x0bIDAT\x78\x9c\x63\x60\x80\x00\x00\x00\x04\x00\x01");
    let path = bench.write("huge.png", &png);
    for kind in [Proxy, Text] {
        let error = bench.derive(kind, Photo, &path, "image/png").err().unwrap();
        assert!(matches!(error, EngineError::Limit { .. } | EngineError::Unreadable { .. }), "{error:?}");
    }
    // One that ffmpeg would take, but nobody needs.
    let large = bench.ffmpeg("large.png", &["-f", "lavfi", "-i", "color=white:s=12000x9000", "-frames:v", "1"]);
    for kind in [Proxy, Text] {
        let error = bench.derive(kind, Photo, &large, "image/png").err().unwrap();
        assert!(matches!(error, EngineError::Limit { .. }), "{error:?}");
    }
}

#[test]
fn what_is_no_picture_is_unreadable() {
    let bench = Bench::new();
    let empty = bench.write("empty", b"");
    let text = bench.write("text", b"words, no picture");
    let vectors = bench.write(
        "svg",
        br#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>"#,
    );
    for path in [empty, text, vectors] {
        for kind in [Proxy, Text] {
            let error = bench.derive(kind, Screenshot, &path, "image/png").err().unwrap();
            assert_eq!(error.kind(), FaultKind::Input, "{error:?}");
        }
    }
}

/// CRC-32 as PNG wants it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0u32, |crc, b| (0..8).fold(crc ^ u32::from(*b), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 }))
}
