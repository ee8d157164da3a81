//! What goes into a production, gathered from the record as plain values.

use super::head::Head;
use crate::Result;
use crate::error::CaseError;
use crate::open::Casework;
use crate::show::title;
use crate::show::{is_of_newest, lies_on_words};
use std::collections::BTreeSet;
use zapys_domain::derivation::Repeatability;
use zapys_domain::handover::WhichDate;
use zapys_domain::{Actor, DerivativeKind, ItemId, Private, ProductionId, RecordId};
use zapys_dossier::extract::{Acquisition, CustodyEntry, Dated, Derivative, Exhibit, Extract, LeftOut, Parent, Selected, Status};
use zapys_dossier::records::CaseRecords;
use zapys_ledger::{Hash, Opening, Salt};
use zapys_store::{DerivationRow, DerivationState, ItemRow, ItemStatus};

impl Casework {
    /// Everything that a production of these items at this head shows.
    pub(super) async fn extract(
        &self,
        actor: &Actor,
        chosen: &BTreeSet<ItemId>,
        whole: bool,
        n_all: usize,
        head: Head,
    ) -> Result<Extract> {
        let (size, root) = (head.size, head.root);
        let mut exhibits = Vec::new();
        let mut apart = 0u64;
        let mut left_out = Vec::new();
        for id in chosen {
            if self.store.is_disposed(*id).await? {
                left_out.push(LeftOut {
                    item: Some(*id),
                    what: "an item".into(),
                    reason: "Disposed of: its content was destroyed on purpose, and the ledger tells when and by whom.".into(),
                });
                continue;
            }
            let row = self.row(*id).await?;
            let parts = self.store.children(*id).await?.iter().filter(|c| !chosen.contains(&c.id)).count();
            if parts > 0 {
                apart += parts as u64;
                let what = if parts == 1 { "1 part".to_owned() } else { format!("{parts} parts") };
                left_out.push(LeftOut {
                    // What was not asked for is told by number alone.
                    item: None,
                    what: format!("{what} of exhibit {}", exhibits.len() + 1),
                    reason: "Not selected, though the whole was.".into(),
                });
            }
            exhibits.push(self.exhibit(&row, size, &root, chosen).await?);
        }
        let selection =
            if whole { "All items of the case".to_owned() } else { format!("{} of {n_all} items, chosen by hand", chosen.len()) };
        let mut limitations = Vec::new();
        if !whole {
            limitations.push(format!(
                "The selection holds {} of the {n_all} items of the case; what was not selected is not described here.",
                chosen.len()
            ));
        }
        if apart > 0 {
            limitations.push("Parts of what is here were not selected; they are counted in the account of the selection.".into());
        }
        limitations.extend(self.record_limitations(chosen).await?);
        let items: Vec<ItemId> = chosen.iter().copied().collect();
        let mut conformance = self.conformance_record(&items, size).await?;
        // A line about an item that is not handed over would tell of it.
        conformance.retain(|r| r.item.is_none_or(|i| chosen.contains(&i)));
        let mut extract = Extract {
            production: ProductionId::new(self.ids.ulid(head.at)),
            case: self.id(),
            case_name: Private::new(self.card().name),
            made: head.at,
            made_by: actor.clone(),
            program: concat!("zapys ", env!("CARGO_PKG_VERSION")).into(),
            selection,
            exhibits,
            left_out,
            selected: Selected { case_items: n_all as u64, items },
            case_records: CaseRecords { terms: self.terms_in(chosen, size).await?, ..self.case_records().await? },
            conformance,
            processes: Vec::new(),
            limitations,
            ledger: head.part,
        };
        extract.production = zapys_dossier::naming::production_id(&extract);
        Ok(extract)
    }

    async fn exhibit(&self, row: &ItemRow, size: u64, root: &Hash, chosen: &BTreeSet<ItemId>) -> Result<Exhibit> {
        let acquisitions = self.store.acquisitions(row.id).await?;
        let findings = self.store.findings(row.id).await?;
        let mut derivatives = Vec::new();
        let mut not_derived = Vec::new();
        let derivations = self.store.derivations(row.id).await?;
        for kind in self.made_or_wanted(row, &derivations) {
            // What somebody's voice is like stays in the case.
            if kind == DerivativeKind::VoicePrints {
                continue;
            }
            let newest = derivations.iter().rev().find(|d| d.kind == kind);
            if lies_on_words(kind) && newest.is_some_and(|d| !is_of_newest(d, &derivations)) {
                not_derived.push((kind, "The one there is was made of an earlier transcript.".into()));
                continue;
            }
            let Some(d) = newest.filter(|d| d.state == DerivationState::Done) else {
                let why = newest.and_then(|d| d.failure.as_ref()).map_or("It was not made.".to_owned(), |f| f.message.clone());
                not_derived.push((kind, why));
                continue;
            };
            derivatives.push(self.derivative(row, d).await?);
        }
        let mut records = self.records_of(row.id).await?;
        records.rendered = self.rendered_by_people(row.id, size).await?;
        let translated: Vec<RecordId> = records.rendered.iter().filter_map(|r| r.translation.over).collect();
        records.versions = self.versions(row.id, size, &translated).await?;
        // People may have mended or translated an earlier transcript than the newest: theirs lies on that one.
        let bases = records.versions.iter().map(|v| v.revision.base).chain(records.rendered.iter().map(|r| r.translation.base));
        for base in bases {
            if derivatives.iter().all(|d: &Derivative| d.object != base) {
                let made = derivations.iter().find(|d| d.kind == DerivativeKind::Transcript && d.output == Some(base));
                let made = made.ok_or(CaseError::Inconsistent { what: "a revision" })?;
                derivatives.push(self.derivative(row, made).await?);
            }
        }
        let told: Vec<_> = records.versions.iter().map(|v| v.record).chain(records.rendered.iter().map(|r| r.record)).collect();
        let rows = self.store.records(row.id).await?;
        let handed_over: BTreeSet<_> = rows.iter().filter(|r| told.contains(&r.id)).map(|r| r.entry).collect();
        let mut events = Vec::new();
        for entry in self.store.entries_of(row.id).await? {
            if entry.seq.0 >= size {
                continue;
            }
            let inclusion = self.inclusion(entry.seq.0, size, root).await?;
            let openings = self
                .store
                .openings(entry.seq)
                .await?
                .into_iter()
                .filter(|o| match o.field.as_str() {
                    // Where a file lay on somebody's machine is nobody's business but the case's own.
                    "path" | "because" | crate::witness::FIELD => false,
                    // What people put on record is shown as records, and only what still holds; its salts stay here. The
                    // words that they left are handed over whole, and can be held against what was committed to.
                    "statement" => handed_over.contains(&entry.seq),
                    _ => true,
                })
                .map(|o| Opening { salt: Salt::from_bytes(o.salt), value: Private::new(o.value) })
                .collect();
            events.push(CustodyEntry { canonical: entry.canonical.into_bytes(), inclusion, openings });
        }
        let parent = match (row.parent, self.excerpt_parent(row.id, chosen).await?) {
            (_, Some(cut)) => Some(cut),
            (None, None) => None,
            (Some(parent), None) => {
                let object = if chosen.contains(&parent) { None } else { Some(self.row(parent).await?.object) };
                Some(Parent { item: parent, object, span_ms: None, reason: None })
            }
        };
        let standing = self.standing(row.id, &acquisitions).await?;
        let dated = |which: WhichDate| {
            let choice = standing.date(which, row)?;
            let basis = choice.basis.map_or("not stated", |b| b.word()).to_owned();
            choice.value.known().cloned().map(|value| Dated { value, basis })
        };
        let name = row.member_path.clone().or_else(|| row.details.title.clone());
        Ok(Exhibit {
            item: row.id,
            kind: row.kind,
            title: Private::new(title(row)),
            file_name: name.map(|n| Private::new(n.reveal().rsplit('/').next().unwrap_or_default().to_owned())),
            object: row.object,
            bytes: row.bytes,
            media_type: row.media_type.clone(),
            language: row.facts.languages.first().cloned().unwrap_or_else(|| row.details.lang.clone()),
            duration_ms: row.facts.duration_ms,
            status: status(row.details.status),
            recorded: dated(WhichDate::Recorded),
            published: dated(WhichDate::Published),
            collected: dated(WhichDate::Collected),
            received: Some(row.created),
            parent,
            acquisitions: acquisitions
                .iter()
                .map(|a| Acquisition { acquisition: a.id, time: a.at, actor: a.actor.clone(), provenance: a.provenance.clone() })
                .collect(),
            derivatives,
            not_derived,
            findings: findings.into_iter().map(|f| f.finding).collect(),
            records,
            events,
        })
    }
}

impl Casework {
    async fn derivative(&self, row: &ItemRow, d: &DerivationRow) -> Result<Derivative> {
        let object = d.output.ok_or(CaseError::Inconsistent { what: "a derivation" })?;
        Ok(Derivative {
            key: d.key,
            kind: d.kind,
            engine: d.engine.clone(),
            parameters: d.params.clone(),
            inputs: d.inputs.clone(),
            object,
            bytes: self.object_size(object).await?,
            media_type: d.output_media_type.clone().unwrap_or_default(),
            repeatability: self.bench().await?.engine(row, d.kind).map_or(Repeatability::None, |e| e.contract().repeats),
            started: d.started,
            finished: d.finished,
        })
    }
}

fn status(s: ItemStatus) -> Status {
    match s {
        ItemStatus::Unverified => Status::Unverified,
        ItemStatus::Checking => Status::Partly,
        ItemStatus::Verified => Status::Verified,
        ItemStatus::Doubtful => Status::Inconclusive,
        ItemStatus::Refuted => Status::Disproved,
    }
}
