//! Search. A POST, so that what people look for stays out of addresses, histories and logs.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::http::StatusCode;
use zapys_casework::SearchRequest;
use zapys_casework::view::SearchView;
use zapys_domain::ItemKind;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    query: String,
    lang: Option<String>,
    kind: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    blind: bool,
}

pub async fn search(app: Opened, _: Acting, Json(asked): Json<Asked>) -> Result<Json<SearchView>, Problem> {
    let bad = |what| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-filter", what, "See /api/v1/openapi.json.");
    let kind = match asked.kind.as_deref().filter(|k| !k.is_empty()) {
        Some(word) => Some(ItemKind::parse(word).ok_or_else(|| bad("there is no such kind of item"))?),
        None => None,
    };
    let limit = asked.limit.unwrap_or(50).min(500);
    let request =
        SearchRequest { query: asked.query, lang: asked.lang.filter(|l| !l.is_empty()), kind, blind: asked.blind, limit };
    Ok(Json(app.case.search(&request).await?))
}
