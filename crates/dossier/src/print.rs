//! Documents on paper: a report or a certificate becomes a PDF, with nothing but what is given here.
//!
//! A [`Document`] says what is meant; [`typeset`] lays it out on A4, with typefaces that come along, and writes a tagged
//! PDF that follows PDF/A-2a and PDF/UA-1. No clock, no chance, no network: the same document gives the same bytes. Text
//! of unknown origin cannot hide, reorder or run anything, and a character that no typeface has is shown by its number.

pub mod document;

mod blocks;
mod certificate;
mod flow;
mod fonts;
mod lines;
mod page;
mod paint;
mod report;
mod style;

pub use certificate::certificate;
pub use document::{Block, Document, Section};

pub(crate) use certificate::certificate_pdf;
pub(crate) use report::Part;

use crate::extract::Extract;
use crate::gates::number;
use flow::Flow;
use fonts::Fonts;
use zapys_domain::{Fault, FaultKind, Instant};

/// What stands on every page and in the properties of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    #[allow(missing_docs)]
    pub title: String,
    /// Language of our own words, e.g. `en`.
    pub language: String,
    /// When the production was made; the date of the file.
    pub made: Instant,
    /// Name of the case, at the head of each page.
    pub case: String,
    /// Id of the production; with the title it names the document.
    pub production: String,
    /// Program and version.
    pub program: String,
    /// At the foot of each page.
    pub foot: String,
}
impl Meta {
    /// Of a report on this extract.
    pub fn of(extract: &Extract) -> Self {
        Self {
            title: format!("Report of production {}", extract.production),
            language: "en".into(),
            made: extract.made,
            case: extract.case_name.reveal().clone(),
            production: extract.production.to_string(),
            program: extract.program.clone(),
            foot: format!("Production {}", extract.production),
        }
    }
    fn id(&self) -> String {
        format!("{}/{}", self.production, self.title)
    }
}

/// Why a document was not set.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A typeface that comes along cannot be read.
    #[error("a typeface of this program cannot be read")]
    Typeface,
    /// The finished document does not hold what its standards ask for. Names the rules, never words of the document.
    #[error("the document cannot be written as a PDF: {0}")]
    Refused(String),
    /// The two passes over the document did not see the same.
    #[error("the document changed while it was set")]
    Changed,
}
impl Fault for PrintError {
    fn kind(&self) -> FaultKind {
        FaultKind::Internal
    }
    fn hint(&self) -> String {
        "produce without a PDF, and report this as a fault of the program".into()
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Typeface => "typeface-unreadable",
            Self::Refused(_) => "pdf-refused",
            Self::Changed => "pdf-changed",
        }
    }
}

/// Sets a document that is in memory. Returns the bytes of a PDF. Errors: [`PrintError`].
pub fn typeset(document: &Document, meta: &Meta) -> Result<Vec<u8>, PrintError> {
    let mut section = |i: usize| Ok(document.sections[i].clone());
    typeset_sections(document.sections.len(), &mut section, meta)
}

/// Sets a document of `n` sections that are asked for one by one, each of them twice, so that only one is in memory.
/// Errors: those of `section`, and [`PrintError`].
pub fn typeset_sections<E: From<PrintError>>(
    n: usize,
    section: &mut dyn FnMut(usize) -> Result<Section, E>,
    meta: &Meta,
) -> Result<Vec<u8>, E> {
    let mut fonts = Fonts::new().ok_or(PrintError::Typeface)?;
    let mut first = Flow::new(meta, fonts, None)?;
    for i in 0..n {
        first.set(&section(i)?);
    }
    let (again, found, _) = first.end();
    fonts = again;
    fonts.undrawn.clear();
    let mut second = Flow::new(meta, fonts, Some(found.clone()))?;
    for i in 0..n {
        second.set(&section(i)?);
    }
    let (_, seen, painter) = second.end();
    if seen.pages != found.pages || seen.anchors != found.anchors {
        return Err(PrintError::Changed.into());
    }
    let painter = painter.expect("the second pass draws");
    Ok(painter.finish(meta)?)
}

/// Writes a part of the HTML report.
type WriteHtml<'w, E> = dyn FnMut(Part, &mut Vec<u8>) -> Result<(), E> + 'w;

/// The report as a PDF. `html`: writes a part of the HTML report; each part is asked for twice. Errors: those of `html`,
/// and [`PrintError`].
pub(crate) fn report_pdf<E: From<PrintError>>(extract: &Extract, html: &mut WriteHtml<'_, E>) -> Result<Vec<u8>, E> {
    let n = extract.exhibits.len();
    let mut page = Vec::new();
    let mut section = |i: usize| {
        let (part, running) = match i {
            0 => (Part::Head, String::new()),
            i if i <= n => (Part::Exhibit(i - 1), number(i - 1).to_string()),
            _ => (Part::Foot, String::new()),
        };
        page.clear();
        html(part, &mut page)?;
        Ok(report::section(&String::from_utf8_lossy(&page), part, running))
    };
    typeset_sections(n + 2, &mut section, &Meta::of(extract))
}
