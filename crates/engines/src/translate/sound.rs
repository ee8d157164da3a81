//! Engine: English beside the words, by Whisper's own translation task.
//!
//! It hears the sound of each segment again and writes English. It is good enough to find a passage and wrong in the
//! places that matter most: whoever cites it must have a person check it, and the record says that nobody has. Real
//! translation models come as packs of their own.

use super::{TranslateParams, findings, only_english, survival};
use crate::host::Next;
use crate::parts;
use crate::probe::no_input;
use crate::speech::{RATE, ROUND, Span, Speech, document, parameters, patience, read_rounds, unexpected, unsaid};
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use zapys_domain::derivation::Repeatability;
use zapys_domain::transcript::{Segment, Transcript, TranslatedSegment, Translation};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Lang, Step};
use zapys_host_protocol::{Ask, Heard, MAX_WINDOW_SAMPLES, Reply, WindowsAsk};

/// Sound heard before and after a segment: 200 ms.
const EDGE: u64 = RATE / 5;
/// Beam width.
const BEAM: u8 = 5;

/// Engine: English by Whisper. Segments that are English already are left out.
pub struct WhisperTranslate {
    speech: Arc<Speech>,
    identity: EngineIdentity,
    contract: Contract,
}
impl WhisperTranslate {
    /// With this host and its speech model. `emits`: whether it is the first or stands beside another.
    pub fn new(speech: Arc<Speech>, emits: DerivativeKind) -> Self {
        let contract = Contract { emits, needs: &[DerivativeKind::Transcript], repeats: Repeatability::SameMachine };
        Self { identity: speech.translate_identity(), speech, contract }
    }

    /// Asks the host about windows of one language. `names`: of the windows, for those that an earlier run had heard.
    fn hear(
        &self,
        work: &Work<'_>,
        language: &str,
        names: &[&str],
        pcm: &[Vec<i16>],
        mut each: impl FnMut(usize, Heard),
    ) -> Result<(), EngineError> {
        let length_ms = |n: usize| pcm[n].len() as u64 * 1000 / RATE;
        let mut known = Vec::new();
        for (n, name) in names.iter().enumerate() {
            if let Some(heard) = parts::read::<Heard>(work.parts, name) {
                work.progress.advance(length_ms(n));
                each(n, heard);
                known.push(n as u32);
            }
        }
        if known.len() == pcm.len() {
            return Ok(());
        }
        let is_known: BTreeSet<u32> = known.iter().copied().collect();
        let ask = WindowsAsk {
            windows: pcm.iter().map(|p| u32::try_from(p.len()).unwrap_or(u32::MAX)).collect(),
            language: Some(language.to_owned()),
            follow_switches: false,
            beam: BEAM,
            heard: known,
        };
        let wall = patience(ask.samples());
        let sound: Vec<&[i16]> = pcm.iter().map(Vec::as_slice).collect();
        self.speech.host()?.ask(&Ask::Translate(ask), &sound, wall, &work.cancel, |reply| match reply {
            // Heard again with the rest of its batch.
            Reply::Heard(h) if is_known.contains(&h.window) => Ok(Next::More),
            Reply::Heard(h) if (h.window as usize) < pcm.len() => {
                let n = h.window as usize;
                work.progress.advance(length_ms(n));
                parts::write(work.parts, names[n], &h);
                each(n, h);
                Ok(Next::More)
            }
            Reply::Done { .. } => Ok(Next::Enough),
            _ => Err(unexpected()),
        })
    }
}
impl Engine for WhisperTranslate {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        work.check_cancel()?;
        only_english(&parameters::<TranslateParams>(work.params, |_| true)?.to)?;
        let input = work.inputs.first().ok_or_else(no_input)?.clone();
        let transcript: Transcript = document(work, 1)?;
        let foreign: Vec<&Segment> = transcript.segments.iter().filter(|s| is_foreign(s)).collect();
        let spans: Vec<Span> = foreign.iter().map(|s| span(s)).collect();
        work.progress.step(Step::Translating);
        work.progress.total(Some(spans.iter().map(|s| s.end - s.start).sum::<u64>() * 1000 / RATE));
        let mut english: HashMap<String, TranslatedSegment> = HashMap::new();
        if !foreign.is_empty() {
            // Several segments may share one span of sound; each finds its own.
            let mut waiting: HashMap<Span, Vec<&Segment>> = HashMap::new();
            for s in &foreign {
                waiting.entry(span(s)).or_default().push(s);
            }
            let reader = self.speech.sounds.open(&input, &work.cancel)?;
            let width = reader.channels();
            if foreign.iter().any(|s| s.channel.is_some_and(|c| c >= width)) {
                return Err(EngineError::Failed {
                    tool: crate::speech::TOOL,
                    reason: "the transcript names absent channels".into(),
                });
            }
            read_rounds(reader, spans, ROUND, |sound, round| {
                let mut languages: BTreeMap<&str, Vec<(&Segment, Vec<i16>)>> = BTreeMap::new();
                for s in round {
                    let segment = waiting.get_mut(s).and_then(Vec::pop).ok_or_else(unexpected)?;
                    let pcm = sound.samples(s.channel, s.start, s.end);
                    languages.entry(segment.language.as_str()).or_default().push((segment, pcm));
                }
                for (language, items) in languages {
                    let (segments, pcm): (Vec<&Segment>, Vec<Vec<i16>>) = items.into_iter().unzip();
                    let names: Vec<&str> = segments.iter().map(|s| s.id.as_str()).collect();
                    self.hear(work, language, &names, &pcm, |window, heard| {
                        let segment = segments[window];
                        if !heard.text.is_empty() && !unsaid(&heard) && !heard.repeats {
                            english.insert(segment.id.clone(), translated(segment, &heard));
                        }
                    })?;
                }
                Ok(())
            })?;
        }
        let segments: Vec<TranslatedSegment> = foreign.iter().filter_map(|s| english.remove(&s.id)).collect();
        let findings = findings(foreign.len(), &segments);
        let translation = Translation {
            language: Lang::parse("en").expect("a language tag"),
            engine: self.identity.clone(),
            parameters: serde_json::json!({"beam": BEAM}),
            segments,
        };
        let emitted = work.write_json(&translation, &findings)?;
        Ok(Checked { value: emitted, findings })
    }
}

/// A segment in another language than English, with some length.
fn is_foreign(s: &Segment) -> bool {
    let language = s.language.as_str();
    language != "en" && !s.language.is_und() && s.end_ms > s.start_ms
}

/// The sound of a segment with its edges, never longer than a window.
fn span(s: &Segment) -> Span {
    let start = (s.start_ms * RATE / 1000).saturating_sub(EDGE);
    let end = (s.end_ms * RATE / 1000 + EDGE).min(start + u64::from(MAX_WINDOW_SAMPLES));
    Span { channel: s.channel.unwrap_or(0), start, end }
}

fn translated(segment: &Segment, heard: &Heard) -> TranslatedSegment {
    TranslatedSegment {
        lost: survival::lost(&segment.text, &heard.text),
        id: segment.id.clone(),
        text: heard.text.clone(),
        confidence: heard.mean_log_probability.exp().clamp(0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(language: &str, start_ms: u64, end_ms: u64) -> Segment {
        Segment {
            id: "s0001".into(),
            start_ms,
            end_ms,
            speaker: None,
            channel: Some(1),
            language: Lang::parse(language).unwrap(),
            text: "слово".into(),
            confidence: 0.9,
            flags: vec![],
            words: vec![],
        }
    }

    #[test]
    fn english_and_empty_segments_are_left_out() {
        assert!(is_foreign(&segment("uk", 0, 10)));
        assert!(!is_foreign(&segment("en", 0, 10)) && !is_foreign(&segment("und", 0, 10)) && !is_foreign(&segment("uk", 5, 5)));
    }

    #[test]
    fn a_segment_is_heard_with_its_edges_but_never_beyond_a_window() {
        assert_eq!(span(&segment("uk", 1000, 2000)), Span { channel: 1, start: 12_800, end: 35_200 });
        assert_eq!(span(&segment("uk", 0, 100_000)), Span { channel: 1, start: 0, end: 480_000 });
    }
}
