//! Bytes of the vault for readers that jump about: of an object, or of one that is only just being taken in.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use zapys_domain::ObjectId;
use zapys_formats::RandomRead;
use zapys_vault::{Batch, Kept, Stored, Vault, VaultError};

/// Bytes fetched at once. Readers look at a few bytes here and there, mostly close by.
const PIECE: u64 = 256 << 10;

/// The last piece that was read, and where it begins.
type Piece = Mutex<(u64, Vec<u8>)>;

fn read_at(
    held: &Piece,
    len: u64,
    offset: u64,
    out: &mut [u8],
    fetch: impl Fn(Range<u64>) -> Result<Box<dyn Read + Send>, VaultError>,
) -> io::Result<usize> {
    if offset >= len || out.is_empty() {
        return Ok(0);
    }
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    let within = |held: &(u64, Vec<u8>)| offset >= held.0 && offset < held.0 + held.1.len() as u64;
    if !within(&held) {
        let start = offset / PIECE * PIECE;
        let mut piece = Vec::new();
        fetch(start..start + PIECE).map_err(io::Error::other)?.read_to_end(&mut piece)?;
        *held = (start, piece);
        if !within(&held) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let from = usize::try_from(offset - held.0).map_err(io::Error::other)?;
    let n = out.len().min(held.1.len() - from);
    out[..n].copy_from_slice(&held.1[from..from + n]);
    Ok(n)
}

/// An object of the vault.
pub(crate) struct InVault<'a> {
    vault: &'a Vault,
    kept: &'a Kept,
    len: u64,
    held: Piece,
}
impl<'a> InVault<'a> {
    /// Errors: the object is not there.
    pub fn new(vault: &'a Vault, kept: &'a Kept) -> Result<Self, VaultError> {
        let len = vault.size(kept)?.ok_or(zapys_vault::BackendError::NotThere)?;
        Ok(Self { vault, kept, len, held: Piece::default() })
    }
}
impl RandomRead for InVault<'_> {
    fn len(&self) -> u64 {
        self.len
    }
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        read_at(&self.held, self.len, offset, out, |range| self.vault.read(self.kept, range))
    }
}

/// An object of an open batch.
pub(crate) struct InBatch<'a> {
    batch: &'a Batch,
    object: ObjectId,
    len: u64,
    held: Piece,
}
impl<'a> InBatch<'a> {
    pub fn new(batch: &'a Batch, stored: &Stored) -> Self {
        Self { batch, object: stored.object, len: stored.bytes, held: Piece::default() }
    }
}
impl RandomRead for InBatch<'_> {
    fn len(&self) -> u64 {
        self.len
    }
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        read_at(&self.held, self.len, offset, out, |range| self.batch.read(&self.object, range))
    }
}
