//! Items, their objects, relations and the facts that lists show.

use crate::error::StoreError;
use crate::filter::Insert;
use crate::model::*;
use crate::rows::{Reading, Row, day};
use crate::run::{Arg, Run, args, reads, statements};
use crate::sealing::{compared, hidden};
use crate::tx::Tx;
use std::collections::BTreeMap;
use zapys_domain::edtf::Edtf;
use zapys_domain::provenance::Sensitivity;
use zapys_domain::{DerivationKey, EntrySeq, Finding, Instant, ItemId, ItemKind, Lang, ObjectId, Private, Severity};

/// Columns of an item as [`item`] reads them. `state || ''` is the state itself, and keeps SQLite from going through all waiting
/// jobs of the case for each item: only the index by item is left.
macro_rules! item_columns {
    () => {
        "i.id, i.kind, i.media_type, i.format, i.object, i.bytes, i.parent, i.member_path, i.title, i.title_order, i.status, i.lang, \
         i.recorded, i.recorded_earliest, i.recorded_basis, i.published, i.sensitivity, i.created, i.entry_seq, \
         c.value AS collected, c.basis AS collected_basis, \
         f.duration_ms, f.channels, f.languages, f.flags, f.preview, f.thumb_peaks, f.n_segments, f.n_messages, f.n_calls, f.n_words, \
         (SELECT COUNT(*) FROM findings x WHERE x.item = i.id) AS n_findings, \
         (SELECT COUNT(*) FROM acquisitions a WHERE a.item = i.id) AS n_acquisitions, \
         (SELECT COUNT(*) FROM jobs j WHERE j.item = i.id AND j.state || '' = 'ready') AS n_ready, \
         (SELECT COUNT(*) FROM jobs j WHERE j.item = i.id AND j.state || '' = 'leased') AS n_leased, \
         (SELECT COUNT(*) FROM jobs j WHERE j.item = i.id AND j.state || '' = 'done') AS n_done, \
         (SELECT COUNT(*) FROM jobs j WHERE j.item = i.id AND j.state || '' = 'failed') AS n_failed, \
         (SELECT COUNT(*) FROM jobs j WHERE j.item = i.id AND j.state || '' = 'cancelled') AS n_cancelled \
         FROM items i LEFT JOIN item_facts f ON f.item = i.id \
         LEFT JOIN item_dates c ON c.item = i.id AND c.which = 'collected' AND c.basis IS NOT NULL"
    };
}
pub(crate) use item_columns;

statements! {
    ADD_OBJECT = "INSERT INTO objects (id, bytes, media_type, first_seen) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
    OBJECT = "SELECT id, bytes, media_type, first_seen FROM objects WHERE id = $1";
    OBJECTS = "SELECT id, bytes, media_type, first_seen FROM objects WHERE id > $1 ORDER BY id LIMIT $2";
    CHANGE_ITEM = "UPDATE items SET title = $2, title_key = $3, title_order = $4, status = $5, lang = $6, recorded = $7, \
        recorded_earliest = $8, recorded_latest = $9, recorded_basis = $10, published = $11, published_earliest = $12, \
        published_latest = $13, sensitivity = $14, entry_seq = $15 WHERE id = $1";
    RECLASSIFY = "UPDATE items SET kind = $2, media_type = $3, format = $4, entry_seq = $5 WHERE id = $1";
    ITEM = concat!("SELECT ", item_columns!(), " WHERE i.id = $1");
    ITEMS_OF_OBJECT = "SELECT id FROM items WHERE object = $1 ORDER BY created, id";
    ITEM_AS = "SELECT id FROM items WHERE object = $1 AND COALESCE(parent, '') = $2 AND ($2 = '' OR member_path = $3) \
        ORDER BY created, id LIMIT 1";
    ITEMS_BY_PREFIX = "SELECT id FROM items WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 100";
    ITEM_IDS = "SELECT id FROM items WHERE id > $1 ORDER BY id LIMIT $2";
    ITEMS_AFTER = concat!("SELECT ", item_columns!(), " WHERE i.id > $1 ORDER BY i.id LIMIT $2");
    CHILDREN = concat!("SELECT ", item_columns!(), " WHERE i.parent = $1 ORDER BY i.created, i.id");
    CHILD_NAMES = "SELECT id, title, kind FROM items WHERE parent = $1 ORDER BY created, id";
    ADD_RELATION = "INSERT INTO relations (parent, child, relation, detail, entry_seq) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (parent, child, relation) DO NOTHING";
    RELATIONS = "SELECT parent, child, relation, detail, entry_seq FROM relations WHERE parent = $1 OR child = $1 \
        ORDER BY parent, child, relation";
    SET_FACTS = "INSERT INTO item_facts (item, duration_ms, channels, languages, flags, preview, thumb_peaks, n_segments, n_messages, \
        n_calls, n_words) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (item) DO UPDATE SET \
        duration_ms = excluded.duration_ms, channels = excluded.channels, languages = excluded.languages, flags = excluded.flags, \
        preview = excluded.preview, thumb_peaks = excluded.thumb_peaks, n_segments = excluded.n_segments, \
        n_messages = excluded.n_messages, n_calls = excluded.n_calls, n_words = excluded.n_words";
    FORGET_LANGUAGES = "DELETE FROM item_languages WHERE item = $1";
    FORGET_FLAGS = "DELETE FROM item_flags WHERE item = $1";
    FORGET_FINDINGS = "DELETE FROM findings WHERE item = $1 AND found_by = $2";
    FINDINGS = "SELECT item, found_by, idx, code, severity, locator, message FROM findings WHERE item = $1 ORDER BY found_by, idx";
    VERSION = "SELECT COALESCE((SELECT MAX(entry_seq) FROM items), -1) AS items, \
        COALESCE((SELECT MAX(entry_seq) FROM derivations), -1) AS derivations";
    WITHOUT_WORDS = "SELECT i.kind, i.media_type, i.format, \
        CASE WHEN f.n_words IS NULL AND f.n_messages IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END AS looked, \
        CASE WHEN EXISTS (SELECT 1 FROM jobs j WHERE j.item = i.id AND j.state || '' IN ('ready', 'leased')) \
        THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS open, \
        CASE WHEN EXISTS (SELECT 1 FROM jobs j WHERE j.item = i.id AND j.state || '' = 'failed') \
        THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS failed, COUNT(*) AS n \
        FROM items i LEFT JOIN item_facts f ON f.item = i.id \
        WHERE COALESCE(f.n_words, 0) = 0 AND COALESCE(f.n_messages, 0) = 0 AND COALESCE(f.n_calls, 0) = 0 \
        AND NOT EXISTS (SELECT 1 FROM disposals d WHERE d.item = i.id) GROUP BY 1, 2, 3, 4, 5, 6";
    COUNT_ITEMS = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes FROM items";
    COUNT_OBJECTS = "SELECT COUNT(*) AS n FROM objects";
    COUNT_ACQUISITIONS = "SELECT COUNT(*) AS n FROM acquisitions";
    COUNT_SEGMENTS = "SELECT CAST(COALESCE(SUM(n_segments), 0) AS BIGINT) AS n FROM item_facts";
    COUNT_KINDS = "SELECT kind, COUNT(*) AS n FROM items GROUP BY kind ORDER BY kind";
    COUNT_STATUSES = "SELECT status, COUNT(*) AS n FROM items GROUP BY status ORDER BY status";
}

/// Items of one kind and state in which no word was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wordless {
    #[allow(missing_docs)]
    pub kind: ItemKind,
    #[allow(missing_docs)]
    pub media_type: String,
    #[allow(missing_docs)]
    pub format: String,
    /// They were read, and there was none.
    pub looked: bool,
    /// Work on them waits or runs.
    pub open: bool,
    /// Work on them failed.
    pub failed: bool,
    /// How many.
    pub n: u64,
}

pub(crate) const ADD_ITEMS: Insert = Insert {
    head: "INSERT INTO items (id, kind, media_type, format, object, bytes, parent, member_path, title, title_key, title_order, status, \
        lang, recorded, recorded_earliest, recorded_latest, recorded_basis, published, published_earliest, published_latest, \
        sensitivity, created, entry_seq)",
    columns: 23,
    tail: "",
};
pub(crate) const ADD_LANGUAGES: Insert =
    Insert { head: "INSERT INTO item_languages (item, lang)", columns: 2, tail: " ON CONFLICT (item, lang) DO NOTHING" };
pub(crate) const ADD_FLAGS: Insert = Insert { head: "INSERT INTO item_flags (item, flag, n)", columns: 3, tail: "" };
pub(crate) const ADD_FINDINGS: Insert =
    Insert { head: "INSERT INTO findings (item, found_by, idx, code, severity, locator, message)", columns: 7, tail: "" };

reads! {
    /// An item, or `None`.
    fn item(id: ItemId) -> Option<ItemRow>;
    /// Items with exactly these bytes, oldest first. One, unless the same file was packed in several containers.
    fn items_of(object: ObjectId) -> Vec<ItemId>;
    /// The oldest item with exactly these bytes that came by itself, or, with a parent, as the member of that name in it.
    fn item_as(object: ObjectId, member: Option<(ItemId, &str)>) -> Option<ItemId>;
    /// Finds an item by identifier, by an unambiguous beginning of one (upper or lower case), or by `sha256:` digest (the oldest
    /// item with those bytes). Errors: `Ambiguous`.
    fn find_item(text: &str) -> Option<ItemId>;
    /// Identifiers after `after` in order of identifier, that is of age; at most `limit`.
    fn item_ids(after: Option<ItemId>, limit: u32) -> Vec<ItemId>;
    /// Items after `after` in the same order; at most `limit`.
    fn items_after(after: Option<ItemId>, limit: u32) -> Vec<ItemRow>;
    /// Items packed in this one, oldest first.
    fn children(id: ItemId) -> Vec<ItemRow>;
    /// The same by identifier, title and kind alone: an archive may hold many thousands.
    fn child_names(id: ItemId) -> Vec<(ItemId, Option<Private<String>>, ItemKind)>;
    /// Relations this item is part of, on either side.
    fn relations(id: ItemId) -> Vec<RelationRow>;
    /// An object, or `None`.
    fn object(id: ObjectId) -> Option<ObjectRow>;
    /// Objects after `after` in order of digest; at most `limit`. Originals and derivatives alike.
    fn objects(after: Option<ObjectId>, limit: u32) -> Vec<ObjectRow>;
    /// What was noticed about an item, at intake and by derivations.
    fn findings(id: ItemId) -> Vec<FindingRow>;
    /// Numbers about the whole case.
    fn counts() -> CaseCounts;
    /// A number pair that changes whenever an item or a derivation is added or changed.
    fn items_version() -> (i64, i64);
    /// Items in which no word was found, leaving out what was disposed of: how many of which kind and state.
    fn without_words() -> Vec<Wordless>;
}

impl Run<'_> {
    async fn item(&mut self, id: ItemId) -> Result<Option<ItemRow>, StoreError> {
        self.opt(ITEM, &args![id]).await?.map(|r| item(&r)).transpose()
    }
    async fn items_of(&mut self, object: ObjectId) -> Result<Vec<ItemId>, StoreError> {
        self.all(ITEMS_OF_OBJECT, &args![object]).await?.iter().map(|r| r.of("items", "id").id("id")).collect()
    }
    async fn item_as(&mut self, object: ObjectId, member: Option<(ItemId, &str)>) -> Result<Option<ItemId>, StoreError> {
        let parent = member.map(|m| m.0.to_string()).unwrap_or_default();
        let row = self.opt(ITEM_AS, &args![object, parent, compared(member.map(|m| m.1))]).await?;
        row.map(|r| r.of("items", "id").id("id")).transpose()
    }
    async fn find_item(&mut self, text: &str) -> Result<Option<ItemId>, StoreError> {
        if let Ok(object) = text.parse::<ObjectId>() {
            return Ok(self.items_of(object).await?.into_iter().next());
        }
        let prefix = text.to_ascii_uppercase();
        if prefix.is_empty() || prefix.len() > 26 || !prefix.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        // `[` follows `Z` in ASCII; every collation puts letters and digits below `ZZZ…`, so stay among them.
        let end = format!("{prefix:Z<27}");
        let rows = self.all(ITEMS_BY_PREFIX, &args![prefix.as_str(), end]).await?;
        match rows.len() {
            0 => Ok(None),
            1 => rows[0].of("items", "id").id("id").map(Some),
            n => Err(StoreError::Ambiguous { n: n as u64 }),
        }
    }
    async fn item_ids(&mut self, after: Option<ItemId>, limit: u32) -> Result<Vec<ItemId>, StoreError> {
        let after = after.map(|i| i.to_string()).unwrap_or_default();
        self.all(ITEM_IDS, &args![after, u64::from(limit)]).await?.iter().map(|r| r.of("items", "id").id("id")).collect()
    }
    async fn items_after(&mut self, after: Option<ItemId>, limit: u32) -> Result<Vec<ItemRow>, StoreError> {
        let after = after.map(|i| i.to_string()).unwrap_or_default();
        self.all(ITEMS_AFTER, &args![after, u64::from(limit)]).await?.iter().map(item).collect()
    }
    async fn children(&mut self, id: ItemId) -> Result<Vec<ItemRow>, StoreError> {
        self.all(CHILDREN, &args![id]).await?.iter().map(item).collect()
    }
    async fn child_names(&mut self, id: ItemId) -> Result<Vec<(ItemId, Option<Private<String>>, ItemKind)>, StoreError> {
        let rows = self.all(CHILD_NAMES, &args![id]).await?;
        let name = |r: &Row| {
            let r = r.of("items", "id");
            Ok((r.id("id")?, r.private("title")?, r.read("kind", ItemKind::parse)?))
        };
        rows.iter().map(name).collect()
    }
    async fn relations(&mut self, id: ItemId) -> Result<Vec<RelationRow>, StoreError> {
        let rows = self.all(RELATIONS, &args![id]).await?;
        rows.iter()
            .map(|r| {
                let r = r.of("relations", "child");
                Ok(RelationRow {
                    parent: r.id("parent")?,
                    child: r.id("child")?,
                    relation: r.read("relation", Relation::parse)?,
                    detail: r.private("detail")?,
                    entry: r.entry("entry_seq")?,
                })
            })
            .collect()
    }
    async fn object(&mut self, id: ObjectId) -> Result<Option<ObjectRow>, StoreError> {
        self.opt(OBJECT, &args![id]).await?.map(|r| object(&r)).transpose()
    }
    async fn objects(&mut self, after: Option<ObjectId>, limit: u32) -> Result<Vec<ObjectRow>, StoreError> {
        let after = after.map(|o| o.hex()).unwrap_or_default();
        self.all(OBJECTS, &args![after, u64::from(limit)]).await?.iter().map(object).collect()
    }
    async fn findings(&mut self, id: ItemId) -> Result<Vec<FindingRow>, StoreError> {
        self.all(FINDINGS, &args![id]).await?.iter().map(finding).collect()
    }
    async fn items_version(&mut self) -> Result<(i64, i64), StoreError> {
        let row = self.one(VERSION, &[]).await?;
        let row = row.of("items", "items");
        Ok((row.int("items")?, row.int("derivations")?))
    }
    async fn without_words(&mut self) -> Result<Vec<Wordless>, StoreError> {
        let rows = self.all(WITHOUT_WORDS, &[]).await?;
        rows.iter()
            .map(|r| {
                let r = r.of("items", "kind");
                Ok(Wordless {
                    kind: r.read("kind", ItemKind::parse)?,
                    media_type: r.text("media_type")?,
                    format: r.text("format")?,
                    looked: r.int("looked")? == 1,
                    open: r.int("open")? == 1,
                    failed: r.int("failed")? == 1,
                    n: r.count("n")?,
                })
            })
            .collect()
    }
    async fn counts(&mut self) -> Result<CaseCounts, StoreError> {
        let items = self.one(COUNT_ITEMS, &[]).await?;
        let mut counts = CaseCounts {
            items: items.n()?,
            bytes: items.of("items", "n").count("bytes")?,
            objects: self.one(COUNT_OBJECTS, &[]).await?.n()?,
            acquisitions: self.one(COUNT_ACQUISITIONS, &[]).await?.n()?,
            segments: self.one(COUNT_SEGMENTS, &[]).await?.n()?,
            ..CaseCounts::default()
        };
        for row in self.all(COUNT_KINDS, &[]).await? {
            let row = row.of("items", "kind");
            counts.by_kind.insert(row.read("kind", ItemKind::parse)?, row.count("n")?);
        }
        for row in self.all(COUNT_STATUSES, &[]).await? {
            let row = row.of("items", "status");
            counts.by_status.insert(row.read("status", ItemStatus::parse)?, row.count("n")?);
        }
        Ok(counts)
    }
}

impl Tx {
    /// Records that the vault keeps these bytes. Known objects stay as they are. Answers whether it was new.
    pub async fn add_object(&mut self, object: &ObjectRow) -> Result<bool, StoreError> {
        let args = args![object.id, object.bytes, object.media_type.as_str(), object.first_seen];
        Ok(self.record().exec(ADD_OBJECT, &args).await? == 1)
    }
    /// Records an item. Errors: `Refused` where the object or parent is unknown or the identifier taken.
    pub async fn add_item(&mut self, item: &NewItem) -> Result<(), StoreError> {
        self.record().insert(&ADD_ITEMS, &item_args(item)).await.map(drop)
    }
    /// Replaces what people may change about an item; `entry` witnesses it. Errors: `NoItem`.
    pub async fn change_item(&mut self, id: ItemId, details: &ItemDetails, entry: EntrySeq) -> Result<(), StoreError> {
        let d = Details::of(details);
        let args = args![
            id,
            hidden(&details.title),
            hidden(d.title_key),
            hidden(d.title_order),
            d.status,
            d.lang,
            d.recorded.0,
            d.recorded.1,
            d.recorded.2,
            d.recorded_basis,
            d.published.0,
            d.published.1,
            d.published.2,
            d.sensitivity,
            entry,
        ];
        match self.record().exec(CHANGE_ITEM, &args).await? {
            0 => Err(StoreError::NoItem(id)),
            _ => Ok(()),
        }
    }
    /// Corrects what kind of thing an item is, e.g. a picture that turns out to show a chat. Errors: `NoItem`.
    pub async fn reclassify(
        &mut self,
        id: ItemId,
        as_: &zapys_domain::kind::Recognised,
        entry: EntrySeq,
    ) -> Result<(), StoreError> {
        let args = args![id, as_.kind.word(), as_.media_type.as_str(), as_.format.as_str(), entry];
        match self.record().exec(RECLASSIFY, &args).await? {
            0 => Err(StoreError::NoItem(id)),
            _ => Ok(()),
        }
    }
    /// Records how two items belong together; saying it twice changes nothing.
    pub async fn add_relation(&mut self, row: &RelationRow) -> Result<(), StoreError> {
        let args = args![row.parent, row.child, row.relation.word(), hidden(&row.detail), row.entry];
        self.record().exec(ADD_RELATION, &args).await.map(drop)
    }
    /// Keeps what was noticed at intake. `acquisition`: the act during which it was noticed.
    pub async fn add_intake_findings(
        &mut self,
        item: ItemId,
        acquisition: zapys_domain::AcquisitionId,
        findings: &[Finding],
    ) -> Result<(), StoreError> {
        self.record();
        self.run().put_findings(item, &acquisition.to_string(), findings).await
    }
    /// Replaces the computed facts of an item. Needs no entry: they repeat derivatives. `n_findings` is not stored.
    pub async fn set_facts(&mut self, item: ItemId, facts: &ItemFacts) -> Result<(), StoreError> {
        let mut run = self.run();
        let json = |v: serde_json::Result<String>| {
            v.map_err(|_| StoreError::Inconsistent { table: "item_facts", column: "json", id: item.to_string() })
        };
        let args = args![
            item,
            facts.duration_ms,
            facts.channels.map(u64::from),
            json(serde_json::to_string(&facts.languages))?,
            json(serde_json::to_string(&facts.flags))?,
            hidden(&facts.preview),
            hidden(facts.thumb_peaks.as_ref().map(|p| json(serde_json::to_string(p))).transpose()?),
            facts.n_segments,
            facts.n_messages,
            facts.n_calls,
            facts.n_words,
        ];
        run.exec(SET_FACTS, &args).await?;
        run.exec(FORGET_LANGUAGES, &args![item]).await?;
        let languages: Vec<Arg<'_>> = facts.languages.iter().flat_map(|lang| args![item, lang.as_str()]).collect();
        run.insert(&ADD_LANGUAGES, &languages).await?;
        run.exec(FORGET_FLAGS, &args![item]).await?;
        let flags = facts.flags.iter().filter(|(_, n)| **n > 0);
        let flags: Vec<Arg<'_>> = flags.flat_map(|(flag, n)| args![item, flag.as_str(), *n]).collect();
        run.insert(&ADD_FLAGS, &flags).await?;
        Ok(())
    }
}

impl Run<'_> {
    /// Replaces the findings that `found_by` (a derivation key or an acquisition) left at an item.
    pub(crate) async fn put_findings(&mut self, item: ItemId, found_by: &str, findings: &[Finding]) -> Result<(), StoreError> {
        self.exec(FORGET_FINDINGS, &args![item, found_by]).await?;
        let rows = put_findings_args(item, found_by.into(), findings)?;
        self.insert(&ADD_FINDINGS, &rows).await?;
        Ok(())
    }
}

/// The arguments of [`ADD_FINDINGS`].
pub(crate) fn put_findings_args<'a>(item: ItemId, found_by: String, findings: &'a [Finding]) -> Result<Vec<Arg<'a>>, StoreError> {
    let mut rows = Vec::with_capacity(findings.len() * ADD_FINDINGS.columns);
    for (idx, f) in findings.iter().enumerate() {
        let locator = serde_json::to_string(&f.locator).map_err(|_| StoreError::Inconsistent {
            table: "findings",
            column: "locator",
            id: found_by.clone(),
        })?;
        rows.extend(args![
            item,
            found_by.clone(),
            idx as u64,
            f.code.as_str(),
            f.severity.word(),
            hidden(locator),
            hidden(f.message.as_str())
        ]);
    }
    Ok(rows)
}

/// The arguments of [`ADD_ITEMS`].
pub(crate) fn item_args(item: &NewItem) -> [Arg<'_>; 23] {
    let d = Details::of(&item.details);
    args![
        item.id,
        item.kind.word(),
        item.media_type.as_str(),
        item.format.as_str(),
        item.object,
        item.bytes,
        item.parent.map(|p| p.to_string()),
        compared(&item.member_path),
        hidden(&item.details.title),
        hidden(d.title_key),
        hidden(d.title_order),
        d.status,
        d.lang,
        d.recorded.0,
        d.recorded.1,
        d.recorded.2,
        d.recorded_basis,
        d.published.0,
        d.published.1,
        d.published.2,
        d.sensitivity,
        item.created,
        item.entry,
    ]
}

/// What lists sort items by: the texts of the title, and the bounds of both dates.
pub(crate) fn sorting(details: &ItemDetails) -> ((String, String), Vec<Option<i64>>) {
    let d = Details::of(details);
    ((d.title_key, d.title_order), vec![d.recorded.1, d.recorded.2, d.published.1, d.published.2])
}

/// Columns made from [`ItemDetails`].
struct Details {
    title_key: String,
    title_order: String,
    status: &'static str,
    lang: String,
    recorded: (Option<String>, Option<i64>, Option<i64>),
    recorded_basis: Option<String>,
    published: (Option<String>, Option<i64>, Option<i64>),
    sensitivity: &'static str,
}
impl Details {
    fn of(d: &ItemDetails) -> Self {
        let title = d.title.as_ref().map_or("", |t| t.reveal());
        let date = |e: &Option<Edtf>| match e {
            Some(e) => (Some(e.as_str().to_owned()), day(e.earliest()), day(e.latest())),
            None => (None, None, None),
        };
        Self {
            title_key: key(title),
            title_order: {
                let key = key(title);
                zapys_domain::text::hex(&key.as_bytes()[..key.len().min(48)])
            },
            status: d.status.word(),
            lang: d.lang.to_string(),
            recorded: date(&d.recorded),
            recorded_basis: d.recorded_basis.map(|b| b.word().to_owned()),
            published: date(&d.published),
            sensitivity: d.sensitivity.word(),
        }
    }
}

/// A text as titles are compared: lower case, outer spaces gone.
pub(crate) fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Reads a row of [`item_columns!`].
pub(crate) fn item(row: &Row) -> Result<ItemRow, StoreError> {
    let r = row.of("items", "id");
    let details = ItemDetails {
        title: r.private("title")?,
        status: r.read("status", ItemStatus::parse)?,
        lang: r.read("lang", Lang::parse)?,
        recorded: r.opt_read("recorded", Edtf::parse)?,
        recorded_basis: r.opt_read("recorded_basis", DateBasis::parse)?,
        published: r.opt_read("published", Edtf::parse)?,
        sensitivity: r.read("sensitivity", Sensitivity::parse)?,
    };
    Ok(ItemRow {
        id: r.id("id")?,
        kind: r.read("kind", ItemKind::parse)?,
        media_type: r.text("media_type")?,
        format: r.text("format")?,
        object: r.id("object")?,
        bytes: r.count("bytes")?,
        parent: r.opt_id("parent")?,
        member_path: r.private("member_path")?,
        details,
        created: r.at("created")?,
        collected: r.opt_read("collected", Edtf::parse)?.zip(r.opt_read("collected_basis", DateBasis::parse)?),
        entry: r.entry("entry_seq")?,
        facts: facts(&r)?,
        n_acquisitions: r.count("n_acquisitions")?,
        work: WorkCounts {
            ready: r.count("n_ready")?,
            leased: r.count("n_leased")?,
            done: r.count("n_done")?,
            failed: r.count("n_failed")?,
            cancelled: r.count("n_cancelled")?,
        },
    })
}

fn facts(r: &Reading<'_>) -> Result<ItemFacts, StoreError> {
    Ok(ItemFacts {
        duration_ms: r.opt_count("duration_ms")?,
        channels: r.opt_count("channels")?,
        languages: r.opt_json("languages")?.unwrap_or_default(),
        flags: r.opt_json::<BTreeMap<String, u64>>("flags")?.unwrap_or_default(),
        preview: r.opt_text("preview")?.map(Private::new),
        thumb_peaks: r.opt_json("thumb_peaks")?,
        n_segments: r.opt_count("n_segments")?,
        n_messages: r.opt_count("n_messages")?,
        n_calls: r.opt_count("n_calls")?,
        n_words: r.opt_count("n_words")?,
        n_findings: r.count("n_findings")?,
    })
}

pub(crate) fn object(row: &Row) -> Result<ObjectRow, StoreError> {
    let r = row.of("objects", "id");
    let first_seen: Instant = r.at("first_seen")?;
    Ok(ObjectRow { id: r.id("id")?, bytes: r.count("bytes")?, media_type: r.text("media_type")?, first_seen })
}

pub(crate) fn finding(row: &Row) -> Result<FindingRow, StoreError> {
    let r = row.of("findings", "found_by");
    Ok(FindingRow {
        item: r.id("item")?,
        derivation: DerivationKey::parse(&r.text("found_by")?),
        finding: Finding {
            code: r.text("code")?,
            severity: r.read("severity", Severity::parse)?,
            locator: r.json("locator")?,
            message: r.text("message")?,
        },
    })
}
