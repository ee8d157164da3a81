//! Upload: one file a request, streamed to disk, never held in memory.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::body::Body;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use zapys_domain::provenance::Provenance;

#[derive(serde::Deserialize)]
pub struct Named {
    name: String,
}

pub async fn intake(
    app: Opened,
    Acting(actor): Acting,
    Query(Named { name }): Query<Named>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let unusable =
        |what: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-upload", what, "Reload the page and try again.");
    if name.is_empty() || name.len() > 4096 {
        return Err(unusable("the file has no usable name"));
    }
    let provenance = match headers.get("x-zapys-provenance") {
        None => Provenance::default(),
        Some(value) => {
            let text = percent_decode_str(value.to_str().unwrap_or(""))
                .decode_utf8()
                .map_err(|_| unusable("the answers about the file cannot be read"))?;
            let mut answers: serde_json::Map<String, Value> =
                serde_json::from_str(&text).map_err(|_| unusable("the answers about the file cannot be read"))?;
            // An empty field is an answer not given.
            answers.retain(|_, v| !v.is_null() && v.as_str() != Some(""));
            serde_json::from_value(Value::Object(answers))
                .map_err(|_| unusable("a date or language among the answers is not one"))?
        }
    };
    let upload = app.case.begin_upload()?;
    let broken = |e: std::io::Error| Problem::from(zapys_casework::CaseError::from_upload(e));
    let mut writer = upload.writer().map_err(broken)?;
    let mut stream = body.into_data_stream();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| unusable("the upload ended before the file did; nothing was taken in"))?;
        // A part is some kilobytes: sealing and writing it takes less than handing it to another thread.
        writer.take(&part).map_err(broken)?;
    }
    writer.finish().map_err(broken)?;
    let results = app.case.receive(&actor, &name, upload, &provenance).await?;
    results.iter().filter_map(|r| r.item).for_each(|item| app.work.changed(item));
    app.work.wake();
    Ok(Json(json!({"results": results})))
}
