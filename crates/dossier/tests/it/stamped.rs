//! Trusted time, witnesses and later keys in a production.

use super::*;
use sample::{first_key, rotated, sample};
use zapys_dossier::extract::StampPart;
use zapys_dossier::{Options, verify};
use zapys_ledger::stamp::{Certificate, Reply, Request};
use zapys_ledger::{Note, SigningKey, sign_note};
use zapys_tests::authority::Authority;

/// A sample with a rotated key, a witness, and, where `openssl` is here, a time stamp with its chain.
pub fn sample_with_everything() -> Sample {
    let mut s = rotated();
    let before = s.extract.ledger.checkpoint.clone();
    if let Some((_, stamp)) = stamp(before.as_bytes()) {
        s.extract.ledger.stamps = vec![stamp];
    }
    cosign(&mut s);
    if let Some(stamp) = s.extract.ledger.stamps.first_mut() {
        stamp.checkpoint = Some(before.into_bytes());
    }
    s
}

fn witness() -> SigningKey {
    SigningKey::from_seed("witness.example.test", &[9; 32]).expect("a key")
}
/// Adds a witness's signature to the head.
fn cosign(s: &mut Sample) {
    let mut note = Note::parse(s.extract.ledger.checkpoint.as_bytes()).expect("a note");
    let other = sign_note(note.text(), &[&witness()]).expect("signs");
    note.add(other.signatures()[0].clone());
    s.extract.ledger.checkpoint = note.to_string();
}
fn stamp(data: &[u8]) -> Option<(Authority, StampPart)> {
    let a = Authority::new()?;
    a.key("tsa", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify("tsa", "middle", "tsa_ext", 30);
    let request = Request::new(data, &[3; 16]).der();
    a.put("r.tsq", &request);
    a.reply("r.tsq", "tsa", None, "r.tsr");
    let reply = a.get("r.tsr");
    let part = StampPart {
        name: "tsa-1".into(),
        time: Some(Reply::parse(&reply).expect("a reply").token().time()),
        tsq: Some(request),
        tsr: Some(reply),
        chain_pem: Some([a.get("tsa.pem"), a.get("middle.pem")].concat()),
        ..StampPart::default()
    };
    Some((a, part))
}
fn roots(a: &Authority, name: &str) -> Vec<Certificate> {
    Certificate::read_file(&a.get(name)).expect("reads")
}

#[test]
fn r2_4_a_stamp_over_the_head_is_verified_and_named_when_it_is_not() {
    let mut s = sample();
    let Some((a, part)) = stamp(s.extract.ledger.checkpoint.as_bytes()) else { return };
    s.extract.ledger.stamps = vec![part.clone()];
    let made = make(s, Format::Bag, true);
    let options = |roots| Options { vkey: Some(made.sample.key.key().clone()), witnesses: Vec::new(), roots };
    let look = |roots| verify(&made.path, &options(roots)).expect("can be looked at");
    let v = look(roots(&a, "root.pem"));
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    assert_eq!(status_of(&v, "time"), [CheckStatus::Ok]);
    // Nobody said whom to trust: the stamp is whole, and that is all.
    let v = look(Vec::new());
    assert!(v.holds && status_of(&v, "time") == [CheckStatus::NotChecked]);
    // Another authority of the same name.
    let v = look(roots(&a, "other.pem"));
    assert_eq!(named(&v), ["stamps/tsa-1/checkpoint.tsr"]);
    // As the report says, without us.
    let line = format!(
        "ts -verify -data {0}/checkpoint -in {0}/stamps/tsa-1/checkpoint.tsr -CAfile root.pem -untrusted {0}/stamps/tsa-1/chain.pem -attime {1}",
        made.path.display(),
        part.time.expect("is read").micros() / 1_000_000
    );
    a.must(&line);
    assert!(made.text("data/report/index.html").contains("openssl ts -verify"));
}

#[test]
fn a_stamp_of_something_else_is_refused() {
    let mut s = sample();
    let Some((_, part)) = stamp(b"other data") else { return };
    s.extract.ledger.stamps = vec![part];
    let made = make(s, Format::Bag, true);
    assert_eq!(named(&made.verdict()), ["stamps/tsa-1/checkpoint.tsr"]);
}

#[test]
fn r2_5_the_key_that_was_handed_over_first_leads_to_the_present_one() {
    let s = rotated();
    let made = make(s, Format::Bag, true);
    for key in [first_key().key().clone(), made.sample.key.key().clone()] {
        let v = verify(&made.path, &Options { vkey: Some(key), ..Options::default() }).expect("can be looked at");
        assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
        assert_eq!(status_of(&v, "key"), [CheckStatus::Ok]);
    }
    let other = SigningKey::from_seed("example.test/synopillia", &[1; 32]).expect("a key");
    let v = verify(&made.path, &Options { vkey: Some(other.key().clone()), ..Options::default() }).expect("can be looked at");
    assert!(named(&v).contains(&"ledger-vkey"));
}

#[test]
fn r2_5_a_key_that_nobody_vouches_for_must_be_handed_over_anew() {
    // The same history, without the old key's signature: the event is shown under the new key alone.
    let mut s = rotated();
    let event = s.extract.ledger.keys[1].event.as_mut().expect("has one");
    let text = String::from_utf8(event.canonical.clone()).expect("text").replace("key_rotated", "key_replaced");
    event.canonical = text.into_bytes();
    s.extract.ledger.keys[1].reason = "lost".into();
    let made = make(s, Format::Bag, true);
    let v =
        verify(&made.path, &Options { vkey: Some(first_key().key().clone()), ..Options::default() }).expect("can be looked at");
    assert!(!v.holds && v.faults().any(|c| c.name == "key" || c.name == "keys"), "{:#?}", v.faults().collect::<Vec<_>>());
}

#[test]
fn witnesses_are_asked_for_and_named_when_they_did_not_sign() {
    let mut s = sample();
    cosign(&mut s);
    let made = make(s, Format::Bag, true);
    let look = |w: &SigningKey| {
        let options = Options { vkey: Some(made.sample.key.key().clone()), witnesses: vec![w.key().clone()], roots: Vec::new() };
        verify(&made.path, &options).expect("can be looked at")
    };
    let v = look(&witness());
    assert!(v.holds && status_of(&v, "witness") == [CheckStatus::Ok]);
    let absent = SigningKey::from_seed("absent.example.test", &[8; 32]).expect("a key");
    let v = look(&absent);
    assert!(v.faults().any(|c| c.name == "witness" && c.detail.contains("has not signed")));
    assert_eq!(status_of(&made.verdict(), "witness"), [CheckStatus::NotChecked]);
}

#[test]
fn a_stamp_made_before_the_witness_signed_still_holds() {
    let made = make(sample_with_everything(), Format::Bag, true);
    let v = made.verdict();
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
}
