//! Pictures, and whether one is a picture of a screen.
//!
//! A camera's EXIF makes a photograph. A screenshot is recognised by its program's own note, else by appearance: eight
//! bits of colour, no camera, and the proportions of a phone or desktop. Appearance can be wrong, and the basis says so.

use super::{Found, Look, found};
use crate::picture::{self, Outline};
use std::io;
use zapys_domain::ItemKind;

pub(super) fn signature(look: &Look<'_>) -> io::Result<Option<Found>> {
    let (media, format) = match () {
        () if look.starts(b"\x89PNG\r\n\x1a\n") => ("image/png", "png"),
        () if look.starts(b"\xff\xd8\xff") => ("image/jpeg", "jpeg"),
        () if look.starts(b"GIF87a") || look.starts(b"GIF89a") => ("image/gif", "gif"),
        () if look.starts(b"RIFF") && look.at(8, b"WEBP") => ("image/webp", "webp"),
        () if look.starts(b"II*\0") || look.starts(b"MM\0*") || look.starts(b"II+\0\x08\0") || look.starts(b"MM\0+\0\x08") => {
            ("image/tiff", "tiff")
        }
        () if look.starts(b"BM") && bmp(&look.head) => ("image/bmp", "bmp"),
        () if look.starts(b"\0\0\0\x0cJXL \r\n\x87\n") => ("image/jxl", "jxl"),
        () if look.starts(b"\0\0\0\x0cjP  \r\n\x87\n") || look.starts(b"\xff\x4f\xff\x51") => ("image/jp2", "jp2"),
        () if look.starts(b"8BPS\0\x01") => ("image/vnd.adobe.photoshop", "psd"),
        () if look.starts(b"\0\0\x01\0") && look.at(5, b"\0") && icon(&look.head) => ("image/vnd.microsoft.icon", "ico"),
        () => return Ok(None),
    };
    let mut f = found(ItemKind::Photo, media, format);
    if matches!(format, "png" | "jpeg" | "webp" | "bmp") {
        let (kind, basis) = which(look, format, &picture::outline(look.bytes, format)?);
        f.0.kind = kind;
        f.1 = basis;
    }
    Ok(Some(f))
}

fn bmp(head: &[u8]) -> bool {
    use crate::random::number::le32;
    matches!(le32(head, 14), Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)) && le32(head, 6) == Some(0)
}

fn icon(head: &[u8]) -> bool {
    head.get(4).is_some_and(|n| *n > 0) && head.get(9) == Some(&0)
}

fn which(look: &Look<'_>, format: &str, o: &Outline) -> (ItemKind, &'static str) {
    use ItemKind::{Photo, Screenshot};
    if o.camera {
        return (Photo, "content");
    }
    if o.says_screenshot {
        return (Screenshot, "content");
    }
    let (long, short) = (o.width.max(o.height), o.width.min(o.height));
    if short < 240 || long < 400 {
        return if look.named_like_screenshot() { (Screenshot, "name") } else { (Photo, "appearance") };
    }
    let per_mille = u64::from(long) * 1000 / u64::from(short);
    let portrait = o.height > o.width;
    let screen_like = match format {
        // Losslessly kept colour of ordinary depth: hardly ever a camera's.
        "png" | "bmp" => {
            o.colour && ((1250..=2500).contains(&per_mille) || portrait && per_mille > 2500 && WIDTHS.contains(&o.width))
        }
        // Messengers re-encode screenshots as JPEG or WebP. Cameras give 4:3, 3:2 and 16:9; phones' screens are longer.
        _ => !o.exif && portrait && (1950..=2400).contains(&per_mille),
    };
    match (screen_like, look.named_like_screenshot()) {
        (true, _) => (Screenshot, "appearance"),
        (false, true) => (Screenshot, "name"),
        (false, false) => (Photo, "appearance"),
    }
}

/// Widths of phone screens in pixels, for long scrolling captures.
const WIDTHS: &[u32] = &[
    320, 360, 375, 390, 393, 412, 414, 428, 480, 540, 600, 640, 720, 750, 768, 800, 828, 886, 900, 1080, 1125, 1170, 1179, 1200,
    1220, 1242, 1284, 1290, 1320, 1440,
];
