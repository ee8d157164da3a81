//! What a program did to the files below one folder, and what it said meanwhile, in order.

use std::path::Path;

/// One thing done. Paths are relative to the folder; inodes are the kernel's numbers at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    /// A file came to be; without a path it has no name yet.
    Create { inode: u64, path: Option<String> },
    /// Bytes were written.
    Write { inode: u64, offset: u64, bytes: Vec<u8> },
    /// The length was set.
    Truncate { inode: u64, size: u64 },
    /// A file or folder was flushed.
    Flush { inode: u64 },
    /// The whole file system was flushed.
    FlushAll,
    /// A name was changed; `None` is a name outside the folder.
    Rename { inode: u64, from: Option<String>, to: Option<String> },
    /// A file got another name.
    Link { inode: u64, path: String },
    /// A name was removed.
    Unlink { path: String },
    /// A folder was made.
    MakeDir { inode: u64, path: String },
    /// A folder was removed.
    RemoveDir { path: String },
    /// Something was said on standard output.
    Said { bytes: Vec<u8> },
}

/// Everything in order.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Oldest first.
    pub ops: Vec<Op>,
}

impl Journal {
    /// Reads what the library wrote. A record that a killed program left unfinished is the end.
    pub fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).expect("the journal");
        let mut rest = &bytes[..];
        let mut ops = Vec::new();
        while let Some((head, body)) = rest.split_at_checked(40) {
            let n = |i: usize| u64::from_ne_bytes(head[8 * i..8 * i + 8].try_into().expect("eight bytes"));
            let (inode, offset, first, second) = (n(1), n(2), n(3) as usize, n(4) as usize);
            let Some((body, after)) = body.split_at_checked(first + second) else { break };
            rest = after;
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a path in UTF-8");
            let path = || text(&body[..first]);
            let named = |text: String| Some(text).filter(|t| !t.is_empty());
            ops.push(match n(0) {
                1 => Op::Create { inode, path: named(path()) },
                2 => Op::Write { inode, offset, bytes: body.to_vec() },
                3 => Op::Truncate { inode, size: offset },
                4 => Op::Flush { inode },
                5 => Op::FlushAll,
                6 => Op::Rename { inode, from: named(path()), to: named(text(&body[first..])) },
                7 => Op::Link { inode, path: path() },
                8 => Op::Unlink { path: path() },
                9 => Op::MakeDir { inode, path: path() },
                10 => Op::RemoveDir { path: path() },
                11 => Op::Said { bytes: body.to_vec() },
                other => panic!("the journal holds an operation {other}"),
            });
        }
        Self { ops }
    }

    /// Whole lines said on standard output before operation `end`: what was acknowledged by then.
    pub fn said(&self, end: usize) -> Vec<String> {
        let mut all = Vec::new();
        for op in &self.ops[..end] {
            if let Op::Said { bytes } = op {
                all.extend_from_slice(bytes);
            }
        }
        let whole = all.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        String::from_utf8_lossy(&all[..whole]).lines().map(str::to_owned).collect()
    }
}
