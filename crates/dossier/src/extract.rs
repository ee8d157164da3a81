//! What a production is made from: plain values, gathered by the caller. No store is asked here.

use crate::records::{CaseRecords, ConformanceRow, Records};
use serde_json::Value;
use std::io::{self, Read};
use zapys_domain::derivation::Repeatability;
use zapys_domain::edtf::Edtf;
use zapys_domain::provenance::Provenance;
use zapys_domain::{
    AcquisitionId, Actor, CaseId, DerivationKey, DerivativeKind, EngineIdentity, Finding, Instant, ItemId, ItemKind, Lang,
    ObjectId, Private, ProductionId,
};
use zapys_ledger::{Hash, Opening, VerifierKey};

/// Where the bytes of objects come from.
pub trait Objects {
    /// Opens the plain bytes of an object. What is read is hashed and compared with the name; the reader need not.
    fn open(&self, object: &ObjectId) -> io::Result<Box<dyn Read + '_>>;
}

/// Everything that goes into one production.
#[derive(Clone, Debug)]
pub struct Extract {
    /// Name of the production.
    pub production: ProductionId,
    /// The case it comes from.
    pub case: CaseId,
    /// Name of the case, as the receiver may know it.
    pub case_name: Private<String>,
    /// When the ledger's head ([`LedgerPart::checkpoint`]) was signed. A production shows the case as it stood then, and the
    /// moment of packing is no part of it: the same selection at the same head gives the same bytes.
    pub made: Instant,
    /// Who makes it.
    pub made_by: Actor,
    /// Program and version, e.g. `zapys 0.1.0`.
    pub program: String,
    /// What was asked for, in words, e.g. `All items of the case`.
    pub selection: String,
    /// In the order in which they are numbered: the first becomes E-0001.
    pub exhibits: Vec<Exhibit>,
    /// What was asked for or belongs to it and is not here.
    pub left_out: Vec<LeftOut>,
    /// What was asked for, by id and number; what the production accounts for.
    pub selected: Selected,
    /// What is on record about the case as a whole.
    pub case_records: CaseRecords,
    /// Requirement by requirement, what the record fulfils and lacks.
    pub conformance: Vec<ConformanceRow>,
    /// What is known about the engines beside what each derivation names, for the certificate drafts.
    pub processes: Vec<Process>,
    /// Further limits, one sentence each, beside those that are seen from the data.
    pub limitations: Vec<String>,
    /// What ties the custody events together.
    pub ledger: LedgerPart,
}

/// The signed head of the ledger that all proofs of a production lead to.
#[derive(Clone, Debug)]
pub struct LedgerPart {
    /// The ledger's present public key, with which the production is sealed.
    pub vkey: VerifierKey,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
    /// Trusted time stamps over this checkpoint.
    pub stamps: Vec<StampPart>,
    /// Keys of this ledger, oldest first; the last one is [`LedgerPart::vkey`]. Empty: there was never another.
    pub keys: Vec<KeyPeriod>,
}

/// One trusted time stamp, as raw files. Which is there depends on its sort.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StampPart {
    /// Short name of the authority for file names, `[a-z0-9-]`, e.g. `tsa-1`, `ots`.
    pub name: String,
    /// RFC 3161 request.
    pub tsq: Option<Vec<u8>>,
    /// RFC 3161 reply.
    pub tsr: Option<Vec<u8>>,
    /// Certificates of the authority up to its root, PEM.
    pub chain_pem: Option<Vec<u8>>,
    /// Lists of revoked certificates, as of the day of the stamp.
    pub crls: Vec<Vec<u8>>,
    /// OpenTimestamps proof.
    pub ots: Option<Vec<u8>>,
    /// The block header that the proof leads to, 80 bytes.
    pub block_header: Option<Vec<u8>>,
    /// The checkpoint as it was stamped, where witnesses have signed it since; the same head, with fewer signatures.
    pub checkpoint: Option<Vec<u8>>,
    /// The time the stamp states, where it was read.
    pub time: Option<Instant>,
}

impl StampPart {
    /// The files that are there, by the names they get.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, &[u8])> {
        let one = [&self.tsq, &self.tsr, &self.chain_pem, &self.ots, &self.block_header, &self.checkpoint];
        let named = crate::layout::STAMP_FILES.into_iter().zip(one).filter_map(|(n, b)| Some((n.to_owned(), b.as_deref()?)));
        let lists = self.crls.iter().enumerate().map(|(i, b)| (crate::layout::revocations(i), b.as_slice()));
        named.chain(lists)
    }
}

/// A span of the ledger signed with one key (R2.5).
#[derive(Clone, Debug)]
pub struct KeyPeriod {
    #[allow(missing_docs)]
    pub vkey: VerifierKey,
    /// Smallest tree size signed with it; 0 for the first.
    pub from_size: u64,
    /// Why it came: `first`, `rotated`, `lost` or `compromised`.
    pub reason: String,
    /// The event that names it; `None` for the first.
    pub event: Option<KeyEvent>,
}

/// The event that names a key, and its proof.
#[derive(Clone, Debug)]
pub struct KeyEvent {
    /// Canonical bytes, as stored.
    pub canonical: Vec<u8>,
    /// Siblings from its leaf to the root of the checkpoint below.
    pub inclusion: Vec<Hash>,
    /// For a key that the one before it vouches for: the checkpoint over this event, signed by that one. `None`: the proof
    /// leads to [`LedgerPart::checkpoint`], and nobody vouches.
    pub checkpoint: Option<String>,
}

impl LedgerPart {
    /// The key that signs a checkpoint over `size` entries.
    pub fn key_at(&self, size: u64) -> &VerifierKey {
        self.keys.iter().rev().find(|k| k.from_size <= size).map_or(&self.vkey, |k| &k.vkey)
    }
}

/// What is known about an engine (R1.24). `None`: not stated.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Process {
    /// Name as in [`EngineIdentity::name`].
    pub engine: String,
    /// Measured error rates and on what, in a sentence.
    pub error_rates: Option<String>,
    /// Known limits, a sentence each.
    pub limits: Vec<String>,
    /// Where tests of it can be seen.
    pub tests: Option<String>,
}

/// What was asked for: every selected item is an exhibit or stands in [`Extract::left_out`] with a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Number of all items of the case when the checkpoint was signed.
    pub case_items: u64,
    /// Everything that was asked for.
    pub items: Vec<ItemId>,
}

zapys_domain::words! {
    /// What people have found out about an item so far.
    Status {
        /// Nobody has checked it.
        Unverified = "unverified",
        /// Some checks are done.
        Partly = "partly",
        /// All checks are done and agree.
        Verified = "verified",
        /// The checks decide nothing.
        Inconclusive = "inconclusive",
        /// The checks speak against it.
        Disproved = "disproved",
    }
}

/// One item in a production.
#[derive(Clone, Debug)]
pub struct Exhibit {
    #[allow(missing_docs)]
    pub item: ItemId,
    #[allow(missing_docs)]
    pub kind: ItemKind,
    /// Heading in the report.
    pub title: Private<String>,
    /// Name of the file as received. It appears in the report and the manifest, never as a name in the package.
    pub file_name: Option<Private<String>>,
    /// The original.
    pub object: ObjectId,
    /// Its length.
    pub bytes: u64,
    #[allow(missing_docs)]
    pub media_type: String,
    #[allow(missing_docs)]
    pub language: Lang,
    /// Length of sound, in milliseconds.
    pub duration_ms: Option<u64>,
    #[allow(missing_docs)]
    pub status: Status,
    /// When it was recorded, published, collected; `None` is written as "unknown".
    pub recorded: Option<Dated>,
    #[allow(missing_docs)]
    pub published: Option<Dated>,
    #[allow(missing_docs)]
    pub collected: Option<Dated>,
    /// When it came to the case.
    pub received: Option<Instant>,
    /// The whole that this is a part of.
    pub parent: Option<Parent>,
    /// Every act of taking in, as far as it is disclosed.
    pub acquisitions: Vec<Acquisition>,
    /// What engines made of it.
    pub derivatives: Vec<Derivative>,
    /// Derivations that were due and gave nothing, with the reason in a sentence.
    pub not_derived: Vec<(DerivativeKind, String)>,
    /// What was noticed about the item itself.
    pub findings: Vec<Finding>,
    /// What people have put on record about it.
    pub records: Records,
    /// Every custody event about the item, oldest first, without gaps.
    pub events: Vec<CustodyEntry>,
}

/// A date and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The date as precisely as known.
    pub value: Edtf,
    /// E.g. `stated at intake`, `EXIF`, `message time`.
    pub basis: String,
}

/// The whole that an item is a part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Which item.
    pub item: ItemId,
    /// Its bytes; needed unless the parent is itself an exhibit.
    pub object: Option<ObjectId>,
    /// For an excerpt: the span in the parent, in milliseconds.
    pub span_ms: Option<(u64, u64)>,
    /// For an excerpt: who cut it and why, in a sentence.
    pub reason: Option<String>,
}

/// One act of taking in.
#[derive(Clone, Debug)]
pub struct Acquisition {
    #[allow(missing_docs)]
    pub acquisition: AcquisitionId,
    #[allow(missing_docs)]
    pub time: Instant,
    #[allow(missing_docs)]
    pub actor: Actor,
    /// What was said about where it comes from; blank out what is not disclosed.
    pub provenance: Provenance,
}

/// The output of one derivation.
#[derive(Clone, Debug)]
pub struct Derivative {
    #[allow(missing_docs)]
    pub key: DerivationKey,
    #[allow(missing_docs)]
    pub kind: DerivativeKind,
    #[allow(missing_docs)]
    pub engine: EngineIdentity,
    /// Everything it ran with.
    pub parameters: Value,
    /// What it was computed from.
    pub inputs: Vec<ObjectId>,
    /// The output. Kinds other than `proxy` are read as JSON documents of the domain and shown.
    pub object: ObjectId,
    /// Length of the output.
    pub bytes: u64,
    /// Media type of the output, e.g. `application/json`, `audio/ogg`.
    pub media_type: String,
    #[allow(missing_docs)]
    pub repeatability: Repeatability,
    #[allow(missing_docs)]
    pub started: Instant,
    #[allow(missing_docs)]
    pub finished: Instant,
}

/// One custody event with its proof.
#[derive(Clone, Debug)]
pub struct CustodyEntry {
    /// Canonical bytes, as stored.
    pub canonical: Vec<u8>,
    /// Siblings from its leaf to the root of [`LedgerPart::checkpoint`].
    pub inclusion: Vec<Hash>,
    /// Openings of the commitments that are revealed with this production.
    pub openings: Vec<Opening>,
}

/// Something that is not in the production, and why. With an id: it was asked for. Without one: it belongs to something that
/// is here and was not asked for; then `what` gives number and sort only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which item, where it is one.
    pub item: Option<ItemId>,
    /// What it is, without protected words, e.g. `recording`, `translation of E-0003`.
    pub what: String,
    /// Why it is not here, in a sentence.
    pub reason: String,
}

/// A gate that a production did not pass.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// Stable name of the gate, e.g. `original-unchanged`.
    pub gate: String,
    /// What stands in the way: an item, an object, an event.
    pub subject: String,
    /// Why, in a sentence.
    pub reason: String,
}
