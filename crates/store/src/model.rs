//! Rows as plain values. They use domain types only, so that nobody above needs to know SQL.

use serde_json::Value;
use std::collections::BTreeMap;
use zapys_domain::edtf::Edtf;
use zapys_domain::provenance::{Provenance, Sensitivity};
use zapys_domain::{
    AcquisitionId, Action, Actor, DerivationKey, DerivativeKind, EngineIdentity, EntrySeq, Finding, Instant, ItemId, ItemKind,
    JobId, Lang, ObjectId, Private, words,
};

words! {
    /// How far the checking of an item has come. Only people move it away from `unverified`.
    ItemStatus {
        /// Nobody has checked it.
        Unverified = "unverified",
        /// Checks have begun.
        Checking = "checking",
        /// Checks are recorded and hold.
        Verified = "verified",
        /// Checks are recorded and leave doubt.
        Doubtful = "doubtful",
        /// Checks are recorded and speak against it.
        Refuted = "refuted",
    }
}
pub use zapys_domain::handover::DateBasis;
words! {
    /// How an item was taken in.
    Method {
        /// A single file.
        File = "file",
        /// A file inside a folder that was taken in.
        Folder = "folder",
        /// A member of an archive or export.
        ArchiveMember = "archive-member",
        /// Sent through the browser or API.
        Upload = "upload",
    }
}
words! {
    /// Where a derivation ended.
    DerivationState {
        /// The output is in the vault. Such a row never changes again.
        Done = "done",
        /// It could not be made; the error says why. A later attempt may replace the row.
        Failed = "failed",
        /// There was nothing to make: no sound stream, no words, no engine for this kind.
        Skipped = "skipped",
    }
}
words! {
    /// Where a job stands.
    JobState {
        /// Waits for a worker.
        Ready = "ready",
        /// A worker holds it until the lease ends.
        Leased = "leased",
        /// Finished.
        Done = "done",
        /// Gave up.
        Failed = "failed",
        /// Withdrawn before it ran.
        Cancelled = "cancelled",
    }
}
words! {
    /// How two items belong together.
    Relation {
        /// The child was packed inside the parent.
        Member = "member",
        /// The child was sent with a message of the parent.
        Attachment = "attachment",
    }
}

/// What is known about an object beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    /// Name of the bytes.
    pub id: ObjectId,
    /// Length in bytes.
    pub bytes: u64,
    /// As recognised from the content.
    pub media_type: String,
    /// When it was first kept.
    pub first_seen: Instant,
}

/// The part of an item that people may change; every change needs a ledger entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemDetails {
    /// Shown name: file name, headline or what a person typed.
    pub title: Option<Private<String>>,
    /// How far checking has come.
    pub status: ItemStatus,
    /// Language as stated; `und` where nobody has said.
    pub lang: Lang,
    /// When it was recorded, as precisely as known.
    pub recorded: Option<Edtf>,
    /// Where that date comes from; `None` exactly where `recorded` is.
    pub recorded_basis: Option<DateBasis>,
    /// When it was published.
    pub published: Option<Edtf>,
    /// Who may see it.
    pub sensitivity: Sensitivity,
}
impl Default for ItemDetails {
    /// Nothing known: unverified, `und`, undated, internal.
    fn default() -> Self {
        Self {
            title: None,
            status: ItemStatus::Unverified,
            lang: Lang::und(),
            recorded: None,
            recorded_basis: None,
            published: None,
            sensitivity: Sensitivity::Internal,
        }
    }
}

/// An item to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// Fresh identifier.
    pub id: ItemId,
    /// Recognised from content.
    pub kind: ItemKind,
    /// Recognised from content.
    pub media_type: String,
    /// Short name of the format, e.g. `telegram-json`.
    pub format: String,
    /// The bytes. The object must have been recorded before (`Tx::add_object`).
    pub object: ObjectId,
    /// Length in bytes.
    pub bytes: u64,
    /// The item it was packed in.
    pub parent: Option<ItemId>,
    /// Path inside the parent.
    pub member_path: Option<Private<String>>,
    /// What people may change later.
    pub details: ItemDetails,
    /// When it was taken in.
    pub created: Instant,
    /// The entry that witnesses this; it must be appended in the same transaction.
    pub entry: EntrySeq,
}

/// An item with everything a list shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRow {
    #[allow(missing_docs)]
    pub id: ItemId,
    #[allow(missing_docs)]
    pub kind: ItemKind,
    #[allow(missing_docs)]
    pub media_type: String,
    #[allow(missing_docs)]
    pub format: String,
    #[allow(missing_docs)]
    pub object: ObjectId,
    /// Length in bytes.
    pub bytes: u64,
    /// The item it was packed in.
    pub parent: Option<ItemId>,
    /// Path inside the parent.
    pub member_path: Option<Private<String>>,
    /// What people may change.
    pub details: ItemDetails,
    /// When it was taken in.
    pub created: Instant,
    /// When it was collected, where that is on record and known.
    pub collected: Option<(Edtf, DateBasis)>,
    /// The entry that witnesses the newest change of this row.
    pub entry: EntrySeq,
    /// What engines found out, for lists.
    pub facts: ItemFacts,
    /// How often these bytes were taken in.
    pub n_acquisitions: u64,
    /// Where its jobs stand.
    pub work: WorkCounts,
}

/// Computed facts about an item, kept beside it so that lists are quick. Rebuilt from derivatives at will, so changing
/// them needs no ledger entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemFacts {
    /// Length in milliseconds.
    pub duration_ms: Option<u64>,
    /// Number of sound channels.
    pub channels: Option<u16>,
    /// Languages heard or read, most frequent first.
    pub languages: Vec<Lang>,
    /// Flag word and how many segments, messages or rows carry it.
    pub flags: BTreeMap<String, u64>,
    /// First words, for lists.
    pub preview: Option<Private<String>>,
    /// Waveform overview: min, max, min, max…, each -127 to 127.
    pub thumb_peaks: Option<Vec<i8>>,
    /// Segments of the transcript.
    pub n_segments: Option<u64>,
    /// Messages of a chat.
    pub n_messages: Option<u64>,
    /// Rows of a call table.
    pub n_calls: Option<u64>,
    /// Words heard or read.
    pub n_words: Option<u64>,
    /// Findings of all derivations; filled on reading, ignored on writing.
    pub n_findings: u64,
}

/// Jobs of one item or one kind, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkCounts {
    #[allow(missing_docs)]
    pub ready: u64,
    #[allow(missing_docs)]
    pub leased: u64,
    #[allow(missing_docs)]
    pub done: u64,
    #[allow(missing_docs)]
    pub failed: u64,
    #[allow(missing_docs)]
    pub cancelled: u64,
}
impl WorkCounts {
    /// Jobs that still have to run or are running.
    pub fn open(&self) -> u64 {
        self.ready + self.leased
    }
}

/// One act of taking in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcquisitionRow {
    #[allow(missing_docs)]
    pub id: AcquisitionId,
    #[allow(missing_docs)]
    pub item: ItemId,
    #[allow(missing_docs)]
    pub object: ObjectId,
    /// Who took it in.
    pub actor: Actor,
    /// When.
    pub at: Instant,
    /// How.
    pub method: Method,
    /// Where the bytes lay: file path, archive member, name of the upload.
    pub path: Option<Private<String>>,
    /// What the person said about it.
    pub provenance: Provenance,
    /// The entry that witnesses it.
    pub entry: EntrySeq,
}

/// A sealed custody event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Place in the ledger, from 0 without gaps.
    pub seq: EntrySeq,
    /// The item it is about; `None` for the case itself.
    pub item: Option<ItemId>,
    /// Count of the item's events, from 0; `None` exactly where `item` is.
    pub item_seq: Option<u64>,
    /// Time inside the event.
    pub at: Instant,
    #[allow(missing_docs)]
    pub actor: Actor,
    #[allow(missing_docs)]
    pub action: Action,
    /// The event as RFC 8785 text: exactly the bytes that were hashed.
    pub canonical: String,
    /// Merkle leaf: SHA-256(0x00 ‖ canonical).
    pub leaf: [u8; 32],
    /// SHA-256(canonical), which the item's next event names as `prev`.
    pub digest: [u8; 32],
}

/// Salt and value of one salted commitment inside an entry. Deleting it leaves the entry verifiable and mute.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    #[allow(missing_docs)]
    pub seq: EntrySeq,
    /// Name of the committed field in the event, e.g. `change`.
    pub field: String,
    /// 32 random bytes.
    pub salt: [u8; 32],
    /// The committed value.
    pub value: Value,
}

/// What must be known to append the next entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of entries; also the sequence of the next one.
    pub size: u64,
    /// The newest entry.
    pub last: Option<EntryRow>,
}

/// The newest event of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemHead {
    /// Its count within the item.
    pub item_seq: u64,
    /// Its SHA-256, for `prev`.
    pub digest: [u8; 32],
}

/// A signed size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Entries covered.
    pub size: u64,
    /// Merkle root over them.
    pub root: [u8; 32],
    /// Signed note, verbatim.
    pub note: String,
    /// When it was signed.
    pub at: Instant,
}

/// Why something failed, as it is told to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable kebab-case code.
    pub code: String,
    /// One sentence without evidence text.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// One application of an engine to an item.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivationRow {
    #[allow(missing_docs)]
    pub key: DerivationKey,
    /// The item it was computed for; another item with the same bytes has a row of its own with the same key.
    pub item: ItemId,
    #[allow(missing_docs)]
    pub kind: DerivativeKind,
    #[allow(missing_docs)]
    pub engine: EngineIdentity,
    /// Settings, canonical JSON.
    pub params: Value,
    /// Input objects in the engine's order.
    pub inputs: Vec<ObjectId>,
    #[allow(missing_docs)]
    pub state: DerivationState,
    /// Output object; present exactly for `done`.
    pub output: Option<ObjectId>,
    /// Media type of the output.
    pub output_media_type: Option<String>,
    #[allow(missing_docs)]
    pub started: Instant,
    #[allow(missing_docs)]
    pub finished: Instant,
    /// Working time in milliseconds.
    pub elapsed_ms: u64,
    /// Present exactly for `failed`; for `skipped` it may say why.
    pub failure: Option<Failure>,
    /// The entry that witnesses it.
    pub entry: EntrySeq,
}

/// What came of recording a derivation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the record now.
    New,
    /// It had been done before with the same output; nothing changed.
    Same,
    /// It had been done before with another output, which stays; the caller records a "does not repeat" finding.
    Differs {
        /// The output that stays.
        kept: ObjectId,
    },
}

/// A finding with what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    #[allow(missing_docs)]
    pub item: ItemId,
    /// The derivation that found it, or `None` for what was noticed at intake.
    pub derivation: Option<DerivationKey>,
    #[allow(missing_docs)]
    pub finding: Finding,
}

/// A job to be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Fresh identifier.
    pub id: JobId,
    #[allow(missing_docs)]
    pub item: ItemId,
    /// What is to be derived.
    pub kind: DerivativeKind,
    /// Larger runs first.
    pub priority: i32,
    /// Not to be started earlier.
    pub not_before: Instant,
}

/// What came of queueing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// A new job, or a closed one opened again under the new identifier.
    Ready,
    /// Such a job waits or runs already; nothing changed.
    AlreadyOpen,
}

/// A queued application of an engine. There is at most one per item and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    #[allow(missing_docs)]
    pub id: JobId,
    #[allow(missing_docs)]
    pub item: ItemId,
    #[allow(missing_docs)]
    pub kind: DerivativeKind,
    #[allow(missing_docs)]
    pub priority: i32,
    #[allow(missing_docs)]
    pub state: JobState,
    /// How often a worker took it.
    pub attempts: u32,
    #[allow(missing_docs)]
    pub not_before: Instant,
    /// Which worker holds it.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<Instant>,
    /// Why it failed, newest attempt.
    pub failure: Option<Failure>,
    #[allow(missing_docs)]
    pub created: Instant,
    #[allow(missing_docs)]
    pub updated: Instant,
}

/// How a kind of derivation is getting on over the whole case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageCount {
    #[allow(missing_docs)]
    pub kind: DerivativeKind,
    #[allow(missing_docs)]
    pub work: WorkCounts,
    /// Mean working time of finished derivations in milliseconds, where there are any.
    pub mean_ms: Option<u64>,
}

/// How much sound a kind of derivation has worked through, and how much waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundCount {
    #[allow(missing_docs)]
    pub kind: DerivativeKind,
    /// Recordings and videos whose job waits or runs.
    pub open: u64,
    /// Their length together in milliseconds, of those whose length is known.
    pub open_ms: u64,
    /// Those of unknown length.
    pub unknown: u64,
    /// Recordings and videos that are done.
    pub done: u64,
    /// Their length together in milliseconds.
    pub done_ms: u64,
    /// Working time of these in milliseconds.
    pub took_ms: u64,
}
impl Default for SoundCount {
    fn default() -> Self {
        Self { kind: DerivativeKind::Probe, open: 0, open_ms: 0, unknown: 0, done: 0, done_ms: 0, took_ms: 0 }
    }
}

/// A related item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationRow {
    #[allow(missing_docs)]
    pub parent: ItemId,
    #[allow(missing_docs)]
    pub child: ItemId,
    #[allow(missing_docs)]
    pub relation: Relation,
    /// Path in the archive, message id…
    pub detail: Option<Private<String>>,
    /// The entry that witnesses it.
    pub entry: EntrySeq,
}

/// Numbers about the whole case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseCounts {
    #[allow(missing_docs)]
    pub items: u64,
    /// Sum of the items' lengths in bytes.
    pub bytes: u64,
    #[allow(missing_docs)]
    pub objects: u64,
    #[allow(missing_docs)]
    pub acquisitions: u64,
    /// Segments of machine transcripts.
    pub segments: u64,
    #[allow(missing_docs)]
    pub by_kind: BTreeMap<ItemKind, u64>,
    #[allow(missing_docs)]
    pub by_status: BTreeMap<ItemStatus, u64>,
}
