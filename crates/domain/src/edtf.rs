//! Dates as people know them: partial, approximate, or unknown (a subset of EDTF, ISO 8601-2).
//!
//! Accepted: `2022`, `2022-03`, `2022-03-14`, digits unknown from the right (`2022-03-1X`, `202X`, `2022-XX`),
//! qualifiers `?`, `~`, `%` at the end, an RFC 3339 time with offset, and intervals `A/B`, `A/..`, `../B`.
//! Nothing is guessed: a vague date keeps the earliest and latest day it may mean.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A date with the precision that somebody stated.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(try_from = "String", into = "String")]
pub struct Edtf(String);

/// Calendar day: year, month, day.
pub type Day = (i32, u8, u8);

impl Edtf {
    /// Reads a date. Errors: `None` where the text is none of the accepted forms or no day of the calendar.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        bounds(text)?;
        Some(Self(text.to_owned()))
    }
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// First day it may mean; `None` for an open start.
    pub fn earliest(&self) -> Option<Day> {
        bounds(&self.0).and_then(|b| b.0)
    }
    /// Last day it may mean; `None` for an open end.
    pub fn latest(&self) -> Option<Day> {
        bounds(&self.0).and_then(|b| b.1)
    }
}
impl fmt::Display for Edtf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl TryFrom<String> for Edtf {
    type Error = &'static str;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        Self::parse(&s).ok_or("date expected, such as 2022, 2022-03, 2022-03-14 or 2022-03-1X")
    }
}
impl From<Edtf> for String {
    fn from(e: Edtf) -> String {
        e.0
    }
}

type Bounds = (Option<Day>, Option<Day>);

fn bounds(text: &str) -> Option<Bounds> {
    let Some((a, b)) = text.split_once('/') else { return single(text).map(|(a, b)| (Some(a), Some(b))) };
    let from = if a == ".." || a.is_empty() { None } else { Some(single(a)?.0) };
    let to = if b == ".." || b.is_empty() { None } else { Some(single(b)?.1) };
    if from.is_none() && to.is_none() || matches!((from, to), (Some(f), Some(t)) if f > t) {
        return None;
    }
    Some((from, to))
}

fn single(text: &str) -> Option<(Day, Day)> {
    if text.contains('T') {
        let t = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
        let day = (t.year(), u8::from(t.month()), t.day());
        return Some((day, day));
    }
    let text = text.trim_end_matches(['?', '~', '%']);
    let parts: Vec<&str> = text.split('-').collect();
    if parts.len() > 3 || parts[0].len() != 4 || parts[1..].iter().any(|p| p.len() != 2) {
        return None;
    }
    let (y0, y1) = span(parts[0])?;
    let (m0, m1) = match parts.get(1) {
        None => (1, 12),
        Some(m) => {
            let (a, b) = span(m)?;
            (a.max(1), b.min(12))
        }
    };
    if m0 > m1 {
        return None;
    }
    let (y0, y1, m0, m1) = (i32::try_from(y0).ok()?, i32::try_from(y1).ok()?, u8::try_from(m0).ok()?, u8::try_from(m1).ok()?);
    let (d0, d1) = match parts.get(2) {
        None => (1, last_day(y1, m1)?),
        Some(d) => {
            let (a, b) = span(d)?;
            let (a, b) = (u8::try_from(a.max(1)).ok()?, u8::try_from(b).ok()?.min(last_day(y1, m1)?));
            if a > b {
                return None;
            }
            (a, b)
        }
    };
    if d0 > last_day(y0, m0)? {
        return None;
    }
    Some(((y0, m0, d0), (y1, m1, d1)))
}

/// Smallest and largest number that digits with unknown places may mean; `X` only from the right.
fn span(digits: &str) -> Option<(u32, u32)> {
    let known = digits.trim_end_matches('X');
    if !known.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fill = |c: char| format!("{known}{}", c.to_string().repeat(digits.len() - known.len())).parse::<u32>().ok();
    Some((fill('0')?, fill('9')?))
}

fn last_day(year: i32, month: u8) -> Option<u8> {
    Some(time::Month::try_from(month).ok()?.length(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vague_dates_stay_vague() {
        let check = |text: &str, from: Option<Day>, to: Option<Day>| {
            let e = Edtf::parse(text).unwrap_or_else(|| panic!("{text} is a date"));
            assert_eq!((e.as_str(), e.earliest(), e.latest()), (text, from, to));
        };
        check("2022", Some((2022, 1, 1)), Some((2022, 12, 31)));
        check("2022-02", Some((2022, 2, 1)), Some((2022, 2, 28)));
        check("2022-03-14~", Some((2022, 3, 14)), Some((2022, 3, 14)));
        check("2022-03-1X", Some((2022, 3, 10)), Some((2022, 3, 19)));
        check("2022-03-3X", Some((2022, 3, 30)), Some((2022, 3, 31)));
        check("202X", Some((2020, 1, 1)), Some((2029, 12, 31)));
        check("2022-XX", Some((2022, 1, 1)), Some((2022, 12, 31)));
        check("2022-03/2022-08", Some((2022, 3, 1)), Some((2022, 8, 31)));
        check("2022/..", Some((2022, 1, 1)), None);
        check("2022-03-14T10:00:00+02:00", Some((2022, 3, 14)), Some((2022, 3, 14)));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in
            ["", "14.03.2022", "2022-13", "2022-02-30", "2022-3", "22", "2022-X3", "../..", "2023/2022", "2022-03-14T10:00"]
        {
            assert_eq!(Edtf::parse(bad), None, "{bad}");
        }
    }
}
