//! Pages into a PDF that follows PDF/A-2a and PDF/UA-1, as far as the library's validators see: tagged, with language,
//! outline and embedded typefaces, and without anything that runs or leads outside.

use super::document::Tone;
use super::fonts::{FontIndex, Fonts};
use super::lines::{Line, Look};
use super::style::{DOUBT_WASH, GOOD_WASH, LINE, PAGE, Rgb, SUNKEN, VOICES, ink};
use super::{Meta, PrintError};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TagGroup, TagKind, TagTree};
use krilla::text::KrillaGlyph;
use krilla::{Document, SerializeSettings};
use std::rc::Rc;
use zapys_domain::Instant;

/// Node of the tag tree.
pub(super) type NodeId = u32;
type LeafId = u32;

/// Something to be drawn. Lengths in points from the upper left corner of the page.
pub(super) enum Op {
    /// Begins content that belongs to this leaf; `None`: it is decoration.
    Begin(Option<LeafId>),
    End,
    /// Words of a line from `first` up to `last`, where its left end is `x` and its top `y`.
    Line {
        line: Rc<Line>,
        first: usize,
        last: usize,
        x: f32,
        y: f32,
    },
    Ground {
        x: f32,
        y: f32,
        w: f32,
        h: f32,
        colour: Rgb,
    },
    Rule {
        from: (f32, f32),
        to: (f32, f32),
        colour: Rgb,
        width: f32,
        dotted: bool,
    },
    /// Vertical strokes `(x, top, bottom)`.
    Strokes {
        all: Vec<(f32, f32, f32)>,
        colour: Rgb,
    },
    Disc {
        x: f32,
        y: f32,
        r: f32,
        colour: Rgb,
    },
    Link {
        x: f32,
        y: f32,
        w: f32,
        h: f32,
        page: usize,
        to: f32,
        alt: String,
        leaf: LeafId,
    },
}

enum Child {
    Node(NodeId),
    Leaf(LeafId),
}

/// The structure of the document, built in reading order while pages are laid out.
#[derive(Default)]
pub(super) struct Tags {
    nodes: Vec<(Option<TagKind>, Vec<Child>)>,
    leaves: Vec<Option<Identifier>>,
}
impl Tags {
    pub(super) fn node(&mut self, parent: Option<NodeId>, tag: TagKind) -> NodeId {
        let id = u32::try_from(self.nodes.len()).expect("fewer nodes than a PDF may have objects");
        self.nodes.push((Some(tag), Vec::new()));
        if let Some(parent) = parent {
            self.nodes[parent as usize].1.push(Child::Node(id));
        }
        id
    }
    pub(super) fn leaf(&mut self, parent: NodeId) -> LeafId {
        let id = u32::try_from(self.leaves.len()).expect("fewer leaves than a PDF may have objects");
        self.leaves.push(None);
        self.nodes[parent as usize].1.push(Child::Leaf(id));
        id
    }
    fn group(&mut self, id: NodeId) -> TagGroup {
        let (tag, children) = &mut self.nodes[id as usize];
        let tag = tag.take().expect("each node has one parent");
        let children = std::mem::take(children);
        let children: Vec<Node> = children
            .into_iter()
            .filter_map(|c| match c {
                Child::Node(n) => Some(self.group(n).into()),
                Child::Leaf(l) => self.leaves[l as usize].take().map(Node::from),
            })
            .collect();
        TagGroup::with_children(tag, children)
    }
}

/// Takes pages one after another.
pub(super) struct Painter {
    document: Document,
    pages: usize,
    pub(super) tags: Tags,
    /// Children of the whole document.
    pub(super) roots: Vec<NodeId>,
    /// Level, words, page, height.
    pub(super) outline: Vec<(u8, String, usize, f32)>,
}

impl Painter {
    pub(super) fn new() -> Result<Self, PrintError> {
        let configuration = ConfigurationBuilder::new()
            .with_archival_validator(Archival::A2_A)
            .with_accessibility_validator(Accessibility::UA1)
            .finish()
            .map_err(|_| PrintError::Refused("the two standards do not go together".into()))?;
        let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
        let document = Document::new_with(settings);
        Ok(Self { document, pages: 0, tags: Tags::default(), roots: Vec::new(), outline: Vec::new() })
    }

    pub(super) fn page(&mut self, fonts: &Fonts, ops: Vec<Op>) {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).expect("A4 is a size");
        let mut page = self.document.start_page_with(settings);
        let mut links = Vec::new();
        let mut surface = page.surface();
        for op in ops {
            match op {
                Op::Begin(Some(leaf)) => {
                    self.tags.leaves[leaf as usize] = Some(surface.start_tagged(ContentTag::Span(SpanTag::empty())));
                }
                Op::Begin(None) => {
                    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
                }
                Op::End => surface.end_tagged(),
                Op::Line { line, first, last, x, y } => draw_line(&mut surface, fonts, &line, first, last, x, y),
                Op::Ground { x, y, w, h, colour } => ground(&mut surface, (x, y, w, h), colour),
                Op::Rule { from, to, colour, width, dotted } => {
                    let dash = dotted.then(|| StrokeDash { array: vec![0.01, width * 2.2], offset: 0.0 });
                    let cap = if dotted { LineCap::Round } else { LineCap::Butt };
                    draw_path(&mut surface, [(true, from), (false, to)], stroke(colour, width, cap, dash));
                }
                Op::Strokes { all, colour } => {
                    let points = all.into_iter().flat_map(|(x, a, b)| [(true, (x, a)), (false, (x, b))]);
                    draw_path(&mut surface, points, stroke(colour, 0.6, LineCap::Butt, None));
                }
                // A line of no length with round ends is a disc.
                Op::Disc { x, y, r, colour } => {
                    let pen = stroke(colour, 2.0 * r, LineCap::Round, None);
                    draw_path(&mut surface, [(true, (x, y)), (false, (x + 0.01, y))], pen);
                }
                Op::Link { x, y, w, h, page, to, alt, leaf } => links.push((x, y, w, h, page, to, alt, leaf)),
            }
        }
        surface.finish();
        for (x, y, w, h, target, to, alt, leaf) in links {
            let Some(rect) = Rect::from_xywh(x, y, w, h) else { continue };
            let target = Target::Destination(XyzDestination::new(target, Point::from_xy(0.0, to)).into());
            let link = Annotation::new_link(LinkAnnotation::new(rect, target), Some(alt));
            self.tags.leaves[leaf as usize] = Some(page.add_tagged_annotation(link));
        }
        page.finish();
        self.pages += 1;
    }

    pub(super) fn finish(mut self, meta: &Meta) -> Result<Vec<u8>, PrintError> {
        let mut tree = TagTree::new().with_lang(Some(meta.language.clone()));
        for root in std::mem::take(&mut self.roots) {
            tree.children.push(self.tags.group(root).into());
        }
        self.document.set_tag_tree(tree);
        let mut outline = Outline::new();
        nested(&self.outline, 1).into_iter().for_each(|n| outline.push_child(n));
        self.document.set_outline(outline);
        let line = crate::safe::line;
        let metadata = Metadata::new()
            .title(clipped(&line(&meta.title)))
            .language(meta.language.clone())
            .creator(clipped(&line(&meta.program)))
            .producer("zapys".into())
            .creation_date(date(meta.made))
            .document_id(meta.id());
        self.document.set_metadata(metadata);
        self.document.finish().map_err(|e| PrintError::Refused(reasons(&e)))
    }
}

/// Kinds of the faults that the validators saw, without any text of the document.
fn reasons(e: &krilla::error::KrillaError) -> String {
    match e {
        krilla::error::KrillaError::Validation(all) => {
            let mut kinds: Vec<String> = all.iter().map(|(e, _)| kind_of(e)).collect();
            kinds.sort();
            kinds.dedup();
            kinds.join(", ")
        }
        krilla::error::KrillaError::Limit(_) => "a limit of the format is exceeded".into(),
        krilla::error::KrillaError::Font(..) => "a typeface cannot be embedded".into(),
        _ => "its structure does not hold together".into(),
    }
}
fn kind_of(e: &krilla::configure::ValidationError) -> String {
    // The name alone: what follows it may hold text.
    format!("{e:?}").chars().take_while(|c| c.is_ascii_alphanumeric()).collect()
}

/// Strings of a PDF are bounded.
fn clipped(text: &str) -> String {
    text.chars().take(1000).collect()
}

fn date(t: Instant) -> DateTime {
    let t = t.utc();
    DateTime::new(u16::try_from(t.year()).unwrap_or_default())
        .month(t.month().into())
        .day(t.day())
        .hour(t.hour())
        .minute(t.minute())
        .second(t.second())
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

/// Entries of `level` with what lies below each.
fn nested(entries: &[(u8, String, usize, f32)], level: u8) -> Vec<OutlineNode> {
    let mut out = Vec::new();
    let mut i = 0;
    while i < entries.len() {
        let below = entries[i + 1..].iter().take_while(|e| e.0 > level).count();
        let (_, words, page, y) = &entries[i];
        let mut node = OutlineNode::new(clipped(words), XyzDestination::new(*page, Point::from_xy(0.0, *y)));
        nested(&entries[i + 1..i + 1 + below], level + 1).into_iter().for_each(|n| node.push_child(n));
        out.push(node);
        i += 1 + below;
    }
    out
}

fn colour((r, g, b): Rgb) -> rgb::Color {
    rgb::Color::new(r, g, b)
}
fn fill(c: Rgb) -> Fill {
    Fill { paint: colour(c).into(), opacity: NormalizedF32::ONE, rule: Default::default() }
}
fn stroke(c: Rgb, width: f32, line_cap: LineCap, dash: Option<StrokeDash>) -> Stroke {
    Stroke { paint: colour(c).into(), width, line_cap, line_join: LineJoin::Round, dash, ..Stroke::default() }
}
fn draw_path(surface: &mut Surface<'_>, points: impl IntoIterator<Item = (bool, (f32, f32))>, pen: Stroke) {
    let mut b = PathBuilder::new();
    for (begins, (x, y)) in points {
        if begins { b.move_to(x, y) } else { b.line_to(x, y) }
    }
    if let Some(path) = b.finish() {
        surface.set_fill(None);
        surface.set_stroke(Some(pen));
        surface.draw_path(&path);
        surface.set_stroke(None);
    }
}
fn ground(surface: &mut Surface<'_>, (x, y, w, h): (f32, f32, f32, f32), c: Rgb) {
    let mut b = PathBuilder::new();
    if let Some(r) = Rect::from_xywh(x, y, w, h) {
        b.push_rect(r);
    }
    if let Some(path) = b.finish() {
        surface.set_stroke(None);
        surface.set_fill(Some(fill(c)));
        surface.draw_path(&path);
    }
}

/// Words that stand side by side in one look and typeface are shown together.
struct Shown<'l> {
    font: FontIndex,
    look: usize,
    x: f32,
    end: f32,
    text: String,
    glyphs: Vec<KrillaGlyph>,
    looks: &'l [Look],
}

fn draw_line(surface: &mut Surface<'_>, fonts: &Fonts, line: &Line, first: usize, last: usize, x: f32, y: f32) {
    grounds(surface, line, first, last, x, y);
    let base = y + line.base;
    let mut open: Option<Shown<'_>> = None;
    for placed in &line.words[first..last] {
        let size = line.looks[placed.look].size;
        let mut at = x + placed.x;
        for piece in &placed.word.pieces {
            let rtl = piece.glyphs.first().zip(piece.glyphs.last()).is_some_and(|(a, b)| a.from > b.from);
            let joins = open.as_ref().is_some_and(|o| {
                !rtl && o.font == piece.font
                    && o.look == placed.look
                    && (o.end - at).abs() < 0.02
                    && o.glyphs.last().is_some_and(|g| g.text_range.end == o.text.len())
            });
            if !joins {
                show(surface, fonts, open.take(), base);
            }
            let o = open.get_or_insert_with(|| Shown {
                font: piece.font,
                look: placed.look,
                x: at,
                end: at,
                text: String::new(),
                glyphs: Vec::new(),
                looks: &line.looks,
            });
            let offset = o.text.len();
            o.text.push_str(&piece.text);
            o.glyphs.extend(piece.glyphs.iter().map(|g| g.placed(offset)));
            at += piece.width * size;
            o.end = at;
        }
    }
    show(surface, fonts, open, base);
}

fn show(surface: &mut Surface<'_>, fonts: &Fonts, shown: Option<Shown<'_>>, base: f32) {
    let Some(s) = shown.filter(|s| !s.glyphs.is_empty()) else { return };
    let look = &s.looks[s.look];
    surface.set_stroke(None);
    surface.set_fill(Some(fill(ink(look.tone))));
    surface.draw_glyphs(Point::from_xy(s.x, base), &s.glyphs, fonts.file(s.font).clone(), &s.text, look.size, false);
}

/// What lies under the words: grounds of labels, wavy lines of doubt.
fn grounds(surface: &mut Surface<'_>, line: &Line, first: usize, last: usize, x: f32, y: f32) {
    let words = &line.words[first..last];
    let mut i = 0;
    while i < words.len() {
        let look = &line.looks[words[i].look];
        let n = words[i..].iter().take_while(|w| w.look == words[i].look).count();
        let end = &words[i + n - 1];
        let (from, to) = (x + words[i].x, x + end.x + (end.word.width - end.word.trailing) * look.size);
        if look.chip {
            let colour = match look.tone {
                Tone::Reversed | Tone::Voice(0) => ink(Tone::Ink),
                Tone::Voice(n) => VOICES[usize::from(n - 1) % VOICES.len()],
                Tone::Doubt => DOUBT_WASH,
                Tone::Good => GOOD_WASH,
                _ => SUNKEN,
            };
            ground(surface, (from, y + line.base - look.size * 0.98, to - from, look.size * 1.36), colour);
        }
        if look.doubtful && to > from {
            let under = y + line.base + 2.3;
            let steps = ((to - from) / 1.6).ceil().max(1.0) as usize;
            let wave = (0..=steps).map(|s| {
                let at = (from + 1.6 * s as f32).min(to);
                (s == 0, (at, under + if s.is_multiple_of(2) { 0.0 } else { 1.1 }))
            });
            draw_path(surface, wave, stroke(ink(Tone::Doubt), 0.5, LineCap::Butt, None));
        }
        i += n;
    }
}

/// The hairline between rows.
pub(super) fn hairline(x: f32, y: f32, w: f32) -> Op {
    Op::Rule { from: (x, y), to: (x + w, y), colour: LINE, width: super::style::HAIR, dotted: false }
}
