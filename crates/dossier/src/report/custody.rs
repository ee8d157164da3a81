//! The custody trail in words.

use super::Report;
use crate::safe::html;
use crate::words;
use std::io::{self, Write};
use zapys_domain::{Action, DerivativeKind, ObjectId};
use zapys_ledger::{Commitment, Detail, Entry, Opening, Term};

/// A commitment's value where it is revealed, else that it is sealed.
fn revealed(c: &Commitment, openings: &[Opening]) -> String {
    match openings.iter().find(|o| o.opens(c)).map(|o| o.value.reveal()) {
        Some(serde_json::Value::String(s)) => match s.parse::<ObjectId>() {
            Ok(object) => digest("sha256:", &object.hex()),
            Err(_) => format!("<bdi class=\"mono\">{}</bdi>", html(s)),
        },
        Some(v) => format!("<bdi class=\"mono\">{}</bdi>", html(&v.to_string())),
        None => "<span class=\"dim\">kept sealed</span>".into(),
    }
}

/// The beginning of a digest; the whole of it on pointing, and in the event itself.
fn digest(before: &str, hex: &str) -> String {
    format!("<bdi class=\"mono\" title=\"{before}{hex}\">{before}{}\u{2026}</bdi>", &hex[..16])
}

fn fact(name: &str, value: &Detail, openings: &[Opening]) -> String {
    let name = html(&name.replace(['_', '-'], " "));
    match value {
        Detail::Int(n) => format!("{name} {n}"),
        Detail::Code(c) => format!("{name} {}", html(c.as_str())),
        Detail::Digest(h) => format!("{name} {}", digest("", &h.hex())),
        Detail::Commit(c) => format!("{name} {}", revealed(c, openings)),
    }
}

fn terms(entry: &Entry, openings: &[Opening]) -> Vec<String> {
    let e = &entry.event;
    let all = [("place", &e.place), ("authority", &e.authority), ("purpose", &e.purpose), ("change", &e.change)];
    let told = all.into_iter().filter(|(_, t)| !matches!(t, Term::Code(c) if ["unknown", "none"].contains(&c.as_str())));
    told.map(|(name, t)| match t {
        Term::Code(c) => format!("{name} {}", html(c.as_str())),
        Term::Commit(c) => format!("{name} {}", revealed(c, openings)),
    })
    .collect()
}

fn act(entry: &Entry) -> String {
    let code = |name| match entry.event.fact(name) {
        Some(Detail::Code(c)) if entry.event.action == Action::Transformed => Some(c.as_str()),
        _ => None,
    };
    let Some(kind) = code("kind").and_then(DerivativeKind::parse) else { return words::act(entry.event.action).into() };
    match code("result") {
        None | Some("done") => words::made(kind),
        Some("skipped") => format!("found nothing to do here ({})", words::derivative(kind).to_lowercase()),
        Some(_) => format!("tried, and failed ({})", words::derivative(kind).to_lowercase()),
    }
}

/// Every custody event of an exhibit, oldest first.
pub(super) fn trail(out: &mut dyn Write, report: &Report<'_>, index: usize) -> io::Result<()> {
    let (e, entries) = (&report.extract.exhibits[index], &report.trails[index]);
    writeln!(out, "<h3>Custody, {}</h3>\n<ol class=\"trail\">", words::count(entries.len(), "event", "events"))?;
    for (entry, custody) in entries.iter().zip(&e.events) {
        let v = &entry.event;
        let class = match v.action {
            Action::Collected | Action::Received | Action::Imported => "first",
            _ if v.actor.id.starts_with("program:") => "program",
            _ => "person",
        };
        write!(
            out,
            "<li class=\"{class}\"><i></i><b class=\"mono\">{}</b> {} <span class=\"when\">{} \u{b7} entry {} \u{b7} {}</span>",
            html(&v.actor.id),
            act(entry),
            words::moment(v.time),
            entry.seq,
            html(v.tool.as_str())
        )?;
        let facts: Vec<String> = terms(entry, &custody.openings)
            .into_iter()
            .chain(v.detail.iter().map(|(k, d)| fact(k.as_str(), d, &custody.openings)))
            .collect();
        if !facts.is_empty() {
            let spans: Vec<String> = facts.iter().map(|f| format!("<span>{f}</span>")).collect();
            write!(out, "<p>{}</p>", spans.join(" "))?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ol>")
}
