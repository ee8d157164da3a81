//! Whether the case is open: who may look at it now, and how it is let go of.
//!
//! ```text
//!            unlock                  lock, or nobody is there
//!  Locked ------------> Open -----------------------------------> Locked
//!                       |  ^
//!   nobody is there and |  | unlock
//!   work is under way   v  |        the work is done, or lock
//!                       Shut -----------------------------------> Locked
//! ```
//!
//! Open: whoever has a session sees the case. Shut: nobody does; work that was started goes on and needs the keys. Locked:
//! this process holds no key, no record and no plain copy any more, and the folder is free for another one.
//!
//! A case that is not encrypted is open as long as the program runs.

use crate::presence::{Presence, Tries, Verdict, Visit, uptime};
use crate::work::Work;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;
use tokio::sync::watch;
use zapys_casework::{Access, CaseError, Casework, Credential, Settings};
use zapys_domain::Fault;

/// How long is waited for whatever still holds a case that was let go of.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often is looked whether somebody is there, at least.
const LOOK: Duration = Duration::from_secs(1);

/// An open case, and what ends when people may not look at it any more.
#[derive(Clone)]
pub struct Sitting {
    /// The case.
    pub case: Arc<Casework>,
    /// Processing beside the workbench.
    pub work: Work,
    presence: Arc<Presence>,
    over: Arc<watch::Sender<Option<Over>>>,
}
/// Why people may not look any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The case is locked: whoever shows something of it forgets it.
    Locked,
    /// The program ends, and there was nothing to lock.
    Stopped,
}
impl Sitting {
    fn new(case: Arc<Casework>, work: Work, after: Option<Duration>) -> Self {
        let presence = Arc::new(Presence::new(after, uptime()));
        Self { case, work, presence, over: Arc::new(watch::channel(None).0) }
    }
    /// How long without anybody until it ends.
    pub fn lock_after(&self) -> Option<Duration> {
        self.presence.after()
    }
    /// A person asks for something, until what this returns is dropped.
    pub fn arrive(&self) -> Visit {
        let (visit, told) = self.presence.arrive();
        if told {
            self.work.tell("staying", json!({}));
        }
        visit
    }
    /// When somebody asked for something last.
    #[cfg(test)]
    pub fn last_seen(&self) -> Duration {
        self.presence.last_seen()
    }
    /// Ends when people may not look any more.
    pub fn over(&self) -> impl Future<Output = Over> + Send + use<> {
        let mut over = self.over.subscribe();
        async move {
            let ended = over.wait_for(Option::is_some).await;
            // An error means that nobody can end it any more, because it ended.
            ended.ok().and_then(|o| *o).unwrap_or(Over::Locked)
        }
    }
    fn end(&self, why: Over) {
        self.over.send_if_modified(|over| {
            let first = over.is_none();
            over.get_or_insert(why);
            first
        });
    }
}

enum Place {
    Locked,
    Shut(Sitting),
    Open(Sitting),
}
impl Place {
    fn held(&self) -> Option<&Sitting> {
        match self {
            Self::Locked => None,
            Self::Shut(s) | Self::Open(s) => Some(s),
        }
    }
}

/// What a locked-out browser may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// True where nobody may look at the case.
    pub locked: bool,
    /// True where work goes on behind it, for which the keys stay in memory.
    pub working: bool,
}

/// Why a case does not open.
#[derive(Debug)]
pub enum Refused {
    /// The last failure is too recent.
    TooSoon(Duration),
    /// What was given does not open it; the next try has to wait.
    Wrong(CaseError, Duration),
    /// Anything else.
    Case(CaseError),
}

/// Whether the case is open.
pub struct Door {
    settings: Settings,
    encrypted: bool,
    place: RwLock<Place>,
    /// One opens or closes at a time. Checking a passphrase takes much memory, so that is done one by one as well.
    turn: tokio::sync::Mutex<()>,
    tries: Mutex<Tries>,
    /// What was let go of last; somebody may hold it for a moment.
    leaving: Mutex<Weak<Casework>>,
    /// The program is ending.
    ending: watch::Sender<bool>,
}

impl Door {
    /// `case`: open already, or `None` for an encrypted one that waits for its passphrase. `settings`: without a credential that
    /// somebody typed.
    pub fn new(case: Option<Casework>, settings: &Settings) -> Arc<Self> {
        let door = Arc::new(Self {
            settings: settings.clone(),
            encrypted: case.as_ref().is_none_or(|c| c.card().encrypted),
            place: RwLock::new(Place::Locked),
            turn: tokio::sync::Mutex::default(),
            tries: Mutex::default(),
            leaving: Mutex::default(),
            ending: watch::channel(false).0,
        });
        if let Some(case) = case {
            door.enter(case);
        }
        door
    }
    /// True where there is something to lock.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }
    /// The open case, for people.
    pub fn sitting(&self) -> Option<Sitting> {
        match &*self.place() {
            Place::Open(sitting) => Some(sitting.clone()),
            _ => None,
        }
    }
    /// What anybody may know.
    pub fn standing(&self) -> Standing {
        match &*self.place() {
            Place::Open(_) => Standing { locked: false, working: false },
            Place::Shut(_) => Standing { locked: true, working: true },
            Place::Locked => Standing { locked: true, working: false },
        }
    }

    /// Opens the case. Whoever asked may go away meanwhile; it is done all the same.
    pub async fn unlock(self: &Arc<Self>, credential: Credential) -> Result<(), Refused> {
        let door = self.clone();
        let opened = tokio::spawn(async move { door.try_unlock(credential).await }).await;
        opened.unwrap_or(Err(Refused::Case(CaseError::Lost)))
    }
    async fn try_unlock(self: &Arc<Self>, credential: Credential) -> Result<(), Refused> {
        let _turn = self.turn.lock().await;
        if self.sitting().is_some() {
            return Ok(());
        }
        if let Some(wait) = self.tries().wait(uptime()) {
            return Err(Refused::TooSoon(wait));
        }
        let opened = self.open(credential).await;
        match opened {
            Ok(()) => {
                self.tries().forget();
                Ok(())
            }
            Err(e) if matches!(e.code(), "wrong-key" | "no-such-way-in") => Err(Refused::Wrong(e, self.tries().fail(uptime()))),
            Err(e) => Err(Refused::Case(e)),
        }
    }
    async fn open(self: &Arc<Self>, credential: Credential) -> Result<(), CaseError> {
        let settings = self.settings.clone().with_credential(credential);
        let dir = settings.case();
        if self.standing().working {
            // The case is open for the work already. Opening it once more, to read, shows whether the key fits.
            drop(Casework::open(&dir, Access::Read, &settings).await?);
            let mut place = self.place_mut();
            if let Place::Shut(sitting) = &*place {
                let sitting = Sitting::new(sitting.case.clone(), sitting.work.clone(), self.lock_after());
                self.watch(&sitting);
                *place = Place::Open(sitting);
            }
            return Ok(());
        }
        self.wait_until_gone().await;
        let case = Casework::open(&dir, Access::Write, &settings).await?;
        self.enter(case);
        Ok(())
    }
    fn enter(self: &Arc<Self>, case: Casework) {
        let case = Arc::new(case);
        let work = Work::start(case.clone(), self.settings.workers());
        let sitting = Sitting::new(case, work, self.lock_after());
        self.watch(&sitting);
        *self.place_mut() = Place::Open(sitting);
    }
    fn lock_after(&self) -> Option<Duration> {
        self.settings.lock_after().filter(|_| self.encrypted)
    }

    /// Locks at once: nobody looks any more, work is put back, keys are wiped. Whoever asked may go away meanwhile. `false` where
    /// something still held the case after a good while. Errors: the case is not encrypted, so there is nothing to lock it with.
    pub async fn lock(self: &Arc<Self>) -> Result<bool, CaseError> {
        if !self.encrypted {
            return Err(CaseError::NotEncrypted);
        }
        let door = self.clone();
        let locked = tokio::spawn(async move {
            let _turn = door.turn.lock().await;
            let before = std::mem::replace(&mut *door.place_mut(), Place::Locked);
            door.let_go(before).await
        });
        locked.await.map_err(|_| CaseError::Lost)
    }
    /// Ends everything, however the case is protected, and waits for work to be put back.
    pub async fn end(&self) {
        self.stop();
        let _turn = self.turn.lock().await;
        let before = std::mem::replace(&mut *self.place_mut(), Place::Locked);
        if let Some(sitting) = before.held() {
            let work = sitting.work.clone();
            work.wait().await;
        }
        self.let_go(before).await;
    }
    /// Asks everything to end.
    pub fn stop(&self) {
        self.ending.send_replace(true);
        if let Some(sitting) = self.place().held() {
            sitting.work.stop();
            // Whoever stops the program with a case that can be locked means to lock it.
            sitting.end(if self.encrypted { Over::Locked } else { Over::Stopped });
        }
    }
    /// Ends once somebody asked everything to end.
    pub async fn stopped(&self) {
        let _ = self.ending.subscribe().wait_for(|e| *e).await;
    }

    async fn let_go(&self, before: Place) -> bool {
        if let Some(sitting) = before.held() {
            sitting.end(Over::Locked);
            sitting.work.stop();
            *self.leaving.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&sitting.case);
        }
        drop(before);
        let gone = self.wait_until_gone().await;
        if !gone {
            tracing::warn!("the case is locked, but something holds it still");
        }
        gone
    }
    /// Ends once nobody holds the case that was let go of last, or after a good while.
    async fn wait_until_gone(&self) -> bool {
        let leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let end = uptime() + PATIENCE;
        while leaving.strong_count() > 0 {
            if uptime() > end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Ends the sitting when nobody is there for too long.
    fn watch(self: &Arc<Self>, sitting: &Sitting) {
        let Some(after) = sitting.lock_after() else { return };
        let (door, presence, work, over) = (Arc::downgrade(self), sitting.presence.clone(), sitting.work.clone(), sitting.over());
        tokio::spawn(async move {
            tokio::pin!(over);
            loop {
                tokio::select! {
                    _ = &mut over => return,
                    () = tokio::time::sleep(LOOK.min(after / 8)) => {},
                }
                match presence.verdict(uptime()) {
                    Verdict::Here => {}
                    Verdict::Soon(left) => {
                        if presence.tell() {
                            work.tell("locking", json!({"seconds": left.as_secs_f64().ceil()}));
                        }
                    }
                    Verdict::Gone => {
                        let Some(door) = door.upgrade() else { return };
                        door.leave(&presence).await;
                    }
                }
            }
        });
    }
    /// Nobody is there: lets go of the case, or shuts it while work goes on.
    async fn leave(self: &Arc<Self>, presence: &Arc<Presence>) {
        let _turn = self.turn.lock().await;
        let before = {
            let mut place = self.place_mut();
            let Place::Open(sitting) = &*place else { return };
            // Somebody may have come back in the last moment.
            if !Arc::ptr_eq(&sitting.presence, presence) || presence.verdict(uptime()) != Verdict::Gone {
                return;
            }
            sitting.end(Over::Locked);
            if sitting.work.is_busy() {
                self.lock_after_work(sitting);
                *place = Place::Shut(sitting.clone());
                return;
            }
            std::mem::replace(&mut *place, Place::Locked)
        };
        self.let_go(before).await;
    }
    /// Lets go of the case once the work is done, unless somebody comes back before.
    fn lock_after_work(self: &Arc<Self>, sitting: &Sitting) {
        let (door, presence, work) = (Arc::downgrade(self), sitting.presence.clone(), sitting.work.clone());
        tokio::spawn(async move {
            loop {
                work.idle().await;
                let Some(door) = door.upgrade() else { return };
                let _turn = door.turn.lock().await;
                let before = {
                    let mut place = door.place_mut();
                    match &*place {
                        Place::Shut(s) if !Arc::ptr_eq(&s.presence, &presence) => return,
                        Place::Shut(s) if s.work.is_busy() => continue,
                        Place::Shut(_) => std::mem::replace(&mut *place, Place::Locked),
                        _ => return,
                    }
                };
                door.let_go(before).await;
                return;
            }
        });
    }

    fn place(&self) -> std::sync::RwLockReadGuard<'_, Place> {
        self.place.read().unwrap_or_else(PoisonError::into_inner)
    }
    fn place_mut(&self) -> std::sync::RwLockWriteGuard<'_, Place> {
        self.place.write().unwrap_or_else(PoisonError::into_inner)
    }
    /// The failures so far, for tests that shall not wait.
    #[cfg(test)]
    pub fn failures(&self) -> std::sync::MutexGuard<'_, Tries> {
        self.tries()
    }
    fn tries(&self) -> std::sync::MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
