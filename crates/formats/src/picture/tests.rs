//! Tests of reading pictures.

use super::*;

/// A JPEG of nothing but an EXIF segment and a frame header. `fields`: tag, ASCII value; GPS only with `gps`.
fn jpeg_with(fields: &[(u16, &str)], gps: bool) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    let exif: Vec<_> = fields.iter().filter(|f| f.0 >= 0x9000).collect();
    let main: Vec<_> = fields.iter().filter(|f| f.0 < 0x9000).collect();
    let n = main.len() + 1 + usize::from(gps);
    let main_end = 8 + 2 + 12 * n + 4;
    let exif_end = main_end + 2 + 12 * exif.len() + 4;
    let gps_end = exif_end + if gps { 2 + 12 * 4 + 4 } else { 0 };
    let mut data = Vec::new();
    let ascii = |tiff: &mut Vec<u8>, data: &mut Vec<u8>, tag: u16, text: &str| {
        let value = [text.as_bytes(), b"\0"].concat();
        tiff.extend(tag.to_be_bytes());
        tiff.extend([0, 2]);
        tiff.extend((value.len() as u32).to_be_bytes());
        if value.len() <= 4 {
            tiff.extend(value.iter().copied().chain([0; 4]).take(4));
        } else {
            tiff.extend(((gps_end + data.len()) as u32).to_be_bytes());
            data.extend(value);
        }
    };
    let long = |tiff: &mut Vec<u8>, tag: u16, v: u32| {
        tiff.extend(tag.to_be_bytes());
        tiff.extend([0, 4, 0, 0, 0, 1]);
        tiff.extend(v.to_be_bytes());
    };
    tiff.extend((n as u16).to_be_bytes());
    for (tag, text) in main {
        ascii(&mut tiff, &mut data, *tag, text);
    }
    long(&mut tiff, 0x8769, main_end as u32);
    if gps {
        long(&mut tiff, 0x8825, exif_end as u32);
    }
    tiff.extend([0; 4]);
    tiff.extend((exif.len() as u16).to_be_bytes());
    for (tag, text) in exif {
        ascii(&mut tiff, &mut data, *tag, text);
    }
    tiff.extend([0; 4]);
    if gps {
        tiff.extend([0, 4]);
        for (tag, reference, degrees) in [(1_u16, "N", 50_u32), (3, "W", 30)] {
            ascii(&mut tiff, &mut data, tag, reference);
            tiff.extend((tag + 1).to_be_bytes());
            tiff.extend([0, 5, 0, 0, 0, 3]);
            tiff.extend(((gps_end + data.len()) as u32).to_be_bytes());
            for (n, d) in [(degrees, 1), (27, 1), (36, 1_u32)] {
                data.extend(n.to_be_bytes());
                data.extend(d.to_be_bytes());
            }
        }
        tiff.extend([0; 4]);
    }
    tiff.extend(data);
    let mut out = b"\xff\xd8\xff\xe1".to_vec();
    out.extend((tiff.len() as u16 + 8).to_be_bytes());
    out.extend(b"Exif\0\0");
    out.extend(tiff);
    out.extend(b"\xff\xc0\0\x11\x08");
    out.extend(3000_u16.to_be_bytes());
    out.extend(4000_u16.to_be_bytes());
    out.extend(b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9");
    out
}

pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    out.extend(width.to_be_bytes());
    out.extend(height.to_be_bytes());
    out.extend(b"\x08\x02\0\0\0\0\0\0\0");
    out.extend(b"\0\0\0\0IEND\xae\x42\x60\x82");
    out
}

fn codes(c: &Checked<PictureFacts>) -> Vec<&str> {
    c.findings.iter().map(|f| f.code.as_str()).collect()
}

#[test]
fn times_stay_local_unless_an_offset_is_stated() {
    let got = read(&jpeg_with(&[(0x010f, "Maker"), (0x9003, "2024:05:01 13:00:00")], false).as_slice()).unwrap();
    assert_eq!((got.value.width, got.value.height), (4000, 3000));
    assert_eq!((got.value.taken_local.as_deref(), got.value.taken_offset.as_deref()), (Some("2024:05:01 13:00:00"), None));
    assert!(codes(&got).contains(&"time-without-zone"));
    let got = read(&jpeg_with(&[(0x9003, "2024:05:01 13:00:00"), (0x9011, "+03:00")], false).as_slice()).unwrap();
    assert_eq!((got.value.taken_offset.as_deref(), codes(&got).len()), (Some("+03:00"), 0));
    let got = read(&jpeg_with(&[(0x9003, "    :  :     :  :  ")], false).as_slice()).unwrap();
    assert_eq!(got.value.taken_local, None);
}

#[test]
fn positions_are_millionths_of_a_degree() {
    let got = read(&jpeg_with(&[(0x0110, "Model")], true).as_slice()).unwrap().value;
    assert_eq!(got.position_micro, Some((50_460_000, -30_460_000)), "{:?}", got.tags);
    assert!(got.tags.iter().any(|(k, v)| k == "Model" && v == "Model"), "{:?}", got.tags);
}

#[test]
fn sizes_are_read_without_decoding() {
    let check = |bytes: &[u8], width: u32, height: u32, code: Option<&str>| {
        let got = read(&bytes).unwrap();
        assert_eq!((got.value.width, got.value.height), (width, height));
        assert!(code.is_none_or(|c| codes(&got).contains(&c)), "{:?}", codes(&got));
    };
    check(&png(1080, 2340), 1080, 2340, Some("no-exif"));
    check(&png(60_000, 60_000), 60_000, 60_000, Some("picture-too-large"));
    check(&png(0, 5), 0, 5, Some("size-unknown"));
    check(b"GIF89a\x40\x01\xf0\0\0\0\0", 320, 240, None);
    check(b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\x01\0\xef\0\0", 320, 240, None);
    let mut tail = png(10, 10);
    tail.extend(b"PK");
    check(&tail, 10, 10, Some("bytes-after-end"));
    check(&png(10, 10)[..20], 0, 0, Some("size-unknown"));
}

#[test]
fn metadata_that_claims_more_than_there_is_is_not_read() {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend(200_u16.to_le_bytes());
    for tag in 0..200_u16 {
        tiff.extend((0x1000 + tag).to_le_bytes());
        tiff.extend(1_u16.to_le_bytes());
        tiff.extend(200_000_u32.to_le_bytes());
        tiff.extend(8_u32.to_le_bytes());
    }
    tiff.resize(210_000, 0);
    let got = read(&tiff.as_slice()).unwrap();
    assert!(codes(&got).contains(&"exif-damaged") && got.value.tags.is_empty());
}

#[test]
fn what_is_no_picture_is_refused() {
    assert!(matches!(read(&b"".as_slice()), Err(FormatError::Empty)));
    assert!(matches!(read(&b"text".as_slice()), Err(FormatError::NotThisFormat { .. })));
    assert!(matches!(read(&b"8BPS\0\x01\0\0".as_slice()), Err(FormatError::Unsupported { .. })));
}

#[test]
fn cameras_and_screens_are_told_apart() {
    use zapys_domain::ItemKind::{Photo, Screenshot};
    let check = |bytes: &[u8], name: Option<&str>, kind, basis: &str| {
        let got = crate::examine(&bytes, name).unwrap();
        assert_eq!((got.recognised.kind, got.basis), (kind, basis));
    };
    check(&jpeg_with(&[(0x010f, "Maker")], false), Some("Screenshot_1.jpg"), Photo, "content");
    check(&jpeg_with(&[(0x9286, "Screenshot")], false), None, Screenshot, "content");
    check(&png(1080, 2340), None, Screenshot, "appearance");
    check(&png(1920, 1080), None, Screenshot, "appearance");
    check(&png(1170, 9000), None, Screenshot, "appearance");
    check(&png(1000, 1000), None, Photo, "appearance");
    check(&png(1000, 1000), Some("Знімок екрана.png"), Screenshot, "name");
    check(&png(64, 64), None, Photo, "appearance");
}
