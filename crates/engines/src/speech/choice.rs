//! Who listens, as the settings say it: for all recordings, for those in one language, and for a second opinion.

/// Somebody who turns sound into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A speech model on this machine, by the name of its pack; `None` for the largest that is installed.
    Pack(Option<String>),
    /// The server that the settings name.
    Server,
}
impl Choice {
    fn parse(name: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        match name {
            "" => Some(Self::Pack(None)),
            "server" => Some(Self::Server),
            _ => name.chars().all(fits).then(|| Self::Pack(Some(name.to_owned()))),
        }
    }
}

/// Who listens to which recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// For recordings in one language, as a person stated it: its code, and who.
    pub languages: Vec<(String, Choice)>,
    /// For all others, and wherever the one for the language is not there.
    pub usual: Choice,
}
impl Choices {
    /// Reads `uk=server, ru=gigaam, whisper-large-v3`: entries with a language, and at most one without. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (languages, usual) = crate::routes::parse(text, Choice::parse)?;
        Some(Self { languages, usual: usual.unwrap_or(Choice::Pack(None)) })
    }
    /// True where any recording goes to the server.
    pub fn asks_server(&self) -> bool {
        self.usual == Choice::Server || self.languages.iter().any(|(_, c)| *c == Choice::Server)
    }
}

/// Who gives a second opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Second {
    /// Nobody.
    Nobody,
    /// The one who listened first, in other windows.
    Again,
    /// Somebody else.
    By(Choice),
}
impl Second {
    /// Reads nothing, `again`, `server`, or the name of a pack. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "" => Some(Self::Nobody),
            "again" => Some(Self::Again),
            name => Choice::parse(name).map(Self::By),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_strictly() {
        let pack = |n: &str| Choice::Pack(Some(n.into()));
        assert_eq!(Choices::parse("").unwrap(), Choices { languages: vec![], usual: Choice::Pack(None) });
        let c = Choices::parse(" uk=server, RU = gigaam-v2,whisper-large-v3 ").unwrap();
        assert_eq!(c.languages, [("uk".into(), Choice::Server), ("ru".into(), pack("gigaam-v2"))]);
        assert_eq!((c.usual.clone(), c.asks_server()), (pack("whisper-large-v3"), true));
        for bad in ["a, b", "uk=", "=x", "uk=a,uk=b", "ukrainian=a", "../x", "uk=../x", "u1=x"] {
            assert_eq!(Choices::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_second_opinion_is_one_word() {
        assert_eq!(Second::parse(" "), Some(Second::Nobody));
        assert_eq!(Second::parse("again"), Some(Second::Again));
        assert_eq!(Second::parse("server"), Some(Second::By(Choice::Server)));
        assert_eq!(Second::parse("whisper-small"), Some(Second::By(Choice::Pack(Some("whisper-small".into())))));
        assert_eq!(Second::parse("a b"), None);
    }
}
