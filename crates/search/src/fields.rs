//! The fields of the index, and how a passage becomes a document.
//!
//! Both languages share one lemma field: a phrase may run through both, and a Ukrainian form then meets a Russian one of the
//! same lemma. What only widens a search (kin, sounds, groups) stands apart, so that it can be weighed less.

use crate::lexicon::{Keys, Lexicon, Word};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{PreTokenizedString, Token};
use tantivy::{TantivyDocument, Term};
use zapys_domain::ItemId;
use zapys_domain::passage::{Layer, Passage};

/// Written beside the index. Goes up whenever a text would be analysed differently; older folders are then built again.
pub(crate) const VERSION: &str = "zapys search index 2\n";

/// Handles of the fields.
#[derive(Clone)]
pub(crate) struct Fields {
    pub schema: Schema,
    pub item: Field,
    /// Item and layer: what is replaced together.
    pub place: Field,
    pub kind: Field,
    pub layer: Field,
    pub segment: Field,
    pub start_ms: Field,
    pub language: Field,
    /// Full tag and primary language, for filters.
    pub lang: Field,
    pub text: Field,
    pub translation: Field,
    /// Number of the revision whose words these are.
    pub revision: Field,
    /// Folded words as they stand.
    pub exact: Field,
    /// Lemmas of both languages, English stems, stems of unknown words.
    pub lemma: Field,
    /// Heads of word families.
    pub kin: Field,
    /// Sounds (`s:`), groups of the alias table (`g:`), telephone numbers (`n:`).
    pub alias: Field,
    /// Words and lemmas of the translation.
    pub translated: Field,
    /// Order of equal hits: item as two halves, then layer and place in the feed.
    pub item_high: Field,
    pub item_low: Field,
    pub order: Field,
}

/// Names of the columns that order equal hits.
pub(crate) const ORDER_COLUMNS: [&str; 3] = ["item_high", "item_low", "order"];

impl Fields {
    pub fn new() -> Self {
        let indexed = |record, with_norms| {
            let indexing = TextFieldIndexing::default().set_tokenizer("raw").set_index_option(record).set_fieldnorms(with_norms);
            TextOptions::default().set_indexing_options(indexing)
        };
        let words = indexed(IndexRecordOption::WithFreqsAndPositions, true);
        let bag = indexed(IndexRecordOption::Basic, false);
        let mut schema = Schema::builder();
        Self {
            item: schema.add_text_field("item", STRING | STORED),
            place: schema.add_text_field("place", STRING),
            kind: schema.add_text_field("kind", STRING | STORED),
            layer: schema.add_text_field("layer", STRING | STORED),
            segment: schema.add_text_field("segment", STORED),
            start_ms: schema.add_u64_field("start_ms", STORED | INDEXED),
            language: schema.add_text_field("language", STORED),
            lang: schema.add_text_field("lang", STRING),
            text: schema.add_text_field("text", STORED),
            translation: schema.add_text_field("translation", STORED),
            revision: schema.add_u64_field("revision", STORED),
            exact: schema.add_text_field("exact", words.clone()),
            lemma: schema.add_text_field("lemma", words.clone()),
            kin: schema.add_text_field("kin", bag.clone()),
            alias: schema.add_text_field("alias", bag),
            translated: schema.add_text_field("translated", words),
            item_high: schema.add_u64_field("item_high", FAST),
            item_low: schema.add_u64_field("item_low", FAST),
            order: schema.add_u64_field("order", FAST),
            schema: schema.build(),
        }
    }

    /// The term that all passages of an item and layer have.
    pub fn place_term(&self, item: ItemId, layer: Layer) -> Term {
        Term::from_field_text(self.place, &place(item, layer))
    }

    /// `idx`: place in the feed of this item and layer.
    pub fn document(&self, lexicon: &Lexicon, item: ItemId, layer: Layer, idx: usize, passage: &Passage) -> TantivyDocument {
        let mut doc = TantivyDocument::new();
        let id = item.to_string();
        doc.add_text(self.item, &id);
        doc.add_text(self.place, place(item, layer));
        doc.add_text(self.kind, passage.kind.word());
        doc.add_text(self.layer, layer.word());
        doc.add_text(self.segment, &passage.segment);
        if let Some(start_ms) = passage.start_ms {
            doc.add_u64(self.start_ms, start_ms);
        }
        let tag = passage.language.as_str();
        doc.add_text(self.language, tag);
        doc.add_text(self.lang, tag);
        if let Some((primary, _)) = tag.split_once('-') {
            doc.add_text(self.lang, primary);
        }
        doc.add_text(self.text, &passage.text);
        if let Some(number) = passage.revision {
            doc.add_u64(self.revision, number.into());
        }

        let words = lexicon.words(&passage.text);
        doc.add_pre_tokenized_text(self.exact, stream(&words, |w, keys| keys.push(&w.token.key)));
        doc.add_pre_tokenized_text(self.lemma, stream(&words, |w, keys| keys.extend(w.keys.lemmas.iter().map(String::as_str))));
        doc.add_pre_tokenized_text(self.kin, bag(words.iter().flat_map(|w| &w.keys.kin).cloned()));
        let sounds = words.iter().flat_map(|w| &w.keys.sounds).map(|s| sound_key(s));
        let groups = lexicon.aliases(&words).into_iter().map(|(key, _, _)| key);
        doc.add_pre_tokenized_text(self.alias, bag(sounds.chain(groups)));
        if let Some(translation) = &passage.translation {
            doc.add_text(self.translation, translation);
            let words = lexicon.words(translation);
            doc.add_pre_tokenized_text(self.translated, stream(&words, |w, keys| keys.extend(both(&w.token.key, &w.keys))));
        }

        let number = id_number(item);
        doc.add_u64(self.item_high, (number >> 64) as u64);
        doc.add_u64(self.item_low, number as u64);
        doc.add_u64(self.order, ((layer as u64) << 48) | (idx as u64 & 0xffff_ffff_ffff));
        doc
    }
}

fn place(item: ItemId, layer: Layer) -> String {
    format!("{item}/{}", layer.word())
}

/// The number behind an identifier: 26 signs of Crockford's base 32, which order as the texts do.
fn id_number(item: ItemId) -> u128 {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    item.to_string().bytes().fold(0u128, |n, b| (n << 5) | ALPHABET.iter().position(|a| *a == b).unwrap_or_default() as u128)
}

/// Key in the alias field for a sound.
pub(crate) fn sound_key(sound: &str) -> String {
    format!("s:{sound}")
}

/// A translation is found by its words as they stand and by their lemmas; one field holds both.
pub(crate) fn both<'a>(key: &'a str, keys: &'a Keys) -> impl Iterator<Item = &'a str> {
    std::iter::once(key).chain(keys.lemmas.iter().map(String::as_str).filter(move |l| *l != key))
}

/// Words with positions; several keys may stand at one.
fn stream<'a>(words: &'a [Word], keys_of: impl Fn(&'a Word, &mut Vec<&'a str>)) -> PreTokenizedString {
    let mut tokens = Vec::with_capacity(words.len());
    let mut keys = Vec::new();
    for (position, word) in words.iter().enumerate() {
        keys.clear();
        keys_of(word, &mut keys);
        tokens.extend(keys.iter().map(|key| Token { position, text: (*key).to_owned(), ..Token::default() }));
    }
    PreTokenizedString { text: String::new(), tokens }
}

/// Keys without positions, each once.
fn bag(keys: impl Iterator<Item = String>) -> PreTokenizedString {
    let keys: std::collections::BTreeSet<String> = keys.collect();
    let tokens = keys.into_iter().enumerate().map(|(position, text)| Token { position, text, ..Token::default() });
    PreTokenizedString { text: String::new(), tokens: tokens.collect() }
}
