//! What people have put on record about an exhibit, in the words they used.

use super::facts::{row, said};
use crate::extract::Exhibit;
use crate::records::{CaseRecords, ErrorEntry, Records, TermEntry};
use crate::safe::html;
use crate::words;
use std::io::{self, Write};
use zapys_domain::{Instant, ItemId, Private};

fn text(value: &Private<String>) -> String {
    format!("<bdi>{}</bdi>", html(value.reveal()))
}
fn who(actor: &zapys_domain::Actor, at: Instant) -> String {
    format!("<span class=\"mono\">{}</span> <span class=\"when\">{}</span>", html(&actor.id), words::moment(at))
}
/// A stable word of the record as people read it.
fn plain(code: &str) -> String {
    html(&code.replace(['-', '_'], " "))
}
/// The same at the beginning of a line.
fn term(code: &str) -> String {
    let words = plain(code);
    let mut chars = words.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
fn mono(value: impl std::fmt::Display) -> String {
    format!("<span class=\"mono\">{}</span>", html(&value.to_string()))
}

/// A heading and its facts; nothing where there is none.
struct Block<'a> {
    out: &'a mut dyn Write,
    open: bool,
    heading: &'static str,
}
impl<'a> Block<'a> {
    fn new(out: &'a mut dyn Write, heading: &'static str) -> Self {
        Self { out, open: false, heading }
    }
    fn row(&mut self, wide: bool, term: &str, value: &str) -> io::Result<()> {
        if !self.open {
            writeln!(self.out, "<h3>{}</h3>\n<dl class=\"facts\">", self.heading)?;
            self.open = true;
        }
        row(self.out, wide, term, value)
    }
    fn said(&mut self, term: &str, value: Option<&Private<String>>) -> io::Result<()> {
        self.row(false, term, &said(value))
    }
    fn end(self) -> io::Result<()> {
        if self.open { writeln!(self.out, "</dl>") } else { Ok(()) }
    }
}

/// Everything on record about an exhibit. `name`: the number of an item that is an exhibit here.
pub(super) fn records(out: &mut dyn Write, e: &Exhibit, name: &dyn Fn(ItemId) -> String) -> io::Result<()> {
    let r = &e.records;
    handled(out, r)?;
    interception(out, r)?;
    voices(out, r)?;
    comparisons(out, r, name)?;
    related(out, r, name)?;
    against(out, r, name)?;
    changes(out, r)?;
    errors(out, "Errors in handling", &r.errors)
}

fn handled(out: &mut dyn Write, r: &Records) -> io::Result<()> {
    let mut b = Block::new(out, "On record");
    for p in &r.phases {
        let reason = p.reason.as_ref().map(|t| format!("<br>{}", text(t))).unwrap_or_default();
        b.row(false, &term(&p.phase), &format!("{}{reason}", who(&p.actor, p.at)))?;
    }
    if let Some(l) = &r.legal_basis {
        let words = l.text.as_ref().map(|t| format!(": {}", text(t))).unwrap_or_default();
        let paper = l.document.map(|d| format!("<br><small class=\"mono\">{d}</small>")).unwrap_or_default();
        b.row(true, "Legal basis", &format!("{}{words}{paper}", plain(&l.basis)))?;
    }
    for d in &r.dates {
        let value = d.value.as_ref().map_or("<span class=\"unknown\">unknown</span>, chosen".into(), |v| html(v.as_str()));
        let more: Vec<String> = d.readings.iter().map(|x| html(x.as_str())).collect();
        let more = if more.is_empty() { String::new() } else { format!("; may also be {}", more.join(", ")) };
        b.row(false, &term(&d.which), &format!("{value} <small class=\"dim\">{}</small>{more}", plain(&d.basis)))?;
    }
    for a in r.intake.iter().chain(&r.stated) {
        let basis = a.basis.as_ref().map(|t| format!(" <small class=\"dim\">{}</small>", text(t))).unwrap_or_default();
        b.row(true, &html(&a.question), &format!("{}{basis}", said(a.answer.as_ref())))?;
    }
    if let Some(c) = &r.capture {
        b.said("Address asked for", c.requested_url.as_ref())?;
        b.said("Address that answered", c.final_url.as_ref())?;
        b.row(false, "Captured", &c.time.as_ref().map_or_else(|| said(None), |t| html(t)))?;
        b.row(false, "With", &c.tool.as_ref().map_or_else(|| said(None), |t| html(t)))?;
        let word = if c.meets_berkeley_minimum() { "met" } else { "<span class=\"unknown\">below Berkeley minimum</span>" };
        b.row(false, "Berkeley minimum", word)?;
    }
    if let Some(a) = &r.account {
        b.row(false, "Account by", &a.person.as_ref().map_or_else(|| said(None), mono))?;
        b.said("Interviewer", a.interviewer.as_ref())?;
        b.said("Interpreter", a.interpreter.as_ref())?;
        if !a.earlier.is_empty() {
            let all: Vec<String> = a.earlier.iter().map(text).collect();
            b.row(true, "Earlier accounts", &format!("{}<br><b>Do not interview again.</b>", all.join("<br>")))?;
        }
    }
    for c in &r.consents {
        let identity = c.identity.as_ref().map(|i| format!(", identity {}", plain(i))).unwrap_or_default();
        let words = format!("{}: {}{identity}<br>{}", plain(&c.purpose), plain(&c.decision), who(&c.by, c.at));
        b.row(false, &format!("Consent of {}", html(&c.person)), &words)?;
    }
    if let Some(c) = &r.call_table {
        b.row(false, "Table prepared by", &c.prepared_by.as_ref().map_or_else(|| said(None), mono))?;
        b.said("How", c.method.as_ref())?;
        b.row(false, "Reviewed by", &c.reviewed_by.as_ref().map_or_else(|| said(None), mono))?;
        for x in &c.corrections {
            b.row(true, "Corrected", &text(x))?;
        }
    }
    for t in &r.translations {
        let reviewer = t
            .reviewer
            .as_ref()
            .map_or("<span class=\"unknown\">nobody has reviewed it</span>".into(), |x| format!("reviewed by {}", mono(x)));
        let pair = format!("{} to {}", words::language(&t.from), words::language(&t.to));
        b.row(false, "Translation", &format!("{}, by {}; {reviewer}", html(&pair), mono(&t.translator)))?;
        for d in &t.disputes {
            b.row(
                true,
                &format!("Disputed, {}", html(&d.segment)),
                &format!("{} <span class=\"mono\">{}</span>", text(&d.note), html(&d.by.id)),
            )?;
        }
    }
    for n in &r.notes {
        let after = n
            .after_s
            .map(|s| format!(" <small class=\"dim\">{} s after the event</small>", words::grouped(s)))
            .unwrap_or_default();
        b.row(true, "Note", &format!("{}{after}", text(&n.text)))?;
    }
    b.end()
}

fn interception(out: &mut dyn Write, r: &Records) -> io::Result<()> {
    let Some(i) = &r.interception else { return Ok(()) };
    let mut b = Block::new(out, "How it was intercepted, as stated");
    b.said("By", i.intercepted_by.as_ref())?;
    b.said("Authority", i.authority.as_ref())?;
    b.said("Equipment", i.equipment.as_ref())?;
    b.said("Number, frequency", i.target.as_ref())?;
    b.said("Operator's place", i.operator_place.as_ref())?;
    b.said("Logbook", i.logbook.as_ref())?;
    b.said("Notes made then", i.notes_then.as_ref())?;
    b.said("Shortcomings", i.shortcomings.as_ref())?;
    b.row(true, "Selection", &said(i.selection.as_ref()))?;
    b.end()
}

fn voices(out: &mut dyn Write, r: &Records) -> io::Result<()> {
    if r.voices.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Whose voices they are said to be</h3>\n<ul class=\"points\">")?;
    for v in &r.voices {
        write!(
            out,
            "<li>Speaker {} is said to be <span class=\"mono\">{}</span>, by {}; method {}, {} confidence.",
            html(&v.speaker),
            html(&v.person),
            who(&v.by, v.at),
            plain(&v.method),
            plain(&v.confidence)
        )?;
        if let Some(f) = &v.familiarity {
            write!(out, " {}", text(f))?;
        }
        for d in &v.denials {
            write!(out, "<br><span class=\"chip\">denied</span> {}", text(d))?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ul>")
}

fn comparisons(out: &mut dyn Write, r: &Records, name: &dyn Fn(ItemId) -> String) -> io::Result<()> {
    if r.comparisons.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Voices held against others, as stated</h3>\n<ul class=\"points\">")?;
    for c in &r.comparisons {
        let same = match c.same.as_str() {
            "yes" => "is one person with",
            "no" => "is another person than",
            _ => "may or may not be one person with",
        };
        let (with, by) = (name(c.with), who(&c.by, c.at));
        write!(out, "<li>Speaker {} {same} speaker {} in {with}, by {by}.", html(&c.speaker), html(&c.with_speaker))?;
        for (what, said) in [("Rests on", &c.note), ("Knows the voice", &c.familiarity), ("How sure", &c.confidence)] {
            if let Some(t) = said {
                write!(out, "<br>{what}: {}", text(t))?;
            }
        }
        if let (Some(score), Some(tool)) = (c.score, &c.tool) {
            let score = format!("{}.{:03}", score / 1000, score % 1000);
            write!(
                out,
                "<br><span class=\"dim\">A machine suggested it: score {score} by {}, a likeness and no proof.</span>",
                mono(tool)
            )?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ul>")
}

fn related(out: &mut dyn Write, r: &Records, name: &dyn Fn(ItemId) -> String) -> io::Result<()> {
    let mut b = Block::new(out, "What belongs to it");
    if let Some(x) = &r.excerpt {
        let span = format!("{} to {}", words::clock(x.start_ms), words::clock(x.end_ms));
        let whole = if x.full_available { "the whole is available" } else { "<b>the whole is not available</b>" };
        let words = format!(
            "{}, {}; cut by <span class=\"mono\">{}</span>: {}; {whole}",
            name(x.parent),
            mono(span),
            html(&x.extracted_by.id),
            text(&x.reason)
        );
        b.row(true, "Excerpt of", &words)?;
    }
    if let Some(f) = &r.family {
        let members: Vec<String> = f.members.iter().map(|m| name(*m)).collect();
        b.row(true, "Family", &format!("{}; protection: {}", members.join(", "), plain(&f.protection)))?;
    }
    for t in &r.twins {
        let all: Vec<String> = t.differences.iter().map(text).collect();
        b.row(true, "Another recording", &format!("{}: {}", name(t.item), all.join("; ")))?;
    }
    for v in &r.versions {
        let n = words::count(v.revision.changes.len(), "segment changed", "segments changed");
        let how = super::revised::manner(&v.revision);
        let over = v.revision.over.and_then(|o| r.versions.iter().find(|v| v.record == o));
        let over = over.map_or("over the machine's words".into(), |o| format!("over revision {}", o.number));
        let back = if v.withdrawn { "; taken back" } else { "" };
        let why = v.revision.reason.as_ref().map(|t| format!("<br>{}", text(t))).unwrap_or_default();
        let words = format!("{how}, {over}, {n}{back}; {}{why}", who(&v.by, v.at));
        b.row(true, &format!("Transcript, revision {}", v.number), &words)?;
    }
    for x in &r.rendered {
        let t = &x.translation;
        let n = words::count(t.lines.len(), "segment", "segments");
        let over = t.over.and_then(|o| r.versions.iter().find(|v| v.record == o));
        let of = over.map_or("of the machine's words".into(), |o| format!("of revision {}", o.number));
        let why = t.reason.as_ref().map(|t| format!("<br>{}", text(t))).unwrap_or_default();
        let words = format!("into {}, {of}, {n}; {}{why}", html(words::language(t.language.as_str())), who(&x.by, x.at));
        b.row(true, "Translation by a person", &words)?;
    }
    b.end()
}

fn against(out: &mut dyn Write, r: &Records, name: &dyn Fn(ItemId) -> String) -> io::Result<()> {
    if r.against.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>What speaks against it</h3>\n<ul class=\"points\">")?;
    for a in &r.against {
        let item = a.item.map(|i| format!(" ({})", name(i))).unwrap_or_default();
        writeln!(out, "<li><span class=\"chip\">{}</span> {}{item}</li>", plain(&a.relation), text(&a.text))?;
    }
    writeln!(out, "</ul>")
}

fn changes(out: &mut dyn Write, r: &Records) -> io::Result<()> {
    if r.corrections.is_empty() {
        return Ok(());
    }
    write!(
        out,
        "<h3>Corrections</h3>\n<table>\n<thead><tr><th scope=\"col\">What</th><th scope=\"col\">Was</th><th scope=\"col\">Is</th>\
         <th scope=\"col\">Why</th><th scope=\"col\">By</th></tr></thead>\n<tbody>\n"
    )?;
    for c in &r.corrections {
        let value = |v: &Option<Private<String>>| v.as_ref().map_or("<span class=\"dim\">nothing</span>".into(), text);
        let entry = c.entry.map(|n| format!(" \u{b7} entry {n}")).unwrap_or_default();
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}{entry}</td></tr>",
            term(&c.field),
            value(&c.was),
            value(&c.is),
            text(&c.reason),
            who(&c.by, c.at)
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn errors(out: &mut dyn Write, heading: &str, all: &[ErrorEntry]) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>{heading}</h3>\n<ul class=\"points\">")?;
    for e in all {
        writeln!(
            out,
            "<li>{} Effect: {} Remedy: {} <br>{}</li>",
            text(&e.what),
            text(&e.effect),
            text(&e.remedy),
            who(&e.by, e.at)
        )?;
    }
    writeln!(out, "</ul>")
}

/// What is on record about the case as a whole.
pub(super) fn case(out: &mut dyn Write, r: &CaseRecords) -> io::Result<()> {
    if r.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section class=\"part\" id=\"case\">\n<h2>On record about the case</h2>")?;
    if !r.efforts.is_empty() {
        write!(
            out,
            "<table>\n<caption>What was sought</caption>\n<thead><tr><th scope=\"col\">What</th><th scope=\"col\">Where</th>\
             <th scope=\"col\">When</th><th scope=\"col\">Not obtained</th></tr></thead>\n<tbody>\n"
        )?;
        for e in &r.efforts {
            let when = e.when.as_ref().map_or_else(|| said(None), |w| html(w.as_str()));
            let missing = e.not_obtained.as_ref().map_or("\u{2013}".into(), text);
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{when}</td><td>{missing}</td></tr>",
                text(&e.sought),
                said(e.place.as_ref())
            )?;
        }
        writeln!(out, "</tbody>\n</table>")?;
    }
    glossary(out, &r.terms)?;
    errors(out, "Errors in handling", &r.errors)?;
    writeln!(out, "</section>")
}

fn glossary(out: &mut dyn Write, terms: &[TermEntry]) -> io::Result<()> {
    if terms.is_empty() {
        return Ok(());
    }
    write!(
        out,
        "<table>\n<caption>Glossary: what words in the transcripts are said to mean. Whether a word is meant so in a place is not \
         said, and the words themselves stand as they are.</caption>\n<thead><tr><th scope=\"col\">Word</th><th scope=\"col\">Kind</th>\
         <th scope=\"col\">Meaning</th><th scope=\"col\">Known from</th><th scope=\"col\">By</th></tr></thead>\n<tbody>\n"
    )?;
    for t in terms {
        let also: Vec<String> = t.also.iter().map(text).collect();
        let also =
            if also.is_empty() { String::new() } else { format!("<br><small class=\"dim\">also</small> {}", also.join(", ")) };
        let rendering = t.rendering.as_ref();
        let rendering =
            rendering.map(|r| format!("<br><small class=\"dim\">translated as</small> {}", text(r))).unwrap_or_default();
        writeln!(
            out,
            "<tr><td>{}{also}</td><td>{}</td><td>{}{rendering}</td><td>{}</td><td>{}</td></tr>",
            text(&t.term),
            plain(&t.sort),
            text(&t.meaning),
            said(t.basis.as_ref()),
            who(&t.by, t.at)
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}
