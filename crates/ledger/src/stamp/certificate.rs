//! Certificates of authorities, and the way from one that signed to one that is trusted (RFC 5280, as far as time stamps
//! need it: names, signatures, times, purposes, lengths of the path).

use super::asn1::{Algorithm, Value};
use super::{StampError, Trust, signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Decode;
use der::asn1::ObjectIdentifier;
use x509_cert::certificate::{Raw, TbsCertificateInner};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};
use zapys_domain::Instant;

/// Longest certificate that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 16;
/// Most certificates of one file.
pub const MAX_FILE: usize = 256;
/// Longest way from the signer to the trusted certificate, both counted.
const MAX_PATH: usize = 8;
/// Most signatures that are checked for one way; what was added to a token cannot make the search long.
const MAX_CHECKS: usize = 64;

const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// Extensions that are understood, or that change nothing here: basicConstraints, keyUsage, extKeyUsage, both key
/// identifiers, certificatePolicies. Any other that is critical makes the certificate unusable.
const UNDERSTOOD: &[&str] = &["2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.35", "2.5.29.32"];

/// One X.509 certificate, with the bytes it came as.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    serial: Vec<u8>,
    key: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    not_before: Instant,
    not_after: Instant,
    inner: Box<TbsCertificateInner<Raw>>,
}
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({} bytes)", self.der.len())
    }
}

impl Certificate {
    /// Reads one DER certificate. Errors: `Malformed`, `TooLong`.
    pub fn parse(bytes: &[u8]) -> Result<Self, StampError> {
        let part = "certificate";
        if bytes.len() > MAX_BYTES {
            return Err(StampError::TooLong { part, most: MAX_BYTES });
        }
        let bad = |_| StampError::Malformed { part };
        let mut parts = Value::read(bytes, part)?.sequence()?;
        let (tbs, algorithm) = (parts.next()?, parts.next()?);
        let Some((0, signature)) = parts.next()?.tagged(der::Tag::BitString)?.body().split_first() else {
            return Err(StampError::Malformed { part });
        };
        parts.end()?;
        let mut fields = tbs.sequence()?;
        fields.opt(super::asn1::context(0, true))?;
        let serial = fields.next()?.integer()?;
        // Named twice, and signed only once: the two must agree.
        if fields.next()?.raw != algorithm.raw {
            return Err(StampError::Malformed { part });
        }
        let issuer = fields.next()?.raw;
        fields.next()?;
        let (subject, key) = (fields.next()?.raw, fields.next()?.raw);
        let inner = TbsCertificateInner::<Raw>::from_der(tbs.raw).map_err(bad)?;
        let at = |t: x509_cert::time::Time| {
            Instant::from_seconds(i64::try_from(t.to_unix_duration().as_secs()).unwrap_or(i64::MAX / 1_000_000))
        };
        Ok(Self {
            der: bytes.to_vec(),
            tbs: tbs.raw.to_vec(),
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            serial: serial.to_vec(),
            key: key.to_vec(),
            algorithm: algorithm.raw.to_vec(),
            signature: signature.to_vec(),
            not_before: at(inner.validity().not_before),
            not_after: at(inner.validity().not_after),
            inner: Box::new(inner),
        })
    }
    /// Reads a file of certificates: PEM, one or more, with any text around them, or one in DER. Errors: `Malformed` (also
    /// where there is none), `TooLong`, `TooMany`.
    pub fn read_file(bytes: &[u8]) -> Result<Vec<Self>, StampError> {
        let all = pem(bytes, "CERTIFICATE", MAX_FILE)?;
        if all.is_empty() {
            return Ok(vec![Self::parse(bytes)?]);
        }
        all.iter().map(|der| Self::parse(der)).collect()
    }
    /// The certificate as PEM.
    pub fn pem(&self) -> String {
        let body = STANDARD.encode(&self.der);
        let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, next) = rest.split_at(rest.len().min(64));
            out += line;
            out.push('\n');
            rest = next;
        }
        out + "-----END CERTIFICATE-----\n"
    }
    /// The bytes it came as.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
    /// Whom it names, written for people, e.g. `CN=A time-stamp authority,O=Example`.
    pub fn name(&self) -> String {
        self.inner.subject().to_string()
    }
    /// From when it is valid.
    pub fn not_before(&self) -> Instant {
        self.not_before
    }
    /// Until when it is valid.
    pub fn not_after(&self) -> Instant {
        self.not_after
    }
    pub(super) fn issuer(&self) -> &[u8] {
        &self.issuer
    }
    pub(super) fn serial(&self) -> &[u8] {
        &self.serial
    }
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }
    pub(super) fn key_id(&self) -> Option<Vec<u8>> {
        let found = self.inner.get_extension::<SubjectKeyIdentifier>().ok().flatten();
        found.map(|(_, id)| id.0.as_bytes().to_vec())
    }
    fn valid_at(&self, at: Instant) -> Result<(), StampError> {
        match at {
            at if at < self.not_before => Err(StampError::NotYetValid { from: self.not_before }),
            at if at > self.not_after => Err(StampError::Expired { until: self.not_after }),
            _ => Ok(()),
        }
    }
    fn understood(&self) -> bool {
        let extensions = self.inner.extensions().map(Vec::as_slice).unwrap_or_default();
        extensions.iter().filter(|e| e.critical).all(|e| UNDERSTOOD.contains(&e.extn_id.to_string().as_str()))
    }
    fn usage(&self) -> Result<Option<KeyUsage>, StampError> {
        let found = self.inner.get_extension::<KeyUsage>().map_err(|_| StampError::Malformed { part: "certificate" })?;
        Ok(found.map(|(_, usage)| usage))
    }
    fn purposes(&self) -> Result<Option<(bool, ExtendedKeyUsage)>, StampError> {
        self.inner.get_extension().map_err(|_| StampError::Malformed { part: "certificate" })
    }
    /// Signs time stamps and nothing else: extended key usage is critical and names only that (RFC 3161, 2.3).
    pub(super) fn for_time_stamps(&self) -> Result<(), StampError> {
        let usage = self.usage()?;
        let only_signs = usage.is_none_or(|u| {
            (u.digital_signature() || u.non_repudiation())
                && !(u.key_encipherment() || u.data_encipherment() || u.key_agreement() || u.key_cert_sign() || u.crl_sign())
        });
        let purposes = self.purposes()?;
        let stamps = purposes.is_some_and(|(critical, p)| critical && p.0 == [TIME_STAMPING]);
        if only_signs && stamps && self.understood() { Ok(()) } else { Err(StampError::Purpose) }
    }
    /// May sign certificates, with `below` other authorities between it and the signer.
    fn for_certificates(&self, below: usize) -> Result<bool, StampError> {
        let constraints = self.inner.get_extension::<BasicConstraints>();
        let constraints = constraints.map_err(|_| StampError::Malformed { part: "certificate" })?.map(|(_, c)| c);
        let is_authority =
            constraints.is_some_and(|c| c.ca && c.path_len_constraint.is_none_or(|most| below <= usize::from(most)));
        let signs = self.usage()?.is_none_or(|u| u.key_cert_sign());
        let purpose = self.purposes()?.is_none_or(|(_, p)| p.0.iter().any(|o| *o == TIME_STAMPING || *o == ANY_PURPOSE));
        Ok(is_authority && signs && purpose && self.understood())
    }
    fn signed_by(&self, issuer: &Self) -> bool {
        let Ok(algorithm) = Value::read(&self.algorithm, "certificate").and_then(Algorithm::read) else { return false };
        signature::check(&issuer.key, &algorithm, None, &self.tbs, &self.signature, "certificate").is_ok()
    }
}

/// Blocks of PEM with this label. Errors: `Malformed`, `TooLong`, `TooMany`.
fn pem(bytes: &[u8], label: &'static str, most: usize) -> Result<Vec<Vec<u8>>, StampError> {
    let part = "PEM file";
    if bytes.len() > MAX_FILE * MAX_BYTES {
        return Err(StampError::TooLong { part, most: MAX_FILE * MAX_BYTES });
    }
    // A file in DER is no text, and has no blocks.
    let text = String::from_utf8_lossy(bytes);
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let (mut rest, mut out) = (text.as_ref(), Vec::new());
    while let Some((_, after)) = rest.split_once(begin.as_str()) {
        let (body, next) = after.split_once(end.as_str()).ok_or(StampError::Malformed { part })?;
        let body: String = body.split_ascii_whitespace().collect();
        if out.len() == most {
            return Err(StampError::TooMany { part, most });
        }
        out.push(STANDARD.decode(body).map_err(|_| StampError::Malformed { part })?);
        rest = next;
    }
    Ok(out)
}

/// A list of revoked certificates, with the bytes it came as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crl {
    der: Vec<u8>,
    tbs: Vec<u8>,
    issuer: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    /// Serial number and since when.
    revoked: Vec<(Vec<u8>, Instant)>,
}
impl Crl {
    /// Longest list that is read, in bytes.
    pub const MAX_BYTES: usize = 32 << 20;
    /// Reads a list in PEM or DER. Errors: `Malformed`, `TooLong`.
    pub fn read_file(bytes: &[u8]) -> Result<Self, StampError> {
        let part = "CRL";
        if bytes.len() > Self::MAX_BYTES {
            return Err(StampError::TooLong { part, most: Self::MAX_BYTES });
        }
        let der = match pem(bytes, "X509 CRL", 1) {
            Ok(all) if all.is_empty() => bytes.to_vec(),
            Ok(mut all) => all.remove(0),
            Err(_) => bytes.to_vec(),
        };
        let bad = || StampError::Malformed { part };
        let mut parts = Value::read(&der, part)?.sequence()?;
        let (tbs, algorithm) = (parts.next()?, parts.next()?);
        let Some((0, signature)) = parts.next()?.tagged(der::Tag::BitString)?.body().split_first() else { return Err(bad()) };
        parts.end()?;
        let mut fields = tbs.sequence()?;
        fields.opt(der::Tag::Integer)?;
        if fields.next()?.raw != algorithm.raw {
            return Err(bad());
        }
        let issuer = fields.next()?.raw.to_vec();
        let mut revoked = Vec::new();
        read_time(fields.next()?)?;
        if let Some(next) = fields.opt(der::Tag::UtcTime)? {
            read_time(next)?;
        } else if let Some(next) = fields.opt(der::Tag::GeneralizedTime)? {
            read_time(next)?;
        }
        if let Some(list) = fields.opt(der::Tag::Sequence)? {
            let mut list = list.sequence()?;
            while !list.is_finished() {
                let mut entry = list.next()?.sequence()?;
                let serial = entry.next()?.integer()?.to_vec();
                revoked.push((serial, read_time(entry.next()?)?));
            }
        }
        let (tbs, algorithm, signature) = (tbs.raw.to_vec(), algorithm.raw.to_vec(), signature.to_vec());
        Ok(Self { tbs, issuer, algorithm, signature, revoked, der: der.clone() })
    }
    /// The bytes it came as, in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
    /// True where this list, which `issuer` signed, says that `certificate` was revoked at or before `at`.
    fn revokes(&self, certificate: &Certificate, issuer: &Certificate, at: Instant) -> bool {
        if self.issuer != certificate.issuer {
            return false;
        }
        let listed = self.revoked.iter().any(|(serial, since)| *serial == certificate.serial && *since <= at);
        let Ok(algorithm) = Value::read(&self.algorithm, "CRL").and_then(Algorithm::read) else { return false };
        listed && signature::check(&issuer.key, &algorithm, None, &self.tbs, &self.signature, "CRL").is_ok()
    }
}

fn read_time(value: Value<'_>) -> Result<Instant, StampError> {
    let time = x509_cert::time::Time::from_der(value.raw).map_err(|_| value.bad())?;
    Ok(Instant::from_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX / 1_000_000)))
}

/// The way from `signer` to a trusted certificate, the trusted one last. `at`: when all of them must be valid. `more`:
/// certificates of the token. Errors: the reason that came nearest to success.
pub(super) fn path<'c>(
    signer: &'c Certificate,
    more: &'c [Certificate],
    trust: &Trust<'c>,
    at: Instant,
) -> Result<Vec<&'c Certificate>, StampError> {
    let mut search = Search { more, trust, at, checks: 0, worst: None };
    let mut way = vec![signer];
    if search.step(&mut way) { Ok(way) } else { Err(search.worst.unwrap_or(StampError::NoRoot)) }
}

struct Search<'c, 't> {
    more: &'c [Certificate],
    trust: &'t Trust<'c>,
    at: Instant,
    checks: usize,
    /// Why a way that reached a trusted certificate was not taken.
    worst: Option<StampError>,
}
impl<'c> Search<'c, '_> {
    fn step(&mut self, way: &mut Vec<&'c Certificate>) -> bool {
        let Some(last) = way.last().copied() else { return false };
        if way.len() >= MAX_PATH {
            return false;
        }
        let roots = self.trust.roots.iter().map(|c| (c, true));
        let others = self.trust.extra.iter().chain(self.more).map(|c| (c, false));
        for (issuer, trusted) in roots.chain(others) {
            if issuer.subject != last.issuer || way.contains(&issuer) || self.checks == MAX_CHECKS {
                continue;
            }
            if !issuer.for_certificates(way.len() - 1).unwrap_or(false) {
                continue;
            }
            self.checks += 1;
            if !last.signed_by(issuer) {
                continue;
            }
            way.push(issuer);
            let arrived = if trusted {
                match self.holds(way) {
                    Ok(()) => true,
                    Err(reason) => {
                        self.worst.get_or_insert(reason);
                        false
                    }
                }
            } else {
                self.step(way)
            };
            if arrived {
                return true;
            }
            way.pop();
        }
        false
    }
    /// Times and revocations along a whole way.
    fn holds(&self, way: &[&Certificate]) -> Result<(), StampError> {
        way.iter().try_for_each(|c| c.valid_at(self.at))?;
        let revoked = way.windows(2).any(|pair| self.trust.crls.iter().any(|l| l.revokes(pair[0], pair[1], self.at)));
        if revoked { Err(StampError::Revoked) } else { Ok(()) }
    }
}
