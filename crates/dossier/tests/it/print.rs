//! Documents on paper. What other people's programs read in them is what was put in: `qpdf` and poppler's `pdftotext`;
//! without these the tests say so and pass, unless `ZAPYS_REQUIRE_SERVERS=1`.

use super::*;
use sample::{Memory, sample, with};
use serde_json::Value;
use std::process::Command;
use zapys_domain::{DerivativeKind, Private};
use zapys_dossier::extract::Extract;
use zapys_dossier::print::document::{Cell, Edge, Face, KeyValue, Run, Size, Table, Text, TocEntry, Tone, Width};
use zapys_dossier::print::{Block, Document, Meta, Section, typeset};

/// The output of a program, and whether it was content. `None`: it is not installed.
fn run(program: &str, args: &[&str], pdf: &[u8]) -> Option<(bool, String)> {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("x.pdf");
    fs::write(&file, pdf).expect("writes");
    let args = args.iter().map(|a| if *a == "FILE" { file.as_os_str() } else { a.as_ref() });
    match Command::new(program).args(args).output() {
        Ok(out) => Some((out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned())),
        Err(_) => {
            assert!(std::env::var("ZAPYS_REQUIRE_SERVERS").as_deref() != Ok("1"), "{program} is required and not installed");
            println!("skipped: {program} is not installed");
            None
        }
    }
}
/// All words of a PDF, with one space between any two.
fn words(pdf: &[u8]) -> Option<String> {
    let (ok, text) = run("pdftotext", &["-enc", "UTF-8", "FILE", "-"], pdf)?;
    assert!(ok, "pdftotext reads it");
    Some(squeezed(&text))
}
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
/// Without any space: lines may end within digests and long words.
fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

/// A PDF with all its objects in the open, for looking at what is in it.
fn opened(pdf: &[u8]) -> Option<String> {
    let (ok, text) = run("qpdf", &["--qdf", "--object-streams=disable", "--stream-data=preserve", "FILE", "-"], pdf)?;
    assert!(ok, "qpdf opens it");
    Some(text)
}

/// `ZAPYS_PRINT_KEEP=FOLDER` keeps every PDF under the name of its test, to be looked at.
fn keep(pdf: &[u8]) {
    if let Some(folder) = std::env::var_os("ZAPYS_PRINT_KEEP") {
        let test = std::thread::current().name().unwrap_or("print").replace("print::", "");
        fs::write(Path::new(&folder).join(format!("{test}-{}.pdf", &zapys_ledger::Hash::of(pdf).hex()[..6])), pdf)
            .expect("keeps");
    }
}

/// V15: `qpdf --check`; and nothing that runs, opens or leads outside.
fn sound(pdf: &[u8]) {
    keep(pdf);
    assert!(pdf.starts_with(b"%PDF-1.7"));
    if let Some((ok, text)) = run("qpdf", &["--check", "FILE"], pdf) {
        assert!(ok && text.contains("No syntax or stream encoding errors found"), "{text}");
    }
    // Strings of the document could hold these words, so the names are looked for where only names of the format stand.
    let names = names(pdf);
    for bad in [
        "JS",
        "JavaScript",
        "Launch",
        "URI",
        "EmbeddedFile",
        "EmbeddedFiles",
        "OpenAction",
        "AA",
        "SubmitForm",
        "GoToR",
        "GoToE",
        "AcroForm",
        "RichMedia",
        "Movie",
        "Sound",
        "ImportData",
        "XFA",
        "Encrypt",
        "Filespec",
    ] {
        assert!(!names.contains(bad), "{bad}");
    }
    for must in ["StructTreeRoot", "MarkInfo", "Lang", "OutputIntents", "Metadata"] {
        assert!(names.contains(must), "{must}");
    }
}

/// Names of the format in a PDF: `/Name` outside of strings and streams.
fn names(pdf: &[u8]) -> std::collections::BTreeSet<String> {
    let mut out = std::collections::BTreeSet::new();
    let mut i = 0;
    while i < pdf.len() {
        match pdf[i] {
            b'(' => {
                let mut depth = 1;
                while depth > 0 && i + 1 < pdf.len() {
                    i += 1;
                    match pdf[i] {
                        b'\\' => i += 1,
                        b'(' => depth += 1,
                        b')' => depth -= 1,
                        _ => {}
                    }
                }
            }
            b'/' => {
                let end = pdf[i + 1..].iter().position(|b| !b.is_ascii_alphanumeric()).map_or(pdf.len(), |n| i + 1 + n);
                out.insert(String::from_utf8_lossy(&pdf[i + 1..end]).into_owned());
                i = end;
                continue;
            }
            b's' if pdf[i..].starts_with(b"stream") => {
                let rest = &pdf[i..];
                let end = rest.windows(9).position(|w| w == b"endstream").expect("a stream ends");
                i += end + 9;
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    out
}

fn meta() -> Meta {
    Meta { title: "A test of paper".into(), foot: "Foot".into(), ..Meta::of(&sample().extract) }
}
fn set(blocks: Vec<Block>) -> Vec<u8> {
    let pdf = typeset(&Document::from(blocks), &meta()).expect("is set");
    sound(&pdf);
    pdf
}
fn heading(level: u8, text: &str, anchor: Option<&str>) -> Block {
    Block::Heading { level, text: Text::plain(text), anchor: anchor.map(Into::into), outline: None }
}

#[test]
fn a_report_reads_as_it_was_written() {
    let made = make(sample(), Format::Pdf, true);
    let pdf = fs::read(&made.path).expect("reads");
    sound(&pdf);
    let Some(text) = words(&pdf) else { return };
    for must in [
        "Museum holdings, Synopillia",
        "E-0001",
        "E-0006",
        "Опись не делали. Сказали, потом.",
        "Слухаю. Ви на складі?",
        "Та я ж кажу: документів на них нема ніяких.",
        "Ящики вже в ліцеї.",
        "An inventory was not made. They said later.",
        "Machine, unreviewed",
        "not translated",
        "unknown",
        "What is missing or unsure",
        "Speakers were told apart by channel only.",
    ] {
        assert!(text.contains(must), "{must}\n{text}");
    }
    assert!(!text.contains("Продолжение"), "text over silence is not shown as words");
    assert!(!text.contains("never revealed"));
    let all = solid(&text);
    for e in &made.sample.extract.exhibits {
        assert!(all.contains(&e.object.hex()), "the whole digest of {}", e.item);
    }
}

/// Visible words of an HTML report, as a browser would show them.
fn said(html: &str) -> Vec<String> {
    let mut text = String::new();
    let body = &html[html.find("<main>").expect("has a body")..];
    let (mut rest, mut hidden) = (body, 0);
    while let Some(open) = rest.find('<') {
        if hidden == 0 {
            text.push_str(&rest[..open]);
        }
        let end = open + rest[open..].find('>').expect("a tag ends");
        let tag = &rest[open + 1..end];
        // Pictures and sound are said not to be printed, and the way to the top is for screens.
        for name in ["details", "svg", "p class=\"top\""] {
            let closing = name.split(' ').next().expect("has a name");
            if tag.starts_with(name) {
                hidden += 1;
            } else if hidden > 0 && tag == format!("/{closing}") {
                hidden -= 1;
                break;
            }
        }
        text.push(' ');
        rest = &rest[end + 1..];
    }
    for (from, to) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
        text = text.replace(from, to);
    }
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_word_of_the_html_report_is_on_paper() {
    for sample in [sample(), recorded()] {
        let html = make(sample, Format::Html, true);
        let pdf = typeset_like(&html.sample);
        let Some(text) = words(&pdf) else { return };
        let paper = solid(&text);
        let html = fs::read_to_string(&html.path).expect("reads");
        let lost: Vec<String> = said(&html).into_iter().filter(|w| !paper.contains(w.as_str())).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
fn typeset_like(s: &Sample) -> Vec<u8> {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("r.pdf");
    put(s, &path, Format::Pdf, true).expect("writes");
    fs::read(path).expect("reads")
}
/// The sample with something on record, in limits and left out.
fn recorded() -> Sample {
    let mut s = sample();
    s.extract.limitations.push("A limit with a name: Ґанок, Їжак & Co <none>.".into());
    s
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let (a, b) = (typeset_like(&sample()), typeset_like(&sample()));
    assert!(a == b);
    let mut later = sample();
    later.extract.made = zapys_domain::Instant::from_seconds(1_800_000_000);
    assert!(a != typeset_like(&later), "the date is the one of the production");
}

#[test]
fn the_date_of_the_file_is_the_date_of_the_production() {
    let pdf = typeset_like(&sample());
    let Some((_, info)) = run("pdfinfo", &["-isodates", "FILE"], &pdf) else { return };
    assert!(info.contains("CreationDate:    2024-10-27T04:56:40") && info.contains("JavaScript:      no"), "{info}");
    assert!(info.contains("Tagged:          yes") && info.contains("Page size:       595.276 x 841.89 pts (A4)"), "{info}");
}

#[test]
fn every_page_says_which_of_how_many_it_is() {
    let long = "Ящики стояли на першому поверсі. ".repeat(2000);
    let pdf = set(vec![heading(1, "Long", None), Block::Paragraph(Text::plain(long))]);
    let Some(text) = words(&pdf) else { return };
    let Some((_, info)) = run("pdfinfo", &["FILE"], &pdf) else { return };
    let pages: usize = info.lines().find_map(|l| l.strip_prefix("Pages:")).expect("says it").trim().parse().expect("a number");
    assert!(pages > 5, "{pages}");
    for n in 1..=pages {
        assert_eq!(text.matches(&format!("Page {n} of {pages}")).count(), 1, "{n}");
    }
    assert_eq!(text.matches("першому").count(), 2000, "nothing is lost between pages");
}

#[test]
fn contents_name_the_page_and_lead_to_it() {
    let entry = |n: usize| TocEntry { text: Text::plain(format!("Part {n}")), anchor: format!("p{n}"), level: 0 };
    let mut blocks = vec![heading(1, "Contents", None), Block::Toc((1..=30).map(entry).collect())];
    for n in 1..=30 {
        blocks.extend([Block::PageBreak, heading(2, &format!("Part {n}"), Some(&format!("p{n}")))]);
        blocks.push(Block::Paragraph(Text::plain(format!("Text of part {n}."))));
    }
    let pdf = set(blocks);
    let Some(text) = words(&pdf) else { return };
    for n in 1..=30 {
        assert!(text.contains(&format!("Part {n} {}", n + 1)), "{n}: {text}");
    }
    assert!(!text.contains("00000"));
    let names = names(&pdf);
    assert!(names.contains("Outlines") && names.contains("Annots") && names.contains("TOCI"), "{names:?}");
}

#[test]
fn tables_go_on_over_pages_with_their_heads() {
    let rows =
        (0..300).map(|i| vec![Cell::new(Text::plain(format!("row{i}"))), Cell::new(Text::plain("Рядок таблиці"))]).collect();
    let head = vec![Text::plain("Number"), Text::plain("Слово")];
    let table = Table { columns: vec![Width::Fixed(80.0), Width::Share(1.0)], head, rows };
    let pdf = set(vec![Block::Table(table)]);
    let Some(text) = words(&pdf) else { return };
    let pages = text.matches("Page ").count();
    assert!(pages > 3);
    assert_eq!(text.matches("Слово").count(), pages, "a head on every page");
    assert_eq!((0..300).filter(|i| text.contains(&format!("row{i} "))).count(), 300);
}

#[test]
fn a_cell_longer_than_a_page_goes_on_whole() {
    let long: String = (0..4000).map(|i| format!("слово{i} ")).collect();
    let cell = |t: &str| Cell { texts: vec![Text::plain(t).size(Size::Reading)], edge: Edge::Dotted, span: 1 };
    let table = Table { columns: vec![Width::Share(1.0); 2], head: vec![], rows: vec![vec![cell(&long), cell("short")]] };
    let pdf = set(vec![Block::Table(table)]);
    let Some(text) = words(&pdf) else { return };
    let all = solid(&text);
    let lost: Vec<usize> = (0..4000).filter(|i| !all.contains(&format!("слово{i}"))).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn t10_hostile_text_is_shown_and_harms_nothing() {
    let bad = "a\u{202e}gpj.exe\u{2066}\u{0}\u{1b}[31m\u{feff}\u{200b}\u{ad}\u{e000}\u{fffe}\u{10fffd} /JS (app.alert\\(1\\)) >> endobj %%EOF \u{1f469}\u{200d}\u{1f680} \u{1f602}";
    let blocks = vec![
        heading(1, bad, Some(bad)),
        Block::Paragraph(Text::plain(bad)),
        Block::Code(bad.into()),
        Block::KeyValues(vec![KeyValue { term: Text::plain(bad), value: Text::plain(bad), wide: false }]),
        Block::Table(Table {
            columns: vec![Width::Fixed(40.0), Width::Share(1.0)],
            head: vec![Text::plain(bad)],
            rows: vec![vec![Cell::new(Text::plain(bad))]],
        }),
        Block::Bullets(vec![Text::plain(bad)]),
        Block::Undrawn,
    ];
    let meta = Meta { title: bad.into(), case: bad.into(), foot: bad.into(), program: bad.into(), ..meta() };
    let pdf = typeset(&Document::from(blocks), &meta).expect("is set");
    sound(&pdf);
    let Some(text) = words(&pdf) else { return };
    for must in
        ["[U+202E]gpj.exe[U+2066][U+0000][U+001B][31m[U+FEFF][U+200B][U+00AD][U+E000]", "[U+1F469]", "[U+10FFFD]", "\u{1f602}"]
    {
        assert!(solid(&text).contains(must), "{must}\n{text}");
    }
    assert!(
        !text.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e000}' | '\u{1b}')),
        "{text}"
    );
    assert!(text.contains("Characters shown by their number") && text.contains("U+1F680 ("), "what cannot be drawn is listed");
}

#[test]
fn a_poisoned_extract_becomes_a_sound_report() {
    let pdf = typeset_like(&hostile::poisoned());
    sound(&pdf);
    let Some(text) = words(&pdf) else { return };
    assert!(text.contains("[U+202E]gpj.exe") && text.contains("<script src="));
}

#[test]
fn other_scripts_are_drawn_or_numbered_never_dropped() {
    let lines = [
        "Ґанок і їжак: «щось» – ’так’ №5",
        "ёлка, объём, эхо",
        "Łódź, Ørsted, ñ, ß",
        "Ελληνικά",
        "ქართული",
        "Հայերեն",
        "中文",
        "हिन्दी",
    ];
    let pdf = set(lines.iter().map(|l| Block::Paragraph(Text::plain(*l))).chain([Block::Undrawn]).collect());
    let Some(text) = words(&pdf) else { return };
    for l in &lines[..6] {
        assert!(text.contains(l), "{l}\n{text}");
    }
    assert!(solid(&text).contains("[U+4E2D][U+6587]") && text.contains("U+4E2D (1)"), "{text}");
    assert!(solid(&text).contains("[U+0939]"), "{text}");
}

#[test]
fn arabic_and_hebrew_run_from_right_to_left() {
    let mixed = "Sender \u{623}\u{62d}\u{645}\u{62f} wrote 42 words, \u{5e9}\u{5dc}\u{5d5}\u{5dd} answered.";
    let name = Run { isolated: true, ..Run::new("\u{623}\u{62d}\u{645}\u{62f}") };
    let isolated = Text::new(vec![Run::new("From "), name, Run::new(", 2022.")]);
    let long = "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{5e2}\u{5d5}\u{5dc}\u{5dd} ".repeat(200);
    let pdf = set(vec![Block::Paragraph(Text::plain(mixed)), Block::Paragraph(isolated), Block::Paragraph(Text::plain(long))]);
    let Some(text) = words(&pdf) else { return };
    assert!(text.contains("\u{5e9}\u{5dc}\u{5d5}\u{5dd}"), "{text}");
    assert!(text.matches("\u{5e2}\u{5d5}\u{5dc}\u{5dd}").count() >= 190, "{text}");
    // Shaped Arabic letters are read back as the letters themselves.
    assert!(text.contains("\u{623}\u{62d}\u{645}\u{62f}"), "{text}");
}

#[test]
fn a_word_of_a_megabyte_breaks_and_stays_whole() {
    let long = "\u{430}\u{431}\u{432}\u{433}".repeat(130_000);
    let pdf = set(vec![Block::Paragraph(Text::plain(long.as_str()))]);
    let Some(text) = words(&pdf) else { return };
    let letters = text.chars().filter(|c| ('\u{430}'..='\u{433}').contains(c)).count();
    assert_eq!(letters, 520_000);
    // Marks without end on one letter are bounded too.
    set(vec![Block::Paragraph(Text::plain(format!("e{}", "\u{301}".repeat(50_000))))]);
}

#[test]
fn digests_break_after_every_sixteenth_digit() {
    let digest = zapys_ledger::Hash::of(b"x").hex();
    let run = Run::new(&*digest).face(Face::Mono);
    let cell = Cell::new(Text::new(vec![run]).size(Size::Small));
    let table = Table { columns: vec![Width::Fixed(160.0), Width::Share(1.0)], head: vec![], rows: vec![vec![cell]] };
    let pdf = set(vec![Block::Table(table)]);
    let Some(text) = words(&pdf) else { return };
    assert!(text.contains(&format!("{} {}", &digest[..32], &digest[32..])), "{text}");
}

#[test]
fn r1_11_original_and_translation_stand_side_by_side() {
    let original =
        Text { language: Some("ru".into()), ..Text::new(vec![Run::new("Опись не делали.").tone(Tone::Machine)]) };
    let translation = Text { language: Some("en".into()), ..Text::plain("An inventory was not made.") };
    let pdf = set(vec![Block::Pair { original, translation, edge: Edge::Dotted }]);
    let Some((_, text)) = run("pdftotext", &["-layout", "FILE", "-"], &pdf) else { return };
    assert!(text.lines().any(|l| l.contains("Опись не делали.") && l.contains("An inventory was not made.")), "{text}");
    let Some(inside) = opened(&pdf) else { return };
    assert!(inside.contains("/Lang (ru)") && inside.contains("/Lang (en)"), "the language of each is told");
}

#[test]
fn r1_24_certificate_drafts_are_drafts_with_blanks() {
    let made = make(sample(), Format::Bag, true);
    for (stem, must) in [("fre-902-13-draft", "902(13)"), ("fre-902-14-draft", "902(14)")] {
        let pdf = made.read(&format!("data/certificates/{stem}.pdf"));
        sound(&pdf);
        let Some(text) = words(&pdf) else { return };
        for must in [
            must,
            "DRAFT, NOT SIGNED",
            "DRAFT, not signed",
            "28 U.S.C. 1746",
            "under penalty of perjury",
            "Name",
            "Qualifications",
            "Signature",
            "Place and date",
        ] {
            assert!(text.contains(must), "{stem}: {must}");
        }
        let json: Value = serde_json::from_slice(&made.read(&format!("data/certificates/{stem}.json"))).expect("reads");
        assert_eq!((&json["draft"], &json["certifier"]["signature"]), (&Value::Bool(true), &Value::Null));
    }
    let Some(text) = words(&made.read("data/certificates/fre-902-14-draft.pdf")) else { return };
    let all = solid(&text);
    for e in &made.sample.extract.exhibits {
        assert_eq!(all.matches(&e.object.hex()).count(), 2, "both digests of {}", e.item);
    }
}

#[test]
fn the_bag_carries_the_report_to_print() {
    let made = make(sample(), Format::Bag, true);
    let pdf = made.read("data/report/report.pdf");
    sound(&pdf);
    assert!(made.verdict().holds);
    let Some(text) = words(&pdf) else { return };
    // Beside the originals the report tells how to check them, and names the files.
    for must in ["How to check this", "zapys-verify", "E-0001.amr", "E-0005.html.txt"] {
        assert!(solid(&text).contains(&solid(must)), "{must}");
    }
}

/// `n` exhibits, each with a transcript of `segments` segments and its translation.
fn large(n: u16, segments: usize) -> Sample {
    let mut base = sample();
    let mut objects = Memory::default();
    let source = base.extract.exhibits.swap_remove(0);
    let mut exhibits = Vec::new();
    for i in 0..n {
        let mut e = source.clone();
        e.item = format!("01JB000000000000000001{i:04}").parse().expect("a ULID");
        e.title = Private::new(format!("Розмова {i}"));
        (e.object, e.bytes) = objects.put(format!("original {i}").into_bytes());
        for d in &mut e.derivatives {
            let bytes = &base.objects.0[&d.object];
            let bytes = match d.kind {
                DerivativeKind::Transcript | DerivativeKind::Translation => {
                    let mut v: Value = serde_json::from_slice(bytes).expect("a document");
                    let all = v["segments"].as_array().expect("has segments").clone();
                    let many = (0..segments).map(|s| {
                        let mut one = all[s % (all.len() - 1)].clone();
                        one["id"] = format!("s{s:06}").into();
                        let text = one["text"].as_str().expect("has a text").to_owned();
                        one["text"] = format!("{text} {s} {i}").into();
                        one["flags"] = Value::Array(vec![]);
                        one
                    });
                    v["segments"] = many.collect();
                    serde_json::to_vec(&v).expect("writes")
                }
                _ => bytes.clone(),
            };
            (d.object, d.bytes) = objects.put(bytes);
            d.inputs = vec![e.object];
        }
        exhibits.push(e);
    }
    with(exhibits, objects)
}

#[test]
fn a_large_case_is_set_in_seconds() {
    // `ZAPYS_PRINT_LARGE=1000x200` measures a case of that many exhibits and segments each.
    let size = std::env::var("ZAPYS_PRINT_LARGE").unwrap_or_else(|_| "40x60".into());
    let (n, segments) = size.split_once('x').expect("two numbers");
    let s = large(n.parse().expect("a number"), segments.parse().expect("a number"));
    // Most memory that this process has ever used, in KiB.
    let peak = || {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default().trim().to_owned()
    };
    let before = peak();
    let begun = std::time::Instant::now();
    let pdf = typeset_like(&s);
    let took = begun.elapsed();
    println!("{size}: {took:?}, {} bytes, peak memory {before} before, {} after", pdf.len(), peak());
    assert!(took.as_secs() < 240, "{took:?}");
    if size == "40x60" {
        sound(&pdf);
        let Some(text) = words(&pdf) else { return };
        for i in 0..40 {
            assert!(text.contains(&format!("Розмова {i}")));
        }
    }
}

#[test]
fn an_empty_document_is_a_page() {
    set(vec![]);
    let sections = vec![Section::default(), Section { running: "x".into(), blocks: vec![Block::PageBreak, Block::Undrawn] }];
    sound(&typeset(&Document { sections }, &meta()).expect("is set"));
}

#[test]
fn a_meta_comes_from_an_extract() {
    let extract: Extract = sample().extract;
    let meta = Meta::of(&extract);
    assert_eq!((meta.made, meta.language.as_str()), (extract.made, "en"));
    assert!(meta.title.contains(&extract.production.to_string()));
}
