//! Everything the record holds of many items, one statement for each table: for whoever looks through a whole case.

use crate::error::StoreError;
use crate::handover::{ExcerptRow, ItemDateRow, RecordRow};
use crate::items::item_columns;
use crate::model::*;
use crate::rows::Row;
use crate::run::{Run, args, reads, statements};
use crate::{acquisitions, derivations, entries, handover, items};
use std::collections::BTreeMap;
use zapys_domain::{EntrySeq, ItemId};

/// An entry, as far as it is needed to read it once more.
#[derive(Clone, Debug)]
pub struct HeldEntry {
    /// Its place in the ledger.
    pub seq: EntrySeq,
    /// The bytes that were hashed.
    pub canonical: String,
    /// SHA-256 of them, as it was recorded.
    pub digest: [u8; 32],
}

/// One item with what the record holds of it, its objects apart, each list in the order in which the single reads give it.
#[derive(Clone, Debug)]
pub struct Held {
    #[allow(missing_docs)]
    pub item: ItemRow,
    /// True where the columns that lists are sorted by are what title and dates give.
    pub sorted_right: bool,
    /// Its custody, oldest first.
    pub entries: Vec<HeldEntry>,
    /// What the commitments of these entries hide, as far as it was not destroyed.
    pub openings: Vec<Opening>,
    #[allow(missing_docs)]
    pub acquisitions: Vec<AcquisitionRow>,
    #[allow(missing_docs)]
    pub findings: Vec<FindingRow>,
    #[allow(missing_docs)]
    pub derivations: Vec<DerivationRow>,
    /// What people put on record about it.
    pub records: Vec<RecordRow>,
    #[allow(missing_docs)]
    pub dates: Vec<ItemDateRow>,
    #[allow(missing_docs)]
    pub excerpt: Option<ExcerptRow>,
}

statements! {
    ITEMS = concat!("SELECT i.title_key, i.recorded_latest, i.published_earliest, i.published_latest, ", item_columns!(), " WHERE i.id > $1 ORDER BY i.id LIMIT $2");
    ENTRIES = "SELECT seq, item, canonical, digest FROM entries WHERE item > $1 AND item <= $2 ORDER BY item, item_seq";
    OPENINGS = "SELECT o.seq, o.field, o.salt, o.value FROM entries e JOIN openings o ON o.seq = e.seq \
        WHERE e.item > $1 AND e.item <= $2 ORDER BY o.seq, o.field";
    ACQUISITIONS = "SELECT id, item, object, actor, at, method, path, source, source_grade, origin, collected_by, legal_basis, recorded, \
        published, lang, sensitivity, labels, entry_seq FROM acquisitions WHERE item > $1 AND item <= $2 ORDER BY item, at, id";
    FINDINGS = "SELECT item, found_by, idx, code, severity, locator, message FROM findings WHERE item > $1 AND item <= $2 \
        ORDER BY item, found_by, idx";
    DERIVATIONS = "SELECT key, item, kind, engine_name, engine_version, model, model_sha256, binary_sha256, params, inputs, state, \
        output, output_media_type, started, finished, elapsed_ms, error_code, error_message, error_hint, entry_seq FROM derivations \
        WHERE item > $1 AND item <= $2 ORDER BY item, entry_seq, key";
    RECORDS = "SELECT id, item, kind, actor, at, body, corrects, because, entry_seq FROM records WHERE item > $1 AND item <= $2 \
        ORDER BY item, at, id";
    DATES = "SELECT item, which, value, basis FROM item_dates WHERE item > $1 AND item <= $2 ORDER BY item, which";
    EXCERPTS = "SELECT item, parent, start_ms, end_ms FROM item_excerpts WHERE item > $1 AND item <= $2 ORDER BY item";
}

reads! {
    /// Items after `after` in order of identifier with everything about them; at most `limit`.
    fn held_items(after: Option<ItemId>, limit: u32) -> Vec<Held>;
}

/// Rows by the item they are of.
type ByItem<T> = BTreeMap<ItemId, Vec<T>>;

impl Run<'_> {
    async fn held_items(&mut self, after: Option<ItemId>, limit: u32) -> Result<Vec<Held>, StoreError> {
        let from = after.map(|i| i.to_string()).unwrap_or_default();
        let rows = self.all(ITEMS, &args![from.as_str(), u64::from(limit)]).await?;
        let read = |row: &Row| {
            let item = items::item(row)?;
            let right = sorted_right(row, &item)?;
            Ok((item, right))
        };
        let items = rows.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
        let Some(last) = items.last().map(|i| i.0.id.to_string()) else { return Ok(Vec::new()) };
        let span = (from.as_str(), last.as_str());
        let mut by_seq: BTreeMap<EntrySeq, Vec<Opening>> = BTreeMap::new();
        for row in self.all(OPENINGS, &args![span.0, span.1]).await? {
            let opening = entries::opening(&row)?;
            by_seq.entry(opening.seq).or_default().push(opening);
        }
        let mut entries = self.by_item(ENTRIES, span, entry).await?;
        let mut acquisitions = self.by_item(ACQUISITIONS, span, acquisitions::acquisition).await?;
        let mut findings = self.by_item(FINDINGS, span, items::finding).await?;
        let mut derivations = self.by_item(DERIVATIONS, span, derivations::derivation).await?;
        let mut records = self.by_item(RECORDS, span, handover::record).await?;
        let mut dates = self.by_item(DATES, span, handover::date).await?;
        let mut excerpts = self.by_item(EXCERPTS, span, handover::excerpt).await?;
        let held = |(item, sorted_right): (ItemRow, bool)| {
            let id = item.id;
            let entries = entries.remove(&id).unwrap_or_default();
            Held {
                openings: entries.iter().flat_map(|e| by_seq.remove(&e.seq).unwrap_or_default()).collect(),
                entries,
                acquisitions: acquisitions.remove(&id).unwrap_or_default(),
                findings: findings.remove(&id).unwrap_or_default(),
                derivations: derivations.remove(&id).unwrap_or_default(),
                records: records.remove(&id).unwrap_or_default(),
                dates: dates.remove(&id).unwrap_or_default(),
                excerpt: excerpts.remove(&id).and_then(|all| all.into_iter().next()),
                item,
                sorted_right,
            }
        };
        Ok(items.into_iter().map(held).collect())
    }

    async fn by_item<T>(
        &mut self,
        sql: crate::run::Sql,
        span: (&str, &str),
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<ByItem<T>, StoreError> {
        let mut all: ByItem<T> = BTreeMap::new();
        for row in self.all(sql, &args![span.0, span.1]).await? {
            all.entry(row.of("items", "item").id("item")?).or_default().push(read(&row)?);
        }
        Ok(all)
    }
}

fn entry(row: &Row) -> Result<HeldEntry, StoreError> {
    let row = row.of("entries", "seq");
    Ok(HeldEntry { seq: row.entry("seq")?, canonical: row.text("canonical")?, digest: row.hash("digest")? })
}

/// True where the columns that lists are sorted by are what title and dates give.
fn sorted_right(row: &Row, item: &ItemRow) -> Result<bool, StoreError> {
    let row = row.of("items", "id");
    let kept = (row.text("title_key")?, row.text("title_order")?);
    let bounds = ["recorded_earliest", "recorded_latest", "published_earliest", "published_latest"];
    let bounds: Vec<Option<i64>> = bounds.iter().map(|b| row.opt_int(b)).collect::<Result<_, _>>()?;
    Ok((kept, bounds) == items::sorting(&item.details))
}
