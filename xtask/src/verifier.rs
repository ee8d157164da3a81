//! `cargo xtask verifier`: zapys-verify as one file that needs nothing of the machine it runs on.

use crate::steps::{Steps, call, cargo, target};
use std::fs;
use std::path::Path;

/// The program has to fit on anything and into an attachment.
const MOST: u64 = 10 * 1024 * 1024;
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds it with the C library inside, and looks whether that came true. Errors: a sentence.
pub fn build(steps: &mut Steps) -> Result<(), String> {
    let made = target().join(TARGET).join("release/zapys-verify");
    steps.step("zapys-verify, in one file", || {
        let mut build = cargo();
        // The machine is named, so that the flags reach the program alone and not what runs while it is built.
        build.args(["build", "--release", "--package", "zapys-verify", "--target", TARGET]);
        call(build.env("RUSTFLAGS", "-C target-feature=+crt-static"))
    })?;
    steps.step("What it needs, and how large it is", || looked_at(&made))?;
    eprintln!("  {}", made.display());
    Ok(())
}

fn looked_at(path: &Path) -> Result<(), String> {
    let bytes = fs::read(path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
    if bytes.len() as u64 >= MOST {
        return Err(format!("{} has {} bytes; {MOST} is the most.", path.display(), bytes.len()));
    }
    match is_static(&bytes) {
        Some(true) => Ok(()),
        Some(false) => Err(format!("{} needs a loader of the machine it runs on.", path.display())),
        None => Err(format!("{} is no program of this kind of machine.", path.display())),
    }
}

/// Whether an ELF file of 64 bits asks for no loader. `None`: it is none.
fn is_static(bytes: &[u8]) -> Option<bool> {
    const INTERPRETER: u32 = 3;
    let short = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    if !bytes.starts_with(&[0x7f, b'E', b'L', b'F', 2, 1]) {
        return None;
    }
    let table = usize::try_from(u64::from_le_bytes(bytes.get(32..40)?.try_into().ok()?)).ok()?;
    let (size, count) = (short(54)?, short(56)?);
    for i in 0..count {
        let at = table.checked_add(i.checked_mul(size)?)?;
        if u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) == INTERPRETER {
            return Some(false);
        }
    }
    Some(count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_asks_for_a_loader_is_seen() {
        // This test asks for one; a file cut off or of another kind is none.
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(is_static(&own), Some(false));
        assert_eq!(is_static(&own[..40]), None);
        assert_eq!(is_static(b"#!/bin/sh\n"), None);
        // The same without the entry that asks.
        let mut alone = own[..4096].to_vec();
        let table = usize::try_from(u64::from_le_bytes(alone[32..40].try_into().unwrap())).unwrap();
        let (size, count) = (usize::from(alone[54]), usize::from(alone[56]));
        for i in 0..count {
            if alone[table + i * size] == 3 {
                alone[table + i * size] = 0;
            }
        }
        assert_eq!(is_static(&alone), Some(true));
    }
}
