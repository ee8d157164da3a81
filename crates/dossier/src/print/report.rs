//! The report, as blocks. What it says is read from its HTML (see [`super::page`]); here stands how each part of it looks
//! on paper. A part that is not known here is set as a paragraph: nothing is left out because it is new.

use super::document::{Block, Cell, Edge, Face, KeyValue, Mark, Run, Section, Size, Step, Table, Text, Tone, Width};
use super::page::{Element, Node, read};

/// Where a section of the report comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Everything before the first exhibit.
    Head,
    /// The exhibit at this index.
    Exhibit(usize),
    /// Everything after the last exhibit.
    Foot,
}

/// Blocks of a part of the report, from its HTML. `running`: the number of the exhibit, or nothing.
pub(crate) fn section(html: &str, part: Part, running: String) -> Section {
    let page = read(html);
    let mut reader = Reader { blocks: Vec::new(), anchor: None, tag: None };
    reader.all(&page);
    let mut blocks = reader.blocks;
    match part {
        Part::Head => {
            let note = "Sound and pictures are not printed. They are files of the production, named with each exhibit.";
            let at = blocks.iter().position(|b| matches!(b, Block::Heading { level: 2, .. })).unwrap_or(blocks.len());
            blocks.insert(at, Block::Paragraph(Text::new(vec![Run::new(note).tone(Tone::Dim)]).size(Size::Small)));
        }
        Part::Exhibit(_) => blocks.insert(0, Block::PageBreak),
        Part::Foot => {
            blocks.insert(0, Block::PageBreak);
            blocks.push(Block::Undrawn);
        }
    }
    Section { running, blocks }
}

struct Reader {
    blocks: Vec<Block>,
    /// Id of the section whose heading has not come yet.
    anchor: Option<String>,
    /// Number of the exhibit whose heading has not come yet.
    tag: Option<String>,
}

const INLINE: [&str; 12] = ["a", "b", "bdi", "br", "code", "em", "i", "small", "span", "strong", "sub", "sup"];

impl Reader {
    fn all(&mut self, within: &Element) {
        let mut loose = Vec::new();
        for child in &within.children {
            match child {
                Node::Element(e) if !INLINE.contains(&e.name.as_str()) => {
                    self.loose(&mut loose);
                    self.block(e);
                }
                other => loose.push(other),
            }
        }
        self.loose(&mut loose);
    }

    /// Words that stand in no paragraph.
    fn loose(&mut self, nodes: &mut Vec<&Node>) {
        let text = inline(nodes.drain(..), &Style::default());
        if !text.is_empty() {
            self.blocks.push(Block::Paragraph(text));
        }
    }

    fn block(&mut self, e: &Element) {
        match e.name.as_str() {
            "head" | "style" | "title" | "script" | "svg" | "audio" | "video" | "img" | "details" | "source" => {}
            "h1" | "h2" | "h3" | "h4" => self.heading(e),
            "p" => self.paragraph(e),
            "table" => {
                if let Some(caption) = e.elements().find(|c| c.name == "caption") {
                    self.heading3(words(caption, &Style::default()));
                }
                self.blocks.push(Block::Table(table(e)));
            }
            "dl" => self.blocks.push(Block::KeyValues(facts(e))),
            "ul" | "ol" if e.is("trail") => self.blocks.push(Block::Trail(e.elements().map(step).collect())),
            "ul" | "ol" => {
                let all = e.elements().map(|li| words(li, &Style::default()));
                self.blocks.push(Block::Bullets(all.collect()));
            }
            "pre" => self.blocks.push(Block::Code(plain(e, true))),
            "figure" if e.is("wave") => self.blocks.extend(wave(e)),
            "article" => self.blocks.push(message(e)),
            "div" if e.is("figures") => {
                let all = e.elements().map(|d| {
                    let figure = d.elements().next().map(|b| plain(b, false)).unwrap_or_default();
                    let rest = plain(d, false);
                    (figure.clone(), rest.strip_prefix(&figure).unwrap_or(&rest).trim().to_owned())
                });
                self.blocks.push(Block::Figures(all.collect()));
            }
            "div" if e.is("note") => {
                let text = e.find("p").map(|p| words(p, &Style::default())).unwrap_or_default();
                self.blocks.push(Block::Note { text, good: !e.is("doubt") && !e.is("fault") });
            }
            "div" if e.is("machine") => {
                let style = Style { tone: Tone::Machine, lines: true, ..Style::default() };
                let language = e.get("lang").map(str::to_owned);
                let texts = e.elements().map(|p| {
                    let text = words(p, &style).size(Size::Reading);
                    Text { language: text.language.clone().or_else(|| language.clone()), ..text }
                });
                self.blocks.push(Block::Ruled { texts: texts.collect(), edge: Edge::Dotted });
            }
            "section" | "nav" | "header" => {
                if let Some(id) = e.get("id") {
                    self.anchor = Some(id.to_owned());
                }
                self.all(e);
            }
            _ => self.all(e),
        }
    }

    fn heading(&mut self, e: &Element) {
        let level = e.name.as_bytes()[1] - b'0';
        let text = words(e, &Style::default());
        if text.is_empty() {
            return;
        }
        let tag = self.tag.take();
        let outline = tag.map(|no| format!("{no}  {}", text.words()));
        let own = e.get("id").map(str::to_owned);
        let anchor = if level < 3 { self.anchor.take() } else { None }.or(own);
        self.blocks.push(Block::Heading { level: level.min(3), text, anchor, outline });
    }

    fn heading3(&mut self, text: Text) {
        if !text.is_empty() {
            self.blocks.push(Block::Heading { level: 3, text, anchor: None, outline: None });
        }
    }

    fn paragraph(&mut self, e: &Element) {
        if e.is("top") {
            return;
        }
        if e.is("word") {
            let name = Run::new(plain(e, false)).face(Face::Bold);
            let dot = Run::new(".").face(Face::Bold).tone(Tone::Accent);
            self.blocks.push(Block::Paragraph(Text::new(vec![name, dot]).size(Size::Reading)));
            self.blocks.push(Block::Space(36.0));
            return;
        }
        let tone = match () {
            () if e.is("machine") => Tone::Machine,
            () if e.is("dim") => Tone::Dim,
            () if e.is("sub") => Tone::Soft,
            () => Tone::Ink,
        };
        let text = words(e, &Style { tone, lines: e.is("machine"), ..Style::default() });
        if text.is_empty() {
            return;
        }
        if let [Run { text: no, chip: true, .. }] = text.runs.as_slice() {
            self.tag = Some(no.trim().to_owned());
        }
        let size = if e.is("small") { Size::Small } else { Size::Body };
        if e.is("band") {
            self.blocks.push(Block::Label(text));
        } else if e.is("machine") {
            self.blocks.push(Block::Ruled { texts: vec![text.size(Size::Reading)], edge: Edge::Dotted });
        } else {
            self.blocks.push(Block::Paragraph(text.size(size)));
        }
    }
}

/// How words look that are not told otherwise.
#[derive(Clone, Default)]
struct Style {
    face: Face,
    tone: Tone,
    doubtful: bool,
    chip: bool,
    isolated: bool,
    to: Option<String>,
    /// Line feeds are kept.
    lines: bool,
}

fn words(e: &Element, style: &Style) -> Text {
    let mut text = inline(e.children.iter(), &styled(e, style));
    text.language = e.get("lang").map(str::to_owned);
    text
}

/// The style inside an element.
fn styled(e: &Element, style: &Style) -> Style {
    let mut s = style.clone();
    match e.name.as_str() {
        "b" | "strong" | "th" => s.face = Face::Bold,
        "code" => s.face = Face::Mono,
        "bdi" => s.isolated = true,
        "a" => {
            if let Some(anchor) = e.get("href").and_then(|h| h.strip_prefix('#')) {
                (s.to, s.tone) = (Some(anchor.to_owned()), Tone::Accent);
            }
        }
        _ => {}
    }
    if e.is("mono") {
        s.face = Face::Mono;
    }
    if e.is("read") {
        s.face = Face::Serif;
    }
    for (class, tone) in
        [("dim", Tone::Dim), ("when", Tone::Dim), ("sub", Tone::Soft), ("unknown", Tone::Doubt), ("struck", Tone::Dim)]
    {
        if e.is(class) {
            s.tone = tone;
        }
    }
    s.doubtful |= e.is("doubtful");
    if e.is("chip") {
        s.chip = true;
        s.tone = match () {
            () if e.is("plain") => Tone::Soft,
            () if e.is("met") => Tone::Good,
            () => Tone::Doubt,
        };
    }
    if e.is("tag") {
        (s.chip, s.tone, s.face) = (true, Tone::Reversed, Face::Mono);
    }
    if e.is("who") {
        let voice = (0..=6).find(|n| e.is(&format!("w{n}"))).unwrap_or(0);
        (s.chip, s.tone, s.face) = (true, Tone::Voice(voice), Face::Bold);
    }
    s
}

fn inline<'n>(nodes: impl Iterator<Item = &'n Node>, style: &Style) -> Text {
    let mut runs = Vec::new();
    collect(nodes, style, &mut runs);
    // Spaces at both ends come from how the page is written.
    if let Some(first) = runs.first_mut() {
        first.text = first.text.trim_start_matches([' ', '\n']).to_owned();
    }
    if let Some(last) = runs.last_mut() {
        last.text = last.text.trim_end_matches([' ', '\n']).to_owned();
    }
    runs.retain(|r| !r.text.is_empty());
    Text::new(runs)
}

fn collect<'n>(nodes: impl Iterator<Item = &'n Node>, style: &Style, runs: &mut Vec<Run>) {
    for node in nodes {
        match node {
            Node::Text(text) => push(runs, style, text),
            Node::Element(e) if e.name == "br" => runs.push(Run::new("\n")),
            Node::Element(e) if e.name == "svg" || e.name == "audio" || e.name == "img" => {}
            Node::Element(e) => {
                let inner = styled(e, style);
                let chip = inner.chip && !style.chip;
                if chip && runs.last().is_some_and(|r| !r.text.ends_with([' ', '\n'])) {
                    runs.push(Run::new(" "));
                }
                if e.name == "small" && runs.last().is_some_and(|r| !r.text.ends_with([' ', '\n', '\u{a0}'])) {
                    runs.push(Run::new(" "));
                }
                if chip {
                    // Its ground is wider than its words, and one piece.
                    let text = format!("\u{a0}{}\u{a0}", plain(e, false).replace(' ', "\u{a0}"));
                    runs.push(run(&inner, text));
                    runs.push(Run::new(" "));
                    continue;
                }
                collect(e.children.iter(), &inner, runs);
            }
        }
    }
}

fn push(runs: &mut Vec<Run>, style: &Style, text: &str) {
    let mut out = String::with_capacity(text.len());
    let starts = runs.last().is_none_or(|r| r.text.ends_with([' ', '\n']));
    let mut space = starts;
    for c in text.chars() {
        match c {
            '\n' if style.lines => {
                out.push('\n');
                space = true;
            }
            ' ' | '\n' | '\t' if space => {}
            ' ' | '\n' | '\t' => {
                out.push(' ');
                space = true;
            }
            c => {
                out.push(c);
                space = false;
            }
        }
    }
    if out.is_empty() {
        return;
    }
    runs.push(run(style, out));
}

fn run(style: &Style, text: String) -> Run {
    Run {
        text,
        face: style.face,
        tone: style.tone,
        doubtful: style.doubtful,
        chip: style.chip,
        isolated: style.isolated,
        to: style.to.clone(),
        page_of: None,
    }
}

/// All words of an element. `kept`: with its spaces and line feeds.
fn plain(e: &Element, kept: bool) -> String {
    let mut out = String::new();
    for c in &e.children {
        match c {
            Node::Text(t) => out.push_str(t),
            Node::Element(e) => out.push_str(&plain(e, true)),
        }
    }
    if kept { out } else { out.split_whitespace().collect::<Vec<_>>().join(" ") }
}

fn facts(e: &Element) -> Vec<KeyValue> {
    let mut out = Vec::new();
    let mut pair = |within: &Element, wide: bool| {
        let mut term = Text::default();
        for e in within.elements() {
            match e.name.as_str() {
                "dt" => term = words(e, &Style { tone: Tone::Dim, ..Style::default() }),
                "dd" => out.push(KeyValue { term: std::mem::take(&mut term), value: words(e, &Style::default()), wide }),
                _ => {}
            }
        }
    };
    for e in e.elements().filter(|e| e.name == "div") {
        pair(e, e.is("wide"));
    }
    pair(e, false);
    out
}

fn step(li: &Element) -> Step {
    let mark = match () {
        () if li.is("first") => Mark::Origin,
        () if li.is("program") => Mark::Program,
        () => Mark::Person,
    };
    let head = inline(li.children.iter().filter(|c| !matches!(c, Node::Element(e) if e.name == "p")), &Style::default());
    let mut texts = vec![head];
    for p in li.elements().filter(|e| e.name == "p") {
        let mut runs = Vec::new();
        for (i, span) in p.elements().enumerate() {
            if i > 0 {
                runs.push(Run::new(" \u{b7} ").tone(Tone::Dim));
            }
            runs.extend(words(span, &Style { tone: Tone::Soft, ..Style::default() }).runs);
        }
        let text = if runs.is_empty() { words(p, &Style { tone: Tone::Soft, ..Style::default() }) } else { Text::new(runs) };
        texts.push(text.size(Size::Small));
    }
    Step { mark, texts }
}

fn message(e: &Element) -> Block {
    let mut texts = Vec::new();
    let mut small: Vec<&Node> = Vec::new();
    for c in &e.children {
        match c {
            Node::Element(h) if h.name == "header" => {
                let mut runs = Vec::new();
                for (i, part) in h.elements().enumerate() {
                    if i > 0 {
                        runs.push(Run::new("   "));
                    }
                    runs.extend(words(part, &Style { tone: Tone::Dim, ..Style::default() }).runs);
                }
                texts.push(Text::new(runs).size(Size::Small));
            }
            Node::Element(p) if p.name == "p" => {
                texts.push(words(p, &Style { tone: Tone::Machine, lines: true, ..Style::default() }).size(Size::Reading));
            }
            other => small.push(other),
        }
    }
    let rest = inline(small.into_iter(), &Style { tone: Tone::Dim, ..Style::default() });
    if !rest.is_empty() {
        texts.push(rest.size(Size::Small));
    }
    Block::Ruled { texts, edge: Edge::Dotted }
}

fn wave(e: &Element) -> Option<Block> {
    let lanes: Vec<Vec<(i16, i16)>> =
        e.elements().filter(|s| s.name == "svg").filter_map(|s| lane(s.find("path")?.get("d")?)).collect();
    let times: Vec<String> = e.find("figcaption").map(|c| c.elements().map(|s| plain(s, false)).collect()).unwrap_or_default();
    let (from, to) = (times.first().cloned().unwrap_or_default(), times.last().cloned().unwrap_or_default());
    let channels = lanes.len();
    let alt =
        format!("Loudness over time from {from} to {to}, {channels} {}", if channels == 1 { "channel" } else { "channels" });
    (!lanes.is_empty()).then_some(Block::Wave { lanes, from, to, alt })
}

/// Reads `M0.5 3V250M1.5 ...`: for each column how far the wave goes down and up.
fn lane(path: &str) -> Option<Vec<(i16, i16)>> {
    let columns = path.split('M').skip(1).map(|column| {
        let (_, vertical) = column.split_once(' ')?;
        let (top, bottom) = vertical.split_once('V')?;
        let (top, bottom): (i16, i16) = (top.parse().ok()?, bottom.parse().ok()?);
        Some((128 - bottom.clamp(0, 256), 127 - top.clamp(0, 255)))
    });
    columns.collect()
}

fn table(e: &Element) -> Table {
    let spoken = e.is("words");
    let contents = e.find("a").and_then(|a| a.get("href")).is_some_and(|h| h.starts_with('#')) && e.find("thead").is_some();
    let row_of = |e: &Element| e.elements().filter(|c| c.name == "td" || c.name == "th").count();
    let rows: Vec<&Element> = bodies(e).flat_map(Element::elements).filter(|r| r.name == "tr").collect();
    let head: Vec<&Element> = e.find("thead").and_then(|h| h.find("tr")).map(|r| r.elements().collect()).unwrap_or_default();
    let n = head.len().max(rows.iter().map(|r| row_of(r)).max().unwrap_or(0));
    let size = if n > 7 { Size::Micro } else { Size::Small };
    let mut head: Vec<Text> = head.iter().map(|h| words(h, &Style::default()).size(size)).collect();
    let mut cells: Vec<Vec<Cell>> = rows.iter().map(|r| r.elements().map(|c| cell(c, spoken, size)).collect()).collect();
    let mut columns = if spoken { spoken_widths(n) } else { widths(&head, &cells, n) };
    if contents && cells.iter().all(|r| first_link(r).is_some()) {
        columns.push(Width::Fixed(28.0));
        head.push(Text { end: true, ..Text::new(vec![Run::new("Page").face(Face::Bold)]).size(size) });
        for row in &mut cells {
            let to = first_link(row);
            let run = Run { page_of: to.clone(), to, face: Face::Mono, tone: Tone::Accent, ..Run::default() };
            row.push(Cell::new(Text { end: true, ..Text::new(vec![run]).size(size) }));
        }
    }
    Table { columns, head, rows: cells }
}
fn bodies(e: &Element) -> impl Iterator<Item = &Element> {
    e.elements().filter(|b| b.name == "tbody")
}
fn first_link(row: &[Cell]) -> Option<String> {
    row.first()?.texts.first()?.runs.iter().find_map(|r| r.to.clone())
}

fn cell(e: &Element, spoken: bool, size: Size) -> Cell {
    let span = e.get("colspan").and_then(|s| s.parse().ok()).unwrap_or(1);
    let say = e.is("say");
    let tone = if say && !e.is("reviewed") { Tone::Machine } else { Tone::Ink };
    let face = if e.is("reviewed") { Face::Serif } else { Face::default() };
    let style = Style { face, tone, lines: say, ..Style::default() };
    let mut text = words(e, &style).size(if say { Size::Reading } else { size });
    if spoken && e.is("at") {
        text.runs.iter_mut().filter(|r| !r.chip).for_each(|r| (r.face, r.tone) = (Face::Mono, Tone::Soft));
    }
    if e.is("num") {
        text.end = true;
    }
    let edge = match () {
        () if !say || e.is("struck") => Edge::None,
        () if e.is("reviewed") => Edge::Solid,
        () => Edge::Dotted,
    };
    Cell { texts: vec![text], edge, span }
}

/// Time, words in each language, doubts.
fn spoken_widths(n: usize) -> Vec<Width> {
    let mut out = vec![Width::Share(1.0); n];
    if let Some(first) = out.first_mut() {
        *first = Width::Fixed(68.0);
    }
    if n > 2
        && let Some(last) = out.last_mut()
    {
        *last = Width::Fixed(72.0);
    }
    out
}

/// Widths after what stands in the columns: what cannot be divided has to fit, long words get more.
fn widths(head: &[Text], rows: &[Vec<Cell>], n: usize) -> Vec<Width> {
    let letter = |r: &Run| match r.face {
        Face::Mono => 0.56,
        Face::Bold => 0.6,
        _ => 0.54,
    };
    let points = |t: &Text| super::style::measures(t.size).0;
    let whole = |t: &&Text| t.runs.iter().map(|r| letter(r) * r.text.chars().count() as f32).sum::<f32>() * points(t);
    let word = |t: &&Text| {
        let words = t.runs.iter().flat_map(|r| r.text.split([' ', '\n', '/']).map(move |w| letter(r) * w.chars().count() as f32));
        words.fold(0.0, f32::max) * points(t)
    };
    let column = |i: usize| {
        let texts = rows.iter().take(200).filter_map(|r| r.get(i)).filter(|c| c.span <= 1).flat_map(|c| &c.texts);
        let texts: Vec<&Text> = head.get(i).into_iter().chain(texts).collect();
        let most = texts.iter().map(whole).fold(0.0, f32::max) + 3.0;
        let least = texts.iter().map(word).fold(0.0, f32::max) + 2.0;
        // A digest stands in two lines.
        let least = if least > 200.0 { 152.0 } else { least.min(130.0) };
        Width::Words { least, most: if most > 240.0 && least == 152.0 { least } else { most.min(400.0).max(least) } }
    };
    (0..n).map(column).collect()
}
