//! Errors as problem+json with a stable code. Rules: the sentence and the remedy come from the library's error; nothing
//! here invents or hides one; evidence text never reaches a body, because no error holds any.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use zapys_casework::CaseError;
use zapys_domain::{Fault, FaultKind};

/// An error on its way to the browser.
pub struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    hint: String,
    /// Seconds until the same may be asked again.
    wait: Option<u64>,
}

impl Problem {
    /// A problem of the request itself.
    pub fn new(status: StatusCode, code: &str, detail: &str, hint: &str) -> Self {
        Self { status, code: code.into(), detail: detail.into(), hint: hint.into(), wait: None }
    }
    /// The same may be asked again after `wait`.
    pub fn after(self, wait: std::time::Duration) -> Self {
        Self { wait: Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)), ..self }
    }
    /// The same with another status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
    /// Nobody may look at the case now.
    pub fn locked() -> Self {
        Self::new(StatusCode::LOCKED, "locked", "the case is locked", "Unlock it with its passphrase or recovery key.")
    }
}

impl From<CaseError> for Problem {
    fn from(e: CaseError) -> Self {
        let status = match (&e, e.kind()) {
            (CaseError::NoSuchItem | CaseError::NothingRead { .. }, _) => StatusCode::NOT_FOUND,
            (CaseError::Disposed, _) => StatusCode::GONE,
            (CaseError::OnHold | CaseError::NotEncrypted | CaseError::StaleRevision { .. }, _) => StatusCode::CONFLICT,
            (_, FaultKind::Usage | FaultKind::Input) => StatusCode::UNPROCESSABLE_ENTITY,
            (_, FaultKind::Integrity) => StatusCode::CONFLICT,
            (_, FaultKind::Environment) => StatusCode::SERVICE_UNAVAILABLE,
            (_, FaultKind::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        tracing::warn!(code = e.code(), "request failed");
        Self { status, code: e.code().into(), detail: e.to_string(), hint: e.hint(), wait: None }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "type": "about:blank", "title": self.status.canonical_reason().unwrap_or("Error"), "status": self.status.as_u16(),
            "detail": self.detail, "code": self.code, "hint": self.hint, "wait_s": self.wait,
        });
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response();
        if let Some(wait) = self.wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait.into());
        }
        response
    }
}
