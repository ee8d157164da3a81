//! What was measured, as rows: a table for people and the same as JSON.

use crate::steps::program;
use serde::Serialize;
use serde_json::{Value, json};
use std::process::Stdio;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Seconds,
    CpuSeconds,
    Milliseconds,
    Bytes,
    /// Part of one.
    Share,
    Count,
}

/// One claim: ours, the peer's, and what was to be reached.
#[derive(Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub unit: Unit,
    pub ours: f64,
    pub peer: Option<String>,
    pub theirs: Option<f64>,
    /// Ours by theirs.
    pub ratio: Option<f64>,
    /// In words, as in the table.
    pub goal: Option<String>,
    pub met: Option<bool>,
}
impl Row {
    /// Ours beside the peer's; the goal is a ratio that must not be exceeded.
    pub fn ratio(name: &str, unit: Unit, ours: f64, peer: &str, theirs: f64, goal: Option<f64>) -> Self {
        let mut row = Self::beside(name, unit, ours, peer, theirs);
        row.goal = goal.map(|g| format!("ratio ≤ {g:.2}"));
        row.met = goal.map(|g| ours / theirs <= g);
        row
    }
    /// Ours beside the peer's; ours may be larger by `by`.
    pub fn apart(name: &str, unit: Unit, ours: f64, peer: &str, theirs: f64, by: f64) -> Self {
        let mut row = Self::beside(name, unit, ours, peer, theirs);
        row.goal = Some(format!("≤ {}", shown(unit, theirs + by)));
        row.met = Some(ours - theirs <= by);
        row
    }
    /// Ours alone; the goal is a value that must not be exceeded.
    pub fn alone(name: &str, unit: Unit, ours: f64, goal: Option<f64>) -> Self {
        let (goal, met) = (goal.map(|g| format!("≤ {}", shown(unit, g))), goal.map(|g| ours <= g));
        Self { name: name.into(), unit, ours, peer: None, theirs: None, ratio: None, goal, met }
    }
    fn beside(name: &str, unit: Unit, ours: f64, peer: &str, theirs: f64) -> Self {
        let ratio = Some(ours / theirs);
        Self { name: name.into(), unit, ours, peer: Some(peer.into()), theirs: Some(theirs), ratio, goal: None, met: None }
    }
}

fn shown(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds => format!("{value:.2} s"),
        Unit::CpuSeconds => format!("{value:.2} CPU s"),
        Unit::Milliseconds => format!("{value:.1} ms"),
        Unit::Bytes => format!("{:.0} MiB", value / f64::from(1 << 20)),
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::Count => format!("{value:.0}"),
    }
}

/// The rows as a table of Markdown, its columns lined up.
pub fn table(rows: &[Row]) -> String {
    let head = ["what", "zapys", "peer", "peer's", "ratio", "goal", "met"].map(str::to_owned);
    let mut lines = vec![head];
    for row in rows {
        let dash = || "–".to_owned();
        lines.push([
            row.name.clone(),
            shown(row.unit, row.ours),
            row.peer.clone().unwrap_or_else(dash),
            row.theirs.map_or_else(dash, |v| shown(row.unit, v)),
            row.ratio.filter(|r| r.is_finite()).map_or_else(dash, |r| format!("{r:.2}")),
            row.goal.clone().unwrap_or_else(dash),
            row.met.map_or_else(dash, |m| if m { "yes".into() } else { "NO".into() }),
        ]);
    }
    let widths: [usize; 7] = std::array::from_fn(|i| lines.iter().map(|l| l[i].chars().count()).max().unwrap_or(0));
    lines.insert(1, widths.map(|w| "-".repeat(w)));
    let line = |cells: &[String; 7]| -> String {
        let padded = cells.iter().zip(widths).map(|(c, w)| format!("{c:<w$}"));
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    lines.iter().map(line).collect()
}

/// Processor, cores, memory, kernel.
pub fn machine() -> Value {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.trim_start().strip_prefix(':').map(|v| v.trim().to_owned()));
        line.unwrap_or_else(|| "unknown".into())
    };
    json!({
        "cpu": field(&file("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": field(&file("/proc/meminfo"), "MemTotal"),
        "kernel": file("/proc/sys/kernel/osrelease").trim(),
        "load_before": file("/proc/loadavg").split(' ').next().unwrap_or_default(),
    })
}

/// The commit, and whether the tree differs from it.
pub fn commit() -> Value {
    let said = |words: &[&str]| {
        let out = program("git").args(words).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    let changed = said(&["status", "--porcelain"]).map(|t| !t.is_empty());
    json!({"commit": said(&["rev-parse", "HEAD"]), "changed": changed})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_judged() {
        let row = |ours, goal| Row::ratio("x", Unit::Seconds, ours, "peer", 2.0, goal);
        assert_eq!((row(2.0, Some(1.0)).met, row(2.1, Some(1.0)).met, row(9.0, None).met), (Some(true), Some(false), None));
        let apart = |ours| Row::apart("x", Unit::Share, ours, "peer", 0.1, 0.005).met;
        assert_eq!((apart(0.104), apart(0.106), apart(f64::NAN)), (Some(true), Some(false), Some(false)));
        assert_eq!(Row::alone("x", Unit::Milliseconds, 21.0, Some(20.0)).met, Some(false));
        assert_eq!(Row::alone("x", Unit::Milliseconds, f64::NAN, Some(20.0)).met, Some(false));
    }

    #[test]
    fn the_table_is_lined_up() {
        let rows = [
            Row::ratio("intake", Unit::Seconds, 2.0, "cp", 4.0, Some(1.0)),
            Row::alone("memory", Unit::Bytes, f64::from(3 << 20), None),
        ];
        let text = table(&rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|l| l.chars().count() == lines[0].chars().count()), "{text}");
        assert!(lines[2].contains("| 2.00 s | cp   | 4.00 s | 0.50  | ratio ≤ 1.00 | yes |"), "{text}");
        assert!(lines[3].contains("| 3 MiB  | –    |"), "{text}");
    }

    #[test]
    fn the_machine_is_told() {
        let machine = machine();
        assert!(machine["cores"].as_u64().unwrap() > 0 && !machine["kernel"].as_str().unwrap().is_empty());
    }
}
