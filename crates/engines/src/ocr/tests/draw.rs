//! Draws small chats for the tests, as messengers show them.

use ab_glyph::{Font, FontVec, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

pub(super) struct Theme {
    pub(super) ground: [u8; 3],
    pub(super) bar: [u8; 3],
    pub(super) theirs: [u8; 3],
    pub(super) ours: [u8; 3],
    pub(super) text: [u8; 3],
    pub(super) faint: [u8; 3],
}
pub(super) const LIGHT: Theme = Theme {
    ground: [214, 224, 232],
    bar: [255, 255, 255],
    theirs: [255, 255, 255],
    ours: [225, 247, 203],
    text: [17, 20, 24],
    faint: [110, 125, 135],
};
pub(super) const DARK: Theme = Theme {
    ground: [14, 22, 33],
    bar: [23, 33, 43],
    theirs: [24, 37, 51],
    ours: [43, 82, 120],
    text: [240, 244, 248],
    faint: [125, 150, 175],
};

/// A message: whether it is ours, its lines, its time.
pub(super) type Message<'a> = (bool, &'a [&'a str], &'a str);

pub(super) fn font() -> FontVec {
    let path = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
    FontVec::try_from_vec(std::fs::read(path).expect("the Debian package fonts-dejavu-core")).unwrap()
}

pub(super) struct Canvas {
    pub(super) image: RgbImage,
    font: FontVec,
}
impl Canvas {
    pub(super) fn new(w: u32, h: u32, colour: [u8; 3]) -> Self {
        Self { image: RgbImage::from_pixel(w, h, Rgb(colour)), font: font() }
    }
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let font = self.font.as_scaled(PxScale::from(size));
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum()
    }
    pub(super) fn text(&mut self, x: f32, y: f32, size: f32, colour: [u8; 3], text: &str) {
        let scaled = self.font.as_scaled(PxScale::from(size));
        let base = y + scaled.ascent();
        let mut pen = x;
        let mut dots = Vec::new();
        for c in text.chars() {
            let glyph = scaled.scaled_glyph(c);
            let advance = scaled.h_advance(glyph.id);
            let mut glyph = glyph;
            glyph.position = point(pen, base);
            if let Some(outline) = self.font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|dx, dy, cover| dots.push((corner.x as u32 + dx, corner.y as u32 + dy, cover)));
            }
            pen += advance;
        }
        for (x, y, cover) in dots {
            self.blend(x, y, colour, cover);
        }
    }
    /// A rectangle with round corners.
    pub(super) fn bubble(&mut self, x: u32, y: u32, w: u32, h: u32, radius: f32, colour: [u8; 3]) {
        for py in 0..h {
            for px in 0..w {
                let (fx, fy) = (px as f32 + 0.5, py as f32 + 0.5);
                let dx = (radius - fx).max(fx - (w as f32 - radius)).max(0.0);
                let dy = (radius - fy).max(fy - (h as f32 - radius)).max(0.0);
                let cover = (radius + 0.5 - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0);
                self.blend(x + px, y + py, colour, cover);
            }
        }
    }
    fn blend(&mut self, x: u32, y: u32, colour: [u8; 3], cover: f32) {
        if x < self.image.width() && y < self.image.height() {
            let p = self.image.get_pixel_mut(x, y);
            for (old, new) in p.0.iter_mut().zip(colour) {
                *old = (f32::from(*old) * (1.0 - cover) + f32::from(new) * cover).round() as u8;
            }
        }
    }
}

/// A chat of `width` pixels with a header, a date and bubbles.
pub(super) fn chat(theme: &Theme, width: u32, title: &str, date: &str, messages: &[Message<'_>]) -> RgbImage {
    let unit = width as f32 / 400.0;
    let px = |v: f32| (v * unit).round() as u32;
    let (size, small, line) = (15.0 * unit, 11.0 * unit, 20.0 * unit);
    let height: f32 = 110.0 + messages.iter().map(|m| m.1.len() as f32 * 20.0 + 36.0).sum::<f32>() + 20.0;
    let mut canvas = Canvas::new(width, px(height), theme.ground);
    canvas.bubble(0, 0, width, px(56.0), 0.0, theme.bar);
    canvas.text(64.0 * unit, 10.0 * unit, 16.0 * unit, theme.text, title);
    canvas.text(64.0 * unit, 31.0 * unit, small, theme.faint, "был(а) недавно");
    let w = canvas.width(date, small);
    let x = (width as f32 - w) / 2.0;
    canvas.bubble((x - 10.0 * unit) as u32, px(70.0), (w + 20.0 * unit) as u32, px(22.0), 11.0 * unit, theme.bar);
    canvas.text(x, 74.0 * unit, small, theme.faint, date);
    let mut y = 110.0 * unit;
    for (ours, lines, time) in messages {
        let widest = lines.iter().map(|l| canvas.width(l, size)).fold(0.0, f32::max);
        let tail = canvas.width(time, small);
        let w = widest.max(tail + 20.0 * unit) + 24.0 * unit;
        let h = lines.len() as f32 * line + 26.0 * unit;
        let x = if *ours { width as f32 - w - 10.0 * unit } else { 10.0 * unit };
        canvas.bubble(x as u32, y as u32, w as u32, h as u32, 12.0 * unit, if *ours { theme.ours } else { theme.theirs });
        for (i, text) in lines.iter().enumerate() {
            canvas.text(x + 12.0 * unit, y + 7.0 * unit + i as f32 * line, size, theme.text, text);
        }
        canvas.text(x + w - tail - 12.0 * unit, y + h - 19.0 * unit, small, theme.faint, time);
        y += h + 10.0 * unit;
    }
    canvas.image
}

/// Puts a faint pattern of marks wherever the picture has the ground's colour.
pub(super) fn wallpaper(image: &mut RgbImage, ground: [u8; 3], faint: [u8; 3]) {
    let mut marks = Canvas::new(image.width(), image.height(), ground);
    for (i, y) in (0..image.height()).step_by(70).enumerate() {
        for (j, x) in (0..image.width()).step_by(90).enumerate() {
            let mark = ["Ж", "o", "&", "w", "@", "§"][(i * 5 + j * 7) % 6];
            marks.text(x as f32 + 10.0, y as f32 + 5.0, 44.0, faint, mark);
        }
    }
    for (x, y, p) in image.enumerate_pixels_mut() {
        if p.0 == ground {
            *p = *marks.image.get_pixel(x, y);
        }
    }
}
