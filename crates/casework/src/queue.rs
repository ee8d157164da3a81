//! The queue as people see and steer it: how far each stage is, how long the rest takes, what goes first, and rest.

use crate::Result;
use crate::engines::Wanted;
use crate::error::CaseError;
use crate::jobs::needs;
use crate::open::Casework;
use crate::view::{StageView, WorkView};
use zapys_domain::{DerivativeKind, EntrySeq, ItemId, ItemKind};
use zapys_store::{JobState, SoundCount, StageCount};

/// Setting of the record: nothing new is begun.
const PAUSED: &str = "work.paused";
/// Done by the host of speech.
const HEARD: [DerivativeKind; 6] = [
    DerivativeKind::Speech,
    DerivativeKind::Speakers,
    DerivativeKind::VoicePrints,
    DerivativeKind::Transcript,
    DerivativeKind::SecondTranscript,
    DerivativeKind::Translation,
];
/// Entries of the ledger among which it is looked for what the host did last.
const LATEST: u64 = 200;
/// What goes first has so much more priority than anything else.
pub(crate) const FIRST: i32 = 1000;

impl Casework {
    /// Begins nothing new until [`Casework::resume_work`]; what is under way comes to its end. It holds for every worker of the case, and
    /// over restarts.
    pub async fn pause_work(&self) -> Result<()> {
        self.set_paused("1").await
    }
    /// Goes on with what is queued, as soon as a worker looks.
    pub async fn resume_work(&self) -> Result<()> {
        self.set_paused("").await
    }
    async fn set_paused(&self, value: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        tx.set_setting(PAUSED, value).await?;
        Ok(tx.commit().await?)
    }
    /// Whether nothing new is begun.
    pub async fn is_paused(&self) -> Result<bool> {
        Ok(self.store.setting(PAUSED).await?.is_some_and(|v| !v.is_empty()))
    }

    /// Has what is due of these items done before anything else, and what follows from it. Returns how many jobs are open of them.
    pub async fn put_first(&self, items: &[ItemId]) -> Result<u64> {
        self.plan(items, &[]).await?;
        let mut open = 0;
        for item in items {
            self.store.item(*item).await?.ok_or(CaseError::NoSuchItem)?;
            self.store.raise_jobs(*item, FIRST, self.clock.now()).await?;
            open +=
                self.store.jobs_of(*item).await?.iter().filter(|j| matches!(j.state, JobState::Ready | JobState::Leased)).count()
                    as u64;
        }
        Ok(open)
    }

    /// Sends one recording ahead through all stages where none has been through yet: the rest can be forecast after it.
    pub(crate) async fn send_scout(&self) -> Result<()> {
        let heard = !self.store.finished_since(EntrySeq(0), &[DerivativeKind::Transcript], 1).await?.is_empty();
        if let Some(item) = self.store.job_waiting(DerivativeKind::Speech).await?.filter(|_| !heard) {
            self.store.raise_jobs(item, FIRST, self.clock.now()).await?;
        }
        Ok(())
    }

    /// How far the work is, stage by stage.
    pub async fn progress(&self) -> Result<WorkView> {
        let (stages, sound) = self.numbers_of_work().await?;
        self.work_view(&stages, &sound).await
    }

    /// What [`Casework::progress`] counts; the sound only where something waits, as it takes longer to count.
    pub(crate) async fn numbers_of_work(&self) -> Result<(Vec<StageCount>, Vec<SoundCount>)> {
        let stages = self.store.stage_counts().await?;
        let sound = if stages.iter().any(|s| s.work.open() > 0) { self.store.sound_counts().await? } else { Vec::new() };
        Ok((stages, sound))
    }

    pub(crate) async fn work_view(&self, stages: &[StageCount], sound: &[SoundCount]) -> Result<WorkView> {
        let workers = self.settings.workers().max(1) as u64;
        // One host does all hearing on this machine, with all cores. Part of one recording's work lies beside another's.
        let heard_here = self.speech_goes_to().is_none();
        let host = if heard_here { self.heard_at_once().await?.min(workers as f64) } else { workers as f64 };
        let at_once = |kind| if HEARD.contains(&kind) { host } else { workers as f64 };
        let forecast = Forecast { stages, sound, wanted: self.wanted() };
        let mut kinds: Vec<DerivativeKind> = stages.iter().map(|s| s.kind).collect();
        // Stages that nothing has reached yet, and something will.
        let unreached: Vec<_> = DerivativeKind::ALL.iter().copied().filter(|k| !kinds.contains(k)).collect();
        kinds.extend(unreached.into_iter().filter(|k| forecast.coming(*k).open > 0));
        let view = |kind: DerivativeKind| {
            let count = stages.iter().find(|s| s.kind == kind);
            let of = |get: fn(&StageCount) -> u64| count.map_or(0, get);
            let (done, failed) = (of(|s| s.work.done), of(|s| s.work.failed));
            let open = of(|s| s.work.open()) + forecast.coming(kind).open;
            StageView {
                derivation: kind.word().into(),
                total: open + done + failed,
                done,
                failed,
                running: of(|s| s.work.leased),
                seconds_left: forecast
                    .work_ms(kind)
                    .filter(|_| open > 0)
                    .map(|ms| (ms as f64 / 1000.0 / at_once(kind)).ceil() as u64),
                times_real_time: forecast.times_real_time(kind).map(|x| x * at_once(kind)),
            }
        };
        Ok(WorkView { paused: self.is_paused().await?, stages: kinds.into_iter().map(view).collect() })
    }

    /// How much working time of hearing goes into a second of the clock, as far as what was heard last tells. Waiting for the host is
    /// no work.
    async fn heard_at_once(&self) -> Result<f64> {
        let from = EntrySeq(self.store.head().await?.size.saturating_sub(LATEST));
        let last = self.store.finished_since(from, &HEARD, LATEST as u32).await?;
        Ok(at_once(last.iter().map(|d| (d.started.micros(), d.finished.micros(), d.elapsed_ms)).collect()))
    }
}

/// Working time by the time that any of these was under way, at least 1. Of each: begin and end in microseconds, work in milliseconds.
fn at_once(mut spans: Vec<(i64, i64, u64)>) -> f64 {
    spans.sort_unstable();
    let (mut worked_ms, mut covered, mut until) = (0, 0, i64::MIN);
    for (start, end, ms) in spans {
        worked_ms += ms;
        covered += end.saturating_sub(start.max(until)).max(0);
        until = until.max(end);
    }
    if covered > 0 { (worked_ms as f64 * 1000.0 / covered as f64).max(1.0) } else { 1.0 }
}

/// Work that is not queued yet, because it needs what is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Coming {
    open: u64,
    ms: u64,
    unknown: u64,
}

/// How long the rest takes. Sound is counted by its length: one stage takes a recording as long as the others did for each second of
/// sound. Whatever else waits takes as long as its kind did on average.
struct Forecast<'a> {
    stages: &'a [StageCount],
    sound: &'a [SoundCount],
    wanted: Wanted,
}
impl Forecast<'_> {
    fn sound(&self, kind: DerivativeKind) -> SoundCount {
        self.sound.iter().find(|s| s.kind == kind).cloned().unwrap_or_default()
    }

    /// Recordings that will come to this stage and wait for an earlier one still.
    fn coming(&self, kind: DerivativeKind) -> Coming {
        let wanted = match kind {
            DerivativeKind::Translation => self.wanted.translate,
            DerivativeKind::SecondTranslation => self.wanted.translate_twice,
            DerivativeKind::SecondTranscript => self.wanted.second,
            DerivativeKind::VoicePrints => self.wanted.prints,
            DerivativeKind::Enhanced => self.wanted.enhance,
            _ => true,
        };
        let Some(before) = needs(kind, ItemKind::Recording).last().filter(|_| wanted) else { return Coming::default() };
        let (waiting, further) = (self.sound(*before), self.coming(*before));
        Coming { open: waiting.open + further.open, ms: waiting.open_ms + further.ms, unknown: waiting.unknown + further.unknown }
    }

    /// Working time that a stage still needs, in milliseconds; `None` before anything is known.
    fn work_ms(&self, kind: DerivativeKind) -> Option<u64> {
        let sound = self.sound(kind);
        let coming = self.coming(kind);
        let stage = self.stages.iter().find(|s| s.kind == kind);
        // Pictures, texts and tables.
        let others = stage.map_or(0, |s| s.work.open()).saturating_sub(sound.open);
        let mean = stage.and_then(|s| s.mean_ms);
        let other_ms = if others > 0 { mean? * others } else { 0 };
        if sound.open + coming.open == 0 {
            return Some(other_ms);
        }
        let (unknown, known_ms) = (sound.unknown + coming.unknown, sound.open_ms + coming.ms);
        let usual_ms = self.usual_ms();
        let ms = known_ms + if unknown > 0 { usual_ms? * unknown } else { 0 };
        Some(other_ms + (ms as f64 * self.cost(kind)?).ceil() as u64)
    }

    /// Length of a recording, as far as they are known.
    fn usual_ms(&self) -> Option<u64> {
        let longest = self.sound.iter().map(|s| (s.done + s.open - s.unknown, s.done_ms + s.open_ms)).max()?;
        (longest.0 > 0).then(|| longest.1 / longest.0)
    }

    /// Working time for each unit of sound; `None` before one was done: stages differ a hundredfold, so no other tells.
    fn cost(&self, kind: DerivativeKind) -> Option<f64> {
        let s = self.sound(kind);
        (s.done_ms > 0).then(|| s.took_ms as f64 / s.done_ms as f64)
    }

    /// How many seconds of sound one worker gets through in a second.
    fn times_real_time(&self, kind: DerivativeKind) -> Option<f64> {
        self.cost(kind).filter(|c| *c > 0.0).map(f64::recip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DerivativeKind::{Proxy, SecondTranscript, Speech, Transcript, Translation};
    use zapys_store::WorkCounts;

    fn stage(kind: DerivativeKind, ready: u64, done: u64, mean_ms: u64) -> StageCount {
        StageCount { kind, work: WorkCounts { ready, done, ..WorkCounts::default() }, mean_ms: (done > 0).then_some(mean_ms) }
    }

    #[test]
    fn what_lies_beside_something_else_takes_less_time_together() {
        let s = 1_000_000;
        for (spans, n) in [
            (vec![], 1.0),
            (vec![(5, 5, 0)], 1.0),
            (vec![(0, 10 * s, 10_000), (20 * s, 30 * s, 10_000)], 1.0),
            // Ten seconds each, of which the second waited four.
            (vec![(0, 10 * s, 10_000), (2 * s, 12 * s, 6_000)], 16.0 / 12.0),
            (vec![(0, 10 * s, 10_000), (0, 10 * s, 10_000), (2 * s, 4 * s, 2_000)], 2.2),
        ] {
            assert!((at_once(spans.clone()) - n).abs() < 1e-9, "{spans:?}");
        }
    }

    #[test]
    fn what_follows_is_forecast_with_what_waits() {
        let stages = [stage(Speech, 3, 1, 1000), stage(Transcript, 1, 1, 6000), stage(Translation, 0, 1, 3000)];
        let sound = [
            // Three wait for the gate, one of them of unknown length; the usual length is a minute.
            SoundCount { kind: Speech, open: 3, open_ms: 120_000, unknown: 1, done: 1, done_ms: 60_000, took_ms: 1000 },
            SoundCount { kind: Transcript, open: 1, open_ms: 60_000, unknown: 0, done: 1, done_ms: 60_000, took_ms: 6000 },
            SoundCount { kind: Translation, done: 1, done_ms: 60_000, took_ms: 3000, ..SoundCount::default() },
        ];
        let f = Forecast {
            stages: &stages,
            sound: &sound,
            wanted: Wanted { translate: true, translate_twice: false, second: false, prints: false, enhance: false },
        };
        assert_eq!(f.coming(Transcript), Coming { open: 3, ms: 120_000, unknown: 1 });
        assert_eq!(f.coming(Translation), Coming { open: 4, ms: 180_000, unknown: 1 });
        assert_eq!(f.coming(SecondTranscript), Coming::default());
        assert_eq!([Speech, Transcript, Translation].map(|k| f.work_ms(k)), [Some(3000), Some(24_000), Some(12_000)]);
        assert_eq!(f.times_real_time(Transcript), Some(10.0));
        let untranslated = Forecast {
            wanted: Wanted { translate: false, translate_twice: false, second: false, prints: false, enhance: false },
            ..f
        };
        assert_eq!(untranslated.coming(Translation), Coming::default());
    }

    #[test]
    fn before_anything_is_known_nothing_is_promised() {
        let stages = [stage(Transcript, 2, 0, 0), stage(Proxy, 4, 2, 500)];
        let sound = [SoundCount { kind: Transcript, open: 2, open_ms: 9000, ..SoundCount::default() }];
        let f = Forecast { stages: &stages, sound: &sound, wanted: Wanted::ALL };
        assert_eq!((f.work_ms(Transcript), f.work_ms(Proxy)), (None, Some(2000)));
    }
}
