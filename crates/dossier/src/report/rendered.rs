//! What people say that segments mean in another language: beside the words that they translated, with who says so.

use crate::extract::Exhibit;
use crate::records::Rendered;
use crate::safe::{html, line};
use crate::words;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};
use zapys_domain::ObjectId;
use zapys_domain::handover::TranslatedLine;
use zapys_domain::transcript::Transcript;

/// Translations by people of one machine's transcript, or of what people made of it.
pub(crate) struct ByPeople<'a> {
    lines: Vec<(&'a Rendered, &'a TranslatedLine)>,
    /// When segments begin, in milliseconds.
    begins: BTreeMap<&'a str, u64>,
}

impl<'a> ByPeople<'a> {
    /// Those of this exhibit that lie on the derivative at `index`, whose document is `machine`; `None` where there are none.
    pub(crate) fn of(e: &'a Exhibit, index: usize, machine: &'a Transcript) -> Option<Self> {
        let base: ObjectId = e.derivatives.get(index)?.object;
        let all = Rendered::lines(&e.records.rendered);
        let mut lines: Vec<_> = all.into_iter().filter(|(r, _)| r.translation.base == base).collect();
        let mut begins: BTreeMap<&str, u64> = machine.segments.iter().map(|s| (s.id.as_str(), s.start_ms)).collect();
        let changes = e.records.versions.iter().filter(|v| v.revision.base == base).flat_map(|v| &v.revision.changes);
        begins.extend(changes.filter_map(|c| Some((c.segment.as_str(), c.start_ms?))));
        lines.sort_by_key(|(_, l)| begins.get(l.segment.as_str()).copied());
        (!lines.is_empty()).then_some(Self { lines, begins })
    }

    /// Languages that are translated into.
    pub(crate) fn languages(&self) -> BTreeSet<&'a str> {
        self.lines.iter().map(|(r, _)| r.translation.language.as_str()).collect()
    }
    /// Who translated into a language.
    pub(crate) fn authors(&self, into: &str) -> String {
        let of = self.lines.iter().filter(|(r, _)| r.translation.language.as_str() == into);
        of.map(|(r, _)| line(&r.by.id)).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("; ")
    }
    fn at(&self, l: &TranslatedLine) -> String {
        self.begins.get(l.segment.as_str()).map_or_else(String::new, |ms| words::clock(*ms))
    }

    /// As part of the report.
    pub(crate) fn page(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "<h3>Translations by people</h3>\n<p class=\"band person\"><b>{}</b> <span>each beside the words that were \
             translated; what people left out is not here</span></p>",
            words::count(self.lines.len(), "line", "lines")
        )?;
        writeln!(
            out,
            "<table class=\"words\">\n<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Words that were translated</th>\
             <th scope=\"col\">Translation</th><th scope=\"col\">By</th></tr></thead>\n<tbody>"
        )?;
        for (r, l) in &self.lines {
            let into = r.translation.language.as_str();
            let text = match &l.text {
                Some(text) => html(text.reveal()),
                None => "<span class=\"unknown\">a note alone</span>".into(),
            };
            let note = l.note.as_ref().map(|n| format!("<br><small class=\"dim\">note: {}</small>", html(n.reveal())));
            writeln!(
                out,
                "<tr><td class=\"at\">{}</td><td class=\"say\" dir=\"auto\">{}</td><td class=\"say reviewed\" lang=\"{}\" dir=\"auto\">{text}{}</td>\
                 <td class=\"flags\"><span class=\"mono\">{}</span><br><small class=\"dim\">{}, {}</small></td></tr>",
                self.at(l),
                html(l.of.reveal()),
                html(into),
                note.unwrap_or_default(),
                html(&r.by.id),
                html(words::language(into)),
                words::moment(r.at)
            )?;
        }
        writeln!(out, "</tbody>\n</table>")
    }

    /// As a text file, without its heading line; `into`: one language, or all.
    pub(crate) fn text(&self, into: Option<&str>) -> String {
        let mut out = String::from("Each line beside the words that were translated.\n");
        for (r, l) in &self.lines {
            let language = r.translation.language.as_str();
            if into.is_some_and(|i| i != language) {
                continue;
            }
            let _ = writeln!(out, "\n[{}] {}, {}", self.at(l), line(&r.by.id), words::moment(r.at));
            let _ = writeln!(out, "  words: {}", line(l.of.reveal()));
            if let Some(text) = &l.text {
                let _ = writeln!(out, "  {language}: {}", line(text.reveal()));
            }
            if let Some(note) = &l.note {
                let _ = writeln!(out, "  note: {}", line(note.reveal()));
            }
        }
        out
    }
}
