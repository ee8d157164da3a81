//! Engine: words spoken, with times, language, confidence and doubts.

use super::listener::{Hearing, Listener};
use super::packing::{self, Window};
use super::sounds::Sounds;
use super::speakers::of_channels;
use super::speaking::Speaking;
use super::{RATE, ROUND, Span, document, read_rounds, segments, unexpected};
use crate::parts;
use crate::probe::no_input;
use crate::remote::model_changed;
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zapys_domain::media::Activity;
use zapys_domain::transcript::{Flag, Segment, ToldApart, Transcript, Turns, speaker_id};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, Lang, Locator, Severity, Step};
use zapys_host_protocol::WindowsAsk;

/// What can be set. Unknown names are refused, because they would change the derivation's key and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TranscribeParams {
    /// Language spoken, as stated by a person; absent to find out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Lang>,
    /// Beam width, 1 to 10.
    pub beam: u8,
}
impl Default for TranscribeParams {
    fn default() -> Self {
        Self { language: None, beam: 5 }
    }
}

/// In which windows speech is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// In those that a model hears best.
    Plain,
    /// In shorter ones: other neighbours, other places to be cut at. What is heard in both is not an accident of either.
    Otherwise,
}
impl Way {
    fn longest(self) -> u64 {
        match self {
            Self::Plain => packing::LONGEST,
            Self::Otherwise => packing::LONGEST / 2,
        }
    }
    /// For the engine's version.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Otherwise => "otherwise",
        }
    }
}

/// Engine: words spoken. Each channel is heard alone; identical channels once.
pub struct Transcribe {
    hearer: Hearer,
    identity: EngineIdentity,
    contract: Contract,
}
impl Transcribe {
    /// With this listener and sound from there.
    pub fn new(sounds: Sounds, listener: Arc<dyn Listener>) -> Self {
        let contract = Contract {
            emits: DerivativeKind::Transcript,
            needs: &[DerivativeKind::Speech, DerivativeKind::Speakers],
            repeats: listener.repeats(),
        };
        Self { identity: listener.identity(), hearer: Hearer { sounds, listener, way: Way::Plain }, contract }
    }
}
impl Engine for Transcribe {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        let params = parameters(work.params)?;
        let turns: Turns = document(work, 2)?;
        let (transcript, findings) = self.hearer.listen(work, &params, Some(turns))?;
        let emitted = work.write_json(&transcript, &findings)?;
        Ok(Checked { value: emitted, findings })
    }
}

/// Has recordings heard by a listener, speech only, in bounded rounds.
pub(super) struct Hearer {
    pub sounds: Sounds,
    pub listener: Arc<dyn Listener>,
    pub way: Way,
}
impl Hearer {
    /// Hears the recording of this work, whose second input says where somebody speaks. `turns`: who speaks when, where that
    /// is to be told.
    pub fn listen(
        &self,
        work: &Work<'_>,
        params: &TranscribeParams,
        turns: Option<Turns>,
    ) -> Result<(Transcript, Vec<Finding>), EngineError> {
        work.check_cancel()?;
        let input = work.inputs.first().ok_or_else(no_input)?.clone();
        let activity: Activity = document(work, 1)?;
        let spans = spans(&activity);
        work.progress.step(Step::Transcribing);
        work.progress.total(Some(spans.iter().map(|s| s.end - s.start).sum::<u64>() * 1000 / RATE));
        let mut course = Course::new(params.language.as_ref().map(|l| primary(l).to_owned()), turns);
        let mut presence = None;
        if !spans.is_empty() {
            presence = self.listener.presence(&work.cancel)?;
            let reader = self.sounds.open(&input, &work.cancel)?;
            let mut done = |ms: u64| work.progress.advance(ms);
            // Findings of the decoder stand in the speech document already.
            let mut n = 0;
            read_rounds(reader, spans, ROUND, |sound, round| {
                n += 1;
                let mut windows = Vec::new();
                for (channel, spans) in by_channel(round) {
                    let loudness = |a, b| sound.loudness(channel, a, b);
                    let packed = packing::pack(&spans, sound.end(), self.way.longest(), &loudness);
                    windows.extend(packed.into_iter().map(|w| (channel, w)));
                }
                let pcm: Vec<Vec<i16>> = windows
                    .iter()
                    .map(|(c, w)| w.pieces.iter().flat_map(|p| sound.samples(*c, p.from, p.from + p.len)).collect())
                    .collect();
                self.hear(work, params, n, &windows, &pcm, &mut course, &mut done)
            })?;
            if self.listener.presence(&work.cancel)? != presence {
                course.findings.push(model_changed("heard"));
            }
        }
        let (mut transcript, findings) = course.end(&activity, &self.listener.identity(), params)?;
        if let (Some(presence), Some(parameters)) = (presence, transcript.parameters.as_object_mut()) {
            parameters.insert("server".into(), presence);
        }
        Ok((transcript, findings))
    }

    /// Asks the listener about one round: about those windows that no earlier run had heard.
    #[allow(clippy::too_many_arguments, reason = "what one round is made of")]
    fn hear(
        &self,
        work: &Work<'_>,
        params: &TranscribeParams,
        round: u32,
        windows: &[(u16, Window)],
        pcm: &[Vec<i16>],
        course: &mut Course,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), EngineError> {
        let length_ms = |n: usize| pcm[n].len() as u64 * 1000 / RATE;
        let name = |n: usize| format!("{round}/{n}");
        let mut heard: Vec<Option<Hearing>> = (0..windows.len()).map(|n| parts::read(work.parts, &name(n))).collect();
        let known: Vec<u32> = (0u32..).zip(&heard).filter(|(_, h)| h.is_some()).map(|(n, _)| n).collect();
        known.iter().for_each(|n| done(length_ms(*n as usize)));
        let whole: Option<Option<String>> = parts::read(work.parts, &round.to_string());
        let language = match whole.filter(|_| known.len() == windows.len()) {
            Some(language) => language,
            None => {
                let ask = WindowsAsk {
                    windows: pcm.iter().map(|p| u32::try_from(p.len()).unwrap_or(u32::MAX)).collect(),
                    language: course.language.clone(),
                    // Where a person said which language it is, that holds.
                    follow_switches: params.language.is_none(),
                    beam: params.beam,
                    heard: known,
                };
                let mut strange = false;
                let language = self.listener.hear(ask, pcm, &work.cancel, &mut |h| {
                    let n = h.heard.window as usize;
                    match heard.get_mut(n) {
                        // Heard again with the rest of its batch.
                        Some(Some(_)) => {}
                        Some(slot) => {
                            done(length_ms(n));
                            parts::write(work.parts, &name(n), &h);
                            *slot = Some(h);
                        }
                        None => strange = true,
                    }
                })?;
                if strange {
                    return Err(unexpected());
                }
                parts::write(work.parts, &round.to_string(), &language);
                language
            }
        };
        course.language = course.language.take().or(language);
        for ((channel, window), heard) in windows.iter().zip(heard) {
            course.take(*channel, window, heard.ok_or_else(unexpected)?);
        }
        Ok(())
    }
}

/// What has been heard so far.
struct Course {
    turns: Option<Turns>,
    speaking: Speaking,
    language: Option<String>,
    segments: Vec<Segment>,
    findings: Vec<Finding>,
    /// Of some windows nobody said when each word was said, or how sure that is.
    untimed: bool,
    unrated: bool,
}
impl Course {
    fn new(language: Option<String>, turns: Option<Turns>) -> Self {
        let speaking = turns.as_ref().filter(|t| t.by == ToldApart::Voices).map(Speaking::of).unwrap_or_default();
        Self { turns, speaking, language, segments: Vec::new(), findings: Vec::new(), untimed: false, unrated: false }
    }

    fn take(&mut self, channel: u16, window: &Window, hearing: Hearing) {
        if segments::unsaid(&hearing.heard) {
            let place = |p: &packing::Piece| (p.from * 1000 / RATE, (p.from + p.len) * 1000 / RATE);
            let start_ms = window.pieces.first().map_or(0, |p| place(p).0);
            let end_ms = window.pieces.last().map_or(0, |p| place(p).1);
            self.findings.push(Finding {
                code: "text-over-silence".into(),
                severity: Severity::Note,
                locator: Locator::Span { start_ms, end_ms, channel: Some(channel) },
                message: "Nobody seems to speak here; what the engine wrote was left out.".into(),
            });
            return;
        }
        self.untimed |= !hearing.timed;
        self.unrated |= !hearing.rated;
        self.segments.extend(segments::of_window(&hearing, window, channel, &self.speaking));
    }

    fn end(
        mut self,
        activity: &Activity,
        engine: &EngineIdentity,
        params: &TranscribeParams,
    ) -> Result<(Transcript, Vec<Finding>), EngineError> {
        let by_channel = self.turns.as_ref().is_none_or(|t| t.by == ToldApart::Channels) && activity.channels.len() > 1;
        self.segments.sort_by_key(|s| (s.start_ms, s.channel, s.end_ms));
        segments::mark_switches(&mut self.segments);
        for (i, s) in self.segments.iter_mut().enumerate() {
            s.id = format!("s{:04}", i + 1);
            s.end_ms = s.end_ms.min(activity.duration_ms.max(s.start_ms));
            if by_channel {
                s.speaker = s.channel.map(|c| speaker_id(usize::from(c)));
            }
            if activity.joined {
                s.channel = None;
            }
        }
        let n_repeating = self.segments.iter().filter(|s| s.flags.contains(&Flag::Repetition)).count();
        if n_repeating > 0 {
            let text = format!("The engine repeats itself in {n_repeating} segments; listen before you rely on them.");
            self.findings.push(Finding::whole("repetition", Severity::Warning, text));
        }
        let mut note = |code: &str, text: &str| self.findings.push(Finding::whole(code, Severity::Note, text));
        if self.untimed {
            note("no-word-times", "The engine told when passages were said, not when each word was; no word has a time.");
        }
        if self.unrated {
            note("no-confidence", "The engine did not say how sure it is; a confidence of 0 means that nobody knows.");
        }
        let transcript = Transcript {
            language: self.language.as_deref().filter(|_| !self.segments.is_empty()).and_then(Lang::parse).unwrap_or_default(),
            duration_ms: activity.duration_ms,
            engine: engine.clone(),
            parameters: serde_json::to_value(params).map_err(|e| EngineError::Output(e.to_string()))?,
            speakers: match self.turns {
                Some(turns) => turns.speakers,
                None if by_channel => of_channels(activity),
                None => Vec::new(),
            },
            segments: self.segments,
        };
        Ok((transcript, self.findings))
    }
}

/// Reads parameters; an absent or empty object means the defaults. Errors: `Failed`.
pub(super) fn parameters(value: &serde_json::Value) -> Result<TranscribeParams, EngineError> {
    super::parameters(value, |p: &TranscribeParams| (1..=10).contains(&p.beam))
}

/// `uk` of `uk-ua`: models know languages, not regions.
fn primary(language: &Lang) -> &str {
    language.as_str().split('-').next().unwrap_or_default()
}

/// Speech of all channels in samples; endless speech in stretches of a minute, so that a round stays a round.
fn spans(activity: &Activity) -> Vec<Span> {
    const LONGEST: u64 = 60 * RATE;
    let mut spans = Vec::new();
    for (channel, list) in (0u16..).zip(&activity.channels) {
        for &(start_ms, end_ms) in list {
            let (mut start, end) = (start_ms * RATE / 1000, end_ms * RATE / 1000);
            while end.saturating_sub(start) > LONGEST {
                spans.push(Span { channel, start, end: start + LONGEST });
                start += LONGEST;
            }
            if start < end {
                spans.push(Span { channel, start, end });
            }
        }
    }
    spans
}

/// Spans of each channel in time order.
fn by_channel(round: &[Span]) -> Vec<(u16, Vec<(u64, u64)>)> {
    let mut channels = std::collections::BTreeMap::<u16, Vec<(u64, u64)>>::new();
    for s in round {
        channels.entry(s.channel).or_default().push((s.start, s.end));
    }
    channels.values_mut().for_each(|spans| spans.sort_unstable());
    channels.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use zapys_host_protocol::{Heard, HeardWord};

    fn heard(text: &str, no_speech: f32, mean: f32) -> Hearing {
        let word =
            |t: &str| HeardWord { text: t.into(), start_ms: 100, end_ms: 300, probability: 0.8, tokens: 1, ends_passage: true };
        let heard = Heard {
            window: 0,
            language: "ru".into(),
            own_language: ("ru".into(), 0.9),
            text: text.into(),
            words: text.split(' ').map(word).collect(),
            mean_log_probability: mean,
            no_speech,
            compression: 1.0,
            repeats: false,
            attempts: 1,
        };
        heard.into()
    }
    fn engine() -> EngineIdentity {
        EngineIdentity { name: "e".into(), version: "1".into(), model: None, model_sha256: None, binary_sha256: None }
    }

    #[test]
    fn channels_become_speakers_and_segments_get_ids_in_order() {
        let activity = Activity { duration_ms: 9000, channels: vec![vec![(4000, 5000)], vec![(1000, 2000)]], joined: false };
        let mut course = Course::new(Some("ru".into()), None);
        course.take(0, &Window::plain(64_000, 80_000), heard("позже", 0.0, -0.1));
        course.take(1, &Window::plain(16_000, 32_000), heard("раньше", 0.0, -0.1));
        course.take(1, &Window::plain(96_000, 99_000), heard("ничего", 0.9, -1.5));
        let (t, findings) = course.end(&activity, &engine(), &TranscribeParams::default()).unwrap();
        let seen: Vec<_> =
            t.segments.iter().map(|s| (s.id.as_str(), s.start_ms, s.speaker.as_deref(), s.text.as_str())).collect();
        assert_eq!(seen, [("s0001", 1100, Some("B"), "раньше"), ("s0002", 4100, Some("A"), "позже")]);
        assert_eq!(
            t.speakers.iter().map(|s| (s.label.as_str(), s.channel)).collect::<Vec<_>>(),
            [("Speaker A", Some(0)), ("Speaker B", Some(1))]
        );
        assert_eq!((t.language.as_str(), t.parameters), ("ru", json!({"beam": 5})));
        assert_eq!(findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["text-over-silence"]);
    }

    #[test]
    fn one_sound_has_no_speakers_to_tell_apart() {
        let activity = Activity { duration_ms: 900, channels: vec![vec![(0, 900)]], joined: true };
        let mut course = Course::new(None, None);
        course.take(0, &Window::plain(0, 14_400), heard("слово", 0.0, -0.1));
        course.language = Some("ru".into());
        let (t, _) = course.end(&activity, &engine(), &TranscribeParams::default()).unwrap();
        assert!(t.speakers.is_empty());
        assert_eq!((t.segments[0].speaker.clone(), t.segments[0].channel), (None, None));
        let (t, _) = Course::new(Some("ru".into()), None).end(&activity, &engine(), &TranscribeParams::default()).unwrap();
        assert!(t.language.is_und(), "no words, no language");
    }

    #[test]
    fn parameters_are_read_strictly() {
        assert_eq!(parameters(&json!(null)).unwrap(), TranscribeParams::default());
        assert_eq!(parameters(&json!({})).unwrap(), TranscribeParams::default());
        let p = parameters(&json!({"language": "uk-UA", "beam": 1})).unwrap();
        assert_eq!((primary(p.language.as_ref().unwrap()), p.beam), ("uk", 1));
        for bad in [json!({"beam": 0}), json!({"beam": 11}), json!({"lang": "uk"}), json!({"language": "?"}), json!(3)] {
            assert!(parameters(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn endless_speech_comes_in_stretches() {
        let activity = Activity { duration_ms: 200_000, channels: vec![vec![(0, 150_000)], vec![(10, 10)]], joined: false };
        let spans = spans(&activity);
        assert_eq!(spans.len(), 3);
        assert!(spans.windows(2).all(|s| s[0].end == s[1].start));
        assert_eq!(by_channel(&spans), [(0, spans.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>())]);
    }
}
