//! A photograph of a yard that does not exist, with the metadata a camera would write.

use super::sound::Noise;
use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use std::path::Path;

const W: u32 = 1600;
const H: u32 = 1067;
const TAKEN: &str = "2022:03:11 16:42:07";
/// A place in the open sea: nobody lives there. Degrees, minutes, hundredths of a second.
const NORTH: [u32; 3] = [44, 15, 1200];
const EAST: [u32; 3] = [31, 30, 600];

/// Draws and writes the picture. Returns what is true of it.
pub fn write(path: &Path) -> Result<Value, String> {
    let picture = draw();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 88).encode_image(&picture).map_err(|e| e.to_string())?;
    let exif = exif();
    let mut out = Vec::with_capacity(jpeg.len() + exif.len() + 16);
    out.extend_from_slice(&jpeg[..2]);
    out.extend_from_slice(&[0xFF, 0xE1]);
    out.extend_from_slice(&u16::try_from(exif.len() + 8).map_err(|e| e.to_string())?.to_be_bytes());
    out.extend_from_slice(b"Exif\0\0");
    out.extend_from_slice(&exif);
    out.extend_from_slice(&jpeg[2..]);
    std::fs::write(path, out).map_err(|e| format!("{}: {e}", path.display()))?;
    let degrees = |d: [u32; 3]| i64::from(d[0]) * 1_000_000 + i64::from(d[1]) * 1_000_000 / 60 + i64::from(d[2]) * 10_000 / 3600;
    Ok(
        json!({"photos/yard.jpg": {"width": W, "height": H, "taken_local": "2022-03-11T16:42:07", "offset": null, "make": "Svitlo", "model": "S-3", "position_micro": [degrees(NORTH), degrees(EAST)]}}),
    )
}

fn draw() -> RgbImage {
    let mut noise = Noise::new(7);
    // Value noise: a grid of random heights, blended smoothly.
    let grid: Vec<f64> = (0..64 * 64).map(|_| noise.next()).collect();
    let wavy = |x: f64, y: f64| {
        let at = |i: f64, j: f64| grid[((j as usize) % 64) * 64 + (i as usize) % 64];
        let (i, j, u, v) = (x.floor(), y.floor(), x.fract(), y.fract());
        let s = |t: f64| t * t * (3.0 - 2.0 * t);
        let top = at(i, j) + (at(i + 1.0, j) - at(i, j)) * s(u);
        let low = at(i, j + 1.0) + (at(i + 1.0, j + 1.0) - at(i, j + 1.0)) * s(u);
        top + (low - top) * s(v)
    };
    let mut p = RgbImage::new(W, H);
    for y in 0..H {
        for x in 0..W {
            let (fx, fy) = (f64::from(x), f64::from(y));
            let grain = noise.next() * 5.0;
            let cloud = wavy(fx / 210.0 + 3.0, fy / 90.0) * 0.6 + wavy(fx / 70.0, fy / 40.0) * 0.3;
            let mut c = [168.0 + cloud * 34.0 + fy * 0.05, 182.0 + cloud * 28.0 + fy * 0.04, 196.0 + cloud * 20.0];
            let wall = (220..1330).contains(&x) && (250..760).contains(&y);
            let roof_y = 250.0 - (120.0 - (fx - 775.0).abs() * 0.2).max(0.0);
            if (180..1370).contains(&x) && fy > roof_y && y < 262 {
                let tile = if (y / 9 + x / 26) % 2 == 0 { 8.0 } else { 0.0 };
                c = [112.0 + tile, 74.0 + tile * 0.6, 62.0];
            }
            if wall {
                let stain = wavy(fx / 60.0, fy / 44.0 + 9.0) * 12.0;
                c = [196.0 + stain, 184.0 + stain, 158.0 + stain];
                let (wx, wy) = ((x - 220) % 185, (y - 250) % 250);
                if (50..135).contains(&wx) && (60..190).contains(&wy) {
                    let frame = !(56..129).contains(&wx)
                        || !(66..184).contains(&wy)
                        || (90..95).contains(&wx)
                        || (120..125).contains(&wy);
                    c = if frame {
                        [226.0, 222.0, 212.0]
                    } else {
                        [58.0 + cloud * 20.0, 70.0 + cloud * 24.0, 78.0 + cloud * 26.0]
                    };
                }
                if (735..815).contains(&x) && y > 590 {
                    c = [86.0, 60.0, 42.0 + f64::from((x / 10) % 2) * 8.0];
                }
            }
            if y >= 760 {
                let depth = (fy - 760.0) / 307.0;
                let stone = wavy(fx / (14.0 + depth * 30.0), fy / (5.0 + depth * 12.0)) * 22.0;
                c = [120.0 + stone + depth * 20.0, 114.0 + stone + depth * 18.0, 104.0 + stone + depth * 14.0];
            }
            // Eaves and crates keep the light off what is below and beside them.
            let dim = match () {
                () if wall && y < 300 => 0.78 + f64::from(y - 250) * 0.0044,
                () if (955..1215).contains(&x) && (790..836).contains(&y) => 0.62 + (fx - 1085.0).abs() * 0.0029,
                () if (220..1330).contains(&x) && (760..790).contains(&y) => 0.72 + f64::from(y - 760) * 0.0093,
                () => 1.0,
            };
            c = c.map(|v| v * dim);
            // Three crates beside the door.
            for (bx, by, size) in [(980u32, 742u32, 92u32), (1080, 738, 98), (1030, 673, 84)] {
                if (bx..bx + size).contains(&x) && (by..by + size * 8 / 10).contains(&y) {
                    let board = f64::from((y - by) / 14 % 2) * 10.0;
                    let edge = x - bx < 6 || bx + size - x < 6;
                    c = if edge { [98.0, 72.0, 44.0] } else { [158.0 + board, 122.0 + board, 78.0 + board] };
                }
            }
            // A lens is darker at its corners.
            let (dx, dy) = ((fx - 800.0) / 800.0, (fy - 533.0) / 533.0);
            let shade = 1.0 - 0.16 * (dx * dx + dy * dy);
            p.put_pixel(x, y, Rgb(c.map(|v| (v * shade + grain).clamp(0.0, 255.0) as u8)));
        }
    }
    p
}

/// A little-endian TIFF structure with camera, time and place.
fn exif() -> Vec<u8> {
    // Offsets: header 8; IFD0 with 4 entries; Exif IFD with 2; GPS IFD with 4; then the values.
    let (ifd0, n0, n1, n2) = (8u32, 4u32, 2u32, 4u32);
    let size = |n: u32| 2 + 12 * n + 4;
    let (ifd1, ifd2) = (ifd0 + size(n0), ifd0 + size(n0) + size(n1));
    let mut values = Vec::new();
    let data_at = ifd2 + size(n2);
    let mut put = |bytes: &[u8]| {
        let at = data_at + values.len() as u32;
        values.extend_from_slice(bytes);
        if values.len() % 2 == 1 {
            values.push(0);
        }
        at
    };
    let rationals = |d: [u32; 3]| [d[0], 1, d[1], 1, d[2], 100].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    let make = put(b"Svitlo\0");
    // Four bytes or fewer stand in the entry itself.
    let model = u32::from_le_bytes(*b"S-3\0");
    let taken = put(format!("{TAKEN}\0").as_bytes());
    let (north, east) = (put(&rationals(NORTH)), put(&rationals(EAST)));
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let mut e = tag.to_le_bytes().to_vec();
        e.extend(kind.to_le_bytes());
        e.extend(count.to_le_bytes());
        e.extend(value.to_le_bytes());
        e
    };
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    let mut ifd = |entries: &[Vec<u8>]| {
        out.extend((entries.len() as u16).to_le_bytes());
        entries.iter().for_each(|e| out.extend(e));
        out.extend([0; 4]);
    };
    ifd(&[entry(0x010F, 2, 7, make), entry(0x0110, 2, 4, model), entry(0x8769, 4, 1, ifd1), entry(0x8825, 4, 1, ifd2)]);
    ifd(&[entry(0x9003, 2, 20, taken), entry(0x9004, 2, 20, taken)]);
    ifd(&[entry(1, 2, 2, u32::from(b'N')), entry(2, 5, 3, north), entry(3, 2, 2, u32::from(b'E')), entry(4, 5, 3, east)]);
    out.extend(values);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use exif::{In, Tag};

    #[test]
    fn another_reader_finds_camera_time_and_place_and_no_zone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("yard.jpg");
        let truth = &write(&path).unwrap()["photos/yard.jpg"];
        let bytes = std::fs::read(path).unwrap();
        let read = exif::Reader::new().read_from_container(&mut std::io::Cursor::new(&bytes)).unwrap();
        let text = |tag| read.get_field(tag, In::PRIMARY).unwrap().display_value().to_string();
        assert_eq!(text(Tag::Make), format!("{}", truth["make"]));
        assert_eq!(text(Tag::Model), format!("{}", truth["model"]));
        assert_eq!(text(Tag::DateTimeOriginal).replace(' ', "T"), truth["taken_local"].as_str().unwrap());
        assert!(read.get_field(Tag::OffsetTimeOriginal, In::PRIMARY).is_none() && truth["offset"].is_null());
        assert_eq!(text(Tag::GPSLatitude), "44 deg 15 min 12 sec");
        assert_eq!((text(Tag::GPSLatitudeRef), text(Tag::GPSLongitudeRef)), ("N".to_owned(), "E".to_owned()));
        assert_eq!(truth["position_micro"], json!([44_253_333, 31_501_666]));
        let picture = image::load_from_memory(&bytes).unwrap();
        assert_eq!(
            (u64::from(picture.width()), u64::from(picture.height())),
            (truth["width"].as_u64().unwrap(), truth["height"].as_u64().unwrap())
        );
    }
}
