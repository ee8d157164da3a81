//! What every request must pass: this machine as Host, this origin, a session, and the session's token for changes.

use crate::App;
use crate::door::{Over, Sitting};
use crate::error::Problem;
use crate::session::cookie;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use zapys_casework::Casework;
use zapys_domain::Actor;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; media-src 'self' blob:; \
                   connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Refuses a foreign Host or Origin, and puts the security headers on every answer.
pub async fn this_machine_only(State(app): State<App>, request: Request, next: Next) -> Response {
    let known = |value: &HeaderValue, prefix: &str| {
        value.to_str().ok().and_then(|v| v.strip_prefix(prefix)).is_some_and(|v| app.hosts.iter().any(|h| h == v))
    };
    let headers = request.headers();
    let host_ok = headers.get(header::HOST).is_some_and(|h| known(h, ""));
    let origin_ok = headers.get(header::ORIGIN).is_none_or(|o| known(o, "http://"));
    let site_ok = headers.get("sec-fetch-site").is_none_or(|s| s == "same-origin" || s == "none" || is_navigation(&request));
    let mut response = if !host_ok {
        Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "foreign-host",
            "this workbench answers only under the address of this machine",
            "Open the link that `zapys serve` printed.",
        )
        .into_response()
    } else if !origin_ok || !site_ok {
        Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            "another page asked for this",
            "Close that page and open the link that `zapys serve` printed.",
        )
        .into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
        ("x-frame-options", "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A person following a link from elsewhere: harmless, since pages hold no evidence and the cookie is strict.
fn is_navigation(request: &Request) -> bool {
    request.method() == Method::GET && request.headers().get("sec-fetch-mode").is_some_and(|m| m == "navigate")
}

/// Refuses whoever has no session, and changes without the session's token. Puts the actor into the request.
pub async fn needs_session(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(session) = cookie(request.headers()).and_then(|c| app.sessions.find(&c)) else {
        return Problem::new(
            StatusCode::UNAUTHORIZED,
            "no-session",
            "this browser has no session",
            "Open the link that `zapys serve` printed; each link works once.",
        )
        .into_response();
    };
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if !safe && request.headers().get("x-zapys-csrf").and_then(|v| v.to_str().ok()) != Some(session.csrf.as_str()) {
        return Problem::new(StatusCode::FORBIDDEN, "no-token", "the request lacks the session's token", "Reload the page.")
            .into_response();
    }
    request.extensions_mut().insert(Acting(session.actor));
    next.run(request).await
}

/// Who acts: only [`needs_session`] makes one, so no handler reaches the case without it.
#[derive(Clone)]
pub struct Acting(pub Actor);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Acting {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, Problem> {
        let missing = || {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "no-session",
                "this browser has no session",
                "Open the link that `zapys serve` printed.",
            )
        };
        parts.extensions.get::<Acting>().cloned().ok_or_else(missing)
    }
}

/// What a page asks for by itself says so: it keeps no case open.
const BACKGROUND: &str = "x-zapys-background";

/// Lets requests through to an open case, and ends them when it is locked. Puts the case into the request.
pub async fn needs_open_case(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(sitting) = app.door.sitting() else { return Problem::locked().into_response() };
    // Browsers open the event stream again by themselves, and cannot say so.
    let by_itself = request.headers().contains_key(BACKGROUND) || request.uri().path().ends_with("/events");
    let _visit = (!by_itself).then(|| sitting.arrive());
    let over = sitting.over();
    request.extensions_mut().insert(sitting);
    tokio::select! {
        biased;
        why = over => match why {
            Over::Locked => Problem::locked().into_response(),
            Over::Stopped => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "zapys is stopping",
                "Start it again with `zapys serve`.",
            )
            .into_response(),
        },
        response = next.run(request) => response,
    }
}

/// The open case. Only who passed [`needs_session`] and [`needs_open_case`] gets one, so no handler reaches the case without an
/// actor, and none keeps it longer than its request.
pub struct Opened {
    /// The case.
    pub case: Arc<Casework>,
    /// Processing beside the workbench.
    pub work: crate::work::Work,
    /// As long as people may look.
    pub sitting: Sitting,
}
impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Opened {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Problem> {
        Acting::from_request_parts(parts, state).await?;
        let sitting = parts.extensions.get::<Sitting>().cloned().ok_or_else(Problem::locked)?;
        Ok(Self { case: sitting.case.clone(), work: sitting.work.clone(), sitting })
    }
}
