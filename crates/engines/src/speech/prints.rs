//! Engine: what each speaker of a recording sounds like, so that speakers of different recordings can be held against each other.
//!
//! Over whole turns: the sound is heard in windows of ten seconds wherever somebody speaks, and of each stretch in which one voice
//! speaks alone the network's vector goes to the speaker whose turn it is. A stretch that is nobody's or two people's goes to none.

use super::speakers::{WINDOW, hear, ms_of};
use super::{RATE, Span, Speech, document};
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zapys_domain::derivation::Repeatability;
use zapys_domain::transcript::{ToldApart, Turn, Turns, VoicePrint, VoicePrints};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity};
use zapys_host_protocol::VoiceSpan;

/// Speech of a speaker from which on there is a print, in milliseconds: of less the network says more about the words than the voice.
pub const LEAST_MS: u64 = 3000;
/// Of a stretch so much must lie in a speaker's turns, and no more than so much in anybody else's.
const OWN: f64 = 0.7;
const OTHERS: f64 = 0.2;

/// Engine: a print of each speaker.
pub struct TakeVoicePrints {
    speech: Arc<Speech>,
    identity: EngineIdentity,
    contract: Contract,
}
impl TakeVoicePrints {
    /// With this host and its networks for voices.
    pub fn new(speech: Arc<Speech>) -> Self {
        let contract = Contract {
            emits: DerivativeKind::VoicePrints,
            needs: &[DerivativeKind::Speech, DerivativeKind::Speakers],
            repeats: Repeatability::SameMachine,
        };
        Self { identity: speech.prints_identity(), speech, contract }
    }
}
impl Engine for TakeVoicePrints {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        work.check_cancel()?;
        let turns: Turns = document(work, 2)?;
        let windows = windows(&turns);
        let heard = if windows.is_empty() { Vec::new() } else { hear(&self.speech, work, windows)? };
        let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
        for (channel, window) in &heard {
            for span in window.voices.iter().flatten().filter(|s| !s.embedding.is_empty()) {
                let (start, end) = (ms_of(window.first + span.start), ms_of(window.first + span.end));
                if let Some(speaker) = whose(&turns, *channel, start, end) {
                    sums.entry(speaker).or_default().add(span);
                }
            }
        }
        let voices = sums.into_iter().filter_map(|(speaker, sum)| sum.print(speaker)).collect();
        let emitted = work.write_json(&VoicePrints { voices }, &[])?;
        Ok(Checked { value: emitted, findings: Vec::new() })
    }
}

/// The turns that are on a channel.
fn on_channel(turns: &Turns, channel: u16) -> impl Iterator<Item = &Turn> {
    let here: BTreeSet<&str> = turns
        .speakers
        .iter()
        .filter(|s| turns.by != ToldApart::Channels || s.channel.unwrap_or(0) == channel)
        .map(|s| s.id.as_str())
        .collect();
    turns.turns.iter().filter(move |t| here.contains(t.speaker.as_str()))
}

/// Windows one after the other on each channel, wherever a turn lies in them.
fn windows(turns: &Turns) -> Vec<Span> {
    let channels: BTreeSet<u16> = match turns.by {
        ToldApart::Channels => turns.speakers.iter().filter_map(|s| s.channel).collect(),
        ToldApart::Voices => BTreeSet::from([0]),
        ToldApart::NotAtAll => BTreeSet::new(),
    };
    let end = turns.duration_ms * RATE / 1000;
    let mut all = Vec::new();
    for channel in channels {
        let place = |ms: u64| ms * RATE / 1000 / WINDOW;
        let spoken: BTreeSet<u64> = on_channel(turns, channel)
            .flat_map(|t| place(t.start_ms)..=place(t.end_ms.saturating_sub(1).max(t.start_ms)))
            .collect();
        let window = |n: u64| Span { channel, start: n * WINDOW, end: ((n + 1) * WINDOW).min(end) };
        all.extend(spoken.into_iter().map(window).filter(|w| w.start < w.end));
    }
    all
}

/// Whose turn a stretch lies in, if it is one person's.
fn whose(turns: &Turns, channel: u16, start: u64, end: u64) -> Option<&str> {
    let mut shares: BTreeMap<&str, u64> = BTreeMap::new();
    for t in on_channel(turns, channel) {
        let common = t.end_ms.min(end).saturating_sub(t.start_ms.max(start));
        if common > 0 {
            *shares.entry(&t.speaker).or_default() += common;
        }
    }
    let length = end.saturating_sub(start).max(1) as f64;
    let (speaker, own) = shares.iter().max_by_key(|(_, ms)| **ms)?;
    let others = shares.values().sum::<u64>() - own;
    (*own as f64 >= OWN * length && others as f64 <= OTHERS * length).then_some(speaker)
}

/// Vectors put together, each weighted by the frames it was heard in.
#[derive(Default)]
struct Sum {
    vector: Vec<f64>,
    frames: u32,
}
impl Sum {
    fn add(&mut self, span: &VoiceSpan) {
        self.vector.resize(span.embedding.len().max(self.vector.len()), 0.0);
        self.vector.iter_mut().zip(&span.embedding).for_each(|(sum, x)| *sum += f64::from(*x) * f64::from(span.heard_in));
        self.frames += span.heard_in;
    }
    fn print(self, speaker: &str) -> Option<VoicePrint> {
        let heard_ms = ms_of(self.frames);
        let norm = self.vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        let vector = || self.vector.iter().map(|x| (x / norm * 10_000.0).round() as i16).collect();
        (heard_ms >= LEAST_MS && norm > 0.0).then(|| VoicePrint { speaker: speaker.into(), heard_ms, vector: vector() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zapys_domain::transcript::Speaker;

    fn turns(by: ToldApart, all: &[(&str, u64, u64)]) -> Turns {
        let speaker =
            |(n, id): (u16, &str)| Speaker { id: id.into(), label: id.into(), channel: (by == ToldApart::Channels).then_some(n) };
        Turns {
            duration_ms: 60_000,
            by,
            stated: None,
            speakers: (0..).zip(["A", "B"]).map(speaker).collect(),
            turns: all.iter().map(|(s, a, b)| Turn { start_ms: *a, end_ms: *b, speaker: (*s).into() }).collect(),
        }
    }

    #[test]
    fn windows_lie_where_turns_are() {
        let starts = |t: &Turns| windows(t).iter().map(|w| (w.channel, w.start / RATE)).collect::<Vec<_>>();
        let all = [("A", 1000, 2000), ("B", 9000, 10_000), ("A", 29_000, 31_000)];
        assert_eq!(starts(&turns(ToldApart::Channels, &all)), [(0, 0), (0, 20), (0, 30), (1, 0)]);
        assert_eq!(starts(&turns(ToldApart::Voices, &all)), [(0, 0), (0, 20), (0, 30)]);
        assert!(starts(&turns(ToldApart::NotAtAll, &[])).is_empty());
    }

    #[test]
    fn a_stretch_is_whose_turn_it_is_or_nobodys() {
        let all = [("A", 0, 5000), ("B", 4000, 9000)];
        let t = turns(ToldApart::Voices, &all);
        assert_eq!((whose(&t, 0, 0, 4000), whose(&t, 0, 5000, 9000)), (Some("A"), Some("B")));
        assert_eq!((whose(&t, 0, 3500, 5500), whose(&t, 0, 20_000, 21_000), whose(&t, 0, 8000, 12_000)), (None, None, None));
        let t = turns(ToldApart::Channels, &all);
        assert_eq!((whose(&t, 0, 3500, 5000), whose(&t, 1, 4000, 9000)), (Some("A"), Some("B")));
    }

    #[test]
    fn a_print_has_length_one_and_enough_speech() {
        let span = |heard_in, embedding: &[f32]| VoiceSpan { start: 0, end: heard_in, heard_in, embedding: embedding.into() };
        let mut sum = Sum::default();
        sum.add(&span(100, &[1.0, 0.0]));
        sum.add(&span(100, &[0.0, 1.0]));
        let print = sum.print("A").unwrap();
        assert_eq!((print.vector.clone(), print.heard_ms), (vec![7071, 7071], 3375));
        assert!((print.likeness(&print) - 1.0).abs() < 1e-9);
        let mut short = Sum::default();
        short.add(&span(100, &[1.0, 0.0]));
        assert_eq!(short.print("A"), None);
    }
}
