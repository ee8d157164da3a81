//! The ledger and its verification.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::extract::Query;
use zapys_casework::view::{LedgerPage, VerifyView};

#[derive(serde::Deserialize)]
pub struct Page {
    cursor: Option<u64>,
    limit: Option<u64>,
}

pub async fn page(app: Opened, _: Acting, Query(page): Query<Page>) -> Result<Json<LedgerPage>, Problem> {
    Ok(Json(app.case.ledger_page(page.cursor, page.limit.unwrap_or(100).clamp(1, 500)).await?))
}
pub async fn verify(app: Opened, _: Acting) -> Result<Json<VerifyView>, Problem> {
    Ok(Json(app.case.verify(false).await?))
}
