//! Every kind of file in a production, in every packing that can be checked: changed, removed, swapped, added, reordered.
//! What is found is held against the table in docs/guide/tampering.md.

use super::*;
use sample::sample;
use std::collections::BTreeSet;
use zapys_dossier::{Options, Sort, verify};

/// Kinds of files by what they are for; the first that fits counts.
fn kind(path: &str) -> &'static str {
    let starts = |p: &str| path.starts_with(p);
    match path {
        "bagit.txt" => "declaration of the bag",
        "bag-info.txt" => "facts of the bag",
        "SHA256SUMS" => "digest list for sha256sum",
        "checkpoint" => "signed checkpoint",
        "ledger-vkey" => "copy of the ledger's key",
        "seal" => "seal",
        "data/manifest.json" => "manifest",
        "data/completeness.json" => "account of the selection",
        "data/conformance.json" => "conformance",
        "data/limitations.json" => "limitations",
        "data/ro-crate-metadata.json" => "RO-Crate description",
        "data/custody/case.jsonld" => "CASE description",
        "data/report/index.html" => "report",
        "data/report/report.pdf" => "report to print",
        "proofs/openings.json" => "openings of commitments",
        _ if starts("manifest-") => "payload list",
        _ if starts("tagmanifest-") => "tag list",
        _ if starts("data/certificates/") => "certificate draft",
        _ if path.contains("/derivatives/") => "derivative",
        _ if starts("data/exhibits/") && path.ends_with(".txt") && !path.contains("/E-0005.html") => "readable text",
        _ if starts("data/exhibits/") => "original",
        _ if starts("stamps/") => "time stamp",
        _ if starts("keys/") && path.ends_with(".json") => "event that names a key",
        _ if starts("keys/") => "proof of such an event",
        _ if starts("proofs/") && path.ends_with(".json") => "custody event",
        _ if starts("proofs/") => "proof of a custody event",
        _ => panic!("{path} is of no known kind"),
    }
}

/// Checks, and says under which names the faults were found; empty where nothing was.
fn found(made: &Made, must_name: &[&str], act: &str) -> BTreeSet<&'static str> {
    let v = made.verdict();
    let names: BTreeSet<&'static str> = v.faults().map(|c| c.name).collect();
    for file in must_name {
        assert!(named(&v).iter().any(|n| n == file), "{act} {file}: {:#?}", v.faults().collect::<Vec<_>>());
    }
    names
}

/// Two lines of a text in another order, or two entries of a JSON list.
fn reordered(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = (1..lines.len()).find(|i| lines[i - 1] != lines[*i])?;
    lines.swap(at - 1, at);
    Some(lines.concat().into_bytes())
}

#[test]
fn every_kind_of_tampering_is_named_as_the_table_says() {
    let made = make(stamped::sample_with_everything(), Format::Bag, true);
    assert!(made.verdict().holds, "{:#?}", made.verdict().faults().collect::<Vec<_>>());
    let whole = all(&made.path);
    let mut table: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    let mut of_kind: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for path in whole.keys() {
        of_kind.entry(kind(path)).or_default().push(path);
    }
    let mut note = |k, act, names: BTreeSet<&'static str>| {
        assert!(!names.is_empty(), "{k}: {act} went unnoticed");
        table.entry(k).or_default().entry(act).or_default().extend(names);
    };
    for (path, good) in &whole {
        let k = kind(path);
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        made.put(path, &bad);
        note(k, "changed", found(&made, &[path], "changed"));
        fs::remove_file(made.path.join(path)).expect("removes");
        note(k, "removed", found(&made, &[path], "removed"));
        made.put(path, good);
    }
    for (k, paths) in &of_kind {
        // Swapped with the next of its kind, else with one of another.
        let other = whole.keys().find(|p| kind(p) != *k && whole[*p] != whole[paths[0]]).expect("there are others");
        let twin = paths.iter().find(|p| whole[**p] != whole[paths[0]]).copied().unwrap_or(other);
        made.put(paths[0], &whole[twin]);
        made.put(twin, &whole[paths[0]]);
        note(k, "swapped", found(&made, &[paths[0], twin], "swapped"));
        made.put(paths[0], &whole[paths[0]]);
        made.put(twin, &whole[twin]);
        // Added beside it.
        let added = match paths[0].rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/added.json"),
            None => "added.json".into(),
        };
        made.put(&added, &whole[paths[0]]);
        note(k, "added", found(&made, &[&added], "added"));
        fs::remove_file(made.path.join(&added)).expect("removes");
        if let Some(bad) = reordered(&whole[paths[0]]) {
            made.put(paths[0], bad);
            note(k, "reordered", found(&made, &[paths[0]], "reordered"));
            made.put(paths[0], &whole[paths[0]]);
        }
    }
    assert!(made.verdict().holds);
    let rows: Vec<String> = table
        .iter()
        .map(|(k, acts)| {
            // The list that covers a file speaks first; what is in it may speak too.
            let first = |names: &BTreeSet<&str>| {
                let lists = ["changed", "missing", "added", "seal", "bag"];
                lists.into_iter().find(|n| names.contains(n)).unwrap_or("other").to_owned()
            };
            let cell = |act: &str| acts.get(act).map_or("nothing to reorder".to_owned(), first);
            format!(
                "| {k} | {} | {} | {} | {} | {} |",
                cell("changed"),
                cell("removed"),
                cell("swapped"),
                cell("added"),
                cell("reordered")
            )
        })
        .collect();
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/tampering.md");
    let told = fs::read_to_string(guide).expect("the guide is there");
    let missing: Vec<&String> = rows.iter().filter(|r| !told.contains(r.as_str())).collect();
    assert!(missing.is_empty(), "docs/guide/tampering.md should have:\n{}", rows.join("\n"));
}

#[test]
fn a_deposit_names_what_was_tampered_with() {
    let s = sample();
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("object");
    put(&s, &path, Format::Ocfl, true).expect("writes");
    let options = Options { vkey: Some(s.key.key().clone()), ..Options::default() };
    let look = || verify(&path, &options).expect("can be looked at");
    let v = look();
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    assert_eq!((v.sort, v.exhibits, v.production.is_some()), (Sort::Deposit, 6, true));
    for (file, good) in all(&path) {
        let full = path.join(&file);
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&full, &bad).expect("writes");
        assert!(!look().holds, "{file} changed");
        fs::remove_file(&full).expect("removes");
        // Without its declaration it is no deposit, and what is left is no production either. A version's own inventory may
        // be absent, which is remarked upon (W010).
        let seen = |v: &Verdict| !v.holds || v.checks.iter().any(|c| c.detail.contains("W010"));
        assert!(verify(&path, &options).map_or(true, |v| seen(&v)), "{file} removed");
        fs::write(&full, &good).expect("writes");
    }
    fs::write(path.join("v1/content/data/extra"), "x").expect("writes");
    assert!(look().faults().any(|c| c.subject.as_deref() == Some("v1/content/data/extra")));
}

#[test]
fn a_production_without_its_parts_is_no_plain_bag() {
    let made = make(sample(), Format::Bag, true);
    for gone in [&["seal"][..], &["data/manifest.json"], &["seal", "ledger-vkey", "checkpoint"], &["bagit.txt"]] {
        let before = all(&made.path);
        for file in gone {
            fs::remove_file(made.path.join(file)).expect("removes");
        }
        let v = verify(&made.path, &Options::default()).expect("can be looked at");
        assert!(!v.holds && v.sort == Sort::Production, "{gone:?}");
        for (file, bytes) in before {
            made.put(&file, bytes);
        }
    }
}

#[test]
fn a_newer_format_is_named_as_such() {
    let made = make(sample(), Format::Bag, false);
    let text = made.text("data/manifest.json").replace("zapys-production/2", "zapys-production/7");
    made.put("data/manifest.json", text);
    let v = made.verdict();
    assert!(v.faults().any(|c| c.detail.contains("later version of zapys")), "{:#?}", v.faults().collect::<Vec<_>>());
}
