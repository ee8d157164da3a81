//! `key`, `dispose`: ways into an encrypted case, and content put beyond everybody's reach.

use super::{actor, open};
use crate::Ended;
use crate::flags::{Dispose, Key};
use crate::out::Out;
use crate::secret;
use std::io::{BufRead, Write};
use zapys_casework::{Access, CaseError, Settings};

pub async fn key(args: Key, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    if let Key::List = args {
        let case = open(settings, Access::Read).await?;
        let ways = case.ways_in()?;
        ways.iter().for_each(|w| out.object(w));
        let rows: Vec<Vec<String>> = ways.iter().map(|w| vec![w.id.clone(), w.kind.to_string(), w.created.to_string()]).collect();
        out.table(&["way", "kind", "since"], &rows);
        return Ok(Ended::Done);
    }
    let case = open(settings, Access::Write).await?;
    case.ways_in()?;
    let said = match args {
        Key::List => unreachable!("answered above"),
        Key::Add { new_passphrase_file, new_key_file } => {
            let new = secret::new(new_passphrase_file.as_deref(), new_key_file.as_deref())?;
            let way = case.add_way_in(&actor(), &new).await?;
            out.object(&serde_json::json!({"way": way}));
            format!("The case has one more way in: {way}.")
        }
        Key::Change { new_passphrase_file, new_key_file } => {
            let old = match settings.credential()? {
                Some(old) => old,
                None => secret::ask("The passphrase to be replaced, once more: ")?,
            };
            let new = secret::new(new_passphrase_file.as_deref(), new_key_file.as_deref())?;
            case.change_way_in(&actor(), &old, &new).await?;
            out.object(&serde_json::json!({"changed": true}));
            "Changed. The old one opens nothing any more.".into()
        }
        Key::Remove { way } => {
            case.remove_way_in(&actor(), &way).await?;
            out.object(&serde_json::json!({"removed": way}));
            format!("{way} opens nothing any more.")
        }
        Key::Recovery { recovery_key_file } => {
            let key = case.renew_recovery(&actor()).await?;
            secret::hand_over(&key, recovery_key_file.as_deref())?;
            out.object(&serde_json::json!({"recovery": "renewed"}));
            "Recovery keys that were made before open nothing any more.".into()
        }
        Key::Renew => {
            let n = case.renew_keys(&actor()).await?;
            out.object(&serde_json::json!({"rewrapped": n}));
            format!("{n} object keys are kept under a new key; older copies of the record open nothing any more.")
        }
    };
    out.say(said);
    Ok(Ended::Done)
}

pub async fn dispose(args: Dispose, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Write).await?;
    let item = case.resolve(&args.item).await?;
    let plan = case.plan_disposal(item).await?;
    if args.dry_run {
        out.object(&plan);
        out.say(plan.to_string());
        out.say("Nothing was destroyed.");
        return Ok(Ended::Done);
    }
    if !args.yes {
        if !secret::can_ask() {
            return Err(CaseError::Flag {
                flag: "--yes",
                wants: "to be given where nobody can be asked; --dry-run shows the plan",
            });
        }
        eprint!("{plan}\nThis cannot be undone. Type `destroy` to go on: ");
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        let _ = std::io::stdin().lock().read_line(&mut answer);
        if answer.trim() != "destroy" {
            out.note("Nothing was destroyed.");
            return Ok(Ended::No);
        }
    }
    let done = case.dispose(&actor(), item, &args.reason, &args.authority).await?;
    out.object(&done);
    out.say(done.to_string());
    Ok(Ended::Done)
}
