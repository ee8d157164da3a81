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
    /// Others of these, by the language of each line: its primary tag, and who. The last is for all other languages.
    ByLanguage(Vec<(String, Choice)>, Option<Box<Choice>>),
}
impl Choice {
    /// Reads `whisper`, `server` or the name of a pack, or several of the last two: `uk=one, ru=server, another`. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (languages, others) = crate::routes::parse(text, Self::one)?;
        match (languages.is_empty(), others) {
            (true, only) => only,
            // The speech model hears a recording as a whole, not lines of it.
            (false, others) => {
                let hears = languages.iter().map(|(_, c)| c).chain(&others).any(|c| *c == Self::Whisper);
                (!hears).then(|| Self::ByLanguage(languages, others.map(Box::new)))
            }
        }
    }
    fn one(text: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        match text.trim() {
            "" => None,
            "whisper" => Some(Self::Whisper),
            "server" => Some(Self::Server),
            name => name.chars().all(fits).then(|| Self::Pack(name.to_owned())),
        }
    }
    /// True where it is the server, or some lines go there.
    fn asks_server(&self) -> bool {
        match self {
            Self::Server => true,
            Self::ByLanguage(languages, others) => {
                languages.iter().map(|(_, c)| c).chain(others.as_deref()).any(Self::asks_server)
            }
            Self::Whisper | Self::Pack(_) => false,
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
        self.all().any(Choice::asks_server)
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
        let pack = |n: &str| Choice::Pack(n.into());
        let routed = Choice::parse("uk=one, ru=server, other").expect("three");
        assert_eq!(
            routed,
            Choice::ByLanguage(vec![("uk".into(), pack("one")), ("ru".into(), Choice::Server)], Some(Box::new(pack("other"))))
        );
        assert!(routed.asks_server());
        assert_eq!(Choice::parse("uk=one"), Some(Choice::ByLanguage(vec![("uk".into(), pack("one"))], None)));
        for bad in ["", " ", "a b", "../x", "a=b", "one, two", "uk=one, uk=two", "uk=whisper", "uk=one, whisper", "uk="] {
            assert_eq!(Choice::parse(bad), None, "{bad}");
        }
        let both = |second| Translators { first: Choice::Whisper, second };
        assert!(!both(None).ask_server() && both(Some(Choice::Server)).ask_server());
    }
}
