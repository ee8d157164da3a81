//! The bag: originals, derivatives, texts, papers, proofs, lists, seal, in this order.

use super::{MAX_SHOWN, WriteError, Written};
use crate::digest::{Digests, copy};
use crate::extract::{Exhibit, Extract, Objects};
use crate::gates::{self, Gates};
use crate::layout::{
    BAG_INFO, BAGIT, BAGIT_TEXT, CERTIFICATE_STEMS, CERTIFICATES, CHECKPOINT, COMPLETENESS, CONFORMANCE, CRATE, CUSTODY,
    EXHIBITS, ExhibitNo, KEYS, LIMITATIONS, MANIFEST_JSON, MANIFESTS, OPENINGS, PROOFS, REPORT, REPORT_PDF, SEAL, SEAL_HEAD,
    STAMPS, SUMS, TAG_MANIFESTS, VKEY, extension,
};
use crate::manifest::{self, Manifest, Paper};
use crate::papers;
use crate::print;
use crate::report::{self, Shown};
use crate::sink::Sink;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use zapys_domain::{DerivativeKind, Progress};
use zapys_ledger::{Checkpoint, Entry, Hash, Signer, TlogProof, sign_note};

/// Most exhibits whose report is also laid beside as a PDF.
const MAX_PRINTED: usize = 500;

/// One production on its way.
pub(crate) struct Job<'a> {
    pub(crate) extract: &'a Extract,
    pub(crate) objects: &'a dyn Objects,
    pub(crate) gates: Gates,
    pub(crate) trails: Vec<Vec<Entry>>,
    pub(crate) head: Checkpoint,
    pub(crate) progress: &'a Progress,
}

impl Job<'_> {
    pub(super) fn total(&self) -> u64 {
        let all = self.extract.exhibits.iter();
        all.map(|e| e.bytes + e.derivatives.iter().map(|d| d.bytes).sum::<u64>()).sum()
    }

    /// Fills `sink` and leaves it open: whoever called seals it or reads from it.
    pub(super) fn bag(&mut self, sink: &mut Sink, path: &Path, signer: Option<&dyn Signer>) -> Result<Written, WriteError> {
        let extract = self.extract;
        let mut records = Vec::with_capacity(extract.exhibits.len());
        for (i, e) in extract.exhibits.iter().enumerate() {
            records.push(self.exhibit(sink, gates::number(i), e, i)?);
        }
        if !self.gates.0.is_empty() {
            return Err(WriteError::Refused(std::mem::take(&mut self.gates.0)));
        }
        let manifest = self.manifest(records, signer.is_some());
        self.papers(sink, &manifest)?;
        self.proofs(sink)?;
        self.stamps(sink)?;
        sink.put(CHECKPOINT, extract.ledger.checkpoint.as_bytes())?;
        sink.put(VKEY, format!("{}\n", extract.ledger.vkey).as_bytes())?;
        let manifest_sha256 = lists(sink, extract)?;
        if let Some(signer) = signer {
            let digest = |n: usize| sink.written[TAG_MANIFESTS[n]].sha256;
            let text = format!("{SEAL_HEAD}\n{}\nsha256:{}\nsha256:{}\n", extract.production, digest(0), digest(1));
            sink.put(SEAL, sign_note(&text, &[signer])?.to_string().as_bytes())?;
        }
        let (files, bytes) = (sink.written.len(), sink.written.values().map(|d| d.bytes).sum());
        Ok(Written { path: path.into(), exhibits: extract.exhibits.len(), manifest_sha256, files, bytes })
    }

    /// Ends the work where anything was refused. Errors: [`WriteError::Refused`].
    pub(crate) fn refused(&mut self) -> Result<(), WriteError> {
        if self.gates.0.is_empty() { Ok(()) } else { Err(WriteError::Refused(std::mem::take(&mut self.gates.0))) }
    }

    /// A report to print is set in memory as a whole: past this many exhibits it is made only where it is asked for.
    pub(super) fn prints(&self) -> bool {
        self.extract.exhibits.len() <= MAX_PRINTED
    }

    /// What is written about the production. The crate comes last: it names every other file by digest.
    fn papers(&self, sink: &mut Sink, manifest: &Manifest) -> Result<(), WriteError> {
        let x = self.extract;
        let (size, root) = (self.head.size, self.head.root.base64());
        sink.put(COMPLETENESS, &papers::json(&papers::completeness(x, size))?)?;
        sink.put(CONFORMANCE, &papers::conformance(x)?)?;
        sink.put(LIMITATIONS, &papers::limitations(x)?)?;
        let processes = papers::certificates::processes(x, size, &root);
        let copies = papers::certificates::copies(x, &self.trails, size, &root);
        let json = [papers::json(&processes)?, papers::json(&copies)?];
        for ((stem, json), page) in CERTIFICATE_STEMS.iter().zip(json).zip([processes.page(), copies.page()]) {
            sink.put(&format!("{CERTIFICATES}/{stem}.json"), &json)?;
            sink.put(&format!("{CERTIFICATES}/{stem}.html"), papers::page(&page).as_bytes())?;
            sink.put(&format!("{CERTIFICATES}/{stem}.pdf"), &print::certificate_pdf(x, &page)?)?;
        }
        sink.put(CUSTODY, &papers::json(&papers::custody(x, manifest, &self.trails))?)?;
        sink.put(MANIFEST_JSON, &papers::json(manifest)?)?;
        sink.begin(REPORT, 0)?;
        self.report(sink, manifest, true)?;
        sink.end()?;
        if self.prints() {
            let pages = report::Report { extract: x, manifest, trails: &self.trails, beside: true };
            sink.put(REPORT_PDF, &print::report_pdf(x, &mut |part, out| self.part(&pages, part, out))?)?;
        }
        let description = papers::description(x, manifest, &sink.written);
        sink.put(CRATE, &papers::json(&description)?)?;
        Ok(())
    }

    /// Copies an object into place. `None`, and a refusal: its bytes are not the ones its name promises.
    pub(crate) fn object(
        &mut self,
        sink: &mut Sink,
        path: &str,
        object: &zapys_domain::ObjectId,
        bytes: u64,
    ) -> Result<bool, WriteError> {
        let unreadable = |source| WriteError::Object { object: object.short(), source };
        let mut from = Marked { inner: self.objects.open(object).map_err(unreadable)?, failed: false };
        sink.begin(path, bytes)?;
        let progress = self.progress;
        let copied = copy(&mut from, sink, &mut |piece| progress.advance(piece.len() as u64));
        let failed = from.failed;
        let d = copied.map_err(|e| if failed { unreadable(e) } else { e.into() })?;
        sink.end()?;
        let whole = d.sha256.as_bytes() == object.digest() && d.bytes == bytes;
        if !whole {
            let reason = "The bytes in the vault are not the ones that were taken in or made: the digest differs.";
            self.gates.refuse("original-unchanged", object, reason);
        }
        Ok(whole)
    }

    fn exhibit(&mut self, sink: &mut Sink, no: ExhibitNo, e: &Exhibit, at: usize) -> Result<manifest::Exhibit, WriteError> {
        let home = format!("{EXHIBITS}/{no}");
        let file = format!("{home}/{no}.{}", extension(&e.media_type));
        self.object(sink, &file, &e.object, e.bytes)?;
        let mut taken: BTreeMap<DerivativeKind, u32> = BTreeMap::new();
        let mut derivatives = Vec::new();
        for d in &e.derivatives {
            let n = taken.entry(d.kind).or_default();
            *n += 1;
            let name = if *n == 1 { d.kind.to_string() } else { format!("{}-{n}", d.kind) };
            let file = format!("{home}/derivatives/{name}.{}", extension(&d.media_type));
            self.object(sink, &file, &d.object, d.bytes)?;
            derivatives.push(manifest::Derivative {
                derivation: Hash::parse_hex(&d.key.hex()).expect("a derivation key has 64 hexadecimal digits"),
                kind: d.kind,
                engine: d.engine.clone(),
                parameters: d.parameters.clone(),
                inputs: d.inputs.clone(),
                file,
                object: d.object,
                bytes: d.bytes,
                media_type: d.media_type.clone(),
                repeatability: d.repeatability,
                started: d.started,
                finished: d.finished,
                reviewed: false,
            });
        }
        let mut texts = Vec::new();
        if self.gates.0.is_empty() {
            let shown = self.shown(e)?;
            for t in report::texts(no, e, &shown) {
                let file = format!("{home}/{}", t.name);
                let sha256 = sink.put(&file, t.text.as_bytes())?.sha256;
                let derivations = t.from.iter().map(|i| derivatives[*i].derivation).collect();
                texts.push(manifest::TextFile { file, sha256, derivations });
            }
        }
        Ok(self.record(no, e, file, derivatives, texts, at))
    }

    /// Reads the derivatives of an exhibit that the report shows.
    pub(crate) fn shown(&self, e: &Exhibit) -> Result<Vec<Shown>, WriteError> {
        let mut out = Vec::with_capacity(e.derivatives.len());
        for d in &e.derivatives {
            if matches!(d.kind, DerivativeKind::Proxy | DerivativeKind::Enhanced) {
                out.push(Shown::Nothing);
                continue;
            }
            if d.bytes > MAX_SHOWN {
                out.push(Shown::TooLong);
                continue;
            }
            let unreadable = |source| WriteError::Object { object: d.object.short(), source };
            let mut bytes = Vec::new();
            self.objects.open(&d.object).and_then(|r| r.take(MAX_SHOWN + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
            if Hash::of(&bytes).as_bytes() != d.object.digest() {
                return Err(unreadable(io::ErrorKind::InvalidData.into()));
            }
            out.push(Shown::read(d.kind, &bytes));
        }
        Ok(out)
    }

    fn report(&self, out: &mut dyn Write, manifest: &Manifest, beside: bool) -> Result<(), WriteError> {
        let pages = report::Report { extract: self.extract, manifest, trails: &self.trails, beside };
        pages.head(out)?;
        for (i, e) in self.extract.exhibits.iter().enumerate() {
            let shown = self.shown(e)?;
            pages.exhibit(out, i, &shown)?;
        }
        pages.foot(out)?;
        Ok(())
    }

    /// What is said of the originals must be true even where they are not handed over. Gives the manifest's entries.
    fn read_again(&mut self) -> Result<Vec<manifest::Exhibit>, WriteError> {
        let extract = self.extract;
        let mut records = Vec::with_capacity(extract.exhibits.len());
        for (i, e) in extract.exhibits.iter().enumerate() {
            let unreadable = |source| WriteError::Object { object: e.object.short(), source };
            let mut from = self.objects.open(&e.object).map_err(unreadable)?;
            let d = copy(&mut from, &mut io::sink(), &mut |b| self.progress.advance(b.len() as u64)).map_err(unreadable)?;
            if d.sha256.as_bytes() != e.object.digest() {
                self.gates.refuse("original-unchanged", e.object, "The bytes in the vault are not the ones that were taken in.");
            }
            records.push(self.record(gates::number(i), e, String::new(), Vec::new(), Vec::new(), i));
        }
        if self.gates.0.is_empty() { Ok(records) } else { Err(WriteError::Refused(std::mem::take(&mut self.gates.0))) }
    }

    /// The report alone, as one HTML file or, with `paper`, as a PDF.
    pub(super) fn report_alone(&mut self, sink: &mut Sink, path: &Path, paper: bool) -> Result<Written, WriteError> {
        let records = self.read_again()?;
        let manifest = self.manifest(records, false);
        sink.begin("", 0)?;
        if paper {
            let pages = report::Report { extract: self.extract, manifest: &manifest, trails: &self.trails, beside: false };
            let pdf = print::report_pdf(self.extract, &mut |part, out| self.part(&pages, part, out))?;
            sink.write_all(&pdf)?;
        } else {
            self.report(sink, &manifest, false)?;
        }
        let d = sink.end()?;
        let exhibits = self.extract.exhibits.len();
        Ok(Written { path: path.into(), exhibits, manifest_sha256: d.sha256, files: 1, bytes: d.bytes })
    }

    fn part(&self, pages: &report::Report<'_>, part: print::Part, out: &mut Vec<u8>) -> Result<(), WriteError> {
        match part {
            print::Part::Head => pages.head(out)?,
            print::Part::Exhibit(i) => pages.exhibit(out, i, &self.shown(&self.extract.exhibits[i])?)?,
            print::Part::Foot => pages.foot(out)?,
        }
        Ok(())
    }

    fn event(&self, sink: &mut Sink, stem: &str, event: (&[u8], &[Hash]), index: u64, checkpoint: &str) -> io::Result<()> {
        sink.put(&format!("{stem}.json"), event.0)?;
        let proof = TlogProof { extra: None, index, hashes: event.1.to_vec(), checkpoint: checkpoint.into() };
        sink.put(&format!("{stem}.tlog-proof"), proof.to_string().as_bytes()).map(drop)
    }

    fn proofs(&self, sink: &mut Sink) -> Result<(), WriteError> {
        let mut openings = Vec::new();
        for (e, trail) in self.extract.exhibits.iter().zip(&self.trails) {
            for (event, entry) in e.events.iter().zip(trail) {
                let (stem, bytes) = (format!("{PROOFS}/{}/{}", e.item, entry.seq), (&event.canonical[..], &event.inclusion[..]));
                self.event(sink, &stem, bytes, entry.seq.0, &self.extract.ledger.checkpoint)?;
                for o in &event.openings {
                    let commitment = o.commitment().map_err(io::Error::other)?.to_string();
                    openings.push(manifest::Opened { commitment, opening: o.clone() });
                }
            }
        }
        for event in self.extract.ledger.keys.iter().filter_map(|k| k.event.as_ref()) {
            let seq = Entry::parse(event.canonical.clone()).map_err(io::Error::other)?.seq;
            let checkpoint = event.checkpoint.as_ref().unwrap_or(&self.extract.ledger.checkpoint);
            self.event(sink, &format!("{KEYS}/{seq}"), (&event.canonical, &event.inclusion), seq.0, checkpoint)?;
        }
        openings.sort_by(|a, b| a.commitment.cmp(&b.commitment));
        openings.dedup_by(|a, b| a.commitment == b.commitment);
        let all = manifest::Openings { format: manifest::FORMAT.into(), openings };
        sink.put(OPENINGS, &papers::json(&all)?)?;
        Ok(())
    }

    /// Time stamps over the checkpoint, as they came.
    fn stamps(&self, sink: &mut Sink) -> Result<(), WriteError> {
        for s in &self.extract.ledger.stamps {
            for (name, bytes) in s.files() {
                sink.put(&format!("{STAMPS}/{}/{name}", s.name), bytes)?;
            }
        }
        Ok(())
    }
}

/// The papers of every production: what they are, by file.
pub(super) fn list(prints: bool) -> Vec<Paper> {
    let paper = |file: &str, what: &str| Paper { file: file.into(), what: what.into() };
    let mut all = vec![
        paper(REPORT, "Report to read"),
        paper(MANIFEST_JSON, "What is in this production and what is not"),
        paper(COMPLETENESS, "What was asked for, what is here, what was left out and why"),
        paper(CONFORMANCE, "What named standards find met or missing"),
        paper(LIMITATIONS, "What this production does not hold or prove"),
        paper(CUSTODY, "Custody events after CASE/UCO"),
    ];
    let rules = ["902(13), electronic process", "902(14), copies of data"];
    for (stem, rule) in CERTIFICATE_STEMS.iter().zip(rules) {
        for extension in ["json", "html", "pdf"] {
            let what = format!("Draft of a certificate under US Federal Rule of Evidence {rule}; not signed");
            all.push(paper(&format!("{CERTIFICATES}/{stem}.{extension}"), &what));
        }
    }
    if prints {
        all.push(paper(REPORT_PDF, "The same report to print"));
    }
    all.push(paper(CRATE, "Description of the payload after RO-Crate 1.2"));
    all
}

/// Remembers whether a failure came from the reading side.
struct Marked<'a> {
    inner: Box<dyn Read + 'a>,
    failed: bool,
}
impl Read for Marked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let out = self.inner.read(buf);
        self.failed = out.as_ref().is_err_and(|e| e.kind() != io::ErrorKind::Interrupted);
        out
    }
}

/// Writes the lists of the bag and gives the digest of the first.
fn lists(sink: &mut Sink, extract: &Extract) -> Result<Hash, WriteError> {
    let lines = |sink: &Sink, sha512: bool, keep: &dyn Fn(&str) -> bool| -> String {
        let digest = |d: &Digests| if sha512 { d.sha512_hex() } else { d.sha256.hex() };
        // No name of ours holds CR, LF or %, so nothing needs the escapes of RFC 8493.
        sink.written.iter().filter(|(p, _)| keep(p)).map(|(p, d)| format!("{}  {p}\n", digest(d))).collect()
    };
    let payload = |p: &str| p.starts_with("data/");
    let (bytes, n) = sink.written.iter().filter(|(p, _)| payload(p)).fold((0, 0), |(b, n), (_, d)| (b + d.bytes, n + 1));
    let info = format!(
        "Bag-Software-Agent: {}\nBagging-Date: {}\nExternal-Identifier: production:{}\nPayload-Oxum: {bytes}.{n}\n",
        crate::safe::line(&extract.program),
        &extract.made.to_string()[..10],
        extract.production
    );
    sink.put(BAGIT, BAGIT_TEXT.as_bytes())?;
    sink.put(BAG_INFO, info.as_bytes())?;
    for (name, sha512) in MANIFESTS.iter().zip([false, true]) {
        let text = lines(sink, sha512, &payload);
        sink.put(name, text.as_bytes())?;
    }
    let sums = lines(sink, false, &|_| true);
    sink.put(SUMS, sums.as_bytes())?;
    let tags: Vec<String> = [false, true].iter().map(|sha512| lines(sink, *sha512, &|p| !payload(p))).collect();
    for (name, text) in TAG_MANIFESTS.iter().zip(tags) {
        sink.put(name, text.as_bytes())?;
    }
    Ok(sink.written[MANIFESTS[0]].sha256)
}
