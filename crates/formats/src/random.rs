//! Bytes that can be read at any offset: the only way in which foreign bytes enter this crate.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Bytes of known length, readable at any offset. A slice, a file, or an object of the vault.
pub trait RandomRead {
    /// Length in bytes.
    fn len(&self) -> u64;
    /// Fills `buf` from `offset` on as far as it goes; 0 at and beyond the end. Errors: those of the place the bytes rest.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
    /// True where there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl RandomRead for &[u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let Some(rest) = usize::try_from(offset).ok().and_then(|o| self.get(o..)) else { return Ok(0) };
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

impl RandomRead for std::fs::File {
    /// The length the file system reports now; 0 where it cannot say.
    fn len(&self) -> u64 {
        self.metadata().map_or(0, |m| m.len())
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buf, offset)
    }
}

/// Fills `buf` from `offset`, going on after short reads. Returns how many bytes there were.
pub(crate) fn fill(bytes: &dyn RandomRead, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        match bytes.read_at(offset.saturating_add(done as u64), &mut buf[done..]) {
            Ok(0) => break,
            Ok(n) => done += n.min(buf.len() - done),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// At most `len` bytes from `offset`. Never allocates more than there are.
pub(crate) fn piece(bytes: &dyn RandomRead, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let there = bytes.len().saturating_sub(offset);
    let mut buf = vec![0; usize::try_from(there).unwrap_or(usize::MAX).min(len)];
    let n = fill(bytes, offset, &mut buf)?;
    buf.truncate(n);
    Ok(buf)
}

/// A stretch of the bytes as an ordinary reader with a position of its own.
pub(crate) struct Stretch<'a> {
    bytes: &'a dyn RandomRead,
    start: u64,
    end: u64,
    at: u64,
}

impl<'a> Stretch<'a> {
    /// `len` bytes from `start`, cut at the end of the bytes.
    pub(crate) fn new(bytes: &'a dyn RandomRead, start: u64, len: u64) -> Self {
        let end = start.saturating_add(len).min(bytes.len()).max(start);
        Self { bytes, start, end, at: start }
    }
    /// Everything.
    pub(crate) fn whole(bytes: &'a dyn RandomRead) -> Self {
        Self::new(bytes, 0, bytes.len())
    }
    /// With a buffer in front.
    pub(crate) fn buffered(self) -> BufReader<Self> {
        BufReader::with_capacity(64 * 1024, self)
    }
}

impl Read for Stretch<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(buf.len());
        if left == 0 {
            return Ok(0);
        }
        let n = self.bytes.read_at(self.at, &mut buf[..left])?.min(left);
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Stretch<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => self.start.checked_add(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
            SeekFrom::End(n) => self.end.checked_add_signed(n),
        };
        match target {
            Some(t) if t >= self.start => {
                self.at = t;
                Ok(t - self.start)
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "seek before the start")),
        }
    }
}

/// Big- and little-endian numbers out of a slice; `None` beyond its end.
pub(crate) mod number {
    pub(crate) fn be16(b: &[u8], at: usize) -> Option<u16> {
        Some(u16::from_be_bytes(b.get(at..at.checked_add(2)?)?.try_into().ok()?))
    }
    pub(crate) fn be32(b: &[u8], at: usize) -> Option<u32> {
        Some(u32::from_be_bytes(b.get(at..at.checked_add(4)?)?.try_into().ok()?))
    }
    pub(crate) fn be64(b: &[u8], at: usize) -> Option<u64> {
        Some(u64::from_be_bytes(b.get(at..at.checked_add(8)?)?.try_into().ok()?))
    }
    pub(crate) fn le16(b: &[u8], at: usize) -> Option<u16> {
        be16(b, at).map(u16::swap_bytes)
    }
    pub(crate) fn le32(b: &[u8], at: usize) -> Option<u32> {
        be32(b, at).map(u32::swap_bytes)
    }
    pub(crate) fn le64(b: &[u8], at: usize) -> Option<u64> {
        be64(b, at).map(u64::swap_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_stay_inside_their_bounds() {
        let bytes: &[u8] = b"0123456789";
        let mut s = Stretch::new(&bytes, 2, 5);
        let mut text = String::new();
        s.read_to_string(&mut text).unwrap();
        assert_eq!(text, "23456");
        assert_eq!(s.seek(SeekFrom::End(-2)).unwrap(), 3);
        assert!(s.seek(SeekFrom::Current(-9)).is_err());
        assert_eq!(piece(&bytes, 8, usize::MAX).unwrap(), b"89");
        assert_eq!(piece(&bytes, u64::MAX, 10).unwrap(), b"");
        assert_eq!(Stretch::new(&bytes, 20, u64::MAX).read(&mut [0; 4]).unwrap(), 0);
    }
}
