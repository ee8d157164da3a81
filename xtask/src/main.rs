//! `cargo xtask`: what stands behind the Makefile. Anything longer than three lines of shell is Rust, here.

mod bench;
mod failures;
mod fuzz;
mod lexicon;
mod models;
mod npm;
mod packs;
mod run;
mod sample;
mod setup;
mod steps;
mod summary;
mod test;
#[cfg(test)]
mod tidy;
mod verifier;

use setup::{Purpose, setup};
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  setup [--for run|test|bench]
                           install what this machine lacks
  run                      build all, make the sample case, serve it (SERVE=0: do not serve)
  test                     run every test
  fuzz [--minutes N] [TARGET...]
                           fuzz every reader of foreign bytes, two minutes each
  lint                     clippy, types of the workbench, licences
  bench [--only PARTS] [--out FILE] [--quick] [--runs N] [--date TEXT] [--zapys FILE]
                           measure intake, verification, growth, speech, search beside their peers
  sample [DIR]             make the sample evidence (in sample/)
  packs [NAME...]          fetch model packs and native libraries (all)
  verifier                 build zapys-verify as one static file, below 10 MB
  lexicon DIR              make the Ukrainian lexicon from the dictionary in DIR

Environment: ZAPYS_YES=1 answers yes where sudo is asked for; ZAPYS_NO_PACKAGES=1 leaves the packages of the system alone;
ZAPYS_PACKS names the folder of packs.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["setup"] | ["setup", "--for", "run"] => set_up(Purpose::Run),
        ["setup", "--for", "test"] => set_up(Purpose::Test),
        ["setup", "--for", "bench"] => set_up(Purpose::Bench),
        ["run"] => run::run(),
        ["test"] => test::test(),
        ["lint"] => test::lint(),
        ["fuzz", ref options @ ..] => fuzz::fuzz(options),
        ["bench", ref options @ ..] => bench::bench(options),
        ["sample"] => sample::make(&steps::root().join("sample")),
        ["sample", dir] => sample::make(Path::new(dir)),
        ["packs"] => fetch_all(),
        ["packs", ref names @ ..] => packs::ensure(names),
        ["verifier"] => verifier::build(&mut steps::Steps::new()),
        ["lexicon", dir] => lexicon::build(Path::new(dir)),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(3);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("\n{e}");
            ExitCode::from(2)
        }
    }
}

fn set_up(purpose: Purpose) -> Result<(), String> {
    setup(purpose, &mut steps::Steps::new())
}

fn fetch_all() -> Result<(), String> {
    let names = packs::names()?;
    packs::ensure(&names.iter().map(String::as_str).collect::<Vec<_>>())
}
