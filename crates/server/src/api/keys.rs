//! The ways into an encrypted case. Nothing here shows a secret, except a new recovery key, once.

use crate::api::lock::credential;
use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use serde_json::{Value, json};
use zeroize::Zeroizing;

pub async fn list(app: Opened, _: Acting) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"ways": app.case.ways_in()?})))
}
pub async fn add(app: Opened, Acting(actor): Acting, body: Bytes) -> Result<Json<Value>, Problem> {
    let way = app.case.add_way_in(&actor, &credential(&body)?).await?;
    Ok(Json(json!({"way": way})))
}
pub async fn remove(app: Opened, Acting(actor): Acting, Path(way): Path<String>) -> Result<Json<Value>, Problem> {
    app.case.remove_way_in(&actor, &way).await?;
    Ok(Json(json!({"removed": way})))
}
/// A new recovery key; those before it open nothing any more.
pub async fn recovery(app: Opened, Acting(actor): Acting) -> Result<Json<Value>, Problem> {
    let key = Zeroizing::new(app.case.renew_recovery(&actor).await?.to_string());
    Ok(Json(json!({"recovery_key": key.as_str()})))
}
