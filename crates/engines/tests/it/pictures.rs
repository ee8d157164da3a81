//! Pictures: upright, small enough, without metadata.

use crate::Bench;
use zapys_domain::DerivativeKind::{Proxy, Text};
use zapys_domain::ItemKind::{Photo, Screenshot};

/// Puts an EXIF block with this orientation, and a marked text, into a JPEG.
fn with_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    tiff.extend([0x01, 0x0e, 0, 2, 0, 0, 0, 12, 0, 0, 0, 38]); // description, at offset 38
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1]);
    tiff.extend(orientation.to_be_bytes());
    tiff.extend([0, 0, 0, 0, 0, 0]);
    tiff.extend(b"MARKED-TEXT\0");
    let mut exif = b"Exif\0\0".to_vec();
    exif.extend(tiff);
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend((exif.len() as u16 + 2).to_be_bytes());
    out.extend(exif);
    out.extend(&jpeg[2..]);
    out
}

fn size_of(path: &std::path::Path) -> (u32, u32) {
    image::ImageReader::open(path).unwrap().with_guessed_format().unwrap().into_dimensions().unwrap()
}

#[test]
fn a_turned_photograph_comes_out_upright_and_bare() {
    let bench = Bench::new();
    // Left half red, right half blue.
    let plain = bench
        .ffmpeg("p.jpg", &["-f", "lavfi", "-i", "color=red:s=80x100[a];color=blue:s=80x100[b];[a][b]hstack", "-frames:v", "1"]);
    let bytes = with_exif(&std::fs::read(plain).unwrap(), 6);
    assert!(bytes.windows(6).any(|w| w == b"MARKED"));
    let path = bench.write("turned.jpg", &bytes);
    let (copy, emitted) = bench.derive(Proxy, Photo, &path, "image/jpeg").unwrap();
    assert_eq!(emitted.value.media_type, "image/jpeg");
    assert_eq!(size_of(&copy), (100, 160), "turned by a quarter");
    let bytes = std::fs::read(&copy).unwrap();
    assert!(!bytes.windows(6).any(|w| w == b"MARKED") && !bytes.windows(4).any(|w| w == b"Exif" || w == b"Lavc"));
    let picture = image::load_from_memory(&bytes).unwrap().to_rgb8();
    let top = picture.get_pixel(50, 20).0;
    assert!(top[0] > 200 && top[2] < 80, "what was left is now on top: {top:?}");
    let (read, _) = bench.document(Text, Photo, &path, "image/jpeg").unwrap();
    assert_eq!(read["pages"], serde_json::json!([[100, 160]]));
}

#[test]
fn a_long_screenshot_is_scaled_and_stays_png() {
    let bench = Bench::new();
    let path = bench.ffmpeg("long.png", &["-f", "lavfi", "-i", "color=white:s=500x5000", "-frames:v", "1"]);
    let (copy, emitted) = bench.derive(Proxy, Screenshot, &path, "image/png").unwrap();
    assert_eq!((emitted.value.media_type.as_str(), size_of(&copy)), ("image/png", (240, 2400)));
    let (again, _) = bench.derive(Proxy, Screenshot, &path, "image/png").unwrap();
    assert_eq!(std::fs::read(copy).unwrap(), std::fs::read(again).unwrap());
    let (read, findings) = bench.document(Text, Screenshot, &path, "image/png").unwrap();
    assert_eq!((read["blocks"].as_array().unwrap().len(), findings[0].code.as_str()), (0, "no-text"));
}

#[test]
fn a_page_of_text_is_read_in_paragraphs() {
    let bench = Bench::new();
    let font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    let lines = ["Библиотека открыта с девяти утра", "до семи вечера, кроме понедельника.", "Вход со двора, второй этаж."];
    let mut filter = "color=0xFBF7EE:s=1000x500".to_owned();
    for (i, line) in lines.iter().enumerate() {
        let y = 100 + i * 60 + if i == 2 { 80 } else { 0 };
        filter.push_str(&format!(
            ",drawtext=fontfile={font}:text='{}':fontsize=34:x=80:y={y}:fontcolor=0x333344",
            line.replace(',', "\\,")
        ));
    }
    let path = bench.ffmpeg("page.png", &["-f", "lavfi", "-i", &filter, "-frames:v", "1"]);
    let (read, findings) = bench.document(Text, Screenshot, &path, "image/png").unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    let texts: Vec<&str> = read["blocks"].as_array().unwrap().iter().map(|b| b["text"].as_str().unwrap()).collect();
    assert_eq!(texts, [&lines[..2].join("\n"), lines[2]]);
    assert_eq!(read["language"], "ru");
    let region: Vec<u64> = read["blocks"][1]["box"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
    assert!(region[0].abs_diff(82) < 8 && region[1].abs_diff(304) < 12 && region[3] < 50, "{region:?}");
}
