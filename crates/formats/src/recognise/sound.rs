//! Sound and the moving pictures that have a signature or frames of their own.

use super::{Found, Look, found};
use crate::random::number::{be16, be32};
use crate::random::piece;
use std::io;
use zapys_domain::ItemKind::{Other, Recording, Video};

pub(super) fn signature(look: &Look<'_>) -> io::Result<Option<Found>> {
    if (look.starts(b"RIFF") || look.starts(b"RIFX")) && look.head.len() >= 12 {
        return Ok(match &look.head[8..12] {
            b"WAVE" => Some(found(Recording, "audio/wav", "wav")),
            b"AVI " => Some(found(Video, "video/x-msvideo", "avi")),
            b"RMID" => Some(found(Other, "audio/midi", "midi")),
            _ => Some(found(Other, "application/x-riff", "riff")),
        });
    }
    if (look.starts(b"RF64") || look.starts(b"BW64")) && look.at(8, b"WAVE") {
        return Ok(Some(found(Recording, "audio/wav", "rf64")));
    }
    if look.starts(b"OggS") {
        return Ok(Some(ogg(look)));
    }
    if look.starts(b"FORM") && (look.at(8, b"AIFF") || look.at(8, b"AIFC")) {
        return Ok(Some(found(Recording, "audio/aiff", "aiff")));
    }
    if look.starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") {
        // A stream header for pictures anywhere in the file header.
        let pictures = look.head.windows(8).any(|w| w == b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11");
        return Ok(Some(if pictures {
            found(Video, "video/x-ms-asf", "asf")
        } else {
            found(Recording, "audio/x-ms-wma", "wma")
        }));
    }
    if look.starts(b"FLV\x01") {
        let pictures = look.head.get(4).is_none_or(|f| f & 1 == 1);
        return Ok(Some(found(if pictures { Video } else { Recording }, "video/x-flv", "flv")));
    }
    let plain: &[(&[u8], &str, &str)] = &[
        (b"#!AMR-WB\n", "audio/amr-wb", "amr-wb"),
        (b"#!AMR-WB_MC1.0\n", "audio/amr-wb", "amr-wb"),
        (b"#!AMR\n", "audio/amr", "amr"),
        (b"#!AMR_MC1.0\n", "audio/amr", "amr"),
        (b"fLaC", "audio/flac", "flac"),
        (b"caff\0\x01", "audio/x-caf", "caf"),
        (b".snd\0", "audio/basic", "au"),
        (b"wvpk", "audio/x-wavpack", "wavpack"),
        (b"MAC ", "audio/x-ape", "ape"),
        (b"#!SILK_V3", "audio/silk", "silk"),
        (b"\x02#!SILK_V3", "audio/silk", "silk"),
    ];
    Ok(plain.iter().find(|p| look.starts(p.0)).map(|p| found(Recording, p.1, p.2)))
}

/// The first page of each stream names its codec.
fn ogg(look: &Look<'_>) -> Found {
    let h = &look.head;
    let (mut at, mut best) = (0, None);
    for _ in 0..32 {
        if !h.get(at..).is_some_and(|p| p.starts_with(b"OggS")) {
            break;
        }
        let Some(&n) = h.get(at + 26) else { break };
        let table = at + 27;
        let body = table + usize::from(n);
        let Some(sizes) = h.get(table..body) else { break };
        let packet = h.get(body..).unwrap_or_default();
        let codec = match () {
            () if packet.starts_with(b"\x80theora") => Some((3, Video, "video/ogg", "ogg-theora")),
            () if packet.starts_with(b"OpusHead") => Some((2, Recording, "audio/ogg", "ogg-opus")),
            () if packet.starts_with(b"\x01vorbis") => Some((2, Recording, "audio/ogg", "ogg-vorbis")),
            () if packet.starts_with(b"\x7fFLAC") => Some((2, Recording, "audio/ogg", "ogg-flac")),
            () if packet.starts_with(b"Speex   ") => Some((2, Recording, "audio/ogg", "ogg-speex")),
            () => None,
        };
        if codec > best {
            best = codec;
        }
        at = body + sizes.iter().map(|&s| usize::from(s)).sum::<usize>();
    }
    match best {
        Some((_, kind, media, format)) => (found(kind, media, format).0, "structure"),
        None => found(Recording, "audio/ogg", "ogg"),
    }
}

/// Formats without a header, known by frames that follow one another: MP3, AAC, AC-3, transport and program streams.
pub(super) fn frames(look: &Look<'_>) -> io::Result<Option<Found>> {
    let mut at = 0_u64;
    let mut tagged = false;
    // Tags may be stacked; four are more than anybody writes.
    for _ in 0..4 {
        let tag = piece(look.bytes, at, 10)?;
        if !tag.starts_with(b"ID3") || tag.len() < 10 || tag[6..].iter().any(|b| *b > 127) {
            break;
        }
        tagged = true;
        let size = tag[6..].iter().fold(0_u64, |n, b| n << 7 | u64::from(*b));
        at = at.saturating_add(10 + size + if tag[5] & 0x10 != 0 { 10 } else { 0 });
    }
    let body = if tagged { piece(look.bytes, at, 64 * 1024)? } else { Vec::new() };
    let h = if tagged { &body } else { &look.head };
    if tagged && h.starts_with(b"fLaC") {
        return Ok(Some(found(Recording, "audio/flac", "flac")));
    }
    // Behind a tag there may be padding; without one, frames must begin at once.
    let reach = if tagged { h.len().min(16 * 1024) } else { 1.min(h.len()) };
    for start in 0..reach {
        if h[start] != 0xff {
            continue;
        }
        if chain(h, start, adts, if tagged { 2 } else { 3 }) {
            return Ok(Some(found(Recording, "audio/aac", "aac")));
        }
        if chain(h, start, mpeg, if tagged { 2 } else { 3 }) {
            return Ok(Some(found(Recording, "audio/mpeg", "mp3")));
        }
    }
    if tagged {
        // Cut off before its first frame, or damaged: the tag still says what it was.
        return Ok(Some(found(Recording, "audio/mpeg", "mp3")));
    }
    if be16(h, 0) == Some(0x0b77) && chain(h, 0, ac3, 2) {
        return Ok(Some(found(Recording, "audio/ac3", "ac3")));
    }
    let packets = |first: usize, step: usize| (0..5).all(|i| h.get(first + i * step) == Some(&0x47));
    if packets(0, 188) || packets(4, 192) {
        return Ok(Some(found(Video, "video/mp2t", "mpeg-ts")));
    }
    if h.starts_with(b"\0\0\x01\xba") {
        return Ok(Some(found(Video, "video/mpeg", "mpeg-ps")));
    }
    Ok(None)
}

/// True if `n` frames follow one another from `at`, or one fewer and then the bytes end.
fn chain(h: &[u8], mut at: usize, len: fn(&[u8]) -> Option<usize>, n: usize) -> bool {
    for i in 0..n {
        if at + 4 > h.len() {
            return i + 1 >= n;
        }
        let Some(frame) = len(&h[at..]) else { return false };
        at += frame;
    }
    true
}

/// Length of an MPEG layer I to III frame in bytes.
fn mpeg(h: &[u8]) -> Option<usize> {
    let b = be32(h, 0)?;
    let (version, layer) = (b >> 19 & 3, b >> 17 & 3);
    let (rate_idx, frequency_idx, pad) = ((b >> 12 & 15) as usize, (b >> 10 & 3) as usize, (b >> 9 & 1) as usize);
    if b >> 21 != 0x7ff || version == 1 || layer == 0 || rate_idx == 0 || rate_idx == 15 || frequency_idx == 3 {
        return None;
    }
    const RATES: [[usize; 15]; 5] = [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let first = version == 3;
    let table = match (first, layer) {
        (true, 3) => 0,
        (true, 2) => 1,
        (true, _) => 2,
        (false, 3) => 3,
        (false, _) => 4,
    };
    let rate = RATES[table][rate_idx] * 1000;
    let frequency = [44_100, 48_000, 32_000][frequency_idx] >> [2, 0, 1, 0][version as usize];
    Some(match layer {
        3 => (12 * rate / frequency + pad) * 4,
        1 if !first => 72 * rate / frequency + pad,
        _ => 144 * rate / frequency + pad,
    })
}

/// Length of an ADTS frame in bytes.
fn adts(h: &[u8]) -> Option<usize> {
    let b = h.get(..7)?;
    let len = usize::from(b[3] & 3) << 11 | usize::from(b[4]) << 3 | usize::from(b[5] >> 5);
    (b[0] == 0xff && b[1] & 0xf6 == 0xf0 && b[2] >> 2 & 15 < 13 && len >= 7).then_some(len)
}

/// Length of an AC-3 frame in bytes.
fn ac3(h: &[u8]) -> Option<usize> {
    const WORDS: [usize; 19] = [64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1152, 1280];
    let code = *h.get(4)?;
    let words = *WORDS.get(usize::from(code & 63) / 2)?;
    (be16(h, 0) == Some(0x0b77)).then_some(match code >> 6 {
        0 => words * 2,
        1 => (words * 2 * 48_000 / 44_100) & !1,
        2 => words * 3,
        _ => return None,
    })
}

/// GSM 06.10 as telephone systems write it, without a header: each frame of 33 bytes begins with the nibble 13.
pub(super) fn gsm(look: &Look<'_>) -> Option<Found> {
    let frames = look.head.chunks_exact(33);
    // Cyrillic letters in UTF-8 begin with that nibble too. Where only the last character is cut off, it is text.
    let text = std::str::from_utf8(&look.head).map_or_else(|e| e.error_len().is_none(), |_| true);
    let enough = frames.len() >= 16 && !text && frames.clone().all(|f| f[0] >> 4 == 0xd);
    enough.then(|| (found(Recording, "audio/gsm", "gsm").0, "structure"))
}

/// Telephone codecs without header or pattern: nothing but the name tells them.
pub(super) fn headerless(look: &Look<'_>) -> Option<Found> {
    if look.named(&["g722"]) {
        return Some((found(Recording, "audio/G722", "g722").0, "name"));
    }
    look.named(&["gsm"]).then(|| (found(Recording, "audio/gsm", "gsm").0, "name"))
}
