//! `/api/v1`: one file per noun. Handlers take the actor, call the case, and send its view.

mod case;
mod custody;
mod events;
mod intake;
mod items;
mod media;
mod search;

use crate::App;
use axum::Router;
use axum::routing::{get, post};

/// Every route; `openapi::ROUTES` lists the same.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/session", get(case::session))
        .route("/openapi.json", get(case::openapi))
        .route("/case", get(case::case))
        .route("/items", get(items::list))
        .route("/items/{item}", get(items::show))
        .route("/items/{item}/custody", get(items::custody))
        .route("/items/{item}/transcript", get(items::transcript))
        .route("/items/{item}/text", get(items::text))
        .route("/items/{item}/messages", get(items::messages))
        .route("/items/{item}/calls", get(items::calls))
        .route("/items/{item}/peaks", get(items::peaks))
        .route("/items/{item}/picture", get(items::picture))
        .route("/items/{item}/media", get(media::sound))
        .route("/items/{item}/image", get(media::image))
        .route("/search", post(search::search))
        .route("/intake", post(intake::intake).layer(axum::extract::DefaultBodyLimit::disable()))
        .route("/process", post(case::process))
        .route("/events", get(events::events))
        .route("/verify", post(custody::verify))
        .route("/custody", get(custody::page))
}
