//! Engine: the words of a transcript in another language, by whoever turns text into text.

use super::{TermRendering, TranslateParams, findings, primary, survival};
use crate::parts::Parts;
use crate::remote::model_changed;
use crate::speech::{document, parameters};
use crate::{Contract, Emitted, Engine, EngineError, Work, WriteJson};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::derivation::Repeatability;
use zapys_domain::text::squeezed;
use zapys_domain::transcript::{Segment, Transcript, TranslatedSegment, Translation};
use zapys_domain::{Checked, DerivativeKind, EngineIdentity, Finding, Severity, Step};
use zapys_host_protocol::guards;

/// One line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Segment id.
    pub id: String,
    /// Speaker id.
    pub speaker: Option<String>,
    /// Primary tag of its language.
    pub language: String,
    /// The words, in one line.
    pub text: String,
    /// False where it only stands there so that others are understood.
    pub wanted: bool,
}

/// What is asked of a translator.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// All the lines of a conversation in order.
    pub lines: &'a [Line],
    /// Primary tag of the language they are wanted in.
    pub to: &'a str,
    /// How terms are to be rendered; empty for who does not heed that.
    pub glossary: &'a [TermRendering],
}

/// One line in another language.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendering {
    /// The words.
    pub text: String,
    /// 0 to 1: geometric mean of the token probabilities; `None` where nobody says.
    pub confidence: Option<f32>,
}

/// A way to have text turned into text.
pub trait Translator: Send + Sync {
    /// Which engine and model.
    fn identity(&self) -> EngineIdentity;
    /// Whether translating again gives the same words.
    fn repeats(&self) -> Repeatability;
    /// Whether it translates from a language into another, by primary tags; `und` where nobody knows what is spoken.
    fn knows(&self, from: &str, to: &str) -> bool;
    /// What is to be kept beside the parameters, of who translates; asked before and after each recording. `None` where the
    /// identity says all. Errors: nobody is there.
    fn presence(&self, cancel: &AtomicBool) -> Result<Option<serde_json::Value>, EngineError>;
    /// What else is to be kept beside the parameters: who translates what, where several do.
    fn account(&self) -> Option<serde_json::Value> {
        None
    }
    /// True where it is told how terms of the glossary are rendered.
    fn heeds_glossary(&self) -> bool {
        false
    }
    /// Translates the lines that are wanted and hands over what it has, in any order, each line at most once. `parts`: what an
    /// interrupted run left.
    fn translate(
        &self,
        job: Job<'_>,
        parts: &dyn Parts,
        cancel: &Arc<AtomicBool>,
        each: &mut dyn FnMut(&Line, Rendering),
    ) -> Result<(), EngineError>;
}

/// Engine: translations of the words heard.
pub struct TranslateWords {
    translator: Arc<dyn Translator>,
    identity: EngineIdentity,
    contract: Contract,
}
impl TranslateWords {
    /// With this translator. `emits`: whether it is the first or stands beside another.
    pub fn new(translator: Arc<dyn Translator>, emits: DerivativeKind) -> Self {
        let contract = Contract { emits, needs: &[DerivativeKind::Transcript], repeats: translator.repeats() };
        Self { identity: translator.identity(), translator, contract }
    }
}
impl Engine for TranslateWords {
    fn identity(&self) -> &EngineIdentity {
        &self.identity
    }
    fn contract(&self) -> &Contract {
        &self.contract
    }
    fn heeds_glossary(&self) -> bool {
        self.translator.heeds_glossary()
    }
    fn run(&self, work: &mut Work<'_>) -> Result<Checked<Emitted>, EngineError> {
        work.check_cancel()?;
        let params: TranslateParams = parameters(work.params, |_| true)?;
        let to = primary(params.to.as_str());
        let transcript: Transcript = document(work, 1)?;
        let lines: Vec<Line> = transcript.segments.iter().map(|s| self.line(s, to)).collect();
        let length_ms: HashMap<&str, u64> =
            transcript.segments.iter().map(|s| (s.id.as_str(), s.end_ms.saturating_sub(s.start_ms))).collect();
        let wanted: Vec<&Line> = lines.iter().filter(|l| l.wanted).collect();
        work.progress.step(Step::Translating);
        work.progress.total(Some(wanted.iter().map(|l| length_ms[l.id.as_str()]).sum()));
        let mut done: HashMap<String, Rendering> = HashMap::new();
        let (mut presence, mut noted) = (None, Vec::new());
        if !wanted.is_empty() {
            presence = self.translator.presence(&work.cancel)?;
            let job = Job { lines: &lines, to, glossary: &params.glossary };
            self.translator.translate(job, work.parts, &work.cancel, &mut |line, rendering| {
                work.progress.advance(length_ms.get(line.id.as_str()).copied().unwrap_or(0));
                done.insert(line.id.clone(), rendering);
            })?;
            if self.translator.presence(&work.cancel)? != presence {
                noted.push(model_changed("translated"));
            }
        }
        let rendered = wanted.iter().filter_map(|line| Some((*line, done.get(&line.id)?)));
        let usable: Vec<(&Line, &Rendering)> = rendered.filter(|(line, r)| is_usable(&line.text, &r.text)).collect();
        let segments: Vec<TranslatedSegment> = usable
            .iter()
            .map(|(line, r)| TranslatedSegment {
                // What must survive is known of English alone.
                lost: if to == "en" { survival::lost(&line.text, &r.text) } else { Vec::new() },
                id: line.id.clone(),
                text: r.text.clone(),
                confidence: r.confidence.unwrap_or(0.0).clamp(0.0, 1.0),
            })
            .collect();
        noted.extend(self.not_known(&lines, to));
        noted.extend(findings(wanted.len(), &segments));
        if usable.iter().any(|(_, r)| r.confidence.is_none()) {
            let text = "The engine did not say how sure it is; a confidence of 0 means that nobody knows.";
            noted.push(Finding::whole("no-confidence", Severity::Note, text));
        }
        let mut parameters = serde_json::to_value(&params).map_err(|e| EngineError::Output(e.to_string()))?;
        if let Some(parameters) = parameters.as_object_mut() {
            let beside = [("server", presence), ("translators", self.translator.account())];
            parameters.extend(beside.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        let translation = Translation { language: params.to.clone(), engine: self.identity.clone(), parameters, segments };
        let emitted = work.write_json(&translation, &noted)?;
        Ok(Checked { value: emitted, findings: noted })
    }
}
impl TranslateWords {
    fn line(&self, s: &Segment, to: &str) -> Line {
        let language = primary(s.language.as_str()).to_owned();
        let text = squeezed(&s.text);
        let wanted = !text.is_empty() && language != to && self.translator.knows(&language, to);
        Line { id: s.id.clone(), speaker: s.speaker.clone(), language, text, wanted }
    }

    /// Lines in languages that the translator does not know, which therefore have no translation.
    fn not_known(&self, lines: &[Line], to: &str) -> Option<Finding> {
        let left = lines.iter().filter(|l| !l.wanted && !l.text.is_empty() && l.language != to);
        let languages: BTreeSet<&str> = left.clone().map(|l| l.language.as_str()).collect();
        let text = || {
            let named = languages.iter().copied().collect::<Vec<_>>().join(", ");
            format!("{} segments are in languages that the engine does not translate: {named}.", left.count())
        };
        (!languages.is_empty()).then(|| Finding::whole("language-not-translated", Severity::Warning, text()))
    }
}

/// False for what no translation is: nothing, a loop, or far more than was said.
fn is_usable(source: &str, text: &str) -> bool {
    let length = |t: &str| t.chars().count();
    !text.trim().is_empty() && !guards::repeats(text) && length(text) <= 5 * length(source) + 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_translation_is_is_left_out() {
        assert!(is_usable("Нажмите два.", "Press two."));
        assert!(!is_usable("Нажмите два.", " "));
        assert!(!is_usable("Да.", &"and so he said that there was another thing to be told ".repeat(4)));
        assert!(!is_usable("Да, да, я слышу тебя хорошо, говори дальше.", &"I hear you ".repeat(12)));
    }
}
