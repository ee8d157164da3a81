//! Disposal of an item: what it would destroy, and doing it.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::extract::Path;
use zapys_casework::DisposalView;

/// Why, and on whose authority.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grounds {
    reason: String,
    authority: String,
}

pub async fn plan(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<DisposalView>, Problem> {
    let id = app.case.resolve(&item).await?;
    Ok(Json(app.case.plan_disposal(id).await?))
}
/// What was begun is done, whether or not the browser waits for it.
pub async fn dispose(
    app: Opened,
    Acting(actor): Acting,
    Path(item): Path<String>,
    Json(grounds): Json<Grounds>,
) -> Result<Json<DisposalView>, Problem> {
    let id = app.case.resolve(&item).await?;
    let (case, work) = (app.case, app.work);
    let done = tokio::spawn(async move {
        let done = case.dispose(&actor, id, &grounds.reason, &grounds.authority).await;
        work.changed(id);
        done
    });
    Ok(Json(done.await.map_err(|_| zapys_casework::CaseError::Lost)??))
}
