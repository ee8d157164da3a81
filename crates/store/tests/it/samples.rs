//! Rows for tests.

use std::collections::BTreeMap;
use ulid::Ulid;
use zapys_domain::edtf::Edtf;
use zapys_domain::provenance::{Provenance, SourceGrade};
use zapys_domain::*;
use zapys_store::*;

/// A moment; `n` counts seconds.
pub fn at(n: i64) -> Instant {
    Instant::from_seconds(1_700_000_000 + n)
}
pub fn item_id(n: u64) -> ItemId {
    ItemId::new(Ulid::from_parts(n, u128::from(n)))
}
pub fn job_id(n: u64) -> JobId {
    JobId::new(Ulid::from_parts(n, u128::from(n)))
}
pub fn object(n: u64) -> ObjectId {
    ObjectId::of(&n.to_be_bytes())
}
pub fn engine(version: &str) -> EngineIdentity {
    EngineIdentity {
        name: "test-engine".into(),
        version: version.into(),
        model: Some("small".into()),
        model_sha256: Some(object(77).hex()),
        binary_sha256: None,
    }
}
pub fn new_item(n: u64, entry: EntrySeq) -> NewItem {
    NewItem {
        id: item_id(n),
        kind: ItemKind::Recording,
        media_type: "audio/wav".into(),
        format: "wav".into(),
        object: object(n),
        bytes: 100 + n,
        parent: None,
        member_path: None,
        details: ItemDetails { title: Some(Private::new(format!("Sample {n}.wav"))), ..ItemDetails::default() },
        created: at(n as i64),
        entry,
    }
}
pub fn object_row(n: u64) -> ObjectRow {
    ObjectRow { id: object(n), bytes: 100 + n, media_type: "audio/wav".into(), first_seen: at(n as i64) }
}
pub fn acquisition(n: u64, item: ItemId, entry: EntrySeq) -> AcquisitionRow {
    AcquisitionRow {
        id: AcquisitionId::new(Ulid::from_parts(n, 5)),
        item,
        object: object(n),
        actor: Actor::owner(),
        at: at(n as i64),
        method: Method::Folder,
        path: Some(Private::new(format!("folder/Sample {n}.wav"))),
        provenance: Provenance {
            source: Some(Private::new("a channel".into())),
            source_grade: Some(SourceGrade::C),
            recorded: Edtf::parse("2022-03-1X"),
            lang: Lang::parse("uk"),
            labels: BTreeMap::from([("box".to_owned(), "7".to_owned())]),
            ..Provenance::default()
        },
        entry,
    }
}
/// The next entry of the ledger; hashes are stand-ins, since the record does not compute them.
pub fn entry(seq: u64, item: Option<(ItemId, u64)>) -> EntryRow {
    EntryRow {
        seq: EntrySeq(seq),
        item: item.map(|i| i.0),
        item_seq: item.map(|i| i.1),
        at: at(seq as i64),
        actor: Actor::owner(),
        action: Action::Imported,
        canonical: format!("{{\"seq\":{seq}}}"),
        leaf: *ObjectId::of(format!("leaf {seq}").as_bytes()).digest(),
        digest: *ObjectId::of(format!("digest {seq}").as_bytes()).digest(),
    }
}
/// Records items 1 to `n`, each with object, acquisition and entry `i - 1`.
pub async fn with_items(store: &Store, n: u64) {
    let mut tx = store.begin().await.unwrap();
    for i in 1..=n {
        let seq = EntrySeq(i - 1);
        tx.add_object(&object_row(i)).await.unwrap();
        tx.add_item(&new_item(i, seq)).await.unwrap();
        tx.add_acquisition(&acquisition(i, item_id(i), seq)).await.unwrap();
        tx.append(&entry(i - 1, Some((item_id(i), 0))), &[]).await.unwrap();
    }
    tx.commit().await.unwrap();
}
pub fn derivation(item: u64, output: Option<u64>, entry: u64) -> DerivationRow {
    let params = serde_json::json!({"beam": 5});
    DerivationRow {
        key: DerivationKey::of(&[object(item)], &engine("1"), &params),
        item: item_id(item),
        kind: DerivativeKind::Transcript,
        engine: engine("1"),
        params,
        inputs: vec![object(item)],
        state: if output.is_some() { DerivationState::Done } else { DerivationState::Failed },
        output: output.map(object),
        output_media_type: output.map(|_| "application/json".into()),
        started: at(10),
        finished: at(12),
        elapsed_ms: 1900,
        failure: output.is_none().then(failure),
        entry: EntrySeq(entry),
    }
}
pub fn failure() -> Failure {
    Failure { code: "no-model".into(), message: "The model is not there.".into(), hint: "Pull it.".into() }
}
pub fn new_job(n: u64, item: u64, kind: DerivativeKind) -> NewJob {
    NewJob { id: job_id(n), item: item_id(item), kind, priority: 0, not_before: at(0) }
}
