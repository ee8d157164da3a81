//! Checkpoints (C2SP `tlog-checkpoint`): origin, size and root of a log, to be signed as a note.

use crate::hash::Hash;
use crate::key::{SignError, Signer, VerifierKey, name_is_valid};
use crate::note::{Note, NoteError, sign_note};
use std::fmt;

/// Why a text is no checkpoint, or the checkpoint is not to be believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum CheckpointError {
    /// Not the three lines origin, size, root.
    #[error("the text is no checkpoint")]
    Malformed,
    /// The note does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint names another log than the key.
    #[error("the checkpoint is of another log than the key")]
    Origin,
    /// It would contradict one that was signed before.
    #[error("the new checkpoint contradicts one that was signed at {earlier} entries")]
    Contradiction {
        /// Size of the earlier one.
        earlier: u64,
    },
}

/// Size and root of a log at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Name of the log: the name of its key.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root over all entries.
    pub root: Hash,
}
impl Checkpoint {
    /// Reads the text of a note. Extension lines are refused. Errors: [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let bad = || CheckpointError::Malformed;
        let mut lines = text.strip_suffix('\n').ok_or_else(bad)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next()) else {
            return Err(bad());
        };
        let plain = size.bytes().all(|b| b.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        if !name_is_valid(origin) || !plain {
            return Err(bad());
        }
        let size = size.parse().map_err(|_| bad())?;
        let root = Hash::parse_base64(root).ok_or_else(bad)?;
        if size == 0 && root != Hash::empty() {
            return Err(bad());
        }
        Ok(Self { origin: origin.into(), size, root })
    }
    /// Signs it with the log's own key, and others'. The caller keeps it (and whatever [`Checkpoint::may_follow`] needs)
    /// before handing it out. Errors: [`SignError`].
    pub fn sign(&self, signers: &[&dyn Signer]) -> Result<Note, SignError> {
        sign_note(&self.to_string(), signers)
    }
    /// Opens a signed checkpoint of the log that `key` belongs to. Errors: [`CheckpointError`].
    pub fn open(note: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        note.verify(std::slice::from_ref(key))?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != key.name() { Err(CheckpointError::Origin) } else { Ok(checkpoint) }
    }
    /// Whether this may be signed after `earlier` was: same log, not smaller, and for the same size the same root. That a
    /// larger log extends the smaller one is shown by a consistency proof, or by having appended to its frontier.
    /// Errors: [`CheckpointError::Contradiction`], [`CheckpointError::Origin`].
    pub fn may_follow(&self, earlier: &Self) -> Result<(), CheckpointError> {
        if self.origin != earlier.origin {
            return Err(CheckpointError::Origin);
        }
        if self.size < earlier.size || self.size == earlier.size && self.root != earlier.root {
            return Err(CheckpointError::Contradiction { earlier: earlier.size });
        }
        Ok(())
    }
}
impl fmt::Display for Checkpoint {
    /// The text of the note: three lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.base64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    #[test]
    fn r2_3_a_checkpoint_reads_back_and_belongs_to_its_log() {
        let key = SigningKey::from_seed("example.test/log", &[9; 32]).expect("a key");
        let c = Checkpoint { origin: "example.test/log".into(), size: 12, root: Hash::of(b"r") };
        let note = c.sign(&[&key]).expect("signs").to_string();
        assert_eq!(Checkpoint::open(note.as_bytes(), key.key()), Ok(c.clone()));
        let elsewhere = Checkpoint { origin: "example.test/other".into(), ..c.clone() };
        let note = elsewhere.sign(&[&key]).expect("signs").to_string();
        assert_eq!(Checkpoint::open(note.as_bytes(), key.key()), Err(CheckpointError::Origin));
    }

    #[test]
    fn r2_3_only_the_three_plain_lines_are_a_checkpoint() {
        let good = Checkpoint { origin: "o".into(), size: 12, root: Hash::of(b"r") }.to_string();
        assert!(Checkpoint::parse(&good).is_ok());
        let check = |from: &str, to: &str| {
            let bad = good.replacen(from, to, 1);
            assert_eq!(Checkpoint::parse(&bad), Err(CheckpointError::Malformed), "{bad}");
        };
        check("12", "012");
        check("12", "+12");
        check("12", "-1");
        check("12", "99999999999999999999");
        check("12", "0");
        check("o\n", "\n");
        check("o\n", "o p\n");
        check("=\n", "=\nextension\n");
        check("=\n", "=");
        check("=\n", "\n");
    }

    #[test]
    fn r2_3_two_contradicting_checkpoints_are_never_both_signed() {
        let c = Checkpoint { origin: "o".into(), size: 12, root: Hash::of(b"r") };
        assert_eq!(c.may_follow(&c), Ok(()));
        let other = Checkpoint { root: Hash::of(b"s"), ..c.clone() };
        assert_eq!(other.may_follow(&c), Err(CheckpointError::Contradiction { earlier: 12 }));
        let smaller = Checkpoint { size: 11, ..c.clone() };
        assert_eq!(smaller.may_follow(&c), Err(CheckpointError::Contradiction { earlier: 12 }));
        assert_eq!(c.may_follow(&smaller), Ok(()));
    }
}
