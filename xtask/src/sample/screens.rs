//! Two drawn chat screens: light in Russian, dark in Ukrainian. No messenger's own art is used.

use ab_glyph::{Font, FontVec, PxScale, ScaleFont};
use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use std::path::Path;

const W: i32 = 1080;
const H: i32 = 2160;
const MARGIN: i32 = 36;
const TEXT_PX: f32 = 42.0;
const LINE: i32 = 56;

struct Theme {
    ground: [u8; 3],
    bar: [u8; 3],
    bar_ink: [u8; 3],
    bar_faint: [u8; 3],
    theirs: [u8; 3],
    theirs_ink: [u8; 3],
    mine: [u8; 3],
    mine_ink: [u8; 3],
    faint: [u8; 3],
    mine_faint: [u8; 3],
    chip: [u8; 3],
    chip_ink: [u8; 3],
    avatar: [u8; 3],
}
const LIGHT: Theme = Theme {
    ground: [0xDD, 0xE4, 0xE0],
    bar: [0xFF, 0xFF, 0xFF],
    bar_ink: [0x14, 0x1B, 0x19],
    bar_faint: [0x6C, 0x78, 0x74],
    theirs: [0xFF, 0xFF, 0xFF],
    theirs_ink: [0x14, 0x1B, 0x19],
    mine: [0xD6, 0xF0, 0xC9],
    mine_ink: [0x16, 0x24, 0x12],
    faint: [0x83, 0x8F, 0x8A],
    mine_faint: [0x63, 0x8B, 0x55],
    chip: [0xB9, 0xC5, 0xBF],
    chip_ink: [0x24, 0x30, 0x2C],
    avatar: [0x80, 0x8F, 0xB8],
};
const DARK: Theme = Theme {
    ground: [0x0E, 0x15, 0x1B],
    bar: [0x1B, 0x25, 0x2E],
    bar_ink: [0xF2, 0xF5, 0xF7],
    bar_faint: [0x8A, 0x99, 0xA5],
    theirs: [0x1F, 0x2C, 0x37],
    theirs_ink: [0xF0, 0xF3, 0xF5],
    mine: [0x2E, 0x6C, 0x8F],
    mine_ink: [0xFF, 0xFF, 0xFF],
    faint: [0x7F, 0x91, 0x9E],
    mine_faint: [0xB7, 0xD8, 0xE8],
    chip: [0x1D, 0x27, 0x30],
    chip_ink: [0xB7, 0xC3, 0xCC],
    avatar: [0x8A, 0x62, 0x5A],
};

/// One bubble: true for the right side, text, clock.
type Bubble = (bool, &'static str, &'static str);

struct Chat {
    file: &'static str,
    language: &'static str,
    theme: &'static Theme,
    name: &'static str,
    presence: &'static str,
    /// Before which bubble a day begins, and its name.
    days: &'static [(usize, &'static str)],
    bubbles: &'static [Bubble],
}

const CHATS: [Chat; 2] = [
    Chat {
        file: "chat-light.png",
        language: "ru",
        theme: &LIGHT,
        name: "Степан, склад",
        presence: "был в сети в 08:20",
        days: &[(0, "11 марта"), (7, "12 марта")],
        bubbles: &[
            (false, "Ящики из музея уже стоят у нас на складе?", "17:40"),
            (true, "Стоят. Двенадцать штук, как в описи.", "17:43"),
            (false, "Опись с собой? Номера сверяли?", "17:44"),
            (true, "Опись не делали, сказали потом. Номера только на крышках.", "17:51"),
            (false, "Тогда ничего не открывайте до утра.", "17:52"),
            (true, "Понял. Дождь начался, накрыли брезентом.", "18:03"),
            (false, "Хорошо. Завтра приедет директор и проверит всё сама.", "18:10"),
            (true, "Ключ оставил у сторожа.", "08:05"),
        ],
    },
    Chat {
        file: "chat-dark.png",
        language: "uk",
        theme: &DARK,
        name: "Ганна (музей)",
        presence: "у мережі",
        days: &[(0, "12 березня")],
        bubbles: &[
            (true, "Доброго ранку! Ящики вже в новій будівлі?", "08:15"),
            (false, "Так, перенесли вчора ввечері. У старій протікає дах.", "08:21"),
            (true, "А скільки їх було? У мене записано дванадцять.", "08:22"),
            (false, "Дванадцять і є. Один без кришки, кераміка ціла.", "08:30"),
            (true, "Хто складав опис?", "08:31"),
            (false, "Двоє наших працівників. Опис лежить у сейфі, фото надішлю пізніше.", "08:36"),
            (true, "Дякую. Сусіди питають, чому виносили ввечері.", "08:40"),
            (false, "Бо вантажівка була вільна лише ввечері. Нічого не вивезли з міста.", "08:44"),
        ],
    },
];

/// Draws both screens. Returns what is true of them.
pub fn write(dir: &Path) -> Result<Value, String> {
    let font = |name: &str| -> Result<FontVec, String> {
        let path = Path::new("/usr/share/fonts/truetype/dejavu").join(name);
        let bytes =
            std::fs::read(&path).map_err(|e| format!("{}: {e}; `cargo xtask setup` installs the fonts", path.display()))?;
        FontVec::try_from_vec(bytes).map_err(|e| format!("{}: {e}", path.display()))
    };
    let (plain, bold) = (font("DejaVuSans.ttf")?, font("DejaVuSans-Bold.ttf")?);
    let mut truth = serde_json::Map::new();
    for chat in &CHATS {
        let (picture, bubbles) = draw(chat, &plain, &bold);
        let path = dir.join(chat.file);
        picture.save(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        truth.insert(
            format!("screens/{}", chat.file),
            json!({"language": chat.language, "header": [chat.name, chat.presence], "days": chat.days.iter().map(|(before, name)| json!({"before_bubble": before, "text": name})).collect::<Vec<_>>(), "width": W, "height": H, "bubbles": bubbles}),
        );
    }
    Ok(truth.into())
}

fn draw(chat: &Chat, plain: &FontVec, bold: &FontVec) -> (RgbImage, Vec<Value>) {
    let t = chat.theme;
    let mut p = RgbImage::from_pixel(W as u32, H as u32, Rgb(t.ground));
    fill(&mut p, 0, 0, W, 232, t.bar);
    text(&mut p, bold, 34.0, 48, 22, "9:41", t.bar_ink);
    for (i, h) in [10, 16, 22, 28].into_iter().enumerate() {
        rounded(&mut p, 880 + 14 * i as i32, 52 - h, 9, h, 3, t.bar_ink);
    }
    rounded(&mut p, 962, 26, 58, 28, 8, t.bar_faint);
    rounded(&mut p, 965, 29, 40, 22, 6, t.bar_ink);
    // Back arrow, avatar, name, presence.
    for i in 0..18 {
        fill(&mut p, 44 + i, 148 - i, 5, 5, t.bar_ink);
        fill(&mut p, 44 + i, 148 + i, 5, 5, t.bar_ink);
    }
    rounded(&mut p, 104, 96, 104, 104, 52, t.avatar);
    let initial: String = chat.name.chars().take(1).collect();
    let w = width(bold, 46.0, &initial);
    text(&mut p, bold, 46.0, 156 - w / 2, 122, &initial, [255, 255, 255]);
    text(&mut p, bold, 44.0, 236, 100, chat.name, t.bar_ink);
    text(&mut p, plain, 34.0, 236, 156, chat.presence, t.bar_faint);
    let mut y = 268;
    let mut truth = Vec::new();
    for (i, (mine, words, clock)) in chat.bubbles.iter().enumerate() {
        if let Some((_, day)) = chat.days.iter().find(|(before, _)| *before == i) {
            let w = width(plain, 32.0, day);
            rounded(&mut p, (W - w) / 2 - 26, y, w + 52, 52, 26, t.chip);
            text(&mut p, plain, 32.0, (W - w) / 2, y + 7, day, t.chip_ink);
            y += 84;
        }
        let (ground, ink, faint) = if *mine { (t.mine, t.mine_ink, t.mine_faint) } else { (t.theirs, t.theirs_ink, t.faint) };
        let lines = wrap(plain, words, 690);
        let longest = lines.iter().map(|l| width(plain, TEXT_PX, l)).max().unwrap_or(0);
        let clock_w = width(plain, 28.0, clock);
        // The clock stands on a line of its own, at the lower right.
        let w = (longest.max(clock_w) + 64).max(200);
        let h = lines.len() as i32 * LINE + 74;
        let x = if *mine { W - MARGIN - w } else { MARGIN };
        rounded(&mut p, x, y, w, h, 34, ground);
        for (i, l) in lines.iter().enumerate() {
            text(&mut p, plain, TEXT_PX, x + 32, y + 18 + i as i32 * LINE, l, ink);
        }
        text(&mut p, plain, 28.0, x + w - 30 - clock_w, y + h - 46, clock, faint);
        truth.push(json!({"side": if *mine { "right" } else { "left" }, "text": words, "time": clock, "box": [x, y, w, h]}));
        y += h + 22;
    }
    // Where the next message would be written: attach, field, send.
    fill(&mut p, 0, H - 120, W, 120, t.bar);
    rounded(&mut p, 110, H - 96, 820, 72, 36, t.ground);
    fill(&mut p, 36, H - 63, 44, 6, t.bar_faint);
    fill(&mut p, 55, H - 82, 6, 44, t.bar_faint);
    rounded(&mut p, 958, H - 96, 72, 72, 36, t.avatar);
    for i in 0..30 {
        fill(&mut p, 980 + i, H - 60 - (30 - i) * 18 / 30, 2, (30 - i) * 36 / 30, [255, 255, 255]);
    }
    (p, truth)
}

fn wrap(font: &FontVec, words: &str, most: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match lines.last_mut() {
            Some(line) if width(font, TEXT_PX, &format!("{line} {word}")) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn width(font: &FontVec, px: f32, words: &str) -> i32 {
    let f = font.as_scaled(PxScale::from(px));
    words.chars().map(|c| f.h_advance(f.glyph_id(c))).sum::<f32>().ceil() as i32
}

fn text(p: &mut RgbImage, font: &FontVec, px: f32, x: i32, y: i32, words: &str, ink: [u8; 3]) {
    let f = font.as_scaled(PxScale::from(px));
    let mut at = x as f32;
    for c in words.chars() {
        let id = f.glyph_id(c);
        let glyph = id.with_scale_and_position(px, ab_glyph::point(at, y as f32 + f.ascent()));
        at += f.h_advance(id);
        if let Some(outline) = font.outline_glyph(glyph) {
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, cover| blend(p, bounds.min.x as i32 + dx as i32, bounds.min.y as i32 + dy as i32, ink, cover));
        }
    }
}

fn fill(p: &mut RgbImage, x: i32, y: i32, w: i32, h: i32, ink: [u8; 3]) {
    for yy in y..y + h {
        (x..x + w).for_each(|xx| blend(p, xx, yy, ink, 1.0));
    }
}

/// A rectangle with round, smooth corners.
fn rounded(p: &mut RgbImage, x: i32, y: i32, w: i32, h: i32, r: i32, ink: [u8; 3]) {
    for yy in 0..h {
        for xx in 0..w {
            let dx = (r - xx).max(xx - (w - 1 - r)).max(0) as f32;
            let dy = (r - yy).max(yy - (h - 1 - r)).max(0) as f32;
            let cover = (r as f32 + 0.5 - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0);
            blend(p, x + xx, y + yy, ink, cover);
        }
    }
}

fn blend(p: &mut RgbImage, x: i32, y: i32, ink: [u8; 3], cover: f32) {
    if x < 0 || y < 0 || x >= W || y >= H || cover <= 0.0 {
        return;
    }
    let px = p.get_pixel_mut(x as u32, y as u32);
    for (slot, ink) in px.0.iter_mut().zip(ink) {
        *slot = (f32::from(*slot) + (f32::from(ink) - f32::from(*slot)) * cover.min(1.0)).round() as u8;
    }
}
