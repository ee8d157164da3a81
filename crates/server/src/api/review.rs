//! Words that people write over a machine's transcript, and what they say that it means.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::Json;
use axum::extract::{Path, Query};
use serde_json::{Value, json};
use zapys_casework::view::{LayerView, TranslationView};
use zapys_casework::{CaseError, Heard, Layer, RevisionRequest, Translated, TranslationRequest};
use zapys_domain::Lang;
use zapys_domain::revision::{Change, Manner};

/// Changes to the text that is shown.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revise {
    /// The newest revision as its author saw it; `null`: the machine's words.
    over: Option<u32>,
    /// `correction` (also without it) or `adjudication`.
    #[serde(default)]
    manner: Option<String>,
    /// The whole recording was gone through.
    #[serde(default)]
    whole: bool,
    #[serde(default)]
    reason: Option<String>,
    changes: Vec<Change>,
}
/// What somebody heard before any text was shown to them.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    heard: Vec<Heard>,
}

/// What segments mean in another language, as whoever asks says.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translate {
    /// The newest revision as its author saw it; `null`: the machine's words.
    over: Option<u32>,
    /// Into.
    language: String,
    #[serde(default)]
    reason: Option<String>,
    lines: Vec<Translated>,
}

pub async fn translations(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let id = app.case.resolve(&item).await?;
    Ok(Json(json!({"translations": app.case.translations(id).await?})))
}
pub async fn translate(
    app: Opened,
    Acting(actor): Acting,
    Path(item): Path<String>,
    Json(put): Json<Translate>,
) -> Result<Json<TranslationView>, Problem> {
    let wants = "the code of a language such as en";
    let language = Lang::parse(&put.language).filter(|l| !l.is_und());
    let language = language.ok_or(CaseError::Flag { flag: "language", wants })?;
    let id = app.case.resolve(&item).await?;
    let request = TranslationRequest { over: put.over, language, reason: put.reason, lines: put.lines };
    let view = app.case.translate(&actor, id, request).await?;
    app.work.changed(id);
    Ok(Json(view))
}
pub async fn list(app: Opened, _: Acting, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let id = app.case.resolve(&item).await?;
    Ok(Json(json!({"revisions": app.case.revisions(id).await?})))
}
/// Two texts of a recording.
#[derive(serde::Deserialize)]
pub struct Two {
    a: String,
    b: String,
}
pub async fn compare(
    app: Opened,
    Acting(actor): Acting,
    Path(item): Path<String>,
    Query(two): Query<Two>,
) -> Result<Json<Value>, Problem> {
    let layer = |text: &str| {
        Layer::parse(text).ok_or(CaseError::Flag { flag: "revision", wants: "machine, latest, or the number of a revision" })
    };
    let (a, b) = (layer(&two.a)?, layer(&two.b)?);
    let id = app.case.resolve(&item).await?;
    app.case.note_access(&actor, id, "transcript").await?;
    Ok(Json(json!({"differences": app.case.compare(id, a, b).await?})))
}
pub async fn revise(
    app: Opened,
    Acting(actor): Acting,
    Path(item): Path<String>,
    Json(put): Json<Revise>,
) -> Result<Json<LayerView>, Problem> {
    let manner = match put.manner.as_deref() {
        None => Manner::Correction,
        // What is written by ear is put by its own way, which knows what its author was shown.
        Some(word) => Manner::parse(word)
            .filter(|m| *m != Manner::Listening)
            .ok_or(CaseError::Flag { flag: "manner", wants: "correction or adjudication" })?,
    };
    let id = app.case.resolve(&item).await?;
    let request = RevisionRequest { over: put.over, manner, whole: put.whole, reason: put.reason, changes: put.changes };
    let view = app.case.revise(&actor, id, request).await?;
    app.work.changed(id);
    Ok(Json(view))
}
pub async fn listen(
    app: Opened,
    Acting(actor): Acting,
    Path(item): Path<String>,
    Json(put): Json<Listen>,
) -> Result<Json<LayerView>, Problem> {
    let id = app.case.resolve(&item).await?;
    let view = app.case.listen(&actor, id, put.heard).await?;
    app.work.changed(id);
    Ok(Json(view))
}
