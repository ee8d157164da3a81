//! `process`, `reindex`: everything computed.

use super::open;
use crate::Ended;
use crate::flags::Process;
use crate::out::{Out, time};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use zapys_casework::view::{ProcessEvent, WorkView};
use zapys_casework::{Access, CaseError, ProcessRequest, Settings};
use zapys_domain::DerivativeKind;

pub async fn process(args: Process, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let mut only = Vec::new();
    for word in args.only.iter().map(|w| w.trim()).filter(|w| !w.is_empty()) {
        only.push(
            DerivativeKind::parse(word)
                .ok_or(CaseError::Flag { flag: "--only", wants: "names of derivations as `zapys process --help` lists them" })?,
        );
    }
    // Whoever only looks may look while others work.
    let case = open(settings, if args.status { Access::Read } else { Access::Write }).await?;
    let mut items = Vec::new();
    for item in &args.items {
        items.push(case.resolve(item).await?);
    }
    if args.status || args.pause {
        if args.pause {
            case.pause_work().await?;
        }
        tell(&case.progress().await?, out);
        return Ok(Ended::Done);
    }
    if args.resume {
        case.resume_work().await?;
    }
    if args.first {
        case.put_first(&items).await?;
        items.clear();
    }
    if let Some(place) = case.speech_goes_to() {
        out.note(format!("Windows of speech go to {place}, as the settings say."));
    }
    if let Some(place) = case.words_go_to() {
        out.note(format!("Words that were heard go to {place} to be translated, as the settings say."));
    }
    let cancel = Arc::new(AtomicBool::new(false));
    let stop = cancel.clone();
    let quiet = out.quiet;
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.store(true, Ordering::Relaxed);
            if !quiet {
                eprintln!(
                    "Stopping: work under way is put back. Run `zapys process` to go on. Press Ctrl-C again to stop at once."
                );
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                // Not `exit`, which takes the record's cipher away under its connections.
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
            }
        }
    });
    let board = Arc::new(Board::new(out.json, out.terminal && !out.quiet && !out.json, out.quiet));
    let shown = board.clone();
    let request = ProcessRequest { items, only, workers: settings.workers() };
    let summary = case.process(request, cancel.clone(), Arc::new(move |e| shown.show(&e))).await;
    board.clear();
    let summary = summary?;
    out.object(&summary);
    if case.is_paused().await? {
        out.note("The work is paused; `zapys process --resume` goes on.");
    }
    if !out.json {
        out.note(format!(
            "{} finished, {} failed, {} skipped in {:.1} s.",
            summary.finished, summary.failed, summary.skipped, summary.seconds
        ));
    }
    let stopped = cancel.load(Ordering::Relaxed);
    Ok(if summary.failed > 0 || stopped { Ended::Failed } else { Ended::Done })
}

/// Stages with what is done of them and how long the rest takes.
fn tell(work: &WorkView, out: &Out) {
    out.object(work);
    if out.json {
        return;
    }
    let rows = work.stages.iter().map(|s| {
        let left = match (s.done + s.failed < s.total, s.seconds_left) {
            (false, _) => String::new(),
            (true, Some(seconds)) => time(seconds),
            (true, None) => "not known yet".into(),
        };
        let speed = s.times_real_time.map(|x| format!("{x:.0} times")).unwrap_or_default();
        vec![s.derivation.clone(), format!("{} of {}", s.done, s.total), s.failed.to_string(), left, speed]
    });
    out.table(&["stage", "done", "failed", "left", "against real time"], &rows.collect::<Vec<_>>());
    // Known once every stage that is not through has done something.
    let left: Option<u64> = work.stages.iter().filter(|s| s.done + s.failed < s.total).map(|s| s.seconds_left).sum();
    match left {
        _ if work.paused => out.say("Paused; `zapys process --resume` goes on."),
        Some(0) => out.say("Nothing is due."),
        Some(seconds) => out.say(format!("About {} left.", time(seconds))),
        None => out.say("How long the rest takes is not known yet: a stage has done nothing so far."),
    }
}

pub async fn reindex(settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    let case = open(settings, Access::Write).await?;
    let passages = case.reindex().await?;
    out.object(&serde_json::json!({"passages": passages}));
    out.say(format!("Index rebuilt from the record: {passages} passages."));
    Ok(Ended::Done)
}

/// One bar per derivation under way on a terminal; one line per end elsewhere.
struct Board {
    json: bool,
    draw: bool,
    quiet: bool,
    bars: MultiProgress,
    running: Mutex<HashMap<String, ProgressBar>>,
}

impl Board {
    fn new(json: bool, draw: bool, quiet: bool) -> Self {
        Self { json, draw, quiet, bars: MultiProgress::new(), running: Mutex::new(HashMap::new()) }
    }
    fn show(&self, e: &ProcessEvent) {
        if self.json {
            if let Ok(text) = serde_json::to_string(e) {
                println!("{text}");
            }
            return;
        }
        if self.draw {
            self.paint(e);
        }
        let item = e.item;
        match (&e.event, &e.error) {
            (&"failed", Some(error)) => {
                self.say(&format!("failed    {item} {:<12} {}", e.derivation, crate::out::sentence(error)))
            }
            (&"finished", _) if !self.quiet => {
                self.say(&format!("finished  {item} {:<12} {:.1} s", e.derivation, e.seconds.unwrap_or(0.0)))
            }
            _ => {}
        }
    }
    fn say(&self, line: &str) {
        if self.draw {
            // The bars are redrawn below; a closed terminal is no failure of the work.
            let _ = self.bars.println(line);
        } else {
            eprintln!("{line}");
        }
    }
    fn paint(&self, e: &ProcessEvent) {
        let name = format!("{} {}", e.item.short(), e.derivation);
        let mut running = self.running.lock().unwrap_or_else(|p| p.into_inner());
        match e.event {
            "started" => {
                let style =
                    ProgressStyle::with_template("  {msg:<26} {bar:30} {percent:>3} % {elapsed}").expect("a fixed template");
                let bar = self.bars.add(ProgressBar::new(1000).with_style(style).with_message(name.clone()));
                running.insert(name, bar);
            }
            "progress" => {
                if let (Some(bar), Some(f)) = (running.get(&name), e.fraction) {
                    bar.set_position((f.clamp(0.0, 1.0) * 1000.0) as u64);
                }
            }
            _ => {
                if let Some(bar) = running.remove(&name) {
                    bar.finish_and_clear();
                }
            }
        }
    }
    fn clear(&self) {
        for (_, bar) in self.running.lock().unwrap_or_else(|p| p.into_inner()).drain() {
            bar.finish_and_clear();
        }
    }
}
