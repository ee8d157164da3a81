//! The custody trail of one exhibit: its events, their chain, their proofs, and what they say of the bytes.

use super::Findings;
use super::package::Package;
use crate::layout::PROOFS;
use crate::manifest::Exhibit;
use std::collections::BTreeMap;
use zapys_domain::{Action, ObjectId};
use zapys_ledger::{Checkpoint, Detail, Entry, Hash, Opening, Subject, TlogProof, verify_inclusion};

/// Revealed commitments by their hash.
pub(super) type OpeningsByHash = BTreeMap<Hash, Opening>;

/// Reads every event of an exhibit and checks chain and proofs. `checkpoint`: text of the checkpoint file and what it
/// says. Gives the events that could be read.
pub(super) fn check(
    package: &Package,
    exhibit: &Exhibit,
    checkpoint: Option<&(String, Checkpoint)>,
    out: &mut Findings,
) -> Vec<Entry> {
    let before = out.faults();
    let mut entries: Vec<Entry> = Vec::new();
    let mut previous: Option<Hash> = None;
    let mut expected = 0;
    for file in &exhibit.events {
        let folder = format!("{PROOFS}/{}/{}", exhibit.item, file.seq);
        if file.event != format!("{folder}.json") || file.proof != format!("{folder}.tlog-proof") {
            out.fault("custody", &file.event, "The manifest names an event where no event belongs.");
            continue;
        }
        let entry = package.read(&file.event, 70_000).ok().and_then(|b| Entry::parse(b).ok());
        let Some(entry) = entry else {
            out.fault("custody", &file.event, "This custody event is missing or not in the form it was sealed in.");
            (previous, expected) = (None, expected + 1);
            continue;
        };
        let e = &entry.event;
        if e.subject != Subject::Item(exhibit.item) || e.seq.0 != file.seq {
            out.fault("custody", &file.event, "This custody event is about something else than the manifest says.");
        }
        if e.item_seq != expected {
            let detail = format!("Custody events are missing before this one: it is number {}, {expected} was due.", e.item_seq);
            out.fault("custody", &file.event, detail);
        } else if e.prev != previous && (previous.is_some() || e.item_seq == 0) {
            out.fault("custody", &file.event, "This custody event does not follow the one before it.");
        }
        (previous, expected) = (Some(entry.digest), e.item_seq + 1);
        proof(package, &file.proof, &entry, checkpoint, out);
        entries.push(entry);
    }
    if exhibit.events.is_empty() {
        out.fault("custody", &exhibit.exhibit.to_string(), "The exhibit has no custody events.");
    }
    if out.faults() == before {
        let detail = match checkpoint {
            Some(_) => format!("{} custody events, without a gap, all in the ledger.", entries.len()),
            None => format!("{} custody events, without a gap; their place in the ledger is not checked.", entries.len()),
        };
        out.ok("custody", Some(&exhibit.exhibit.to_string()), detail);
    }
    entries
}

fn proof(package: &Package, path: &str, entry: &Entry, checkpoint: Option<&(String, Checkpoint)>, out: &mut Findings) {
    let proof = package.read(path, 2_000_000).ok().and_then(|b| TlogProof::parse(&b).ok());
    let Some(proof) = proof else {
        return out.fault("inclusion", path, "This proof is missing or is no tlog-proof.");
    };
    let Some((text, head)) = checkpoint else { return };
    if proof.checkpoint != *text {
        return out.fault("inclusion", path, "This proof leads to another checkpoint than the production's.");
    }
    let held = proof.index == entry.seq.0 && proof.extra.is_none();
    if !held || verify_inclusion(&entry.leaf, proof.index, head.size, &proof.hashes, &head.root).is_err() {
        out.fault("inclusion", path, "This proof does not show that the custody event is in the ledger.");
    }
}

/// What a fact of an event says of some bytes.
#[derive(PartialEq, Eq, Debug, Clone, Copy)]
pub(super) enum Says {
    /// Exactly these.
    Yes,
    /// Others.
    No,
    /// A commitment that is not opened here, or nothing.
    Sealed,
}

fn says(fact: Option<&Detail>, object: &ObjectId, openings: &OpeningsByHash) -> Says {
    let same = |yes: bool| if yes { Says::Yes } else { Says::No };
    match fact {
        Some(Detail::Digest(h)) => same(h.as_bytes() == object.digest()),
        Some(Detail::Commit(c)) => match openings.get(c.hash()) {
            Some(o) => same(o.value.reveal().as_str() == Some(object.to_string().as_str())),
            None => Says::Sealed,
        },
        _ => Says::Sealed,
    }
}

/// Whether the events of taking in say that `object` was taken in. One that says otherwise outweighs the rest.
pub(super) fn imported(entries: &[Entry], object: &ObjectId, openings: &OpeningsByHash) -> Option<Says> {
    let all: Vec<Says> = entries
        .iter()
        .filter(|e| e.event.action == Action::Imported)
        .map(|e| says(e.event.fact("object"), object, openings))
        .collect();
    if all.is_empty() {
        return None;
    }
    Some(if all.contains(&Says::No) {
        Says::No
    } else if all.contains(&Says::Yes) {
        Says::Yes
    } else {
        Says::Sealed
    })
}

/// Whether an event of derivation `key` says that its output was `object`.
pub(super) fn derived(entries: &[Entry], key: &Hash, object: &ObjectId, openings: &OpeningsByHash) -> Says {
    let mine = entries
        .iter()
        .filter(|e| e.event.action == Action::Transformed && e.event.fact("derivation") == Some(&Detail::Digest(*key)));
    let all: Vec<Says> = mine.map(|e| says(e.event.fact("output"), object, openings)).collect();
    if all.contains(&Says::Yes) {
        Says::Yes
    } else if all.contains(&Says::No) {
        Says::No
    } else {
        Says::Sealed
    }
}
