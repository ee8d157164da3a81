//! A whole log as files that others' programs read (C2SP `tlog-tiles`): tiles of hashes, bundles of entries, checkpoint.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::note::Note;
use crate::tree::{Leaves, Tree, root};

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;

/// Why a log cannot be laid out as files.
#[derive(Debug, thiserror::Error)]
pub enum TileError<E: std::error::Error> {
    /// An entry could not be read.
    #[error(transparent)]
    Entry(E),
    /// An entry is longer than 65,535 bytes, or has another hash than the tree.
    #[error("entry {seq} is not the one in the tree")]
    Changed {
        /// Which.
        seq: u64,
    },
    /// The checkpoint is of another log than the tree, or no checkpoint.
    #[error("the checkpoint does not belong to this log")]
    Checkpoint,
}

/// The hash tiles of a log of `size` entries: relative path and bytes. `tree` holds at least so many.
pub fn hash_tiles(tree: &Tree, size: u64) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    (0u32..8).flat_map(move |level| {
        row_tiles(size.checked_shr(8 * level).unwrap_or(0)).map(move |(n, width)| {
            let hashes = (n * WIDTH..n * WIDTH + width).flat_map(|i| *tree.node(8 * level, i).as_bytes()).collect();
            (path(&level.to_string(), n, width), hashes)
        })
    })
}

/// First sequence and number of entries of every bundle of a log of `size` entries.
pub fn bundles(size: u64) -> impl Iterator<Item = (u64, u64)> {
    row_tiles(size).map(|(n, width)| (n * WIDTH, width))
}

/// Path and bytes of the bundle that begins at entry `first`, a multiple of [`WIDTH`]. Errors: the place within `entries` of
/// one that is longer than an entry may be.
pub fn bundle<'e>(first: u64, entries: impl ExactSizeIterator<Item = &'e [u8]>) -> Result<(String, Vec<u8>), u64> {
    let width = entries.len() as u64;
    let mut out = Vec::new();
    for (i, bytes) in (0u64..).zip(entries) {
        let len = u16::try_from(bytes.len()).map_err(|_| i)?;
        out.extend(len.to_be_bytes());
        out.extend(bytes);
    }
    Ok((path("entries", first / WIDTH, width), out))
}

/// Reads a bundle of exactly `width` entries. `None` where it is none.
pub fn read_bundle(bytes: &[u8], width: u64) -> Option<Vec<&[u8]>> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    for _ in 0..width.min(WIDTH) {
        let (len, after) = rest.split_first_chunk::<2>()?;
        let (entry, after) = after.split_at_checked(u16::from_be_bytes(*len).into())?;
        entries.push(entry);
        rest = after;
    }
    (rest.is_empty() && width <= WIDTH).then_some(entries)
}

/// Path of tile or bundle `n`: groups of three digits, all but the last with `x` (`x001/x234/067`), and `.p/W` for a
/// partial one of width `W`.
pub(crate) fn path(row: &str, n: u64, width: u64) -> String {
    let mut groups = vec![format!("{:03}", n % 1000)];
    let mut rest = n / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let partial = if width == WIDTH { String::new() } else { format!(".p/{width}") };
    format!("tile/{row}/{}{partial}", groups.join("/"))
}

/// Numbers and widths of the tiles in a row of `n` nodes.
fn row_tiles(n: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..n.div_ceil(WIDTH)).map(move |i| (i, (n - i * WIDTH).min(WIDTH)))
}

/// Files of the log at the size of `checkpoint` (a signed note): relative path and bytes, the tiles first, then the
/// entry bundles, last the checkpoint. `entry` gives the canonical bytes of an entry by its sequence.
/// Errors: [`TileError`], each as an item of the iterator; the first one ends it for all purposes.
pub fn export<'a, E: std::error::Error + 'a>(
    tree: &'a Tree,
    checkpoint: &'a str,
    mut entry: impl FnMut(u64) -> Result<Vec<u8>, E> + 'a,
) -> impl Iterator<Item = Result<(String, Vec<u8>), TileError<E>>> + 'a {
    let opened = Note::parse(checkpoint.as_bytes())
        .map_err(CheckpointError::from)
        .and_then(|n| Checkpoint::parse(n.text()))
        .ok()
        .filter(|c| root(tree, c.size) == Ok(c.root));
    let size = opened.as_ref().map_or(0, |c| c.size);
    let wrong = opened.is_none().then_some(Err(TileError::Checkpoint));

    let tiles = hash_tiles(tree, size).map(Ok);
    let bundles = bundles(size).map(move |(first, width)| {
        let mut entries = Vec::new();
        for seq in first..first + width {
            let bytes = entry(seq).map_err(TileError::Entry)?;
            if Hash::leaf(&bytes) != tree.leaf(seq) {
                return Err(TileError::Changed { seq });
            }
            entries.push(bytes);
        }
        bundle(first, entries.iter().map(Vec::as_slice)).map_err(|i| TileError::Changed { seq: first + i })
    });
    let last = opened.map(|_| Ok(("checkpoint".to_owned(), checkpoint.as_bytes().to_vec())));
    wrong.into_iter().chain(tiles).chain(bundles).chain(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use std::convert::Infallible;

    fn log(n: u64) -> (Tree, String) {
        let tree: Tree = (0..n).map(|i| Hash::leaf(&i.to_be_bytes())).collect();
        let key = SigningKey::from_seed("o", &[9; 32]).expect("a key");
        let c = Checkpoint { origin: "o".into(), size: n, root: root(&tree, n).expect("in range") };
        (tree, c.sign(&[&key]).expect("signs").to_string())
    }

    #[test]
    fn paths_are_as_the_text_says() {
        assert_eq!(path("0", 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path("1", 0, 3), "tile/1/000.p/3");
        assert_eq!(path("entries", 273, 255), "tile/entries/273.p/255");
    }

    #[test]
    fn every_row_holds_the_complete_nodes_and_the_bundles_hold_the_entries() {
        let (tree, checkpoint) = log(600);
        let files: Vec<_> = export(&tree, &checkpoint, |i| Ok::<_, Infallible>(i.to_be_bytes().to_vec()))
            .collect::<Result<_, _>>()
            .expect("exports");
        let names: Vec<&str> = files.iter().map(|f| f.0.as_str()).collect();
        assert_eq!(
            names,
            [
                "tile/0/000",
                "tile/0/001",
                "tile/0/002.p/88",
                "tile/1/000.p/2",
                "tile/entries/000",
                "tile/entries/001",
                "tile/entries/002.p/88",
                "checkpoint"
            ]
        );
        assert_eq!(files[0].1[32..64], *Hash::leaf(&1u64.to_be_bytes()).as_bytes());
        assert_eq!(files[3].1[..32], *root(&tree, 256).expect("in range").as_bytes());
        assert_eq!(files[4].1[..10], [0, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(files[4].1.len(), 2560);
    }

    #[test]
    fn another_entry_or_another_checkpoint_is_noticed() {
        let (tree, checkpoint) = log(3);
        let changed = export(&tree, &checkpoint, |_| Ok::<_, Infallible>(vec![0])).find_map(Result::err);
        assert!(matches!(changed, Some(TileError::Changed { seq: 0 })));
        let (other, _) = log(4);
        let (mut rewritten, _) = log(2);
        rewritten.push(Hash::of(b"rewritten"));
        let entry = |i: u64| Ok::<_, Infallible>(i.to_be_bytes().to_vec());
        assert!(export(&rewritten, &checkpoint, entry).any(|f| matches!(f, Err(TileError::Checkpoint))));
        // A longer log still gives the files of the smaller checkpoint.
        assert!(export(&other, &checkpoint, entry).all(|f| f.is_ok()));
    }
}
