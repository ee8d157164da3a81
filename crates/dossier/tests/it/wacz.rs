//! R1.3, 3.7: web archives of ours under our checker, `warcio check` (V5) and `wacz validate` (V6); damaged ones under all.

use super::*;
use sample::{Sample, sample};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::process::Command;
use zapys_domain::{Instant, Private};
use zapys_dossier::records::Capture;
use zapys_dossier::wacz::write::{About, Body, Http, Page, write_archive};
use zapys_dossier::wacz::{cdxj, check, is_wacz};
use zapys_ledger::Hash;
use zapys_tests::validator;

const URL: &str = "https://www.example.test/holdings?b=2&a=1";

/// The sample with an address for its article.
fn stated() -> Sample {
    let mut s = sample();
    s.extract.exhibits[4].acquisitions[0].provenance.origin = Some(Private::new(URL.into()));
    s
}
fn verdict(path: &Path) -> Verdict {
    check(path).expect("can be looked at")
}
fn names_of(v: &Verdict) -> BTreeSet<&'static str> {
    v.faults().map(|c| c.name).collect()
}
fn said(v: &Verdict, name: &str) -> Vec<String> {
    v.checks.iter().filter(|c| c.name == name).map(|c| c.detail.clone()).collect()
}

fn about() -> About {
    About {
        made: Instant::from_seconds(1_730_000_000),
        software: "zapys 0.1.0".into(),
        title: "Captured pages".into(),
        description: "Two pages".into(),
        production: None,
        left_out: vec![("a page".into(), "It was gone.".into())],
        limitations: vec![],
    }
}
fn captured(body: &'static str, url: &str, picture: Option<&'static [u8]>) -> Page<'static> {
    Page {
        url: url.into(),
        final_url: Some(format!("{url}/final page")),
        time: Instant::from_seconds(1_647_244_800),
        time_basis: "captured".into(),
        title: Some("Title\nof it".into()),
        media_type: "text/html; charset=utf-8".into(),
        http: Some(Http {
            status: 200,
            reason: "OK\r\nInjected: yes".into(),
            headers: vec![
                ("Content-Type".into(), "text/html; charset=utf-8".into()),
                ("Content-Encoding".into(), "gzip".into()),
                ("Content-Length".into(), "7".into()),
                ("X\r\nEvil".into(), "1\r\nSet-Cookie: a".into()),
            ],
        }),
        body: Body::of(body.as_bytes()),
        full_page: picture.map(|p| ("image/png".to_owned(), Body::of(p))),
        facts: vec![("tool".into(), "browser/1".into()), ("operator".into(), "person:owner".into())],
    }
}
fn two() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("pages.wacz");
    let pages = [
        captured("<html>one</html>", "https://example.test/one", Some(b"\x89PNG not really")),
        captured("<html>two</html>", "http://example.test:8080/two", None),
    ];
    write_archive(&path, &about(), &pages).expect("writes");
    (home, path)
}

#[test]
fn a_saved_page_is_packed_as_it_was_taken_in_and_says_what_it_lacks() {
    let m = make(stated(), Format::Wacz, true);
    assert!(is_wacz(&m.path));
    let v = verdict(&m.path);
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    assert_eq!((v.exhibits, v.production.as_deref()), (1, Some("01JB0000000000000000009PRD")));
    assert_eq!(said(&v, "berkeley-minimum"), ["Below Berkeley minimum: a full-page capture is not here."]);
    assert_eq!(said(&v, "http-headers").len(), 1);
    let again = make(stated(), Format::Wacz, true);
    assert_eq!(fs::read(&m.path).expect("reads"), fs::read(&again.path).expect("reads"), "the same bytes");
    let files = unzip(&m.path);
    let warc = gunzip(&files["archive/data.warc.gz"]);
    let object = m.sample.extract.exhibits[4].object;
    assert!(warc.contains(&format!("WARC-Payload-Digest: {object}")) && warc.contains("evidence is never run"));
    assert!(!warc.contains("HTTP/1.1 200"), "no HTTP headers are made up");
    assert!(warc.contains("time-basis: time of taking in; when it was captured is unknown"));
    let package: serde_json::Value = serde_json::from_slice(&files["datapackage.json"]).expect("reads");
    assert_eq!(package["wacz_version"], "1.1.1");
    assert_eq!(package["zapys"]["left_out"].as_array().map(Vec::len), Some(6), "five exhibits and what was left out before");
    assert_eq!(package["zapys"]["below_berkeley_minimum"][0]["lacks"][0], "full-page capture");
}

#[test]
fn r1_3_three_pages_each_lacking_one_part() {
    let with = |url: &str, media: &str, picture: bool| {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("x.wacz");
        let mut p = captured("<p>x</p>", url, picture.then_some(b"\x89PNG".as_slice()));
        (p.final_url, p.media_type) = (None, media.into());
        p.http.as_mut().expect("is there").headers = vec![("Content-Type".into(), media.into())];
        write_archive(&path, &about(), &[p]).expect("writes");
        let v = verdict(&path);
        assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
        said(&v, "berkeley-minimum").concat()
    };
    assert_eq!(with("https://example.test/", "text/html", true), "Address, page source and full-page capture are here.");
    assert!(with("https://example.test/", "text/html", false).contains("a full-page capture is not here"));
    assert!(with("https://example.test/", "image/png", true).contains("its page source is not here"));
    assert!(with("urn:page:1", "text/html", true).contains("its address is not here"));
}

#[test]
fn r1_3_a_recorded_capture_gives_address_time_and_screenshot() {
    let mut s = sample();
    let (article, shot) = (s.extract.exhibits[4].item, 2);
    s.extract.exhibits[4].records.capture = Some(Capture {
        requested_url: Some(Private::new(URL.into())),
        time: Some("2022-03-14T10:00:00+02:00".into()),
        tool: Some("browser/1".into()),
        source_kept: true,
        full_page_kept: true,
        ..Capture::default()
    });
    let object = s.extract.exhibits[4].object;
    s.extract.exhibits[shot].parent =
        Some(zapys_dossier::extract::Parent { item: article, object: Some(object), span_ms: None, reason: None });
    let m = make(s, Format::Wacz, true);
    let v = verdict(&m.path);
    assert!(v.holds);
    assert_eq!(said(&v, "berkeley-minimum"), ["Address, page source and full-page capture are here."]);
    let pages = String::from_utf8(unzip(&m.path)["pages/pages.jsonl"].clone()).expect("text");
    assert!(pages.contains("\"ts\":\"2022-03-14T08:00:00Z\"") && pages.contains("\"time_basis\":\"captured\""));
}

#[test]
fn without_a_page_nothing_is_made() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("x.wacz");
    let refused = put(&sample(), &path, Format::Wacz, true);
    assert!(matches!(refused, Err(WriteError::Refused(r)) if r[0].gate == "web-page"));
    assert_eq!(fs::read_dir(home.path()).expect("lists").count(), 0);
    let mut s = stated();
    let object = s.extract.exhibits[4].object;
    s.objects.0.insert(object, b"other".to_vec());
    let refused = put(&s, &path, Format::Wacz, true);
    assert!(matches!(refused, Err(WriteError::Refused(r)) if r[0].gate == "original-unchanged"));
}

#[test]
fn captured_responses_hold_and_no_header_can_be_smuggled_in() {
    let (_home, path) = two();
    let v = verdict(&path);
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    assert_eq!(said(&v, "http-headers"), Vec::<String>::new());
    assert_eq!(said(&v, "berkeley-minimum").len(), 2);
    let files = unzip(&path);
    let warc = gunzip(&files["archive/data.warc.gz"]);
    assert!(!warc.contains("\nInjected:") && !warc.contains("\nSet-Cookie") && !warc.contains("\nEvil"));
    assert!(warc.contains("X-Archive-Orig-Content-Encoding: gzip") && warc.contains("X-Archive-Orig-Content-Length: 7"));
    assert!(warc.contains("WARC-Target-URI: https://example.test/one/final%20page\r\n"));
    let index = String::from_utf8(files["indexes/index.cdxj"].clone()).expect("text");
    let lines: Vec<cdxj::Line> = index.lines().map(|l| cdxj::Line::parse(l).expect("a line")).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.windows(2).all(|w| w[0].key <= w[1].key));
}

/// Entries of a stored zip, by name.
fn unzip(path: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).expect("reads");
    let (mut at, mut out) = (0, std::collections::BTreeMap::new());
    let u16_at = |i: usize| usize::from(u16::from_le_bytes([bytes[i], bytes[i + 1]]));
    let u32_at = |i: usize| u16_at(i) | u16_at(i + 2) << 16;
    let end = (0..bytes.len() - 21).rev().find(|i| bytes[*i..].starts_with(b"PK\x05\x06")).expect("an end");
    let mut dir = u32_at(end + 16);
    for _ in 0..u16_at(end + 10) {
        let (name, extra, comment) = (u16_at(dir + 28), u16_at(dir + 30), u16_at(dir + 32));
        let local = u32_at(dir + 42);
        let from = local + 30 + u16_at(local + 26) + u16_at(local + 28);
        let text = String::from_utf8(bytes[dir + 46..dir + 46 + name].to_vec()).expect("UTF-8");
        out.insert(text, bytes[from..from + u32_at(dir + 24)].to_vec());
        dir += 46 + name + extra + comment;
        at += 1;
    }
    assert_eq!(at, out.len());
    out
}
fn gunzip(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).expect("unpacks");
    String::from_utf8_lossy(&out).into_owned()
}
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut z = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    z.write_all(text).expect("packs");
    z.finish().expect("packs")
}
type Files = std::collections::BTreeMap<String, Vec<u8>>;
/// Writes the files again as a zip, with the package's digests made to fit where `rehash`.
fn zip(path: &Path, mut files: Files, rehash: bool) {
    if rehash {
        let mut package: serde_json::Value = serde_json::from_slice(&files["datapackage.json"]).expect("reads");
        for r in package["resources"].as_array_mut().expect("a list") {
            if let Some(bytes) = files.get(r["path"].as_str().expect("a path")) {
                r["hash"] = format!("sha256:{}", Hash::of(bytes).hex()).into();
                r["bytes"] = bytes.len().into();
            }
        }
        let text = package.to_string().into_bytes();
        let digest = format!("{{\"path\":\"datapackage.json\",\"hash\":\"sha256:{}\"}}", Hash::of(&text).hex());
        files.insert("datapackage.json".into(), text);
        files.insert("datapackage-digest.json".into(), digest.into_bytes());
    }
    fs::write(path, stored_zip(&files)).expect("writes");
}
fn stored_zip(files: &Files) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        let mut c = flate2::Crc::new();
        c.update(bytes);
        c.sum()
    };
    let (mut out, mut dir) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let at = u32::try_from(out.len()).expect("small");
        let mut common = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc(bytes).to_le_bytes());
        for _ in 0..2 {
            common.extend(u32::try_from(bytes.len()).expect("small").to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).expect("short").to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(bytes);
        dir.extend(b"PK\x01\x02\x14\x00");
        dir.extend(&common);
        dir.extend([0; 10]);
        dir.extend(at.to_le_bytes());
        dir.extend(name.as_bytes());
    }
    let at = u32::try_from(out.len()).expect("small");
    let n = u16::try_from(files.len()).expect("few").to_le_bytes();
    out.extend(&dir);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(n);
    out.extend(n);
    out.extend(u32::try_from(dir.len()).expect("small").to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// Ways to spoil the archive of two pages: what, whether digests are made to fit, the check that must notice.
#[allow(clippy::type_complexity)]
fn damages() -> Vec<(&'static str, bool, &'static str, Box<dyn Fn(&mut Files)>)> {
    fn text(file: &'static str, from: &'static str, to: &'static str) -> Box<dyn Fn(&mut Files)> {
        Box::new(move |f| {
            let old = String::from_utf8(f[file].clone()).expect("text");
            assert!(old.contains(from), "{file} has {from}");
            f.insert(file.into(), old.replacen(from, to, 1).into_bytes());
        })
    }
    fn warc(from: &'static str, to: &'static str) -> Box<dyn Fn(&mut Files)> {
        Box::new(move |f| {
            let mut rest = &f["archive/data.warc.gz"][..];
            let mut out = Vec::new();
            while !rest.is_empty() {
                let mut member = flate2::bufread::GzDecoder::new(rest);
                let mut text = Vec::new();
                member.read_to_end(&mut text).expect("unpacks");
                rest = member.into_inner();
                let new = String::from_utf8_lossy(&text).replacen(from, to, 1);
                out.extend(if text.windows(from.len()).any(|w| w == from.as_bytes()) {
                    gzip(new.as_bytes())
                } else {
                    gzip(&text)
                });
            }
            f.insert("archive/data.warc.gz".into(), out);
        })
    }
    fn remove(file: &'static str) -> Box<dyn Fn(&mut Files)> {
        Box::new(move |f| {
            f.remove(file).expect("is there");
        })
    }
    vec![
        ("a changed page", false, "package", text("pages/pages.jsonl", "one", "two")),
        ("a changed page source", true, "records", warc("<html>one", "<html>0ne")),
        (
            "a record cut off",
            true,
            "records",
            Box::new(|f| {
                f.get_mut("archive/data.warc.gz").expect("is there").pop();
            }),
        ),
        (
            "rubbish after the records",
            true,
            "records",
            Box::new(|f| f.get_mut("archive/data.warc.gz").expect("is there").extend(b"x")),
        ),
        ("no archive", true, "layout", remove("archive/data.warc.gz")),
        ("no index", true, "layout", remove("indexes/index.cdxj")),
        ("no pages", true, "layout", remove("pages/pages.jsonl")),
        ("no package", false, "package", remove("datapackage.json")),
        (
            "a stray file",
            false,
            "package",
            Box::new(|f| {
                f.insert("notes.txt".into(), b"x".to_vec());
            }),
        ),
        ("another digest of the package", false, "package", text("datapackage-digest.json", "sha256:", "sha256:0")),
        ("another version", true, "package", text("datapackage.json", "\"1.1.1\"", "\"9.9\"")),
        ("another offset", true, "index", text("indexes/index.cdxj", "\"offset\":", "\"offset\":1")),
        ("another length", true, "index", text("indexes/index.cdxj", "\"length\":", "\"length\":1")),
        (
            "another address in the index",
            true,
            "index",
            text("indexes/index.cdxj", "\"url\":\"https://example.test/one", "\"url\":\"https://example.test/two"),
        ),
        (
            "another digest in the index",
            true,
            "index",
            text("indexes/index.cdxj", "\"digest\":\"sha256:", "\"digest\":\"sha256:f"),
        ),
        ("another time in the index", true, "index", text("indexes/index.cdxj", " 2022", " 2021")),
        (
            "an index without a line",
            true,
            "index",
            Box::new(|f| {
                let text = String::from_utf8(f["indexes/index.cdxj"].clone()).expect("text");
                let kept: Vec<&str> = text.lines().filter(|l| !l.contains("two")).collect();
                f.insert("indexes/index.cdxj".into(), format!("{}\n", kept.join("\n")).into_bytes());
            }),
        ),
        (
            "an index out of order",
            true,
            "index",
            Box::new(|f| {
                let text = String::from_utf8(f["indexes/index.cdxj"].clone()).expect("text");
                let turned: Vec<&str> = text.lines().rev().collect();
                f.insert("indexes/index.cdxj".into(), format!("{}\n", turned.join("\n")).into_bytes());
            }),
        ),
        (
            "a page that was not captured",
            true,
            "pages",
            text("pages/pages.jsonl", "\"url\":\"https://example.test/one", "\"url\":\"https://example.test/1"),
        ),
        ("a page without a time", true, "pages", text("pages/pages.jsonl", "\"ts\":\"2022", "\"ts\":\"x")),
        ("a list of another format", true, "pages", text("pages/pages.jsonl", "json-pages-1.0", "pages")),
    ]
}

#[test]
fn each_damage_is_noticed_for_its_reason() {
    for (what, rehash, name, spoil) in damages() {
        let (_home, path) = two();
        let mut files = unzip(&path);
        spoil(&mut files);
        zip(&path, files, rehash);
        let v = verdict(&path);
        assert!(!v.holds && names_of(&v).contains(name), "{what}: {:#?}", v.checks);
    }
    // The tools of this test change nothing by themselves.
    let (_home, path) = two();
    zip(&path, unzip(&path), true);
    assert!(verdict(&path).holds);
}

#[test]
fn hostile_archives_are_bounded() {
    let (_home, path) = two();
    let mut files = unzip(&path);
    // 40 MB of zeros, packed small: within the budget, and wrong.
    let head = "WARC/1.1\r\nWARC-Type: resource\r\nWARC-Block-Digest: sha256:00\r\nContent-Length: 40000000\r\n\r\n";
    let bomb = [head.as_bytes(), &vec![0; 40_000_000], b"\r\n\r\n"].concat();
    files.insert("archive/data.warc.gz".into(), gzip(&bomb));
    zip(&path, files.clone(), true);
    assert!(names_of(&verdict(&path)).contains("records"));
    // A length that no memory holds.
    let lie = head.replace("40000000", "18446744073709551615");
    files.insert("archive/data.warc.gz".into(), gzip(lie.as_bytes()));
    zip(&path, files.clone(), true);
    assert!(verdict(&path).faults().any(|c| c.detail.contains("unpacks to more")));
    files.insert("datapackage.json".into(), "[".repeat(100_000).into_bytes());
    zip(&path, files.clone(), false);
    assert!(names_of(&verdict(&path)).contains("package"));
    files.insert("../outside".into(), b"x".to_vec());
    zip(&path, files, false);
    assert!(names_of(&verdict(&path)).contains("names"));
    fs::write(&path, b"PK\x03\x04").expect("writes");
    assert!(check(&path).is_err() && !is_wacz(&path));
    assert!(check(&path.with_file_name("nothing")).is_err());
}

fn runs(program: &Path, args: &[&str], path: &Path) -> bool {
    let out = Command::new(program).args(args).arg(path).output().expect("runs");
    println!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    out.status.success()
}

#[test]
fn v5_warcio_agrees_on_ours_and_on_a_changed_one() {
    let Some(warcio) = validator("v-warcio/bin/warcio") else { return };
    let (home, path) = two();
    let saved = make(stated(), Format::Wacz, true);
    let warc = home.path().join("data.warc.gz");
    for source in [&path, &saved.path] {
        fs::write(&warc, &unzip(source)["archive/data.warc.gz"]).expect("writes");
        assert!(runs(&warcio, &["check", "-v"], &warc));
    }
    let mut files = unzip(&path);
    damages()[1].3(&mut files);
    fs::write(&warc, &files["archive/data.warc.gz"]).expect("writes");
    assert!(!runs(&warcio, &["check", "-v"], &warc));
}

#[test]
fn v6_wacz_validates_ours_and_not_changed_ones() {
    let Some(wacz) = validator("v-wacz/bin/wacz") else { return };
    let (_home, path) = two();
    let saved = make(stated(), Format::Wacz, true);
    assert!(runs(&wacz, &["validate", "-f"], &path));
    let named = saved.path.with_extension("wacz");
    fs::copy(&saved.path, &named).expect("copies");
    assert!(runs(&wacz, &["validate", "-f"], &named));
    for (what, _, _, spoil) in damages().into_iter().filter(|d| !d.1 && d.0 != "no package") {
        let mut files = unzip(&named);
        files.clone_from(&unzip(&path));
        spoil(&mut files);
        zip(&named, files, false);
        assert!(!runs(&wacz, &["validate", "-f"], &named), "{what}");
    }
}

#[test]
fn v6_archives_that_others_made_hold_too() {
    let Some(wacz) = validator("v-wacz/bin/wacz") else { return };
    let (home, path) = two();
    let warc = home.path().join("data.warc.gz");
    fs::write(&warc, &unzip(&path)["archive/data.warc.gz"]).expect("writes");
    let theirs = home.path().join("theirs.wacz");
    let pages = home.path().join("pages.jsonl");
    fs::write(&pages, &unzip(&path)["pages/pages.jsonl"]).expect("writes");
    let create = Command::new(&wacz).args(["create", "-c", "-p"]).arg(&pages).arg("-o").arg(&theirs).arg(&warc).output();
    let out = create.expect("runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let v = verdict(&theirs);
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    assert!(v.checks.iter().any(|c| c.name == "index" && c.detail.contains("lead to their records")), "{:#?}", v.checks);
}
