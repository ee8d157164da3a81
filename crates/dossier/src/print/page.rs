//! Our own HTML, read back into a tree. The report is written once, as HTML; what is printed is read from that, so that
//! both say the same.

use html5ever::buffer_queue::BufferQueue;
use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use std::cell::RefCell;

/// Part of a page.
pub(super) enum Node {
    Element(Element),
    Text(String),
}

/// An element with what is in it.
#[derive(Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}
impl Element {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    pub(super) fn is(&self, class: &str) -> bool {
        self.get("class").is_some_and(|c| c.split_ascii_whitespace().any(|c| c == class))
    }
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|c| if let Node::Element(e) = c { Some(e) } else { None })
    }
    /// The first element of this name, however deep.
    pub(super) fn find(&self, name: &str) -> Option<&Element> {
        self.elements().find_map(|e| if e.name == name { Some(e) } else { e.find(name) })
    }
}

/// Reads a page or a part of one. Never fails: what is not closed is closed at the end.
pub(super) fn read(html: &str) -> Element {
    let sink = Tree { open: RefCell::new(vec![Element::default()]) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(html.into());
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    let mut open = tokenizer.sink.open.into_inner();
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().unwrap_or_default()
}

struct Tree {
    open: RefCell<Vec<Element>>,
}
impl TokenSink for Tree {
    type Handle = ();
    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut open = self.open.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let attributes = tag.attrs.into_iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
                let name = tag.name.to_string();
                let empty = tag.self_closing || ["br", "img", "meta", "link", "hr", "input", "path"].contains(&name.as_str());
                open.push(Element { name, attributes, children: Vec::new() });
                if empty {
                    close(&mut open);
                }
            }
            Token::TagToken(tag) if open.iter().skip(1).any(|e| *e.name == *tag.name) => {
                while open.len() > 1 && open.last().is_some_and(|e| *e.name != *tag.name) {
                    close(&mut open);
                }
                close(&mut open);
            }
            Token::CharacterTokens(text) => {
                if let Some(within) = open.last_mut() {
                    match within.children.last_mut() {
                        Some(Node::Text(before)) => before.push_str(&text),
                        _ => within.children.push(Node::Text(text.to_string())),
                    }
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
fn close(open: &mut Vec<Element>) {
    if open.len() > 1
        && let Some(done) = open.pop()
        && let Some(within) = open.last_mut()
    {
        within.children.push(Node::Element(done));
    }
}
