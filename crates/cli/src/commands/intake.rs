//! `add`: files, folders and archives come in.

use super::{actor, open};
use crate::Ended;
use crate::flags::Add;
use crate::out::Out;
use indicatif::{ProgressBar, ProgressStyle};
use zapys_casework::{Access, CaseError, Settings};
use zapys_domain::edtf::Edtf;
use zapys_domain::provenance::{Provenance, Sensitivity, SourceGrade};
use zapys_domain::{Lang, Private};

pub async fn add(args: Add, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let provenance = provenance(&args)?;
    let case = open(settings, Access::Write).await?;
    let bar = if out.terminal && !out.quiet {
        ProgressBar::new_spinner()
            .with_style(ProgressStyle::with_template("{spinner} {pos} files taken in, {elapsed}").expect("a fixed template"))
    } else {
        ProgressBar::hidden()
    };
    let (mut added, mut duplicates, mut failed) = (0u64, 0u64, 0u64);
    let mut sink = |o: zapys_casework::view::AddOutcome| {
        bar.inc(1);
        out.object(&o);
        match o.status {
            "added" => added += 1,
            "duplicate" => duplicates += 1,
            _ => failed += 1,
        }
        if let Some(e) = &o.error {
            bar.suspend(|| eprintln!("zapys: {}", crate::out::clean(&format!("{}: {}", o.path, crate::out::sentence(e)))));
        } else if !out.json && !out.quiet {
            let item = o.item.map(|i| i.to_string()).unwrap_or_default();
            let kind = o.kind.map(|k| k.word()).unwrap_or("");
            bar.suspend(|| out.say(format!("{:<9} {item}  {kind:<12} {}", o.status, o.path)));
        }
    };
    let result = case.acquire(&actor(), &args.paths, &provenance, &mut sink).await;
    bar.finish_and_clear();
    result?;
    out.note(format!("{added} added, {duplicates} already there, {failed} failed."));
    Ok(if failed > 0 { Ended::Failed } else { Ended::Done })
}

fn provenance(args: &Add) -> Result<Provenance, CaseError> {
    let bad = |flag: &'static str, wants: &'static str| CaseError::Flag { flag, wants };
    let date = |flag, text: &Option<String>| {
        text.as_ref()
            .map(|t| Edtf::parse(t).ok_or(bad(flag, "a date such as 2022, 2022-03, 2022-03-14 or 2022-03-1X")))
            .transpose()
    };
    let mut labels = std::collections::BTreeMap::new();
    for label in &args.label {
        let (k, v) = label.split_once('=').filter(|(k, _)| !k.is_empty()).ok_or(bad("--label", "KEY=VALUE"))?;
        labels.insert(k.to_owned(), v.to_owned());
    }
    Ok(Provenance {
        source: args.source.clone().map(Private::new),
        source_grade: args
            .source_grade
            .as_ref()
            .map(|g| SourceGrade::parse(&g.to_uppercase()).ok_or(bad("--source-grade", "a letter from A to F")))
            .transpose()?,
        origin: args.origin.clone().map(Private::new),
        collected_by: args.collected_by.clone().map(Private::new),
        legal_basis: args.legal_basis.clone().map(Private::new),
        recorded: date("--recorded", &args.recorded)?,
        published: date("--published", &args.published)?,
        lang: args
            .lang
            .as_ref()
            .map(|l| Lang::parse(l).ok_or(bad("--lang", "a language code such as uk, ru or en")))
            .transpose()?,
        sensitivity: args
            .sensitivity
            .as_ref()
            .map(|s| Sensitivity::parse(s).ok_or(bad("--sensitivity", "public, internal, protected or sealed")))
            .transpose()?,
        labels,
    })
}
