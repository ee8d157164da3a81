//! The record from outside. Each body runs on SQLite and on PostgreSQL; only what concerns the SQLite file itself runs once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, in its helpers too")]

mod database;
mod file;
mod handover;
mod history;
mod ledger;
mod lists;
mod queue;
mod record;
mod samples;
mod schema;
mod sealed;
mod stamps;
