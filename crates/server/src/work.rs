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
}

impl Work {
    /// Starts with what is due already.
    pub fn start(case: Arc<Casework>, workers: usize) -> Self {
        let work = Self {
            due: Arc::new(Notify::new()),
            cancel: Arc::default(),
            events: broadcast::channel(1024).0,
            state: Arc::new(watch::channel(0).0),
        };
        let this = work.clone();
        this.due.notify_one();
        tokio::spawn(async move {
            let mut state = this.state.subscribe();
            loop {
                tokio::select! {
                    () = this.due.notified() => {},
                    _ = state.wait_for(|s| *s > 0) => break,
                }
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
            }
            this.state.send_replace(2);
        });
        work
    }
    /// Something new may be due.
    pub fn wake(&self) {
        self.due.notify_one();
    }
    /// What happens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Value> {
        self.events.subscribe()
    }
    /// Tells listeners that an item changed.
    pub fn changed(&self, item: zapys_domain::ItemId) {
        let _ = self.events.send(json!({"type": "changed", "data": {"item": item}}));
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
    /// Ends once somebody asked to stop.
    pub async fn stopped(&self) {
        let _ = self.state.subscribe().wait_for(|s| *s > 0).await;
    }
    /// Ends once nothing runs any more.
    pub async fn wait(&self) {
        let _ = self.state.subscribe().wait_for(|s| *s == 2).await;
    }
}
