//! What is written about a production: the account of the selection, drafts, descriptions, records.

use super::*;
use sample::{item, sample};
use serde_json::Value;
use zapys_dossier::manifest::{Completeness, Conformance, Limitations};

/// Something that is done to a paper.
type Change = fn(&mut Value);

fn json(made: &Made, file: &str) -> Value {
    serde_json::from_slice(&made.read(file)).expect("is JSON")
}

#[test]
fn everything_that_was_asked_for_is_accounted_for() {
    let made = make(sample(), Format::Bag, true);
    let c: Completeness = serde_json::from_slice(&made.read("data/completeness.json")).expect("reads");
    assert_eq!((c.counts.selected, c.counts.included, c.counts.left_out, c.counts.not_selected), (7, 6, 1, 0));
    assert!(c.counts.add_up());
    assert_eq!(c.left_out[0].item, Some(item(99)));
    let v = made.verdict();
    assert_eq!(status_of(&v, "completeness"), [CheckStatus::Ok, CheckStatus::NotChecked]);
}

#[test]
fn an_account_that_does_not_add_up_is_named() {
    let made = make(sample(), Format::Bag, false);
    let good = made.read("data/completeness.json");
    let change: [(&str, Change); 9] = [
        ("add up", |c| c["counts"]["case_items"] = 8.into()),
        ("add up", |c| c["counts"]["left_out"] = 0.into()),
        ("exhibits of the manifest", |c| drop(c["included"].as_array_mut().expect("a list").pop())),
        ("here and what is left out together", |c| drop(c["left_out"].as_array_mut().expect("a list").pop())),
        ("here and what is left out together", |c| drop(c["selected"].as_array_mut().expect("a list").pop())),
        ("without an id or a reason", |c| c["left_out"][0]["reason"] = "".into()),
        ("twice", |c| {
            let first = c["selected"][0].clone();
            c["selected"].as_array_mut().expect("a list").push(first);
        }),
        ("named by its id", |c| {
            let l = c["left_out"][0].clone();
            c["not_asked_for"] = serde_json::json!([l]);
        }),
        ("another production", |c| c["ledger_size"] = 3.into()),
    ];
    for (why, f) in change {
        let mut c: Value = serde_json::from_slice(&good).expect("reads");
        f(&mut c);
        made.put("data/completeness.json", serde_json::to_vec(&c).expect("writes"));
        let v = made.verdict();
        assert!(
            v.faults().any(|c| c.name == "completeness" && c.detail.contains(why)),
            "{why}: {:#?}",
            v.faults().collect::<Vec<_>>()
        );
    }
}

#[test]
fn r1_24_the_drafts_state_facts_and_leave_blanks() {
    let made = make(sample(), Format::Bag, true);
    let d = json(&made, "data/certificates/fre-902-14-draft.json");
    assert_eq!((&d["draft"], &d["certifier"]["name"], &d["certifier"]["signature"]), (&true.into(), &Value::Null, &Value::Null));
    assert!(d["notice"].as_str().is_some_and(|n| n.starts_with("DRAFT, NOT SIGNED") && n.contains("28 U.S.C. 1746")));
    let copies = d["copies"].as_array().expect("a list");
    assert_eq!(copies.len(), 6);
    for c in copies {
        for field in ["exhibit", "tool", "algorithm", "copied_at", "digest_when_taken_in", "digest_in_production", "custody_from"]
        {
            assert!(c[field].is_string(), "{field}");
        }
        assert_eq!((&c["match"], &c["digest_when_taken_in"]), (&true.into(), &c["digest_in_production"]));
    }
    assert_eq!(copies[0]["device_or_medium"], "A memory card, kept at the archive");
    assert_eq!(copies[1]["device_or_medium"], Value::Null);
    let d = json(&made, "data/certificates/fre-902-13-draft.json");
    let p = d["processes"].as_array().expect("a list").iter().find(|p| p["makes"] == "Transcript").expect("is there");
    assert_eq!(
        (&p["known_error_rates"], &p["test_evidence"]),
        (&Value::Null, &"docs/benchmarks.md of the program's source".into())
    );
    assert!(
        p["known_limits"].as_array().is_some_and(|l| l.len() == 3)
            && p["model_sha256"].is_string()
            && p["parameters"].is_object()
    );
    for stem in ["fre-902-13-draft", "fre-902-14-draft"] {
        let page = made.text(&format!("data/certificates/{stem}.html"));
        assert!(page.contains("DRAFT, NOT SIGNED") && page.contains("to be completed") && !page.contains("<script"));
        assert!(made.read(&format!("data/certificates/{stem}.pdf")).starts_with(b"%PDF"));
    }
}

#[test]
fn a_draft_that_was_signed_or_rewritten_is_named() {
    let made = make(sample(), Format::Bag, false);
    let file = "data/certificates/fre-902-14-draft.json";
    let good = made.read(file);
    let change: [fn(&mut Value); 3] = [
        |d| d["certifier"]["signature"] = "somebody".into(),
        |d| d["draft"] = false.into(),
        |d| d["copies"][0]["digest_when_taken_in"] = d["copies"][1]["digest_in_production"].clone(),
    ];
    for f in change {
        let mut d: Value = serde_json::from_slice(&good).expect("reads");
        f(&mut d);
        made.put(file, serde_json::to_vec(&d).expect("writes"));
        assert!(made.verdict().faults().any(|c| c.name == "certificates" && c.subject.as_deref() == Some(file)));
    }
}

#[test]
fn limits_and_conformance_are_data_and_words() {
    let made = make(sample(), Format::Bag, true);
    let l: Limitations = serde_json::from_slice(&made.read("data/limitations.json")).expect("reads");
    assert!(l.limitations.iter().any(|l| l.text.contains("R1.31") && l.exhibits.len() == 1));
    let c: Conformance = serde_json::from_slice(&made.read("data/conformance.json")).expect("reads");
    assert_eq!(c.rows.len(), 5);
    let html = made.text("data/report/index.html");
    for must in [
        "What named standards find",
        "It certifies nothing",
        "No date has a basis.",
        "The card was read without a write blocker.",
        "He says that he had no telephone at that time.",
        "The logbook names March.",
        "An article says",
        "The archive says that it was never made.",
        "items in the case",
        "Sheet 14, line 3",
        "is one person with",
        "a likeness and no proof",
        "Glossary: what words",
        "карандаш",
        "fre-902-14-draft.html",
    ] {
        let must = must.replace("An article says", "The article says the holdings were moved.");
        assert!(html.contains(&must), "{must}");
    }
}

#[test]
fn a_line_about_something_that_is_not_handed_over_is_not_written() {
    let mut s = sample();
    s.extract.conformance[0].item = Some(item(77));
    s.extract.conformance[0].detail = "told about a hidden thing".into();
    let made = make(s, Format::Bag, true);
    assert!(made.verdict().holds);
    for (path, bytes) in all(&made.path) {
        assert!(!bytes.windows(25).any(|w| w == b"told about a hidden thing"), "{path}");
    }
}

#[test]
fn the_crate_names_its_profile_every_file_and_every_derivation() {
    let made = make(sample(), Format::Bag, true);
    let v = json(&made, "data/ro-crate-metadata.json");
    let graph = v["@graph"].as_array().expect("a list");
    let head = graph.iter().find(|e| e["@id"] == "ro-crate-metadata.json").expect("is there");
    assert_eq!(head["conformsTo"]["@id"], "https://w3id.org/ro/crate/1.2");
    let actions = graph.iter().filter(|e| e["@type"] == "CreateAction" && e["derivationKey"].is_string()).count();
    assert_eq!(actions, 13);
    // One-element lists are not recommended.
    fn single(v: &Value) -> bool {
        match v {
            Value::Array(a) => a.len() == 1 || a.iter().any(single),
            Value::Object(o) => o.values().any(single),
            _ => false,
        }
    }
    assert!(!graph.iter().any(single));
}

#[test]
fn a_description_that_says_otherwise_is_named() {
    let made = make(sample(), Format::Bag, false);
    let change: [(&str, &str, Change); 6] = [
        ("ro-crate", "data/ro-crate-metadata.json", |v| v["@graph"][0]["conformsTo"] = Value::Null),
        ("ro-crate", "data/ro-crate-metadata.json", |v| {
            drop(v["@graph"][1]["hasPart"].as_array_mut().expect("a list").remove(0))
        }),
        ("ro-crate", "data/ro-crate-metadata.json", |v| {
            v["@graph"].as_array_mut().expect("a list").retain(|e| e["@type"] != "CreateAction");
        }),
        ("case-uco", "data/custody/case.jsonld", |v| {
            let all = v["@graph"].as_array_mut().expect("a list");
            let at = all.iter().position(|e| e["uco-core:name"] == "imported").expect("is there");
            all.remove(at);
        }),
        ("case-uco", "data/custody/case.jsonld", |v| {
            let all = v["@graph"].as_array_mut().expect("a list");
            let e = all.iter_mut().find(|e| e["uco-core:name"] == "imported").expect("is there");
            e["uco-action:startTime"]["@value"] = "2020-01-01T00:00:00Z".into();
        }),
        ("case-uco", "data/custody/case.jsonld", |v| {
            let text = v.to_string().replace("E-0001.amr", "E-0001.wav");
            *v = serde_json::from_str(&text).expect("reads");
        }),
    ];
    for (name, file, f) in change {
        let good = made.read(file);
        let mut v: Value = serde_json::from_slice(&good).expect("reads");
        f(&mut v);
        made.put(file, serde_json::to_vec(&v).expect("writes"));
        assert!(made.verdict().faults().any(|c| c.name == name && c.subject.as_deref() == Some(file)), "{name}");
        made.put(file, good);
    }
}

#[test]
fn the_same_content_has_the_same_id_and_other_content_another() {
    use zapys_dossier::naming::production_id;
    let s = sample();
    let id = production_id(&s.extract);
    assert_eq!(id, production_id(&sample().extract));
    let change: [fn(&mut zapys_dossier::Extract); 8] = [
        |x| x.made = zapys_domain::Instant::from_seconds(1),
        |x| x.selection.push('.'),
        |x| drop(x.exhibits[0].derivatives.pop()),
        |x| drop(x.exhibits[0].records.errors.pop()),
        |x| x.limitations.clear(),
        |x| x.exhibits[1].status = zapys_dossier::extract::Status::Verified,
        |x| x.ledger.checkpoint.push('\n'),
        |x| x.conformance[0].status = "missing".into(),
    ];
    for f in change {
        let mut x = sample().extract;
        f(&mut x);
        assert_ne!(production_id(&x), id);
    }
}
