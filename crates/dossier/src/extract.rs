//! What a production is made from: plain values, gathered by the caller. No store is asked here.

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
    /// When it is made.
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
    /// Further limits, one sentence each, beside those that are seen from the data.
    pub limitations: Vec<String>,
    /// What ties the custody events together.
    pub ledger: LedgerPart,
}

/// The signed head of the ledger that all proofs of a production lead to.
#[derive(Clone, Debug)]
pub struct LedgerPart {
    /// The ledger's public key.
    pub vkey: VerifierKey,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
    /// Whether a trusted time stamp over this checkpoint exists.
    pub stamped: bool,
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

/// Something that is not in the production, and why.
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
