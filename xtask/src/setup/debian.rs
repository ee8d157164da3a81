//! Debian packages: what is needed, why, from which version on, and how it gets onto the machine.

use super::Purpose;
use crate::steps::Program;
use std::collections::HashMap;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// A package: name, least version, why, and for what.
struct Wanted {
    name: &'static str,
    least: &'static str,
    why: &'static str,
    purpose: Purpose,
    /// Nothing to install where this is true, whoever put it there.
    there_anyway: fn() -> bool,
}

const fn package(name: &'static str, least: &'static str, why: &'static str) -> Wanted {
    Wanted { name, least, why, purpose: Purpose::Run, there_anyway: || false }
}
const fn for_tests(name: &'static str, least: &'static str, why: &'static str) -> Wanted {
    Wanted { purpose: Purpose::Test, ..package(name, least, why) }
}

/// Least versions are those that the project was built and tested with.
const WANTED: &[Wanted] = &[
    package("ffmpeg", "7:5.1", "decodes sound and video"),
    package("libavcodec-extra", "7:5.1", "the AMR decoder that loses nothing"),
    package("tesseract-ocr", "5.3.0", "reads screenshots"),
    package("tesseract-ocr-rus", "1:4.1", "reads Russian"),
    package("tesseract-ocr-ukr", "1:4.1", "reads Ukrainian"),
    package("tesseract-ocr-eng", "1:4.1", "reads English"),
    package("bubblewrap", "0.8", "locks up every decoder and model: no network, no other files"),
    package("util-linux", "2.38", "limits memory and time of what is locked up"),
    package("asterisk-core-sounds-ru-wav", "1.6.1", "Russian voice of the sample calls"),
    package("asterisk-core-sounds-en-wav", "1.6.1", "English voice of the sample calls"),
    package("fonts-dejavu-core", "2.37", "letters of the sample screenshots"),
    Wanted { there_anyway: || runs("c++", &["--version"]), ..package("g++", "4:12", "compiles the parts written in C and C++") },
    Wanted { there_anyway: || runs("python3", &["-m", "pip", "--version"]), ..package("python3-pip", "23.0", "fetches model packs") },
    Wanted { there_anyway: || runs("python3", &["-c", "import ensurepip"]), ..for_tests("python3-venv", "3.11", "keeps validators apart") },
    Wanted { there_anyway: || runs("git", &["--version"]), ..for_tests("git", "1:2.39", "lists the files of the repository") },
    for_tests("postgresql", "15", "the record on a server"),
    for_tests("chromium", "120", "the workbench in a real browser"),
    for_tests("chromium-driver", "120", "drives that browser"),
];

fn runs(program: &str, words: &[&str]) -> bool {
    Program::new(program).words(words).ask().is_ok()
}

/// Installs what is missing. `yes`: without asking. Errors: what could not be installed, and what to type by hand.
pub fn ensure(purpose: Purpose, yes: bool) -> Result<(), String> {
    let missing = missing(purpose)?;
    if missing.is_empty() {
        return Ok(());
    }
    let root = std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0);
    let sudo = if root { "" } else { "sudo " };
    let names: Vec<&str> = missing.iter().map(|w| w.name).collect();
    let by_hand = format!("{sudo}apt-get install {}", names.join(" "));
    eprintln!("These Debian packages are missing:");
    for w in &missing {
        eprintln!("  {:<28} {}", w.name, w.why);
    }
    eprintln!("They will be installed with:\n  {sudo}apt-get update   (only if the lists are old)\n  {by_hand}");
    if !root {
        if !runs("sudo", &["--version"]) {
            return Err(format!("Installing needs root, and sudo is not here. As root, type:\n  apt-get update && apt-get install {}", names.join(" ")));
        }
        if !yes && !agreed()? {
            return Err(format!("Nothing was installed. To go on, type:\n  {by_hand}"));
        }
    }
    install(root, &names);
    let left = self::missing(purpose)?;
    if left.is_empty() {
        return Ok(());
    }
    let left: Vec<&str> = left.iter().map(|w| w.name).collect();
    Err(format!(
        "{} of {} packages could not be installed: {}. Check the network connection and the package sources, then type:\n  {sudo}apt-get update && {sudo}apt-get install {}",
        left.len(),
        names.len(),
        left.join(", "),
        left.join(" ")
    ))
}

/// Asks on the terminal. Errors: there is nobody to ask.
fn agreed() -> Result<bool, String> {
    if !io::stdin().is_terminal() {
        return Err("There is no terminal to ask on. Run it again with YES=1 (or --yes) to install without asking.".into());
    }
    eprint!("Go on? [Y/n] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|e| format!("The answer could not be read: {e}."))?;
    Ok(matches!(answer.trim(), "" | "y" | "Y" | "yes"))
}

/// What of [`WANTED`] is not installed, or too old. Errors: this is no Debian system and the programs are not here.
fn missing(purpose: Purpose) -> Result<Vec<&'static Wanted>, String> {
    let wanted: Vec<&Wanted> = WANTED.iter().filter(|w| w.purpose <= purpose).collect();
    let query = Program::new("dpkg-query").words(["-W", "-f=${Package}\t${db:Status-Status}\t${Version}\n"]).ask();
    let Ok(said) = query else {
        let programs = ["ffmpeg", "tesseract", "bwrap", "prlimit"];
        if programs.iter().all(|p| runs(p, &[if *p == "ffmpeg" { "-version" } else { "--version" }])) {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = wanted.iter().map(|w| w.name).collect();
        return Err(format!("This is no Debian system. Install what these Debian packages hold, then run this again: {}.", names.join(", ")));
    };
    Ok(lacking(wanted, &installed(&said)))
}

/// Package to version, of those that are installed.
fn installed(said: &str) -> HashMap<&str, &str> {
    said.lines()
        .filter_map(|l| {
            let mut fields = l.split('\t');
            let (name, state, version) = (fields.next()?, fields.next()?, fields.next()?);
            (state == "installed").then_some((name, version))
        })
        .collect()
}

fn lacking<'w>(wanted: Vec<&'w Wanted>, installed: &HashMap<&str, &str>) -> Vec<&'w Wanted> {
    let new_enough = |found: &str, least: &str| runs("dpkg", &["--compare-versions", found, "ge", least]);
    wanted
        .into_iter()
        .filter(|w| !installed.get(w.name).is_some_and(|found| new_enough(found, w.least)) && !(w.there_anyway)())
        .collect()
}

/// Installs together, then, where that fails, one by one, so that one bad package does not hold up the rest.
fn install(root: bool, names: &[&str]) {
    let apt = |words: &[&str]| {
        let (program, before): (&str, &[&str]) = if root { ("env", &[]) } else { ("sudo", &["env"]) };
        Program::new(program)
            .words(before)
            .words(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"])
            .words(words)
            .talking()
            .run()
    };
    let get = |names: &[&str]| apt(&[&["install", "-y", "--no-install-recommends"], names].concat());
    let mut updated = false;
    let mut fresh_lists = lists_are_there();
    for pause in [0, 5, 15, 45] {
        if pause > 0 {
            eprintln!("  trying again in {pause} s");
            std::thread::sleep(Duration::from_secs(pause));
        }
        if !fresh_lists && !updated {
            updated = apt(&["update"]).is_ok();
        }
        match get(names) {
            Ok(()) => return,
            // Old lists name files that are gone: the next try reads new ones.
            Err(e) => eprintln!("  {e}"),
        }
        fresh_lists = false;
    }
    for name in names {
        if let Err(e) = get(&[name]) {
            eprintln!("  {name}: {e}");
        }
    }
}

fn lists_are_there() -> bool {
    std::fs::read_dir("/var/lib/apt/lists").is_ok_and(|d| d.flatten().any(|e| e.file_name().to_string_lossy().contains("_Packages")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_installed_and_new_enough_counts() {
        let said = "ffmpeg\tinstalled\t7:5.1.6-0+deb12u1\ntesseract-ocr\tconfig-files\t5.3.0-2\nbubblewrap\tinstalled\t0.4.1-1\n";
        let there = installed(said);
        assert_eq!(there.len(), 2);
        if !runs("dpkg", &["--version"]) {
            println!("skipped: dpkg is not here");
            return;
        }
        let wanted: Vec<&Wanted> = WANTED.iter().filter(|w| ["ffmpeg", "tesseract-ocr", "bubblewrap"].contains(&w.name)).collect();
        let names: Vec<&str> = lacking(wanted, &there).iter().map(|w| w.name).collect();
        assert_eq!(names, ["tesseract-ocr", "bubblewrap"]);
    }

    #[test]
    fn every_package_says_why_and_from_when_on() {
        for w in WANTED {
            assert!(!w.why.is_empty() && w.least.contains(|c: char| c.is_ascii_digit()), "{}", w.name);
        }
    }
}
