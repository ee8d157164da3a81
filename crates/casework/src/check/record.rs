//! The rows of the record against the entries of the ledger that vouch for them, both ways: every row has its entry and is
//! what the entry committed to, and everything an entry speaks of is there.

use crate::Result;
use crate::check::marks::Marks;
use crate::error::CaseError;
use crate::handover::current;
use crate::open::Casework;
use crate::{facts, witness};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinHandle;
use zapys_domain::handover::{RecordBody, RecordKind, WhichDate};
use zapys_domain::provenance::Sensitivity;
use zapys_domain::{Action, Finding, ItemId, ObjectId};
use zapys_ledger::{Commitment, Detail, Event, Hash, Salt, Subject, Term};
use zapys_store::{DateBasis, DerivationState, Held, ItemDateRow, ObjectRow, Place, RecordRow};

/// Items that are read together.
const TOGETHER: u32 = 1000;

/// One entry with what its commitments hide.
struct Told {
    event: Event,
    /// By name: what each opens, and the value.
    openings: BTreeMap<String, (Commitment, Value)>,
}
impl Told {
    /// The committed value, where the entry commits to one of that name and its opening is there and opens it.
    fn opened(&self, name: &str) -> Option<&Value> {
        let commitment = match name {
            "authority" => match &self.event.authority {
                Term::Commit(c) => c,
                Term::Code(_) => return None,
            },
            _ => match self.event.fact(name)? {
                Detail::Commit(c) => c,
                _ => return None,
            },
        };
        self.openings.get(name).filter(|(c, _)| c == commitment).map(|(_, value)| value)
    }
    /// True where the entry commits to that very text under that name.
    fn vouches(&self, name: &str, text: &str) -> bool {
        self.opened(name).and_then(Value::as_str) == Some(text)
    }
    fn commits(&self, name: &str) -> bool {
        matches!(self.event.fact(name), Some(Detail::Commit(_)))
    }
    fn says(&self, name: &str) -> Option<String> {
        match self.event.fact(name)? {
            Detail::Code(c) => Some(c.as_str().to_owned()),
            Detail::Int(n) => Some(n.to_string()),
            Detail::Digest(d) => Some(d.hex()),
            _ => None,
        }
    }
    /// What is not opened although it is committed to.
    fn closed(&self) -> usize {
        let open = |c: &Commitment| self.openings.values().any(|(opens, _)| opens == c);
        self.event.commitments().iter().filter(|c| !open(c)).count()
    }
    /// Tells of the protection of its item.
    fn protects(&self) -> bool {
        Some(&self.event.purpose) == Term::code("protection").as_ref() && self.says("level").is_some()
    }
    fn seq(&self) -> u64 {
        self.event.seq.0
    }
}

impl Casework {
    /// The database itself is whole, its rules are those that zapys set, and its rows find what they refer to: what is amiss.
    pub(super) async fn verify_database(&self) -> Result<Vec<String>> {
        self.store.check().await?;
        let mut faults = Vec::new();
        for rule in self.store.rules_amiss().await? {
            faults.push(format!("the rule {rule} that keeps the record's history is not as zapys set it"));
        }
        for table in self.store.dangling().await? {
            faults.push(format!("{table} of the record has a gap, or refers to something that is not there"));
        }
        Ok(faults)
    }

    /// The record agrees with the ledger. `deep`: also what lists show of each item is what its derivatives say.
    pub(super) async fn verify_record(&self, mut marks: Marks, deep: bool, faults: &mut Vec<String>) -> Result<()> {
        self.verify_settings(&marks, faults).await?;
        self.verify_disposals(&marks, faults).await?;
        self.verify_families(faults).await?;
        let mut missing = std::mem::take(&mut marks.items);
        let mut seen = Seen::default();
        let mut ahead = self.read_on(None);
        loop {
            let page = ahead.await.map_err(|_| CaseError::Lost)??;
            let Some(last) = page.last() else { break };
            // The next items are read while these are looked at.
            ahead = self.read_on(Some(last.item.id));
            for held in &page {
                missing.remove(&held.item.id);
                if !marks.disposed.contains_key(&held.item.id) {
                    self.verify_item(held, deep, &mut seen, faults).await?;
                }
            }
        }
        for item in missing {
            faults.push(format!("item {item}, of which the ledger speaks, is not in the record"));
        }
        self.verify_object_rows(&marks, seen, faults).await?;
        self.verify_case_records(&marks, faults).await
    }

    fn read_on(&self, after: Option<ItemId>) -> JoinHandle<zapys_store::Result<Vec<Held>>> {
        let store = self.store.clone();
        tokio::spawn(async move { store.held_items(after, TOGETHER).await })
    }

    /// Rows of objects say what the items and derivations say that have them.
    async fn verify_object_rows(&self, marks: &Marks, mut seen: Seen, faults: &mut Vec<String>) -> Result<()> {
        let mut place = Place::default();
        loop {
            let (rows, next) = self.store.objects_from(&place, 4000).await?;
            if rows.is_empty() {
                break;
            }
            place = next;
            for row in rows {
                // Those of items that were disposed of are not looked into.
                if !seen.agrees(&row).unwrap_or(!marks.disposed.is_empty()) {
                    faults.push(format!("the row of object {} does not agree with what has it", row.id));
                }
            }
        }
        for object in seen.without_row() {
            let items = self.store.items_of(object).await?;
            faults.extend(items.iter().map(|id| format!("the original of item {id} is not in the record")));
            if items.is_empty() {
                faults.push(format!("object {object}, which a derivation gave, is not in the record"));
            }
        }
        Ok(())
    }

    async fn verify_item(&self, held: &Held, deep: bool, seen: &mut Seen, faults: &mut Vec<String>) -> Result<()> {
        let (row, id) = (&held.item, held.item.id);
        let told = told(held);
        if told.is_empty() {
            faults.push(format!("item {id} has no entry in the ledger"));
            return Ok(());
        }
        for t in told.iter().filter(|t| t.closed() > 0) {
            faults.push(format!("what entry {} about item {id} committed to is not what the record holds for it", t.seq()));
        }
        let noticed: Vec<Finding> = held.findings.iter().filter(|f| f.derivation.is_none()).map(|f| f.finding.clone()).collect();
        verify_intake(held, &told, &noticed, faults);
        seen.take(row.object, row.created.micros(), &row.media_type, Some(row.bytes));
        if !held.sorted_right {
            faults.push(format!("item {id} is not sorted as its title and dates say"));
        }
        self.verify_derivation_rows(held, &told, deep, seen, faults).await?;
        verify_standing(held, &told, faults);
        Ok(())
    }

    /// Every derivation is the one that its entry tells of, and none is missing.
    async fn verify_derivation_rows(
        &self,
        held: &Held,
        told: &[Told],
        deep: bool,
        seen: &mut Seen,
        faults: &mut Vec<String>,
    ) -> Result<()> {
        let (row, id, findings) = (&held.item, held.item.id, &held.findings);
        let made = |t: &&Told| t.event.action == Action::Transformed && t.says("derivation").is_some();
        let by_seq: BTreeMap<u64, &Told> = told.iter().filter(made).map(|t| (t.seq(), t)).collect();
        let mut missing: BTreeMap<String, u64> = by_seq.values().filter_map(|t| Some((t.says("derivation")?, t.seq()))).collect();
        let mut rows = held.derivations.clone();
        rows.sort_by_key(|d| d.entry);
        let mut shown = zapys_store::ItemFacts::default();
        for d in &rows {
            missing.remove(&d.key.hex());
            if let Some(output) = d.output {
                seen.take(output, d.finished.micros(), d.output_media_type.as_deref().unwrap_or_default(), None);
            }
            let Some(t) = by_seq.get(&d.entry.0) else {
                faults.push(format!("a derivation ({}) of item {id} has no entry in the ledger", d.kind));
                continue;
            };
            let done = d.state == DerivationState::Done;
            let noticed: Vec<Finding> =
                findings.iter().filter(|f| f.derivation == Some(d.key)).map(|f| f.finding.clone()).collect();
            // That a later run gave another result is noticed later, and added.
            let n: usize = t.says("findings").and_then(|n| n.parse().ok()).unwrap_or(noticed.len());
            let runs = by_seq.values().filter(|o| o.says("derivation") == t.says("derivation")).count();
            let mut holds = t.says("derivation") == Some(d.key.hex())
                && t.says("kind").as_deref() == Some(d.kind.word())
                && t.says("result").as_deref() == Some(d.state.word())
                && (!done || d.output.is_some_and(|o| t.vouches("output", &o.to_string())))
                && noticed.len() >= n
                && noticed.len() - n < runs;
            if t.commits(witness::FIELD) {
                holds &= t.vouches(witness::FIELD, &witness::derivation(d, noticed.get(..n).unwrap_or_default()));
            }
            if !holds {
                faults.push(format!(
                    "the derivation ({}) of item {id} or what it noticed is not what entry {} committed to",
                    d.kind,
                    t.seq()
                ));
            }
            if let Some(output) = d.output.filter(|_| deep && d.output_media_type.as_deref() == Some("application/json")) {
                // An object that is gone or changed is told of where objects are re-read.
                if let Ok(document) = self.read_object(output).await {
                    facts::take_in(&mut shown, d.kind, &document);
                }
            }
        }
        let keys: BTreeSet<_> = rows.iter().map(|d| d.key).collect();
        if findings.iter().filter_map(|f| f.derivation).any(|key| !keys.contains(&key)) {
            faults.push(format!("item {id} has findings that no derivation of it made"));
        }
        for seq in missing.values() {
            faults.push(format!("the derivation of item {id} that entry {seq} tells of is not in the record"));
        }
        if deep {
            shown.n_findings = row.facts.n_findings;
            let (languages, flags) = self.store.listed(id).await?;
            let flagged: BTreeMap<String, u64> = shown.flags.clone().into_iter().filter(|(_, n)| *n > 0).collect();
            if shown != row.facts || languages != shown.languages.iter().cloned().collect() || flags != flagged {
                faults.push(format!("what lists show of item {id} is not what its derivatives say; nothing else is affected"));
            }
        }
        Ok(())
    }

    async fn verify_families(&self, faults: &mut Vec<String>) -> Result<()> {
        let all = current(self.store.records_of_kind(RecordKind::Family).await?);
        let expected = crate::handover::families(&all);
        let mut families: BTreeMap<_, BTreeSet<ItemId>> = BTreeMap::new();
        for (item, family) in expected {
            families.entry(family).or_default().insert(item);
        }
        for (family, items) in &families {
            if self.store.family(*family).await?.into_iter().collect::<BTreeSet<_>>() != *items {
                faults.push(format!("the family that record {family} began has other members than were put on record"));
            }
        }
        Ok(())
    }

    async fn verify_case_records(&self, marks: &Marks, faults: &mut Vec<String>) -> Result<()> {
        let rows = self.store.records_of_case().await?;
        let mut told = Vec::new();
        for event in &marks.of_case {
            let openings = self.store.openings(event.seq).await?;
            told.push(Told { openings: openings.iter().filter_map(opening).collect(), event: event.clone() });
        }
        for t in told.iter().filter(|t| t.closed() > 0) {
            faults.push(format!("what entry {} committed to is not what the record holds for it", t.seq()));
        }
        verify_record_rows(&told, &rows, faults);
        // What the file of the case says is what was said when it was made.
        match told.first().filter(|t| t.event.action == Action::Opened && t.seq() == 0) {
            Some(opened)
                if opened.vouches("name", &self.card().name)
                    && opened.event.subject == Subject::Case(self.id())
                    && (opened.event.time.micros() - self.created().micros()).abs() < MOMENT => {}
            _ => faults.push("the file of the case does not say what the first entry of the ledger says".into()),
        }
        let checked = told.iter().rev().find(|t| t.event.action == Action::Verified && t.commits(witness::FIELD));
        if let (Some(t), last) = (checked, self.store.setting(super::LAST).await?)
            && !last.is_some_and(|text| t.vouches(witness::FIELD, &witness::setting(&text)))
        {
            faults.push("what the last verification found is not what the ledger tells of it".into());
        }
        Ok(())
    }

    /// Only what the ledger says was disposed of is left out of verification.
    async fn verify_disposals(&self, marks: &Marks, faults: &mut Vec<String>) -> Result<()> {
        let mut same = true;
        let mut rows = BTreeMap::new();
        for (item, entry, actor, at) in self.store.disposals().await? {
            let event = self.store.entry(entry).await?;
            same &= event.is_some_and(|e| e.at == at && e.actor == actor && e.item == Some(item));
            rows.insert(item, entry.0);
        }
        if !same || rows != marks.disposed {
            faults.push("the items on record as disposed of are not those that the ledger tells of".into());
        }
        let mut gone = BTreeSet::new();
        for object in self.store.disposed_objects().await? {
            let of: BTreeSet<ItemId> = self.store.items_of(object).await?.into_iter().collect();
            let derived = self.store.derived_to(object).await?;
            if of.iter().chain(&derived).any(|item| !marks.disposed.contains_key(item)) {
                gone.insert(object);
            }
        }
        for object in gone {
            faults.push(format!("object {object} is on record as disposed of, and items that were not need it"));
        }
        Ok(())
    }
}

/// What an opening opens, and its value, by its name. `None` where the value could not have been committed to.
fn opening(o: &zapys_store::Opening) -> Option<(String, (Commitment, Value))> {
    let commitment = Commitment::of(&Salt::from_bytes(o.salt), &o.value).ok()?;
    Some((o.field.clone(), (commitment, o.value.clone())))
}

/// The entries of an item with what they hide.
fn told(held: &Held) -> Vec<Told> {
    let mut openings: BTreeMap<u64, BTreeMap<String, (Commitment, Value)>> = BTreeMap::new();
    for o in &held.openings {
        openings.entry(o.seq.0).or_default().extend(opening(o));
    }
    // An entry that is none, or not what its digest says, is told of where the ledger is walked, which reads every one in full.
    let same = held.entries.iter().filter(|e| *Hash::of(e.canonical.as_bytes()).as_bytes() == e.digest);
    let events = same.filter_map(|e| Event::reread(e.canonical.as_bytes()).ok());
    events.map(|event| Told { openings: openings.remove(&event.seq.0).unwrap_or_default(), event }).collect()
}

/// The item and its acquisitions are those that were taken in.
fn verify_intake(held: &Held, told: &[Told], noticed: &[Finding], faults: &mut Vec<String>) {
    let (row, id) = (&held.item, held.item.id);
    let intake = |t: &&Told| {
        matches!(t.event.action, Action::Imported | Action::Received) && t.says("method").is_some() && t.commits("object")
    };
    let mut open: BTreeMap<u64, &Told> = told.iter().filter(intake).map(|t| (t.seq(), t)).collect();
    let n_unpacked: usize =
        told.iter().filter(|t| t.event.action == Action::Copied).filter_map(|t| t.says("findings")?.parse::<usize>().ok()).sum();
    let at_intake = noticed.len().saturating_sub(n_unpacked);
    for (i, a) in held.acquisitions.iter().enumerate() {
        let Some(t) = open.remove(&a.entry.0) else {
            faults.push(format!("acquisition {} of item {id} has no entry in the ledger", a.id));
            continue;
        };
        let path = a.path.as_ref().map(|p| p.reveal().as_str()).unwrap_or_default();
        let mut holds = t.vouches("object", &a.object.to_string())
            && t.vouches("path", path)
            && t.says("method").as_deref() == Some(a.method.word())
            && t.event.actor == a.actor
            && a.object == row.object
            && a.provenance.source.as_ref().is_none_or(|s| t.vouches("source", s.reveal()));
        if t.commits(witness::FIELD) {
            let fresh = t.event.action == Action::Imported;
            let item = fresh.then(|| witness::item(row));
            let noticed = if i == 0 { noticed.get(..at_intake).unwrap_or_default() } else { &[] };
            holds &= t.vouches(witness::FIELD, &witness::acquisition(a, item.as_ref(), noticed));
        }
        if !holds {
            faults.push(format!(
                "item {id}, its acquisition {} or what was noticed then is not what entry {} committed to",
                a.id,
                t.seq()
            ));
        }
    }
    for seq in open.keys() {
        faults.push(format!("the acquisition of item {id} that entry {seq} tells of is not in the record"));
    }
    for t in told.iter().filter(|t| t.event.action == Action::Copied && t.commits(witness::FIELD)) {
        if !t.vouches(witness::FIELD, &witness::findings(noticed.get(at_intake..).unwrap_or_default())) {
            faults.push(format!("what was noticed while item {id} was unpacked is not what entry {} committed to", t.seq()));
        }
    }
}

/// Records are those that were put on record, and what follows from them, and protection, is what follows.
fn verify_standing(held: &Held, told: &[Told], faults: &mut Vec<String>) {
    let (row, id) = (&held.item, held.item.id);
    verify_record_rows(told, &held.records, faults);
    let records = current(held.records.clone());
    let mut dates: BTreeMap<WhichDate, ItemDateRow> = BTreeMap::new();
    for body in records.iter().filter_map(|r| r.body.as_ref()) {
        let RecordBody::Date(d) = body else { continue };
        for (which, choice) in d.choices() {
            dates.insert(which, ItemDateRow { which, value: choice.value.clone(), basis: choice.basis });
        }
    }
    let first = held.acquisitions.first().map(|a| a.provenance.clone()).unwrap_or_default();
    let kept: BTreeMap<WhichDate, ItemDateRow> = held.dates.iter().map(|d| (d.which, d.clone())).collect();
    let recorded = match dates.get(&WhichDate::Recorded) {
        Some(d) => (d.value.known().cloned(), d.basis),
        None => (first.recorded.clone(), first.recorded.as_ref().map(|_| DateBasis::Stated)),
    };
    let published = match dates.get(&WhichDate::Published) {
        Some(d) => d.value.known().cloned(),
        None => first.published.clone(),
    };
    if kept != dates
        || recorded != (row.details.recorded.clone(), row.details.recorded_basis)
        || published != row.details.published
    {
        faults.push(format!("the dates of item {id} are not those that were said at intake and put on record"));
    }
    let excerpt = records.iter().rev().find_map(|r| match &r.body {
        Some(RecordBody::Excerpt(e)) => Some((e.parent(), e.span_ms())),
        _ => None,
    });
    if held.excerpt.map(|e| (e.parent, e.span_ms)) != excerpt {
        faults.push(format!("item {id} is not the excerpt that was put on record"));
    }
    // The entry of the newest change: of the item itself, of its protection, or of its dates.
    let changes = told.iter().filter(|t| {
        t.event.action == Action::Imported
            || t.says("level").is_some()
            || (t.says("kind").as_deref() == Some(RecordKind::Date.word()) && t.says("record").is_some())
    });
    let mut changes: Vec<u64> = changes.map(Told::seq).collect();
    changes.retain(|seq| *seq >= told.iter().filter(|t| t.protects()).map(Told::seq).max().unwrap_or(0));
    if !changes.contains(&row.entry.0) {
        faults.push(format!("item {id} names an entry that did not change it"));
    }
    let level = told.iter().rev().filter(|t| t.protects());
    let level = level.filter_map(|t| Sensitivity::parse(&t.says("level")?)).next();
    if row.details.sensitivity != level.unwrap_or(first.sensitivity.unwrap_or(Sensitivity::Internal)) {
        faults.push(format!("the protection of item {id} is not the one that the ledger tells of"));
    }
}

/// Records of one item, or of the case as a whole, against its entries.
fn verify_record_rows(told: &[Told], rows: &[RecordRow], faults: &mut Vec<String>) {
    let said = |t: &&Told| t.event.purpose == Term::code("record").unwrap_or(Term::none()) && t.says("record").is_some();
    let by_seq: BTreeMap<u64, &Told> = told.iter().filter(said).map(|t| (t.seq(), t)).collect();
    let mut missing: BTreeMap<String, u64> = by_seq
        .values()
        // A tie stands in the custody of every member, and is a record of the first.
        .filter(|t| t.commits("statement") || t.says("corrects").is_some())
        .filter_map(|t| Some((t.says("record")?, t.seq())))
        .collect();
    for r in rows {
        missing.remove(&r.id.to_string());
        let holds = by_seq.get(&r.entry.0).is_some_and(|t| {
            t.says("record") == Some(r.id.to_string())
                && t.says("kind").as_deref() == Some(r.kind.word())
                && t.says("corrects") == r.corrects.map(|c| c.to_string())
                && t.event.actor == r.actor
                && match &r.body {
                    Some(body) => t.opened("statement") == Some(&body.value()),
                    None => !t.commits("statement"),
                }
                && r.because.as_ref().is_none_or(|b| t.vouches("because", b.reveal()))
                && t.event.time == r.at
        });
        if !holds {
            faults.push(format!("record {} is not what its entry committed to", r.id));
        }
    }
    for (record, seq) in missing {
        faults.push(format!("record {record}, of which entry {seq} tells, is not there"));
    }
}

/// When each object was first had, as what, and how long it is. There is one for each object of the
/// case, so it is small.
#[derive(Default)]
struct Seen {
    /// Media types by number.
    types: Vec<String>,
    objects: BTreeMap<ObjectId, One>,
    /// Further types of objects that were had as several things.
    more: BTreeSet<(ObjectId, u16)>,
}
#[derive(Clone, Copy)]
struct One {
    first: i64,
    bytes: Option<u64>,
    media_type: u16,
    /// Its row was met.
    kept: bool,
}
impl Seen {
    fn take(&mut self, object: ObjectId, at: i64, media_type: &str, bytes: Option<u64>) {
        let number = self.types.iter().position(|t| t == media_type).unwrap_or_else(|| {
            self.types.push(media_type.to_owned());
            self.types.len() - 1
        });
        // There are far fewer media types; should there ever be more, the last number stands for all of them.
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        let one = self.objects.entry(object).or_insert(One { first: at, bytes, media_type: number, kept: false });
        one.first = one.first.min(at);
        one.bytes = one.bytes.or(bytes);
        if one.media_type != number {
            self.more.insert((object, number));
        }
    }
    /// Whether the row agrees; `None` where nothing was seen that has it.
    fn agrees(&mut self, row: &ObjectRow) -> Option<bool> {
        let one = self.objects.get_mut(&row.id)?;
        one.kept = true;
        let number = self.types.iter().position(|t| *t == row.media_type).map(|n| u16::try_from(n).unwrap_or(u16::MAX));
        let typed = number.is_some_and(|n| one.media_type == n || self.more.contains(&(row.id, n)));
        Some(one.first == row.first_seen.micros() && typed && one.bytes.is_none_or(|b| b == row.bytes))
    }
    /// Objects that something has and no row was met of.
    fn without_row(&self) -> Vec<ObjectId> {
        self.objects.iter().filter(|(_, one)| !one.kept).map(|(id, _)| *id).collect()
    }
}

/// Between a record and its entry lies less than this; microseconds.
pub(super) const MOMENT: i64 = 60_000_000;
