//! Every act upon evidence becomes an entry of the ledger, in the transaction that makes the act real.

use crate::Result;
use crate::error::CaseError;
use crate::open::Casework;
use crate::view::{CustodyView, LedgerPage};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use zapys_domain::{Action, Actor, EntrySeq, ItemId};
use zapys_ledger::log::clock_anomaly;
use zapys_ledger::{
    Checkpoint, Code, Detail, Draft, Frontier, Hash, Log, Opening, Previous, Salt, Signer, Subject, Term, TlogProof, Tree, tree,
};
use zapys_store::{CheckpointRow, EntryRow, Tx};

const FRONTIER: &str = "ledger.frontier";
const CASE_CHAIN: &str = "ledger.case";

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
}

impl Casework {
    /// Takes up the log as it stands in this transaction.
    pub(crate) async fn ledger(&self, tx: &mut Tx) -> Result<Ledger> {
        let head = tx.head().await?;
        let stored = tx.setting(FRONTIER).await?.and_then(|t| serde_json::from_str::<Frontier>(&t).ok());
        let frontier = match stored.filter(|f| f.size() == head.size) {
            Some(frontier) => frontier,
            // Never relied upon alone: the leaves are the truth, this is only quicker.
            None => {
                let mut frontier = Frontier::empty();
                for leaf in tx.leaves(0..head.size).await? {
                    frontier.push(Hash::from_bytes(leaf));
                }
                frontier
            }
        };
        let case = tx.setting(CASE_CHAIN).await?.and_then(|t| serde_json::from_str::<(u64, Hash)>(&t).ok());
        let case = case.map(|(item_seq, digest)| Previous { item_seq, digest });
        Ok(Ledger { log: Log::resume(frontier, head.last.map(|e| e.at)), case })
    }
}

impl Ledger {
    /// Appends an act and returns its place. A clock that went backwards is itself recorded first.
    pub async fn seal(&mut self, case: &Casework, tx: &mut Tx, act: Act) -> Result<EntrySeq> {
        let mut now = case.clock.now();
        if let Some(draft) = clock_anomaly(case.id(), self.log.last_time(), now, tool()) {
            let previous = self.case;
            self.append(tx, draft, None, previous, now, Vec::new()).await?;
            now = case.clock.now().max(now);
        }
        let previous = match act.item {
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
        let entry = self.log.append(draft, previous, now).map_err(|e| CaseError::Ledger(e.to_string()))?;
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
        let openings: Vec<zapys_store::Opening> = openings
            .into_iter()
            .map(|(field, o)| zapys_store::Opening {
                seq: entry.seq,
                field: field.into(),
                salt: *o.salt.as_bytes(),
                value: o.value.into_inner(),
            })
            .collect();
        tx.append(&row, &openings).await?;
        Ok(entry.seq)
    }

    /// Stores the head. Must be the last thing before the commit.
    pub async fn close(self, tx: &mut Tx) -> Result<()> {
        let text =
            serde_json::to_string(self.log.frontier()).map_err(|_| CaseError::Inconsistent { what: "the head of the ledger" })?;
        tx.set_setting(FRONTIER, &text).await?;
        if let Some(p) = self.case {
            let text = serde_json::to_string(&(p.item_seq, p.digest))
                .map_err(|_| CaseError::Inconsistent { what: "the head of the ledger" })?;
            tx.set_setting(CASE_CHAIN, &text).await?;
        }
        Ok(())
    }
}

/// The proof that one custody event is in the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct ProofView {
    /// Place in the ledger.
    pub seq: u64,
    /// What was done.
    pub action: String,
    /// The event's canonical bytes.
    pub event: String,
    /// C2SP tlog-proof text.
    pub proof: String,
}

impl Casework {
    /// The Merkle tree over the whole ledger, from the stored leaves.
    pub(crate) async fn tree(&self) -> Result<Tree> {
        let head = self.store.head().await?;
        Ok(self.store.leaves(0..head.size).await?.into_iter().map(Hash::from_bytes).collect())
    }

    /// Signs the ledger as it stands; returns the checkpoint note. Signing the same size again returns the same text.
    pub async fn checkpoint(&self) -> Result<String> {
        let key = self.signing_key()?;
        let mut tx = self.store.begin().await?;
        let ledger = self.ledger(&mut tx).await?;
        let checkpoint = Checkpoint { origin: key.key().name().to_owned(), size: ledger.log.size(), root: ledger.log.root() };
        if let Some(last) = tx.checkpoint_latest().await? {
            if last.size == checkpoint.size && last.root == *checkpoint.root.as_bytes() {
                tx.rollback().await?;
                return Ok(last.note);
            }
            let earlier = Checkpoint { origin: checkpoint.origin.clone(), size: last.size, root: Hash::from_bytes(last.root) };
            checkpoint.may_follow(&earlier).map_err(|e| CaseError::Ledger(e.to_string()))?;
        }
        let note = checkpoint.sign(&[&key]).map_err(|e| CaseError::Ledger(e.to_string()))?.to_string();
        // Kept before anybody sees it: two contradicting checkpoints can then never both leave.
        let row = tx
            .add_checkpoint(&CheckpointRow {
                size: checkpoint.size,
                root: *checkpoint.root.as_bytes(),
                note: note.clone(),
                at: self.clock.now(),
            })
            .await?;
        tx.commit().await?;
        Ok(row.note)
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

    /// The inclusion proofs of an item's custody events, oldest first, all to one fresh checkpoint.
    pub async fn proofs(&self, item: ItemId) -> Result<Vec<ProofView>> {
        let checkpoint = self.checkpoint().await?;
        let tree = self.tree().await?;
        let size = checkpoint_size(&checkpoint)?;
        let mut proofs = Vec::new();
        for entry in self.store.entries_of(item).await? {
            let hashes = tree::inclusion(&tree, entry.seq.0, size).map_err(|e| CaseError::Ledger(e.to_string()))?;
            let proof = TlogProof { extra: None, index: entry.seq.0, hashes, checkpoint: checkpoint.clone() };
            proofs.push(ProofView {
                seq: entry.seq.0,
                action: entry.action.word().into(),
                event: entry.canonical,
                proof: proof.to_string(),
            });
        }
        Ok(proofs)
    }

    /// Writes checkpoint, tiles and entry bundles into the new folder `dir`. Returns the number of files.
    pub async fn export_ledger(&self, dir: &Path) -> Result<u64> {
        let checkpoint = self.checkpoint().await?;
        std::fs::create_dir(dir).map_err(CaseError::path(dir))?;
        let size = checkpoint_size(&checkpoint)?;
        let entries: Vec<Vec<u8>> = self.all_entries(0..size).await?.into_iter().map(|e| e.canonical.into_bytes()).collect();
        let tree = self.tree().await?;
        let read = |seq: u64| {
            usize::try_from(seq)
                .ok()
                .and_then(|i| entries.get(i).cloned())
                .ok_or(std::io::Error::from(std::io::ErrorKind::NotFound))
        };
        let mut files = 0;
        for tile in zapys_ledger::tiles::export(&tree, &checkpoint, read) {
            let (path, bytes) = tile.map_err(|e| CaseError::Ledger(e.to_string()))?;
            let path = dir.join(path);
            let parent = path.parent().unwrap_or(dir);
            std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, bytes)).map_err(CaseError::path(&path))?;
            files += 1;
        }
        Ok(files)
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
        let tree = self.tree().await?;
        let size = zapys_ledger::Leaves::size(&tree);
        let end = cursor.unwrap_or(size).min(size);
        let start = end.saturating_sub(limit);
        let mut events: Vec<CustodyView> = self.all_entries(start..end).await?.iter().map(view).collect();
        events.reverse();
        let root = tree::root(&tree, size).map_err(|e| CaseError::Ledger(e.to_string()))?;
        let checkpoint = self.store.checkpoint_latest().await?.map(|c| c.note);
        Ok(LedgerPage {
            size,
            root: root.base64(),
            checkpoint,
            vkey: self.card().ledger_vkey,
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
