//! Trusted time (RFC 3161): a request over a checkpoint, the authority's reply, and whether to believe it.
//!
//! Nothing here speaks to a network. A request is written to a file, somebody carries it to an authority and brings back
//! a reply; [`verify`] checks imprint, nonce, signature, the certificate's purpose and its way to a trusted one, all from
//! the bytes that came. What is signed is never written anew before it is checked.

mod asn1;
mod certificate;
mod request;
mod signature;
mod token;

pub use certificate::{Certificate, Crl};
pub use request::Request;
pub use token::{Reply, Token};

use der::asn1::ObjectIdentifier;
use serde::Serialize;
use zapys_domain::Instant;

/// Why a time stamp does not hold, or cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum StampError {
    /// Bytes that are not what they must be.
    #[error("the {part} is not written as the standard prescribes")]
    Malformed {
        /// Which bytes.
        part: &'static str,
    },
    /// More bytes than are read.
    #[error("the {part} has more than {most} bytes")]
    TooLong {
        /// Which bytes.
        part: &'static str,
        /// How many are read.
        most: usize,
    },
    /// More parts than are read.
    #[error("the {part} has more than {most} parts of one sort")]
    TooMany {
        /// Which bytes.
        part: &'static str,
        /// How many are read.
        most: usize,
    },
    /// The authority said no.
    #[error("the authority granted no time stamp (status {status})")]
    Refused {
        /// `PKIStatus` of the reply.
        status: u64,
    },
    /// An algorithm that is too weak, or not known here.
    #[error("the {part} uses the algorithm {oid}, which is not accepted")]
    Algorithm {
        /// Where.
        part: &'static str,
        /// Its identifier in dotted numbers.
        oid: String,
    },
    /// It stamps something else.
    #[error("the time stamp is of other data")]
    Imprint,
    /// It answers another request.
    #[error("the time stamp answers another request: the nonce differs")]
    Nonce,
    /// It was given under another policy than was asked for.
    #[error("the time stamp was given under another policy than was asked for")]
    Policy,
    /// A signature fails.
    #[error("the signature of the {part} does not hold")]
    Signature {
        /// Of what.
        part: &'static str,
    },
    /// The certificate that signed is not there.
    #[error("the certificate that signed the time stamp is neither in it nor beside it")]
    NoSigner,
    /// The signature is bound to another certificate, or to none.
    #[error("the time stamp is not bound to the certificate that signed it")]
    Binding,
    /// The certificate is not one for time stamps alone.
    #[error("the certificate that signed is not one for time stamps alone")]
    Purpose,
    /// The certificates lead nowhere.
    #[error("the certificates lead to none of the trusted authorities")]
    NoRoot,
    /// A certificate had expired.
    #[error("a certificate of the authority was valid only until {until}")]
    Expired {
        /// The earliest end found.
        until: Instant,
    },
    /// A certificate was not valid yet.
    #[error("a certificate of the authority is valid only from {from}")]
    NotYetValid {
        /// Its beginning.
        from: Instant,
    },
    /// A list of the authority says that a certificate was revoked.
    #[error("a certificate of the authority was revoked before that time")]
    Revoked,
}

impl StampError {
    /// Stable kebab-case word for programs, e.g. `stamp-nonce`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "stamp-malformed",
            Self::TooLong { .. } | Self::TooMany { .. } => "stamp-too-large",
            Self::Refused { .. } => "stamp-refused",
            Self::Algorithm { .. } => "stamp-algorithm",
            Self::Imprint => "stamp-other-data",
            Self::Nonce => "stamp-nonce",
            Self::Policy => "stamp-policy",
            Self::Signature { .. } => "stamp-signature",
            Self::NoSigner => "stamp-no-signer",
            Self::Binding => "stamp-binding",
            Self::Purpose => "stamp-purpose",
            Self::NoRoot => "stamp-no-root",
            Self::Expired { .. } => "stamp-expired",
            Self::NotYetValid { .. } => "stamp-not-yet-valid",
            Self::Revoked => "stamp-revoked",
        }
    }
}

/// What is trusted, and what else is at hand.
#[derive(Clone, Copy, Default)]
pub struct Trust<'a> {
    /// Certificates of authorities that are trusted by themselves.
    pub roots: &'a [Certificate],
    /// Others that may lie on the way, e.g. the chain kept beside the reply.
    pub extra: &'a [Certificate],
    /// Lists of revoked certificates, as far as they were kept.
    pub crls: &'a [Crl],
    /// When the certificates must have been valid; `None`: at the time in the token, which is what shows that the stamp
    /// was good when it was made. A plain check asks for the present moment.
    pub at: Option<Instant>,
}

/// A time stamp that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// When the authority stamped.
    pub time: Instant,
    /// Name of the certificate that signed.
    pub authority: String,
    /// Name of the trusted certificate it leads to; `None` where nothing was said about trust.
    pub root: Option<String>,
    /// The authority's number of the token, in hexadecimal.
    pub serial: String,
    /// Its policy in dotted numbers.
    pub policy: String,
    /// Until when a plain check succeeds: the first end of validity on the way.
    pub until: Instant,
}

/// What is known of a time stamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There is no token.
    NotStamped,
    /// A token of this data whose own signature holds; nobody said which authorities are trusted.
    Stamped,
    /// The same, and the certificates lead to a trusted authority.
    Verified,
    /// Something does not hold.
    Failed,
}
impl State {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotStamped => "not-stamped",
            Self::Stamped => "stamped",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }
}

/// Checks that `token` stamps `data`, answers `request` where there is one, is signed by a certificate for time stamps,
/// and that this leads to one of `trust.roots`. Errors: [`StampError`], the first reason found in this order.
pub fn verify(token: &Token, data: &[u8], request: Option<&Request>, trust: &Trust<'_>) -> Result<Stamped, StampError> {
    let signer = consistent(token, data, request, trust)?;
    let way = certificate::path(signer, token.certificates(), trust, trust.at.unwrap_or(token.time()))?;
    let until = way.iter().map(|c| c.not_after()).min().unwrap_or(signer.not_after());
    Ok(Stamped { root: way.last().map(|c| c.name()), until, ..told(token, signer) })
}

/// The same, told as a state: without roots a token that is in order is [`State::Stamped`]. The second value says what
/// holds, or why it does not.
pub fn judge(token: &Token, data: &[u8], request: Option<&Request>, trust: &Trust<'_>) -> (State, Result<Stamped, StampError>) {
    if !trust.roots.is_empty() {
        let found = verify(token, data, request, trust);
        return (if found.is_ok() { State::Verified } else { State::Failed }, found);
    }
    match consistent(token, data, request, trust) {
        Ok(signer) => (State::Stamped, Ok(told(token, signer))),
        Err(e) => (State::Failed, Err(e)),
    }
}

fn consistent<'c>(
    token: &'c Token,
    data: &[u8],
    request: Option<&Request>,
    trust: &Trust<'c>,
) -> Result<&'c Certificate, StampError> {
    token.covers(data)?;
    if let Some(request) = request {
        token.answers(request)?;
    }
    let signer = token.signer(trust.extra)?;
    signer.for_time_stamps()?;
    Ok(signer)
}

fn told(token: &Token, signer: &Certificate) -> Stamped {
    Stamped {
        time: token.time(),
        authority: signer.name(),
        root: None,
        serial: token.serial(),
        policy: token.policy().to_owned(),
        until: signer.not_after(),
    }
}

fn oid_text(oid: ObjectIdentifier) -> String {
    oid.to_string()
}
