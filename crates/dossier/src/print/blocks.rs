//! Each kind of block as rows.

use super::document::{
    Block, Cell, Document, Edge, Face, KeyValue, Mark, Run, Section, Size, Step, Table, Text, TocEntry, Tone, Width,
};
use super::flow::{Column, Flow, RowLook};
use super::lines::Line;
use super::paint::Op;
use super::style::{
    DOUBT_WASH, FLOOR, GOOD_WASH, GUTTER, HAIR, LEFT, LINE, LINE_STRONG, MACHINE_WASH, SUNKEN, TOP, VOICES, WIDTH, ink,
};
use krilla::tagging::{ListNumbering, TableHeaderScope, Tag};
use std::num::NonZeroU16;
use std::rc::Rc;

/// Longer texts are laid out in parts, so that memory stays small.
const PART: usize = 6000;
/// Least and greatest width of the terms of key values.
const TERM: (f32, f32) = (70.0, 106.0);
/// Height of a lane of a waveform.
const LANE: f32 = 34.0;

impl Flow<'_> {
    /// Sets a part of the document.
    pub(super) fn set(&mut self, section: &Section) {
        // What stands at the head of a page belongs to what begins on it.
        if section.blocks.first() == Some(&Block::PageBreak) && !self.is_fresh() {
            self.new_page();
        }
        self.section(&section.running);
        self.open(Tag::Section);
        for block in &section.blocks {
            self.block(block);
        }
        self.close();
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { level, text, anchor, outline } => self.heading(*level, text, anchor.as_deref(), outline.as_ref()),
            Block::Paragraph(text) => self.paragraph(text),
            Block::Ruled { texts, edge } => self.ruled(texts, *edge),
            Block::Pair { original, translation, edge } => self.pair(original, translation, *edge),
            Block::Bullets(all) => self.bullets(all),
            Block::Code(code) => self.code(code),
            Block::Table(table) => self.table(table),
            Block::KeyValues(all) => self.key_values(all),
            Block::Label(text) => self.label(text),
            Block::Note { text, good } => self.note(text, *good),
            Block::Figures(all) => self.figures(all),
            Block::Trail(steps) => self.trail(steps),
            Block::Wave { lanes, from, to, alt } => self.wave(lanes, from, to, alt),
            Block::Toc(entries) => self.toc(entries),
            Block::Blanks(captions) => self.blanks(captions),
            Block::Undrawn => self.undrawn(),
            Block::Space(height) => self.space(*height),
            Block::PageBreak => {
                if !self.is_fresh() {
                    self.new_page();
                }
            }
        }
    }

    fn heading(&mut self, level: u8, text: &Text, anchor: Option<&str>, outline: Option<&String>) {
        let (size, before, after, keep) = match level {
            1 => (Size::Title, 0.0, 8.0, 140.0),
            2 if self.y < TOP + 40.0 => (Size::Large, 0.0, 6.0, 110.0),
            2 => (Size::Large, 16.0, 6.0, 110.0),
            _ => (Size::Body, 15.0, 5.0, 112.0),
        };
        self.need(before + keep);
        self.space(before);
        if let Some(anchor) = anchor {
            self.anchor(anchor);
        }
        let face = if level < 3 { Face::Serif } else { Face::Bold };
        let runs =
            text.runs.iter().map(|r| Run { face: if r.face == Face::Sans { face } else { r.face }, ..r.clone() }).collect();
        let text = Text { runs, size, ..text.clone() };
        let words = crate::safe::line(&text.words());
        if level < 3 || outline.is_some() {
            self.outline(level.min(2), outline.cloned().map_or_else(|| words.clone(), |o| crate::safe::line(&o)));
        }
        let level = NonZeroU16::new(level.max(1).into()).unwrap_or(NonZeroU16::MIN);
        let title: String = words.chars().take(500).collect();
        let node = self.node(Tag::Hn(level, Some(title)).with_lang(text.language.clone()));
        let lines = self.lines(&text, WIDTH);
        self.row(
            vec![Column { width: WIDTH, lines, node: Some(node), ..Column::default() }],
            RowLook { below: after, ..RowLook::default() },
        );
    }

    fn paragraph(&mut self, text: &Text) {
        let node = self.node(Tag::P.with_lang(text.language.clone()));
        for part in parts(text) {
            let lines = self.lines(&part, WIDTH);
            let column = Column { width: WIDTH, lines, node: Some(node), ..Column::default() };
            self.row(vec![column], RowLook::default());
        }
        self.space(4.0);
    }

    fn ruled(&mut self, texts: &[Text], edge: Edge) {
        for text in texts {
            let node = self.node(Tag::P.with_lang(text.language.clone()));
            for part in parts(text) {
                let lines = self.lines(&part, WIDTH - 10.0);
                let column = Column { x: 10.0, width: WIDTH - 10.0, lines, edge, node: Some(node) };
                self.row(vec![column], RowLook::default());
            }
        }
        self.space(5.0);
    }

    fn pair(&mut self, original: &Text, translation: &Text, edge: Edge) {
        let half = (WIDTH - GUTTER - 10.0) / 2.0;
        let nodes = [original, translation].map(|t| self.node(Tag::P.with_lang(t.language.clone())));
        let (a, b) = (parts(original), parts(translation));
        for i in 0..a.len().max(b.len()) {
            let column = |flow: &mut Self, part: Option<&Text>, x: f32, node| Column {
                x,
                width: half,
                lines: part.map(|t| flow.lines(t, half)).unwrap_or_default(),
                edge,
                node: Some(node),
            };
            let left = column(self, a.get(i), 10.0, nodes[0]);
            let right = column(self, b.get(i), 10.0 + half + GUTTER, nodes[1]);
            self.row(vec![left, right], RowLook { below: 4.0, ..RowLook::default() });
        }
    }

    fn bullets(&mut self, all: &[Text]) {
        self.open(Tag::L(ListNumbering::Disc));
        for text in all {
            self.open(Tag::LI);
            let node = self.node(Tag::LBody.with_lang(text.language.clone()));
            for (i, part) in parts(text).iter().enumerate() {
                let lines = self.lines(part, WIDTH - 14.0);
                let first = lines.first().map_or(0.0, |l| l.leading);
                let column = Column { x: 14.0, width: WIDTH - 14.0, lines, node: Some(node), ..Column::default() };
                let height = first.min(20.0);
                self.need(height * 2.0);
                let y = self.y + height / 2.0;
                if i == 0 {
                    self.decorate(|| Op::Disc { x: LEFT + 4.0, y, r: 1.3, colour: ink(Tone::Dim) });
                }
                self.row(vec![column], RowLook { below: 3.0, ..RowLook::default() });
            }
            self.close();
        }
        self.close();
        self.space(3.0);
    }

    fn code(&mut self, code: &str) {
        let node = self.node(Tag::Code);
        let text = Text { runs: vec![Run::new(code.trim_end()).face(Face::Mono)], size: Size::Small, ..Text::default() };
        for part in parts(&text) {
            let lines = self.lines(&part, WIDTH - 16.0);
            let column = Column { x: 8.0, width: WIDTH - 16.0, lines, node: Some(node), ..Column::default() };
            self.row(vec![column], RowLook { above: 5.0, below: 5.0, ground: Some(SUNKEN), ..RowLook::default() });
        }
        self.space(7.0);
    }

    fn label(&mut self, text: &Text) {
        self.need(60.0);
        let node = self.node(Tag::P);
        let runs = text.runs.iter().map(|r| Run { tone: Tone::Machine, ..r.clone() }).collect();
        let text = Text { runs, size: Size::Small, ..text.clone() };
        let lines = self.lines(&text, WIDTH - 16.0);
        let column = Column { x: 8.0, width: WIDTH - 16.0, lines, node: Some(node), ..Column::default() };
        self.row(vec![column], RowLook { above: 3.0, below: 3.0, ground: Some(MACHINE_WASH), ..RowLook::default() });
        self.space(4.0);
    }

    fn note(&mut self, text: &Text, good: bool) {
        let (ground, bar) = if good { (GOOD_WASH, ink(Tone::Good)) } else { (DOUBT_WASH, ink(Tone::Doubt)) };
        let node = self.node(Tag::P);
        let lines = self.lines(text, WIDTH - 26.0);
        let column = Column { x: 14.0, width: WIDTH - 26.0, lines, node: Some(node), ..Column::default() };
        self.need(60.0);
        self.row(vec![column], RowLook { above: 7.0, below: 7.0, ground: Some(ground), bar: Some(bar), ..RowLook::default() });
        self.space(8.0);
    }

    fn figures(&mut self, all: &[(String, String)]) {
        self.space(10.0);
        self.open(Tag::L(ListNumbering::None));
        let width = WIDTH / all.len().max(1) as f32;
        let mut columns = Vec::new();
        for (i, (figure, caption)) in all.iter().enumerate() {
            self.open(Tag::LI);
            let node = self.node(Tag::LBody);
            self.close();
            let mut lines = self.lines(&Text::new(vec![Run::new(figure.clone())]).size(Size::Figure), width - 10.0);
            let small = Text::new(vec![Run::new(caption.clone()).tone(Tone::Dim)]).size(Size::Small);
            lines.extend(self.lines(&small, width - 10.0));
            columns.push(Column { x: i as f32 * width, width: width - 10.0, lines, node: Some(node), ..Column::default() });
        }
        self.close();
        let top = self.y;
        self.decorate(|| Op::Rule { from: (LEFT, top), to: (LEFT + WIDTH, top), colour: LINE_STRONG, width: 0.6, dotted: false });
        self.row(columns, RowLook { above: 7.0, below: 7.0, rule: Some(LINE_STRONG), ..RowLook::default() });
        self.space(14.0);
    }

    fn key_values(&mut self, all: &[KeyValue]) {
        let half = (WIDTH - 2.0 * GUTTER) / 2.0;
        let mut widest = 0.0;
        for kv in all {
            for line in self.lines(&kv.term.clone().size(Size::Small), TERM.1) {
                let end = line.words.last().map_or(0.0, |w| w.x + w.word.width * line.looks[w.look].size);
                widest = f32::max(widest, end);
            }
        }
        let term = (widest + 10.0).clamp(TERM.0, TERM.1 + 10.0);
        let narrow = half - term - GUTTER / 2.0;
        let wide = WIDTH - term - GUTTER / 2.0;
        self.open(Tag::L(ListNumbering::None));
        let top = self.y;
        self.decorate(|| Op::Rule { from: (LEFT, top), to: (LEFT + WIDTH, top), colour: LINE, width: HAIR, dotted: false });
        let mut i = 0;
        while i < all.len() {
            let short = |flow: &mut Self, kv: &KeyValue| {
                !kv.wide && kv.value.words().len() < 400 && flow.lines(&kv.value, narrow).len() <= 2
            };
            let pair = short(self, &all[i]) && all.get(i + 1).is_some_and(|n| short(self, n));
            let n = if pair { 2 } else { 1 };
            let width = if pair { narrow } else { wide };
            let mut columns = Vec::new();
            let mut more = Vec::new();
            for (j, kv) in all[i..i + n].iter().enumerate() {
                let x = j as f32 * (half + 2.0 * GUTTER);
                self.open(Tag::LI);
                let (label, body) = (self.node(Tag::Lbl), self.node(Tag::LBody.with_lang(kv.value.language.clone())));
                self.close();
                let lines = self.lines(&kv.term.clone().size(Size::Small), term - 8.0);
                columns.push(Column { x, width: term, lines, node: Some(label), ..Column::default() });
                let mut all = parts(&kv.value).into_iter();
                let lines = all.next().map(|t| self.lines(&t, width)).unwrap_or_default();
                columns.push(Column { x: x + term, width, lines, node: Some(body), ..Column::default() });
                more.extend(all.map(|t| (t, body)));
            }
            let rule = |last: bool| if last { Some(LINE) } else { None };
            self.row(columns, RowLook { above: 2.5, below: 2.5, rule: rule(more.is_empty()), ..RowLook::default() });
            let n_more = more.len();
            for (k, (text, body)) in more.into_iter().enumerate() {
                let lines = self.lines(&text, width);
                let column = Column { x: term, width, lines, node: Some(body), ..Column::default() };
                self.row(vec![column], RowLook { rule: rule(k + 1 == n_more), ..RowLook::default() });
            }
            i += n;
        }
        self.close();
        self.space(6.0);
    }

    fn table(&mut self, table: &Table) {
        let places = places(&table.columns);
        self.open(Tag::Table);
        if !table.head.is_empty() {
            // A head does not stand without a row.
            let first = table.rows.first().map_or(0.0, |row| self.height(row, &places));
            self.need(40.0 + first.clamp(30.0, 190.0));
            self.open(Tag::THead);
            self.open(Tag::TR);
            let columns: Vec<Column> = table
                .head
                .iter()
                .zip(&places)
                .map(|(text, (x, width))| {
                    let node = self.node(Tag::TH(TableHeaderScope::Column));
                    let runs = text.runs.iter().map(|r| Run { tone: Tone::Dim, ..r.clone() }).collect();
                    let lines = self.lines(&Text { runs, ..text.clone() }, *width);
                    Column { x: *x, width: *width, lines, node: Some(node), ..Column::default() }
                })
                .collect();
            self.close();
            self.close();
            let look = RowLook { above: 2.0, below: 3.0, rule: Some(LINE_STRONG), ..RowLook::default() };
            let again = columns.iter().map(|c| Column { x: c.x, width: c.width, lines: c.lines.clone(), ..Column::default() });
            let again = again.collect();
            self.row(columns, look);
            self.with_head(again, look);
        }
        self.open(Tag::TBody);
        for (i, row) in table.rows.iter().enumerate() {
            let last = i + 1 == table.rows.len();
            self.table_row(row, &places, if last { LINE_STRONG } else { LINE });
        }
        self.close();
        self.without_head();
        self.close();
        self.space(6.0);
    }

    /// Height of a row, as far as it matters for where it goes.
    fn height(&mut self, row: &[Cell], places: &[(f32, f32)]) -> f32 {
        let mut tallest: f32 = 0.0;
        for (cell, (_, width)) in row.iter().zip(places).filter(|(c, _)| c.span <= 1) {
            let mut height = 0.0;
            for text in cell.texts.iter().take(40).filter_map(|t| parts(t).into_iter().next()) {
                height += self.lines(&text, *width).iter().map(|l| l.leading).sum::<f32>();
            }
            tallest = tallest.max(height);
        }
        tallest
    }

    fn table_row(&mut self, row: &[Cell], places: &[(f32, f32)], rule: (u8, u8, u8)) {
        self.open(Tag::TR);
        let mut cells = Vec::new();
        let mut at = 0;
        for cell in row {
            let span = cell.span.max(1);
            let Some((x, own)) = places.get(at) else { break };
            let end = places[(at + span - 1).min(places.len() - 1)];
            let width = if span > 1 { end.0 + end.1 - x } else { *own };
            at += span;
            let pad = if cell.edge == Edge::None { 0.0 } else { 8.0 };
            let language = cell.texts.iter().find_map(|t| t.language.clone());
            let cols = u32::try_from(span).ok().and_then(std::num::NonZeroU32::new);
            let tag = Tag::TD.with_col_span(cols.filter(|c| c.get() > 1)).with_lang(language);
            let node = self.node(tag);
            let texts: Vec<Text> = cell.texts.iter().flat_map(parts).collect();
            cells.push((x + pad, width - pad, cell.edge, node, texts));
        }
        self.close();
        // Long cells go on in rows of their own, all of them one row of the table.
        let mut from = vec![0; cells.len()];
        loop {
            let mut columns = Vec::new();
            let mut more = false;
            for ((x, width, edge, node, texts), from) in cells.iter().zip(&mut from) {
                let mut lines: Vec<Rc<Line>> = Vec::new();
                let mut taken = 0;
                while let Some(text) = texts.get(*from).filter(|_| taken < PART) {
                    taken += text.runs.iter().map(|r| r.text.len()).sum::<usize>().max(1);
                    lines.extend(self.lines(text, *width));
                    *from += 1;
                }
                more |= *from < texts.len();
                columns.push(Column { x: *x, width: *width, lines, edge: *edge, node: Some(*node) });
            }
            let look = RowLook { above: 3.0, below: 3.0, rule: (!more).then_some(rule), ..RowLook::default() };
            self.row(columns, look);
            if !more {
                break;
            }
        }
    }

    fn trail(&mut self, steps: &[Step]) {
        self.open(Tag::L(ListNumbering::None));
        let n = steps.len();
        for (i, step) in steps.iter().enumerate() {
            self.open(Tag::LI);
            let node = self.node(Tag::LBody);
            self.close();
            let mut lines = Vec::new();
            for t in &step.texts {
                lines.extend(self.lines(t, WIDTH - 20.0));
            }
            let height: f32 = lines.iter().map(|l| l.leading).sum::<f32>() + 6.0;
            self.need(height.min(180.0));
            let (x, y) = (LEFT + 5.0, self.y + 7.0);
            let bottom = (self.y + height).min(FLOOR);
            if i + 1 < n {
                self.decorate(|| Op::Rule {
                    from: (x, y),
                    to: (x, bottom + 4.0),
                    colour: LINE_STRONG,
                    width: HAIR,
                    dotted: false,
                });
            }
            match step.mark {
                Mark::Origin => self.decorate(|| Op::Ground { x: x - 3.0, y: y - 3.0, w: 6.0, h: 6.0, colour: ink(Tone::Ink) }),
                Mark::Person => {
                    self.decorate(|| Op::Disc { x, y, r: 3.2, colour: ink(Tone::Soft) });
                    self.decorate(|| Op::Disc { x, y, r: 2.1, colour: (255, 255, 255) });
                }
                Mark::Program => {
                    self.decorate(|| Op::Ground { x: x - 3.0, y: y - 3.0, w: 6.0, h: 6.0, colour: ink(Tone::Machine) });
                    self.decorate(|| Op::Ground { x: x - 2.2, y: y - 2.2, w: 4.4, h: 4.4, colour: (255, 255, 255) });
                }
            }
            let column = Column { x: 20.0, width: WIDTH - 20.0, lines, node: Some(node), ..Column::default() };
            self.row(vec![column], RowLook { below: 6.0, ..RowLook::default() });
        }
        self.close();
        self.space(4.0);
    }

    fn wave(&mut self, lanes: &[Vec<(i16, i16)>], from: &str, to: &str, alt: &str) {
        let height = LANE * lanes.len() as f32;
        self.need(height + 30.0);
        self.space(4.0);
        let node = self.node(Tag::Figure(Some(alt.to_owned())).with_bbox(None));
        let top = self.y;
        let mut ops = Vec::new();
        for (i, lane) in lanes.iter().enumerate() {
            let middle = top + LANE * (i as f32 + 0.5);
            let step = WIDTH / lane.len().max(1) as f32;
            let scale = (LANE - 4.0) / 256.0;
            let all = lane.iter().enumerate().map(|(x, (low, high))| {
                let (low, high) = (f32::from(*low) * scale, f32::from(*high) * scale);
                (LEFT + (x as f32 + 0.5) * step, middle - high - 0.2, middle - low + 0.2)
            });
            let colour = if lanes.len() == 1 { ink(Tone::Dim) } else { VOICES[i % VOICES.len()] };
            ops.push(Op::Strokes { all: all.collect(), colour });
        }
        self.content(node, ops);
        self.y += height;
        let line = self.y;
        self.decorate(|| Op::Rule { from: (LEFT, line), to: (LEFT + WIDTH, line), colour: LINE, width: HAIR, dotted: false });
        let node = self.node(Tag::P);
        let time = |t: &str| Run::new(t).face(Face::Mono).tone(Tone::Dim);
        let left = self.lines(&Text::new(vec![time(from)]).size(Size::Small), WIDTH / 2.0);
        let right = self.lines(&Text { end: true, ..Text::new(vec![time(to)]).size(Size::Small) }, WIDTH / 2.0);
        let half = WIDTH / 2.0;
        let columns = vec![
            Column { width: half, lines: left, node: Some(node), ..Column::default() },
            Column { x: half, width: half, lines: right, node: Some(node), ..Column::default() },
        ];
        self.row(columns, RowLook { above: 2.0, below: 6.0, ..RowLook::default() });
    }

    fn toc(&mut self, entries: &[TocEntry]) {
        self.open(Tag::TOC);
        for e in entries {
            let indent = f32::from(e.level) * 14.0;
            self.open(Tag::TOCI);
            let node = self.node(Tag::Reference);
            self.close();
            let runs = e.text.runs.iter().map(|r| r.clone().to(&*e.anchor)).collect();
            let lines = self.lines(&Text { runs, ..e.text.clone() }, WIDTH - indent - 40.0);
            let number = Run { page_of: Some(e.anchor.clone()), face: Face::Mono, tone: Tone::Soft, ..Run::default() };
            let number = self.lines(&Text { end: true, ..Text::new(vec![number]) }, 36.0);
            let columns = vec![
                Column { x: indent, width: WIDTH - indent - 40.0, lines, node: Some(node), ..Column::default() },
                Column { x: WIDTH - 36.0, width: 36.0, lines: number, node: Some(node), ..Column::default() },
            ];
            self.row(columns, RowLook { above: 2.5, below: 2.5, rule: Some(LINE), ..RowLook::default() });
        }
        self.close();
        self.space(6.0);
    }

    fn blanks(&mut self, captions: &[String]) {
        for caption in captions {
            self.need(44.0);
            self.y += 26.0;
            let y = self.y;
            self.decorate(|| Op::Rule { from: (LEFT, y), to: (LEFT + 300.0, y), colour: LINE_STRONG, width: 0.6, dotted: false });
            let node = self.node(Tag::P);
            let text = Text::new(vec![Run::new(caption.clone()).tone(Tone::Dim)]).size(Size::Small);
            let lines = self.lines(&text, WIDTH);
            self.row(
                vec![Column { width: WIDTH, lines, node: Some(node), ..Column::default() }],
                RowLook { above: 2.0, ..RowLook::default() },
            );
        }
        self.space(8.0);
    }

    fn undrawn(&mut self) {
        if self.fonts.undrawn.is_empty() {
            return;
        }
        let all: Vec<String> = self.fonts.undrawn.iter().map(|(c, n)| format!("U+{:04X} ({n})", u32::from(*c))).collect();
        let shown = all.iter().take(400).cloned().collect::<Vec<_>>().join(", ");
        let more = if all.len() > 400 { format!(" and {} others", all.len() - 400) } else { String::new() };
        let text = format!(
            "This document has no typeface for some characters of the evidence. Where they stand it shows their Unicode \
             number in square brackets; the files of the production have them as they are. They are, with how often: {shown}{more}."
        );
        let heading = Text::plain("Characters shown by their number");
        self.heading(3, &heading, None, None);
        self.paragraph(&Text::plain(text));
    }
}

impl From<Vec<Block>> for Document {
    fn from(blocks: Vec<Block>) -> Self {
        Self { sections: vec![Section { running: String::new(), blocks }] }
    }
}

/// Left edges and widths of columns.
fn places(columns: &[Width]) -> Vec<(f32, f32)> {
    let room = WIDTH - GUTTER * columns.len().saturating_sub(1) as f32;
    let least = |c: &Width| match c {
        Width::Fixed(w) => *w,
        Width::Share(_) => 30.0,
        Width::Words { least, .. } => *least,
    };
    let more = |c: &Width| if let Width::Words { least, most } = c { (most - least).max(0.0) } else { 0.0 };
    let share = |c: &Width| if let Width::Share(s) = c { *s } else { 0.0 };
    let (sum_least, sum_more, shares) =
        columns.iter().fold((0.0, 0.0, 0.0), |(a, b, c), w| (a + least(w), b + more(w), c + share(w)));
    let left = room - sum_least;
    // Too little for all: the widest give way, short words stay whole.
    let mut cap = room;
    while columns.iter().map(|c| least(c).min(cap)).sum::<f32>() > room && cap > 10.0 {
        cap -= 1.0;
    }
    let mut x = 0.0;
    columns
        .iter()
        .map(|c| {
            let width = if left <= 0.0 {
                least(c).min(cap)
            } else if shares > 0.0 {
                // Shares take what the words of the others leave.
                least(c) + more(c).min(left * more(c) / sum_more.max(1.0)) + share(c) / shares * (left - sum_more).max(0.0)
            } else if sum_more > left {
                least(c) + more(c) * left / sum_more
            } else {
                // Room enough: what is left over goes to whom it helps most.
                least(c) + more(c) + (left - sum_more) * (least(c) + more(c)) / (sum_least + sum_more)
            };
            let at = x;
            x += width + GUTTER;
            (at, width)
        })
        .collect()
}

/// A long text in several, cut after a line feed or a space where there is one.
fn parts(text: &Text) -> Vec<Text> {
    let len: usize = text.runs.iter().map(|r| r.text.len()).sum();
    if len <= PART {
        return vec![text.clone()];
    }
    let mut out = Vec::new();
    let mut open = Text { runs: Vec::new(), ..text.clone() };
    let mut taken = 0;
    for run in &text.runs {
        let mut rest = run.text.as_str();
        while taken + rest.len() > PART {
            let cut = cut(rest, PART - taken);
            let (head, tail) = rest.split_at(cut);
            open.runs.push(Run { text: head.trim_end_matches('\n').into(), ..run.clone() });
            out.push(std::mem::replace(&mut open, Text { runs: Vec::new(), ..text.clone() }));
            (rest, taken) = (tail, 0);
        }
        taken += rest.len();
        open.runs.push(Run { text: rest.into(), ..run.clone() });
    }
    out.push(open);
    out.retain(|t| !t.is_empty());
    out
}
fn cut(text: &str, at: usize) -> usize {
    let at = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let head = &text[..at];
    let found = head.rfind('\n').or_else(|| head.rfind(' ')).map_or(0, |i| i + 1);
    // Nothing to cut after, or only far in front: in the middle of the word.
    if found * 2 > at || found > 0 && at < 200 { found } else { at }
}
