//! What more workers bring: the same calls heard by one, two and four.
//!
//! On a machine with fewer processors than workers, time says nothing about four of them; processor time does: what the same work costs
//! more when shared is what a larger machine would lose.

use super::files::gone;
use super::heard::{Sounds, folder, zapys_with};
use super::measured::Runs;
use super::{Bench, Row, Unit, call};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Calls, and seconds of sound in all of them.
const WHOLE: (usize, f64) = (16, 960.0);
const QUICK: (usize, f64) = (3, 24.0);
const WORKERS: [usize; 3] = [1, 2, 4];
/// So much of what as many separate machines would do.
const SCALES: f64 = 0.8;

/// Measures. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let place = folder(&bench.dir, "scaling")?;
    let (n_calls, seconds) = if bench.quick { QUICK } else { WHOLE };
    let dir = folder(&place, "calls")?;
    call::many(&dir, n_calls, seconds)?;
    let names = call::names(n_calls).map(|name| (name, String::new()));
    let what = format!("{n_calls} calls of {seconds} s together");
    let sounds = Sounds { what: what.clone(), dir, truth: names.collect(), language: Some("ru") };
    let mut runs: BTreeMap<usize, Runs> = BTreeMap::new();
    for i in 0..bench.runs.unwrap_or(if bench.quick { 1 } else { 3 }) {
        eprintln!("      run {}", i + 1);
        for n in WORKERS {
            let (cost, _) = zapys_with(bench, &[("ZAPYS_WORKERS", &n.to_string())], &sounds, &place)?;
            runs.entry(n).or_default().0.push(cost);
        }
    }
    let one = &runs[&1];
    let mut rows = Vec::new();
    for n in WORKERS.into_iter().filter(|n| *n > 1) {
        let name = format!("{what}, {n} workers: processor");
        rows.push(Row::ratio(&name, Unit::CpuSeconds, runs[&n].cpu_s(), "one worker", one.cpu_s(), Some(1.0 / SCALES)));
        if std::thread::available_parallelism().is_ok_and(|cores| cores.get() >= n) {
            let (name, goal) = (format!("{what}, {n} workers: time"), 1.0 / (SCALES * n as f64));
            rows.push(Row::ratio(&name, Unit::Seconds, runs[&n].wall_s(), "one worker", one.wall_s(), Some(goal)));
        }
    }
    gone(&place)?;
    Ok((rows, json!(runs)))
}
