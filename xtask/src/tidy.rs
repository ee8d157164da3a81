//! Rules about the repository, as tests: what may depend on what, what may be written where. See `ARCHITECTURE.md`.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages of the workspace and what each may use of the others, tests included. Nothing else is allowed.
const EDGES: &[(&str, &[&str])] = &[
    ("zapys-domain", &[]),
    ("zapys-ledger", &["zapys-domain"]),
    ("zapys-keys", &["zapys-domain"]),
    ("zapys-vault", &["zapys-domain", "zapys-keys"]),
    ("zapys-formats", &["zapys-domain"]),
    ("zapys-engines", &["zapys-domain", "zapys-host-protocol"]),
    ("zapys-store", &["zapys-domain", "zapys-keys"]),
    ("zapys-search", &["zapys-domain", "zapys-keys"]),
    ("zapys-dossier", &["zapys-domain", "zapys-ledger"]),
    (
        "zapys-casework",
        &[
            "zapys-domain",
            "zapys-keys",
            "zapys-ledger",
            "zapys-vault",
            "zapys-formats",
            "zapys-engines",
            "zapys-store",
            "zapys-search",
            "zapys-dossier",
        ],
    ),
    ("zapys-server", &["zapys-casework", "zapys-domain"]),
    ("zapys-cli", &["zapys-casework", "zapys-server", "zapys-domain"]),
    ("zapys-verify", &["zapys-dossier", "zapys-ledger", "zapys-domain"]),
    ("zapys-host-protocol", &[]),
    ("zapys-engine-speech", &["zapys-host-protocol"]),
];
/// Nobody depends on these; they may use what they test or measure.
const OUTSIDE: &[&str] = &["xtask", "zapys-tests"];

/// What the pure crates may use. None of it reads files, waits, asks the clock or throws dice.
const PURE: &[(&str, &[&str])] = &[
    ("zapys-domain", &["serde", "serde_json", "sha2", "thiserror", "time", "ulid"]),
    (
        "zapys-ledger",
        &[
            "base64",
            "der",
            "ed25519-dalek",
            "p256",
            "p384",
            "rsa",
            "serde",
            "serde_json",
            "serde_json_canonicalizer",
            "sha1",
            "sha2",
            "thiserror",
            "x509-cert",
            "zeroize",
            "zapys-domain",
        ],
    ),
    (
        "zapys-formats",
        &[
            "csv",
            "dom_smoothie",
            "encoding_rs",
            "flate2",
            "html5ever",
            "kamadak-exif",
            "quick-xml",
            "scraper",
            "serde",
            "serde_json",
            "sha2",
            "tar",
            "thiserror",
            "unicode-normalization",
            "zapys-domain",
            "zip",
        ],
    ),
];
/// What the code of the pure crates does not name, outside tests.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime",
    "std::time::Instant",
    "async fn",
    "tokio",
    "sqlx",
    "getrandom",
];

/// Readers are given files that others opened, and read from any place of them: the one trait of this crate on a type of `std`.
const BUT: (&str, &str) = ("crates/formats/src/random.rs", "std::fs");

/// A dependency and the only packages that may have it.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx", &["zapys-store"]),
    ("axum", &["zapys-server"]),
    ("tantivy", &["zapys-search"]),
    ("object_store", &["zapys-vault"]),
    ("ring", &["zapys-keys"]),
    ("argon2", &["zapys-keys"]),
    ("libsqlite3-sys", &["zapys-store"]),
    ("ct2rs", &["zapys-engine-speech"]),
    ("ort", &["zapys-engine-speech"]),
    ("clap", &["zapys-cli"]),
    ("indicatif", &["zapys-cli"]),
    ("anyhow", &["zapys-cli", "zapys-verify", "xtask"]),
];

fn root() -> PathBuf {
    crate::steps::root()
}

fn metadata() -> Metadata {
    let manifest = root().join("Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).no_deps().other_options(["--offline".to_owned()]);
    command.exec().expect("cargo tells about the workspace")
}

#[test]
fn dependency_direction() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = EDGES.iter().map(|(name, on)| (*name, on.iter().copied().collect())).collect();
    let all = metadata();
    let ours: BTreeSet<&str> = all.packages.iter().map(|p| p.name.as_str()).collect();
    let mut bad = Vec::new();
    for package in &all.packages {
        let name = package.name.as_str();
        for dependency in package.dependencies.iter().filter(|d| ours.contains(d.name.as_str())) {
            let fits = allowed.get(name).is_some_and(|on| on.contains(dependency.name.as_str()));
            let measures = OUTSIDE.contains(&name) && !OUTSIDE.contains(&dependency.name.as_str());
            // Tests of any crate may start the servers that zapys-tests holds.
            let tests = dependency.kind == DependencyKind::Development && dependency.name == "zapys-tests";
            if !fits && !measures && !tests {
                bad.push(format!("{name} -> {}", dependency.name));
            }
        }
        if !allowed.contains_key(name) && !OUTSIDE.contains(&name) {
            bad.push(format!("{name} is not in the picture"));
        }
    }
    assert!(bad.is_empty(), "edges outside the picture of ARCHITECTURE.md: {bad:#?}");
    assert!(EDGES.iter().all(|(name, _)| ours.contains(name)), "the picture names packages that are gone");
}

#[test]
fn pure_crates() {
    let all = metadata();
    for (name, allowed) in PURE {
        let package = all.packages.iter().find(|p| p.name.as_str() == *name).expect("a pure crate is in the workspace");
        let normal = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        let bad: Vec<&str> = normal.map(|d| d.name.as_str()).filter(|d| !allowed.contains(d)).collect();
        assert!(bad.is_empty(), "{name} depends on {bad:?}");
    }
    let mut bad = Vec::new();
    for krate in ["domain", "ledger", "formats"] {
        let files = rust(&root().join("crates").join(krate).join("src"));
        let tests: BTreeSet<String> = files.iter().flat_map(|(_, text)| test_modules(text)).collect();
        for (path, text) in files {
            let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            if is_test(&path) || tests.contains(&stem) {
                continue;
            }
            for (i, line) in without_tests(&text).lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
                let named = IMPURE.iter().filter(|word| line.contains(*word) && (shown(&path).as_str(), **word) != BUT);
                bad.extend(named.map(|word| format!("{}:{}: {word}", shown(&path), i + 1)));
            }
        }
    }
    assert!(bad.is_empty(), "pure crates that are not: {bad:#?}");
}

#[test]
fn dependency_homes() {
    let mut bad = Vec::new();
    for package in &metadata().packages {
        for dependency in &package.dependencies {
            let home = HOMES.iter().find(|(name, _)| *name == dependency.name);
            if home.is_some_and(|(_, homes)| !homes.contains(&package.name.as_str())) {
                bad.push(format!("{} -> {}", package.name, dependency.name));
            }
        }
    }
    assert!(bad.is_empty(), "dependencies outside their home: {bad:#?}");
}

#[test]
fn verifier_is_small() {
    let words =
        ["tree", "--locked", "--offline", "-p", "zapys-verify", "-e", "normal,build", "--prefix", "none", "--format", "{p}"];
    let out = Command::new(env!("CARGO")).args(words).current_dir(root()).output().expect("cargo runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8_lossy(&out.stdout);
    let names: BTreeSet<&str> = text.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert!(
        names.contains("zapys-dossier") && names.contains("ed25519-dalek"),
        "the tree is not that of the verifier: {names:?}"
    );
    let banned = ["tokio", "sqlx", "axum", "tantivy", "cc", "cmake", "pkg-config", "object_store", "hyper", "reqwest", "rustls"];
    let bad: Vec<&&str> = names.iter().filter(|n| banned.contains(n) || n.ends_with("-sys")).collect();
    assert!(bad.is_empty(), "zapys-verify pulls in {bad:?}");
    // A third of them reads certificates and the signatures of time stamps (RSA, two curves); none runs at build time but serde.
    assert!(names.len() <= 90, "zapys-verify has grown to {} packages: {names:?}", names.len());
    let features = ["tree", "--locked", "--offline", "-p", "zapys-verify", "-e", "normal,features", "--prefix", "none"];
    let out = Command::new(env!("CARGO")).args(features).current_dir(root()).output().expect("cargo runs");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(!text.contains("zapys-dossier feature \"write\""), "the verifier carries the half that makes productions");
}

#[test]
fn sql_is_static() {
    let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "ALTER ", " WHERE ", " FROM "];
    let mut bad = Vec::new();
    for (path, text) in rust(&root().join("crates/store/src")) {
        if is_test(&path) || path.ends_with("filter.rs") {
            continue;
        }
        let text = without_tests(&text);
        for (at, _) in text.match_indices("format!(") {
            // The literal may stand on the next line.
            let literal: String = text[at..].chars().take(200).collect();
            let literal = literal.split(';').next().unwrap_or_default();
            if verbs.iter().any(|v| literal.contains(v)) {
                bad.push(format!("{}:{}", shown(&path), text[..at].lines().count()));
            }
        }
        if text.contains("push_str(\"SELECT") || (text.contains("AssertSqlSafe") && !path.ends_with("run.rs")) {
            bad.push(shown(&path));
        }
    }
    assert!(bad.is_empty(), "SQL put together outside filter.rs: {bad:#?}");
    let elsewhere: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| {
            !path.starts_with(root().join("crates/store")) && !is_test(path) && text.contains(&["sqlx", "::"].concat())
        })
        .map(|(path, _)| shown(&path))
        .collect();
    assert!(elsewhere.is_empty(), "SQL outside the store: {elsewhere:?}");
}

#[test]
fn paths_in_docs_exist() {
    let root = root();
    let tops = ["crates", "hosts", "ui", "xtask", "docs", "tests", ".ci", ".cargo"];
    let made = ["ui/dist", "ui/node_modules", "tests/browser/node_modules"];
    let mut texts: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].iter().map(|n| root.join(n)).filter(|p| p.is_file()).collect();
    texts.extend(files(&root.join("docs")).into_iter().filter(|p| p.extension().is_some_and(|e| e == "md")));
    let mut bad = Vec::new();
    for path in texts {
        let text = fs::read_to_string(&path).expect("a document is text");
        for word in text.lines().flat_map(quoted) {
            let word = word.split([':', '#']).next().unwrap_or_default().trim_end_matches('/');
            let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
            let ours = word.split_once('/').is_some_and(|(top, _)| tops.contains(&top));
            if plain && ours && !made.iter().any(|m| word.starts_with(m)) && !root.join(word).exists() {
                bad.push(format!("{}: {word}", shown(&path)));
            }
        }
    }
    assert!(bad.is_empty(), "documents name paths that are not there: {bad:#?}");
}

/// What stands between single backticks in a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

#[test]
fn no_machine_paths() {
    // Put together here, so that this file does not hold what it looks for.
    let folders = [["work", "main"], ["work", "shared"], ["root", ".cargo"], ["root", ".cache"]];
    let mut wanted: Vec<String> = folders.iter().map(|[a, b]| format!("/{a}/{b}")).collect();
    wanted.push(root().display().to_string());
    wanted.extend(std::env::var("HOME").ok().filter(|h| h.len() > 5));
    let mut bad = Vec::new();
    for path in files(&root()) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        bad.extend(wanted.iter().filter(|w| text.contains(*w)).map(|w| format!("{}: {w}", shown(&path))));
    }
    assert!(bad.is_empty(), "paths of one machine: {bad:#?}");
}

#[test]
fn every_module_says_what_it_is() {
    let bad: Vec<String> = sources().into_iter().filter(|(_, t)| !t.starts_with("//!")).map(|(p, _)| shown(&p)).collect();
    assert!(bad.is_empty(), "modules that do not open with //!: {bad:#?}");
}

#[test]
fn types_use_the_words_of_the_field() {
    // Never part of a public name; and not the whole of one.
    let parts = [
        "Blob",
        "Project",
        "Asset",
        "Artifact",
        "Receipt",
        "Subtitle",
        "Subtitles",
        "Cue",
        "Audit",
        "Import",
        "Util",
        "Utils",
        "Helper",
        "Helpers",
        "Manager",
        "Misc",
        "Common",
    ];
    let wholes = ["Task", "Tool", "Edit", "Position", "Author", "Link", "Fact", "Score", "Match", "Report", "Export"];
    let mut bad = Vec::new();
    // Hosts speak the words of the models they hold.
    for (path, text) in rust(&root().join("crates")) {
        for line in text.lines().map(str::trim_start) {
            let Some(name) = public_type(line) else { continue };
            if wholes.contains(&name) || words(name).iter().any(|w| parts.contains(&w.as_str())) {
                bad.push(format!("{}: {name}", shown(&path)));
            }
        }
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        if ["utils", "util", "helpers", "helper", "common", "misc", "manager"].contains(&stem.as_str()) {
            bad.push(shown(&path));
        }
    }
    assert!(bad.is_empty(), "names outside the vocabulary: {bad:#?}");
}

fn public_type(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ")?;
    let rest = ["struct ", "enum ", "trait ", "type "].iter().find_map(|k| rest.strip_prefix(k))?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    Some(&rest[..end])
}

/// `ChatExport` is `Chat`, `Export`.
fn words(name: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for c in name.chars() {
        match all.last_mut() {
            Some(word) if !c.is_uppercase() => word.push(c),
            _ => all.push(c.to_string()),
        }
    }
    all
}

#[test]
fn the_rules_see_what_they_look_for() {
    assert_eq!(quoted("see `a/b` and `c`"), ["a/b", "c"]);
    assert_eq!(public_type("pub struct BlobRow<'a> {"), Some("BlobRow"));
    assert_eq!(public_type("struct BlobRow;"), None);
    assert_eq!(words("ChatExport"), ["Chat", "Export"]);
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\nb"), "a\n");
    for whole in ["a\n#[cfg(test)]\nuse x;\nb", "a\n#[cfg(test)]\nmod sound;\nmod b;"] {
        assert_eq!(without_tests(whole), whole);
    }
    assert_eq!(test_modules("mod a;\n#[cfg(test)]\nmod sound;\n#[cfg(test)]\nmod tests {\n"), ["sound"]);
    assert!(
        is_test(Path::new("x/src/ocr/tests/draw.rs"))
            && is_test(Path::new("x/src/tests.rs"))
            && !is_test(Path::new("x/src/a.rs"))
    );
}

/// The text up to the module of tests at its end.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..at])
}

/// Names of the modules that exist in tests only and lie in files of their own.
fn test_modules(text: &str) -> Vec<String> {
    let after = text.split("#[cfg(test)]\nmod ").skip(1);
    after.filter_map(|t| Some(t.lines().next()?.strip_suffix(';')?.to_owned())).collect()
}

fn is_test(path: &Path) -> bool {
    let within = path.strip_prefix(root()).unwrap_or(path);
    within.components().any(|c| ["tests", "tests.rs", "examples"].contains(&&*c.as_os_str().to_string_lossy()))
}

/// Every Rust file of the repository with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let all: Vec<_> = ["crates", "hosts", "xtask", "tests/src"].iter().flat_map(|d| rust(&root().join(d))).collect();
    assert!(all.len() > 50, "the sources were not found");
    all
}

fn rust(dir: &Path) -> Vec<(PathBuf, String)> {
    let found = files(dir).into_iter().filter(|p| p.extension().is_some_and(|e| e == "rs"));
    found.map(|p| (p.clone(), fs::read_to_string(&p).expect("Rust is text"))).collect()
}

/// Every file below `dir` that is kept in the repository: nothing built, fetched or made.
fn files(dir: &Path) -> Vec<PathBuf> {
    let made = ["target", "node_modules", "dist", "case", "sample", "production", ".git", "__pycache__"];
    let mut all = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else { return all };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        match entry.file_type() {
            // The generator of the sample is called as what it makes.
            Ok(t) if t.is_dir() && made.contains(&name.as_str()) && !path.ends_with("xtask/src/sample") => {}
            Ok(t) if t.is_dir() => all.extend(files(&path)),
            Ok(t) if t.is_file() => all.push(path),
            _ => {}
        }
    }
    all.sort();
    all
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
