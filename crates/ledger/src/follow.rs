//! Going through a whole ledger, entry by entry: what every reader of one must check, wherever the entries come from.

use crate::event::{Event, EventError, Subject};
use crate::hash::Hash;
use crate::history::{HistoryError, KeyHistory};
use crate::key::VerifierKey;
use crate::tree::Frontier;
use std::collections::HashMap;
use zapys_domain::{Action, Instant};

/// Something that cannot be so in a ledger nobody tampered with. Never repeats what an event holds.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum Irregularity {
    /// The bytes are no event.
    #[error("entry {seq} is no event: {source}")]
    NoEvent {
        /// Which.
        seq: u64,
        /// Why.
        source: EventError,
    },
    /// The event names another place.
    #[error("entry {seq} says it is entry {says}")]
    Place {
        /// Which.
        seq: u64,
        /// What it says.
        says: u64,
    },
    /// The chain of its subject is broken.
    #[error("entry {seq} does not follow the one before it about the same thing")]
    Chain {
        /// Which.
        seq: u64,
    },
    /// Time went backwards and nobody said so.
    #[error("entry {seq} is older than the one before it, and no clock anomaly was recorded")]
    Time {
        /// Which.
        seq: u64,
    },
    /// A key is changed in a way that is none.
    #[error(transparent)]
    Key(#[from] HistoryError),
}

/// A walk through a ledger from its first entry on.
#[derive(Clone, Debug)]
pub struct Follow {
    chains: HashMap<Subject, (u64, Hash)>,
    last: Option<Instant>,
    keys: KeyHistory,
    frontier: Frontier,
}
impl Follow {
    /// Before the first entry. `key`: the one the log began with.
    pub fn new(key: VerifierKey) -> Self {
        Self { chains: HashMap::new(), last: None, keys: KeyHistory::new(key), frontier: Frontier::empty() }
    }
    /// Takes the next entry by its bytes; `completes` gets the nodes of the tree that it completes. Answers the event, where
    /// it is one, and all that is wrong with it.
    pub fn entry(&mut self, bytes: &[u8], completes: impl FnMut(u32, u64, Hash)) -> (Option<Event>, Vec<Irregularity>) {
        self.hashed(bytes, Hash::leaf(bytes), Hash::of(bytes), completes)
    }
    /// The same for a caller that hashed the bytes already: `leaf` and `digest` are of exactly these.
    pub fn hashed(
        &mut self,
        bytes: &[u8],
        leaf: Hash,
        digest: Hash,
        completes: impl FnMut(u32, u64, Hash),
    ) -> (Option<Event>, Vec<Irregularity>) {
        let seq = self.frontier.size();
        self.frontier.push_with(leaf, completes);
        let event = match Event::parse(bytes) {
            Ok(event) => event,
            Err(source) => return (None, vec![Irregularity::NoEvent { seq, source }]),
        };
        let mut wrong = Vec::new();
        if event.seq.0 != seq {
            wrong.push(Irregularity::Place { seq, says: event.seq.0 });
        }
        let follows = match self.chains.get(&event.subject) {
            None => event.item_seq == 0 && event.prev.is_none(),
            Some((n, digest)) => event.item_seq == n + 1 && event.prev == Some(*digest),
        };
        if !follows {
            wrong.push(Irregularity::Chain { seq });
        }
        self.chains.insert(event.subject, (event.item_seq, digest));
        if self.last.is_some_and(|t| event.time < t) && event.action != Action::ClockAnomaly {
            wrong.push(Irregularity::Time { seq });
        }
        self.last = Some(event.time);
        wrong.extend(self.keys.observe(&event).err().map(Irregularity::from));
        (Some(event), wrong)
    }
    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }
    /// Root over them.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }
    /// The right edge of the tree.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }
    /// The keys so far.
    pub fn keys(&self) -> &KeyHistory {
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Signer, SigningKey};
    use crate::log::{Draft, Log, Previous};
    use crate::term::Code;
    use zapys_domain::Actor;

    fn entries(n: u64) -> Vec<Vec<u8>> {
        let item = "01J8ZQ4Y7N000000000000000A".parse().expect("ulid");
        let mut log = Log::new();
        let mut previous: Option<Previous> = None;
        (0..n)
            .map(|i| {
                let tool = Code::parse("zapys/0.1.0").expect("code");
                let draft = Draft::new(Actor::owner(), Action::Hashed, Subject::Item(item), tool);
                let at = Instant::from_seconds(1_700_000_000 + i64::try_from(i).expect("small"));
                let entry = log.append(draft, previous, at).expect("appends");
                previous = Some(entry.previous());
                entry.canonical
            })
            .collect()
    }
    fn follow(entries: &[Vec<u8>]) -> Vec<Irregularity> {
        let key = SigningKey::from_seed("o", &[9; 32]).expect("a key");
        let mut walk = Follow::new(key.key().clone());
        entries.iter().flat_map(|e| walk.entry(e, |_, _, _| {}).1).collect()
    }

    #[test]
    fn r2_2_dropped_inserted_and_reordered_entries_are_noticed() {
        let good = entries(6);
        assert_eq!(follow(&good), []);
        let without = |i: usize| {
            let mut e = good.clone();
            e.remove(i);
            e
        };
        for i in 0..5 {
            assert!(follow(&without(i)).len() >= 2, "{i}");
        }
        let mut swapped = good.clone();
        swapped.swap(2, 3);
        let found = follow(&swapped);
        assert!(found.contains(&Irregularity::Place { seq: 2, says: 3 }) && found.contains(&Irregularity::Time { seq: 3 }));
        assert!(found.contains(&Irregularity::Chain { seq: 2 }), "{found:?}");
        let mut twice = good.clone();
        twice.insert(3, good[3].clone());
        assert!(!follow(&twice).is_empty());
        let mut changed = good.clone();
        let at = changed[1].len() - 2;
        changed[1][at] ^= 1;
        assert!(matches!(follow(&changed)[..], [Irregularity::NoEvent { seq: 1, .. }, ..]));
    }
}
