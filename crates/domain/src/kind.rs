//! What sort of thing an item is, recognised from its content.

use serde::{Deserialize, Serialize};

/// Stamps an enum whose values have one stable spelling each, in JSON, SQL and on the command line.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }
        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable spelling.
            pub fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// Reads the stable spelling. Errors: `None` for any other text.
            pub fn parse(text: &str) -> Option<Self> { match text { $($word => Some(Self::$variant),)+ _ => None } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }
    };
}

words! {
    /// What sort of thing an item is.
    ItemKind {
        /// Sound: a call, a voice note, a published clip.
        Recording = "recording",
        /// Moving pictures, with or without sound.
        Video = "video",
        /// A picture of a screen.
        Screenshot = "screenshot",
        /// Any other picture.
        Photo = "photo",
        /// Messages exported from a messenger.
        ChatExport = "chat-export",
        /// A table of calls.
        CallRecords = "call-records",
        /// A published report.
        Article = "article",
        /// A web capture (WARC, WACZ, MHTML).
        WebArchive = "web-archive",
        /// Any other readable document.
        Document = "document",
        /// Everything else, containers included.
        Other = "other",
    }
}

/// What was recognised in some bytes, and from what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognised {
    /// Kind of item.
    pub kind: ItemKind,
    /// Media type, e.g. `audio/amr`; `application/octet-stream` where nothing was recognised.
    pub media_type: String,
    /// Short stable name of the format that decided, e.g. `telegram-json`, `wav`, `zip`.
    pub format: String,
}
