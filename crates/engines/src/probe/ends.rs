//! What WAV and Ogg files say of their own end, which ffprobe passes over: it takes the length that is there for the
//! length that was meant.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// What the end of a file shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The header states so many milliseconds.
    Stated(u64),
    /// The header leaves the length open, as programs do that write while they record.
    Open,
    /// The last page is cut off.
    Cut,
    /// The last page is whole but not marked as the last.
    Unmarked,
    /// Nothing to say: as it should be, or another format.
    Silent,
}

/// Streams longer than a page of Ogg have their last one within so many bytes of the end.
const OGG_PAGE: u64 = 27 + 255 + 255 * 255;

/// Looks at the end of a file. Reads a few headers and at most 64 KiB.
pub(super) fn end_of(path: &Path) -> std::io::Result<End> {
    let mut file = std::fs::File::open(path)?;
    let len = file.metadata()?.len();
    let mut head = [0; 12];
    if len < 12 {
        return Ok(End::Silent);
    }
    file.read_exact(&mut head)?;
    match (&head[..4], &head[8..]) {
        (b"RIFF", b"WAVE") => wave(&mut file, len),
        (b"OggS", _) => ogg(&mut file, len),
        _ => Ok(End::Silent),
    }
}

/// Walks the chunks to the sound and compares its size with what is there.
fn wave(file: &mut std::fs::File, len: u64) -> std::io::Result<End> {
    let mut at = 12;
    let mut bytes_a_second = 0;
    // A file can hold few chunks before its sound; a forged one cannot keep us here.
    for _ in 0..1000 {
        let mut chunk = [0; 8];
        if at + 8 > len {
            return Ok(End::Cut);
        }
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut chunk)?;
        let size = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
        match &chunk[..4] {
            b"fmt " if size >= 16 && at + 24 <= len => {
                let mut format = [0; 16];
                file.read_exact(&mut format)?;
                bytes_a_second = u64::from(u32::from_le_bytes([format[8], format[9], format[10], format[11]]));
            }
            b"data" => {
                return Ok(match size {
                    // 0, -1 and the like stand for "not known yet".
                    0 if len > at + 8 => End::Open,
                    0x7fff_0000.. => End::Open,
                    _ if bytes_a_second == 0 => End::Silent,
                    _ if at + 8 + size > len => End::Stated(size * 1000 / bytes_a_second),
                    _ => End::Silent,
                });
            }
            _ => {}
        }
        at += 8 + size + size % 2;
    }
    Ok(End::Silent)
}

/// Finds the last page.
fn ogg(file: &mut std::fs::File, len: u64) -> std::io::Result<End> {
    let start = len.saturating_sub(OGG_PAGE + 27);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(OGG_PAGE + 27).read_to_end(&mut tail)?;
    let Some(page) = tail.windows(5).rposition(|w| w == b"OggS\0") else { return Ok(End::Cut) };
    let page = &tail[page..];
    let Some(&n_segments) = page.get(26) else { return Ok(End::Cut) };
    let Some(segments) = page.get(27..27 + usize::from(n_segments)) else { return Ok(End::Cut) };
    let body: usize = segments.iter().map(|s| usize::from(*s)).sum();
    if page.len() < 27 + segments.len() + body {
        return Ok(End::Cut);
    }
    Ok(if page[5] & 4 == 0 { End::Unmarked } else { End::Silent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: End) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        assert_eq!(end_of(file.path()).unwrap(), expected);
    }
    fn wav(stated: u32, there: usize) -> Vec<u8> {
        let mut f =
            b"RIFF\0\0\0\0WAVEodd!\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data".to_vec();
        f.extend(stated.to_le_bytes());
        f.extend(vec![1; there]);
        f
    }
    fn page(flags: u8, body: &[u8]) -> Vec<u8> {
        let mut p = b"OggS\0".to_vec();
        p.push(flags);
        p.extend([0; 20]);
        p.extend([1, body.len() as u8]);
        p.extend(body);
        p
    }

    #[test]
    fn wav_lengths() {
        check(&wav(32_000, 32_000), End::Silent);
        check(&wav(32_000, 8_000), End::Stated(2000));
        check(&wav(0xffff_ffff, 8_000), End::Open);
        check(&wav(0, 8_000), End::Open);
        check(&wav(0, 0), End::Silent);
        check(&wav(5, 0)[..30], End::Cut);
        check(b"", End::Silent);
        check(b"something else entirely", End::Silent);
    }

    #[test]
    fn ogg_ends() {
        let whole = [page(2, b"first"), page(0, b"middle"), page(4, b"last")].concat();
        check(&whole, End::Silent);
        check(&whole[..whole.len() - 1], End::Cut);
        check(&[page(2, b"first"), page(0, b"middle")].concat(), End::Unmarked);
        check(b"OggS\0 without any page", End::Cut);
    }
}
