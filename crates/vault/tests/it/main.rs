//! The vault from outside: one suite for all backends, then what only the whole vault promises.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails, in its helpers too")]

mod full_disk;
mod s3;
mod suite;
mod vault;

/// Bytes that differ by `seed` and never repeat within a buffer.
pub fn sample(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend(state.to_le_bytes());
    }
    out.truncate(len);
    out
}
