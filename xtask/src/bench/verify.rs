//! Verification of an encrypted case, beside two processes that hash the same plain files and do nothing else.

use super::files::{Set, fresh, gone, large, middling, small, text};
use super::measured::{Runs, measure};
use super::{Bench, Row, Unit};
use serde_json::{Map, Value, json};

/// Two processes with half the files each.
const OPENSSL: &str = "find \"$1\" -type f -print0 | sort -z | xargs -0 -P 2 -n \"$2\" openssl dgst -sha256";
/// At least 0.8 of the throughput of two processes that only hash.
const GOAL: f64 = 1.0 / 0.8;

/// Measures three shapes of files. Errors: something could not be run, or the case is not as it was.
pub fn run(bench: &Bench) -> Result<(Vec<Row>, Value), String> {
    let (mut rows, mut runs) = (Vec::new(), Map::new());
    for (name, make) in [("small", small as fn(_, _) -> _), ("middling", middling), ("large", large)] {
        let (more, behind) = compare(bench, &make(&bench.dir, bench.quick)?)?;
        rows.extend(more);
        runs.insert(name.into(), behind);
    }
    Ok((rows, runs.into()))
}

fn compare(bench: &Bench, set: &Set) -> Result<(Vec<Row>, Value), String> {
    let n_runs = bench.runs.unwrap_or(if bench.quick { 1 } else { 5 });
    let place = bench.dir.join("verify");
    fresh(&place)?;
    let (files, case) = (text(&set.dir), text(&place.join("case")));
    bench.init(&case)?;
    bench.call(&["-C", &case, "--quiet", "add", &files, "--source", "bench"])?;
    let half = set.n_files.div_ceil(2).to_string();
    let (mut ours, mut theirs, mut opening) = (Runs::default(), Runs::default(), Runs::default());
    for i in 0..=n_runs {
        set.settle()?;
        let plain = measure(&["sh", "-c", OPENSSL, "openssl", &files, &half], &place)?;
        let sealed = bench.measure(&["-C", &case, "--quiet", "verify"], &place)?;
        // The first time brings the sealed bytes into memory, where the plain ones lie already.
        if i > 0 {
            eprintln!("      {}, run {i} of {n_runs}", set.what);
            theirs.0.push(plain);
            ours.0.push(sealed);
            opening.0.push(bench.measure(&["-C", &case, "--quiet", "items", "--kind", "photo"], &place)?);
        }
    }
    gone(&place)?;
    let what = format!("verify, {}", set.what);
    let peer = "two openssl dgst -sha256";
    let rows = vec![
        Row::ratio(&what, Unit::Seconds, ours.wall_s(), peer, theirs.wall_s(), Some(GOAL)),
        Row::ratio(&format!("{what}: processor"), Unit::CpuSeconds, ours.cpu_s(), peer, theirs.cpu_s(), None),
        Row::alone(&format!("{what}: memory"), Unit::Bytes, ours.rss_bytes() as f64, None),
    ];
    Ok((rows, json!({"bytes": set.bytes, "files": set.n_files, "zapys": ours, "openssl": theirs, "opening": opening})))
}
