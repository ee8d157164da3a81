//! Filling a load file from an extract. Numbers are given in the order of the exhibits: the original, then its
//! transcripts, then its translations.

use super::check::is_estimated;
use super::page::{PageId, PageSeries};
use super::table::{Confidentiality, DisclosureClass, Gap, Relation, Row, UNKNOWN};
use super::{GAPS, IMAGES, LIMITATIONS, LINES, NATIVE, SEAL_HEAD, TABLE, TEXT};
use crate::extract::{Exhibit, Extract};
use crate::gates::number;
use crate::layout::{CHECKPOINT, SEAL, SUMS, VKEY, extension};
use crate::report::{self, Shown};
use crate::safe::line;
use crate::sink::Sink;
use crate::words;
use crate::write::{Job, WriteError, Written};
use std::collections::BTreeMap;
use std::path::Path;
use zapys_domain::provenance::Sensitivity;
use zapys_domain::transcript::Translation;
use zapys_domain::{DerivativeKind, EngineIdentity, ItemId};
use zapys_ledger::{Entry, Signer, sign_note};

/// Writes everything but leaves `sink` open. Errors: [`WriteError`].
pub(crate) fn fill(job: &mut Job<'_>, sink: &mut Sink, path: &Path, signer: Option<&dyn Signer>) -> Result<Written, WriteError> {
    let extract = job.extract;
    let series = PageSeries::of(&extract.production.to_string());
    let mut file = LoadFile { extract, series, next: 1, rows: Vec::new(), gaps: Vec::new(), first: BTreeMap::new() };
    for at in 0..extract.exhibits.len() {
        file.exhibit(job, sink, at)?;
    }
    file.relate();
    for l in &extract.left_out {
        let subject = l.item.map_or_else(|| "selection".to_owned(), |i| i.to_string());
        file.gap(subject, &l.what, &l.reason);
    }
    job.refused()?;
    sink.put(TABLE, Row::table(&file.rows).to_string().as_bytes())?;
    sink.put(GAPS, Gap::table(&file.gaps).to_string().as_bytes())?;
    sink.put(LIMITATIONS, limitations(extract, &file.series).as_bytes())?;
    sink.put(CHECKPOINT, extract.ledger.checkpoint.as_bytes())?;
    sink.put(VKEY, format!("{}\n", extract.ledger.vkey).as_bytes())?;
    let sums: String = sink.written.iter().map(|(p, d)| format!("{}  {p}\n", d.sha256.hex())).collect();
    let digest = sink.put(SUMS, sums.as_bytes())?.sha256;
    if let Some(signer) = signer {
        let text = format!("{SEAL_HEAD}\n{}\nsha256:{}\n", extract.production, digest.hex());
        sink.put(SEAL, sign_note(&text, &[signer])?.to_string().as_bytes())?;
    }
    let (files, bytes) = (sink.written.len(), sink.written.values().map(|d| d.bytes).sum());
    Ok(Written { path: path.into(), exhibits: extract.exhibits.len(), manifest_sha256: digest, files, bytes })
}

struct LoadFile<'a> {
    extract: &'a Extract,
    series: PageSeries,
    /// Number of the next page.
    next: u32,
    rows: Vec<Row>,
    gaps: Vec<Gap>,
    /// First page of each exhibit's original.
    first: BTreeMap<ItemId, String>,
}

impl LoadFile<'_> {
    fn gap(&mut self, subject: impl Into<String>, what: &str, reason: &str) {
        self.gaps.push(Gap { subject: subject.into(), what: line(what), reason: line(reason) });
    }

    /// Takes the next `n` numbers. `None`, and a refusal: there are not so many.
    fn take(&mut self, n: u32, job: &mut Job<'_>) -> Option<(PageId, PageId)> {
        let first = PageId::new(&self.series, self.next);
        let last = first.as_ref().and_then(|f| f.plus(n.max(1) - 1));
        let (Some(first), Some(last)) = (first, last) else {
            let most = PageId::MAX;
            job.gates.refuse(
                "page-numbers",
                self.extract.production,
                format!("There are more than {most} pages; make several load files."),
            );
            return None;
        };
        self.next = last.number + 1;
        Some((first, last))
    }

    fn exhibit(&mut self, job: &mut Job<'_>, sink: &mut Sink, at: usize) -> Result<(), WriteError> {
        let e = &self.extract.exhibits[at];
        let (mut words, mut translations, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (shown, d)) in job.shown(e)?.into_iter().zip(&e.derivatives).enumerate() {
            match shown {
                Shown::Transcript(_) => words.push((place, shown)),
                Shown::Translation(_) => translations.push(shown),
                Shown::TooLong | Shown::Unreadable => {
                    let why = "It is too long to be written here as text, or in a form that cannot be; the bag of the same selection has it.";
                    self.gap(number(at).to_string(), words::derivative(d.kind), why);
                }
                _ => others.push(shown),
            }
        }
        let pages = pages(&others);
        let Some((first, last)) = self.take(pages, job) else { return Ok(()) };
        let id = first.to_string();
        let mut row = self.original(at, &others, &job.trails[at]);
        (row.first_page_id, row.last_page_id, row.pages) = (id.clone(), last.to_string(), pages.to_string());
        self.first.insert(e.item, id.clone());
        row.file = format!("{NATIVE}/{id}.{}", extension(&e.media_type));
        row.hash = e.object.to_string();
        job.object(sink, &row.file, &e.object, e.bytes)?;
        let light = e.derivatives.iter().find(|d| d.kind == DerivativeKind::Proxy && d.media_type.starts_with("image/"));
        if let Some(d) = light {
            row.image_file = format!("{IMAGES}/{id}.{}", extension(&d.media_type));
            row.image_hash = d.object.to_string();
            job.object(sink, &row.image_file, &d.object, d.bytes)?;
        }
        let read: Vec<String> = report::texts(number(at), e, &others).into_iter().map(|t| t.text).collect();
        if !read.is_empty() {
            row.text_file = format!("{TEXT}/{id}.txt");
            row.text_hash = format!("sha256:{}", sink.put(&row.text_file, read.join("\n").as_bytes())?.sha256.hex());
        }
        for (kind, why) in &e.not_derived {
            self.gap(id.as_str(), words::derivative(*kind), why);
        }
        self.rows.push(row.clone());
        let no = number(at);
        let mut heard = id.clone();
        let mut beside: Vec<Shown> = Vec::new();
        for (place, shown) in words {
            let Shown::Transcript(t) = &shown else { continue };
            let mut doc = Words::by_machine(Relation::TranscriptOf, &id, &t.value.engine, t.value.language.as_str());
            doc.text = report::machine_words(no, e, &t.value, None);
            let machines = self.words(job, sink, &row, doc)?;
            let mut of = machines.clone();
            if let Some((text, by)) = report::revised_words(no, e, place, &t.value) {
                let language = t.value.language.to_string();
                let remark = "As people left it, with the machine's words beside it wherever the two differ.";
                let doc = Words { relation: Relation::TranscriptOf, of: id.clone(), text, authors: by, language, remark };
                of = self.words(job, sink, &row, doc)?.or(of);
            }
            for (language, text, by) in report::words_by_people(no, e, place, &t.value) {
                let remark = "By people, each line beside the words that were translated.";
                let of = of.clone().unwrap_or_else(|| id.clone());
                let doc = Words { relation: Relation::TranslationOf, of, text, authors: by, language, remark };
                self.words(job, sink, &row, doc)?;
            }
            if beside.is_empty() {
                heard = machines.unwrap_or(heard);
                beside.push(shown);
            }
        }
        for shown in &translations {
            let Shown::Translation(t) = shown else { continue };
            let mut doc = Words::by_machine(Relation::TranslationOf, &heard, &t.value.engine, t.value.language.as_str());
            doc.text = match beside.first() {
                Some(Shown::Transcript(words)) => report::machine_words(no, e, &words.value, Some(&t.value)),
                // A translation whose transcript is not here: its words alone.
                _ => alone(&t.value),
            };
            self.words(job, sink, &row, doc)?;
        }
        Ok(())
    }

    /// A transcript or translation: a document of its own, with its number on every page. Gives its first number.
    fn words(&mut self, job: &mut Job<'_>, sink: &mut Sink, original: &Row, doc: Words) -> Result<Option<String>, WriteError> {
        let Words { relation, of, text, authors, language, remark } = doc;
        let lines: Vec<&str> = text.lines().collect();
        let sheets: Vec<&[&str]> = lines.chunks(LINES).collect();
        let n = u32::try_from(sheets.len().max(1)).unwrap_or(u32::MAX);
        let Some((first, last)) = self.take(n, job) else { return Ok(None) };
        let mut out = String::with_capacity(text.len() + sheets.len() * 32);
        for (i, sheet) in (0..n).zip(sheets.iter().copied().chain(std::iter::once(&[][..]).filter(|_| sheets.is_empty()))) {
            if i > 0 {
                out.push('\u{c}');
            }
            out.push_str(&first.plus(i).expect("taken above").to_string());
            out.push('\n');
            for l in sheet {
                // A form feed inside the words would look like the end of a page.
                out.push_str(&l.replace('\u{c}', " "));
                out.push('\n');
            }
        }
        let id = first.to_string();
        let what = if relation == Relation::TranscriptOf { "transcript" } else { "translation" };
        let file = format!("{TEXT}/{id}.txt");
        let hash = format!("sha256:{}", sink.put(&file, out.as_bytes())?.sha256.hex());
        self.rows.push(Row {
            first_page_id: id.clone(),
            last_page_id: last.to_string(),
            pages: n.to_string(),
            title: format!("{}: {what} ({language})", original.title),
            type_of_document: what.into(),
            authors,
            organisation: UNKNOWN.into(),
            languages: language,
            related_id: of,
            relation: relation.to_string(),
            file,
            file_type: "text/plain; charset=utf-8".into(),
            hash,
            duration: String::new(),
            image_file: String::new(),
            image_hash: String::new(),
            text_file: String::new(),
            text_hash: String::new(),
            remarks: remark.into(),
            ..original.clone()
        });
        Ok(Some(id))
    }

    /// The row of an original, without its number and files.
    fn original(&self, at: usize, shown: &[Shown], trail: &[Entry]) -> Row {
        let e = &self.extract.exhibits[at];
        let said = |pick: &dyn Fn(&zapys_domain::provenance::Provenance) -> Option<String>| -> String {
            let mut all: Vec<String> = e.acquisitions.iter().filter_map(|a| pick(&a.provenance)).map(|t| line(&t)).collect();
            all.dedup();
            if all.is_empty() { UNKNOWN.into() } else { all.join("; ") }
        };
        let read = shown.iter().find_map(|s| if let Shown::Text(t) = s { Some(&t.value) } else { None });
        let by = |v: Option<&String>| v.map_or(UNKNOWN.to_owned(), |t| line(t));
        let (date, which) = match (&e.recorded, &e.published) {
            (Some(d), _) => (Some(d), "recorded"),
            (None, Some(d)) => (Some(d), "published"),
            (None, None) => (None, ""),
        };
        let estimated = date.map_or(UNKNOWN, |d| if is_estimated(&d.value) { "yes" } else { "no" });
        let person = e.records.account.as_ref().and_then(|a| a.person.clone());
        let title = line(e.title.reveal());
        Row {
            title: if title.trim().is_empty() { UNKNOWN.into() } else { title },
            type_of_document: e.kind.to_string(),
            main_date: date.map_or(UNKNOWN.into(), |d| d.value.to_string()),
            main_date_estimated: estimated.into(),
            main_date_basis: date.map(|d| format!("{which}, {}", line(&d.basis))).unwrap_or_default(),
            authors: by(read.and_then(|r| r.byline.as_ref())),
            organisation: by(read.and_then(|r| r.publisher.as_ref())),
            recipients: UNKNOWN.into(),
            languages: e.language.to_string(),
            source: said(&|p| p.source.as_ref().or(p.origin.as_ref()).map(|s| s.reveal().clone())),
            date_collected: e.collected.as_ref().map_or(UNKNOWN.into(), |d| d.value.to_string()),
            collector: said(&|p| p.collected_by.as_ref().map(|s| s.reveal().clone())),
            custody: custody(trail),
            duration: e.duration_ms.map(duration).unwrap_or_default(),
            file_type: line(&e.media_type),
            confidentiality: confidentiality(e).to_string(),
            redaction: "none".into(),
            disclosure_class: DisclosureClass::NotClassified.to_string(),
            witness_code: person.map(|p| line(&p)).unwrap_or_default(),
            exhibit: number(at).to_string(),
            item: e.item.to_string(),
            remarks: if e.duration_ms.is_some() { "One number stands for the whole recording.".into() } else { String::new() },
            ..Row::default()
        }
    }

    /// Fills in what belongs to what, once every document has its number.
    fn relate(&mut self) {
        let extract = self.extract;
        for e in &extract.exhibits {
            let (Some(parent), Some(id)) = (&e.parent, self.first.get(&e.item).cloned()) else { continue };
            let relation = if parent.span_ms.is_some() { Relation::ExcerptOf } else { Relation::PartOf };
            let here = self.first.get(&parent.item).cloned();
            let related = match (&here, parent.object) {
                (Some(first), _) => first.clone(),
                (None, Some(object)) => {
                    self.gap(
                        object.to_string(),
                        "the whole of a part that is here",
                        "It is not in this selection; the digest names it.",
                    );
                    object.to_string()
                }
                // The gate for excerpts lets nothing else through.
                (None, None) => continue,
            };
            let Some(at) = self.rows.iter().position(|r| r.first_page_id == id) else { continue };
            (self.rows[at].related_id, self.rows[at].relation) = (related, relation.to_string());
            if let Some((from, to)) = parent.span_ms {
                let span = format!("From {} to {} of the whole.", words::clock(from), words::clock(to));
                self.rows[at].remarks = format!("{span} {}", self.rows[at].remarks).trim_end().to_owned();
            }
            if let (Relation::PartOf, Some(host)) = (relation, here) {
                if let Some(h) = self.rows.iter_mut().find(|r| r.first_page_id == host) {
                    let list = &mut h.attachment_ids;
                    *list = if list.is_empty() { id.clone() } else { format!("{list}; {id}") };
                }
                self.rows[at].host_id = host;
            }
        }
        // What has no number of its own inherits nothing from its original's relations.
        self.gaps.sort_by(|a, b| (&a.subject, &a.what, &a.reason).cmp(&(&b.subject, &b.what, &b.reason)));
        self.gaps.dedup();
    }
}

/// Pages of an original as far as its text derivative tells; 1 where nothing does.
fn pages(shown: &[Shown]) -> u32 {
    let counted = shown.iter().filter_map(|s| match s {
        Shown::Text(t) => {
            let named = t.value.blocks.iter().filter_map(|b| b.page).max().unwrap_or(0);
            let sized = u32::try_from(t.value.pages.len()).unwrap_or(u32::MAX);
            Some(named.max(sized))
        }
        _ => None,
    });
    // A page number that no file has is a mistake of the reader, not a reason to number it.
    counted.max().filter(|n| *n <= 100_000).unwrap_or(1).max(1)
}

/// A document of words: a transcript or a translation.
struct Words {
    relation: Relation,
    /// First number of what it is of.
    of: String,
    text: String,
    authors: String,
    language: String,
    remark: &'static str,
}
impl Words {
    /// Of that machine, still without its text.
    fn by_machine(relation: Relation, of: &str, engine: &EngineIdentity, language: &str) -> Self {
        let model = engine.model.as_ref().map(|m| format!(", model {}", line(m))).unwrap_or_default();
        let authors = format!("machine: {} {}{model}", line(&engine.name), line(&engine.version));
        let remark = "Machine output that nobody has reviewed.";
        Self { relation, of: of.into(), text: String::new(), authors, language: language.into(), remark }
    }
}

fn alone(t: &Translation) -> String {
    let mut out = String::from("Machine, unreviewed. The transcript is not here.\n");
    for s in &t.segments {
        out.push_str(&line(&s.text));
        out.push('\n');
    }
    out
}

fn custody(trail: &[Entry]) -> String {
    let all: Vec<String> =
        trail.iter().map(|t| format!("{} {} {} {}", t.seq, t.event.action, t.event.time, t.event.actor.id)).collect();
    if all.is_empty() { UNKNOWN.into() } else { all.join("; ") }
}

fn duration(ms: u64) -> String {
    format!("{}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

/// The strictest of what was said about it; confidential where nobody has said.
fn confidentiality(e: &Exhibit) -> Confidentiality {
    let said = e.acquisitions.iter().filter_map(|a| a.provenance.sensitivity);
    let family = e.records.family.as_ref().and_then(|f| Sensitivity::parse(&f.protection));
    match said.chain(family).max() {
        Some(Sensitivity::Public) => Confidentiality::Public,
        Some(Sensitivity::Sealed) => Confidentiality::UnderSeal,
        Some(Sensitivity::Internal | Sensitivity::Protected) | None => Confidentiality::Confidential,
    }
}

fn limitations(x: &Extract, series: &PageSeries) -> String {
    let mut out = format!("Load file of production {}\n\n", x.production);
    let mut say = |text: &str| {
        out.push_str("- ");
        out.push_str(&line(text));
        out.push('\n');
    };
    say("This is an ICC-style load file. Its list of fields has not been compared with the text of the e-court protocol.");
    say(&format!(
        "Page numbers {series}-... belong to this production: a load file of another selection, or of a later state, has another series."
    ));
    say("Sound and moving pictures have one page number each. Documents have as many as their reader found pages, at least one.");
    say(
        "Transcripts, translations and extracted texts are machine output that nobody has reviewed, unless their authors are people.",
    );
    say("Confidentiality is `confidential` where nobody has said anything; no disclosure class has been decided.");
    say("Custody is listed by entry of the ledger. The proofs are in the bag of the same selection, not here.");
    say("Stream facts, waveforms and light copies of sound are in the bag of the same selection, not here.");
    if x.ledger.stamps.is_empty() {
        say("The ledger's head is not stamped by a time authority.");
    }
    x.limitations.iter().for_each(|l| say(l));
    out
}
