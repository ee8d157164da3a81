//! Signed notes (C2SP `signed-note`): a text, a blank line, and one line for each signature.

use crate::key::{SignError, Signer, VerifierKey, name_is_valid};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// Most signature lines that are read; the format asks for at least 16.
pub const MAX_SIGNATURES: usize = 100;
/// Longest note that is read, in bytes.
pub const MAX_BYTES: usize = 1_000_000;

/// Why a note does not hold. Never repeats its text.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum NoteError {
    /// Not a text, a blank line and signature lines.
    #[error("the bytes are no signed note")]
    Malformed,
    /// More signatures than are read.
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooMany,
    /// A known key's signature fails: the note was changed, or the signature is somebody else's.
    #[error("the signature by the key {id:08x} does not belong to this note")]
    BadSignature {
        /// Id of the key.
        id: u32,
    },
    /// Nobody who is known has signed.
    #[error("none of the known keys has signed this note")]
    NoKnownKey,
    /// The same known key signed twice.
    #[error("the key {id:08x} has signed twice")]
    Twice {
        /// Id of the key.
        id: u32,
    },
}

/// One signature line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub id: u32,
    /// Signature without the key id.
    pub bytes: Vec<u8>,
}
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = [&self.id.to_be_bytes()[..], &self.bytes].concat();
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(body))
    }
}

/// A text and who signed it. Nothing is believed before [`Note::verify`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// True where `text` may be signed: not empty, ends in a line feed, no other control character below 0x20.
pub(crate) fn text_is_valid(text: &str) -> bool {
    text.ends_with('\n') && text.len() <= MAX_BYTES && !text.bytes().any(|b| b < 0x20 && b != b'\n')
}

impl Note {
    /// Reads a note. Errors: [`NoteError::Malformed`], [`NoteError::TooMany`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let all = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        if !text_is_valid(all) {
            return Err(NoteError::Malformed);
        }
        // The last blank line separates, so that the text itself may hold blank lines.
        let at = all.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, lines) = (&all[..at + 1], &all[at + 2..]);
        let mut signatures = Vec::new();
        for line in lines.split_terminator('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::TooMany);
            }
            signatures.push(read_signature(line).ok_or(NoteError::Malformed)?);
        }
        if text == "\n" || signatures.is_empty() {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: text.into(), signatures })
    }
    /// What is signed; ends in a line feed.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// All signatures, checked or not.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
    /// Adds a signature, e.g. a witness's.
    pub fn add(&mut self, signature: Signature) {
        self.signatures.push(signature);
    }
    /// Who of `known` signed. Signatures by other keys are ignored; names alone prove nothing. Errors:
    /// [`NoteError::BadSignature`], [`NoteError::Twice`], [`NoteError::NoKnownKey`].
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut by: Vec<&VerifierKey> = Vec::new();
        for s in &self.signatures {
            let Some(key) = known.iter().find(|k| k.id() == s.id && k.name() == s.name) else { continue };
            if !key.accepts(&self.text, &s.bytes) {
                return Err(NoteError::BadSignature { id: s.id });
            }
            if by.contains(&key) {
                return Err(NoteError::Twice { id: s.id });
            }
            by.push(key);
        }
        if by.is_empty() { Err(NoteError::NoKnownKey) } else { Ok(by) }
    }
}
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|s| writeln!(f, "{s}"))
    }
}

fn read_signature(line: &str) -> Option<Signature> {
    let (name, body) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = STANDARD.decode(body).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    let ok = name_is_valid(name) && !signature.is_empty();
    ok.then(|| Signature { name: name.into(), id: u32::from_be_bytes(*id), bytes: signature.to_vec() })
}

/// Signs `text` (which ends in a line feed) with each signer. Errors: [`SignError`].
pub fn sign_note(text: &str, signers: &[&dyn Signer]) -> Result<Note, SignError> {
    if !text_is_valid(text) {
        return Err(SignError::Text);
    }
    let mut signatures = Vec::with_capacity(signers.len());
    for s in signers {
        let bytes = s.sign(text.as_bytes())?;
        signatures.push(Signature { name: s.key().name().into(), id: s.key().id(), bytes });
    }
    Ok(Note { text: text.into(), signatures })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyType, SigningKey};

    fn key(name: &str, n: u8) -> SigningKey {
        SigningKey::from_seed(name, &[n; 32]).expect("a key")
    }

    #[test]
    fn r2_3_a_signed_note_reads_back_and_any_change_is_noticed() {
        let (a, b, c) = (key("a", 1), key("b", 2), key("c", 3));
        let note = sign_note("one\n\ntwo\n", &[&a, &b]).expect("signs");
        let text = note.to_string();
        assert_eq!(Note::parse(text.as_bytes()).as_ref(), Ok(&note));
        assert_eq!(note.text(), "one\n\ntwo\n");
        let known = [b.key().clone(), c.key().clone()];
        assert_eq!(note.verify(&known), Ok(vec![b.key()]));
        assert_eq!(note.verify(&known[1..]), Err(NoteError::NoKnownKey));
        let forged = Note::parse(text.replace("two", "2wo").as_bytes()).expect("well-formed");
        assert_eq!(forged.verify(&known), Err(NoteError::BadSignature { id: b.key().id() }));
        let mut twice = note.clone();
        twice.add(note.signatures()[1].clone());
        assert_eq!(twice.verify(&known), Err(NoteError::Twice { id: b.key().id() }));
    }

    #[test]
    fn r2_3_a_signature_of_a_reserved_type_is_passed_over_and_its_key_is_refused() {
        let own = key("own", 1);
        let mut note = sign_note("text\n", &[&own]).expect("signs");
        // An ML-DSA-44 cosignature (0x06): eight bytes of time and 2420 of signature.
        note.add(Signature { name: "witness".into(), id: 6, bytes: vec![0x5a; 2428] });
        let read = Note::parse(note.to_string().as_bytes()).expect("well-formed");
        assert_eq!(read.verify(std::slice::from_ref(own.key())), Ok(vec![own.key()]));
        let body = STANDARD.encode([&[6][..], &[9; 1312]].concat());
        assert!(format!("witness+00000006+{body}").parse::<VerifierKey>().is_err());
        let short = STANDARD.encode([&[6][..], &[9; 32]].concat());
        assert_eq!(format!("witness+00000006+{short}").parse::<VerifierKey>(), Err(crate::key::KeyError::Type(6)));
    }

    #[test]
    fn r2_3_unknown_signatures_are_ignored_and_a_known_one_among_many_still_counts() {
        let own = key("own", 1);
        let mut note = sign_note("text\n", &[]).expect("signs");
        for n in 0..40 {
            note.add(Signature { name: format!("witness-{n}"), id: n, bytes: vec![0; 72] });
        }
        // The same name with another id is an unknown key, not a failing one.
        note.add(Signature { name: "own".into(), id: own.key().id() ^ 1, bytes: vec![0; 64] });
        note.add(sign_note("text\n", &[&own]).expect("signs").signatures()[0].clone());
        let note = Note::parse(note.to_string().as_bytes()).expect("reads");
        assert_eq!(note.signatures().len(), 42);
        assert_eq!(note.verify(std::slice::from_ref(own.key())), Ok(vec![own.key()]));
        let mut many = note.clone();
        (0..100).for_each(|n| many.add(Signature { name: "x".into(), id: n, bytes: vec![0] }));
        assert_eq!(Note::parse(many.to_string().as_bytes()), Err(NoteError::TooMany));
    }

    #[test]
    fn a_witness_signs_text_and_time() {
        let seed = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
        let witness = VerifierKey::new("w", KeyType::Cosignature, seed.verifying_key().as_bytes()).expect("a key");
        assert_eq!(witness.to_string().parse(), Ok(witness.clone()));
        let time = 1_700_000_000u64;
        let sig = ed25519_dalek::Signer::sign(&seed, format!("cosignature/v1\ntime {time}\ntext\n").as_bytes());
        let bytes = [&time.to_be_bytes()[..], &sig.to_bytes()].concat();
        assert!(witness.accepts("text\n", &bytes));
        assert!(!witness.accepts("test\n", &bytes));
        let later = [&(time + 1).to_be_bytes()[..], &sig.to_bytes()].concat();
        assert!(!witness.accepts("text\n", &later));
        assert!(!witness.accepts("text\n", &[0; 5]));
    }

    #[test]
    fn hostile_bytes_are_no_note() {
        let note = sign_note("text\n", &[&key("a", 1)]).expect("signs").to_string();
        let check = |bytes: &[u8]| assert_eq!(Note::parse(bytes), Err(NoteError::Malformed), "{bytes:?}");
        check(b"");
        check(b"\n");
        check(b"\n\n");
        check(b"text\n\n");
        check(b"text");
        check(b"\xff\n\n");
        check(note.trim_end().as_bytes());
        check(note.replace('\u{2014}', "-").as_bytes());
        check(note.replace("text", "te\txt").as_bytes());
        check(note.replace(" a ", " a  ").as_bytes());
        check(format!("{note}\n").as_bytes());
        check(&vec![b'\n'; MAX_BYTES + 1]);
        assert_eq!(sign_note("no end", &[]), Err(SignError::Text));
        assert_eq!(sign_note("a\tb\n", &[]), Err(SignError::Text));
    }
}
