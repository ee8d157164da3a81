//! The conversation: one question after the other, each answered before the next is read.

use crate::Fault;
use crate::gate::Gate;
use crate::render::Renderer;
use crate::speller::Speller;
use crate::voices::Voices;
use crate::whisper::{Ears, Task};
use ort::environment::Environment;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zapys_host_protocol::{
    Ask, GateAsk, Hello, MAX_SAMPLES, MAX_TEXT_BYTES, MAX_TEXTS, MAX_WINDOW_SAMPLES, MAX_WINDOWS, PROTOCOL, Reply, Spelling,
    TextsAsk, VoicesAsk, WindowsAsk, frame,
};

/// Samples between two reports of the gate: 10 s.
const REPORT: u64 = 160_000;
/// Samples of one channel at most: two days.
const MAX_GATE_SAMPLES: u64 = 48 * MAX_SAMPLES;

/// What to load.
#[derive(Debug, Default, PartialEq)]
pub struct Settings {
    threads: usize,
    whisper: Option<PathBuf>,
    gate: Option<PathBuf>,
    onnxruntime: Option<PathBuf>,
    voices: Option<PathBuf>,
    renderer: Option<PathBuf>,
    pieces: Option<PathBuf>,
    speller: Option<PathBuf>,
    spelling: Option<Spelling>,
    languages: Vec<String>,
}
impl Settings {
    /// Reads the command line. Errors: [`Fault::Request`].
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let mut settings = Self { threads: 1, ..Self::default() };
        while let Some(name) = args.next() {
            let value = args.next().ok_or(Fault::Request("an option lacks its value"))?;
            match name.as_str() {
                "--threads" => {
                    let n = value.parse().ok().filter(|n| (1..=64).contains(n));
                    settings.threads = n.ok_or(Fault::Request("--threads takes a number from 1 to 64"))?;
                }
                "--whisper" => settings.whisper = Some(value.into()),
                "--gate" => settings.gate = Some(value.into()),
                "--onnxruntime" => settings.onnxruntime = Some(value.into()),
                "--voices" => settings.voices = Some(value.into()),
                "--renderer" => settings.renderer = Some(value.into()),
                "--pieces" => settings.pieces = Some(value.into()),
                "--speller" => settings.speller = Some(value.into()),
                "--spelling" => {
                    let spelling = serde_json::from_str(&value);
                    settings.spelling = Some(spelling.map_err(|_| Fault::Request("--spelling takes what a pack says of it"))?);
                }
                "--languages" => settings.languages = value.split(',').map(str::to_owned).collect(),
                _ => {
                    let options = "options are --threads, --whisper, --gate, --onnxruntime, --voices, --renderer, --pieces, \
                                   --speller, --spelling, --languages";
                    return Err(Fault::Request(options));
                }
            }
        }
        Ok(settings)
    }
}

/// Networks for voices that nobody asked yet.
struct Unloaded {
    environment: Environment,
    folder: PathBuf,
}
/// The loaded models.
pub struct Host {
    gate: Option<Gate>,
    ears: Option<Ears>,
    /// Or why it cannot be used, for whoever asks it.
    speller: Option<Result<Speller, &'static str>>,
    voices: Option<Unloaded>,
    loaded: Option<Voices>,
    renderer: Option<Renderer>,
    threads: usize,
}

impl Host {
    /// Loads what the settings name. Errors: [`Fault::Model`].
    pub fn start(settings: &Settings) -> Result<Self, Fault> {
        let environment = settings.onnxruntime.as_deref().map(runtime).transpose()?;
        let with = |model: &Option<PathBuf>| environment.as_ref().zip(model.clone());
        let gate = with(&settings.gate).map(|(e, model)| Gate::open(e, &model)).transpose()?;
        let voices = with(&settings.voices).map(|(e, folder)| Unloaded { environment: e.clone(), folder });
        let ears = settings.whisper.as_ref().map(|folder| Ears::open(folder, settings.threads)).transpose()?;
        let both = settings.renderer.as_ref().zip(settings.pieces.as_ref());
        let renderer = both.map(|(folder, pieces)| Renderer::open(folder, pieces, settings.threads)).transpose()?;
        let languages = settings.languages.clone();
        let spelling = with(&settings.speller).zip(settings.spelling.clone());
        let open = |((e, folder), how): ((&Environment, PathBuf), Spelling)| match Speller::open(
            e,
            &folder,
            how,
            languages,
            settings.threads,
        ) {
            Err(Fault::Model(why)) => Ok(Err(why)),
            other => other.map(Ok),
        };
        let speller = spelling.map(open).transpose()?;
        Ok(Self { gate, ears, speller, voices, loaded: None, renderer, threads: settings.threads })
    }

    /// Answers until the questions end. Errors: [`Fault::Pipe`].
    pub fn answer_all(&mut self, from: &mut impl Read, to: &mut (impl Write + Send)) -> Result<(), Fault> {
        while let Some((ask, _)) = frame::read::<Ask>(from)? {
            match self.answer(ask, from, to) {
                Ok(()) => {}
                Err(Fault::Pipe(e)) => return Err(Fault::Pipe(e)),
                Err(e) => frame::write(to, &Reply::Error { code: e.code().into(), message: e.to_string() }, &[])?,
            }
        }
        Ok(())
    }

    fn answer(&mut self, ask: Ask, from: &mut impl Read, to: &mut (impl Write + Send)) -> Result<(), Fault> {
        match ask {
            Ask::Hello { protocol } => self.hello(protocol, to),
            Ask::Gate(ask) => self.listen(&ask, from, to),
            Ask::Transcribe(ask) => self.hear(&ask, Task::Transcribe, from, to),
            Ask::Translate(ask) => self.hear(&ask, Task::Translate, from, to),
            Ask::Detect(ask) => {
                let sound = sound(&ask.windows, from)?;
                let ears = self.ears.as_ref().ok_or(Fault::Request("no speech model is loaded"))?;
                let (windows, together) = ears.languages(&windows(&ask.windows, &sound))?;
                Ok(frame::write(to, &Reply::Languages { windows, together }, &[])?)
            }
            Ask::Voices(ask) => self.tell_apart(&ask, from, to),
            Ask::Render(ask) => self.render(&ask, to),
            // Left over from a question that was refused.
            Ask::Pcm => Ok(()),
        }
    }

    fn hello(&self, protocol: u32, to: &mut impl Write) -> Result<(), Fault> {
        if protocol != PROTOCOL {
            return Err(Fault::Request("this host speaks another version of the protocol"));
        }
        let mut answers = Vec::new();
        if self.gate.is_some() {
            answers.push("gate".into());
        }
        if self.ears.is_some() {
            answers.extend(["transcribe", "translate", "detect"].map(String::from));
        }
        if self.speller.is_some() {
            answers.push("transcribe".into());
        }
        if self.voices.is_some() {
            answers.push("voices".into());
        }
        if self.renderer.is_some() {
            answers.push("render".into());
        }
        let hello = Hello {
            protocol: PROTOCOL,
            host: "speech".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            answers,
            threads: u32::try_from(self.threads).unwrap_or(u32::MAX),
        };
        Ok(frame::write(to, &Reply::Hello(hello), &[])?)
    }

    fn listen(&mut self, ask: &GateAsk, from: &mut impl Read, to: &mut impl Write) -> Result<(), Fault> {
        if ask.samples > MAX_GATE_SAMPLES || ask.threshold[1] > ask.threshold[0] {
            return Err(Fault::Request("the gate's settings are out of range"));
        }
        let gate = self.gate.as_mut().ok_or(Fault::Request("no speech gate is loaded"))?;
        let mut listening = gate.listen(ask);
        let (mut left, mut unreported) = (ask.samples, 0);
        while left > 0 {
            let body = pcm(from)?;
            let n = (body.len() / 2) as u64;
            listening.hear(frame::pcm_from_bytes(&body)?)?;
            left = left.checked_sub(n).ok_or(Fault::Request("more sound than announced"))?;
            unreported += n;
            if unreported >= REPORT {
                frame::write(to, &Reply::Progress { samples: unreported }, &[])?;
                unreported = 0;
            }
        }
        Ok(frame::write(to, &Reply::Activity { spans: listening.end()? }, &[])?)
    }

    fn hear(&mut self, ask: &WindowsAsk, task: Task, from: &mut impl Read, to: &mut impl Write) -> Result<(), Fault> {
        let sound = sound(&ask.windows, from)?;
        if !(1..=10).contains(&ask.beam) {
            return Err(Fault::Request("the beam is 1 to 10 wide"));
        }
        let windows = windows(&ask.windows, &sound);
        let sink = |heard| Ok(frame::write(to, &Reply::Heard(heard), &[])?);
        let language = match (&self.ears, &mut self.speller, task) {
            (Some(ears), _, _) => ears.hear(&windows, ask, task, sink)?,
            (None, Some(Ok(speller)), Task::Transcribe) => speller.hear(&windows, ask, sink)?,
            (None, Some(Err(why)), _) => return Err(Fault::Model(why)),
            (None, Some(Ok(_)), Task::Translate) => return Err(Fault::Request("this speech model does not translate")),
            (None, None, _) => return Err(Fault::Request("no speech model is loaded")),
        };
        Ok(frame::write(to, &Reply::Done { language, resident_bytes: resident_bytes() }, &[])?)
    }

    /// The networks for voices, loaded when they are first asked: most calls have a party on each channel and need none, and
    /// networks that cannot be loaded cost nobody else anything.
    fn voices(&mut self) -> Result<&mut Voices, Fault> {
        let Self { voices, loaded, threads, .. } = self;
        match loaded {
            Some(voices) => Ok(voices),
            None => {
                let unloaded = voices.as_ref().ok_or(Fault::Request("no networks for voices are there"))?;
                Ok(loaded.insert(Voices::open(&unloaded.environment, &unloaded.folder, *threads)?))
            }
        }
    }

    fn tell_apart(&mut self, ask: &VoicesAsk, from: &mut impl Read, to: &mut impl Write) -> Result<(), Fault> {
        if ask.places.len() != ask.windows.len() {
            return Err(Fault::Request("windows without their places"));
        }
        let sound = sound(&ask.windows, from)?;
        let voices = self.voices()?;
        voices.hear(&windows(&ask.windows, &sound), &ask.places, |heard| Ok(frame::write(to, &Reply::Voices(heard), &[])?))?;
        done(to)
    }

    fn render(&self, ask: &TextsAsk, to: &mut impl Write) -> Result<(), Fault> {
        if ask.texts.len() > MAX_TEXTS || ask.bytes() > MAX_TEXT_BYTES || !(1..=10).contains(&ask.beam) {
            return Err(Fault::Request("more or longer texts than allowed"));
        }
        let renderer = self.renderer.as_ref().ok_or(Fault::Request("no translation model is loaded"))?;
        for rendered in renderer.render(ask)? {
            frame::write(to, &Reply::Rendered(rendered), &[])?;
        }
        done(to)
    }
}

/// The one environment of the process. Errors: [`Fault::Model`].
fn runtime(library: &Path) -> Result<Environment, Fault> {
    let loaded = ort::init_from(library).map_err(|_| Fault::Model("ONNX Runtime cannot be loaded"))?;
    loaded.with_name("speech").build().map_err(|_| Fault::Model("ONNX Runtime does not start"))
}

fn done(to: &mut impl Write) -> Result<(), Fault> {
    Ok(frame::write(to, &Reply::Done { language: None, resident_bytes: resident_bytes() }, &[])?)
}

/// Memory that this process holds; 0 where the system does not say.
fn resident_bytes() -> u64 {
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok()).map_or(0, |n| n * PAGE)
}

/// Reads the sound of a question, all windows one after the other.
fn sound(windows: &[u32], from: &mut impl Read) -> Result<Vec<i16>, Fault> {
    let total = windows.iter().map(|&n| u64::from(n)).sum::<u64>();
    if windows.len() > MAX_WINDOWS || total > MAX_SAMPLES || windows.iter().any(|&n| n > MAX_WINDOW_SAMPLES) {
        return Err(Fault::Request("more or longer windows than allowed"));
    }
    let total = usize::try_from(total).map_err(|_| Fault::Request("more sound than fits"))?;
    let mut sound = Vec::new();
    while sound.len() < total {
        sound.extend(frame::pcm_from_bytes(&pcm(from)?)?);
    }
    if sound.len() > total { Err(Fault::Request("more sound than announced")) } else { Ok(sound) }
}

/// Cuts the sound into its windows.
fn windows<'s>(lengths: &[u32], mut sound: &'s [i16]) -> Vec<&'s [i16]> {
    lengths
        .iter()
        .map(|&n| {
            let (window, rest) = sound.split_at((n as usize).min(sound.len()));
            sound = rest;
            window
        })
        .collect()
}

/// Reads one frame of sound; an empty one would let a question last for ever.
fn pcm(from: &mut impl Read) -> Result<Vec<u8>, Fault> {
    let invalid = |text| Fault::Pipe(io::Error::new(io::ErrorKind::InvalidData, text));
    match frame::read::<Ask>(from)? {
        Some((Ask::Pcm, body)) if !body.is_empty() => Ok(body),
        Some(_) => Err(invalid("sound expected")),
        None => Err(Fault::Pipe(io::ErrorKind::UnexpectedEof.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(asks: &[(Ask, Vec<u8>)]) -> (Result<(), Fault>, Vec<Reply>) {
        let mut host = Host { gate: None, ears: None, speller: None, voices: None, loaded: None, renderer: None, threads: 2 };
        let mut pipe = Vec::new();
        for (ask, body) in asks {
            frame::write(&mut pipe, ask, body).expect("written");
        }
        let mut answers = Vec::new();
        let end = host.answer_all(&mut pipe.as_slice(), &mut answers);
        let mut from = answers.as_slice();
        let mut replies = Vec::new();
        while let Some((reply, _)) = frame::read(&mut from).expect("well-formed") {
            replies.push(reply);
        }
        (end, replies)
    }
    fn ask(windows: Vec<u32>) -> WindowsAsk {
        WindowsAsk { windows, language: None, follow_switches: false, beam: 5, heard: vec![] }
    }
    fn texts(n: usize) -> TextsAsk {
        TextsAsk { texts: vec!["a".into(); n], source_begin: vec![], source_end: vec![], target_begin: vec![], beam: 1 }
    }
    fn code(reply: &Reply) -> &str {
        match reply {
            Reply::Error { code, .. } => code,
            _ => "",
        }
    }

    #[test]
    fn a_bad_question_is_answered_and_the_next_one_too() {
        let (end, replies) = talk(&[
            (Ask::Hello { protocol: PROTOCOL + 1 }, vec![]),
            (Ask::Transcribe(ask(vec![MAX_WINDOW_SAMPLES + 1])), vec![]),
            (Ask::Translate(ask(vec![1; MAX_WINDOWS + 1])), vec![]),
            (Ask::Detect(ask(vec![2])), vec![]),
            (Ask::Pcm, vec![1, 2, 3, 4]),
            (Ask::Voices(VoicesAsk { windows: vec![2], places: vec![(0, 0)] }), vec![]),
            (Ask::Pcm, vec![1, 2, 3, 4]),
            (Ask::Voices(VoicesAsk { windows: vec![1; MAX_WINDOWS + 1], places: vec![(0, 0); MAX_WINDOWS + 1] }), vec![]),
            (Ask::Render(texts(1)), vec![]),
            (Ask::Render(texts(MAX_TEXTS + 1)), vec![]),
            (Ask::Gate(GateAsk { samples: 1, threshold: [100, 200], min_speech_ms: 0, min_silence_ms: 0 }), vec![]),
            (Ask::Hello { protocol: PROTOCOL }, vec![]),
        ]);
        end.expect("the pipe holds");
        assert_eq!(replies.len(), 10);
        assert!(replies[..9].iter().all(|r| code(r) == "bad-request"), "{replies:?}");
        assert!(matches!(&replies[9], Reply::Hello(h) if h.threads == 2 && h.answers.is_empty()));
    }

    #[test]
    fn a_broken_conversation_ends() {
        for asks in [
            vec![(Ask::Detect(ask(vec![2])), vec![])],
            vec![(Ask::Detect(ask(vec![2])), vec![]), (Ask::Pcm, vec![])],
            vec![(Ask::Detect(ask(vec![2])), vec![]), (Ask::Pcm, vec![1])],
            vec![(Ask::Detect(ask(vec![2])), vec![]), (Ask::Hello { protocol: PROTOCOL }, vec![])],
        ] {
            assert!(matches!(talk(&asks).0, Err(Fault::Pipe(_))));
        }
    }

    #[test]
    fn the_command_line_is_read_strictly() {
        let parse = |args: &[&str]| Settings::parse(args.iter().map(|s| (*s).to_owned()));
        let settings = parse(&["--threads", "2", "--whisper", "m"]).expect("valid");
        assert_eq!((settings.threads, settings.whisper), (2, Some("m".into())));
        for bad in [&["--threads"][..], &["--threads", "0"], &["--model", "x"], &["--spelling", "{}"]] {
            assert!(parse(bad).is_err());
        }
    }
}
