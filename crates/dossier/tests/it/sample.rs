//! A small fictional case: six exhibits, their derivatives, and a ledger that holds other things too.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Read};
use zapys_domain::derivation::Repeatability;
use zapys_domain::edtf::Edtf;
use zapys_domain::handover::{HumanTranslation, RecordBody, TranslatedLine};
use zapys_domain::media::{Activity, AudioStream, DecodeFacts, Document, Level, Looked, Peaks, PictureFacts, ProbeFacts};
use zapys_domain::provenance::{Provenance, SourceGrade};
use zapys_domain::revision::{Change, Manner, Revision};
use zapys_domain::text::{Block, ReadText};
use zapys_domain::transcript::{Flag, Segment, Speaker, Transcript, TranslatedSegment, Translation, Word};
use zapys_domain::{
    Action, Actor, CaseId, DerivationKey, DerivativeKind, EngineIdentity, Finding, Instant, ItemId, ItemKind, Lang, ObjectId,
    Private, Severity,
};
use zapys_dossier::extract::*;
use zapys_dossier::records::*;
use zapys_ledger::tree::{inclusion, root};
use zapys_ledger::{
    Checkpoint, Code, Detail, Draft, Entry, Hash, Log, Opening, Previous, Salt, Signer, SigningKey, Subject, Term, Tree,
};

/// Objects in memory.
#[derive(Default)]
pub struct Memory(pub BTreeMap<ObjectId, Vec<u8>>);
impl Memory {
    pub fn put(&mut self, bytes: Vec<u8>) -> (ObjectId, u64) {
        let id = ObjectId::of(&bytes);
        let len = bytes.len() as u64;
        self.0.insert(id, bytes);
        (id, len)
    }
}
impl Objects for Memory {
    fn open(&self, object: &ObjectId) -> io::Result<Box<dyn Read + '_>> {
        self.0.get(object).map(|b| Box::new(b.as_slice()) as Box<dyn Read>).ok_or(io::ErrorKind::NotFound.into())
    }
}

pub struct Sample {
    pub extract: Extract,
    pub objects: Memory,
    pub key: SigningKey,
}

impl Sample {
    /// Makes the account add up after a test has changed the exhibits.
    #[allow(dead_code)]
    pub fn select(&mut self) {
        let x = &mut self.extract;
        let mut items: Vec<ItemId> = x.exhibits.iter().map(|e| e.item).chain(x.left_out.iter().filter_map(|l| l.item)).collect();
        items.sort();
        items.dedup();
        x.selected = Selected { case_items: items.len() as u64, items };
    }
}

fn at(s: i64) -> Instant {
    Instant::from_seconds(1_730_000_000 + s)
}
pub fn item(n: u8) -> ItemId {
    format!("01JB0000000000000000000{n:03}").parse().expect("a ULID")
}
fn tool() -> Code {
    Code::parse("zapys/0.1.0").expect("a code")
}
fn engine(name: &str, model: Option<&str>) -> EngineIdentity {
    EngineIdentity {
        name: name.into(),
        version: "1.0".into(),
        model: model.map(Into::into),
        model_sha256: model.map(|m| ObjectId::of(m.as_bytes()).hex()),
        binary_sha256: model.map(|_| ObjectId::of(name.as_bytes()).hex()),
    }
}

/// What the log keeps while the sample is built.
struct Book {
    log: Log,
    tree: Tree,
    heads: BTreeMap<Subject, Previous>,
    trail: BTreeMap<ItemId, Vec<(Entry, Vec<Opening>)>>,
    salts: u32,
    clock: i64,
}
impl Book {
    fn commit(&mut self, value: Value) -> (zapys_ledger::Commitment, Opening) {
        self.salts += 1;
        // Salts of a sample need not be secret, only different.
        let salt = Salt::from_bytes(*Hash::of(&self.salts.to_be_bytes()).as_bytes());
        Opening::commit(salt, value).expect("no floats")
    }
    fn put(&mut self, draft: Draft, openings: Vec<Opening>) {
        self.clock += 1;
        let subject = draft.subject;
        let entry = self.log.append(draft, self.heads.get(&subject).copied(), at(self.clock)).expect("appends");
        self.tree.push(entry.leaf);
        self.heads.insert(subject, entry.previous());
        if let Subject::Item(item) = subject {
            self.trail.entry(item).or_default().push((entry, openings));
        }
    }
    fn act(&mut self, actor: Actor, action: Action, item: ItemId) -> Draft {
        let mut d = Draft::new(actor, action, Subject::Item(item), tool());
        d.purpose = Term::code("investigation").expect("a code");
        d
    }
    fn take_in(&mut self, item: ItemId, object: ObjectId, bytes: u64, source: &str) {
        let (c, o) = self.commit(json!(object.to_string()));
        let (source_c, source_o) = self.commit(json!(source));
        let (_, unseen) = self.commit(json!("never revealed"));
        let draft = self
            .act(Actor::owner(), Action::Imported, item)
            .with("object", c)
            .with("source", source_c)
            .with("note", unseen.commitment().expect("text"))
            .with("bytes", Detail::count(bytes));
        self.put(draft, vec![o, source_o]);
    }
    fn derive(&mut self, item: ItemId, d: &Derivative) {
        let (c, o) = self.commit(json!(d.object.to_string()));
        let key = Hash::parse_hex(&d.key.hex()).expect("hex");
        let draft = self
            .act(Actor::worker(), Action::Transformed, item)
            .with("derivation", key)
            .with("kind", Detail::code(d.kind.word()).expect("a code"))
            .with("engine", Detail::Code(Code::squeeze(&format!("{}/{}", d.engine.name, d.engine.version))))
            .with("output", c);
        self.put(draft, vec![o]);
    }
}

fn derivative(
    objects: &mut Memory,
    input: ObjectId,
    kind: DerivativeKind,
    engine: EngineIdentity,
    media_type: &str,
    bytes: Vec<u8>,
) -> Derivative {
    let parameters = json!({"kind": kind.word(), "beam": 5});
    let (object, len) = objects.put(bytes);
    Derivative {
        key: DerivationKey::of(&[input], &engine, &parameters),
        kind,
        engine,
        parameters,
        inputs: vec![input],
        object,
        bytes: len,
        media_type: media_type.into(),
        repeatability: Repeatability::SameMachine,
        started: at(1000),
        finished: at(1003),
    }
}

fn json_bytes<T: serde::Serialize>(value: T, findings: Vec<Finding>) -> Vec<u8> {
    serde_json::to_vec(&Document { value, findings }).expect("writes")
}

const LINES: [(&str, &str, &str, &str); 7] = [
    ("B", "uk", "Слухаю. Ви на складі?", "I am listening. Are you at the store?"),
    (
        "A",
        "ru",
        "Да, грузим. Ящики из музея, те, что стояли на первом этаже.",
        "Yes, we are loading. Crates from the museum, the ones that stood on the ground floor.",
    ),
    (
        "B",
        "ru",
        "А опись делали? Номера на ящиках сверяли?",
        "And was an inventory made? Were the numbers on the crates compared?",
    ),
    ("A", "ru", "Опись не делали. Сказали, потом.", "An inventory was not made. They said later."),
    ("B", "ru", "Кто сказал?", "Who said so?"),
    ("A", "uk", "Та я ж кажу: документів на них нема ніяких.", "But I am telling you: there are no documents for them at all."),
    ("A", "ru", "Продолжение следует...", "To be continued..."),
];

fn transcript() -> Transcript {
    let segments = LINES.iter().enumerate().map(|(i, (who, lang, text, _))| {
        let start = 14_200 + i as u64 * 4_300;
        let words: Vec<Word> = text
            .split(' ')
            .enumerate()
            .map(|(w, t)| Word {
                start_ms: start + w as u64 * 300,
                end_ms: start + w as u64 * 300 + 250,
                text: t.into(),
                confidence: if t == "не" || t == "ящиках" { 0.31 } else { 0.94 },
            })
            .collect();
        Segment {
            id: format!("s{:04}", i + 1),
            start_ms: start,
            end_ms: start + 3_900,
            speaker: Some((*who).into()),
            channel: Some(u16::from(*who == "B")),
            language: Lang::parse(lang).expect("a tag"),
            text: (*text).into(),
            confidence: 0.83,
            flags: match i {
                3 => vec![Flag::Negation, Flag::LowConfidence],
                5 => vec![Flag::LanguageSwitch],
                6 => vec![Flag::NoSpeech],
                _ => vec![],
            },
            words,
        }
    });
    Transcript {
        language: Lang::parse("ru").expect("a tag"),
        duration_ms: 252_600,
        engine: engine("whisper-ct2", Some("whisper-base")),
        parameters: json!({"beam": 5}),
        speakers: vec![
            Speaker { id: "A".into(), label: "Speaker A".into(), channel: Some(0) },
            Speaker { id: "B".into(), label: "Speaker B".into(), channel: Some(1) },
        ],
        segments: segments.collect(),
    }
}
fn translation() -> Translation {
    Translation {
        language: Lang::parse("en").expect("a tag"),
        engine: engine("whisper-ct2", Some("whisper-base")),
        parameters: json!({"task": "translate"}),
        segments: LINES
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != 4)
            .map(|(i, l)| TranslatedSegment { id: format!("s{:04}", i + 1), text: l.3.into(), confidence: 0.7, lost: vec![] })
            .collect(),
    }
}
fn peaks() -> Peaks {
    let lane = |seed: u32| -> Vec<i8> {
        let mut x = seed;
        (0..2000u32)
            .flat_map(|i| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let speaks = (i / 90 + seed).is_multiple_of(3);
                let level = if speaks { 20 + (x >> 25) as i16 * 3 / 4 } else { 1 };
                let level = i8::try_from(level.min(127)).expect("bounded");
                [-level, level]
            })
            .collect()
    };
    Peaks { duration_ms: 252_600, bucket_ms: 127, channels: vec![lane(1), lane(2)] }
}

fn exhibit(n: u8, kind: ItemKind, title: &str, media_type: &str, (object, bytes): (ObjectId, u64)) -> Exhibit {
    Exhibit {
        item: item(n),
        kind,
        title: Private::new(title.into()),
        file_name: Some(Private::new(format!("file_{n}"))),
        object,
        bytes,
        media_type: media_type.into(),
        language: Lang::und(),
        duration_ms: None,
        status: Status::Unverified,
        recorded: None,
        published: None,
        collected: None,
        received: Some(at(0)),
        parent: None,
        acquisitions: vec![Acquisition {
            acquisition: format!("01JB0000000000000000001{n:03}").parse().expect("a ULID"),
            time: at(0),
            actor: Actor::owner(),
            provenance: Provenance {
                source: Some(Private::new("District archive, letter 31/22".into())),
                source_grade: Some(SourceGrade::B),
                ..Provenance::default()
            },
        }],
        derivatives: Vec::new(),
        not_derived: Vec::new(),
        findings: Vec::new(),
        records: Records::default(),
        events: Vec::new(),
    }
}

fn read_text(lang: &str, blocks: &[&str], title: Option<&str>) -> ReadText {
    ReadText {
        language: Lang::parse(lang).expect("a tag"),
        title: title.map(Into::into),
        byline: None,
        publisher: title.map(|_| "Synopillia Herald".into()),
        published: title.map(|_| "2022-03-14T09:00:00+02:00".into()),
        modified: None,
        canonical: title.map(|_| "https://example.test/holdings".into()),
        engine: engine("tesseract", None),
        pages: vec![(720, 1280)],
        blocks: blocks
            .iter()
            .map(|t| Block {
                text: (*t).into(),
                page: Some(1),
                region: Some([10, 20, 300, 40]),
                confidence: Some(if t.contains('?') { 0.4 } else { 0.91 }),
                words: vec![],
                side: None,
            })
            .collect(),
        quotes: vec![],
    }
}

fn text(t: &str) -> Private<String> {
    Private::new(t.into())
}
fn row(standard: &str, requirement: &str, item: Option<ItemId>, status: &str, detail: &str) -> ConformanceRow {
    ConformanceRow {
        standard: standard.into(),
        requirement: requirement.into(),
        item,
        status: status.into(),
        detail: detail.into(),
    }
}
/// A first listener mends one line and adds one; a second lays another over it, and a third one was taken back.
#[allow(dead_code)]
fn versions(base: ObjectId) -> Vec<Version> {
    let record = |n: u32| format!("01JB0000000000000000004{n:03}").parse().expect("a ULID");
    let change = |segment: &str, words: &str| Change { segment: segment.into(), text: Some(text(words)), ..Change::default() };
    let version = |number: u32, over: Option<u32>, reason: &str, changes| Version {
        number,
        record: record(number),
        by: Actor::parse(if number == 1 { "person:k" } else { "person:owner" }).expect("a pseudonym"),
        at: at(0),
        withdrawn: false,
        revision: Revision {
            base,
            over: over.map(record),
            manner: Manner::Correction,
            whole: false,
            unseen: false,
            reason: Some(text(reason)),
            read_from: None,
            changes,
        },
    };
    let added = Change {
        start_ms: Some(60_000),
        end_ms: Some(61_000),
        speaker: Some("B".into()),
        language: Lang::parse("uk"),
        ..change("h0001", "Добре.")
    };
    let gone = Change { segment: "s0005".into(), removed: true, ..Change::default() };
    vec![
        version(1, None, "heard again with headphones", vec![change("s0004", "Опись не делали. Сказали: потом."), added]),
        version(2, Some(1), "the question was the operator's own", vec![gone]),
    ]
}

/// Two people translate a line that was mended; one of them disputes it, and says it another way later.
fn rendered(base: ObjectId) -> Vec<Rendered> {
    let one = |n: u32, by: &str, said: &str, note: Option<&str>| Rendered {
        record: format!("01JB0000000000000000005{n:03}").parse().expect("a ULID"),
        by: Actor::parse(by).expect("a pseudonym"),
        at: at(0),
        translation: HumanTranslation {
            base,
            over: Some("01JB0000000000000000004001".parse().expect("a ULID")),
            language: Lang::parse("en").expect("a tag"),
            reason: None,
            read_from: None,
            lines: vec![TranslatedLine {
                segment: "s0004".into(),
                of: text("Опись не делали. Сказали: потом."),
                text: Some(text(said)),
                note: note.map(text),
            }],
        },
    };
    vec![
        one(1, "person:k", "They made no list.", None),
        one(2, "person:owner", "No list was made. Later, they said.", None),
        one(3, "person:k", "They made no list. They said: later.", Some("\"list\" may be \"inventory\"")),
    ]
}

/// What is on record about the call.
fn records() -> Records {
    Records {
        phases: vec![
            PhaseChange { phase: "collection".into(), at: at(0), actor: Actor::owner(), reason: None },
            PhaseChange {
                phase: "preservation".into(),
                at: at(60),
                actor: Actor::owner(),
                reason: Some(text("Taken in and stamped.")),
            },
        ],
        intake: vec![
            Answer {
                question: "From which medium was it copied?".into(),
                answer: Some(text("A memory card, kept at the archive")),
                basis: None,
            },
            Answer { question: "Was it cut or converted?".into(), answer: None, basis: None },
        ],
        family: Some(Family {
            family: "01JB0000000000000000009FAM".into(),
            protection: "protected".into(),
            members: vec![item(1)],
        }),
        dates: vec![DateRecord {
            which: "recorded".into(),
            value: Edtf::parse("2022-03"),
            basis: "stated-at-intake".into(),
            readings: vec![Edtf::parse("2022-04").expect("a date")],
        }],
        interception: Some(Interception {
            intercepted_by: Some(text("A monitoring post")),
            authority: Some(text("Order of the district court")),
            logbook: Some(text("Sheet 14, line 3")),
            shortcomings: Some(text("The first seconds are lost.")),
            ..Interception::default()
        }),
        legal_basis: Some(LegalBasis {
            basis: "court-order".into(),
            text: Some(text("Order of the district court")),
            document: Some(ObjectId::of(b"order")),
        }),
        voices: vec![VoiceIdentification {
            speaker: "A".into(),
            person: "person-12".into(),
            by: Actor::owner(),
            at: at(900),
            familiarity: Some(text("Worked with him for two years.")),
            method: "listener".into(),
            confidence: "moderate".into(),
            denials: vec![text("He says that he had no telephone at that time.")],
        }],
        comparisons: vec![VoiceComparison {
            speaker: "A".into(),
            with: item(2),
            with_speaker: "B".into(),
            same: "yes".into(),
            familiarity: Some(text("Not known to me.")),
            confidence: Some(text("rather sure")),
            note: Some(text("I listened to both.")),
            score: Some(987),
            tool: Some("voice-prints 1".into()),
            by: Actor::owner(),
            at: at(901),
        }],
        corrections: vec![Correction {
            field: "recorded".into(),
            was: Some(text("2022-04")),
            is: Some(text("2022-03")),
            by: Actor::owner(),
            at: at(800),
            reason: text("The logbook names March."),
            entry: Some(3),
        }],
        errors: vec![ErrorEntry {
            what: text("The card was read without a write blocker."),
            effect: text("Times of access on the card may have changed."),
            remedy: text("Noted; the sound is not affected."),
            by: Actor::owner(),
            at: at(70),
        }],
        against: vec![Against {
            relation: "contradicts".into(),
            item: Some(item(5)),
            text: text("The article says the holdings were moved."),
        }],
        ..Records::default()
    }
}

/// One pixel.
const PNG: [u8; 69] = [
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 144, 119, 83, 222, 0, 0,
    0, 12, 73, 68, 65, 84, 120, 156, 99, 96, 96, 96, 0, 0, 0, 4, 0, 1, 246, 23, 56, 85, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96,
    130,
];

fn recording(o: &mut Memory) -> Vec<Exhibit> {
    use DerivativeKind as K;
    let original = o.put([b"#!AMR\n".as_slice(), &[0x3c; 4000]].concat());
    let mut call = exhibit(1, ItemKind::Recording, "Call about crates from the museum", "audio/amr", original);
    call.language = Lang::parse("ru").expect("a tag");
    call.duration_ms = Some(252_600);
    call.recorded = Some(Dated { value: Edtf::parse("2022-03").expect("a date"), basis: "stated at intake".into() });
    call.acquisitions[0].provenance.legal_basis = Some(Private::new("Order of the district court".into()));
    call.findings = vec![Finding::whole(
        "decoded-shorter-than-container",
        Severity::Warning,
        "The decoded sound is 40 ms shorter than stated.",
    )];
    call.records = records();
    let input = original.0;
    let probe = ProbeFacts {
        container: "amr".into(),
        duration_ms: Some(252_640),
        audio: vec![AudioStream {
            codec: "amr_nb".into(),
            sample_rate: 8000,
            channels: 2,
            bit_rate: Some(12_200),
            duration_ms: None,
        }],
        video: vec![],
        tags: vec![],
    };
    let decode = DecodeFacts {
        sample_rate: 8000,
        channels: 2,
        samples: 2_020_800,
        duration_ms: 252_600,
        pcm_sha256: ObjectId::of(b"pcm").hex(),
        decoder: "ffmpeg".into(),
        levels: vec![Level { peak: 20_000, rms: 900, clipped: 0 }; 2],
        edits: vec![Looked { method: "repeated-samples".into(), found: 0, limits: "A lossy codec hides them.".into() }],
    };
    let activity = Activity { duration_ms: 252_600, channels: vec![vec![(14_000, 18_000)], vec![]], joined: false };
    let speech = engine("whisper-ct2", Some("whisper-base"));
    call.derivatives = vec![
        derivative(o, input, K::Probe, engine("ffprobe", None), "application/json", json_bytes(probe, vec![])),
        derivative(o, input, K::Decode, engine("ffmpeg", None), "application/json", json_bytes(decode, call.findings.clone())),
        derivative(o, input, K::Peaks, engine("peaks", None), "application/json", json_bytes(peaks(), vec![])),
        derivative(o, input, K::Speech, engine("gate", Some("speech-gate")), "application/json", json_bytes(activity, vec![])),
        derivative(o, input, K::Transcript, speech.clone(), "application/json", json_bytes(transcript(), vec![])),
        derivative(o, input, K::Translation, speech, "application/json", json_bytes(translation(), vec![])),
        derivative(o, input, K::Proxy, engine("ffmpeg", None), "audio/ogg", b"OggS not really sound".to_vec()),
    ];
    let cut = o.put([b"OggS".as_slice(), &[7; 900]].concat());
    let mut clip = exhibit(2, ItemKind::Recording, "Published clip", "audio/ogg", cut);
    clip.duration_ms = Some(20_100);
    clip.published = Some(Dated { value: Edtf::parse("2022-03-18").expect("a date"), basis: "message time".into() });
    clip.parent = Some(Parent {
        item: item(1),
        object: None,
        span_ms: Some((20_000, 40_100)),
        reason: Some("found by comparing sound".into()),
    });
    clip.not_derived = vec![(K::Transcript, "The speech pack is not installed.".into())];
    vec![call, clip]
}

fn written(o: &mut Memory) -> Vec<Exhibit> {
    use DerivativeKind as K;
    let screen = o.put(PNG.to_vec());
    let mut shot = exhibit(3, ItemKind::Screenshot, "Screenshot of a chat, Ukrainian", "image/png", screen);
    shot.language = Lang::parse("uk").expect("a tag");
    shot.derivatives = vec![
        derivative(
            o,
            screen.0,
            K::Picture,
            engine("picture", None),
            "application/json",
            json_bytes(PictureFacts { width: 720, height: 1280, ..PictureFacts::default() }, vec![]),
        ),
        derivative(
            o,
            screen.0,
            K::Text,
            engine("tesseract", None),
            "application/json",
            json_bytes(read_text("uk", &["Ящики вже в ліцеї.", "Хто їх приймав?"], None), vec![]),
        ),
        derivative(o, screen.0, K::Proxy, engine("picture", None), "image/png", [PNG.as_slice(), b"x"].concat()),
    ];
    let chat = o.put(br#"{"name":"Channel","messages":[]}"#.to_vec());
    let mut export = exhibit(4, ItemKind::ChatExport, "Channel export", "application/json", chat);
    let messages = json!({"format":"telegram-json","threads":[{"id":"c1","name":"Synopillia news","kind":"public_channel","n_messages":2}],
        "messages":[
            {"thread":"c1","message_id":"117","sender":"Synopillia news","sender_id":"channel1","direction":null,
             "time":{"utc":"2022-03-18T08:00:00Z","local":"2022-03-18T10:00:00","basis":"unixtime","readings":[]},
             "text":"Listen to this.\nThey admit it.","attachments":[{"path":"voice/clip.ogg","kind":"voice_message","media_type":"audio/ogg","note":null,"duration_s":20}],
             "forwarded_from":"Other channel","forwarded_time":null,"reply_to":null,"edited":null,"flags":[],"locator":{"at":"message","thread":"c1","message_id":"117"}},
            {"thread":"c1","message_id":"118","sender":null,"sender_id":"user9","direction":"out",
             "time":{"utc":null,"local":"2022-03-18T10:05:00","basis":"unknown","readings":[]},
             "text":"Where is the rest of it?","attachments":[],"forwarded_from":null,"forwarded_time":null,"reply_to":"117","edited":null,
             "flags":["deleted-account"],"locator":{"at":"message","thread":"c1","message_id":"118"}}],
        "unread":1,"findings":[]});
    export.derivatives = vec![derivative(
        o,
        chat.0,
        K::Messages,
        engine("telegram-json", None),
        "application/json",
        serde_json::to_vec(&messages).expect("writes"),
    )];
    let page = o.put(b"<html><script>alert('evidence is never run')</script><p>Holdings</p></html>".to_vec());
    let mut article = exhibit(5, ItemKind::Article, "The holdings were not taken away", "text/html", page);
    article.derivatives = vec![derivative(
        o,
        page.0,
        K::Text,
        engine("readable", None),
        "application/json",
        json_bytes(
            read_text(
                "en",
                &["The holdings were only moved to another building, the deputy director said.", "No list was shown."],
                Some("The holdings were not taken away"),
            ),
            vec![Finding::whole("no-byline", Severity::Note, "The article names no author.")],
        ),
    )];
    let table = o.put(b"a;b;start\n1;2;3\n".to_vec());
    let mut calls = exhibit(6, ItemKind::CallRecords, "Call records of one day", "text/csv", table);
    let rows = json!({"columns":["a","b","start"],"mapping":[["a_number","a"]],"encoding":"windows-1251","delimiter":";",
        "rows":[{"row":1,"row_sha256":"00","a_number":"subscriber A","b_number":"subscriber B","start_utc":null,"start_local":"14.03.2022 10:00","zone_basis":"unknown",
        "duration_s":252,"direction":"out","imei":null,"imsi":null,"cell_start":"255-01-12-7","cell_end":null,"flags":["ambiguous-date"]}],
        "unread":0,"findings":[]});
    calls.derivatives = vec![derivative(
        o,
        table.0,
        K::Calls,
        engine("call-table", None),
        "application/json",
        serde_json::to_vec(&rows).expect("writes"),
    )];
    vec![shot, export, article, calls]
}

/// The whole sample.
/// The sample with a transcript that people mended.
#[allow(dead_code)]
pub fn revised() -> Sample {
    let s = sample();
    let mut exhibits = s.extract.exhibits;
    exhibits[0].records.versions = versions(exhibits[0].derivatives[4].object);
    exhibits[0].records.rendered = rendered(exhibits[0].derivatives[4].object);
    with(exhibits, s.objects)
}
pub fn sample() -> Sample {
    let mut objects = Memory::default();
    let exhibits: Vec<Exhibit> = recording(&mut objects).into_iter().chain(written(&mut objects)).collect();
    with(exhibits, objects)
}

/// A production of these exhibits, with a ledger in which each of them was taken in and derived.
pub fn with(exhibits: Vec<Exhibit>, objects: Memory) -> Sample {
    build(exhibits, objects, false)
}

/// The whole sample, from a ledger that went on under another key.
#[allow(dead_code)]
pub fn rotated() -> Sample {
    let mut objects = Memory::default();
    let exhibits: Vec<Exhibit> = recording(&mut objects).into_iter().chain(written(&mut objects)).collect();
    build(exhibits, objects, true)
}

/// The key that the ledger of [`rotated`] began with.
pub fn first_key() -> SigningKey {
    SigningKey::from_seed("example.test/synopillia", &[41; 32]).expect("a key")
}

fn build(mut exhibits: Vec<Exhibit>, objects: Memory, rotate: bool) -> Sample {
    let case: CaseId = "01JB0000000000000000009CAS".parse().expect("a ULID");
    let mut book =
        Book { log: Log::new(), tree: Tree::new(), heads: BTreeMap::new(), trail: BTreeMap::new(), salts: 0, clock: 0 };
    book.put(Draft::new(Actor::owner(), Action::Opened, Subject::Case(case), tool()), vec![]);
    for e in &mut exhibits {
        book.take_in(e.item, e.object, e.bytes, "District archive, letter 31/22");
        // Something else happens in between.
        let other = book.act(Actor::owner(), Action::Accessed, item(99));
        book.put(other, vec![]);
        for d in &e.derivatives {
            book.derive(e.item, d);
        }
        for v in &mut e.records.versions {
            let (c, o) = book.commit(RecordBody::Revision(v.revision.clone()).value());
            let draft = book
                .act(v.by.clone(), Action::Recorded, e.item)
                .with("kind", Detail::code("revision").expect("a code"))
                .with("record", Detail::code(&v.record.to_string()).expect("a code"))
                .with("statement", c);
            book.put(draft, vec![o]);
            v.at = at(book.clock);
        }
        for r in &mut e.records.rendered {
            let (c, o) = book.commit(RecordBody::Translation(r.translation.clone()).value());
            let draft = book
                .act(r.by.clone(), Action::Recorded, e.item)
                .with("kind", Detail::code("translation").expect("a code"))
                .with("record", Detail::code(&r.record.to_string()).expect("a code"))
                .with("statement", c);
            book.put(draft, vec![o]);
            r.at = at(book.clock);
        }
        for (kind, _) in &e.not_derived {
            let failed = book
                .act(Actor::worker(), Action::Transformed, e.item)
                .with("kind", Detail::code(kind.word()).expect("a code"))
                .with("result", Detail::code("failed").expect("a code"));
            book.put(failed, vec![]);
        }
    }
    let key = SigningKey::from_seed("example.test/synopillia", &[42; 32]).expect("a key");
    let keys = if rotate { rotation(&mut book, case, &key) } else { Vec::new() };
    let size = book.log.size();
    let head = Checkpoint { origin: key.key().name().into(), size, root: root(&book.tree, size).expect("in range") };
    for e in &mut exhibits {
        let trail = book.trail.remove(&e.item).unwrap_or_default();
        e.events = trail
            .into_iter()
            .map(|(entry, openings)| CustodyEntry {
                inclusion: inclusion(&book.tree, entry.seq.0, size).expect("in range"),
                canonical: entry.canonical,
                openings,
            })
            .collect();
    }
    let left_out = vec![LeftOut {
        item: Some(item(99)),
        what: "recording".into(),
        reason: "It could not be read: the file is empty.".into(),
    }];
    let mut items: Vec<ItemId> = exhibits.iter().map(|e| e.item).chain([item(99)]).collect();
    items.sort();
    items.dedup();
    let extract = Extract {
        production: "01JB0000000000000000009PRD".parse().expect("a ULID"),
        case,
        case_name: Private::new("Museum holdings, Synopillia".into()),
        made: at(5000),
        made_by: Actor::owner(),
        program: "zapys 0.1.0".into(),
        selection: "All items of the case".into(),
        exhibits,
        left_out,
        selected: Selected { case_items: items.len() as u64, items },
        case_records: CaseRecords {
            efforts: vec![Effort {
                sought: text("The inventory of the museum of that year"),
                place: Some(text("District archive")),
                when: Edtf::parse("2024-05"),
                not_obtained: Some(text("The archive says that it was never made.")),
                by: Some(Actor::owner()),
            }],
            errors: Vec::new(),
            terms: vec![TermEntry {
                term: text("олівець"),
                sort: "slang".into(),
                meaning: text("a curator"),
                also: vec![text("карандаш")],
                rendering: None,
                basis: Some(text("A former keeper explained it.")),
                by: Actor::owner(),
                at: at(4000),
            }],
        },
        conformance: vec![
            row("leiden", "R1.10", Some(item(1)), "met", "Recording, transcript and translation form one family."),
            row("leiden", "R1.12", Some(item(2)), "missing", "No date has a basis."),
            row("hala", "R1.29", None, "met", "Collection efforts are recorded."),
            row("berkeley", "R1.1", Some(item(1)), "met", "The phases have actors and times."),
            row("berkeley", "R1.3", Some(item(5)), "not-applicable", "It was not captured from the web here."),
        ],
        processes: vec![Process {
            engine: "whisper-ct2".into(),
            error_rates: None,
            limits: vec!["Telephone sound was not part of its published tests.".into()],
            tests: Some("docs/benchmarks.md of the program's source".into()),
        }],
        limitations: vec!["Speakers were told apart by channel only.".into()],
        ledger: LedgerPart {
            vkey: key.key().clone(),
            checkpoint: head.sign(&[&key]).expect("signs").to_string(),
            stamps: Vec::new(),
            keys,
        },
    };
    Sample { extract, objects, key }
}

/// The old key names the new one and signs that; then the ledger goes on.
fn rotation(book: &mut Book, case: CaseId, new: &SigningKey) -> Vec<KeyPeriod> {
    let old = first_key();
    let seq = book.log.size();
    let draft = Draft::new(Actor::owner(), Action::KeyRotated, Subject::Case(case), tool())
        .with(zapys_ledger::history::PUBLIC_KEY, Hash::from_bytes(*new.key().public()));
    let previous = book.heads.get(&Subject::Case(case)).copied();
    book.clock += 1;
    let entry = book.log.append(draft, previous, at(book.clock)).expect("appends");
    book.tree.push(entry.leaf);
    book.heads.insert(Subject::Case(case), entry.previous());
    let size = seq + 1;
    let head = Checkpoint { origin: old.key().name().into(), size, root: root(&book.tree, size).expect("in range") };
    let event = KeyEvent {
        inclusion: inclusion(&book.tree, seq, size).expect("in range"),
        canonical: entry.canonical,
        checkpoint: Some(head.sign(&[&old]).expect("signs").to_string()),
    };
    let other = book.act(Actor::owner(), Action::Accessed, item(99));
    book.put(other, vec![]);
    vec![
        KeyPeriod { vkey: old.key().clone(), from_size: 0, reason: "first".into(), event: None },
        KeyPeriod { vkey: new.key().clone(), from_size: seq + 2, reason: "rotated".into(), event: Some(event) },
    ]
}
