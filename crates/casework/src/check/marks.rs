//! What is remembered of the entries while the ledger is walked, to compare the record with afterwards.

use crate::Result;
use crate::custody::{CASE_CHAIN, FRONTIER};
use crate::open::Casework;
use crate::witness;
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::{Action, ItemId};
use zapys_ledger::{Detail, Event, Frontier, Hash, Subject};

/// Purpose of the entry that tells of a checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Setting that names the newest checkpoint: its size, the digest of its row, and whether an entry tells of it.
pub(crate) const NEWEST: &str = "ledger.newest-checkpoint";

/// Purpose of the entry that tells of what others signed and stamped.
pub(crate) const OUTSIDE_PURPOSE: &str = "outside";
/// Setting that names all that others signed and stamped: the digest of the rows, and whether an entry tells of it.
pub(crate) const OUTSIDE: &str = "ledger.outside";

/// What the entries tell.
#[derive(Default)]
pub(super) struct Marks {
    /// Items they speak of.
    pub items: BTreeSet<ItemId>,
    /// Items they say were disposed of, and where.
    pub disposed: BTreeMap<ItemId, u64>,
    /// Archives they say were unpacked.
    unpacked: BTreeSet<ItemId>,
    /// Checkpoints they tell of: entry, and digest of the row.
    pub checkpoints: BTreeMap<u64, (u64, Hash)>,
    /// What others signed and stamped, as the last entry tells of it.
    outside: Option<Hash>,
    /// Entries about the case as a whole.
    pub of_case: Vec<Event>,
    /// The last of these: its place among them, and its digest.
    chain: Option<(u64, Hash)>,
    /// True where rows are vouched for as a whole, as every case is that was begun with this or a later zapys.
    vouched: bool,
    /// Size and root of the ledger.
    pub head: Option<(u64, Hash)>,
}

impl Marks {
    /// Remembers what an entry tells.
    pub fn take(&mut self, event: &Event, bytes: &[u8]) {
        let word = |name: &str| match event.fact(name) {
            Some(Detail::Code(c)) => Some(c.as_str().to_owned()),
            _ => None,
        };
        self.vouched |= event.fact(witness::FIELD).is_some();
        match event.subject {
            Subject::Item(item) => {
                self.items.insert(item);
                if event.action == Action::Disposed {
                    self.disposed.insert(item, event.seq.0);
                }
                if event.action == Action::Copied && word("method").as_deref() == Some("unpacked") {
                    self.unpacked.insert(item);
                }
            }
            _ => {
                self.chain = Some((event.item_seq, Hash::of(bytes)));
                if let (Action::Hashed, Some(Detail::Int(size)), Some(Detail::Digest(note))) =
                    (event.action, event.fact("size"), event.fact("note"))
                {
                    self.checkpoints.insert(u64::try_from(*size).unwrap_or(0), (event.seq.0, *note));
                }
                if let (Action::Hashed, Some(Detail::Digest(rows))) = (event.action, event.fact("rows")) {
                    self.outside = Some(*rows);
                }
                self.of_case.push(event.clone());
            }
        }
    }
}

impl Casework {
    /// Checkpoints are those that entries tell of, and the newest is the one that was signed last.
    pub(super) async fn verify_checkpoints(&self, marks: &Marks, faults: &mut Vec<String>) -> Result<()> {
        let rows = self.store.checkpoints().await?;
        let notes: BTreeMap<u64, Hash> = rows.iter().map(|r| (r.size, witness::checkpoint(r))).collect();
        for (size, (seq, note)) in &marks.checkpoints {
            match notes.get(size) {
                None => {
                    faults.push(format!("the checkpoint over {size} entries, of which entry {seq} tells, is not in the record"))
                }
                Some(n) if n != note => {
                    faults.push(format!("the checkpoint over {size} entries is not the one of which entry {seq} tells"));
                }
                Some(_) => {}
            }
        }
        let named = self.store.setting(NEWEST).await?.and_then(|t| serde_json::from_str::<(u64, Hash, bool)>(&t).ok());
        let named = named.map(|n| (n.0, n.1));
        match named {
            Some((size, note)) if notes.get(&size) != Some(&note) => {
                faults.push(format!("the newest checkpoint, over {size} entries, is not in the record as it was signed"));
            }
            _ => {}
        }
        let outside = self.store.setting(OUTSIDE).await?.and_then(|t| serde_json::from_str::<(Hash, bool)>(&t).ok());
        let (cosignatures, requests, stamps) =
            (self.store.cosignatures(0..u64::MAX).await?, self.store.stamp_requests().await?, self.store.stamps(u64::MAX).await?);
        let there = witness::outside(&cosignatures, &requests, &stamps);
        let expected = match outside {
            Some((rows, false)) => Some(rows),
            _ => marks.outside,
        };
        let none = cosignatures.is_empty() && requests.is_empty() && stamps.is_empty();
        if expected.map_or(marks.vouched && !none, |rows| rows != there) || outside.is_some_and(|(rows, _)| rows != there) {
            faults.push("time stamps and signatures of others are not those that were taken in".into());
        }
        if (named.is_none() && !marks.checkpoints.is_empty()) || (outside.is_none() && marks.outside.is_some()) {
            faults.push("the mark that names the newest checkpoint, or what others signed, is not there".into());
        }
        let told = marks.checkpoints.keys().next_back().copied();
        if let Some(newest) = notes.keys().next_back().filter(|n| marks.vouched && told.is_none_or(|t| t < **n))
            && named.is_none_or(|(size, _)| size != *newest)
        {
            faults.push(format!("neither an entry nor a mark tells of the checkpoint over {newest} entries"));
        }
        Ok(())
    }

    /// Settings that repeat what the ledger says do repeat it.
    pub(super) async fn verify_settings(&self, marks: &Marks, faults: &mut Vec<String>) -> Result<()> {
        let settings = self.store.settings().await?;
        let frontier = settings.get(FRONTIER).and_then(|t| serde_json::from_str::<Frontier>(t).ok());
        if frontier.map(|f| (f.size(), f.root())) != marks.head.filter(|h| h.0 > 0) {
            faults.push("the kept head of the ledger is not that of its entries".into());
        }
        if settings.get(CASE_CHAIN).and_then(|t| serde_json::from_str::<(u64, Hash)>(t).ok()) != marks.chain {
            faults.push("the kept end of the case's own chain is not that of its entries".into());
        }
        let unpacked: BTreeSet<ItemId> =
            settings.keys().filter_map(|k| k.strip_prefix("unpacked.")).filter_map(|id| id.parse().ok()).collect();
        if unpacked != marks.unpacked {
            faults.push("the archives marked as unpacked are not those that the ledger tells of".into());
        }
        if settings.iter().any(|(key, value)| key.starts_with("unpacked.") && value != "1") {
            faults.push("an archive is marked as unpacked in a way that zapys does not".into());
        }
        let known = [FRONTIER, CASE_CHAIN, NEWEST, OUTSIDE, super::LAST, "sandbox.off"];
        for key in settings.keys().filter(|k| !known.contains(&k.as_str()) && !k.starts_with("unpacked.")) {
            let shown: String = key.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
            faults.push(format!("the setting {shown} is none that zapys makes"));
        }
        let walls_off = marks.of_case.iter().any(|e| e.fact("sandbox").is_some());
        if settings.contains_key("sandbox.off") != walls_off {
            faults.push("that decoders ran without a sandbox is not as the ledger tells it".into());
        }
        Ok(())
    }
}
