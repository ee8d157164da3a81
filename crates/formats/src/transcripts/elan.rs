//! ELAN Annotation Format (`.eaf`). Tiers with times of their own are speakers; of what hangs below them, translations belong to what
//! they are about, and words and doubts are passed over.

use super::{damaged, not, without_number};
use crate::error::FormatError;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::{BTreeMap, HashMap};
use zapys_domain::Lang;
use zapys_domain::revision::Said;
use zapys_domain::transcript::TranscriptForm;

/// Where the reader is.
#[derive(Default)]
struct Place {
    /// Name of the tier; `None` where the tier hangs below another one, or outside tiers.
    speaker: Option<String>,
    /// Language of a tier of translations that hangs below a speaker.
    translates: Option<String>,
    /// The annotation: what names it, and its slots.
    slots: Option<(String, String, String)>,
    /// The annotation that a translation is about.
    about: Option<String>,
    /// The words, while inside their element.
    words: Option<String>,
}

/// A stretch with a text.
struct Annotation {
    id: String,
    speaker: String,
    /// Slots.
    from: String,
    to: String,
    text: String,
}

/// Entities are the five of XML and character references; a document that declares others is refused.
pub fn eaf(text: &str) -> Result<Vec<Said>, FormatError> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut times: HashMap<String, Option<u64>> = HashMap::new();
    let mut found: Vec<Annotation> = Vec::new();
    let mut translated: HashMap<String, BTreeMap<String, String>> = HashMap::new();
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
                        let below = of("PARENT_REF")?.is_some();
                        at.speaker = (!below).then(|| without_number(&name).to_owned());
                        let kind = of("LINGUISTIC_TYPE_REF")?.filter(|k| below && k == "translation");
                        at.translates = kind.and(of("LANG_REF")?).and_then(|l| Lang::parse(&l)).map(|l| l.to_string());
                    }
                    b"ALIGNABLE_ANNOTATION" => {
                        let both = of("TIME_SLOT_REF1")?.zip(of("TIME_SLOT_REF2")?);
                        let (from, to) = both.ok_or_else(|| broken("an annotation has no times"))?;
                        at.slots = Some((of("ANNOTATION_ID")?.unwrap_or_default(), from, to));
                    }
                    b"REF_ANNOTATION" => at.about = of("ANNOTATION_REF")?,
                    b"ANNOTATION_VALUE" => at.words = Some(String::new()),
                    _ => {}
                }
            }
            Event::End(e) => match e.name().as_ref() {
                b"TIER" => (at.speaker, at.translates) = (None, None),
                b"ANNOTATION_VALUE" => {
                    let (slots, about, words) = (at.slots.take(), at.about.take(), at.words.take());
                    match (&at.speaker, &at.translates, slots, about, words) {
                        (Some(speaker), _, Some((id, from, to)), _, Some(text)) => {
                            found.push(Annotation { id, speaker: speaker.clone(), from, to, text });
                        }
                        // The first tier of a language is the one that stands first.
                        (None, Some(lang), _, Some(about), Some(text)) if !text.trim().is_empty() => {
                            translated.entry(about).or_default().entry(lang.clone()).or_insert(text);
                        }
                        _ => {}
                    }
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
    let mut said = |a: Annotation| {
        let (start_ms, end_ms) = of(&a.from)
            .zip(of(&a.to))
            .ok_or_else(|| damaged(TranscriptForm::Eaf, "an annotation has no times; align it in ELAN, or delete it", 0))?;
        let translations = translated.remove(&a.id).unwrap_or_default();
        Ok(Said { start_ms, end_ms: Some(end_ms), speaker: Some(a.speaker), text: a.text, translations, ..Said::default() })
    };
    let mut all = found.into_iter().map(&mut said).collect::<Result<Vec<_>, FormatError>>()?;
    all.sort_by_key(|s| s.start_ms);
    Ok(all)
}

fn attribute(e: &BytesStart<'_>, name: &str) -> Result<Option<String>, ()> {
    let found = e.try_get_attribute(name).map_err(|_| ())?;
    found.map(|a| a.normalized_value(XmlVersion::Implicit1_0).map(|v| v.into_owned()).map_err(|_| ())).transpose()
}
