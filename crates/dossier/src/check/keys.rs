//! Which key signs what. The key that somebody was given may be an earlier one: then each later one must have been named by
//! the one before it, in an event under a checkpoint which that one still signed.

use super::package::Package;
use super::{Findings, KeyUsed};
use crate::layout::{KEYS, MANIFEST_JSON, VKEY};
use crate::manifest::{KeyPeriod, Manifest};
use std::collections::BTreeSet;
use zapys_domain::Action;
use zapys_ledger::{Checkpoint, Entry, KeyHistory, TlogProof, VerifierKey, verify_inclusion};

/// The keys of a production's ledger.
pub(super) struct Keys {
    /// Smallest size and key, in their order; at least one where any key could be read.
    periods: Vec<(u64, VerifierKey)>,
    pub(super) used: KeyUsed,
}
impl Keys {
    /// The key that seals.
    pub(super) fn present(&self) -> Option<&VerifierKey> {
        self.periods.last().map(|(_, k)| k)
    }
    /// The key that signs a checkpoint over `size` entries.
    pub(super) fn at(&self, size: u64) -> Option<&VerifierKey> {
        self.periods.iter().rev().find(|(from, _)| *from <= size).map(|(_, k)| k)
    }
}

/// Reads the keys and says what the given one proves.
pub(super) fn read(package: &Package, manifest: Option<&Manifest>, given: Option<&VerifierKey>, out: &mut Findings) -> Keys {
    let own: Option<VerifierKey> = match package.read(VKEY, 4096) {
        Err(_) => {
            out.fault("key", VKEY, "The copy of the ledger's key is missing.");
            None
        }
        Ok(bytes) => {
            let key = std::str::from_utf8(&bytes).ok().and_then(|t| t.parse().ok());
            if key.is_none() {
                out.fault("key", VKEY, "This is no ledger key.");
            }
            key
        }
    };
    let listed = manifest.map(|m| m.ledger.keys.as_slice()).unwrap_or_default();
    let history = history(package, listed, own.as_ref(), out);
    let used = match (given, &own) {
        (Some(_), _) => KeyUsed::Given,
        (None, Some(_)) => KeyUsed::Own,
        (None, None) => KeyUsed::None,
    };
    let mut periods: Vec<(u64, VerifierKey)> = history.iter().map(|p| (p.from, p.key.clone())).collect();
    if periods.is_empty() {
        periods.extend(own.clone().map(|k| (0, k)));
    }
    match given {
        None if own.is_some() => out.not_checked(
            "key",
            None,
            "No key was given, so the production's own copy is used. That shows only that the production agrees with \
             itself; whoever can rewrite all of it can bring a key of his own.",
        ),
        None => {}
        Some(g) => match periods.iter().position(|(_, k)| k == g) {
            None => {
                if own.is_some() {
                    out.fault("key", VKEY, "The production carries another key than the one given: it is from another ledger.");
                }
                periods = vec![(0, g.clone())];
            }
            Some(at) => led(&history, at, out),
        },
    }
    Keys { periods, used }
}

/// From the given key onwards: who vouches for the ones after it.
fn led(history: &[Period], at: usize, out: &mut Findings) {
    let after = history.get(at + 1..).unwrap_or_default();
    match after.iter().find(|p| !p.vouched) {
        Some(p) => out.fault(
            "key",
            &p.file,
            "The key you gave was replaced by one that it does not vouch for, since it was lost or known to others. Get the \
             ledger's present key from whoever keeps the ledger, and give that.",
        ),
        None if after.is_empty() => out.ok("key", None, "The given key is used: what is signed was signed by its holder."),
        None => {
            let detail =
                format!("The given key leads to the present one: {} later keys, each named by the one before it.", after.len());
            out.ok("key", None, detail);
        }
    }
}

struct Period {
    from: u64,
    key: VerifierKey,
    /// Whether the key before it vouches, and that was proven.
    vouched: bool,
    file: String,
}

/// The history as far as it holds; what does not is a fault.
fn history(package: &Package, listed: &[KeyPeriod], own: Option<&VerifierKey>, out: &mut Findings) -> Vec<Period> {
    let named: BTreeSet<&str> =
        listed.iter().filter_map(|k| k.event.as_ref()).flat_map(|e| [e.event.as_str(), e.proof.as_str()]).collect();
    let folder = format!("{KEYS}/");
    for file in package.files.keys().filter(|f| f.starts_with(&folder) && !named.contains(f.as_str())) {
        out.fault("manifest", file, "The manifest does not account for this event about a key.");
    }
    let mut all: Vec<Period> = Vec::new();
    for (i, k) in listed.iter().enumerate() {
        let Ok(key) = k.vkey.parse::<VerifierKey>() else {
            out.fault("keys", MANIFEST_JSON, "A key in the history of the ledger's keys is none.");
            return Vec::new();
        };
        let follows = all.last().is_none_or(|p| p.from < k.from_size && p.key.name() == key.name());
        if !follows || (i == 0) != k.event.is_none() || i == 0 && k.from_size != 0 {
            out.fault("keys", MANIFEST_JSON, "The history of the ledger's keys has a gap or is out of order.");
            return Vec::new();
        }
        let (mut vouched, mut file) = (false, MANIFEST_JSON.to_owned());
        if let (Some(place), Some(before)) = (&k.event, all.last()) {
            let stem = format!("{KEYS}/{}", place.seq);
            if place.event != format!("{stem}.json") || place.proof != format!("{stem}.tlog-proof") {
                out.fault("manifest", MANIFEST_JSON, "The manifest names an event about a key where none belongs.");
                return Vec::new();
            }
            file.clone_from(&place.event);
            match succession(package, place, k, &key, &before.key) {
                Ok(v) => vouched = v,
                Err((file, why)) => out.fault("keys", &file, why),
            }
        }
        all.push(Period { from: k.from_size, key, vouched, file });
    }
    if !all.is_empty() && all.last().map(|p| &p.key) != own {
        out.fault("keys", MANIFEST_JSON, "The last key of the history is not the ledger's present key.");
        return Vec::new();
    }
    if all.len() > 1 {
        out.ok("keys", None, format!("The ledger had {} keys, one after another.", all.len()));
    }
    all
}

/// Whether the event names the key, and whether the key before it vouches for that.
fn succession(
    package: &Package,
    place: &crate::manifest::EventFile,
    period: &KeyPeriod,
    key: &VerifierKey,
    before: &VerifierKey,
) -> Result<bool, (String, &'static str)> {
    let bad = |why| (place.event.clone(), why);
    let entry = package.read(&place.event, 70_000).ok().and_then(|b| Entry::parse(b).ok());
    let entry = entry.filter(|e| e.seq.0 == place.seq);
    let entry = entry.ok_or_else(|| bad("This event about a key is missing or not in the form it was sealed in."))?;
    let mut told = KeyHistory::new(before.clone());
    if told.observe(&entry.event).is_err() || told.current() != key || told.at(period.from_size) != key {
        return Err(bad("This event does not name the key that is said to follow from it."));
    }
    let proof = package.read(&place.proof, 2_000_000).ok().and_then(|b| TlogProof::parse(&b).ok());
    let proof = proof.ok_or_else(|| (place.proof.clone(), "This proof is missing or is no tlog-proof."))?;
    let vouches = entry.event.action == Action::KeyRotated;
    // A key that was lost vouches for nothing: the event is then shown under the new one.
    let signer = if vouches { before } else { key };
    let head = Checkpoint::open(proof.checkpoint.as_bytes(), signer);
    let held = head.is_ok_and(|c| {
        proof.index == place.seq && verify_inclusion(&entry.leaf, proof.index, c.size, &proof.hashes, &c.root).is_ok()
    });
    if held { Ok(vouches) } else { Err((place.proof.clone(), "This proof does not show that the event is in the ledger.")) }
}
