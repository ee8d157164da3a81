//! `glossary`: what words mean in this case.

use super::{actor, open};
use crate::Ended;
use crate::flags::{Glossary, TermFields};
use crate::out::Out;
use serde_json::{Map, Value, json};
use std::io::{BufRead, Read};
use zapys_casework::view::TermView;
use zapys_casework::{Access, CaseError, Casework, RecordError, RecordRequest, Settings};
use zapys_domain::handover::{BadRecord, RecordBody, RecordKind, TermSort};

/// Longest list of terms that is read from standard input, in bytes.
const MAX_INPUT: u64 = 16 << 20;

pub async fn glossary(args: Glossary, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args {
        Glossary::Add { term, fields } => {
            let terms = if term == "-" { read()? } else { vec![typed(term, fields)] };
            let terms: Result<Vec<RecordBody>, BadRecord> =
                terms.into_iter().map(|t| RecordBody::read(RecordKind::Term, Value::Object(t))).collect();
            let terms = terms.map_err(RecordError::from)?;
            let case = open(settings, Access::Write).await?;
            for body in terms {
                put(&case, Some(body), None, out).await?;
            }
            Ok(Ended::Done)
        }
        Glossary::List { sort } => list(sort.as_deref(), settings, out).await,
        Glossary::Show { term } => {
            let case = open(settings, Access::Read).await?;
            let term = case.term(&term).await?;
            out.object(&term);
            say(&term, out);
            Ok(Ended::Done)
        }
        Glossary::Edit { term, fields, because } => {
            let case = open(settings, Access::Write).await?;
            let old = case.term(&term).await?;
            let mut new = Map::new();
            new.insert("term".into(), old.term.into());
            new.extend(changed(&old.meaning, &old.sort, &old.also, old.rendering.as_deref(), old.basis.as_deref()));
            for (name, value) in said(fields) {
                // What is set to nothing is taken away.
                if value == "" {
                    new.remove(&name)
                } else {
                    new.insert(name, value)
                };
            }
            let body = RecordBody::read(RecordKind::Term, Value::Object(new)).map_err(RecordError::from)?;
            put(&case, Some(body), Some((&old.record, because)), out).await
        }
        Glossary::Retract { term, because } => {
            let case = open(settings, Access::Write).await?;
            let old = case.term(&term).await?;
            put(&case, None, Some((&old.record, because)), out).await
        }
    }
}

async fn put(case: &Casework, body: Option<RecordBody>, over: Option<(&str, String)>, out: &Out) -> Result<Ended, CaseError> {
    let (corrects, because) = match over {
        Some((old, because)) => (Some(case.resolve_record(old).await?.0), Some(because)),
        None => (None, None),
    };
    let request = RecordRequest { kind: RecordKind::Term, items: Vec::new(), body, corrects, because };
    let views = case.put_on_record(&actor(), request).await?;
    Ok(super::record::told(&views, out))
}

async fn list(sort: Option<&str>, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    if sort.is_some_and(|s| TermSort::parse(s).is_none()) {
        return Err(CaseError::Flag { flag: "--sort", wants: "slang, call-sign, cipher, abbreviation, name or other" });
    }
    let case = open(settings, Access::Read).await?;
    let terms: Vec<TermView> = case.terms().await?.into_iter().filter(|t| sort.is_none_or(|s| t.sort == s)).collect();
    for t in &terms {
        out.object(t);
        say(t, out);
    }
    if terms.is_empty() {
        out.note("No term is on record. `zapys glossary add TERM --sort slang --means TEXT` puts one there.");
    }
    Ok(if terms.is_empty() { Ended::No } else { Ended::Done })
}

fn say(t: &TermView, out: &Out) {
    out.say(format!("{} ({}): {}", t.term, t.sort, t.meaning));
    if !t.also.is_empty() {
        out.say(format!("    also: {}", t.also.join(", ")));
    }
    for (name, value) in [("translated as", &t.rendering), ("known from", &t.basis)] {
        if let Some(value) = value {
            out.say(format!("    {name}: {value}"));
        }
    }
    out.say(format!("    record {} by {}, {}", t.record, t.by, t.time));
}

fn typed(term: String, fields: TermFields) -> Map<String, Value> {
    let mut all = said(fields);
    all.insert("term".into(), term.into());
    all.entry("sort").or_insert_with(|| TermSort::Slang.word().into());
    all
}

/// The fields that were typed, by their names in the record.
fn said(fields: TermFields) -> Map<String, Value> {
    let TermFields { means, sort, also, rendering, basis } = fields;
    let also: Vec<String> = also.into_iter().filter(|a| !a.trim().is_empty()).collect();
    let mut all = Map::new();
    for (name, value) in [("meaning", means), ("sort", sort), ("rendering", rendering), ("basis", basis)] {
        all.extend(value.map(|v| (name.to_owned(), Value::from(v.trim()))));
    }
    if !also.is_empty() {
        all.insert("also".into(), json!(also));
    }
    all
}

/// The fields of a term on record.
fn changed(meaning: &str, sort: &str, also: &[String], rendering: Option<&str>, basis: Option<&str>) -> Map<String, Value> {
    let value = json!({"meaning": meaning, "sort": sort, "also": also, "rendering": rendering, "basis": basis});
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Terms from standard input, an object on each line. Errors: one that is none, with its line; nothing is put on record then.
fn read() -> Result<Vec<Map<String, Value>>, CaseError> {
    let unread = |source| CaseError::Path { path: "standard input".into(), source };
    let mut terms = Vec::new();
    for (i, line) in std::io::stdin().lock().take(MAX_INPUT).lines().enumerate() {
        let line = line.map_err(unread)?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(Value::Object(fields)) => terms.push(fields),
            _ => {
                let what = format!("line {} of standard input holds no JSON object with its fields", i + 1);
                return Err(RecordError::from(BadRecord::Shape { kind: RecordKind::Term, what }).into());
            }
        }
    }
    Ok(terms)
}
