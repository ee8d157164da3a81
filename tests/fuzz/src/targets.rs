//! What is fuzzed. Every target takes any bytes, must neither fall over nor grow without bound, and checks what always holds.
//!
//! `make fuzz` runs them under libFuzzer; the tests of `zapys-tests` run the seeds and some thousand changed ones of each.
//! A new reader gets a function here, a line in [`TARGETS`], and seeds in `tests/fuzz/corpus/NAME`.

use std::ops::ControlFlow;
use std::sync::OnceLock;
use zapys_formats::Limits;

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("recognise", recognise),
    ("telegram", telegram),
    ("html", html),
    ("calls", calls),
    ("text", text),
    ("transcripts", transcripts),
    ("picture", picture),
    ("archive", archive),
    ("words", words),
    ("event", event),
    ("note", note),
    ("stamp", stamp),
    ("export", export),
    ("frame", frame),
    ("query", query),
    ("probe", probe),
    ("keys", keys),
    ("inventory", inventory),
    ("table", table),
    ("warc", warc),
    ("index", index),
    ("wacz", wacz),
    ("heard", heard),
    ("translated", translated),
];

/// Whatever a translation server answers about some lines, what comes of it are texts for those lines.
fn translated(bytes: &[u8]) {
    const LINES: usize = 20;
    for (n, text) in zapys_engines::translate::lines_of_answer(bytes, LINES).into_iter().flatten() {
        assert!((1..=LINES).contains(&n) && !text.trim().is_empty() && !text.contains('\n'));
    }
}

/// Whatever a speech server answers about a window, segments and words lie inside it, in order.
fn heard(bytes: &[u8]) {
    const SECONDS: u64 = 20;
    for s in zapys_engines::speech::segments_of_answer(bytes, SECONDS * 16_000).into_iter().flatten() {
        assert!(s.start_ms <= s.end_ms && s.end_ms <= SECONDS * 1000);
        assert!((0.0..=1.0).contains(&s.confidence) && !s.text.is_empty());
        assert!(s.words.iter().all(|w| w.start_ms <= w.end_ms && (0.0..=1.0).contains(&w.confidence)));
        assert!(s.words.windows(2).all(|w| w[0].end_ms <= w[1].start_ms));
    }
}

/// Any bytes are recognised as something, under any name.
fn recognise(bytes: &[u8]) {
    let _ = zapys_formats::examine(&bytes, None);
    for name in ["call.gsm", "call.wav", "table.csv", "page.html"] {
        let _ = zapys_formats::recognise(&bytes, Some(name));
    }
}

fn telegram(bytes: &[u8]) {
    let _ = zapys_formats::telegram::read(&bytes);
}

fn html(bytes: &[u8]) {
    let _ = zapys_formats::html::read(&bytes);
}

fn calls(bytes: &[u8]) {
    let _ = zapys_formats::calls::read(&bytes);
}

/// Quotations point at what they quote.
fn text(bytes: &[u8]) {
    if let Ok(read) = zapys_formats::text_file::read(&bytes) {
        let joined: Vec<char> =
            read.value.blocks.iter().map(|b| b.text.as_str()).collect::<Vec<_>>().join("\n").chars().collect();
        for quote in &read.value.quotes {
            assert_eq!(joined[quote.start..quote.end].iter().collect::<String>(), quote.text);
        }
    }
}

/// A word processor's package with that document, and half of the time with a table of ours around it.
fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let row = |cells: &[u8]| [b"<w:tr>", cells, b"</w:tr>"].concat();
    let head: Vec<u8> = ["Segment", "From", "To", "Speaker", "Words"]
        .iter()
        .flat_map(|c| format!("<w:tc><w:p><w:t>{c}</w:t></w:p></w:tc>").into_bytes())
        .collect();
    let document = match bytes.split_first() {
        Some((n, rest)) if n % 2 == 0 => {
            [b"<w:document><w:body><w:tbl>", &row(&head)[..], &row(rest)[..], b"</w:tbl></w:body></w:document>"].concat()
        }
        _ => bytes.to_vec(),
    };
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let written = zip.start_file("word/document.xml", stored).map_err(drop).and_then(|()| zip.write_all(&document).map_err(drop));
    written.and_then(|()| zip.finish().map_err(drop)).map(std::io::Cursor::into_inner).unwrap_or_default()
}

/// A transcript that somebody wrote lies over another as a layer that holds, and read again changes nothing more.
fn transcripts(bytes: &[u8]) {
    use zapys_domain::revision::{Manner, Revision, Said, changes};
    use zapys_domain::transcript::{Transcript, TranscriptForm};
    let Some((which, bytes)) = bytes.split_first() else { return };
    let form = TranscriptForm::ALL[usize::from(*which) % TranscriptForm::ALL.len()];
    // Random bytes are no package: for a word processor they are the document in one.
    let packed = if form == TranscriptForm::Docx { packed(bytes) } else { bytes.to_vec() };
    let Ok(said) = zapys_formats::transcripts::read(form, &packed, &["A".into()]) else { return };
    let segment = |n: u64| {
        serde_json::json!({"id": format!("s{n}"), "start_ms": n * 1000, "end_ms": n * 1000 + 900, "speaker": "A", "channel": null,
            "language": "uk", "text": "раз два", "confidence": 0.5, "flags": [], "words": []})
    };
    let below = serde_json::json!({"language": "uk", "duration_ms": 10_000, "parameters": null, "speakers": [],
        "engine": {"name": "e", "version": "1", "model": null, "model_sha256": null, "binary_sha256": null},
        "segments": (0..9).map(segment).collect::<Vec<_>>()});
    let below: Transcript = serde_json::from_value(below).expect("a transcript");
    let found = changes(&below, &said, 1);
    let base = zapys_domain::ObjectId::of(b"");
    let layer = Revision {
        base,
        over: None,
        manner: Manner::Correction,
        whole: false,
        unseen: false,
        reason: None,
        read_from: None,
        changes: found,
    };
    if layer.amiss(&below).is_none() {
        let now = layer.apply(&below);
        let again = |s: &zapys_domain::transcript::Segment| Said {
            id: Some(s.id.clone()),
            start_ms: s.start_ms,
            end_ms: Some(s.end_ms),
            speaker: s.speaker.clone(),
            language: Some(s.language.clone()),
            text: s.text.clone(),
            ..Said::default()
        };
        assert_eq!(changes(&now, &now.segments.iter().map(again).collect::<Vec<_>>(), 0), []);
    }
}

fn picture(bytes: &[u8]) {
    let _ = zapys_formats::picture::read(&bytes);
}

/// Containers give their members within the limits, whatever they claim, under names that lead nowhere else.
fn archive(bytes: &[u8]) {
    let limits = Limits { max_members: 1000, max_member_bytes: 1 << 22, max_total_bytes: 1 << 23, ..Limits::default() };
    for format in ["zip", "tar", "tar-gz", "gzip"] {
        let mut total = 0;
        let _ = zapys_formats::members(&bytes, format, limits, &mut |member, body| {
            assert!(!member.name.reveal().starts_with('/') && !member.name.reveal().split('/').any(|p| p == ".."));
            let mut buf = [0; 8192];
            while let Ok(n @ 1..) = body.read(&mut buf) {
                total += n as u64;
            }
            ControlFlow::Continue(())
        });
        assert!(total <= limits.max_total_bytes);
    }
}

/// The words of the field: what can be read can be written and read again as the same.
fn words(bytes: &[u8]) {
    use zapys_domain::{Actor, DerivationKey, Instant, ItemId, Lang, Locator, ObjectId, edtf::Edtf};
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(date) = Edtf::parse(text) {
        assert_eq!(Edtf::parse(&date.to_string()), Some(date));
    }
    if let Some(tag) = Lang::parse(text) {
        assert_eq!(Lang::parse(&tag.to_string()), Some(tag));
    }
    if let Some(at) = Instant::parse(text) {
        assert_eq!(Instant::parse(&at.to_string()), Some(at));
    }
    if let Ok(object) = text.parse::<ObjectId>() {
        assert_eq!(object.to_string().parse::<ObjectId>().ok(), Some(object));
    }
    if let Ok(item) = text.parse::<ItemId>() {
        assert_eq!(item.to_string().parse::<ItemId>().ok(), Some(item));
    }
    let _ = (Actor::parse(text), DerivationKey::parse(text), serde_json::from_str::<Locator>(text));
}

/// An entry of the ledger that is accepted is canonical: written again it is the same bytes.
fn event(bytes: &[u8]) {
    let _ = zapys_ledger::strict::parse(bytes);
    if let Ok(event) = zapys_ledger::Event::parse(bytes) {
        let again = event.canonical().expect("what was read can be written");
        assert_eq!(again, bytes, "an entry has one form only");
    }
    if let Ok(entry) = zapys_ledger::Entry::parse(bytes.to_vec()) {
        assert_eq!(entry.canonical, bytes);
    }
}

/// Notes, checkpoints, proofs and keys of the ledger.
fn note(bytes: &[u8]) {
    if let Ok(note) = zapys_ledger::Note::parse(bytes) {
        let _ = zapys_ledger::Checkpoint::parse(note.text());
        let again = zapys_ledger::Note::parse(note.to_string().as_bytes()).expect("what was read can be read again");
        assert_eq!(again.text(), note.text());
    }
    if let Ok(proof) = zapys_ledger::TlogProof::parse(bytes) {
        assert!(zapys_ledger::TlogProof::parse(proof.to_string().as_bytes()).is_ok());
    }
    let _ = zapys_ledger::ConsistencyProof::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (text.parse::<zapys_ledger::VerifierKey>(), zapys_ledger::SigningKey::parse(text));
        let _ = (zapys_ledger::Commitment::parse(text), zapys_ledger::Code::parse(text), zapys_ledger::Hash::parse_hex(text));
    }
}

/// Replies of time-stamp authorities, certificates, lists of revoked ones, OpenTimestamps proofs.
fn stamp(bytes: &[u8]) {
    use zapys_ledger::stamp::{Certificate, Crl, Reply, Request, Trust, judge};
    if let Ok(reply) = Reply::parse(bytes) {
        let _ = judge(reply.token(), b"what was stamped", None, &Trust::default());
        // The same with every certificate in it trusted: the way from one to the other is somebody's choice, too.
        let roots = reply.token().certificates();
        let _ = judge(reply.token(), b"what was stamped", None, &Trust { roots, ..Trust::default() });
    }
    let _ = (Request::parse(bytes), Certificate::read_file(bytes), Crl::read_file(bytes));
    let _ = zapys_ledger::ots::Proof::parse(bytes);
}

/// A folder with a ledger in which every file but the checkpoint is foreign. The first byte is the size of the log.
fn export(bytes: &[u8]) {
    use zapys_ledger::{Checkpoint, Hash, Signer, SigningKey, export, tiles};
    let (size, rest) = bytes.split_first().map_or((0, bytes), |(n, rest)| (u64::from(*n), rest));
    if let Some(entries) = tiles::read_bundle(rest, size) {
        let again = tiles::bundle(0, entries.into_iter()).expect("what was read can be written").1;
        assert_eq!(again, rest, "a bundle has one form only");
    }
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    let key = KEY.get_or_init(|| SigningKey::from_seed("o", &[1; 32]).expect("a key"));
    let root = if size == 0 { Hash::empty() } else { Hash::leaf(rest) };
    let checkpoint = Checkpoint { origin: "o".into(), size, root }.sign(&[key]).expect("signs").to_string();
    let read = |name: &str, most: usize| match name {
        export::CHECKPOINT => Ok(Some(checkpoint.clone().into_bytes())),
        _ if rest.len() > most => Err(export::Unreadable),
        _ => Ok(Some(rest.to_vec())),
    };
    let found = export::check(&read, &[key.key().clone()], &[]).expect("there is a checkpoint");
    assert!(found.entries <= size);
}

/// What a host program may say to us, and we to it.
fn frame(bytes: &[u8]) {
    let mut from = bytes;
    while let Ok(Some((_, body))) = zapys_host_protocol::frame::read::<zapys_host_protocol::Reply>(&mut from) {
        let _ = zapys_host_protocol::frame::pcm_from_bytes(&body).map(Iterator::count);
    }
    let mut from = bytes;
    while let Ok(Some(_)) = zapys_host_protocol::frame::read::<zapys_host_protocol::Ask>(&mut from) {}
}

/// Ends of recordings, lengths of AMR files, and what ffprobe answers.
fn probe(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("zapys-fuzz-{}", std::process::id()));
    if std::fs::write(&path, bytes).is_ok() {
        zapys_engines::probe::read_without_sandbox(&path, bytes);
    }
    let _ = std::fs::remove_file(path);
}

/// Any text is a query, and hits point into their texts.
fn query(bytes: &[u8]) {
    use zapys_domain::passage::{Layer, Passage};
    use zapys_domain::{ItemKind, Lang};
    use zapys_search::{Index, Lexicon, Query};
    static INDEX: OnceLock<Index> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let lexicon = Lexicon::without_dictionaries().expect("a lexicon");
        let index = Index::in_memory(lexicon).expect("an index in memory");
        let item = "01J8ZQ4Y7N000000000000000A".parse().expect("an item");
        let texts =
            ["Двері зачинені, ящики у коридорі.", "Сказал: «конференция началась» +380501112233", "İstanbul ﬁne e\u{301}"];
        let passage = |(i, text): (usize, &str)| Passage {
            item,
            kind: ItemKind::Document,
            layer: Layer::Written,
            segment: format!("b{i}"),
            start_ms: None,
            language: Lang::und(),
            text: text.to_owned(),
            translation: None,
            revision: None,
        };
        let passages: Vec<Passage> = texts.into_iter().enumerate().map(passage).collect();
        let mut feed = index.feed().expect("a feed");
        feed.replace(item, Layer::Written, &passages).and_then(|()| feed.commit(1)).expect("fed");
        drop(feed);
        index
    });
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(answer) = index.search(&Query::new(text.to_owned())) {
        for hit in answer.hits {
            let length = hit.text.chars().count();
            assert!(hit.highlights.iter().all(|h| h.0 <= h.1 && h.1 <= length), "{:?} in {length} characters", hit.highlights);
        }
    }
}

/// Key files and recovery keys.
fn keys(bytes: &[u8]) {
    let _ = zapys_keys::KeyFile::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = zapys_keys::RecoveryKey::parse(text);
    }
}

/// An OCFL inventory: findings have a limit, and what was read names a version.
fn inventory(bytes: &[u8]) {
    let (read, found) = zapys_dossier::ocfl::read_inventory(bytes);
    assert!(found.len() <= 1000);
    if let Some(read) = read {
        assert!(!read.id().is_empty() && !read.head().is_empty());
    }
}

/// The tables of a load file: what can be read can be written and read again as the same; page numbers too.
fn table(bytes: &[u8]) {
    use zapys_dossier::load_file::{csv, page::PageId, table::Row};
    if let Ok(table) = csv::Table::parse(bytes) {
        assert_eq!(csv::Table::parse(table.to_string().as_bytes()).as_ref(), Ok(&table));
        let _ = Row::rows(&table);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let cell = csv::cell(text);
    assert!(csv::text(&cell) == text && !csv::is_formula(&cell));
    if let Some(id) = PageId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
}

/// Records lie one after another inside the file, whatever lengths they state.
fn warc(bytes: &[u8]) {
    let mut end = 0;
    let _ = zapys_dossier::wacz::warc::read(&mut &bytes[..], 1 << 24, &mut |record| {
        assert_eq!(record.offset, end);
        end += record.length;
        assert!(end <= bytes.len() as u64);
        let _ = (record.target(), record.status(), record.media_type());
    });
}

fn index(bytes: &[u8]) {
    use zapys_dossier::wacz::cdxj::{Line, key};
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = key(text);
    for line in text.lines() {
        if let Some(read) = Line::parse(line) {
            assert_eq!(Line::parse(&read.to_string()), Some(read));
        }
    }
}

/// A web archive is a file with a directory at its end, so it is put on disk.
fn wacz(bytes: &[u8]) {
    static FILE: OnceLock<std::path::PathBuf> = OnceLock::new();
    let path = FILE.get_or_init(|| std::env::temp_dir().join(format!("zapys-fuzz-{}.wacz", std::process::id())));
    std::fs::write(path, bytes).expect("the folder for temporary files can be written");
    let _ = zapys_dossier::wacz::is_wacz(path);
    if let Ok(verdict) = zapys_dossier::wacz::check(path) {
        assert_eq!(verdict.holds, verdict.faults().next().is_none());
    }
}
