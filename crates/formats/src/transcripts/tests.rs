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
