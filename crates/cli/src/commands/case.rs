//! `init`, `doctor`, `models`, `config`.

use super::not_there_yet;
use crate::Ended;
use crate::flags::{Init, Models};
use crate::out::Out;
use crate::secret;
use zapys_casework::{CaseError, Casework, CreateOptions, Protection, RecoveryKey, Settings, doctor as checks, packs};

pub async fn init(args: Init, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let name = args.name.unwrap_or_else(|| {
        let dir = std::path::absolute(&args.dir).unwrap_or_else(|_| args.dir.clone());
        dir.file_name().map_or_else(|| "case".into(), |n| n.to_string_lossy().into_owned())
    });
    // Nobody is asked for a passphrase in vain.
    Casework::may_create(&args.dir)?;
    let mut recovery = None;
    let protection = if args.no_encryption {
        Protection::None
    } else {
        let way = match settings.credential()? {
            Some(way) => way,
            None => secret::new(None, None)?,
        };
        recovery = (!args.no_recovery_key).then(RecoveryKey::random);
        Protection::Encrypted { way, recovery: recovery.clone() }
    };
    let on_server = args.database.is_some();
    let options = CreateOptions { name, protection, database: args.database, objects: args.objects };
    let case = Casework::create(&args.dir, options, settings, &super::actor()).await?;
    let card = case.card();
    out.object(&card);
    out.say(format!("Made case {} “{}” in {}.", card.case, card.name, super::typed(&args.dir)));
    out.say(format!("Ledger key: {}", card.ledger_vkey));
    out.say("Keep that key apart from anything you hand over: it is what outsiders check signatures with.");
    if args.no_encryption {
        out.note("This case is not encrypted. Keep it on an encrypted disk.");
    } else if on_server {
        out.note("What the case holds is sealed before it goes to the database server. Sizes, dates, kinds, languages, digests and how \
             things belong together stay readable there: let it run on an encrypted disk.");
    }
    if let Some(key) = &recovery {
        secret::hand_over(key, args.recovery_key_file.as_deref())?;
    }
    Ok(Ended::Done)
}

pub async fn doctor(settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = settings.case();
    let lines = checks::run(settings, case.is_dir().then_some(case.as_path())).await;
    let mut rows = Vec::new();
    let mut all_there = true;
    for line in &lines {
        out.object(line);
        all_there &= line.state != "missing";
        rows.push(vec![line.state.to_owned(), line.check.clone(), line.detail.clone()]);
        if let Some(hint) = &line.hint {
            rows.push(vec![String::new(), String::new(), hint.clone()]);
        }
    }
    out.table(&["state", "what", "detail"], &rows);
    Ok(if all_there { Ended::Done } else { Ended::No })
}

pub async fn models(args: Models, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args {
        Models::List => {
            let models = packs::list(settings)?;
            models.iter().for_each(|m| out.object(m));
            let rows: Vec<Vec<String>> = models
                .iter()
                .map(|m| {
                    vec![
                        m.name.clone(),
                        m.kind.clone(),
                        m.languages.join(" "),
                        m.licence.clone(),
                        if m.installed { "installed" } else { "not installed" }.into(),
                    ]
                })
                .collect();
            if rows.is_empty() {
                out.say(
                    "No model pack is installed. `make run` fetches them, `zapys models import PATH` takes one from a folder.",
                );
            } else {
                out.table(&["name", "kind", "languages", "licence", "state"], &rows);
            }
            Ok(Ended::Done)
        }
        Models::Pull { .. } => Ok(not_there_yet(out, "models pull")),
        Models::Import { path } => {
            let model = packs::import(settings, &path)?;
            out.object(&model);
            out.say(format!("Installed pack {}; every digest matched.", model.name));
            Ok(Ended::Done)
        }
        Models::Verify => {
            let mut bad = false;
            for (model, fault) in packs::verify(settings)? {
                out.object(&serde_json::json!({"name": model.name, "ok": fault.is_none(), "reason": fault}));
                out.say(match &fault {
                    None => format!("{}: unchanged", model.name),
                    Some(reason) => format!("{}: {reason}. Remove the pack's folder and fetch it again.", model.name),
                });
                bad |= fault.is_some();
            }
            Ok(if bad { Ended::No } else { Ended::Done })
        }
    }
}

pub fn config(settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let mut rows = Vec::new();
    for s in settings.all() {
        out.object(&s);
        let from = serde_json::to_value(&s.from).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        rows.push(vec![
            s.name.into(),
            if s.value.is_empty() { "(computed)".into() } else { s.value.clone() },
            from,
            s.about.into(),
        ]);
    }
    out.table(&["setting", "value", "from", "what it does"], &rows);
    Ok(Ended::Done)
}
