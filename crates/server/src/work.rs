//! Processing beside the workbench: whatever is due is computed while people look, and its progress is told.

use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, broadcast, watch};
use zapys_casework::{Casework, ProcessRequest};

/// A handle on the work.
#[derive(Clone)]
pub struct Work {
    due: Arc<Notify>,
    cancel: Arc<AtomicBool>,
    events: broadcast::Sender<Value>,
    /// 0 running, 1 asked to stop, 2 stopped.
    state: Arc<watch::Sender<u8>>,
    /// Something is computed, or is about to be.
    busy: Arc<watch::Sender<bool>>,
}

impl Work {
    /// Starts with what is due already.
    pub fn start(case: Arc<Casework>, workers: usize) -> Self {
        let work = Self {
            due: Arc::new(Notify::new()),
            cancel: Arc::default(),
            events: broadcast::channel(1024).0,
            state: Arc::new(watch::channel(0).0),
            busy: Arc::new(watch::channel(true).0),
        };
        let this = work.clone();
        this.due.notify_one();
        tokio::spawn(async move {
            let mut state = this.state.subscribe();
            loop {
                tokio::select! {
                    biased;
                    _ = state.wait_for(|s| *s > 0) => break,
                    () = this.due.notified() => {},
                }
                this.busy.send_replace(true);
                let events = this.events.clone();
                let sink = Arc::new(move |e: zapys_casework::view::ProcessEvent| {
                    let ended = e.event != "progress" && e.event != "started";
                    let item = e.item;
                    // Nobody may be listening; then nobody misses it.
                    let _ = events.send(json!({"type": "progress", "data": e}));
                    if ended {
                        let _ = events.send(json!({"type": "changed", "data": {"item": item}}));
                    }
                });
                let request = ProcessRequest { workers, ..Default::default() };
                if let Err(e) = case.process(request, this.cancel.clone(), sink).await {
                    tracing::warn!(code = zapys_domain::Fault::code(&e), "processing stopped");
                    let _ = this.events.send(json!({"type": "fault", "data": zapys_casework::view::ErrorView::of(&e, None)}));
                }
                this.busy.send_replace(false);
            }
            // Whoever waits for the end waits for the case to be let go of.
            drop(case);
            this.busy.send_replace(false);
            this.state.send_replace(2);
        });
        work
    }
    /// Something new may be due.
    pub fn wake(&self) {
        self.busy.send_replace(true);
        self.due.notify_one();
    }
    /// True while something is computed.
    pub fn is_busy(&self) -> bool {
        *self.busy.borrow()
    }
    /// As if something were computed, or nothing.
    #[cfg(test)]
    pub fn pretend(&self, busy: bool) {
        self.busy.send_replace(busy);
    }
    /// Ends once nothing is computed.
    pub async fn idle(&self) {
        let _ = self.busy.subscribe().wait_for(|busy| !*busy).await;
    }
    /// What happens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Value> {
        self.events.subscribe()
    }
    /// Tells listeners that an item changed.
    pub fn changed(&self, item: zapys_domain::ItemId) {
        self.tell("changed", json!({"item": item}));
    }
    /// Tells listeners something.
    pub fn tell(&self, what: &str, data: Value) {
        // Nobody may be listening; then nobody misses it.
        let _ = self.events.send(json!({"type": what, "data": data}));
    }
    /// Asks work under way to be put back.
    pub fn stop(&self) {
        self.cancel.store(true, Ordering::Relaxed);
        self.state.send_if_modified(|s| {
            let ask = *s == 0;
            if ask {
                *s = 1;
            }
            ask
        });
    }
    /// Ends once nothing runs any more.
    pub async fn wait(&self) {
        let _ = self.state.subscribe().wait_for(|s| *s == 2).await;
    }
}
