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
}

impl Problem {
    /// A problem of the request itself.
    pub fn new(status: StatusCode, code: &str, detail: &str, hint: &str) -> Self {
        Self { status, code: code.into(), detail: detail.into(), hint: hint.into() }
    }
}

impl From<CaseError> for Problem {
    fn from(e: CaseError) -> Self {
        let status = match (&e, e.kind()) {
            (CaseError::NoSuchItem | CaseError::NothingRead { .. }, _) => StatusCode::NOT_FOUND,
            (_, FaultKind::Usage | FaultKind::Input) => StatusCode::UNPROCESSABLE_ENTITY,
            (_, FaultKind::Integrity) => StatusCode::CONFLICT,
            (_, FaultKind::Environment) => StatusCode::SERVICE_UNAVAILABLE,
            (_, FaultKind::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        tracing::warn!(code = e.code(), "request failed");
        Self { status, code: e.code().into(), detail: e.to_string(), hint: e.hint() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "type": "about:blank", "title": self.status.canonical_reason().unwrap_or("Error"), "status": self.status.as_u16(),
            "detail": self.detail, "code": self.code, "hint": self.hint,
        });
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
    }
}
