//! Tables of a load file: CSV after RFC 4180, UTF-8 with a byte order mark, and no cell that a spreadsheet would compute.
//!
//! A text that a spreadsheet could take for a formula gets an apostrophe in front, and so does one that begins with an
//! apostrophe; taking one off gives the text again.

use std::fmt;

/// Byte order mark, by which spreadsheets know UTF-8.
pub const MARK: &str = "\u{feff}";
/// Longest cell that is read, in bytes: more than any spreadsheet holds.
pub const MAX_CELL: usize = 1024 * 1024;
/// Most cells of one table.
const MAX_CELLS: usize = 20_000_000;

/// Why a table cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TableError {
    #[allow(missing_docs)]
    #[error("it is not UTF-8 with a byte order mark")]
    NotText,
    #[allow(missing_docs)]
    #[error("line {0} is not CSV after RFC 4180")]
    Malformed(usize),
    #[allow(missing_docs)]
    #[error("row {0} has another number of cells than the heading")]
    Ragged(usize),
    #[allow(missing_docs)]
    #[error("it is larger than any table here")]
    TooLarge,
}

/// A table and the first row's names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    #[allow(missing_docs)]
    pub heading: Vec<String>,
    /// Cells as they stand in the file, apostrophes included.
    pub rows: Vec<Vec<String>>,
}
impl Table {
    /// Reads a table. Errors: [`TableError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let text = std::str::from_utf8(bytes).ok().and_then(|t| t.strip_prefix(MARK)).ok_or(TableError::NotText)?;
        let mut rows = records(text)?.into_iter();
        let heading = rows.next().ok_or(TableError::Malformed(1))?;
        let rows: Vec<_> = rows.collect();
        if let Some(at) = rows.iter().position(|r| r.len() != heading.len()) {
            return Err(TableError::Ragged(at + 1));
        }
        Ok(Self { heading, rows })
    }
}
impl fmt::Display for Table {
    /// The file's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)?;
        for row in std::iter::once(&self.heading).chain(&self.rows) {
            for (i, cell) in row.iter().enumerate() {
                if i > 0 {
                    f.write_str(",")?;
                }
                if cell.contains([',', '"', '\r', '\n']) {
                    write!(f, "\"{}\"", cell.replace('"', "\"\""))?;
                } else {
                    f.write_str(cell)?;
                }
            }
            f.write_str("\r\n")?;
        }
        Ok(())
    }
}

/// Rows of cells: CRLF ends each, quotes enclose a whole cell or none of it.
fn records(text: &str) -> Result<Vec<Vec<String>>, TableError> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut cells) = (1, 0usize);
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        if chars.next_if_eq(&'"').is_some() {
            loop {
                match chars.next() {
                    None => return Err(TableError::Malformed(line)),
                    Some('"') if chars.next_if_eq(&'"').is_none() => break,
                    Some(c) => {
                        line += usize::from(c == '\n');
                        cell.push(c);
                    }
                }
                if cell.len() > MAX_CELL {
                    return Err(TableError::TooLarge);
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| !matches!(c, ',' | '\r' | '\n')) {
                if c == '"' || cell.len() > MAX_CELL {
                    return Err(if c == '"' { TableError::Malformed(line) } else { TableError::TooLarge });
                }
                cell.push(c);
            }
        }
        cells += 1;
        if cells > MAX_CELLS {
            return Err(TableError::TooLarge);
        }
        row.push(std::mem::take(&mut cell));
        match (chars.next(), chars.peek()) {
            (Some(','), next) => {
                // A comma at the very end opens one more, empty cell, and then the line has no end.
                if next.is_none() {
                    return Err(TableError::Malformed(line));
                }
            }
            (Some('\r'), Some('\n')) => {
                chars.next();
                line += 1;
                rows.push(std::mem::take(&mut row));
            }
            _ => return Err(TableError::Malformed(line)),
        }
    }
    Ok(rows)
}

/// True for a text that a spreadsheet could compute, or obey otherwise.
pub fn is_formula(text: &str) -> bool {
    let first = text.trim_start().chars().next();
    let control = text.starts_with(['\t', '\r', '\n']);
    control || first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '|' | '＝' | '＋' | '－' | '＠'))
}

/// The cell for a text.
pub fn cell(text: &str) -> String {
    if text.starts_with('\'') || is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text of a cell.
pub fn text(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_21_no_cell_is_a_formula_and_every_text_comes_back() {
        for t in [
            "=HYPERLINK(\"https://example.test\",\"x\")",
            "+380",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "  =1",
            "'=1",
            "'",
            "",
            "a=b",
            "Її, \"ящики\"\r\nрядок",
            "＝1",
            "|calc",
        ] {
            assert!(!is_formula(&cell(t)), "{t:?}");
            assert_eq!(text(&cell(t)), t);
        }
    }

    #[test]
    fn tables_are_read_as_they_are_written() {
        let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        let t = Table {
            heading: row(&["a", "b", "c"]),
            rows: vec![row(&["1", "two, \"or\" 2", "three\r\nlines"]), row(&["", "", ""]), row(&["ї", "\u{feff}", "-"])],
        };
        let text = t.to_string();
        assert_eq!(Table::parse(text.as_bytes()), Ok(t));
        assert!(text.starts_with(MARK) && text.ends_with("\r\n"));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let check =
            |text: &str, want: TableError| assert_eq!(Table::parse(format!("{MARK}{text}").as_bytes()), Err(want), "{text:?}");
        assert_eq!(Table::parse(b"a,b\r\n"), Err(TableError::NotText));
        assert_eq!(Table::parse(b"\xef\xbb\xbfa\xff\r\n"), Err(TableError::NotText));
        check("", TableError::Malformed(1));
        check("a,b", TableError::Malformed(1));
        check("a,b\n", TableError::Malformed(1));
        check("a,b\r", TableError::Malformed(1));
        check("a,", TableError::Malformed(1));
        check("a\"b\r\n", TableError::Malformed(1));
        check("\"a\"b\r\n", TableError::Malformed(1));
        check("a\r\n\"b", TableError::Malformed(2));
        check("a,b\r\n1\r\n", TableError::Ragged(1));
        check(&format!("\"{}\"\r\n", "x".repeat(MAX_CELL + 2)), TableError::TooLarge);
        check(&format!("{}\r\n", "x".repeat(MAX_CELL + 9)), TableError::TooLarge);
    }
}
