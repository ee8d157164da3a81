//! One way to call all readers, and which reader takes what.

use crate::error::FormatError;
use crate::random::RandomRead;
use crate::{calls, html, picture, telegram, text_file};
use zapys_domain::call::CallTable;
use zapys_domain::kind::Recognised;
use zapys_domain::media::PictureFacts;
use zapys_domain::message::ChatExport;
use zapys_domain::text::ReadText;
use zapys_domain::{Checked, DerivativeKind, EngineIdentity};

/// What a reader gives: one of the documents of `domain`.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // One a file: boxing would only make every use longer.
pub enum Reading {
    /// Messages of a chat export.
    Messages(ChatExport),
    /// Readable text.
    Text(ReadText),
    /// Rows of a call-record table.
    Calls(CallTable),
    /// What a picture says of itself.
    Picture(PictureFacts),
}

impl Reading {
    /// The kind of derivative this is.
    pub fn kind(&self) -> DerivativeKind {
        match self {
            Self::Messages(_) => DerivativeKind::Messages,
            Self::Text(_) => DerivativeKind::Text,
            Self::Calls(_) => DerivativeKind::Calls,
            Self::Picture(_) => DerivativeKind::Picture,
        }
    }
}

/// Reads one format that others wrote. Pure: the same bytes give the same reading.
pub trait Reader: Send + Sync {
    /// Name of the format, as its page in `docs/formats` has it.
    fn format(&self) -> &'static str;
    /// The derivative it gives.
    fn gives(&self) -> DerivativeKind;
    /// Name and version; changes whenever the output may change.
    fn identity(&self) -> EngineIdentity;
    /// True where this reader is meant for what was recognised.
    fn takes(&self, recognised: &Recognised) -> bool;
    /// Reads. A bad part is a finding; errors only where nothing of use came out.
    fn read(&self, bytes: &dyn RandomRead) -> Result<Checked<Reading>, FormatError>;
}

/// Every reader there is.
pub fn readers() -> [&'static dyn Reader; 5] {
    [&Telegram, &Html, &Calls, &Text, &Picture]
}

/// The readers meant for what was recognised; none for what is only kept.
pub fn readers_for(recognised: &Recognised) -> Vec<&'static dyn Reader> {
    readers().into_iter().filter(|r| r.takes(recognised)).collect()
}

pub(crate) fn identity(name: &str, version: &str) -> EngineIdentity {
    let version = format!("{}.{version}", env!("CARGO_PKG_VERSION"));
    EngineIdentity { name: name.into(), version, model: None, model_sha256: None, binary_sha256: None }
}

/// Telegram Desktop JSON.
pub struct Telegram;
impl Reader for Telegram {
    fn format(&self) -> &'static str {
        telegram::FORMAT
    }
    fn gives(&self) -> DerivativeKind {
        DerivativeKind::Messages
    }
    fn identity(&self) -> EngineIdentity {
        identity(telegram::FORMAT, "1")
    }
    fn takes(&self, r: &Recognised) -> bool {
        r.format == telegram::FORMAT
    }
    fn read(&self, bytes: &dyn RandomRead) -> Result<Checked<Reading>, FormatError> {
        Ok(telegram::read(bytes)?.map(Reading::Messages))
    }
}

/// HTML pages; also a chat saved as HTML, whose words are at least searchable that way.
pub struct Html;
impl Reader for Html {
    fn format(&self) -> &'static str {
        html::FORMAT
    }
    fn gives(&self) -> DerivativeKind {
        DerivativeKind::Text
    }
    fn identity(&self) -> EngineIdentity {
        html::engine()
    }
    fn takes(&self, r: &Recognised) -> bool {
        matches!(r.format.as_str(), "html" | "telegram-html")
    }
    fn read(&self, bytes: &dyn RandomRead) -> Result<Checked<Reading>, FormatError> {
        Ok(html::read(bytes)?.map(Reading::Text))
    }
}

/// Call-record tables.
pub struct Calls;
impl Reader for Calls {
    fn format(&self) -> &'static str {
        calls::FORMAT
    }
    fn gives(&self) -> DerivativeKind {
        DerivativeKind::Calls
    }
    fn identity(&self) -> EngineIdentity {
        calls::engine()
    }
    fn takes(&self, r: &Recognised) -> bool {
        r.format == calls::FORMAT
    }
    fn read(&self, bytes: &dyn RandomRead) -> Result<Checked<Reading>, FormatError> {
        Ok(calls::read(bytes)?.map(Reading::Calls))
    }
}

/// Plain text, Markdown, tables that are no call records, and WhatsApp's text exports.
pub struct Text;
impl Reader for Text {
    fn format(&self) -> &'static str {
        text_file::FORMAT
    }
    fn gives(&self) -> DerivativeKind {
        DerivativeKind::Text
    }
    fn identity(&self) -> EngineIdentity {
        text_file::engine()
    }
    fn takes(&self, r: &Recognised) -> bool {
        matches!(r.format.as_str(), "text" | "markdown" | "csv" | "whatsapp-text")
    }
    fn read(&self, bytes: &dyn RandomRead) -> Result<Checked<Reading>, FormatError> {
        Ok(text_file::read(bytes)?.map(Reading::Text))
    }
}

/// Size and metadata of pictures.
pub struct Picture;
impl Reader for Picture {
    fn format(&self) -> &'static str {
        "picture"
    }
    fn gives(&self) -> DerivativeKind {
        DerivativeKind::Picture
    }
    fn identity(&self) -> EngineIdentity {
        identity("picture", "1")
    }
    fn takes(&self, r: &Recognised) -> bool {
        picture::FORMATS.contains(&r.format.as_str())
    }
    fn read(&self, bytes: &dyn RandomRead) -> Result<Checked<Reading>, FormatError> {
        Ok(picture::read(bytes)?.map(Reading::Picture))
    }
}
