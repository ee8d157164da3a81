//! A ledger's export: checkpoint, tiles, entries, keys and stamps in a folder.

use super::package::Package;
use super::{Findings, KeyUsed, Options, Sort, Verdict, verdict_of};
use zapys_ledger::VerifierKey;
use zapys_ledger::export::{self, Unreadable};
use zapys_ledger::key::KeyType;
use zapys_ledger::stamp::State;

/// Whether this looks like one: a checkpoint beside tiles.
pub(super) fn is_export(package: &Package) -> bool {
    package.files.contains_key(export::CHECKPOINT) && package.files.keys().any(|p| p.starts_with("tile/"))
}

pub(super) fn check(package: &Package, options: &Options) -> Verdict {
    let mut out = Findings::default();
    for (path, why) in &package.odd {
        out.fault("names", path, format!("This entry {why}, so it is not followed."));
    }
    let bytes = std::cell::Cell::new(0u64);
    let read = |path: &str, most: usize| {
        if !package.files.contains_key(path) {
            return Ok(None);
        }
        let found = package.read(path, most as u64).map_err(|_| Unreadable)?;
        bytes.set(bytes.get() + found.len() as u64);
        Ok(Some(found))
    };
    let keys: Vec<VerifierKey> = options.vkey.iter().chain(&options.witnesses).cloned().collect();
    let Some(found) = export::check(&read, &keys, &options.roots) else {
        out.fault("key", export::KEYS, "There is no key to check this ledger with: give the ledger's key with --vkey.");
        return verdict_of(Sort::Ledger, out, bytes.get());
    };
    for f in &found.findings {
        let mut detail = f.detail.clone();
        if let Some(first) = detail.get(..1).map(str::to_uppercase) {
            detail.replace_range(..1, &first);
        }
        out.fault(f.code, &f.subject, format!("{detail}."));
    }
    if let Some(c) = &found.checkpoint {
        out.ok("checkpoint", Some(export::CHECKPOINT), format!("The ledger's head is signed: {} entries.", c.size));
    }
    if out.faults() == 0 {
        let detail = format!("All {} entries are there, follow one another, and lead to the signed head.", found.entries);
        out.ok("ledger", None, detail);
    }
    let given = options.vkey.is_some();
    if found.under_given_key {
        out.ok("key", None, "The given key is used: what is signed was signed by its holder.");
    } else if given {
        out.fault("key", export::KEYS, "The given key is none of this ledger's keys: it is another ledger.");
    } else {
        let detail = "No key was given, so the folder's own copy is used. That shows only that the ledger agrees with itself.";
        out.not_checked("key", None, detail);
    }
    for w in options.witnesses.iter().filter(|w| w.kind() == KeyType::Cosignature || Some(*w) != options.vkey.as_ref()) {
        let name = crate::safe::line(w.name());
        if found.cosigners.iter().any(|c| c == w.name()) {
            out.ok("witness", None, format!("The witness {name} has signed the head of the ledger too."));
        } else {
            out.fault("witness", export::CHECKPOINT, format!("The witness {name} has not signed the head of the ledger."));
        }
    }
    for s in &found.stamps {
        let subject = format!("stamps/{}", s.listed.folder);
        let told = crate::safe::line(&s.told);
        match s.state {
            State::Verified => {
                out.ok("time", Some(&subject), format!("A trusted time stamp of {} entries: {told}.", s.listed.size))
            }
            // What does not hold is among the findings.
            State::Failed => {}
            _ => {
                let detail = format!(
                    "A time stamp of {} entries is whole: {told}. Whether the authority is to be trusted is not checked: give its \
                     root certificate with --ca.",
                    s.listed.size
                );
                out.not_checked("time", Some(&subject), detail);
            }
        }
    }
    if found.stamps.is_empty() {
        out.not_checked(
            "time",
            None,
            "No trusted time stamp is here, so the times rest on the clock of whoever kept the ledger.",
        );
    }
    let origin = found.checkpoint.as_ref().map(|c| c.origin.clone());
    Verdict {
        origin,
        files: package.files.len() + package.odd.len(),
        key: if given { KeyUsed::Given } else { KeyUsed::Own },
        ..verdict_of(Sort::Ledger, out, bytes.get())
    }
}
