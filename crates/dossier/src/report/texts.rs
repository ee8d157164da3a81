//! Readable text files beside the derivative documents: the same words, without a program to open them.

use super::Shown;
use super::rendered::ByPeople;
use super::revised::Revised;
use super::second::HeardTwice;
use crate::extract::Exhibit;
use crate::layout::ExhibitNo;
use crate::safe::line;
use crate::words;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use zapys_domain::EngineIdentity;
use zapys_domain::call::CallTable;
use zapys_domain::message::ChatExport;
use zapys_domain::text::ReadText;
use zapys_domain::transcript::{Flag, Transcript, Translation};

/// A text file of an exhibit.
pub(crate) struct TextOut {
    pub(crate) name: String,
    pub(crate) text: String,
    /// Indices of the derivatives it was made from.
    pub(crate) from: Vec<usize>,
}

/// Text files for everything that has words.
pub(crate) fn texts(no: ExhibitNo, e: &Exhibit, shown: &[Shown]) -> Vec<TextOut> {
    let mut out = Vec::new();
    let mut taken: BTreeMap<&str, u32> = BTreeMap::new();
    let translations: Vec<(usize, &Translation)> = shown
        .iter()
        .enumerate()
        .filter_map(|(i, s)| if let Shown::Translation(t) = s { Some((i, &t.value)) } else { None })
        .collect();
    for (i, s) in shown.iter().enumerate() {
        let (stem, text, from) = match s {
            Shown::Transcript(d) => {
                let from = std::iter::once(i).chain(translations.iter().map(|t| t.0)).collect();
                ("transcript", transcript(no, &d.value, &translations), from)
            }
            Shown::Second(_) => match HeardTwice::of(e, i, shown) {
                Some(twice) => ("transcript-second", format!("{no}: words spoken, heard once more\n{}", twice.text()), vec![i]),
                None => continue,
            },
            Shown::Text(d) => ("text", read_text(no, &d.value), vec![i]),
            Shown::Messages(d) => ("messages", messages(no, &d.value), vec![i]),
            Shown::Calls(d) => ("calls", calls(no, &d.value), vec![i]),
            _ => continue,
        };
        if let Shown::Transcript(d) = s
            && let Some((text, _)) = revised_words(no, e, i, &d.value)
        {
            out.push(TextOut { name: "transcript-revised.txt".into(), text, from: vec![i] });
        }
        if let Shown::Transcript(d) = s
            && let Some(people) = ByPeople::of(e, i, &d.value)
        {
            let text = format!("{no}: translations by people\n{}\nOriginal: {}\n", people.text(None), e.object);
            let n = taken.entry("translation-by-people").or_default();
            *n += 1;
            let name = if *n == 1 { "translation-by-people.txt".into() } else { format!("translation-by-people-{n}.txt") };
            out.push(TextOut { name, text, from: vec![i] });
        }
        let n = taken.entry(stem).or_default();
        *n += 1;
        let name = if *n == 1 { format!("{stem}.txt") } else { format!("{stem}-{n}.txt") };
        out.push(TextOut { name, text: format!("{text}\nOriginal: {}\n", e.object), from });
    }
    out
}

/// The words of a machine's transcript as a text file, with a translation below them where one is given.
pub(crate) fn machine_words(no: ExhibitNo, e: &Exhibit, t: &Transcript, beside: Option<&Translation>) -> String {
    let beside: Vec<(usize, &Translation)> = beside.into_iter().map(|b| (0, b)).collect();
    format!("{}\nOriginal: {}\n", transcript(no, t, &beside), e.object)
}
/// The words as people left them, where anybody mended the transcript that is the derivative at `index`; and who.
pub(crate) fn revised_words(no: ExhibitNo, e: &Exhibit, index: usize, machine: &Transcript) -> Option<(String, String)> {
    let revised = Revised::of(e, index, machine)?;
    let text = format!("{no}: words spoken, as people left them\n{}\nOriginal: {}\n", revised.text(), e.object);
    Some((text, revised.authors()))
}
/// What people say that the words mean: for each language the text, and who.
pub(crate) fn words_by_people(no: ExhibitNo, e: &Exhibit, index: usize, machine: &Transcript) -> Vec<(String, String, String)> {
    let Some(people) = ByPeople::of(e, index, machine) else { return Vec::new() };
    let of = |language: &str| {
        let text = format!("{no}: translations by people\n{}\nOriginal: {}\n", people.text(Some(language)), e.object);
        (language.to_owned(), text, people.authors(language))
    };
    people.languages().into_iter().map(of).collect()
}

pub(super) fn engine(e: &EngineIdentity) -> String {
    let model = e.model.as_ref().map(|m| format!(", model {}", line(m))).unwrap_or_default();
    format!("{} {}{model}", line(&e.name), line(&e.version))
}

fn transcript(no: ExhibitNo, t: &Transcript, beside: &[(usize, &Translation)]) -> String {
    let mut out = format!("{no}: words spoken\nMachine, unreviewed. Heard by {}.\n", engine(&t.engine));
    for (_, b) in beside {
        let _ = writeln!(out, "Translated into {} by {}.", words::language(b.language.as_str()), engine(&b.engine));
    }
    for s in &t.segments {
        let who = s.speaker.as_deref().map(|w| format!(" {}", line(w))).unwrap_or_default();
        let _ = write!(out, "\n[{} to {}]{who}", words::clock(s.start_ms), words::clock(s.end_ms));
        for f in &s.flags {
            let _ = write!(out, " ({f})");
        }
        if s.flags.contains(&Flag::NoSpeech) {
            out.push_str("\n  text over no speech is left out\n");
            continue;
        }
        let _ = writeln!(out, "\n  {}: {}", s.language, line(&s.text));
        for (_, b) in beside {
            if let Some(x) = b.segments.iter().find(|x| x.id == s.id) {
                let lost: String = x.lost.iter().map(|l| format!(" ({l}?)")).collect();
                let _ = writeln!(out, "  {}: {}{lost}", b.language, line(&x.text));
            }
        }
    }
    out
}

fn read_text(no: ExhibitNo, t: &ReadText) -> String {
    let mut out = format!("{no}: text\nMachine, unreviewed. Read by {}.\n\n", engine(&t.engine));
    for (name, value) in [
        ("Title", &t.title),
        ("By", &t.byline),
        ("Publisher", &t.publisher),
        ("Published, as written", &t.published),
        ("Changed, as written", &t.modified),
        ("Own address", &t.canonical),
    ] {
        let _ = writeln!(out, "{name}: {}", value.as_deref().map_or("unknown".into(), line));
    }
    for b in &t.blocks {
        let page = b.page.map(|p| format!("[page {p}] ")).unwrap_or_default();
        let _ = writeln!(out, "\n{page}{}", b.text.lines().map(line).collect::<Vec<_>>().join("\n"));
    }
    out
}

fn messages(no: ExhibitNo, c: &ChatExport) -> String {
    let mut out = format!("{no}: messages\nMachine, unreviewed. Read as {}.\n", line(&c.format));
    for m in &c.messages {
        let time = match (&m.time.utc, &m.time.local) {
            (Some(utc), _) => line(utc),
            (None, Some(local)) => format!("{} (zone not stated)", line(local)),
            (None, None) => "time unknown".into(),
        };
        let sender = m.sender.as_deref().map_or("unknown".into(), line);
        let _ = write!(out, "\n[{time}] message {} by {sender}", line(&m.message_id));
        if let Some(from) = &m.forwarded_from {
            let _ = write!(out, ", forwarded from {}", line(from));
        }
        if let Some(edited) = &m.edited {
            let _ = write!(out, ", last edited {}", line(edited));
        }
        for f in &m.flags {
            let _ = write!(out, " ({})", line(f));
        }
        out.push('\n');
        for l in m.text.lines() {
            let _ = writeln!(out, "  {}", line(l));
        }
        for a in &m.attachments {
            let what = a.path.as_deref().or(a.note.as_deref()).map(line).unwrap_or_default();
            let _ = writeln!(out, "  attached: {} {what}", line(&a.kind));
        }
    }
    if c.unread > 0 {
        let _ = writeln!(out, "\n{} entries could not be read.", words::grouped(c.unread));
    }
    out
}

fn calls(no: ExhibitNo, t: &CallTable) -> String {
    let mut out = format!("{no}: calls\nMachine, unreviewed. Read as {}.\n", line(&t.encoding));
    for r in &t.rows {
        let v = |v: &Option<String>| v.as_deref().map_or("unknown".into(), line);
        let _ = writeln!(
            out,
            "\nrow {}: {} to {}, start {} (UTC {}), {} s, {}; cell {} to {}",
            r.row,
            v(&r.a_number),
            v(&r.b_number),
            v(&r.start_local),
            v(&r.start_utc),
            r.duration_s.map_or("unknown".into(), |s| s.to_string()),
            v(&r.direction),
            v(&r.cell_start),
            v(&r.cell_end)
        );
        let _ = writeln!(out, "  row SHA-256 {}", line(&r.row_sha256));
        for f in &r.flags {
            let _ = writeln!(out, "  ({})", line(f));
        }
    }
    if t.unread > 0 {
        let _ = writeln!(out, "\n{} rows could not be read.", words::grouped(t.unread));
    }
    out
}
