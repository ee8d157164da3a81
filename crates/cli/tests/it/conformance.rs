//! The conformance report, computed from the record. Each requirement is tried met and missing beside its code; here the
//! report is followed from nothing on record to everything.

use crate::stage::{Stage, tone};

fn status(s: &Stage, standard: &str, number: &str, item: &str) -> (String, String) {
    let rows = s.run(&["-C", "case", "conformance", "--standard", standard, item, "--json"]).json();
    let row = rows.iter().find(|r| r["requirement"] == number).unwrap_or_else(|| panic!("{number} is not in {rows:?}"));
    assert_eq!(row["item"], item);
    let text = |f: &str| row[f].as_str().expect("text").to_owned();
    (text("status"), text("detail"))
}
fn record(s: &Stage, args: &[&str]) {
    s.run(&[&["-C", "case", "record"], args].concat()).ends(0);
}

#[test]
fn what_is_missing_is_listed_and_what_is_recorded_is_met() {
    let s = Stage::with_case();
    s.write("in/call.wav", &tone(2));
    s.write("order.txt", "Наказ про передачу.".as_bytes());
    s.run(&["-C", "case", "add", "in", "order.txt", "--source", "A service", "-q"]).ends(0);
    let item = s.item("call.wav");
    let order = s.run(&["-C", "case", "show", &s.item("order.txt"), "--json"]).ends(0).json()[0]["object"].clone();
    let is = |number: &str, standard: &str, wanted: &str| {
        let (found, detail) = status(&s, standard, number, &item);
        assert_eq!(found, wanted, "{number}: {detail}");
        assert!(detail.ends_with('.'), "{detail}");
    };
    let asked = [
        ("R1.1", "berkeley", &["phase", &item, "--phase", "preservation"][..]),
        (
            "R1.12",
            "leiden",
            &[
                "date",
                &item,
                "--recorded",
                "2022",
                "--basis",
                "stated",
                "--published",
                "unknown",
                "--collected",
                "unknown",
                "--place",
                "unknown",
                "--author",
                "unknown",
            ],
        ),
        (
            "R1.14",
            "leiden",
            &[
                "interception",
                &item,
                "--by",
                "a service",
                "--authority",
                "an order",
                "--equipment",
                "a receiver",
                "--target",
                "a frequency",
                "--operator-place",
                "a place",
                "--logbook",
                "p. 4",
                "--notes-made",
                "no",
                "--shortcomings",
                "none known",
            ],
        ),
        (
            "R1.19",
            "leiden",
            &[
                "intake",
                &item,
                "--legal-basis",
                "court-order",
                "--legal-text",
                "order 7",
                "--legal-document",
                order.as_str().expect("digest"),
            ],
        ),
        ("R1.28", "hala", &["ethics", &item, "--decision", "not-needed", "--person", "nobody"]),
        (
            "R1.29",
            "hala",
            &[
                "effort",
                "--sought",
                "the call",
                "--where",
                "a place",
                "--when",
                "2022",
                "--by",
                "person:a",
                "--not-obtained",
                "nothing is missing",
            ],
        ),
        ("R1.31", "hala", &["error", "--none-known"]),
        ("R1.33", "hala", &["intake", &item, "--cropped", "no", "--converted", "no", "--recompressed", "unknown"]),
    ];
    is("R1.13", "leiden", "missing");
    for (number, standard, args) in asked {
        is(number, standard, "missing");
        record(&s, args);
        is(number, standard, "met");
    }
    is("R1.13", "leiden", "met");
    is("R1.34", "hala", "missing");
    s.run(&["-C", "case", "verify"]).ends(0);
    is("R1.34", "hala", "missing");
    s.run(&["-C", "case", "verify", "--remember"]).ends(0);
    is("R1.34", "hala", "met");
    // A copy that is easier to listen to is one more derivative, which nobody has re-read yet.
    is("R1.35", "hala", "not-applicable");
    let mut making = s.command(&["-C", "case", "process", "--only", "probe,enhanced", "-q"]);
    assert!(making.env("ZAPYS_ENHANCE", "on").status().expect("zapys runs").success());
    is("R1.35", "hala", "met");
    is("R1.34", "hala", "missing");
    is("R1.3", "berkeley", "not-applicable");
    is("R1.18", "leiden", "not-applicable");
    // Taken back, it is missing again.
    let records = s.run(&["-C", "case", "record", "list", &item, "--json"]).ends(0).json();
    let phase = records.iter().find(|r| r["kind"] == "phase").expect("a phase")["record"].as_str().expect("an id").to_owned();
    record(&s, &["retract", &phase, "--because", "too early"]);
    is("R1.1", "berkeley", "missing");
}

#[test]
fn r1_3_each_part_of_a_page_is_asked_for() {
    let s = Stage::with_case();
    let page = |n: u32| {
        format!(
            "<html lang=\"uk\"><head><title>Лист {n}</title></head><body><article><p>Ящики стояли в коридорі музею до самого вечора, і ніхто їх не відчиняв, лист {n}.</p></article></body></html>"
        )
    };
    s.write("no-address.html", page(1).as_bytes());
    s.write("no-picture.html", page(2).as_bytes());
    s.write("whole.html", page(3).as_bytes());
    s.write("no-source.wav", &tone(1));
    s.write("shot1.png", &png(40));
    s.write("shot2.png", &png(41));
    s.write("shot3.png", &png(42));
    let add = |args: &[&str]| {
        s.run(&[&["-C", "case", "add", "-q"], args].concat()).ends(0);
    };
    let url = ["--origin", "https://example.org/a"];
    add(&["no-address.html", "shot1.png", "shot2.png", "shot3.png"]);
    add(&["no-picture.html", "whole.html", "no-source.wav", url[0], url[1]]);
    let (a, b, c, whole) = (s.item("no-address.html"), s.item("no-picture.html"), s.item("no-source.wav"), s.item("whole.html"));
    record(&s, &["family", &a, &s.item("shot1.png")]);
    record(&s, &["family", &c, &s.item("shot2.png")]);
    record(&s, &["family", &whole, &s.item("shot3.png")]);
    for (item, lacks) in [(&a, "no address"), (&b, "no full-page capture"), (&c, "no page source")] {
        let (found, detail) = status(&s, "berkeley", "R1.3", item);
        assert_eq!((found.as_str(), detail), ("missing", format!("Below the Berkeley minimum: {lacks}.")));
    }
    assert_eq!(status(&s, "berkeley", "R1.3", &whole).0, "met");
    s.run(&["-C", "case", "produce", "--out", "bag"]).ends(0);
    let limits = std::fs::read_to_string(s.path("bag/data/limitations.json")).expect("limits");
    assert_eq!(limits.matches("below the Berkeley minimum for what comes from the web").count(), 3, "{limits}");
}

#[test]
fn the_answer_is_no_while_something_is_missing_and_never_praise() {
    let s = Stage::with_case();
    s.run(&["-C", "case", "conformance", "--standard", "hala"]).ends(0);
    s.write("a.txt", "Опис складали двоє.".as_bytes());
    s.run(&["-C", "case", "add", "a.txt", "-q"]).ends(0);
    let said = s.run(&["-C", "case", "conformance", "--standard", "berkeley"]).ends(1);
    assert!(said.out.contains("R1.1 (") && said.out.contains("a.txt"), "{}", said.out);
    for standard in ["leiden", "hala", "berkeley"] {
        let rows = s.run(&["-C", "case", "conformance", "--standard", standard, "--json"]).json();
        assert!(!rows.is_empty());
        for r in &rows {
            let word = r["status"].as_str().expect("a status");
            assert!(["met", "missing", "not-applicable"].contains(&word) && r["standard"] == standard, "{r}");
            assert!(
                !r.to_string().to_lowercase().contains("complian") && !r.to_string().to_lowercase().contains("certif"),
                "{r}"
            );
        }
    }
    record(&s, &["phase", &s.item("a.txt"), "--phase", "collection"]);
    s.run(&["-C", "case", "conformance", "--standard", "berkeley", &s.item("a.txt")]).ends(0);
    s.run(&["-C", "case", "conformance", "--standard", "vienna"]).ends(3).says("leiden, hala or berkeley");
    s.run(&["-C", "case", "conformance"]).ends(3);
}

/// A grey picture of the given width, as PNG with stored (not compressed) data.
fn png(width: u32) -> Vec<u8> {
    let raw: Vec<u8> = (0..20).flat_map(|_| std::iter::once(0u8).chain((0..width).map(|x| (x * 5) as u8))).collect();
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend((raw.len() as u16).to_le_bytes());
    zlib.extend((!(raw.len() as u16)).to_le_bytes());
    zlib.extend(&raw);
    let (mut a, mut b) = (1u32, 0u32);
    for byte in &raw {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    zlib.extend((b << 16 | a).to_be_bytes());
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(20u32.to_be_bytes());
    header.extend([8, 0, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", &header), (b"IDAT", &zlib), (b"IEND", &Vec::new())] {
        file.extend((data.len() as u32).to_be_bytes());
        let mut chunk = name.to_vec();
        chunk.extend(data);
        file.extend(&chunk);
        file.extend(crc(&chunk).to_be_bytes());
    }
    file
}
fn crc(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0u32, |c, b| (0..8).fold(c ^ u32::from(*b), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 }))
}
