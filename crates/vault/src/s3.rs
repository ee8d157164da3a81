//! Objects on an S3 server. Names are taken by conditional requests (`If-None-Match`), so two writers never replace one another.

use crate::backend::{Backend, BackendError, Page, Put, SealedName};
use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut, S3CopyIfNotExists};
use object_store::path::Path as Key;
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig, WriteMultipart,
};
use std::future::Future;
use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use zapys_domain::Private;

/// Up to this length an object goes up in one request; longer ones go up in parts under another name and are then copied.
const ONE_REQUEST: u64 = 16 << 20;
const PART: usize = 16 << 20;

/// Where an S3 server is and how to talk to it.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// Bucket; it must exist.
    pub bucket: String,
    /// Put before each name; may be empty.
    pub prefix: String,
    /// Address such as `http://127.0.0.1:8333`; `None` for Amazon itself.
    pub endpoint: Option<String>,
    /// Region; many servers take any.
    pub region: String,
    /// Access key; `None` asks without signing.
    pub access_key: Option<Private<String>>,
    /// Secret key.
    pub secret_key: Option<Private<String>>,
    /// Folder in which bytes wait until their digest is known. It holds evidence: keep it inside the case.
    pub scratch: PathBuf,
}

/// Objects on an S3 server.
pub struct S3 {
    store: Arc<AmazonS3>,
    prefix: Key,
    /// Taken only when dropped.
    runtime: Option<Runtime>,
}

impl Drop for S3 {
    /// A runtime may not be waited for inside another one; requests under way are abandoned, as in any killed process.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl S3 {
    /// Connects, and asks once for a listing, so that a wrong address or key is told now.
    /// Errors: `Unreachable`, `Denied`.
    pub fn connect(config: &S3Config) -> Result<Self, BackendError> {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            // Long enough for a server that restarts a part of itself, short enough for a person who waits.
            .with_retry(RetryConfig { max_retries: 5, retry_timeout: Duration::from_secs(15), ..RetryConfig::default() })
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_copy_if_not_exists(S3CopyIfNotExists::Multipart);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        builder = match (&config.access_key, &config.secret_key) {
            (Some(access), Some(secret)) => builder.with_access_key_id(access.reveal()).with_secret_access_key(secret.reveal()),
            _ => builder.with_skip_signature(true),
        };
        let store = builder.build().map_err(sort)?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("zapys-s3").enable_all().build()?;
        let s3 = Self { store: Arc::new(store), prefix: Key::from(config.prefix.as_str()), runtime: Some(runtime) };
        // Asking for one object tells a wrong key apart, listing a wrong bucket.
        s3.size(&SealedName::parse(&"0".repeat(64)).expect("64 zeros are a name"))?;
        s3.list(None)?;
        Ok(s3)
    }
    fn folder(&self) -> Key {
        self.prefix.clone().join("objects")
    }
    fn key(&self, name: &SealedName) -> Key {
        let (first, rest) = name.halves();
        self.folder().join(first).join(rest)
    }
    fn name(&self, key: &Key) -> Option<SealedName> {
        let mut parts = key.prefix_match(&self.folder())?;
        let (first, rest) = (parts.next()?, parts.next()?);
        SealedName::parse(&format!("{}{}", first.as_ref(), rest.as_ref()))
    }
    /// Waits for a request on the own runtime; works from any thread, inside another runtime too.
    fn wait<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, BackendError> {
        let (done, result) = std::sync::mpsc::sync_channel(1);
        self.runtime.as_ref().expect("there until dropped").spawn(async move {
            let _ = done.send(request.await);
        });
        match result.recv() {
            Ok(answer) => answer.map_err(sort),
            Err(gone) => Err(BackendError::Unreachable(Box::new(gone))),
        }
    }
    fn put_small(&self, key: Key, body: &mut dyn Read, len: u64) -> Result<Put, BackendError> {
        let mut bytes = Vec::new();
        let found = body.take(len.saturating_add(1)).read_to_end(&mut bytes).map_err(BackendError::Body)? as u64;
        if found != len {
            return Err(BackendError::WrongLength { expected: len, found });
        }
        let store = self.store.clone();
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        taken(self.wait(async move { store.put_opts(&key, PutPayload::from(bytes), options).await.map(drop) }))
    }
    /// Up in parts under a name of its own, then copied under the real name on condition that it is free.
    fn put_large(&self, key: Key, body: &mut dyn Read, len: u64) -> Result<Put, BackendError> {
        let mut random = [0u8; 16];
        getrandom::fill(&mut random).map_err(|e| BackendError::Io(io::Error::other(e)))?;
        let waiting: String = random.iter().map(|b| format!("{b:02x}")).collect();
        let waiting = self.prefix.clone().join("tmp").join(waiting);
        let (store, at) = (self.store.clone(), waiting.clone());
        let mut upload =
            Some(WriteMultipart::new_with_chunk_size(self.wait(async move { store.put_multipart(&at).await })?, PART));
        let mut found = 0;
        let mut body = body.take(len.saturating_add(1));
        let sent = loop {
            let mut part = Vec::with_capacity(PART);
            match (&mut body).take(PART as u64).read_to_end(&mut part) {
                Ok(0) => break if found == len { Ok(()) } else { Err(BackendError::WrongLength { expected: len, found }) },
                Ok(n) => found += n as u64,
                Err(e) => break Err(BackendError::Body(e)),
            }
            let Some(mut up) = upload.take() else { break Err(BackendError::Io(io::ErrorKind::BrokenPipe.into())) };
            let next = self.wait(async move {
                // At most two parts are on their way, so that memory stays flat.
                up.wait_for_capacity(1).await?;
                up.put(part.into());
                Ok(up)
            });
            match next {
                Ok(up) => upload = Some(up),
                Err(e) => break Err(e),
            }
        };
        if let Err(e) = sent {
            if let Some(up) = upload {
                let _ = self.wait(async move { up.abort().await });
            }
            return Err(e);
        }
        let Some(up) = upload else { return Err(BackendError::Io(io::ErrorKind::BrokenPipe.into())) };
        self.wait(async move { up.finish().await.map(drop) })?;
        let (store, from) = (self.store.clone(), waiting.clone());
        let put = taken(self.wait(async move { store.copy_if_not_exists(&from, &key).await }));
        let store = self.store.clone();
        // What stays behind costs space only; the result stands.
        let _ = self.wait(async move { store.delete(&waiting).await });
        put
    }
}

impl Backend for S3 {
    fn put_new(&self, name: &SealedName, body: &mut dyn Read, len: u64) -> Result<Put, BackendError> {
        if self.size(name)?.is_some() {
            return Ok(Put::AlreadyThere);
        }
        let key = self.key(name);
        if len <= ONE_REQUEST { self.put_small(key, body, len) } else { self.put_large(key, body, len) }
    }
    fn read(&self, name: &SealedName, range: Range<u64>) -> Result<Box<dyn Read + Send>, BackendError> {
        let size = self.size(name)?.ok_or(BackendError::NotThere)?;
        let range = range.start.min(size)..range.end.min(size);
        if range.is_empty() {
            return Ok(Box::new(io::empty()));
        }
        let (store, key) = (self.store.clone(), self.key(name));
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let mut stream = self.wait(async move { Ok(store.get_opts(&key, options).await?.into_stream()) })?;
        let (chunks, received) = mpsc::channel(4);
        self.runtime.as_ref().expect("there until dropped").spawn(async move {
            while let Some(chunk) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                if chunks.send(chunk.map(Vec::from)).await.is_err() {
                    break;
                }
            }
        });
        Ok(Box::new(Incoming { received, chunk: Vec::new(), at: 0 }))
    }
    fn size(&self, name: &SealedName) -> Result<Option<u64>, BackendError> {
        let (store, key) = (self.store.clone(), self.key(name));
        match self.wait(async move { store.head(&key).await.map(|m| m.size) }) {
            Ok(size) => Ok(Some(size)),
            Err(BackendError::NotThere) => Ok(None),
            Err(e) => Err(e),
        }
    }
    fn list(&self, after: Option<&SealedName>) -> Result<Page<SealedName>, BackendError> {
        const PART: usize = 1000;
        let (store, folder) = (self.store.clone(), self.folder());
        let after = after.map(|a| self.key(a));
        let keys = self.wait(async move {
            let mut stream = match &after {
                Some(after) => store.list_with_offset(Some(&folder), after),
                None => store.list(Some(&folder)),
            };
            let mut keys = Vec::new();
            while let Some(object) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                keys.push(object?.location);
                if keys.len() == PART {
                    break;
                }
            }
            Ok(keys)
        })?;
        let full = keys.len() == PART;
        let names: Vec<SealedName> = keys.iter().filter_map(|k| self.name(k)).collect();
        let next = if full { names.last().cloned() } else { None };
        Ok(Page { names, next })
    }
}

/// Bytes as they arrive.
struct Incoming {
    received: mpsc::Receiver<Result<Vec<u8>, Error>>,
    chunk: Vec<u8>,
    at: usize,
}
impl Read for Incoming {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            match recv(&mut self.received) {
                Some(Ok(chunk)) => (self.chunk, self.at) = (chunk, 0),
                Some(Err(e)) => return Err(io::Error::other(e)),
                None => return Ok(0),
            }
        }
        let n = buf.len().min(self.chunk.len() - self.at);
        buf[..n].copy_from_slice(&self.chunk[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Waits for a chunk with the thread itself, which is allowed inside a runtime too.
fn recv<T>(from: &mut mpsc::Receiver<T>) -> Option<T> {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut cx = std::task::Context::from_waker(&waker);
    loop {
        match from.poll_recv(&mut cx) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

fn taken(result: Result<(), BackendError>) -> Result<Put, BackendError> {
    match result {
        Ok(()) => Ok(Put::New),
        Err(BackendError::Io(e)) if e.kind() == io::ErrorKind::AlreadyExists => Ok(Put::AlreadyThere),
        Err(e) => Err(e),
    }
}

fn sort(error: Error) -> BackendError {
    match error {
        Error::NotFound { .. } => BackendError::NotThere,
        Error::AlreadyExists { .. } | Error::Precondition { .. } => BackendError::Io(io::ErrorKind::AlreadyExists.into()),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => BackendError::Denied,
        other => BackendError::Unreachable(Box::new(other)),
    }
}
