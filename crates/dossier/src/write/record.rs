//! The manifest, from the extract.

use super::bag::{Job, list};
use crate::extract::{Exhibit, KeyPeriod, StampPart};
use crate::gates;
use crate::layout::{ExhibitNo, KEYS, PROOFS, STAMPS};
use crate::manifest::{self, Manifest};
use zapys_ledger::Entry;

impl Job<'_> {
    /// The manifest's entry of an exhibit.
    pub(super) fn record(
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
            records: e.records.clone(),
            events: self.trails[at]
                .iter()
                .map(|entry| {
                    let stem = format!("{PROOFS}/{}/{}", e.item, entry.seq);
                    manifest::EventFile { seq: entry.seq.0, event: format!("{stem}.json"), proof: format!("{stem}.tlog-proof") }
                })
                .collect(),
        }
    }

    /// The manifest.
    pub(super) fn manifest(&self, exhibits: Vec<manifest::Exhibit>, sealed: bool) -> Manifest {
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
                stamped: !x.ledger.stamps.is_empty(),
                stamps: x.ledger.stamps.iter().map(stamp).collect(),
                keys: x.ledger.keys.iter().map(key).collect(),
            },
            exhibits,
            left_out: x
                .left_out
                .iter()
                .map(|l| manifest::LeftOut { item: l.item, what: l.what.clone(), reason: l.reason.clone() })
                .collect(),
            limitations: x.limitations.clone(),
            records: x.case_records.clone(),
            papers: list(self.prints()),
        }
    }
}

fn stamp(s: &StampPart) -> manifest::StampFiles {
    let files = s.files().map(|(name, _)| format!("{STAMPS}/{}/{name}", s.name)).collect();
    manifest::StampFiles { name: s.name.clone(), files, time: s.time }
}

fn key(k: &KeyPeriod) -> manifest::KeyPeriod {
    let seq = k.event.as_ref().and_then(|e| Entry::parse(e.canonical.clone()).ok()).map(|e| e.seq.0);
    let event = seq.map(|seq| manifest::EventFile {
        seq,
        event: format!("{KEYS}/{seq}.json"),
        proof: format!("{KEYS}/{seq}.tlog-proof"),
    });
    manifest::KeyPeriod { vkey: k.vkey.to_string(), from_size: k.from_size, reason: k.reason.clone(), event }
}
