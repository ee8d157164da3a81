//! Names of members: what may be shown, and what is refused.

/// Why a member's name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// No characters.
    #[error("its name is empty")]
    Empty,
    /// `/etc/…`, `C:\…`, `\\server\…`.
    #[error("its name starts at the root of a disk")]
    Absolute,
    /// `..` as a part.
    #[error("its name climbs out of the container")]
    Climbs,
    /// U+0000.
    #[error("its name holds a zero character")]
    Zero,
    /// Longer than 4096 bytes or deeper than 256 folders.
    #[error("its name is too long")]
    Long,
}

/// A name as it may be shown and searched: `/` between parts, no empty or `.` parts, no control characters and none that
/// change the direction of writing. Errors: where no such name can be made without changing what it points to.
pub fn safe_name(name: &str) -> Result<String, NameFault> {
    if name.contains('\0') {
        return Err(NameFault::Zero);
    }
    if name.len() > 4096 {
        return Err(NameFault::Long);
    }
    let drive = name.len() >= 2 && name.as_bytes()[0].is_ascii_alphabetic() && name.as_bytes()[1] == b':';
    if name.starts_with(['/', '\\']) || drive {
        return Err(NameFault::Absolute);
    }
    let mut parts = Vec::new();
    for part in name.split(['/', '\\']) {
        let part: String = part.chars().filter(|&c| !c.is_control() && !turns(c)).collect();
        match part.trim() {
            "" | "." => {}
            ".." => return Err(NameFault::Climbs),
            _ => parts.push(part),
        }
    }
    match parts.len() {
        0 => Err(NameFault::Empty),
        1..=256 => Ok(parts.join("/")),
        _ => Err(NameFault::Long),
    }
}

/// Characters that change the direction of writing or cannot be seen.
fn turns(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let check = |name: &str, expected: Result<&str, NameFault>| {
            assert_eq!(safe_name(name).as_deref(), expected.as_ref().copied(), "{name:?}")
        };
        check("a/b.txt", Ok("a/b.txt"));
        check("фото\\звіт 1.jpg", Ok("фото/звіт 1.jpg"));
        check("./a//b", Ok("a/b"));
        check("a\u{202e}gpj.exe", Ok("agpj.exe"));
        check("..a/b..", Ok("..a/b.."));
        check("", Err(NameFault::Empty));
        check("./", Err(NameFault::Empty));
        check("/etc/passwd", Err(NameFault::Absolute));
        check("\\\\server\\share", Err(NameFault::Absolute));
        check("c:x", Err(NameFault::Absolute));
        check("a/../../b", Err(NameFault::Climbs));
        check("a\\..\\b", Err(NameFault::Climbs));
        check(".\u{202e}./b", Err(NameFault::Climbs));
        check("a\0b", Err(NameFault::Zero));
        assert_eq!(safe_name(&"a".repeat(5000)), Err(NameFault::Long));
        assert_eq!(safe_name(&"a/".repeat(300)), Err(NameFault::Long));
    }
}
