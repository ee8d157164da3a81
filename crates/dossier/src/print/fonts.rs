//! The typefaces that come with us, and the shaping of words. A character is drawn by the first typeface that has it;
//! what none has becomes its number, visibly.

use super::document::Face;
use crate::safe::is_hidden;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face as Shaper, UnicodeBuffer};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::rc::Rc;

const SANS: &[u8] = include_bytes!("../../fonts/IBMPlexSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/IBMPlexSans-SemiBold.ttf");
const SERIF: &[u8] = include_bytes!("../../fonts/Literata-Regular.ttf");
const MONO: &[u8] = include_bytes!("../../fonts/IBMPlexMono-Regular.ttf");
/// Has Arabic, Hebrew, Georgian, Armenian, symbols and faces of emoji, one weight for all.
const OTHERS: &[u8] = include_bytes!("../../fonts/DejaVuSansCondensed.ttf");

/// Index of a typeface file.
pub(super) type FontIndex = u8;
const N_FONTS: usize = 5;
/// How many shaped words are remembered before all are forgotten.
const REMEMBERED: usize = 60_000;

fn order(face: Face) -> &'static [FontIndex] {
    match face {
        Face::Sans => &[0, 4],
        Face::Bold => &[1, 0, 4],
        Face::Serif => &[2, 0, 4],
        Face::Mono => &[3, 0, 4],
    }
}

/// A glyph in parts of the size.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    pub(super) id: u16,
    /// Bytes of the word's text that it stands for.
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) advance: f32,
    pub(super) dx: f32,
    pub(super) dy: f32,
}
impl Glyph {
    /// The glyph for a text in which the word begins at `offset`.
    pub(super) fn placed(&self, offset: usize) -> KrillaGlyph {
        let range = self.from as usize + offset..self.to as usize + offset;
        KrillaGlyph::new(GlyphId::new(self.id.into()), self.advance, self.dx, self.dy, 0.0, range, None)
    }
}

/// Glyphs of one typeface.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) font: FontIndex,
    pub(super) text: String,
    pub(super) glyphs: Vec<Glyph>,
    pub(super) width: f32,
}

/// A word with the spaces that follow it, in visual order.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) pieces: Vec<Piece>,
    /// In parts of the size.
    pub(super) width: f32,
    /// Width of the spaces at its end.
    pub(super) trailing: f32,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    face: Face,
    rtl: bool,
    text: Box<str>,
}

pub(super) struct Fonts {
    files: Vec<Font>,
    shapers: Vec<Shaper<'static>>,
    covered: HashMap<(Face, char), Option<FontIndex>>,
    words: HashMap<Key, Rc<Word>>,
    /// Characters that were shown as their number, and how often.
    pub(super) undrawn: BTreeMap<char, u64>,
}

impl Fonts {
    /// Opens the typefaces. `None`: one of them cannot be read, which is a fault of the build.
    pub(super) fn new() -> Option<Self> {
        let all: [&'static [u8]; N_FONTS] = [SANS, BOLD, SERIF, MONO, OTHERS];
        let files = all.iter().map(|b| Font::new((*b).into(), 0)).collect::<Option<Vec<_>>>()?;
        let shapers = all.iter().map(|b| Shaper::from_slice(b, 0)).collect::<Option<Vec<_>>>()?;
        Some(Self { files, shapers, covered: HashMap::new(), words: HashMap::new(), undrawn: BTreeMap::new() })
    }
    pub(super) fn file(&self, font: FontIndex) -> &Font {
        &self.files[usize::from(font)]
    }

    fn has(&self, font: FontIndex, c: char) -> bool {
        self.shapers[usize::from(font)].glyph_index(c).is_some_and(|g| g.0 != 0)
    }

    fn covers(&mut self, face: Face, c: char) -> Option<FontIndex> {
        if let Some(known) = self.covered.get(&(face, c)) {
            return *known;
        }
        let found = order(face).iter().find(|f| self.has(**f, c)).copied();
        self.covered.insert((face, c), found);
        found
    }

    /// Text that can be drawn and that only shows: hidden characters and those that no typeface has become `[U+202E]`.
    /// Line feeds stay, tabs become spaces.
    pub(super) fn drawable<'t>(&mut self, face: Face, text: &'t str) -> Cow<'t, str> {
        let plain = |c: char| c == '\n' || (c as u32) < 0x7f && c >= ' ' || ('\u{410}'..='\u{44f}').contains(&c);
        if text.chars().all(plain) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() + 16);
        for c in text.chars() {
            match c {
                '\n' => out.push('\n'),
                '\t' => out.push(' '),
                '\r' => {}
                c if joins(c) => out.push(c),
                c if !is_hidden(c) && !is_private(c) && self.covers(face, c).is_some() => out.push(c),
                c => {
                    if !is_hidden(c) {
                        *self.undrawn.entry(c).or_default() += 1;
                    }
                    let _ = write!(out, "[U+{:04X}]", u32::from(c));
                }
            }
        }
        Cow::Owned(out)
    }

    /// Shapes a word of drawable text, without line feeds.
    pub(super) fn word(&mut self, face: Face, rtl: bool, text: &str) -> Rc<Word> {
        let key = Key { face, rtl, text: text.into() };
        if let Some(known) = self.words.get(&key) {
            return known.clone();
        }
        if self.words.len() >= REMEMBERED {
            self.words.clear();
        }
        let word = Rc::new(self.shape(face, rtl, text));
        self.words.insert(key, word.clone());
        word
    }

    fn shape(&mut self, face: Face, rtl: bool, text: &str) -> Word {
        // Runs of one typeface; marks and joiners stay with what they belong to.
        let mut runs: Vec<(FontIndex, usize, usize)> = Vec::new();
        for (at, c) in text.char_indices() {
            let end = at + c.len_utf8();
            let own = self.covers(face, c);
            match runs.last_mut() {
                Some(last) if joins(c) || own == Some(last.0) || stays(c) && self.has(last.0, c) => last.2 = end,
                _ => runs.push((own.unwrap_or(order(face)[0]), at, end)),
            }
        }
        let mut word = Word::default();
        for (font, from, to) in &runs {
            let piece = self.piece(*font, rtl, &text[*from..*to]);
            word.width += piece.width;
            word.pieces.push(piece);
        }
        if rtl {
            word.pieces.reverse();
        }
        let spaces = text.len() - text.trim_end_matches(' ').len();
        if spaces > 0
            && let Some((font, ..)) = runs.last()
        {
            word.trailing = self.advance(*font, ' ') * spaces as f32;
        }
        word
    }

    fn advance(&self, font: FontIndex, c: char) -> f32 {
        let shaper = &self.shapers[usize::from(font)];
        let advance = shaper.glyph_index(c).and_then(|g| shaper.glyph_hor_advance(g)).unwrap_or_default();
        f32::from(advance) / self.files[usize::from(font)].units_per_em()
    }

    fn piece(&self, font: FontIndex, rtl: bool, text: &str) -> Piece {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(if rtl { Direction::RightToLeft } else { Direction::LeftToRight });
        let shaped = rustybuzz::shape(&self.shapers[usize::from(font)], &[], buffer);
        let em = self.files[usize::from(font)].units_per_em();
        let (infos, positions) = (shaped.glyph_infos(), shaped.glyph_positions());
        let mut starts: Vec<u32> = infos.iter().map(|i| i.cluster).collect();
        starts.sort_unstable();
        starts.dedup();
        let end = |from: u32| starts.iter().find(|s| **s > from).copied().unwrap_or(text.len() as u32);
        let mut width = 0.0;
        let glyphs = infos
            .iter()
            .zip(positions)
            .map(|(info, at)| {
                let advance = at.x_advance as f32 / em;
                width += advance;
                Glyph {
                    id: u16::try_from(info.glyph_id).unwrap_or_default(),
                    from: info.cluster,
                    to: end(info.cluster),
                    advance,
                    dx: at.x_offset as f32 / em,
                    dy: at.y_offset as f32 / em,
                }
            })
            .collect();
        Piece { font, text: text.into(), glyphs, width }
    }
}

/// Joins what stands around it and is never drawn itself.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{34f}' | '\u{fe00}'..='\u{fe0f}')
}

/// Is drawn in the typeface of the character before it where that one has it: combining marks, spaces.
fn stays(c: char) -> bool {
    c == ' ' || ('\u{300}'..='\u{36f}').contains(&c)
}

/// Means something only by private agreement, or nothing at all.
fn is_private(c: char) -> bool {
    let n = c as u32;
    matches!(n, 0xe000..=0xf8ff | 0xf0000..=0x10_ffff | 0xfdd0..=0xfdef) || n & 0xfffe == 0xfffe
}
