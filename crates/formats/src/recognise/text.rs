//! Texts: JSON, HTML, XML, mail, tables, chats, and what is simply text.

use super::{Found, Look, found};
use crate::{calls, encoding, html, telegram};
use std::io;
use zapys_domain::ItemKind::{Article, CallRecords, ChatExport, Document, Other, WebArchive};

/// How far into a JSON file a Telegram message list is looked for, in bytes.
const JSON_REACH: u64 = 32 << 20;

pub(super) fn text(look: &Look<'_>) -> io::Result<Found> {
    let cut = look.bytes.len() > look.head.len() as u64;
    let decoded = encoding::decode(&look.head, None, cut);
    let start = decoded.text.trim_start_matches('\u{feff}').trim_start();
    let lower: String = start.chars().take(4096).collect::<String>().to_lowercase();

    if start.starts_with('{') || start.starts_with('[') {
        if start.starts_with('{') && telegram::looks_like(look.bytes, JSON_REACH) {
            return Ok((found(ChatExport, "application/json", telegram::FORMAT).0, "structure"));
        }
        if serde_json::from_str::<serde_json::Value>(start).is_ok()
            || cut
            || start.get(1..).is_some_and(|s| s.trim_start().starts_with(['"', '{', '[']))
        {
            return Ok(found(Other, "application/json", "json"));
        }
    }
    if let Some(f) = mail(&lower, &decoded.text) {
        return Ok(f);
    }
    if let Some(f) = markup(look, &lower, start) {
        return Ok(f);
    }
    if whatsapp(start) {
        return Ok((found(ChatExport, "text/plain", "whatsapp-text").0, "structure"));
    }
    Ok(match calls::glance(&decoded.text) {
        calls::Glance::Calls => (found(CallRecords, "text/csv", calls::FORMAT).0, "structure"),
        calls::Glance::Table => (found(Document, "text/csv", "csv").0, "structure"),
        // One column or few lines are a table only if the name says so.
        calls::Glance::Lines if look.named(&["csv", "tsv"]) => (found(Document, "text/csv", "csv").0, "name"),
        calls::Glance::Lines if look.named(&["md", "markdown"]) => (found(Document, "text/markdown", "markdown").0, "name"),
        calls::Glance::Lines if look.named(&["html", "htm", "xhtml"]) && start.contains("</") => {
            (found(Document, "text/html", "html").0, "name")
        }
        calls::Glance::Lines => found(Document, "text/plain", "text"),
    })
}

/// A message or a page saved as one (MHTML): header lines first.
fn mail(lower: &str, text: &str) -> Option<Found> {
    let headers: Vec<_> = lower.lines().take_while(|l| !l.trim().is_empty()).collect();
    let has = |name: &str| headers.iter().any(|l| l.starts_with(name));
    if !headers.first()?.split_once(':').is_some_and(|(k, _)| !k.is_empty() && k.bytes().all(|b| b.is_ascii_graphic())) {
        return None;
    }
    if has("mime-version:") && (has("snapshot-content-location:") || text.to_ascii_lowercase().contains("multipart/related")) {
        return Some(found(WebArchive, "multipart/related", "mhtml"));
    }
    let mail =
        has("from:") && (has("received:") || has("message-id:") || has("mime-version:") || has("date:") && has("subject:"));
    mail.then(|| found(Document, "message/rfc822", "mail"))
}

fn markup(look: &Look<'_>, lower: &str, start: &str) -> Option<Found> {
    // Past a declaration, comments and white space, to the first real tag.
    let mut rest = lower;
    loop {
        rest = rest.trim_start();
        rest = match () {
            () if rest.starts_with("<?") => rest.split_once("?>")?.1,
            () if rest.starts_with("<!--") => rest.split_once("-->")?.1,
            () => break,
        };
    }
    let tag = |names: &[&str]| {
        names.iter().any(|n| {
            rest.strip_prefix('<')
                .and_then(|r| r.strip_prefix(n))
                .is_some_and(|r| r.starts_with(|c: char| !c.is_alphanumeric() && c != '-'))
        })
    };
    if rest.starts_with("<!doctype html")
        || tag(&[
            "html", "head", "body", "title", "script", "meta", "div", "p", "article", "table", "h1", "span", "a", "style",
            "iframe", "link",
        ])
    {
        return Some(page(look, start));
    }
    if tag(&["smses"]) {
        return Some(found(ChatExport, "application/xml", "sms-xml"));
    }
    if tag(&["calls"]) {
        return Some(found(CallRecords, "application/xml", "calls-xml"));
    }
    if tag(&["svg"]) || rest.starts_with("<!doctype svg") {
        return Some(found(Other, "image/svg+xml", "svg"));
    }
    (lower.starts_with("<?xml") || rest.starts_with("<!doctype")).then(|| found(Other, "application/xml", "xml"))
}

/// HTML: an article, a chat, or any other page.
fn page(look: &Look<'_>, start: &str) -> Found {
    if start.contains("class=\"history\"")
        && start.contains("id=\"message")
        && start.contains("tgme") | start.contains("class=\"message ")
    {
        return (found(ChatExport, "text/html", "telegram-html").0, "structure");
    }
    let bytes = crate::random::piece(look.bytes, 0, 4 << 20).unwrap_or_default();
    let kind = if html::is_article(&bytes) { Article } else { Document };
    (found(kind, "text/html", "html").0, "structure")
}

/// Several lines that begin with a date, a time and a name, as WhatsApp writes them.
fn whatsapp(start: &str) -> bool {
    let dated = |line: &str| {
        let line: String = line.chars().filter(|c| !matches!(c, '\u{200e}' | '\u{200f}')).take(80).collect();
        let line = line.replace(['\u{202f}', '\u{a0}'], " ");
        let ios = line.strip_prefix('[');
        let body = ios.unwrap_or(&line);
        let Some((stamp, rest)) = body.split_once(if ios.is_some() { "] " } else { " - " }) else { return false };
        let Some((date, time)) = stamp.split_once([',', ' ']) else { return false };
        let numbers = date
            .split(['.', '/', '-'])
            .filter(|p| !p.is_empty() && p.len() <= 4 && p.bytes().all(|b| b.is_ascii_digit()))
            .count();
        numbers == 3 && time.contains(':') && time.contains(|c: char| c.is_ascii_digit()) && !rest.is_empty()
    };
    let lines: Vec<_> = start.lines().filter(|l| !l.trim().is_empty()).take(200).collect();
    let n = lines.iter().filter(|l| dated(l)).count();
    n >= 2 && n * 5 >= lines.len() && lines.first().is_some_and(|l| dated(l))
}
