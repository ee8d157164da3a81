//! Which engine makes which derivative of which kind of item. Readers of `formats` run as engines too, through an adapter.

use crate::error::CaseError;
use crate::open::Casework;
use crate::{Result, Settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use zapys_domain::derivation::Repeatability;
use zapys_domain::handover::{RecordBody, RecordKind};
use zapys_domain::kind::Recognised;
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, ItemId, ItemKind, RecordId};
use zapys_engines::speech::choice::Second;
use zapys_engines::translate::TermRendering;
use zapys_engines::{Contract, Emitted, Engine, EngineError, Engines, EnginesConfig, Work, WriteJson};
use zapys_formats::Reading;
use zapys_store::{DerivationRow, ItemRow};

use DerivativeKind::{
    Calls, Decode, Enhanced, Messages, Peaks, Probe, Proxy, SecondTranscript, SecondTranslation, Speakers, Speech, Text,
    Transcript, Translation, VoicePrints,
};

/// What the operator wants beside that which is always made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Another language beside the words.
    pub translate: bool,
    /// Another translation beside the first.
    pub translate_twice: bool,
    /// Speech heard once more.
    pub second: bool,
    /// Prints of speakers' voices.
    pub prints: bool,
    /// A copy that is easier to listen to.
    pub enhance: bool,
}
impl Wanted {
    /// Whatever can be made.
    pub const ALL: Self = Self { translate: true, translate_twice: true, second: true, prints: true, enhance: true };
}

/// What is to be derived from an item, in an order in which each comes after what it needs.
pub(crate) fn plan(what: &Recognised, wanted: Wanted) -> Vec<DerivativeKind> {
    let mut all: Vec<DerivativeKind> = zapys_formats::readers_for(what).iter().map(|r| r.gives()).collect();
    match what.kind {
        ItemKind::Recording | ItemKind::Video => {
            all.extend([Probe, Decode, Peaks, Proxy, Speech, Speakers, Transcript]);
            all.extend(wanted.translate.then_some(Translation));
            all.extend(wanted.translate_twice.then_some(SecondTranslation));
            all.extend(wanted.second.then_some(SecondTranscript));
            all.extend(wanted.prints.then_some(VoicePrints));
            all.extend(wanted.enhance.then_some(Enhanced));
        }
        ItemKind::Screenshot | ItemKind::Photo => all.extend([Proxy, Text]),
        _ => {}
    }
    all
}

/// What was recognised when the item was taken in.
pub(crate) fn recognised(item: &ItemRow) -> Recognised {
    Recognised { kind: item.kind, media_type: item.media_type.clone(), format: item.format.clone() }
}

/// Derivatives that words can be found in.
pub(crate) const WORDED: &[DerivativeKind] = &[Transcript, Translation, Text, Messages, Calls];

/// Every engine of this machine.
pub(crate) struct Bench {
    engines: Engines,
    readers: Vec<Arc<FormatReader>>,
}

impl Bench {
    fn detect(config: EnginesConfig) -> Self {
        let readers = zapys_formats::readers().into_iter().map(|r| Arc::new(FormatReader::of(r))).collect();
        Self { engines: Engines::detect(config), readers }
    }

    /// The engine for a derivative of an item. Errors: what is missing on this machine and how to get it.
    pub fn engine(&self, item: &ItemRow, kind: DerivativeKind) -> Result<Arc<dyn Engine>, EngineError> {
        let what = recognised(item);
        match self.readers.iter().find(|r| r.contract.emits == kind && r.reader.takes(&what)) {
            Some(reader) => Ok(reader.clone()),
            None => self.engines.find(kind, item.kind, &item.details.lang),
        }
    }

    /// True where a translator of an item is told how terms of the glossary are rendered.
    pub fn heeds_glossary(&self, item: &ItemRow) -> bool {
        let heeds = |kind| self.engine(item, kind).is_ok_and(|e| e.heeds_glossary());
        matches!(item.kind, ItemKind::Recording | ItemKind::Video) && (heeds(Translation) || heeds(SecondTranslation))
    }

    /// What is there and what is missing, for `doctor`.
    pub fn engines(&self) -> &Engines {
        &self.engines
    }
}

/// What people said that changes what is computed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Language that is translated into.
    pub into: String,
    /// How many people speak in a recording, by the newest record; `None` where that was taken back.
    pub speakers: BTreeMap<ItemId, (RecordId, Option<u16>)>,
    /// How terms of the glossary that stand in a recording's transcript are rendered.
    pub renderings: BTreeMap<ItemId, Vec<TermRendering>>,
}

/// Parameters that go into the derivation key: whatever changes the output and is not the engine itself.
pub(crate) fn params(item: &ItemRow, engine: &dyn Engine, said: &Said) -> Value {
    let (kind, heeds_glossary) = (engine.contract().emits, engine.heeds_glossary());
    match kind {
        Speakers => match said.speakers.get(&item.id) {
            Some((record, Some(n))) => json!({"speakers": n, "record": record.to_string()}),
            Some((record, None)) => json!({"record": record.to_string()}),
            None => json!({}),
        },
        // What a person said about the language is stronger than what a model guesses.
        Transcript | SecondTranscript if !item.details.lang.is_und() => json!({"language": item.details.lang.as_str()}),
        Translation | SecondTranslation => match said.renderings.get(&item.id) {
            Some(glossary) if heeds_glossary && !glossary.is_empty() => json!({"to": said.into, "glossary": glossary}),
            _ => json!({"to": said.into}),
        },
        _ => json!({}),
    }
}

impl Casework {
    /// What the settings and the record say that changes what is computed; of one item, or of all.
    pub(crate) async fn said(&self, about: Option<ItemId>) -> Result<Said> {
        let mut speakers = BTreeMap::new();
        let rows = match about {
            Some(item) => self.store.records(item).await?,
            None => self.store.records_of_kind(RecordKind::Speakers).await?,
        };
        for row in rows.into_iter().filter(|r| r.kind == RecordKind::Speakers) {
            let number = match &row.body {
                Some(RecordBody::Speakers(s)) => Some(s.number),
                _ => None,
            };
            speakers.extend(row.item.map(|item| (item, (row.id, number))));
        }
        Ok(Said { into: self.settings.text("translate").to_owned(), speakers, renderings: BTreeMap::new() })
    }

    pub(crate) fn wanted(&self) -> Wanted {
        let second = self.settings.second() != Second::Nobody;
        let translate = !self.settings.text("translate").is_empty();
        Wanted {
            translate,
            translate_twice: translate && self.settings.translators().second.is_some(),
            second,
            prints: self.settings.compares_voices(),
            enhance: self.settings.enhances(),
        }
    }

    /// The address that windows of speech go to; `None` where all stays on this machine.
    pub fn speech_goes_to(&self) -> Option<String> {
        self.settings.speech_goes_to()
    }
    /// The address that words go to, to be translated; `None` where all stays on this machine.
    pub fn words_go_to(&self) -> Option<String> {
        self.settings.words_go_to()
    }

    /// What is to be derived from an item, and what was, though nobody wants it any more.
    pub(crate) fn made_or_wanted(&self, item: &ItemRow, made: &[DerivationRow]) -> Vec<DerivativeKind> {
        let wanted = plan(&recognised(item), self.wanted());
        let all = plan(&recognised(item), Wanted::ALL).into_iter();
        all.filter(|k| wanted.contains(k) || made.iter().any(|d| d.kind == *k)).collect()
    }

    /// The engines of this machine, looked for once.
    pub(crate) async fn bench(&self) -> Result<Arc<Bench>> {
        let config = engines_config(&self.settings);
        let bench = self
            .engines
            .get_or_try_init(|| async {
                tokio::task::spawn_blocking(move || Arc::new(Bench::detect(config))).await.map_err(|_| CaseError::Lost)
            })
            .await?;
        Ok(bench.clone())
    }
}

pub(crate) fn engines_config(settings: &Settings) -> EnginesConfig {
    EnginesConfig {
        packs: settings.packs(),
        hosts: settings.hosts(),
        sandbox_required: settings.sandbox_required(),
        threads: settings.workers(),
        speech: settings.speech(),
        second: settings.second(),
        server: settings.speech_server(),
        translators: settings.translators(),
        translation_server: settings.translation_server(),
    }
}

/// A reader of foreign bytes as an engine.
struct FormatReader {
    reader: &'static dyn zapys_formats::Reader,
    identity: EngineIdentity,
    contract: Contract,
}

impl FormatReader {
    fn of(reader: &'static dyn zapys_formats::Reader) -> Self {
        Self {
            reader,
            identity: reader.identity(),
            contract: Contract { emits: reader.gives(), needs: &[], repeats: Repeatability::Exact },
        }
    }
}

impl Engine for FormatReader {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        let input = work.inputs.first().ok_or(EngineError::Failed { tool: "reader", reason: "no input was given".into() })?;
        let file = File::open(&input.path).map_err(EngineError::Io)?;
        let read = self.reader.read(&file).map_err(|e| EngineError::Unreadable { tool: "the reader", reason: e.to_string() })?;
        let mut findings: Vec<Finding> = Vec::new();
        let emitted = match read.merge_into(&mut findings) {
            Reading::Messages(m) => work.write_json(&m, &findings),
            Reading::Text(t) => work.write_json(&t, &findings),
            Reading::Calls(c) => work.write_json(&c, &findings),
            Reading::Picture(p) => work.write_json(&p, &findings),
        }?;
        Ok(Checked { value: emitted, findings })
    }
}
