//! From sound to words: where somebody speaks, what is said, and what the machine is unsure of.
//!
//! The sound is decoded in one sandbox and heard in another: the engine host `zapys-engine-speech`, which is started
//! when first needed and kept. All that can be decided without a model is decided here: how speech is packed into
//! windows ([`packing`]), how times go back to the media clock, where segments end ([`segments`]), what is flagged.

mod activity;
pub mod choice;
mod listener;
pub mod packing;
mod prints;
mod rounds;
mod second;
mod segments;
mod server;
mod sounds;
mod speakers;
mod speaking;
mod transcribe;
mod voices;

pub use activity::SpeechActivity;
pub use listener::{Hearing, Listener};
pub use prints::TakeVoicePrints;
pub use second::SecondOpinion;
pub use server::{Server, segments_of_answer};
pub use sounds::Sounds;
pub use speakers::{SpeakersParams, TellApart};
pub use transcribe::{Transcribe, TranscribeParams, Way};

pub(crate) use rounds::{Span, read_rounds};
pub(crate) use segments::unsaid;

use crate::detect::{Availability, EnginesConfig, Lack, Slot};
use crate::host::{self, Host, HostPlan};
use crate::models::{Pack, PackKind, packs_dir};
use crate::sandbox::Sandbox;
use crate::{Engine, EngineError, Work};
use choice::{Choice, Second};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zapys_domain::media::Document;
use zapys_domain::{DerivativeKind, EngineIdentity, ItemKind};

/// Name of the host program.
pub const HOST: &str = "zapys-engine-speech";
/// Name of the host in errors.
pub(crate) const TOOL: &str = "speech host";
/// Memory of a host between questions, beside twice the weights of its model, in bytes: what a question needs and more.
const RETIRE_ABOVE: u64 = 600_000_000;
/// What the networks for voices may take beside, in bytes.
const VOICES_MEMORY: u64 = 300_000_000;
/// Samples per second in which speech is heard.
pub(crate) const RATE: u64 = 16_000;
/// Speech that is asked about at once: 20 minutes.
pub(crate) const ROUND: u64 = 20 * 60 * RATE;
/// Counts up whenever the code here or in the host changes what comes out.
const ACTIVITY_REVISION: u32 = 1;
const SPEAKERS_REVISION: u32 = 2;
const PRINTS_REVISION: u32 = 1;
const TRANSCRIBE_REVISION: u32 = 2;
const SPELLING_REVISION: u32 = 1;
const TRANSLATE_REVISION: u32 = 2;
const SECOND_REVISION: u32 = 1;

pub(crate) const SOUND: &[ItemKind] = &[ItemKind::Recording, ItemKind::Video];

/// Finds host, libraries, models and the server, and gives the engines of speech, or says of each what is missing.
pub fn engines(sandbox: Result<&Sandbox, &Lack>, config: &EnginesConfig) -> (Vec<Slot>, Vec<Availability>) {
    let sounds = sandbox.cloned().map(Sounds::new).map_err(Lack::clone);
    let mut listeners =
        Listeners { sandbox: sandbox.cloned().map_err(Lack::clone), sounds, config, packs: Vec::new(), server: None };
    let speech = listeners.pack(None);
    let gate = speech.as_ref().map(|s| s.gate.name.clone() + " " + &s.gate.version).map_err(Lack::clone);
    let whisper = speech.as_ref().map_err(Lack::clone).and_then(|s| match &s.whisper {
        Some(pack) => Ok(pack.name.clone()),
        None => Err(lack(no_model())),
    });
    let line = |name: &str, purpose, state| Availability { name: name.into(), purpose, state };
    let voices = speech.as_ref().map_err(Lack::clone).and_then(|s| match &s.voices {
        Some(pack) => Ok(format!("{} {}", pack.name, pack.version)),
        None => Err(lack(no_voices())),
    });
    let mut availability = vec![
        line("speech gate", "finding where somebody speaks", gate),
        line("voices", "telling apart who speaks on one channel", voices),
        line("speech model", "writing down and translating speech", whisper),
    ];
    let activity = speech.as_ref().map(|s| Arc::new(SpeechActivity::new(Arc::clone(s))) as Arc<dyn Engine>);
    let apart = speech.as_ref().map(|s| Arc::new(TellApart::new(Arc::clone(s))) as Arc<dyn Engine>);
    let prints = match &speech {
        Ok(s) if s.knows_voices() => Ok(Arc::new(TakeVoicePrints::new(Arc::clone(s))) as Arc<dyn Engine>),
        Ok(_) => Err(lack(no_voices())),
        Err(lack) => Err(lack.clone()),
    };
    let slot = |emits, engine| Slot { emits, takes: SOUND, language: None, engine };
    let mut slots = vec![
        slot(DerivativeKind::Speech, activity.map_err(Lack::clone)),
        slot(DerivativeKind::Speakers, apart.map_err(Lack::clone)),
        slot(DerivativeKind::VoicePrints, prints),
    ];
    let (translators, states) = crate::translate::engines(sandbox, config, &speech);
    slots.extend(translators);
    availability.extend(states);
    let transcribe = |l: Who| l.map(|(s, l)| Arc::new(Transcribe::new(s, l)) as Arc<dyn Engine>);
    for (language, choice) in &config.speech.languages {
        let who = listeners.listener(choice);
        let state = shown(&who);
        availability.push(line(&format!("speech in {language}"), "writing down speech in that language", state));
        slots.push(Slot { language: Some(language.clone()), ..slot(DerivativeKind::Transcript, transcribe(who)) });
    }
    let usual = listeners.listener(&config.speech.usual);
    if config.speech.usual != Choice::Pack(None) {
        let state = shown(&usual);
        availability.push(line("speech", "writing down speech", state));
    }
    let (second, way) = match &config.second {
        Second::Nobody => (None, Way::Plain),
        Second::Again => (Some(usual.clone()), Way::Otherwise),
        Second::By(choice) => (Some(listeners.listener(choice)), Way::Plain),
    };
    slots.push(slot(DerivativeKind::Transcript, transcribe(usual)));
    if let Some(second) = second {
        let state = shown(&second);
        availability.push(line("second opinion", "hearing speech once more", state));
        let engine = second.map(|(s, l)| Arc::new(SecondOpinion::new(s, l, way)) as Arc<dyn Engine>);
        slots.push(slot(DerivativeKind::SecondTranscript, engine));
    }
    (slots, availability)
}

/// Somebody who listens, with the sound for them, or why they are not there.
type Who = Result<(Sounds, Arc<dyn Listener>), Lack>;
/// The same for `doctor`: model and place.
fn shown(who: &Who) -> Result<String, Lack> {
    let who = who.as_ref().map_err(Lack::clone)?.1.identity();
    let place = who.version.rsplit_once('+').map_or("", |(_, place)| place);
    Ok(format!("{} ({place})", who.model.as_deref().unwrap_or(&who.name)))
}

type Found = Result<Arc<Speech>, Lack>;
/// Everybody who may be asked to listen, each looked for once.
struct Listeners<'c> {
    sandbox: Result<Sandbox, Lack>,
    sounds: Result<Sounds, Lack>,
    config: &'c EnginesConfig,
    packs: Vec<(Option<String>, Found)>,
    server: Option<Result<Arc<Server>, Lack>>,
}
impl Listeners<'_> {
    fn pack(&mut self, name: Option<&str>) -> Found {
        if let Some((_, found)) = self.packs.iter().find(|(n, _)| n.as_deref() == name) {
            return found.clone();
        }
        let found = self.sandbox.clone().and_then(|s| Speech::find(s, self.sounds.clone()?, self.config, name).map_err(lack));
        self.packs.push((name.map(str::to_owned), found.clone()));
        found
    }

    fn listener(&mut self, choice: &Choice) -> Who {
        let sounds = self.sounds.clone()?;
        match choice {
            Choice::Server => {
                let config = &self.config.server;
                let server = self.server.get_or_insert_with(|| Server::new(config).map(Arc::new).map_err(lack));
                server.clone().map(|s| (sounds, s as Arc<dyn Listener>))
            }
            Choice::Pack(name) => match self.pack(name.as_deref())? {
                s if s.whisper.is_some() || s.speller.is_some() => Ok((sounds, s as Arc<dyn Listener>)),
                _ => Err(lack(no_model())),
            },
        }
    }
}

fn no_voices() -> EngineError {
    EngineError::Missing {
        what: "networks for voices".into(),
        hint: "Run `make run` on a connected machine, or bring the pack voices with `zapys models import PATH`.".into(),
    }
}
pub(crate) fn no_model() -> EngineError {
    EngineError::Missing {
        what: "a speech model".into(),
        hint: "Run `make run` on a connected machine, or bring a model pack with `zapys models import PATH`.".into(),
    }
}

pub(crate) fn lack(e: EngineError) -> Lack {
    match e {
        EngineError::NoSandbox { reason } => Lack::NoSandbox { reason },
        EngineError::Missing { what, hint } => Lack::Missing { what, hint },
        other => Lack::Missing { what: format!("a working speech host ({other})"), hint: zapys_domain::Fault::hint(&other) },
    }
}

/// The host with its models; shared by the engines.
pub struct Speech {
    pub(crate) sounds: Sounds,
    host: Host,
    program_sha256: String,
    gate: Pack,
    whisper: Option<Pack>,
    /// A network that spells, where that was asked for by name; then there is no Whisper.
    speller: Option<Pack>,
    voices: Option<Pack>,
    libraries: [Pack; 2],
    /// Whether digests were compared in this process.
    verified: Mutex<bool>,
}

impl Speech {
    /// Finds program and packs: the speech model of that name, or the largest. Errors: `Missing`, `Failed`, `Io`.
    pub fn find(
        sandbox: Sandbox,
        sounds: Sounds,
        config: &EnginesConfig,
        wanted: Option<&str>,
    ) -> Result<Arc<Self>, EngineError> {
        let program = host::locate(HOST, config.hosts.as_deref())?;
        let dir = packs_dir(config.packs.as_deref());
        let [ctranslate2, onnxruntime] = [Pack::open(&dir.join("ctranslate2"))?, Pack::open(&dir.join("onnxruntime"))?];
        let packs = crate::models::list(&dir)?;
        let gate = packs.iter().find(|p| p.kind == PackKind::Gate).cloned();
        let gate = gate.ok_or_else(|| EngineError::Missing {
            what: "a speech gate".into(),
            hint: "Run `make run` on a connected machine, or bring the pack silero-vad with `zapys models import PATH`.".into(),
        })?;
        let model = gate.files.iter().find(|f| f.name.ends_with(".onnx")).map(|f| f.name.clone());
        let model =
            model.ok_or_else(|| EngineError::Failed { tool: "models", reason: "the speech gate holds no model".into() })?;
        let voices = packs.iter().find(|p| p.kind == PackKind::Voices).cloned();
        let weights = Pack::speech_weights;
        let named = |p: &Pack| wanted.is_none_or(|name| p.name == name);
        let fit = packs.into_iter().filter(|p| p.kind == PackKind::Speech && weights(p) > 0 && named(p));
        // One that spells knows one language or few, so nobody gets it who did not ask for it.
        let (spellers, whispers): (Vec<Pack>, Vec<Pack>) = fit.partition(|p| p.spelling.is_some());
        let speller = spellers.into_iter().next().filter(|_| wanted.is_some());
        let whisper = whispers.into_iter().max_by_key(weights);
        if let (None, None, Some(name)) = (&whisper, &speller, wanted) {
            return Err(EngineError::Missing {
                what: format!("the speech model {name}"),
                hint: "Bring its pack with `zapys models import PATH`; `zapys models list` names those that are there.".into(),
            });
        }

        let inside = |place: &str| PathBuf::from(place);
        let mut shown = vec![
            (ctranslate2.folder.clone(), inside("/libraries/ctranslate2")),
            (onnxruntime.folder.clone(), inside("/libraries/onnxruntime")),
            (gate.folder.clone(), inside("/models/gate")),
        ];
        let threads = config.threads.clamp(1, 64);
        let mut args: Vec<String> = vec!["--threads".into(), threads.to_string(), "--gate".into()];
        args.push(format!("/models/gate/{model}"));
        args.extend(["--onnxruntime", "/libraries/onnxruntime/libonnxruntime.so"].map(String::from));
        let (mut memory_bytes, mut retire_above_bytes) = (4_000_000_000, RETIRE_ABOVE);
        if let Some(pack) = &voices {
            shown.push((pack.folder.clone(), inside("/models/voices")));
            args.extend(["--voices", "/models/voices"].map(String::from));
            memory_bytes += VOICES_MEMORY;
            retire_above_bytes += VOICES_MEMORY;
        }
        if let Some(pack) = &whisper {
            shown.push((pack.folder.clone(), inside("/models/whisper")));
            args.extend(["--whisper", "/models/whisper"].map(String::from));
            memory_bytes += 4 * weights(pack);
            retire_above_bytes += 2 * weights(pack);
        }
        if let Some((pack, how)) = speller.as_ref().and_then(|p| p.spelling.as_ref().map(|how| (p, how))) {
            pack.file(&how.tokens)?;
            shown.push((pack.folder.clone(), inside("/models/speller")));
            let how = serde_json::to_string(how).map_err(|e| EngineError::Output(e.to_string()))?;
            args.extend(["--speller".into(), "/models/speller".into(), "--spelling".into(), how]);
            args.extend(["--languages".into(), pack.languages.join(",")]);
            memory_bytes += 8 * weights(pack);
            retire_above_bytes += 4 * weights(pack);
        }
        let plan = HostPlan {
            tool: TOOL,
            program: program.clone(),
            shown,
            args: args.into_iter().map(Into::into).collect(),
            env: environment().into_iter().map(|(n, v)| (n.to_owned(), v.into())).collect(),
            memory_bytes,
            retire_above_bytes,
        };
        Ok(Arc::new(Self {
            host: Host::new(sandbox, plan),
            sounds,
            program_sha256: host::binary_sha256(&program)?,
            gate,
            whisper,
            speller,
            voices,
            libraries: [ctranslate2, onnxruntime],
            verified: Mutex::new(false),
        }))
    }

    /// The host, after the digests of everything it loads were compared once.
    /// Errors: `Missing` where a file is not what its manifest says, `Io`.
    pub(crate) fn host(&self) -> Result<&Host, EngineError> {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if !*verified {
            for pack in self.libraries.iter().chain([&self.gate]).chain(&self.whisper).chain(&self.speller).chain(&self.voices) {
                pack.require_intact()?;
            }
            *verified = true;
        }
        Ok(&self.host)
    }

    pub(crate) fn gate_identity(&self) -> EngineIdentity {
        let model = self.gate.files.iter().find(|f| f.name.ends_with(".onnx"));
        self.identity("silero-vad", ACTIVITY_REVISION, &self.libraries[1], &self.gate, model.map(|f| f.sha256.clone()))
    }

    /// Whether a speech model is there.
    pub(crate) fn has_model(&self) -> bool {
        self.whisper.is_some()
    }
    /// Whether voices that share a channel can be told apart.
    pub(crate) fn knows_voices(&self) -> bool {
        self.voices.is_some()
    }
    pub(crate) fn speakers_identity(&self, revision: u32) -> EngineIdentity {
        match &self.voices {
            Some(pack) => self.voices_identity("speakers-by-voice", revision, pack),
            None => self.identity("speakers-by-channel", revision, &self.libraries[1], &self.gate, None),
        }
    }
    pub(crate) fn prints_identity(&self) -> EngineIdentity {
        self.voices_identity("voice-prints", PRINTS_REVISION, self.voices.as_ref().unwrap_or(&self.gate))
    }
    fn voices_identity(&self, name: &str, revision: u32, pack: &Pack) -> EngineIdentity {
        let weights = |name: &str| pack.file(name).map(|f| f.sha256.clone()).ok();
        let both = weights("segmentation.onnx").zip(weights("embedding.onnx")).map(|(a, b)| format!("{a}+{b}"));
        self.identity(name, revision, &self.libraries[1], pack, both)
    }

    pub(crate) fn transcribe_identity(&self) -> EngineIdentity {
        if let Some(pack) = &self.speller {
            let weights = pack.spelling.as_ref().and_then(|s| pack.file(&s.model).ok()).map(|f| f.sha256.clone());
            return self.identity("ctc-onnx", SPELLING_REVISION, &self.libraries[1], pack, weights);
        }
        self.whisper_identity("whisper-ct2", TRANSCRIBE_REVISION)
    }

    pub(crate) fn translate_identity(&self) -> EngineIdentity {
        self.whisper_identity("whisper-ct2-translate", TRANSLATE_REVISION)
    }

    fn whisper_identity(&self, name: &str, revision: u32) -> EngineIdentity {
        let pack = self.whisper.as_ref().unwrap_or(&self.gate);
        let weights = pack.file("model.bin").ok().map(|f| f.sha256.clone());
        self.identity(name, revision, &self.libraries[0], pack, weights)
    }

    fn identity(&self, name: &str, revision: u32, library: &Pack, model: &Pack, weights: Option<String>) -> EngineIdentity {
        let version = env!("CARGO_PKG_VERSION");
        EngineIdentity {
            name: name.into(),
            version: format!("{version}/{revision}+{}-{}", library.name, library.version),
            model: Some(model.name.clone()),
            model_sha256: weights,
            binary_sha256: Some(self.program_sha256.clone()),
        }
    }
}

/// What the host finds in its environment. A fifth of the encoder's time is page faults unless freed memory is kept and
/// comes in huge pages; one arena keeps two workers from holding everything twice; the matrix library packs weights
/// once instead of at every product.
pub(crate) fn environment() -> [(&'static str, &'static str); 4] {
    [
        ("LD_LIBRARY_PATH", "/libraries/ctranslate2"),
        (
            "GLIBC_TUNABLES",
            "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=1073741824:\
             glibc.malloc.top_pad=67108864:glibc.malloc.arena_max=1",
        ),
        ("CT2_USE_EXPERIMENTAL_PACKED_GEMM", "1"),
        ("OMP_NUM_THREADS", "1"),
    ]
}

/// Time an answer may take: eight times the sound's length and two minutes, for slow and busy machines.
pub(crate) fn patience(samples: u64) -> Duration {
    Duration::from_secs(120 + samples / RATE * 8)
}

/// Reads a derivative document among the inputs. Errors: `Io`, `Failed` where it is none.
pub(crate) fn document<T: serde::de::DeserializeOwned>(work: &Work<'_>, n: usize) -> Result<T, EngineError> {
    let input = work.inputs.get(n).ok_or_else(crate::probe::no_input)?;
    let bytes = std::fs::read(&input.path).map_err(EngineError::Io)?;
    let read: Document<T> = serde_json::from_slice(&bytes)
        .map_err(|_| EngineError::Failed { tool: TOOL, reason: "a document it builds upon cannot be read".into() })?;
    Ok(read.value)
}

/// Reads parameters that `holds` is true of; an absent or empty object means the defaults. Errors: `Failed`.
pub(crate) fn parameters<T: serde::de::DeserializeOwned + Default>(
    value: &serde_json::Value,
    holds: impl FnOnce(&T) -> bool,
) -> Result<T, EngineError> {
    let read = if value.is_null() { Some(T::default()) } else { serde_json::from_value(value.clone()).ok() };
    read.filter(holds).ok_or_else(|| EngineError::Failed { tool: TOOL, reason: "its parameters make no sense".into() })
}

/// An answer of the host that does not fit the question.
pub(crate) fn unexpected() -> EngineError {
    EngineError::Failed { tool: TOOL, reason: "its answer does not fit the question".into() }
}

/// Whether a host and all packs are installed at these places, for tests and setups.
pub fn is_installed(packs: Option<&Path>, hosts: Option<&Path>) -> bool {
    let dir = packs_dir(packs);
    let whole = |name: &str| Pack::open(&dir.join(name)).is_ok();
    host::locate(HOST, hosts).is_ok()
        && ["ctranslate2", "onnxruntime", "silero-vad", "voices", "whisper-base"].iter().all(|p| whole(p))
}
