//! Sound and pictures for looking and listening: always the re-encoded copy, never the original's bytes.

use crate::error::Problem;
use crate::guard::{Acting, Opened};
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tower::ServiceExt;
use tower_http::services::ServeFile;

pub async fn sound(app: Opened, acting: Acting, Path(item): Path<String>, request: Request) -> Result<Response, Problem> {
    send(app, acting, item, Copy::Light, request).await
}
pub async fn enhanced(app: Opened, acting: Acting, Path(item): Path<String>, request: Request) -> Result<Response, Problem> {
    send(app, acting, item, Copy::Enhanced, request).await
}
pub async fn image(app: Opened, acting: Acting, Path(item): Path<String>, request: Request) -> Result<Response, Problem> {
    send(app, acting, item, Copy::Light, request).await
}

/// Which copy.
enum Copy {
    Light,
    Enhanced,
}

/// Sends a copy by range. The media type is the one the engine wrote, and only sound and raster pictures pass.
async fn send(app: Opened, Acting(actor): Acting, item: String, copy: Copy, request: Request) -> Result<Response, Problem> {
    let id = app.case.resolve(&item).await?;
    app.case.note_access(&actor, id, "media").await?;
    let proxy = match copy {
        Copy::Light => app.case.proxy(id).await?,
        Copy::Enhanced => app.case.enhanced(id).await?,
    };
    let mut range = Request::new(Body::empty());
    for name in [header::RANGE, header::IF_RANGE] {
        if let Some(value) = request.headers().get(&name) {
            range.headers_mut().insert(name, value.clone());
        }
    }
    let response = match ServeFile::new(&proxy.path).oneshot(range).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    // The file is open as long as it is being sent, and no longer than people may look.
    let over = app.sitting.over();
    let sent = |body| Body::from_stream(Body::new(body).into_data_stream().take_until(Box::pin(over)));
    let mut response = response.map(sent).into_response();
    let media_type = match proxy.media_type.as_str() {
        t @ ("audio/ogg" | "image/png" | "image/jpeg" | "image/webp") => {
            HeaderValue::from_str(t).expect("listed types are plain ASCII")
        }
        _ => HeaderValue::from_static("application/octet-stream"),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
