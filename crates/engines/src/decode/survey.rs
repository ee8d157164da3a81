//! What the samples themselves show, gathered in one pass: levels, clipping, silence, equal channels, dropouts, and what closer looks find.

use super::edits::Edits;
use super::hum::Hum;
use super::jumps::Jumps;
use super::spectrum::Spectrum;
use super::values::Values;
use sha2::{Digest, Sha256};
use zapys_domain::media::{Level, Looked};
use zapys_domain::{Finding, Locator, Severity};

/// A channel whose largest sample stays below this (-66 dB) is silent.
const SILENT_PEAK: u16 = 16;
/// Consecutive samples at the limit that make a clipped place; single ones happen in good recordings.
const CLIPPED_RUN: u32 = 3;
/// A dropout is exact digital silence between these lengths, with sound hard up against both ends.
const DROPOUT_MS: std::ops::RangeInclusive<u64> = 15..=3000;
/// How loud the sound must be in the two milliseconds beside the gap.
const DROPOUT_EDGE: u16 = 700;
/// Channels that are looked at more closely; nobody records a call on more.
const LOOKED_AT: usize = 8;
/// More dropouts than these are counted, not listed.
const MAX_LISTED: usize = 20;

/// Gathers facts from interleaved samples.
pub(super) struct Survey {
    rate: u32,
    codec: String,
    hash: Sha256,
    channels: Vec<Channel>,
    frames: u64,
    /// Sum of squared differences between the first channel and each other.
    difference: Vec<f64>,
}
#[derive(Default)]
struct Channel {
    peak: u16,
    energy: f64,
    clipped: u64,
    at_limit: u32,
    clipped_runs: u64,
    first_clip: Option<u64>,
    edge: Edge,
    looks: Option<Looks>,
}
/// What is looked at in all but the last channels of a file that has very many.
struct Looks {
    spectrum: Spectrum,
    edits: Edits,
    jumps: Jumps,
    hum: Hum,
    values: Values,
}
impl Looks {
    fn new(rate: u32) -> Self {
        Self {
            spectrum: Spectrum::new(rate),
            edits: Edits::new(rate),
            jumps: Jumps::new(rate),
            hum: Hum::new(rate),
            values: Values::new(),
        }
    }
    fn take(&mut self, sample: i16) {
        self.spectrum.take(sample);
        self.edits.take(sample);
        self.jumps.take(sample);
        self.hum.take(sample);
        self.values.take(sample);
    }
    fn findings(&self, channel: u16, whole_ms: u64, codec: &str) -> Vec<Finding> {
        let mut all = self.edits.findings(channel, whole_ms);
        all.extend(self.jumps.findings(channel, whole_ms));
        all.extend(self.spectrum.findings(channel, whole_ms));
        all.extend(self.hum.findings(channel, self.spectrum.hum().as_ref()));
        all.extend(self.values.findings(channel, whole_ms, codec));
        all
    }
}
/// State of the search for dropouts.
#[derive(Default)]
struct Edge {
    /// Loudest sample of the last two milliseconds before the present run of zeros, kept as a decaying maximum.
    before: u16,
    zeros: u64,
    /// A gap that ended, waiting for the two milliseconds after it: start, end, loudest since.
    open: Option<(u64, u64, u16)>,
    found: Vec<(u64, u64)>,
    n_found: u64,
}

impl Survey {
    /// `codec`: what the file says its samples are.
    pub(super) fn new(rate: u32, channels: u16, codec: &str) -> Self {
        let n = usize::from(channels);
        Self {
            rate,
            codec: codec.to_owned(),
            hash: Sha256::new(),
            channels: (0..n)
                .map(|i| Channel { looks: (i < LOOKED_AT).then(|| Looks::new(rate)), ..Channel::default() })
                .collect(),
            frames: 0,
            difference: vec![0.0; n],
        }
    }

    /// Takes whole interleaved frames.
    pub(super) fn take(&mut self, samples: &[i16]) {
        let mut bytes = [0; 8192];
        for part in samples.chunks(bytes.len() / 2) {
            for (two, sample) in bytes.chunks_exact_mut(2).zip(part) {
                two.copy_from_slice(&sample.to_le_bytes());
            }
            self.hash.update(&bytes[..part.len() * 2]);
        }
        let near = u64::from(self.rate) / 500;
        for frame in samples.chunks_exact(self.channels.len()) {
            let first = f64::from(frame[0]);
            for (i, (&sample, channel)) in frame.iter().zip(&mut self.channels).enumerate() {
                channel.take(sample, self.frames, near);
                let d = first - f64::from(sample);
                self.difference[i] += d * d;
            }
            self.frames += 1;
        }
    }

    /// SHA-256 of the samples as little-endian bytes, and a level for each channel.
    pub(super) fn facts(&self) -> (String, Vec<Level>) {
        let digest = self.hash.clone().finalize();
        let hex = digest.iter().map(|b| format!("{b:02x}")).collect();
        (hex, self.channels.iter().map(|c| Level { peak: c.peak, rms: c.rms(self.frames), clipped: c.clipped }).collect())
    }

    /// What was looked for of editing, and of the way that the samples came.
    pub(super) fn looked(&self) -> Vec<Looked> {
        let looks = || self.channels.iter().filter_map(|c| c.looks.as_ref());
        let edits = || looks().map(|l| l.edits.found());
        let hums: Vec<_> = looks().map(|l| (l, l.spectrum.hum())).collect();
        let look = |method: &str, found, limits: &str| Looked { method: method.into(), found, limits: limits.into() };
        vec![
            look(
                "lost-samples",
                self.channels.iter().map(|c| c.edge.n_found).sum(),
                "Exact silence of 15 ms to 3 s between loud sounds; muting and lost packets look the same, and a careful cut leaves none.",
            ),
            look(
                "repeated-samples",
                edits().map(|e| e.0).sum(),
                "The very same samples at two places; a lossy codec after the copying hides them, and machines that play sounds repeat \
                 them honestly. Copies from other recordings are not looked for here.",
            ),
            look(
                "background-steps",
                edits().map(|e| e.1).sum(),
                "A steady background for 3 s on either side that differs by 12 dB or more; lines, rooms and noise suppressors change too, \
                 and a join of two recordings with like backgrounds shows nothing.",
            ),
            look(
                "jumps",
                looks().map(|l| l.jumps.found()).sum(),
                "One sample that follows six times worse from those before it than any within 25 ms; clicks and lost packets look the same. Of \
                 joins made within speech as a test, it saw 4 in 10 at 22,050 samples a second or more, 1 in 10 at 16,000 and none at 8,000; \
                 none at quiet places, and none that a lossy codec smoothed away.",
            ),
            look(
                "hum-breaks",
                hums.iter().map(|(l, hum)| l.hum.found(hum.as_ref())).sum(),
                match hums.iter().any(|(_, hum)| hum.is_some()) {
                    true => {
                        "Hum that can be followed for 3 s on either side; a cut by whole periods, or where voices drown the hum, shows nothing, \
                             and a recorder that loses samples breaks it too."
                    }
                    false => "There was nothing to follow: no mains hum stands out all through.",
                },
            ),
            look(
                "coarse-values",
                looks().map(|l| l.values.found(&self.codec)).sum(),
                "A telephone code, fewer bits or a changed level before these samples were written, told by the values that never occur. Any \
                 lossy codec, filter or conversion of the rate afterwards hides it; that lossy codecs were used twice is not looked for.",
            ),
        ]
    }

    /// Findings: `clipping`, `silent-channel`, `identical-channels`, `dropout`, `dropouts-more`, and those of [`Looks`].
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let whole = self.ms(self.frames);
        for (number, channel) in (0u16..).zip(&self.channels) {
            let at = |start_ms, end_ms| Locator::Span { start_ms, end_ms, channel: Some(number) };
            let mut say = |code: &str, severity, locator, message| {
                findings.push(Finding { code: code.into(), severity, locator, message });
            };
            if self.frames > 0 && channel.peak < SILENT_PEAK {
                let text = format!("Channel {} is silent from beginning to end.", number + 1);
                say("silent-channel", Severity::Warning, at(0, whole), text);
            }
            if let Some(first) = channel.first_clip {
                let n = channel.clipped_runs;
                let share = channel.clipped as f64 / self.frames as f64;
                let severity = if share > 0.001 { Severity::Warning } else { Severity::Note };
                let text = format!("Channel {} is clipped at {n} places: it was recorded or copied too loudly.", number + 1);
                say("clipping", severity, at(self.ms(first), whole), text);
            }
            for &(start, end) in &channel.edge.found {
                let gap = self.ms(end) - self.ms(start);
                let text = format!("Sound stops dead for {gap} ms and returns: samples were lost, muted or cut out.");
                say("dropout", Severity::Warning, at(self.ms(start), self.ms(end)), text);
            }
            if channel.edge.n_found > MAX_LISTED as u64 {
                let text =
                    format!("Channel {} has {} dropouts; the first {MAX_LISTED} are listed.", number + 1, channel.edge.n_found);
                say("dropouts-more", Severity::Warning, at(0, whole), text);
            }
            findings.extend(channel.looks.iter().flat_map(|l| l.findings(number, whole, &self.codec)));
        }
        if self.channels.len() > 1 && self.channels[0].peak >= SILENT_PEAK {
            let energy = self.channels[0].energy;
            // Joint stereo coding leaves a trace of difference: one part in a thousand of the amplitude.
            if self.difference.iter().all(|d| *d <= energy * 1e-6) {
                let text = "All channels hold the same sound, so they cannot tell speakers apart.";
                findings.push(Finding::whole("identical-channels", Severity::Note, text));
            }
        }
        findings
    }

    fn ms(&self, frame: u64) -> u64 {
        frame * 1000 / u64::from(self.rate)
    }
}

impl Channel {
    /// `near`: samples in two milliseconds.
    fn take(&mut self, sample: i16, at: u64, near: u64) {
        let loud = sample.unsigned_abs();
        self.peak = self.peak.max(loud);
        self.energy += f64::from(sample) * f64::from(sample);
        if loud >= 32767 {
            self.clipped += 1;
            self.at_limit += 1;
            if self.at_limit == CLIPPED_RUN {
                self.clipped_runs += 1;
                self.first_clip.get_or_insert(at + 1 - u64::from(CLIPPED_RUN));
            }
        } else {
            self.at_limit = 0;
        }
        self.edge.take(loud, at, near);
        if let Some(looks) = &mut self.looks {
            looks.take(sample);
        }
    }

    fn rms(&self, frames: u64) -> u16 {
        if frames == 0 { 0 } else { (self.energy / frames as f64).sqrt().round().min(32768.0) as u16 }
    }
}

impl Edge {
    fn take(&mut self, loud: u16, at: u64, near: u64) {
        if let Some((start, end, loudest)) = &mut self.open {
            *loudest = (*loudest).max(loud);
            if at >= *end + near {
                if *loudest >= DROPOUT_EDGE {
                    self.n_found += 1;
                    if self.found.len() < MAX_LISTED {
                        self.found.push((*start, *end));
                    }
                }
                self.open = None;
            }
        }
        if loud == 0 {
            self.zeros += 1;
            return;
        }
        // `near` samples are 2 ms.
        let gap_ms = (self.zeros * 2).checked_div(near).unwrap_or(0);
        if self.before >= DROPOUT_EDGE && DROPOUT_MS.contains(&gap_ms) {
            self.open = Some((at - self.zeros, at, loud));
        }
        if self.zeros > near {
            self.before = 0;
        }
        self.zeros = 0;
        // Decays to a tenth within about two milliseconds at telephone rates, slower at higher ones.
        self.before = loud.max((u32::from(self.before) * 7 / 8) as u16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(rate: u32, channels: u16, samples: &[i16]) -> Vec<String> {
        let mut survey = Survey::new(rate, channels, "pcm_s16le");
        // In uneven parts, as a stream gives them.
        for part in samples.chunks(usize::from(channels) * 777) {
            survey.take(part);
        }
        survey.findings().into_iter().map(|f| f.code).collect()
    }
    fn tone(n: usize, amplitude: f64) -> Vec<i16> {
        (0..n).map(|i| (amplitude * (i as f64 * 0.7).sin()) as i16).collect()
    }

    #[test]
    fn ordinary_sound_has_nothing_to_say() {
        assert!(codes(8000, 1, &tone(8000, 8000.0)).is_empty());
        assert!(codes(8000, 1, &[]).is_empty());
    }

    #[test]
    fn a_gap_cut_into_sound_is_a_dropout_and_a_pause_is_none() {
        let mut cut = tone(8000, 8000.0);
        cut[3000..3400].fill(0);
        assert_eq!(codes(8000, 1, &cut), ["dropout"]);
        let mut faded = tone(8000, 8000.0);
        for (i, s) in faded.iter_mut().enumerate() {
            let away = (i as f64 - 3200.0).abs() - 400.0;
            *s = (f64::from(*s) * (away / 1000.0).clamp(0.0, 1.0)) as i16;
        }
        assert!(codes(8000, 1, &faded).is_empty(), "a pause that fades out and in");
        let mut ends = tone(8000, 8000.0);
        ends[..1000].fill(0);
        ends[7000..].fill(0);
        assert!(codes(8000, 1, &ends).is_empty(), "silence at both ends");
    }

    #[test]
    fn many_dropouts_are_counted_not_listed() {
        let mut cut = tone(100_000, 8000.0);
        for i in 0..30 {
            cut[1000 + i * 3000..1400 + i * 3000].fill(0);
        }
        let codes = codes(8000, 1, &cut);
        assert_eq!(codes.iter().filter(|c| *c == "dropout").count(), 20);
        assert!(codes.contains(&"dropouts-more".to_owned()));
    }

    #[test]
    fn clipping_silence_and_equal_channels_are_seen() {
        let loud: Vec<i16> = tone(8000, 60_000.0);
        assert_eq!(codes(8000, 1, &loud), ["clipping"]);
        let stereo: Vec<i16> = tone(8000, 8000.0).into_iter().flat_map(|s| [s, 0]).collect();
        assert_eq!(codes(8000, 2, &stereo), ["silent-channel"]);
        let twice: Vec<i16> = tone(8000, 8000.0).into_iter().flat_map(|s| [s, s]).collect();
        assert_eq!(codes(8000, 2, &twice), ["identical-channels"]);
        let parties: Vec<i16> =
            tone(8000, 8000.0).into_iter().zip(tone(9000, 5000.0).split_off(1000)).flat_map(|(a, b)| [a, b]).collect();
        assert!(codes(8000, 2, &parties).is_empty());
    }

    #[test]
    fn levels_and_digest() {
        let mut survey = Survey::new(8000, 2, "pcm_s16le");
        survey.take(&[3, i16::MIN, -3, 0]);
        let (hex, levels) = survey.facts();
        assert_eq!((levels[0].peak, levels[0].rms, levels[1].peak, levels[1].clipped), (3, 3, 32768, 1));
        let expected: String = Sha256::digest([3, 0, 0, 0x80, 0xfd, 0xff, 0, 0]).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, expected);
    }
}
