//! HTML pages and articles.
//!
//! Kept as written: title, byline, publisher, dates, address. Derived: which part of the page is its text, its paragraphs,
//! quotations with whom the text names as speaker. Unknown: what scripts would have shown; nothing is run or fetched. The
//! page itself is the evidence, this reading is a finding aid. See `docs/formats/html.md`.

mod blocks;
mod language;
mod metadata;
mod tame;

pub(crate) use language::determine;

use crate::encoding;
use crate::error::FormatError;
use crate::quotes;
use crate::random::{RandomRead, piece};
use blocks::Paragraph;
use zapys_domain::text::{Block, ReadText};
use zapys_domain::{Checked, EngineIdentity, Finding, Lang, Severity};

/// Name of the format.
pub const FORMAT: &str = "html";
/// Greatest length in bytes.
const MAX_BYTES: u64 = 32 << 20;
/// Pages with more elements are read by the simple way only: finding the article is not linear in time.
const MAX_FOR_ARTICLE: usize = 30_000;
const MAX_HTML_FOR_ARTICLE: usize = 3 << 20;
/// An article has at least so many characters of text.
const MIN_ARTICLE: usize = 140;

/// Readable text with metadata and quotations. Errors: `Empty`, `Read`, `TooLarge`.
pub fn read(bytes: &dyn RandomRead) -> Result<Checked<ReadText>, FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(FormatError::TooLarge { format: FORMAT, bytes: bytes.len(), limit: MAX_BYTES });
    }
    let raw = piece(bytes, 0, MAX_BYTES as usize)?;
    let mut findings = Vec::new();
    let mut note = |code: &str, severity, message: String| findings.push(Finding::whole(code, severity, message));
    let decoded = encoding::decode(&raw, stated_encoding(&raw).as_deref(), false);
    if decoded.basis == "guessed" {
        note(
            "encoding-guessed",
            Severity::Warning,
            format!("The page states no usable encoding; it was read as {}.", decoded.name()),
        );
    }
    if decoded.lossy {
        note(
            "bytes-without-meaning",
            Severity::Warning,
            format!("Some bytes mean nothing in {}; they stand as U+FFFD.", decoded.name()),
        );
    }
    let mut tamed = tame::tame(&decoded.text, false);
    if tamed.comments && blocks::paragraphs(&tamed.body).iter().map(|p| p.text.len()).sum::<usize>() < MIN_ARTICLE {
        // What is marked as comments is all there is.
        tamed = tame::tame(&decoded.text, true);
    }
    drop(decoded);
    let meta = metadata::metadata(&tamed.head);
    if tamed.too_deep {
        note(
            "nested-too-deep",
            Severity::Warning,
            format!("Elements are nested deeper than {}; the text is kept, its structure below is not.", tame::MAX_DEPTH),
        );
    }
    if tamed.too_many {
        note(
            "too-many-elements",
            Severity::Warning,
            "The page has more elements than are read as such; the text is kept.".into(),
        );
    }
    if tamed.hidden {
        note("hidden-text", Severity::Note, "Parts that the page hides from its reader are not in this text.".into());
    }
    if tamed.comments {
        note("comments-left-out", Severity::Note, "Readers' comments on the page are not in this text.".into());
    }
    if meta.ld_unread {
        note(
            "structured-data-unread",
            Severity::Note,
            "A block of structured data on the page is invalid and was not used.".into(),
        );
    }
    if meta.dates_differ {
        note(
            "published-dates-differ",
            Severity::Warning,
            "The page states two different days of publication; the structured data's is given.".into(),
        );
    }
    let all = blocks::paragraphs(&tamed.body);
    let (chosen, how) = article(&tamed, &meta, &all);
    match how {
        How::Found => {}
        How::Simple => note(
            "article-by-structure",
            Severity::Note,
            "The text was chosen by the page's structure, not by weighing its parts.".into(),
        ),
        How::FellOver => note(
            "article-search-failed",
            Severity::Warning,
            "Searching for the article failed; the text was chosen by the page's structure.".into(),
        ),
        How::Everything => note("whole-page", Severity::Note, "No article was found; this is all text of the page.".into()),
    }
    if chosen.is_empty() {
        note("no-text", Severity::Warning, "The page holds no text without running its scripts.".into());
    }
    let mut texts: Vec<String> = chosen;
    if let Some(at) = comments_begin(&texts) {
        texts.truncate(at);
        if !tamed.comments {
            note("comments-left-out", Severity::Note, "Readers' comments on the page are not in this text.".into());
        }
    }
    let stated = meta.language.as_deref().and_then(primary);
    let (language, contradiction) = language::settle(stated, &texts.join("\n"));
    if contradiction {
        note(
            "language-differs",
            Severity::Warning,
            "The language the page states is not the one its letters show; the letters were believed.".into(),
        );
    }
    let quotes = quotes::find(&texts);
    let value = ReadText {
        language,
        title: meta.title,
        byline: meta.byline,
        publisher: meta.publisher,
        published: meta.published,
        modified: meta.modified,
        canonical: meta.canonical,
        engine: engine(),
        pages: Vec::new(),
        blocks: texts.into_iter().map(block).collect(),
        quotes,
    };
    Ok(Checked { value, findings })
}

/// Identity of this reader. Changes whenever its output may change.
pub fn engine() -> EngineIdentity {
    crate::reader::identity(FORMAT, "1")
}

pub(crate) fn block(text: String) -> Block {
    Block { text, page: None, region: None, confidence: None, words: Vec::new(), side: None }
}

/// True where a page says it is an article or has the text of one. `bytes`: its beginning.
pub(crate) fn is_article(bytes: &[u8]) -> bool {
    let decoded = encoding::decode(bytes, stated_encoding(bytes).as_deref(), true);
    let tamed = tame::tame(&decoded.text, false);
    if metadata::metadata(&tamed.head).is_article {
        return true;
    }
    // Without saying so: an article element, or much running text and little else.
    let all = blocks::paragraphs(&tamed.body);
    let running = |p: &&Paragraph| !p.aside && p.text.chars().count() >= 80 && p.linked * 3 < p.text.chars().count();
    let (n, n_main) = (all.iter().filter(running).count(), all.iter().filter(running).filter(|p| p.main).count());
    n_main >= 2 || n >= 4 && tamed.head.heading.is_some()
}

enum How {
    Found,
    Simple,
    FellOver,
    Everything,
}

/// The paragraphs that are the page's text.
fn article(tamed: &tame::Tamed, meta: &metadata::Metadata, all: &[Paragraph]) -> (Vec<String>, How) {
    let length = |p: &[Paragraph]| p.iter().map(|p| p.text.chars().count()).sum::<usize>();
    let mut fell = false;
    if tamed.elements <= MAX_FOR_ARTICLE && tamed.body.len() <= MAX_HTML_FOR_ARTICLE && length(all) >= MIN_ARTICLE {
        let html = format!("<html><head><title></title></head><body>{}</body></html>", tamed.body);
        // A library that weighs parts of foreign pages: should it fall over, the simple way remains.
        match std::panic::catch_unwind(|| weigh(html)) {
            Ok(Some(content)) => {
                let found = blocks::paragraphs(&content);
                let simple = by_structure(all);
                // Short findings on a page with much marked text are a teaser or a box, not the article.
                let enough = length(&found) >= MIN_ARTICLE && length(&found) * 4 >= length(&simple);
                if enough {
                    return (texts(found, meta), How::Found);
                }
            }
            Ok(None) => {}
            Err(_) => fell = true,
        }
    }
    let simple = by_structure(all);
    let how = match (fell, length(&simple) >= MIN_ARTICLE) {
        (true, _) => How::FellOver,
        (false, true) => How::Simple,
        (false, false) => How::Everything,
    };
    if matches!(how, How::Everything) {
        return (all.iter().map(|p| p.text.clone()).collect(), how);
    }
    (texts(simple, meta), how)
}

fn weigh(html: String) -> Option<String> {
    let config = dom_smoothie::Config { max_elements_to_parse: 2 * MAX_FOR_ARTICLE, disable_json_ld: true, ..Default::default() };
    let mut readability = dom_smoothie::Readability::new(html, None, Some(config)).ok()?;
    readability.parse().ok().map(|a| a.content.to_string())
}

/// Marked paragraphs if there are enough of them, else all that are neither navigation nor mostly links.
fn by_structure(all: &[Paragraph]) -> Vec<Paragraph> {
    let body = |p: &&Paragraph| !p.aside && p.linked * 2 <= p.text.chars().count();
    let main: Vec<Paragraph> = all.iter().filter(body).filter(|p| p.main).cloned().collect();
    if main.iter().map(|p| p.text.chars().count()).sum::<usize>() >= MIN_ARTICLE {
        return main;
    }
    all.iter().filter(body).cloned().collect()
}

/// Texts in order, without the title repeated at the top.
fn texts(paragraphs: Vec<Paragraph>, meta: &metadata::Metadata) -> Vec<String> {
    let mut list: Vec<String> = paragraphs.into_iter().map(|p| p.text).collect();
    if list.len() > 1 && meta.title.as_ref().is_some_and(|t| *t == list[0]) {
        list.remove(0);
    }
    list
}

/// Where a heading such as `Comments (3)` stands behind enough text to be the end of the article.
fn comments_begin(texts: &[String]) -> Option<usize> {
    let mut before = 0;
    for (i, t) in texts.iter().enumerate() {
        let bare = t.to_lowercase();
        let bare = bare.trim_matches(|c: char| !c.is_alphabetic());
        if before >= MIN_ARTICLE
            && matches!(
                bare,
                "comments"
                    | "top rated comments"
                    | "leave a comment"
                    | "reader comments"
                    | "коментарі"
                    | "комментарии"
                    | "kommentare"
                    | "обговорення"
                    | "обсуждение"
            )
        {
            return Some(i);
        }
        before += t.chars().count();
    }
    None
}

/// `uk` from `uk-UA`; nothing where it is no language tag.
fn primary(tag: &str) -> Option<Lang> {
    let tag = tag.trim().split(['-', '_', ',', ' ']).next()?;
    // `ua` is a country that pages write for its language.
    Lang::parse(if tag.eq_ignore_ascii_case("ua") { "uk" } else { tag }).filter(|l| l.as_str().len() <= 3 && !l.is_und())
}

/// The encoding named in the first kilobytes: `charset=` in a meta element or an XML declaration.
fn stated_encoding(raw: &[u8]) -> Option<String> {
    let head: String = raw.iter().take(4096).map(|&b| if b.is_ascii() { b.to_ascii_lowercase() as char } else { '?' }).collect();
    for (at, key) in ["charset=", "encoding="].iter().filter_map(|k| Some((head.find(k)?, k))) {
        let label: String = head[at + key.len()..]
            .trim_start_matches(['"', '\'', ' '])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
            .collect();
        if encoding_rs::Encoding::for_label(label.as_bytes()).is_some() {
            return Some(label);
        }
    }
    None
}

#[cfg(test)]
mod tests;
