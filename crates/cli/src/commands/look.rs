//! `items`, `show`, `custody`, `search`: what is there.

use super::{not_there_yet, open, open_to_look};
use crate::Ended;
use crate::flags::{Items, Search};
use crate::out::Out;
use zapys_casework::view::{ItemDetail, ItemView, clock, place};
use zapys_casework::{Access, CaseError, ItemsRequest, SearchRequest, Settings};
use zapys_domain::ItemKind;

pub async fn items(args: Items, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let kind = kind(args.kind.as_deref())?;
    let case = open(settings, Access::Read).await?;
    let mut request = ItemsRequest {
        kinds: kind.into_iter().collect(),
        statuses: args.status.into_iter().collect(),
        limit: 500,
        ..Default::default()
    };
    let mut rows = Vec::new();
    let mut total;
    loop {
        let page = case.items(&request).await?;
        total = page.total;
        for item in &page.items {
            out.object(item);
            rows.push(row(item));
        }
        match page.next {
            Some(next) => request.cursor = Some(next),
            None => break,
        }
    }
    if rows.is_empty() {
        out.say("No items. `zapys add PATH` takes in files, folders and archives.");
    } else {
        out.table(&["item", "kind", "language", "length", "processing", "doubts", "title"], &rows);
        out.note(format!("{total} items."));
    }
    Ok(Ended::Done)
}

fn row(i: &ItemView) -> Vec<String> {
    let length = i
        .duration_ms
        .map(clock)
        .or(i.n_messages.map(|n| format!("{n} messages")))
        .or(i.n_calls.map(|n| format!("{n} calls")))
        .unwrap_or_else(|| "-".into());
    let doubts: u64 = i.flags.values().sum::<u64>() + i.findings;
    vec![
        i.item.to_string(),
        i.kind.to_string(),
        i.languages.join(" "),
        length,
        i.processing.clone(),
        doubts.to_string(),
        i.title.clone(),
    ]
}

fn kind(word: Option<&str>) -> Result<Option<ItemKind>, CaseError> {
    word.map(|w| ItemKind::parse(w).ok_or(CaseError::Flag { flag: "--kind", wants: "a kind as `zapys items --help` lists them" }))
        .transpose()
}

pub async fn show(item: &str, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let (case, id) = open_to_look(settings, item, "show").await?;
    let detail = case.show(id).await?;
    out.object(&detail);
    if out.json {
        return Ok(Ended::Done);
    }
    let unknown = || "unknown".to_owned();
    out.say(format!(
        "{}\n  {} {} ({}), {} bytes",
        detail.item.title, detail.item.kind, detail.item.item, detail.item.media_type, detail.item.bytes
    ));
    out.say(format!(
        "  {}\n  status {}, processing {}, bytes {}",
        detail.item.object, detail.item.status, detail.item.processing, detail.integrity.state
    ));
    on_record(&detail, out);
    out.say("\nAcquisitions");
    for a in &detail.acquisitions {
        let source = a.source.clone().unwrap_or_else(unknown);
        out.say(format!(
            "  {} {} by {} from {}, legal basis {}",
            a.time,
            a.method,
            a.actor,
            source,
            a.legal_basis.clone().unwrap_or_else(unknown)
        ));
        out.say(format!("    {}", a.path));
    }
    out.say("\nDerivatives (machine, unreviewed)");
    for d in &detail.derivatives {
        let engine = d.engine.as_ref().map(|e| format!("{} {}", e.name, e.version)).unwrap_or_default();
        out.say(format!("  {:<12} {:<9} {engine}", d.derivation, d.status));
        if let Some(e) = &d.error {
            out.say(format!("    {}", crate::out::sentence(e)));
        }
        for f in &d.findings {
            out.say(format!("    {} {}: {} {}", f.severity, f.code, f.message, place(&f.locator)));
        }
    }
    if !detail.children.is_empty() {
        out.say("\nHolds");
        detail.children.iter().for_each(|c| out.say(format!("  {} {:<12} {}", c.item, c.kind.word(), c.title)));
    }
    Ok(Ended::Done)
}

/// What people put on record, and what holds now.
fn on_record(detail: &ItemDetail, out: &Out) {
    let r = &detail.on_record;
    for date in &r.dates {
        let said = match (&date.value, &date.precision, &date.basis) {
            (None, _, _) => "unknown (nobody has said anything)".to_owned(),
            (Some(value), Some(precision), Some(basis)) => format!("{value} (to the {precision}, {basis})"),
            (Some(_), _, _) => "unknown (chosen)".to_owned(),
        };
        let note = date.note.as_ref().map(|n| format!(", {n}")).unwrap_or_default();
        out.say(format!("  {:<10} {said}{note}", date.which));
    }
    out.say(format!("  protection {}", detail.item.sensitivity));
    for (what, text) in [("phase", &r.phase), ("place", &r.place), ("author", &r.author), ("standing", &r.standing)] {
        if let Some(text) = text {
            out.say(format!("  {what:<10} {text}"));
        }
    }
    if let Some(e) = &r.excerpt {
        out.say(format!(
            "  excerpt    of {}, {} to {}, cut by {}: {}",
            e.parent,
            clock(e.start_ms),
            clock(e.end_ms),
            e.extracted_by,
            e.reason
        ));
    }
    for (what, items) in [("holds", &r.excerpts), ("family", &r.family)] {
        if !items.is_empty() {
            out.say(format!("  {what:<10} {}", items.iter().map(|i| i.to_string()).collect::<Vec<_>>().join(" ")));
        }
    }
    if r.legal_hold {
        out.say("  legal hold is set");
    }
    if !r.records.is_empty() {
        out.say("\nRecords");
        r.records.iter().for_each(|r| out.say(format!("  {}", super::record::line(r).replace('\n', "\n  "))));
    }
}

pub async fn custody(item: Option<String>, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Read).await?;
    let id = match item {
        Some(item) => Some(case.resolve(&item).await?),
        None => None,
    };
    let events = case.custody(id).await?;
    let mut rows = Vec::new();
    for e in &events {
        out.object(e);
        rows.push(vec![
            e.seq.to_string(),
            e.time.clone(),
            e.actor.clone(),
            e.action.clone(),
            e.subject.clone().unwrap_or_else(|| "case".into()),
        ]);
    }
    out.table(&["seq", "time", "actor", "action", "subject"], &rows);
    Ok(Ended::Done)
}

pub async fn search(args: Search, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args.mode.as_str() {
        "words" => {}
        "meaning" | "both" => return Ok(not_there_yet(out, &format!("search --mode {}", args.mode))),
        _ => return Err(CaseError::Flag { flag: "--mode", wants: "words, meaning or both" }),
    }
    let kind = kind(args.kind.as_deref())?;
    let case = open(settings, Access::Read).await?;
    let request = SearchRequest { query: args.query.join(" "), lang: args.lang, kind, blind: args.blind, limit: args.limit };
    let found = case.search(&request).await?;
    for h in &found.hits {
        out.object(h);
        if out.json {
            continue;
        }
        let at = h.start_ms.map(clock).unwrap_or_else(|| h.segment.clone());
        out.say(format!("{} {at:<9} {} ({}, {}, {})", h.item, h.title, h.layer, h.language, h.matched));
        let (text, label) = match (&h.translation, h.matched.as_str()) {
            (Some(t), "translation") => match &h.translated_by {
                Some(by) => (t, format!("translation by {by}: ")),
                None => (t, "machine translation: ".to_owned()),
            },
            _ => (&h.text, String::new()),
        };
        out.say(format!("    {label}{}", marked(text, &h.highlights)));
    }
    if found.unsearchable > 0 {
        out.note(format!("{} items are not searchable: not processed yet, unreadable, or without words.", found.unsearchable));
    }
    if found.hits.is_empty() {
        out.say("Nothing found.");
        return Ok(Ended::No);
    }
    out.note(format!("{} of {} hits in {:.1} ms.", found.hits.len(), found.total, found.took_ms));
    Ok(Ended::Done)
}

/// Puts brackets around the ranges (character offsets).
fn marked(text: &str, ranges: &[(usize, usize)]) -> String {
    let mut result = String::with_capacity(text.len() + ranges.len() * 2);
    for (i, c) in text.chars().enumerate() {
        if ranges.iter().any(|r| r.0 == i) {
            result.push('[');
        }
        result.push(c);
        if ranges.iter().any(|r| r.1 == i + 1) {
            result.push(']');
        }
    }
    result
}

#[cfg(test)]
mod tests {
    #[test]
    fn ranges_count_characters_not_bytes() {
        assert_eq!(super::marked("Опись не делали.", &[(6, 8)]), "Опись [не] делали.");
    }
}
