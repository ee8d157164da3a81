//! What every reader must stand: nothing, parts, noise, depth, lengths that lie. A typed error or findings, no panic, in
//! bounded time; the same bytes give the same reading.

use crate::{Limits, RandomRead, members, readers, recognise};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Generous: debug builds on busy machines.
const BOUND: Duration = Duration::from_secs(60);

/// Everything this crate does with foreign bytes.
fn all(bytes: &[u8], name: Option<&str>) {
    let started = Instant::now();
    let recognised = recognise(&bytes, name);
    assert_eq!(recognised, recognise(&bytes, name));
    for reader in readers() {
        let first = reader.read(&bytes);
        if let Ok(first) = &first {
            assert_eq!(first.value.kind(), reader.gives(), "{}", reader.format());
            let again = reader.read(&bytes).expect("read once");
            assert_eq!((&again.value, &again.findings), (&first.value, &first.findings), "{} repeats", reader.format());
        }
    }
    for format in ["zip", "tar", "tar-gz", "gzip"] {
        let limits = Limits { max_total_bytes: 64 << 20, ..Limits::default() };
        let _ = members(&bytes, format, limits, &mut |_, body| {
            let _ = std::io::copy(body, &mut std::io::sink());
            ControlFlow::Continue(())
        });
    }
    assert!(started.elapsed() < BOUND, "{:?} for {} bytes", started.elapsed(), bytes.len());
}

/// Seeds of the readers of this crate; the other folders hold seeds of other parsers.
const OURS: &[&str] = &["archive", "calls", "html", "picture", "telegram", "text"];

/// Every seed by name, or those of some folders.
fn corpus(only: Option<&[&str]>) -> Vec<(String, Vec<u8>)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let mut files = Vec::new();
    for folder in std::fs::read_dir(&root).expect("the seed corpus is part of the source") {
        let folder = folder.expect("readable").path();
        if only.is_some_and(|only| !only.iter().any(|name| folder.ends_with(name))) {
            continue;
        }
        for file in std::fs::read_dir(folder).expect("readable") {
            let path = file.expect("readable").path();
            files.push((
                path.file_name().expect("has one").to_string_lossy().into_owned(),
                std::fs::read(&path).expect("readable"),
            ));
        }
    }
    files.sort();
    files
}

#[test]
fn nothing_is_an_error_for_every_reader() {
    for reader in readers() {
        assert!(reader.read(&b"".as_slice()).is_err(), "{}", reader.format());
        assert!(!reader.identity().version.is_empty() && !reader.identity().name.is_empty());
    }
    all(b"", None);
}

#[test]
fn the_seed_corpus_is_read_whole() {
    let files = corpus(None);
    assert!(files.len() >= 20, "{} seeds", files.len());
    for (name, bytes) in &files {
        all(bytes, Some(name));
    }
}

#[test]
fn each_seed_is_taken_by_its_reader() {
    for (name, bytes) in corpus(Some(OURS)).iter().filter(|(n, _)| n.starts_with("good-")) {
        let recognised = recognise(&bytes.as_slice(), None);
        let readers = crate::readers_for(&recognised);
        let container = crate::archive::FORMATS.contains(&recognised.format.as_str());
        assert!(container || !readers.is_empty(), "{name} is recognised as {}", recognised.format);
        for reader in readers {
            assert!(reader.read(&bytes.as_slice()).is_ok(), "{name}");
        }
    }
}

#[test]
fn cut_anywhere() {
    for (name, bytes) in corpus(None).iter().filter(|(_, b)| b.len() <= 20_000) {
        // Whatever the size, a few hundred cuts a seed; small ones at every 64th byte and around it.
        let step = (bytes.len() / 100).max(64);
        for cut in (1..bytes.len()).step_by(step) {
            all(&bytes[..cut], Some(name));
        }
    }
}

#[test]
fn flipped_bytes() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (name, bytes) in corpus(None).iter().filter(|(_, b)| b.len() <= 20_000) {
        for _ in 0..12 {
            let mut bytes = bytes.clone();
            for _ in 0..1 + random() % 8 {
                let at = (random() % bytes.len().max(1) as u64) as usize;
                if let Some(b) = bytes.get_mut(at) {
                    *b = [0, 0xff, 0x7f, 0x80, random() as u8][(random() % 5) as usize];
                }
            }
            all(&bytes, Some(name));
        }
    }
}

#[test]
fn noise() {
    let mut state = 88_172_645_463_325_252_u64;
    for len in [1, 7, 64, 513, 4096, 70_000] {
        let noise: Vec<u8> = (0..len)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        all(&noise, Some("noise.wav"));
        // Behind each signature, so that the checks behind it run as well.
        for magic in [
            b"\xff\xd8\xff\xe1".as_slice(),
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\x10\0\0\0WEBP",
            b"II*\0",
            b"PK\x03\x04",
            b"\x1f\x8b\x08",
            b"OggS",
            b"ID3\x04\0\0",
            b"\0\0\0\x20ftypheic",
            b"\x1a\x45\xdf\xa3",
            b"{\"messages\":[",
            b"<html>",
        ] {
            all(&[magic, &noise].concat(), None);
        }
    }
}

#[test]
fn deep_nesting() {
    for (open, close) in
        [("[", "]"), ("{\"a\":", "}"), ("<div>", "</div>"), ("<ul><li>", ""), ("«", "»"), ("\"", "\""), ("(", ")")]
    {
        all(format!("{}{}", open.repeat(20_000), close.repeat(20_000)).as_bytes(), None);
    }
    let json = format!("{{\"messages\":[{}", "{\"a\":[".repeat(50_000));
    all(json.as_bytes(), None);
    let boxes: Vec<u8> = (0..5000).flat_map(|_| b"\0\x0f\xff\xfftrak".to_vec()).collect();
    all(&[b"\0\0\0\x10ftypisom\0\0\0\0\0\x0f\xff\xffmoov".as_slice(), &boxes].concat(), None);
}

#[test]
fn huge_lengths() {
    let wav = [
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xff\xff\xff\xff".as_slice(),
        &[0; 64],
    ]
    .concat();
    all(&wav, None);
    all(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x06\0\0\0\0\0\0\0\xff\xff\xff\xffIDAT", None);
    all(b"\xff\xd8\xff\xe1\xff\xffExif\0\0MM\0*\xff\xff\xff\xff", None);
    all(b"\0\0\0\x10ftypheic\0\0\0\0\xff\xff\xff\xffmeta\0\0\0\0\xff\xff\xff\xffiloc\xff\xff\xff\xff", None);
    all(b"II*\0\x08\0\0\0\xff\xff\x01\x01\x02\0\xff\xff\xff\xff\x08\0\0\0", None);
    let mut zip64 = b"PK\x06\x06\x2c\0\0\0\0\0\0\0-\0-\0\0\0\0\0\0\0\0\0".to_vec();
    zip64.extend([0xff; 32]);
    zip64.extend(
        b"PK\x06\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0",
    );
    all(&zip64, None);
}

/// Bytes that say they are more than they are, or fail in the middle.
struct Failing;
impl RandomRead for Failing {
    fn len(&self) -> u64 {
        u64::MAX
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        if offset >= 4096 {
            return Err(std::io::Error::other("unplugged"));
        }
        buf.fill(b'{');
        Ok(buf.len().min(4096))
    }
}

#[test]
fn a_failing_disk_is_an_error_and_no_panic() {
    assert!(matches!(crate::examine(&Failing, None), Err(crate::FormatError::Read(_))));
    assert_eq!(recognise(&Failing, None).format, "unknown");
    for reader in readers() {
        assert!(reader.read(&Failing).is_err());
    }
}
