//! Facts of an exhibit: dates, sizes, digest, where it comes from, what was noticed, which files belong to it.

use super::{Report, Shown};
use crate::extract::{Dated, Exhibit, Status};
use crate::safe::html;
use crate::words;
use std::io::{self, Write};
use zapys_domain::{DerivativeKind, Finding, Private, Severity};

/// A date, or "unknown".
pub(super) fn dated(d: Option<&Dated>) -> String {
    match d {
        Some(d) => html(d.value.as_str()),
        None => UNKNOWN.into(),
    }
}
const UNKNOWN: &str = "<span class=\"unknown\">unknown</span>";

fn status(s: Status) -> &'static str {
    match s {
        Status::Unverified => "Unverified: nobody has checked it",
        Status::Partly => "Verified in part",
        Status::Verified => "Verified",
        Status::Inconclusive => "Inconclusive: the checks decide nothing",
        Status::Disproved => "Disproved: the checks speak against it",
    }
}

/// The line under the title.
pub(super) fn subline(out: &mut dyn Write, e: &Exhibit) -> io::Result<()> {
    write!(out, "<p class=\"sub\">{}", words::kind(e.kind))?;
    if let Some(ms) = e.duration_ms {
        write!(out, " \u{b7} <span class=\"mono\">{}</span>", words::clock(ms))?;
    }
    if !e.language.is_und() {
        write!(out, " \u{b7} {}", html(words::language(e.language.as_str())))?;
    }
    writeln!(out, " \u{b7} {}</p>", status(e.status))
}

pub(super) fn row(out: &mut dyn Write, wide: bool, term: &str, value: &str) -> io::Result<()> {
    let class = if wide { " class=\"wide\"" } else { "" };
    writeln!(out, "<div{class}><dt>{term}</dt><dd>{value}</dd></div>")
}

fn date_row(d: Option<&Dated>) -> String {
    match d {
        Some(d) => format!("{} <small class=\"dim\">{}</small>", html(d.value.as_str()), html(&d.basis)),
        None => UNKNOWN.into(),
    }
}

/// The block of facts.
pub(super) fn facts(out: &mut dyn Write, report: &Report<'_>, index: usize) -> io::Result<()> {
    let (e, record) = (&report.extract.exhibits[index], &report.manifest.exhibits[index]);
    writeln!(out, "<dl class=\"facts\">")?;
    row(out, false, "Recorded", &date_row(e.recorded.as_ref()))?;
    row(out, false, "Published", &date_row(e.published.as_ref()))?;
    row(out, false, "Collected", &date_row(e.collected.as_ref()))?;
    row(out, false, "Received", &e.received.map_or(UNKNOWN.into(), words::moment))?;
    row(out, false, "Size", &words::size(e.bytes))?;
    row(out, false, "Media type", &format!("<span class=\"mono\">{}</span>", html(&e.media_type)))?;
    let name = e.file_name.as_ref().map_or(UNKNOWN.into(), |n| format!("<bdi class=\"mono\">{}</bdi>", html(n.reveal())));
    row(out, false, "Name as received", &name)?;
    row(out, false, "Item", &format!("<span class=\"mono\">{}</span>", e.item))?;
    if let Some(p) = &record.parent {
        let whole = match p.exhibit {
            Some(no) => format!("<a href=\"#{no}\">{no}</a>"),
            None => format!("item <span class=\"mono\">{}</span>, not in this production", p.item),
        };
        let span = match (p.start_ms, p.end_ms) {
            (Some(a), Some(b)) => format!(", <span class=\"mono\">{} to {}</span>", words::clock(a), words::clock(b)),
            _ => String::new(),
        };
        let reason = p.reason.as_ref().map(|r| format!("; {}", html(r))).unwrap_or_default();
        let hash = format!("<small class=\"mono\">{}</small>", p.object);
        row(out, true, "Part of", &format!("{whole}{span}{reason}<br>{hash}"))?;
    }
    row(out, true, "SHA-256", &format!("<span class=\"mono\">{}</span>", e.object.hex()))?;
    writeln!(out, "</dl>")
}

pub(super) fn said(value: Option<&Private<String>>) -> String {
    value.map_or(UNKNOWN.into(), |v| format!("<bdi>{}</bdi>", html(v.reveal())))
}

/// Where it comes from, as people said.
pub(super) fn sources(out: &mut dyn Write, e: &Exhibit) -> io::Result<()> {
    writeln!(out, "<h3>Where it comes from, as stated</h3>")?;
    if e.acquisitions.is_empty() {
        return writeln!(out, "<p class=\"dim\">Nothing is disclosed about this.</p>");
    }
    for a in &e.acquisitions {
        let p = &a.provenance;
        writeln!(out, "<dl class=\"facts\">")?;
        row(out, false, "Source", &said(p.source.as_ref()))?;
        let grade = p.source_grade.map_or("F, cannot be judged (default)".into(), |g| g.to_string());
        row(out, false, "Reliability", &grade)?;
        row(out, false, "Published at", &said(p.origin.as_ref()))?;
        row(out, false, "Collected by", &said(p.collected_by.as_ref()))?;
        row(out, false, "Legal basis", &said(p.legal_basis.as_ref()))?;
        row(out, false, "Taken in", &format!("{} by <span class=\"mono\">{}</span>", words::moment(a.time), html(&a.actor.id)))?;
        for (k, v) in &p.labels {
            row(out, true, &html(k), &format!("<bdi>{}</bdi>", html(v)))?;
        }
        writeln!(out, "</dl>")?;
    }
    Ok(())
}

/// What was noticed, about the item and in its derivatives.
pub(super) fn findings(out: &mut dyn Write, e: &Exhibit, shown: &[Shown]) -> io::Result<()> {
    let mut all: Vec<&Finding> = e.findings.iter().chain(shown.iter().flat_map(Shown::findings)).collect();
    all.sort_by_key(|f| (std::cmp::Reverse(f.severity), f.code.clone(), f.message.clone()));
    // The record may name again what a derivative's document names.
    all.dedup();
    if all.is_empty() && e.not_derived.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>What was noticed</h3>\n<ul class=\"points\">")?;
    for f in all {
        let class = if f.severity == Severity::Note { "chip plain" } else { "chip" };
        writeln!(out, "<li><span class=\"{class}\">{}</span> {}</li>", f.severity, html(&f.message))?;
    }
    for (kind, reason) in &e.not_derived {
        let what = words::derivative(*kind);
        writeln!(out, "<li><span class=\"chip\">not made</span> {what}: {}</li>", html(reason))?;
    }
    writeln!(out, "</ul>")
}

/// The files that belong to the exhibit, with digests.
pub(super) fn files(out: &mut dyn Write, report: &Report<'_>, index: usize) -> io::Result<()> {
    let record = &report.manifest.exhibits[index];
    if !report.beside {
        return Ok(());
    }
    let link = |path: &str| {
        let inner = path.strip_prefix("data/").unwrap_or(path);
        let name = path.rsplit('/').next().unwrap_or(path);
        format!("<a class=\"mono\" href=\"../{inner}\">{name}</a>")
    };
    write!(
        out,
        "<h3>Files</h3>\n<table class=\"files\">\n<thead><tr><th scope=\"col\">File</th><th scope=\"col\">What it is</th>\
         <th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n\
         <tr><td>{}</td><td>Original, as received</td><td class=\"mono\">{}</td></tr>\n",
        link(&record.file),
        record.object.hex()
    )?;
    let unreviewed = |kind: DerivativeKind| match kind {
        DerivativeKind::Transcript
        | DerivativeKind::SecondTranscript
        | DerivativeKind::Translation
        | DerivativeKind::SecondTranslation
        | DerivativeKind::Text
        | DerivativeKind::Messages
        | DerivativeKind::Calls => "; <span class=\"dim\">machine, unreviewed</span>",
        _ => "",
    };
    for d in &record.derivatives {
        let model = d.engine.model.as_ref().map(|m| format!(", model {}", html(m))).unwrap_or_default();
        writeln!(
            out,
            "<tr><td>{}</td><td>{}, by {} {}{model}{}</td>\
             <td class=\"mono\">{}</td></tr>",
            link(&d.file),
            words::derivative(d.kind),
            html(&d.engine.name),
            html(&d.engine.version),
            unreviewed(d.kind),
            d.object.hex()
        )?;
    }
    for t in &record.texts {
        let what = "The same to read; <span class=\"dim\">machine, unreviewed</span>";
        writeln!(out, "<tr><td>{}</td><td>{what}</td><td class=\"mono\">{}</td></tr>", link(&t.file), t.sha256)?;
    }
    write!(out, "</tbody>\n</table>\n")
}
