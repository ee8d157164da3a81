//! `review`: texts that people wrote or mended, as layers over a machine's transcript.

use super::{actor, open, open_at, open_to_look};
use crate::Ended;
use crate::flags::{Review, ReviewAdd};
use crate::out::Out;
use std::io::Read;
use std::path::Path;
use zapys_casework::interchange::TranscriptForm;
use zapys_casework::view::{LayerView, clock};
use zapys_casework::{Access, CaseError, Layer, RecordRequest, ReviewRequest, Settings, VoiceChange};
use zapys_domain::handover::RecordKind;
use zapys_domain::revision::Manner;

/// Longest file that is read; the reader refuses what is as long.
const MAX_INPUT: u64 = (64 << 20) + 1;

pub async fn review(args: Review, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args {
        Review::Add(args) => add(args, settings, out).await,
        Review::List(one) => {
            let (case, id) = open_at(settings, &one.item).await?;
            let all = case.revisions(id).await?;
            for r in &all {
                out.object(r);
                out.say(line(r));
            }
            if all.is_empty() {
                out.say("Nobody has put a text of this recording on record. `zapys review add` does.");
            }
            Ok(Ended::Done)
        }
        Review::Compare { item, a, b } => {
            let names = [a, b];
            let (a, b) = (layer("A", &names[0])?, layer("B", &names[1])?);
            let wide = names.iter().map(String::len).max().unwrap_or(0);
            let (case, id) = open_to_look(settings, &item, "transcript").await?;
            let differ = case.compare(id, a, b).await?;
            for d in &differ {
                out.object(d);
                let said = |text: &Option<String>, who: &Option<String>| match text {
                    Some(text) => format!("{}  {text}", who.as_deref().unwrap_or("?")),
                    None => "nothing".into(),
                };
                out.say(format!(
                    "{} {}\n    {:<wide$}  {}\n    {:<wide$}  {}",
                    clock(d.start_ms),
                    d.segment,
                    names[0],
                    said(&d.a, &d.speaker_a),
                    names[1],
                    said(&d.b, &d.speaker_b)
                ));
            }
            out.say(match differ.len() {
                0 => "The two texts are the same.".to_owned(),
                1 => "\n1 segment differs.".to_owned(),
                n => format!("\n{n} segments differ."),
            });
            Ok(Ended::Done)
        }
        Review::Voice { item, from, to, between, reason } => {
            let bad = CaseError::Flag { flag: "--between", wants: "two times such as 01:10 and 02:30.5, the earlier first" };
            let between_ms = match between.as_deref() {
                Some([a, b]) => Some(ms(a).zip(ms(b)).filter(|(a, b)| a < b).ok_or(bad)?),
                _ => None,
            };
            let to = (to != "new").then_some(to);
            let case = open(settings, Access::Write).await?;
            let id = case.resolve(&item).await?;
            let view = case.give_voice(&actor(), id, VoiceChange { from, to, between_ms, reason }).await?;
            out.object(&view);
            out.say(line(&view));
            Ok(Ended::Done)
        }
        Review::Retract { item, number, because } => {
            let case = open(settings, Access::Write).await?;
            let id = case.resolve(&item).await?;
            let all = case.revisions(id).await?;
            let found = all.iter().find(|r| r.number == number);
            let record = &found.ok_or(CaseError::NoSuchRevision { number, there: all.len() })?.record;
            let (record, kind) = case.resolve_record(record).await?;
            debug_assert_eq!(kind, RecordKind::Revision);
            let request = RecordRequest { kind, items: Vec::new(), body: None, corrects: Some(record), because: Some(because) };
            let views = case.put_on_record(&actor(), request).await?;
            views.iter().for_each(|v| out.object(v));
            out.say(format!("Took back revision {number}; `zapys transcript {item} --revision {number}` still shows it."));
            Ok(Ended::Done)
        }
    }
}

async fn add(args: ReviewAdd, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let form = form(&args.file, args.format)?;
    let manner = Manner::parse(&args.manner)
        .ok_or(CaseError::Flag { flag: "--manner", wants: "correction, listening or adjudication" })?;
    // Whoever listens first has seen no text: what they wrote lies on none but the machine's.
    let over = if manner == Manner::Listening { Layer::Machine } else { layer("--over", &args.over)? };
    let bytes = read(&args.file)?;
    let case = open(settings, Access::Write).await?;
    let id = case.resolve(&args.item).await?;
    let request = ReviewRequest { form, bytes, manner, over, whole: args.whole, reason: args.reason };
    let view = case.review(&actor(), id, request).await?;
    out.object(&view);
    out.say(line(&view));
    Ok(Ended::Done)
}

/// A time such as `70`, `01:10` or `1:01:10.5`, in milliseconds.
fn ms(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split(':').collect();
    let (seconds, rest) = parts.split_last().filter(|(_, rest)| rest.len() <= 2)?;
    let plain = |t: &&str| !t.is_empty() && t.len() <= 9 && t.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds: f64 = Some(seconds).filter(|s| plain(s))?.parse().ok()?;
    let minutes = rest.iter().try_fold(0u64, |sum, part| Some(sum * 60 + part.parse::<u64>().ok().filter(|_| plain(part))?));
    Some(minutes? * 60_000 + (seconds * 1000.0).round() as u64)
}

/// The form of a file: what was said, or as its name ends.
pub(super) fn form(file: &Path, said: Option<String>) -> Result<TranscriptForm, CaseError> {
    let named = file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let form = said.map(|f| f.to_ascii_lowercase()).or(named).and_then(|word| TranscriptForm::parse(&word));
    form.ok_or(CaseError::Flag { flag: "--format", wants: "json, txt, srt, vtt, eaf, textgrid or docx" })
}

pub(super) fn layer(flag: &'static str, text: &str) -> Result<Layer, CaseError> {
    Layer::parse(text).ok_or(CaseError::Flag { flag, wants: "machine, latest, or the number of a revision" })
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, CaseError> {
    let mut bytes = Vec::new();
    let outcome = if file == Path::new("-") {
        std::io::stdin().take(MAX_INPUT).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(MAX_INPUT).read_to_end(&mut bytes))
    };
    outcome.map_err(|source| CaseError::Path { path: file.into(), source })?;
    Ok(bytes)
}

fn line(r: &LayerView) -> String {
    let below = r.over.map_or("the machine's words".to_owned(), |n| format!("revision {n}"));
    let whole = if r.whole { ", the whole recording" } else { "" };
    let mut text = format!(
        "Revision {} by {} at {}: {}{whole}, over {below}; {} changed, {} added, {} taken away",
        r.number, r.by, r.time, r.manner, r.changed, r.added, r.removed
    );
    if r.heard > 0 {
        text += &format!(", {} heard and left as they are", r.heard);
    }
    if r.unseen {
        text += "; the ledger tells of no earlier look at the words";
    }
    if !r.current {
        text += " (taken back)";
    }
    if let Some(reason) = &r.reason {
        text += &format!("\n    {reason}");
    }
    text
}
