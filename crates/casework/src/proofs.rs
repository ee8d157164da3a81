//! Checkpoints, proofs and others' signatures: what strangers hold against the ledger.
//!
//! A proof is made from stored nodes of the tree, a few hundred rows of a ledger of any size; entries are not read.

use crate::Result;
use crate::custody::checkpoint_size;
use crate::error::CaseError;
use crate::open::Casework;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use std::collections::BTreeSet;
use zapys_domain::ItemId;
use zapys_ledger::key::KeyType;
use zapys_ledger::{
    Checkpoint, ConsistencyProof, Hash, Leaves, LedgerError, Note, ProofError, Signature, Signer, Sparse, TlogProof, VerifierKey,
    tree, verify_inclusion,
};
use zapys_store::{CheckpointRow, CosignatureRow, NODE_STRIDE};

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

/// The proof that one checkpoint continues another.
#[derive(Clone, Debug, Serialize)]
pub struct ConsistencyView {
    /// Entries the earlier checkpoint covers.
    pub old: u64,
    /// Entries the later one covers.
    pub new: u64,
    /// Hashes in base64.
    pub hashes: Vec<String>,
    /// The text that others check: see docs/formats/ledger.md.
    pub text: String,
}

/// Which checkpoint is meant.
#[derive(Clone, Debug)]
pub enum CheckpointRef {
    /// The signed one over this many entries.
    Size(u64),
    /// The one in these bytes of a note; it must be one of ours.
    Note(Vec<u8>),
}

/// One signature by somebody else.
#[derive(Clone, Debug, Serialize)]
pub struct CosignatureView {
    /// Entries the checkpoint covers.
    pub size: u64,
    /// Name of the key.
    pub name: String,
    /// Id of the key, eight hexadecimal digits.
    pub key_id: String,
    /// True where it was checked under a key that somebody gave.
    pub checked: bool,
    /// When the witness says it signed; `None` where the signature carries no time or was not checked.
    pub time: Option<String>,
    /// When it was taken in.
    pub taken: String,
    /// The signature line.
    pub line: String,
}

impl Casework {
    /// Signs the ledger as it stands; returns the checkpoint note. Signing the same size again returns the same text.
    pub async fn checkpoint(&self) -> Result<String> {
        let key = self.signer().await?;
        let mut tx = self.store.begin().await?;
        let ledger = self.ledger(&mut tx).await?;
        let checkpoint = Checkpoint { origin: key.key().name().to_owned(), size: ledger.size(), root: ledger.root() };
        if let Some(last) = tx.checkpoint_latest().await? {
            if last.size == checkpoint.size && last.root == *checkpoint.root.as_bytes() {
                tx.rollback().await?;
                return Ok(last.note);
            }
            let earlier = Checkpoint { origin: checkpoint.origin.clone(), size: last.size, root: Hash::from_bytes(last.root) };
            checkpoint.may_follow(&earlier).map_err(LedgerError::from)?;
        }
        let note = checkpoint.sign(&[&key]).map_err(LedgerError::from)?.to_string();
        // Kept before anybody sees it: two contradicting checkpoints can then never both leave.
        let row = CheckpointRow { size: checkpoint.size, root: *checkpoint.root.as_bytes(), note, at: self.clock.now() };
        let row = tx.add_checkpoint(&row).await?;
        crate::custody::keep_newest(&mut tx, row.size, crate::witness::checkpoint(&row), false).await?;
        tx.commit().await?;
        Ok(row.note)
    }

    /// The same with the signatures of others that were brought back for it.
    pub async fn checkpoint_with_cosignatures(&self) -> Result<String> {
        let note = self.checkpoint().await?;
        let size = checkpoint_size(&note)?;
        self.cosigned_note(&CheckpointRef::Size(size)).await
    }

    /// A checkpoint that was signed, with every signature that was brought back for it.
    pub async fn cosigned_note(&self, which: &CheckpointRef) -> Result<String> {
        let row = self.signed(which).await?;
        let lines = self.cosignatures(row.size..row.size + 1).await?;
        Ok(lines.iter().fold(row.note, |note, c| format!("{note}{}\n", c.line)))
    }

    /// The kept checkpoint that is meant. Errors: `NoSuchCheckpoint`, `ForeignCheckpoint`.
    async fn signed(&self, which: &CheckpointRef) -> Result<CheckpointRow> {
        match which {
            CheckpointRef::Size(size) => self.store.checkpoint(*size).await?.ok_or(CaseError::NoSuchCheckpoint { size: *size }),
            CheckpointRef::Note(bytes) => Ok(self.ours(bytes).await?.0),
        }
    }

    /// Reads a note and finds the checkpoint of ours that it is. Errors: `ForeignCheckpoint` where it says anything else than
    /// what was signed here, or carries a signature by our key that we did not make.
    async fn ours(&self, bytes: &[u8]) -> Result<(CheckpointRow, Note)> {
        let note = Note::parse(bytes).map_err(LedgerError::from)?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(LedgerError::from)?;
        let row = self.store.checkpoint(checkpoint.size).await?;
        let row = row.ok_or(CaseError::ForeignCheckpoint { size: checkpoint.size })?;
        let own = Note::parse(row.note.as_bytes()).map_err(LedgerError::from)?;
        let forged =
            note.signatures().iter().any(|s| own.signatures().iter().any(|o| o.name == s.name && o.id == s.id && o != s));
        if own.text() != note.text() || forged {
            return Err(CaseError::ForeignCheckpoint { size: checkpoint.size });
        }
        Ok((row, note))
    }

    /// Takes in what others signed under one of our checkpoints. Every signature by one of `witnesses` must hold; those by
    /// keys nobody named are kept unchecked. Answers the signatures of that checkpoint. Errors: `ForeignCheckpoint`,
    /// `NothingSigned` where none is new or none is by a named witness, and those of notes; then nothing was kept.
    pub async fn cosigned(&self, bytes: &[u8], witnesses: &[VerifierKey]) -> Result<Vec<CosignatureView>> {
        self.must_write()?;
        let (row, note) = self.ours(bytes).await?;
        let own = Note::parse(row.note.as_bytes()).map_err(LedgerError::from)?;
        if !witnesses.is_empty() {
            note.verify(witnesses).map_err(LedgerError::from)?;
        }
        let known = self.store.cosignatures(row.size..row.size + 1).await?;
        let mut tx = self.store.begin().await?;
        let mut n = 0;
        for s in note.signatures().iter().filter(|s| !own.signatures().contains(s)) {
            let signature = STANDARD.encode(&s.bytes);
            if known.iter().any(|k| k.name == s.name && k.key_id == s.id && k.signature == signature) {
                continue;
            }
            let vkey = witnesses.iter().find(|w| w.name() == s.name && w.id() == s.id).map(VerifierKey::to_string);
            let (name, key_id, at) = (s.name.clone(), s.id, self.clock.now());
            tx.add_cosignature(&CosignatureRow { size: row.size, name, key_id, signature, vkey, at }).await?;
            n += 1;
        }
        crate::custody::keep_outside(&mut tx).await?;
        if n == 0 && known.is_empty() {
            return Err(CaseError::NothingSigned);
        }
        tx.commit().await?;
        self.cosignatures(row.size..row.size + 1).await
    }

    /// Signatures by others on checkpoints whose size is in the range.
    pub async fn cosignatures(&self, sizes: std::ops::Range<u64>) -> Result<Vec<CosignatureView>> {
        let rows = self.store.cosignatures(sizes).await?;
        rows.into_iter()
            .map(|row| {
                let bytes = STANDARD.decode(&row.signature).map_err(|_| CaseError::Inconsistent { what: "a cosignature" })?;
                let vkey = row.vkey.as_deref().and_then(|k| k.parse::<VerifierKey>().ok());
                // A cosignature begins with the seconds since 1970 that it is bound to.
                let time = vkey.as_ref().filter(|k| k.kind() == KeyType::Cosignature).and_then(|_| bytes.first_chunk::<8>());
                let time = time.and_then(|t| i64::try_from(u64::from_be_bytes(*t)).ok().filter(|s| *s < 250_000_000_000));
                let signature = Signature { name: row.name.clone(), id: row.key_id, bytes };
                Ok(CosignatureView {
                    size: row.size,
                    name: row.name,
                    key_id: format!("{:08x}", row.key_id),
                    checked: vkey.is_some(),
                    time: time.map(|s| zapys_domain::Instant::from_seconds(s).to_string()),
                    taken: row.at.to_string(),
                    line: signature.to_string(),
                })
            })
            .collect()
    }

    /// Nodes that `purpose` needs of the log at `size`. Errors: those of the purpose, and `Inconsistent` where one is missing.
    async fn nodes<T>(&self, size: u64, purpose: impl Fn(&dyn Leaves) -> Result<T, ProofError>) -> Result<T> {
        let plan = Sparse::plan(size, &purpose).map_err(LedgerError::from)?;
        let mut nodes = Sparse::new(size);
        // What a proof needs of one kept level lies in few blocks of 16: one question for each.
        let blocks: BTreeSet<(u32, u64)> = plan
            .into_iter()
            .map(|(level, index)| {
                let below = level % NODE_STRIDE;
                (level - below, (index << below) >> NODE_STRIDE)
            })
            .collect();
        for (level, block) in blocks {
            let first = block << NODE_STRIDE;
            let range = first..(size >> level).min(first + (1 << NODE_STRIDE));
            let found = match level {
                0 => self.store.leaves(range.clone()).await?,
                _ => self.store.nodes(level, range.clone()).await?,
            };
            range.zip(found).for_each(|(i, hash)| nodes.put(level, i, Hash::from_bytes(hash)));
        }
        Ok(purpose(&nodes).map_err(LedgerError::from)?)
    }

    /// Root over the first `size` entries.
    pub(crate) async fn root_at(&self, size: u64) -> Result<Hash> {
        self.nodes(size, |nodes| tree::root(nodes, size)).await
    }

    /// Inclusion proof of one entry in the ledger of `size` entries, checked before it is given out.
    pub(crate) async fn inclusion(&self, seq: u64, size: u64, root: &Hash) -> Result<Vec<Hash>> {
        let hashes = self.nodes(size, |nodes| tree::inclusion(nodes, seq, size)).await?;
        let leaf = self.store.leaves(seq..seq + 1).await?;
        let leaf = leaf.first().map(|l| Hash::from_bytes(*l)).ok_or(CaseError::Inconsistent { what: "an entry" })?;
        verify_inclusion(&leaf, seq, size, &hashes, root)
            .map_err(|_| CaseError::Inconsistent { what: "the tree of the ledger" })?;
        Ok(hashes)
    }

    /// The inclusion proofs of an item's custody events, oldest first, all to one fresh checkpoint.
    pub async fn proofs(&self, item: ItemId) -> Result<Vec<ProofView>> {
        let checkpoint = self.checkpoint().await?;
        let c = read(&checkpoint)?;
        let mut proofs = Vec::new();
        for entry in self.store.entries_of(item).await? {
            if entry.seq.0 >= c.size {
                // Another process appended it after the checkpoint.
                break;
            }
            let hashes = self.inclusion(entry.seq.0, c.size, &c.root).await?;
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

    /// The proof that `new` continues `old`; without `new`, that the ledger as it stands does. Errors: `NoSuchCheckpoint`,
    /// `ForeignCheckpoint`, `Flag` where `new` is the earlier of the two, `Inconsistent` where the ledger does not continue it.
    pub async fn consistency(&self, old: &CheckpointRef, new: Option<&CheckpointRef>) -> Result<ConsistencyView> {
        let old = self.signed(old).await?;
        let new = match new {
            Some(which) => self.signed(which).await?.note,
            None => self.checkpoint().await?,
        };
        let (from, to) = (read(&old.note)?, read(&new)?);
        if from.size > to.size {
            return Err(CaseError::Flag { flag: "NEW", wants: "the later of the two checkpoints" });
        }
        let hashes = self.nodes(to.size, |nodes| tree::consistency(nodes, from.size, to.size)).await?;
        zapys_ledger::verify_consistency(from.size, &from.root, to.size, &to.root, &hashes)
            .map_err(|_| CaseError::Inconsistent { what: "the tree of the ledger" })?;
        let proof = ConsistencyProof { hashes, old: old.note, new };
        Ok(ConsistencyView {
            old: from.size,
            new: to.size,
            hashes: proof.hashes.iter().map(Hash::base64).collect(),
            text: proof.to_string(),
        })
    }
}

/// A checkpoint of our own record.
fn read(note: &str) -> Result<Checkpoint> {
    let note = Note::parse(note.as_bytes()).map_err(LedgerError::from)?;
    Ok(Checkpoint::parse(note.text()).map_err(LedgerError::from)?)
}
