//! Tests of reading Telegram exports.

use super::*;
use serde_json::json;

fn chat(messages: serde_json::Value) -> Vec<u8> {
    json!({"name": "Подвір'я", "type": "private_group", "id": 77, "messages": messages}).to_string().into_bytes()
}
fn one(message: serde_json::Value) -> Message {
    let got = read(&chat(json!([message])).as_slice()).unwrap();
    got.value.messages.into_iter().next().expect("one message")
}
fn codes(c: &Checked<ChatExport>) -> Vec<&str> {
    c.findings.iter().map(|f| f.code.as_str()).collect()
}

#[test]
fn texts_are_joined_as_they_stand() {
    let check = |text: serde_json::Value, expected: &str| {
        assert_eq!(one(json!({"id": 1, "type": "message", "date": "2024-05-01T10:00:00", "text": text})).text, expected);
    };
    check(json!("Привіт"), "Привіт");
    check(json!(["a ", {"type": "bold", "text": "b"}, " c"]), "a b c");
    check(json!([{"type": "mention", "text": "@somebody"}]), "@somebody");
    check(json!([]), "");
    check(json!(null), "");
    let m = one(
        json!({"id": 1, "date": "2024-05-01T10:00:00", "text": "", "text_entities": [{"type": "plain", "text": "from entities"}]}),
    );
    assert_eq!(m.text, "from entities");
    let m = one(json!({"id": 1, "date": "x", "text": [{"type": "text_link", "text": "here", "href": "https://example.org/a"}]}));
    assert_eq!(
        (m.text.as_str(), m.attachments[0].kind.as_str(), m.attachments[0].note.as_deref()),
        ("here", "link", Some("https://example.org/a"))
    );
}

#[test]
fn only_unixtime_is_absolute() {
    let check = |extra: serde_json::Value, utc: Option<&str>, basis: &str| {
        let mut m = json!({"id": 1, "type": "message", "text": "t"});
        m.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let t = one(m).time;
        assert_eq!((t.utc.as_deref(), t.basis.as_str()), (utc, basis));
    };
    check(json!({"date": "2024-05-01T13:00:00", "date_unixtime": "1714557600"}), Some("2024-05-01T10:00:00Z"), "unixtime");
    check(json!({"date": "2024-05-01T13:00:00", "date_unixtime": 1714557600}), Some("2024-05-01T10:00:00Z"), "unixtime");
    check(json!({"date": "2024-05-01T13:00:00"}), None, "unknown");
    check(json!({"date": "2024-05-01T13:00:00+03:00"}), Some("2024-05-01T10:00:00Z"), "offset-stated");
    check(json!({"date": "2024-05-01T13:00:00", "date_unixtime": "-99999999999999999999"}), None, "unknown");
    check(json!({"date": "2024-05-01T13:00:00", "date_unixtime": "soon"}), None, "unknown");
}

#[test]
fn the_offset_is_inferred_and_reported() {
    let m =
        |id: u64, date: &str, unix: &str| json!({"id": id, "type": "message", "date": date, "date_unixtime": unix, "text": "t"});
    let got = read(
        &chat(json!([
            m(1, "2024-05-01T13:00:00", "1714557600"),
            m(2, "2024-05-01T13:00:05", "1714557605"),
            m(3, "2024-01-01T12:00:00", "1704103200")
        ]))
        .as_slice(),
    )
    .unwrap();
    let f = got.findings.iter().find(|f| f.code == "time-offset-inferred").expect("reported");
    assert!(f.message.contains("+03:00 (2)") && f.message.contains("+02:00 (1)"), "{}", f.message);
    let got =
        read(&chat(json!([m(1, "2024-05-01T13:07:11", "1714557600"), m(2, "2024-05-09T13:00:00", "1714557600")])).as_slice())
            .unwrap();
    assert_eq!(codes(&got).iter().filter(|c| **c == "dates-disagree").count(), 2);
    let got = read(&chat(json!([{"id": 1, "date": "2024-05-01T13:00:00", "text": "t"}])).as_slice()).unwrap();
    assert!(codes(&got).contains(&"no-absolute-time"));
}

#[test]
fn forwards_replies_edits_and_senders() {
    let m = one(
        json!({"id": 9, "type": "message", "date": "2024-05-01T13:00:00", "from": "Оля", "from_id": "user5", "forwarded_from": "Канал", "reply_to_message_id": 7, "reply_to_peer_id": "channel3", "edited": "2024-05-01T14:00:00", "edited_unixtime": "1714561200", "text": "так"}),
    );
    assert_eq!(
        (m.sender.as_deref(), m.sender_id.as_deref(), m.forwarded_from.as_deref()),
        (Some("Оля"), Some("user5"), Some("Канал"))
    );
    assert_eq!((m.reply_to.as_deref(), m.edited.as_deref()), (Some("channel3/7"), Some("2024-05-01T11:00:00Z")));
    assert_eq!(m.flags, ["edited", "forwarded"]);
    assert_eq!(m.locator, Locator::Message { thread: "77".into(), message_id: "9".into() });
    let m = one(
        json!({"id": 9, "type": "message", "date": "d", "from": null, "from_id": "user5", "forwarded_from": null, "text": "t"}),
    );
    assert_eq!((m.sender, m.flags), (None, vec!["deleted-account".to_owned(), "forwarded".into(), "forward-name-hidden".into()]));
    let m = one(json!({"id": 9, "type": "message", "date": "d", "edited": "1970-01-01T02:00:00", "text": "t"}));
    assert_eq!(m.edited, None);
}

#[test]
fn attachments_are_paths_or_sentences() {
    let check = |extra: serde_json::Value, path: Option<&str>, kind: &str, note: Option<&str>, flags: &[&str]| {
        let mut m = json!({"id": 1, "type": "message", "date": "d", "text": ""});
        m.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let m = one(m);
        let a = &m.attachments[0];
        assert_eq!(
            (
                a.path.as_deref(),
                a.kind.as_str(),
                a.note.as_deref(),
                m.flags.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
            ),
            (path, kind, note, flags)
        );
    };
    check(json!({"photo": "photos/p1.jpg"}), Some("photos/p1.jpg"), "photo", None, &[]);
    check(
        json!({"file": "voice/a.ogg", "media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": 7}),
        Some("voice/a.ogg"),
        "voice_message",
        None,
        &[],
    );
    let s = "(File not included. Change data exporting settings to download.)";
    check(json!({"file": s, "media_type": "video_file"}), None, "video_file", Some(s), &["missing-attachment"]);
    check(json!({"photo": "../../etc/x"}), None, "photo", Some("../../etc/x"), &["unsafe-path"]);
    check(
        json!({"contact_information": {"first_name": "Іван", "phone_number": ""}}),
        None,
        "contact",
        Some("first_name: Іван, phone_number: "),
        &[],
    );
    check(
        json!({"location_information": {"latitude": 1.5, "longitude": 2.5}}),
        None,
        "location",
        Some("latitude: 1.5, longitude: 2.5"),
        &[],
    );
    check(json!({"author": "Редактор"}), None, "signature", Some("Редактор"), &[]);
    check(json!({"reactions": [{"type": "emoji", "count": 3, "emoji": "👍"}]}), None, "reactions", Some("👍 3"), &[]);
}

#[test]
fn service_and_unsupported_entries_stay_visible() {
    let m = one(
        json!({"id": 4, "type": "service", "date": "2024-05-01T13:00:00", "date_unixtime": "1714557600", "actor": "Оля", "actor_id": "user5", "action": "phone_call", "duration_seconds": 35, "discard_reason": "hangup", "text": ""}),
    );
    assert_eq!(
        (m.direction.as_deref(), m.sender.as_deref(), m.sender_id.as_deref()),
        (Some("service"), Some("Оля"), Some("user5"))
    );
    let a = &m.attachments[0];
    assert_eq!(
        (a.kind.as_str(), a.duration_s, a.note.as_deref()),
        ("phone_call", Some(35), Some("duration_seconds: 35; discard_reason: hangup"))
    );
    assert_eq!(m.flags, ["service", "phone_call"]);
    assert_eq!(one(json!({"id": 5, "type": "unsupported"})).flags, ["unsupported"]);
    let m = one(json!({"type": "message", "date": "d", "text": "x"}));
    assert_eq!((m.message_id.as_str(), m.flags[0].as_str()), ("entry-1", "without-id"));
}

#[test]
fn gaps_are_reported_and_never_called_deletions() {
    let list = |ids: &[u64]| {
        json!(
            ids.iter()
                .map(|i| json!({"id": i, "type": "message", "date": "2024-05-01T13:00:00", "text": "t"}))
                .collect::<Vec<_>>()
        )
    };
    let got = read(&chat(list(&[1, 2, 5, 9])).as_slice()).unwrap();
    let f = got.findings.iter().find(|f| f.code == "message-id-gaps").expect("reported");
    assert!(f.message.starts_with("5 of the ids") && !f.message.contains("delet"), "{}", f.message);
    assert_eq!(f.locator, Locator::Message { thread: "77".into(), message_id: "9".into() });
    assert!(!codes(&read(&chat(list(&[1, 2, 3])).as_slice()).unwrap()).contains(&"message-id-gaps"));
    let got = read(&chat(list(&[1, 3, 2, 3])).as_slice()).unwrap();
    assert!(codes(&got).contains(&"message-id-twice") && codes(&got).contains(&"message-order-broken"));
    let got = read(&chat(list(&[1, u64::MAX / 2])).as_slice()).unwrap();
    assert!(codes(&got).contains(&"message-id-gaps"));
}

#[test]
fn whole_accounts_hold_many_chats() {
    let m = |id: u64, from: &str| json!({"id": id, "type": "message", "date": "2024-05-01T13:00:00", "from": "x", "from_id": from, "text": "t"});
    let account = json!({
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": 5, "first_name": "Оля"},
        "contacts": {"list": [{"first_name": "Іван", "messages": []}]},
        "chats": {"about": "x", "list": [
            {"name": "А", "type": "personal_chat", "id": 1, "messages": [m(1, "user5"), m(2, "user6")]},
            {"name": null, "type": "personal_chat", "id": 2, "messages": [m(1, "user9")]},
            {"type": "saved_messages", "id": 2, "messages": []},
        ]},
        "left_chats": {"list": [{"name": "Б", "type": "public_channel", "id": 3, "messages": [m(4, "channel3")]}]},
    });
    let got = read(&account.to_string().into_bytes().as_slice()).unwrap();
    let threads: Vec<_> = got.value.threads.iter().map(|t| (t.id.as_str(), t.name.as_deref(), t.n_messages)).collect();
    assert_eq!(threads, [("1", Some("А"), 2), ("2", None, 1), ("2#3", None, 0), ("3", Some("Б"), 1)]);
    let directions: Vec<_> = got.value.messages.iter().map(|m| m.direction.as_deref()).collect();
    assert_eq!(directions, [Some("out"), Some("in"), Some("in"), Some("in")]);
}

#[test]
fn ids_written_after_the_messages_still_count() {
    let json = br#"{"messages":[{"id":1,"type":"message","date":"d","text":"t"}],"id":5,"type":"bot_chat","name":"n"}"#;
    let got = read(&json.as_slice()).unwrap().value;
    assert_eq!((got.threads[0].id.as_str(), got.messages[0].thread.as_str()), ("5", "5"));
    assert_eq!(got.messages[0].locator, Locator::Message { thread: "5".into(), message_id: "1".into() });
}

#[test]
fn a_broken_message_costs_one_message() {
    let json = br#"{"id":1,"type":"personal_chat","messages":[{"id":1,"type":"message","date":"d","text":"a\x1Fb"},{"id":2,"text":},{"id":3,"type":"message","date":"d","text":"c"},7,null]}"#;
    let got = read(&json.as_slice()).unwrap();
    assert_eq!(got.value.messages.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(), ["a\u{1f}b", "c"]);
    assert_eq!(got.value.unread, 3);
    assert!(codes(&got).contains(&"invalid-escapes-mended"));
    let at = got.findings.iter().find(|f| f.code == "message-unread").map(|f| f.locator.clone());
    assert_eq!(at, Some(Locator::Bytes { start: json.windows(7).position(|w| w == br#"{"id":2"#).unwrap() as u64, len: 16 }));
    let deep = format!(
        r#"{{"id":1,"type":"personal_chat","messages":[{{"id":1,"date":"d","x":{}{}}},{{"id":2,"date":"d","text":"t"}}]}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let got = read(&deep.as_bytes()).unwrap().value;
    assert_eq!((got.unread, got.messages.len()), (1, 1));
}

#[test]
fn a_cut_file_gives_what_came_before() {
    let whole = chat(json!(
        (1..=50).map(|i| json!({"id": i, "type": "message", "date": "2024-05-01T13:00:00", "text": "слово"})).collect::<Vec<_>>()
    ));
    let mut last = 0;
    for cut in (0..whole.len()).step_by(64) {
        match read(&&whole[..cut]) {
            Ok(got) => {
                assert!(codes(&got).contains(&"file-cut-short"), "{cut}");
                assert!(got.value.messages.len() >= last && got.value.messages.iter().all(|m| m.thread == "77"));
                last = got.value.messages.len();
            }
            Err(e) => assert!(last == 0 && matches!(e, FormatError::Empty | FormatError::NotThisFormat { .. })),
        }
    }
    assert!(last >= 45);
}

#[test]
fn other_json_is_refused() {
    for text in ["{}", "[]", "null", "{\"a\":", "{\"messages\": 3}", "garbage", "{\"chats\": []}"] {
        assert!(matches!(read(&text.as_bytes()), Err(FormatError::NotThisFormat { .. })), "{text}");
        assert!(!looks_like(&text.as_bytes(), 1000), "{text}");
    }
    assert!(looks_like(&chat(json!([{"id": 1, "type": "message", "date": "d", "text": "t"}])).as_slice(), 1000));
    assert!(looks_like(&chat(json!([])).as_slice(), 1000));
    assert!(!looks_like(&br#"{"messages":[{"role":"x","content":"y"}]}"#.as_slice(), 1000));
}
