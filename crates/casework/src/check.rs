//! Verifying the case itself: every object re-read, every entry re-hashed, every repeatable derivative repeated.

use crate::Result;
use crate::custody::Act;
use crate::error::CaseError;
use crate::open::Casework;
use crate::view::{BadObject, DerivativesChecked, DifferingDerivative, LedgerChecked, ObjectsChecked, VerifyView};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::derivation::Repeatability;
use zapys_domain::{Action, Actor, DerivationKey, Instant, ObjectId, Progress};
use zapys_engines::{Input, Work};
use zapys_ledger::{Checkpoint, Hash, Subject, VerifierKey, tree};
use zapys_store::DerivationRow;

/// Setting that holds when objects were last re-read, and which were bad.
pub(crate) const LAST: &str = "verify.last";

impl Casework {
    /// Re-reads vault and ledger; `deep` also repeats derivatives. Looking changes nothing, except that an open case
    /// remembers when it was last looked through.
    pub async fn verify(&self, deep: bool) -> Result<VerifyView> {
        let objects = self.verify_objects().await?;
        let ledger = self.verify_ledger().await?;
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
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = Act::case(self, &Actor::owner(), Action::Verified)
            .purpose("verification")
            .count("objects", objects.checked)
            .count("bad", objects.bad.len() as u64)
            .code("result", if ok { "unchanged" } else { "fault" });
        ledger.seal(self, &mut tx, act).await?;
        let bad: Vec<&str> = objects.bad.iter().map(|b| b.object.as_str()).collect();
        let text = serde_json::to_string(&(self.clock.now().to_string(), bad))
            .map_err(|_| CaseError::Inconsistent { what: "a check" })?;
        tx.set_setting(LAST, &text).await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    async fn verify_objects(&self) -> Result<ObjectsChecked> {
        let mut checked = 0;
        let mut bad = Vec::new();
        let mut after = None;
        loop {
            let rows = self.store.objects(after, 1000).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            checked += rows.len() as u64;
            let vault = self.vault.clone();
            let damaged = tokio::task::spawn_blocking(move || damaged(&vault, rows.iter().map(|r| r.id).collect()))
                .await
                .map_err(|_| CaseError::Lost)?;
            for (object, reason) in damaged {
                bad.push(BadObject { object: object.to_string(), reason, items: self.items_with(object).await? });
            }
        }
        Ok(ObjectsChecked { checked, bad })
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

    /// Re-hashes every entry, follows every chain, compares every signed checkpoint.
    async fn verify_ledger(&self) -> Result<LedgerChecked> {
        let size = self.store.head().await?.size;
        let mut faults = Vec::new();
        let mut leaves = Vec::new();
        let mut chains: BTreeMap<String, (u64, Hash)> = BTreeMap::new();
        let mut last: Option<Instant> = None;
        for row in self.all_entries(0..size).await? {
            let seq = row.seq.0;
            let bytes = row.canonical.into_bytes();
            let leaf = Hash::leaf(&bytes);
            if *leaf.as_bytes() != row.leaf || *Hash::of(&bytes).as_bytes() != row.digest {
                faults.push(format!("entry {seq} does not hash to what was recorded for it"));
            }
            leaves.push(leaf);
            let event = match zapys_ledger::Event::parse(&bytes) {
                Ok(event) => event,
                Err(e) => {
                    faults.push(format!("entry {seq} is no event: {e}"));
                    continue;
                }
            };
            if event.seq.0 != seq {
                faults.push(format!("entry {seq} says it is entry {}", event.seq.0));
            }
            let item = match event.subject {
                Subject::Item(item) => Some(item),
                _ => None,
            };
            if item != row.item || event.action != row.action || event.actor != row.actor || event.time != row.at {
                faults.push(format!("entry {seq} says something else than its row"));
            }
            let chain = chains.get(&event.subject.to_string());
            let follows = match chain {
                None => event.item_seq == 0 && event.prev.is_none(),
                Some((n, digest)) => event.item_seq == n + 1 && event.prev == Some(*digest),
            };
            if !follows {
                faults.push(format!("entry {seq} does not follow the one before it about the same thing"));
            }
            chains.insert(event.subject.to_string(), (event.item_seq, Hash::of(&bytes)));
            if last.is_some_and(|t| event.time < t) && event.action != Action::ClockAnomaly {
                faults.push(format!("entry {seq} is older than the one before it, and no clock anomaly was recorded"));
            }
            last = Some(event.time);
        }
        if (leaves.len() as u64) < size {
            faults.push(format!("{} of {size} entries are missing", size - leaves.len() as u64));
        }
        let root = tree::root(&leaves, leaves.len() as u64).map_err(|e| CaseError::Ledger(e.to_string()))?;
        let vkey: VerifierKey = self.card().ledger_vkey.parse().map_err(|_| CaseError::Key("it cannot be read".into()))?;
        for row in self.store.checkpoints().await? {
            match Checkpoint::open(row.note.as_bytes(), &vkey) {
                Err(e) => faults.push(format!("the checkpoint over {} entries is not valid: {e}", row.size)),
                Ok(c) => {
                    if tree::root(&leaves, c.size).ok() != Some(c.root) {
                        faults.push(format!(
                            "the ledger is not the one that the checkpoint over {} entries was signed for",
                            c.size
                        ));
                    }
                }
            }
        }
        self.verify_record(&mut faults).await?;
        Ok(LedgerChecked { size, root: root.base64(), consistent: faults.is_empty(), faults })
    }

    /// The record agrees with what the ledger committed to: originals are those that were taken in.
    async fn verify_record(&self, faults: &mut Vec<String>) -> Result<()> {
        self.store.check().await?;
        for id in self.all_items().await? {
            let row = self.row(id).await?;
            let Some(first) = self.store.entries_of(id).await?.into_iter().next() else {
                faults.push(format!("item {id} has no entry in the ledger"));
                continue;
            };
            let Ok(event) = zapys_ledger::Event::parse(first.canonical.as_bytes()) else { continue };
            let object = self.store.openings(first.seq).await?.into_iter().find(|o| o.field == "object");
            let holds = match (event.fact("object"), object) {
                (Some(zapys_ledger::Detail::Commit(c)), Some(o)) => {
                    let opening = zapys_ledger::Opening {
                        salt: zapys_ledger::Salt::from_bytes(o.salt),
                        value: zapys_domain::Private::new(o.value.clone()),
                    };
                    opening.opens(c) && o.value.as_str() == Some(row.object.to_string().as_str())
                }
                _ => false,
            };
            if !holds {
                faults.push(format!("item {id} names another original than the one its entry {} committed to", first.seq));
            }
        }
        Ok(())
    }

    /// Repeats what repeats exactly and compares digests; the rest is counted as non-reproducible, never as good.
    async fn verify_derivatives(&self) -> Result<DerivativesChecked> {
        let bench = self.bench().await?;
        let mut view = DerivativesChecked { checked: 0, differ: Vec::new(), non_reproducible: 0 };
        for d in self.all_derivations().await? {
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
            let scratch = self.scratch()?;
            let (vault, inputs, params, media_type) =
                (self.vault.clone(), d.inputs.clone(), d.params.clone(), item.media_type.clone());
            let again = tokio::task::spawn_blocking(move || -> Result<Option<ObjectId>> {
                let mut files = Vec::new();
                for (i, object) in inputs.iter().enumerate() {
                    let media_type = if i == 0 { media_type.clone() } else { "application/json".into() };
                    files.push(Input { path: vault.materialise(object, scratch.path())?, media_type });
                }
                let (output, inner) = (scratch.path().join("output"), scratch.path().join("work"));
                std::fs::create_dir(&inner).map_err(CaseError::path(&inner))?;
                let mut work = Work {
                    inputs: files,
                    params: &params,
                    output: output.clone(),
                    scratch: &inner,
                    progress: Progress::hidden(),
                    cancel: Arc::new(AtomicBool::new(false)),
                };
                if engine.run(&mut work).is_err() {
                    return Ok(None);
                }
                Ok(std::fs::read(&output).ok().map(|bytes| ObjectId::of(&bytes)))
            })
            .await
            .map_err(|_| CaseError::Lost)??;
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

/// Which objects are not what their names say, looked through by two threads.
fn damaged(vault: &zapys_vault::Vault, objects: Vec<ObjectId>) -> Vec<(ObjectId, String)> {
    let queue = std::sync::Mutex::new(objects.into_iter());
    let found = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|p| p.into_inner()).next();
                    let Some(object) = next else { break };
                    if let Err(damage) = vault.check(&object) {
                        found.lock().unwrap_or_else(|p| p.into_inner()).push((object, damage.to_string()));
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(|p| p.into_inner());
    found.sort_by_key(|f| f.0);
    found
}
