//! Zip files whose entries are stored, not compressed: a container that cannot expand, written and read in a few lines.
//!
//! The reader believes nothing: sizes, offsets and names are checked against the file and against each other before any
//! entry is opened, entries may not overlap, and compressed, encrypted or linked entries are refused. Only where others
//! may pack small files ([`Zip::open_mixed`], for WACZ) are deflated entries read, never beyond the length they state.

use flate2::read::DeflateDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END64: u32 = 0x0606_4b50;
const END64_AT: u32 = 0x0706_4b50;
/// Number of the deflate method.
const DEFLATED: u16 = 8;
/// Most entries that are read.
const MAX_ENTRIES: u64 = 1_000_000;
/// Longest central directory that is read, in bytes.
const MAX_DIRECTORY: u64 = 256 * 1024 * 1024;

/// CRC-32 as zip uses it.
#[derive(Clone, Copy)]
pub(crate) struct Crc(u32);
impl Crc {
    const TABLE: [u32; 256] = {
        let mut table = [0u32; 256];
        let mut i = 0;
        while i < 256 {
            let mut c = i as u32;
            let mut bit = 0;
            while bit < 8 {
                c = if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 };
                bit += 1;
            }
            table[i] = c;
            i += 1;
        }
        table
    };
    pub(crate) fn new() -> Self {
        Self(!0)
    }
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |c, b| Self::TABLE[usize::from(c as u8 ^ b)] ^ (c >> 8));
    }
    pub(crate) fn value(self) -> u32 {
        !self.0
    }
}

#[cfg(feature = "write")]
pub(crate) mod write {
    use super::*;
    use std::io::Write;

    /// Names are UTF-8.
    const FLAGS: u16 = 0x0800;

    /// Files, names with their texts, in one package in this order, not compressed. The same files give the same bytes.
    pub fn packed(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()), (1980, 1, 1), (0, 0, 0));
        let written = files.iter().try_for_each(|(name, text)| {
            zip.begin(name, false)?;
            zip.write(text.as_bytes())?;
            zip.end()
        });
        written
            .and_then(|()| zip.finish())
            .map(io::Cursor::into_inner)
            .expect("memory takes what is written, and no file has 4 GiB")
    }

    /// Writes entries one after another.
    pub(crate) struct ZipWriter<W> {
        out: W,
        at: u64,
        date: u16,
        time: u16,
        done: Vec<Done>,
        open: Option<Open>,
    }
    struct Done {
        name: String,
        crc: u32,
        bytes: u64,
        at: u64,
    }
    struct Open {
        name: String,
        large: bool,
        crc: Crc,
        bytes: u64,
        at: u64,
    }

    impl<W: Write + Seek> ZipWriter<W> {
        /// `date`: year, month, day and `time`: hour, minute, second, the same for every entry.
        pub(crate) fn new(out: W, date: (i32, u8, u8), time: (u8, u8, u8)) -> Self {
            let year = u16::try_from((date.0 - 1980).clamp(0, 127)).unwrap_or(0);
            let date = year << 9 | u16::from(date.1) << 5 | u16::from(date.2);
            let time = u16::from(time.0) << 11 | u16::from(time.1) << 5 | (u16::from(time.2) / 2);
            Self { out, at: 0, date, time, done: Vec::new(), open: None }
        }
        fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.out.write_all(bytes)?;
            self.at += bytes.len() as u64;
            Ok(())
        }
        /// Opens an entry. `large`: it may pass 4 GiB.
        pub(crate) fn begin(&mut self, name: &str, large: bool) -> io::Result<()> {
            let at = self.at;
            let mut h = Vec::new();
            h.extend(LOCAL.to_le_bytes());
            for n in [if large { 45 } else { 20 }, FLAGS, 0, self.time, self.date] {
                h.extend(n.to_le_bytes());
            }
            // Digest and sizes are filled in at the end.
            h.extend([0; 4]);
            h.extend(if large { [0xff; 8] } else { [0; 8] });
            h.extend(name_len(name)?.to_le_bytes());
            h.extend(if large { 20u16 } else { 0 }.to_le_bytes());
            h.extend(name.as_bytes());
            if large {
                h.extend([1, 0, 16, 0]);
                h.extend([0; 16]);
            }
            self.raw(&h)?;
            self.open = Some(Open { name: name.into(), large, crc: Crc::new(), bytes: 0, at });
            Ok(())
        }
        pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            let open = self.open.as_mut().expect("an entry is open");
            open.crc.update(bytes);
            open.bytes += bytes.len() as u64;
            if !open.large && open.bytes > u64::from(u32::MAX) {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "an entry grew past 4 GiB"));
            }
            self.raw(bytes)
        }
        pub(crate) fn end(&mut self) -> io::Result<()> {
            let o = self.open.take().expect("an entry is open");
            let name_len = o.name.len() as u64;
            self.out.seek(SeekFrom::Start(o.at + 14))?;
            self.out.write_all(&o.crc.value().to_le_bytes())?;
            if o.large {
                self.out.seek(SeekFrom::Start(o.at + 30 + name_len + 4))?;
                self.out.write_all(&o.bytes.to_le_bytes())?;
                self.out.write_all(&o.bytes.to_le_bytes())?;
            } else {
                let n = u32::try_from(o.bytes).expect("checked while writing");
                self.out.write_all(&n.to_le_bytes())?;
                self.out.write_all(&n.to_le_bytes())?;
            }
            self.out.seek(SeekFrom::Start(self.at))?;
            self.done.push(Done { name: o.name, crc: o.crc.value(), bytes: o.bytes, at: o.at });
            Ok(())
        }
        /// Writes the directory and gives the file back.
        pub(crate) fn finish(mut self) -> io::Result<W> {
            let start = self.at;
            for d in std::mem::take(&mut self.done) {
                let (big_size, big_at) = (d.bytes >= u64::from(u32::MAX), d.at >= u64::from(u32::MAX));
                let mut extra = Vec::new();
                if big_size {
                    extra.extend(d.bytes.to_le_bytes());
                    extra.extend(d.bytes.to_le_bytes());
                }
                if big_at {
                    extra.extend(d.at.to_le_bytes());
                }
                if !extra.is_empty() {
                    let len = u16::try_from(extra.len()).expect("at most 24 bytes");
                    extra.splice(0..0, [1u16.to_le_bytes(), len.to_le_bytes()].concat());
                }
                let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
                let mut h = Vec::new();
                h.extend(CENTRAL.to_le_bytes());
                // Made by Unix, so that the file mode below counts.
                for n in [3u16 << 8 | 45, if extra.is_empty() { 20 } else { 45 }, FLAGS, 0, self.time, self.date] {
                    h.extend(n.to_le_bytes());
                }
                h.extend(d.crc.to_le_bytes());
                h.extend(small(d.bytes));
                h.extend(small(d.bytes));
                h.extend(name_len(&d.name)?.to_le_bytes());
                h.extend(u16::try_from(extra.len()).expect("at most 28 bytes").to_le_bytes());
                h.extend([0; 6]);
                h.extend((0o100_644u32 << 16).to_le_bytes());
                h.extend(small(d.at));
                h.extend(d.name.as_bytes());
                h.extend(extra);
                self.raw(&h)?;
                self.done.push(d);
            }
            let (n, len, end) = (self.done.len() as u64, self.at - start, self.at);
            let mut h = Vec::new();
            if n >= 0xffff || start >= u64::from(u32::MAX) || len >= u64::from(u32::MAX) {
                h.extend(END64.to_le_bytes());
                h.extend(44u64.to_le_bytes());
                h.extend([(3 << 8 | 45u16).to_le_bytes(), 45u16.to_le_bytes()].concat());
                h.extend([0; 8]);
                for x in [n, n, len, start] {
                    h.extend(x.to_le_bytes());
                }
                h.extend(END64_AT.to_le_bytes());
                h.extend([0; 4]);
                h.extend(end.to_le_bytes());
                h.extend(1u32.to_le_bytes());
            }
            h.extend(END.to_le_bytes());
            h.extend([0; 4]);
            for _ in 0..2 {
                h.extend(u16::try_from(n).unwrap_or(u16::MAX).to_le_bytes());
            }
            for x in [len, start] {
                h.extend(u32::try_from(x).unwrap_or(u32::MAX).to_le_bytes());
            }
            h.extend([0; 2]);
            self.raw(&h)?;
            self.out.flush()?;
            Ok(self.out)
        }
    }

    fn name_len(name: &str) -> io::Result<u16> {
        u16::try_from(name.len()).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a name is too long for a zip"))
    }
}

/// Why a zip file is not read.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// The file cannot be read.
    #[error("the zip file cannot be read")]
    Io(#[from] io::Error),
    /// It contradicts itself, or is no zip.
    #[error("the zip file is damaged or made to deceive: {0}")]
    Bad(&'static str),
    /// Something in it is not read here.
    #[error("the zip file is not one as zapys writes it: {0}")]
    Foreign(&'static str),
}

/// A zip file whose directory was read and found consistent.
#[derive(Debug)]
pub(crate) struct Zip {
    path: PathBuf,
    entries: BTreeMap<String, Slot>,
}
#[derive(Clone, Copy, Debug)]
struct Slot {
    data: u64,
    packed: u64,
    bytes: u64,
    crc: u32,
    method: u16,
}

fn u16_at(b: &[u8], at: usize) -> u16 {
    b.get(at..at + 2).map_or(0, |s| u16::from_le_bytes([s[0], s[1]]))
}
fn u32_at(b: &[u8], at: usize) -> u32 {
    b.get(at..at + 4).map_or(0, |s| u32::from_le_bytes([s[0], s[1], s[2], s[3]]))
}
fn u64_at(b: &[u8], at: usize) -> u64 {
    u64::from(u32_at(b, at)) | u64::from(u32_at(b, at + 4)) << 32
}

fn read_at(file: &mut File, at: u64, len: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut out = vec![0; len];
    file.read_exact(&mut out)?;
    Ok(out)
}

impl Zip {
    /// Reads and checks the directory. Errors: [`ZipError`].
    pub(crate) fn open(path: &Path) -> Result<Self, ZipError> {
        Self::read_directory(path, false)
    }
    /// The same, where entries may also be deflated. Errors: [`ZipError`].
    pub(crate) fn open_mixed(path: &Path) -> Result<Self, ZipError> {
        Self::read_directory(path, true)
    }
    fn read_directory(path: &Path, mixed: bool) -> Result<Self, ZipError> {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        let (n, dir_len, dir_at, dir_end) = directory(&mut file, len)?;
        if n > MAX_ENTRIES || dir_len > MAX_DIRECTORY {
            return Err(ZipError::Foreign("it has too many entries"));
        }
        if dir_at.checked_add(dir_len) != Some(dir_end) {
            return Err(ZipError::Bad("its directory is not where it says"));
        }
        let dir = read_at(&mut file, dir_at, usize::try_from(dir_len).map_err(|_| ZipError::Foreign("it is too large"))?)?;
        let mut at = 0;
        let mut entries = BTreeMap::new();
        let mut spans = Vec::new();
        for _ in 0..n {
            let head = dir.get(at..at + 46).filter(|h| u32_at(h, 0) == CENTRAL).ok_or(ZipError::Bad("an entry is cut off"))?;
            let (name_len, extra_len, comment_len) =
                (usize::from(u16_at(head, 28)), usize::from(u16_at(head, 30)), usize::from(u16_at(head, 32)));
            let tail =
                dir.get(at + 46..at + 46 + name_len + extra_len + comment_len).ok_or(ZipError::Bad("an entry is cut off"))?;
            at += 46 + tail.len();
            let name = std::str::from_utf8(&tail[..name_len]).map_err(|_| ZipError::Foreign("a name is not UTF-8"))?;
            let mut packed = u64::from(u32_at(head, 20));
            let mut bytes = u64::from(u32_at(head, 24));
            let mut offset = u64::from(u32_at(head, 42));
            let mut wide = wide_fields(&tail[name_len..name_len + extra_len]);
            for field in [&mut bytes, &mut packed, &mut offset] {
                if *field == u64::from(u32::MAX) {
                    *field = wide.next().ok_or(ZipError::Bad("a large size is missing"))?;
                }
            }
            if u16_at(head, 8) & 1 != 0 {
                return Err(ZipError::Foreign("an entry is encrypted"));
            }
            let method = u16_at(head, 10);
            if !(method == 0 && packed == bytes || mixed && method == DEFLATED) {
                return Err(ZipError::Foreign("an entry is compressed; unpack it and check the folder"));
            }
            let mode = u32_at(head, 38) >> 16 & 0o170_000;
            if u16_at(head, 4) >> 8 == 3 && mode != 0 && mode != 0o100_000 && mode != 0o040_000 {
                return Err(ZipError::Bad("an entry is a link or a device"));
            }
            let local = read_at(&mut file, offset.min(len), 30).map_err(|_| ZipError::Bad("an entry lies outside the file"))?;
            let local_name = usize::from(u16_at(&local, 26));
            let data = offset + 30 + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
            let same_name =
                local_name == name_len && read_at(&mut file, offset + 30, name_len).is_ok_and(|b| b == name.as_bytes());
            let crc = u32_at(head, 16);
            let same = u32_at(&local, 0) == LOCAL
                && same_name
                && u16_at(&local, 8) == method
                && (u32_at(&local, 14) == crc || u16_at(&local, 6) & 8 != 0);
            if !same {
                return Err(ZipError::Bad("an entry says two different things of itself"));
            }
            let end = data.checked_add(packed).filter(|e| *e <= dir_at).ok_or(ZipError::Bad("an entry lies outside the file"))?;
            spans.push((offset, end));
            if name.ends_with('/') && bytes == 0 {
                continue;
            }
            if entries.insert(name.to_owned(), Slot { data, packed, bytes, crc, method }).is_some() {
                return Err(ZipError::Bad("a name occurs twice"));
            }
        }
        if at != dir.len() {
            return Err(ZipError::Bad("its directory is longer than it says"));
        }
        spans.sort_unstable();
        if spans.windows(2).any(|w| w[0].1 > w[1].0) {
            return Err(ZipError::Bad("entries overlap"));
        }
        Ok(Self { path: path.into(), entries })
    }
    /// Names and lengths.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, u64)> {
        self.entries.iter().map(|(n, s)| (n.as_str(), s.bytes))
    }
    /// Opens an entry; reading it to the end checks its CRC-32.
    pub(crate) fn read(&self, name: &str) -> io::Result<impl Read + use<>> {
        let slot = *self.entries.get(name).ok_or(io::ErrorKind::NotFound)?;
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(slot.data))?;
        let packed = file.take(slot.packed);
        let from = if slot.method == DEFLATED {
            Packed::Deflated(Box::new(DeflateDecoder::new(packed)))
        } else {
            Packed::Stored(packed)
        };
        Ok(Entry { from, left: slot.bytes, crc: Crc::new(), want: slot.crc })
    }
    /// Whether an entry is stored as it is, so that parts of it can be read by offset.
    pub(crate) fn is_stored(&self, name: &str) -> bool {
        self.entries.get(name).is_some_and(|s| s.method == 0)
    }
}

enum Packed {
    Stored(io::Take<File>),
    Deflated(Box<DeflateDecoder<io::Take<File>>>),
}
struct Entry {
    from: Packed,
    left: u64,
    crc: Crc,
    want: u32,
}
impl Read for Entry {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // Deflated bytes may be more than the entry states: not one of those is given out.
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).saturating_add(1).min(buf.len());
        let n = match &mut self.from {
            Packed::Stored(file) => file.read(&mut buf[..most])?,
            Packed::Deflated(file) => file.read(&mut buf[..most])?,
        };
        if n as u64 > self.left {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the entry is longer than the zip states"));
        }
        self.crc.update(&buf[..n]);
        self.left -= n as u64;
        if n == 0 && !buf.is_empty() && (self.left > 0 || self.crc.value() != self.want) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the entry does not have the CRC-32 that the zip states"));
        }
        Ok(n)
    }
}

/// The 64-bit values of an extra field, in their order.
fn wide_fields(mut extra: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let mut found: &[u8] = &[];
    while extra.len() >= 4 {
        let (id, len) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let Some(body) = extra.get(4..4 + len) else { break };
        if id == 1 {
            found = body;
        }
        extra = &extra[4 + len..];
    }
    found.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b))
}

/// Number of entries, length and offset of the directory, and where it must end.
fn directory(file: &mut File, len: u64) -> Result<(u64, u64, u64, u64), ZipError> {
    let tail_len = len.min(22 + 65_535);
    let tail = read_at(file, len - tail_len, usize::try_from(tail_len).expect("at most 65,557"))?;
    let found = (0..tail.len().saturating_sub(21))
        .rev()
        .find(|i| u32_at(&tail, *i) == END && i + 22 + usize::from(u16_at(&tail, i + 20)) == tail.len())
        .ok_or(ZipError::Bad("it has no directory"))?;
    let end = &tail[found..];
    let end_at = len - tail_len + found as u64;
    let mut n = u64::from(u16_at(end, 10));
    let mut dir_len = u64::from(u32_at(end, 12));
    let mut dir_at = u64::from(u32_at(end, 16));
    let mut dir_end = end_at;
    if n == 0xffff || dir_len == u64::from(u32::MAX) || dir_at == u64::from(u32::MAX) {
        let bad = || ZipError::Bad("its large directory is damaged");
        let locator = read_at(file, end_at.checked_sub(20).ok_or_else(bad)?, 20)?;
        let at = u64_at(&locator, 8);
        if u32_at(&locator, 0) != END64_AT || at.checked_add(56 + 20) != Some(end_at) {
            return Err(bad());
        }
        let wide = read_at(file, at, 56)?;
        if u32_at(&wide, 0) != END64 {
            return Err(bad());
        }
        (n, dir_len, dir_at, dir_end) = (u64_at(&wide, 32), u64_at(&wide, 40), u64_at(&wide, 48), at);
    }
    if u16_at(end, 4) != 0 || u16_at(end, 6) != 0 {
        return Err(ZipError::Foreign("it is split over several files"));
    }
    Ok((n, dir_len, dir_at, dir_end))
}

#[cfg(all(test, feature = "write"))]
mod tests {
    use super::write::ZipWriter;
    use super::*;

    fn sample(path: &Path) -> Vec<u8> {
        let file = File::create(path).expect("creates");
        let mut z = ZipWriter::new(file, (2024, 5, 1), (10, 0, 0));
        for (name, body, large) in [("r/a.txt", "hello", false), ("r/b/ї.bin", "", false), ("r/c", "large or not", true)] {
            z.begin(name, large).expect("begins");
            z.write(body.as_bytes()).expect("writes");
            z.end().expect("ends");
        }
        z.finish().expect("finishes");
        std::fs::read(path).expect("reads")
    }

    #[test]
    fn what_is_written_is_read_and_every_flipped_byte_is_noticed_or_harmless() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.zip");
        let bytes = sample(&path);
        assert_eq!(Crc::new().value(), 0);
        let zip = Zip::open(&path).expect("opens");
        let names: Vec<_> = zip.entries().map(|(n, l)| (n.to_owned(), l)).collect();
        assert_eq!(names, [("r/a.txt".into(), 5), ("r/b/ї.bin".into(), 0), ("r/c".into(), 12)]);
        let read = |z: &Zip| -> Result<Vec<(String, Vec<u8>)>, ZipError> {
            z.entries()
                .map(|(n, _)| {
                    let mut out = Vec::new();
                    z.read(n)?.read_to_end(&mut out)?;
                    Ok((n.to_owned(), out))
                })
                .collect()
        };
        let good = read(&zip).expect("reads");
        for i in 0..bytes.len() {
            for bit in [1u8, 0x80] {
                let mut bad = bytes.clone();
                bad[i] ^= bit;
                std::fs::write(&path, &bad).expect("writes");
                if let Ok(all) = Zip::open(&path).and_then(|z| read(&z)) {
                    // Dates, versions and modes may change unnoticed; names and bytes may not.
                    assert_eq!(all, good, "byte {i}");
                }
            }
        }
        for cut in 0..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).expect("writes");
            assert!(Zip::open(&path).is_err(), "cut at {cut}");
        }
    }
}
