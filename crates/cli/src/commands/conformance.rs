//! `conformance`: what each standard finds met or missing in what is on record.

use super::open;
use crate::Ended;
use crate::flags::Conformance;
use crate::out::Out;
use std::collections::BTreeMap;
use zapys_casework::{Access, CaseError, ConformanceRow, ConformanceStatus, ItemsRequest, Settings, Standard};

pub async fn conformance(args: Conformance, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let wants = "leiden, hala or berkeley";
    let standard = Standard::parse(&args.standard).ok_or(CaseError::Flag { flag: "--standard", wants })?;
    let case = open(settings, Access::Read).await?;
    let mut items = Vec::new();
    for item in &args.items {
        items.push(case.resolve(item).await?);
    }
    let rows = case.conformance(standard, &items).await?;
    rows.iter().for_each(|r| out.object(r));
    let missing = rows.iter().any(|r| r.status == ConformanceStatus::Missing);
    if !out.json {
        let mut titles = BTreeMap::new();
        let mut request = ItemsRequest { limit: 500, ..Default::default() };
        loop {
            let page = case.items(&request).await?;
            titles.extend(page.items.into_iter().map(|i| (i.item, i.title)));
            let Some(next) = page.next else { break };
            request.cursor = Some(next);
        }
        say(&rows, &titles, out);
        out.note("This tells what is on record; it judges neither the evidence nor those who gathered it.");
    }
    Ok(if missing { Ended::No } else { Ended::Done })
}

/// One heading per requirement, and below it what is missing where.
fn say(rows: &[ConformanceRow], titles: &BTreeMap<zapys_domain::ItemId, String>, out: &Out) {
    let mut numbers: Vec<&str> = Vec::new();
    for r in rows {
        if !numbers.contains(&r.requirement.as_str()) {
            numbers.push(&r.requirement);
        }
    }
    for number in numbers {
        let of: Vec<&ConformanceRow> = rows.iter().filter(|r| r.requirement == number).collect();
        let count = |status| of.iter().filter(|r| r.status == status).count();
        let Some(first) = of.first() else { continue };
        out.say(format!(
            "\n{number} ({}) {}\n  {} met, {} missing, {} not applicable",
            first.reference,
            first.title,
            count(ConformanceStatus::Met),
            count(ConformanceStatus::Missing),
            count(ConformanceStatus::NotApplicable),
        ));
        for r in of.iter().filter(|r| r.status == ConformanceStatus::Missing) {
            let title = titles.get(&r.item).map_or("", String::as_str);
            out.say(format!("  missing  {} {title}\n           {}", r.item, r.detail));
        }
    }
    if rows.is_empty() {
        out.say("There is no item to look at. `zapys add PATH` takes some in.");
    }
}
