//! The ledger before strangers, through the command line: time stamps, witnesses, consistency, keys.

use crate::stage::{Said, Stage};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use zapys_tests::objects::{ACCESS, SECRET, object_server};
use zapys_tests::postgres;
use zapys_tests::{Authority, validator};

fn case_with_one() -> Stage {
    let s = Stage::with_case();
    s.write("in/a.txt", "Опис складали двоє.".as_bytes());
    s.run(&["-C", "case", "add", "in", "-q"]).ends(0);
    s
}
/// `zapys ledger …` in the case.
fn ledger(s: &Stage, args: &[&str]) -> Said {
    s.run(&[&["-C", "case", "ledger"], args].concat())
}
fn actions(s: &Stage) -> Vec<String> {
    let events = s.run(&["-C", "case", "custody", "--json"]).ends(0).json();
    // The clock of the machine may be turned during a test; that is another test's matter.
    let words = events.iter().map(|e| e["action"].as_str().expect("a word").to_owned());
    words.filter(|a| a != "clock_anomaly").collect()
}
/// Carries a file from one folder to another.
fn carry(from: PathBuf, to: PathBuf) {
    fs::copy(&from, &to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
}

#[test]
fn r2_4_a_time_stamp_goes_out_and_comes_back_without_a_network() {
    let Some(a) = Authority::new() else { return };
    a.key("tsa", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify("tsa", "middle", "tsa_ext", 30);
    let s = case_with_one();
    assert_eq!(ledger(&s, &["stamps"]).ends(0).out.trim(), "Not stamped.");
    ledger(&s, &["stamp-request", "--out", "r.tsq", "--out-checkpoint", "cp"]).ends(0);
    ledger(&s, &["stamp-request", "--out", "r.tsq"]).ends(2).says("exists");
    ledger(&s, &["stamp-request", "--out", "r2.tsq"]).ends(0);
    carry(s.path("r.tsq"), a.path("r.tsq"));
    carry(s.path("cp"), a.path("cp"));
    a.reply("r.tsq", "tsa", None, "r.tsr");
    carry(a.path("r.tsr"), s.path("r.tsr"));
    for name in ["middle.pem", "root.pem", "other.pem"] {
        carry(a.path(name), s.path(name));
    }

    // Replies that are not to be believed are refused by name, and nothing is kept.
    a.put("foreign", b"another checkpoint");
    a.must("ts -query -data foreign -sha256 -cert -out foreign.tsq");
    a.reply("foreign.tsq", "tsa", None, "foreign.tsr");
    carry(a.path("foreign.tsr"), s.path("foreign.tsr"));
    ledger(&s, &["stamp-add", "foreign.tsr"]).ends(2).says("no checkpoint or request of this case");
    a.must("ts -query -data cp -sha256 -cert -out other-nonce.tsq");
    a.reply("other-nonce.tsq", "tsa", None, "other-nonce.tsr");
    carry(a.path("other-nonce.tsr"), s.path("other-nonce.tsr"));
    ledger(&s, &["stamp-add", "other-nonce.tsr"]).ends(2).says("nonce differs");
    let mut broken = fs::read(s.path("r.tsr")).expect("reads");
    let last = broken.len() - 1;
    broken[last] ^= 1;
    s.write("broken.tsr", &broken);
    ledger(&s, &["stamp-add", "broken.tsr"]).ends(2).says("signature");
    ledger(&s, &["stamp-add", "cp"]).ends(2).says("not written as the standard prescribes");
    assert_eq!(ledger(&s, &["stamps"]).ends(0).out.trim(), "Not stamped.");

    let before = actions(&s);
    let added = ledger(&s, &["stamp-add", "r.tsr", "--chain", "middle.pem", "--json"]).ends(0).json();
    assert_eq!((added[0]["state"].as_str(), added[0]["kind"].as_str()), (Some("stamped"), Some("rfc3161")));
    ledger(&s, &["stamp-add", "r.tsr", "--chain", "middle.pem"]).ends(0);
    assert_eq!(actions(&s), before, "what was stamped stays the newest checkpoint");
    let state = |args: &[&str]| ledger(&s, &[&["stamps", "--json"], args].concat()).json();
    assert_eq!(state(&[]).len(), 1);
    let verified = &state(&["--ca", "root.pem"])[0];
    assert_eq!((verified["state"].as_str(), verified["root"].as_str()), (Some("verified"), Some("CN=Root")));
    assert_eq!(verified["authority"], "CN=tsa");
    assert_eq!(state(&["--ca", "root.pem", "--now"])[0]["state"], "verified");
    let failed = &state(&["--ca", "other.pem"])[0];
    assert_eq!((failed["state"].as_str(), failed["code"].as_str()), (Some("failed"), Some("stamp-no-root")));
    ledger(&s, &["stamps", "--ca", "other.pem"]).ends(1);
    s.run(&["-C", "case", "verify"]).ends(0);
    let shown = s.run(&["-C", "case", "ledger", "checkpoint"]).ends(0).out;
    assert_eq!(shown, fs::read_to_string(s.path("cp")).expect("reads"));

    // What leaves is checked by a stranger with the command that lies beside it.
    ledger(&s, &["stamp-export", "stamps"]).ends(0);
    let text = fs::read_to_string(s.path("stamps/README.txt")).expect("reads");
    let line = text.lines().map(str::trim).find(|l| l.starts_with("openssl ts -verify")).expect("the command");
    carry(s.path("root.pem"), s.path("stamps/CA.pem"));
    let check = |line: &str| Command::new("sh").args(["-c", line]).current_dir(s.path("stamps")).output().expect("sh runs");
    let said = check(line);
    assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
    s.write("stamps/001/checkpoint", b"something else\n");
    assert!(!check(line).status.success());
    ledger(&s, &["export", "log"]).ends(0);
    assert_eq!(fs::read(s.path("log/stamps/001/reply.tsr")).expect("reads"), fs::read(s.path("r.tsr")).expect("reads"));
}

/// A witness (C2SP tlog-cosignature) written in another language: prints its key, and signs the note `in` into `out`.
const WITNESS: &str = r#"
import base64, hashlib, struct, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
note, out, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
name = 'witness.example.test'
key = Ed25519PrivateKey.from_private_bytes(b'w' * 32)
public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
kid = hashlib.sha256(name.encode() + b'\n\x04' + public).digest()[:4]
with open(note, encoding='utf-8') as f:
    whole = f.read()
text = whole.split('\n\n')[0] + '\n'
signature = key.sign(f'cosignature/v1\ntime {seconds}\n{text}'.encode())
body = base64.b64encode(kid + struct.pack('>Q', seconds) + signature).decode()
with open(out, 'w', encoding='utf-8') as f:
    f.write(f'{whole}\u2014 {name} {body}\n')
print(f'{name}+{kid.hex()}+{base64.b64encode(bytes([4]) + public).decode()}')
"#;

#[test]
fn r2_3_what_a_witness_signed_is_kept_and_a_forged_checkpoint_is_refused() {
    let Some(python) = validator("v-rfc3161/bin/python3") else { return };
    let s = case_with_one();
    s.write("witness.py", WITNESS.as_bytes());
    let note = ledger(&s, &["checkpoint"]).ends(0).out;
    s.write("note", note.as_bytes());
    let sign = |from: &str, to: &str| {
        let out = Command::new(&python).args(["witness.py", from, to, "1730000000"]).current_dir(s.path("")).output();
        let out = out.expect("python runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("text").trim().to_owned()
    };
    let vkey = sign("note", "signed");
    // Not one of ours: another root, another size, a signature by our key that we did not make.
    let root = note.lines().nth(2).expect("a root");
    let other_root = format!("{}{}", if root.starts_with('A') { "B" } else { "A" }, &root[1..]);
    for (n, forged) in [note.replace(root, &other_root), note.replacen("\n2\n", "\n3\n", 1), {
        let (head, tail) = note.rsplit_once(' ').expect("a signature");
        let middle = tail.len() / 2;
        let swapped = if &tail[middle..=middle] == "A" { "B" } else { "A" };
        format!("{head} {}{swapped}{}", &tail[..middle], &tail[middle + 1..])
    }]
    .iter()
    .enumerate()
    {
        assert_ne!(*forged, note);
        s.write("forged", forged.as_bytes());
        sign("forged", "forged-signed");
        ledger(&s, &["cosigned", "forged-signed", "--witness", &vkey]).ends(2).says("not the checkpoint");
        assert_eq!(ledger(&s, &["checkpoint"]).ends(0).out, note, "{n}");
    }
    ledger(&s, &["cosigned", "note"]).ends(2).says("nobody else has signed");
    let text = fs::read_to_string(s.path("signed")).expect("reads");
    let at = text.trim_end().len() - 4;
    let bad = format!("{}{}{}", &text[..at], if &text[at..=at] == "A" { "B" } else { "A" }, &text[at + 1..]);
    s.write("bad-signed", bad.as_bytes());
    ledger(&s, &["cosigned", "bad-signed", "--witness", &vkey]).ends(2).says("does not belong to this note");
    ledger(&s, &["cosigned", "signed", "--witness", "nonsense"]).ends(3);

    // By a key that nobody named it is kept, but not believed; under its key it is.
    let kept = ledger(&s, &["cosigned", "signed", "--witness", &vkey, "--json"]).ends(0).json();
    assert_eq!((kept[0]["checked"].as_bool(), kept[0]["time"].as_str()), (Some(true), Some("2024-10-27T03:33:20Z")));
    let shown = ledger(&s, &["checkpoint"]).ends(0).out;
    assert_eq!(shown, text, "the checkpoint is printed with it");
    ledger(&s, &["cosigned", "signed", "--witness", &vkey]).ends(0);
    assert_eq!(ledger(&s, &["checkpoint"]).ends(0).out, text, "once is enough");
    s.run(&["-C", "case", "verify"]).ends(0);
    if let Some(aics) = validator("v-tlog/bin/aics-tlog") {
        s.write("shown", shown.as_bytes());
        s.write("key", ledger(&s, &["vkey"]).ends(0).out.as_bytes());
        let line = ["verify-checkpoint", "--note", "shown", "--vkey-file", "key"];
        assert!(Command::new(aics).args(line).current_dir(s.path("")).status().expect("starts").success());
    }
}

#[test]
fn r2_3_v8_a_later_checkpoint_continues_an_earlier_one_before_strangers() {
    let s = case_with_one();
    s.write("old", ledger(&s, &["checkpoint"]).ends(0).out.as_bytes());
    s.write("more/b.txt", "Ящики стояли в коридорі.".as_bytes());
    s.run(&["-C", "case", "add", "more", "-q"]).ends(0);
    let by_file = ledger(&s, &["consistency", "old", "--json"]).ends(0).json();
    let new = by_file[0]["new"].as_u64().expect("a size").to_string();
    assert_eq!(by_file[0]["old"], 2);
    let text = ledger(&s, &["consistency", "2", &new]).ends(0).out;
    assert_eq!(by_file[0]["text"].as_str().map(str::trim_end), Some(text.trim_end()));
    assert!(text.starts_with("old 2\n"), "{text}");
    ledger(&s, &["consistency", "1"]).ends(3).says("no checkpoint over 1 entries");
    ledger(&s, &["consistency", &new, "2"]).ends(3);
    s.write("forged", fs::read_to_string(s.path("old")).expect("reads").replacen("\n2\n", "\n3\n", 1).as_bytes());
    ledger(&s, &["consistency", "forged"]).ends(2).says("not the checkpoint");
    let Some(aics) = validator("v-tlog/bin/aics-tlog") else { return };
    ledger(&s, &["export", "log"]).ends(0);
    s.write("key", ledger(&s, &["vkey"]).ends(0).out.as_bytes());
    let theirs = |old: &str| {
        let line = ["verify-consistency", "--old-checkpoint", old, "--tiles", "log", "--vkey-file", "key"];
        Command::new(&aics).args(line).current_dir(s.path("")).status().expect("starts").success()
    };
    assert!(theirs("old"));
    assert!(!theirs("forged"));
}

#[test]
fn r2_5_the_ledger_goes_on_under_another_key() {
    let s = case_with_one();
    let first = ledger(&s, &["vkey"]).ends(0).out;
    s.write("old", ledger(&s, &["checkpoint"]).ends(0).out.as_bytes());
    let second = ledger(&s, &["rotate", "--reason", "once a year", "--json"]).ends(0).json()[0]["vkey"].clone();
    assert_eq!(ledger(&s, &["vkey"]).ends(0).out.trim(), second);
    assert_ne!(first.trim(), second);
    s.write("more/b.txt", "Ящики стояли в коридорі.".as_bytes());
    s.run(&["-C", "case", "add", "more", "-q"]).ends(0);
    ledger(&s, &["consistency", "old"]).ends(0);
    s.run(&["-C", "case", "verify"]).ends(0);
    // A key that is there is not lost.
    ledger(&s, &["recover", "--reason", "gone"]).ends(3).says("is there and works");
    fs::remove_file(s.path("case/ledger.key")).expect("removes");
    ledger(&s, &["checkpoint"]).ends(2).says("ledger recover");
    ledger(&s, &["recover", "--reason", "the stick is gone"]).ends(0);
    ledger(&s, &["recover", "--reason", "seen by others", "--compromised"]).ends(0);
    ledger(&s, &["checkpoint"]).ends(0);
    s.run(&["-C", "case", "verify"]).ends(0);
    let keys = ledger(&s, &["keys", "--json"]).ends(0).json();
    let told: Vec<_> = keys.iter().map(|k| (k["reason"].as_str().expect("a word"), k["vouched"].as_bool())).collect();
    let expected = [("first", false), ("rotated", true), ("lost", false), ("compromised", false)];
    assert_eq!(told, expected.map(|(r, v)| (r, Some(v))));
    assert_eq!(keys[0]["vkey"], first.trim());
    // Why a key was changed is nobody's business.
    ledger(&s, &["export", "log"]).ends(0);
    let bundles = fs::read_dir(s.path("log/tile/entries/000.p")).expect("one partial bundle");
    let entries: Vec<u8> = bundles.flat_map(|b| fs::read(b.expect("a name").path()).expect("reads")).collect();
    let entries = String::from_utf8_lossy(&entries);
    assert!(entries.contains("key_rotated") && !entries.contains("stick") && !entries.contains("once a year"));
    // The first key with another in its place is noticed.
    let card = fs::read_to_string(s.path("case/case.toml")).expect("reads");
    fs::write(s.path("case/case.toml"), card.replace(first.trim(), second.as_str().expect("text"))).expect("writes");
    s.run(&["-C", "case", "verify"]).ends(1);
}

#[test]
fn a_killed_program_is_on_record() {
    let s = case_with_one();
    assert_eq!(actions(&s), ["opened", "imported"]);
    let mut child = s.command(&["-C", "case", "serve", "--listen", "127.0.0.1:0", "--json"]);
    let mut child = child.stdout(std::process::Stdio::piped()).spawn().expect("starts");
    let mut line = String::new();
    let out = child.stdout.as_mut().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
    child.kill().expect("kill -9");
    child.wait().expect("ends");
    s.write("more/b.txt", "Ящики стояли в коридорі.".as_bytes());
    s.run(&["-C", "case", "add", "more", "-q"]).ends(0);
    assert_eq!(actions(&s), ["opened", "imported", "unclean_shutdown", "imported"]);
    s.run(&["-C", "case", "verify"]).ends(0);
}

#[test]
fn r2_2_two_processes_on_one_server_append_in_order() {
    let (Some(database), Some(objects)) = (postgres(), object_server()) else { return };
    let s = Stage::new();
    let command = |args: &[&str]| {
        let mut c = s.command(args);
        c.env("AWS_ENDPOINT_URL", objects.endpoint()).env("AWS_ACCESS_KEY_ID", ACCESS).env("AWS_SECRET_ACCESS_KEY", SECRET);
        c
    };
    let run = |args: &[&str]| Said::from(command(args).output().expect("starts"));
    run(&["init", "case", "--no-encryption", "--database", &database.schema(), "--objects", "s3://case/two"]).ends(0);
    // Another machine: the same servers, a folder of its own.
    fs::create_dir(s.path("other")).expect("a folder");
    for name in ["case.toml", "ledger.key"] {
        carry(s.path("case").join(name), s.path("other").join(name));
    }
    let mut started = Vec::new();
    for case in ["case", "other"] {
        for n in 0..12 {
            s.write(&format!("in-{case}/{n}.txt"), format!("Запис номер {n} у {case}.").as_bytes());
        }
        let mut c = command(&["-C", case, "add", &format!("in-{case}"), "-q"]);
        started.push(c.stderr(std::process::Stdio::piped()).spawn().expect("starts"));
    }
    for child in started {
        Said::from(child.wait_with_output().expect("ends")).ends(0);
    }
    let events = run(&["-C", "other", "custody", "--json"]).ends(0).json();
    let seqs: Vec<u64> = events.iter().map(|e| e["seq"].as_u64().expect("a number")).collect();
    assert_eq!(seqs, (0..events.len() as u64).collect::<Vec<_>>());
    let imported = events.iter().filter(|e| e["action"] == "imported").count();
    assert_eq!(imported, 24);
    assert!(events.iter().all(|e| e["action"] != "foreign_writer"), "on a server taking turns is in order");
    for case in ["case", "other"] {
        run(&["-C", case, "verify"]).ends(0);
    }
    let notes = ["case", "other"].map(|case| run(&["-C", case, "ledger", "checkpoint"]).ends(0).out);
    assert_eq!(notes[0], notes[1]);
}
