//! What people made of a transcript, and what they say that it means: held against the ledger and against the machine's words below.

use super::Findings;
use super::package::Package;
use super::trail::OpeningsByHash;
use crate::layout::MANIFEST_JSON;
use crate::manifest::Exhibit;
use crate::records::Version;
use zapys_domain::handover::{HumanTranslation, RecordBody, RecordKind};
use zapys_domain::media::Document;
use zapys_domain::revision::Mended;
use zapys_domain::transcript::Transcript;
use zapys_domain::{Action, Actor, DerivativeKind, Instant, ObjectId, RecordId};
use zapys_ledger::{Detail, Entry};

/// Longest transcript that is read, in bytes.
const MAX_JSON: u64 = 128 * 1024 * 1024;

/// Every revision is the one that a custody event tells of, none is missing, and all hold over the machine's words.
pub(super) fn check(package: &Package, e: &Exhibit, entries: &[Entry], openings: &OpeningsByHash, out: &mut Findings) {
    let (no, before) = (e.exhibit.to_string(), out.faults());
    let versions = &e.records.versions;
    let told = versions.iter().map(|v| Told {
        record: v.record,
        by: &v.by,
        at: v.at,
        name: format!("Revision {} of {no}", v.number),
        body: RecordBody::Revision(v.revision.clone()),
    });
    let committed = in_ledger(RecordKind::Revision, &no, &told.collect::<Vec<_>>(), entries, openings, out);
    for v in versions.iter().filter(|v| !v.withdrawn) {
        let base = e.derivatives.iter().find(|d| d.object == v.revision.base);
        if let Err(why) = holds(package, e, v)
            && base.is_none_or(|d| !out.told(&d.file))
        {
            out.fault("revision", MANIFEST_JSON, format!("Revision {} of {no} {why}.", v.number));
        }
    }
    if out.faults() > before || versions.is_empty() {
        return;
    }
    let n = match versions.len() {
        1 => "1 revision of the transcript holds".to_owned(),
        n => format!("{n} revisions of the transcript hold"),
    };
    if committed == versions.len() {
        let detail = format!("{n} over the machine's words, and each is the one that the ledger names.");
        out.ok("revision", Some(&no), detail);
    } else {
        let detail = format!("{n} over the machine's words; what the ledger says of them is not opened here.");
        out.not_checked("revision", Some(&no), detail);
    }
}

/// Every translation by a person is the one that a custody event tells of, none is missing, and all are of words that are here.
pub(super) fn check_translations(
    package: &Package,
    e: &Exhibit,
    entries: &[Entry],
    openings: &OpeningsByHash,
    out: &mut Findings,
) {
    let (no, before) = (e.exhibit.to_string(), out.faults());
    let rendered = &e.records.rendered;
    let name = |i: usize| format!("Translation {} by a person, of {no},", i + 1);
    let told = rendered.iter().enumerate().map(|(i, r)| Told {
        record: r.record,
        by: &r.by,
        at: r.at,
        name: name(i),
        body: RecordBody::Translation(r.translation.clone()),
    });
    let committed = in_ledger(RecordKind::Translation, &no, &told.collect::<Vec<_>>(), entries, openings, out);
    for (i, r) in rendered.iter().enumerate() {
        let base = e.derivatives.iter().find(|d| d.object == r.translation.base);
        if let Err(why) = is_of(package, e, &r.translation)
            && base.is_none_or(|d| !out.told(&d.file))
        {
            out.fault(RecordKind::Translation.word(), MANIFEST_JSON, format!("{} {why}.", name(i)));
        }
    }
    if out.faults() > before || rendered.is_empty() {
        return;
    }
    let n = match rendered.len() {
        1 => "1 translation by a person is".to_owned(),
        n => format!("{n} translations by people are"),
    };
    if committed == rendered.len() {
        out.ok("translation", Some(&no), format!("{n} of words that are here, and what the ledger names."));
    } else {
        let detail = format!("{n} of words that are here; what the ledger says of them is not opened here.");
        out.not_checked("translation", Some(&no), detail);
    }
}

/// The words that were translated can be made from what is here. Errors: why not, as the end of a sentence.
fn is_of(package: &Package, e: &Exhibit, t: &HumanTranslation) -> Result<(), &'static str> {
    let mut words = machine(package, e, t.base)?;
    if let Some(over) = t.over {
        let all = &e.records.versions;
        let top =
            all.iter().find(|v| v.record == over && v.revision.base == t.base).ok_or("is of a revision that is not here")?;
        words = top.read(words, all).ok_or("is of a revision that is not here")?.words;
    }
    t.amiss(&words).map_or(Ok(()), |_| Err("is not of the words that are here"))
}

/// A record that the manifest tells of.
struct Told<'a> {
    record: RecordId,
    by: &'a Actor,
    at: Instant,
    /// What it is called.
    name: String,
    body: RecordBody,
}

/// Every one is what a custody event tells of, and none that holds is missing. Gives how many are opened and are what was committed to.
fn in_ledger(
    kind: RecordKind,
    no: &str,
    all: &[Told<'_>],
    entries: &[Entry],
    openings: &OpeningsByHash,
    out: &mut Findings,
) -> usize {
    let word = |entry: &Entry, name: &str| match entry.event.fact(name) {
        Some(Detail::Code(c)) => Some(c.as_str().to_owned()),
        _ => None,
    };
    let about: Vec<&Entry> = entries.iter().filter(|t| word(t, "kind").as_deref() == Some(kind.word())).collect();
    let mut committed = 0;
    for t in all {
        let mut fault = |why: &str| out.fault(kind.word(), MANIFEST_JSON, format!("{} {why}.", t.name));
        let Some(entry) = about.iter().find(|e| word(e, "record") == Some(t.record.to_string())) else {
            fault("is one that no custody event tells of");
            continue;
        };
        if entry.event.actor != *t.by || entry.event.time != t.at {
            fault("was not made by whom or when the manifest says");
        }
        let Some(Detail::Commit(c)) = entry.event.fact("statement") else {
            fault("is not what its custody event committed to");
            continue;
        };
        match openings.get(c.hash()) {
            Some(o) if *o.value.reveal() == t.body.value() => committed += 1,
            Some(_) => fault("is not what its custody event committed to"),
            None => {}
        }
    }
    let taken_back: Vec<String> = about.iter().filter_map(|t| word(t, "corrects")).collect();
    for entry in &about {
        let Some(record) = word(entry, "record").filter(|_| entry.event.action == Action::Recorded) else { continue };
        if !taken_back.contains(&record) && all.iter().all(|t| t.record.to_string() != record) {
            let detail = format!("A {kind} of {no} that custody event {} tells of is not here.", entry.seq);
            out.fault(kind.word(), MANIFEST_JSON, detail);
        }
    }
    committed
}

/// The machine's transcript of that digest. Errors: why it is not there, as the end of a sentence.
fn machine(package: &Package, e: &Exhibit, base: ObjectId) -> Result<Transcript, &'static str> {
    let base = e.derivatives.iter().find(|d| d.kind == DerivativeKind::Transcript && d.object == base);
    let base = base.ok_or("lies on a transcript that is not here")?;
    let machine: Option<Document<Transcript>> =
        package.read(&base.file, MAX_JSON).ok().and_then(|b| serde_json::from_slice(&b).ok());
    Ok(machine.ok_or("lies on a transcript that cannot be read")?.value)
}

/// The text of a revision can be made from the machine's transcript here. Errors: why not, as the end of a sentence.
fn holds(package: &Package, e: &Exhibit, v: &Version) -> Result<(), &'static str> {
    let mut words = machine(package, e, v.revision.base)?;
    for layer in v.chain(&e.records.versions).ok_or("lies on one that is not here")? {
        if layer.revision.amiss(&words).is_some() {
            return Err("does not fit the text that it lies on");
        }
        words = Mended::of(words, [(layer.number, &layer.revision)]).words;
    }
    Ok(())
}
