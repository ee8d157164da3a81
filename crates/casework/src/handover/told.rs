//! Records as they are shown: every one with who, when, and what became of it; and what holds now.

use super::current;
use crate::Result;
use crate::open::Casework;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use zapys_domain::handover::{
    DateChoice, DateValue, Dates, EthicsDecision, Excerpt, HoldState, IntakeAnswers, Interception, LegalBasis, PartyOrigin,
    Precision, RecordBody, RecordKind, WhichDate,
};
use zapys_domain::{ItemId, RecordId};
use zapys_store::{AcquisitionRow, DateBasis, ItemRow, ItemStatus, RecordRow};

/// One record as shown.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct RecordView {
    pub record: String,
    /// `null`: about the case as a whole.
    pub item: Option<ItemId>,
    pub kind: String,
    pub actor: String,
    pub time: String,
    /// Place of its custody event in the ledger.
    pub entry: u64,
    /// `current`, `corrected` or `taken-back`.
    pub state: String,
    pub corrects: Option<String>,
    pub because: Option<String>,
    pub corrected_by: Option<String>,
    /// The words, by field; `null` where a record was taken back.
    pub body: Value,
}

/// One of the three dates as it stands.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct DateView {
    pub which: String,
    /// EDTF; `unknown` where somebody chose that; `null` where nobody has said anything.
    pub value: Option<String>,
    /// `moment`, `day`, `month`, `year`, `longer`, `open`.
    pub precision: Option<String>,
    /// `stated`, `embedded`, `written`.
    pub basis: Option<String>,
    pub note: Option<String>,
}

/// What an item was cut from.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ExcerptView {
    pub parent: ItemId,
    pub start_ms: u64,
    pub end_ms: u64,
    pub extracted_by: String,
    pub reason: String,
    pub full_available: String,
}

/// What people put on record about an item, and what holds now.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct OnRecord {
    pub phase: Option<String>,
    pub dates: Vec<DateView>,
    pub place: Option<String>,
    pub author: Option<String>,
    pub excerpt: Option<ExcerptView>,
    /// What was cut from it.
    pub excerpts: Vec<ItemId>,
    /// Other items of its family; protection is one for all of them.
    pub family: Vec<ItemId>,
    pub legal_hold: bool,
    /// E.g. `unverified, originator party to conflict, selection unknown`.
    pub standing: Option<String>,
    pub records: Vec<RecordView>,
}

/// Everything that holds now, from the records that nobody corrected. Of answers, the newest to each question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    pub phases: Vec<RecordRow>,
    pub intake: Option<IntakeAnswers>,
    pub interception: Option<Interception>,
    pub excerpt: Option<Excerpt>,
    pub dates: Dates,
    pub ethics: Vec<(RecordRow, EthicsDecision)>,
    pub mistakes: Vec<RecordRow>,
    pub efforts: Vec<RecordRow>,
    pub hold: bool,
    pub party: Option<PartyOrigin>,
}

impl Standing {
    /// Reads the records of one item (or of the case), corrected ones included.
    pub fn of(records: Vec<RecordRow>) -> Self {
        let mut s = Self::default();
        let mut answers: BTreeMap<RecordKind, Map<String, Value>> = BTreeMap::new();
        for r in current(records) {
            let Some(body) = &r.body else { continue };
            if let (RecordKind::Intake | RecordKind::Interception | RecordKind::Date, Value::Object(fields)) =
                (r.kind, body.value())
            {
                merge(answers.entry(r.kind).or_default(), fields);
                continue;
            }
            match body.clone() {
                RecordBody::Phase(_) => s.phases.push(r),
                RecordBody::Excerpt(e) => s.excerpt = Some(e),
                RecordBody::Ethics(e) => s.ethics.push((r, e)),
                RecordBody::Error(_) => s.mistakes.push(r),
                RecordBody::Effort(_) => s.efforts.push(r),
                RecordBody::Hold(h) => s.hold = h.state == HoldState::Set,
                RecordBody::Party(p) => s.party = Some(p),
                _ => {}
            }
        }
        s.intake = answers.remove(&RecordKind::Intake).and_then(read);
        s.interception = answers.remove(&RecordKind::Interception).and_then(read);
        s.dates = answers.remove(&RecordKind::Date).and_then(read).unwrap_or_default();
        s
    }
    /// The legal basis on record: sort, words, paper.
    pub fn legal_basis(&self) -> Option<&LegalBasis> {
        self.intake.as_ref().and_then(|i| i.legal_basis.as_ref())
    }
    /// The date as it stands: on record, else as said at intake.
    pub fn date(&self, which: WhichDate, row: &ItemRow) -> Option<DateChoice> {
        if let Some(choice) = self.dates.of(which) {
            return Some(choice.clone());
        }
        let stated = match which {
            WhichDate::Recorded => row.details.recorded.clone().zip(row.details.recorded_basis),
            WhichDate::Published => row.details.published.clone().map(|d| (d, DateBasis::Stated)),
            WhichDate::Collected => None,
        };
        stated.map(|(value, basis)| DateChoice { value: DateValue::Known(value), basis: Some(basis), note: None })
    }
    /// R1.42, as long as nobody has verified the item.
    pub fn words(&self, row: &ItemRow) -> Option<String> {
        let party = self.party.as_ref().filter(|_| row.details.status == ItemStatus::Unverified)?;
        let known = party.selection.reveal().trim() != "unknown";
        Some(format!("unverified, originator party to conflict, selection {}", if known { "stated" } else { "unknown" }))
    }
}

/// The newer answers over the older ones; parts of the legal basis may come one by one.
fn merge(into: &mut Map<String, Value>, newer: Map<String, Value>) {
    for (field, value) in newer {
        match (into.get_mut(&field), value) {
            (Some(Value::Object(old)), Value::Object(new)) if field == "legal_basis" => merge(old, new),
            (_, value) => {
                into.insert(field, value);
            }
        }
    }
}

fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(fields)).ok()
}

/// The fields of a record. Of a revision without the words, which `transcript` shows: a list of records stands where words are
/// withheld, too.
fn shown(body: &RecordBody) -> Value {
    let mut value = body.value();
    if let (RecordBody::Revision(r), Value::Object(fields)) = (body, &mut value) {
        fields.remove("changes");
        fields.insert("n_changes".into(), r.changes.len().into());
    }
    value
}

pub(crate) fn record_view(r: &RecordRow, corrected_by: Option<RecordId>) -> RecordView {
    RecordView {
        record: r.id.to_string(),
        item: r.item,
        kind: r.kind.word().into(),
        actor: r.actor.id.clone(),
        time: r.at.to_string(),
        entry: r.entry.0,
        state: match (corrected_by, &r.body) {
            (Some(_), _) => "corrected",
            (None, None) => "taken-back",
            (None, Some(_)) => "current",
        }
        .into(),
        corrects: r.corrects.map(|c| c.to_string()),
        because: r.because.as_ref().map(|b| b.reveal().clone()),
        corrected_by: corrected_by.map(|c| c.to_string()),
        body: r.body.as_ref().map_or(Value::Null, shown),
    }
}

impl Casework {
    /// Everything on record about an item, or (`None`) about the case as a whole, oldest first, corrected records included.
    pub async fn records(&self, item: Option<ItemId>) -> Result<Vec<RecordView>> {
        let all = match item {
            Some(item) => self.records_about(item).await?,
            None => self.store.records_of_case().await?,
        };
        let by: BTreeMap<RecordId, RecordId> = all.iter().filter_map(|r| Some((r.corrects?, r.id))).collect();
        Ok(all.iter().map(|r| record_view(r, by.get(&r.id).copied())).collect())
    }

    /// The records of an item, with the ties that other members of its family put on record.
    async fn records_about(&self, item: ItemId) -> Result<Vec<RecordRow>> {
        let mut all = self.store.records(item).await?;
        let ties = self.store.records_of_kind(RecordKind::Family).await?;
        let names: Vec<RecordId> =
            ties.iter().filter(|r| r.body.iter().any(|b| b.names().contains(&item))).map(|r| r.id).collect();
        let about = |r: &RecordRow| names.contains(&r.id) || r.corrects.is_some_and(|c| names.contains(&c));
        all.extend(ties.iter().filter(|r| r.item != Some(item) && about(r)).cloned());
        all.sort_by_key(|r| (r.at, r.id));
        Ok(all)
    }

    /// What holds now about an item; what was said of its source as a whole counts too.
    pub(crate) async fn standing(&self, item: ItemId, acquisitions: &[AcquisitionRow]) -> Result<Standing> {
        let mut standing = Standing::of(self.store.records(item).await?);
        if standing.party.is_none() {
            let sources: Vec<&String> =
                acquisitions.iter().filter_map(|a| a.provenance.source.as_ref()).map(|s| s.reveal()).collect();
            let said = current(self.store.records_of_kind(RecordKind::Party).await?);
            standing.party = said.into_iter().rev().find_map(|r| match r.body {
                Some(RecordBody::Party(p)) if p.source.as_ref().is_some_and(|s| sources.contains(&s.reveal())) => Some(p),
                _ => None,
            });
        }
        Ok(standing)
    }

    /// What `show` tells beside the item itself.
    pub(crate) async fn on_record(&self, row: &ItemRow, acquisitions: &[AcquisitionRow]) -> Result<OnRecord> {
        let s = self.standing(row.id, acquisitions).await?;
        let mut family = self.family(row.id).await?;
        family.remove(&row.id);
        let text = |t: &Option<zapys_domain::handover::Text>| t.as_ref().map(|t| t.reveal().clone());
        Ok(OnRecord {
            phase: s.phases.last().and_then(|r| match &r.body {
                Some(RecordBody::Phase(p)) => Some(p.phase.word().to_owned()),
                _ => None,
            }),
            dates: WhichDate::ALL.iter().map(|w| date_view(*w, s.date(*w, row))).collect(),
            place: text(&s.dates.place),
            author: text(&s.dates.author),
            excerpt: s.excerpt.as_ref().map(|e| ExcerptView {
                parent: e.parent(),
                start_ms: e.span_ms().0,
                end_ms: e.span_ms().1,
                extracted_by: e.extracted_by().id.clone(),
                reason: e.reason().reveal().clone(),
                full_available: e.full_available().word().into(),
            }),
            excerpts: self.store.excerpts_from(row.id).await?.into_iter().map(|e| e.item).collect(),
            family: family.into_iter().collect(),
            legal_hold: s.hold,
            standing: s.words(row),
            records: self.records(Some(row.id)).await?,
        })
    }
}

fn date_view(which: WhichDate, choice: Option<DateChoice>) -> DateView {
    let value = choice.as_ref().map(|c| String::from(c.value.clone()));
    let precision = choice.as_ref().and_then(|c| c.value.known()).map(|d| Precision::of(d).word().to_owned());
    DateView {
        which: which.word().into(),
        value,
        precision,
        basis: choice.as_ref().and_then(|c| c.basis).map(|b| b.word().to_owned()),
        note: choice.and_then(|c| c.note).map(|n| n.into_inner()),
    }
}
