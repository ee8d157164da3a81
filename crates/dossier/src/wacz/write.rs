//! Making a WACZ. The same pages and the same words give the same bytes.

use super::cdxj::{Line, Place, key, timestamp};
use super::{ARCHIVE, FULL_PAGE, INDEX, PACKAGE, PACKAGE_DIGEST, PAGES, VERSION};
use crate::digest::copy;
use crate::extract::{Exhibit, Extract, Objects};
use crate::gates::number;
use crate::safe::line;
use crate::sink::Sink;
use crate::write::{Job, WriteError, Written};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};
use std::path::Path;
use zapys_domain::{Instant, ItemKind, ObjectId};
use zapys_ledger::Hash;

/// Bytes that can be opened more than once and are the same each time.
pub struct Body<'a> {
    /// Opens them.
    #[allow(clippy::type_complexity)]
    pub open: Box<dyn Fn() -> io::Result<Box<dyn Read + 'a>> + 'a>,
}
impl<'a> Body<'a> {
    /// Bytes in memory.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { open: Box::new(move || Ok(Box::new(bytes))) }
    }
}

/// The HTTP headers that a page came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    #[allow(missing_docs)]
    pub status: u16,
    /// Words after the status, e.g. `OK`.
    pub reason: String,
    /// In their order.
    pub headers: Vec<(String, String)>,
}

/// One captured page.
pub struct Page<'a> {
    /// Address that was asked for.
    pub url: String,
    /// Address that answered, where it is another.
    pub final_url: Option<String>,
    /// When it was captured; where nobody knows, when it was taken in.
    pub time: Instant,
    /// On what the time rests, e.g. `captured`, `time of taking in; when it was captured is unknown`.
    pub time_basis: String,
    #[allow(missing_docs)]
    pub title: Option<String>,
    /// Media type of the body.
    pub media_type: String,
    /// `None`: the page was saved without them.
    pub http: Option<Http>,
    /// The page source.
    pub body: Body<'a>,
    /// Media type and bytes of a picture of the whole page.
    pub full_page: Option<(String, Body<'a>)>,
    /// Further facts of the capture (R1.3), name and value, e.g. `tool`, `operator`, `server-ip`.
    pub facts: Vec<(String, String)>,
}

/// What is said of the whole.
#[derive(Clone, Debug)]
pub struct About {
    /// When it is made.
    pub made: Instant,
    /// Program and version.
    pub software: String,
    #[allow(missing_docs)]
    pub title: String,
    #[allow(missing_docs)]
    pub description: String,
    /// Id of the production, where it is one.
    pub production: Option<String>,
    /// What is not in it, and why.
    pub left_out: Vec<(String, String)>,
    /// Further limits, a sentence each.
    pub limitations: Vec<String>,
}

/// Writes captured pages to `target`, which must not exist. Gives the SHA-256 of `datapackage.json`.
/// Errors: [`WriteError`]; then nothing is left at `target`.
pub fn write_archive(target: &Path, about: &About, pages: &[Page<'_>]) -> Result<Hash, WriteError> {
    let mut sink = Sink::web_archive(target, about.made)?;
    let digest = pack(&mut sink, about, pages)?;
    sink.settle()?;
    sink.seal()?;
    Ok(digest)
}

/// Fills a web archive from an extract: saved pages whose address is on record. Errors: [`WriteError`].
pub(crate) fn fill(job: &mut Job<'_>, sink: &mut Sink, path: &Path) -> Result<Written, WriteError> {
    let (extract, objects) = (job.extract, job.objects);
    let mut about = about(extract);
    let mut pages = Vec::new();
    for (i, e) in extract.exhibits.iter().enumerate() {
        match page(extract, objects, i, e) {
            Ok(page) => pages.push((i, page)),
            Err(why) => about.left_out.push((format!("{} (item {})", number(i), e.item), why.into())),
        }
    }
    if pages.is_empty() {
        let reason = "No selected item is a saved page whose address is on record. `zapys add --origin URL` records it.";
        job.gates.refuse("web-page", extract.production, reason);
    }
    // What is packed must be what was taken in.
    for (i, _) in &pages {
        let object = extract.exhibits[*i].object;
        let unreadable = |source| WriteError::Object { object: object.short(), source };
        let mut from = objects.open(&object).map_err(unreadable)?;
        let d = copy(&mut from, &mut io::sink(), &mut |b| job.progress.advance(b.len() as u64)).map_err(unreadable)?;
        if d.sha256.as_bytes() != object.digest() {
            job.gates.refuse("original-unchanged", object, "The bytes in the vault are not the ones that were taken in.");
        }
    }
    job.refused()?;
    let pages: Vec<Page<'_>> = pages.into_iter().map(|(_, p)| p).collect();
    let manifest_sha256 = pack(sink, &about, &pages)?;
    let (files, bytes) = (sink.written.len(), sink.written.values().map(|d| d.bytes).sum());
    Ok(Written { path: path.into(), exhibits: pages.len(), manifest_sha256, files, bytes })
}

fn about(x: &Extract) -> About {
    let left_out = x.left_out.iter().map(|l| {
        let what = l.item.map_or_else(|| l.what.clone(), |i| format!("{} (item {i})", l.what));
        (what, l.reason.clone())
    });
    let mut limitations = x.limitations.clone();
    limitations.push("zapys captured no page itself: each was saved by somebody else and is packed as it was taken in.".into());
    limitations.push("Custody events and proofs are in the bag of the same selection, not here.".into());
    About {
        made: x.made,
        software: x.program.clone(),
        title: x.case_name.reveal().clone(),
        description: format!("Saved pages of production {}", x.production),
        production: Some(x.production.to_string()),
        left_out: left_out.collect(),
        limitations,
    }
}

/// An exhibit as a page. Errors: why it is none.
fn page<'a>(x: &'a Extract, objects: &'a dyn Objects, at: usize, e: &'a Exhibit) -> Result<Page<'a>, &'static str> {
    let media = e.media_type.split(';').next().unwrap_or_default().trim();
    if !["text/html", "application/xhtml+xml"].contains(&media) {
        return Err("It is not the source of a page.");
    }
    let capture = e.records.capture.as_ref();
    let stated = e.acquisitions.iter().filter_map(|a| a.provenance.origin.as_ref());
    let asked = capture.and_then(|c| c.requested_url.as_ref().or(c.final_url.as_ref())).or_else(|| stated.clone().next());
    let url = asked.map(|u| u.reveal().trim().to_owned()).filter(|u| u.starts_with("http://") || u.starts_with("https://"));
    let url = url.ok_or("Its address is not on record.")?;
    let captured = capture.and_then(|c| c.time.as_deref()).and_then(Instant::parse);
    let taken = e.acquisitions.first().map(|a| a.time).or(e.received).unwrap_or(x.made);
    let time_basis = if captured.is_some() { "captured" } else { "time of taking in; when it was captured is unknown" };
    let mut facts = vec![
        ("exhibit".to_owned(), number(at).to_string()),
        ("item".into(), e.item.to_string()),
        ("object".into(), e.object.to_string()),
    ];
    if let Some(c) = capture {
        let text = |t: &Option<zapys_domain::Private<String>>| t.as_ref().map(|t| t.reveal().clone());
        let all = [
            ("server-ip", text(&c.server_ip)),
            ("capturing-address-class", c.address_class.clone()),
            ("user-agent", text(&c.user_agent)),
            ("http-status", c.status.map(|s| s.to_string())),
            ("tool", c.tool.clone()),
            ("operator", c.operator.clone()),
        ];
        facts.extend(all.into_iter().filter_map(|(n, v)| Some((n.to_owned(), v?))));
    }
    let open = |object: &'a ObjectId| Body { open: Box::new(move || objects.open(object)) };
    // A screenshot that came with the page counts as the whole of it only where the capture record says so.
    let whole = capture.is_some_and(|c| c.full_page_kept);
    let shot = x.exhibits.iter().find(|s| {
        whole
            && s.kind == ItemKind::Screenshot
            && s.media_type.starts_with("image/")
            && s.parent.as_ref().is_some_and(|p| p.item == e.item)
    });
    Ok(Page {
        url,
        final_url: capture.and_then(|c| c.final_url.as_ref()).map(|u| u.reveal().clone()),
        time: captured.unwrap_or(taken),
        time_basis: time_basis.into(),
        title: Some(e.title.reveal().clone()),
        media_type: e.media_type.clone(),
        http: None,
        body: open(&e.object),
        full_page: shot.map(|s| (s.media_type.clone(), open(&s.object))),
        facts,
    })
}

/// One record: its headers, what comes before the payload, the payload.
struct Draft<'p, 'a> {
    kind: &'static str,
    target: Option<String>,
    time: Instant,
    media_type: String,
    head: Vec<u8>,
    payload: &'p Body<'a>,
    extra: Vec<(&'static str, String)>,
}

struct Packer<'s> {
    sink: &'s mut Sink,
    at: u64,
    seed: String,
    n: u64,
    index: Vec<Line>,
}

fn pack(sink: &mut Sink, about: &About, pages: &[Page<'_>]) -> Result<Hash, WriteError> {
    sink.begin(ARCHIVE, u64::from(u32::MAX))?;
    let seed = format!("{}\n{}\n{}", about.production.as_deref().unwrap_or_default(), about.made, about.software);
    let mut packer = Packer { sink, at: 0, seed, n: 0, index: Vec::new() };
    let info = fields(&[
        ("software".to_owned(), about.software.clone()),
        ("format".into(), "WARC File Format 1.1".into()),
        ("conformsTo".into(), "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/".into()),
        ("description".into(), about.description.clone()),
    ]);
    let fields_type = || "application/warc-fields".to_owned();
    packer.record(Draft {
        kind: "warcinfo",
        target: None,
        time: about.made,
        media_type: fields_type(),
        head: Vec::new(),
        payload: &Body::of(info.as_bytes()),
        extra: vec![("WARC-Filename", "data.warc.gz".into())],
    })?;
    let mut listed = String::from("{\"format\":\"json-pages-1.0\",\"id\":\"pages\",\"title\":\"All Pages\"}\n");
    let mut below = Vec::new();
    for (i, p) in pages.iter().enumerate() {
        let url = address(&p.url);
        let answered = p.final_url.as_deref().map(address).filter(|f| *f != url);
        let target = answered.clone().unwrap_or_else(|| url.clone());
        let (kind, head, media_type) = match &p.http {
            Some(http) => ("response", message(http, &p.body)?, "application/http;msgtype=response".to_owned()),
            None => ("resource", Vec::new(), p.media_type.clone()),
        };
        let draft =
            Draft { kind, target: Some(target.clone()), time: p.time, media_type, head, payload: &p.body, extra: Vec::new() };
        let id = packer.indexed(draft, p.http.as_ref().map(|h| h.status), &p.media_type)?;
        let mut facts = vec![
            ("requested-url".to_owned(), url.clone()),
            ("final-url".into(), answered.unwrap_or_else(|| "the same, or not recorded".into())),
            ("time-basis".into(), p.time_basis.clone()),
            (
                "http-headers".into(),
                if p.http.is_some() { "captured".into() } else { "not captured: the page was saved by other means".into() },
            ),
        ];
        facts.extend(p.facts.iter().cloned());
        let facts = fields(&facts);
        packer.record(Draft {
            kind: "metadata",
            target: Some(target.clone()),
            time: p.time,
            media_type: fields_type(),
            head: Vec::new(),
            payload: &Body::of(facts.as_bytes()),
            extra: vec![("WARC-Concurrent-To", id)],
        })?;
        let mut lacks = Vec::new();
        if let Some((media, body)) = &p.full_page {
            let target = format!("{FULL_PAGE}{target}");
            let draft = Draft {
                kind: "resource",
                target: Some(target),
                time: p.time,
                media_type: media.clone(),
                head: Vec::new(),
                payload: body,
                extra: Vec::new(),
            };
            packer.indexed(draft, None, media)?;
        } else {
            lacks.push("full-page capture");
        }
        if !p.media_type.starts_with("text/html") && !p.media_type.starts_with("application/xhtml") {
            lacks.push("page source");
        }
        let entry = json!({
            "id": format!("page-{}", i + 1), "url": target, "ts": p.time, "title": p.title.as_deref().map(line),
            "zapys": {
                "requested_url": url, "time_basis": p.time_basis, "captured_as": kind, "below_berkeley_minimum": lacks,
                "facts": p.facts.iter().map(|(n, v)| (n.clone(), json!(line(v)))).collect::<serde_json::Map<_, _>>(),
            },
        });
        listed.push_str(&entry.to_string());
        listed.push('\n');
        if !lacks.is_empty() {
            below.push(json!({"page": format!("page-{}", i + 1), "lacks": lacks}));
        }
    }
    let mut index: Vec<String> = packer.index.iter().map(|l| format!("{l}\n")).collect();
    index.sort_unstable();
    sink.end()?;
    sink.put(INDEX, index.concat().as_bytes())?;
    sink.put(PAGES, listed.as_bytes())?;
    package(sink, about, pages, &below)
}

fn package(sink: &mut Sink, about: &About, pages: &[Page<'_>], below: &[Value]) -> Result<Hash, WriteError> {
    let resources: Vec<Value> = sink
        .written
        .iter()
        .map(|(path, d)| {
            let name = path.rsplit('/').next().unwrap_or(path);
            json!({"name": name, "path": path, "hash": format!("sha256:{}", d.sha256.hex()), "bytes": d.bytes})
        })
        .collect();
    let left_out: Vec<Value> =
        about.left_out.iter().map(|(what, why)| json!({"what": line(what), "reason": line(why)})).collect();
    let mut doc = json!({
        "profile": "data-package",
        "wacz_version": VERSION,
        "title": line(&about.title),
        "description": line(&about.description),
        "software": line(&about.software),
        "created": about.made,
    });
    if let Some(p) = pages.first() {
        doc["mainPageUrl"] = json!(p.final_url.as_deref().map_or_else(|| address(&p.url), address));
        doc["mainPageDate"] = json!(p.time);
    }
    doc["resources"] = json!(resources);
    doc["zapys"] = json!({
        "production": about.production, "below_berkeley_minimum": below, "left_out": left_out,
        "limitations": about.limitations.iter().map(|l| line(l)).collect::<Vec<_>>(),
    });
    let mut bytes = serde_json::to_vec_pretty(&doc).map_err(io::Error::other)?;
    bytes.push(b'\n');
    let digest = sink.put(PACKAGE, &bytes)?.sha256;
    let own = json!({"path": PACKAGE, "hash": format!("sha256:{}", digest.hex())});
    sink.put(PACKAGE_DIGEST, format!("{own}\n").as_bytes())?;
    Ok(digest)
}

impl Packer<'_> {
    /// Writes a record that the index leads to. Gives its id.
    fn indexed(&mut self, draft: Draft<'_, '_>, status: Option<u16>, mime: &str) -> Result<String, WriteError> {
        let (target, time, offset) = (draft.target.clone().unwrap_or_default(), draft.time, self.at);
        let (id, payload) = self.record(draft)?;
        let mime = mime.split(';').next().unwrap_or(mime).trim().to_owned();
        let place = Place {
            url: target.clone(),
            mime: Some(mime),
            status: Some(json!(status.unwrap_or(200))),
            digest: Some(payload),
            length: json!(self.at - offset),
            offset: json!(offset),
            filename: "data.warc.gz".into(),
        };
        self.index.push(Line { key: key(&target), timestamp: timestamp(time), place });
        Ok(id)
    }

    /// Writes a record as one gzip member. Gives its id and the digest of its payload.
    fn record(&mut self, draft: Draft<'_, '_>) -> Result<(String, String), WriteError> {
        self.n += 1;
        let (mut block, mut payload, mut bytes) = (Sha256::new(), Sha256::new(), draft.head.len() as u64);
        block.update(&draft.head);
        read_all(draft.payload, &mut |b| {
            block.update(b);
            payload.update(b);
            bytes += b.len() as u64;
            Ok(())
        })?;
        let hex = |h: Sha256| format!("sha256:{}", h.finalize().iter().map(|b| format!("{b:02x}")).collect::<String>());
        let (block, payload) = (hex(block), hex(payload));
        let target = draft.target.clone().unwrap_or_default();
        let id = identity(&format!("{}\n{}\n{}\n{target}\n{block}", self.seed, self.n, draft.kind));
        let mut head = format!("WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {id}\r\nWARC-Date: {}\r\n", draft.kind, draft.time);
        if let Some(target) = &draft.target {
            head.push_str(&format!("WARC-Target-URI: {target}\r\n"));
        }
        for (name, value) in &draft.extra {
            head.push_str(&format!("{name}: {}\r\n", plain(value)));
        }
        head.push_str(&format!("WARC-Block-Digest: {block}\r\n"));
        if ["response", "resource"].contains(&draft.kind) {
            head.push_str(&format!("WARC-Payload-Digest: {payload}\r\n"));
        }
        head.push_str(&format!("Content-Type: {}\r\nContent-Length: {bytes}\r\n\r\n", plain(&draft.media_type)));
        let mut out = Counted { to: self.sink, n: 0 };
        let mut gz = GzEncoder::new(&mut out, Compression::default());
        gz.write_all(head.as_bytes())?;
        gz.write_all(&draft.head)?;
        let mut again = 0;
        read_all(draft.payload, &mut |b| {
            again += b.len() as u64;
            gz.write_all(b)
        })?;
        gz.write_all(b"\r\n\r\n")?;
        gz.finish()?;
        if again + draft.head.len() as u64 != bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a body changed while it was packed").into());
        }
        self.at += out.n;
        Ok((id, payload))
    }
}

struct Counted<'s> {
    to: &'s mut Sink,
    n: u64,
}
impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.n += n as u64;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn read_all(body: &Body<'_>, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut from = (body.open)()?;
    let mut buffer = vec![0; crate::digest::BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => each(&buffer[..n])?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Status line and headers, up to and with the empty line. What would contradict the body as it is kept here is renamed.
fn message(http: &Http, body: &Body<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = 0u64;
    read_all(body, &mut |b| {
        bytes += b.len() as u64;
        Ok(())
    })?;
    let mut out = format!("HTTP/1.1 {} {}\r\n", http.status, plain(&http.reason));
    for (name, value) in &http.headers {
        let name: String = name.chars().filter(|c| c.is_ascii_graphic() && *c != ':').collect();
        let lies = ["transfer-encoding", "content-encoding"].iter().any(|n| name.eq_ignore_ascii_case(n))
            || (name.eq_ignore_ascii_case("content-length") && value.trim() != bytes.to_string());
        out.push_str(&format!("{}{name}: {}\r\n", if lies { "X-Archive-Orig-" } else { "" }, plain(value)));
    }
    out.push_str("\r\n");
    Ok(out.into_bytes())
}

/// `name: value` lines.
fn fields(all: &[(String, String)]) -> String {
    all.iter().map(|(n, v)| format!("{n}: {}\r\n", plain(v))).collect()
}

/// A header value: nothing in it ends the line.
fn plain(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// An address that can stand in a header and an index: what would break either is percent-encoded.
fn address(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.trim().chars() {
        if c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"') {
            let mut buffer = [0; 4];
            c.encode_utf8(&mut buffer).bytes().for_each(|b| out.push_str(&format!("%{b:02X}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// `<urn:uuid:...>`, version 8, that follows from a text.
fn identity(text: &str) -> String {
    let digest = Hash::of(text.as_bytes());
    let mut b = [0; 16];
    b.copy_from_slice(&digest.as_bytes()[..16]);
    b[6] = b[6] & 0x0f | 0x80;
    b[8] = b[8] & 0x3f | 0x80;
    let h: String = b.iter().map(|b| format!("{b:02x}")).collect();
    format!("<urn:uuid:{}-{}-{}-{}-{}>", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
}
