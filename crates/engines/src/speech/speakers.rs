//! Engine: who speaks when. Where one party is on each channel, the channels say it; only voices that share a channel are
//! told apart by what they sound like.
//!
//! The sound is heard in windows of ten seconds that overlap by three quarters, wherever somebody speaks. In each, the host
//! tells up to three voices apart and says what each sounds like; [`super::voices`] finds out which voices of different
//! windows are the same, and votes.

use super::voices::{self, Heard};
use super::{RATE, SPEAKERS_REVISION, Span, Speech, document, parameters, patience, read_rounds, unexpected};
use crate::host::Next;
use crate::probe::no_input;
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zapys_domain::derivation::Repeatability;
use zapys_domain::handover::MAX_SPEAKERS;
use zapys_domain::media::Activity;
use zapys_domain::transcript::{Speaker, ToldApart, Turn, Turns, speaker_id};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, Severity, Step};
use zapys_host_protocol::{Ask, MAX_VOICES, Reply, VOICE_CELL, VOICE_FRAME, Voice, VoicesAsk};

/// Samples of a window, and from one to the next.
pub(super) const WINDOW: u64 = 10 * RATE;
const HOP: u64 = VOICE_CELL as u64;
/// Sound that is asked about at once.
const ROUND: u64 = 10 * 60 * RATE;

/// What can be set. Unknown names are refused, because they would change the derivation's key and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpeakersParams {
    /// How many people speak on a shared channel, as stated by a person; absent to find out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speakers: Option<u16>,
    /// The record that says so, or takes it back: what is made after it is made anew, also where the same was said before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// Engine: who speaks when.
pub struct TellApart {
    speech: Arc<Speech>,
    identity: EngineIdentity,
    contract: Contract,
}
impl TellApart {
    /// With this host; without networks for voices in it, only channels are told apart.
    pub fn new(speech: Arc<Speech>) -> Self {
        let contract =
            Contract { emits: DerivativeKind::Speakers, needs: &[DerivativeKind::Speech], repeats: Repeatability::SameMachine };
        Self { identity: speech.speakers_identity(SPEAKERS_REVISION), speech, contract }
    }
}
impl Engine for TellApart {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        work.check_cancel()?;
        let some = |p: &SpeakersParams| p.speakers.is_none_or(|n| (1..=MAX_SPEAKERS).contains(&n));
        let params = parameters(work.params, some)?;
        let activity: Activity = document(work, 1)?;
        let mut findings = Vec::new();
        let silent = activity.channels.iter().all(Vec::is_empty);
        let turns = match activity.channels.len() {
            0 | 1 if silent => by_voice(&activity, Vec::new()),
            0 | 1 if !self.speech.knows_voices() => {
                let text = "All parties are on one channel, and no network that tells voices apart is installed.";
                findings.push(Finding::whole("voices-not-told-apart", Severity::Note, text));
                Turns { by: ToldApart::NotAtAll, ..by_voice(&activity, Vec::new()) }
            }
            0 | 1 => match hear(&self.speech, work, windows(&activity)) {
                Ok(heard) => {
                    let heard: Vec<Heard> = heard.into_iter().map(|(_, heard)| heard).collect();
                    let found = voices::turns(&heard, frames(activity.duration_ms), params.speakers.map(usize::from));
                    by_voice(&activity, found)
                }
                // Words without speakers are better than none.
                Err(EngineError::Failed { reason, .. }) => {
                    let text = format!("Telling voices apart failed ({reason}); who speaks is not known.");
                    findings.push(Finding::whole("voices-failed", Severity::Warning, text));
                    Turns { by: ToldApart::NotAtAll, ..by_voice(&activity, Vec::new()) }
                }
                Err(e) => return Err(e),
            },
            _ => by_channel(&activity),
        };
        let turns = Turns { stated: params.record, ..turns };
        let emitted = work.write_json(&turns, &findings)?;
        Ok(Checked { value: emitted, findings })
    }
}

/// Voices of these windows, each with the channel it is on, in order of the windows' ends.
pub(super) fn hear(speech: &Speech, work: &Work<'_>, windows: Vec<Span>) -> Result<Vec<(u16, Heard)>, EngineError> {
    let input = work.inputs.first().ok_or_else(no_input)?.clone();
    work.progress.step(Step::Listening);
    work.progress.total(Some(windows.iter().map(|w| w.end - w.start).sum::<u64>() * 1000 / RATE));
    let reader = speech.sounds.open(&input, &work.cancel)?;
    let mut all = Vec::new();
    read_rounds(reader, windows, ROUND, |sound, round| {
        let pcm: Vec<Vec<i16>> = round.iter().map(|w| sound.samples(w.channel, w.start, w.end)).collect();
        let length = |p: &Vec<i16>| u32::try_from(p.len()).unwrap_or(u32::MAX);
        let places = round.iter().map(|w| (w.channel, w.start)).collect();
        let ask = Ask::Voices(VoicesAsk { windows: pcm.iter().map(length).collect(), places });
        let sound: Vec<&[i16]> = pcm.iter().map(Vec::as_slice).collect();
        let samples = sound.iter().map(|s| s.len() as u64).sum();
        let mut heard: Vec<Option<Vec<Voice>>> = vec![None; round.len()];
        speech.host()?.ask(&ask, &sound, patience(samples), &work.cancel, |reply| match reply {
            Reply::Voices(v) => {
                let n = v.window as usize;
                let slot = heard.get_mut(n).filter(|slot| slot.is_none()).ok_or_else(unexpected)?;
                if !is_sound(&v.voices, pcm[n].len()) {
                    return Err(unexpected());
                }
                *slot = Some(v.voices);
                work.progress.advance(pcm[n].len() as u64 * 1000 / RATE);
                Ok(Next::More)
            }
            Reply::Done { .. } => Ok(Next::Enough),
            _ => Err(unexpected()),
        })?;
        for (window, voices) in round.iter().zip(heard) {
            let length = u32::try_from((window.end - window.start).div_ceil(u64::from(VOICE_FRAME))).unwrap_or(u32::MAX);
            let heard = Heard { first: frame_of(window.start), length, voices: voices.ok_or_else(unexpected)? };
            all.push((window.channel, heard));
        }
        Ok(())
    })?;
    Ok(all)
}

/// Whether an answer of the host can be true of so many samples.
fn is_sound(voices: &[Voice], samples: usize) -> bool {
    let frames = samples.div_ceil(VOICE_FRAME as usize) as u32;
    let spans = || voices.iter().flatten();
    let size = spans().map(|s| s.embedding.len()).find(|n| *n > 0);
    voices.len() <= MAX_VOICES
        && voices.iter().all(|v| v.windows(2).all(|w| w[0].end <= w[1].start))
        && spans().all(|s| {
            s.start < s.end
                && s.end <= frames
                && s.embedding.iter().all(|x| x.is_finite())
                && (s.embedding.is_empty() || Some(s.embedding.len()) == size && size <= Some(4096))
        })
}

fn frame_of(sample: u64) -> u32 {
    u32::try_from((sample + u64::from(VOICE_FRAME) / 2) / u64::from(VOICE_FRAME)).unwrap_or(u32::MAX)
}
fn frames(duration_ms: u64) -> u32 {
    frame_of(duration_ms * RATE / 1000) + 1
}
pub(super) fn ms_of(frame: u32) -> u64 {
    u64::from(frame) * u64::from(VOICE_FRAME) * 1000 / RATE
}

/// Windows over all that is said on the one channel; the last ends with the recording.
fn windows(activity: &Activity) -> Vec<Span> {
    let end = activity.duration_ms * RATE / 1000;
    let last = end.saturating_sub(WINDOW);
    let speech = activity.channels.first().map(Vec::as_slice).unwrap_or_default();
    let starts = (0..).map(|n| n * HOP).take_while(|start| *start < last).chain([last]);
    let mut next = 0;
    starts
        .map(|start| Span { channel: 0, start, end: end.min(start + WINDOW) })
        .filter(|w| {
            while speech.get(next).is_some_and(|(_, b)| b * RATE / 1000 <= w.start) {
                next += 1;
            }
            speech.get(next).is_some_and(|(a, _)| a * RATE / 1000 < w.end)
        })
        .collect()
}

/// One party on each channel: its turns are where the channel speaks.
fn by_channel(activity: &Activity) -> Turns {
    let turns =
        activity.channels.iter().enumerate().flat_map(|(c, spans)| {
            spans.iter().map(move |&(start_ms, end_ms)| Turn { start_ms, end_ms, speaker: speaker_id(c) })
        });
    of(activity, ToldApart::Channels, of_channels(activity), turns.collect())
}

/// A speaker for each channel.
pub(super) fn of_channels(activity: &Activity) -> Vec<Speaker> {
    (0u16..).zip(&activity.channels).map(|(c, _)| speaker(usize::from(c), Some(c))).collect()
}

/// Turns of each voice in frames.
fn by_voice(activity: &Activity, found: Vec<Vec<(u32, u32)>>) -> Turns {
    let speakers = (0..found.len()).map(|n| speaker(n, None)).collect();
    let turns = found.into_iter().enumerate().flat_map(|(n, spans)| {
        let turn = move |(a, b)| Turn { start_ms: ms_of(a), end_ms: ms_of(b).min(activity.duration_ms), speaker: speaker_id(n) };
        spans.into_iter().map(turn)
    });
    of(activity, ToldApart::Voices, speakers, turns.filter(|t| t.start_ms < t.end_ms).collect())
}

fn of(activity: &Activity, by: ToldApart, speakers: Vec<Speaker>, mut turns: Vec<Turn>) -> Turns {
    turns.sort_by(|a, b| (a.start_ms, &a.speaker).cmp(&(b.start_ms, &b.speaker)));
    Turns { duration_ms: activity.duration_ms, by, stated: None, speakers, turns }
}

fn speaker(n: usize, channel: Option<u16>) -> Speaker {
    let id = speaker_id(n);
    Speaker { label: format!("Speaker {id}"), id, channel }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zapys_host_protocol::VoiceSpan;

    fn activity(duration_ms: u64, channels: Vec<Vec<(u64, u64)>>) -> Activity {
        Activity { duration_ms, channels, joined: false }
    }

    #[test]
    fn windows_lie_where_somebody_speaks_and_end_with_the_recording() {
        let starts = |a: &Activity| windows(a).iter().map(|w| (w.start * 1000 / RATE, w.end * 1000 / RATE)).collect::<Vec<_>>();
        assert_eq!(starts(&activity(3_000, vec![vec![(0, 100)]])), [(0, 3_000)]);
        assert_eq!(starts(&activity(13_000, vec![vec![(0, 12_900)]])), [(0, 10_000), (2_497, 12_497), (3_000, 13_000)]);
        let far = activity(3_600_000, vec![vec![(30_000, 31_000), (3_599_000, 3_599_500)]]);
        let far = starts(&far);
        assert_eq!((far.first(), far.last(), far.len()), (Some(&(22_477, 32_477)), Some(&(3_590_000, 3_600_000)), 5));
        assert!(starts(&activity(60_000, vec![vec![]])).is_empty());
    }

    #[test]
    fn channels_tell_parties_apart() {
        let turns = by_channel(&activity(9_000, vec![vec![(0, 900), (5_000, 6_000)], vec![(800, 2_000)]]));
        assert_eq!(turns.by, ToldApart::Channels);
        let who: Vec<_> = turns.turns.iter().map(|t| (t.speaker.as_str(), t.start_ms)).collect();
        assert_eq!(who, [("A", 0), ("B", 800), ("A", 5_000)]);
        assert_eq!(turns.speakers[1].channel, Some(1));
    }

    #[test]
    fn answers_that_cannot_be_true_are_refused() {
        let span = |start, end, embedding: &[f32]| VoiceSpan { start, end, heard_in: 1, embedding: embedding.into() };
        assert!(is_sound(&[vec![span(0, 2, &[1.0]), span(3, 4, &[])], vec![]], 4 * 270));
        for bad in [
            vec![vec![span(2, 2, &[])]],
            vec![vec![span(0, 5, &[])]],
            vec![vec![span(2, 3, &[]), span(0, 1, &[])]],
            vec![vec![span(0, 1, &[f32::NAN])]],
            vec![vec![span(0, 1, &[1.0])], vec![span(0, 1, &[1.0, 0.0])]],
            vec![vec![]; MAX_VOICES + 1],
        ] {
            assert!(!is_sound(&bad, 4 * 270), "{bad:?}");
        }
    }
}
