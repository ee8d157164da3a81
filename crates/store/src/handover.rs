//! What people put on record, and what follows from it for lists: dates, excerpts, families. Records only grow; what
//! follows is made anew by the use-case that adds one, in its transaction.

use crate::error::StoreError;
use crate::rows::Row;
use crate::run::{Run, args, reads, statements};
use crate::sealing::{compared, hidden};
use crate::tx::Tx;
use zapys_domain::handover::{DateBasis, DateValue, RecordBody, RecordKind, WhichDate};
use zapys_domain::{Actor, EntrySeq, Instant, ItemId, Private, RecordId};

/// One thing that somebody put on record. Such a row never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRow {
    #[allow(missing_docs)]
    pub id: RecordId,
    /// What it is about; `None` for the case as a whole.
    pub item: Option<ItemId>,
    #[allow(missing_docs)]
    pub kind: RecordKind,
    /// Who said it.
    pub actor: Actor,
    /// When it was put on record.
    pub at: Instant,
    /// The words; `None` where what it corrects is taken back.
    pub body: Option<RecordBody>,
    /// The record that this one corrects.
    pub corrects: Option<RecordId>,
    /// Why; present exactly where `corrects` is.
    pub because: Option<Private<String>>,
    /// The entry that witnesses it.
    pub entry: EntrySeq,
}

/// A date of an item as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemDateRow {
    #[allow(missing_docs)]
    pub which: WhichDate,
    #[allow(missing_docs)]
    pub value: DateValue,
    /// Present exactly where the date is known.
    pub basis: Option<DateBasis>,
}

/// Where an item was cut from, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExcerptRow {
    #[allow(missing_docs)]
    pub item: ItemId,
    /// The whole.
    pub parent: ItemId,
    /// Start and end in the whole, in milliseconds.
    pub span_ms: (u64, u64),
}

macro_rules! record_columns {
    () => {
        "SELECT id, item, kind, actor, at, body, corrects, because, entry_seq FROM records"
    };
}

statements! {
    ADD = "INSERT INTO records (id, item, kind, actor, at, body, corrects, because, entry_seq) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ONE = concat!(record_columns!(), " WHERE id = $1");
    BY_PREFIX = concat!(record_columns!(), " WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 2");
    OF_ITEM = concat!(record_columns!(), " WHERE item = $1 ORDER BY at, id");
    OF_CASE = concat!(record_columns!(), " WHERE item IS NULL ORDER BY at, id");
    OF_KIND = concat!(record_columns!(), " WHERE kind = $1 ORDER BY at, id");
    CORRECTED_BY = "SELECT id FROM records WHERE corrects = $1";
    DATES = "SELECT item, which, value, basis FROM item_dates WHERE item = $1 ORDER BY which";
    FORGET_DATES = "DELETE FROM item_dates WHERE item = $1";
    SET_DATE = "INSERT INTO item_dates (item, which, value, basis) VALUES ($1, $2, $3, $4)";
    EXCERPT = "SELECT item, parent, start_ms, end_ms FROM item_excerpts WHERE item = $1";
    EXCERPTS_FROM = "SELECT item, parent, start_ms, end_ms FROM item_excerpts WHERE parent = $1 ORDER BY item";
    FORGET_EXCERPT = "DELETE FROM item_excerpts WHERE item = $1";
    SET_EXCERPT = "INSERT INTO item_excerpts (item, parent, start_ms, end_ms) VALUES ($1, $2, $3, $4)";
    FAMILY_OF = "SELECT family FROM family_members WHERE item = $1";
    FAMILY = "SELECT item FROM family_members WHERE family = $1 ORDER BY item";
    FORGET_FAMILIES = "DELETE FROM family_members";
    SET_FAMILY = "INSERT INTO family_members (item, family) VALUES ($1, $2)";
    LAST_ACCESS = "SELECT seq, at FROM entries WHERE item = $1 AND action = 'accessed' AND actor = $2 ORDER BY item_seq DESC LIMIT 1";
    SHOWN = "SELECT seq, canonical FROM entries WHERE item = $1 AND action = 'accessed' AND actor = $2";
}

reads! {
    /// One record, or `None`.
    fn record_at(id: RecordId) -> Option<RecordRow>;
    /// The record that an identifier or the beginning of one names; `None` where none does. Errors: `Ambiguous`.
    fn find_record(text: &str) -> Option<RecordRow>;
    /// Everything on record about an item, oldest first, corrected records included.
    fn records(item: ItemId) -> Vec<RecordRow>;
    /// Everything on record about the case as a whole, oldest first.
    fn records_of_case() -> Vec<RecordRow>;
    /// Every record of a kind in the whole case, oldest first.
    fn records_of_kind(kind: RecordKind) -> Vec<RecordRow>;
    /// The record that corrects this one.
    fn corrected_by(id: RecordId) -> Option<RecordId>;
    /// The dates of an item as they stand, as far as somebody put them on record.
    fn item_dates(item: ItemId) -> Vec<ItemDateRow>;
    /// Where an item was cut from.
    fn excerpt(item: ItemId) -> Option<ExcerptRow>;
    /// What was cut from an item.
    fn excerpts_from(parent: ItemId) -> Vec<ExcerptRow>;
    /// The family that people put an item in.
    fn family_of(item: ItemId) -> Option<RecordId>;
    /// The members of such a family.
    fn family(family: RecordId) -> Vec<ItemId>;
    /// When somebody's look at an item was last recorded.
    fn last_access(item: ItemId, actor: &Actor) -> Option<Instant>;
    /// Whether a look of somebody at that part of an item, a word of the program, was ever recorded.
    fn was_shown(item: ItemId, actor: &Actor, what: &'static str) -> bool;
}

impl Run<'_> {
    async fn record_at(&mut self, id: RecordId) -> Result<Option<RecordRow>, StoreError> {
        self.opt(ONE, &args![id.to_string()]).await?.map(|r| record(&r)).transpose()
    }
    async fn find_record(&mut self, text: &str) -> Result<Option<RecordRow>, StoreError> {
        let prefix = text.to_ascii_uppercase();
        if prefix.is_empty() || prefix.len() > 26 || !prefix.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        let end = format!("{prefix:Z<27}");
        let rows = self.all(BY_PREFIX, &args![prefix.as_str(), end]).await?;
        match rows.len() {
            0 => Ok(None),
            1 => record(&rows[0]).map(Some),
            n => Err(StoreError::Ambiguous { n: n as u64 }),
        }
    }
    async fn records(&mut self, item: ItemId) -> Result<Vec<RecordRow>, StoreError> {
        self.all(OF_ITEM, &args![item]).await?.iter().map(record).collect()
    }
    async fn records_of_case(&mut self) -> Result<Vec<RecordRow>, StoreError> {
        self.all(OF_CASE, &[]).await?.iter().map(record).collect()
    }
    async fn records_of_kind(&mut self, kind: RecordKind) -> Result<Vec<RecordRow>, StoreError> {
        self.all(OF_KIND, &args![kind.word()]).await?.iter().map(record).collect()
    }
    async fn corrected_by(&mut self, id: RecordId) -> Result<Option<RecordId>, StoreError> {
        self.opt(CORRECTED_BY, &args![id.to_string()]).await?.map(|r| r.of("records", "id").id("id")).transpose()
    }
    async fn item_dates(&mut self, item: ItemId) -> Result<Vec<ItemDateRow>, StoreError> {
        self.all(DATES, &args![item]).await?.iter().map(date).collect()
    }
    async fn excerpt(&mut self, item: ItemId) -> Result<Option<ExcerptRow>, StoreError> {
        self.opt(EXCERPT, &args![item]).await?.map(|r| excerpt(&r)).transpose()
    }
    async fn excerpts_from(&mut self, parent: ItemId) -> Result<Vec<ExcerptRow>, StoreError> {
        self.all(EXCERPTS_FROM, &args![parent]).await?.iter().map(excerpt).collect()
    }
    async fn family_of(&mut self, item: ItemId) -> Result<Option<RecordId>, StoreError> {
        self.opt(FAMILY_OF, &args![item]).await?.map(|r| r.of("family_members", "family").id("family")).transpose()
    }
    async fn family(&mut self, family: RecordId) -> Result<Vec<ItemId>, StoreError> {
        let rows = self.all(FAMILY, &args![family.to_string()]).await?;
        rows.iter().map(|r| r.of("family_members", "item").id("item")).collect()
    }
    async fn last_access(&mut self, item: ItemId, actor: &Actor) -> Result<Option<Instant>, StoreError> {
        self.opt(LAST_ACCESS, &args![item, compared(actor.id.as_str())])
            .await?
            .map(|r| r.of("entries", "seq").at("at"))
            .transpose()
    }
    async fn was_shown(&mut self, item: ItemId, actor: &Actor, what: &'static str) -> Result<bool, StoreError> {
        // Entries are canonical: there is one way to write it.
        let said = format!(r#""what":"{what}""#);
        for row in self.all(SHOWN, &args![item, compared(actor.id.as_str())]).await? {
            if row.of("entries", "seq").text("canonical")?.contains(&said) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Tx {
    /// Puts something on record. Errors: `HistoryIsFixed` or `Refused` where the identifier is taken or what it corrects has
    /// been corrected already.
    pub async fn add_record(&mut self, row: &RecordRow) -> Result<(), StoreError> {
        let args = args![
            row.id.to_string(),
            row.item.map(|i| i.to_string()),
            row.kind.word(),
            compared(row.actor.id.as_str()),
            row.at,
            hidden(row.body.as_ref().map(|b| b.value().to_string())),
            row.corrects.map(|c| c.to_string()),
            hidden(&row.because),
            row.entry,
        ];
        self.record().exec(ADD, &args).await.map(drop)
    }
    /// Replaces the dates of an item. They follow from its records, which the same transaction changed.
    pub async fn set_item_dates(&mut self, item: ItemId, dates: &[ItemDateRow]) -> Result<(), StoreError> {
        let mut run = self.record();
        run.exec(FORGET_DATES, &args![item]).await?;
        for d in dates {
            let args = args![item, d.which.word(), String::from(d.value.clone()), d.basis.map(DateBasis::word)];
            run.exec(SET_DATE, &args).await?;
        }
        Ok(())
    }
    /// Replaces what an item was cut from.
    pub async fn set_excerpt(&mut self, item: ItemId, of: Option<&ExcerptRow>) -> Result<(), StoreError> {
        let mut run = self.record();
        run.exec(FORGET_EXCERPT, &args![item]).await?;
        if let Some(e) = of {
            run.exec(SET_EXCERPT, &args![item, e.parent, e.span_ms.0, e.span_ms.1]).await?;
        }
        Ok(())
    }
    /// Replaces all families that people made.
    pub async fn set_families(&mut self, members: &[(ItemId, RecordId)]) -> Result<(), StoreError> {
        let mut run = self.record();
        run.exec(FORGET_FAMILIES, &[]).await?;
        for (item, family) in members {
            run.exec(SET_FAMILY, &args![*item, family.to_string()]).await?;
        }
        Ok(())
    }
}

pub(crate) fn record(row: &Row) -> Result<RecordRow, StoreError> {
    let r = row.of("records", "id");
    let kind = r.read("kind", RecordKind::parse)?;
    let body = match r.opt_json::<serde_json::Value>("body")? {
        None => None,
        Some(value) => Some(RecordBody::read(kind, value).map_err(|_| r.wrong("body"))?),
    };
    Ok(RecordRow {
        id: r.id("id")?,
        item: r.opt_id("item")?,
        kind,
        actor: r.actor("actor")?,
        at: r.at("at")?,
        body,
        corrects: r.opt_id("corrects")?,
        because: r.private("because")?,
        entry: r.entry("entry_seq")?,
    })
}

pub(crate) fn date(row: &Row) -> Result<ItemDateRow, StoreError> {
    let r = row.of("item_dates", "item");
    Ok(ItemDateRow {
        which: r.read("which", WhichDate::parse)?,
        value: r.read("value", DateValue::parse)?,
        basis: r.opt_read("basis", DateBasis::parse)?,
    })
}

pub(crate) fn excerpt(row: &Row) -> Result<ExcerptRow, StoreError> {
    let r = row.of("item_excerpts", "item");
    Ok(ExcerptRow { item: r.id("item")?, parent: r.id("parent")?, span_ms: (r.count("start_ms")?, r.count("end_ms")?) })
}
