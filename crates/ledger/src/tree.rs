//! The Merkle tree of RFC 6962 (section 2.1): growing it, its root at any size, and proofs.
//!
//! A proof is made from any [`Leaves`]; [`Tree`] keeps inner nodes, so that thousands of proofs cost no second hashing.
//! A [`Frontier`] is all that appending needs: one hash per set bit of the size.

use crate::hash::Hash;
use serde::{Deserialize, Serialize};

/// Why a proof does not hold.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum ProofError {
    /// The index or the sizes make no sense together.
    #[error("entry {index} cannot be in a log of {size} entries")]
    Range {
        /// Entry, or size of the earlier log.
        index: u64,
        /// Size of the log.
        size: u64,
    },
    /// Not as many hashes as a log of this size needs.
    #[error("the proof has {found} hashes, and a log of this size needs {needed}")]
    Length {
        /// Hashes there.
        found: usize,
        /// Hashes needed.
        needed: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Mismatch,
    /// A stored frontier whose hashes do not fit its size.
    #[error("a frontier of {size} entries has {needed} hashes, not {found}")]
    Frontier {
        /// Stated size.
        size: u64,
        /// Hashes there.
        found: usize,
        /// Hashes needed.
        needed: usize,
    },
}

/// The right edge of a log: its size and the roots of its complete subtrees, largest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    size: u64,
    hashes: Vec<Hash>,
}
impl TryFrom<Stored> for Frontier {
    type Error = ProofError;
    fn try_from(s: Stored) -> Result<Self, ProofError> {
        Self::load(s.size, s.hashes)
    }
}
impl From<Frontier> for Stored {
    fn from(f: Frontier) -> Self {
        Self { size: f.size, hashes: f.hashes }
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::empty()
    }
}
impl Frontier {
    /// A log without entries.
    pub fn empty() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }
    /// Takes up a stored frontier. Errors: [`ProofError::Frontier`] where the number of hashes does not fit the size.
    pub fn load(size: u64, hashes: Vec<Hash>) -> Result<Self, ProofError> {
        let needed = size.count_ones() as usize;
        if hashes.len() != needed {
            return Err(ProofError::Frontier { size, found: hashes.len(), needed });
        }
        Ok(Self { size, hashes })
    }
    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.size
    }
    /// Roots of the complete subtrees, largest first.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }
    /// Appends a leaf: amortised one hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_with(leaf, |_, _, _| {});
    }
    /// The same, and tells level, index and root of every subtree that this leaf completes, the smallest (two leaves,
    /// level 1) first.
    pub fn push_with(&mut self, leaf: Hash, mut completes: impl FnMut(u32, u64, Hash)) {
        let mut node = leaf;
        for level in 1..=self.size.trailing_ones() {
            let left = self.hashes.pop().expect("one hash per set bit of the size");
            node = Hash::node(&left, &node);
            completes(level, self.size >> level, node);
        }
        self.hashes.push(node);
        self.size += 1;
    }
    /// Root of the log as it stands.
    pub fn root(&self) -> Hash {
        let mut right_to_left = self.hashes.iter().rev();
        let Some(first) = right_to_left.next() else { return Hash::empty() };
        right_to_left.fold(*first, |acc, left| Hash::node(left, &acc))
    }
}

/// Leaf hashes of a log, wherever they are kept.
pub trait Leaves {
    /// Number of leaves.
    fn size(&self) -> u64;
    /// Hash of leaf `index`, which is below [`size`](Self::size).
    fn leaf(&self, index: u64) -> Hash;
    /// Root of the complete subtree of `2^level` leaves that begins at leaf `index · 2^level`. Override it where inner
    /// nodes are kept.
    fn node(&self, level: u32, index: u64) -> Hash {
        if level == 0 {
            return self.leaf(index);
        }
        Hash::node(&self.node(level - 1, index * 2), &self.node(level - 1, index * 2 + 1))
    }
}
impl Leaves for [Hash] {
    fn size(&self) -> u64 {
        self.len() as u64
    }
    fn leaf(&self, index: u64) -> Hash {
        self[usize::try_from(index).expect("an index of a slice")]
    }
}
impl Leaves for Vec<Hash> {
    fn size(&self) -> u64 {
        self.as_slice().size()
    }
    fn leaf(&self, index: u64) -> Hash {
        self.as_slice().leaf(index)
    }
}

/// A whole log in memory with its inner nodes: 64 bytes a leaf, proofs in O(log n).
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// `levels[l]` holds the roots of complete subtrees of `2^l` leaves, left to right.
    levels: Vec<Vec<Hash>>,
}
impl Tree {
    /// A log without entries.
    pub fn new() -> Self {
        Self::default()
    }
    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let row = &mut self.levels[level];
            row.push(node);
            if row.len() % 2 == 1 {
                return;
            }
            node = Hash::node(&row[row.len() - 2], &row[row.len() - 1]);
        }
    }
}
impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Self::new();
        leaves.into_iter().for_each(|l| tree.push(l));
        tree
    }
}
impl Leaves for Tree {
    fn size(&self) -> u64 {
        self.levels.first().map_or(0, |l| l.len() as u64)
    }
    fn leaf(&self, index: u64) -> Hash {
        self.node(0, index)
    }
    fn node(&self, level: u32, index: u64) -> Hash {
        self.levels[level as usize][usize::try_from(index).expect("an index of a vector")]
    }
}

/// Some nodes of a large log, kept elsewhere and fetched for one purpose: first [`Sparse::plan`] says which, then they are
/// put in, then the same purpose is served from them.
#[derive(Clone, Debug, Default)]
pub struct Sparse {
    size: u64,
    nodes: std::collections::BTreeMap<(u32, u64), Hash>,
}
impl Sparse {
    /// Nothing yet of a log of `size` entries.
    pub fn new(size: u64) -> Self {
        Self { size, nodes: std::collections::BTreeMap::new() }
    }
    /// Level and index of every node that `purpose` asks of a log of `size` entries, each once, in order. The purpose gets
    /// hashes that mean nothing.
    pub fn plan<T>(size: u64, purpose: impl FnOnce(&dyn Leaves) -> Result<T, ProofError>) -> Result<Vec<(u32, u64)>, ProofError> {
        struct Asked {
            size: u64,
            for_nodes: std::cell::RefCell<std::collections::BTreeSet<(u32, u64)>>,
        }
        impl Leaves for Asked {
            fn size(&self) -> u64 {
                self.size
            }
            fn leaf(&self, index: u64) -> Hash {
                self.node(0, index)
            }
            fn node(&self, level: u32, index: u64) -> Hash {
                self.for_nodes.borrow_mut().insert((level, index));
                Hash::empty()
            }
        }
        let asked = Asked { size, for_nodes: Default::default() };
        purpose(&asked)?;
        Ok(asked.for_nodes.into_inner().into_iter().collect())
    }
    /// Puts in a node.
    pub fn put(&mut self, level: u32, index: u64, hash: Hash) {
        self.nodes.insert((level, index), hash);
    }
}
impl Leaves for Sparse {
    fn size(&self) -> u64 {
        self.size
    }
    fn leaf(&self, index: u64) -> Hash {
        *self.nodes.get(&(0, index)).expect("the plan named every node that is asked for")
    }
    fn node(&self, level: u32, index: u64) -> Hash {
        match self.nodes.get(&(level, index)) {
            Some(hash) => *hash,
            None if level == 0 => self.leaf(index),
            None => Hash::node(&self.node(level - 1, index * 2), &self.node(level - 1, index * 2 + 1)),
        }
    }
}

/// Largest power of two below `n`, for `n >= 2`: where RFC 6962 splits.
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// Root of leaves `start..start + n`; `start` is where a split put it, so complete subtrees lie on their own boundary.
fn range<L: Leaves + ?Sized>(leaves: &L, start: u64, n: u64) -> Hash {
    if n == 0 {
        return Hash::empty();
    }
    if n.is_power_of_two() {
        return leaves.node(n.trailing_zeros(), start / n);
    }
    let k = split(n);
    Hash::node(&range(leaves, start, k), &range(leaves, start + k, n - k))
}

/// Root of the first `size` leaves. Errors: [`ProofError::Range`] beyond the leaves there are.
pub fn root<L: Leaves + ?Sized>(leaves: &L, size: u64) -> Result<Hash, ProofError> {
    if size > leaves.size() {
        return Err(ProofError::Range { index: size, size: leaves.size() });
    }
    Ok(range(leaves, 0, size))
}

/// Proof that leaf `index` is among the first `size`: siblings from the leaf to the root (RFC 6962, 2.1.1).
/// Errors: [`ProofError::Range`].
pub fn inclusion<L: Leaves + ?Sized>(leaves: &L, index: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
    if index >= size || size > leaves.size() {
        return Err(ProofError::Range { index, size });
    }
    let (mut start, mut n, mut out) = (0, size, Vec::new());
    while n > 1 {
        let k = split(n);
        if index < start + k {
            out.push(range(leaves, start + k, n - k));
            n = k;
        } else {
            out.push(range(leaves, start, k));
            (start, n) = (start + k, n - k);
        }
    }
    out.reverse();
    Ok(out)
}

/// Proof that the first `from` leaves are the beginning of the first `to` (RFC 6962, 2.1.2). Empty for `from` 0 or `to`.
/// Errors: [`ProofError::Range`].
pub fn consistency<L: Leaves + ?Sized>(leaves: &L, from: u64, to: u64) -> Result<Vec<Hash>, ProofError> {
    if from > to || to > leaves.size() {
        return Err(ProofError::Range { index: from, size: to });
    }
    let (mut start, mut n, mut m, mut whole, mut out) = (0, to, from, true, Vec::new());
    if from == 0 || from == to {
        return Ok(out);
    }
    loop {
        if m == n {
            if !whole {
                out.push(range(leaves, start, n));
            }
            break;
        }
        let k = split(n);
        if m <= k {
            out.push(range(leaves, start + k, n - k));
            n = k;
        } else {
            out.push(range(leaves, start, k));
            (start, n, m, whole) = (start + k, n - k, m - k, false);
        }
    }
    out.reverse();
    Ok(out)
}

/// Checks that `leaf` is entry `index` of the log of `size` entries that `root` commits to.
/// Errors: [`ProofError::Range`], [`ProofError::Length`], [`ProofError::Mismatch`]. Source: RFC 9162, section 2.1.3.2.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Range { index, size });
    }
    // Levels on which the path has a sibling: all below the point where it joins the right edge, then one for each
    // complete subtree to the left.
    let inner = 64 - (index ^ (size - 1)).leading_zeros();
    let needed = (inner + index.checked_shr(inner).unwrap_or(0).count_ones()) as usize;
    if proof.len() != needed {
        return Err(ProofError::Length { found: proof.len(), needed });
    }
    let (mut path, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if path & 1 == 1 || path == last {
            hash = Hash::node(sibling, &hash);
            while path & 1 == 0 && path != 0 {
                (path, last) = (path >> 1, last >> 1);
            }
        } else {
            hash = Hash::node(&hash, sibling);
        }
        (path, last) = (path >> 1, last >> 1);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Mismatch) }
}

/// Checks that the log of `from` entries with root `from_root` is the beginning of the log of `to` entries with root
/// `to_root`. Errors: [`ProofError::Range`], [`ProofError::Length`], [`ProofError::Mismatch`]. Source: RFC 9162, 2.1.4.2.
pub fn verify_consistency(from: u64, from_root: &Hash, to: u64, to_root: &Hash, proof: &[Hash]) -> Result<(), ProofError> {
    if from > to {
        return Err(ProofError::Range { index: from, size: to });
    }
    let empty_needed = |ok: bool| match (proof.is_empty(), ok) {
        (false, _) => Err(ProofError::Length { found: proof.len(), needed: 0 }),
        (true, true) => Ok(()),
        (true, false) => Err(ProofError::Mismatch),
    };
    if from == to {
        return empty_needed(from_root == to_root);
    }
    if from == 0 {
        return empty_needed(*from_root == Hash::empty());
    }
    let mut hashes = proof.iter();
    let short = || ProofError::Length { found: proof.len(), needed: proof.len() + 1 };
    let first = if from.is_power_of_two() { *from_root } else { *hashes.next().ok_or_else(short)? };
    let (mut path, mut last) = (from - 1, to - 1);
    while path & 1 == 1 {
        (path, last) = (path >> 1, last >> 1);
    }
    let (mut old, mut new) = (first, first);
    for (used, h) in hashes.enumerate() {
        if last == 0 {
            return Err(ProofError::Length { found: proof.len(), needed: used + usize::from(!from.is_power_of_two()) });
        }
        if path & 1 == 1 || path == last {
            (old, new) = (Hash::node(h, &old), Hash::node(h, &new));
            while path & 1 == 0 && path != 0 {
                (path, last) = (path >> 1, last >> 1);
            }
        } else {
            new = Hash::node(&new, h);
        }
        (path, last) = (path >> 1, last >> 1);
    }
    if last != 0 {
        return Err(short());
    }
    if old == *from_root && new == *to_root { Ok(()) } else { Err(ProofError::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_proof_needs_only_the_nodes_of_its_plan() {
        let all: Vec<Hash> = (0..1000u64).map(|i| Hash::leaf(&i.to_be_bytes())).collect();
        let mut frontier = Frontier::empty();
        let mut kept = std::collections::BTreeMap::new();
        for leaf in &all {
            kept.insert((0, frontier.size()), *leaf);
            frontier.push_with(*leaf, |level, index, hash| {
                kept.insert((level, index), hash);
            });
        }
        assert_eq!(frontier.root(), root(&all, 1000).expect("in range"));
        for size in [1u64, 2, 255, 256, 257, 999, 1000] {
            for index in [0, size / 2, size - 1] {
                let plan = Sparse::plan(size, |l| inclusion(l, index, size)).expect("in range");
                assert!(plan.len() <= 20, "{}", plan.len());
                let mut some = Sparse::new(size);
                plan.iter().for_each(|n| some.put(n.0, n.1, kept[n]));
                assert_eq!(inclusion(&some, index, size), inclusion(&all, index, size));
                let plan = Sparse::plan(size, |l| consistency(l, index, size)).expect("in range");
                let mut some = Sparse::new(size);
                plan.iter().for_each(|n| some.put(n.0, n.1, kept[n]));
                assert_eq!(consistency(&some, index, size), consistency(&all, index, size));
            }
        }
        assert_eq!(Sparse::plan(10, |l| inclusion(l, 10, 10)), Err(ProofError::Range { index: 10, size: 10 }));
    }

    fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| Hash::leaf(&i.to_be_bytes())).collect()
    }
    /// The definition of RFC 6962, word for word.
    fn mth(d: &[Hash]) -> Hash {
        match d {
            [] => Hash::empty(),
            [one] => *one,
            _ => {
                let mut k = 1;
                while k * 2 < d.len() {
                    k *= 2;
                }
                Hash::node(&mth(&d[..k]), &mth(&d[k..]))
            }
        }
    }

    #[test]
    fn the_vector_of_the_handbook() {
        let l: Vec<Hash> = (0..7).map(|i| Hash::leaf(format!("{{\"seq\":{i}}}").as_bytes())).collect();
        let root = root(&l, 7).expect("in range");
        assert_eq!(root.base64(), "EvKAi8pMShoFMXCjvEsCuz6D/gv4VOQsdbNQL7mqlaI=");
        assert_eq!(Hash::empty().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn every_proof_of_every_small_log_holds_and_no_other() {
        let l = leaves(33);
        let tree: Tree = l.iter().copied().collect();
        for size in 0..=33u64 {
            let want = mth(&l[..size as usize]);
            assert_eq!((root(&l, size), root(&tree, size)), (Ok(want), Ok(want)));
            for index in 0..size {
                let proof = inclusion(&tree, index, size).expect("in range");
                assert_eq!(inclusion(&l, index, size).as_ref(), Ok(&proof));
                assert_eq!(verify_inclusion(&l[index as usize], index, size, &proof, &want), Ok(()), "{index}/{size}");
                for other in (0..size).filter(|o| *o != index) {
                    assert!(
                        verify_inclusion(&l[index as usize], other, size, &proof, &want).is_err(),
                        "{index} as {other}/{size}"
                    );
                }
                let longer = [proof.as_slice(), &[want]].concat();
                assert!(matches!(
                    verify_inclusion(&l[index as usize], index, size, &longer, &want),
                    Err(ProofError::Length { .. })
                ));
            }
            for from in 0..=size {
                let old = mth(&l[..from as usize]);
                let proof = consistency(&tree, from, size).expect("in range");
                assert_eq!(verify_consistency(from, &old, size, &want, &proof), Ok(()), "{from} to {size}");
                let longer = [proof.as_slice(), &[want]].concat();
                assert!(verify_consistency(from, &old, size, &want, &longer).is_err(), "{from} to {size}");
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(verify_consistency(from, &old, size, &want, shorter).is_err(), "{from} to {size}");
                }
            }
        }
        assert!(inclusion(&tree, 33, 33).is_err());
        assert!(inclusion(&tree, 0, 34).is_err());
        assert!(consistency(&tree, 5, 4).is_err());
    }

    #[test]
    fn huge_numbers_do_not_overflow() {
        let h = Hash::of(b"x");
        assert!(verify_inclusion(&h, u64::MAX - 1, u64::MAX, &[h; 3], &h).is_err());
        assert!(verify_inclusion(&h, u64::MAX, u64::MAX, &[h], &h).is_err());
        assert!(verify_inclusion(&h, 0, u64::MAX, &[h; 64], &h).is_err());
        assert!(verify_consistency(1, &h, u64::MAX, &h, &[h; 64]).is_err());
        assert!(verify_consistency(u64::MAX - 1, &h, u64::MAX, &h, &[h; 200]).is_err());
    }

    proptest! {
        #[test]
        fn a_frontier_gives_the_same_root_as_the_definition(n in 0u64..300) {
            let l = leaves(n);
            let mut f = Frontier::empty();
            for h in &l { f.push(*h); }
            prop_assert_eq!(f.root(), mth(&l));
            let text = serde_json::to_string(&f).expect("writes");
            prop_assert_eq!(serde_json::from_str::<Frontier>(&text).expect("reads"), f.clone());
            prop_assert!(Frontier::load(n + 1, f.hashes().to_vec()).is_err() || (n + 1).count_ones() == n.count_ones());
        }

        #[test]
        fn a_changed_bit_anywhere_breaks_a_proof(n in 1u64..200, at in any::<prop::sample::Index>(), bit in 0usize..256, which in any::<prop::sample::Index>()) {
            let l = leaves(n);
            let index = at.index(n as usize) as u64;
            let root = mth(&l);
            let mut proof = inclusion(&l, index, n).expect("in range");
            let mut leaf = l[index as usize];
            let flip = |h: &mut Hash| { let mut b = *h.as_bytes(); b[bit / 8] ^= 1 << (bit % 8); *h = Hash::from_bytes(b); };
            let slot = which.index(proof.len() + 1);
            if slot == proof.len() { flip(&mut leaf) } else { flip(&mut proof[slot]) }
            prop_assert_eq!(verify_inclusion(&leaf, index, n, &proof, &root), Err(ProofError::Mismatch));
        }

        #[test]
        fn a_log_that_was_rewritten_is_not_consistent(n in 2u64..150, cut in any::<prop::sample::Index>(), hit in any::<prop::sample::Index>()) {
            let l = leaves(n);
            let from = 1 + cut.index(n as usize - 1) as u64;
            let old = mth(&l[..from as usize]);
            let mut rewritten = l.clone();
            rewritten[hit.index(from as usize)] = Hash::of(b"rewritten");
            let proof = consistency(&rewritten, from, n).expect("in range");
            prop_assert_eq!(verify_consistency(from, &old, n, &mth(&rewritten), &proof), Err(ProofError::Mismatch));
        }
    }
}
