//! `data/manifest.json`: what is in a production and what is not.

use crate::layout::ExhibitNo;
use crate::records::{CaseRecords, ConformanceRow, Records};
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
pub const FORMAT: &str = "zapys-production/2";
/// Names of the formats that are read. The first had no papers beside manifest and report.
pub const READ: [&str; 2] = ["zapys-production/1", FORMAT];
/// Beginning of every name of this format, whatever its version.
pub const FAMILY: &str = "zapys-production/";

/// The whole document. `null` means that nobody has said; the report writes "unknown".
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    pub production: ProductionId,
    pub case: CaseId,
    pub case_name: String,
    /// When the ledger's head was signed: the production shows the case as it stood then.
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
    /// What is on record about the case as a whole.
    #[serde(default, skip_serializing_if = "CaseRecords::is_empty")]
    pub records: CaseRecords,
    /// Files of the payload that are about the production and not evidence.
    #[serde(default)]
    pub papers: Vec<Paper>,
}

/// A file that is about the production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    #[allow(missing_docs)]
    pub file: String,
    /// What it is, in a few words.
    pub what: String,
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
    #[serde(default)]
    pub stamps: Vec<StampFiles>,
    #[serde(default)]
    pub keys: Vec<KeyPeriod>,
}

/// Files of one trusted time stamp over the checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StampFiles {
    /// Short name of the authority; its folder below `stamps/`.
    pub name: String,
    /// The files that are there, by path.
    pub files: Vec<String>,
    /// The time the stamp states, as read when the production was made.
    pub time: Option<Instant>,
}

/// A span of the ledger signed with one key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyPeriod {
    #[allow(missing_docs)]
    pub vkey: String,
    /// First tree size signed with it.
    pub from_size: u64,
    /// `first`, `rotated`, `lost` or `compromised`.
    pub reason: String,
    /// Where the event that names it stands; absent for the first.
    pub event: Option<EventFile>,
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
    /// What people have put on record about it.
    #[serde(default, skip_serializing_if = "Records::is_empty")]
    pub records: Records,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// `data/completeness.json`: what was asked for and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completeness {
    /// [`COMPLETENESS_FORMAT`].
    pub format: String,
    #[allow(missing_docs)]
    pub production: ProductionId,
    /// Size of the ledger that the production shows.
    pub ledger_size: u64,
    #[allow(missing_docs)]
    pub counts: Counts,
    /// Ids of everything that was asked for, in their order.
    pub selected: Vec<ItemId>,
    /// What is here, in the order of exhibits.
    pub included: Vec<Included>,
    /// What was asked for and is not here.
    pub left_out: Vec<LeftOut>,
    /// What belongs to something that is here and was not asked for, by number and sort, never by id.
    pub not_asked_for: Vec<LeftOut>,
}
/// Name of the format.
pub const COMPLETENESS_FORMAT: &str = "zapys-completeness/1";

/// Numbers that must add up: `case_items` = `selected` + `not_selected`, `selected` = `included` + `left_out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Counts {
    pub case_items: u64,
    pub selected: u64,
    pub not_selected: u64,
    pub included: u64,
    pub left_out: u64,
}
impl Counts {
    /// True where they add up.
    pub fn add_up(&self) -> bool {
        self.selected.checked_add(self.not_selected) == Some(self.case_items)
            && self.included.checked_add(self.left_out) == Some(self.selected)
    }
}

/// A selected item that is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Included {
    pub item: ItemId,
    pub exhibit: ExhibitNo,
}

/// `data/conformance.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Conformance {
    /// `zapys-conformance/1`.
    pub format: String,
    pub production: ProductionId,
    pub rows: Vec<ConformanceRow>,
}

/// `data/limitations.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Limitations {
    /// `zapys-limitations/1`.
    pub format: String,
    pub production: ProductionId,
    pub limitations: Vec<Limitation>,
}

/// Something that the production does not hold or prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limitation {
    /// In a sentence.
    pub text: String,
    /// The exhibits it is about; empty where it is about all of them or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exhibits: Vec<ExhibitNo>,
}
