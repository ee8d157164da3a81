//! The power is cut: of what was not flushed, any part may be gone. What was acknowledged is there, and the case is whole.
//!
//! A run under the library of `tests/faults` gives a journal; from it, disks are built as a cut at some moment may leave them
//! (`zapys_tests::faults::Disk` says what is modelled), and the case is opened there.

use crate::crash::seed;
use crate::rough::{self, Acknowledged, Before};
use crate::stage::Said;
use zapys_tests::faults::{Dice, Disk, Faults, Journal, Op, Survival, differences, spread};

/// What a calm run ends in.
type Expected = (Vec<serde_json::Value>, [serde_json::Value; 2]);

/// Cuts the power at `n` moments of a command.
fn cut(name: &str, before: Before, command: &[&str], n: u64) {
    let n = n * crate::crash::thorough();
    let seed = seed();
    let s = rough::stage();
    rough::prepare(&s, before);
    let calm = rough::copy_of(&s);
    rough::calm(&calm, command).ends(0);
    let expected = (rough::outcome(&calm), rough::is_whole(&calm));
    let start = rough::copy_of(&s);
    let file = s.path("journal");
    let disks: Vec<Disk> = [Survival::Names, Survival::Ordered].map(|how| Disk::of(&s.path("world"), how)).into();
    let faults = Faults { journal: Some(file.clone()), ..Faults::default() };
    Said::from(rough::command(&s, command, faults).output().expect("starts")).ends(0);
    let journal = Journal::read(&file);
    println!("{name}: {n} of {} moments, seed {seed}", journal.ops.len());

    // The journal is complete: done again, it gives the folder itself.
    let mut all = disks[0].clone();
    all.replay(&journal, journal.ops.len());
    let image = s.path("image");
    all.image(&image);
    assert_eq!(differences(&image, &s.path("world"), &["-shm", "scratch"]), [""; 0], "{name}: a change went past the library");

    let mut dice = Dice::new(seed);
    let mut moments: Vec<(usize, usize, u64)> = spread(&mut dice, n, journal.ops.len() as u64)
        .into_iter()
        .map(|at| (at as usize, dice.below(2) as usize, dice.roll()))
        .collect();
    // The moments that count most: just after something was said, with everything unflushed lost.
    let said = journal.ops.iter().enumerate().filter(|(_, op)| matches!(op, Op::Said { .. })).map(|(i, _)| i + 1);
    moments.extend(said.map(|at| (at, 0, 0)).step_by(3));
    moments.push((journal.ops.len(), 0, 0));
    rough::each(&moments, |&(at, which, roll)| {
        let moment = format!("{name}: cut after {at} of {}, disk {which}, roll {roll} (seed {seed})", journal.ops.len());
        let mut disk = disks[which].clone();
        disk.replay(&journal, at);
        let s = rough::copy_of(&start);
        std::fs::remove_dir_all(s.path("world")).expect("the world goes");
        // Roll 0 loses everything that may be lost.
        let mut dice = Dice::new(roll);
        if roll == 0 {
            disk.cut_all(&s.path("world"))
        } else {
            disk.cut(&mut dice, &s.path("world"))
        }
        let said = journal.said(at);
        let acknowledged = Acknowledged::read(said.iter().map(String::as_str));
        let looked = rough::attempt(|| after(&s, command, &acknowledged, &expected));
        if let Err(why) = looked {
            panic!("{moment}: {why}");
        }
    });
    println!("{name}: {} disks looked at", moments.len());
}

fn after(s: &crate::stage::Stage, command: &[&str], acknowledged: &Acknowledged, expected: &Expected) {
    let making = command[0] == "init";
    if let Some(case) = &acknowledged.case {
        let vkey = rough::calm(s, &["-C", "world/case", "ledger", "vkey"]).ends(0);
        assert!(vkey.out.contains(case.as_str()), "the case that was made is there");
    }
    if acknowledged.produced {
        assert!(rough::production(s).is_some(), "the production that was made is there");
    }
    if !making {
        // As it was found: nothing acknowledged is damaged before anything is mended.
        rough::calm(s, &["-C", "world/case", "verify"]).ends(0);
    }
    let again = rough::calm(s, command);
    let made = again.code == Some(3) && (making || command[2] == "produce");
    assert!(again.code == Some(0) || made, "{:?} {}", again.code, again.err);
    acknowledged.holds(s, &again);
    assert_eq!((rough::outcome(s), rough::is_whole(s)), *expected);
    if let Some(out) = rough::production(s) {
        crate::crash::verifies(s, &out);
    }
}

#[test]
fn power_cut_while_a_case_is_made() {
    cut("init", Before::Nothing, rough::INIT, 25);
}
#[test]
fn power_cut_during_intake() {
    cut("add", Before::Init, rough::ADD, 40);
}
#[test]
fn power_cut_during_processing() {
    cut("process", Before::Add, rough::PROCESS, 40);
}
#[test]
fn power_cut_during_production() {
    cut("produce", Before::Process, rough::PRODUCE, 30);
    cut("produce zip", Before::Process, rough::PRODUCE_ZIP, 15);
}
