//! Words said, read and written, found again in any of their forms.
//!
//! A tantivy index over passages with lemmas of our own. It holds nothing that the record does not: it may be thrown away and
//! built again at will, and then gives the same hits in the same order. Inflected Ukrainian and Russian, mixed speech,
//! stress marks, apostrophes, look-alike letters and transliterated names are the work of [`analysis`] and [`Lexicon`].

pub mod analysis;
pub mod ukrainian;

mod aliases;
mod lexicon;

mod phrases;

mod error;
mod fields;
mod sealed;

mod index;

mod feed;

mod query;

mod hit;
mod search;

pub use error::IndexError;
pub use feed::Feed;
pub use hit::{Hit, Matched};
pub use index::{Index, Opened};
pub use lexicon::{Lexicon, LexiconError};
pub use phrases::{Found, Phrases};
pub use search::{Answer, Query};
