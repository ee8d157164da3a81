//! How long a question takes over 100,000 segments, asked as the workbench asks.
//!
//! Everything said, read and written in the sample is multiplied into chat exports, which go the whole way: intake, parsing,
//! index. Then the running workbench answers over HTTP; its own time and the time until the answer is read are both kept.

use super::call::Numbers;
use super::files::{fresh, text};
use super::measured::{median, quantile, read, script};
use super::{Bench, Row, Unit};
use crate::sample;
use crate::steps::{call, program};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

/// Half of all questions are answered within this many milliseconds.
const GOAL_MS: f64 = 20.0;
/// Messages of one export.
const PER_FILE: usize = 250;
/// The first message, in seconds since 1970.
const FIRST: u64 = 1_640_995_200;

#[derive(Deserialize)]
struct Asked {
    counts: Value,
    answers: Vec<Answer>,
}
#[derive(Deserialize)]
struct Answer {
    ms: f64,
    took_ms: f64,
    total: u64,
}

/// Measures. Errors: something could not be run, or the index does not hold what was put in.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let (n_segments, n_questions) = if bench.quick { (5_000, 60) } else { (100_000, 200) };
    let place = bench.dir.join("search");
    fresh(&place)?;
    let from = bench.dir.join("sample");
    sample::make(&from)?;
    let truth: Value = read(&from.join("truth.json"))?;
    let mut sentences = Vec::new();
    gather(&truth, false, &mut sentences);
    if sentences.len() < 20 {
        return Err("The sample's truth.json tells too few texts.".into());
    }
    let (exports, case) = (place.join("exports"), text(&place.join("case")));
    fresh(&exports)?;
    let mut numbers = Numbers::new(20);
    for i in 0..n_segments / PER_FILE {
        let path = exports.join(format!("chat-{i:04}.json"));
        let bytes = export(i, &sentences, &mut numbers).to_string();
        fs::write(&path, bytes).map_err(|e| format!("{} cannot be written: {e}.", path.display()))?;
    }
    let begun = Instant::now();
    bench.init(&case)?;
    bench.call(&["-C", &case, "--quiet", "add", &text(&exports), "--source", "bench"])?;
    bench.call(&["-C", &case, "--quiet", "process"])?;
    let made_s = begun.elapsed().as_secs_f64();
    let questions = questions(&sentences, n_questions);
    let (out, list) = (place.join("answers.json"), place.join("questions.json"));
    fs::write(&list, json!(questions).to_string()).map_err(|e| format!("{} cannot be written: {e}.", list.display()))?;
    let (server, link) = serve(bench, &case)?;
    let asked = call(program("python3").arg(script("ask.py")).arg(&out).arg(&link).arg(&list));
    let rss_bytes = most_memory(server.id());
    stop(server)?;
    asked?;
    let Asked { counts, answers } = read(&out)?;
    // Without its hits a question costs nothing.
    let with_hits = answers.iter().filter(|a| a.total > 0).count();
    if with_hits * 10 < answers.len() * 9 {
        return Err(format!(
            "Of {} questions only {with_hits} found anything: the index does not hold the texts.",
            answers.len()
        ));
    }
    let (ms, took) = (|| answers.iter().map(|a| a.ms), || answers.iter().map(|a| a.took_ms));
    let what = format!("search in {n_segments} segments");
    let rows = vec![
        Row::alone(&format!("{what}: median"), Unit::Milliseconds, median(ms()), Some(GOAL_MS)),
        Row::alone(&format!("{what}: 95 of 100 within"), Unit::Milliseconds, quantile(ms(), 0.95), None),
        Row::alone(&format!("{what}: median inside"), Unit::Milliseconds, median(took()), None),
        Row::alone(&format!("{what}: memory of the server"), Unit::Bytes, rss_bytes as f64, None),
    ];
    let hits = median(answers.iter().map(|a| a.total as f64));
    let runs = json!({
        "segments": n_segments, "questions": answers.len(), "with_hits": with_hits, "median_hits": hits, "case_counts": counts,
        "ms": {"median": median(ms()), "p95": quantile(ms(), 0.95), "most": quantile(ms(), 1.0)},
        "took_ms": {"median": median(took()), "p95": quantile(took(), 0.95), "most": quantile(took(), 1.0)},
        "intake_and_index_s": made_s,
    });
    fs::remove_dir_all(&place).map_err(|e| format!("{} cannot be removed: {e}.", place.display()))?;
    Ok((rows, runs))
}

/// Every text of three words or more in what is true of the sample.
fn gather(value: &Value, words: bool, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(k, v)| gather(v, k == "text" || k == "paragraphs", into)),
        Value::Array(values) => values.iter().for_each(|v| gather(v, words, into)),
        Value::String(s) if words && s.split_whitespace().count() >= 3 && !into.contains(s) => into.push(s.clone()),
        _ => {}
    }
}

/// One chat export: each message says one or two sentences of the sample and a number of its own.
fn export(idx: usize, sentences: &[String], numbers: &mut Numbers) -> Value {
    let messages: Vec<Value> = (0..PER_FILE)
        .map(|m| {
            let mut words = sentences[numbers.below(sentences.len())].clone();
            if numbers.below(2) == 0 {
                words = format!("{words} {}", sentences[numbers.below(sentences.len())]);
            }
            let words = format!("{words} № {}", numbers.below(20_000));
            let at = FIRST + (idx * PER_FILE + m) as u64 * 60;
            let date = time::OffsetDateTime::from_unix_timestamp(at as i64).expect("a time of this century");
            let date = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                date.year(),
                u8::from(date.month()),
                date.day(),
                date.hour(),
                date.minute(),
                date.second()
            );
            json!({
                "id": m + 1, "type": "message", "date": date, "date_unixtime": at.to_string(), "from": "Канал",
                "from_id": format!("channel{}", 1_700_000_000 + idx), "text": words,
                "text_entities": [{"type": "plain", "text": words}],
            })
        })
        .collect();
    json!({"name": format!("Канал {idx}"), "type": "public_channel", "id": 1_700_000_000 + idx, "messages": messages})
}

/// Questions of the kinds people ask: a word, two words, a phrase, the beginning of a word, a word but not another.
fn questions(sentences: &[String], n: usize) -> Vec<String> {
    let mut numbers = Numbers::new(21);
    let lists: Vec<Vec<&str>> = sentences
        .iter()
        .map(|s| s.split(|c: char| !c.is_alphabetic()).filter(|w| w.chars().count() >= 4).collect::<Vec<_>>())
        .filter(|words| words.len() >= 2)
        .collect();
    (0..n)
        .map(|i| {
            let words = &lists[numbers.below(lists.len())];
            let at = numbers.below(words.len() - 1);
            let (one, other) = (words[at], words[at + 1]);
            match i % 5 {
                0 => one.to_owned(),
                1 => format!("{one} {other}"),
                2 => format!("\"{one} {}\"", next(sentences, one)),
                3 => format!("{}*", one.chars().take(4).collect::<String>()),
                _ => format!("{one} -{}", lists[numbers.below(lists.len())][0]),
            }
        })
        .collect()
}

/// The word that follows `word` where it is first said; itself where it is last.
fn next<'s>(sentences: &'s [String], word: &'s str) -> &'s str {
    let mut found = sentences.iter().filter_map(|s| {
        let mut words = s.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).skip_while(|w| *w != word);
        words.nth(1)
    });
    found.next().unwrap_or(word)
}

/// Starts the workbench on a free port. Answers it and its one-time link.
pub fn serve(bench: &Bench, case: &str) -> Result<(Child, String), String> {
    let mut command = bench.zapys(&["-C", case, "--json", "--quiet", "serve", "--listen", "127.0.0.1:0"]);
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|e| format!("The workbench cannot be started: {e}."))?;
    let mut line = String::new();
    let said = BufReader::new(child.stdout.take().expect("standard output is a pipe")).read_line(&mut line);
    let link = serde_json::from_str::<Value>(&line).ok().and_then(|v| v["link"].as_str().map(str::to_owned));
    match (said, link) {
        (Ok(_), Some(link)) => Ok((child, link)),
        _ => {
            let _ = child.kill();
            let _ = child.wait();
            Err("The workbench did not say where it listens.".into())
        }
    }
}

/// Asks the workbench to end, and waits for it.
pub fn stop(mut server: Child) -> Result<(), String> {
    let asked = call(program("kill").arg(server.id().to_string()));
    if asked.is_err() {
        let _ = server.kill();
    }
    server.wait().map(drop).map_err(|e| format!("The workbench was lost: {e}."))
}

/// The most resident memory that a running process ever had, in bytes; 0 where it is gone.
pub fn most_memory(pid: u32) -> u64 {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences() -> Vec<String> {
        let mut all = Vec::new();
        let truth = json!({"a": {"turns": [{"text": "Ящики стояли у дворі музею."}, {"text": "Так."}], "title": "Не это здесь никак"},
                           "b": {"paragraphs": ["Грузовик стоял у двора.", "Ящики стояли у дворі музею."]}});
        gather(&truth, false, &mut all);
        all
    }

    #[test]
    fn texts_are_gathered_once_each() {
        assert_eq!(sentences(), ["Ящики стояли у дворі музею.", "Грузовик стоял у двора."]);
    }

    #[test]
    fn questions_are_of_every_kind_and_phrases_are_really_said() {
        let all = sentences();
        let asked = questions(&all, 50);
        assert_eq!((asked.len(), &asked), (50, &questions(&all, 50)));
        for (i, q) in asked.iter().enumerate().filter(|(i, _)| i % 5 == 2) {
            let phrase = q.trim_matches('"');
            assert!(all.iter().any(|s| s.contains(phrase)), "{i}: {q}");
        }
        assert!(asked[3].ends_with('*') && asked[4].contains(" -"));
    }

    #[test]
    fn an_export_has_its_messages_in_order() {
        let made = export(3, &sentences(), &mut Numbers::new(1));
        let messages = made["messages"].as_array().unwrap();
        assert_eq!(messages.len(), PER_FILE);
        assert_eq!(messages[0]["date"], "2022-01-01T12:30:00");
        assert!(messages.iter().all(|m| m["text"].as_str().is_some_and(|t| t.contains(" № "))));
    }

    #[test]
    fn memory_of_this_process_is_known() {
        assert!(most_memory(std::process::id()) > 1 << 20);
        assert_eq!(most_memory(u32::MAX), 0);
    }
}
