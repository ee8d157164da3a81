//! One message object of the export.

use serde_json::{Map, Value};
use zapys_domain::message::{Attachment, Message, MessageTime};
use zapys_domain::{Instant, Locator};

/// A message with what the export as a whole needs to know of it.
pub(super) struct Read {
    pub(super) message: Message,
    /// Seconds since the epoch, from `date_unixtime`.
    pub(super) unix: Option<i64>,
    /// `date` read as if it were UTC, in seconds since the epoch.
    pub(super) local: Option<i64>,
    /// Fields that nothing here reads.
    pub(super) unknown_fields: u64,
}

type Object = Map<String, Value>;

/// Fields that are read below, or that repeat what another field says.
const KNOWN: &[&str] = &[
    "id",
    "type",
    "date",
    "date_unixtime",
    "edited",
    "edited_unixtime",
    "from",
    "from_id",
    "actor",
    "actor_id",
    "author",
    "action",
    "text",
    "text_entities",
    "forwarded_from",
    "forwarded_from_id",
    "forwarded_date",
    "forwarded_date_unixtime",
    "saved_from",
    "reply_to_message_id",
    "reply_to_peer_id",
    "photo",
    "file",
    "file_name",
    "file_size",
    "photo_file_size",
    "thumbnail",
    "thumbnail_file_size",
    "media_type",
    "mime_type",
    "duration_seconds",
    "width",
    "height",
    "performer",
    "title",
    "sticker_emoji",
    "contact_information",
    "contact_vcard",
    "location_information",
    "live_location_period_seconds",
    "place_name",
    "address",
    "poll",
    "via_bot",
    "reactions",
    "self_destruct_period_seconds",
    "media_spoiler",
    "inline_bot_buttons",
    "discard_reason",
    "members",
    "message_id",
    "inviter",
    "period",
    "schedule_date",
];

/// Reads one entry of a message list. `place` counts from 1 and names a message without id. `None` for what is no message.
pub(super) fn read(object: &Object, thread: usize, place: u64, owner: Option<&str>) -> Option<Read> {
    let kind = object.get("type").and_then(Value::as_str).unwrap_or("message");
    if !["id", "date", "date_unixtime", "text", "from", "action"].iter().any(|k| object.contains_key(*k)) {
        return None;
    }
    let mut flags: Vec<String> = Vec::new();
    let mut flag = |f: &str| {
        if !flags.iter().any(|have| have == f) {
            flags.push(f.to_owned());
        }
    };
    let message_id = word(object.get("id")).unwrap_or_else(|| {
        flag("without-id");
        format!("entry-{place}")
    });
    let service = kind == "service";
    match kind {
        "message" => {}
        "service" => flag("service"),
        "unsupported" => flag("unsupported"),
        _ => flag("unknown-type"),
    }
    let (name, id) = if service { ("actor", "actor_id") } else { ("from", "from_id") };
    if matches!(object.get(name), Some(Value::Null)) {
        flag("deleted-account");
    }
    let sender_id = word(object.get(id));
    let direction = match (service, owner, &sender_id) {
        (true, ..) => Some("service"),
        (false, Some(me), Some(them)) => Some(if me == them { "out" } else { "in" }),
        _ => None,
    };

    let unix = seconds(object.get("date_unixtime"));
    let date = word(object.get("date"));
    let stated = date.as_deref().and_then(Instant::parse);
    let local = date
        .as_deref()
        .filter(|_| stated.is_none())
        .and_then(|d| Instant::parse(&format!("{d}Z")))
        .map(|t| t.micros() / 1_000_000);
    let (utc, basis) = match (unix, stated) {
        (Some(s), _) => (Some(Instant::from_seconds(s).to_string()), "unixtime"),
        (None, Some(t)) => (Some(t.to_string()), "offset-stated"),
        (None, None) => (None, "unknown"),
    };
    let edited = match seconds(object.get("edited_unixtime")) {
        Some(0) => None,
        Some(s) => Some(Instant::from_seconds(s).to_string()),
        None => word(object.get("edited")).filter(|d| !d.starts_with("1970-01-01")),
    };
    if edited.is_some() {
        flag("edited");
    }

    let forwarded_from = word(object.get("forwarded_from"));
    if object.contains_key("forwarded_from") {
        flag("forwarded");
        if forwarded_from.is_none() {
            flag("forward-name-hidden");
        }
    }
    let forwarded_time = seconds(object.get("forwarded_date_unixtime"))
        .map(|s| Instant::from_seconds(s).to_string())
        .or_else(|| word(object.get("forwarded_date")));
    let reply_to = word(object.get("reply_to_message_id")).map(|id| match word(object.get("reply_to_peer_id")) {
        Some(peer) => format!("{peer}/{id}"),
        None => id,
    });

    let mut attachments = Vec::new();
    let mut text = plain(object.get("text"), &mut attachments);
    if text.is_empty() {
        text = plain(object.get("text_entities"), &mut attachments);
    }
    media(object, &mut attachments, &mut flag);
    if service {
        let action = word(object.get("action")).unwrap_or_else(|| "unknown".into());
        flag(&action);
        let skip = [
            "id",
            "type",
            "date",
            "date_unixtime",
            "edited",
            "edited_unixtime",
            "actor",
            "actor_id",
            "action",
            "text",
            "text_entities",
        ];
        let note: Vec<String> = object
            .iter()
            .filter(|(k, _)| !skip.contains(&k.as_str()))
            .filter_map(|(k, v)| Some(format!("{k}: {}", short(v)?)))
            .collect();
        let duration_s = object.get("duration_seconds").and_then(Value::as_u64);
        attachments.push(Attachment { path: None, kind: action, media_type: None, note: some(note.join("; ")), duration_s });
    }
    for (field, kind) in [("author", "signature"), ("via_bot", "via-bot")] {
        if let Some(note) = word(object.get(field)) {
            attachments.push(said(kind, note));
        }
    }
    if let Some(note) = object.get("reactions").and_then(Value::as_array).map(|r| reactions(r)).and_then(some) {
        attachments.push(said("reactions", note));
    }

    let message = Message {
        thread: String::new(),
        sender: word(object.get(name)),
        sender_id,
        direction: direction.map(Into::into),
        time: MessageTime { utc, local: date, basis: basis.into(), readings: Vec::new() },
        text,
        attachments,
        forwarded_from,
        forwarded_time,
        reply_to,
        edited,
        flags,
        locator: Locator::Message { thread: format!("thread-{}", thread + 1), message_id: message_id.clone() },
        message_id,
    };
    let unknown_fields = if service { 0 } else { object.keys().filter(|k| !KNOWN.contains(&k.as_str())).count() as u64 };
    Some(Read { message, unix, local, unknown_fields })
}

/// A text or number as text; nothing for null and empty.
fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(s) => some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Seconds since the epoch between the years 1970 and 9999, as text or number.
fn seconds(value: Option<&Value>) -> Option<i64> {
    word(value)?.parse().ok().filter(|s| (0..=253_402_300_799).contains(s))
}

/// The text without its markup: a string, or a list of strings and objects. Link targets that the text does not show are kept.
fn plain(value: Option<&Value>, attachments: &mut Vec<Attachment>) -> String {
    match value {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Array(parts)) => {
            let mut out = String::new();
            for part in parts {
                match part {
                    Value::String(s) => out.push_str(s),
                    Value::Object(o) => {
                        let shown = o.get("text").and_then(Value::as_str).unwrap_or_default();
                        out.push_str(shown);
                        if let Some(target) = o.get("href").and_then(Value::as_str).filter(|t| *t != shown) {
                            attachments.push(said("link", target.to_owned()));
                        }
                    }
                    _ => {}
                }
            }
            out
        }
        _ => String::new(),
    }
}

fn said(kind: &str, note: String) -> Attachment {
    Attachment { path: None, kind: kind.into(), media_type: None, note: Some(note), duration_s: None }
}

fn media(object: &Object, attachments: &mut Vec<Attachment>, flag: &mut impl FnMut(&str)) {
    let media_type = word(object.get("mime_type"));
    let duration_s = object.get("duration_seconds").and_then(Value::as_u64);
    for field in ["photo", "file"] {
        let Some(written) = word(object.get(field)) else { continue };
        let kind = match field {
            "photo" => "photo".to_owned(),
            _ => word(object.get("media_type")).unwrap_or_else(|| "file".into()),
        };
        let mut notes: Vec<String> = Vec::new();
        let path = match place(&written) {
            Place::Inside(p) => Some(p),
            Place::Sentence => {
                flag("missing-attachment");
                notes.push(written.clone());
                None
            }
            Place::Outside => {
                flag("unsafe-path");
                notes.push(written.clone());
                None
            }
        };
        let details = ["file_name", "title", "performer", "sticker_emoji", "self_destruct_period_seconds"];
        notes.extend(details.iter().filter_map(|k| Some(format!("{k}: {}", word(object.get(*k))?))));
        let of_file = field == "file";
        attachments.push(Attachment {
            path,
            kind,
            media_type: if of_file { media_type.clone() } else { None },
            note: some(notes.join("; ")),
            duration_s: if of_file { duration_s } else { None },
        });
    }
    for (field, kind) in [("contact_information", "contact"), ("location_information", "location"), ("poll", "poll")] {
        if let Some(value) = object.get(field) {
            let mut notes: Vec<String> = short(value).into_iter().collect();
            if kind == "location" {
                notes.extend(
                    ["place_name", "address", "live_location_period_seconds"].iter().filter_map(|k| word(object.get(*k))),
                );
            }
            let path = word(object.get("contact_vcard")).filter(|_| kind == "contact").and_then(|p| match place(&p) {
                Place::Inside(p) => Some(p),
                _ => None,
            });
            attachments.push(Attachment {
                path,
                kind: kind.into(),
                media_type: None,
                note: some(notes.join("; ")),
                duration_s: None,
            });
        }
    }
}

enum Place {
    Inside(String),
    /// A sentence instead of a path, as in `(File not included. …)`.
    Sentence,
    /// A path that leaves the export.
    Outside,
}

fn place(written: &str) -> Place {
    if written.starts_with('(') && written.ends_with(')') {
        return Place::Sentence;
    }
    match crate::archive::safe_name(written) {
        Ok(p) => Place::Inside(p),
        Err(_) => Place::Outside,
    }
}

/// A value in one line: fields and items in order, joined by commas. Bounded in depth and length.
fn short(value: &Value) -> Option<String> {
    fn go(value: &Value, depth: u8, out: &mut String) {
        if depth > 6 || out.len() > 4000 {
            return;
        }
        let comma = |out: &mut String| {
            if !out.is_empty() && !out.ends_with(": ") {
                out.push_str(", ");
            }
        };
        match value {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => {
                comma(out);
                out.push_str(&value.to_string());
            }
            Value::String(s) => {
                comma(out);
                out.push_str(s);
            }
            Value::Array(items) => items.iter().for_each(|v| go(v, depth + 1, out)),
            Value::Object(o) => {
                for (k, v) in o.iter().filter(|(_, v)| !v.is_null()) {
                    comma(out);
                    out.push_str(k);
                    out.push_str(": ");
                    go(v, depth + 1, out);
                }
            }
        }
    }
    let mut out = String::new();
    go(value, 0, &mut out);
    some(out)
}

fn reactions(list: &[Value]) -> String {
    let one = |r: &Value| Some(format!("{} {}", r.get("emoji").or_else(|| r.get("type"))?.as_str()?, r.get("count")?.as_u64()?));
    list.iter().filter_map(one).take(64).collect::<Vec<_>>().join(", ")
}
