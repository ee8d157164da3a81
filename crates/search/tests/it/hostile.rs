//! Any text is a query.

use crate::{ask, index_of};
use proptest::prelude::*;

#[test]
fn odd_queries_are_answered() {
    let index = index_of(&["Стояли ящики біля музею", "5\" труба (100%) C:\\temp a+b.*"]);
    let long = "ящик".repeat(50_000);
    let many = "ящик музей ".repeat(10_000);
    let quotes = "\"".repeat(5000);
    for query in [
        "",
        " ",
        "\0",
        "!?…—",
        "\"",
        "\"ящик",
        "ящик\"",
        "«",
        "»",
        "\"\"",
        "-",
        "--",
        "-\"",
        "-\"\"",
        "*",
        "**",
        "а*",
        "-*",
        "(",
        "[a-z]+",
        ".*",
        "a{1,100000}",
        "(?i)x",
        "\\",
        "AND OR NOT",
        "text:ящик",
        "item:*",
        "ящик~2^9",
        "/ящик/",
        "{\"a\":1}",
        "' OR 1=1 --",
        "\u{301}\u{301}",
        "\u{ad}",
        "\u{202e}ящик",
        "👩‍👩‍👧",
        "ﷺ",
        "\u{10ffff}",
        "-ящик -музей",
        &long,
        &many,
        &quotes,
    ] {
        let answer = ask(&index, query);
        assert!(answer.total <= 2, "{query:.40}");
    }
    assert!(ask(&index, &many).is_cut);
    assert_eq!(ask(&index, &many).total, 1);
    assert!(!ask(&index, "ящик").is_cut);
    assert_eq!(ask(&index, "ящик\"").total, 1);
    assert_eq!(ask(&index, "\"ящики біля").total, 1);
    assert_eq!(ask(&index, "\u{202e}ящик").total, 1);
}

#[test]
fn odd_texts_are_fed() {
    let long_word = "я".repeat(200_000);
    let long_text = "ящик ".repeat(100_000);
    let index = index_of(&["", " ", "\0\0", "\u{301}", &long_word, &long_text, "👍🏽 ok", "a\u{300}".repeat(10_000).as_str()]);
    assert_eq!(ask(&index, "ящик").total, 1);
    assert!(ask(&index, "ящик").hits[0].highlights.len() <= 500);
    assert_eq!(ask(&index, "ok").total, 1);
    assert_eq!(ask(&index, &long_word).total, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn no_text_breaks_folding_or_marks(text in "\\PC{0,60}", query in "\\PC{0,20}") {
        let n = text.chars().count();
        let mut before = 0;
        for token in zapys_search::analysis::tokens(&text) {
            prop_assert!(before <= token.start && token.start < token.end && token.end <= n);
            before = token.end;
            prop_assert_eq!(zapys_search::analysis::fold(&token.key), token.key);
        }
        zapys_search::analysis::tokens(&query);
    }

    #[test]
    fn a_word_of_a_text_finds_it(words in proptest::collection::vec("[а-яіїєґ]{1,12}|[a-z]{1,12}|[0-9]{1,9}", 1..6), pick in 0usize..6) {
        let text = words.join(" ");
        let index = index_of(&[&text]);
        let word = &words[pick % words.len()];
        let answer = ask(&index, word);
        prop_assert_eq!(answer.total, 1);
        prop_assert!(!answer.hits[0].highlights.is_empty());
    }
}
