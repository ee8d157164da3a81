//! Whether what must survive a translation did: numbers, names, negations. Machines lose these first, and a reader of the translation
//! alone cannot see it.
//!
//! Words are compared, not meanings: a doubt says where to look, and its absence says nothing about the rest of the sentence.

use crate::lexicon::{NEGATIONS, bare, number};
use std::collections::BTreeSet;
use zapys_domain::transcript::Lost;

/// What seems to be lost, or put in, between a text and its English translation. Source: Russian, Ukrainian or English words.
pub fn lost(source: &str, english: &str) -> Vec<Lost> {
    let (from, into) = (words(source), words(english));
    let mut lost = Vec::new();
    if numbers(&from) != numbers(&into) {
        lost.push(Lost::Number);
    }
    if !names(source).iter().all(|name| capitalised(english).any(|word| alike(name, &skeleton(word)))) {
        lost.push(Lost::Name);
    }
    let denies = |words: &[String]| words.iter().any(|w| NEGATIONS.contains(&w.as_str()));
    if denies(&from) != denies(&into) {
        lost.push(Lost::Negation);
    }
    lost
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || "-–—/".contains(c)).map(bare).filter(|w| !w.is_empty()).collect()
}

/// The numbers of a text, however they are written. One is left out: "one" and "a" stand for each other, and so do other words.
fn numbers(words: &[String]) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    // What a row of number words adds up to: thousands, and what is below.
    let mut row: Option<(u64, u64)> = None;
    let mut end = |row: &mut Option<(u64, u64)>| {
        if let Some((high, low)) = row.take() {
            found.insert(high + low);
        }
    };
    for word in words {
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        if let Ok(n) = digits.parse::<u64>() {
            end(&mut row);
            row = Some((0, n));
            end(&mut row);
            continue;
        }
        match (number(word), &mut row) {
            // Three hundred and five.
            (None, Some((_, low))) if word == "and" && *low > 0 && low.is_multiple_of(100) => continue,
            (None, _) => end(&mut row),
            (Some(1000), Some((high, low))) => (*high, *low) = ((*high + *low).max(1) * 1000, 0),
            (Some(100), Some((_, low))) if (1..10).contains(low) => *low *= 100,
            // Twenty and five are twenty-five; five and twenty are two numbers, such as one dictates.
            (Some(n), Some((high, low))) if fits(n, *high, *low) => *low += n,
            (Some(n), _) => {
                end(&mut row);
                row = Some(if n == 1000 { (1000, 0) } else { (0, n) });
            }
        }
    }
    end(&mut row);
    found.remove(&1);
    found
}

/// True where a number word goes on with what was said so far: below the place of its last digit.
fn fits(n: u64, high: u64, low: u64) -> bool {
    match low {
        0 => high > 0 && n < 1000,
        _ if low.is_multiple_of(100) => n < 100,
        _ => low.is_multiple_of(10) && low >= 20 && n < 10,
    }
}

/// Skeletons of the Cyrillic names in a text: words with a capital that do not begin a sentence.
fn names(text: &str) -> Vec<String> {
    let mut begins = true;
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
        let is_name = letters.chars().next().is_some_and(|c| c.is_uppercase() && !c.is_ascii()) && letters.chars().count() > 2;
        // A word all in capitals is loud or an abbreviation that has its own in the other language.
        let is_loud = letters.chars().all(char::is_uppercase);
        if is_name && !is_loud && !begins {
            found.push(skeleton(&letters));
        }
        begins = word.trim_end_matches(['"', '»', '”', ')']).ends_with(['.', '?', '!', '…', ':']);
    }
    found
}

fn capitalised(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| w.starts_with(char::is_uppercase))
}

/// The consonants of a name as they are alike in both scripts: `Москве` and `Moscow` are `mskv`.
fn skeleton(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        let sounds = match c {
            'б' | 'b' => "b",
            'в' | 'v' | 'w' => "v",
            'г' | 'ґ' | 'g' => "g",
            'д' | 'd' => "d",
            'ж' | 'з' | 'z' | 'j' => "z",
            'к' | 'х' | 'k' | 'c' | 'q' => "k",
            'л' | 'l' => "l",
            'м' | 'm' => "m",
            'н' | 'n' => "n",
            'п' | 'p' => "p",
            'р' | 'r' => "r",
            'с' | 'ш' | 'щ' | 's' => "s",
            'т' | 't' => "t",
            'ф' | 'f' => "f",
            'ц' => "ts",
            'ч' => "k",
            'x' => "ks",
            _ => "",
        };
        // Doubled letters are written once or twice, as it pleases.
        if !sounds.is_empty() && !out.ends_with(sounds) {
            out.push_str(sounds);
        }
    }
    out
}

/// True where two skeletons may be of one name: endings differ by case, and one sound may be written otherwise.
fn alike(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let n = a.len().min(b.len());
    let differ = a.iter().zip(&b).filter(|(x, y)| x != y).count();
    n > 0 && a.len().abs_diff(b.len()) <= 2 && differ <= usize::from(n > 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Lost::{Name, Negation, Number};

    #[test]
    fn what_survives_raises_no_doubt() {
        for (source, english) in [
            ("Нажмите два, чтобы позвонить.", "Press two to call."),
            ("Приезжайте в 18:30, третий подъезд.", "Come at 18:30, third entrance."),
            ("Их было двадцать пять человек.", "There were 25 of them."),
            ("Сто двадцать миллиметров, две тысячи штук.", "One hundred and twenty millimetres, 2000 pieces."),
            ("Мы не поедем в Харьков.", "We won't go to Kharkiv."),
            ("Ничего, скажи Сергею в Москве.", "Never mind, tell Sergei in Moscow."),
            ("Один раз.", "Once."),
            ("Передай Олександру, що Київ мовчить.", "Tell Oleksandr that Kyiv is silent."),
            ("Так, я чую.", "Yes, I hear."),
            ("Wait for me.", "Wait for me."),
            ("", ""),
        ] {
            assert_eq!(lost(source, english), Vec::<Lost>::new(), "{source} | {english}");
        }
    }

    #[test]
    fn what_is_lost_or_put_in_is_named() {
        for (source, english, what) in [
            ("Мы не были там.", "We were there.", vec![Negation]),
            ("Мы были там.", "We were not there.", vec![Negation]),
            ("Их было пятнадцать.", "There were fifty of them.", vec![Number]),
            ("Едем в 7 утра.", "We are going in the morning.", vec![Number]),
            ("Это сказал Андрей.", "He said this.", vec![Name]),
            ("Їдемо до Полтави о шостій, без Миколи.", "We are going at six.", vec![Name, Negation]),
            ("Позвони Ивану, двадцать восемь.", "Call Peter, twenty.", vec![Number, Name]),
        ] {
            assert_eq!(lost(source, english), what, "{source} | {english}");
        }
    }

    #[test]
    fn rows_of_number_words_are_read_as_people_say_them() {
        let read = |t: &str| numbers(&words(t)).into_iter().collect::<Vec<_>>();
        assert_eq!(read("двадцать пять"), [25]);
        assert_eq!(read("пять двадцать"), [5, 20]);
        assert_eq!((read("three hundred and five"), read("триста пять")), (vec![305], vec![305]));
        assert_eq!(read("восемь ноль пять"), [0, 5, 8]);
        assert_eq!(read("две тысячи двадцать два"), [2022]);
        assert_eq!(read("twenty-five thousand"), [25_000]);
        assert_eq!(read("сто пятьдесят"), [150]);
        assert_eq!(read("8 050 123"), [8, 50, 123]);
        assert!(read("one, один, a").is_empty());
    }
}
