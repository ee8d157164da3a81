//! A translation model on this machine: OPUS-MT, NLLB, MADLAD or whatever else CTranslate2 runs, as a pack of kind `translation`.

use super::primary;
use super::words::{Job, Line, Rendering, Translator};
use crate::EngineError;
use crate::detect::EnginesConfig;
use crate::host::{self, Host, HostPlan, Next};
use crate::models::{Pack, PackKind, Texts, packs_dir};
use crate::parts::{self, Parts};
use crate::sandbox::Sandbox;
use crate::speech::{HOST, TOOL, environment, unexpected};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zapys_domain::EngineIdentity;
use zapys_domain::derivation::Repeatability;
use zapys_host_protocol::{Ask, MAX_TEXT_BYTES, Rendered, Reply, TextsAsk};

/// Counts up whenever the code here or in the host changes what comes out.
const REVISION: u32 = 1;
/// Beam width.
const BEAM: u8 = 5;
/// Lines asked about at once.
const GROUP: usize = 64;
/// Time an answer may take: half a minute and two seconds a line, for slow and busy machines and large models.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(120), Duration::from_secs(10));
/// Memory beside twice the weights, in bytes.
const MEMORY: u64 = 1_000_000_000;

/// A model with its host.
pub struct Model {
    host: Host,
    pack: Pack,
    texts: Texts,
    library: Pack,
    program_sha256: String,
    /// Whether digests were compared in this process.
    verified: Mutex<bool>,
}

impl Model {
    /// Finds program, library and the pack of that name. Errors: `Missing`, `Failed`, `Io`.
    pub fn find(sandbox: Sandbox, config: &EnginesConfig, name: &str) -> Result<Self, EngineError> {
        let program = host::locate(HOST, config.hosts.as_deref())?;
        let dir = packs_dir(config.packs.as_deref());
        let library = Pack::open(&dir.join("ctranslate2"))?;
        let found = crate::models::list(&dir)?.into_iter().find(|p| p.kind == PackKind::Translation && p.name == name);
        let pack = found.ok_or_else(|| EngineError::Missing {
            what: format!("the translation model {name}"),
            hint: "Bring its pack with `zapys models import PATH`; `zapys models list` names those that are there.".into(),
        })?;
        let texts = pack.texts.clone().ok_or_else(|| EngineError::Failed {
            tool: "models",
            reason: format!("the pack {name} does not say how its model is asked: its manifest lacks the table `texts`"),
        })?;
        pack.file(&texts.pieces)?;
        let weights = pack.file("model.bin")?.bytes;
        let inside = |place: &str| PathBuf::from(place);
        let args = [
            "--threads",
            &config.threads.clamp(1, 64).to_string(),
            "--renderer",
            "/models/translation",
            "--pieces",
            &format!("/models/translation/{}", texts.pieces),
        ]
        .map(Into::into);
        let plan = HostPlan {
            tool: TOOL,
            program: program.clone(),
            shown: vec![
                (library.folder.clone(), inside("/libraries/ctranslate2")),
                (pack.folder.clone(), inside("/models/translation")),
            ],
            args: args.to_vec(),
            env: environment().into_iter().map(|(n, v)| (n.to_owned(), v.into())).collect(),
            memory_bytes: 2 * MEMORY + 4 * weights,
            retire_above_bytes: MEMORY + 2 * weights,
        };
        let program_sha256 = host::binary_sha256(&program)?;
        Ok(Self { host: Host::new(sandbox, plan), pack, texts, library, program_sha256, verified: Mutex::new(false) })
    }

    /// The host, after the digests of everything it loads were compared once. Errors: `Missing`, `Io`.
    fn host(&self) -> Result<&Host, EngineError> {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if !*verified {
            self.library.require_intact()?;
            self.pack.require_intact()?;
            *verified = true;
        }
        Ok(&self.host)
    }

    fn ask(&self, ask: TextsAsk, cancel: &Arc<AtomicBool>) -> Result<Vec<Rendered>, EngineError> {
        let n = ask.texts.len();
        let wall = PATIENCE.0 + PATIENCE.1 * u32::try_from(n).unwrap_or(u32::MAX);
        let mut all: Vec<Rendered> = Vec::with_capacity(n);
        self.host()?.ask(&Ask::Render(ask), &[], wall, cancel, |reply| match reply {
            Reply::Rendered(r) if (r.text as usize) < n && all.iter().all(|a| a.text != r.text) => {
                all.push(r);
                Ok(Next::More)
            }
            Reply::Done { .. } => Ok(Next::Enough),
            _ => Err(unexpected()),
        })?;
        Ok(all)
    }
}

impl Translator for Model {
    fn identity(&self) -> EngineIdentity {
        let weights = self.pack.file("model.bin").ok().map(|f| f.sha256.clone());
        // How the model is asked changes what it says as much as its weights do.
        let asked = serde_json::to_vec(&self.texts).unwrap_or_default();
        let pieces = self.pack.file(&self.texts.pieces).map_or("", |f| f.sha256.as_str());
        let form: String = Sha256::new()
            .chain_update(asked)
            .chain_update(pieces)
            .finalize()
            .iter()
            .take(4)
            .map(|b| format!("{b:02x}"))
            .collect();
        EngineIdentity {
            name: "ct2-translate".into(),
            version: format!("{}/{REVISION}+{}-{}+{form}", env!("CARGO_PKG_VERSION"), self.library.name, self.library.version),
            model: Some(self.pack.name.clone()),
            model_sha256: weights,
            binary_sha256: Some(self.program_sha256.clone()),
        }
    }
    fn repeats(&self) -> Repeatability {
        // Processors with other instructions round otherwise.
        Repeatability::SameMachine
    }
    fn knows(&self, from: &str, to: &str) -> bool {
        let among = |tags: &[String], tag: &str| tags.iter().any(|t| t == "mul" || primary(t) == tag);
        from != "und" && among(&self.pack.languages, from) && among(&self.texts.to, to)
    }
    fn presence(&self, _: &AtomicBool) -> Result<Option<serde_json::Value>, EngineError> {
        Ok(None)
    }
    fn translate(
        &self,
        Job { lines, to, .. }: Job<'_>,
        parts: &dyn Parts,
        cancel: &Arc<AtomicBool>,
        each: &mut dyn FnMut(&Line, Rendering),
    ) -> Result<(), EngineError> {
        let mut languages: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in lines.iter().filter(|l| l.wanted && l.text.len() <= MAX_TEXT_BYTES / GROUP) {
            languages.entry(&line.language).or_default().push(line);
        }
        for (language, mut lines) in languages {
            // Lines of similar length are computed together; which these are does not depend on what an earlier run had done.
            lines.sort_by_key(|l| l.text.len());
            for (n, group) in lines.chunks(GROUP).enumerate() {
                let name = format!("{language}-{n}");
                let rendered: Vec<Rendered> = match parts::read(parts, &name) {
                    Some(kept) => kept,
                    None => {
                        let ask = TextsAsk {
                            texts: group.iter().map(|l| l.text.clone()).collect(),
                            source_begin: self.texts.spelled(&self.texts.source_begin, language, to),
                            source_end: self.texts.spelled(&self.texts.source_end, language, to),
                            target_begin: self.texts.spelled(&self.texts.target_begin, language, to),
                            beam: BEAM,
                        };
                        let rendered = self.ask(ask, cancel)?;
                        parts::write(parts, &name, &rendered);
                        rendered
                    }
                };
                for r in rendered.into_iter().filter(|r| r.whole) {
                    if let Some(line) = group.get(r.text as usize) {
                        each(line, Rendering { text: r.words, confidence: Some(r.mean_log_probability.exp()) });
                    }
                }
            }
        }
        Ok(())
    }
}
