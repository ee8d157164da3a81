//! `record`: what people put on record. Each flag is a field of the record; the same fields come as JSON through `-`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use zapys_domain::handover::RecordKind;

/// What the record is about, and what it corrects.
#[derive(Args, Debug, Default)]
pub struct About {
    /// Item ids, unique prefixes, or sha256: digests; `-` reads the fields as JSON from standard input
    #[arg(value_name = "ITEM")]
    pub items: Vec<String>,
    /// Every item of the case
    #[arg(long)]
    pub all: bool,
    /// The record that this one corrects: the old one stays visible
    #[arg(long, value_name = "RECORD", requires = "because")]
    pub corrects: Option<String>,
    /// Why it is corrected
    #[arg(long, value_name = "TEXT", requires = "corrects")]
    pub because: Option<String>,
}

#[allow(clippy::large_enum_variant, reason = "made once, from what was typed")]
#[derive(Subcommand, Debug)]
pub enum Record {
    /// A phase that items have entered
    Phase(Phase),
    /// The questions of intake, and the legal basis of the acquisition
    Intake(Intake),
    /// How a call was intercepted
    Interception(Interception),
    /// What an item was cut from
    Excerpt(Excerpt),
    /// Items that are kept and protected as one
    Family(Family),
    /// When it was recorded, published, collected; where and by whom
    Date(Dates),
    /// Who may see items and their families
    Protection(Protection),
    /// A mistake in handling, its effect and its remedy
    Error(Mistake),
    /// What was sought and what was not obtained
    Effort(Effort),
    /// A consent or ethics decision, refusals too
    Ethics(Ethics),
    /// Legal hold, set or released
    Hold(Hold),
    /// The originator is a party to the conflict
    Party(Party),
    /// How many people speak where they share a channel; `zapys process` then tells them apart anew
    Speakers(Speakers),
    /// Whether a voice is the same person's as one in another recording
    Voice(Voice),
    /// What is on record about an item, or without one about the case as a whole
    List {
        /// Item id, unique prefix, or sha256: digest
        item: Option<String>,
    },
    /// Take back what was put on record; it stays visible, with the reason
    Retract {
        /// Record id or the beginning of one
        record: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
}

/// Declares the flags of one kind and gathers those that were typed.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty = $key:literal),+ $(,)? }) => {
        #[derive(Args, Debug)]
        $(#[$meta])*
        pub struct $name {
            #[command(flatten)]
            pub about: About,
            $($(#[$fmeta])* pub $field: Option<$ty>),+
        }
        impl $name {
            /// The fields that were typed, by their names in the record.
            pub fn fields(&self) -> Map<String, Value> {
                let mut fields = Map::new();
                $(if let Some(v) = &self.$field { put(&mut fields, $key, json!(v)); })+
                fields
            }
        }
    };
}

/// Sets a field; `a.b` is the field `b` of the part `a`.
fn put(fields: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            fields.insert(key.into(), value);
        }
        Some((part, rest)) => {
            let part = fields.entry(part).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(part) = part {
                put(part, rest, value);
            }
        }
    }
}

record! {
    Phase {
        /// online-inquiry, preliminary-assessment, collection, preservation, verification, investigative-analysis
        #[arg(long)]
        phase: String = "phase",
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: String = "note",
    }
}
record! {
    #[command(after_help = "Questions with yes, no or unknown: unknown is an answer, silence is not.")]
    Intake {
        /// Who acquired it
        #[arg(long, value_name = "TEXT")]
        who: String = "who",
        /// When: EDTF or unknown
        #[arg(long, value_name = "EDTF")]
        when: String = "when",
        /// Where
        #[arg(long = "where", value_name = "TEXT")]
        place: String = "place",
        /// How
        #[arg(long, value_name = "TEXT")]
        how: String = "how",
        /// From whom
        #[arg(long, value_name = "TEXT")]
        from_whom: String = "from_whom",
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String = "why",
        /// Is the medium that it came on kept?
        #[arg(long, value_name = "yes|no|unknown")]
        medium_kept: String = "medium_kept",
        /// Where the medium is, or what became of it
        #[arg(long, value_name = "TEXT")]
        medium: String = "medium",
        /// Was it cropped?
        #[arg(long, value_name = "yes|no|unknown")]
        cropped: String = "cropped",
        /// Was it renamed?
        #[arg(long, value_name = "yes|no|unknown")]
        renamed: String = "renamed",
        /// Was it converted?
        #[arg(long, value_name = "yes|no|unknown")]
        converted: String = "converted",
        /// Was it recompressed, e.g. by a messenger?
        #[arg(long, value_name = "yes|no|unknown")]
        recompressed: String = "recompressed",
        /// What is known about such changes
        #[arg(long, value_name = "TEXT")]
        changes: String = "changes",
        /// Was it paid for, or something promised?
        #[arg(long, value_name = "yes|no|unknown")]
        paid: String = "paid",
        /// What was paid or promised
        #[arg(long, value_name = "TEXT")]
        payment: String = "payment",
        /// Is it covered by a privilege?
        #[arg(long, value_name = "yes|no|unknown")]
        privileged: String = "privileged",
        /// Was it obtained irregularly?
        #[arg(long, value_name = "yes|no|unknown")]
        irregular: String = "irregular",
        /// What is known about that
        #[arg(long, value_name = "TEXT")]
        irregularity: String = "irregularity",
        /// court-order, statute, consent, handed-over, published, cooperation, other, unknown
        #[arg(long, value_name = "KIND")]
        legal_basis: String = "legal_basis.basis",
        /// Number of the order, article of the statute
        #[arg(long, value_name = "TEXT")]
        legal_text: String = "legal_basis.text",
        /// The paper, an item of the case: its sha256: digest
        #[arg(long, value_name = "DIGEST")]
        legal_document: String = "legal_basis.document",
    }
}
record! {
    Interception {
        /// Is it an intercepted call at all? A recording counts as one until somebody says no
        #[arg(long, value_name = "yes|no|unknown")]
        intercepted: String = "intercepted",
        /// Who intercepted it
        #[arg(long = "by", value_name = "TEXT")]
        intercepted_by: String = "intercepted_by",
        /// By what authority
        #[arg(long, value_name = "TEXT")]
        authority: String = "authority",
        /// With what equipment
        #[arg(long, value_name = "TEXT")]
        equipment: String = "equipment",
        /// Number, frequency or IMSI that was listened to
        #[arg(long, value_name = "TEXT")]
        target: String = "target",
        /// Where the operator was
        #[arg(long, value_name = "TEXT")]
        operator_place: String = "operator_place",
        /// Where it stands in the logbook
        #[arg(long, value_name = "TEXT")]
        logbook: String = "logbook",
        /// Were notes made then?
        #[arg(long, value_name = "yes|no|unknown")]
        notes_made: String = "notes_made",
        /// How soon after the event the notes were made
        #[arg(long, value_name = "MINUTES")]
        notes_after: u64 = "notes_after_min",
        /// Where those notes are
        #[arg(long, value_name = "TEXT")]
        notes: String = "notes",
        /// Known shortcomings; `none known` is an answer
        #[arg(long, value_name = "TEXT")]
        shortcomings: String = "shortcomings",
        /// Were all calls kept, or some chosen, and by whom?
        #[arg(long, value_name = "TEXT")]
        selection: String = "selection",
    }
}
record! {
    Excerpt {
        /// The whole that it was cut from: an item of the case
        #[arg(long = "of", value_name = "PARENT")]
        parent: String = "parent",
        /// Where it begins in the whole
        #[arg(long = "start", value_name = "MS")]
        start_ms: u64 = "start_ms",
        /// Where it ends in the whole
        #[arg(long = "end", value_name = "MS")]
        end_ms: u64 = "end_ms",
        /// Who cut it: a pseudonym [else whoever puts it on record]
        #[arg(long = "by", value_name = "PSEUDONYM")]
        extracted_by: String = "extracted_by",
        /// Why it was cut
        #[arg(long, value_name = "TEXT")]
        reason: String = "reason",
        /// Can the whole be had? [else yes, since it is an item]
        #[arg(long, value_name = "yes|no|unknown")]
        full_available: String = "full_available",
    }
}
record! {
    Family {
        /// The item leaves the family that people put it in
        #[arg(long, num_args = 0, default_missing_value = "true")]
        leaves: bool = "leaves",
        /// What joins them
        #[arg(long, value_name = "TEXT")]
        why: String = "why",
    }
}
record! {
    #[command(after_help = "Dates are EDTF (2022, 2022-03, 2022-03-1X, 2022-03-14T10:00:00+02:00) or `unknown`. --basis and --note speak of the known dates of this command.")]
    Dates {
        /// When it was recorded
        #[arg(long, value_name = "EDTF|unknown")]
        recorded: String = "recorded.value",
        /// When it was published
        #[arg(long, value_name = "EDTF|unknown")]
        published: String = "published.value",
        /// When it was collected
        #[arg(long, value_name = "EDTF|unknown")]
        collected: String = "collected.value",
        /// Where the dates come from: stated, embedded (in the file), written (in the content)
        #[arg(long)]
        basis: String = "basis",
        /// More about the basis
        #[arg(long, value_name = "TEXT")]
        note: String = "note",
        /// Where it was recorded, or unknown
        #[arg(long, value_name = "TEXT")]
        place: String = "place",
        /// Who made it, or unknown
        #[arg(long, value_name = "TEXT")]
        author: String = "author",
        /// From whom or where it comes, or unknown
        #[arg(long, value_name = "TEXT")]
        source: String = "source",
    }
}
record! {
    Protection {
        /// public, internal, protected or sealed: for the item, its transcripts, translations, excerpts and relatives
        #[arg(long)]
        level: String = "level",
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String = "reason",
    }
}
record! {
    Mistake {
        /// What went wrong
        #[arg(long, value_name = "TEXT")]
        what: String = "what",
        /// What followed from it
        #[arg(long, value_name = "TEXT")]
        effect: String = "effect",
        /// What was done about it
        #[arg(long, value_name = "TEXT")]
        remedy: String = "remedy",
        /// Who did that
        #[arg(long, value_name = "TEXT")]
        by: String = "by",
        /// Somebody looked, and no error is known
        #[arg(long, num_args = 0, default_missing_value = "true")]
        none_known: bool = "none_known",
    }
}
record! {
    Effort {
        /// What was sought
        #[arg(long, value_name = "TEXT")]
        sought: String = "sought",
        /// Where
        #[arg(long = "where", value_name = "TEXT")]
        place: String = "place",
        /// When: EDTF or unknown
        #[arg(long, value_name = "EDTF")]
        when: String = "when",
        /// By whom
        #[arg(long, value_name = "TEXT")]
        by: String = "by",
        /// What was not obtained, and why
        #[arg(long, value_name = "TEXT")]
        not_obtained: String = "not_obtained",
    }
}
record! {
    Ethics {
        /// given, refused, withdrawn, risk-accepted, not-needed
        #[arg(long)]
        decision: String = "decision",
        /// Whom it concerns: a pseudonym
        #[arg(long, value_name = "PSEUDONYM")]
        person: String = "person",
        /// What for, e.g. icc, domestic-court, ngo-report
        #[arg(long, value_name = "TEXT")]
        purpose: String = "purpose",
        /// When it was decided: EDTF or unknown
        #[arg(long, value_name = "EDTF")]
        when: String = "when",
        /// Who decided or explained it
        #[arg(long, value_name = "TEXT")]
        by: String = "by",
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: String = "note",
    }
}
record! {
    Hold {
        /// set or released
        #[arg(long)]
        state: String = "state",
        /// By what authority
        #[arg(long, value_name = "TEXT")]
        authority: String = "authority",
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String = "reason",
    }
}
record! {
    Party {
        /// Which party
        #[arg(long, value_name = "TEXT")]
        party: String = "party",
        /// What is known about how it chose what it published; unknown is an answer
        #[arg(long, value_name = "TEXT")]
        selection: String = "selection",
        /// Every item that came from this source (as `add --source` named it), also later ones
        #[arg(long, value_name = "TEXT")]
        source: String = "source",
    }
}
record! {
    Speakers {
        /// So many
        #[arg(long, value_name = "N")]
        number: u16 = "number",
        /// How that is known
        #[arg(long, value_name = "TEXT")]
        note: String = "note",
    }
}
record! {
    #[command(after_help = "`zapys voices` suggests pairs; this puts any pair on record. Nothing is said of who it is.")]
    Voice {
        /// Speaker in this recording
        #[arg(long, value_name = "SPEAKER")]
        speaker: String = "speaker",
        /// The other recording
        #[arg(long, value_name = "ITEM")]
        with: String = "with",
        /// Speaker in the other recording
        #[arg(long, value_name = "SPEAKER")]
        with_speaker: String = "with_speaker",
        /// yes, no or unknown
        #[arg(long)]
        same: String = "same",
        /// How the listener knows the voice
        #[arg(long, value_name = "TEXT")]
        familiarity: String = "familiarity",
        /// How sure the listener is
        #[arg(long, value_name = "TEXT")]
        confidence: String = "confidence",
        /// What it rests on
        #[arg(long, value_name = "TEXT")]
        note: String = "note",
    }
}

impl Record {
    /// Kind, what it is about, and the fields that were typed; `None` for what only lists or takes back.
    pub fn typed(&self) -> Option<(RecordKind, &About, Map<String, Value>)> {
        Some(match self {
            Self::Phase(a) => (RecordKind::Phase, &a.about, a.fields()),
            Self::Intake(a) => (RecordKind::Intake, &a.about, a.fields()),
            Self::Interception(a) => (RecordKind::Interception, &a.about, a.fields()),
            Self::Excerpt(a) => (RecordKind::Excerpt, &a.about, a.fields()),
            Self::Family(a) => (RecordKind::Family, &a.about, a.fields()),
            Self::Date(a) => (RecordKind::Date, &a.about, a.dates()),
            Self::Protection(a) => (RecordKind::Protection, &a.about, a.fields()),
            Self::Error(a) => (RecordKind::Error, &a.about, a.fields()),
            Self::Effort(a) => (RecordKind::Effort, &a.about, a.fields()),
            Self::Ethics(a) => (RecordKind::Ethics, &a.about, a.fields()),
            Self::Hold(a) => (RecordKind::Hold, &a.about, a.fields()),
            Self::Party(a) => (RecordKind::Party, &a.about, a.fields()),
            Self::Speakers(a) => (RecordKind::Speakers, &a.about, a.fields()),
            Self::Voice(a) => (RecordKind::Voice, &a.about, a.fields()),
            Self::List { .. } | Self::Retract { .. } => return None,
        })
    }
}

impl Dates {
    /// Basis and note are typed once and belong to every known date of the command.
    fn dates(&self) -> Map<String, Value> {
        let mut fields = self.fields();
        let shared = [("basis", fields.shift_remove("basis")), ("note", fields.shift_remove("note"))];
        for which in ["recorded", "published", "collected"] {
            let Some(Value::Object(date)) = fields.get_mut(which) else { continue };
            if date.get("value").is_some_and(|v| v == "unknown") {
                continue;
            }
            for (name, value) in &shared {
                if let Some(value) = value {
                    date.insert((*name).into(), value.clone());
                }
            }
        }
        fields
    }
}
