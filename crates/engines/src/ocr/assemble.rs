//! From panels to pieces before reading, from words to blocks of text after.

use super::Place;
use super::ink::{Crop, Ink};
use super::panels::{Layout, Rect};
use super::tesseract::Word;
use zapys_domain::text::{Block, ReadWord};

/// Clusters that are read together.
pub(super) struct Group {
    pub(super) clusters: Vec<usize>,
    /// True for a bubble, card or bar of its own; false for text on the ground of the whole picture.
    pub(super) panel: bool,
    pub(super) side: Option<&'static str>,
}

/// Sorts what is written into groups, top to bottom.
pub(super) fn groups(layout: &Layout, ink: &Ink, written: &[usize]) -> Vec<Group> {
    let sides = sides(layout);
    let mut groups: Vec<(Rect, Group)> = Vec::new();
    for number in 0..layout.panels.len() as u16 {
        let own: Vec<usize> = written.iter().copied().filter(|&i| ink.clusters[i].panel == number).collect();
        let panel = &layout.panels[usize::from(number)];
        let small = panel.bounds.w() * 100 <= layout.w * 94 && panel.parent.is_some();
        // A bubble is one block. On a larger ground, text with much space between is not one text.
        let bands = if small && panel.bounds.h() * 2 < layout.h { vec![own] } else { bands(ink, own) };
        for clusters in bands {
            let Some(&first) = clusters.first() else { continue };
            let mut bounds = ink.clusters[first].bounds;
            clusters.iter().for_each(|&i| bounds.join(&ink.clusters[i].bounds));
            groups.push((bounds, Group { clusters, panel: small, side: sides[usize::from(number)] }));
        }
    }
    groups.sort_by_key(|(b, _)| (b.y0, b.x0));
    groups.into_iter().map(|(_, g)| g).collect()
}

/// Splits clusters, which come top to bottom, where the space between exceeds a line.
fn bands(ink: &Ink, own: Vec<usize>) -> Vec<Vec<usize>> {
    let mut bands: Vec<Vec<usize>> = Vec::new();
    let mut bottom = 0;
    for i in own {
        let b = ink.clusters[i].bounds;
        match bands.last_mut() {
            Some(band) if b.y0 <= bottom + b.h() * 7 / 10 => band.push(i),
            _ => {
                bands.push(vec![i]);
                bottom = 0;
            }
        }
        bottom = bottom.max(b.y1);
    }
    bands
}

/// For each panel the side it leans to, as bubbles do; none where nothing leans.
fn sides(layout: &Layout) -> Vec<Option<&'static str>> {
    let mut sides: Vec<Option<&'static str>> = Vec::with_capacity(layout.panels.len());
    let ground = |i: u16| {
        let b = layout.panels[usize::from(i)].bounds;
        b.w() * 2 >= layout.w
    };
    for panel in &layout.panels {
        let side = panel.parent.and_then(|parent| {
            let around = layout.panels[usize::from(parent)].bounds;
            if !ground(parent) {
                // Inside a bubble: a quoted message, a link's preview.
                return sides.get(usize::from(parent)).copied().flatten();
            }
            let left = panel.bounds.x0.saturating_sub(around.x0);
            let right = around.x1.saturating_sub(panel.bounds.x1);
            if left.abs_diff(right) * 12 < around.w() { None } else { Some(if left < right { "left" } else { "right" }) }
        });
        sides.push(side);
    }
    // A wide bubble hardly leans: then its colour tells, where all others of that colour lean one way.
    let near = |a: &[u8; 3], b: &[u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 6);
    for i in 0..sides.len() {
        let panel = &layout.panels[i];
        if sides[i].is_some() || panel.parent.is_none() || panel.bounds.w() * 3 < layout.w * 2 {
            continue;
        }
        let same: Vec<&str> =
            (0..sides.len()).filter(|&j| near(&layout.panels[j].colour, &panel.colour)).filter_map(|j| sides[j]).collect();
        if same.len() >= 2 && same.iter().all(|s| *s == same[0]) {
            sides[i] = if same[0] == "left" { Some("left") } else { Some("right") };
        }
    }
    // Cards of an app lean too, but all of one side are equally wide; bubbles are as wide as their text.
    for side in ["left", "right"] {
        let widths: Vec<u32> =
            (0..sides.len()).filter(|&i| sides[i] == Some(side)).map(|i| layout.panels[i].bounds.w()).collect();
        let alike = widths.iter().all(|w| w.abs_diff(widths[0]) <= 2);
        if widths.len() >= 2 && alike {
            sides.iter_mut().filter(|s| **s == Some(side)).for_each(|s| *s = None);
        }
    }
    if sides.iter().flatten().count() < 2 {
        sides.fill(None);
    }
    sides
}

/// Joins words to lines and lines to blocks, in reading order, in pixels of the picture.
pub(super) fn blocks(crops: &[Crop], places: &[Place], words: Vec<Word>) -> Vec<Block> {
    let mut blocks: Vec<(Vec<Vec<Word>>, Option<&'static str>)> = Vec::new();
    let mut key = None;
    let mut line_key = None;
    for word in words {
        let place = &places[word.crop];
        let this = (word.crop, place.block.is_none().then_some(word.paragraph));
        if key != Some(this) {
            blocks.push((Vec::new(), place.side));
            key = Some(this);
            line_key = None;
        }
        let this_line = Some((this, word.paragraph, word.line));
        let (lines, _) = blocks.last_mut().expect("one was pushed");
        if line_key != this_line {
            lines.push(Vec::new());
            line_key = this_line;
        }
        lines.last_mut().expect("one was pushed").push(word);
    }
    blocks.into_iter().filter_map(|(lines, side)| block(crops, lines, side)).collect()
}

fn block(crops: &[Crop], mut lines: Vec<Vec<Word>>, side: Option<&'static str>) -> Option<Block> {
    lines.iter_mut().for_each(drop_marks);
    lines.retain(|line| is_text(line));
    let mut region: Option<Rect> = None;
    let mut words = Vec::new();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (at, word) in line.iter().enumerate() {
            let [x, y, w, h] = crops[word.crop].to_picture(word.left, word.top, word.width, word.height);
            let here = Rect { x0: x, y0: y, x1: x + w, y1: y + h };
            region.get_or_insert(here).join(&here);
            text.push_str(match (number, at) {
                (0, 0) => "",
                (_, 0) => "\n",
                _ => " ",
            });
            text.push_str(&word.text);
            words.push(ReadWord { text: word.text.clone(), region: [x, y, w, h], confidence: word.confidence });
        }
    }
    let region = region?;
    let confidence = words.iter().map(|w| w.confidence).sum::<f32>() / words.len() as f32;
    Some(Block {
        text,
        page: Some(1),
        region: Some([region.x0, region.y0, region.w(), region.h()]),
        confidence: Some(confidence),
        words,
        side: side.map(Into::into),
    })
}

/// Takes away what the reader makes of icons: marks without letter or digit, and what follows the time in a bubble (the
/// ticks that say "delivered").
fn drop_marks(line: &mut Vec<Word>) {
    let clock = |w: &Word| {
        let t = w.text.as_bytes();
        (4..=5).contains(&t.len()) && t[t.len() - 3] == b':' && t.iter().filter(|b| b.is_ascii_digit()).count() == t.len() - 1
    };
    if let Some(at) = line.iter().rposition(clock) {
        let ticks = line[at + 1..].iter().all(|w| w.text.chars().count() <= 3 && (w.confidence < 0.9 || !has_word(w)));
        if ticks {
            line.truncate(at + 1);
        }
    }
    let punctuation = |w: &Word| w.text.chars().all(|c| ".,!?:;()\"'«»–—-…+%№#@&*/=₴$€".contains(c));
    line.retain(|w| has_word(w) && w.confidence >= 0.2 || punctuation(w) && w.confidence >= 0.6);
}

fn has_word(word: &Word) -> bool {
    word.text.chars().any(char::is_alphanumeric)
}

/// Lines of doubtful short marks come from icons or patterns.
fn is_text(line: &[Word]) -> bool {
    let letters = |w: &Word| w.text.chars().filter(|c| c.is_alphanumeric()).count();
    let n: usize = line.iter().map(letters).sum();
    let longest = line.iter().map(letters).max().unwrap_or(0);
    if n == 0 {
        return false;
    }
    let sure = line.iter().map(|w| w.confidence * letters(w) as f32).sum::<f32>() / n as f32;
    sure >= if longest <= 2 { 0.7 } else { 0.4 }
}

/// Moves a block from a picture that was scaled down to the original: `by` >= 1.
pub(super) fn scaled(mut block: Block, by: f64) -> Block {
    let grow = |region: [u32; 4]| region.map(|v| (f64::from(v) * by).round() as u32);
    block.region = block.region.map(grow);
    block.words.iter_mut().for_each(|w| w.region = grow(w.region));
    block
}
