//! Speakers who may be one person across recordings.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::extract::Path;
use zapys_casework::view::{VoiceView, VoicesView};
use zapys_casework::{CaseError, VoiceDecision};
use zapys_domain::handover::Answer;

/// What somebody makes of a pair.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// `yes`, `no`, `unknown`.
    same: String,
    because: String,
    #[serde(default)]
    familiarity: Option<String>,
    #[serde(default)]
    confidence: Option<String>,
}

pub async fn list(app: Opened, _: Acting) -> Result<Json<VoicesView>, Problem> {
    Ok(Json(app.case.voices(None).await?))
}
pub async fn of_item(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<VoicesView>, Problem> {
    let id = app.case.resolve(&item).await?;
    Ok(Json(app.case.voices(Some(id)).await?))
}
pub async fn decide(
    app: Opened,
    Acting(actor): Acting,
    Path(suggestion): Path<String>,
    Json(put): Json<Judged>,
) -> Result<Json<VoiceView>, Problem> {
    let same = Answer::parse(&put.same).ok_or(CaseError::Flag { flag: "same", wants: "yes, no or unknown" })?;
    let decision = VoiceDecision { same, because: put.because, familiarity: put.familiarity, confidence: put.confidence };
    let pair = app.case.decide_voice(&actor, &suggestion, decision).await?;
    pair.speakers.iter().for_each(|s| app.work.changed(s.item));
    Ok(Json(pair))
}
