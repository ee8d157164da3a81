//! A case of thousands of calls, worked through to the end: how long it takes, whether memory stays flat, whether the case knew how
//! long it would take, and whether a kill in the middle loses anything.
//!
//! Calls are cut from one long one at different places, so that no two are alike. The usual size takes a night; `--calls` and
//! `--hours` make it smaller.

use super::files::{fresh, gone, text};
use super::{Bench, Row, Unit, call};
use serde_json::{Value, json};
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Calls, and hours of sound in all of them.
pub const WHOLE: (usize, f64) = (4000, 300.0);
const QUICK: (usize, f64) = (8, 0.05);
/// Shares of the calls at which the forecast is held against what came, and by how much it may be wrong.
const LOOKS: [f64; 4] = [0.1, 0.25, 0.5, 0.75];
const QUARTER: f64 = 0.25;
/// The program is killed when so many of the calls were written down.
const KILLED_AT: f64 = 0.4;
/// Memory of the program and all it starts, at the end, may be so much more than at a quarter of the way.
const GROWTH: f64 = 1.25;

/// What the case said at one moment.
#[derive(Clone, Debug)]
struct Look {
    /// Working seconds since the beginning: what passed between the kill and the new start does not count.
    at_s: f64,
    done: u64,
    left_s: Option<f64>,
    bytes: u64,
}

/// Measures. Errors: something could not be run, or a call was lost.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let (n_calls, hours) = bench.volume.unwrap_or(if bench.quick { QUICK } else { WHOLE });
    let place = bench.dir.join("volume");
    fresh(&place)?;
    let (calls, case) = (place.join("calls"), text(&place.join("case")));
    fresh(&calls)?;
    eprintln!("      making {n_calls} calls of {hours} hours");
    let sound_s = call::many(&calls, n_calls, hours * 3600.0)?;
    bench.init(&case)?;
    bench.call(&["-C", &case, "--quiet", "add", &text(&calls), "--source", "bench", "--lang", "ru"])?;
    gone(&calls)?;

    let every = Duration::from_secs_f64((sound_s / 20_000.0).clamp(1.0, 60.0));
    let (mut looks, mut worked_s, mut killed) = (Vec::<Look>::new(), 0.0, None);
    loop {
        let begun = Instant::now();
        let mut child = start(bench, &case)?;
        let ended = loop {
            std::thread::sleep(every);
            let bytes = resident(child.id());
            if let Some(status) = child.try_wait().map_err(|e| format!("zapys was lost: {e}."))? {
                break Some(status);
            }
            let look = look(bench, &case, worked_s + begun.elapsed().as_secs_f64(), bytes)?;
            let done = look.done;
            looks.push(look);
            if killed.is_none() && done as f64 >= KILLED_AT * n_calls as f64 {
                child.kill().and_then(|()| child.wait()).map_err(|e| format!("zapys cannot be killed: {e}."))?;
                killed = Some(done);
                break None;
            }
        };
        worked_s += begun.elapsed().as_secs_f64();
        match ended {
            Some(status) if status.success() => break,
            Some(status) => return Err(format!("`zapys process` ended with {status}.")),
            None => eprintln!("      killed at {} of {n_calls} calls, and started again", killed.unwrap_or_default()),
        }
    }
    let last = look(bench, &case, worked_s, 0)?;
    if last.done != n_calls as u64 {
        return Err(format!("Of {n_calls} calls {} were written down.", last.done));
    }
    bench.call(&["-C", &case, "--quiet", "verify"])?;
    let rows = told(n_calls, hours, worked_s, sound_s, &looks);
    let behind: Vec<Value> =
        looks.iter().map(|l| json!({"at_s": l.at_s, "done": l.done, "left_s": l.left_s, "bytes": l.bytes})).collect();
    gone(&place)?;
    Ok((rows, json!({"calls": n_calls, "sound_s": sound_s, "worked_s": worked_s, "killed_at": killed, "looks": behind})))
}

fn told(n_calls: usize, hours: f64, worked_s: f64, sound_s: f64, looks: &[Look]) -> Vec<Row> {
    let what = format!("{n_calls} calls, {hours} h");
    let mut rows = vec![
        Row::alone(&format!("{what}: time"), Unit::Seconds, worked_s, None),
        Row::alone(&format!("{what}: time for a second of sound"), Unit::Seconds, worked_s / sound_s, None),
    ];
    for share in LOOKS {
        let look = looks.iter().find(|l| l.done as f64 >= share * n_calls as f64 && l.left_s.is_some());
        let wrong = look.map(|l| (l.left_s.unwrap_or_default() / (worked_s - l.at_s).max(1.0) - 1.0).abs());
        let name = format!("{what}: forecast at {:.0} % of the calls is wrong by", share * 100.0);
        rows.push(Row::alone(&name, Unit::Share, wrong.unwrap_or(f64::NAN), Some(QUARTER)));
    }
    let most = |from: f64, to: f64| {
        let within = looks.iter().filter(|l| (from..=to).contains(&(l.done as f64 / n_calls as f64)));
        within.map(|l| l.bytes).max().unwrap_or(0) as f64
    };
    let early = most(0.05, 0.25);
    rows.push(Row::alone(&format!("{what}: memory up to a quarter"), Unit::Bytes, early, None));
    rows.push(Row::alone(&format!("{what}: memory in the last quarter"), Unit::Bytes, most(0.75, 1.0), Some(GROWTH * early)));
    rows
}

fn start(bench: &Bench, case: &str) -> Result<Child, String> {
    let mut command = bench.zapys(&["-C", case, "--quiet", "process"]);
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    started.map_err(|e| format!("zapys cannot be started: {e}."))
}

fn look(bench: &Bench, case: &str, at_s: f64, bytes: u64) -> Result<Look, String> {
    let lines = bench.lines(&["-C", case, "--json", "process", "--status"])?;
    let stages = lines.first().and_then(|v| v["stages"].as_array()).ok_or("`zapys process --status` answered no stages.")?;
    let transcripts = stages.iter().find(|s| s["derivation"] == "transcript");
    let open =
        |s: &&Value| s["done"].as_u64().unwrap_or(0) + s["failed"].as_u64().unwrap_or(0) < s["total"].as_u64().unwrap_or(0);
    let left_s = stages.iter().filter(open).map(|s| s["seconds_left"].as_f64()).sum();
    Ok(Look { at_s, done: transcripts.and_then(|s| s["done"].as_u64()).unwrap_or(0), left_s, bytes })
}

/// Resident memory of a process and all that it started, in bytes.
fn resident(pid: u32) -> u64 {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let line = |text: &str| text.lines().find_map(|l| l.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<u64>().ok());
    let own = line(&read("status")).unwrap_or(0) * 1024;
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = tasks.map(|t| fs::read_to_string(t.path().join("children")).unwrap_or_default()).collect::<String>();
    own + children.split_whitespace().filter_map(|c| c.parse().ok()).map(resident).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forecasts_are_held_against_what_came() {
        let look = |at_s, done, left_s, bytes| Look { at_s, done, left_s, bytes };
        let looks = [
            look(1.0, 0, None, 5),
            look(10.0, 1, Some(90.0), 100),
            look(50.0, 5, Some(75.0), 100),
            look(80.0, 8, Some(25.0), 130),
        ];
        let rows = told(10, 1.0, 100.0, 3600.0, &looks);
        let wrong: Vec<f64> = rows.iter().filter(|r| r.name.contains("forecast")).map(|r| (r.ours * 100.0).round()).collect();
        assert_eq!(wrong, [0.0, 50.0, 50.0, 25.0]);
        assert!(resident(std::process::id()) > 1_000_000);
    }
}
