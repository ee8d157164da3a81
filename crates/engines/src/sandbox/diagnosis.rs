//! What a tool's complaints mean, in our words.
//!
//! Tools quote file names, tags and text of what they read, so their own words never leave this module: they are
//! sorted into a few reasons, and the rest is counted.

/// Why a tool complained. The texts are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The sandbox itself could not be made.
    Walls,
    /// The program is not there.
    NotInstalled,
    /// An allocation was refused.
    OutOfMemory,
    /// A file grew to the limit.
    FileTooLarge,
    /// No space left on the device.
    NoSpace,
    /// A trained model or language is not there.
    NoModel,
    /// The file ends too early.
    Truncated,
    /// No stream of the wanted sort.
    NoStream,
    /// A codec that this build cannot decode.
    UnknownCodec,
    /// Larger than can be handled.
    TooLarge,
    /// The bytes do not follow their format.
    InvalidData,
    /// Something else.
    Other,
}
impl Diagnosis {
    /// A clause for people: "cannot read these bytes: …".
    pub fn clause(self) -> &'static str {
        match self {
            Self::Walls => "the sandbox could not be made",
            Self::NotInstalled => "the program is not installed",
            Self::OutOfMemory => "it ran out of memory",
            Self::FileTooLarge => "a file grew too large",
            Self::NoSpace => "no space is left",
            Self::NoModel => "its trained data is not installed",
            Self::Truncated => "the file ends too early",
            Self::NoStream => "there is no sound or picture in it",
            Self::UnknownCodec => "no decoder for it is installed",
            Self::TooLarge => "it claims a size that cannot be handled",
            Self::InvalidData => "the bytes do not follow their format",
            Self::Other => "no reason was recognised",
        }
    }

    /// The weightiest reason found in a tool's complaints, and how many lines it complained.
    pub(super) fn of(stderr: &[u8]) -> (Option<Self>, usize) {
        let text = String::from_utf8_lossy(stderr);
        let lines = text.lines().filter(|l| !l.trim().is_empty());
        let mut worst = None;
        let mut n_lines = 0;
        for line in lines {
            n_lines += 1;
            let found = Self::of_line(line);
            worst = Some(worst.map_or(found, |w: Self| w.min(found)));
        }
        (worst, n_lines)
    }

    fn of_line(line: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|w| line.contains(w));
        if line.starts_with("bwrap: ") {
            return if has(&["execvp"]) { Self::NotInstalled } else { Self::Walls };
        }
        if line.starts_with("prlimit: failed to execute") || has(&["Unknown encoder"]) {
            Self::NotInstalled
        } else if has(&[
            "Cannot allocate memory",
            "bad_alloc",
            "ut of memory",
            "memory exhausted",
            "memory allocation of",
            "failed to map segment",
        ]) {
            Self::OutOfMemory
        } else if has(&["File too large"]) {
            Self::FileTooLarge
        } else if has(&["No space left"]) {
            Self::NoSpace
        } else if has(&["Failed loading language", "couldn't load any languages", "Error opening data file"]) {
            Self::NoModel
        } else if has(&["moov atom not found", "End of file", "runcated", "premature"]) {
            Self::Truncated
        } else if has(&["matches no streams", "does not contain any stream", "no audio stream"]) {
            Self::NoStream
        } else if has(&["Decoder not found", "no decoder found", "Unknown decoder", "Decoding requested, but no decoder"]) {
            Self::UnknownCodec
        } else if has(&["Picture size", "nvalid dimensions", "too many channels", "Image too large", "Value too large"]) {
            Self::TooLarge
        } else if has(&[
            "Invalid data",
            "rror while decoding",
            "rror decoding",
            "orrupt",
            "nvalid",
            "not supported",
            "could not find codec parameters",
        ]) {
            Self::InvalidData
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, expected: Option<Diagnosis>, n_lines: usize) {
        assert_eq!(Diagnosis::of(said.as_bytes()), (expected, n_lines), "{said}");
    }

    #[test]
    fn complaints_come_down_to_a_reason() {
        check("", None, 0);
        check("\n  \n", None, 0);
        check("/in: Invalid data found when processing input\n", Some(Diagnosis::InvalidData), 1);
        check("Unknown decoder 'libopencore_amrnb'\n", Some(Diagnosis::UnknownCodec), 1);
        check("Unknown encoder 'libopus'\n", Some(Diagnosis::NotInstalled), 1);
        check("prlimit: failed to execute ffmpeg: No such file or directory", Some(Diagnosis::NotInstalled), 1);
        check("bwrap: execvp prlimit: No such file or directory", Some(Diagnosis::NotInstalled), 1);
        check("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", Some(Diagnosis::Walls), 1);
        check("[mov @ 0x1] moov atom not found", Some(Diagnosis::Truncated), 1);
        check("Failed loading language 'ukr'", Some(Diagnosis::NoModel), 1);
        check("something new", Some(Diagnosis::Other), 1);
        check("something new\nCannot allocate memory\nInvalid data\n", Some(Diagnosis::OutOfMemory), 3);
    }
}
