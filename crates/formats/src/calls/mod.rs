//! Call-record tables as text: one row a call, or a leg of one.
//!
//! There is no standard, so columns are matched by their names in Ukrainian, Russian and English. Kept as written: numbers,
//! times, cells. Derived: seconds of duration; UTC only where the table states an offset and the date can be read one way
//! only. Never assumed: a zone, the order of day and month. See `docs/formats/calls.md`.

mod header;
mod values;

use crate::encoding::{self, Decoded};
use crate::error::FormatError;
use crate::random::{RandomRead, piece};
use header::{Columns, Field};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use values::{DateOrder, Zone};
use zapys_domain::call::{CallRow, CallTable};
use zapys_domain::{Checked, EngineIdentity, Finding, Locator, Severity};

/// Name of the format.
pub const FORMAT: &str = "call-csv";
/// Greatest length in bytes.
const MAX_BYTES: u64 = 256 << 20;
/// Greatest number of rows; what follows is left out with a finding.
const MAX_ROWS: u64 = 2_000_000;
/// A longer value means that a quotation mark was lost.
const MAX_VALUE: usize = 32 * 1024;
/// Lines above the header that may say what the table is about.
const MAX_PREAMBLE: usize = 30;

/// Identity of this reader. Changes whenever its output may change.
pub fn engine() -> EngineIdentity {
    crate::reader::identity(FORMAT, "1")
}

/// What a text looks like.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Glance {
    /// A table with the columns of calls.
    Calls,
    /// Some other table.
    Table,
    /// No table.
    Lines,
}

/// Looks at the beginning of a text.
pub(crate) fn glance(text: &str) -> Glance {
    // The last line may be cut.
    let head: Vec<&str> = text.lines().take(100).collect();
    let Some(delimiter) = delimiter(&head) else { return Glance::Lines };
    let rows: Vec<Vec<String>> =
        parse(head.join("\n").as_bytes(), delimiter, true).take(MAX_PREAMBLE).map(|r| strings(&r, encoding_rs::UTF_8)).collect();
    if header::find(&rows).is_some() { Glance::Calls } else { Glance::Table }
}

/// Reads a table. Errors: `Empty`, `Read`, `TooLarge`, `NotThisFormat` where no row names the columns of calls.
pub fn read(bytes: &dyn RandomRead) -> Result<Checked<CallTable>, FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(FormatError::TooLarge { format: FORMAT, bytes: bytes.len(), limit: MAX_BYTES });
    }
    let raw = piece(bytes, 0, MAX_BYTES as usize)?;
    let not_this = FormatError::NotThisFormat { format: "a call-record table" };
    if !encoding::is_text(&raw[..raw.len().min(256 * 1024)], raw.len() > 256 * 1024) {
        return Err(not_this);
    }
    let source = Source::new(raw);
    let head = source.head();
    let lines: Vec<&str> = head.lines().take(100).collect();
    let Some(delimiter) = delimiter(&lines) else { return Err(not_this) };
    let first: Vec<Vec<String>> =
        parse(&source.bytes, delimiter, true).take(MAX_PREAMBLE).map(|r| strings(&r, source.encoding)).collect();
    let Some((header_idx, columns)) = header::find(&first) else { return Err(not_this) };

    let mut reading = Reading::new(&source, delimiter, columns, header_idx);
    // A lost quotation mark swallows everything behind it; then marks are read as ordinary characters.
    let quoting = !swallowed(&source, delimiter);
    if !quoting {
        reading.note(
            "quotes-unbalanced",
            Severity::Warning,
            "A quotation mark is not closed; marks were read as ordinary characters.".into(),
        );
    }
    reading.rows(quoting);
    Ok(reading.finish())
}

/// Bytes in an encoding in which ASCII is one byte a character, and how to get back to the file's own bytes.
struct Source {
    bytes: Vec<u8>,
    encoding: &'static encoding_rs::Encoding,
    name: String,
    guessed: bool,
    /// The file is UTF-16 and `bytes` is its text as UTF-8: rows are encoded again for their digest.
    wide: Option<bool>,
}

impl Source {
    fn new(raw: Vec<u8>) -> Self {
        let (encoding, basis) = encoding::choose(&raw, None, false);
        let (name, guessed) = (encoding.name().to_ascii_lowercase(), basis == "guessed");
        if encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE {
            let Decoded { text, .. } = encoding::decode(&raw, None, false);
            let wide = Some(encoding == encoding_rs::UTF_16BE);
            return Self { bytes: text.into_bytes(), encoding: encoding_rs::UTF_8, name, guessed, wide };
        }
        let bytes = match raw.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => rest.to_vec(),
            None => raw,
        };
        Self { bytes, encoding, name, guessed, wide: None }
    }
    fn head(&self) -> String {
        self.encoding.decode_without_bom_handling(&self.bytes[..self.bytes.len().min(256 * 1024)]).0.into_owned()
    }
    /// Digest of a row's bytes as they stand in the file, without its line end.
    fn digest(&self, from: usize, to: usize) -> String {
        let mut row = self.bytes.get(from..to).unwrap_or_default();
        while let Some(rest) = row.strip_prefix(b"\r").or_else(|| row.strip_prefix(b"\n")) {
            row = rest;
        }
        while let Some(rest) = row.strip_suffix(b"\n").or_else(|| row.strip_suffix(b"\r")) {
            row = rest;
        }
        let mut hash = Sha256::new();
        match (self.wide, std::str::from_utf8(row)) {
            (Some(big), Ok(text)) => {
                text.encode_utf16().for_each(|u| hash.update(if big { u.to_be_bytes() } else { u.to_le_bytes() }));
            }
            _ => hash.update(row),
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

fn parse(bytes: &[u8], delimiter: u8, quoting: bool) -> impl Iterator<Item = csv::ByteRecord> + '_ {
    let reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).quoting(quoting).from_reader(bytes);
    // The bytes are in memory and rows may have any width: no error is left that could occur.
    reader.into_byte_records().map_while(Result::ok)
}

fn strings(record: &csv::ByteRecord, encoding: &'static encoding_rs::Encoding) -> Vec<String> {
    record.iter().map(|f| encoding.decode_without_bom_handling(f).0.trim().to_owned()).collect()
}

/// The separator that gives the most even table of at least two columns over the first lines.
fn delimiter(lines: &[&str]) -> Option<u8> {
    let lines: Vec<&&str> = lines.iter().filter(|l| !l.trim().is_empty()).collect();
    let mut best: Option<(usize, u8)> = None;
    for d in [b';', b'\t', b',', b'|'] {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for line in &lines {
            let mut quoted = false;
            let n = line.bytes().filter(|&b| {
                quoted ^= b == b'"';
                b == d && !quoted
            });
            *counts.entry(n.count()).or_default() += 1;
        }
        let Some((&width, &n)) = counts.iter().filter(|(w, _)| **w > 0).max_by_key(|(w, n)| (**n, **w)) else { continue };
        // Two lines with one comma each are prose; a table is even, or wide.
        let even = n * 10 >= lines.len() * 6
            && n >= 2
            && (width >= 2 || n * 10 >= lines.len() * 9 && n >= 3 && d != b',' || width >= 1 && d != b',' && n >= 2);
        let points = n * 100 + width;
        if even && best.is_none_or(|(p, _)| points > p) {
            best = Some((points, d));
        }
    }
    best.map(|(_, d)| d)
}

/// True where reading quotation marks makes one value run over many lines.
fn swallowed(source: &Source, delimiter: u8) -> bool {
    parse(&source.bytes, delimiter, true)
        .any(|r| r.iter().any(|f| f.len() > MAX_VALUE || f.iter().filter(|b| **b == b'\n').count() > 20))
}

struct Reading<'a> {
    source: &'a Source,
    delimiter: u8,
    columns: Columns,
    header_idx: usize,
    order: DateOrder,
    table: CallTable,
    findings: Vec<Finding>,
    flagged: BTreeMap<&'static str, (u64, u64)>,
}

impl<'a> Reading<'a> {
    fn new(source: &'a Source, delimiter: u8, columns: Columns, header_idx: usize) -> Self {
        let table = CallTable {
            columns: columns.names.clone(),
            mapping: columns.mapping(),
            encoding: source.name.clone(),
            delimiter: char::from(delimiter).to_string(),
            rows: Vec::new(),
            unread: 0,
        };
        let mut this = Self {
            source,
            delimiter,
            columns,
            header_idx,
            order: DateOrder::default(),
            table,
            findings: Vec::new(),
            flagged: BTreeMap::new(),
        };
        if source.guessed {
            let message = format!("The table states no encoding; it was read as {}.", source.name);
            this.note("encoding-guessed", Severity::Warning, message);
        }
        let unused = this.columns.unmapped();
        if unused > 0 {
            this.note(
                "columns-not-mapped",
                Severity::Note,
                format!("{unused} columns have names that are not known; they are in the original only."),
            );
        }
        this
    }

    fn note(&mut self, code: &str, severity: Severity, message: String) {
        self.findings.push(Finding::whole(code, severity, message));
    }

    fn rows(&mut self, quoting: bool) {
        let source = self.source;
        // One look at all dates first: the order of day and month is a property of the column.
        for record in parse(&source.bytes, self.delimiter, quoting).skip(self.header_idx + 1).take(100_000) {
            if let Some(date) = self.columns.date_text(&strings(&record, source.encoding)) {
                self.order.see(&date);
            }
        }
        let mut records = parse(&source.bytes, self.delimiter, quoting).skip(self.header_idx + 1).peekable();
        let mut n = 0;
        while let Some(record) = records.next() {
            let from = record.position().map_or(0, |p| p.byte() as usize);
            let to = records.peek().and_then(|r| r.position()).map_or(source.bytes.len(), |p| p.byte() as usize);
            if n >= MAX_ROWS {
                self.note("too-many-rows", Severity::Serious, format!("Only the first {MAX_ROWS} rows were read."));
                break;
            }
            n += 1;
            let cells = strings(&record, source.encoding);
            let filled = cells.iter().filter(|c| !c.is_empty()).count();
            // Totals and repeated headers are no calls.
            if filled == 0 || cells == self.columns.names {
                continue;
            }
            let digest = source.digest(from, to);
            match self.row(n, &cells, digest) {
                Some(row) => self.table.rows.push(row),
                None => {
                    self.table.unread += 1;
                    let count = self.flagged.entry("row-unread").or_insert((0, n));
                    count.0 += 1;
                }
            }
        }
    }

    fn row(&mut self, n: u64, cells: &[String], row_sha256: String) -> Option<CallRow> {
        let mut row = CallRow { row: n, row_sha256, zone_basis: "unknown".into(), ..CallRow::default() };
        let mut flags: Vec<&'static str> = Vec::new();
        let get = |f: Field| self.columns.cell(f, cells).filter(|c| !values::is_nothing(c));
        if cells.len() != self.columns.names.len() {
            flags.push("column-count-differs");
        }
        for (field, slot) in [
            (Field::ANumber, &mut row.a_number),
            (Field::BNumber, &mut row.b_number),
            (Field::Imsi, &mut row.imsi),
            (Field::Imei, &mut row.imei),
            (Field::CellStart, &mut row.cell_start),
            (Field::CellEnd, &mut row.cell_end),
        ] {
            let Some(written) = get(field) else { continue };
            let (value, noticed) = values::plain(written);
            flags.extend(noticed);
            match field {
                Field::ANumber | Field::BNumber => flags.extend(values::number_flags(&value)),
                Field::Imei => flags.extend(values::imei_flags(&value)),
                _ => {}
            }
            *slot = Some(value);
        }
        if let Some(written) = self.columns.date_text(cells) {
            let time = values::time(&written, self.order, self.columns.zone());
            row.start_utc = time.utc;
            row.zone_basis = if time.zone == Zone::Unknown { "unknown" } else { "stated" }.into();
            flags.extend(time.flags);
            row.start_local = Some(written);
        }
        if let Some(written) = get(Field::Duration) {
            let (seconds, noticed) = values::duration(written, self.columns.duration_in_minutes());
            row.duration_s = seconds;
            flags.extend(noticed);
        }
        row.direction = get(Field::Direction).map(values::direction);
        if row.a_number.is_none() && row.b_number.is_none() || row.start_local.is_none() && row.duration_s.is_none() {
            return None;
        }
        flags.sort_unstable();
        flags.dedup();
        for f in &flags {
            self.flagged.entry(f).or_insert((0, n)).0 += 1;
        }
        row.flags = flags.into_iter().map(Into::into).collect();
        Some(row)
    }

    fn finish(mut self) -> Checked<CallTable> {
        for (code, (n, first)) in std::mem::take(&mut self.flagged) {
            let (severity, what) = values::explain(code);
            let message = format!("{n} rows: {what}");
            self.findings.push(Finding { code: code.into(), severity, locator: Locator::Row { row: first }, message });
        }
        if self.table.rows.is_empty() {
            self.note("no-rows", Severity::Warning, "The table names its columns but holds no calls.".into());
        } else if self.table.rows.iter().all(|r| r.zone_basis == "unknown") {
            self.note("zone-unknown", Severity::Warning, "The table states no time zone; its times are kept as written.".into());
        }
        Checked { value: self.table, findings: self.findings }
    }
}

#[cfg(test)]
mod tests;
