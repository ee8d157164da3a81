//! Copying and hashing in one pass.

use crate::error::VaultError;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc;
use zapys_domain::ObjectId;
use zapys_keys::stream::Opener;

/// Bytes read at once: large enough to make system calls cheap, small enough to stay in a core's cache between reading, hashing
/// and writing.
const CHUNK: usize = 256 << 10;

thread_local! {
    /// One buffer per thread: a fresh one for each of thousands of files costs more than hashing them.
    static BUFFER: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Lends the thread's buffer. Should a reader itself come back here, it gets one of its own.
fn with_buffer<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    BUFFER.with(|buffer| match buffer.try_borrow_mut() {
        Ok(mut buffer) => {
            buffer.resize(CHUNK, 0);
            work(&mut buffer)
        }
        Err(_) => work(&mut vec![0; CHUNK]),
    })
}

/// Copies everything from `from` to `to` and hashes it on the way. `from` errors are the source's, `to` errors the vault's.
pub(crate) fn hashed(from: &mut dyn Read, to: &mut dyn Write) -> Result<(ObjectId, u64), VaultError> {
    each_chunk(from, VaultError::Source, |chunk| to.write_all(chunk).map_err(|e| VaultError::Backend(e.into())))
}

/// Files from this length on are hashed by one thread while another seals and writes, in bytes.
pub(crate) const LARGE: u64 = 8 << 20;
/// Buffers that travel between the two.
const BUFFERS: usize = 4;

/// Like [`hashed`], with the writing on a thread of its own: two processor cores for one large file.
pub(crate) fn hashed_apart(from: &mut dyn Read, to: &mut (dyn Write + Send)) -> Result<(ObjectId, u64), VaultError> {
    let (full, filled) = mpsc::sync_channel::<(Vec<u8>, usize)>(BUFFERS);
    let (empty, emptied) = mpsc::sync_channel::<Vec<u8>>(BUFFERS);
    for _ in 0..BUFFERS {
        empty.send(vec![0; 4 * CHUNK]).expect("room for every buffer");
    }
    std::thread::scope(|threads| {
        let writer = threads.spawn(move || -> io::Result<()> {
            for (buffer, n) in filled {
                to.write_all(&buffer[..n])?;
                // Nobody waits for it at the end.
                let _ = empty.send(buffer);
            }
            Ok(())
        });
        let mut hash = Sha256::new();
        let mut bytes = 0;
        let read = loop {
            // A writer that failed has hung up, and says why below.
            let Ok(mut buffer) = emptied.recv() else { break Ok(()) };
            let read = loop {
                match from.read(&mut buffer) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            match read {
                Ok(0) => break Ok(()),
                Ok(n) => {
                    hash.update(&buffer[..n]);
                    bytes += n as u64;
                    if full.send((buffer, n)).is_err() {
                        break Ok(());
                    }
                }
                Err(e) => break Err(VaultError::Source(e)),
            }
        };
        drop(full);
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread stopped")));
        read?;
        written.map_err(|e| VaultError::Backend(e.into()))?;
        Ok((ObjectId::from_digest(hash.finalize().into()), bytes))
    })
}

/// The SHA-256 of everything that `from` gives. Errors: those of reading.
pub fn digest_of(mut from: impl Read) -> io::Result<ObjectId> {
    digest(&mut from).map(|(object, _)| object)
}

/// Hashes everything from `from`.
pub(crate) fn digest(from: &mut dyn Read) -> io::Result<(ObjectId, u64)> {
    each_chunk(from, |e| e, |_| Ok(()))
}

/// Like [`digest`], with the reading on a thread of its own: opening sealed bytes and hashing them take turns no more.
pub(crate) fn digest_apart(from: &mut (dyn Read + Send)) -> io::Result<(ObjectId, u64)> {
    let (full, filled) = mpsc::sync_channel::<(Vec<u8>, usize)>(BUFFERS);
    let (empty, emptied) = mpsc::sync_channel::<Vec<u8>>(BUFFERS);
    for _ in 0..BUFFERS {
        empty.send(vec![0; CHUNK]).expect("room for every buffer");
    }
    std::thread::scope(|threads| {
        let reader = threads.spawn(move || -> io::Result<()> {
            // Whoever hashes gives every buffer back and hangs up only when this thread did.
            for mut buffer in emptied {
                let mut n = 0;
                while n < buffer.len() {
                    match from.read(&mut buffer[n..]) {
                        Ok(0) => break,
                        Ok(more) => n += more,
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        Err(e) => return Err(e),
                    }
                }
                if n == 0 || full.send((buffer, n)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let mut hash = Sha256::new();
        let mut bytes = 0;
        for (buffer, n) in filled {
            hash.update(&buffer[..n]);
            bytes += n as u64;
            let _ = empty.send(buffer);
        }
        reader.join().unwrap_or_else(|_| Err(io::Error::other("the reading thread stopped")))?;
        Ok((ObjectId::from_digest(hash.finalize().into()), bytes))
    })
}

/// Hashes what an opener gives, without another copy of it.
pub(crate) fn digest_opened(opener: Opener<Box<dyn Read + Send>>) -> io::Result<(ObjectId, u64)> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    opener.each(|part| {
        hash.update(part);
        bytes += part.len() as u64;
    })?;
    Ok((ObjectId::from_digest(hash.finalize().into()), bytes))
}

/// Reads to the end, hashing, and hands each chunk on. Answers the digest and the number of bytes.
fn each_chunk<E>(
    from: &mut dyn Read,
    unread: impl Fn(io::Error) -> E,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(ObjectId, u64), E> {
    with_buffer(|buffer| {
        let mut hash = Sha256::new();
        let mut bytes = 0;
        loop {
            match from.read(buffer) {
                Ok(0) => return Ok((ObjectId::from_digest(hash.finalize().into()), bytes)),
                Ok(n) => {
                    hash.update(&buffer[..n]);
                    take(&buffer[..n])?;
                    bytes += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(unread(e)),
            }
        }
    })
}

/// Somebody's file, opened for reading, with what it looked like at that moment.
pub(crate) struct Source {
    pub(crate) file: File,
    before: Look,
}

/// What must stay the same while a file is read. Times only ever prove a change, never that there was none.
#[derive(PartialEq, Eq)]
struct Look {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Source {
    /// Opens a regular file; folders, devices and pipes are refused without waiting for them. Symbolic links are followed.
    pub(crate) fn open(path: &Path) -> Result<Self, VaultError> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file: File = rustix::fs::open(path, flags, Mode::empty()).map_err(|e| VaultError::Source(e.into()))?.into();
        let (before, regular) = look(&file)?;
        if !regular {
            return Err(VaultError::NotAFile);
        }
        // A hint only: the kernel reads further ahead.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
        Ok(Self { file, before })
    }
    /// Bytes the file had when it was opened.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.before.size).unwrap_or(0)
    }
    /// Errors: `SourceChanged` where the file is not what it was, or where `bytes` is not its length.
    pub(crate) fn unchanged(&self, bytes: u64) -> Result<(), VaultError> {
        let (after, _) = look(&self.file)?;
        if after == self.before && bytes == self.size() { Ok(()) } else { Err(VaultError::SourceChanged) }
    }
}

fn look(file: &File) -> Result<(Look, bool), VaultError> {
    let s = rustix::fs::fstat(file).map_err(|e| VaultError::Source(e.into()))?;
    let regular = rustix::fs::FileType::from_raw_mode(s.st_mode) == rustix::fs::FileType::RegularFile;
    let look = Look {
        device: s.st_dev,
        inode: s.st_ino,
        size: s.st_size,
        modified: (s.st_mtime, s.st_mtime_nsec as i64),
        changed: (s.st_ctime, s.st_ctime_nsec as i64),
    };
    Ok((look, regular))
}
