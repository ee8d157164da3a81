//! One function per command: flags in, casework called, answer out.

mod backup;
mod case;
mod conformance;
mod glossary;
mod hear;
mod intake;
mod key;
mod ledger;
mod look;
mod prove;
mod record;
mod review;
mod serve;
mod translation;
mod voices;
mod work;

use crate::flags::{Command, Flags};
use crate::out::Out;
use crate::{Ended, flags, secret};
use std::path::PathBuf;
use zapys_casework::{Access, CaseError, Casework, Places, Settings};
use zapys_domain::{Actor, ItemId};

/// Runs the command. Errors are told by the caller.
pub async fn run(flags: Flags, out: &mut Out) -> Result<Ended, CaseError> {
    let mut given: Vec<(&'static str, String)> = Vec::new();
    if let Some(case) = &flags.case {
        given.push(("case", case.to_string_lossy().into_owned()));
    }
    for (name, file) in [("passphrase_file", &flags.passphrase_file), ("key_file", &flags.key_file)] {
        if let Some(file) = file {
            given.push((name, file.to_string_lossy().into_owned()));
        }
    }
    if let Command::Process(flags::Process { workers: Some(n), .. }) = &flags.command {
        given.push(("workers", n.to_string()));
    }
    if let Command::Serve(flags::Serve { listen: Some(addr), .. }) = &flags.command {
        given.push(("listen", addr.clone()));
    }
    let settings = Settings::load(flags.config.as_deref(), std::env::vars(), &given)?;
    match flags.command {
        Command::Init(args) => case::init(args, &settings, out).await,
        Command::Add(args) => intake::add(args, &settings, out).await,
        Command::Process(args) => work::process(args, &settings, out).await,
        Command::Items(args) => look::items(args, &settings, out).await,
        Command::Show(args) => look::show(&args.item, &settings, out).await,
        Command::Custody { item } => look::custody(item, &settings, out).await,
        Command::Transcript(args) => hear::transcript(args, &settings, out).await,
        Command::Text(args) => hear::text(&args.item, &settings, out).await,
        Command::Messages(args) => hear::messages(&args.item, &settings, out).await,
        Command::Calls(args) => hear::calls(&args.item, &settings, out).await,
        Command::Search(args) => look::search(args, &settings, out).await,
        Command::Verify { deep, remember } => prove::verify(deep, remember, &settings, out).await,
        Command::Ledger(args) => ledger::ledger(args, &settings, out).await,
        Command::Produce(args) => prove::produce(args, &settings, out).await,
        Command::Record(args) => record::record(*args, &settings, out).await,
        Command::Review(args) => review::review(args, &settings, out).await,
        Command::Translation(args) => translation::translation(args, &settings, out).await,
        Command::Glossary(args) => glossary::glossary(args, &settings, out).await,
        Command::Voices(args) => voices::voices(args, &settings, out).await,
        Command::Conformance(args) => conformance::conformance(args, &settings, out).await,
        Command::Serve(args) => serve::serve(args, &settings, out).await,
        Command::Models(args) => case::models(args, &settings, out).await,
        Command::Backup { path } => backup::backup(&path, &settings, out).await,
        Command::Restore { path, database, objects } => {
            backup::restore(&path, Places { database, objects }, &settings, out).await
        }
        Command::Move { database, objects } => backup::move_to(database, objects, &settings, out).await,
        Command::Key(args) => key::key(args, &settings, out).await,
        Command::Dispose(args) => key::dispose(args, &settings, out).await,
        Command::Reindex => work::reindex(&settings, out).await,
        Command::Doctor => case::doctor(&settings, out).await,
        Command::Config(flags::Config::Show) => case::config(&settings, out),
        Command::Later(later) => Ok(not_there_yet(out, later.word())),
    }
}

/// Says plainly that something is not there yet.
fn not_there_yet(out: &Out, what: &str) -> Ended {
    if out.json {
        crate::out::json_error(
            "usage",
            "not-there-yet",
            &format!("`{what}` is not there yet in this version of zapys"),
            None,
            "`zapys --help` lists what is.",
        );
    }
    eprintln!("zapys: `{what}` is not there yet in this version. `zapys --help` lists what is.");
    Ended::Usage
}

/// Who acts from the command line. Accounts come later; until then it is the owner of the laptop.
fn actor() -> Actor {
    Actor::owner()
}

/// Opens the case, asking for the passphrase where somebody sits at a terminal and no file was named.
async fn open(settings: &Settings, access: Access) -> Result<Casework, CaseError> {
    match Casework::open(&settings.case(), access, settings).await {
        Err(CaseError::Locked { .. }) if secret::can_ask() => {
            let settings = settings.clone().with_credential(secret::ask("Passphrase of the case: ")?);
            Casework::open(&settings.case(), access, &settings).await
        }
        opened => opened,
    }
}

async fn open_at(settings: &Settings, item: &str) -> Result<(Casework, ItemId), CaseError> {
    let case = open(settings, Access::Read).await?;
    let id = case.resolve(item).await?;
    Ok((case, id))
}

/// Opens the case to show what an item holds: the look is recorded before anything is shown.
async fn open_to_look(settings: &Settings, item: &str, what: &'static str) -> Result<(Casework, ItemId), CaseError> {
    let (case, id) = open_at(settings, item).await?;
    case.note_access(&actor(), id, what).await?;
    Ok((case, id))
}

/// A path as the person typed it.
fn typed(path: &std::path::Path) -> String {
    PathBuf::from(path).display().to_string()
}
