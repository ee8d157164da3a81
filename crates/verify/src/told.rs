//! The verdict for people: first the answer, then the faults, then what was looked at and what was not.

use std::fmt::Write as _;
use zapys_dossier::check::KeyUsed;
use zapys_dossier::{Check, CheckStatus, Verdict};

/// Most faults that are told one by one.
const MAX_FAULTS: usize = 200;

/// The verdict in plain language.
pub(crate) fn verdict(v: &Verdict) -> String {
    let mut out = String::new();
    let name = v.production.as_deref().unwrap_or("(unknown)");
    let faults: Vec<&Check> = v.faults().collect();
    let _ = match faults.len() {
        0 => writeln!(out, "HOLDS  production {name}"),
        1 => writeln!(out, "FAULT  production {name}: 1 fault"),
        n => writeln!(out, "FAULT  production {name}: {n} faults"),
    };
    let _ = writeln!(out, "{} exhibits, {} files, {} bytes read\n", v.exhibits, v.files, v.bytes);
    for c in faults.iter().take(MAX_FAULTS) {
        let _ = writeln!(out, "  fault        {}: {}", c.subject.as_deref().unwrap_or("production"), c.detail);
    }
    if faults.len() > MAX_FAULTS {
        let _ = writeln!(out, "  ... and {} more; --json lists all", faults.len() - MAX_FAULTS);
    }
    // Many exhibits with the same result are one line.
    for c in v.checks.iter().filter(|c| c.status == CheckStatus::NotChecked) {
        let _ = writeln!(out, "  not checked  {}{}", subject(c), c.detail);
    }
    let mut held: Vec<(&str, &str, usize)> = Vec::new();
    for c in v.checks.iter().filter(|c| c.status == CheckStatus::Ok) {
        match held.iter_mut().find(|(name, ..)| *name == c.name) {
            Some((.., n)) => *n += 1,
            None => held.push((c.name, &c.detail, 1)),
        }
    }
    for (name, detail, n) in held {
        let _ = match n {
            1 => writeln!(out, "  holds        {detail}"),
            _ => writeln!(out, "  holds        {} ({n} exhibits)", plural(name, detail)),
        };
    }
    let _ = writeln!(out, "\n{}", meaning(v));
    if let Some(digest) = &v.manifest_sha256 {
        let _ = writeln!(out, "\nSHA-256 of manifest-sha256.txt, to compare with what was noted at hand-over:\n{digest}");
    }
    out
}

fn subject(c: &Check) -> String {
    c.subject.as_ref().map(|s| format!("{s}: ")).unwrap_or_default()
}

fn plural<'a>(name: &str, detail: &'a str) -> &'a str {
    match name {
        "custody" => "The custody events follow one another without a gap, all in the ledger.",
        "original" => "Each original is the one that the ledger says was taken in.",
        "derivative" => "The derivatives are the ones that the ledger names.",
        "parent" => "The wholes of excerpts are here or named.",
        _ => detail,
    }
}

fn meaning(v: &Verdict) -> String {
    if !v.holds {
        return "This production is not as it was made, or was not made as it says. Keep it as it is, and ask for it again."
            .into();
    }
    let origin = v.origin.as_deref().unwrap_or("(unknown)");
    let who = match v.key {
        KeyUsed::Given => format!(
            "It shows that the originals are byte for byte the ones that the ledger {origin} recorded, and that nothing in their \
             custody events was changed since its head was signed with the key you gave."
        ),
        _ => format!(
            "It shows that the production agrees with itself. It does NOT show that it comes from the ledger {origin}: for that, \
             get the ledger's key from somewhere else and give it with --vkey."
        ),
    };
    format!(
        "{who}\nIt does not show that what an original shows or says is true, when it was made, who speaks, or that a transcript \
         or translation is right."
    )
}
