//! Handing over knowledge: what people put on record about items and the case, and what follows from it.
//!
//! A record is written once, with its custody event, and never changed. A correction is a new record that names the one it
//! corrects, who and why; the old one stays visible. Dates, excerpts and families are made anew from the records that
//! nobody corrected, in the transaction that adds one. Words of people go into the ledger as salted commitments only.

mod kin;
mod told;
mod web;

mod disclose;

pub(crate) use kin::families;
pub(crate) use told::Standing;
pub use told::{DateView, ExcerptView, OnRecord, RecordView};
pub(crate) use web::WebParts;

use crate::Result;
use crate::custody::{Act, Ledger};
use crate::error::CaseError;
use crate::open::Casework;
use std::collections::BTreeSet;
use zapys_domain::handover::{BadRecord, DateValue, HoldState, RecordBody, RecordKind, WhichDate};
use zapys_domain::provenance::{Provenance, Sensitivity};
use zapys_domain::{Action, Actor, Fault, FaultKind, Finding, Instant, ItemId, ItemKind, Private, RecordId, Severity};
use zapys_store::{DateBasis, ExcerptRow, ItemDateRow, RecordRow, Tx};

/// So long after a look at an item, another look by the same person is not recorded again.
const SAME_LOOK: i64 = 3_600_000_000;

/// Why something was not put on record.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RecordError {
    #[error(transparent)]
    Bad(#[from] BadRecord),
    #[error("nobody is named who puts this on record")]
    NoActor,
    #[error("a {0} record is about an item, and none is named")]
    NeedsItem(RecordKind),
    #[error("a {0} record is about the case as a whole, and an item is named")]
    OfCaseAlone(RecordKind),
    #[error("no record of this case matches that id or beginning of one")]
    NoSuchRecord,
    #[error("several records of this case begin with that id")]
    AmbiguousRecord,
    #[error("the record to be corrected is a {is} record, not a {asked} record")]
    OtherKind { is: RecordKind, asked: RecordKind },
    #[error("the record to be corrected is about another item")]
    OtherItem,
    #[error("that record was corrected already")]
    CorrectedAlready,
    #[error("nothing says why the record is corrected")]
    NoReason,
    #[error("a protection record is not taken back")]
    ProtectionStays,
    #[error("the excerpt does not hold: {0}")]
    Excerpt(&'static str),
    #[error("the revision does not hold: {0}")]
    Revision(&'static str),
    #[error("the translation does not hold: {0}")]
    Translation(&'static str),
}
impl Fault for RecordError {
    fn kind(&self) -> FaultKind {
        FaultKind::Usage
    }
    fn hint(&self) -> String {
        match self {
            Self::Bad(e) => e.hint(),
            Self::NoActor => "Give a pseudonym such as person:a.".into(),
            Self::NeedsItem(kind) => format!("Name one item or more: `zapys record {kind} ITEM …`."),
            Self::OfCaseAlone(_) => "Leave the item out.".into(),
            Self::NoSuchRecord | Self::OtherKind { .. } | Self::OtherItem => {
                "`zapys record list` lists what is on record.".into()
            }
            Self::AmbiguousRecord => "Give more characters of the id.".into(),
            Self::CorrectedAlready => "Correct the newest record of the chain; `zapys record list` shows it.".into(),
            Self::NoReason => "Say why with --because.".into(),
            Self::ProtectionStays => "Put another level on record, with a reason.".into(),
            Self::Revision(_) | Self::Translation(_) => "`zapys transcript ITEM` shows the text as it stands.".into(),
            Self::Excerpt(_) => "Check the whole and the span; `zapys show ITEM` tells how long a recording is.".into(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Bad(e) => e.code(),
            Self::NoActor => "no-actor",
            Self::NeedsItem(_) => "needs-item",
            Self::OfCaseAlone(_) => "of-case-alone",
            Self::NoSuchRecord => "no-such-record",
            Self::AmbiguousRecord => "ambiguous",
            Self::OtherKind { .. } => "other-kind",
            Self::OtherItem => "other-item",
            Self::CorrectedAlready => "corrected-already",
            Self::NoReason => "no-reason",
            Self::ProtectionStays => "protection-stays",
            Self::Excerpt(_) => "bad-excerpt",
            Self::Revision(_) => "bad-revision",
            Self::Translation(_) => "bad-translation",
        }
    }
}

/// What is to be put on record.
#[derive(Clone, Debug)]
pub struct RecordRequest {
    /// What it is about.
    pub kind: RecordKind,
    /// Which items; empty for the case as a whole, or where a record is corrected.
    pub items: Vec<ItemId>,
    /// The words; `None` takes back what is corrected.
    pub body: Option<RecordBody>,
    /// The record that this one corrects.
    pub corrects: Option<RecordId>,
    /// Why.
    pub because: Option<String>,
}

impl Casework {
    /// Puts something on record, once for each item. Errors: `CaseError::Record`, `NoSuchItem`.
    pub async fn put_on_record(&self, actor: &Actor, request: RecordRequest) -> Result<Vec<RecordView>> {
        if Actor::parse(&actor.id).is_none() {
            return Err(RecordError::NoActor.into());
        }
        let RecordRequest { kind, mut items, mut body, corrects, because } = request;
        let because = because.map(|b| b.trim().to_owned()).filter(|b| !b.is_empty());
        if let Some(body) = &body {
            body.check().map_err(RecordError::from)?;
        }
        match corrects {
            None if body.is_none() => return Err(RecordError::NoSuchRecord.into()),
            None if kind.needs_item() && items.is_empty() => return Err(RecordError::NeedsItem(kind).into()),
            None if kind.of_case_alone() && !items.is_empty() => return Err(RecordError::OfCaseAlone(kind).into()),
            None => {}
            Some(old) => items = self.correctable(old, kind, &items, body.is_some(), because.is_some()).await?,
        }
        let mut seen = BTreeSet::new();
        items.retain(|i| seen.insert(*i));
        if let Some(RecordBody::Family(tie)) = body.as_mut()
            && !tie.leaves
            && !items.is_empty()
        {
            // One record ties all of them: it is about the first and names the others.
            tie.with.extend(items.drain(1..));
            let mut seen = BTreeSet::from([items[0]]);
            tie.with.retain(|i| seen.insert(*i));
            body.as_ref().map_or(Ok(()), RecordBody::check).map_err(RecordError::from)?;
        }
        for item in items.iter().chain(&body.iter().flat_map(RecordBody::names).collect::<Vec<_>>()) {
            self.row(*item).await?;
        }
        if let Some(RecordBody::Excerpt(e)) = &body {
            for item in &items {
                self.check_excerpt(*item, e).await?;
            }
        }
        if let Some(RecordBody::Revision(r)) = &body {
            for item in &items {
                self.check_revision(*item, r).await?;
            }
        }
        if let Some(RecordBody::Translation(t)) = &body {
            for item in &items {
                self.check_translation(*item, t).await?;
            }
        }
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let mut ids = Vec::new();
        let about: Vec<Option<ItemId>> = if items.is_empty() { vec![None] } else { items.iter().map(|i| Some(*i)).collect() };
        for item in about {
            let at = self.clock.now();
            let id = RecordId::new(self.ids.ulid(at));
            let act = self.record_act(actor, item, kind, id, body.as_ref(), corrects, because.as_deref())?;
            let entry = ledger.seal(self, &mut tx, act).await?;
            let row = RecordRow {
                id,
                item,
                kind,
                actor: actor.clone(),
                // The entry's own time, so that the row cannot say another.
                at: ledger.last_time(),
                body: body.clone(),
                corrects,
                because: corrects.and(because.clone()).map(Private::new),
                entry,
            };
            tx.add_record(&row).await?;
            self.follow(&mut tx, &mut ledger, actor, &row).await?;
            ids.push(id);
        }
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        if matches!(kind, RecordKind::Revision | RecordKind::Translation) {
            self.index_revised(&items).await;
        }
        let mut views = Vec::new();
        for id in ids {
            let row = self.store.record_at(id).await?.ok_or(CaseError::Inconsistent { what: "a record" })?;
            views.push(told::record_view(&row, None));
        }
        Ok(views)
    }

    /// The items that a correction is about.
    async fn correctable(
        &self,
        old: RecordId,
        kind: RecordKind,
        items: &[ItemId],
        says: bool,
        why: bool,
    ) -> Result<Vec<ItemId>, CaseError> {
        let old = self.store.record_at(old).await?.ok_or(RecordError::NoSuchRecord)?;
        if old.kind != kind {
            return Err(RecordError::OtherKind { is: old.kind, asked: kind }.into());
        }
        if items.iter().any(|i| Some(*i) != old.item) {
            return Err(RecordError::OtherItem.into());
        }
        if old.body.is_none() || self.store.corrected_by(old.id).await?.is_some() {
            return Err(RecordError::CorrectedAlready.into());
        }
        if !why {
            return Err(RecordError::NoReason.into());
        }
        if kind == RecordKind::Protection && !says {
            return Err(RecordError::ProtectionStays.into());
        }
        Ok(old.item.into_iter().collect())
    }

    /// The record that an id or the beginning of one names.
    pub async fn resolve_record(&self, text: &str) -> Result<(RecordId, RecordKind)> {
        match self.store.find_record(text.trim()).await {
            Ok(Some(row)) => Ok((row.id, row.kind)),
            Ok(None) => Err(RecordError::NoSuchRecord.into()),
            Err(zapys_store::StoreError::Ambiguous { .. }) => Err(RecordError::AmbiguousRecord.into()),
            Err(e) => Err(e.into()),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "private: one event, each part of which is named at the only call site")]
    fn record_act(
        &self,
        actor: &Actor,
        item: Option<ItemId>,
        kind: RecordKind,
        id: RecordId,
        body: Option<&RecordBody>,
        corrects: Option<RecordId>,
        because: Option<&str>,
    ) -> Result<Act> {
        let action = match (corrects, body) {
            (Some(_), _) => Action::Corrected,
            (None, Some(RecordBody::Hold(_))) => Action::LegalHold,
            (None, Some(RecordBody::Protection(p))) if p.level == Sensitivity::Sealed => Action::Sealed,
            (None, _) => Action::Recorded,
        };
        let act = match item {
            Some(item) => Act::item(actor, action, item),
            None => Act::case(self, actor, action),
        };
        let mut act = act.purpose("record").code("kind", kind.word()).code("record", &id.to_string());
        match body {
            Some(RecordBody::Phase(p)) => act = act.code("phase", p.phase.word()),
            Some(RecordBody::Revision(r)) => act = act.code("manner", r.manner.word()),
            Some(RecordBody::Voice(v)) => act = act.code("same", v.same.word()),
            Some(RecordBody::Translation(t)) => act = act.code("into", t.language.as_str()),
            Some(RecordBody::Hold(h)) => {
                act = act.code("state", h.state.word()).authority(Some(h.authority.reveal()))?;
            }
            Some(RecordBody::Protection(p)) => act = act.code("level", p.level.word()),
            Some(RecordBody::Intake(a)) => {
                let text = a.legal_basis.as_ref().and_then(|l| l.text.as_ref());
                act = act.authority(text.map(|t| t.reveal().as_str()))?;
            }
            _ => {}
        }
        if let Some(body) = body {
            act = act.commit("statement", body.value())?;
        }
        if let Some(old) = corrects {
            act = act.code("corrects", &old.to_string());
        }
        match because {
            Some(why) => act.commit("because", why.into()),
            None => Ok(act),
        }
    }

    /// Brings up to date what follows from the record that was just added.
    async fn follow(&self, tx: &mut Tx, ledger: &mut Ledger, actor: &Actor, new: &RecordRow) -> Result<()> {
        let Some(item) = new.item else { return Ok(()) };
        match new.kind {
            RecordKind::Date => self.follow_dates(tx, item, new).await,
            RecordKind::Excerpt => {
                let newest = current(tx.records(item).await?).into_iter().rev().find_map(|r| match r.body {
                    Some(RecordBody::Excerpt(e)) => Some(ExcerptRow { item, parent: e.parent(), span_ms: e.span_ms() }),
                    _ => None,
                });
                tx.set_excerpt(item, newest.as_ref()).await?;
                self.level_out(tx, ledger, actor, item).await
            }
            RecordKind::Family => {
                let all = current(tx.records_of_kind(RecordKind::Family).await?);
                tx.set_families(&kin::families(&all)).await?;
                let names = new.body.iter().flat_map(RecordBody::names);
                for member in names {
                    // The tie stands in the custody of every member, not only of the one that the record is about.
                    let act = Act::item(actor, Action::Recorded, member)
                        .purpose("record")
                        .code("kind", new.kind.word())
                        .code("record", &new.id.to_string());
                    ledger.seal(self, tx, act).await?;
                }
                self.level_out(tx, ledger, actor, item).await
            }
            RecordKind::Voice => {
                // It stands in the custody of the other recording too.
                for other in new.body.iter().flat_map(RecordBody::names) {
                    let act = Act::item(actor, Action::Recorded, other)
                        .purpose("record")
                        .code("kind", new.kind.word())
                        .code("record", &new.id.to_string());
                    ledger.seal(self, tx, act).await?;
                }
                Ok(())
            }
            RecordKind::Protection => match &new.body {
                Some(RecordBody::Protection(p)) => self.protect(tx, ledger, actor, item, p.level, true).await,
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    async fn follow_dates(&self, tx: &mut Tx, item: ItemId, new: &RecordRow) -> Result<()> {
        let records = current(tx.records(item).await?);
        let mut dates: Vec<ItemDateRow> = Vec::new();
        for body in records.iter().filter_map(|r| r.body.as_ref()) {
            let RecordBody::Date(d) = body else { continue };
            for (which, choice) in d.choices() {
                dates.retain(|row| row.which != which);
                dates.push(ItemDateRow { which, value: choice.value.clone(), basis: choice.basis });
            }
        }
        tx.set_item_dates(item, &dates).await?;
        // Lists sort by these two; where no record speaks of one, what was said at intake holds again.
        let row = tx.item(item).await?.ok_or(CaseError::NoSuchItem)?;
        let first = tx.acquisitions(item).await?.into_iter().next().map(|a| a.provenance).unwrap_or_default();
        let find = |which| dates.iter().find(|d| d.which == which);
        let mut details = row.details.clone();
        (details.recorded, details.recorded_basis) = match find(WhichDate::Recorded) {
            Some(d) => (d.value.known().cloned(), d.basis),
            None => (first.recorded.clone(), first.recorded.as_ref().map(|_| DateBasis::Stated)),
        };
        details.published = match find(WhichDate::Published) {
            Some(d) => d.value.known().cloned(),
            None => first.published,
        };
        if details != row.details {
            tx.change_item(item, &details, new.entry).await?;
        }
        Ok(())
    }

    /// R1.9: the whole has a media clock, the span lies on it, and no recording is cut from itself.
    async fn check_excerpt(&self, item: ItemId, e: &zapys_domain::handover::Excerpt) -> Result<()> {
        let refuse = |why| Err(CaseError::from(RecordError::Excerpt(why)));
        let whole = self.row(e.parent()).await?;
        if !matches!(whole.kind, ItemKind::Recording | ItemKind::Video) {
            return refuse("the whole is neither a recording nor a video, so it has no span in milliseconds");
        }
        // Decoders and containers disagree about the last instants of a file.
        if whole.facts.duration_ms.is_some_and(|ms| e.span_ms().1 > ms + 1000) {
            return refuse("the span ends after the whole does");
        }
        let mut above = Some(e.parent());
        while let Some(id) = above {
            if id == item {
                return refuse("an item is not cut from itself, nor from what was cut from it");
            }
            above = self.store.excerpt(id).await?.map(|x| x.parent);
        }
        Ok(())
    }

    /// Records that somebody looked at what an item holds, before it is shown (R1.4, R1.30). One event an hour for each
    /// person and item. Runs beside another process that writes: the event is one short transaction of its own. Where the
    /// record cannot be written, nothing is shown: a look that leaves no trace is not taken.
    pub async fn note_access(&self, actor: &Actor, item: ItemId, what: &'static str) -> Result<()> {
        let now = self.clock.now();
        let again = |last: Option<Instant>| last.is_some_and(|t| t <= now && now.micros() - t.micros() < SAME_LOOK);
        // Whoever listens first must not have seen words: the first look at them is an entry of its own.
        let first = what == crate::review::WORDS && !self.has_seen(actor, item).await?;
        if !first && again(self.store.last_access(item, actor).await?) {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        // Another window of the same person may have been quicker.
        let first = first && !tx.was_shown(item, actor, what).await?;
        if !first && again(tx.last_access(item, actor).await?) {
            return Ok(tx.rollback().await?);
        }
        let mut ledger = self.ledger(&mut tx).await?;
        let act = Act::item(actor, Action::Accessed, item).purpose("inspection").code("what", what);
        ledger.seal(self, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Every item of the case, in order of identifier.
    pub async fn every_item(&self) -> Result<Vec<ItemId>> {
        self.all_items().await
    }

    /// True where nothing about the item may be destroyed: the newest word about a legal hold is that it is set.
    pub async fn on_hold(&self, item: ItemId) -> Result<bool> {
        let newest = current(self.store.records(item).await?).into_iter().rev().find_map(|r| match r.body {
            Some(RecordBody::Hold(h)) => Some(h.state),
            _ => None,
        });
        Ok(newest == Some(HoldState::Set))
    }

    /// The person chose "unknown" for every date of these items that nobody has said anything about (R1.12). Returns for
    /// how many items there was something to choose.
    pub async fn choose_unknown_dates(&self, actor: &Actor, items: &[ItemId]) -> Result<u64> {
        let mut n = 0;
        for item in items {
            let open = self.undated(*item).await?;
            if open.is_empty() {
                continue;
            }
            let mut dates = zapys_domain::handover::Dates::default();
            for which in open {
                let unknown = zapys_domain::handover::DateChoice { value: DateValue::Unknown, basis: None, note: None };
                match which {
                    WhichDate::Recorded => dates.recorded = Some(unknown),
                    WhichDate::Published => dates.published = Some(unknown),
                    WhichDate::Collected => dates.collected = Some(unknown),
                }
            }
            let request = RecordRequest {
                kind: RecordKind::Date,
                items: vec![*item],
                body: Some(RecordBody::Date(dates)),
                corrects: None,
                because: None,
            };
            self.put_on_record(actor, request).await?;
            n += 1;
        }
        Ok(n)
    }

    /// The dates of an item that are neither known nor chosen to be unknown.
    pub(crate) async fn undated(&self, item: ItemId) -> Result<Vec<WhichDate>> {
        let row = self.row(item).await?;
        let said = self.store.item_dates(item).await?;
        let open = |which: &WhichDate| {
            let at_intake = match which {
                WhichDate::Recorded => row.details.recorded.is_some(),
                WhichDate::Published => row.details.published.is_some(),
                WhichDate::Collected => false,
            };
            !at_intake && said.iter().all(|d| d.which != *which)
        };
        Ok(WhichDate::ALL.iter().copied().filter(open).collect())
    }
}

/// The records that nobody corrected, in their order.
pub(crate) fn current(all: Vec<RecordRow>) -> Vec<RecordRow> {
    let corrected: BTreeSet<RecordId> = all.iter().filter_map(|r| r.corrects).collect();
    all.into_iter().filter(|r| r.body.is_some() && !corrected.contains(&r.id)).collect()
}

/// What intake warns about although it takes the file in: calls and call records need a legal basis (R1.19).
pub(crate) fn intake_findings(kind: ItemKind, provenance: &Provenance) -> Option<Finding> {
    let needs = matches!(kind, ItemKind::Recording | ItemKind::CallRecords) && provenance.legal_basis.is_none();
    needs.then(|| {
        Finding::whole(
            "no-legal-basis",
            Severity::Warning,
            "Nobody said on what legal basis this was acquired; intercepted calls and call records need one (`zapys record intake`).",
        )
    })
}
