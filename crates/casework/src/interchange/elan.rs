//! ELAN Annotation Format 3.0 (`.eaf`): tiers by speaker, below each its words, its doubts and its translations.

use super::{Stretch, heard_by, tiers};
use crate::view::{SegmentTranslation, TranscriptView};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Types of tiers: name, constraint, whether it has times of its own.
const TYPES: &[(&str, Option<&str>, bool)] = &[
    ("said", None, true),
    ("word", Some("Included_In"), true),
    ("doubt", Some("Symbolic_Association"), false),
    ("translation", Some("Symbolic_Association"), false),
];
const CONSTRAINTS: &[(&str, &str)] = &[
    ("Included_In", "Time alignable annotations within the parent annotation's time interval, gaps are allowed"),
    ("Symbolic_Association", "1-1 association with a parent annotation"),
];

/// The document, without a link to a recording: where that lies is nobody's business; ELAN asks for it.
pub fn eaf(t: &TranscriptView) -> String {
    let mut out = Document::default();
    let by = safe(&heard_by(t));
    let languages: BTreeSet<&str> = t.segments.iter().flat_map(|s| s.translations.keys().map(String::as_str)).collect();
    for tier in tiers(t) {
        let label = t.speakers.iter().find(|s| s.id == tier.speaker).map_or(tier.speaker.as_str(), |s| s.label.as_str());
        let (name, who) = (safe(&tier.name), format!("PARTICIPANT=\"{}\" ANNOTATOR=\"{by}\"", safe(label)));
        let first = out.annotations + 1;
        let _ = writeln!(
            out.tiers,
            "  <TIER LINGUISTIC_TYPE_REF=\"said\" TIER_ID=\"{name}\" {who} LANG_REF=\"{}\">",
            safe(&t.language)
        );
        tier.said.iter().for_each(|s| out.timed(s));
        out.end_of_tier();
        if !tier.words.is_empty() {
            let _ =
                writeln!(out.tiers, "  <TIER LINGUISTIC_TYPE_REF=\"word\" PARENT_REF=\"{name}\" TIER_ID=\"{name} words\" {who}>");
            tier.words.iter().for_each(|w| out.timed(w));
            out.end_of_tier();
        }
        let doubts: Vec<(usize, String)> = tier
            .said
            .iter()
            .map(|s| t.segments[s.segment].segment.flags.iter().map(|f| f.word()).collect::<Vec<_>>().join(", "))
            .enumerate()
            .filter(|(_, doubt)| !doubt.is_empty())
            .collect();
        if !doubts.is_empty() {
            let _ = writeln!(
                out.tiers,
                "  <TIER LINGUISTIC_TYPE_REF=\"doubt\" PARENT_REF=\"{name}\" TIER_ID=\"{name} doubt\" {who}>"
            );
            doubts.iter().for_each(|(n, doubt)| out.about(first + n, doubt));
            out.end_of_tier();
        }
        for lang in &languages {
            let translated: Vec<(usize, &str, String)> = tier
                .said
                .iter()
                .enumerate()
                .filter_map(|(n, s)| t.segments[s.segment].translations.get(*lang).map(|x| (n, x.text.as_str(), author(x))))
                .collect();
            if translated.is_empty() {
                continue;
            }
            let authors: BTreeSet<&str> = translated.iter().map(|(_, _, by)| by.as_str()).collect();
            let (authors, lang) = (safe(&authors.into_iter().collect::<Vec<_>>().join("; ")), safe(lang));
            let _ = writeln!(
                out.tiers,
                "  <TIER LINGUISTIC_TYPE_REF=\"translation\" PARENT_REF=\"{name}\" TIER_ID=\"{name} {lang}\" PARTICIPANT=\"{}\" \
                 ANNOTATOR=\"{authors}\" LANG_REF=\"{lang}\">",
                safe(label)
            );
            translated.iter().for_each(|(n, text, _)| out.about(first + n, text));
            out.end_of_tier();
        }
    }
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ANNOTATION_DOCUMENT xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ",
    );
    // No date: the same transcript is the same file, whenever it is written.
    let _ = writeln!(
        text,
        "AUTHOR=\"{by}\" DATE=\"1970-01-01T00:00:00+00:00\" FORMAT=\"3.0\" VERSION=\"3.0\" \
         xsi:noNamespaceSchemaLocation=\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\">"
    );
    let _ = writeln!(
        text,
        "  <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">\n    <PROPERTY NAME=\"item\">{}</PROPERTY>\n    \
         <PROPERTY NAME=\"lastUsedAnnotationId\">{}</PROPERTY>\n  </HEADER>",
        t.item, out.annotations
    );
    let slots = if out.slots.is_empty() {
        "  <TIME_ORDER/>\n".to_owned()
    } else {
        format!("  <TIME_ORDER>\n{}  </TIME_ORDER>\n", out.slots())
    };
    text.push_str(&slots);
    text.push_str(&out.tiers);
    for (name, constraint, timed) in TYPES {
        let constraint = constraint.map(|c| format!("CONSTRAINTS=\"{c}\" ")).unwrap_or_default();
        let _ = writeln!(
            text,
            "  <LINGUISTIC_TYPE {constraint}GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"{name}\" TIME_ALIGNABLE=\"{timed}\"/>"
        );
    }
    for lang in languages.into_iter().chain([t.language.as_str()]).collect::<BTreeSet<_>>() {
        let _ = writeln!(text, "  <LANGUAGE LANG_ID=\"{0}\" LANG_LABEL=\"{0}\"/>", safe(lang));
    }
    for (name, description) in CONSTRAINTS {
        let _ = writeln!(text, "  <CONSTRAINT DESCRIPTION=\"{}\" STEREOTYPE=\"{name}\"/>", safe(description));
    }
    text.push_str("</ANNOTATION_DOCUMENT>\n");
    text
}

/// What is written so far: tiers as text, and the times that their annotations refer to.
#[derive(Default)]
struct Document {
    tiers: String,
    /// Milliseconds; the place in the list is the number.
    slots: Vec<u64>,
    annotations: usize,
}
impl Document {
    /// An annotation with times of its own: each has its own slots, so that moving one moves no other.
    fn timed(&mut self, s: &Stretch) {
        self.annotations += 1;
        self.slots.extend([s.start_ms, s.end_ms]);
        let n = self.slots.len();
        let _ = writeln!(
            self.tiers,
            "    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{}\" TIME_SLOT_REF1=\"ts{}\" TIME_SLOT_REF2=\"ts{n}\">\
             <ANNOTATION_VALUE>{}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>",
            self.annotations,
            n - 1,
            safe(&s.text)
        );
    }
    /// An annotation of another one.
    fn about(&mut self, other: usize, text: &str) {
        self.annotations += 1;
        let _ = writeln!(
            self.tiers,
            "    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID=\"a{}\" ANNOTATION_REF=\"a{other}\">\
             <ANNOTATION_VALUE>{}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>",
            self.annotations,
            safe(text)
        );
    }
    fn end_of_tier(&mut self) {
        self.tiers.push_str("  </TIER>\n");
    }
    /// In order of time, as programs expect.
    fn slots(&self) -> String {
        let mut order: Vec<usize> = (0..self.slots.len()).collect();
        order.sort_by_key(|i| self.slots[*i]);
        let line = |i: usize| format!("    <TIME_SLOT TIME_SLOT_ID=\"ts{}\" TIME_VALUE=\"{}\"/>\n", i + 1, self.slots[i]);
        order.into_iter().map(line).collect()
    }
}

/// Whose a translation is, as a tier says it.
fn author(t: &SegmentTranslation) -> String {
    if t.by.is_none() && t.reviewed_by.is_empty() {
        return format!("{}: {}", super::UNREVIEWED, t.engine);
    }
    super::whose(t)
}

/// As text or attribute, in one line.
fn safe(text: &str) -> String {
    zapys_dossier::safe::html(&text.replace(['\t', '\n', '\r'], " "))
}
