//! A stage for one test: its own folder and home, the built binary, and answers as JSON.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A fresh folder with a home of its own.
pub struct Stage {
    dir: tempfile::TempDir,
}

/// How a command ended and what it said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}
impl Said {
    /// Every line of standard output as JSON.
    pub fn json(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }
    /// Fails the test unless the command ended so.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }
    /// Fails the test unless standard error says this.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "{words:?} is not in: {}", self.err);
        self
    }
}
impl From<Output> for Said {
    fn from(o: Output) -> Self {
        Self {
            code: o.status.code(),
            out: String::from_utf8_lossy(&o.stdout).into_owned(),
            err: String::from_utf8_lossy(&o.stderr).into_owned(),
        }
    }
}

impl Stage {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }
    /// A stage with an empty case.
    pub fn with_case() -> Self {
        let stage = Self::new();
        stage.run(&["init", "case", "--name", "Test", "--no-encryption"]).ends(0);
        stage
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("below the stage")).expect("folder");
        std::fs::write(&path, bytes).expect("file");
        path
    }
    /// The binary, in the stage, with nothing of the tester's own settings. Packs and hosts come from the test run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_zapys"));
        c.args(args).current_dir(self.dir.path()).env_clear();
        for (name, value) in std::env::vars_os() {
            let n = name.to_string_lossy();
            if matches!(n.as_ref(), "PATH" | "ZAPYS_HOSTS" | "ZAPYS_PACKS" | "LANG") {
                c.env(&name, value);
            }
        }
        // Packs are looked up in the tester's cache unless named; the home itself is the stage's.
        if std::env::var_os("ZAPYS_PACKS").is_none() {
            let cache = std::env::var_os("XDG_CACHE_HOME")
                .map(PathBuf::from)
                .or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache")));
            if let Some(cache) = cache {
                c.env("ZAPYS_PACKS", cache.join("zapys/packs"));
            }
        }
        c.env("HOME", self.dir.path());
        c
    }
    pub fn run(&self, args: &[&str]) -> Said {
        self.command(args).output().expect("the binary starts").into()
    }
    /// The items of the case by title.
    pub fn item(&self, title: &str) -> String {
        let items = self.run(&["-C", "case", "items", "--json"]).ends(0).json();
        let found = items.iter().find(|i| i["title"] == title).unwrap_or_else(|| panic!("no item {title}"));
        found["item"].as_str().expect("an id").to_owned()
    }
}

/// True where engine hosts are there; otherwise says that the test was skipped, or fails where they are required.
pub fn hosts() -> bool {
    let there = std::env::var_os("ZAPYS_HOSTS").is_some_and(|h| Path::new(&h).join("zapys-engine-speech").is_file());
    assert!(there || std::env::var_os("ZAPYS_REQUIRE_HOSTS").is_none(), "ZAPYS_HOSTS does not hold the speech host");
    if !there {
        println!("skipped: the speech host is not built; `make test` builds it");
    }
    there
}

/// The sample case, where it was made.
pub fn sample() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample");
    let there = dir.join("truth.json").is_file();
    assert!(there || std::env::var_os("ZAPYS_REQUIRE_HOSTS").is_none(), "the sample case was not made");
    if !there {
        println!("skipped: the sample case is not here; `cargo xtask sample` makes it");
    }
    there.then_some(dir)
}

/// A second of a tone as a WAV file at 8 kHz.
pub fn tone(seconds: usize) -> Vec<u8> {
    let n = 8000 * seconds;
    let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data".to_vec();
    wav[4..8].copy_from_slice(&(36 + 2 * n as u32).to_le_bytes());
    wav.extend((2 * n as u32).to_le_bytes());
    wav.extend(
        (0..n)
            .flat_map(|i| (((f64::from(i as u32) * 440.0 * std::f64::consts::TAU / 8000.0).sin() * 9000.0) as i16).to_le_bytes()),
    );
    wav
}
