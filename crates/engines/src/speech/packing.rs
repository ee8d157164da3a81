//! Speech without its silences, in windows that Whisper hears fast.
//!
//! Encoding costs more than in proportion to a window's length, and most of a telephone channel is silence. So pauses
//! are shortened to their edges and what remains is packed into windows of up to 25 s, cut where pauses are longest.
//! Windows of 15 s take a quarter less time and cost half a point of word error rate: the model hears less context.
//! [`Window`] remembers where each stretch came from: every time goes back to the media clock exactly.

/// Samples per second.
const RATE: u64 = 16_000;
/// Sound kept at each edge of speech where the pause is shortened or the window ends.
const EDGE: u64 = RATE / 5;
/// How far a word may reach into a pause: the gate hears soft beginnings and endings late.
const MARGIN: u64 = RATE * 6 / 100;
/// A pause up to this long stays as it is.
const KEPT_PAUSE: u64 = RATE / 2;
/// Longest window.
pub const LONGEST: u64 = 25 * RATE;
/// What one more window costs, and what cutting at no pause at all costs on top; cutting costs less the longer the pause.
const WINDOW_COST: f64 = 6.0;
const CUT_COST: f64 = 3.0;
/// Pause, in samples, at which cutting costs about a third of that.
const CUT_SCALE: f64 = RATE as f64 * 0.3;

/// A stretch of sound inside a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands in the window, in samples.
    pub at: u64,
    /// Where it comes from in the channel, in samples.
    pub from: u64,
    /// Its length in samples, at least 1.
    pub len: u64,
    /// How much of it, at its start and at its end, is the edge of a pause.
    pub edges: (u64, u64),
}

/// Sound of one channel, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// In time order, without gaps inside the window.
    pub pieces: Vec<Piece>,
}

impl Window {
    /// One stretch, from one sample up to another.
    pub fn plain(from: u64, to: u64) -> Self {
        Self { pieces: vec![Piece { at: 0, from, len: to.saturating_sub(from).max(1), edges: (0, 0) }] }
    }

    /// Length in samples.
    pub fn len(&self) -> u64 {
        self.pieces.last().map_or(0, |p| p.at + p.len)
    }

    /// True for a window without sound.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Where a word that stands between two places of the window was said: first and last sample in the channel.
    /// A word never reaches over a removed pause: it goes with the piece that holds most of it.
    pub fn to_channel(&self, start: u64, end: u64) -> (u64, u64) {
        let end = end.max(start);
        let shared = |p: &Piece| (end.min(p.at + p.len).saturating_sub(start.max(p.at)), std::cmp::Reverse(p.at.abs_diff(start)));
        let Some(piece) = self.pieces.iter().max_by_key(|p| shared(p)) else { return (0, 0) };
        let (low, high) = (piece.at, piece.at + piece.len);
        let (mut start, mut end) = (start.clamp(low, high), end.clamp(low, high));
        // Alignment begins the first word where the sound begins, pause or not, and likewise at the end.
        let (begins, ceases) = (low + piece.edges.0, high - piece.edges.1.min(piece.len));
        if start < begins && begins < end {
            start = start.max(begins.saturating_sub(MARGIN));
        }
        if start < ceases && ceases < end {
            end = end.min(ceases + MARGIN);
        }
        (piece.from + start - low, piece.from + end - low)
    }
}

/// Packs the speech of one channel. `spans`: start and end in samples, in time order, without overlap. `total`: length
/// of the channel; `longest`: of a window, in samples. `loudness(from, to)`: mean absolute sample of a short stretch, to cut endless speech where it is quiet.
/// Every sample of every span is in exactly one window.
pub fn pack(spans: &[(u64, u64)], total: u64, longest: u64, loudness: &dyn Fn(u64, u64) -> u64) -> Vec<Window> {
    let stretches = shortened(spans, longest, loudness);
    let n = stretches.len();
    let pause = |i: usize| stretches[i + 1].0 - stretches[i].1;
    // Length of the pause after stretch i inside a window.
    let inside = |i: usize| if pause(i) <= KEPT_PAUSE { pause(i) } else { 2 * EDGE };
    // Cheapest way to cut the first j stretches into windows, and where its last window begins.
    let mut cost = vec![f64::INFINITY; n + 1];
    let mut begins = vec![0; n + 1];
    cost[0] = 0.0;
    for j in 1..=n {
        let cut = if j < n { CUT_COST * (-(pause(j - 1) as f64) / CUT_SCALE).exp() } else { 0.0 };
        let mut len = 2 * EDGE;
        for i in (0..j).rev() {
            len += stretches[i].1 - stretches[i].0 + if i + 1 < j { inside(i) } else { 0 };
            if len > longest && i + 1 < j {
                break;
            }
            let c = cost[i] + WINDOW_COST + cut;
            if c < cost[j] {
                (cost[j], begins[j]) = (c, i);
            }
        }
    }
    let mut windows = Vec::new();
    let mut j = n;
    while j > 0 {
        windows.push(window(&stretches, begins[j], j, total));
        j = begins[j];
    }
    windows.reverse();
    windows
}

fn window(stretches: &[(u64, u64)], first: usize, end: usize, total: u64) -> Window {
    let mut pieces: Vec<Piece> = Vec::new();
    for i in first..end {
        let (start, stop) = stretches[i];
        // Two windows never share sound: between them each gets at most its half of the pause.
        let before = if i > 0 { (start - stretches[i - 1].1) / 2 } else { start };
        let after = if i + 1 < stretches.len() { (stretches[i + 1].0 - stop) / 2 } else { total.saturating_sub(stop) };
        let (from, to) = (start - EDGE.min(before), stop + EDGE.min(after));
        match pieces.last_mut() {
            Some(p) if start - stretches[i - 1].1 <= KEPT_PAUSE => (p.len, p.edges.1) = (to - p.from, to - stop),
            last => {
                let at = last.map_or(0, |p| p.at + p.len);
                pieces.push(Piece { at, from, len: to - from, edges: (start - from, to - stop) });
            }
        }
    }
    Window { pieces }
}

/// Cuts what is longer than a window at its quietest place.
fn shortened(spans: &[(u64, u64)], longest: u64, loudness: &dyn Fn(u64, u64) -> u64) -> Vec<(u64, u64)> {
    /// Width of the stretch whose loudness counts: 100 ms; and the step between two looks.
    const LOOK: u64 = RATE / 10;
    const STEP: u64 = RATE / 50;
    let longest = longest - 2 * EDGE;
    let mut stretches = Vec::new();
    for &(start, end) in spans {
        let mut start = start;
        while end.saturating_sub(start) > longest {
            let parts = (end - start).div_ceil(longest);
            let even = (end - start) / parts;
            let (low, high) = (start + even * 6 / 10, (start + even * 13 / 10).min(start + longest));
            let cut = (low..high).step_by(STEP as usize).min_by_key(|&t| loudness(t - LOOK / 2, t + LOOK / 2)).unwrap_or(high);
            stretches.push((start, cut));
            start = cut;
        }
        if start < end {
            stretches.push((start, end));
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same everywhere.
    fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        move |below| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below.max(1)
        }
    }

    fn spans(seed: u64) -> (Vec<(u64, u64)>, u64) {
        let mut next = numbers(seed);
        let mut at = next(3 * RATE);
        let spans = (0..next(60) + 1)
            .map(|_| {
                let longest = if next(10) == 0 { 70 * RATE } else { 4 * RATE };
                let start = at;
                let end = start + 1600 + next(longest);
                at = end + 1600 + next(3 * RATE);
                (start, end)
            })
            .collect();
        (spans, at)
    }

    #[test]
    fn every_sample_of_speech_is_packed_once_and_finds_its_way_back() {
        for seed in 0..200 {
            let (spans, total) = spans(seed);
            let windows = pack(&spans, total, LONGEST, &|from, _| from % 97);
            let pieces: Vec<Piece> = windows.iter().flat_map(|w| w.pieces.clone()).collect();
            assert!(pieces.windows(2).all(|p| p[0].from + p[0].len <= p[1].from), "seed {seed}: in order, nothing twice");
            for (start, end) in spans {
                let covered: u64 = pieces.iter().map(|p| end.min(p.from + p.len).saturating_sub(start.max(p.from))).sum();
                assert_eq!(covered, end - start, "seed {seed}: speech is whole");
            }
            let mut next = numbers(seed + 1000);
            for w in &windows {
                assert!(w.len() <= LONGEST, "seed {seed}: {} samples", w.len());
                assert!(w.pieces.windows(2).all(|p| p[0].at + p[0].len == p[1].at));
                assert!(w.pieces.iter().all(|p| p.from + p.len <= total));
                for p in &w.pieces {
                    let inner = p.len - p.edges.0 - p.edges.1;
                    let (a, b) = (p.edges.0 + next(inner), p.edges.0 + next(inner));
                    let (a, b) = (a.min(b), a.max(b) + 1);
                    assert_eq!(w.to_channel(p.at + a, p.at + b), (p.from + a, p.from + b), "seed {seed}: there and back");
                }
            }
        }
    }

    #[test]
    fn long_pauses_go_short_ones_stay_and_cuts_fall_into_the_longest() {
        let s = |x: f64| (x * RATE as f64) as u64;
        // 10 s, short pause, 10 s, long pause, 10 s.
        let windows = pack(&[(s(1.0), s(11.0)), (s(11.3), s(21.3)), (s(24.0), s(34.0))], s(40.0), LONGEST, &|_, _| 0);
        assert_eq!(windows.len(), 2);
        let edges = (EDGE, EDGE);
        assert_eq!(windows[0].pieces, [Piece { at: 0, from: s(0.8), len: s(20.7), edges }]);
        assert_eq!(windows[1].pieces, [Piece { at: 0, from: s(23.8), len: s(10.4), edges }]);
        let windows = pack(&[(s(0.1), s(3.0)), (s(9.0), s(12.0))], s(12.05), LONGEST, &|_, _| 0);
        assert_eq!(windows.len(), 1);
        assert_eq!(windows[0].pieces.iter().map(|p| (p.from, p.len)).collect::<Vec<_>>(), [(0, s(3.2)), (s(8.8), s(3.25))]);
        assert!(pack(&[], 100, LONGEST, &|_, _| 0).is_empty());
    }

    #[test]
    fn endless_speech_is_cut_where_it_is_quiet() {
        let quiet = 11 * RATE + 320;
        let loudness = |from: u64, to: u64| if (from..to).contains(&quiet) { from.abs_diff(quiet - RATE / 20) } else { 9999 };
        let windows = pack(&[(0, 35 * RATE)], 35 * RATE, LONGEST, &loudness);
        assert_eq!(windows.len(), 2);
        assert_eq!(windows[0].pieces[0].len, quiet);
        assert_eq!(windows[1].pieces[0].from, quiet);
    }

    #[test]
    fn a_word_stays_on_its_side_of_a_removed_pause() {
        let edges = (0, 0);
        let w =
            Window { pieces: vec![Piece { at: 0, from: 1000, len: 100, edges }, Piece { at: 100, from: 5000, len: 100, edges }] };
        assert_eq!(w.to_channel(50, 90), (1050, 1090));
        assert_eq!(w.to_channel(90, 190), (5000, 5090));
        assert_eq!(w.to_channel(20, 105), (1020, 1100));
        assert_eq!(w.to_channel(100, 100), (5000, 5000));
        assert_eq!(w.to_channel(500, 900), (5100, 5100));
    }

    #[test]
    fn the_first_and_last_word_leave_the_pauses_alone() {
        let w = Window { pieces: vec![Piece { at: 0, from: 50_000, len: 20_000, edges: (3200, 3200) }] };
        assert_eq!(w.to_channel(0, 8000), (50_000 + 3200 - MARGIN, 58_000));
        assert_eq!(w.to_channel(9000, 20_000), (59_000, 70_000 - 3200 + MARGIN));
        assert_eq!(w.to_channel(100, 900), (50_100, 50_900), "a word that the gate missed stays where it was heard");
    }
}
