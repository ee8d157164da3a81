//! The verdict for people: first the answer, then the faults, then what was looked at and what was not.

use std::fmt::Write as _;
use zapys_dossier::check::KeyUsed;
use zapys_dossier::{Check, CheckStatus, Sort, Verdict};

/// Most faults that are told one by one.
const MAX_FAULTS: usize = 200;

/// The verdict in plain language.
pub(crate) fn verdict(v: &Verdict) -> String {
    let mut out = String::new();
    let name = what(v);
    let faults: Vec<&Check> = v.faults().collect();
    let _ = match faults.len() {
        0 => writeln!(out, "HOLDS  {name}"),
        1 => writeln!(out, "FAULT  {name}: 1 fault"),
        n => writeln!(out, "FAULT  {name}: {n} faults"),
    };
    let _ = match v.sort {
        Sort::Production => writeln!(out, "{} exhibits, {} files, {} bytes read\n", v.exhibits, v.files, v.bytes),
        Sort::Deposit if v.production.is_some() => {
            writeln!(out, "{} exhibits, {} files, {} bytes read\n", v.exhibits, v.files, v.bytes)
        }
        Sort::LoadFile => writeln!(out, "{} documents, {} files, {} bytes read\n", v.exhibits, v.files, v.bytes),
        Sort::Wacz => writeln!(out, "{} pages, {} files, {} bytes read\n", v.exhibits, v.files, v.bytes),
        _ => writeln!(out, "{} files, {} bytes read\n", v.files, v.bytes),
    };
    for c in faults.iter().take(MAX_FAULTS) {
        let _ = writeln!(out, "  fault        {}: {}", c.subject.as_deref().unwrap_or(v.sort.word()), c.detail);
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

/// What was looked at, by its name.
fn what(v: &Verdict) -> String {
    let name = v.production.as_deref().unwrap_or("(unknown)");
    match v.sort {
        Sort::Production => format!("production {name}"),
        Sort::Bag => "a bag, which is no zapys production".into(),
        Sort::Deposit => match &v.production {
            Some(name) => format!("production {name}, deposited as an OCFL object"),
            None => "an OCFL object, which holds no zapys production".into(),
        },
        Sort::DepositRoot => "an OCFL storage root".into(),
        Sort::LoadFile => format!("load file of production {name}"),
        Sort::Ledger => format!("ledger {}", v.origin.as_deref().unwrap_or("(unknown)")),
        Sort::Wacz => "a web archive".into(),
    }
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
    let production = matches!(v.sort, Sort::Production | Sort::LoadFile) || v.production.is_some();
    if !v.holds && production {
        return "This production is not as it was made, or was not made as it says. Keep it as it is, and ask for it again."
            .into();
    }
    if !v.holds {
        return "This is not as it was made, or was not made as it says. Keep it as it is, and ask for it again.".into();
    }
    const TRUTH: &str = "It does not show that what an original shows or says is true, when it was made, who speaks, or that a \
                         transcript or translation is right.";
    let origin = v.origin.as_deref().unwrap_or("(unknown)");
    let own = format!(
        "It does NOT show that it comes from the ledger {origin}: for that, get the ledger's key from somewhere else and give it \
         with --vkey."
    );
    let who = match (v.sort, v.key) {
        (Sort::Production | Sort::Deposit, KeyUsed::Given) if production => format!(
            "It shows that the originals are byte for byte the ones that the ledger {origin} recorded, and that nothing in their \
             custody events was changed since its head was signed with the key you gave."
        ),
        (Sort::Production | Sort::Deposit, _) if production => format!("It shows that the production agrees with itself. {own}"),
        (Sort::LoadFile, KeyUsed::Given) => {
            format!("It shows that this load file is as it was sealed with the key of the ledger {origin} that you gave.")
        }
        (Sort::LoadFile, _) => format!("It shows that the load file agrees with itself. {own}"),
        (Sort::Ledger, KeyUsed::Given) => format!(
            "It shows that every entry of the ledger {origin} is there and that none was changed since its head was signed with \
             the key you gave. It does not show that what the entries say happened."
        ),
        (Sort::Ledger, _) => format!("It shows that the ledger agrees with itself. {own}"),
        (Sort::Wacz, _) => {
            return "It shows that the archive's pages are the ones its lists name. It does not show who captured \
             them, when, or that a server ever sent them so."
                .into();
        }
        (Sort::Bag, _) => {
            return "It shows that this is a whole bag: its files are the ones its lists name. It is no zapys \
             production, so nothing is shown on where the files come from or who handled them."
                .into();
        }
        (Sort::Production | Sort::Deposit | Sort::DepositRoot, _) => {
            return "It shows that the deposit is whole: its files are the \
             ones its inventories name. Nothing is shown on where they come from or who handled them."
                .into();
        }
    };
    if v.sort == Sort::Ledger { who } else { format!("{who}\n{TRUTH}") }
}
