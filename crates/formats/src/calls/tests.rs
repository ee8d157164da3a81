//! Tests of reading call records.

use super::*;

fn table(text: &str) -> Checked<CallTable> {
    read(&text.as_bytes()).expect("a table")
}
fn codes(c: &Checked<CallTable>) -> Vec<&str> {
    c.findings.iter().map(|f| f.code.as_str()).collect()
}
/// One row under a usual header: number A, number B, start, duration, IMEI.
fn row(a: &str, b: &str, start: &str, duration: &str, imei: &str) -> CallRow {
    let got = table(&format!("A number;B number;Start time;Duration;IMEI\n{a};{b};{start};{duration};{imei}\n"));
    got.value.rows.into_iter().next().expect("one row")
}

#[test]
fn headers_are_known_in_three_languages() {
    let check = |header: &str, expected: &[&str]| {
        let got = table(&format!("{header}\n1;2;2024-05-01 10:00:00;5;x\n1;2;2024-05-01 10:00:00;5;x\n"));
        let fields: Vec<_> = got.value.mapping.iter().map(|(f, _)| f.as_str()).collect();
        assert_eq!(fields, expected, "{header}");
    };
    check(
        "Calling number;Called number;Call start;Duration (sec);Direction",
        &["a_number", "b_number", "start_local", "duration_s", "direction"],
    );
    check(
        "Абонент А;Абонент Б;Дата та час;Тривалість, сек;Базова станція",
        &["a_number", "b_number", "start_local", "duration_s", "cell_start"],
    );
    check(
        "Номер А;Номер Б;Дата и время;Длительность;Тип соединения",
        &["a_number", "b_number", "start_local", "duration_s", "direction"],
    );
    check("a_number;b_number;start_local;duration_s;imei", &["a_number", "b_number", "start_local", "duration_s", "imei"]);
    check(
        "MSISDN;Other party;Timestamp;Duration;First Cell ID",
        &["a_number", "b_number", "start_local", "duration_s", "cell_start"],
    );
}

#[test]
fn delimiters_encodings_and_preambles() {
    let text = "Номер А{d}Номер Б{d}Дата{d}Время{d}Длительность\n+380501112233{d}+380671112233{d}14.05.2024{d}10:05:06{d}65\n+380501112233{d}+380671112233{d}15.05.2024{d}11:05:06{d}7\n";
    for d in [";", ",", "\t", "|"] {
        let text = text.replace("{d}", d);
        let wide = |big: bool, bom: bool| -> Vec<u8> {
            let units = bom.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        let all = [
            ("utf-8", text.clone().into_bytes()),
            ("utf-8", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
            ("windows-1251", encoding_rs::WINDOWS_1251.encode(&text).0.into_owned()),
            ("utf-16le", wide(false, true)),
            ("utf-16be", wide(true, true)),
            ("utf-16le", wide(false, false)),
        ];
        for (name, bytes) in all {
            let got = read(&bytes.as_slice()).unwrap().value;
            assert_eq!((got.encoding.as_str(), got.delimiter.as_str(), got.rows.len()), (name, d, 2));
            let r = &got.rows[0];
            assert_eq!(
                (r.a_number.as_deref(), r.start_local.as_deref(), r.duration_s),
                (Some("+380501112233"), Some("14.05.2024 10:05:06"), Some(65))
            );
        }
    }
    let got = table(&format!("Звіт за травень\nАбонент: тестовий\n\n{}", text.replace("{d}", ";"))).value;
    assert_eq!((got.rows.len(), got.rows[0].row), (2, 1));
}

#[test]
fn digests_are_of_the_bytes_in_the_file() {
    let hash = |b: &[u8]| Sha256::digest(b).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let rows = ["A number;B number;Start;Duration", "1;2;2024-05-01 10:00;5", "3;\"4\";2024-05-01 10:00;6"];
    let got = table(&rows.join("\r\n")).value;
    assert_eq!(
        got.rows.iter().map(|r| r.row_sha256.clone()).collect::<Vec<_>>(),
        [hash(rows[1].as_bytes()), hash(rows[2].as_bytes())]
    );
    let wide = |t: &str| t.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let got = read(&[b"\xff\xfe".to_vec(), wide(&rows.join("\n"))].concat().as_slice()).unwrap().value;
    assert_eq!(got.rows[1].row_sha256, hash(&wide(rows[2])));
}

#[test]
fn zones_are_never_assumed() {
    let check = |start: &str, utc: Option<&str>, basis: &str, flags: &[&str]| {
        let r = row("+380501112233", "+380671112233", start, "5", "");
        assert_eq!((r.start_utc.as_deref(), r.zone_basis.as_str(), r.start_local.as_deref()), (utc, basis, Some(start)));
        assert_eq!(r.flags, flags, "{start}");
    };
    check("2024-05-01 13:00:00", None, "unknown", &[]);
    check("2024-05-01T13:00:00+03:00", Some("2024-05-01T10:00:00Z"), "stated", &[]);
    check("2024-05-01T10:00:00.000Z", Some("2024-05-01T10:00:00Z"), "stated", &[]);
    check("14.05.2024 13:00:00 UTC+3", Some("2024-05-14T10:00:00Z"), "stated", &[]);
    check("1714557600", Some("2024-05-01T10:00:00Z"), "stated", &["epoch-time"]);
    check("20240501130000", None, "unknown", &[]);
    check("03/04/2024 10:00", None, "unknown", &["ambiguous-date"]);
    check("14/05/2024 10:00", None, "unknown", &[]);
    check("05/14/2024 1:00 PM +00:00", Some("2024-05-14T13:00:00Z"), "stated", &[]);
    check("soon", None, "unknown", &["time-unread"]);
    check("2024-02-31 10:00:00Z", None, "stated", &["time-unread"]);
    check("2024-05-01", None, "unknown", &["time-of-day-missing"]);
    let got = table("A number;B number;Start (UTC+2);Duration\n1;2;14.05.2024 10:00;5\n1;2;15.05.2024 10:00;5\n");
    assert_eq!(got.value.rows[0].start_utc.as_deref(), Some("2024-05-14T08:00:00Z"));
    assert!(codes(&table("A number;B number;Start;Duration\n1;2;14.05.2024 10:00;5\n")).contains(&"zone-unknown"));
}

#[test]
fn one_clear_date_decides_the_column() {
    let got = table("A number;B number;Start UTC;Duration\n1;2;03/04/2024 10:00;5\n1;2;03/25/2024 10:00;5\n");
    assert_eq!(got.value.rows[0].start_utc.as_deref(), Some("2024-03-04T10:00:00Z"));
    let got =
        table("A number;B number;Start UTC;Duration\n1;2;03/04/2024 10:00;5\n1;2;03/25/2024 10:00;5\n1;2;25/03/2024 10:00;5\n");
    assert_eq!((got.value.rows[0].start_utc.as_deref(), got.value.rows[0].flags[0].as_str()), (None, "date-order-mixed"));
}

#[test]
fn numbers_keep_their_faults() {
    let check = |a: &str, expected: &str, flags: &[&str]| {
        let r = row(a, "x", "2024-05-01 10:00", "5", "");
        assert_eq!(
            (r.a_number.as_deref(), r.flags.iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
            (Some(expected), flags)
        );
    };
    check("+380501112233", "+380501112233", &[]);
    check("380501112233", "380501112233", &["plus-missing"]);
    check("79161112233", "79161112233", &["plus-missing"]);
    check("501112233", "501112233", &["zero-missing"]);
    check("0501112233", "0501112233", &[]);
    check("3.80E+11", "3.80E+11", &["number-in-scientific-notation"]);
    check("3,80501E+11", "3,80501E+11", &["number-in-scientific-notation"]);
    check("=\"380501112233\"", "380501112233", &["plus-missing"]);
    check("=HYPERLINK(1)", "=HYPERLINK(1)", &["formula"]);
    check("@SUM(A1)", "@SUM(A1)", &["formula"]);
    check("Bank", "Bank", &[]);
}

#[test]
fn durations_are_seconds() {
    let check = |text: &str, seconds: Option<u64>, flags: &[&str]| {
        let r = row("+1", "+2", "2024-05-01 10:00", text, "");
        assert_eq!((r.duration_s, r.flags.iter().map(String::as_str).collect::<Vec<_>>().as_slice()), (seconds, flags), "{text}");
    };
    check("65", Some(65), &[]);
    check("65 s", Some(65), &[]);
    check("65.0", Some(65), &[]);
    check("1:05", Some(65), &["duration-two-parts"]);
    check("00:01:05", Some(65), &[]);
    check("1.5", Some(2), &["duration-not-whole"]);
    check("99:99", None, &["duration-unread"]);
    check("-5", None, &["duration-unread"]);
    check("99999999999999999999", None, &["duration-unread"]);
    check("", None, &[]);
    let got = table("A number;B number;Start;Тривалість, хв\n1;2;14.05.2024 10:00;1,5\n");
    assert_eq!(got.value.rows[0].duration_s, Some(90));
}

#[test]
fn imei_check_digits() {
    let check = |imei: &str, flags: &[&str]| {
        let r = row("+1", "+2", "2024-05-01 10:00", "5", imei);
        assert_eq!(r.flags, flags, "{imei}");
    };
    check("490154203237518", &[]);
    check("490154203237510", &["imei-check-digit-zero"]);
    check("490154203237511", &["imei-check-digit"]);
    check("49015420323751", &["imei-without-check-digit"]);
    check("4901542032375101", &["imeisv"]);
    check("4901", &["imei-length"]);
}

#[test]
fn bad_rows_are_counted_and_lost_marks_mended() {
    let got = table("A number;B number;Start;Duration\n1;2;14.05.2024 10:00;5\n;;;\nразом;;;\n\n3;4;14.05.2024 10:00\n");
    assert_eq!((got.value.rows.len(), got.value.unread), (2, 1));
    assert_eq!(got.value.rows[1].flags, ["column-count-differs"]);
    let one = format!("A number;B number;Start;Duration\n1;\"2;14.05.2024 10:00;5\n{}", "3;4;14.05.2024 10:00;5\n".repeat(30));
    let got = table(&one);
    assert_eq!(got.value.rows.len(), 31);
    assert!(codes(&got).contains(&"quotes-unbalanced"));
}

#[test]
fn directions_and_other_tables() {
    assert_eq!(["Вхідний", "исходящий", "MOC", "incoming call", "SMS"].map(values::direction), ["in", "out", "out", "in", "SMS"]);
    for text in ["just text", "a,b\nc,d\n", "Name;Date;Price\nx;2024-05-01;5\ny;2024-05-01;6\n", "\0\x01"] {
        assert!(matches!(read(&text.as_bytes()), Err(FormatError::NotThisFormat { .. })), "{text}");
    }
    assert!(matches!(read(&b"".as_slice()), Err(FormatError::Empty)));
    assert_eq!(glance("Слово, слово.\nЩе слово, і ще.\n"), Glance::Lines);
    assert_eq!(glance("Name;Date;Price\nx;2024-05-01;5\ny;2024-05-01;6\n"), Glance::Table);
    assert_eq!(glance("A number;B number;Start;Duration\n1;2;14.05.2024 10:00;5\n"), Glance::Calls);
}
