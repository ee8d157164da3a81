//! Title, byline, publisher, dates, address, language: as the page states them, never computed.
//!
//! Order of trust: JSON-LD of the article, then `article:*` and Open Graph, then item properties and older names.

use super::tame::Head;
use serde_json::Value;

/// What the page says of itself.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) title: Option<String>,
    pub(super) byline: Option<String>,
    pub(super) publisher: Option<String>,
    pub(super) published: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) canonical: Option<String>,
    pub(super) language: Option<String>,
    /// Stated as an article: type of JSON-LD or Open Graph, or a publication time.
    pub(super) is_article: bool,
    /// JSON-LD and the page's head state different days of publication.
    pub(super) dates_differ: bool,
    /// A JSON-LD block could not be read.
    pub(super) ld_unread: bool,
}

/// Types that are reports.
const ARTICLES: &[&str] = &[
    "Article",
    "NewsArticle",
    "ReportageNewsArticle",
    "AnalysisNewsArticle",
    "BackgroundNewsArticle",
    "OpinionNewsArticle",
    "ReviewNewsArticle",
    "BlogPosting",
    "LiveBlogPosting",
    "SocialMediaPosting",
    "Report",
    "ClaimReview",
    "AdvertiserContentArticle",
];

pub(super) fn metadata(head: &Head) -> Metadata {
    let meta = |names: &[&str]| {
        names.iter().find_map(|n| head.metas.iter().find(|(k, _)| k == n)).map(|(_, v)| v.clone()).and_then(clean)
    };
    let mut ld_unread = false;
    let mut nodes = Vec::new();
    for block in &head.ld {
        match parse(block) {
            Some(value) => collect(value, 0, &mut nodes),
            None => ld_unread = true,
        }
    }
    let ld = nodes.iter().find(|n| types(n).any(|t| ARTICLES.contains(&t)));
    let said = |key: &str| ld.and_then(|n| n.get(key)).and_then(Value::as_str).map(str::to_owned).and_then(clean);
    let time =
        |props: &[&str]| head.times.iter().find(|(p, _)| props.contains(&p.as_str())).map(|(_, t)| t.clone()).and_then(clean);

    let head_published = meta(&["article:published_time", "og:article:published_time"]);
    let ld_published = said("datePublished");
    let dates_differ = matches!((&ld_published, &head_published), (Some(a), Some(b)) if day(a) != day(b));
    let published = ld_published
        .or(head_published)
        .or_else(|| {
            meta(&[
                "datepublished",
                "og:published_time",
                "publication_date",
                "parsely-pub-date",
                "sailthru.date",
                "article.published",
                "dc.date.issued",
                "dcterms.issued",
                "dc.date",
                "dcterms.date",
                "pubdate",
                "publishdate",
                "date",
            ])
        })
        .or_else(|| time(&["datepublished", "pubdate", "datecreated"]))
        .or_else(|| (head.times.len() == 1).then(|| time(&[""])).flatten());
    let modified = said("dateModified")
        .or_else(|| {
            meta(&[
                "article:modified_time",
                "og:updated_time",
                "datemodified",
                "dcterms.modified",
                "lastmod",
                "last-modified",
                "article.updated",
            ])
        })
        .or_else(|| time(&["datemodified"]));
    let names = |key: &str| ld.and_then(|n| n.get(key)).map(name_list).filter(|l| !l.is_empty()).map(|l| l.join(", "));
    let person = |text: String| (!text.starts_with("http://") && !text.starts_with("https://")).then_some(text);
    let byline = names("author")
        .or_else(|| names("creator"))
        .or_else(|| {
            meta(&[
                "author",
                "article:author",
                "article:author_name",
                "parsely-author",
                "dc.creator",
                "dcterms.creator",
                "sailthru.author",
                "byl",
            ])
            .and_then(person)
        })
        .or_else(|| head.authors.first().cloned().and_then(clean));
    let publisher = names("publisher").or_else(|| {
        meta(&["og:site_name", "publisher", "dc.publisher", "dcterms.publisher", "application-name"]).and_then(person)
    });
    let title = said("headline")
        .or_else(|| meta(&["og:title"]))
        .or_else(|| head.heading.clone().and_then(clean))
        .or_else(|| clean(head.title.clone()))
        .or_else(|| meta(&["twitter:title", "dc.title"]));
    let canonical =
        head.canonical.clone().or_else(|| meta(&["og:url"])).or_else(|| said("url")).or_else(|| said("mainEntityOfPage"));
    let language = head
        .lang
        .clone()
        .or_else(|| meta(&["content-language"]))
        .or_else(|| said("inLanguage"))
        .or_else(|| meta(&["og:locale", "dc.language", "language"]));
    let og = meta(&["og:type"]).is_some_and(|t| t.eq_ignore_ascii_case("article"));
    let is_article = ld.is_some() || og || meta(&["article:published_time"]).is_some();
    Metadata { title, byline, publisher, published, modified, canonical, language, is_article, dates_differ, ld_unread }
}

/// The calendar day at the start of a date, if it has that form.
fn day(date: &str) -> &str {
    date.get(..10).unwrap_or(date)
}

/// White space joined, entities that were escaped twice undone, nothing for empty; at most 2000 characters.
fn clean(text: String) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = if text.contains('&') { unescape(&text) } else { text };
    let text: String = text.chars().take(2000).collect();
    (!text.is_empty()).then_some(text)
}

fn unescape(text: &str) -> String {
    let pairs = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#039;", "'"),
        ("&apos;", "'"),
        ("&laquo;", "«"),
        ("&raquo;", "»"),
        ("&nbsp;", " "),
        ("&ndash;", "–"),
        ("&mdash;", "—"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    pairs.iter().fold(text.to_owned(), |t, (from, to)| t.replace(from, to))
}

/// A JSON-LD block; comments and escaping that pages wrap it in are undone.
fn parse(block: &str) -> Option<Value> {
    let text = block.trim().trim_start_matches("<!--").trim_start_matches("//<![CDATA[").trim_start_matches("<![CDATA[");
    let text = text.trim_end_matches("-->").trim_end_matches("//]]>").trim_end_matches("]]>").trim().trim_end_matches(';');
    serde_json::from_str(text).ok().or_else(|| {
        let mended: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        serde_json::from_str(&mended).ok().or_else(|| serde_json::from_str(&unescape(&mended)).ok())
    })
}

/// All nodes: arrays, `@graph`, `mainEntity` opened, to a bounded depth.
fn collect(value: Value, depth: u8, nodes: &mut Vec<Value>) {
    if depth > 4 || nodes.len() > 500 {
        return;
    }
    match value {
        Value::Array(items) => items.into_iter().for_each(|v| collect(v, depth + 1, nodes)),
        Value::Object(mut o) => {
            for key in ["@graph", "mainEntity"] {
                if let Some(inner) = o.remove(key) {
                    collect(inner, depth + 1, nodes);
                }
            }
            nodes.push(Value::Object(o));
        }
        _ => {}
    }
}

fn types(node: &Value) -> impl Iterator<Item = &str> {
    let list: Vec<&str> = match node.get("@type") {
        Some(Value::String(s)) => vec![s],
        Some(Value::Array(a)) => a.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    list.into_iter().map(|t| t.rsplit(['/', ':']).next().unwrap_or(t))
}

/// Names in a text, an object with `name`, or a list of these.
fn name_list(value: &Value) -> Vec<String> {
    let one = |v: &Value| match v {
        Value::String(s) if !s.starts_with("http") => clean(s.clone()),
        Value::Object(o) => match o.get("name") {
            Some(Value::String(s)) => clean(s.clone()),
            Some(Value::Array(a)) => a.first().and_then(Value::as_str).map(str::to_owned).and_then(clean),
            _ => None,
        },
        _ => None,
    };
    match value {
        Value::Array(items) => items.iter().take(32).filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    }
}
