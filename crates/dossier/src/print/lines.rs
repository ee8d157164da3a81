//! Text into lines: where a line may end, what does not fit anywhere, and the order in which both directions are read.

use super::document::{Face, Run, Text, Tone};
use super::fonts::{Fonts, Word};
use super::style::{measures, scale};
use std::rc::Rc;
use unicode_bidi::{BidiInfo, Level};
use unicode_linebreak::{BreakOpportunity, linebreaks};
use unicode_segmentation::UnicodeSegmentation;

/// Longer unbroken words are shaped in pieces of this many characters.
const PIECE: usize = 64;
/// Digests break only after this many digits.
const DIGITS: usize = 16;

/// How a run is drawn, without its words.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) face: Face,
    pub(super) tone: Tone,
    /// Size of the letters in points.
    pub(super) size: f32,
    pub(super) doubtful: bool,
    pub(super) chip: bool,
    pub(super) to: Option<Rc<str>>,
}

/// A word at its place.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) word: Rc<Word>,
    /// From the left edge of the line, in points.
    pub(super) x: f32,
    pub(super) look: usize,
}

/// One line, in visual order.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) words: Vec<Placed>,
    pub(super) looks: Rc<[Look]>,
    /// Distance to the next line.
    pub(super) leading: f32,
    /// From the top of the line to its base line.
    pub(super) base: f32,
}

/// A word before it has a place.
struct Token {
    from: usize,
    to: usize,
    look: usize,
    level: Level,
    word: Rc<Word>,
    after: After,
}
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    May,
    Must,
}

/// The text of all runs as it is drawn.
struct Flat {
    text: String,
    /// Ends of the runs in `text`.
    ends: Vec<usize>,
    looks: Rc<[Look]>,
}

fn flat(fonts: &mut Fonts, text: &Text, page_of: &dyn Fn(&str) -> String) -> Flat {
    let (size, _) = measures(text.size);
    let mut out = Flat { text: String::new(), ends: Vec::new(), looks: Rc::from([]) };
    let looks: Vec<Look> = text
        .runs
        .iter()
        .map(|r| {
            match &r.page_of {
                Some(anchor) => out.text.push_str(&page_of(anchor)),
                None => out.text.push_str(&fonts.drawable(r.face, &r.text)),
            }
            out.ends.push(out.text.len());
            look(r, size)
        })
        .collect();
    out.looks = looks.into();
    out
}
fn look(r: &Run, size: f32) -> Look {
    let size = size * scale(r.face) * if r.chip { 0.86 } else { 1.0 };
    Look { face: r.face, tone: r.tone, size, doubtful: r.doubtful, chip: r.chip, to: r.to.as_deref().map(Rc::from) }
}

/// Sets `text` in lines of at most `width` points. `page_of`: the number of the page that an anchor is on.
pub(super) fn lines(fonts: &mut Fonts, text: &Text, width: f32, page_of: &dyn Fn(&str) -> String) -> Vec<Line> {
    let (size, leading) = measures(text.size);
    let flat = flat(fonts, text, page_of);
    let (levels, base) = levels(&flat, &text.runs);
    let tokens = tokens(fonts, &flat, &levels);
    let mut setter = Setter {
        fonts,
        flat: &flat,
        max: width,
        line: Vec::new(),
        width: 0.0,
        may: None,
        out: Vec::new(),
        rtl: base.is_rtl() != text.end,
        base,
        leading,
        drop: leading / 2.0 + size * 0.34,
    };
    tokens.into_iter().for_each(|t| setter.take(t));
    setter.end();
    setter.out
}

/// The direction of every byte, and of the whole. No levels: everything runs from left to right.
fn levels(flat: &Flat, runs: &[Run]) -> (Vec<Level>, Level) {
    if !flat.text.chars().any(|c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}'))
    {
        return (Vec::new(), Level::ltr());
    }
    // Isolated runs get isolating characters around them, only for finding the levels.
    let mut marked = String::with_capacity(flat.text.len() + 6 * runs.len());
    let mut from = 0;
    let mut kept = Vec::with_capacity(flat.text.len());
    for (run, end) in runs.iter().zip(&flat.ends) {
        if run.isolated {
            marked.push('\u{2068}');
        }
        kept.extend((from..*end).map(|b| b - from + marked.len()));
        marked.push_str(&flat.text[from..*end]);
        if run.isolated {
            marked.push('\u{2069}');
        }
        from = *end;
    }
    let info = BidiInfo::new(&marked, None);
    let base = info.paragraphs.iter().find(|p| p.level.is_rtl()).map_or(Level::ltr(), |p| p.level);
    (kept.into_iter().map(|b| info.levels[b]).collect(), base)
}

fn tokens(fonts: &mut Fonts, flat: &Flat, levels: &[Level]) -> Vec<Token> {
    let text = &flat.text;
    let level = |at: usize| levels.get(at).copied().unwrap_or(Level::ltr());
    let mut out = Vec::new();
    let mut from = 0;
    let mut look = 0;
    for (end, kind) in linebreaks(text) {
        let must = kind == BreakOpportunity::Mandatory && end < text.len();
        let after = if must { After::Must } else { After::May };
        // The break may come where several runs and directions have met since the last one.
        while from < end {
            while flat.ends[look] <= from {
                look += 1;
            }
            let mut to = end.min(flat.ends[look]);
            if !levels.is_empty() {
                let own = level(from);
                to = (from..to).find(|b| level(*b) != own).unwrap_or(to);
            }
            let face = flat.looks[look].face;
            let whole = text[from..to].trim_end_matches('\n');
            let pieces = pieces(face, whole);
            let n = pieces.len();
            for (i, piece) in pieces.into_iter().enumerate() {
                let last = i + 1 == n && to == end;
                let after = match (last, i + 1 == n) {
                    // A hyphen at the end of a line can be read as one that is not there.
                    (true, _)
                        if after == After::May
                            && to < flat.ends[look]
                            && record(&flat.looks[look])
                            && !whole.ends_with([' ', '/']) =>
                    {
                        After::Nothing
                    }
                    (true, _) => after,
                    // Between pieces of a digest a line may end; between those of another long word only if it must.
                    (_, false) if piece.1 => After::May,
                    _ => After::Nothing,
                };
                let (a, b) = (from + piece.0.start, from + piece.0.end);
                let word = fonts.word(face, level(from).is_rtl(), &text[a..b]);
                out.push(Token { from: a, to: b, look, level: level(from), word, after });
            }
            if n == 0 {
                out.push(Token {
                    from,
                    to: from,
                    look,
                    level: level(from),
                    word: Rc::default(),
                    after: if to == end { after } else { After::Nothing },
                });
            }
            from = to;
        }
    }
    out
}

/// Fixed record and labels: lines end within them only where they must.
fn record(look: &Look) -> bool {
    look.face == Face::Mono || look.chip
}

type Range = std::ops::Range<usize>;

/// A word in pieces short enough to be shaped, and whether lines may end between them.
fn pieces(face: Face, word: &str) -> Vec<(Range, bool)> {
    if word.is_empty() {
        return Vec::new();
    }
    let body = word.trim_end_matches(' ');
    let digits = body.strip_prefix("sha256:").unwrap_or(body);
    if face == Face::Mono && digits.len() >= 40 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        let before = body.len() - digits.len();
        let n = digits.len().div_ceil(DIGITS);
        let begin = |i: usize| if i == 0 { 0 } else { before + i * DIGITS };
        let end = |i: usize| if i + 1 == n { word.len() } else { before + (i + 1) * DIGITS };
        return (0..n).map(|i| (begin(i)..end(i), true)).collect();
    }
    if word.len() <= 4 * PIECE {
        return vec![(0..word.len(), false)];
    }
    let mut out = Vec::new();
    let (mut from, mut n) = (0, 0);
    for (at, g) in word.grapheme_indices(true) {
        // A grapheme can be as long as somebody wishes; marks beyond reason are cut off from it.
        if n >= PIECE || at + g.len() - from > 16 * PIECE {
            if at > from {
                out.push((from..at, false));
            }
            (from, n) = (at, 0);
        }
        if g.len() > 16 * PIECE {
            for (i, c) in g.char_indices() {
                if at + i + c.len_utf8() - from > 16 * PIECE {
                    out.push((from..at + i, false));
                    from = at + i;
                }
            }
        }
        n += 1;
    }
    out.push((from..word.len(), false));
    out
}

struct Setter<'a> {
    fonts: &'a mut Fonts,
    flat: &'a Flat,
    max: f32,
    line: Vec<Token>,
    width: f32,
    /// After how many tokens of `line` it may end.
    may: Option<usize>,
    out: Vec<Line>,
    /// Set against the right edge.
    rtl: bool,
    base: Level,
    leading: f32,
    drop: f32,
}
impl Setter<'_> {
    fn wide(&self, t: &Token) -> (f32, f32) {
        let size = self.flat.looks[t.look].size;
        (t.word.width * size, (t.word.width - t.word.trailing) * size)
    }

    fn take(&mut self, mut t: Token) {
        loop {
            let (_, visible) = self.wide(&t);
            // A hundredth of a point forgives the arithmetic of columns that were measured to fit.
            if self.width + visible <= self.max + 0.01 {
                break self.push(t);
            }
            if let Some(may) = self.may {
                let rest = self.line.split_off(may);
                self.end();
                rest.into_iter().for_each(|t| self.push(t));
                continue;
            }
            // Nothing allows an end here: as much as fits goes on this line.
            let (head, rest) = self.split(&t);
            if head == t.from {
                self.end();
                continue;
            }
            let face = self.flat.looks[t.look].face;
            let rtl = t.level.is_rtl();
            let word = self.fonts.word(face, rtl, &self.flat.text[t.from..head]);
            self.push(Token { to: head, word, after: After::Nothing, ..t });
            let Some(rest) = rest else { break };
            self.end();
            let word = self.fonts.word(face, rtl, &self.flat.text[rest.clone()]);
            t = Token { from: rest.start, to: rest.end, word, look: t.look, level: t.level, after: t.after };
        }
    }

    /// Where the token has to be cut: the end of what fits, and what is left. Cuts nothing off where the line is not empty.
    fn split(&self, t: &Token) -> (usize, Option<Range>) {
        let text = &self.flat.text[t.from..t.to];
        let size = self.flat.looks[t.look].size;
        let mut at = t.from;
        let mut width = self.width;
        let mut offset = 0;
        // Widths of clusters, in the order of the text.
        let mut clusters: Vec<(usize, f32)> = Vec::new();
        let mut pieces: Vec<_> = t.word.pieces.iter().collect();
        if t.level.is_rtl() {
            pieces.reverse();
        }
        for p in pieces {
            clusters.extend(p.glyphs.iter().map(|g| (g.from as usize + offset, g.advance)));
            offset += p.text.len();
        }
        clusters.sort_by_key(|c| c.0);
        let mut next = clusters.iter().peekable();
        for g in text.graphemes(true) {
            let end = at + g.len();
            let mut own = 0.0;
            while let Some((_, advance)) = next.next_if(|c| t.from + c.0 < end) {
                own += advance * size;
            }
            if width + own > self.max && (at > t.from || !self.line.is_empty()) {
                break;
            }
            width += own;
            at = end;
        }
        (at, (at < t.to).then_some(at..t.to))
    }

    fn push(&mut self, t: Token) {
        self.width += self.wide(&t).0;
        let after = t.after;
        self.line.push(t);
        match after {
            After::Nothing => {}
            After::May => self.may = Some(self.line.len()),
            After::Must => self.end(),
        }
    }

    /// Ends the line, also an empty one.
    fn end(&mut self) {
        let mut tokens = std::mem::take(&mut self.line);
        let trailing = tokens.last().map_or(0.0, |t| t.word.trailing * self.flat.looks[t.look].size);
        let visible = self.width - trailing;
        (self.width, self.may) = (0.0, None);
        reorder(&mut tokens);
        let mut x = if self.rtl { self.max - visible } else { 0.0 };
        if self.rtl && self.base.is_rtl() {
            x -= trailing;
        }
        let words = tokens
            .into_iter()
            .map(|t| {
                let at = x;
                x += t.word.width * self.flat.looks[t.look].size;
                Placed { word: t.word, x: at, look: t.look }
            })
            .collect();
        self.out.push(Line { words, looks: self.flat.looks.clone(), leading: self.leading, base: self.drop });
    }
}

/// Rule L2 of the bidirectional algorithm.
fn reorder(tokens: &mut [Token]) {
    let max = tokens.iter().map(|t| t.level).max().unwrap_or(Level::ltr());
    if max == Level::ltr() {
        return;
    }
    for level in (1..=max.number()).rev() {
        let mut i = 0;
        while i < tokens.len() {
            let n = tokens[i..].iter().take_while(|t| t.level.number() >= level).count();
            tokens[i..i + n].reverse();
            i += n.max(1);
        }
    }
}
