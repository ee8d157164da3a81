//! What a command costs, and what several runs of it say together.

use crate::steps::{program, root, shown};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One run: seconds of wall clock and processor, and bytes of memory, of a command and everything it started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cost {
    pub wall_s: f64,
    pub cpu_s: f64,
    pub rss_bytes: u64,
    #[serde(default)]
    pub rss_by_program: BTreeMap<String, u64>,
}

/// Several runs of the same work.
#[derive(Debug, Default, Serialize)]
pub struct Runs(pub Vec<Cost>);
impl Runs {
    /// Median seconds of wall clock.
    pub fn wall_s(&self) -> f64 {
        median(self.0.iter().map(|c| c.wall_s))
    }
    /// Median seconds of processor time.
    pub fn cpu_s(&self) -> f64 {
        median(self.0.iter().map(|c| c.cpu_s))
    }
    /// The most memory of any run, in bytes.
    pub fn rss_bytes(&self) -> u64 {
        self.0.iter().map(|c| c.rss_bytes).max().unwrap_or(0)
    }
}

/// A script of `bench/`.
pub fn script(name: &str) -> PathBuf {
    root().join("bench").join(name)
}

/// Runs `words` to the end with standard output put aside. Errors: the command did not end well.
pub fn measure<S: AsRef<OsStr>>(words: &[S], notes: &Path) -> Result<Cost, String> {
    let out = notes.join("cost.json");
    let _ = std::fs::remove_file(&out);
    let mut command = program("python3");
    command.arg(script("measure.py")).arg(&out).arg("--").args(words);
    let status = command.stdout(Stdio::null()).status().map_err(|e| format!("python3 cannot be started: {e}."))?;
    if !status.success() {
        let mut plain = Command::new(&words[0]);
        plain.args(&words[1..]);
        return Err(format!("`{}` ended with {status}.", shown(&plain)));
    }
    read(&out)
}

/// Reads JSON that a script wrote. Errors: it is not there, or not what it should be.
pub fn read<T: for<'d> Deserialize<'d>>(path: &Path) -> Result<T, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|e| format!("{} is not as expected: {e}.", path.display()))
}

/// The value in the middle; of two, the mean of both. Nothing at all gives NaN.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    match (all.len(), all.len() / 2) {
        (0, _) => f64::NAN,
        (n, half) if n % 2 == 1 => all[half],
        (_, half) => f64::midpoint(all[half - 1], all[half]),
    }
}

/// The smallest value that at least `share` of all do not exceed (nearest rank). Nothing at all gives NaN.
pub fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    let rank = (share * all.len() as f64).ceil() as usize;
    all.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quantiles() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert!(median(std::iter::empty()).is_nan());
        let hundred = || (1..=100).rev().map(f64::from);
        assert_eq!((quantile(hundred(), 0.95), quantile(hundred(), 0.0), quantile(hundred(), 1.0)), (95.0, 1.0, 100.0));
        assert!(quantile(std::iter::empty(), 0.5).is_nan());
    }

    #[test]
    fn a_command_is_charged_for_what_it_starts_and_leaves_behind() {
        let dir = tempfile::tempdir().unwrap();
        // The child outlives its parent, computes half a second, and holds 60 MB.
        let child = "import time; held = bytearray(60_000_000)\nwhile time.process_time() < 0.5: pass";
        let words = ["sh".to_owned(), "-c".to_owned(), format!("python3 -c '{child}' &")];
        let cost = measure(&words, dir.path()).unwrap();
        assert!(cost.cpu_s >= 0.45, "{cost:?}");
        assert!(cost.rss_bytes > 60_000_000, "{cost:?}");
        let said = measure(&["sh", "-c", "exit 3"], dir.path()).unwrap_err();
        assert!(said.starts_with("`sh -c exit 3` ended with"), "{said}");
    }
}
