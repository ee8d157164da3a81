//! ELAN Annotation Format (`.eaf`). Tiers with times of their own are speakers; what hangs below them (words, doubts,
//! translations) is passed over.

use super::{damaged, not, without_number};
use crate::error::FormatError;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::HashMap;
use zapys_domain::revision::Said;
use zapys_domain::transcript::TranscriptForm;

/// Where the reader is.
#[derive(Default)]
struct Place {
    /// Name of the tier; `None` where the tier hangs below another one, or outside tiers.
    speaker: Option<String>,
    /// Slots of the annotation.
    slots: Option<(String, String)>,
    /// The words, while inside their element.
    words: Option<String>,
}

/// Entities are the five of XML and character references; a document that declares others is refused.
pub fn eaf(text: &str) -> Result<Vec<Said>, FormatError> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut times: HashMap<String, Option<u64>> = HashMap::new();
    let mut found: Vec<(String, String, String, String)> = Vec::new();
    let (mut at, mut ours) = (Place::default(), false);
    loop {
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let broken = |what| damaged(TranscriptForm::Eaf, what, offset);
        let event = reader.read_event().map_err(|_| if ours { broken("the XML is broken") } else { not(TranscriptForm::Eaf) })?;
        match event {
            Event::DocType(_) => return Err(broken("it declares a document type, which ELAN's files do not")),
            Event::Start(e) => {
                let of = |name| attribute(&e, name).map_err(|()| broken("an attribute cannot be read"));
                match e.name().as_ref() {
                    b"ANNOTATION_DOCUMENT" => ours = true,
                    _ if !ours => return Err(not(TranscriptForm::Eaf)),
                    b"TIME_SLOT" => {
                        let id = of("TIME_SLOT_ID")?.ok_or_else(|| broken("a time has no identifier"))?;
                        let ms = of("TIME_VALUE")?.map(|v| v.parse().map_err(|_| broken("a time is no number"))).transpose()?;
                        times.insert(id, ms);
                    }
                    b"TIER" => {
                        let name = of("TIER_ID")?.unwrap_or_default();
                        at.speaker = of("PARENT_REF")?.is_none().then(|| without_number(&name).to_owned());
                    }
                    b"ALIGNABLE_ANNOTATION" => {
                        let both = of("TIME_SLOT_REF1")?.zip(of("TIME_SLOT_REF2")?);
                        at.slots = Some(both.ok_or_else(|| broken("an annotation has no times"))?);
                    }
                    b"ANNOTATION_VALUE" => at.words = Some(String::new()),
                    _ => {}
                }
            }
            Event::End(e) => match e.name().as_ref() {
                b"TIER" => at.speaker = None,
                b"ANNOTATION_VALUE" => {
                    if let (Some(speaker), Some((from, to)), Some(words)) = (&at.speaker, at.slots.take(), at.words.take()) {
                        found.push((speaker.clone(), from, to, words));
                    }
                    at.words = None;
                }
                _ => {}
            },
            Event::Text(t) => {
                if let Some(words) = &mut at.words {
                    words.push_str(&t.decode().map_err(|_| broken("a text cannot be read"))?);
                }
            }
            Event::CData(t) => {
                if let Some(words) = &mut at.words {
                    words.push_str(&t.decode().map_err(|_| broken("a text cannot be read"))?);
                }
            }
            Event::GeneralRef(r) => {
                let c = super::reference(&r).ok_or_else(|| broken("a reference names nothing"))?;
                if let Some(words) = &mut at.words {
                    words.push(c);
                }
            }
            Event::Eof if ours => break,
            Event::Eof => return Err(not(TranscriptForm::Eaf)),
            _ => {}
        }
    }
    let of = |slot: &str| times.get(slot).copied().flatten();
    let said = |(speaker, from, to, text): (String, String, String, String)| {
        let (start_ms, end_ms) = of(&from)
            .zip(of(&to))
            .ok_or_else(|| damaged(TranscriptForm::Eaf, "an annotation has no times; align it in ELAN, or delete it", 0))?;
        Ok(Said { id: None, start_ms, end_ms: Some(end_ms), speaker: Some(speaker), language: None, text })
    };
    let mut all = found.into_iter().map(said).collect::<Result<Vec<_>, FormatError>>()?;
    all.sort_by_key(|s| s.start_ms);
    Ok(all)
}

fn attribute(e: &BytesStart<'_>, name: &str) -> Result<Option<String>, ()> {
    let found = e.try_get_attribute(name).map_err(|_| ())?;
    found.map(|a| a.normalized_value(XmlVersion::Implicit1_0).map(|v| v.into_owned()).map_err(|_| ())).transpose()
}
