//! Verifying the case itself: every object re-read, every entry re-hashed, every repeatable derivative repeated.

mod marks;
mod record;

pub(crate) use marks::{CHECKPOINT, NEWEST, OUTSIDE, OUTSIDE_PURPOSE};

use crate::Result;
use crate::custody::Act;
use crate::derive::Run;
use crate::error::CaseError;
use crate::open::Casework;
use crate::proofs::CheckpointRef;
use crate::view::{BadObject, DerivativesChecked, DifferingDerivative, LedgerChecked, ObjectsChecked, VerifyView};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::derivation::Repeatability;
use zapys_domain::{Action, Actor, DerivationKey, ObjectId, Progress};
use zapys_engines::parts::NoParts;
use zapys_ledger::{Follow, Hash, KeyHistory, Note, Subject, VerifierKey};
use zapys_store::{DerivationRow, NODE_STRIDE, Place};
use zapys_vault::Kept;

/// Objects that are looked up and re-read together, at first and at most: few, so that hashing begins soon.
const TOGETHER: std::ops::RangeInclusive<u32> = 50..=500;
/// Entries that are read together; whole subtrees of the kept levels.
const ENTRIES: u32 = 4096;
/// Setting that holds when objects were last re-read, and which were bad.
pub(crate) const LAST: &str = "verify.last";

impl Casework {
    /// Re-reads vault and ledger; `deep` also repeats derivatives. Looking changes nothing, except that an open case
    /// remembers when it was last looked through.
    pub async fn verify(&self, deep: bool) -> Result<VerifyView> {
        // Bytes are hashed, and the file of the record is looked through, on threads of their own meanwhile.
        let (objects, mut ledger, amiss) =
            tokio::try_join!(self.verify_objects(), self.verify_ledger(deep), self.verify_database())?;
        ledger.consistent &= amiss.is_empty();
        ledger.faults.extend(amiss);
        let derivatives = if deep {
            self.verify_derivatives().await?
        } else {
            DerivativesChecked { checked: 0, differ: Vec::new(), non_reproducible: 0 }
        };
        let ok = objects.bad.is_empty() && ledger.consistent && derivatives.differ.is_empty();
        if self.writes() {
            self.remember_check(&objects, ok).await?;
        }
        Ok(VerifyView { objects, ledger, derivatives, ok })
    }

    async fn remember_check(&self, objects: &ObjectsChecked, ok: bool) -> Result<()> {
        let bad: Vec<&str> = objects.bad.iter().map(|b| b.object.as_str()).collect();
        let text = serde_json::to_string(&(self.clock.now().to_string(), bad))
            .map_err(|_| CaseError::Inconsistent { what: "a check" })?;
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = Act::case(self, &Actor::owner(), Action::Verified)
            .purpose("verification")
            .count("objects", objects.checked)
            .count("bad", objects.bad.len() as u64)
            .code("result", if ok { "unchanged" } else { "fault" })
            .commit(crate::witness::FIELD, crate::witness::setting(&text).into())?;
        ledger.seal(self, &mut tx, act).await?;
        tx.set_setting(LAST, &text).await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    async fn verify_objects(&self) -> Result<ObjectsChecked> {
        let mut checked = 0;
        let mut bad = Vec::new();
        let mut place = Place::default();
        let mut under_way = None;
        let mut together = *TOGETHER.start();
        let disposed: BTreeSet<ObjectId> = self.store.disposed_objects().await?.into_iter().collect();
        loop {
            let (rows, next) = self.store.keyed_objects_from(&place, together).await?;
            if rows.is_empty() {
                break;
            }
            place = next;
            together = (2 * together).min(*TOGETHER.end());
            let mut kept = Vec::with_capacity(rows.len());
            let mut keyless = Vec::new();
            for (row, key) in rows.iter().filter(|(r, _)| !disposed.contains(&r.id)) {
                checked += 1;
                match (self.keys.is_some(), key) {
                    (false, _) => kept.push((row.bytes, Kept::plain(row.id))),
                    (true, None) => keyless.push((row.id, zapys_keys::KeyError::Destroyed.to_string())),
                    (true, Some(key)) => match self.unwrap(row.id, key) {
                        Ok(k) => kept.push((row.bytes, k)),
                        Err(e) => keyless.push((row.id, e.to_string())),
                    },
                }
            }
            // The longest first, so that no thread is left with it alone.
            kept.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
            let vault = self.vault.clone();
            let reading = tokio::task::spawn_blocking(move || damaged(&vault, kept));
            // Keys of the next ones are looked up while these are read.
            if let Some(before) = under_way.replace(reading) {
                self.note_bad(before.await.map_err(|_| CaseError::Lost)?, &mut bad).await?;
            }
            self.note_bad(keyless, &mut bad).await?;
        }
        if let Some(last) = under_way {
            self.note_bad(last.await.map_err(|_| CaseError::Lost)?, &mut bad).await?;
        }
        Ok(ObjectsChecked { checked, bad })
    }

    async fn note_bad(&self, damaged: Vec<(ObjectId, String)>, bad: &mut Vec<BadObject>) -> Result<()> {
        for (object, reason) in damaged {
            bad.push(BadObject { object: object.to_string(), reason, items: self.items_with(object).await? });
        }
        Ok(())
    }

    /// Items that an object belongs to, as original or as derivative.
    async fn items_with(&self, object: ObjectId) -> Result<Vec<zapys_domain::ItemId>> {
        let mut items = self.store.items_of(object).await?;
        if items.is_empty() {
            for d in self.all_derivations().await? {
                if d.output == Some(object) && !items.contains(&d.item) {
                    items.push(d.item);
                }
            }
        }
        Ok(items)
    }

    async fn all_derivations(&self) -> Result<Vec<DerivationRow>> {
        let mut all: Vec<DerivationRow> = Vec::new();
        loop {
            let part = self.store.derivations_after(all.last().map(|d| (d.key, d.item)), 1000).await?;
            if part.is_empty() {
                return Ok(all);
            }
            all.extend(part);
        }
    }

    /// Re-hashes every entry, follows every chain, compares every signed checkpoint under the key of its size, and the kept
    /// nodes of the tree.
    async fn verify_ledger(&self, deep: bool) -> Result<LedgerChecked> {
        let size = self.store.head().await?.size;
        let mut faults = Vec::new();
        let vkey: VerifierKey = self.card().ledger_vkey.parse().map_err(|_| CaseError::Key("it cannot be read".into()))?;
        let mut walk = Follow::new(vkey);
        let checkpoints = self.store.checkpoints().await?;
        let mut roots: BTreeMap<u64, Hash> = checkpoints.iter().filter(|c| c.size == 0).map(|_| (0, Hash::empty())).collect();
        let signed: BTreeSet<u64> = checkpoints.iter().map(|c| c.size).collect();
        let nodes_kept = self.store.nodes_kept().await? > 0;
        let mut marks = marks::Marks::default();
        let mut ahead = self.entries_from(0, size);
        loop {
            let page = ahead.await.map_err(|_| CaseError::Lost)??;
            let Some(last) = page.last() else { break };
            // The next entries are read while these are hashed.
            ahead = self.entries_from(last.seq.0 + 1, size);
            let mut nodes: BTreeMap<u32, (u64, Vec<Hash>)> = BTreeMap::new();
            for row in page {
                let seq = row.seq.0;
                let bytes = row.canonical.into_bytes();
                let (leaf, digest) = (Hash::leaf(&bytes), Hash::of(&bytes));
                if *leaf.as_bytes() != row.leaf || *digest.as_bytes() != row.digest {
                    faults.push(format!("entry {seq} does not hash to what was recorded for it"));
                }
                let (event, wrong) = walk.hashed(&bytes, leaf, digest, |level, index, hash| {
                    if level.is_multiple_of(NODE_STRIDE) {
                        nodes.entry(level).or_insert((index, Vec::new())).1.push(hash);
                    }
                });
                faults.extend(wrong.iter().map(ToString::to_string));
                if let Some(event) = event {
                    marks.take(&event, &bytes);
                    let item = match event.subject {
                        Subject::Item(item) => Some(item),
                        _ => None,
                    };
                    let place = item.map(|_| event.item_seq);
                    if item != row.item
                        || place != row.item_seq
                        || event.action != row.action
                        || event.actor != row.actor
                        || event.time != row.at
                    {
                        faults.push(format!("entry {seq} says something else than its row"));
                    }
                }
                if signed.contains(&walk.size()) {
                    roots.insert(walk.size(), walk.root());
                }
            }
            for (level, (first, hashes)) in nodes.into_iter().filter(|_| nodes_kept) {
                let kept = self.store.nodes(level, first..first + hashes.len() as u64).await;
                if !kept.is_ok_and(|kept| kept.iter().zip(&hashes).all(|(k, h)| k == h.as_bytes())) {
                    faults.push(format!(
                        "the kept nodes of the tree from entry {} on are not those of its entries",
                        first << level
                    ));
                }
            }
        }
        if walk.size() < size {
            faults.push(format!("{} of {size} entries are missing", size - walk.size()));
        }
        let root = walk.root();
        marks.head = Some((walk.size(), root));
        for row in checkpoints {
            match walk.keys().open(row.note.as_bytes()) {
                Err(e) => faults.push(format!("the checkpoint over {} entries is not valid: {e}", row.size)),
                Ok(c) => {
                    if roots.get(&c.size) != Some(&c.root) || (c.size, *c.root.as_bytes()) != (row.size, row.root) {
                        faults.push(format!(
                            "the ledger is not the one that the checkpoint over {} entries was signed for",
                            c.size
                        ));
                    }
                }
            }
        }
        self.verify_keys(walk.keys(), &mut faults).await?;
        // It remembers the end of every chain; the next walk remembers as much of other things.
        drop(walk);
        self.verify_checkpoints(&marks, &mut faults).await?;
        self.verify_record(marks, deep, &mut faults).await?;
        Ok(LedgerChecked { size, root: root.base64(), consistent: faults.is_empty(), faults })
    }

    fn entries_from(&self, from: u64, size: u64) -> tokio::task::JoinHandle<zapys_store::Result<Vec<zapys_store::EntryRow>>> {
        let store = self.store.clone();
        tokio::spawn(async move { store.entries(from..size, ENTRIES).await })
    }

    /// The rows about keys agree with the events, and stamps and signatures of others with the checkpoints they are of.
    async fn verify_keys(&self, keys: &KeyHistory, faults: &mut Vec<String>) -> Result<()> {
        let rows = self.store.ledger_keys().await?;
        let mut agrees =
            rows.iter().map(|r| (r.entry.0, r.vkey.clone())).eq(keys.later().iter().map(|s| (s.seq, s.key.to_string())));
        for row in &rows {
            agrees &=
                match self.store.entry(row.entry).await?.and_then(|e| zapys_ledger::Event::parse(e.canonical.as_bytes()).ok()) {
                    Some(event) => {
                        let reason = match event.fact("loss") {
                            Some(zapys_ledger::Detail::Code(c)) => c.as_str(),
                            _ => "rotated",
                        };
                        row.reason == reason && row.at == event.time
                    }
                    None => false,
                };
        }
        if !agrees {
            faults.push("the keys on record are not those that the entries name".into());
        }
        for stamp in self.stamp_states(&[], false).await?.into_iter().filter(|s| s.reason.is_some()) {
            let reason = stamp.reason.unwrap_or_default();
            faults.push(format!("the time stamp over {} entries does not hold: {reason}", stamp.size));
        }
        for row in self.store.cosignatures(0..u64::MAX).await? {
            let note = self.cosigned_note(&CheckpointRef::Size(row.size)).await?;
            let Some(key) = row.vkey.as_deref().and_then(|k| k.parse::<VerifierKey>().ok()) else { continue };
            if Note::parse(note.as_bytes()).and_then(|n| n.verify(&[key]).map(drop)).is_err() {
                faults.push(format!("a signature of somebody else under the checkpoint over {} entries does not hold", row.size));
            }
        }
        Ok(())
    }

    /// Repeats what repeats exactly and compares digests; the rest is counted as non-reproducible, never as good.
    async fn verify_derivatives(&self) -> Result<DerivativesChecked> {
        let bench = self.bench().await?;
        let mut view = DerivativesChecked { checked: 0, differ: Vec::new(), non_reproducible: 0 };
        for d in self.all_derivations().await? {
            if self.store.is_disposed(d.item).await? {
                continue;
            }
            let item = self.row(d.item).await?;
            let mut differs = |reason: &str| {
                view.differ.push(DifferingDerivative { item: d.item, derivation: d.kind.word().into(), reason: reason.into() })
            };
            if DerivationKey::of(&d.inputs, &d.engine, &d.params) != d.key {
                differs("its key is not that of its inputs, engine and parameters");
                continue;
            }
            let engine = match bench.engine(&item, d.kind) {
                Ok(engine) if *engine.identity() == d.engine && engine.contract().repeats != Repeatability::None => engine,
                _ => {
                    view.non_reproducible += 1;
                    continue;
                }
            };
            let cancel = Arc::new(AtomicBool::new(false));
            let run = Run {
                engine,
                inputs: &d.inputs,
                params: &d.params,
                parts: Arc::new(NoParts),
                progress: Progress::hidden(),
                cancel,
            };
            let again = match self.apply(run, &item.media_type).await? {
                Err(_) => None,
                Ok(ran) => tokio::task::spawn_blocking(move || {
                    std::fs::File::open(&ran.output).ok().and_then(|f| zapys_vault::digest_of(f).ok())
                })
                .await
                .map_err(|_| CaseError::Lost)?,
            };
            view.checked += 1;
            if again != d.output {
                differs(if again.is_none() {
                    "it can no longer be made"
                } else {
                    "made again from the same input it is another"
                });
            }
        }
        Ok(view)
    }
}

/// Which objects are not what their names say, looked through by several threads.
fn damaged(vault: &zapys_vault::Vault, objects: Vec<(u64, Kept)>) -> Vec<(ObjectId, String)> {
    let queue = std::sync::Mutex::new(objects.into_iter());
    let found = std::sync::Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|p| p.into_inner()).next();
                    let Some((bytes, object)) = next else { break };
                    let reason = match vault.check(&object) {
                        Err(damage) => damage.to_string(),
                        Ok(found) if found != bytes => "the record says it has another length".into(),
                        Ok(_) => continue,
                    };
                    found.lock().unwrap_or_else(|p| p.into_inner()).push((object.object, reason));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(|p| p.into_inner());
    found.sort_by_key(|f| f.0);
    found
}
