//! Pictures drawn here, read, compared letter by letter.

mod draw;

use super::*;
use draw::{DARK, LIGHT, Message, Theme};
use std::sync::atomic::AtomicBool;

fn engine() -> ReadPicture {
    let sandbox = Sandbox::detect().expect("these tests need bubblewrap");
    let identity =
        EngineIdentity { name: "tesseract".into(), version: "test".into(), model: None, model_sha256: None, binary_sha256: None };
    ReadPicture::new(sandbox, identity)
}
fn read_file(path: &Path) -> Result<Checked<ReadText>, EngineError> {
    let scratch = tempfile::tempdir().unwrap();
    let input = Input { path: path.to_owned(), media_type: "image/png".into() };
    engine().read(&input, LANGUAGES, scratch.path(), &Arc::new(AtomicBool::new(false)))
}
fn read(image: &image::RgbImage, name: &str) -> ReadText {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    image.save(&path).unwrap();
    let read = read_file(&path).unwrap();
    assert!(!read.findings.iter().any(|f| f.severity == Severity::Warning), "{:?}", read.findings);
    read.value
}

/// Edits (insert, delete, replace) that turn one text into the other, by the length of the truth. White space counts as
/// one space.
fn error_rate(truth: &str, seen: &str) -> f64 {
    let plain = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect::<Vec<char>>();
    let (truth, seen) = (plain(truth), plain(seen));
    let mut row: Vec<usize> = (0..=seen.len()).collect();
    for (i, t) in truth.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, s) in seen.iter().enumerate() {
            let best = (before + usize::from(t != s)).min(row[j] + 1).min(row[j + 1] + 1);
            before = row[j + 1];
            row[j + 1] = best;
        }
    }
    row[seen.len()] as f64 / truth.len() as f64
}

const RUSSIAN: &[Message<'static>] = &[
    (false, &["Доброе утро! Вы уже забрали", "документы из типографии?"], "09:12"),
    (true, &["Ещё нет, курьер обещал быть к обеду"], "09:14"),
    (false, &["Хорошо. Тогда встреча переносится", "на среду, 16 марта, в половине", "пятого. Подъезд со двора."], "09:15"),
    (true, &["Понял, предупрежу остальных.", "Нас будет шестеро, стульев хватит?"], "09:21"),
    (false, &["Да, хватит"], "09:22"),
];
const UKRAINIAN: &[Message<'static>] = &[
    (false, &["Привіт! Чи є вже відповідь", "з бібліотеки щодо виставки?"], "18:03"),
    (true, &["Є, вони згодні. Відкриття", "у п’ятницю о сьомій."], "18:05"),
    (false, &["Чудово, я принесу ґрунтовку", "і ще дві рамки."], "18:07"),
    (true, &["Їх краще занести з чорного входу"], "18:10"),
];

fn check_chat(theme: &Theme, width: u32, messages: &[Message<'_>], name: &str, language: &str, most: f64) {
    let image = draw::chat(theme, width, "Соседи по дому", "14 марта", messages);
    let text = read(&image, name);
    assert_eq!(text.pages, [(image.width(), image.height())]);
    let bubbles: Vec<&Block> = text.blocks.iter().filter(|b| b.side.is_some()).collect();
    let seen: Vec<&str> = bubbles.iter().map(|b| b.text.as_str()).collect();
    let truth: Vec<String> = messages.iter().map(|m| format!("{} {}", m.1.join(" "), m.2)).collect();
    let rate = error_rate(&truth.join(" "), &seen.join(" "));
    println!("{name} {width}: character error rate {rate:.4}");
    assert!(rate <= most, "{rate}: {seen:#?}");
    let sides: Vec<&str> = bubbles.iter().filter_map(|b| b.side.as_deref()).collect();
    let expected: Vec<&str> = messages.iter().map(|m| if m.0 { "right" } else { "left" }).collect();
    assert_eq!(sides, expected, "one block for each bubble, in order, on its side");
    let others: String = text.blocks.iter().filter(|b| b.side.is_none()).map(|b| format!("{} ", b.text)).collect();
    assert!(others.contains("Соседи по дому") && others.contains("14 марта"), "{others}");
    assert_eq!(text.language.as_str(), language);
    for block in &bubbles {
        let [x, y, w, h] = block.region.unwrap();
        assert!(x + w <= image.width() && y + h <= image.height() && w > 10 && h > 5);
        let middle = (x + w / 2) * 2;
        assert_eq!(middle > image.width(), block.side.as_deref() == Some("right"), "{:?}", block.region);
    }
}

#[test]
fn light_chat_is_read() {
    check_chat(&LIGHT, 1080, RUSSIAN, "chat.png", "ru", 0.02);
    check_chat(&LIGHT, 720, UKRAINIAN, "chat.png", "uk", 0.03);
}

#[test]
fn dark_chat_loses_no_outgoing_bubble() {
    check_chat(&DARK, 1080, RUSSIAN, "chat.png", "ru", 0.02);
    check_chat(&DARK, 720, UKRAINIAN, "chat.png", "uk", 0.03);
}

#[test]
fn a_chat_that_went_through_jpeg_is_read() {
    check_chat(&DARK, 1080, RUSSIAN, "chat.jpg", "ru", 0.05);
    check_chat(&LIGHT, 720, UKRAINIAN, "chat.jpg", "uk", 0.05);
}

#[test]
fn wallpaper_behind_the_bubbles_is_not_read() {
    for (theme, faint) in [(&LIGHT, [196, 208, 218]), (&DARK, [24, 34, 48])] {
        let mut image = draw::chat(theme, 1080, "Соседи по дому", "14 марта", RUSSIAN);
        draw::wallpaper(&mut image, theme.ground, faint);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chat.jpg");
        let mut file = std::fs::File::create(&path).unwrap();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 70).encode_image(&image).unwrap();
        let text = read_file(&path).unwrap().value;
        let seen: Vec<&str> = text.blocks.iter().filter(|b| b.side.is_some()).map(|b| b.text.as_str()).collect();
        let truth: Vec<String> = RUSSIAN.iter().map(|m| format!("{} {}", m.1.join(" "), m.2)).collect();
        let rate = error_rate(&truth.join(" "), &seen.join(" "));
        println!("wallpaper: character error rate {rate:.4}");
        assert!(rate <= 0.05, "{rate}: {seen:#?}");
        let others: usize = text.blocks.iter().filter(|b| b.side.is_none()).map(|b| b.text.chars().count()).sum();
        assert!(others < 60, "header and date only: {:?}", text.blocks);
    }
}

#[test]
fn languages_by_their_letters() {
    let check = |text: &str, expected: &str| {
        let word = |t: &str| zapys_domain::text::ReadWord { text: t.into(), region: [0, 0, 1, 1], confidence: 0.95 };
        let block = Block {
            text: text.into(),
            page: Some(1),
            region: None,
            confidence: Some(0.95),
            words: text.split(' ').map(word).collect(),
            side: None,
        };
        assert_eq!(language_of(&[block]).as_str(), expected, "{text}");
    };
    check("", "und");
    check("Добре, зустрінемось біля бібліотеки", "uk");
    check("Хорошо, встретимся возле библиотеки в три", "und");
    check("Хорошо, мы встретимся возле библиотеки", "ru");
    check("Хорошо, встретимся возле входа около трех часов, потом посмотрим", "ru");
    check("See you at the library", "en");
}
