//! `serve`: the workbench on this machine.

use crate::flags::Serve;
use crate::out::Out;
use crate::{Ended, secret};
use zapys_casework::{Access, CaseError, Casework, Credential, Settings};

pub async fn serve(args: Serve, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings).await?;
    let running = zapys_server::start(case, settings)
        .await
        .map_err(|e| CaseError::Server { reason: e.to_string(), hint: zapys_domain::Fault::hint(&e) })?;
    let link = running.link();
    out.object(&serde_json::json!({"listening": running.address().to_string(), "link": link, "locked": running.is_locked()}));
    out.say(format!("The workbench is open on this machine at\n  {link}\nThe link works once; press Ctrl-C to stop."));
    if running.is_locked() {
        out.say("The case is locked; the page asks for its passphrase.");
    }
    if args.open {
        // Best effort: without a desktop the person still has the link.
        let _ = std::process::Command::new("xdg-open")
            .arg(&link)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn();
    }
    running
        .until(async {
            let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
            let terminated = async {
                match term.as_mut() {
                    Some(t) => {
                        t.recv().await;
                    }
                    None => std::future::pending::<()>().await,
                }
            };
            tokio::select! { _ = tokio::signal::ctrl_c() => {}, _ = terminated => {} }
        })
        .await;
    Ok(Ended::Done)
}

/// Opens the case, or leaves it locked where nobody gives a passphrase: the browser asks for it then.
async fn open(settings: &Settings) -> Result<Option<Casework>, CaseError> {
    let opened = match Casework::open(&settings.case(), Access::Write, settings).await {
        Err(CaseError::Locked { .. }) if secret::can_ask() => {
            match secret::ask("Passphrase of the case (empty: give it in the browser): ")? {
                Credential::Passphrase(text) if text.is_empty() => return Ok(None),
                typed => Casework::open(&settings.case(), Access::Write, &settings.clone().with_credential(typed)).await,
            }
        }
        opened => opened,
    };
    match opened {
        Ok(case) => Ok(Some(case)),
        Err(CaseError::Locked { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}
