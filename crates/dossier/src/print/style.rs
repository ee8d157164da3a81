//! Sizes, distances and colours of the printed page. Lengths are in points, 72 to the inch.

use super::document::{Face, Size, Tone};

/// A4.
pub(super) const PAGE: (f32, f32) = (595.276, 841.89);
pub(super) const LEFT: f32 = 56.0;
pub(super) const RIGHT: f32 = 56.0;
/// Where the text begins and ends; head and foot stand outside.
pub(super) const TOP: f32 = 70.0;
pub(super) const BOTTOM: f32 = 64.0;
pub(super) const WIDTH: f32 = PAGE.0 - LEFT - RIGHT;
pub(super) const FLOOR: f32 = PAGE.1 - BOTTOM;
/// Base lines of the head and of the foot.
pub(super) const HEAD: f32 = 42.0;
pub(super) const FOOT: f32 = PAGE.1 - 36.0;

pub(super) const HAIR: f32 = 0.4;
/// Between two columns.
pub(super) const GUTTER: f32 = 10.0;

/// Size of the letters and distance of the lines.
pub(super) fn measures(size: Size) -> (f32, f32) {
    match size {
        Size::Title => (25.0, 31.0),
        Size::Figure => (19.0, 24.0),
        Size::Large => (17.0, 22.5),
        Size::Reading => (10.0, 15.0),
        Size::Body => (9.5, 14.0),
        Size::Small => (8.2, 11.6),
        Size::Micro => (7.2, 10.0),
    }
}

/// The fixed record looks larger than the words beside it.
pub(super) fn scale(face: Face) -> f32 {
    if face == Face::Mono { 0.92 } else { 1.0 }
}

pub(super) type Rgb = (u8, u8, u8);

pub(super) fn ink(tone: Tone) -> Rgb {
    match tone {
        Tone::Ink => (0x14, 0x1b, 0x19),
        Tone::Soft => (0x2a, 0x32, 0x2f),
        Tone::Dim => (0x50, 0x5a, 0x56),
        Tone::Machine => (0x45, 0x3f, 0x70),
        Tone::Doubt => (0x7f, 0x4c, 0x00),
        Tone::Accent => (0x0a, 0x56, 0x66),
        Tone::Good => (0x1b, 0x65, 0x43),
        Tone::Fault => (0xa2, 0x21, 0x1a),
        Tone::Reversed | Tone::Voice(_) => (0xff, 0xff, 0xff),
    }
}
pub(super) const LINE: Rgb = (0xc6, 0xcc, 0xc7);
pub(super) const LINE_STRONG: Rgb = (0x6a, 0x74, 0x70);
pub(super) const SUNKEN: Rgb = (0xf0, 0xf2, 0xef);
pub(super) const MACHINE_WASH: Rgb = (0xee, 0xec, 0xf5);
pub(super) const DOUBT_WASH: Rgb = (0xfa, 0xf1, 0xdd);
pub(super) const GOOD_WASH: Rgb = (0xe6, 0xf1, 0xea);
/// Speakers, in the order in which they are told apart.
pub(super) const VOICES: [Rgb; 6] =
    [(0x38, 0x61, 0x7f), (0x6b, 0x61, 0x28), (0x80, 0x50, 0x3b), (0x66, 0x52, 0x79), (0x27, 0x67, 0x5f), (0x4f, 0x5b, 0x66)];
