//! What each standard finds met or missing, computed from the record: requirement by requirement, item by item.
//!
//! It says what was recorded, never that anybody complies. Requirements stand as data in `requirements.rs`; each looks at
//! what was gathered of one item and nothing else, so that it can be tried without a case.

mod requirements;
#[cfg(test)]
mod tests;

use crate::Result;
use crate::check::LAST;
use crate::error::CaseError;
use crate::handover::{Standing, WebParts, current};
use crate::open::Casework;
use serde::Serialize;
use zapys_domain::call::CallTable;
use zapys_domain::handover::RecordKind;
use zapys_domain::media::Document;
use zapys_domain::provenance::Sensitivity;
use zapys_domain::{DerivativeKind, Instant, ItemId, ItemKind, words};
use zapys_store::{AcquisitionRow, DerivationRow, EntryRow, ItemRow};

pub(crate) use requirements::needs_legal_basis;

words! {
    /// Which standard.
    Standard {
        /// Leiden Guidelines on digitally derived evidence.
        Leiden = "leiden",
        /// Hala Protocol on audio evidence.
        Hala = "hala",
        /// Berkeley Protocol on digital open source investigations.
        Berkeley = "berkeley",
    }
}
words! {
    /// What was found.
    ConformanceStatus {
        #[allow(missing_docs)] Met = "met",
        #[allow(missing_docs)] Missing = "missing",
        #[allow(missing_docs)] NotApplicable = "not-applicable",
    }
}

/// One requirement looked at in one item.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ConformanceRow {
    pub standard: Standard,
    /// Number, e.g. `R1.12`.
    pub requirement: String,
    /// The standard's own numbers.
    pub reference: String,
    pub title: String,
    pub item: ItemId,
    pub status: ConformanceStatus,
    /// What is there or missing, in a sentence without evidence text.
    pub detail: String,
}

/// One requirement as data.
struct Requirement {
    number: &'static str,
    standard: Standard,
    reference: &'static str,
    /// In our words.
    title: &'static str,
    look: fn(&Gathered) -> Outcome,
}

enum Outcome {
    Met(String),
    Missing(String),
    NotApplicable(&'static str),
}

/// Everything that requirements look at, of one item.
#[derive(Clone)]
struct Gathered {
    row: ItemRow,
    acquisitions: Vec<AcquisitionRow>,
    derivations: Vec<DerivationRow>,
    entries: Vec<EntryRow>,
    standing: Standing,
    /// What is on record about the case as a whole.
    case: Standing,
    /// Protection of every member of its family, its own among them.
    protections: Vec<Sensitivity>,
    /// Revisions of its transcript that were not taken back.
    n_revisions: usize,
    /// The language, where people answer for a translation of every segment that has words.
    translated_by_people: Option<String>,
    web: Option<WebParts>,
    /// What the columns of a call table mean.
    call_fields: Option<Vec<String>>,
    /// When the vault was last re-read, and whether an object of this item was bad.
    verified: Option<(Instant, bool)>,
}

impl Casework {
    /// Looks at items (all, where none is named) with the eyes of one standard. Items in order of intake, requirements in
    /// order of number.
    pub async fn conformance(&self, standard: Standard, items: &[ItemId]) -> Result<Vec<ConformanceRow>> {
        self.conformance_upto(standard, items, u64::MAX).await
    }

    /// The same, with the custody events before entry `upto` alone.
    async fn conformance_upto(&self, standard: Standard, items: &[ItemId], upto: u64) -> Result<Vec<ConformanceRow>> {
        let all;
        let items = if items.is_empty() {
            all = self.all_items().await?;
            &all[..]
        } else {
            items
        };
        let case = Standing::of(self.store.records_of_case().await?);
        let last: Option<(String, Vec<String>)> =
            self.store.setting(LAST).await?.and_then(|text| serde_json::from_str(&text).ok());
        let mut rows = Vec::new();
        for item in items {
            let mut gathered = self.gather(*item, &case, last.as_ref()).await?;
            gathered.entries.retain(|e| e.seq.0 < upto);
            for r in requirements::ALL.iter().filter(|r| r.standard == standard) {
                let (status, detail) = match (r.look)(&gathered) {
                    Outcome::Met(detail) => (ConformanceStatus::Met, detail),
                    Outcome::Missing(detail) => (ConformanceStatus::Missing, detail),
                    Outcome::NotApplicable(why) => (ConformanceStatus::NotApplicable, why.to_owned()),
                };
                rows.push(ConformanceRow {
                    standard,
                    requirement: r.number.into(),
                    reference: r.reference.into(),
                    title: r.title.into(),
                    item: *item,
                    status,
                    detail,
                });
            }
        }
        Ok(rows)
    }

    /// The rows of every standard, as a production carries them that shows the ledger before entry `upto`.
    pub async fn conformance_record(&self, items: &[ItemId], upto: u64) -> Result<Vec<zapys_dossier::records::ConformanceRow>> {
        let mut all = Vec::new();
        for standard in Standard::ALL {
            for row in self.conformance_upto(*standard, items, upto).await? {
                all.push(zapys_dossier::records::ConformanceRow {
                    standard: row.standard.word().into(),
                    requirement: format!("{} ({})", row.requirement, row.reference),
                    item: Some(row.item),
                    status: row.status.word().into(),
                    detail: row.detail,
                });
            }
        }
        Ok(all)
    }

    async fn gather(&self, item: ItemId, case: &Standing, last: Option<&(String, Vec<String>)>) -> Result<Gathered> {
        let row = self.row(item).await?;
        let acquisitions = self.store.acquisitions(item).await?;
        let derivations = self.store.derivations(item).await?;
        let mut protections = Vec::new();
        for member in self.family(item).await? {
            protections.push(self.row(member).await?.details.sensitivity);
        }
        let call_fields = if row.kind == ItemKind::CallRecords {
            match self.typed::<Document<CallTable>>(item, DerivativeKind::Calls).await {
                Ok((table, _)) => Some(table.value.mapping.into_iter().map(|(field, _)| field).collect()),
                Err(CaseError::NothingRead { .. } | CaseError::Disposed) => None,
                Err(e) => return Err(e),
            }
        } else {
            None
        };
        let objects: Vec<String> =
            derivations.iter().filter_map(|d| d.output).chain([row.object]).map(|o| o.to_string()).collect();
        let verified = last.and_then(|(time, bad)| Some((Instant::parse(time)?, bad.iter().any(|b| objects.contains(b)))));
        Ok(Gathered {
            standing: self.standing(item, &acquisitions).await?,
            web: self.web_parts(&row, &acquisitions).await?,
            n_revisions: current(self.store.records(item).await?).iter().filter(|r| r.kind == RecordKind::Revision).count(),
            translated_by_people: self.translated_by_people(item).await?,
            entries: self.store.entries_of(item).await?,
            case: case.clone(),
            row,
            acquisitions,
            derivations,
            protections,
            call_fields,
            verified,
        })
    }
}
