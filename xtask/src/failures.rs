//! What the runners said of tests that failed, kept to be said once more at the end: a log of a thousand tests is read from below.

/// So many lines of one failure, half from its begin and half from its end.
const LINES: usize = 60;

/// Hears a runner line by line.
#[derive(Debug, Default)]
pub struct Failures {
    told: Vec<Told>,
    open: Option<Ends>,
}
#[derive(Debug)]
struct Told {
    name: String,
    lines: Vec<String>,
}
/// How the block that is being heard ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// Cargo's: with the next one, or with the list of names.
    Cargo,
    /// Of the Test Anything Protocol, which Node speaks: with three dots.
    Tap,
}

impl Failures {
    pub fn hear(&mut self, line: &str) {
        let bare = line.trim();
        let cargo = bare.strip_prefix("---- ").and_then(|l| l.strip_suffix(" stdout ----"));
        let tap = bare.strip_prefix("not ok ").and_then(|l| l.split_once(" - "));
        if let Some(name) = cargo {
            self.begin(name, Ends::Cargo);
        } else if let Some((_, name)) = tap {
            self.begin(name, Ends::Tap);
        } else {
            match (self.open, bare) {
                (Some(Ends::Cargo), "failures:") | (Some(Ends::Tap), "...") => self.open = None,
                // A group that failed with one of its tests, which is told by itself.
                (Some(Ends::Tap), "failureType: 'subtestsFailed'") => {
                    self.told.pop();
                    self.open = None;
                }
                (Some(Ends::Tap), "---") | (None, _) => {}
                (Some(_), _) => {
                    if let Some(told) = self.told.last_mut() {
                        told.lines.push(line.trim_end().to_owned());
                    }
                }
            }
        }
    }
    /// Notes a step that failed as a whole.
    pub fn step(&mut self, name: &str, cause: &str) {
        self.told.push(Told { name: name.to_owned(), lines: vec![cause.to_owned()] });
        self.open = None;
    }
    /// All of it, empty where nothing failed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Told { name, lines } in &self.told {
            let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            while lines.last().is_some_and(|l| l.is_empty()) {
                lines.pop();
            }
            text.push_str(&format!("\n> {name}\n"));
            if lines.len() > LINES {
                let left = format!("[{} lines are left out here; they stand above]", lines.len() - LINES);
                let end = lines.split_off(lines.len() - LINES / 2);
                lines.truncate(LINES / 2);
                lines.iter().copied().chain([left.as_str()]).chain(end).for_each(|l| text.push_str(&format!("  {l}\n")));
            } else {
                lines.iter().for_each(|l| text.push_str(&format!("  {l}\n")));
            }
        }
        text
    }
    fn begin(&mut self, name: &str, ends: Ends) {
        self.told.push(Told { name: name.to_owned(), lines: Vec::new() });
        self.open = Some(ends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Vec<(String, Vec<String>)> {
        let mut failures = Failures::default();
        text.lines().for_each(|l| failures.hear(l));
        failures.told.into_iter().map(|t| (t.name, t.lines)).collect()
    }

    #[test]
    fn failures_of_cargo_are_kept_without_what_surrounds_them() {
        let said = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\npanicked at x.rs:1\nleft: 1\n\n---- c stdout ----\nno\n\n\
                    failures:\n    b\n    c\n\ntest result: FAILED. 1 passed; 2 failed";
        let all = heard(said);
        assert_eq!(all[0], ("b".into(), vec!["panicked at x.rs:1".into(), "left: 1".into(), String::new()]));
        assert_eq!((all[1].0.as_str(), all.len()), ("c", 2));
    }

    #[test]
    fn failures_of_node_are_kept_without_the_groups_around_them() {
        let said = "    # Subtest: x\n    not ok 1 - x\n      ---\n      error: 'late'\n      ...\n    ok 2 - y\n      ---\n      ...\n\
                    not ok 1 - group\n  ---\n  duration_ms: 3\n  failureType: 'subtestsFailed'\n  error: '1 subtest failed'\n  ...\n# pass 1";
        assert_eq!(heard(said), [("x".into(), vec!["      error: 'late'".into()])]);
    }

    #[test]
    fn a_long_failure_is_told_from_both_ends() {
        let mut failures = Failures::default();
        failures.hear("---- long stdout ----");
        (0..1000).for_each(|n| failures.hear(&format!("line {n}")));
        failures.hear("failures:");
        failures.step("Build", "`cargo build` ended with exit status: 101.");
        let text = failures.text();
        assert!(
            text.contains("line 29\n")
                && text.contains("line 999\n")
                && !text.contains("line 30\n")
                && text.contains("[940 lines")
        );
        assert!(text.ends_with("> Build\n  `cargo build` ended with exit status: 101.\n"));
    }
}
