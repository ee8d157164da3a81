//! Containers made of boxes or elements that list their tracks: MP4 and its relatives, Matroska.
//!
//! Whether they hold pictures is looked up in their track lists, never taken from the name. Walks are bounded in number of
//! boxes; every length is checked against the file.

use super::{Found, Look, found};
use crate::random::number::{be32, be64};
use crate::random::{RandomRead, piece};
use std::io;
use zapys_domain::ItemKind::{Photo, Recording, Video};

/// Boxes looked at before giving up.
const MAX_BOXES: u32 = 20_000;

/// One box: type, start of its content, end.
type Bx = ([u8; 4], u64, u64);

fn next_box(bytes: &dyn RandomRead, at: u64, end: u64) -> io::Result<Option<Bx>> {
    let head = piece(bytes, at, 16)?;
    let (Some(size), Some(kind)) = (be32(&head, 0), head.get(4..8).and_then(|k| <[u8; 4]>::try_from(k).ok())) else {
        return Ok(None);
    };
    let (skip, size) = match size {
        0 => (8, end - at),
        1 => match be64(&head, 8) {
            Some(s) => (16, s),
            None => return Ok(None),
        },
        s => (8, u64::from(s)),
    };
    if size < skip {
        return Ok(None);
    }
    Ok(Some((kind, at + skip, at.saturating_add(size).min(end).max(at + skip))))
}

/// What the track list says: sound, pictures.
#[derive(Default)]
struct Tracks {
    seen: bool,
    sound: bool,
    pictures: bool,
}

fn tracks(bytes: &dyn RandomRead) -> io::Result<Tracks> {
    let mut t = Tracks::default();
    let mut left = MAX_BOXES;
    // Levels below the file that may hold a handler; nothing else is entered, so the stack stays short.
    let mut stack = vec![(0_u64, bytes.len(), 0_u8)];
    while let Some((mut at, end, level)) = stack.pop() {
        while at + 8 <= end && left > 0 {
            left -= 1;
            let Some((kind, body, stop)) = next_box(bytes, at, end)? else { break };
            match (level, &kind) {
                (0, b"moov") | (1, b"trak") | (2, b"mdia") => {
                    stack.push((stop, end, level));
                    stack.push((body, stop, level + 1));
                    t.seen |= level == 0;
                    break;
                }
                (3, b"hdlr") => match piece(bytes, body + 8, 4)?.as_slice() {
                    b"vide" => t.pictures = true,
                    b"soun" => t.sound = true,
                    _ => {}
                },
                _ => {}
            }
            at = stop;
        }
    }
    Ok(t)
}

/// MP4, M4A, 3GP, QuickTime, HEIC, AVIF.
pub(super) fn iso(look: &Look<'_>) -> io::Result<Option<Found>> {
    if look.starts(b"\x1a\x45\xdf\xa3") {
        return matroska(look).map(Some);
    }
    let kind = look.head.get(4..8).unwrap_or_default();
    if kind != b"ftyp" {
        // QuickTime from before `ftyp`: a movie or data box first, and a track list to prove it.
        let early = [b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"].iter().any(|k| kind == k.as_slice());
        if !early {
            return Ok(None);
        }
        let t = tracks(look.bytes)?;
        return Ok(match (t.seen, t.pictures, t.sound) {
            (true, false, true) => Some(found(Recording, "audio/quicktime", "mov")),
            (true, ..) => Some(found(Video, "video/quicktime", "mov")),
            (false, ..) if kind != b"free" && kind != b"skip" && look.named(&["mov", "mp4", "m4a", "qt"]) => {
                Some((found(Video, "video/quicktime", "mov").0, "name"))
            }
            (false, ..) => None,
        });
    }
    let size = usize::try_from(be32(&look.head, 0).unwrap_or(0)).unwrap_or(0).clamp(12, 512).min(look.head.len());
    let brands: Vec<&[u8]> = look.head.get(8..size).unwrap_or_default().chunks_exact(4).collect();
    let any = |list: &[&[u8; 4]]| brands.iter().any(|b| list.iter().any(|l| b == &l.as_slice()));
    let major = brands.first().copied().unwrap_or_default();
    let t = tracks(look.bytes)?;
    if !t.seen {
        if any(&[b"avif", b"avis"]) {
            return Ok(Some(found(Photo, "image/avif", "avif")));
        }
        if any(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
            return Ok(Some(found(Photo, "image/heic", "heic")));
        }
        if major == b"crx " {
            return Ok(Some(found(Photo, "image/x-canon-cr3", "cr3")));
        }
    }
    let (sound_only, basis) = match (t.seen, t.pictures, t.sound) {
        (true, false, true) => (true, "structure"),
        (true, true, _) => (false, "structure"),
        // No track list: cut short, or in fragments. The brand says what it was meant to be.
        _ => (any(&[b"M4A ", b"M4B ", b"M4P "]) || t.seen && !t.pictures && look.named(&["m4a", "m4b", "3ga", "amr"]), "content"),
    };
    let family = if major.starts_with(b"3g") {
        ("3gpp", "3gp")
    } else if major == b"qt  " {
        ("quicktime", "mov")
    } else if sound_only {
        ("mp4", "m4a")
    } else {
        ("mp4", "mp4")
    };
    let (kind, top) = if sound_only { (Recording, "audio") } else { (Video, "video") };
    Ok(Some((found(kind, &format!("{top}/{}", family.0), family.1).0, basis)))
}

/// An EBML number at `at`: value without marker (id: with), length in bytes.
fn vint(head: &[u8], at: usize, keep_marker: bool) -> Option<(u64, usize)> {
    let first = *head.get(at)?;
    let n = first.leading_zeros() as usize + 1;
    if n > 8 {
        return None;
    }
    let mut value = if keep_marker { u64::from(first) } else { u64::from(first) & ((1 << (8 - n)) - 1) };
    for b in head.get(at + 1..at + n)? {
        value = value << 8 | u64::from(*b);
    }
    if !keep_marker && value == (1 << (7 * n)) - 1 {
        value = u64::MAX;
    }
    Some((value, n))
}

fn matroska(look: &Look<'_>) -> io::Result<Found> {
    let webm = look.head[..look.head.len().min(64)].windows(4).any(|w| w == b"webm");
    let (mut sound, mut pictures) = (false, false);
    let mut left = MAX_BOXES;
    let mut stack = vec![(0_u64, look.bytes.len())];
    while let Some((mut at, end)) = stack.pop() {
        while at < end && left > 0 && !(sound && pictures) {
            left -= 1;
            let head = piece(look.bytes, at, 12)?;
            let Some((id, n)) = vint(&head, 0, true) else { break };
            let Some((size, m)) = vint(&head, n, false) else { break };
            let body = at + (n + m) as u64;
            let stop = body.saturating_add(size).min(end);
            match id {
                // Segment, Tracks, TrackEntry
                0x1853_8067 | 0x1654_ae6b | 0xae => {
                    stack.push((stop, end));
                    stack.push((body, stop));
                    break;
                }
                0x83 => match piece(look.bytes, body, 1)?.first() {
                    Some(1) => pictures = true,
                    Some(2) => sound = true,
                    _ => {}
                },
                // Clusters are the media themselves; tracks stand before them.
                0x1f43_b675 if sound || pictures => return Ok(matroska_found(webm, sound, pictures)),
                _ => {}
            }
            at = stop;
        }
    }
    Ok(matroska_found(webm, sound, pictures))
}

fn matroska_found(webm: bool, sound: bool, pictures: bool) -> Found {
    let (kind, top) = if sound && !pictures { (Recording, "audio") } else { (Video, "video") };
    let format = if webm { "webm" } else { "matroska" };
    let mut f = found(kind, &format!("{top}/{format}"), format);
    f.1 = if sound || pictures { "structure" } else { "content" };
    f
}
