//! One custody event, and the only bytes that may stand for it.
//!
//! An event is a JSON object in RFC 8785 form. The bytes are what is hashed, stored and handed over; reading them back
//! and writing them again must give the same bytes, or they are refused.

use crate::hash::Hash;
use crate::strict::{self, MAX_INTEGER, StrictError};
use crate::term::{Code, Detail, Term};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use zapys_domain::{Action, Actor, CaseId, EntrySeq, Instant, ItemId, ProductionId};

/// Version of the event format that is written and read.
pub const VERSION: i64 = 1;
/// Most bytes an event may take: the length of an entry in a C2SP entry bundle is 16 bits wide.
pub const MAX_BYTES: usize = 65_535;
/// Most keys in `detail`.
pub const MAX_DETAIL: usize = 256;

/// What an event is about. Each subject has its own chain of events.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// The case as a whole. Text: `case:<ULID>`.
    Case(CaseId),
    /// One item. Text: `item:<ULID>`.
    Item(ItemId),
    /// One production. Text: `production:<ULID>`.
    Production(ProductionId),
}
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case(id) => write!(f, "case:{id}"),
            Self::Item(id) => write!(f, "item:{id}"),
            Self::Production(id) => write!(f, "production:{id}"),
        }
    }
}
impl FromStr for Subject {
    type Err = EventError;
    fn from_str(s: &str) -> Result<Self, EventError> {
        let bad = || EventError::Field { field: "subject" };
        let (sort, id) = s.split_once(':').ok_or_else(bad)?;
        let read = match sort {
            "case" => id.parse().map(Self::Case),
            "item" => id.parse().map(Self::Item),
            "production" => id.parse().map(Self::Production),
            _ => return Err(bad()),
        };
        read.map_err(|_| bad())
    }
}

/// Why bytes are no event, or an event cannot be written. Never repeats the bytes.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum EventError {
    /// The bytes are not strict JSON.
    #[error("the event is not strict JSON: {0}")]
    Json(#[from] StrictError),
    /// The bytes are JSON, but written in another way than RFC 8785 prescribes.
    #[error("the event is not in canonical form")]
    NotCanonical,
    /// An unknown version.
    #[error("the event has format version {found}, and version {VERSION} is known")]
    Version {
        /// What stands there; -1 where it is no integer.
        found: i64,
    },
    /// A field is missing, or holds what it may not.
    #[error("the field {field:?} of the event is missing or holds what it may not")]
    Field {
        /// Name of the field.
        field: &'static str,
    },
    /// A field that no event of this version has.
    #[error("the event has a field that version {VERSION} does not know")]
    UnknownField,
    /// Longer than an entry may be.
    #[error("the event takes {bytes} bytes, and {MAX_BYTES} is the most")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// One append-only fact: who did what to which subject, when, where, by what authority, what for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Place in the ledger.
    pub seq: EntrySeq,
    /// When it was recorded.
    pub time: Instant,
    /// Pseudonymous identifier of who acted.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// Place in the subject's own chain, counted from 0 without gaps.
    pub item_seq: u64,
    /// SHA-256 of the canonical bytes of the subject's previous event; `None` at its first.
    pub prev: Option<Hash>,
    /// Where.
    pub place: Term,
    /// By what authority.
    pub authority: Term,
    /// What for.
    pub purpose: Term,
    /// Unavoidable change to the evidence and its reason, or the code `none`.
    pub change: Term,
    /// Program and version that did it, e.g. `zapys/0.1.0`.
    pub tool: Code,
    /// Facts by name.
    pub detail: BTreeMap<Code, Detail>,
}

const FIELDS: [&str; 14] = [
    "v",
    "seq",
    "time",
    "actor",
    "action",
    "subject",
    "item_seq",
    "prev",
    "place",
    "authority",
    "purpose",
    "change",
    "tool",
    "detail",
];

impl Event {
    /// The bytes that stand for this event. Errors: [`EventError::Field`] where a value is out of its range (an actor that
    /// is no pseudonym, a sequence beyond 2^53 - 1), [`EventError::TooLong`].
    pub fn canonical(&self) -> Result<Vec<u8>, EventError> {
        for v in self.detail.values() {
            // A digest given as a code, or a code that reads as something else, would come back as another value.
            if Detail::read(&v.json()).as_ref() != Some(v) {
                return Err(EventError::Field { field: "detail" });
            }
        }
        self.written()
    }

    /// The bytes of an event whose detail reads back as it is. Errors as of [`Event::canonical`].
    fn written(&self) -> Result<Vec<u8>, EventError> {
        let sequence = |n: u64, field| i64::try_from(n).ok().filter(|n| *n <= MAX_INTEGER).ok_or(EventError::Field { field });
        let (seq, item_seq) = (sequence(self.seq.0, "seq")?, sequence(self.item_seq, "item_seq")?);
        if Actor::parse(&self.actor.id).is_none() {
            return Err(EventError::Field { field: "actor" });
        }
        let time = self.time.to_string();
        if !(0..=9999).contains(&self.time.utc().year()) || Instant::parse(&time) != Some(self.time) {
            return Err(EventError::Field { field: "time" });
        }
        if (self.item_seq == 0) != self.prev.is_none() {
            return Err(EventError::Field { field: "prev" });
        }
        if self.detail.len() > MAX_DETAIL {
            return Err(EventError::Field { field: "detail" });
        }
        let mut out = String::with_capacity(1024);
        self.write(&mut out, &time, seq, item_seq).map_err(|_| EventError::Field { field: "detail" })?;
        if out.len() > MAX_BYTES {
            return Err(EventError::TooLong { bytes: out.len() });
        }
        Ok(out.into_bytes())
    }

    /// RFC 8785 at once: fields in order of their names, and no text among them holds what JSON would write otherwise.
    fn write(&self, out: &mut String, time: &str, seq: i64, item_seq: i64) -> fmt::Result {
        use fmt::Write;
        let Self { actor, action, subject, place, authority, purpose, change, tool, .. } = self;
        let action = action.word();
        write!(out, r#"{{"action":"{action}","actor":"{}","authority":"{authority}","change":"{change}","detail":{{"#, actor.id)?;
        for (i, (key, fact)) in self.detail.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            match fact {
                Detail::Int(n) => write!(out, r#"{comma}"{key}":{n}"#)?,
                text => write!(out, r#"{comma}"{key}":"{text}""#)?,
            }
        }
        write!(out, r#"}},"item_seq":{item_seq},"place":"{place}","prev":"#)?;
        match &self.prev {
            Some(digest) => write!(out, r#""{digest}""#)?,
            None => out.push_str("null"),
        }
        write!(out, r#","purpose":"{purpose}","seq":{seq},"subject":"{subject}","time":"{time}","tool":"{tool}","v":{VERSION}}}"#)
    }

    /// Reads canonical bytes. Errors: [`EventError`]; whatever is accepted gives exactly these bytes when written again.
    pub fn parse(bytes: &[u8]) -> Result<Self, EventError> {
        let event = Self::reread(bytes)?;
        // What was just read needs no reading back to see that it reads back.
        if event.written()? != bytes {
            return Err(EventError::NotCanonical);
        }
        Ok(event)
    }

    /// Reads bytes that [`Event::parse`] accepted before: it does not write them again to compare, which is half of the work.
    /// Errors: [`EventError`], but never `NotCanonical`.
    pub fn reread(bytes: &[u8]) -> Result<Self, EventError> {
        if bytes.len() > MAX_BYTES {
            return Err(EventError::TooLong { bytes: bytes.len() });
        }
        let value = strict::parse(bytes)?;
        let Value::Object(o) = &value else { return Err(EventError::Field { field: "v" }) };
        match o.get("v").and_then(Value::as_i64) {
            Some(VERSION) => {}
            found => return Err(EventError::Version { found: found.unwrap_or(-1) }),
        }
        if o.keys().any(|k| !FIELDS.contains(&k.as_str())) {
            return Err(EventError::UnknownField);
        }
        let text = |field: &'static str| o.get(field).and_then(Value::as_str).ok_or(EventError::Field { field });
        let int = |field: &'static str| o.get(field).and_then(Value::as_u64).ok_or(EventError::Field { field });
        let term = |field: &'static str| text(field).and_then(|t| Term::parse(t).ok_or(EventError::Field { field }));
        let prev = match o.get("prev") {
            Some(Value::Null) => None,
            Some(Value::String(s)) => Some(Hash::parse_hex(s).ok_or(EventError::Field { field: "prev" })?),
            _ => return Err(EventError::Field { field: "prev" }),
        };
        let bad_detail = || EventError::Field { field: "detail" };
        let mut detail = BTreeMap::new();
        for (k, v) in o.get("detail").and_then(Value::as_object).ok_or_else(bad_detail)? {
            detail.insert(Code::parse(k).ok_or_else(bad_detail)?, Detail::read(v).ok_or_else(bad_detail)?);
        }
        Ok(Self {
            seq: EntrySeq(int("seq")?),
            time: Instant::parse(text("time")?).ok_or(EventError::Field { field: "time" })?,
            actor: Actor::parse(text("actor")?).ok_or(EventError::Field { field: "actor" })?,
            action: Action::parse(text("action")?).ok_or(EventError::Field { field: "action" })?,
            subject: text("subject")?.parse()?,
            item_seq: int("item_seq")?,
            prev,
            place: term("place")?,
            authority: term("authority")?,
            purpose: term("purpose")?,
            change: term("change")?,
            tool: Code::parse(text("tool")?).ok_or(EventError::Field { field: "tool" })?,
            detail,
        })
    }

    /// One fact of `detail`.
    pub fn fact(&self, name: &str) -> Option<&Detail> {
        self.detail.iter().find(|(k, _)| k.as_str() == name).map(|(_, v)| v)
    }

    /// Every commitment the event holds: the four terms first, then `detail` by name.
    pub fn commitments(&self) -> Vec<crate::Commitment> {
        let terms = [&self.place, &self.authority, &self.purpose, &self.change].into_iter().filter_map(|t| match t {
            Term::Commit(c) => Some(*c),
            Term::Code(_) => None,
        });
        let facts = self.detail.values().filter_map(|d| match d {
            Detail::Commit(c) => Some(*c),
            _ => None,
        });
        terms.chain(facts).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::commit::{Commitment, Salt};

    pub(crate) fn sample() -> Event {
        let c = Commitment::of(&Salt::from_bytes([1; 32]), &"sha256:00".into()).expect("text");
        Event {
            seq: EntrySeq(3),
            time: Instant::parse("2024-05-01T10:00:00.5Z").expect("time"),
            actor: Actor::owner(),
            action: Action::Imported,
            subject: Subject::Item("01J8ZQ4Y7N000000000000000A".parse().expect("ulid")),
            item_seq: 1,
            prev: Some(Hash::of(b"before")),
            place: Term::unknown(),
            authority: Term::Commit(c),
            purpose: Term::code("investigation").expect("code"),
            change: Term::none(),
            tool: Code::parse("zapys/0.1.0").expect("code"),
            detail: [
                (Code::parse("bytes").expect("code"), Detail::Int(42)),
                (Code::parse("object").expect("code"), Detail::Commit(c)),
                (Code::parse("derivation").expect("code"), Detail::Digest(Hash::of(b"key"))),
            ]
            .into(),
        }
    }

    #[test]
    fn an_event_reads_back_to_itself() {
        let e = sample();
        let bytes = e.canonical().expect("writes");
        assert_eq!(Event::parse(&bytes), Ok(e));
        let text = String::from_utf8(bytes).expect("utf-8");
        assert!(text.starts_with(r#"{"action":"imported","actor":"person:owner","authority":"commit:"#), "{text}");
        assert!(text.ends_with(r#""tool":"zapys/0.1.0","v":1}"#), "{text}");
    }

    #[test]
    fn r2_2_what_is_written_is_what_rfc_8785_prescribes() {
        let mut e = sample();
        for (i, name) in ["a", "Z", "a-b", "a.b", "a:b", "a/b", "a+b", "a_b", "0"].into_iter().enumerate() {
            e.detail.insert(Code::parse(name).expect("code"), Detail::Int(-(i as i64)));
        }
        let empty = Event { detail: BTreeMap::new(), prev: None, item_seq: 0, ..sample() };
        for e in [e, empty] {
            let bytes = e.canonical().expect("writes");
            let value: Value = serde_json::from_slice(&bytes).expect("json");
            assert_eq!(bytes, serde_json_canonicalizer::to_vec(&value).expect("writes"));
        }
    }

    #[test]
    fn r2_2_only_one_way_of_writing_is_read() {
        let good = String::from_utf8(sample().canonical().expect("writes")).expect("utf-8");
        let check = |from: &str, to: &str, want: EventError| {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            assert_eq!(Event::parse(bad.as_bytes()), Err(want), "{from} to {to}");
        };
        let field = |field| EventError::Field { field };
        check("{", "{ ", EventError::NotCanonical);
        check("imported", "\\u0069mported", EventError::NotCanonical);
        check(r#""v":1"#, r#""v":1,"v":1"#, EventError::Json(StrictError::DuplicateKey));
        check(r#""v":1"#, r#""v":2"#, EventError::Version { found: 2 });
        check(r#""v":1"#, r#""v":"1""#, EventError::Version { found: -1 });
        check(r#""bytes":42"#, r#""bytes":42.0"#, EventError::Json(StrictError::Number));
        check(r#""bytes":42"#, r#""bytes":[42]"#, field("detail"));
        check(r#""bytes":42"#, r#""bytes":"two words""#, field("detail"));
        check(r#""seq":3"#, r#""seq":-3"#, field("seq"));
        check("10:00:00.5Z", "10:00:00.50Z", EventError::NotCanonical);
        check("10:00:00.5Z", "12:00:00.5+02:00", EventError::NotCanonical);
        check("person:owner", "Person", field("actor"));
        check("imported", "guessed", field("action"));
        check("item:", "file:", field("subject"));
        check(r#""item_seq":1"#, r#""item_seq":0"#, field("prev"));
        check(r#""tool":"zapys/0.1.0","#, "", field("tool"));
        check(r#""v":1"#, r#""v":1,"w":1"#, EventError::UnknownField);
        assert_eq!(Event::parse(&vec![b' '; 65_536]), Err(EventError::TooLong { bytes: 65_536 }));
    }

    #[test]
    fn r1_22_no_custody_field_may_be_missing() {
        let good: Value = serde_json::from_slice(&sample().canonical().expect("writes")).expect("json");
        for field in FIELDS {
            let mut o = good.as_object().expect("object").clone();
            o.remove(field);
            let bytes = strict::canonical(&o.into()).expect("writes");
            assert!(Event::parse(&bytes).is_err(), "{field}");
        }
        let mut nameless = sample();
        nameless.actor.id = String::new();
        assert_eq!(nameless.canonical(), Err(EventError::Field { field: "actor" }));
    }

    #[test]
    fn r1_4_every_action_is_written_and_read() {
        for action in Action::ALL {
            let e = Event { action: *action, ..sample() };
            assert_eq!(Event::parse(&e.canonical().expect("writes")).map(|e| e.action), Ok(*action));
        }
    }

    #[test]
    fn an_event_beyond_the_entry_length_is_refused() {
        let mut e = sample();
        for i in 0..256 {
            let key = Code::parse(&format!("{:b>60}{i}", "")).expect("code");
            e.detail.insert(key, Detail::Digest(Hash::of(b"x")));
        }
        assert_eq!(e.canonical(), Err(EventError::Field { field: "detail" }));
    }
}
