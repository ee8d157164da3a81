//! What works on this machine, and what to install for the rest.

use crate::engines::engines_config;
use crate::error::CaseError;
use crate::open::{Access, Casework, SystemClock};
use crate::settings::Settings;
use crate::view::DoctorLine;
use std::path::Path;
use zapys_domain::{Clock, Fault};
use zapys_engines::{Engines, Lack};

/// Free space below which a warning is given, in bytes.
const LOW_SPACE: u64 = 2 << 30;
/// 2024-01-01: a clock before it is certainly wrong.
const EARLIEST: i64 = 1_704_067_200;

/// Looks at sandbox, tools, models, dictionaries, disk and clock, and at the case where one is named.
pub async fn run(settings: &Settings, case: Option<&Path>) -> Vec<DoctorLine> {
    let mut lines = Vec::new();
    let config = engines_config(settings);
    let engines = tokio::task::spawn_blocking(move || Engines::detect(config)).await;
    match engines {
        Ok(engines) => {
            for a in engines.availability() {
                let check = format!("{} ({})", a.name, a.purpose);
                lines.push(match &a.state {
                    Ok(detail) => line(check, "ok", detail.clone(), None),
                    Err(lack) => {
                        let e = lack.error();
                        let detail = match lack {
                            Lack::NoSandbox { reason } => format!("none: {reason}"),
                            Lack::Missing { what, .. } => format!("{what} is not installed"),
                        };
                        line(check, "missing", detail, Some(e.hint()))
                    }
                });
            }
        }
        Err(_) => lines.push(line(
            "engines".into(),
            "missing",
            "looking for them failed".into(),
            Some("Report this with your system's version.".into()),
        )),
    }
    lines.push(match zapys_search::Lexicon::bundled() {
        Ok(lexicon) if lexicon.missing().is_empty() => {
            line("dictionaries (finding inflected words)".into(), "ok", "Ukrainian, Russian".into(), None)
        }
        Ok(lexicon) => {
            let absent: Vec<String> = lexicon.missing().iter().map(ToString::to_string).collect();
            line(
                "dictionaries (finding inflected words)".into(),
                "warning",
                format!("none for {}", absent.join(", ")),
                Some("Search still works by spelling and endings.".into()),
            )
        }
        Err(e) => line("dictionaries (finding inflected words)".into(), "warning", e.to_string(), Some(e.hint())),
    });
    lines.push(clock());
    lines.push(space(case.unwrap_or(Path::new("."))));
    lines.push(match crate::unlock::forgetful_folder(settings.text("scratch"), "check") {
        Ok(folder) => {
            let place = folder.parent().unwrap_or(&folder).display().to_string();
            line("plain copies for decoders".into(), "ok", format!("in memory, below {place}"), None)
        }
        Err(e) => line("plain copies for decoders".into(), "warning", e.to_string(), Some(e.hint())),
    });
    if let Some(dir) = case {
        lines.push(match Casework::open(dir, Access::Read, settings).await {
            Ok(case) => {
                let card = case.card();
                let how = if card.encrypted { "encrypted" } else { "not encrypted" };
                line("case".into(), "ok", format!("{} opens; it is {how}", card.case), None)
            }
            Err(e @ CaseError::Locked { .. }) => line("case".into(), "warning", e.to_string(), Some(e.hint())),
            Err(e) => line("case".into(), "missing", e.to_string(), Some(e.hint())),
        });
    }
    lines
}

fn line(check: String, state: &'static str, detail: String, hint: Option<String>) -> DoctorLine {
    DoctorLine { check, state, detail, hint }
}

fn clock() -> DoctorLine {
    let now = SystemClock.now();
    if now.micros() / 1_000_000 < EARLIEST {
        return line(
            "clock".into(),
            "warning",
            format!("it says {now}"),
            Some("Set the machine's clock: times of intake come from it.".into()),
        );
    }
    line("clock".into(), "ok", now.to_string(), None)
}

fn space(at: &Path) -> DoctorLine {
    match rustix::fs::statvfs(at) {
        Ok(s) => {
            let free = s.f_bavail.saturating_mul(s.f_frsize);
            let text = format!("{:.1} GiB free", free as f64 / (1u64 << 30) as f64);
            if free < LOW_SPACE {
                line("disk".into(), "warning", text, Some("Free some space before taking in more.".into()))
            } else {
                line("disk".into(), "ok", text, None)
            }
        }
        Err(e) => line("disk".into(), "warning", format!("its free space cannot be read: {e}"), None),
    }
}
