//! Words become segments: what is read, cited and translated as one.
//!
//! A segment ends at a pause of a second, at the end of a sentence or passage where somebody draws breath, and before it
//! grows too long to be looked at in one glance, and where another voice goes on. It never reaches over a removed silence of more than a second.

use super::listener::Hearing;
use super::packing::Window;
use super::speaking::Speaking;
use std::collections::BTreeMap;
use zapys_domain::Lang;
use zapys_domain::transcript::{Flag, Segment, Word};
use zapys_host_protocol::Heard;

/// A pause that always ends a segment, in milliseconds.
const PAUSE_MS: u64 = 1000;
/// A pause that ends it after a sentence or passage.
const BREATH_MS: u64 = 250;
/// A segment longer than this, in milliseconds or characters, is divided.
const LONG_MS: u64 = 12_000;
const LONG_TEXT: usize = 180;
/// Below this a segment is marked as doubtful.
const LOW_CONFIDENCE: f32 = 0.5;
/// From this probability that nobody speaks on, a segment is marked; surely unsaid text is left out before.
const NO_SPEECH: f32 = 0.6;
/// Compression above this is a loop.
const LOOPS: f32 = 2.4;
/// Below this mean logarithm of token probabilities, text over likely silence is left out.
const UNSAID: f32 = -1.0;
/// What Whisper writes over noise and music because it ends many films. Only as a whole segment.
const INVENTED: &[&str] = &[
    "продолжение следует",
    "субтитры сделал",
    "субтитры создавал",
    "субтитры делал",
    "субтитры подготовил",
    "редактор субтитров",
    "корректор субтитров",
    "спасибо за просмотр",
    "дякую за перегляд",
    "дякуємо за перегляд",
    "подписывайтесь на канал",
    "підписуйтесь на канал",
    "thanks for watching",
    "thank you for watching",
    "subtitles by",
    "please subscribe",
];

/// A word on the media clock, with what decides where segments end.
struct Placed {
    word: Word,
    tokens: f32,
    ends_passage: bool,
    /// Number of the speaker, where voices were told apart.
    speaker: Option<usize>,
}

/// True for text that is put down to silence: nothing of it is kept, only a finding.
pub fn unsaid(heard: &Heard) -> bool {
    heard.no_speech > NO_SPEECH && heard.mean_log_probability < UNSAID
}

/// Segments of one window, in time order, still without ids. `speaking`: who speaks when on the channel.
pub fn of_window(hearing: &Hearing, window: &Window, channel: u16, speaking: &Speaking) -> Vec<Segment> {
    let mut last_end = 0;
    let words = hearing.heard.words.iter().map(|w| {
        let (first, last) = (u64::from(w.start_ms) * 16, u64::from(w.end_ms) * 16);
        let (start, end) = match hearing.timed {
            true => window.to_channel(first, last),
            // A passage may well reach over a removed pause.
            false => (window.to_channel(first, first + 1).0, window.to_channel(last.saturating_sub(1), last).1),
        };
        let start_ms = (start / 16).max(last_end);
        let end_ms = (end / 16).max(start_ms);
        last_end = end_ms;
        Placed {
            word: Word { start_ms, end_ms, text: w.text.clone(), confidence: w.probability.clamp(0.0, 1.0) },
            tokens: f32::from(w.tokens.max(1)),
            ends_passage: w.ends_passage,
            speaker: None,
        }
    });
    let mut words: Vec<Placed> = words.collect();
    let said: Vec<(u64, u64)> = words.iter().map(|w| (w.word.start_ms, w.word.end_ms)).collect();
    for (word, speaker) in words.iter_mut().zip(speaking.of_words(&said)) {
        word.speaker = speaker;
    }
    let mut segments = Vec::new();
    let mut from = 0;
    for i in 1..=words.len() {
        if i == words.len() || ends(&words[i - 1], &words[i]) {
            divide(&words[from..i], &mut |part| segments.push(segment(part, hearing, channel, speaking)));
            from = i;
        }
    }
    segments
}

/// Whether a segment ends between two words.
fn ends(a: &Placed, b: &Placed) -> bool {
    let pause = b.word.start_ms - a.word.end_ms;
    a.speaker != b.speaker || pause >= PAUSE_MS || (pause >= BREATH_MS && (a.ends_passage || ends_sentence(&a.word.text)))
}

fn ends_sentence(word: &str) -> bool {
    word.trim_end_matches(['"', '»', '”', ')']).ends_with(['.', '?', '!', '…'])
}

/// Hands over the words as one segment, or in two where they are too many: at the best place near the middle.
fn divide(words: &[Placed], out: &mut dyn FnMut(&[Placed])) {
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return };
    let length: usize = words.iter().map(|w| w.word.text.chars().count() + 1).sum();
    if words.len() < 4 || (last.word.end_ms - first.word.start_ms <= LONG_MS && length <= LONG_TEXT) {
        return out(words);
    }
    let middle = (first.word.start_ms + last.word.end_ms) / 2;
    let half = ((last.word.end_ms - first.word.start_ms) / 2).max(1);
    let worth = |i: usize| {
        let (a, b) = (&words[i - 1], &words[i]);
        let kind = if ends_sentence(&a.word.text) {
            3000
        } else if a.ends_passage {
            2000
        } else if a.word.text.ends_with([',', ';', ':', '—']) {
            1000
        } else {
            0
        };
        let pause = (b.word.start_ms - a.word.end_ms).min(1000);
        // Up to two commas' worth is lost towards the ends.
        (kind + 2 * pause).saturating_sub(2000 * a.word.end_ms.abs_diff(middle) / half) + 1
    };
    let off_middle = |i: usize| std::cmp::Reverse(words[i - 1].word.end_ms.abs_diff(middle));
    let at = (1..words.len()).max_by_key(|&i| (worth(i), off_middle(i))).unwrap_or(words.len() / 2);
    divide(&words[..at], out);
    divide(&words[at..], out);
}

fn segment(words: &[Placed], hearing: &Hearing, channel: u16, speaking: &Speaking) -> Segment {
    let heard = &hearing.heard;
    let tokens: f32 = words.iter().map(|w| w.tokens).sum();
    let log: f32 = words.iter().map(|w| w.word.confidence.max(1e-6).ln() * w.tokens).sum();
    let confidence = if hearing.rated { (log / tokens.max(1.0)).exp() } else { 0.0 };
    let text = words.iter().map(|w| w.word.text.as_str()).collect::<Vec<_>>().join(" ");
    let mut flags = Vec::new();
    if heard.no_speech > NO_SPEECH || invented(&text) {
        flags.push(Flag::NoSpeech);
    }
    if heard.repeats || heard.compression > LOOPS {
        flags.push(Flag::Repetition);
    }
    if hearing.rated && confidence < LOW_CONFIDENCE {
        flags.push(Flag::LowConfidence);
    }
    let (start_ms, end_ms) = (words.first().map_or(0, |w| w.word.start_ms), words.last().map_or(0, |w| w.word.end_ms));
    let speaker = words.first().and_then(|w| w.speaker);
    if speaker.is_some_and(|s| speaking.is_talked_over(s, start_ms, end_ms)) {
        flags.push(Flag::Overlap);
    }
    Segment {
        id: String::new(),
        start_ms,
        end_ms,
        speaker: speaker.and_then(|s| speaking.id(s)).map(str::to_owned),
        channel: Some(channel),
        language: Lang::parse(&heard.language).unwrap_or_default(),
        text,
        confidence,
        flags,
        // Where passages stood for words, no word has a time of its own.
        words: words.iter().filter(|_| hearing.timed).map(|w| w.word.clone()).collect(),
    }
}

fn invented(text: &str) -> bool {
    let text = text.to_lowercase();
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    INVENTED.iter().any(|i| text.strip_prefix(i).is_some_and(|rest| rest.chars().count() < 30))
}

/// Flags each segment in another language than most of what is said on its channel, by its voice where voices were told
/// apart: parties to one call may well speak different languages all along, and that is no switch.
pub fn mark_switches(segments: &mut [Segment]) {
    let party = |s: &Segment| (s.channel, s.speaker.clone());
    let mut said: BTreeMap<_, BTreeMap<Lang, usize>> = BTreeMap::new();
    for s in segments.iter() {
        *said.entry(party(s)).or_default().entry(s.language.clone()).or_default() += s.text.chars().count();
    }
    for s in segments {
        let most = said.get(&party(s)).and_then(|languages| languages.iter().max_by_key(|(_, n)| **n));
        if most.is_some_and(|(usual, _)| *usual != s.language) {
            s.flags.push(Flag::LanguageSwitch);
            s.flags.sort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::packing::Piece;
    use zapys_host_protocol::HeardWord;

    fn heard(words: &[(&str, u32, u32)]) -> Hearing {
        let words = words.iter().map(|&(text, start_ms, end_ms)| HeardWord {
            text: text.into(),
            start_ms,
            end_ms,
            probability: 0.9,
            tokens: 1,
            ends_passage: false,
        });
        let heard = Heard {
            window: 0,
            language: "ru".into(),
            own_language: ("ru".into(), 0.9),
            text: String::new(),
            words: words.collect(),
            mean_log_probability: -0.2,
            no_speech: 0.0,
            compression: 1.0,
            repeats: false,
            attempts: 1,
        };
        heard.into()
    }
    fn texts(segments: &[Segment]) -> Vec<(&str, u64, u64)> {
        segments.iter().map(|s| (s.text.as_str(), s.start_ms, s.end_ms)).collect()
    }

    #[test]
    fn segments_end_at_pauses_and_sentences() {
        let h = heard(&[("Жду", 0, 300), ("тебя.", 320, 600), ("Едешь?", 900, 1200), ("Да", 1250, 1400), ("еду", 2500, 2700)]);
        let segments = of_window(&h, &Window::plain(16_000, 64_000), 1, &Speaking::default());
        assert_eq!(texts(&segments), [("Жду тебя.", 1000, 1600), ("Едешь? Да", 1900, 2400), ("еду", 3500, 3700)]);
        assert!(segments.iter().all(|s| s.channel == Some(1) && s.flags.is_empty() && (s.confidence - 0.9).abs() < 1e-5));
        assert_eq!(segments[0].words[1].start_ms, 1320);
    }

    #[test]
    fn a_removed_silence_ends_a_segment() {
        let window = Window {
            pieces: vec![
                Piece { at: 0, from: 0, len: 16_000, edges: (0, 0) },
                Piece { at: 16_000, from: 160_000, len: 16_000, edges: (0, 0) },
            ],
        };
        let h = heard(&[("раз", 600, 900), ("два", 980, 1400), ("три", 1400, 1900)]);
        assert_eq!(texts(&of_window(&h, &window, 0, &Speaking::default())), [("раз", 600, 900), ("два три", 10_000, 10_900)]);
    }

    #[test]
    fn long_speech_is_divided_at_sentences_then_commas() {
        let mut words: Vec<(String, u32, u32)> = (0..40).map(|i| (format!("слово{i}"), i * 350, i * 350 + 300)).collect();
        words[18].0.push(',');
        let list: Vec<(&str, u32, u32)> = words.iter().map(|(t, a, b)| (t.as_str(), *a, *b)).collect();
        let segments = of_window(&heard(&list), &Window::plain(0, 16_000 * 15), 0, &Speaking::default());
        assert!(segments[..segments.len() - 1].iter().any(|s| s.text.ends_with(',')));
        assert!(segments.iter().all(|s| s.end_ms - s.start_ms <= LONG_MS && s.text.chars().count() <= LONG_TEXT));
        let joined: Vec<String> = segments.iter().map(|s| s.text.clone()).collect();
        assert_eq!(joined.join(" "), words.iter().map(|w| w.0.clone()).collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn doubts_become_flags() {
        let window = Window::plain(0, 32_000);
        let flags = |h: &Hearing| of_window(h, &window, 0, &Speaking::default())[0].flags.clone();
        let mut h = heard(&[("Продолжение", 0, 300), ("следует...", 300, 600)]);
        assert_eq!(flags(&h), [Flag::NoSpeech]);
        h.heard.repeats = true;
        h.heard.language = "uk".into();
        h.heard.words.iter_mut().for_each(|w| w.probability = 0.2);
        assert_eq!(flags(&h), [Flag::NoSpeech, Flag::Repetition, Flag::LowConfidence]);
        let mut h = heard(&[("а", 0, 1)]);
        (h.heard.no_speech, h.heard.mean_log_probability) = (0.7, -1.2);
        assert!(unsaid(&h.heard));
        h.heard.mean_log_probability = -0.5;
        assert!(!unsaid(&h.heard));
        assert_eq!(flags(&h), [Flag::NoSpeech]);
        assert!(of_window(&heard(&[]), &window, 0, &Speaking::default()).is_empty());
    }

    #[test]
    fn where_passages_stand_for_words_no_word_has_a_time_and_nobody_knows_how_sure() {
        let mut h = heard(&[("Жду тебя у моста.", 0, 1300), ("Приезжай один.", 1600, 2900)]);
        (h.timed, h.rated) = (false, false);
        h.heard.words.iter_mut().for_each(|w| w.probability = 0.0);
        let segments = of_window(&h, &Window::plain(0, 48_000), 0, &Speaking::default());
        assert_eq!(texts(&segments), [("Жду тебя у моста.", 0, 1300), ("Приезжай один.", 1600, 2900)]);
        assert!(segments.iter().all(|s| s.words.is_empty() && s.confidence == 0.0 && s.flags.is_empty()));
    }

    #[test]
    fn times_never_run_backwards() {
        let window = Window {
            pieces: vec![
                Piece { at: 0, from: 0, len: 1600, edges: (0, 0) },
                Piece { at: 1600, from: 16_000, len: 1600, edges: (0, 0) },
            ],
        };
        let h = heard(&[("а", 90, 150), ("б", 60, 110), ("в", 150, 900), ("г", 3000, 1)]);
        let segments = of_window(&h, &window, 0, &Speaking::default());
        let words: Vec<&Word> = segments.iter().flat_map(|s| &s.words).collect();
        assert!(words.iter().all(|w| w.start_ms <= w.end_ms));
        assert!(words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms));
    }

    #[test]
    fn a_switch_is_a_change_within_one_channel() {
        let window = Window::plain(0, 16_000);
        let part = |channel, language: &str, word: &str| {
            let mut h = heard(&[(word, 0, 300)]);
            h.heard.language = language.into();
            of_window(&h, &window, channel, &Speaking::default()).remove(0)
        };
        let mut all = vec![part(0, "ru", "конференция"), part(1, "en", "conference"), part(0, "uk", "так"), part(1, "en", "yes")];
        mark_switches(&mut all);
        let marked: Vec<bool> = all.iter().map(|s| s.flags.contains(&Flag::LanguageSwitch)).collect();
        assert_eq!(marked, [false, false, true, false]);

        let mut all = vec![part(0, "ru", "конференция"), part(0, "en", "yes"), part(0, "uk", "так")];
        for (s, speaker) in all.iter_mut().zip(["A", "B", "A"]) {
            s.speaker = Some(speaker.into());
        }
        mark_switches(&mut all);
        let marked: Vec<bool> = all.iter().map(|s| s.flags.contains(&Flag::LanguageSwitch)).collect();
        assert_eq!(marked, [false, false, true], "each voice has a language of its own");
    }
}
