//! Every fuzz target over its seeds and some hundred changed ones: seconds instead of the minutes of `make fuzz`.

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::{Duration, Instant};
use zapys_tests::faults::Dice;

/// Changed inputs of each target.
const CHANGED: usize = 400;
/// Longest time that one target may take altogether; the last inputs are left out then.
const PATIENCE: Duration = Duration::from_secs(8);

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(&dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|e| e.expect("an entry").path())
        .collect();
    paths.sort();
    paths.iter().map(|p| std::fs::read(p).expect("a seed")).collect()
}

/// A seed with some bytes flipped, left out, doubled, or a part of another one in it.
fn changed(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = dice.pick(seeds).clone();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() as u64 + 1) as usize;
        let n = (dice.below(16) + 1) as usize;
        match dice.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = *dice.pick(&[0, 0xff, 0x7f, 0x80, b'[', b'"', b'<', b'=']),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..(at + n).min(bytes.len()))),
            4 => {
                let part: Vec<u8> = bytes[at..(at + n).min(bytes.len())].repeat((dice.below(50) + 1) as usize);
                bytes.splice(at..at, part);
            }
            _ => {
                let other = dice.pick(seeds);
                let from = dice.below(other.len() as u64 + 1) as usize;
                bytes.splice(at..at, other[from..].iter().copied());
            }
        }
    }
    bytes.truncate(1 << 16);
    bytes
}

#[test]
fn seeds_and_changed_seeds_make_no_target_fall_over() {
    let mut fell = Vec::new();
    std::thread::scope(|scope| {
        let (front, back) = targets::TARGETS.split_at(targets::TARGETS.len() / 2);
        let threads = [front, back].map(|half| {
            scope.spawn(move || {
                let mut fell = Vec::new();
                for (name, target) in half {
                    let seeds = seeds(name);
                    assert!(!seeds.is_empty(), "{name} has seeds");
                    let mut dice = Dice::new(20_240_224);
                    let began = Instant::now();
                    let mut n = 0;
                    for i in 0..seeds.len() + CHANGED {
                        let input = if i < seeds.len() { seeds[i].clone() } else { changed(&mut dice, &seeds) };
                        if i >= seeds.len() && began.elapsed() > PATIENCE {
                            break;
                        }
                        n += 1;
                        if std::panic::catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                            fell.push(format!("{name}: {}", input.iter().map(|b| format!("{b:02x}")).collect::<String>()));
                            break;
                        }
                    }
                    println!("{name}: {n} inputs in {:.1} s", began.elapsed().as_secs_f64());
                }
                fell
            })
        });
        for thread in threads {
            fell.extend(thread.join().expect("what falls over is caught"));
        }
    });
    assert!(fell.is_empty(), "input in hexadecimal, for tests/fuzz/corpus:\n{}", fell.join("\n"));
}
