//! The ledger as rows: entries, what their commitments hide, checkpoints. Hashing and proofs are the ledger's own.

use crate::error::StoreError;
use crate::filter::Insert;
use crate::model::*;
use crate::rows::{Row, hex};
use crate::run::{Arg, Run, args, reads, statements};
use crate::sealing::{compared, hidden};
use crate::tx::Tx;
use std::collections::BTreeMap;
use std::ops::Range;
use zapys_domain::{Action, EntrySeq, Instant, ItemId};

macro_rules! entry_columns {
    () => {
        "SELECT seq, item, item_seq, at, actor, action, canonical, leaf, digest FROM entries"
    };
}

statements! {
    LAST = concat!(entry_columns!(), " ORDER BY seq DESC LIMIT 1");
    ONE = concat!(entry_columns!(), " WHERE seq = $1");
    RANGE = concat!(entry_columns!(), " WHERE seq >= $1 AND seq < $2 ORDER BY seq LIMIT $3");
    NEWEST = concat!(entry_columns!(), " WHERE seq < $1 ORDER BY seq DESC LIMIT $2");
    OF_ITEM = concat!(entry_columns!(), " WHERE item = $1 ORDER BY item_seq");
    ITEM_HEAD = "SELECT item_seq, digest FROM entries WHERE item = $1 ORDER BY item_seq DESC LIMIT 1";
    LAST_ACTION = concat!(entry_columns!(), " WHERE item = $1 AND action = $2 ORDER BY item_seq DESC LIMIT 1");
    LEAVES = "SELECT seq, leaf FROM entries WHERE seq >= $1 AND seq < $2 ORDER BY seq";
    TOUCHED = "SELECT e.item, e.seq FROM entries e WHERE e.seq >= $1 AND e.item IS NOT NULL \
        AND EXISTS (SELECT 1 FROM derivations d WHERE d.item = e.item) ORDER BY e.seq LIMIT $2";
    OPENINGS = "SELECT seq, field, salt, value FROM openings WHERE seq = $1 ORDER BY field";
    OPENINGS_OF_ITEM = "SELECT o.seq, o.field, o.salt, o.value FROM openings o JOIN entries e ON e.seq = o.seq WHERE e.item = $1 \
        ORDER BY o.seq, o.field";
    SHRED = "DELETE FROM openings WHERE seq IN (SELECT seq FROM entries WHERE item = $1)";
    ADD_CHECKPOINT = "INSERT INTO checkpoints (size, root, note, at) VALUES ($1, $2, $3, $4) ON CONFLICT (size) DO NOTHING";
    CHECKPOINT = "SELECT size, root, note, at FROM checkpoints WHERE size = $1";
    CHECKPOINT_LATEST = "SELECT size, root, note, at FROM checkpoints ORDER BY size DESC LIMIT 1";
    CHECKPOINTS = "SELECT size, root, note, at FROM checkpoints ORDER BY size";
}

pub(crate) const APPEND: Insert = Insert {
    head: "INSERT INTO entries (seq, item, item_seq, at, actor, action, canonical, leaf, digest)",
    columns: 9,
    tail: "",
};
pub(crate) const ADD_OPENINGS: Insert = Insert { head: "INSERT INTO openings (seq, field, salt, value)", columns: 4, tail: "" };

/// Entries read in one go by [`Store::leaves`](crate::Store::leaves).
const PAGE: u64 = 50_000;

reads! {
    /// What must be known to append: size and newest entry.
    fn head() -> Head;
    /// The newest event of an item, or `None` before its first.
    fn item_head(item: ItemId) -> Option<ItemHead>;
    /// One entry, or `None`.
    fn entry(seq: EntrySeq) -> Option<EntryRow>;
    /// Entries of a range of sequences in order; at most `limit`.
    fn entries(range: Range<u64>, limit: u32) -> Vec<EntryRow>;
    /// The newest entries before `before` (all, if `None`), newest first; at most `limit`.
    fn entries_newest(before: Option<EntrySeq>, limit: u32) -> Vec<EntryRow>;
    /// Every entry about an item, oldest first.
    fn entries_of(item: ItemId) -> Vec<EntryRow>;
    /// The newest entry about an item with this action, e.g. when it was last verified.
    fn entry_last(item: ItemId, action: Action) -> Option<EntryRow>;
    /// Merkle leaves of a range of sequences, in order and without gaps. 32 bytes each are held in memory.
    /// Errors: `Inconsistent` where an entry is missing or the range ends beyond the ledger.
    fn leaves(range: Range<u64>) -> Vec<[u8; 32]>;
    /// Items with derivations that the next entries from `from` on name, at most `limit` entries: each with the newest of these,
    /// in that order. For feeding the index, which knows nothing of other items.
    fn touched_since(from: EntrySeq, limit: u32) -> Vec<(ItemId, EntrySeq)>;
    /// Salts and values of an entry's commitments, as far as they were not destroyed.
    fn openings(seq: EntrySeq) -> Vec<Opening>;
    /// The same for all entries of an item.
    fn openings_of(item: ItemId) -> Vec<Opening>;
    /// The checkpoint over exactly `size` entries, or `None`.
    fn checkpoint(size: u64) -> Option<CheckpointRow>;
    /// The checkpoint that covers most, or `None`.
    fn checkpoint_latest() -> Option<CheckpointRow>;
    /// Every checkpoint, oldest first.
    fn checkpoints() -> Vec<CheckpointRow>;
}

impl Run<'_> {
    async fn head(&mut self) -> Result<Head, StoreError> {
        let last = self.opt(LAST, &[]).await?.map(|r| entry(&r)).transpose()?;
        Ok(Head { size: last.as_ref().map_or(0, |e| e.seq.0 + 1), last })
    }
    async fn item_head(&mut self, item: ItemId) -> Result<Option<ItemHead>, StoreError> {
        let row = self.opt(ITEM_HEAD, &args![item]).await?;
        row.map(|r| {
            let r = r.of("entries", "item_seq");
            Ok(ItemHead { item_seq: r.count("item_seq")?, digest: r.hash("digest")? })
        })
        .transpose()
    }
    async fn entry(&mut self, seq: EntrySeq) -> Result<Option<EntryRow>, StoreError> {
        self.opt(ONE, &args![seq]).await?.map(|r| entry(&r)).transpose()
    }
    async fn entries(&mut self, range: Range<u64>, limit: u32) -> Result<Vec<EntryRow>, StoreError> {
        self.all(RANGE, &args![range.start, range.end, u64::from(limit)]).await?.iter().map(entry).collect()
    }
    async fn entries_newest(&mut self, before: Option<EntrySeq>, limit: u32) -> Result<Vec<EntryRow>, StoreError> {
        let before = before.map_or(u64::MAX, |s| s.0);
        self.all(NEWEST, &args![before, u64::from(limit)]).await?.iter().map(entry).collect()
    }
    async fn entries_of(&mut self, item: ItemId) -> Result<Vec<EntryRow>, StoreError> {
        self.all(OF_ITEM, &args![item]).await?.iter().map(entry).collect()
    }
    async fn entry_last(&mut self, item: ItemId, action: Action) -> Result<Option<EntryRow>, StoreError> {
        self.opt(LAST_ACTION, &args![item, action.word()]).await?.map(|r| entry(&r)).transpose()
    }
    async fn leaves(&mut self, range: Range<u64>) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut leaves = Vec::new();
        let mut next = range.start;
        while next < range.end {
            let until = range.end.min(next + PAGE);
            for row in self.all(LEAVES, &args![next, until]).await? {
                let row = row.of("entries", "seq");
                if row.count::<u64>("seq")? != next {
                    return Err(row.wrong("seq"));
                }
                leaves.push(row.hash("leaf")?);
                next += 1;
            }
            if next < until {
                return Err(StoreError::Inconsistent { table: "entries", column: "seq", id: next.to_string() });
            }
        }
        Ok(leaves)
    }
    async fn touched_since(&mut self, from: EntrySeq, limit: u32) -> Result<Vec<(ItemId, EntrySeq)>, StoreError> {
        let rows = self.all(TOUCHED, &args![from, u64::from(limit)]).await?;
        let mut newest: BTreeMap<ItemId, EntrySeq> = BTreeMap::new();
        for row in &rows {
            let row = row.of("entries", "seq");
            newest.insert(row.id("item")?, row.entry("seq")?);
        }
        let mut touched: Vec<(ItemId, EntrySeq)> = newest.into_iter().collect();
        touched.sort_unstable_by_key(|t| t.1);
        Ok(touched)
    }
    async fn openings(&mut self, seq: EntrySeq) -> Result<Vec<Opening>, StoreError> {
        self.all(OPENINGS, &args![seq]).await?.iter().map(opening).collect()
    }
    async fn openings_of(&mut self, item: ItemId) -> Result<Vec<Opening>, StoreError> {
        self.all(OPENINGS_OF_ITEM, &args![item]).await?.iter().map(opening).collect()
    }
    async fn checkpoint(&mut self, size: u64) -> Result<Option<CheckpointRow>, StoreError> {
        self.opt(CHECKPOINT, &args![size]).await?.map(|r| checkpoint(&r)).transpose()
    }
    async fn checkpoint_latest(&mut self) -> Result<Option<CheckpointRow>, StoreError> {
        self.opt(CHECKPOINT_LATEST, &[]).await?.map(|r| checkpoint(&r)).transpose()
    }
    async fn checkpoints(&mut self) -> Result<Vec<CheckpointRow>, StoreError> {
        self.all(CHECKPOINTS, &[]).await?.iter().map(checkpoint).collect()
    }
}

impl Tx {
    /// Appends a sealed event and what its commitments hide. This is the witness that [`commit`](Tx::commit) asks for.
    /// Errors: `OutOfOrder` where the sequence is not the next one; `Refused` where the item's count is taken.
    pub async fn append(&mut self, entry: &EntryRow, openings: &[Opening]) -> Result<(), StoreError> {
        self.append_all(std::slice::from_ref(entry), openings).await
    }
    /// The same for several events that follow one another, with all that their commitments hide.
    pub async fn append_all(&mut self, entries: &[EntryRow], openings: &[Opening]) -> Result<(), StoreError> {
        let mut next = self.next_seq().await?;
        for entry in entries {
            if entry.seq.0 != next {
                return Err(StoreError::OutOfOrder { expected: next, given: entry.seq.0 });
            }
            next += 1;
        }
        let row = |e: &EntryRow| {
            let item = e.item.map(|i| i.to_string());
            let (actor, canonical) = (e.actor.id.clone(), e.canonical.clone());
            args![
                e.seq,
                item,
                e.item_seq,
                e.at,
                compared(actor),
                e.action.word(),
                hidden(canonical),
                hex(&e.leaf),
                hex(&e.digest)
            ]
        };
        let rows: Vec<Arg<'_>> = entries.iter().flat_map(row).collect();
        let mut run = self.run();
        run.insert(&APPEND, &rows).await?;
        let hidden: Vec<Arg<'_>> = openings
            .iter()
            .flat_map(|o| args![o.seq, o.field.as_str(), hidden(hex(&o.salt)), hidden(o.value.to_string())])
            .collect();
        run.insert(&ADD_OPENINGS, &hidden).await?;
        if !entries.is_empty() {
            self.witness(next);
        }
        Ok(())
    }
    /// Sequence of the next entry; asked once, then counted, since nobody else appends during this transaction.
    async fn next_seq(&mut self) -> Result<u64, StoreError> {
        match self.next {
            Some(next) => Ok(next),
            None => Ok(self.run().head().await?.size),
        }
    }
    /// Destroys salts and values of all commitments about an item; the entries stay and still verify. Needs an entry of its
    /// own in the same transaction. Answers how many were destroyed.
    pub async fn shred_openings(&mut self, item: ItemId) -> Result<u64, StoreError> {
        self.record().exec(SHRED, &args![item]).await
    }
    /// Keeps a checkpoint before it is shown to anyone. A size that has one already keeps it: the kept one is answered, so that
    /// two inconsistent ones are never shown. Needs no entry: it only signs what is there.
    pub async fn add_checkpoint(&mut self, row: &CheckpointRow) -> Result<CheckpointRow, StoreError> {
        let mut run = self.run();
        run.exec(ADD_CHECKPOINT, &args![row.size, hex(&row.root), row.note.as_str(), row.at]).await?;
        checkpoint(&run.one(CHECKPOINT, &args![row.size]).await?)
    }
}

pub(crate) fn entry(row: &Row) -> Result<EntryRow, StoreError> {
    let r = row.of("entries", "seq");
    let at: Instant = r.at("at")?;
    Ok(EntryRow {
        seq: r.entry("seq")?,
        item: r.opt_id("item")?,
        item_seq: r.opt_count("item_seq")?,
        at,
        actor: r.actor("actor")?,
        action: r.read("action", Action::parse)?,
        canonical: r.text("canonical")?,
        leaf: r.hash("leaf")?,
        digest: r.hash("digest")?,
    })
}

pub(crate) fn opening(row: &Row) -> Result<Opening, StoreError> {
    let r = row.of("openings", "seq");
    Ok(Opening { seq: r.entry("seq")?, field: r.text("field")?, salt: r.hash("salt")?, value: r.json("value")? })
}

fn checkpoint(row: &Row) -> Result<CheckpointRow, StoreError> {
    let r = row.of("checkpoints", "size");
    Ok(CheckpointRow { size: r.count("size")?, root: r.hash("root")?, note: r.text("note")?, at: r.at("at")? })
}
