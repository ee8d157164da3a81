//! One inventory, read and judged by itself: nothing here looks at a disk.

use super::json::Json;
use super::{Algorithm, Findings};
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::Instant;

/// Version of the specification that an inventory or an object says it follows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Spec {
    V1_0,
    V1_1,
}
impl Spec {
    pub(crate) const ALL: [Self; 2] = [Self::V1_0, Self::V1_1];
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
        }
    }
    /// Value of `type` in an inventory.
    pub(crate) fn uri(self) -> String {
        format!("https://ocfl.io/{}/spec/#inventory", self.number())
    }
}

/// Number and width of a version's name: `v3` is `(3, 0)`, `v0003` is `(3, 4)`.
pub(crate) fn version_number(name: &str) -> Option<(u32, usize)> {
    let digits = name.strip_prefix('v')?;
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n = digits.parse().ok().filter(|n| *n > 0)?;
    Some((n, if digits.starts_with('0') { digits.len() } else { 0 }))
}

/// Digest, as written, and the paths it stands for.
pub(crate) type ByDigest = Vec<(String, Vec<String>)>;

/// State of one version.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) name: String,
    pub(crate) state: ByDigest,
    /// `created`, `message` and `user` as written.
    pub(crate) about: [Option<Json>; 3],
}

/// An inventory of which enough could be read to go on.
#[derive(Clone, Debug)]
pub struct Inventory {
    pub(crate) id: String,
    pub(crate) spec: Option<Spec>,
    pub(crate) algorithm: Algorithm,
    pub(crate) head: String,
    pub(crate) content: String,
    /// Whether `contentDirectory` is there.
    pub(crate) content_given: bool,
    pub(crate) manifest: ByDigest,
    pub(crate) versions: BTreeMap<u32, Version>,
    pub(crate) fixity: Vec<(Algorithm, ByDigest)>,
}
impl Inventory {
    /// Identifier of the object.
    pub fn id(&self) -> &str {
        &self.id
    }
    /// Name of the newest version, e.g. `v2`.
    pub fn head(&self) -> &str {
        &self.head
    }
    /// Content paths of each digest, by the digest in lower case.
    pub(crate) fn paths(&self) -> BTreeMap<String, &[String]> {
        self.manifest.iter().map(|(d, p)| (d.to_ascii_lowercase(), p.as_slice())).collect()
    }
}

/// Reads and judges an inventory. `subject`: its name in the findings. `None`: too little of it can be read.
pub(crate) fn read(bytes: &[u8], subject: &str, out: &mut Findings) -> Option<Inventory> {
    let doc = match Json::read(bytes) {
        Ok(doc) => doc,
        Err(e) => {
            out.error("E033", subject, format!("This is not JSON that can be read (line {}).", e.line()));
            return None;
        }
    };
    let Some(members) = doc.object() else {
        out.error("E034", subject, "An inventory is a JSON object.");
        return None;
    };
    const KNOWN: [&str; 8] = ["id", "type", "digestAlgorithm", "head", "contentDirectory", "manifest", "versions", "fixity"];
    names(members, &KNOWN, subject, out);
    let mut text = |name: &str| -> Option<String> {
        let value = doc.get(name).and_then(Json::text).filter(|t| !t.is_empty());
        if value.is_none() {
            out.error("E036", subject, format!("`{name}` is missing or not a text."));
        }
        value.map(str::to_owned)
    };
    let (id, kind, algorithm, head) = (text("id"), text("type"), text("digestAlgorithm"), text("head"));
    if id.as_deref().is_some_and(|i| !is_uri(i)) {
        out.warn("W005", subject, "The id should be a URI.");
    }
    let spec = kind.as_deref().and_then(|k| Spec::ALL.into_iter().find(|s| s.uri() == k));
    if kind.is_some() && spec.is_none() {
        out.error("E038", subject, "`type` is not that of an inventory of OCFL 1.0 or 1.1.");
    }
    let algorithm = algorithm.and_then(|a| {
        let known = Algorithm::parse(&a).filter(|a| a.addresses());
        if known.is_none() {
            out.error("E025", subject, "Content is addressed by sha512 or sha256 only.");
        }
        known
    });
    if algorithm == Some(Algorithm::Sha256) {
        out.warn("W004", subject, "Content should be addressed by sha512.");
    }
    let content = content_folder(&doc, subject, out);
    let manifest = manifest(&doc, subject, out);
    let versions = versions(&doc, &manifest, subject, out);
    if let Some(head) = &head {
        let last = versions.last_key_value().map(|(_, v)| &v.name);
        if last.is_some_and(|l| l != head) {
            out.error("E040", subject, "`head` is not the newest version.");
        }
    }
    let fixity = fixity(&doc, &manifest, subject, out);
    content_paths(&manifest, &versions, &content.0, subject, out);
    Some(Inventory {
        id: id?,
        spec,
        algorithm: algorithm?,
        head: head?,
        content: content.0,
        content_given: content.1,
        manifest,
        versions,
        fixity,
    })
}

/// Reads an inventory from its bytes alone and says what is wrong with it. Never panics, whatever the bytes are.
pub fn read_inventory(bytes: &[u8]) -> (Option<Inventory>, Vec<super::Finding>) {
    let mut out = Findings::default();
    let inventory = read(bytes, super::INVENTORY, &mut out);
    (inventory, out.0)
}

/// Members that the specification does not name, or that occur twice.
fn names(members: &[(String, Json)], known: &[&str], subject: &str, out: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (name, _) in members {
        if !known.contains(&name.as_str()) {
            out.error("E102", subject, format!("It has a member that is not specified: `{}`.", shown(name)));
        }
        if !seen.insert(name) {
            out.error("E033", subject, format!("A member occurs twice: `{}`.", shown(name)));
        }
    }
}
fn shown(text: &str) -> String {
    crate::safe::line(text).chars().take(60).collect()
}

fn content_folder(doc: &Json, subject: &str, out: &mut Findings) -> (String, bool) {
    let plain = || ("content".to_owned(), false);
    let Some(value) = doc.get("contentDirectory") else { return plain() };
    match value.text() {
        Some(t) if t == "." || t == ".." => {
            out.error("E018", subject, "`contentDirectory` leads elsewhere.");
            plain()
        }
        Some(t) if t.is_empty() || t.contains('/') => {
            out.error("E017", subject, "`contentDirectory` is no name of a single folder.");
            out.error("E108", subject, "`contentDirectory` is no direct child of a version's folder.");
            plain()
        }
        Some(t) => (t.to_owned(), true),
        None => {
            out.error("E017", subject, "`contentDirectory` is not a text.");
            plain()
        }
    }
}

/// Digests and their paths. `codes`: not an object, not lists of texts, a digest twice.
fn by_digest(value: &Json, what: &str, codes: [&'static str; 3], subject: &str, out: &mut Findings) -> ByDigest {
    let Some(members) = value.object() else {
        out.error(codes[0], subject, format!("{what} is not a JSON object."));
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    let mut all = Vec::with_capacity(members.len());
    for (digest, paths) in members {
        if !seen.insert(digest.to_ascii_lowercase()) {
            out.error(codes[2], subject, format!("{what} has the same digest twice: {}.", shown(digest)));
        }
        let list: Option<Vec<String>> = paths.list().and_then(|l| l.iter().map(|p| p.text().map(str::to_owned)).collect());
        match list {
            Some(paths) if !paths.is_empty() => all.push((digest.clone(), paths)),
            _ => out.error(codes[1], subject, format!("{what}: the value of a digest is not a list of paths.")),
        }
    }
    all
}

fn manifest(doc: &Json, subject: &str, out: &mut Findings) -> ByDigest {
    match doc.get("manifest") {
        None => {
            out.error("E041", subject, "`manifest` is missing.");
            Vec::new()
        }
        Some(value) => by_digest(value, "`manifest`", ["E106", "E092", "E096"], subject, out),
    }
}

fn versions(doc: &Json, manifest: &ByDigest, subject: &str, out: &mut Findings) -> BTreeMap<u32, Version> {
    let mut all = BTreeMap::new();
    let Some(value) = doc.get("versions") else {
        out.error("E041", subject, "`versions` is missing.");
        out.error("E043", subject, "`versions` is missing.");
        return all;
    };
    let Some(members) = value.object() else {
        out.error("E044", subject, "`versions` is not a JSON object.");
        return all;
    };
    if members.is_empty() {
        out.error("E008", subject, "There is no version.");
    }
    let known: BTreeSet<&str> = manifest.iter().map(|(d, _)| d.as_str()).collect();
    let mut used = BTreeSet::new();
    let mut widths = BTreeSet::new();
    for (name, value) in members {
        let Some((n, width)) = version_number(name) else {
            out.error("E104", subject, format!("`{}` is no name of a version.", shown(name)));
            out.error("E046", subject, "A key of `versions` is no name of a version's folder.");
            continue;
        };
        widths.insert(width);
        let version = version(name, value, &known, subject, out);
        used.extend(version.state.iter().map(|(d, _)| d.to_ascii_lowercase()));
        if all.insert(n, version).is_some() {
            out.error("E033", subject, format!("Version {n} occurs twice."));
        }
    }
    if widths.iter().any(|w| *w > 0) {
        out.warn("W001", subject, "Names of versions should not be padded with zeros.");
        if widths.len() > 1 {
            for code in ["E011", "E012", "E013"] {
                out.error(code, subject, "Versions are named in more than one way.");
            }
        }
    }
    let numbers: Vec<u32> = all.keys().copied().collect();
    if numbers.first().is_some_and(|n| *n != 1) {
        out.error("E009", subject, "The first version is not 1.");
    }
    if numbers.windows(2).any(|w| w[1] != w[0] + 1) {
        out.error("E010", subject, "A version is missing between others.");
    }
    for (digest, _) in manifest {
        if !all.is_empty() && !used.contains(&digest.to_ascii_lowercase()) {
            out.error("E107", subject, format!("The manifest has a digest that no version uses: {}.", shown(digest)));
        }
    }
    all
}

fn version(name: &str, value: &Json, known: &BTreeSet<&str>, subject: &str, out: &mut Findings) -> Version {
    let mut version = Version { name: name.into(), state: Vec::new(), about: [None, None, None] };
    let Some(members) = value.object() else {
        out.error("E047", subject, format!("{name} is not a JSON object."));
        return version;
    };
    names(members, &["created", "state", "message", "user"], subject, out);
    version.about = ["created", "message", "user"].map(|n| value.get(n).cloned());
    match value.get("created") {
        None => out.error("E048", subject, format!("{name}: `created` is missing.")),
        Some(t) if t.text().and_then(Instant::parse).is_none() => {
            out.error("E049", subject, format!("{name}: `created` is no time of RFC 3339 with an offset."));
        }
        Some(_) => {}
    }
    if value.get("message").is_some_and(|m| m.text().is_none()) {
        out.error("E094", subject, format!("{name}: `message` is not a text."));
    }
    if value.get("message").is_none() || value.get("user").is_none() {
        out.warn("W007", subject, format!("{name} should have a message and a user."));
    }
    if let Some(u) = value.get("user") {
        user(u, name, subject, out);
    }
    let Some(state) = value.get("state") else {
        out.error("E048", subject, format!("{name}: `state` is missing."));
        return version;
    };
    version.state = by_digest(state, &format!("The state of {name}"), ["E050", "E050", "E050"], subject, out);
    let mut logical = Vec::new();
    for (digest, paths) in &version.state {
        if !known.contains(digest.as_str()) {
            out.error("E050", subject, format!("{name} has a digest that is not in the manifest: {}.", shown(digest)));
        }
        for path in paths {
            path_faults(path, ["E052", "E053"], subject, out);
            logical.push(path.as_str());
        }
    }
    unique(logical, "E095", &format!("A logical path of {name}"), subject, out);
    version
}

fn user(user: &Json, name: &str, subject: &str, out: &mut Findings) {
    if let Some(members) = user.object() {
        names(members, &["name", "address"], subject, out);
    }
    if user.get("name").and_then(Json::text).is_none_or(str::is_empty) {
        out.error("E054", subject, format!("{name}: the user has no name."));
    }
    match user.get("address") {
        None => out.warn("W008", subject, format!("{name}: the user should have an address.")),
        Some(a) if !a.text().is_some_and(is_uri) => {
            out.warn("W009", subject, format!("{name}: the user's address should be a URI."));
        }
        Some(_) => {}
    }
}

fn fixity(doc: &Json, manifest: &ByDigest, subject: &str, out: &mut Findings) -> Vec<(Algorithm, ByDigest)> {
    let Some(value) = doc.get("fixity") else { return Vec::new() };
    let Some(members) = value.object() else {
        out.error("E111", subject, "`fixity` is not a JSON object.");
        return Vec::new();
    };
    let listed: BTreeSet<&str> = manifest.iter().flat_map(|(_, p)| p).map(String::as_str).collect();
    let mut all = Vec::new();
    for (name, block) in members {
        let what = format!("`fixity` of `{}`", shown(name));
        let block = by_digest(block, &what, ["E057", "E057", "E097"], subject, out);
        let mut seen = Vec::new();
        for path in block.iter().flat_map(|(_, p)| p) {
            path_faults(path, ["E099", "E100"], subject, out);
            if !listed.contains(path.as_str()) {
                out.error("E057", subject, format!("{what} has a path that is not in the manifest."));
            }
            seen.push(path.as_str());
        }
        unique(seen, "E101", &format!("A content path in {what}"), subject, out);
        match Algorithm::parse(name) {
            Some(a) => all.push((a, block)),
            None => out.warn("E026", subject, format!("{what} is not known here; its values were not compared.")),
        }
    }
    all
}

fn content_paths(manifest: &ByDigest, versions: &BTreeMap<u32, Version>, folder: &str, subject: &str, out: &mut Findings) {
    let names: BTreeSet<&str> = versions.values().map(|v| v.name.as_str()).collect();
    let mut all = Vec::new();
    for path in manifest.iter().flat_map(|(_, p)| p) {
        if path_faults(path, ["E099", "E100"], subject, out) {
            let mut parts = path.splitn(3, '/');
            let (version, content) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            if !names.contains(version) || content != folder || parts.next().is_none() {
                out.error("E042", subject, format!("A content path is not in a version's content folder: {}.", shown(path)));
            }
        }
        all.push(path.as_str());
    }
    unique(all, "E101", "A content path", subject, out);
}

/// Judges the elements of a path. `codes`: bad element, slash at an end. True where it may be used.
fn path_faults(path: &str, codes: [&'static str; 2], subject: &str, out: &mut Findings) -> bool {
    let mut whole = true;
    if path.starts_with('/') || path.ends_with('/') {
        out.error(codes[1], subject, format!("A path begins or ends with a slash: {}.", shown(path)));
        whole = false;
    }
    if path.trim_matches('/').split('/').any(|p| p.is_empty() || p == "." || p == "..") {
        out.error(codes[0], subject, format!("A path leads elsewhere or has an empty part: {}.", shown(path)));
        whole = false;
    }
    whole
}

/// Each path once, and none the beginning of another.
fn unique(mut paths: Vec<&str>, code: &'static str, what: &str, subject: &str, out: &mut Findings) {
    paths.sort_unstable();
    for w in paths.windows(2) {
        if w[0] == w[1] {
            out.error(code, subject, format!("{what} occurs twice: {}.", shown(w[0])));
        }
    }
    let all: BTreeSet<&str> = paths.iter().copied().collect();
    for path in &all {
        let parents = path.match_indices('/').map(|(i, _)| &path[..i]);
        if let Some(p) = parents.filter(|p| !p.is_empty()).find(|p| all.contains(p)) {
            out.error(code, subject, format!("{what} is also a folder of another: {}.", shown(p)));
        }
    }
}

/// Whether a text has a scheme and something after it (RFC 3986).
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && !rest.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_versions_and_uris() {
        for (name, want) in [("v1", Some((1, 0))), ("v0003", Some((3, 4))), ("v12", Some((12, 0)))] {
            assert_eq!(version_number(name), want, "{name}");
        }
        for bad in ["1", "v0", "v", "va", "v1a", "V1", "v-1", "v9999999999"] {
            assert_eq!(version_number(bad), None, "{bad}");
        }
        for yes in ["urn:uuid:1", "info:x/y", "mailto:a@example.test", "https://example.test/a"] {
            assert!(is_uri(yes), "{yes}");
        }
        for no in ["", "abc", "1a:b", "a:", "a b:c", "urn:a b"] {
            assert!(!is_uri(no), "{no}");
        }
    }

    #[test]
    fn hostile_inventories_are_findings() {
        let codes = |text: &str| -> Vec<&str> { read_inventory(text.as_bytes()).1.iter().map(|f| f.code).collect() };
        assert_eq!(codes("{"), ["E033"]);
        assert_eq!(codes("[]"), ["E034"]);
        assert_eq!(codes(&"[".repeat(100_000)), ["E033"]);
        let body = |content: &str, logical: &str| {
            let d = "a".repeat(128);
            format!(
                r#"{{"id":"urn:a:b","type":"https://ocfl.io/1.1/spec/#inventory","digestAlgorithm":"sha512","head":"v1",
                "manifest":{{"{d}":["{content}"]}},"versions":{{"v1":{{"created":"2024-01-01T00:00:00Z","message":"m",
                "user":{{"name":"n","address":"mailto:a@example.test"}},"state":{{"{d}":["{logical}"]}}}}}}}}"#
            )
        };
        assert_eq!(codes(&body("v1/content/a", "a")), Vec::<&str>::new());
        assert_eq!(codes(&body("v1/content/../../../etc/passwd", "a")), ["E099"]);
        assert_eq!(codes(&body("/etc/passwd", "a")), ["E100"]);
        assert_eq!(codes(&body("v2/content/a", "a")), ["E042"]);
        assert_eq!(codes(&body("v1/content/a", "../a")), ["E052"]);
        let twice = body("v1/content/a", "a").replacen(r#""head""#, r#""id":"x","head""#, 1);
        assert_eq!(codes(&twice), ["E033"]);
        let flood: String = (0..5000).map(|i| format!(r#""k{i}":1,"#)).collect();
        assert!(read_inventory(format!("{{{flood}\"z\":1}}").as_bytes()).1.len() <= 1000);
    }
}
