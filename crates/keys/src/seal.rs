//! Small values: AES-256-GCM under a random nonce, bound to what they are for.

use crate::secret::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

pub(crate) fn cipher(key: &Secret) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose()).expect("a key of 32 bytes"))
}

/// Seals a value: nonce, ciphertext, tag. `context` is not kept; the same must be given to [`open`].
pub fn seal(key: &Secret, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut nonce = [0u8; NONCE_LEN];
    getrandom::fill(&mut nonce).expect("the operating system gives random bytes; without them nothing can be sealed");
    let mut out = Vec::with_capacity(NONCE_LEN + plain.len() + 16);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let tag = cipher(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut out[NONCE_LEN..])
        .expect("far below the longest message of AES-GCM");
    out.extend_from_slice(tag.as_ref());
    out
}

/// Opens what [`seal`] sealed under the same key for the same context. `None` if anything about it differs.
pub fn open(key: &Secret, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut out = Zeroizing::new(body.to_vec());
    let n = cipher(key).open_in_place(nonce, Aad::from(context), &mut out).ok()?.len();
    out.truncate(n);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_as_it_was_sealed() {
        let key = Secret::random();
        let sealed = seal(&key, b"name", "вода".as_bytes());
        assert_eq!(open(&key, b"name", &sealed).expect("opens").as_slice(), "вода".as_bytes());
        assert!(open(&key, b"other", &sealed).is_none());
        assert!(open(&Secret::random(), b"name", &sealed).is_none());
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(open(&key, b"name", &changed).is_none(), "byte {i}");
            assert!(open(&key, b"name", &sealed[..i]).is_none(), "cut at {i}");
        }
        assert_ne!(sealed, seal(&key, b"name", "вода".as_bytes()), "no nonce twice");
    }
}
