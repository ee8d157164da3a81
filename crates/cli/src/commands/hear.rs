//! `transcript`, `text`, `messages`, `calls`: the words of one item.

use super::{not_there_yet, open_to_look};
use crate::Ended;
use crate::flags::Transcript;
use crate::out::Out;
use std::fmt::Write;
use zapys_casework::view::{TranscriptView, clock};
use zapys_casework::{CaseError, Settings};

pub async fn transcript(args: Transcript, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args.revision.as_str() {
        "machine" | "latest" => {}
        _ => return Ok(not_there_yet(out, &format!("transcript --revision {}", args.revision))),
    }
    let format = args.format.as_deref().unwrap_or(if out.json { "json" } else { "txt" });
    let (case, id) = open_to_look(settings, &args.item, "transcript").await?;
    let transcript = case.transcript(id).await?;
    let lang = args.lang.as_deref();
    if let Some(lang) = lang.filter(|l| *l != transcript.language) {
        if transcript.segments.iter().all(|s| !s.translations.contains_key(lang)) {
            return Err(CaseError::NoTranslation { lang: lang.to_owned() });
        }
    }
    let text = match format {
        "json" => serde_json::to_string(&transcript).expect("views serialise: their keys are texts"),
        "txt" => plain(&transcript, lang),
        "srt" => subtitles(&transcript, lang, false),
        "vtt" => subtitles(&transcript, lang, true),
        "eaf" => return Ok(not_there_yet(out, "transcript --format eaf")),
        _ => return Err(CaseError::Flag { flag: "--format", wants: "json, txt, srt or vtt" }),
    };
    if out.json && format != "json" {
        out.object(&serde_json::json!({"item": id, "format": format, "content": text}));
    } else if format == "json" {
        println!("{text}");
    } else {
        out.say(text);
    }
    Ok(Ended::Done)
}

const LABEL: &str = "Machine, unreviewed";

fn words(t: &TranscriptView, i: usize, lang: Option<&str>) -> String {
    let s = &t.segments[i];
    let mut text = s.segment.text.clone();
    if let Some(other) = lang.and_then(|l| s.translations.get(l)) {
        let _ = write!(text, "\n{} ({})", other.text, LABEL.to_lowercase());
    }
    text
}

fn plain(t: &TranscriptView, lang: Option<&str>) -> String {
    let mut text = format!("{LABEL}: {} {}, language {}\n", t.engine.name, t.engine.version, t.language);
    for i in 0..t.segments.len() {
        let s = &t.segments[i].segment;
        let speaker = s.speaker.as_deref().unwrap_or("?");
        let flags: Vec<&str> = s.flags.iter().map(|f| f.word()).collect();
        let doubt = if flags.is_empty() { String::new() } else { format!("  [{}]", flags.join(", ")) };
        let _ = write!(text, "\n{} {speaker}  {}{doubt}", clock(s.start_ms), words(t, i, lang).replace('\n', "\n            "));
    }
    text
}

fn subtitles(t: &TranscriptView, lang: Option<&str>, vtt: bool) -> String {
    let stamp = |ms: u64| {
        format!(
            "{:02}:{:02}:{:02}{}{:03}",
            ms / 3_600_000,
            ms / 60_000 % 60,
            ms / 1000 % 60,
            if vtt { '.' } else { ',' },
            ms % 1000
        )
    };
    let mut text = if vtt { format!("WEBVTT\n\nNOTE {LABEL}\n\n") } else { String::new() };
    for i in 0..t.segments.len() {
        let s = &t.segments[i].segment;
        let speaker = s.speaker.as_deref().map(|x| format!("{x}: ")).unwrap_or_default();
        // A cue ends at an empty line and must not hold the arrow that separates times.
        let words =
            words(t, i, lang).replace("-->", "->").lines().filter(|l| !l.trim().is_empty()).collect::<Vec<_>>().join("\n");
        let label = if vtt || i > 0 { String::new() } else { format!("[{LABEL}] ") };
        let _ = write!(
            text,
            "{}\n{} --> {}\n{label}{speaker}{words}\n\n",
            i + 1,
            stamp(s.start_ms),
            stamp(s.end_ms.max(s.start_ms + 1))
        );
    }
    text.trim_end().to_owned()
}

pub async fn text(item: &str, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let (case, id) = open_to_look(settings, item, "text").await?;
    let t = case.text(id).await?;
    out.object(&t);
    out.say(format!("{LABEL}: {} {}, language {}", t.text.engine.name, t.text.engine.version, t.text.language));
    for (name, value) in [
        ("title", &t.text.title),
        ("byline", &t.text.byline),
        ("publisher", &t.text.publisher),
        ("published", &t.text.published),
        ("modified", &t.text.modified),
    ] {
        if let Some(value) = value {
            out.say(format!("{name:<10} {value}"));
        }
    }
    for b in &t.text.blocks {
        out.say(format!("\n{}", b.text));
    }
    for q in &t.text.quotes {
        out.say(format!(
            "\nquote: «{}» {} {}",
            q.text,
            q.verb.as_deref().unwrap_or(""),
            q.speaker.as_deref().unwrap_or("(speaker not named)")
        ));
    }
    Ok(Ended::Done)
}

pub async fn messages(item: &str, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let (case, id) = open_to_look(settings, item, "messages").await?;
    for m in case.messages(id).await? {
        out.object(&m);
        let time = m.message.time.utc.as_deref().or(m.message.time.local.as_deref()).unwrap_or("time unknown");
        let forwarded = m.message.forwarded_from.as_ref().map(|f| format!(" (forwarded from {f})")).unwrap_or_default();
        out.say(format!(
            "{:>6} {time} {}{forwarded}: {}",
            m.message.message_id,
            m.message.sender.as_deref().unwrap_or("unknown"),
            m.message.text
        ));
    }
    Ok(Ended::Done)
}

pub async fn calls(item: &str, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let (case, id) = open_to_look(settings, item, "calls").await?;
    let mut rows = Vec::new();
    for c in case.calls(id).await? {
        out.object(&c);
        let text = |t: &Option<String>| t.clone().unwrap_or_else(|| "unknown".into());
        rows.push(vec![
            c.call.row.to_string(),
            text(&c.call.start_local),
            c.call.duration_s.map_or_else(|| "unknown".into(), |d| format!("{d} s")),
            text(&c.call.a_number),
            text(&c.call.b_number),
            text(&c.call.direction),
            c.call.flags.join(" "),
        ]);
    }
    out.table(&["row", "start as written", "duration", "A number", "B number", "direction", "flags"], &rows);
    Ok(Ended::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zapys_casework::view::{EngineView, SegmentView};
    use zapys_domain::Lang;
    use zapys_domain::transcript::Segment;

    fn transcript() -> TranscriptView {
        let segment = Segment {
            id: "s0001".into(),
            start_ms: 1200,
            end_ms: 3_601_500,
            speaker: Some("A".into()),
            channel: Some(0),
            language: Lang::parse("ru").expect("a tag"),
            text: "Опись --> не делали.".into(),
            confidence: 0.9,
            flags: vec![],
            words: vec![],
        };
        TranscriptView {
            item: zapys_domain::ItemId::new(Default::default()),
            language: "ru".into(),
            duration_ms: 4_000_000,
            reviewed: false,
            engine: EngineView {
                name: "e".into(),
                version: "1".into(),
                model: None,
                model_sha256: None,
                parameters: serde_json::Value::Null,
            },
            speakers: vec![],
            segments: vec![SegmentView { segment, translations: Default::default() }],
        }
    }

    #[test]
    fn n5_every_form_says_machine_unreviewed() {
        let t = transcript();
        for text in [plain(&t, None), subtitles(&t, None, false), subtitles(&t, None, true)] {
            assert!(text.contains(LABEL), "{text}");
        }
    }

    #[test]
    fn subtitle_times_and_arrows() {
        let srt = subtitles(&transcript(), None, false);
        assert!(srt.contains("00:00:01,200 --> 01:00:01,500"), "{srt}");
        assert_eq!(srt.matches("-->").count(), 1);
    }
}
