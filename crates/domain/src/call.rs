//! Rows of a call-record table. Derivative kind `calls`. Fields of `interface.md`, `calls`.

use serde::{Deserialize, Serialize};

/// A call-record table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTable {
    /// Columns as named in the file, in order.
    pub columns: Vec<String>,
    /// Which column was taken for which field: field, column name.
    pub mapping: Vec<(String, String)>,
    /// Encoding the text was read in.
    pub encoding: String,
    /// Separator character.
    pub delimiter: String,
    #[allow(missing_docs)]
    pub rows: Vec<CallRow>,
    /// Rows that could not be read.
    pub unread: u64,
}
/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct CallRow {
    /// Row in the file, counted from 1 without the header.
    pub row: u64,
    /// SHA-256 (hex) of the row's bytes as in the file.
    pub row_sha256: String,
    #[allow(missing_docs)]
    pub a_number: Option<String>,
    #[allow(missing_docs)]
    pub b_number: Option<String>,
    /// RFC 3339, only where the file states a zone.
    pub start_utc: Option<String>,
    /// As written.
    pub start_local: Option<String>,
    /// `stated` or `unknown`.
    pub zone_basis: String,
    /// Whole seconds.
    pub duration_s: Option<u64>,
    #[allow(missing_docs)]
    pub direction: Option<String>,
    #[allow(missing_docs)]
    pub imei: Option<String>,
    #[allow(missing_docs)]
    pub imsi: Option<String>,
    #[allow(missing_docs)]
    pub cell_start: Option<String>,
    #[allow(missing_docs)]
    pub cell_end: Option<String>,
    /// `number-in-scientific-notation`, `ambiguous-date`, `imei-check-digit`…
    pub flags: Vec<String>,
}
