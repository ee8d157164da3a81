//! `serve`: the workbench on this machine.

use super::open;
use crate::Ended;
use crate::flags::Serve;
use crate::out::Out;
use std::sync::Arc;
use zapys_casework::{Access, CaseError, Settings};

pub async fn serve(args: Serve, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Write).await?;
    let running = zapys_server::start(Arc::new(case), settings)
        .await
        .map_err(|e| CaseError::Server { reason: e.to_string(), hint: zapys_domain::Fault::hint(&e) })?;
    let link = running.link();
    out.object(&serde_json::json!({"listening": running.address().to_string(), "link": link}));
    out.say(format!("The workbench is open on this machine at\n  {link}\nThe link works once; press Ctrl-C to stop."));
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
