//! Which engines this machine has, found out once at start, and what to install for the others.

use crate::decode::Decode;
use crate::ocr::ReadPicture;
use crate::peaks::WavePeaks;
use crate::probe::Probe;
use crate::proxy::{PictureProxy, SoundProxy};
use crate::sandbox::{Limits, Sandbox};
use crate::speech::choice::{Choice, Choices, Second};
use crate::translate::choice::Translators;
use crate::{Engine, EngineError, ServerConfig};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zapys_domain::{DerivativeKind, EngineIdentity, ItemKind, Lang};

/// What the engines need to know of the settings.
#[derive(Clone, Debug)]
pub struct EnginesConfig {
    /// Folder of the model packs; `None` for the user's cache folder.
    pub packs: Option<PathBuf>,
    /// Folder of the engine host programs; `None` for beside the running program.
    pub hosts: Option<PathBuf>,
    /// False only where the operator decided that engines may run without walls.
    pub sandbox_required: bool,
    /// Processor cores that engines may use together.
    pub threads: usize,
    /// Who listens to recordings.
    pub speech: Choices,
    /// Who listens to them once more.
    pub second: Second,
    /// The server that is asked where one of them says so.
    pub server: ServerConfig,
    /// Who translates.
    pub translators: Translators,
    /// The server that is asked where one of them says so.
    pub translation_server: ServerConfig,
}

impl EnginesConfig {
    /// What this machine has in its usual places, behind walls; nobody listens twice or elsewhere.
    pub fn plain(threads: usize) -> Self {
        Self {
            packs: None,
            hosts: None,
            sandbox_required: true,
            threads,
            speech: Choices { languages: Vec::new(), usual: Choice::Pack(None) },
            second: Second::Nobody,
            server: ServerConfig::default(),
            translators: Translators::default(),
            translation_server: ServerConfig::default(),
        }
    }
}

/// Why something is not there, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// No sandbox can be made.
    NoSandbox {
        /** Cause. */
        reason: String,
    },
    /// A program, library or model is not installed.
    Missing {
        /** What. */
        what: String,
        /** What to do. */
        hint: String,
    },
}
impl Lack {
    /// The error that a job gets.
    pub fn error(&self) -> EngineError {
        match self.clone() {
            Self::NoSandbox { reason } => EngineError::NoSandbox { reason },
            Self::Missing { what, hint } => EngineError::Missing { what, hint },
        }
    }
}

/// One engine, or why it is not there.
pub struct Slot {
    /// What it makes.
    pub emits: DerivativeKind,
    /// Of which kinds of item.
    pub takes: &'static [ItemKind],
    /// Only where a person stated this language, by its primary tag; `None` for any.
    pub language: Option<String>,
    /// The engine itself.
    pub engine: Result<Arc<dyn Engine>, Lack>,
}

/// A line for `doctor`: a tool or engine, and its version or what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// Name, e.g. `ffmpeg`.
    pub name: String,
    /// What it is needed for.
    pub purpose: &'static str,
    /// Version, or what is missing.
    pub state: Result<String, Lack>,
}

/// All engines of this machine.
pub struct Engines {
    sandbox: Result<Sandbox, Lack>,
    slots: Vec<Slot>,
    availability: Vec<Availability>,
}

const SOUND: &[ItemKind] = &[ItemKind::Recording, ItemKind::Video];
const PICTURES: &[ItemKind] = &[ItemKind::Screenshot, ItemKind::Photo];

/// Counts up whenever the code of an engine here changes what comes out.
const PROBE_REVISION: u32 = 1;
const DECODE_REVISION: u32 = 4;
const PEAKS_REVISION: u32 = 1;
const SOUND_PROXY_REVISION: u32 = 1;
const ENHANCED_REVISION: u32 = 1;
const PICTURE_PROXY_REVISION: u32 = 1;
const READING_REVISION: u32 = 1;

impl Engines {
    /// Looks for the sandbox and the tools. Never fails: what is missing is listed and its engines say so when asked.
    pub fn detect(config: EnginesConfig) -> Self {
        let sandbox = match Sandbox::detect() {
            Ok(sandbox) => Ok(sandbox),
            Err(_) if !config.sandbox_required => Ok(Sandbox::none_by_operator()),
            Err(EngineError::NoSandbox { reason }) => Err(Lack::NoSandbox { reason }),
            Err(e) => Err(Lack::NoSandbox { reason: e.to_string() }),
        };
        let mut engines = Self { sandbox, slots: Vec::new(), availability: Vec::new() };
        engines.note(
            "sandbox",
            "keeping foreign files away from everything",
            match &engines.sandbox {
                Ok(s) if s.is_walled() => Ok("bubblewrap".into()),
                Ok(_) => Ok("none, by the operator's decision".into()),
                Err(lack) => Err(lack.clone()),
            },
        );
        engines.add_media();
        engines.add_reading();
        let (slots, availability) = crate::speech::engines(engines.sandbox.as_ref(), &config);
        engines.extend(slots, availability);
        engines
    }

    /// Adds engines that other modules bring.
    pub fn extend(&mut self, slots: impl IntoIterator<Item = Slot>, availability: impl IntoIterator<Item = Availability>) {
        self.slots.extend(slots);
        self.availability.extend(availability);
    }

    /// The engine that makes `emits` of an item of this kind, whose language a person stated (or `und`). One for that language
    /// goes before others; where several can, it is the first that is there.
    /// Errors: `Missing` or `NoSandbox` with what to do; `NotApplicable` where no engine makes this of that.
    pub fn find(&self, emits: DerivativeKind, kind: ItemKind, language: &Lang) -> Result<Arc<dyn Engine>, EngineError> {
        let primary = language.as_str().split('-').next();
        let of = |own: bool| {
            let fits =
                move |s: &&Slot| if own { s.language.as_deref() == primary && primary.is_some() } else { s.language.is_none() };
            self.slots.iter().filter(move |s| s.emits == emits && s.takes.contains(&kind)).filter(fits)
        };
        let fitting = || of(true).chain(of(false));
        if let Some(engine) = fitting().find_map(|s| s.engine.as_ref().ok()) {
            return Ok(Arc::clone(engine));
        }
        match fitting().find_map(|s| s.engine.as_ref().err()) {
            Some(lack) => Err(lack.error()),
            None => Err(EngineError::NotApplicable { what: format!("No engine makes {emits} of {kind}.") }),
        }
    }

    /// Every engine that applies to an item of this kind and is there, each after those whose results it needs.
    pub fn for_kind(&self, kind: ItemKind, media_type: &str) -> Vec<Arc<dyn Engine>> {
        // A picture of vectors is text that could name files and addresses: it is not drawn.
        if media_type.starts_with("image/svg") {
            return Vec::new();
        }
        let mut emitted: Vec<DerivativeKind> = Vec::new();
        let mut found: Vec<Arc<dyn Engine>> = Vec::new();
        let mut waiting: Vec<&Slot> =
            self.slots.iter().filter(|s| s.takes.contains(&kind) && s.language.is_none() && s.engine.is_ok()).collect();
        loop {
            let before = waiting.len();
            waiting.retain(|slot| {
                let Ok(engine) = &slot.engine else { return false };
                if emitted.contains(&slot.emits) {
                    return false;
                }
                let ready = engine.contract().needs.iter().all(|n| emitted.contains(n));
                if ready {
                    emitted.push(slot.emits);
                    found.push(Arc::clone(engine));
                }
                !ready
            });
            if waiting.len() == before {
                return found;
            }
        }
    }

    /// All slots, for listings.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }
    /// What is there and what is missing, for `doctor`.
    pub fn availability(&self) -> &[Availability] {
        &self.availability
    }
    /// Where engines run. Errors: why nowhere.
    pub fn sandbox(&self) -> Result<&Sandbox, &Lack> {
        self.sandbox.as_ref()
    }
    /// True where engines run behind walls.
    pub fn is_walled(&self) -> bool {
        self.sandbox.as_ref().is_ok_and(Sandbox::is_walled)
    }

    fn note(&mut self, name: &str, purpose: &'static str, state: Result<String, Lack>) {
        self.availability.push(Availability { name: name.into(), purpose, state });
    }

    fn add_media(&mut self) {
        let ffprobe = self.tool("ffprobe", "-version", "ffmpeg");
        let ffmpeg = self.tool("ffmpeg", "-version", "ffmpeg");
        self.note(
            "ffprobe",
            "looking into recordings and pictures",
            ffprobe.as_ref().map(|t| t.version.clone()).map_err(Lack::clone),
        );
        self.note("ffmpeg", "decoding sound and pictures", ffmpeg.as_ref().map(|t| t.version.clone()).map_err(Lack::clone));
        let amr = ffmpeg.as_ref().map_err(Lack::clone).and_then(|t| {
            let decoders = run(&t.sandbox, "ffmpeg", &["-hide_banner", "-decoders"]).unwrap_or_default();
            if decoders.contains("libopencore_amrnb") {
                Ok("opencore".to_owned())
            } else {
                Err(missing("a decoder for AMR that keeps silences", "Install the Debian package libavcodec-extra."))
            }
        });
        self.note("amr", "telephone recordings in AMR", amr);
        let both = |name: &str, revision| match (&ffprobe, &ffmpeg) {
            (Ok(_), Ok(t)) => Ok((t.sandbox.clone(), t.identity(name, revision))),
            (Err(lack), _) | (_, Err(lack)) => Err(lack.clone()),
        };
        let probe = ffprobe.as_ref().map_err(Lack::clone).map(|t| (t.sandbox.clone(), t.identity("ffprobe", PROBE_REVISION)));
        let slot = |emits, takes, engine| Slot { emits, takes, language: None, engine };
        let slots = vec![
            slot(DerivativeKind::Probe, SOUND, probe.map(|(s, i)| Arc::new(Probe::new(s, i)) as Arc<dyn Engine>)),
            slot(
                DerivativeKind::Decode,
                SOUND,
                both("ffmpeg-decode", DECODE_REVISION).map(|(s, i)| Arc::new(Decode::new(s, i)) as Arc<dyn Engine>),
            ),
            slot(
                DerivativeKind::Peaks,
                SOUND,
                both("ffmpeg-peaks", PEAKS_REVISION).map(|(s, i)| Arc::new(WavePeaks::new(s, i)) as Arc<dyn Engine>),
            ),
            slot(
                DerivativeKind::Proxy,
                SOUND,
                both("ffmpeg-opus", SOUND_PROXY_REVISION).map(|(s, i)| Arc::new(SoundProxy::new(s, i)) as Arc<dyn Engine>),
            ),
            slot(
                DerivativeKind::Enhanced,
                SOUND,
                both("ffmpeg-enhanced", ENHANCED_REVISION).map(|(s, i)| Arc::new(SoundProxy::enhanced(s, i)) as Arc<dyn Engine>),
            ),
            slot(
                DerivativeKind::Proxy,
                PICTURES,
                both("ffmpeg-picture", PICTURE_PROXY_REVISION).map(|(s, i)| Arc::new(PictureProxy::new(s, i)) as Arc<dyn Engine>),
            ),
        ];
        self.slots.extend(slots);
    }

    fn add_reading(&mut self) {
        let tesseract = self.tool("tesseract", "--version", "tesseract-ocr").and_then(|mut tool| {
            let trained = trained(&tool.sandbox)?;
            // Pictures become pixels through ffmpeg.
            let picture = self.slots.iter().find(|s| s.takes == PICTURES && s.emits == DerivativeKind::Proxy);
            if let Some(Err(lack)) = picture.map(|s| &s.engine) {
                return Err(lack.clone());
            }
            tool.model = Some(trained);
            Ok(tool)
        });
        let state = tesseract.as_ref().map(|t| t.version.clone()).map_err(Lack::clone);
        self.note("tesseract", "reading pictures in Russian, Ukrainian and English", state);
        let engine = tesseract
            .map(|t| Arc::new(ReadPicture::new(t.sandbox.clone(), t.identity("tesseract", READING_REVISION))) as Arc<dyn Engine>);
        self.slots.push(Slot { emits: DerivativeKind::Text, takes: PICTURES, language: None, engine });
    }

    fn tool(&self, name: &'static str, version_flag: &str, package: &str) -> Result<Tool, Lack> {
        let sandbox = self.sandbox.clone()?;
        let hint = || missing(name, &format!("Install the Debian package {package}."));
        let said = run(&sandbox, name, &[version_flag]).ok_or_else(hint)?;
        // "ffmpeg version 5.1.9-0+deb12u1 Copyright …", "tesseract 5.3.0".
        let first = said.lines().next().unwrap_or_default();
        let version =
            first.split_whitespace().find(|w| w.starts_with(|c: char| c.is_ascii_digit() || c == 'N')).unwrap_or("unknown");
        let binary = ["/usr/local/bin", "/usr/bin"].iter().map(|d| Path::new(d).join(name)).find(|p| p.exists());
        let digest = binary.and_then(|p| digest(&[p]));
        Ok(Tool { sandbox, version: version.chars().take(80).collect(), digest, model: None })
    }
}

/// A program that is there.
struct Tool {
    sandbox: Sandbox,
    version: String,
    digest: Option<String>,
    /// Name and digest of what it was trained with.
    model: Option<(String, Option<String>)>,
}
impl Tool {
    /// `revision`: of our code around it.
    fn identity(&self, name: &str, revision: u32) -> EngineIdentity {
        let model = self.model.clone();
        EngineIdentity {
            name: name.into(),
            version: format!("{}/{revision}", self.version),
            model: model.as_ref().map(|m| m.0.clone()),
            model_sha256: model.and_then(|m| m.1),
            binary_sha256: self.digest.clone(),
        }
    }
}

fn missing(what: &str, hint: &str) -> Lack {
    Lack::Missing { what: what.into(), hint: hint.into() }
}

/// What a program says when it runs well.
fn run(sandbox: &Sandbox, name: &'static str, args: &[&str]) -> Option<String> {
    let out = sandbox.command(name, name).args(args).limits(Limits::default()).run_to_end(None, 1 << 20).ok()?;
    out.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

/// The three languages of tesseract, with a digest over their files.
fn trained(sandbox: &Sandbox) -> Result<(String, Option<String>), Lack> {
    const LANGUAGES: [&str; 3] = ["rus", "ukr", "eng"];
    let list = run(sandbox, "tesseract", &["--list-langs"]).unwrap_or_default();
    let absent: Vec<&str> = LANGUAGES.into_iter().filter(|l| !list.lines().any(|line| line.trim() == *l)).collect();
    if !absent.is_empty() {
        let packages: Vec<String> = absent.iter().map(|l| format!("tesseract-ocr-{l}")).collect();
        let what = format!("tesseract's trained data for {}", absent.join(", "));
        return Err(missing(&what, &format!("Install the Debian packages {}.", packages.join(", "))));
    }
    // `List of available languages in "/usr/share/…/tessdata/" (4):`
    let folder = list.lines().next().and_then(|l| l.split('"').nth(1)).map(PathBuf::from);
    let files = folder.map(|f| LANGUAGES.map(|l| f.join(format!("{l}.traineddata"))));
    Ok((LANGUAGES.join("+"), files.and_then(|f| digest(&f))))
}

/// SHA-256 (hex) of the bytes of these files, one after the other; `None` where one cannot be read.
fn digest(files: &[PathBuf]) -> Option<String> {
    let mut hash = Sha256::new();
    for path in files {
        hash.update(std::fs::read(path).ok()?);
    }
    Some(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected() -> Engines {
        Engines::detect(EnginesConfig::plain(2))
    }

    #[test]
    fn engines_come_in_the_order_of_their_needs_and_differ_in_identity() {
        let engines = detected();
        let kinds = |kind, media| engines.for_kind(kind, media).iter().map(|e| e.contract().emits).collect::<Vec<_>>();
        let sound = kinds(ItemKind::Recording, "audio/x-wav");
        assert_eq!(sound[0], DerivativeKind::Probe);
        for wanted in [DerivativeKind::Decode, DerivativeKind::Peaks, DerivativeKind::Proxy] {
            assert_eq!(sound.iter().filter(|k| **k == wanted).count(), 1);
        }
        assert_eq!(kinds(ItemKind::Screenshot, "image/png"), [DerivativeKind::Proxy, DerivativeKind::Text]);
        assert!(kinds(ItemKind::Photo, "image/svg+xml").is_empty());
        assert!(kinds(ItemKind::Other, "application/zip").is_empty());
        let there: Vec<_> = engines.slots().iter().filter_map(|s| s.engine.as_ref().ok()).collect();
        let names: std::collections::HashSet<_> = there.iter().map(|e| e.identity()).collect();
        assert_eq!(names.len(), there.len(), "two engines with one identity would share derivation keys");
        let reader = engines.find(DerivativeKind::Text, ItemKind::Screenshot, &Lang::und()).unwrap();
        assert!(reader.identity().version.starts_with('5') && reader.identity().model_sha256.is_some());
        assert!(reader.identity().binary_sha256.is_some());
    }

    #[test]
    fn what_is_missing_is_said_with_a_remedy() {
        let engines = detected();
        assert!(engines.availability().iter().any(|a| a.name == "ffmpeg" && a.state.is_ok()));
        let nothing = engines.find(DerivativeKind::Calls, ItemKind::Photo, &Lang::und()).err().unwrap();
        assert!(matches!(nothing, EngineError::NotApplicable { .. }));
        // A machine without a sandbox has no engine, and says the one reason.
        let lack = Lack::NoSandbox { reason: "test".into() };
        let mut bare = Engines { sandbox: Err(lack.clone()), slots: Vec::new(), availability: Vec::new() };
        bare.add_media();
        bare.add_reading();
        assert!(!bare.is_walled());
        assert!(bare.for_kind(ItemKind::Recording, "audio/x-wav").is_empty());
        assert!(matches!(
            bare.find(DerivativeKind::Probe, ItemKind::Recording, &Lang::und()),
            Err(EngineError::NoSandbox { .. })
        ));
        assert!(bare.availability().iter().all(|a| a.state == Err(lack.clone())));
    }
}
