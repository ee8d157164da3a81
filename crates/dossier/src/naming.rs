//! The id of a production follows from what it shows, so that the same selection at the same head of the ledger is the same
//! production, byte for byte, however often and in whatever packing it is made.

use crate::extract::Extract;
use serde_json::json;
use zapys_domain::ProductionId;
use zapys_ledger::Hash;

/// The id: the time of the ledger's head, then 80 bits of a digest over everything that decides the content.
/// [`Extract::production`] itself is not part of it.
pub fn production_id(x: &Extract) -> ProductionId {
    let exhibits: Vec<_> = x
        .exhibits
        .iter()
        .map(|e| {
            let derivatives: Vec<_> =
                e.derivatives.iter().map(|d| json!([d.key.hex(), d.object, d.started, d.finished])).collect();
            let events: Vec<String> = e.events.iter().map(|v| Hash::of(&v.canonical).hex()).collect();
            let opened: Vec<String> =
                e.events.iter().flat_map(|v| &v.openings).filter_map(|o| Some(o.commitment().ok()?.to_string())).collect();
            json!({
                "item": e.item, "object": e.object, "title": e.title, "name": e.file_name, "status": e.status,
                "recorded": dated(&e.recorded), "published": dated(&e.published), "collected": dated(&e.collected),
                "parent": e.parent.as_ref().map(|p| json!([p.item, p.object, p.span_ms, p.reason])),
                "provenance": e.acquisitions.iter().map(|a| json!([a.acquisition, a.provenance])).collect::<Vec<_>>(),
                "derivatives": derivatives, "not_derived": e.not_derived, "findings": e.findings, "records": e.records,
                "events": events, "opened": opened,
            })
        })
        .collect();
    let stamps: Vec<_> = x
        .ledger
        .stamps
        .iter()
        .map(|s| json!([s.name, s.files().map(|(n, b)| json!([n, Hash::of(b).hex()])).collect::<Vec<_>>()]))
        .collect();
    let all = json!({
        "v": "zapys/production/v1", "case": x.case, "case_name": x.case_name, "made": x.made, "made_by": x.made_by,
        "program": x.program, "selection": x.selection, "selected": x.selected.items, "case_items": x.selected.case_items,
        "exhibits": exhibits, "left_out": x.left_out.iter().map(|l| json!([l.item, l.what, l.reason])).collect::<Vec<_>>(),
        "limitations": x.limitations, "records": x.case_records, "conformance": x.conformance, "processes": x.processes,
        "checkpoint": x.ledger.checkpoint, "vkey": x.ledger.vkey.to_string(), "stamps": stamps,
        "keys": x.ledger.keys.iter().map(|k| json!([k.vkey.to_string(), k.from_size, k.reason])).collect::<Vec<_>>(),
    });
    // Members keep the order in which they stand here, so the text is one and the same for the same values.
    let digest = Hash::of(all.to_string().as_bytes());
    let mut random = [0u8; 16];
    random[6..].copy_from_slice(&digest.as_bytes()[..10]);
    let bits = (u128::from(x.made.millis()) & ((1 << 48) - 1)) << 80 | u128::from_be_bytes(random);
    ulid(bits).parse().expect("26 characters of Crockford base 32 whose first is at most 7 are a ULID")
}

fn dated(d: &Option<crate::extract::Dated>) -> serde_json::Value {
    json!(d.as_ref().map(|d| [d.value.to_string(), d.basis.clone()]))
}

/// Crockford base 32 of 128 bits.
fn ulid(bits: u128) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    (0..26).rev().map(|i| char::from(DIGITS[(bits >> (i * 5)) as usize & 31])).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_ulid_is_written_as_the_specification_shows() {
        let id: zapys_domain::ProductionId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("a ULID");
        assert_eq!(super::ulid(0x0156_3e3a_b5d3_d676_4c61_efb9_9302_bd5b), id.to_string());
        assert_eq!(super::ulid(u128::MAX), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    }
}
