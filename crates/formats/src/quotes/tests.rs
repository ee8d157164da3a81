//! Tests of reading quotes.

use super::*;

/// Text, speaker, verb of each quotation; offsets must give the text back.
fn check(blocks: &[&str], expected: &[(&str, Option<&str>, Option<&str>)]) {
    let blocks: Vec<String> = blocks.iter().map(|b| (*b).to_owned()).collect();
    let joined: Vec<char> = blocks.join("\n").chars().collect();
    let got = find(&blocks);
    for q in &got {
        assert_eq!(joined[q.start..q.end].iter().collect::<String>(), q.text);
    }
    let got: Vec<_> = got.iter().map(|q| (q.text.as_str(), q.speaker.as_deref(), q.verb.as_deref())).collect();
    assert_eq!(got, expected, "{blocks:?}");
}

#[test]
fn ukrainian() {
    check(&["«Вода прийшла вранці», — сказала Олена Коваль."], &[("Вода прийшла вранці", Some("Олена Коваль"), Some("сказала"))]);
    check(
        &["Іван Петренко розповів: «Ми чекали на автобус»."],
        &[("Ми чекали на автобус", Some("Іван Петренко"), Some("розповів"))],
    );
    check(&["„Це неправда“, — заявив речник ради Марко Сич."], &[("Це неправда", Some("Марко Сич"), Some("заявив"))]);
    check(
        &["За словами Олени Коваль, «води не було два дні»."],
        &[("води не було два дні", Some("Олени Коваль"), Some("За словами"))],
    );
    check(&["«Я не бачив цього», — не сказав, а написав Марко."], &[("Я не бачив цього", Some("Марко"), Some("не сказав"))]);
    check(
        &["«Ми їдемо, — сказав Петро Гай. — Скоро будемо»."],
        &[("Ми їдемо, — сказав Петро Гай. — Скоро будемо", Some("Петро Гай"), Some("сказав"))],
    );
}

#[test]
fn russian() {
    check(&["«Поезд придёт позже», — сообщила Анна Белова."], &[("Поезд придёт позже", Some("Анна Белова"), Some("сообщила"))]);
    check(
        &["Как рассказал Олег Иванович Лесной, «дорогу починили»."],
        &[("дорогу починили", Some("Олег Иванович Лесной"), Some("рассказал"))],
    );
    check(&["По словам Анны Беловой, «никто не звонил»."], &[("никто не звонил", Some("Анны Беловой"), Some("По словам"))]);
    check(
        &["\"Мы не подписывали этот договор\", - заявил он журналистам."],
        &[("Мы не подписывали этот договор", None, Some("заявил"))],
    );
    check(&["Он отрицал: «Я там не был»."], &[("Я там не был", None, Some("отрицал"))]);
}

#[test]
fn english() {
    check(
        &["“The water came in the morning,” said Olena Koval."],
        &[("The water came in the morning,", Some("Olena Koval"), Some("said"))],
    );
    check(
        &["Ivan Petrenko told reporters: “We waited for the bus.”"],
        &[("We waited for the bus.", Some("Ivan Petrenko"), Some("told"))],
    );
    check(&["\"I never signed it,\" Marko Sych said on Monday."], &[("I never signed it,", Some("Marko Sych"), Some("said"))]);
    check(&["According to Anna Bila, “nobody called.”"], &[("nobody called.", Some("Anna Bila"), Some("According to"))]);
    check(&["“I saw it,” he did not say."], &[("I saw it,", None, Some("did not say"))]);
    check(
        &["“We left,” Koval said. “The road was closed.”"],
        &[("We left,", Some("Koval"), Some("said")), ("The road was closed.", Some("Koval"), Some("said"))],
    );
    check(
        &["“First part of it goes on.", "“And it ends here,” said Koval."],
        &[("First part of it goes on.", None, None), ("And it ends here,", Some("Koval"), Some("said"))],
    );
}

#[test]
fn names_of_things_are_not_speech() {
    check(&["Газета «Вечірні новини» вийшла вчора."], &[]);
    check(&["Поїзд \"Сирена\" прибув о третій."], &[]);
    check(&["The ship “Aurora” left."], &[]);
    check(&["Розмір 5\" на 7\" не підходить."], &[]);
    check(&[""], &[]);
    check(&["«»", "\"\""], &[]);
}

#[test]
fn marks_nest_and_get_lost() {
    check(&["«Він сказав „так“ і пішов», — розповіла Ірина."], &[("Він сказав „так“ і пішов", Some("Ірина"), Some("розповіла"))]);
    check(&["Він мовчав «і нічого більше не буде вже ніколи"], &[]);
    check(&["»«»«»„“”«", "“”“„«»"], &[]);
    let long = format!("«{}»", "слово ".repeat(5000));
    check(&[&long], &[]);
}
