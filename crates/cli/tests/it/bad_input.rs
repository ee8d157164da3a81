//! Bad input is normal input: one clear sentence with a remedy, nothing lost, the rest done.

use crate::stage::{Said, Stage, tone};
use std::process::{Command, Stdio};

#[test]
fn what_cannot_be_taken_in_is_named_and_the_rest_is_taken() {
    let s = Stage::with_case();
    s.write("in/good.txt", "Ящики стоять у коридорі.".as_bytes());
    s.write("in/empty.wav", b"");
    std::os::unix::fs::symlink("/etc/hostname", s.path("in/link")).expect("a link");
    assert!(Command::new("mkfifo").arg(s.path("in/pipe")).status().expect("mkfifo").success());
    let said = s.run(&["-C", "case", "add", "in", "gone", "--json"]).ends(2);
    let all = said.json();
    let status =
        |name: &str| all.iter().find(|o| o["path"].as_str().is_some_and(|p| p.ends_with(name))).map(|o| o["status"].clone());
    assert_eq!(status("good.txt"), Some("added".into()));
    assert_eq!(status("empty.wav"), Some("added".into()), "an empty file is evidence too");
    for bad in ["link", "pipe", "gone"] {
        assert_eq!(status(bad), Some("failed".into()), "{bad}");
    }
    for o in all.iter().filter(|o| o["status"] == "failed") {
        assert!(o["error"]["message"].is_string() && o["error"]["hint"].as_str().is_some_and(|h| !h.is_empty()), "{o}");
    }
    s.run(&["-C", "case", "verify"]).ends(0);
}

#[test]
fn truncated_mislabelled_and_hostile_files_fail_alone() {
    let s = Stage::with_case();
    let wav = tone(2);
    s.write("in/cut.wav", &wav[..wav.len() / 2]);
    s.write("in/header-only.wav", &wav[..44]);
    s.write("in/picture.wav", &png());
    s.write("in/sound.png", &wav);
    s.write("in/cut.png", &png()[..40]);
    s.write("in/deep.json", "[".repeat(200_000).as_bytes());
    s.write(
        "in/four-gigabytes.wav",
        &[b"RIFF\xff\xff\xff\xffWAVEfmt ".as_slice(), &wav[16..40], b"\xff\xff\xff\xff", &[0; 400]].concat(),
    );
    s.write("in/page.html", ("<p>".repeat(50_000) + "слово").as_bytes());
    s.write("in/notes.txt", "Тиша.".as_bytes());
    s.run(&["-C", "case", "add", "in", "-q"]).ends(0);
    let items = s.run(&["-C", "case", "items", "--json"]).ends(0).json();
    let kind = |title: &str| items.iter().find(|i| i["title"] == title).map(|i| i["kind"].clone());
    assert_eq!(kind("sound.png"), Some("recording".into()), "kinds come from content");
    assert_ne!(kind("picture.wav"), Some("recording".into()));
    let only = "probe,decode,peaks,proxy,picture,text,messages,calls";
    let said = s.run(&["-C", "case", "process", "--only", only, "--json"]);
    assert!(matches!(said.code, Some(0 | 2)), "{:?} {}", said.code, said.err);
    let events = said.json();
    for failed in events.iter().filter(|e| e["event"] == "failed") {
        assert!(failed["error"]["message"].as_str().is_some_and(|m| !m.is_empty()), "{failed}");
        assert!(failed["error"]["hint"].as_str().is_some_and(|m| !m.is_empty()), "{failed}");
    }
    s.run(&["-C", "case", "search", "тиша"]).ends(0);
    s.run(&["-C", "case", "verify"]).ends(0);
}

#[test]
fn a_second_process_is_told_and_readers_go_on() {
    let s = Stage::with_case();
    s.write("a.txt", b"a");
    let mut serve =
        s.command(&["-C", "case", "serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("starts");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(serve.stdout.as_mut().expect("piped")), &mut line)
        .expect("it says where it listens");
    s.run(&["-C", "case", "add", "a.txt"]).ends(2).says("in use by another zapys").says("serve");
    s.run(&["-C", "case", "items"]).ends(0);
    s.run(&["-C", "case", "verify"]).ends(0);
    serve.kill().expect("stops");
    serve.wait().expect("ends");
    s.run(&["-C", "case", "add", "a.txt"]).ends(0);
}

#[test]
fn without_a_sandbox_nothing_foreign_is_decoded_and_the_rest_is_done() {
    let s = Stage::with_case();
    s.write("in/tone.wav", &tone(1));
    s.write("in/notes.txt", "Двері зачинені.".as_bytes());
    s.run(&["-C", "case", "add", "in", "-q"]).ends(0);
    // Where bubblewrap stands, there is nothing for this one command.
    let script = "mount --bind /dev/null \"$(command -v bwrap)\" && exec \"$Z\" -C case process";
    let mut hidden = s.command(&[]);
    let mut bare = Command::new("unshare");
    bare.args(["-Urm", "sh", "-c", script]).current_dir(s.path("")).env_clear();
    hidden.env("Z", env!("CARGO_BIN_EXE_zapys")).get_envs().for_each(|(name, value)| {
        bare.env(name, value.unwrap_or_default());
    });
    let said = Said::from(bare.output().expect("unshare"));
    if said.err.contains("unshare:") || said.err.contains("mount:") {
        assert!(std::env::var_os("ZAPYS_REQUIRE_SERVERS").is_none(), "{}", said.err);
        return println!("skipped: this machine does not let a test hide bubblewrap");
    }
    said.ends(2).says("sandbox").says("bubblewrap");
    s.run(&["-C", "case", "search", "двері"]).ends(0);
    s.run(&["-C", "case", "process", "--only", "probe,decode,peaks,proxy"]).ends(0);
}

#[test]
fn without_a_model_pack_everything_else_is_done() {
    let s = Stage::with_case();
    s.write("tone.wav", &tone(1));
    s.run(&["-C", "case", "add", "tone.wav", "-q"]).ends(0);
    let out = s
        .command(&["-C", "case", "process", "--json"])
        .env("ZAPYS_PACKS", s.path("none"))
        .env("ZAPYS_HOSTS", s.path("none"))
        .output()
        .expect("starts");
    let said = Said::from(out).ends(2);
    let events = said.json();
    let ended = |kind: &str| {
        events
            .iter()
            .find(|e| e["derivation"] == kind && e["event"] != "started" && e["event"] != "progress")
            .map(|e| e["event"].clone())
    };
    for kind in ["probe", "decode", "peaks", "proxy"] {
        assert_eq!(ended(kind), Some("finished".into()), "{kind}: {}", said.err);
    }
    assert_eq!(ended("speech"), Some("failed".into()));
    assert!(said.err.contains("not installed") || events.iter().any(|e| e["error"]["hint"].is_string()));
}

/// On a small file system of its own: what does not fit is refused, what was there stays whole.
#[test]
fn a_full_disk_loses_nothing() {
    let s = Stage::new();
    s.write("small.txt", "Записано.".as_bytes());
    s.write("large.bin", &vec![7u8; 24 << 20]);
    std::fs::create_dir(s.path("disk")).expect("folder");
    let script = "mount -t tmpfs -o size=12m tmpfs disk && \"$Z\" init disk/case --no-encryption -q && \"$Z\" -C disk/case add small.txt -q && \
                  { \"$Z\" -C disk/case add large.bin -q; echo \"add $?\"; } && { \"$Z\" -C disk/case verify -q; echo \"verify $?\"; } && \
                  { \"$Z\" -C disk/case items --json | wc -l; } && { find disk/case/vault -name '*.tmp' -o -path '*/tmp/*' | wc -l; }";
    let out = Command::new("unshare")
        .args(["-Urm", "sh", "-c", script])
        .env("Z", env!("CARGO_BIN_EXE_zapys"))
        .current_dir(s.path(""))
        .output()
        .expect("unshare");
    let said = Said::from(out);
    if said.err.contains("unshare:") || said.err.contains("mount:") {
        assert!(std::env::var_os("ZAPYS_REQUIRE_SERVERS").is_none(), "{}", said.err);
        println!("skipped: this machine gives no file system to a test");
        return;
    }
    let lines: Vec<&str> = said
        .out
        .lines()
        .filter(|l| l.starts_with("add ") || l.starts_with("verify ") || l.trim().parse::<u32>().is_ok())
        .map(str::trim)
        .collect();
    assert_eq!(lines, ["add 2", "verify 0", "1", "0"], "{} {}", said.out, said.err);
    assert!(said.err.contains("space") || said.err.contains("full"), "{}", said.err);
}

/// One white pixel.
fn png() -> Vec<u8> {
    let hex = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082";
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hexadecimal")).collect()
}

/// What was taken in before stays; what is gone is named file by file.
#[test]
fn a_folder_that_vanishes_midway_loses_nothing() {
    let s = Stage::with_case();
    // More than two batches: one is told while the next is being read.
    const FILES: usize = 3000;
    for n in 0..FILES {
        s.write(&format!("in/{n:04}.txt"), format!("Аркуш {n}.").as_bytes());
    }
    let mut add =
        s.command(&["-C", "case", "add", "in", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(add.stdout.take().expect("piped")));
    let first = lines.next().expect("a first outcome").expect("text");
    std::fs::remove_dir_all(s.path("in")).expect("the folder goes");
    let all: Vec<serde_json::Value> =
        std::iter::once(Ok(first)).chain(lines).map(|l| serde_json::from_str(&l.expect("text")).expect("JSON")).collect();
    assert_eq!(add.wait().expect("ends").code(), Some(2));
    let count = |status: &str| all.iter().filter(|o| o["status"] == status).count();
    assert!(count("added") >= 256 && count("failed") >= 1, "{} added, {} failed", count("added"), count("failed"));
    assert_eq!(count("added") + count("failed"), FILES, "every file is accounted for");
    assert!(all.iter().filter(|o| o["status"] == "failed").all(|o| o["error"]["hint"].is_string()));
    assert_eq!(s.run(&["-C", "case", "items", "--json"]).ends(0).json().len(), count("added"));
    s.run(&["-C", "case", "verify"]).ends(0);
}

/// A gigabyte and a half passes through in little memory.
#[test]
fn an_enormous_file_is_streamed() {
    let s = Stage::with_case();
    std::fs::File::create(s.path("huge.bin")).and_then(|f| f.set_len(1536 << 20)).expect("a sparse file");
    // 700 MB of address space would not hold the file.
    let out = Command::new("prlimit")
        .args(["--as=700000000", env!("CARGO_BIN_EXE_zapys"), "-C", "case", "add", "huge.bin", "--json"])
        .current_dir(s.path(""))
        .output()
        .expect("prlimit");
    let added = Said::from(out).ends(0).json();
    assert_eq!((&added[0]["status"], added[0]["bytes"].as_u64()), (&"added".into(), Some(1536 << 20)));
}
