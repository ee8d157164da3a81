//! OpenTimestamps: a proof that bytes were there before a block of a public chain.
//!
//! The proof is a tree of small operations that lead from the digest of a file to what a block commits to. Here it is
//! followed to the Merkle root in a block header that somebody supplies. That this header stands in the chain is not
//! decided here: it must carry the work it states, but how much that is, its maker states too. Its hash is given, so that
//! anybody can look it up.

use crate::hash::Hash;
use sha1::Digest as _;
use zapys_domain::Instant;

/// Longest proof that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 16;
/// Longest message between two operations, in bytes.
const MAX_MESSAGE: usize = 4096;
/// Longest argument or attestation, in bytes.
const MAX_PAYLOAD: usize = 8192;
/// Operations on the longest way.
const MAX_DEPTH: usize = 256;
/// Messages that are computed in all; branches multiply them.
const MAX_STEPS: usize = 20_000;

const MAGIC: &[u8] = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94";
const PENDING: [u8; 8] = [0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e];
const BITCOIN: [u8; 8] = [0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01];

/// Why a proof does not hold, or cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum OtsError {
    /// Not a proof of version 1.
    #[error("the bytes are no OpenTimestamps proof of version 1")]
    Malformed,
    /// Longer, deeper or wider than is read.
    #[error("the OpenTimestamps proof is larger than is read")]
    TooLarge,
    /// The proof begins at a digest that is not SHA-256.
    #[error("the OpenTimestamps proof is not over SHA-256")]
    Digest,
    /// It is of another file.
    #[error("the OpenTimestamps proof is of other data")]
    OtherData,
    /// It ends in promises of calendars only.
    #[error("the OpenTimestamps proof is not complete: calendars have promised it, no block holds it yet")]
    Pending,
    /// It ends in other blocks.
    #[error("the OpenTimestamps proof does not lead to the given block")]
    OtherBlock,
    /// The header does not even carry the work that it says.
    #[error("the block header does not carry the work that it states")]
    Work,
    /// Not 80 bytes as 160 hexadecimal digits.
    #[error("a block header has 80 bytes, written as 160 hexadecimal digits")]
    Header,
}
impl OtsError {
    /// Stable kebab-case word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Malformed | Self::Header => "ots-malformed",
            Self::TooLarge => "ots-too-large",
            Self::Digest => "ots-digest",
            Self::OtherData => "ots-other-data",
            Self::Pending => "ots-pending",
            Self::OtherBlock => "ots-other-block",
            Self::Work => "ots-work",
        }
    }
}

/// Where a way through the proof ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attestation {
    /// A calendar has promised to go on.
    Pending,
    /// The Bitcoin block of this height.
    Bitcoin {
        /// Its height.
        height: u64,
    },
    /// Something that is not known here.
    Unknown,
}

/// A block that commits to the data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Height, as the proof says; the header does not.
    pub height: u64,
    /// When the miner says it was made; may be two hours wrong.
    pub time: Instant,
    /// The hash by which people look the block up, in hexadecimal.
    pub hash: String,
}

/// A proof, followed from the digest to its ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    digest: Hash,
    ends: Vec<(Option<Vec<u8>>, Attestation)>,
}
impl Proof {
    /// Reads an `.ots` file. Errors: [`OtsError::Malformed`], `TooLarge`, `Digest`.
    pub fn parse(bytes: &[u8]) -> Result<Self, OtsError> {
        if bytes.len() > MAX_BYTES {
            return Err(OtsError::TooLarge);
        }
        let mut r = Reader { rest: bytes.strip_prefix(MAGIC).ok_or(OtsError::Malformed)?, steps: 0, ends: Vec::new() };
        if r.number()? != 1 {
            return Err(OtsError::Malformed);
        }
        if r.byte()? != 0x08 {
            return Err(OtsError::Digest);
        }
        let digest = <[u8; 32]>::try_from(r.take(32)?).map_err(|_| OtsError::Malformed)?;
        r.follow(Some(digest.to_vec()), 0)?;
        if !r.rest.is_empty() || r.ends.is_empty() {
            return Err(OtsError::Malformed);
        }
        Ok(Self { digest: Hash::from_bytes(digest), ends: r.ends })
    }
    /// SHA-256 of the file it is of.
    pub fn digest(&self) -> &Hash {
        &self.digest
    }
    /// Where its ways end.
    pub fn attestations(&self) -> impl Iterator<Item = &Attestation> {
        self.ends.iter().map(|(_, a)| a)
    }
    /// Whether it is of exactly `data`. Errors: [`OtsError::OtherData`].
    pub fn covers(&self, data: &[u8]) -> Result<(), OtsError> {
        if Hash::of(data) == self.digest { Ok(()) } else { Err(OtsError::OtherData) }
    }
    /// Whether it leads from `data` to the Merkle root in `header`. Errors: [`OtsError::OtherData`], `Pending`, `OtherBlock`,
    /// `Work`.
    pub fn verify(&self, data: &[u8], header: &[u8; 80]) -> Result<Block, OtsError> {
        self.covers(data)?;
        let blocks = || {
            self.ends.iter().filter_map(|(message, a)| match a {
                Attestation::Bitcoin { height } => Some((message.as_deref(), *height)),
                _ => None,
            })
        };
        if blocks().next().is_none() {
            return Err(OtsError::Pending);
        }
        let (_, height) = blocks().find(|(m, _)| *m == Some(&header[36..68])).ok_or(OtsError::OtherBlock)?;
        let seconds = u32::from_le_bytes([header[68], header[69], header[70], header[71]]);
        let mut hash = *Hash::of(Hash::of(header).as_bytes()).as_bytes();
        hash.reverse();
        if target(header).is_none_or(|most| hash > most) {
            return Err(OtsError::Work);
        }
        let hash = zapys_domain::text::hex(&hash);
        Ok(Block { height, time: Instant::from_seconds(seconds.into()), hash })
    }
}

/// The largest hash that a block with this header may have, from its compact form: three digits to the base 256 and an
/// exponent. `None` where it is none.
fn target(header: &[u8; 80]) -> Option<[u8; 32]> {
    let [low, middle, high, exponent] = *header[72..76].first_chunk::<4>()?;
    let mut target = [0; 32];
    if high >= 0x80 || exponent > 32 {
        return None;
    }
    for (i, digit) in [high, middle, low].into_iter().enumerate() {
        // The first of the three stands `exponent` bytes from the end.
        match (32 + i).checked_sub(exponent.into()) {
            Some(at) if at < 32 => target[at] = digit,
            _ if digit == 0 => {}
            _ => return None,
        }
    }
    Some(target)
}

/// Reads the 80 bytes of a block header from 160 hexadecimal digits. Errors: [`OtsError::Header`].
pub fn header_from_hex(text: &str) -> Result<[u8; 80], OtsError> {
    let bytes = zapys_domain::text::unhex(text.trim()).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(OtsError::Header)
}

struct Reader<'a> {
    rest: &'a [u8],
    steps: usize,
    ends: Vec<(Option<Vec<u8>>, Attestation)>,
}
impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], OtsError> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(OtsError::Malformed)?;
        self.rest = rest;
        Ok(head)
    }
    fn byte(&mut self) -> Result<u8, OtsError> {
        Ok(self.take(1)?[0])
    }
    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Result<u64, OtsError> {
        let mut value = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(OtsError::TooLarge)
    }
    fn block(&mut self, most: usize) -> Result<&'a [u8], OtsError> {
        let n = self.number()?;
        let n = usize::try_from(n).ok().filter(|n| *n <= most).ok_or(OtsError::TooLarge)?;
        self.take(n)
    }
    /// Follows every way from `message` on. `None`: a message that cannot be computed here.
    fn follow(&mut self, message: Option<Vec<u8>>, depth: usize) -> Result<(), OtsError> {
        if depth > MAX_DEPTH {
            return Err(OtsError::TooLarge);
        }
        loop {
            let tag = self.byte()?;
            let more = tag == 0xff;
            let tag = if more { self.byte()? } else { tag };
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Err(OtsError::TooLarge);
            }
            match tag {
                0x00 => {
                    let attestation = self.attestation()?;
                    self.ends.push((message.clone(), attestation));
                }
                op => {
                    let next = self.apply(op, message.as_deref())?;
                    self.follow(next, depth + 1)?;
                }
            }
            if !more {
                return Ok(());
            }
        }
    }
    fn attestation(&mut self) -> Result<Attestation, OtsError> {
        let tag = self.take(8)?;
        let payload = self.block(MAX_PAYLOAD)?;
        if tag == PENDING {
            return Ok(Attestation::Pending);
        }
        if tag != BITCOIN {
            return Ok(Attestation::Unknown);
        }
        let mut inner = Reader { rest: payload, steps: 0, ends: Vec::new() };
        let height = inner.number()?;
        if inner.rest.is_empty() { Ok(Attestation::Bitcoin { height }) } else { Err(OtsError::Malformed) }
    }
    fn apply(&mut self, op: u8, message: Option<&[u8]>) -> Result<Option<Vec<u8>>, OtsError> {
        let next = match op {
            0x08 => message.map(|m| Hash::of(m).as_bytes().to_vec()),
            0x02 => message.map(|m| sha1::Sha1::digest(m).to_vec()),
            // RIPEMD-160 and Keccak-256 occur in proofs for other chains; such a way is read and leads nowhere.
            0x03 | 0x67 => None,
            0xf0 | 0xf1 => {
                let argument = self.block(MAX_MESSAGE)?;
                if argument.is_empty() {
                    return Err(OtsError::Malformed);
                }
                message.map(|m| if op == 0xf0 { [m, argument].concat() } else { [argument, m].concat() })
            }
            0xf2 => message.map(|m| m.iter().rev().copied().collect()),
            0xf3 => message.map(|m| zapys_domain::text::hex(m).into_bytes()),
            _ => return Err(OtsError::Malformed),
        };
        if next.as_ref().is_some_and(|m| m.len() > MAX_MESSAGE) {
            return Err(OtsError::TooLarge);
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A proof over `data` whose tree is `tree`.
    fn proof(data: &[u8], tree: &[u8]) -> Vec<u8> {
        [MAGIC, &[1, 0x08], Hash::of(data).as_bytes(), tree].concat()
    }
    fn bitcoin(height: u8) -> Vec<u8> {
        [&[0x00][..], &BITCOIN, &[1, height]].concat()
    }
    fn pending() -> Vec<u8> {
        [&[0x00][..], &PENDING, &[3, 2, b'h', b'i']].concat()
    }
    fn header(root: &[u8]) -> [u8; 80] {
        let mut header = [7; 80];
        header[36..68].copy_from_slice(root);
        header[68..72].copy_from_slice(&1_700_000_000u32.to_le_bytes());
        // So easy that a few tries do.
        header[72..76].copy_from_slice(&0x207f_ffffu32.to_le_bytes());
        while Hash::of(Hash::of(&header).as_bytes()).as_bytes()[31] >= 0x7f {
            header[76] += 1;
        }
        header
    }

    #[test]
    fn r2_4_a_proof_leads_from_its_data_to_its_block_only() {
        let data = b"a checkpoint";
        // append 01 02, SHA-256; beside it a promise.
        let tree = [&[0xff][..], &pending(), &[0xf0, 2, 1, 2, 0x08], &bitcoin(99)].concat();
        let p = Proof::parse(&proof(data, &tree)).expect("reads");
        let root = Hash::of(&[Hash::of(data).as_bytes(), &[1u8, 2][..]].concat());
        let block = p.verify(data, &header(root.as_bytes())).expect("leads there");
        assert_eq!((block.height, block.time), (99, Instant::from_seconds(1_700_000_000)));
        assert_eq!(block.hash.len(), 64);
        assert_eq!(p.verify(b"other", &header(root.as_bytes())), Err(OtsError::OtherData));
        assert_eq!(p.verify(data, &header(&[0; 32])), Err(OtsError::OtherBlock));
        let mut harder = header(root.as_bytes());
        harder[75] = 3;
        assert_eq!(p.verify(data, &harder), Err(OtsError::Work));
        harder[74] = 0x80;
        assert_eq!(p.verify(data, &harder), Err(OtsError::Work));
        let promised = Proof::parse(&proof(data, &pending())).expect("reads");
        assert_eq!(promised.verify(data, &header(root.as_bytes())), Err(OtsError::Pending));
        let unknown = [&[0x03][..], &bitcoin(1)].concat();
        let other = Proof::parse(&proof(data, &unknown)).expect("reads");
        assert_eq!(other.verify(data, &header(root.as_bytes())), Err(OtsError::OtherBlock));
    }

    #[test]
    fn hostile_proofs_are_refused() {
        let check = |tree: &[u8], want: OtsError| {
            assert_eq!(Proof::parse(&proof(b"x", tree)), Err(want), "{:?}", &tree[..tree.len().min(8)])
        };
        check(&[], OtsError::Malformed);
        check(&[0xff], OtsError::Malformed);
        check(&[0x00, 1, 2], OtsError::Malformed);
        check(&[0x08, 0x08], OtsError::Malformed);
        check(&[0xf0, 0], OtsError::Malformed);
        check(&[0xf0, 0xff, 0xff, 0xff, 0xff, 0x7f], OtsError::TooLarge);
        check(&[0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], OtsError::TooLarge);
        check(&[0x55], OtsError::Malformed);
        check(&[&bitcoin(1)[..], &[0]].concat(), OtsError::Malformed);
        check(&[&[0x08; 300][..], &bitcoin(1)].concat(), OtsError::TooLarge);
        check(&[&[0xf3; 8][..], &bitcoin(1)].concat(), OtsError::TooLarge);
        let wide: Vec<u8> = (0..2000).flat_map(|_| [&[0xff][..], &pending()].concat()).collect();
        assert!(Proof::parse(&proof(b"x", &[wide, bitcoin(1)].concat())).is_ok());
        check(&vec![0xff; MAX_BYTES - 70], OtsError::Malformed);
        assert_eq!(Proof::parse(&vec![0; MAX_BYTES + 1]), Err(OtsError::TooLarge));
        assert_eq!(Proof::parse(b"\x00OpenTimestamps"), Err(OtsError::Malformed));
        let sha1 = [MAGIC, &[1, 0x02], &[0; 20], &bitcoin(1)].concat();
        assert_eq!(Proof::parse(&sha1), Err(OtsError::Digest));
        assert_eq!(header_from_hex(&"0".repeat(160)), Ok([0; 80]));
        assert_eq!(header_from_hex(&"0".repeat(159)), Err(OtsError::Header));
        assert_eq!(header_from_hex(&"é".repeat(80)), Err(OtsError::Header));
    }
}
