//! WARC 1.0 and 1.1 (ISO 28500), record by record: headers, digests of block and payload, and where each record lies.
//!
//! The reader believes no length: a record is read within what it states, a file within a budget.

use flate2::bufread::GzDecoder;
use sha1::Digest as _;
use sha1::Sha1;
use sha2::Sha256;
use std::io::{self, BufRead, BufReader, Read};

/// Longest header of a record, and longest HTTP header, in bytes.
const MAX_HEADER: u64 = 256 * 1024;
/// Most records of one file.
pub const MAX_RECORDS: u64 = 1_000_000;

/// Why a WARC file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum WarcError {
    #[allow(missing_docs)]
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    /// Not as the format says; where, counted in bytes of the file.
    #[error("{what}, at byte {at}")]
    Malformed {
        #[allow(missing_docs)]
        at: u64,
        #[allow(missing_docs)]
        what: &'static str,
    },
    /// It unpacks to more than is looked at.
    #[error("it unpacks to more than is looked at")]
    TooLarge,
}

/// What one record is and holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// First byte in the file.
    pub offset: u64,
    /// Bytes in the file, packed.
    pub length: u64,
    /// Names in lower case, values trimmed, in their order.
    pub headers: Vec<(String, String)>,
    /// Status line and headers of an HTTP message, where there is one.
    pub http: Vec<String>,
    /// SHA-256 and SHA-1 of the block, in hexadecimal.
    pub block: [String; 2],
    /// The same of the payload; for a chunked HTTP body, of the body as sent.
    pub payload: [String; 2],
    /// Length of the payload.
    pub payload_bytes: u64,
}
impl Record {
    /// First header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    /// `response`, `resource`, `metadata` and so on.
    pub fn kind(&self) -> &str {
        self.header("warc-type").unwrap_or_default()
    }
    /// Address of what was captured.
    pub fn target(&self) -> Option<&str> {
        self.header("warc-target-uri").map(|t| t.trim_start_matches('<').trim_end_matches('>'))
    }
    /// First HTTP header of this name.
    pub fn http_header(&self, name: &str) -> Option<&str> {
        self.http
            .iter()
            .skip(1)
            .find_map(|l| l.split_once(':').filter(|(n, _)| n.trim().eq_ignore_ascii_case(name)).map(|(_, v)| v.trim()))
    }
    /// Status of an HTTP response.
    pub fn status(&self) -> Option<u16> {
        self.http.first()?.split(' ').nth(1)?.parse().ok()
    }
    /// Media type of the payload, without parameters.
    pub fn media_type(&self) -> Option<&str> {
        let stated = if self.http.is_empty() { self.header("content-type") } else { self.http_header("content-type") };
        stated.map(|t| t.split(';').next().unwrap_or(t).trim())
    }
    /// Whether a stated digest (`sha256:...`, `sha1:...`, hexadecimal or base 32) is one of `found`.
    /// `None`: another algorithm.
    pub fn agrees(stated: &str, found: &[String; 2]) -> Option<bool> {
        let (algorithm, value) = stated.split_once(':')?;
        let found = match algorithm.trim().to_ascii_lowercase().replace('-', "").as_str() {
            "sha256" => &found[0],
            "sha1" => &found[1],
            _ => return None,
        };
        let value = value.trim();
        Some(value.eq_ignore_ascii_case(found) || value.trim_end_matches('=').eq_ignore_ascii_case(&base32(found)))
    }
}

/// RFC 4648 base 32, without padding, of a hexadecimal text.
fn base32(hex: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut out, mut bits, mut n) = (String::new(), 0u32, 0);
    for d in hex.bytes() {
        bits = bits << 4 | char::from(d).to_digit(16).unwrap_or(0);
        n += 4;
        while n >= 5 {
            n -= 5;
            out.push(char::from(LETTERS[usize::try_from(bits >> n & 31).expect("five bits")]));
        }
    }
    if n > 0 {
        out.push(char::from(LETTERS[usize::try_from(bits << (5 - n) & 31).expect("five bits")]));
    }
    out
}

/// Reads a WARC file, packed or not, and hands each record to `each`. `budget`: most bytes it may unpack to.
/// Errors: [`WarcError`]; records before the error were handed over.
pub fn read(from: &mut dyn BufRead, budget: u64, each: &mut dyn FnMut(Record)) -> Result<(), WarcError> {
    let mut from = Counting { from, at: 0 };
    let packed = from.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let (mut left, mut records) = (budget, 0);
    while !from.fill_buf()?.is_empty() {
        let offset = from.at;
        records += 1;
        if records > MAX_RECORDS {
            return Err(WarcError::TooLarge);
        }
        let mut record = if packed {
            let mut member = BufReader::new(GzDecoder::new(&mut from));
            let record = one(&mut member, offset, &mut left)?;
            // One record a member, or its place in the index could not be read alone. This also checks the member's end.
            let mut more = [0];
            match member.read(&mut more) {
                Ok(0) => {}
                Ok(_) => return Err(WarcError::Malformed { at: offset, what: "more than one record is packed together" }),
                Err(_) => return Err(WarcError::Malformed { at: offset, what: "a packed record is damaged" }),
            }
            record
        } else {
            one(&mut from, offset, &mut left)?
        };
        record.length = from.at - offset;
        each(record);
    }
    Ok(())
}

fn one(mut from: &mut dyn BufRead, at: u64, left: &mut u64) -> Result<Record, WarcError> {
    let malformed = |what| WarcError::Malformed { at, what };
    let head = header(from, at)?;
    let mut lines = head.into_iter();
    if !lines.next().is_some_and(|l| l == "WARC/1.0" || l == "WARC/1.1") {
        return Err(malformed("there is no record of WARC 1.0 or 1.1"));
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for l in lines {
        if let (true, Some(last)) = (l.starts_with([' ', '\t']), headers.last_mut()) {
            last.1.push(' ');
            last.1.push_str(l.trim());
            continue;
        }
        let (name, value) = l.split_once(':').ok_or(malformed("a header has no colon"))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(n, _)| n == "content-length").and_then(|(_, v)| v.parse::<u64>().ok());
    let length = length.ok_or(malformed("a record has no length"))?;
    *left = left.checked_sub(length).ok_or(WarcError::TooLarge)?;
    let mut record = Record {
        offset: at,
        length: 0,
        headers,
        http: Vec::new(),
        block: Default::default(),
        payload: Default::default(),
        payload_bytes: 0,
    };
    let media = record.header("content-type").unwrap_or_default();
    let http = media.starts_with("application/http") && ["response", "request", "revisit"].contains(&record.kind());
    let mut block = Hashing { from: (&mut from).take(length), both: Both::default(), bytes: 0 };
    if http && length > 0 {
        let mut buffered = Vec::new();
        // The head of the message, byte by byte: the payload begins right after it.
        while !buffered.ends_with(b"\r\n\r\n") && !buffered.ends_with(b"\n\n") {
            let mut b = [0];
            if block.read(&mut b).map_err(|_| malformed("a record is cut off"))? == 0 {
                break;
            }
            buffered.push(b[0]);
            if buffered.len() as u64 > MAX_HEADER {
                return Err(malformed("an HTTP header is too long"));
            }
        }
        record.http = String::from_utf8_lossy(&buffered).lines().filter(|l| !l.is_empty()).map(str::to_owned).collect();
    }
    let mut payload = Both::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = block.read(&mut buffer).map_err(|_| malformed("a record is cut off or damaged"))?;
        if n == 0 {
            break;
        }
        payload.update(&buffer[..n]);
        record.payload_bytes += n as u64;
    }
    let (both, bytes) = (block.both, block.bytes);
    if bytes != length {
        return Err(malformed("a record is cut off"));
    }
    record.block = both.finish();
    record.payload = payload.finish();
    let mut end = [0; 4];
    from.read_exact(&mut end).map_err(|_| malformed("a record has no end"))?;
    if end != *b"\r\n\r\n" {
        return Err(malformed("a record is longer or shorter than it states"));
    }
    Ok(record)
}

/// Lines up to an empty one.
fn header(mut from: &mut dyn BufRead, at: u64) -> Result<Vec<String>, WarcError> {
    let malformed = |what| WarcError::Malformed { at, what };
    let (mut lines, mut left) = (Vec::new(), MAX_HEADER);
    loop {
        let mut line = Vec::new();
        let n = (&mut from).take(left).read_until(b'\n', &mut line).map_err(|_| malformed("a header is damaged"))?;
        left = left.saturating_sub(n as u64);
        if line.pop() != Some(b'\n') {
            return Err(malformed("a header is cut off or too long"));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.is_empty() {
            return Ok(lines);
        }
        lines.push(String::from_utf8(line).map_err(|_| malformed("a header is not UTF-8"))?);
    }
}

struct Counting<'a> {
    from: &'a mut dyn BufRead,
    at: u64,
}
impl Read for Counting<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buf)?;
        self.at += n as u64;
        Ok(n)
    }
}
impl BufRead for Counting<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.from.fill_buf()
    }
    fn consume(&mut self, n: usize) {
        self.at += n as u64;
        self.from.consume(n);
    }
}

#[derive(Default)]
struct Both(Sha256, Sha1);
impl Both {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
        self.1.update(bytes);
    }
    fn finish(self) -> [String; 2] {
        fn hex(bytes: &[u8]) -> String {
            bytes.iter().map(|b| format!("{b:02x}")).collect()
        }
        [hex(&self.0.finalize()), hex(&self.1.finalize())]
    }
}
struct Hashing<R> {
    from: R,
    both: Both,
    bytes: u64,
}
impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buf)?;
        self.both.update(&buf[..n]);
        self.bytes += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    const ONE: &str = "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: <https://example.test/>\r\nContent-Type: application/http;msgtype=response\r\nContent-Length: 52\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html; x=1\r\n\r\nabc\r\n\r\n";

    fn gz(text: &str) -> Vec<u8> {
        let mut z = GzEncoder::new(Vec::new(), Compression::default());
        z.write_all(text.as_bytes()).expect("packs");
        z.finish().expect("packs")
    }
    fn all(bytes: &[u8]) -> (Vec<Record>, Result<(), WarcError>) {
        let mut out = Vec::new();
        let end = read(&mut &bytes[..], 1 << 20, &mut |r| out.push(r));
        (out, end)
    }

    #[test]
    fn records_are_read_packed_and_plain() {
        for bytes in [ONE.repeat(2).into_bytes(), [gz(ONE), gz(ONE)].concat()] {
            let (records, end) = all(&bytes);
            end.expect("whole");
            assert_eq!(records.len(), 2);
            let r = &records[1];
            assert_eq!((r.offset, r.length), (bytes.len() as u64 / 2, bytes.len() as u64 / 2));
            assert_eq!(
                (r.kind(), r.target(), r.status(), r.media_type()),
                ("response", Some("https://example.test/"), Some(200), Some("text/html"))
            );
            assert_eq!(r.payload_bytes, 3);
            let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
            assert_eq!(Record::agrees(abc, &r.payload), Some(true));
            assert_eq!(Record::agrees("sha1:VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5", &r.payload), Some(true));
            assert_eq!(Record::agrees("sha1:VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE6", &r.payload), Some(false));
            assert_eq!(Record::agrees("md5:00", &r.payload), None);
        }
    }

    #[test]
    fn damage_and_lies_are_typed_errors() {
        let check = |bytes: &[u8], what: &str| {
            let text = all(bytes).1.expect_err(what).to_string();
            assert!(text.contains(what), "{text}");
        };
        check(b"x", "a header is cut off");
        check(b"GET / HTTP/1.1\r\n\r\n", "no record of WARC");
        check(ONE.replace("52", "53").as_bytes(), "no end");
        check(ONE.replace("52", "51").as_bytes(), "longer or shorter");
        check(ONE.replace("52", "5200").as_bytes(), "cut off");
        check(ONE.replace("52", "-1").as_bytes(), "no length");
        check(ONE.replace("52", "99999999999999").as_bytes(), "unpacks to more");
        check(&gz(&ONE.repeat(2)), "packed together");
        check(&gz(ONE)[..60], "damaged");
        let mut bad = gz(ONE);
        let end = bad.len() - 6;
        bad[end] ^= 1;
        check(&bad, "damaged");
        check(format!("WARC/1.1\r\n{}", "x".repeat(300_000)).as_bytes(), "too long");
    }
}
