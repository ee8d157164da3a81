//! What was asked for and what became of it; what named standards find met or missing; keys, stamps and drafts.

use super::Report;
use crate::gates::number;
use crate::layout::{CERTIFICATE_STEMS, CERTIFICATES};
use crate::papers;
use crate::records::ConformanceRow;
use crate::safe::html;
use crate::words;
use std::collections::BTreeMap;
use std::io::{self, Write};
use zapys_domain::ItemId;

/// The account of the selection.
pub(super) fn selection(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let c = papers::completeness(report.extract, report.manifest.ledger.size);
    let n = |n: u64| words::grouped(n);
    write!(
        out,
        "<section class=\"part\" id=\"account\">\n<h2>What was asked for, and what became of it</h2>\n\
         <div class=\"figures\">\n<div><b>{}</b>items in the case</div>\n<div><b>{}</b>selected</div>\n\
         <div><b>{}</b>here as exhibits</div>\n<div><b>{}</b>left out, with a reason</div>\n</div>\n",
        n(c.counts.case_items),
        n(c.counts.selected),
        n(c.counts.included),
        n(c.counts.left_out)
    )?;
    if c.left_out.is_empty() && c.not_asked_for.is_empty() {
        writeln!(out, "<p class=\"sub\">Nothing that was selected was left out.</p>\n</section>")?;
        return Ok(());
    }
    write!(
        out,
        "<h3>Left out</h3>\n<table>\n<thead><tr><th scope=\"col\">What</th><th scope=\"col\">Item</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n"
    )?;
    for l in c.left_out.iter().chain(&c.not_asked_for) {
        let item = l.item.map_or("\u{2013}".into(), |i| i.to_string());
        writeln!(
            out,
            "<tr><td dir=\"auto\">{}</td><td class=\"mono\">{item}</td><td dir=\"auto\">{}</td></tr>",
            html(&l.what),
            html(&l.reason)
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</section>")
}

fn title(standard: &str) -> String {
    match standard {
        "leiden" => "Leiden Guidelines on digitally derived evidence".into(),
        "hala" => "Hala Protocol on audio evidence".into(),
        "berkeley" => "Berkeley Protocol".into(),
        other => html(other),
    }
}

fn chip(status: &str) -> String {
    let class = match status {
        "met" => "chip met",
        "missing" => "chip",
        _ => "chip plain",
    };
    format!("<span class=\"{class}\">{}</span>", html(&status.replace('-', " ")))
}

/// What each standard finds, requirement by requirement; exhibits with the same finding stand together.
pub(super) fn conformance(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let rows: Vec<&ConformanceRow> = papers::rows(report.extract).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let numbers: BTreeMap<ItemId, String> =
        report.extract.exhibits.iter().enumerate().map(|(i, e)| (e.item, number(i).to_string())).collect();
    writeln!(
        out,
        "<section class=\"part\" id=\"standards\">\n<h2>What named standards find</h2>\n<p class=\"sub measure\">Computed from what is \
         on record, in our reading of each text. It certifies nothing.</p>"
    )?;
    let mut standards: Vec<&str> = Vec::new();
    for r in &rows {
        if !standards.contains(&r.standard.as_str()) {
            standards.push(&r.standard);
        }
    }
    for standard in standards {
        let mine: Vec<&&ConformanceRow> = rows.iter().filter(|r| r.standard == standard).collect();
        let count = |s: &str| mine.iter().filter(|r| r.status == s).count();
        write!(
            out,
            "<h3>{}</h3>\n<p class=\"small dim\">{} met, {} missing, {} not applicable</p>\n<table class=\"conformance\">\n<thead><tr>\
             <th scope=\"col\">Requirement</th><th scope=\"col\">Found</th><th scope=\"col\">What</th><th scope=\"col\">Exhibits</th>\
             </tr></thead>\n<tbody>\n",
            title(standard),
            words::grouped(count("met") as u64),
            words::grouped(count("missing") as u64),
            words::grouped(count("not-applicable") as u64)
        )?;
        let mut lines: Vec<(&str, &str, &str, Vec<String>)> = Vec::new();
        for r in &mine {
            let who = r.item.and_then(|i| numbers.get(&i)).map(|n| format!("<a href=\"#{n}\">{n}</a>"));
            let same = |l: &&mut (&str, &str, &str, Vec<String>)| l.0 == r.requirement && l.1 == r.status && l.2 == r.detail;
            match lines.iter_mut().find(same) {
                Some(l) => l.3.extend(who),
                None => lines.push((&r.requirement, &r.status, &r.detail, who.into_iter().collect())),
            }
        }
        for (requirement, status, detail, who) in lines {
            let who = if who.is_empty() { "the case".into() } else { who.join(", ") };
            writeln!(
                out,
                "<tr><td class=\"no\">{}</td><td>{}</td><td dir=\"auto\">{}</td><td>{who}</td></tr>",
                html(requirement),
                chip(status),
                html(detail)
            )?;
        }
        writeln!(out, "</tbody>\n</table>")?;
    }
    writeln!(out, "</section>")
}

/// Stamps over the ledger's head, its keys, and the drafts that a lawyer may want.
pub(super) fn beside(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let ledger = &report.extract.ledger;
    let drafts = report.beside;
    if ledger.stamps.is_empty() && ledger.keys.len() < 2 && !drafts {
        return Ok(());
    }
    writeln!(out, "<section class=\"part\" id=\"beside\">\n<h2>What lies beside</h2>")?;
    if !ledger.stamps.is_empty() {
        writeln!(out, "<h3>Time stamps over the ledger's head</h3>\n<ul class=\"points\">")?;
        for s in &ledger.stamps {
            let time = s.time.map_or("its time is in the proof".into(), words::moment);
            writeln!(out, "<li><span class=\"mono\">{}</span>: {time}</li>", html(&s.name))?;
            if let (true, Some(t)) = (s.tsr.is_some(), s.time) {
                let data = if s.checkpoint.is_some() { format!("stamps/{}/checkpoint", s.name) } else { "checkpoint".into() };
                let chain =
                    if s.chain_pem.is_some() { format!(" -untrusted stamps/{}/chain.pem", s.name) } else { String::new() };
                writeln!(
                    out,
                    "<li>To check it without us, with the authority's root certificate in CA.pem:<pre>openssl ts -verify -data {data} -in \
                     stamps/{}/checkpoint.tsr -CAfile CA.pem{chain} -attime {}</pre></li>",
                    html(&s.name),
                    t.micros().div_euclid(1_000_000)
                )?;
            }
        }
        writeln!(out, "</ul>")?;
    }
    if ledger.keys.len() > 1 {
        write!(
            out,
            "<h3>Keys of the ledger</h3>\n<table>\n<thead><tr><th scope=\"col\">From entry</th><th scope=\"col\">Why</th>\
             <th scope=\"col\">Key</th></tr></thead>\n<tbody>\n"
        )?;
        for k in &ledger.keys {
            writeln!(
                out,
                "<tr><td class=\"num mono\">{}</td><td>{}</td><td class=\"mono\">{}</td></tr>",
                k.from_size,
                html(&k.reason),
                html(&k.vkey.to_string())
            )?;
        }
        writeln!(out, "</tbody>\n</table>")?;
    }
    if drafts {
        let folder = CERTIFICATES.strip_prefix("data/").unwrap_or(CERTIFICATES);
        writeln!(
            out,
            "<h3>Certificate drafts</h3>\n<p class=\"measure\">Drafts under US Federal Rules of Evidence, from facts on record. Nobody has \
             signed them; whoever does must check every line first.</p>\n<ul class=\"points\">"
        )?;
        for (stem, rule) in CERTIFICATE_STEMS.iter().zip(["902(13), records of an electronic process", "902(14), copies of data"])
        {
            writeln!(
                out,
                "<li>{rule}: <a href=\"../{folder}/{stem}.html\">page</a>, <a href=\"../{folder}/{stem}.pdf\">to print</a>, \
                 <a href=\"../{folder}/{stem}.json\">data</a></li>"
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</section>")
}
