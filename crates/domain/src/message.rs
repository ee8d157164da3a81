//! Messages of a chat. Derivative kind `messages`. Fields of `interface.md`, `messages`.

use crate::Locator;
use serde::{Deserialize, Serialize};

/// Every message that a chat export holds, and what could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatExport {
    /// Format that was read, e.g. `telegram-json`.
    pub format: String,
    /// Conversations in the order of the file.
    pub threads: Vec<Thread>,
    /// Messages in the order of the file.
    pub messages: Vec<Message>,
    /// Entries that could not be read.
    pub unread: u64,
}
/// One conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Stable id within the export.
    pub id: String,
    /// Name as exported; absent for deleted accounts.
    pub name: Option<String>,
    /// Type as exported, e.g. `public_channel`.
    pub kind: String,
    /// Number of messages.
    pub n_messages: u64,
}
/// When, as far as the export says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct MessageTime {
    /// RFC 3339 in UTC, where the export is absolute.
    pub utc: Option<String>,
    /// As written, without a zone.
    pub local: Option<String>,
    /// Where the absolute time comes from: `unixtime`, `offset-stated`, or `unknown`.
    pub basis: String,
    /// Possible readings where the notation is ambiguous.
    #[serde(default)]
    pub readings: Vec<String>,
}
/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Thread id.
    pub thread: String,
    #[allow(missing_docs)]
    pub message_id: String,
    #[allow(missing_docs)]
    pub sender: Option<String>,
    #[allow(missing_docs)]
    pub sender_id: Option<String>,
    /// `in`, `out`, `service`, or absent where unknown.
    pub direction: Option<String>,
    #[allow(missing_docs)]
    pub time: MessageTime,
    #[allow(missing_docs)]
    pub text: String,
    #[allow(missing_docs)]
    pub attachments: Vec<Attachment>,
    #[allow(missing_docs)]
    pub forwarded_from: Option<String>,
    #[allow(missing_docs)]
    pub forwarded_time: Option<String>,
    #[allow(missing_docs)]
    pub reply_to: Option<String>,
    /// When last edited, RFC 3339 UTC or as written.
    pub edited: Option<String>,
    /// `unsupported`, `service`, `deleted-account`, `missing-attachment`…
    pub flags: Vec<String>,
    #[allow(missing_docs)]
    pub locator: Locator,
}
/// Something sent with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Path inside the export, where the file was included.
    pub path: Option<String>,
    /// `photo`, `voice_message`, `video_file`, `sticker`, `contact`, `location`…
    pub kind: String,
    #[allow(missing_docs)]
    pub media_type: Option<String>,
    /// What the export says instead of a file.
    pub note: Option<String>,
    #[allow(missing_docs)]
    pub duration_s: Option<u64>,
}
