//! Hostile words in every field, and hostile packages.

use super::*;
use sample::{sample, with};
use serde_json::json;
use zapys_domain::Private;
use zapys_domain::edtf::Edtf;
use zapys_domain::{DerivativeKind, Finding, Locator, Severity};
use zapys_dossier::check::CheckError;
use zapys_dossier::extract::*;

const BAD: &str = "\"'><script src=https://example.test/x>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt;\
                   </style></title><svg onload=x>javascript:alert(1)\u{202e}gpj.exe\u{2066}\u{0}\u{1b}[31m\u{feff}\r\n=HYPERLINK(1)--><!--";

fn poison(objects: &mut sample::Memory, e: &mut Exhibit) {
    let p = || Private::new(BAD.to_owned());
    (e.title, e.file_name, e.media_type) = (p(), Some(p()), BAD.into());
    e.recorded = Some(Dated { value: Edtf::parse("2022").expect("a date"), basis: BAD.into() });
    for a in &mut e.acquisitions {
        let v = &mut a.provenance;
        (v.source, v.origin, v.collected_by, v.legal_basis) = (Some(p()), Some(p()), Some(p()), Some(p()));
        v.labels.insert(BAD.into(), BAD.into());
    }
    if let Some(parent) = &mut e.parent {
        parent.reason = Some(BAD.into());
    }
    e.not_derived.push((DerivativeKind::Text, BAD.into()));
    e.findings.push(Finding { code: BAD.into(), severity: Severity::Serious, locator: Locator::Whole, message: BAD.into() });
    for d in &mut e.derivatives {
        let bytes = objects.0[&d.object].clone();
        if let Ok(mut v) = serde_json::from_slice::<serde_json::Value>(&bytes) {
            poison_json(&mut v);
            (d.object, d.bytes) = objects.put(serde_json::to_vec(&v).expect("writes"));
        }
        d.engine.name = BAD.into();
        d.engine.version = BAD.into();
        d.parameters = json!({ BAD: BAD });
    }
}

/// Every text of a document, except those that a type restricts.
fn poison_json(v: &mut serde_json::Value) {
    match v {
        serde_json::Value::Array(a) => a.iter_mut().for_each(poison_json),
        serde_json::Value::Object(o) => {
            for (k, v) in o.iter_mut() {
                if !["language", "flags", "locator", "severity"].contains(&k.as_str())
                    || k == "flags" && v.get(0) == Some(&json!("deleted-account"))
                {
                    poison_json(v);
                }
            }
        }
        serde_json::Value::String(s) => *s = BAD.into(),
        _ => {}
    }
}

pub(super) fn poisoned() -> Sample {
    let mut s = sample();
    let mut objects = std::mem::take(&mut s.objects);
    let mut exhibits = std::mem::take(&mut s.extract.exhibits);
    exhibits.iter_mut().for_each(|e| poison(&mut objects, e));
    let mut s = with(exhibits, objects);
    let x = &mut s.extract;
    x.case_name = Private::new(BAD.into());
    (x.program, x.selection) = (BAD.into(), BAD.into());
    x.limitations = vec![BAD.into()];
    x.left_out = vec![LeftOut { item: Some(sample::item(99)), what: BAD.into(), reason: BAD.into() }];
    s
}

#[test]
fn output_is_inert() {
    for sealed in [true, false] {
        let made = make(poisoned(), Format::Bag, sealed);
        let v = made.verdict();
        assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
        let html = made.text("data/report/index.html");
        let low = html.to_ascii_lowercase();
        for bad in [
            "<script",
            "onerror=alert(1)>",
            "<svg onload",
            "<!--",
            "<img src=x",
            "\u{202e}",
            "\u{2066}",
            "\u{feff}",
            "\u{1b}",
            "\0",
        ] {
            assert!(!low.contains(bad), "{bad:?}");
        }
        assert!(html.contains("[U+202E]") && html.contains("&lt;script src="));
        for (path, bytes) in all(&made.path) {
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if path.ends_with(".txt") && !path.ends_with(".html.txt") {
                assert!(!text.chars().any(|c| c == '\u{202e}' || c == '\u{1b}' || c == '\0'), "{path}");
            }
        }
        assert_eq!(made.text("bag-info.txt").lines().count(), 4, "no line slips in through the program's name");
    }
    let alone = make(poisoned(), Format::Html, false);
    let html = fs::read_to_string(&alone.path).expect("reads").to_ascii_lowercase();
    assert!(!html.contains("<script") && !html.contains("<!--") && !html.contains('\u{202e}'));
}

#[test]
fn names_in_the_package_never_come_from_evidence() {
    let made = make(poisoned(), Format::Bag, true);
    for f in made.files() {
        assert!(f.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b)), "{f}");
    }
}

#[test]
fn documents_that_are_none_are_said_to_be_unreadable() {
    let mut s = sample();
    let mut objects = std::mem::take(&mut s.objects);
    let mut exhibits = std::mem::take(&mut s.extract.exhibits);
    for (i, bytes) in [b"".to_vec(), b"{}".to_vec(), b"\xff\xfe".to_vec(), b"[".repeat(5000)].into_iter().enumerate() {
        let d = &mut exhibits[0].derivatives[2 + i];
        (d.object, d.bytes) = objects.put(bytes);
    }
    let made = make(with(exhibits, objects), Format::Bag, true);
    assert!(made.verdict().holds);
    assert!(made.text("data/report/index.html").contains("in a form that cannot be shown here"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let made = make(sample(), Format::Bag, true);
    let file = "data/exhibits/E-0001/E-0001.amr";
    let away = made.path.with_file_name("away");
    fs::rename(made.path.join(file), &away).expect("moves");
    std::os::unix::fs::symlink(&away, made.path.join(file)).expect("links");
    assert!(named(&made.verdict()).contains(&file));
    let made = make(sample(), Format::Bag, true);
    std::os::unix::fs::symlink("/", made.path.join("data/up")).expect("links");
    assert_eq!(named(&made.verdict()), ["data/up"]);
}

#[test]
fn what_is_no_production_gives_an_error_or_a_fault_and_never_a_panic() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("x");
    let check = || verify_production(&path, None);
    assert!(matches!(check(), Err(CheckError::Package(_))));
    for bytes in [&b""[..], b"PK", b"PK\x05\x06", b"%PDF", &[0; 5000], b"PK\x03\x04 truncated"] {
        fs::write(&path, bytes).expect("writes");
        assert!(check().is_err(), "{bytes:?}");
    }
    fs::remove_file(&path).expect("removes");
    fs::create_dir(&path).expect("makes");
    let v = check().expect("an empty folder can be looked at");
    assert!(!v.holds && v.production.is_none());
}

#[test]
fn every_document_replaced_by_rubbish_is_a_fault() {
    let made = make(sample(), Format::Bag, true);
    let rubbish: [&[u8]; 6] = [b"", b"\0\0\0", b"\xff\xff", b"{", b"[[[[[[[[", b"null\n"];
    for (n, (file, good)) in all(&made.path).into_iter().enumerate() {
        for bytes in [rubbish[n % 6], rubbish[(n + 3) % 6]].into_iter().take(if file.starts_with("proofs/01") { 1 } else { 2 }) {
            made.put(&file, bytes);
            assert!(!made.verdict().holds, "{file}");
        }
        made.put(&file, &good);
    }
}

#[test]
fn lists_that_lead_elsewhere_are_refused() {
    let made = make(sample(), Format::Bag, true);
    let digest = "0".repeat(64);
    let good = made.text("manifest-sha256.txt");
    for path in ["../outside", "/etc/hostname", "data/../../outside", "data/a\\b", "~/x", "data/%2e%2e/x", "data/x\u{202e}"] {
        made.put("manifest-sha256.txt", format!("{good}{digest}  {path}\n"));
        assert!(named(&made.verdict()).contains(&"manifest-sha256.txt"), "{path}");
    }
    made.put("manifest-sha256.txt", "a".repeat(5_000_000));
    assert!(named(&made.verdict()).contains(&"manifest-sha256.txt"));
}

/// One stored entry with a name and a mode of choice.
fn zip_of(entries: &[(&str, &[u8], u32)]) -> Vec<u8> {
    let (mut out, mut dir) = (Vec::new(), Vec::new());
    for (name, body, mode) in entries {
        let crc = crc32(body);
        let at = u32::try_from(out.len()).expect("small");
        let len = u32::try_from(body.len()).expect("small").to_le_bytes();
        let name_len = u16::try_from(name.len()).expect("small").to_le_bytes();
        let common = [&[20, 0, 0, 8, 0, 0, 0, 0, 0, 0][..], &crc.to_le_bytes(), &len, &len, &name_len, &[0, 0]].concat();
        out.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), body].concat());
        dir.extend(
            [b"PK\x01\x02\x14\x03", common.as_slice(), &[0; 6], &(mode << 16).to_le_bytes(), &at.to_le_bytes(), name.as_bytes()]
                .concat(),
        );
    }
    let (at, len) = (u32::try_from(out.len()).expect("small"), u32::try_from(dir.len()).expect("small"));
    let n = u16::try_from(entries.len()).expect("small").to_le_bytes();
    out.extend(&dir);
    out.extend([&b"PK\x05\x06\0\0\0\0"[..], &n, &n, &len.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat());
    out
}
fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0u32, |c, b| (0..8).fold(c ^ u32::from(*b), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 }))
}

#[test]
fn zips_made_to_deceive_are_refused() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("x.zip");
    let check = |bytes: Vec<u8>| {
        fs::write(&path, bytes).expect("writes");
        verify_production(&path, None)
    };
    let plain = 0o100_644;
    // Readable, though nothing of a production is in it.
    assert!(check(zip_of(&[("r/bagit.txt", b"x", plain)])).is_ok_and(|v| !v.holds));
    for name in ["r/../../etc/passwd", "r//etc/passwd", "r/a\\b", "r/C:x", "r/\u{202e}x", "elsewhere/x", "/abs"] {
        let v = check(zip_of(&[("r/bagit.txt", b"x", plain), (name, b"x", plain)])).expect("can be looked at");
        assert!(v.faults().any(|c| c.name == "names"), "{name}");
    }
    assert!(check(zip_of(&[("r/a", b"target", 0o120_777)])).is_err(), "a link");
    assert!(check(zip_of(&[("r/a", b"x", plain), ("r/a", b"y", plain)])).is_err(), "a name twice");
    // Two entries over the same bytes: the second's directory record points at the first.
    let mut overlap = zip_of(&[("r/a", b"xxxx", plain), ("r/b", b"xxxx", plain)]);
    let second = overlap.windows(4).rposition(|w| w == b"PK\x01\x02").expect("is there");
    overlap[second + 42..second + 46].fill(0);
    assert!(check(overlap).is_err(), "overlap");
    // Compressed entries are not expanded.
    let mut deflated = zip_of(&[("r/a", b"x", plain)]);
    for i in [8, deflated.windows(4).position(|w| w == b"PK\x01\x02").expect("is there") + 10] {
        deflated[i] = 8;
    }
    assert!(check(deflated).is_err(), "compressed");
    // A directory that promises more than there is.
    let mut many = zip_of(&[("r/a", b"x", plain)]);
    let end = many.len() - 22;
    many[end + 10..end + 12].copy_from_slice(&[0xfe, 0xff]);
    assert!(check(many).is_err(), "too many");
}
