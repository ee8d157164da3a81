//! A production as it is made.

use super::*;
use sample::sample;
use zapys_dossier::check::KeyUsed;
use zapys_dossier::manifest::Manifest;

#[test]
fn a_whole_production_holds() {
    let made = make(sample(), Format::Bag, true);
    let v = made.verdict();
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    assert_eq!((v.exhibits, v.key), (6, KeyUsed::Given));
    assert_eq!(v.production.as_deref(), Some("01JB0000000000000000009PRD"));
    assert_eq!(status_of(&v, "original"), vec![CheckStatus::Ok; 6]);
    assert_eq!(status_of(&v, "custody"), vec![CheckStatus::Ok; 6]);
    assert_eq!(status_of(&v, "parent"), [CheckStatus::Ok]);
    assert_eq!(status_of(&v, "seal"), [CheckStatus::Ok]);
    assert_eq!(status_of(&v, "inert"), [CheckStatus::Ok]);
    assert_eq!(status_of(&v, "time"), [CheckStatus::NotChecked]);
}

#[test]
fn a_zip_holds_the_same_files_and_verifies() {
    let (bag, zip) = (make(sample(), Format::Bag, true), make(sample(), Format::Zip, true));
    let (a, b) = (bag.verdict(), zip.verdict());
    assert!(b.holds, "{:#?}", b.faults().collect::<Vec<_>>());
    assert_eq!((a.files, a.bytes, &a.manifest_sha256), (b.files, b.bytes, &b.manifest_sha256));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (a, b) = (make(sample(), Format::Bag, true), make(sample(), Format::Bag, true));
    assert_eq!(all(&a.path), all(&b.path));
    for format in [Format::Zip, Format::Html] {
        let (a, b) = (make(sample(), format, true), make(sample(), format, true));
        assert_eq!(fs::read(&a.path).expect("reads"), fs::read(&b.path).expect("reads"));
    }
}

#[test]
fn the_bags_own_key_shows_self_consistency_only() {
    let made = make(sample(), Format::Bag, true);
    let v = verify_production(&made.path, None).expect("can be looked at");
    assert!(v.holds);
    assert_eq!(v.key, KeyUsed::Own);
    let said = v.checks.iter().find(|c| c.name == "key").expect("is said");
    assert_eq!(said.status, CheckStatus::NotChecked);
    assert!(said.detail.contains("agrees with itself"), "{}", said.detail);
}

#[test]
fn another_ledgers_key_is_refused() {
    let made = make(sample(), Format::Bag, true);
    let other = zapys_ledger::SigningKey::from_seed("example.test/synopillia", &[7; 32]).expect("a key");
    let v = verify_production(&made.path, Some(other.key())).expect("can be looked at");
    let named = named(&v);
    assert!(named.contains(&"ledger-vkey") && named.contains(&"checkpoint") && named.contains(&"seal"), "{named:?}");
}

#[test]
fn without_a_seal_it_is_said_what_is_not_covered() {
    let made = make(sample(), Format::Bag, false);
    let v = made.verdict();
    assert!(v.holds);
    assert_eq!(status_of(&v, "seal"), [CheckStatus::NotChecked]);
}

#[test]
fn r1_34_the_manifest_names_every_file_with_its_digest() {
    let made = make(sample(), Format::Bag, true);
    let m: Manifest = serde_json::from_slice(&made.read("data/manifest.json")).expect("reads");
    let mut named: Vec<String> = m.papers.iter().map(|p| p.file.clone()).collect();
    for e in &m.exhibits {
        named.push(e.file.clone());
        named.extend(e.derivatives.iter().map(|d| d.file.clone()));
        named.extend(e.texts.iter().map(|t| t.file.clone()));
        for t in &e.texts {
            assert_eq!(zapys_ledger::Hash::of(&made.read(&t.file)), t.sha256);
        }
    }
    named.sort();
    let there: Vec<String> = made.files().into_iter().filter(|f| f.starts_with("data/")).collect();
    assert_eq!(named, there);
    let call = &m.exhibits[0];
    assert_eq!((call.derivatives.len(), call.texts.len()), (7, 1));
    assert_eq!(m.left_out.len(), 1);
    assert_eq!(m.exhibits[1].not_derived.len(), 1);
    assert_eq!(m.exhibits[1].parent.as_ref().and_then(|p| p.exhibit).map(|n| n.0), Some(1));
}

#[test]
fn the_report_says_what_is_unknown_unreviewed_and_left_out() {
    let made = make(sample(), Format::Bag, true);
    let html = made.text("data/report/index.html");
    for must in [
        "Machine, unreviewed",
        "unknown",
        "not yet stamped",
        "not translated",
        "Text over 3.9 s without speech is left out",
        "The speech pack is not installed.",
        "It could not be read: the file is empty.",
        "Speakers were told apart by channel only.",
        "Опись <span class=\"doubtful\">не</span> делали.",
        "An inventory was not made.",
        "took it into the case",
        "made the transcript from it",
        "tried, and failed (transcript)",
        "kept sealed",
        "District archive, letter 31/22",
        "sha256sum --check --strict SHA256SUMS",
        "zapys-verify",
        "E-0005.html.txt",
    ] {
        assert!(html.contains(must), "{must}");
    }
    assert_eq!(html.matches("The decoded sound is 40 ms shorter than stated.").count(), 1, "a finding is told once");
    assert!(!html.contains("Продолжение"), "text over silence is not shown as words");
    assert!(!html.contains("never revealed"), "what is committed to and not opened stays sealed");
    let text = made.text("data/exhibits/E-0001/transcript.txt");
    assert!(text.contains("Machine, unreviewed") && text.contains("  ru: Кто сказал?\n") && !text.contains("Продолжение"));
    assert!(made.text("data/exhibits/E-0004/messages.txt").contains("message 118 by unknown"));
}

#[test]
fn the_report_alone_refers_to_no_files() {
    let made = make(sample(), Format::Html, true);
    let html = fs::read_to_string(&made.path).expect("reads");
    assert!(html.contains("This is the report alone") && !html.contains("../exhibits") && !html.contains("src="));
    assert!(verify_production(&made.path, None).is_err(), "a report alone is nothing to be checked");
}

#[test]
fn no_production_without_a_key_reveals_what_was_not_opened() {
    let made = make(sample(), Format::Bag, true);
    let sealed = zapys_ledger::Opening::commit(zapys_ledger::Salt::from_bytes([0; 32]), "never revealed".into());
    assert!(sealed.is_ok());
    for (path, bytes) in all(&made.path) {
        assert!(!bytes.windows(14).any(|w| w == b"never revealed"), "{path}");
    }
}

#[test]
fn nothing_half_done_stays_behind_and_nothing_is_overwritten() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("p");
    let s = sample();
    fs::create_dir(&path).expect("makes");
    for format in [Format::Bag, Format::Zip, Format::Html] {
        assert!(matches!(put(&s, &path, format, true), Err(WriteError::Exists)));
    }
    fs::remove_dir(&path).expect("removes");
    // What an interrupted run left is cleared away; somebody else's folder of that name is not.
    let partial = home.path().join("p.partial");
    fs::create_dir(&partial).expect("makes");
    for theirs in ["theirs", "bagit.txt"] {
        fs::write(partial.join(theirs), "not ours").expect("writes");
    }
    assert!(matches!(put(&s, &path, Format::Bag, true), Err(WriteError::Exists)));
    assert!(partial.is_dir());
    fs::write(partial.join(".zapys-partial"), "").expect("writes");
    fs::write(partial.join("left"), "over").expect("writes");
    put(&s, &path, Format::Bag, true).expect("writes");
    assert!(!partial.exists() && path.join("bagit.txt").is_file() && !path.join("left").exists());
    let nowhere = home.path().join("no/such/folder/p");
    assert!(matches!(put(&s, &nowhere, Format::Bag, true), Err(WriteError::Io(_))));
}
