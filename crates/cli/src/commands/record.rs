//! `record`: putting something on record, correcting it, taking it back, listing it.

use super::{actor, open};
use crate::Ended;
use crate::flags::Record;
use crate::out::Out;
use serde_json::{Map, Value};
use std::io::Read;
use zapys_casework::{Access, CaseError, Casework, RecordError, RecordRequest, RecordView, Settings};
use zapys_domain::ItemId;
use zapys_domain::handover::{BadRecord, RecordBody, RecordKind};

/// Longest record that is read from standard input, in bytes.
const MAX_INPUT: u64 = 4 << 20;

pub async fn record(args: Record, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match &args {
        Record::List { item } => return list(item.as_deref(), settings, out).await,
        Record::Retract { record, because } => {
            let case = open(settings, Access::Write).await?;
            let (id, kind) = case.resolve_record(record).await?;
            let request =
                RecordRequest { kind, items: Vec::new(), body: None, corrects: Some(id), because: Some(because.clone()) };
            let views = case.put_on_record(&actor(), request).await?;
            return Ok(told(&views, out));
        }
        _ => {}
    }
    let Some((kind, about, typed)) = args.typed() else { return Ok(Ended::Usage) };
    let mut fields = if about.items.iter().any(|i| i == "-") { read(kind)? } else { Map::new() };
    // What is typed stands over what is read.
    for (name, value) in typed {
        match (fields.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (_, value) => {
                fields.insert(name, value);
            }
        }
    }
    let case = open(settings, Access::Write).await?;
    let mut items: Vec<ItemId> = if about.all { case.every_item().await? } else { Vec::new() };
    for item in about.items.iter().filter(|i| *i != "-") {
        items.push(case.resolve(item).await?);
    }
    settle(&case, kind, &mut fields, &mut items).await?;
    let body = RecordBody::read(kind, Value::Object(fields)).map_err(RecordError::from)?;
    let corrects = match &about.corrects {
        Some(text) => Some(case.resolve_record(text).await?.0),
        None => None,
    };
    let request = RecordRequest { kind, items, body: Some(body), corrects, because: about.because.clone() };
    let views = case.put_on_record(&actor(), request).await?;
    Ok(told(&views, out))
}

/// Makes whole what people may abbreviate: prefixes of items, who cut an excerpt, the members of a family.
async fn settle(
    case: &Casework,
    kind: RecordKind,
    fields: &mut Map<String, Value>,
    items: &mut Vec<ItemId>,
) -> Result<(), CaseError> {
    match kind {
        RecordKind::Excerpt => {
            if let Some(Value::String(parent)) = fields.get("parent") {
                let parent = case.resolve(parent).await?;
                fields.insert("parent".into(), parent.to_string().into());
            }
            fields.entry("extracted_by").or_insert_with(|| actor().id.into());
            fields.entry("full_available").or_insert_with(|| "yes".into());
        }
        RecordKind::Voice => {
            if let Some(Value::String(with)) = fields.get("with") {
                let with = case.resolve(with).await?;
                fields.insert("with".into(), with.to_string().into());
            }
        }
        RecordKind::Family if !fields.contains_key("with") && fields.get("leaves") != Some(&Value::Bool(true)) => {
            let others: Vec<Value> = items.iter().skip(1).map(|i| i.to_string().into()).collect();
            if !others.is_empty() {
                fields.insert("with".into(), others.into());
                items.truncate(1);
            }
        }
        _ => {}
    }
    Ok(())
}

fn read(kind: RecordKind) -> Result<Map<String, Value>, CaseError> {
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_INPUT)
        .read_to_string(&mut text)
        .map_err(|source| CaseError::Path { path: "standard input".into(), source })?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => {
            let what = "standard input holds no JSON object with its fields".into();
            Err(RecordError::from(BadRecord::Shape { kind, what }).into())
        }
    }
}

pub fn told(views: &[RecordView], out: &Out) -> Ended {
    for v in views {
        out.object(v);
        let about = v.item.map_or("the case".into(), |i| format!("item {i}"));
        let what = match (&v.corrects, v.state.as_str()) {
            (Some(old), "taken-back") => format!("Took back {} record {old}", v.kind),
            (Some(old), _) => format!("Corrected {} record {old}", v.kind),
            (None, _) => format!("Recorded {}", v.kind),
        };
        out.say(format!("{what} for {about}: record {}, entry {}.", v.record, v.entry));
    }
    Ended::Done
}

async fn list(item: Option<&str>, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Read).await?;
    let item = match item {
        Some(text) => Some(case.resolve(text).await?),
        None => None,
    };
    let records = case.records(item).await?;
    for r in &records {
        out.object(r);
        out.say(line(r));
    }
    if records.is_empty() {
        out.say("Nothing is on record. `zapys record --help` lists what can be.");
    }
    Ok(Ended::Done)
}

/// One record for people; what was corrected says so.
pub fn line(r: &RecordView) -> String {
    let mut text = format!("{} {} {} by {}", r.record, r.time, r.kind, r.actor);
    match (&r.corrected_by, r.state.as_str()) {
        (Some(by), _) => text += &format!(" (corrected by {by})"),
        (None, "taken-back") => text += " (taken back)",
        _ => {}
    }
    if let (Some(old), Some(why)) = (&r.corrects, &r.because) {
        text += &format!("\n    corrects {old}: {why}");
    }
    if let Value::Object(fields) = &r.body {
        for (name, value) in fields {
            text += &format!("\n    {name}: {}", words(value));
        }
    }
    text
}

fn words(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(all) => all.iter().map(|(k, v)| format!("{k} {}", words(v))).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
