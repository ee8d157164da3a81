//! What was asked for and what became of it; limits; conformance.

use super::{json, limits};
use crate::extract::Extract;
use crate::gates::number;
use crate::manifest::{COMPLETENESS_FORMAT, Completeness, Conformance, Counts, Included, LeftOut, Limitations};
use crate::records::ConformanceRow;
use std::collections::BTreeSet;
use std::io;
use zapys_domain::ItemId;

fn left_out(l: &crate::extract::LeftOut) -> LeftOut {
    LeftOut { item: l.item, what: l.what.clone(), reason: l.reason.clone() }
}

/// The account of the selection. It adds up where [`crate::gates`] has looked at it.
pub(crate) fn completeness(x: &Extract, ledger_size: u64) -> Completeness {
    let selected: Vec<ItemId> = x.selected.items.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let included: Vec<Included> =
        x.exhibits.iter().enumerate().map(|(i, e)| Included { item: e.item, exhibit: number(i) }).collect();
    let (out, not_asked_for): (Vec<_>, Vec<_>) = x.left_out.iter().map(left_out).partition(|l| l.item.is_some());
    Completeness {
        format: COMPLETENESS_FORMAT.into(),
        production: x.production,
        ledger_size,
        counts: Counts {
            case_items: x.selected.case_items,
            selected: selected.len() as u64,
            not_selected: x.selected.case_items.saturating_sub(selected.len() as u64),
            included: included.len() as u64,
            left_out: out.len() as u64,
        },
        selected,
        included,
        left_out: out,
        not_asked_for,
    }
}

/// `data/limitations.json`.
pub(crate) fn limitations(x: &Extract) -> io::Result<Vec<u8>> {
    json(&Limitations { format: "zapys-limitations/1".into(), production: x.production, limitations: limits(x) })
}

/// `data/conformance.json`.
pub(crate) fn conformance(x: &Extract) -> io::Result<Vec<u8>> {
    let rows = rows(x).cloned().collect();
    json(&Conformance { format: "zapys-conformance/1".into(), production: x.production, rows })
}

/// What is said of the case and of what is here; a line about anything else would tell of it.
pub(crate) fn rows(x: &Extract) -> impl Iterator<Item = &ConformanceRow> {
    let here: BTreeSet<ItemId> = x.exhibits.iter().map(|e| e.item).collect();
    x.conformance.iter().filter(move |r| r.item.is_none_or(|i| here.contains(&i)))
}
