//! Telegram Desktop's `result.json`: one chat, or a whole account.
//!
//! Kept as written: ids, names, text, local dates, paths and sentences about absent files. Derived: UTC from
//! `date_unixtime`, and how far `date` runs ahead of it. Unknown, and not guessed: deletions (a gap in the ids is only a
//! gap), earlier versions of edited messages, who really wrote what was forwarded. See `docs/formats/telegram-json.md`.

mod message;
mod scan;

use crate::error::FormatError;
use crate::random::RandomRead;
use scan::{Scan, Stop};
use std::collections::{BTreeMap, HashSet};
use zapys_domain::message::{ChatExport, Message, Thread};
use zapys_domain::{Checked, Finding, Locator, Severity};

/// Name of the format.
pub const FORMAT: &str = "telegram-json";
/// Greatest length of one message in bytes; longer ones are counted as unread.
const MAX_MESSAGE: usize = 8 << 20;
/// Greatest number of messages; what follows is left out with a finding.
const MAX_MESSAGES: usize = 5_000_000;
/// Greatest length of the file in bytes.
const MAX_BYTES: u64 = 4 << 30;
/// Types of conversation as the exporting program names them.
const CHAT_TYPES: &[&str] = &[
    "personal_chat",
    "bot_chat",
    "private_group",
    "private_supergroup",
    "public_supergroup",
    "private_channel",
    "public_channel",
    "saved_messages",
    "replies",
    "verification_codes",
];
/// Findings of one sort that get a place of their own.
const MAX_PLACES: usize = 20;

/// Reads an export. Errors: `Empty`, `Read`, `TooLarge`, `NotThisFormat` where no message list is found; a broken or cut
/// file gives what came before the break, with a finding.
pub fn read(bytes: &dyn RandomRead) -> Result<Checked<ChatExport>, FormatError> {
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    if bytes.len() > MAX_BYTES {
        return Err(FormatError::TooLarge { format: FORMAT, bytes: bytes.len(), limit: MAX_BYTES });
    }
    let mut reading = Reading::default();
    let end = reading.run(bytes, u64::MAX);
    match end {
        Ok(()) => {}
        Err(Stop::Read(e)) => return Err(e.into()),
        _ if !reading.found_list => return Err(FormatError::NotThisFormat { format: FORMAT }),
        Err(Stop::Cut) => reading.finding(
            "file-cut-short",
            Severity::Serious,
            Locator::Bytes { start: bytes.len(), len: 0 },
            "The export ends in the middle; the messages before the cut are here, what followed is missing.",
        ),
        Err(Stop::Broken(at)) => reading.finding(
            "structure-broken",
            Severity::Serious,
            Locator::Bytes { start: at, len: bytes.len().saturating_sub(at) },
            "The structure of the export is broken here; only the messages before this place were read.",
        ),
        Err(Stop::Enough) => reading.finding(
            "too-many-messages",
            Severity::Serious,
            Locator::Whole,
            format!("Only the first {MAX_MESSAGES} messages were read."),
        ),
    }
    if !reading.found_list {
        return Err(FormatError::NotThisFormat { format: FORMAT });
    }
    Ok(reading.finish())
}

/// True where the first `bound` bytes hold a message as Telegram Desktop writes it.
pub(crate) fn looks_like(bytes: &dyn RandomRead, bound: u64) -> bool {
    let mut reading = Reading { probe: true, ..Reading::default() };
    let _ = reading.run(bytes, bound);
    reading.telegram_like
}

#[derive(Default)]
struct Reading {
    /// Stop at the first message.
    probe: bool,
    telegram_like: bool,
    found_list: bool,
    owner: Option<String>,
    threads: Vec<Thread>,
    messages: Vec<Message>,
    unread: u64,
    mended: u64,
    unknown_fields: u64,
    offsets: BTreeMap<i64, u64>,
    without_unixtime: u64,
    dates_off: u64,
    findings: Vec<Finding>,
    places: BTreeMap<&'static str, usize>,
}

impl Reading {
    fn run(&mut self, bytes: &dyn RandomRead, bound: u64) -> Result<(), Stop> {
        let mut scan = Scan::new(bytes, bound)?;
        scan.expect(b'{')?;
        self.chat(&mut scan, true)
    }

    /// The fields of a chat; the outermost object may be a chat or hold lists of them.
    fn chat(&mut self, scan: &mut Scan<'_>, outermost: bool) -> Result<(), Stop> {
        let n = self.threads.len();
        let first = self.messages.len();
        let mut thread = Thread { id: String::new(), name: None, kind: String::new(), n_messages: 0 };
        let mut here = false;
        let mut chat_like = false;
        let end = loop {
            let key = match scan.key() {
                Ok(Some(key)) => key,
                Ok(None) => break Ok(()),
                Err(e) => break Err(e),
            };
            let step = match key.as_str() {
                "name" | "type" | "id" => scan.value(64 * 1024).map(|v| {
                    let text = scan::text(&v.bytes);
                    match key.as_str() {
                        "name" => thread.name = text,
                        "type" => {
                            thread.kind = text.unwrap_or_default();
                            chat_like = CHAT_TYPES.contains(&thread.kind.as_str());
                        }
                        _ => thread.id = text.unwrap_or_default(),
                    }
                }),
                "messages" if matches!(scan.look(), Ok(b'[')) => {
                    here = true;
                    self.list(scan, n)
                }
                "chats" | "left_chats" if outermost && matches!(scan.look(), Ok(b'{')) => self.chats(scan),
                "personal_information" if outermost => scan.value(64 * 1024).map(|v| {
                    self.owner = scan::read(&v.bytes).and_then(|(v, _)| Some(format!("user{}", v.get("user_id")?.as_u64()?)));
                }),
                _ => scan.value(0).map(drop),
            };
            if let Err(e) = step {
                break Err(e);
            }
        };
        if here {
            // Ids are written before the messages, but nothing forces a file to keep to that.
            if thread.id.is_empty() {
                thread.id = format!("thread-{}", n + 1);
                self.finding(
                    "thread-without-id",
                    Severity::Note,
                    Locator::Whole,
                    "A conversation has no id in the export; it is named after its place in the file.",
                );
            } else if self.threads.iter().any(|t| t.id == thread.id) {
                self.finding(
                    "thread-id-twice",
                    Severity::Warning,
                    Locator::Whole,
                    "Two conversations have the same id; the later one is named after its place in the file as well.",
                );
                thread.id = format!("{}#{}", thread.id, n + 1);
            }
            for m in &mut self.messages[first..] {
                m.thread.clone_from(&thread.id);
                if let Locator::Message { thread: t, .. } = &mut m.locator {
                    t.clone_from(&thread.id);
                }
            }
            thread.n_messages = (self.messages.len() - first) as u64;
            self.telegram_like |= chat_like;
            self.gaps(first, &thread);
            self.threads.push(thread);
        }
        end
    }

    fn chats(&mut self, scan: &mut Scan<'_>) -> Result<(), Stop> {
        scan.expect(b'{')?;
        while let Some(key) = scan.key()? {
            if key == "list" && scan.look()? == b'[' {
                self.found_list = true;
                scan.expect(b'[')?;
                while scan.element()? {
                    if scan.look()? == b'{' {
                        scan.expect(b'{')?;
                        self.chat(scan, false)?;
                    } else {
                        scan.value(0)?;
                        self.unread += 1;
                    }
                }
            } else {
                scan.value(0)?;
            }
        }
        Ok(())
    }

    fn list(&mut self, scan: &mut Scan<'_>, thread: usize) -> Result<(), Stop> {
        self.found_list = true;
        scan.expect(b'[')?;
        let mut place = 0;
        while scan.element()? {
            if self.messages.len() >= MAX_MESSAGES {
                return Err(Stop::Enough);
            }
            place += 1;
            let value = scan.value(MAX_MESSAGE)?;
            let locator = Locator::Bytes { start: value.start, len: value.len };
            let object = match scan::read(&value.bytes) {
                Some((serde_json::Value::Object(object), mended)) if !value.over => {
                    self.mended += u64::from(mended);
                    object
                }
                _ => {
                    self.unread += 1;
                    self.finding("message-unread", Severity::Warning, locator, "One entry of the message list cannot be read.");
                    continue;
                }
            };
            if self.probe {
                let has = |k: &str| object.contains_key(k);
                self.telegram_like = has("type") && (has("date_unixtime") || has("date")) && (has("text") || has("from_id"));
                return Err(Stop::Enough);
            }
            let Some(read) = message::read(&object, thread, place, self.owner.as_deref()) else {
                self.unread += 1;
                self.finding("message-unread", Severity::Warning, locator, "One entry of the message list is no message.");
                continue;
            };
            self.unknown_fields += read.unknown_fields;
            match (read.unix, read.local) {
                (Some(unix), Some(local)) if (local - unix).abs() <= 15 * 3600 => {
                    *self.offsets.entry(local - unix).or_default() += 1
                }
                (Some(_), Some(_)) => self.dates_off += 1,
                (None, _) => self.without_unixtime += 1,
                _ => {}
            }
            self.messages.push(read.message);
        }
        Ok(())
    }

    /// Notes ids that are absent, doubled or out of order. Says nothing about why.
    fn gaps(&mut self, first: usize, thread: &Thread) {
        let mut ids: Vec<i64> = Vec::new();
        let mut seen = HashSet::new();
        let (mut doubled, mut backwards) = (None, None);
        for m in &self.messages[first..] {
            let Ok(id) = m.message_id.parse::<i64>() else { continue };
            if !seen.insert(id) {
                doubled.get_or_insert_with(|| m.locator.clone());
            } else if ids.last().is_some_and(|&last| id < last) {
                backwards.get_or_insert_with(|| m.locator.clone());
            }
            ids.push(id);
        }
        if let Some(at) = doubled {
            self.finding("message-id-twice", Severity::Warning, at, "Two messages of one conversation have the same id.");
        }
        if let Some(at) = backwards {
            self.finding(
                "message-order-broken",
                Severity::Warning,
                at,
                "A message has a lower id than the one before it; the exporting program writes them in order.",
            );
        }
        ids.sort_unstable();
        ids.dedup();
        let (Some(&low), Some(&high)) = (ids.first(), ids.last()) else { return };
        let absent = (i128::from(high) - i128::from(low) + 1 - ids.len() as i128).max(0);
        if absent == 0 {
            return;
        }
        let after = ids.windows(2).filter(|w| w[1] - w[0] > 1).max_by_key(|w| i128::from(w[1]) - i128::from(w[0]));
        let Some(after) = after.map(|w| w[1]) else { return };
        let shared = if thread.kind.contains("channel") || thread.kind.contains("supergroup") {
            "Ids count up within this conversation, so the absent ones were not exported or no longer existed"
        } else {
            "Ids are shared with the account's other conversations, so gaps are to be expected"
        };
        let locator = Locator::Message { thread: thread.id.clone(), message_id: after.to_string() };
        let message = format!(
            "{absent} of the ids between the first and the last message are absent. {shared}; the export does not say why."
        );
        self.finding("message-id-gaps", Severity::Note, locator, message);
    }

    fn finding(&mut self, code: &'static str, severity: Severity, locator: Locator, message: impl Into<String>) {
        let n = self.places.entry(code).or_default();
        *n += 1;
        if *n <= MAX_PLACES {
            self.findings.push(Finding { code: code.into(), severity, locator, message: message.into() });
        }
    }

    fn finish(mut self) -> Checked<ChatExport> {
        let more: Vec<_> = self.places.iter().filter(|(_, n)| **n > MAX_PLACES).map(|(c, n)| (*c, *n - MAX_PLACES)).collect();
        for (code, n) in more {
            let message = format!("The same was noticed {n} more times.");
            self.findings.push(Finding::whole(code, Severity::Warning, message));
        }
        let mut whole = |code: &str, severity, message: String| self.findings.push(Finding::whole(code, severity, message));
        if self.mended > 0 {
            let message = format!(
                "{} messages hold characters that the exporting program wrote as invalid JSON; they were mended.",
                self.mended
            );
            whole("invalid-escapes-mended", Severity::Note, message);
        }
        if !self.offsets.is_empty() {
            let list: Vec<_> = self.offsets.iter().map(|(s, n)| format!("{} ({n})", offset(*s))).collect();
            let message = format!(
                "`date` is the exporting computer's local time. Against `date_unixtime` its offset is {}; number of messages in brackets.",
                list.into_iter().take(12).collect::<Vec<_>>().join(", ")
            );
            whole("time-offset-inferred", Severity::Note, message);
            let odd: u64 = self.offsets.iter().filter(|(s, _)| **s % 900 != 0).map(|(_, n)| n).sum();
            if odd > 0 {
                let message = format!("In {odd} messages `date` and `date_unixtime` differ by what is no time zone's offset.");
                whole("dates-disagree", Severity::Warning, message);
            }
        }
        if self.dates_off > 0 {
            let message = format!("In {} messages `date` and `date_unixtime` are more than 15 hours apart.", self.dates_off);
            whole("dates-disagree", Severity::Warning, message);
        }
        if self.without_unixtime > 0 {
            let message = format!("{} messages state no absolute time; their local time has no zone.", self.without_unixtime);
            whole("no-absolute-time", Severity::Warning, message);
        }
        if self.unknown_fields > 0 {
            let message = format!(
                "{} fields of messages are not known to this reader; they are in the original only.",
                self.unknown_fields
            );
            whole("fields-not-read", Severity::Note, message);
        }
        let value = ChatExport { format: FORMAT.into(), threads: self.threads, messages: self.messages, unread: self.unread };
        Checked { value, findings: self.findings }
    }
}

/// `+02:00` from seconds, with seconds only where there are some.
fn offset(seconds: i64) -> String {
    let (sign, s) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let rest = if s % 60 == 0 { String::new() } else { format!(":{:02}", s % 60) };
    format!("{sign}{:02}:{:02}{rest}", s / 3600, s / 60 % 60)
}

#[cfg(test)]
mod tests;
