//! Which head of the ledger a production shows: one that covers everything that concerns the evidence, and no later one than
//! there is need for. Views and exports concern nobody's evidence, so a production made again shows the same head, and is the
//! same, byte for byte.

use crate::Result;
use crate::error::CaseError;
use crate::open::Casework;
use crate::proofs::CheckpointRef;
use crate::stamp::StampFiles;
use zapys_domain::{Action, EntrySeq, Instant};
use zapys_dossier::extract::{KeyEvent, KeyPeriod, LedgerPart, StampPart};
use zapys_ledger::stamp::Reply;
use zapys_ledger::{Checkpoint, Hash, Note};
use zapys_store::{CheckpointRow, EntryRow, StampKind};

/// Entries that are looked at together.
const PAGE: u32 = 512;

/// A signed head of the ledger.
pub(super) struct Head {
    pub(super) size: u64,
    pub(super) root: Hash,
    /// When it was signed.
    pub(super) at: Instant,
    pub(super) part: LedgerPart,
}

/// False for looking and handing over, which are on record and change nothing about the evidence, and for what the program
/// notes about the record and the ledger themselves.
fn concerns(entry: &EntryRow) -> bool {
    use Action::{Corrected, Disposed, KeyReplaced, KeyRotated, LegalHold, Opened, Recorded};
    match entry.item {
        Some(_) => !matches!(entry.action, Action::Accessed | Action::Exported),
        None => matches!(entry.action, Opened | Recorded | Corrected | LegalHold | Disposed | KeyRotated | KeyReplaced),
    }
}

impl Casework {
    /// Number of entries up to the last one that concerns the evidence.
    async fn concerned(&self) -> Result<u64> {
        let mut before: Option<EntrySeq> = None;
        loop {
            let page = self.store.entries_newest(before, PAGE).await?;
            let Some(oldest) = page.last() else { return Ok(0) };
            if let Some(entry) = page.iter().find(|e| concerns(e)) {
                return Ok(entry.seq.0 + 1);
            }
            before = Some(oldest.seq);
        }
    }

    /// The head to show. `at`: a checkpoint that was signed. Errors: `NoSuchCheckpoint`; `Err(None)` where it is too old.
    pub(super) async fn head_to_show(&self, at: Option<u64>) -> Result<Option<Head>> {
        let need = self.concerned().await?;
        let row = match at {
            Some(size) => {
                let row = self.store.checkpoint(size).await?.ok_or(CaseError::NoSuchCheckpoint { size })?;
                if size < need {
                    return Ok(None);
                }
                row
            }
            None => self.checkpoint_from(need).await?,
        };
        let note = self.cosigned_note(&CheckpointRef::Size(row.size)).await?;
        let stamps = self.stamps(row.size).await?;
        let mut parts = Vec::new();
        for s in stamps.into_iter().filter(|s| s.size == row.size) {
            parts.push(stamp(s, &note, parts.len()));
        }
        let (size, root) = (row.size, Hash::from_bytes(row.root));
        let keys = self.key_periods(size, &root).await?;
        let vkey = self.vkey().await?;
        Ok(Some(Head { size, root, at: row.at, part: LedgerPart { vkey, checkpoint: note, stamps: parts, keys } }))
    }

    /// The first signed checkpoint over at least `need` entries, preferably one with a time stamp; else a new one.
    async fn checkpoint_from(&self, need: u64) -> Result<CheckpointRow> {
        let stamped: Vec<u64> = self.stamps(u64::MAX - 1).await?.iter().map(|s| s.size).collect();
        let fit: Vec<CheckpointRow> = self.store.checkpoints().await?.into_iter().filter(|c| c.size >= need).collect();
        let first = fit.iter().find(|c| stamped.contains(&c.size)).or(fit.first()).cloned();
        if let Some(row) = first {
            return Ok(row);
        }
        let note = self.checkpoint().await?;
        let size = crate::custody::checkpoint_size(&note)?;
        self.store.checkpoint(size).await?.ok_or(CaseError::Inconsistent { what: "a checkpoint" })
    }

    /// The keys of the ledger up to this size; empty where there was never more than one.
    async fn key_periods(&self, size: u64, root: &Hash) -> Result<Vec<KeyPeriod>> {
        let (history, rows) = (self.key_history().await?, self.store.ledger_keys().await?);
        if history.later().is_empty() {
            return Ok(Vec::new());
        }
        let mut all = vec![KeyPeriod { vkey: history.first().clone(), from_size: 0, reason: "first".into(), event: None }];
        for (s, row) in history.later().iter().zip(rows) {
            let missing = CaseError::Inconsistent { what: "a key of the ledger" };
            let Some(entry) = self.store.entry(EntrySeq(s.seq)).await? else { return Err(missing) };
            // The last word of a key that vouches is the checkpoint over the event that names the next one.
            let (checkpoint, inclusion) = if s.vouched {
                let Some(last) = self.store.checkpoint(s.seq + 1).await? else { return Err(missing) };
                let head = Checkpoint::parse(Note::parse(last.note.as_bytes()).map_err(zapys_ledger::LedgerError::from)?.text())
                    .map_err(zapys_ledger::LedgerError::from)?;
                (Some(last.note), self.inclusion(s.seq, head.size, &head.root).await?)
            } else {
                (None, self.inclusion(s.seq, size, root).await?)
            };
            let event = Some(KeyEvent { canonical: entry.canonical.into_bytes(), inclusion, checkpoint });
            let from_size = s.seq + if s.vouched { 2 } else { 1 };
            all.push(KeyPeriod { vkey: s.key.clone(), from_size, reason: row.reason, event });
        }
        Ok(all)
    }
}

/// The files of a stamp as a production carries them. `note`: the checkpoint as it is carried.
fn stamp(s: StampFiles, note: &str, index: usize) -> StampPart {
    let checkpoint = Some(s.checkpoint).filter(|c| c != note.as_bytes());
    let chain = Some(s.chain.into_bytes()).filter(|c| !c.is_empty());
    match s.kind {
        StampKind::Rfc3161 => StampPart {
            name: format!("tsa-{}", index + 1),
            time: Reply::parse(&s.reply).ok().map(|r| r.token().time()),
            tsq: s.request,
            tsr: Some(s.reply),
            chain_pem: chain,
            crls: s.crls,
            checkpoint,
            ..StampPart::default()
        },
        StampKind::OpenTimestamps => StampPart {
            name: format!("ots-{}", index + 1),
            ots: Some(s.reply),
            block_header: s.header,
            checkpoint,
            ..StampPart::default()
        },
    }
}
