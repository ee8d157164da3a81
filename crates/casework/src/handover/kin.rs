//! What belongs together, and is protected together: an excerpt with its whole, and what people tied (R1.10).
//!
//! Transcripts and translations are derivatives of their item and share its protection because they have none of their own.

use crate::Result;
use crate::custody::{Act, Ledger};
use crate::error::CaseError;
use crate::open::Casework;
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::handover::RecordBody;
use zapys_domain::provenance::Sensitivity;
use zapys_domain::{Action, Actor, ItemId, RecordId};
use zapys_store::{RecordRow, Tx};

/// Walks along families and excerpts from one item. Read from the store, or inside a transaction.
macro_rules! walk {
    ($db:expr, $item:expr) => {{
        let mut found = BTreeSet::from([$item]);
        let mut next = vec![$item];
        while let Some(id) = next.pop() {
            let mut near: Vec<ItemId> = $db.excerpts_from(id).await?.into_iter().map(|e| e.item).collect();
            near.extend($db.excerpt(id).await?.map(|e| e.parent));
            if let Some(family) = $db.family_of(id).await? {
                near.extend($db.family(family).await?);
            }
            next.extend(near.into_iter().filter(|n| found.insert(*n)));
        }
        found
    }};
}

impl Casework {
    /// Every item of the family of an item, itself among them.
    pub async fn family(&self, item: ItemId) -> Result<BTreeSet<ItemId>> {
        Ok(walk!(self.store, item))
    }

    /// Sets the protection of an item's whole family. `lower`: also where that takes some of it away.
    pub(crate) async fn protect(
        &self,
        tx: &mut Tx,
        ledger: &mut Ledger,
        actor: &Actor,
        item: ItemId,
        level: Sensitivity,
        lower: bool,
    ) -> Result<()> {
        let family: BTreeSet<ItemId> = walk!(tx, item);
        for member in family {
            let row = tx.item(member).await?.ok_or(CaseError::Inconsistent { what: "a family" })?;
            let stands = row.details.sensitivity;
            if stands == level || (stands > level && !lower) {
                continue;
            }
            let action = if level == Sensitivity::Sealed { Action::Sealed } else { Action::Recorded };
            let act = Act::item(actor, action, member).purpose("protection").code("level", level.word());
            let entry = ledger.seal(self, tx, act).await?;
            let mut details = row.details;
            details.sensitivity = level;
            tx.change_item(member, &details, entry).await?;
        }
        Ok(())
    }

    /// Raises a family that was just joined to the strongest protection that any of it has.
    pub(super) async fn level_out(&self, tx: &mut Tx, ledger: &mut Ledger, actor: &Actor, item: ItemId) -> Result<()> {
        let family: BTreeSet<ItemId> = walk!(tx, item);
        let mut strongest = Sensitivity::Public;
        for member in family {
            let row = tx.item(member).await?.ok_or(CaseError::Inconsistent { what: "a family" })?;
            strongest = strongest.max(row.details.sensitivity);
        }
        self.protect(tx, ledger, actor, item, strongest, false).await
    }
}

/// The families that records make, read in their order. A family is named by the record that first joined it.
pub(crate) fn families(records: &[RecordRow]) -> Vec<(ItemId, RecordId)> {
    let mut of: BTreeMap<ItemId, RecordId> = BTreeMap::new();
    for r in records {
        let (Some(item), Some(RecordBody::Family(tie))) = (r.item, &r.body) else { continue };
        if tie.leaves {
            if let Some(left) = of.remove(&item) {
                let rest: Vec<ItemId> = of.iter().filter(|(_, f)| **f == left).map(|(i, _)| *i).collect();
                if let [alone] = rest[..] {
                    of.remove(&alone);
                }
            }
            continue;
        }
        let members: Vec<ItemId> = std::iter::once(item).chain(tie.with.iter().copied()).collect();
        let joined: BTreeSet<RecordId> = members.iter().filter_map(|m| of.get(m).copied()).collect();
        let name = joined.first().copied().unwrap_or(r.id);
        of.values_mut().filter(|f| joined.contains(f)).for_each(|f| *f = name);
        members.iter().for_each(|m| {
            of.insert(*m, name);
        });
    }
    of.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zapys_domain::handover::{FamilyTie, RecordKind};
    use zapys_domain::{EntrySeq, Instant};

    fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(n: u64) -> T {
        ulid::Ulid::from_parts(n, u128::from(n)).to_string().parse().expect("a ULID")
    }
    fn tie(n: u64, item: u64, with: &[u64]) -> RecordRow {
        let body = FamilyTie { with: with.iter().map(|w| id(*w)).collect(), leaves: with.is_empty(), why: None };
        RecordRow {
            id: id(n),
            item: Some(id(item)),
            kind: RecordKind::Family,
            actor: Actor::owner(),
            at: Instant::from_seconds(0),
            body: Some(RecordBody::Family(body)),
            corrects: None,
            because: None,
            entry: EntrySeq(0),
        }
    }

    #[test]
    fn r1_10_families_join_and_part() {
        let check = |records: &[RecordRow], expected: &[(u64, u64)]| {
            let expected: Vec<(ItemId, RecordId)> = expected.iter().map(|(i, f)| (id(*i), id(*f))).collect();
            assert_eq!(families(records), expected);
        };
        check(&[tie(100, 1, &[2]), tie(101, 3, &[4])], &[(1, 100), (2, 100), (3, 101), (4, 101)]);
        check(&[tie(100, 1, &[2]), tie(101, 3, &[4]), tie(102, 2, &[3])], &[(1, 100), (2, 100), (3, 100), (4, 100)]);
        check(&[tie(100, 1, &[2, 3]), tie(101, 2, &[])], &[(1, 100), (3, 100)]);
        check(&[tie(100, 1, &[2]), tie(101, 2, &[])], &[]);
        check(&[tie(100, 2, &[])], &[]);
    }
}
