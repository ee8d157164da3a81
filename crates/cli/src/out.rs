//! What reaches the person or the script: tables and sentences, or one JSON object a line.

use crate::Ended;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use zapys_casework::CaseError;
use zapys_casework::view::ErrorView;
use zapys_domain::{Fault, FaultKind};

/// Where a command writes.
pub struct Out {
    /// One JSON object a line instead of text.
    pub json: bool,
    /// Only errors.
    pub quiet: bool,
    /// Standard error is a terminal: progress may be drawn.
    pub terminal: bool,
}

impl Out {
    /// Writes as the flags ask.
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet, terminal: std::io::stderr().is_terminal() }
    }
    /// One JSON object, only with `--json`.
    pub fn object(&self, value: &impl Serialize) {
        if self.json {
            line(&serde_json::to_string(value).expect("views serialise: their keys are texts"));
        }
    }
    /// One line for people, only without `--json`.
    pub fn say(&self, text: impl AsRef<str>) {
        if !self.json {
            line(&clean(text.as_ref()));
        }
    }
    /// A remark beside the result, on standard error.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("{}", clean(text.as_ref()));
        }
    }
    /// A table for people, only without `--json`. Columns are as wide as they need; the last one may run on.
    pub fn table(&self, head: &[&str], rows: &[Vec<String>]) {
        if self.json {
            return;
        }
        let rows: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(|c| clean(c)).collect()).collect();
        let width = |i: usize| {
            rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).chain([head[i].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let render = |cells: Vec<&str>| {
            let mut text = String::new();
            for (i, cell) in cells.iter().enumerate() {
                text.push_str(cell);
                if i + 1 < cells.len() {
                    text.push_str(&" ".repeat(widths[i].saturating_sub(cell.chars().count()) + 2));
                }
            }
            text.trim_end().to_owned()
        };
        line(&render(head.to_vec()));
        for row in &rows {
            line(&render(row.iter().map(String::as_str).collect()));
        }
    }
    /// Tells an error and says how the command ended.
    pub fn fault(&self, e: &CaseError) -> Ended {
        self.error(&ErrorView::of(e, None));
        match e.kind() {
            FaultKind::Usage => Ended::Usage,
            _ => Ended::Failed,
        }
    }
    /// Tells an error: a sentence with its remedy on standard error, and as JSON where asked.
    pub fn error(&self, e: &ErrorView) {
        if self.json {
            json_error(&e.kind, &e.code, &e.message, e.subject.as_deref(), &e.hint);
        }
        let subject = e.subject.as_ref().map(|s| format!("{s}: ")).unwrap_or_default();
        eprintln!("zapys: {}", clean(&format!("{subject}{}", sentence(e))));
    }
}

/// A length of time as people say it: `45 s`, `12 min`, `3 h 20 min`.
pub fn time(seconds: u64) -> String {
    match (seconds / 3600, seconds.div_ceil(60)) {
        (0, _) if seconds < 90 => format!("{seconds} s"),
        (0, minutes) if minutes < 60 => format!("{minutes} min"),
        (_, minutes) => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// The error and its remedy as two sentences.
pub fn sentence(e: &ErrorView) -> String {
    let mut hint = e.hint.chars();
    let hint: String = hint.next().into_iter().flat_map(char::to_uppercase).chain(hint).collect();
    format!("{}. {hint}", e.message.trim_end_matches('.'))
}

/// The error object of the public interface.
pub fn json_error(kind: &str, code: &str, message: &str, subject: Option<&str>, hint: &str) {
    let body = serde_json::json!({"error": {"kind": kind, "code": code, "message": message, "subject": subject, "hint": hint}});
    line(&body.to_string());
}

/// A closed pipe is success: whoever reads has read enough, and the work goes on to its end.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Evidence may hold control and direction characters that would write over a terminal: they are shown, not obeyed.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_short() {
        assert_eq!([0, 89, 90, 3540, 3541, 7260].map(super::time), ["0 s", "89 s", "2 min", "59 min", "1 h 0 min", "2 h 1 min"]);
    }

    #[test]
    fn terminal_escapes_in_evidence_are_inert() {
        assert_eq!(super::clean("a\u{1b}[2Jb\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}c\nd");
    }
}
