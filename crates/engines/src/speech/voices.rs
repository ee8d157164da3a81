//! Which voices of many short windows are the same, and who of them speaks at each moment.
//!
//! What the network takes for one voice of a window is taken apart where its stretches do not sound alike. Voices that speak
//! clearly are then clustered from the bottom up by the mean cosine of their vectors; two that the network told apart in one
//! window have to be all the more alike. Long recordings are put together in pieces first, so that the work grows with their
//! length and not with its square. Voices heard for less than a second join whichever cluster is nearest. Where windows
//! overlap they vote: on how many speak, and on who.

use std::collections::BTreeSet;
use zapys_host_protocol::{Voice, VoiceSpan};

/// Below this mean cosine two voices are not the same. Measured with the network that is used, on telephone prompts of two women:
/// stretches of one voice reach 0.5 to 0.9, those of two voices 0.1 to 0.46.
const SAME: f32 = 0.4;
/// What two voices of one window must be more alike.
const TOLD_APART: f32 = 0.15;
/// Frames, from which on a voice founds a cluster: a second.
const CLEAR: u32 = 59;
/// Voices that are clustered at once.
const PIECE: usize = 400;
/// Frames, below which a turn is no turn: 0.1 s.
const BLINK: u32 = 6;

/// Who speaks in one window.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its first frame in the recording.
    pub first: u32,
    /// Its frames.
    pub length: u32,
    /// Its voices.
    pub voices: Vec<Voice>,
}

/// Turns of each speaker in frames, those who speak first coming first. `n_frames`: those of the recording. `wanted`: how many
/// speakers there are, where a person said so.
pub fn turns(windows: &[Heard], n_frames: u32, wanted: Option<usize>) -> Vec<Vec<(u32, u32)>> {
    let named = name(windows, wanted);
    let n = named.iter().map(|(_, name)| name + 1).max().unwrap_or(0);
    let mut found = vote(windows, &named, n, n_frames);
    found.retain(|spans| !spans.is_empty());
    found.sort_by_key(|spans| spans[0]);
    found
}

/// A stretch: window, voice in it, span of that.
type Place = (usize, usize, usize);

/// A voice put together from several stretches.
#[derive(Clone, Default)]
struct Cluster {
    /// Sum of its vectors, each weighted by the frames it was heard in, and of these weights.
    sum: Vec<f32>,
    weight: f32,
    /// Voices of windows that it is made of.
    voices: BTreeSet<(usize, usize)>,
    members: Vec<Place>,
    /// Some stretch of it is long enough to tell it by.
    clear: bool,
}
impl Cluster {
    fn of(windows: &[Heard], place: Place) -> Self {
        let (w, v, s) = place;
        let span = &windows[w].voices[v][s];
        let weight = if span.embedding.is_empty() { 0.0 } else { span.heard_in as f32 };
        Self {
            sum: span.embedding.iter().map(|x| x * weight).collect(),
            weight,
            voices: BTreeSet::from([(w, v)]),
            members: vec![place],
            clear: weight > 0.0 && span.heard_in >= CLEAR,
        }
    }
    /// Mean cosine of what the two are made of.
    fn likeness(&self, other: &Self) -> f32 {
        let dot = self.sum.iter().zip(&other.sum).map(|(a, b)| a * b).sum::<f32>();
        dot / (self.weight * other.weight).max(f32::MIN_POSITIVE)
    }
    /// Whether the two hold different voices of one window.
    fn meets(&self, other: &Self) -> bool {
        let (few, many) = if self.voices.len() < other.voices.len() { (self, other) } else { (other, self) };
        few.voices.iter().any(|(w, v)| many.voices.range((*w, 0)..=(*w, usize::MAX)).any(|(_, u)| u != v))
    }
    fn take(&mut self, other: Self) {
        if self.sum.is_empty() {
            self.sum = other.sum;
        } else {
            self.sum.iter_mut().zip(&other.sum).for_each(|(a, b)| *a += b);
        }
        self.weight += other.weight;
        self.voices.extend(other.voices);
        self.members.extend(other.members);
        self.clear |= other.clear;
    }
}

/// For each stretch the number of its speaker; those of which too little was heard are left out where nobody is near.
fn name(windows: &[Heard], wanted: Option<usize>) -> Vec<(Place, usize)> {
    let voices = (0..windows.len()).flat_map(|w| (0..windows[w].voices.len()).map(move |v| (w, v)));
    let all: Vec<Cluster> = voices.flat_map(|(w, v)| alike(windows, w, v)).filter(|c| c.weight > 0.0).collect();
    let some_clear = all.iter().any(|c| c.clear);
    let (mut clusters, rest): (Vec<Cluster>, Vec<Cluster>) = all.into_iter().partition(|c| c.clear || !some_clear);
    if clusters.len() > PIECE {
        clusters = clusters.chunks(PIECE).flat_map(|piece| merge(piece.to_vec(), None)).collect();
    }
    let mut clusters = merge(clusters, wanted);
    let nearest = |c: &Cluster| {
        let score = |n: &usize| c.likeness(&clusters[*n]) - if c.meets(&clusters[*n]) { TOLD_APART } else { 0.0 };
        (0..clusters.len()).max_by(|a, b| score(a).total_cmp(&score(b)))
    };
    let joined: Vec<(Option<usize>, Cluster)> = rest.into_iter().map(|c| (nearest(&c), c)).collect();
    for (n, cluster) in joined {
        if let Some(n) = n {
            clusters[n].take(cluster);
        }
    }
    let numbered = clusters.into_iter().enumerate();
    numbered.flat_map(|(n, c)| c.members.into_iter().map(move |place| (place, n))).collect()
}

/// What was taken for one voice of a window, apart where its stretches do not sound alike.
fn alike(windows: &[Heard], w: usize, v: usize) -> Vec<Cluster> {
    let all = (0..windows[w].voices[v].len()).map(|s| Cluster::of(windows, (w, v, s)));
    let (clear, rest): (Vec<Cluster>, Vec<Cluster>) = all.partition(|c| c.clear);
    let mut groups = merge(clear, None);
    if groups.is_empty() {
        groups.push(Cluster::default());
    }
    for c in rest {
        // What cannot be told by its sound goes with what is said next to it.
        let away = |group: &Cluster| group.members.iter().map(|m| m.2.abs_diff(c.members[0].2)).min().unwrap_or(usize::MAX);
        let by_place = |a: &usize, b: &usize| away(&groups[*b]).cmp(&away(&groups[*a]));
        let by_sound = |a: &usize, b: &usize| c.likeness(&groups[*a]).total_cmp(&c.likeness(&groups[*b]));
        let order = |a: &usize, b: &usize| if c.weight > 0.0 { by_sound(a, b) } else { by_place(a, b) };
        let near = (0..groups.len()).max_by(order).unwrap_or(0);
        groups[near].take(c);
    }
    groups
}

/// Joins the two nearest again and again: as long as they are near enough, or until as many are left as there are speakers.
fn merge(clusters: Vec<Cluster>, wanted: Option<usize>) -> Vec<Cluster> {
    let mut clusters: Vec<Option<Cluster>> = clusters.into_iter().map(Some).collect();
    let n = clusters.len();
    let likeness = |a: &Option<Cluster>, b: &Option<Cluster>| match (a, b) {
        (Some(a), Some(b)) if a.meets(b) => a.likeness(b) - TOLD_APART,
        (Some(a), Some(b)) => a.likeness(b),
        _ => f32::NEG_INFINITY,
    };
    // Of each the nearest that comes before it.
    let nearest = |clusters: &[Option<Cluster>], i: usize| -> (f32, usize) {
        let all = (0..i).map(|j| (likeness(&clusters[i], &clusters[j]), j));
        all.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f32::NEG_INFINITY, 0))
    };
    let mut near: Vec<(f32, usize)> = (0..n).map(|i| nearest(&clusters, i)).collect();
    let mut left = n;
    while left > 1 {
        let Some(i) = (0..n).max_by(|a, b| near[*a].0.total_cmp(&near[*b].0)) else { break };
        let (best, j) = near[i];
        let enough = match wanted {
            Some(wanted) => left <= wanted,
            None => best < SAME,
        };
        if enough {
            break;
        }
        let Some(taken) = clusters[i].take() else { break };
        if let Some(into) = &mut clusters[j] {
            into.take(taken);
        }
        left -= 1;
        near[i] = (f32::NEG_INFINITY, 0);
        for k in 0..n {
            if clusters[k].is_none() {
                continue;
            }
            if k == j || near[k].1 == i || near[k].1 == j {
                near[k] = nearest(&clusters, k);
            } else if k > j {
                let now = likeness(&clusters[k], &clusters[j]);
                if now > near[k].0 {
                    near[k] = (now, j);
                }
            }
        }
    }
    clusters.into_iter().flatten().collect()
}

/// Lets the windows vote, frame by frame.
fn vote(windows: &[Heard], named: &[(Place, usize)], n: usize, n_frames: u32) -> Vec<Vec<(u32, u32)>> {
    let frames = n_frames as usize;
    // How many windows hear a frame, how many voices they hear in it, and how many of them hear each.
    let mut heard_by = vec![0u8; frames];
    let mut voices = vec![0u8; frames];
    let mut votes = vec![vec![0u8; frames]; n];
    let add = |to: &mut [u8], from: u32, until: u32| {
        let (from, until) = ((from as usize).min(frames), (until as usize).min(frames));
        to[from..until].iter_mut().for_each(|v| *v = v.saturating_add(1));
    };
    let place =
        |window: &Heard, span: &VoiceSpan| (window.first.saturating_add(span.start), window.first.saturating_add(span.end));
    for window in windows {
        add(&mut heard_by, window.first, window.first.saturating_add(window.length));
        for (a, b) in window.voices.iter().flatten().map(|span| place(window, span)) {
            add(&mut voices, a, b);
        }
    }
    for ((w, v, s), name) in named {
        let (a, b) = place(&windows[*w], &windows[*w].voices[*v][*s]);
        add(&mut votes[*name], a, b);
    }
    let mut found: Vec<Vec<(u32, u32)>> = vec![Vec::new(); n];
    let mut order: Vec<usize> = (0..n).collect();
    for f in 0..frames {
        // The mean, rounded to the nearest.
        let speak = (2 * usize::from(voices[f]) + usize::from(heard_by[f])) / (2 * usize::from(heard_by[f])).max(1);
        if speak == 0 {
            continue;
        }
        order.sort_by_key(|s| (std::cmp::Reverse(votes[*s][f]), *s));
        for s in order.iter().take(speak).filter(|s| votes[**s][f] > 0) {
            match found[*s].last_mut() {
                Some(last) if last.1 == f as u32 => last.1 += 1,
                _ => found[*s].push((f as u32, f as u32 + 1)),
            }
        }
    }
    found.iter_mut().for_each(|spans| spans.retain(|(a, b)| b - a >= BLINK));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Points near one of several directions, so that voices are like real ones: near, not equal.
    fn vector(who: usize, wobble: usize) -> Vec<f32> {
        let mut v = [0.0; 8];
        v[who] = 1.0;
        v[(who + 1 + wobble % 7) % 8] += 0.3;
        let length = v.iter().map(|x: &f32| x * x).sum::<f32>().sqrt();
        v.iter().map(|x| x / length).collect()
    }
    fn span(start: u32, end: u32, embedding: Vec<f32>) -> VoiceSpan {
        VoiceSpan { start, end, heard_in: end - start, embedding }
    }
    fn window(first: u32, voices: &[(usize, &[(u32, u32)])]) -> Heard {
        let voices = voices
            .iter()
            .enumerate()
            .map(|(n, (who, spans))| spans.iter().map(|(a, b)| span(*a, *b, vector(*who, n + first as usize))).collect());
        Heard { first, length: 592, voices: voices.collect() }
    }

    #[test]
    fn voices_of_overlapping_windows_are_put_together() {
        // The numbers of voices within windows say nothing: the second window hears them the other way round.
        let windows = [
            window(0, &[(3, &[(0, 200)]), (5, &[(200, 400)])]),
            window(148, &[(5, &[(52, 252)]), (3, &[(0, 52), (300, 500)])]),
            window(296, &[(3, &[(152, 352)]), (5, &[(0, 104)])]),
        ];
        let found = turns(&windows, 900, None);
        assert_eq!(found, [vec![(0, 200), (448, 648)], vec![(200, 400)]]);
    }

    #[test]
    fn who_speaks_at_once_is_two_people_and_a_blink_is_nobody() {
        let windows = [window(0, &[(0, &[(0, 300)]), (1, &[(250, 500), (510, 513)])])];
        assert_eq!(turns(&windows, 600, None), [vec![(0, 300)], vec![(250, 500)]]);
    }

    #[test]
    fn what_the_network_takes_for_one_voice_is_taken_apart() {
        let mut mixed = window(0, &[(0, &[(0, 100), (200, 300)])]);
        mixed.voices[0].push(span(320, 330, Vec::new()));
        mixed.voices[0].insert(1, span(110, 180, vector(4, 0)));
        assert_eq!(turns(&[mixed], 600, None), [vec![(0, 100), (200, 300), (320, 330)], vec![(110, 180)]]);
        // Two that it tells apart must be all the more alike to be one.
        let near = |shared: f32| {
            let (a, b) = (vec![1.0, 0.0], vec![shared, (1.0 - shared * shared).sqrt()]);
            let heard = Heard { first: 0, length: 592, voices: vec![vec![span(0, 100, a)], vec![span(100, 200, b)]] };
            turns(&[heard], 600, None).len()
        };
        assert_eq!((near(0.3), near(0.5), near(0.6)), (2, 2, 1));
    }

    #[test]
    fn a_person_may_say_how_many_there_are() {
        let windows: Vec<Heard> = (0..4).map(|i| window(i * 600, &[(i as usize, &[(0, 100)])])).collect();
        let n = |wanted| turns(&windows, 2400, wanted).len();
        assert_eq!((n(None), n(Some(2)), n(Some(1)), n(Some(9))), (4, 2, 1, 4));
        let both = [window(0, &[(0, &[(0, 100)]), (1, &[(50, 150)])])];
        assert_eq!(turns(&both, 600, Some(1)), [vec![(0, 150)]]);
    }

    #[test]
    fn a_short_word_goes_to_the_nearest_and_an_unheard_one_to_nobody() {
        let mut short = window(600, &[(1, &[(0, 20)])]);
        short.voices.push(vec![span(40, 50, Vec::new())]);
        let windows = [window(0, &[(0, &[(0, 100)]), (1, &[(200, 300)])]), short];
        assert_eq!(turns(&windows, 1200, None), [vec![(0, 100)], vec![(200, 300), (600, 620)]]);
        assert!(turns(&[], 0, None).is_empty() && turns(&[], 100, Some(2)).is_empty());
    }

    #[test]
    fn long_recordings_are_put_together_from_pieces() {
        let windows: Vec<Heard> = (0..1500u32)
            .map(|i| window(i * 600, &[((i % 3) as usize, &[(0, 300)]), ((i % 3 + 3) as usize, &[(300, 500)])]))
            .collect();
        let found = turns(&windows, 1500 * 600, None);
        assert_eq!(found.len(), 6);
        assert!(found.iter().all(|spans| spans.len() == 500));
    }

    proptest! {
        #[test]
        fn turns_are_in_order_and_within_the_recording(
            windows in prop::collection::vec((0u32..2000, prop::collection::vec((0usize..8, 0u32..600, 1u32..300), 0..4)), 0..30),
            n_frames in 0u32..2000, wanted in prop::option::of(1usize..4)
        ) {
            let windows: Vec<Heard> = windows
                .iter()
                .map(|(first, voices)| {
                    let spans: Vec<[(u32, u32); 1]> = voices.iter().map(|(_, a, n)| [(*a, a + n)]).collect();
                    window(*first, &voices.iter().zip(&spans).map(|((who, ..), s)| (*who, &s[..])).collect::<Vec<_>>())
                })
                .collect();
            let found = turns(&windows, n_frames, wanted);
            prop_assert!(wanted.is_none_or(|w| found.len() <= w));
            for spans in &found {
                prop_assert!(spans.iter().all(|(a, b)| a < b && *b <= n_frames));
                prop_assert!(spans.windows(2).all(|w| w[0].1 < w[1].0));
            }
        }
    }
}
