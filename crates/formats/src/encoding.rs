//! Which character encoding some text is in, and the text.
//!
//! In this order: a byte order mark; valid UTF-8; the zero or Cyrillic high bytes of UTF-16; the encoding the document
//! states; and last a guess among the Cyrillic 8-bit encodings by which of them gives words. A guess says that it is one.

use encoding_rs::{Encoding, IBM866, KOI8_U, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251, WINDOWS_1252};

/// Text with how it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// The text, without byte order mark; bytes that mean nothing are U+FFFD.
    pub(crate) text: String,
    /// Encoding that was used.
    pub(crate) encoding: &'static Encoding,
    /// `byte-order-mark`, `valid`, `pattern`, `stated` or `guessed`.
    pub(crate) basis: &'static str,
    /// Some bytes mean nothing in that encoding.
    pub(crate) lossy: bool,
}

impl Decoded {
    /// Lower-case name of the encoding, e.g. `utf-8`, `windows-1251`.
    pub(crate) fn name(&self) -> String {
        self.encoding.name().to_ascii_lowercase()
    }
}

/// Decides on an encoding. `stated`: the label in the document, if any. `cut`: the bytes may end inside a character.
pub(crate) fn choose(bytes: &[u8], stated: Option<&str>, cut: bool) -> (&'static Encoding, &'static str) {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return (encoding, "byte-order-mark");
    }
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(e) => cut && e.error_len().is_none(),
    };
    if let Some(wide) = wide(bytes) {
        return (wide, "pattern");
    }
    if valid {
        return (UTF_8, "valid");
    }
    if let Some(named) = stated.and_then(|l| Encoding::for_label(l.trim().as_bytes()))
        && named != UTF_8
        && !named.decode_without_bom_handling(sample(bytes)).1
    {
        return (named, "stated");
    }
    // Mostly UTF-8 with a few broken bytes: damaged UTF-8, not another encoding.
    let lossy = String::from_utf8_lossy(sample(bytes));
    let broken = lossy.chars().filter(|&c| c == '\u{fffd}').count();
    let foreign = lossy.chars().filter(|c| !c.is_ascii()).count();
    if broken * 8 < foreign {
        return (UTF_8, "guessed");
    }
    (guess(sample(bytes)), "guessed")
}

/// Reads all of `bytes`.
pub(crate) fn decode(bytes: &[u8], stated: Option<&str>, cut: bool) -> Decoded {
    let (encoding, basis) = choose(bytes, stated, cut);
    let (text, lossy) = encoding.decode_with_bom_removal(bytes);
    Decoded { text: text.into_owned(), encoding, basis, lossy }
}

fn sample(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(64 * 1024)]
}

/// UTF-16 without a mark: nearly every high byte is 0 (Latin) or 4 (Cyrillic).
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let bytes = &bytes[..bytes.len().min(4096) & !1];
    if bytes.len() < 8 {
        return None;
    }
    let high = |b: u8| b == 0 || b == 4;
    let (mut first, mut second, mut zeros) = (0, 0, 0);
    for pair in bytes.chunks_exact(2) {
        first += usize::from(high(pair[0]) && pair[1] >= 9);
        second += usize::from(high(pair[1]) && pair[0] >= 9);
        zeros += usize::from(pair.contains(&0));
    }
    let n = bytes.len() / 2;
    // Spaces and line ends have a zero byte in any UTF-16 text; text in 8 bits has none.
    if zeros * 20 < n {
        return None;
    }
    match () {
        () if second * 10 >= n * 9 => Some(UTF_16LE),
        () if first * 10 >= n * 9 => Some(UTF_16BE),
        () => None,
    }
}

/// The 8-bit encoding that gives the most ordinary words.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut best = (WINDOWS_1252, 0);
    for encoding in [WINDOWS_1251, KOI8_U, IBM866] {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        let points = points(&text);
        if points > best.1 {
            best = (encoding, points);
        }
    }
    best.0
}

/// Two Cyrillic letters in a row that keep to the ways of writing count for, mixtures count against.
fn points(text: &str) -> i64 {
    let cyrillic = |c: char| matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' | 'і' | 'І' | 'ї' | 'Ї' | 'є' | 'Є' | 'ґ' | 'Ґ');
    let mut sum = 0;
    let mut last = ' ';
    for c in text.chars() {
        if !c.is_ascii() {
            sum += match (cyrillic(last), cyrillic(c)) {
                (true, true) if last.is_lowercase() && c.is_uppercase() => -6,
                (true, true) => 2 + i64::from("оеаинтсрвлкмі".contains(c)),
                (_, true) if last.is_ascii_alphabetic() => -4,
                (_, true) => 0,
                (_, false) if "«»“”„–—’№".contains(c) => 0,
                (_, false) => -4,
            };
        } else if c.is_ascii_alphabetic() && cyrillic(last) {
            sum -= 4;
        }
        last = c;
    }
    sum
}

/// True where the bytes are text in some encoding: hardly any control characters. `cut` as for [`choose`].
pub(crate) fn is_text(bytes: &[u8], cut: bool) -> bool {
    if bytes.is_empty() || is_binary(&bytes[..bytes.len().min(4096)]) {
        return false;
    }
    let decoded = decode(bytes, None, cut);
    let (mut n, mut odd) = (0_usize, 0_usize);
    let text = if cut { decoded.text.trim_end_matches('\u{fffd}') } else { &decoded.text };
    for c in text.chars() {
        n += 1;
        odd += usize::from(c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c') || c == '\u{fffd}');
    }
    if decoded.basis == "guessed" && decoded.encoding == WINDOWS_1252 {
        // Western 8-bit text is mostly plain letters; anything else that lands here is binary.
        let plain = bytes.iter().filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).count();
        return odd == 0 && plain * 10 >= bytes.len() * 7;
    }
    if decoded.basis == "guessed" && decoded.encoding != UTF_8 {
        // Any bytes are letters in these encodings; words have spaces between them.
        let spaces = text.chars().filter(|c| c.is_whitespace()).count();
        return odd * 200 <= n && (n < 40 || spaces * 40 >= n);
    }
    odd * 200 <= n
}

/// True for bytes that are surely no text in any encoding, so that nothing need be guessed about them: control characters
/// in even and in odd places alike. Wide encodings have them in one of the two.
fn is_binary(bytes: &[u8]) -> bool {
    let odd_ones = |from: usize| {
        let half = bytes.iter().skip(from).step_by(2);
        let controls =
            half.clone().filter(|b| (**b < 0x20 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0c)) || **b == 0x7f).count();
        let wide = half.filter(|b| matches!(**b, 0 | 4)).count();
        (controls * 40 > bytes.len(), wide * 5 > bytes.len() * 2)
    };
    let ((even, even_wide), (odd, odd_wide)) = (odd_ones(0), odd_ones(1));
    let marked = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    bytes.len() >= 256 && even && odd && !even_wide && !odd_wide && !marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_bytes_are_known_without_guessing_and_no_text_is_taken_for_them() {
        let mut seed = 7u64;
        let noise: Vec<u8> = (0..4096)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            })
            .collect();
        assert!(is_binary(&noise));
        let capitals = "ПЕРЕДАНО О ПОЛОВИНІ НА ДЕСЯТУ. ПРИЙНЯТО. ".repeat(20);
        let wide: Vec<u8> = capitals.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(!is_binary(&wide) && !is_binary(capitals.as_bytes()));
        let swapped: Vec<u8> = capitals.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(!is_binary(&swapped));
        assert!(!is_binary("plain words\n\twith tabs ".repeat(40).as_bytes()));
    }

    fn check(bytes: &[u8], stated: Option<&str>, name: &str, basis: &str) {
        let d = decode(bytes, stated, false);
        assert_eq!((d.name().as_str(), d.basis), (name, basis), "{:?}", d.text);
    }

    #[test]
    fn encodings_are_told_apart() {
        let uk = "Привіт, як справи? Їхали довго, дощ не вщухав.";
        let ru = "Добрый день, поезд прибывает на второй путь.";
        check("plain".as_bytes(), None, "utf-8", "valid");
        check(uk.as_bytes(), Some("windows-1251"), "utf-8", "valid");
        check(b"\xef\xbb\xbfabc", None, "utf-8", "byte-order-mark");
        for text in [uk, ru] {
            check(&WINDOWS_1251.encode(text).0, None, "windows-1251", "guessed");
            check(&WINDOWS_1251.encode(text).0, Some("cp1251"), "windows-1251", "stated");
            check(&KOI8_U.encode(text).0, None, "koi8-u", "guessed");
            let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            check(&le, None, "utf-16le", "pattern");
            check(&be, None, "utf-16be", "pattern");
        }
        check(&IBM866.encode(ru).0, None, "ibm866", "guessed");
        check(b"caf\xe9 au lait, d\xe9j\xe0 vu", None, "windows-1252", "guessed");
        check(&[uk.as_bytes(), b"\xff", uk.as_bytes()].concat(), None, "utf-8", "guessed");
    }

    #[test]
    fn binary_is_not_text() {
        assert!(is_text("Привіт\r\n".as_bytes(), false));
        assert!(is_text(&WINDOWS_1251.encode("Слово и дело").0, false));
        assert!(is_text(&"Привіт".as_bytes()[..3], true));
        assert!(!is_text(b"", false));
        assert!(!is_text(b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", false));
        assert!(!is_text(&(0..=255).collect::<Vec<u8>>(), false));
    }
}
