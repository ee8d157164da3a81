//! What people made of a transcript: shown beside the machine's words, and held against the ledger.

use super::*;
use sample::revised;
use serde_json::Value;

/// Something that is done to the revisions in a manifest.
type Change = fn(&mut Value);

#[test]
fn r1_16_both_texts_are_there_wherever_they_differ() {
    let made = make(revised(), Format::Bag, true);
    let v = made.verdict();
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    let told: Vec<&str> = v.checks.iter().filter(|c| c.name == "revision").map(|c| c.detail.as_str()).collect();
    assert_eq!(told, ["2 revisions of the transcript hold over the machine's words, and each is the one that the ledger names."]);
    let text = made.text("data/exhibits/E-0001/transcript-revised.txt");
    for line in [
        "Revision 2: corrected, by person:owner, ",
        "a person's words in 2 of 7 segments; the rest is the machine's, unreviewed.",
        "A (revision 1)\n  ru: Опись не делали. Сказали: потом.\n  the machine heard: Опись не делали. Сказали, потом.",
        "B (revision 1)\n  uk: Добре.\n",
        "B (revision 2)\n  taken away: nothing was said here\n  the machine heard: Кто сказал?",
        "(machine, unreviewed)\n  uk: Слухаю. Ви на складі?\n\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(made.text("data/exhibits/E-0001/transcript.txt").contains("Кто сказал?"), "the machine's words stay");
    let report = made.text("data/report/index.html");
    for part in [
        "<b>Revision 2</b>",
        "<td class=\"say reviewed\" lang=\"ru\" dir=\"auto\">Опись не делали. Сказали: потом.</td>",
        "Transcript, revision 1",
        "heard again with headphones",
        "except where a revision or a translation names the person whose words they are",
    ] {
        assert!(report.contains(part), "{part}");
    }
}

#[test]
fn r1_11_what_people_translated_stands_beside_its_words() {
    let made = make(revised(), Format::Bag, true);
    let v = made.verdict();
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    let told: Vec<&str> = v.checks.iter().filter(|c| c.name == "translation").map(|c| c.detail.as_str()).collect();
    assert_eq!(told, ["3 translations by people are of words that are here, and what the ledger names."]);
    let text = made.text("data/exhibits/E-0001/translation-by-people.txt");
    let line = "  words: Опись не делали. Сказали: потом.\n  en: They made no list. They said: later.\n  note: \"list\" may be \"inventory\"\n";
    assert!(text.contains(line) && text.contains("en: No list was made. Later, they said."), "{text}");
    assert!(!text.contains("They made no list.\n"), "what its author said another way later");
    let report = made.text("data/report/index.html");
    for part in [
        "<h3>Translations by people</h3>",
        "They made no list. They said: later.",
        "Translation by a person",
        "of revision 1, 1 segment",
    ] {
        assert!(report.contains(part), "{part}");
    }
    let good = made.read("data/manifest.json");
    let change: [(&str, Change); 6] = [
        ("Translation 1 by a person, of E-0001, is not what its custody event committed to", |v| {
            v[0]["translation"]["lines"][0]["text"] = "They made a list.".into();
        }),
        ("Translation 2 by a person, of E-0001, was not made by whom or when", |v| v[1]["by"]["id"] = "person:m".into()),
        ("is one that no custody event tells of", |v| v[1]["record"] = "01JB0000000000000000004999".into()),
        ("A translation of E-0001 that custody event", |v| drop(v.as_array_mut().expect("a list").pop())),
        ("is not of the words that are here", |v| v[0]["translation"]["lines"][0]["of"] = "Опись делали.".into()),
        ("is of a revision that is not here", |v| v[0]["translation"]["over"] = "01JB0000000000000000004777".into()),
    ];
    for (why, f) in change {
        let mut manifest: Value = serde_json::from_slice(&good).expect("reads");
        f(&mut manifest["exhibits"][0]["records"]["rendered"]);
        made.put("data/manifest.json", serde_json::to_vec(&manifest).expect("writes"));
        let v = made.verdict();
        assert!(
            v.faults().any(|c| c.name == "translation" && c.detail.contains(why)),
            "{why}: {:#?}",
            v.faults().collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_revision_that_is_another_is_named() {
    let made = make(revised(), Format::Bag, false);
    let good = made.read("data/manifest.json");
    let change: [(&str, Change); 9] = [
        ("Revision 1 of E-0001 is not what its custody event committed to", |v| v[0]["revision"]["reason"] = "made up".into()),
        ("Revision 1 of E-0001 is not what its custody event committed to", |v| {
            v[0]["revision"]["changes"][0]["text"] = "Опись делали.".into();
        }),
        ("Revision 1 of E-0001 was not made by whom or when", |v| v[0]["by"]["id"] = "person:m".into()),
        ("Revision 2 of E-0001 was not made by whom or when", |v| v[1]["at"] = v[0]["at"].clone()),
        ("is one that no custody event tells of", |v| v[1]["record"] = "01JB0000000000000000004999".into()),
        ("that custody event", |v| drop(v.as_array_mut().expect("a list").pop())),
        ("Revision 2 of E-0001 lies on one that is not here", |v| drop(v.as_array_mut().expect("a list").remove(0))),
        ("lies on a transcript that is not here", |v| {
            v[0]["revision"]["base"] = format!("sha256:{}", "7".repeat(64)).into();
        }),
        ("does not fit the text that it lies on", |v| {
            let again = v[1]["revision"]["changes"][0].clone();
            v[1]["revision"]["changes"].as_array_mut().expect("a list").push(again);
        }),
    ];
    for (why, f) in change {
        let mut manifest: Value = serde_json::from_slice(&good).expect("reads");
        f(&mut manifest["exhibits"][0]["records"]["versions"]);
        made.put("data/manifest.json", serde_json::to_vec(&manifest).expect("writes"));
        let v = made.verdict();
        assert!(
            v.faults().any(|c| c.name == "revision" && c.detail.contains(why)),
            "{why}: {:#?}",
            v.faults().collect::<Vec<_>>()
        );
    }
}
