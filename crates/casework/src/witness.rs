//! What an entry of the ledger vouches for in the record: a salted commitment to the digest of the rows that came with it.
//!
//! The entry holds the commitment `record`, the record its opening; verification makes the digest again from the rows as
//! they are now. Cases begun before 0.2 have no such commitment; there the single facts that were committed are compared.

use serde_json::{Value, json};
use zapys_domain::{Finding, ObjectId};
use zapys_ledger::Hash;
use zapys_store::{
    AcquisitionRow, CheckpointRow, CosignatureRow, DerivationRow, ItemDetails, ItemRow, NewItem, StampRequestRow, StampRow,
};

/// Name of the commitment.
pub(crate) const FIELD: &str = "record";

/// The digest of rows.
fn digest(rows: &Value) -> String {
    ObjectId::of(rows.to_string().as_bytes()).to_string()
}

/// An acquisition, the item that it brought, if any, and what was noticed.
pub(crate) fn acquisition(row: &AcquisitionRow, item: Option<&Value>, findings: &[Finding]) -> String {
    let acquisition = json!({
        "id": row.id.to_string(),
        "item": row.item.to_string(),
        "object": row.object.to_string(),
        "actor": row.actor.id,
        "at": row.at.micros(),
        "method": row.method.word(),
        "path": row.path.as_ref().map(|p| p.reveal()),
        "provenance": row.provenance,
    });
    digest(&json!([acquisition, item, findings]))
}

/// What of an item only a person changes, and then with an entry of its own that vouches for it: everything but dates and
/// protection, which follow from records and entries that say them.
fn fixed(id: String, kind: &str, media_type: &str, format: &str, details: &ItemDetails) -> Value {
    let title = details.title.as_ref().map(|t| t.reveal());
    json!([id, kind, media_type, format, title, details.lang, details.status.word()])
}

/// An item as it came.
pub(crate) fn new_item(i: &NewItem) -> Value {
    json!([
        fixed(i.id.to_string(), i.kind.word(), &i.media_type, &i.format, &i.details),
        i.object.to_string(),
        i.bytes,
        i.parent.map(|p| p.to_string()),
        i.member_path.as_ref().map(|p| p.reveal()),
        i.created.micros(),
    ])
}

/// The same of an item as it stands.
pub(crate) fn item(i: &ItemRow) -> Value {
    json!([
        fixed(i.id.to_string(), i.kind.word(), &i.media_type, &i.format, &i.details),
        i.object.to_string(),
        i.bytes,
        i.parent.map(|p| p.to_string()),
        i.member_path.as_ref().map(|p| p.reveal()),
        i.created.micros(),
    ])
}

/// A derivation and what it noticed.
pub(crate) fn derivation(row: &DerivationRow, findings: &[Finding]) -> String {
    let e = &row.engine;
    digest(&json!([
        row.key.hex(),
        row.item.to_string(),
        row.kind.word(),
        [Some(&e.name), Some(&e.version), e.model.as_ref(), e.model_sha256.as_ref(), e.binary_sha256.as_ref()],
        row.params,
        row.inputs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        row.state.word(),
        row.output.map(|o| o.to_string()),
        row.output_media_type,
        [row.started.micros(), row.finished.micros()],
        row.elapsed_ms,
        row.failure.as_ref().map(|f| [&f.code, &f.message, &f.hint]),
        findings,
    ]))
}

/// What was noticed while an archive was unpacked.
pub(crate) fn findings(findings: &[Finding]) -> String {
    digest(&json!(findings))
}

/// A checkpoint as it was kept.
pub(crate) fn checkpoint(row: &CheckpointRow) -> Hash {
    Hash::of(json!([row.size, Hash::from_bytes(row.root).hex(), row.note, row.at.micros()]).to_string().as_bytes())
}

/// What others signed and stamped.
pub(crate) fn outside(cosignatures: &[CosignatureRow], requests: &[StampRequestRow], stamps: &[StampRow]) -> Hash {
    let hex = |id: &[u8; 32]| Hash::from_bytes(*id).hex();
    let mut all: Vec<Value> = Vec::new();
    all.extend(cosignatures.iter().map(|c| json!([c.size, c.name, c.key_id, c.signature, c.vkey, c.at.micros()])));
    all.extend(requests.iter().map(|r| json!([hex(&r.id), r.size, r.checkpoint, r.request, r.at.micros()])));
    all.extend(stamps.iter().map(|s| {
        let request = s.request.as_ref().map(hex);
        json!([hex(&s.id), s.kind.word(), s.size, s.checkpoint, request, s.reply, s.chain, s.crls, s.header, s.at.micros()])
    }));
    Hash::of(json!(all).to_string().as_bytes())
}

/// A text of ours that a setting holds.
pub(crate) fn setting(text: &str) -> String {
    digest(&json!(text))
}
