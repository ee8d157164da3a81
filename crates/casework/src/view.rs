//! What the command line and the API show: the JSON objects of the public interface.
//!
//! Names and fields are a contract: fields are added freely, never renamed or removed.

use serde::Serialize;
use std::collections::BTreeMap;
use zapys_domain::{Finding, ItemId, ItemKind, Locator};

/// What everybody sees of an error.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct ErrorView {
    /// One of the five sorts.
    pub kind: String,
    /// Stable code for programs.
    pub code: String,
    /// One plain sentence: the thing and the cause.
    pub message: String,
    /// What it is about: an item, a path the person typed.
    pub subject: Option<String>,
    /// The remedy.
    pub hint: String,
}
impl ErrorView {
    /// Tells `fault` about `subject`.
    pub fn of(fault: &dyn zapys_domain::Fault, subject: Option<String>) -> Self {
        Self {
            kind: fault.kind().word().into(),
            code: fault.code().into(),
            message: fault.to_string(),
            subject,
            hint: fault.hint(),
        }
    }
}

/// A case, in one line.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct CaseCard {
    pub case: String,
    pub name: String,
    pub ledger_origin: String,
    pub ledger_vkey: String,
    /// Encryption at rest is not there yet: always false.
    pub encrypted: bool,
    pub created: String,
}

/// What became of one path or archive member at intake.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct AddOutcome {
    /// `added`, `duplicate` or `failed`.
    pub status: &'static str,
    pub item: Option<ItemId>,
    pub object: Option<String>,
    pub bytes: Option<u64>,
    pub media_type: Option<String>,
    pub kind: Option<ItemKind>,
    /// As given; for archive members: the archive's path, `!`, the member's path.
    pub path: String,
    pub duplicate_of: Option<ItemId>,
    pub error: Option<ErrorView>,
    /// What was noticed while taking it in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// Something that happened while processing.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ProcessEvent {
    /// `started`, `progress`, `finished`, `failed`, `skipped`.
    pub event: &'static str,
    pub item: ItemId,
    pub derivation: String,
    /// 0 to 1, where the engine can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
}

/// The last line of `process`.
#[derive(Clone, Debug, Serialize, Default, PartialEq)]
#[allow(missing_docs)]
pub struct ProcessSummary {
    pub event: &'static str,
    pub finished: u64,
    pub failed: u64,
    pub skipped: u64,
    pub seconds: f64,
}

/// A date with where it comes from.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DatedView {
    pub value: String,
    pub basis: String,
}

/// One item in a list.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ItemView {
    pub item: ItemId,
    pub title: String,
    pub kind: ItemKind,
    pub media_type: String,
    pub object: String,
    pub bytes: u64,
    /// Verification status; `unverified` until checks are recorded.
    pub status: String,
    pub language: String,
    pub languages: Vec<String>,
    pub duration_ms: Option<u64>,
    pub channels: Option<u16>,
    pub recorded: Option<DatedView>,
    pub published: Option<DatedView>,
    pub collected: Option<DatedView>,
    pub received: String,
    /// `done`, `queued`, `running`, `partly`, `failed`, `none`.
    pub processing: String,
    pub n_segments: Option<u64>,
    pub n_messages: Option<u64>,
    pub n_calls: Option<u64>,
    pub flags: BTreeMap<String, u64>,
    pub preview: Option<String>,
    pub thumb_peaks: Option<Vec<i8>>,
    pub parent: Option<ItemId>,
    pub n_acquisitions: u64,
    pub findings: u64,
    /// True where its content was destroyed on purpose; the title is then its id.
    pub disposed: bool,
    /// `public`, `internal`, `protected`, `sealed`: one for the item and its whole family.
    pub sensitivity: String,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ItemsPage {
    pub total: u64,
    pub items: Vec<ItemView>,
    pub next: Option<String>,
    pub facets: Facets,
}
/// Counts beside a list.
#[derive(Clone, Debug, Serialize, Default)]
#[allow(missing_docs)]
pub struct Facets {
    pub kind: BTreeMap<String, u64>,
    pub language: BTreeMap<String, u64>,
    pub status: BTreeMap<String, u64>,
    pub flags: BTreeMap<String, u64>,
    pub dated: Dated,
}
/// How many items are dated, by month.
#[derive(Clone, Debug, Serialize, Default)]
#[allow(missing_docs)]
pub struct Dated {
    pub without: u64,
    pub months: BTreeMap<String, u64>,
}

/// One act of taking in.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct AcquisitionView {
    pub acquisition: String,
    pub time: String,
    pub actor: String,
    pub method: String,
    pub path: String,
    pub source: Option<String>,
    pub source_grade: Option<String>,
    pub origin: Option<String>,
    pub collected_by: Option<String>,
    pub legal_basis: Option<String>,
    pub recorded: Option<String>,
    pub published: Option<String>,
    pub lang: Option<String>,
    pub sensitivity: Option<String>,
    pub labels: BTreeMap<String, String>,
}

/// Which engine, as shown.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct EngineView {
    pub name: String,
    pub version: String,
    pub model: Option<String>,
    pub model_sha256: Option<String>,
    pub parameters: serde_json::Value,
}

/// One derivation of an item, done or due.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct DerivativeView {
    pub derivation: String,
    /// `done`, `failed`, `queued`, `running`, `due`, `unavailable`.
    pub status: String,
    pub engine: Option<EngineView>,
    pub key: Option<String>,
    pub object: Option<String>,
    pub media_type: Option<String>,
    pub seconds: Option<f64>,
    pub started: Option<String>,
    pub finished: Option<String>,
    pub error: Option<ErrorView>,
    pub findings: Vec<Finding>,
}

/// A child or relative in a few words.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ChildView {
    pub item: ItemId,
    pub title: String,
    pub kind: ItemKind,
}

/// What is known about the bytes.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct IntegrityView {
    /// `unchanged`, `changed`, `not-checked`.
    pub state: String,
    pub checked: Option<String>,
    /// Ledger entry that took it in.
    pub entry: u64,
}

/// One item with everything about it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ItemDetail {
    #[serde(flatten)]
    pub item: ItemView,
    pub acquisitions: Vec<AcquisitionView>,
    pub derivatives: Vec<DerivativeView>,
    pub children: Vec<ChildView>,
    pub integrity: IntegrityView,
    pub custody: Vec<CustodyView>,
    /// What people put on record, and what holds now.
    #[serde(flatten)]
    pub on_record: crate::handover::OnRecord,
}

/// One custody event as sealed in the ledger.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct CustodyView {
    pub seq: u64,
    pub time: String,
    pub actor: String,
    pub action: String,
    pub subject: Option<String>,
    pub prev: Option<String>,
    pub leaf: String,
    pub detail: serde_json::Value,
}

/// A transcript as shown: words with translations beside.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct TranscriptView {
    pub item: ItemId,
    pub language: String,
    pub duration_ms: u64,
    /// False until a person has heard and reviewed it.
    pub reviewed: bool,
    pub engine: EngineView,
    pub speakers: Vec<zapys_domain::transcript::Speaker>,
    pub segments: Vec<SegmentView>,
    /// The revision that is shown; absent for the machine's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<LayerView>,
    /// Present where words that this person did not write are withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blind: Option<BlindView>,
    /// Terms of the case's glossary that stand among the words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub glossary: Vec<TermView>,
}
/// What somebody says a word means in this case.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct TermView {
    pub record: String,
    pub term: String,
    /// `slang`, `call-sign`, `cipher`, `abbreviation`, `name`, `other`.
    pub sort: String,
    pub meaning: String,
    pub also: Vec<String>,
    /// How it is to be translated.
    pub rendering: Option<String>,
    /// How that is known.
    pub basis: Option<String>,
    pub by: String,
    pub time: String,
}
/// A word of the glossary in the text of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GlossView {
    /// Record of the term.
    pub term: String,
    /// First character, and one past the last, counted in characters (code points).
    pub start: usize,
    #[allow(missing_docs)]
    pub end: usize,
}
/// What a person who listens first is told beside the times.
#[derive(Clone, Debug, Serialize)]
pub struct BlindView {
    /// The ledger knows of an earlier look of this person at words of the recording.
    pub seen: bool,
    /// Segments that they have written.
    pub written: usize,
}
/// One revision of a transcript.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct LayerView {
    /// Counted from 1, in the order in which they were put on record.
    pub number: u32,
    pub record: String,
    pub item: Option<ItemId>,
    pub by: String,
    pub time: String,
    /// `correction`, `listening`, `adjudication`.
    pub manner: String,
    /// The revision below; `null`: the machine's words.
    pub over: Option<u32>,
    /// The whole recording was gone through.
    pub whole: bool,
    /// The ledger knew of no look of this person at words of the recording before.
    pub unseen: bool,
    pub changed: usize,
    /// Segments that were heard and left as they are.
    pub heard: usize,
    pub added: usize,
    pub removed: usize,
    pub reason: Option<String>,
    /// Form of the file that it came in.
    pub form: Option<String>,
    /// False where it was taken back.
    pub current: bool,
}
/// One segment as shown.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct SegmentView {
    #[serde(flatten)]
    pub segment: zapys_domain::transcript::Segment,
    pub translations: BTreeMap<String, SegmentTranslation>,
    /// What another hearing has in its place, where that is other words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondView>,
    /// The newest revision that changed it: its words are a person's then, and `confidence` is of what the machine heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Words that the case's glossary explains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub glosses: Vec<GlossView>,
    /// What people remarked about its translation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<RemarkView>,
}
impl SegmentView {
    /// The words alone.
    pub fn of(segment: zapys_domain::transcript::Segment) -> Self {
        let (translations, glosses, remarks) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { segment, translations, second: None, revision: None, glosses, remarks }
    }
}
/// What somebody remarked about the translation of a segment: what is disputed, or cannot be translated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct RemarkView {
    /// Into which it is translated.
    pub language: String,
    pub by: String,
    pub time: String,
    pub text: String,
}
/// One segment as a second engine, or the same in another run, heard it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct SecondView {
    /// Empty where it heard nothing.
    pub text: String,
    pub engine: String,
}
/// The translation of one segment.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct SegmentTranslation {
    pub text: String,
    /// Who wrote it: engine or model, or the person.
    pub engine: String,
    /// True where a person wrote or confirmed it.
    pub reviewed: bool,
    /// The person who wrote it; absent for a machine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When they put it on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// People who wrote the same after it was there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reviewed_by: Vec<String>,
    /// The words that it is of, where those of the segment are others now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    pub confidence: f32,
    /// What does not seem to have survived.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<zapys_domain::transcript::Lost>,
    /// The same by others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<SegmentTranslation>,
}
impl SegmentTranslation {
    /// By that machine.
    pub fn of(text: String, engine: String) -> Self {
        let (reviewed_by, lost, beside) = (Vec::new(), Vec::new(), Vec::new());
        Self { text, engine, reviewed: false, by: None, time: None, reviewed_by, of: None, confidence: 0.0, lost, beside }
    }
}
/// Translations of segments that somebody put on record.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct TranslationView {
    pub record: String,
    pub item: Option<ItemId>,
    pub by: String,
    pub time: String,
    /// Into.
    pub language: String,
    /// The revision whose words were translated; `null`: the machine's words.
    pub over: Option<u32>,
    /// Segments.
    pub translated: usize,
    /// Segments about whose translation something is remarked.
    pub remarked: usize,
    /// Segments of which an earlier translation is taken back.
    pub withdrawn: usize,
    pub reason: Option<String>,
    /// Form of the file that it came in.
    pub form: Option<String>,
    /// False where it was taken back as a whole.
    pub current: bool,
}

/// Speakers who may be one person across recordings.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct VoicesView {
    /// Prints of voices are wanted by the settings.
    pub made: bool,
    /// Speakers that have one.
    pub prints: u64,
    /// Recordings that have none.
    pub without: u64,
    pub pairs: Vec<VoiceView>,
}
/// Two speakers of different recordings.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct VoiceView {
    /// Stable name of the pair.
    pub suggestion: String,
    pub speakers: [SpeakerRef; 2],
    /// 0 to 1: how likely one person is, where both were as likely before; `null` where no machine has anything to say.
    pub score: Option<f64>,
    /// How many times likelier so much likeness is of one person than of two.
    pub ratio: Option<f64>,
    /// Cosine of the prints.
    pub likeness: Option<f64>,
    pub tool: Option<String>,
    /// `suggested`, `confirmed`, `rejected`.
    pub status: String,
    pub record: Option<String>,
    pub by: Option<String>,
    pub time: Option<String>,
    pub because: Option<String>,
    pub familiarity: Option<String>,
    pub confidence: Option<String>,
    /// Speakers were told apart anew since: the letters may mean others.
    pub earlier: bool,
}
/// A speaker of a recording.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct SpeakerRef {
    pub item: ItemId,
    pub title: String,
    pub speaker: String,
    /// Speech that the print was made of; `null` where there is none.
    pub heard_ms: Option<u64>,
}

/// Readable text as shown.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct TextView {
    pub item: ItemId,
    pub reviewed: bool,
    #[serde(flatten)]
    pub text: zapys_domain::text::ReadText,
}
/// One message as shown.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct MessageView {
    pub item: ItemId,
    #[serde(flatten)]
    pub message: zapys_domain::message::Message,
}
/// One row of a call-record table as shown.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct CallView {
    pub item: ItemId,
    #[serde(flatten)]
    pub call: zapys_domain::call::CallRow,
}

/// One hit of a search.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct HitView {
    pub item: ItemId,
    pub title: String,
    pub kind: ItemKind,
    pub layer: String,
    pub segment: String,
    pub start_ms: Option<u64>,
    pub language: String,
    pub text: String,
    pub translation: Option<String>,
    /// The person whose translation it is; `null` for a machine's.
    pub translated_by: Option<String>,
    /// Number of the revision whose words these are; `null` where they are as the program wrote or the source has them.
    pub revision: Option<u32>,
    pub score: f32,
    /// `exact`, `lemma`, `alias`, `translation`, `meaning`.
    pub matched: String,
    /// Character ranges in `text`, or in `translation` where `matched` says so.
    pub highlights: Vec<(usize, usize)>,
}
/// The answer to a search.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct SearchView {
    pub hits: Vec<HitView>,
    pub total: u64,
    pub took_ms: f64,
    /// Items whose words cannot be found, because there are none yet or they cannot be read.
    pub unsearchable: u64,
}

/// Result of `verify`.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct VerifyView {
    pub objects: ObjectsChecked,
    pub ledger: LedgerChecked,
    pub derivatives: DerivativesChecked,
    /// True where nothing bad was found.
    pub ok: bool,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ObjectsChecked {
    pub checked: u64,
    pub bad: Vec<BadObject>,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct BadObject {
    pub object: String,
    pub reason: String,
    pub items: Vec<ItemId>,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct LedgerChecked {
    pub size: u64,
    pub root: String,
    pub consistent: bool,
    pub faults: Vec<String>,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct DerivativesChecked {
    pub checked: u64,
    pub differ: Vec<DifferingDerivative>,
    /// Cannot be repeated bit by bit on this machine; never counted as good.
    pub non_reproducible: u64,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct DifferingDerivative {
    pub item: ItemId,
    pub derivation: String,
    pub reason: String,
}

/// Result of `produce`.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ProductionView {
    pub production: Option<String>,
    pub path: String,
    pub exhibits: u64,
    pub manifest_sha256: Option<String>,
    pub refused: Vec<RefusalView>,
}
/// Why something does not leave.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct RefusalView {
    pub gate: String,
    pub subject: String,
    pub reason: String,
}

/// The case at a glance.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct CaseView {
    #[serde(flatten)]
    pub card: CaseCard,
    pub counts: Counts,
    pub work: WorkView,
    pub unsearchable: Unsearchable,
    pub unreviewed_segments: u64,
    pub ledger: LedgerView,
    pub changes: Vec<ChangeView>,
}
#[derive(Clone, Debug, Serialize, Default)]
#[allow(missing_docs)]
pub struct Counts {
    pub items: u64,
    pub objects: u64,
    pub bytes: u64,
    pub by_kind: BTreeMap<String, u64>,
    pub by_status: BTreeMap<String, u64>,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct WorkView {
    pub paused: bool,
    pub stages: Vec<StageView>,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct StageView {
    pub derivation: String,
    pub total: u64,
    pub done: u64,
    pub failed: u64,
    pub running: u64,
    /// How long the rest takes, with what will come to the stage; absent before anything is known.
    pub seconds_left: Option<u64>,
    /// Seconds of sound in a second of the clock; absent where there was none.
    pub times_real_time: Option<f64>,
}
#[derive(Clone, Debug, Serialize, Default)]
#[allow(missing_docs)]
pub struct Unsearchable {
    pub count: u64,
    pub reasons: Vec<ReasonCount>,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ReasonCount {
    pub reason: String,
    pub count: u64,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct LedgerView {
    pub size: u64,
    pub root: String,
    pub checkpoint: Option<CheckpointView>,
    /// No trusted time stamp is attached yet.
    pub stamped: bool,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct CheckpointView {
    pub size: u64,
    pub time: String,
}
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ChangeView {
    pub time: String,
    pub action: String,
    pub item: ItemId,
    pub title: String,
    pub kind: ItemKind,
}

/// The ledger, newest events first.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct LedgerPage {
    pub size: u64,
    pub root: String,
    pub checkpoint: Option<String>,
    pub vkey: String,
    pub events: Vec<CustodyView>,
    pub next: Option<u64>,
}

/// One line of `doctor`.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct DoctorLine {
    pub check: String,
    /// `ok`, `missing`, `warning`.
    pub state: &'static str,
    pub detail: String,
    pub hint: Option<String>,
}

/// One model pack.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct ModelView {
    pub name: String,
    pub kind: String,
    pub languages: Vec<String>,
    pub licence: String,
    pub sha256: Option<String>,
    pub installed: bool,
}

/// Where a finding sits, for people: `01:23.0 to 01:26.6`, `p. 2`, `row 7`.
pub fn place(locator: &Locator) -> String {
    match locator {
        Locator::Whole => String::new(),
        Locator::Span { start_ms, end_ms, .. } => format!("{} to {}", clock(*start_ms), clock(*end_ms)),
        Locator::Page { page, .. } => format!("p. {page}"),
        Locator::Bytes { start, len } => format!("bytes {start} to {}", start.saturating_add(*len)),
        Locator::Message { message_id, .. } => format!("message {message_id}"),
        Locator::Row { row } => format!("row {row}"),
    }
}

/// Milliseconds as `mm:ss.t`, or `h:mm:ss.t` from an hour on.
pub fn clock(ms: u64) -> String {
    let (h, m, s, t) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms / 100 % 10);
    if h > 0 { format!("{h}:{m:02}:{s:02}.{t}") } else { format!("{m:02}:{s:02}.{t}") }
}
