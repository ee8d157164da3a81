//! Tests of reading archives and their members.

use super::*;
use std::io::{Cursor, Write};

type Members = Vec<(String, Vec<u8>)>;

fn open(bytes: &[u8], format: &str, limits: Limits) -> (Members, Vec<String>) {
    let mut got = Vec::new();
    let findings = members(&bytes, format, limits, &mut |info, body| {
        let mut content = Vec::new();
        let _ = body.read_to_end(&mut content);
        got.push((info.name.reveal().clone(), content));
        ControlFlow::Continue(())
    });
    (got, findings.expect("opens").into_iter().map(|f| f.code).collect())
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut w = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        w.start_file(*name, ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Deflated))
            .unwrap();
        w.write_all(content).unwrap();
    }
    w.finish().unwrap().into_inner()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut b = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut h = tar::Header::new_gnu();
        h.set_size(<[u8]>::len(content) as u64);
        h.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        h.set_mtime(1_714_557_600);
        h.set_cksum();
        b.append(&h, *content).unwrap();
    }
    b.into_inner().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

fn names(m: &Members) -> Vec<&str> {
    m.iter().map(|m| m.0.as_str()).collect()
}

#[test]
fn members_come_out_whole_and_in_order() {
    let files: &[(&str, &[u8])] = &[("a.txt", b"one"), ("фото/б.jpg", b"two"), ("empty", b"")];
    let expected: Members = files.iter().map(|(n, c)| ((*n).into(), c.to_vec())).collect();
    assert_eq!(open(&zip_of(files), "zip", Limits::default()), (expected.clone(), vec![]));
    assert_eq!(open(&tar_of(files), "tar", Limits::default()), (expected.clone(), vec![]));
    assert_eq!(open(&gz(&tar_of(files)), "tar-gz", Limits::default()), (expected, vec![]));
    assert_eq!(open(&gz(b"text"), "gzip", Limits::default()), (vec![("content".into(), b"text".to_vec())], vec![]));
}

#[test]
fn unsafe_names_are_skipped_and_reported() {
    for bad in ["/etc/x", "../x", "a/../../x", "C:/x", "\\\\h\\x"] {
        let files: &[(&str, &[u8])] = &[(bad, b"bad"), ("ok", b"ok")];
        for (bytes, format) in [(zip_of(files), "zip"), (tar_of(files), "tar")] {
            let (got, codes) = open(&bytes, format, Limits::default());
            assert_eq!((names(&got), codes), (vec!["ok"], vec!["member-name-unsafe".to_owned()]), "{bad} {format}");
        }
    }
    let (got, codes) = open(&zip_of(&[("a\u{202e}gpj.exe", b"x")]), "zip", Limits::default());
    assert_eq!((names(&got), codes), (vec!["agpj.exe"], vec!["member-name-cleaned".to_owned()]));
}

#[test]
fn same_names_are_kept_apart() {
    let mut bytes = zip_of(&[("aa", b"one"), ("ab", b"two")]);
    while let Some(i) = bytes.windows(2).position(|w| w == b"ab") {
        bytes[i + 1] = b'a';
    }
    let (got, codes) = open(&bytes, "zip", Limits::default());
    assert_eq!(got, [("aa".into(), b"one".to_vec()), ("aa".into(), b"two".to_vec())]);
    assert_eq!(codes, ["member-name-twice"]);
    let (got, codes) = open(&tar_of(&[("a", b"1"), ("a", b"2")]), "tar", Limits::default());
    assert_eq!((got.len(), codes), (2, vec!["member-name-twice".to_owned()]));
}

#[test]
fn links_and_devices_are_skipped() {
    let mut w = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    w.add_symlink("link", "/etc/passwd", ::zip::write::SimpleFileOptions::default()).unwrap();
    let (got, codes) = open(&w.finish().unwrap().into_inner(), "zip", Limits::default());
    assert_eq!((got.len(), codes), (0, vec!["member-not-a-file".to_owned()]));
    let mut b = tar::Builder::new(Vec::new());
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Char, tar::EntryType::Fifo] {
        let mut h = tar::Header::new_gnu();
        h.set_entry_type(kind);
        h.set_path("x").unwrap();
        h.set_size(0);
        h.set_cksum();
        b.append(&h, &b""[..]).unwrap();
    }
    let (got, codes) = open(&b.into_inner().unwrap(), "tar", Limits::default());
    assert_eq!((got.len(), codes), (0, vec!["member-not-a-file".to_owned(); 4]));
}

#[test]
fn bombs_stop_and_what_was_read_stays() {
    let zeros = vec![0; 8 << 20];
    let bytes = zip_of(&[("small", b"kept"), ("bomb", &zeros), ("after", b"kept too")]);
    let (got, codes) = open(&bytes, "zip", Limits { max_ratio: 100, unmeasured_bytes: 1 << 20, ..Limits::default() });
    assert_eq!((names(&got), codes), (vec!["small", "bomb", "after"], vec!["member-bomb".to_owned()]));
    assert!(got[1].1.len() <= (1 << 20) + (1 << 17) && got[2].1 == b"kept too");
    let (got, codes) = open(&bytes, "zip", Limits { max_member_bytes: 1000, ..Limits::default() });
    assert_eq!((got[1].1.len(), codes), (1000, vec!["member-too-large".to_owned()]));
    let (got, codes) = open(&bytes, "zip", Limits { max_total_bytes: 2000, ..Limits::default() });
    assert_eq!((names(&got), got[1].1.len(), codes), (vec!["small", "bomb"], 1996, vec!["container-too-large".to_owned()]));
    let (got, codes) = open(&bytes, "zip", Limits { max_members: 1, ..Limits::default() });
    assert_eq!((names(&got), codes), (vec!["small"], vec!["too-many-members".to_owned()]));
    let (got, codes) = open(&gz(&zeros), "gzip", Limits { max_ratio: 100, unmeasured_bytes: 1 << 20, ..Limits::default() });
    assert_eq!((got.len(), codes), (1, vec!["member-bomb".to_owned()]));
    let (_, codes) =
        open(&gz(&tar_of(&[("z", &zeros)])), "tar-gz", Limits { max_ratio: 100, unmeasured_bytes: 1 << 20, ..Limits::default() });
    assert_eq!(codes, ["member-damaged", "archive-cut-short"]);
    // A name as long as the bomb is no way around.
    let mut h = tar::Header::new_gnu();
    h.set_entry_type(tar::EntryType::GNULongName);
    h.set_size(zeros.len() as u64);
    h.set_cksum();
    let mut b = tar::Builder::new(Vec::new());
    b.append(&h, &zeros[..]).unwrap();
    assert_eq!(open(&b.into_inner().unwrap(), "tar", Limits::default()).1, ["header-too-long"]);
    assert_eq!(open(&bytes, "zip", Limits { max_depth: 0, ..Limits::default() }).1, ["container-too-deep"]);
    assert_eq!(Limits { max_depth: 1, ..Limits::default() }.inside(), None);
    assert_eq!(Limits::default().inside().map(|l| l.max_depth), Some(3));
}

#[test]
fn overlapping_members_are_read_once() {
    let mut bytes = zip_of(&[("a", b"content one"), ("b", b"content two")]);
    // The second entry of the list is pointed at the first member.
    let second = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bytes[second + 42..second + 46].copy_from_slice(&0_u32.to_le_bytes());
    let (got, codes) = open(&bytes, "zip", Limits::default());
    assert_eq!(names(&got), ["a"]);
    assert_eq!(codes, ["member-name-differs", "members-overlap"]);
}

#[test]
fn lies_are_found_out() {
    let good = zip_of(&[("a", b"content one"), ("b", b"content two")]);
    let list = good.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let with = |at: usize, value: &[u8]| {
        let mut b = good.clone();
        b[list + at..list + at + value.len()].copy_from_slice(value);
        open(&b, "zip", Limits::default())
    };
    assert_eq!(with(16, &[1, 2, 3, 4]).1, ["member-checksum-wrong"]);
    assert_eq!(with(24, &9_u32.to_le_bytes()).1, ["member-length-differs"]);
    assert_eq!(with(8, &[1, 0]).1, ["member-encrypted"]);
    assert_eq!(with(10, &[14, 0]).1, ["member-method-unknown"]);
    assert_eq!(with(42, &0x00ff_ffff_u32.to_le_bytes()).1, ["member-not-there"]);
    assert!(with(20, &0x7fff_ffff_u32.to_le_bytes()).1.contains(&"member-length-impossible".to_owned()));
    // ZIP64 sizes that no file has.
    assert!(with(20, &u32::MAX.to_le_bytes()).1.contains(&"member-length-impossible".to_owned()));
    let mut b = good.clone();
    let end = b.len() - 22;
    b[end + 10] = 9;
    assert_eq!(open(&b, "zip", Limits::default()).1, ["member-count-differs"]);
}

#[test]
fn a_cut_archive_gives_its_first_members() {
    let noise: Vec<u8> = (0..2000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut w = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["a", "b", "c"] {
        w.start_file(name, ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored))
            .unwrap();
        w.write_all(&noise).unwrap();
    }
    let bytes = w.finish().unwrap().into_inner();
    let (got, codes) = open(&bytes[..bytes.len() / 2], "zip", Limits::default());
    assert_eq!((names(&got), got[0].1 == noise, got[1].1.len() < noise.len()), (vec!["a", "b"], true, true));
    assert_eq!(codes[0], "archive-cut-short");
    let tarred = tar_of(&[("a", &noise), ("b", &noise)]);
    let (got, codes) = open(&tarred[..3500], "tar", Limits::default());
    assert_eq!((names(&got), codes), (vec!["a", "b"], vec!["member-length-differs".to_owned(), "archive-cut-short".to_owned()]));
    let packed = gz(&noise);
    let (got, codes) = open(&packed[..packed.len() / 2], "gzip", Limits::default());
    assert_eq!((got.len(), codes), (1, vec!["member-damaged".to_owned()]));
}

#[test]
fn a_reader_may_stop_or_skip() {
    let bytes = zip_of(&[("a", b"1"), ("b", b"2")]);
    let mut n = 0;
    members(&bytes.as_slice(), "zip", Limits::default(), &mut |_, _| {
        n += 1;
        ControlFlow::Break(())
    })
    .unwrap();
    assert_eq!(n, 1);
    let tarred = tar_of(&[("a", &[7; 5000]), ("b", b"2")]);
    let mut got = Vec::new();
    members(&tarred.as_slice(), "tar", Limits::default(), &mut |i, body| {
        if i.idx == 1 {
            body.read_to_end(&mut got).unwrap();
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(got, b"2");
}

#[test]
fn what_is_no_archive_is_refused() {
    let check = |bytes: &[u8], format: &str| {
        members(&bytes, format, Limits::default(), &mut |_, _| ControlFlow::Continue(())).unwrap_err()
    };
    assert!(matches!(check(b"", "zip"), FormatError::Empty));
    assert!(matches!(check(b"garbage", "zip"), FormatError::Damaged { .. }));
    assert!(matches!(check(b"garbage", "gzip"), FormatError::Damaged { .. }));
    assert!(matches!(check(&[1; 600], "tar"), FormatError::Damaged { .. }));
    assert!(matches!(check(b"x", "7z"), FormatError::Unsupported { .. }));
}
