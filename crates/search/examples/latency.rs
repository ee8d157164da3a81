//! How long a question takes: `cargo run --release --example latency [PASSAGES] [FOLDER] [sealed]` prints one JSON object.
//!
//! Passages are sentences put together from a small vocabulary with a long tail, so some words stand nearly everywhere.
//! Times depend on the machine: compare runs, not numbers.

use std::time::Instant;
use zapys_domain::passage::{Layer, Passage};
use zapys_domain::{ItemId, ItemKind, Lang};
use zapys_keys::Secret;
use zapys_search::{Index, Lexicon, Query};

const WORDS: &[&str] = &[
    "і",
    "в",
    "на",
    "не",
    "що",
    "это",
    "там",
    "був",
    "были",
    "казали",
    "ящик",
    "ящики",
    "ящиків",
    "музей",
    "музею",
    "будівлі",
    "опись",
    "человек",
    "люди",
    "Києва",
    "Киеве",
    "Ізюмі",
    "розстріляли",
    "расстрел",
    "дорога",
    "дорогами",
    "потяг",
    "поезд",
    "вікно",
    "окна",
    "стояла",
    "їхали",
    "говорил",
    "школа",
    "школі",
    "підвал",
    "подвала",
    "склад",
    "складу",
    "груз",
    "200",
    "машина",
    "машини",
    "вечір",
    "утром",
    "знову",
    "снова",
    "чекали",
    "ждали",
    "телефон",
    "дзвінок",
    "звонок",
    "вода",
    "хліб",
    "хлеба",
    "місто",
    "города",
    "річка",
    "мосту",
    "мост",
    "ліс",
    "поле",
];
const QUERIES: &[&str] = &[
    "і",
    "ящик",
    "ящиків музею",
    "розстріл",
    "расстрел подвал",
    "\"ящики музею\"",
    "Изюм",
    "груз 200",
    "доро*",
    "ящик -музей",
    "люди казали в школі",
    "слово123",
    "номер77",
    "телефон дзвінок вода",
    "мост річка поле",
];

struct Numbers(u64);
impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let n: usize = arguments.next().map_or(Ok(100_000), |n| n.parse())?;
    let folder = arguments.next();
    let key = arguments.next().map(|_| Secret::from_bytes([7; 32]));

    let begun = Instant::now();
    let lexicon = Lexicon::bundled()?;
    let load_ms = begun.elapsed().as_secs_f64() * 1e3;
    let index = match &folder {
        Some(dir) => Index::create_anew(dir.as_ref(), lexicon, key.as_ref())?,
        None => Index::in_memory(lexicon)?,
    };

    let begun = Instant::now();
    let mut numbers = Numbers(1);
    let mut feed = index.feed()?;
    const PER_ITEM: usize = 100;
    for i in 0..n / PER_ITEM {
        let item = ItemId::new(ulid::Ulid::from_parts(1_700_000_000_000 + i as u64, i as u128));
        let passages: Vec<Passage> = (0..PER_ITEM)
            .map(|s| {
                let len = 6 + numbers.below(20);
                let mut text = String::new();
                for _ in 0..len {
                    // The smaller of two numbers makes the first words common; one word in ten is rare.
                    match numbers.below(10) {
                        0 => text.push_str(&format!("слово{} ", numbers.below(20_000))),
                        1 => text.push_str(&format!("номер{} ", numbers.below(200))),
                        _ => {
                            let pick = numbers.below(WORDS.len()).min(numbers.below(WORDS.len()));
                            text.push_str(WORDS[pick]);
                            text.push(' ');
                        }
                    }
                }
                Passage {
                    item,
                    kind: ItemKind::Recording,
                    layer: Layer::Said,
                    segment: format!("s{s}"),
                    start_ms: Some(s as u64 * 4000),
                    language: Lang::und(),
                    text,
                    translation: None,
                    revision: None,
                }
            })
            .collect();
        feed.replace(item, Layer::Said, &passages)?;
    }
    feed.commit(n as u64)?;
    feed.finish()?;
    let feed_s = begun.elapsed().as_secs_f64();

    // As after a start: opened, checked, asked for the first time.
    let (index, open_ms) = match &folder {
        Some(dir) => {
            drop(index);
            let lexicon = Lexicon::bundled()?;
            let begun = Instant::now();
            let index = Index::open_or_create(dir.as_ref(), lexicon, key.as_ref())?.index;
            (index, begun.elapsed().as_secs_f64() * 1e3)
        }
        None => (index, 0.0),
    };
    let begun = Instant::now();
    index.search(&Query::new("ящиків музею"))?;
    let first_ms = begun.elapsed().as_secs_f64() * 1e3;

    let mut lines = Vec::new();
    let mut all = Vec::new();
    for query in QUERIES {
        let mut times = Vec::new();
        let mut total = 0;
        for _ in 0..11 {
            let begun = Instant::now();
            total = index.search(&Query::new(*query))?.total;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        all.push(times[5]);
        lines.push(serde_json::json!({ "query": query, "total": total, "best_ms": times[0], "median_ms": times[5], "worst_ms": times[10] }));
    }
    all.sort_by(f64::total_cmp);
    let bytes: Option<u64> = folder.map(|dir| {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
    });
    let answer = serde_json::json!({
        "passages": index.n_passages()?, "lexicon_load_ms": load_ms, "feed_s": feed_s, "index_bytes": bytes, "open_ms": open_ms, "first_ms": first_ms,
        "median_ms": all[all.len() / 2], "slowest_median_ms": all.last(), "queries": lines,
    });
    println!("{answer}");
    Ok(())
}
