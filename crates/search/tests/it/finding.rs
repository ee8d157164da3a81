//! What is found by what, and how it is marked.

use crate::{Asked, ask, both, index_of, item, passage};
use zapys_domain::passage::{Layer, Passage};
use zapys_domain::{ItemKind, Lang};
use zapys_search::{Matched, Query};

/// `expected`: how `query` finds `text`, or "-" when it does not; the marked words of the text follow after a colon.
#[track_caller]
fn check(query: &str, text: &str, expected: &str) {
    let index = index_of(&[text]);
    let answer = ask(&index, query);
    let found = match answer.hits.as_slice() {
        [] => "-".to_owned(),
        _ if answer.is_partial => "-".to_owned(),
        [hit, ..] => {
            let marked: Vec<String> = hit.highlights.iter().map(|(a, b)| text.chars().skip(*a).take(b - a).collect()).collect();
            format!("{}: {}", hit.matched.word(), marked.join(" "))
        }
    };
    assert_eq!(found, expected, "{query} in {text}");
}

#[test]
fn ukrainian_forms() {
    check("ящик", "Стояли ящики з написами", "lemma: ящики");
    check("ящики", "Стояли ящики з написами", "exact: ящики");
    check("ящиків", "Один ящик порожній", "lemma: ящик");
    check("музей", "Зустрілися біля музею", "lemma: музею");
    check("музею", "Це музей", "lemma: музей");
    check("будівля", "Жодної з будівель не видно", "lemma: будівель");
    check("люди", "Там було багато людей", "lemma: людей");
    check("Київ", "Їхали до Києва", "lemma: Києва");
    check("іти", "Вона йшла повільно", "lemma: йшла");
    check("йти", "Іти далеко", "lemma: Іти");
    check("бути", "Вони були там", "lemma: були");
    check("ящик", "Скринька порожня", "-");
}

#[test]
fn russian_forms() {
    check("ящик", "Вынесли пять ящиков", "lemma: ящиков");
    check("опись", "Составили опись имущества", "exact: опись");
    check("описи", "С описью не сошлось", "lemma: описью");
    check("человек", "Там стояли люди", "lemma: люди");
    check("люди", "Видел одного человека", "lemma: человека");
    check("Киев", "Ехали до Киева", "lemma: Киева");
    check("нести", "Несли коробки", "lemma: Несли");
}

#[test]
fn eight_forms_of_one_family() {
    let forms =
        ["розстріляти", "розстріляли", "розстріл", "розстрілу", "розстріляний", "розстріляних", "розстрілювали", "розстріляно"];
    for query in forms {
        for form in forms {
            let expected = if query == form { "exact" } else { "lemma" };
            check(query, &format!("Читаємо слово {form} у словнику"), &format!("{expected}: {form}"));
        }
    }
    let forms = ["расстрелять", "расстреляли", "расстрел", "расстрела", "расстрелянный", "расстреливали", "расстреляв"];
    for form in forms {
        let expected = if form == "расстрел" { "exact" } else { "lemma" };
        check("расстрел", &format!("Читаем слово {form} в словаре"), &format!("{expected}: {form}"));
    }
}

#[test]
fn mixed_speech() {
    let text = "Ну там у музею стояв ящик с описью, я казав йому";
    check("опись", text, "lemma: описью");
    check("казати", text, "lemma: казав");
    check("ящиков", text, "lemma: ящик");
    check("ящиків описи", text, "lemma: ящик описью");
}

#[test]
fn spelling_that_differs_and_means_the_same() {
    for query in ["м'ята", "м’ята", "мʼята", "М'ЯТА", "мята"] {
        check(query, "Пахне м’ята", "exact: м’ята");
        check(query, "Пахне м'ята", "exact: м'ята");
        check(query, "Запах мʼяти", "lemma: мʼяти");
    }
    check("замок", "Старий за\u{301}мок", "exact: за\u{301}мок");
    check("за\u{301}мок", "Старий замок", "exact: замок");
    check("ёлка", "Стоит елка", "exact: елка");
    check("елки", "Стоит ёлка", "lemma: ёлка");
    check("ґанок", "Сидів на ганку", "lemma: ганку");
    check("командир", "кoмaндиp прийшов", "exact: кoмaндиp");
    check("кoмaндиp", "командира нема", "lemma: командира");
    check("перевірка", "пере\u{ad}вірка документів", "exact: пере\u{ad}вірка");
    check("йога", "и\u{306}ога", "exact: и\u{306}ога");
    check("т72", "Їде T72", "exact: T72");
}

#[test]
fn other_names_for_one_thing() {
    for query in ["Ізюм", "Изюм", "Izium", "Izyum"] {
        for (text, word) in [("Стояли в Ізюмі", "Ізюмі"), ("Стояли в Изюме", "Изюме"), ("They stood in Izium", "Izium")]
        {
            let index = index_of(&[text]);
            let hits = ask(&index, query).hits;
            assert_eq!(hits.len(), 1, "{query} in {text}");
            let [(a, b)] = hits[0].highlights[..] else { panic!("{query} in {text}: {:?}", hits[0].highlights) };
            assert_eq!(text.chars().skip(a).take(b - a).collect::<String>(), word);
        }
    }
    check("Izyum", "Стояли в Ізюмі", "alias: Ізюмі");
    check("Изюм", "Стояли в Ізюмі", "alias: Ізюмі");
    check("Київ", "Ехали до Киева", "alias: Киева");
    check("Kharkov", "Під Харковом", "alias: Харковом");
    // By sound alone: in no table.
    check("Vyshneve", "Були у Вишневому", "alias: Вишневому");
    check("Pryluky", "Доїхали до Прилук", "alias: Прилук");
    check("двохсотий", "Передали груз 200", "alias: груз 200");
    check("груз 200", "Один двохсотий", "alias: двохсотий");
    check("груз 200", "Везут груз 200", "exact: груз 200");
    check("мобік", "Привезли мобиков", "alias: мобиков");
    check("шахед", "Летіли шахеди", "lemma: шахеди");
    check("приліт", "Был прилет ночью", "alias: прилет");
    // Short and ordinary words are not joined by sound.
    check("кит", "Спить кіт", "-");
    check("мета", "Це мати", "-");
}

#[test]
fn telephone_numbers_in_any_grouping() {
    for query in ["+380671234567", "0671234567", "067-123-45-67", "+38 (067) 123 45 67", "\"067 123 45 67\""] {
        for text in ["Телефон +38 (067) 123-45-67", "Дзвонили з 380671234567 зранку", "067 1234567"] {
            assert_eq!(ask(&index_of(&[text]), query).total, 1, "{query} in {text}");
        }
        assert_eq!(
            ask(&index_of(&["Телефон +38 (067) 123-45-68"]), query).hits.iter().filter(|h| h.matched == Matched::Alias).count(),
            0
        );
    }
    check("0671234567", "Телефон +38 (067) 123-45-67.", "alias: 38 067 123 45 67");
}

#[test]
fn names_in_no_dictionary() {
    check("Квазимбарський", "Бачили Квазимбарського", "lemma: Квазимбарського");
    check("Квазимбарську", "Квазимбарська вулиця", "lemma: Квазимбарська");
}

#[test]
fn several_words_phrases_exclusions_beginnings() {
    let text = "Біля музею стояли великі ящики з описом";
    check("ящик музей", text, "lemma: музею ящики");
    check("ящик дерево", text, "-");
    check("\"великий ящик\"", text, "lemma: великі ящики");
    check("«великих ящиків»", text, "lemma: великі ящики");
    check("\"ящики великі\"", text, "-");
    check("\"великі ящики з описом\"", text, "exact: великі ящики з описом");
    check("\"великих ящиків з описами\"", text, "lemma: великі ящики з описом");
    check("\"ящики\"", text, "exact: ящики");
    check("\"ящик\"", text, "-");
    check("ящик -музей", text, "-");
    check("ящик -дерево", text, "lemma: ящики");
    check("ящик -\"великі ящики\"", text, "-");
    check("-музей", text, "-");
    check("ящ*", text, "exact: ящики");
    check("яще*", text, "-");
    check("муз* вел*", text, "exact: музею великі");
    check("де ящик", text, "lemma: ящики");
    check("будь-який", "Беріть будь-яку", "lemma: будь яку");
}

#[test]
fn translations_are_found_last_and_marked_there() {
    let index = both(|feed| {
        let with = Passage {
            translation: Some("The boxes stood by the museum".into()),
            ..passage(0, 0, "Ящики стояли біля музею")
        };
        feed.replace(item(0), Layer::Said, &[with]).expect("fed");
        feed.replace(item(1), Layer::Said, &[passage(1, 0, "A box was there")]).expect("fed");
    });
    let hits = ask(&index, "box").hits;
    assert_eq!(
        hits.iter().map(|h| (h.item, h.matched)).collect::<Vec<_>>(),
        [(item(1), Matched::Exact), (item(0), Matched::Translation)]
    );
    assert_eq!(hits[1].highlights, [(4, 9)]);
    assert_eq!(ask(&index, "\"boxes stood\"").hits[0].matched, Matched::Translation);
    assert_eq!(ask(&index, "ящик").hits[0].highlights, [(0, 5)]);
}

#[test]
fn the_nearer_match_comes_first() {
    let index = index_of(&["Стояли в Izium довго", "Стояли в Ізюмі довго", "Стояли в Ізюм довго"]);
    let hits = ask(&index, "Ізюм").hits;
    assert_eq!(hits.iter().map(|h| h.matched).collect::<Vec<_>>(), [Matched::Exact, Matched::Lemma, Matched::Alias]);
    let index = index_of(&["про розстріляних там", "про розстріли там", "про розстріл там"]);
    let order: Vec<_> = ask(&index, "розстріл").hits.iter().map(|h| h.item).collect();
    assert_eq!(order, [item(2), item(1), item(0)]);
}

#[test]
fn when_nothing_has_all_words_some_will_do() {
    let index = index_of(&["Стояли ящики", "Музей зачинено", "Дощ"]);
    let answer = ask(&index, "ящик музей");
    assert!(answer.is_partial);
    assert_eq!(answer.total, 2);
    assert!(!ask(&index, "ящик").is_partial);
}

#[test]
fn filters_totals_and_limits() {
    let index = both(|feed| {
        for n in 0..30 {
            let (kind, tag) = if n % 3 == 0 { (ItemKind::Article, "ru") } else { (ItemKind::Recording, "uk-UA") };
            let one = Passage { kind, language: Lang::parse(tag).expect("tag"), ..passage(n, 0, "ящик") };
            feed.replace(item(n), Layer::Said, &[one]).expect("fed");
        }
    });
    let total = |lang: Option<&str>, kind| {
        let query = Query { lang: lang.and_then(Lang::parse), kind, limit: 5, ..Query::new("ящик") };
        let answer = index.answer(&query);
        assert!(answer.hits.len() <= 5);
        answer.total
    };
    assert_eq!(total(None, None), 30);
    assert_eq!(total(Some("uk"), None), 20);
    assert_eq!(total(Some("uk-UA"), None), 20);
    assert_eq!(total(Some("ru"), Some(ItemKind::Article)), 10);
    assert_eq!(total(Some("ru"), Some(ItemKind::Recording)), 0);
    assert_eq!(total(None, Some(ItemKind::Recording)), 20);
}

#[test]
fn a_hit_carries_its_place() {
    let index = index_of(&["Стояли ящики"]);
    let hit = ask(&index, "ящик").hits.remove(0);
    assert_eq!((hit.item, hit.segment.as_str(), hit.start_ms, hit.layer), (item(0), "s0", Some(0), Layer::Said));
    assert_eq!((hit.kind, hit.text.as_str(), hit.highlights.as_slice()), (ItemKind::Recording, "Стояли ящики", &[(7, 12)][..]));
}
