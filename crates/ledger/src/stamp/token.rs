//! What an authority answers: a reply (RFC 3161, 2.4.2) with a token, which is a signed message (RFC 5652) around the
//! time and the digest of the data.

use super::asn1::{Algorithm, Parts, Value, context};
use super::request::{Request, magnitude, read_imprint};
use super::signature::{self, Digest};
use super::{Certificate, StampError, oid_text};
use der::Tag;
use zapys_domain::Instant;

/// Longest reply or token that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Most certificates in one token.
pub const MAX_CERTIFICATES: usize = 32;

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";

/// A reply that grants a time stamp, read but not yet believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    token: Token,
    with_changes: bool,
}
impl Reply {
    /// Reads a `.tsr` file. Errors: [`StampError::Refused`] where the authority did not grant it, `Malformed`, `TooLong`,
    /// `TooMany`, `Algorithm`.
    pub fn parse(bytes: &[u8]) -> Result<Self, StampError> {
        let part = "reply";
        if bytes.len() > MAX_BYTES {
            return Err(StampError::TooLong { part, most: MAX_BYTES });
        }
        let mut parts = Value::read(bytes, part)?.sequence()?;
        let mut info = parts.next()?.sequence()?;
        let status = info.next()?.small()?;
        if status > 1 {
            return Err(StampError::Refused { status });
        }
        // Text and flags for people; they change nothing.
        info.opt(Tag::Sequence)?;
        info.opt(Tag::BitString)?;
        info.end()?;
        let token = parts.next()?;
        parts.end()?;
        Ok(Self { token: Token::parse(token.raw)?, with_changes: status == 1 })
    }
    /// The token in it.
    pub fn token(&self) -> &Token {
        &self.token
    }
    /// True where the authority granted it with changes to what was asked.
    pub fn with_changes(&self) -> bool {
        self.with_changes
    }
}

/// How the signer names its certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
enum SignerId {
    Issued { issuer: Vec<u8>, serial: Vec<u8> },
    Key(Vec<u8>),
}

/// The certificate that a signed attribute binds the signature to.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Bound {
    /// `None`: SHA-1, of the first version of the attribute.
    digest: Option<Digest>,
    value: Vec<u8>,
}

/// A time-stamp token, read but not yet believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    content: Vec<u8>,
    time: Instant,
    serial: Vec<u8>,
    policy: String,
    imprint: (Digest, Vec<u8>),
    nonce: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
    signer: SignerId,
    digest: Digest,
    /// Signed attributes as they are signed: as a set.
    attributes: Vec<u8>,
    message_digest: Vec<u8>,
    bound: Vec<Bound>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}

impl Token {
    /// Reads a token: a DER `ContentInfo`. Errors: `Malformed`, `TooLong`, `TooMany`, `Algorithm`.
    pub fn parse(bytes: &[u8]) -> Result<Self, StampError> {
        let part = "token";
        if bytes.len() > MAX_BYTES {
            return Err(StampError::TooLong { part, most: MAX_BYTES });
        }
        let bad = || StampError::Malformed { part };
        let mut outer = Value::read(bytes, part)?.sequence()?;
        if oid_text(outer.next()?.oid()?) != SIGNED_DATA {
            return Err(bad());
        }
        let inner = outer.next()?.tagged(context(0, true))?;
        outer.end()?;
        let mut data = Value::read(inner.body(), part)?.sequence()?;
        data.next()?.small()?;
        let mut digests = Vec::new();
        for named in data.next()?.parts(Tag::Set)?.all(16)? {
            digests.push(Algorithm::read_plain(named)?.oid);
        }
        let mut content = data.next()?.sequence()?;
        if oid_text(content.next()?.oid()?) != TST_INFO {
            return Err(bad());
        }
        let content_octets = Value::read(content.next()?.tagged(context(0, true))?.body(), part)?.octets()?;
        content.end()?;
        let certificates = match data.opt(context(0, true))? {
            Some(set) => set.parts(context(0, true))?.all(MAX_CERTIFICATES)?,
            None => Vec::new(),
        };
        // Other forms of certificate than X.509 are passed over, as RFC 5652 allows them.
        let certificates = certificates.iter().filter(|v| v.tag() == Tag::Sequence).map(|v| Certificate::parse(v.raw));
        let certificates = certificates.collect::<Result<_, _>>()?;
        data.opt(context(1, true))?;
        let signers = data.next()?.parts(Tag::Set)?.all(2)?;
        data.end()?;
        let [signer] = signers.as_slice() else { return Err(bad()) };
        let signer = Signer::read(signer.sequence()?)?;
        if !digests.iter().any(|oid| Digest::named(oid, part) == Ok(signer.digest)) {
            return Err(bad());
        }
        let info = Info::read(Value::read(content_octets, "time-stamp info")?.sequence()?)?;
        Ok(Self {
            content: content_octets.to_vec(),
            time: info.time,
            serial: info.serial,
            policy: info.policy,
            imprint: info.imprint,
            nonce: info.nonce,
            certificates,
            signer: signer.id,
            digest: signer.digest,
            attributes: signer.attributes,
            message_digest: signer.message_digest,
            bound: signer.bound,
            algorithm: signer.algorithm,
            signature: signer.signature,
        })
    }
    /// When the authority says it stamped.
    pub fn time(&self) -> Instant {
        self.time
    }
    /// The authority's number of this token, in lower-case hexadecimal.
    pub fn serial(&self) -> String {
        zapys_domain::text::hex(&self.serial)
    }
    /// The policy under which it was given, in dotted numbers.
    pub fn policy(&self) -> &str {
        &self.policy
    }
    /// Digest algorithm and digest of what was stamped, in lower-case hexadecimal, e.g. `sha256:…`.
    pub fn imprint(&self) -> String {
        let hex = zapys_domain::text::hex(&self.imprint.1);
        format!("{}:{hex}", self.imprint.0.word())
    }
    /// The nonce of the request it answers, big-endian.
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
    /// Certificates that came in the token.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
    /// Whether it stamps exactly `data`. Errors: [`StampError::Imprint`].
    pub fn covers(&self, data: &[u8]) -> Result<(), StampError> {
        if self.imprint.0.of(data) == self.imprint.1 { Ok(()) } else { Err(StampError::Imprint) }
    }
    /// Whether it answers `request`: same digest, nonce, and policy where one was asked for. Errors:
    /// [`StampError::Imprint`], [`StampError::Nonce`], [`StampError::Policy`].
    pub fn answers(&self, request: &Request) -> Result<(), StampError> {
        if self.imprint.0 != Digest::Sha256 || self.imprint.1 != request.imprint().as_bytes() {
            return Err(StampError::Imprint);
        }
        if self.nonce.as_deref() != Some(request.nonce()) {
            return Err(StampError::Nonce);
        }
        match request.policy() {
            Some(wanted) if wanted != self.policy => Err(StampError::Policy),
            _ => Ok(()),
        }
    }
    /// Finds the certificate that signed, in the token or in `extra`, and checks what it signed. Errors:
    /// [`StampError::NoSigner`], [`StampError::Binding`], [`StampError::Signature`], `Algorithm`, `Malformed`.
    pub(super) fn signer<'c>(&'c self, extra: &'c [Certificate]) -> Result<&'c Certificate, StampError> {
        let named = |c: &&Certificate| match &self.signer {
            SignerId::Issued { issuer, serial } => c.issuer() == issuer && c.serial() == serial,
            SignerId::Key(id) => c.key_id().is_some_and(|own| own == *id),
        };
        let bound_to = |b: &Bound, c: &Certificate| match b.digest {
            Some(d) => d.of(c.der()) == b.value,
            None => signature::sha1(c.der()) == b.value,
        };
        let mut found = self.certificates.iter().chain(extra).filter(named).peekable();
        if found.peek().is_none() {
            return Err(StampError::NoSigner);
        }
        // The attribute's first certificate is the signer's (RFC 5035); in both versions, where both are there.
        let signer = found.find(|c| self.bound.iter().all(|b| bound_to(b, c))).ok_or(StampError::Binding)?;
        if self.digest.of(&self.content) != self.message_digest {
            return Err(StampError::Signature { part: "token" });
        }
        let algorithm = Algorithm::read(Value::read(&self.algorithm, "token")?)?;
        signature::check(signer.key(), &algorithm, Some(self.digest), &self.attributes, &self.signature, "token")?;
        Ok(signer)
    }
}

/// `SignerInfo`, as far as it matters.
struct Signer {
    id: SignerId,
    digest: Digest,
    attributes: Vec<u8>,
    message_digest: Vec<u8>,
    bound: Vec<Bound>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}
impl Signer {
    fn read(mut parts: Parts<'_>) -> Result<Self, StampError> {
        let part = "signer of the token";
        parts.next()?.small()?;
        let id = parts.next()?;
        let id = if id.tag() == context(0, false) {
            SignerId::Key(id.body().to_vec())
        } else {
            let mut named = id.sequence()?;
            let (issuer, serial) = (named.next()?.raw.to_vec(), named.next()?.integer()?.to_vec());
            named.end()?;
            SignerId::Issued { issuer, serial }
        };
        let digest = Digest::read(parts.next()?, part)?;
        let set = parts.opt(context(0, true))?.ok_or(StampError::Malformed { part })?;
        // What is signed is the set, not the field that holds it (RFC 5652, 5.4).
        let attributes = super::asn1::write(0x31, set.body());
        let (mut content_type, mut message_digest, mut old, mut new) = (None, None, None, None);
        for attribute in set.parts(context(0, true))?.all(32)? {
            let mut fields = attribute.sequence()?;
            let name = oid_text(fields.next()?.oid()?);
            let values = fields.next()?.parts(Tag::Set)?.all(8)?;
            fields.end()?;
            let slot = match name.as_str() {
                CONTENT_TYPE => &mut content_type,
                MESSAGE_DIGEST => &mut message_digest,
                SIGNING_CERTIFICATE => &mut old,
                SIGNING_CERTIFICATE_V2 => &mut new,
                _ => continue,
            };
            let ([value], None) = (values.as_slice(), &slot) else { return Err(StampError::Malformed { part }) };
            *slot = Some(*value);
        }
        let algorithm = parts.next()?.raw.to_vec();
        let signature = parts.next()?.octets()?.to_vec();
        parts.opt(context(1, true))?;
        parts.end()?;
        if content_type.map(|v| v.oid().map(oid_text)).transpose()?.as_deref() != Some(TST_INFO) {
            return Err(StampError::Malformed { part });
        }
        let message_digest = message_digest.ok_or(StampError::Malformed { part })?.octets()?.to_vec();
        let bound = [old.map(first_certificate_v1), new.map(first_certificate_v2)];
        let bound = bound.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
        // RFC 3161, 2.4.1: the signature must be bound to one certificate.
        if bound.is_empty() {
            return Err(StampError::Binding);
        }
        Ok(Self { id, digest, attributes, message_digest, bound, algorithm, signature })
    }
}

/// The first `ESSCertID` of a `SigningCertificate`.
fn first_certificate_v1(value: Value<'_>) -> Result<Bound, StampError> {
    let mut first = value.sequence()?.next()?.sequence()?.next()?.sequence()?;
    Ok(Bound { digest: None, value: first.next()?.octets()?.to_vec() })
}
/// The first `ESSCertIDv2` of a `SigningCertificateV2`; SHA-256 where no algorithm is named.
fn first_certificate_v2(value: Value<'_>) -> Result<Bound, StampError> {
    let mut first = value.sequence()?.next()?.sequence()?.next()?.sequence()?;
    let digest = match first.opt(Tag::Sequence)? {
        Some(named) => Digest::read(named, "signer of the token")?,
        None => Digest::Sha256,
    };
    Ok(Bound { digest: Some(digest), value: first.next()?.octets()?.to_vec() })
}

/// `TSTInfo`, as far as it matters.
struct Info {
    time: Instant,
    serial: Vec<u8>,
    policy: String,
    imprint: (Digest, Vec<u8>),
    nonce: Option<Vec<u8>>,
}
impl Info {
    fn read(mut parts: Parts<'_>) -> Result<Self, StampError> {
        let part = "time-stamp info";
        let bad = || StampError::Malformed { part };
        if parts.next()?.small()? != 1 {
            return Err(bad());
        }
        let policy = oid_text(parts.next()?.oid()?);
        let (algorithm, digest) = read_imprint(parts.next()?)?;
        let imprint = (Digest::named(&algorithm, part)?, digest.to_vec());
        let serial = parts.next()?.integer()?.to_vec();
        let time = moment(parts.next()?.tagged(Tag::GeneralizedTime)?.body()).ok_or_else(bad)?;
        // Accuracy; which of two tokens came first is not asked here.
        parts.opt(Tag::Sequence)?;
        parts.opt(Tag::Boolean)?;
        let nonce = parts.opt(Tag::Integer)?.map(|v| v.integer()).transpose()?;
        let nonce = nonce.map(|n| magnitude(n).ok_or_else(bad)).transpose()?;
        parts.opt(context(0, true))?;
        parts.opt(context(1, true))?;
        parts.end()?;
        Ok(Self { time, serial, policy, imprint, nonce })
    }
}

/// `YYYYMMDDhhmmss[.f…]Z` (RFC 3161 allows fractions where RFC 5280 does not).
fn moment(bytes: &[u8]) -> Option<Instant> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || fraction.is_some_and(|f| !digits(f) || f.len() > 9 || f.ends_with('0')) {
        return None;
    }
    let (y, m, d) = (&whole[..4], &whole[4..6], &whole[6..8]);
    let (h, min, s) = (&whole[8..10], &whole[10..12], &whole[12..]);
    let fraction = fraction.map(|f| format!(".{f}")).unwrap_or_default();
    Instant::parse(&format!("{y}-{m}-{d}T{h}:{min}:{s}{fraction}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_form() {
        let check = |text: &str, want: Option<&str>| {
            assert_eq!(moment(text.as_bytes()).map(|t| t.to_string()).as_deref(), want, "{text}");
        };
        check("20240131235959Z", Some("2024-01-31T23:59:59Z"));
        check("20240131235959.25Z", Some("2024-01-31T23:59:59.25Z"));
        check("20240131235959.250Z", None);
        check("20240131235959.Z", None);
        check("20240131235959", None);
        check("20240131235959+0000", None);
        check("20240231000000Z", None);
        check("2024013123595Z", None);
        check("2024-1-1T00:00Z", None);
    }
}
