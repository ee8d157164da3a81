//! The words of a recording as people left them: their text with the machine's beside it wherever the two differ.

use crate::extract::Exhibit;
use crate::records::Version;
use crate::safe::{html, line};
use crate::words;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use zapys_domain::revision::Mended;
use zapys_domain::transcript::{Flag, Segment, Transcript};

/// The newest text that lies on one machine's transcript.
pub(crate) struct Revised<'a> {
    top: &'a Version,
    mended: Mended,
    machine: &'a Transcript,
    /// The revisions that it consists of.
    chain: Vec<&'a Version>,
}

impl<'a> Revised<'a> {
    /// The newest revision of this exhibit, where it lies on the derivative at `index`, whose document is `machine`.
    pub(crate) fn of(e: &'a Exhibit, index: usize, machine: &'a Transcript) -> Option<Self> {
        let top = Version::newest(&e.records.versions)?;
        if e.derivatives.get(index)?.object != top.revision.base {
            return None;
        }
        let (all, chain) = (&e.records.versions, top.chain(&e.records.versions)?);
        Some(Self { top, mended: top.read(machine.clone(), all)?, machine, chain })
    }

    /// Who made it what it is, one after the other.
    pub(crate) fn authors(&self) -> String {
        let mut all: Vec<String> = self.chain.iter().map(|v| line(&v.by.id)).collect();
        all.dedup();
        all.join("; ")
    }

    /// Segments of both texts in order of time: as people left it, and as the machine heard it.
    fn rows(&self) -> Vec<(Option<&Segment>, Option<&Segment>)> {
        let heard: BTreeMap<&str, &Segment> = self.machine.segments.iter().map(|s| (s.id.as_str(), s)).collect();
        let here: BTreeMap<&str, ()> = self.mended.words.segments.iter().map(|s| (s.id.as_str(), ())).collect();
        let mut rows: Vec<_> = self.mended.words.segments.iter().map(|s| (Some(s), heard.get(s.id.as_str()).copied())).collect();
        rows.extend(self.machine.segments.iter().filter(|s| !here.contains_key(s.id.as_str())).map(|s| (None, Some(s))));
        rows.sort_by_key(|(now, then)| now.or(*then).map_or(0, |s| s.start_ms));
        rows
    }
    /// Number of the revision that a segment's words are of; `None` where they are the machine's.
    fn by(&self, s: &Segment) -> Option<u32> {
        self.mended.by.get(&s.id).copied()
    }
    /// True where somebody answers for a segment: it was changed, or the whole was gone through.
    fn reviewed(&self, s: &Segment) -> bool {
        self.top.revision.whole || self.by(s).is_some()
    }
    /// Whose words these are, in a sentence.
    fn standing(&self) -> String {
        let n = self.mended.words.segments.len();
        let done = self.mended.words.segments.iter().filter(|s| self.reviewed(s)).count();
        if self.top.revision.whole {
            "the whole recording was gone through".into()
        } else {
            format!(
                "a person's words in {done} of {}; the rest is the machine's, unreviewed",
                words::count(n, "segment", "segments")
            )
        }
    }

    /// As part of the report.
    pub(crate) fn page(&self, out: &mut dyn Write) -> io::Result<()> {
        let Version { number, by, at, revision, .. } = self.top;
        writeln!(
            out,
            "<h3>Words spoken, as people left them</h3>\n<p class=\"band person\"><b>Revision {number}</b> <span>{}, by {}, {}; {}</span></p>",
            manner(revision),
            html(&by.id),
            words::moment(*at),
            self.standing()
        )?;
        write!(
            out,
            "<table class=\"words\">\n<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">As people left it</th>\
             <th scope=\"col\">The machine heard</th><th scope=\"col\">Whose</th></tr></thead>\n<tbody>\n"
        )?;
        for (now, then) in self.rows() {
            let Some(s) = now.or(then) else { continue };
            let who = s.speaker.as_ref().map(|id| format!("<b class=\"who w0\">{}</b>", html(id))).unwrap_or_default();
            let told = told_apart(now, then).map(|id| format!("<br><small class=\"dim\">the machine: {}</small>", html(id)));
            write!(out, "<tr><td class=\"at\">{who}{}{}</td>", words::clock(s.start_ms), told.unwrap_or_default())?;
            match now {
                Some(s) if self.reviewed(s) => write!(
                    out,
                    "<td class=\"say reviewed\" lang=\"{}\" dir=\"auto\">{}</td>",
                    html(s.language.as_str()),
                    html(&s.text)
                )?,
                Some(s) if silent(s) => write!(out, "<td class=\"say struck\">Text without speech is left out</td>")?,
                Some(s) => {
                    write!(out, "<td class=\"say\" lang=\"{}\" dir=\"auto\">{}</td>", html(s.language.as_str()), html(&s.text))?
                }
                None => write!(out, "<td class=\"say struck\">Taken away: nothing was said here</td>")?,
            }
            match then {
                Some(t) if silent(t) => write!(out, "<td class=\"say struck\">Text without speech is left out</td>")?,
                Some(t) if now.is_some_and(|s| s.text == t.text) => write!(out, "<td class=\"dim\">the same</td>")?,
                Some(t) => {
                    write!(out, "<td class=\"say\" lang=\"{}\" dir=\"auto\">{}</td>", html(t.language.as_str()), html(&t.text))?
                }
                None => write!(out, "<td class=\"dim\">nothing</td>")?,
            }
            let whose = match (self.by(s), now.is_some_and(|s| self.reviewed(s))) {
                (Some(n), _) => format!("<span class=\"chip plain\">revision {n}</span>"),
                (None, true) => "<span class=\"chip plain\">gone through</span>".into(),
                (None, false) => "<span class=\"chip\">machine</span>".into(),
            };
            writeln!(out, "<td class=\"flags\">{whose}</td></tr>")?;
        }
        writeln!(out, "</tbody>\n</table>")
    }

    /// As a text file, without its heading line.
    pub(crate) fn text(&self) -> String {
        let Version { number, by, at, revision, .. } = self.top;
        let mut out = format!(
            "Revision {number}: {}, by {}, {}; {}.\n",
            manner(revision),
            line(&by.id),
            words::moment(*at),
            self.standing()
        );
        for (now, then) in self.rows() {
            let Some(s) = now.or(then) else { continue };
            let who = s.speaker.as_deref().map(|w| format!(" {}", line(w))).unwrap_or_default();
            let told = told_apart(now, then).map(|id| format!(", the machine: {}", line(id))).unwrap_or_default();
            let whose = match (self.by(s), now.is_some_and(|s| self.reviewed(s))) {
                (Some(n), _) => format!("revision {n}"),
                (None, true) => "gone through".into(),
                (None, false) => "machine, unreviewed".into(),
            };
            let _ = writeln!(out, "\n[{} to {}]{who}{told} ({whose})", words::clock(s.start_ms), words::clock(s.end_ms));
            match now {
                Some(s) if !self.reviewed(s) && silent(s) => out.push_str("  text over no speech is left out\n"),
                Some(s) => _ = writeln!(out, "  {}: {}", s.language, line(&s.text)),
                None => out.push_str("  taken away: nothing was said here\n"),
            }
            if let Some(t) = then.filter(|t| !silent(t) && now.is_none_or(|s| s.text != t.text)) {
                let _ = writeln!(out, "  the machine heard: {}", line(&t.text));
            }
        }
        out
    }
}

/// Whose voice the machine took it for, where people say another.
fn told_apart<'s>(now: Option<&Segment>, then: Option<&'s Segment>) -> Option<&'s str> {
    let machine = then?.speaker.as_deref()?;
    (now?.speaker.as_deref() != Some(machine)).then_some(machine)
}

fn silent(s: &Segment) -> bool {
    s.flags.contains(&Flag::NoSpeech)
}

/// How a revision came about, in words.
pub(super) fn manner(r: &zapys_domain::revision::Revision) -> &'static str {
    use zapys_domain::revision::Manner;
    match (r.manner, r.unseen) {
        (Manner::Correction, _) => "corrected",
        (Manner::Listening, true) => "written by ear; the ledger tells of no earlier look of this person at the words",
        (Manner::Listening, false) => "written by ear",
        (Manner::Adjudication, _) => "decided between texts",
    }
}
