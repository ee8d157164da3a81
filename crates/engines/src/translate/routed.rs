//! Several translators as one: each line goes to whoever is named for its language.

use super::words::{Job, Line, Rendering, Translator};
use crate::EngineError;
use crate::parts::Parts;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use zapys_domain::EngineIdentity;
use zapys_domain::derivation::Repeatability;
use zapys_domain::text::hex;

/// Counts up whenever the code here changes what comes out.
const REVISION: u32 = 1;

/// Who translates from which language, and who translates from all others.
pub(super) struct Routed {
    translators: Vec<Arc<dyn Translator>>,
    /// Primary tags, and whose place in the list that is.
    languages: Vec<(String, usize)>,
    others: Option<usize>,
}

impl Routed {
    /// `languages` and `others` name places in `translators`.
    pub(super) fn new(translators: Vec<Arc<dyn Translator>>, languages: Vec<(String, usize)>, others: Option<usize>) -> Self {
        Self { translators, languages, others }
    }

    /// Who translates from a language: the one named for it, or else the one for all others, whichever knows it.
    fn whose(&self, from: &str, to: &str) -> Option<usize> {
        let named = self.languages.iter().find(|(language, _)| language == from).map(|(_, n)| *n);
        [named, self.others].into_iter().flatten().find(|n| self.translators[*n].knows(from, to))
    }
    fn named(&self, n: usize) -> String {
        let identity = self.translators[n].identity();
        identity.model.unwrap_or(identity.name)
    }
}

impl Translator for Routed {
    fn identity(&self) -> EngineIdentity {
        let all: Vec<EngineIdentity> = self.translators.iter().map(|t| t.identity()).collect();
        let digest = Sha256::digest(serde_json::to_vec(&(&all, &self.languages, self.others)).unwrap_or_default());
        let form = hex(&digest[..4]);
        let elsewhere = all.iter().any(EngineIdentity::is_elsewhere);
        let mut named: Vec<String> =
            self.languages.iter().map(|(language, n)| format!("{language}={}", self.named(*n))).collect();
        named.extend(self.others.map(|n| self.named(n)));
        EngineIdentity {
            name: "by-language".into(),
            version: format!("{}/{REVISION}+{form}", env!("CARGO_PKG_VERSION")),
            model: Some(named.join(", ")),
            // Of all models together; each has its own in the account. Where words leave the machine there is none, as of a server.
            model_sha256: (!elsewhere).then(|| {
                let models: Vec<&Option<String>> = all.iter().map(|i| &i.model_sha256).collect();
                hex(&Sha256::digest(serde_json::to_vec(&models).unwrap_or_default()))
            }),
            binary_sha256: all.iter().find_map(|i| i.binary_sha256.clone()).filter(|_| !elsewhere),
        }
    }
    fn repeats(&self) -> Repeatability {
        let all: Vec<Repeatability> = self.translators.iter().map(|t| t.repeats()).collect();
        [Repeatability::None, Repeatability::SameMachine].into_iter().find(|r| all.contains(r)).unwrap_or(Repeatability::Exact)
    }
    fn knows(&self, from: &str, to: &str) -> bool {
        self.whose(from, to).is_some()
    }
    /// There is one server in the settings, so what is to be kept of it is kept once.
    fn presence(&self, cancel: &AtomicBool) -> Result<Option<serde_json::Value>, EngineError> {
        let mut kept = None;
        for translator in &self.translators {
            kept = kept.or(translator.presence(cancel)?);
        }
        Ok(kept)
    }
    /// Each with the languages it is named for: no one line says who its translator was, but its language does.
    fn account(&self) -> Option<serde_json::Value> {
        let one = |(n, t): (usize, &Arc<dyn Translator>)| {
            let languages: Vec<&str> = self.languages.iter().filter(|(_, of)| *of == n).map(|(l, _)| l.as_str()).collect();
            serde_json::json!({ "engine": t.identity(), "languages": languages, "others": self.others == Some(n) })
        };
        Some(self.translators.iter().enumerate().map(one).collect())
    }
    fn heeds_glossary(&self) -> bool {
        self.translators.iter().any(|t| t.heeds_glossary())
    }
    fn translate(
        &self,
        job: Job<'_>,
        parts: &dyn Parts,
        cancel: &Arc<AtomicBool>,
        each: &mut dyn FnMut(&Line, Rendering),
    ) -> Result<(), EngineError> {
        for (n, translator) in self.translators.iter().enumerate() {
            // All lines stand there for whoever reads the conversation; those of others are not asked for.
            let own = |l: &Line| Line { wanted: l.wanted && self.whose(&l.language, job.to) == Some(n), ..l.clone() };
            let lines: Vec<Line> = job.lines.iter().map(own).collect();
            if lines.iter().any(|l| l.wanted) {
                translator.translate(Job { lines: &lines, ..job }, &Own(parts, n), cancel, each)?;
            }
        }
        Ok(())
    }
}

/// Parts of one of several translators.
struct Own<'a>(&'a dyn Parts, usize);
impl Parts for Own<'_> {
    fn kept(&self, name: &str) -> Option<Vec<u8>> {
        self.0.kept(&format!("{}-{name}", self.1))
    }
    fn keep(&self, name: &str, part: &[u8]) {
        self.0.keep(&format!("{}-{name}", self.1), part);
    }
}
