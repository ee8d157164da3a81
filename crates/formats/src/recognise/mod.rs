//! What some bytes are: decided by content; a name only breaks ties inside a family of content that looks alike.
//!
//! A `.jpg` that holds a call is a recording. Nothing is decoded: signatures are verified one step further than their
//! first bytes (frames follow one another, tracks are listed), so that a few matching bytes are not enough. What is cut
//! short is named for what its beginning is. See `docs/formats/recognition.md`.

mod boxes;
mod picture;
mod sound;
mod text;

use crate::archive;
use crate::error::FormatError;
use crate::random::{RandomRead, piece};
use std::io;
use zapys_domain::kind::{ItemKind, Recognised};
use zapys_domain::{Finding, Severity};

/// What the recogniser concluded, and from what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Kind, media type and format.
    pub recognised: Recognised,
    /// `content`, `structure` (content verified further in), `appearance` (proportions and absent metadata of a picture),
    /// `name` (content alone does not say) or `nothing`.
    pub basis: &'static str,
    /// E.g. `name-says-otherwise`.
    pub findings: Vec<Finding>,
}

/// Bytes looked at from the start; single checks read further pieces.
const HEAD: usize = 64 * 1024;

/// What these bytes are. `name`: file name, if any; breaks ties only. Bytes that cannot be fetched count as unrecognised:
/// use [`examine`] where that matters.
pub fn recognise(bytes: &dyn RandomRead, name: Option<&str>) -> Recognised {
    examine(bytes, name).map_or_else(|_| found(ItemKind::Other, "application/octet-stream", "unknown").0, |s| s.recognised)
}

/// As [`recognise`], with the basis and with findings. Errors: `Read`.
pub fn examine(bytes: &dyn RandomRead, name: Option<&str>) -> Result<Sighting, FormatError> {
    let extension =
        name.and_then(|n| n.rsplit(['/', '\\']).next()).and_then(|n| Some(n.rsplit_once('.')?.1.to_ascii_lowercase()));
    let look = Look { bytes, head: piece(bytes, 0, HEAD)?, extension, name: name.unwrap_or_default() };
    let (recognised, basis) = look.all()?;
    let mut findings = Vec::new();
    if let Some(said) = look.extension.as_deref().and_then(said_by_name)
        && !said.contains(&recognised.format.as_str())
        && recognised.format != "empty"
    {
        let message = "The file's name says another format than its content; the content was believed.";
        findings.push(Finding::whole("name-says-otherwise", Severity::Warning, message));
    }
    if !ZIPS.contains(&recognised.format.as_str()) && look.ends_as_zip()? {
        let message = "This file can also be read as a ZIP archive; what such a part holds was not looked at.";
        findings.push(Finding::whole("also-an-archive", Severity::Warning, message));
    }
    Ok(Sighting { recognised, basis, findings })
}

/// Formats inside a ZIP archive.
const ZIPS: &[&str] = &["zip", "whatsapp-zip", "wacz", "docx", "xlsx", "pptx", "odt", "ods", "epub"];

type Found = (Recognised, &'static str);

fn found(kind: ItemKind, media_type: &str, format: &str) -> Found {
    (Recognised { kind, media_type: media_type.into(), format: format.into() }, "content")
}

/// What the checks look at.
struct Look<'a> {
    bytes: &'a dyn RandomRead,
    head: Vec<u8>,
    extension: Option<String>,
    name: &'a str,
}

impl Look<'_> {
    fn all(&self) -> io::Result<Found> {
        if self.bytes.is_empty() {
            return Ok(found(ItemKind::Other, "application/x-empty", "empty"));
        }
        // Signatures of several bytes first, patterns next, text, and at last what only its name tells.
        if let Some(f) = picture::signature(self)? {
            return Ok(f);
        }
        if let Some(f) = sound::signature(self)? {
            return Ok(f);
        }
        if let Some(f) = boxes::iso(self)? {
            return Ok(f);
        }
        if let Some(f) = self.container()? {
            return Ok(f);
        }
        if let Some(f) = self.other() {
            return Ok(f);
        }
        if let Some(f) = sound::frames(self)? {
            return Ok(f);
        }
        if let Some(f) = sound::gsm(self) {
            return Ok(f);
        }
        let cut = self.bytes.len() > self.head.len() as u64;
        if crate::encoding::is_text(&self.head, cut) {
            return text::text(self);
        }
        if let Some(f) = sound::headerless(self) {
            return Ok(f);
        }
        Ok((found(ItemKind::Other, "application/octet-stream", "unknown").0, "nothing"))
    }

    fn starts(&self, signature: &[u8]) -> bool {
        self.head.starts_with(signature)
    }
    fn at(&self, offset: usize, signature: &[u8]) -> bool {
        self.head.get(offset..).is_some_and(|h| h.starts_with(signature))
    }
    fn named(&self, extensions: &[&str]) -> bool {
        self.extension.as_deref().is_some_and(|e| extensions.contains(&e))
    }
    /// True for names that screenshot programs give, in several languages.
    fn named_like_screenshot(&self) -> bool {
        let name = self.name.to_lowercase();
        [
            "screenshot",
            "screen shot",
            "screen_shot",
            "screencap",
            "скриншот",
            "скріншот",
            "снимок экрана",
            "знімок екрана",
            "photo_screen",
        ]
        .iter()
        .any(|w| name.contains(w))
    }

    fn container(&self) -> io::Result<Option<Found>> {
        use ItemKind::{Document, Other, WebArchive};
        if self.starts(b"PK\x03\x04") || self.starts(b"PK\x05\x06") && self.ends_as_zip()? {
            return self.zip().map(Some);
        }
        if self.starts(b"\x1f\x8b\x08") {
            return Ok(Some(match self.gunzipped() {
                inner if is_warc(&inner) => found(WebArchive, "application/warc", "warc-gz"),
                inner if is_tar(&inner) => found(Other, "application/gzip", "tar-gz"),
                _ => found(Other, "application/gzip", "gzip"),
            }));
        }
        if is_tar(&self.head) {
            return Ok(Some(found(Other, "application/x-tar", "tar")));
        }
        let plain: &[(&[u8], ItemKind, &str, &str)] = &[
            (b"7z\xbc\xaf\x27\x1c", Other, "application/x-7z-compressed", "7z"),
            (b"Rar!\x1a\x07", Other, "application/vnd.rar", "rar"),
            (b"\xfd7zXZ\0", Other, "application/x-xz", "xz"),
            (b"BZh", Other, "application/x-bzip2", "bzip2"),
            (b"\x28\xb5\x2f\xfd", Other, "application/zstd", "zstd"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Document, "application/x-ole-storage", "ole"),
            (b"SQLite format 3\0", Other, "application/vnd.sqlite3", "sqlite"),
        ];
        if is_warc(&self.head) {
            return Ok(Some(found(WebArchive, "application/warc", "warc")));
        }
        if self.starts(b"filedesc://") {
            return Ok(Some(found(WebArchive, "application/x-arc", "arc")));
        }
        if self.starts(b"BZh") && !self.at(4, b"\x31\x41\x59\x26\x53\x59") && !self.at(4, b"\x17\x72\x45\x38\x50\x90") {
            return Ok(None);
        }
        Ok(plain.iter().find(|p| self.starts(p.0)).map(|p| found(p.1, p.2, p.3)))
    }

    /// What a ZIP holds decides what it is.
    fn zip(&self) -> io::Result<Found> {
        use ItemKind::{ChatExport, Document, Other, WebArchive};
        let mimetype = archive::stored_member(self.bytes, "mimetype")?.unwrap_or_default();
        let stated = [
            ("application/vnd.oasis.opendocument.text", "odt"),
            ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
            ("application/epub+zip", "epub"),
        ];
        if let Some((media, format)) = stated.iter().find(|(m, _)| mimetype.starts_with(m.as_bytes())) {
            return Ok(found(Document, media, format));
        }
        let names = archive::first_names(self.bytes, 4096)?;
        let has = |n: &str| names.iter().any(|have| have == n);
        let under = |n: &str| names.iter().any(|have| have.starts_with(n));
        let office = "application/vnd.openxmlformats-officedocument";
        let mut f = match () {
            () if has("datapackage.json") && under("archive/") => found(WebArchive, "application/wacz", "wacz"),
            () if has("[Content_Types].xml") && under("word/") => {
                found(Document, &format!("{office}.wordprocessingml.document"), "docx")
            }
            () if has("[Content_Types].xml") && under("xl/") => found(Document, &format!("{office}.spreadsheetml.sheet"), "xlsx"),
            () if has("[Content_Types].xml") && under("ppt/") => {
                found(Document, &format!("{office}.presentationml.presentation"), "pptx")
            }
            () if whatsapp(&names) => found(ChatExport, "application/zip", "whatsapp-zip"),
            () => found(Other, "application/zip", "zip"),
        };
        f.1 = "structure";
        Ok(f)
    }

    /// The first bytes behind gzip; empty where they do not unpack.
    fn gunzipped(&self) -> Vec<u8> {
        use std::io::Read;
        let mut out = vec![0; 1024];
        let mut decoder = flate2::read::GzDecoder::new(&self.head[..]);
        let mut n = 0;
        while n < out.len() {
            match decoder.read(&mut out[n..]) {
                Ok(0) | Err(_) => break,
                Ok(m) => n += m,
            }
        }
        out.truncate(n);
        out
    }

    /// A record of a ZIP's end right at the end of the file, whatever the beginning is.
    fn ends_as_zip(&self) -> io::Result<bool> {
        let end = piece(self.bytes, self.bytes.len().saturating_sub(22), 22)?;
        Ok(end.starts_with(b"PK\x05\x06") && end.ends_with(b"\0\0"))
    }

    fn other(&self) -> Option<Found> {
        use ItemKind::{Document, Other};
        let signatures: &[(&[u8], ItemKind, &str, &str)] = &[
            (b"{\\rtf", Document, "application/rtf", "rtf"),
            (b"AT&TFORM", Document, "image/vnd.djvu", "djvu"),
            (b"\x7fELF", Other, "application/x-executable", "executable"),
            (b"MZ", Other, "application/vnd.microsoft.portable-executable", "executable"),
            (b"\xca\xfe\xba\xbe", Other, "application/java-vm", "executable"),
            (b"\0asm", Other, "application/wasm", "executable"),
            (b"bplist00", Other, "application/x-plist", "plist"),
            (b"\x0a\x0d\x0d\x0a", Other, "application/x-pcapng", "pcapng"),
            (b"\xd4\xc3\xb2\xa1", Other, "application/vnd.tcpdump.pcap", "pcap"),
        ];
        // A PDF's header may stand anywhere in its first kilobyte.
        let start = &self.head[..self.head.len().min(1024)];
        if start.windows(5).any(|w| w == b"%PDF-") {
            return Some(found(Document, "application/pdf", "pdf"));
        }
        signatures.iter().find(|s| self.starts(s.0) && (s.0 != b"MZ" || self.head.contains(&0))).map(|s| found(s.1, s.2, s.3))
    }
}

fn is_warc(head: &[u8]) -> bool {
    let Some(rest) = head.strip_prefix(b"WARC/") else { return false };
    rest.first().is_some_and(u8::is_ascii_digit) && rest.get(1) == Some(&b'.')
}

/// A header whose checksum is right; old tars have no signature.
fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..512) else { return false };
    let digits: String = block[148..156].iter().map(|&b| b as char).collect();
    let Ok(stated) = u32::from_str_radix(digits.trim_matches(['\0', ' ']), 8) else { return false };
    let sum: u32 = block.iter().enumerate().map(|(i, &b)| if (148..156).contains(&i) { 32 } else { u32::from(b) }).sum();
    stated == sum && block[0] != 0
}

/// The text of the chat lies at the top and little but its attachments beside it.
fn whatsapp(names: &[String]) -> bool {
    let top: Vec<_> = names.iter().filter(|n| !n.contains('/')).collect();
    let chat = |n: &str| n == "_chat.txt" || n.ends_with(".txt") && n.to_lowercase().contains("whatsapp");
    top.iter().any(|n| chat(n))
}

/// Formats a file with this extension may well be; `None` for extensions that promise nothing here.
fn said_by_name(extension: &str) -> Option<&'static [&'static str]> {
    Some(match extension {
        "jpg" | "jpeg" => &["jpeg"],
        "png" => &["png"],
        "webp" => &["webp"],
        "gif" => &["gif"],
        "heic" | "heif" => &["heic"],
        "tif" | "tiff" => &["tiff"],
        "bmp" => &["bmp"],
        "wav" => &["wav", "rf64"],
        "mp3" => &["mp3"],
        "amr" => &["amr", "amr-wb", "3gp"],
        "ogg" | "oga" | "opus" => &["ogg-opus", "ogg-vorbis", "ogg-flac", "ogg-speex", "ogg-theora", "ogg"],
        "flac" => &["flac", "ogg-flac"],
        "m4a" | "m4b" | "mp4" | "m4v" | "mov" | "3gp" | "3ga" => &["m4a", "mp4", "mov", "3gp", "aac"],
        "mkv" | "webm" => &["matroska", "webm"],
        "avi" => &["avi"],
        "pdf" => &["pdf"],
        "zip" => ZIPS,
        "wacz" => &["wacz"],
        "docx" => &["docx"],
        "xlsx" => &["xlsx"],
        "html" | "htm" => &["html", "telegram-html", "mhtml"],
        "json" => &["json", "telegram-json"],
        "csv" => &["csv", "call-csv", "text"],
        "txt" => &["text", "whatsapp-text", "csv", "call-csv", "markdown", "json", "html"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
