//! The workbench in the browser: HTTP API, sessions, the embedded interface. No rules of its own.
//!
//! It listens on loopback only. A one-time link becomes a session; every request must name this machine as Host and come
//! from this origin; every change carries the session's token. Evidence is sent as JSON, sound or re-encoded pictures,
//! never as a page.

mod api;
mod error;
mod guard;
mod openapi;
mod session;
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
    case: Arc<Casework>,
    sessions: Arc<Sessions>,
    work: work::Work,
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
    work: work::Work,
}

/// Binds the address of the settings and starts processing what is due. Requests are answered once [`Running::until`] runs.
pub async fn start(case: Arc<Casework>, settings: &Settings) -> Result<Running, ServeError> {
    let text = settings.text("listen");
    let wanted: SocketAddr = text.replace("localhost", "127.0.0.1").parse().map_err(|_| ServeError::NotLoopback(text.into()))?;
    if !wanted.ip().is_loopback() {
        return Err(ServeError::NotLoopback(text.into()));
    }
    let listen = |source| ServeError::Listen { address: wanted, source };
    let listener = TcpListener::bind(wanted).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (sessions, token) = Sessions::new();
    let work = work::Work::start(case.clone(), settings.workers());
    let port = address.port();
    let hosts = ["127.0.0.1", "localhost", "[::1]"].iter().map(|h| format!("{h}:{port}")).collect();
    let app = App { case, sessions: Arc::new(sessions), work: work.clone(), hosts: Arc::new(hosts) };
    Ok(Running { listener, address, router: router(app), token, work })
}

fn router(app: App) -> Router {
    Router::new()
        .nest("/api/v1", api::routes().layer(from_fn_with_state(app.clone(), guard::needs_session)))
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
    /// Answers requests until `stop` is done; then lets work under way be put back.
    pub async fn until(self, stop: impl Future<Output = ()> + Send + 'static) {
        let work = self.work.clone();
        let served = axum::serve(self.listener, self.router).with_graceful_shutdown(async move {
            stop.await;
            work.stop();
        });
        // The event stream of an open page never ends by itself: do not wait for it longer than this.
        let work = self.work.clone();
        tokio::select! {
            _ = served => {},
            () = async { work.stopped().await; tokio::time::sleep(std::time::Duration::from_millis(300)).await } => {},
        }
        self.work.wait().await;
    }
}
