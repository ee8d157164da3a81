//! What the production does not hold or prove, and how anyone can check what it does.

use super::Report;
use crate::gates::number;
use crate::papers;
use crate::safe::html;
use crate::words;
use std::io::{self, Write};

/// Limits that are seen from the data, then the ones that were stated.
pub(super) fn limits(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    writeln!(out, "<section class=\"part\" id=\"limits\">\n<h2>What is missing or unsure</h2>\n<ul class=\"points\">")?;
    for l in papers::limits(report.extract) {
        let all: Vec<String> = l.exhibits.iter().map(|n| format!("<a href=\"#{n}\">{n}</a>")).collect();
        let whose = if all.is_empty() { String::new() } else { format!(" <span class=\"dim\">{}</span>", all.join(", ")) };
        writeln!(out, "<li dir=\"auto\">{}{whose}</li>", html(&l.text))?;
    }
    writeln!(out, "</ul>\n</section>")
}

/// How to check, with and without us.
pub(super) fn checking(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let x = report.extract;
    writeln!(out, "<section class=\"part\" id=\"check\">\n<h2>How to check this</h2>")?;
    if !report.beside {
        writeln!(
            out,
            "<p class=\"measure\">This is the report alone. It can be read, not checked: ask for the whole production, which \
             carries the originals, the custody events and their proofs.</p>"
        )?;
    } else {
        let (no, event) = (number(0), &report.manifest.exhibits[0].events[0]);
        write!(
            out,
            "<p class=\"measure\">Nothing here has to be believed. Have the ledger's key from somewhere else than this production, \
             such as a sheet handed over on another day, and compare it with this one:</p>\n<pre>{}</pre>\n\
             <h3>Everything at once</h3>\n<pre>zapys-verify --vkey KEYFILE PRODUCTION</pre>\n\
             <h3>Files unchanged, with programs of others</h3>\n\
             <pre>sha256sum --check --strict SHA256SUMS\nbagit.py --validate PRODUCTION</pre>\n\
             <h3>A custody event is in the ledger</h3>\n\
             <p class=\"measure\">The first of {no}; the others likewise. The digest of one event stands in the next one as \
             <span class=\"mono\">prev</span>.</p>\n\
             <pre>sed '1,/^index/d;/^$/,$d' {proof} &gt; P\n\
             aics-tlog verify-inclusion --leaf {event} --index {seq} --proof P --checkpoint checkpoint --vkey-file KEYFILE</pre>\n",
            html(&x.ledger.vkey.to_string()),
            proof = event.proof,
            event = event.event,
            seq = event.seq,
        )?;
    }
    write!(
        out,
        "<h3>What a check shows, and what not</h3>\n<ul class=\"points\">\n\
         <li>It shows that the originals are byte for byte the ones that were taken in, and that the custody events were \
         recorded in this order and not changed since the ledger's head was signed.</li>\n\
         <li>It does not show that what an original shows or says is true, when it was made, or who speaks.</li>\n\
         <li>It does not show that a transcript or translation is right.</li>\n</ul>\n\
         <p class=\"sub small\">Head of the ledger: <span class=\"mono\">{}</span>, {}, root <span class=\"mono\">{}</span></p>\n</section>\n",
        html(&report.manifest.ledger.origin),
        words::count(usize::try_from(report.manifest.ledger.size).unwrap_or(usize::MAX), "entry", "entries"),
        html(&report.manifest.ledger.root)
    )
}
