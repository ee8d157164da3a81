//! The fields of each kind of record. Nothing is guessed: what nobody said is `None`, and "unknown" is an answer.

use super::Text;
use crate::edtf::{Day, Edtf};
use crate::provenance::Sensitivity;
use crate::revision::ReadFrom;
use crate::transcript::Transcript;
use crate::{Actor, ItemId, Lang, ObjectId, RecordId, words};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Stamps a struct of optional fields that are written only where somebody filled them in.
macro_rules! fields {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$fmeta])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$ty>),+ }
    };
}

words! {
    /// An answer to a question that can be answered so.
    Answer {
        #[allow(missing_docs)] Yes = "yes",
        #[allow(missing_docs)] No = "no",
        /// Asked, and nobody knows.
        Unknown = "unknown",
    }
}
words! {
    /// The phases that the Berkeley Protocol tells apart.
    Phase {
        #[allow(missing_docs)] OnlineInquiry = "online-inquiry",
        #[allow(missing_docs)] PreliminaryAssessment = "preliminary-assessment",
        #[allow(missing_docs)] Collection = "collection",
        #[allow(missing_docs)] Preservation = "preservation",
        #[allow(missing_docs)] Verification = "verification",
        #[allow(missing_docs)] InvestigativeAnalysis = "investigative-analysis",
    }
}
words! {
    /// On what sort of legal basis something was acquired.
    LegalGround {
        /// A court or judge ordered or allowed it.
        CourtOrder = "court-order",
        /// A statute allows it without a court.
        Statute = "statute",
        /// The person concerned agreed.
        Consent = "consent",
        /// Whoever holds it handed it over of their own accord.
        HandedOver = "handed-over",
        /// It was published for everybody.
        Published = "published",
        /// A treaty or an agreement between authorities.
        Cooperation = "cooperation",
        /// Something else; the text says what.
        Other = "other",
        /// Asked, and nobody knows.
        Unknown = "unknown",
    }
}
words! {
    /// Where a date comes from.
    DateBasis {
        /// A person said so.
        Stated = "stated",
        /// The file carries it.
        Embedded = "embedded",
        /// It is written in the content.
        Written = "written",
    }
}
words! {
    /// What was decided about consent or risk.
    Decision {
        #[allow(missing_docs)] Given = "given",
        #[allow(missing_docs)] Refused = "refused",
        #[allow(missing_docs)] Withdrawn = "withdrawn",
        /// Nobody could be asked, and the risk was weighed and accepted.
        RiskAccepted = "risk-accepted",
        /// Nobody who could consent is concerned.
        NotNeeded = "not-needed",
    }
}
impl Decision {
    /// True where nothing may be handed over.
    pub fn forbids(self) -> bool {
        matches!(self, Self::Refused | Self::Withdrawn)
    }
}
words! {
    /// What became of a legal hold.
    HoldState {
        /// Nothing about the item may be destroyed.
        Set = "set",
        #[allow(missing_docs)] Released = "released",
    }
}

/// A phase that an item has entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseChange {
    #[allow(missing_docs)]
    pub phase: Phase,
    /// Why, in somebody's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

fields! {
    /// On what legal basis something was acquired: sort, words and paper (R1.19).
    LegalBasis {
        /// Which sort.
        basis: LegalGround,
        /// The words: number of the order, article of the statute.
        text: Text,
        /// The paper itself, an item of the case.
        document: ObjectId,
    }
}

fields! {
    /// Answers to the questions that intake asks.
    IntakeAnswers {
        /// Who acquired it.
        who: Text,
        /// When.
        when: DateValue,
        /// Where.
        place: Text,
        /// How.
        how: Text,
        /// From whom.
        from_whom: Text,
        /// Why.
        why: Text,
        /// Is the medium that it came on kept?
        medium_kept: Answer,
        /// Where it is kept, or what became of it.
        medium: Text,
        #[allow(missing_docs)]
        cropped: Answer,
        #[allow(missing_docs)]
        renamed: Answer,
        #[allow(missing_docs)]
        converted: Answer,
        /// E.g. by a messenger.
        recompressed: Answer,
        /// What is known about such changes.
        changes: Text,
        /// Was it paid for, or something promised?
        paid: Answer,
        /// What was paid or promised.
        payment: Text,
        /// Is it covered by a privilege?
        privileged: Answer,
        /// Was it obtained irregularly?
        irregular: Answer,
        /// What is known about that.
        irregularity: Text,
        /// On what legal basis.
        legal_basis: LegalBasis,
    }
}

fields! {
    /// How a call was intercepted: by others, never by this program (R1.14).
    Interception {
        /// Is it an intercepted call at all? A recording counts as one until somebody says no.
        intercepted: Answer,
        #[allow(missing_docs)]
        intercepted_by: Text,
        #[allow(missing_docs)]
        authority: Text,
        #[allow(missing_docs)]
        equipment: Text,
        /// Number, frequency or IMSI that was listened to.
        target: Text,
        /// Where the operator was.
        operator_place: Text,
        /// Where it stands in the logbook.
        logbook: Text,
        /// Were notes made then?
        notes_made: Answer,
        /// How soon after the event, in minutes (F2).
        notes_after_min: u64,
        /// Where those notes are.
        notes: Text,
        /// Known shortcomings; "none known" is an answer.
        shortcomings: Text,
        /// Were all calls kept, or some chosen, and by whom?
        selection: Text,
    }
}

/// What an item was cut from. There is none without a whole and a span: the only ways in check both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Cut", into = "Cut")]
pub struct Excerpt {
    parent: ItemId,
    start_ms: u64,
    end_ms: u64,
    extracted_by: Actor,
    reason: Text,
    full_available: Answer,
}
impl Excerpt {
    /// An excerpt of `parent` from `start_ms` to `end_ms` on its media clock. Errors: `None` where the span is empty.
    pub fn new(
        parent: ItemId,
        start_ms: u64,
        end_ms: u64,
        extracted_by: Actor,
        reason: Text,
        full_available: Answer,
    ) -> Option<Self> {
        (start_ms < end_ms).then_some(Self { parent, start_ms, end_ms, extracted_by, reason, full_available })
    }
    /// The whole.
    pub fn parent(&self) -> ItemId {
        self.parent
    }
    /// Start and end in the whole, in milliseconds.
    pub fn span_ms(&self) -> (u64, u64) {
        (self.start_ms, self.end_ms)
    }
    /// Who cut it: a pseudonym.
    pub fn extracted_by(&self) -> &Actor {
        &self.extracted_by
    }
    /// Why.
    pub fn reason(&self) -> &Text {
        &self.reason
    }
    /// Whether the whole can be had.
    pub fn full_available(&self) -> Answer {
        self.full_available
    }
}
/// An excerpt as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cut {
    parent: ItemId,
    start_ms: u64,
    end_ms: u64,
    extracted_by: String,
    reason: Text,
    full_available: Answer,
}
impl TryFrom<Cut> for Excerpt {
    type Error = &'static str;
    fn try_from(c: Cut) -> Result<Self, Self::Error> {
        let by = Actor::parse(&c.extracted_by).ok_or("a pseudonym such as person:a")?;
        Self::new(c.parent, c.start_ms, c.end_ms, by, c.reason, c.full_available).ok_or("a span that begins before it ends")
    }
}
impl From<Excerpt> for Cut {
    fn from(e: Excerpt) -> Self {
        Self {
            parent: e.parent,
            start_ms: e.start_ms,
            end_ms: e.end_ms,
            extracted_by: e.extracted_by.id,
            reason: e.reason,
            full_available: e.full_available,
        }
    }
}

/// Items that belong together, or an item that leaves its family. Transcripts and translations belong to their recording
/// by construction, and an excerpt to its whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FamilyTie {
    /// The other members; their families are joined.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<ItemId>,
    /// The item leaves the family that people put it in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub leaves: bool,
    /// What joins them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Text>,
}

/// A date as somebody knows it, or the choice of "unknown".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DateValue {
    #[allow(missing_docs)]
    Known(Edtf),
    /// Somebody chose that nobody knows.
    Unknown,
}
impl DateValue {
    /// The date, where it is known.
    pub fn known(&self) -> Option<&Edtf> {
        match self {
            Self::Known(e) => Some(e),
            Self::Unknown => None,
        }
    }
    /// Reads a date or `unknown`. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "unknown" => Some(Self::Unknown),
            text => Edtf::parse(text).map(Self::Known),
        }
    }
}
impl TryFrom<String> for DateValue {
    type Error = &'static str;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        Self::parse(&s).ok_or("a date such as 2022-03-1X, or unknown")
    }
}
impl From<DateValue> for String {
    fn from(d: DateValue) -> Self {
        d.known().map_or_else(|| "unknown".into(), |e| e.as_str().to_owned())
    }
}

/// One date: what, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateChoice {
    #[allow(missing_docs)]
    pub value: DateValue,
    /// Present exactly where the date is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<DateBasis>,
    /// More about the basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

words! {
    /// The three dates that are kept apart.
    WhichDate {
        #[allow(missing_docs)] Recorded = "recorded",
        #[allow(missing_docs)] Published = "published",
        #[allow(missing_docs)] Collected = "collected",
    }
}

fields! {
    /// When, where and by whom, as far as one person says it at a time; a later record speaks only of what it names.
    Dates {
        #[allow(missing_docs)]
        recorded: DateChoice,
        #[allow(missing_docs)]
        published: DateChoice,
        #[allow(missing_docs)]
        collected: DateChoice,
        /// Where it was recorded; `unknown` is an answer.
        place: Text,
        /// Who made it; `unknown` is an answer.
        author: Text,
        /// From whom or where it comes; `unknown` is an answer.
        source: Text,
    }
}
impl Dates {
    /// The dates that this record speaks of.
    pub fn choices(&self) -> Vec<(WhichDate, &DateChoice)> {
        WhichDate::ALL.iter().filter_map(|w| self.of(*w).map(|c| (*w, c))).collect()
    }
    /// What it says about one of the dates.
    pub fn of(&self, which: WhichDate) -> Option<&DateChoice> {
        match which {
            WhichDate::Recorded => self.recorded.as_ref(),
            WhichDate::Published => self.published.as_ref(),
            WhichDate::Collected => self.collected.as_ref(),
        }
    }
}

words! {
    /// How precisely a date is known: the longest stretch it may mean.
    Precision {
        /// To the second, with an offset.
        Moment = "moment",
        #[allow(missing_docs)] Day = "day",
        #[allow(missing_docs)] Month = "month",
        #[allow(missing_docs)] Year = "year",
        /// More than a year.
        Longer = "longer",
        /// One end is not known.
        Open = "open",
    }
}
impl Precision {
    /// How precise a date is.
    pub fn of(date: &Edtf) -> Self {
        if date.as_str().contains('T') && !date.as_str().contains('/') {
            return Self::Moment;
        }
        let (Some(from), Some(to)) = (date.earliest(), date.latest()) else { return Self::Open };
        let month = |d: Day| i64::from(d.0) * 12 + i64::from(d.1);
        match month(to) - month(from) {
            _ if from == to => Self::Day,
            0 => Self::Month,
            1..12 => Self::Year,
            _ => Self::Longer,
        }
    }
}

/// Who may see an item and its family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    #[allow(missing_docs)]
    pub level: Sensitivity,
    #[allow(missing_docs)]
    pub reason: Text,
}

/// A mistake in handling; or that none is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mistake {
    #[allow(missing_docs)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<Text>,
    #[allow(missing_docs)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Text>,
    #[allow(missing_docs)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Text>,
    /// Who mended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Text>,
    /// Somebody looked, and no error is known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub none_known: bool,
}

fields! {
    /// What was sought.
    Effort {
        #[allow(missing_docs)]
        sought: Text,
        #[allow(missing_docs)]
        place: Text,
        #[allow(missing_docs)]
        when: DateValue,
        #[allow(missing_docs)]
        by: Text,
        /// What was not obtained, and why; "nothing is missing" is an answer.
        not_obtained: Text,
    }
}

/// What was decided about consent or risk, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EthicsDecision {
    #[allow(missing_docs)]
    pub decision: Decision,
    /// Whom it concerns: a pseudonym.
    pub person: Text,
    /// What for, e.g. `icc`, `domestic-court`, `ngo-report`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Text>,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<DateValue>,
    /// Who decided or explained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Text>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// How many people speak in a recording whose parties share a channel, in somebody's view. Voices are told apart accordingly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerCount {
    #[allow(missing_docs)]
    pub number: u16,
    /// How that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// Somebody's word on whether two voices are one person's (R1.14, R1.43). It says nothing of who that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceComparison {
    /// Speaker id in the recording that the record is about.
    pub speaker: String,
    /// The other recording.
    pub with: ItemId,
    /// Speaker id in that one.
    pub with_speaker: String,
    /// Whether it is one person.
    pub same: Answer,
    /// How the listener knows the voice, or that they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub familiarity: Option<Text>,
    /// How sure the listener is, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Text>,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// Score of a tool, in thousandths, where one suggested it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u16>,
    /// Which tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The documents that name these speakers: letters of a later one may mean others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<ObjectId>,
    #[allow(missing_docs)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_turns: Option<ObjectId>,
}

words! {
    /// What kind of word a term of the glossary is.
    TermSort {
        /// Said among themselves instead of the usual word.
        Slang = "slang",
        /// A name that somebody goes by on the air.
        CallSign = "call-sign",
        /// A word or number that was agreed on to mean something else.
        Cipher = "cipher",
        #[allow(missing_docs)] Abbreviation = "abbreviation",
        /// Name of a place, unit, weapon or other thing, as they say it.
        Name = "name",
        #[allow(missing_docs)] Other = "other",
    }
}

/// What somebody says a word means in this case (R1.40). It stands beside the words of transcripts and never among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The word or words as they are said, in their base form.
    pub term: Text,
    /// What kind of word it is.
    pub sort: TermSort,
    /// What it means.
    pub meaning: Text,
    /// Other words for the same; grammatical forms are found by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Text>,
    /// How it is to be translated. Goes to the translator with the words, a meaning never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendering: Option<Text>,
    /// How that is known: who explained it, where it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Text>,
}
impl Term {
    /// Longest term, other word or rendering, in characters.
    pub const MAX_CHARS: usize = 200;
    /// Most other words for one.
    pub const MAX_ALSO: usize = 50;

    /// Every way to say it.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.term).chain(&self.also).map(|t| t.reveal().as_str())
    }
    /// True where it can be looked for in a text: each way to say it holds a letter or digit and is a short line, and they are few.
    pub(super) fn can_be_found(&self) -> bool {
        let short = |t: &str| t.chars().count() <= Self::MAX_CHARS && !t.contains(char::is_control);
        self.also.len() <= Self::MAX_ALSO
            && self.words().all(|w| short(w) && w.chars().any(char::is_alphanumeric))
            && self.rendering.as_ref().is_none_or(|r| short(r.reveal()))
    }
}

/// What segments of a transcript mean in another language, in somebody's words (R1.11). It stands beside translations of machines and
/// of others, and takes the place of none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HumanTranslation {
    /// The machine's transcript at the bottom of what was translated, by its digest.
    pub base: ObjectId,
    /// The revision whose words were translated; `None`: the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<RecordId>,
    /// Language that is translated into.
    pub language: Lang,
    #[allow(missing_docs)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// The form that it was read from, and the digest of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_from: Option<ReadFrom>,
    /// Segment by segment; an earlier line of the same person about one of them holds no longer.
    pub lines: Vec<TranslatedLine>,
}
/// The translation of one segment. Where it has neither text nor note, its author takes back what they said of the segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranslatedLine {
    /// Which.
    pub segment: String,
    /// The words that were translated.
    pub of: Text,
    /// What they mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
    /// What is disputed, or cannot be translated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}
impl HumanTranslation {
    /// Why the lines do not hold over those words, where they do not.
    pub fn amiss(&self, words: &Transcript) -> Option<&'static str> {
        let there: BTreeMap<&str, &str> = words.segments.iter().map(|s| (s.id.as_str(), s.text.as_str())).collect();
        self.lines.iter().find_map(|l| match there.get(l.segment.as_str()) {
            None => Some("a segment is none of the recording"),
            Some(text) if *text != l.of.reveal() => Some("the words of a segment are not those that were translated"),
            Some(_) => None,
        })
    }
    /// True where each segment stands in it once.
    pub(super) fn is_in_order(&self) -> bool {
        let mut seen = BTreeSet::new();
        !self.lines.is_empty() && !self.language.is_und() && self.lines.iter().all(|l| seen.insert(l.segment.as_str()))
    }
}

/// A legal hold, set or released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    #[allow(missing_docs)]
    pub state: HoldState,
    /// By what authority.
    pub authority: Text,
    #[allow(missing_docs)]
    pub reason: Text,
}

/// The originator is a party to the conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyOrigin {
    /// Which party, as far as it is said.
    pub party: Text,
    /// What is known about how the originator chose it; the answer `unknown` is one too.
    pub selection: Text,
    /// Every item that came from this source, also later ones. `None`: only the items that the record is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_12_precision_is_how_long_a_date_may_be() {
        let check = |date: &str, precision| assert_eq!(Precision::of(&Edtf::parse(date).expect("a date")), precision, "{date}");
        check("2022-03-14T10:00:00+02:00", Precision::Moment);
        check("2022-03-14", Precision::Day);
        check("2022-03-14~", Precision::Day);
        check("2022-03-1X", Precision::Month);
        check("2022-03", Precision::Month);
        check("2022", Precision::Year);
        check("2022-03/2022-08", Precision::Year);
        check("202X", Precision::Longer);
        check("2022/..", Precision::Open);
    }
}
