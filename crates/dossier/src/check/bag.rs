//! The lists of a bag (RFC 8493 and the drafts before it) against its files.
//!
//! A file stands in several lists. Where they disagree, the list that is itself proven wrong by another is named, and
//! not the innocent file.

use super::package::{Package, name_fault};
use super::{AllDigests, Findings};
use crate::digest::{Digests, copy};
use crate::layout::{BAG_INFO, BAGIT, BAGIT_TEXT, MANIFESTS, SEAL, SUMS, TAG_MANIFESTS};
use md5::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read};
use zapys_ledger::Hash;

/// Versions of BagIt that are read.
const VERSIONS: [&str; 6] = ["0.93", "0.94", "0.95", "0.96", "0.97", "1.0"];

/// Digest algorithm of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sum {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}
impl Sum {
    const ALL: [(&str, Self); 4] = [("md5", Self::Md5), ("sha1", Self::Sha1), ("sha256", Self::Sha256), ("sha512", Self::Sha512)];
    /// Of `manifest-ALGORITHM.txt`, `tagmanifest-ALGORITHM.txt`, `SHA256SUMS`.
    fn of(list: &str) -> Option<Self> {
        if list == SUMS {
            return Some(Self::Sha256);
        }
        let name = list.split_once("manifest-")?.1.strip_suffix(".txt")?;
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, s)| *s)
    }
    fn digits(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// How the tag files are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Written {
    latin: bool,
    /// Escapes of paths came with 1.0.
    escapes: bool,
}

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
    path: String,
    sum: Sum,
    entries: BTreeMap<String, String>,
    /// Proven to be wrong: faults of files that rest on it alone are not reported.
    broken: bool,
}
impl List {
    fn covers(&self, file: &str, plain: bool) -> bool {
        let payload = file.starts_with("data/");
        let is_tag_list = file.starts_with("tagmanifest-");
        match self.path.as_str() {
            p if p.starts_with("manifest-") => payload,
            p if p.starts_with("tagmanifest-") => !payload && !is_tag_list && file != SEAL,
            _ => !plain && !is_tag_list && file != SEAL && file != SUMS,
        }
    }
    /// `None`: not in the list.
    fn agrees(&self, file: &str, d: &Digests, weak: &Weak) -> Option<bool> {
        let want = self.entries.get(file)?;
        Some(match self.sum {
            Sum::Sha256 => *want == d.sha256.hex(),
            Sum::Sha512 => *want == d.sha512_hex(),
            Sum::Md5 | Sum::Sha1 => weak.get(file).is_some_and(|w| w.0 == *want || w.1 == *want),
        })
    }
}

/// MD5 and SHA-1 of files, where a list needs them.
type Weak = BTreeMap<String, (String, String)>;

fn weak(package: &Package, lists: &[List]) -> Weak {
    let mut all = Weak::new();
    if !lists.iter().any(|l| matches!(l.sum, Sum::Md5 | Sum::Sha1)) {
        return all;
    }
    let hex = |d: &[u8]| d.iter().map(|b| format!("{b:02x}")).collect::<String>();
    for file in package.files.keys() {
        let (mut md5, mut sha1) = (md5::Md5::new(), sha1::Sha1::new());
        let read = package.open_file(file).and_then(|mut f| {
            copy(&mut f, &mut io::sink(), &mut |piece| {
                md5.update(piece);
                sha1.update(piece);
            })
        });
        if read.is_ok() {
            all.insert(file.clone(), (hex(&md5.finalize()), hex(&sha1.finalize())));
        }
    }
    all
}

pub(super) fn check(package: &Package, digests: &AllDigests, profile: Profile, out: &mut Findings) {
    let plain = matches!(profile, Profile::Plain);
    let before = out.faults();
    let written = declaration(package, plain, out);
    fetch(package, out);
    let mut names: Vec<&str> =
        if plain { Vec::new() } else { MANIFESTS.into_iter().chain(TAG_MANIFESTS).chain([SUMS]).collect() };
    for path in package.files.keys() {
        let list = path.starts_with("manifest-") || path.starts_with("tagmanifest-");
        if !list || !path.ends_with(".txt") || path.contains('/') || names.contains(&path.as_str()) {
            continue;
        }
        match Sum::of(path).filter(|_| plain) {
            Some(_) => names.push(path),
            None => out.not_checked("bag", Some(path), "This list uses an algorithm that is not known here."),
        }
    }
    let mut lists = Vec::new();
    for path in names {
        let Some(sum) = Sum::of(path) else { continue };
        if !package.files.contains_key(path) {
            out.fault("bag", path, "This list is missing.");
            continue;
        }
        let (path, written) = (path.to_owned(), written);
        match read_list(package, &path, sum, written) {
            Ok((entries, exact)) => {
                // What no other list covers must at least be written in the one way we write it.
                let broken = !plain && !exact;
                if broken {
                    out.fault("bag", &path, "This list is not written in the form in which zapys writes lists.");
                }
                lists.push(List { path, sum, entries, broken });
            }
            Err(why) => {
                out.fault("bag", &path, why);
                lists.push(List { path, sum, entries: BTreeMap::new(), broken: true });
            }
        }
    }
    if !lists.iter().any(|l| l.path.starts_with("manifest-")) {
        out.fault("bag", MANIFESTS[0], "There is no payload list with a known algorithm.");
    }
    let weak = weak(package, &lists);
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
    mark_broken(&mut lists, digests, &weak, plain);
    compare(package, digests, &lists, &weak, plain, out);
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
fn mark_broken(lists: &mut [List], digests: &AllDigests, weak: &Weak, plain: bool) {
    // Tag manifests are covered by nothing but the seal, so they judge the others.
    for i in 0..lists.len() {
        let path = lists[i].path.clone();
        let Some(d) = digests.get(&path) else { continue };
        let verdicts: Vec<bool> = lists
            .iter()
            .filter(|l| !l.broken && l.path != path && l.path != SUMS && l.covers(&path, plain))
            .filter_map(|l| l.agrees(&path, d, weak))
            .collect();
        if !verdicts.is_empty() && verdicts.iter().all(|v| !v) {
            lists[i].broken = true;
        }
    }
}

fn compare(package: &Package, digests: &AllDigests, lists: &[List], weak: &Weak, plain: bool, out: &mut Findings) {
    for (file, d) in digests {
        let (mut agree, mut differ, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        for l in lists.iter().filter(|l| l.covers(file, plain)) {
            match l.agrees(file, d, weak) {
                Some(true) => agree.push(l),
                Some(false) => differ.push(l),
                None => absent.push(l),
            }
        }
        let sound = |ls: &[&List]| ls.iter().filter(|l| !l.broken).map(|l| l.path.clone()).collect::<Vec<_>>();
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
            let subject = if list.starts_with("tagmanifest-") { list.as_str() } else { file.as_str() };
            out.fault("lists-disagree", subject, detail);
        }
    }
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for l in lists {
        for file in l.entries.keys().filter(|f| !package.files.contains_key(*f)) {
            if !l.broken {
                missing.entry(file).or_default().push(&l.path);
            }
        }
        for file in l.entries.keys() {
            if !l.broken && !l.covers(file, plain) {
                out.fault("bag", &l.path, format!("This list names {}, which does not belong in it.", crate::safe::line(file)));
            }
        }
    }
    for (file, by) in missing {
        out.fault("missing", file, format!("This file is listed ({}) and not there.", by.join(", ")));
    }
}

/// Reads `bagit.txt`. For a production only our own declaration will do.
fn declaration(package: &Package, plain: bool, out: &mut Findings) -> Written {
    let ours = Written { latin: false, escapes: true };
    let text = match package.read(BAGIT, 4096) {
        Ok(t) => t,
        Err(_) => {
            out.fault("bag", BAGIT, "The declaration of the bag is missing or cannot be read.");
            return ours;
        }
    };
    if text == BAGIT_TEXT.as_bytes() {
        return ours;
    }
    if !plain {
        out.fault("bag", BAGIT, "This is not the declaration of a BagIt 1.0 bag in UTF-8.");
        return ours;
    }
    let mut bad = |why: &str| out.fault("bag", BAGIT, why.to_owned());
    if text.starts_with(&[0xef, 0xbb, 0xbf]) {
        bad("The declaration of the bag begins with a byte order mark, which it may not.");
        return ours;
    }
    // RFC 8493, 2.1.1: a label, a colon, one space, the value.
    let lines: Vec<&str> = std::str::from_utf8(&text).unwrap_or_default().lines().map(str::trim_end).collect();
    let value = |i: usize, label: &str| lines.get(i).and_then(|l: &&str| l.strip_prefix(label)?.strip_prefix(": "));
    let version = value(0, "BagIt-Version");
    let encoding = value(1, "Tag-File-Character-Encoding");
    if lines.len() != 2 || version.is_none() || encoding.is_none() {
        bad(
            "This is not the declaration of a bag: it has a version and an encoding, each written with one space after the colon.",
        );
        return ours;
    }
    let version = version.unwrap_or_default();
    if !VERSIONS.contains(&version) {
        bad("The declaration of the bag names a version that is none, or is not known here.");
    }
    let latin = match encoding.unwrap_or_default().to_ascii_uppercase().as_str() {
        "UTF-8" | "US-ASCII" => false,
        "ISO-8859-1" => true,
        _ => {
            bad("The declaration of the bag names an encoding that is not known here.");
            false
        }
    };
    Written { latin, escapes: version == "1.0" }
}

/// Files that are to be fetched from elsewhere are not here; and some of them would be put where no file of a bag belongs.
fn fetch(package: &Package, out: &mut Findings) {
    const FETCH: &str = "fetch.txt";
    if !package.files.contains_key(FETCH) {
        return;
    }
    let text = package.read(FETCH, 16 * 1024 * 1024).map(|b| String::from_utf8_lossy(&b).into_owned());
    let Ok(text) = text else { return out.fault("bag", FETCH, "This list of files to be fetched cannot be read.") };
    let elsewhere = |line: &str| {
        let name = line.splitn(3, [' ', '\t']).nth(2).map(str::trim).unwrap_or_default();
        !name.starts_with("data/") || name_fault(name).is_some()
    };
    if text.lines().filter(|l| !l.trim().is_empty()).any(elsewhere) {
        return out.fault("bag", FETCH, "A file to be fetched would be put outside the bag, or its line is none.");
    }
    out.fault("bag", FETCH, "Files are to be fetched from elsewhere, so the bag is not whole by itself.");
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
fn read_list(
    package: &Package,
    path: &str,
    sum: Sum,
    written: Written,
) -> Result<(BTreeMap<String, String>, bool), &'static str> {
    const UNREADABLE: &str = "This list cannot be read.";
    let digits = sum.digits();
    let mut reader = BufReader::new(package.open_file(path).map_err(|_| UNREADABLE)?);
    let (mut entries, mut exact, mut line, mut last) = (BTreeMap::new(), true, Vec::new(), String::new());
    let mut folded = BTreeSet::new();
    loop {
        line.clear();
        let n = read_line(&mut reader, &mut line).map_err(|_| UNREADABLE)?;
        if n == 0 {
            return Ok((entries, exact));
        }
        let latin: String;
        let text = if written.latin {
            latin = line.iter().map(|b| char::from(*b)).collect();
            &latin
        } else {
            std::str::from_utf8(&line).map_err(|_| "This list is not UTF-8.")?
        };
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
        let file = if written.escapes { decode(plain) } else { Some(plain.to_owned()) }
            .ok_or("A path in this list is not written as RFC 8493 demands.")?;
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
