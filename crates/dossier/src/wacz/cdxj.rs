//! The index: a line a record, sorted, `key timestamp {json}`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zapys_domain::Instant;

/// Where a record lies and what it is. Numbers are whole and may stand as texts, as older programs write them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    #[allow(missing_docs)]
    pub url: String,
    #[allow(missing_docs)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[allow(missing_docs)]
    pub status: Option<Value>,
    /// Digest of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    #[allow(missing_docs)]
    pub length: Value,
    #[allow(missing_docs)]
    pub offset: Value,
    /// Name of the file in `archive/`.
    pub filename: String,
}
/// The number in a JSON number or text.
pub fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Address in the order of its parts, by which lines are sorted.
    pub key: String,
    /// 14 digits, UTC.
    pub timestamp: String,
    #[allow(missing_docs)]
    pub place: Place,
}
impl Line {
    /// Reads a line. Errors: `None`.
    pub fn parse(line: &str) -> Option<Self> {
        let (key, rest) = line.split_once(' ')?;
        let (timestamp, json) = rest.split_once(' ')?;
        let plain = (1..=17).contains(&timestamp.len()) && timestamp.bytes().all(|b| b.is_ascii_digit());
        let place: Place = serde_json::from_str(json).ok()?;
        let whole = [Some(&place.length), Some(&place.offset), place.status.as_ref()].into_iter().flatten();
        if key.is_empty() || !plain || !whole.into_iter().all(|v| v.is_u64() || v.is_string()) {
            return None;
        }
        Some(Self { key: key.into(), timestamp: timestamp.into(), place })
    }
}
impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let json = serde_json::to_string(&self.place).map_err(|_| std::fmt::Error)?;
        write!(f, "{} {} {json}", self.key, self.timestamp)
    }
}

/// `YYYYMMDDhhmmss`, UTC.
pub fn timestamp(t: Instant) -> String {
    let t = t.utc();
    format!("{:04}{:02}{:02}{:02}{:02}{:02}", t.year(), u8::from(t.month()), t.day(), t.hour(), t.minute(), t.second())
}

/// Key of an address: host turned round, then path and query, in lower case, so that neighbours of a site stand together.
/// What is no `http` address is its own key, in lower case too.
pub fn key(url: &str) -> String {
    let other = || url.to_lowercase().trim_end_matches('/').replace(' ', "%20");
    let Some((scheme, rest)) = url.split_once("://") else { return other() };
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return other();
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.rsplit('@').next().unwrap_or(host).to_lowercase();
    let (host, port) = host.rsplit_once(':').filter(|(_, p)| p.bytes().all(|b| b.is_ascii_digit())).unwrap_or((&host, ""));
    let host = host.strip_prefix("www").map_or(host, |r| {
        let r = r.trim_start_matches(|c: char| c.is_ascii_digit());
        r.strip_prefix('.').filter(|r| r.contains('.')).unwrap_or(host)
    });
    let default = if scheme == "https" { "443" } else { "80" };
    let mut key: String = host.rsplit('.').collect::<Vec<_>>().join(",");
    if !port.is_empty() && port != default {
        key.push(':');
        key.push_str(port);
    }
    key.push(')');
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.to_lowercase();
    let path = path.trim_end_matches('/');
    key.push_str(if path.is_empty() { "/" } else { path });
    if !query.is_empty() {
        let query = query.to_lowercase();
        let mut parts: Vec<&str> = query.split('&').collect();
        parts.sort_unstable();
        key.push('?');
        key.push_str(&parts.join("&"));
    }
    key.replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_in_the_order_of_hosts() {
        let check = |url: &str, want: &str| assert_eq!(key(url), want, "{url}");
        check("https://example.test", "test,example)/");
        check("https://www.Example.test/A/b/?z=1&a=2#top", "test,example)/a/b?a=2&z=1");
        check("http://news.example.test:8080/x", "test,example,news:8080)/x");
        check("https://example.test:443/", "test,example)/");
        check("urn:fullPage:https://example.test/", "urn:fullpage:https://example.test");
        check("https://www2.example.test/?b=&a", "test,example)/?a&b=");
        check("https://u:p@example.test/", "test,example)/");
    }

    #[test]
    fn lines_are_read_as_they_are_written() {
        let line = "test,example)/ 20220314080000 {\"url\":\"https://example.test/\",\"mime\":\"text/html\",\"status\":200,\"digest\":\"sha256:00\",\"length\":321,\"offset\":99,\"filename\":\"data.warc.gz\"}";
        assert_eq!(Line::parse(line).expect("reads").to_string(), line);
        for bad in ["", "a", "a b {}", "a 2022 {\"url\":1}", "a 2022 x", " 2022 {}"] {
            assert_eq!(Line::parse(bad), None, "{bad}");
        }
        assert_eq!(number(&Value::from("7")), Some(7));
        assert_eq!(timestamp(Instant::parse("2022-03-14T10:00:00+02:00").expect("a time")), "20220314080000");
    }
}
