//! The case at a glance, the session, the document of the API.

use crate::App;
use crate::error::Problem;
use crate::guard::Acting;
use crate::session::cookie;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use zapys_casework::view::CaseView;

pub async fn session(State(app): State<App>, Acting(actor): Acting, headers: HeaderMap) -> Json<Value> {
    let card = app.case.card();
    let csrf = cookie(&headers).and_then(|c| app.sessions.find(&c)).map(|s| s.csrf);
    Json(json!({"case": card.case, "name": card.name, "actor": actor.id, "version": env!("CARGO_PKG_VERSION"), "csrf": csrf}))
}

pub async fn openapi(_: Acting) -> Json<Value> {
    Json(crate::openapi::document())
}

pub async fn case(State(app): State<App>, _: Acting) -> Result<Json<CaseView>, Problem> {
    Ok(Json(app.case.overview().await?))
}

pub async fn process(State(app): State<App>, _: Acting) -> Result<Json<Value>, Problem> {
    let queued = app.case.plan(&[], &[]).await?;
    app.work.wake();
    Ok(Json(json!({"queued": queued})))
}
