//! Engine: a second opinion. The recording is heard once more, by another engine or by the same in other windows, and held
//! against the first transcript: where two hearings differ, at least one is wrong, and neither says so by itself.
//!
//! Words are compared without case and punctuation. Which words belong together is found by the longest common run of both
//! texts; what only the second has goes to the segment it was said in.

use super::listener::Listener;
use super::sounds::Sounds;
use super::transcribe::{Hearer, Way, parameters};
use super::{SECOND_REVISION, document};
use crate::lexicon::{NEGATIONS, bare};
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use zapys_domain::transcript::{Flag, Reading, SecondTranscript, Segment, Transcript};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, Locator, Severity};

/// Words of the second hearing that are further than this from every segment of the first are by themselves.
const NEAR_MS: u64 = 1000;

/// Engine: the words heard again, and where that differs.
pub struct SecondOpinion {
    hearer: Hearer,
    identity: EngineIdentity,
    contract: Contract,
}
impl SecondOpinion {
    /// With this listener, in this way.
    pub fn new(sounds: Sounds, listener: Arc<dyn Listener>, way: Way) -> Self {
        let first = listener.identity();
        let contract = Contract {
            emits: DerivativeKind::SecondTranscript,
            needs: &[DerivativeKind::Speech, DerivativeKind::Transcript],
            repeats: listener.repeats(),
        };
        let identity = EngineIdentity {
            name: format!("{}-second", first.name),
            version: format!("{}+{}-{SECOND_REVISION}", first.version, way.word()),
            ..first
        };
        Self { hearer: Hearer { sounds, listener, way }, identity, contract }
    }
}
impl Engine for SecondOpinion {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        let params = parameters(work.params)?;
        let first: Transcript = document(work, 2)?;
        let (heard, mut findings) = self.hearer.listen(work, &params, None)?;
        let Compared { readings, alone } = compare(&first.segments, &heard.segments);
        findings.extend(alone.into_iter().map(|(start_ms, end_ms, channel)| Finding {
            code: "heard-by-one".into(),
            severity: Severity::Warning,
            locator: Locator::Span { start_ms, end_ms, channel },
            message: "The second engine heard words here where the first heard none.".into(),
        }));
        let negations = readings.iter().filter(|r| r.flags.contains(&Flag::Negation)).count();
        if negations > 0 {
            let text = format!("In {negations} segments one engine heard a negation and the other did not; listen to them.");
            findings.push(Finding::whole("negation", Severity::Warning, text));
        }
        let second = SecondTranscript { heard, readings };
        let emitted = work.write_json(&second, &findings)?;
        Ok(Checked { value: emitted, findings })
    }
}

/// Where two hearings differ.
#[derive(Debug, Default, PartialEq, Eq)]
struct Compared {
    readings: Vec<Reading>,
    /// From when to when, in milliseconds, and on which channel the second alone heard words.
    alone: Vec<(u64, u64, Option<u16>)>,
}

/// A word of one hearing.
struct Token {
    segment: usize,
    /// As written.
    text: String,
    start_ms: u64,
    end_ms: u64,
}

fn compare(first: &[Segment], second: &[Segment]) -> Compared {
    let mut compared = Compared::default();
    let mut channels: BTreeMap<Option<u16>, [Vec<usize>; 2]> = BTreeMap::new();
    for (n, list) in [first, second].into_iter().enumerate() {
        for (i, s) in list.iter().enumerate() {
            channels.entry(s.channel).or_default()[n].push(i);
        }
    }
    let mut readings = Vec::new();
    for (channel, [of_first, of_second]) in channels {
        let old = tokens(first, &of_first);
        let new = tokens(second, &of_second);
        let (parts, alone) = assign(first, &of_first, &old, &new);
        compared.alone.extend(alone.into_iter().map(|(start, end)| (start, end, channel)));
        for (i, words) in of_first.into_iter().zip(parts) {
            let text = words.iter().map(|t| new[*t].text.as_str()).collect::<Vec<_>>().join(" ");
            readings.extend(reading(&first[i], text).map(|r| (i, r)));
        }
    }
    readings.sort_by_key(|(i, _)| *i);
    compared.readings = readings.into_iter().map(|(_, r)| r).collect();
    compared.alone.sort_unstable();
    compared
}

/// Gives each word of the second hearing to one of the segments of the first; the rest comes as stretches of its own.
fn assign(first: &[Segment], segments: &[usize], old: &[Token], new: &[Token]) -> (Vec<Vec<usize>>, Vec<(u64, u64)>) {
    let bare_of = |t: &[Token]| t.iter().map(|t| bare(&t.text)).collect::<Vec<_>>();
    let mut parts: Vec<Vec<usize>> = segments.iter().map(|_| Vec::new()).collect();
    let place: BTreeMap<usize, usize> = segments.iter().enumerate().map(|(n, s)| (*s, n)).collect();
    let mut alone: Vec<(u64, u64)> = Vec::new();
    let by_time = |t: &Token| {
        let middle = t.start_ms.midpoint(t.end_ms);
        let away = |s: &Segment| s.start_ms.saturating_sub(middle).max(middle.saturating_sub(s.end_ms));
        segments.iter().enumerate().map(|(n, s)| (away(&first[*s]), n)).min().filter(|(far, _)| *far <= NEAR_MS).map(|(_, n)| n)
    };
    for (of_old, of_new) in stretches(old, new) {
        // The segment of each word that both have, by its place in the second.
        let mut both: BTreeMap<usize, usize> = BTreeMap::new();
        for op in capture_diff_slices(Algorithm::Myers, &bare_of(&old[of_old.clone()]), &bare_of(&new[of_new.clone()])) {
            let DiffOp::Equal { old_index, new_index, len } = op else { continue };
            for k in 0..len {
                let (was, n) = (&old[of_old.start + old_index + k], of_new.start + new_index + k);
                // A word that both have, but not at one time, is two words.
                if was.start_ms.abs_diff(new[n].start_ms) <= 10 * NEAR_MS {
                    both.extend(place.get(&was.segment).map(|segment| (n, *segment)));
                }
            }
        }
        for n in of_new {
            match both.get(&n).copied().or_else(|| by_time(&new[n])) {
                Some(part) => parts[part].push(n),
                None => alone.push((new[n].start_ms, new[n].end_ms)),
            }
        }
    }
    parts.iter_mut().for_each(|p| p.sort_unstable());
    (parts, joined(alone))
}

/// Both hearings cut at the same times, a few hundred words at once: comparing takes time with the square of their number. A word that
/// falls on the other side of a cut goes by its time, like any that only one has.
fn stretches(old: &[Token], new: &[Token]) -> Vec<(Range<usize>, Range<usize>)> {
    const WORDS: usize = 400;
    let mut all = Vec::new();
    let (mut old_from, mut new_from) = (0, 0);
    for old_to in (WORDS..old.len()).step_by(WORDS) {
        let cut = old[old_to - 1].end_ms.midpoint(old[old_to].start_ms);
        let new_to = new_from + new[new_from..].iter().take_while(|t| t.start_ms < cut).count();
        all.push((old_from..old_to, new_from..new_to));
        (old_from, new_from) = (old_to, new_to);
    }
    all.push((old_from..old.len(), new_from..new.len()));
    all
}

/// Stretches that nearly touch, as one.
fn joined(mut all: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    all.sort_unstable();
    let mut out: Vec<(u64, u64)> = Vec::new();
    for (start, end) in all {
        match out.last_mut() {
            Some(last) if start <= last.1 + NEAR_MS => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out
}

/// Words of these segments in order. Where no times of words were measured, they are spread over their segment, for comparing only.
fn tokens(all: &[Segment], which: &[usize]) -> Vec<Token> {
    let mut tokens = Vec::new();
    for &segment in which {
        let s = &all[segment];
        let spoken: Vec<&str> = s.text.split_whitespace().filter(|w| !bare(w).is_empty()).collect();
        let timed = s.words.iter().filter(|w| !bare(&w.text).is_empty()).collect::<Vec<_>>();
        let length = s.end_ms.saturating_sub(s.start_ms);
        let n = spoken.len().max(1) as u64;
        for (i, text) in spoken.iter().enumerate() {
            let measured = timed.get(i).filter(|_| timed.len() == spoken.len()).map(|w| (w.start_ms, w.end_ms));
            let spread = (s.start_ms + length * i as u64 / n, s.start_ms + length * (i as u64 + 1) / n);
            let (start_ms, end_ms) = measured.unwrap_or(spread);
            tokens.push(Token { segment, text: (*text).to_owned(), start_ms, end_ms });
        }
    }
    tokens
}

/// What the second hearing has in place of a segment, where that is other words.
fn reading(first: &Segment, text: String) -> Option<Reading> {
    let words = |t: &str| t.split_whitespace().map(bare).filter(|w| !w.is_empty()).collect::<Vec<_>>();
    let (old, new) = (words(&first.text), words(&text));
    if old == new {
        return None;
    }
    let negations = |w: &[String]| w.iter().filter(|w| NEGATIONS.contains(&w.as_str())).count();
    let mut flags = vec![Flag::Disagreement];
    // Where nothing was heard at all, a negation that is missing is the least of it.
    if negations(&old) != negations(&new) && !new.is_empty() {
        flags.push(Flag::Negation);
    }
    Some(Reading { id: first.id.clone(), text, flags })
}

#[cfg(test)]
mod tests {
    use super::*;
    use zapys_domain::Lang;
    use zapys_domain::transcript::Word;

    /// Words a third of a second long, one after the other.
    fn said(id: &str, channel: u16, start_ms: u64, text: &str) -> Segment {
        let words: Vec<Word> = (0u64..)
            .zip(text.split_whitespace())
            .map(|(i, w)| Word {
                start_ms: start_ms + i * 300,
                end_ms: start_ms + i * 300 + 280,
                text: w.into(),
                confidence: 0.9,
            })
            .collect();
        Segment {
            id: id.into(),
            start_ms,
            end_ms: words.last().map_or(start_ms, |w| w.end_ms),
            speaker: None,
            channel: Some(channel),
            language: Lang::parse("ru").unwrap(),
            text: text.into(),
            confidence: 0.9,
            flags: vec![],
            words,
        }
    }
    fn told(c: &Compared) -> Vec<(&str, &str, usize)> {
        c.readings.iter().map(|r| (r.id.as_str(), r.text.as_str(), r.flags.len())).collect()
    }

    #[test]
    fn the_same_words_in_other_segments_are_no_difference() {
        let first = [said("s1", 0, 0, "Мы приедем завтра,"), said("s2", 0, 1500, "в шесть утра. Всё.")];
        let second = [said("x", 0, 100, "мы приедем завтра в шесть утра все")];
        assert_eq!(compare(&first, &second), Compared::default());
    }

    #[test]
    fn a_word_more_is_told_where_it_was_said() {
        let first = [said("s1", 0, 0, "мы приедем завтра"), said("s2", 0, 2000, "ждите у моста"), said("s3", 1, 0, "хорошо")];
        let second =
            [said("a", 0, 0, "мы не приедем завтра"), said("b", 0, 2000, "ждите возле моста"), said("c", 1, 0, "Хорошо.")];
        let c = compare(&first, &second);
        assert_eq!(told(&c), [("s1", "мы не приедем завтра", 2), ("s2", "ждите возле моста", 1)]);
        assert_eq!(c.readings[0].flags, [Flag::Disagreement, Flag::Negation]);
        assert!(c.alone.is_empty());
    }

    #[test]
    fn what_one_alone_heard_is_told_with_its_time() {
        let first = [said("s1", 0, 0, "алло"), said("s2", 0, 20_000, "не надо")];
        let second = [said("a", 0, 0, "алло"), said("b", 0, 8000, "кто это"), said("c", 0, 8900, "говорит")];
        let c = compare(&first, &second);
        assert_eq!(c.alone, [(8000, 9180, Some(0))]);
        // Nothing heard is a disagreement; that no negation was heard in it says nothing.
        assert_eq!(told(&c), [("s2", "", 1)]);
        assert_eq!(compare(&[], &second).alone.len(), 2);
        assert_eq!(compare(&first, &[]).readings.len(), 2);
    }

    #[test]
    fn a_common_word_far_away_is_another_word() {
        let first = [said("s1", 0, 0, "да"), said("s2", 0, 60_000, "поехали")];
        let second = [said("a", 0, 60_000, "да поехали")];
        let c = compare(&first, &second);
        assert_eq!(told(&c), [("s1", "", 1), ("s2", "да поехали", 1)]);
    }

    #[test]
    fn eight_hours_are_compared_as_soon_as_a_minute() {
        // Every tenth word is another one; segments of ten words.
        let words = |shift: usize| {
            (0..6000usize).map(move |i| {
                let text: Vec<String> =
                    (0..10).map(|k| format!("w{}", (i * 37 + k * if k == 9 { shift } else { 1 }) % 997)).collect();
                said(&format!("s{i}"), 0, i as u64 * 4800, &text.join(" "))
            })
        };
        let (first, second): (Vec<Segment>, Vec<Segment>) = (words(1).collect(), words(2).collect());
        let began = std::time::Instant::now();
        let c = compare(&first, &second);
        println!("{:.1} s", began.elapsed().as_secs_f64());
        assert!(c.alone.is_empty() && c.readings.len() == 6000);
        assert!(c.readings.iter().all(|r| r.text.split(' ').count() == 10));
    }

    #[test]
    fn words_without_times_are_compared_as_well() {
        let first = [said("s1", 0, 0, "стой здесь и жди"), said("s2", 0, 4000, "потом назад")];
        let mut second = said("a", 0, 0, "стой здесь и жди потом вперед");
        second.words.clear();
        second.end_ms = 5000;
        assert_eq!(told(&compare(&first, &[second])), [("s2", "потом вперед", 1)]);
    }
}
