//! ZIP, read from its central directory.
//!
//! Why not a library: those at hand keep members in a map by name, so that of two members with one name the first
//! disappears, and they read the whole directory before saying anything. Here each entry is checked and handed out by
//! itself. Read: stored and deflated members, ZIP64. Not read, and said so: encrypted members, other methods, parts of
//! split archives.

use super::{MemberInfo, Next, OnMember, Walk};
use crate::error::FormatError;
use crate::random::number::{le16, le32, le64};
use crate::random::{RandomRead, Stretch, piece};
use flate2::Crc;
use flate2::read::DeflateDecoder;
use std::collections::BTreeMap;
use std::io::{self, Read};
use zapys_domain::{Locator, Severity};

const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

/// Where the central directory lies.
struct Directory {
    start: u64,
    end: u64,
    entries: u64,
    /// Bytes before the archive that offsets do not count (a program in front of a self-extracting archive).
    shift: u64,
}

/// One entry of the central directory.
struct Entry {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    unpacked: u64,
    local: u64,
    name: Vec<u8>,
    modified: Option<String>,
    unix_mode: Option<u32>,
}

/// Finds the directory. `None` where there is none.
fn directory(bytes: &dyn RandomRead) -> io::Result<Option<Directory>> {
    let tail_start = bytes.len().saturating_sub(22 + 65_535 + 20);
    let tail = piece(bytes, tail_start, 22 + 65_535 + 20)?;
    let mut at = tail.len().saturating_sub(22);
    // From the end backwards; the first record whose comment ends the file and whose directory begins with an entry.
    loop {
        if tail[at.min(tail.len())..].starts_with(END)
            && let Some(d) = end_record(bytes, &tail, tail_start, at)?
        {
            return Ok(Some(d));
        }
        if at == 0 {
            return Ok(None);
        }
        at -= 1;
    }
}

fn end_record(bytes: &dyn RandomRead, tail: &[u8], tail_start: u64, at: usize) -> io::Result<Option<Directory>> {
    let (Some(n16), Some(size32), Some(offset32)) = (le16(tail, at + 10), le32(tail, at + 12), le32(tail, at + 16)) else {
        return Ok(None);
    };
    let record = tail_start + at as u64;
    let (mut entries, mut size, mut offset, mut end) = (u64::from(n16), u64::from(size32), u64::from(offset32), record);
    if (n16 == u16::MAX || size32 == u32::MAX || offset32 == u32::MAX) && at >= 20 && tail[at - 20..].starts_with(b"PK\x06\x07") {
        let stated = le64(tail, at - 12).unwrap_or(u64::MAX);
        for place in [stated, record.saturating_sub(20 + 56)] {
            let r = piece(bytes, place, 56)?;
            if r.starts_with(END64) {
                let (Some(n), Some(s), Some(o)) = (le64(&r, 32), le64(&r, 40), le64(&r, 48)) else { continue };
                (entries, size, offset, end) = (n, s, o, place);
                break;
            }
        }
    }
    if entries == 0 && size == 0 {
        return Ok(Some(Directory { start: end, end, entries: 0, shift: 0 }));
    }
    // Where the directory must lie if it ends right before the record, and where it is said to lie.
    for start in [end.checked_sub(size), Some(offset)].into_iter().flatten() {
        if start < end && piece(bytes, start, 4)? == CENTRAL {
            return Ok(Some(Directory { start, end, entries, shift: start.saturating_sub(offset) }));
        }
    }
    Ok(None)
}

/// The entry at `at`, and where the next one begins.
fn entry(bytes: &dyn RandomRead, at: u64, end: u64) -> io::Result<Option<(Entry, u64)>> {
    let fixed = piece(bytes, at, 46)?;
    if !fixed.starts_with(CENTRAL) || fixed.len() < 46 {
        return Ok(None);
    }
    let u16_at = |i| le16(&fixed, i).unwrap_or(0);
    let u32_at = |i| le32(&fixed, i).unwrap_or(0);
    let (n_name, n_extra, n_comment) = (usize::from(u16_at(28)), usize::from(u16_at(30)), u64::from(u16_at(32)));
    let variable = piece(bytes, at + 46, n_name + n_extra)?;
    let next = at + 46 + (n_name + n_extra) as u64 + n_comment;
    if variable.len() < n_name + n_extra || next > end {
        return Ok(None);
    }
    let mut e = Entry {
        flags: u16_at(8),
        method: u16_at(10),
        crc: u32_at(16),
        packed: u64::from(u32_at(20)),
        unpacked: u64::from(u32_at(24)),
        local: u64::from(u32_at(42)),
        name: variable[..n_name].to_vec(),
        modified: dos_time(u16_at(14), u16_at(12)),
        unix_mode: (u16_at(4) >> 8 == 3).then(|| u32_at(38) >> 16),
    };
    extras(&mut e, &variable[n_name..]);
    Ok(Some((e, next)))
}

/// ZIP64 sizes, UTC times and Unicode names in the extra field.
fn extras(e: &mut Entry, mut extra: &[u8]) {
    while let (Some(id), Some(len)) = (le16(extra, 0), le16(extra, 2)) {
        let Some(body) = extra.get(4..4 + usize::from(len)) else { return };
        match id {
            1 => {
                let mut at = 0;
                for field in [&mut e.unpacked, &mut e.packed, &mut e.local] {
                    if *field == u64::from(u32::MAX)
                        && let Some(v) = le64(body, at)
                    {
                        *field = v;
                        at += 8;
                    }
                }
            }
            0x5455 if body.first().is_some_and(|f| f & 1 == 1) => {
                if let Some(t) = le32(body, 1).filter(|t| *t != 0) {
                    e.modified = Some(zapys_domain::Instant::from_seconds(i64::from(t)).to_string());
                }
            }
            _ => {}
        }
        extra = &extra[4 + usize::from(len)..];
    }
}

fn dos_time(date: u16, time: u16) -> Option<String> {
    let (y, m, d) = (1980 + (date >> 9), date >> 5 & 15, date & 31);
    let (h, min, s) = (time >> 11, time >> 5 & 63, (time & 31) * 2);
    ((1..=12).contains(&m) && (1..=31).contains(&d) && h < 24 && min < 60 && s < 60)
        .then(|| format!("{y}-{m:02}-{d:02}T{h:02}:{min:02}:{s:02}"))
}

/// The name as text: UTF-8 where it is or is flagged as such, else the best Cyrillic or Western reading.
fn name_text(e: &Entry) -> String {
    if e.flags & 0x800 != 0 {
        String::from_utf8_lossy(&e.name).into_owned()
    } else {
        crate::encoding::decode(&e.name, None, false).text
    }
}

pub(super) fn walk(bytes: &dyn RandomRead, walk: &mut Walk, on: &mut OnMember<'_>) -> Result<(), FormatError> {
    let Some(dir) = directory(bytes)? else {
        return salvage(bytes, walk, on);
    };
    let mut at = dir.start;
    let mut idx = 0;
    let mut spans = BTreeMap::new();
    if dir.shift > 0 {
        let message = "Something lies in front of this archive; it belongs to another format and was not read.";
        walk.findings.add("bytes-before-archive", Severity::Warning, Locator::Bytes { start: 0, len: dir.shift }, message);
    }
    while at < dir.end {
        let Some((e, next)) = entry(bytes, at, dir.end)? else {
            let locator = Locator::Bytes { start: at, len: dir.end - at };
            walk.findings.add(
                "directory-damaged",
                Severity::Serious,
                locator,
                "The archive's list of members is damaged here; later members are not read.",
            );
            return Ok(());
        };
        if !walk.count(idx) {
            return Ok(());
        }
        let locator = Locator::Bytes { start: at, len: next - at };
        let step = one(bytes, &dir, e, idx, &locator, &mut spans, walk, on)?;
        idx += 1;
        at = next;
        if step == Next::Stop {
            return Ok(());
        }
    }
    if idx != dir.entries && idx & 0xffff != dir.entries {
        let message = "The archive states another number of members than its list holds.";
        walk.findings.add("member-count-differs", Severity::Warning, Locator::Whole, message);
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)]
fn one(
    bytes: &dyn RandomRead,
    dir: &Directory,
    e: Entry,
    idx: u64,
    locator: &Locator,
    spans: &mut BTreeMap<u64, u64>,
    walk: &mut Walk,
    on: &mut OnMember<'_>,
) -> Result<Next, FormatError> {
    let text = name_text(&e);
    let folder = text.ends_with('/') && e.unpacked == 0;
    let Some((name, same_name_before)) = walk.name(&e.name, &text, locator).filter(|_| !folder) else { return Ok(Next::Member) };
    match e.unix_mode.map(|m| m & 0o170_000) {
        None | Some(0 | 0o100_000) => {}
        Some(0o040_000) => return Ok(Next::Member),
        Some(_) => {
            walk.findings.add(
                "member-not-a-file",
                Severity::Warning,
                locator.clone(),
                "A member is a link or device, not a file; it was skipped.",
            );
            return Ok(Next::Member);
        }
    }
    if e.flags & 1 != 0 {
        walk.findings.add(
            "member-encrypted",
            Severity::Serious,
            locator.clone(),
            "A member is encrypted and cannot be read without its password.",
        );
        return Ok(Next::Member);
    }
    if !matches!(e.method, 0 | 8) {
        let message = format!("A member is packed with method {}, which is not read.", e.method);
        walk.findings.add("member-method-unknown", Severity::Serious, locator.clone(), message);
        return Ok(Next::Member);
    }
    let local = e.local.saturating_add(dir.shift);
    let head = piece(bytes, local, 30)?;
    let (true, Some(n_name), Some(n_extra)) = (head.starts_with(LOCAL), le16(&head, 26), le16(&head, 28)) else {
        walk.findings.add(
            "member-not-there",
            Severity::Serious,
            locator.clone(),
            "A member is listed but does not lie where the list says.",
        );
        return Ok(Next::Member);
    };
    let data = local + 30 + u64::from(n_name) + u64::from(n_extra);
    let end = data.saturating_add(e.packed);
    if piece(bytes, local + 30, usize::from(n_name))? != e.name {
        walk.findings.add(
            "member-name-differs",
            Severity::Warning,
            locator.clone(),
            "A member's name in the list differs from the name at the member.",
        );
    }
    if end > dir.start && data < dir.end || end > bytes.len() {
        walk.findings.add(
            "member-length-impossible",
            Severity::Serious,
            locator.clone(),
            "A member is said to be longer than the room there is for it.",
        );
        if data >= bytes.len() {
            return Ok(Next::Member);
        }
    }
    // Overlapping members are how small archives unpack to enormous ones; honest programs never write them.
    let stop = end.max(local + 1);
    if spans.range(..stop).next_back().is_some_and(|(_, before)| *before > local) {
        walk.findings.add(
            "members-overlap",
            Severity::Serious,
            locator.clone(),
            "A member shares bytes with another member; it was skipped.",
        );
        return Ok(Next::Member);
    }
    spans.insert(local, stop);
    let stated_bytes = Some(e.unpacked);
    let info = MemberInfo { idx, name, stated_bytes, modified: e.modified, same_name_before };
    let raw = Stretch::new(bytes, data, e.packed).buffered();
    let mut body: Box<dyn Read> = if e.method == 0 { Box::new(raw) } else { Box::new(DeflateDecoder::new(raw)) };
    let mut checked = Checked { body: &mut *body, crc: Crc::new(), stated: e.crc, wrong: false };
    let next = walk.hand_out(&info, super::Packed::Bytes(e.packed), locator, &mut checked, on);
    if checked.wrong {
        walk.findings.add(
            "member-checksum-wrong",
            Severity::Serious,
            locator.clone(),
            "A member's bytes do not match the checksum in the archive.",
        );
    }
    Ok(next)
}

/// Compares the checksum at the end of a member.
struct Checked<'a> {
    body: &'a mut dyn Read,
    crc: Crc,
    stated: u32,
    wrong: bool,
}
impl Read for Checked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.body.read(buf)?;
        self.crc.update(&buf[..n]);
        if n == 0 && !buf.is_empty() {
            self.wrong = self.crc.sum() != self.stated;
        }
        Ok(n)
    }
}

/// An archive without its list (cut short): members are found one after another from the start, as far as that goes.
fn salvage(bytes: &dyn RandomRead, walk: &mut Walk, on: &mut OnMember<'_>) -> Result<(), FormatError> {
    let damaged = FormatError::Damaged { format: "zip", what: "no list of members", offset: bytes.len() };
    if !piece(bytes, 0, 4)?.starts_with(LOCAL) {
        return Err(damaged);
    }
    let message =
        "The archive's list of members is missing, so it was cut short; members were read one after another as far as they go.";
    walk.findings.add("archive-cut-short", Severity::Serious, Locator::Whole, message);
    let dir = Directory { start: bytes.len(), end: bytes.len(), entries: 0, shift: 0 };
    let (mut at, mut idx) = (0, 0);
    let mut spans = BTreeMap::new();
    loop {
        let head = piece(bytes, at, 30)?;
        if !head.starts_with(LOCAL) || head.len() < 30 || !walk.count(idx) {
            return Ok(());
        }
        let u16_at = |i| le16(&head, i).unwrap_or(0);
        let u32_at = |i| le32(&head, i).unwrap_or(0);
        let (n_name, n_extra) = (usize::from(u16_at(26)), usize::from(u16_at(28)));
        let variable = piece(bytes, at + 30, n_name + n_extra)?;
        let mut e = Entry {
            flags: u16_at(6),
            method: u16_at(8),
            crc: u32_at(14),
            packed: u64::from(u32_at(18)),
            unpacked: u64::from(u32_at(22)),
            local: at,
            name: variable.get(..n_name).unwrap_or_default().to_vec(),
            modified: dos_time(u16_at(12), u16_at(10)),
            unix_mode: None,
        };
        extras(&mut e, variable.get(n_name..).unwrap_or_default());
        let locator = Locator::Bytes { start: at, len: 30 + variable.len() as u64 };
        if e.flags & 8 != 0 && e.packed == 0 {
            let message = "A member's length stands behind it only; without the archive's list it cannot be told where it ends.";
            walk.findings.add("member-length-unknown", Severity::Serious, locator, message);
            return Ok(());
        }
        let next = at.saturating_add(30 + (n_name + n_extra) as u64).saturating_add(e.packed);
        if one(bytes, &dir, e, idx, &locator, &mut spans, walk, on)? == Next::Stop {
            return Ok(());
        }
        idx += 1;
        at = next;
    }
}

/// The first names an archive lists, at most `n`, as text; from the members themselves where the list is missing.
pub(crate) fn first_names(bytes: &dyn RandomRead, n: usize) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    if let Some(dir) = directory(bytes)? {
        let mut at = dir.start;
        while names.len() < n
            && at < dir.end
            && let Some((e, next)) = entry(bytes, at, dir.end)?
        {
            names.push(name_text(&e));
            at = next;
        }
        return Ok(names);
    }
    let mut at = 0_u64;
    while names.len() < n {
        let head = piece(bytes, at, 30)?;
        let (true, Some(packed), Some(n_name), Some(n_extra)) =
            (head.starts_with(LOCAL), le32(&head, 18), le16(&head, 26), le16(&head, 28))
        else {
            break;
        };
        names.push(String::from_utf8_lossy(&piece(bytes, at + 30, usize::from(n_name))?).into_owned());
        at = at.saturating_add(30 + u64::from(n_name) + u64::from(n_extra) + u64::from(packed));
    }
    Ok(names)
}

/// The bytes of a stored (not packed) member that comes first, at most 256; how OpenDocument and EPUB name themselves.
pub(crate) fn stored_member(bytes: &dyn RandomRead, name: &str) -> io::Result<Option<Vec<u8>>> {
    let head = piece(bytes, 0, 30 + 64)?;
    let (Some(method), Some(size), Some(n_name), Some(n_extra)) =
        (le16(&head, 8), le32(&head, 18), le16(&head, 26), le16(&head, 28))
    else {
        return Ok(None);
    };
    let is_it = head.starts_with(LOCAL) && method == 0 && head.get(30..30 + usize::from(n_name)) == Some(name.as_bytes());
    let len = usize::try_from(size).unwrap_or(usize::MAX).min(256);
    if is_it { piece(bytes, 30 + u64::from(n_name) + u64::from(n_extra), len).map(Some) } else { Ok(None) }
}
