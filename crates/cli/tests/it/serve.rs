//! The server as other programs meet it: who is let in, what every answer carries, how files come in.

use crate::stage::Stage;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

struct Serving {
    child: Child,
    address: String,
    token: String,
}
impl Drop for Serving {
    fn drop(&mut self) {
        // Best effort at the end of a test; the process may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}
impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    }
}

impl Serving {
    fn start(s: &Stage) -> Self {
        let mut child = s
            .command(&["-C", "case", "serve", "--listen", "127.0.0.1:0", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let link = said["link"].as_str().expect("a link").to_owned();
        let token = link.rsplit_once('=').expect("a token").1.to_owned();
        Self { child, address: said["listening"].as_str().expect("an address").to_owned(), token }
    }
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("connects");
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(n, _)| *n == "Host") {
            head += &format!("Host: {}\r\n", self.address);
        }
        headers.iter().for_each(|(n, v)| head += &format!("{n}: {v}\r\n"));
        stream.write_all(format!("{head}\r\n").as_bytes()).expect("asks");
        stream.write_all(body).expect("asks");
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("answers");
        let cut = all.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&all[..cut]).into_owned();
        let mut body = all[cut + 4..].to_vec();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunk(&body);
        }
        let status = head.split_whitespace().nth(1).and_then(|s| s.parse().ok()).expect("a status");
        Answer { status, head, body }
    }
    /// Opens the link; gives cookie and change token.
    fn enter(&self) -> (String, String) {
        let opened = self.ask("GET", &format!("/open?token={}", self.token), &[], b"");
        assert_eq!(opened.status, 303);
        let set = opened.header("set-cookie").expect("a cookie");
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
        let cookie = set.split(';').next().expect("a value").to_owned();
        let session = self.ask("GET", "/api/v1/session", &[("Cookie", &cookie)], b"").json();
        (cookie, session["csrf"].as_str().expect("a token").to_owned())
    }
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = body.windows(2).position(|w| w == b"\r\n") {
        let n = usize::from_str_radix(String::from_utf8_lossy(&body[..end]).trim(), 16).expect("a length");
        if n == 0 {
            break;
        }
        out.extend_from_slice(&body[end + 2..end + 2 + n]);
        body = &body[end + 4 + n..];
    }
    out
}

#[test]
fn nobody_gets_in_without_the_link_and_the_link_works_once() {
    let s = Stage::with_case();
    let serving = Serving::start(&s);
    let document: Value = {
        let (cookie, _) = serving.enter();
        serving.ask("GET", "/api/v1/openapi.json", &[("Cookie", &cookie)], b"").json()
    };
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let path = format!("/api/v1{}", path.replace("{item}", "x"));
            let answer = serving.ask(&method.to_uppercase(), &path, &[], b"");
            assert_eq!(answer.status, 401, "{method} {path}");
            assert_eq!(answer.json()["code"], "no-session");
        }
    }
    assert_eq!(serving.ask("GET", &format!("/open?token={}", serving.token), &[], b"").status, 401, "a used link");
}

#[test]
fn foreign_hosts_origins_and_changes_without_the_token_are_refused() {
    let s = Stage::with_case();
    let serving = Serving::start(&s);
    let (cookie, csrf) = serving.enter();
    let cookie = ("Cookie", cookie.as_str());
    assert_eq!(serving.ask("GET", "/api/v1/case", &[cookie, ("Host", "evil.example")], b"").status, 421);
    assert_eq!(serving.ask("GET", "/api/v1/case", &[cookie, ("Origin", "http://evil.example")], b"").status, 403);
    assert_eq!(serving.ask("GET", "/api/v1/case", &[cookie, ("Sec-Fetch-Site", "cross-site")], b"").status, 403);
    let own = format!("http://{}", serving.address);
    assert_eq!(serving.ask("GET", "/api/v1/case", &[cookie, ("Origin", &own)], b"").status, 200);
    assert_eq!(serving.ask("POST", "/api/v1/verify", &[cookie], b"").status, 403);
    let verified = serving.ask("POST", "/api/v1/verify", &[cookie, ("X-Zapys-Csrf", &csrf)], b"");
    assert_eq!((verified.status, &verified.json()["ok"]), (200, &Value::Bool(true)));
    let page = serving.ask("GET", "/items", &[], b"");
    let csp = page.header("content-security-policy").expect("a policy");
    assert!(csp.contains("default-src 'none'") && csp.contains("script-src 'self'") && !csp.contains("unsafe"), "{csp}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn a_file_comes_in_is_worked_on_and_is_found() {
    let s = Stage::with_case();
    let serving = Serving::start(&s);
    let (cookie, csrf) = serving.enter();
    let headers = [("Cookie", cookie.as_str()), ("X-Zapys-Csrf", csrf.as_str())];
    let provenance = "%7B%22source%22%3A%22Archive%22%2C%22recorded%22%3A%222022-03%22%2C%22published%22%3A%22%22%7D";
    let with = [headers[0], headers[1], ("X-Zapys-Provenance", provenance)];
    let text = "<script>alert(1)</script> Ящики перенесли до іншої будівлі.";
    let added = serving.ask("POST", "/api/v1/intake?name=%D0%BB%D0%B8%D1%81%D1%82.txt", &with, text.as_bytes()).json();
    assert_eq!(added["results"][0]["status"], "added", "{added}");
    let again = serving.ask("POST", "/api/v1/intake?name=%D0%BB%D0%B8%D1%81%D1%82.txt", &with, text.as_bytes()).json();
    assert_eq!(again["results"][0]["status"], "duplicate");
    let item = added["results"][0]["item"].as_str().expect("an id").to_owned();
    // Work starts by itself; its end is told by the stream of events and seen in the item.
    let mut shown = Value::Null;
    for _ in 0..600 {
        shown = serving.ask("GET", &format!("/api/v1/items/{item}"), &headers, b"").json();
        if shown["processing"] == "done" {
            break;
        }
        std::thread::yield_now();
    }
    assert_eq!(shown["processing"], "done", "{shown}");
    assert_eq!(shown["recorded"]["value"], "2022-03");
    let mut found = Value::Null;
    for _ in 0..600 {
        found = serving
            .ask(
                "POST",
                "/api/v1/search",
                &[headers[0], headers[1], ("Content-Type", "application/json")],
                r#"{"query":"будівлями"}"#.as_bytes(),
            )
            .json();
        if found["total"] == 1 {
            break;
        }
    }
    assert_eq!(found["hits"][0]["item"], item.as_str(), "{found}");
    let answer = serving.ask("GET", &format!("/api/v1/items/{item}/text"), &headers, b"");
    assert_eq!(answer.header("content-type"), Some("application/json"), "evidence never comes as a page");
    let bad = serving.ask("GET", "/api/v1/items?kind=nonsense", &headers, b"");
    assert_eq!((bad.status, bad.json()["code"].clone()), (422, "bad-filter".into()));
    assert_eq!(serving.ask("GET", "/api/v1/items/01ZZZZ", &headers, b"").status, 404);
}

#[test]
fn records_and_conformance_are_the_same_through_the_api() {
    let s = Stage::with_case();
    s.write("a.txt", "Опис складали двоє.".as_bytes());
    s.run(&["-C", "case", "add", "a.txt", "-q"]).ends(0);
    let item = s.item("a.txt");
    let serving = Serving::start(&s);
    let (cookie, csrf) = serving.enter();
    let head = [("Cookie", cookie.as_str()), ("X-Zapys-Csrf", csrf.as_str()), ("Content-Type", "application/json")];
    let at = format!("/api/v1/items/{item}/records");
    let put = |path: &str, body: Value| serving.ask("POST", path, &head, body.to_string().as_bytes());
    let phase = serde_json::json!({"kind": "phase", "record": {"phase": "collection"}});
    assert_eq!(serving.ask("POST", &at, &[head[0], head[2]], phase.to_string().as_bytes()).status, 403, "no token");
    let made = put(&at, phase);
    assert_eq!(made.status, 200, "{}", made.json());
    let record = made.json()["records"][0]["record"].clone();
    let corrected = put(&at, serde_json::json!({"kind": "phase", "corrects": record, "because": "too early"})).json();
    assert_eq!(corrected["records"][0]["state"], "taken-back", "{corrected}");
    let listed = serving.ask("GET", &at, &head, b"").json();
    assert_eq!(listed["records"].as_array().map(Vec::len), Some(2), "{listed}");
    let shown = serving.ask("GET", &format!("/api/v1/items/{item}"), &head, b"").json();
    assert_eq!(shown["records"], listed["records"]);
    for (body, code) in [
        (serde_json::json!({"kind": "song", "record": {}}), "bad-kind"),
        (serde_json::json!({"kind": "phase", "record": {"phase": "x"}}), "bad-record"),
        (
            serde_json::json!({"kind": "phase", "record": {"phase": "collection"}, "corrects": "01ZZ", "because": "x"}),
            "no-such-record",
        ),
    ] {
        let answer = put(&at, body);
        assert_eq!((answer.status, answer.json()["code"].clone()), (422, code.into()));
    }
    put("/api/v1/records", serde_json::json!({"kind": "effort", "record": {"sought": "the whole call"}}));
    assert_eq!(serving.ask("GET", "/api/v1/records", &head, b"").json()["records"].as_array().map(Vec::len), Some(1));
    let report = serving.ask("GET", &format!("/api/v1/conformance?standard=berkeley&item={item}"), &head, b"").json();
    let phases = report["rows"].as_array().expect("rows").iter().find(|r| r["requirement"] == "R1.1").expect("R1.1").clone();
    assert_eq!((&phases["status"], &phases["item"]), (&"missing".into(), &Value::from(item.clone())));
    assert_eq!(serving.ask("GET", "/api/v1/conformance?standard=vienna", &head, b"").status, 422);
    // R1.30: looking through the workbench is an event as well.
    let custody = serving.ask("GET", &format!("/api/v1/items/{item}/custody"), &head, b"").json();
    let looks = custody["events"].as_array().expect("events").iter().filter(|e| e["action"] == "accessed").count();
    assert_eq!(looks, 1);
}
