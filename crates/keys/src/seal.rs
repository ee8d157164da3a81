//! Small values: AES-256-GCM under a random nonce, bound to what they are for.

use crate::secret::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

pub(crate) fn cipher(key: &Secret) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose()).expect("a key of 32 bytes"))
}

/// Seals a value: nonce, ciphertext, tag. `context` is not kept; the same must be given to [`open`].
pub fn seal(key: &Secret, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut nonce = [0u8; NONCE_LEN];
    getrandom::fill(&mut nonce).expect("the operating system gives random bytes; without them nothing can be sealed");
    under(key, nonce, context, plain)
}

/// The same, except that equal values give equal bytes, so that somebody without the key can compare them, and sees which are
/// equal. The nonce is a digest of context and value under a key of its own, so that no two values share one.
pub fn seal_alike(key: &Secret, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let own = hmac::Key::new(hmac::HMAC_SHA256, key.derive(b"zapys", "nonces of values that are compared").expose());
    let mut digest = hmac::Context::with_key(&own);
    digest.update(&(context.len() as u64).to_be_bytes());
    digest.update(context);
    digest.update(plain);
    let digest = digest.sign();
    let nonce = digest.as_ref()[..NONCE_LEN].try_into().expect("a digest is longer than a nonce");
    under(key, nonce, context, plain)
}

fn under(key: &Secret, nonce: [u8; NONCE_LEN], context: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(NONCE_LEN + plain.len() + 16);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let tag = cipher(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut out[NONCE_LEN..])
        .expect("far below the longest message of AES-GCM");
    out.extend_from_slice(tag.as_ref());
    out
}

/// Opens what [`seal`] or [`seal_alike`] sealed under the same key for the same context. `None` if anything about it differs.
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

    #[test]
    fn values_that_are_compared_are_alike_under_one_key_and_context_only() {
        let key = Secret::random();
        let sealed = seal_alike(&key, b"name", b"water");
        assert_eq!(sealed, seal_alike(&key, b"name", b"water"));
        assert_eq!(open(&key, b"name", &sealed).expect("opens").as_slice(), b"water");
        for other in [
            seal_alike(&key, b"name", b"Water"),
            seal_alike(&key, b"nam", b"ewater"),
            seal_alike(&Secret::random(), b"name", b"water"),
        ] {
            assert_ne!(sealed[..NONCE_LEN], other[..NONCE_LEN]);
        }
        assert!(open(&key, b"other", &sealed).is_none());
    }
}
