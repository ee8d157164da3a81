//! What engines made of an exhibit, as it is read: waveform, words and translation, text, messages, calls, pictures.

use super::rendered::ByPeople;
use super::revised::Revised;
use super::second::HeardTwice;
use super::{Report, Shown};
use crate::safe::html;
use crate::words;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use zapys_domain::call::CallTable;
use zapys_domain::media::{DecodeFacts, Peaks, PictureFacts, ProbeFacts};
use zapys_domain::message::{ChatExport, Message};
use zapys_domain::text::ReadText;
use zapys_domain::transcript::{Flag, Segment, Transcript, TranslatedSegment, Translation};
use zapys_domain::{DerivativeKind, EngineIdentity};

/// Words that the engine gives less than this are marked.
const DOUBTFUL: f32 = 0.5;
/// Columns of a drawn waveform.
const COLUMNS: usize = 720;

/// Everything there is to show of the derivatives.
pub(super) fn all(out: &mut dyn Write, report: &Report<'_>, index: usize, shown: &[Shown]) -> io::Result<()> {
    let e = &report.extract.exhibits[index];
    for s in shown {
        match s {
            Shown::Peaks(d) => waveform(out, &d.value)?,
            Shown::Probe(d) => streams(out, &d.value)?,
            Shown::Decode(d) => edits(out, &d.value)?,
            Shown::Picture(d) => picture(out, &d.value)?,
            _ => {}
        }
    }
    light_copies(out, report, index)?;
    for (i, s) in shown.iter().enumerate() {
        match s {
            Shown::Transcript(d) => {
                if let Some(revised) = Revised::of(e, i, &d.value) {
                    revised.page(out)?;
                }
                if let Some(people) = ByPeople::of(e, i, &d.value) {
                    people.page(out)?;
                }
                let beside: Vec<&Translation> =
                    shown.iter().filter_map(|s| if let Shown::Translation(t) = s { Some(&t.value) } else { None }).collect();
                transcript(out, &d.value, &beside)?;
            }
            Shown::Second(_) => {
                if let Some(twice) = HeardTwice::of(e, i, shown) {
                    twice.page(out)?;
                }
            }
            Shown::Text(d) => read_text(out, &d.value)?,
            Shown::Messages(d) => messages(out, &d.value)?,
            Shown::Calls(d) => calls(out, &d.value)?,
            _ => {}
        }
    }
    for (d, s) in e.derivatives.iter().zip(shown) {
        let why = match s {
            Shown::TooLong => "is too long to be shown here; its file has it",
            Shown::Unreadable => "is in a form that cannot be shown here; its file has it",
            _ => continue,
        };
        writeln!(out, "<p class=\"dim\">{} {why}.</p>", words::derivative(d.kind))?;
    }
    Ok(())
}

pub(super) fn band(out: &mut dyn Write, what: &str, engine: &EngineIdentity, more: &str) -> io::Result<()> {
    let model = engine.model.as_ref().map(|m| format!(", model {}", html(m))).unwrap_or_default();
    writeln!(
        out,
        "<h3>{what}</h3>\n<p class=\"band\"><b>Machine, unreviewed</b> <span>{} {}{model}{more}</span></p>",
        html(&engine.name),
        html(&engine.version)
    )
}

fn waveform(out: &mut dyn Write, p: &Peaks) -> io::Result<()> {
    writeln!(out, "<figure class=\"wave\">")?;
    for (i, channel) in p.channels.iter().enumerate() {
        let pairs: Vec<(i8, i8)> = channel.chunks_exact(2).map(|c| (c[0], c[1])).collect();
        let columns = pairs.len().clamp(1, COLUMNS);
        let mut d = String::new();
        for x in 0..columns {
            let (a, b) = (x * pairs.len() / columns, ((x + 1) * pairs.len() / columns).min(pairs.len()));
            let Some(slice) = pairs.get(a..b).filter(|s| !s.is_empty()) else { continue };
            let lo = slice.iter().map(|p| p.0.min(p.1)).min().unwrap_or(0);
            let hi = slice.iter().map(|p| p.0.max(p.1)).max().unwrap_or(0);
            // A hairline where there is silence, so that the lane is never empty.
            let (top, bottom) = (127 - i16::from(hi), 128 - i16::from(lo));
            let _ = write!(d, "M{x}.5 {top}V{bottom}");
        }
        let voice = if p.channels.len() == 1 { 0 } else { i % 6 + 1 };
        writeln!(
            out,
            "<svg viewBox=\"0 0 {columns} 256\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Loudness over time, channel {}\">\
             <path class=\"v{voice}\" d=\"{d}\"/></svg>",
            i + 1
        )?;
    }
    writeln!(out, "<figcaption><span>00:00.0</span><span>{}</span></figcaption>\n</figure>", words::clock(p.duration_ms))
}

fn streams(out: &mut dyn Write, p: &ProbeFacts) -> io::Result<()> {
    let mut parts = vec![html(&p.container)];
    for a in &p.audio {
        let rate = a.bit_rate.map(|r| format!(", {} kbit/s", r / 1000)).unwrap_or_default();
        parts.push(format!(
            "{}, {} Hz, {}{rate}",
            html(&a.codec),
            words::grouped(a.sample_rate.into()),
            words::count(a.channels.into(), "channel", "channels")
        ));
    }
    for v in &p.video {
        parts.push(format!("{}, {} by {} pixels", html(&v.codec), v.width, v.height));
    }
    writeln!(out, "<p class=\"sub small\">Container and streams: {}</p>", parts.join("; "))?;
    tags(out, &p.tags)
}

/// What was looked for of editing, what was found, and what such a look cannot see. The finds stand among the findings.
fn edits(out: &mut dyn Write, d: &DecodeFacts) -> io::Result<()> {
    if d.edits.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Traces of editing, looked for in the samples</h3>\n<dl class=\"facts\">")?;
    for look in &d.edits {
        let method = match look.method.as_str() {
            "lost-samples" => "Lost samples",
            "repeated-samples" => "The same samples twice",
            "background-steps" => "Steps of the background",
            "jumps" => "Jumps between samples",
            "hum-breaks" => "Breaks in mains hum",
            "coarse-values" => "Values that never occur",
            other => other,
        };
        let found = if look.found == 0 { "none found".into() } else { format!("{} found", words::grouped(look.found)) };
        writeln!(out, "<div><dt>{}</dt><dd>{found}. {}</dd></div>", html(method), html(&look.limits))?;
    }
    writeln!(out, "</dl>")
}

fn tags(out: &mut dyn Write, tags: &[(String, String)]) -> io::Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Written in the file</h3>\n<dl class=\"facts\">")?;
    for (k, v) in tags {
        writeln!(out, "<div><dt class=\"any\">{}</dt><dd class=\"any\" dir=\"auto\">{}</dd></div>", html(k), html(v))?;
    }
    writeln!(out, "</dl>")
}

fn picture(out: &mut dyn Write, p: &PictureFacts) -> io::Result<()> {
    writeln!(out, "<p class=\"sub small\">{} by {} pixels</p>", p.width, p.height)?;
    if let Some(taken) = &p.taken_local {
        let offset = p.taken_offset.as_deref().map_or("zone not stated".into(), html);
        writeln!(out, "<p class=\"sub small\">Time in the file: {} ({offset})</p>", html(taken))?;
    }
    tags(out, &p.tags)
}

/// Sound to play and pictures to open, from the light copies; nothing plays or shows by itself.
fn light_copies(out: &mut dyn Write, report: &Report<'_>, index: usize) -> io::Result<()> {
    if !report.beside {
        return Ok(());
    }
    let record = &report.manifest.exhibits[index];
    for d in record.derivatives.iter().filter(|d| d.kind == DerivativeKind::Proxy) {
        let path = d.file.strip_prefix("data/").unwrap_or(&d.file);
        if d.media_type.starts_with("audio/") {
            writeln!(out, "<audio controls preload=\"none\" src=\"../{path}\"></audio>")?;
        } else if d.media_type.starts_with("image/") {
            let what = words::kind(record.kind).to_lowercase();
            writeln!(
                out,
                "<details><summary>Open the picture (a {what}; light copy without metadata)</summary>\
                 <img src=\"../{path}\" alt=\"{} {}\"></details>",
                words::kind(record.kind),
                record.exhibit
            )?;
        }
    }
    Ok(())
}

pub(super) fn flag_words(f: Flag) -> &'static str {
    match f {
        Flag::NoSpeech => "no speech here",
        Flag::Repetition => "repetition",
        Flag::Disagreement => "engines disagree",
        Flag::Negation => "negation",
        Flag::LanguageSwitch => "other language",
        Flag::LowConfidence => "low confidence",
        Flag::Overlap => "two voices at once",
    }
}

/// Words with the doubtful ones marked; the plain text where words and text differ.
fn marked(s: &Segment) -> String {
    let joined = s.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
    if joined != s.text {
        return html(&s.text);
    }
    let mut out = String::new();
    for (i, w) in s.words.iter().enumerate() {
        let space = if i == 0 { "" } else { " " };
        if w.confidence < DOUBTFUL {
            let _ = write!(out, "{space}<span class=\"doubtful\">{}</span>", html(&w.text));
        } else {
            let _ = write!(out, "{space}{}", html(&w.text));
        }
    }
    out
}

fn transcript(out: &mut dyn Write, t: &Transcript, beside: &[&Translation]) -> io::Result<()> {
    let n = words::count(t.segments.len(), "segment", "segments");
    band(out, "Words spoken", &t.engine, &format!(" \u{b7} {n}; doubtful words are underlined"))?;
    write!(
        out,
        "<table class=\"words\">\n<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">{}, as heard</th>",
        html(words::language(t.language.as_str()))
    )?;
    for b in beside {
        let by = b.engine.model.as_ref().unwrap_or(&b.engine.name);
        write!(out, "<th scope=\"col\">{}, by {}</th>", html(words::language(b.language.as_str())), html(by))?;
    }
    writeln!(out, "<th scope=\"col\">Doubts</th></tr></thead>\n<tbody>")?;
    let by_id: Vec<BTreeMap<&str, &TranslatedSegment>> =
        beside.iter().map(|b| b.segments.iter().map(|s| (s.id.as_str(), s)).collect()).collect();
    for s in &t.segments {
        segment(out, t, s, beside, &by_id)?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn segment(
    out: &mut dyn Write,
    t: &Transcript,
    s: &Segment,
    beside: &[&Translation],
    by_id: &[BTreeMap<&str, &TranslatedSegment>],
) -> io::Result<()> {
    let voice = s.speaker.as_ref().and_then(|id| t.speakers.iter().position(|v| v.id == *id));
    let who = match (voice, &s.speaker) {
        (Some(i), Some(id)) => {
            let label = &t.speakers[i].label;
            format!("<b class=\"who w{}\" title=\"{}\">{}</b>", i % 6 + 1, html(label), html(id))
        }
        (None, Some(id)) => format!("<b class=\"who w0\">{}</b>", html(id)),
        _ => String::new(),
    };
    write!(out, "<tr><td class=\"at\">{who}{}</td>", words::clock(s.start_ms))?;
    if s.flags.contains(&Flag::NoSpeech) {
        // Text over silence is kept in the derivative and never shown as words.
        write!(
            out,
            "<td class=\"say struck\" colspan=\"{}\">Text over {} without speech is left out</td>",
            1 + beside.len(),
            words::seconds(s.end_ms.saturating_sub(s.start_ms))
        )?;
    } else {
        write!(out, "<td class=\"say\" lang=\"{}\" dir=\"auto\">{}</td>", html(s.language.as_str()), marked(s))?;
        for (b, texts) in beside.iter().zip(by_id) {
            let text = texts.get(s.id.as_str()).map_or("<span class=\"unknown\">not translated</span>".into(), |t| translated(t));
            write!(out, "<td class=\"say\" lang=\"{}\" dir=\"auto\">{text}</td>", html(b.language.as_str()))?;
        }
    }
    write!(out, "<td class=\"flags\">")?;
    for f in &s.flags {
        write!(out, "<span class=\"chip\">{}</span>", flag_words(*f))?;
    }
    writeln!(out, "</td></tr>")
}

/// A translation with what it seems to have lost.
fn translated(s: &TranslatedSegment) -> String {
    let lost: Vec<String> = s.lost.iter().map(|l| format!("<span class=\"chip\">{l}?</span>")).collect();
    format!("{} {}", html(&s.text), lost.concat()).trim_end().to_owned()
}

fn read_text(out: &mut dyn Write, t: &ReadText) -> io::Result<()> {
    let n = words::count(t.blocks.len(), "block", "blocks");
    band(out, "Text", &t.engine, &format!(" \u{b7} {}, {n}", html(words::language(t.language.as_str()))))?;
    let facts = [
        ("Title", &t.title),
        ("By", &t.byline),
        ("Publisher", &t.publisher),
        ("Published, as written", &t.published),
        ("Changed, as written", &t.modified),
        ("Own address", &t.canonical),
    ];
    if facts.iter().any(|(_, v)| v.is_some()) {
        writeln!(out, "<dl class=\"facts\">")?;
        for (k, v) in facts {
            if let Some(v) = v {
                writeln!(out, "<div><dt>{k}</dt><dd class=\"any\" dir=\"auto\">{}</dd></div>", html(v))?;
            }
        }
        writeln!(out, "</dl>")?;
    }
    writeln!(out, "<div class=\"machine\" lang=\"{}\">", html(t.language.as_str()))?;
    for b in &t.blocks {
        let doubt = if b.confidence.is_some_and(|c| c < DOUBTFUL) { " class=\"doubtful\"" } else { "" };
        writeln!(out, "<p dir=\"auto\"><span{doubt}>{}</span></p>", html(&b.text))?;
    }
    writeln!(out, "</div>")
}

fn messages(out: &mut dyn Write, c: &ChatExport) -> io::Result<()> {
    let n = words::count(c.messages.len(), "message", "messages");
    let unread = if c.unread > 0 { format!("; {} could not be read", words::grouped(c.unread)) } else { String::new() };
    writeln!(
        out,
        "<h3>Messages</h3>\n<p class=\"band\"><b>Machine, unreviewed</b> <span>read as {} \u{b7} {n}{unread}</span></p>",
        html(&c.format)
    )?;
    for thread in &c.threads {
        let name = thread.name.as_deref().map_or("<span class=\"unknown\">unknown</span>".into(), html);
        writeln!(out, "<p class=\"sub small\">Conversation <bdi>{name}</bdi>, {}</p>", html(&thread.kind))?;
        for m in c.messages.iter().filter(|m| m.thread == thread.id) {
            message(out, m)?;
        }
    }
    // Messages of a thread that the export does not describe are still shown.
    for m in c.messages.iter().filter(|m| c.threads.iter().all(|t| t.id != m.thread)) {
        message(out, m)?;
    }
    Ok(())
}

fn message(out: &mut dyn Write, m: &Message) -> io::Result<()> {
    let side = if m.direction.as_deref() == Some("out") { " out" } else { "" };
    let sender = m.sender.as_deref().map_or("unknown".into(), html);
    let time = match (&m.time.utc, &m.time.local) {
        (Some(utc), _) => html(utc),
        (None, Some(local)) => format!("{} (zone not stated)", html(local)),
        (None, None) => "<span class=\"unknown\">time unknown</span>".into(),
    };
    write!(
        out,
        "<article class=\"msg{side}\"><header><b><bdi>{sender}</bdi></b><span class=\"mono\">{time}</span>\
         <span class=\"mono\">message {}</span></header>",
        html(&m.message_id)
    )?;
    if let Some(from) = &m.forwarded_from {
        let when = m.forwarded_time.as_deref().map(|t| format!(", {}", html(t))).unwrap_or_default();
        write!(out, "<small class=\"dim\">Forwarded from <bdi>{}</bdi>{when}</small>", html(from))?;
    }
    if !m.text.is_empty() {
        write!(out, "<p dir=\"auto\">{}</p>", html(&m.text))?;
    }
    for a in &m.attachments {
        let what = a.path.as_deref().or(a.note.as_deref()).map(html).unwrap_or_default();
        write!(out, "<small>Attached: {} <bdi class=\"mono\">{what}</bdi></small> ", html(&a.kind))?;
    }
    if let Some(edited) = &m.edited {
        write!(out, "<small class=\"dim\">Last edited {}</small> ", html(edited))?;
    }
    for f in &m.flags {
        write!(out, "<span class=\"chip\">{}</span>", html(f))?;
    }
    writeln!(out, "</article>")
}

fn calls(out: &mut dyn Write, t: &CallTable) -> io::Result<()> {
    let n = words::count(t.rows.len(), "row", "rows");
    let unread = if t.unread > 0 { format!("; {} could not be read", words::grouped(t.unread)) } else { String::new() };
    writeln!(
        out,
        "<h3>Calls</h3>\n<p class=\"band\"><b>Machine, unreviewed</b> <span>read as {} \u{b7} {n}{unread}</span></p>\n\
         <div class=\"scroll\"><table class=\"calls\">\n<thead><tr><th scope=\"col\">Row</th><th scope=\"col\">From</th>\
         <th scope=\"col\">To</th><th scope=\"col\">Start, as written</th><th scope=\"col\">Start, UTC</th>\
         <th scope=\"col\">Seconds</th><th scope=\"col\">Direction</th><th scope=\"col\">IMEI</th>\
         <th scope=\"col\">Cell, start</th><th scope=\"col\">Cell, end</th><th scope=\"col\">Doubts</th></tr></thead>\n<tbody>",
        html(&t.encoding)
    )?;
    for r in &t.rows {
        let cell = |v: &Option<String>| v.as_deref().map_or("\u{2013}".into(), html);
        let utc = r.start_utc.as_deref().map_or("<span class=\"unknown\">unknown</span>".into(), html);
        write!(
            out,
            "<tr><td class=\"mono\">{}</td><td class=\"mono\">{}</td><td class=\"mono\">{}</td><td class=\"mono\">{}</td>\
             <td class=\"mono\">{utc}</td><td class=\"mono\">{}</td><td>{}</td><td class=\"mono\">{}</td>\
             <td class=\"mono\">{}</td><td class=\"mono\">{}</td><td>",
            r.row,
            cell(&r.a_number),
            cell(&r.b_number),
            cell(&r.start_local),
            r.duration_s.map_or("\u{2013}".into(), |s| s.to_string()),
            cell(&r.direction),
            cell(&r.imei),
            cell(&r.cell_start),
            cell(&r.cell_end)
        )?;
        for f in &r.flags {
            write!(out, "<span class=\"chip\">{}</span>", html(f))?;
        }
        writeln!(out, "</td></tr>")?;
    }
    writeln!(out, "</tbody>\n</table></div>")
}
