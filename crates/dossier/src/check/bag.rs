//! The lists of a bag (RFC 8493) against its files.
//!
//! A file stands in several lists. Where they disagree, the list that is itself proven wrong by another is named, and
//! not the innocent file.

use super::package::{Package, name_fault};
use super::{AllDigests, Findings};
use crate::digest::Digests;
use crate::layout::{BAG_INFO, BAGIT, BAGIT_TEXT, MANIFESTS, SEAL, SUMS, TAG_MANIFESTS};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read};
use zapys_ledger::Hash;

/// How strictly to look.
pub(super) enum Profile {
    /// Any bag: what the RFC demands, with the algorithms that are known here.
    Plain,
    /// One of ours: both algorithms, every tag file listed, `SHA256SUMS`, and lists written exactly as we write them.
    Production {
        /// Digests of the two tag manifests according to a seal whose signature holds.
        seal: Option<[Hash; 2]>,
    },
}

/// Longest line of a list, in bytes.
const MAX_LINE: u64 = 8192;
/// Most lines of a list.
const MAX_LINES: usize = 1_000_000;

struct List {
    path: &'static str,
    entries: BTreeMap<String, String>,
    /// Proven to be wrong: faults of files that rest on it alone are not reported.
    broken: bool,
}
impl List {
    fn covers(&self, file: &str, plain: bool) -> bool {
        let payload = file.starts_with("data/");
        let is_tag_list = file.starts_with("tagmanifest-");
        match self.path {
            p if MANIFESTS.contains(&p) => payload,
            p if TAG_MANIFESTS.contains(&p) => !payload && !is_tag_list && file != SEAL,
            _ => !plain && !is_tag_list && file != SEAL && file != SUMS,
        }
    }
    /// `None`: not in the list.
    fn agrees(&self, file: &str, d: &Digests) -> Option<bool> {
        let want = self.entries.get(file)?;
        Some(if self.path.contains("512") { *want == d.sha512_hex() } else { *want == d.sha256.hex() })
    }
}

pub(super) fn check(package: &Package, digests: &AllDigests, profile: Profile, out: &mut Findings) {
    let plain = matches!(profile, Profile::Plain);
    declaration(package, plain, out);
    if package.files.contains_key("fetch.txt") {
        out.fault("bag", "fetch.txt", "Files are to be fetched from elsewhere, so the bag is not whole by itself.");
    }
    for path in package.files.keys() {
        let unknown = |p: &str, known: [&str; 2]| p.contains('.') && !p.contains('/') && !known.contains(&p);
        if path.starts_with("manifest-") && unknown(path, MANIFESTS)
            || path.starts_with("tagmanifest-") && unknown(path, TAG_MANIFESTS)
        {
            out.not_checked("bag", Some(path), "This list uses an algorithm that is not known here.");
        }
    }
    let before = out.faults();
    let mut lists = Vec::new();
    let sums = if plain { &[][..] } else { &[SUMS][..] };
    for path in MANIFESTS.iter().chain(&TAG_MANIFESTS).chain(sums).copied() {
        if !package.files.contains_key(path) {
            if !plain {
                out.fault("bag", path, "This list is missing.");
            }
            continue;
        }
        match read_list(package, path) {
            Ok((entries, exact)) => {
                // What no other list covers must at least be written in the one way we write it.
                let broken = !plain && !exact;
                if broken {
                    out.fault("bag", path, "This list is not written in the form in which zapys writes lists.");
                }
                lists.push(List { path, entries, broken });
            }
            Err(why) => {
                out.fault("bag", path, why);
                lists.push(List { path, entries: BTreeMap::new(), broken: true });
            }
        }
    }
    if !lists.iter().any(|l| MANIFESTS.contains(&l.path)) {
        out.fault("bag", MANIFESTS[0], "There is no payload list with a known algorithm.");
    }
    if let Profile::Production { seal: Some(sealed) } = &profile {
        for (path, want) in TAG_MANIFESTS.iter().zip(sealed) {
            if let Some(list) = lists.iter_mut().find(|l| l.path == *path)
                && digests.get(*path).is_some_and(|d| d.sha256 != *want)
            {
                list.broken = true;
                out.fault("bag", path, "This list is not the one that was sealed.");
            }
        }
    }
    mark_broken(&mut lists, digests, plain);
    compare(package, digests, &lists, plain, out);
    // Where files differ, their sum differs too: that says nothing new.
    if out.faults() == before {
        oxum(package, digests, plain, out);
    }
    if out.faults() == before {
        let payload = package.files.keys().filter(|f| f.starts_with("data/")).count();
        out.ok("bag", None, format!("{payload} payload files and {} others are as listed.", package.files.len() - payload));
    }
}

/// A list is proven wrong where every sound list that covers it gives it another digest.
fn mark_broken(lists: &mut [List], digests: &AllDigests, plain: bool) {
    // Tag manifests are covered by nothing but the seal, so they judge the others.
    for i in 0..lists.len() {
        let (path, Some(d)) = (lists[i].path, digests.get(lists[i].path)) else { continue };
        let verdicts: Vec<bool> = lists
            .iter()
            .filter(|l| !l.broken && l.path != path && l.path != SUMS && l.covers(path, plain))
            .filter_map(|l| l.agrees(path, d))
            .collect();
        if !verdicts.is_empty() && verdicts.iter().all(|v| !v) {
            lists[i].broken = true;
        }
    }
}

fn compare(package: &Package, digests: &AllDigests, lists: &[List], plain: bool, out: &mut Findings) {
    for (file, d) in digests {
        let (mut agree, mut differ, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        for l in lists.iter().filter(|l| l.covers(file, plain)) {
            match l.agrees(file, d) {
                Some(true) => agree.push(l),
                Some(false) => differ.push(l),
                None => absent.push(l),
            }
        }
        let sound = |ls: &[&List]| ls.iter().filter(|l| !l.broken).map(|l| l.path).collect::<Vec<_>>();
        let (differ_sound, absent_sound) = (sound(&differ), sound(&absent));
        if !differ_sound.is_empty() && agree.iter().all(|l| l.broken) {
            out.fault("changed", file, format!("This file is not the one that was listed ({}).", differ_sound.join(", ")));
            continue;
        }
        // Tag files that no list names are allowed in a plain bag.
        let may_be_absent = plain && !file.starts_with("data/") || lists.is_empty();
        if agree.is_empty() && differ.is_empty() && !absent_sound.is_empty() {
            if !may_be_absent {
                out.fault("added", file, "This file is in no list: it was added.");
            }
            continue;
        }
        for list in differ_sound.iter().chain(absent_sound.iter().filter(|_| !may_be_absent)) {
            let detail = format!("{list} says otherwise of {}, while other lists agree.", crate::safe::line(file));
            let subject = if TAG_MANIFESTS.contains(list) { list } else { file.as_str() };
            out.fault("lists-disagree", subject, detail);
        }
    }
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for l in lists {
        for file in l.entries.keys().filter(|f| !package.files.contains_key(*f)) {
            if !l.broken {
                missing.entry(file).or_default().push(l.path);
            }
        }
        for file in l.entries.keys() {
            if !l.broken && !l.covers(file, plain) {
                out.fault("bag", l.path, format!("This list names {}, which does not belong in it.", crate::safe::line(file)));
            }
        }
    }
    for (file, by) in missing {
        out.fault("missing", file, format!("This file is listed ({}) and not there.", by.join(", ")));
    }
}

fn declaration(package: &Package, plain: bool, out: &mut Findings) {
    let text = match package.read(BAGIT, 4096) {
        Ok(t) => t,
        Err(_) => return out.fault("bag", BAGIT, "The declaration of the bag is missing or cannot be read."),
    };
    let exact = text == BAGIT_TEXT.as_bytes();
    // RFC 8493, 2.1.1: a label, a colon, one space, the value; no mark at the beginning.
    let lines: Vec<&str> = std::str::from_utf8(&text).unwrap_or_default().lines().map(str::trim_end).collect();
    let tolerable = lines == ["BagIt-Version: 1.0", "Tag-File-Character-Encoding: UTF-8"];
    if !(exact || plain && tolerable) {
        out.fault("bag", BAGIT, "This is not the declaration of a BagIt 1.0 bag in UTF-8.");
    }
}

fn oxum(package: &Package, digests: &AllDigests, plain: bool, out: &mut Findings) {
    let Ok(info) = package.read(BAG_INFO, 1 << 20) else {
        if !plain {
            out.fault("bag", BAG_INFO, "This file is missing or cannot be read.");
        }
        return;
    };
    let info = String::from_utf8_lossy(&info);
    let stated = info.lines().find_map(|l| l.strip_prefix("Payload-Oxum:")).map(str::trim);
    let payload: Vec<&Digests> = digests.iter().filter(|(p, _)| p.starts_with("data/")).map(|(_, d)| d).collect();
    let found = format!("{}.{}", payload.iter().map(|d| d.bytes).sum::<u64>(), payload.len());
    if stated.is_some_and(|s| s != found) || stated.is_none() && !plain {
        out.fault("payload-size", BAG_INFO, format!("Number and length of the payload files are not as stated; found {found}."));
    }
}

/// Entries of a list by path, and whether it is written exactly as we write lists.
fn read_list(package: &Package, path: &str) -> Result<(BTreeMap<String, String>, bool), &'static str> {
    const UNREADABLE: &str = "This list cannot be read.";
    let digits = if path.contains("512") { 128 } else { 64 };
    let mut reader = BufReader::new(package.open_file(path).map_err(|_| UNREADABLE)?);
    let (mut entries, mut exact, mut line, mut last) = (BTreeMap::new(), true, Vec::new(), String::new());
    let mut folded = BTreeSet::new();
    loop {
        line.clear();
        let n = read_line(&mut reader, &mut line).map_err(|_| UNREADABLE)?;
        if n == 0 {
            return Ok((entries, exact));
        }
        let text = std::str::from_utf8(&line).map_err(|_| "This list is not UTF-8.")?;
        let body = text.strip_suffix('\n').unwrap_or(text);
        exact &= body.len() < text.len() && !body.ends_with('\r');
        let body = body.strip_suffix('\r').unwrap_or(body);
        let (hex, rest) = body.split_at_checked(digits).ok_or("A line of this list is no digest and path.")?;
        let name = rest.trim_start_matches([' ', '\t']);
        exact &= rest.starts_with("  ") && name.len() + 2 == rest.len();
        exact &= !hex.bytes().any(|b| b.is_ascii_uppercase());
        // `*` marks binary mode in the output of checksum programs and is no part of the path.
        let plain = name.strip_prefix('*').unwrap_or(name);
        exact &= plain.len() == name.len();
        let file = decode(plain).ok_or("A path in this list is not written as RFC 8493 demands.")?;
        exact &= last < file;
        if rest.len() == name.len() || !hex.bytes().all(|b| b.is_ascii_hexdigit()) || name_fault(&file).is_some() {
            return Err("A line of this list is no digest and path, or its path leads elsewhere.");
        }
        if !folded.insert(file.to_lowercase()) && entries.contains_key(&file) {
            return Err("This list names a file twice.");
        }
        if entries.len() == MAX_LINES {
            return Err("This list is too long.");
        }
        last.clone_from(&file);
        entries.insert(file, hex.to_ascii_lowercase());
    }
}

fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let n = reader.take(MAX_LINE).read_until(b'\n', line)?;
    if n as u64 == MAX_LINE { Err(io::ErrorKind::InvalidData.into()) } else { Ok(n) }
}

/// Undoes the three escapes of RFC 8493 (2.1.3). `None` for any other percent sign.
fn decode(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        out.push(match after.get(..2)?.to_ascii_uppercase().as_str() {
            "0A" => '\n',
            "0D" => '\r',
            "25" => '%',
            _ => return None,
        });
        rest = &after[2..];
    }
    out.push_str(rest);
    Some(out)
}
