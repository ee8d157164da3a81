//! Checking a signature with the algorithms that time-stamp authorities use. Digests weaker than SHA-256 are refused.

use super::StampError;
use super::asn1::{Algorithm, Value};
use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}
const SHA1: ObjectIdentifier = oid("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
const RSA_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
const EC: ObjectIdentifier = oid("1.2.840.10045.2.1");
const P256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = oid("1.3.132.0.34");
const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");
const ED25519: ObjectIdentifier = oid("1.3.101.112");

/// RSA keys outside these lengths are refused: the short ones are weak, the long ones only cost time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A digest algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}
impl Digest {
    pub fn named(oid: &ObjectIdentifier, part: &'static str) -> Result<Self, StampError> {
        match *oid {
            SHA256 => Ok(Self::Sha256),
            SHA384 => Ok(Self::Sha384),
            SHA512 => Ok(Self::Sha512),
            other => Err(StampError::Algorithm { part, oid: other.to_string() }),
        }
    }
    /// The same from an `AlgorithmIdentifier`, whose parameters are absent or NULL.
    pub fn read(value: Value<'_>, part: &'static str) -> Result<Self, StampError> {
        Self::named(&Algorithm::read_plain(value)?.oid, part)
    }
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
    /// As people write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }
}

/// SHA-1: only for finding the certificate that an old attribute names, never for a signature.
pub(super) fn sha1(bytes: &[u8]) -> Vec<u8> {
    use sha1::Digest as _;
    sha1::Sha1::digest(bytes).to_vec()
}

enum Scheme {
    RsaPkcs1(Digest),
    RsaPss { digest: Digest, salt: usize },
    Ecdsa(Digest),
    Ed25519,
}

/// What an algorithm asks for; `digest`: the one a CMS signer names beside it, where there is one.
fn scheme(algorithm: &Algorithm<'_>, digest: Option<Digest>, part: &'static str) -> Result<Scheme, StampError> {
    let unknown = || StampError::Algorithm { part, oid: algorithm.oid.to_string() };
    let chosen = match algorithm.oid {
        RSA => Scheme::RsaPkcs1(digest.ok_or_else(unknown)?),
        RSA_SHA256 => Scheme::RsaPkcs1(Digest::Sha256),
        RSA_SHA384 => Scheme::RsaPkcs1(Digest::Sha384),
        RSA_SHA512 => Scheme::RsaPkcs1(Digest::Sha512),
        RSA_PSS => pss(algorithm, part)?,
        ECDSA_SHA256 => Scheme::Ecdsa(Digest::Sha256),
        ECDSA_SHA384 => Scheme::Ecdsa(Digest::Sha384),
        ECDSA_SHA512 => Scheme::Ecdsa(Digest::Sha512),
        ED25519 => Scheme::Ed25519,
        _ => return Err(unknown()),
    };
    Ok(chosen)
}

/// Parameters of RSA-PSS; those that are left out stand for SHA-1, which is refused.
fn pss(algorithm: &Algorithm<'_>, part: &'static str) -> Result<Scheme, StampError> {
    let weak = || StampError::Algorithm { part, oid: SHA1.to_string() };
    let given = algorithm.parameters.ok_or_else(weak)?;
    let mut parts = given.sequence()?;
    let inner = |v: Value<'_>| -> Result<(ObjectIdentifier, Option<Digest>), StampError> {
        let a = Algorithm::read(Value::read(v.body(), part)?)?;
        let own = a.parameters.map(|p| Digest::read(p, part)).transpose();
        Ok((a.oid, own.unwrap_or(None)))
    };
    let hash = parts.opt(super::asn1::context(0, true))?.ok_or_else(weak)?;
    let digest = Digest::named(&inner(hash)?.0, part)?;
    let mask = parts.opt(super::asn1::context(1, true))?.ok_or_else(weak)?;
    let (generator, own) = inner(mask)?;
    if generator != MGF1 || own != Some(digest) {
        return Err(StampError::Algorithm { part, oid: generator.to_string() });
    }
    let salt = match parts.opt(super::asn1::context(2, true))? {
        Some(v) => Value::read(v.body(), part)?.small()?,
        None => 20,
    };
    parts.opt(super::asn1::context(3, true))?;
    parts.end()?;
    let salt = usize::try_from(salt).ok().filter(|s| *s <= 512).ok_or(StampError::Malformed { part })?;
    Ok(Scheme::RsaPss { digest, salt })
}

/// Checks `signature` over `message`. `key`: a `SubjectPublicKeyInfo`. Errors: `Algorithm`, `Malformed`, `Signature`.
pub(super) fn check(
    key: &[u8],
    algorithm: &Algorithm<'_>,
    digest: Option<Digest>,
    message: &[u8],
    signature: &[u8],
    part: &'static str,
) -> Result<(), StampError> {
    let wrong = StampError::Signature { part };
    let mut info = Value::read(key, part)?.sequence()?;
    let kind = Algorithm::read(info.next()?)?;
    // A bit string whose first byte counts unused bits: none in a key.
    let bits = info.next()?.tagged(der::Tag::BitString)?.body();
    let Some((0, bits)) = bits.split_first() else { return Err(StampError::Malformed { part }) };
    info.end()?;
    let other_key = || StampError::Algorithm { part, oid: kind.oid.to_string() };
    let ok = match scheme(algorithm, digest, part)? {
        Scheme::RsaPkcs1(d) if kind.oid == RSA => {
            let padding = match d {
                Digest::Sha256 => rsa::Pkcs1v15Sign::new::<Sha256>(),
                Digest::Sha384 => rsa::Pkcs1v15Sign::new::<Sha384>(),
                Digest::Sha512 => rsa::Pkcs1v15Sign::new::<Sha512>(),
            };
            rsa_key(bits, part)?.verify(padding, &d.of(message), signature).is_ok()
        }
        Scheme::RsaPss { digest: d, salt } if kind.oid == RSA || kind.oid == RSA_PSS => {
            let (key, hashed) = (rsa_key(bits, part)?, d.of(message));
            match d {
                Digest::Sha256 => key.verify(rsa::Pss::<Sha256>::new_with_salt(salt), &hashed, signature).is_ok(),
                Digest::Sha384 => key.verify(rsa::Pss::<Sha384>::new_with_salt(salt), &hashed, signature).is_ok(),
                Digest::Sha512 => key.verify(rsa::Pss::<Sha512>::new_with_salt(salt), &hashed, signature).is_ok(),
            }
        }
        Scheme::Ecdsa(d) if kind.oid == EC => {
            let hashed = d.of(message);
            match kind.parameters.map(|p| p.oid()).transpose()? {
                Some(P256) => {
                    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bits).map_err(|_| StampError::Malformed { part })?;
                    p256::ecdsa::Signature::from_der(signature).is_ok_and(|s| key.verify_prehash(&hashed, &s).is_ok())
                }
                Some(P384) => {
                    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(bits).map_err(|_| StampError::Malformed { part })?;
                    p384::ecdsa::Signature::from_der(signature).is_ok_and(|s| key.verify_prehash(&hashed, &s).is_ok())
                }
                Some(curve) => return Err(StampError::Algorithm { part, oid: curve.to_string() }),
                None => return Err(StampError::Malformed { part }),
            }
        }
        Scheme::Ed25519 if kind.oid == ED25519 => {
            let key = <&[u8; 32]>::try_from(bits).ok().and_then(|b| ed25519_dalek::VerifyingKey::from_bytes(b).ok());
            let key = key.ok_or(StampError::Malformed { part })?;
            let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| wrong.clone())?;
            key.verify_strict(message, &signature).is_ok()
        }
        _ => return Err(other_key()),
    };
    if ok { Ok(()) } else { Err(wrong) }
}

fn rsa_key(bits: &[u8], part: &'static str) -> Result<rsa::RsaPublicKey, StampError> {
    let mut parts = Value::read(bits, part)?.sequence()?;
    let (n, e) = (parts.next()?.integer()?, parts.next()?.integer()?);
    parts.end()?;
    let bytes = |i: &[u8]| rsa::BoxedUint::from_be_slice_vartime(i);
    // Measured before any arithmetic: the length is the sender's choice.
    if n.len() > RSA_BITS.end() / 8 + 1 || e.len() > 5 || n[0] >= 0x80 || e[0] >= 0x80 {
        return Err(StampError::Malformed { part });
    }
    rsa::RsaPublicKey::new_with_size_limits(bytes(n), bytes(e), RSA_BITS)
        .map_err(|_| StampError::Algorithm { part, oid: RSA.to_string() })
}
