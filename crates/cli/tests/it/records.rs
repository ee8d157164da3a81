//! What people put on record, as scripts and people meet it. Numbers are those of the requirements.

use crate::stage::{Said, Stage, tone};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

/// A case with a recording of four seconds, a clip of one, a page and a picture of nothing.
fn case() -> Stage {
    let s = Stage::with_case();
    s.write("in/call.wav", &tone(4));
    s.write("in/clip.wav", &tone(1));
    s.write("in/page.html", "<html lang=\"uk\"><head><title>Ящики</title></head><body><article><p>Ящики стояли в коридорі музею до самого вечора, і ніхто їх не відчиняв.</p></article></body></html>".as_bytes());
    s.run(&["-C", "case", "add", "in", "--source", "Channel 7", "-q"]).ends(0);
    s
}
fn run(s: &Stage, args: &[&str]) -> Said {
    s.run(&[&["-C", "case"], args].concat())
}
fn one(said: Said) -> Value {
    said.ends(0).json().remove(0)
}
fn show(s: &Stage, item: &str) -> Value {
    one(run(s, &["show", item, "--json"]))
}
fn record(s: &Stage, args: &[&str]) -> Value {
    one(run(s, &[&["record"], args, &["--json"]].concat()))
}
fn actions(s: &Stage, item: &str) -> Vec<String> {
    let events = run(s, &["custody", item, "--json"]).ends(0).json();
    events.iter().map(|e| e["action"].as_str().expect("an action").to_owned()).collect()
}
fn text(v: &Value) -> String {
    v.as_str().unwrap_or_else(|| panic!("{v}")).to_owned()
}

#[test]
fn r1_1_a_correction_is_a_new_event_and_the_old_record_stays() {
    let s = case();
    let item = s.item("call.wav");
    let first = record(&s, &["phase", &item, "--phase", "collection"]);
    let old = text(&first["record"]);
    let corrected = record(&s, &["phase", "--phase", "verification", "--corrects", &old, "--because", "typed the wrong phase"]);
    assert_eq!((&corrected["corrects"], &corrected["item"]), (&first["record"], &first["item"]));
    let shown = show(&s, &item);
    assert_eq!(shown["phase"], "verification");
    let records = shown["records"].as_array().expect("records");
    assert_eq!(records.len(), 2);
    assert_eq!((&records[0]["state"], &records[0]["corrected_by"]), (&"corrected".into(), &corrected["record"]));
    assert_eq!((&records[1]["state"], &records[1]["because"]), (&"current".into(), &"typed the wrong phase".into()));
    assert_eq!(records[0]["actor"], "person:owner");
    assert_eq!(records[0]["body"]["phase"], "collection", "the old words stay");
    assert!(actions(&s, &item).ends_with(&["recorded".into(), "corrected".into(), "accessed".into()]));
    // A correction of what was corrected, without a reason, or of another kind is refused.
    run(&s, &["record", "phase", "--phase", "collection", "--corrects", &old, "--because", "x"])
        .ends(3)
        .says("corrected already");
    let new = text(&corrected["record"]);
    run(&s, &["record", "hold", "--state", "set", "--authority", "a", "--reason", "b", "--corrects", &new, "--because", "x"])
        .ends(3)
        .says("not a hold record");
    run(&s, &["record", "phase", "--phase", "collection", "--corrects", &new]).ends(3);
    // Taking back is one more event.
    let back = record(&s, &["retract", &new, "--because", "nobody verified it yet"]);
    assert_eq!((&back["state"], back["body"].is_null()), (&"taken-back".into(), true));
    assert!(show(&s, &item)["phase"].is_null());
    run(&s, &["verify", "--json"]).ends(0);
}

#[test]
fn words_of_people_are_in_the_ledger_as_commitments_only() {
    let s = case();
    let item = s.item("call.wav");
    record(&s, &["interception", &item, "--by", "Taras Bilyk", "--target", "+380440000000", "--shortcomings", "none known"]);
    let old =
        text(&record(&s, &["date", &item, "--recorded", "2022-03-14", "--basis", "stated", "--place", "Zarichne"])["record"]);
    record(&s, &["date", "--recorded", "2022", "--basis", "stated", "--corrects", &old, "--because", "Bilyk misread it"]);
    run(&s, &["ledger", "export", "log"]).ends(0);
    let entries = std::fs::read_dir(s.path("log/tile/entries")).expect("entries").map(|e| e.expect("an entry").path());
    let all: String = entries
        .flat_map(|p| {
            if p.is_dir() {
                std::fs::read_dir(p).expect("a folder").map(|e| e.expect("an entry").path()).collect()
            } else {
                vec![p]
            }
        })
        .map(|p| String::from_utf8_lossy(&std::fs::read(p).expect("read")).into_owned())
        .collect();
    assert!(all.contains("\"kind\":\"interception\"") && all.contains("commit:"));
    for secret in ["Bilyk", "380440000000", "Zarichne", "2022-03-14"] {
        assert!(!all.contains(secret), "{secret} is in the ledger");
    }
}

#[test]
fn n11_r1_9_an_excerpt_holds_its_whole_and_travels_with_it() {
    let s = case();
    let (call, clip) = (s.item("call.wav"), s.item("clip.wav"));
    let cut = |span: [&str; 2], of: &str, item: &str| {
        run(
            &s,
            &["record", "excerpt", item, "--of", of, "--start", span[0], "--end", span[1], "--reason", "the passage", "--json"],
        )
    };
    run(&s, &["process", "-q", "--only", "probe,decode"]);
    cut(["2000", "1000"], &call, &clip).ends(3);
    cut(["3000", "9000"], &call, &clip).ends(3).says("ends after the whole");
    cut(["0", "1"], &clip, &clip).ends(3).says("not cut from itself");
    cut(["0", "1"], &s.item("page.html"), &clip).ends(3).says("neither a recording nor a video");
    run(&s, &["record", "excerpt", &clip, "--start", "1", "--end", "2", "--reason", "x"]).ends(3).says("parent");
    cut(["1000", "2000"], &call, &clip).ends(0);
    cut(["0", "1"], &clip, &call).ends(3).says("nor from what was cut from it");
    let shown = show(&s, &clip);
    assert_eq!((&shown["excerpt"]["parent"], &shown["excerpt"]["start_ms"]), (&Value::from(call.clone()), &1000.into()));
    assert_eq!((&shown["excerpt"]["extracted_by"], &shown["excerpt"]["full_available"]), (&"person:owner".into(), &"yes".into()));
    assert_eq!(show(&s, &call)["excerpts"][0], clip.as_str());
    // Handed over alone, it names the digest of its whole, and the verifier looks for it.
    run(&s, &["produce", "--out", "bag", "--items", &clip]).ends(0);
    let manifest = std::fs::read_to_string(s.path("bag/data/manifest.json")).expect("a manifest");
    let object = text(&show(&s, &call)["object"]);
    assert!(manifest.contains(object.trim_start_matches("sha256:")), "the whole is not named: {manifest}");
}

#[test]
fn r1_10_protection_raised_on_one_is_raised_on_all() {
    let s = case();
    let (call, clip, page) = (s.item("call.wav"), s.item("clip.wav"), s.item("page.html"));
    let level = |item: &str| text(&show(&s, item)["sensitivity"]);
    run(&s, &["record", "excerpt", &clip, "--of", &call, "--start", "0", "--end", "1000", "--reason", "x"]).ends(0);
    run(&s, &["record", "protection", &clip, "--level", "protected", "--reason", "a name is heard"]).ends(0);
    assert_eq!((level(&clip), level(&call), level(&page)), ("protected".into(), "protected".into(), "internal".into()));
    // Whoever joins a family has its protection from then on, and so do those who join later.
    run(&s, &["record", "family", &page, &call, "--why", "the same event"]).ends(0);
    assert_eq!(level(&page), "protected");
    assert_eq!(show(&s, &page)["family"].as_array().map(Vec::len), Some(2));
    assert!(show(&s, &call)["records"].as_array().expect("records").iter().any(|r| r["kind"] == "family"), "seen from both");
    run(&s, &["record", "protection", &page, "--level", "sealed", "--reason", "a minor"]).ends(0);
    for item in [&call, &clip, &page] {
        assert_eq!(level(item), "sealed");
        assert!(actions(&s, item).contains(&"sealed".to_owned()));
    }
    let listed = run(&s, &["items", "--json"]).ends(0).json();
    assert!(listed.iter().all(|i| i["sensitivity"] == "sealed"), "lists show it too");
    // A second source that asks for more protection is heard; leaving takes nothing away.
    run(&s, &["record", "protection", &page, "--level", "internal", "--reason", "cleared"]).ends(0);
    s.write("again/call.wav", &tone(4));
    run(&s, &["add", "again", "--source", "B", "--sensitivity", "protected", "-q"]).ends(0);
    assert_eq!((level(&call), level(&page)), ("protected".into(), "protected".into()));
    run(&s, &["record", "family", &page, "--leaves"]).ends(0);
    assert!(show(&s, &page)["family"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(level(&page), "protected");
}

#[test]
fn r1_12_unknown_is_chosen_or_listed_or_refused() {
    let s = case();
    let clip = s.item("clip.wav");
    record(
        &s,
        &["date", &clip, "--recorded", "2022-03-1X", "--published", "unknown", "--collected", "2022-04", "--basis", "written"],
    );
    let shown = show(&s, &clip);
    let date = |which: &str| {
        let found = shown["dates"].as_array().expect("dates").iter().find(|d| d["which"] == which);
        found.unwrap_or_else(|| panic!("{which}")).clone()
    };
    assert_eq!((date("recorded")["precision"].clone(), date("recorded")["basis"].clone()), ("month".into(), "written".into()));
    assert_eq!((date("published")["value"].clone(), date("published")["basis"].clone()), ("unknown".into(), Value::Null));
    assert_eq!((&shown["recorded"]["value"], &shown["collected"]["value"]), (&"2022-03-1X".into(), &"2022-04".into()));
    run(&s, &["record", "date", &clip, "--recorded", "14.03.2022", "--basis", "stated"]).ends(3).says("EDTF");
    run(&s, &["record", "date", &clip, "--recorded", "2022"]).ends(3).says("basis");
    // Plain: listed. Strict: refused, item by item, with the remedy. Chosen: put on record, and then strict is content.
    run(&s, &["produce", "--out", "plain"]).ends(0);
    let limits = std::fs::read_to_string(s.path("plain/data/limitations.json")).expect("limits");
    assert!(limits.contains("Nobody stated every date"), "{limits}");
    let refused = run(&s, &["produce", "--out", "strict", "--strict", "--json"]).ends(1).json();
    let refused = refused.last().expect("an answer")["refused"].as_array().expect("reasons").clone();
    assert_eq!(refused.len(), 2, "the clip is dated: {refused:?}");
    assert!(refused.iter().all(|r| r["gate"] == "dates" && r["reason"].as_str().is_some_and(|t| t.contains("--unknown-dates"))));
    assert!(!s.path("strict").exists());
    run(&s, &["produce", "--out", "chosen", "--strict", "--unknown-dates"]).ends(0);
    let call = show(&s, &s.item("call.wav"));
    assert!(call["dates"].as_array().expect("dates").iter().all(|d| d["value"] == "unknown"));
    assert!(call["records"].as_array().expect("records").iter().any(|r| r["kind"] == "date"));
}

#[test]
fn r1_28_n10_what_was_refused_does_not_leave() {
    let s = case();
    let (call, clip) = (s.item("call.wav"), s.item("clip.wav"));
    run(&s, &["record", "excerpt", &clip, "--of", &call, "--start", "0", "--end", "1000", "--reason", "x"]).ends(0);
    let refusal = text(&record(&s, &["ethics", &call, "--decision", "refused", "--person", "p-7"])["record"]);
    for items in [&call, &clip] {
        let said = run(&s, &["produce", "--out", "bag", "--items", items, "--json"]).ends(1).json();
        assert_eq!(said[0]["refused"][0]["gate"], "consent", "what was cut from it speaks of the same person");
    }
    run(&s, &["produce", "--out", "page", "--items", &s.item("page.html")]).ends(0);
    run(&s, &["record", "ethics", "--decision", "given", "--person", "p-7", "--corrects", &refusal, "--because", "misread"])
        .ends(0);
    run(&s, &["produce", "--out", "bag", "--items", &clip]).ends(0);
}

#[test]
fn r1_42_a_party_s_clip_says_so_until_somebody_verified_it() {
    let s = case();
    run(&s, &["record", "party", "--party", "a side", "--selection", "unknown", "--source", "Channel 7"]).ends(0);
    let words = "unverified, originator party to conflict, selection unknown";
    assert_eq!(show(&s, &s.item("clip.wav"))["standing"], words);
    s.write("late.wav", &tone(2));
    run(&s, &["add", "late.wav", "--source", "Channel 7", "-q"]).ends(0);
    assert_eq!(show(&s, &s.item("late.wav"))["standing"], words, "also what comes later from there");
    s.write("else.wav", &tone(3));
    run(&s, &["add", "else.wav", "--source", "Somebody", "-q"]).ends(0);
    assert!(show(&s, &s.item("else.wav"))["standing"].is_null());
}

#[test]
fn r1_19_intake_stays_usable_and_warns() {
    let s = Stage::with_case();
    s.write("a.wav", &tone(1));
    s.write("b.wav", &tone(2));
    let said = run(&s, &["add", "a.wav", "--json"]).ends(0).json();
    assert_eq!((&said[0]["status"], &said[0]["findings"][0]["code"]), (&"added".into(), &"no-legal-basis".into()));
    let said = run(&s, &["add", "b.wav", "--legal-basis", "order 7", "--json"]).ends(0).json();
    assert!(said[0]["findings"].is_null());
}

#[test]
fn records_come_as_json_and_mistakes_are_named_without_what_was_typed() {
    let s = case();
    let item = s.item("call.wav");
    let mut child = s
        .command(&["-C", "case", "record", "intake", &item, "-", "--cropped", "yes", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let body = br#"{"who":"a clerk","cropped":"no","legal_basis":{"basis":"court-order"}}"#;
    child.stdin.take().expect("piped").write_all(body).expect("reads");
    let said = one(Said::from(child.wait_with_output().expect("ends")));
    assert_eq!((&said["body"]["who"], &said["body"]["cropped"]), (&"a clerk".into(), &"yes".into()), "what is typed stands");
    for (args, word) in [
        (&["record", "phase", "--phase", "collection"][..], "about an item"),
        (&["record", "phase", &item, "--phase", "Bilyk"], "expected one of"),
        (&["record", "phase", &item], "missing field"),
        (&["record", "error", "--effect", "none"], "say what went wrong"),
        (&["record", "phase", "01ZZZZ", "--phase", "collection"], "no item"),
        (&["record", "retract", "01ZZZZ", "--because", "x"], "no record"),
        (&["record", "ethics", &item, "--decision", "given", "--person", " "], "empty"),
    ] {
        let said = run(&s, args).ends(3).says(word);
        assert!(!said.err.contains("Bilyk"), "{}", said.err);
    }
    run(&s, &["record", "error", "--none-known"]).ends(0);
    assert_eq!(run(&s, &["record", "list", "--json"]).ends(0).json().len(), 1);
    assert_eq!(run(&s, &["record", "phase", "--all", "--phase", "collection", "--json"]).ends(0).json().len(), 3);
}

#[test]
fn r1_4_r1_30_a_look_is_an_event_once_an_hour_and_also_beside_a_writer() {
    let s = case();
    let item = s.item("page.html");
    run(&s, &["process", "-q", &item]).ends(0);
    for command in ["show", "text", "show"] {
        run(&s, &[command, &item]).ends(0);
    }
    let looks = |s: &Stage| actions(s, &item).iter().filter(|a| *a == "accessed").count();
    assert_eq!(looks(&s), 1);
    assert_eq!(actions(&s, &s.item("call.wav")).iter().filter(|a| *a == "accessed").count(), 0, "lists are no look");
    run(&s, &["record", "hold", &item, "--state", "set", "--authority", "order 9", "--reason", "trial"]).ends(0);
    assert!(show(&s, &item)["legal_hold"] == true && actions(&s, &item).contains(&"legal_hold".to_owned()));
    run(&s, &["record", "hold", &item, "--state", "released", "--authority", "order 9", "--reason", "over"]).ends(0);
    assert_eq!(show(&s, &item)["legal_hold"], false);
    run(&s, &["verify"]).ends(0);
}
