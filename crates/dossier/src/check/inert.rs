//! Whether a report is inert: no script, nothing loaded from elsewhere, nothing that acts by itself.
//!
//! This is a list of what may occur, not of what may not: the report uses few elements and attributes, and anything
//! beyond them is a fault. The text is scanned in pieces; only one tag or one style sheet is held at a time.

use std::io::{self, Read};

const ELEMENTS: [&str; 58] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "main",
    "section",
    "article",
    "nav",
    "footer",
    "aside",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "a",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "span",
    "div",
    "b",
    "i",
    "em",
    "strong",
    "code",
    "pre",
    "details",
    "summary",
    "figure",
    "figcaption",
    "img",
    "audio",
    "small",
    "br",
    "hr",
    "time",
    "mark",
    "bdi",
    "q",
    "blockquote",
    "svg",
    "path",
    "s",
    "abbr",
];
const ATTRIBUTES: [&str; 30] = [
    "class",
    "id",
    "lang",
    "dir",
    "href",
    "src",
    "alt",
    "title",
    "colspan",
    "rowspan",
    "scope",
    "datetime",
    "charset",
    "name",
    "content",
    "http-equiv",
    "open",
    "controls",
    "preload",
    "width",
    "height",
    "viewbox",
    "d",
    "role",
    "aria-label",
    "aria-hidden",
    "aria-labelledby",
    "preserveaspectratio",
    "translate",
    "rel",
];
/// Longest tag or style sheet, in bytes.
const MAX_PIECE: usize = 1 << 20;

/// Why a report is not inert. Positions are in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotInert {
    pub(crate) at: u64,
    pub(crate) why: &'static str,
}

enum Where {
    Text,
    Tag,
    Comment,
    Style,
}

/// Scans HTML. `Ok(None)`: inert. Errors: those of `from`.
pub(crate) fn scan(from: &mut dyn Read) -> io::Result<Option<NotInert>> {
    let mut buffer = vec![0; 64 * 1024];
    let (mut piece, mut state, mut at, mut quote) = (Vec::new(), Where::Text, 0u64, None);
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            let cut = !matches!(state, Where::Text);
            return Ok(cut.then_some(NotInert { at, why: "ends inside a tag" }));
        }
        for &b in &buffer[..n] {
            at += 1;
            let fault = match state {
                Where::Text => {
                    if b == b'<' {
                        (state, quote) = (Where::Tag, None);
                        piece.clear();
                    }
                    None
                }
                Where::Tag => match (b, quote) {
                    (b'>', None) => {
                        let (next, fault) = tag(&piece);
                        state = next;
                        piece.clear();
                        fault
                    }
                    (q @ (b'"' | b'\''), None) => {
                        quote = Some(q);
                        piece.push(b);
                        None
                    }
                    _ => {
                        if quote == Some(b) {
                            quote = None;
                        }
                        piece.push(b);
                        if piece == b"!--" {
                            state = Where::Comment;
                        }
                        None
                    }
                },
                Where::Comment => Some("holds a comment"),
                Where::Style => {
                    piece.push(b.to_ascii_lowercase());
                    if piece.ends_with(b"</style>") {
                        state = Where::Text;
                        style(&piece)
                    } else {
                        None
                    }
                }
            };
            let fault = fault.or((piece.len() > MAX_PIECE).then_some("has a tag or style sheet that is too long"));
            if let Some(why) = fault {
                return Ok(Some(NotInert { at, why }));
            }
        }
    }
}

fn style(css: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(css);
    let bad = ["url(", "@import", "expression", "javascript", "\\", "image-set", "src(", "@font-face", "</style/", "behavior"];
    bad.iter().any(|b| text.contains(b)).then_some("has a style sheet that may load something")
}

fn tag(piece: &[u8]) -> (Where, Option<&'static str>) {
    let Ok(text) = std::str::from_utf8(piece) else { return (Where::Text, Some("has a tag that is not UTF-8")) };
    let lower = text.to_ascii_lowercase();
    if lower == "!doctype html" {
        return (Where::Text, None);
    }
    if let Some(name) = lower.strip_prefix('/') {
        let known = ELEMENTS.contains(&name.trim_end());
        return (Where::Text, (!known).then_some("has an element that no report has"));
    }
    let end = lower.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(lower.len());
    if !ELEMENTS.contains(&&lower[..end]) {
        return (Where::Text, Some("has an element that no report has"));
    }
    let next = if &lower[..end] == "style" { Where::Style } else { Where::Text };
    (next, attributes(&text[end..]))
}

fn attributes(mut rest: &str) -> Option<&'static str> {
    const MALFORMED: Option<&str> = Some("has a malformed tag");
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest == "/" {
            return None;
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace() || c == '/').unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        if !ATTRIBUTES.contains(&name.as_str()) {
            return Some("has an attribute that no report has");
        }
        rest = rest[end..].trim_start();
        let Some(after) = rest.strip_prefix('=') else { continue };
        let after = after.trim_start();
        let Some(q) = after.chars().next().filter(|c| *c == '"' || *c == '\'') else { return MALFORMED };
        let Some((value, tail)) = after[1..].split_once(q) else { return MALFORMED };
        rest = tail;
        match name.as_str() {
            "href" | "src" if !is_local(value) => return Some("refers to something outside the production"),
            "http-equiv" if !value.eq_ignore_ascii_case("content-security-policy") => return Some("acts by itself"),
            "rel" if value != "noreferrer" => return Some("refers to something outside the production"),
            _ => {}
        }
    }
}

/// A place in this page, or a file beside it by relative path. Entities are not decoded: a reference that needs one is
/// no reference of ours.
fn is_local(value: &str) -> bool {
    let v = value.trim();
    let plain = v.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./#".contains(&b));
    plain && !v.starts_with('/') && !v.contains("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_report_needs_is_inert() {
        let check = |html: &str, inert: bool| {
            let found = scan(&mut html.as_bytes()).expect("reads");
            assert_eq!(found.is_none(), inert, "{html}: {found:?}");
        };
        check("<!doctype html><html lang=\"uk\"><p class=\"a\">&lt;script&gt; a > b</p><br/></html>", true);
        check("<a href=\"#E-0001\">x</a><a href='../exhibits/E-0001/E-0001.ogg'>y</a>", true);
        check("<style>p{color:#123456}</style>", true);
        check("<svg viewBox=\"0 0 1 1\"><path d=\"M0 0\"/></svg>", true);
        for bad in [
            "<script>x</script>",
            "<SCRIPT src=x>",
            "<p onclick=\"x\">",
            "<img src=\"https://example.test/x\">",
            "<img src=\"//example.test/x\">",
            "<img src=\"data:image/svg+xml,x\">",
            "<a href=\"javascript:alert(1)\">",
            "<a href=\"java&#115;cript:alert(1)\">",
            "<a href=/etc/passwd>",
            "<a href=\"/etc/passwd\">",
            "<link rel=stylesheet href=x>",
            "<meta http-equiv=\"refresh\" content=\"0;x\">",
            "<base href=\"x\">",
            "<iframe>",
            "<form action=x>",
            "<style>@import 'x'</style>",
            "<style>p{background:URL(x)}</style>",
            "<style>p{background:u\\72l(x)}</style>",
            "<p style=\"x\">",
            "<!-- x -->",
            "<svg><foreignObject>",
            "<p class=\"a",
            "<p class=a\"b>",
            "<a ping=\"x\" href=\"#\">",
            "<audio autoplay src=\"a.ogg\">",
            "<p\0>",
        ] {
            check(bad, false);
        }
        assert!(scan(&mut format!("<p class=\"{}\">", "a".repeat(2 << 20)).as_bytes()).expect("reads").is_some());
    }
}
