//! Marked evidence must not turn up where nobody looks for it: logs, temporary names, the ledger.

use crate::stage::Stage;

const MARK: &str = "Жовтогаряча";
const NAME: &str = "Zhovtohariacha";

#[test]
fn n9_marked_evidence_is_in_no_log_and_no_name() {
    let s = Stage::with_case();
    s.write(&format!("in/{NAME}.txt"), format!("{MARK} папка лежала на столі.").as_bytes());
    s.write(
        &format!("in/{NAME}.html"),
        format!("<html lang=\"uk\"><head><title>{MARK}</title></head><body><article><p>«{MARK} папка», — сказала {NAME}.</p></article></body></html>").as_bytes(),
    );
    s.write("in/result.json", format!(r#"{{"name":"{MARK}","type":"personal_chat","id":1,"messages":[{{"id":1,"type":"message","date":"2022-03-01T10:00:00","date_unixtime":"1646121600","from":"{NAME}","from_id":"user1","text":"{MARK}"}}]}}"#).as_bytes());
    let mut logs = String::new();
    for command in [
        &["-vvvv", "-C", "case", "add", "in", "--source", NAME, "--json"][..],
        &["-vvvv", "-C", "case", "process", "--json"],
        &["-vvvv", "-C", "case", "search", MARK, "--json"],
        &["-vvvv", "-C", "case", "verify", "--json"],
        &["-vvvv", "-C", "case", "produce", "--out", "bag", "--json"],
    ] {
        logs += &s.run(command).ends(0).err;
    }
    assert!(logs.contains("zapys_casework"), "nothing was logged: {logs}");
    for mark in [MARK, NAME] {
        assert!(!logs.contains(mark), "{mark} is in the log: {}", logs.lines().find(|l| l.contains(mark)).unwrap_or_default());
    }
    let mut folders = vec![s.path("case"), s.path("bag")];
    while let Some(dir) = folders.pop() {
        for entry in std::fs::read_dir(dir).expect("a folder").map(|e| e.expect("an entry")) {
            assert!(!entry.file_name().to_string_lossy().contains(NAME), "{:?}", entry.path());
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
        }
    }
}
