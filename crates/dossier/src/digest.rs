//! SHA-256 and SHA-512 of the same bytes in one reading.

use sha2::{Digest as _, Sha256, Sha512};
use std::io::{self, Read, Write};
use zapys_ledger::Hash;

/// Bytes read at once.
pub(crate) const BUFFER: usize = 128 * 1024;

/// Length and both digests of some bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Digests {
    /// Number of bytes.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: Hash,
    /// SHA-512, 64 bytes.
    pub sha512: Box<[u8; 64]>,
}
impl Digests {
    /// SHA-512 as 128 lower-case hexadecimal characters.
    pub fn sha512_hex(&self) -> String {
        self.sha512.iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Takes bytes in pieces.
#[derive(Default)]
pub struct Hasher {
    bytes: u64,
    sha256: Sha256,
    sha512: Sha512,
}
impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.sha256.update(bytes);
        self.sha512.update(bytes);
    }
    /// Ends the reading.
    pub fn finish(self) -> Digests {
        let sha512: [u8; 64] = self.sha512.finalize().into();
        Digests { bytes: self.bytes, sha256: Hash::from_bytes(self.sha256.finalize().into()), sha512: Box::new(sha512) }
    }
}

/// Copies `from` into `to` while hashing. Errors: those of either side.
pub fn copy(from: &mut dyn Read, to: &mut dyn Write, each: &mut dyn FnMut(&[u8])) -> io::Result<Digests> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hasher.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
        each(&buffer[..n]);
    }
}
