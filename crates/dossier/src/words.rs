//! Custody acts, sizes, spans and dates in words that a person without us understands.

use zapys_domain::{Action, DerivativeKind, Instant, ItemKind};

/// What was done, as the end of a sentence that begins with who did it.
pub(crate) fn act(action: Action) -> &'static str {
    match action {
        Action::Collected => "collected it",
        Action::Received => "received it",
        Action::Imported => "took it into the case",
        Action::Hashed => "computed its digest",
        Action::Verified => "checked it against its digest",
        Action::Copied => "copied it",
        Action::Transformed => "made a derivative from it",
        Action::Accessed => "looked at it",
        Action::Exported => "included it in a production",
        Action::TransferredOut => "handed it over",
        Action::TransferredIn => "took it over",
        Action::Disclosed => "disclosed it",
        Action::Redacted => "made a redacted copy",
        Action::Sealed => "sealed it",
        Action::LegalHold => "set or released a legal hold on it",
        Action::Disposed => "disposed of it",
        Action::Recorded => "put something on record about it",
        Action::Corrected => "corrected what was on record about it",
        Action::Opened => "opened the case",
        Action::ClockAnomaly => "noticed that the clock went backwards",
        Action::UncleanShutdown => "noticed that the program before it had not closed the case",
        Action::ForeignWriter => "noticed that another program had written to the ledger",
        Action::KeyRotated => "gave the ledger a new key",
        Action::KeyReplaced => "replaced the key of the ledger",
    }
}

/// What was made, where an event of a derivation names the kind.
pub(crate) fn made(kind: DerivativeKind) -> String {
    match kind {
        DerivativeKind::Probe => "read its streams and tags".into(),
        DerivativeKind::Decode => "decoded all of it".into(),
        DerivativeKind::Speech => "looked for speech in it".into(),
        DerivativeKind::Speakers => "told its speakers apart".into(),
        DerivativeKind::Picture => "read its picture facts".into(),
        DerivativeKind::Messages => "read its messages".into(),
        DerivativeKind::Calls => "read its call table".into(),
        DerivativeKind::Text => "read its text".into(),
        other => format!("made the {} from it", derivative(other).to_lowercase()),
    }
}

/// The kind in words.
pub(crate) fn kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Recording => "Recording",
        ItemKind::Video => "Video",
        ItemKind::Screenshot => "Screenshot",
        ItemKind::Photo => "Photograph",
        ItemKind::ChatExport => "Chat export",
        ItemKind::CallRecords => "Call records",
        ItemKind::Article => "Article",
        ItemKind::WebArchive => "Web archive",
        ItemKind::Document => "Document",
        ItemKind::Other => "Other file",
    }
}

/// A derivative in words.
pub(crate) fn derivative(kind: DerivativeKind) -> &'static str {
    match kind {
        DerivativeKind::Probe => "Streams and tags",
        DerivativeKind::Decode => "Full decode",
        DerivativeKind::Peaks => "Waveform overview",
        DerivativeKind::Proxy => "Light copy",
        DerivativeKind::Enhanced => "Copy made easier to listen to, by machine",
        DerivativeKind::Speech => "Where somebody speaks",
        DerivativeKind::Speakers => "Who speaks when",
        DerivativeKind::VoicePrints => "Voice prints",
        DerivativeKind::Transcript => "Transcript",
        DerivativeKind::SecondTranscript => "Second transcript",
        DerivativeKind::Translation => "Translation",
        DerivativeKind::SecondTranslation => "Second translation",
        DerivativeKind::Text => "Text",
        DerivativeKind::Messages => "Messages",
        DerivativeKind::Calls => "Call table",
        DerivativeKind::Picture => "Picture facts",
    }
}

/// `1,234 bytes`, `1.2 MB (1,234,567 bytes)`.
pub(crate) fn size(bytes: u64) -> String {
    let exact = if bytes == 1 { "1 byte".into() } else { format!("{} bytes", grouped(bytes)) };
    let (unit, name) = match bytes {
        0..1_000_000 => return exact,
        1_000_000..1_000_000_000 => (100_000, "MB"),
        _ => (100_000_000, "GB"),
    };
    let tenths = bytes / unit;
    format!("{}.{} {name} ({exact})", tenths / 10, tenths % 10)
}

/// Digits in groups of three.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 item`, `2 items`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n as u64), if n == 1 { one } else { many })
}

/// A place on the media clock: `01:23.4`, `1:02:03.4`.
pub(crate) fn clock(ms: u64) -> String {
    let (h, m, s, t) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms / 100 % 10);
    if h > 0 { format!("{h}:{m:02}:{s:02}.{t}") } else { format!("{m:02}:{s:02}.{t}") }
}

/// A length: `3.9 s`.
pub(crate) fn seconds(ms: u64) -> String {
    format!("{}.{} s", grouped(ms / 1000), ms / 100 % 10)
}

/// A moment to the second: `2024-05-01 10:00:00 UTC`.
pub(crate) fn moment(t: Instant) -> String {
    let t = t.utc();
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", t.year(), u8::from(t.month()), t.day(), t.hour(), t.minute(), t.second())
}

/// Languages by name where they are common here, else the tag.
pub(crate) fn language(tag: &str) -> &str {
    match tag {
        "und" => "not determined",
        "uk" => "Ukrainian",
        "ru" => "Russian",
        "en" => "English",
        "be" => "Belarusian",
        "pl" => "Polish",
        "de" => "German",
        "fr" => "French",
        "ar" => "Arabic",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(size(1), "1 byte");
        assert_eq!(size(1234), "1,234 bytes");
        assert_eq!(size(1_234_567), "1.2 MB (1,234,567 bytes)");
        assert_eq!(clock(83_456), "01:23.4");
        assert_eq!(clock(3_723_400), "1:02:03.4");
        assert_eq!(moment(Instant::from_seconds(0)), "1970-01-01 00:00:00 UTC");
    }
}
