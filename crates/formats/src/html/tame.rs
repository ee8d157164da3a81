//! Makes foreign HTML harmless before anything builds a tree of it.
//!
//! One pass over the tokens of html5ever, linear in time: scripts, styles, frames, forms' controls and hidden parts are
//! dropped, formatting is unwrapped, what is left is written out again strictly nested and at most [`MAX_DEPTH`] deep. A
//! tree builder given the original can be made to need quadratic time or memory (deep nesting, unclosed formatting); given
//! this it cannot. On the way it collects what the head says.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use std::cell::RefCell;

/// Greatest nesting written out; deeper elements lose their tags and keep their text.
pub(super) const MAX_DEPTH: usize = 128;
/// Greatest number of elements written out; what follows loses its tags.
const MAX_ELEMENTS: usize = 200_000;
/// Text is parted after so many characters: writing out one long text with many `&` or `«` costs quadratic time in the
/// library that weighs the page.
const MAX_RUN: usize = 1000;
/// Bounds on what the head may say.
const MAX_METAS: usize = 2000;
const MAX_LD: usize = 64;
const MAX_LD_BYTES: usize = 1 << 20;

/// Harmless HTML and what was collected.
#[derive(Default, Debug)]
pub(super) struct Tamed {
    /// Content of the body, strictly nested.
    pub(super) body: String,
    pub(super) head: Head,
    /// Elements written out.
    pub(super) elements: usize,
    /// Nested too deep; tags dropped.
    pub(super) too_deep: bool,
    /// More elements than are written out.
    pub(super) too_many: bool,
    /// Text that the page hides from its reader was left out.
    pub(super) hidden: bool,
    /// A part marked as readers' comments was left out.
    pub(super) comments: bool,
}

/// What the document says of itself outside its text.
#[derive(Default, Debug)]
pub(super) struct Head {
    pub(super) title: String,
    pub(super) lang: Option<String>,
    /// `name`, `property`, `itemprop` or `http-equiv` in lower case, and `content`, in order.
    pub(super) metas: Vec<(String, String)>,
    pub(super) canonical: Option<String>,
    /// JSON-LD blocks as written.
    pub(super) ld: Vec<String>,
    /// `datetime` of `time` elements with their `itemprop`, in order.
    pub(super) times: Vec<(String, String)>,
    /// Text of elements marked as author.
    pub(super) authors: Vec<String>,
    /// Text of the first main heading.
    pub(super) heading: Option<String>,
}

/// Runs the pass. `with_comments`: keep parts marked as readers' comments.
pub(super) fn tame(html: &str, with_comments: bool) -> Tamed {
    let sink = Sink(RefCell::new(State { with_comments, ..State::default() }));
    let tokenizer = Tokenizer::new(sink, Default::default());
    let queue = BufferQueue::default();
    // Fed in pieces: one tendril holds at most 4 GiB, and small ones keep buffers small.
    let mut rest = html;
    while !rest.is_empty() {
        let mut cut = rest.len().min(256 * 1024);
        while !rest.is_char_boundary(cut) {
            cut -= 1;
        }
        queue.push_back(StrTendril::from_slice(&rest[..cut]));
        rest = &rest[cut..];
        // This sink never hands control back for a script: nothing is ever run.
        let _ = tokenizer.feed(&queue);
    }
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Sink(RefCell<State>);
impl TokenSink for Sink {
    type Handle = ();
    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => state.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return state.start(&tag),
            Token::TagToken(tag) => state.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Elements that take their content with them, read as markup.
const DROPPED: &[&str] = &[
    "noscript", "template", "object", "applet", "canvas", "svg", "math", "audio", "video", "select", "button", "dialog",
    "datalist", "picture", "map", "frameset", "menu",
];
/// Elements whose content the tokenizer must not read as markup.
const RAW: &[&str] = &["style", "xmp", "iframe", "noembed", "noframes"];
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// Elements that are written out, besides paragraphs' relatives below.
const KEPT: &[&str] = &[
    "div",
    "p",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "nav",
    "aside",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "pre",
    "figure",
    "figcaption",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "caption",
    "address",
    "a",
    "span",
    "time",
];
/// Kept, but they stand inside a line.
const INLINE: &[&str] = &["a", "span", "time"];

#[derive(Default)]
struct Open {
    name: String,
    /// Its content is left out.
    drop: bool,
    /// Its tag was written.
    written: bool,
    /// Collects its text for the head.
    collect: Option<Collect>,
    from: usize,
}
#[derive(Clone, Copy, PartialEq)]
enum Collect {
    Author,
    Heading,
}

#[derive(Default)]
struct State {
    with_comments: bool,
    out: Tamed,
    stack: Vec<Open>,
    dropping: usize,
    /// Start tags beyond the depth, whose end tags are to be ignored.
    overflow: usize,
    /// Inside title or a script block: where text goes.
    capture: Option<Capture>,
    captured: String,
    /// Characters since text was last parted.
    run: usize,
}
#[derive(Clone, Copy, PartialEq)]
enum Capture {
    Title,
    Ld,
    Nothing,
}

impl State {
    fn text(&mut self, text: &str) {
        match self.capture {
            Some(Capture::Nothing) => {}
            Some(_) => {
                if self.captured.len() + text.len() <= MAX_LD_BYTES {
                    self.captured.push_str(text);
                }
            }
            None if self.dropping > 0 => {}
            None => {
                for c in text.chars() {
                    self.run += 1;
                    if self.run >= MAX_RUN {
                        self.run = 0;
                        self.out.body.push_str("<span></span>");
                    }
                    match c {
                        '&' => self.out.body.push_str("&amp;"),
                        '<' => self.out.body.push_str("&lt;"),
                        '>' => self.out.body.push_str("&gt;"),
                        '\0' => {}
                        c => self.out.body.push(c),
                    }
                }
            }
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        let attribute = |wanted: &str| tag.attrs.iter().find(|a| &*a.name.local == wanted).map(|a| &*a.value);
        match name {
            "script" => {
                let ld = attribute("type").is_some_and(|t| t.to_ascii_lowercase().contains("ld+json"));
                self.capture = Some(if ld && self.out.head.ld.len() < MAX_LD { Capture::Ld } else { Capture::Nothing });
                self.captured.clear();
                return TokenSinkResult::RawData(RawKind::ScriptData);
            }
            // A title inside a drawing is no title of the page.
            "title" | "textarea" => {
                let first = name == "title" && self.out.head.title.is_empty() && self.dropping == 0;
                self.capture = Some(if first { Capture::Title } else { Capture::Nothing });
                self.captured.clear();
                return TokenSinkResult::RawData(RawKind::Rcdata);
            }
            n if RAW.contains(&n) => {
                self.capture = Some(Capture::Nothing);
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            "html" => {
                self.out.head.lang =
                    self.out.head.lang.take().or_else(|| attribute("lang").or(attribute("xml:lang")).map(Into::into))
            }
            "meta" | "link" => self.head(name, &attribute),
            "plaintext" => return TokenSinkResult::Continue,
            "br" | "hr" if self.dropping == 0 => self.out.body.push_str("<br>"),
            "q" if self.dropping == 0 => self.out.body.push('“'),
            _ => {}
        }
        if name == "time"
            && self.out.head.times.len() < MAX_METAS
            && let Some(when) = attribute("datetime")
        {
            self.out.head.times.push((attribute("itemprop").unwrap_or_default().to_ascii_lowercase(), when.into()));
        }
        if matches!(name, "body" | "html" | "form" | "q") || VOID.contains(&name) {
            return TokenSinkResult::Continue;
        }
        // Drawings may close themselves; elsewhere the slash means nothing.
        let drop = DROPPED.contains(&name);
        if drop && tag.self_closing {
            return TokenSinkResult::Continue;
        }
        // An element of a site's own stands for a block.
        let name = if name.contains('-') || matches!(name, "center" | "details" | "summary" | "hgroup" | "fieldset" | "dir") {
            "div"
        } else {
            name
        };
        let hidden = attribute("hidden").is_some() || attribute("style").is_some_and(conceals);
        if !drop && !KEPT.contains(&name) {
            return TokenSinkResult::Continue;
        }
        if name == "a" && (attribute("href").is_none() || self.stack.iter().any(|o| o.name == "a")) {
            return TokenSinkResult::Continue;
        }
        self.imply_ends(name);
        if self.stack.len() >= MAX_DEPTH {
            self.overflow += 1;
            self.out.too_deep = true;
            if !INLINE.contains(&name) && self.dropping == 0 {
                self.out.body.push_str("<br>");
            }
            return TokenSinkResult::Continue;
        }
        let comments = !self.with_comments
            && matches!(name, "div" | "section" | "ol" | "ul" | "aside" | "article")
            && ["id", "class"].iter().filter_map(|k| attribute(k)).any(holds_comments);
        self.out.hidden |= hidden && !drop;
        self.out.comments |= comments;
        let hidden = hidden || comments;
        let open = Open { name: name.to_owned(), drop: drop || hidden, from: self.out.body.len(), ..Open::default() };
        self.stack.push(open);
        self.dropping += usize::from(drop || hidden);
        if self.dropping > 0 {
            return TokenSinkResult::Continue;
        }
        if self.out.elements >= MAX_ELEMENTS {
            self.out.too_many = true;
            if !INLINE.contains(&name) {
                self.out.body.push_str("<br>");
            }
            return TokenSinkResult::Continue;
        }
        self.out.elements += 1;
        let author = attribute("itemprop").is_some_and(|v| v.eq_ignore_ascii_case("author"))
            || attribute("rel").is_some_and(|v| v.eq_ignore_ascii_case("author"));
        let collect = match () {
            () if author && self.out.head.authors.len() < 16 => Some(Collect::Author),
            () if name == "h1" && self.out.head.heading.is_none() => Some(Collect::Heading),
            () => None,
        };
        self.out.body.push('<');
        self.out.body.push_str(name);
        for key in ["class", "id", "role", "itemprop", "rel", "href", "datetime"] {
            if let Some(value) = attribute(key).filter(|v| v.len() <= 1000 && (key != "href" || name == "a")) {
                self.out.body.push_str(&format!(" {key}=\"{}\"", value.replace('&', "&amp;").replace('"', "&quot;")));
            }
        }
        self.out.body.push('>');
        if let Some(top) = self.stack.last_mut() {
            (top.written, top.collect, top.from) = (true, collect, self.out.body.len());
        }
        TokenSinkResult::Continue
    }

    /// What a `meta` or `link` says.
    fn head<'t>(&mut self, name: &str, attribute: &dyn Fn(&str) -> Option<&'t str>) {
        let head = &mut self.out.head;
        if name == "link" {
            let canonical =
                attribute("rel").is_some_and(|r| r.split_ascii_whitespace().any(|w| w.eq_ignore_ascii_case("canonical")));
            if canonical && head.canonical.is_none() {
                head.canonical = attribute("href").map(str::trim).filter(|h| !h.is_empty()).map(Into::into);
            }
            return;
        }
        let Some(content) = attribute("content").map(str::trim).filter(|c| !c.is_empty() && c.len() <= 10_000) else { return };
        for key in ["property", "name", "itemprop", "http-equiv"] {
            if let Some(k) = attribute(key).filter(|k| k.len() <= 200)
                && head.metas.len() < MAX_METAS
            {
                head.metas.push((k.trim().to_ascii_lowercase(), content.into()));
            }
        }
    }

    /// Closes what a start tag closes by itself: a paragraph before a block, an item before the next.
    fn imply_ends(&mut self, name: &str) {
        let (closes, walls): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tr" => (&["tr"], &["table"]),
            "thead" | "tbody" | "tfoot" => (&["thead", "tbody", "tfoot"], &["table"]),
            _ if INLINE.contains(&name) => return,
            _ => (&["p"], &["td", "th", "table", "li", "div", "blockquote", "section", "article"]),
        };
        let mut find = None;
        for (i, o) in self.stack.iter().enumerate().rev() {
            if closes.contains(&o.name.as_str()) {
                find = Some(i);
                break;
            }
            if walls.contains(&o.name.as_str()) {
                break;
            }
        }
        if let Some(i) = find {
            self.close_to(i);
        } else if matches!(name, "li" | "dt" | "dd" | "td" | "th" | "tr")
            && let Some(i) = self.stack.iter().rposition(|o| o.name == "p")
            && self.stack[i..].iter().skip(1).all(|o| INLINE.contains(&o.name.as_str()))
        {
            self.close_to(i);
        }
    }

    fn end(&mut self, name: &str) {
        if self.capture.is_some() && (name == "script" || name == "title" || name == "textarea" || RAW.contains(&name)) {
            let text = std::mem::take(&mut self.captured);
            match self.capture.take() {
                Some(Capture::Title) => self.out.head.title = text.split_whitespace().collect::<Vec<_>>().join(" "),
                Some(Capture::Ld) if !text.trim().is_empty() => self.out.head.ld.push(text),
                _ => {}
            }
            return;
        }
        if name == "q" && self.dropping == 0 {
            self.out.body.push('”');
        }
        let name = if name.contains('-') || matches!(name, "center" | "details" | "summary" | "hgroup" | "fieldset" | "dir") {
            "div"
        } else {
            name
        };
        if !KEPT.contains(&name) && !DROPPED.contains(&name) {
            return;
        }
        if self.overflow > 0 && name != "a" {
            self.overflow -= 1;
            return;
        }
        // An end tag does not reach out of a table cell, nor an inline one out of a block.
        for i in (0..self.stack.len()).rev() {
            let open = &self.stack[i].name;
            if open == name {
                self.close_to(i);
                return;
            }
            let wall = matches!(open.as_str(), "td" | "th") && !matches!(name, "table" | "tr" | "tbody" | "thead" | "tfoot");
            if wall || INLINE.contains(&name) && !INLINE.contains(&open.as_str()) {
                return;
            }
        }
    }

    fn close_to(&mut self, keep: usize) {
        while self.stack.len() > keep {
            let Some(open) = self.stack.pop() else { return };
            self.dropping -= usize::from(open.drop);
            if let Some(what) = open.collect {
                let text = super::blocks::inline_text(self.out.body.get(open.from..).unwrap_or_default());
                match what {
                    Collect::Author if !text.is_empty() && text.chars().count() <= 200 => self.out.head.authors.push(text),
                    Collect::Heading if !text.is_empty() => self.out.head.heading = Some(text),
                    _ => {}
                }
            }
            if open.written {
                self.out.body.push_str("</");
                self.out.body.push_str(&open.name);
                self.out.body.push('>');
            }
        }
    }

    fn finish(mut self) -> Tamed {
        self.close_to(0);
        self.out
    }
}

/// True where an id or class names the readers' comments as a whole.
fn holds_comments(names: &str) -> bool {
    names.split_ascii_whitespace().take(50).any(|n| {
        matches!(
            n.to_ascii_lowercase().as_str(),
            "comments"
                | "comment-list"
                | "commentlist"
                | "comments-area"
                | "comments-list"
                | "comment-section"
                | "comments-section"
                | "comments-wrapper"
                | "comments-container"
                | "commentsblock"
                | "disqus_thread"
                | "respond"
                | "comment-respond"
                | "post-comments"
                | "article-comments"
        )
    })
}

/// True where a style makes the element invisible.
fn conceals(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).take(2000).collect::<String>().to_ascii_lowercase();
    style.contains("display:none") || style.contains("visibility:hidden")
}
