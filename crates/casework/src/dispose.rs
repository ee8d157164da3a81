//! Disposal: the content of one item put beyond everybody's reach, as a planned, shown and recorded act.
//!
//! What is destroyed: the keys of its object and derivatives (in a case that is not encrypted, their files), the openings of
//! its commitments, names, sources, dates, findings and words. What stays: that there was an item, and every entry of the
//! ledger about it, which verifies as before and tells nothing.

use crate::Result;
use crate::custody::Act;
use crate::error::CaseError;
use crate::open::Casework;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use zapys_domain::{Action, Actor, ItemId, ObjectId};
use zapys_vault::SealedName;

/// Rows that are read at once.
const TOGETHER: u32 = 2000;

/// What a disposal destroys, or has destroyed.
#[derive(Clone, Debug, Serialize)]
pub struct DisposalView {
    /// Which item.
    pub item: ItemId,
    /// True once it is done.
    pub disposed: bool,
    /// How many objects: the original and what was derived from it.
    pub objects: u64,
    /// How many of its objects stay, because another item has the same bytes.
    pub shared: u64,
    /// How many items were packed in it; they are items of their own and stay.
    pub members: u64,
    /// True where keys are destroyed; false where files are removed.
    pub encrypted: bool,
}
impl fmt::Display for DisposalView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match (self.disposed, self.encrypted) {
            (false, true) => "would lose their keys",
            (false, false) => "would be removed",
            (true, true) => "have lost their keys",
            (true, false) => "were removed",
        };
        write!(f, "Item {}: {} objects {how}, with every name, source, date and word of it", self.item, self.objects)?;
        if self.shared > 0 {
            write!(f, "; {} stay, because another item has the same bytes", self.shared)?;
        }
        if self.members > 0 {
            write!(f, "; {} items that were packed in it stay", self.members)?;
        }
        f.write_str(". The custody log keeps its entries and still verifies.")
    }
}

impl Casework {
    /// Removes objects that the record does not name: rests of a process that was cut off, and what lost its key.
    pub(crate) async fn sweep_objects(&self) -> Result<u64> {
        if !self.vault.is_local() {
            return Ok(0);
        }
        let mut named = HashSet::new();
        if self.keys.is_some() {
            let mut after = String::new();
            loop {
                let rows = self.store.object_keys_by_name(&after, TOGETHER).await?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.name);
                named.extend(rows.iter().filter_map(|r| r.name.parse::<ObjectId>().ok()));
            }
        } else {
            let mut after = None;
            loop {
                let rows = self.store.objects(after, TOGETHER).await?;
                let Some(last) = rows.last() else { break };
                after = Some(last.id);
                named.extend(rows.iter().map(|r| r.id));
            }
            for gone in self.store.disposed_objects().await? {
                named.remove(&gone);
            }
        }
        let vault = self.vault.clone();
        // A name is as long as a digest, and takes no more room than one.
        let keep = move |n: &SealedName| n.as_str().parse::<ObjectId>().is_ok_and(|n| named.contains(&n));
        let swept = tokio::task::spawn_blocking(move || vault.sweep_unnamed(&keep));
        Ok(swept.await.map_err(|_| CaseError::Lost)??)
    }

    /// What disposing of an item would destroy.
    pub async fn plan_disposal(&self, item: ItemId) -> Result<DisposalView> {
        self.row(item).await?;
        let (gone, shared) = self.disposable(item).await?;
        Ok(DisposalView {
            item,
            disposed: self.store.is_disposed(item).await?,
            objects: gone.len() as u64,
            shared,
            members: self.store.children(item).await?.len() as u64,
            encrypted: self.keys.is_some(),
        })
    }

    /// The item's objects that nothing else needs, and how many others there are.
    async fn disposable(&self, item: ItemId) -> Result<(BTreeSet<ObjectId>, u64)> {
        let row = self.row(item).await?;
        let mut of_item = vec![row.object];
        of_item.extend(self.store.derivations(item).await?.into_iter().filter_map(|d| d.output));
        let objects: BTreeSet<ObjectId> = of_item.iter().copied().collect();
        let mut gone = BTreeSet::new();
        let mut shared = 0;
        for object in &objects {
            let own = of_item.iter().filter(|o| *o == object).count() as u64;
            if self.store.object_uses(*object).await? > own {
                shared += 1;
            } else {
                gone.insert(*object);
            }
        }
        Ok((gone, shared))
    }

    /// Disposes of an item. Errors: a legal hold on it; done already; objects on a server that are not encrypted.
    pub async fn dispose(&self, actor: &Actor, item: ItemId, reason: &str, authority: &str) -> Result<DisposalView> {
        self.must_write()?;
        if reason.trim().is_empty() || authority.trim().is_empty() {
            return Err(CaseError::Flag { flag: "--reason and --authority", wants: "a text each" });
        }
        if self.store.is_disposed(item).await? {
            return Err(CaseError::Disposed);
        }
        if self.on_hold(item).await? {
            return Err(CaseError::OnHold);
        }
        let mut view = self.plan_disposal(item).await?;
        let (gone, _) = self.disposable(item).await?;
        if self.keys.is_none() && !self.vault.is_local() {
            return Err(CaseError::NotDisposable);
        }
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = Act::item(actor, Action::Disposed, item)
            .purpose("disposal")
            .authority(Some(authority))?
            .commit("reason", reason.into())?
            .count("objects", gone.len() as u64);
        let entry = ledger.seal(self, &mut tx, act).await?;
        tx.dispose(item, ledger.last_time(), actor, entry).await?;
        for object in &gone {
            tx.dispose_object(*object, item).await?;
        }
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        // From here on nothing can be taken back; what is cut off is finished by the next disposal or `key renew`.
        self.forget_begun_of(item)?;
        self.forget_words(item).await?;
        if self.keys.is_some() {
            self.renew_keys(actor).await?;
        }
        self.sweep_objects().await?;
        self.store.compact().await?;
        view.disposed = true;
        Ok(view)
    }
}
