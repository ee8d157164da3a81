//! Frames on the pipe: two big-endian 32-bit lengths, the JSON header, the body.

use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};

/// Bytes of a header at most.
pub const MAX_HEADER: usize = 1 << 20;
/// Bytes of a body at most; longer sound takes several frames.
pub const MAX_BODY: usize = 1 << 20;

/// Writes one frame and flushes. Errors: `InvalidInput` where header or body is longer than allowed; those of `to`.
pub fn write<T: Serialize>(to: &mut impl Write, header: &T, body: &[u8]) -> io::Result<()> {
    let header = serde_json::to_vec(header)?;
    if header.len() > MAX_HEADER || body.len() > MAX_BODY {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "frame longer than allowed"));
    }
    let lengths = ((header.len() as u64) << 32) | body.len() as u64;
    to.write_all(&lengths.to_be_bytes())?;
    to.write_all(&header)?;
    to.write_all(body)?;
    to.flush()
}

/// Reads one frame: header and body; `None` at a clean end of the stream.
/// Errors: `InvalidData` for lengths above the limits and for headers that are not what is expected, `UnexpectedEof`
/// where the stream ends inside a frame; those of `from`.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut lengths = [0; 8];
    match from.read(&mut lengths[..1])? {
        0 => return Ok(None),
        _ => from.read_exact(&mut lengths[1..])?,
    }
    let lengths = u64::from_be_bytes(lengths);
    let (n_header, n_body) = ((lengths >> 32) as usize, (lengths & u64::from(u32::MAX)) as usize);
    if n_header > MAX_HEADER || n_body > MAX_BODY {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame longer than allowed"));
    }
    let mut header = vec![0; n_header];
    from.read_exact(&mut header)?;
    let mut body = vec![0; n_body];
    from.read_exact(&mut body)?;
    // The parser's message may quote the header, which may hold words of evidence: it stays here.
    let header = serde_json::from_slice(&header)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "frame with an unknown header"))?;
    Ok(Some((header, body)))
}

/// 16-bit samples as the little-endian bytes of a body.
pub fn pcm_to_bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

/// Little-endian bytes of a body as 16-bit samples. Errors: `InvalidData` for an odd number of bytes.
pub fn pcm_from_bytes(bytes: &[u8]) -> io::Result<impl Iterator<Item = i16> + '_> {
    if !bytes.len().is_multiple_of(2) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "half a sample"));
    }
    Ok(bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ask, GateAsk, Heard, HeardWord, Reply, WindowsAsk};

    #[test]
    fn frames_come_back_as_they_went() {
        let asks = [
            Ask::Hello { protocol: 1 },
            Ask::Gate(GateAsk { samples: 5, threshold: [500, 350], min_speech_ms: 100, min_silence_ms: 200 }),
            Ask::Transcribe(WindowsAsk {
                windows: vec![1, 2],
                language: Some("uk".into()),
                follow_switches: true,
                beam: 5,
                heard: vec![7],
            }),
            Ask::Pcm,
        ];
        let mut pipe = Vec::new();
        for (i, ask) in asks.iter().enumerate() {
            write(&mut pipe, ask, &vec![7; i]).expect("written");
        }
        let mut from = pipe.as_slice();
        for (i, ask) in asks.iter().enumerate() {
            assert_eq!(read::<Ask>(&mut from).expect("read"), Some((ask.clone(), vec![7; i])));
        }
        assert_eq!(read::<Ask>(&mut from).expect("clean end"), None);

        let word = HeardWord { text: "вода".into(), start_ms: 1, end_ms: 2, probability: 0.5, tokens: 2, ends_passage: true };
        let heard = Reply::Heard(Heard {
            window: 3,
            language: "uk".into(),
            own_language: ("ru".into(), 0.25),
            text: "вода".into(),
            words: vec![word],
            mean_log_probability: -0.5,
            no_speech: 0.125,
            compression: 1.5,
            repeats: false,
            attempts: 1,
        });
        let mut pipe = Vec::new();
        write(&mut pipe, &heard, &[]).expect("written");
        assert_eq!(read::<Reply>(&mut pipe.as_slice()).expect("read"), Some((heard, vec![])));
    }

    #[test]
    fn a_cut_frame_is_an_error_at_every_place() {
        let mut pipe = Vec::new();
        write(&mut pipe, &Ask::Pcm, &[1, 2, 3, 4]).expect("written");
        for n in 1..pipe.len() {
            let e = read::<Ask>(&mut &pipe[..n]).expect_err("cut");
            assert_eq!(e.kind(), io::ErrorKind::UnexpectedEof, "cut after {n} bytes");
        }
    }

    #[test]
    fn lengths_are_checked_before_memory_is_taken() {
        for lengths in [[0xff_u8; 8], [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff], [0x7f, 0, 0, 0, 0, 0, 0, 0]] {
            let e = read::<Ask>(&mut lengths.as_slice()).expect_err("too long");
            assert_eq!(e.kind(), io::ErrorKind::InvalidData);
        }
        assert!(write(&mut Vec::new(), &Ask::Pcm, &vec![0; MAX_BODY + 1]).is_err());
    }

    #[test]
    fn headers_are_not_quoted_in_errors() {
        let mut pipe = Vec::new();
        write(&mut pipe, &serde_json::json!({"ask": "Ключ у Марины"}), &[]).expect("written");
        let e = read::<Ask>(&mut pipe.as_slice()).expect_err("unknown");
        assert!(!e.to_string().contains("Марины"));
    }

    #[test]
    fn samples_round_trip() {
        let samples = [0, 1, -1, i16::MIN, i16::MAX];
        let bytes = pcm_to_bytes(&samples);
        assert_eq!(pcm_from_bytes(&bytes).expect("even").collect::<Vec<_>>(), samples);
        assert!(pcm_from_bytes(&bytes[1..]).is_err());
    }
}
