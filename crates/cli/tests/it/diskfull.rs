//! No room on the disk, at every write: the command says so and how to help it, nothing is half done, and with room again the
//! same command ends well. Beside it, a device that answers one call with an error.

use crate::crash::seed;
use crate::rough::{self, Acknowledged, Before};
use crate::stage::Said;
use zapys_tests::faults::{Dice, Failure, Faults, spread};

fn full(name: &str, before: Before, command: &[&str], n: u64) {
    let n = n * crate::crash::thorough();
    let seed = seed();
    let s = rough::stage();
    rough::prepare(&s, before);
    let calm = rough::copy_of(&s);
    rough::calm(&calm, command).ends(0);
    let expected = (rough::outcome(&calm), rough::is_whole(&calm));
    let points = rough::count(&s, command);
    println!("{name}: {} of {points} points, seed {seed}", n.min(points));
    let mut dice = Dice::new(seed);
    // Mostly a disk that stays full; now and then one where room comes back, or a device that fails once.
    let how = |d: &mut Dice| *d.pick(&[Failure::Full, Failure::Full, Failure::Full, Failure::FullOnce, Failure::Broken]);
    let chosen: Vec<(u64, Failure)> = spread(&mut dice, n, points).into_iter().map(|p| (p, how(&mut dice))).collect();
    rough::each(&chosen, |&(point, how)| {
        let s = rough::copy_of(&s);
        let at = format!("{name}: {how:?} from point {point} (seed {seed})");
        let faults = Faults { fail: Some((point, how)), ..Faults::default() };
        let said = Said::from(rough::command(&s, command, faults).output().expect("starts"));
        let acknowledged = Acknowledged::read(said.out.lines());
        assert!(!said.err.contains("panicked"), "{at}: {}", said.err);
        match said.code {
            // The last points are clean-up that nobody has to hear about, and some calls have another way.
            Some(0) => {}
            Some(2) if how != Failure::Broken => {
                let told = said.err.contains("space") || said.err.contains("full") || said.err.contains("room");
                assert!(told && said.out.contains("disk-full"), "{at}: not told as a full disk: {} {}", said.err, said.out);
                let remedy = ["Make space", "Free some space", "Free space"].iter().any(|r| said.err.contains(r));
                assert!(remedy, "{at}: no remedy: {}", said.err);
            }
            Some(2) => {}
            other => panic!("{at}: ended with {other:?}: {}", said.err),
        }
        let looked = rough::attempt(|| {
            if command[0] != "init" {
                rough::calm(&s, &["-C", "world/case", "verify"]).ends(0);
            }
            if said.code == Some(2) && rough::production(&s).is_some() {
                crate::crash::verifies(&s, &s.path("world/out"));
            }
            let again = rough::calm(&s, command);
            let made = again.code == Some(3) && (command[0] == "init" || rough::production(&s).is_some());
            assert!(again.code == Some(0) || made, "{:?} {}", again.code, again.err);
            acknowledged.holds(&s, &again);
            assert_eq!((rough::outcome(&s), rough::is_whole(&s)), expected);
        });
        if let Err(why) = looked {
            panic!("{at} said {} {}: then {why}", said.out, said.err);
        }
    });
}

#[test]
fn a_full_disk_while_a_case_is_made() {
    full("init", Before::Nothing, rough::INIT, 25);
}
#[test]
fn a_full_disk_during_intake() {
    full("add", Before::Init, rough::ADD, 40);
}
#[test]
fn a_full_disk_during_processing() {
    full("process", Before::Add, rough::PROCESS, 50);
}
#[test]
fn a_full_disk_during_production() {
    full("produce", Before::Process, rough::PRODUCE, 35);
    full("produce zip", Before::Process, rough::PRODUCE_ZIP, 15);
}
