//! Items and what was computed from them.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::extract::{Path, Query, RawQuery};
use axum::http::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use zapys_casework::view::{ItemDetail, ItemView, ItemsPage, TextView, TranscriptView};
use zapys_casework::{CaseError, ItemsRequest, ItemsSort, Layer};
use zapys_domain::{DerivativeKind, ItemKind};

/// Reads the filters of a query string; each may repeat.
fn request(query: &str) -> Result<ItemsRequest, Problem> {
    let bad = |what: &str| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad-filter",
            &format!("the filter `{what}` has a value it cannot have"),
            "See /api/v1/openapi.json.",
        )
    };
    let mut r = ItemsRequest { limit: 100, ..Default::default() };
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(&value.replace('+', " ")).decode_utf8().map_err(|_| bad(name))?.into_owned();
        match name {
            "kind" => r.kinds.push(ItemKind::parse(&value).ok_or_else(|| bad(name))?),
            "status" => r.statuses.push(value),
            "language" => r.languages.push(value),
            "flag" if !value.is_empty() && value.len() <= 64 => r.flags.push(value),
            "text" => r.text = Some(value),
            "sort" => r.sort = Some(ItemsSort::parse(&value).ok_or_else(|| bad(name))?),
            "cursor" => r.cursor = Some(value),
            "blind" if value == "true" => {}
            "limit" => r.limit = value.parse::<usize>().ok().filter(|n| (1..=500).contains(n)).ok_or_else(|| bad(name))?,
            _ => return Err(bad(name)),
        }
    }
    Ok(r)
}

pub async fn list(app: Opened, _: Acting, RawQuery(query): RawQuery) -> Result<Json<ItemsPage>, Problem> {
    let query = query.as_deref().unwrap_or("");
    let mut page = app.case.items(&request(query)?).await?;
    if query.split('&').any(|pair| pair == "blind=true") {
        page.items.iter_mut().for_each(withhold);
    }
    Ok(Json(page))
}
/// What is withheld from whoever listens first.
#[derive(serde::Deserialize)]
pub struct Blind {
    /// No words of recordings are shown.
    #[serde(default)]
    blind: bool,
}
/// Takes words of a recording out of what is shown of it.
fn withhold(item: &mut ItemView) {
    if matches!(item.kind, ItemKind::Recording | ItemKind::Video) {
        item.preview = None;
    }
}
pub async fn show(
    app: Opened,
    Acting(actor): Acting,
    Path(item): Path<String>,
    Query(blind): Query<Blind>,
) -> Result<Json<ItemDetail>, Problem> {
    let id = app.case.resolve(&item).await?;
    app.case.note_access(&actor, id, "show").await?;
    let mut view = app.case.show(id).await?;
    if blind.blind {
        withhold(&mut view.item);
    }
    Ok(Json(view))
}
pub async fn custody(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let id = app.case.resolve(&item).await?;
    Ok(Json(json!({"events": app.case.custody(Some(id)).await?})))
}
/// Which text of a recording is asked for.
#[derive(serde::Deserialize)]
pub struct Which {
    /// `machine`, `latest` (also without it), or the number of a revision.
    revision: Option<String>,
    /// Words that the asking person did not write are withheld.
    #[serde(default)]
    blind: bool,
}
pub async fn transcript(
    app: Opened,
    Acting(actor): Acting,
    Path(item): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<TranscriptView>, Problem> {
    let layer = which.revision.as_deref().map_or(Some(Layer::Latest), Layer::parse);
    let layer = layer.ok_or(CaseError::Flag { flag: "revision", wants: "machine, latest, or the number of a revision" })?;
    let id = app.case.resolve(&item).await?;
    if which.blind {
        app.case.note_access(&actor, id, "blind").await?;
        return Ok(Json(app.case.transcript_blind(&actor, id).await?));
    }
    app.case.note_access(&actor, id, "transcript").await?;
    Ok(Json(app.case.transcript_at(id, layer).await?))
}
pub async fn text(app: Opened, Acting(actor): Acting, Path(item): Path<String>) -> Result<Json<TextView>, Problem> {
    let id = app.case.resolve(&item).await?;
    app.case.note_access(&actor, id, "text").await?;
    Ok(Json(app.case.text(id).await?))
}
pub async fn messages(app: Opened, Acting(actor): Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let id = app.case.resolve(&item).await?;
    app.case.note_access(&actor, id, "messages").await?;
    Ok(Json(json!({"messages": app.case.messages(id).await?})))
}
pub async fn calls(app: Opened, Acting(actor): Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let id = app.case.resolve(&item).await?;
    app.case.note_access(&actor, id, "calls").await?;
    Ok(Json(json!({"rows": app.case.calls(id).await?})))
}
pub async fn peaks(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    document(&app, &item, DerivativeKind::Peaks).await
}
pub async fn picture(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    document(&app, &item, DerivativeKind::Picture).await
}

async fn document(app: &Opened, item: &str, kind: DerivativeKind) -> Result<Json<Value>, Problem> {
    let id = app.case.resolve(item).await?;
    Ok(Json(app.case.document(id, kind).await?))
}
