//! Lists of items, and many rows in one statement: the only place where SQL is put together while running, from fixed pieces.
//! Values are always arguments.

use crate::dialect::{AMONG_POSTGRES, Db};
use crate::error::StoreError;
use crate::items::{item, item_columns, key};
use crate::model::*;
use crate::rows::Row;
use crate::run::{Arg, Run, reads};
use std::collections::BTreeMap;
use zapys_domain::{ItemId, ItemKind, Lang};

/// Which items. Empty lists let everything through; values of one list are alternatives, the lists all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemFilter {
    #[allow(missing_docs)]
    pub kinds: Vec<ItemKind>,
    #[allow(missing_docs)]
    pub statuses: Vec<ItemStatus>,
    /// Heard or read in the item, or stated for it.
    pub languages: Vec<Lang>,
    /// Carried by at least one segment, message or row.
    pub flags: Vec<String>,
    /// Part of the title, upper or lower case.
    pub title: Option<String>,
    /// Packed in this item.
    pub parent: Option<ItemId>,
    /// With work in this state: `Failed` finds what needs attention.
    pub work: Option<JobState>,
}

zapys_domain::words! {
    /// In which order.
    ItemSort {
        /// Newest intake first.
        Newest = "newest",
        /// Oldest intake first.
        Oldest = "oldest",
        /// Earliest recorded first, undated ones last.
        Recorded = "recorded",
        /// By title, character by character.
        Title = "title",
        /// Longest first, those without length last.
        Longest = "longest",
        /// Largest first.
        Largest = "largest",
    }
}

/// A place in a list; made by [`ItemPage`], opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);
impl Cursor {
    /// Reads back what [`as_str`](Self::as_str) gave. Checked only when used.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// As text for a client.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Order, value and identifier of the last item seen. It belongs to its order.
    pub(crate) fn after(sort: ItemSort, value: &str, id: ItemId) -> Self {
        Self(format!("{}.{value}.{id}", sort.word()))
    }
    /// Value and identifier. Errors: `BadCursor`, also where it is of another order.
    pub(crate) fn of(&self, sort: ItemSort) -> Result<(&str, ItemId), StoreError> {
        let parts: Vec<&str> = self.0.split('.').collect();
        match parts[..] {
            [word, value, id] if word == sort.word() => Ok((value, id.parse().map_err(|_| StoreError::BadCursor)?)),
            _ => Err(StoreError::BadCursor),
        }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemPage {
    #[allow(missing_docs)]
    pub items: Vec<ItemRow>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// How many items each value would leave, other lists of the filter applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// Items that fit the whole filter.
    pub total: u64,
    #[allow(missing_docs)]
    pub kinds: BTreeMap<ItemKind, u64>,
    #[allow(missing_docs)]
    pub statuses: BTreeMap<ItemStatus, u64>,
    #[allow(missing_docs)]
    pub languages: BTreeMap<Lang, u64>,
    #[allow(missing_docs)]
    pub flags: BTreeMap<String, u64>,
    /// Recorded within one known month: `2022-03` and how many.
    pub months: BTreeMap<String, u64>,
    /// Recorded at a time known less exactly than the month.
    pub vague: u64,
    /// Without any date of recording.
    pub undated: u64,
}

/// One list of the filter, so that a facet can leave out its own; or all of them, without the index of kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Language,
    Flag,
    KindsIndex,
    None,
}

/// A filter and what has been found out for it.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'a> {
    filter: &'a ItemFilter,
    /// Identifiers of the items whose titles fit, where the database may not read titles (`titles.rs`).
    titled: Option<&'a str>,
}

/// A statement in the making.
pub(crate) struct Build<'a> {
    pub(crate) sql: String,
    pub(crate) args: Vec<Arg<'a>>,
}
impl<'a> Build<'a> {
    fn push(&mut self, piece: &'static str) -> &mut Self {
        self.sql.push_str(piece);
        self
    }
    fn bind(&mut self, value: impl Into<Arg<'a>>) -> &mut Self {
        self.args.push(value.into());
        self.sql.push_str(&format!("${}", self.args.len()));
        self
    }
    fn list(&mut self, values: impl Iterator<Item = String>) -> &mut Self {
        for (i, value) in values.enumerate() {
            self.push(if i == 0 { "(" } else { ", " }).bind(value);
        }
        self.push(")")
    }
    fn filter(&mut self, Chosen { filter: f, titled }: Chosen<'a>, without: Part) -> &mut Self {
        self.push(" WHERE 1 = 1");
        if !f.kinds.is_empty() {
            self.push(if without == Part::KindsIndex { " AND i.kind || '' IN " } else { " AND i.kind IN " })
                .list(f.kinds.iter().map(|k| k.word().into()));
        }
        if !f.statuses.is_empty() {
            self.push(" AND i.status IN ").list(f.statuses.iter().map(|s| s.word().into()));
        }
        if !f.languages.is_empty() && without != Part::Language {
            self.push(" AND (i.lang IN ").list(f.languages.iter().map(Lang::to_string));
            self.push(" OR EXISTS (SELECT 1 FROM item_languages l WHERE l.item = i.id AND l.lang IN ");
            self.list(f.languages.iter().map(Lang::to_string)).push("))");
        }
        if !f.flags.is_empty() && without != Part::Flag {
            self.push(" AND EXISTS (SELECT 1 FROM item_flags g WHERE g.item = i.id AND g.flag IN ");
            self.list(f.flags.iter().cloned()).push(")");
        }
        if let Some(found) = titled {
            self.push(AMONG_POSTGRES[0]).bind(found).push(AMONG_POSTGRES[1]);
        } else if let Some(title) = &f.title {
            let mut pattern = String::from("%");
            for c in key(title).chars() {
                if matches!(c, '%' | '_' | '!') {
                    pattern.push('!');
                }
                pattern.push(c);
            }
            pattern.push('%');
            self.push(" AND i.title_key LIKE ").bind(pattern).push(" ESCAPE '!'");
        }
        if let Some(parent) = f.parent {
            self.push(" AND i.parent = ").bind(parent);
        }
        if let Some(state) = f.work {
            self.push(" AND i.id IN (SELECT j.item FROM jobs j WHERE j.state = ").bind(state.word()).push(")");
        }
        self
    }
}

impl ItemSort {
    /// Expression and whether it falls. It is an integer or a hexadecimal text, never NULL.
    fn order(self) -> (&'static str, bool) {
        match self {
            Self::Newest => ("i.created", true),
            Self::Oldest => ("i.created", false),
            Self::Recorded => ("COALESCE(i.recorded_earliest, 99999999)", false),
            Self::Title => ("i.title_order", false),
            Self::Longest => ("COALESCE(f.duration_ms, -1)", true),
            Self::Largest => ("i.bytes", true),
        }
    }
    /// The same value of a row, as it goes into a cursor.
    fn value(self, item: &ItemRow, row: &Row) -> Result<String, StoreError> {
        Ok(match self {
            Self::Newest | Self::Oldest => item.created.micros().to_string(),
            Self::Recorded => row.of("items", "id").opt_int("recorded_earliest")?.unwrap_or(99_999_999).to_string(),
            Self::Title => row.of("items", "id").text("title_order")?,
            Self::Longest => item.facts.duration_ms.map_or_else(|| "-1".into(), |d| d.to_string()),
            Self::Largest => item.bytes.to_string(),
        })
    }
}

/// `common`: most of the case may be of these kinds.
fn list<'a>(
    chosen: Chosen<'a>,
    sort: ItemSort,
    cursor: Option<&'a Cursor>,
    limit: u32,
    common: bool,
) -> Result<Build<'a>, StoreError> {
    let (order, falls) = sort.order();
    // Only the rows of this page are read whole: what is chosen and ordered are identifiers.
    let mut list =
        Build { sql: concat!("SELECT ", item_columns!(), " WHERE i.id IN (SELECT i.id FROM items i").into(), args: vec![] };
    if sort == ItemSort::Longest {
        list.push(" LEFT JOIN item_facts f ON f.item = i.id");
    }
    list.filter(chosen, if common { Part::KindsIndex } else { Part::None });
    if let Some(cursor) = cursor {
        let (value, id) = cursor.of(sort)?;
        let value = match sort {
            ItemSort::Title => Arg::from(value),
            _ => Arg::from(value.parse::<i64>().map_err(|_| StoreError::BadCursor)?),
        };
        list.push(" AND (").push(order).push(", i.id) ").push(if falls { "<" } else { ">" }).push(" (");
        list.bind(value).push(", ").bind(id).push(")");
    }
    let way = if falls { " DESC" } else { "" };
    list.push(" ORDER BY ").push(order).push(way).push(", i.id").push(way).push(" LIMIT ").bind(u64::from(limit) + 1);
    list.push(") ORDER BY ").push(order).push(way).push(", i.id").push(way);
    Ok(list)
}

fn facet<'a>(select: &'static str, chosen: Chosen<'a>, own: Part) -> Build<'a> {
    let mut build = Build { sql: select.into(), args: vec![] };
    build.filter(chosen, own).push(" GROUP BY 1");
    build
}

/// How many items share language, kind, status and month: a few hundred rows of a case of any size, from which most facets
/// follow. yyyymm where the first and last possible day share it, 0 where they do not, NULL without a date.
const GROUPS: &str = "SELECT i.kind, i.status, CASE WHEN i.recorded_basis IS NULL THEN NULL \
    WHEN i.recorded_earliest / 100 = i.recorded_latest / 100 THEN i.recorded_earliest / 100 \
    ELSE CAST(0 AS BIGINT) END AS month, COUNT(*) AS n FROM items i";
const LANGUAGES: &str = "SELECT x.lang AS value, COUNT(*) AS n FROM item_languages x";
const LANGUAGES_OF: &str = "SELECT x.lang AS value, COUNT(*) AS n FROM item_languages x JOIN items i ON i.id = x.item";
/// Stated for items in which nothing heard or read says the same.
const STATED: &str = "SELECT i.lang AS value, COUNT(*) AS n FROM items i";
const FLAGS: &str = "SELECT x.flag AS value, COUNT(*) AS n FROM item_flags x";
const FLAGS_OF: &str = "SELECT x.flag AS value, COUNT(*) AS n FROM item_flags x JOIN items i ON i.id = x.item";

fn groups(chosen: Chosen<'_>) -> Build<'_> {
    let mut build = Build { sql: GROUPS.into(), args: vec![] };
    build.filter(chosen, Part::None).push(" GROUP BY 1, 2, 3");
    build
}
fn stated(chosen: Chosen<'_>) -> Build<'_> {
    let mut build = Build { sql: STATED.into(), args: vec![] };
    build.filter(chosen, Part::Language).push(" AND i.lang <> 'und'");
    build.push(" AND NOT EXISTS (SELECT 1 FROM item_languages x WHERE x.item = i.id AND x.lang = i.lang) GROUP BY 1");
    build
}

/// Identifiers and titles of all items, as they are compared.
pub(crate) fn titles() -> Build<'static> {
    Build { sql: "SELECT i.id, i.title_key FROM items i".into(), args: vec![] }
}
/// Identifiers and title orders of all that fit.
pub(crate) fn orders(chosen: Chosen<'_>) -> Build<'_> {
    let mut build = Build { sql: "SELECT i.id, i.title_order FROM items i".into(), args: vec![] };
    build.filter(chosen, Part::None);
    build
}
/// `n` items by their identifiers.
pub(crate) fn these(n: usize) -> String {
    format!(concat!("SELECT ", item_columns!(), " WHERE i.id IN ({})"), places(n))
}

/// `head` followed by `VALUES` with places for `rows` rows of `columns` arguments each, and by `tail`.
///
/// `numbered`: arguments have numbers, as PostgreSQL wants them. SQLite looks each numbered one up among all others, which takes
/// longer than the rows of a large statement; without numbers they count themselves.
fn values(head: &'static str, columns: usize, rows: usize, tail: &'static str, numbered: bool) -> String {
    let mut sql = String::from(head);
    sql.push_str(" VALUES ");
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=columns {
            let comma = if column == 1 { "" } else { ", " };
            sql.push_str(comma);
            match numbered {
                true => sql.push_str(&format!("${}", row * columns + column)),
                false => sql.push('?'),
            }
        }
        sql.push(')');
    }
    sql.push_str(tail);
    sql
}

/// An `INSERT` of many rows, cut where it ends in `VALUES (…)`.
pub(crate) struct Insert {
    /// `INSERT INTO table (columns)`.
    pub(crate) head: &'static str,
    /// Arguments per row.
    pub(crate) columns: usize,
    /// What follows the rows: `ON CONFLICT…`, or nothing.
    pub(crate) tail: &'static str,
}

impl Run<'_> {
    /// Inserts rows, many per statement; `args` holds them one after the other. Answers how many rows were changed.
    pub(crate) async fn insert(&mut self, insert: &Insert, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        // Few distinct lengths, so that statements stay prepared; far below the limit of arguments of either database.
        const ROWS: usize = 128;
        let (mut changed, numbered) = (0, matches!(self.0, Db::Postgres(_)));
        for part in args.chunks(ROWS * insert.columns) {
            let sql = values(insert.head, insert.columns, part.len() / insert.columns, insert.tail, numbered);
            changed += self.exec_built(sql, part).await?;
        }
        Ok(changed)
    }
}

/// Objects that are asked for in one statement. Few distinct numbers, so that statements stay prepared.
pub(crate) const OBJECTS_TOGETHER: usize = 64;

fn places(n: usize) -> String {
    (1..=n).map(|i| format!("${i}")).collect::<Vec<_>>().join(", ")
}
/// Which of `n` objects the record names.
pub(crate) fn known(n: usize) -> String {
    format!("SELECT id FROM objects WHERE id IN ({})", places(n))
}
/// Which of `n` objects have a key.
pub(crate) fn keyed(n: usize) -> String {
    format!("SELECT object AS id FROM object_keys WHERE object IN ({})", places(n))
}

/// What this file may send at its fullest, for the test that prepares every statement.
pub(crate) fn fullest(postgres: bool) -> Vec<(String, String)> {
    let filter = ItemFilter {
        kinds: ItemKind::ALL.to_vec(),
        statuses: ItemStatus::ALL.to_vec(),
        languages: vec![Lang::und()],
        flags: vec!["flag".into(), "other".into()],
        title: Some("100 %".into()),
        parent: "00000000000000000000000000".parse().ok(),
        work: Some(JobState::Failed),
    };
    let chosen = Chosen { filter: &filter, titled: None };
    let mut all = vec![
        ("filter::groups".into(), groups(chosen).sql),
        ("filter::stated".into(), stated(chosen).sql),
        ("filter::known".into(), known(OBJECTS_TOGETHER)),
        ("filter::keyed".into(), keyed(OBJECTS_TOGETHER)),
    ];
    for sort in ItemSort::ALL {
        let cursor = Cursor(format!("{}.{}.{}", sort.word(), 0, "00000000000000000000000000"));
        if let Ok(build) = list(chosen, *sort, Some(&cursor), 1, true) {
            all.push((format!("filter::list::{sort}"), build.sql));
        }
    }
    for (name, select) in [("languages_of", LANGUAGES_OF), ("flags_of", FLAGS_OF)] {
        all.push((format!("filter::facet::{name}"), facet(select, chosen, Part::None).sql));
    }
    if postgres {
        let titled = Chosen { titled: Some(""), ..chosen };
        all.push(("filter::groups::titled".into(), groups(titled).sql));
        all.push(("filter::orders".into(), orders(titled).sql));
    }
    all.push(("filter::titles".into(), titles().sql));
    all.push(("filter::these".into(), these(2)));
    all.extend(
        [("filter::languages", LANGUAGES), ("filter::flags", FLAGS)]
            .map(|(name, sql)| (name.into(), format!("{sql} GROUP BY 1"))),
    );
    for insert in [
        &crate::entries::APPEND,
        &crate::entries::ADD_OPENINGS,
        &crate::acquisitions::ADD_ACQUISITIONS,
        &crate::admit::ADD_OBJECTS,
        &crate::keys::ADD_KEYS,
        &crate::items::ADD_ITEMS,
        &crate::items::ADD_FINDINGS,
        &crate::items::ADD_LANGUAGES,
        &crate::items::ADD_FLAGS,
        &crate::jobs::ENQUEUE,
    ] {
        all.push((insert.head.into(), values(insert.head, insert.columns, 2, insert.tail, true)));
    }
    all
}

reads! {
    /// Items that fit, in order, from a cursor on; at most `limit` (1 to 500). Errors: `BadCursor`.
    fn items(filter: &ItemFilter, sort: ItemSort, cursor: Option<&Cursor>, limit: u32) -> ItemPage;
    /// How many items each value of each list would leave.
    fn facets(filter: &ItemFilter) -> Facets;
}

impl Run<'_> {
    async fn items(
        &mut self,
        filter: &ItemFilter,
        sort: ItemSort,
        cursor: Option<&Cursor>,
        limit: u32,
    ) -> Result<ItemPage, StoreError> {
        let limit = limit.clamp(1, 500);
        let titled = self.titled(filter).await?;
        let chosen = Chosen { filter, titled: titled.as_deref() };
        if sort == ItemSort::Title && self.seals() {
            return self.items_by_title(chosen, cursor, limit as usize).await;
        }
        let list = list(chosen, sort, cursor, limit, self.is_common(filter).await?)?;
        let mut rows = self.all_built(list.sql, &list.args).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let items = rows.iter().map(item).collect::<Result<Vec<_>, _>>()?;
        let next = match (more, items.last().zip(rows.last())) {
            (true, Some((last, row))) => Some(Cursor::after(sort, &sort.value(last, row)?, last.id)),
            _ => None,
        };
        Ok(ItemPage { items, next })
    }

    /// True where items of these kinds are many: then the page is soonest found by walking in its order. SQLite would take all of
    /// them by the index of kinds and sort them, which is right for few.
    async fn is_common(&mut self, filter: &ItemFilter) -> Result<bool, StoreError> {
        const MANY: u64 = 5000;
        if filter.kinds.is_empty() || matches!(self.0, Db::Postgres(_)) {
            return Ok(false);
        }
        let mut count = Build { sql: "SELECT COUNT(*) AS n FROM (SELECT 1 FROM items i WHERE i.kind IN ".into(), args: vec![] };
        count.list(filter.kinds.iter().map(|k| k.word().into()));
        count.push(" LIMIT ").bind(MANY).push(") x");
        let rows = self.all_built(count.sql, &count.args).await?;
        Ok(rows.first().map(|r| r.of("items", "kind").count::<u64>("n")).transpose()? == Some(MANY))
    }

    async fn facets(&mut self, filter: &ItemFilter) -> Result<Facets, StoreError> {
        let mut facets = Facets::default();
        // Kind and status are chosen here, so that each can be counted without its own list.
        let around = ItemFilter { kinds: Vec::new(), statuses: Vec::new(), ..filter.clone() };
        let titled = self.titled(filter).await?;
        let titled = titled.as_deref();
        let groups = groups(Chosen { filter: &around, titled });
        for row in self.all_built(groups.sql, &groups.args).await? {
            let row = row.of("items", "kind");
            let (kind, n) = (row.read("kind", ItemKind::parse)?, row.count::<u64>("n")?);
            let status = row.read("status", ItemStatus::parse)?;
            let of_kind = filter.kinds.is_empty() || filter.kinds.contains(&kind);
            let of_status = filter.statuses.is_empty() || filter.statuses.contains(&status);
            if of_status {
                *facets.kinds.entry(kind).or_default() += n;
            }
            if of_kind {
                *facets.statuses.entry(status).or_default() += n;
            }
            if of_kind && of_status {
                facets.total += n;
                match row.opt_int("month")? {
                    None => facets.undated += n,
                    Some(0) => facets.vague += n,
                    Some(month) => *facets.months.entry(format!("{:04}-{:02}", month / 100, month % 100)).or_default() += n,
                }
            }
        }
        let mut languages = self.facet(LANGUAGES, LANGUAGES_OF, Chosen { filter, titled }, Part::Language).await?;
        let stated = stated(Chosen { filter, titled });
        languages.extend(self.all_built(stated.sql, &stated.args).await?);
        for row in languages {
            let row = row.of("item_languages", "value");
            *facets.languages.entry(row.read("value", Lang::parse)?).or_default() += row.count::<u64>("n")?;
        }
        for row in self.facet(FLAGS, FLAGS_OF, Chosen { filter, titled }, Part::Flag).await? {
            let row = row.of("item_flags", "value");
            facets.flags.insert(row.text("value")?, row.count("n")?);
        }
        Ok(facets)
    }

    /// `all` where nothing is left of the filter, which spares looking at every item.
    async fn facet(&mut self, all: &str, of: &'static str, chosen: Chosen<'_>, own: Part) -> Result<Vec<Row>, StoreError> {
        let mut left = chosen.filter.clone();
        match own {
            Part::Language => left.languages.clear(),
            Part::Flag => left.flags.clear(),
            Part::KindsIndex | Part::None => {}
        }
        if left == ItemFilter::default() {
            return self.all_built(format!("{all} GROUP BY 1"), &[]).await;
        }
        let build = facet(of, chosen, own);
        self.all_built(build.sql, &build.args).await
    }
}
