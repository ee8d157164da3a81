//! How a case behaves as it grows to a million items: what its pages ask, the proof of an item, and verification.
//!
//! Items are members of archives, a short text each and no two alike: they go the whole way through intake. Nothing is
//! processed, so every item waits in the queue. One case grows; at each size it is looked at, proven from and verified.

use super::files::{fresh, gone, text};
use super::measured::{Cost, median, quantile, read, script};
use super::search::{most_memory, serve, stop};
use super::{Bench, Row, Unit};
use crate::steps::{call, cargo, output, program};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

/// Pages answer within this many milliseconds.
const PAGE_MS: f64 = 100.0;
/// The proof of an item is made within this many milliseconds.
const PROOF_MS: f64 = 10.0;
/// What the goal is held against; the rest is shown beside it.
const HELD: &[&str] = &["items", "items, next page", "items by title", "items of a kind", "show", "custody", "ledger page"];

#[derive(Deserialize)]
struct Looked {
    counts: Value,
    first_overview_ms: f64,
    items: Vec<String>,
    ms: BTreeMap<String, Vec<f64>>,
}

/// Measures. Errors: something could not be run, or the case does not hold what was put in.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let (sizes, per_archive) = if bench.quick { (vec![500, 2000], 250) } else { (vec![10_000, 100_000, 1_000_000], 10_000) };
    let times = bench.runs.unwrap_or(5);
    call(cargo().args(["build", "--release", "--locked", "-p", "zapys-casework", "--example", "proof"]))?;
    let place = bench.dir.join("growth");
    fresh(&place)?;
    let case = text(&place.join("case"));
    bench.init(&case)?;
    let (mut rows, mut runs, mut n_items) = (Vec::new(), Map::new(), 0);
    for size in sizes {
        let (mut add_s, begun_with) = (0.0, n_items);
        while n_items < size {
            let archives = place.join("in");
            fresh(&archives)?;
            // A few at a time: the disk never holds much more than the case itself.
            for _ in 0..10.min((size - n_items) / per_archive) {
                archive(&archives.join(format!("notes-{n_items:08}.tar")), n_items, per_archive - 1)?;
                n_items += per_archive;
            }
            add_s += bench.measure(&["-C", &case, "--quiet", "add", &text(&archives), "--source", "bench"], &place)?.wall_s;
        }
        gone(&place.join("in"))?;
        let (more, behind) = look(bench, &case, &place, size, times)?;
        let what = format!("{size} items");
        let rate = (size - begun_with) as f64 / add_s;
        eprintln!("      {what}: {rate:.0} taken in a second");
        rows.extend(more);
        let mut behind = behind;
        behind["taken_in_a_second"] = json!(rate);
        runs.insert(what, behind);
    }
    gone(&place)?;
    Ok((rows, runs.into()))
}

fn look(bench: &Bench, case: &str, place: &Path, size: usize, times: usize) -> Result<(Vec<Row>, Value), String> {
    let what = format!("{size} items");
    let out = place.join("looked.json");
    let (server, link) = serve(bench, case)?;
    let asked = call(program("python3").arg(script("look.py")).arg(&out).arg(&link).arg(times.to_string()));
    let server_bytes = most_memory(server.id());
    stop(server)?;
    asked?;
    let looked: Looked = read(&out)?;
    if looked.counts["items"] != json!(size) {
        return Err(format!("The case holds {} items instead of {size}.", looked.counts["items"]));
    }
    let proof = crate::steps::target().join("release/examples/proof");
    let words = [case.to_owned(), text(&bench.key()?), times.to_string()];
    let said = output(program(&text(&proof)).args(words).args(&looked.items))?;
    let proofs: Vec<f64> = serde_json::from_str(&said).map_err(|e| format!("The proofs were not timed: {e}."))?;
    let verify: Cost = bench.measure(&["-C", case, "--quiet", "verify"], place)?;
    let mut rows = Vec::new();
    for (name, ms) in &looked.ms {
        let goal = HELD.contains(&name.as_str()).then_some(PAGE_MS);
        // The slowest but one in twenty: a page that is only mostly quick is not quick.
        rows.push(Row::alone(&format!("{what}: {name}"), Unit::Milliseconds, quantile(ms.iter().copied(), 0.95), goal));
    }
    let of = |name: &str| format!("{what}: {name}");
    rows.push(Row::alone(&of("proof"), Unit::Milliseconds, quantile(proofs.iter().copied(), 0.95), Some(PROOF_MS)));
    rows.push(Row::alone(&of("verify"), Unit::Seconds, verify.wall_s, None));
    rows.push(Row::alone(&of("verify, memory"), Unit::Bytes, verify.rss_bytes as f64, None));
    rows.push(Row::alone(&of("memory of the server"), Unit::Bytes, server_bytes as f64, None));
    let medians: BTreeMap<&String, f64> = looked.ms.iter().map(|(name, ms)| (name, median(ms.iter().copied()))).collect();
    let behind = json!({
        "median_ms": medians, "ms": looked.ms, "proof_ms": proofs, "first_overview_ms": looked.first_overview_ms,
        "verify": verify, "counts": looked.counts, "record_bytes": size_of(&Path::new(case).join("record.sqlite")),
    });
    Ok((rows, behind))
}

fn size_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |m| m.len())
}

/// An archive of `n` short texts, numbered from `first` on.
fn archive(path: &Path, first: usize, n: usize) -> Result<(), String> {
    let told = |e: std::io::Error| format!("{} cannot be written: {e}.", path.display());
    let mut tar = tar::Builder::new(BufWriter::new(File::create(path).map_err(told)?));
    for i in first..first + n {
        let words = format!("Note {i}. Somebody wrote this down, and it is told from every other note by its number, {i:08}.\n");
        let mut header = tar::Header::new_ustar();
        header.set_size(words.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_640_995_200);
        tar.append_data(&mut header, format!("notes/{i:08}.txt"), words.as_bytes()).map_err(told)?;
    }
    tar.into_inner().and_then(|file| file.into_inner().map_err(|e| e.into_error())).map(drop).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_holds_its_notes_and_none_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.tar");
        archive(&path, 250, 249).unwrap();
        let mut tar = tar::Archive::new(File::open(&path).unwrap());
        let mut texts: Vec<String> = tar.entries().unwrap().map(|e| std::io::read_to_string(e.unwrap()).unwrap()).collect();
        assert_eq!(texts.len(), 249);
        assert!(texts[0].contains("00000250"));
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 249);
    }
}
