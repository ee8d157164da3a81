//! Certificate drafts on paper: facts, blanks to complete by hand, and on every page that it is a draft.

use super::document::{Block, Document, Face, KeyValue, Run, Section, Size, Text, Tone};
use super::{Meta, PrintError, typeset};
use crate::extract::Extract;
use crate::papers::certificates::Page;

/// A draft as a document. `None` in a fact becomes a line to be filled in.
pub fn certificate(page: &Page) -> Document {
    let mut blocks = vec![
        Block::Paragraph(Text::new(vec![Run::new(&page.over).tone(Tone::Soft)])),
        Block::Heading { level: 1, text: Text::plain(&page.title), anchor: None, outline: None },
        Block::Note { text: Text::new(vec![Run::new(&page.notice).face(Face::Bold)]), good: false },
    ];
    for s in &page.sections {
        blocks.push(Block::Heading { level: 2, text: Text::plain(&s.heading), anchor: None, outline: None });
        if !s.lead.is_empty() {
            blocks.push(Block::Paragraph(Text::new(vec![Run::new(&s.lead).face(Face::Serif)]).size(Size::Reading)));
        }
        let said = s.facts.iter().filter_map(|(term, value)| value.as_ref().map(|v| (term, v)));
        let said: Vec<KeyValue> = said.map(|(term, value)| fact(term, value)).collect();
        if !said.is_empty() {
            blocks.push(Block::KeyValues(said));
        }
        let blanks: Vec<String> = s.facts.iter().filter(|(_, v)| v.is_none()).map(|(t, _)| t.clone()).collect();
        if !blanks.is_empty() {
            blocks.push(Block::Blanks(blanks));
        }
    }
    blocks.push(Block::Undrawn);
    Document { sections: vec![Section { running: "DRAFT".into(), blocks }] }
}

fn fact(term: &str, value: &str) -> KeyValue {
    // Digests, ids and roots: fixed record.
    let record = value.len() >= 26 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    let run = Run::new(value).face(if record { Face::Mono } else { Face::Sans });
    KeyValue {
        term: Text::new(vec![Run::new(term).tone(Tone::Dim)]),
        value: Text::new(vec![run]),
        wide: record || value.len() > 40,
    }
}

/// A draft as a PDF. Errors: [`PrintError`].
pub(crate) fn certificate_pdf(extract: &Extract, page: &Page) -> Result<Vec<u8>, PrintError> {
    let meta = Meta { title: format!("Draft: {}", page.over), foot: "DRAFT, not signed".into(), ..Meta::of(extract) };
    typeset(&certificate(page), &meta)
}
