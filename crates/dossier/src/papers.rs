//! What is written about a production for machines and for lawyers: completeness, limits, conformance, certificate drafts,
//! RO-Crate and CASE descriptions. Everything here follows from the extract and the manifest; nothing is judged.

mod account;
pub mod certificates;
mod custody;
mod description;
mod limits;
mod page;

pub(crate) use account::{completeness, conformance, limitations, rows};
pub(crate) use custody::custody;
pub(crate) use description::description;
pub(crate) use limits::limits;
pub(crate) use page::page;

use serde::Serialize;
use std::io;

/// Pretty JSON that ends in a line feed. Errors: none for values made here; those of the writer.
pub(crate) fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
    bytes.push(b'\n');
    Ok(bytes)
}
