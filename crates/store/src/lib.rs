//! The record: what is known about a case, in SQL. One SQL text, two databases (SQLite on a laptop, PostgreSQL shared).
//!
//! Reading goes through [`Store`], changing through [`Tx`]: one short transaction that holds the change of the record, the
//! ledger entries that witness it and the jobs that follow from it. `Tx::commit` refuses a change without an entry, and
//! triggers in the database refuse to alter history.
//!
//! What it does not do: it computes no digest of evidence, reads no clock, makes no identifiers and knows no use-case.
//! Bytes live in the vault, full text in the index; both can be named from here, never the other way round.

mod dialect;
mod ending;
pub mod error;
mod migrate;
mod open;
mod rows;
mod run;
mod sealing;
mod tx;

pub mod model;

mod acquisitions;
mod admit;
mod derivations;
mod entries;
mod filter;
mod handover;
mod held;
mod items;
mod jobs;
mod keys;
mod look;
mod settings;
mod stamps;
mod titles;
mod transfer;

pub use admit::Admission;
pub use ending::closed;
pub use error::StoreError;
pub use filter::{Cursor, Facets, ItemFilter, ItemPage, ItemSort};
pub use handover::{ExcerptRow, ItemDateRow, RecordRow};
pub use held::{Held, HeldEntry};
pub use items::Wordless;
pub use keys::ObjectKeyRow;
pub use look::Place;
pub use model::*;
pub use open::{Location, Store};
pub use stamps::{CosignatureRow, LedgerKeyRow, NODE_STRIDE, NodeRow, StampKind, StampRequestRow, StampRow};
pub use transfer::{Cell, Load, RowOut, hidden_columns, transferred};
pub use tx::Tx;

/// Result of everything here.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Every statement sent to the given database, with its name: tests prepare each one. `postgres`: which database.
#[doc(hidden)]
pub fn statements(postgres: bool) -> Vec<(String, String)> {
    let fixed = [
        items::ALL,
        handover::ALL,
        held::ALL,
        acquisitions::ALL,
        entries::ALL,
        derivations::ALL,
        jobs::ALL,
        keys::ALL,
        look::ALL,
        transfer::ALL,
        settings::ALL,
        stamps::ALL,
        migrate::ALL,
        dialect::all(postgres),
    ];
    let fixed = fixed.concat().into_iter().map(|(name, sql)| (name.to_owned(), sql.to_owned()));
    fixed.chain(filter::fullest(postgres)).collect()
}
