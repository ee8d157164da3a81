//! Page numbers: `UKR-0A1B-0001-000042`, with `-R01` for the first redacted version of that page.

use std::fmt;

/// The part that all page numbers of one load file share, e.g. `UKR-0A1B-0001`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PageSeries(String);
impl PageSeries {
    /// Reads three letters, three or four letters or digits, four digits, joined by hyphens. Errors: `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let &[case, body, volume] = parts.as_slice() else { return None };
        let upper = |t: &str| t.bytes().all(|b| b.is_ascii_uppercase());
        let mixed = |t: &str| t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let fits = case.len() == 3 && upper(case) && (3..=4).contains(&body.len()) && mixed(body);
        (fits && volume.len() == 4 && volume.bytes().all(|b| b.is_ascii_digit())).then(|| Self(text.into()))
    }

    /// The series of a production: the same production has the same one, and another production another (R1.21: page
    /// numbers are never used again). It is taken from a digest with about 48 bits: among ten thousand load files the
    /// chance that any two share it is less than one in five million.
    pub fn of(production: &str) -> Self {
        const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let digest = zapys_ledger::Hash::of(production.as_bytes());
        let mut rest = digest.as_bytes()[..16].iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
        let mut take = |base: u128| {
            let digit = rest % base;
            rest /= base;
            usize::try_from(digit).expect("less than the base")
        };
        let letters: String = (0..3).map(|_| char::from(DIGITS[10 + take(26)])).collect();
        let body: String = (0..4).map(|_| char::from(DIGITS[take(36)])).collect();
        Self(format!("{letters}-{body}-{:04}", take(9999) + 1))
    }
}
impl fmt::Display for PageSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One page number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PageId {
    #[allow(missing_docs)]
    pub series: PageSeries,
    /// Counted from 1.
    pub number: u32,
    /// Digits of the number, 4 to 6.
    width: usize,
    /// Which redacted version it is; 0 for the page as it came.
    pub redaction: u8,
}
impl PageId {
    /// Highest number.
    pub const MAX: u32 = 999_999;

    /// Page `number` of a series, in six digits. Errors: `None` beyond [`PageId::MAX`] and for 0.
    pub fn new(series: &PageSeries, number: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then(|| Self { series: series.clone(), number, width: 6, redaction: 0 })
    }
    /// Reads a page number. Errors: `None` for anything that is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (plain, redaction) = match text.rsplit_once("-R") {
            Some((plain, r)) if r.len() == 2 && r.bytes().all(|b| b.is_ascii_digit()) => (plain, r.parse().ok()?),
            _ => (text, 0),
        };
        let (series, digits) = plain.rsplit_once('-')?;
        let width = digits.len();
        if !(4..=6).contains(&width) || !digits.bytes().all(|b| b.is_ascii_digit()) || (redaction == 0 && plain != text) {
            return None;
        }
        let number = digits.parse().ok().filter(|n| *n > 0)?;
        Some(Self { series: PageSeries::parse(series)?, number, width, redaction })
    }
    /// The page `n` further on; `None` beyond the last.
    pub fn plus(&self, n: u32) -> Option<Self> {
        let number = self.number.checked_add(n).filter(|m| *m < 10u32.pow(u32::try_from(self.width).unwrap_or(6)))?;
        Some(Self { number, ..self.clone() })
    }
    /// Whether both are numbered in the same way: series, width and redaction.
    pub fn same_kind(&self, other: &Self) -> bool {
        (&self.series, self.width, self.redaction) == (&other.series, other.width, other.redaction)
    }
}
impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:0width$}", self.series, self.number, width = self.width)?;
        if self.redaction > 0 { write!(f, "-R{:02}", self.redaction) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_21_page_numbers_are_read_as_they_are_written() {
        for good in ["UKR-OTP-0001-0001", "UKR-OTP1-0001-000001", "ABC-0A1-9999-99999", "UKR-OTP-0001-0001-R01"] {
            assert_eq!(PageId::parse(good).map(|p| p.to_string()).as_deref(), Some(good));
        }
        for bad in [
            "",
            "ukr-OTP-0001-0001",
            "UKR-OT-0001-0001",
            "UKR-OTP-001-0001",
            "UKR-OTP-0001-001",
            "UKR-OTP-0001-0000001",
            "UKR-OTP-0001-0000",
            "UKR-OTP-0001-0001-R1",
            "UKR-OTP-0001-0001-R00",
            "UKR-OTP-0001-0001-X01",
            "UKR-OTP-0001-0001 ",
            "UKR-OTP-0001-00a1",
        ] {
            assert_eq!(PageId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn r1_21_no_two_productions_share_a_series() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..20_000 {
            let s = PageSeries::of(&format!("production {n}"));
            assert_eq!(PageSeries::parse(&s.to_string()).as_ref(), Some(&s));
            assert!(seen.insert(s));
        }
        let last = PageId::new(&PageSeries::of("x"), PageId::MAX).expect("the last page");
        assert_eq!(last.plus(1), None);
        assert_eq!(PageId::parse("UKR-OTP-0001-9999").and_then(|p| p.plus(1)), None, "a number does not grow wider");
    }
}
