//! A proof that travels alone (C2SP `tlog-proof`): index, sibling hashes, signed checkpoint, in one text file.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::history::KeyHistory;
use crate::key::VerifierKey;
use crate::tree::{ProofError, verify_consistency, verify_inclusion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// Longest proof file that is read, in bytes.
pub const MAX_BYTES: usize = 2_000_000;
const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// Why a proof file cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum ProofTextError {
    /// Not a proof file of this version.
    #[error("the bytes are no tlog-proof of version 1")]
    Malformed,
    /// The checkpoint in it does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead to the checkpoint.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// A proof of inclusion with the checkpoint it leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlogProof {
    /// Bytes that nobody vouches for.
    pub extra: Option<Vec<u8>>,
    /// Which entry.
    pub index: u64,
    /// Siblings from the leaf to the root.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}
impl TlogProof {
    /// Reads a proof file. Errors: [`ProofTextError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofTextError> {
        let bad = || ProofTextError::Malformed;
        if bytes.len() > MAX_BYTES {
            return Err(bad());
        }
        let (head, checkpoint) = std::str::from_utf8(bytes).ok().and_then(|t| t.split_once("\n\n")).ok_or_else(bad)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEAD) {
            return Err(bad());
        }
        let mut line = lines.next().ok_or_else(bad)?;
        let mut extra = None;
        if let Some(body) = line.strip_prefix("extra ") {
            extra = Some(STANDARD.decode(body).map_err(|_| bad())?);
            line = lines.next().ok_or_else(bad)?;
        }
        let index = line.strip_prefix("index ").ok_or_else(bad)?;
        if index.starts_with('+') || index.len() > 1 && index.starts_with('0') {
            return Err(bad());
        }
        let index = index.parse().map_err(|_| bad())?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == 64 {
                return Err(bad());
            }
            hashes.push(Hash::parse_base64(line).ok_or_else(bad)?);
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.into() })
    }
    /// Checks that the entry with these canonical bytes is in the log that `key` signs, and gives the checkpoint.
    /// Errors: [`ProofTextError`].
    pub fn verify(&self, entry: &[u8], key: &VerifierKey) -> Result<Checkpoint, ProofTextError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), key)?;
        verify_inclusion(&Hash::leaf(entry), self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}
impl fmt::Display for TlogProof {
    /// The file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|h| writeln!(f, "{}", h.base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// A proof that one checkpoint continues another, with both. Text: `old SIZE`, the hashes in base64, one a line, a blank
/// line, the later checkpoint verbatim: so far what a C2SP `tlog-witness` is sent; then a blank line and the earlier
/// checkpoint verbatim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsistencyProof {
    /// Hashes, as RFC 6962 orders them.
    pub hashes: Vec<Hash>,
    /// The earlier signed checkpoint.
    pub old: String,
    /// The later one.
    pub new: String,
}
impl ConsistencyProof {
    /// Reads a proof. Errors: [`ProofTextError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofTextError> {
        let bad = || ProofTextError::Malformed;
        if bytes.len() > 2 * MAX_BYTES {
            return Err(bad());
        }
        let (head, rest) = std::str::from_utf8(bytes).ok().and_then(|t| t.split_once("\n\n")).ok_or_else(bad)?;
        // A checkpoint has no blank line before its signatures, and none after them.
        let (text, rest) = rest.split_once("\n\n").ok_or_else(bad)?;
        let (signatures, old) = rest.split_once("\n\n").ok_or_else(bad)?;
        let new = format!("{text}\n\n{signatures}\n");
        let mut lines = head.split('\n');
        let size = lines.next().and_then(|l| l.strip_prefix("old ")).ok_or_else(bad)?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == 128 {
                return Err(bad());
            }
            hashes.push(Hash::parse_base64(line).ok_or_else(bad)?);
        }
        if old.split('\n').nth(1) != Some(size) {
            return Err(bad());
        }
        Ok(Self { hashes, old: old.into(), new })
    }
    /// Checks both checkpoints under the keys of their sizes, and that the later continues the earlier. Gives both.
    /// Errors: [`ProofTextError`].
    pub fn verify(&self, keys: &KeyHistory) -> Result<(Checkpoint, Checkpoint), ProofTextError> {
        let (old, new) = (keys.open(self.old.as_bytes())?, keys.open(self.new.as_bytes())?);
        verify_consistency(old.size, &old.root, new.size, &new.root, &self.hashes)?;
        Ok((old, new))
    }
}
impl fmt::Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old.split('\n').nth(1).unwrap_or_default())?;
        self.hashes.iter().try_for_each(|h| writeln!(f, "{}", h.base64()))?;
        write!(f, "\n{}\n{}", self.new, self.old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Signer, SigningKey};
    use crate::tree::{Tree, inclusion, root};

    #[test]
    fn r2_3_a_proof_file_reads_back_and_proves_its_own_entry_only() {
        let key = SigningKey::from_seed("o", &[9; 32]).expect("a key");
        let entries: Vec<String> = (0..5).map(|i| format!("{{\"seq\":{i}}}")).collect();
        let tree: Tree = entries.iter().map(|e| Hash::leaf(e.as_bytes())).collect();
        let c = Checkpoint { origin: "o".into(), size: 5, root: root(&tree, 5).expect("in range") };
        let checkpoint = c.sign(&[&key]).expect("signs").to_string();
        for (i, e) in entries.iter().enumerate() {
            let hashes = inclusion(&tree, i as u64, 5).expect("in range");
            for extra in [None, Some(vec![1, 2, 3])] {
                let p = TlogProof { extra, index: i as u64, hashes: hashes.clone(), checkpoint: checkpoint.clone() };
                let text = p.to_string();
                assert_eq!(TlogProof::parse(text.as_bytes()).as_ref(), Ok(&p));
                assert_eq!(p.verify(e.as_bytes(), key.key()), Ok(c.clone()));
                assert_eq!(p.verify(b"{}", key.key()), Err(ProofError::Mismatch.into()));
            }
        }
        let one: Tree = [Hash::leaf(b"x")].into_iter().collect();
        let p = TlogProof { extra: None, index: 0, hashes: inclusion(&one, 0, 1).expect("in range"), checkpoint };
        assert_eq!(TlogProof::parse(p.to_string().as_bytes()), Ok(p));
    }

    #[test]
    fn r2_3_a_consistency_proof_reads_back_and_holds_for_its_own_two_checkpoints_only() {
        let key = SigningKey::from_seed("o", &[9; 32]).expect("a key");
        let tree: Tree = (0..9u64).map(|i| Hash::leaf(&i.to_be_bytes())).collect();
        let note = |size: u64| {
            let root = root(&tree, size).expect("in range");
            Checkpoint { origin: "o".into(), size, root }.sign(&[&key]).expect("signs").to_string()
        };
        let keys = KeyHistory::new(key.key().clone());
        for (from, to) in [(1, 9), (4, 9), (5, 8), (7, 7), (0, 3)] {
            let hashes = crate::tree::consistency(&tree, from, to).expect("in range");
            let p = ConsistencyProof { hashes, old: note(from), new: note(to) };
            let text = p.to_string();
            assert_eq!(ConsistencyProof::parse(text.as_bytes()).as_ref(), Ok(&p), "{text}");
            assert_eq!(p.verify(&keys).map(|(o, n)| (o.size, n.size)), Ok((from, to)));
            let other = ConsistencyProof { old: note(2), ..p.clone() };
            assert!(other.verify(&keys).is_err());
            let mut changed = p.clone();
            changed.hashes.push(Hash::of(b"x"));
            assert!(changed.verify(&keys).is_err());
            let elsewhere = KeyHistory::new(SigningKey::from_seed("o", &[8; 32]).expect("a key").key().clone());
            assert!(p.verify(&elsewhere).is_err());
        }
        let good = ConsistencyProof { hashes: vec![Hash::of(b"x")], old: note(4), new: note(9) }.to_string();
        for (from, to) in [("old 4", "old 5"), ("old 4", "new 4"), ("old 4\n", "old 4\nshort\n"), ("\n\n", "\n")] {
            let bad = good.replacen(from, to, 1);
            assert!(ConsistencyProof::parse(bad.as_bytes()).and_then(|p| p.verify(&keys)).is_err(), "{from}");
        }
    }

    #[test]
    fn hostile_proof_files_are_refused() {
        let h = Hash::of(b"x").base64();
        let good = format!("{HEAD}\nindex 3\n{h}\n\no\n4\n{h}\n\n\u{2014} o AAAAAAA=\n");
        assert!(TlogProof::parse(good.as_bytes()).is_ok());
        for (from, to) in [
            ("@v1", "@v2"),
            ("index 3", "index 03"),
            ("index 3", "index +3"),
            ("index 3", "index -3"),
            ("index 3", "extra !\nindex 3"),
            ("index 3\n", ""),
            ("index 3", "index 99999999999999999999"),
            ("index 3", &format!("index 3{}", format!("\n{h}").repeat(64))),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_eq!(TlogProof::parse(bad.as_bytes()), Err(ProofTextError::Malformed), "{from}");
        }
        assert_eq!(TlogProof::parse(b"\xff"), Err(ProofTextError::Malformed));
        assert_eq!(TlogProof::parse(&vec![b'a'; MAX_BYTES + 1]), Err(ProofTextError::Malformed));
    }
}
