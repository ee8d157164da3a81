//! Where a second hearing of a recording has other words than the first: both, side by side. Neither is right because it came first.

use super::Shown;
use super::derived::{band, flag_words};
use crate::extract::Exhibit;
use crate::safe::{html, line};
use crate::words;
use std::fmt::Write as _;
use std::io::{self, Write};
use zapys_domain::transcript::{Reading, SecondTranscript, Segment, Transcript};

/// A second hearing with the transcript that it was held against.
pub(super) struct HeardTwice<'a> {
    first: &'a Transcript,
    second: &'a SecondTranscript,
}

impl<'a> HeardTwice<'a> {
    /// The derivative at `index`, where it is a second hearing and its first is here as well.
    pub(super) fn of(e: &Exhibit, index: usize, shown: &'a [Shown]) -> Option<Self> {
        let Shown::Second(second) = shown.get(index)? else { return None };
        let inputs = &e.derivatives.get(index)?.inputs;
        let first = e.derivatives.iter().zip(shown).find_map(|(d, s)| match s {
            Shown::Transcript(t) if inputs.contains(&d.object) => Some(&t.value),
            _ => None,
        })?;
        Some(Self { first, second: &second.value })
    }

    fn rows(&self) -> impl Iterator<Item = (&'a Segment, &'a Reading)> {
        let first = self.first;
        let segment = move |r: &'a Reading| first.segments.iter().find(|s| s.id == r.id).map(|s| (s, r));
        self.second.readings.iter().filter_map(segment)
    }

    /// How many segments differ, in a sentence.
    fn standing(&self) -> String {
        let n = words::count(self.first.segments.len(), "segment", "segments");
        match self.second.readings.len() {
            0 => format!("the same words in all of {n}"),
            differ => format!("other words in {differ} of {n}"),
        }
    }

    /// As part of the report.
    pub(super) fn page(&self, out: &mut dyn Write) -> io::Result<()> {
        band(out, "Heard once more", &self.second.heard.engine, &format!(" \u{b7} {}", self.standing()))?;
        if self.second.readings.is_empty() {
            return Ok(());
        }
        write!(
            out,
            "<table class=\"words\">\n<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">First</th>\
             <th scope=\"col\">Second</th><th scope=\"col\">Doubts</th></tr></thead>\n<tbody>\n"
        )?;
        for (s, r) in self.rows() {
            let lang = html(s.language.as_str());
            write!(out, "<tr><td class=\"at\">{}</td>", words::clock(s.start_ms))?;
            write!(out, "<td class=\"say\" lang=\"{lang}\" dir=\"auto\">{}</td>", html(&s.text))?;
            match r.text.is_empty() {
                true => write!(out, "<td class=\"dim\">nothing</td>")?,
                false => write!(out, "<td class=\"say\" lang=\"{lang}\" dir=\"auto\">{}</td>", html(&r.text))?,
            }
            write!(out, "<td class=\"flags\">")?;
            for f in &r.flags {
                write!(out, "<span class=\"chip\">{}</span>", flag_words(*f))?;
            }
            writeln!(out, "</td></tr>")?;
        }
        writeln!(out, "</tbody>\n</table>")
    }

    /// As a text file, without its heading line.
    pub(super) fn text(&self) -> String {
        let mut out = format!(
            "Machine, unreviewed. Heard once more by {}; {}.\n",
            super::texts::engine(&self.second.heard.engine),
            self.standing()
        );
        for (s, r) in self.rows() {
            let _ = write!(out, "\n[{} to {}]", words::clock(s.start_ms), words::clock(s.end_ms));
            for f in &r.flags {
                let _ = write!(out, " ({f})");
            }
            let second = if r.text.is_empty() { "nothing".into() } else { line(&r.text) };
            let _ = writeln!(out, "\n  first: {}\n  second: {second}", line(&s.text));
        }
        out
    }
}
