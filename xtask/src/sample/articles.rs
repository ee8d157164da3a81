//! Three reports of one thing: an origin, an edited copy, and a machine-translated copy that lost a negation.

use serde_json::{Value, json};
use std::path::Path;

const QUOTE_UK: &str = "Ми не вивозили фонди, ми лише перенесли ящики до іншої будівлі";
const QUOTE_EN_GARBLED: &str = "We took the funds out, we only moved the drawers into another building";

/// Writes the pages. Returns what is true of them.
pub fn write(dir: &Path) -> Result<Value, String> {
    let mut truth = serde_json::Map::new();
    for (name, page, more) in pages() {
        std::fs::write(dir.join(name), page.html()).map_err(|e| format!("{name} cannot be written: {e}."))?;
        let mut told = page.truth();
        if let (Some(told), Value::Object(more)) = (told.as_object_mut(), more) {
            told.extend(more);
        }
        truth.insert(format!("articles/{name}"), told);
    }
    Ok(truth.into())
}

/// Name of the file, what stands in it, what is true of it beside that.
fn pages() -> [(&'static str, Page, Value); 3] {
    [
        (
            "origin.html",
            Page {
                lang: "uk",
                locale: "uk_UA",
                site: "Синьопільський вісник",
                title: "Музей пояснив, куди поділися ящики",
                address: "https://visnyk.example/news/muzei-yashchyky",
                published: "2022-03-12T18:40:00+02:00",
                modified: None,
                byline: "Олена Кривець",
                menu: &["Головна", "Новини", "Культура", "Контакти"],
                share: "Поділитися",
                related: ("Читайте також", &["Дорогу до Тихої Балки відкриють у квітні", "Бібліотека шукає старі світлини міста"]),
                advert: "Реклама: вікна та двері за пів ціни. Телефонуйте сьогодні.",
                paragraphs: vec![
                    "У Синьопільському краєзнавчому музеї пояснили, чому з першого поверху зникли ящики з описаними предметами.".into(),
                    format!("«{QUOTE_UK}», — сказала директорка музею Ганна Лозова в суботу."),
                    "За її словами, у старій будівлі протікав дах, і вода могла пошкодити кераміку. Опис ящиків складали двоє працівників.".into(),
                    "Вантажівку біля подвір’я бачили сусіди. Вони розповіли, що ящики виносили ввечері, без поспіху.".into(),
                    "Міська рада поки що не відповіла на запит редакції.".into(),
                ],
                comments: "Коментарі закрито для незареєстрованих читачів.",
                footer: "Усі права застережено. Передрук лише з посиланням.",
            },
            json!({"relation": "origin", "quote": QUOTE_UK, "speaker": "Ганна Лозова", "verb": "сказала"}),
        ),
        (
            "copy.html",
            Page {
                lang: "uk",
                locale: "uk_UA",
                site: "Новини краю",
                title: "Ящики з музею: директорка відповіла на чутки",
                address: "https://kray.example/2022/03/13/yashchyky",
                published: "2022-03-13T09:05:00+02:00",
                modified: Some("2022-03-13T11:30:00+02:00"),
                byline: "редакція",
                menu: &["Стрічка", "Край", "Думки"],
                share: "Надіслати другові",
                related: ("Ще за темою", &["Що відомо про ремонт даху", "Погода на тиждень"]),
                advert: "Передплатіть наш канал і не пропустіть головного.",
                paragraphs: vec![
                    "Із першого поверху музею в Синьопіллі зникли ящики з описаними предметами — тепер відомо чому.".into(),
                    format!("«{QUOTE_UK}», — цитує директорку Ганну Лозову <a href=\"https://visnyk.example/news/muzei-yashchyky\">«Синьопільський вісник»</a>."),
                    "У старій будівлі протікав дах, тож вода загрожувала кераміці. Опис робили двоє.".into(),
                    "Сусіди бачили вантажівку й кажуть, що ящики виносили ввечері.".into(),
                ],
                comments: "3 коментарі. Увійдіть, щоб відповісти.",
                footer: "© Новини краю",
            },
            json!({"relation": "edited", "of": "articles/origin.html", "quote": QUOTE_UK, "speaker": "Ганну Лозову", "verb": "цитує"}),
        ),
        (
            "translated.html",
            Page {
                lang: "en",
                locale: "en_GB",
                site: "Region Today",
                title: "The museum explained where the drawers went",
                address: "https://region-today.example/museum-drawers",
                published: "2022-03-14T07:10:00Z",
                modified: None,
                byline: "Staff writer",
                menu: &["Home", "World", "Sport", "Weather"],
                share: "Share this story",
                related: ("You may also like", &["Ten rooms that changed with one lamp", "The river is rising again"]),
                advert: "Advertisement: compare mattress prices in your town.",
                paragraphs: vec![
                    "In the Synopillia local lore museum they explained why boxes with the described objects disappeared from the first floor.".into(),
                    format!("“{QUOTE_EN_GARBLED},” said museum director Hanna Lozova on Saturday."),
                    "According to her, the roof in the old building leaked, and water could damage the ceramics. The description of the boxes was made by two workers.".into(),
                    "A truck near the yard was seen by neighbors. They told that the boxes were carried out in the evening, without hurry.".into(),
                    "The city council has not yet answered the request of the editors.".into(),
                ],
                comments: "Be the first to comment.",
                footer: "Automatically translated content. No liability.",
            },
            json!({"relation": "translated", "of": "articles/origin.html", "quote": QUOTE_EN_GARBLED, "speaker": "Hanna Lozova", "verb": "said", "lost": "не", "changed": [["ящики", "drawers"]]}),
        ),
    ]
}

/// What a page holds: its own words, and what stands around them on a real page.
struct Page {
    lang: &'static str,
    locale: &'static str,
    site: &'static str,
    title: &'static str,
    address: &'static str,
    published: &'static str,
    modified: Option<&'static str>,
    byline: &'static str,
    menu: &'static [&'static str],
    share: &'static str,
    related: (&'static str, &'static [&'static str]),
    advert: &'static str,
    paragraphs: Vec<String>,
    comments: &'static str,
    footer: &'static str,
}

const STYLE: &str = "body{font:17px/1.55 Georgia,serif;margin:0 auto;max-width:46rem}nav li{display:inline;margin-right:1em}.advert{background:#eee;padding:1em}";

impl Page {
    fn html(&self) -> String {
        let Page { lang, locale, site, title, address, published, byline, share, advert, comments, footer, .. } = self;
        let modified =
            self.modified.map(|m| format!("  <meta property=\"article:modified_time\" content=\"{m}\">\n")).unwrap_or_default();
        let list = |names: &[&str]| -> String { names.iter().map(|n| format!("<li><a href=\"#\">{n}</a></li>")).collect() };
        let (menu, related, about) = (list(self.menu), list(self.related.1), self.related.0);
        let words: String = self.paragraphs.iter().map(|t| format!("        <p>{t}</p>\n")).collect();
        let lead = &self.paragraphs[0];
        let data = json!({
            "@context": "https://schema.org", "@type": "NewsArticle", "headline": title, "mainEntityOfPage": address, "inLanguage": lang,
            "author": {"@type": "Person", "name": byline}, "publisher": {"@type": "Organization", "name": site},
            "datePublished": published, "dateModified": self.modified.unwrap_or(published),
        });
        format!(
            r##"<!DOCTYPE html>
<html lang="{lang}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title} | {site}</title>
  <link rel="canonical" href="{address}">
  <meta name="author" content="{byline}">
  <meta name="description" content="{lead}">
  <meta property="og:type" content="article">
  <meta property="og:title" content="{title}">
  <meta property="og:description" content="{lead}">
  <meta property="og:url" content="{address}">
  <meta property="og:site_name" content="{site}">
  <meta property="og:locale" content="{locale}">
  <meta property="article:published_time" content="{published}">
{modified}  <script type="application/ld+json">{data}</script>
  <style>{STYLE}</style>
</head>
<body>
  <header class="site-header"><div class="logo"><a href="/">{site}</a></div><nav aria-label="menu"><ul>{menu}</ul></nav></header>
  <div class="cookie-banner" role="dialog"><button>OK</button></div>
  <main>
    <article>
      <h1>{title}</h1>
      <p class="byline"><span class="author">{byline}</span> <time datetime="{published}">{published}</time></p>
      <div class="article-body">
{words}      </div>
      <div class="share"><button>{share}</button></div>
    </article>
    <aside class="advert">{advert}</aside>
    <section class="related"><h2>{about}</h2><ul>{related}</ul></section>
    <section class="comments"><p>{comments}</p></section>
  </main>
  <footer><p>{footer}</p></footer>
  <script>window.stat = window.stat || []; stat.push("view");</script>
</body>
</html>
"##
        )
    }

    /// What a reader of the page must find, and what it must leave out.
    fn truth(&self) -> Value {
        let plain = |t: &String| -> String {
            // Marks go, words stay.
            let mut inside = false;
            t.chars()
                .filter(|c| {
                    inside = *c == '<' || inside && *c != '>';
                    !inside && *c != '>'
                })
                .collect()
        };
        let around: Vec<&str> =
            [self.share, self.advert, self.comments, self.footer].into_iter().chain(self.related.1.iter().copied()).collect();
        json!({
            "language": self.lang, "title": self.title, "byline": self.byline, "publisher": self.site, "address": self.address,
            "published": self.published, "modified": self.modified,
            "paragraphs": self.paragraphs.iter().map(plain).collect::<Vec<_>>(), "around": around,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_tells_the_words_without_their_marks() {
        let pages = pages();
        for (name, page, more) in &pages {
            let truth = page.truth();
            let words = truth["paragraphs"].to_string();
            assert!(!words.contains('<') && !words.contains("href"), "{name}");
            assert!(
                words.contains(more["quote"].as_str().unwrap()) && words.contains(more["speaker"].as_str().unwrap()),
                "{name}"
            );
            assert!(page.html().contains(page.footer), "{name}");
        }
        assert!(pages[1].1.truth()["paragraphs"][1].as_str().unwrap().ends_with("Лозову «Синьопільський вісник»."));
    }
}
