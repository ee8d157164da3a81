//! Names inside a production.

use std::fmt;

/// Folder of a production inside a zip: this and the production's id.
pub const ZIP_ROOT: &str = "zapys-production-";
/// The declaration of BagIt.
pub const BAGIT: &str = "bagit.txt";
/// Its two lines.
pub const BAGIT_TEXT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// About the bag.
pub const BAG_INFO: &str = "bag-info.txt";
/// Payload lists.
pub const MANIFESTS: [&str; 2] = ["manifest-sha256.txt", "manifest-sha512.txt"];
/// Lists of everything beside the payload.
pub const TAG_MANIFESTS: [&str; 2] = ["tagmanifest-sha256.txt", "tagmanifest-sha512.txt"];
/// The same digests for `sha256sum -c`.
pub const SUMS: &str = "SHA256SUMS";
/// The signed checkpoint all proofs lead to.
pub const CHECKPOINT: &str = "checkpoint";
/// A copy of the ledger's public key.
pub const VKEY: &str = "ledger-vkey";
/// A signed note over the tag manifests.
pub const SEAL: &str = "seal";
/// First line of the seal.
pub const SEAL_HEAD: &str = "zapys-production-seal/1";
/// Custody events and their proofs, a folder an item.
pub const PROOFS: &str = "proofs";
/// Salts and values of the commitments that this production reveals.
pub const OPENINGS: &str = "proofs/openings.json";
/// What is in the production.
pub const MANIFEST_JSON: &str = "data/manifest.json";
/// RO-Crate 1.2 description of everything below `data/`.
pub const CRATE: &str = "data/ro-crate-metadata.json";
/// CASE/UCO description of the custody events.
pub const CUSTODY: &str = "data/custody/case.jsonld";
/// What was asked for and what became of it.
pub const COMPLETENESS: &str = "data/completeness.json";
/// What named standards find met or missing.
pub const CONFORMANCE: &str = "data/conformance.json";
/// What the production does not hold or prove.
pub const LIMITATIONS: &str = "data/limitations.json";
/// Folder of the certificate drafts.
pub const CERTIFICATES: &str = "data/certificates";
/// Drafts under US Federal Rules of Evidence 902(13) and 902(14), without their extensions.
pub const CERTIFICATE_STEMS: [&str; 2] = ["fre-902-13-draft", "fre-902-14-draft"];
/// Trusted time stamps over the checkpoint, a folder an authority.
pub const STAMPS: &str = "stamps";
/// Events that name the ledger's keys, and their proofs.
pub const KEYS: &str = "keys";
/// Inside a folder of [`STAMPS`]: request, reply, chain, OpenTimestamps proof, block header, and the checkpoint as it was
/// stamped, where witnesses have signed it since.
pub const STAMP_FILES: [&str; 6] =
    ["checkpoint.tsq", "checkpoint.tsr", "chain.pem", "checkpoint.ots", "block-header.bin", "checkpoint"];
/// Name of the list of revoked certificates at `index`, counted from 0, beside them.
pub fn revocations(index: usize) -> String {
    format!("revocations-{}.crl", index + 1)
}
/// The report to print.
pub const REPORT_PDF: &str = "data/report/report.pdf";
/// The readable report.
pub const REPORT: &str = "data/report/index.html";
/// Folder of an exhibit: this, a slash and its number.
pub const EXHIBITS: &str = "data/exhibits";

/// Number of an exhibit inside one production, counted from 1. Text: `E-0001`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ExhibitNo(pub u32);
impl ExhibitNo {
    /// Reads `E-0001`. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let n = Self(text.strip_prefix("E-")?.parse().ok()?);
        (n.0 > 0 && n.to_string() == text).then_some(n)
    }
}
impl fmt::Display for ExhibitNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E-{:04}", self.0)
    }
}
impl serde::Serialize for ExhibitNo {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> serde::Deserialize<'de> for ExhibitNo {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("exhibit number expected, such as E-0001"))
    }
}

/// Extension for a file of this media type. What would run or load something when opened gets `.txt` on top, so that
/// a double click shows its text.
pub fn extension(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "audio/amr" => "amr",
        "audio/amr-wb" => "awb",
        "audio/ogg" | "audio/opus" | "application/ogg" => "ogg",
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/vnd.wave" | "audio/wave" => "wav",
        "audio/mp4" | "audio/x-m4a" => "m4a",
        "audio/aac" => "aac",
        "audio/flac" | "audio/x-flac" => "flac",
        "audio/3gpp" | "video/3gpp" => "3gp",
        "audio/x-caf" => "caf",
        "audio/aiff" | "audio/x-aiff" => "aiff",
        "audio/x-ms-wma" => "wma",
        "video/mp4" => "mp4",
        "video/webm" | "audio/webm" => "webm",
        "video/quicktime" => "mov",
        "video/x-matroska" | "audio/x-matroska" => "mkv",
        "video/x-msvideo" => "avi",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "image/tiff" => "tif",
        "image/bmp" => "bmp",
        "image/heic" | "image/heif" => "heic",
        "application/json" => "json",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/x-tar" => "tar",
        "application/gzip" => "gz",
        "application/warc" => "warc",
        "application/wacz" => "wacz",
        "text/csv" => "csv",
        "text/plain" => "txt",
        "text/html" | "application/xhtml+xml" => "html.txt",
        "multipart/related" | "message/rfc822" => "mhtml.txt",
        "image/svg+xml" => "svg.txt",
        "application/xml" | "text/xml" => "xml.txt",
        _ => "bin",
    }
}

/// True for a file that a browser or a shell would run or render with remote parts when opened.
pub fn is_active(path: &str) -> bool {
    const ACTIVE: [&str; 26] = [
        "html", "htm", "xhtml", "xht", "shtml", "mht", "mhtml", "svg", "svgz", "xml", "xsl", "js", "mjs", "hta", "url", "webloc",
        "lnk", "desktop", "exe", "com", "bat", "cmd", "ps1", "vbs", "sh", "jar",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(_, ext)| ACTIVE.contains(&ext.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exhibit_numbers_read_back() {
        for n in [1, 42, 9999, 12345] {
            assert_eq!(ExhibitNo::parse(&ExhibitNo(n).to_string()), Some(ExhibitNo(n)));
        }
        for bad in ["E-1", "E-0000", "e-0001", "E-+001", "E-00001", "E-", ""] {
            assert_eq!(ExhibitNo::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_media_type_leads_to_an_active_name() {
        for t in ["text/html; charset=utf-8", "image/svg+xml", "multipart/related", "text/xml", "a/b", "", "application/x-sh"] {
            assert!(!is_active(&format!("x.{}", extension(t))), "{t}");
        }
        assert!(is_active("data/exhibits/E-0001/x.HTML") && is_active("a.svg") && !is_active("a.b/html"));
    }
}
