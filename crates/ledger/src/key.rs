//! Keys of notes as text (C2SP `signed-note`): `name+id+base64` for checking, `PRIVATE+KEY+name+id+base64` for signing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use zeroize::{Zeroize, Zeroizing};

/// Longest name of a key, in bytes.
pub const MAX_NAME: usize = 255;

/// What a key signs, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum KeyType {
    /// Ed25519 over the note's text (0x01): the log itself.
    Ed25519,
    /// Timestamped Ed25519 cosignature (0x04): a witness.
    Cosignature,
}
impl KeyType {
    /// The byte that stands for it.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
    /// Length of the signature after the key id, in bytes.
    pub fn signature_len(self) -> usize {
        match self {
            Self::Ed25519 => 64,
            Self::Cosignature => 72,
        }
    }
}

/// Why a text is no key. Never repeats it.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum KeyError {
    /// Not `name+id+base64`.
    #[error("a verifier key reads name+id+base64, and this text does not")]
    VerifierText,
    /// Not `PRIVATE+KEY+name+id+base64`.
    #[error("a signing key reads PRIVATE+KEY+name+id+base64, and this text does not")]
    SigningText,
    /// A name with a space, a plus sign or a control character, empty or too long.
    #[error("a key name is 1 to 255 bytes long, without spaces, plus signs and control characters")]
    Name,
    /// The key id is not the one of this name and key.
    #[error("the key id does not belong to this name and key")]
    Id,
    /// A kind of key that is not known here.
    #[error("keys of type {0:#04x} are not known")]
    Type(u8),
    /// Not a point of the curve, or a weak one.
    #[error("the key is no usable Ed25519 key")]
    Point,
}

/// True where `name` may stand in a note.
pub(crate) fn name_is_valid(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
}

/// First four bytes of `SHA-256(name ‖ 0x0A ‖ type ‖ public key)`, as a big-endian number.
pub fn key_id(name: &str, kind: KeyType, public: &[u8; 32]) -> u32 {
    let digest = Sha256::new().chain_update(name).chain_update([b'\n', kind.byte()]).chain_update(public).finalize();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The public half: checks signatures. Text: `name+id+base64(type ‖ key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    kind: KeyType,
    key: ed25519_dalek::VerifyingKey,
}
impl VerifierKey {
    /// Builds a key from its parts. Errors: [`KeyError::Name`], [`KeyError::Point`].
    pub fn new(name: &str, kind: KeyType, public: &[u8; 32]) -> Result<Self, KeyError> {
        if !name_is_valid(name) {
            return Err(KeyError::Name);
        }
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self { name: name.into(), id: key_id(name, kind, public), kind, key })
    }
    /// Name in the note's signature line; for the log's own key, the origin of its checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Id in the note's signature line.
    pub fn id(&self) -> u32 {
        self.id
    }
    /// Kind of key.
    pub fn kind(&self) -> KeyType {
        self.kind
    }
    /// The 32 bytes of the public key.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }
    /// True where `signature` (without the key id) is this key's over the note text `text`.
    pub fn accepts(&self, text: &str, signature: &[u8]) -> bool {
        let (message, body): (Zeroizing<Vec<u8>>, &[u8]) = match (self.kind, signature.split_at_checked(8)) {
            (KeyType::Ed25519, _) => (Zeroizing::new(text.as_bytes().to_vec()), signature),
            (KeyType::Cosignature, Some((time, body))) => {
                let seconds = u64::from_be_bytes(time.try_into().expect("split at eight bytes"));
                (Zeroizing::new(format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()), body)
            }
            (KeyType::Cosignature, None) => return false,
        };
        let Ok(body) = <[u8; 64]>::try_from(body) else { return false };
        self.key.verify_strict(&message, &ed25519_dalek::Signature::from_bytes(&body)).is_ok()
    }
}
impl FromStr for VerifierKey {
    type Err = KeyError;
    fn from_str(s: &str) -> Result<Self, KeyError> {
        let s = s.trim_end_matches(['\n', '\r']);
        let mut parts = s.splitn(3, '+');
        let (Some(name), Some(id), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::VerifierText);
        };
        let tail = read_tail(id, body, KeyError::VerifierText)?;
        let key = Self::new(name, tail.kind, &tail.bytes)?;
        if key.id != tail.id { Err(KeyError::Id) } else { Ok(key) }
    }
}
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut body = vec![self.kind.byte()];
        body.extend(self.public());
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(body))
    }
}
impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({:08x})", self.id)
    }
}

/// What follows the name in the text of a key.
struct Tail {
    id: u32,
    kind: KeyType,
    bytes: Zeroizing<[u8; 32]>,
}

/// Reads `id` and `base64(type ‖ 32 bytes)`. `malformed`: what to say of a text that is neither.
fn read_tail(id: &str, body: &str, malformed: KeyError) -> Result<Tail, KeyError> {
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if id.len() != 8 || !id.bytes().all(lower_hex) || body.len() > 256 {
        return Err(malformed);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| malformed)?;
    let decoded = Zeroizing::new(STANDARD.decode(body).map_err(|_| malformed)?);
    let (kind, key) = decoded.split_first().ok_or(malformed)?;
    let kind = match kind {
        0x01 => KeyType::Ed25519,
        0x04 => KeyType::Cosignature,
        other => return Err(KeyError::Type(*other)),
    };
    let mut bytes = Zeroizing::new([0u8; 32]);
    if key.len() != 32 {
        return Err(malformed);
    }
    bytes.copy_from_slice(key);
    Ok(Tail { id, kind, bytes })
}

/// A key may live in a file, a token or a test.
pub trait Signer: Send + Sync {
    /// The public half.
    fn key(&self) -> &VerifierKey;
    /// Signs a note's text and gives the signature without the key id. Errors: [`SignError`].
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum SignError {
    /// The text is no text of a note.
    #[error("only the text of a note is signed")]
    Text,
    /// The key is locked or gone.
    #[error("the signing key is not available")]
    Unavailable,
}

/// An Ed25519 key in memory, wiped when dropped.
pub struct SigningKey {
    verifier: VerifierKey,
    key: ed25519_dalek::SigningKey,
}
impl SigningKey {
    /// Makes a key from 32 bytes of a cryptographic source; the caller's copy is his to wipe. `name` becomes the origin
    /// of the log's checkpoints. Errors: [`KeyError::Name`], [`KeyError::Point`].
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, KeyType::Ed25519, key.verifying_key().as_bytes())?;
        Ok(Self { verifier, key })
    }
    /// Reads `PRIVATE+KEY+name+id+base64(0x01 ‖ seed)`. Errors: [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let rest = text.trim_end_matches(['\n', '\r']).strip_prefix("PRIVATE+KEY+").ok_or(KeyError::SigningText)?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::SigningText);
        };
        let tail = read_tail(id, body, KeyError::SigningText)?;
        if tail.kind != KeyType::Ed25519 {
            return Err(KeyError::Type(tail.kind.byte()));
        }
        let key = Self::from_seed(name, &tail.bytes)?;
        if key.verifier.id != tail.id { Err(KeyError::Id) } else { Ok(key) }
    }
    /// The key as text, for keeping it under lock; wiped when dropped.
    pub fn secret_text(&self) -> Zeroizing<String> {
        let mut body = Zeroizing::new(vec![KeyType::Ed25519.byte()]);
        body.extend(self.key.as_bytes());
        let mut encoded = STANDARD.encode(&body);
        let text = format!("PRIVATE+KEY+{}+{:08x}+{encoded}", self.verifier.name, self.verifier.id);
        encoded.zeroize();
        Zeroizing::new(text)
    }
}
impl Signer for SigningKey {
    fn key(&self) -> &VerifierKey {
        &self.verifier
    }
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        if std::str::from_utf8(text).map_or(true, |t| !crate::note::text_is_valid(t)) {
            return Err(SignError::Text);
        }
        Ok(self.key.sign(text).to_bytes().to_vec())
    }
}
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:08x}, secret)", self.verifier.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_what_they_write() {
        let key = SigningKey::from_seed("example.test/log", &[9; 32]).expect("a key");
        let text = key.secret_text();
        assert!(text.starts_with("PRIVATE+KEY+example.test/log+"));
        let again = SigningKey::parse(&text).expect("reads");
        assert_eq!(again.key(), key.key());
        assert_eq!(again.key().to_string().parse(), Ok(key.key().clone()));
        assert!(!format!("{key:?}").contains(text.rsplit('+').next().expect("parts")));
    }

    #[test]
    fn damaged_keys_are_refused() {
        let key = SigningKey::from_seed("a", &[9; 32]).expect("a key");
        let vkey = key.key().to_string();
        let check = |text: &str, want: KeyError| assert_eq!(text.parse::<VerifierKey>(), Err(want), "{text}");
        check("", KeyError::VerifierText);
        check("a+b", KeyError::VerifierText);
        check(&vkey.replacen("a+", "b+", 1), KeyError::Id);
        check(&vkey.to_uppercase(), KeyError::VerifierText);
        check(&vkey[..vkey.len() - 4], KeyError::VerifierText);
        check(&format!(" {vkey}"), KeyError::Name);
        let point = |kind: u8, y: [u8; 32]| {
            let body = STANDARD.encode([&[kind][..], &y].concat());
            format!("a+00000000+{body}")
        };
        check(&point(6, [9; 32]), KeyError::Type(6));
        // The neutral element: every signature by it can be forged.
        let mut one = [0; 32];
        one[0] = 1;
        check(&point(1, one), KeyError::Point);
        for bad in ["", "two words", "a+b", "a\u{a0}b", "x\u{7}", &"n".repeat(256)] {
            assert_eq!(SigningKey::from_seed(bad, &[9; 32]).map(|_| ()), Err(KeyError::Name), "{bad:?}");
        }
    }
}
