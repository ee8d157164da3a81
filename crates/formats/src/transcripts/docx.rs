//! A table in a word processor (`.docx`), as zapys writes it: the first table whose head names the columns. Changes that are tracked
//! count as made: what was deleted is passed over, what was inserted is there.

use super::{clock_ms, damaged, not};
use crate::archive::{self, Limits};
use crate::error::FormatError;
use quick_xml::events::Event;
use std::ops::ControlFlow;
use zapys_domain::Lang;
use zapys_domain::revision::Said;
use zapys_domain::transcript::{DOCX_COLUMNS, TranscriptForm};

const FORM: TranscriptForm = TranscriptForm::Docx;
/// Longest document, in bytes, once it is unpacked.
const MAX_DOCUMENT: u64 = 128 << 20;
/// Cells of one row; no table of ours has as many.
const MAX_CELLS: usize = 64;

/// Errors: `NotThisFormat` where it is no such package or has no table with these columns.
pub fn docx(bytes: &[u8]) -> Result<Vec<Said>, FormatError> {
    let text = document(bytes)?;
    let mut columns: Option<Columns> = None;
    let mut said = Vec::new();
    for row in rows(&text)? {
        let Some(Columns { table, at, others }) = &columns else {
            columns = head(&row.cells).map(|at| Columns { table: row.table, at, others: other_languages(&row.cells) });
            continue;
        };
        if row.table != *table {
            break;
        }
        let of = |column: usize| at[column].and_then(|i| row.cells.get(i)).map(|c| c.trim()).unwrap_or_default();
        let [id, from, to, speaker, words] = [0, 1, 2, 3, 4].map(of);
        if from.is_empty() && to.is_empty() && words.is_empty() {
            continue;
        }
        let start_ms = clock_ms(from).ok_or_else(|| damaged(FORM, "a row has no time such as 00:01:02.345", row.offset))?;
        let end_ms = match to {
            "" => None,
            to => Some(clock_ms(to).ok_or_else(|| damaged(FORM, "a row has no time such as 00:01:02.345", row.offset))?),
        };
        let translation = |(i, lang): &(usize, String)| {
            let text = row.cells.get(*i).map(|c| c.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|t| !t.is_empty())?;
            Some((lang.clone(), text))
        };
        said.push(Said {
            id: (!id.is_empty()).then(|| id.to_owned()),
            start_ms,
            end_ms,
            speaker: (!speaker.is_empty()).then(|| speaker.to_owned()),
            language: None,
            text: words.to_owned(),
            translations: others.iter().filter_map(translation).collect(),
        });
    }
    if columns.is_none() { Err(not(FORM)) } else { Ok(said) }
}

/// `word/document.xml` of the package.
fn document(bytes: &[u8]) -> Result<String, FormatError> {
    let limits = Limits { max_member_bytes: MAX_DOCUMENT, max_total_bytes: MAX_DOCUMENT, max_depth: 1, ..Limits::default() };
    let mut found: Option<Result<String, FormatError>> = None;
    let walked = archive::members(&bytes, "docx", limits, &mut |member, part| {
        if member.name.reveal() != "word/document.xml" {
            return ControlFlow::Continue(());
        }
        let mut text = Vec::new();
        let read = part.read_to_end(&mut text);
        found = Some(match (read, String::from_utf8(text)) {
            (Ok(_), Ok(text)) => Ok(text),
            _ => Err(damaged(FORM, "the document cannot be unpacked, or is longer than any transcript", 0)),
        });
        ControlFlow::Break(())
    });
    match (walked, found) {
        (_, Some(found)) => found,
        _ => Err(not(FORM)),
    }
}

/// Where the columns are, in the order of [`DOCX_COLUMNS`]; `None` for a row that is no head.
fn head(cells: &[String]) -> Option<[Option<usize>; 5]> {
    let found = DOCX_COLUMNS.map(|name| cells.iter().position(|c| c.trim().eq_ignore_ascii_case(name)));
    (found[1].is_some() && found[4].is_some()).then_some(found)
}

/// Columns that hold a translation: their heads begin with the language and a comma.
fn other_languages(cells: &[String]) -> Vec<(usize, String)> {
    let lang = |c: &String| Lang::parse(c.split_once(',')?.0.trim()).filter(|l| !l.is_und());
    cells.iter().enumerate().filter_map(|(i, c)| Some((i, lang(c)?.to_string()))).collect()
}

/// Where the columns of a table are.
struct Columns {
    /// Which table.
    table: u32,
    /// In the order of [`DOCX_COLUMNS`].
    at: [Option<usize>; 5],
    /// Translations, each with its language.
    others: Vec<(usize, String)>,
}

struct Row {
    cells: Vec<String>,
    /// Which table it is of.
    table: u32,
    /// Where it ends.
    offset: usize,
}

/// Rows of every table that lies in no other one.
fn rows(text: &str) -> Result<Vec<Row>, FormatError> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let (mut rows, mut cells): (Vec<Row>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut table, mut tables, mut deleted, mut in_words, mut ours) = (0u32, 0u32, 0u32, false, false);
    loop {
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let broken = |what| damaged(FORM, what, offset);
        let mut add = |words: &str| {
            if in_words
                && deleted == 0
                && tables == 1
                && let Some(cell) = cells.last_mut()
            {
                cell.push_str(words);
            }
        };
        match reader.read_event().map_err(|_| broken("the XML is broken"))? {
            Event::DocType(_) => return Err(broken("it declares a document type, which word processors do not")),
            Event::Text(t) => add(&t.decode().map_err(|_| broken("a text cannot be read"))?),
            Event::CData(t) => add(&t.decode().map_err(|_| broken("a text cannot be read"))?),
            Event::GeneralRef(r) => {
                let c = super::reference(&r).ok_or_else(|| broken("a reference names nothing"))?;
                add(c.encode_utf8(&mut [0; 4]));
            }
            Event::Start(e) => match e.local_name().as_ref() {
                b"document" => ours = true,
                _ if !ours => return Err(not(FORM)),
                b"tbl" => {
                    tables += 1;
                    table += u32::from(tables == 1);
                }
                b"tr" if tables == 1 => cells.clear(),
                b"tc" if tables == 1 && cells.len() < MAX_CELLS => cells.push(String::new()),
                b"del" | b"moveFrom" => deleted += 1,
                b"t" => in_words = true,
                // Paragraphs and breaks part words.
                b"p" | b"br" | b"tab" | b"cr" => {
                    if tables == 1
                        && deleted == 0
                        && let Some(cell) = cells.last_mut()
                    {
                        cell.push(' ');
                    }
                }
                _ => {}
            },
            Event::End(e) => match e.local_name().as_ref() {
                b"tbl" => tables = tables.saturating_sub(1),
                b"tr" if tables == 1 => rows.push(Row { cells: std::mem::take(&mut cells), table, offset }),
                b"del" | b"moveFrom" => deleted = deleted.saturating_sub(1),
                b"t" => in_words = false,
                _ => {}
            },
            Event::Eof if ours => return Ok(rows),
            Event::Eof => return Err(not(FORM)),
            _ => {}
        }
    }
}
