//! What people have put on record about an exhibit, as a production discloses it: phases, interception, excerpt, family,
//! legal basis, consents, corrections, errors. Plain values, gathered by the caller and written as they are.
//!
//! Nothing here is computed. `None` and an empty list mean that nobody has said; the report writes "not stated". Codes
//! (`phase`, `basis`, `decision` ...) are the stable kebab-case words of the record; texts are somebody's own words.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::edtf::Edtf;
use zapys_domain::handover::{HumanTranslation, TranslatedLine};
use zapys_domain::revision::{Mended, Revision};
use zapys_domain::transcript::Transcript;
use zapys_domain::{Actor, Instant, ItemId, ObjectId, Private, RecordId};

type Text = Private<String>;

/// Everything on record about one exhibit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Records {
    /// R1.1: phases of the Berkeley Protocol, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseChange>,
    /// The questions of intake and what was answered, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intake: Vec<Answer>,
    /// R1.3: how a web item was captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// R1.7: who told it, to whom, under which conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// R1.9: where it was cut from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<ExcerptOf>,
    /// R1.10: what is kept and protected together with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// R1.11: who translated, who reviewed, what is disputed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<TranslationNote>,
    /// R1.12: the three dates as people stated them, each with precision and basis, and earlier readings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<DateRecord>,
    /// R1.12: place, author, source, and what was said about each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<Answer>,
    /// R1.14: how a call was intercepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interception: Option<Interception>,
    /// R1.13, R1.14: whose voice it is, who says so and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voices: Vec<VoiceIdentification>,
    /// R1.43: whether voices of it are those of other recordings, who says so and on what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<VoiceComparison>,
    /// R1.15: other recordings of the same call and how they differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub twins: Vec<Twin>,
    /// R1.16: versions of the transcript that people made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
    /// R1.11: what people say that segments mean in another language, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rendered: Vec<Rendered>,
    /// R1.18: who prepared the call table and how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_table: Option<CallTableNote>,
    /// R1.19: on what legal basis it was acquired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<LegalBasis>,
    /// R1.20, R1.25, R1.28: consent or risk decisions, by pseudonym; refusals too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
    /// Statements that contradict or exonerate (R1.8); they cannot be left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<Against>,
    /// Changes of what was once stated, oldest first. The ledger holds each as an event of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrections: Vec<Correction>,
    /// R1.31: errors in handling this exhibit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorEntry>,
    /// F2: notes about the event, and how soon after it they were made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteMade>,
}
impl Records {
    /// True where nobody has put anything on record.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is on record about the case as a whole and belongs to this production.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseRecords {
    /// R1.29: what was sought, and what was not obtained.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub efforts: Vec<Effort>,
    /// R1.31: errors that concern no single exhibit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorEntry>,
    /// R1.40: what words that stand in transcripts of the exhibits are said to mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<TermEntry>,
}
impl CaseRecords {
    /// True where nobody has put anything on record.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What somebody says a word means. It stands beside the words, never among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermEntry {
    #[allow(missing_docs)]
    pub term: Text,
    /// E.g. `slang`, `call-sign`, `cipher`.
    pub sort: String,
    #[allow(missing_docs)]
    pub meaning: Text,
    /// Other words for the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Text>,
    /// How it is to be translated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendering: Option<Text>,
    /// How that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Text>,
    #[allow(missing_docs)]
    pub by: Actor,
    #[allow(missing_docs)]
    pub at: Instant,
}

/// One step from phase to phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseChange {
    /// E.g. `collection`, `preservation`, `investigative-analysis`.
    pub phase: String,
    #[allow(missing_docs)]
    pub at: Instant,
    #[allow(missing_docs)]
    pub actor: Actor,
    #[allow(missing_docs)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What was asked, e.g. `From whom was it received?`, or a field, e.g. `place`.
    pub question: String,
    /// `None`: nobody answered. A chosen "unknown" is the text `unknown`.
    pub answer: Option<Text>,
    /// On what the answer rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Text>,
}

/// How a page was captured. What is missing makes it "below Berkeley minimum".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Capture {
    pub requested_url: Option<Text>,
    pub final_url: Option<Text>,
    /// With the offset in which it was noted.
    pub time: Option<String>,
    pub server_ip: Option<Text>,
    /// Class of the capturing address, never the address, e.g. `residential`.
    pub address_class: Option<String>,
    pub user_agent: Option<Text>,
    pub status: Option<u16>,
    pub tool: Option<String>,
    pub operator: Option<String>,
    /// Whether the page's source and a capture of the full page are kept.
    pub source_kept: bool,
    pub full_page_kept: bool,
}
impl Capture {
    /// R1.3: false where address, page source or full-page capture is missing.
    pub fn meets_berkeley_minimum(&self) -> bool {
        (self.requested_url.is_some() || self.final_url.is_some()) && self.source_kept && self.full_page_kept
    }
}

/// A person's account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Account {
    /// Pseudonym.
    pub person: Option<String>,
    /// Earlier accounts, one sentence each; one or more means "do not interview again".
    pub earlier: Vec<Text>,
    pub interviewer: Option<Text>,
    pub interpreter: Option<Text>,
    pub language: Option<String>,
    pub support_person: Option<Text>,
    pub kind_of_place: Option<String>,
}

/// Where an excerpt was cut from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcerptOf {
    #[allow(missing_docs)]
    pub parent: ItemId,
    /// Start in the parent, in milliseconds.
    pub start_ms: u64,
    /// End in the parent, in milliseconds.
    pub end_ms: u64,
    #[allow(missing_docs)]
    pub extracted_by: Actor,
    #[allow(missing_docs)]
    pub reason: Text,
    /// Whether the whole is available to the receiver on request.
    pub full_available: bool,
}

/// Recording, transcripts and translations that are kept and protected as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// Id of the family.
    pub family: String,
    /// Protection of all its members, e.g. `internal`, `protected`, `sealed`.
    pub protection: String,
    /// Its members, this exhibit among them.
    pub members: Vec<ItemId>,
}

/// One translation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct TranslationNote {
    /// Language tags.
    pub from: String,
    pub to: String,
    /// Person (pseudonym) or engine and model.
    pub translator: String,
    pub reviewer: Option<String>,
    /// What is disputed, segment by segment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
}
/// A segment about whose translation people disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Dispute {
    pub segment: String,
    pub by: Actor,
    pub note: Text,
}

/// One of the dates of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateRecord {
    /// `recorded`, `published` or `collected`.
    pub which: String,
    /// `None`: "unknown" was chosen.
    pub value: Option<Edtf>,
    /// E.g. `stated-at-intake`, `exif`, `message-time`.
    pub basis: String,
    /// Other readings that remain possible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Edtf>,
}

/// How a call was intercepted. `None`: not stated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Interception {
    pub intercepted_by: Option<Text>,
    pub authority: Option<Text>,
    pub equipment: Option<Text>,
    /// Number, frequency or IMSI.
    pub target: Option<Text>,
    pub operator_place: Option<Text>,
    pub logbook: Option<Text>,
    /// Notes made at the time.
    pub notes_then: Option<Text>,
    pub shortcomings: Option<Text>,
    /// Whether all calls were kept or some were chosen, and by whom.
    pub selection: Option<Text>,
}

/// Who recognised a voice and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct VoiceIdentification {
    /// Label of the speaker in the transcript.
    pub speaker: String,
    /// Pseudonym of the person it is said to be.
    pub person: String,
    pub by: Actor,
    pub at: Instant,
    /// Why the listener knows the voice.
    pub familiarity: Option<Text>,
    /// `listener`, or a tool and its score.
    pub method: String,
    /// `low`, `moderate` or `high`.
    pub confidence: String,
    /// Denials travel with the claim (R1.43).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denials: Vec<Text>,
}

/// Somebody's word on whether two voices are one person's; nothing is said of who that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct VoiceComparison {
    /// Label of the speaker in this recording.
    pub speaker: String,
    /// The other recording, and the label there.
    pub with: ItemId,
    pub with_speaker: String,
    /// `yes`, `no`, `unknown`.
    pub same: String,
    pub familiarity: Option<Text>,
    pub confidence: Option<Text>,
    /// What it rests on.
    pub note: Option<Text>,
    /// What a tool suggested, in thousandths, and which.
    pub score: Option<u16>,
    pub tool: Option<String>,
    pub by: Actor,
    pub at: Instant,
}

/// Another recording of the same call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Twin {
    pub item: ItemId,
    pub differences: Vec<Text>,
}

/// A revision of a transcript that a person made: what it changes over the one below it, or over the machine's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Version {
    /// Counted from 1 in the order in which they were put on record; one that is missing was taken back.
    pub number: u32,
    /// The record, as a custody event names it.
    pub record: RecordId,
    pub by: Actor,
    pub at: Instant,
    /// True where it was taken back and is here because a later one lies on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    pub revision: Revision,
}
impl Version {
    /// The one that is shown.
    pub fn newest(all: &[Self]) -> Option<&Self> {
        zapys_domain::revision::newest(all, |v| (!v.withdrawn).then_some(v.revision.manner))
    }
    /// This one and what it lies on, the lowest first. `None` where one of them is not in `all`, or lies on a later one.
    pub fn chain<'a>(&'a self, all: &'a [Self]) -> Option<Vec<&'a Self>> {
        let mut chain = vec![self];
        while let Some(over) = chain.last().and_then(|v| v.revision.over) {
            let above = chain.last().map_or(0, |v| v.number);
            chain.push(all.iter().find(|v| v.record == over && v.number < above && v.revision.base == self.revision.base)?);
        }
        chain.reverse();
        Some(chain)
    }
    /// The text of this one over the machine's. `None` where what it lies on is not in `all`.
    pub fn read(&self, machine: Transcript, all: &[Self]) -> Option<Mended> {
        Some(Mended::of(machine, self.chain(all)?.iter().map(|v| (v.number, &v.revision))))
    }
}

/// Translations of segments by a person, as they put them on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Rendered {
    /// The record, as a custody event names it.
    pub record: RecordId,
    pub by: Actor,
    pub at: Instant,
    pub translation: HumanTranslation,
}
impl Rendered {
    /// What each person says of each segment now, oldest first: an earlier line of theirs about it holds no longer.
    pub fn lines(all: &[Self]) -> Vec<(&Self, &TranslatedLine)> {
        let mut lines: Vec<(&Self, &TranslatedLine)> = Vec::new();
        let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for r in all {
            for l in &r.translation.lines {
                let place = lines.len();
                lines.push((r, l));
                places.insert((r.by.id.as_str(), r.translation.language.as_str(), l.segment.as_str()), place);
            }
        }
        let newest: BTreeSet<usize> = places.into_values().collect();
        let says_something = |l: &TranslatedLine| l.text.is_some() || l.note.is_some();
        lines.into_iter().enumerate().filter(|(i, (_, l))| newest.contains(i) && says_something(l)).map(|(_, l)| l).collect()
    }
}

/// Who made a call table ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct CallTableNote {
    pub prepared_by: Option<String>,
    pub method: Option<Text>,
    pub reviewed_by: Option<String>,
    pub corrections: Vec<Text>,
}

/// On what legal basis something was acquired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalBasis {
    /// Stable word of the record, e.g. `court-order`, `consent`, `publicly-available`, `unknown`.
    pub basis: String,
    #[allow(missing_docs)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// The document, named by the digest of its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<ObjectId>,
}

/// One decision about one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Consent {
    /// Pseudonym.
    pub person: String,
    /// E.g. `icc`, `domestic-court`, `ngo-report`.
    pub purpose: String,
    /// `disclosed`, `pseudonymous` or `aggregate`.
    pub identity: Option<String>,
    /// `given`, `refused`, `withdrawn`, `risk-accepted`.
    pub decision: String,
    pub at: Instant,
    pub by: Actor,
}

/// Something that speaks against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Against {
    /// `contradicts` or `exculpatory`.
    pub relation: String,
    /// The item that says so.
    pub item: Option<ItemId>,
    #[allow(missing_docs)]
    pub text: Text,
}

/// A change of what was once stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Which field, e.g. `recorded`, `legal-basis`.
    pub field: String,
    /// What stood there; `None` where nothing did.
    pub was: Option<Text>,
    /// What stands there now; `None` where it was taken back.
    pub is: Option<Text>,
    #[allow(missing_docs)]
    pub by: Actor,
    #[allow(missing_docs)]
    pub at: Instant,
    #[allow(missing_docs)]
    pub reason: Text,
    /// Place of the custody event that records it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
}

/// An error in handling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ErrorEntry {
    pub what: Text,
    pub effect: Text,
    pub remedy: Text,
    pub by: Actor,
    pub at: Instant,
}

/// What was sought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Effort {
    pub sought: Text,
    pub place: Option<Text>,
    pub when: Option<Edtf>,
    /// What was not obtained, and why.
    pub not_obtained: Option<Text>,
    pub by: Option<Actor>,
}

/// A note about the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteMade {
    #[allow(missing_docs)]
    pub text: Text,
    /// How soon after the event, in seconds.
    pub after_s: Option<u64>,
    #[allow(missing_docs)]
    pub by: Option<Actor>,
}

/// One line of a conformance report, computed by the caller from the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConformanceRow {
    /// `leiden`, `hala` or `berkeley`.
    pub standard: String,
    /// Number of the requirement, e.g. `R1.12`, with the standard's own number where there is one.
    pub requirement: String,
    /// Which item; `None` for the case as a whole.
    pub item: Option<ItemId>,
    /// `met`, `missing` or `not-applicable`.
    pub status: String,
    /// What is there or missing, in a sentence without evidence text.
    pub detail: String,
}
