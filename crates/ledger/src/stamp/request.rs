//! What is sent to an authority (RFC 3161, 2.4.1), and read back from the file that was kept.

use super::asn1::{Value, context, write, write_integer};
use super::{StampError, oid_text};
use crate::hash::Hash;
use der::Tag;
use der::asn1::ObjectIdentifier;

/// Longest request that is read, in bytes.
pub const MAX_BYTES: usize = 4096;
/// Longest nonce, in bytes.
pub const MAX_NONCE: usize = 32;
const SHA256: &str = "2.16.840.1.101.3.4.2.1";

/// A request for a time stamp over SHA-256 of some bytes, which asks for the authority's certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    imprint: Hash,
    nonce: Vec<u8>,
    policy: Option<String>,
}
impl Request {
    /// A request over `data`, e.g. a complete checkpoint file. `nonce`: 8 to 16 bytes from a cryptographic source; the
    /// first bit of it is cleared and the one after it set, so that every writer gives the same bytes for the number.
    pub fn new(data: &[u8], nonce: &[u8]) -> Self {
        let mut nonce = nonce[..nonce.len().min(MAX_NONCE)].to_vec();
        match nonce.first_mut() {
            Some(first) => *first = *first & 0x7f | 0x40,
            None => nonce.push(0x40),
        }
        Self { imprint: Hash::of(data), nonce, policy: None }
    }
    /// Asks for one policy of the authority, in dotted numbers. Errors: [`StampError::Malformed`].
    pub fn with_policy(mut self, oid: &str) -> Result<Self, StampError> {
        let oid: ObjectIdentifier = oid.parse().map_err(|_| StampError::Malformed { part: "policy" })?;
        self.policy = Some(oid.to_string());
        Ok(self)
    }
    /// The file: a DER `TimeStampReq`.
    pub fn der(&self) -> Vec<u8> {
        let oid = |text: &str| {
            let oid: ObjectIdentifier = text.parse().expect("was read as an identifier before");
            write(0x06, oid.as_bytes())
        };
        let algorithm = write(0x30, &[oid(SHA256), write(0x05, &[])].concat());
        let imprint = write(0x30, &[algorithm, write(0x04, self.imprint.as_bytes())].concat());
        let mut body = [write_integer(&[1]), imprint].concat();
        if let Some(policy) = &self.policy {
            body.extend(oid(policy));
        }
        body.extend(write_integer(&self.nonce));
        body.extend(write(0x01, &[0xff]));
        write(0x30, &body)
    }
    /// Reads a request over SHA-256 with a nonce: what [`Request::der`] writes, or a program of others. Errors:
    /// [`StampError::Malformed`], [`StampError::Algorithm`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StampError> {
        let part = "request";
        if bytes.len() > MAX_BYTES {
            return Err(StampError::TooLong { part, most: MAX_BYTES });
        }
        let mut parts = Value::read(bytes, part)?.sequence()?;
        let version = parts.next()?;
        if version.small()? != 1 {
            return Err(version.bad());
        }
        let (algorithm, digest) = read_imprint(parts.next()?)?;
        let imprint = <[u8; 32]>::try_from(digest).ok().filter(|_| oid_text(algorithm) == SHA256);
        let imprint = imprint.ok_or(StampError::Algorithm { part, oid: oid_text(algorithm) })?;
        let policy = parts.opt(Tag::ObjectIdentifier)?.map(|v| v.oid()).transpose()?.map(oid_text);
        let nonce = parts.opt(Tag::Integer)?.ok_or(StampError::Malformed { part })?.integer()?;
        let nonce = magnitude(nonce).ok_or(StampError::Malformed { part })?;
        if let Some(wanted) = parts.opt(Tag::Boolean)? {
            wanted.boolean()?;
        }
        parts.opt(context(0, true))?;
        parts.end()?;
        Ok(Self { imprint: Hash::from_bytes(imprint), nonce, policy })
    }
    /// SHA-256 of what is to be stamped.
    pub fn imprint(&self) -> &Hash {
        &self.imprint
    }
    /// The nonce: big-endian, without leading zeros.
    pub fn nonce(&self) -> &[u8] {
        &self.nonce
    }
    /// The wanted policy in dotted numbers.
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }
}

/// `MessageImprint`: algorithm and digest.
pub(super) fn read_imprint(value: Value<'_>) -> Result<(ObjectIdentifier, &[u8]), StampError> {
    let mut parts = value.sequence()?;
    let algorithm = super::asn1::Algorithm::read_plain(parts.next()?)?;
    let digest = parts.next()?.octets()?;
    parts.end()?;
    Ok((algorithm.oid, digest))
}

/// The number that the bytes of an integer stand for, without leading zeros; `None` where it is negative or too long.
pub(super) fn magnitude(integer: &[u8]) -> Option<Vec<u8>> {
    let (first, rest) = integer.split_first()?;
    let bytes = if *first == 0 { rest } else { integer };
    (*first < 0x80 && bytes.len() <= MAX_NONCE).then(|| bytes.to_vec())
}
