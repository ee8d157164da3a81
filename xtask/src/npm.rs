//! npm: packages as the lock file says, and the workbench built from `ui/`. Both do nothing where nothing changed.

use crate::steps::{call, notes, patiently, program, root};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Installs the packages of `folder` as its `package-lock.json` says, unless they are there. Errors: what npm could not do.
pub fn install(folder: &str) -> Result<(), String> {
    let dir = root().join(folder);
    if is_installed(&dir) {
        return Ok(());
    }
    patiently("npm", || call(program("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&dir)))
}

/// True where the packages that npm noted as installed are those of the lock file. npm writes its note last.
fn is_installed(dir: &Path) -> bool {
    let read = |name: &str| fs::read(dir.join(name)).ok().and_then(|b| serde_json::from_slice::<Value>(&b).ok());
    let (Some(lock), Some(here)) = (read("package-lock.json"), read("node_modules/.package-lock.json")) else { return false };
    agree(&lock, &here)
}

/// Every package of the lock file is noted with the same digest, except optional ones: they are for other machines.
fn agree(lock: &Value, here: &Value) -> bool {
    let (Some(lock), Some(here)) = (lock["packages"].as_object(), here["packages"].as_object()) else { return false };
    let same = |a: &Value, b: &Value| a["version"] == b["version"] && a["integrity"] == b["integrity"];
    let due = lock.iter().filter(|(name, _)| !name.is_empty()).all(|(name, wanted)| match here.get(name) {
        Some(noted) => same(wanted, noted),
        None => wanted["optional"] == true || wanted["devOptional"] == true,
    });
    due && here.keys().all(|name| lock.contains_key(name))
}

/// Builds `ui/dist`, unless its sources are those of the last build. Errors: what npm could not do.
pub fn build_ui() -> Result<(), String> {
    let ui = root().join("ui");
    let stamp = notes()?.join("ui.sha256");
    let digest = sources(&ui)?;
    if fs::read_to_string(&stamp).is_ok_and(|kept| kept == digest) && ui.join("dist/index.html").is_file() {
        return Ok(());
    }
    install("ui")?;
    // Without its stamp a build that was cut off is made again.
    let _ = fs::remove_file(&stamp);
    call(program("npm").args(["run", "build", "--silent"]).current_dir(&ui))?;
    if !ui.join("dist/index.html").is_file() {
        return Err("The workbench was built without ui/dist/index.html. Look at ui/vite.config.ts.".into());
    }
    // The pages go into the binary, and cargo does not see files that came new: what embeds them counts as changed.
    let embeds = root().join("crates/server/src/ui.rs");
    let touch = fs::File::options().append(true).open(&embeds).and_then(|f| Ok((fs::metadata(ui.join("dist/index.html"))?, f)));
    let touched = touch.and_then(|(built, f)| f.set_modified(built.modified()?));
    touched.map_err(|e| format!("{} cannot be marked as changed: {e}.", embeds.display()))?;
    fs::write(&stamp, digest).map_err(|e| format!("{} cannot be written: {e}.", stamp.display()))
}

/// SHA-256 (hex) over names and bytes of everything that the build reads.
fn sources(ui: &Path) -> Result<String, String> {
    let mut files = Vec::new();
    collect(ui, &mut files).map_err(|e| format!("The sources of the workbench cannot be read: {e}."))?;
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        let bytes = fs::read(&path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
        let name = path.strip_prefix(ui).unwrap_or(&path).to_string_lossy().into_owned();
        hash.update(format!("{} {} ", name.len(), bytes.len()));
        hash.update(name);
        hash.update(bytes);
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() {
            files.push(path);
        } else if !["node_modules", "dist"].contains(&&*entry.file_name().to_string_lossy()) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn packages_are_there_when_npm_noted_all_that_this_machine_needs() {
        let lock =
            json!({"packages": {"": {}, "a": {"version": "1", "integrity": "x"}, "w": {"version": "1", "optional": true}}});
        let here = |packages: Value| json!({"packages": packages});
        assert!(agree(&lock, &here(json!({"a": {"version": "1", "integrity": "x"}}))));
        assert!(!agree(&lock, &here(json!({"a": {"version": "1", "integrity": "y"}}))), "another digest");
        assert!(!agree(&lock, &here(json!({}))), "one is missing");
        let more = json!({"a": {"version": "1", "integrity": "x"}, "b": {"version": "1"}});
        assert!(!agree(&lock, &here(more)), "one too many");
        assert!(!agree(&lock, &json!({})));
    }

    #[test]
    fn the_digest_sees_every_source_and_nothing_made_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let ui = dir.path();
        fs::create_dir_all(ui.join("src/lib")).unwrap();
        fs::create_dir_all(ui.join("dist")).unwrap();
        fs::write(ui.join("src/lib/a.ts"), "1").unwrap();
        let first = sources(ui).unwrap();
        fs::write(ui.join("dist/index.html"), "built").unwrap();
        assert_eq!(sources(ui).unwrap(), first);
        fs::write(ui.join("src/lib/a.ts"), "2").unwrap();
        let second = sources(ui).unwrap();
        fs::rename(ui.join("src/lib/a.ts"), ui.join("src/a.ts")).unwrap();
        assert!(first != second && sources(ui).unwrap() != second);
    }
}
