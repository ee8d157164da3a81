//! `/api/v1`: one file per noun. Handlers take the actor, call the case, and send its view.

mod case;
mod conformance;
mod custody;
mod dispose;
mod events;
mod intake;
mod items;
mod keys;
mod lock;
mod media;
mod records;
mod review;
mod search;
mod voices;

use crate::App;
use axum::Router;
use axum::routing::{delete, get, post};

/// What a session may ask for whether or not the case is open. `openapi::ROUTES` lists these and those inside.
pub fn at_the_door() -> Router<App> {
    Router::new().route("/session", get(case::session)).route("/unlock", post(lock::unlock)).route("/lock", post(lock::lock))
}

/// What needs an open case.
pub fn inside() -> Router<App> {
    Router::new()
        .route("/stay", post(lock::stay))
        .route("/keys", get(keys::list))
        .route("/keys", post(keys::add))
        .route("/keys/{way}", delete(keys::remove))
        .route("/keys/recovery", post(keys::recovery))
        .route("/openapi.json", get(case::openapi))
        .route("/case", get(case::case))
        .route("/items", get(items::list))
        .route("/items/{item}", get(items::show))
        .route("/items/{item}/custody", get(items::custody))
        .route("/items/{item}/transcript", get(items::transcript))
        .route("/items/{item}/revisions", get(review::list))
        .route("/items/{item}/revisions", post(review::revise))
        .route("/items/{item}/translations", get(review::translations))
        .route("/items/{item}/translations", post(review::translate))
        .route("/items/{item}/listening", post(review::listen))
        .route("/items/{item}/compare", get(review::compare))
        .route("/items/{item}/text", get(items::text))
        .route("/items/{item}/messages", get(items::messages))
        .route("/items/{item}/calls", get(items::calls))
        .route("/items/{item}/peaks", get(items::peaks))
        .route("/items/{item}/picture", get(items::picture))
        .route("/items/{item}/media", get(media::sound))
        .route("/items/{item}/enhanced", get(media::enhanced))
        .route("/items/{item}/image", get(media::image))
        .route("/items/{item}/dispose", get(dispose::plan))
        .route("/items/{item}/dispose", post(dispose::dispose))
        .route("/items/{item}/records", get(records::of_item))
        .route("/items/{item}/records", post(records::put_item))
        .route("/records", get(records::of_case))
        .route("/records", post(records::put_case))
        .route("/glossary", get(records::glossary))
        .route("/items/{item}/voices", get(voices::of_item))
        .route("/voices", get(voices::list))
        .route("/voices/{suggestion}", post(voices::decide))
        .route("/conformance", get(conformance::conformance))
        .route("/search", post(search::search))
        .route("/intake", post(intake::intake).layer(axum::extract::DefaultBodyLimit::disable()))
        .route("/process", post(case::process))
        .route("/process/pause", post(case::pause))
        .route("/items/{item}/first", post(case::first))
        .route("/events", get(events::events))
        .route("/verify", post(custody::verify))
        .route("/custody", get(custody::page))
}
