//! Who does what is done in one language, and who does all else, as the settings say it: `uk=one, ru=another, a third`.

/// Choices by language, in their order, and the one for everything else.
pub(crate) type Routes<C> = (Vec<(String, C)>, Option<C>);

/// Reads entries with commas between them: those with a language, a primary tag, and at most one without. `choice` reads who. Errors: `None`.
pub(crate) fn parse<C>(text: &str, choice: impl Fn(&str) -> Option<C>) -> Option<Routes<C>> {
    let (mut languages, mut others) = (Vec::<(String, C)>::new(), None);
    for entry in text.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        match entry.split_once('=') {
            Some((language, name)) => {
                let (language, name) = (language.trim().to_ascii_lowercase(), name.trim());
                let code = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
                if !code || name.is_empty() || languages.iter().any(|(l, _)| *l == language) {
                    return None;
                }
                languages.push((language, choice(name)?));
            }
            None if others.is_some() => return None,
            None => others = Some(choice(entry)?),
        }
    }
    Some((languages, others))
}
