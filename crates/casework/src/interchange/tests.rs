//! Awkward transcripts in every form.

use super::*;
use crate::view::{EngineView, SegmentTranslation, SegmentView};
use zapys_domain::Lang;
use zapys_domain::transcript::{Flag, Segment, Speaker, Word};

/// What each form holds as text; of a word processor's package the document.
fn write(t: &TranscriptView, form: TranscriptForm, lang: Option<&str>) -> String {
    match form {
        TranscriptForm::Docx => docx::document(t, lang),
        _ => String::from_utf8(super::write(t, form, lang)).expect("text"),
    }
}
fn word((start_ms, end_ms, text): (u64, u64, &str)) -> Word {
    Word { start_ms, end_ms, text: text.into(), confidence: 0.9 }
}
fn segment(id: &str, (start_ms, end_ms): (u64, u64), speaker: &str, text: &str, words: &[(u64, u64, &str)]) -> SegmentView {
    let segment = Segment {
        id: id.into(),
        start_ms,
        end_ms,
        speaker: Some(speaker.into()),
        channel: None,
        language: Lang::parse("ru").expect("a tag"),
        text: text.into(),
        confidence: 0.9,
        flags: vec![],
        words: words.iter().copied().map(word).collect(),
    };
    SegmentView::of(segment)
}
fn transcript(segments: Vec<SegmentView>) -> TranscriptView {
    let speaker = |id: &str| Speaker { id: id.into(), label: format!("Speaker {id}"), channel: None };
    TranscriptView {
        item: zapys_domain::ItemId::new(Default::default()),
        language: "ru".into(),
        duration_ms: 4_000_000,
        reviewed: false,
        engine: EngineView {
            name: "e".into(),
            version: "1".into(),
            model: None,
            model_sha256: None,
            parameters: serde_json::Value::Null,
        },
        speakers: vec![speaker("A"), speaker("B")],
        segments,
        blind: None,
        glossary: Vec::new(),
        revision: None,
    }
}
/// One with everything that a form might trip over.
fn awkward() -> TranscriptView {
    let mut all = vec![
        segment("s0001", (1200, 3_601_500), "A", "Опись --> не \"делали\" <b> & так.", &[(1200, 1500, "Опись")]),
        segment("s0002", (2000, 2000), "B", "line\n\nline", &[]),
        segment("s0003", (3000, 4000), "A", "два слова", &[(3100, 3700, "два"), (3600, 4100, "слова")]),
    ];
    all[2].segment.flags = vec![Flag::Overlap, Flag::LowConfidence];
    let translated = SegmentTranslation::of("two words".into(), "t 1".into());
    all[2].translations.insert("en".into(), translated);
    transcript(all)
}

#[test]
fn n5_every_form_says_machine_unreviewed() {
    for form in TranscriptForm::ALL.iter().filter(|f| **f != TranscriptForm::Json) {
        let text = write(&awkward(), *form, None);
        assert!(text.contains(UNREVIEWED), "{}: {text}", form.word());
    }
    let json: serde_json::Value = serde_json::from_str(&write(&awkward(), TranscriptForm::Json, None)).expect("JSON");
    assert_eq!(json["reviewed"], false);
}

#[test]
fn a_translation_says_whose_it_is() {
    let mut t = awkward();
    let machines = t.segments[2].translations.remove("en").expect("one");
    let theirs = SegmentTranslation {
        by: Some("person:o".into()),
        reviewed: true,
        ..SegmentTranslation::of("two of them".into(), "person:o".into())
    };
    t.segments[0].translations.insert("en".into(), theirs);
    t.segments[1].translations.insert("en".into(), machines.clone());
    t.segments[2]
        .translations
        .insert("en".into(), SegmentTranslation { reviewed: true, reviewed_by: vec!["person:k".into()], ..machines });
    for form in [TranscriptForm::Txt, TranscriptForm::Srt, TranscriptForm::Vtt, TranscriptForm::Eaf] {
        let text = write(&t, form, Some("en"));
        for who in ["translated by person:o", "translated by t 1, confirmed by person:k"] {
            assert!(text.contains(who), "{}: {text}", form.word());
        }
    }
    // What is read back holds the words alone, and the translation where the form has a place for one.
    for form in [TranscriptForm::Txt, TranscriptForm::Srt, TranscriptForm::Eaf, TranscriptForm::Json, TranscriptForm::Docx] {
        let bytes = super::write(&t, form, Some("en"));
        let said = zapys_formats::transcripts::read(form, &bytes, &["A".into(), "B".into()]).expect("ours");
        assert!(said.iter().all(|s| !s.text.contains("two")), "{}: {said:?}", form.word());
        let apart = matches!(form, TranscriptForm::Eaf | TranscriptForm::Json | TranscriptForm::Docx);
        assert_eq!(said[0].translations.get("en").map(String::as_str), apart.then_some("two of them"), "{}", form.word());
    }
}

#[test]
fn an_empty_transcript_is_a_whole_file() {
    let empty = transcript(vec![]);
    for form in TranscriptForm::ALL {
        write(&empty, *form, Some("en"));
    }
    assert!(write(&empty, TranscriptForm::TextGrid, None).contains("size = 1\n"));
    assert!(write(&empty, TranscriptForm::Eaf, None).contains("<TIME_ORDER/>"));
}

#[test]
fn subtitle_times_and_arrows() {
    for (form, time) in
        [(TranscriptForm::Srt, "00:00:01,200 --> 01:00:01,500"), (TranscriptForm::Vtt, "00:00:01.200 --> 01:00:01.500")]
    {
        let text = write(&awkward(), form, None);
        assert!(text.contains(time), "{text}");
        assert_eq!(text.matches("-->").count(), 3, "{text}");
        assert!(!text.contains("line\n\nline"), "an empty line would end the cue");
    }
    let vtt = write(&awkward(), TranscriptForm::Vtt, Some("en"));
    assert!(
        vtt.contains("s0003\n00:00:03.000 --> 00:00:04.000\n<v A><00:00:03.100>два <00:00:03.600>слова</v>\ntwo words"),
        "{vtt}"
    );
    assert!(vtt.contains("NOTE s0003: overlap, low-confidence") && vtt.contains("&lt;b&gt; &amp; так."), "{vtt}");
    // Words that do not make up the text give no times.
    assert!(vtt.contains("<v A>Опись --&gt; не"), "{vtt}");
}

#[test]
fn tiers_hold_no_overlap_and_lose_no_segment() {
    let t = awkward();
    let all = tiers(&t);
    assert_eq!(all.iter().map(|x| x.name.as_str()).collect::<Vec<_>>(), ["A", "B", "A (2)"]);
    assert_eq!(all.iter().map(|x| x.said.len()).sum::<usize>(), t.segments.len());
    for tier in &all {
        for row in [&tier.said, &tier.words] {
            assert!(
                row.iter().all(|s| s.start_ms < s.end_ms) && row.windows(2).all(|w| w[0].end_ms <= w[1].start_ms),
                "{tier:?}"
            );
        }
        let within =
            |w: &Stretch| tier.said.iter().any(|s| s.segment == w.segment && s.start_ms <= w.start_ms && w.end_ms <= s.end_ms);
        assert!(tier.words.iter().all(within), "{tier:?}");
    }
    // The first word is cut where the second begins, the second where its segment ends.
    let words: Vec<(u64, u64)> = all[2].words.iter().map(|w| (w.start_ms, w.end_ms)).collect();
    assert_eq!(words, [(3100, 3600), (3600, 4000)]);
}

#[test]
fn words_of_any_times_find_a_place_or_none() {
    for words in [
        &[(0, 0, "a"), (0, 0, "b"), (0, 0, "c")][..],
        &[(9, 5, "a"), (7, 1, "b")],
        &[(u64::MAX, u64::MAX, "a"), (0, 1, "b")],
        &[(100, 101, "a"), (100, 101, "b"), (100, 101, "c"), (100, 101, "d"), (100, 101, "e")],
    ] {
        let t = transcript(vec![segment("s", (100, 104), "A", "x", words)]);
        let [tier] = &tiers(&t)[..] else { panic!("one tier") };
        assert!(
            tier.words.iter().all(|w| 100 <= w.start_ms && w.start_ms < w.end_ms && w.end_ms <= 104),
            "{words:?}: {:?}",
            tier.words
        );
        assert!(tier.words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms), "{words:?}: {:?}", tier.words);
    }
}

#[test]
fn elan_and_praat_hold_what_is_escaped() {
    let eaf = write(&awkward(), TranscriptForm::Eaf, None);
    assert!(eaf.contains("Опись --&gt; не &quot;делали&quot; &lt;b&gt; &amp; так."), "{eaf}");
    assert!(
        eaf.contains("TIER_ID=\"A (2) en\"") && eaf.contains("two words") && eaf.contains("overlap, low-confidence"),
        "{eaf}"
    );
    let grid = write(&awkward(), TranscriptForm::TextGrid, None);
    assert!(grid.contains("не \"\"делали\"\"") && grid.contains("xmax = 3601.5\n"), "{grid}");
}

/// What the views are made from.
fn below(t: &TranscriptView) -> zapys_domain::transcript::Transcript {
    zapys_domain::transcript::Transcript {
        language: Lang::parse(&t.language).expect("a tag"),
        duration_ms: t.duration_ms,
        engine: zapys_domain::EngineIdentity {
            name: "e".into(),
            version: "1".into(),
            model: None,
            model_sha256: None,
            binary_sha256: None,
        },
        parameters: serde_json::Value::Null,
        speakers: t.speakers.clone(),
        segments: t.segments.iter().map(|s| s.segment.clone()).collect(),
    }
}
fn changed(t: &TranscriptView, form: TranscriptForm, text: &str) -> Vec<zapys_domain::revision::Change> {
    let bytes = if form == TranscriptForm::Docx { docx::pack(text) } else { text.as_bytes().to_vec() };
    let said = zapys_formats::transcripts::read(form, &bytes, &[]).unwrap_or_else(|e| panic!("{form:?}: {e}"));
    zapys_domain::revision::changes(&below(t), &said, zapys_formats::transcripts::within_ms(form))
}

#[test]
fn what_is_written_and_read_again_changes_nothing() {
    let mut many = awkward();
    many.segments.push(segment("s0004", (5000, 6000), "B", "Слухай: A: [так] (добре) ]", &[]));
    many.segments.push(segment("s0005", (5000, 6000), "A", "удвох", &[(5000, 5000, "удвох")]));
    many.segments.push(segment("s0006", (7000, 7400), "A", "12:34 & &amp; «\"тихо\"» - 00:00:01,000", &[]));
    many.segments.push(segment("s0007", (7400, 7400), "B", "...", &[]));
    for t in [&many, &transcript(vec![segment("s1", (0, 10), "A", "так", &[])])] {
        for form in TranscriptForm::ALL {
            for lang in [None, Some("en")] {
                let text = write(t, *form, lang);
                assert_eq!(changed(t, *form, &text), [], "{form:?}: {text}");
            }
        }
    }
}

#[test]
fn a_mended_word_is_the_only_change_in_every_form() {
    let t = awkward();
    for form in TranscriptForm::ALL {
        let text = write(&t, *form, None);
        let (old, new) = match form {
            TranscriptForm::Vtt => (">слова<", ">нові слова<"),
            _ => ("два слова", "два нові слова"),
        };
        assert_eq!(text.matches(old).count(), 1, "{form:?}: {text}");
        let found = changed(&t, *form, &text.replace(old, new));
        let [one] = &found[..] else { panic!("{form:?}: {found:?}") };
        assert_eq!(one.text.as_ref().map(|t| t.reveal().as_str()), Some("два нові слова"), "{form:?}");
        assert_eq!((one.segment.as_str(), one.start_ms, one.end_ms, &one.speaker), ("s0003", None, None, &None), "{form:?}");
    }
}
