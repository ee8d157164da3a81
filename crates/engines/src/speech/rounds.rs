//! A recording of any length, read once, a bounded stretch at a time.

use super::sounds::SoundReader;
use crate::EngineError;
use std::collections::VecDeque;

/// Sound kept before a span, for its edge: one second.
const EDGE: u64 = 16_000;
/// Frames read at once.
const CHUNK: usize = 16_000;

/// A stretch of sound in one channel: samples from one up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    #[allow(missing_docs)]
    pub channel: u16,
    #[allow(missing_docs)]
    pub start: u64,
    #[allow(missing_docs)]
    pub end: u64,
}

/// Samples of all channels from some place on.
#[derive(Debug, Default)]
pub struct Sound {
    base: u64,
    channels: Vec<VecDeque<i16>>,
}
impl Sound {
    /// Samples of a channel from one place up to another; what is not held is left out.
    pub fn samples(&self, channel: u16, start: u64, end: u64) -> Vec<i16> {
        let Some(held) = self.channels.get(usize::from(channel)) else { return Vec::new() };
        let place = |t: u64| usize::try_from(t.saturating_sub(self.base)).unwrap_or(usize::MAX).min(held.len());
        let (from, to) = (place(start), place(end));
        held.range(from..to.max(from)).copied().collect()
    }

    /// Mean absolute sample of a stretch; 0 where nothing is held.
    pub fn loudness(&self, channel: u16, start: u64, end: u64) -> u64 {
        let samples = self.samples(channel, start, end);
        samples.iter().map(|s| u64::from(s.unsigned_abs())).sum::<u64>() / (samples.len() as u64).max(1)
    }

    /// One past the last place held.
    pub fn end(&self) -> u64 {
        self.base + self.channels.first().map_or(0, |c| c.len() as u64)
    }

    fn forget(&mut self, before: u64) {
        let n = usize::try_from(before.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let n = n.min(self.channels.first().map_or(0, VecDeque::len));
        self.channels.iter_mut().for_each(|c| drop(c.drain(..n)));
        self.base += n as u64;
    }

    fn extend(&mut self, interleaved: &[i16], width: usize) {
        self.channels.resize_with(width, VecDeque::new);
        for (i, c) in self.channels.iter_mut().enumerate() {
            c.extend(interleaved.iter().skip(i).step_by(width));
        }
    }
}

/// Reads a recording once and hands over its spans in rounds of about `budget` samples of speech, ordered by their end,
/// each with sound that holds them and a second before and after.
/// Errors: those of the reader and of `each`.
pub fn read_rounds(
    mut reader: SoundReader,
    mut spans: Vec<Span>,
    budget: u64,
    mut each: impl FnMut(&Sound, &[Span]) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let width = usize::from(reader.channels());
    let mut chunk = vec![0; CHUNK * width];
    let mut sound = Sound::default();
    spans.sort_by_key(|s| (s.end, s.channel, s.start));
    for (first, last) in rounds(&spans, budget) {
        let round = &spans[first..last];
        let until = round.last().map_or(0, |s| s.end) + EDGE;
        // What no later span needs may go while reading on.
        let needed = spans[first..].iter().map(|s| s.start).min().unwrap_or(until).saturating_sub(EDGE);
        while sound.end() < until {
            let n = reader.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            sound.extend(&chunk[..n], width);
            sound.forget(needed.min(sound.end()));
        }
        each(&sound, round)?;
    }
    while reader.read(&mut chunk)? > 0 {}
    // What the decoder noticed stands beside where somebody speaks.
    drop(reader.finish());
    Ok(())
}

/// Ranges of spans that make a round each.
fn rounds(spans: &[Span], budget: u64) -> Vec<(usize, usize)> {
    let mut rounds = Vec::new();
    let (mut first, mut sum) = (0, 0);
    for (i, s) in spans.iter().enumerate() {
        sum += s.end.saturating_sub(s.start);
        if sum >= budget || i + 1 == spans.len() {
            rounds.push((first, i + 1));
            (first, sum) = (i + 1, 0);
        }
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_held_from_a_place_on() {
        let mut sound = Sound::default();
        sound.extend(&[1, -1, 2, -2, 3, -3, 4, -4], 2);
        assert_eq!((sound.end(), sound.samples(1, 1, 3)), (4, vec![-2, -3]));
        sound.forget(2);
        assert_eq!((sound.end(), sound.samples(0, 0, 9)), (4, vec![3, 4]));
        assert!(sound.samples(0, 3, 1).is_empty());
        assert!(sound.samples(7, 0, 9).is_empty());
        assert_eq!((sound.loudness(1, 2, 4), sound.loudness(1, 9, 12)), (3, 0));
        sound.forget(100);
        sound.extend(&[5, -5], 2);
        assert_eq!((sound.end(), sound.samples(0, 0, 9)), (5, vec![5]));
    }

    #[test]
    fn rounds_hold_every_span_once() {
        let spans: Vec<Span> = (0..10).map(|i| Span { channel: 0, start: i * 10, end: i * 10 + 5 }).collect();
        assert_eq!(rounds(&spans, 12), [(0, 3), (3, 6), (6, 9), (9, 10)]);
        assert_eq!(rounds(&spans, 1), (0..10).map(|i| (i, i + 1)).collect::<Vec<_>>());
        assert!(rounds(&[], 5).is_empty());
    }
}
