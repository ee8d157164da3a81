//! A document as it is meant: headings, paragraphs, tables. Nothing here knows of pages, typefaces or files.
//!
//! Text is taken as it is; what hides, reorders or cannot be drawn is made visible when it is set.

/// Everything, in reading order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Parts that are set one after another.
    pub sections: Vec<Section>,
}

/// A part of a document. Long documents are set section by section, so that only one of them is in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Stands at the head of each of its pages, e.g. `E-0001`.
    pub running: String,
    #[allow(missing_docs)]
    pub blocks: Vec<Block>,
}

/// Which typeface: program, emphasis, person, or fixed record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Face {
    #[default]
    Sans,
    Bold,
    Serif,
    Mono,
}

/// What a colour means; every one has a twin in shape or word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Plain words.
    #[default]
    Ink,
    /// Beside them.
    Soft,
    /// Captions, terms.
    Dim,
    /// What a machine wrote.
    Machine,
    /// What is unknown or unsure.
    Doubt,
    /// Links.
    Accent,
    /// Integrity holds.
    Good,
    /// Integrity does not hold.
    Fault,
    /// On a dark ground.
    Reversed,
    /// A speaker, counted from 1 in the order in which they are told apart; 0 where that is not known.
    Voice(u8),
}

/// Words of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    #[allow(missing_docs)]
    pub text: String,
    #[allow(missing_docs)]
    pub face: Face,
    #[allow(missing_docs)]
    pub tone: Tone,
    /// A wavy line below: the machine itself was unsure.
    pub doubtful: bool,
    /// A small label on a ground of its own.
    pub chip: bool,
    /// Its direction does not reach beyond it, as with names within a sentence of ours.
    pub isolated: bool,
    /// Anchor of the place that this leads to.
    pub to: Option<String>,
    /// The number of the page that holds this anchor stands here instead of `text`.
    pub page_of: Option<String>,
}
impl Run {
    /// Plain words.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
    #[allow(missing_docs)]
    pub fn face(self, face: Face) -> Self {
        Self { face, ..self }
    }
    #[allow(missing_docs)]
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
    /// Leads to an anchor of the same document.
    pub fn to(self, anchor: impl Into<String>) -> Self {
        Self { to: Some(anchor.into()), ..self }
    }
}

/// How large, and how far apart the lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// Name of the whole.
    Title,
    /// Figures of the first page.
    Figure,
    /// A large section.
    Large,
    /// Words of evidence, easy to read.
    Reading,
    #[default]
    #[allow(missing_docs)]
    Body,
    #[allow(missing_docs)]
    Small,
    /// Digests in narrow columns.
    Micro,
}

/// Runs that are set together; a line feed in them is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    #[allow(missing_docs)]
    pub runs: Vec<Run>,
    #[allow(missing_docs)]
    pub size: Size,
    /// Language tag where it is not the document's.
    pub language: Option<String>,
    /// Set against the far edge, as page numbers are.
    pub end: bool,
}
impl Text {
    /// Runs at the size of the body.
    pub fn new(runs: Vec<Run>) -> Self {
        Self { runs, ..Self::default() }
    }
    /// One plain run.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(vec![Run::new(text)])
    }
    #[allow(missing_docs)]
    pub fn size(self, size: Size) -> Self {
        Self { size, ..self }
    }
    /// The words alone.
    pub fn words(&self) -> String {
        self.runs.iter().map(|r| r.text.as_str()).collect()
    }
    /// True where there is nothing to set.
    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(|r| r.text.trim().is_empty() && r.page_of.is_none())
    }
}

/// What stands on the left edge of a block or cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge {
    #[default]
    #[allow(missing_docs)]
    None,
    /// Dotted: machine, unreviewed.
    Dotted,
    /// Solid: reviewed by a person.
    Solid,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Set below one another.
    pub texts: Vec<Text>,
    #[allow(missing_docs)]
    pub edge: Edge,
    /// Number of columns it takes; 0 counts as 1.
    pub span: usize,
}
impl Cell {
    /// One text.
    pub fn new(text: Text) -> Self {
        Self { texts: vec![text], ..Self::default() }
    }
}

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Width {
    /// In points.
    Fixed(f32),
    /// A share of what is left.
    Share(f32),
    /// As much as its words want; never less than the longest that cannot be divided. In points.
    #[allow(missing_docs)]
    Words { least: f32, most: f32 },
}

/// A table whose head stands on each of its pages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    #[allow(missing_docs)]
    pub columns: Vec<Width>,
    #[allow(missing_docs)]
    pub head: Vec<Text>,
    #[allow(missing_docs)]
    pub rows: Vec<Vec<Cell>>,
}

/// A term and what is said of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue {
    #[allow(missing_docs)]
    pub term: Text,
    #[allow(missing_docs)]
    pub value: Text,
    /// Takes the whole width.
    pub wide: bool,
}

/// One event of a trail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    #[allow(missing_docs)]
    pub mark: Mark,
    #[allow(missing_docs)]
    pub texts: Vec<Text>,
}

/// What stands before a step of a trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Mark {
    /// A filled square: the origin.
    Origin,
    /// A disc: a person.
    #[default]
    Person,
    /// A dotted square: a program.
    Program,
}

/// One thing after another.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// `level` 1 to 3. With an anchor it can be led to; levels 1 and 2 stand in the outline.
    #[allow(missing_docs)]
    Heading { level: u8, text: Text, anchor: Option<String>, outline: Option<String> },
    #[allow(missing_docs)]
    Paragraph(Text),
    /// A paragraph with a rule on its left edge.
    #[allow(missing_docs)]
    Ruled { texts: Vec<Text>, edge: Edge },
    /// Original and translation side by side.
    #[allow(missing_docs)]
    Pair { original: Text, translation: Text, edge: Edge },
    #[allow(missing_docs)]
    Bullets(Vec<Text>),
    /// Typed lines, kept as they are.
    Code(String),
    #[allow(missing_docs)]
    Table(Table),
    #[allow(missing_docs)]
    KeyValues(Vec<KeyValue>),
    /// A band that says what follows, e.g. that a machine wrote it.
    Label(Text),
    /// A sentence on a ground of its own; `good` where it says that something holds.
    #[allow(missing_docs)]
    Note { text: Text, good: bool },
    /// Large figures, each with its caption.
    Figures(Vec<(String, String)>),
    #[allow(missing_docs)]
    Trail(Vec<Step>),
    /// Loudness over time, one lane per channel; `alt` says it in words.
    #[allow(missing_docs)]
    Wave { lanes: Vec<Vec<(i16, i16)>>, from: String, to: String, alt: String },
    /// Entries that lead to anchors, with their pages.
    Toc(Vec<TocEntry>),
    /// Empty lines to be filled in by hand, each with its caption.
    Blanks(Vec<String>),
    /// Characters met so far that no typeface here can draw; sets nothing where there are none.
    Undrawn,
    /// In points.
    Space(f32),
    #[allow(missing_docs)]
    PageBreak,
}

/// One line of a table of contents.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct TocEntry {
    pub text: Text,
    pub anchor: String,
    /// 0 is outermost.
    pub level: u8,
}
