//! Bytes of any length: a head of eight bytes, then chunks of 64 KiB, each sealed with AES-256-GCM.
//!
//! This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) as the age format uses it, with the cipher that
//! processors have instructions for. The nonce is the chunk's number, with a mark on the last one, so chunks can be neither
//! exchanged nor left out nor cut off; a key must seal one stream only. Any chunk can be opened by itself, so a reader may
//! begin anywhere.

use crate::seal::cipher;
use crate::secret::Secret;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use std::io::{self, Read, Write};
use std::ops::Range;

/// What every stream begins with: name and version of the format.
pub const HEAD: [u8; 8] = *b"zapys\0\x01\n";
/// Plain bytes of a chunk; the last one may have fewer.
pub const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
const SEALED_CHUNK: u64 = (CHUNK + TAG) as u64;

/// Length of a stream that holds so many plain bytes.
pub fn sealed_len(plain: u64) -> u64 {
    HEAD.len() as u64 + plain + TAG as u64 * plain.div_ceil(CHUNK as u64).max(1)
}
/// Plain bytes in a stream of this length. `None` if no stream is so long.
pub fn plain_len(sealed: u64) -> Option<u64> {
    let body = sealed.checked_sub(HEAD.len() as u64)?;
    let plain = body.checked_sub(TAG as u64 * body.div_ceil(SEALED_CHUNK).max(1))?;
    (sealed_len(plain) == sealed).then_some(plain)
}

fn nonce(chunk: u64, last: bool) -> Nonce {
    let mut bytes = [0u8; NONCE_LEN];
    bytes[3..11].copy_from_slice(&chunk.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// Writes one stream.
pub struct Sealer<W> {
    out: W,
    key: LessSafeKey,
    chunk: u64,
    held: Vec<u8>,
}
impl<W: Write> Sealer<W> {
    /// Begins a stream. `key` must never have sealed another one.
    pub fn new(mut out: W, key: &Secret) -> io::Result<Self> {
        out.write_all(&HEAD)?;
        Ok(Self { out, key: cipher(key), chunk: 0, held: Vec::with_capacity(CHUNK + TAG) })
    }
    /// Ends the stream and gives back what it was written to. Without this the stream cannot be opened.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush_chunk(true)?;
        Ok(self.out)
    }
    fn flush_chunk(&mut self, last: bool) -> io::Result<()> {
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce(self.chunk, last), Aad::from(HEAD), &mut self.held)
            .map_err(|_| io::Error::other("a chunk could not be sealed"))?;
        self.held.extend_from_slice(tag.as_ref());
        self.out.write_all(&self.held)?;
        self.held.clear();
        self.chunk += 1;
        Ok(())
    }
}
impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        // The chunk that is full may be the last one, so it goes out only when more comes.
        if self.held.len() == CHUNK && !plain.is_empty() {
            self.flush_chunk(false)?;
        }
        let n = plain.len().min(CHUNK - self.held.len());
        self.held.extend_from_slice(&plain[..n]);
        Ok(n)
    }
    /// Chunks go out when they are full; there is nothing to be hastened.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Which part of a stream must be read for a range of plain bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Bytes of the stream to be read and given to [`Opener::new`].
    pub sealed: Range<u64>,
    first: u64,
    chunks: u64,
    skip: u64,
    take: u64,
}
impl Window {
    /// The window for the plain bytes of `range`, as far as they exist, in a stream of `sealed` bytes.
    /// `None` if no stream has this length.
    pub fn new(sealed: u64, range: Range<u64>) -> Option<Self> {
        let plain = plain_len(sealed)?;
        let chunks = plain.div_ceil(CHUNK as u64).max(1);
        let end = range.end.min(plain);
        let start = range.start.min(end);
        let first = (start / CHUNK as u64).min(chunks - 1);
        let last = if end > start { (end - 1) / CHUNK as u64 } else { first };
        let at = |chunk: u64| (HEAD.len() as u64 + chunk * SEALED_CHUNK).min(sealed);
        // From the first chunk on, the head comes along and is looked at.
        let from = if first == 0 { 0 } else { at(first) };
        Some(Self { sealed: from..at(last + 1), first, chunks, skip: start - first * CHUNK as u64, take: end - start })
    }
}

/// Reads plain bytes out of a window of a stream. Nothing is given out before its chunk has proven unchanged; a chunk that is
/// not gives an error of kind `InvalidData`.
pub struct Opener<R> {
    from: R,
    key: LessSafeKey,
    window: Window,
    chunk: u64,
    /// Room for one sealed chunk; the open one lies in `at..end`.
    held: Vec<u8>,
    at: usize,
    end: usize,
}
impl<R: Read> Opener<R> {
    /// `from` must give the bytes of `window.sealed`.
    pub fn new(from: R, key: &Secret, window: Window) -> Self {
        let (chunk, room) = (window.first, (window.sealed.end - window.sealed.start).min(SEALED_CHUNK));
        let held = vec![0; usize::try_from(room).unwrap_or(CHUNK + TAG)];
        Self { from, key: cipher(key), window, chunk, held, at: 0, end: 0 }
    }
    /// Gives everything that is left to `take`, chunk by chunk and without another copy. Errors: as when reading.
    pub fn each(mut self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        while self.has_more()? {
            let n = self.available();
            take(&self.held[self.at..self.at + n]);
            self.taken(n);
        }
        Ok(())
    }
    /// Opens the next chunk where the last one is used up. False at the end.
    fn has_more(&mut self) -> io::Result<bool> {
        // An empty stream has one chunk, and that must prove itself too.
        let untouched = self.chunk == self.window.first;
        if (self.window.take > 0 && self.at == self.end) || untouched {
            self.next()?;
        }
        Ok(self.available() > 0)
    }
    fn available(&self) -> usize {
        (self.end - self.at).min(usize::try_from(self.window.take).unwrap_or(usize::MAX))
    }
    fn taken(&mut self, n: usize) {
        self.at += n;
        self.window.take -= n as u64;
    }
    fn next(&mut self) -> io::Result<()> {
        let changed = || io::Error::new(io::ErrorKind::InvalidData, "sealed bytes were changed");
        if self.chunk == 0 {
            let mut head = [0; HEAD.len()];
            self.from.read_exact(&mut head).map_err(|e| if e.kind() == io::ErrorKind::UnexpectedEof { changed() } else { e })?;
            if head != HEAD {
                return Err(changed());
            }
        }
        let mut n = 0;
        while n < self.held.len() {
            match self.from.read(&mut self.held[n..]) {
                Ok(0) => break,
                Ok(more) => n += more,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        let last = self.chunk + 1 == self.window.chunks;
        let sealed = &mut self.held[..n];
        self.end = self.key.open_in_place(nonce(self.chunk, last), Aad::from(HEAD), sealed).map_err(|_| changed())?.len();
        self.at = usize::try_from(self.window.skip).unwrap_or(usize::MAX).min(self.end);
        self.window.skip = 0;
        self.chunk += 1;
        Ok(())
    }
}
impl<R: Read> Read for Opener<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.has_more()?;
        let n = self.available().min(out.len());
        out[..n].copy_from_slice(&self.held[self.at..self.at + n]);
        self.taken(n);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealed(key: &Secret, plain: &[u8], step: usize) -> Vec<u8> {
        let mut s = Sealer::new(Vec::new(), key).expect("memory");
        for part in plain.chunks(step.max(1)) {
            s.write_all(part).expect("memory");
        }
        s.finish().expect("memory")
    }
    fn opened(key: &Secret, sealed: &[u8], range: Range<u64>) -> io::Result<Vec<u8>> {
        let window = Window::new(sealed.len() as u64, range).ok_or(io::ErrorKind::InvalidData)?;
        let from = &sealed[window.sealed.start as usize..window.sealed.end as usize];
        let mut out = Vec::new();
        Opener::new(from, key, window).read_to_end(&mut out)?;
        Ok(out)
    }
    fn text(n: usize) -> Vec<u8> {
        (0..n).map(|i| (i * 7 + i / 251) as u8).collect()
    }

    #[test]
    fn lengths_around_chunks_come_back() {
        let key = Secret::random();
        for n in [0, 1, 15, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
            let plain = text(n);
            let s = sealed(&key, &plain, 1 + n / 3);
            assert_eq!(s.len() as u64, sealed_len(n as u64));
            assert_eq!(plain_len(s.len() as u64), Some(n as u64));
            assert_eq!(opened(&key, &s, 0..u64::MAX).expect("opens"), plain);
            let window = Window::new(s.len() as u64, 0..u64::MAX).expect("a stream");
            let mut each = Vec::new();
            Opener::new(s.as_slice(), &key, window).each(|part| each.extend_from_slice(part)).expect("opens");
            assert_eq!(each, plain);
        }
        assert_eq!(plain_len(23), None);
        assert_eq!(plain_len(8 + SEALED_CHUNK + 16), None, "a last chunk that holds nothing");
    }

    #[test]
    fn nothing_can_be_changed_cut_off_or_exchanged() {
        let key = Secret::random();
        let plain = text(2 * CHUNK + 100);
        let s = sealed(&key, &plain, 4096);
        for i in (0..s.len()).step_by(997).chain(0..8).chain([s.len() - 1]) {
            let mut changed = s.clone();
            changed[i] ^= 0x40;
            assert!(opened(&key, &changed, 0..u64::MAX).is_err(), "byte {i}");
        }
        for cut in [8, 24, 8 + SEALED_CHUNK as usize, 8 + 2 * SEALED_CHUNK as usize, s.len() - 1] {
            assert!(opened(&key, &s[..cut], 0..u64::MAX).is_err(), "cut at {cut}");
        }
        let (a, b) = (8, 8 + SEALED_CHUNK as usize);
        let mut swapped = s.clone();
        swapped[a..b].copy_from_slice(&s[b..b + SEALED_CHUNK as usize]);
        swapped[b..b + SEALED_CHUNK as usize].copy_from_slice(&s[a..b]);
        assert!(opened(&key, &swapped, 0..u64::MAX).is_err());
        assert!(opened(&Secret::random(), &s, 0..1).is_err());
        let empty = sealed(&key, b"", 1);
        let mut changed = empty.clone();
        *changed.last_mut().expect("a tag") ^= 1;
        assert!(opened(&key, &changed, 0..u64::MAX).is_err());
        assert_eq!(opened(&key, &empty, 0..u64::MAX).expect("opens"), b"");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_range_reads_as_from_the_plain_bytes(n in 0usize..200_000, a in 0u64..220_000, b in 0u64..220_000) {
            let key = Secret::from_bytes([7; 32]);
            let plain = text(n);
            let s = sealed(&key, &plain, 5000);
            let range = a.min(b)..a.max(b);
            let want = &plain[(range.start as usize).min(n)..(range.end as usize).min(n)];
            prop_assert_eq!(opened(&key, &s, range).expect("opens"), want);
        }
    }
}
