//! The readable report: one HTML page without script and without a reference to anything outside the production.
//!
//! What machines wrote is violet with a dotted rule and says so in words; what is uncertain is ochre; what nobody has
//! said is written out as "unknown". Every text of the evidence goes through [`crate::safe::html`].

mod account;
mod custody;
mod derived;
mod ending;
mod facts;
mod records;
mod rendered;
mod revised;
mod second;
mod texts;

pub(crate) use texts::{machine_words, revised_words, texts, words_by_people};

use crate::extract::Extract;
use crate::gates::number;
use crate::manifest::Manifest;
use crate::safe::html;
use crate::words;
use serde::de::DeserializeOwned;
use std::io::{self, Write};
use zapys_domain::DerivativeKind;
use zapys_domain::call::CallTable;
use zapys_domain::media::{Activity, DecodeFacts, Document, Peaks, PictureFacts, ProbeFacts};
use zapys_domain::message::ChatExport;
use zapys_domain::text::ReadText;
use zapys_domain::transcript::{SecondTranscript, Transcript, Translation, Turns};
use zapys_ledger::Entry;

/// A derivative as the report can show it, in the order of the exhibit's derivatives.
pub(crate) enum Shown {
    Transcript(Box<Document<Transcript>>),
    Second(Box<Document<SecondTranscript>>),
    Translation(Box<Document<Translation>>),
    Text(Box<Document<ReadText>>),
    Messages(Box<Document<ChatExport>>),
    Calls(Box<Document<CallTable>>),
    Picture(Box<Document<PictureFacts>>),
    Probe(Box<Document<ProbeFacts>>),
    Decode(Box<Document<DecodeFacts>>),
    Peaks(Box<Document<Peaks>>),
    Speech(Box<Document<Activity>>),
    Speakers(Box<Document<Turns>>),
    /// Not a document, e.g. a light copy.
    Nothing,
    /// A document, but not one that can be read here.
    Unreadable,
    /// Longer than a report shows.
    TooLong,
}
impl Shown {
    /// Reads a derivative document. What cannot be read is [`Shown::Unreadable`]; the production holds it all the same.
    pub(crate) fn read(kind: DerivativeKind, bytes: &[u8]) -> Self {
        fn doc<T: DeserializeOwned>(bytes: &[u8], wrap: impl FnOnce(Box<Document<T>>) -> Shown) -> Shown {
            serde_json::from_slice(bytes).map_or(Shown::Unreadable, |d| wrap(Box::new(d)))
        }
        match kind {
            DerivativeKind::Transcript => doc(bytes, Self::Transcript),
            DerivativeKind::SecondTranscript => doc(bytes, Self::Second),
            DerivativeKind::Translation | DerivativeKind::SecondTranslation => doc(bytes, Self::Translation),
            DerivativeKind::Text => doc(bytes, Self::Text),
            DerivativeKind::Messages => doc(bytes, Self::Messages),
            DerivativeKind::Calls => doc(bytes, Self::Calls),
            DerivativeKind::Picture => doc(bytes, Self::Picture),
            DerivativeKind::Probe => doc(bytes, Self::Probe),
            DerivativeKind::Decode => doc(bytes, Self::Decode),
            DerivativeKind::Peaks => doc(bytes, Self::Peaks),
            DerivativeKind::Speech => doc(bytes, Self::Speech),
            DerivativeKind::Speakers => doc(bytes, Self::Speakers),
            DerivativeKind::Proxy | DerivativeKind::Enhanced | DerivativeKind::VoicePrints => Self::Nothing,
        }
    }
    pub(crate) fn findings(&self) -> &[zapys_domain::Finding] {
        match self {
            Self::Transcript(d) => &d.findings,
            Self::Second(d) => &d.findings,
            Self::Translation(d) => &d.findings,
            Self::Text(d) => &d.findings,
            Self::Messages(d) => &d.findings,
            Self::Calls(d) => &d.findings,
            Self::Picture(d) => &d.findings,
            Self::Probe(d) => &d.findings,
            Self::Decode(d) => &d.findings,
            Self::Peaks(d) => &d.findings,
            Self::Speech(d) => &d.findings,
            Self::Speakers(d) => &d.findings,
            Self::Nothing | Self::Unreadable | Self::TooLong => &[],
        }
    }
}

/// What the report is written from.
pub(crate) struct Report<'a> {
    pub(crate) extract: &'a Extract,
    pub(crate) manifest: &'a Manifest,
    pub(crate) trails: &'a [Vec<Entry>],
    /// Whether the originals lie beside the report, so that it may refer to them.
    pub(crate) beside: bool,
}

/// A ring with a tick: integrity holds. A dashed ring: not checked.
const RING: &str = "<svg viewBox=\"0 0 28 28\" aria-hidden=\"true\"><path class=\"ring\" d=\"M14 2a12 12 0 1 0 .01 0z\
M14 5a9 9 0 1 0 .01 0zM9.5 14.2l3.2 3.2 6-6.4\"/></svg>";
const DASHED: &str = "<svg viewBox=\"0 0 28 28\" aria-hidden=\"true\"><path class=\"ring d\" d=\"M14 2.5a11.5 11.5 0 0 1 6 1.7\
M23.2 7a11.5 11.5 0 0 1 2.2 5M25.3 16.5a11.5 11.5 0 0 1-3 5.300M18.800 24.500a11.500 11.500 0 0 1-6 .9M8.500 24.100a11.500 11.500 0 0 1-4.200-3.900\
M2.700 16.200a11.500 11.500 0 0 1 .3-5.200M5.500 6.200a11.500 11.500 0 0 1 4.300-2.900M14 8.500v7M14 19v.5\"/></svg>";

impl Report<'_> {
    /// Everything before the first exhibit.
    pub(crate) fn head(&self, out: &mut dyn Write) -> io::Result<()> {
        let x = self.extract;
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:; media-src 'self' file:";
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"robots\" content=\"noindex\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<title>zapys production</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
            include_str!("report/style.css")
        )?;
        write!(
            out,
            "<header class=\"cover\" id=\"top\">\n<p class=\"word\">zapys<i></i></p>\n<h1 dir=\"auto\">{}</h1>\n\
             <p class=\"sub\">Production <span class=\"mono\">{}</span>, as of {}, by <span class=\"mono\">{}</span> with {}</p>\n\
             <p class=\"sub\" dir=\"auto\">Selected: {}</p>\n",
            html(x.case_name.reveal()),
            x.production,
            words::moment(x.made),
            html(&x.made_by.id),
            html(&x.program),
            html(&x.selection)
        )?;
        let bytes: u64 = x.exhibits.iter().map(|e| e.bytes).sum();
        let events: usize = self.trails.iter().map(Vec::len).sum();
        let (n, derived) = (x.exhibits.len(), x.exhibits.iter().map(|e| e.derivatives.len()).sum::<usize>());
        writeln!(
            out,
            "<div class=\"figures\">\n<div><b>{}</b>{}</div>\n<div><b>{}</b>of originals</div>\n\
             <div><b>{}</b>custody events</div>\n<div><b>{}</b>derivatives, unreviewed</div>\n</div>",
            words::grouped(n as u64),
            if n == 1 { "exhibit" } else { "exhibits" },
            words::size(bytes).split(" (").next().unwrap_or_default(),
            words::grouped(events as u64),
            words::grouped(derived as u64)
        )?;
        let ledger = &self.manifest.ledger;
        writeln!(
            out,
            "<div class=\"note\">{RING}<p>Every original was read again while this was made, and is the one that was taken in. \
             Each custody event below is in the ledger <span class=\"mono\">{}</span>, whose signed head has {}.</p></div>",
            html(&ledger.origin),
            words::count(usize::try_from(ledger.size).unwrap_or(usize::MAX), "entry", "entries")
        )?;
        writeln!(
            out,
            "<div class=\"note doubt\">{DASHED}<p>Words of transcripts, translations and read texts are <b>machine output that \
             nobody has reviewed</b>{}. {}</p></div>\n</header>",
            if x.exhibits.iter().any(|e| !e.records.versions.is_empty() || !e.records.rendered.is_empty()) {
                ", except where a revision or a translation names the person whose words they are"
            } else {
                ""
            },
            if ledger.stamped {
                "The ledger's head carries a trusted time stamp."
            } else {
                "The ledger's head is not yet stamped by a time authority, so times rest on the clock of the machine."
            }
        )?;
        self.contents(out)
    }

    fn contents(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            "<nav class=\"part\" aria-label=\"Exhibits\">\n<h2>Exhibits</h2>\n<table>\n<thead><tr><th scope=\"col\">No.</th>\
             <th scope=\"col\">Title</th><th scope=\"col\">Kind</th><th scope=\"col\">Recorded</th>\
             <th scope=\"col\">Length</th><th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n"
        )?;
        for (i, e) in self.extract.exhibits.iter().enumerate() {
            let no = number(i);
            writeln!(
                out,
                "<tr><td class=\"no\"><a href=\"#{no}\">{no}</a></td><td class=\"any\" dir=\"auto\">{}</td><td>{}</td><td>{}</td>\
                 <td class=\"mono\">{}</td><td class=\"mono\">{}</td></tr>",
                html(e.title.reveal()),
                words::kind(e.kind),
                facts::dated(e.recorded.as_ref()),
                e.duration_ms.map_or("\u{2013}".into(), words::clock),
                e.object.short()
            )?;
        }
        write!(out, "</tbody>\n</table>\n</nav>\n")
    }

    /// One exhibit. `shown`: its derivatives, in their order.
    pub(crate) fn exhibit(&self, out: &mut dyn Write, index: usize, shown: &[Shown]) -> io::Result<()> {
        let e = &self.extract.exhibits[index];
        let no = number(index);
        write!(
            out,
            "<section class=\"exhibit\" id=\"{no}\" aria-labelledby=\"t-{no}\">\n<header><p><span class=\"tag\">{no}</span></p>\n\
             <h2 id=\"t-{no}\" dir=\"auto\">{}</h2>\n",
            html(e.title.reveal())
        )?;
        facts::subline(out, e)?;
        writeln!(out, "</header>")?;
        facts::facts(out, self, index)?;
        derived::all(out, self, index, shown)?;
        facts::findings(out, e, shown)?;
        facts::sources(out, e)?;
        let name = |item| match self.extract.exhibits.iter().position(|x| x.item == item) {
            Some(i) => format!("<a href=\"#{0}\">{0}</a>", number(i)),
            None => "an item that is not in this production".into(),
        };
        records::records(out, e, &name)?;
        custody::trail(out, self, index)?;
        facts::files(out, self, index)?;
        write!(out, "<p class=\"top\"><a href=\"#top\">To the top</a></p>\n</section>\n")
    }

    /// Everything after the last exhibit.
    pub(crate) fn foot(&self, out: &mut dyn Write) -> io::Result<()> {
        records::case(out, &self.extract.case_records)?;
        account::selection(out, self)?;
        ending::limits(out, self)?;
        account::conformance(out, self)?;
        account::beside(out, self)?;
        ending::checking(out, self)?;
        write!(out, "</main>\n</body>\n</html>\n")
    }
}
