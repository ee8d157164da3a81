//! What values the samples have. A file that says it holds sixteen bits may hold fewer: telephone exchanges code each sample as one of
//! 256 values, old recorders as eight bits, and a level that is changed by arithmetic leaves values out.

use zapys_domain::{Finding, Locator, Severity};

/// So many different values it takes to say anything.
const LEAST_VALUES: usize = 40;
/// Values this close to zero are all met in a recording of speech ...
const NEAR: i32 = 60;
/// ... after so many samples between them.
const LEAST_NEAR: u64 = 60_000;
/// This share of them (in a hundred) must be missing to be no chance, and no more than this, or the file is nearly silent.
const MISSING: std::ops::RangeInclusive<usize> = 8..=90;

/// Counts the values of one channel.
pub(super) struct Values {
    seen: Vec<bool>,
    /// Samples near zero.
    near: u64,
}

/// What the values show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coarse {
    /// Every sample is one that this telephone code gives.
    Law(&'static str),
    /// Every sample is a multiple of this power of two: so many bits were there.
    Bits(u32),
    /// Values near zero that are never met, in a hundred.
    Gaps(usize),
}

impl Values {
    pub(super) fn new() -> Self {
        Self { seen: vec![false; 1 << 16], near: 0 }
    }
    pub(super) fn take(&mut self, sample: i16) {
        self.seen[usize::from(sample.cast_unsigned())] = true;
        self.near += u64::from(i32::from(sample).abs() <= NEAR);
    }
    fn has(&self, value: i16) -> bool {
        self.seen[usize::from(value.cast_unsigned())]
    }

    /// `codec`: what the file says its samples are, as ffprobe names it.
    fn coarse(&self, codec: &str) -> Option<Coarse> {
        let values: Vec<i16> = (i16::MIN..=i16::MAX).filter(|v| self.has(*v)).collect();
        if values.len() < LEAST_VALUES {
            return None;
        }
        let law = |name: &'static str, decode: fn(u8) -> i16| {
            let mut all: Vec<i16> = (0..=u8::MAX).map(decode).chain([0]).collect();
            all.sort_unstable();
            values.iter().all(|v| all.binary_search(v).is_ok()).then_some(Coarse::Law(name))
        };
        let bits = values.iter().map(|v| v.trailing_zeros().min(15)).min().unwrap_or(0);
        let found = law("A-law", a_law)
            .or_else(|| law("mu-law", mu_law))
            .or_else(|| (bits > 0).then_some(Coarse::Bits(16 - bits)))
            .or_else(|| self.gaps().map(Coarse::Gaps));
        // What the file says of itself is no news; a decoder of another code has its own values.
        let own = ["pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8", "adpcm_", "g72", "gsm", "amr_"];
        found.filter(|_| !own.iter().any(|c| codec.starts_with(c)))
    }

    fn gaps(&self) -> Option<usize> {
        if self.near < LEAST_NEAR {
            return None;
        }
        let all = (2 * NEAR + 1) as usize;
        let missing = (-NEAR..=NEAR).filter(|v| i16::try_from(*v).is_ok_and(|v| !self.has(v))).count() * 100 / all;
        MISSING.contains(&missing).then_some(missing)
    }

    /// Whether the values tell anything.
    pub(super) fn found(&self, codec: &str) -> u64 {
        u64::from(self.coarse(codec).is_some())
    }

    /// Findings: `coarse-values`. `whole_ms`: length of the recording.
    pub(super) fn findings(&self, channel: u16, whole_ms: u64, codec: &str) -> Option<Finding> {
        let n = channel + 1;
        let message = match self.coarse(codec)? {
            Coarse::Law(name) => format!(
                "Every sample of channel {n} is one of the 256 that the telephone code {name} (G.711) gives, though the file holds 16 bits: it came \
                 through a digital telephone line and was changed in no way since."
            ),
            Coarse::Bits(bits) => format!(
                "Every sample of channel {n} fits {bits} bits, though the file holds 16: it was coded more coarsely before, or made louder by doubling."
            ),
            Coarse::Gaps(missing) => format!(
                "Of the values near silence {missing} in a hundred never occur in channel {n}: its level was changed by calculation, or it was coded \
                 more coarsely before. A converter leaves none out."
            ),
        };
        Some(Finding {
            code: "coarse-values".into(),
            severity: Severity::Note,
            locator: Locator::Span { start_ms: 0, end_ms: whole_ms, channel: Some(channel) },
            message,
        })
    }
}

/// The sample that an octet of ITU-T G.711 A-law stands for, on a scale of 16 bits.
fn a_law(octet: u8) -> i16 {
    let octet = octet ^ 0x55;
    let (segment, step) = ((octet >> 4) & 7, i16::from(octet & 15));
    let size = match segment {
        0 => (step << 4) + 8,
        s => ((step << 4) + 0x108) << (s - 1),
    };
    if octet & 0x80 == 0 { -size } else { size }
}
/// The same for mu-law.
fn mu_law(octet: u8) -> i16 {
    let octet = !octet;
    let size = (((i16::from(octet & 15) << 3) + 0x84) << ((octet >> 4) & 7)) - 0x84;
    if octet & 0x80 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::super::noise::noise;
    use super::*;

    /// Something like speech: mostly quiet, sometimes loud, every small value met.
    fn spoken() -> impl Iterator<Item = i16> {
        let mut seed = 3u64;
        let mut next = move || 2.0 * noise(&mut seed);
        (0..400_000).map(move |i| {
            let loud = if i % 16_000 < 6000 { 9000.0 } else { 90.0 };
            (loud * (next() + next() + next()) / 3.0) as i16
        })
    }
    fn look(samples: impl Iterator<Item = i16>, codec: &str) -> Option<Coarse> {
        let mut values = Values::new();
        samples.for_each(|s| values.take(s));
        values.coarse(codec)
    }
    fn nearest(law: fn(u8) -> i16) -> impl Fn(i16) -> i16 {
        let all: Vec<i16> = (0..=255).map(law).collect();
        move |s| *all.iter().min_by_key(|v| (i32::from(**v) - i32::from(s)).abs()).expect("256 values")
    }

    #[test]
    fn the_codes_of_telephone_lines_are_those_of_the_standard() {
        // The values that G.711 gives in its tables, scaled to sixteen bits.
        assert_eq!([a_law(0x55), a_law(0xd5), a_law(0xaa), a_law(0x2a)], [-8, 8, 32256, -32256]);
        assert_eq!([mu_law(0xff), mu_law(0x7f), mu_law(0x80), mu_law(0x00)], [0, 0, 32124, -32124]);
    }

    #[test]
    fn sixteen_honest_bits_say_nothing() {
        assert_eq!(look(spoken(), "pcm_s16le"), None);
        assert_eq!(look(std::iter::repeat_n(0, 100_000), "pcm_s16le"), None);
        assert_eq!(look((0..30_000).map(|i| (f64::from(i) * 0.1).sin() as i16), "pcm_s16le"), None, "nearly silent");
    }

    #[test]
    fn a_telephone_line_in_a_wide_file_is_seen_and_one_that_says_so_is_no_news() {
        for (name, law) in [("A-law", a_law as fn(u8) -> i16), ("mu-law", mu_law)] {
            let line: Vec<i16> = spoken().map(nearest(law)).collect();
            assert_eq!(look(line.iter().copied(), "pcm_s16le"), Some(Coarse::Law(name)));
            assert_eq!(look(line.into_iter(), "pcm_alaw"), None);
        }
    }

    #[test]
    fn fewer_bits_and_changed_levels_leave_values_out() {
        assert_eq!(look(spoken().map(|s| s & !255), "pcm_s16le"), Some(Coarse::Bits(8)));
        assert_eq!(look(spoken().map(|s| s.saturating_mul(2)), "pcm_s16le"), Some(Coarse::Bits(15)));
        let louder = look(spoken().map(|s| (f64::from(s) * 1.3).round() as i16), "pcm_s16le");
        assert!(matches!(louder, Some(Coarse::Gaps(n)) if (20..=26).contains(&n)), "{louder:?}");
        assert_eq!(look(spoken().map(|s| (f64::from(s) * 0.7).round() as i16), "pcm_s16le"), None, "quieter leaves nothing out");
    }
}
