//! The workbench in the browser: HTTP API, sessions, the embedded interface. No rules of its own.
//!
//! An encrypted case is behind a [`door`]: open with its keys in memory, or locked without them.
//!
//! It listens on loopback only. A one-time link becomes a session; every request must name this machine as Host and come
//! from this origin; every change carries the session's token. Evidence is sent as JSON, sound or re-encoded pictures,
//! never as a page.

mod api;
mod door;
mod error;
mod guard;
mod openapi;
mod presence;
mod session;
#[cfg(test)]
mod tests;
mod ui;
mod work;

use axum::Router;
use axum::middleware::from_fn_with_state;
use session::Sessions;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use zapys_casework::{Casework, Settings};
use zapys_domain::{Fault, FaultKind};

/// What every handler sees.
#[derive(Clone)]
pub(crate) struct App {
    door: Arc<door::Door>,
    sessions: Arc<Sessions>,
    /// Authorities that may stand in Host and Origin: `127.0.0.1:7878`, `localhost:7878`, `[::1]:7878`.
    hosts: Arc<Vec<String>>,
}

/// Why the workbench cannot open.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Not a loopback address with a port.
    #[error("the workbench listens on this machine only, and `{0}` is no loopback address with a port")]
    NotLoopback(String),
    /// The port is taken or not allowed.
    #[error("the workbench cannot listen on {address}: {source}")]
    Listen {
        /// Address asked for.
        address: SocketAddr,
        /// Cause.
        source: std::io::Error,
    },
}
impl Fault for ServeError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::NotLoopback(_) => FaultKind::Usage,
            Self::Listen { .. } => FaultKind::Environment,
        }
    }
    fn hint(&self) -> String {
        match self {
            Self::NotLoopback(_) => "Give --listen an address such as 127.0.0.1:7878.".into(),
            Self::Listen { .. } => "Stop the program that uses the port, or choose another with --listen 127.0.0.1:0.".into(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::NotLoopback(_) => "not-loopback",
            Self::Listen { .. } => "cannot-listen",
        }
    }
}

/// A workbench that is open.
pub struct Running {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    token: String,
    door: Arc<door::Door>,
}

/// Binds the address of the settings and starts processing what is due. Requests are answered once [`Running::until`] runs.
/// `case`: open for writing, or `None` for an encrypted one that is to be unlocked in the browser.
pub async fn start(case: Option<Casework>, settings: &Settings) -> Result<Running, ServeError> {
    let text = settings.text("listen");
    let wanted: SocketAddr = text.replace("localhost", "127.0.0.1").parse().map_err(|_| ServeError::NotLoopback(text.into()))?;
    if !wanted.ip().is_loopback() {
        return Err(ServeError::NotLoopback(text.into()));
    }
    let listen = |source| ServeError::Listen { address: wanted, source };
    let listener = TcpListener::bind(wanted).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (sessions, token) = Sessions::new();
    let door = door::Door::new(case, settings);
    let port = address.port();
    let hosts = ["127.0.0.1", "localhost", "[::1]"].iter().map(|h| format!("{h}:{port}")).collect();
    let app = App { door: door.clone(), sessions: Arc::new(sessions), hosts: Arc::new(hosts) };
    Ok(Running { listener, address, router: router(app), token, door })
}

fn router(app: App) -> Router {
    let inside = api::inside().layer(from_fn_with_state(app.clone(), guard::needs_open_case));
    let api = api::at_the_door().merge(inside).layer(from_fn_with_state(app.clone(), guard::needs_session));
    Router::new()
        .nest("/api/v1", api)
        .merge(session::routes())
        .fallback(ui::serve)
        .layer(from_fn_with_state(app.clone(), guard::this_machine_only))
        .with_state(app)
}

impl Running {
    /// Address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// The one-time link.
    pub fn link(&self) -> String {
        format!("http://{}/open?token={}", self.address, self.token)
    }
    /// True where it waits for somebody to unlock the case.
    pub fn is_locked(&self) -> bool {
        self.door.standing().locked
    }
    /// Answers requests until `stop` is done; then lets work under way be put back and lets go of the case.
    pub async fn until(self, stop: impl Future<Output = ()> + Send + 'static) {
        let door = self.door.clone();
        let served = axum::serve(self.listener, self.router).with_graceful_shutdown(async move {
            stop.await;
            door.stop();
        });
        // A connection that somebody keeps open may never end by itself: it is not waited for longer than this.
        let door = self.door.clone();
        tokio::select! {
            _ = served => {},
            () = async { door.stopped().await; tokio::time::sleep(std::time::Duration::from_millis(300)).await } => {},
        }
        self.door.end().await;
    }
}
