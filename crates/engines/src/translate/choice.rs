//! Who translates, as the settings say it.

/// Somebody who translates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The speech model, which hears the sound again and writes English.
    Whisper,
    /// A translation model on this machine, by the name of its pack.
    Pack(String),
    /// The server that the settings name.
    Server,
}
impl Choice {
    /// Reads `whisper`, `server` or the name of a pack. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        match text.trim() {
            "" => None,
            "whisper" => Some(Self::Whisper),
            "server" => Some(Self::Server),
            name => name.chars().all(fits).then(|| Self::Pack(name.to_owned())),
        }
    }
}

/// Who translates into which language, and who else, so that both stand side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translators {
    /// The first, whose words search finds.
    pub first: Choice,
    /// Another one beside it.
    pub second: Option<Choice>,
}
impl Translators {
    /// True where words go to the server.
    pub fn ask_server(&self) -> bool {
        self.all().any(|c| *c == Choice::Server)
    }
    /// Both.
    pub fn all(&self) -> impl Iterator<Item = &Choice> {
        [Some(&self.first), self.second.as_ref()].into_iter().flatten()
    }
}
impl Default for Translators {
    fn default() -> Self {
        Self { first: Choice::Whisper, second: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_translator_is_one_word() {
        assert_eq!(Choice::parse(" whisper "), Some(Choice::Whisper));
        assert_eq!(Choice::parse("server"), Some(Choice::Server));
        assert_eq!(Choice::parse("opus-mt-tc-big-zle-en"), Some(Choice::Pack("opus-mt-tc-big-zle-en".into())));
        for bad in ["", " ", "a b", "../x", "a=b"] {
            assert_eq!(Choice::parse(bad), None, "{bad}");
        }
        let both = |second| Translators { first: Choice::Whisper, second };
        assert!(!both(None).ask_server() && both(Some(Choice::Server)).ask_server());
    }
}
