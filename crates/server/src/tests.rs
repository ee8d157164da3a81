//! The workbench as programs meet it: the whole router over a real case, without a network.

use crate::door::{Door, Refused};
use crate::openapi::ROUTES;
use crate::presence::uptime;
use crate::session::Sessions;
use crate::{App, router};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use zapys_casework::{Access, CaseError, Casework, CreateOptions, Credential, Protection, Settings};
use zapys_domain::Actor;

const NAME: &str = "Name that must not be told";
const HOST: &str = "127.0.0.1:7878";

/// An encrypted case, a browser with a session, and the folder of both.
struct Stage {
    door: Arc<Door>,
    router: Router,
    cookie: String,
    csrf: String,
    settings: Settings,
    folder: tempfile::TempDir,
}

fn key() -> Credential {
    let bytes: Vec<u8> = (0..64u8).map(|i| i.wrapping_mul(37) ^ 0x5a).collect();
    Credential::KeyFile(bytes.into())
}
fn wrong_key() -> Credential {
    Credential::KeyFile((0..64u8).map(|i| i.wrapping_mul(41)).collect::<Vec<_>>().into())
}
fn settings(folder: &Path, lock_after: &str) -> Settings {
    let path = |p: &str| folder.join(p).to_string_lossy().into_owned();
    let flags = [("case", path("case")), ("scratch", path("shm")), ("lock_after", lock_after.into()), ("sandbox", "off".into())];
    Settings::load(None, [], &flags).expect("good settings")
}

impl Stage {
    async fn new(lock_after: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path(), lock_after);
        let protection = Protection::Encrypted { way: key(), recovery: None };
        let options = CreateOptions { protection, name: NAME.into(), ..Default::default() };
        let case = Casework::create(&settings.case(), options, &settings, &Actor::owner()).await.expect("a case");
        Self::with(Some(case), settings, folder).await
    }
    /// A case that is not encrypted.
    async fn plain() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(folder.path(), "1");
        let options = CreateOptions { name: NAME.into(), ..Default::default() };
        let case = Casework::create(&settings.case(), options, &settings, &Actor::owner()).await.expect("a case");
        Self::with(Some(case), settings, folder).await
    }
    async fn with(case: Option<Casework>, settings: Settings, folder: tempfile::TempDir) -> Self {
        let door = Door::new(case, &settings);
        let (sessions, token) = Sessions::new();
        let app = App { door: door.clone(), sessions: Arc::new(sessions), hosts: Arc::new(vec![HOST.into()]) };
        let router = router(app);
        let mut stage = Self { door, router, cookie: String::new(), csrf: String::new(), settings, folder };
        let opened = stage.ask("GET", &format!("/open?token={token}"), &[], Body::empty()).await;
        let set = opened.headers().get("set-cookie").and_then(|v| v.to_str().ok()).expect("a cookie");
        stage.cookie = set.split(';').next().expect("a value").to_owned();
        stage.csrf = stage.get("/session").await.1["csrf"].as_str().expect("a token").to_owned();
        stage
    }
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(body).expect("a request")).await.expect("infallible")
    }
    /// With session and token.
    async fn send(&self, method: &str, path: &str, body: Body) -> Response<Body> {
        let headers =
            [("cookie", self.cookie.as_str()), ("x-zapys-csrf", self.csrf.as_str()), ("content-type", "application/json")];
        self.ask(method, &format!("/api/v1{path}"), &headers, body).await
    }
    async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.send("GET", path, Body::empty()).await).await
    }
    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        read(self.send("POST", path, body.to_string().into()).await).await
    }
    async fn unlock(&self, key: Credential) -> Result<(), Refused> {
        self.door.unlock(key).await
    }
    /// Nothing is left: no folder for plain copies, no lock, and another program may have the case.
    async fn let_go_of(&self) {
        let left: Vec<_> = std::fs::read_dir(self.folder.path().join("shm")).map(|d| d.flatten().collect()).unwrap_or_default();
        assert!(left.is_empty(), "plain copies are left: {left:?}");
        let again = self.settings.clone().with_credential(key());
        Casework::open(&again.case(), Access::Write, &again).await.map(drop).expect("another program may have the case");
    }
}
async fn read(response: Response<Body>) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}
/// Waits long for what may take a moment on a busy machine.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never came about: {what}");
}
fn filled(path: &str) -> String {
    path.replace("{item}", "x").replace("{way}", "w1")
}

/// Invariant 20: no handler reaches the case without an actor.
#[tokio::test]
async fn every_route_needs_a_session_and_every_change_its_token() {
    let stage = Stage::new("0").await;
    for (method, path, ..) in ROUTES {
        let at = format!("/api/v1{}", filled(path));
        let (status, problem) = read(stage.ask(&method.to_uppercase(), &at, &[], Body::empty()).await).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("no-session")), "{method} {path}");
        if *method != "get" {
            let cookie = [("cookie", stage.cookie.as_str())];
            let (status, problem) = read(stage.ask(&method.to_uppercase(), &at, &cookie, Body::empty()).await).await;
            assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("no-token")), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn while_locked_every_route_but_three_answers_423_and_nothing_is_told() {
    let stage = Stage::new("0").await;
    let (_, open) = stage.get("/session").await;
    assert_eq!((&open["locked"], &open["name"], &open["encrypted"]), (&json!(false), &json!(NAME), &json!(true)));
    let case = open["case"].as_str().expect("an id").to_owned();
    let (status, locked) = stage.post("/lock", json!({})).await;
    assert_eq!((status, locked), (StatusCode::OK, json!({"locked": true, "released": true})));
    for (method, path, ..) in ROUTES {
        if matches!(*path, "/session" | "/unlock" | "/lock") {
            continue;
        }
        let response = stage.send(&method.to_uppercase(), &filled(path), "{}".into()).await;
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{method} {path}");
        let (status, problem) = read(response).await;
        assert_eq!((status, &problem["code"]), (StatusCode::LOCKED, &json!("locked")), "{method} {path}");
    }
    let told = stage.get("/session").await.1;
    assert_eq!((&told["locked"], &told["working"]), (&json!(true), &json!(false)));
    assert!(!told.to_string().contains(NAME) && !told.to_string().contains(&case), "{told}");
    // Locking what is locked is no fault.
    assert_eq!(stage.post("/lock", json!({})).await.0, StatusCode::OK);
}

/// T2: seized, unlocked.
#[tokio::test]
async fn locking_lets_go_of_everything_and_unlocking_opens_it_again() {
    let stage = Stage::new("0").await;
    assert!(stage.folder.path().join("shm").read_dir().expect("a folder").next().is_some(), "plain copies have a place");
    // A stream that never ends, and an upload that never comes to its end.
    let events = stage.send("GET", "/events", Body::empty()).await;
    assert_eq!(events.status(), StatusCode::OK);
    let part = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"the first part")) });
    let endless = Body::from_stream(part.chain(stream::pending()));
    let upload = tokio::spawn({
        let (router, cookie, csrf) = (stage.router.clone(), stage.cookie.clone(), stage.csrf.clone());
        async move {
            let request = Request::post("/api/v1/intake?name=a").header("host", HOST).header("cookie", cookie);
            let request = request.header("x-zapys-csrf", csrf).body(endless).expect("a request");
            read(router.oneshot(request).await.expect("infallible")).await
        }
    });
    let spool = stage.settings.case().join("scratch");
    until("the upload is under way", || spool.read_dir().is_ok_and(|mut d| d.next().is_some())).await;

    assert_eq!(stage.post("/lock", json!({})).await.1["released"], true);
    let (status, problem) = upload.await.expect("answered");
    assert_eq!((status, &problem["code"]), (StatusCode::LOCKED, &json!("locked")));
    let told = events.into_body().collect().await.expect("it ends").to_bytes();
    assert!(String::from_utf8_lossy(&told).trim_end().ends_with("event: locked\ndata: {}"), "the last thing said is why");
    stage.let_go_of().await;

    assert!(stage.unlock(key()).await.is_ok());
    let (status, view) = stage.get("/case").await;
    assert_eq!((status, &view["name"]), (StatusCode::OK, &json!(NAME)));
    assert_eq!(view["counts"]["items"], 0, "half an upload is none");
}

#[tokio::test]
async fn a_wrong_way_in_is_refused_and_the_next_try_waits() {
    let stage = Stage::new("0").await;
    stage.door.lock().await.expect("encrypted");
    let (status, problem) = stage.post("/unlock", json!({"key_file": "AAAA"})).await;
    assert_eq!((status, &problem["code"], &problem["wait_s"]), (StatusCode::FORBIDDEN, &json!("wrong-key"), &json!(1)));
    // As if it had failed often.
    for _ in 0..9 {
        stage.door.failures().fail(uptime());
    }
    let response = stage.send("POST", "/unlock", json!({"key_file": "AAAA"}).to_string().into()).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(read(response).await.1["wait_s"], wait);
    // The right one waits too: otherwise waiting would tell which was right.
    assert!(matches!(stage.unlock(key()).await, Err(Refused::TooSoon(_))));
    stage.door.failures().forget();
    assert!(stage.unlock(key()).await.is_ok());
    for bad in [json!({}), json!({"passphrase": ""}), json!({"passphrase": "a", "key_file": "b"}), json!({"passwd": "a"})] {
        assert_eq!(stage.post("/unlock", bad).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn it_locks_when_nobody_is_there_and_tells_before() {
    let stage = Stage::new("3").await;
    let mut heard = stage.door.sitting().expect("open").work.listen();
    until("work is done", || stage.door.sitting().is_none_or(|s| !s.work.is_busy())).await;
    until("it locks", || stage.door.sitting().is_none()).await;
    until("it lets go", || !stage.door.standing().working).await;
    let mut told = Vec::new();
    while let Ok(event) = heard.try_recv() {
        told.push(event["type"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(told, ["locking"]);
    stage.let_go_of().await;
}

#[tokio::test]
async fn people_keep_it_open_and_pages_do_not() {
    let stage = Stage::new("300").await;
    let sitting = stage.door.sitting().expect("open");
    let before = sitting.last_seen();
    let by_itself = [("cookie", stage.cookie.as_str()), ("x-zapys-background", "1")];
    assert_eq!(stage.ask("GET", "/api/v1/case", &by_itself, Body::empty()).await.status(), StatusCode::OK);
    assert_eq!(stage.get("/session").await.1["lock_after_s"], 300);
    let _events = stage.send("GET", "/events", Body::empty()).await;
    assert_eq!(sitting.last_seen(), before, "nobody was there");
    assert_eq!(stage.get("/items").await.0, StatusCode::OK);
    let then = sitting.last_seen();
    assert!(then > before, "somebody was");
    assert_eq!(stage.post("/stay", json!({})).await, (StatusCode::OK, json!({"lock_after_s": 300})));
    assert!(sitting.last_seen() > then);
}

#[tokio::test]
async fn work_that_was_started_goes_on_behind_the_lock() {
    let stage = Stage::new("1").await;
    let work = stage.door.sitting().expect("open").work;
    work.idle().await;
    work.pretend(true);
    until("people are locked out", || stage.door.sitting().is_none()).await;
    assert!(stage.door.standing().working);
    assert_eq!(stage.get("/case").await.0, StatusCode::LOCKED);
    assert_eq!(stage.get("/session").await.1["working"], true);
    // The case is held: another program cannot have it, and a wrong key is refused as ever.
    let other = stage.settings.clone().with_credential(key());
    assert!(matches!(Casework::open(&other.case(), Access::Write, &other).await, Err(CaseError::Busy { .. })));
    assert!(matches!(stage.unlock(wrong_key()).await, Err(Refused::Wrong(..))));
    stage.door.failures().forget();
    // Back in time, and away again.
    assert!(stage.unlock(key()).await.is_ok());
    until("people are locked out again", || stage.door.sitting().is_none()).await;
    assert!(stage.door.standing().working);
    work.pretend(false);
    until("the keys go with the work", || !stage.door.standing().working).await;
    drop(work);
    stage.let_go_of().await;
}

#[tokio::test]
async fn the_panic_lock_stops_work_behind_the_lock_too() {
    let stage = Stage::new("1").await;
    let work = stage.door.sitting().expect("open").work;
    work.idle().await;
    work.pretend(true);
    until("people are locked out", || stage.door.standing().working).await;
    assert!(stage.door.lock().await.expect("encrypted"));
    assert!(!stage.door.standing().working);
    stage.let_go_of().await;
}

#[tokio::test]
async fn a_case_that_is_not_encrypted_neither_locks_nor_has_keys() {
    let stage = Stage::plain().await;
    let session = stage.get("/session").await.1;
    assert_eq!((&session["encrypted"], &session["lock_after_s"]), (&json!(false), &Value::Null));
    for (method, path) in [("POST", "/lock"), ("GET", "/keys"), ("POST", "/keys/recovery"), ("DELETE", "/keys/w1")] {
        let (status, problem) = read(stage.send(method, path, Body::empty()).await).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not-encrypted")), "{method} {path}");
    }
    // Longer than the setting says.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(stage.get("/case").await.0, StatusCode::OK);
    let events = stage.send("GET", "/events", Body::empty()).await;
    stage.door.end().await;
    assert!(stage.door.sitting().is_none());
    let told = events.into_body().collect().await.expect("it ends").to_bytes();
    assert!(!String::from_utf8_lossy(&told).contains("locked"), "pages keep what they show");
}

#[tokio::test]
async fn ways_in_are_listed_added_taken_away_and_the_last_one_stays() {
    let stage = Stage::new("0").await;
    let kinds = |v: &Value| v["ways"].as_array().map(|w| w.iter().map(|w| w["kind"].clone()).collect::<Vec<_>>());
    assert_eq!(kinds(&stage.get("/keys").await.1), Some(vec![json!("key-file")]));
    let (status, refused) = read(stage.send("DELETE", "/keys/w1", Body::empty()).await).await;
    assert_eq!((status, &refused["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("last-way-in")));
    assert_eq!(stage.post("/keys", json!({"passphrase": "short"})).await.1["code"], "weak-key");
    let second = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiM=";
    assert_eq!(stage.post("/keys", json!({"key_file": second})).await, (StatusCode::OK, json!({"way": "w2"})));
    let recovery = stage.post("/keys/recovery", json!({})).await.1["recovery_key"].as_str().expect("shown once").to_owned();
    let listed = stage.get("/keys").await.1;
    assert_eq!(kinds(&listed), Some(vec![json!("key-file"), json!("key-file"), json!("recovery")]));
    assert!(!listed.to_string().contains(&recovery[20..30]), "no list shows a secret");
    assert_eq!(read(stage.send("DELETE", "/keys/w1", Body::empty()).await).await.1, json!({"removed": "w1"}));

    stage.door.lock().await.expect("encrypted");
    assert_eq!(stage.post("/unlock", json!({"passphrase": recovery})).await.0, StatusCode::OK);
    stage.door.lock().await.expect("encrypted");
    assert_eq!(stage.post("/unlock", json!({"key_file": second})).await.0, StatusCode::OK);
    stage.door.lock().await.expect("encrypted");
    assert!(matches!(stage.unlock(key()).await, Err(Refused::Wrong(..))), "what was taken away opens nothing");
}

#[tokio::test]
async fn what_was_disposed_of_is_gone_and_says_so() {
    let stage = Stage::new("0").await;
    let text = "The keeper counted the crates in the yard on Friday morning.";
    let (status, added) = read(stage.send("POST", "/intake?name=note.txt", text.into()).await).await;
    assert_eq!(status, StatusCode::OK);
    let item = added["results"][0]["item"].as_str().expect("an item").to_owned();
    let work = stage.door.sitting().expect("open").work;
    work.idle().await;
    let (_, plan) = stage.get(&format!("/items/{item}/dispose")).await;
    assert_eq!((&plan["disposed"], &plan["encrypted"]), (&json!(false), &json!(true)));
    let incomplete = stage.post(&format!("/items/{item}/dispose"), json!({"reason": "a"})).await;
    assert_eq!(incomplete.0, StatusCode::UNPROCESSABLE_ENTITY);
    let grounds = json!({"reason": "Consent withdrawn", "authority": "Request of the person"});
    let (status, done) = stage.post(&format!("/items/{item}/dispose"), grounds.clone()).await;
    assert_eq!((status, &done["disposed"]), (StatusCode::OK, &json!(true)), "{done}");
    for path in ["transcript", "text", "messages", "calls", "peaks", "picture", "media", "image"] {
        let (status, problem) = stage.get(&format!("/items/{item}/{path}")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::GONE, &json!("disposed")), "{path}");
    }
    assert_eq!(stage.post(&format!("/items/{item}/dispose"), grounds).await.0, StatusCode::GONE);
    let (status, shown) = stage.get(&format!("/items/{item}")).await;
    assert_eq!((status, &shown["disposed"], &shown["title"]), (StatusCode::OK, &json!(true), &json!(item)));
    assert_eq!(stage.get("/items").await.1["items"][0]["disposed"], true);
    assert_eq!(stage.get("/case").await.1["unsearchable"]["count"], 0);
    let (_, custody) = stage.get(&format!("/items/{item}/custody")).await;
    assert!(custody["events"].as_array().is_some_and(|e| e.iter().any(|e| e["action"] == "disposed")));
    assert_eq!(stage.post("/verify", json!({})).await.1["ok"], true);
    // Work goes on for what came later.
    let later = "The porter carried the drawers to the museum.";
    assert_eq!(read(stage.send("POST", "/intake?name=later.txt", later.into()).await).await.0, StatusCode::OK);
    work.idle().await;
    for (word, n) in [("drawers", 1), ("crates", 0)] {
        assert_eq!(stage.post("/search", json!({"query": word})).await.1["total"], n, "{word}");
    }
}
