//! Trusted time, and witnesses.

use super::package::Package;
use super::{Findings, Options};
use crate::layout::{CHECKPOINT, MANIFEST_JSON, STAMP_FILES, STAMPS, revocations};
use crate::manifest::Manifest;
use std::collections::BTreeSet;
use zapys_ledger::stamp::{Certificate, Crl, Reply, Request, State, Trust, judge};
use zapys_ledger::{Checkpoint, Note, VerifierKey, ots};

/// Longest file of a stamp, in bytes.
const MAX_STAMP: u64 = 4 * 1024 * 1024;
/// Most revocation lists of a stamp.
const MAX_LISTS: usize = 32;

/// Checks every stamp named by the manifest. `head`: text of the checkpoint file and what it says.
pub(super) fn stamps(
    package: &Package,
    m: &Manifest,
    head: Option<&(String, Checkpoint)>,
    key: Option<&VerifierKey>,
    options: &Options,
    out: &mut Findings,
) {
    let folder = format!("{STAMPS}/");
    let mut named = BTreeSet::new();
    for s in &m.ledger.stamps {
        let home = format!("{STAMPS}/{}/", s.name);
        for f in &s.files {
            let list = |n: &str| (0..MAX_LISTS).any(|i| revocations(i) == n);
            let own = f.strip_prefix(&home).is_some_and(|n| STAMP_FILES.contains(&n) || list(n));
            if !own || !named.insert(f.as_str()) {
                out.fault("manifest", MANIFEST_JSON, "The manifest names a file of a time stamp where none belongs.");
            }
        }
    }
    for file in package.files.keys().filter(|f| f.starts_with(&folder) && !named.contains(f.as_str())) {
        out.fault("manifest", file, "The manifest does not account for this file of a time stamp.");
    }
    for file in named.iter().filter(|f| !package.files.contains_key(**f)) {
        if !out.told(file) {
            out.fault("time", file, "This file of a time stamp is not there.");
        }
    }
    if m.ledger.stamped == m.ledger.stamps.is_empty() {
        out.fault("manifest", MANIFEST_JSON, "The manifest says otherwise of time stamps than it lists.");
    }
    if m.ledger.stamps.is_empty() {
        out.not_checked(
            "time",
            None,
            "No trusted time stamp is in the production, so the times in it rest on the clock of whoever made it.",
        );
    }
    let Some(head) = head else { return };
    for s in &m.ledger.stamps {
        let at = |name: &str| format!("{STAMPS}/{}/{name}", s.name);
        let has = |name: &str| s.files.contains(&at(name));
        let data =
            if has("checkpoint") { stamped_text(package, &at("checkpoint"), &head.1, key, out) } else { Some(head.0.clone()) };
        let Some(data) = data else { continue };
        if has("checkpoint.tsr") {
            token(package, &s.name, data.as_bytes(), options, out);
        }
        if has("checkpoint.ots") {
            chain_proof(package, &at("checkpoint.ots"), &at("block-header.bin"), data.as_bytes(), out);
        }
        if !has("checkpoint.tsr") && !has("checkpoint.ots") {
            out.fault("time", &at(""), "This time stamp has neither a reply nor a proof.");
        }
    }
}

/// The checkpoint as it was stamped: the same head, with fewer signatures.
fn stamped_text(
    package: &Package,
    file: &str,
    head: &Checkpoint,
    key: Option<&VerifierKey>,
    out: &mut Findings,
) -> Option<String> {
    let text = package.read(file, 1_000_000).ok().and_then(|b| String::from_utf8(b).ok())?;
    let held = key.and_then(|k| Checkpoint::open(text.as_bytes(), k).ok());
    if held.as_ref() != Some(head) {
        out.fault("time", file, "What was stamped is not the head of this ledger.");
        return None;
    }
    Some(text)
}

/// An OpenTimestamps proof, as far as it can be followed without the public chain.
fn chain_proof(package: &Package, file: &str, header: &str, data: &[u8], out: &mut Findings) {
    let read = |f: &str| package.read(f, MAX_STAMP).ok();
    let proof = match read(file).map(|b| ots::Proof::parse(&b)) {
        Some(Ok(p)) => p,
        Some(Err(e)) => return out.fault("time", file, format!("The OpenTimestamps proof does not hold: {e}.")),
        None => return,
    };
    let bytes = read(header).and_then(|b| <[u8; 80]>::try_from(b).ok());
    let Some(bytes) = bytes else {
        return match proof.covers(data) {
            Ok(()) => {
                out.not_checked("time", Some(file), "This OpenTimestamps proof is of this checkpoint; no block header is here.")
            }
            Err(e) => out.fault("time", file, format!("The OpenTimestamps proof does not hold: {e}.")),
        };
    };
    match proof.verify(data, &bytes) {
        Ok(block) => {
            let detail = format!(
                "This OpenTimestamps proof leads to the block header beside it, which states {}. That this block stands in the \
                 public chain must be looked up elsewhere.",
                block.time
            );
            out.not_checked("time", Some(file), detail);
        }
        Err(e) => out.fault("time", file, format!("The OpenTimestamps proof does not hold: {e}.")),
    }
}

fn token(package: &Package, name: &str, data: &[u8], options: &Options, out: &mut Findings) {
    let at = |file: &str| format!("{STAMPS}/{name}/{file}");
    let subject = at("checkpoint.tsr");
    let read = |file: &str| package.files.contains_key(&at(file)).then(|| package.read(&at(file), MAX_STAMP).ok()).flatten();
    let reply = match read("checkpoint.tsr").map(|b| Reply::parse(&b)) {
        Some(Ok(r)) => r,
        Some(Err(e)) => return out.fault("time", &subject, format!("The reply of the authority does not hold: {e}.")),
        None => return,
    };
    let request = match read("checkpoint.tsq").map(|b| Request::parse(&b)) {
        Some(Ok(r)) => Some(r),
        Some(Err(e)) => return out.fault("time", &at("checkpoint.tsq"), format!("The request does not hold: {e}.")),
        None => None,
    };
    let extra = match read("chain.pem").map(|b| Certificate::read_file(&b)) {
        Some(Ok(all)) => all,
        Some(Err(e)) => return out.fault("time", &at("chain.pem"), format!("The chain does not hold: {e}.")),
        None => Vec::new(),
    };
    let mut crls = Vec::new();
    for file in (0..MAX_LISTS).map(revocations) {
        match read(&file).map(|b| Crl::read_file(&b)) {
            Some(Ok(one)) => crls.push(one),
            Some(Err(e)) => return out.fault("time", &at(&file), format!("The revocation list does not hold: {e}.")),
            None => break,
        }
    }
    let trust = Trust { roots: &options.roots, extra: &extra, crls: &crls, at: None };
    let (state, found) = judge(reply.token(), data, request.as_ref(), &trust);
    match (state, found) {
        (State::Verified, Ok(s)) => {
            let root = s.root.unwrap_or_default();
            let detail = format!(
                "The head of the ledger existed at {}: {} stamped it, and leads to the trusted {}.",
                s.time,
                crate::safe::line(&s.authority),
                crate::safe::line(&root)
            );
            out.ok("time", Some(&subject), detail);
        }
        (_, Ok(s)) => {
            let detail = format!(
                "A time stamp of {} by {} is whole and is of this checkpoint. Whether that authority is to be trusted is \
                 not checked: give its root certificate with --ca.",
                s.time,
                crate::safe::line(&s.authority)
            );
            out.not_checked("time", Some(&subject), detail);
        }
        (_, Err(e)) => {
            out.fault("time", &subject, format!("The time stamp does not hold: {}.", crate::safe::line(&e.to_string())))
        }
    }
}

/// Who else signed the head.
pub(super) fn witnesses(head: Option<&(String, Checkpoint)>, key: Option<&VerifierKey>, options: &Options, out: &mut Findings) {
    let Some(note) = head.and_then(|(text, _)| Note::parse(text.as_bytes()).ok()) else { return };
    let others = note.signatures().iter().filter(|s| key.is_none_or(|k| k.id() != s.id || k.name() != s.name)).count();
    for w in &options.witnesses {
        let name = crate::safe::line(w.name());
        match note.verify(std::slice::from_ref(w)) {
            Ok(_) => out.ok("witness", Some(CHECKPOINT), format!("The witness {name} has signed the head of the ledger too.")),
            Err(zapys_ledger::NoteError::NoKnownKey) => {
                out.fault("witness", CHECKPOINT, format!("The witness {name} has not signed the head of the ledger."));
            }
            Err(e) => out.fault("witness", CHECKPOINT, format!("The signature of the witness {name} does not hold: {e}.")),
        }
    }
    if options.witnesses.is_empty() && others > 0 {
        let detail = format!("{others} further signatures stand under the head; give the keys of witnesses with --witness.");
        out.not_checked("witness", Some(CHECKPOINT), detail);
    }
}
