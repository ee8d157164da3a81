//! What is refused before anything is handed over.

use super::*;
use sample::{item, sample, with};
use zapys_dossier::extract::*;
use zapys_ledger::Hash;

fn refused(s: &Sample) -> Vec<String> {
    let home = tempfile::tempdir().expect("a folder");
    let mut gates = Vec::new();
    for format in [Format::Bag, Format::Zip, Format::Html] {
        let out = put(s, &home.path().join("p"), format, true);
        let Err(WriteError::Refused(all)) = out else { panic!("{format:?}: {out:?}") };
        gates = all.into_iter().map(|r| r.gate).collect();
        assert_eq!(fs::read_dir(home.path()).expect("lists").count(), 0, "nothing stays behind");
    }
    gates.dedup();
    gates
}

#[test]
fn n12_an_original_that_is_not_what_its_name_promises_is_refused() {
    for change in [|b: &mut Vec<u8>| b[7] ^= 1, |b: &mut Vec<u8>| b.push(0), |b: &mut Vec<u8>| b.clear()] {
        let mut s = sample();
        let object = s.extract.exhibits[0].object;
        change(s.objects.0.get_mut(&object).expect("is there"));
        assert_eq!(refused(&s), ["original-unchanged"]);
    }
}

#[test]
fn a_changed_derivative_is_refused() {
    let mut s = sample();
    let object = s.extract.exhibits[0].derivatives[4].object;
    s.objects.0.get_mut(&object).expect("is there")[9] ^= 1;
    let home = tempfile::tempdir().expect("a folder");
    for format in [Format::Bag, Format::Zip, Format::Html] {
        let out = put(&s, &home.path().join("p"), format, true);
        assert!(matches!(out, Err(WriteError::Refused(_) | WriteError::Object { .. })), "{out:?}");
    }
    assert_eq!(fs::read_dir(home.path()).expect("lists").count(), 0);
}

#[test]
fn orphan_excerpt_is_rejected() {
    let mut s = sample();
    let whole = s.extract.exhibits[0].object;
    let clip = s.extract.exhibits.remove(1);
    s.extract.exhibits = vec![clip];
    s.select();
    assert_eq!(refused(&s), ["orphan-excerpt"]);
    // Named by its hash it may go alone.
    s.extract.exhibits[0].parent.as_mut().expect("has one").object = Some(whole);
    let made = make(s, Format::Bag, true);
    let v = made.verdict();
    assert!(v.holds && v.checks.iter().any(|c| c.name == "parent" && c.detail.contains(&whole.hex())));
    // Named by a hash that is not the whole's, it may not.
    let mut s = sample();
    s.extract.exhibits[1].parent.as_mut().expect("has one").object = Some(zapys_domain::ObjectId::of(b"other"));
    assert_eq!(refused(&s), ["orphan-excerpt"]);
}

#[test]
fn r1_2_a_derivative_that_does_not_name_its_making_is_refused() {
    let drop: [fn(&mut Derivative); 6] = [
        |d| d.inputs.clear(),
        |d| d.engine.name.clear(),
        |d| d.engine.version.clear(),
        |d| d.engine.model_sha256 = None,
        |d| d.parameters = serde_json::Value::Null,
        |d| std::mem::swap(&mut d.started, &mut d.finished),
    ];
    for f in drop {
        let mut s = sample();
        f(&mut s.extract.exhibits[0].derivatives[4]);
        assert_eq!(refused(&s), ["derivative-named"]);
    }
    // Of a server nobody can name the weights: that is said in the limits, and keeps nothing back.
    let mut s = sample();
    let engine = &mut s.extract.exhibits[0].derivatives[4].engine;
    (engine.model_sha256, engine.binary_sha256) = (None, None);
    let made = make(s, Format::Bag, true);
    assert!(made.verdict().holds);
    let limits = made.text("data/limitations.json");
    assert!(limits.contains("nobody outside can know"), "{limits}");
}

#[test]
fn gaps_and_forgeries_in_custody_are_refused() {
    let change: [fn(&mut Vec<CustodyEntry>); 6] = [
        |e| e.clear(),
        |e| drop(e.remove(3)),
        |e| drop(e.remove(0)),
        |e| e.swap(2, 3),
        |e| e[2].canonical[12] ^= 1,
        |e| e[2].inclusion[0] = Hash::of(b"other"),
    ];
    for f in change {
        let mut s = sample();
        f(&mut s.extract.exhibits[0].events);
        assert!(refused(&s).contains(&"custody".into()));
    }
    let mut s = sample();
    let other = s.extract.exhibits[1].events[0].openings[0].clone();
    s.extract.exhibits[0].events[0].openings.push(other);
    assert_eq!(refused(&s), ["openings"]);
    let mut s = sample();
    s.extract.ledger.checkpoint = s.extract.ledger.checkpoint.replacen("\n27\n", "\n28\n", 1);
    assert!(refused(&s).contains(&"checkpoint".into()));
}

#[test]
fn the_ledger_must_name_the_same_bytes() {
    let mut s = sample();
    let (object, bytes) = s.objects.put(b"something else".to_vec());
    (s.extract.exhibits[5].object, s.extract.exhibits[5].bytes) = (object, bytes);
    assert_eq!(refused(&s), ["original-unchanged"]);
}

#[test]
fn nothing_and_the_same_thing_twice_are_no_selection() {
    let mut s = sample();
    s.extract.exhibits.clear();
    s.select();
    assert_eq!(refused(&s), ["selection"]);
    let mut s = sample();
    let again = s.extract.exhibits[0].clone();
    s.extract.exhibits.push(again);
    assert_eq!(refused(&s), ["selection"]);
}

#[test]
fn an_item_of_any_kind_goes_without_derivatives() {
    let mut one = sample();
    let mut e = one.extract.exhibits.remove(5);
    e.derivatives.clear();
    e.acquisitions.clear();
    e.media_type = "application/x-unheard-of".into();
    assert_eq!(e.item, item(6));
    let made = make(with(vec![e], one.objects), Format::Bag, true);
    assert!(made.verdict().holds);
    assert!(made.path.join("data/exhibits/E-0001/E-0001.bin").is_file());
}

#[test]
fn what_was_asked_for_is_here_or_left_out_with_a_reason() {
    let change: [fn(&mut Extract); 7] = [
        |x| drop(x.exhibits.pop()),
        |x| drop(x.left_out.pop()),
        |x| x.left_out[0].reason = " ".into(),
        |x| x.left_out.push(x.left_out[0].clone()),
        |x| x.left_out[0].item = Some(x.exhibits[0].item),
        |x| x.selected.items.truncate(2),
        |x| x.selected.case_items = 3,
    ];
    for f in change {
        let mut s = sample();
        f(&mut s.extract);
        let gates = refused(&s);
        assert!(gates.contains(&"completeness".into()), "{gates:?}");
    }
}
