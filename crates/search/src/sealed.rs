//! The folder of a sealed index: what the engine writes rests encrypted, every file under a key of its own.
//!
//! ```text
//! file = salt (32 random bytes), then a stream (see `zapys_keys::stream`) under
//!        HKDF-SHA-256(index key, salt, "zapys/index-file/v1/" + name of the file)
//! ```
//!
//! The name is in the key, so that a file answers only under its own name. Nothing is given to the engine before its chunk has
//! proven unchanged; what has not is an error of kind `InvalidData`. Files are mapped, locked, watched and deleted by the folder
//! below; lock files are empty and stay so. What it does not do: hide names, sizes and times, or notice that a whole folder
//! was put back to an earlier state (the number of the last commit tells that to whoever holds the record).

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback, WatchHandle, WritePtr,
};
use zapys_keys::Secret;
use zapys_keys::stream::{CHUNK, Opener, Sealer, Window, plain_len};
use zeroize::Zeroizing;

const SALT: usize = 32;
type Salt = [u8; SALT];
/// Opened chunks that are kept: 64 MiB.
const KEPT_CHUNKS: usize = (64 << 20) / CHUNK;
/// Longer reads are merges and look at everything once; keeping their chunks would only drive out others.
const KEPT_READ: u64 = 16 << 20;

/// A folder whose files rest sealed. Cheap to clone; clones share the chunks that are open.
#[derive(Clone)]
pub(crate) struct Sealed {
    below: Box<dyn Directory>,
    key: Secret,
    chunks: Arc<Mutex<Chunks>>,
}

impl Sealed {
    /// `below`: where sealed bytes rest. `key`: of the whole index.
    pub fn over(below: impl Directory, key: &Secret) -> Self {
        Self { below: Box::new(below), key: key.clone(), chunks: Arc::default() }
    }

    /// What tells this key from others and the key to nobody.
    pub fn mark(key: &Secret) -> String {
        key.derive(b"", "zapys/index-mark/v1").hex()[..16].to_owned()
    }

    /// Reads a whole file and keeps nothing of it. Errors: missing; changed.
    pub fn prove(&self, path: &Path) -> Result<(), OpenReadError> {
        let failed = |e| OpenReadError::wrap_io_error(e, path.to_owned());
        let file = self.file(path)?;
        io::copy(&mut file.opener(0..u64::MAX).map_err(failed)?, &mut io::sink()).map_err(failed)?;
        Ok(())
    }

    fn file_key(&self, salt: &Salt, path: &Path) -> io::Result<Secret> {
        let name = path.to_str().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.key.derive(salt, &format!("zapys/index-file/v1/{name}")))
    }

    /// Begins a file: its salt goes out, what follows is sealed.
    fn sealer<W: Write>(&self, path: &Path, mut out: W) -> io::Result<Sealer<W>> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|_| io::Error::other("the operating system gives no random bytes"))?;
        out.write_all(&salt)?;
        Sealer::new(out, &self.file_key(&salt, path)?)
    }

    fn file(&self, path: &Path) -> Result<SealedFile, OpenReadError> {
        let failed = |e| OpenReadError::wrap_io_error(e, path.to_owned());
        let resting = self.below.get_file_handle(path)?;
        self.unseal(path, resting.read_bytes(0..resting.len()).map_err(failed)?).map_err(failed)
    }

    fn unseal(&self, path: &Path, bytes: OwnedBytes) -> io::Result<SealedFile> {
        let salt = *bytes.first_chunk::<SALT>().ok_or_else(changed)?;
        let sealed = bytes.slice(SALT..bytes.len());
        let len = plain_len(sealed.len() as u64).ok_or_else(changed)?;
        Ok(SealedFile { salt, key: self.file_key(&salt, path)?, sealed, len, chunks: self.chunks.clone() })
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({:?})", self.below)
    }
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "sealed bytes were changed")
}

impl Directory for Sealed {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        Ok(Arc::new(self.file(path)?))
    }
    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let out = self.below.open_write(path)?;
        let sealer = self.sealer(path, out).map_err(|e| OpenWriteError::wrap_io_error(e, path.to_owned()))?;
        Ok(WritePtr::new(Box::new(SealedWriter(Some(sealer)))))
    }
    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let failed = |e| OpenReadError::wrap_io_error(e, path.to_owned());
        let bytes = OwnedBytes::new(self.below.atomic_read(path)?);
        let mut plain = Vec::new();
        self.unseal(path, bytes).and_then(|file| file.opener(0..u64::MAX)?.read_to_end(&mut plain)).map_err(failed)?;
        Ok(plain)
    }
    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let mut sealer = self.sealer(path, Vec::new())?;
        sealer.write_all(data)?;
        self.below.atomic_write(path, &sealer.finish()?)?;
        self.below.sync_directory()
    }
    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.below.delete(path)
    }
    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.below.exists(path)
    }
    fn sync_directory(&self) -> io::Result<()> {
        self.below.sync_directory()
    }
    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.below.acquire_lock(lock)
    }
    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.below.watch(callback)
    }
}

/// `None` once it has ended.
struct SealedWriter(Option<Sealer<WritePtr>>);

impl Write for SealedWriter {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.0.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(plain)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for SealedWriter {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        // The writer below brings it to the disk.
        self.0.take().ok_or(io::ErrorKind::BrokenPipe)?.finish()?.terminate()
    }
}

/// A file as the engine sees it: plain bytes, any range of them.
struct SealedFile {
    /// Random, so it also tells this file from any other, whatever their names.
    salt: Salt,
    key: Secret,
    sealed: OwnedBytes,
    len: u64,
    chunks: Arc<Mutex<Chunks>>,
}

impl SealedFile {
    fn opener(&self, range: Range<u64>) -> io::Result<Opener<&[u8]>> {
        let window = Window::new(self.sealed.len() as u64, range).ok_or_else(changed)?;
        let from = &self.sealed[window.sealed.start as usize..window.sealed.end as usize];
        Ok(Opener::new(from, &self.key, window))
    }

    fn chunks(&self) -> MutexGuard<'_, Chunks> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chunk(&self, idx: u64) -> io::Result<Plain> {
        if let Some(plain) = self.chunks().get(&(self.salt, idx)) {
            return Ok(plain);
        }
        let from = idx * CHUNK as u64;
        let to = (from + CHUNK as u64).min(self.len);
        let mut plain = Zeroizing::new(vec![0; (to - from) as usize]);
        self.opener(from..to)?.read_exact(&mut plain)?;
        let plain = Arc::new(plain);
        self.chunks().keep((self.salt, idx), &plain);
        Ok(plain)
    }
}

impl HasLen for SealedFile {
    fn len(&self) -> usize {
        self.len as usize
    }
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedFile({} bytes)", self.len)
    }
}

impl FileHandle for SealedFile {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        let range = range.start as u64..range.end as u64;
        if range.start > range.end || range.end > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if range.is_empty() {
            return Ok(OwnedBytes::empty());
        }
        let n = range.end - range.start;
        let mut plain = Vec::with_capacity(n as usize);
        if n > KEPT_READ {
            self.opener(range)?.read_to_end(&mut plain)?;
            return Ok(OwnedBytes::new(plain));
        }
        let size = CHUNK as u64;
        for idx in range.start / size..=(range.end - 1) / size {
            let chunk = self.chunk(idx)?;
            let from = range.start.saturating_sub(idx * size).min(size);
            let to = (range.end - idx * size).min(size);
            plain.extend_from_slice(&chunk[from as usize..to as usize]);
        }
        Ok(OwnedBytes::new(plain))
    }
}

type Plain = Arc<Zeroizing<Vec<u8>>>;

/// Opened chunks by file and place. Wiped when they go.
#[derive(Default)]
struct Chunks {
    kept: HashMap<(Salt, u64), (u64, Plain)>,
    /// Counts up with every use.
    uses: u64,
}

impl Chunks {
    fn get(&mut self, at: &(Salt, u64)) -> Option<Plain> {
        self.uses += 1;
        let (used, plain) = self.kept.get_mut(at)?;
        *used = self.uses;
        Some(plain.clone())
    }

    fn keep(&mut self, at: (Salt, u64), plain: &Plain) {
        if self.kept.len() >= KEPT_CHUNKS {
            // An eighth goes at once: looking for the oldest each time would cost as much as opening a chunk.
            let mut used: Vec<u64> = self.kept.values().map(|(used, _)| *used).collect();
            let (_, limit, _) = used.select_nth_unstable(KEPT_CHUNKS / 8);
            let limit = *limit;
            self.kept.retain(|_, (used, _)| *used >= limit);
        }
        self.uses += 1;
        self.kept.insert(at, (self.uses, plain.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tantivy::directory::RamDirectory;

    fn text(n: usize) -> Vec<u8> {
        (0..n).map(|i| (i * 7 + i / 251) as u8).collect()
    }

    fn written(name: &str, plain: &[u8]) -> (RamDirectory, Sealed) {
        let below = RamDirectory::create();
        let sealed = Sealed::over(below.clone(), &Secret::from_bytes([7; 32]));
        let mut out = sealed.open_write(Path::new(name)).expect("a new file");
        for part in plain.chunks(5000) {
            out.write_all(part).expect("memory");
        }
        out.terminate().expect("memory");
        (below, sealed)
    }

    #[test]
    fn ranges_read_as_from_the_plain_bytes() {
        for n in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17] {
            let plain = text(n);
            let (_, sealed) = written("a.idx", &plain);
            let file = sealed.get_file_handle(Path::new("a.idx")).expect("there");
            assert_eq!(file.len(), n);
            sealed.prove(Path::new("a.idx")).expect("unchanged");
            for (a, b) in [(0, n), (n / 2, n), (0, n / 3), (n / 3, n / 2), (n.saturating_sub(1), n), (n, n)] {
                // Twice: opened, and kept open.
                for _ in 0..2 {
                    assert_eq!(file.read_bytes(a..b).expect("readable").as_slice(), &plain[a..b], "{a}..{b} of {n}");
                }
            }
            assert!(file.read_bytes(0..n + 1).is_err());
            assert_eq!(sealed.clone().atomic_read(Path::new("a.idx")).expect("readable"), plain);
        }
    }

    #[test]
    fn long_reads_and_many_chunks_stay_within_bounds() {
        let plain = text(KEPT_READ as usize + 3 * CHUNK);
        let (_, sealed) = written("a.idx", &plain);
        let file = sealed.get_file_handle(Path::new("a.idx")).expect("there");
        assert_eq!(file.read_bytes(1..plain.len()).expect("readable").as_slice(), &plain[1..]);
        assert!(sealed.chunks.lock().expect("unpoisoned").kept.is_empty());
        let mut chunks = Chunks::default();
        for idx in 0..3 * KEPT_CHUNKS as u64 {
            chunks.keep(([0; SALT], idx), &Plain::default());
            assert!(chunks.get(&([0; SALT], 0)).is_some(), "what is used stays");
            assert!(chunks.kept.len() <= KEPT_CHUNKS);
        }
        assert!(chunks.get(&([0; SALT], 1)).is_none());
    }

    #[test]
    fn the_same_bytes_rest_differently_and_only_under_their_name() {
        let (below, sealed) = written("a.idx", b"the same words");
        sealed.atomic_write(Path::new("b.idx"), b"the same words").expect("memory");
        let bytes = |name: &str| below.atomic_read(Path::new(name)).expect("there");
        assert!(!bytes("a.idx").windows(4).any(|w| w == b"same"));
        assert_ne!(bytes("a.idx"), bytes("b.idx"));
        below.atomic_write(Path::new("c.idx"), &bytes("a.idx")).expect("memory");
        let error = sealed.prove(Path::new("c.idx")).expect_err("another name");
        assert!(matches!(error, OpenReadError::IoError { io_error, .. } if io_error.kind() == io::ErrorKind::InvalidData));
        let other = Sealed::over(below, &Secret::from_bytes([8; 32]));
        assert!(other.atomic_read(Path::new("a.idx")).is_err());
        assert_ne!(Sealed::mark(&sealed.key), Sealed::mark(&other.key));
    }

    #[test]
    fn the_engine_compares_its_own_checksums() {
        let mut schema = tantivy::schema::Schema::builder();
        let field = schema.add_text_field("text", tantivy::schema::TEXT | tantivy::schema::STORED);
        let below = RamDirectory::create();
        let sealed = Sealed::over(below.clone(), &Secret::from_bytes([7; 32]));
        let index = tantivy::Index::create(sealed, schema.build(), tantivy::IndexSettings::default()).expect("made");
        let mut writer = index.writer_with_num_threads(1, 15_000_000).expect("the only writer");
        for n in 0..1000 {
            writer.add_document(tantivy::doc!(field => format!("crate number {n}"))).expect("added");
        }
        writer.commit().expect("committed");
        assert!(index.validate_checksum().expect("readable").is_empty());
        let files = index.load_metas().expect("readable").list_segment_files();
        let store = files.iter().find(|p| p.extension().is_some_and(|e| e == "store")).expect("a store");
        let mut bytes = below.atomic_read(store).expect("there");
        bytes[50] ^= 1;
        below.atomic_write(store, &bytes).expect("memory");
        // Opened afresh: what is open already goes on with what it has proven.
        let index = tantivy::Index::open(Sealed::over(below, &Secret::from_bytes([7; 32]))).expect("opened");
        assert!(index.validate_checksum().is_err());
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let (below, sealed) = written("a.idx", &text(CHUNK + 300));
        let whole = below.atomic_read(Path::new("a.idx")).expect("there");
        let changed_places = (0..whole.len()).step_by(1009).chain(0..SALT + 9).chain([whole.len() - 1]);
        let changes = changed_places.map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            bytes
        });
        let cuts = [0, 1, SALT, SALT + 8, SALT + 24, SALT + 24 + CHUNK, whole.len() - 1];
        for bytes in changes.chain(cuts.map(|n| whole[..n].to_vec())).chain([[&whole[..], b"more"].concat()]) {
            below.atomic_write(Path::new("a.idx"), &bytes).expect("memory");
            assert!(sealed.prove(Path::new("a.idx")).is_err());
            assert!(sealed.atomic_read(Path::new("a.idx")).is_err());
        }
        assert!(matches!(sealed.prove(Path::new("b.idx")), Err(OpenReadError::FileDoesNotExist(_))));
    }
}
