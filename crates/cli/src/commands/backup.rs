//! `backup`, `restore`, `move`: the whole case out, in, and onto other stores.

use super::{actor, open, typed};
use crate::Ended;
use crate::out::Out;
use crate::secret;
use std::path::Path;
use zapys_casework::{Access, CaseError, Casework, Copied, CopySummary, Places, Settings};

/// Tells how far the copying is: a line each with `--json`, one line that is written over on a terminal.
fn teller(out: &Out) -> impl FnMut(Copied) + Send + '_ {
    |copied: Copied| {
        out.object(&copied);
        if out.terminal && !out.json && !out.quiet {
            match copied.total {
                Some(total) => eprint!("\r{}: {} of {total}   ", copied.event, copied.done),
                None => eprint!("\r{}: {}   ", copied.event, copied.done),
            }
        }
    }
}

fn sum_up(out: &Out, summary: &CopySummary, what: &str) {
    if out.terminal && !out.json && !out.quiet {
        eprintln!();
    }
    out.object(summary);
    let (n, size, root) = (summary.done, summary.ledger_size, &summary.ledger_root);
    out.say(format!("{what}: {n} objects, each checked; ledger of {size} entries, root {root}."));
}

pub async fn backup(path: &Path, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Write).await?;
    let summary = case.backup(&actor(), path, &mut teller(out)).await?;
    sum_up(out, &summary, &format!("Backed up into {}", typed(path)));
    if case.card().encrypted {
        out.say("It opens with the same passphrase, key file or recovery key as the case today.");
    } else {
        out.note("The case is not encrypted, so neither is the backup.");
    }
    Ok(Ended::Done)
}

pub async fn restore(path: &Path, places: Places, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let dir = settings.case();
    let attempt = Casework::restore(path, &dir, &places, settings, &actor(), &mut teller(out)).await;
    let (_, summary) = match attempt {
        Err(CaseError::Locked { .. }) if secret::can_ask() => {
            let settings = settings.clone().with_credential(secret::ask("Passphrase of the case: ")?);
            Casework::restore(path, &dir, &places, &settings, &actor(), &mut teller(out)).await?
        }
        attempt => attempt?,
    };
    sum_up(out, &summary, &format!("Restored into {}", typed(&dir)));
    Ok(Ended::Done)
}

pub async fn move_to(
    database: Option<String>,
    objects: Option<String>,
    settings: &Settings,
    out: &Out,
) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Write).await?;
    let summary = case.move_to(&actor(), database.as_deref(), objects.as_deref(), &mut teller(out)).await?;
    sum_up(out, &summary, "Moved");
    out.say("What was there before still is: in the case folder under names ending in .moved, or on its server. Remove it when you are sure.");
    Ok(Ended::Done)
}
