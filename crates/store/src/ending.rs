//! The end of SQLite's connections. Each lives in a thread of its own; the last one to close brings the log of writes back into the
//! file of the record and takes the log away. So every program waits for [`closed`] before it ends. Library code run at the end of a
//! process would take the cipher away under one that still lives.

use sqlx::SqlitePool;
use std::sync::LazyLock;
use tokio::sync::watch;

/// How many records are open in this process.
static OPEN: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// The pools of one open record; closed when the last handle of the record goes.
#[derive(Debug)]
pub(crate) struct Open([SqlitePool; 2]);
impl Open {
    pub(crate) fn new(pools: [SqlitePool; 2]) -> Self {
        OPEN.send_modify(|n| *n += 1);
        Self(pools)
    }
}
impl Drop for Open {
    fn drop(&mut self) {
        let [write, read] = self.0.clone();
        let end = async move {
            read.close().await;
            write.close().await;
            OPEN.send_modify(|n| *n -= 1);
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(end)),
            // Without a runtime nobody waits either.
            Err(_) => OPEN.send_modify(|n| *n -= 1),
        }
    }
}

/// Waits until every SQLite record that this process had open is closed. Handles must have gone before.
pub async fn closed() {
    let mut open = OPEN.subscribe();
    // The sender is never dropped.
    let _ = open.wait_for(|n| *n == 0).await;
}
