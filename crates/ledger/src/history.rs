//! Which key signs the ledger at which size. The first key is handed over by people; every later one is named by an event.
//!
//! A key that is *rotated* names its successor itself: the checkpoint over that event is still signed by the old key, so
//! whoever trusts the old one is led to the new. A key that is lost or known to others cannot do that: the event that
//! *replaces* it commits to the last checkpoint, and the new key must be handed over anew.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::event::{Event, Subject};
use crate::hash::Hash;
use crate::key::{KeyError, KeyType, VerifierKey};
use crate::note::Note;
use crate::term::Detail;
use zapys_domain::Action;

/// Fact of an event that names a new key: its 32 bytes. The name of the key stays that of the log.
pub const PUBLIC_KEY: &str = "public_key";
/// Fact of an event that replaces a key: SHA-256 of the last checkpoint file.
pub const LAST_CHECKPOINT: &str = "last_checkpoint";
/// Fact of the same event: entries that checkpoint covers.
pub const LAST_SIZE: &str = "last_size";

/// Why an event does not name a key as it must.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum HistoryError {
    /// The event lacks what it must hold, or is not about the case.
    #[error("entry {seq} changes the key of the ledger without naming the new one")]
    Event {
        /// Which.
        seq: u64,
    },
    /// The key is none.
    #[error("entry {seq} names a new key of the ledger that is none: {source}")]
    Key {
        /// Which.
        seq: u64,
        /// Why.
        source: KeyError,
    },
}

/// A key that follows another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Succession {
    /// The event that names it.
    pub seq: u64,
    /// The key.
    pub key: VerifierKey,
    /// True where the key before it signed for it; false where it was lost or known to others.
    pub vouched: bool,
}
impl Succession {
    /// The smallest size that the key signs. The checkpoint over the event itself is the old key's, where it vouches.
    fn from(&self) -> u64 {
        self.seq.saturating_add(if self.vouched { 2 } else { 1 })
    }
}

/// The keys of one log in their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyHistory {
    first: VerifierKey,
    later: Vec<Succession>,
}
impl KeyHistory {
    /// The history of a log that begins with this key.
    pub fn new(first: VerifierKey) -> Self {
        Self { first, later: Vec::new() }
    }
    /// Reads one event; those that do not change the key change nothing. Events come in their order. Errors:
    /// [`HistoryError`].
    pub fn observe(&mut self, event: &Event) -> Result<(), HistoryError> {
        let vouched = match event.action {
            Action::KeyRotated => true,
            Action::KeyReplaced => false,
            _ => return Ok(()),
        };
        let seq = event.seq.0;
        let (Some(Detail::Digest(public)), Subject::Case(_)) = (event.fact(PUBLIC_KEY), event.subject) else {
            return Err(HistoryError::Event { seq });
        };
        let key = VerifierKey::new(self.first.name(), KeyType::Ed25519, public.as_bytes())
            .map_err(|source| HistoryError::Key { seq, source })?;
        self.later.push(Succession { seq, key, vouched });
        Ok(())
    }
    /// The key the log began with.
    pub fn first(&self) -> &VerifierKey {
        &self.first
    }
    /// The keys after it.
    pub fn later(&self) -> &[Succession] {
        &self.later
    }
    /// The key that signs now.
    pub fn current(&self) -> &VerifierKey {
        self.later.last().map_or(&self.first, |s| &s.key)
    }
    /// The key that signs a checkpoint over `size` entries.
    pub fn at(&self, size: u64) -> &VerifierKey {
        self.later.iter().rev().find(|s| s.from() <= size).map_or(&self.first, |s| &s.key)
    }
    /// Opens a checkpoint under the key of its size. Errors: [`CheckpointError`].
    pub fn open(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let size = Checkpoint::parse(Note::parse(note)?.text())?.size;
        Checkpoint::open(note, self.at(size))
    }
    /// The digest that stands for a key in an event.
    pub fn fact(key: &VerifierKey) -> Hash {
        Hash::from_bytes(*key.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Log;
    use crate::key::{Signer, SigningKey};
    use crate::log::Draft;
    use crate::term::Code;
    use zapys_domain::{Actor, Instant};

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed("o", &[n; 32]).expect("a key")
    }
    fn event(log: &mut Log, action: Action, fact: Option<Hash>) -> Event {
        let case = "01J8ZQ4Y7N000000000000000C".parse().expect("ulid");
        let mut draft = Draft::new(Actor::owner(), action, Subject::Case(case), Code::parse("t").expect("code"));
        if let Some(fact) = fact {
            draft = draft.with(PUBLIC_KEY, fact);
        }
        log.append(draft, None, Instant::from_seconds(1)).expect("appends").event
    }

    #[test]
    fn r2_5_each_checkpoint_has_the_key_of_its_size() {
        let (a, b, c) = (key(1), key(2), key(3));
        let (mut log, mut history) = (Log::new(), KeyHistory::new(a.key().clone()));
        let events = [
            event(&mut log, Action::Opened, None),
            event(&mut log, Action::KeyRotated, Some(KeyHistory::fact(b.key()))),
            event(&mut log, Action::Opened, None),
            event(&mut log, Action::KeyReplaced, Some(KeyHistory::fact(c.key()))),
        ];
        events.iter().for_each(|e| history.observe(e).expect("names its key"));
        assert_eq!(history.current(), c.key());
        // The old key still signs for its successor (size 2); a lost one signs nothing more (size 4).
        let expected = [&a, &a, &a, &b, &c, &c];
        for (size, signer) in (0u64..).zip(expected) {
            assert_eq!(history.at(size), signer.key(), "{size}");
            let root = if size == 0 { Hash::empty() } else { Hash::of(b"r") };
            let checkpoint = Checkpoint { origin: "o".into(), size, root };
            for other in [&a, &b, &c] {
                let note = checkpoint.sign(&[other]).expect("signs").to_string();
                assert_eq!(history.open(note.as_bytes()).is_ok(), other.key() == signer.key(), "{size}");
            }
        }
    }

    #[test]
    fn r2_5_an_event_that_names_no_key_is_no_change_of_keys() {
        let mut history = KeyHistory::new(key(1).key().clone());
        let silent = event(&mut Log::new(), Action::KeyRotated, None);
        assert_eq!(history.observe(&silent), Err(HistoryError::Event { seq: 0 }));
        let mut weak = [0; 32];
        weak[0] = 1;
        let weak = event(&mut Log::new(), Action::KeyReplaced, Some(Hash::from_bytes(weak)));
        assert_eq!(history.observe(&weak), Err(HistoryError::Key { seq: 0, source: KeyError::Point }));
        assert!(history.later().is_empty());
    }
}
