//! Words, exit codes and errors of the command line.

use crate::stage::Stage;

#[test]
fn wrong_usage_is_exit_three_and_help_is_not_wrong() {
    let s = Stage::new();
    s.run(&[]).ends(3);
    s.run(&["nonsense"]).ends(3);
    s.run(&["items", "--kind"]).ends(3);
    s.run(&["--help"]).ends(0);
    s.run(&["add", "--help"]).ends(0);
    s.run(&["--version"]).ends(0);
}

#[test]
fn commands_of_later_versions_say_so_and_exit_three() {
    let s = Stage::with_case();
    for command in [
        &["match", "x"][..],
        &["duplicates"],
        &["lineage"],
        &["leak-check", "x"],
        &["statement", "add", "--reason", "x"],
        &["redact", "x", "--profile", "y"],
        &["worker"],
        &["user", "add", "x", "--role", "y"],
        &["-C", "case", "search", "x", "--mode", "meaning"],
        &["-C", "case", "produce", "--out", "x", "--redact", "y"],
        &["-C", "case", "produce", "--out", "x", "--dossier", "y"],
        &["models", "pull", "x"],
    ] {
        let said = s.run(command).ends(3).says("not there yet");
        assert!(said.out.is_empty(), "{command:?} pretends: {}", said.out);
    }
}

#[test]
fn nobodys_voice_is_measured_unless_somebody_wants_it() {
    let s = Stage::with_case();
    s.run(&["-C", "case", "voices"]).ends(1).says("Set `voices = \"on\"` in the settings");
    s.run(&["-C", "case", "voices", "confirm", "abc", "--because", "x"]).ends(3).says("no pair of voices of that name");
}

#[test]
fn every_command_of_the_contract_is_known() {
    let help = Stage::new().run(&["--help"]).ends(0).out;
    let commands = "init add process items show custody transcript text messages calls search match duplicates lineage voices verify ledger \
                    produce leak-check statement claim source person number place incident review consent glossary dossier redact \
                    conformance backup restore move serve worker models reindex doctor config user record key dispose";
    for command in commands.split_whitespace() {
        assert!(help.lines().any(|l| l.trim_start().starts_with(command)), "{command}");
    }
}

#[test]
fn an_error_is_a_sentence_with_a_remedy_and_the_same_as_json() {
    let s = Stage::new();
    s.run(&["-C", "nowhere", "items"]).ends(3).says("nowhere is no case").says("zapys init");
    let said = s.run(&["-C", "nowhere", "items", "--json"]).ends(3);
    let e = &said.json()[0]["error"];
    assert_eq!(e["kind"], "usage");
    assert!(e["message"].as_str().is_some_and(|m| m.contains("is no case")) && e["hint"].as_str().is_some_and(|h| !h.is_empty()));
}

#[test]
fn a_case_is_made_once_and_never_over_something_else() {
    let s = Stage::with_case();
    s.run(&["init", "case"]).ends(3).says("not empty");
    s.write("full/letter.txt", b"mine");
    s.run(&["init", "full"]).ends(3).says("not empty");
    assert_eq!(std::fs::read(s.path("full/letter.txt")).expect("still there"), b"mine");
    let card = s.run(&["init", "other", "--name", "X", "--no-encryption", "--json"]).ends(0).json();
    for field in ["case", "name", "ledger_origin", "ledger_vkey"] {
        assert!(card[0][field].is_string(), "{field}");
    }
}

#[test]
fn settings_know_where_they_came_from() {
    let s = Stage::new();
    s.write("s.toml", b"workers = 1\n");
    let said = s.run(&["--config", "s.toml", "-C", "x", "config", "show", "--json"]).ends(0);
    let from = |name: &str| said.json().into_iter().find(|v| v["name"] == name).map(|v| v["from"].clone());
    assert_eq!(from("workers"), Some("file".into()));
    assert_eq!(from("case"), Some("flag".into()));
    assert_eq!(from("listen"), Some("default".into()));
    s.write("bad.toml", b"wrokers = 1\n");
    s.run(&["--config", "bad.toml", "config", "show"]).ends(3).says("no setting called");
}

#[test]
fn doctor_names_what_is_missing_and_how_to_get_it() {
    let s = Stage::new();
    let lines =
        s.command(&["doctor", "--json"]).env("ZAPYS_PACKS", s.path("none")).env("PATH", s.path("none")).output().expect("starts");
    let said = crate::stage::Said::from(lines).ends(1);
    let missing: Vec<_> = said.json().into_iter().filter(|l| l["state"] == "missing").collect();
    assert!(!missing.is_empty());
    assert!(missing.iter().all(|l| l["hint"].as_str().is_some_and(|h| !h.is_empty())), "{missing:?}");
}
