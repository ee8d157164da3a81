//! Walks JSON byte by byte without building it, so that one broken message costs one message, a cut file only its tail,
//! and neither size nor depth of the whole costs memory.
//!
//! It checks brackets and quotes, not grammar: what is inside a captured value is checked by whoever reads that value.

use crate::random::{RandomRead, fill};
use std::io;

const WINDOW: usize = 256 * 1024;

/// Why a walk ended before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The bytes end inside a value.
    Cut,
    /// Something that cannot stand at this byte.
    Broken(u64),
    /// The bytes could not be fetched.
    Read(io::Error),
    /// Whoever walks has seen enough.
    Enough,
}
impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Self {
        Self::Read(e)
    }
}

/// Where a value lies, and its bytes where they are few enough.
pub(crate) struct Captured {
    pub(crate) start: u64,
    pub(crate) len: u64,
    /// Empty where the value was longer than the bound.
    pub(crate) bytes: Vec<u8>,
    /// The value was longer than the bound.
    pub(crate) over: bool,
}

/// A position in JSON bytes.
pub(crate) struct Scan<'a> {
    bytes: &'a dyn RandomRead,
    window: Vec<u8>,
    base: u64,
    at: usize,
    end: u64,
}

impl<'a> Scan<'a> {
    /// Starts at the beginning, after a byte order mark, and looks at no more than `bound` bytes.
    pub(crate) fn new(bytes: &'a dyn RandomRead, bound: u64) -> Result<Self, Stop> {
        let mut scan = Self { bytes, window: Vec::new(), base: 0, at: 0, end: bytes.len().min(bound) };
        scan.refill()?;
        if scan.window.starts_with(b"\xef\xbb\xbf") {
            scan.at = 3;
        }
        Ok(scan)
    }
    /// Offset of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }
    fn refill(&mut self) -> Result<bool, Stop> {
        self.base += self.window.len() as u64;
        self.at = 0;
        let want = usize::try_from(self.end.saturating_sub(self.base)).unwrap_or(usize::MAX).min(WINDOW);
        self.window.resize(want, 0);
        let n = fill(self.bytes, self.base, &mut self.window)?;
        self.window.truncate(n);
        Ok(n > 0)
    }
    fn peek(&mut self) -> Result<u8, Stop> {
        if self.at >= self.window.len() && !self.refill()? {
            return Err(Stop::Cut);
        }
        Ok(self.window[self.at])
    }
    fn next(&mut self) -> Result<u8, Stop> {
        let b = self.peek()?;
        self.at += 1;
        Ok(b)
    }
    /// The next byte that is not white space, not taken.
    pub(crate) fn look(&mut self) -> Result<u8, Stop> {
        loop {
            let b = self.peek()?;
            if !matches!(b, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(b);
            }
            self.at += 1;
        }
    }
    /// Takes `byte`, or stops as broken.
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.look()? != byte {
            return Err(Stop::Broken(self.offset()));
        }
        self.at += 1;
        Ok(())
    }
    /// In an object: the next key, or `None` at its end. The caller has taken `{` and takes each value.
    pub(crate) fn key(&mut self) -> Result<Option<String>, Stop> {
        if self.look()? == b',' {
            self.at += 1;
        }
        match self.look()? {
            b'}' => {
                self.at += 1;
                Ok(None)
            }
            b'"' => {
                let captured = self.value(4096)?;
                self.expect(b':')?;
                Ok(Some(text(&captured.bytes).unwrap_or_default()))
            }
            _ => Err(Stop::Broken(self.offset())),
        }
    }
    /// In an array: true if another value follows. The caller has taken `[` and takes each value.
    pub(crate) fn element(&mut self) -> Result<bool, Stop> {
        if self.look()? == b',' {
            self.at += 1;
        }
        if self.look()? == b']' {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }
    /// Takes one value of any sort; keeps at most `keep` of its bytes.
    pub(crate) fn value(&mut self, keep: usize) -> Result<Captured, Stop> {
        let first = self.look()?;
        let mut got = Captured { start: self.offset(), len: 0, bytes: Vec::new(), over: false };
        match first {
            b'"' => self.string(&mut got, keep)?,
            b'{' | b'[' => {
                let mut depth = 0_u64;
                loop {
                    match self.peek()? {
                        b'"' => self.string(&mut got, keep)?,
                        b => {
                            self.take(&mut got, keep)?;
                            match b {
                                b'{' | b'[' => depth += 1,
                                b'}' | b']' => depth -= 1,
                                _ => {}
                            }
                            if depth == 0 {
                                break;
                            }
                        }
                    }
                }
            }
            b'}' | b']' | b',' | b':' => return Err(Stop::Broken(self.offset())),
            _ => loop {
                match self.peek() {
                    Ok(b'}' | b']' | b',' | b':' | b'"' | b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n') | Err(Stop::Cut) => break,
                    Err(e) => return Err(e),
                    Ok(_) => {
                        self.take(&mut got, keep)?;
                    }
                }
            },
        }
        got.len = self.offset() - got.start;
        Ok(got)
    }
    fn take(&mut self, got: &mut Captured, keep: usize) -> Result<u8, Stop> {
        let b = self.next()?;
        if got.over || got.bytes.len() >= keep {
            if !got.over {
                got.over = true;
                got.bytes = Vec::new();
            }
        } else {
            got.bytes.push(b);
        }
        Ok(b)
    }
    fn string(&mut self, got: &mut Captured, keep: usize) -> Result<(), Stop> {
        self.take(got, keep)?;
        loop {
            match self.take(got, keep)? {
                b'"' => return Ok(()),
                b'\\' => {
                    self.take(got, keep)?;
                }
                _ => {}
            }
        }
    }
}

/// A captured value as text: a string without its quotes, a number or word as written.
pub(crate) fn text(value: &[u8]) -> Option<String> {
    match read(value)?.0 {
        serde_json::Value::String(s) => Some(s),
        serde_json::Value::Number(n) => Some(n.to_string()),
        serde_json::Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// Reads one captured value. The flag tells that it had to be mended first; `None` where even that did not help.
pub(crate) fn read(value: &[u8]) -> Option<(serde_json::Value, bool)> {
    match serde_json::from_slice(value) {
        Ok(v) => Some((v, false)),
        Err(_) => serde_json::from_str(&mend(value)).ok().map(|v| (v, true)),
    }
}

/// Makes what Telegram Desktop writes readable as JSON: `\xNN` and raw control characters become `\u00NN`, escapes that do
/// not exist keep their backslash as text, bytes that are not UTF-8 become U+FFFD.
fn mend(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let mut out = String::with_capacity(text.len() + 16);
    let mut quoted = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                quoted = !quoted;
                out.push(c);
            }
            '\\' if quoted => match rest.next() {
                Some('x') => {
                    let hex: String = rest.clone().take(2).filter(char::is_ascii_hexdigit).collect();
                    if hex.len() == 2 {
                        rest.nth(1);
                        out.push_str("\\u00");
                        out.push_str(&hex);
                    } else {
                        out.push_str("\\\\x");
                    }
                }
                Some('u') => {
                    // A lone half of a surrogate pair is what cutting a text in the middle of an emoji leaves behind.
                    match unicode(&mut rest) {
                        Some(c @ ('"' | '\\')) => {
                            out.push('\\');
                            out.push(c);
                        }
                        Some(c) if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
                        Some(c) => out.push(c),
                        None => out.push('\u{fffd}'),
                    }
                }
                Some(e @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {
                    out.push('\\');
                    out.push(e);
                }
                Some(other) => {
                    out.push_str("\\\\");
                    out.push(other);
                }
                None => {}
            },
            c if quoted && c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// The character after `\u`, second half of a pair included. `None` where there is none.
fn unicode(rest: &mut std::str::Chars<'_>) -> Option<char> {
    fn four(rest: &mut std::str::Chars<'_>) -> Option<u32> {
        let hex: String = rest.clone().take(4).filter(char::is_ascii_hexdigit).collect();
        let n = (hex.len() == 4).then(|| u32::from_str_radix(&hex, 16).ok())??;
        rest.nth(3);
        Some(n)
    }
    let first = four(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    let mut ahead = rest.clone();
    if ahead.next() != Some('\\') || ahead.next() != Some('u') {
        return None;
    }
    let second = four(&mut ahead).filter(|s| (0xdc00..0xe000).contains(s))?;
    *rest = ahead;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_escapes_are_mended() {
        let check = |raw: &[u8], expected: &str| {
            let (v, mended) = read(raw).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(raw)));
            assert_eq!((v.as_str(), mended), (Some(expected), true));
        };
        check(br#""a\x1Fb""#, "a\u{1f}b");
        check(br#""a\x00b""#, "a\0b");
        check(br#""\x1b[0m \q \n""#, "\u{1b}[0m \\q \n");
        check(br#""\xzz""#, "\\xzz");
        check(b"\"a\x01b\"", "a\u{1}b");
        check(b"\"a\xffb\"", "a\u{fffd}b");
        check(br#""\ud83d tail""#, "\u{fffd} tail");
        check(br#""\x0A\ud83d\ude00\u0022\u005c""#, "\n\u{1f600}\"\\");
    }

    #[test]
    fn values_are_captured_whole_or_not_at_all() {
        let json: &[u8] = br#" {"a": [1, {"b": "]}\""}], "c": 12.5, "d": "x"} "#;
        let mut s = Scan::new(&json, u64::MAX).unwrap();
        s.expect(b'{').unwrap();
        assert_eq!(s.key().unwrap().as_deref(), Some("a"));
        let a = s.value(100).unwrap();
        assert_eq!((a.bytes.as_slice(), a.len), (br#"[1, {"b": "]}\""}]"#.as_slice(), 18));
        assert_eq!(s.key().unwrap().as_deref(), Some("c"));
        assert_eq!(text(&s.value(9).unwrap().bytes).as_deref(), Some("12.5"));
        assert_eq!(s.key().unwrap().as_deref(), Some("d"));
        let d = s.value(2).unwrap();
        assert!(d.over && d.bytes.is_empty() && d.len == 3);
        assert_eq!(s.key().unwrap(), None);
    }

    #[test]
    fn depth_costs_nothing() {
        let deep = [b"[".repeat(1_000_000), b"]".repeat(1_000_000)].concat();
        let got = Scan::new(&deep.as_slice(), u64::MAX).unwrap().value(64).unwrap();
        assert_eq!((got.len, got.over), (2_000_000, true));
        let open = b"[".repeat(1_000_000);
        assert!(matches!(Scan::new(&open.as_slice(), u64::MAX).unwrap().value(64), Err(Stop::Cut)));
    }
}
