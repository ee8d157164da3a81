//! What people put on record about an item: its phase, how it was acquired and intercepted, what it was cut from, what
//! belongs together, its dates, errors, consent, legal hold.
//!
//! A record is somebody's word at a time. It is never changed: a correction is another record that names the one it
//! corrects, and a record that is taken back is corrected by nothing. What follows from the records of an item is computed
//! from those that nobody has corrected.

mod bodies;

pub use bodies::*;

use crate::revision::Revision;
use crate::{Fault, FaultKind, ItemId, Private, words};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Most people that can be said to speak in one recording.
pub const MAX_SPEAKERS: u16 = 50;
/// Longest text of a record, in characters: longer ones are documents and come in as items.
pub const MAX_TEXT: usize = 20_000;

words! {
    /// What a record is about.
    RecordKind {
        /// Phase of the Berkeley Protocol that an item has entered (R1.1).
        Phase = "phase",
        /// The questions of intake, and the legal basis of the acquisition (R1.19).
        Intake = "intake",
        /// How a call was intercepted (R1.14).
        Interception = "interception",
        /// What an item was cut from (R1.9).
        Excerpt = "excerpt",
        /// Items that are kept and protected as one (R1.10).
        Family = "family",
        /// When it was recorded, published, collected; where and by whom (R1.12).
        Date = "date",
        /// Who may see the item and its family.
        Protection = "protection",
        /// A mistake in handling, its effect and its remedy (R1.31).
        Error = "error",
        /// What was sought and what was not obtained (R1.29).
        Effort = "effort",
        /// Consent or ethics decision, refusals too (R1.28).
        Ethics = "ethics",
        /// Legal hold: set or released.
        Hold = "hold",
        /// The originator is a party to the conflict (R1.42).
        Party = "party",
        /// How many people speak on a shared channel.
        Speakers = "speakers",
        /// Whether two voices are one person's, in somebody's view (R1.14, R1.43).
        Voice = "voice",
        /// What somebody made of a machine's transcript.
        Revision = "revision",
        /// What a word means in this case (R1.40).
        Term = "term",
        /// What segments mean in another language, in somebody's words (R1.11).
        Translation = "translation",
    }
}
impl RecordKind {
    /// True where such a record speaks of one item or more; the others may also speak of the case as a whole.
    pub fn needs_item(self) -> bool {
        !matches!(self, Self::Error | Self::Effort | Self::Ethics | Self::Party | Self::Term)
    }
    /// True where such a record speaks of the case as a whole and never of an item.
    pub fn of_case_alone(self) -> bool {
        self == Self::Term
    }
}

/// Why something is no record. Never repeats what was typed.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum BadRecord {
    /// Not the fields of this kind.
    #[error("this is no {kind} record: {what}")]
    Shape {
        /// What it was to be.
        kind: RecordKind,
        /// Which field, and what it may hold.
        what: String,
    },
    /// The fields contradict one another, or none says anything.
    #[error("the {kind} record does not hold: {why}")]
    Rule {
        /// What it was to be.
        kind: RecordKind,
        /// What is wrong.
        why: &'static str,
    },
}
impl Fault for BadRecord {
    fn kind(&self) -> FaultKind {
        FaultKind::Usage
    }
    fn hint(&self) -> String {
        let (Self::Shape { kind, .. } | Self::Rule { kind, .. }) = self;
        match kind {
            RecordKind::Term => "`zapys glossary add --help` tells what each field means.".into(),
            RecordKind::Translation => "`zapys translation add --help` tells what each field means.".into(),
            _ => format!("`zapys record {kind} --help` tells what each field means."),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Shape { .. } => "bad-record",
            Self::Rule { .. } => "record-rule",
        }
    }
}

macro_rules! bodies {
    ($($kind:ident($body:ty)),+ $(,)?) => {
        /// The words of one record.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum RecordBody { $($kind($body)),+ }
        impl RecordBody {
            /// What it is about.
            pub fn kind(&self) -> RecordKind { match self { $(Self::$kind(_) => RecordKind::$kind),+ } }
            /// As JSON, without the kind.
            pub fn value(&self) -> Value {
                let value = match self { $(Self::$kind(b) => serde_json::to_value(b)),+ };
                value.expect("a record is texts, numbers and lists under fixed names, and those serialise")
            }
            /// Reads a record of a kind and checks its rules. Errors: [`BadRecord`].
            pub fn read(kind: RecordKind, value: Value) -> Result<Self, BadRecord> {
                let body = match kind { $(RecordKind::$kind => Self::$kind(shape(kind, value)?)),+ };
                body.check()?;
                Ok(body)
            }
        }
    };
}
bodies! {
    Phase(PhaseChange),
    Intake(IntakeAnswers),
    Interception(Interception),
    Excerpt(Excerpt),
    Family(FamilyTie),
    Date(Dates),
    Protection(Protection),
    Error(Mistake),
    Effort(Effort),
    Ethics(EthicsDecision),
    Hold(Hold),
    Party(PartyOrigin),
    Speakers(SpeakerCount),
    Voice(VoiceComparison),
    Revision(Revision),
    Term(Term),
    Translation(HumanTranslation),
}

impl RecordBody {
    /// Checks the rules that the types alone do not keep. Errors: [`BadRecord::Rule`].
    pub fn check(&self) -> Result<(), BadRecord> {
        let kind = self.kind();
        let rule = |holds: bool, why| if holds { Ok(()) } else { Err(BadRecord::Rule { kind, why }) };
        let value = self.value();
        rule(texts_fit(&value), "a text is empty or longer than 20 000 characters")?;
        rule(value.as_object().is_some_and(|o| !o.is_empty()), "it says nothing")?;
        match self {
            Self::Date(d) => d.choices().iter().try_for_each(|(_, c)| {
                rule(
                    (c.value == DateValue::Unknown) == c.basis.is_none(),
                    "a known date needs a basis, and an unknown one has none",
                )
            }),
            Self::Speakers(s) => rule((1..=MAX_SPEAKERS).contains(&s.number), "between one and fifty people can be told apart"),
            Self::Family(f) => rule(f.leaves == f.with.is_empty(), "name the other members, or say that the item leaves"),
            Self::Term(t) => rule(
                t.can_be_found(),
                "a term, each other word for it and its rendering are one line of at most 200 characters, the words hold a letter or digit, and there are at most 50 other words",
            ),
            Self::Translation(t) => rule(t.is_in_order(), "name the language, and each segment once"),
            Self::Error(m) => rule(
                m.none_known == (m.what.is_none() && m.effect.is_none() && m.remedy.is_none() && m.by.is_none())
                    && (m.none_known || m.what.is_some()),
                "say what went wrong, or that no error is known, and not both",
            ),
            _ => Ok(()),
        }
    }
    /// Other items that the record names.
    pub fn names(&self) -> Vec<ItemId> {
        match self {
            Self::Excerpt(e) => vec![e.parent()],
            Self::Family(f) => f.with.clone(),
            Self::Voice(v) => vec![v.with],
            _ => Vec::new(),
        }
    }
}

fn shape<T: DeserializeOwned>(kind: RecordKind, value: Value) -> Result<T, BadRecord> {
    let value = match value {
        // A field that says nothing is a field that is not there.
        Value::Object(fields) => Value::Object(fields.into_iter().filter(|(_, v)| !v.is_null()).collect()),
        _ => return Err(BadRecord::Shape { kind, what: "an object with fields is expected".into() }),
    };
    serde_json::from_value(value).map_err(|e| BadRecord::Shape { kind, what: told(&e.to_string()) })
}

/// What the reader of JSON complains about, without the value that was typed: it may be a name.
fn told(complaint: &str) -> String {
    if complaint.starts_with("unknown field") || complaint.starts_with("missing field") {
        return complaint.to_owned();
    }
    match complaint.find("expected") {
        Some(at) if complaint.starts_with("unknown variant") || complaint.starts_with("invalid type") => {
            format!("a field holds what it may not; {}", &complaint[at..])
        }
        _ => {
            "a field holds what it may not: dates are EDTF (2022-03, 2022-03-1X) or `unknown`, identifiers and digests are whole"
                .into()
        }
    }
}

/// Every text is there and of bearable length.
fn texts_fit(value: &Value) -> bool {
    match value {
        Value::String(s) => !s.trim().is_empty() && s.chars().count() <= MAX_TEXT,
        Value::Array(all) => all.iter().all(texts_fit),
        Value::Object(all) => all.values().all(texts_fit),
        _ => true,
    }
}

/// A text of somebody's own.
pub type Text = Private<String>;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(kind: &str, value: Value) -> Result<RecordBody, BadRecord> {
        RecordBody::read(RecordKind::parse(kind).expect("a kind"), value)
    }

    #[test]
    fn every_kind_reads_what_it_writes() {
        let item = "01J8ZQ4Y7N000000000000000A";
        for (kind, value) in [
            ("phase", json!({"phase": "collection", "note": "by hand"})),
            (
                "intake",
                json!({"who": "a clerk", "when": "2022-03", "cropped": "no", "legal_basis": {"basis": "court-order", "text": "order 7"}}),
            ),
            ("interception", json!({"intercepted_by": "a service", "notes_made": "yes", "notes_after_min": 20})),
            (
                "excerpt",
                json!({"parent": item, "start_ms": 1000, "end_ms": 2000, "extracted_by": "person:a", "reason": "the passage", "full_available": "yes"}),
            ),
            ("family", json!({"with": [item]})),
            ("family", json!({"leaves": true})),
            (
                "date",
                json!({"recorded": {"value": "2022-03-1X", "basis": "stated"}, "published": {"value": "unknown"}, "place": "a town"}),
            ),
            ("protection", json!({"level": "sealed", "reason": "names a minor"})),
            ("error", json!({"what": "copied twice", "effect": "none", "remedy": "none needed", "by": "person:a"})),
            ("error", json!({"none_known": true})),
            ("effort", json!({"sought": "the whole call", "not_obtained": "it was not handed over"})),
            ("ethics", json!({"decision": "refused", "person": "p-7"})),
            ("hold", json!({"state": "set", "authority": "order 9", "reason": "trial"})),
            ("party", json!({"party": "a service of one side", "selection": "unknown"})),
            ("speakers", json!({"number": 2})),
            (
                "voice",
                json!({"speaker": "A", "with": item, "with_speaker": "B", "same": "yes", "familiarity": "worked with him for years", "score": 930, "tool": "voice-prints 1"}),
            ),
            (
                "translation",
                json!({"base": format!("sha256:{}", "07".repeat(32)), "language": "en", "lines": [
                    {"segment": "s1", "of": "їдьте", "text": "go", "note": "or: drive"}, {"segment": "s2", "of": "так"}
                ]}),
            ),
            (
                "term",
                json!({"term": "двохсотий", "sort": "slang", "meaning": "a dead man", "also": ["вантаж двісті"], "rendering": "killed", "basis": "witness 4"}),
            ),
        ] {
            let body = read(kind, value.clone()).unwrap_or_else(|e| panic!("{kind}: {e}"));
            assert_eq!((body.kind().word(), body.value()), (kind, value), "{kind}");
        }
    }

    #[test]
    fn n11_r1_9_no_excerpt_without_its_whole_and_a_span() {
        let whole = json!({"parent": "01J8ZQ4Y7N000000000000000A", "start_ms": 5, "end_ms": 6, "extracted_by": "person:a", "reason": "r", "full_available": "no"});
        assert!(read("excerpt", whole.clone()).is_ok());
        for field in ["parent", "start_ms", "end_ms", "extracted_by", "reason", "full_available"] {
            let mut o = whole.as_object().expect("object").clone();
            o.remove(field);
            assert!(read("excerpt", o.into()).is_err(), "{field}");
        }
        for (start, end) in [(6, 6), (7, 6)] {
            let mut o = whole.clone();
            (o["start_ms"], o["end_ms"]) = (start.into(), end.into());
            assert!(read("excerpt", o).is_err(), "{start} to {end}");
        }
    }

    #[test]
    fn r1_12_a_date_has_a_basis_and_unknown_has_none() {
        assert!(read("date", json!({"recorded": {"value": "2022"}})).is_err());
        assert!(read("date", json!({"recorded": {"value": "unknown", "basis": "stated"}})).is_err());
        assert!(read("date", json!({"recorded": {"value": "14.03.2022", "basis": "stated"}})).is_err());
        assert!(read("date", json!({})).is_err());
    }

    #[test]
    fn r1_40_a_term_can_be_looked_for() {
        let term =
            |term: &str, also: Vec<String>| read("term", json!({"term": term, "sort": "cipher", "meaning": "m", "also": also}));
        assert!(term("300", vec!["трёхсотый".into()]).is_ok());
        assert!(term("?!", Vec::new()).is_err());
        assert!(term(&"а".repeat(201), Vec::new()).is_err());
        assert!(term("кіт", vec!["-".into()]).is_err());
        assert!(term("кіт", vec!["кот".into(); 51]).is_err());
    }

    #[test]
    fn what_was_typed_is_never_repeated() {
        for value in [
            json!({"decision": "Taras Bilyk", "person": "p"}),
            json!({"decision": 7, "person": "p"}),
            json!("Taras Bilyk"),
            json!({"decision": "given", "person": "p", "when": "Taras Bilyk"}),
        ] {
            let e = read("ethics", value).expect_err("no decision");
            assert!(!e.to_string().contains("Bilyk") && !e.hint().contains("Bilyk"), "{e}");
        }
        assert!(read("ethics", json!({"decision": "given", "person": " "})).is_err());
        assert!(
            read("phase", json!({"phase": "collection", "nonsense": 1})).expect_err("field").to_string().contains("nonsense")
        );
    }
}
