//! One tesseract process for all pieces of a picture: loading three languages costs more than reading a bubble.

use super::ink::Crop;
use crate::EngineError;
use crate::sandbox::{Limits, Sandbox};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Name of the tool in errors.
pub(super) const TESSERACT: &str = "tesseract";
/// At most so much text about one picture.
const MAX_TSV: u64 = 32 << 20;

/// How the reader divides a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Division {
    /// Find columns and paragraphs.
    Page,
    /// One block of lines.
    Block,
}

/// A word as read, in pixels of its crop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    /// Crop, paragraph and line it stands in.
    pub(super) crop: usize,
    pub(super) paragraph: (u32, u32),
    pub(super) line: u32,
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// 0 to 1.
    pub(super) confidence: f32,
    pub(super) text: String,
}

/// Reads all crops. `languages`: as tesseract names them, joined by `+`.
/// Errors: `Missing` where tesseract or a language is not installed, those of the sandbox, `Io`.
pub(super) fn read(
    sandbox: &Sandbox,
    scratch: &Path,
    crops: &[Crop],
    division: Division,
    languages: &str,
    cancel: &Arc<AtomicBool>,
) -> Result<Vec<Word>, EngineError> {
    if crops.is_empty() {
        return Ok(Vec::new());
    }
    let folder = scratch.join("pieces");
    std::fs::create_dir_all(&folder).map_err(EngineError::Io)?;
    // The list names files as the program sees them.
    let shown = if sandbox.is_walled() { Path::new("/pieces") } else { &folder };
    let mut list = String::new();
    for (number, crop) in crops.iter().enumerate() {
        let name = format!("{number}.pgm");
        let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join(&name)).map_err(EngineError::Io)?);
        write!(file, "P5\n{} {}\n255\n", crop.image.width(), crop.image.height()).map_err(EngineError::Io)?;
        file.write_all(crop.image.as_raw()).and_then(|()| file.flush()).map_err(EngineError::Io)?;
        list.push_str(&format!("{}\n", shown.join(name).display()));
    }
    std::fs::write(folder.join("list"), list).map_err(EngineError::Io)?;
    let mode = match division {
        Division::Page => "3",
        Division::Block => "6",
    };
    let tsv = sandbox
        .command(TESSERACT, "tesseract")
        .bind_ro(&folder, "/pieces")
        .args(["/pieces/list", "stdout", "-l", languages, "--psm", mode, "--dpi", "300", "-c", "tessedit_create_tsv=1"])
        // A second thread gains little and takes the core from another job.
        .env("OMP_THREAD_LIMIT", "1")
        .limits(Limits { cpu_seconds: 300, wall: Duration::from_secs(900), file_bytes: 1 << 20, ..Limits::default() })
        .cancel(Arc::clone(cancel))
        .run_to_end(None, MAX_TSV)?
        .require()?;
    Ok(words_of(&String::from_utf8_lossy(&tsv), crops.len()))
}

/// Reads the table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
/// Lines that do not fit are passed over.
fn words_of(tsv: &str, n_crops: usize) -> Vec<Word> {
    let mut words = Vec::new();
    for row in tsv.lines() {
        let fields: Vec<&str> = row.splitn(12, '\t').collect();
        let [level, page, block, paragraph, line, _, left, top, width, height, confidence, text] = fields[..] else { continue };
        let number = |field: &str| field.parse::<u32>().ok();
        let numbers = [page, block, paragraph, line, left, top, width, height].map(number);
        let (Some("5"), Ok(confidence), false) = (Some(level), confidence.parse::<f32>(), text.trim().is_empty()) else {
            continue;
        };
        let [Some(page), Some(block), Some(paragraph), Some(line), Some(left), Some(top), Some(width), Some(height)] = numbers
        else {
            continue;
        };
        let crop = page as usize;
        if crop == 0 || crop > n_crops || !confidence.is_finite() {
            continue;
        }
        words.push(Word {
            crop: crop - 1,
            paragraph: (block, paragraph),
            line,
            left,
            top,
            width,
            height,
            confidence: (confidence / 100.0).clamp(0.0, 1.0),
            text: text.trim().chars().take(400).collect(),
        });
    }
    mend_letters(&mut words);
    words
}

/// Latin letters that look like Cyrillic ones.
const LOOKALIKES: [(char, char); 24] = [
    ('A', 'А'),
    ('B', 'В'),
    ('C', 'С'),
    ('E', 'Е'),
    ('H', 'Н'),
    ('I', 'І'),
    ('K', 'К'),
    ('M', 'М'),
    ('O', 'О'),
    ('P', 'Р'),
    ('T', 'Т'),
    ('X', 'Х'),
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('i', 'і'),
    ('o', 'о'),
    ('p', 'р'),
    ('x', 'х'),
    ('y', 'у'),
    ('ï', 'ї'),
    ('Ï', 'Ї'),
    ('k', 'к'),
    ('m', 'м'),
];

/// With three languages at once the reader mixes alphabets within a word. Where all Latin letters of a word have a
/// Cyrillic twin and the rest of the word (for single letters: of the line) is Cyrillic, the twins are put.
fn mend_letters(words: &mut [Word]) {
    let cyrillic = |c: char| ('\u{400}'..='\u{52f}').contains(&c);
    let twin = |c: char| LOOKALIKES.iter().find(|(latin, _)| *latin == c).map(|(_, twin)| *twin);
    // Of each line: Cyrillic letters, Latin letters.
    type Line = (usize, (u32, u32), u32);
    let mut lines: HashMap<Line, (usize, usize)> = HashMap::new();
    for w in words.iter() {
        let counts = lines.entry((w.crop, w.paragraph, w.line)).or_default();
        counts.0 += w.text.chars().filter(|c| cyrillic(*c)).count();
        counts.1 += w.text.chars().filter(char::is_ascii_alphabetic).count();
    }
    for w in words {
        let letters: Vec<char> = w.text.chars().filter(|c| c.is_alphabetic()).collect();
        let own = letters.iter().filter(|c| cyrillic(**c)).count();
        let (line_cyrillic, line_latin) = lines.get(&(w.crop, w.paragraph, w.line)).copied().unwrap_or_default();
        let mixed = own > 0 && own < letters.len();
        let lone = letters.len() == 1 && own == 0 && line_cyrillic > 2 * line_latin;
        if (mixed || lone) && letters.iter().all(|c| cyrillic(*c) || twin(*c).is_some()) {
            w.text = w.text.chars().map(|c| twin(c).unwrap_or(c)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_words_and_nonsense_is_passed_over() {
        let tsv = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
                   5\t2\t1\t1\t3\t1\t23\t41\t168\t32\t96.9\tслово\n5\t2\t1\t1\t3\t2\t1\t1\t1\t1\t-1\t \n\
                   5\t9\t1\t1\t1\t1\t1\t1\t1\t1\t90\tвне\n5\tx\t1\t1\n4\t1\t1\t1\t1\t0\t1\t1\t1\t1\t-1\t\n\
                   5\t1\t1\t1\t1\t1\t1\t1\t1\t1\tnan\tx\n";
        let words = words_of(tsv, 2);
        assert_eq!(words.len(), 1);
        assert_eq!((words[0].crop, words[0].line, words[0].text.as_str()), (1, 3, "слово"));
        assert!((words[0].confidence - 0.969).abs() < 1e-4);
    }

    #[test]
    fn alphabets_are_not_mixed_within_a_word() {
        let check = |line: &[&str], expected: &str| {
            let rows: Vec<String> = line.iter().map(|w| format!("5\t1\t1\t1\t1\t1\t1\t1\t1\t1\t90\t{w}")).collect();
            let words = words_of(&rows.join("\n"), 1);
            assert_eq!(words.into_iter().map(|w| w.text).collect::<Vec<_>>().join(" "), expected);
        };
        check(&["пpивeт", "i", "добре"], "привет і добре");
        check(&["OK", "Telegram"], "OK Telegram");
        check(&["USB-кабель"], "USB-кабель");
        check(&["i", "am", "here"], "i am here");
    }
}
