//! Speech packs of networks that spell (CTC): a network made here that hears tones as letters, through the real host.

use crate::onnx::{Attribute, Graph, Kind};
use crate::speech::{read, ready};
use crate::{Bench, wav};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use zapys_domain::ItemKind::Recording;
use zapys_domain::transcript::Transcript;
use zapys_domain::{DerivativeKind, Lang};
use zapys_engines::models::packs_dir;
use zapys_engines::speech::choice::{Choice, Choices};
use zapys_engines::{Engine, EngineError, Engines, EnginesConfig};

const BANDS: usize = 8;
/// What each band is heard as, and the pitch in its middle (HTK's scale up to 8000 Hz, in nine steps).
const LETTERS: [(char, f64); 6] = [('к', 226.3), ('і', 525.8), ('т', 922.1), (' ', 1446.4), ('д', 2140.3), ('м', 3058.5)];
/// Length of a letter and of the silence after it, in milliseconds.
const LETTER: usize = 160;
const PAUSE: usize = 80;

/// A network that at every fourth frame says the letter of the loudest band, or nothing where all are quiet.
fn network() -> Vec<u8> {
    let mut g = Graph::new();
    let x = g.input("features", Kind::Floats, &[Err("batch"), Ok(BANDS as i64), Err("frames")]);
    g.input("lengths", Kind::Numbers, &[Err("batch")]);
    let pooled =
        g.apply("AveragePool", &[&x], &[("kernel_shape", Attribute::Numbers(&[4])), ("strides", Attribute::Numbers(&[4]))]);
    let rows = g.apply("Transpose", &[&pooled], &[("perm", Attribute::Numbers(&[0, 2, 1]))]);
    let same: Vec<f32> = (0..BANDS * (BANDS + 1)).map(|i| if i / (BANDS + 1) == i % (BANDS + 1) { 1.0 } else { 0.0 }).collect();
    let weights = g.floats(&[BANDS as i64, BANDS as i64 + 1], &same);
    let loud = g.apply("MatMul", &[&rows, &weights], &[]);
    g.output(&loud, "logits", &[Err("batch"), Err("instants"), Ok(BANDS as i64 + 1)]);
    g.finish("letters")
}

/// The pack, with these tokens.
fn pack(packs: &Path, name: &str, tokens: &str) {
    let folder = packs.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let mut manifest = format!(
        "name = \"{name}\"\nkind = \"speech\"\nversion = \"1\"\nlanguages = [\"uk\"]\nlicence = \"CC0-1.0\"\n\
         [spelling]\nmodel = \"letters.onnx\"\ntokens = \"tokens.txt\"\nbands = {BANDS}\nfft = 512\nwindow = 400\nhop = 160\n\
         mel = \"htk\"\nedges = \"mirror\"\nfloor = 1e-9\n"
    );
    for (file, bytes) in [("letters.onnx", network()), ("tokens.txt", tokens.as_bytes().to_vec())] {
        let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        manifest += &format!("[[file]]\nname = \"{file}\"\nbytes = {}\nsha256 = \"{digest}\"\n", bytes.len());
        std::fs::write(folder.join(file), bytes).unwrap();
    }
    std::fs::write(folder.join("pack.toml"), manifest).unwrap();
}
fn tokens() -> String {
    let letters = LETTERS.iter().enumerate().map(|(n, (c, _))| format!("{c} {n}\n"));
    letters.chain(["x 6\n".into(), "y 7\n".into(), "<blk> 8\n".into()]).collect()
}

/// The packs of this machine and these beside them.
fn engines(packs: &Path, speech: Choices) -> Engines {
    for entry in std::fs::read_dir(packs_dir(None)).unwrap() {
        let entry = entry.unwrap();
        let link = packs.join(entry.file_name());
        if !link.exists() {
            std::os::unix::fs::symlink(entry.path(), link).unwrap();
        }
    }
    Engines::detect(EnginesConfig { packs: Some(packs.to_owned()), speech, ..EnginesConfig::plain(2) })
}
fn lang(tag: &str) -> Lang {
    Lang::parse(tag).unwrap()
}

/// A text as tones from 1 s on, at 8 kHz.
fn spoken(text: &str) -> Vec<i16> {
    let mut samples = vec![0; 8000];
    for c in text.chars() {
        let hz = LETTERS.iter().find(|(l, _)| *l == c).unwrap().1;
        let tone = |i: usize| (8000.0 * (2.0 * std::f64::consts::PI * hz * i as f64 / 8000.0).sin()) as i16;
        samples.extend((0..LETTER * 8).map(tone));
        samples.extend(vec![0; PAUSE * 8]);
    }
    samples.extend(vec![0; 8000]);
    samples
}

fn hear(bench: &Bench, by: &Arc<dyn Engine>, name: &str, samples: &[i16]) -> Result<Transcript, EngineError> {
    let path = bench.write(name, &wav(8000, 1, samples));
    let ms = samples.len() as u64 / 8;
    let activity = json!({"duration_ms": ms, "channels": [[[900, ms - 900]]], "joined": true, "findings": []});
    let turns = json!({"duration_ms": ms, "by": "not-at-all", "speakers": [], "turns": [], "findings": []});
    let write = |what: &str, value| bench.write(&format!("{name}-{what}"), &serde_json::to_vec(&value).unwrap());
    let (activity, turns) = (write("activity", activity), write("turns", turns));
    let inputs = [(path.as_path(), "audio/x-wav"), (&activity, "application/json"), (&turns, "application/json")];
    bench.run(&**by, &inputs).map(|(out, _)| read::<Transcript>(&out).0)
}

#[test]
fn a_network_that_spells_is_heard_letter_by_letter() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let packs = bench.path("packs");
    pack(&packs, "letters", &tokens());
    let choices = Choices { languages: vec![("uk".into(), Choice::Pack(Some("letters".into())))], usual: Choice::Pack(None) };
    let engines = engines(&packs, choices);
    let by = engines.find(DerivativeKind::Transcript, Recording, &lang("uk")).unwrap();
    let (identity, other) = (by.identity().clone(), engines.find(DerivativeKind::Transcript, Recording, &lang("ru")).unwrap());
    assert_eq!((identity.name.as_str(), identity.model.as_deref()), ("ctc-onnx", Some("letters")));
    assert_eq!(other.identity().name, "whisper-ct2", "other languages, and whoever names nobody, are heard as before");

    let text = "кіт і дім";
    let heard = hear(&bench, &by, "call", &spoken(text)).unwrap();
    let said: Vec<&str> = heard.segments.iter().map(|s| s.text.as_str()).collect();
    assert_eq!((said.join(" ").as_str(), heard.language.as_str()), (text, "uk"));
    let words: Vec<_> = heard.segments.iter().flat_map(|s| &s.words).collect();
    assert_eq!(words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>(), ["кіт", "і", "дім"]);
    for (word, letter) in words.iter().zip([0, 4, 6]) {
        let (start, end) = (1000 + letter * 240, 1000 + (letter + word.text.chars().count() as u64) * 240 - 80);
        assert!(word.start_ms.abs_diff(start) <= 60 && word.end_ms.abs_diff(end) <= 60, "{word:?} is not {start} to {end}");
        assert!(word.confidence > 0.5, "{word:?}");
    }
    let nothing = hear(&bench, &by, "silence", &vec![0; 40_000]).unwrap();
    assert!(nothing.segments.is_empty(), "where nothing was heard nothing is made up");
    let long: String = std::iter::repeat_n("дім", 45).collect::<Vec<_>>().join(" ");
    let heard = hear(&bench, &by, "long", &spoken(&long)).unwrap();
    let n: usize = heard.segments.iter().map(|s| s.text.split(' ').filter(|w| *w == "дім").count()).sum();
    assert!((40..=45).contains(&n), "windows are cut where it is quiet: {n} of 45");
}

#[test]
fn a_pack_that_makes_no_sense_is_refused() {
    if !ready() {
        return;
    }
    let bench = Bench::new();
    let packs = bench.path("packs");
    pack(&packs, "blankless", "а\nб\nв\n");
    pack(&packs, "other", "а\nб\n<blk>\n");
    for (name, why) in [("blankless", "lack the one for nothing"), ("other", "network failed")] {
        let choices = Choices { languages: vec![], usual: Choice::Pack(Some(name.into())) };
        let by = engines(&packs, choices).find(DerivativeKind::Transcript, Recording, &Lang::und()).unwrap();
        let told = hear(&bench, &by, name, &spoken("дім")).unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
    }
    let nobody = Choices { languages: vec![], usual: Choice::Pack(Some("no-such".into())) };
    assert!(engines(&packs, nobody).find(DerivativeKind::Transcript, Recording, &Lang::und()).is_err());
}
