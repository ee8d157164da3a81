//! R1.21: the ICC-style load file, made from the sample, read by Python, and tampered with by hand.

use super::*;
use sample::{item, sample};
use std::collections::BTreeSet;
use std::process::Command;
use zapys_domain::Private;
use zapys_domain::edtf::Edtf;
use zapys_dossier::extract::Dated;
use zapys_dossier::load_file::csv::{MARK, Table};
use zapys_dossier::load_file::page::PageId;
use zapys_dossier::load_file::table::{Gap, Row};
use zapys_dossier::load_file::{check, is_load_file};
use zapys_ledger::Hash;

fn made() -> Made {
    make(sample(), Format::LoadFile, true)
}
fn rows(m: &Made) -> Vec<Row> {
    Row::rows(&Table::parse(&m.read("LOADFILE.csv")).expect("is a table")).expect("has its columns")
}
fn gaps(m: &Made) -> Vec<Gap> {
    Gap::rows(&Table::parse(&m.read("GAPS.csv")).expect("is a table")).expect("has its columns")
}
fn verdict(m: &Made) -> Verdict {
    check(&m.path, Some(m.sample.key.key())).expect("can be looked at")
}
/// Names of the checks that found a fault, other than digests and seal, which every change breaks.
fn faults(m: &Made) -> BTreeSet<&'static str> {
    verdict(m).faults().map(|c| c.name).filter(|n| !["sums", "seal"].contains(n)).collect()
}

#[test]
fn r1_21_a_load_file_holds_and_every_document_has_its_pages_and_files() {
    let m = made();
    assert!(is_load_file(&m.path) && !is_load_file(m.path.parent().expect("a folder")));
    let v = verdict(&m);
    assert!(v.holds, "{:#?}", v.faults().collect::<Vec<_>>());
    assert_eq!(v.production.as_deref(), Some("01JB0000000000000000009PRD"));
    let rows = rows(&m);
    assert_eq!(rows.len(), 8, "six originals, a transcript and a translation");
    let mut next = 1;
    for r in &rows {
        let (first, last) = (PageId::parse(&r.first_page_id).expect("an id"), PageId::parse(&r.last_page_id).expect("an id"));
        assert_eq!(first.number, next, "contiguous");
        assert_eq!(r.pages, (last.number - first.number + 1).to_string());
        assert_eq!(r.hash, format!("sha256:{}", Hash::of(&m.read(&r.file)).hex()));
        next = last.number + 1;
    }
    let of = |kind: &str| rows.iter().find(|r| r.type_of_document == kind).expect("is there");
    let (call, said, translated) = (of("recording"), of("transcript"), of("translation"));
    assert_eq!((said.related_id.as_str(), said.relation.as_str()), (call.first_page_id.as_str(), "transcript of"));
    assert_eq!((translated.related_id.as_str(), translated.relation.as_str()), (said.first_page_id.as_str(), "translation of"));
    assert!(said.remarks.contains("nobody has reviewed") && said.authors.starts_with("machine: "));
    assert_eq!((call.main_date.as_str(), call.main_date_estimated.as_str()), ("2022-03", "yes"));
    assert_eq!(call.duration, "0:04:12.600");
    let clip = rows.iter().find(|r| r.exhibit == "E-0002").expect("the clip");
    assert_eq!((clip.related_id.as_str(), clip.relation.as_str()), (call.first_page_id.as_str(), "excerpt of"));
    assert_eq!((clip.main_date_estimated.as_str(), clip.main_date_basis.as_str()), ("no", "published, message time"));
    assert!(call.custody.starts_with("1 imported ") && call.source == "District archive, letter 31/22");
    let shot = rows.iter().find(|r| r.type_of_document == "screenshot").expect("the screenshot");
    assert!(m.path.join(&shot.image_file).is_file() && m.text(&shot.text_file).contains("Ящики вже в ліцеї."));
    let text = m.text(&said.file);
    assert!(text.starts_with(&said.first_page_id) && text.contains("[00:") && text.contains("Machine, unreviewed"));
    assert!(m.text(&translated.file).contains("en: "), "source words and translation side by side (R1.11)");
    assert!(m.text(&translated.file).contains("ru: "));
}

#[test]
fn r1_21_what_is_not_here_is_explained() {
    let m = made();
    let all = gaps(&m);
    let has = |subject: &str, reason: &str| all.iter().any(|g| g.subject == subject && g.reason.contains(reason));
    assert!(has(&item(99).to_string(), "could not be read"));
    let rows = rows(&m);
    let clip = rows.iter().find(|r| r.exhibit == "E-0002").expect("the clip");
    assert!(has(&clip.first_page_id, "speech pack is not installed"));
    assert!(m.text("LIMITATIONS.txt").contains("ICC-style") && m.text("LIMITATIONS.txt").contains("told apart by channel"));
}

#[test]
fn r1_21_the_same_production_gives_the_same_bytes_and_another_one_other_numbers() {
    let (a, b) = (made(), made());
    assert_eq!(all(&a.path), all(&b.path));
    let mut other = sample();
    other.extract.production = "01JB0000000000000000009PRE".parse().expect("a ULID");
    let c = make(other, Format::LoadFile, true);
    let series = |m: &Made| rows(m)[0].first_page_id.rsplit_once('-').map(|(s, _)| s.to_owned());
    assert_ne!(series(&a), series(&c));
}

#[test]
fn r1_21_texts_that_a_spreadsheet_would_compute_are_kept_and_disarmed() {
    let mut s = sample();
    s.extract.exhibits[2].title = Private::new("=HYPERLINK(\"https://example.test\",\"click\")".into());
    s.extract.exhibits[3].title = Private::new("a, \"b\"\r\n\u{202e}c".into());
    s.extract.exhibits[3].recorded = Some(Dated { value: Edtf::parse("1994-04-XX").expect("a date"), basis: "+stated".into() });
    let m = make(s, Format::LoadFile, true);
    assert!(verdict(&m).holds);
    let csv = m.text("LOADFILE.csv");
    assert!(csv.starts_with(MARK) && csv.contains("\"'=HYPERLINK(\"\"https://example.test\"\",\"\"click\"\")\""));
    let rows = rows(&m);
    assert!(rows.iter().any(|r| r.title.starts_with("=HYPERLINK(")));
    let other = rows.iter().find(|r| r.exhibit == "E-0004").expect("is there");
    assert_eq!(other.title, "a, \"b\"[U+000D] [U+202E]c");
    assert_eq!((other.main_date.as_str(), other.main_date_estimated.as_str()), ("1994-04-XX", "yes"));
}

#[test]
fn r1_21_python_reads_the_same_table() {
    let python = Path::new("/usr/bin/python3");
    if !python.is_file() {
        println!("skipped: python3 is not here");
        return;
    }
    let m = made();
    let script =
        "import csv,json,sys\nprint(json.dumps(list(csv.reader(open(sys.argv[1],encoding='utf-8-sig',newline=''),strict=True))))";
    for name in ["LOADFILE.csv", "GAPS.csv"] {
        let out = Command::new(python).args(["-c", script]).arg(m.path.join(name)).output().expect("runs");
        let theirs: Vec<Vec<String>> = serde_json::from_slice(&out.stdout).expect("is JSON");
        let ours = Table::parse(&m.read(name)).expect("is a table");
        assert_eq!(theirs[0], ours.heading);
        assert_eq!(theirs[1..], ours.rows);
    }
}

#[test]
fn v17_sha256sum_agrees() {
    let sums = Path::new("/usr/bin/sha256sum");
    if !sums.is_file() {
        println!("skipped: sha256sum is not here");
        return;
    }
    let m = made();
    let run =
        || Command::new(sums).args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(&m.path).output().expect("runs");
    assert!(run().status.success());
    m.put("GAPS.csv", "x");
    assert!(!run().status.success());
}

/// Changes one cell and writes the table anew.
fn edit(m: &Made, at: usize, change: impl FnOnce(&mut Row)) {
    let mut all = rows(m);
    change(&mut all[at]);
    m.put("LOADFILE.csv", Row::table(&all).to_string());
}

#[test]
fn r1_21_each_tampering_is_refused_for_its_reason() {
    type Change = fn(&mut Row);
    let cells: [(&str, usize, Change, &str); 24] = [
        ("a bad number", 0, |r| r.first_page_id = "x".into(), "page-ids"),
        ("a number used twice", 1, |r| (r.first_page_id, r.last_page_id) = ("x".into(), "x".into()), "page-ids"),
        ("a range that runs backwards", 0, |r| r.last_page_id = r.last_page_id.replace("000001", "000000"), "page-ids"),
        ("another count of pages", 0, |r| r.pages = "7".into(), "page-ids"),
        ("another hash", 0, |r| r.hash = format!("sha256:{}", "0".repeat(64)), "files"),
        ("another file", 0, |r| r.file = "NATIVE/other.bin".into(), "files"),
        ("a path that leads out", 0, |r| r.file = "NATIVE/../../etc/passwd".into(), "files"),
        ("no file", 0, |r| r.file.clear(), "files"),
        ("a text that is not there", 0, |r| r.text_file = format!("TEXT/{}.txt", r.first_page_id), "files"),
        ("a transcript without its recording", 1, |r| r.related_id = "ABC-DEF-0001-0001".into(), "related"),
        ("a transcript of nothing", 1, |r| (r.related_id, r.relation) = (String::new(), String::new()), "related"),
        ("a translation without its transcript", 2, |r| r.related_id.clear(), "related"),
        ("a document in a circle", 1, |r| r.related_id = r.first_page_id.clone(), "related"),
        ("an unknown relation", 1, |r| r.relation = "about".into(), "related"),
        ("a whole that nobody explains", 3, |r| r.related_id = format!("sha256:{}", "a".repeat(64)), "related"),
        ("a host that knows nothing of it", 1, |r| r.host_id = r.related_id.clone(), "attachments"),
        ("an attachment that is not there", 0, |r| r.attachment_ids = "ABC-DEF-0001-0001".into(), "attachments"),
        ("a date with zeros", 0, |r| r.main_date = "1994-04-00".into(), "words"),
        ("a vague date passed off as exact", 0, |r| r.main_date_estimated = "no".into(), "words"),
        ("an unknown confidentiality", 0, |r| r.confidentiality = "secret".into(), "words"),
        ("an unknown disclosure class", 0, |r| r.disclosure_class = "harmless".into(), "words"),
        ("a redaction without its number", 0, |r| r.redaction = "R01".into(), "words"),
        ("custody left out", 0, |r| r.custody.clear(), "words"),
        ("a document with fewer pages", 1, |r| r.pages = "9".into(), "text-pages"),
    ];
    for (what, at, change, name) in cells {
        let m = made();
        edit(&m, at, change);
        assert!(faults(&m).contains(name), "{what}: {:?}", faults(&m));
        assert!(!verdict(&m).holds);
    }
}

#[test]
fn r1_21_numbers_lost_or_used_twice_are_refused() {
    // A document taken out: its numbers are missing and its files are strays.
    let m = made();
    let mut all = rows(&m);
    let gone = all.remove(5);
    m.put("LOADFILE.csv", Row::table(&all).to_string());
    assert_eq!(faults(&m), ["page-ids", "files"].into());
    // The same with its files gone and the gap explained: allowed.
    for file in [&gone.file, &gone.image_file, &gone.text_file].into_iter().filter(|f| !f.is_empty()) {
        fs::remove_file(m.path.join(file)).expect("removes");
    }
    let mut known = gaps(&m);
    let subject = format!("{}..{}", gone.first_page_id, gone.last_page_id);
    known.push(Gap { subject, what: "document".into(), reason: "Withheld by order.".into() });
    m.put("GAPS.csv", Gap::table(&known).to_string());
    assert_eq!(faults(&m), BTreeSet::new());
    known.last_mut().expect("just added").reason.clear();
    m.put("GAPS.csv", Gap::table(&known).to_string());
    assert_eq!(faults(&m), ["page-ids", "gaps"].into());
    // The same numbers for two documents.
    let m = made();
    let mut all = rows(&m);
    all.push(all[3].clone());
    m.put("LOADFILE.csv", Row::table(&all).to_string());
    assert!(faults(&m).is_superset(&["page-ids", "files"].into()));
    // A redacted version of a page beside the page itself is no second use of its number.
    let m = made();
    let mut all = rows(&m);
    let mut r = all[3].clone();
    let id = format!("{}-R01", r.first_page_id);
    for (field, folder) in [(&mut r.file, "NATIVE"), (&mut r.image_file, "IMAGES"), (&mut r.text_file, "TEXT")] {
        if !field.is_empty() {
            let new = format!("{folder}/{id}.{}", field.rsplit('.').next().expect("an extension"));
            m.put(&new, m.read(field));
            *field = new;
        }
    }
    (r.redaction, r.redaction_basis, r.related_id, r.relation) =
        ("R01".into(), "Rule 81(2)".into(), all[3].first_page_id.clone(), "redaction of".into());
    (r.first_page_id, r.last_page_id) = (id, format!("{}-R01", r.last_page_id));
    all.push(r);
    m.put("LOADFILE.csv", Row::table(&all).to_string());
    assert_eq!(faults(&m), BTreeSet::new());
}

#[test]
fn r1_21_damaged_tables_strays_and_changed_files_are_refused() {
    let broken = |change: &dyn Fn(&Made), name: &str| {
        let m = made();
        change(&m);
        let v = verdict(&m);
        assert!(v.faults().any(|c| c.name == name), "{name}: {:#?}", v.faults().collect::<Vec<_>>());
    };
    broken(&|m| m.put("LOADFILE.csv", m.text("LOADFILE.csv").replace(MARK, "")), "table");
    broken(&|m| m.put("LOADFILE.csv", m.text("LOADFILE.csv").replace("\r\n", "\n")), "table");
    broken(&|m| m.put("LOADFILE.csv", m.text("LOADFILE.csv").replacen("title", "name", 1)), "table");
    broken(&|m| m.put("LOADFILE.csv", m.text("LOADFILE.csv").replacen("Published clip", "=1+1", 1)), "formula");
    broken(&|m| fs::remove_file(m.path.join("LOADFILE.csv")).expect("removes"), "table");
    broken(&|m| fs::remove_file(m.path.join("GAPS.csv")).expect("removes"), "table");
    broken(&|m| m.put("NATIVE/stray.bin", "x"), "files");
    broken(&|m| m.put("notes.txt", "x"), "sums");
    broken(&|m| m.put(&rows(m)[0].file, "x"), "files");
    broken(&|m| m.put(&rows(m)[1].file, "no number"), "text-pages");
    broken(&|m| m.put("SHA256SUMS", "x"), "sums");
    broken(&|m| m.put("LIMITATIONS.txt", "none"), "sums");
    broken(&|m| m.put("checkpoint", "x"), "checkpoint");
    broken(&|m| m.put("seal", "x"), "seal");
    // All digests written anew: the seal still tells.
    let m = made();
    let all_files = all(&m.path);
    m.put("LIMITATIONS.txt", "none");
    let sums: String = all_files
        .keys()
        .filter(|p| !["SHA256SUMS", "seal"].contains(&p.as_str()))
        .map(|p| format!("{}  {p}\n", Hash::of(&m.read(p)).hex()))
        .collect();
    m.put("SHA256SUMS", sums);
    assert_eq!(verdict(&m).faults().map(|c| c.name).collect::<Vec<_>>(), ["seal"]);
}

#[cfg(unix)]
#[test]
fn hostile_names_and_links_are_not_followed() {
    let m = made();
    std::os::unix::fs::symlink("/etc/hostname", m.path.join("NATIVE/link.bin")).expect("links");
    assert!(verdict(&m).faults().any(|c| c.name == "names"));
    assert!(check(&m.path.join("LOADFILE.csv"), None).is_err());
    assert!(check(&m.path.join("nothing"), None).is_err());
}
