//! `verify`, `ledger`, `produce`: what strangers can check.

use super::{actor, not_there_yet, open, open_at};
use crate::Ended;
use crate::flags::{Ledger, Produce};
use crate::out::Out;
use zapys_casework::{Access, CaseError, ProduceRequest, ProductionFormat, Settings};

pub async fn verify(deep: bool, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Read).await?;
    let v = case.verify(deep).await?;
    out.object(&v);
    out.say(format!("Objects: {} re-read, {} bad.", v.objects.checked, v.objects.bad.len()));
    for bad in &v.objects.bad {
        let items: Vec<String> = bad.items.iter().map(|i| i.to_string()).collect();
        out.say(format!("  {}: {} (item {})", bad.object, bad.reason, items.join(", ")));
    }
    let l = &v.ledger;
    out.say(format!(
        "Ledger: {} entries, root {}, {}.",
        l.size,
        l.root,
        if l.consistent { "consistent" } else { "NOT CONSISTENT" }
    ));
    l.faults.iter().for_each(|f| out.say(format!("  {f}")));
    if deep {
        let d = &v.derivatives;
        out.say(format!(
            "Derivatives: {} repeated, {} differ, {} cannot be repeated bit by bit.",
            d.checked,
            d.differ.len(),
            d.non_reproducible
        ));
        d.differ.iter().for_each(|x| out.say(format!("  {} {}: {}", x.item, x.derivation, x.reason)));
    }
    Ok(if v.ok { Ended::Done } else { Ended::No })
}

pub async fn ledger(args: Ledger, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args {
        Ledger::Checkpoint => {
            let case = open(settings, Access::Write).await?;
            let note = case.checkpoint().await?;
            out.object(&serde_json::json!({"checkpoint": note}));
            out.say(note.trim_end());
        }
        Ledger::Vkey => {
            let case = open(settings, Access::Read).await?;
            let vkey = case.card().ledger_vkey;
            out.object(&serde_json::json!({"vkey": vkey}));
            out.say(vkey);
        }
        Ledger::Proof { item } => {
            let id = open_at(settings, &item).await?.1;
            let case = open(settings, Access::Write).await?;
            for proof in case.proofs(id).await? {
                out.object(&proof);
                out.say(format!("{}", proof.proof.trim_end()));
                out.say("");
            }
        }
        Ledger::Export { dir } => {
            let case = open(settings, Access::Write).await?;
            let files = case.export_ledger(&dir).await?;
            out.object(&serde_json::json!({"path": dir, "files": files}));
            out.say(format!("Wrote {files} files to {}.", super::typed(&dir)));
        }
    }
    Ok(Ended::Done)
}

pub async fn produce(args: Produce, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let format = match args.format.as_str() {
        "bag" => ProductionFormat::Bag,
        "zip" => ProductionFormat::Zip,
        "html" => ProductionFormat::Html,
        "ocfl" | "load-file" | "pdf" => return Ok(not_there_yet(out, &format!("produce --format {}", args.format))),
        _ => return Err(CaseError::Flag { flag: "--format", wants: "bag, zip or html" }),
    };
    if args.dossier.is_some() {
        return Ok(not_there_yet(out, "produce --dossier"));
    }
    if args.redact.is_some() {
        return Ok(not_there_yet(out, "produce --redact"));
    }
    let case = open(settings, Access::Write).await?;
    let mut items = Vec::new();
    for item in &args.items {
        items.push(case.resolve(item).await?);
    }
    let view = case.produce(&actor(), &ProduceRequest { out: args.out, items, format }).await?;
    out.object(&view);
    for r in &view.refused {
        out.say(format!("Refused by {}: {}: {}", r.gate, r.subject, r.reason));
    }
    let Some(production) = &view.production else {
        out.say("Nothing was produced.");
        return Ok(Ended::No);
    };
    out.say(format!("Production {production}: {} exhibits in {}", view.exhibits, view.path));
    if let Some(digest) = &view.manifest_sha256 {
        out.say(format!("Manifest sha256:{digest}"));
    }
    if format != ProductionFormat::Html {
        out.say("Check it with: zapys-verify --vkey FILE PATH. Hand the ledger key over apart from it: zapys ledger vkey.");
    }
    Ok(Ended::Done)
}
