//! The words in another language, by machine: from the sound ([`sound`]) or from the words heard ([`words`]).
//!
//! Whoever translates, every line is held against the words ([`survival`]), and nobody has reviewed it. Two translators may stand side
//! by side, each with a derivative of its own; none replaces another or the words themselves.

mod chat;
pub mod choice;
mod pack;
mod routed;
mod sound;
mod survival;
mod words;

pub use chat::lines_of_answer;
pub use sound::WhisperTranslate;
pub use survival::lost;
pub use words::{Job, Line, Rendering, TranslateWords, Translator};

use crate::detect::{Availability, EnginesConfig, Lack, Slot};
use crate::sandbox::Sandbox;
use crate::speech::{SOUND, Speech, lack, no_model};
use crate::{Engine, EngineError};
use choice::Choice;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zapys_domain::transcript::TranslatedSegment;
use zapys_domain::{DerivativeKind, Finding, Lang, Severity};

/// What is asked of a translator; part of the derivation's key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TranslateParams {
    /// Language to translate into.
    pub to: Lang,
    /// Terms of the case's glossary that stand among the words; only for who heeds them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub glossary: Vec<TermRendering>,
}
/// How a term is to be rendered, as somebody put it on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermRendering {
    /// The record that says so, or takes it back: what is made after it is made anew, also where the same was said before.
    pub record: String,
    /// The word or words in their base form; absent where it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// What stands for them in the translation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendering: Option<String>,
}
impl Default for TranslateParams {
    fn default() -> Self {
        Self { to: Lang::parse("en").expect("a language tag"), glossary: Vec::new() }
    }
}

/// The translators that the settings name, or what is missing of each.
pub(crate) fn engines(
    sandbox: Result<&Sandbox, &Lack>,
    config: &EnginesConfig,
    speech: &Result<Arc<Speech>, Lack>,
) -> (Vec<Slot>, Vec<Availability>) {
    let find = |choice: &Choice, emits| -> Result<Arc<dyn Engine>, Lack> {
        Ok(match choice {
            Choice::Whisper => match speech {
                Ok(s) if s.has_model() => Arc::new(WhisperTranslate::new(Arc::clone(s), emits)),
                Ok(_) => return Err(lack(no_model())),
                Err(lack) => return Err(lack.clone()),
            },
            other => Arc::new(TranslateWords::new(translator(sandbox, config, other)?, emits)),
        })
    };
    let (mut slots, mut availability) = (Vec::new(), Vec::new());
    let mut add = |choice: &Choice, emits, name: &str, purpose| {
        let engine = find(choice, emits);
        // The speech model has a line of its own.
        if *choice != Choice::Whisper {
            let shown = |e: &Arc<dyn Engine>| e.identity().model.clone().unwrap_or_default();
            let state = engine.as_ref().map(shown).map_err(Lack::clone);
            availability.push(Availability { name: name.into(), purpose, state });
        }
        slots.push(Slot { emits, takes: SOUND, language: None, engine });
    };
    add(&config.translators.first, DerivativeKind::Translation, "translator", "translating what was said");
    if let Some(second) = &config.translators.second {
        add(second, DerivativeKind::SecondTranslation, "second translator", "translating what was said once more");
    }
    (slots, availability)
}

/// Whoever turns text into text. The speech model is none of them.
fn translator(sandbox: Result<&Sandbox, &Lack>, config: &EnginesConfig, choice: &Choice) -> Result<Arc<dyn Translator>, Lack> {
    Ok(match choice {
        Choice::Whisper => return Err(lack(no_model())),
        Choice::Pack(name) => {
            let sandbox = sandbox.map_err(Lack::clone)?.clone();
            Arc::new(pack::Model::find(sandbox, config, name).map_err(lack)?)
        }
        Choice::Server => Arc::new(chat::Server::new(&config.translation_server).map_err(lack)?),
        Choice::ByLanguage(languages, others) => {
            // Whoever is named for two languages is one, and reads the lines of both together.
            let mut who: Vec<&Choice> = Vec::new();
            let mut place = |choice| {
                who.iter().position(|c| *c == choice).unwrap_or_else(|| {
                    who.push(choice);
                    who.len() - 1
                })
            };
            let languages: Vec<(String, usize)> = languages.iter().map(|(l, c)| (l.clone(), place(c))).collect();
            let others = others.as_deref().map(place);
            let all = who.into_iter().map(|c| translator(sandbox, config, c)).collect::<Result<_, _>>()?;
            Arc::new(routed::Routed::new(all, languages, others))
        }
    })
}

/// What is to be said of a translation: what has none, and where something does not seem to have survived.
fn findings(wanted: usize, done: &[TranslatedSegment]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let n_without = wanted.saturating_sub(done.len());
    if n_without > 0 {
        let text = format!("The engine gave no usable translation of {n_without} of {wanted} segments.");
        findings.push(Finding::whole("not-translated", Severity::Warning, text));
    }
    let n_lost = done.iter().filter(|s| !s.lost.is_empty()).count();
    if n_lost > 0 {
        let text = format!("In {n_lost} segments a number, name or negation does not seem to have survived translation.");
        findings.push(Finding::whole("lost-in-translation", Severity::Warning, text));
    }
    findings
}

/// The primary tag of a language: `uk` of `uk-UA`.
fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

/// An engine that translates into English alone was asked for another language.
fn only_english(to: &Lang) -> Result<(), EngineError> {
    match primary(to.as_str()) {
        "en" => Ok(()),
        _ => Err(EngineError::Missing {
            what: format!("a translator into {to}"),
            hint: "The speech model writes English only; name a pack or a server as `translator` in the settings.".into(),
        }),
    }
}
