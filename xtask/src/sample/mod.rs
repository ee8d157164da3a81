//! The sample case: fictional, not graphic, with known truth. Written things tell of a town museum that does not exist; the
//! calls are made of telephone prompts, so that every word of them is known.

mod articles;
mod photo;
mod prompts;
mod screens;
pub mod sound;
mod telegram;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Counts up whenever what is made changes.
const VERSION: u32 = 2;

/// What the name of a folder begins with while it is being filled.
const UNFINISHED: &str = ".new-";

/// Makes `out/evidence` and `out/truth.json`; does nothing where they are there already. Interrupted anywhere, it is made
/// again the next time. Errors: a sentence; among them a folder `evidence` that is none of ours.
pub fn make(out: &Path) -> Result<(), String> {
    let told = |e: io::Error| format!("{} cannot be written: {e}.", out.display());
    let (evidence, stamp, credit) = (out.join("evidence"), out.join("truth.json"), out.join("CREDIT.txt"));
    let read = || -> Option<Value> { serde_json::from_slice(&fs::read(&stamp).ok()?).ok() };
    let whole = || read().is_some_and(|truth| is_whole(&truth, &evidence));
    if whole() {
        return Ok(());
    }
    // The credit is the first thing here and stays: it tells our folder from one that a person filled.
    let ours = credit.is_file() || read().is_some_and(|truth| truth["version"].is_u64());
    if evidence.exists() && !ours {
        return Err(format!(
            "{} is there and was not made by this program. Name another folder, or move it away.",
            evidence.display()
        ));
    }
    fs::create_dir_all(out).and_then(|()| fs::write(&credit, prompts::CREDIT)).map_err(told)?;
    // Two at once: the second waits and then finds everything there.
    let lock = fs::File::open(&credit).map_err(told)?;
    lock.lock().map_err(told)?;
    if whole() {
        return Ok(());
    }
    for entry in fs::read_dir(out).map_err(told)?.flatten() {
        if entry.file_name() == "evidence" || entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path()).map_err(told)?;
        }
    }
    // A name of its own: an encoder that outlived an earlier run writes to nobody.
    let new = out.join(format!("{UNFINISHED}{}", std::process::id()));
    let truth = fill(&new)?;
    let text = serde_json::to_vec_pretty(&truth).map_err(|e| format!("The truth cannot be written: {e}."))?;
    fs::write(&stamp, text).and_then(|()| fs::rename(&new, &evidence)).map_err(told)
}

/// True where this version made it and every file it tells of is there.
fn is_whole(truth: &Value, evidence: &Path) -> bool {
    truth["version"] == VERSION
        && truth["files"].as_object().is_some_and(|files| files.keys().all(|name| evidence.join(name).is_file()))
}

/// Fills a new folder. Returns what is true of its files.
fn fill(evidence: &Path) -> Result<Value, String> {
    let folder = |name: &str| -> Result<PathBuf, String> {
        let dir = evidence.join(name);
        fs::create_dir_all(&dir).map_err(|e| format!("{} cannot be made: {e}.", dir.display()))?;
        Ok(dir)
    };
    let mut truth = serde_json::Map::new();
    let mut know = |part: Value| {
        if let Value::Object(part) = part {
            truth.extend(part);
        }
    };
    let calls = folder("calls")?;
    let (first, second) = (sound::call_01()?, sound::call_02()?);
    sound::write_wav(&calls.join("call-01.wav"), &first.channels)?;
    sound::write_wav(&calls.join("call-02.wav"), &second.channels)?;
    know(json!({"calls/call-01.wav": sound::truth(&first), "calls/call-02.wav": sound::truth(&second)}));
    let clips = folder("clips")?;
    know(sound::publish(&first, &clips)?);
    let telegram = folder("telegram")?;
    let (start, end) = sound::excerpt(&first);
    know(telegram::write(&telegram, (end - start + sound::JINGLE_MS) / 1000)?);
    for (from, to) in [("clip-published.mp3", telegram::CLIP), ("voice-note.ogg", telegram::VOICE)] {
        let to = telegram.join(to);
        fs::create_dir_all(to.parent().expect("it lies in the export"))
            .and_then(|()| fs::copy(clips.join(from), &to))
            .map_err(|e| format!("{} cannot be written: {e}.", to.display()))?;
        // The same bytes come from two sources on purpose.
        know(
            json!({format!("telegram/{}", to.strip_prefix(&telegram).expect("just joined").display()): {"same_bytes_as": format!("clips/{from}")}}),
        );
    }
    know(screens::write(&folder("screens")?)?);
    know(articles::write(&folder("articles")?)?);
    know(telegram::records(&folder("records")?.join("calls.csv"), first.duration_ms())?);
    know(photo::write(&folder("photos")?.join("yard.jpg"))?);
    Ok(json!({"version": VERSION, "files": truth}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Path below the folder to bytes.
    fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![dir.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(path).unwrap());
                }
            }
        }
        found
    }

    #[test]
    fn the_sample_is_the_same_each_time_and_the_truth_tells_of_every_file() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make(a.path()).unwrap();
        make(b.path()).unwrap();
        let (first, second) = (files(a.path()), files(b.path()));
        assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
        for (name, bytes) in &first {
            assert!(!bytes.is_empty() && bytes == &second[name], "{name} differs");
        }
        let truth: Value = serde_json::from_slice(&first["truth.json"]).unwrap();
        let mut told: Vec<String> = truth["files"].as_object().unwrap().keys().map(|n| format!("evidence/{n}")).collect();
        told.extend(["CREDIT.txt".to_owned(), "truth.json".to_owned()]);
        told.sort();
        assert_eq!(first.keys().cloned().collect::<Vec<_>>(), told);
        assert_eq!(first["evidence/telegram/files/clip-published.mp3"], first["evidence/clips/clip-published.mp3"]);
        says_what_is_so(&truth["files"], &first);

        // Whole: nothing is touched. A file lost, or a newer program: made again.
        let clip = a.path().join("evidence/clips/voice.amr");
        let when = || fs::metadata(a.path().join("evidence")).unwrap().modified().unwrap();
        let before = when();
        make(a.path()).unwrap();
        assert_eq!(when(), before);
        fs::remove_file(&clip).unwrap();
        make(a.path()).unwrap();
        assert_eq!(files(a.path()), first);
    }

    /// The truth against the files it tells of.
    fn says_what_is_so(truth: &Value, files: &BTreeMap<String, Vec<u8>>) {
        let number = |v: &Value| v.as_u64().unwrap();
        for call in ["calls/call-01.wav", "calls/call-02.wav"] {
            let wav = &files[&format!("evidence/{call}")];
            let (channels, length) = (number(&truth[call]["channels"]), number(&truth[call]["duration_ms"]));
            assert_eq!((wav.len() as u64 - 44) / 2 / channels * 1000 / sound::RATE as u64, length);
            for turn in truth[call]["turns"].as_array().unwrap() {
                assert!(number(&turn["start_ms"]) < number(&turn["end_ms"]) && number(&turn["end_ms"]) <= length);
                assert!(number(&turn["channel"]) < channels && !turn["text"].as_str().unwrap().is_empty());
            }
        }
        for clip in ["clips/clip-published.mp3", "clips/voice.amr", "clips/voice-note.ogg"] {
            let t = &truth[clip];
            assert!(number(&t["source_end_ms"]) <= number(&truth["calls/call-01.wav"]["duration_ms"]));
            assert_eq!(
                number(&t["source_end_ms"]) - number(&t["source_start_ms"]),
                number(&t["query_end_ms"]) - number(&t["query_start_ms"])
            );
        }
        let heads: [(&str, &[u8]); 4] = [
            ("clips/voice.amr", b"#!AMR\n"),
            ("clips/voice-note.ogg", b"OggS"),
            ("screens/chat-dark.png", b"\x89PNG"),
            ("photos/yard.jpg", b"\xFF\xD8\xFF\xE1"),
        ];
        for (name, head) in heads {
            assert!(files[&format!("evidence/{name}")].starts_with(head), "{name}");
        }
        let export: Value = serde_json::from_slice(&files["evidence/telegram/result.json"]).unwrap();
        let posts = &truth["telegram/result.json"]["posts"];
        let post = export["messages"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["id"].as_u64() == posts["id"].as_str().unwrap().parse().ok())
            .unwrap();
        assert_eq!(post["file"], telegram::CLIP);
        for page in ["origin", "copy", "translated"] {
            let name = format!("articles/{page}.html");
            let html = String::from_utf8(files[&format!("evidence/{name}")].clone()).unwrap();
            assert!(html.contains(truth[&name]["quote"].as_str().unwrap()), "{name}");
        }
    }

    #[test]
    fn a_folder_that_a_person_filled_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("evidence")).unwrap();
        fs::write(dir.path().join("evidence/mine.txt"), "keep").unwrap();
        assert!(make(dir.path()).unwrap_err().contains("was not made by this program"));
        assert_eq!(files(dir.path()).len(), 1);
    }
}
