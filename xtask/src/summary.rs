//! What came of the sample case, told so that a person understands it. Everything is asked of `zapys --json`, as any script could.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A search that shows lemmas at work: the case says `ящики`, `ящиків`, `ящиков`.
const EXAMPLE: &str = "ящик";

/// Counts over one case.
#[derive(Debug, Default)]
pub struct Summary {
    items: u64,
    kinds: BTreeMap<String, u64>,
    languages: BTreeMap<String, u64>,
    heard_ms: u64,
    words: u64,
    segments: u64,
    messages: u64,
    calls: u64,
    /// Further copies of bytes that are there already, under another name or from another source.
    duplicates: u64,
    findings: u64,
    done: u64,
    skipped: u64,
    /// What failed: item, derivation, cause with remedy.
    failed: Vec<String>,
    /// Queued, running or never tried: item and derivation.
    open: Vec<String>,
    hits: Vec<String>,
    n_hits: usize,
    /// Objects re-read, entries of the ledger, and whether both are what they were.
    objects: u64,
    entries: u64,
    is_sound: bool,
}

impl Summary {
    /// Asks through `ask`, which runs a command of zapys with `--json` and answers its standard output.
    /// Errors: those of `ask`, and an answer that is no JSON.
    pub fn gather(ask: &dyn Fn(&[&str]) -> Result<String, String>) -> Result<Self, String> {
        let lines = |words: &[&str]| -> Result<Vec<Value>, String> {
            let read = |line| serde_json::from_str(line).map_err(|_| format!("`zapys {}` answered no JSON.", words.join(" ")));
            ask(words)?.lines().filter(|l| !l.trim().is_empty()).map(read).collect()
        };
        let mut s = Self::default();
        let mut objects = BTreeSet::new();
        for item in lines(&["items"])? {
            let id = item["item"].as_str().unwrap_or_default();
            let title = item["title"].as_str().unwrap_or(id);
            let count = |field: &str| item[field].as_u64().unwrap_or(0);
            s.items += 1;
            *s.kinds.entry(item["kind"].as_str().unwrap_or("other").to_owned()).or_default() += 1;
            for language in item["languages"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                *s.languages.entry(language.to_owned()).or_default() += 1;
            }
            s.segments += count("n_segments");
            s.messages += count("n_messages");
            s.calls += count("n_calls");
            s.duplicates += count("n_acquisitions").saturating_sub(1);
            if !objects.insert(item["object"].as_str().unwrap_or_default().to_owned()) {
                s.duplicates += 1;
            }
            if count("n_segments") > 0 {
                s.heard_ms += count("duration_ms");
                s.words += lines(&["transcript", id])?.first().map_or(0, words);
            }
            for detail in lines(&["show", id])? {
                for d in detail["derivatives"].as_array().into_iter().flatten() {
                    s.derivative(title, d);
                }
            }
        }
        let hits = lines(&["search", EXAMPLE, "--limit", "200"])?;
        s.n_hits = hits.len();
        s.hits = hits.iter().take(3).map(hit).collect();
        for verified in lines(&["verify"])? {
            s.objects = verified["objects"]["checked"].as_u64().unwrap_or(0);
            s.entries = verified["ledger"]["size"].as_u64().unwrap_or(0);
            let bad = verified["objects"]["bad"].as_array().is_none_or(|b| !b.is_empty());
            s.is_sound = !bad && verified["ledger"]["consistent"] == true;
        }
        Ok(s)
    }

    fn derivative(&mut self, title: &str, d: &Value) {
        let name = d["derivation"].as_str().unwrap_or("?");
        self.findings += d["findings"].as_array().map_or(0, Vec::len) as u64;
        match d["status"].as_str() {
            Some("done") => self.done += 1,
            Some("skipped") => self.skipped += 1,
            Some("failed") => {
                let said = |field: &str| d["error"][field].as_str().unwrap_or("").trim_end_matches('.').to_owned();
                self.failed.push(format!("{title}, {name}: {}. {}.", said("message"), said("hint")));
            }
            other => self.open.push(format!("{title}, {name} ({})", other.unwrap_or("unknown"))),
        }
    }

    /// Why the case is not complete; nothing where it is.
    pub fn undone(&self) -> Vec<String> {
        let mut undone = Vec::new();
        if !self.failed.is_empty() {
            undone.push(format!("{} derivations failed; they are listed above with their causes", self.failed.len()));
        }
        if let Some(first) = self.open.first() {
            undone.push(format!("{} derivations are still open, the first of them: {first}", self.open.len()));
        }
        if self.items == 0 {
            undone.push("the case holds no items".into());
        }
        if !self.is_sound {
            undone.push("the check of objects and ledger found a fault; `zapys verify` names it".into());
        }
        if self.n_hits == 0 {
            undone.push(format!("a search for `{EXAMPLE}` finds nothing"));
        }
        undone
    }
}

/// Words of a transcript.
fn words(transcript: &Value) -> u64 {
    let segments = transcript["segments"].as_array().into_iter().flatten();
    segments.map(|s| s["text"].as_str().unwrap_or("").split_whitespace().count() as u64).sum()
}

/// A hit in one line: where, in which language, how it matched, and the words with brackets around what was found.
fn hit(h: &Value) -> String {
    let said = |field: &str| h[field].as_str().unwrap_or("");
    let text = if said("matched") == "translation" { said("translation") } else { said("text") };
    let ranges: Vec<(u64, u64)> = serde_json::from_value(h["highlights"].clone()).unwrap_or_default();
    let mut shown = String::new();
    for (i, c) in text.chars().enumerate() {
        let at = i as u64;
        if ranges.iter().any(|r| r.0 == at) {
            shown.push('[');
        }
        shown.push(if c.is_control() { ' ' } else { c });
        if ranges.iter().any(|r| r.1 == at + 1) {
            shown.push(']');
        }
    }
    if shown.chars().count() > 110 {
        shown = shown.chars().take(109).chain(['…']).collect();
    }
    format!("{} ({}, {}): {shown}", said("title"), said("language"), said("matched"))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |m: &BTreeMap<String, u64>| m.iter().map(|(k, n)| format!("{n} {k}")).collect::<Vec<_>>().join(", ");
        let seconds = self.heard_ms / 1000;
        writeln!(f, "The case")?;
        writeln!(f, "  items          {}: {}", self.items, list(&self.kinds))?;
        writeln!(
            f,
            "  heard          {} min {:02} s of speech, {} segments, {} words",
            seconds / 60,
            seconds % 60,
            self.segments,
            self.words
        )?;
        writeln!(f, "  read           {} messages, {} call records", self.messages, self.calls)?;
        writeln!(f, "  languages      items in: {}", list(&self.languages))?;
        writeln!(f, "  duplicates     {}", self.duplicates)?;
        writeln!(f, "  findings       {}", self.findings)?;
        let rest = if self.open.is_empty() { String::new() } else { format!(", {} open", self.open.len()) };
        writeln!(f, "  computed       {} done, {} without result, {} failed{rest}", self.done, self.skipped, self.failed.len())?;
        self.failed.iter().try_for_each(|x| writeln!(f, "    failed: {x}"))?;
        let sound = if self.is_sound { "all as they were" } else { "A FAULT WAS FOUND" };
        writeln!(f, "  custody        {} objects re-read, {} ledger entries: {sound}", self.objects, self.entries)?;
        writeln!(f, "  All of it is machine output that nobody has reviewed yet.")?;
        writeln!(f, "\nA search for `{EXAMPLE}`: {} hits", self.n_hits)?;
        self.hits.iter().try_for_each(|h| writeln!(f, "  {h}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn case(status: &str) -> Summary {
        let error = json!({"message": "it is cut short.", "hint": "Ask for a whole copy."});
        let ask = |words: &[&str]| -> Result<String, String> {
            Ok(match words {
                ["items"] => [
                    json!({"item": "A", "title": "a.wav", "kind": "recording", "languages": ["uk"], "duration_ms": 61_000,
                        "object": "sha256:1", "n_segments": 2, "n_acquisitions": 2}),
                    json!({"item": "B", "title": "b.txt", "kind": "other", "languages": [], "object": "sha256:1", "n_acquisitions": 1}),
                ]
                .map(|v| v.to_string())
                .join("\n"),
                ["transcript", "A"] => json!({"segments": [{"text": "раз два"}, {"text": "три"}]}).to_string(),
                ["show", "A"] => json!({"derivatives": [{"derivation": "probe", "status": "done", "findings": [{}]},
                    {"derivation": "decode", "status": status, "error": error, "findings": []}]})
                .to_string(),
                ["show", "B"] => json!({"derivatives": []}).to_string(),
                ["search", EXAMPLE, ..] => json!({"title": "a.wav", "language": "uk", "matched": "lemma", "text": "Ящики тут",
                    "highlights": [[0, 5]]})
                .to_string(),
                ["verify"] => json!({"objects": {"checked": 3, "bad": []}, "ledger": {"size": 9, "consistent": true}}).to_string(),
                other => panic!("{other:?} was not expected"),
            })
        };
        Summary::gather(&ask).unwrap()
    }

    #[test]
    fn a_whole_case_is_told_in_numbers() {
        let s = case("skipped");
        assert_eq!(s.undone(), Vec::<String>::new());
        let text = s.to_string();
        for part in [
            "2: 1 other, 1 recording",
            "1 min 01 s of speech, 2 segments, 3 words",
            "duplicates     2",
            "3 objects re-read, 9 ledger entries: all as they were",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(text.contains("1 done, 1 without result, 0 failed\n") && text.contains("a.wav (uk, lemma): [Ящики] тут"));
    }

    #[test]
    fn what_failed_or_is_open_keeps_the_run_from_counting_as_done() {
        let failed = case("failed");
        assert_eq!(failed.undone(), ["1 derivations failed; they are listed above with their causes"]);
        assert!(failed.to_string().contains("    failed: a.wav, decode: it is cut short. Ask for a whole copy.\n"));
        for state in ["queued", "running", "due", "of a kind that comes later"] {
            let expected = format!("1 derivations are still open, the first of them: a.wav, decode ({state})");
            assert_eq!(case(state).undone(), [expected]);
        }
        let empty = Summary::gather(&|_| Ok(String::new())).unwrap();
        assert_eq!(empty.undone().len(), 3);
        assert!(Summary::gather(&|_| Ok("nonsense".into())).is_err());
    }
}
