//! Locking and unlocking an encrypted case.

use crate::App;
use crate::door::Refused;
use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zapys_casework::Credential;
use zeroize::Zeroizing;

/// What somebody gives to get in: one of the two.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    /// A passphrase, or a recovery key.
    passphrase: Option<String>,
    /// The bytes of a key file, in base 64.
    key_file: Option<String>,
}

/// Reads a way in from the body of a request.
pub fn credential(body: &[u8]) -> Result<Credential, Problem> {
    let unusable =
        |what: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-way-in", what, "Give a passphrase or a key file.");
    // The texts of what cannot be read are left out: they may be a passphrase.
    let given: Given = serde_json::from_slice(body).map_err(|_| unusable("the way in cannot be read"))?;
    match (given.passphrase.map(Zeroizing::new), given.key_file.map(Zeroizing::new)) {
        (Some(text), None) if !text.is_empty() => Ok(Credential::typed(&text)?),
        (None, Some(text)) => {
            let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| unusable("the key file cannot be read"))?;
            Ok(Credential::KeyFile(Zeroizing::new(bytes)))
        }
        _ => Err(unusable("no passphrase was given")),
    }
}

pub async fn unlock(State(app): State<App>, _: Acting, body: Bytes) -> Response {
    let mut response = try_unlock(&app, body).await.into_response();
    // With the connection goes the buffer that holds what was typed.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
async fn try_unlock(app: &App, body: Bytes) -> Result<Json<Value>, Problem> {
    let forbidden = |e: zapys_casework::CaseError| Problem::from(e).with_status(StatusCode::FORBIDDEN);
    match app.door.unlock(credential(&body)?).await {
        Ok(()) => Ok(Json(json!({"locked": false}))),
        Err(Refused::Wrong(e, wait)) => Err(forbidden(e).after(wait)),
        Err(Refused::Case(e)) => Err(e.into()),
        Err(Refused::TooSoon(wait)) => Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-soon",
            "after a wrong passphrase the next try has to wait",
            "Wait a moment, then try again.",
        )
        .after(wait)),
    }
}

/// `released`: whether keys and plain copies are gone already; a decoder that is slow to stop may hold them for a moment.
pub async fn lock(State(app): State<App>, _: Acting) -> Result<Json<Value>, Problem> {
    let released = app.door.lock().await?;
    Ok(Json(json!({"locked": true, "released": released})))
}

/// Somebody is there: that the request was made is what counts.
pub async fn stay(app: Opened, _: Acting) -> Json<Value> {
    Json(json!({"lock_after_s": app.sitting.lock_after().map(|d| d.as_secs())}))
}
