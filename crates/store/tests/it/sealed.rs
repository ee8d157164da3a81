//! A record on a server: which columns are sealed there, and that they are.

use crate::database::{on_sealed_postgres, on_sqlite, raw};
use crate::samples::*;
use std::collections::BTreeSet;
use ulid::Ulid;
use zapys_domain::handover::{RecordBody, RecordKind};
use zapys_domain::*;
use zapys_store::*;

/// Columns that whoever runs the server may read, and why each says nothing that the case holds: it is an identifier, a digest,
/// a number, a word of a fixed vocabulary, a date, a language or a signature that is made to be shown.
const READABLE: &str = "meta.key settings.key item_kinds.word derivative_kinds.word actions.word entries.item entries.action entries.leaf \
    entries.digest openings.field checkpoints.root checkpoints.note objects.id objects.media_type items.id items.kind items.media_type \
    items.format items.object items.parent items.status items.lang items.recorded items.recorded_basis items.published items.sensitivity \
    acquisitions.id acquisitions.item acquisitions.object acquisitions.method acquisitions.source_grade acquisitions.recorded \
    acquisitions.published acquisitions.lang acquisitions.sensitivity relations.parent relations.child relations.relation derivations.key \
    derivations.item derivations.kind derivations.engine_name derivations.engine_version derivations.model_sha256 \
    derivations.binary_sha256 derivations.inputs derivations.state derivations.output derivations.output_media_type derivations.error_code \
    findings.item findings.found_by findings.code findings.severity item_facts.item item_facts.languages item_facts.flags \
    item_languages.item item_languages.lang item_flags.item item_flags.flag jobs.id jobs.item jobs.kind jobs.state jobs.lease_owner \
    jobs.error_code object_keys.object object_keys.name object_keys.wrapped disposals.item disposed_objects.object disposed_objects.item \
    record_kinds.word records.id records.item records.kind records.corrects item_dates.item item_dates.which item_dates.value \
    item_dates.basis item_excerpts.item item_excerpts.parent family_members.item family_members.family tree_nodes.hash cosignatures.name \
    cosignatures.signature cosignatures.vkey stamp_requests.id stamp_requests.checkpoint stamp_requests.request stamps.id stamps.kind \
    stamps.checkpoint stamps.request stamps.reply stamps.chain stamps.crls stamps.header ledger_keys.vkey ledger_keys.reason";

/// Rows in every table that holds something sealed, nothing left out.
async fn fill(store: &Store) {
    with_items(store, 2).await;
    let private = |t: &str| Some(Private::new(t.to_owned()));
    let mut tx = store.begin().await.unwrap();
    tx.set_meta("name", "Справа").await.unwrap();
    tx.set_setting("translate.server", "http://127.0.0.1:1").await.unwrap();
    tx.add_object(&object_row(3)).await.unwrap();
    let packed = NewItem { parent: Some(item_id(1)), member_path: private("box/3.wav"), ..new_item(3, EntrySeq(2)) };
    tx.add_item(&packed).await.unwrap();
    let mut acquired = acquisition(3, item_id(3), EntrySeq(2));
    acquired.provenance.origin = private("https://example.org/3");
    acquired.provenance.collected_by = private("somebody");
    acquired.provenance.legal_basis = private("a warrant");
    tx.add_acquisition(&acquired).await.unwrap();
    let (parent, child) = (item_id(1), item_id(3));
    tx.add_relation(&RelationRow { parent, child, relation: Relation::Member, detail: private("box/3.wav"), entry: EntrySeq(2) })
        .await
        .unwrap();
    tx.record_derivation(&derivation(1, None, 2), &[Finding::whole("clipped", Severity::Serious, "Clipped.")]).await.unwrap();
    let facts = ItemFacts { preview: private("перші слова"), thumb_peaks: Some(vec![1, 2]), ..ItemFacts::default() };
    tx.set_facts(item_id(1), &facts).await.unwrap();
    tx.enqueue(&new_job(1, 1, DerivativeKind::Probe), at(0)).await.unwrap();
    let said = |n: u64, corrects: Option<u64>| RecordRow {
        id: RecordId::new(Ulid::from_parts(n, 1)),
        item: Some(item_id(1)),
        kind: RecordKind::Phase,
        actor: Actor::owner(),
        at: at(3),
        body: Some(RecordBody::read(RecordKind::Phase, serde_json::json!({"phase": "collection"})).unwrap()),
        corrects: corrects.map(|c| RecordId::new(Ulid::from_parts(c, 1))),
        because: corrects.and_then(|_| private("misheard")),
        entry: EntrySeq(2),
    };
    tx.add_record(&said(1, None)).await.unwrap();
    tx.add_record(&said(2, Some(1))).await.unwrap();
    tx.dispose(item_id(2), at(4), &Actor::owner(), EntrySeq(2)).await.unwrap();
    let opening = Opening { seq: EntrySeq(2), field: "change".into(), salt: [3; 32], value: serde_json::json!("a title") };
    tx.append(&entry(2, Some((item_id(3), 0))), &[opening]).await.unwrap();
    tx.commit().await.unwrap();
    let job = store.claim("worker", at(5), std::time::Duration::from_secs(60), &[]).await.unwrap().expect("a job");
    let mut tx = store.begin().await.unwrap();
    tx.fail_job(job.id, "worker", &failure(), at(6)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn column(at: &Location, table: &str, column: &str) -> Vec<String> {
    let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
    raw(at, sql.leak()).await.unwrap()
}

#[test]
fn a_server_sees_no_hidden_column() {
    on_sealed_postgres(async |at| {
        let store = Store::open(&at).await.unwrap();
        fill(&store).await;
        for (table, name) in hidden_columns() {
            let values = column(&at, &table, &name).await;
            // What a disposal empties, and the row that writers lock, say nothing.
            let empty = ["", "{}", "1"];
            let sealed = values.iter().filter(|v| v.starts_with("\u{241b}=")).count();
            let open: Vec<&String> =
                values.iter().filter(|v| !v.starts_with("\u{241b}=") && !empty.contains(&v.as_str())).collect();
            assert!(sealed > 0 && open.is_empty(), "{table}.{name}: {sealed} sealed, and {open:?}");
        }
        // Everything comes back all the same, and goes over into a file as it was said.
        let item = store.item(item_id(3)).await.unwrap().unwrap();
        assert_eq!(item.member_path.map(|p| p.reveal().clone()).as_deref(), Some("box/3.wav"));
        assert_eq!(store.item_as(object(3), Some((item_id(1), "box/3.wav"))).await.unwrap(), Some(item_id(3)));
        assert_eq!(store.item_as(object(3), Some((item_id(1), "box/4.wav"))).await.unwrap(), None);
        let mut rows = Vec::new();
        let taken = store
            .snapshot(|row| {
                rows.push(row);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        assert!(taken > 20 && !format!("{rows:?}").contains('\u{241b}'), "{rows:?}");
        // Under another key nothing is said, and nothing guessed.
        let other = Store::open(&at.clone().sealed([8; 32])).await.unwrap();
        let error = other.item(item_id(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Inconsistent { table: "items", .. }), "{error:?}");
    });
    // The rows that the server kept sealed are those that a file keeps, said in the same words.
    on_sqlite(async |at| {
        let store = Store::open(&at).await.unwrap();
        fill(&store).await;
        for (table, name) in hidden_columns() {
            let values = column(&at, &table, &name).await;
            assert!(!values.is_empty() && values.iter().all(|v| !v.contains('\u{241b}')), "{table}.{name}: {values:?}");
        }
    });
}

#[test]
fn every_text_that_is_not_sealed_is_named() {
    on_sqlite(async |at| {
        let sql = "SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
            WHERE m.type = 'table' AND c.type = 'TEXT' AND m.name <> 'schema_steps'";
        let all: BTreeSet<String> = raw(&at, sql).await.unwrap().into_iter().collect();
        let hidden: BTreeSet<String> = hidden_columns().into_iter().map(|(table, column)| format!("{table}.{column}")).collect();
        let readable: BTreeSet<String> = READABLE.split_whitespace().map(str::to_owned).collect();
        assert_eq!(hidden.intersection(&readable).count(), 0);
        assert_eq!(all, hidden.union(&readable).cloned().collect::<BTreeSet<_>>());
    });
}
