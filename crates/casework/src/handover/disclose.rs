//! Records as a production carries them, what it must own up to, and what it must not carry.

use super::current;
use super::told::Standing;
use crate::Result;
use crate::open::Casework;
use crate::view::RefusalView;
use serde_json::Value;
use std::collections::BTreeSet;
use zapys_domain::handover::{
    Answer as Said, EthicsDecision, LegalGround, Mistake, RecordBody, RecordKind, TranslatedLine, WhichDate,
};
use zapys_domain::{DerivativeKind, ItemId, Private};
use zapys_dossier::extract::Parent;
use zapys_dossier::records::{
    Answer, CallTableNote, CaseRecords, Consent, Correction, DateRecord, Dispute, Effort, ErrorEntry, ExcerptOf, Family,
    Interception, LegalBasis, NoteMade, PhaseChange, Records, Rendered, TranslationNote, VoiceComparison,
};
use zapys_store::{DerivationRow, DerivationState, ItemRow, RecordRow};

type Text = Private<String>;

impl Casework {
    /// What people put on record about an item, as a production discloses it.
    pub async fn records_of(&self, item: ItemId) -> Result<Records> {
        let row = self.row(item).await?;
        let acquisitions = self.store.acquisitions(item).await?;
        let s = self.standing(item, &acquisitions).await?;
        let rows = self.store.records(item).await?;
        let derivations = self.store.derivations(item).await?;
        let done = |kind| derivations.iter().rev().find(|d| d.kind == kind && d.state == DerivationState::Done);
        let stated = acquisitions.iter().find_map(|a| a.provenance.legal_basis.clone());
        let web = self.web_parts(&row, &acquisitions).await?;
        let rendered = self.rendered_by_people(item, u64::MAX).await?;
        Ok(Records {
            phases: s.phases.iter().filter_map(phase).collect(),
            intake: intake(&s),
            capture: web.map(|w| w.capture()),
            excerpt: s.excerpt.as_ref().map(|e| ExcerptOf {
                parent: e.parent(),
                start_ms: e.span_ms().0,
                end_ms: e.span_ms().1,
                extracted_by: e.extracted_by().clone(),
                reason: e.reason().clone(),
                full_available: e.full_available() == Said::Yes,
            }),
            family: self.family_record(&row).await?,
            translations: [DerivativeKind::Translation, DerivativeKind::SecondTranslation]
                .into_iter()
                .filter_map(|kind| done(kind).map(|d| translation(&row, d, &rendered)))
                .collect(),
            dates: WhichDate::ALL.iter().filter_map(|w| date(*w, &s, &row)).collect(),
            stated: where_and_who(&s),
            interception: s.interception.as_ref().map(interception),
            comparisons: self.comparisons(item).await?,
            call_table: done(DerivativeKind::Calls).map(|d| CallTableNote {
                prepared_by: Some(engine(d)),
                method: Some(Private::new(
                    "read from the file as received, row by row; row number and row digest are kept".into(),
                )),
                ..Default::default()
            }),
            legal_basis: legal_basis(&s, stated),
            consents: s
                .ethics
                .iter()
                .map(|(r, e)| Consent {
                    person: e.person.reveal().clone(),
                    purpose: e.purpose.as_ref().map_or("not-stated".into(), |p| p.reveal().clone()),
                    identity: None,
                    decision: e.decision.word().into(),
                    at: r.at,
                    by: r.actor.clone(),
                })
                .collect(),
            corrections: corrections(&rows),
            errors: s.mistakes.iter().filter_map(mistake).collect(),
            notes: s.interception.as_ref().and_then(notes).into_iter().collect(),
            ..Default::default()
        })
    }

    /// What people made of its voices and those of other recordings, whichever of the two the record lies with.
    async fn comparisons(&self, item: ItemId) -> Result<Vec<VoiceComparison>> {
        let told = |r: RecordRow| {
            let (about, Some(RecordBody::Voice(v))) = (r.item?, r.body) else { return None };
            let (speaker, with, with_speaker) = match about == item {
                true => (v.speaker, v.with, v.with_speaker),
                false => (v.with_speaker, about, v.speaker),
            };
            (about == item || v.with == item).then(|| VoiceComparison {
                speaker,
                with,
                with_speaker,
                same: v.same.word().into(),
                familiarity: v.familiarity,
                confidence: v.confidence,
                note: v.note,
                score: v.score,
                tool: v.tool,
                by: r.actor,
                at: r.at,
            })
        };
        Ok(current(self.store.records_of_kind(RecordKind::Voice).await?).into_iter().filter_map(told).collect())
    }

    /// N11: the whole that an item was cut from, as a production must carry or name it.
    pub(crate) async fn excerpt_parent(&self, item: ItemId, chosen: &BTreeSet<ItemId>) -> Result<Option<Parent>> {
        let Some(e) = Standing::of(self.store.records(item).await?).excerpt else { return Ok(None) };
        let object = if chosen.contains(&e.parent()) { None } else { Some(self.row(e.parent()).await?.object) };
        let reason = Some(format!("cut by {}: {}", e.extracted_by().id, e.reason().reveal()));
        Ok(Some(Parent { item: e.parent(), object, span_ms: Some(e.span_ms()), reason }))
    }

    /// What is on record about the case as a whole, but for its glossary.
    pub async fn case_records(&self) -> Result<CaseRecords> {
        let s = Standing::of(self.store.records_of_case().await?);
        let effort = |r: &RecordRow| match &r.body {
            Some(RecordBody::Effort(e)) => Some(Effort {
                sought: e.sought.clone().unwrap_or_else(|| Private::new("not stated".into())),
                place: e.place.clone(),
                when: e.when.as_ref().and_then(|w| w.known().cloned()),
                not_obtained: e.not_obtained.clone(),
                by: Some(r.actor.clone()),
            }),
            _ => None,
        };
        Ok(CaseRecords {
            efforts: s.efforts.iter().filter_map(effort).collect(),
            errors: s.mistakes.iter().filter_map(mistake).collect(),
            terms: Vec::new(),
        })
    }

    async fn family_record(&self, row: &ItemRow) -> Result<Option<Family>> {
        let members = self.family(row.id).await?;
        if members.len() < 2 {
            return Ok(None);
        }
        // Excerpts are a family without anybody's naming it: the oldest member stands for the name.
        let name = match self.store.family_of(row.id).await? {
            Some(family) => family.to_string(),
            None => members.first().map(ItemId::to_string).unwrap_or_default(),
        };
        let protection = row.details.sensitivity.word().into();
        Ok(Some(Family { family: name, protection, members: members.into_iter().collect() }))
    }

    /// What may not leave: items about which consent was refused or withdrawn (R1.28, N10).
    pub async fn consent_refusals(&self, items: &[ItemId]) -> Result<Vec<RefusalView>> {
        let mut refused = Vec::new();
        for item in items {
            // What was cut from a recording, or belongs with it, speaks of the same people.
            let mut forbids = false;
            for member in self.family(*item).await? {
                let all = Standing::of(self.store.records(member).await?).ethics;
                // The newest word about each person and purpose counts.
                forbids |= all.iter().enumerate().any(|(i, (_, e))| {
                    let same = |later: &EthicsDecision| later.person == e.person && later.purpose == e.purpose;
                    e.decision.forbids() && all[i + 1..].iter().all(|(_, later)| !same(later))
                });
            }
            if forbids {
                refused.push(RefusalView {
                    gate: "consent".into(),
                    subject: item.to_string(),
                    reason: "consent was refused or withdrawn; leave the item out, or put a later decision on record".into(),
                });
            }
        }
        Ok(refused)
    }

    /// Items for which a date is neither known nor chosen to be unknown (R1.12), as refusals.
    pub async fn date_refusals(&self, items: &[ItemId]) -> Result<Vec<RefusalView>> {
        let mut refused = Vec::new();
        for item in items {
            let open = self.undated(*item).await?;
            if !open.is_empty() {
                let which: Vec<&str> = open.iter().map(|w| w.word()).collect();
                refused.push(RefusalView {
                    gate: "dates".into(),
                    subject: item.to_string(),
                    reason: format!(
                        "nobody said when it was {}, or that this is unknown; `zapys record date` says it, `--unknown-dates` chooses it",
                        which.join(", ")
                    ),
                });
            }
        }
        Ok(refused)
    }

    /// What a production of these items must own up to, one sentence each (R1.3, R1.12, R1.19, R1.42). What is seen
    /// from a single exhibit alone, the dossier says by itself (R1.13).
    pub async fn record_limitations(&self, items: &BTreeSet<ItemId>) -> Result<Vec<String>> {
        let mut limits = Vec::new();
        let mut undated = Vec::new();
        for item in items {
            let row = self.row(*item).await?;
            let acquisitions = self.store.acquisitions(*item).await?;
            let s = self.standing(*item, &acquisitions).await?;
            if !self.undated(*item).await?.is_empty() {
                undated.push(item.to_string());
            }
            if let Some(lacks) = self.web_parts(&row, &acquisitions).await?.and_then(|w| w.lacks()) {
                limits.push(format!("Item {item} is below the Berkeley minimum for what comes from the web: {lacks}."));
            }
            if crate::conform::needs_legal_basis(&row, &s) && s.legal_basis().is_none_or(|l| l.basis.is_none()) {
                limits.push(format!("Item {item}: no legal basis of its acquisition is on record by kind, text and document."));
            }
            if let Some(words) = s.words(&row) {
                limits.push(format!("Item {item}: {words}."));
            }
        }
        if !undated.is_empty() {
            limits.push(format!(
                "Nobody stated every date (recorded, published, collected), or chose \"unknown\", for: {}.",
                undated.join(", ")
            ));
        }
        Ok(limits)
    }
}

fn phase(r: &RecordRow) -> Option<PhaseChange> {
    let Some(RecordBody::Phase(p)) = &r.body else { return None };
    Some(PhaseChange { phase: p.phase.word().into(), at: r.at, actor: r.actor.clone(), reason: p.note.clone() })
}

fn intake(s: &Standing) -> Vec<Answer> {
    let Some(i) = &s.intake else { return Vec::new() };
    let word = |a: &Option<Said>, more: &Option<Text>| {
        let said = a.map(|a| a.word().to_owned());
        let more = more.as_ref().map(|t| t.reveal().clone());
        match (said, more) {
            (Some(said), Some(more)) => Some(Private::new(format!("{said}: {more}"))),
            (said, more) => said.or(more).map(Private::new),
        }
    };
    let when = i.when.clone().map(|w| Private::new(String::from(w)));
    [
        ("Who acquired it?", i.who.clone()),
        ("When?", when),
        ("Where?", i.place.clone()),
        ("How?", i.how.clone()),
        ("From whom?", i.from_whom.clone()),
        ("Why?", i.why.clone()),
        ("Is the original medium kept?", word(&i.medium_kept, &i.medium)),
        ("Cropped?", word(&i.cropped, &None)),
        ("Renamed?", word(&i.renamed, &None)),
        ("Converted?", word(&i.converted, &None)),
        ("Recompressed by a messenger?", word(&i.recompressed, &None)),
        ("What is known about such changes?", i.changes.clone()),
        ("Payment or promise?", word(&i.paid, &i.payment)),
        ("Privileged?", word(&i.privileged, &None)),
        ("Irregularly obtained?", word(&i.irregular, &i.irregularity)),
    ]
    .into_iter()
    .map(|(question, answer)| Answer { question: question.into(), answer, basis: None })
    .collect()
}

fn where_and_who(s: &Standing) -> Vec<Answer> {
    [("place", &s.dates.place), ("author", &s.dates.author), ("source", &s.dates.source)]
        .into_iter()
        .filter(|(_, a)| a.is_some())
        .map(|(q, a)| Answer { question: q.into(), answer: a.clone(), basis: None })
        .collect()
}

fn date(which: WhichDate, s: &Standing, row: &ItemRow) -> Option<DateRecord> {
    let choice = s.date(which, row)?;
    let basis = match (choice.basis, &choice.note) {
        (Some(basis), Some(note)) => format!("{basis}: {}", note.reveal()),
        (Some(basis), None) => basis.word().into(),
        (None, _) => "unknown was chosen".into(),
    };
    Some(DateRecord { which: which.word().into(), value: choice.value.known().cloned(), basis, readings: Vec::new() })
}

fn interception(i: &zapys_domain::handover::Interception) -> Interception {
    Interception {
        intercepted_by: i.intercepted_by.clone(),
        authority: i.authority.clone(),
        equipment: i.equipment.clone(),
        target: i.target.clone(),
        operator_place: i.operator_place.clone(),
        logbook: i.logbook.clone(),
        notes_then: i.notes.clone().or(i.notes_made.map(|a| Private::new(a.word().into()))),
        shortcomings: i.shortcomings.clone(),
        selection: i.selection.clone(),
    }
}

/// F2: notes, and how soon after the event they were made.
fn notes(i: &zapys_domain::handover::Interception) -> Option<NoteMade> {
    (i.notes_made == Some(Said::Yes)).then(|| NoteMade {
        text: i.notes.clone().unwrap_or_else(|| Private::new("notes were made".into())),
        after_s: i.notes_after_min.map(|m| m.saturating_mul(60)),
        by: None,
    })
}

fn legal_basis(s: &Standing, stated: Option<Text>) -> Option<LegalBasis> {
    let on_record = s.legal_basis();
    let text = on_record.and_then(|l| l.text.clone()).or(stated);
    if on_record.is_none() && text.is_none() {
        return None;
    }
    let basis = on_record.and_then(|l| l.basis).map_or("not-classified", LegalGround::word);
    Some(LegalBasis { basis: basis.into(), text, document: on_record.and_then(|l| l.document) })
}

fn mistake(r: &RecordRow) -> Option<ErrorEntry> {
    let Some(RecordBody::Error(Mistake { what: Some(what), effect, remedy, by, .. })) = &r.body else { return None };
    let unsaid = || Private::new("not stated".to_owned());
    let remedy = remedy.clone().unwrap_or_else(unsaid);
    let remedy = match by {
        Some(by) => Private::new(format!("{} (by {})", remedy.reveal(), by.reveal())),
        None => remedy,
    };
    Some(ErrorEntry { what: what.clone(), effect: effect.clone().unwrap_or_else(unsaid), remedy, by: r.actor.clone(), at: r.at })
}

fn engine(d: &DerivationRow) -> String {
    let model = d.engine.model.as_ref().map(|m| format!(", model {m}")).unwrap_or_default();
    format!("{} {}{model}", d.engine.name, d.engine.version)
}

/// `said`: what people say that segments mean; their notes are what is disputed.
fn translation(row: &ItemRow, d: &DerivationRow, said: &[Rendered]) -> TranslationNote {
    let from = row.facts.languages.first().unwrap_or(&row.details.lang);
    let to = d.params["to"].as_str().unwrap_or("und");
    let noted = Rendered::lines(said).into_iter().filter(|(r, _)| r.translation.language.as_str() == to);
    let dispute = |(r, l): (&Rendered, &TranslatedLine)| {
        Some(Dispute { segment: l.segment.clone(), by: r.by.clone(), note: l.note.clone()? })
    };
    TranslationNote {
        from: from.to_string(),
        to: to.into(),
        translator: engine(d),
        reviewer: None,
        disputes: noted.filter_map(dispute).collect(),
    }
}

/// Every change of what was once on record: what stood there, what stands there now, who and why.
fn corrections(rows: &[RecordRow]) -> Vec<Correction> {
    let words = |body: &Option<RecordBody>| body.as_ref().map(|b| Private::new(flat(&b.value())));
    rows.iter()
        .filter_map(|r| {
            let old = rows.iter().find(|o| Some(o.id) == r.corrects)?;
            Some(Correction {
                field: r.kind.word().into(),
                was: words(&old.body),
                is: words(&r.body),
                by: r.actor.clone(),
                at: r.at,
                reason: r.because.clone().unwrap_or_default(),
                entry: Some(r.entry.0),
            })
        })
        .collect()
}

/// `{"a": "x", "b": {"c": 1}}` as `a: x; b: (c: 1)`.
fn flat(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Object(o) => {
            let parts: Vec<String> = o
                .iter()
                .map(|(k, v)| if v.is_object() { format!("{k}: ({})", flat(v)) } else { format!("{k}: {}", flat(v)) })
                .collect();
            parts.join("; ")
        }
        Value::Array(a) => a.iter().map(flat).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
