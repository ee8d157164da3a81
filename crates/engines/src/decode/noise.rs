//! Noise for the tests of what is looked for in samples.

/// The next value between -0.5 and 0.5; the same sequence for one seed.
pub(super) fn noise(seed: &mut u64) -> f64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as f64 / f64::from(1u32 << 31) - 0.5
}
