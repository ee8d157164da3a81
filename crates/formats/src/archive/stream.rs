//! Containers that are read from front to back: tar, tar in gzip, gzip.

use super::{MemberInfo, Next, OnMember, Walk};
use crate::error::FormatError;
use crate::random::{RandomRead, Stretch, piece};
use flate2::read::MultiGzDecoder;
use std::cell::Cell;
use std::io::{self, Read};
use tar::EntryType;
use zapys_domain::{Instant, Locator, Private, Severity};

/// Longest name or extended header in a tar, in bytes.
const MAX_HEADER: u64 = 1 << 20;

/// Counts packed bytes as they are read, and stops a bomb before its parts become members.
struct Guard<'a, R> {
    inner: R,
    packed: &'a Cell<u64>,
    out: u64,
    ratio: u64,
    unmeasured: u64,
    ceiling: u64,
}
impl<R: Read> Read for Guard<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.out += n as u64;
        let far = self.out > self.unmeasured && self.out / self.ratio.max(1) > self.packed.get().max(1);
        if far || self.out > self.ceiling {
            return Err(io::Error::other("unpacks to more than the limits allow"));
        }
        Ok(n)
    }
}
struct Counted<'a, R> {
    inner: R,
    n: &'a Cell<u64>,
}
impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.n.set(self.n.get() + n as u64);
        Ok(n)
    }
}

pub(super) fn tar(bytes: &dyn RandomRead, gz: bool, walk: &mut Walk, on: &mut OnMember<'_>) -> Result<(), FormatError> {
    let raw = Stretch::whole(bytes).buffered();
    if !gz {
        return tar_from(raw, walk, on);
    }
    let packed = Cell::new(0);
    let unpacked = MultiGzDecoder::new(Counted { inner: raw, n: &packed });
    // Headers, padding and skipped members count as well: room for them beside the members themselves.
    let ceiling = walk.limits.max_total_bytes.saturating_mul(2).saturating_add(1 << 30);
    let (ratio, unmeasured) = (walk.limits.max_ratio, walk.limits.unmeasured_bytes);
    tar_from(Guard { inner: unpacked, packed: &packed, out: 0, ratio, unmeasured, ceiling }, walk, on)
}

fn tar_from(reader: impl Read, walk: &mut Walk, on: &mut OnMember<'_>) -> Result<(), FormatError> {
    let mut archive = tar::Archive::new(reader);
    // Raw: the library would otherwise read long names of any length into memory.
    let entries = archive.entries()?.raw(true);
    let (mut idx, mut headers) = (0, 0_u64);
    let mut long: Option<Vec<u8>> = None;
    let mut stated: Option<u64> = None;
    for entry in entries {
        let mut entry = match entry {
            Ok(e) => e,
            Err(_) if idx == 0 && headers == 0 => {
                return Err(FormatError::Damaged { format: "tar", what: "no valid header", offset: 0 });
            }
            Err(_) => {
                let message = "The container is damaged or ends here; members behind this place are missing.";
                walk.findings.add("archive-cut-short", Severity::Serious, Locator::Whole, message);
                return Ok(());
            }
        };
        headers += 1;
        if headers > walk.limits.max_members.saturating_mul(4) {
            walk.count(u64::MAX);
            return Ok(());
        }
        let kind = entry.header().entry_type();
        let locator = Locator::Bytes { start: entry.raw_header_position(), len: 512 };
        let extended = matches!(kind, EntryType::GNULongName | EntryType::XHeader);
        if extended || matches!(kind, EntryType::GNULongLink | EntryType::XGlobalHeader) {
            let mut body = Vec::new();
            if entry.size() > MAX_HEADER || entry.by_ref().take(MAX_HEADER).read_to_end(&mut body).is_err() {
                walk.findings.add(
                    "header-too-long",
                    Severity::Serious,
                    locator,
                    "A name in the container is impossibly long; the container was left here.",
                );
                return Ok(());
            }
            match kind {
                EntryType::GNULongName => long = Some(body.split(|b| *b == 0).next().unwrap_or_default().to_vec()),
                EntryType::XHeader => {
                    for (key, value) in pax(&body) {
                        match key {
                            b"path" => long = Some(value.to_vec()),
                            b"size" => stated = std::str::from_utf8(value).ok().and_then(|s| s.parse().ok()),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
            continue;
        }
        if !walk.count(idx) {
            return Ok(());
        }
        let raw_name = long.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        if stated.take().is_some_and(|s| s != entry.size()) {
            let message =
                "A member states two lengths, so that members behind it cannot be found reliably; the container was left here.";
            walk.findings.add("member-length-differs", Severity::Serious, locator, message);
            return Ok(());
        }
        let text = crate::encoding::decode(&raw_name, None, false).text;
        match kind {
            EntryType::Directory => {}
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                if kind == EntryType::GNUSparse {
                    walk.findings.add(
                        "member-not-a-file",
                        Severity::Serious,
                        locator,
                        "A member is stored with holes left out, which is not read; it was skipped.",
                    );
                } else if text.ends_with('/') && entry.size() == 0 {
                    // The old way of writing a folder.
                } else if let Some((name, same_name_before)) = walk.name(&raw_name, &text, &locator) {
                    let modified = entry
                        .header()
                        .mtime()
                        .ok()
                        .and_then(|t| i64::try_from(t).ok())
                        .map(|t| Instant::from_seconds(t).to_string());
                    let info = MemberInfo { idx, name, stated_bytes: Some(entry.size()), modified, same_name_before };
                    if walk.hand_out(&info, super::Packed::Shared, &locator, &mut entry, on) == Next::Stop {
                        return Ok(());
                    }
                }
            }
            _ => {
                walk.findings.add(
                    "member-not-a-file",
                    Severity::Warning,
                    locator,
                    "A member is a link or device, not a file; it was skipped.",
                );
            }
        }
        idx += 1;
    }
    Ok(())
}

/// Records of an extended header: `length key=value\n`. Ends at the first that is none.
fn pax(mut body: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut out = Vec::new();
    while let Some(space) = body.iter().position(|b| *b == b' ') {
        let Some(len) = std::str::from_utf8(&body[..space]).ok().and_then(|s| s.parse::<usize>().ok()) else { break };
        let Some(record) = body.get(space + 1..len) else { break };
        if let Some(eq) = record.iter().position(|b| *b == b'=') {
            out.push((&record[..eq], record[eq + 1..].strip_suffix(b"\n").unwrap_or(&record[eq + 1..])));
        }
        body = &body[len..];
    }
    out
}

pub(super) fn gzip(bytes: &dyn RandomRead, walk: &mut Walk, on: &mut OnMember<'_>) -> Result<(), FormatError> {
    let head = piece(bytes, 0, 4096)?;
    if !head.starts_with(b"\x1f\x8b\x08") {
        return Err(FormatError::Damaged { format: "gzip", what: "no gzip header", offset: 0 });
    }
    let header = flate2::read::GzDecoder::new(&head[..]).header().cloned();
    let written = header.as_ref().and_then(|h| h.filename()).map(|n| crate::encoding::decode(n, None, false).text);
    // A gzip holds one file and often no name for it.
    let name = written.and_then(|n| super::safe_name(&n).ok()).unwrap_or_else(|| "content".into());
    let modified = header.filter(|h| h.mtime() != 0).map(|h| Instant::from_seconds(i64::from(h.mtime())).to_string());
    let info = MemberInfo { idx: 0, name: Private::new(name), stated_bytes: None, modified, same_name_before: false };
    let packed = Cell::new(0);
    let mut body = MultiGzDecoder::new(Counted { inner: Stretch::whole(bytes).buffered(), n: &packed });
    walk.hand_out(&info, super::Packed::SoFar(&packed), &Locator::Whole, &mut body, on);
    Ok(())
}
