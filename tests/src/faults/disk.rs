//! What a disk may hold after the power was cut.
//!
//! The model is harsher than a good disk under a journalling file system, and milder than broken hardware:
//!
//! - What was flushed (`fsync`, `fdatasync`, `syncfs`) is there. A disk that lies about flushing is not modelled.
//! - Bytes written after the last flush of their file are there or not, page by page (4096 bytes), each page as it was after any
//!   of its writes; what is missing between is zeros. The length is any that the file had since. A page is never half old and
//!   half new: that is what SQLite calls power-safe overwriting, and is not promised for all disks.
//! - Names ([`Survival::Names`]): made, changed and removed names are there only once their folder was flushed; before, each is
//!   there or not for itself. A rename is there as a whole or not at all.
//! - Or names in order ([`Survival::Ordered`]): as a journalling file system does, a flush of anything also keeps every earlier
//!   change of names, and of later ones a first part survives.
//! - Modes, times and locks are not modelled, nor writes through shared maps.

use crate::faults::Dice;
use crate::faults::journal::{Journal, Op};
use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const PAGE: usize = 4096;
const ROOT: usize = 0;

/// Which changes of names survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Each for itself.
    Names,
    /// The first part of them.
    Ordered,
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Clone, Debug, Default)]
struct File {
    /// As of the last flush.
    kept: Vec<u8>,
    /// Since then.
    since: Vec<Change>,
}
impl File {
    fn now(&self) -> Vec<u8> {
        let mut bytes = self.kept.clone();
        for change in &self.since {
            change.apply(&mut bytes);
        }
        bytes
    }
    fn flush(&mut self) {
        self.kept = self.now();
        self.since.clear();
    }
    /// A version that a cut may leave: of each page any that there was, `percent` of the changed ones new.
    fn cut(&self, dice: &mut Dice, percent: u64) -> Vec<u8> {
        let mut versions = vec![self.kept.clone()];
        for change in &self.since {
            let mut next = versions.last().expect("one at least").clone();
            change.apply(&mut next);
            versions.push(next);
        }
        let mut out = vec![0; dice.pick(&versions).len()];
        if percent == 0 {
            out = vec![0; versions[0].len()];
        } else if percent == 100 {
            out = vec![0; versions.last().map_or(0, Vec::len)];
        }
        for start in (0..out.len()).step_by(PAGE) {
            let version = match percent {
                100 => versions.len() - 1,
                _ if dice.chance(percent) => dice.below(versions.len() as u64) as usize,
                _ => 0,
            };
            let page = versions[version].get(start..).unwrap_or_default();
            let end = (start + PAGE).min(out.len());
            let n = page.len().min(end - start);
            out[start..start + n].copy_from_slice(&page[..n]);
        }
        out
    }
}
impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Truncate(size) => bytes.resize(*size as usize, 0),
            Self::Write(at, new) => {
                let end = *at as usize + new.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*at as usize..end].copy_from_slice(new);
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Node {
    File(File),
    /// Names as the program sees them, and as the disk keeps them.
    Folder {
        now: BTreeMap<String, usize>,
        kept: BTreeMap<String, usize>,
    },
}

/// A change of names, done as one.
#[derive(Clone, Debug)]
struct Renaming {
    remove: Option<(usize, String)>,
    add: Option<(usize, String, usize)>,
}

/// A folder and all below it, as seen and as kept.
#[derive(Clone, Debug)]
pub struct Disk {
    survival: Survival,
    nodes: Vec<Node>,
    /// The kernel's numbers of what there is.
    inodes: HashMap<u64, usize>,
    pending: Vec<Renaming>,
}

impl Disk {
    /// Takes a folder as it is, all of it flushed.
    pub fn of(folder: &Path, survival: Survival) -> Self {
        let mut disk = Self { survival, nodes: vec![folder_node()], inodes: HashMap::new(), pending: Vec::new() };
        let meta = std::fs::metadata(folder).expect("the folder");
        disk.inodes.insert(meta.ino(), ROOT);
        disk.take(folder, ROOT);
        disk
    }
    fn take(&mut self, folder: &Path, at: usize) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let meta = entry.metadata().expect("what it is");
            let node = if meta.is_dir() {
                folder_node()
            } else {
                Node::File(File { kept: std::fs::read(entry.path()).expect("a file"), since: Vec::new() })
            };
            let id = self.node(node);
            self.inodes.insert(meta.ino(), id);
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let Node::Folder { now, kept } = &mut self.nodes[at] else { unreachable!("only folders are taken") };
            now.insert(name.clone(), id);
            kept.insert(name, id);
            if meta.is_dir() {
                self.take(&entry.path(), id);
            }
        }
    }
    fn node(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }
    /// The folder that a path lies in, and its name there.
    fn place(&self, path: &str) -> (usize, String) {
        let mut at = ROOT;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return (at, part.to_owned());
            }
            let Node::Folder { now, .. } = &self.nodes[at] else { panic!("{path}: {part} lies in a file") };
            at = *now.get(part).unwrap_or_else(|| panic!("{path}: no {part} in the journal so far"));
        }
        unreachable!("a path has a last part")
    }
    fn rename(&mut self, remove: Option<&str>, add: Option<(&str, usize)>) {
        let renaming = Renaming {
            remove: remove.map(|path| self.place(path)),
            add: add.map(|(path, id)| {
                let (folder, name) = self.place(path);
                (folder, name, id)
            }),
        };
        renaming.apply(&mut self.nodes, true);
        self.pending.push(renaming);
    }

    /// Does everything up to operation `end`.
    pub fn replay(&mut self, journal: &Journal, end: usize) {
        for op in &journal.ops[..end] {
            self.step(op);
        }
    }
    fn step(&mut self, op: &Op) {
        match op {
            Op::Create { inode, path } => {
                let id = self.node(Node::File(File::default()));
                self.inodes.insert(*inode, id);
                if let Some(path) = path {
                    self.rename(None, Some((path, id)));
                }
            }
            Op::MakeDir { inode, path } => {
                let id = self.node(folder_node());
                self.inodes.insert(*inode, id);
                self.rename(None, Some((path, id)));
            }
            Op::Write { inode, offset, bytes } => self.change(*inode, Change::Write(*offset, bytes.clone())),
            Op::Truncate { inode, size } => self.change(*inode, Change::Truncate(*size)),
            Op::Flush { inode } => {
                if let Some(id) = self.inodes.get(inode).copied() {
                    self.flush(id);
                }
            }
            Op::FlushAll => {
                for node in &mut self.nodes {
                    if let Node::File(file) = node {
                        file.flush();
                    }
                }
                self.keep_names(|_| true);
            }
            Op::Rename { inode, from, to } => {
                let id = match from {
                    Some(from) => {
                        let (folder, name) = self.place(from);
                        let Node::Folder { now, .. } = &self.nodes[folder] else { panic!("{from} lies in a file") };
                        now[&name]
                    }
                    // From elsewhere: nothing is known of its bytes.
                    None => {
                        let id = self.node(Node::File(File::default()));
                        self.inodes.insert(*inode, id);
                        id
                    }
                };
                self.rename(from.as_deref(), to.as_deref().map(|to| (to, id)));
            }
            Op::Link { inode, path } => {
                let id = self.inodes[inode];
                self.rename(None, Some((path, id)));
            }
            Op::Unlink { path } | Op::RemoveDir { path } => self.rename(Some(path), None),
            Op::Said { .. } => {}
        }
    }
    fn change(&mut self, inode: u64, change: Change) {
        let id = *self.inodes.get(&inode).unwrap_or_else(|| panic!("a file was changed that the journal does not know: {inode}"));
        let Node::File(file) = &mut self.nodes[id] else { panic!("bytes were written to a folder") };
        file.since.push(change);
    }
    fn flush(&mut self, id: usize) {
        match &mut self.nodes[id] {
            Node::File(file) => {
                file.flush();
                if self.survival == Survival::Ordered {
                    self.keep_names(|_| true);
                }
            }
            Node::Folder { .. } => {
                let all = self.survival == Survival::Ordered;
                self.keep_names(|r| all || r.touches(id));
            }
        }
    }
    fn keep_names(&mut self, which: impl Fn(&Renaming) -> bool) {
        let (kept, left) = std::mem::take(&mut self.pending).into_iter().partition::<Vec<_>, _>(|r| which(r));
        self.pending = left;
        for renaming in kept {
            renaming.apply(&mut self.nodes, false);
        }
    }

    /// Writes into the new folder `into` what a cut at this moment may leave.
    pub fn cut(&self, dice: &mut Dice, into: &Path) {
        let (names, pages) = (*dice.pick(&[0, 0, 50, 100]), *dice.pick(&[0, 0, 50, 100]));
        let mut disk = self.clone();
        let first = dice.below(disk.pending.len() as u64 + 1) as usize;
        for (i, renaming) in std::mem::take(&mut disk.pending).into_iter().enumerate() {
            let survives = match self.survival {
                Survival::Names => dice.chance(names),
                Survival::Ordered => i < first,
            };
            if survives {
                renaming.apply(&mut disk.nodes, false);
            }
        }
        disk.write(ROOT, into, false, &mut |file| file.cut(dice, pages));
    }
    /// Writes into the new folder `into` what is left when everything that may be lost is lost.
    pub fn cut_all(&self, into: &Path) {
        self.write(ROOT, into, false, &mut |file| file.kept.clone());
    }
    /// Writes into the new folder `into` what the program sees.
    pub fn image(&self, into: &Path) {
        self.write(ROOT, into, true, &mut |file| file.now());
    }
    fn write(&self, at: usize, into: &Path, seen: bool, bytes: &mut dyn FnMut(&File) -> Vec<u8>) {
        match &self.nodes[at] {
            Node::File(file) => std::fs::write(into, bytes(file)).expect("a file of the image"),
            Node::Folder { now, kept } => {
                std::fs::create_dir(into).expect("a folder of the image");
                for (name, id) in if seen { now } else { kept } {
                    // Holds nothing, and is made anew by whoever opens the database first.
                    if !name.ends_with("-shm") {
                        self.write(*id, &into.join(name), seen, bytes);
                    }
                }
            }
        }
    }
}

impl Renaming {
    fn touches(&self, folder: usize) -> bool {
        self.remove.as_ref().is_some_and(|r| r.0 == folder) || self.add.as_ref().is_some_and(|a| a.0 == folder)
    }
    fn apply(&self, nodes: &mut [Node], seen: bool) {
        let mut names = |folder: usize, change: &mut dyn FnMut(&mut BTreeMap<String, usize>)| {
            if let Node::Folder { now, kept } = &mut nodes[folder] {
                change(if seen { now } else { kept });
            }
        };
        if let Some((folder, name)) = &self.remove {
            names(*folder, &mut |all| {
                all.remove(name);
            });
        }
        if let Some((folder, name, id)) = &self.add {
            names(*folder, &mut |all| {
                all.insert(name.clone(), *id);
            });
        }
    }
}

fn folder_node() -> Node {
    Node::Folder { now: BTreeMap::new(), kept: BTreeMap::new() }
}

/// What is not the same in two folders, by path; names that end in one of `but` are left out.
pub fn differences(a: &Path, b: &Path, but: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let list = |dir: &Path| -> BTreeMap<String, std::fs::FileType> {
        std::fs::read_dir(dir)
            .into_iter()
            .flatten()
            .map(|e| e.expect("an entry"))
            .map(|e| (e.file_name().to_string_lossy().into_owned(), e.file_type().expect("what it is")))
            .filter(|(name, _)| !but.iter().any(|end| name.ends_with(end)))
            .collect()
    };
    let (one, two) = (list(a), list(b));
    for name in one.keys().chain(two.keys().filter(|n| !one.contains_key(*n))) {
        let (x, y) = (a.join(name), b.join(name));
        match (one.get(name), two.get(name)) {
            (Some(p), Some(q)) if p.is_dir() && q.is_dir() => out.extend(differences(&x, &y, but)),
            (Some(_), Some(_)) if std::fs::read(&x).ok() == std::fs::read(&y).ok() => {}
            _ => out.push(x.display().to_string()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(ops: &[Op]) -> Journal {
        Journal { ops: ops.to_vec() }
    }
    /// Every file that any of many cuts leaves, with what it may hold.
    fn outcomes(disk: &Disk) -> std::collections::BTreeSet<Vec<(String, Vec<u8>)>> {
        let dir = tempfile::tempdir().expect("a folder");
        (0..200)
            .map(|seed| {
                let image = dir.path().join(seed.to_string());
                disk.cut(&mut Dice::new(seed), &image);
                let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(&image)
                    .expect("the image")
                    .map(|e| e.expect("an entry"))
                    .map(|e| (e.file_name().to_string_lossy().into_owned(), std::fs::read(e.path()).expect("a file")))
                    .collect();
                files.sort();
                files
            })
            .collect()
    }
    fn of(files: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        files.iter().map(|(n, b)| ((*n).into(), (*b).into())).collect()
    }

    #[test]
    fn what_was_flushed_is_there_and_the_rest_may_be() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().expect("a folder");
        let root = std::fs::metadata(dir.path()).expect("the folder").ino();
        let create = Op::Create { inode: 1, path: Some("a.new".into()) };
        let write = Op::Write { inode: 1, offset: 0, bytes: b"word".to_vec() };
        let rename = Op::Rename { inode: 1, from: Some("a.new".into()), to: Some("a".into()) };
        let at = |survival, ops: &[Op]| {
            let mut disk = Disk::of(dir.path(), survival);
            disk.replay(&journal(ops), ops.len());
            outcomes(&disk)
        };
        // Nothing flushed: no name, a name without bytes (or with room for them), all of it.
        let careless = at(Survival::Names, &[create.clone(), write.clone(), rename.clone()]);
        for possible in [&of(&[])[..], &of(&[("a", "")]), &of(&[("a", "word")]), &of(&[("a.new", "")])] {
            assert!(careless.contains(possible), "{possible:?} is not among {careless:?}");
        }
        // The file flushed before it gets its name, the folder after: then there is one outcome.
        let careful = [create.clone(), write.clone(), Op::Flush { inode: 1 }, rename.clone(), Op::Flush { inode: root }];
        for survival in [Survival::Names, Survival::Ordered] {
            assert_eq!(at(survival, &careful).into_iter().collect::<Vec<_>>(), [of(&[("a", "word")])]);
        }
        // Without the flush of the folder the name is old or new (or, each name for itself, not there).
        let names = at(Survival::Ordered, &careful[..4]);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), [of(&[("a", "word")]), of(&[("a.new", "word")])]);
        assert!(at(Survival::Names, &careful[..4]).contains(&of(&[])));
        assert_eq!(at(Survival::Names, &[create, write, rename, Op::FlushAll]).len(), 1);
    }

    #[test]
    fn pages_are_lost_one_by_one() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("f"), vec![b'a'; 2 * PAGE]).expect("a file");
        let inode = std::fs::metadata(dir.path().join("f")).expect("the file").ino();
        let mut disk = Disk::of(dir.path(), Survival::Names);
        let write = |at: usize| Op::Write { inode, offset: at as u64, bytes: vec![b'b'; PAGE] };
        disk.replay(&journal(&[write(0), write(PAGE), write(2 * PAGE)]), 3);
        let seen: std::collections::BTreeSet<Vec<u8>> =
            outcomes(&disk).into_iter().map(|f| f[0].1.chunks(PAGE).map(|p| p[0]).collect()).collect();
        for pages in ["aa", "ab", "ba", "bb", "bbb", "ba\0"] {
            assert!(seen.contains(pages.as_bytes()), "{pages:?} is not among {seen:?}");
        }
        assert!(seen.iter().all(|p| p.len() >= 2 && !p.starts_with(b"\0")), "flushed pages stay");
    }
}
