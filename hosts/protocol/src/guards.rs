//! Signs that a text was not heard but invented: it repeats itself, or says more than anybody can. Whoever heard it, a host or a
//! server elsewhere, it is held to the same.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// Above this ratio a text repeats itself.
pub const MAX_COMPRESSION: f32 = 2.4;
/// Below this mean logarithm of the token probabilities another way of hearing is tried.
pub const MIN_LOG_PROBABILITY: f32 = -1.0;
/// Characters that nobody says in a second.
const MAX_CHARACTERS_PER_SECOND: f32 = 32.0;

/// Length of the text over its length after zlib, both counted with one byte for each different character, so that
/// scripts of two bytes a letter are measured like Latin; 0 for no text. Half a minute of speech is below 2.2,
/// formulaic speech included.
pub fn compression(text: &str) -> f32 {
    let mut letters = std::collections::BTreeMap::new();
    let bytes: Vec<u8> = text
        .chars()
        .map(|c| {
            let next = letters.len();
            (*letters.entry(c).or_insert(next) % 256) as u8
        })
        .collect();
    if bytes.is_empty() {
        return 0.0;
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    packed.write_all(&bytes).expect("memory takes all bytes");
    let packed = packed.finish().expect("memory takes all bytes");
    bytes.len() as f32 / packed.len() as f32
}

/// True where the same words follow each other too often: one word six times, two words four times, three to sixteen
/// words three times. People do say a word thrice; loops do not stop there.
pub fn repeats(text: &str) -> bool {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|w| w.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>())
        .filter(|w| !w.is_empty())
        .collect();
    (1..=16).any(|period| {
        let times = match period {
            1 => 6,
            2 => 4,
            _ => 3,
        };
        let needed = period * (times - 1);
        let mut run = 0;
        words.iter().zip(words.iter().skip(period)).any(|(a, b)| {
            run = if a == b { run + 1 } else { 0 };
            run >= needed
        })
    })
}

/// True where nobody can have said so much in so little time. `speech_ms`: length of the speech.
pub fn too_much(text: &str, speech_ms: u32) -> bool {
    let n = text.chars().filter(|c| c.is_alphanumeric()).count();
    n > 24 && n as f32 > MAX_CHARACTERS_PER_SECOND * speech_ms as f32 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_seen_and_speech_is_not_taken_for_one() {
        let said = [
            "Нет, нет, нет, я не приеду.",
            "Ну да, да, да. Да, я слышу.",
            "Нажмите 1 для записи, нажмите 2 для выхода, нажмите 3 для справки.",
            "The train leaves at ten. The bus leaves at eleven.",
            "Для прослушивания следующего сообщения нажмите 6. Для повторного прослушивания сообщения нажмите 5. \
             Для прослушивания предыдущего сообщения нажмите 4. Для удаления сообщения нажмите 0.",
            "",
        ];
        for text in said {
            assert!(!repeats(text) && compression(text) < MAX_COMPRESSION, "{text}");
        }
        let looped = [
            "Спасибо. Спасибо. Спасибо. Спасибо. Спасибо. Спасибо.",
            "и так и так и так и так",
            "Продолжение следует... А теперь, продолжение следует... А теперь, продолжение следует... А теперь",
        ];
        for text in looped {
            assert!(repeats(text), "{text}");
        }
        assert!(compression(&"Продолжение следует. ".repeat(12)) > MAX_COMPRESSION);
    }

    #[test]
    fn nobody_says_a_page_in_a_second() {
        assert!(too_much(&"слово ".repeat(20), 1000));
        assert!(!too_much("Сейчас, подождите минуту, пожалуйста", 2000));
        assert!(!too_much("Да, да", 100));
    }
}
