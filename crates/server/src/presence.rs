//! Whether somebody is there. A case stays open while people ask for things, and for a while afterwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long before locking people are told, at most.
const NOTICE: Duration = Duration::from_secs(60);

/// Time since the machine was started, including the time it slept: a lid closed over night is a night without anybody.
pub fn uptime() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// What follows from how long nobody asked for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody is there, or it does not matter.
    Here,
    /// Nobody came for long; so much is left.
    Soon(Duration),
    /// Nobody is there.
    Gone,
}

/// Who was seen last, and when.
pub struct Presence {
    after: Option<Duration>,
    seen: Mutex<Seen>,
}
struct Seen {
    last: Duration,
    under_way: usize,
    told: bool,
}

impl Presence {
    /// `after`: how long without anybody is too long; `None` for never.
    pub fn new(after: Option<Duration>, now: Duration) -> Self {
        Self { after, seen: Mutex::new(Seen { last: now, under_way: 0, told: false }) }
    }
    /// How long without anybody is too long.
    pub fn after(&self) -> Option<Duration> {
        self.after
    }
    /// How long before the end people are told.
    fn notice(after: Duration) -> Duration {
        NOTICE.min(after / 2)
    }
    /// Somebody asks for something, until what this returns is dropped. True where they were told that the case will lock.
    pub fn arrive(self: &Arc<Self>) -> (Visit, bool) {
        let mut seen = self.seen();
        seen.last = uptime();
        seen.under_way += 1;
        let told = std::mem::replace(&mut seen.told, false);
        (Visit(self.clone()), told)
    }
    /// What holds at `now`.
    pub fn verdict(&self, now: Duration) -> Verdict {
        let seen = self.seen();
        let Some(after) = self.after.filter(|_| seen.under_way == 0) else { return Verdict::Here };
        match after.saturating_sub(now.saturating_sub(seen.last)) {
            Duration::ZERO => Verdict::Gone,
            left if left <= Self::notice(after) => Verdict::Soon(left),
            _ => Verdict::Here,
        }
    }
    /// When somebody was there last.
    #[cfg(test)]
    pub fn last_seen(&self) -> Duration {
        self.seen().last
    }
    /// True the first time after somebody was there.
    pub fn tell(&self) -> bool {
        !std::mem::replace(&mut self.seen().told, true)
    }
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request of a person that is under way.
pub struct Visit(Arc<Presence>);
impl Drop for Visit {
    fn drop(&mut self) {
        let mut seen = self.0.seen();
        seen.last = uptime();
        seen.under_way -= 1;
    }
}

/// Wrong passphrases, each of which makes the next try wait longer.
#[derive(Default)]
pub struct Tries {
    failures: u32,
    until: Duration,
}
impl Tries {
    /// The longest anybody waits.
    const LONGEST: Duration = Duration::from_secs(30);

    /// How long is still to be waited at `now`.
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        Some(self.until.saturating_sub(now)).filter(|d| !d.is_zero())
    }
    /// One more failed. Returns how long to wait: 1, 2, 4, 8, 16, then 30 seconds.
    pub fn fail(&mut self, now: Duration) -> Duration {
        let wait = Duration::from_secs(1 << self.failures.min(5)).min(Self::LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.until = now + wait;
        wait
    }
    /// Somebody got in.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn nobody_for_too_long_is_gone_and_is_told_a_minute_before() {
        let start = uptime();
        let p = Arc::new(Presence::new(Some(s(300)), start));
        assert_eq!(p.verdict(start), Verdict::Here);
        assert_eq!(p.verdict(start + s(239)), Verdict::Here);
        assert_eq!(p.verdict(start + s(240)), Verdict::Soon(s(60)));
        assert!(p.tell() && !p.tell(), "once");
        assert_eq!(p.verdict(start + s(299)), Verdict::Soon(s(1)));
        assert_eq!(p.verdict(start + s(300)), Verdict::Gone);
        assert_eq!(p.verdict(start + s(9000)), Verdict::Gone);
        // Shorter ones are told at half time.
        assert_eq!(Presence::new(Some(s(10)), start).verdict(start + s(5)), Verdict::Soon(s(5)));
        assert_eq!(Presence::new(None, start).verdict(start + s(9_000_000)), Verdict::Here);
    }

    #[test]
    fn a_request_under_way_is_somebody_however_long_it_takes() {
        let start = uptime();
        let p = Arc::new(Presence::new(Some(s(300)), start));
        p.tell();
        let (visit, told) = p.arrive();
        assert!(told, "they had been told, so they are told that it is not so");
        assert_eq!(p.verdict(start + s(5000)), Verdict::Here);
        let (second, told) = p.arrive();
        assert!(!told);
        drop(visit);
        assert_eq!(p.verdict(start + s(5000)), Verdict::Here);
        drop(second);
        let last = p.last_seen();
        assert!(last >= start);
        assert_eq!(p.verdict(last + s(299)), Verdict::Soon(s(1)));
        assert_eq!(p.verdict(last + s(300)), Verdict::Gone);
    }

    #[test]
    fn each_failure_waits_longer_and_none_for_ever() {
        let mut tries = Tries::default();
        assert_eq!(tries.wait(s(100)), None);
        let waits: Vec<u64> = (0..8).map(|_| tries.fail(s(100)).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(tries.wait(s(110)), Some(s(20)));
        assert_eq!(tries.wait(s(130)), None);
        tries.forget();
        assert_eq!(tries.fail(s(200)), s(1));
    }
}
