//! A load file, judged alone: every row against its files, every number against every other, every relation against its
//! other end. Everything read is hostile.

use super::csv::{Table, is_formula};
use super::page::PageId;
use super::table::{Confidentiality, DisclosureClass, Gap, Relation, Row, UNKNOWN};
use super::{GAPS, IMAGES, LIMITATIONS, NATIVE, SEAL_HEAD, TABLE, TEXT};
use crate::check::{AllDigests, CheckError, Findings, KeyUsed, Package, Verdict, read_all};
use crate::layout::{CHECKPOINT, SEAL, SUMS, VKEY};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use zapys_domain::edtf::Edtf;
use zapys_ledger::{Checkpoint, Hash, Note, VerifierKey};

/// Longest table that is read, in bytes.
const MAX_TABLE: u64 = 256 * 1024 * 1024;
/// Longest text document whose pages are counted, in bytes.
const MAX_TEXT: u64 = 64 * 1024 * 1024;
/// Most faults of one kind that are told one by one.
const MAX_TOLD: usize = 200;

/// Whether a folder looks like a load file.
pub fn is_load_file(path: &Path) -> bool {
    path.join(TABLE).is_file()
}

/// Checks the load file at `path`. `vkey`: the ledger's public key, had from somewhere other than this folder.
/// Errors: [`CheckError`] where there is nothing to look at.
pub fn check(path: &Path, vkey: Option<&VerifierKey>) -> Result<Verdict, CheckError> {
    let package = Package::open(path)?;
    let mut out = Findings::default();
    let (digests, bytes) = read_all(&package, &mut out);
    let signed = signed(&package, &digests, vkey, &mut out);
    sums(&package, &digests, &mut out);
    let rows = table(&package, TABLE, &mut out).and_then(|t| named(Row::rows(&t), TABLE, &mut out));
    let gaps = table(&package, GAPS, &mut out).and_then(|t| named(Gap::rows(&t), GAPS, &mut out));
    let (rows, gaps) = (rows.unwrap_or_default(), gaps.unwrap_or_default());
    Look { package: &package, digests: &digests, rows: &rows, gaps: &gaps, out: &mut out }.all();
    Ok(Verdict {
        holds: out.faults() == 0,
        sort: crate::check::Sort::LoadFile,
        production: signed.production,
        origin: signed.origin,
        exhibits: rows.len(),
        files: package.files.len() + package.odd.len(),
        bytes,
        manifest_sha256: digests.get(SUMS).map(|d| d.sha256.hex()),
        key: signed.key,
        checks: out.into_checks(),
    })
}

struct Signed {
    production: Option<String>,
    origin: Option<String>,
    key: KeyUsed,
}

/// Key, checkpoint and seal.
fn signed(package: &Package, digests: &AllDigests, given: Option<&VerifierKey>, out: &mut Findings) -> Signed {
    let own: Option<VerifierKey> =
        package.read(VKEY, 4096).ok().and_then(|b| std::str::from_utf8(&b).ok().and_then(|t| t.parse().ok()));
    let mut signed = Signed { production: None, origin: None, key: KeyUsed::None };
    let key = match (given, own) {
        (Some(g), own) => {
            if own.as_ref().is_some_and(|o| o != g) {
                out.fault("key", VKEY, "The load file carries another key than the one given: it is from another ledger.");
            }
            signed.key = KeyUsed::Given;
            g.clone()
        }
        (None, Some(own)) => {
            out.not_checked(
                "key",
                None,
                "No key was given, so the load file's own copy is used. That shows self-consistency only.",
            );
            signed.key = KeyUsed::Own;
            own
        }
        (None, None) => {
            out.fault("key", VKEY, "There is no key to check the seal with.");
            return signed;
        }
    };
    match package.read(CHECKPOINT, 65_536).ok().and_then(|b| Checkpoint::open(&b, &key).ok()) {
        Some(c) => {
            out.ok("checkpoint", Some(CHECKPOINT), "The head of the ledger is signed.");
            signed.origin = Some(c.origin);
        }
        None => out.fault("checkpoint", CHECKPOINT, "This is missing, or not signed with the ledger's key."),
    }
    if !package.files.contains_key(SEAL) {
        out.not_checked("seal", None, "There is no seal: table, texts and digests could have been rewritten together.");
        return signed;
    }
    let note = package.read(SEAL, 65_536).ok().and_then(|b| Note::parse(&b).ok());
    let note = note.filter(|n| n.verify(std::slice::from_ref(&key)).is_ok());
    let read = note.as_ref().and_then(|n| {
        let lines: Vec<&str> = n.text().lines().collect();
        let &[SEAL_HEAD, production, digest] = lines.as_slice() else { return None };
        Some((production.to_owned(), digest.strip_prefix("sha256:").and_then(Hash::parse_hex)?))
    });
    match read {
        None => out.fault("seal", SEAL, "The seal is broken: its signature does not belong to it, or it is no seal."),
        Some((production, digest)) => {
            if digests.get(SUMS).is_some_and(|d| d.sha256 == digest) {
                out.ok("seal", Some(SEAL), "The ledger's key has signed the list of digests: every file is covered.");
            } else {
                out.fault("seal", SUMS, "The list of digests is not the one that was sealed.");
            }
            signed.production = Some(production);
        }
    }
    signed
}

/// Every file is in the list with its digest, and everything in the list is there.
fn sums(package: &Package, digests: &AllDigests, out: &mut Findings) {
    let text = package.read(SUMS, MAX_TABLE).ok().and_then(|b| String::from_utf8(b).ok());
    let Some(text) = text else {
        out.fault("sums", SUMS, "The list of digests is missing or not text.");
        return;
    };
    let (before, mut listed) = (out.faults(), BTreeSet::new());
    for line in text.lines() {
        let Some((hash, path)) = line.split_once("  ").and_then(|(h, p)| Some((Hash::parse_hex(h)?, p))) else {
            out.fault("sums", SUMS, "A line is not a digest, two blanks and a path.");
            return;
        };
        match digests.get(path) {
            None => out.fault("sums", path, "The list of digests has this file, and it is not there."),
            Some(d) if d.sha256 != hash => out.fault("sums", path, "This file is not the one in the list of digests."),
            Some(_) => {}
        }
        if !listed.insert(path) {
            out.fault("sums", path, "The list of digests has this file twice.");
        }
    }
    for path in package.files.keys().filter(|p| *p != SUMS && *p != SEAL && !listed.contains(p.as_str())) {
        out.fault("sums", path, "This file is not in the list of digests.");
    }
    if out.faults() == before {
        out.ok("sums", Some(SUMS), format!("{} files are the ones in the list of digests.", listed.len()));
    }
}

fn table(package: &Package, name: &'static str, out: &mut Findings) -> Option<Table> {
    let bytes = match package.read(name, MAX_TABLE) {
        Ok(bytes) => bytes,
        Err(e) => {
            out.fault("table", name, format!("The table cannot be read ({}).", e.kind()));
            return None;
        }
    };
    match Table::parse(&bytes) {
        Err(e) => {
            out.fault("table", name, format!("This is no table as it should be: {e}."));
            None
        }
        Ok(t) => {
            if let Some(at) = t.rows.iter().position(|r| r.iter().any(|c| is_formula(c))) {
                out.fault("formula", name, format!("A cell of row {} would be computed by a spreadsheet.", at + 1));
            } else {
                out.ok("formula", Some(name), "No cell would be computed by a spreadsheet.");
            }
            Some(t)
        }
    }
}

fn named<T>(rows: Option<Vec<T>>, name: &'static str, out: &mut Findings) -> Option<Vec<T>> {
    if rows.is_none() {
        out.fault("table", name, "The table has other columns than it should.");
    }
    rows
}

struct Look<'a> {
    package: &'a Package,
    digests: &'a AllDigests,
    rows: &'a [Row],
    gaps: &'a [Gap],
    out: &'a mut Findings,
}

impl Look<'_> {
    fn all(&mut self) {
        type Step<'a> = (&'static str, &'static str, fn(&mut Look<'a>));
        let steps: [Step<'_>; 6] = [
            ("page-ids", "Page numbers are unique, and every gap between them is explained.", Self::numbers),
            ("files", "Every row's files are there with their digests, and no file lies beside them.", Self::files),
            ("related", "Every document that belongs to another leads to it.", Self::relations),
            ("attachments", "Hosts and attachments name each other.", Self::attachments),
            ("words", "Dates and codes are written as they should be.", Self::words),
            ("text-pages", "Transcripts and translations have the pages that their numbers say.", Self::text_pages),
        ];
        for (name, holds, step) in steps {
            let before = self.out.faults();
            step(self);
            if self.out.faults() == before && !self.rows.is_empty() {
                self.out.ok(name, None, holds);
            }
        }
        if self.rows.is_empty() && self.out.faults() == 0 {
            self.out.fault("table", TABLE, "There is no document in the table.");
        }
    }

    fn numbers(&mut self) {
        let mut by_series: BTreeMap<String, Vec<(u32, u32, u8, &str)>> = BTreeMap::new();
        for row in self.rows {
            let id = row.first_page_id.as_str();
            let (first, last) = (PageId::parse(id), PageId::parse(&row.last_page_id));
            let (Some(first), Some(last)) = (first, last) else {
                self.out.fault("page-ids", id, "The first or last page number is not written as it should be.");
                continue;
            };
            if !first.same_kind(&last) || last.number < first.number {
                self.out.fault("page-ids", id, "The range of page numbers runs backwards, or from one series to another.");
                continue;
            }
            if row.pages.parse() != Ok(last.number - first.number + 1) {
                self.out.fault("page-ids", id, "The number of pages is not that of the range.");
            }
            by_series.entry(first.series.to_string()).or_default().push((first.number, last.number, first.redaction, id));
        }
        let explained: BTreeSet<&str> = self.gaps.iter().filter(|g| !g.reason.is_empty()).map(|g| g.subject.as_str()).collect();
        for (series, mut spans) in by_series {
            spans.sort_unstable();
            let mut told = 0;
            // The same page may come plain and in redacted versions, each of them once.
            let mut ends: BTreeMap<u8, u32> = BTreeMap::new();
            let mut end: Option<u32> = None;
            for (first, last, redaction, id) in spans {
                if ends.get(&redaction).is_some_and(|e| *e >= first) && told < MAX_TOLD {
                    told += 1;
                    self.out.fault("page-ids", id, "A page number is used twice.");
                }
                let e = ends.entry(redaction).or_insert(last);
                *e = last.max(*e);
                if let Some(e) = end.filter(|e| first > e.saturating_add(1)) {
                    let number = |n: u32| format!("{series}-{n:0width$}", width = width(id));
                    let (from, to) = (number(e + 1), number(first - 1));
                    let range = format!("{from}..{to}");
                    let here = explained.contains(range.as_str()) || (from == to && explained.contains(from.as_str()));
                    if !here {
                        self.out.fault(
                            "page-ids",
                            id,
                            format!("Page numbers are missing before this one ({range}), unexplained."),
                        );
                    }
                }
                end = Some(end.map_or(last, |e| e.max(last)));
            }
        }
        for gap in self.gaps.iter().filter(|g| g.reason.trim().is_empty()) {
            self.out.fault("gaps", &gap.subject, "A gap has no reason.");
        }
    }

    fn files(&mut self) {
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for row in self.rows {
            let id = row.first_page_id.as_str();
            let places = [
                (&row.file, &row.hash, [NATIVE, TEXT].as_slice(), true),
                (&row.image_file, &row.image_hash, &[IMAGES], false),
                (&row.text_file, &row.text_hash, &[TEXT], false),
            ];
            for (file, hash, folders, needed) in places {
                if file.is_empty() && hash.is_empty() && !needed {
                    continue;
                }
                let stem = folders.iter().any(|f| {
                    let name = file.strip_prefix(f).and_then(|r| r.strip_prefix('/'));
                    name.and_then(|n| n.split('.').next()).is_some_and(|s| s == id)
                });
                if !stem {
                    self.out.fault("files", id, "A file of this row is not named after its first page.");
                }
                match self.digests.get(file.as_str()) {
                    None => self.out.fault("files", id, "A file of this row is missing."),
                    Some(d) if *hash != format!("sha256:{}", d.sha256.hex()) => {
                        self.out.fault("files", file, "This file does not have the digest that its row states.");
                    }
                    Some(_) => {}
                }
                if !file.is_empty() && !used.insert(file) {
                    self.out.fault("files", file, "Two rows, or one row twice, have this file.");
                }
            }
        }
        let own = [TABLE, GAPS, LIMITATIONS, SUMS, CHECKPOINT, VKEY, SEAL];
        for path in self.package.files.keys().filter(|p| !own.contains(&p.as_str()) && !used.contains(p.as_str())) {
            self.out.fault("files", path, "No row has this file.");
        }
    }

    fn relations(&mut self) {
        let by_id: BTreeMap<&str, &Row> = self.rows.iter().map(|r| (r.first_page_id.as_str(), r)).collect();
        let gaps: BTreeSet<&str> = self.gaps.iter().map(|g| g.subject.as_str()).collect();
        for row in self.rows {
            let id = row.first_page_id.as_str();
            let due = match row.type_of_document.as_str() {
                "transcript" => Some(Relation::TranscriptOf),
                "translation" => Some(Relation::TranslationOf),
                _ => None,
            };
            let relation = Relation::parse(&row.relation);
            if (relation.is_none() && !row.relation.is_empty()) || row.relation.is_empty() != row.related_id.is_empty() {
                self.out.fault("related", id, "A relation is not one of the known ones, or has no other end.");
                continue;
            }
            if due.is_some() && relation != due {
                self.out.fault("related", id, "A transcript or translation does not say of what.");
                continue;
            }
            let Some(relation) = relation else { continue };
            let whole = matches!(relation, Relation::ExcerptOf | Relation::PartOf);
            if whole && row.related_id.starts_with("sha256:") {
                let named = row.related_id.strip_prefix("sha256:").and_then(Hash::parse_hex).is_some();
                if !named || !gaps.contains(row.related_id.as_str()) {
                    self.out.fault("related", id, "The whole is not here, and the gap is not explained.");
                }
                continue;
            }
            match by_id.get(row.related_id.as_str()) {
                None => self.out.fault("related", id, "The document that this one belongs to is not in the table."),
                Some(other) => {
                    let kind = other.type_of_document.as_str();
                    if relation == Relation::TranscriptOf && matches!(kind, "transcript" | "translation") {
                        self.out.fault("related", id, "A transcript belongs to what was recorded, not to words.");
                    }
                }
            }
            let (mut at, mut steps) = (row, 0);
            while let Some(next) = by_id.get(at.related_id.as_str()).filter(|_| steps <= self.rows.len()) {
                (at, steps) = (next, steps + 1);
                if at.first_page_id == id {
                    self.out.fault("related", id, "Documents belong to each other in a circle.");
                    break;
                }
            }
        }
    }

    fn attachments(&mut self) {
        let list = |r: &Row| r.attachment_ids.split("; ").filter(|a| !a.is_empty()).map(str::to_owned).collect::<BTreeSet<_>>();
        let by_id: BTreeMap<&str, BTreeSet<String>> = self.rows.iter().map(|r| (r.first_page_id.as_str(), list(r))).collect();
        let hosts: BTreeMap<&str, &str> = self.rows.iter().map(|r| (r.first_page_id.as_str(), r.host_id.as_str())).collect();
        for row in self.rows {
            let id = row.first_page_id.as_str();
            if !row.host_id.is_empty() && !by_id.get(row.host_id.as_str()).is_some_and(|l| l.contains(id)) {
                self.out.fault("attachments", id, "The host is not in the table, or does not name this document.");
            }
            for a in &by_id[id] {
                if hosts.get(a.as_str()) != Some(&id) {
                    self.out.fault("attachments", id, "An attachment is not in the table, or names another host.");
                }
            }
        }
    }

    fn words(&mut self) {
        for row in self.rows {
            let id = row.first_page_id.as_str();
            let date = Edtf::parse(&row.main_date);
            let estimated = match &date {
                Some(d) => {
                    if is_estimated(d) {
                        "yes"
                    } else {
                        "no"
                    }
                }
                None => UNKNOWN,
            };
            if (date.is_none() && row.main_date != UNKNOWN) || row.main_date_estimated != estimated {
                self.out.fault("words", id, "The main date is not EDTF, or whether it is estimated does not follow from it.");
            }
            if row.date_collected != UNKNOWN && Edtf::parse(&row.date_collected).is_none() {
                self.out.fault("words", id, "The date of collection is not EDTF.");
            }
            let codes =
                Confidentiality::parse(&row.confidentiality).is_some() && DisclosureClass::parse(&row.disclosure_class).is_some();
            if !codes {
                self.out.fault("words", id, "Confidentiality or disclosure class is not one of the known ones.");
            }
            let version = PageId::parse(id).map_or(0, |p| p.redaction);
            let said = if version == 0 { "none".to_owned() } else { format!("R{version:02}") };
            if row.redaction != said || (version > 0 && row.redaction_basis.trim().is_empty()) {
                self.out.fault("words", id, "Redaction is not what the page number says, or has no basis.");
            }
            if row.title.trim().is_empty() || row.source.trim().is_empty() || row.custody.trim().is_empty() {
                self.out.fault("words", id, "Title, source or custody is empty; what nobody has said is written `unknown`.");
            }
        }
    }

    fn text_pages(&mut self) {
        for row in self.rows.iter().filter(|r| matches!(r.type_of_document.as_str(), "transcript" | "translation")) {
            let id = row.first_page_id.as_str();
            let Some(first) = PageId::parse(id) else { continue };
            let text = self.package.read(&row.file, MAX_TEXT).ok().and_then(|b| String::from_utf8(b).ok());
            let Some(text) = text else {
                self.out.fault("text-pages", id, "The words are missing or not text.");
                continue;
            };
            let pages: Vec<&str> = text.split('\u{c}').collect();
            let stamped = pages.iter().zip(0..).all(|(p, n)| {
                let due = first.plus(n).map(|p| p.to_string());
                due.is_some() && p.lines().next() == due.as_deref()
            });
            if !stamped || row.pages.parse() != Ok(pages.len()) {
                self.out.fault("text-pages", id, "The pages of the text do not carry the numbers of the row.");
            }
        }
    }
}

/// Whether a date is partial, approximate, uncertain or an interval.
pub(super) fn is_estimated(date: &Edtf) -> bool {
    date.earliest() != date.latest() || date.as_str().contains(['?', '~', '%'])
}

/// Digits of the number in a page number.
fn width(id: &str) -> usize {
    let plain = id.rsplit_once("-R").map_or(id, |(p, _)| p);
    plain.rsplit('-').next().map_or(6, str::len)
}
