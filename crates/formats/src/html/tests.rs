//! Tests of reading articles.

use super::*;

fn page(html: &str) -> Checked<ReadText> {
    read(&html.as_bytes()).expect("reads")
}
fn texts(html: &str) -> Vec<String> {
    page(html).value.blocks.into_iter().map(|b| b.text).collect()
}
fn codes(c: &Checked<ReadText>) -> Vec<&str> {
    c.findings.iter().map(|f| f.code.as_str()).collect()
}

const BODY: &str = "Міська рада повідомила про ремонт мосту, який триватиме до кінця літа, і просить водіїв обирати інші шляхи.";

fn article(head: &str, extra: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"uk\"><head><title>Міст | Вісник</title>{head}</head><body><nav><a href=/>Головна</a> <a href=/n>Новини</a></nav>\
         <article><h1>Ремонт мосту</h1><p>{BODY}</p><p>«Ми не зупинимо роботу», — сказала інженерка Олена Коваль.</p><p>{BODY}</p>{extra}</article>\
         <aside>Читайте також: <a href=/x>інше</a></aside><footer>© Вісник</footer><script>document.write('<p>evil</p>')</script></body></html>"
    )
}

#[test]
fn text_is_the_article_and_nothing_else() {
    let got = page(&article("", "")).value;
    let texts: Vec<_> = got.blocks.iter().map(|b| b.text.as_str()).collect();
    assert_eq!(texts, [BODY, "«Ми не зупинимо роботу», — сказала інженерка Олена Коваль.", BODY]);
    assert_eq!((got.title.as_deref(), got.language.as_str()), (Some("Ремонт мосту"), "uk"));
    let q = &got.quotes[0];
    assert_eq!(
        (q.text.as_str(), q.speaker.as_deref(), q.verb.as_deref()),
        ("Ми не зупинимо роботу", Some("Олена Коваль"), Some("сказала"))
    );
    let joined: Vec<char> = texts.join("\n").chars().collect();
    assert_eq!(joined[q.start..q.end].iter().collect::<String>(), q.text);
}

#[test]
fn metadata_is_as_written() {
    let head = r#"<meta property="og:site_name" content="Вісник"><meta name="author" content="Іван Гай"><link rel="canonical" href="https://example.org/bridge">
        <meta property="article:published_time" content="2024-05-01T10:00:00+03:00"><meta property="article:modified_time" content="2024-05-02">"#;
    let got = page(&article(head, "")).value;
    assert_eq!((got.byline.as_deref(), got.publisher.as_deref()), (Some("Іван Гай"), Some("Вісник")));
    assert_eq!((got.published.as_deref(), got.modified.as_deref()), (Some("2024-05-01T10:00:00+03:00"), Some("2024-05-02")));
    assert_eq!(got.canonical.as_deref(), Some("https://example.org/bridge"));
    let check = |ld: &str, title: Option<&str>, byline: Option<&str>, published: Option<&str>| {
        let got = page(&article(&format!("<script type=\"application/ld+json\">{ld}</script>"), "")).value;
        assert_eq!((got.title.as_deref(), got.byline.as_deref(), got.published.as_deref()), (title, byline, published), "{ld}");
    };
    let h = Some("Ремонт мосту");
    check(
        r#"{"@type":"NewsArticle","headline":"З даних","author":{"name":"А Б"},"datePublished":"2024-05-03"}"#,
        Some("З даних"),
        Some("А Б"),
        Some("2024-05-03"),
    );
    check(
        r#"{"@graph":[{"@type":"WebPage"},{"@type":["Article"],"author":[{"name":"А"},{"name":"Б"}]}]}"#,
        h,
        Some("А, Б"),
        None,
    );
    check(r#"[{"@type":"https://schema.org/NewsArticle","author":"А"}]"#, h, Some("А"), None);
    check(r#"{&quot;@type&quot;:&quot;NewsArticle&quot;,&quot;author&quot;:&quot;А&quot;}"#, h, Some("А"), None);
    check("{\"@type\":\"NewsArticle\",\"author\":\"А\",\"articleBody\":\"x\ny\"}", h, Some("А"), None);
    check(r#"{"@type":"Organization","name":"О"}"#, h, None, None);
    check("not json", h, None, None);
    check(&"[".repeat(100_000), h, None, None);
    let differ = page(&article(
        r#"<meta property="article:published_time" content="2024-05-01"><script type="application/ld+json">{"@type":"Article","datePublished":"2024-06-01"}</script>"#,
        "",
    ));
    assert!(codes(&differ).contains(&"published-dates-differ"));
}

#[test]
fn nothing_is_run_shown_or_fetched() {
    let extra = "<style>p{}</style><iframe src=x>in</iframe><noscript>ns</noscript><svg><title>t</title><text>svgtext</text></svg><template>tpl</template><p hidden>h1</p><p style='display: none'>h2</p><object>obj</object><p onclick='x()'>Останній абзац статті, який теж має достатню довжину, щоб його лишили.</p>";
    let got = page(&article("", extra));
    let all = got.value.blocks.iter().map(|b| b.text.as_str()).collect::<Vec<_>>().join("\n");
    for gone in ["evil", "p{}", "in\n", "ns", "svgtext", "tpl", "h1", "h2", "obj", "onclick"] {
        assert!(!all.contains(gone), "{gone}: {all}");
    }
    assert!(all.contains("Останній абзац") && codes(&got).contains(&"hidden-text"));
    assert_eq!(got.value.title.as_deref(), Some("Ремонт мосту"));
}

#[test]
fn encodings_are_found() {
    let html = article("", "").replace("<head>", "<head><meta charset=windows-1251>");
    let bytes = encoding_rs::WINDOWS_1251.encode(&html).0.into_owned();
    let got = read(&bytes.as_slice()).unwrap();
    assert_eq!((got.value.blocks[0].text.as_str(), codes(&got).contains(&"encoding-guessed")), (BODY, false));
    let bytes = encoding_rs::WINDOWS_1251.encode(&article("", "")).0.into_owned();
    let got = read(&bytes.as_slice()).unwrap();
    assert_eq!((got.value.blocks[0].text.as_str(), codes(&got).contains(&"encoding-guessed")), (BODY, true));
    let wide: Vec<u8> = [0xfeff].into_iter().chain(article("", "").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&wide.as_slice()).unwrap().value.blocks[0].text, BODY);
}

#[test]
fn short_and_broken_pages_still_give_text() {
    assert_eq!(texts("<p>one<p>two<br>three"), ["one", "two", "three"]);
    assert_eq!(texts("no markup at all"), ["no markup at all"]);
    assert_eq!(texts("<ul><li>a<li>b</ul><table><tr><td>c<td>d</table>"), ["a", "b", "c d"]);
    assert_eq!(texts("<div>a<b>b</div>c</b>"), ["ab", "c"]);
    assert_eq!(texts("<a href=x>a<div>b</a>c"), ["a", "bc"]);
    assert_eq!(texts("x < y & z &lt;b&gt; &nbsp; &#x26;"), ["x < y & z <b> &"]);
    assert_eq!(texts("<title>t</title><textarea>in</textarea>out"), ["out"]);
    assert!(codes(&page("<script>x</script>")).contains(&"no-text"));
    assert!(matches!(read(&b"".as_slice()), Err(FormatError::Empty)));
}

#[test]
fn hostile_structure_costs_linear_time() {
    let started = std::time::Instant::now();
    let n = 40_000;
    let bombs = [
        format!("{}{BODY}{}", "<div>".repeat(n), "</div>".repeat(n)),
        "<b class=x><p>".repeat(n),
        (0..n).map(|i| format!("<font size={i}><p>x")).collect(),
        "<a href=x>".repeat(n),
        "<table><tr><td>".repeat(n / 4),
        "<svg><p>".repeat(n),
        "<ul><li>".repeat(n),
        format!("<p {}>x", "a=1 ".repeat(n)),
        format!("<!--{}", "-".repeat(n)),
        "</p>".repeat(n),
        "&amp".repeat(n),
        "<p>x".repeat(n),
        format!("<script>{}", "<!--<script>".repeat(n)),
        "<select><option>".repeat(n),
        "<dl><dt><dd>".repeat(n),
    ];
    for bomb in &bombs {
        let _ = page(bomb);
        let _ = is_article(bomb.as_bytes());
    }
    assert!(codes(&page(&bombs[0])).contains(&"nested-too-deep"));
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}

#[test]
fn pages_and_articles_are_told_apart() {
    assert!(is_article(article("", "").as_bytes()));
    assert!(is_article(b"<meta property=og:type content=article>"));
    assert!(!is_article(b"<html><body><form>Search <input></form><a href=1>one</a> <a href=2>two</a></body></html>"));
}

#[test]
fn a_page_that_states_the_wrong_language_is_noticed() {
    let html = article("", "").replace("lang=\"uk\"", "lang=\"ru-RU\"");
    let got = page(&html);
    assert_eq!(got.value.language.as_str(), "uk");
    assert!(codes(&got).contains(&"language-differs"));
}
