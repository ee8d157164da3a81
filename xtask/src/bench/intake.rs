//! Intake into an encrypted case, beside programs that keep encrypted copies, one that makes bags, and the least that any
//! intake must do: copy, reach the disk, hash.

use super::files::{Set, fresh, gone, large, middling, small, text};
use super::measured::{Cost, Runs, measure};
use super::peers::bagit;
use super::{Bench, Row, Unit};
use crate::steps::{output, program};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The floor. `find` takes the copies in the order of the directory, so that files are read as they were written.
const FLOOR: &str = "set -e; cp -r \"$1\" \"$2\"; sync; find \"$2\" -type f -print0 | xargs -0 openssl dgst -sha256";
/// A bag of a copy, durable: bagit moves what it is given into its folder `data`, so it is given a copy.
const BAG: &str = "set -e; cp -r \"$1\" \"$2\"; \"$3\" --quiet --processes 2 --sha256 \"$2\"; sync";

const CP: &str = "cp, sync, openssl sha256";
const BORG: &str = "borg -e repokey";
const RESTIC: &str = "restic";
const BAGIT: &str = "cp, bagit.py --processes 2, sync";
/// Programs that encrypt what they keep.
const ENCRYPTING: &[&str] = &[BORG, RESTIC];

/// What is compared for files of one shape: all sides, or only the floor; and how slow we may be beside the fastest encrypting
/// peer and beside the floor.
struct Goals {
    peers: Option<f64>,
    floor: f64,
}

/// Measures three shapes of files, all sides taking turns. Errors: something could not be run.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let (mut rows, mut runs) = (Vec::new(), Map::new());
    let shapes: [(&str, Set, Goals); 3] = [
        ("small", small(&bench.dir, bench.quick)?, Goals { peers: Some(1.0 / 1.5), floor: 0.8 }),
        ("large", large(&bench.dir, bench.quick)?, Goals { peers: Some(1.0 / 3.0), floor: 1.0 }),
        ("middling", middling(&bench.dir, bench.quick)?, Goals { peers: None, floor: 1.0 }),
    ];
    for (name, set, goals) in shapes {
        let (more, behind) = compare(bench, &set, &goals)?;
        rows.extend(more);
        runs.insert(name.into(), behind);
    }
    Ok((rows, runs.into()))
}

fn compare(bench: &Bench, set: &Set, goals: &Goals) -> Result<(Vec<Row>, Value), String> {
    let n_runs = bench.runs.unwrap_or(if bench.quick { 1 } else { 5 });
    let place = bench.dir.join("intake");
    fresh(&place)?;
    let mut sides: Vec<&str> = vec!["zapys", CP];
    if goals.peers.is_some() {
        sides.extend([BORG, RESTIC, BAGIT]);
    }
    let mut all: BTreeMap<&str, Runs> = BTreeMap::new();
    // What borg and restic do before anything else: their passphrase is stretched each time.
    let mut opening: BTreeMap<&str, Runs> = BTreeMap::new();
    for i in 0..n_runs {
        eprintln!("      {}, run {} of {n_runs}", set.what, i + 1);
        // Each begins in turn, so that none always comes after the same one.
        sides.rotate_left(usize::from(i > 0));
        for (n, side) in sides.iter().enumerate() {
            let place = place.join(format!("{i}-{n}"));
            fresh(&place)?;
            let (cost, opened) = one(bench, set, side, &place)?;
            // Ext4 looks for a number that was not freed in the last minutes each time it makes a file: whoever makes thousands
            // of them just after thousands were removed pays for the removal.
            if set.n_files == 1 {
                gone(&place)?;
            }
            all.entry(side).or_default().0.push(cost);
            if let Some(opened) = opened {
                opening.entry(side).or_default().0.push(opened);
            }
        }
    }
    gone(&place)?;
    let (ours, what) = (&all["zapys"], format!("intake, {}", set.what));
    let mut rows = Vec::new();
    if let Some(goal) = goals.peers {
        let fastest = ENCRYPTING.iter().min_by(|a, b| all[*a].wall_s().total_cmp(&all[*b].wall_s()));
        for side in [BORG, RESTIC, BAGIT] {
            let goal = (fastest == Some(&side)).then_some(goal);
            rows.push(Row::ratio(&what, Unit::Seconds, ours.wall_s(), side, all[side].wall_s(), goal));
        }
    }
    rows.push(Row::ratio(&what, Unit::Seconds, ours.wall_s(), CP, all[CP].wall_s(), Some(goals.floor)));
    for side in sides.iter().filter(|s| **s != "zapys") {
        rows.push(Row::ratio(&format!("{what}: processor"), Unit::CpuSeconds, ours.cpu_s(), side, all[side].cpu_s(), None));
    }
    for side in sides.iter().filter(|s| ![CP, "zapys"].contains(*s)) {
        let (ours, theirs) = (ours.rss_bytes() as f64, all[side].rss_bytes() as f64);
        rows.push(Row::ratio(&format!("{what}: memory"), Unit::Bytes, ours, side, theirs, None));
    }
    if goals.peers.is_none() {
        rows.push(Row::alone(&format!("{what}: memory"), Unit::Bytes, ours.rss_bytes() as f64, None));
    }
    Ok((rows, json!({"bytes": set.bytes, "files": set.n_files, "runs": all, "opening": opening})))
}

/// One run of one side into the empty folder `place`, and for peers with a passphrase what opening alone costs.
fn one(bench: &Bench, set: &Set, side: &str, place: &Path) -> Result<(Cost, Option<Cost>), String> {
    let (files, into) = (text(&set.dir), text(&place.join("kept")));
    let passphrase = place.join("passphrase");
    let written = fs::write(&passphrase, "a passphrase for the bench alone\n");
    written.map_err(|e| format!("{} cannot be written: {e}.", passphrase.display()))?;
    let restic = |words: &[&str]| -> Vec<String> {
        let head = ["restic", "--quiet", "--repo", &into, "--password-file", &text(&passphrase), "--cache-dir"];
        head.iter()
            .copied()
            .chain([text(&place.join("cache")).as_str()])
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect()
    };
    let borg = |words: &[&str]| -> Vec<String> {
        let base = format!("BORG_BASE_DIR={}", text(&place.join("base")));
        let head = ["env", "BORG_PASSPHRASE=a passphrase for the bench alone", &base, "borg"];
        head.iter().chain(words).map(|w| (*w).to_owned()).collect()
    };
    let quietly = |words: &[String]| output(program(&words[0]).args(&words[1..])).map(drop);
    let archive = format!("{into}::bench");
    match side {
        RESTIC => {
            quietly(&restic(&["init"]))?;
            set.settle()?;
            let cost = measure(&restic(&["backup", &files]), place)?;
            Ok((cost, Some(measure(&restic(&["cat", "config"]), place)?)))
        }
        BORG => {
            quietly(&borg(&["init", "-e", "repokey", &into]))?;
            set.settle()?;
            let cost = measure(&borg(&["create", &archive, &files]), place)?;
            Ok((cost, Some(measure(&borg(&["list", &into]), place)?)))
        }
        BAGIT => {
            set.settle()?;
            Ok((measure(&["sh", "-c", BAG, "bag", &files, &into, &text(&bagit())], place)?, None))
        }
        CP => {
            set.settle()?;
            Ok((measure(&["sh", "-c", FLOOR, "floor", &files, &into], place)?, None))
        }
        _ => {
            bench.init(&into)?;
            set.settle()?;
            let cost = bench.measure(&["-C", &into, "--quiet", "add", &files, "--source", "bench"], place)?;
            let items = bench.count(&into)?;
            if items != set.n_files as u64 {
                return Err(format!("Of {} files {items} were taken in: there is nothing to compare.", set.n_files));
            }
            Ok((cost, None))
        }
    }
}
