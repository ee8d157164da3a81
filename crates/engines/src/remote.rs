//! A server that the operator named: the one way in which anything leaves this machine.
//!
//! Only what is asked goes there, to the one address that the settings name; nothing is followed elsewhere, and no proxy of the
//! environment is used. What comes back is as hostile as any file: its length is bounded. Busy servers are waited for, lost
//! connections tried again. A server says which model it is before and after each recording, as far as it says anything.

use crate::EngineError;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use zapys_domain::{EngineIdentity, Finding, Severity};

/// An answer longer than this is none: nobody says so much in what is asked about at once.
const MAX_ANSWER: usize = 8 << 20;
/// How often one thing is asked.
const TRIES: u32 = 5;
/// The longest pause that a server may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Where a server is and which model it shall use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerConfig {
    /// The address that paths of the OpenAI-compatible API are appended to, such as `http://127.0.0.1:8000/v1`.
    pub address: String,
    /// The model it is asked for.
    pub model: String,
    /// File whose first line is sent as a bearer token; `None` for no token.
    pub key_file: Option<std::path::PathBuf>,
}
impl ServerConfig {
    /// The address, where it can be used: HTTPS, or plain HTTP to this machine. Errors: what is wrong.
    pub fn url(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.address).map_err(|_| "an address such as https://speech.example.org/v1")?;
        let own = url.host_str().is_some_and(|h| {
            let ip = h.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            h == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
        });
        match url.scheme() {
            _ if !url.username().is_empty() || url.password().is_some() => {
                Err("an address without name and password; a key goes into a file")
            }
            "https" if url.host_str().is_some() => Ok(url),
            "http" if own => Ok(url),
            "http" => Err("an address with https: plain http is for this machine only"),
            _ => Err("an address with https, or with http on this machine"),
        }
    }
}

/// What a server is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Role {
    /// Its name in errors.
    pub tool: &'static str,
    /// The setting with its address; those of its model and key begin alike.
    pub setting: &'static str,
}

/// A server, with what has to be known to ask it.
pub(crate) struct Remote {
    pub client: Client,
    base: String,
    /// Host and port.
    pub place: String,
    /// The model it is asked for.
    pub model: String,
    role: Role,
    key: Option<String>,
    /// Nobody asks before that: the server is busy.
    not_before: Mutex<Option<Instant>>,
}

impl Remote {
    /// Makes a client; the server is not asked anything yet. Errors: `Missing` where the settings cannot be used.
    pub fn new(config: &ServerConfig, role: Role) -> Result<Self, EngineError> {
        let Role { tool, setting } = role;
        let unusable = |what: &str| EngineError::Missing {
            what: format!("{} ({what})", tool.replacen("the ", "a usable ", 1)),
            hint: format!("Correct `{setting}` and what belongs to it in the settings; `zapys config show` lists them."),
        };
        let url = config.url().map_err(unusable)?;
        if config.model.trim().is_empty() {
            return Err(unusable(&format!("`{setting}_model` is empty")));
        }
        let key = match &config.key_file {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|_| unusable("its key file cannot be read"))?;
                Some(text.lines().next().unwrap_or_default().trim().to_owned()).filter(|k| !k.is_empty())
            }
            None => None,
        };
        let client = Client::builder()
            .user_agent(concat!("zapys/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            // Each call has its own runtime, and a connection does not outlive it.
            .pool_max_idle_per_host(0)
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|_| unusable("no connection can be set up"))?;
        let port = url.port_or_known_default().unwrap_or_default();
        Ok(Self {
            client,
            place: format!("{}:{port}", url.host_str().unwrap_or_default()),
            base: url.as_str().trim_end_matches('/').to_owned(),
            model: config.model.trim().to_owned(),
            role,
            key,
            not_before: Mutex::default(),
        })
    }

    /// The address of a path of the API, such as `/models`.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Who answers: the API by name, the place, the model that is asked for. Nobody outside can know the weights.
    pub fn identity(&self, name: &str, revision: u32) -> EngineIdentity {
        EngineIdentity {
            name: name.into(),
            version: format!("{}/{revision}+{}", env!("CARGO_PKG_VERSION"), self.place),
            model: Some(self.model.clone()),
            model_sha256: None,
            binary_sha256: None,
        }
    }

    /// An answer that makes no sense.
    pub fn failed(&self, reason: impl Into<String>) -> EngineError {
        EngineError::Failed { tool: self.role.tool, reason: reason.into() }
    }

    fn keyed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends what `make` makes until there is an answer. Busy servers are waited for, lost connections tried again.
    /// Errors: `Unreachable`; `Failed` where the server refuses.
    async fn send(&self, make: impl Fn() -> RequestBuilder) -> Result<Response, EngineError> {
        let mut pause = Duration::from_secs(1);
        let mut tries = 0;
        loop {
            self.wait().await;
            tries += 1;
            let (why, asked) = match self.keyed(make()).send().await {
                Ok(r) if r.status().is_success() => return Ok(r),
                Ok(r) if r.status() == StatusCode::TOO_MANY_REQUESTS || r.status().is_server_error() => {
                    let asked = r.headers().get("retry-after").and_then(|v| v.to_str().ok()?.trim().parse().ok());
                    (format!("it answers {}", r.status().as_u16()), asked.map(Duration::from_secs))
                }
                Ok(r) => return Err(self.failed(format!("it refuses what it is asked ({})", r.status().as_u16()))),
                Err(e) if e.is_connect() => ("nobody answers there".into(), None),
                Err(e) if e.is_timeout() => ("it does not answer in time".into(), None),
                Err(_) => ("the connection is lost".into(), None),
            };
            if tries == TRIES {
                return Err(EngineError::Unreachable { what: format!("{} {}", self.role.tool, self.place), reason: why });
            }
            let until = Instant::now() + asked.unwrap_or(pause).min(MAX_PAUSE);
            pause *= 2;
            let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            *not_before = Some(not_before.map_or(until, |t| t.max(until)));
        }
    }

    /// Waits as long as the server asked for, whatever it said so of.
    async fn wait(&self) {
        loop {
            let until = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            match until.and_then(|t| t.checked_duration_since(Instant::now())) {
                Some(left) => tokio::time::sleep(left).await,
                None => return,
            }
        }
    }

    /// Sends what `make` makes and reads the answer, bounded.
    /// Errors: `Unreachable`; `Failed` where the server refuses, or its answer is too long or makes no sense.
    pub async fn ask<T: DeserializeOwned>(&self, make: impl Fn() -> RequestBuilder) -> Result<T, EngineError> {
        let mut answer = self.send(make).await?;
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|_| self.failed("its answer breaks off"))? {
            bytes.extend_from_slice(&part);
            if bytes.len() > MAX_ANSWER {
                return Err(self.failed("its answer is longer than any can be"));
            }
        }
        serde_json::from_slice(&bytes).map_err(|_| self.failed("its answer makes no sense"))
    }

    /// Where it is, which model it is asked for, and what it lists of that; nothing of it where it lists none.
    /// Errors: `Unreachable`.
    pub fn presence(&self, cancel: &AtomicBool) -> Result<serde_json::Value, EngineError> {
        let url = self.at("/models");
        let asked = self.ask::<Models>(|| self.client.get(&url).timeout(Duration::from_secs(30)));
        let listed = match until_cancelled(cancel, asked) {
            Ok(listed) => Some(listed),
            // A server need not list its models.
            Err(EngineError::Failed { .. }) => None,
            Err(e) => return Err(e),
        };
        let own = listed.and_then(|l| l.data.into_iter().find(|m| m.get("id").and_then(|i| i.as_str()) == Some(&self.model)));
        let told = |k: &str, v: &serde_json::Value| ["id", "created", "owned_by"].contains(&k) && short(v);
        let said: serde_json::Map<_, _> = own.into_iter().flatten().filter(|(k, v)| told(k, v)).collect();
        Ok(serde_json::json!({"at": self.place, "model": self.model, "listed": said}))
    }
}

/// Runs what waits for a server, until it is done or no longer wanted; what is under way then is given up.
pub(crate) fn until_cancelled<T>(
    cancel: &AtomicBool,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(EngineError::Io)?;
    runtime.block_on(async {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(Duration::from_millis(100)) => {
                    if cancel.load(Ordering::Relaxed) {
                        return Err(EngineError::Cancelled);
                    }
                }
            }
        }
    })
}

/// The finding where a server names another model after a recording than before. `did`: what it did of it.
pub(crate) fn model_changed(did: &str) -> Finding {
    let text =
        format!("The server said that it is another model after the recording than before; nobody knows which {did} what.");
    Finding::whole("model-changed", Severity::Serious, text)
}

#[derive(Deserialize)]
struct Models {
    data: Vec<serde_json::Map<String, serde_json::Value>>,
}

fn short(v: &serde_json::Value) -> bool {
    v.as_str().is_some_and(|s| s.len() <= 200) || v.as_i64().is_some()
}
