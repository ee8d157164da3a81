//! The case at a glance, the session, the document of the API.

use crate::App;
use crate::error::Problem;
use crate::guard::{Acting, Opened};
use crate::session::cookie;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};
use zapys_casework::view::CaseView;

/// Whether the case is open, and the token that changes must carry. Of a locked case nothing is told, not even its name.
pub async fn session(State(app): State<App>, Acting(actor): Acting, headers: HeaderMap) -> Json<Value> {
    let csrf = cookie(&headers).and_then(|c| app.sessions.find(&c)).map(|s| s.csrf);
    let standing = app.door.standing();
    let mut session = json!({
        "locked": true, "encrypted": app.door.is_encrypted(), "working": standing.working,
        "actor": actor.id, "version": env!("CARGO_PKG_VERSION"), "csrf": csrf,
    });
    if let Some(sitting) = app.door.sitting() {
        let card = sitting.case.card();
        let more = json!({
            "locked": false, "case": card.case, "name": card.name,
            "lock_after_s": sitting.lock_after().map(|d| d.as_secs()),
            "speech_goes_to": sitting.case.speech_goes_to(), "words_go_to": sitting.case.words_go_to(),
        });
        if let (Value::Object(session), Value::Object(more)) = (&mut session, more) {
            session.extend(more);
        }
    }
    Json(session)
}

pub async fn openapi(_: Acting) -> Json<Value> {
    Json(crate::openapi::document())
}

pub async fn case(app: Opened, _: Acting) -> Result<Json<CaseView>, Problem> {
    Ok(Json(app.case.overview().await?))
}

/// Whoever asks for the work to be done wants it to go on.
pub async fn process(app: Opened, _: Acting) -> Result<Json<Value>, Problem> {
    app.case.resume_work().await?;
    let queued = app.case.plan(&[], &[]).await?;
    app.work.wake();
    Ok(Json(json!({"queued": queued})))
}

pub async fn pause(app: Opened, _: Acting) -> Result<Json<Value>, Problem> {
    app.case.pause_work().await?;
    app.work.tell("work", json!({"paused": true}));
    Ok(Json(json!({"paused": true})))
}

pub async fn first(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let item = app.case.resolve(&item).await?;
    let open = app.case.put_first(&[item]).await?;
    app.work.wake();
    Ok(Json(json!({"open": open})))
}
