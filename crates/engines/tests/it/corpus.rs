//! Damaged files of many makers: whatever happens is a result or a typed error, in bounded time.

use crate::Bench;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zapys_domain::ItemKind::{Photo, Recording};
use zapys_domain::{DerivativeKind, Fault, FaultKind};
use zapys_engines::EngineError;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn damaged_files_give_results_or_typed_errors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/malformed");
    if !folder.is_dir() {
        println!("skipped: ../shared is not here");
        return;
    }
    let mut all = Vec::new();
    files(&folder, &mut all);
    all.sort();
    // Two at a time, as on the smallest machine; every other file that is neither sound nor picture will do.
    let (one, two): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let half = |files: Vec<(usize, &PathBuf)>| files.into_iter().map(|(i, p)| try_out(i, p)).collect::<Vec<_>>();
    let ended = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(two));
        [half(one), other.join().unwrap()].concat()
    });
    let n_good: usize = ended.iter().map(|e| e.0).sum();
    let n_bad: usize = ended.iter().map(|e| e.1).sum();
    let slowest = ended.iter().map(|e| e.2).max().unwrap();
    println!("{} files: {n_good} results, {n_bad} typed errors, slowest {slowest:?}", all.len());
    assert!(n_good > 20 && n_bad > 20);
    assert!(slowest < Duration::from_secs(120), "{slowest:?}");
}

/// Runs the engines that fit. Gives the numbers of results and of typed errors, and the time of the slowest.
fn try_out(number: usize, path: &Path) -> (usize, usize, Duration) {
    let bench = Bench::new();
    let (mut n_good, mut n_bad, mut slowest) = (0, 0, Duration::ZERO);
    let in_folder = |names: &[&str]| path.components().any(|c| names.iter().any(|n| c.as_os_str() == *n));
    let named = |ends: &[&str]| path.extension().is_some_and(|e| ends.iter().any(|x| e == *x));
    let sound = in_folder(&["audio", "hound", "mutagen", "mp4parse"]) || named(&["wav", "mp3", "m4a"]);
    let picture = in_folder(&["image-rs", "png", "jpeg", "gif", "bmp", "tiff", "webp"]) || named(&["avif", "png", "jpg"]);
    let mut kinds = Vec::new();
    if sound || (!picture && number % 4 < 2) {
        kinds.push((DerivativeKind::Decode, Recording, "application/octet-stream"));
    }
    if picture {
        kinds.extend([(DerivativeKind::Proxy, Photo, "image/png"), (DerivativeKind::Text, Photo, "image/png")]);
    }
    for (kind, item, media) in kinds {
        let started = Instant::now();
        match bench.derive(kind, item, path, media) {
            Ok((output, _)) => {
                assert!(output.is_file());
                n_good += 1;
            }
            Err(e) => {
                let fair = matches!(e.kind(), FaultKind::Input)
                    // A decoder that dies on the file is told as such.
                    || matches!(&e, EngineError::Failed { reason, .. } if reason.contains("signal"));
                assert!(fair, "{}: {e:?}", path.display());
                n_bad += 1;
            }
        }
        slowest = slowest.max(started.elapsed());
    }
    (n_good, n_bad, slowest)
}
