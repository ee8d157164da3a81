//! The interface itself: files built from `ui/`, embedded in the binary. Any path without a file is a page of the interface.

use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

#[cfg(feature = "embed-ui")]
#[derive(rust_embed::RustEmbed)]
#[folder = "../../ui/dist"]
struct Files;

#[cfg(feature = "embed-ui")]
fn file(path: &str) -> Option<Vec<u8>> {
    Files::get(path).map(|f| f.data.into_owned())
}
#[cfg(not(feature = "embed-ui"))]
fn file(_: &str) -> Option<Vec<u8>> {
    None
}

pub async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return crate::error::Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-route",
            "there is nothing at this address",
            "See /api/v1/openapi.json for what there is.",
        )
        .into_response();
    }
    // Names of built files carry a digest of their content, so they may be kept.
    if let Some(bytes) = file(path).filter(|_| !path.is_empty()) {
        let mime = mime_guess::from_path(path).first_or_octet_stream().to_string();
        let keep = if path.starts_with("assets/") { "private, max-age=31536000, immutable" } else { "no-store" };
        return ([(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, keep.into())], bytes).into_response();
    }
    if path.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match file("index.html") {
        Some(page) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        None => (
            StatusCode::NOT_IMPLEMENTED,
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            "This zapys was built without the browser workbench. Build it with: make run\nThe API is at /api/v1/.\n",
        )
            .into_response(),
    }
}
