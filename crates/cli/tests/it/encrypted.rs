//! Encryption at rest: everything in the case folder is sealed, and only a way in opens it.

use crate::stage::{Stage, tone};
use std::path::{Path, PathBuf};

const MARK: &str = "Жовтогаряча";
const NAME: &str = "Zhovtohariacha";
const NUMBER: &str = "+380501112233";

/// A stage with an encrypted case that a key file opens: quick, for tests that are not about passphrases.
fn with_key_file() -> Stage {
    let s = Stage::new();
    let key: Vec<u8> = (0..64u8).map(|i| i.wrapping_mul(37) ^ 0x5a).collect();
    s.write("key", &key);
    s.run(&["init", "case", "--name", &format!("Справа {MARK}"), "--key-file", "key", "--no-recovery-key"]).ends(0);
    s
}
fn run(s: &Stage, args: &[&str]) -> crate::stage::Said {
    s.run(&[&["-C", "case", "--key-file", "key"][..], args].concat())
}
fn evidence(s: &Stage) {
    s.write(&format!("in/{NAME}.txt"), format!("{MARK} папка лежала на столі, дзвонити {NUMBER}.").as_bytes());
    s.write("in/result.json", format!(r#"{{"name":"{MARK}","type":"personal_chat","id":1,"messages":[{{"id":1,"type":"message","date":"2022-03-01T10:00:00","date_unixtime":"1646121600","from":"{NAME}","from_id":"user1","text":"{MARK}"}}]}}"#).as_bytes());
    s.write("in/calls.csv", format!("A;B;Початок;Тривалість\n{NUMBER};{NUMBER};2022-03-01 10:00:00;61\n").as_bytes());
    s.write("in/tone.wav", &tone(2));
}
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(dir) = folders.pop() {
        for entry in std::fs::read_dir(dir).expect("a folder").map(|e| e.expect("an entry").path()) {
            if entry.is_dir() { folders.push(entry) } else { found.push(entry) }
        }
    }
    found.sort();
    found
}
/// Words that must not be found, as they may lie about: UTF-8, UTF-16, lower case.
fn marks() -> Vec<Vec<u8>> {
    let mut marks = Vec::new();
    for word in [MARK, NAME, NUMBER, "380501112233", "Справа"] {
        for word in [word.to_owned(), word.to_lowercase()] {
            marks.push(word.encode_utf16().flat_map(u16::to_le_bytes).collect());
            marks.push(word.into_bytes());
        }
    }
    marks
}
fn find_marks(dir: &Path) -> Vec<String> {
    let marks = marks();
    let mut hits = Vec::new();
    for file in files(dir) {
        let bytes = std::fs::read(&file).expect("a file");
        let name = file.to_string_lossy().into_owned().into_bytes();
        for mark in &marks {
            let inside = |b: &[u8]| b.windows(mark.len()).any(|w| w == mark.as_slice());
            if inside(&bytes) || inside(&name) {
                hits.push(format!("{} holds {}", file.display(), String::from_utf8_lossy(mark)));
            }
        }
    }
    hits
}

/// T1: seized, powered off.
#[test]
fn nothing_of_the_evidence_is_readable_in_the_case_folder() {
    let s = with_key_file();
    evidence(&s);
    run(&s, &["add", "in", "--source", NAME, "--label", &format!("who={MARK}")]).ends(0);
    run(&s, &["process"]);
    let hits = run(&s, &["search", MARK, "--json"]).ends(0).json();
    assert!(hits.len() >= 2, "the words are found when the case is open: {hits:?}");
    assert_eq!(run(&s, &["items", "--json"]).ends(0).json().len(), 4);
    run(&s, &["verify", "--deep"]).ends(0);
    assert_eq!(find_marks(&s.path("case")), Vec::<String>::new());
    // The plain case shows that the search for marks finds them where they are.
    s.run(&["init", "plain", "--name", "Test", "--no-encryption"]).ends(0);
    s.run(&["-C", "plain", "add", "in"]).ends(0);
    assert!(!find_marks(&s.path("plain")).is_empty());
    // Neither names nor sizes tell which files they were.
    let digest = |p: &str| {
        let out = std::process::Command::new("sha256sum").arg(s.path(p)).output().expect("sha256sum");
        String::from_utf8_lossy(&out.stdout)[..64].to_owned()
    };
    let name = digest(&format!("in/{NAME}.txt"));
    assert!(files(&s.path("case")).iter().all(|f| !f.to_string_lossy().replace('/', "").contains(&name)));
}

/// T1 where the record lies on a server: neither its files nor whoever reads its tables sees what the case holds.
#[test]
fn nothing_of_the_evidence_is_readable_on_the_database_server() {
    let Some(server) = zapys_tests::postgres() else { return };
    let (sealed, plain) = (server.schema(), server.schema());
    let s = with_key_file();
    evidence(&s);
    let title = format!("Справа {MARK}");
    s.run(&["init", "served", "--name", &title, "--key-file", "key", "--no-recovery-key", "--database", &sealed]).ends(0);
    let tell = |case: &[&str], at: &str| {
        let run = |args: &[&str]| s.run(&[case, args].concat());
        run(&["add", "in", "--source", NAME, "--label", &format!("who={MARK}")]).ends(0);
        // The table of calls has one that nobody can read.
        run(&["process"]);
        run(&["glossary", "add", MARK, "--means", NAME, "--basis", MARK]).ends(0);
        run(&["glossary", "edit", MARK, "--means", &format!("{NAME} 2"), "--because", MARK]).ends(0);
        for item in run(&["items", "--json"]).ends(0).json() {
            run(&["show", item["item"].as_str().expect("an identifier")]).ends(0);
        }
        let found = run(&["search", MARK, "--json"]).ends(0).json();
        assert!(found.len() >= 2, "{found:?}");
        run(&["verify", "--deep"]).ends(0);
        server.told(at)
    };
    let (dump, files) = tell(&["-C", "served", "--key-file", "key"], &sealed);
    let said = |dump: &str| {
        marks().into_iter().filter_map(|m| String::from_utf8(m).ok()).filter(|m| dump.contains(m)).collect::<Vec<_>>()
    };
    assert!(dump.contains("recording") && !dump.contains("tone.wav"), "the dump is one of this case");
    assert_eq!(said(&dump), Vec::<String>::new());
    assert_eq!(find_marks(&files), Vec::<String>::new());
    assert_eq!(find_marks(&s.path("served")), Vec::<String>::new());
    // The plain case shows that the search finds marks where they are.
    s.run(&["init", "open", "--name", &title, "--no-encryption", "--database", &plain]).ends(0);
    let (dump, files) = tell(&["-C", "open"], &plain);
    assert!(said(&dump).contains(&MARK.to_owned()) && said(&dump).contains(&NAME.to_owned()));
    assert!(!find_marks(&files).is_empty());
    // What whoever runs the server swaps or breaks is named.
    let verify = || s.run(&["-C", "served", "--key-file", "key", "verify"]);
    verify().ends(0);
    server.meddle(
        &sealed,
        "CREATE TABLE kept AS SELECT id, title FROM items; UPDATE items SET title = (SELECT MAX(k.title) FROM kept k)",
    );
    let swapped = verify();
    assert!(swapped.code == Some(1) && swapped.out.contains("title"), "{} {}", swapped.out, swapped.err);
    server.meddle(&sealed, "UPDATE items SET title = k.title FROM kept k WHERE k.id = items.id; UPDATE findings SET message = substr(message, 1, 20)");
    let broken = verify();
    let said_of_it = broken.out + &broken.err;
    assert!(broken.code != Some(0) && said_of_it.contains("findings"), "{said_of_it}");
    // Another key sees nothing, and says so.
    s.write("other", &[9u8; 64]);
    assert_ne!(s.run(&["-C", "served", "--key-file", "other", "items"]).code, Some(0));
}

/// T2: plain copies for decoders leave nothing where they lay.
#[test]
fn decoders_leave_no_plain_copy_behind() {
    let s = with_key_file();
    evidence(&s);
    s.write("shm/keep", b"");
    let scratch = s.path("shm");
    let with = |args: &[&str]| {
        let mut c = s.command(&[&["-C", "case", "--key-file", "key"][..], args].concat());
        c.env("ZAPYS_SCRATCH", &scratch).output().expect("the binary starts")
    };
    assert!(with(&["add", "in"]).status.success());
    with(&["process"]);
    assert_eq!(find_marks(&scratch), Vec::<String>::new());
    assert_eq!(files(&scratch).len(), 1, "{:?}", files(&scratch));
}

#[test]
fn without_the_right_secret_nothing_opens_and_nothing_changes() {
    let s = with_key_file();
    evidence(&s);
    run(&s, &["add", "in"]).ends(0);
    let before: Vec<(PathBuf, Vec<u8>)> =
        files(&s.path("case")).into_iter().map(|f| (f.clone(), std::fs::read(f).expect("a file"))).collect();
    s.run(&["-C", "case", "items"]).ends(3).says("locked");
    let told = s.run(&["-C", "case", "items", "--json"]).ends(3).json();
    assert_eq!(told[0]["error"]["code"], "locked");
    s.write("other", &(0..64u8).rev().collect::<Vec<u8>>());
    s.run(&["-C", "case", "--key-file", "other", "items"]).ends(2).says("this key file does not open the case");
    s.write("words", b"correct horse battery\n");
    s.run(&["-C", "case", "--passphrase-file", "words", "add", "in"]).ends(3).says("no such way in");
    s.run(&["-C", "case", "--key-file", "absent", "items"]).ends(2).says("absent");
    s.write("empty", b"");
    s.run(&["-C", "case", "--passphrase-file", "empty", "items"]).ends(3).says("first line");
    let after: Vec<(PathBuf, Vec<u8>)> =
        files(&s.path("case")).into_iter().map(|f| (f.clone(), std::fs::read(f).expect("a file"))).collect();
    assert!(before == after, "nothing in the folder has changed");
    s.run(&["init", "second"]).ends(3).says("--passphrase-file");
    assert!(!s.path("second/case.toml").exists());
}

/// Passphrase, recovery key, change: slow on purpose, so in one test.
#[test]
fn a_passphrase_opens_is_changed_and_is_forgiven_by_the_recovery_key() {
    let s = Stage::new();
    s.write("weak", b"1234\n");
    s.run(&["init", "case", "--passphrase-file", "weak"]).ends(3).says("eight characters");
    s.write("words", "зошит ліхтар обрій весло каштан\n".as_bytes());
    let made = s.run(&["init", "case", "--passphrase-file", "words", "--recovery-key-file", "safe", "--json"]).ends(0);
    assert_eq!(made.json()[0]["encrypted"], true);
    assert!(!made.out.contains("ZAPYS-RECOVERY") && !made.err.contains("ZAPYS-RECOVERY"), "it went into the file only");
    s.write("in/a.txt", "Вода й хліб.".as_bytes());
    let words = |args: &[&str]| s.run(&[&["-C", "case", "--passphrase-file", "words"][..], args].concat());
    words(&["add", "in"]).ends(0);
    s.write("wrong", "зошит ліхтар обрій весло каштани\n".as_bytes());
    s.run(&["-C", "case", "--passphrase-file", "wrong", "items"]).ends(2).says("this passphrase does not open the case");
    let ways = words(&["key", "list", "--json"]).ends(0).json();
    assert_eq!(ways.iter().map(|w| w["kind"].as_str().expect("kind")).collect::<Vec<_>>(), ["passphrase", "recovery"]);
    // Argon2id with no less than the handbook asks for (T1).
    let file: serde_json::Value =
        serde_json::from_slice(&std::fs::read(s.path("case/keys.json")).expect("key file")).expect("JSON");
    let stretch = &file["slots"][0]["stretch"];
    assert!(stretch["memory_kib"].as_u64() >= Some(256 << 10) && stretch["passes"].as_u64() >= Some(3), "{stretch}");
    let sealed = files(&s.path("case/vault"));
    let bytes: Vec<Vec<u8>> = sealed.iter().map(|f| std::fs::read(f).expect("object")).collect();
    s.write("new", "інші слова зовсім нові тут\n".as_bytes());
    words(&["key", "change", "--new-passphrase-file", "new"]).ends(0);
    words(&["items"]).ends(2).says("does not open");
    let after: Vec<Vec<u8>> = sealed.iter().map(|f| std::fs::read(f).expect("object")).collect();
    assert!(bytes == after, "no object was encrypted again");
    s.run(&["-C", "case", "--passphrase-file", "safe", "items", "--json"]).ends(0);
    s.run(&["-C", "case", "--passphrase-file", "safe", "key", "recovery", "--recovery-key-file", "safe2"]).ends(0);
    s.run(&["-C", "case", "--passphrase-file", "safe", "items"]).ends(2).says("this recovery key does not open");
    s.run(&["-C", "case", "--passphrase-file", "safe2", "verify"]).ends(0);
}

#[test]
fn keys_are_renewed_without_touching_objects() {
    let s = with_key_file();
    evidence(&s);
    run(&s, &["add", "in"]).ends(0);
    let record = ["record.sqlite", "record.sqlite-wal", "record.sqlite-shm"].map(|n| s.path("case").join(n));
    let old: Vec<Option<Vec<u8>>> = record.iter().map(|p| std::fs::read(p).ok()).collect();
    let renewed = run(&s, &["key", "renew", "--json"]).ends(0).json();
    assert_eq!(renewed[0]["rewrapped"], 4);
    run(&s, &["verify", "--deep"]).ends(0);
    run(&s, &["key", "add", "--new-key-file", "second"]).ends(0);
    s.run(&["-C", "case", "--key-file", "second", "items"]).ends(0);
    run(&s, &["key", "remove", "w1"]).ends(0);
    run(&s, &["items"]).ends(2).says("does not open the case");
    s.run(&["-C", "case", "--key-file", "second", "key", "remove", "w2"]).ends(3).says("last way");
    // An older copy of the record opens, but its objects do not: their keys were under the old wrapping key.
    for (path, bytes) in record.iter().zip(old) {
        let _ = std::fs::remove_file(path);
        if let Some(bytes) = bytes {
            std::fs::write(path, bytes).expect("an older copy");
        }
    }
    let said = s.run(&["-C", "case", "--key-file", "second", "verify", "--json"]).ends(1).json();
    assert!(said[0]["objects"]["bad"].as_array().is_some_and(|b| b.len() == 4), "{said:?}");
}

#[test]
fn damaged_key_and_card_files_are_named() {
    let s = with_key_file();
    let path = s.path("case/keys.json");
    let good = std::fs::read_to_string(&path).expect("key file");
    for (bad, says) in [
        (String::new(), "damaged"),
        (good.replace("\"version\": 1", "\"version\": 9"), "format 9"),
        (good.replace("\"id\": \"w1\"", "\"id\": \"w7\""), "does not open"),
        (good.replacen("\"contents\": \"", "\"contents\": \"AAAA", 1), "damaged"),
    ] {
        assert_ne!(bad, good);
        std::fs::write(&path, bad).expect("write");
        run(&s, &["items"]).ends(2).says(says);
    }
    std::fs::remove_file(&path).expect("remove");
    run(&s, &["items"]).ends(2).says("missing");
    std::fs::write(&path, &good).expect("write");
    run(&s, &["items"]).ends(0);
    let card = std::fs::read_to_string(s.path("case/case.toml")).expect("card");
    std::fs::write(s.path("case/case.toml"), card.replace("version = 2", "version = 3")).expect("write");
    run(&s, &["items"]).ends(2).says("newer zapys");
}

/// R1.25, R1.36: after a disposal nothing of the content can be had, and the log verifies.
#[test]
fn a_disposed_item_is_beyond_reach_and_the_ledger_verifies() {
    let s = with_key_file();
    evidence(&s);
    run(&s, &["add", "in", "--source", NAME]).ends(0);
    run(&s, &["process"]);
    let items = run(&s, &["items", "--json"]).ends(0).json();
    let one =
        items.iter().find(|i| i["title"] == format!("{NAME}.txt")).expect("the text")["item"].as_str().expect("id").to_owned();
    let objects = files(&s.path("case/vault")).len();
    let plan = run(&s, &["dispose", &one, "--reason", "x", "--authority", "y", "--dry-run", "--json"]).ends(0).json();
    assert_eq!((plan[0]["disposed"].as_bool(), plan[0]["objects"].as_u64()), (Some(false), Some(2)), "{plan:?}");
    run(&s, &["dispose", &one, "--reason", "x", "--authority", "y"]).ends(3).says("--yes");
    let why = ["--reason", "згоду відкликано", "--authority", "рішення 7", "--yes", "--json"];
    let done = run(&s, &[&["dispose", &one][..], &why].concat()).ends(0).json();
    assert_eq!(done[0]["disposed"], true);
    assert_eq!(files(&s.path("case/vault")).len(), objects - 2);
    let hits = run(&s, &["search", "папка", "--json"]);
    assert!(hits.json().is_empty(), "{}", hits.out);
    let shown = run(&s, &["show", &one, "--json"]).ends(0).out;
    for mark in [MARK, NAME, NUMBER] {
        assert!(!shown.contains(mark), "{shown}");
    }
    run(&s, &["verify", "--deep"]).ends(0);
    let last = run(&s, &["custody", &one, "--json"]).ends(0).json();
    assert!(last.iter().any(|e| e["action"] == "disposed"), "{last:?}");
    run(&s, &[&["dispose", &one][..], &why].concat()).ends(3).says("gone for good");
    // The same bytes may come again, as a new acquisition of a new item.
    run(&s, &["add", "in", "--json"]).ends(0);
    run(&s, &["verify"]).ends(0);
}

#[test]
fn a_production_from_an_encrypted_case_is_like_any_other() {
    let s = with_key_file();
    evidence(&s);
    run(&s, &["add", "in"]).ends(0);
    run(&s, &["process"]);
    run(&s, &["produce", "--out", "bag"]).ends(0);
    let text = std::fs::read_dir(s.path("bag/data/exhibits")).expect("exhibits").count();
    assert!(text > 0);
    if let Some(verify) = std::env::var_os("ZAPYS_VERIFY_BIN") {
        assert!(std::process::Command::new(verify).arg(s.path("bag")).status().expect("zapys-verify").success());
    }
}
