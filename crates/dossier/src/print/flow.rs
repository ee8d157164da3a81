//! Rows onto pages. Everything is a row of boxes with lines in them; a row that does not fit goes on over the page.
//!
//! The document is laid out twice: once to learn on which page each anchor stands and how many pages there are, once to
//! draw. Both passes do the same, so that the second finds what the first has promised.

use super::document::{Edge, Face, Run, Size, Text, Tone};
use super::fonts::Fonts;
use super::lines::{Line, lines};
use super::paint::{NodeId, Op, Painter, hairline};
use super::style::{FLOOR, FOOT, HAIR, HEAD, LEFT, LINE_STRONG, Rgb, TOP, WIDTH, ink};
use super::{Meta, PrintError};
use krilla::tagging::{Tag, TagKind};
use std::collections::HashMap;
use std::rc::Rc;

/// Rows up to this height are never divided.
const WHOLE: f32 = 190.0;

/// What the first pass has found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Page, counted from 1, and height of every anchor.
    pub(super) anchors: HashMap<String, (usize, f32)>,
    pub(super) pages: usize,
}

/// Lines side by side with others.
#[derive(Default)]
pub(super) struct Column {
    /// From the left edge of the text.
    pub(super) x: f32,
    pub(super) width: f32,
    pub(super) lines: Vec<Rc<Line>>,
    pub(super) edge: Edge,
    /// To which node its words belong; `None` where they are decoration.
    pub(super) node: Option<NodeId>,
}
impl Column {
    fn height(&self) -> f32 {
        self.lines.iter().map(|l| l.leading).sum()
    }
}

/// How a row is set.
#[derive(Clone, Copy, Default)]
pub(super) struct RowLook {
    pub(super) above: f32,
    pub(super) below: f32,
    /// Hairline under it: colour.
    pub(super) rule: Option<Rgb>,
    /// Ground, as wide as the text.
    pub(super) ground: Option<Rgb>,
    /// A strong edge at the left of the ground.
    pub(super) bar: Option<Rgb>,
}

pub(super) struct Flow<'m> {
    pub(super) fonts: Fonts,
    pub(super) painter: Option<Painter>,
    meta: &'m Meta,
    /// Counted from 1.
    page: usize,
    pub(super) y: f32,
    running: String,
    ops: Vec<Op>,
    pub(super) found: Found,
    /// What the first pass found; `None` while it runs.
    known: Option<Found>,
    /// Open nodes, innermost last.
    stack: Vec<NodeId>,
    /// Repeated at the head of each page while a table is set.
    head: Option<Rc<(Vec<Column>, RowLook)>>,
}

impl<'m> Flow<'m> {
    /// A pass over the document. `known`: what the first pass found; with it the pages are drawn.
    pub(super) fn new(meta: &'m Meta, fonts: Fonts, known: Option<Found>) -> Result<Self, PrintError> {
        let painter = if known.is_some() { Some(Painter::new()?) } else { None };
        Ok(Self {
            fonts,
            painter,
            meta,
            page: 1,
            y: TOP,
            running: String::new(),
            ops: Vec::new(),
            found: Found::default(),
            known,
            stack: Vec::new(),
            head: None,
        })
    }
    /// Ends the last page. Gives the typefaces back with what was found and the pages drawn.
    pub(super) fn end(mut self) -> (Fonts, Found, Option<Painter>) {
        self.finish_page();
        self.found.pages = self.page;
        (self.fonts, self.found, self.painter)
    }

    // Structure.

    /// Opens a node below the innermost open one.
    pub(super) fn open(&mut self, tag: impl Into<TagKind>) {
        let id = self.node(tag);
        self.stack.push(id);
    }
    pub(super) fn close(&mut self) {
        self.stack.pop();
    }
    /// A node below the innermost open one, which stays innermost.
    pub(super) fn node(&mut self, tag: impl Into<TagKind>) -> NodeId {
        let Some(painter) = &mut self.painter else { return 0 };
        let parent = self.stack.last().copied();
        let id = painter.tags.node(parent, tag.into());
        if parent.is_none() {
            painter.roots.push(id);
        }
        id
    }

    // Places.

    pub(super) fn section(&mut self, running: &str) {
        running.clone_into(&mut self.running);
    }
    pub(super) fn anchor(&mut self, name: &str) {
        self.found.anchors.entry(name.into()).or_insert((self.page, self.y));
    }
    pub(super) fn outline(&mut self, level: u8, words: String) {
        let (page, y) = (self.page - 1, self.y);
        if let Some(painter) = &mut self.painter {
            painter.outline.push((level, words, page, y));
        }
    }
    pub(super) fn is_fresh(&self) -> bool {
        self.y <= TOP + 0.01
    }
    /// Starts a new page where less than `height` is left.
    pub(super) fn need(&mut self, height: f32) {
        if self.y + height > FLOOR && !self.is_fresh() {
            self.new_page();
        }
    }
    pub(super) fn space(&mut self, height: f32) {
        if !self.is_fresh() {
            self.y += height;
        }
    }
    /// Draws what is not part of what is read.
    pub(super) fn decorate(&mut self, op: impl FnOnce() -> Op) {
        if self.painter.is_some() {
            self.ops.extend([Op::Begin(None), op(), Op::End]);
        }
    }
    /// Begins and ends content of a node around `op`.
    pub(super) fn content(&mut self, node: NodeId, ops: Vec<Op>) {
        if let Some(painter) = &mut self.painter {
            let leaf = painter.tags.leaf(node);
            self.ops.push(Op::Begin(Some(leaf)));
            self.ops.extend(ops);
            self.ops.push(Op::End);
        }
    }
    pub(super) fn new_page(&mut self) {
        self.finish_page();
        self.page += 1;
        self.y = TOP;
        if let Some(head) = self.head.clone() {
            self.repeat(&head.0, head.1);
        }
    }

    fn finish_page(&mut self) {
        let Some(known) = &self.known else { return };
        let last = known.pages;
        let page = self.page;
        let mut ops = std::mem::take(&mut self.ops);
        let mut put = |fonts: &mut Fonts, runs: Vec<Run>, x: f32, width: f32, end: bool, base: f32| {
            let text = Text { runs, size: Size::Small, end, ..Text::default() };
            let set = lines(fonts, &text, width, &|_| String::new());
            if let Some(line) = set.into_iter().next() {
                let y = base - line.base;
                let last = line.words.len();
                ops.extend([Op::Begin(None), Op::Line { line: Rc::new(line), first: 0, last, x, y }, Op::End]);
            }
        };
        let dim = |text: String| Run::new(text).tone(Tone::Dim);
        let fonts = &mut self.fonts;
        if page > 1 {
            let title = shortened(&self.meta.case, 80);
            put(fonts, vec![dim(title)], LEFT, WIDTH - 120.0, false, HEAD);
            put(fonts, vec![dim(self.running.clone()).face(Face::Mono)], LEFT + WIDTH - 120.0, 120.0, true, HEAD);
        }
        put(fonts, vec![dim(self.meta.foot.clone())], LEFT, WIDTH - 90.0, false, FOOT);
        put(fonts, vec![dim(format!("Page {page} of {last}"))], LEFT + WIDTH - 90.0, 90.0, true, FOOT);
        ops.extend([Op::Begin(None), hairline(LEFT, FOOT - 14.0, WIDTH), Op::End]);
        if let Some(painter) = &mut self.painter {
            painter.page(&self.fonts, ops);
        }
    }

    // Words.

    /// The page that an anchor is on; while that is not known, a number as wide as any.
    fn page_of(&self) -> impl Fn(&str) -> String + use<> {
        let pages = self.known.as_ref().map(|k| k.anchors.clone());
        move |anchor| match &pages {
            Some(all) => all.get(anchor).map_or_else(|| "\u{2013}".into(), |(page, _)| page.to_string()),
            None => "00000".into(),
        }
    }
    /// Sets a text in lines of `width` points.
    pub(super) fn lines(&mut self, text: &Text, width: f32) -> Vec<Rc<Line>> {
        let set = if text.runs.iter().any(|r| r.page_of.is_some()) {
            let page_of = self.page_of();
            lines(&mut self.fonts, text, width, &page_of)
        } else {
            lines(&mut self.fonts, text, width, &|_| String::new())
        };
        set.into_iter().map(Rc::new).collect()
    }

    // Rows.

    /// Repeats `columns` at the head of every page until [`Flow::without_head`].
    pub(super) fn with_head(&mut self, columns: Vec<Column>, look: RowLook) {
        self.head = Some(Rc::new((columns, look)));
    }
    pub(super) fn without_head(&mut self) {
        self.head = None;
    }
    fn repeat(&mut self, columns: &[Column], look: RowLook) {
        let columns =
            columns.iter().map(|c| Column { x: c.x, width: c.width, lines: c.lines.clone(), edge: c.edge, node: None }).collect();
        self.part(columns, look, f32::INFINITY);
    }

    /// Sets a row, over as many pages as it takes.
    pub(super) fn row(&mut self, columns: Vec<Column>, look: RowLook) {
        let height = columns.iter().map(Column::height).fold(0.0, f32::max) + look.above + look.below;
        let left = FLOOR - self.y;
        if height > left && (height <= WHOLE || left < 60.0) {
            self.new_page();
        }
        let mut rest = columns;
        loop {
            let room = FLOOR - self.y - look.above - look.below;
            rest = self.part(rest, look, room);
            if rest.iter().all(|c| c.lines.is_empty()) {
                break;
            }
            self.new_page();
        }
    }

    /// Sets as much of a row as `room` takes, at least one line; gives back the rest.
    fn part(&mut self, columns: Vec<Column>, look: RowLook, room: f32) -> Vec<Column> {
        let top = self.y;
        let mut tallest: f32 = 0.0;
        let mut rest = Vec::with_capacity(columns.len());
        let mut here = Vec::with_capacity(columns.len());
        for mut c in columns {
            let mut height = 0.0;
            let mut n = 0;
            while let Some(line) = c.lines.get(n) {
                if height + line.leading > room + 0.01 && n > 0 {
                    break;
                }
                height += line.leading;
                n += 1;
            }
            // A last line does not stand alone on the next page.
            if c.lines.len() == n + 1 && n > 2 {
                n -= 1;
                height -= c.lines[n].leading;
            }
            let lines = c.lines.split_off(n);
            rest.push(Column { x: c.x, width: c.width, lines, edge: c.edge, node: c.node });
            tallest = tallest.max(height);
            here.push(c);
        }
        // The first lines of all columns stand on one base line, whatever their sizes.
        let base = here.iter().map(first_base).fold(0.0, f32::max);
        let bottom = top + look.above + tallest + look.below;
        if let Some(colour) = look.ground {
            self.decorate(|| Op::Ground { x: LEFT, y: top, w: WIDTH, h: bottom - top, colour });
        }
        if let Some(colour) = look.bar {
            self.decorate(|| Op::Ground { x: LEFT, y: top, w: 2.0, h: bottom - top, colour });
        }
        for c in here {
            let shift = base - first_base(&c);
            self.column(c, top + look.above + shift, tallest - shift);
        }
        let ended = rest.iter().all(|c| c.lines.is_empty());
        if let (Some(colour), true) = (look.rule, ended) {
            let (from, to) = ((LEFT, bottom), (LEFT + WIDTH, bottom));
            self.decorate(|| Op::Rule { from, to, colour, width: if colour == LINE_STRONG { 0.6 } else { HAIR }, dotted: false });
        }
        self.y = bottom;
        rest
    }

    fn column(&mut self, c: Column, top: f32, height: f32) {
        if self.painter.is_none() {
            return;
        }
        let x = LEFT + c.x;
        if c.edge != Edge::None && !c.lines.is_empty() {
            let (from, to) = ((x - 7.0, top + 1.0), (x - 7.0, top + height - 1.0));
            let dotted = c.edge == Edge::Dotted;
            let colour = if dotted { ink(Tone::Machine) } else { ink(Tone::Ink) };
            self.decorate(|| Op::Rule { from, to, colour, width: 1.0, dotted });
        }
        let linked = c.lines.iter().any(|l| l.looks.iter().any(|k| k.to.is_some()));
        let mut y = top;
        let mut plain: Vec<Op> = Vec::new();
        for line in c.lines {
            let leading = line.leading;
            if !linked || c.node.is_none() {
                let last = line.words.len();
                plain.push(Op::Line { line, first: 0, last, x, y });
            } else if let Some(node) = c.node {
                self.linked(node, &line, x, y);
            }
            y += leading;
        }
        match c.node {
            _ if plain.is_empty() => {}
            Some(node) => self.content(node, plain),
            None => {
                self.ops.push(Op::Begin(None));
                self.ops.extend(plain);
                self.ops.push(Op::End);
            }
        }
    }

    /// A line in which some words lead somewhere.
    fn linked(&mut self, node: NodeId, line: &Rc<Line>, x: f32, y: f32) {
        let mut first = 0;
        while first < line.words.len() {
            let to = line.looks[line.words[first].look].to.clone();
            let n = line.words[first..].iter().take_while(|w| line.looks[w.look].to == to).count();
            let last = first + n;
            let op = Op::Line { line: line.clone(), first, last, x, y };
            let place = to.as_ref().and_then(|a| self.known.as_ref()?.anchors.get(&**a).copied());
            match (place, &mut self.painter) {
                (Some((page, height)), Some(painter)) => {
                    let link = painter.tags.node(Some(node), Tag::Link.into());
                    self.content(link, vec![op]);
                    let end = &line.words[last - 1];
                    let size = line.looks[end.look].size;
                    let from = line.words[first].x;
                    let w = end.x + (end.word.width - end.word.trailing) * size - from;
                    let alt = format!("Go to {}", crate::safe::line(&to.unwrap_or_default()));
                    if let Some(painter) = &mut self.painter {
                        let leaf = painter.tags.leaf(link);
                        let h = line.leading;
                        let to = (height - 12.0).max(0.0);
                        self.ops.push(Op::Link { x: x + from, y, w: w.max(1.0), h, page: page - 1, to, alt, leaf });
                    }
                }
                _ => self.content(node, vec![op]),
            }
            first = last;
        }
    }
}

fn first_base(c: &Column) -> f32 {
    c.lines.first().map_or(0.0, |l| l.base)
}

/// The beginning of a text, with a sign that there is more.
fn shortened(text: &str, max: usize) -> String {
    let mut out: String = text.chars().take(max).map(|c| if c == '\n' { ' ' } else { c }).collect();
    if out.len() < text.len() {
        out.push('\u{2026}');
    }
    out
}
