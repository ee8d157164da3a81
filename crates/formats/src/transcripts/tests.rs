//! What each form holds comes out; what is none of it is refused.

use super::*;
use TranscriptForm::*;

/// Start, end, speaker, text of each.
fn of(form: TranscriptForm, text: &str) -> Vec<(u64, Option<u64>, Option<String>, String)> {
    let read = read(form, text.as_bytes(), &["Оля".into()]).unwrap_or_else(|e| panic!("{form:?}: {e}"));
    read.into_iter().map(|s| (s.start_ms, s.end_ms, s.speaker, s.text)).collect()
}
fn one(start: u64, end: u64, speaker: Option<&str>, text: &str) -> (u64, Option<u64>, Option<String>, String) {
    (start, Some(end), speaker.map(str::to_owned), text.to_owned())
}

#[test]
fn subtitles_of_other_programs() {
    let srt = "1\r\n00:00:01,000 --> 00:00:02,500\r\n[Machine, unreviewed] A: <i>Ми</i> дома\r\nі чекаємо\r\n\r\n\
               00:01:00,5 --> 01:00:00,000 X1:10\nСлухай: a < b\n\n3\n00:00:09,000 --> 00:00:10,000\nОля: так\ntak (machine, unreviewed)\n";
    let want = [
        one(1000, 2500, Some("A"), "Ми дома\nі чекаємо"),
        one(60_500, 3_600_000, None, "Слухай: a < b"),
        one(9000, 10_000, Some("Оля"), "так"),
    ];
    assert_eq!(of(Srt, srt), want);
    let vtt = "\u{feff}WEBVTT - a title\n\nSTYLE\n::cue {}\n\nNOTE hidden\n\nc1\n00:01.000 --> 00:02.000 align:start\n\
               <v.loud Оля>раз <00:01.500>два &amp;amp; &lt;три&gt;</v>\n\n00:03.000 --> 00:04.000\n<v B><lang ru>да</lang></v>\n";
    assert_eq!(of(Vtt, vtt), [one(1000, 2000, Some("Оля"), "раз два &amp; <три>"), one(3000, 4000, Some("B"), "да")]);
    let read = read(Vtt, vtt.as_bytes(), &[]).unwrap();
    assert_eq!((read[0].id.as_deref(), read[1].id.as_deref()), (Some("c1"), None));
    assert_eq!(read[1].language.as_ref().map(|l| l.as_str()), Some("ru"));
}

#[test]
fn praat_in_both_of_its_forms() {
    let long = "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0 \nxmax = 2.5 \ntiers? <exists> \nsize = 2 \nitem []: \n\
        item [1]:\n class = \"IntervalTier\" \n name = \"A (2)\" \n xmin = 0 \n xmax = 2.5 \n intervals: size = 2 \n intervals [1]:\n \
        xmin = 0 \n xmax = 1.25 \n text = \"сказав \"\"так\"\"\" \n intervals [2]:\n xmin = 1.25 \n xmax = 2.5 \n text = \"\" \n\
        item [2]:\n class = \"TextTier\" \n name = \"p\" \n xmin = 0 \n xmax = 2.5 \n points: size = 1 \n points [1]:\n number = 1 \n mark = \"x\" \n";
    assert_eq!(of(TextGrid, long), [one(0, 1250, Some("A"), "сказав \"так\"")]);
    let short = "\"ooTextFile\"\n\"TextGrid\"\n0\n2.5\n<exists>\n1\n\"IntervalTier\"\n\"A\"\n0\n2.5\n1\n0\n2.5\n\"так\"\n";
    assert_eq!(of(TextGrid, short), [one(0, 2500, Some("A"), "так")]);
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(short.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read(TextGrid, &wide, &[]).unwrap().len(), 1);
}

const EAF: &str = "<?xml version=\"1.0\"?><ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID=\"t1\" TIME_VALUE=\"10\"/>\
    <TIME_SLOT TIME_SLOT_ID=\"t2\" TIME_VALUE=\"20\"/><TIME_SLOT TIME_SLOT_ID=\"t3\"/></TIME_ORDER>\
    <TIER TIER_ID=\"Оля &amp; Ко\"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a1\" TIME_SLOT_REF1=\"t1\" TIME_SLOT_REF2=\"t2\">\
    <ANNOTATION_VALUE>a &lt; b &#x442;<![CDATA[&]]></ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>\
    <TIER TIER_ID=\"w\" PARENT_REF=\"Оля &amp; Ко\"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID=\"a2\" ANNOTATION_REF=\"a1\">\
    <ANNOTATION_VALUE>below</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>";

#[test]
fn elan_tiers_with_times_are_speakers() {
    assert_eq!(of(Eaf, EAF), [one(10, 20, Some("Оля & Ко"), "a < b т&")]);
}

/// A package with that document.
fn package(document: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("word/document.xml", zip::write::SimpleFileOptions::default()).expect("begins");
    std::io::Write::write_all(&mut zip, document.as_bytes()).expect("writes");
    zip.finish().expect("ends").into_inner()
}
/// A document with these rows, each a list of what its cells hold.
fn table(rows: &[&[&str]]) -> String {
    let cell = |c: &&str| format!("<w:tc><w:tcPr/><w:p><w:r>{c}</w:r></w:p></w:tc>");
    let row = |r: &&[&str]| format!("<w:tr>{}</w:tr>", r.iter().map(cell).collect::<String>());
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<w:document xmlns:w=\"x\"><w:body><w:p><w:r><w:t>a title</w:t></w:r></w:p><w:tbl>{rows}</w:tbl></w:body></w:document>"
    )
}
const HEAD: &[&str] = &["<w:t>from</w:t>", "<w:t>Words</w:t>", "<w:t>To</w:t>", "<w:t>Remarks</w:t>", "<w:t>SPEAKER</w:t>"];

#[test]
fn a_table_that_somebody_worked_in() {
    let tracked = "<w:t>ми </w:t><w:del><w:r><w:delText>не </w:delText><w:t>ні</w:t></w:r></w:del><w:ins><w:r><w:t>таки</w:t></w:r></w:ins>";
    let inner =
        "<w:t>a &lt; b</w:t><w:br/><w:t>c</w:t><w:tbl><w:tr><w:tc><w:p><w:r><w:t>inner</w:t></w:r></w:p></w:tc></w:tr></w:tbl>";
    let document = table(&[
        &["<w:t>something else</w:t>"],
        HEAD,
        &["<w:t>00:00:01.000</w:t>", tracked, "<w:t>00:00:02,5</w:t>", "<w:t>?</w:t>", "<w:t>Оля</w:t>"],
        &["<w:t>00:03.000</w:t>", inner],
        &["", "", "", "a remark on nothing"],
    ]);
    let read = read(Docx, &package(&document), &[]).expect("reads");
    let said: Vec<_> = read.into_iter().map(|s| (s.start_ms, s.end_ms, s.speaker, s.text)).collect();
    assert_eq!(said, [one(1000, 2500, Some("Оля"), "ми таки"), (3000, None, None, "a < b c".into())]);
}

#[test]
fn packages_that_are_none_or_broken_are_refused() {
    let check = |bytes: &[u8], want: &str| {
        let e = read(Docx, bytes, &[]).expect_err(want);
        assert_eq!(zapys_domain::Fault::code(&e), want, "{e}");
    };
    let good = table(&[HEAD, &["<w:t>00:00:01.000</w:t>", "<w:t>так</w:t>"]]);
    assert_eq!(read(Docx, &package(&good), &[]).expect("reads").len(), 1);
    check(&package(&table(&[&["<w:t>no head</w:t>"]])), "not-this-format");
    check(&package("<html><body/></html>"), "not-this-format");
    check(&package(&good.replace("00:00:01.000", "noon")), "damaged-file");
    check(&package(&good.replace("</w:tbl>", "")), "damaged-file");
    check(&package(&format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{good}")), "damaged-file");
    check(&package(&good)[..200], "damaged-file");
    // A hundred kilobytes that unpack to more than any transcript has.
    check(&package(&good.replace("так", &" ".repeat(140 << 20))), "damaged-file");
}

#[test]
fn what_is_something_else_or_broken_is_refused() {
    let check = |form: TranscriptForm, text: &str, want: &str| {
        let e = read(form, text.as_bytes(), &[]).expect_err(text);
        assert_eq!(zapys_domain::Fault::code(&e), want, "{form:?}: {text}: {e}");
    };
    for form in TranscriptForm::ALL {
        check(*form, "", "empty-file");
        if *form != Json {
            check(*form, "just words", "not-this-format");
        }
    }
    check(Json, "just words", "damaged-file");
    check(Json, "{\"segments\":[{\"text\":\"x\"}]}", "damaged-file");
    check(Json, "{}", "not-this-format");
    check(Srt, "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\nno times\n", "damaged-file");
    check(Srt, "1\n00:00:03,000 --> 00:00:02,000\nx\n", "damaged-file");
    check(Srt, "1\n99999999999999999999:00:03,000 --> 00:00:02,000\nx\n", "not-this-format");
    check(Vtt, "WEBVTT\n\nx\ny\n", "damaged-file");
    check(TextGrid, "\"ooTextFile\" \"TextGrid\" 0 1 <exists> 99999999999", "damaged-file");
    check(TextGrid, "\"ooTextFile\" \"TextGrid\" 0 1 <exists> 1 \"IntervalTier\" \"a", "damaged-file");
    check(Eaf, &EAF.replace("SLOT_REF2=\"t2\"", "SLOT_REF2=\"t3\""), "damaged-file");
    check(Eaf, &EAF.replace("&lt;", "&nothing;"), "damaged-file");
    check(Eaf, &EAF[..EAF.len() - 30], "damaged-file");
    check(Eaf, &EAF.replace("<ANNOTATION_DOCUMENT>", "<!DOCTYPE x [<!ENTITY a \"b\">]><ANNOTATION_DOCUMENT>"), "damaged-file");
    check(Eaf, "<html></html>", "not-this-format");
}
