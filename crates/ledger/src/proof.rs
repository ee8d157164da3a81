//! A proof that travels alone (C2SP `tlog-proof`): index, sibling hashes, signed checkpoint, in one text file.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::tree::{ProofError, verify_inclusion};
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
