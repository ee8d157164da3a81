//! What must hold before anything is written. Every gate is looked at, so that all refusals come at once.

use crate::extract::{CustodyEntry, Derivative, Exhibit, Extract, Refusal};
use crate::layout::ExhibitNo;
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::{Action, DerivativeKind, ItemId};
use zapys_ledger::{Checkpoint, Detail, Entry, Hash, Subject, verify_inclusion};

/// Collects refusals.
#[derive(Default)]
pub(crate) struct Gates(pub(crate) Vec<Refusal>);
impl Gates {
    pub(crate) fn refuse(&mut self, gate: &str, subject: impl ToString, reason: impl Into<String>) {
        self.0.push(Refusal { gate: gate.into(), subject: subject.to_string(), reason: reason.into() });
    }
}

/// Looks at everything that can be seen without reading objects. Gives the parsed custody events of each exhibit and
/// the ledger's head; both are complete where nothing was refused.
pub(crate) fn check(extract: &Extract, gates: &mut Gates) -> (Vec<Vec<Entry>>, Option<Checkpoint>) {
    let note = extract.ledger.checkpoint.as_bytes();
    let size = zapys_ledger::Note::parse(note).ok().and_then(|n| Checkpoint::parse(n.text()).ok()).map_or(0, |c| c.size);
    let head = Checkpoint::open(note, extract.ledger.key_at(size));
    if let Err(e) = &head {
        gates.refuse("checkpoint", "checkpoint", format!("The checkpoint does not hold: {e}."));
    }
    let head = head.ok();
    if extract.exhibits.is_empty() {
        gates.refuse("selection", extract.production, "Nothing was selected.");
    }
    let mut by_item: BTreeMap<ItemId, &Exhibit> = BTreeMap::new();
    for e in &extract.exhibits {
        if by_item.insert(e.item, e).is_some() {
            gates.refuse("selection", e.item, "The item was selected twice.");
        }
    }
    account(extract, gates);
    stamps(extract, gates);
    let mut trails = Vec::with_capacity(extract.exhibits.len());
    for (i, e) in extract.exhibits.iter().enumerate() {
        parent(e, &by_item, gates);
        e.derivatives.iter().for_each(|d| derivative(d, gates));
        trails.push(trail(e, head.as_ref(), gates));
        if u32::try_from(i + 1).is_err() {
            gates.refuse("selection", e.item, "There are more exhibits than can be numbered.");
        }
    }
    (trails, head)
}

/// Everything that was asked for is an exhibit or left out with a reason, and nothing else is.
fn account(extract: &Extract, gates: &mut Gates) {
    let selected: BTreeSet<ItemId> = extract.selected.items.iter().copied().collect();
    let here: BTreeSet<ItemId> = extract.exhibits.iter().map(|e| e.item).collect();
    let mut out = BTreeSet::new();
    for l in extract.left_out.iter() {
        let Some(item) = l.item else { continue };
        if !out.insert(item) || here.contains(&item) {
            gates.refuse("completeness", item, "The item is left out twice, or is here and left out.");
        }
        if l.reason.trim().is_empty() {
            gates.refuse("completeness", item, "The item is left out without a reason.");
        }
    }
    for item in selected.iter().filter(|i| !here.contains(i) && !out.contains(i)) {
        gates.refuse("completeness", item, "The item was asked for and is neither here nor left out with a reason.");
    }
    for item in here.union(&out).filter(|i| !selected.contains(i)) {
        gates.refuse("completeness", item, "The item is here or left out, and nobody asked for it.");
    }
    if extract.selected.case_items < selected.len() as u64 {
        gates.refuse("completeness", extract.production, "More items were asked for than the case holds.");
    }
}

/// Names of stamps become names of folders.
fn stamps(extract: &Extract, gates: &mut Gates) {
    let mut names = BTreeSet::new();
    for s in &extract.ledger.stamps {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let ok = (1..=32).contains(&s.name.len()) && s.name.bytes().all(plain) && !s.name.starts_with('-');
        if !ok || !names.insert(&s.name) || s.files().next().is_none() {
            gates.refuse(
                "time-stamp",
                "checkpoint",
                "A time stamp has no file, or no name that a folder may have, or one taken.",
            );
        }
    }
}

/// R1.9: an excerpt never goes without its whole, or at least the whole's hash.
fn parent(e: &Exhibit, by_item: &BTreeMap<ItemId, &Exhibit>, gates: &mut Gates) {
    let Some(p) = &e.parent else { return };
    match (by_item.get(&p.item), p.object) {
        (None, None) => {
            gates.refuse("orphan-excerpt", e.item, "The whole that it is a part of is neither selected nor named by its hash.");
        }
        (Some(whole), Some(named)) if whole.object != named => {
            gates.refuse("orphan-excerpt", e.item, "The whole that it is a part of has another hash than the one named.");
        }
        _ => {}
    }
    if p.span_ms.is_some_and(|(a, b)| a >= b) {
        gates.refuse("orphan-excerpt", e.item, "The span of the excerpt is empty.");
    }
}

/// R1.2: what every derivative must name.
fn derivative(d: &Derivative, gates: &mut Gates) {
    if d.kind == DerivativeKind::VoicePrints {
        gates.refuse("voice-print", d.key, "What somebody's voice is like is never handed over.");
    }
    let lacks = if d.inputs.is_empty() {
        "what it was made from"
    } else if d.engine.name.is_empty() || d.engine.version.is_empty() {
        "the engine and its version"
    } else if d.engine.model.is_some() != d.engine.model_sha256.is_some() && !d.engine.is_elsewhere() {
        "the digest of its model"
    } else if d.parameters.is_null() {
        "the parameters it ran with"
    } else if d.finished < d.started {
        "when it ran"
    } else {
        return;
    };
    gates.refuse("derivative-named", d.key, format!("The derivative does not name {lacks}."));
}

fn trail(e: &Exhibit, head: Option<&Checkpoint>, gates: &mut Gates) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::with_capacity(e.events.len());
    for (n, event) in e.events.iter().enumerate() {
        let Ok(entry) = Entry::parse(event.canonical.clone()) else {
            gates.refuse("custody", e.item, format!("Its custody event {n} is not in the form it was sealed in."));
            return entries;
        };
        let follows = match entries.last() {
            None => entry.event.item_seq == 0,
            Some(last) => {
                entry.event.item_seq == last.event.item_seq + 1 && entry.event.prev == Some(last.digest) && entry.seq > last.seq
            }
        };
        if !follows || entry.event.subject != Subject::Item(e.item) {
            gates.refuse("custody", e.item, format!("Its custody event {n} does not follow the one before it."));
        }
        if head.is_some_and(|c| verify_inclusion(&entry.leaf, entry.seq.0, c.size, &event.inclusion, &c.root).is_err()) {
            gates.refuse("custody", e.item, format!("Its custody event {n} is not proven to be in the ledger."));
        }
        openings(e, event, &entry, gates);
        entries.push(entry);
    }
    match taken_in(e, &entries) {
        Some(true) => {}
        Some(false) => gates.refuse("original-unchanged", e.object, "The ledger says that other bytes were taken in."),
        None => gates.refuse("custody", e.item, "No custody event says that it was taken in."),
    }
    entries
}

fn openings(e: &Exhibit, event: &CustodyEntry, entry: &Entry, gates: &mut Gates) {
    let held: Vec<Hash> = entry.event.commitments().iter().map(|c| *c.hash()).collect();
    let all = event.openings.iter().all(|o| o.commitment().is_ok_and(|c| held.contains(c.hash())));
    if !all {
        gates.refuse("openings", e.item, format!("A value to be revealed is not in its custody event {}.", entry.seq));
    }
}

/// Whether the events of taking in agree with the original. `None`: there are none.
fn taken_in(e: &Exhibit, entries: &[Entry]) -> Option<bool> {
    let imported: Vec<(usize, &Entry)> = entries.iter().enumerate().filter(|(_, x)| x.event.action == Action::Imported).collect();
    if imported.is_empty() {
        return None;
    }
    Some(imported.iter().all(|(i, entry)| match entry.event.fact("object") {
        Some(Detail::Digest(h)) => h.as_bytes() == e.object.digest(),
        Some(Detail::Commit(c)) => {
            let opened = e.events[*i].openings.iter().find(|o| o.opens(c));
            opened.is_none_or(|o| o.value.reveal().as_str() == Some(e.object.to_string().as_str()))
        }
        _ => true,
    }))
}

/// Number of the exhibit at `index`.
pub(crate) fn number(index: usize) -> ExhibitNo {
    ExhibitNo(u32::try_from(index + 1).unwrap_or(u32::MAX))
}
