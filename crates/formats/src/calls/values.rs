//! Single values of a call record: what can be told from them for sure, and flags for what cannot.

use zapys_domain::{Instant, Severity};

/// Which of the first two numbers of a date is the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DateOrder {
    /// Some first number is above 12.
    first_is_day: bool,
    /// Some second number is above 12.
    second_is_day: bool,
}

impl DateOrder {
    /// Learns from one date of the column.
    pub(super) fn see(&mut self, text: &str) {
        if let Some(d) = split(text)
            && !d.year_first
        {
            self.first_is_day |= d.a > 12;
            self.second_is_day |= d.b > 12;
        }
    }
}

/// A zone as the table states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// Seconds east of UTC.
    Offset(i32),
    Unknown,
}

impl Zone {
    /// `(UTC+2)`, `GMT`, `UTC+03:00` in the name of a column. Names of zones and places are not resolved.
    pub(super) fn in_header(name: &str) -> Self {
        let upper = name.to_uppercase().replace('_', " ");
        for word in ["UTC", "GMT"] {
            if let Some(at) = upper.find(word) {
                let rest = upper[at + word.len()..].trim_start();
                if let Some(seconds) = offset(rest) {
                    return Self::Offset(seconds);
                }
                if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '+' || c == '-') {
                    return Self::Offset(0);
                }
            }
        }
        Self::Unknown
    }
}

/// `+2`, `+02`, `+02:00`, `+0200`, `−3` at the start, in seconds.
fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' | '−' => -1,
        _ => return None,
    };
    let rest = &text[text.chars().next()?.len_utf8()..];
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == ':').collect();
    let (h, m) = match digits.split_once(':') {
        Some((h, m)) => (h.parse::<i32>().ok()?, m.get(..2)?.parse::<i32>().ok()?),
        None if digits.len() == 4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        None if (1..=2).contains(&digits.len()) => (digits.parse::<i32>().ok()?, 0),
        None => return None,
    };
    (h <= 14 && m < 60).then_some(sign * (h * 3600 + m * 60))
}

struct Parts {
    a: u32,
    b: u32,
    year: i32,
    /// `a` is the month and `b` the day.
    year_first: bool,
    separator: char,
    /// Seconds of the day.
    clock: Option<u32>,
    zone: Zone,
}

/// The numbers of `31.12.2024 10:00:00`, `2024-12-31T10:00Z`, `20241231100000`.
fn split(text: &str) -> Option<Parts> {
    let text = text.trim();
    let bare = text.bytes().all(|b| b.is_ascii_digit());
    if bare && matches!(text.len(), 8 | 12 | 14) {
        let n = |r: std::ops::Range<usize>| text.get(r).map_or(Some(0), |t| t.parse::<u32>().ok());
        let (year, a, b) = (n(0..4)?, n(4..6)?, n(6..8)?);
        let clock = (text.len() >= 12).then(|| Some(n(8..10)? * 3600 + n(10..12)? * 60 + n(12..14)?)).flatten();
        let year = i32::try_from(year).ok().filter(|y| (1970..2100).contains(y))?;
        return valid(a, b).then_some(Parts { a, b, year, year_first: true, separator: ' ', clock, zone: Zone::Unknown });
    }
    let separator = text.chars().find(|c| !c.is_ascii_digit())?;
    if !matches!(separator, '.' | '/' | '-') {
        return None;
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != separator).unwrap_or(text.len());
    let numbers: Vec<u32> = text[..end].split(separator).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [x, y, z] = numbers[..] else { return None };
    let (clock, zone) = clock(text[end..].trim_start_matches(['T', 't', ' ', ',']));
    let full = |y: u32| if y < 100 { 2000 + y } else { y };
    let (year_first, year, a, b) = if x > 31 { (true, x, y, z) } else { (false, full(z), x, y) };
    let year = i32::try_from(year).ok().filter(|y| (1970..2100).contains(y))?;
    let fits = if year_first { valid(a, b) } else { valid(a, b) || valid(b, a) };
    fits.then_some(Parts { a, b, year, year_first, separator, clock, zone })
}

fn valid(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Seconds of the day and a stated offset: `10:05:00`, `10:05 PM`, `10:05:00.000+02:00`, `10:05Z`.
fn clock(text: &str) -> (Option<u32>, Zone) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
    let numbers: Vec<u32> = text[..end].split(':').filter_map(|p| p.parse().ok()).collect();
    let mut rest = text[end..].trim_start();
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    }
    let upper = rest.to_uppercase();
    let (h, m, s) = match numbers[..] {
        [h, m] => (h, m, 0),
        [h, m, s] => (h, m, s),
        _ => return (None, Zone::Unknown),
    };
    let h = match () {
        () if upper.starts_with("PM") && h < 12 => h + 12,
        () if upper.starts_with("AM") && h == 12 => 0,
        () => h,
    };
    if h > 23 || m > 59 || s > 60 {
        return (None, Zone::Unknown);
    }
    let upper = upper.trim_start_matches("AM").trim_start_matches("PM").trim();
    let stated = upper.trim_start_matches("UTC").trim_start_matches("GMT").trim();
    let zone = match () {
        () if matches!(upper, "Z" | "UTC" | "GMT") => Zone::Offset(0),
        () => offset(stated).map_or(Zone::Unknown, Zone::Offset),
    };
    (Some(h * 3600 + m * 60 + s), zone)
}

/// A start time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) utc: Option<String>,
    pub(super) zone: Zone,
    pub(super) flags: Vec<&'static str>,
}

/// Reads a time as far as it is sure. `zone`: what the header states.
pub(super) fn time(text: &str, order: DateOrder, zone: Zone) -> Time {
    let mut out = Time { utc: None, zone, flags: Vec::new() };
    // Seconds or milliseconds since the epoch are absolute.
    if text.bytes().all(|b| b.is_ascii_digit()) && matches!(text.len(), 10 | 13) {
        let seconds = text.parse::<i64>().ok().map(|n| if text.len() == 13 { n / 1000 } else { n });
        out.utc = seconds.map(|s| Instant::from_seconds(s).to_string());
        out.zone = Zone::Offset(0);
        out.flags.push("epoch-time");
        return out;
    }
    let Some(d) = split(text) else {
        out.flags.push("time-unread");
        return out;
    };
    if d.zone != Zone::Unknown {
        out.zone = d.zone;
    }
    // Dots stand in day-first dates only; slashes and dashes in both orders.
    let (month, day) = match (d.year_first, order.first_is_day || d.separator == '.' && !order.second_is_day, order.second_is_day)
    {
        (true, ..) => (d.a, d.b),
        (_, true, true) => {
            out.flags.push("date-order-mixed");
            return out;
        }
        (_, true, false) => (d.b, d.a),
        (_, false, true) => (d.a, d.b),
        (_, false, false) if d.a == d.b => (d.a, d.b),
        (_, false, false) => {
            out.flags.push("ambiguous-date");
            return out;
        }
    };
    let Some(clock) = d.clock else {
        out.flags.push("time-of-day-missing");
        return out;
    };
    if !valid(month, day) {
        out.flags.push("time-unread");
        return out;
    }
    let Zone::Offset(seconds) = out.zone else { return out };
    let stamp = format!("{}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", d.year, clock / 3600, clock / 60 % 60, (clock % 60).min(59));
    match Instant::parse(&stamp) {
        Some(t) => out.utc = Some(Instant::from_micros(t.micros() - i64::from(seconds) * 1_000_000).to_string()),
        None => out.flags.push("time-unread"),
    }
    out
}

/// Seconds from `65`, `1:05`, `00:01:05`, `65.0`, `1,5` (minutes).
pub(super) fn duration(text: &str, minutes: bool) -> (Option<u64>, Vec<&'static str>) {
    let text = text.trim().trim_end_matches(|c: char| c.is_alphabetic() || c == '.' || c == ' ');
    let parts: Option<Vec<u64>> = text.split(':').map(|p| p.trim().parse().ok().filter(|n| *n < 10_000_000)).collect();
    match parts.as_deref() {
        Some([n]) if minutes => (Some(n * 60), vec!["duration-in-minutes"]),
        Some([n]) => (Some(*n), vec![]),
        // Minutes and seconds by custom; hours and minutes cannot be excluded.
        Some([m, s]) if *s < 60 => (Some(m * 60 + s), vec!["duration-two-parts"]),
        Some([h, m, s]) if *m < 60 && *s < 60 => (Some(h * 3600 + m * 60 + s), vec![]),
        _ => match text.replace(',', ".").parse::<f64>() {
            Ok(n) if (0.0..1e7).contains(&n) => {
                let seconds = if minutes { n * 60.0 } else { n };
                let whole = (seconds - seconds.round()).abs() < 1e-6;
                let flag = if minutes { "duration-in-minutes" } else { "duration-not-whole" };
                (Some(seconds.round() as u64), if whole && !minutes { vec![] } else { vec![flag] })
            }
            _ => (None, vec!["duration-unread"]),
        },
    }
}

/// True for what tables write instead of nothing.
pub(super) fn is_nothing(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "" | "-" | "–" | "—" | "null" | "none" | "n/a" | "na" | "nan" | "н/д" | "#n/a")
}

/// A value freed from what spreadsheets put around it: `="380…"`, a leading apostrophe. Formulas stay text and are flagged.
pub(super) fn plain(written: &str) -> (String, Vec<&'static str>) {
    let mut text = written.trim();
    if let Some(inner) = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"')) {
        text = inner;
    } else if let Some(inner) = text.strip_prefix('\'') {
        text = inner;
    }
    let formula = text.starts_with(['=', '@']) || text.starts_with(['+', '-']) && text.contains(['(', '!', '|']);
    let mut flags = Vec::new();
    if formula {
        flags.push("formula");
    }
    if scientific(text) {
        flags.push("number-in-scientific-notation");
    }
    (text.to_owned(), flags)
}

/// `3.80E+11`, `3,8067E11`: digits were lost in a spreadsheet.
fn scientific(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some((mantissa, exponent)) = lower.split_once('e') else { return false };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    digits(&mantissa.replacen(['.', ','], "", 1)) && digits(exponent.trim_start_matches('+'))
}

pub(super) fn number_flags(text: &str) -> Vec<&'static str> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '\u{a0}')).collect();
    if !compact.bytes().all(|b| b.is_ascii_digit()) {
        return vec![];
    }
    match compact.len() {
        12 if compact.starts_with("380") => vec!["plus-missing"],
        11 if compact.starts_with('7') => vec!["plus-missing"],
        // A Ukrainian number without its trunk zero, as spreadsheets leave it.
        9 if ["39", "50", "63", "66", "67", "68", "73", "91", "92", "93", "94", "95", "96", "97", "98", "99"]
            .iter()
            .any(|p| compact.starts_with(p)) =>
        {
            vec!["zero-missing"]
        }
        _ => vec![],
    }
}

pub(super) fn imei_flags(text: &str) -> Vec<&'static str> {
    let digits: Vec<u32> = text.chars().filter(|c| !matches!(c, ' ' | '-' | '/')).map_while(|c| c.to_digit(10)).collect();
    match digits.len() {
        14 => vec!["imei-without-check-digit"],
        16 => vec!["imeisv"],
        15 => {
            let sum: u32 = digits.iter().enumerate().map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { *d }).sum();
            match (sum % 10, digits[14]) {
                (0, _) => vec![],
                // Networks transmit a zero in its place.
                (_, 0) => vec!["imei-check-digit-zero"],
                _ => vec!["imei-check-digit"],
            }
        }
        _ => vec!["imei-length"],
    }
}

/// `in`, `out`, or the word as written.
pub(super) fn direction(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let starts = |words: &[&str]| words.iter().any(|w| lower.starts_with(w));
    match () {
        () if starts(&["вхід", "вход", "incoming", "inbound", "mtc", "mt call", "terminat", "received"])
            || matches!(lower.as_str(), "in" | "mt") =>
        {
            "in".into()
        }
        () if starts(&["вихід", "исход", "outgoing", "outbound", "moc", "mo call", "originat", "dialed", "dialled"])
            || matches!(lower.as_str(), "out" | "mo") =>
        {
            "out".into()
        }
        () => text.trim().to_owned(),
    }
}

/// Severity of a flag and its meaning for people.
pub(super) fn explain(flag: &str) -> (Severity, &'static str) {
    use Severity::{Note, Serious, Warning};
    match flag {
        "number-in-scientific-notation" => {
            (Serious, "a number was written in scientific notation by a spreadsheet; its last digits are lost.")
        }
        "formula" => (Warning, "a value is a spreadsheet formula; it is kept as text and never evaluated."),
        "ambiguous-date" => (Serious, "day and month can be exchanged in every date of the column; no reading was chosen."),
        "date-order-mixed" => (Serious, "the column mixes day-first and month-first dates; no reading was chosen."),
        "time-unread" => (Warning, "the start time is in no known notation; it is kept as written."),
        "time-of-day-missing" => (Warning, "the start holds a date only."),
        "epoch-time" => (Note, "the start is counted from 1970 and therefore absolute."),
        "plus-missing" => (Note, "a number looks international but has no plus."),
        "zero-missing" => (Note, "a number looks national but its leading zero is missing."),
        "imei-check-digit" => (Warning, "the check digit of the IMEI is wrong."),
        "imei-check-digit-zero" => (Note, "the IMEI ends in a zero instead of its check digit, as networks transmit it."),
        "imei-without-check-digit" => (Note, "the IMEI has no check digit."),
        "imeisv" => (Note, "the IMEI has 16 digits: it is an IMEISV with a software version."),
        "imei-length" => (Warning, "the IMEI has an impossible length."),
        "duration-two-parts" => (Warning, "the duration has two parts; it was read as minutes and seconds."),
        "duration-in-minutes" => (Note, "the duration is given in minutes."),
        "duration-not-whole" => (Note, "the duration is no whole number of seconds; it was rounded."),
        "duration-unread" => (Warning, "the duration is in no known notation."),
        "column-count-differs" => (Warning, "the row has more or fewer columns than the header."),
        "row-unread" => (Warning, "the row holds no number, or neither time nor duration; it was counted as unread."),
        _ => (Note, "something was noticed."),
    }
}
