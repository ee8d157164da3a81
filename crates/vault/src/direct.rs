//! Writing past the page cache. What is taken in is not read again soon, and pages for it cost the processor more than sealing
//! does; the disk is also busy from the first block on, and the flush at the end finds little left to do.
//!
//! File systems that take no direct writes get ordinary ones, and so does the end of every file, which fills no block.

use rustix::fs::OFlags;
use std::borrow::Borrow;
use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Addresses, offsets and lengths of direct writes are multiples of this, in bytes: no disk has larger blocks.
const ALIGN: usize = 4096;
/// Less than this is written as ever: one page costs no more than the change of the file's flags.
const WORTH: usize = 32 << 10;
/// Room for a small file, whose writer waits for the disk.
const SMALL: usize = 256 << 10;
/// Room for a part of a large file, and how many parts there are: one is filled while others are on their way.
const LARGE: usize = 2 << 20;
const PARTS: usize = 3;

/// Bytes at an address that the disk takes.
struct Part {
    bytes: Vec<u8>,
    begin: usize,
    filled: usize,
    room: usize,
}
impl Part {
    fn new(room: usize) -> Self {
        let bytes = vec![0; room + ALIGN];
        let begin = bytes.as_ptr().align_offset(ALIGN).min(ALIGN);
        Self { bytes, begin, filled: 0, room }
    }
    /// Takes what there is room for.
    fn take(&mut self, from: &[u8]) -> usize {
        let n = from.len().min(self.room - self.filled);
        let at = self.begin + self.filled;
        self.bytes[at..at + n].copy_from_slice(&from[..n]);
        self.filled += n;
        n
    }
    fn held(&self) -> &[u8] {
        &self.bytes[self.begin..self.begin + self.filled]
    }
}

/// A file of ours and how it is written just now.
struct Target<F> {
    file: F,
    direct: bool,
    /// Bytes that went through the page cache.
    cached: u64,
}
impl<F: Borrow<File>> Target<F> {
    fn new(file: F) -> Self {
        Self { file, direct: false, cached: 0 }
    }
    fn set(&mut self, direct: bool) -> io::Result<()> {
        // A file that was just made has no other flag that can be changed.
        rustix::fs::fcntl_setfl(self.file.borrow(), if direct { OFlags::DIRECT } else { OFlags::empty() })?;
        self.direct = direct;
        Ok(())
    }
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.borrow().write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    bytes = &bytes[n..];
                    if !self.direct {
                        self.cached += n as u64;
                    } else if n % ALIGN != 0 {
                        // Cut short inside a block: what comes fits no block any more.
                        self.set(false)?;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // Some file systems take the flag and not the write.
                Err(e) if self.direct && e.kind() == io::ErrorKind::InvalidInput => self.set(false)?,
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
    /// Writes a part, the last one with its end that fills no block.
    fn part(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (blocks, end) = bytes.split_at(bytes.len() - bytes.len() % ALIGN);
        if !self.direct && blocks.len() >= WORTH {
            // Refused where the file system knows nothing of it.
            let _ = self.set(true);
        }
        self.write(blocks)?;
        if self.direct && !end.is_empty() {
            self.set(false)?;
        }
        self.write(end)
    }
    /// Everything is written.
    fn end(&self) {
        if self.cached >= WORTH as u64 {
            // Linux begins to write dirty pages when told that they are not needed, and keeps them in memory meanwhile: so the
            // flush finds most of its work done. Only a hint, so its failure is nothing.
            let _ = rustix::fs::fadvise(self.file.borrow(), 0, None, rustix::fs::Advice::DontNeed);
        }
    }
}

/// Parts on their way to another thread and back.
struct Apart {
    full: SyncSender<Part>,
    empty: Receiver<Part>,
    thread: JoinHandle<io::Result<()>>,
}

/// Writes one file. [`finish`](Self::finish) ends it.
pub(crate) struct Direct<'f> {
    part: Part,
    to: To<'f>,
}
enum To<'f> {
    Here(Target<&'f File>),
    Apart(Apart),
    Failed,
}

thread_local! {
    /// One small part per thread: making it anew for each of thousands of files costs more than filling it.
    static SPARE: std::cell::Cell<Option<Part>> = const { std::cell::Cell::new(None) };
}

impl<'f> Direct<'f> {
    /// `large`: the disk is waited for by a thread of its own. Errors: the file cannot be opened once more.
    pub(crate) fn new(file: &'f File, large: bool) -> io::Result<Self> {
        if !large {
            let part = SPARE.take().unwrap_or_else(|| Part::new(SMALL));
            return Ok(Self { part, to: To::Here(Target::new(file)) });
        }
        let (full, filled) = sync_channel::<Part>(PARTS);
        let (back, empty) = sync_channel::<Part>(PARTS);
        for _ in 1..PARTS {
            back.send(Part::new(LARGE)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        let mut target = Target::new(file.try_clone()?);
        let thread = std::thread::Builder::new().name("vault-disk".into()).spawn(move || {
            for mut part in filled {
                target.part(part.held())?;
                part.filled = 0;
                // At the end nobody waits for it.
                let _ = back.send(part);
            }
            target.end();
            Ok(())
        })?;
        Ok(Self { part: Part::new(LARGE), to: To::Apart(Apart { full, empty, thread }) })
    }
    /// Hands the part on and gets an empty one.
    fn hand_on(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Here(target) => {
                target.part(self.part.held())?;
                self.part.filled = 0;
                return Ok(());
            }
            To::Apart(apart) => {
                if let Ok(empty) = apart.empty.recv()
                    && apart.full.send(std::mem::replace(&mut self.part, empty)).is_ok()
                {
                    return Ok(());
                }
            }
            To::Failed => return Err(io::Error::other("writing has failed before")),
        }
        // The thread has hung up: it says why.
        match std::mem::replace(&mut self.to, To::Failed) {
            To::Apart(apart) => Err(end(apart).err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
    /// Writes the rest. Not durable yet.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.to, To::Failed) {
            To::Here(mut target) => {
                target.part(self.part.held())?;
                target.end();
                self.part.filled = 0;
                SPARE.set(Some(self.part));
                Ok(())
            }
            To::Apart(apart) => {
                // Where the thread has hung up, its end says why.
                let _ = apart.full.send(self.part);
                end(apart)
            }
            To::Failed => Err(io::Error::other("writing has failed before")),
        }
    }
}
fn end(apart: Apart) -> io::Result<()> {
    drop((apart.full, apart.empty));
    apart.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread stopped")))
}

impl Write for Direct<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part.filled == self.part.room {
            self.hand_on()?;
        }
        Ok(self.part.take(bytes))
    }
    /// Parts go out when they are full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(n: usize) -> Vec<u8> {
        (0..n).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn every_length_arrives_whole_on_either_thread() {
        let edges = [0, 1, ALIGN, WORTH - 1, WORTH, WORTH + 1, SMALL - 1, SMALL, SMALL + ALIGN + 7, LARGE, LARGE * 4 + 24];
        for dir in [tempfile::tempdir(), tempfile::tempdir_in("/dev/shm")].into_iter().flatten() {
            for (i, n) in edges.into_iter().enumerate() {
                for large in [false, true] {
                    let path = dir.path().join(format!("{i}-{large}"));
                    let file = File::create(&path).expect("a file");
                    let mut to = Direct::new(&file, large).expect("a writer");
                    // In pieces that fit nothing.
                    for piece in bytes(n).chunks(70_001) {
                        to.write_all(piece).expect("taken");
                    }
                    to.finish().expect("written");
                    assert!(std::fs::read(&path).expect("the file") == bytes(n), "{n} bytes, large: {large}");
                }
            }
        }
    }

    #[test]
    fn a_disk_that_refuses_is_heard_of() {
        let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
        for large in [false, true] {
            let mut to = Direct::new(&full, large).expect("a writer");
            let end = to.write_all(&bytes(LARGE * 6)).and_then(|()| to.finish());
            assert_eq!(end.expect_err("refused").kind(), io::ErrorKind::StorageFull, "large: {large}");
        }
    }
}
