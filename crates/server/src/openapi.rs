//! The OpenAPI document of `/api/v1`, kept beside the routes: a test compares the two.

use serde_json::{Value, json};

/// Method, path, what it does, what answers.
pub const ROUTES: &[(&str, &str, &str, &str)] = &[
    ("get", "/session", "Who is here and the token that changes must carry", "Session"),
    ("get", "/openapi.json", "This document", "OpenAPI 3.1"),
    ("get", "/case", "The case at a glance: counts, work under way, what cannot be searched, ledger, last changes", "Case"),
    (
        "get",
        "/items",
        "Items with filters (kind, status, language, flag, text; each may repeat), sort, cursor and limit, and facet counts",
        "ItemsPage",
    ),
    ("get", "/items/{item}", "One item with acquisitions, derivatives, children and integrity", "Item"),
    ("get", "/items/{item}/custody", "The custody events of an item, oldest first", "Events"),
    ("get", "/items/{item}/transcript", "Words spoken, with translations; machine, unreviewed", "Transcript"),
    ("get", "/items/{item}/text", "Readable text of a picture, article or document; machine, unreviewed", "Text"),
    ("get", "/items/{item}/messages", "Messages of a chat export", "Messages"),
    ("get", "/items/{item}/calls", "Rows of a call-record table", "Calls"),
    ("get", "/items/{item}/peaks", "Waveform overview", "Peaks"),
    ("get", "/items/{item}/picture", "What a picture file says of itself", "Picture"),
    ("get", "/items/{item}/media", "Playable copy of sound (Ogg Opus), by range", "audio/ogg"),
    ("get", "/items/{item}/image", "Viewable copy of a picture, re-encoded and free of metadata", "image"),
    ("post", "/search", "Search words said, read, written and translated", "Search"),
    ("post", "/intake", "Take in one file: the body is its bytes, `name` its name", "Added"),
    ("post", "/process", "Compute whatever is due", "Queued"),
    ("get", "/events", "Server-sent events: progress and changed items", "text/event-stream"),
    ("post", "/verify", "Re-read vault and ledger", "Verify"),
    ("get", "/custody", "The ledger, newest events first", "Ledger"),
];

/// The document.
pub fn document() -> Value {
    let mut paths = serde_json::Map::new();
    for (method, path, summary, answer) in ROUTES {
        let mut operation = json!({
            "summary": summary,
            "responses": {
                "200": {"description": answer},
                "401": {"description": "No session"},
                "default": {"description": "An error", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
            },
        });
        if path.contains("{item}") {
            operation["parameters"] = json!([{"name": "item", "in": "path", "required": true, "description": "Item id, unique prefix, or sha256: digest", "schema": {"type": "string"}}]);
        }
        let entry = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
        entry[*method] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "zapys", "version": env!("CARGO_PKG_VERSION"), "description": "The evidence workbench on this machine. Names and fields are stable: fields are added, never renamed or removed."},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {"schemas": {"Problem": {"type": "object", "required": ["title", "status", "detail", "code", "hint"], "properties": {
            "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}, "code": {"type": "string"}, "hint": {"type": "string"}}}}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lists_exactly_the_routes() {
        let routes: Vec<&str> = include_str!("api/mod.rs").lines().filter_map(|l| l.trim().strip_prefix(".route(\"")).collect();
        assert_eq!(routes.len(), ROUTES.len());
        for (method, path, _, _) in ROUTES {
            let found = routes.iter().any(|r| r.starts_with(&format!("{path}\", {method}(")));
            assert!(found, "{method} {path} is in the document and not among the routes");
        }
        let document = document();
        assert!(document["paths"].as_object().is_some_and(|p| p.values().all(|o| o.is_object())));
    }
}
