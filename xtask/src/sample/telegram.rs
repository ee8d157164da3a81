//! A Telegram Desktop export of a channel that posts the clip with a claim, and a table of calls.

use serde_json::{Value, json};
use std::path::Path;

/// Seconds since 1970 of 2022-03-18 09:12 UTC.
const FIRST: i64 = 1_647_594_720;

/// Where the export keeps the clip and the voice message.
pub const CLIP: &str = "files/clip-published.mp3";
pub const VOICE: &str = "voice_messages/audio_1@18-03-2022_13-12-00.ogg";

/// Writes `result.json`. Attachments are copied by the caller. Returns what is true of it.
pub fn write(dir: &Path, clip_seconds: usize) -> Result<Value, String> {
    let message = |id: u32, after_s: i64, body: Value| {
        let at = FIRST + after_s;
        let mut m = json!({"id": id, "type": "message", "date": local(at), "date_unixtime": at.to_string(), "from": "Синьопілля сьогодні", "from_id": "channel1700000001"});
        merge(&mut m, body);
        m
    };
    let text = |t: &str| json!({"text": t, "text_entities": [{"type": "plain", "text": t}]});
    let with = |mut a: Value, b: Value| {
        merge(&mut a, b);
        a
    };
    let messages = vec![
        json!({"id": 1, "type": "service", "date": local(FIRST - 86_400), "date_unixtime": (FIRST - 86_400).to_string(), "actor": "Синьопілля сьогодні", "actor_id": "channel1700000001", "action": "create_channel", "title": "Синьопілля сьогодні", "text": "", "text_entities": []}),
        message(
            101,
            0,
            with(
                json!({"file": CLIP, "thumbnail": "(File not included. Change data exporting settings to download.)", "media_type": "audio_file", "mime_type": "audio/mpeg", "duration_seconds": clip_seconds}),
                json!({
                    "text": [{"type": "bold", "text": "ПЕРЕХОПЛЕННЯ."}, " Двоє домовляються про ящики з музею. Слухайте до кінця. ", {"type": "hashtag", "text": "#музей"}],
                    "text_entities": [{"type": "bold", "text": "ПЕРЕХОПЛЕННЯ."}, {"type": "plain", "text": " Двоє домовляються про ящики з музею. Слухайте до кінця. "}, {"type": "hashtag", "text": "#музей"}],
                }),
            ),
        ),
        message(102, 340, with(text("В разговоре слышно, что опись ящиков не делали."), json!({"reply_to_message_id": 101}))),
        message(
            103,
            3_900,
            with(text("Пишут, что грузовик стоял у двора музея до вечера."), json!({"forwarded_from": "Очевидец 2"})),
        ),
        message(
            104,
            5_000,
            with(
                text("Уточнення: дату запису ми не знаємо."),
                json!({"edited": local(FIRST + 9_000), "edited_unixtime": (FIRST + 9_000).to_string()}),
            ),
        ),
        message(
            105,
            7_200,
            with(
                text(""),
                json!({"file": VOICE, "media_type": "voice_message", "mime_type": "audio/ogg", "duration_seconds": 20}),
            ),
        ),
        message(
            107,
            9_800,
            with(
                text("Фото подвір’я, надіслав читач."),
                json!({"photo": "(File not included. Change data exporting settings to download.)", "width": 1600, "height": 1067}),
            ),
        ),
        message(108, 12_000, with(text("Музей каже: ящики лише перенесли. Посилання нижче."), json!({}))),
    ];
    let n = messages.len();
    let export = json!({"name": "Синьопілля сьогодні", "type": "public_channel", "id": 1_700_000_001u64, "messages": messages});
    let bytes = serde_json::to_vec_pretty(&export).map_err(|e| e.to_string())?;
    std::fs::write(dir.join("result.json"), bytes).map_err(|e| e.to_string())?;
    Ok(
        json!({"telegram/result.json": {"messages": n, "posts": {"id": "101", "file": "clips/clip-published.mp3"}, "offset_minutes": 120, "missing_ids": [106]}}),
    )
}

/// The exporter's own clock: two hours ahead of UTC, as its JSON has it, without saying so.
fn local(unix: i64) -> String {
    let t = time::OffsetDateTime::from_unix_timestamp(unix + 7200).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year(), u8::from(t.month()), t.day(), t.hour(), t.minute(), t.second())
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(a), Value::Object(b)) = (into.as_object_mut(), from) {
        a.extend(b);
    }
}

/// Writes the call-record table. `heard_ms`: length of the first call. Returns what is true of it.
pub fn records(path: &Path, heard_ms: usize) -> Result<Value, String> {
    // The network bills ringing too: a few seconds more than what is heard.
    let billed = heard_ms.div_ceil(1000) + 4;
    let imei = |n: u64| {
        let body = format!("{:014}", 35_000_000_000_000 + n);
        let sum: u32 = body
            .bytes()
            .enumerate()
            .map(|(i, b)| {
                let d = u32::from(b - b'0') * if i % 2 == 1 { 2 } else { 1 };
                d / 10 + d % 10
            })
            .sum();
        format!("{body}{}", (10 - sum % 10) % 10)
    };
    let rows: Vec<(&str, &str, &str, usize, &str)> = vec![
        ("14.03.2022 08:02:11", "+380005550101", "+380005550144", 35, "вихідний"),
        ("14.03.2022 08:40:52", "+380005550117", "+380005550101", 12, "вхідний"),
        ("14.03.2022 09:15:03", "+380005550101", "+380005550190", 204, "вихідний"),
        ("14.03.2022 10:07:40", "+380005550101", "+380005550144", billed, "вихідний"),
        ("14.03.2022 10:59:08", "+380005550101", "+380005550162", 61, "вихідний"),
        ("14.03.2022 11:31:27", "+380005550144", "+380005550101", 9, "вхідний"),
        ("14.03.2022 12:04:00", "+380005550101", "+380005550117", 148, "вихідний"),
        ("15.03.2022 07:45:33", "+380005550190", "+380005550101", 131, "вхідний"),
        ("15.03.2022 13:20:19", "+380005550101", "+380005550144", 22, "вихідний"),
        ("16.03.2022 18:11:55", "+380005550162", "+380005550101", 305, "вхідний"),
    ];
    let mut text =
        String::from("Дата і час;Номер А;Номер Б;Тривалість, с;Напрям;IMEI;Початкова базова станція;Кінцева базова станція\r\n");
    for (i, (time, a, b, seconds, direction)) in rows.iter().enumerate() {
        let cell = 4100 + i % 3;
        text.push_str(&format!("{time};{a};{b};{seconds};{direction};{};255-99-{cell}-2;255-99-{}-1\r\n", imei(101), cell + 1));
    }
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(json!({"records/calls.csv": {"rows": rows.len(), "matches": {"row": 4, "item": "calls/call-01.wav", "billed_s": billed}}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_lasts_as_long_as_the_call_and_a_little_more_and_every_device_number_checks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("calls.csv");
        let truth = records(&path, 74_163).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(';').collect()).collect();
        assert_eq!(rows.len() as u64, truth["records/calls.csv"]["rows"].as_u64().unwrap());
        let near: Vec<usize> = (1..=rows.len()).filter(|i| (74..=84).contains(&rows[i - 1][3].parse::<u32>().unwrap())).collect();
        assert_eq!(near, [truth["records/calls.csv"]["matches"]["row"].as_u64().unwrap() as usize], "no other row comes near");
        for row in rows {
            assert_eq!(row.len(), 8);
            let sum: u32 = row[5]
                .bytes()
                .map(|b| u32::from(b - b'0'))
                .enumerate()
                .map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { d })
                .sum();
            assert_eq!((row[5].len(), sum % 10), (15, 0));
        }
    }

    #[test]
    fn the_exporters_clock_is_ahead_of_the_absolute_one() {
        assert_eq!(local(FIRST), "2022-03-18T11:12:00");
    }
}
