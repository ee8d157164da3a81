//! Files to be taken in: bytes that do not compress or repeat, the same each time, made once in `target/bench/`.

use super::call::Numbers;
use crate::steps::program;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Files of one shape.
pub struct Set {
    /// As a row calls them.
    pub what: String,
    /// Holds the files and nothing else.
    pub dir: PathBuf,
    pub n_files: usize,
    pub bytes: u64,
}

/// Lengths of the files of a set.
#[derive(Clone, Copy)]
pub enum Shape {
    /// So many files of so many bytes each.
    Even(usize, usize),
    /// So many files of half to one and a half times so many bytes.
    Uneven(usize, usize),
}
impl Shape {
    fn sizes(self, numbers: &mut Numbers) -> Vec<usize> {
        match self {
            Self::Even(n, size) => vec![size; n],
            Self::Uneven(n, mean) => {
                // In pairs, one as much longer as the other is shorter: the sum is what it should be.
                let mut sizes = Vec::with_capacity(n + 1);
                while sizes.len() < n {
                    let more = numbers.below(mean / 2);
                    sizes.extend([mean - more, mean + more]);
                }
                sizes.truncate(n);
                sizes
            }
        }
    }
}

/// Mean size of a file where 2 GiB lie in 2,000 files.
const MEAN: usize = (2 << 30) / 2000;

/// Ten thousand files of 64 KiB. Errors: they cannot be written.
pub fn small(place: &Path, quick: bool) -> Result<Set, String> {
    let n = if quick { 300 } else { 10_000 };
    Set::made(place, format!("{n} files of 64 KiB"), Shape::Even(n, 64 << 10), 3)
}
/// 2 GiB in two thousand files of about a mebibyte. Errors: they cannot be written.
pub fn middling(place: &Path, quick: bool) -> Result<Set, String> {
    let n = if quick { 60 } else { 2000 };
    let bytes = n * MEAN;
    Set::made(place, format!("{:.1} GiB in {n} files", bytes as f64 / f64::from(1u32 << 30)), Shape::Uneven(n, MEAN), 2)
}
/// One file of 4 GiB. Errors: it cannot be written.
pub fn large(place: &Path, quick: bool) -> Result<Set, String> {
    let (bytes, what) = if quick { (96 << 20, "96 MiB") } else { (4 << 30, "4 GiB") };
    Set::made(place, format!("one file of {what}"), Shape::Even(1, bytes), 5)
}

impl Set {
    /// Makes the files unless they are there whole.
    fn made(place: &Path, what: String, shape: Shape, seed: u64) -> Result<Self, String> {
        let mut numbers = Numbers::new(seed);
        let sizes = shape.sizes(&mut numbers);
        let bytes: u64 = sizes.iter().map(|s| *s as u64).sum();
        let dir = place.join(format!("files-{}-{bytes}", sizes.len()));
        let set = Self { what, n_files: sizes.len(), bytes, dir };
        let whole = set.dir.with_extension("made");
        if whole.is_file() && set.dir.is_dir() {
            return Ok(set);
        }
        eprintln!("      making {}", set.what);
        fresh(&set.dir)?;
        let told = |e: std::io::Error| {
            format!("{} cannot be written: {e}. It needs room for the files and one copy.", set.dir.display())
        };
        let mut chunk = vec![0u8; 1 << 16];
        for (i, size) in sizes.iter().enumerate() {
            let mut file = BufWriter::with_capacity(1 << 16, File::create(set.dir.join(format!("{i:05}.bin"))).map_err(told)?);
            let mut left = *size;
            while left > 0 {
                let n = left.min(chunk.len());
                for word in chunk[..n].chunks_mut(8) {
                    let next = numbers.next().to_le_bytes();
                    word.copy_from_slice(&next[..word.len()]);
                }
                file.write_all(&chunk[..n]).map_err(told)?;
                left -= n;
            }
            file.flush().map_err(told)?;
        }
        fs::write(&whole, []).map_err(told)?;
        Ok(set)
    }
    /// Reads every file once, so that all sides find them in memory, and lets earlier writes reach the disk.
    pub fn settle(&self) -> Result<(), String> {
        let told = |e: std::io::Error| format!("{} cannot be read: {e}.", self.dir.display());
        let mut buffer = vec![0; 1 << 20];
        for entry in fs::read_dir(&self.dir).map_err(told)? {
            let mut file = File::open(entry.map_err(told)?.path()).map_err(told)?;
            while file.read(&mut buffer).map_err(told)? > 0 {}
        }
        let status = program("sync").stdin(Stdio::null()).status();
        status.map_err(|e| format!("sync cannot be started: {e}."))?.success().then_some(()).ok_or_else(|| "sync failed.".into())
    }
}

/// An empty folder.
pub fn fresh(dir: &Path) -> Result<(), String> {
    gone(dir)?;
    fs::create_dir_all(dir).map_err(|e| format!("{} cannot be made: {e}.", dir.display()))
}

/// Removes a folder, if it is there.
pub fn gone(dir: &Path) -> Result<(), String> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(format!("{} cannot be removed: {e}.", dir.display())),
        _ => Ok(()),
    }
}

/// A path as an argument; everything here lies in our own folders.
pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_add_up_and_are_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let make = |shape| Set::made(dir.path(), "files".into(), shape, 2).unwrap();
        let set = make(Shape::Uneven(4, 100_001));
        let sizes: Vec<u64> = fs::read_dir(&set.dir).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).collect();
        assert_eq!((sizes.len(), sizes.iter().sum::<u64>(), set.bytes), (4, 400_004, 400_004));
        fs::write(set.dir.join("00000.bin"), b"seen").unwrap();
        assert_eq!(make(Shape::Uneven(4, 100_001)).dir, set.dir);
        assert_eq!(fs::read(set.dir.join("00000.bin")).unwrap(), b"seen", "the files were made again");
        set.settle().unwrap();
        let even = make(Shape::Even(3, 70_003));
        let read = |i: usize| fs::read(even.dir.join(format!("{i:05}.bin"))).unwrap();
        assert_eq!((read(0).len(), even.bytes), (70_003, 210_009));
        assert_ne!(read(0), read(1), "the same bytes twice would be one object");
    }
}
