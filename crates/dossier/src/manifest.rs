//! `data/manifest.json`: what is in a production and what is not.

use crate::layout::ExhibitNo;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zapys_domain::derivation::Repeatability;
use zapys_domain::provenance::Provenance;
use zapys_domain::{
    AcquisitionId, Actor, CaseId, DerivativeKind, EngineIdentity, Finding, Instant, ItemId, ItemKind, Lang, ObjectId,
    ProductionId,
};
use zapys_ledger::{Hash, Opening};

/// Name of the format.
pub const FORMAT: &str = "zapys-production/1";

/// The whole document. `null` means that nobody has said; the report writes "unknown".
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    pub production: ProductionId,
    pub case: CaseId,
    pub case_name: String,
    pub made: Instant,
    pub made_by: Actor,
    pub program: String,
    pub selection: String,
    /// Whether a `seal` stands beside the tag manifests.
    pub sealed: bool,
    pub ledger: Ledger,
    pub exhibits: Vec<Exhibit>,
    pub left_out: Vec<LeftOut>,
    pub limitations: Vec<String>,
}

/// Head of the ledger that all proofs lead to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Ledger {
    pub origin: String,
    pub vkey: String,
    pub size: u64,
    /// Base64, as in the checkpoint.
    pub root: String,
    pub stamped: bool,
}

/// One exhibit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Exhibit {
    pub exhibit: ExhibitNo,
    pub item: ItemId,
    pub kind: ItemKind,
    pub title: String,
    /// As received.
    pub file_name: Option<String>,
    /// Path of the original in the production.
    pub file: String,
    pub object: ObjectId,
    pub bytes: u64,
    pub media_type: String,
    pub language: Lang,
    pub duration_ms: Option<u64>,
    pub status: String,
    pub recorded: Option<Dated>,
    pub published: Option<Dated>,
    pub collected: Option<Dated>,
    pub received: Option<Instant>,
    pub parent: Option<Parent>,
    pub acquisitions: Vec<Acquisition>,
    pub derivatives: Vec<Derivative>,
    /// Readable copies of derivatives.
    pub texts: Vec<TextFile>,
    pub not_derived: Vec<NotDerived>,
    pub findings: Vec<Finding>,
    pub events: Vec<EventFile>,
}

/// A date and where it comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Dated {
    pub value: String,
    pub basis: String,
}

/// The whole that an exhibit is a part of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Parent {
    pub item: ItemId,
    pub object: ObjectId,
    /// Its number, where it is an exhibit too.
    pub exhibit: Option<ExhibitNo>,
    pub start_ms: Option<u64>,
    pub end_ms: Option<u64>,
    pub reason: Option<String>,
}

/// One act of taking in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Acquisition {
    pub acquisition: AcquisitionId,
    pub time: Instant,
    pub actor: Actor,
    pub provenance: Provenance,
}

/// The output of one derivation (R1.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Derivative {
    /// Derivation key, hexadecimal.
    pub derivation: Hash,
    pub kind: DerivativeKind,
    pub engine: EngineIdentity,
    pub parameters: Value,
    pub inputs: Vec<ObjectId>,
    /// Path in the production.
    pub file: String,
    pub object: ObjectId,
    pub bytes: u64,
    pub media_type: String,
    pub repeatability: Repeatability,
    pub started: Instant,
    pub finished: Instant,
    /// False: machine output that nobody has reviewed.
    pub reviewed: bool,
}

/// A readable text made from derivatives for this production.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct TextFile {
    pub file: String,
    pub sha256: Hash,
    /// Derivation keys it was made from.
    pub derivations: Vec<Hash>,
}

/// A derivation that was due and gave nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct NotDerived {
    pub kind: DerivativeKind,
    pub reason: String,
}

/// Where a custody event and its proof stand.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct EventFile {
    pub seq: u64,
    pub event: String,
    pub proof: String,
}

/// Something that is not in the production.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LeftOut {
    pub item: Option<ItemId>,
    pub what: String,
    pub reason: String,
}

/// `proofs/openings.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Openings {
    /// [`FORMAT`].
    pub format: String,
    pub openings: Vec<Opened>,
}
/// One revealed commitment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Opened {
    /// `commit:<hex>` as it stands in the event.
    pub commitment: String,
    #[serde(flatten)]
    pub opening: Opening,
}
