//! `verify`, `produce`: what strangers can check.

use super::{actor, not_there_yet, open};
use crate::Ended;
use crate::flags::Produce;
use crate::out::Out;
use zapys_casework::{Access, CaseError, ProduceRequest, ProductionFormat, Settings};

pub async fn verify(deep: bool, remember: bool, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, if remember { Access::Write } else { Access::Read }).await?;
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

pub async fn produce(args: Produce, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let wants = "bag, zip, ocfl, load-file, wacz, html or pdf";
    let format = ProductionFormat::parse(&args.format).ok_or(CaseError::Flag { flag: "--format", wants })?;
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
    if args.unknown_dates {
        let chosen = if items.is_empty() { case.every_item().await? } else { items.clone() };
        let n = case.choose_unknown_dates(&actor(), &chosen).await?;
        out.say(format!("\"Unknown\" was put on record for the dates of {n} items that nobody had stated."));
    }
    let view = case.produce(&actor(), &ProduceRequest { out: args.out, items, format, strict: args.strict, at: args.at }).await?;
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
    if !matches!(format, ProductionFormat::Html | ProductionFormat::Pdf) {
        out.say("Check it with: zapys-verify --vkey FILE PATH. Hand the ledger key over apart from it: zapys ledger vkey.");
    }
    Ok(Ended::Done)
}
