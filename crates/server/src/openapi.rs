//! The OpenAPI document of `/api/v1`, kept beside the routes: a test compares the two.

use serde_json::{Value, json};

/// Method, path, what it does, what answers.
pub const ROUTES: &[(&str, &str, &str, &str)] = &[
    (
        "get",
        "/session",
        "Who is here, whether the case is locked, and the token that changes must carry. Of a locked case nothing else is told",
        "Session",
    ),
    (
        "post",
        "/unlock",
        "Unlock an encrypted case: `passphrase` (or a recovery key), or `key_file` in base 64. Failures wait longer each time",
        "Unlocked",
    ),
    ("post", "/lock", "Lock an encrypted case at once: work is put back, keys and plain copies are wiped", "Locked"),
    ("post", "/stay", "Somebody is there: the case stays open", "Stay"),
    ("get", "/keys", "The ways into an encrypted case", "Keys"),
    ("post", "/keys", "Add a way in: `passphrase`, or `key_file` in base 64", "Way"),
    ("delete", "/keys/{way}", "Take a way in away; the last one stays", "Removed"),
    ("post", "/keys/recovery", "A new recovery key, shown only now; those before it open nothing any more", "Recovery key"),
    ("get", "/openapi.json", "This document", "OpenAPI 3.1"),
    ("get", "/case", "The case at a glance: counts, work under way, what cannot be searched, ledger, last changes", "Case"),
    (
        "get",
        "/items",
        "Items with filters (kind, status, language, flag, text; each may repeat), sort, cursor and limit, and facet counts. \
         `blind=true`: without words of recordings",
        "ItemsPage",
    ),
    (
        "get",
        "/items/{item}",
        "One item with acquisitions, derivatives, children and integrity. `blind=true`: without words of a recording",
        "Item",
    ),
    ("get", "/items/{item}/custody", "The custody events of an item, oldest first", "Events"),
    (
        "get",
        "/items/{item}/transcript",
        "Words spoken, with translations; machine, unreviewed unless it says otherwise. `revision`: machine, latest (also without it), \
         or a number. `blind=true`: times and voices, and the asking person's own words alone",
        "Transcript",
    ),
    (
        "get",
        "/items/{item}/revisions",
        "What people made of the transcript, oldest first, what was taken back included",
        "Revisions",
    ),
    (
        "post",
        "/items/{item}/revisions",
        "Change the words that are shown: `over` (the newest revision as you saw it, null for the machine's words), `changes` by segment; \
         one that changes nothing says that it was heard and is so. 409 where somebody was quicker",
        "Revision",
    ),
    ("get", "/items/{item}/translations", "What people say that segments mean in another language, oldest first", "Translations"),
    (
        "post",
        "/items/{item}/translations",
        "Say what segments mean: `language`, `over` (the newest revision as you saw it, null for the machine's words), `lines`, each `segment`, \
         `text` and `note`; without both, what you said of it is taken back. 409 where the words are no longer those you saw",
        "Translation",
    ),
    (
        "get",
        "/items/{item}/compare",
        "Where two texts of a recording differ: `a` and `b` are machine, latest or the number of a revision",
        "Differences",
    ),
    (
        "post",
        "/items/{item}/listening",
        "What was heard before any text was shown: `heard`, each `segment` and `text`",
        "Revision",
    ),
    ("get", "/items/{item}/text", "Readable text of a picture, article or document; machine, unreviewed", "Text"),
    ("get", "/items/{item}/messages", "Messages of a chat export", "Messages"),
    ("get", "/items/{item}/calls", "Rows of a call-record table", "Calls"),
    ("get", "/items/{item}/peaks", "Waveform overview", "Peaks"),
    ("get", "/items/{item}/picture", "What a picture file says of itself", "Picture"),
    ("get", "/items/{item}/media", "Playable copy of sound (Ogg Opus), by range", "audio/ogg"),
    ("get", "/items/{item}/enhanced", "Copy of sound that filters made easier to listen to; not the evidence", "audio/ogg"),
    ("get", "/items/{item}/image", "Viewable copy of a picture, re-encoded and free of metadata", "image"),
    ("get", "/items/{item}/dispose", "What disposing of an item would destroy", "Disposal"),
    ("post", "/items/{item}/dispose", "Dispose of an item for good: `reason` and `authority`", "Disposal"),
    (
        "get",
        "/items/{item}/records",
        "What people put on record about an item, oldest first, corrected records included",
        "Records",
    ),
    (
        "post",
        "/items/{item}/records",
        "Put something on record about an item: kind, record (its fields; without it what `corrects` names is taken back), corrects, because",
        "Records",
    ),
    ("get", "/records", "What people put on record about the case as a whole", "Records"),
    ("post", "/records", "The same about the case, or about several `items` at once", "Records"),
    (
        "get",
        "/glossary",
        "What words mean in this case; put on record, corrected and taken back at `/records` with the kind `term`",
        "Glossary",
    ),
    ("get", "/voices", "Speakers who may be one person across recordings, and what people decided", "Voices"),
    ("get", "/items/{item}/voices", "The same, of pairs with a speaker of this recording", "Voices"),
    (
        "post",
        "/voices/{suggestion}",
        "Put on record whether a pair is one person: `same` (yes, no, unknown), `because`, `familiarity`, `confidence`",
        "VoicePair",
    ),
    (
        "get",
        "/conformance",
        "What a standard finds met or missing: `standard` is leiden, hala or berkeley; `item` may repeat",
        "Conformance",
    ),
    (
        "post",
        "/search",
        "Search words said, read, written and translated: query, lang, kind, limit; `blind`: without words of recordings",
        "Search",
    ),
    ("post", "/intake", "Take in one file: the body is its bytes, `name` its name", "Added"),
    ("post", "/process", "Compute whatever is due; goes on where it was paused", "Queued"),
    ("post", "/process/pause", "Begin nothing new until `/process`; what is under way comes to its end", "Paused"),
    ("post", "/items/{item}/first", "Do what is due of this item before anything else", "Open"),
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
                "423": {"description": "The case is locked"},
                "default": {"description": "An error", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
            },
        });
        if path.contains("{item}") {
            operation["parameters"] = json!([{"name": "item", "in": "path", "required": true, "description": "Item id, unique prefix, or sha256: digest", "schema": {"type": "string"}}]);
        }
        if path.contains("{suggestion}") {
            operation["parameters"] = json!([{"name": "suggestion", "in": "path", "required": true, "description": "A pair of voices, as the list names it", "schema": {"type": "string"}}]);
        }
        if path.contains("{way}") {
            operation["parameters"] = json!([{"name": "way", "in": "path", "required": true, "description": "Name of a way in", "schema": {"type": "string"}}]);
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
        // However the lines are broken.
        let source = include_str!("api/mod.rs").split_whitespace().collect::<String>();
        let routes: Vec<&str> = source.split(".route(\"").skip(1).collect();
        assert_eq!(routes.len(), ROUTES.len());
        for (method, path, _, _) in ROUTES {
            let found = routes.iter().any(|r| r.starts_with(&format!("{path}\",{method}(")));
            assert!(found, "{method} {path} is in the document and not among the routes");
        }
        let document = document();
        assert!(document["paths"].as_object().is_some_and(|p| p.values().all(|o| o.is_object())));
    }
}
