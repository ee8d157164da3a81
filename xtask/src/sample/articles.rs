//! Three reports of one thing: an origin, an edited copy, and a machine-translated copy that lost a negation.

use serde_json::{Value, json};
use std::path::Path;

const QUOTE_UK: &str = "Ми не вивозили фонди, ми лише перенесли ящики до іншої будівлі";
const QUOTE_EN_GARBLED: &str = "We took the funds out, we only moved the drawers into another building";

/// Writes the pages. Returns what is true of them.
pub fn write(dir: &Path) -> Result<Value, String> {
    let put = |name: &str, text: String| std::fs::write(dir.join(name), text).map_err(|e| format!("{name}: {e}"));
    put(
        "origin.html",
        page(&Page {
            lang: "uk",
            site: "Синьопільський вісник",
            title: "Музей пояснив, куди поділися ящики",
            address: "https://visnyk.example/news/muzei-yashchyky",
            published: "2022-03-12T18:40:00+02:00",
            modified: None,
            byline: "Олена Кривець",
            menu: &["Головна", "Новини", "Культура", "Контакти"],
            advert: "Реклама: вікна та двері за пів ціни. Телефонуйте сьогодні.",
            paragraphs: &[
                "У Синьопільському краєзнавчому музеї пояснили, чому з першого поверху зникли ящики з описаними предметами.".into(),
                format!("«{QUOTE_UK}», — сказала директорка музею Ганна Лозова в суботу."),
                "За її словами, у старій будівлі протікав дах, і вода могла пошкодити кераміку. Опис ящиків складали двоє працівників.".into(),
                "Вантажівку біля подвір’я бачили сусіди. Вони розповіли, що ящики виносили ввечері, без поспіху.".into(),
                "Міська рада поки що не відповіла на запит редакції.".into(),
            ],
            footer: "Усі права застережено. Передрук лише з посиланням.",
        }),
    )?;
    put(
        "copy.html",
        page(&Page {
            lang: "uk",
            site: "Новини краю",
            title: "Ящики з музею: директорка відповіла на чутки",
            address: "https://kray.example/2022/03/13/yashchyky",
            published: "2022-03-13T09:05:00+02:00",
            modified: Some("2022-03-13T11:30:00+02:00"),
            byline: "редакція",
            menu: &["Стрічка", "Край", "Думки"],
            advert: "Передплатіть наш канал і не пропустіть головного.",
            paragraphs: &[
                "Із першого поверху музею в Синьопіллі зникли ящики з описаними предметами — тепер відомо чому.".into(),
                format!("«{QUOTE_UK}», — цитує директорку Ганну Лозову <a href=\"https://visnyk.example/news/muzei-yashchyky\">«Синьопільський вісник»</a>."),
                "У старій будівлі протікав дах, тож вода загрожувала кераміці. Опис робили двоє.".into(),
                "Сусіди бачили вантажівку й кажуть, що ящики виносили ввечері.".into(),
            ],
            footer: "© Новини краю",
        }),
    )?;
    put(
        "translated.html",
        page(&Page {
            lang: "en",
            site: "Region Today",
            title: "The museum explained where the drawers went",
            address: "https://region-today.example/museum-drawers",
            published: "2022-03-14T07:10:00Z",
            modified: None,
            byline: "Staff writer",
            menu: &["Home", "World", "Sport", "Weather"],
            advert: "Advertisement: compare mattress prices in your town.",
            paragraphs: &[
                "In the Synopillia local lore museum they explained why boxes with the described objects disappeared from the first floor.".into(),
                format!("“{QUOTE_EN_GARBLED},” said museum director Hanna Lozova on Saturday."),
                "According to her, the roof in the old building leaked, and water could damage the ceramics. The description of the boxes was made by two workers.".into(),
                "A truck near the yard was seen by neighbors. They told that the boxes were carried out in the evening, without hurry.".into(),
                "The city council has not yet answered the request of the editors.".into(),
            ],
            footer: "Automatically translated content. No liability.",
        }),
    )?;
    Ok(json!({
        "articles/origin.html": {"relation": "origin", "language": "uk", "title": "Музей пояснив, куди поділися ящики", "byline": "Олена Кривець", "published": "2022-03-12T18:40:00+02:00", "quote": QUOTE_UK, "speaker": "Ганна Лозова"},
        "articles/copy.html": {"relation": "edited", "of": "articles/origin.html", "language": "uk", "quote": QUOTE_UK},
        "articles/translated.html": {"relation": "translated", "of": "articles/origin.html", "language": "en", "quote": QUOTE_EN_GARBLED, "lost": "не"},
    }))
}

struct Page<'a> {
    lang: &'a str,
    site: &'a str,
    title: &'a str,
    address: &'a str,
    published: &'a str,
    modified: Option<&'a str>,
    byline: &'a str,
    menu: &'a [&'a str],
    advert: &'a str,
    paragraphs: &'a [String],
    footer: &'a str,
}

fn page(p: &Page<'_>) -> String {
    let Page { lang, site, title, address, published, byline, advert, footer, .. } = p;
    let menu: String = p.menu.iter().map(|m| format!("<li><a href=\"/{m}\">{m}</a></li>")).collect();
    let body: String = p.paragraphs.iter().map(|t| format!("      <p>{t}</p>\n")).collect();
    let modified = p.modified.map(|m| format!("  <meta property=\"article:modified_time\" content=\"{m}\">\n")).unwrap_or_default();
    let data = json!({"@context": "https://schema.org", "@type": "NewsArticle", "headline": title, "author": {"@type": "Person", "name": byline}, "publisher": {"@type": "Organization", "name": site}, "datePublished": published, "inLanguage": lang});
    format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\">\n<head>\n  <meta charset=\"utf-8\">\n  <title>{title} | {site}</title>\n  <link rel=\"canonical\" href=\"{address}\">\n  <meta name=\"author\" content=\"{byline}\">\n  <meta property=\"og:type\" content=\"article\">\n  <meta property=\"og:title\" content=\"{title}\">\n  <meta property=\"og:site_name\" content=\"{site}\">\n  <meta property=\"article:published_time\" content=\"{published}\">\n{modified}  <script type=\"application/ld+json\">{data}</script>\n  <style>nav li {{ display: inline }}</style>\n</head>\n<body>\n  <header><div class=\"logo\">{site}</div><nav><ul>{menu}</ul></nav></header>\n  <div class=\"cookie-banner\">🍪 <button>OK</button></div>\n  <main>\n    <article>\n      <h1>{title}</h1>\n      <p class=\"byline\"><span class=\"author\">{byline}</span> <time datetime=\"{published}\">{published}</time></p>\n{body}    </article>\n    <aside class=\"advert\">{advert}</aside>\n  </main>\n  <footer>{footer}</footer>\n  <script>window.stat = window.stat || []; stat.push(\"view\");</script>\n</body>\n</html>\n"
    )
}
