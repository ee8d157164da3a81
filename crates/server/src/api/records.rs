//! What people put on record about items and the case.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use serde_json::{Value, json};
use zapys_casework::{CaseError, RecordError, RecordRequest};
use zapys_domain::ItemId;
use zapys_domain::handover::{RecordBody, RecordKind};

/// What is to be put on record. Without `record`, what `corrects` names is taken back.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Put {
    kind: String,
    #[serde(default)]
    items: Vec<String>,
    #[serde(default)]
    record: Option<Value>,
    #[serde(default)]
    corrects: Option<String>,
    #[serde(default)]
    because: Option<String>,
}

pub async fn of_item(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let id = app.case.resolve(&item).await?;
    Ok(Json(json!({"records": app.case.records(Some(id)).await?})))
}
pub async fn of_case(app: Opened, _: Acting) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"records": app.case.records(None).await?})))
}
/// The terms that hold; one is put on record, corrected and taken back as any record of the case is, with the kind `term`.
pub async fn glossary(app: Opened, _: Acting) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"terms": app.case.terms().await?})))
}
pub async fn put_item(
    app: Opened,
    Acting(actor): Acting,
    Path(item): Path<String>,
    Json(put): Json<Put>,
) -> Result<Json<Value>, Problem> {
    let mut items = vec![app.case.resolve(&item).await?];
    for other in &put.items {
        items.push(app.case.resolve(other).await?);
    }
    add(&app, &actor, items, put).await
}
pub async fn put_case(app: Opened, Acting(actor): Acting, Json(put): Json<Put>) -> Result<Json<Value>, Problem> {
    let mut items = Vec::new();
    for item in &put.items {
        items.push(app.case.resolve(item).await?);
    }
    add(&app, &actor, items, put).await
}

async fn add(app: &Opened, actor: &zapys_domain::Actor, items: Vec<ItemId>, put: Put) -> Result<Json<Value>, Problem> {
    let kind = RecordKind::parse(&put.kind).ok_or_else(|| {
        let words: Vec<&str> = RecordKind::ALL.iter().map(|k| k.word()).collect();
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-kind",
            "there is no such kind of record",
            &format!("Give one of: {}.", words.join(", ")),
        )
    })?;
    let body = match put.record.filter(|r| !r.is_null()) {
        Some(mut value) => {
            if let (RecordKind::Family, Value::Object(fields)) = (kind, &mut value)
                && !fields.contains_key("with")
                && !fields.contains_key("leaves")
                && items.len() > 1
            {
                fields.insert("with".into(), items[1..].iter().map(ItemId::to_string).collect::<Vec<_>>().into());
            }
            Some(RecordBody::read(kind, value).map_err(|e| CaseError::from(RecordError::from(e)))?)
        }
        None => None,
    };
    let corrects = match &put.corrects {
        Some(text) => Some(app.case.resolve_record(text).await?.0),
        None => None,
    };
    let request = RecordRequest { kind, items, body, corrects, because: put.because };
    let records = app.case.put_on_record(actor, request).await?;
    records.iter().filter_map(|r| r.item).for_each(|item| app.work.changed(item));
    Ok(Json(json!({"records": records})))
}
