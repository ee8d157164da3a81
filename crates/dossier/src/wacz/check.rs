//! A WACZ, judged alone: digests, index against records, pages against index, and what the Berkeley Protocol asks for.

use super::cdxj::{Line, number, timestamp};
use super::warc::{self, Record};
use super::{FULL_PAGE, PACKAGE, PACKAGE_DIGEST, PAGES};
use crate::check::{AllDigests, CheckError, Findings, KeyUsed, PackageError, Sort, Verdict, name_fault};
use crate::digest::copy;
use crate::zip::Zip;
use flate2::bufread::MultiGzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use zapys_domain::Instant;

/// Longest JSON file and longest unpacked index or list of pages, in bytes.
const MAX_TEXT: u64 = 256 * 1024 * 1024;
/// Least that a WARC file may unpack to; beyond it, this many times its own length.
const BUDGET: u64 = 1024 * 1024 * 1024;
const TIMES: u64 = 200;
/// Longest deflated entry.
const MAX_DEFLATED: u64 = 1024 * 1024 * 1024;
/// Most faults of one kind that are told one by one.
const MAX_TOLD: usize = 200;

/// Whether a file looks like a WACZ: a zip with `datapackage.json` at its top.
pub fn is_wacz(path: &Path) -> bool {
    let mut head = [0; 2];
    let zip = File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok() && head == *b"PK";
    zip && Zip::open_mixed(path).is_ok_and(|z| z.entries().any(|(n, _)| n == PACKAGE))
}

/// Checks a WACZ. Its signature, where it has one, is not checked. Errors: [`CheckError`] where there is nothing to look at.
pub fn check(path: &Path) -> Result<Verdict, CheckError> {
    let zip = Zip::open_mixed(path).map_err(PackageError::from)?;
    let mut out = Findings::default();
    let (mut digests, mut bytes) = (AllDigests::new(), 0);
    let names: Vec<(String, u64)> = zip.entries().map(|(n, b)| (n.to_owned(), b)).collect();
    for (name, len) in &names {
        if let Some(why) = name_fault(name) {
            out.fault("names", name, format!("This entry {why}."));
        } else if !zip.is_stored(name) && *len > MAX_DEFLATED {
            out.fault("readable", name, "This entry unpacks to more than is looked at.");
        } else {
            match zip.read(name).and_then(|mut f| copy(&mut f, &mut io::sink(), &mut |_| {})) {
                Ok(d) => {
                    bytes += d.bytes;
                    digests.insert(name.clone(), d);
                }
                Err(e) => out.fault("readable", name, format!("This entry cannot be read to its end ({}).", e.kind())),
            }
        }
    }
    let mut look = Look { zip: &zip, digests: &digests, out: &mut out, records: BTreeMap::new(), targets: BTreeMap::new() };
    let package = look.package();
    look.layout();
    look.records();
    let indexed = look.index();
    let pages = look.pages(&indexed);
    look.berkeley(&pages);
    Ok(Verdict {
        holds: out.faults() == 0,
        sort: Sort::Wacz,
        production: package.as_ref().and_then(|p| p.pointer("/zapys/production")?.as_str()).map(crate::safe::line),
        origin: None,
        exhibits: pages.len(),
        files: names.len(),
        bytes,
        manifest_sha256: digests.get(PACKAGE).map(|d| d.sha256.hex()),
        key: KeyUsed::None,
        checks: out.into_checks(),
    })
}

/// What an index is held against.
struct Kept {
    kind: String,
    target: String,
    timestamp: Option<String>,
    length: u64,
    payload: [String; 2],
    indexed: bool,
}

struct Look<'a> {
    zip: &'a Zip,
    digests: &'a AllDigests,
    out: &'a mut Findings,
    /// By name in `archive/` and offset.
    records: BTreeMap<(String, u64), Kept>,
    /// Kinds and media types of the records of an address.
    targets: BTreeMap<String, Vec<(String, String)>>,
}

impl Look<'_> {
    fn text(&mut self, name: &str) -> Option<String> {
        let mut out = String::new();
        let read = self.zip.read(name).and_then(|f| f.take(MAX_TEXT + 1).read_to_string(&mut out));
        (read.is_ok() && out.len() as u64 <= MAX_TEXT).then_some(out)
    }

    fn package(&mut self) -> Option<Value> {
        let before = self.out.faults();
        let package: Option<Value> = self.text(PACKAGE).and_then(|t| serde_json::from_str(&t).ok());
        let Some(package) = package.filter(Value::is_object) else {
            self.out.fault("package", PACKAGE, "This is missing or not a JSON object.");
            return None;
        };
        if package["profile"] != "data-package" {
            self.out.fault("package", PACKAGE, "The profile is not `data-package`.");
        }
        if !package["wacz_version"].as_str().is_some_and(|v| v.starts_with("1.")) {
            self.out.fault("package", PACKAGE, "The version is not WACZ 1.");
        }
        let mut listed = BTreeSet::new();
        for r in package["resources"].as_array().into_iter().flatten() {
            let path = r["path"].as_str().unwrap_or_default();
            if !listed.insert(path) {
                self.out.fault("package", path, "The package lists this file twice.");
            }
            let hash = r["hash"].as_str().unwrap_or_default();
            match self.digests.get(path) {
                None => self.out.fault("package", path, "The package lists this file, and it is not there."),
                Some(d) => {
                    if Record::agrees(hash, &[d.sha256.hex(), String::new()]) != Some(true) {
                        self.out.fault("package", path, "This file does not have the SHA-256 that the package states.");
                    }
                    if r["bytes"].as_u64() != Some(d.bytes) {
                        self.out.fault("package", path, "This file does not have the length that the package states.");
                    }
                }
            }
        }
        for name in self.digests.keys().filter(|n| *n != PACKAGE && *n != PACKAGE_DIGEST && !listed.contains(n.as_str())) {
            self.out.fault("package", name, "The package does not list this file.");
        }
        match self.text(PACKAGE_DIGEST).map(|t| serde_json::from_str::<Value>(&t).unwrap_or_default()) {
            None => self.out.not_checked("package", Some(PACKAGE_DIGEST), "There is no digest of the package."),
            Some(d) => {
                let same = self.digests.get(PACKAGE).is_some_and(|own| {
                    Record::agrees(d["hash"].as_str().unwrap_or_default(), &[own.sha256.hex(), String::new()]) == Some(true)
                });
                if !same || d["path"] != PACKAGE {
                    self.out.fault("package", PACKAGE_DIGEST, "This is not the digest of the package.");
                }
                if !d["signedData"].is_null() {
                    self.out.not_checked(
                        "signature",
                        Some(PACKAGE_DIGEST),
                        "The package is signed. The signature was not checked.",
                    );
                }
            }
        }
        if self.out.faults() == before {
            self.out.ok("package", Some(PACKAGE), format!("{} files are the ones that the package lists.", listed.len()));
        }
        Some(package)
    }

    fn layout(&mut self) {
        let has =
            |start: &str, ends: &[&str]| self.digests.keys().any(|n| n.starts_with(start) && ends.iter().any(|e| n.ends_with(e)));
        let (archive, index) =
            (has("archive/", &[".warc", ".warc.gz"]), has("indexes/", &[".cdx", ".cdxj", ".cdx.gz", ".cdxj.gz"]));
        if !archive {
            self.out.fault("layout", "archive/", "There is no WARC file.");
        }
        if !index {
            self.out.fault("layout", "indexes/", "There is no index.");
        }
        if !self.digests.contains_key(PAGES) {
            self.out.fault("layout", PAGES, "There is no list of pages.");
        }
        for name in self.digests.keys().filter(|n| n.starts_with("archive/") || n.ends_with(".gz")) {
            if !self.zip.is_stored(name) {
                self.out.fault("layout", name, "Archives are stored in the zip, not compressed once more.");
            }
        }
    }

    fn records(&mut self) {
        let before = self.out.faults();
        let names: Vec<String> = self
            .digests
            .keys()
            .filter(|n| n.starts_with("archive/") && (n.ends_with(".warc") || n.ends_with(".warc.gz")))
            .cloned()
            .collect();
        let mut n = 0;
        for name in &names {
            let budget = BUDGET.max(self.digests[name].bytes.saturating_mul(TIMES));
            let short = name.strip_prefix("archive/").unwrap_or(name).to_owned();
            let mut all = Vec::new();
            let end = match self.zip.read(name) {
                Ok(f) => warc::read(&mut BufReader::new(f), budget, &mut |r| all.push(r)),
                Err(e) => Err(e.into()),
            };
            if let Err(e) = end {
                self.out.fault("records", name, format!("The archive cannot be read to its end: {e}."));
            }
            n += all.len();
            let mut told = 0;
            for r in all {
                self.record(&short, r, &mut told);
            }
        }
        if n == 0 && !names.is_empty() {
            self.out.fault("records", "archive/", "There is no record.");
        }
        if self.out.faults() == before && n > 0 {
            self.out.ok("records", None, format!("{n} records have the digests that they state."));
        }
    }

    fn record(&mut self, file: &str, r: Record, told: &mut usize) {
        let subject = format!("archive/{file} at {}", r.offset);
        let chunked = r.http_header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
        // A revisit states the payload of another record, and programs differ on whether a chunked body counts as sent.
        let payload = r.header("warc-payload-digest").filter(|_| r.kind() != "revisit" && !chunked);
        for (stated, found, what) in [(r.header("warc-block-digest"), &r.block, "block"), (payload, &r.payload, "payload")] {
            match stated.map(|s| Record::agrees(s, found)) {
                Some(Some(false)) if *told < MAX_TOLD => {
                    *told += 1;
                    self.out.fault(
                        "records",
                        &subject,
                        format!("The {what} of this record does not have the digest that it states."),
                    );
                }
                Some(None) => {
                    self.out.not_checked("records", Some(&subject), format!("The {what} has a digest of another algorithm."))
                }
                _ => {}
            }
        }
        let Some(target) = r.target().map(str::to_owned) else { return };
        let media = r.media_type().unwrap_or_default().to_ascii_lowercase();
        self.targets.entry(target.clone()).or_default().push((r.kind().to_owned(), media));
        let time = r.header("warc-date").and_then(Instant::parse).map(timestamp);
        let kept = Kept { kind: r.kind().into(), target, timestamp: time, length: r.length, payload: r.payload, indexed: false };
        self.records.insert((file.to_owned(), r.offset), kept);
    }

    /// Holds every line of every index against its record. Gives the addresses that are indexed.
    fn index(&mut self) -> BTreeSet<String> {
        let (before, mut urls, mut lines) = (self.out.faults(), BTreeSet::new(), 0);
        let names: Vec<String> =
            self.digests.keys().filter(|n| n.starts_with("indexes/") && !n.ends_with(".idx")).cloned().collect();
        for name in &names {
            let Ok(file) = self.zip.read(name) else { continue };
            let packed: Box<dyn Read> =
                if name.ends_with(".gz") { Box::new(MultiGzDecoder::new(BufReader::new(file))) } else { Box::new(file) };
            let mut text = BufReader::new(packed.take(MAX_TEXT));
            let (mut last, mut told) = (String::new(), 0);
            loop {
                let mut line = String::new();
                match text.read_line(&mut line) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(_) => {
                        self.out.fault("index", name, "The index cannot be read to its end.");
                        break;
                    }
                }
                let line = line.trim_end_matches(['\n', '\r']);
                if line.is_empty() || line.starts_with('!') {
                    continue;
                }
                lines += 1;
                let fault = if line < last.as_str() { Some("The index is not sorted.") } else { self.line(line, &mut urls) };
                last = line.to_owned();
                if let Some(fault) = fault.filter(|_| told < MAX_TOLD) {
                    told += 1;
                    self.out.fault("index", &format!("{name} line {lines}"), fault);
                }
            }
        }
        let missing = self
            .records
            .values()
            .filter(|k| !k.indexed && k.target.starts_with("http") && ["response", "resource"].contains(&k.kind.as_str()))
            .count();
        if missing > 0 {
            self.out.fault("index", "indexes/", format!("{missing} captured records are not in the index."));
        }
        if self.out.faults() == before && lines > 0 {
            self.out.ok("index", None, format!("{lines} lines of the index lead to their records."));
        }
        urls
    }

    fn line(&mut self, line: &str, urls: &mut BTreeSet<String>) -> Option<&'static str> {
        let Some(line) = Line::parse(line) else { return Some("A line is no line of an index.") };
        let p = &line.place;
        let (Some(offset), Some(length)) = (number(&p.offset), number(&p.length)) else {
            return Some("A line has no offset or length.");
        };
        let Some(kept) = self.records.get_mut(&(p.filename.clone(), offset)) else {
            return Some("A line leads to a place where no record begins.");
        };
        kept.indexed = true;
        urls.insert(p.url.clone());
        if kept.target != p.url {
            return Some("A line leads to the record of another address.");
        }
        if kept.length != length {
            return Some("A line states another length than the record has.");
        }
        if kept.timestamp.as_ref().is_some_and(|t| !line.timestamp.starts_with(t.as_str()) && !t.starts_with(&line.timestamp)) {
            return Some("A line states another time than the record.");
        }
        let stated = p.digest.as_deref().filter(|_| kept.kind != "revisit");
        if stated.is_some_and(|d| d.contains(':') && Record::agrees(d, &kept.payload) == Some(false)) {
            return Some("A line states another digest than the record's payload has.");
        }
        None
    }

    fn pages(&mut self, indexed: &BTreeSet<String>) -> Vec<String> {
        let before = self.out.faults();
        let Some(text) = self.text(PAGES) else { return Vec::new() };
        let mut lines = text.lines().filter(|l| !l.trim().is_empty());
        let head: Value = lines.next().and_then(|l| serde_json::from_str(l).ok()).unwrap_or_default();
        if head["format"] != "json-pages-1.0" || !head["id"].is_string() {
            self.out.fault("pages", PAGES, "The first line does not say `json-pages-1.0` and an id.");
        }
        let mut urls = Vec::new();
        for (n, line) in lines.enumerate() {
            let subject = format!("{PAGES} page {}", n + 1);
            let page: Value = serde_json::from_str(line).unwrap_or_default();
            let (url, ts) = (page["url"].as_str(), page["ts"].as_str());
            let Some(url) = url.filter(|u| !u.is_empty()) else {
                self.out.fault("pages", &subject, "A page has no address.");
                continue;
            };
            if ts.and_then(Instant::parse).is_none() {
                self.out.fault("pages", &subject, "A page has no time of RFC 3339.");
            }
            if !indexed.contains(url) {
                self.out.fault("pages", &subject, "The index does not have the address of this page.");
            }
            urls.push(url.to_owned());
        }
        if self.out.faults() == before {
            self.out.ok("pages", Some(PAGES), format!("{} pages are in the index.", urls.len()));
        }
        urls
    }

    /// R1.3: address, page source, full-page capture; and whether HTTP headers were captured.
    fn berkeley(&mut self, pages: &[String]) {
        for (n, url) in pages.iter().enumerate().take(MAX_TOLD) {
            let subject = format!("page {}", n + 1);
            let of = |address: &str, kinds: &[&str], media: &[&str]| {
                self.targets.get(address).is_some_and(|all| {
                    all.iter()
                        .any(|(k, m)| kinds.contains(&k.as_str()) && (media.is_empty() || media.iter().any(|x| m.starts_with(x))))
                })
            };
            let mut lacks = Vec::new();
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                lacks.push("its address");
            }
            let source = of(url, &["response", "resource", "revisit"], &["text/html", "application/xhtml"]);
            if !source {
                lacks.push("its page source");
            }
            if !of(&format!("{FULL_PAGE}{url}"), &["resource"], &["image/", "application/pdf"]) {
                lacks.push("a full-page capture");
            }
            let headers = of(url, &["response", "revisit"], &[]);
            if lacks.is_empty() {
                self.out.ok("berkeley-minimum", Some(&subject), "Address, page source and full-page capture are here.");
            } else {
                let words = format!(
                    "Below Berkeley minimum: {} {} not here.",
                    lacks.join(" and "),
                    if lacks.len() == 1 { "is" } else { "are" }
                );
                self.out.not_checked("berkeley-minimum", Some(&subject), words);
            }
            if source && !headers {
                self.out.not_checked("http-headers", Some(&subject), "The page was saved without the HTTP headers it came with.");
            }
        }
    }
}
