//! `transcript`, `text`, `messages`, `calls`: the words of one item.

use super::{actor, open_to_look};
use crate::Ended;
use crate::flags::Transcript;
use crate::out::Out;
use std::io::{IsTerminal, Write};
use zapys_casework::interchange::{self, TranscriptForm, UNREVIEWED};
use zapys_casework::{CaseError, Layer, Settings};

pub async fn transcript(args: Transcript, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let layer = Layer::parse(&args.revision)
        .ok_or(CaseError::Flag { flag: "--revision", wants: "machine, latest, or the number of a revision" })?;
    let form = match args.format.as_deref().map(|f| f.to_ascii_lowercase()) {
        None if out.json => TranscriptForm::Json,
        None => TranscriptForm::Txt,
        Some(word) => TranscriptForm::parse(&word)
            .ok_or(CaseError::Flag { flag: "--format", wants: "json, txt, srt, vtt, eaf, textgrid or docx" })?,
    };
    if form == TranscriptForm::Docx && (out.json || std::io::stdout().is_terminal()) {
        return Err(CaseError::Flag { flag: "--format", wants: "a form that is text, or for docx a file: `> words.docx`" });
    }
    let (case, id) = open_to_look(settings, &args.item, if args.blind { "blind" } else { "transcript" }).await?;
    let transcript = if args.blind { case.transcript_blind(&actor(), id).await? } else { case.transcript_at(id, layer).await? };
    let lang = args.lang.as_deref();
    if let Some(lang) = lang.filter(|l| *l != transcript.language)
        && transcript.segments.iter().all(|s| !s.translations.contains_key(lang))
    {
        return Err(CaseError::NoTranslation { lang: lang.to_owned() });
    }
    let bytes = interchange::write(&transcript, form, lang);
    if form == TranscriptForm::Docx {
        let written = std::io::stdout().lock().write_all(&bytes);
        written.map_err(|source| CaseError::Path { path: "standard output".into(), source })?;
        return Ok(Ended::Done);
    }
    let text = String::from_utf8(bytes).map_err(|_| CaseError::Inconsistent { what: "a transcript" })?;
    if out.json && form != TranscriptForm::Json {
        out.object(&serde_json::json!({"item": id, "format": form.word(), "content": text}));
    } else if form == TranscriptForm::Json {
        println!("{text}");
    } else {
        out.say(text);
    }
    Ok(Ended::Done)
}

pub async fn text(item: &str, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let (case, id) = open_to_look(settings, item, "text").await?;
    let t = case.text(id).await?;
    out.object(&t);
    out.say(format!("{UNREVIEWED}: {} {}, language {}", t.text.engine.name, t.text.engine.version, t.text.language));
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
