//! What a picture file says of itself: size and EXIF. No pixel is decoded.
//!
//! Kept as written: every EXIF field as text, date and time, offset. Derived: size, position in millionths of a degree.
//! Unknown: the zone of a time without `OffsetTimeOriginal`; and an absent tag proves nothing, since messengers strip
//! them. See `docs/formats/pictures.md`.

use crate::error::FormatError;
use crate::random::number::{be16, be32, le16, le32};
use crate::random::{RandomRead, Stretch, piece};
use exif::{In, Tag, Value};
use std::io;
use zapys_domain::media::PictureFacts;
use zapys_domain::{Checked, Finding, Locator, Severity};

/// Formats that are read.
pub const FORMATS: &[&str] = &["png", "jpeg", "webp", "tiff", "heic", "avif", "gif", "bmp"];
/// Most pixels a side: more is refused by every decoder that follows.
const MAX_SIDE: u32 = 32_768;
/// Most pixels in all.
const MAX_PIXELS: u64 = 400_000_000;
/// Most bytes of a file whose EXIF is read (a TIFF's may lie anywhere in it).
const MAX_EXIF_FILE: u64 = 128 << 20;
/// Most EXIF fields kept, and most characters of each.
const MAX_FIELDS: usize = 2000;
const MAX_VALUE: usize = 1000;

/// Size and EXIF. Errors: `Empty`, `Read`, `NotThisFormat`, `Unsupported`. A broken header or broken EXIF is a finding.
pub fn read(bytes: &dyn RandomRead) -> Result<Checked<PictureFacts>, FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    let recognised = crate::recognise::recognise(bytes, None);
    let format = recognised.format.as_str();
    if !FORMATS.contains(&format) {
        return Err(match recognised.media_type.starts_with("image/") {
            true => FormatError::Unsupported { format: recognised.format },
            false => FormatError::NotThisFormat { format: "a picture" },
        });
    }
    let mut facts = PictureFacts::default();
    let mut findings = Vec::new();
    let mut note = |code: &str, severity, message: &str| findings.push(Finding::whole(code, severity, message));
    (facts.width, facts.height) = size(bytes, format)?.unwrap_or_default();
    if facts.width == 0 || facts.height == 0 {
        note("size-unknown", Severity::Serious, "The picture's size cannot be read; the file is damaged or cut short.");
    } else if facts.width.max(facts.height) > MAX_SIDE || u64::from(facts.width) * u64::from(facts.height) > MAX_PIXELS {
        note("picture-too-large", Severity::Serious, "The picture states a size that is not decoded, to protect this machine.");
    }
    match fields(bytes, format)? {
        Exif::Fields(exif, broken) => {
            if broken {
                note("exif-damaged", Severity::Warning, "Part of the picture's metadata is damaged; what could be read is here.");
            }
            take(&exif, &mut facts);
            if exif.fields().len() > MAX_FIELDS {
                note("exif-too-long", Severity::Warning, "The picture holds more metadata fields than are kept here.");
            }
            if facts.taken_local.is_some() && facts.taken_offset.is_none() {
                note("time-without-zone", Severity::Note, "The picture states a local time without a time zone.");
            }
        }
        Exif::Damaged => note("exif-damaged", Severity::Warning, "The picture's metadata is there but cannot be read."),
        Exif::TooLarge => note("exif-not-read", Severity::Warning, "The file is too large for its metadata to be read."),
        Exif::None => note(
            "no-exif",
            Severity::Note,
            "The picture carries no EXIF; messengers and screenshots have none, so this proves nothing.",
        ),
    }
    if format == "png"
        && let Some(end) = png_end(bytes)?
        && end < bytes.len()
    {
        findings.push(Finding {
            code: "bytes-after-end".into(),
            severity: Severity::Warning,
            locator: Locator::Bytes { start: end, len: bytes.len() - end },
            message: "Something follows the end of the picture; it was not looked at.".into(),
        });
    }
    Ok(Checked { value: facts, findings })
}

/// What telling photographs from screenshots needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Maker, model or exposure is stated.
    pub(crate) camera: bool,
    /// Any EXIF at all.
    pub(crate) exif: bool,
    /// The program that wrote it says so.
    pub(crate) says_screenshot: bool,
    /// Eight bits of colour or palette (PNG); true for other formats.
    pub(crate) colour: bool,
}

/// The outline of a picture whose signature is known. Errors: those of the place the bytes rest.
pub(crate) fn outline(bytes: &dyn RandomRead, format: &str) -> io::Result<Outline> {
    let (width, height) = size(bytes, format)?.unwrap_or_default();
    let mut o = Outline { width, height, colour: true, ..Outline::default() };
    if let Exif::Fields(exif, _) = fields(bytes, format).unwrap_or(Exif::None) {
        let has = |tag| exif.get_field(tag, In::PRIMARY).is_some();
        o.exif = true;
        o.camera = [Tag::Make, Tag::Model, Tag::ExposureTime, Tag::FNumber, Tag::FocalLength].into_iter().any(has);
        let says =
            |tag| exif.get_field(tag, In::PRIMARY).is_some_and(|f| written(&f.value).to_lowercase().contains("screenshot"));
        o.says_screenshot = [Tag::UserComment, Tag::ImageDescription, Tag::Software].into_iter().any(says);
    }
    if format == "png" {
        let head = piece(bytes, 0, 16 * 1024)?;
        o.colour = head.get(24) == Some(&8) && head.get(25).is_some_and(|c| matches!(c, 2 | 3 | 6));
        let lower = String::from_utf8_lossy(&head).to_lowercase();
        o.says_screenshot |= ["screenshot", "spectacle", "scrot", "flameshot", "snipping", "shutter"].iter().any(|w| {
            lower.contains(&format!("software\0{w}"))
                || lower.contains(&format!("software\0gnome-{w}"))
                || lower.contains(&format!("software\0org.kde.{w}"))
        });
        o.says_screenshot |= lower.contains("exif:usercomment>screenshot") || lower.contains(">screenshot</");
    }
    Ok(o)
}

enum Exif {
    /// The fields; true where some were broken.
    Fields(exif::Exif, bool),
    Damaged,
    TooLarge,
    None,
}

fn fields(bytes: &dyn RandomRead, format: &str) -> io::Result<Exif> {
    if !matches!(format, "png" | "jpeg" | "webp" | "tiff" | "heic" | "avif") {
        return Ok(Exif::None);
    }
    if bytes.len() > MAX_EXIF_FILE {
        return Ok(Exif::TooLarge);
    }
    let mut reader = exif::Reader::new();
    reader.continue_on_error(true);
    // A parser of foreign bytes that is not ours: should it fall over, the picture is kept and the metadata is not.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        reader.read_from_container(&mut Stretch::whole(bytes).buffered())
    }));
    Ok(match outcome {
        Err(_) => Exif::Damaged,
        Ok(Ok(ref exif)) if !claims_fit(exif.buf()) => Exif::Damaged,
        Ok(Err(exif::Error::PartialResult(partial))) => match partial.into_inner().0 {
            exif if claims_fit(exif.buf()) => Exif::Fields(exif, true),
            _ => Exif::Damaged,
        },
        Ok(Ok(exif)) => Exif::Fields(exif, false),
        Ok(Err(exif::Error::NotFound(_))) => Exif::None,
        Ok(Err(exif::Error::Io(e))) if e.kind() != io::ErrorKind::UnexpectedEof => return Err(e),
        Ok(Err(_)) => Exif::Damaged,
    })
}

/// True where all values together are no longer than the metadata itself (twice, for sloppy writers). The library copies
/// each value when it is looked at, and thousands of fields may point at the same megabytes.
fn claims_fit(buf: &[u8]) -> bool {
    let little = buf.starts_with(b"II");
    let n16 = |at| if little { le16(buf, at) } else { be16(buf, at) };
    let n32 = |at| if little { le32(buf, at) } else { be32(buf, at) };
    let mut claimed = 0_u64;
    let mut seen = std::collections::HashSet::new();
    let mut next: Vec<u32> = n32(4).into_iter().collect();
    while let Some(start) = next.pop() {
        if start == 0 || !seen.insert(start) || seen.len() > 64 {
            continue;
        }
        let start = start as usize;
        let n = usize::from(n16(start).unwrap_or(0));
        for at in (0..n).map(|i| start + 2 + 12 * i) {
            let (Some(tag), Some(kind), Some(count)) = (n16(at), n16(at + 2), n32(at + 4)) else { break };
            let unit = match kind {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 => 4,
                5 | 10 | 12 => 8,
                _ => 0,
            };
            claimed += u64::from(count) * unit;
            // Directories below: EXIF, GPS, interoperability.
            if matches!(tag, 0x8769 | 0x8825 | 0xa005) {
                next.extend(n32(at + 8));
            }
        }
        next.extend(n32(start + 2 + 12 * n));
    }
    claimed <= 2 * buf.len() as u64 + 64 * 1024
}

fn take(exif: &exif::Exif, facts: &mut PictureFacts) {
    for f in exif.fields().take(MAX_FIELDS) {
        let name = if f.ifd_num == In::PRIMARY { f.tag.to_string() } else { format!("IFD{} {}", f.ifd_num.index(), f.tag) };
        let shown: String = match &f.value {
            // Maker notes and thumbnails are kilobytes of binary: their length is enough here.
            Value::Undefined(b, _) if b.len() > 64 => format!("{} bytes", b.len()),
            Value::Byte(b) if b.len() > 64 => format!("{} bytes", b.len()),
            v => written(v),
        };
        facts.tags.push((name, shown.chars().take(MAX_VALUE).collect()));
    }
    let text =
        |tag| exif.get_field(tag, In::PRIMARY).map(|f| written(&f.value)).filter(|t| !t.trim_matches([' ', ':', '0']).is_empty());
    facts.taken_local = text(Tag::DateTimeOriginal);
    facts.taken_offset = facts.taken_local.as_ref().and_then(|_| text(Tag::OffsetTimeOriginal)).filter(|o| is_offset(o));
    let degrees = |tag, reference, negative: &str, limit: i64| {
        let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
        let mut micro = 0.0;
        for (part, share) in parts.iter().take(3).zip([1.0, 60.0, 3600.0]) {
            if part.denom == 0 {
                return None;
            }
            micro += part.to_f64() / share * 1e6;
        }
        let sign = if text(reference)?.trim().eq_ignore_ascii_case(negative) { -1 } else { 1 };
        // Rounded to the millionth: a tenth of a metre.
        let value = sign * micro.round() as i64;
        (value.abs() <= limit * 1_000_000).then_some(value)
    };
    facts.position_micro =
        degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, "S", 90).zip(degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, "W", 180));
}

fn is_offset(text: &str) -> bool {
    let b = text.trim().as_bytes();
    text.trim() == "Z"
        || b.len() == 6 && matches!(b[0], b'+' | b'-') && b[3] == b':' && [1, 2, 4, 5].iter().all(|&i| b[i].is_ascii_digit())
}

/// A value as text: characters as they are, numbers and fractions in their own notation.
fn written(value: &Value) -> String {
    match value {
        Value::Ascii(parts) => {
            let parts: Vec<_> = parts.iter().map(|p| crate::encoding::decode(p, None, false).text).collect();
            parts.join("; ").trim_matches(['\0', ' ']).to_owned()
        }
        Value::Undefined(b, _) => match b.get(..8) {
            Some(b"ASCII\0\0\0") => String::from_utf8_lossy(&b[8..]).trim_matches(['\0', ' ']).to_owned(),
            Some(b"UNICODE\0") => {
                crate::encoding::decode(&b[8..], Some("utf-16le"), false).text.trim_matches(['\0', ' ']).to_owned()
            }
            _ if b.iter().all(|c| c.is_ascii_graphic() || *c == b' ') => String::from_utf8_lossy(b).into_owned(),
            _ => b.iter().map(|c| format!("{c:02x}")).collect(),
        },
        Value::Rational(v) => list(v.iter().map(|r| format!("{}/{}", r.num, r.denom))),
        Value::SRational(v) => list(v.iter().map(|r| format!("{}/{}", r.num, r.denom))),
        Value::Byte(v) => list(v.iter().map(ToString::to_string)),
        Value::Short(v) => list(v.iter().map(ToString::to_string)),
        Value::Long(v) => list(v.iter().map(ToString::to_string)),
        Value::SByte(v) => list(v.iter().map(ToString::to_string)),
        Value::SShort(v) => list(v.iter().map(ToString::to_string)),
        Value::SLong(v) => list(v.iter().map(ToString::to_string)),
        Value::Float(v) => list(v.iter().map(ToString::to_string)),
        Value::Double(v) => list(v.iter().map(ToString::to_string)),
        Value::Unknown(kind, n, _) => format!("{n} values of unknown type {kind}"),
    }
}

fn list(values: impl Iterator<Item = String>) -> String {
    values.take(200).collect::<Vec<_>>().join(" ")
}

/// Width and height in pixels from the header; `None` where it cannot be found.
fn size(bytes: &dyn RandomRead, format: &str) -> io::Result<Option<(u32, u32)>> {
    let h = piece(bytes, 0, 64)?;
    let pair = |a: Option<u32>, b: Option<u32>| a.zip(b);
    Ok(match format {
        "png" => pair(be32(&h, 16), be32(&h, 20)).filter(|_| h.get(12..16) == Some(b"IHDR")),
        "gif" => pair(le16(&h, 6).map(u32::from), le16(&h, 8).map(u32::from)),
        "bmp" if le32(&h, 14) == Some(12) => pair(le16(&h, 18).map(u32::from), le16(&h, 20).map(u32::from)),
        // A negative height means top-down order.
        "bmp" => pair(le32(&h, 18).map(|v| v.cast_signed().unsigned_abs()), le32(&h, 22).map(|v| v.cast_signed().unsigned_abs())),
        "webp" => webp(&h),
        "jpeg" => jpeg(bytes)?,
        "tiff" => tiff(bytes, &h)?,
        "heic" | "avif" => heif(bytes)?,
        _ => None,
    })
}

fn webp(h: &[u8]) -> Option<(u32, u32)> {
    match h.get(12..16)? {
        b"VP8 " => Some((u32::from(le16(h, 26)? & 0x3fff), u32::from(le16(h, 28)? & 0x3fff))),
        b"VP8L" => {
            let b = le32(h, 21)?;
            Some(((b & 0x3fff) + 1, (b >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => {
            let n24 = |at: usize| Some(u32::from(le16(h, at)?) | u32::from(*h.get(at + 2)?) << 16);
            Some((n24(24)? + 1, n24(27)? + 1))
        }
        _ => None,
    }
}

/// The frame header of a JPEG. Bounded number of segments.
fn jpeg(bytes: &dyn RandomRead) -> io::Result<Option<(u32, u32)>> {
    let mut at = 2;
    for _ in 0..4096 {
        let h = piece(bytes, at, 16)?;
        let (Some(&0xff), Some(&marker)) = (h.first(), h.get(1)) else { return Ok(None) };
        match marker {
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xd9 | 0xda => return Ok(None),
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Ok(be16(&h, 7).zip(be16(&h, 5)).map(|(w, h)| (u32::from(w), u32::from(h))));
            }
            _ => match be16(&h, 2) {
                Some(len) if len >= 2 => at += 2 + u64::from(len),
                _ => return Ok(None),
            },
        }
    }
    Ok(None)
}

/// Width and height from the first directory of a TIFF.
fn tiff(bytes: &dyn RandomRead, h: &[u8]) -> io::Result<Option<(u32, u32)>> {
    let little = h.starts_with(b"II");
    let n16 = |b: &[u8], at| if little { le16(b, at) } else { be16(b, at) };
    let n32 = |b: &[u8], at| if little { le32(b, at) } else { be32(b, at) };
    if n16(h, 2) != Some(42) {
        return Ok(None);
    }
    let Some(start) = n32(h, 4) else { return Ok(None) };
    let dir = piece(bytes, u64::from(start), 2 + 12 * 512)?;
    let n = usize::from(n16(&dir, 0).unwrap_or(0)).min(512);
    let (mut width, mut height) = (None, None);
    for i in 0..n {
        let at = 2 + 12 * i;
        let value = match n16(&dir, at + 2) {
            Some(3) => n16(&dir, at + 8).map(u32::from),
            Some(4) => n32(&dir, at + 8),
            _ => None,
        };
        match n16(&dir, at) {
            Some(256) => width = value,
            Some(257) => height = value,
            _ => {}
        }
    }
    Ok(width.zip(height))
}

/// The largest size among a HEIF's items: thumbnails and tiles are smaller than the picture.
fn heif(bytes: &dyn RandomRead) -> io::Result<Option<(u32, u32)>> {
    let head = piece(bytes, 0, 256 * 1024)?;
    let found = head.windows(4).enumerate().filter(|(_, w)| w == b"ispe");
    let sizes = found.filter_map(|(i, _)| Some((be32(&head, i + 8)?, be32(&head, i + 12)?)));
    Ok(sizes.max_by_key(|(w, h)| u64::from(*w) * u64::from(*h)))
}

/// Where a PNG ends, behind its last chunk. `None` where it is cut short or has too many chunks.
fn png_end(bytes: &dyn RandomRead) -> io::Result<Option<u64>> {
    let mut at = 8_u64;
    for _ in 0..100_000 {
        let h = piece(bytes, at, 8)?;
        let Some(len) = be32(&h, 0) else { return Ok(None) };
        at = at.saturating_add(12 + u64::from(len));
        if at > bytes.len() {
            return Ok(None);
        }
        if h.get(4..8) == Some(b"IEND") {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
