//! From text to words in the spelling that texts are compared in. Pure; the same for every text and every query.
//!
//! A word is cut out of the text as it stands, so places always point into the original; only its key is folded: compatibility
//! forms, case, stress and other marks, soft hyphens, apostrophes, `ґ`, `ё`, and letters of the wrong alphabet that look right.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Longest key in characters; what is longer is no word, and its head identifies it well enough.
const MAX_KEY: usize = 64;

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// First character in the text, counted in characters.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    /// Folded key; never empty.
    pub key: String,
    /// Written with a capital first letter.
    pub capital: bool,
}

/// The alphabet of a folded key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Only Cyrillic letters, digits allowed beside them.
    Cyrillic,
    /// Only Latin letters, digits allowed beside them.
    Latin,
    /// Digits, other alphabets, or a mixture that cannot be told apart.
    Other,
}

/// A place in a text: in characters, in bytes.
type Place = (usize, usize);

/// The words of a text in order. Hyphens separate; an apostrophe between letters does not.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().enumerate().peekable();
    // Start of the word at hand, end of the last sign of it that counts.
    let mut open: Option<(Place, Place)> = None;
    let close = |open: &mut Option<(Place, Place)>, found: &mut Vec<Token>| {
        if let Some(((start, from), (end, to))) = open.take() {
            let raw = &text[from..to];
            let key = fold(raw);
            if !key.is_empty() {
                found.push(Token { start, end, key, capital: raw.chars().next().is_some_and(char::is_uppercase) });
            }
        }
    };
    while let Some((at, (byte, c))) = chars.next() {
        let after = (at + 1, byte + c.len_utf8());
        if c.is_alphanumeric() {
            open = Some((open.map_or((at, byte), |(start, _)| start), after));
        } else if let Some((start, end)) = open {
            let next_is_letter = chars.peek().is_some_and(|(_, (_, n))| n.is_alphabetic());
            if is_combining_mark(c) {
                open = Some((start, after));
            } else if !(is_silent(c) || is_apostrophe(c) && next_is_letter && end.0 == at) {
                close(&mut open, &mut found);
            }
        }
    }
    close(&mut open, &mut found);
    found
}

/// Signs that have no width or only mark where a line may break.
fn is_silent(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | 'ʹ' | '`' | '´' | '′' | '＇')
}

/// The key of one word.
pub fn fold(word: &str) -> String {
    let mut letters: Vec<char> = Vec::with_capacity(word.len());
    for c in word.nfkc() {
        match c {
            // Composed letters of their own, not letters with a mark.
            'й' | 'Й' | 'ї' | 'Ї' | 'ў' | 'Ў' => letters.push(c),
            _ => decompose_canonical(c, |c| {
                if c.is_alphanumeric() && !is_apostrophe(c) && !is_combining_mark(c) {
                    letters.push(c)
                }
            }),
        }
    }
    same_alphabet(&mut letters);
    let lower = letters.iter().flat_map(|c| c.to_lowercase()).filter(|c| !is_combining_mark(*c));
    lower.map(|c| if c == 'ґ' { 'г' } else { c }).take(MAX_KEY).collect()
}

/// The alphabet of a folded key.
pub fn script(key: &str) -> Script {
    let (mut cyrillic, mut latin, mut other) = (false, false, false);
    for c in key.chars().filter(|c| !c.is_ascii_digit()) {
        match c {
            _ if is_cyrillic(c) => cyrillic = true,
            'a'..='z' => latin = true,
            _ => other = true,
        }
    }
    match (cyrillic, latin, other) {
        (true, false, false) => Script::Cyrillic,
        (false, true, false) => Script::Latin,
        _ => Script::Other,
    }
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52f}')
}

/// Latin letters and the Cyrillic ones they are mistaken for.
const LOOK_ALIKES: &[(char, char)] = &[
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('i', 'і'),
    ('k', 'к'),
    ('m', 'м'),
    ('o', 'о'),
    ('p', 'р'),
    ('t', 'т'),
    ('x', 'х'),
    ('y', 'у'),
    ('A', 'А'),
    ('C', 'С'),
    ('E', 'Е'),
    ('I', 'І'),
    ('K', 'К'),
    ('M', 'М'),
    ('O', 'О'),
    ('P', 'Р'),
    ('T', 'Т'),
    ('X', 'Х'),
    ('Y', 'У'),
    // Only the capitals look alike.
    ('B', 'В'),
    ('H', 'Н'),
];

/// Turns look-alikes into the alphabet that the unmistakable letters of the word belong to. Where all letters could be
/// either (`С-300`, `T72`), Cyrillic wins if the alphabets are mixed, a digit stands beside them or the letter stands alone.
fn same_alphabet(letters: &mut [char]) {
    let to_cyrillic = |c: char| LOOK_ALIKES.iter().find(|(latin, _)| *latin == c).map(|(_, cyrillic)| *cyrillic);
    let to_latin = |c: char| LOOK_ALIKES.iter().find(|(_, cyrillic)| *cyrillic == c).map(|(latin, _)| *latin);
    let (mut cyrillic, mut latin, mut cyrillic_only, mut latin_only, mut digit) = (false, false, false, false, false);
    let mut capital_only = false;
    for &c in letters.iter() {
        digit |= c.is_ascii_digit();
        capital_only |= matches!(c, 'B' | 'H');
        if is_cyrillic(c) {
            cyrillic = true;
            cyrillic_only |= to_latin(c).is_none();
        } else if c.is_alphabetic() {
            latin = true;
            latin_only |= to_cyrillic(c).is_none();
        }
    }
    if !latin || cyrillic_only && latin_only {
        return;
    }
    if latin_only {
        if cyrillic {
            letters.iter_mut().for_each(|c| *c = to_latin(*c).unwrap_or(*c));
        }
    } else if cyrillic || (digit || letters.len() == 1) && !capital_only {
        letters.iter_mut().for_each(|c| *c = to_cyrillic(*c).unwrap_or(*c));
    }
}

/// Cuts one inflectional ending off a Cyrillic word that no dictionary knows, leaving at least three letters.
/// Rough on purpose: it only has to give the forms of one name the same key, at indexing and at asking.
pub fn stem(key: &str) -> &str {
    // Longest first; Ukrainian and Russian together, since speech mixes them.
    const ENDINGS: &[&str] = &[
        "ються",
        "ється",
        "ться",
        "тся",
        "лася",
        "лися",
        "лись",
        "лась",
        "ами",
        "ями",
        "ові",
        "еві",
        "єві",
        "ого",
        "его",
        "ому",
        "ему",
        "ими",
        "ыми",
        "ять",
        "ють",
        "уть",
        "ила",
        "или",
        "ило",
        "ала",
        "али",
        "ало",
        "ити",
        "ати",
        "ить",
        "ать",
        "ах",
        "ях",
        "ам",
        "ям",
        "ом",
        "ем",
        "єм",
        "ою",
        "ею",
        "єю",
        "ой",
        "ей",
        "ій",
        "ий",
        "ый",
        "ої",
        "их",
        "ых",
        "им",
        "ым",
        "ів",
        "їв",
        "ов",
        "ев",
        "єв",
        "ую",
        "юю",
        "ая",
        "яя",
        "ее",
        "ое",
        "ые",
        "ие",
        "ия",
        "ія",
        "ию",
        "ію",
        "ії",
        "ии",
        "а",
        "я",
        "у",
        "ю",
        "о",
        "е",
        "є",
        "и",
        "ы",
        "і",
        "ї",
        "ь",
        "й",
    ];
    for ending in ENDINGS {
        if let Some(stem) = key.strip_suffix(ending)
            && stem.chars().nth(2).is_some()
        {
            return stem;
        }
    }
    key
}

/// Light English stemming: plural, `-ing`, `-ed`. One key for the forms, not a word of the language.
pub fn english(key: &str) -> String {
    let vowel = |s: &str| s.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let mut stem = key.to_owned();
    if let Some(s) = key.strip_suffix("ies").filter(|s| s.len() > 1) {
        stem = format!("{s}y");
    } else if let Some(s) = ["sses", "shes", "ches", "xes", "zes"]
        .iter()
        .find_map(|e| key.strip_suffix(&e[e.len() - 2..]).filter(|_| key.ends_with(e)))
    {
        stem = s.to_owned();
    } else if let Some(s) = key.strip_suffix('s').filter(|s| s.len() > 2 && !s.ends_with(['s', 'u', 'i'])) {
        stem = s.to_owned();
    }
    for ending in ["ing", "ed"] {
        if let Some(s) = stem.strip_suffix(ending).filter(|s| s.len() > 2 && vowel(s)) {
            let doubled = s.as_bytes().last_chunk::<2>().is_some_and(|[a, b]| a == b && !matches!(a, b'l' | b's' | b'z'));
            stem = if doubled { s[..s.len() - 1].to_owned() } else { s.to_owned() };
            break;
        }
    }
    // `used` and `use`, `burning` and `burne` must not fall apart over the silent e.
    match stem.strip_suffix('e') {
        Some(s) if s.len() > 2 => s.to_owned(),
        _ => stem,
    }
}

/// How a name sounds, roughly, in any of the usual spellings: `Ізюм`, `Изюм`, `Izium` and `Izyum` have one key.
///
/// Vowels keep their place but lose what transliterations disagree on; marks of softness, doubling and final vowels go.
/// `None` for words under four letters and for other alphabets: their keys would join everything.
pub fn sound(key: &str) -> Option<String> {
    if key.chars().filter(|c| c.is_alphabetic()).count() < 4 {
        return None;
    }
    let latin: String = match script(key) {
        Script::Latin => key.to_owned(),
        Script::Cyrillic => key.chars().map(romanised).collect(),
        Script::Other => return None,
    };
    // Longest first: what the systems write for one sound.
    const SOUNDS: &[(&str, &str)] = &[
        ("shch", "q"),
        ("tch", "4"),
        ("tsch", "4"),
        ("sch", "q"),
        ("zh", "j"),
        ("kh", "h"),
        ("ch", "4"),
        ("sh", "w"),
        ("ts", "c"),
        ("tz", "c"),
        ("ph", "f"),
        ("ck", "k"),
        ("yi", "i"),
        ("iy", "i"),
        ("ij", "i"),
        ("ji", "i"),
        ("ii", "i"),
        ("ia", "a"),
        ("ya", "a"),
        ("ja", "a"),
        ("iu", "u"),
        ("yu", "u"),
        ("ju", "u"),
        ("ie", "e"),
        ("ye", "e"),
        ("je", "e"),
        ("yo", "e"),
        ("w", "v"),
        ("y", "i"),
        ("j", "i"),
        ("g", "h"),
        ("q", "k"),
        ("x", "ks"),
    ];
    let mut out = String::with_capacity(latin.len());
    let mut rest = latin.as_str();
    while let Some(c) = rest.chars().next() {
        let (piece, left) = match SOUNDS.iter().find(|(written, _)| rest.starts_with(written)) {
            Some((written, heard)) => (*heard, &rest[written.len()..]),
            None => rest.split_at(c.len_utf8()),
        };
        for heard in piece.chars() {
            if !out.ends_with(heard) {
                out.push(heard);
            }
        }
        rest = left;
    }
    let trimmed = out.trim_end_matches(['a', 'e', 'i', 'o', 'u']).len();
    out.truncate(trimmed);
    (out.len() >= 3).then_some(out)
}

fn romanised(c: char) -> &'static str {
    match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "h",
        'д' => "d",
        'е' | 'э' => "e",
        'є' => "ie",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ї' | 'й' | 'ы' => "i",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ў' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ю' => "iu",
        'я' => "ia",
        '0'..='9' => match c {
            '0' => "0",
            '1' => "1",
            '2' => "2",
            '3' => "3",
            '4' => "4",
            '5' => "5",
            '6' => "6",
            '7' => "7",
            '8' => "8",
            _ => "9",
        },
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, keys: &str) {
        let found: Vec<String> = tokens(written).into_iter().map(|t| t.key).collect();
        assert_eq!(found.join(" "), keys, "{written}");
    }

    #[test]
    fn one_spelling_for_what_reads_the_same() {
        check("Ящики, опис", "ящики опис");
        check("м'ята м’ята мʼята М`ЯТА", "мята мята мята мята");
        check("за́мок замо\u{300}к", "замок замок");
        check("ещё ЕЩЁ еще\u{308}", "еще еще еще");
        check("и\u{306}ога йога", "йога йога");
        check("і\u{308}жак їжак", "їжак їжак");
        check("ґанок ганок", "ганок ганок");
        check("пере\u{ad}права", "переправа");
        check("ﬁle Ｔｅｓｔ café", "file test cafe");
        check("'слово' «слово» слово'", "слово слово слово");
        check("№ 17-а, 12:30", "17 а 12 30");
        check("  — … !? ", "");
    }

    #[test]
    fn letters_of_the_wrong_alphabet_are_mended() {
        check("кoмaндиp", "командир");
        check("зáмок", "замок");
        check("Маriupol", "mariupol");
        check("T72 Т72", "т72 т72");
        check("C-300 С-300", "с 300 с 300");
        check("top box opa", "top box opa");
        check("fooж", "fooж");
        check("Вuilding", "building");
    }

    #[test]
    fn places_count_characters_of_the_original() {
        let text = "— за\u{301}мок і п’ять";
        let words: Vec<String> = tokens(text).iter().map(|t| text.chars().take(t.end).skip(t.start).collect()).collect();
        assert_eq!(words, ["за\u{301}мок", "і", "п’ять"]);
    }

    #[test]
    fn a_name_sounds_the_same_in_every_spelling() {
        for names in [
            &["Ізюм", "Изюм", "Izium", "Izyum", "Izjum"][..],
            &["Буча", "Bucha"],
            &["Маріуполь", "Мариуполь", "Mariupol", "Mariupol'"],
            &["Луганськ", "Луганск", "Luhansk", "Lugansk"],
            &["Херсон", "Kherson", "Cherson"][..2],
            &["Донецьк", "Донецк", "Donetsk", "Donetzk"],
            &["Одеса", "Одесса", "Odesa", "Odessa"],
            &["Балаклія", "Балаклея", "Balakliia", "Balakleya"],
            &["Щастя", "Счастье", "Shchastia"][..1],
        ] {
            let keys: Vec<_> = names.iter().map(|n| sound(&fold(n))).collect();
            assert!(keys.iter().all(|k| k.is_some() && *k == keys[0]), "{names:?} {keys:?}");
        }
        assert_eq!(sound("кит"), None);
        assert_ne!(sound("київ"), sound("харків"));
    }

    #[test]
    fn unknown_names_keep_one_stem() {
        for forms in [&["рубіжне", "рубіжного", "рубіжному"][..], &["шахед", "шахеди", "шахедів", "шахедами"]]
        {
            assert!(forms.iter().all(|f| stem(f) == stem(forms[0])), "{forms:?}");
        }
        assert_eq!(stem("дим"), "дим");
    }

    #[test]
    fn english_forms_meet() {
        for forms in [
            &["box", "boxes"][..],
            &["building", "buildings", "build"],
            &["city", "cities"],
            &["move", "moved", "moving", "moves"],
            &["stopped", "stop", "stopping"],
        ] {
            assert!(
                forms.iter().all(|f| english(f) == english(forms[0])),
                "{:?}",
                forms.iter().map(|f| english(f)).collect::<Vec<_>>()
            );
        }
        assert_eq!(english("bus"), "bus");
        assert_eq!(english("red"), "red");
    }
}
