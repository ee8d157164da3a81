//! Appending: a draft becomes an entry at the head of the log.
//!
//! The caller keeps the record: it hands in the subject's previous event and the present moment, and stores the entry and
//! the new frontier in one transaction.

use crate::event::{Event, EventError, Subject};
use crate::hash::Hash;
use crate::term::{Code, Detail, Term};
use crate::tree::Frontier;
use std::collections::BTreeMap;
use zapys_domain::{Action, Actor, CaseId, EntrySeq, Instant};

/// An act that is to be recorded; sequence, time and chain are added on appending.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct Draft {
    pub actor: Actor,
    pub action: Action,
    pub subject: Subject,
    pub place: Term,
    pub authority: Term,
    pub purpose: Term,
    pub change: Term,
    pub tool: Code,
    pub detail: BTreeMap<Code, Detail>,
}
impl Draft {
    /// An act with `place`, `authority` and `purpose` unknown and no change to the evidence.
    pub fn new(actor: Actor, action: Action, subject: Subject, tool: Code) -> Self {
        Self {
            actor,
            action,
            subject,
            place: Term::unknown(),
            authority: Term::unknown(),
            purpose: Term::unknown(),
            change: Term::none(),
            tool,
            detail: BTreeMap::new(),
        }
    }
    /// Adds a fact. `name` is a word of our own, written in the program: panics where it is no [`Code`].
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Detail>) -> Self {
        self.detail.insert(Code::parse(name).expect("fact names are codes written in the program"), value.into());
        self
    }
}

/// The last event of a subject's chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Previous {
    /// Its place in the chain.
    pub item_seq: u64,
    /// SHA-256 of its canonical bytes.
    pub digest: Hash,
}

/// An event sealed in the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Place in the ledger.
    pub seq: EntrySeq,
    /// The event.
    pub event: Event,
    /// Its bytes: what is stored and handed over.
    pub canonical: Vec<u8>,
    /// SHA-256 of the bytes: `prev` of the subject's next event.
    pub digest: Hash,
    /// Leaf hash in the Merkle log.
    pub leaf: Hash,
}
impl Entry {
    /// Takes up stored bytes. Errors: [`EventError`].
    pub fn parse(canonical: Vec<u8>) -> Result<Self, EventError> {
        let event = Event::parse(&canonical)?;
        Ok(Self { seq: event.seq, digest: Hash::of(&canonical), leaf: Hash::leaf(&canonical), event, canonical })
    }
    /// What the subject's next event follows.
    pub fn previous(&self) -> Previous {
        Previous { item_seq: self.event.item_seq, digest: self.digest }
    }
}

/// Why nothing was appended; the log is as before.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum AppendError {
    /// The event cannot be written.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The clock is behind the last event: append [`clock_anomaly`] first.
    #[error("the clock stands {behind_ms} ms before the last entry of the ledger")]
    ClockBackwards {
        /// By how much, in milliseconds, rounded up.
        behind_ms: i64,
    },
}

/// The head of a log: all that appending needs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    frontier: Frontier,
    last_time: Option<Instant>,
}
impl Log {
    /// A log without entries.
    pub fn new() -> Self {
        Self::default()
    }
    /// Goes on with a stored log. `last_time`: time of its last event.
    pub fn resume(frontier: Frontier, last_time: Option<Instant>) -> Self {
        Self { frontier, last_time }
    }
    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }
    /// Root over all entries.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }
    /// The right edge, to be stored with the entry.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }
    /// Time of the last event.
    pub fn last_time(&self) -> Option<Instant> {
        self.last_time
    }
    /// Appends an act. `previous`: the last event about the same subject. Errors: [`AppendError`]; then nothing changed.
    pub fn append(&mut self, draft: Draft, previous: Option<Previous>, now: Instant) -> Result<Entry, AppendError> {
        if draft.action != Action::ClockAnomaly
            && let Some(behind_ms) = behind(self.last_time, now)
        {
            return Err(AppendError::ClockBackwards { behind_ms });
        }
        let event = Event {
            seq: EntrySeq(self.size()),
            time: now,
            actor: draft.actor,
            action: draft.action,
            subject: draft.subject,
            item_seq: previous.map_or(0, |p| p.item_seq + 1),
            prev: previous.map(|p| p.digest),
            place: draft.place,
            authority: draft.authority,
            purpose: draft.purpose,
            change: draft.change,
            tool: draft.tool,
            detail: draft.detail,
        };
        let canonical = event.canonical()?;
        let entry = Entry { seq: event.seq, digest: Hash::of(&canonical), leaf: Hash::leaf(&canonical), event, canonical };
        self.frontier.push(entry.leaf);
        self.last_time = Some(now);
        Ok(entry)
    }
}

/// What must be recorded first where the clock went backwards since the last event: an act of the program about the
/// case, with the fact `behind_ms`. `None` where the clock is in order.
pub fn clock_anomaly(case: CaseId, last: Option<Instant>, now: Instant, tool: Code) -> Option<Draft> {
    let behind_ms = behind(last, now)?;
    Some(Draft::new(Actor::worker(), Action::ClockAnomaly, Subject::Case(case), tool).with("behind_ms", Detail::Int(behind_ms)))
}

fn behind(last: Option<Instant>, now: Instant) -> Option<i64> {
    let micros = last?.micros().saturating_sub(now.micros());
    (micros > 0).then(|| (micros / 1000 + i64::from(micros % 1000 != 0)).min(crate::strict::MAX_INTEGER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(action: Action) -> Draft {
        let subject = Subject::Item("01J8ZQ4Y7N000000000000000A".parse().expect("ulid"));
        Draft::new(Actor::owner(), action, subject, Code::parse("zapys/0.1.0").expect("code"))
    }
    fn at(s: i64) -> Instant {
        Instant::from_seconds(1_700_000_000 + s)
    }

    #[test]
    fn entries_chain_by_subject_and_grow_the_log() {
        let mut log = Log::new();
        let a = log.append(draft(Action::Received), None, at(0)).expect("appends");
        let b = log.append(draft(Action::Hashed).with("bytes", Detail::Int(1)), Some(a.previous()), at(1)).expect("appends");
        assert_eq!((a.event.item_seq, a.event.prev, b.event.item_seq), (0, None, 1));
        assert_eq!(b.event.prev, Some(Hash::of(&a.canonical)));
        assert_eq!(log.root(), Hash::node(&Hash::leaf(&a.canonical), &Hash::leaf(&b.canonical)));
        assert_eq!(Entry::parse(b.canonical.clone()), Ok(b));
        let resumed = Log::resume(log.frontier().clone(), log.last_time());
        assert_eq!(resumed, log);
    }

    #[test]
    fn r2_2_a_clock_that_goes_backwards_is_recorded_before_anything_else() {
        let case = "01J8ZQ4Y7N000000000000000C".parse().expect("ulid");
        let tool = Code::parse("zapys/0.1.0").expect("code");
        let mut log = Log::new();
        let a = log.append(draft(Action::Received), None, at(10)).expect("appends");
        assert_eq!(clock_anomaly(case, log.last_time(), at(10), tool.clone()), None);
        assert_eq!(clock_anomaly(case, None, at(10), tool.clone()), None);
        let before = log.clone();
        let late = log.append(draft(Action::Hashed), Some(a.previous()), at(4));
        assert_eq!(late, Err(AppendError::ClockBackwards { behind_ms: 6000 }));
        assert_eq!(log, before);
        let anomaly = clock_anomaly(case, log.last_time(), at(4), tool).expect("the clock is behind");
        assert_eq!(anomaly.detail.values().collect::<Vec<_>>(), [&Detail::Int(6000)]);
        log.append(anomaly, None, at(4)).expect("appends");
        log.append(draft(Action::Hashed), Some(a.previous()), at(4)).expect("appends");
        assert_eq!(log.size(), 3);
    }
}
