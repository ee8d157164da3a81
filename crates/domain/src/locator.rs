//! The exact place in an item that something refers to.

use serde::{Deserialize, Serialize};

/// A rectangle in pixels of the original picture or page: left, top, width, height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    #[allow(missing_docs)]
    pub x: u32,
    #[allow(missing_docs)]
    pub y: u32,
    #[allow(missing_docs)]
    pub w: u32,
    #[allow(missing_docs)]
    pub h: u32,
}

/// An exact place in an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Locator {
    /// The whole item.
    Whole,
    /// A span on the media clock, in milliseconds; `channel` counts from 0.
    Span {
        #[allow(missing_docs)]
        start_ms: u64,
        #[allow(missing_docs)]
        end_ms: u64,
        #[allow(missing_docs)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<u16>,
    },
    /// A place on a page or picture; `page` counts from 1.
    Page {
        #[allow(missing_docs)]
        page: u32,
        #[allow(missing_docs)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<Region>,
    },
    /// Bytes of the original: offset and length.
    Bytes {
        #[allow(missing_docs)]
        start: u64,
        #[allow(missing_docs)]
        len: u64,
    },
    /// A message of a chat.
    Message {
        #[allow(missing_docs)]
        thread: String,
        #[allow(missing_docs)]
        message_id: String,
    },
    /// A row of a table, counted from 1 without the header.
    Row {
        #[allow(missing_docs)]
        row: u64,
    },
}
