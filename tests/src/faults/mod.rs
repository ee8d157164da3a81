//! Crashes, power cuts and full disks on demand: a library between a program and its file system (`tests/faults/faults.c`), and
//! a model of what a disk may hold after the power was cut.

mod disk;
mod journal;

pub use disk::{Disk, Survival, differences};
pub use journal::{Journal, Op};

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What goes wrong, where.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Only what lies below this folder counts.
    pub root: PathBuf,
    /// Where the number of points is kept.
    pub points: Option<PathBuf>,
    /// At which point the program is killed.
    pub kill: Option<(u64, Kill)>,
    /// From which point calls fail.
    pub fail: Option<(u64, Failure)>,
    /// Where the journal goes.
    pub journal: Option<PathBuf>,
    /// Decoders and what else lies in `/usr/bin` are not found.
    pub without_decoders: bool,
}

/// How a program is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// Before the call is done.
    Before,
    /// After it.
    After,
    /// With half of the bytes written.
    Half,
}
impl Kill {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Before, Self::After, Self::Half];
    fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Half => "half",
        }
    }
}

/// How calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No room, from then on (`ENOSPC`).
    Full,
    /// No room, once.
    FullOnce,
    /// The device answers with an error, once (`EIO`).
    Broken,
}

impl Faults {
    /// Puts the library and its orders into the environment of a command. `target`: a folder that the library is built into.
    pub fn apply<'c>(&self, command: &'c mut Command, target: &Path) -> &'c mut Command {
        command.env("LD_PRELOAD", library(target)).env("ZAPYS_FAULT_NOSYNC", "1").env("ZAPYS_FAULT_ROOT", &self.root);
        if let Some(points) = &self.points {
            command.env("ZAPYS_FAULT_POINTS", points);
        }
        if let Some((n, how)) = self.kill {
            command.env("ZAPYS_FAULT_KILL", format!("{n} {}", how.word()));
        }
        if let Some((n, how)) = self.fail {
            // Numbers of Linux on every machine we build for.
            let (number, word) = match how {
                Failure::Full => (28, "on"),
                Failure::FullOnce => (28, "once"),
                Failure::Broken => (5, "once"),
            };
            command.env("ZAPYS_FAULT_FAIL", format!("{n} {number} {word}"));
        }
        if let Some(journal) = &self.journal {
            command.env("ZAPYS_FAULT_JOURNAL", journal);
        }
        if self.without_decoders {
            command.env("ZAPYS_FAULT_HIDE", "/usr/bin/");
        }
        command
    }
}

/// The number of points that a run came to.
pub fn points(file: &Path) -> u64 {
    let bytes = std::fs::read(file).expect("the library keeps the number of points");
    u64::from_ne_bytes(bytes.try_into().expect("eight bytes"))
}

/// Builds the library, once per process.
fn library(target: &Path) -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/faults.c");
        std::fs::create_dir_all(target).expect("a folder for the library");
        let built = target.join("faults.so");
        // Another test process may be loading it: it gets its name when it is whole.
        let new = target.join(format!("faults-{}.so", std::process::id()));
        let mut cc = Command::new("cc");
        cc.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o"]).arg(&new).arg(&source);
        let said = cc.output().expect("a C compiler, which every build of zapys needs as well");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        std::fs::rename(&new, &built).expect("its name");
        built
    })
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);
impl Dice {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }
    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
    /// One of several.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}
/// `n` numbers below `end`, one from each of `n` equal parts, so that none of it is left out.
pub fn spread(dice: &mut Dice, n: u64, end: u64) -> Vec<u64> {
    let n = n.min(end);
    (0..n).map(|i| (i * end / n) + dice.below(((i + 1) * end / n - i * end / n).max(1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_spread_over_the_whole() {
        for (n, end) in [(10, 1000), (10, 10), (50, 7), (1, 1)] {
            let all = spread(&mut Dice::new(1), n, end);
            assert_eq!(all.len() as u64, n.min(end));
            assert!(all.windows(2).all(|w| w[0] < w[1]) && all.iter().all(|p| *p < end), "{all:?}");
        }
    }
}
