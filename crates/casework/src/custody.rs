//! Every act upon evidence becomes an entry of the ledger, in the transaction that makes the act real.

use crate::Result;
use crate::check::{CHECKPOINT, NEWEST, OUTSIDE, OUTSIDE_PURPOSE};
use crate::error::CaseError;
use crate::open::Casework;
use crate::view::{CustodyView, LedgerPage};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use zapys_domain::{Action, Actor, EntrySeq, ItemId};
use zapys_ledger::log::clock_anomaly;
use zapys_ledger::{Code, Detail, Draft, Frontier, Hash, Log, Opening, Previous, Salt, Subject, Term, Tree};
use zapys_store::{EntryRow, NODE_STRIDE, NodeRow, Tx};

pub(crate) const FRONTIER: &str = "ledger.frontier";
pub(crate) const CASE_CHAIN: &str = "ledger.case";
/// Leaves that are read at once when the tree's nodes are made again; whole subtrees of the kept levels.
const PAGE: u64 = 1 << 16;

/// Name and version of this program as a code.
pub(crate) fn tool() -> Code {
    Code::squeeze(concat!("zapys/", env!("CARGO_PKG_VERSION")))
}

/// An act to be sealed: a draft of its event, and what its commitments hide.
pub(crate) struct Act {
    draft: Draft,
    item: Option<ItemId>,
    openings: Vec<(&'static str, Opening)>,
}

impl Act {
    /// An act upon an item.
    pub fn item(actor: &Actor, action: Action, item: ItemId) -> Self {
        Self { draft: Draft::new(actor.clone(), action, Subject::Item(item), tool()), item: Some(item), openings: Vec::new() }
    }
    /// An act upon the case as a whole.
    pub fn case(case: &Casework, actor: &Actor, action: Action) -> Self {
        Self { draft: Draft::new(actor.clone(), action, Subject::Case(case.id()), tool()), item: None, openings: Vec::new() }
    }
    /// What for: a code of our own.
    pub fn purpose(mut self, code: &'static str) -> Self {
        self.draft.purpose = Term::code(code).expect("purposes are codes written in the program");
        self
    }
    /// A count.
    pub fn count(mut self, name: &'static str, n: u64) -> Self {
        self.draft = self.draft.with(name, Detail::count(n));
        self
    }
    /// A program's own word.
    pub fn code(mut self, name: &'static str, word: &str) -> Self {
        self.draft = self.draft.with(name, Detail::Code(Code::squeeze(word)));
        self
    }
    /// A digest of something that is not personal.
    pub fn digest(mut self, name: &'static str, digest: [u8; 32]) -> Self {
        self.draft = self.draft.with(name, Hash::from_bytes(digest));
        self
    }
    /// A value that is nobody's business: the ledger holds a salted commitment, the record its opening.
    pub fn commit(mut self, name: &'static str, value: Value) -> Result<Self> {
        let (commitment, opening) = open_later(value)?;
        self.draft = self.draft.with(name, commitment);
        self.openings.push((name, opening));
        Ok(self)
    }
    /// By what authority, where somebody said so.
    pub fn authority(mut self, basis: Option<&str>) -> Result<Self> {
        if let Some(basis) = basis {
            let (commitment, opening) = open_later(basis.into())?;
            self.draft.authority = Term::Commit(commitment);
            self.openings.push(("authority", opening));
        }
        Ok(self)
    }
}

fn open_later(value: Value) -> Result<(zapys_ledger::Commitment, Opening)> {
    let mut salt = [0u8; 32];
    getrandom::fill(&mut salt).expect("the operating system gives random bytes; without them no commitment hides anything");
    Opening::commit(Salt::from_bytes(salt), value).map_err(|e| CaseError::Ledger(e.to_string()))
}

/// The head of the log inside one transaction.
pub(crate) struct Ledger {
    log: Log,
    case: Option<Previous>,
    /// How many entries this process knows of; see [`Casework::ledger`].
    known: Arc<AtomicU64>,
    /// Entries that another process appended although this one holds the case for itself.
    foreign: u64,
    /// Sealed and not yet written: rows go to the record together.
    waiting: Vec<EntryRow>,
    openings: Vec<zapys_store::Opening>,
    /// The newest checkpoint, while no entry tells of it: its size and the digest of its note.
    unsaid: Option<(u64, Hash)>,
    /// The digest of what others signed, while no entry tells of it.
    outside: Option<Hash>,
}

/// What [`Casework`] remembers of the ledger between two transactions: its size, or that it has not looked yet.
pub(crate) fn not_looked_yet() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(u64::MAX))
}

impl Casework {
    /// Takes up the log as it stands in this transaction.
    pub(crate) async fn ledger(&self, tx: &mut Tx) -> Result<Ledger> {
        let head = tx.head().await?;
        let stored = tx.setting(FRONTIER).await?.and_then(|t| serde_json::from_str::<Frontier>(&t).ok());
        let last_node = (head.size >> NODE_STRIDE).checked_sub(1);
        let frontier = match (last_node, stored.filter(|f| f.size() == head.size)) {
            (Some(last), _) if tx.nodes(NODE_STRIDE, last..last + 1).await.is_err() => make_nodes(tx, head.size).await?,
            (_, Some(frontier)) => frontier,
            // Never relied upon alone: the leaves are the truth, this is only quicker.
            (_, None) => frontier_of_nodes(tx, head.size).await?,
        };
        let case = tx.setting(CASE_CHAIN).await?.and_then(|t| serde_json::from_str::<(u64, Hash)>(&t).ok());
        let case = case.map(|(item_seq, digest)| Previous { item_seq, digest });
        // On a server several processes take turns, and that is in order. A file belongs to the holder of the lock.
        let known = self.known_size.load(Ordering::Relaxed);
        let alone = self.writes() && !self.store.is_shared() && known != u64::MAX;
        let foreign = if alone { head.size.saturating_sub(known) } else { 0 };
        let known = self.known_size.clone();
        let unsaid = tx.setting(NEWEST).await?.and_then(|t| serde_json::from_str::<(u64, Hash, bool)>(&t).ok());
        let unsaid = unsaid.filter(|u| !u.2).map(|u| (u.0, u.1));
        let outside = tx.setting(OUTSIDE).await?.and_then(|t| serde_json::from_str::<(Hash, bool)>(&t).ok());
        let outside = outside.filter(|o| !o.1).map(|o| o.0);
        Ok(Ledger {
            log: Log::resume(frontier, head.last.map(|e| e.at)),
            case,
            known,
            foreign,
            waiting: Vec::new(),
            openings: Vec::new(),
            unsaid,
            outside,
        })
    }
}

/// The right edge of the tree from its kept nodes.
async fn frontier_of_nodes(tx: &mut Tx, size: u64) -> Result<Frontier> {
    let mut hashes = Vec::new();
    for level in (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1) {
        let (index, below) = ((size >> level) - 1, level % NODE_STRIDE);
        let range = index << below..(index + 1) << below;
        let kept = match level - below {
            0 => tx.leaves(range).await?,
            level => tx.nodes(level, range).await?,
        };
        let mut row: Vec<Hash> = kept.into_iter().map(Hash::from_bytes).collect();
        while row.len() > 1 {
            row = row.chunks(2).map(|pair| Hash::node(&pair[0], &pair[1])).collect();
        }
        hashes.extend(row);
    }
    Frontier::load(size, hashes).map_err(|_| CaseError::Inconsistent { what: "the tree of the ledger" })
}

/// Makes the kept nodes of the tree from the leaves: for a case that was begun before they were kept.
async fn make_nodes(tx: &mut Tx, size: u64) -> Result<Frontier> {
    tx.forget_nodes().await?;
    let mut frontier = Frontier::empty();
    let mut from = 0;
    while from < size {
        let until = size.min(from + PAGE);
        let mut nodes = Vec::new();
        for leaf in tx.leaves(from..until).await? {
            frontier.push_with(Hash::from_bytes(leaf), |level, index, hash| keep(&mut nodes, level, index, hash));
        }
        tx.add_nodes(&nodes).await?;
        from = until;
    }
    Ok(frontier)
}

/// Remembers what others signed and stamped, which needs no entry of its own until the next one is made.
pub(crate) async fn keep_outside(tx: &mut Tx) -> Result<()> {
    let (all, requests, stamps) = (tx.cosignatures(0..u64::MAX).await?, tx.stamp_requests().await?, tx.stamps(u64::MAX).await?);
    set_outside(tx, crate::witness::outside(&all, &requests, &stamps), false).await
}

async fn set_outside(tx: &mut Tx, rows: Hash, said: bool) -> Result<()> {
    let text = serde_json::to_string(&(rows, said)).map_err(|_| CaseError::Inconsistent { what: "a time stamp" })?;
    Ok(tx.set_setting(OUTSIDE, &text).await?)
}

/// Remembers the newest checkpoint, and whether an entry tells of it.
pub(crate) async fn keep_newest(tx: &mut Tx, size: u64, note: Hash, said: bool) -> Result<()> {
    let text = serde_json::to_string(&(size, note, said)).map_err(|_| CaseError::Inconsistent { what: "a checkpoint" })?;
    Ok(tx.set_setting(NEWEST, &text).await?)
}

fn keep(nodes: &mut Vec<NodeRow>, level: u32, index: u64, hash: Hash) {
    if level.is_multiple_of(NODE_STRIDE) {
        nodes.push(NodeRow { level, index, hash: *hash.as_bytes() });
    }
}

impl Ledger {
    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.log.size()
    }
    /// When the last of them was made.
    pub fn last_time(&self) -> zapys_domain::Instant {
        self.log.last_time().unwrap_or_else(|| zapys_domain::Instant::from_micros(0))
    }
    /// Root over them.
    pub fn root(&self) -> Hash {
        self.log.root()
    }
    /// Appends an act and returns its place. What happened to the ledger itself is recorded first: that it grew by other
    /// hands, that the clock went backwards.
    pub async fn seal(&mut self, case: &Casework, tx: &mut Tx, act: Act) -> Result<EntrySeq> {
        self.write(tx).await?;
        let seq = self.take(case, tx, act, false).await?;
        self.write(tx).await?;
        Ok(seq)
    }
    /// The same for the first act upon an item that this transaction makes. Its row waits for [`write`](Self::write), so
    /// that many go to the record together.
    pub async fn seal_first(&mut self, case: &Casework, tx: &mut Tx, act: Act) -> Result<EntrySeq> {
        self.take(case, tx, act, true).await
    }
    /// Writes what waits.
    pub async fn write(&mut self, tx: &mut Tx) -> Result<()> {
        if !self.waiting.is_empty() {
            tx.append_all(&std::mem::take(&mut self.waiting), &std::mem::take(&mut self.openings)).await?;
        }
        Ok(())
    }
    async fn take(&mut self, case: &Casework, tx: &mut Tx, act: Act, first: bool) -> Result<EntrySeq> {
        let mut now = case.clock.now();
        if let Some(draft) = clock_anomaly(case.id(), self.log.last_time(), now, tool()) {
            let previous = self.case;
            self.append(tx, draft, None, previous, now, Vec::new()).await?;
            now = case.clock.now().max(now);
        }
        let foreign = std::mem::take(&mut self.foreign);
        if foreign > 0 {
            let act = Act::case(case, &Actor::worker(), Action::ForeignWriter).count("entries", foreign);
            let previous = self.case;
            self.append(tx, act.draft, None, previous, now, Vec::new()).await?;
        }
        if let Some((size, note)) = self.unsaid.take() {
            // From here on a checkpoint cannot go missing unnoticed.
            let act = Act::case(case, &Actor::worker(), Action::Hashed).purpose(CHECKPOINT).count("size", size);
            let act = act.digest("note", *note.as_bytes());
            let previous = self.case;
            self.append(tx, act.draft, None, previous, now, Vec::new()).await?;
            keep_newest(tx, size, note, true).await?;
        }
        if let Some(rows) = self.outside.take() {
            let act = Act::case(case, &Actor::worker(), Action::Hashed).purpose(OUTSIDE_PURPOSE).digest("rows", *rows.as_bytes());
            let previous = self.case;
            self.append(tx, act.draft, None, previous, now, Vec::new()).await?;
            set_outside(tx, rows, true).await?;
        }
        let previous = match act.item {
            Some(_) if first => None,
            Some(item) => {
                tx.item_head(item).await?.map(|h| Previous { item_seq: h.item_seq, digest: Hash::from_bytes(h.digest) })
            }
            None => self.case,
        };
        self.append(tx, act.draft, act.item, previous, now, act.openings).await
    }

    async fn append(
        &mut self,
        tx: &mut Tx,
        draft: Draft,
        item: Option<ItemId>,
        previous: Option<Previous>,
        now: zapys_domain::Instant,
        openings: Vec<(&'static str, Opening)>,
    ) -> Result<EntrySeq> {
        let mut before = self.log.frontier().clone();
        let entry = self.log.append(draft, previous, now).map_err(|e| CaseError::Ledger(e.to_string()))?;
        let mut nodes = Vec::new();
        before.push_with(entry.leaf, |level, index, hash| keep(&mut nodes, level, index, hash));
        if item.is_none() {
            self.case = Some(entry.previous());
        }
        let row = EntryRow {
            seq: entry.seq,
            item,
            item_seq: item.map(|_| entry.event.item_seq),
            at: entry.event.time,
            actor: entry.event.actor.clone(),
            action: entry.event.action,
            canonical: String::from_utf8(entry.canonical).map_err(|_| CaseError::Inconsistent { what: "an event" })?,
            leaf: *entry.leaf.as_bytes(),
            digest: *entry.digest.as_bytes(),
        };
        self.openings.extend(openings.into_iter().map(|(field, o)| zapys_store::Opening {
            seq: entry.seq,
            field: field.into(),
            salt: *o.salt.as_bytes(),
            value: o.value.into_inner(),
        }));
        self.waiting.push(row);
        if !nodes.is_empty() {
            tx.add_nodes(&nodes).await?;
        }
        Ok(entry.seq)
    }

    /// Stores the head. Must be the last thing before the commit.
    pub async fn close(mut self, tx: &mut Tx) -> Result<()> {
        self.write(tx).await?;
        let text =
            serde_json::to_string(self.log.frontier()).map_err(|_| CaseError::Inconsistent { what: "the head of the ledger" })?;
        tx.set_setting(FRONTIER, &text).await?;
        if let Some(p) = self.case {
            let text = serde_json::to_string(&(p.item_seq, p.digest))
                .map_err(|_| CaseError::Inconsistent { what: "the head of the ledger" })?;
            tx.set_setting(CASE_CHAIN, &text).await?;
        }
        self.known.store(self.log.size(), Ordering::Relaxed);
        Ok(())
    }
}

impl Casework {
    /// The Merkle tree over the first `size` entries, from the stored leaves. 64 bytes an entry are held in memory.
    pub(crate) async fn tree_at(&self, size: u64) -> Result<Tree> {
        Ok(self.store.leaves(0..size).await?.into_iter().map(Hash::from_bytes).collect())
    }

    /// Size and root of the ledger as it stands.
    pub(crate) async fn ledger_head(&self) -> Result<(u64, Hash)> {
        let stored = self.store.setting(FRONTIER).await?.and_then(|t| serde_json::from_str::<Frontier>(&t).ok());
        let size = self.store.head().await?.size;
        match stored.filter(|f| f.size() == size) {
            Some(frontier) => Ok((size, frontier.root())),
            // It grew between the two looks, or was written without its frontier.
            None => Ok((size, self.root_at(size).await?)),
        }
    }

    /// Entries of a range, oldest first.
    pub(crate) async fn all_entries(&self, range: std::ops::Range<u64>) -> Result<Vec<EntryRow>> {
        let mut all = Vec::new();
        let mut from = range.start;
        while from < range.end {
            let part = self.store.entries(from..range.end, 1000).await?;
            let Some(last) = part.last() else { break };
            from = last.seq.0 + 1;
            all.extend(part);
        }
        Ok(all)
    }

    /// The custody events of one item, or of the whole case, oldest first.
    pub async fn custody(&self, item: Option<ItemId>) -> Result<Vec<CustodyView>> {
        let rows = match item {
            Some(item) => self.store.entries_of(item).await?,
            None => {
                let size = self.store.head().await?.size;
                self.all_entries(0..size).await?
            }
        };
        Ok(rows.iter().map(view).collect())
    }

    /// One page of the ledger, newest first. `cursor`: the sequence to go on below.
    pub async fn ledger_page(&self, cursor: Option<u64>, limit: u64) -> Result<LedgerPage> {
        let (size, root) = self.ledger_head().await?;
        let end = cursor.unwrap_or(size).min(size);
        let start = end.saturating_sub(limit);
        let mut events: Vec<CustodyView> = self.all_entries(start..end).await?.iter().map(view).collect();
        events.reverse();
        let checkpoint = self.store.checkpoint_latest().await?.map(|c| c.note);
        Ok(LedgerPage {
            size,
            root: root.base64(),
            checkpoint,
            vkey: self.vkey().await?.to_string(),
            events,
            next: (start > 0).then_some(start),
        })
    }
}

pub(crate) fn checkpoint_size(note: &str) -> Result<u64> {
    note.lines().nth(1).and_then(|l| l.parse().ok()).ok_or(CaseError::Inconsistent { what: "a checkpoint" })
}

pub(crate) fn view(row: &EntryRow) -> CustodyView {
    let event: Value = serde_json::from_str(&row.canonical).unwrap_or(Value::Null);
    CustodyView {
        seq: row.seq.0,
        time: row.at.to_string(),
        actor: row.actor.id.clone(),
        action: row.action.word().into(),
        subject: row.item.map(|i| i.to_string()),
        prev: event["prev"].as_str().map(str::to_owned),
        leaf: Hash::from_bytes(row.leaf).hex(),
        detail: event["detail"].clone(),
    }
}

#[cfg(test)]
mod tests;
