//! Settings: one TOML file, `ZAPYS_*` variables, flags. Every value knows where it came from.

use crate::unlock::Credential;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zapys_domain::{Fault, FaultKind};
use zapys_engines::ServerConfig;
use zapys_engines::speech::choice::{Choice, Choices, Second};
use zapys_engines::translate::choice::{Choice as Translator, Translators};

/// Where a setting came from; later ones win.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// Built in.
    Default,
    /// The settings file.
    File,
    /// An environment variable.
    Environment,
    /// A flag of the command line.
    Flag,
}

/// What a setting is called, what it does, and what holds where nothing is said. Also the reference page.
pub const REFERENCE: &[(&str, &str, &str)] = &[
    ("case", "./case", "Folder of the case to work on."),
    ("listen", "127.0.0.1:7878", "Address the workbench listens on; a loopback address."),
    ("workers", "", "Derivations computed at once; empty: one per processor core."),
    ("packs", "", "Folder of the model packs; empty: the user's cache folder."),
    ("hosts", "", "Folder of the engine host programs; empty: beside the zapys program."),
    ("passphrase_file", "", "File whose first line opens an encrypted case; empty: asked on the terminal."),
    ("key_file", "", "File of random bytes that opens an encrypted case, on a medium of its own."),
    ("scratch", "", "Where decoders of an encrypted case keep plain copies for a moment; empty: in memory."),
    ("lock_after", "300", "Seconds without a person after which the workbench locks an encrypted case; 0: never."),
    ("sandbox", "required", "`required`, or `off` to run decoders without a sandbox; that is recorded in the ledger."),
    (
        "speech",
        "",
        "Who writes down speech: a speech pack by name, or `server`; `uk=NAME` before a comma for recordings stated to be in one \
         language. Empty: the largest speech pack.",
    ),
    ("second", "", "Who hears speech once more, to find what is doubtful: a pack, `server`, or `again`; empty: nobody."),
    ("speech_server", "", "Address of a server with the OpenAI-compatible transcription API, such as http://127.0.0.1:8000/v1."),
    ("speech_server_model", "", "The model that the speech server is asked for."),
    ("speech_server_key_file", "", "File whose first line is sent to the speech server as its key; empty: none."),
    (
        "voices",
        "off",
        "`on`: a print of each speaker's voice is made, so that `zapys voices` can suggest the same speaker in other recordings.",
    ),
    (
        "enhance",
        "off",
        "`on`: a copy of each recording is made that is easier to listen to; it is labelled, and nothing is computed from it.",
    ),
    ("translate", "en", "Language that speech is translated into by machine; empty: no translation."),
    (
        "translator",
        "whisper",
        "Who translates: a translation pack by name, `server`, or `whisper`, the speech model, which writes English only; `uk=NAME` \
         before a comma for what was said in one language.",
    ),
    ("second_translator", "", "Who else translates, so that both stand side by side; empty: nobody."),
    ("translation_server", "", "Address of a server with the OpenAI-compatible chat API, such as http://127.0.0.1:8080/v1."),
    ("translation_server_model", "", "The model that the translation server is asked for."),
    ("translation_server_key_file", "", "File whose first line is sent to the translation server as its key; empty: none."),
];

/// One value with its provenance.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Name, as in the file.
    pub name: &'static str,
    /// Value as text.
    pub value: String,
    /// Where it came from.
    pub from: Provenance,
    /// What it does.
    pub about: &'static str,
}

/// All settings.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<&'static str, (String, Provenance)>,
    credential: Option<Credential>,
}

impl Settings {
    /// Reads the settings. `file`: named by the person, must exist; else the user's settings file, if any.
    /// `environment`: name-value pairs of the process. `flags`: name-value pairs given on the command line.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(&'static str, String)],
    ) -> Result<Self, SettingsError> {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let mut values: BTreeMap<&'static str, (String, Provenance)> =
            REFERENCE.iter().map(|(name, value, _)| (*name, ((*value).to_owned(), Provenance::Default))).collect();
        let user_file = user_folder(&environment, "XDG_CONFIG_HOME", ".config").map(|d| d.join("settings.toml"));
        let path = match file {
            Some(named) => Some(named.to_owned()),
            None => user_file.filter(|p| p.is_file()),
        };
        if let Some(path) = path {
            let text =
                std::fs::read_to_string(&path).map_err(|source| SettingsError::Unreadable { path: path.clone(), source })?;
            let table: toml::Table = text
                .parse()
                .map_err(|e: toml::de::Error| SettingsError::Malformed { path: path.clone(), reason: e.message().to_owned() })?;
            for (key, value) in table {
                let name =
                    known(&key).ok_or_else(|| SettingsError::Unknown { name: key.clone(), place: path.display().to_string() })?;
                let text = match value {
                    toml::Value::String(s) => s,
                    toml::Value::Integer(n) => n.to_string(),
                    _ => return Err(SettingsError::Malformed { path, reason: format!("`{name}` must be a text or a number") }),
                };
                values.insert(name, (text, Provenance::File));
            }
        }
        for (name, _, _) in REFERENCE {
            if let Some(value) = environment.get(&format!("ZAPYS_{}", name.to_ascii_uppercase())) {
                values.insert(name, (value.clone(), Provenance::Environment));
            }
        }
        for (name, value) in flags {
            values.insert(name, (value.clone(), Provenance::Flag));
        }
        let settings = Self { values, credential: None };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let bad = |name: &'static str, wants: &'static str| SettingsError::Value { name, wants };
        if !matches!(self.text("sandbox"), "required" | "off") {
            return Err(bad("sandbox", "`required` or `off`"));
        }
        if let Some(name) = ["voices", "enhance"].into_iter().find(|name| !matches!(self.text(name), "on" | "off")) {
            return Err(bad(name, "`on` or `off`"));
        }
        if !self.text("workers").is_empty() && !self.text("workers").parse::<usize>().is_ok_and(|n| (1..=256).contains(&n)) {
            return Err(bad("workers", "a number from 1 to 256"));
        }
        if self.text("lock_after").parse::<u32>().is_err() {
            return Err(bad("lock_after", "a number of seconds, 0 for never"));
        }
        let speech = Choices::parse(self.text("speech")).ok_or_else(|| {
            bad("speech", "the name of a speech pack or `server`, with `uk=NAME` before a comma for one language")
        })?;
        let second = Second::parse(self.text("second"))
            .ok_or_else(|| bad("second", "the name of a speech pack, `server`, `again`, or nothing"))?;
        const MODEL: &str = "the name of the model, as the server lists it";
        if asks_server(&speech, &second) {
            self.speech_server().url().map_err(|wants| bad("speech_server", wants))?;
            if self.text("speech_server_model").trim().is_empty() {
                return Err(bad("speech_server_model", MODEL));
            }
        }
        let who =
            "the name of a translation pack, `server`, or `whisper`; or `uk=NAME, ru=NAME, NAME` by language, without `whisper`";
        let first = Translator::parse(self.text("translator")).ok_or_else(|| bad("translator", who))?;
        let second = Some(self.text("second_translator")).filter(|t| !t.trim().is_empty());
        let second = second.map(|t| Translator::parse(t).ok_or_else(|| bad("second_translator", who))).transpose()?;
        if second.as_ref() == Some(&first) {
            return Err(bad("second_translator", "somebody else than the first translator"));
        }
        let into = self.text("translate");
        let is_tag = (2..=3).contains(&into.len()) && into.bytes().all(|b| b.is_ascii_lowercase());
        if !into.is_empty() && !is_tag {
            return Err(bad("translate", "the code of a language such as `en`, or nothing"));
        }
        let translators = Translators { first, second };
        if is_tag && into != "en" && translators.all().any(|t| *t == Translator::Whisper) {
            return Err(bad("translate", "`en`: the speech model writes English only; name another translator first"));
        }
        if translators.ask_server() {
            self.translation_server().url().map_err(|wants| bad("translation_server", wants))?;
            if self.text("translation_server_model").trim().is_empty() {
                return Err(bad("translation_server_model", MODEL));
            }
        }
        Ok(())
    }

    /// The same settings, with what a person typed to open the case.
    pub fn with_credential(self, credential: Credential) -> Self {
        Self { credential: Some(credential), ..self }
    }
    /// What opens an encrypted case: typed, or read from the files that the settings name. Errors: a file that cannot be used.
    pub fn credential(&self) -> crate::Result<Option<Credential>> {
        if let Some(typed) = &self.credential {
            return Ok(Some(typed.clone()));
        }
        match (self.text("key_file"), self.text("passphrase_file")) {
            ("", "") => Ok(None),
            ("", file) => Credential::from_passphrase_file(Path::new(file)).map(Some),
            (file, _) => Credential::from_key_file(Path::new(file)).map(Some),
        }
    }
    /// Seconds after which the workbench locks; `None` for never.
    pub fn lock_after(&self) -> Option<std::time::Duration> {
        self.text("lock_after").parse().ok().filter(|s| *s > 0).map(std::time::Duration::from_secs)
    }
    /// A value as text; empty where the default is computed.
    pub fn text(&self, name: &'static str) -> &str {
        &self.values.get(name).expect("every name used in the code is in REFERENCE").0
    }
    /// Every setting with its provenance, in the order of the reference.
    pub fn all(&self) -> Vec<Setting> {
        REFERENCE
            .iter()
            .map(|(name, _, about)| {
                let (value, from) = self.values.get(name).expect("filled from REFERENCE").clone();
                Setting { name, value, from, about }
            })
            .collect()
    }
    /// Folder of the case.
    pub fn case(&self) -> PathBuf {
        PathBuf::from(self.text("case"))
    }
    /// How many derivations are computed at once.
    pub fn workers(&self) -> usize {
        self.text("workers").parse().unwrap_or_else(|_| std::thread::available_parallelism().map_or(2, |n| n.get()))
    }
    /// Folder of the model packs, or `None` for the user's cache folder.
    pub fn packs(&self) -> Option<PathBuf> {
        Some(self.text("packs")).filter(|t| !t.is_empty()).map(PathBuf::from)
    }
    /// Folder of the engine hosts, or `None` for beside the program.
    pub fn hosts(&self) -> Option<PathBuf> {
        Some(self.text("hosts")).filter(|t| !t.is_empty()).map(PathBuf::from)
    }
    /// Who writes down speech.
    pub fn speech(&self) -> Choices {
        Choices::parse(self.text("speech")).expect("checked when the settings were read")
    }
    /// Who hears it once more.
    pub fn second(&self) -> Second {
        Second::parse(self.text("second")).expect("checked when the settings were read")
    }
    /// The server that is asked where one of them says so.
    pub fn speech_server(&self) -> ServerConfig {
        self.server(["speech_server", "speech_server_model", "speech_server_key_file"])
    }
    /// Host and port of the server that speech goes to; `None` where all stays on this machine.
    pub fn speech_goes_to(&self) -> Option<String> {
        asks_server(&self.speech(), &self.second()).then(|| place(&self.speech_server()))?
    }
    /// Whether prints of voices are made.
    pub fn compares_voices(&self) -> bool {
        self.text("voices") == "on"
    }
    /// Whether copies are made that are easier to listen to.
    pub fn enhances(&self) -> bool {
        self.text("enhance") == "on"
    }
    /// Who translates what was said.
    pub fn translators(&self) -> Translators {
        let first = Translator::parse(self.text("translator")).expect("checked when the settings were read");
        Translators { first, second: Translator::parse(self.text("second_translator")) }
    }
    /// The server that is asked where one of them says so.
    pub fn translation_server(&self) -> ServerConfig {
        self.server(["translation_server", "translation_server_model", "translation_server_key_file"])
    }
    /// Host and port of the server that words go to, to be translated; `None` where all stays on this machine.
    pub fn words_go_to(&self) -> Option<String> {
        let goes = !self.text("translate").is_empty() && self.translators().ask_server();
        goes.then(|| place(&self.translation_server()))?
    }
    fn server(&self, [address, model, key_file]: [&'static str; 3]) -> ServerConfig {
        let text = |name| self.text(name).trim().to_owned();
        let key_file = Some(self.text(key_file)).filter(|t| !t.is_empty()).map(PathBuf::from);
        ServerConfig { address: text(address), model: text(model), key_file }
    }
    /// False only where the operator switched the sandbox off.
    pub fn sandbox_required(&self) -> bool {
        self.text("sandbox") != "off"
    }
}

fn asks_server(speech: &Choices, second: &Second) -> bool {
    speech.asks_server() || *second == Second::By(Choice::Server)
}

/// Host and port of a server.
fn place(server: &ServerConfig) -> Option<String> {
    let url = server.url().ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

fn known(name: &str) -> Option<&'static str> {
    REFERENCE.iter().map(|(n, _, _)| *n).find(|n| *n == name)
}

fn user_folder(environment: &BTreeMap<String, String>, variable: &str, fallback: &str) -> Option<PathBuf> {
    let base = match environment.get(variable).filter(|v| !v.is_empty()) {
        Some(dir) => PathBuf::from(dir),
        None => PathBuf::from(environment.get("HOME")?).join(fallback),
    };
    Some(base.join("zapys"))
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[allow(missing_docs)]
    #[error("the settings file {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[allow(missing_docs)]
    #[error("the settings file {} is not usable: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
    #[allow(missing_docs)]
    #[error("there is no setting called `{name}` ({place})")]
    Unknown { name: String, place: String },
    #[allow(missing_docs)]
    #[error("the setting `{name}` has a value it cannot have")]
    Value { name: &'static str, wants: &'static str },
}
impl Fault for SettingsError {
    fn kind(&self) -> FaultKind {
        FaultKind::Usage
    }
    fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } => "Name an existing TOML file with --config.".into(),
            Self::Malformed { .. } => "Correct the file; `zapys config show` lists every setting.".into(),
            Self::Unknown { .. } => "`zapys config show` lists every setting; remove or correct this one.".into(),
            Self::Value { wants, .. } => format!("Give it {wants}."),
        }
    }
    fn code(&self) -> &'static str {
        "settings"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_places_win_and_say_so() {
        let dir = tempfile::tempdir().expect("temp dir");
        let file = dir.path().join("s.toml");
        std::fs::write(&file, "workers = 3\nlisten = \"127.0.0.1:1\"\n").expect("write");
        let env = [("ZAPYS_LISTEN".to_owned(), "127.0.0.1:2".to_owned())];
        let s = Settings::load(Some(&file), env, &[("case", "x".into())]).expect("good settings");
        assert_eq!((s.workers(), s.text("listen"), s.case()), (3, "127.0.0.1:2", PathBuf::from("x")));
        let from = |n: &str| s.all().into_iter().find(|x| x.name == n).map(|x| x.from);
        assert_eq!(from("workers"), Some(Provenance::File));
        assert_eq!(from("listen"), Some(Provenance::Environment));
        assert_eq!(from("case"), Some(Provenance::Flag));
        assert_eq!(from("sandbox"), Some(Provenance::Default));
    }

    #[test]
    fn speech_leaves_the_machine_only_where_the_settings_say_so() {
        let load = |flags: &[(&'static str, &str)]| {
            Settings::load(None, [], &flags.iter().map(|(n, v)| (*n, (*v).to_owned())).collect::<Vec<_>>())
        };
        let server = [("speech_server", "https://speech.example.org/v1"), ("speech_server_model", "large")];
        assert_eq!(load(&server).expect("good").speech_goes_to(), None, "a server that nobody asks");
        for asking in [("second", "server"), ("speech", "server"), ("speech", "uk=server, whisper-base")] {
            let settings = load(&[server[0], server[1], asking]).expect("good");
            assert_eq!(settings.speech_goes_to().as_deref(), Some("speech.example.org:443"));
            assert!(matches!(load(&[server[1], asking]), Err(SettingsError::Value { name: "speech_server", .. })));
            assert!(matches!(load(&[server[0], asking]), Err(SettingsError::Value { name: "speech_server_model", .. })));
            let plain = ("speech_server", "http://speech.example.org/v1");
            assert!(matches!(load(&[plain, server[1], asking]), Err(SettingsError::Value { name: "speech_server", .. })));
        }
        assert!(matches!(load(&[("speech", "a, b")]), Err(SettingsError::Value { name: "speech", .. })));
        assert!(matches!(load(&[("second", "two words")]), Err(SettingsError::Value { name: "second", .. })));
    }

    #[test]
    fn words_leave_the_machine_only_where_the_settings_say_so() {
        let load = |flags: &[(&'static str, &str)]| {
            Settings::load(None, [], &flags.iter().map(|(n, v)| (*n, (*v).to_owned())).collect::<Vec<_>>())
        };
        let server = [("translation_server", "http://127.0.0.1:8080/v1"), ("translation_server_model", "m")];
        assert_eq!(load(&server).expect("good").words_go_to(), None, "a server that nobody asks");
        for asking in [("translator", "server"), ("second_translator", "server")] {
            let settings = load(&[server[0], server[1], asking]).expect("good");
            assert_eq!((settings.words_go_to().as_deref(), settings.speech_goes_to()), (Some("127.0.0.1:8080"), None));
            let by_language = load(&[server[0], server[1], (asking.0, "uk=server, opus")]).expect("good");
            assert_eq!(by_language.words_go_to().as_deref(), Some("127.0.0.1:8080"));
            assert_eq!(load(&[server[0], server[1], asking, ("translate", "")]).expect("good").words_go_to(), None);
            assert!(matches!(load(&[server[1], asking]), Err(SettingsError::Value { name: "translation_server", .. })));
            assert!(matches!(load(&[server[0], asking]), Err(SettingsError::Value { name: "translation_server_model", .. })));
        }
        let refused = |flags: &[(&'static str, &str)], which| matches!(load(flags), Err(SettingsError::Value { name, .. }) if name == which);
        assert!(refused(&[("translate", "uk")], "translate") && refused(&[("translate", "English")], "translate"));
        assert!(refused(&[("translator", "uk=whisper, opus")], "translator"), "it hears recordings, not lines");
        assert!(refused(&[("translator", "a b")], "translator") && refused(&[("translator", "")], "translator"));
        assert!(refused(&[("second_translator", "whisper")], "second_translator"), "twice the same");
        assert!(load(&[("translate", "uk"), ("translator", "opus-mt-ru-uk")]).is_ok());
    }

    #[test]
    fn unknown_names_and_bad_values_are_refused_with_a_remedy() {
        let dir = tempfile::tempdir().expect("temp dir");
        let file = dir.path().join("s.toml");
        std::fs::write(&file, "wrokers = 3\n").expect("write");
        assert!(matches!(Settings::load(Some(&file), [], &[]), Err(SettingsError::Unknown { .. })));
        let e = Settings::load(None, [], &[("sandbox", "maybe".into())]).expect_err("bad value");
        assert!(e.hint().contains("required"));
    }
}
