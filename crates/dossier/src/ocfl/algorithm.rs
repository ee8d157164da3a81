//! The digest algorithms of OCFL and of its registered extensions 0001 and 0009, by their names in an inventory.

use blake2::Blake2b;
use blake2::digest::consts::{U20, U32, U48, U64};
use sha2::digest::DynDigest;
use std::io::{self, Read};

zapys_domain::words! {
    /// A digest algorithm, named as in an inventory. Values are written in hexadecimal, `size` in decimal.
    Algorithm {
        #[allow(missing_docs)] Md5 = "md5",
        #[allow(missing_docs)] Sha1 = "sha1",
        #[allow(missing_docs)] Sha256 = "sha256",
        #[allow(missing_docs)] Sha512 = "sha512",
        #[allow(missing_docs)] Sha512Half = "sha512/256",
        #[allow(missing_docs)] Blake160 = "blake2b-160",
        #[allow(missing_docs)] Blake256 = "blake2b-256",
        #[allow(missing_docs)] Blake384 = "blake2b-384",
        #[allow(missing_docs)] Blake512 = "blake2b-512",
        #[allow(missing_docs)] Size = "size",
    }
}
impl Algorithm {
    /// Whether content may be addressed by it: `sha512` and `sha256` only.
    pub fn addresses(self) -> bool {
        matches!(self, Self::Sha256 | Self::Sha512)
    }
    fn hasher(self) -> Option<Box<dyn DynDigest>> {
        Some(match self {
            Self::Md5 => Box::new(md5::Md5::default()),
            Self::Sha1 => Box::new(sha1::Sha1::default()),
            Self::Sha256 => Box::new(sha2::Sha256::default()),
            Self::Sha512 => Box::new(sha2::Sha512::default()),
            Self::Sha512Half => Box::new(sha2::Sha512_256::default()),
            Self::Blake160 => Box::new(Blake2b::<U20>::default()),
            Self::Blake256 => Box::new(Blake2b::<U32>::default()),
            Self::Blake384 => Box::new(Blake2b::<U48>::default()),
            Self::Blake512 => Box::new(Blake2b::<U64>::default()),
            Self::Size => return None,
        })
    }
    /// Value for bytes in memory.
    pub fn of(self, bytes: &[u8]) -> String {
        match self.hasher() {
            None => bytes.len().to_string(),
            Some(mut h) => {
                h.update(bytes);
                hex(&h.finalize())
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Reads to the end once and gives the value for each of `algorithms`, in their order. Errors: those of reading.
pub(crate) fn digests(from: &mut dyn Read, algorithms: &[Algorithm]) -> io::Result<Vec<String>> {
    let mut all: Vec<Option<Box<dyn DynDigest>>> = algorithms.iter().map(|a| a.hasher()).collect();
    let mut buffer = vec![0; crate::digest::BUFFER];
    let mut bytes = 0u64;
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        bytes += n as u64;
        all.iter_mut().flatten().for_each(|h| h.update(&buffer[..n]));
    }
    Ok(all.into_iter().map(|h| h.map_or_else(|| bytes.to_string(), |h| hex(&h.finalize()))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_published_test_vectors() {
        let check = |a: Algorithm, want: &str| {
            assert!(a.of(b"abc").starts_with(want), "{a}: {}", a.of(b"abc"));
            assert_eq!(digests(&mut &b"abc"[..], &[a]).expect("reads"), [a.of(b"abc")]);
        };
        check(Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72");
        check(Algorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(Algorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(Algorithm::Sha512, "ddaf35a193617abacc417349ae204131");
        check(Algorithm::Sha512Half, "53048e2681941ef99b2e29b76b4c7dab");
        check(Algorithm::Blake512, "ba80a53f981c4d0d6a2797b69f12f6e9");
        check(Algorithm::Blake256, "bddd813c634239723171ef3fee98579b");
        check(Algorithm::Size, "3");
        assert_eq!(Algorithm::Blake160.of(b"abc").len(), 40);
        assert_eq!(Algorithm::Blake384.of(b"abc").len(), 96);
    }
}
