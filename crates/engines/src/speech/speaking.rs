//! Whose words are whose, where voices on one channel were told apart.

use zapys_domain::transcript::Turns;

/// A word this far from every turn is nobody's, in milliseconds.
const NEAR_MS: u64 = 1000;
/// A word shorter than this between two of another speaker, with hardly a pause, is that speaker's: voices are told apart
/// to a tenth of a second, words are timed no better.
const SHORT_MS: u64 = 400;
const PAUSE_MS: u64 = 250;
/// Somebody else speaks at the same time for so long, and for a fifth of a segment: then it is marked.
const OVER_MS: u64 = 300;

/// Turns of each speaker on a channel; empty where voices were not told apart.
#[derive(Debug, Default)]
pub struct Speaking(Vec<(String, Vec<(u64, u64)>)>);
impl Speaking {
    /// Takes the turns apart by speaker.
    pub fn of(turns: &Turns) -> Self {
        let of = |id: &str| turns.turns.iter().filter(|t| t.speaker == id).map(|t| (t.start_ms, t.end_ms)).collect();
        Self(turns.speakers.iter().map(|s| (s.id.clone(), of(&s.id))).collect())
    }

    /// The id of a speaker by number.
    pub fn id(&self, speaker: usize) -> Option<&str> {
        self.0.get(speaker).map(|(id, _)| id.as_str())
    }

    /// Who says each word, given their times in order: whoever speaks most during it, or nearest to it.
    pub fn of_words(&self, words: &[(u64, u64)]) -> Vec<Option<usize>> {
        let mut who: Vec<Option<usize>> = words.iter().map(|(start, end)| self.at(*start, *end)).collect();
        for i in 1..words.len().saturating_sub(1) {
            let close = words[i].0 - words[i - 1].1.min(words[i].0) < PAUSE_MS
                && words[i + 1].0 - words[i].1.min(words[i + 1].0) < PAUSE_MS;
            if who[i - 1] == who[i + 1] && close && words[i].1 - words[i].0 < SHORT_MS {
                who[i] = who[i - 1];
            }
        }
        who
    }

    fn at(&self, start: u64, end: u64) -> Option<usize> {
        let during = (0..self.0.len()).map(|s| (self.overlap(s, start, end.max(start + 1)), s));
        let most = during.max_by_key(|(ms, s)| (*ms, std::cmp::Reverse(*s))).filter(|(ms, _)| *ms > 0);
        let nearest = || (0..self.0.len()).filter_map(|s| Some((self.distance(s, start, end)?, s))).min();
        most.map(|(_, s)| s).or_else(|| nearest().filter(|(far, _)| *far <= NEAR_MS).map(|(_, s)| s))
    }

    /// Turns of a speaker that end after a time, and begin before another.
    fn between(&self, speaker: usize, start: u64, end: u64) -> impl Iterator<Item = (u64, u64)> {
        let turns = &self.0[speaker].1;
        let first = turns.partition_point(|(_, b)| *b <= start);
        turns[first..].iter().copied().take_while(move |(a, _)| *a < end)
    }
    fn overlap(&self, speaker: usize, start: u64, end: u64) -> u64 {
        self.between(speaker, start, end).map(|(a, b)| b.min(end) - a.max(start)).sum()
    }
    fn distance(&self, speaker: usize, start: u64, end: u64) -> Option<u64> {
        let turns = &self.0[speaker].1;
        let next = turns.partition_point(|(a, _)| *a < end);
        let after = turns.get(next).map(|(a, _)| a - end.min(*a));
        let before = next.checked_sub(1).map(|i| start.saturating_sub(turns[i].1));
        after.into_iter().chain(before).min()
    }

    /// Whether others speak at the same time as this one for a good part of a stretch.
    pub fn is_talked_over(&self, speaker: usize, start: u64, end: u64) -> bool {
        let others = (0..self.0.len()).filter(|s| *s != speaker);
        let both: u64 =
            others.flat_map(|s| self.between(s, start, end)).map(|(a, b)| self.overlap(speaker, a.max(start), b.min(end))).sum();
        both >= OVER_MS && both * 5 >= end - start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zapys_domain::transcript::{Speaker, ToldApart, Turn};

    fn speaking(turns: &[(&str, u64, u64)]) -> Speaking {
        let turn = |(s, start_ms, end_ms): &(&str, u64, u64)| Turn { start_ms: *start_ms, end_ms: *end_ms, speaker: (*s).into() };
        let speaker = |id: &str| Speaker { id: id.into(), label: id.into(), channel: None };
        Speaking::of(&Turns {
            duration_ms: 60_000,
            by: ToldApart::Voices,
            stated: None,
            speakers: vec![speaker("A"), speaker("B")],
            turns: turns.iter().map(turn).collect(),
        })
    }

    #[test]
    fn words_are_of_whoever_speaks_most_or_nearest() {
        let s = speaking(&[("A", 0, 1000), ("B", 900, 2000), ("A", 5000, 6000)]);
        let who = s.of_words(&[(100, 500), (850, 980), (1000, 1300), (2400, 2600), (3500, 3600), (5000, 5000)]);
        assert_eq!(who, [Some(0), Some(0), Some(1), Some(1), None, Some(0)]);
        assert_eq!(Speaking::default().of_words(&[(0, 10)]), [None]);
        assert_eq!((s.id(1), s.id(2)), (Some("B"), None));
    }

    #[test]
    fn a_short_word_amid_anothers_speech_is_not_torn_out() {
        let s = speaking(&[("A", 0, 1000), ("B", 1000, 1200), ("A", 1200, 3000)]);
        assert_eq!(s.of_words(&[(800, 990), (1000, 1200), (1210, 1500)]), [Some(0); 3]);
        assert_eq!(s.of_words(&[(400, 600), (1000, 1200), (1600, 1800)])[1], Some(1), "with pauses around it, it stands");
    }

    #[test]
    fn who_is_talked_over_is_marked() {
        let s = speaking(&[("A", 0, 3000), ("B", 2500, 4000), ("B", 10_000, 10_200), ("A", 9_000, 12_000)]);
        assert!(s.is_talked_over(0, 1500, 3000) && s.is_talked_over(1, 2500, 4000));
        assert!(!s.is_talked_over(0, 0, 2400), "not in that part");
        assert!(!s.is_talked_over(0, 9_000, 12_000), "only just");
    }
}
