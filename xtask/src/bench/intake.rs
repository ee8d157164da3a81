//! Intake of two gibibytes in two thousand files, beside the least that any intake must do: copy, reach the disk, hash.

use super::call::Numbers;
use super::measured::{Runs, measure};
use super::{Bench, Row, Unit};
use crate::steps::program;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::Stdio;

/// Mean size of a file: 2 GiB in 2,000 files.
const MEAN: usize = (2 << 30) / 2000;

/// The floor. `find` takes the copies in the order of the directory, so that files are read as they were written.
const FLOOR: &str = "set -e; cp -r \"$1\" \"$2\"; sync; find \"$2\" -type f -print0 | xargs -0 openssl dgst -sha256";

/// Measures both, taking turns. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let (n_files, n_runs) = if bench.quick { (60, 1) } else { (2000, 5) };
    let n_runs = bench.runs.unwrap_or(n_runs);
    let files = bench.dir.join(format!("files-{n_files}"));
    let bytes = generate(&files, n_files)?;
    let place = bench.dir.join("intake");
    let (mut ours, mut floor) = (Runs::default(), Runs::default());
    for i in 0..n_runs {
        eprintln!("      run {} of {n_runs}", i + 1);
        fresh(&place)?;
        let copy = place.join("copy");
        let words = ["sh", "-c", FLOOR, "floor", &text(&files), &text(&copy)];
        settle(&files)?;
        floor.0.push(measure(&words, &place)?);
        fresh(&place)?;
        let case = place.join("case");
        bench.call(&["init", &text(&case), "--name", "bench", "--no-encryption", "--quiet"])?;
        settle(&files)?;
        ours.0.push(bench.measure(&["-C", &text(&case), "--quiet", "add", &text(&files), "--source", "bench"], &place)?);
        let items = bench.lines(&["-C", &text(&case), "--json", "items"])?.len();
        if items != n_files {
            return Err(format!("Of {n_files} files {items} were taken in: there is nothing to compare."));
        }
    }
    fs::remove_dir_all(&place).map_err(|e| format!("{} cannot be removed: {e}.", place.display()))?;
    let what = format!("intake, {:.1} GiB in {n_files} files", bytes as f64 / f64::from(1u32 << 30));
    let peer = "cp, sync, openssl sha256";
    let rows = vec![
        Row::ratio(&what, Unit::Seconds, ours.wall_s(), peer, floor.wall_s(), Some(1.0)),
        Row::ratio(&format!("{what}: processor"), Unit::CpuSeconds, ours.cpu_s(), peer, floor.cpu_s(), None),
        Row::alone(&format!("{what}: memory"), Unit::Bytes, ours.rss_bytes() as f64, None),
    ];
    Ok((rows, json!({"bytes": bytes, "files": n_files, "zapys": ours, "floor": floor})))
}

/// An empty folder.
pub fn fresh(dir: &Path) -> Result<(), String> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(format!("{} cannot be removed: {e}.", dir.display())),
        _ => fs::create_dir_all(dir).map_err(|e| format!("{} cannot be made: {e}.", dir.display())),
    }
}

/// A path as an argument; everything here lies in our own folders.
pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Reads every file once, so that both sides find them in memory, and lets earlier writes reach the disk.
fn settle(files: &Path) -> Result<(), String> {
    let told = |e: std::io::Error| format!("{} cannot be read: {e}.", files.display());
    let mut buffer = vec![0; 1 << 20];
    for entry in fs::read_dir(files).map_err(told)? {
        let mut file = File::open(entry.map_err(told)?.path()).map_err(told)?;
        while file.read(&mut buffer).map_err(told)? > 0 {}
    }
    let status = program("sync").stdin(Stdio::null()).status();
    status.map_err(|e| format!("sync cannot be started: {e}."))?.success().then_some(()).ok_or_else(|| "sync failed.".into())
}

/// Makes the files unless they are there whole: half to one and a half times [`MEAN`] long, nothing in them repeats.
fn generate(dir: &Path, n_files: usize) -> Result<u64, String> {
    let told = |e: std::io::Error| format!("{} cannot be written: {e}. It needs room for the files and one copy.", dir.display());
    let mut numbers = Numbers::new(2);
    // In pairs, one as much longer as the other is shorter: the sum is what it should be.
    let mut sizes: Vec<usize> = Vec::with_capacity(n_files);
    while sizes.len() < n_files {
        let more = numbers.below(MEAN / 2);
        sizes.extend([MEAN - more, MEAN + more]);
    }
    sizes.truncate(n_files);
    let bytes: usize = sizes.iter().sum();
    let whole = dir.with_extension("made");
    if fs::read_to_string(&whole).is_ok_and(|kept| kept == bytes.to_string()) && dir.is_dir() {
        return Ok(bytes as u64);
    }
    eprintln!("      making {n_files} files");
    fresh(dir)?;
    for (i, size) in sizes.iter().enumerate() {
        let mut file = BufWriter::with_capacity(1 << 16, File::create(dir.join(format!("{i:05}.bin"))).map_err(told)?);
        for _ in 0..size / 8 {
            file.write_all(&numbers.next().to_le_bytes()).map_err(told)?;
        }
        file.write_all(&numbers.next().to_le_bytes()[..size % 8]).map_err(told)?;
        file.flush().map_err(told)?;
    }
    fs::write(&whole, bytes.to_string()).map_err(told)?;
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_add_up_and_are_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let files = dir.path().join("files");
        let bytes = generate(&files, 4).unwrap();
        assert_eq!(bytes as usize, 4 * MEAN);
        let sizes: Vec<u64> = fs::read_dir(&files).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).collect();
        assert_eq!((sizes.len(), sizes.iter().sum::<u64>()), (4, bytes));
        fs::write(files.join("00000.bin"), b"seen").unwrap();
        assert_eq!(generate(&files, 4).unwrap(), bytes);
        assert_eq!(fs::read(files.join("00000.bin")).unwrap(), b"seen", "the files were made again");
        settle(&files).unwrap();
    }
}
