//! Instants, and the seams through which "now" and new identifiers enter.

use serde::{Deserialize, Serialize};
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment on the wall clock: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// From microseconds since the epoch, UTC.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }
    /// From whole seconds since the epoch, UTC.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }
    /// Microseconds since the epoch, UTC.
    pub fn micros(self) -> i64 {
        self.0
    }
    /// Milliseconds since the epoch, as ULIDs count them.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0 / 1000).unwrap_or(0)
    }
    /// Reads RFC 3339 with any offset. Errors: `None` if it is not such a time.
    pub fn parse(text: &str) -> Option<Self> {
        let t = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(t.unix_timestamp_nanos() / 1000).ok().map(Self)
    }
    /// The instant in UTC as a calendar time; years outside -9999..9999 clamp to the epoch.
    pub fn utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}
impl fmt::Display for Instant {
    /// RFC 3339 in UTC, with microseconds only where there are some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}
impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instant({self})")
    }
}
impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("RFC 3339 time expected"))
    }
}

/// Where "now" comes from. Nothing else may ask the operating system for the time.
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> Instant;
}
/// Where new identifiers come from.
pub trait IdSource: Send + Sync {
    /// A fresh ULID whose time part is `at`.
    fn ulid(&self, at: Instant) -> ulid::Ulid;
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn instants_round_trip_and_keep_the_moment() {
        let t = Instant::parse("2022-03-14T10:00:00+02:00").expect("valid");
        assert_eq!(t.to_string(), "2022-03-14T08:00:00Z");
        assert_eq!(Instant::parse(&t.to_string()), Some(t));
        assert_eq!(Instant::parse("2022-03-14 10:00"), None);
    }
}
