//! `translation`: what segments mean in another language, as people say.

use super::review::{form, layer, read};
use super::{actor, open, open_at};
use crate::Ended;
use crate::flags::{Translation, TranslationAdd};
use crate::out::Out;
use zapys_casework::view::TranslationView;
use zapys_casework::{
    Access, CaseError, Layer, RecordError, RecordRequest, Settings, Translated, TranslationFile, TranslationRequest,
};
use zapys_domain::Lang;
use zapys_domain::handover::RecordKind;

pub async fn translation(args: Translation, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args {
        Translation::Add(args) => add(args, settings, out).await,
        Translation::List(one) => {
            let (case, id) = open_at(settings, &one.item).await?;
            let all = case.translations(id).await?;
            for t in &all {
                out.object(t);
                out.say(line(t));
            }
            if all.is_empty() {
                out.say("Nobody has put a translation of this recording on record. `zapys translation add` does.");
            }
            Ok(Ended::Done)
        }
        Translation::Retract { record, because } => {
            let case = open(settings, Access::Write).await?;
            let (record, kind) = case.resolve_record(&record).await?;
            if kind != RecordKind::Translation {
                return Err(RecordError::OtherKind { is: kind, asked: RecordKind::Translation }.into());
            }
            let request = RecordRequest { kind, items: Vec::new(), body: None, corrects: Some(record), because: Some(because) };
            let views = case.put_on_record(&actor(), request).await?;
            Ok(super::record::told(&views, out))
        }
    }
}

async fn add(args: TranslationAdd, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let wants = "the code of a language such as en";
    let language = Lang::parse(&args.lang).filter(|l| !l.is_und()).ok_or(CaseError::Flag { flag: "--lang", wants })?;
    let view = match (args.file, args.segment) {
        (Some(file), _) => {
            let form = form(&file, args.format)?;
            let over = layer("--over", &args.over)?;
            let bytes = read(&file)?;
            let case = open(settings, Access::Write).await?;
            let id = case.resolve(&args.item).await?;
            let file = TranslationFile { form, bytes, language, over, whole: args.whole, reason: args.reason };
            case.read_translation(&actor(), id, file).await?
        }
        (None, segment) => {
            let case = open(settings, Access::Write).await?;
            let id = case.resolve(&args.item).await?;
            let over = case.transcript_at(id, Layer::Latest).await?.revision.map(|r| r.number);
            let lines = vec![Translated { segment: segment.unwrap_or_default(), text: args.text, note: args.note }];
            case.translate(&actor(), id, TranslationRequest { over, language, reason: args.reason, lines }).await?
        }
    };
    out.object(&view);
    out.say(line(&view));
    Ok(Ended::Done)
}

fn line(t: &TranslationView) -> String {
    let of = t.over.map_or("the machine's words".to_owned(), |n| format!("revision {n}"));
    let counted = [(t.translated, "translated"), (t.remarked, "with a note"), (t.withdrawn, "taken back")];
    let counted: Vec<String> = counted.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let mut text = format!("{} by {} at {}: of {of}; {}", t.language, t.by, t.time, counted.join(", "));
    if !t.current {
        text += " (taken back)";
    }
    if let Some(reason) = &t.reason {
        text += &format!("\n    {reason}");
    }
    text + &format!("\n    record {}", t.record)
}
