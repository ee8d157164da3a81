//! Sessions: a one-time link becomes a cookie. They live in memory and end with the program.

use crate::App;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashMap;
use std::sync::Mutex;
use zapys_domain::{Actor, ObjectId};

const COOKIE: &str = "zapys_session";

/// Open sessions and the link that is still good.
pub struct Sessions {
    /// Secrets are kept and compared by digest, so that comparing them tells nothing by its timing.
    link: Mutex<Option<ObjectId>>,
    open: Mutex<HashMap<ObjectId, Session>>,
}
/// One browser that came through the link.
#[derive(Clone)]
pub struct Session {
    /// Who acts.
    pub actor: Actor,
    /// Token that every change must carry.
    pub csrf: String,
}

impl Sessions {
    /// No sessions, and the token of a fresh one-time link.
    pub fn new() -> (Self, String) {
        let token = secret();
        let link = Mutex::new(Some(ObjectId::of(token.as_bytes())));
        (Self { link, open: Mutex::default() }, token)
    }
    /// The session behind a cookie.
    pub fn find(&self, cookie: &str) -> Option<Session> {
        self.open.lock().unwrap_or_else(|p| p.into_inner()).get(&ObjectId::of(cookie.as_bytes())).cloned()
    }
    /// Uses the link up. Returns the cookie of the new session; `None` if the token is wrong or was used.
    fn redeem(&self, token: &str) -> Option<String> {
        let mut link = self.link.lock().unwrap_or_else(|p| p.into_inner());
        if *link != Some(ObjectId::of(token.as_bytes())) {
            return None;
        }
        *link = None;
        let cookie = secret();
        let session = Session { actor: Actor::owner(), csrf: secret() };
        self.open.lock().unwrap_or_else(|p| p.into_inner()).insert(ObjectId::of(cookie.as_bytes()), session);
        Some(cookie)
    }
}

/// 32 random bytes as text.
fn secret() -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes; without them no session is safe");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The session cookie of a request.
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    all.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

#[derive(serde::Deserialize)]
struct Token {
    token: String,
}

pub fn routes() -> Router<App> {
    Router::new().route("/open", get(open))
}

async fn open(
    State(app): State<App>,
    headers: HeaderMap,
    query: Result<Query<Token>, axum::extract::rejection::QueryRejection>,
) -> Response {
    if let Some(cookie) = query.ok().and_then(|Query(q)| app.sessions.redeem(&q.token)) {
        let set = format!("{COOKIE}={cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
        return ([(header::SET_COOKIE, set)], Redirect::to("/")).into_response();
    }
    // A used link in a browser that already has a session is no mistake: the person pressed it again.
    if cookie(&headers).and_then(|c| app.sessions.find(&c)).is_some() {
        return Redirect::to("/").into_response();
    }
    (
        StatusCode::UNAUTHORIZED,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        "This link was used or is not valid. Stop zapys serve and start it again for a new one.\n",
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_link_opens_once() {
        let (sessions, token) = Sessions::new();
        assert!(sessions.redeem("wrong").is_none());
        let cookie = sessions.redeem(&token).expect("first use");
        assert!(sessions.find(&cookie).is_some());
        assert!(sessions.redeem(&token).is_none());
        assert!(sessions.find(&token).is_none());
    }
}
