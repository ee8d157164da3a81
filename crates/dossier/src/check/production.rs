//! What a production says of itself, held against its files and against the ledger.

use super::keys::{self, Keys};
use super::package::Package;
use super::trail::{self, OpeningsByHash, Says};
use super::{AllDigests, Findings, Options, inert, papers, revisions, time};
use crate::layout::{CERTIFICATES, CHECKPOINT, EXHIBITS, MANIFEST_JSON, OPENINGS, PROOFS, REPORT, SEAL, SEAL_HEAD, is_active};
use crate::manifest::{self, Exhibit, Manifest, Openings};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::{ItemId, ObjectId};
use zapys_ledger::{Checkpoint, Commitment, Entry, Hash, Note, VerifierKey};

/// Longest `data/manifest.json` and `proofs/openings.json` that is read, in bytes.
const MAX_JSON: u64 = 128 * 1024 * 1024;

/// What a seal says, once its signature holds.
pub(super) struct Seal {
    /// Digests of the two tag manifests.
    pub(super) digests: Option<[Hash; 2]>,
    production: Option<String>,
    pub(super) keys: Keys,
    manifest: Result<Manifest, &'static str>,
}

/// Reads keys and seal. `given`: the key had from elsewhere.
pub(super) fn seal(package: &Package, given: Option<&VerifierKey>, out: &mut Findings) -> Seal {
    let manifest = read_manifest(package);
    let keys = keys::read(package, manifest.as_ref().ok(), given, out);
    let mut seal = Seal { digests: None, production: None, keys, manifest };
    if !package.files.contains_key(SEAL) {
        return seal;
    }
    let Some(key) = seal.keys.present() else {
        out.not_checked("seal", Some(SEAL), "There is no key to check the seal with.");
        return seal;
    };
    let signed = package.read(SEAL, 65_536).ok().and_then(|b| Note::parse(&b).ok());
    let held = signed.filter(|n| n.verify(std::slice::from_ref(key)).is_ok());
    let read = held.as_ref().and_then(|n| read_seal(n.text()));
    let Some((production, digests)) = read else {
        out.fault("seal", SEAL, "The seal is broken: its signature does not belong to it, or it is no seal.");
        return seal;
    };
    out.ok("seal", Some(SEAL), "The ledger's key has signed the lists of this production: every file is covered.");
    (seal.production, seal.digests) = (Some(production), Some(digests));
    seal
}

fn read_seal(text: &str) -> Option<(String, [Hash; 2])> {
    let mut lines = text.lines();
    if lines.next()? != SEAL_HEAD {
        return None;
    }
    let production = lines.next()?.to_owned();
    let mut digest = || lines.next()?.strip_prefix("sha256:").and_then(Hash::parse_hex);
    let digests = [digest()?, digest()?];
    lines.next().is_none().then_some((production, digests))
}

/// What the verdict says beside its checks.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) production: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) exhibits: usize,
}

pub(super) fn check(package: &Package, digests: &AllDigests, seal: &Seal, options: &Options, out: &mut Findings) -> Facts {
    let checkpoint = checkpoint(package, &seal.keys, out);
    let signer = checkpoint.as_ref().and_then(|(_, c)| seal.keys.at(c.size));
    time::witnesses(checkpoint.as_ref(), signer, options, out);
    let openings = openings(package, out);
    let m = match &seal.manifest {
        Ok(m) => m,
        Err(why) => {
            out.fault("manifest", MANIFEST_JSON, *why);
            return Facts::default();
        }
    };
    let present = m.format == manifest::FORMAT;
    match (&checkpoint, m.sealed, seal.digests.is_some()) {
        (_, true, false) if !package.files.contains_key(SEAL) => {
            out.fault("seal", SEAL, "The manifest says that the production is sealed, and the seal is missing.");
        }
        (_, false, false) => out.not_checked(
            "seal",
            None,
            "The production carries no seal. Originals and custody events are proven by the ledger; texts, report and \
             lists could have been rewritten together.",
        ),
        _ => {}
    }
    if seal.production.as_ref().is_some_and(|p| *p != m.production.to_string()) {
        out.fault("seal", SEAL, "The seal is that of another production.");
    }
    if let Some((_, c)) = &checkpoint {
        let same = m.ledger.size == c.size && m.ledger.root == c.root.base64() && m.ledger.origin == c.origin;
        if !same {
            out.fault("manifest", MANIFEST_JSON, "The manifest names another ledger head than the checkpoint.");
        }
    }
    let mut known: BTreeSet<String> =
        if present { papers::list(m, out) } else { [MANIFEST_JSON, REPORT].map(String::from).into() };
    let mut all_entries = Vec::new();
    let mut opened = BTreeSet::new();
    let mut trails = BTreeMap::new();
    for (i, e) in m.exhibits.iter().enumerate() {
        if e.exhibit.0 as usize != i + 1 {
            out.fault("manifest", MANIFEST_JSON, format!("Exhibits are not numbered without a gap: {}.", e.exhibit));
        }
        let entries = trail::check(package, e, checkpoint.as_ref(), out);
        exhibit(e, &entries, digests, &openings, &mut known, out);
        revisions::check(package, e, &entries, &openings, out);
        revisions::check_translations(package, e, &entries, &openings, out);
        opened.extend(entries.iter().flat_map(|e| e.event.commitments()).map(|c| *c.hash()));
        if trails.insert(e.item, e.exhibit).is_some() {
            out.fault("manifest", MANIFEST_JSON, format!("The item of {} is an exhibit twice.", e.exhibit));
        }
        all_entries.push(entries);
    }
    strays(package, m, &known, out);
    for hash in openings.keys().filter(|h| !opened.contains(*h)) {
        let c = hash.hex();
        out.fault("openings", OPENINGS, format!("The opening of {}... belongs to no custody event here.", &c[..12]));
    }
    parents(&m.exhibits, out);
    report(package, out);
    if present {
        papers::check(package, digests, m, &all_entries, out);
    } else {
        out.not_checked("completeness", None, "This production is of the first format, which gives no account of the selection.");
    }
    time::stamps(package, m, checkpoint.as_ref(), signer, options, out);
    Facts { production: Some(m.production.to_string()), origin: Some(m.ledger.origin.clone()), exhibits: m.exhibits.len() }
}

/// Reads the manifest; says why it cannot be read, above all where it was written by a later version.
fn read_manifest(package: &Package) -> Result<Manifest, &'static str> {
    const NONE: &str = "This is missing or not the manifest of a zapys production.";
    let bytes = package.read(MANIFEST_JSON, MAX_JSON).map_err(|_| NONE)?;
    if let Ok(m) = serde_json::from_slice::<Manifest>(&bytes)
        && manifest::READ.contains(&m.format.as_str())
    {
        return Ok(m);
    }
    let format = serde_json::from_slice::<Value>(&bytes).ok();
    let format = format.as_ref().and_then(|v| v["format"].as_str()).unwrap_or_default();
    let version = format.strip_prefix(manifest::FAMILY).and_then(|v| v.parse::<u32>().ok());
    Err(match version {
        Some(v) if !manifest::READ.contains(&format) && v > 0 => {
            "This production was made by a later version of zapys, in a format that this program does not know: get a newer \
             zapys-verify."
        }
        _ => NONE,
    })
}

fn checkpoint(package: &Package, keys: &Keys, out: &mut Findings) -> Option<(String, Checkpoint)> {
    let bytes = package.read(CHECKPOINT, 1_000_000).ok();
    let Some(text) = bytes.and_then(|b| String::from_utf8(b).ok()) else {
        out.fault("checkpoint", CHECKPOINT, "The signed checkpoint is missing or cannot be read.");
        return None;
    };
    let size = Note::parse(text.as_bytes()).ok().and_then(|n| Checkpoint::parse(n.text()).ok()).map_or(0, |c| c.size);
    let key = keys.at(size)?;
    match Checkpoint::open(text.as_bytes(), key) {
        Ok(c) => {
            out.ok("checkpoint", Some(CHECKPOINT), format!("The ledger's head is signed: {} entries.", c.size));
            Some((text, c))
        }
        Err(e) => {
            out.fault("checkpoint", CHECKPOINT, format!("The checkpoint does not hold: {e}."));
            None
        }
    }
}

fn openings(package: &Package, out: &mut Findings) -> OpeningsByHash {
    let all: Option<Openings> = package.read(OPENINGS, MAX_JSON).ok().and_then(|b| serde_json::from_slice(&b).ok());
    let Some(all) = all.filter(|o| manifest::READ.contains(&o.format.as_str())) else {
        out.fault("openings", OPENINGS, "This is missing or not a list of openings.");
        return OpeningsByHash::new();
    };
    let mut by_hash = OpeningsByHash::new();
    let n = all.openings.len();
    for o in all.openings {
        match Commitment::parse(&o.commitment).filter(|c| o.opening.opens(c)) {
            Some(c) => {
                by_hash.insert(*c.hash(), o.opening);
            }
            None => out.fault("openings", OPENINGS, "A revealed value is not the one that was committed to."),
        }
    }
    if by_hash.len() == n {
        out.ok("openings", Some(OPENINGS), format!("{n} revealed values are the ones that were committed to."));
    }
    by_hash
}

fn exhibit(
    e: &Exhibit,
    entries: &[Entry],
    digests: &AllDigests,
    openings: &OpeningsByHash,
    known: &mut BTreeSet<String>,
    out: &mut Findings,
) {
    let no = e.exhibit.to_string();
    let home = format!("{EXHIBITS}/{no}/");
    let mut is = |file: &str, object: &ObjectId, out: &mut Findings| -> bool {
        if !file.starts_with(&home) || !known.insert(file.to_owned()) {
            out.fault("manifest", MANIFEST_JSON, format!("{no} names a file that is not its own."));
            return false;
        }
        match digests.get(file) {
            Some(d) if d.sha256.as_bytes() == object.digest() => return true,
            _ if out.told(file) => {}
            None => out.fault("exhibit", file, "This file of an exhibit is not there."),
            Some(_) => out.fault("exhibit", file, "This file does not have the digest that the manifest gives it."),
        }
        false
    };
    if is(&e.file, &e.object, out) {
        if digests.get(&e.file).is_some_and(|d| d.bytes != e.bytes) {
            out.fault("manifest", MANIFEST_JSON, format!("The manifest gives {no} another length than it has."));
        }
        match trail::imported(entries, &e.object, openings) {
            Some(Says::Yes) => out.ok("original", Some(&no), "The original is the one that the ledger says was taken in."),
            Some(Says::No) => out.fault("original", &e.file, format!("The ledger says that other bytes were taken in as {no}.")),
            Some(Says::Sealed) => out.not_checked(
                "original",
                Some(&no),
                "What the ledger says of these bytes is a commitment that this production does not open.",
            ),
            None => out.fault("original", &e.file, format!("No custody event says that {no} was taken in.")),
        }
    }
    let (mut proven, mut sealed) = (0, 0);
    for d in &e.derivatives {
        if !is(&d.file, &d.object, out) {
            continue;
        }
        match trail::derived(entries, &d.derivation, &d.object, openings) {
            Says::Yes => proven += 1,
            Says::No => out.fault("derivative", &d.file, "The ledger says that this derivation gave other bytes."),
            Says::Sealed => sealed += 1,
        }
    }
    if proven > 0 {
        out.ok("derivative", Some(&no), format!("{proven} derivatives are the ones that the ledger names."));
    }
    if sealed > 0 {
        let detail = format!("{sealed} derivatives are not named in the custody events shown here; the lists cover them.");
        out.not_checked("derivative", Some(&no), detail);
    }
    for t in &e.texts {
        is(&t.file, &ObjectId::from_digest(*t.sha256.as_bytes()), out);
    }
}

/// Files that the manifest does not account for, and names that would run when opened.
fn strays(package: &Package, m: &Manifest, known: &BTreeSet<String>, out: &mut Findings) {
    let events: BTreeSet<&str> =
        m.exhibits.iter().flat_map(|e| &e.events).flat_map(|f| [f.event.as_str(), f.proof.as_str()]).collect();
    for file in package.files.keys() {
        if file.starts_with("data/") && !known.contains(file) {
            out.fault("manifest", file, "The manifest does not account for this file.");
        }
        if file.starts_with(&format!("{PROOFS}/")) && file != OPENINGS && !events.contains(file.as_str()) {
            out.fault("manifest", file, "The manifest does not account for this custody event.");
        }
        // Drafts of certificates are looked into like the report.
        let page = file == REPORT || file.starts_with(&format!("{CERTIFICATES}/")) && known.contains(file);
        if is_active(file) && !page {
            out.fault("inert", file, "This file would run or load something when opened.");
        }
    }
}

/// R1.9: an excerpt's whole is here, or named by its hash.
fn parents(exhibits: &[Exhibit], out: &mut Findings) {
    let by_item: BTreeMap<ItemId, &Exhibit> = exhibits.iter().map(|e| (e.item, e)).collect();
    for e in exhibits {
        let (no, Some(p)) = (e.exhibit.to_string(), &e.parent) else { continue };
        match by_item.get(&p.item) {
            Some(whole) if whole.object == p.object => {
                out.ok("parent", Some(&no), format!("The whole that it is a part of is here: {}.", whole.exhibit));
            }
            Some(_) => out.fault("parent", &no, "The whole that it is a part of is here with another digest than named."),
            None => out.ok("parent", Some(&no), format!("The whole that it is a part of is named: {}.", p.object)),
        }
    }
}

fn report(package: &Package, out: &mut Findings) {
    match package.open_file(REPORT).and_then(|mut f| inert::scan(&mut f)) {
        Ok(None) => out.ok("inert", Some(REPORT), "The report has no script and refers to nothing outside."),
        Ok(Some(n)) => out.fault("inert", REPORT, format!("The report {} (byte {}).", n.why, n.at)),
        Err(_) => out.fault("inert", REPORT, "The report is missing or cannot be read."),
    }
}
