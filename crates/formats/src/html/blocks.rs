//! Paragraphs out of harmless HTML: text between the edges of blocks, white space joined.

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use std::cell::RefCell;

/// A paragraph and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paragraph {
    pub(super) text: String,
    /// Inside `nav`, `footer`, `aside`, or a `header` outside an article.
    pub(super) aside: bool,
    /// Inside `article`, `main`, or an element marked as the article's body.
    pub(super) main: bool,
    /// Characters of its text that are link text.
    pub(super) linked: usize,
}

/// All paragraphs in order; empty ones are left out.
pub(super) fn paragraphs(html: &str) -> Vec<Paragraph> {
    let tokenizer = Tokenizer::new(Sink(RefCell::new(State::default())), Default::default());
    let queue = BufferQueue::default();
    let mut rest = html;
    while !rest.is_empty() {
        let mut cut = rest.len().min(256 * 1024);
        while !rest.is_char_boundary(cut) {
            cut -= 1;
        }
        queue.push_back(StrTendril::from_slice(&rest[..cut]));
        rest = &rest[cut..];
        let _ = tokenizer.feed(&queue);
    }
    tokenizer.end();
    let mut state = tokenizer.sink.0.into_inner();
    state.flush();
    state.out
}

/// All text in one line.
pub(super) fn inline_text(html: &str) -> String {
    paragraphs(html).into_iter().map(|p| p.text).collect::<Vec<_>>().join(" ")
}

struct Sink(RefCell<State>);
impl TokenSink for Sink {
    type Handle = ();
    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut s = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => s.text(&text),
            Token::TagToken(tag) => {
                let marked =
                    tag.attrs.iter().any(|a| &*a.name.local == "itemprop" && a.value.eq_ignore_ascii_case("articleBody"));
                s.tag(&tag.name, tag.kind == TagKind::StartTag, marked);
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct State {
    out: Vec<Paragraph>,
    line: String,
    /// White space stands before the next word.
    gap: bool,
    linked: usize,
    link: usize,
    pre: usize,
    stack: Vec<(String, bool, bool)>,
}

impl State {
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            if self.pre > 0 && c == '\n' {
                self.flush();
            } else if c.is_whitespace() {
                self.gap = true;
            } else if !matches!(c, '\u{200b}' | '\u{ad}' | '\u{feff}') {
                if self.gap && !self.line.is_empty() {
                    self.line.push(' ');
                }
                self.gap = false;
                self.line.push(c);
                self.linked += usize::from(self.link > 0);
            }
        }
    }
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.line);
        let linked = std::mem::take(&mut self.linked);
        self.gap = false;
        if text.is_empty() {
            return;
        }
        let main = self.stack.iter().any(|s| s.2);
        self.out.push(Paragraph { text, aside: self.stack.iter().any(|s| s.1), main, linked });
    }
    fn tag(&mut self, name: &str, start: bool, marked: bool) {
        match name {
            "a" if start => self.link += 1,
            "a" => self.link = self.link.saturating_sub(1),
            "span" | "time" | "em" | "strong" | "b" | "i" | "u" | "font" | "small" | "mark" | "abbr" | "cite" | "q" | "sub"
            | "sup" | "s" => {}
            "pre" if start => {
                self.flush();
                self.pre += 1;
            }
            "td" | "th" => self.gap = true,
            _ => self.flush(),
        }
        match (name, start) {
            ("pre", false) => self.pre = self.pre.saturating_sub(1),
            ("nav" | "footer" | "aside" | "header" | "article" | "main", true) => {
                let aside =
                    name != "article" && name != "main" && !(name == "header" && self.stack.iter().any(|s| s.0 == "article"));
                self.stack.push((name.into(), aside, !aside && name != "header" || marked));
            }
            ("div" | "section", true) => self.stack.push((name.into(), false, marked)),
            ("nav" | "footer" | "aside" | "header" | "article" | "main" | "div" | "section", false) => {
                if let Some(i) = self.stack.iter().rposition(|s| s.0 == name) {
                    self.stack.truncate(i);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_end_at_blocks() {
        let check = |html: &str, expected: &[&str]| {
            assert_eq!(paragraphs(html).iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), expected, "{html}");
        };
        check("<p>a <span>b</span>c</p><p> d\n e </p>", &["a bc", "d e"]);
        check("x<br>y<div>z</div>w", &["x", "y", "z", "w"]);
        check("<pre>a b\n  c</pre>", &["a b", "c"]);
        check("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", &["a b", "c"]);
        check("<p>&lt;b&gt; &amp;amp;</p>", &["<b> &amp;"]);
        check("<p>  </p>", &[]);
    }

    #[test]
    fn places_are_known() {
        let p =
            paragraphs("<nav>a</nav><article><header>b</header>c</article><div itemprop=articleBody>d <a href=x>ef</a></div>");
        let flags: Vec<_> = p.iter().map(|p| (p.text.as_str(), p.aside, p.main, p.linked)).collect();
        assert_eq!(flags, [("a", true, false, 0), ("b", false, true, 0), ("c", false, true, 0), ("d ef", false, true, 2)]);
    }
}
