//! What the index holds: the smallest text that a hit can point to.

use crate::{ItemId, ItemKind, Lang};
use serde::{Deserialize, Serialize};

crate::words! {
    /// Where words come from.
    Layer {
        /// Said in a recording.
        Said = "said",
        /// Read from a picture.
        Read = "read",
        /// Written in an article, a message, a document.
        Written = "written",
    }
}

/// One passage with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    #[allow(missing_docs)]
    pub item: ItemId,
    #[allow(missing_docs)]
    pub kind: ItemKind,
    #[allow(missing_docs)]
    pub layer: Layer,
    /// Segment id, `b<idx>` for a block, message id, or `title`: unique within item and layer.
    pub segment: String,
    /// For spoken words: milliseconds on the media clock.
    pub start_ms: Option<u64>,
    #[allow(missing_docs)]
    pub language: Lang,
    #[allow(missing_docs)]
    pub text: String,
    /// English beside it, where there is one.
    pub translation: Option<String>,
    /// Number of the revision that these words are of; `None` where they are as the program wrote or the source has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
}
