//! Chance and malice without the lists: every changed, missing, added or swapped file is named.

use super::*;
use sample::sample;

#[test]
fn one_flipped_byte_in_any_file_is_noticed_and_the_file_named() {
    let made = make(sample(), Format::Bag, true);
    for (n, (file, good)) in all(&made.path).into_iter().enumerate() {
        let last = good.len() - 1;
        let places = [(0, 1u8), (last / 2, 0x20), (last, 0x02)];
        // Events and proofs are many and alike: one place each, in turn.
        let alike = file.starts_with("proofs/01");
        for (at, bit) in places.into_iter().skip(if alike { n % 3 } else { 0 }).take(if alike { 1 } else { 3 }) {
            let mut bad = good.clone();
            bad[at] ^= bit;
            made.put(&file, &bad);
            let v = made.verdict();
            assert!(named(&v).contains(&file.as_str()), "{file} at {at}: {:#?}", v.faults().collect::<Vec<_>>());
            // What others' lists say is told once, and bag-info.txt is not blamed for a file's length.
            if file.starts_with("data/exhibits") {
                assert_eq!(named(&v), [file.as_str()]);
            }
        }
        made.put(&file, &good);
    }
    assert!(made.verdict().holds);
}

#[test]
fn an_innocent_file_is_not_named_for_a_changed_list() {
    let made = make(sample(), Format::Bag, true);
    for list in ["manifest-sha256.txt", "tagmanifest-sha512.txt", "SHA256SUMS"] {
        let good = made.read(list);
        let mut bad = good.clone();
        // A digit of the first digest.
        bad[3] = if bad[3] == b'0' { b'1' } else { b'0' };
        made.put(list, &bad);
        assert!(named(&made.verdict()).iter().all(|n| *n == list), "{list}: {:?}", named(&made.verdict()));
        made.put(list, &good);
    }
}

#[test]
fn every_added_file_is_named() {
    let made = make(sample(), Format::Bag, true);
    for file in [
        "data/exhibits/E-0001/extra.txt",
        "data/extra",
        "extra.txt",
        "proofs/01JB0000000000000000000001/99.json",
        "manifest-md5.txt",
        "fetch.txt",
        "data/exhibits/E-0001/run.html",
    ] {
        made.put(file, "x");
        let v = made.verdict();
        assert!(named(&v).contains(&file), "{file}: {:#?}", v.faults().collect::<Vec<_>>());
        fs::remove_file(made.path.join(file)).expect("removes");
    }
    assert!(made.verdict().holds);
}

#[test]
fn swapped_files_are_both_named() {
    let made = make(sample(), Format::Bag, true);
    for (a, b) in [
        ("data/exhibits/E-0001/E-0001.amr", "data/exhibits/E-0002/E-0002.ogg"),
        ("data/exhibits/E-0001/derivatives/transcript.json", "data/exhibits/E-0001/derivatives/translation.json"),
        ("proofs/01JB0000000000000000000001/1.json", "proofs/01JB0000000000000000000001/3.json"),
        ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt"),
    ] {
        let (x, y) = (made.read(a), made.read(b));
        made.put(a, &y);
        made.put(b, &x);
        let v = made.verdict();
        let n = named(&v);
        assert!(n.contains(&a) && n.contains(&b), "{a}: {n:?}");
        made.put(a, &x);
        made.put(b, &y);
    }
}

#[test]
fn a_flipped_byte_in_a_zip_is_noticed_or_changes_nothing() {
    let made = make(sample(), Format::Zip, true);
    let good = fs::read(&made.path).expect("reads");
    let whole = made.verdict();
    let mut noticed = 0;
    for at in (0..good.len()).step_by(good.len() / 150) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&made.path, &bad).expect("writes");
        match verify_production(&made.path, Some(made.sample.key.key())) {
            // Only times and versions in the container's own heads may differ: the files are the same.
            Ok(v) if v.holds => assert_eq!((v.files, v.bytes), (whole.files, whole.bytes), "byte {at}"),
            _ => noticed += 1,
        }
    }
    assert!(noticed > 120, "{noticed}");
}
