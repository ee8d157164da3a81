//! The readers on files made by others, where those are at hand. Nothing here is needed to build or ship.

use std::collections::HashSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zapys_domain::ItemKind;
use zapys_formats::{Limits, Reading, members, readers, recognise};

/// The folder of shared test data, or a note that it is not here.
fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if !path.is_dir() {
        println!("skipped: ../shared is not here");
        return None;
    }
    Some(path)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut out, mut stack) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = stack.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() { stack.push(path) } else { out.push(path) }
        }
    }
    out.sort();
    out
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// Precision and recall of word triples: order and content, whatever the paragraphs.
fn overlap(got: &str, gold: &str) -> (f64, f64) {
    let triples = |t: &str| words(t).windows(3).map(<[String]>::to_vec).collect::<HashSet<_>>();
    let (a, b) = (triples(got), triples(gold));
    let both = a.intersection(&b).count() as f64;
    (if a.is_empty() { 0.0 } else { both / a.len() as f64 }, if b.is_empty() { 1.0 } else { both / b.len() as f64 })
}

fn article(bytes: &[u8]) -> zapys_domain::text::ReadText {
    zapys_formats::html::read(&bytes).expect("a page").value
}
fn joined(text: &zapys_domain::text::ReadText) -> String {
    text.blocks.iter().map(|b| b.text.as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_shared_file_is_survived() {
    for folder in ["malformed", "chats", "web", "images"] {
        let Some(root) = shared(folder) else { return };
        for path in files(&root) {
            let started = Instant::now();
            // Through the file, as intake does it.
            let file = std::fs::File::open(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy();
            let recognised = recognise(&file, Some(&name));
            let _ = recognise(&file, None);
            for reader in readers() {
                let _ = reader.read(&file);
            }
            for format in ["zip", "tar", "tar-gz", "gzip"] {
                let limits = Limits { max_total_bytes: 256 << 20, ..Limits::default() };
                let _ = members(&file, format, limits, &mut |_, body| {
                    let _ = std::io::copy(body, &mut std::io::sink());
                    ControlFlow::Continue(())
                });
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{} as {recognised:?}: {:?}", path.display(), started.elapsed());
        }
    }
}

#[test]
fn telegram_gives_what_another_program_read() {
    let Some(root) = shared("chats/chat-miner") else { return };
    let gold: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(root.join("telegram__target.json")).unwrap()).unwrap();
    for name in ["telegram__test_single_export.json", "telegram__test_batch_export.json"] {
        let bytes = std::fs::read(root.join(name)).unwrap();
        assert_eq!(recognise(&bytes.as_slice(), None).kind, ItemKind::ChatExport);
        let got = zapys_formats::telegram::read(&bytes.as_slice()).unwrap().value;
        assert_eq!(got.messages.len(), gold.len());
        for (m, g) in got.messages.iter().zip(&gold) {
            assert_eq!(m.sender.as_deref(), g["author"].as_str());
            assert_eq!(m.time.utc.as_deref(), g["timestamp"].as_str().map(|t| format!("{t}Z")).as_deref());
            // The other program puts a space between parts; here text stands as exported.
            assert_eq!(words(&m.text), words(g["message"].as_str().unwrap()));
        }
    }
}

#[test]
fn articles_are_near_their_gold_text() {
    let Some(root) = shared("web/articles_en") else { return };
    let (mut n, mut precision, mut recall) = (0.0, 0.0, 0.0);
    for path in files(&root).into_iter().filter(|p| p.extension().is_some_and(|e| e == "gz")) {
        let mut html = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap()).read_to_end(&mut html).unwrap();
        let gold: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path.with_extension("").with_extension("json")).unwrap()).unwrap();
        let got = article(&html);
        let (p, r) = overlap(&joined(&got), gold["articleBody"].as_str().unwrap());
        println!(
            "{:5.2} {:5.2} {} blocks {} quotes {}",
            p,
            r,
            got.blocks.len(),
            got.quotes.len(),
            path.file_name().unwrap().to_string_lossy()
        );
        (n, precision, recall) = (n + 1.0, precision + p, recall + r);
    }
    println!("mean precision {:.3}, recall {:.3} over {n}", precision / n, recall / n);
    assert!(precision / n > 0.85 && recall / n > 0.85);
}

#[test]
fn pages_keep_what_they_must_and_lose_what_they_must_not() {
    let Some(root) = shared("web/trafilatura") else { return };
    let (mut with, mut has, mut without, mut clean, mut titles, mut n) = (0, 0, 0, 0, 0, 0);
    for path in files(&root).into_iter().filter(|p| p.extension().is_some_and(|e| e == "json")) {
        let gold: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let got = article(&std::fs::read(path.with_extension("")).unwrap());
        let flat = words(&joined(&got)).join(" ");
        let list = |key: &str| {
            gold[key].as_array().into_iter().flatten().filter_map(|v| v.as_str().map(|s| words(s).join(" "))).collect::<Vec<_>>()
        };
        let (w, o) = (list("with"), list("without"));
        (with, without) = (with + w.len(), without + o.len());
        let (h, c) = (w.iter().filter(|s| flat.contains(*s)).count(), o.iter().filter(|s| !flat.contains(*s)).count());
        println!("{h}/{} {c}/{} {}", w.len(), o.len(), path.file_name().unwrap().to_string_lossy());
        (has, clean) = (has + h, clean + c);
        n += 1;
        titles += usize::from(gold["title"].as_str().is_some_and(|t| {
            got.title.as_ref().is_some_and(|g| overlap(&words(g).join(" "), t).1 > 0.6 || words(g) == words(t))
        }));
    }
    println!("kept {has}/{with}, left out {clean}/{without}, titles {titles}/{n}");
    assert!(has * 100 >= with * 80 && clean * 100 >= without * 75 && titles * 100 >= n * 60);
}

#[test]
fn another_program_finds_the_same_articles() {
    let Some(root) = shared("web/readability") else { return };
    let (mut n, mut precision, mut recall, mut titles) = (0.0, 0.0, 0.0, 0.0);
    for path in files(&root).into_iter().filter(|p| p.to_string_lossy().ends_with("__source.html")) {
        let beside = |end: &str| std::fs::read(path.to_string_lossy().replace("__source.html", end)).unwrap();
        let meta: serde_json::Value = serde_json::from_slice(&beside("__expected-metadata.json")).unwrap();
        let got = article(&std::fs::read(&path).unwrap());
        let gold = article(&beside("__expected.html"));
        let (p, r) = overlap(&joined(&got), &joined(&gold));
        println!("{p:5.2} {r:5.2} {}", path.file_name().unwrap().to_string_lossy());
        (n, precision, recall) = (n + 1.0, precision + p, recall + r);
        titles += f64::from(u8::from(meta["title"].as_str().is_some_and(|t| {
            got.title.as_ref().is_some_and(|g| {
                words(g).join(" ").contains(&words(t).join(" ")) || words(t).join(" ").contains(&words(g).join(" "))
            })
        })));
    }
    println!("mean precision {:.3}, recall {:.3}, titles {titles}/{n}", precision / n, recall / n);
    assert!(precision / n > 0.75 && recall / n > 0.75);
}

#[test]
fn screenshots_and_photographs_are_told_apart() {
    for folder in ["images/screens_ru", "images/screens_uk"] {
        let Some(root) = shared(folder) else { return };
        let all = files(&root);
        let kinds: Vec<_> = all.iter().map(|p| (recognise(&std::fs::File::open(p).unwrap(), None).kind, p)).collect();
        kinds.iter().for_each(|k| println!("{k:?}"));
        let pictures: Vec<_> = kinds.iter().filter(|k| matches!(k.0, ItemKind::Photo | ItemKind::Screenshot)).collect();
        let n = pictures.iter().filter(|k| k.0 == ItemKind::Screenshot).count();
        assert!(n * 10 >= pictures.len() * 9, "{n} of {}", pictures.len());
    }
    let Some(root) = shared("images/exiftool") else { return };
    for name in ["GoPro.jpg", "Nikon.jpg", "Olympus2.jpg", "Kodak.jpg"] {
        assert_eq!(recognise(&std::fs::File::open(root.join(name)).unwrap(), None).kind, ItemKind::Photo, "{name}");
    }
}

#[test]
fn sound_files_are_recordings() {
    let Some(root) = shared("speech") else { return };
    let mut odd = Vec::new();
    for path in files(&root) {
        let end = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if !["wav", "ogg", "opus", "mp3", "m4a", "gsm", "g722"].contains(&end.as_str()) {
            continue;
        }
        let file = std::fs::File::open(&path).unwrap();
        let named = recognise(&file, path.file_name().and_then(|n| n.to_str()));
        let bare = recognise(&file, None);
        if named.kind != ItemKind::Recording || bare.kind != ItemKind::Recording && end != "g722" {
            odd.push((path, named, bare));
        }
    }
    assert!(odd.is_empty(), "{odd:#?}");
}

#[test]
fn pictures_state_what_exiftool_found() {
    let Some(root) = shared("images/exiftool") else { return };
    let check = |name: &str, taken: Option<&str>| {
        let file = std::fs::File::open(root.join(name)).unwrap();
        let got = readers().into_iter().find(|r| r.format() == "picture").unwrap().read(&file).unwrap();
        let Reading::Picture(facts) = got.value else { panic!("a picture") };
        assert_eq!(facts.taken_local.as_deref(), taken, "{name}");
        assert!(facts.width > 0 && facts.height > 0, "{name}");
    };
    check("ExifTool.jpg", Some("2001:05:19 18:36:41"));
    check("Nikon.jpg", Some("2001:08:01 12:57:23"));
}
