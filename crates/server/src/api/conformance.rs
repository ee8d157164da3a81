//! What each standard finds met or missing in what is on record.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use zapys_casework::Standard;

/// `?standard=leiden|hala|berkeley`, and `item=` as often as wanted; without one, every item.
pub async fn conformance(app: Opened, _: Acting, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let bad = |what: &str, hint: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-query", what, hint);
    let (mut standard, mut items) = (None, Vec::new());
    for pair in query.as_deref().unwrap_or("").split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value =
            percent_decode_str(value).decode_utf8().map_err(|_| bad("the query cannot be read", "See /api/v1/openapi.json."))?;
        match name {
            "standard" => standard = Standard::parse(&value),
            "item" => items.push(app.case.resolve(&value).await?),
            _ => return Err(bad("the query has a part that is not known", "See /api/v1/openapi.json.")),
        }
    }
    let standard =
        standard.ok_or_else(|| bad("no standard is named", "Add standard=leiden, standard=hala or standard=berkeley."))?;
    Ok(Json(json!({"standard": standard, "rows": app.case.conformance(standard, &items).await?})))
}
