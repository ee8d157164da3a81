//! Russian, Ukrainian or English by letters alone: enough to notice a page that states the wrong one.

use zapys_domain::Lang;

/// The language whose letters and shortest words the text shows; `None` where they do not tell.
pub(crate) fn determine(text: &str) -> Option<Lang> {
    let (mut cyrillic, mut latin, mut uk, mut ru) = (0_u32, 0_u32, 0_u32, 0_u32);
    for c in text.chars().take(20_000).flat_map(char::to_lowercase) {
        match c {
            'і' | 'ї' | 'є' | 'ґ' => (cyrillic, uk) = (cyrillic + 1, uk + 1),
            'ы' | 'э' | 'ъ' | 'ё' => (cyrillic, ru) = (cyrillic + 1, ru + 1),
            'а'..='я' => cyrillic += 1,
            'a'..='z' => latin += 1,
            _ => {}
        }
    }
    if cyrillic >= 20 && cyrillic > latin {
        return match () {
            () if uk >= 3 && uk > 4 * ru => Lang::parse("uk"),
            () if ru >= 3 && ru > 4 * uk => Lang::parse("ru"),
            () => None,
        };
    }
    if latin >= 40 && latin > 4 * cyrillic {
        let words = text.split(|c: char| !c.is_alphabetic()).take(4000);
        let (mut n, mut english) = (0_u32, 0_u32);
        for w in words.filter(|w| !w.is_empty()) {
            n += 1;
            english += u32::from(
                ["the", "of", "and", "to", "in", "a", "is", "was", "that", "for", "it", "on", "with", "he", "she", "said", "at"]
                    .contains(&w.to_lowercase().as_str()),
            );
        }
        return (english * 100 >= n * 12).then(|| Lang::parse("en")).flatten();
    }
    None
}

/// The language to give, and whether the stated one was not believed.
pub(crate) fn settle(stated: Option<Lang>, text: &str) -> (Lang, bool) {
    match (stated, determine(text)) {
        (Some(s), Some(d)) if s != d => (d, true),
        (Some(s), _) => (s, false),
        (None, d) => (d.unwrap_or_default(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_tell() {
        let check =
            |text: &str, expected: Option<&str>| assert_eq!(determine(text).as_ref().map(Lang::as_str), expected, "{text}");
        check("Міська рада повідомила, що їхні люди вже є на місці.", Some("uk"));
        check("Городской совет сообщил, что это были его люди, и объявил выходной.", Some("ru"));
        check("The council said that its people were on the way to the place.", Some("en"));
        check("Der Rat teilte mit, dass seine Leute schon unterwegs sind, heute noch.", None);
        check("Так", None);
        let (l, differs) = settle(Lang::parse("uk"), "Это были обычные выходные: мы вышли вечером и увидели объявление.");
        assert_eq!((l.as_str(), differs), ("ru", true));
        assert!(!settle(Lang::parse("de"), "Der Rat teilte mit, dass seine Leute schon unterwegs sind.").1);
    }
}
