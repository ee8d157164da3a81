//! Every requirement is tried twice: where the record has what it asks for, and where one thing of it is missing.

use super::requirements::ALL;
use super::*;
use serde_json::{Value, json};
use zapys_domain::handover::{RecordBody, RecordKind};
use zapys_domain::provenance::Provenance;
use zapys_domain::{AcquisitionId, DerivationKey, EngineIdentity, EntrySeq, Lang, ObjectId, Private, RecordId};
use zapys_store::{DateBasis, DerivationState, ItemDetails, ItemFacts, ItemStatus, Method, RecordRow, WorkCounts};

fn ulid<T: std::str::FromStr<Err: std::fmt::Debug>>(n: u64) -> T {
    ulid::Ulid::from_parts(n, u128::from(n)).to_string().parse().expect("a ULID")
}
fn at(n: i64) -> Instant {
    Instant::from_seconds(1_700_000_000 + n)
}

/// An item of a kind, taken in by one event, about which nobody has said anything.
fn bare(kind: ItemKind) -> Gathered {
    let object = ObjectId::of(b"bytes");
    let row = ItemRow {
        id: ulid(1),
        kind,
        media_type: "audio/wav".into(),
        format: "wav".into(),
        object,
        bytes: 5,
        parent: None,
        member_path: None,
        details: ItemDetails::default(),
        created: at(0),
        collected: None,
        entry: EntrySeq(0),
        facts: ItemFacts { languages: vec![Lang::parse("ru").expect("a tag")], ..Default::default() },
        n_acquisitions: 1,
        work: WorkCounts::default(),
    };
    let acquisition = AcquisitionRow {
        id: AcquisitionId::new(ulid::Ulid::from_parts(2, 2)),
        item: row.id,
        object,
        actor: zapys_domain::Actor::owner(),
        at: at(0),
        method: Method::File,
        path: None,
        provenance: Provenance::default(),
        entry: EntrySeq(0),
    };
    let entry = EntryRow {
        seq: EntrySeq(0),
        item: Some(row.id),
        item_seq: Some(0),
        at: at(0),
        actor: zapys_domain::Actor::owner(),
        action: zapys_domain::Action::Imported,
        canonical: "{}".into(),
        leaf: [0; 32],
        digest: [0; 32],
    };
    Gathered {
        row,
        acquisitions: vec![acquisition],
        derivations: Vec::new(),
        entries: vec![entry],
        standing: Standing::default(),
        case: Standing::default(),
        translated_by_people: None,
        n_revisions: 0,
        protections: vec![Sensitivity::Internal],
        web: None,
        call_fields: None,
        verified: None,
    }
}
fn recording() -> Gathered {
    bare(ItemKind::Recording)
}

fn standing(records: &[(&str, Value)]) -> Standing {
    let rows = records.iter().enumerate().map(|(n, (kind, body))| {
        let kind = RecordKind::parse(kind).expect("a kind");
        RecordRow {
            id: ulid::<RecordId>(n as u64 + 100),
            item: Some(ulid(1)),
            kind,
            actor: zapys_domain::Actor::owner(),
            at: at(n as i64),
            body: Some(RecordBody::read(kind, body.clone()).unwrap_or_else(|e| panic!("{e}"))),
            corrects: None,
            because: None,
            entry: EntrySeq(n as u64),
        }
    });
    Standing::of(rows.collect())
}
fn with(records: &[(&str, Value)]) -> Gathered {
    Gathered { standing: standing(records), ..recording() }
}

fn derivation(kind: DerivativeKind, name: &str) -> DerivationRow {
    let engine = EngineIdentity {
        name: name.into(),
        version: "1".into(),
        model: Some("m".into()),
        model_sha256: Some("00".repeat(32)),
        binary_sha256: Some("11".repeat(32)),
    };
    let params = json!({"to": "en"});
    DerivationRow {
        key: DerivationKey::of(&[ObjectId::of(b"bytes")], &engine, &params),
        item: ulid(1),
        kind,
        engine,
        params,
        inputs: vec![ObjectId::of(b"bytes")],
        state: DerivationState::Done,
        output: Some(ObjectId::of(name.as_bytes())),
        output_media_type: Some("application/json".into()),
        started: at(1),
        finished: at(2),
        elapsed_ms: 1000,
        failure: None,
        entry: EntrySeq(1),
    }
}
fn derived(kind: DerivativeKind) -> Gathered {
    Gathered { derivations: vec![derivation(kind, "engine")], ..recording() }
}

/// What a requirement finds, as the first letters of its status.
fn look(number: &str, g: &Gathered) -> &'static str {
    let r = ALL.iter().find(|r| r.number == number).unwrap_or_else(|| panic!("{number} is not looked at"));
    match (r.look)(g) {
        Outcome::Met(_) => "met",
        Outcome::Missing(_) => "missing",
        Outcome::NotApplicable(_) => "not-applicable",
    }
}
#[track_caller]
fn check(number: &str, met: &Gathered, lacking: &[Gathered]) {
    assert_eq!(look(number, met), "met", "{number}");
    assert!(!lacking.is_empty(), "{number}");
    for (i, g) in lacking.iter().enumerate() {
        assert_eq!(look(number, g), "missing", "{number}, case {i}");
    }
}

/// An object without one of its fields, one after the other.
fn each_without(whole: &Value) -> Vec<Value> {
    let fields = whole.as_object().expect("an object");
    let without = |name: &String| {
        let mut o = fields.clone();
        o.remove(name);
        Value::Object(o)
    };
    fields.keys().map(without).collect()
}

#[test]
fn every_requirement_is_met_and_missed() {
    // R1.1
    check("R1.1", &with(&[("phase", json!({"phase": "collection"}))]), &[recording()]);
    // R1.2: each field of a derivation in turn.
    let spoil: [fn(&mut DerivationRow); 8] = [
        |d| d.inputs.clear(),
        |d| d.engine.name.clear(),
        |d| d.engine.version.clear(),
        |d| d.engine.binary_sha256 = None,
        |d| d.engine.model_sha256 = None,
        |d| d.params = Value::Null,
        |d| d.output = None,
        |d| d.finished = at(0),
    ];
    let spoiled = spoil.map(|spoil| {
        let mut g = derived(DerivativeKind::Transcript);
        spoil(&mut g.derivations[0]);
        g
    });
    check("R1.2", &derived(DerivativeKind::Transcript), &spoiled);
    let inside = Gathered { derivations: vec![derivation(DerivativeKind::Text, "html")], ..bare(ItemKind::Article) };
    let mut no_binary = inside.clone();
    (no_binary.derivations[0].engine.binary_sha256, no_binary.derivations[0].engine.model) = (None, None);
    no_binary.derivations[0].engine.model_sha256 = None;
    assert_eq!(look("R1.2", &no_binary), "met", "a reader inside the program has no binary of its own");
    // R1.3: address, source, full page.
    let web = |url: bool, source, full_page| Gathered {
        web: Some(WebParts { url: url.then(|| Private::new("https://example.org".into())), source, full_page }),
        ..bare(ItemKind::Article)
    };
    check("R1.3", &web(true, true, true), &[web(false, true, true), web(true, false, true), web(true, true, false)]);
    assert_eq!(look("R1.3", &recording()), "not-applicable");
    // R1.4
    check("R1.4", &recording(), &[Gathered { entries: Vec::new(), ..recording() }]);
    // R1.9: what the type does not keep by itself.
    let cut = |full: &str| {
        let parent = ulid::<ItemId>(9).to_string();
        with(&[(
            "excerpt",
            json!({"parent": parent, "start_ms": 0, "end_ms": 9, "extracted_by": "person:a", "reason": "r", "full_available": full}),
        )])
    };
    check("R1.9", &cut("no"), &[cut("unknown")]);
    assert_eq!(look("R1.9", &recording()), "not-applicable");
    // R1.10
    let apart = Gathered { protections: vec![Sensitivity::Internal, Sensitivity::Sealed], ..recording() };
    check("R1.10", &derived(DerivativeKind::Transcript), &[apart]);
    // R1.11: machine translation that nobody reviewed is never met.
    let mut reviewed = derived(DerivativeKind::Translation);
    reviewed.row.details.status = ItemStatus::Verified;
    let spoil: [fn(&mut Gathered); 4] = [
        |g| g.row.details.status = ItemStatus::Unverified,
        |g| g.derivations[0].params = json!({}),
        |g| g.row.facts.languages.clear(),
        |g| g.derivations[0].engine.model_sha256 = None,
    ];
    let spoiled = spoil.map(|spoil| {
        let mut g = reviewed.clone();
        spoil(&mut g);
        g
    });
    check("R1.11", &reviewed, &spoiled);
    let by_people = Gathered { translated_by_people: Some("en".into()), ..spoiled[0].clone() };
    check("R1.11", &by_people, &spoiled);
    // R1.12: unknown is an answer, silence is none.
    let unknown = json!({"value": "unknown"});
    let said = json!({"recorded": {"value": "2022", "basis": "stated"}, "published": unknown, "collected": unknown, "place": "unknown", "author": "unknown", "source": "a channel"});
    let lacking: Vec<Gathered> = each_without(&said).into_iter().map(|d| with(&[("date", d)])).collect();
    check("R1.12", &with(&[("date", said)]), &lacking);
    // R1.13
    let mut dated = recording();
    (dated.row.details.recorded, dated.row.details.recorded_basis) =
        (zapys_domain::edtf::Edtf::parse("2022"), Some(DateBasis::Embedded));
    check("R1.13", &dated, &[recording(), with(&[("date", json!({"recorded": {"value": "unknown"}}))])]);
    // R1.14
    let whole = json!({"intercepted_by": "a service", "authority": "an order", "equipment": "a receiver", "target": "a frequency",
        "operator_place": "a place", "logbook": "p. 4", "notes_made": "yes", "notes_after_min": 5, "shortcomings": "none known"});
    let lacking: Vec<Gathered> =
        each_without(&whole).into_iter().map(|i| with(&[("interception", i)])).chain([recording()]).collect();
    check("R1.14", &with(&[("interception", whole)]), &lacking);
    assert_eq!(look("R1.14", &with(&[("interception", json!({"intercepted": "no"}))])), "not-applicable");
    // R1.16
    check("R1.16", &derived(DerivativeKind::Transcript), &[recording()]);
    // R1.18
    let columns = ["b_number", "start_local", "direction", "duration_s", "imei", "cell_start", "cell_end"];
    let table = |without: Option<&str>| Gathered {
        call_fields: Some(columns.iter().filter(|c| Some(**c) != without).map(|c| (*c).to_owned()).collect()),
        ..bare(ItemKind::CallRecords)
    };
    let lacking: Vec<Gathered> = columns.iter().map(|c| table(Some(c))).chain([bare(ItemKind::CallRecords)]).collect();
    check("R1.18", &table(None), &lacking);
    // R1.19
    let basis = json!({"basis": "court-order", "text": "order 7", "document": ObjectId::of(b"order").to_string()});
    let intake = |basis: Value| with(&[("intake", json!({"legal_basis": basis}))]);
    let lacking: Vec<Gathered> = each_without(&basis).into_iter().map(intake).chain([recording()]).collect();
    check("R1.19", &intake(basis), &lacking);
    assert_eq!(look("R1.19", &bare(ItemKind::Photo)), "not-applicable");
    // R1.28: a refusal is a decision too.
    check("R1.28", &with(&[("ethics", json!({"decision": "refused", "person": "p-1"}))]), &[recording()]);
    // R1.29
    let whole =
        json!({"sought": "the call", "place": "a place", "when": "2022", "by": "person:a", "not_obtained": "the logbook"});
    let lacking: Vec<Gathered> = each_without(&whole).into_iter().map(|e| with(&[("effort", e)])).chain([recording()]).collect();
    check("R1.29", &with(&[("effort", whole.clone())]), &lacking);
    let of_case = Gathered { case: standing(&[("effort", whole)]), ..recording() };
    assert_eq!(look("R1.29", &of_case), "met", "an effort is often about the whole case");
    // R1.31
    let whole = json!({"what": "renamed", "effect": "none", "remedy": "named back", "by": "person:a"});
    let lacking: Vec<Gathered> =
        each_without(&whole).into_iter().skip(1).map(|m| with(&[("error", m)])).chain([recording()]).collect();
    check("R1.31", &with(&[("error", whole)]), &lacking);
    assert_eq!(look("R1.31", &with(&[("error", json!({"none_known": true}))])), "met");
    // R1.32
    check("R1.32", &derived(DerivativeKind::Probe), &[recording()]);
    // R1.33
    let answers = json!({"cropped": "no", "converted": "no", "recompressed": "unknown"});
    let told = |answers: Value, shortcomings: bool| {
        let mut all = vec![("intake", answers)];
        if shortcomings {
            all.push(("interception", json!({"shortcomings": "none known"})));
        }
        with(&all)
    };
    let mut lacking: Vec<Gathered> = each_without(&answers).into_iter().map(|a| told(a, true)).collect();
    lacking.push(told(answers.clone(), false));
    check("R1.33", &told(answers, true), &lacking);
    // R1.34: re-read after the newest derivative, and nothing bad.
    let read = |when: Option<i64>, bad| Gathered { verified: when.map(|w| (at(w), bad)), ..derived(DerivativeKind::Translation) };
    check("R1.34", &read(Some(9), false), &[read(None, false), read(Some(9), true), read(Some(1), false)]);
    // R1.35: a copy beside the original, and what was done to it.
    let spoil: [fn(&mut Gathered); 5] = [
        |g| g.derivations[0].output = None,
        |g| g.derivations[0].output = Some(g.row.object),
        |g| g.derivations[0].inputs = vec![ObjectId::of(b"something else")],
        |g| g.derivations[0].engine.name.clear(),
        |g| g.derivations[0].params = Value::Null,
    ];
    let spoiled = spoil.map(|spoil| {
        let mut g = derived(DerivativeKind::Enhanced);
        spoil(&mut g);
        g
    });
    check("R1.35", &derived(DerivativeKind::Enhanced), &spoiled);
    assert_eq!(look("R1.35", &derived(DerivativeKind::Proxy)), "not-applicable");
}

#[test]
fn every_requirement_of_the_table_is_tried_above() {
    let tried = include_str!("tests.rs");
    for r in ALL {
        assert!(tried.contains(&format!("check(\"{}\"", r.number)), "{} is not tried", r.number);
        assert!(!r.title.to_lowercase().contains("complian"), "{}", r.number);
    }
    for standard in Standard::ALL {
        assert!(ALL.iter().any(|r| r.standard == *standard), "{standard}");
    }
}

#[test]
fn newer_answers_stand_over_older_ones_and_corrected_ones_do_not_count() {
    let s = standing(&[
        ("intake", json!({"cropped": "unknown", "who": "a clerk", "legal_basis": {"text": "order 7"}})),
        ("intake", json!({"cropped": "no", "legal_basis": {"basis": "court-order"}})),
    ]);
    let intake = s.intake.expect("answers");
    assert_eq!(intake.cropped.map(|a| a.word()), Some("no"));
    assert!(intake.who.is_some(), "what the newer record does not speak of stays");
    let basis = intake.legal_basis.expect("a basis");
    assert!(basis.basis.is_some() && basis.text.is_some());
}
