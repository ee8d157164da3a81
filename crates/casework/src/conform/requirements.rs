//! The requirements as data: number, standard, title in our words, and the function that looks.
//!
//! Left out, because the record holds nothing yet that could answer them: R1.5, R1.7, R1.8, R1.15, R1.17, R1.20, R1.30,
//! R1.36, R1.37; and whatever still waits to be compared with the official text.

use super::{Gathered, Outcome, Requirement, Standard};
use crate::handover::Standing;
use zapys_domain::handover::{Answer, DateValue, Interception, Mistake, RecordBody, WhichDate};
use zapys_domain::{Action, DerivativeKind, ItemKind};
use zapys_store::{DerivationRow, DerivationState, ItemRow};

use Outcome::{Met, Missing, NotApplicable};

macro_rules! requirements {
    ($($number:literal $standard:ident $reference:literal $title:literal => $look:ident;)+) => {
        /// Every requirement, in order of standard and number.
        pub(super) const ALL: &[Requirement] =
            &[$(Requirement { number: $number, standard: Standard::$standard, reference: $reference, title: $title, look: $look }),+];
    };
}
requirements! {
    "R1.1" Berkeley "§§153-155" "The phases an item went through are on record" => phases;
    "R1.2" Berkeley "§167" "Every derivative names what it was made from, with what, and how" => derivatives;
    "R1.3" Berkeley "§155" "What comes from the web has its address, page source and full-page capture" => web;
    "R1.4" Berkeley "§§153-155" "Taking in and handing over stand in the chain of custody" => custody;
    "R1.9" Leiden "A1, F1" "An excerpt names its whole, its span, who cut it and why" => excerpt;
    "R1.10" Leiden "A2" "Recording, transcript and translation are protected as one family" => family;
    "R1.11" Leiden "A3, D4" "A translation names both languages, its translator and its reviewer" => translation;
    "R1.12" Leiden "A6, B2, F4" "Dates recorded, published and collected, place, author and source are said or chosen unknown" => dates;
    "R1.13" Leiden "F4" "A voice is identified, or the date of recording has a basis" => voice_or_date;
    "R1.14" Leiden "D2, D3, D6" "How a call was intercepted is on record" => interception;
    "R1.16" Leiden "D7" "The transcript is kept in versions that are never overwritten" => versions;
    "R1.18" Leiden "E1-E4" "A call table has its columns, with source row and row digest" => call_table;
    "R1.19" Leiden "E5, D8" "The legal basis of acquisition is on record: kind, text and document" => legal_basis;
    "R1.28" Hala "BP1, BP21" "A consent or ethics decision is on record, refusals too" => ethics;
    "R1.29" Hala "BP3" "What was sought, and what was not obtained, is on record" => effort;
    "R1.31" Hala "BP8" "Errors are registered with effect, remedy and by whom, or none is known" => errors;
    "R1.32" Hala "BP11" "The recording has identifier, original, duplicates and metadata in one place" => audio_file;
    "R1.33" Hala "BP12, BP17" "Known vulnerabilities of the file are on record beside its digest" => vulnerabilities;
    "R1.34" Hala "BP14" "Every derivative is hashed, and was re-read unchanged" => hashes;
    "R1.35" Hala "BP15, BP18" "What was made easier to listen to is a labelled copy beside the original" => enhancement;
}

fn done(g: &Gathered) -> impl Iterator<Item = &DerivationRow> {
    g.derivations.iter().filter(|d| d.state == DerivationState::Done)
}
fn has(g: &Gathered, kind: DerivativeKind) -> Option<&DerivationRow> {
    done(g).filter(|d| d.kind == kind).last()
}
fn sounds(g: &Gathered) -> bool {
    matches!(g.row.kind, ItemKind::Recording | ItemKind::Video)
}
/// Met where nothing is lacking; otherwise what is.
fn unless(lacks: &[&str], met: impl Into<String>) -> Outcome {
    if lacks.is_empty() { Met(met.into()) } else { Missing(format!("Not on record: {}.", lacks.join(", "))) }
}

fn phases(g: &Gathered) -> Outcome {
    match g.standing.phases.last() {
        Some(r) => match &r.body {
            Some(RecordBody::Phase(p)) => {
                Met(format!("{} on record, the newest is {}, since {}.", g.standing.phases.len(), p.phase, r.at))
            }
            _ => Missing("No phase is on record.".into()),
        },
        None => Missing("No phase is on record.".into()),
    }
}

fn derivatives(g: &Gathered) -> Outcome {
    let inside: Vec<String> = zapys_formats::readers().iter().map(|r| r.identity().name).collect();
    let mut n = 0;
    for d in done(g) {
        n += 1;
        let e = &d.engine;
        let lacks = if d.inputs.is_empty() {
            "what it was made from"
        } else if e.name.is_empty() || e.version.is_empty() {
            "its engine and version"
        } else if e.binary_sha256.is_none() && !inside.contains(&e.name) {
            "the digest of the program that made it"
        } else if e.model.is_some() != e.model_sha256.is_some() {
            "the digest of its model"
        } else if d.params.is_null() {
            "its parameters"
        } else if d.output.is_none() {
            "its output"
        } else if d.finished < d.started {
            "when it was made"
        } else {
            continue;
        };
        return Missing(format!("The derivative `{}` does not name {lacks}.", d.kind));
    }
    if n == 0 { NotApplicable("Nothing was derived from it.") } else { Met(format!("{n} derivatives name everything.")) }
}

fn web(g: &Gathered) -> Outcome {
    match &g.web {
        None => NotApplicable("It did not come from the web, as far as is known."),
        Some(parts) => match parts.lacks() {
            None => Met("Address, page source and full-page capture are kept.".into()),
            Some(lacks) => Missing(format!("Below the Berkeley minimum: {lacks}.")),
        },
    }
}

fn custody(g: &Gathered) -> Outcome {
    let taken = |a: Action| matches!(a, Action::Collected | Action::Received | Action::Imported | Action::TransferredIn);
    match g.entries.iter().find(|e| taken(e.action)) {
        Some(e) => Met(format!("{} events since entry {}.", g.entries.len(), e.seq)),
        None => Missing("No event says that it was taken in.".into()),
    }
}

fn excerpt(g: &Gathered) -> Outcome {
    let Some(e) = &g.standing.excerpt else { return NotApplicable("Nobody recorded that it was cut from something.") };
    let (from, to) = e.span_ms();
    match e.full_available() {
        Answer::Unknown => Missing("Nobody knows whether the whole can be had.".into()),
        known => Met(format!("{from} to {to} ms of item {}; the whole can be had: {known}.", e.parent())),
    }
}

fn family(g: &Gathered) -> Outcome {
    let words = has(g, DerivativeKind::Transcript).is_some();
    if !words && g.protections.len() < 2 {
        return NotApplicable("It has neither transcript nor relatives.");
    }
    let own = g.row.details.sensitivity;
    if g.protections.iter().all(|p| *p == own) {
        Met(format!("{own} for all of it: item, derivatives and {} relatives.", g.protections.len().saturating_sub(1)))
    } else {
        Missing("Its relatives are not protected alike.".into())
    }
}

fn translation(g: &Gathered) -> Outcome {
    if let Some(language) = &g.translated_by_people {
        return Met(format!(
            "People answer for the translation of every segment into `{language}`; the words spoken stand beside it."
        ));
    }
    let Some(d) = has(g, DerivativeKind::Translation) else { return NotApplicable("It was not translated.") };
    let mut lacks = Vec::new();
    if d.params["to"].as_str().is_none() {
        lacks.push("language of the translation");
    }
    if g.row.facts.languages.is_empty() && g.row.details.lang.is_und() {
        lacks.push("language of the words");
    }
    if d.engine.name.is_empty() || d.engine.model_sha256.is_none() {
        lacks.push("translator");
    }
    // What an engine wrote has a reviewer only once a person has read it, and then the item is no longer unverified.
    if g.row.details.status == zapys_store::ItemStatus::Unverified {
        lacks.push("reviewer");
    }
    unless(&lacks, format!("Translated by {} {}; the words spoken stand beside it.", d.engine.name, d.engine.version))
}

fn dates(g: &Gathered) -> Outcome {
    let s = &g.standing;
    let mut lacks: Vec<&str> = Vec::new();
    for which in WhichDate::ALL {
        match s.date(*which, &g.row) {
            None => lacks.push(which.word()),
            Some(c) if c.value != DateValue::Unknown && c.basis.is_none() => lacks.push("basis of a date"),
            Some(_) => {}
        }
    }
    let source = s.dates.source.is_some() || g.acquisitions.iter().any(|a| a.provenance.source.is_some());
    for (there, what) in [(s.dates.place.is_some(), "place"), (s.dates.author.is_some(), "author"), (source, "source")] {
        if !there {
            lacks.push(what);
        }
    }
    unless(&lacks, "Each is said, or chosen to be unknown.")
}

/// R1.13: neither is a voice identified (no record of that exists yet) nor does the date of recording have a basis.
fn voice_and_date_missing(row: &ItemRow, s: &Standing) -> bool {
    matches!(row.kind, ItemKind::Recording | ItemKind::Video)
        && s.date(WhichDate::Recorded, row).is_none_or(|d| d.basis.is_none())
}

fn voice_or_date(g: &Gathered) -> Outcome {
    if !sounds(g) {
        return NotApplicable("Nobody is heard in it.");
    }
    if voice_and_date_missing(&g.row, &g.standing) {
        return Missing("No voice is identified, and the date of recording has no basis.".into());
    }
    Met("The date of recording has a basis; voices are not identified.".into())
}

/// A recording counts as intercepted until somebody says that it was not.
fn may_be_intercept(row: &ItemRow, s: &Standing) -> bool {
    let said = s.interception.as_ref();
    match said.and_then(|i| i.intercepted) {
        Some(Answer::No) => false,
        _ => row.kind == ItemKind::Recording || said.is_some(),
    }
}

fn interception(g: &Gathered) -> Outcome {
    if !may_be_intercept(&g.row, &g.standing) {
        return NotApplicable("It is no intercepted call, as far as is on record.");
    }
    let none = Interception::default();
    let i = g.standing.interception.as_ref().unwrap_or(&none);
    let asked = [
        (i.intercepted_by.is_some(), "who"),
        (i.authority.is_some(), "authority"),
        (i.equipment.is_some(), "equipment"),
        (i.target.is_some(), "number, frequency or IMSI"),
        (i.operator_place.is_some(), "operator's place"),
        (i.logbook.is_some(), "logbook reference"),
        (i.notes_made.is_some(), "notes made then"),
        (i.notes_made != Some(Answer::Yes) || i.notes_after_min.is_some(), "how soon the notes were made"),
        (i.shortcomings.is_some(), "known shortcomings"),
    ];
    let lacks: Vec<&str> = asked.iter().filter(|(there, _)| !there).map(|(_, what)| *what).collect();
    unless(&lacks, "The interception record is complete.")
}

fn versions(g: &Gathered) -> Outcome {
    if !sounds(g) {
        return NotApplicable("Nobody is heard in it.");
    }
    match done(g).filter(|d| d.kind == DerivativeKind::Transcript && d.output.is_some()).count() {
        0 => Missing("There is no transcript.".into()),
        n => {
            let by_people = match g.n_revisions {
                0 => "none by a person".to_owned(),
                1 => "1 revision by a person".to_owned(),
                n => format!("{n} revisions by people"),
            };
            Met(format!("{n} kept, by engines; {by_people}."))
        }
    }
}

fn call_table(g: &Gathered) -> Outcome {
    if g.row.kind != ItemKind::CallRecords {
        return NotApplicable("It is no table of calls.");
    }
    let Some(fields) = &g.call_fields else { return Missing("The table was not read.".into()) };
    let any = |names: &[&str]| fields.iter().any(|f| names.contains(&f.as_str()));
    let asked = [
        (any(&["b_number"]), "other number"),
        (any(&["start_local", "start_utc", "date", "time"]), "date and time"),
        (any(&["direction", "type"]), "type of call"),
        (any(&["duration_s", "duration"]), "duration"),
        (any(&["imei"]), "IMEI"),
        (any(&["cell_start"]), "cell at start"),
        (any(&["cell_end"]), "cell at end"),
    ];
    let lacks: Vec<&str> = asked.iter().filter(|(there, _)| !there).map(|(_, what)| *what).collect();
    unless(&lacks, "All columns are there; every row has its number and digest. Peer review is not looked at.")
}

/// R1.19: what the law asks a basis for.
pub(crate) fn needs_legal_basis(row: &ItemRow, s: &Standing) -> bool {
    row.kind == ItemKind::CallRecords || may_be_intercept(row, s)
}

fn legal_basis(g: &Gathered) -> Outcome {
    if !needs_legal_basis(&g.row, &g.standing) {
        return NotApplicable("It is neither an intercepted call nor a table of calls.");
    }
    let basis = g.standing.legal_basis();
    let stated = g.acquisitions.iter().any(|a| a.provenance.legal_basis.is_some());
    let asked = [
        (basis.is_some_and(|b| b.basis.is_some()), "kind of legal basis"),
        (stated || basis.is_some_and(|b| b.text.is_some()), "its text"),
        (basis.is_some_and(|b| b.document.is_some()), "the document"),
    ];
    let lacks: Vec<&str> = asked.iter().filter(|(there, _)| !there).map(|(_, what)| *what).collect();
    let kind = basis.and_then(|b| b.basis).map_or("unknown", |b| b.word());
    unless(&lacks, format!("Legal basis: {kind}, with text and document."))
}

fn ethics(g: &Gathered) -> Outcome {
    if !sounds(g) {
        return NotApplicable("It is no sound recording.");
    }
    match g.standing.ethics.last().or(g.case.ethics.last()) {
        Some((_, e)) => Met(format!("Decision: {}.", e.decision)),
        None => Missing("No decision is on record.".into()),
    }
}

fn effort(g: &Gathered) -> Outcome {
    if !sounds(g) {
        return NotApplicable("It is no sound recording.");
    }
    let Some(RecordBody::Effort(e)) = g.standing.efforts.last().or(g.case.efforts.last()).and_then(|r| r.body.as_ref()) else {
        return Missing("No effort of collection is on record.".into());
    };
    let asked = [
        (e.sought.is_some(), "what was sought"),
        (e.place.is_some(), "where"),
        (e.when.is_some(), "when"),
        (e.by.is_some(), "by whom"),
        (e.not_obtained.is_some(), "what was not obtained"),
    ];
    let lacks: Vec<&str> = asked.iter().filter(|(there, _)| !there).map(|(_, what)| *what).collect();
    unless(&lacks, "The effort is described.")
}

fn errors(g: &Gathered) -> Outcome {
    if !sounds(g) {
        return NotApplicable("It is no sound recording.");
    }
    let all: Vec<&Mistake> = g
        .case
        .mistakes
        .iter()
        .chain(&g.standing.mistakes)
        .filter_map(|r| match &r.body {
            Some(RecordBody::Error(m)) => Some(m),
            _ => None,
        })
        .collect();
    if all.is_empty() {
        return Missing("Nobody recorded an error, or that none is known.".into());
    }
    let whole = |m: &&&Mistake| m.none_known || (m.effect.is_some() && m.remedy.is_some() && m.by.is_some());
    match all.iter().filter(|m| !m.none_known).count() {
        n if all.iter().filter(whole).count() == all.len() => Met(format!("{n} errors registered.")),
        _ => Missing("An error is registered without its effect, its remedy or who mended it.".into()),
    }
}

fn audio_file(g: &Gathered) -> Outcome {
    if !sounds(g) {
        return NotApplicable("It is no sound recording.");
    }
    let lacks = if has(g, DerivativeKind::Probe).is_some() { &[][..] } else { &["metadata of the file"] };
    unless(
        lacks,
        format!(
            "Identifier, original, metadata; taken in {} times. Links of corroboration are not kept yet.",
            g.acquisitions.len()
        ),
    )
}

fn vulnerabilities(g: &Gathered) -> Outcome {
    if !sounds(g) {
        return NotApplicable("It is no sound recording.");
    }
    let i = g.standing.intake.clone().unwrap_or_default();
    let shortcomings = g.standing.interception.as_ref().is_some_and(|x| x.shortcomings.is_some());
    let asked = [
        (i.cropped.is_some(), "whether it was cropped"),
        (i.converted.is_some(), "converted"),
        (i.recompressed.is_some(), "recompressed"),
        (!may_be_intercept(&g.row, &g.standing) || shortcomings, "known shortcomings of the interception"),
    ];
    let lacks: Vec<&str> = asked.iter().filter(|(there, _)| !there).map(|(_, what)| *what).collect();
    unless(&lacks, "Changes and shortcomings are on record.")
}

fn hashes(g: &Gathered) -> Outcome {
    if !sounds(g) {
        return NotApplicable("It is no sound recording.");
    }
    let newest = done(g).map(|d| d.finished).max().unwrap_or(g.row.created);
    match g.verified {
        None => Missing("No re-reading of the vault is on record; `zapys verify --remember` puts one there.".into()),
        Some((_, true)) => Missing("Something kept of it is not what it was.".into()),
        Some((at, false)) if at < newest => Missing("Something was derived after the re-reading that is on record.".into()),
        Some((at, false)) => Met(format!("Original and {} derivatives re-read unchanged, {at}.", done(g).count())),
    }
}

fn enhancement(g: &Gathered) -> Outcome {
    let enhanced: Vec<&DerivationRow> = done(g).filter(|d| d.kind == DerivativeKind::Enhanced).collect();
    if enhanced.is_empty() {
        return NotApplicable("No copy of it was made easier to listen to.");
    }
    for d in &enhanced {
        let lacks = if d.output.is_none_or(|copy| copy == g.row.object) {
            "a copy of its own"
        } else if !d.inputs.contains(&g.row.object) {
            "the original that it was made from"
        } else if d.engine.name.is_empty() || !d.params.is_object() {
            "what was done to it"
        } else {
            continue;
        };
        return Missing(format!("An enhanced copy lacks {lacks}."));
    }
    Met(format!(
        "{} labelled as enhanced, with what was done; the original is kept unchanged. It authenticates nothing.",
        enhanced.len()
    ))
}
