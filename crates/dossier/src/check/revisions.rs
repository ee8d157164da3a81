//! What people made of a transcript, held against the ledger and against the machine's words below it.

use super::Findings;
use super::package::Package;
use super::trail::OpeningsByHash;
use crate::layout::MANIFEST_JSON;
use crate::manifest::Exhibit;
use crate::records::Version;
use zapys_domain::handover::{RecordBody, RecordKind};
use zapys_domain::media::Document;
use zapys_domain::revision::Mended;
use zapys_domain::transcript::Transcript;
use zapys_domain::{Action, DerivativeKind};
use zapys_ledger::{Detail, Entry};

/// Longest transcript that is read, in bytes.
const MAX_JSON: u64 = 128 * 1024 * 1024;

/// Every revision is the one that a custody event tells of, none is missing, and all hold over the machine's words.
pub(super) fn check(package: &Package, e: &Exhibit, entries: &[Entry], openings: &OpeningsByHash, out: &mut Findings) {
    let (no, before) = (e.exhibit.to_string(), out.faults());
    let versions = &e.records.versions;
    let word = |entry: &Entry, name: &str| match entry.event.fact(name) {
        Some(Detail::Code(c)) => Some(c.as_str().to_owned()),
        _ => None,
    };
    let about: Vec<&Entry> = entries.iter().filter(|t| word(t, "kind").as_deref() == Some(RecordKind::Revision.word())).collect();
    let mut committed = 0;
    for v in versions {
        let mut fault = |why: &str| out.fault("revision", MANIFEST_JSON, format!("Revision {} of {no} {why}.", v.number));
        let Some(entry) = about.iter().find(|t| word(t, "record") == Some(v.record.to_string())) else {
            fault("is one that no custody event tells of");
            continue;
        };
        if entry.event.actor != v.by || entry.event.time != v.at {
            fault("was not made by whom or when the manifest says");
        }
        let Some(Detail::Commit(c)) = entry.event.fact("statement") else {
            fault("is not what its custody event committed to");
            continue;
        };
        match openings.get(c.hash()) {
            Some(o) if *o.value.reveal() == RecordBody::Revision(v.revision.clone()).value() => committed += 1,
            Some(_) => fault("is not what its custody event committed to"),
            None => {}
        }
    }
    let taken_back: Vec<String> = about.iter().filter_map(|t| word(t, "corrects")).collect();
    for entry in &about {
        let Some(record) = word(entry, "record").filter(|_| entry.event.action == Action::Recorded) else { continue };
        if !taken_back.contains(&record) && versions.iter().all(|v| v.record.to_string() != record) {
            let detail = format!("A revision of {no} that custody event {} tells of is not here.", entry.seq);
            out.fault("revision", MANIFEST_JSON, detail);
        }
    }
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

/// The text of a revision can be made from the machine's transcript here. Errors: why not, as the end of a sentence.
fn holds(package: &Package, e: &Exhibit, v: &Version) -> Result<(), &'static str> {
    let base = e.derivatives.iter().find(|d| d.kind == DerivativeKind::Transcript && d.object == v.revision.base);
    let base = base.ok_or("lies on a transcript that is not here")?;
    let machine: Option<Document<Transcript>> =
        package.read(&base.file, MAX_JSON).ok().and_then(|b| serde_json::from_slice(&b).ok());
    let mut words = machine.ok_or("lies on a transcript that cannot be read")?.value;
    for layer in v.chain(&e.records.versions).ok_or("lies on one that is not here")? {
        if layer.revision.amiss(&words).is_some() {
            return Err("does not fit the text that it lies on");
        }
        words = Mended::of(words, [(layer.number, &layer.revision)]).words;
    }
    Ok(())
}
