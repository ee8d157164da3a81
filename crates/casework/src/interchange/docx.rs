//! A table in a word processor (`.docx`): one row for each segment, times and voices beside the words.
//!
//! Translators and lawyers mend texts where they write. The first columns say which segment a row is, so that a row that was mended
//! is found again; what changes is the words.

use super::{heard_by, label, stamp};
use crate::view::TranscriptView;
use std::fmt::Write;
use zapys_domain::transcript::DOCX_COLUMNS;
use zapys_dossier::safe::html as escaped;

const TYPES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"#,
    r#"<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
    r#"<Override PartName="/word/document.xml" "#,
    r#"ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>"#,
    r#"<Override PartName="/word/styles.xml" "#,
    r#"ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>"#
);
const ROOT: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" "#,
    r#"Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#
);
const PARTS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" "#,
    r#"Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#
);
/// Machine text is violet and without serifs, a person's words are black and with them; both are named in words as well.
const STYLES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#,
    r#"<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:docDefaults><w:rPrDefault><w:rPr>"#,
    r#"<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial"/><w:sz w:val="20"/></w:rPr></w:rPrDefault></w:docDefaults>"#,
    r#"<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:rPr><w:b/><w:sz w:val="28"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Machine"><w:name w:val="Machine"/><w:basedOn w:val="Normal"/><w:rPr><w:color w:val="57517A"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Person"><w:name w:val="Person"/><w:basedOn w:val="Normal"/><w:rPr>"#,
    r#"<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman"/><w:sz w:val="22"/></w:rPr></w:style>"#,
    r#"<w:style w:type="paragraph" w:styleId="Small"><w:name w:val="Small"/><w:basedOn w:val="Normal"/><w:rPr><w:color w:val="57615D"/><w:sz w:val="16"/></w:rPr></w:style>"#,
    r#"</w:styles>"#
);
/// Widths of the columns in twentieths of a point: segment, from, to, speaker, words, translation, whose that is, doubts.
const WIDTHS: [u32; 8] = [800, 1250, 1250, 900, 4600, 3600, 1200, 1600];

/// The file. The same transcript gives the same bytes.
pub fn docx(t: &TranscriptView, lang: Option<&str>) -> Vec<u8> {
    pack(&document(t, lang))
}

pub(super) fn pack(document: &str) -> Vec<u8> {
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", ROOT),
        ("word/_rels/document.xml.rels", PARTS),
        ("word/styles.xml", STYLES),
        ("word/document.xml", document),
    ];
    zapys_dossier::packed(&parts)
}

/// `word/document.xml`.
pub(super) fn document(t: &TranscriptView, lang: Option<&str>) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>",
    );
    paragraph(&mut out, "Title", None, label(t));
    paragraph(&mut out, "Small", None, &heard_by(t));
    paragraph(
        &mut out,
        "Small",
        None,
        "Mend words, speakers and translations; the first three columns say which stretch of the recording a row is.",
    );
    let columns: Vec<(String, u32)> = DOCX_COLUMNS
        .iter()
        .map(|c| (*c).to_owned())
        .chain([
            lang.map_or_else(String::new, |l| format!("{l}, translation")),
            lang.map_or_else(String::new, |_| "Translated by".to_owned()),
            "Doubts".into(),
        ])
        .zip(WIDTHS)
        .filter(|(name, _)| !name.is_empty())
        .collect();
    out.push_str(
        "<w:tbl><w:tblPr><w:tblW w:w=\"5000\" w:type=\"pct\"/><w:tblBorders><w:top w:val=\"single\" w:sz=\"4\" w:color=\"D3D8D3\"/>\
         <w:bottom w:val=\"single\" w:sz=\"4\" w:color=\"D3D8D3\"/><w:insideH w:val=\"single\" w:sz=\"4\" w:color=\"D3D8D3\"/></w:tblBorders>\
         </w:tblPr><w:tblGrid>",
    );
    for (_, width) in &columns {
        let _ = write!(out, "<w:gridCol w:w=\"{width}\"/>");
    }
    out.push_str("</w:tblGrid><w:tr><w:trPr><w:tblHeader/></w:trPr>");
    columns.iter().for_each(|(name, _)| cell(&mut out, "Small", None, name));
    out.push_str("</w:tr>");
    for view in &t.segments {
        let s = &view.segment;
        let style = if t.reviewed || view.revision.is_some() { "Person" } else { "Machine" };
        let tongue = (!s.language.is_und()).then(|| s.language.as_str());
        // A row stays whole where a page ends.
        out.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
        cell(&mut out, "Small", None, &s.id);
        cell(&mut out, "Small", None, &stamp(s.start_ms, '.'));
        cell(&mut out, "Small", None, &stamp(s.end_ms, '.'));
        cell(&mut out, "Small", None, s.speaker.as_deref().unwrap_or_default());
        cell(&mut out, style, tongue, &s.text);
        if let Some(lang) = lang {
            let said = view.translations.get(lang);
            match said {
                Some(t) => cell(&mut out, if t.reviewed { "Person" } else { "Machine" }, Some(lang), &t.text),
                None => cell(&mut out, "Machine", Some(lang), ""),
            }
            cell(&mut out, "Small", None, &said.map(super::whose).unwrap_or_default());
        }
        cell(&mut out, "Small", None, &s.flags.iter().map(|f| f.word()).collect::<Vec<_>>().join(", "));
        out.push_str("</w:tr>");
    }
    out.push_str(
        "</w:tbl><w:p/><w:sectPr><w:pgSz w:w=\"16838\" w:h=\"11906\" w:orient=\"landscape\"/>\
         <w:pgMar w:top=\"1000\" w:right=\"1000\" w:bottom=\"1000\" w:left=\"1000\" w:header=\"500\" w:footer=\"500\" w:gutter=\"0\"/>\
         </w:sectPr></w:body></w:document>",
    );
    out
}

fn cell(out: &mut String, style: &str, lang: Option<&str>, text: &str) {
    out.push_str("<w:tc><w:tcPr/>");
    paragraph(out, style, lang, text);
    out.push_str("</w:tc>");
}

fn paragraph(out: &mut String, style: &str, lang: Option<&str>, text: &str) {
    let lang = lang.map(|l| format!("<w:rPr><w:lang w:val=\"{}\"/></w:rPr>", escaped(l))).unwrap_or_default();
    let _ = write!(out, "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>");
    for (i, line) in text.lines().enumerate() {
        let broken = if i > 0 { "<w:br/>" } else { "" };
        let _ = write!(out, "<w:r>{lang}{broken}<w:t xml:space=\"preserve\">{}</w:t></w:r>", escaped(line));
    }
    out.push_str("</w:p>");
}
