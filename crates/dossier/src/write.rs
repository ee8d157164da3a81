//! Making a production. The same extract gives the same bytes.
//!
//! Objects are read twice: once copied into place, hashed on the way and compared with their names, once more for the
//! report, one exhibit at a time, so that memory does not grow with the case. Anything that does not hold removes what
//! was written and says why.

use crate::digest::{Digests, copy};
use crate::extract::{Exhibit, Extract, Objects, Refusal};
use crate::gates::{self, Gates};
use crate::layout::{
    BAG_INFO, BAGIT, BAGIT_TEXT, CHECKPOINT, EXHIBITS, ExhibitNo, MANIFEST_JSON, MANIFESTS, OPENINGS, PROOFS, REPORT, SEAL,
    SEAL_HEAD, SUMS, TAG_MANIFESTS, VKEY, extension,
};
use crate::manifest::{self, Manifest};
use crate::report::{self, Shown};
use crate::sink::Sink;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zapys_domain::{DerivativeKind, Fault, FaultKind, Progress, Step};
use zapys_ledger::{Checkpoint, Entry, Hash, Signer, TlogProof, sign_note};

/// Longest derivative document that is shown in the report, in bytes. Longer ones are in the production all the same.
pub const MAX_SHOWN: u64 = 64 * 1024 * 1024;

/// What a production is packed as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// A BagIt folder.
    Bag,
    /// The same in a zip.
    Zip,
    /// The report alone, as one file; it can be read but not checked.
    Html,
}
impl Format {
    /// Reads `bag`, `zip`, `html`. Errors: `None` for every other format.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "bag" => Some(Self::Bag),
            "zip" => Some(Self::Zip),
            "html" => Some(Self::Html),
            _ => None,
        }
    }
}

/// What was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Number of exhibits.
    pub exhibits: usize,
    /// SHA-256 of `manifest-sha256.txt`; for a report alone, of the report.
    pub manifest_sha256: Hash,
    /// Number of files.
    pub files: usize,
    /// Length of all files together.
    pub bytes: u64,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Gates did not open.
    #[error("the production was refused at {} gate{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    Refused(Vec<Refusal>),
    /// The path is taken.
    #[error("the path for the production, or its .partial twin, already exists")]
    Exists,
    /// An object cannot be read.
    #[error("the object {object} cannot be read")]
    Object {
        /// Which, shortened.
        object: String,
        /// Why.
        source: io::Error,
    },
    /// The production cannot be written.
    #[error("the production cannot be written")]
    Io(#[source] io::Error),
    /// The key did not sign.
    #[error("the production cannot be sealed")]
    Sign(#[from] zapys_ledger::SignError),
}
impl From<io::Error> for WriteError {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::AlreadyExists { Self::Exists } else { Self::Io(e) }
    }
}
impl Fault for WriteError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Refused(all) if all.iter().any(|r| r.gate == "original-unchanged") => FaultKind::Integrity,
            Self::Refused(_) => FaultKind::Input,
            Self::Exists => FaultKind::Usage,
            Self::Object { .. } | Self::Io(_) | Self::Sign(_) => FaultKind::Environment,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::Refused(_) => "mend what each refusal names, or leave the item out, and produce again".into(),
            Self::Exists => "choose a path that does not exist yet".into(),
            Self::Object { .. } => "run `zapys verify` to see which objects are whole".into(),
            Self::Io(e) if e.kind() == io::ErrorKind::StorageFull => "free space on the disk, or choose another one".into(),
            Self::Io(_) => "check that the folder exists and may be written".into(),
            Self::Sign(_) => "unlock the ledger key and try again".into(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "production-refused",
            Self::Exists => "production-exists",
            Self::Object { .. } => "object-unreadable",
            Self::Io(e) if e.kind() == io::ErrorKind::StorageFull => "disk-full",
            Self::Io(_) => "production-unwritable",
            Self::Sign(_) => "ledger-sign",
        }
    }
}

/// Makes a production at `path`, which must not exist. `signer`: the ledger's key; with it the production is sealed.
/// Errors: [`WriteError`]; then nothing is left at `path`.
pub fn write(
    extract: &Extract,
    objects: &dyn Objects,
    path: &Path,
    format: Format,
    signer: Option<&dyn Signer>,
    progress: &Progress,
) -> Result<Written, WriteError> {
    let mut gates = Gates::default();
    let (trails, head) = gates::check(extract, &mut gates);
    let Some(head) = head.filter(|_| gates.0.is_empty()) else { return Err(WriteError::Refused(gates.0)) };
    let mut job = Job { extract, objects, gates, trails, head, progress };
    progress.step(Step::Packing);
    progress.total(Some(job.total()));
    match format {
        Format::Html => job.report_alone(path),
        Format::Bag => job.bag(Sink::folder(path)?, path, signer),
        Format::Zip => job.bag(Sink::zip(path, extract.production, extract.made)?, path, signer),
    }
}

struct Job<'a> {
    extract: &'a Extract,
    objects: &'a dyn Objects,
    gates: Gates,
    trails: Vec<Vec<Entry>>,
    head: Checkpoint,
    progress: &'a Progress,
}

impl Job<'_> {
    fn total(&self) -> u64 {
        let all = self.extract.exhibits.iter();
        all.map(|e| e.bytes + e.derivatives.iter().map(|d| d.bytes).sum::<u64>()).sum()
    }

    fn bag(&mut self, mut sink: Sink, path: &Path, signer: Option<&dyn Signer>) -> Result<Written, WriteError> {
        let extract = self.extract;
        let mut records = Vec::with_capacity(extract.exhibits.len());
        for (i, e) in extract.exhibits.iter().enumerate() {
            records.push(self.exhibit(&mut sink, gates::number(i), e, i)?);
        }
        if !self.gates.0.is_empty() {
            return Err(WriteError::Refused(std::mem::take(&mut self.gates.0)));
        }
        let manifest = self.manifest(records, signer.is_some());
        let mut json = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
        json.push(b'\n');
        sink.put(MANIFEST_JSON, &json)?;
        sink.begin(REPORT, 0)?;
        self.report(&mut sink, &manifest, true)?;
        sink.end()?;
        self.proofs(&mut sink)?;
        sink.put(CHECKPOINT, extract.ledger.checkpoint.as_bytes())?;
        sink.put(VKEY, format!("{}\n", extract.ledger.vkey).as_bytes())?;
        let manifest_sha256 = lists(&mut sink, extract)?;
        if let Some(signer) = signer {
            let digest = |n: usize| sink.written[TAG_MANIFESTS[n]].sha256;
            let text = format!("{SEAL_HEAD}\n{}\nsha256:{}\nsha256:{}\n", extract.production, digest(0), digest(1));
            sink.put(SEAL, sign_note(&text, &[signer])?.to_string().as_bytes())?;
        }
        let (files, bytes) = (sink.written.len(), sink.written.values().map(|d| d.bytes).sum());
        sink.seal()?;
        Ok(Written { path: path.into(), exhibits: extract.exhibits.len(), manifest_sha256, files, bytes })
    }

    /// Copies an object into place. `None`, and a refusal: its bytes are not the ones its name promises.
    fn object(&mut self, sink: &mut Sink, path: &str, object: &zapys_domain::ObjectId, bytes: u64) -> Result<bool, WriteError> {
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

    fn record(
        &self,
        no: ExhibitNo,
        e: &Exhibit,
        file: String,
        derivatives: Vec<manifest::Derivative>,
        texts: Vec<manifest::TextFile>,
        at: usize,
    ) -> manifest::Exhibit {
        let dated = |d: &Option<crate::extract::Dated>| {
            d.as_ref().map(|d| manifest::Dated { value: d.value.to_string(), basis: d.basis.clone() })
        };
        let parent = e.parent.as_ref().map(|p| {
            let here = self.extract.exhibits.iter().position(|x| x.item == p.item);
            let object = p.object.or_else(|| here.map(|i| self.extract.exhibits[i].object));
            manifest::Parent {
                item: p.item,
                object: object.expect("the gate for excerpts has seen to it"),
                exhibit: here.map(gates::number),
                start_ms: p.span_ms.map(|s| s.0),
                end_ms: p.span_ms.map(|s| s.1),
                reason: p.reason.clone(),
            }
        });
        manifest::Exhibit {
            exhibit: no,
            item: e.item,
            kind: e.kind,
            title: e.title.reveal().clone(),
            file_name: e.file_name.as_ref().map(|n| n.reveal().clone()),
            file,
            object: e.object,
            bytes: e.bytes,
            media_type: e.media_type.clone(),
            language: e.language.clone(),
            duration_ms: e.duration_ms,
            status: e.status.to_string(),
            recorded: dated(&e.recorded),
            published: dated(&e.published),
            collected: dated(&e.collected),
            received: e.received,
            parent,
            acquisitions: e
                .acquisitions
                .iter()
                .map(|a| manifest::Acquisition {
                    acquisition: a.acquisition,
                    time: a.time,
                    actor: a.actor.clone(),
                    provenance: a.provenance.clone(),
                })
                .collect(),
            derivatives,
            texts,
            not_derived: e
                .not_derived
                .iter()
                .map(|(kind, reason)| manifest::NotDerived { kind: *kind, reason: reason.clone() })
                .collect(),
            findings: e.findings.clone(),
            events: self.trails[at]
                .iter()
                .map(|entry| {
                    let stem = format!("{PROOFS}/{}/{}", e.item, entry.seq);
                    manifest::EventFile { seq: entry.seq.0, event: format!("{stem}.json"), proof: format!("{stem}.tlog-proof") }
                })
                .collect(),
        }
    }

    fn manifest(&self, exhibits: Vec<manifest::Exhibit>, sealed: bool) -> Manifest {
        let x = self.extract;
        Manifest {
            format: manifest::FORMAT.into(),
            production: x.production,
            case: x.case,
            case_name: x.case_name.reveal().clone(),
            made: x.made,
            made_by: x.made_by.clone(),
            program: x.program.clone(),
            selection: x.selection.clone(),
            sealed,
            ledger: manifest::Ledger {
                origin: self.head.origin.clone(),
                vkey: x.ledger.vkey.to_string(),
                size: self.head.size,
                root: self.head.root.base64(),
                stamped: x.ledger.stamped,
            },
            exhibits,
            left_out: x
                .left_out
                .iter()
                .map(|l| manifest::LeftOut { item: l.item, what: l.what.clone(), reason: l.reason.clone() })
                .collect(),
            limitations: x.limitations.clone(),
        }
    }

    /// Reads the derivatives of an exhibit that the report shows.
    fn shown(&self, e: &Exhibit) -> Result<Vec<Shown>, WriteError> {
        let mut out = Vec::with_capacity(e.derivatives.len());
        for d in &e.derivatives {
            if d.kind == DerivativeKind::Proxy {
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

    fn report_alone(&mut self, path: &Path) -> Result<Written, WriteError> {
        let extract = self.extract;
        // The originals are not in the report, but what it says of them must still be true.
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
        if !self.gates.0.is_empty() {
            return Err(WriteError::Refused(std::mem::take(&mut self.gates.0)));
        }
        let manifest = self.manifest(records, false);
        let mut sink = Sink::single(path)?;
        sink.begin("", 0)?;
        self.report(&mut sink, &manifest, false)?;
        let d = sink.end()?;
        sink.seal()?;
        let exhibits = extract.exhibits.len();
        Ok(Written { path: path.into(), exhibits, manifest_sha256: d.sha256, files: 1, bytes: d.bytes })
    }

    fn proofs(&self, sink: &mut Sink) -> Result<(), WriteError> {
        let mut openings = Vec::new();
        for (e, trail) in self.extract.exhibits.iter().zip(&self.trails) {
            for (event, entry) in e.events.iter().zip(trail) {
                let stem = format!("{PROOFS}/{}/{}", e.item, entry.seq);
                sink.put(&format!("{stem}.json"), &event.canonical)?;
                let proof = TlogProof {
                    extra: None,
                    index: entry.seq.0,
                    hashes: event.inclusion.clone(),
                    checkpoint: self.extract.ledger.checkpoint.clone(),
                };
                sink.put(&format!("{stem}.tlog-proof"), proof.to_string().as_bytes())?;
                for o in &event.openings {
                    let commitment = o.commitment().map_err(io::Error::other)?.to_string();
                    openings.push(manifest::Opened { commitment, opening: o.clone() });
                }
            }
        }
        openings.sort_by(|a, b| a.commitment.cmp(&b.commitment));
        openings.dedup_by(|a, b| a.commitment == b.commitment);
        let all = manifest::Openings { format: manifest::FORMAT.into(), openings };
        let mut json = serde_json::to_vec_pretty(&all).map_err(io::Error::other)?;
        json.push(b'\n');
        sink.put(OPENINGS, &json)?;
        Ok(())
    }
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
