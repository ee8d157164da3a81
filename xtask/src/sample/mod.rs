//! The sample case: fictional, not graphic, with known truth. Written things tell of a town museum that does not exist; the
//! calls are made of telephone prompts, so that every word of them is known.

mod articles;
mod photo;
mod prompts;
mod screens;
mod sound;
mod telegram;

use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Counts up whenever what is made changes.
const VERSION: u32 = 1;

/// Makes `out/evidence` and `out/truth.json`; does nothing where they are there already.
pub fn make(out: &Path) -> Result<(), String> {
    let stamp = out.join("truth.json");
    let made: Option<Value> = fs::read(&stamp).ok().and_then(|b| serde_json::from_slice(&b).ok());
    if made.is_some_and(|t| t["version"] == VERSION) {
        return Ok(());
    }
    let evidence = out.join("evidence");
    // A half-made sample is made again; nobody keeps anything of their own in it.
    let _ = fs::remove_dir_all(&evidence);
    let folder = |name: &str| -> Result<std::path::PathBuf, String> {
        let dir = evidence.join(name);
        fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
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
    let copy = |from: &Path, to: &Path| fs::copy(from, to).map(drop).map_err(|e| format!("{}: {e}", to.display()));
    copy(&clips.join("clip-published.mp3"), &folder("telegram/files")?.join("clip-published.mp3"))?;
    copy(&clips.join("voice-note.ogg"), &folder("telegram/voice_messages")?.join("audio_1@18-03-2022_13-12-00.ogg"))?;
    know(screens::write(&folder("screens")?)?);
    know(articles::write(&folder("articles")?)?);
    know(telegram::records(&folder("records")?.join("calls.csv"), first.channels[0].len() * 1000 / sound::RATE)?);
    know(photo::write(&folder("photos")?.join("yard.jpg"))?);
    let truth = json!({"version": VERSION, "files": truth});
    let bytes = serde_json::to_vec_pretty(&truth).map_err(|e| e.to_string())?;
    fs::write(&stamp, bytes).map_err(|e| format!("{}: {e}", stamp.display()))
}
